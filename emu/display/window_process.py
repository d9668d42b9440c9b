"""The window, run as ``python -m emu.display.window_process FRAME TITLE`` by window.py.

Frames come from shared memory; records of input go to standard output, and the machine's come from standard input, whose end
ends the window (link.py).  Works with pygame 2 and pygame-ce.
"""
import os
import sys
import threading
import time
from collections import deque
from datetime import datetime
from pathlib import Path

import pygame

from . import link, sound_player, theme
from .bars import StatusLine, Toolbar
from .canvas import Canvas
from .chooser import Chooser
from .commands import BY_KEY, HID_DELETE, HID_LEFT_ALT, HID_LEFT_CTRL, HID_RIGHT_CTRL
from .icons import icon
from .native_window import NativeWindow
from .panels import Menu, Question

FRAME_SECONDS = 1 / 60
RESTING_SECONDS = 0.1  # while nobody can see the window
SMOOTH_SECONDS = 1 / 30  # smooth scaling costs more
NOTE_SECONDS, WARNING_SECONDS = 6, 15
TIP_SECONDS = 0.6
EDGE = 3  # pixels at the top of a full screen that call the toolbar
ROOM = 64  # of a screen's height that a window leaves to title bar and panels

# Right Alt is AltGr on most keyboards, and belongs to the guest
CTRL, ALT = {HID_LEFT_CTRL, HID_RIGHT_CTRL}, {HID_LEFT_ALT}
BUTTONS = {1: 1, 3: 2, 2: 4, 6: 8, 7: 16}  # pygame's left, right, middle, back, forward -> bits of the mask
# Keys that SDL numbers apart from their USB usages -> the usage, with the page above it where it is not the keyboard's
OTHER_KEYS = {0x9A: 0x46, 258: 0xC00B5, 259: 0xC00B6, 260: 0xC00B7, 261: 0xC00CD, 262: 0x7F, 282: 0x10082}
DOT = pygame.cursors.compile(("        ", "        ", "   XX   ", "  X..X  ", "  X..X  ", "   XX   ", "        ", "        "))


