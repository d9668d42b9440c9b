"""The picture against a model that works it out dot by dot, in states that no mode table has."""
import random

import numpy as np
import pytest

from vga_model import Model
from vga_rig import MODES, Rig, at

from emu.display.render import Renderer

COLUMNS, LINES = 6, 22


def small(rig, rng):
    """A picture of a few characters and lines, so that the model is quick; it starts anywhere."""
    rig.cr(0x11, 0)
    rig.cr(0x01, rng.randrange(1, COLUMNS))
    rig.cr(0x12, rng.randrange(4, LINES))
    rig.cr(0x07, rng.choice((0x00, 0x10)))
    rig.cr(0x13, rng.randrange(6))
    rig.cr(0x18, rng.randrange(LINES))
    for index in (0x0C, 0x0D):
        rig.cr(index, rng.choice((0, 0x10, 0x3F, 0x7F, 0xFF, rng.randrange(256))))


def scramble(rig, rng):
    """Whatever else has a say in the picture."""
    rig.out(0x3C6, rng.choice((0xFF, 0xFF, 0x5F)))
    rig.sr(1, rng.choice((0x00, 0x01, 0x08, 0x09)))
    rig.sr(3, rng.randrange(64))
    rig.gc(5, rng.choice((0x00, 0x10, 0x20, 0x40)))
    rig.gc(6, rng.choice((0x0E, 0x05, 0x05)))
    height = rng.choice((0, 1, 3, 7, 8))
    rig.cr(0x09, height | rng.choice((0, 0x80)) | rng.choice((0, 0x40)))
    rig.cr(0x08, rng.randrange(height + 1) | rng.choice((0, 0, rng.randrange(4) << 5)))
    rig.cr(0x14, rng.choice((0, 0x40)) | rng.randrange(8))
    rig.cr(0x17, rng.choice((0xA3, 0xE3, 0xC3, 0x83, 0xA2, 0xC0, 0xE1)))
    mode = rng.choice((0x00, 0x01, 0x01, 0x41)) | rng.choice((0, 0x02)) | rng.choice((0, 0x04)) | rng.choice((0, 0x08)) \
        | rng.choice((0, 0x20)) | rng.choice((0, 0x80))
    rig.ar(0x10, mode)
    rig.ar(0x12, rng.choice((15, 15, rng.randrange(16))))
    rig.ar(0x13, rng.randrange(9))
    rig.ar(0x14, rng.randrange(16))
    for index in (0x0A, 0x0B):
        rig.cr(index, rng.choice((rng.randrange(10), rng.randrange(128))))
    start = rig.vga.crtc[0x0C] << 8 | rig.vga.crtc[0x0D]
    place = start + rng.randrange(8)
    rig.cr(0x0E, place >> 8 & 0xFF)
    rig.cr(0x0F, place & 0xFF)
    rig.ns += rng.randrange(40) * rig.vga.frame_ns + rig.vga.frame_ns  # past the retrace, any phase of blinking


def compare(rig, rng):
    wanted = np.array(Model(rig.vga, rig.vram).lines(), np.uint8)
    got = Renderer(rig.vga, memoryview(rig.vram)).frame()
    assert got.shape == wanted.shape
    differ = np.argwhere((got != wanted).any(2))
    assert not len(differ), (differ[0], bytes(rig.vga.crtc).hex(), bytes(rig.vga.graphics).hex(), bytes(rig.vga.attribute).hex(),
                             bytes(rig.vga.sequencer).hex())


@pytest.mark.parametrize("seed, count", [(1, 60), pytest.param(2, 3000, marks=pytest.mark.slow)])
def test_random_states(seed, count):
    rng = random.Random(seed)
    rig = Rig(0x12)
    rig.vram[:0x40000] = rng.randbytes(0x40000)
    for _ in range(count):
        small(rig, rng)
        scramble(rig, rng)
        compare(rig, rng)


@pytest.mark.parametrize("mode", MODES)
def test_the_upper_left_corner_of_modes(mode):
    """The modes' own registers, cut to a few characters; the memory as the host writes it."""
    rng = random.Random(mode)
    rig = Rig(mode)
    base = 0xA0000 if rig.vga.graphics[6] >> 2 == 1 else 0xB8000
    if mode < 4:
        rig.vram[2:0x40000:4] = rng.randbytes(0x10000)
    for row in range(0, 0x6000, 0x2000):
        rig.poke(base + row, *rng.randbytes(0x200))
    rig.cr(0x11, 0)
    rig.cr(0x01, 3)
    rig.cr(0x12, 30)
    rig.cr(0x07, 0x10)
    compare(rig, rng)
    shown = Renderer(rig.vga, memoryview(rig.vram)).frame()
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) > 1


