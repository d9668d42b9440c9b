"""Screenshots: a picture as an array that can be saved as PNG."""
import struct
import zlib
from pathlib import Path

import numpy as np


def png(array):
    """PNG file (bytes) of a (height, width, 3) uint8 array, red first.  PNG specification, second edition."""
    height, width, _ = array.shape
    lines = np.zeros((height, 1 + width * 3), np.uint8)  # each line begins with its filter: 0, none
    lines[:, 1:] = array.reshape(height, width * 3)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8 bits, RGB
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines.tobytes(), 6)) \
        + chunk(b"IEND", b"")


class Screenshot:
    """A picture: ``array`` is (height, width, 3) uint8, red first."""

    def __init__(self, array):
        self.array = array

    def save(self, path):
        """Write a PNG file."""
        Path(path).write_bytes(png(self.array))

    def _repr_png_(self):
        return png(self.array)