class Window:
    """The window: picture, bars, mouse and keys."""

    def __init__(self, frame, title, out):
        self.frame, self.title, self.out = frame, title, out
        self.running = True
        self.inbox = deque()  # records of the machine
        self.media = {}  # "cd" and "floppy": the file's name, or ""
        self.folder = os.getcwd()
        self.keys = set()  # HID usages that the guest holds down
        self.chord = False  # Ctrl+Alt are down and nothing else was pressed since
        self.buttons = 0
        self.captured = False
        self.hidden = self._dotted = False
        self.sound = None  # a player with mute(on), where the window plays sound
        self.muted = False
        self.panel = None
        self.fullscreen = False
        self.bars = True  # in a window; a full screen shows them on request
        self.called = False  # the full screen's bars
        self._motion = [0, 0, 0]  # of a captured mouse, not sent yet
        self._point, self._moved = None, False  # where the guest's pointer is; is that not sent yet?
        self._note = None
        self._tip_at = None
        self._absolute = False
        self._dirty = True
        self._rows = None
        self._drawn = 0.0
        self._state = 0
        pygame.display.init()
        if hasattr(pygame.display, "set_allow_screensaver"):
            pygame.display.set_allow_screensaver(True)
        self.desktop = pygame.display.get_desktop_sizes()[0]
        self.look = theme.Theme(theme.scale_of(self.desktop[1]))
        self.zoom = max(1, int(self.look.scale))
        self.canvas = Canvas(frame)
        self.toolbar, self.status = Toolbar(self), StatusLine(self)
        pygame.display.set_icon(_window_icon())
        self.wanted = self.window_size((720, 400))  # the size that we gave the window; another is the user's
        self.native = NativeWindow(self.wanted)
        self.layout()
        pygame.key.stop_text_input()
        self._caption()

    # -- size ----------------------------------------------------------------------------------------------------

    def bar_heights(self):
        """Of toolbar and status line, where they take room."""
        return (self.look.px(theme.TOOLBAR), self.look.px(theme.STATUS)) if self.bars and not self.fullscreen else (0, 0)

    def window_size(self, picture, zoom=None):
        """The window for a picture of this size, no larger than the screen: a smaller zoom, else a smaller picture."""
        zoom = zoom or self.zoom
        bars = sum(self.bar_heights())
        most = self.desktop[0], max(self.desktop[1] - self.look.px(ROOM), 200)
        while zoom > 1 and (picture[0] * zoom > most[0] or picture[1] * zoom + bars > most[1]):
            zoom -= 1
        width, height = picture[0] * zoom, picture[1] * zoom
        shrink = min(1, most[0] / width, (most[1] - bars) / height)
        width, height = int(width * shrink), int(height * shrink)
        return min(max(width, self.look.px(theme.LEAST_WIDTH)), most[0]), height + bars

    def _open(self, size):
        self.wanted = size
        self.native.resize(size, self.desktop)
        self.layout()

    def layout(self):
        """Give picture, bars and panel their places."""
        self.surface = pygame.display.get_surface()
        width, height = self.surface.get_size()
        top, bottom = self.bar_heights()
        self.canvas.area = pygame.Rect(0, top, width, max(1, height - top - bottom))
        self.toolbar.layout(pygame.Rect(0, 0, width, self.look.px(theme.TOOLBAR)))
        self.status.rect = pygame.Rect(0, height - self.look.px(theme.STATUS), width, self.look.px(theme.STATUS))
        if self.panel is not None:
            self.panel.layout(self.canvas.area)
        self._dirty = True

    def fit(self):
        """The picture has a new size: the window follows, unless the user gave it a size of their own."""
        if not self.fullscreen and self.surface.get_size() == self.wanted:
            size = self.window_size(self.canvas.size)
            if size != self.wanted:
                self._open(size)
        self._dirty = True

    def resize_to(self, zoom):
        """A window of so many screen pixels for each of the guest's."""
        if self.fullscreen:
            self.full_screen()
        self.zoom = zoom
        self._open(self.window_size(self.canvas.size if self.canvas.picture else (720, 400)))

    def showing_bars(self):
        """Are toolbar and status line to be seen?"""
        return self.called if self.fullscreen else self.bars

    # -- words ---------------------------------------------------------------------------------------------------

    def _caption(self):
        state = " [paused]" if self.frame.state & link.PAUSED else ""
        hint = " - mouse captured, Ctrl+Alt releases it" if self.captured else ""
        pygame.display.set_caption(self.title + state + hint)

    def note(self, words, warning=False):
        """Tell the user something for a few seconds."""
        self._note = words, warning, time.monotonic() + (WARNING_SECONDS if warning else NOTE_SECONDS)
        self._dirty = self._dirty or self.fullscreen

    def message(self):
        """What the status line says, as (icon or "", words)."""
        if self._note is not None:
            words, warning, until = self._note
            if time.monotonic() < until:
                return ("warning" if warning else ""), words
            self._note = None
            self._dirty = self._dirty or self.fullscreen
        state = self.frame.state
        if state & link.TYPING:
            return "paste", "Typing the text; Ctrl+Alt+V stops it"
        if self.captured:
            return "lock", "Mouse captured: press Ctrl+Alt to release it"
        if state & link.PAUSED:
            return "pause", "Paused: Ctrl+Alt+P goes on"
        if state & link.ABSOLUTE:
            return "", "The guest follows the pointer · Ctrl+Alt+M: menu"
        return "", "Click the picture to capture the mouse · Ctrl+Alt+M: menu"

    def has(self, command):
        """Does this machine have what a command needs?"""
        return not command.needs or bool(self.frame.state & command.needs)

    def is_on(self, command):
        """Is a command that switches something switched on?"""
        return {"scaling": self.canvas.smooth, "mute": self.muted, "grab": self.captured,
                "pause": bool(self.frame.state & link.PAUSED)}.get(command.name, False)

    def icon(self, command):
        """The icon of a command as things are."""
        if command.name == "pause" and self.frame.state & link.PAUSED:
            return "run"
        if command.name == "full_screen" and self.fullscreen:
            return "window"
        if command.name == "mute" and self.muted:
            return "mute"
        if command.name == "paste" and self.frame.state & link.TYPING:
            return "stop"
        if command.name == "scaling" and self.canvas.smooth:
            return "smooth"
        return command.icon

    def label(self, command):
        """The name of a command as things are."""
        if command.name == "pause" and self.frame.state & link.PAUSED:
            return "Run"
        if command.name == "paste" and self.frame.state & link.TYPING:
            return "Stop typing"
        if command.name == "full_screen" and self.fullscreen:
            return "Leave full screen"
        if command.name == "grab" and self.captured:
            return "Release the mouse"
        if command.name == "scaling" and self.canvas.smooth:
            return "Whole pixels"
        if command.name == "mute" and self.muted:
            return "Sound on"
        if command.name in ("choose_cd", "choose_floppy"):
            name = os.path.basename(self.media.get("cd" if command.name == "choose_cd" else "floppy", ""))
            return f"{command.label}: {name if len(name) < 24 else name[:22] + '…'}" if name else f"Insert {command.label}"
        return command.label

    def tip(self, command):
        """A sentence for a command's button."""
        if command.name == "pause" and self.frame.state & link.PAUSED:
            return "Run: let the machine go on"
        name = self.label(command)
        if command.name in ("scaling", "full_screen", "menu", "mute"):
            return name
        return f"{name}: {command.tip[0].lower()}{command.tip[1:]}"

    # -- commands ------------------------------------------------------------------------------------------------

    def do(self, command):
        """Carry a command out."""
        if self.has(command):
            self._dirty = True
            getattr(self, command.name)()

    def pause(self):
        self.send(link.PAUSE)

    def power_button(self):
        self.send(link.POWER_BUTTON)
        self.note("The power button was pressed: a guest that listens shuts down")

    def reset(self):
        self.ask("Reset the machine?", "What the guest has not saved is lost.", "Reset", lambda: self.send(link.RESET))

    def power_off(self):
        self.ask("Switch the machine off?", "What the guest has not saved is lost.", "Power off", lambda: self.send(link.POWER_OFF))

    def ctrl_alt_delete(self):
        for pressed in (1, 0):
            for usage in (HID_LEFT_CTRL, HID_LEFT_ALT, HID_DELETE):
                self.send(link.KEY, usage, pressed)

    def choose_cd(self):
        self.open_panel(Chooser(self, link.CD, self.media.get("cd", ""), self._folder("cd")))

    def choose_floppy(self):
        self.open_panel(Chooser(self, link.FLOPPY, self.media.get("floppy", ""), self._folder("floppy")))

    def _folder(self, name):
        return os.path.dirname(self.media[name]) if os.path.isabs(self.media.get(name, "")) else self.folder

    def paste(self):
        if self.frame.state & link.TYPING:
            self.send(link.STOP_TYPING)
            return
        text = self.clipboard_text()
        if text:
            self.send(link.PASTE, text=text)
        else:
            self.note("There is no text to paste")

    def copy_text(self):
        self.send(link.COPY)

    def screenshot(self):
        if self.canvas.picture is None:
            return
        folder = Path.cwd() if os.access(os.getcwd(), os.W_OK) else Path.home()
        stem = f"emu-{datetime.now():%Y%m%d-%H%M%S}"
        path = next(p for n in range(1000) if not (p := folder / f"{stem}{f'-{n}' if n else ''}.png").exists())
        try:
            pygame.image.save(self.canvas.picture, str(path))
        except (OSError, pygame.error) as error:
            self.note(f"The screenshot could not be saved: {error}", True)
        else:
            self.note(f"Saved {path}")

    def scaling(self):
        self.canvas.smooth = not self.canvas.smooth

    def full_screen(self):
        self.fullscreen = not self.fullscreen
        self.called = False
        if self.fullscreen:
            self._before = self.surface.get_size()
            self.native.full_screen(self.desktop)
            self.note("Ctrl+Alt+F leaves the full screen · the toolbar is at the top edge")
            self.layout()
        else:
            self._note = None
            self.native.windowed(self._before)
            if self._before == self.wanted and self.canvas.picture:
                self._open(self.window_size(self.canvas.size))
            else:
                self.layout()

    def mute(self):
        self.muted = not self.muted
        if self.sound is not None:
            self.sound.mute(self.muted)

    def grab(self):
        self.capture(not self.captured)

    def actual_size(self):
        self.resize_to(1)

    def double_size(self):
        self.resize_to(2)

    def toggle_bars(self):
        if self.fullscreen:
            self.called = not self.called
            self.layout()
            return
        followed = self.surface.get_size() == self.wanted
        self.bars = not self.bars
        if followed and self.canvas.picture:
            self._open(self.window_size(self.canvas.size))
        else:
            self.layout()

    def menu(self):
        self.open_panel(Menu(self))

    def ask(self, words, more, yes, action):
        """Ask before something that cannot be undone."""
        self.open_panel(Question(self, words, more, yes, action))

    def open_panel(self, panel):
        """Show a panel; it has keys and mouse until it closes."""
        self.release_all()
        self.toolbar.hover = self.toolbar.pressed = self._tip_at = None
        self.panel = panel
        panel.layout(self.canvas.area)
        if panel.wants_text:
            pygame.key.start_text_input()
        self._cursor(False)
        self._dirty = True

    def close_panel(self):
        """Back to the guest."""
        if self.panel is not None and self.panel.wants_text:
            pygame.key.stop_text_input()
        self.panel = None
        self._dirty = True

    def clipboard_text(self):
        """The host's clipboard as text, or ""."""
        try:
            if hasattr(pygame.scrap, "get_text"):
                return pygame.scrap.get_text()
            pygame.scrap.init()
            return (pygame.scrap.get(pygame.SCRAP_TEXT) or b"").decode("utf-8", "replace").rstrip("\0")
        except pygame.error:
            return ""

    def _to_clipboard(self, text):
        if not text.strip():
            self.note("There is no text on the guest's screen that can be read", True)
            return
        try:
            if hasattr(pygame.scrap, "put_text"):
                pygame.scrap.put_text(text)
            else:
                pygame.scrap.init()
                pygame.scrap.put(pygame.SCRAP_TEXT, text.encode())
        except pygame.error as error:
            self.note(f"The clipboard cannot be reached: {error}", True)
        else:
            count = text.count("\n") + 1
            self.note(f"Copied {count} line{'s' if count > 1 else ''} of text")

    # -- to and from the machine ---------------------------------------------------------------------------------

    def send(self, kind, a=0, b=0, c=0, text=None):
        """Tell the machine; without one there is no use for a window."""
        try:
            data = link.pack(kind, a, b, c, text)
            while data:
                data = data[os.write(self.out, data):]
        except OSError:
            self.running = False

    def _heard(self, kind, a, b, c):
        if kind == link.NOTE:
            self.note(c, bool(a))
        elif kind == link.MEDIUM:
            self.media["cd" if a == link.CD else "floppy"] = c if b else ""
            self.layout()
        elif kind == link.CLIPBOARD:
            self._to_clipboard(c)

    # -- events --------------------------------------------------------------------------------------------------

    def handle(self, event):
        """Act on one pygame event."""
        kind = event.type
        if kind == pygame.QUIT:
            self.send(link.CLOSE)
            self.running = False
        elif kind in (pygame.KEYDOWN, pygame.KEYUP, pygame.TEXTINPUT):
            self._on_key(event)
        elif kind in (pygame.MOUSEBUTTONDOWN, pygame.MOUSEBUTTONUP, pygame.MOUSEMOTION, pygame.MOUSEWHEEL):
            self._on_mouse(event)
        elif kind == pygame.DROPFILE:
            self.send(link.INSERT, link.BY_CONTENT, text=os.path.abspath(event.file))
        elif kind == pygame.WINDOWFOCUSLOST:
            self.release_all()
        elif kind in (pygame.WINDOWMINIMIZED, pygame.WINDOWHIDDEN):
            self.release_all()
            self.hidden = True
        elif kind in (pygame.WINDOWRESTORED, pygame.WINDOWSHOWN, pygame.WINDOWMAXIMIZED):
            self.hidden, self._dirty = False, True
        elif kind == pygame.WINDOWLEAVE:
            self._leave()
        elif kind in (pygame.VIDEORESIZE, pygame.VIDEOEXPOSE, pygame.WINDOWEXPOSED):
            self.hidden = False
            self.layout()

    def _on_key(self, event):
        if event.type == pygame.TEXTINPUT:
            if self.panel is not None:
                self.panel.handle(event)
                self._dirty = True
        elif event.type == pygame.KEYUP:
            self.key_up(event.scancode)
        elif self.panel is None:
            self.key_down(event.scancode)
        else:
            command = BY_KEY.get(event.scancode)
            if event.mod & pygame.KMOD_CTRL and event.mod & pygame.KMOD_LALT and command and command.name == "menu":
                self.close_panel()
            else:
                self.panel.handle(event)
            self._dirty = True

    def key_down(self, usage):
        usage = OTHER_KEYS.get(usage, usage)
        if not 0 < usage < 0x100 and usage not in OTHER_KEYS.values():
            return
        if self.keys & CTRL and self.keys & ALT and usage not in CTRL | ALT:
            self.chord = False
            if usage in BY_KEY:
                self.do(BY_KEY[usage])
                return
        if usage not in self.keys:
            self.keys.add(usage)
            self.send(link.KEY, usage, 1)
        if usage in CTRL | ALT:
            self.chord = bool(self.keys & CTRL and self.keys & ALT) and self.keys <= CTRL | ALT

    def key_up(self, usage):
        usage = OTHER_KEYS.get(usage, usage)
        if usage in self.keys:
            self.keys.remove(usage)
            self.send(link.KEY, usage, 0)
        if self.chord and usage in CTRL | ALT:
            self.chord = False
            if self.captured:
                self.capture(False)

    def _on_mouse(self, event):
        kind = event.type
        if self.captured:
            self._captured_mouse(event)
        elif self.panel is not None:
            self.panel.handle(event)
            self._dirty = True
        elif kind == pygame.MOUSEWHEEL:
            if self._absolute and self._point is not None:
                self.send(link.POINTER, *self._point, self.buttons | -int(event.y) << 8)
        else:
            self._free_mouse(event)

    def _captured_mouse(self, event):
        kind = event.type
        if kind == pygame.MOUSEMOTION:
            self._motion[0] += int(event.rel[0])
            self._motion[1] += int(event.rel[1])
        elif kind == pygame.MOUSEWHEEL:
            self._motion[2] -= int(event.y)
        elif event.button in BUTTONS:
            bit = BUTTONS[event.button]
            self.set_buttons(self.buttons | bit if kind == pygame.MOUSEBUTTONDOWN else self.buttons & ~bit)

    def _free_mouse(self, event):
        """The pointer is the host's: it works the bars, captures, or is the guest's own."""
        kind, bars = event.type, self.toolbar
        over = bars.at(event.pos) if self.showing_bars() and not self.buttons else None
        if kind == pygame.MOUSEMOTION:
            if self.fullscreen and not self.buttons:
                self._call_bars(event.pos)
            if over is not bars.hover:
                bars.hover = over
                self._tip_at = time.monotonic() + TIP_SECONDS if over else None
                self._dirty = True
        elif kind == pygame.MOUSEBUTTONDOWN and over is not None:
            if event.button == 1:
                bars.pressed, self._tip_at, self._dirty = over, None, True
            return
        elif kind == pygame.MOUSEBUTTONUP and bars.pressed is not None and event.button == 1:
            pressed, bars.pressed, self._dirty = bars.pressed, None, True
            if pressed is over:
                self.do(pressed)
            return
        on_picture = over is None and self.canvas.picture is not None and self.canvas.rect.collidepoint(event.pos) \
            and not (self.showing_bars() and (bars.rect.collidepoint(event.pos) or self.status.rect.collidepoint(event.pos)))
        self._cursor(on_picture and self._absolute)
        if not (on_picture or self.buttons):
            return
        if self._absolute:
            self._guest_pointer(event)
        elif kind == pygame.MOUSEBUTTONDOWN and event.button in BUTTONS:
            self.capture(True)

    def _guest_pointer(self, event):
        self._point = self.canvas.pixel_at(*event.pos)
        if event.type == pygame.MOUSEMOTION:
            self._moved = True
            return
        if event.button in BUTTONS:
            bit = BUTTONS[event.button]
            self.buttons = self.buttons | bit if event.type == pygame.MOUSEBUTTONDOWN else self.buttons & ~bit
            self._moved = False
            self.send(link.POINTER, *self._point, self.buttons)

    def _flush_motion(self):
        """Send what the mouse did since the last time, in one record."""
        if any(self._motion):
            self.send(link.MOUSE_MOVE, *self._motion)
            self._motion = [0, 0, 0]
        if self._moved:
            self._moved = False
            self.send(link.POINTER, *self._point, self.buttons)

    def _call_bars(self, point):
        """In a full screen the bars come when the pointer touches the top edge, and go when it leaves them."""
        called = point[1] < (self.toolbar.rect.h + EDGE if self.called else EDGE)
        if called != self.called:
            self.called = called
            self._dirty = True

    def _leave(self):
        if self.toolbar.hover is not None or self.toolbar.pressed is not None:
            self.toolbar.hover = self.toolbar.pressed = self._tip_at = None
            self._dirty = True

    def _cursor(self, guests):
        """Over the picture of a guest that draws a pointer of its own, ours is a dot."""
        if guests != self._dotted:
            self._dotted = guests
            try:
                if guests:
                    pygame.mouse.set_cursor((8, 8), (3, 3), *DOT)
                else:
                    pygame.mouse.set_cursor(pygame.SYSTEM_CURSOR_ARROW)
            except pygame.error:  # not every display has cursors
                pass

    def set_buttons(self, mask):
        if mask != self.buttons:
            self._flush_motion()
            self.buttons = mask
            self.send(link.MOUSE_BUTTONS, mask)

    def release_all(self):
        """The guest must not be left with keys and buttons that it never sees go up."""
        for usage in sorted(self.keys):
            self.send(link.KEY, usage, 0)
        self.keys.clear()
        self.chord = False
        self.set_buttons(0)
        if self.captured:
            self.capture(False)

    def capture(self, on):
        """Take the mouse for the guest, or give it back."""
        if not on:
            self.set_buttons(0)
        self._motion = [0, 0, 0]
        self.captured = on
        if on:
            self._note = None
        pygame.event.set_grab(on)
        pygame.mouse.set_visible(not on)  # hidden and grabbed: motion is relative and has no edges
        self._caption()
        self._dirty = True

    # -- output --------------------------------------------------------------------------------------------------

    def update(self):
        """Take what the machine has new, and show it."""
        while self.inbox:
            self._heard(*self.inbox.popleft())
        state = self.frame.state
        if state != self._state:
            changed, self._state = self._state ^ state, state
            if changed & link.ABSOLUTE:
                self._absolute = bool(state & link.ABSOLUTE)
                self.release_all()
                self._cursor(False)
            self._caption()
            self.layout()
        before = self.canvas.size
        rows = self.canvas.take()
        if self.canvas.size != before:
            self.fit()
        elif rows:
            first, end = self._rows or rows
            self._rows = min(first, rows[0]), max(end, rows[1])
        now = time.monotonic()
        status = self.status.changed(now)
        if self._tip_at is not None and now >= self._tip_at and self.toolbar.hover is not None:
            self._dirty = True
        if not self.hidden:
            self._show(now, status)

    def _show(self, now, status):
        overlaid = self.panel is not None or self.fullscreen and (self.called or self._note is not None) \
            or self._tip_at is not None and now >= self._tip_at
        if overlaid and (self._rows or status):
            self._dirty = True
        if self._rows and self.canvas.smooth and now - self._drawn < SMOOTH_SECONDS and not self._dirty:
            return
        if self._dirty:
            self.show()
            self._drawn = now
            return
        parts = []
        if self._rows:
            parts.append(self.canvas.draw(self.surface, self._rows))
            self._rows, self._drawn = None, now
        if status and self.showing_bars():
            self.status.draw(self.surface)
            parts.append(self.status.rect)
        if parts:
            pygame.display.update(parts)

    def show(self):
        """Draw all of the window."""
        self._dirty, self._rows = False, None
        self.surface.fill(theme.BACKGROUND)
        self.canvas.draw(self.surface)
        if self.showing_bars():
            self.status.changed(time.monotonic())
            self.status.draw(self.surface)
            self.toolbar.draw(self.surface)
            if self._tip_at is not None and time.monotonic() >= self._tip_at and self.toolbar.hover is not None and self.panel is None:
                self.toolbar.draw_tip(self.surface, self.toolbar.hover)
        elif self._note is not None:
            self._draw_toast()
        if self.panel is not None:
            self.panel.draw(self.surface)
        pygame.display.flip()

    def _draw_toast(self):
        """A note where there is no status line."""
        look = self.look
        words = look.fitted(self._note[0], self.surface.get_width() - look.px(60), theme.TEXT)
        box = words.get_rect().inflate(look.px(32), look.px(18))
        box.midbottom = self.surface.get_width() // 2, self.surface.get_height() - look.px(24)
        pygame.draw.rect(self.surface, theme.PANEL, box, border_radius=look.px(8))
        self.surface.blit(words, words.get_rect(center=box.center))

    def step(self, wait):
        """Deal with events, of which the first may take ``wait`` seconds to come, and with the machine's news."""
        event = pygame.event.wait(max(1, round(wait * 1000)))
        if event.type != pygame.NOEVENT:
            self.handle(event)
        for event in pygame.event.get():
            self.handle(event)
        self._flush_motion()
        self.update()

    def run(self):
        """Show frames and send input until the window is closed or the machine is gone."""
        self.send(link.SHOWN)
        due = time.monotonic()
        while self.running:
            self.step(min(max(due - time.monotonic(), 0.001), RESTING_SECONDS))
            due = max(due + (RESTING_SECONDS if self.hidden else FRAME_SECONDS), time.monotonic())
        pygame.quit()


def _window_icon():
    surface = pygame.Surface((64, 64), pygame.SRCALPHA)
    pygame.draw.rect(surface, theme.ACCENT_DARK, (0, 0, 64, 64), border_radius=14)
    surface.blit(icon("run", 56, theme.TEXT), (4, 4))
    return surface


def main():
    """Entry point of the process."""
    out = os.dup(1)
    os.dup2(2, 1)  # whatever a library prints must not get between the records
    window = Window(link.SharedFrame(sys.argv[1]), sys.argv[2], out)

    def listen():
        with os.fdopen(0, "rb", closefd=False) as machine:
            while (record := link.read(machine)) is not None:
                window.inbox.append(record)
        window.running = False

    threading.Thread(target=listen, daemon=True).start()
    window.sound = sound_player.start(sys.argv[1])
    window.run()
    if window.sound is not None:
        window.sound.stop()
    window.frame.close()


if __name__ == "__main__":
    main()
