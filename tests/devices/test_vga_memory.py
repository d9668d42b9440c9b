"""VGA memory: planes, latches, read and write modes, maps, direct window."""
import random

import pytest
from vga_memory_model import Model
from vga_rig import Rig, at

NONE = 0xFFFFFFFF


def planes(rig, address):
    return tuple(rig.vram[at(address):at(address) + 4])


def test_text_goes_to_planes_0_and_1():
    rig = Rig(0x03)
    rig.poke(0xB8000, 0x41, 0x1F, 0x42, 0x2E)
    assert planes(rig, 0) == (0x41, 0x1F, 0, 0)
    assert planes(rig, 1) == (0, 0, 0, 0) and planes(rig, 2) == (0x42, 0x2E, 0, 0)
    assert [rig.peek(0xB8000 + i) for i in range(4)] == [0x41, 0x1F, 0x42, 0x2E]
    assert rig.peek(0xA0000) == 0xFF and rig.peek(0xB0000) == 0xFF
    rig.poke(0xB0000, 1)
    rig.poke(0xA0000, 1)
    assert planes(rig, 0) == (0x41, 0x1F, 0, 0)


def test_font_in_plane_2():
    rig = Rig(0x03)
    rig.sr(2, 4)
    rig.sr(4, 6)
    rig.gc(4, 2)
    rig.gc(5, 0)
    rig.gc(6, 4)
    rig.poke(0xA0000 + 65 * 32, 0x18, 0x3C)
    assert planes(rig, 65 * 32) == (0, 0, 0x18, 0) and planes(rig, 65 * 32 + 1) == (0, 0, 0x3C, 0)
    assert rig.peek(0xA0000 + 65 * 32 + 1) == 0x3C


@pytest.mark.parametrize("select, good", [(0, (0xA0000, 0xBFFFF)), (1, (0xA0000, 0xAFFFF)), (2, (0xB0000, 0xB7FFF)),
                                          (3, (0xB8000, 0xBFFFF))])
def test_memory_maps(select, good):
    rig = Rig(0x12)
    rig.gc(6, select << 2 | 1)
    for address in (0xA0000, 0xAFFFF, 0xB0000, 0xB7FFF, 0xB8000, 0xBFFFF):
        rig.poke(address, 0x5A)
        assert (rig.peek(address) == 0x5A) == (good[0] <= address <= good[1]), hex(address)


def test_memory_can_be_switched_off():
    rig = Rig(0x12)
    rig.poke(0xA0000, 0x77)
    rig.out(0x3C2, 0xE1)
    assert rig.peek(0xA0000) == 0xFF
    rig.out(0x3C2, 0xE3)
    rig.out(0x3C3, 0)
    assert rig.peek(0xA0000) == 0xFF
    rig.out(0x3C3, 1)
    assert rig.peek(0xA0000) == 0x77


REGISTERS = [("gc", 0), ("gc", 1), ("gc", 2), ("gc", 3), ("gc", 4), ("gc", 5), ("gc", 6), ("gc", 7), ("gc", 8), ("sr", 2), ("sr", 4),
             ("sr", 4), ("gc", 6), ("out", 0x3C2), ("out", 0x3C3)]
LIKELY = {("out", 0x3C2): (3, 3, 3, 1), ("out", 0x3C3): (1, 1, 1, 0), ("gc", 8): (0xFF, 0, 0x5A), ("gc", 3): (0, 3, 8, 0x10, 0x18),
          ("sr", 4): (0, 2, 4, 6, 8, 14), ("sr", 2): (15, 3, 5, 12), ("gc", 6): (0, 2, 4, 8, 12, 14)}


def test_a_walk_through_registers_against_the_model():
    rig, rng = Rig(0x12), random.Random(6)
    rig.vram[:] = rng.randbytes(len(rig.vram))
    model = Model(rig.vga, rig.vram)
    for step in range(6000):
        if step % 60 == 0:
            rig.dispi(4, 0)
            bits = rng.choice((0, 0, 0, 4, 8, 32))
            if bits:
                rig.set_dispi(640, 400, bits, 0xC1)
        if step % 60 == 30:
            rig.dispi(5, rng.randrange(0x48))
        for how, index in rng.choices(REGISTERS, k=rng.randrange(4)):
            getattr(rig, how)(index, rng.choice(LIKELY.get((how, index), ()) + (rng.randrange(256) | (how == "out"),)))
        for _ in range(4):
            offset = rng.choice((0, 0x7FFC, 0x10000, 0x18000, 0x1FFF8)) + rng.randrange(8)
            if rng.randrange(2):
                value = rng.randrange(256)
                rig.vga.mem_write(offset, value)
                model.write(offset, value)
            else:
                assert rig.vga.mem_read(offset) == model.read(offset), (step, hex(offset))
                assert rig.vga.latch == sum(latch << 8 * p for p, latch in enumerate(model.latches))
        assert step % 500 != 499 or rig.vram == model.memory, step


