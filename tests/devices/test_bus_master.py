"""PIIX3 IDE function: registers, PRD tables, status bits."""
import random

import pytest
from ide_rig import MemoryDisk, Rig, pattern

from emu.bus.types import NEVER
from emu.devices.ata import AtaDisk

ACTIVE, INTERRUPT = 1, 4


@pytest.fixture
def rig():
    rig = Rig(AtaDisk(MemoryDisk(pattern(1 << 20))))
    rig.disk = rig.channel.devices[0].backend
    rig.select()
    return rig


def bits(rig):
    return rig.bus_master.read(2) & 7


def test_ids(rig):
    function = rig.bus_master
    assert function.read_config(0, 4) == 0x70108086 and function.read_config(8, 4) >> 8 == 0x010180
    assert function.read_config(0x3D, 1) == 0
    function.write_config(0x20, 4, 0xFFFFFFFF)
    assert function.read_config(0x20, 4) == 0xFFFFFFF1
    function.write_config(0x20, 4, 0xC000)
    function.write_config(4, 2, 1)
    assert function.bars() == [(4, True, 0xC000, 16)]
    function.write_config(0x10, 4, 0xFFFFFFFF)
    assert function.read_config(0x10, 4) == 0
    assert not function.decodes(0)
    function.write_config(0x40, 2, 0x8000)
    assert function.decodes(0) and not function.decodes(1)


def test_registers(rig):
    master = rig.bus_master
    for i in range(16):
        master.write(i, 0xFF if i & 7 != 0 else 0xF8)
    assert [master.read(i) for i in range(16)] == [0x08, 0, 0x60, 0, 0xFC, 0xFF, 0xFF, 0xFF] * 2


def test_read_dma(rig):
    rig.prds(0x1000, [(0x8000, 0x400), (0x20000, 0x600)])
    rig.task(10, 5)
    rig.out(7, 0xC8)
    rig.start_dma()
    assert bits(rig) == ACTIVE
    rig.settle()
    assert rig.irqs == [1] and bits(rig) == INTERRUPT
    assert rig.memory.data[0x8000:0x8400] + rig.memory.data[0x20000:0x20600] == rig.disk.data[5120:5120 + 2560]
    assert rig.inb(7) == 0x50 and rig.irqs == [1, 0]
    assert [rig.inb(r) for r in (2, 3)] == [0, 14]
    rig.bus_master.write(0, 8)
    rig.bus_master.write(2, INTERRUPT)
    assert bits(rig) == 0


def test_bus_master_started_before_the_command(rig):
    rig.prds(0x1000, [(0x8000, 512)])
    rig.start_dma()
    rig.settle()
    assert bits(rig) == ACTIVE
    rig.task(3, 1)
    rig.command(0xC8)
    assert bits(rig) == INTERRUPT and rig.memory.data[0x8000:0x8200] == rig.disk.data[1536:2048]


def test_write_dma(rig):
    data = pattern(3072)[::-1]
    rig.memory.write(0x8000, data)
    rig.prds(0x1000, [(0x8000, 1024), (0x8400, 2048)])
    rig.task(20, 6)
    rig.out(7, 0xCA)
    rig.start_dma(to_memory=False)
    rig.settle()
    assert rig.inb(7) == 0x50 and bits(rig) == INTERRUPT and rig.irqs == [1, 0]
    assert rig.disk.data[20 * 512:26 * 512] == data


def test_regions_need_not_be_whole_sectors(rig):
    """Windows 98 hands over such tables."""
    rig.prds(0x1000, [(0x8000, 100), (0x9000, 700), (0xA000, 224)])
    rig.task(0, 2)
    rig.out(7, 0xC8)
    rig.start_dma()
    rig.settle()
    got = rig.memory.data[0x8000:0x8064] + rig.memory.data[0x9000:0x9000 + 700] + rig.memory.data[0xA000:0xA0E0]
    assert got == rig.disk.data[:1024] and bits(rig) == INTERRUPT


