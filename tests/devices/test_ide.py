"""IDE channel: registers, presence, resets, interrupts."""
import random

import pytest
from ide_rig import MemoryDisk, Rig, pattern

from emu.bus.types import NEVER
from emu.devices import ide
from emu.devices.ata import AtaDisk
from emu.devices.atapi import AtapiDrive


def disk(size=1 << 20):
    return AtaDisk(MemoryDisk(pattern(size)))


def cdrom():
    return AtapiDrive(MemoryDisk(pattern(1 << 20, 2048)))


def test_reset_signatures():
    rig = Rig(disk(), cdrom())
    assert [rig.inb(r) for r in range(1, 8)] == [1, 1, 1, 0, 0, 0xA0, 0x50]
    rig.select(1)
    assert [rig.inb(r) for r in range(1, 8)] == [1, 1, 1, 0x14, 0xEB, 0xF0, 0x00]


def test_empty_channel_reads_zero():
    rig = Rig()
    rig.out(2, 0x55)
    rig.out(7, 0xEC)
    assert [rig.inb(r) for r in range(1, 8)] == [0] * 7 and rig.channel.deadline == NEVER
    assert rig.channel.read_control(0) == 0


def test_absent_slave_has_status_0_and_ignores_commands():
    """Drive 0 answers the register reads, so that SeaBIOS sees what it wrote, but not the status."""
    rig = Rig(disk())
    rig.select(1)
    rig.out(2, 0x55)
    rig.out(3, 0xAA)
    assert rig.inb(2) == 0x55 and rig.inb(3) == 0xAA and rig.inb(6) == 0xF0 and rig.inb(7) == 0
    rig.out(7, 0xEC)
    assert rig.channel.phase == ide.IDLE and rig.irqs == []
    rig.select(0)
    assert rig.inb(7) == 0x50


@pytest.mark.parametrize("master", [disk, cdrom])
def test_absent_slave_shows_no_signature(master):
    rig = Rig(master())
    for _ in range(2):
        rig.select(1)
        assert (rig.inb(4), rig.inb(5), rig.inb(7)) == (0xFF, 0xFF, 0)
        rig.out(4, 0)
        rig.channel.write_control(0, 4)
        rig.channel.write_control(0, 0)
        rig.settle()


def test_absent_master():
    rig = Rig(None, cdrom())
    rig.select(0)
    rig.out(2, 0x55)
    assert [rig.inb(r) for r in (2, 7)] == [0, 0]
    rig.select(1)
    assert rig.command(0xA1) == 0x58


def test_both_drives_see_writes():
    rig = Rig(disk(), cdrom())
    rig.out(4, 0x12)
    rig.select(1)
    assert rig.inb(4) == 0x12


def test_hob():
    rig = Rig(disk())
    rig.task48(0x112233445566, 0x7788)
    assert [rig.inb(r) for r in (2, 3, 4, 5)] == [0x88, 0x66, 0x55, 0x44]
    rig.channel.write_control(0, 0x80)
    assert [rig.inb(r) for r in (2, 3, 4, 5)] == [0x77, 0x33, 0x22, 0x11]
    rig.out(2, 1)
    assert rig.inb(2) == 1


def test_command_is_busy_before_its_interrupt():
    rig = Rig(disk())
    rig.out(7, 0xEC)
    assert rig.inb(7) == 0x80 and rig.irqs == []
    rig.out(2, 0x77)                # ignored while busy
    rig.settle()
    assert rig.irqs == [1]
    assert rig.channel.read_control(0) == 0x58 and rig.irqs == [1]
    assert rig.inb(7) == 0x58 and rig.irqs == [1, 0]
    assert rig.inb(2) == 1


def test_nien_holds_the_line():
    rig = Rig(disk())
    rig.channel.write_control(0, 2)
    rig.command(0xEC)
    assert rig.irqs == []
    rig.pull(512)
    rig.out(7, 0xE7)
    rig.settle()
    rig.channel.write_control(0, 0)
    assert rig.irqs == [1]


