"""Intel 440FX: PAM and SMRAM."""
import random

import pytest

from emu.bus.component import checked
from emu.devices.i440fx import PAM0, SEGMENTS, SMRAM, I440fx


@pytest.fixture
def bridge():
    bridge = checked(I440fx)()
    bridge.reset()
    bridge.changes = 0

    def changed():
        bridge.changes += 1
    bridge.pam_changed = changed
    return bridge


def test_ids(bridge):
    assert bridge.read_config(0, 4) == 0x12378086
    assert bridge.read_config(8, 4) == 0x06000002
    assert bridge.read_config(0x2C, 4) == 0x11001AF4        # SeaBIOS: "Running on QEMU"


def test_segments_cover_the_upper_memory_area():
    covered = sorted(SEGMENTS)
    assert covered[0][0] == 0xC0000 and covered[-1] == (0xF0000, 0x10000) and len(SEGMENTS) == 13
    assert all(a + size == b for (a, size), (b, _) in zip(covered, covered[1:]))


def test_pam_after_reset_is_off(bridge):
    assert all(bridge.pam(i) == (False, False) for i in range(13))


@pytest.mark.parametrize("register, value, segment", [
    (0x59, 0x10, 0), (0x5A, 0x01, 1), (0x5A, 0x10, 2), (0x5B, 0x01, 3), (0x5B, 0x10, 4),
    (0x5F, 0x01, 11), (0x5F, 0x10, 12)])
def test_pam_nibbles(bridge, register, value, segment):
    bridge.write_config(register, 1, value)
    assert bridge.pam(segment) == (True, False)
    assert [i for i in range(13) if bridge.pam(i) != (False, False)] == [segment]
    bridge.write_config(register, 1, value << 1)
    assert bridge.pam(segment) == (False, True)
    assert bridge.changes == 2


def test_seabios_shadowing(bridge):
    """SeaBIOS writes all PAM registers with two 32-bit writes, then makes them read-only."""
    bridge.write_config(PAM0 - 1, 4, 0x33333000)
    bridge.write_config(PAM0 + 3, 4, 0x33333333)
    assert all(bridge.pam(i) == (True, True) for i in range(13))
    bridge.write_config(PAM0 + 3, 4, 0x11111111)
    assert bridge.pam(4) == (True, True) and bridge.pam(5) == (True, False) and bridge.pam(0) == (True, True)


def test_unchanged_write_does_not_call(bridge):
    bridge.write_config(0x5A, 1, 0x00)
    bridge.write_config(0x60, 1, 0x33)
    assert bridge.changes == 0


def test_smram_lock(bridge):
    assert bridge.read_config(SMRAM, 1) == 0x02
    bridge.write_config(SMRAM, 1, 0x4A)
    assert bridge.smram_open() and bridge.changes == 1
    bridge.write_config(SMRAM, 1, 0x5A)
    assert not bridge.smram_open() and bridge.read_config(SMRAM, 1) == 0x1A
    bridge.write_config(SMRAM, 1, 0x4A)
    assert bridge.read_config(SMRAM, 1) == 0x1A
    bridge.write_config(SMRAM, 1, 0x20)
    assert bridge.read_config(SMRAM, 1) == 0x3A
    bridge.reset()
    assert bridge.read_config(SMRAM, 1) == 0x02


def test_random_traffic(bridge):
    rng = random.Random(2)
    for _ in range(3000):
        size = rng.choice((1, 2, 4))
        bridge.write_config(rng.randrange(0, 256, size), size, rng.getrandbits(8 * size))
        assert all(len(bridge.pam(i)) == 2 for i in range(13))
    assert bridge.read_config(0, 4) == 0x12378086
