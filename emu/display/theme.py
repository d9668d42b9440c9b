"""How the window looks: colours, sizes, fonts.  Nothing is told by colour alone; each state has a shape or a word too."""
import os

import pygame

BACKGROUND = (17, 19, 23)  # around the picture
BAR = (30, 34, 40)
EDGE = (48, 54, 62)  # lines between parts
PANEL = (36, 41, 48)
FIELD = (22, 25, 30)
HOVER = (52, 59, 68)
PRESSED = (66, 75, 86)
TEXT = (226, 230, 235)
DIM = (150, 158, 168)
OFF = (92, 99, 108)
ACCENT = (86, 156, 240)
ACCENT_DARK = (34, 78, 140)
WARNING = (245, 180, 70)

TOOLBAR, STATUS = 40, 26  # heights, before scaling
BUTTON, ICON, SMALL = 32, 20, 14
LEAST_WIDTH = 560

_FONTS = ("inter", "cantarell", "notosans", "ubuntu", "segoeui", "helveticaneue", "dejavusans", "liberationsans", "arial")


def scale_of(desktop_height):
    """How much larger than its base size all is drawn: EMU_UI_SCALE or the desktop's own setting, else by the screen's height."""
    for name in ("EMU_UI_SCALE", "GDK_SCALE", "QT_SCALE_FACTOR"):
        try:
            wanted = float(os.environ[name])
        except (KeyError, ValueError):
            continue
        if 0.5 <= wanted <= 4:
            return wanted
    return 2.0 if desktop_height >= 2000 else 1.5 if desktop_height >= 1600 else 1.0


class Theme:
    """Sizes and fonts at a scale."""

    def __init__(self, scale):
        self.scale = scale
        pygame.font.init()
        name = _family()
        self.font = _font(name, self.px(14))
        self.small = _font(name, self.px(12))
        self.bold = _font(name, self.px(14), bold=True)
        self._texts = {}

    def px(self, size):
        """A base size in pixels."""
        return max(1, round(size * self.scale))

    def text(self, words, colour=TEXT, font=None):
        """A line of text as a surface."""
        key = words, colour, font
        if key not in self._texts:
            if len(self._texts) > 400:
                self._texts.clear()
            self._texts[key] = (font or self.font).render(words.replace("\0", ""), True, colour)
        return self._texts[key]

    def fitted(self, words, width, colour=TEXT, font=None, from_start=False):
        """The same, shortened with an ellipsis to a width; paths lose their start."""
        font = font or self.font
        if font.size(words)[0] <= width:
            return self.text(words, colour, font)
        low, high = 0, len(words)
        while low < high:
            middle = (low + high + 1) // 2
            part = "…" + words[len(words) - middle:] if from_start else words[:middle] + "…"
            low, high = (middle, high) if font.size(part)[0] <= width else (low, middle - 1)
        return self.text("…" + words[len(words) - low:] if from_start else words[:low] + "…", colour, font)


def _family():
    try:
        return next((name for name in _FONTS if pygame.font.match_font(name)), None)
    except (OSError, ValueError):  # no list of fonts to be had
        return None


def _font(name, size, bold=False):
    if name is None:
        font = pygame.font.Font(None, round(size * 1.35))
        font.set_bold(bold)
        return font
    return pygame.font.SysFont(name, size, bold)
