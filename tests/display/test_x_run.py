"""``emu run`` with its window on an X server: the demonstration CD, seen, typed at, closed and cut off."""
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from x_display import display  # noqa: F401

pygame = pytest.importorskip("pygame")

from emu.display import theme  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.native, pytest.mark.skipif(sys.platform != "linux", reason="needs X")]
ROOT = Path(__file__).parents[2]
SECONDS = 120


class Run:
    """An ``emu run`` in a folder of its own."""

    def __init__(self, display, folder, *options):  # noqa: F811
        self.display, self.folder = display, folder
        environment = {name: value for name, value in os.environ.items() if name not in ("SDL_VIDEODRIVER", "WAYLAND_DISPLAY")}
        environment.update(DISPLAY=display.name, EMU_UI_SCALE="1", PYTHONPATH=str(ROOT))
        self.process = subprocess.Popen([sys.executable, "-m", "emu", "run", "--display", "window", *options], cwd=folder,
                                        env=environment, stderr=subprocess.PIPE, text=True)
        self.window = display.window()

    def wait(self, condition):
        """Until something is so."""
        end = time.monotonic() + SECONDS
        while not condition():
            assert time.monotonic() < end and self.process.poll() is None
            time.sleep(0.1)

    def type_until(self, key, condition):
        """The same, typing a key until the guest listens."""
        def typed():
            self.display.do("key", key)
            time.sleep(1.5)
            return condition()
        self.wait(typed)

    def picture(self):
        """What of the screen is the guest's, in a window that has its size."""
        x, y, width, height = self.display.geometry(self.window)
        return self.display.pixels()[y + theme.TOOLBAR:y + height - theme.STATUS, x:x + width]

    def end(self):
        """(exit code, standard error)."""
        err = self.process.communicate(timeout=SECONDS)[1]
        return self.process.returncode, err


@pytest.fixture
def started(display, tmp_path):  # noqa: F811
    """start(*options): a Run, ended at the latest with the test."""
    runs = []

    def start(*options):
        folder = tmp_path / "run"
        folder.mkdir()
        runs.append(Run(display, folder, *options))
        return runs[-1]

    yield start
    for run in runs:
        if run.process.poll() is None:
            run.process.kill()
        run.process.communicate()


def image(path):
    """A PNG's pixels as 0x00RRGGBB."""
    rgb = pygame.surfarray.array3d(pygame.image.load(str(path))).astype(np.uint32)
    return (rgb[..., 0] << 16 | rgb[..., 1] << 8 | rgb[..., 2]).T


def test_demonstration_cd(started, display, tmp_path):  # noqa: F811
    run = started("--screenshot", "end.png", "--stats")
    run.wait(lambda: display.geometry(run.window)[2:] == (800, 600 + theme.TOOLBAR + theme.STATUS))
    run.wait(lambda: len(np.unique(run.picture())) > 20)
    before = run.picture().copy()
    display.do("mousemove", 0, 0)
    run.type_until("F6", lambda: (run.picture() != before).mean() > 0.1)     # another page
    display.do("key", "ctrl+alt+p")
    run.wait(lambda: "paused" in display.do("getwindowname", run.window))
    time.sleep(0.5)
    shown = run.picture().copy()
    display.do("key", "ctrl+alt+s")
    run.wait(lambda: list(run.folder.glob("emu-*.png")))
    time.sleep(0.5)
    display.ask_to_close(run.window)
    code, err = run.end()
    assert code == 0 and '"exit": 0' in err
    assert (image(run.folder / "end.png") == shown).all()             # the frame, pixel for pixel
    assert (image(next(run.folder.glob("emu-*.png"))) == shown).all()


def test_guest_switches_itself_off(started, display):  # noqa: F811
    run = started()
    run.wait(lambda: display.geometry(run.window)[2] == 800)
    for _ in range(20):
        if run.process.poll() is None:
            subprocess.run(["xdotool", "key", "F10"], env={"DISPLAY": display.name, "PATH": os.environ["PATH"]}, check=False)
            time.sleep(2)
    assert run.end()[0] == 0


def test_display_goes_away(started, display):  # noqa: F811
    run = started()
    run.wait(lambda: display.geometry(run.window)[2] == 800)
    display.server.kill()
    code, err = run.end()
    assert code == 0 and "the window's display is gone" in err and "could not be shown" not in err


def test_window_is_killed(started, display):  # noqa: F811
    """As xkill does it."""
    run = started()
    run.wait(lambda: display.geometry(run.window)[2] == 800)
    display.do("windowkill", run.window)
    code, err = run.end()
    assert code == 0 and "the window's display is gone" in err