def test_length_0_is_64_kib_and_long_commands(rig):
    rig.prds(0x1000, [(0x10000 * (i + 1), 0) for i in range(5)])
    rig.task48(2, 5 * 128)
    rig.out(7, 0x25)
    rig.start_dma()
    rig.settle()
    assert rig.memory.data[0x10000:0x60000] == rig.disk.data[1024:1024 + 0x50000] and bits(rig) == INTERRUPT
    rig.memory.write(0x10000, pattern(0x50000)[::-1])
    rig.prds(0x1000, [(0x10000 * (i + 1), 0) for i in range(5)])
    rig.task48(2, 5 * 128)
    rig.out(7, 0x35)
    rig.start_dma(to_memory=False)
    rig.settle()
    assert rig.disk.data[1024:1024 + 0x50000] == pattern(0x50000)[::-1] and rig.inb(7) == 0x50


def test_table_longer_than_the_transfer(rig):
    rig.prds(0x1000, [(0x8000, 512), (0x9000, 512)])
    rig.task(0, 1)
    rig.out(7, 0xC8)
    rig.start_dma()
    rig.settle()
    assert bits(rig) == ACTIVE | INTERRUPT and rig.inb(7) == 0x50


def test_table_shorter_than_the_transfer(rig):
    rig.prds(0x1000, [(0x8000, 512)])
    rig.task(0, 2)
    rig.out(7, 0xC8)
    rig.start_dma()
    rig.settle()
    assert bits(rig) == 0 and rig.irqs == [] and rig.inb(7) == 0x58
    rig.bus_master.write(0, 8)
    rig.prds(0x1000, [(0x9000, 512)])
    rig.start_dma()
    rig.settle()
    assert bits(rig) == INTERRUPT and rig.memory.data[0x9000:0x9200] == rig.disk.data[512:1024]


def test_without_bus_master_enable_nothing_moves(rig):
    rig.prds(0x1000, [(0x8000, 512)])
    rig.task(3, 1)
    rig.out(7, 0xC8)
    rig.bus_master.write(0, 9)
    rig.settle()
    assert rig.irqs == [] and rig.bus_master.deadline0 == NEVER
    rig.bus_master.write_config(4, 2, 4)
    rig.settle()
    assert rig.irqs == [1]


def test_stopping_cancels(rig):
    rig.prds(0x1000, [(0x8000, 512)])
    rig.task(3, 1)
    rig.out(7, 0xC8)
    rig.start_dma()
    rig.step()
    assert rig.bus_master.deadline0 != NEVER
    rig.bus_master.write(0, 8)
    assert rig.bus_master.deadline0 == NEVER and bits(rig) == 0
    rig.channel.write_control(0, 4)
    rig.channel.write_control(0, 0)
    rig.settle()
    assert rig.inb(7) == 0x50 and rig.bus_master.masters[0].request == 0


def test_transfer_takes_time(rig):
    rig.prds(0x1000, [(0x10000, 0)])
    rig.task(0, 128)
    rig.out(7, 0xC8)
    rig.start_dma()
    rig.settle()
    assert 50_000 < rig.time < 5_000_000


def test_read_error(rig):
    rig.disk.bad.add(4)
    rig.prds(0x1000, [(0x8000, 8 * 512)])
    rig.task(0, 8)
    rig.out(7, 0xC8)
    rig.start_dma()
    rig.settle()
    assert rig.inb(7) == 0x51 and rig.inb(1) == 0x40 and rig.inb(3) == 4
    assert bits(rig) == ACTIVE | INTERRUPT


def test_lines_of_both_channels(rig):
    rig.bus_master.irq15 = rig.irqs.append
    rig.bus_master.set_irq(1, 1)
    assert rig.irqs == [1] and rig.bus_master.read(10) == 4 and rig.bus_master.read(2) == 0


def test_random_traffic(rig):
    rng = random.Random(5)
    rig.memory.data[:] = rng.randbytes(len(rig.memory.data))
    rig.memory.write = lambda address, data: None
    for _ in range(1500):
        rig.bus_master.write(rng.randrange(8), rng.getrandbits(8) | (rng.random() < .5))
        if rng.random() < 0.3:
            rig.task(rng.randrange(2000), rng.randrange(1, 64))
            rig.out(7, rng.choice((0xC8, 0xCA)))
        if rng.random() < 0.05:
            rig.channel.write_control(0, 4)
            rig.channel.write_control(0, 0)
        rig.bus_master.write_config(4, 2, 5)
        rig.step()
    state = rig.bus_master.save()
    rig.bus_master.restore(state)
    assert rig.bus_master.save() == state
