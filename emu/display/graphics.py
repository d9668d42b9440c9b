"""Drawing of the graphics modes: from video memory to lines of 0x00RRGGBB pixels."""
from functools import cache

import numpy as np
from numpy.lib.stride_tricks import as_strided

PAGE = 4096


@cache
def _plane_tables():
    """For each plane, a byte's 8 dots as 8 bytes (leftmost first) with the plane's bit."""
    dots = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)
    return tuple(np.ascontiguousarray(dots << p).view(np.uint64).ravel() for p in range(4))


@cache
def _pair_tables():
    """A byte's four 2-bit dots as 4 bytes, in bits 0-1 and in bits 2-3."""
    byte = np.arange(256, dtype=np.uint8)[:, None]
    dots = np.ascontiguousarray(byte >> np.array([6, 4, 2, 0], np.uint8) & 3)
    return dots.view(np.uint32).ravel(), np.ascontiguousarray(dots << 2).view(np.uint32).ravel()


@cache
def _high_colour(bits):
    """All 15-bit (5-5-5) or 16-bit (5-6-5) pixels."""
    value = np.arange(0x10000, dtype=np.uint32)
    green_bits = bits - 10
    red, green, blue = value >> 5 + green_bits & 31, value >> 5 & (1 << green_bits) - 1, value & 31
    red, blue = red << 3 | red >> 2, blue << 3 | blue >> 2
    green = green << 8 - green_bits | green >> 2 * green_bits - 8
    return red << 16 | green << 8 | blue


def planar(words):
    """Rows of words (a byte for each plane) to rows of 4-bit pixels."""
    planes = words.view(np.uint8).reshape(*words.shape, 4)
    t = _plane_tables()
    return (t[0][planes[..., 0]] | t[1][planes[..., 1]] | t[2][planes[..., 2]] | t[3][planes[..., 3]]).view(np.uint8)


def interleaved(words):
    """The same in the shift register mode of CGA's 4 colours: two bits a pixel from planes 0 and 1, then 2 and 3."""
    planes = words.view(np.uint8).reshape(*words.shape, 4)
    low, high = _pair_tables()
    dots = np.empty((*words.shape, 2), np.uint32)
    dots[..., 0] = low[planes[..., 0]] | high[planes[..., 2]]
    dots[..., 1] = low[planes[..., 1]] | high[planes[..., 3]]
    return dots.reshape(len(words), -1).view(np.uint8)


def packed(words):
    """The four planes one after the other, high halves of bytes first."""
    planes = words.view(np.uint8)
    dots = np.empty((*planes.shape, 2), np.uint8)
    dots[..., 0], dots[..., 1] = planes >> 4, planes & 15
    return dots.reshape(len(words), -1)


# Rows of words to rows of 4-bit dots
UNPACK = {"planar": planar, "interleaved": interleaved, "packed": packed}


