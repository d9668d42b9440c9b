"""What Debian packages bring that boots: the GRUB rescue CD, memdisk, memtest86+ (skipped where they are not installed)."""

from pathlib import Path

import pytest

from emu import Machine

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
