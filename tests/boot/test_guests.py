"""Real guests: what their users would see on the screen after starting them."""

import numpy
import pytest
from boots import Boot, check

from emu import Machine

pytestmark = [pytest.mark.boot, pytest.mark.native]

QUICK = [
    Boot("floppies/sanos.img", "/$", memory="32M"),
    Boot("floppies/bootrogue.img", "╔══", memory="4M", seconds=60),
    Boot("mikeos-4.6.1.iso", "Version 4.6.1", memory="4M",
         script=[("OK for the", "\n"), ("KEYBOARD.BIN", None)]),
]
SLOW = [
    Boot("floppies/floppinux-steve-0.2.4.img", "/root #", seconds=240),
    Boot("floppies/boote-linux-2.4.20.img", "Please press Enter to activate this console.", seconds=240),
]


@pytest.mark.parametrize("row", QUICK, ids=lambda row: row.name)
def test_guest(row, image):
    check(row, image)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("row", SLOW, ids=lambda row: row.name)
def test_slow_guest(row, image):
    check(row, image)


def machine(name, image, memory="16M"):
    row = Boot(name, "")
    return Machine(memory=memory, engine="native", nic="none", net="none", **row.medium(image(name)))


def differs(before, pc):
    """Has the picture changed since ``before``?"""
    now = pc.screenshot().array
    return now.shape != before.shape or bool((now != before).any())


def drag(pc, dx, dy, steps=20):
    """Move the mouse slowly, so that no guest accelerates it."""
    for n in range(steps):
        pc.mouse.move(dx * (n + 1) // steps - dx * n // steps, dy * (n + 1) // steps - dy * n // steps)
        pc.run_for(0.1)


def colours(pc):
    """The number of different colours on the screen."""
    return len(numpy.unique(pc.screenshot().array.reshape(-1, 3), axis=0))


def test_basic_in_a_boot_sector(image):
    """Types a program and runs it."""
    with machine("floppies/bootbasic.img", image) as pc:
        pc.wait_for_text(">", timeout=60)
        pc.type('10 print 6*7\nrun\n')
        pc.wait_for_text("42", timeout=60)


@pytest.mark.parametrize("name, size, least", [
    ("floppies/bootlogo.img", (320, 200), 3), ("floppies/invaders.img", (320, 200), 30),
    ("floppies/pillman.img", (320, 200), 6), ("floppies/floppybird.img", (320, 200), 8), ("floppies/tetros.img", None, 3),
], ids=lambda value: value if isinstance(value, str) else "")
def test_graphics(name, size, least, image):
    """A picture with some colours stands, two seconds after power-on at the latest."""
    with machine(name, image) as pc:
        while colours(pc) < least and pc.guest_seconds < 2:
            pc.run_for(0.2)
        assert colours(pc) >= least
        height, width, _ = pc.screenshot().array.shape
        assert size is None or (width % size[0], height % size[1]) == (0, 0)


def test_tetris_falls_and_follows_the_keys(image):
    """The timer makes the block fall, a key moves it."""
    with machine("floppies/tetros.img", image) as pc:
        pc.run_for(2)
        before = pc.screenshot().array.copy()
        pc.run_for(2)
        assert differs(before, pc)


CONTROL = 0xE0                  # HID usage of the left one

@pytest.mark.slow
@pytest.mark.parametrize("name, keys, least", [
    ("floppies/bootlogo.img", "fd 40\nrt 90\nfd 40\n", 50), ("floppies/pillman.img", "{left}", 100), ("floppies/floppybird.img", " ", 5000),
    ("floppies/tetros.img", "{left}{left}{up}", 500), ("floppies/invaders.img", CONTROL, 100),
], ids=lambda value: value if "img" in str(value) else "")
def test_played_by_keys(name, keys, least, image):
    """The same machine without the keys (typed, or one held) shows other pictures."""
    shown = []
    for played in (False, True):
        with machine(name, image) as pc:
            pc.run_for(3)
            if played and keys == CONTROL:
                pc.key(keys, True)
            elif played:
                pc.type(keys, escapes=True)
            pictures = []
            for tenths in range(35, 65, 5):
                while pc.guest_seconds < tenths / 10:
                    pc.run_for(0.05)
                pictures.append(pc.screenshot().array)
            shown.append(pictures)
    assert max((a != b).any(2).sum() for a, b in zip(*shown)) >= least


def test_a_game_under_dos(image):
    """A protected-mode or graphics program started by its name leaves the text screen."""
    with machine("floppies/freedos722.img", image) as pc:
        pc.wait_for_text("A:\\>", timeout=60)
        text = pc.screenshot().array.shape
        pc.type("snake\n")
        end = pc.guest_seconds + 4
        while (pc.screenshot().array.shape == text or colours(pc) < 3) and pc.guest_seconds < end:
            pc.run_for(0.2)
        assert pc.screenshot().array.shape != text
        assert colours(pc) >= 3


@pytest.mark.slow
def test_kolibrios_desktop(image):
    """800x600 in VESA mode, with its icons."""
    with machine("floppies/kolibrios-2014.img", image, memory="64M") as pc:
        assert pc.run(until=lambda: pc.guest_seconds > 18, timeout=280)
        shot = pc.screenshot().array
        assert shot.shape == (600, 800, 3) and colours(pc) > 100
        # The pointer starts in the middle and follows the mouse, without a button being taken for pressed.
        drag(pc, 200, -60)
        rows, columns = numpy.nonzero((pc.screenshot().array[:560] != shot[:560]).any(2))
        assert 230 <= rows.min() and rows.max() < 320 and 390 <= columns.min() and 600 <= columns.max() < 630
        before = pc.screenshot().array
        drag(pc, -494, -80)                     # CALC
        pc.mouse.click()
        pc.run_for(3)
        assert (pc.screenshot().array[210:370, 210:450] != before[210:370, 210:450]).any(2).mean() > 0.9
        before = pc.screenshot().array
        drag(pc, -71, 428)                      # MENU
        pc.mouse.click()
        pc.run_for(1)
        menu = pc.screenshot().array
        assert (menu[400:570, :100] != before[400:570, :100]).any(2).mean() > 0.3
        drag(pc, 0, -267)                       # Games
        pc.mouse.click()
        pc.run_for(1)
        drag(pc, 140, 0)
        drag(pc, 0, -65)                        # Pipes
        pc.mouse.click()
        pc.run_for(4)
        game = pc.screenshot().array
        assert (game[130:480, 120:570] != before[130:480, 120:570]).any(2).mean() > 0.9
