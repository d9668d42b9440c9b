"""Advanced Power Management."""

import pytest
from bios_machines import media, ours, rig  # noqa: F401
from protected_mode import Protected

pytestmark = pytest.mark.native


def test_apm(rig):
    """APM 1.2 in real mode, and its 16-bit and 32-bit protected-mode entries."""
    def apm(al, **registers):
        return rig.call(0x15, eax=0x5300 | al, **registers)
    r = apm(0x00)
    assert not r.cf and (r.ax, r.bx, r.cx & 3) == (0x0102, 0x504D, 3)
    assert apm(0x00, ebx=1).ah == 9
    assert not apm(0x01).cf
    assert (apm(0x0E, ecx=0x0102).ax, apm(0x0B).ah, apm(0x0A, ebx=1).bx, apm(0x42).ah) == (0x0102, 0x80, 0x01FF, 0x0C)
    before = rig.pc.guest_ns
    apm(0x05)
    assert rig.pc.guest_ns > before                             # idle: slept until an interrupt
    far = Protected(rig)
    r = apm(0x03)
    assert not r.cf and (r.ax, r.cx, r.dx) == (0xF000, 0xF000, 0xF000)
    out = far.call(0xF0000 + r.ebx, eax=0x5300)
    assert out["eax"] & 0xFFFF == 0x0102 and out["ebx"] & 0xFFFF == 0x504D and not out["flags"] & 1
    out = far.call(0xF0000 + r.ebx, eax=0x530B)
    assert out["eax"] >> 8 & 0xFF == 0x80 and out["flags"] & 1
    r = apm(0x02)
    assert not r.cf and (r.ax, r.cx) == (0xF000, 0xF000)
    out = Protected(rig, wide=False).call(r.bx, selector=0x28, eax=0x530B)
    assert out["eax"] >> 8 & 0xFF == 0x80 and out["flags"] & 1
    rig.start(0x15, eax=0x5307, ebx=1, ecx=3)                   # off
    rig.pc.run_for(0.3)
    assert rig.pc.ended == "poweroff"
