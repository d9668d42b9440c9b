"""PS/2 pointing device: INT 15h C2h, and packets to a program's handler."""

import struct

import pytest
from bios_machines import media, ours, rig  # noqa: F401
from bios_rig import BUFFER

pytestmark = pytest.mark.native

# The handler: counts at BUFFER, keeps its four words behind
HANDLER = bytes.fromhex("55 89 E5 1E 50 31 C0 8E D8 FF 06 00 90 8B 46 0C A3 02 90 8B 46 0A A3 04 90 8B 46 08 A3 06 90"
                        "8B 46 06 A3 08 90 58 1F 5D CB")


def device(rig, function, bh=0, **registers):
    return rig.call(0x15, eax=0xC200 | function, ebx=bh << 8, **registers)


def test_without_a_handler(rig):
    r = device(rig, 0, bh=1)
    assert r.cf and r.ah == 5
    r = device(rig, 9)
    assert r.cf and r.ah == 1


def test_settings(rig):
    r = device(rig, 1)
    assert not r.cf and (r.bl, r.bh) == (0xAA, 0)
    r = device(rig, 4)
    assert not r.cf and r.bh == 0
    assert not device(rig, 2, bh=6).cf and not device(rig, 3, bh=1).cf and not device(rig, 6, bh=2).cf
    r = device(rig, 6)
    assert not r.cf and (r.bl & 0x10, r.cl, r.dl) == (0x10, 1, 200)
    for function, wrong in ((2, 7), (3, 4), (5, 0), (5, 9), (6, 3), (0, 2)):
        r = device(rig, function, bh=wrong)
        assert r.cf and r.ah == 2


def test_wheel_by_rates(rig):
    """The knock 200, 100, 80 wakes the wheel, which the type then tells."""
    for rate in (6, 5, 4):
        assert not device(rig, 2, bh=rate).cf
    assert device(rig, 4).bh == 3


def packets(rig):
    return struct.unpack("<hHHHH", rig.get(10))


def test_packets(rig):
    rig.put(HANDLER, 0x8000)
    rig.put(bytes(10))
    assert not device(rig, 5, bh=3).cf
    assert not rig.call(0x15, eax=0xC207, ebx=0x8000, es=0).cf
    assert not device(rig, 0, bh=1).cf
    rig.pc.mouse_move(5, -3)
    rig.pc.run_for(0.1)
    assert packets(rig) == (1, 0x08, 5, 3, 0)
    rig.pc.mouse_buttons(1)
    rig.pc.run_for(0.1)
    assert packets(rig) == (2, 0x09, 0, 0, 0)
    rig.pc.mouse_buttons(0)
    rig.pc.mouse_move(-2, 0)
    rig.pc.run_for(0.1)
    assert packets(rig)[1:] == (0x18, 0xFE, 0, 0)
    assert not device(rig, 0).cf
    count = packets(rig)[0]
    rig.pc.mouse_move(9, 9)
    rig.pc.run_for(0.1)
    assert packets(rig)[0] == count


def test_keys_still_come(rig):
    """The controller's command byte is as before after the mouse was spoken to."""
    assert not device(rig, 5, bh=3).cf and not device(rig, 4).cf
    rig.pc.type("k")
    rig.pc.run_for(0.2)
    assert rig.call(0x16, eax=0x1000).ax == 0x256B
    assert rig.read(BUFFER, "B") == 0
