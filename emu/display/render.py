"""The picture on the monitor, from the VGA's registers and video memory."""
import numpy as np

from emu.devices.vga_state import AR_OVERSCAN

from .glyphs import GlyphReader
from .graphics import DirectGraphics, VgaGraphics
from .mode import Mode, attribute_colours, dac_colours, graphics_blink
from .text import TextScreen, read_text

BLANK = Mode("blank", 640, 480, visible=False)


class Renderer:
    """Draws what a monitor at ``vga`` shows, in square pixels of the full dot clock (mode 13h is 640x400).

    vga: the Vga component; vram: its memory, a buffer of 16 MiB.
    dirty: a writable buffer, a byte for each 4 KiB page of vram, set by whoever writes the page and cleared here, so
    that an update draws only what changed; one buffer serves one Renderer.  None: draw everything each time.
    fonts: list of (height, bytes), the 8-dot fonts that text() looks for in graphics modes.
    """

    def __init__(self, vga, vram, dirty=None, fonts=()):
        self.vga = vga
        self.memory = np.frombuffer(vram, np.uint8)
        self.dirty = None if dirty is None else np.frombuffer(dirty, np.uint8)
        self.reader = GlyphReader(fonts)
        self.pixels = np.zeros((480, 640), np.uint32)  # 0x00RRGGBB
        self.mode = BLANK
        self.certain = True  # is what text() gave likely to be all of the text?
        self._painter = None
        self._key = self._colours = None
        self._changes = (0, 480)

    def update(self):
        """Bring ``pixels`` up to date (a new array where the size changed); True if anything changed."""
        vga = self.vga
        start = vga.start_address()
        if self.dirty is None:
            pages, touched = None, True
        else:
            pages = self.dirty != 0
            touched = bool(pages.any())
            if touched:
                self.dirty[pages] = 0
        blink = vga.frame_number() >> 3 if self.mode.kind == "text" or graphics_blink(vga) else 0
        key = (vga.revision, start, blink)
        if not touched and key == self._key:
            return False
        everything = pages is None or bool(pages.all())  # the latter: a saved state was taken back
        if everything or self._key is None or vga.revision != self._key[0] or blink != self._key[2] and self.mode.kind != "text":
            everything = self._registers() or everything
        self._key = key
        if self._painter is None:
            return self._note(0, len(self.pixels)) if everything and pages is not None else False
        lines = self._draw(start, pages, everything)
        hit = np.flatnonzero(lines)
        return len(hit) > 0 and self._note(int(hit[0]), int(hit[-1]) + 1)

    def _draw(self, start, pages, everything):
        if self.mode.kind == "text":
            return self._painter.draw(self.pixels, self.vga, self.memory, self._colours, start, everything)
        if pages is None:
            pages = np.ones(1, bool)
        return self._painter.draw(self.pixels, self.memory, self._colours, start, pages, everything)

    def _registers(self):
        """Take note of the registers; True if everything has to be drawn anew."""
        mode = Mode.of(self.vga)
        if not mode.width or not mode.height:
            mode = BLANK
        dac = dac_colours(self.vga)
        colours = dac if mode.paired or mode.bpp == 8 else attribute_colours(self.vga, dac)
        recoloured = self._colours is None or not np.array_equal(colours, self._colours)
        self._colours = colours
        if mode == self.mode and mode.visible and self._key is not None:
            return recoloured
        self.mode = mode
        if self.pixels.shape != (mode.height, mode.width):
            self.pixels = np.zeros((mode.height, mode.width), np.uint32)
        if not mode.visible:
            self._painter = None
            self.pixels[:] = dac[self.vga.attribute[AR_OVERSCAN]] if mode.border else 0
        else:
            self._painter = {"text": TextScreen, "direct": DirectGraphics}.get(mode.kind, VgaGraphics)(mode)
        return True

    def _note(self, first, last):
        old_first, old_last = self._changes
        self._changes = (min(first, old_first), max(last, old_last)) if old_last else (first, last)
        return True

    def take_changes(self):
        """The lines (first, last + 1) that changed since this was last called; (0, 0) for none."""
        first, last = self._changes
        self._changes = (0, 0)
        return min(first, len(self.pixels)), min(last, len(self.pixels))

    def frame(self):
        """The picture now: a (height, width, 3) uint8 array, red first."""
        self.update()
        return np.ascontiguousarray(self.pixels.view(np.uint8).reshape(*self.pixels.shape, 4)[:, :, 2::-1])

    def text(self):
        """The text on the screen as a list of strings without trailing blanks; empty where no text is found."""
        mode = Mode.of(self.vga)
        self.certain = True
        if mode.kind == "text":
            return read_text(self.vga, mode, self.memory, self.vga.start_address())
        self.update()
        if not self.mode.visible:
            return []
        across, down = self.mode.pixel
        text = self.reader.read(np.ascontiguousarray(self.pixels[::down, ::across]))
        self.certain = self.reader.certain
        return text
