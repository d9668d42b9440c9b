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
from emu.display.window import Viewer  # noqa: E402
from emu.display.window_process import Window  # noqa: E402


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
        return [record for record in link.RECORD.iter_unpack(data)]

    def send(self, kind, **attributes):
        self.window.handle(pygame.event.Event(kind, **attributes))

    def keys(self, *usages):
        for usage in usages:
            self.send(pygame.KEYDOWN if usage > 0 else pygame.KEYUP, scancode=abs(usage))


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
    inside.send(pygame.MOUSEBUTTONDOWN, button=1)
    inside.send(pygame.MOUSEBUTTONDOWN, button=3)
    inside.keys(CTRL, 4)
    inside.records()
    inside.send(pygame.WINDOWFOCUSLOST)
    assert inside.records() == [key(4, 0), key(CTRL, 0), (link.MOUSE_BUTTONS, 0, 0, 0)]
    assert not inside.window.captured
    inside.keys(-4, -CTRL)
    assert inside.records() == []


def test_mouse_is_captured_by_a_click_and_released_by_ctrl_alt(inside):
    inside.send(pygame.MOUSEMOTION, rel=(3, 4))
    inside.send(pygame.MOUSEBUTTONDOWN, button=1)
    inside.send(pygame.MOUSEBUTTONUP, button=1)
    assert inside.records() == [] and inside.window.captured  # that click is the window's
    inside.send(pygame.MOUSEMOTION, rel=(3, -4))
    inside.send(pygame.MOUSEBUTTONDOWN, button=2)
    inside.send(pygame.MOUSEBUTTONUP, button=2)
    inside.send(pygame.MOUSEWHEEL, y=-1)
    assert inside.records() == [(link.MOUSE_MOVE, 3, -4, 0), (link.MOUSE_BUTTONS, 4, 0, 0),
                                (link.MOUSE_BUTTONS, 0, 0, 0), (link.MOUSE_MOVE, 0, 0, -1)]
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
    inside.keys(0x13, -0x13, 0x15, -0x15, 0x05, -0x05, 0x14, -0x14)
    assert [record[0] for record in inside.records()] == [link.PAUSE, link.RESET, link.POWER_BUTTON, link.POWER_OFF]
    inside.send(pygame.QUIT)
    assert inside.records() == [(link.CLOSE, 0, 0, 0)] and not inside.window.running


def test_picture_is_scaled_by_whole_numbers(inside):
    pixels = np.random.default_rng(0).integers(0, 1 << 24, (100, 150), np.uint32)
    inside.frame.write(pixels, 0, 100)
    window = inside.window
    window.update()
    assert window.surface.get_size() == (150, 100)
    shown = pygame.surfarray.array2d(window.surface).T & 0xFFFFFF
    assert (shown == pixels).all()
    window._resize((500, 310))
    window.show()
    shown = pygame.surfarray.array2d(window.surface).T & 0xFFFFFF
    assert (shown[5:305, 25:475] == pixels.repeat(3, 0).repeat(3, 1)).all()
    window._resize((75, 50))
    window.show()
    assert window.place().size == (75, 50)


def test_a_half_written_frame_is_not_shown(inside):
    inside.frame.write(np.full((100, 150), 0x123456, np.uint32), 0, 100)
    inside.window.update()
    inside.frame.header[link.SEQUENCE] |= 1
    inside.frame.pixels(100, 150)[:] = 0
    inside.window.update()
    assert inside.window.picture.get_at((0, 0))[:3] == (0x12, 0x34, 0x56)


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
