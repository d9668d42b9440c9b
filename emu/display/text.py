"""Text modes: drawing by cells, and what the screen says as strings."""
import numpy as np

from emu.devices import vga_state as r

from .mode import PLANE_WORDS, blinked, plane_words

# Code page 437; the codes below 32 and 127 as the characters that a screen shows for them
CP437 = (" ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼" + bytes(range(32, 127)).decode() + "⌂"
         + bytes(range(128, 255)).decode("cp437") + " ")

FONT_BYTES = 8192  # 256 glyphs of 32 lines
CURSOR, HIDDEN = 1 << 16, 1 << 17  # flags of a cell: under the cursor, blinked away


def _font_base(select):
    """Plane address of a font from its three select bits."""
    return ((select & 3) * 16 + (8 if select & 4 else 0)) * 1024


def cell_rows(mode, start):
    """The text rows that show: (counters, row of each scan line, row scan of each scan line, above the split)."""
    counter, row_scan, above = mode.scan_lines(start)
    new = np.concatenate(([True], (counter[1:] != counter[:-1]) | (above[1:] != above[:-1])))
    return counter[new], np.cumsum(new) - 1, row_scan, above


def read_text(vga, mode, memory, start):
    """The text screen as a list of strings."""
    rows = cell_rows(mode, start)[0]
    words = memory.view("<u4")[mode.words((rows[:, None] + np.arange(mode.columns)) % PLANE_WORDS)]
    return ["".join(CP437[code] for code in row).rstrip() for row in (words & 0xFF).tolist()]


class TextScreen:
    """Draws a text mode; keeps the cells it drew and draws those that differ."""

    def __init__(self, mode):
        self.mode = mode
        self.cells = None
        self.start = None
        self.plain = False
        self.look = None  # what all cells depend on

    def _layout(self, start):
        mode = self.mode
        self.start = start
        self.rows, self.row_of_line, self.row_scan, self.above = cell_rows(mode, start)
        count = len(self.rows)
        lines = np.arange(mode.height)
        # Whole rows from the top, no panning: the rows' image is the frame itself
        self.plain = mode.pan == 0 and bool((self.row_of_line == lines // mode.row_height).all()) \
            and bool((self.row_scan == lines % mode.row_height).all())
        self.columns = mode.columns + (1 if mode.pan else 0)
        shape = (count, mode.row_height, self.columns, mode.cell * mode.stretch)
        if self.cells is None or self.image.shape != shape:
            self.image = np.zeros(shape, np.uint32)
            self.cells = np.full((count, self.columns), 0xFFFFFFFF, np.uint32)

    def _fonts(self, vga, memory):
        """The two character sets, one byte a line; the first is for attribute bit 3 clear."""
        select = vga.sequencer[r.SR_CHARACTER_MAP]
        b = _font_base(select & 3 | select >> 2 & 4)
        a = _font_base(select >> 2 & 3 | select >> 3 & 4)
        address = np.concatenate((np.arange(b, b + FONT_BYTES), np.arange(a, a + FONT_BYTES)))
        return memory[plane_words(address) * 4 + 2]

    def _look(self, vga, memory, colours):
        """Note fonts, colours and modes; True if every cell has to be drawn anew."""
        mode = self.mode
        ar_mode = vga.attribute[r.AR_MODE]
        line_graphics = bool(ar_mode & r.AR_MODE_LINE_GRAPHICS)
        underline = vga.crtc[r.CR_UNDERLINE] & 31 if ar_mode & r.AR_MODE_MONO else 31
        cursor = (vga.crtc[r.CR_CURSOR_START] & 31, vga.crtc[r.CR_CURSOR_END] & 31)
        fonts = self._fonts(vga, memory)
        look = (fonts.tobytes(), colours.tobytes(), line_graphics, underline, cursor, ar_mode & r.AR_MODE_BLINK)
        if look == self.look:
            return False
        if self.look is None or look[0] != self.look[0] or line_graphics != self.look[2]:
            dots = np.unpackbits(fonts.reshape(512, 32, 1)[:, :mode.row_height], axis=2).astype(bool)
            if mode.cell == 9:
                ninth = np.zeros((512, mode.row_height, 1), bool)
                if line_graphics:
                    for first in (0x0C0, 0x1C0):
                        ninth[first:first + 32] = dots[first:first + 32, :, 7:]
                dots = np.concatenate((dots, ninth), axis=2)
            self.dots = np.repeat(dots, mode.stretch, axis=2)
        self.look = look
        self.underline, self.cursor_lines = underline, cursor
        return True

    def draw(self, pixels, vga, memory, colours, start, everything):
        """Draw what changed; returns a bool array of the changed lines."""
        mode = self.mode
        if start != self.start:
            was_plain = self.plain
            self._layout(start)
            everything = everything or not (self.plain and was_plain)
        everything = self._look(vga, memory, colours) or everything
        counter = (self.rows[:, None] + np.arange(self.columns)) % PLANE_WORDS
        cells = memory.view("<u4")[mode.words(counter)] & 0xFFFF
        frame = vga.frame_number()
        if vga.attribute[r.AR_MODE] & r.AR_MODE_BLINK and blinked(frame):
            cells |= np.where(cells & 0x8000, np.uint32(HIDDEN), np.uint32(0))
        if not vga.crtc[r.CR_CURSOR_START] & 0x20 and not frame >> 3 & 1:
            place = vga.crtc[r.CR_CURSOR_HIGH] << 8 | vga.crtc[r.CR_CURSOR_LOW]
            place += vga.crtc[r.CR_CURSOR_END] >> 5 & 3  # skew
            cells |= np.where(counter == place, np.uint32(CURSOR), np.uint32(0))
        if everything:
            at = np.nonzero(np.ones(cells.shape, bool))
        else:
            at = np.nonzero(cells != self.cells)
        lines = np.zeros(mode.height, bool)
        if not len(at[0]):
            return lines
        self.cells[at] = cells[at]
        self.image[at[0], :, at[1]] = self._cells(vga, cells[at], colours)
        if self.plain:
            rows = np.unique(at[0])
            shown = self.image.reshape(len(self.rows) * mode.row_height, mode.width)[:mode.height]
            for row in rows:
                part = slice(row * mode.row_height, (row + 1) * mode.row_height)
                pixels[part] = shown[part]
                lines[part] = True
            return lines
        changed = np.zeros(len(self.rows), bool)
        changed[at[0]] = True
        lines = changed[self.row_of_line]
        wide = self.image.reshape(len(self.rows), mode.row_height, -1)[self.row_of_line[lines], self.row_scan[lines]]
        pans = np.where(self.above[lines] | mode.split_pans, mode.pan, 0) * mode.stretch
        pixels[lines] = np.take_along_axis(wide, pans[:, None] + np.arange(mode.width), axis=1)
        return lines

    def _cells(self, vga, cells, colours):
        """Pictures (lines × dots) of the given cells."""
        code, attribute = cells & 0xFF, cells >> 8 & 0xFF
        dots = self.dots[code | (attribute & 8) << 5]
        underlined = (attribute & 7 == 1).nonzero()[0] if self.underline < self.mode.row_height else ()
        if len(underlined):
            dots[underlined, self.underline] = True
        back = attribute >> 4 & (7 if self.look[5] else 15)
        dots[(cells & HIDDEN).nonzero()[0]] = False
        first, last = self.cursor_lines
        dots[(cells & CURSOR).nonzero()[0], first:last + 1] = True
        return np.where(dots, colours[attribute & 15][:, None, None], colours[back][:, None, None])
