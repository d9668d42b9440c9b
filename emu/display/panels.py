"""What opens over the picture and takes the keys until it closes: the menu, questions."""
import pygame

from . import theme
from .commands import COMMANDS
from .icons import icon

ENTER = (pygame.K_RETURN, pygame.K_KP_ENTER)


class Panel:
    """A box in the middle of the window.  ``handle`` gets events that are not the guest's; Escape closes."""

    wants_text = False

    def __init__(self, window):
        self.window, self.look = window, window.look
        self.rect = pygame.Rect(0, 0, 0, 0)

    def close(self):
        """Back to the guest."""
        self.window.close_panel()

    def layout(self, bounds):
        """Take a place inside ``bounds``."""

    def handle(self, event):
        """Act on a key or the mouse."""
        if event.type == pygame.KEYDOWN and event.key == pygame.K_ESCAPE:
            self.close()
        elif event.type == pygame.MOUSEBUTTONDOWN and not self.rect.collidepoint(event.pos):
            self.close()
        else:
            return False
        return True

    def draw(self, surface):
        """Draw the box."""
        look = self.look
        shade = pygame.Surface(surface.get_size(), pygame.SRCALPHA)
        shade.fill((0, 0, 0, 110))
        surface.blit(shade, (0, 0))
        pygame.draw.rect(surface, theme.PANEL, self.rect, border_radius=look.px(10))
        pygame.draw.rect(surface, theme.EDGE, self.rect, 1, border_radius=look.px(10))

    def button(self, surface, rect, label, focused, plain=True):
        """Draw a button with a word."""
        look = self.look
        pygame.draw.rect(surface, theme.HOVER if plain else theme.ACCENT_DARK, rect, border_radius=look.px(6))
        if focused:
            pygame.draw.rect(surface, theme.TEXT, rect, look.px(2), border_radius=look.px(6))
        words = look.text(label)
        surface.blit(words, words.get_rect(center=rect.center))


class Menu(Panel):
    """All commands, with their keys."""

    def __init__(self, window):
        super().__init__(window)
        self.items = [c for c in COMMANDS if c.name != "menu" and window.has(c)]
        self.at = 0
        self.rects = []

    def layout(self, bounds):
        look = self.look
        pad, row = look.px(10), look.px(28)
        fit = max(1, (bounds.h - 2 * pad - look.px(8)) // row)
        columns = max(1, -(-len(self.items) // fit))
        self.rows = -(-len(self.items) // columns)
        width = max(look.font.size(self.window.label(c))[0] + look.small.size(c.shortcut)[0] for c in self.items) + look.px(72)
        width = min(width, (bounds.w - 2 * pad) // columns)
        self.rect = pygame.Rect(0, 0, columns * width + 2 * pad, self.rows * row + 2 * pad)
        self.rect.center = bounds.center
        self.rects = [pygame.Rect(self.rect.x + pad + n // self.rows * width, self.rect.y + pad + n % self.rows * row, width, row)
                      for n in range(len(self.items))]

    def handle(self, event):
        if super().handle(event):
            return
        if event.type == pygame.KEYDOWN:
            step = {pygame.K_DOWN: 1, pygame.K_UP: -1, pygame.K_TAB: 1, pygame.K_RIGHT: self.rows, pygame.K_LEFT: -self.rows,
                    pygame.K_HOME: -len(self.items), pygame.K_END: len(self.items)}.get(event.key, 0)
            if event.key in (pygame.K_DOWN, pygame.K_UP, pygame.K_TAB):
                self.at = (self.at + step) % len(self.items)
            elif step:
                self.at = min(max(self.at + step, 0), len(self.items) - 1)
            elif event.key in ENTER or event.key == pygame.K_SPACE:
                self.choose(self.at)
            else:
                letter = event.unicode.upper() if event.unicode else ""
                found = next((n for n, c in enumerate(self.items) if letter and c.key == letter), None)
                if found is not None:
                    self.choose(found)
        elif event.type in (pygame.MOUSEMOTION, pygame.MOUSEBUTTONUP):
            found = next((n for n, rect in enumerate(self.rects) if rect.collidepoint(event.pos)), None)
            if found is not None:
                self.at = found
                if event.type == pygame.MOUSEBUTTONUP and event.button == 1:
                    self.choose(found)

    def choose(self, n):
        """Do it."""
        self.close()
        self.window.do(self.items[n])

    def draw(self, surface):
        super().draw(surface)
        look = self.look
        size = look.px(18)
        for n, (command, rect) in enumerate(zip(self.items, self.rects)):
            if n == self.at:
                pygame.draw.rect(surface, theme.ACCENT_DARK, rect, border_radius=look.px(6))
            surface.blit(icon(self.window.icon(command), size, theme.TEXT), (rect.x + look.px(8), rect.y + (rect.h - size) // 2))
            words = look.text(self.window.label(command))
            surface.blit(words, (rect.x + look.px(34), rect.y + (rect.h - words.get_height()) // 2))
            key = look.text(command.shortcut, theme.TEXT if n == self.at else theme.DIM, look.small)
            surface.blit(key, (rect.right - look.px(10) - key.get_width(), rect.y + (rect.h - key.get_height()) // 2))


class Question(Panel):
    """A question with what follows if it is answered with yes."""

    def __init__(self, window, words, more, yes, action):
        super().__init__(window)
        self.words, self.more, self.action = words, more, action
        self.labels = (yes, "Cancel")
        self.at = 0
        self.rects = []

    def layout(self, bounds):
        look = self.look
        width = max(look.bold.size(self.words)[0], look.font.size(self.more)[0], look.px(240)) + look.px(48)
        self.rect = pygame.Rect(0, 0, min(width, bounds.w - look.px(16)), look.px(136))
        self.rect.center = bounds.center
        w, h, gap = look.px(110), look.px(34), look.px(10)
        right = self.rect.right - look.px(20)
        top = self.rect.bottom - h - look.px(18)
        self.rects = [pygame.Rect(right - 2 * w - gap, top, w, h), pygame.Rect(right - w, top, w, h)]

    def handle(self, event):
        if super().handle(event):
            return
        if event.type == pygame.KEYDOWN:
            if event.key in (pygame.K_LEFT, pygame.K_RIGHT, pygame.K_TAB):
                self.at ^= 1
            elif event.key in ENTER or event.key == pygame.K_SPACE:
                self.choose(self.at)
        elif event.type == pygame.MOUSEBUTTONUP and event.button == 1:
            found = next((n for n, rect in enumerate(self.rects) if rect.collidepoint(event.pos)), None)
            if found is not None:
                self.choose(found)

    def choose(self, n):
        """Answer."""
        self.close()
        if n == 0:
            self.action()

    def draw(self, surface):
        super().draw(surface)
        look, x = self.look, self.rect.x + look_pad(self.look)
        size = look.px(20)
        surface.blit(icon("warning", size, theme.WARNING), (x, self.rect.y + look.px(20)))
        words = look.text(self.words, theme.TEXT, look.bold)
        surface.blit(words, (x + size + look.px(8), self.rect.y + look.px(20) + (size - words.get_height()) // 2))
        surface.blit(look.fitted(self.more, self.rect.w - 2 * look_pad(look), theme.DIM), (x, self.rect.y + look.px(50)))
        for n, rect in enumerate(self.rects):
            self.button(surface, rect, self.labels[n], n == self.at, plain=n == 1)


def look_pad(look):
    """The space inside a panel's edge."""
    return look.px(20)
