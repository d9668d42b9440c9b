"""Reading text off a graphics screen: cells that hold, dot for dot, a glyph of a known font."""
import re
import zlib

import numpy as np

from .text import CP437

# Where a program's 8-dot cells may begin: most start in the corner, menus with a border a little inside
ORIGINS = ((0, 0), (8, 8))
ENOUGH_DOTS = 6  # on a picture as background, smaller shapes would be found by chance
CERTAIN = 32  # glyphs of a font after which no other is tried, if they are half of all that there is
# Text that lets a picture through: how many thresholds of brightness are tried, how far apart both sides are at least (of
# 765), and how many characters stand together at least
THRESHOLDS, STEP, WORD = 4, 8, 3

LETTERS = frozenset(CP437[33:127] + CP437[128:168])
SPACE, LOWER_HALF, BLOCK, UPPER_HALF, HARD_SPACE = 0x20, 0xDC, 0xDB, 0xDF, 0xFF  # code page 437


def find_fonts(memory):
    """The fonts of 8x16, 8x14 and 8x8 dots in memory, a VGA BIOS or a whole RAM: a list of (height, bytes of 256 glyphs).

    A font is known by the glyphs that look the same in all: blanks, the full block, the half blocks; and by all letters and
    digits being there and different.
    """
    data = np.frombuffer(memory, np.uint8)
    data = data[:len(data) & ~3]
    full = np.flatnonzero(data.view("<u4") == 0xFFFFFFFF)  # every full block has four bytes in a row that are aligned
    if len(full):
        full = full[np.concatenate(([True], full[1:] - full[:-1] > 1))] * 4
    for _ in range(3):  # up to three bytes of it come before
        full = full - ((full > 0) & (data[full - 1] == 0xFF))
    fonts = []
    for height in (16, 14, 8):
        last = len(data) - (256 - BLOCK) * height
        at = full[(full >= BLOCK * height) & (full <= last)]
        at = at[(data[at + height - 1] == 0xFF) & (data[at + height] == 0) & (data[at - BLOCK * height + SPACE * height] == 0)]
        found = {}
        for block in at.tolist():
            font = data[block - BLOCK * height:][:256 * height].tobytes()
            if _is_font(font, height):
                found.setdefault(font, None)
        fonts += [(height, font) for font in found]
    return fonts


def _is_font(font, height):
    glyph = [font[code * height:(code + 1) * height] for code in range(256)]
    letters = glyph[33:127]
    return not any(glyph[SPACE]) and not any(glyph[HARD_SPACE]) and glyph[BLOCK] == b"\xff" * height \
        and glyph[LOWER_HALF][0] == 0 and glyph[LOWER_HALF][-1] == 0xFF \
        and glyph[UPPER_HALF][0] == 0xFF and glyph[UPPER_HALF][-1] == 0 \
        and all(any(letter) for letter in letters) and len(set(letters)) > 90


