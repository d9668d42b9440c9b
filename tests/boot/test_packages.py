"""What Debian packages bring that boots: the GRUB rescue CD, memdisk, memtest86+ (skipped where they are not installed)."""

from pathlib import Path

import numpy as np
import pytest

from emu import Machine
from emu.display.screenshot import png
from emu.media.iso_writer import IsoWriter

pytestmark = [pytest.mark.boot, pytest.mark.native]
SETTINGS = {"engine": "native", "nic": "none", "net": "none"}


def package(path, name):
    if not Path(path).is_file():
        pytest.skip(f"{path} is not there (Debian: package {name})")
    return path


def test_grub_lists_its_cd():
    """Reads the CD through INT 13h, and changes between real and protected mode for every key."""
    with Machine(cdrom=package("/usr/lib/grub-rescue/grub-rescue-cdrom.iso", "grub-rescue-pc"), **SETTINGS) as pc:
        pc.wait_for_text("GNU/Linux", timeout=120)
        pc.type("c")
        pc.wait_for_text("grub>", timeout=60)
        pc.type("ls (cd)/boot/grub\n")
        pc.wait_for_text("grub.cfg", timeout=120)


def test_memdisk_starts_a_floppy(image):
    """It hooks INT 13h and moves a disk image above 1 MiB by INT 15h."""
    memdisk = package("/usr/lib/syslinux/memdisk", "syslinux-common")
    with Machine(kernel=memdisk, initrd=image("floppies/freedos722.img"), memory="64M", **SETTINGS) as pc:
        pc.wait_for_text("A:\\>", timeout=120)


@pytest.mark.slow
@pytest.mark.heavy
@pytest.mark.timeout(1800)
def test_memtest_passes():
    """A whole pass over 16 MiB, without an error."""
    with Machine(kernel=package("/boot/memtest86+ia32.bin", "memtest86+"), memory="16M", **SETTINGS) as pc:
        pc.wait_for_text("Pass:  1        Errors: 0", timeout=1700)


VESAMENU = """UI vesamenu.c32
MENU TITLE Choose a system
MENU BACKGROUND back.png
LABEL one
  MENU LABEL First system
  COM32 reboot.c32
LABEL two
  MENU LABEL ^Second system, with options
  COM32 reboot.c32
"""


@pytest.mark.slow
def test_isolinux_menu_on_a_picture(tmp_path):
    """vesamenu: a VESA mode, a picture as background, letters that let it through and cast a shadow; keys move the bar."""
    modules = Path("/usr/lib/syslinux/modules/bios")
    package(modules / "vesamenu.c32", "syslinux-common")
    y, x = np.mgrid[0:480, 0:640]
    back = np.stack((x // 5 + 40, y // 5 + 30, 160 - x // 8), axis=2).astype(np.uint8)
    cd = IsoWriter("MENU")
    cd.add_boot("isolinux/isolinux.bin", Path(package("/usr/lib/ISOLINUX/isolinux.bin", "isolinux")).read_bytes())
    for name in ("vesamenu.c32", "libcom32.c32", "libutil.c32", "ldlinux.c32", "reboot.c32"):
        cd.add(f"isolinux/{name}", (modules / name).read_bytes())
    cd.add("isolinux/back.png", png(back))
    cd.add("isolinux/isolinux.cfg", VESAMENU.encode())
    path = tmp_path / "menu.iso"
    path.write_bytes(cd.write())
    with Machine(cdrom=path, memory="64M", **SETTINGS) as pc:
        pc.wait_for_text("Second system, with options", timeout=60)
        pc.run_for(1)
        rows = [row.strip() for row in pc.screen_text() if row.strip()]
        assert rows[:2] == ["Choose a system", "First system"]
        before = pc.screenshot().array
        assert before.shape == (480, 640, 3) and (before[-40:] == back[-40:]).mean() > 0.5
        pc.type("{down}", escapes=True)
        pc.run_for(1)
        lines = np.flatnonzero((pc.screenshot().array != before).any((1, 2)))
        assert 16 <= len(lines) <= 48       # two entries, and perhaps a countdown
