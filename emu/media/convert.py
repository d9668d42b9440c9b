"""Copies a disk image of any format into a new raw or qcow2 one, leaving out what is zeros."""

import os

from . import disks, folder, qcow2
from .errors import MediaError, reason
from .hostfile import HostFile
from .image import RawImage

PIECE, GRAIN = 4 << 20, 64 << 10
SECTOR = 512


def create(path, size, format, backing=None, allocate=False, progress=None, anywhere=False, **qcow2_options):
    """Make an empty image.  ``backing`` is the path of an image below it; ``size`` None is the size of that.

    Raises MediaError; what there is is never overwritten."""
    name = backing_format = None
    if backing is not None:
        with disks.open_image(backing, anywhere=anywhere) as below:
            size = below.size if size is None else size
            backing_format = {"vhd": "vpc"}.get(below.format, below.format)
        folder = os.path.dirname(os.path.realpath(path))
        name = os.path.relpath(os.path.realpath(backing), folder)
        if name.split(os.sep)[0] == os.pardir:
            if not anywhere:
                raise MediaError(backing, "lies outside the folder of the new image: put them beside each other, or allow it "
                                          "with --backing-anywhere, here and at each use")
            name = os.path.realpath(backing)
    size += -size % SECTOR
    if format == "qcow2":
        qcow2.create(path, size, backing=name, backing_format=backing_format, allocate=allocate, progress=progress, **qcow2_options)
        return
    with HostFile.making(path, size) as file:
        if allocate:
            qcow2.allocate_all(file, 0, size, progress)


def convert(source, path, format, progress=None, anywhere=False, **qcow2_options):
    """Copy the image at ``source``, or what is in that folder, to a new one; ``progress(done, total)`` in bytes of the disk.

    Raises MediaError."""
    with folder.read_disk(source) if folder.is_folder(source) else disks.open_image(source, anywhere=anywhere) as image:
        create(path, image.size, format, **qcow2_options)
        try:
            out = qcow2.Qcow2Image(path, read_only=False) if format == "qcow2" else RawImage(path, read_only=False)
            with out:
                _copy(image, out, progress)
                out.flush()
        except BaseException as error:
            os.unlink(path)
            if isinstance(error, OSError):
                raise MediaError(error.filename or path, reason(error)) from None
            raise


def _copy(image, out, progress):
    zeros = bytes(GRAIN)
    for offset, size in image.data_runs():
        end = offset + size
        while offset < end:
            piece = image.read(offset, min(PIECE, end - offset))
            view, at, start = memoryview(piece), 0, None
            while at < len(piece):                      # to the grain, so that little is written that need not be
                n = min(GRAIN - (offset + at) % GRAIN, len(piece) - at)
                empty = view[at:at + n] == zeros[:n] if n < GRAIN else piece[at:at + n] == zeros
                if empty and start is not None:
                    out.write(offset + start, view[start:at])
                    start = None
                elif not empty and start is None:
                    start = at
                at += n
            if start is not None:
                out.write(offset + start, view[start:])
            offset += len(piece)
            if progress is not None:
                progress(offset, image.size)
