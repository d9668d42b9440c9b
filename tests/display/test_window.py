"""The window: its process, frames and records; input logic with SDL's dummy driver, so that no display is needed."""
import io
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from fake_machine import FakeMachine

pygame = pytest.importorskip("pygame")

from emu.display import link  # noqa: E402
from emu.display.commands import BY_KEY, COMMANDS  # noqa: E402
from emu.display.panels import Menu  # noqa: E402
from emu.display.window import Viewer  # noqa: E402
from emu.display.window_process import OTHER_KEYS, Window  # noqa: E402
from emu.machine.keys import HID_USAGES  # noqa: E402


@pytest.fixture(autouse=True)
def dummy_driver(monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")


def wait(condition, viewer=None, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        if viewer:
            viewer.poll()
        time.sleep(0.005)


class Inside:
    """The window's own logic in this process, with the records it sends."""

    def __init__(self):
        self.frame = link.SharedFrame()
        self.read_end, self.write_end = os.pipe()
        os.set_blocking(self.read_end, False)
        self.window = Window(self.frame, "test", self.write_end)

    def records(self):
        try:
            data = os.read(self.read_end, 65536)
        except BlockingIOError:
            return []
        stream = io.BytesIO(data)
        return list(iter(lambda: link.read(stream), None))

    def state(self, bits):
        """The machine's state."""
        self.frame.header[link.STATE] = bits
        self.window.update()

    def picture(self, height=100, width=150):
        """A frame of random pixels, shown."""
        pixels = np.random.default_rng(0).integers(0, 1 << 24, (height, width), np.uint32)
        self.frame.write(pixels, 0, height)
        self.window.update()
        return pixels

    def shown(self):
        return pygame.surfarray.array2d(self.window.surface).T & 0xFFFFFF

    def click(self, x, y, button=1):
        self.send(pygame.MOUSEMOTION, pos=(x, y), rel=(0, 0))
        self.send(pygame.MOUSEBUTTONDOWN, button=button, pos=(x, y))
        self.send(pygame.MOUSEBUTTONUP, button=button, pos=(x, y))

    def press(self, name):
        """Click the button of a command."""
        bar = self.window.toolbar
        self.click(*next(rect.center for command, rect, _ in bar.buttons if command.name == name))

    def key_event(self, key, unicode="", mod=0):
        self.send(pygame.KEYDOWN, key=key, unicode=unicode, mod=mod, scancode=0)

    def send(self, kind, **attributes):
        self.window.handle(pygame.event.Event(kind, **attributes))

    def keys(self, *usages):
        for usage in usages:
            self.send(pygame.KEYDOWN if usage > 0 else pygame.KEYUP, scancode=abs(usage), key=0, unicode="", mod=0)


@pytest.fixture
def inside():
    made = Inside()
    yield made
    pygame.quit()
    os.close(made.read_end)
    os.close(made.write_end)
    made.frame.close()


CTRL, ALT, DELETE = 0xE0, 0xE2, 0x4C


def key(usage, down):
    return (link.KEY, usage, int(down), 0)


def test_keys_by_hid_usage(inside):
    inside.keys(4, 4, -4, -5)
    assert inside.records() == [key(4, True), key(4, False)]
    inside.keys(CTRL, ALT, DELETE, -DELETE, -ALT, -CTRL)
    assert inside.records() == [key(CTRL, 1), key(ALT, 1), key(DELETE, 1), key(DELETE, 0), key(ALT, 0), key(CTRL, 0)]


def test_focus_loss_releases_everything(inside):
    inside.picture()
    x, y = inside.window.canvas.rect.center
    inside.send(pygame.MOUSEBUTTONDOWN, button=1, pos=(x, y))
    inside.send(pygame.MOUSEBUTTONDOWN, button=3, pos=(x, y))
    inside.keys(CTRL, 4)
    inside.records()
    inside.send(pygame.WINDOWFOCUSLOST)
    assert inside.records() == [key(4, 0), key(CTRL, 0), (link.MOUSE_BUTTONS, 0, 0, 0)]
    assert not inside.window.captured
    inside.keys(-4, -CTRL)
    assert inside.records() == []


def test_mouse_is_captured_by_a_click_and_released_by_ctrl_alt(inside):
    inside.picture()
    here = inside.window.canvas.rect.center
    inside.send(pygame.MOUSEMOTION, rel=(3, 4), pos=here)
    inside.send(pygame.MOUSEBUTTONDOWN, button=1, pos=here)
    inside.send(pygame.MOUSEBUTTONUP, button=1, pos=here)
    assert inside.records() == [] and inside.window.captured  # that click is the window's
    assert inside.window.message()[1] == "Mouse captured: press Ctrl+Alt to release it"
    for _ in range(3):
        inside.send(pygame.MOUSEMOTION, rel=(1, -2), pos=here)
    inside.send(pygame.MOUSEBUTTONDOWN, button=2, pos=here)
    inside.send(pygame.MOUSEBUTTONUP, button=2, pos=here)
    inside.send(pygame.MOUSEWHEEL, y=-1)
    inside.window._flush_motion()
    assert inside.records() == [(link.MOUSE_MOVE, 3, -6, 0), (link.MOUSE_BUTTONS, 4, 0, 0),
                                (link.MOUSE_BUTTONS, 0, 0, 0), (link.MOUSE_MOVE, 0, 0, 1)]  # towards the user
    inside.keys(CTRL, ALT, DELETE, -DELETE, -ALT, -CTRL)
    assert inside.window.captured  # Ctrl+Alt was part of something else
    inside.keys(CTRL, ALT, -CTRL, -ALT)
    assert not inside.window.captured
    inside.keys(CTRL, ALT, 0x0A)
    assert inside.window.captured
    inside.keys(-0x0A, 0x0A)
    assert not inside.window.captured


def test_commands(inside):
    inside.keys(CTRL, ALT)
    inside.records()
    inside.state(link.HAS_POWER_BUTTON)
    inside.keys(0x13, -0x13, 0x05, -0x05, 0x06, -0x06)
    assert [record[0] for record in inside.records()] == [link.PAUSE, link.POWER_BUTTON, link.COPY]
    inside.send(pygame.QUIT)
    assert inside.records() == [(link.CLOSE, 0, 0, 0)] and not inside.window.running


def test_what_loses_data_is_asked_first(inside):
    for name, kind in (("reset", link.RESET), ("power_off", link.POWER_OFF)):
        inside.press(name)
        assert inside.records() == [] and inside.window.panel is not None
        inside.key_event(pygame.K_ESCAPE)
        assert inside.window.panel is None and inside.records() == []
        inside.press(name)
        inside.keys(4, -4)  # the guest gets no keys meanwhile
        inside.key_event(pygame.K_TAB)
        inside.key_event(pygame.K_RETURN)  # Cancel
        assert inside.records() == [] and inside.window.panel is None
        inside.press(name)
        inside.key_event(pygame.K_RETURN)
        assert inside.records() == [(kind, 0, 0, 0)]
        inside.press(name)
        inside.click(*inside.window.panel.rects[0].center)
        assert inside.records() == [(kind, 0, 0, 0)]


def test_toolbar_buttons(inside, monkeypatch, tmp_path):
    everything = link.HAS_CD | link.HAS_FLOPPY | link.HAS_POWER_BUTTON | link.HAS_SOUND
    inside.state(0)
    assert not {"mute", "choose_cd", "choose_floppy", "power_button"} & {c.name for c, _, _ in inside.window.toolbar.buttons}
    inside.state(everything)
    inside.picture(480, 640)
    inside.press("pause")
    inside.press("power_button")
    inside.press("copy_text")
    assert inside.records() == [(link.PAUSE, 0, 0, 0), (link.POWER_BUTTON, 0, 0, 0), (link.COPY, 0, 0, 0)]
    inside.press("ctrl_alt_delete")
    assert inside.records() == [key(CTRL, 1), key(ALT, 1), key(DELETE, 1), key(CTRL, 0), key(ALT, 0), key(DELETE, 0)]
    monkeypatch.setattr(inside.window, "clipboard_text", lambda: "typed {text}")
    inside.press("paste")
    assert inside.records() == [(link.PASTE, 0, 0, "typed {text}")]
    inside.state(everything | link.TYPING)
    inside.press("paste")
    assert inside.records() == [(link.STOP_TYPING, 0, 0, 0)]
    monkeypatch.chdir(tmp_path)
    inside.press("screenshot")
    saved = pygame.image.load(next(tmp_path.glob("emu-*.png")))
    assert (pygame.surfarray.array2d(saved.convert(32)).T & 0xFFFFFF == inside.picture(480, 640)).all()
    inside.window.sound = Player()
    inside.press("mute")
    inside.press("mute")
    assert inside.window.sound.log == [True, False]
    inside.press("menu")
    assert inside.window.panel is not None
    inside.send(pygame.MOUSEBUTTONDOWN, button=1, pos=(1, 1))
    assert inside.window.panel is None and inside.records() == []


class Player:
    def __init__(self):
        self.log = []

    def mute(self, on):
        self.log.append(on)


def test_every_command_in_the_menu_and_by_its_key(inside, monkeypatch):
    inside.state(link.HAS_CD | link.HAS_FLOPPY | link.HAS_POWER_BUTTON | link.HAS_SOUND)
    done = []
    for command in COMMANDS:
        monkeypatch.setattr(inside.window, command.name, lambda name=command.name: done.append(name))
    inside.keys(CTRL, ALT, *BY_KEY)
    assert done == [command.name for command in COMMANDS] and len(BY_KEY) == len(COMMANDS)
    inside.keys(-CTRL, -ALT)
    for n, command in enumerate(c for c in COMMANDS if c.name != "menu"):
        inside.window.open_panel(Menu(inside.window))
        for _ in range(n):
            inside.key_event(pygame.K_DOWN)
        inside.window.show()
        inside.key_event(pygame.K_RETURN)
        assert done[-1] == command.name and inside.window.panel is None


def test_narrow_toolbar_leaves_buttons_to_the_menu(inside):
    inside.state(link.HAS_CD | link.HAS_FLOPPY | link.HAS_POWER_BUTTON | link.HAS_SOUND)
    bar = inside.window.toolbar
    for width in (2000, 700, 500, 300, 150, 60):
        bar.layout(pygame.Rect(0, 0, width, 40))
        rects = sorted((rect for _, rect, _ in bar.buttons), key=lambda r: r.x)
        assert all(a.right <= b.x for a, b in zip(rects, rects[1:])) and (rects[-1].right <= width)
        assert "menu" in [c.name for c, _, _ in bar.buttons]
        bar.draw(inside.window.surface)
    assert len(bar.buttons) == 1


def test_dropped_file_goes_to_the_machine(inside, tmp_path):
    inside.send(pygame.DROPFILE, file=str(tmp_path / "some.iso"))
    assert inside.records() == [(link.INSERT, link.BY_CONTENT, 0, str(tmp_path / "some.iso"))]


def test_choosing_an_image(inside, tmp_path):
    (tmp_path / "discs").mkdir()
    for name in ("one.iso", "two.iso", "notes.txt"):
        (tmp_path / "discs" / name).write_bytes(b"x")
    inside.state(link.HAS_CD | link.HAS_FLOPPY)
    inside.window.folder = str(tmp_path)
    inside.press("choose_cd")
    panel = inside.window.panel
    inside.window.show()
    assert panel.lines == [("..", "up"), ("discs", "folder")] and panel.labels == ["Insert", "Cancel"]
    inside.key_event(pygame.K_DOWN)
    inside.key_event(pygame.K_RETURN)
    assert panel.lines == [("..", "up"), ("one.iso", "image"), ("two.iso", "image"), ("notes.txt", "file")]
    inside.send(pygame.TEXTINPUT, text="w")
    assert panel.lines == [("two.iso", "image")]
    inside.send(pygame.TEXTINPUT, text="x")
    assert panel.lines == []
    inside.window.show()
    inside.key_event(pygame.K_RETURN)
    inside.key_event(pygame.K_BACKSPACE)
    inside.key_event(pygame.K_RETURN)
    assert inside.records() == [(link.INSERT, link.CD, 0, str(tmp_path / "discs" / "two.iso"))] and inside.window.panel is None
    inside.window.media["floppy"] = str(tmp_path / "discs" / "one.iso")
    inside.press("choose_floppy")
    panel = inside.window.panel
    assert panel.labels == ["Insert", "Eject", "Cancel"] and panel.folder == str(tmp_path / "discs")
    inside.click(*panel.buttons[1].center)
    assert inside.records() == [(link.EJECT, link.FLOPPY, 0, 0)]
    inside.window.media["floppy"] = ""
    inside.press("choose_floppy")
    panel = inside.window.panel
    for _ in range(2):
        inside.click(panel.box.x + 50, panel.box.y + panel.look.px(4) + 2 * panel.row + 5)
    assert inside.records() == [(link.INSERT, link.FLOPPY, 0, str(tmp_path / "discs" / "two.iso"))]
    inside.press("choose_floppy")
    for character in str(tmp_path / "missing" / "x"):
        inside.send(pygame.TEXTINPUT, text=character)
    assert inside.window.panel.problem
    inside.window.show()
    inside.key_event(pygame.K_ESCAPE)
    assert inside.window.panel is None and inside.records() == []


def test_absolute_pointer(inside):
    inside.state(link.ABSOLUTE)
    inside.picture(400, 640)
    rect = inside.window.canvas.rect
    assert rect.size == (640, 400)
    inside.send(pygame.MOUSEMOTION, rel=(1, 1), pos=(rect.x + 5, rect.y + 6))
    inside.send(pygame.MOUSEMOTION, rel=(1, 1), pos=(rect.x + 639, rect.y + 399))
    inside.window._flush_motion()
    assert inside.records() == [(link.POINTER, 639, 399, 0)]
    inside.send(pygame.MOUSEBUTTONDOWN, button=1, pos=(rect.x + 10, rect.y))
    inside.send(pygame.MOUSEWHEEL, y=1)
    inside.send(pygame.MOUSEMOTION, rel=(1, 1), pos=(rect.x - 20, rect.y - 5))  # dragged out
    inside.window._flush_motion()
    inside.send(pygame.MOUSEBUTTONUP, button=1, pos=(rect.x - 20, rect.y - 5))
    assert inside.records() == [(link.POINTER, 10, 0, 1), (link.POINTER, 10, 0, 1 | -1 << 8), (link.POINTER, 0, 0, 1),
                                (link.POINTER, 0, 0, 0)]
    assert not inside.window.captured
    inside.keys(CTRL, ALT, 0x0A)
    assert inside.window.captured  # relative all the same, if wanted
    inside.state(0)
    assert not inside.window.captured


def test_picture_is_scaled_by_whole_numbers(inside):
    pixels = inside.picture()
    window = inside.window
    rect = window.canvas.rect
    assert rect.size == (150, 100)
    assert (inside.shown()[rect.y:rect.bottom, rect.x:rect.right] == pixels).all()
    bars = sum(window.bar_heights())
    window._open((600, 310 + bars))
    window.show()
    rect = window.canvas.rect
    assert rect.size == (450, 300) and window.canvas.area.contains(rect)
    assert (inside.shown()[rect.y:rect.bottom, rect.x:rect.right] == pixels.repeat(3, 0).repeat(3, 1)).all()
    pixels[40:42] ^= 0xFFFFFF
    inside.frame.write(pixels, 40, 42)
    window.update()  # draws these rows alone
    assert (inside.shown()[rect.y:rect.bottom, rect.x:rect.right] == pixels.repeat(3, 0).repeat(3, 1)).all()
    window.scaling()
    assert window.canvas.rect.size == (465, 310)
    window.show()
    window._open((560, 50 + bars))
    window.show()
    assert window.canvas.rect.size == (75, 50)
    assert window.canvas.pixel_at(*window.canvas.rect.center) == (74, 50)


def test_window_follows_the_picture_until_the_user_resizes_it(inside):
    window = inside.window
    window.desktop = (2000, 1500)
    bars = sum(window.bar_heights())
    inside.picture(600, 800)
    assert window.surface.get_size() == (800, 600 + bars)
    inside.picture(400, 640)
    assert window.surface.get_size() == (640, 400 + bars)
    inside.keys(CTRL, ALT, 0x1F, -0x1F, -ALT, -CTRL)  # twice the size
    assert window.surface.get_size() == (1280, 800 + bars)
    window.native.resize((900, 700), window.desktop)
    inside.send(pygame.VIDEORESIZE, size=(900, 700), w=900, h=700)
    inside.picture(480, 640)
    assert window.surface.get_size() == (900, 700)


def test_window_fits_small_screens(inside):
    window = inside.window
    for desktop in ((800, 600), (640, 480), (1024, 768)):
        window.desktop = desktop
        for picture in ((720, 400), (1024, 768), (1920, 1080), (320, 200)):
            for zoom in (1, 2, 4):
                width, height = window.window_size(picture, zoom)
                assert width <= desktop[0] and height <= desktop[1] - 32
    window.desktop = (1024, 768)
    assert window.window_size((320, 200), 2) == (640, 400 + sum(window.bar_heights()))


def test_full_screen_and_back(inside):
    window = inside.window
    inside.picture(400, 640)
    before = window.surface.get_size()
    inside.press("full_screen")
    inside.window.update()
    assert window.surface.get_size() == window.desktop == (1024, 768) and window.canvas.rect == (192, 184, 640, 400)
    assert not window.showing_bars()
    inside.send(pygame.MOUSEMOTION, rel=(0, 0), pos=(600, 0))
    assert window.showing_bars()
    window.update()
    assert window.canvas.rect == (192, 184, 640, 400)
    inside.send(pygame.MOUSEMOTION, rel=(0, 0), pos=(600, 300))
    assert not window.showing_bars()
    inside.keys(CTRL, ALT, 0x09)
    assert window.surface.get_size() == before


def test_lights_speed_and_notes(inside):
    window = inside.window
    inside.state(link.HAS_CD | link.HAS_DISK)
    header = inside.frame.header
    before = inside.shown()[window.status.rect.y:].copy()
    header[link.CD_USE] += 1
    header[link.LEDS] = 7
    header[link.MIPS], header[link.PERCENT] = 4321, 100
    window.update()
    assert window.status._shown[:3] == (("cd",), 7, "432 MIPS · 100 %")
    assert (inside.shown()[window.status.rect.y:] != before).any()
    time.sleep(0.16)
    window.update()
    assert window.status._shown[0] == ()
    window.inbox.append((link.NOTE, 1, 0, "it has no drive"))
    window.update()
    assert window.message() == ("warning", "it has no drive")
    inside.state(link.PAUSED)
    assert window.status._speed() == "Paused"


def test_hidden_window_rests(inside):
    inside.keys(4)
    inside.records()
    inside.send(pygame.WINDOWMINIMIZED)
    assert inside.records() == [key(4, 0)]
    before = inside.shown().copy()
    inside.frame.write(np.full((400, 720), 0x123456, np.uint32), 0, 400)
    inside.window.update()
    assert inside.window.hidden and (inside.shown() == before).all()
    inside.send(pygame.WINDOWRESTORED)
    inside.window.update()
    assert not inside.window.hidden and (inside.shown() != before).any()


def test_copied_text_goes_to_the_clipboard(inside, monkeypatch):
    copied = []
    monkeypatch.setattr(pygame.scrap, "put_text", copied.append, raising=False)
    inside.window.inbox += [(link.CLIPBOARD, 0, 0, "C:\\>dir\nC:\\>"), (link.CLIPBOARD, 0, 0, "")]
    inside.window.update()
    assert copied == ["C:\\>dir\nC:\\>"]
    assert inside.window.message()[0] == "warning"


def test_every_key_of_a_pc_keyboard_reaches_the_chip():
    usages = set(range(0x04, 0x66)) - {0x32} | {0x87, 0x88, 0x89, 0x8A, 0x8B} | set(range(0xE0, 0xE8)) | {0x46, 0x48}
    assert not usages - set(HID_USAGES)
    names = [HID_USAGES[usage] for usage in sorted(usages)]
    assert len(set(names)) == len(names)
    assert all(OTHER_KEYS[code] in HID_USAGES for code in OTHER_KEYS)


def test_rows_that_changed_while_nobody_looked(inside):
    window = inside.window
    pixels = inside.picture(200, 150)
    random = np.random.default_rng(3)
    for writes in (1, 2, 5, 15, 16, 17, 40):
        for _ in range(writes):
            first = int(random.integers(0, 190))
            pixels[first:first + 10] = random.integers(0, 1 << 24)
            inside.frame.write(pixels, first, first + 10)
        rows = window.canvas.take()
        assert rows == (0, 200) if writes > 16 else rows[1] - rows[0] >= 10
        shown = pygame.surfarray.array2d(window.canvas.picture).T
        assert (shown == pixels).all()
    assert window.canvas.take() is None


def test_a_half_written_frame_is_not_shown(inside):
    inside.frame.write(np.full((100, 150), 0x123456, np.uint32), 0, 100)
    inside.window.update()
    inside.frame.header[link.SEQUENCE] |= 1
    inside.frame.pixels(100, 150)[:] = 0
    inside.window.update()
    assert inside.window.canvas.picture.get_at((0, 0))[:3] == (0x12, 0x34, 0x56)


def test_viewer_writes_frames_and_forwards_input():
    machine = FakeMachine()
    with Viewer(machine) as viewer:
        assert viewer._process.poll() is None
        wait(lambda: viewer._frame.header[link.SEQUENCE], viewer)
        assert tuple(viewer._frame.header[link.WIDTH:link.HEIGHT + 1]) == (640, 400)
        machine.rig.poke(0xA0000, 15)
        wait(lambda: viewer._frame.pixels(400, 640)[1, 1] == 0x3CC369, viewer)
        viewer._events.extend([(link.KEY, 4, 1, 0), (link.MOUSE_MOVE, 1, -2, 3), (link.MOUSE_BUTTONS, 5, 0, 0),
                               (link.PAUSE, 0, 0, 0), (link.PAUSE, 0, 0, 0), (link.RESET, 0, 0, 0),
                               (link.POWER_BUTTON, 0, 0, 0), (link.POWER_OFF, 0, 0, 0)])
        viewer.poll()
        assert machine.log == [("key", 4, True), ("move", 1, -2, 3), ("buttons", 5), "pause", "resume", "reset",
                               "power button", "power off"]
        assert not viewer.closed
    viewer.close()
    assert viewer.closed and not viewer.failed


def test_viewer_tells_the_machines_state():
    machine = FakeMachine()
    with Viewer(machine) as viewer:
        sent = []
        viewer.send = lambda kind, a=0, b=0, c=0, text=None: sent.append((kind, a, b, text))
        machine.paused, machine.lock_lights, machine.instructions, machine.guest_ns = True, 5, 200_000_000, 10 ** 10
        viewer._measured = time.monotonic() - 2, 100_000_000, 9 * 10 ** 9
        wait(lambda: viewer._frame.header[link.MIPS], viewer)
        header = viewer._frame.header.copy()
        assert viewer._frame.state == link.PAUSED | link.HAS_CD | link.HAS_FLOPPY | link.HAS_POWER_BUTTON
        assert header[link.LEDS] == 5 and header[link.CD_USE] == 3
        assert 480 <= header[link.MIPS] <= 500 and 48 <= header[link.PERCENT] <= 50
        assert sent == [(link.MEDIUM, link.CD, 0, ""), (link.MEDIUM, link.FLOPPY, 0, "")]


def test_media_clipboard_and_pointer_through_the_viewer():
    machine = FakeMachine()
    with Viewer(machine) as viewer:
        sent = []
        viewer.send = lambda kind, a=0, b=0, c=0, text=None: sent.append((kind, a, b, text))
        machine.locked = True
        viewer._period = 0
        for record in ((link.INSERT, link.CD, 0, "/x/disc.iso"), (link.EJECT, link.CD, 0, 0), (link.EJECT, link.CD, 0, 0),
                       (link.INSERT, link.FLOPPY, 0, "/x/a.img"), (link.INSERT, link.BY_CONTENT, 0, "/x/song.mp3"),
                       (link.EJECT, link.FLOPPY, 0, 0), (link.COPY, 0, 0, 0), (link.PASTE, 0, 0, "aäb"),
                       (link.STOP_TYPING, 0, 0, 0), (link.POINTER, 7, 9, 2 | -1 << 8)):
            viewer._events.append(record)
            viewer.poll()
        told = [(kind, a, b, text) for kind, a, b, text in sent if kind == link.MEDIUM]
        assert told == [(link.MEDIUM, link.CD, 1, "/x/disc.iso"), (link.MEDIUM, link.FLOPPY, 0, ""), (link.MEDIUM, link.CD, 0, ""),
                        (link.MEDIUM, link.FLOPPY, 1, "/x/a.img"), (link.MEDIUM, link.FLOPPY, 0, "")]
        notes = [(warning, text) for kind, warning, _, text in sent if kind == link.NOTE]
        assert [warning for warning, _ in notes] == [0, 1, 0, 1, 1]
        assert notes[3][1] == "song.mp3 is no image" and notes[4][1].startswith("1 character left out")
        assert (link.CLIPBOARD, 0, 0, "first\nsecond") in sent
        assert machine.log == [("eject", False), ("eject", True), ("paste", "aäb"), "stop typing", ("pointer", 7, 9, 2, -1)]


def test_records_with_and_without_text():
    stream = io.BytesIO(link.pack(link.KEY, 4, 1) + link.pack(link.NOTE, 1, text="äöü") + link.pack(link.PASTE) + b"\1")
    assert [link.read(stream) for _ in range(4)] == [(link.KEY, 4, 1, 0), (link.NOTE, 1, 0, "äöü"), (link.PASTE, 0, 0, ""), None]


def test_a_viewer_that_does_not_read_holds_nothing_up():
    with Viewer(FakeMachine()) as viewer:
        os.kill(viewer._process.pid, signal.SIGSTOP)
        began = time.monotonic()
        for _ in range(100):
            viewer.send(link.CLIPBOARD, text="x" * 200_000)
        assert time.monotonic() - began < 5 and len(viewer._waiting) < 5 << 20
        os.kill(viewer._process.pid, signal.SIGCONT)


def test_machine_survives_the_window():
    viewer = Viewer(FakeMachine())
    wait(lambda: viewer.shown, viewer)
    viewer._process.kill()
    wait(lambda: viewer.closed, viewer)
    assert viewer.failed
    viewer.close()


def test_no_window_without_a_display(monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "nonsense")
    viewer = Viewer(FakeMachine())
    wait(lambda: viewer.closed, viewer)
    assert viewer.failed and not viewer.shown
    viewer.close()


def test_window_ends_with_the_machine(tmp_path):
    script = ("import sys, time; from fake_machine import FakeMachine; from emu.display.window import Viewer\n"
              "v = Viewer(FakeMachine()); print(v._process.pid, flush=True); time.sleep(60)")
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, env=environment, text=True,
                              cwd=tmp_path)
    pid = int(parent.stdout.readline())
    time.sleep(0.5)
    os.kill(pid, 0)
    parent.kill()
    parent.wait()

    def gone():
        try:
            with open(f"/proc/{pid}/stat") as file:
                return file.read().rsplit(")", 1)[1].split()[0] == "Z"  # nobody may be there to reap it
        except FileNotFoundError:
            return True

    wait(gone)
    parent.stdout.close()
