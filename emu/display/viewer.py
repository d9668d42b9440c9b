"""The machine's side of a viewer: frames and state go out through shared memory, input comes back on a pipe.

A viewer is a process of its own, so that it does not compete with the machine for the interpreter.  The window is one
(window.py); another names its own module, which is run with the frame's name and the title as arguments, writes records
to standard output and reads them from standard input (link.py).
"""
import os
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path

from emu.media.errors import MediaError

from . import link
from .render import Renderer

FRAME_SECONDS = 1 / 60
SPEED_SECONDS = 0.5
FORCE_SECONDS = 10  # a second eject within this time is done even if the guest has locked the drive
MOST_WAITING = 4 << 20  # bytes that a viewer which does not read may leave waiting


class Viewer:
    """A viewer in a process of its own.

    ``machine`` is a Machine: its vga, vram and vram_dirty are shown, and its public methods called.
    ``closed``: the viewer is gone; ``failed``: nobody closed it (no display, no pygame, or its process died);
    ``shown``: it was there.
    """

    module = None  # what a subclass runs
    arguments = ()
    descriptors = ()  # files that it inherits
    environment = {}  # of its process, where the user's has nothing to say

    def __init__(self, machine, title="emu", poll_seconds=FRAME_SECONDS):
        self.machine = machine
        machine.viewed = True
        self.closed = self.failed = self.shown = False
        self.renderer = Renderer(machine.vga, machine.vram, machine.vram_dirty)
        self._period = poll_seconds
        self._next = 0.0
        self._measured = time.monotonic(), machine.instructions, machine.guest_ns
        self._media = {}
        self._refused = {}  # drive -> when the guest was last asked to let go
        self._waiting = bytearray()
        self._frame = link.SharedFrame()
        self.before_start()
        self._events = deque()
        environment = {**self.environment, **os.environ}
        root = str(Path(__file__).resolve().parents[2])  # the child finds the same package
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (root, environment.get("PYTHONPATH"))))
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self.module, self._frame.name, title, *self.arguments],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, pass_fds=self.descriptors,
                start_new_session=True)  # Ctrl+C is ours
        except OSError:
            self.after_end()
            self._frame.close()
            raise
        os.set_blocking(self._process.stdin.fileno(), False)  # one that does not read must not hold the machine up
        self._reader = threading.Thread(target=self._read, name="viewer input", daemon=True)
        self._reader.start()

    def before_start(self):
        """What a kind of viewer shares with its process besides the frame."""

    def after_end(self):
        """Take that back."""

    def _read(self):
        """Thread: collect the viewer's records; its end (however it came) closes the viewer."""
        while (record := link.read(self._process.stdout)) is not None:
            self._events.append(record)
        self._events.append((link.CLOSE, 1, 0, 0))

    def send(self, kind, a=0, b=0, c=0, text=None):
        """A record for the viewer's process."""
        record = link.pack(kind, a, b, c, text)
        if len(self._waiting) + len(record) <= MOST_WAITING:
            self._waiting += record
        self._flush()

    def note(self, words, warning=False):
        """Tell the user something."""
        self.send(link.NOTE, int(warning), text=words)

    def _flush(self):
        if not self._waiting:
            return
        try:
            sent = os.write(self._process.stdin.fileno(), self._waiting)
        except BlockingIOError:
            return
        except (OSError, ValueError):  # it is gone; the reader finds out
            sent = len(self._waiting)
        del self._waiting[:sent]

    # -- the machine's state -------------------------------------------------------------------------------------

    def poll(self):
        """Called between slices of the machine: forward input, and at most 60 times a second show what changed."""
        self.forward()
        self.show()

    def forward(self):
        """Do what the user has done meanwhile."""
        while self._events:
            self._handle(*self._events.popleft())

    def show(self):
        """Show what changed, if it is time."""
        now = time.monotonic()
        if now < self._next or self.closed:
            return
        self._next = now + self._period
        self._tell_state(now)
        self.draw()
        self._flush()

    def draw(self):
        """Bring the shared frame up to date."""
        if self.renderer.update():
            pixels = self.renderer.pixels
            if pixels.size <= link.MAX_PIXELS:
                self._frame.write(pixels, *self.renderer.take_changes())

    def _tell_state(self, now):
        machine, header = self.machine, self._frame.header
        fitted = machine.fitted
        header[link.STATE] = sum(bit for bit, on in (
            (link.PAUSED, machine.paused), (link.ABSOLUTE, machine.pointer_absolute), (link.TYPING, machine.typing),
            (link.HAS_CD, "cdrom" in fitted), (link.HAS_FLOPPY, "floppy" in fitted), (link.HAS_DISK, "disk" in fitted),
            (link.HAS_NETWORK, "network" in fitted), (link.HAS_SOUND, "sound" in fitted),
            (link.HAS_POWER_BUTTON, "power_button" in fitted)) if on)
        header[link.LEDS] = machine.lock_lights
        uses = machine.activity()
        for word, name in ((link.CD_USE, "cdrom"), (link.FLOPPY_USE, "floppy"), (link.DISK_USE, "disk"),
                           (link.NETWORK_USE, "network")):
            header[word] = uses.get(name, 0) & 0xFFFFFFFF
        then, instructions, guest = self._measured
        if now - then >= SPEED_SECONDS:
            self._measured = now, machine.instructions, machine.guest_ns
            header[link.MIPS] = min(round((self._measured[1] - instructions) / (now - then) / 1e5), 0xFFFFFFFF)
            header[link.PERCENT] = min(round((self._measured[2] - guest) / (now - then) / 1e7), 0xFFFFFFFF)
        media = machine.media()
        for drive, name in ((link.CD, "cdrom"), (link.FLOPPY, "floppy")):
            if self._media.get(drive, "") != media.get(name):
                self._media[drive] = medium = media.get(name)
                self.send(link.MEDIUM, drive, int(medium is not None), text=medium or "")

    # -- what the user does --------------------------------------------------------------------------------------

    def _handle(self, kind, a, b, c):
        machine = self.machine
        if kind == link.KEY:
            machine.key(a, bool(b))
        elif kind == link.MOUSE_MOVE:
            machine.mouse_move(a, b, c)
        elif kind == link.MOUSE_BUTTONS:
            machine.mouse_buttons(a)
        elif kind == link.POINTER:
            machine.pointer(a, b, c & 0xFF, c >> 8)
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
        elif kind == link.COPY:
            self._copy()
        elif kind == link.PASTE:
            self._paste(c)
        elif kind == link.STOP_TYPING:
            machine.stop_typing()
        elif kind == link.INSERT:
            self._insert(a, c)
        elif kind == link.EJECT:
            self._eject(a)
        elif kind == link.SHOWN:
            self.shown = True
        elif kind == link.CLOSE:
            self.failed = not self.closed and bool(a)
            self.closed = True

    def _copy(self):
        rows = [row.rstrip() for row in self.machine.screen_text()]
        self.send(link.CLIPBOARD, text="\n".join(rows).rstrip("\n"))

    def _paste(self, text):
        left_out = self.machine.paste(text)
        if left_out:
            self.note(f"{left_out} character{'s' if left_out > 1 else ''} left out that the US keyboard does not have", True)

    def _insert(self, drive, path):
        insert = {link.CD: self.machine.insert_cdrom, link.FLOPPY: self.machine.insert_floppy}.get(drive, self.machine.insert)
        try:
            where = insert(path)
        except MediaError as error:
            self.note(f"{os.path.basename(path)} {error.what}", True)
        else:
            self.note(f"{os.path.basename(path)} is in the {'CD' if where == 'cdrom' else 'floppy'} drive")

    def _eject(self, drive):
        if drive == link.FLOPPY:
            self.machine.eject_floppy()
            return
        now = time.monotonic()
        force = now - self._refused.pop(drive, -FORCE_SECONDS) < FORCE_SECONDS
        if not self.machine.eject_cdrom(force):
            self._refused[drive] = now
            self.note("The guest has locked the tray and was asked to let go; eject again to force it", True)

    def close(self):
        """Close the viewer and give its memory back."""
        self.closed = True
        if self._frame is None:
            return
        try:
            self._process.stdin.close()  # the process ends with this pipe
        except OSError:
            pass
        try:
            self._process.wait(3)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(3)
        self._process.stdout.close()
        self.after_end()
        frame, self._frame = self._frame, None
        frame.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
