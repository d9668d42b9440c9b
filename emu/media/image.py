"""Raw images: a file whose bytes are the bytes of the medium."""

from emu.buffers import fill, first, skip, total

from .hostfile import HostFile
from .medium import Medium


class RawImage(Medium):
    """A medium kept in a file.

    ``size`` is the medium's size in bytes; it may be larger than the file (the rest reads as zeros, and the file grows
    as it is written).  Offsets and lengths are bytes.
    """

    format = "raw"

    def __init__(self, path, read_only=True, size=None, file=None):
        self._file = file if file is not None else HostFile(path, writable=not read_only)
        self.path, self.read_only = self._file.path, read_only
        self.size = max(self._file.length, size or 0)
        self.accesses = 0       # reads and writes so far

    @classmethod
    def create(cls, path, size):
        """Make a sparse image of ``size`` bytes of zeros and open it for writing.  The file must not exist."""
        file = HostFile.create(path, size)
        return cls(path, read_only=False, file=file)

    def read(self, offset, n):
        """The bytes at ``offset``, as many as lie inside the medium.  Raises OSError if the host cannot read, or if
        the file is shorter than it was."""
        self.accesses += 1
        return self._file.read(offset, max(0, min(n, self.size - offset)))

    def read_into(self, offset, views):
        """As ``read``, into buffers; what lies outside the medium is zeros."""
        self.accesses += 1
        inside = max(0, min(total(views), self.size - offset))
        self._file.read_into(offset, first(views, inside))
        fill(skip(views, inside), b"")

    def write(self, offset, data):
        """Write all of ``data``.  Raises OSError; ValueError outside the medium."""
        if self.read_only:
            raise PermissionError(f"{self.path} is read-only")
        self.accesses += 1
        if offset < 0 or offset + len(data) > self.size:
            raise ValueError("write outside the medium")
        self._file.write(offset, data)

    def data_runs(self):
        """(offset, size) of the parts that may be other than zeros."""
        return self._file.data_runs(0, min(self.size, self._file.length))

    def flush(self):
        """Have the host put what was written on its disk."""
        if not self.read_only and not self._file.closed:
            self._file.sync()

    def close(self):
        """Close the file; a second call does nothing."""
        self._file.close()