def changed_rows(first, last, pages):
    """Which of the byte ranges first..last (inclusive arrays) touch a page marked in the bool array ``pages``."""
    sums = np.concatenate(([0], np.cumsum(pages)))
    return sums[np.minimum(last // PAGE, len(pages) - 1) + 1] > sums[np.minimum(first // PAGE, len(pages) - 1)]


class VgaGraphics:
    """The graphics modes of the VGA proper, of any geometry."""

    def __init__(self, mode):
        self.mode = mode
        self.start = None

    def _layout(self, start):
        """Work out which words each row shows; scan lines that repeat are one row."""
        mode = self.mode
        self.start = start
        counter, row_scan, above = mode.scan_lines(start)
        pans = np.where(above | mode.split_pans, mode.pan, 0)
        scans = row_scan & sum({1 << source for _, source in mode.row_scan_bits})
        key = (counter << 5 | scans) << 4 | pans
        new = np.concatenate(([True], key[1:] != key[:-1]))
        self.row_of_line = np.cumsum(new) - 1
        self.pans = pans[new]
        columns = np.arange(mode.columns + (1 if mode.pan else 0))
        self.index = mode.words(counter[new, None] + columns & 0xFFFF, row_scan[new, None])
        self.index_pages = self.index * 4 // PAGE

    def draw(self, pixels, memory, colours, start, pages, everything):
        """Draw what changed; returns a bool array of the changed lines."""
        mode = self.mode
        if start != self.start:
            self._layout(start)
            everything = True
        rows = np.arange(len(self.index)) if everything else np.flatnonzero(pages[self.index_pages].any(axis=1))
        lines = np.zeros(mode.height, bool)
        if not len(rows):
            return lines
        words = memory.view("<u4")[self.index[rows]]
        if mode.paired and mode.kind == "packed":
            pixel = words.view(np.uint8)
        else:
            pixel = UNPACK[mode.kind](words)
            if mode.paired:
                pixel = pixel[:, ::2] << 4 | pixel[:, 1::2]
        across = 2 if mode.paired else 1  # dots of a pixel
        if mode.pan:
            pixel = np.take_along_axis(pixel, (self.pans[rows, None] + np.arange(0, mode.columns * 8, across)) // across, axis=1)
        drawn = colours[pixel]
        if mode.stretch * across > 1:
            drawn = np.repeat(drawn, mode.stretch * across, axis=1)
        place = np.full(len(self.index), -1)
        place[rows] = np.arange(len(rows))
        source = place[self.row_of_line]
        lines = source >= 0
        if lines.all():
            np.take(drawn, source, axis=0, out=pixels)
        else:
            pixels[lines] = drawn[source[lines]]
        return lines


class DirectGraphics:
    """The DISPI modes: lines of packed pixels (or, with 4 bits, of the four planes' words)."""

    def __init__(self, mode):
        self.mode = mode

    def draw(self, pixels, memory, colours, start, pages, everything):
        """Draw what changed; returns a bool array of the changed lines."""
        mode = self.mode
        size = {4: 4, 8: 1, 15: 2, 16: 2, 24: 3, 32: 4}[mode.bpp]
        if mode.bpp == 4:
            units, left, crop = -(-mode.width // 8) + 1, mode.x_offset // 8, mode.x_offset % 8
        else:
            units, left, crop = mode.width, mode.x_offset, 0
        base = mode.y_offset * mode.pitch + left * size
        height = mode.height
        # Geometry that runs past the end of memory shows what is there; DISPI does not let a guest set it
        fit = (len(memory) - base - units * size) // mode.pitch + 1 if mode.pitch else height
        height = max(0, min(height, fit))
        first = base + np.arange(height) * mode.pitch
        lines = np.zeros(mode.height, bool)
        lines[:height] = True if everything else changed_rows(first, first + units * size - 1, pages)
        rows = np.flatnonzero(lines)
        if not len(rows):
            return lines
        if len(rows) == rows[-1] - rows[0] + 1:
            rows = slice(rows[0], rows[-1] + 1)  # a view instead of a copy
        source = as_strided(memory[base:], (height, units * size), (mode.pitch, 1))[rows]
        if mode.bpp == 32 or mode.bpp == 4 or mode.bpp in (15, 16):
            source = np.ascontiguousarray(source).view("<u4" if size == 4 else "<u2")
        if mode.bpp == 32:
            drawn = source & 0xFFFFFF
        elif mode.bpp == 24:
            parts = source.reshape(len(source), mode.width, 3).astype(np.uint32)
            drawn = parts[..., 2] << 16 | parts[..., 1] << 8 | parts[..., 0]
        elif mode.bpp == 4:
            drawn = colours[planar(source)[:, crop:crop + mode.width]]
        elif mode.bpp == 8:
            drawn = colours[source]
        else:
            drawn = _high_colour(mode.bpp)[source]
        pixels[rows] = drawn
        return lines
