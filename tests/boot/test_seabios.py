"""Debian's SeaBIOS with its VGA BIOS, the second firmware that must always boot."""

import pytest
from boots import SEABIOS, Boot, check
from data import absent

pytestmark = [pytest.mark.boot, pytest.mark.native]

ROWS = [
    Boot("floppies/freedos722.img", "A:\\>", memory="16M"),
    Boot("mikeos-4.6.1.iso", "Thanks for trying out MikeOS!", memory="16M"),
    Boot("debian-busybox.iso", "Automatic boot in"),
    Boot("floppies/sanos.img", "/$", memory="32M"),
]


@pytest.fixture
def seabios():
    """The settings that take it; skips where it is not installed."""
    if not (SEABIOS / "bios-256k.bin").is_file():
        absent("SeaBIOS (Debian: package seabios)")
    return {"bios": SEABIOS / "bios-256k.bin", "vga_bios": SEABIOS / "vgabios-stdvga.bin"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_boots(row, image, seabios):
    check(Boot(row.image, row.until, memory=row.memory, settings=seabios), image,
          then=lambda pc: b"SeaBIOS (version" in bytes(pc.firmware_log) or pytest.fail("another BIOS ran"))
