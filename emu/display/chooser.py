"""Choosing a CD or floppy image: a path to type, which filters the list below it, or files to click."""
import os

import pygame

from . import link, theme
from .icons import icon
from .panels import ENTER, Panel, look_pad

IMAGES = (".iso", ".img", ".ima", ".flp", ".vfd", ".dsk", ".bin", ".cdr", ".raw", ".fd")
PAGE = 10


class Chooser(Panel):
    """A file for a drive (link.CD or link.FLOPPY).  ``medium`` is what is in, or ""."""

    wants_text = True

    def __init__(self, window, drive, medium, folder):
        super().__init__(window)
        self.drive, self.medium = drive, medium
        self.text = os.path.join(folder, "")
        self.at, self.top = 0, 0
        self.lines = self.rows = []
        self.labels = ["Insert", "Eject", "Cancel"] if medium else ["Insert", "Cancel"]
        self.buttons = []
        self._click = -1
        self.list()

    @property
    def folder(self):
        """The folder whose files are listed."""
        return os.path.dirname(os.path.expanduser(self.text)) or "/"

    def list(self):
        """Make the list anew: (name, kind) with kind up, folder, image or file."""
        part = os.path.basename(self.text).lower()
        found = []
        try:
            with os.scandir(self.folder) as entries:
                for entry in entries:
                    if entry.name.startswith(".") and not part.startswith(".") or part not in entry.name.lower():
                        continue
                    try:
                        is_folder = entry.is_dir()
                    except OSError:
                        is_folder = False
                    kind = "folder" if is_folder else "image" if entry.name.lower().endswith(IMAGES) else "file"
                    found.append((entry.name, kind))
            self.problem = ""
        except OSError as error:
            self.problem = error.strerror or str(error)
        order = {"folder": 0, "image": 1, "file": 2}
        found.sort(key=lambda line: (order[line[1]], line[0].lower()))
        self.lines = ([("..", "up")] if not part and self.folder != "/" else []) + found
        self.at = next((n for n, (_, kind) in enumerate(self.lines) if kind == "image" or part and kind == "file"), 0)
        self.top = 0

    def layout(self, bounds):
        look = self.look
        pad = look_pad(look)
        self.rect = pygame.Rect(0, 0, min(look.px(620), bounds.w - look.px(16)), min(look.px(470), bounds.h - look.px(12)))
        self.rect.center = bounds.center
        inner = self.rect.inflate(-2 * pad, -2 * look.px(14))
        self.title = pygame.Rect(inner.x, inner.y, inner.w, look.px(24))
        self.field = pygame.Rect(inner.x, self.title.bottom + look.px(6), inner.w, look.px(32))
        bottom = inner.bottom - look.px(34)
        self.box = pygame.Rect(inner.x, self.field.bottom + look.px(8), inner.w, bottom - look.px(10) - self.field.bottom - look.px(8))
        self.row = look.px(26)
        self.shown = max(1, (self.box.h - look.px(8)) // self.row)
        self.buttons = []
        x = inner.right
        for label in reversed(self.labels):
            self.buttons.insert(0, pygame.Rect(x - look.px(100), bottom, look.px(100), look.px(34)))
            x -= look.px(108)
        self._follow()

    def _follow(self):
        self.top = min(max(self.top, self.at - self.shown + 1), self.at)
        self.top = max(0, min(self.top, len(self.lines) - self.shown))

    def handle(self, event):
        if super().handle(event):
            return
        if event.type == pygame.TEXTINPUT:
            self._type(event.text)
        elif event.type == pygame.KEYDOWN:
            self._key(event)
        elif event.type == pygame.MOUSEWHEEL:
            self.top = max(0, min(self.top - 3 * int(event.y), len(self.lines) - self.shown))
        elif event.type == pygame.MOUSEBUTTONDOWN and event.button == 1:
            self._press(event.pos)

    def _type(self, text):
        text = "".join(c for c in text if c.isprintable())
        anew = text[:1] in ("/", "~") and self.text.endswith("/")  # a whole path
        self.text = text if anew else self.text + text
        self.list()
        self._follow()

    def _key(self, event):
        step = {pygame.K_DOWN: 1, pygame.K_UP: -1, pygame.K_PAGEDOWN: PAGE, pygame.K_PAGEUP: -PAGE, pygame.K_HOME: -10 ** 6,
                pygame.K_END: 10 ** 6}.get(event.key)
        if step is not None:
            self.at = min(max(self.at + step, 0), max(0, len(self.lines) - 1))
            self._follow()
        elif event.key == pygame.K_BACKSPACE:
            folder = self.text.rstrip("/").rpartition("/")[0]
            self.text = folder + "/" if self.text.endswith("/") or event.mod & pygame.KMOD_CTRL else self.text[:-1]
            self.list()
            self._follow()
        elif event.key == pygame.K_v and event.mod & pygame.KMOD_CTRL:
            self._type(self.window.clipboard_text().splitlines()[0] if self.window.clipboard_text() else "")
        elif event.key == pygame.K_DELETE and self.medium:
            self.eject()
        elif event.key in ENTER:
            self.open()

    def _press(self, point):
        for label, rect in zip(self.labels, self.buttons):
            if rect.collidepoint(point):
                {"Insert": self.open, "Eject": self.eject, "Cancel": self.close}[label]()
                return
        if self.box.collidepoint(point):
            n = self.top + (point[1] - self.box.y - self.look.px(4)) // self.row
            if 0 <= n < len(self.lines):
                again = n == self.at and self._click == n
                self.at = self._click = n
                if again or self.lines[n][1] in ("up", "folder"):
                    self._click = -1
                    self.open()

    def open(self):
        """What is chosen: go into a folder, insert a file."""
        typed = os.path.expanduser(self.text)
        if os.path.isfile(typed):
            self._insert(typed)
        elif self.lines:
            name, kind = self.lines[self.at]
            if kind == "up":
                self.text = os.path.join(os.path.dirname(self.folder.rstrip("/")), "")
            elif kind == "folder":
                self.text = os.path.join(self.folder, name, "")
            else:
                self._insert(os.path.join(self.folder, name))
                return
            self.list()
            self._follow()

    def _insert(self, path):
        self.close()
        self.window.folder = os.path.dirname(os.path.abspath(path))
        self.window.send(link.INSERT, self.drive, text=os.path.abspath(path))

    def eject(self):
        """Take out what is in."""
        self.close()
        self.window.send(link.EJECT, self.drive)

    def draw(self, surface):
        super().draw(surface)
        look = self.look
        what = "CD" if self.drive == link.CD else "Floppy disk"
        name = "cd" if self.drive == link.CD else "floppy"
        size = look.px(20)
        surface.blit(icon(name, size, theme.TEXT), self.title.topleft)
        title = f"{what}: {os.path.basename(self.medium)}" if self.medium else f"{what}: the drive is empty"
        surface.blit(look.fitted(title, self.title.w - size - look.px(8), theme.TEXT, look.bold),
                     (self.title.x + size + look.px(8), self.title.y + look.px(1)))
        pygame.draw.rect(surface, theme.FIELD, self.field, border_radius=look.px(5))
        pygame.draw.rect(surface, theme.ACCENT, self.field, look.px(1), border_radius=look.px(5))
        words = look.fitted(self.text, self.field.w - look.px(22), theme.TEXT, look.font, from_start=True)
        y = self.field.y + (self.field.h - words.get_height()) // 2
        surface.blit(words, (self.field.x + look.px(8), y))
        surface.fill(theme.TEXT, (self.field.x + look.px(9) + words.get_width(), y, look.px(1), words.get_height()))
        pygame.draw.rect(surface, theme.FIELD, self.box, border_radius=look.px(5))
        if self.problem or not self.lines:
            surface.blit(look.text(self.problem or "Nothing by that name", theme.DIM), (self.box.x + look.px(12), self.box.y + look.px(10)))
        icons = {"up": "up", "folder": "folder", "image": name, "file": "file"}
        for n in range(self.top, min(self.top + self.shown, len(self.lines))):
            line, kind = self.lines[n]
            rect = pygame.Rect(self.box.x + look.px(4), self.box.y + look.px(4) + (n - self.top) * self.row, self.box.w - look.px(14), self.row)
            if n == self.at:
                pygame.draw.rect(surface, theme.ACCENT_DARK, rect, border_radius=look.px(4))
            colour = theme.DIM if kind == "file" and n != self.at else theme.TEXT
            small = look.px(16)
            surface.blit(icon(icons[kind], small, colour), (rect.x + look.px(8), rect.y + (rect.h - small) // 2))
            words = look.fitted("Folder above" if kind == "up" else line, rect.w - look.px(44), colour)
            surface.blit(words, (rect.x + look.px(32), rect.y + (rect.h - words.get_height()) // 2))
        if len(self.lines) > self.shown:
            track = self.box.h - look.px(8)
            length = max(look.px(20), track * self.shown // len(self.lines))
            at = (track - length) * self.top // (len(self.lines) - self.shown)
            pygame.draw.rect(surface, theme.PRESSED, (self.box.right - look.px(8), self.box.y + look.px(4) + at, look.px(4), length),
                             border_radius=look.px(2))
        for label, rect in zip(self.labels, self.buttons):
            self.button(surface, rect, label, False, plain=label != "Insert")
