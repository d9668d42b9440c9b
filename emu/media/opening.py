"""Opening the media that a configuration names."""

import os

from . import detect
from .errors import MediaError
from .floppy import SECTOR, FloppyMedium
from .image import RawImage, open_regular
from .overlay import Overlay


def open_cdrom(path):
    """A CD-ROM: read-only."""
    detect.require_cd(path)
    return RawImage(path)


def open_disk(path, keep_writes=True):
    """A hard disk.  With ``keep_writes`` the guest's writes go to the file, else they last for the run."""
    check_disk(path, keep_writes)
    return RawImage(path, read_only=False) if keep_writes else Overlay(RawImage(path))


def open_floppy(path, keep_writes=True):
    """A floppy disk.  A file that may not be written is a write-protected disk."""
    form = detect.require_floppy_size(path)
    if not keep_writes:
        return FloppyMedium(Overlay(RawImage(path, size=form.size)), form)
    return FloppyMedium(RawImage(path, read_only=not os.access(path, os.W_OK), size=form.size), form)


def check_disk(path, keep_writes=True):
    """Raise MediaError unless the file can serve as a hard disk."""
    fd, size = open_regular(path, writable=keep_writes)
    try:
        head = os.pread(fd, 4096, 0)
    finally:
        os.close(fd)
    if size == 0:
        raise MediaError(path, "is empty")
    format_name = detect.disk_format(head)
    if format_name:
        raise MediaError(path, f"is {format_name}, which is not supported: convert it to a raw image")
    if size % SECTOR:
        raise MediaError(path, f"is {size} bytes long, not a multiple of {SECTOR}: it is no disk image")
