"""Raw images: a file whose bytes are the bytes of the medium."""

import errno
import os
import stat

from .errors import MediaError, reason

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


class RawImage:
    """A medium kept in a file.

    ``size`` is the medium's size in bytes; it may be larger than the file (the rest reads as zeros, and the file grows
    as it is written).  Offsets and lengths are bytes.
    """

    def __init__(self, path, read_only=True, size=None):
        self.path = str(path)
        self.read_only = read_only
        self._fd, self._length = open_regular(path, not read_only)
        self.size = max(self._length, size or 0)
        self.accesses = 0       # reads and writes so far

    @classmethod
    def create(cls, path, size):
        """Make a sparse image of ``size`` bytes of zeros and open it for writing.  The file must not exist."""
        try:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        except FileExistsError:
            raise MediaError(path, "exists already") from None
        except OSError as error:
            raise MediaError(path, f"cannot be created: {reason(error)}") from None
        try:
            os.ftruncate(fd, size)
        except OSError as error:
            os.unlink(path)
            raise MediaError(path, f"cannot be made {size} bytes long: {reason(error)}") from None
        finally:
            os.close(fd)
        return cls(path, read_only=False)

    def read(self, offset, n):
        """The bytes at ``offset``, as many as lie inside the medium.  Raises OSError if the host cannot read, or if
        the file is shorter than it was."""
        self.accesses += 1
        n = max(0, min(n, self.size - offset))
        parts, got = [], 0
        while got < n:
            part = os.pread(self._fd, n - got, offset + got)
            if not part:                       # past the end of a file shorter than its medium
                if offset + got < self._length:
                    raise OSError(errno.EIO, "the file has become shorter", self.path)
                part = bytes(n - got)
            parts.append(part)
            got += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def write(self, offset, data):
        """Write all of ``data``.  Raises OSError; ValueError outside the medium."""
        if self.read_only:
            raise PermissionError(f"{self.path} is read-only")
        self.accesses += 1
        if offset < 0 or offset + len(data) > self.size:
            raise ValueError("write outside the medium")
        view = memoryview(data)
        while view:
            done = os.pwrite(self._fd, view, offset)
            view, offset = view[done:], offset + done

    def flush(self):
        """Have the host put what was written on its disk."""
        if not self.read_only and self._fd >= 0:
            os.fsync(self._fd)

    def close(self):
        """Close the file; a second call does nothing."""
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
