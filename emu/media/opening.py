"""Opening the media that a configuration names."""

import os

from . import detect, disks, folder
from .errors import MediaError
from .floppy import SECTOR, FloppyMedium
from .hostfile import open_regular
from .image import RawImage
from .overlay import Overlay


def open_cdrom(path):
    """A CD-ROM: read-only.  A folder becomes one."""
    if folder.is_folder(path):
        return folder.open_cd(path)
    detect.require_cd(path)
    return RawImage(path)


def open_disk(path, keep_writes=True, anywhere=False):
    """A hard disk.  With ``keep_writes`` the guest's writes go to the file, else they last for the run; so they do for a folder,
    which becomes a FAT disk.

    ``anywhere``: files that the image names may lie outside its folder.  Raises MediaError."""
    if folder.is_folder(path):
        return folder.open_disk(path)
    image = disks.open_image(path, read_only=not keep_writes, anywhere=anywhere)
    try:
        _check_size(image)
    except MediaError:
        image.close()
        raise
    return image if keep_writes else Overlay(image)


def open_floppy(path, keep_writes=True, read_only=False):
    """A floppy disk.  A file that may not be written, and one that is ``read_only``, is a write-protected disk."""
    form = detect.require_floppy_size(path)
    if read_only or (keep_writes and not os.access(path, os.W_OK)):
        return FloppyMedium(RawImage(path, read_only=True, size=form.size), form)
    image = RawImage(path, size=form.size, read_only=not keep_writes)
    return FloppyMedium(image if keep_writes else Overlay(image), form)


def check_disk(path, keep_writes=True, anywhere=False):
    """Raise MediaError unless the file, or folder, can serve as a hard disk.  Nothing is changed."""
    if folder.is_folder(path):
        folder.open_disk(path).close()
        return
    if keep_writes:
        fd, _size = open_regular(path, writable=True)
        os.close(fd)
    with disks.open_image(path, anywhere=anywhere) as image:
        _check_size(image)
        if keep_writes:
            disks.require_writable(image)


def _check_size(image):
    if image.size == 0:
        raise MediaError(image.path, "is empty")
    if image.size % SECTOR:
        raise MediaError(image.path, f"is {image.size} bytes long, not a multiple of {SECTOR}: it is no disk image")
