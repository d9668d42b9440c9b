"""Reading text off a graphics screen: cells that hold, dot for dot, a glyph of a known font."""
import numpy as np

from .text import CP437

# Where a program's 8-dot cells may begin: most start in the corner, menus with a border a little inside
ORIGINS = ((0, 0), (8, 8))
ENOUGH_DOTS = 6  # on a picture as background, smaller shapes would be found by chance


class GlyphReader:
    """Recognises the glyphs of ``fonts``: a list of (height, bytes of 256 glyphs, 8 dots wide)."""

    def __init__(self, fonts):
        self.fonts = []
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
        best, best_count = [], 0
        for height, glyphs in self.fonts:
            for left, top in ORIGINS:
                rows, count = self._read(pixels[top:, left:], height, glyphs)
                if count > best_count:
                    best, best_count = rows, count
                if best_count:
                    break
        return best

    @staticmethod
    def _read(pixels, height, glyphs):
        rows, columns = pixels.shape[0] // height, pixels.shape[1] // 8
        if not rows or not columns:
            return [], 0
        cells = pixels[:rows * height, :columns * 8].reshape(rows, height, columns, 8).swapaxes(1, 2)
        low, high = cells.min(axis=(2, 3), keepdims=True), cells.max(axis=(2, 3), keepdims=True)
        is_low, is_high = cells == low, cells == high
        plain = (is_low | is_high).all(axis=(2, 3))
        blank = (low == high)[:, :, 0, 0]
        bright = np.packbits(is_high, axis=3)[..., 0]
        dark = np.packbits(is_low, axis=3)[..., 0]
        text, count = [], 0
        for y in range(rows):
            line = [" "] * columns
            for x in np.flatnonzero(~blank[y]):
                for shape, dots in ((bright[y, x], is_high), (dark[y, x], is_low)):
                    character = glyphs.get(shape.tobytes())
                    if character and (plain[y, x] or dots[y, x].sum() >= ENOUGH_DOTS):
                        line[x] = character
                        count += character != " "
                        break
            text.append("".join(line).rstrip())
        return text, count
