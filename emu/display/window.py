"""The machine's side of its window: frames go out through shared memory, input comes back on a pipe."""
import os
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path

from . import link
from .render import Renderer

FRAME_SECONDS = 1 / 60


class Viewer:
    """A window in a process of its own.

    ``machine`` has vga, vram, vram_dirty; key(hid_usage, pressed), mouse_move(dx, dy, wheel), mouse_buttons(mask) with
    bit 0 left, 1 right, 2 middle; pause(), resume(), reset(), press_power_button(), power_off(); paused.
    ``closed``: the window is gone; ``failed``: nobody closed it (no display, no pygame, or its process died);
    ``shown``: it was there.
    """

    def __init__(self, machine, title="emu", poll_seconds=FRAME_SECONDS):
        self.machine = machine
        machine.viewed = True
        self.closed = self.failed = self.shown = False
        self.renderer = Renderer(machine.vga, machine.vram, machine.vram_dirty)
        self._period = poll_seconds
        self._next = 0.0
        self._frame = link.SharedFrame()
        self._events = deque()
        environment = dict(os.environ, PYGAME_HIDE_SUPPORT_PROMPT="1")
        root = str(Path(__file__).resolve().parents[2])  # the child finds the same package
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (root, environment.get("PYTHONPATH"))))
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "emu.display.window_process", self._frame.name, title],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, start_new_session=True)  # Ctrl+C is ours
        except OSError:
            self._frame.close()
            raise
        self._reader = threading.Thread(target=self._read, name="window input", daemon=True)
        self._reader.start()

    def _read(self):
        """Thread: collect the window's records; its end (however it came) closes the viewer."""
        pipe = self._process.stdout
        while True:
            record = pipe.read(link.RECORD.size)
            if len(record) < link.RECORD.size:
                break
            self._events.append(link.RECORD.unpack(record))
        self._events.append((link.CLOSE, 1, 0, 0))

    def poll(self):
        """Called between slices of the machine: forward input, and at most 60 times a second show what changed."""
        while self._events:
            self._handle(*self._events.popleft())
        now = time.monotonic()
        if now < self._next or self.closed:
            return
        self._next = now + self._period
        self._frame.header[link.PAUSED] = bool(self.machine.paused)
        if self.renderer.update():
            pixels = self.renderer.pixels
            if pixels.size <= link.MAX_PIXELS:
                self._frame.write(pixels, *self.renderer.take_changes())

    def _handle(self, kind, a, b, c):
        machine = self.machine
        if kind == link.KEY:
            machine.key(a, bool(b))
        elif kind == link.MOUSE_MOVE:
            machine.mouse_move(a, b, c)
        elif kind == link.MOUSE_BUTTONS:
            machine.mouse_buttons(a)
        elif kind == link.PAUSE:
            if machine.paused:
                machine.resume()
            else:
                machine.pause()
        elif kind == link.RESET:
            machine.reset()
        elif kind == link.POWER_BUTTON:
            machine.press_power_button()
        elif kind == link.POWER_OFF:
            machine.power_off()
        elif kind == link.SHOWN:
            self.shown = True
        elif kind == link.CLOSE:
            self.failed = not self.closed and bool(a)
            self.closed = True

    def close(self):
        """Close the window and give its memory back."""
        self.closed = True
        if self._frame is None:
            return
        try:
            self._process.stdin.close()  # the window process ends with this pipe
        except OSError:
            pass
        try:
            self._process.wait(3)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(3)
        self._process.stdout.close()
        frame, self._frame = self._frame, None
        frame.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
