"""A file of the host that an image lives in: whole reads and writes, barriers, a lock, and suspicion.

What was written and then synced is on the host's disk.  A file that was deleted or has become shorter while it is open is
an error at once, since what is written to it then would be lost.
"""

import errno
import os
import stat
from contextlib import contextmanager

from emu import buffers

from .errors import MediaError, reason
from .lock import lock

_KINDS = ((stat.S_ISDIR, "is a directory, not an image"), (stat.S_ISFIFO, "is a pipe, not an image"),
          (stat.S_ISSOCK, "is a socket, not an image"), (stat.S_ISCHR, "is a character device, not an image"))


def open_regular(path, writable=False):
    """Open a file or block device and return (descriptor, size in bytes).  Raises MediaError in one clear line."""
    try:
        mode = os.stat(path).st_mode          # before the open, which would block on a pipe
        for is_kind, what in _KINDS:
            if is_kind(mode):
                raise MediaError(path, what)
        fd = os.open(path, (os.O_RDWR if writable else os.O_RDONLY) | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise MediaError(path, "no such file") from None
    except (OSError, ValueError) as error:
        what = reason(error) if isinstance(error, OSError) else "is not a file name"
        raise MediaError(path, f"cannot be opened for writing: {what}" if writable else what) from None
    try:
        return fd, os.lseek(fd, 0, os.SEEK_END)
    except OSError as error:
        os.close(fd)
        raise MediaError(path, reason(error)) from None


class HostFile:
    """An open file.  ``length`` is what it must have at least; offsets and sizes are bytes.  Raises OSError with its name.

    Who may write has the file for itself, who only reads shares it with other readers (``locked`` False: neither).
    """

    def __init__(self, path, writable=False, locked=True):
        self.path, self.writable = str(path), writable
        self._lost = None               # the error of a sync: what was written before it may be gone, whatever later ones say
        self._fd, self.length = open_regular(path, writable)
        if locked and not lock(self._fd, exclusive=writable):
            self.close()
            raise MediaError(path, "is in use by another machine" if writable else "is being written by another machine")
        info = os.fstat(self._fd)
        self.key = info.st_dev, info.st_ino
        self._grows = stat.S_ISREG(info.st_mode)

    @classmethod
    def create(cls, path, length=0):
        """Make a sparse file of zeros and open it for writing.  The file must not exist."""
        try:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        except FileExistsError:
            raise MediaError(path, "exists already") from None
        except (OSError, ValueError) as error:
            what = reason(error) if isinstance(error, OSError) else "is not a file name"
            raise MediaError(path, f"cannot be created: {what}") from None
        try:
            os.ftruncate(fd, length)
        except (OSError, OverflowError) as error:
            os.unlink(path)
            what = reason(error) if isinstance(error, OSError) else "too large"
            raise MediaError(path, f"cannot be made {length} bytes long: {what}") from None
        finally:
            os.close(fd)
        return cls(path, writable=True)

    @classmethod
    @contextmanager
    def making(cls, path, length=0):
        """As ``create``: the file for what fills it, synced and closed then, or deleted if that fails.  Raises MediaError."""
        file = cls.create(path, length)
        try:
            try:
                yield file
                file.sync()
            except OSError as error:
                raise MediaError(path, f"cannot be made: {reason(error)}") from None
        except BaseException:
            file.close()
            os.unlink(path)
            raise
        file.close()

    def error(self, what, number=errno.EIO):
        """An OSError that says ``what`` is wrong with this file."""
        return OSError(number, what, self.path)

    def _named(self, error):
        return OSError(error.errno or errno.EIO, reason(error), self.path)

    def read(self, offset, n):
        """``n`` bytes at ``offset``; zeros beyond the end of the file."""
        parts, got = [], 0
        while got < n:
            try:
                part = os.pread(self._fd, n - got, offset + got)
            except OSError as error:
                raise self._named(error) from None
            if not part:
                if offset + got < self.length:
                    raise self.error("the file has become shorter")
                part = bytes(n - got)
            parts.append(part)
            got += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def read_into(self, offset, views):
        """Fill buffers from ``offset`` on; zeros beyond the end of the file."""
        while views:
            try:
                got = os.preadv(self._fd, views[:buffers.MOST], offset)
            except OSError as error:
                raise self._named(error) from None
            if not got:
                if offset < self.length:
                    raise self.error("the file has become shorter")
                buffers.fill(views, b"")
                return
            views, offset = buffers.skip(views, got), offset + got

    def _check(self):
        if self._grows:
            info = os.fstat(self._fd)
            if info.st_nlink == 0:
                raise self.error("the file was deleted while it was in use", errno.ENOENT)
            if info.st_size < self.length:
                raise self.error("the file has become shorter")

    def write(self, offset, data):
        """Write all of ``data`` at ``offset``; the file grows where need be."""
        view = memoryview(data)
        try:
            self._check()
            while view:
                done = os.pwrite(self._fd, view, offset)
                view, offset = view[done:], offset + done
        except OSError as error:
            raise error if error.filename else self._named(error) from None
        if self._grows:
            self.length = max(self.length, offset)

    def resize(self, length):
        """Make the file ``length`` bytes long; what is added is zeros."""
        try:
            self._check()
            self.length = min(self.length, length)
            os.ftruncate(self._fd, length)
            self.length = length
        except OSError as error:
            raise error if error.filename else self._named(error) from None

    def allocate(self, offset, n):
        """Have the host set room aside for ``n`` bytes at ``offset``."""
        try:
            os.posix_fallocate(self._fd, offset, n)
        except OSError as error:
            raise self._named(error) from None
        self.length = max(self.length, offset + n)

    def allocated(self):
        """Bytes that the file takes up on the host."""
        return os.fstat(self._fd).st_blocks * 512

    def data_runs(self, start, end):
        """(offset, size) of the parts between ``start`` and ``end`` that are not holes, where the host can tell."""
        at = start
        while at < end:
            try:
                data = os.lseek(self._fd, at, os.SEEK_DATA)
                hole = os.lseek(self._fd, data, os.SEEK_HOLE)
            except OSError as error:
                if error.errno != errno.ENXIO:      # the host cannot tell
                    yield at, end - at
                return
            if data >= end:
                return
            yield data, min(hole, end) - data
            at = hole

    def barrier(self):
        """What was written before is on the host's disk before what is written after."""
        self._sync(os.fdatasync if hasattr(os, "fdatasync") else os.fsync)

    def sync(self):
        """What was written is on the host's disk, and so is the file's length."""
        self._sync(os.fsync)

    def _sync(self, how):
        if self._lost is not None:
            raise self._lost
        try:
            self._check()
            how(self._fd)
        except OSError as error:
            found = error if error.filename else self._named(error)
            if not error.filename:
                self._lost = found
            raise found from None

    @property
    def closed(self):
        """Is it closed?"""
        return self._fd < 0

    def close(self):
        """Close the file, which also gives the lock back; a second call does nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        self.close()

    def __del__(self):
        if getattr(self, "_fd", -1) >= 0:
            self.close()
