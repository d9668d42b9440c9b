"""A lock on an open file: one writer, or any number of readers.  It goes with the process that holds it.

Locks are advisory.  Where the host has them (Linux), the byte locks by which QEMU tells who uses an image are taken as well, so
that it and we keep out of each other's way.
"""

import errno
import os
import struct
import sys

try:
    import fcntl
except ImportError:                     # a host without it: nothing is locked
    fcntl = None

# QEMU holds a shared lock on byte 100 + n for a right that it uses, on 200 + n for one that it denies to others
_USES, _DENIES = 100, 200
_READ, _WRITE, _RESIZE = 0, 1, 3
_FLOCK = "hhqqi4x"                      # struct flock of a 64-bit host


def lock(fd, exclusive):
    """Take the lock; False if another holds it."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(fd, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EWOULDBLOCK, errno.EACCES)     # others: a file system without locks
    return _byte_locks(fd, exclusive) if hasattr(fcntl, "F_OFD_SETLK") and sys.maxsize > 1 << 32 else True


def _byte_locks(fd, exclusive):
    uses = (_READ, _WRITE, _RESIZE) if exclusive else (_READ,)
    denies = (_WRITE, _RESIZE)
    try:
        for byte in (*(_USES + n for n in uses), *(_DENIES + n for n in denies)):
            fcntl.fcntl(fd, fcntl.F_OFD_SETLK, struct.pack(_FLOCK, fcntl.F_RDLCK, os.SEEK_SET, byte, 1, 0))
        for byte in (*(_DENIES + n for n in uses), *(_USES + n for n in denies)):
            # Only a writer may ask for an exclusive lock; a reader's own shared one never answers to it.
            asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, byte, 1, 0)
            if struct.unpack(_FLOCK, fcntl.fcntl(fd, fcntl.F_OFD_GETLK, asked))[0] != fcntl.F_UNLCK:
                return False
    except OSError:
        return True
    return True
