"""Disk images of all formats, told from their contents, with the chain of backing files below them."""

import errno
import os

from . import detect
from .errors import MediaError
from .hostfile import HostFile
from .image import RawImage
from .places import beside
from .qcow2 import Qcow2Image
from .vhd import VhdImage
from .vmdk import DescribedImage, SparseExtent

CHAIN_MOST = 32
WRITABLE = ("raw", "qcow2")


class RawDisk(RawImage):
    """A raw image which a guest cannot turn into one of another format, that would name other files of the host."""

    def write(self, offset, data):
        """Write all of ``data``, unless the image would be taken for another thing the next time."""
        if offset == 0 or offset + len(data) == self.size:
            tail = bytes(data[-512:]) if offset + len(data) == self.size else b""
            found = detect.disk_format(bytes(data[:4096]) if offset == 0 else b"", tail)
            if found:
                raise OSError(errno.EPERM, f"the guest would make its raw disk look like {found}; this is not written", self.path)
        super().write(offset, data)


def open_image(path, read_only=True, anywhere=False, locked=True, chain=(), name=None):
    """An open disk image.  ``name`` is the format where it is known.  Raises MediaError."""
    file = HostFile(path, writable=not read_only, locked=locked)
    try:
        head, tail = ends(file)
        kind = _format(path, detect.disk_format(head, tail), name)
        if not read_only:
            _require_writable(path, kind)
    except OSError as error:
        file.close()
        raise MediaError(path, error.strerror) from None
    except BaseException:
        file.close()
        raise
    if kind == "raw":
        return RawDisk(path, read_only, file=file)
    if kind == "vhd":
        return VhdImage(path, file)
    if kind == "vmdk":
        return DescribedImage(path, file, anywhere) if head[:4] != b"KDMV" else SparseExtent(path, file)
    image = Qcow2Image(path, read_only, file=file)
    if image.header.backing is not None:
        try:
            image.backing = _open_backing(image, file, anywhere, locked, chain)
        except BaseException:
            image.close()
            raise
    return image


def _require_writable(path, kind):
    if kind not in WRITABLE:
        raise MediaError(path, f"is a {kind.upper()} image, which can only be read: use --snapshot, or convert it with emu disk convert")


def require_writable(image):
    """Raise MediaError if the format of an open image cannot be written, or this image not."""
    _require_writable(image.path, image.format)
    if image.format == "qcow2":
        image.require_writable()


def repair(path):
    """Give back what a qcow2 image counts as used and does not use; opening one that was not closed does that by itself."""
    with Qcow2Image(path, read_only=False, tidy=True):
        pass


def ends(file):
    """The first and last bytes of a file, by which its format is told."""
    return file.read(0, 4096), file.read(max(0, file.length - 512), 512)


_FORMATS = {"a qcow2 image": "qcow2", "a VMDK image": "vmdk", "a VMDK descriptor": "vmdk", "a VHD image": "vhd"}
_NAMES = {"raw": "raw", "qcow2": "qcow2", "vpc": "vhd", "vhd": "vhd", "vmdk": "vmdk"}       # as other programs note them


def _format(path, found, name):
    """The format's short name; ``found`` is its text."""
    if name is not None:
        kind = _NAMES.get(name)
        if kind is None:
            raise MediaError(path, f"is a backing file of format {name[:20]!r}, which is not supported")
        if kind != "raw" and _FORMATS.get(found) != kind:
            raise MediaError(path, f"is no {kind} image, as which it is named")
        return kind
    if found and found not in _FORMATS:
        raise MediaError(path, f"is {found}, which is not supported: convert it to a raw or qcow2 image")
    return _FORMATS.get(found, "raw")


def _open_backing(image, file, anywhere, locked, chain):
    path, chain = image.path, (*chain, file.key)
    below = beside(path, image.header.backing, "backing file", anywhere)
    try:
        info = os.stat(below)
        if (info.st_dev, info.st_ino) in chain:
            raise MediaError(path, f"has backing files that lead in a circle, to {below}")
    except (OSError, ValueError):
        pass
    if len(chain) >= CHAIN_MOST:
        raise MediaError(path, f"has more than {CHAIN_MOST} backing files below each other")
    try:
        return open_image(below, True, anywhere, locked, chain, image.header.backing_format or None)
    except MediaError as error:
        if error.path != str(below) or " backing file" in error.what:
            raise
        raise MediaError(path, f"has a backing file that cannot be used: {error}") from None
