"""The window's toolbar and status line."""
import pygame

from . import link, theme
from .commands import COMMANDS, RIGHT
from .icons import icon

LIGHT_SECONDS = 0.15


class Toolbar:
    """Buttons of the commands, as many as fit; the menu has them all."""

    def __init__(self, window):
        self.window = window
        self.rect = pygame.Rect(0, 0, 0, 0)
        self.buttons = []  # (command, rect, with its label)
        self.hover = self.pressed = None

    def layout(self, rect):
        """Place the buttons in ``rect``."""
        self.rect = rect
        look = self.window.look
        chosen = [c for c in COMMANDS if c.importance and self.window.has(c)]
        labels = True
        while self._width(chosen, labels) > rect.w and len(chosen) > 1:
            if labels:
                labels = False
            else:
                chosen.remove(min(chosen, key=lambda c: c.importance))
        side, pad = look.px(theme.BUTTON), look.px(4)
        top = rect.y + (rect.h - side) // 2
        self.buttons = []
        x, group = rect.x + pad, 0
        for command in (c for c in chosen if c.group != RIGHT):
            x += look.px(9) if command.group != group else 0
            group = command.group
            w = self._button(command, labels)
            self.buttons.append((command, pygame.Rect(x, top, w, side), labels and command.labelled))
            x += w
        x = rect.right - pad
        for command in reversed([c for c in chosen if c.group == RIGHT]):
            x -= side
            self.buttons.append((command, pygame.Rect(x, top, side, side), False))

    def _button(self, command, labels):
        look = self.window.look
        if not (labels and command.labelled):
            return look.px(theme.BUTTON)
        words = max((look.font.size(word)[0] for word in (command.label, self.window.label(command))))
        return look.px(theme.BUTTON) + words + look.px(8)

    def _width(self, chosen, labels):
        look = self.window.look
        return sum(self._button(c, labels) for c in chosen) + look.px(9) * len({c.group for c in chosen}) + look.px(8)

    def at(self, point):
        """The command under a point, or None."""
        return next((command for command, rect, _ in self.buttons if rect.collidepoint(point)), None)

    def rect_of(self, command):
        """Where its button is, or None."""
        return next((rect for other, rect, _ in self.buttons if other is command), None)

    def draw(self, surface):
        """Draw the bar."""
        look, window = self.window.look, self.window
        surface.fill(theme.BAR, self.rect)
        surface.fill(theme.EDGE, (self.rect.x, self.rect.bottom - 1, self.rect.w, 1))
        group = 0
        size = look.px(theme.ICON)
        for command, rect, label in self.buttons:
            if command.group not in (group, RIGHT):
                surface.fill(theme.EDGE, (rect.x - look.px(5), rect.y + look.px(5), 1, rect.h - look.px(10)))
                group = command.group
            on = window.is_on(command)
            colour = theme.TEXT
            if command in (self.hover, self.pressed) or on:
                back = theme.PRESSED if command is self.pressed else theme.ACCENT_DARK if on else theme.HOVER
                pygame.draw.rect(surface, back, rect, border_radius=look.px(6))
            if on:  # a line below it as well: not by colour alone
                surface.fill(theme.TEXT, (rect.x + look.px(8), rect.bottom - look.px(3), rect.w - look.px(16), look.px(2)))
            surface.blit(icon(window.icon(command), size, colour),
                         (rect.x + (look.px(theme.BUTTON) - size) // 2, rect.y + (rect.h - size) // 2))
            if label:
                words = look.text(window.label(command))
                surface.blit(words, (rect.x + look.px(theme.BUTTON), rect.y + (rect.h - words.get_height()) // 2))

    def draw_tip(self, surface, command):
        """Draw the words for a button below it.  Gives where."""
        rect, look = self.rect_of(command), self.window.look
        if rect is None:
            return None
        words = look.text(self.window.tip(command), theme.TEXT, look.small)
        key = look.text(command.shortcut, theme.DIM, look.small)
        pad = look.px(8)
        box = pygame.Rect(0, 0, words.get_width() + key.get_width() + 3 * pad, words.get_height() + pad)
        box.midtop = rect.centerx, self.rect.bottom + look.px(3)
        box.clamp_ip(surface.get_rect().inflate(-look.px(6), 0))
        pygame.draw.rect(surface, theme.PANEL, box, border_radius=look.px(5))
        pygame.draw.rect(surface, theme.EDGE, box, 1, border_radius=look.px(5))
        surface.blit(words, (box.x + pad, box.y + pad // 2))
        surface.blit(key, (box.right - pad - key.get_width(), box.y + pad // 2))
        return box


class StatusLine:
    """What the machine does: a message, activity lights, lock lights, speed."""

    LIGHTS = (("cd", link.CD_USE, link.HAS_CD), ("floppy", link.FLOPPY_USE, link.HAS_FLOPPY), ("disk", link.DISK_USE, link.HAS_DISK),
              ("network", link.NETWORK_USE, link.HAS_NETWORK))
    LOCKS = (("NUM", 2), ("CAPS", 4), ("SCRL", 1))

    def __init__(self, window):
        self.window = window
        self.rect = pygame.Rect(0, 0, 0, 0)
        self._uses, self._until = {}, {}
        self._shown = None

    def changed(self, now):
        """Look at the machine's state; True if the line has to be drawn anew."""
        header = self.window.frame.header
        for name, word, _ in self.LIGHTS:
            uses = int(header[word])
            if self._uses.setdefault(name, uses) != uses:
                self._uses[name] = uses
                self._until[name] = now + LIGHT_SECONDS
        lit = tuple(name for name, until in self._until.items() if until > now)
        shown = lit, int(header[link.LEDS]), self._speed(), self.window.frame.state, self.window.message(), self.window.captured, \
            tuple(self.window.media.items())
        if shown == self._shown:
            return False
        self._shown = shown
        return True

    def _speed(self):
        header = self.window.frame.header
        if self.window.frame.state & link.PAUSED:
            return "Paused"
        return f"{int(header[link.MIPS]) / 10:.0f} MIPS · {int(header[link.PERCENT])} %"

    def draw(self, surface):
        """Draw the line."""
        window, look, rect = self.window, self.window.look, self.rect
        lit, leds, speed, state = (self._shown or ((), 0, "", 0))[:4]
        surface.fill(theme.ACCENT_DARK if window.captured else theme.BAR, rect)
        surface.fill(theme.EDGE, (rect.x, rect.y, rect.w, 1))
        size, gap = look.px(theme.SMALL), look.px(8)
        words = look.text(speed, theme.TEXT, look.small)
        width = max(words.get_width(), look.small.size("1000 MIPS · 100 %")[0])
        x = rect.right - gap - width
        surface.blit(words, (rect.right - gap - words.get_width(), self._middle(words)))
        for name, bit in reversed(self.LOCKS):
            words = look.text(name, theme.BAR if leds & bit else theme.OFF, look.small)
            box = pygame.Rect(0, 0, words.get_width() + look.px(6), look.px(16))
            x -= box.w + look.px(4)
            box.topleft = x, rect.y + (rect.h - box.h) // 2
            pygame.draw.rect(surface, theme.TEXT if leds & bit else theme.EDGE, box, 0 if leds & bit else 1, border_radius=look.px(3))
            surface.blit(words, (box.x + look.px(3), self._middle(words)))
        x -= gap
        for name, _, needs in reversed(self.LIGHTS):
            if not state & needs:
                continue
            x -= size + gap
            y = rect.y + (rect.h - size) // 2
            empty = name in ("cd", "floppy") and not window.media.get(name)
            colour = theme.TEXT if name in lit else theme.OFF if empty else theme.DIM
            surface.blit(icon(name, size, colour), (x, y - look.px(1)))
            if name in lit:  # a bar appears below
                surface.fill(theme.TEXT, (x, y + size + look.px(1), size, look.px(2)))
        kind, message = window.message()
        at = rect.x + gap
        if kind:
            surface.blit(icon(kind, size, theme.WARNING if kind == "warning" else theme.TEXT), (at, rect.y + (rect.h - size) // 2))
            at += size + look.px(6)
        room = x - gap - at
        if room > look.px(30):
            words = look.fitted(message, room, theme.TEXT if kind else theme.DIM, look.small)
            surface.blit(words, (at, self._middle(words)))

    def _middle(self, words):
        return self.rect.y + (self.rect.h - words.get_height()) // 2