def test_interrupt_line_belongs_to_the_selected_drive():
    rig = Rig(disk(), disk())
    rig.out(7, 0xE7)
    rig.settle()
    assert rig.irqs == [1]
    rig.select(1)
    assert rig.irqs == [1, 0]
    rig.select(0)
    assert rig.irqs == [1, 0, 1]


def test_software_reset():
    rig = Rig(disk(), cdrom())
    rig.select(1)
    rig.task(0x123456, 7)
    rig.out(7, 0xA0)
    rig.channel.write_control(0, 4)
    assert rig.inb(7) == 0x80
    rig.settle()
    assert rig.inb(7) == 0x80           # as long as SRST is high
    rig.channel.write_control(0, 0)
    assert rig.inb(7) == 0x80
    rig.settle()
    assert [rig.inb(r) for r in range(1, 8)] == [1, 1, 1, 0, 0, 0xA0, 0x50]
    rig.select(1)
    assert [rig.inb(r) for r in (4, 5, 7)] == [0x14, 0xEB, 0]
    assert rig.irqs == []


def test_software_reset_ends_a_transfer():
    rig = Rig(disk())
    rig.select()
    rig.task(0, 4)
    assert rig.command(0x20) == 0x58
    rig.channel.write_control(0, 4)
    rig.channel.write_control(0, 0)
    rig.settle()
    assert rig.inb(7) == 0x50 and rig.channel.read_data16(0) == 0xFFFF


def test_diagnostic():
    rig = Rig(disk(), cdrom())
    rig.select(1)
    rig.out(7, 0x90)
    rig.settle()
    assert rig.irqs == [1] and rig.inb(6) == 0xA0
    assert [rig.inb(r) for r in (1, 2, 3, 4, 5, 7)] == [1, 1, 1, 0, 0, 0x50]
    rig.select(1)
    assert [rig.inb(r) for r in (1, 4, 5)] == [1, 0x14, 0xEB]


def test_device_reset():
    rig = Rig(cdrom(), disk())
    rig.out(7, 0xA0)
    assert rig.status() == 0x58
    rig.out(7, 0x08)
    assert [rig.inb(r) for r in (1, 2, 3, 4, 5, 7)] == [1, 1, 1, 0x14, 0xEB, 0] and rig.channel.phase == ide.IDLE
    rig.select(1)
    assert rig.command(0x08) == 0x51 and rig.inb(1) == 4


def test_taken_off_drive_is_absent():
    rig = Rig(disk())
    rig.out(7, 0xEC)
    rig.channel.attach(0, None)
    rig.settle()
    assert rig.inb(7) == 0


@pytest.mark.parametrize("seed", range(6))
def test_random_traffic(seed):
    rng = random.Random(seed)
    rig = Rig(disk(1 << 16), cdrom()) if seed & 1 else Rig(cdrom(), disk(1 << 16))
    rig.bus_master.write_config(4, 2, 5)
    commands = list(range(256)) + [0x20, 0x30, 0xA0, 0xC8, 0xCA, 0xC4, 0xC5, 0xEC, 0xA1] * 20
    channel = rig.channel
    for _ in range(8000):
        action = rng.randrange(10)
        value = rng.getrandbits(8)
        if action < 3:
            rig.out(rng.randrange(1, 7), rng.choice((value, 0, 1)))
        elif action == 3:
            rig.out(7, rng.choice(commands))
        elif action == 4:
            for _ in range(rng.randrange(600)):
                channel.read_data32(0) if value & 1 else channel.write_data16(0, rng.getrandbits(16))
        elif action == 5:
            channel.write_control(0, rng.choice((0, 0, 0, 0, 2, 4, 0x80, value)))
        elif action == 6:
            rig.bus_master.write(rng.randrange(16), value)
        elif action == 7:
            rig.inb(rng.randrange(1, 8))
        else:
            rig.step()
        assert channel.position <= ide.BUFFER and channel.filled <= ide.BUFFER
    state = channel.save()
    fresh = ide.IdeChannel()
    fresh.restore(state)
    assert fresh.save() == state
    channel.write_control(0, 4)
    channel.write_control(0, 0)
    rig.settle()
    rig.select(seed & 1 ^ 1)
    assert rig.inb(7) == 0x50
