"""`--display vnc` whole: the process, its settings, and the command line."""
import re
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from emu.display import link, remote
from emu.display.pointer import BEYOND, PointerFollower
from emu.machine.config import ConfigError, MachineConfig, parse_display
from fake_machine import FakeMachine
from rfb_client import DESKTOP_SIZE, RAW, Client
from test_rfb_session import answer


def viewer(machine, display="vnc=:0", **fields):
    kind, listener, *rest = remote.prepare(MachineConfig.make(display=display, **fields))
    port = listener.getsockname()[1]
    return remote.RemoteViewer(machine, kind, listener, *rest), port


def poll_until(viewer, condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end and not viewer.failed
        viewer.poll()
        time.sleep(0.002)


class Polled:
    """Does something that blocks, such as reading from the viewer, while another thread plays the machine."""

    def __init__(self, viewer):
        self.viewer, self.running = viewer, True
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        while self.running:
            self.viewer.poll()
            time.sleep(0.002)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.running = False
        self.thread.join()


def test_the_process_shows_the_machine_and_brings_input_back():
    machine = FakeMachine()
    shown, port = viewer(machine, display_password="pass")
    with shown:
        with Polled(shown), Client(port, answer=answer("pass")) as client:
            assert client.name == "emu" and client.picture.shape == (400, 640)  # as the guest has it, from the start
            machine.rig.poke(0xA0000, 15)
            client.set_encodings(RAW, DESKTOP_SIZE)
            assert client.fetch()[1, 1] == 0x3CC369
            client.key(0xFF0D, True)
            client.key(0xFF0D, False)
            client.send(b"\xfa\0\1\4")
            end = time.monotonic() + 10
            while machine.log[-1:] != ["reset"]:
                assert time.monotonic() < end
                time.sleep(0.01)
            assert machine.log == [("key", 0x28, True), ("key", 0x28, False), "reset"]
            machine.pointer_absolute = True
            client.point(7, 8, 4)
            while machine.log[-1:] != [("pointer", 7, 8, 2, 0)]:
                assert time.monotonic() < end
                time.sleep(0.01)
        poll_until(shown, lambda: shown.watchers == 0)
        drawn = int(shown._frame.header[link.SEQUENCE])
        machine.rig.poke(0xA0000, 1)
        for _ in range(20):
            shown.poll()
            time.sleep(0.002)
        assert shown._frame.header[link.SEQUENCE] == drawn  # nobody looks
    assert shown.closed and not shown.failed


def test_the_run_outlives_the_process():
    shown, _ = viewer(FakeMachine())
    poll_until(shown, lambda: shown.shown)
    shown._process.kill()
    while not shown.closed:
        shown.poll()
        time.sleep(0.01)
    assert shown.failed and shown.outlived
    shown.close()


@pytest.mark.parametrize("text, wanted", (
    ("vnc", ("127.0.0.1", 5900)), ("web", ("127.0.0.1", 6080)), ("vnc=5901", ("127.0.0.1", 5901)), ("vnc=:5901", ("127.0.0.1", 5901)),
    ("vnc=10.0.0.1", ("10.0.0.1", 5900)), ("vnc=host:1", ("host", 1)), ("web=[::1]:80", ("::1", 80)), ("web=[::]", ("::", 6080)),
))
def test_addresses(text, wanted):
    assert parse_display(text) == (text[:3], wanted)


@pytest.mark.parametrize("text", ("vnc=", "vnc=:", "vnc=host:", "vnc=host:99999", "vnc=host:x", "vnc=::1", "vnc=a:b:1", "window=1", "x"))
def test_no_addresses(text):
    with pytest.raises(ConfigError):
        parse_display(text)


def test_what_cannot_be_served_is_said():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with pytest.raises(ConfigError, match="cannot listen .* in use"):
            viewer(None, f"vnc=:{taken.getsockname()[1]}")
    with pytest.raises(ConfigError, match="needs --display-password"):
        viewer(None, "vnc=0.0.0.0:0")
    with pytest.raises(ConfigError, match="no address"):
        viewer(None, "vnc=host.invalid:1")
    with pytest.raises(ConfigError, match="1 to 8"):
        viewer(None, "vnc=:0", display_password="ninechars")
    with pytest.raises(ConfigError, match="only a vnc or web"):
        viewer(None, "none", display_password="x")


@contextmanager
def run(*options):
    process = subprocess.Popen([sys.executable, "-m", "emu", "run", "--engine", "python", *options], stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def command_line(path):
    try:
        return path.read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return None


@pytest.mark.slow
def test_the_command(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("pass\nmore\n")
    with run("--display", "vnc=:0", "--display-password-file", str(secret), "--timeout", "60") as emu:
        line = emu.stderr.readline()
        port = int(re.fullmatch(r"emu run: the screen is at VNC on 127\.0\.0\.1:(\d+)\n", line)[1])
        with Client(port, answer=answer("pass")) as client:
            assert client.picture.size
            lines = [line for path in Path("/proc").glob("[0-9]*/cmdline") if (line := command_line(path))]
            assert any("emu.display.remote_process" in line for line in lines)
            assert not any("pass" in line for line in lines)
        emu.terminate()
        assert emu.wait(10) == 143
    for options, words in ((("--display", f"vnc=:{port}", "--display-password", "a", "--display-password-file", "b"), "one of them"),
                           (("--display", "vnc", "--display-password-file", str(tmp_path)), "cannot be read")):
        with run(*options) as emu:
            said = emu.stderr.read()
            assert emu.wait(10) == 2 and words in said and said.count("\n") == 1


# -- the pointer of a guest that has a mouse ---------------------------------------------------------------------------


class Guest:
    """A guest with a pointer that it draws; ``speed(counts, rested)`` is how far it goes."""

    def __init__(self, width, height, speed=lambda counts, rested: counts):
        self.width, self.height, self.speed = width, height, speed
        self.at, self.held, self.log = [width // 2, height // 2], 0, []
        self.mouse_heard, self.mouse_idle, self.guest_ns, self.drawn = True, True, 0, True
        self.moved = 0
        self.follower = PointerFollower(self, self.look)

    def mouse_move(self, dx, dy, wheel=0):
        assert max(abs(dx), abs(dy)) <= 255
        rested = self.guest_ns - self.moved > 100_000_000
        self.moved = self.guest_ns
        for axis, (count, side) in enumerate(((dx, self.width), (dy, self.height))):
            self.at[axis] = max(0, min(side - 1, self.at[axis] + self.speed(count, rested)))
        if wheel:
            self.log.append(("wheel", wheel, *self.at))

    def mouse_buttons(self, mask):
        if mask != self.held:
            self.held = mask
            self.log.append((mask, *self.at))

    def look(self, side):
        picture = np.zeros((self.height, self.width), np.uint32)
        x, y = (int(place) for place in self.at)
        if self.drawn:
            picture[y:y + 16, x:x + 11] = 1
        return picture[:side, :side]

    def go(self, *position):
        self.follower.go(*position)
        self.settle()

    def settle(self):
        for _ in range(1500):
            self.guest_ns += 10_000_000
            self.follower.advance(self.height, self.width)


SPEEDS = {"as it is": lambda counts, rested: counts, "doubled": lambda counts, rested: 2 * counts,
          "halved": lambda counts, rested: counts / 2, "odd": lambda counts, rested: counts * 1.1,
          "accelerated": lambda counts, rested: counts * (2 if abs(counts) > 4 else 1),
          "slower after a rest": lambda counts, rested: counts * (1 if rested else 2)}


@pytest.mark.parametrize("speed", SPEEDS)
def test_the_pointer_gets_there(speed):
    guest = Guest(1024, 768, SPEEDS[speed])
    for place in ((300, 200), (1023, 10), (0, 767), (512, 400)):
        for n in range(3):
            guest.follower.go(*place, n & 1, 0)
        guest.go(*place, 0, -1)
        assert [entry[:-2] for entry in guest.log] == [(1,), (0,), ("wheel", -1)]
        assert all(abs(at - to) <= 3 for entry in guest.log for at, to in zip(entry[-2:], place)), (place, guest.log)
        guest.log.clear()


def test_edges_bring_the_pointer_back():
    guest = Guest(1024, 768)
    guest.go(100, 100, 0, 0)
    for x, y, wrong in ((0, 0, (5, 5)), (40, 50, None), (1023, 300, (BEYOND + 700, 50)), (40, 50, None)):
        guest.at = list(wrong or guest.at)
        guest.go(x, y, 0, 0)
    assert guest.at == [40, 50]


def test_a_pointer_that_is_not_seen_goes_by_counts():
    guest = Guest(640, 480)
    guest.drawn = False
    guest.go(300, 200, 1, 0)
    assert guest.at == [300, 200] and guest.log == [(1, 300, 200)]


def test_the_pointer_waits_for_the_guest():
    guest = Guest(640, 480)
    guest.mouse_heard = False
    guest.go(5, 5, 1, 0)
    assert guest.log == [(1, 320, 240)] and guest.at == [320, 240]
    guest.mouse_heard, guest.mouse_idle = True, False
    for n in range(1000):
        guest.follower.go(n % 640, 7, n & 1, 0)
    guest.settle()
    assert guest.at == [320, 240] and len(guest.follower._waiting) <= 64
    guest.mouse_idle = True
    guest.settle()
    assert guest.at == [999 % 640, 7] and guest.held == 1
    guest.follower.forget()
    guest.at = [9, 9]
    guest.go(20, 30, 0, 0)
    assert guest.at == [20, 30]
    guest.width, guest.height, guest.at = 800, 600, [400, 300]     # a new mode: the guest puts its pointer anywhere
    guest.go(50, 60, 1, 0)
    assert guest.at == [50, 60]
