"""`--display vnc` with VNC viewers that others wrote: picture to the pixel, keys, password."""
import shutil
import subprocess
import time

import numpy as np
import pytest

from emu.display.rfb import auth
from viewed import viewed
from x_display import display  # noqa: F401

pygame = pytest.importorskip("pygame")

pytestmark = [pytest.mark.slow, pytest.mark.native, pytest.mark.timeout(300)]

PASSWORD_FILE_KEY = "\x17\x52\x6b\x06\x23\x4e\x58\x07"  # what TigerVNC hides the passwords in its files with


def need(program):
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"there is no {program}")


@pytest.fixture
def dos(image):
    """FreeDOS at its prompt."""
    with viewed(floppy=image("floppies/freedos722.img"), snapshot=True, clock="virtual", display="vnc=:0", display_password="secret") as made:
        made.wait_for_text("A:\\>", 120)
        yield made


@pytest.fixture
def password_file(tmp_path):
    path = tmp_path / "password"
    path.write_bytes(auth.expected(PASSWORD_FILE_KEY, b"secret".ljust(8, b"\0")))
    return path


class Tiger:
    """TigerVNC's viewer on a display, without decorations."""

    def __init__(self, display, port, password_file, *options):
        self.display = display
        self.process = subprocess.Popen(
            ["xtigervncviewer", "-display", display.name, "-PasswordFile", str(password_file), "-ReconnectOnError=0",
             "-RemoteResize=0", "-AlertOnFatalError=0", *options, f"127.0.0.1::{port}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def window(self):
        """The id of its window, once it is there; it gets the focus."""
        end = time.monotonic() + 30
        while True:
            done = subprocess.run(["xdotool", "search", "--onlyvisible", "--name", "emu - TigerVNC"], capture_output=True, text=True,
                                  env={"DISPLAY": self.display.name, "PATH": "/usr/bin:/bin"}, timeout=30)
            if done.stdout.split():
                found = done.stdout.split()[0]
                self.display.do("windowfocus", "--sync", found)
                return found
            assert time.monotonic() < end and self.process.poll() is None, "no viewer"
            time.sleep(0.1)

    def shows(self, wanted, levels=0, seconds=20):
        """Does the picture come to be in the window, each colour no more than so many levels off?"""
        self.display.do("mousemove", 1279, 1023)    # the display's own pointer is not part of the picture
        left, top, width, height = self.display.geometry(self.window())
        assert (height, width) == wanted.shape
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if distance(self.display.pixels()[top:top + height, left:left + width], wanted) <= levels:
                return True
            time.sleep(0.2)
        return False

    def close(self):
        self.process.kill()
        self.process.wait()


def distance(one, other):
    """The greatest difference of a colour between two pictures of the same size."""
    return max(int(np.abs((one >> shift & 255).astype(int) - (other >> shift & 255).astype(int)).max()) for shift in (0, 8, 16))


@need("xtigervncviewer")
@pytest.mark.parametrize("encoding", ("ZRLE", "Hextile", "Raw"))
def test_tigervnc(dos, display, password_file, encoding):  # noqa: F811
    viewer = Tiger(display, dos.port, password_file, "-AutoSelect=0", f"-PreferredEncoding={encoding}")
    try:
        assert viewer.shows(dos.still())
        dos.go_on()
        viewer.window()
        display.do("type", "--delay", 120, 'echo "He" {[(~!@#$^&*)]}?;\n')
        dos.wait_for_text('\n"He" {[(~!@#$^&*)]}?;')
        display.do("key", "--delay", 120, "F3", "BackSpace", "KP_Add")
        dos.wait_for_text("*)]}?+")
        assert viewer.shows(dos.still())
    finally:
        viewer.close()


@need("xtigervncviewer")
@pytest.mark.parametrize("level, colours", ((0, 2), (1, 4), (2, 4)))
def test_tigervnc_with_few_colours(dos, display, password_file, level, colours):  # noqa: F811
    """Of 8, 64 and 256 colours: two, four and at least four levels of each primary."""
    viewer = Tiger(display, dos.port, password_file, "-AutoSelect=0", "-FullColor=0", f"-LowColorLevel={level}")
    try:
        assert viewer.shows(dos.still(), 255 // (colours - 1) // 2 + 1)
    finally:
        viewer.close()


def picture_of(path):
    """An image file as (height, width) numbers 0x00RRGGBB."""
    colours = pygame.surfarray.array3d(pygame.image.load(str(path))).astype(np.uint32).transpose(1, 0, 2)
    return colours @ np.array((1 << 16, 1 << 8, 1), np.uint32)


@need("vncsnapshot")
def test_vncsnapshot(dos, password_file, tmp_path):
    wanted, path = dos.still(), tmp_path / "snapshot.jpg"
    subprocess.run(["vncsnapshot", "-quiet", "-quality", "100", "-passwd", str(password_file), f"127.0.0.1:{dos.port - 5900}",
                    str(path)], check=True, timeout=60, capture_output=True)
    assert distance(picture_of(path), wanted) < 60      # it writes JPEG


@need("gvnccapture")
def test_gvnccapture(image, tmp_path):
    with viewed(floppy=image("floppies/freedos722.img"), snapshot=True, clock="virtual", display="vnc=:0") as dos:
        dos.wait_for_text("A:\\>", 120)
        wanted, path = dos.still(), tmp_path / "capture.png"
        subprocess.run(["gvnccapture", "-q", f"127.0.0.1:{dos.port - 5900}", str(path)], check=True, timeout=60, capture_output=True)
        assert (picture_of(path) == wanted).all()
