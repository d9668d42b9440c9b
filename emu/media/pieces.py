"""A read-only medium put together from pieces: bytes, and parts of files that are read when they are asked for."""

import os
from bisect import bisect_right
from collections import OrderedDict

from .medium import Medium

OPEN_MOST = 32


class HostPart:
    """``size`` bytes of a file of the host, from ``at`` on, as the file is when it is read."""

    def __init__(self, path, size, at=0):
        self.path, self.size, self.at = path, size, at


class Pieces(Medium):
    """``pieces`` are (offset, bytes or HostPart), in order and without overlap; between them are zeros."""

    format = "folder"

    def __init__(self, path, pieces, size):
        self.path, self.size, self.accesses = str(path), size, 0
        self._starts = [start for start, _ in pieces]
        self._pieces = [piece for _, piece in pieces]
        self._files = OrderedDict()             # path -> descriptor

    def _open(self, path):
        fd = self._files.get(path)
        if fd is None:
            while len(self._files) >= OPEN_MOST:
                os.close(self._files.popitem(last=False)[1])
            fd = self._files[path] = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
        else:
            self._files.move_to_end(path)
        return fd

    def read(self, offset, n):
        """The bytes at ``offset``.  What a file has lost since it was listed reads as zeros.  Raises OSError for one that is gone."""
        self.accesses += 1
        out = bytearray(max(0, min(n, self.size - offset)))
        end = offset + len(out)
        index = max(0, bisect_right(self._starts, offset) - 1)
        while index < len(self._starts) and self._starts[index] < end:
            start, piece = self._starts[index], self._pieces[index]
            size = piece.size if isinstance(piece, HostPart) else len(piece)
            low, high = max(offset, start), min(end, start + size)
            if low < high:
                if isinstance(piece, HostPart):
                    data = os.pread(self._open(piece.path), high - low, piece.at + low - start)
                else:
                    data = piece[low - start:high - start]
                out[low - offset:low - offset + len(data)] = data
            index += 1
        return bytes(out)

    def data_runs(self):
        """(offset, size) of the parts that may be other than zeros."""
        for start, piece in zip(self._starts, self._pieces):
            size = piece.size if isinstance(piece, HostPart) else len(piece)
            if size:
                yield start, size

    def close(self):
        """Close the files."""
        while self._files:
            os.close(self._files.popitem()[1])
