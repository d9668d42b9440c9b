"""A display of the tests' own (Xvfb), its pixels, and the user's hands (xdotool)."""
import os
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest

HEADER_WORDS = 25  # of an XWD file, big-endian


class Display:
    """An X server without a window manager; it stays as it is between xdotool's leaving and the next client (-noreset)."""

    def __init__(self, folder, size=(1280, 1024)):
        self.folder = folder
        self.server = subprocess.Popen(
            ["Xvfb", "-displayfd", "1", "-screen", "0", f"{size[0]}x{size[1]}x24", "-fbdir", str(folder), "-nolisten", "tcp", "-noreset"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.name = ":" + self.server.stdout.readline().decode().strip()

    def pixels(self):
        """The screen as 0x00RRGGBB, one row after another."""
        data = (self.folder / "Xvfb_screen0").read_bytes()
        words = np.frombuffer(data, ">u4", HEADER_WORDS)
        width, height, stride = int(words[4]), int(words[5]), int(words[12])
        at = int(words[0]) + 12 * int(words[19])
        screen = np.frombuffer(data, "<u4", stride // 4 * height, at).reshape(height, stride // 4)
        return screen[:, :width] & 0xFFFFFF

    def do(self, *words):
        """xdotool."""
        done = subprocess.run(["xdotool", *map(str, words)], env={"DISPLAY": self.name, "PATH": "/usr/bin:/bin"},
                              capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def window(self):
        """The window's id, once it is there and has the focus."""
        end = time.monotonic() + 60
        while True:
            done = subprocess.run(["xdotool", "search", "--onlyvisible", "--class", "^emu$"], capture_output=True, text=True,
                                  env={"DISPLAY": self.name, "PATH": "/usr/bin:/bin"}, timeout=30)
            if done.stdout.split():
                found = done.stdout.split()[0]
                self.do("windowfocus", "--sync", found)
                return found
            assert time.monotonic() < end, "no window"
            time.sleep(0.1)

    def geometry(self, window):
        """(x, y, width, height)."""
        values = dict(line.split("=") for line in self.do("getwindowgeometry", "--shell", window).split())
        return tuple(int(values[name]) for name in ("X", "Y", "WIDTH", "HEIGHT"))

    def ask_to_close(self, window):
        """What a window manager's close button does: WM_DELETE_WINDOW."""
        program = ("import sys, ctypes as c\n"
                   "x = c.CDLL('libX11.so.6'); L, P = c.c_long, c.c_void_p\n"
                   "x.XOpenDisplay.restype = P; x.XInternAtom.restype = c.c_ulong; x.XInternAtom.argtypes = [P, c.c_char_p, c.c_int]\n"
                   "d = x.XOpenDisplay(None); w = int(sys.argv[1])\n"
                   "atom = lambda name: x.XInternAtom(d, name, 0)\n"
                   "event = (L * 24)(33, 0, 0, 0, w, atom(b'WM_PROTOCOLS'), 32, atom(b'WM_DELETE_WINDOW'), 0)\n"
                   "x.XSendEvent.argtypes = [P, c.c_ulong, c.c_int, L, P]; x.XSendEvent(d, w, 0, 0, event)\n"
                   "x.XCloseDisplay.argtypes = [P]; x.XCloseDisplay(d)\n")
        subprocess.run([sys.executable, "-c", program, window], env={**os.environ, "DISPLAY": self.name}, check=True, timeout=30)

    def close(self):
        """Switch it off."""
        self.server.kill()
        self.server.wait()
        self.server.stdout.close()


@pytest.fixture
def display(tmp_path):
    """A Display."""
    for program in ("Xvfb", "xdotool"):
        if not shutil.which(program):
            pytest.skip(f"needs {program}")
    made = Display(tmp_path)
    yield made
    made.close()
