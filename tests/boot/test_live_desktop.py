"""The live CD's desktop by keys and mouse: the graphical login, the menu, a program, a window dragged."""

import numpy as np
import pytest
from boots import SEABIOS, Boot
from data import absent

from emu import Machine

pytestmark = [pytest.mark.boot, pytest.mark.native, pytest.mark.heavy]

GREY = (0xAD, 0xAA, 0xAD)       # the desktop


def machine(image, **settings):
    return Machine(memory="256M", nic="none", net="none", **Boot("debian-live-desktop.iso", "").medium(image("debian-live-desktop.iso")), **settings)


def boot(pc, entry):
    pc.wait_for_text("Automatic boot in", timeout=100)
    pc.type("\\e", escapes=True)
    pc.wait_for_text("boot:", timeout=100)
    pc.type(entry + "\n")


def picture(pc):
    return pc.screenshot().array.astype(int)


def wait_for(pc, seen, seconds):
    """Until ``seen(picture)``, in guest seconds."""
    end = pc.guest_seconds + seconds
    while not seen(picture(pc)):
        assert pc.guest_seconds < end, "not seen"
        pc.run_for(2)
    pc.run_for(2)


def settles(pc, seconds):
    """Until nothing has changed for four seconds."""
    end, before = pc.guest_seconds + seconds, None
    while pc.guest_seconds < end:
        pc.run_for(4)
        now = picture(pc)
        if before is not None and now.shape == before.shape and (now != before).any(2).sum() < 200:
            return
        before = now


def drag(pc, dx, dy):
    """In small steps, which X does not accelerate."""
    steps = max(abs(dx), abs(dy)) // 4 + 1
    for n in range(steps):
        pc.mouse.move(dx * (n + 1) // steps - dx * n // steps, dy * (n + 1) // steps - dy * n // steps)
        pc.run_for(0.03)
    pc.run_for(0.5)


def share(picture, colour, tolerance=6):
    return (abs(picture - colour) <= tolerance).all(2).mean()


@pytest.mark.timeout(3000)
def test_login_menu_program_and_dragged_window(image):
    with machine(image) as pc:
        boot(pc, "login")
        wait_for(pc, lambda p: p.shape == (768, 1024, 3) and share(p[154:468, 97:932], (0xBE,) * 3) > 0.6, 600)    # the greeter
        pc.run_for(5)
        greeter = picture(pc)
        pc.type("live\n")
        pc.run_for(3)
        assert (picture(pc) != greeter)[262:340, 160:650].any(2).sum() > 200       # the name, and the field for the password
        pc.type("live\n")
        wait_for(pc, lambda p: share(p[350:460, 10:500], GREY) > 0.9 and share(p[90:320, 12:625], (255,) * 3) > 0.8, 400)
        settles(pc, 100)
        before = picture(pc)
        drag(pc, -200, 160)
        pc.mouse.click(2)
        settles(pc, 30)
        menu = (picture(pc) != before).any(2)[534:712, 242:383]
        assert menu.mean() > 0.9
        drag(pc, -30, 22)                       # Terminal
        pc.mouse.click()
        wait_for(pc, lambda p: share(p[380:680, 10:480], (255,) * 3) > 0.95, 200)
        terminal = picture(pc)
        pc.type("ls /\n")
        settles(pc, 30)
        assert (picture(pc) != terminal)[380:440, 5:480].any(2).sum() > 300        # what was typed, and the answer
        drag(pc, 943 - 282, 21 - 566)           # the clock's title
        before = picture(pc)
        pc.mouse_buttons(1)
        pc.run_for(0.3)
        drag(pc, -240, 300)
        pc.mouse_buttons(0)
        settles(pc, 30)
        after = picture(pc)
        assert share(after[10:162, 893:1013], GREY) > 0.98                         # where it was
        assert (abs(after[335:455, 655:770] - before[35:155, 895:1010]) <= 6).all(2).mean() > 0.9


@pytest.mark.timeout(3000)
@pytest.mark.parametrize("rom", ["ours", "seabios"])
@pytest.mark.parametrize("entry, size", [("auto", (768, 1024, 3)), ("auto800", (600, 800, 3)), ("vesa", (768, 1024, 3))])
def test_automatic_login(entry, size, rom, image):
    """X on Linux's frame buffer in both sizes, and by the VGA BIOS that X interprets."""
    other = SEABIOS / "vgabios-stdvga.bin"
    if rom == "seabios" and not other.is_file():
        absent("SeaBIOS's VGA BIOS (Debian: package seabios)")
    with machine(image, **({"vga_bios": other} if rom == "seabios" else {})) as pc:
        boot(pc, entry)
        # Its DESKTOP-READY is lost where getty has COM1 before X is up, under QEMU as well.
        wait_for(pc, lambda p: p.shape == size and share(p, GREY) > 0.15 and share(p[90:280, 12:625], (255,) * 3) > 0.8, 500)
        assert len(np.unique(picture(pc).reshape(-1, 3), axis=0)) > 50
