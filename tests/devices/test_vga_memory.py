"""VGA memory: planes, latches, read and write modes, maps, direct window."""
import random

import pytest

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


def model(rig, old, latch, value):
    """Write modes as the manual draws them, bit by bit; an independent model."""
    gc = rig.vga.graphics
    mode, rotate, function = gc[5] & 3, gc[3] & 7, gc[3] >> 3 & 3
    rotated = (value >> rotate | value << 8 - rotate) & 0xFF
    out = list(old)
    for p in range(4):
        if not rig.vga.sequencer[2] >> p & 1:
            continue
        result = 0
        for bit in range(8):
            kept, mask = latch[p] >> bit & 1, gc[8] >> bit & 1
            if mode == 1:
                result |= kept << bit
                continue
            if mode == 0:
                new = gc[0] >> p & 1 if gc[1] >> p & 1 else rotated >> bit & 1
            elif mode == 2:
                new = value >> p & 1
            else:
                new, mask = gc[0] >> p & 1, mask & rotated >> bit
            new = (new, new & kept, new | kept, new ^ kept)[function]
            result |= (new if mask else kept) << bit
        out[p] = result
    return tuple(out)


def test_write_modes_against_a_bitwise_model():
    rig, rng = Rig(0x12), random.Random(5)
    for _ in range(600):
        for index in (0, 1, 3, 8):
            rig.gc(index, rng.choice((0, 0xFF, rng.randrange(256))))
        rig.gc(5, rng.randrange(4))
        rig.sr(2, rng.choice((15, rng.randrange(16))))
        source, target = rng.randrange(0x10000), rng.randrange(0x10000)
        rig.vram[at(source):at(source) + 4] = rng.randbytes(4)
        rig.vram[at(target):at(target) + 4] = rng.randbytes(4)
        rig.peek(0xA0000 + source)
        latch, old, value = planes(rig, source), planes(rig, target), rng.randrange(256)
        wanted = model(rig, old, latch, value)
        rig.poke(0xA0000 + target, value)
        assert planes(rig, target) == wanted


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
