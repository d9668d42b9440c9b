"""The real window on an X server, worked with xdotool."""
import sys
import time

import numpy as np
import pytest

from fake_machine import FakeMachine
from x_display import display  # noqa: F401

pytest.importorskip("pygame")

from emu.devices.keyboard import KEYS  # noqa: E402
from emu.display import link, theme  # noqa: E402
from emu.display.window import Viewer  # noqa: E402
from emu.machine.keys import HID_USAGES  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="needs X")]
SECONDS = 30
# Linux's number of a key is its code in set 1 up to 88; these are the others
EXTENDED = {96: "kpenter", 97: "rightctrl", 98: "kpslash", 100: "rightalt", 102: "home", 103: "up", 104: "pageup", 105: "left",
            106: "right", 107: "end", 108: "down", 109: "pagedown", 110: "insert", 111: "delete", 119: "pause", 125: "leftwin",
            126: "rightwin", 127: "menu"}


class Desk:
    """A machine (not a real one), its window and the hands at it."""

    def __init__(self, display, monkeypatch):
        for name in ("SDL_VIDEODRIVER", "WAYLAND_DISPLAY", "GDK_SCALE", "QT_SCALE_FACTOR"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("DISPLAY", display.name)
        monkeypatch.setenv("EMU_UI_SCALE", "1")
        self.display, self.do = display, display.do
        self.machine = FakeMachine()
        random = np.random.default_rng(1).integers(0, 256, 64000, np.uint8).tobytes()
        self.machine.rig.vram[:len(random)] = random
        self.viewer = Viewer(self.machine)
        try:
            self.window = display.window()
            self.see(lambda: self.settled() and self.picture_is_exact())
            self.wait(0.3)  # SDL ignores clicks just after the focus came
        except BaseException:
            self.viewer.close()
            raise

    def see(self, condition):
        """Let the machine run until something is so."""
        end = time.monotonic() + SECONDS
        while not condition():
            if time.monotonic() > end:
                pytest.fail(f"not seen; the machine's log: {self.machine.log}; window {self.display.geometry(self.window)}")
            self.viewer.poll()
            time.sleep(0.01)

    def wait(self, seconds):
        """Let the machine run for a while."""
        end = time.monotonic() + seconds
        self.see(lambda: time.monotonic() > end)

    def settled(self):
        """Has the window taken the size of the picture?"""
        return self.display.geometry(self.window)[2:] == (640, 400 + theme.TOOLBAR + theme.STATUS)

    def picture(self, scale=1):
        """The frame, and the part of the screen where it should be."""
        x, y, width, height = self.display.geometry(self.window)
        frame = self.viewer.renderer.pixels.repeat(scale, 0).repeat(scale, 1)
        h, w = frame.shape
        top, bottom = (0, 0) if (width, height) == (1280, 1024) else (theme.TOOLBAR, theme.STATUS)
        x, y = x + (width - w) // 2, y + top + (height - top - bottom - h) // 2
        return frame, self.display.pixels()[y:y + h, x:x + w]

    def picture_is_exact(self, scale=1):
        """Is each pixel of the frame on the screen?"""
        frame, shown = self.picture(scale)
        return shown.shape == frame.shape and bool((shown == frame).all())

    def window_says(self, words):
        """Does its title say so?"""
        return words in self.do("getwindowname", self.window)

    def log(self, *events):
        """Wait until these have come, in this order and nothing else; forget them."""
        self.see(lambda: len(self.machine.log) >= len(events))
        assert self.machine.log == list(events)
        self.machine.log.clear()

    def point(self, x, y, *click):
        """Move to a point of the window (and click)."""
        left, top, *_ = self.display.geometry(self.window)
        self.do("mousemove", "--sync", left + x, top + y, *(("click", *click) if click else ()))

    def button(self, name):
        """Click a toolbar's button: it is laid out as in the window's own process."""
        self.point(*self.buttons[name], 1)

    @property
    def buttons(self):
        """Name -> centre, from a toolbar of the same width."""
        import pygame

        from emu.display.bars import Toolbar
        window = Stand(self.viewer._frame.state)
        bar = Toolbar(window)
        bar.layout(pygame.Rect(0, 0, self.display.geometry(self.window)[2], theme.TOOLBAR))
        return {command.name: rect.center for command, rect, _ in bar.buttons}


class Stand:
    """What a toolbar wants of its window to lay itself out."""

    def __init__(self, state):
        self.look, self.state = theme.Theme(1), state

    def has(self, command):
        return not command.needs or self.state & command.needs

    def label(self, command):
        return command.label


@pytest.fixture
def desk(display, monkeypatch):  # noqa: F811
    made = Desk(display, monkeypatch)
    yield made
    made.viewer.close()


def usage(name):
    """The HID usage of a key."""
    return next(u for u, key in HID_USAGES.items() if key == name)


def test_picture_at_every_size(desk):
    display = desk.display
    desk.machine.rig.poke(0xA0000 + 320 * 50, 3, 4, 5)
    desk.see(desk.picture_is_exact)
    desk.do("windowmove", desk.window, 0, 0, "windowsize", desk.window, 1270, 1000)
    desk.see(lambda: desk.picture_is_exact(1))
    desk.do("windowsize", desk.window, 1280, 900)
    desk.see(lambda: desk.picture_is_exact(2))
    desk.do("windowsize", desk.window, 700, 500)
    desk.see(desk.picture_is_exact)
    desk.do("windowmove", desk.window, 50, 60)
    desk.wait(0.3)
    desk.do("key", "ctrl+alt+f")
    desk.see(lambda: display.geometry(desk.window) == (0, 0, 1280, 1024) and desk.picture_is_exact(2))
    desk.do("key", "ctrl+alt+f")
    desk.see(lambda: display.geometry(desk.window) == (50, 60, 700, 500) and desk.picture_is_exact())


def test_small_screen(tmp_path, monkeypatch):
    from x_display import Display
    display = Display(tmp_path, (640, 480))  # noqa: F811
    try:
        desk = object.__new__(Desk)
        monkeypatch.setattr(Desk, "picture_is_exact", lambda self, scale=1: self.viewer.shown)
        monkeypatch.setattr(Desk, "settled", lambda self: True)
        desk.__init__(display, monkeypatch)
        try:
            x, y, width, height = display.geometry(desk.window)
            assert x >= 0 and y >= 0 and x + width <= 640 and y + height <= 480
        finally:
            desk.viewer.close()
    finally:
        display.close()


def test_every_key(desk):
    codes = {code: next(key.name for key in KEYS if key.set1 == code and not key.extended) for code in range(2, 84)}
    codes.update({86: "less", 87: "f11", 88: "f12", **EXTENDED})
    wanted = []
    for code, name in codes.items():
        wanted += [("key", usage(name), True), ("key", usage(name), False)]
    desk.do("key", "--delay", "5", *(code + 8 for code in codes))
    desk.see(lambda: len(desk.machine.log) >= len(wanted))
    missing = [(code, name) for code, name in codes.items() if ("key", usage(name), True) not in desk.machine.log]
    assert not missing
    assert desk.machine.log == wanted


def test_held_key_comes_once_and_is_released_with_the_focus(desk):
    desk.do("keydown", "a")
    time.sleep(0.8)  # the X server repeats it by now
    desk.log(("key", usage("a"), True))
    desk.do("windowfocus", desk.do("search", "--maxdepth", "0", "--name", "").split()[0])
    desk.see(lambda: desk.machine.log)
    assert desk.machine.log[0] == ("key", usage("a"), False)
    desk.do("keyup", "a")


def test_mouse_is_captured_and_released(desk):
    desk.point(300, 200, 1)
    desk.see(lambda: desk.window_says("captured"))
    desk.do("mousemove_relative", "--sync", 30, 20)
    desk.see(lambda: desk.machine.log)
    desk.do("click", 3, "click", 4)
    desk.see(lambda: any(event[0] == "move" and event[3] for event in desk.machine.log))
    moves = [event for event in desk.machine.log if event[0] == "move"]
    assert (sum(m[1] for m in moves), sum(m[2] for m in moves), sum(m[3] for m in moves)) == (30, 20, -1)
    assert [event for event in desk.machine.log if event[0] == "buttons"] == [("buttons", 2), ("buttons", 0)]
    desk.machine.log.clear()
    desk.do("key", "ctrl+alt")
    desk.see(lambda: not desk.window_says("captured") and len(desk.machine.log) == 4)
    desk.machine.log.clear()
    desk.point(100, 200)
    desk.wait(0.3)
    assert not desk.machine.log


def test_absolute_pointer(desk):
    desk.machine.pointer_absolute = True
    desk.see(lambda: desk.viewer._frame.state & link.ABSOLUTE)
    desk.wait(0.2)
    desk.point(100, theme.TOOLBAR + 50)
    desk.see(lambda: ("pointer", 100, 50, 0, 0) in desk.machine.log)
    desk.machine.log.clear()
    desk.point(639, theme.TOOLBAR + 399, 1)
    desk.see(lambda: len(desk.machine.log) >= 2)
    assert desk.machine.log[-2:] == [("pointer", 639, 399, 1, 0), ("pointer", 639, 399, 0, 0)]
    desk.do("mousemove", 0, 0)  # the server draws its cursor into the picture
    desk.see(desk.picture_is_exact)
    assert not desk.window_says("captured")


def test_buttons_of_the_toolbar(desk, tmp_path):
    desk.button("pause")
    desk.log("pause")
    desk.see(lambda: desk.window_says("paused"))
    desk.button("pause")
    desk.log("resume")
    desk.button("power_button")
    desk.log("power button")
    desk.button("ctrl_alt_delete")
    desk.log(*(("key", code, pressed) for pressed in (True, False) for code in (0xE0, 0xE2, 0x4C)))
    desk.button("reset")
    desk.wait(0.3)
    desk.do("key", "Return")
    desk.log("reset")
    desk.button("power_off")
    desk.wait(0.3)
    desk.do("key", "Escape", "b")
    desk.log(("key", usage("b"), True), ("key", usage("b"), False))
    image = tmp_path / "new disc.iso"
    image.write_bytes(b"")
    desk.button("choose_cd")
    desk.wait(0.3)
    desk.do("type", "--delay", "5", f"{image}")
    desk.do("key", "ctrl+BackSpace")
    desk.do("type", "--delay", "5", "new")
    desk.do("key", "Return")
    desk.see(lambda: desk.machine.inside["cdrom"] == str(image))
    desk.wait(0.3)
    desk.button("choose_cd")
    desk.wait(0.3)
    desk.do("key", "Delete")
    desk.log(("eject", False))
    assert desk.machine.inside["cdrom"] is None
    desk.button("full_screen")
    desk.see(lambda: desk.picture_is_exact(2))
    desk.do("key", "ctrl+alt+f")
    desk.see(lambda: len(desk.machine.log) == 4)
    desk.point(300, 600)
    desk.see(desk.picture_is_exact)


def test_copy_and_paste(desk):
    desk.button("copy_text")
    desk.wait(0.8)
    desk.button("paste")  # the window pastes what it has put on the clipboard itself
    desk.log(("paste", "first\nsecond"))


def test_closed_by_its_user(desk):
    desk.display.ask_to_close(desk.window)
    desk.see(lambda: desk.viewer.closed)
    assert not desk.viewer.failed


def test_killed_by_the_server(desk):
    desk.display.server.kill()
    desk.see(lambda: desk.viewer.closed)
    assert desk.viewer.failed and desk.viewer.shown
