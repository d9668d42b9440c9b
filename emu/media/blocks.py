"""What read-only image formats share that keep a disk as blocks of one size, some of them left out."""

from collections import OrderedDict

from .errors import MediaError, reason
from .hostfile import HostFile
from .medium import Medium


class BlockImage(Medium):
    """A medium to be read.  A subclass has ``block`` (bytes of a block) and _open(), _there() and _piece()."""

    format = ""
    name = ""                   # for people

    def __init__(self, path, file=None, locked=True):
        self._file = file if file is not None else HostFile(path, locked=locked)
        self.path, self.accesses, self.size = self._file.path, 0, 0
        try:
            self._open()
        except OSError as error:
            self.close()
            raise MediaError(path, reason(error)) from None
        except BaseException:
            self.close()
            raise

    def damaged(self, what):
        """A MediaError that says what is wrong with the image."""
        return MediaError(self.path, f"is a damaged {self.name} image: {what}")

    def read(self, offset, n):
        """The bytes at ``offset``, as many as lie inside the medium."""
        self.accesses += 1
        parts, end = [], offset + max(0, min(n, self.size - offset))
        while offset < end:
            number, inside = divmod(offset, self.block)
            size = min(end - offset, self.block - inside)
            if self._there(number):
                parts.append(self._piece(number, inside, size))
            else:                                       # as many more as are left out
                while size < end - offset and not self._there((offset + size) // self.block):
                    size += min(self.block, end - offset - size)
                parts.append(bytes(size))
            offset += size
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def data_runs(self):
        """(offset, size) of the parts that may be other than zeros."""
        for number in range(-(-self.size // self.block)):
            if self._there(number):
                yield number * self.block, min(self.block, self.size - number * self.block)

    def close(self):
        """Close the file; a second call does nothing."""
        self._file.close()


class Recent:
    """The latest results of a function of one argument, bounded in number."""

    def __init__(self, make, most):
        self._make, self._most, self._kept = make, most, OrderedDict()

    def __call__(self, key):
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        value = self._kept[key] = self._make(key)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return value
