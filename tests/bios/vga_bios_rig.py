"""A machine on which tests call the VGA BIOS that ships; importing this also finds the modules of tools/ and bios/vga/."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
for folder in ("tools", "bios/vga"):
    if str(ROOT / folder) not in sys.path:
        sys.path.insert(0, str(ROOT / folder))

from int10 import BUFFER, INT_10, Int10  # noqa: E402

VGA_BIOS = ROOT / "emu" / "firmware" / "vgabios.bin"


@pytest.fixture(scope="module")
def calls(native, firmware):
    """The machine, as a tools/int10.py ``Int10``."""
    with Int10(str(VGA_BIOS)) as machine:
        yield machine


@pytest.fixture
def video(calls):
    """The machine with everything as after power-on: mode 3, 400 lines, fresh buffer."""
    calls.code(INT_10)
    calls.call(0x1202, bx=0x30)
    calls.call(0x1200, bx=0x31)
    calls.call(0x1201, bx=0x33)
    calls.call(0x1200, bx=0x34)
    calls.call(0x1200, bx=0x36)
    calls.call(0x0003)
    calls.write(BUFFER, bytes(4096))
    return calls
