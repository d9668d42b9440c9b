"""Pixel formats: from 0x00RRGGBB to what a client wants (RFC 6143, 7.4)."""
import struct

import numpy as np

from .protocol import ProtocolError

LAYOUT = struct.Struct(">BBBB3H3B3x")
TYPES = {8: np.uint8, 16: np.uint16, 32: np.uint32}
CHANNELS = (16, 8, 0)  # where red, green and blue lie in the machine's pixels
MAP_MAXIMA, MAP_SHIFTS = (7, 7, 3), (5, 2, 0)  # the colour map: 256 colours, evenly spread


class PixelFormat:
    """A client's pixels: 8, 16 or 32 bits, either byte order, true colour or indices of our colour map."""

    def __init__(self, bits=32, depth=24, big_endian=False, true_colour=True, maxima=(255, 255, 255), shifts=CHANNELS):
        self.bits, self.depth, self.big_endian, self.true_colour = bits, depth, big_endian, true_colour
        self.maxima, self.shifts = (maxima, shifts) if true_colour else (MAP_MAXIMA, MAP_SHIFTS)
        if bits not in TYPES:
            raise ProtocolError(f"{bits} bits a pixel")
        used = 0
        for maximum, shift in zip(self.maxima, self.shifts):
            if maximum << shift >> bits:
                raise ProtocolError(f"a colour of up to {maximum} << {shift} in {bits} bits")
            used |= maximum << shift
        self.type = np.dtype(TYPES[bits])
        self.wire_type = self.type.newbyteorder(">" if big_endian else "<")
        self.same = bits == 32 and self.maxima == (255, 255, 255) and self.shifts == CHANNELS
        levels = np.arange(256, dtype=np.uint64)
        self._tables = [((levels * maximum + 127) // 255 << np.uint64(shift)).astype(self.type)
                        for maximum, shift in zip(self.maxima, self.shifts)]
        # ZRLE leaves out the byte of 32 that has no colour
        self.compact = None
        if true_colour and bits == 32 and depth <= 24:
            low = slice(1, 4) if big_endian else slice(0, 3)
            high = slice(0, 3) if big_endian else slice(1, 4)
            self.compact = low if not used >> 24 else high if not used & 0xFF else None
        self.compact_size = 3 if self.compact else bits // 8

    @classmethod
    def unpack(cls, data):
        """From the 16 bytes of SetPixelFormat.  Raises ProtocolError for what cannot be."""
        bits, depth, big_endian, true_colour, *numbers = LAYOUT.unpack(data)
        return cls(bits, depth, bool(big_endian), bool(true_colour), tuple(numbers[:3]), tuple(numbers[3:]))

    def pack(self):
        """The 16 bytes of ServerInit."""
        return LAYOUT.pack(self.bits, self.depth, self.big_endian, self.true_colour, *self.maxima, *self.shifts)

    def values(self, pixels):
        """0x00RRGGBB pixels as numbers of the client's format."""
        if self.same:
            return pixels
        red, green, blue = (table[pixels >> shift & 0xFF] for table, shift in zip(self._tables, CHANNELS))
        return red | green | blue

    def data(self, values):
        """Numbers of the format as bytes."""
        return values.astype(self.wire_type, copy=False).tobytes()

    def compact_data(self, values):
        """The same as ZRLE's CPIXELs."""
        if self.compact is None:
            return self.data(values)
        split = np.ascontiguousarray(values.astype(self.wire_type, copy=False)).view(np.uint8)
        return split.reshape(-1, 4)[:, self.compact].tobytes()

    def colour_map(self):
        """The colours of our map, 16 bits each, as SetColourMapEntries has them: 256 times red, green, blue."""
        index = np.arange(256)
        columns = [(index >> shift & maximum) * 0xFFFF // maximum for maximum, shift in zip(MAP_MAXIMA, MAP_SHIFTS)]
        return np.stack(columns, 1).astype(">u2").tobytes()
