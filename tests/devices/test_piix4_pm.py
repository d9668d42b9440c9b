"""PIIX4 power management: PM timer, SCI, APM ports, soft-off, SMBus."""
import random

import pytest

from emu.bus.component import checked
from emu.bus.types import NEVER
from emu.devices import piix4_pm
from emu.devices.piix4_pm import Piix4Pm

HALF = 0x800000


@pytest.fixture
def pm():
    pm = checked(Piix4Pm)()
    pm.time = 0
    pm.now = lambda: pm.time
    pm.line = []
    pm.sci = pm.line.append
    pm.off = []
    pm.on_power_off = lambda: pm.off.append(True)
    pm.reset()
    return pm


def write16(pm, offset, value):
    pm.write_pm(offset, value & 0xFF)
    pm.write_pm(offset + 1, value >> 8)


def read16(pm, offset):
    return pm.read_pm(offset) | pm.read_pm(offset + 1) << 8


def moment(ticks):
    """The first ns at which the timer shows ``ticks``."""
    return -(-ticks * 10**9 // 3579545)


def test_ids(pm):
    assert pm.read_config(0, 4) == 0x71138086 and pm.read_config(8, 4) >> 8 == 0x068000
    assert pm.read_config(0x3D, 1) == 1


def test_apmc_is_enabled_after_reset(pm):
    assert pm.read_config(0x58, 4) == 1 << 25


def test_blocks_follow_registers(pm):
    pm.calls = 0

    def remap():
        pm.calls += 1
    pm.remap = remap
    assert pm.bars() == []
    pm.write_config(0x40, 4, 0x601)
    assert pm.read_config(0x40, 4) == 0x601 and pm.bars() == []
    pm.write_config(0x80, 1, 1)
    assert pm.bars() == [(7, True, 0x600, 64)] and pm.calls == 2
    pm.write_config(0x90, 4, 0x701)
    pm.write_config(0xD2, 1, 9)
    pm.write_config(4, 2, 1)
    assert (8, True, 0x700, 16) in pm.bars()


@pytest.mark.parametrize("ticks", [0, 1, 0xFFFFFF, 0x1000000, 3579545 * 86400 * 365 * 20])
def test_timer_is_exact(pm, ticks):
    pm.time = moment(ticks)
    assert pm.read_timer(8) == ticks & 0xFFFFFF
    assert pm.read_pm(8) == ticks & 0xFF and pm.read_pm(10) == ticks >> 16 & 0xFF
    if ticks:
        pm.time -= 1
        assert pm.read_timer(8) == ticks - 1 & 0xFFFFFF


def test_overflow_status_without_interrupt(pm):
    pm.time = moment(HALF) - 1
    assert read16(pm, 0) == 0
    pm.time += 1
    assert read16(pm, 0) == 1 and pm.deadline == NEVER
    write16(pm, 0, 1)
    assert read16(pm, 0) == 0
    pm.time = moment(2 * HALF)
    assert read16(pm, 0) == 1


def test_overflow_interrupt(pm):
    write16(pm, 2, 1)
    assert pm.deadline == NEVER
    write16(pm, 4, 1)
    assert pm.deadline == moment(HALF)
    pm.time = pm.deadline
    pm.expire()
    assert pm.line == [1] and pm.deadline == NEVER
    write16(pm, 0, 1)
    assert pm.line == [1, 0] and pm.deadline == moment(2 * HALF)


def test_power_button(pm):
    pm.press_power_button()
    assert read16(pm, 0) == 0x100 and pm.line == []
    write16(pm, 2, 0x100)
    assert pm.line == []
    pm.write_apm(0, 0xF1)
    assert pm.line == [1] and read16(pm, 4) == 1
    write16(pm, 0, 0x100)
    assert pm.line == [1, 0]
    pm.write_apm(0, 0xF0)
    assert read16(pm, 4) == 0 and pm.read_apm(0) == 0xF0
    pm.write_apm(1, 0x55)
    assert pm.read_apm(1) == 0x55


@pytest.mark.parametrize("kind, off", [(0, True), (2, True), (1, False), (5, False)])
def test_sleep_types(pm, kind, off):
    write16(pm, 4, kind << 10 | 1)
    assert not pm.off
    write16(pm, 4, 0x2000 | kind << 10 | 1)
    assert bool(pm.off) == off
    assert read16(pm, 4) == kind << 10 | 1          # SUS_EN reads 0
    assert bool(read16(pm, 0) & 0x8000) == (not off)


def test_gpe(pm):
    write16(pm, 4, 1)
    pm.write_gpe(2, 0x02)
    pm.set_gpe(1, 1)
    assert pm.line == [1] and pm.read_gpe(0) == 2 and pm.read_gpe(2) == 2
    pm.set_gpe(1, 0)
    pm.write_gpe(0, 2)
    assert pm.line == [1, 0]
    pm.set_gpe(9, 1)
    assert pm.read_gpe(1) == 2 and pm.line == [1, 0]


def test_smbus_has_no_devices(pm):
    assert pm.read_smbus(0) == 0
    pm.write_smbus(4, 0xA1)
    pm.write_smbus(2, 0x48)
    assert pm.read_smbus(0) == 4 and pm.read_smbus(2) == 8 and pm.read_smbus(4) == 0xA1
    pm.write_smbus(0, 4)
    assert pm.read_smbus(0) == 0
    pm.write_smbus(2, 0x49)
    assert pm.line == [1]
    pm.write_smbus(0, 0xFF)
    assert pm.line == [1, 0]


def test_random_traffic(pm):
    rng = random.Random(4)
    for _ in range(5000):
        pm.time += rng.randrange(10**9)
        which, offset, value = rng.randrange(7), rng.randrange(64), rng.getrandbits(8)
        (lambda: pm.write_pm(offset, value), lambda: pm.read_pm(offset), lambda: pm.write_gpe(offset & 3, value),
         lambda: pm.write_apm(offset & 1, value), lambda: pm.write_smbus(offset & 15, value),
         lambda: pm.write_config(offset * 4, 1, value), lambda: pm.deadline <= pm.time and pm.expire())[which]()
        assert pm.sci_level == (pm.line[-1] if pm.line else 0)
        assert pm.deadline == NEVER or pm.pmen & piix4_pm.TMROF
    state = pm.save()
    fresh = Piix4Pm()
    fresh.restore(state)
    assert fresh.save() == state
