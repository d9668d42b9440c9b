"""INT 1Ah and the clock interrupts."""

import pytest
from bios_machines import boot, media, ours, rig  # noqa: F401
from bios_rig import BUFFER

pytestmark = pytest.mark.native

DAY = 0x1800B0


def test_ticks(rig):
    r = rig.call(0x1A)
    first = r.cx << 16 | r.dx
    rig.pc.run_for(10)
    r = rig.call(0x1A)
    assert (r.cx << 16 | r.dx) - first in range(181, 186) and r.al == 0


def test_midnight(rig):
    rig.call(0x1A, eax=0x0100, ecx=DAY >> 16, edx=DAY - 3 & 0xFFFF)
    rig.pc.run_for(0.5)
    r = rig.call(0x1A)
    assert r.al == 1 and r.cx == 0 and r.dx < 20
    assert rig.call(0x1A).al == 0


def test_starts_at_the_time_of_day(boot, media):
    """Ticks come from the RTC: virtual time begins at midnight."""
    rig = boot(floppy=media["floppy"])
    r = rig.call(0x1A)
    assert r.cx == 0 and r.dx < 20


def test_clock(rig):
    assert not rig.call(0x1A, eax=0x0300, ecx=0x2359, edx=0x5801).cf
    r = rig.call(0x1A, eax=0x0200)
    assert not r.cf and (r.cx, r.dh, r.dl) == (0x2359, 0x58, 1)
    assert not rig.call(0x1A, eax=0x0300, ecx=0x2359, edx=0x5800).cf
    assert not rig.call(0x1A, eax=0x0500, ecx=0x1999, edx=0x1231).cf
    rig.pc.run_for(3)
    r = rig.call(0x1A, eax=0x0400)
    assert not r.cf and (r.cx, r.dx) == (0x2000, 0x0101)
    r = rig.call(0x1A, eax=0x0200)
    assert r.ch == 0 and r.dl == 0


def test_alarm(rig):
    rig.put(bytes.fromhex("2E FF 06") + BUFFER.to_bytes(2, "little") + b"\xcf", 0x8000)     # counts at BUFFER
    rig.put(bytes(2))
    rig.put(bytes.fromhex("00 80 00 00"), 0x4A * 4)
    rig.call(0x1A, eax=0x0300, ecx=0x1200, edx=0x0000)
    assert not rig.call(0x1A, eax=0x0600, ecx=0x1200, edx=0x0500).cf
    assert rig.call(0x1A, eax=0x0600, ecx=0x1300, edx=0).cf     # one at a time
    rig.pc.run_for(6)
    assert rig.read(BUFFER, "H") == 1
    assert not rig.call(0x1A, eax=0x0700).cf and not rig.call(0x1A, eax=0x0600, ecx=0x2200, edx=0).cf


def test_user_tick(rig):
    """INT 1Ch comes with every tick."""
    rig.put(bytes.fromhex("2E FF 06") + BUFFER.to_bytes(2, "little") + b"\xcf", 0x8000)
    rig.put(bytes(2))
    rig.put(bytes.fromhex("00 80 00 00"), 0x1C * 4)
    before = rig.read(0x46C, "I")
    rig.pc.run_for(2)
    assert rig.read(BUFFER, "H") == rig.read(0x46C, "I") - before


def test_unknown(rig):
    for function in (0x08, 0x0B, 0x80, 0xFF):
        assert rig.call(0x1A, eax=function << 8).cf