def test_chain_4_leaves_gaps_that_unchained_modes_show():
    """Mode 13h's pixels lie at every fourth address: unchained, with the CRTC counting bytes, they stand apart."""
    rig = Rig(0x13)
    rig.poke(0xA0000, *range(1, 9))
    assert [bytes(rig.vram[at(n):at(n) + 4]).hex() for n in range(5)] == ["01020304", "00000000", "00000000", "00000000", "05060708"]
    rig.sr(4, 6)
    rig.gc(4, 2)
    assert [rig.peek(0xA0000 + n) for n in range(5)] == [3, 0, 0, 0, 7]
    rig.sr(2, 1)
    rig.poke(0xA0001, 0x55)
    still = Renderer(rig.vga, memoryview(rig.vram)).frame()[0, ::2].tolist()
    assert [still[n] for n in range(8)] == [list(Model(rig.vga, rig.vram).dac(n)) for n in range(1, 9)]
    rig.cr(0x14, 0)
    rig.cr(0x17, 0xE3)
    apart = Renderer(rig.vga, memoryview(rig.vram)).frame()[0, ::2].tolist()
    dac = Model(rig.vga, rig.vram).dac
    assert [apart[n] for n in range(20)] == [list(dac(n)) for n in (1, 2, 3, 4, 0x55, 0, 0, 0, *[0] * 8, 5, 6, 7, 8)]


def test_odd_even_in_a_map_of_128_kib():
    """A16 takes A0's place where the odd/even chain is on."""
    rig = Rig(0x03)
    rig.gc(6, 0x02)
    rig.poke(0xA0000, 1, 2)
    rig.poke(0xB0000, 3, 4)
    assert bytes(rig.vram[at(0):at(0) + 2]) == b"\1\2" and bytes(rig.vram[at(1):at(1) + 2]) == b"\3\4"
    assert [rig.peek(a) for a in (0xA0000, 0xA0001, 0xB0000, 0xB0001)] == [1, 2, 3, 4]
    rig.gc(6, 0x00)
    rig.poke(0xB0000, 5)
    assert rig.peek(0xA0000) == 5


def test_16_colours_in_bytes_of_two():
    """The shift registers of mode 13h without the pairing of the attribute controller: 640 pixels, two a byte."""
    rig = Rig(0x13)
    rig.ar(0x10, 0x01)
    rig.poke(0xA0000, 0x12, 0x3F)
    dac = Model(rig.vga, rig.vram).dac
    frame = Renderer(rig.vga, memoryview(rig.vram)).frame()
    assert frame.shape == (400, 640, 3)
    assert [tuple(frame[0, n]) for n in range(5)] == [dac(n) for n in (1, 2, 3, 15, 0)]


@pytest.mark.parametrize("seed, count", [(3, 60), pytest.param(4, 3000, marks=pytest.mark.slow)])
def test_a_viewer_follows_what_changes(seed, count):
    """Its picture, of which only what changed is drawn, is that of a fresh look; the lines it names are those that differ."""
    rng = random.Random(seed)
    rig = Rig(0x12)
    viewer = Renderer(rig.vga, memoryview(rig.vram), rig.dirty)
    before = viewer.frame()
    viewer.take_changes()
    for n in range(count):
        if rng.randrange(4) == 0:
            small(rig, rng)
            scramble(rig, rng)
        rig.sr(2, 15)
        rig.sr(4, rng.choice((2, 6, 14)))
        for _ in range(rng.randrange(6)):
            rig.poke(0xA0000 + rng.choice((rng.randrange(0x20000), rng.randrange(0x400))), *rng.randbytes(rng.randrange(1, 30)))
        rig.ns += rng.choice((0, 0, 8, 16)) * rig.vga.frame_ns
        shown = viewer.frame()
        first, last = viewer.take_changes()
        assert (shown == Renderer(rig.vga, memoryview(rig.vram)).frame()).all(), n
        if shown.shape == before.shape:
            differ = np.flatnonzero((shown != before).any((1, 2)))
            assert not len(differ) or first <= differ[0] and differ[-1] < last
        before = shown
