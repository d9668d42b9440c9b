"""Bus-master DMA where it ends up: plain memory, chips, ROM, and where nobody answers."""

import random

import pytest

from emu import Machine
from emu.devices import pci

SIZE, TABLE = 1 << 20, 0x5000
# Base and bytes of the regions of a table
REGIONS = {
    "plain": [(0x10000, 0x3000), (0x200000, 0x10000), (0x20200, 0xE00)],
    "odd": [(0x10002, 0x1FE), (0x30000, 0x102), (0x40000, 0x100), (0x300000, 0x2200)],
    "video": [(0x10000, 0x200), (0xA0000, 0x400), (0xBF000, 0x1000), (0x20000, 0x200)],
    "rom": [(0x10000, 0x200), (0xF0000, 0x1000), (0x20000, 0x200)],
    "end of RAM": [(0x3FE000, 0x1000), (0x3FFE00, 0x400), (0x20000, 0x200)],
    "local APIC": [(0x10000, 0x200), (0xFEE00000, 0x200), (0x20000, 0x200)],
}


@pytest.fixture
def machine(tmp_path):
    data = random.Random(1).randbytes(SIZE)
    (tmp_path / "disk").write_bytes(data)
    with Machine(disk=tmp_path / "disk", memory="4M", nic="none", net="none") as pc:
        yield pc, data, tmp_path / "disk"


def transfer(pc, command, regions, count):
    """A command of the first disk, by the bus master."""
    channel, master, memory = pc._ide0, pc._bus_master, pc._memory
    for n, (base, size) in enumerate(regions):
        last = 0x80000000 if n == len(regions) - 1 else 0
        memory.write(TABLE + 8 * n, base.to_bytes(4, "little") + (size & 0xFFFF | last).to_bytes(4, "little"))
    master.write_config(pci.COMMAND, 2, pci.IO_SPACE | pci.BUS_MASTER)
    for n in range(4):
        master.write(4 + n, TABLE >> 8 * n & 0xFF)
    for register, value in ((6, 0xE0), (2, count & 0xFF), (3, 8), (4, 0), (5, 0), (7, command)):
        channel.write(register, value)
    channel.expire()
    to_memory = 8 if command == 0xC8 else 0
    master.write(0, to_memory)
    master.write(0, to_memory | 1)
    master.expire0()
    assert channel.read(7) == 0x50 and master.read(2) & 7 == 4, (channel.read(7), master.read(2))
    master.write(0, 0)
    master.write(2, 4)


@pytest.mark.parametrize("name", REGIONS)
def test_reads_and_writes(machine, name):
    pc, data, path = machine
    memory, regions = pc._memory, REGIONS[name]
    total = sum(size for _, size in regions)
    assert total % 512 == 0
    count, at, want = total // 512, 8 * 512, {}
    for base, size in regions:                              # what is read back, as writes by the processor leave it
        memory.write(base, data[at:at + size])
        want[base] = memory.read(base, size)
        memory.write(base, bytes(size))
        at += size
    transfer(pc, 0xC8, regions, count)
    if name not in ("video", "local APIC"):                  # those change what they are given, or by being read
        assert all(memory.read(base, size) == want[base] for base, size in regions)
    assert memory.read(regions[0][0], 256) == data[8 * 512:][:256]
    before = b"".join(memory.read(base, size) for base, size in regions)
    transfer(pc, 0xCA, regions, count)
    got = path.read_bytes()
    if name != "local APIC":
        assert got[8 * 512:8 * 512 + total] == before
    assert got[:8 * 512] == data[:8 * 512] and got[8 * 512 + total:] == data[8 * 512 + total:]


def test_spans_are_what_reads_and_writes_reach(machine):
    memory, rnd = machine[0]._memory, random.Random(2)
    edges = (0, 0x9F000, 0xA0000, 0xC0000, 0xF0000, 0x100000, 0x3FF000, 0x400000, 0xFEE00000, 0xFFFF0000)
    kinds = set()
    for _ in range(400):
        address, size = rnd.choice(edges) + rnd.randrange(-5000, 5000) & 0xFFFFFFFF, rnd.randrange(1, 9000)
        for write, lead in ((False, memory.read_offset), (True, memory.write_offset)):
            spans = memory.spans(address, size, write)
            places = {n: lead(address + n & 0xFFFFFFFF) for n in (*range(0, size, 256), size - 1)}
            kinds.add((write, spans is None))
            assert (spans is None) == any(at >= 0xFFFFFFFE for at in places.values())
            if spans is not None:
                assert sum(length for _, length in spans) == size
                found = [range(at, at + length) for at, length in spans]
                for n, at in places.items():
                    for piece in found:
                        if n < len(piece):
                            assert piece[n] == at
                            break
                        n -= len(piece)
    assert len(kinds) == 4