def test_write_modes_against_the_model():
    """Each mode with bytes and masks at random, from full latches."""
    rig, rng = Rig(0x12), random.Random(5)
    model = Model(rig.vga, rig.vram)
    for _ in range(600):
        for index in (0, 1, 3, 8):
            rig.gc(index, rng.choice((0, 0xFF, rng.randrange(256))))
        rig.gc(5, rng.randrange(4))
        rig.sr(2, rng.choice((15, rng.randrange(16))))
        source, target = rng.randrange(0x10000), rng.randrange(0x10000)
        for address in (source, target):
            for plane, byte in enumerate(rng.randbytes(4)):
                rig.vram[at(address) + plane] = model.memory[at(address) + plane] = byte
        value = rng.randrange(256)
        assert rig.vga.mem_read(source) == model.read(source)
        rig.vga.mem_write(target, value)
        model.write(target, value)
        assert planes(rig, target) == tuple(model.memory[at(target) + plane] for plane in range(4))


def test_read_modes():
    rig = Rig(0x12)
    rig.vram[at(100):at(100) + 4] = bytes((0b11001100, 0b10101010, 0b11110000, 0b00000001))
    for plane in range(4):
        rig.gc(4, plane)
        assert rig.peek(0xA0000 + 100) == rig.vram[at(100) + plane]
    rig.gc(5, 8)
    rig.gc(2, 0b0101)
    rig.gc(7, 0b0111)  # plane 3 does not count
    wanted = 0
    for bit in range(8):
        a, b, c, _ = (rig.vram[at(100) + p] >> bit & 1 for p in range(4))
        wanted |= (a == 1 and b == 0 and c == 1) << bit
    assert wanted and rig.peek(0xA0000 + 100) == wanted
    rig.gc(7, 0)
    assert rig.peek(0xA0000 + 100) == 0xFF


def test_chain_4_and_its_direct_window():
    rig = Rig(0x13)
    assert rig.vga.direct_window() == 0 and rig.windows[-1] == 0
    rig.poke(0xA0000 + 1001, 0x55)
    assert rig.vram[1001] == 0x55 and rig.peek(0xA0000 + 1001) == 0x55
    rig.sr(2, 0x02)  # plane 1 only: no longer direct
    assert rig.vga.direct_window() == NONE and rig.windows[-1] == NONE
    rig.poke(0xA0000 + 2000, 1, 2, 3, 4)
    assert rig.vram[2000:2004] == bytes((0, 2, 0, 0))
    rig.sr(2, 0x0F)
    for index, value in ((1, 1), (3, 8), (3, 1), (5, 0x41), (5, 0x48), (8, 0x7F), (6, 0x0D)):
        old = rig.vga.graphics[index]
        rig.gc(index, value)
        assert rig.vga.direct_window() == NONE, (index, value)
        rig.gc(index, old)
        assert rig.vga.direct_window() == 0
    rig.sr(4, 6)  # mode X
    assert rig.vga.direct_window() == NONE
    rig.sr(2, 8)
    rig.poke(0xA0000 + 7, 0x99)
    assert planes(rig, 7) == (0, 0, 0, 0x99)


def test_window_wire_is_called_only_for_changes():
    rig = Rig(0x13)
    count = len(rig.windows)
    rig.sr(2, 0x0F)
    rig.gc(8, 0xFF)
    rig.gc(0, 3)
    assert len(rig.windows) == count


def test_dispi_bank():
    rig = Rig(0x03)
    rig.set_dispi(800, 600, 32)
    assert rig.vga.direct_window() == 0
    rig.dispi(5, 7)
    assert rig.vga.direct_window() == 7 << 16 == rig.windows[-1]
    rig.poke(0xA1234, 0xAB)
    assert rig.vram[0x71234] == 0xAB and rig.peek(0xA1234) == 0xAB
    assert rig.peek(0xB8000) == 0xFF
    rig.dispi(4, 0)
    assert rig.vga.direct_window() == NONE


def test_dispi_4_bit_planes_and_bank():
    rig = Rig(0x12)
    rig.set_dispi(1024, 768, 4)
    assert rig.vga.direct_window() == NONE
    rig.dispi(5, 1)
    rig.sr(2, 4)
    rig.poke(0xA0010, 0xC3)
    assert rig.vram[0x40000 + 0x10 * 4 + 2] == 0xC3


def test_peek_leaves_the_latches():
    rig = Rig(0x12)
    rig.vram[0:8] = bytes(range(8))
    rig.peek(0xA0000)
    latch = rig.vga.latch
    assert rig.vga.mem_peek(4) == 4 and rig.vga.latch == latch
