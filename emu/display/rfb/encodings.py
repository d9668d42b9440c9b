"""Encodings of rectangles: functions from a client's pixel values to bytes (RFC 6143, 7.7)."""
import zlib

import numpy as np

from .protocol import HEXTILE, RAW, U32, ZLIB, ZRLE

HEXTILE_SIDE, ZRLE_SIDE = 16, 64
# Hextile's subencoding mask
HEX_RAW, HEX_BACKGROUND, HEX_FOREGROUND, HEX_SUBRECTS = 1, 2, 4, 8
# ZRLE's subencodings up to 16 colours: a palette of so many
ZRLE_RAW, ZRLE_SOLID, ZRLE_PALETTE_MOST = 0, 1, 16
LEVEL = 1  # of zlib: the viewers are near


class Encoder:
    """What one client's rectangles are written with: its pixel format, and its zlib streams, which live as long as it does."""

    def __init__(self, pixel_format):
        self.format = pixel_format
        self._streams = {}
        self._encode = {RAW: self.raw, HEXTILE: self.hextile, ZLIB: self.zlib, ZRLE: self.zrle}

    def encode(self, encoding, pixels):
        """A rectangle of 0x00RRGGBB pixels in one of the encodings."""
        return self._encode[encoding](self.format.values(pixels))

    def raw(self, values):
        return self.format.data(values)

    def zlib(self, values):
        return self._deflate(ZLIB, self.format.data(values))

    def _deflate(self, encoding, data):
        stream = self._streams.get(encoding)
        if stream is None:
            stream = self._streams[encoding] = zlib.compressobj(LEVEL)
        packed = stream.compress(data) + stream.flush(zlib.Z_SYNC_FLUSH)
        return U32.pack(len(packed)) + packed

    # -- Hextile -------------------------------------------------------------------------------------------------

    def hextile(self, values):
        """Tiles of one colour, of two (runs of the rarer on the other), or raw."""
        least, most = _extremes(values, HEXTILE_SIDE)
        out, background, foreground = [], None, None
        for row, y in enumerate(range(0, values.shape[0], HEXTILE_SIDE)):
            for column, x in enumerate(range(0, values.shape[1], HEXTILE_SIDE)):
                low, high = least[row, column], most[row, column]
                tile = values[y:y + HEXTILE_SIDE, x:x + HEXTILE_SIDE]
                if low == high:
                    out.append(self._hextile_head(0, low, background))
                    background = low
                    continue
                upper = tile == high
                lower = tile == low
                if (upper | lower).all():
                    if 2 * int(upper.sum()) > tile.size:
                        low, high, upper = high, low, lower
                    head = self._hextile_head(HEX_SUBRECTS, low, background, high, foreground)
                    runs = _runs(upper)
                    if len(head) + 1 + len(runs) < 1 + tile.size * self.format.bits // 8:
                        out += head, bytes((len(runs) // 2,)), runs
                        background, foreground = low, high
                        continue
                out += bytes((HEX_RAW,)), self.format.data(tile)
                background = foreground = None
        return b"".join(out)

    def _hextile_head(self, mask, background, had, foreground=None, had_foreground=None):
        colours = []
        if had is None or background != had:
            mask |= HEX_BACKGROUND
            colours.append(background)
        if foreground is not None and (had_foreground is None or foreground != had_foreground):
            mask |= HEX_FOREGROUND
            colours.append(foreground)
        return bytes((mask,)) + self.format.data(np.array(colours, self.format.type))

    # -- ZRLE ----------------------------------------------------------------------------------------------------

    def zrle(self, values):
        """Tiles of one colour, of a palette of up to 16, or raw; runs are left to zlib, which finds them."""
        least, most = _extremes(values, ZRLE_SIDE)
        out = []
        for row, y in enumerate(range(0, values.shape[0], ZRLE_SIDE)):
            for column, x in enumerate(range(0, values.shape[1], ZRLE_SIDE)):
                if least[row, column] == most[row, column]:
                    out += bytes((ZRLE_SOLID,)), self.format.compact_data(least[row:row + 1, column])
                    continue
                tile = values[y:y + ZRLE_SIDE, x:x + ZRLE_SIDE]
                colours = np.unique(tile)
                if len(colours) > ZRLE_PALETTE_MOST:
                    out += bytes((ZRLE_RAW,)), self.format.compact_data(tile)
                else:
                    out += bytes((len(colours),)), self.format.compact_data(colours), _packed(tile, colours)
        return self._deflate(ZRLE, b"".join(out))


def _extremes(values, side):
    """The least and the greatest value of each tile."""
    rows, columns = np.arange(0, values.shape[0], side), np.arange(0, values.shape[1], side)
    return [function.reduceat(function.reduceat(values, rows, 0), columns, 1) for function in (np.minimum, np.maximum)]


def _runs(mask):
    """Hextile's subrectangles for the set pixels of a tile: horizontal runs, as position and size bytes."""
    edges = np.zeros((mask.shape[0], mask.shape[1] + 2), np.int8)
    edges[:, 1:-1] = mask
    steps = np.diff(edges, axis=1)
    rows, begins = np.nonzero(steps == 1)
    ends = np.nonzero(steps == -1)[1]
    return np.stack((begins << 4 | rows, (ends - begins - 1) << 4), 1).astype(np.uint8).tobytes()


def _packed(tile, colours):
    """Indices of a palette, 1, 2 or 4 bits each, every line beginning a byte."""
    bits = 1 if len(colours) == 2 else 2 if len(colours) <= 4 else 4
    indices = np.searchsorted(colours, tile).astype(np.uint8)
    height, width = tile.shape
    spread = np.zeros((height, width, bits), np.uint8)
    for n in range(bits):
        spread[:, :, n] = indices >> bits - 1 - n & 1
    return np.packbits(spread.reshape(height, width * bits), axis=1).tobytes()
