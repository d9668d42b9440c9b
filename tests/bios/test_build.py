"""The ROM that ships is what its sources give, to the byte, with the compiler that its .txt names."""

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import build_bios  # noqa: E402


def test_rebuilds_to_the_byte():
    try:
        here = build_bios.tools()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no gcc and binutils")
    recorded = build_bios.SHIPPED.with_suffix(".txt").read_text()
    if here != recorded:
        pytest.skip(f"other tools than those recorded: {here.splitlines()} instead of {recorded.splitlines()}")
    assert build_bios.build() == build_bios.SHIPPED.read_bytes(), "run tools/build_bios.py --output emu/firmware/bios.bin"


def test_shape():
    """128 KiB; the reset vector, the date and the model byte are where every PC has them."""
    rom = build_bios.SHIPPED.read_bytes()
    assert len(rom) == 128 << 10
    assert rom[-16:-11] == bytes.fromhex("EA 5B E0 00 F0")
    assert rom[-11:-3].decode().count("/") == 2 and rom[-2] == 0xFC
