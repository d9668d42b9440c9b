"""What an image is and whether it is whole, as plain data."""

from . import disks
from .errors import MediaError
from .hostfile import HostFile
from .qcow2 import header as qcow2_header
from .qcow2 import read_snapshots
from .qcow2.check import check as check_qcow2

PIECE = 4 << 20


def info(path, anywhere=False):
    """A dict that describes an image; one that is in use may be looked at, too."""
    in_use = False
    try:
        HostFile(path).close()
    except MediaError as error:
        if "machine" not in error.what:
            raise
        in_use = True
    image = disks.open_image(path, anywhere=anywhere, locked=False)
    try:
        file = HostFile(path, locked=False)
        out = {"file": str(path), "format": image.format, "size": image.size, "file_size": file.length, "allocated": file.allocated()}
        if image.format == "qcow2":
            h = image.header
            out |= {"version": h.version, "cluster_size": h.cluster, "refcount_bits": 1 << h.refcount_order,
                    "compression": "zstd" if h.compression == qcow2_header.ZSTD else "zlib",
                    "dirty": bool(h.incompatible & qcow2_header.DIRTY), "corrupt": bool(h.incompatible & qcow2_header.CORRUPT),
                    "snapshots": [{"id": s.id, "name": s.name} for s in read_snapshots(file, h)[0]] if h.snapshots else []}
            chain, below = [], image.backing
            while below is not None:
                chain.append({"file": below.path, "format": below.format, "size": below.size})
                below = getattr(below, "backing", None)
            out["backing"] = chain
        out["in_use"] = in_use
        file.close()
        return out
    except OSError as error:
        raise MediaError(path, error.strerror) from None
    finally:
        image.close()


def check(path, repair=False, anywhere=False, progress=None):
    """A dict of what is wrong with an image: ``errors`` endanger its data, ``leaks`` waste room.

    ``repair`` gives back what is leaked."""
    image = disks.open_image(path, anywhere=anywhere)
    try:
        if image.format == "qcow2":
            return _check_qcow2(image, repair)
        return _check_by_reading(image, progress)
    finally:
        image.close()


def _check_qcow2(image, repair):
    path, backing = image.path, image.backing
    file = HostFile(path, locked=False)
    found = check_qcow2(file, image.header)
    file.close()
    repaired = 0
    if repair and (found.leaks or image.header.incompatible & qcow2_header.DIRTY) and not found.errors:
        image.backing = None
        image.close()
        image.backing = backing
        disks.repair(path)
        file = HostFile(path)
        before, found = found.leaks, check_qcow2(file, qcow2_header.read_header(file))
        repaired = before - found.leaks
        file.close()
    return {"file": path, "format": "qcow2", "clusters": found.clusters, "used": found.used, "errors": found.errors, "leaks": found.leaks,
            "repaired": repaired, "what": found.texts}


def _check_by_reading(image, progress):
    errors, texts = 0, []
    if image.format != "raw":
        for offset, size in image.data_runs():
            for at in range(offset, offset + size, PIECE):
                try:
                    image.read(at, min(PIECE, offset + size - at))
                except OSError as error:
                    errors += 1
                    texts += [f"at {at}: {error.strerror}"] if len(texts) < 20 else []
                if progress is not None:
                    progress(at, image.size)
    return {"file": image.path, "format": image.format, "errors": errors, "leaks": 0, "repaired": 0, "what": texts}