class GlyphReader:
    """Recognises the glyphs of ``fonts``: a list of (height, bytes of 256 glyphs, 8 dots wide).

    ``certain`` says whether what was read last is likely to be all of the text.
    """

    def __init__(self, fonts):
        self.fonts = []
        self.certain = False
        self._check, self._text = None, []
        for height, data in fonts:
            glyphs = {}
            for code in range(255, -1, -1):  # where glyphs are alike, the lower code counts
                glyph = bytes(data[code * height:(code + 1) * height])
                if 0 < code < 127 or any(glyph):
                    glyphs[glyph] = CP437[code]
            for code in range(126, 31, -1):
                glyphs[bytes(data[code * height:(code + 1) * height])] = CP437[code]
            glyphs[bytes(height)] = " "
            self.fonts.append((height, glyphs))

    def read(self, pixels):
        """The text on an array of (height, width) pixels as a list of strings: that of the font that fits best."""
        check = (pixels.shape, zlib.crc32(pixels))
        if check == self._check:
            return list(self._text)
        best, best_count = [], 0
        self.certain = False
        for height, glyphs in self.fonts:
            for left, top in ORIGINS:
                rows, count, cells = self._read(pixels[top:, left:], height, glyphs)
                if count > best_count:
                    best, best_count = rows, count
                    self.certain = count >= CERTAIN and count * 2 >= cells
                if count * 2 >= cells:
                    break
            if self.certain:
                break
        if not self.certain:
            blended = self._read_blended(pixels)
            if _legible(blended) > _legible(best):
                best = blended
        self._check, self._text = check, best
        return list(best)

    @staticmethod
    def _read(pixels, height, glyphs):
        rows, columns = pixels.shape[0] // height, pixels.shape[1] // 8
        if not rows or not columns:
            return [], 0, 0
        pixels = np.ascontiguousarray(pixels[:rows * height, :columns * 8])
        low = high = pixels[:, ::8]
        for dot in range(1, 8):
            low, high = np.minimum(low, pixels[:, dot::8]), np.maximum(high, pixels[:, dot::8])
        low = low.reshape(rows, height, columns).min(axis=1)
        high = high.reshape(rows, height, columns).max(axis=1)
        cells = pixels.reshape(rows, height, columns, 8)
        bright = np.packbits(cells == high[:, None, :, None], axis=3)[..., 0]
        dark = np.packbits(cells == low[:, None, :, None], axis=3)[..., 0]
        plain = ((bright | dark) == 0xFF).all(axis=1)
        blank = low == high
        # One bytes object a cell: the dots in the brightest colour, and those in the darkest
        shapes = [np.ascontiguousarray(part.swapaxes(1, 2)) for part in (bright, dark)]
        text, count = [], 0
        for y in range(rows):
            line = [" "] * columns
            cells_of_row = [part[y].tobytes() for part in shapes]
            for x in np.flatnonzero(~blank[y]).tolist():
                for part in cells_of_row:
                    shape = part[x * height:(x + 1) * height]
                    character = glyphs.get(shape)
                    if character and (plain[y, x] or _dots(shape) >= ENOUGH_DOTS):
                        line[x] = character
                        count += character != " "
                        break
            text.append("".join(line).rstrip())
        return text, count, int((~blank).sum())

    def _read_blended(self, pixels):
        """Text whose dots let the picture behind it through, or have a shadow: all of a glyph's dots are brighter than the rest
        of the cell, or all are darker.  Letters only, and only where some stand together."""
        best, most = [], 0
        brightness = (pixels & 0xFF) + (pixels >> 8 & 0xFF) + (pixels >> 16 & 0xFF)
        for height, glyphs in self.fonts:
            letters = {shape: letter for shape, letter in glyphs.items() if letter in LETTERS and _dots(shape) >= ENOUGH_DOTS}
            for left, top in ORIGINS:
                rows = _words(_thresholds(brightness[top:, left:].astype(np.int16), height, letters))
                count = _legible(rows)
                if count > most:
                    best, most = rows, count
        return best


def _legible(rows):
    return sum(map(str.isalnum, "".join(rows)))


def _dots(shape):
    return int.from_bytes(shape, "big").bit_count()


def _thresholds(brightness, height, letters):
    """Rows of characters (" " where none is found) on an array of brightnesses."""
    rows, columns = brightness.shape[0] // height, brightness.shape[1] // 8
    cells = brightness[:rows * height, :columns * 8].reshape(rows, height, columns, 8).swapaxes(1, 2)
    text = [[" "] * columns for _ in range(rows)]
    flat = cells.reshape(rows * columns, height * 8)
    busy = np.flatnonzero(flat.max(axis=1) - flat.min(axis=1) >= STEP)
    if not len(busy):
        return text
    flat = flat[busy]
    ordered = np.sort(flat, axis=1)
    gaps = np.diff(ordered, axis=1)
    widest = np.argpartition(gaps, -THRESHOLDS, axis=1)[:, -THRESHOLDS:]
    for n in range(THRESHOLDS):
        pick = widest[:, n:n + 1]
        level = np.take_along_axis(ordered, pick, axis=1)
        shapes = np.packbits(flat > level, axis=1)
        wide = np.take_along_axis(gaps, pick, axis=1)[:, 0] >= STEP
        for data in (shapes, ~shapes):
            data = data.tobytes()
            for at in np.flatnonzero(wide).tolist():
                letter = letters.get(data[at * height:(at + 1) * height])
                if letter:
                    text[busy[at] // columns][busy[at] % columns] = letter
    return text


def _words(text):
    """Only what stands together, single blanks between; as strings."""
    out = []
    for row in text:
        line = "".join(row)
        kept = [" "] * len(line)
        for found in re.finditer(r"\S+(?: \S+)*", line):
            if _legible(found[0]) >= WORD and _legible(found[0]) * 2 >= len(found[0]):
                kept[found.start():found.end()] = found[0]
        out.append("".join(kept).rstrip())
    return out
