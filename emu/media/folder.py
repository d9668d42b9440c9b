"""A folder of the host as a CD or a disk for the guest: what is in it, and the media that are made of that.

Nothing outside of the folder is shown: a symbolic link is followed if it leads to a file inside.
"""

import os
import stat
import time

from . import fat_writer
from .errors import MediaError, reason
from .iso_writer import SECTOR, IsoError, IsoWriter
from .overlay import Overlay
from .pieces import HostPart, Pieces

FILES_MOST, DEPTH_MOST = 200_000, 64
OLDEST, NEWEST = 1980, 2107             # years that FAT can note


class Entry:
    """A file (with ``part``) or folder in a folder: its path there, "/"-separated, and when it was changed."""

    def __init__(self, path, changed, part=None, executable=False):
        self.path, self.part, self.executable = path, part, executable
        date = time.localtime(max(0, changed))[:6]
        self.date = (*date[:5], min(date[5], 59)) if OLDEST <= date[0] <= NEWEST else (OLDEST, 1, 1, 0, 0, 0)


def is_folder(path):
    """Does ``path`` name a folder of the host?"""
    try:
        return os.path.isdir(path)
    except ValueError:
        return False


def scan(path):
    """All entries below a folder, folders before what is in them.  Raises MediaError."""
    root = os.path.realpath(path)
    found, folders = [], [("", 0)]
    try:
        while folders:
            inside, depth = folders.pop()
            with os.scandir(os.path.join(root, inside)) as listed:
                for item in sorted(listed, key=lambda item: item.name):
                    name = f"{inside}/{item.name}" if inside else item.name
                    entry = _entry(root, name, item)
                    if entry is None:
                        continue
                    found.append(entry)
                    if entry.part is None:
                        if depth >= DEPTH_MOST:
                            raise MediaError(path, f"has folders more than {DEPTH_MOST} deep")
                        folders.append((name, depth + 1))
            if len(found) > FILES_MOST:
                raise MediaError(path, f"has more than {FILES_MOST} files")
    except OSError as error:
        raise MediaError(error.filename or path, reason(error)) from None
    return found


def _entry(root, name, item):
    """The Entry of what scandir() found, None for what is left out."""
    where = item.path
    try:
        if item.is_symlink():
            where = os.path.realpath(where)
            if os.path.commonpath((root, where)) != root or not os.path.isfile(where):
                return None
        info = os.stat(where)
    except OSError:                     # gone in the meantime
        return None
    if stat.S_ISDIR(info.st_mode):
        return Entry(name, info.st_mtime)
    if stat.S_ISREG(info.st_mode):
        return Entry(name, info.st_mtime, HostPart(where, info.st_size), bool(info.st_mode & 0o111))
    return None


def label(path):
    """A volume's name from the folder's."""
    return os.path.basename(os.path.realpath(path)) or "FOLDER"


def open_cd(path):
    """The folder as a CD: ISO 9660 with Joliet and Rock Ridge.  Raises MediaError."""
    cd = IsoWriter(label(path)[:16], rock_ridge=True)
    try:
        for entry in scan(path):
            if entry.part is None:
                cd.add_folder(entry.path, entry.date)
            else:
                cd.add(entry.path, entry.part, entry.date, entry.executable)
        layout = cd.layout()
    except IsoError as error:
        raise MediaError(path, f"cannot be put on a CD: {error}") from None
    pieces, at = [], 0
    for piece in layout:
        size = piece.size if isinstance(piece, HostPart) else len(piece)
        if size:
            pieces.append((at, piece))
        at += -(-size // SECTOR) * SECTOR or (SECTOR if isinstance(piece, HostPart) else 0)
    return Pieces(path, pieces, at)


def open_disk(path):
    """The folder as a disk with a FAT file system; the guest's writes last for the run.  Raises MediaError."""
    return Overlay(read_disk(path))


def read_disk(path):
    """The folder as a disk with a FAT file system, to be read.  Raises MediaError."""
    disk = fat_writer.FatWriter(label(path))
    try:
        for entry in scan(path):
            if entry.part is None:
                disk.add_folder(entry.path, entry.date)
            else:
                disk.add(entry.path, entry.part, entry.date)
        pieces, size = disk.layout()
    except fat_writer.FatError as error:
        raise MediaError(path, f"cannot be put on a FAT disk: {error}") from None
    return Pieces(path, pieces, size)
