"""VGA registers, DAC, timing, DISPI."""
import random

import pytest

from vga_rig import Rig


def test_mono_and_colour_ports():
    rig = Rig(0x03)
    rig.out(0x3D4, 0x0F)
    rig.out(0x3D5, 0x12)
    rig.out(0x3B4, 0x0E)  # not decoded now
    assert rig.vga.read(0x3D4) == 0x0F and rig.vga.read(0x3B4) == 0xFF
    rig.out(0x3C2, 0x66)
    assert rig.vga.read(0x3D4) == 0xFF and rig.vga.read(0x3B5) == 0x12
    assert rig.vga.read(0x3CC) == 0x66


def test_registers_keep_only_their_bits():
    rig = Rig()
    rig.out(0x3C2, 3)
    rig.sr(0, 0xFF)
    assert rig.vga.read(0x3C5) == 3
    rig.gc(5, 0xFF)
    assert rig.vga.read(0x3CF) == 0x7B
    rig.cr(0x0A, 0xFF)
    assert rig.vga.read(0x3D5) == 0x3F
    rig.cr(0x19, 0xFF)
    assert rig.vga.read(0x3D5) == 0
    rig.out(0x3DA, 3)
    assert rig.vga.read(0x3CA) == 3


def test_crtc_protection_spares_line_compare():
    rig = Rig(0x03)
    rig.cr(0x11, 0x8E)
    rig.cr(0, 0x11)
    assert rig.vga.read(0x3D5) == 0x5F
    rig.cr(7, 0x00)
    assert rig.vga.read(0x3D5) == 0x0F
    rig.cr(0x0F, 0x33)
    assert rig.vga.read(0x3D5) == 0x33
    rig.cr(0x11, 0x0E)
    rig.cr(0, 0x11)
    assert rig.vga.read(0x3D5) == 0x11


def test_attribute_flip_flop():
    rig = Rig(0x03)
    rig.vga.read(0x3DA)
    rig.out(0x3C0, 0x11)
    rig.out(0x3C0, 0x2A)
    rig.out(0x3C0, 0x12)
    rig.vga.read(0x3DA)
    rig.out(0x3C0, 0x11)
    assert rig.vga.read(0x3C1) == 0x2A
    assert rig.vga.read(0x3C0) == 0x11
    assert rig.vga.peek(0x3DA) is not None and rig.vga.attribute_data  # peek does not reset it
    rig.cr(0x24, 0)
    assert rig.vga.read(0x3D5) == 0x80


def test_dac_6_and_8_bits():
    rig = Rig(0x03)
    rig.dac(5, 0x3F, 0x20, 0x01, 1, 2)  # entry 6 is not complete and does not change
    rig.out(0x3C7, 5)
    assert rig.vga.read(0x3C7) == 3
    assert [rig.vga.read(0x3C9) for _ in range(6)] == [0x3F, 0x20, 0x01, 6, 57, 6 ^ 21]
    rig.out(0x3C8, 5)
    assert rig.vga.read(0x3C7) == 0
    rig.dispi(4, 0x20)
    rig.dac(9, 0xFF, 0x81, 0x02)
    rig.out(0x3C7, 9)
    assert [rig.vga.read(0x3C9) for _ in range(3)] == [0xFF, 0x81, 0x02]
    rig.out(0x3C7, 5)
    assert [rig.vga.read(0x3C9) for _ in range(3)] == [0xFC, 0x80, 0x04]
    rig.dac(255, 1, 2, 3, 4, 5, 6)  # wraps
    assert list(rig.vga.palette[:3]) == [4, 5, 6]


@pytest.mark.parametrize("mode, hertz, lines", [(0x03, 70.09, 449), (0x12, 59.94, 525), (0x13, 70.09, 449)])
def test_retrace_in_guest_time(mode, hertz, lines):
    rig = Rig(mode)
    assert rig.vga.frame_lines == lines
    assert 1e9 / rig.vga.frame_ns == pytest.approx(hertz, abs=0.01)
    step = 1000
    seen = []
    for rig.ns in range(10**12, 10**12 + 10**8, step):
        seen.append(rig.vga.read(0x3DA))
    rises = sum(b & 8 > a & 8 for a, b in zip(seen, seen[1:]))
    assert rises in (int(hertz / 10), int(hertz / 10) + 1)
    assert sum(v & 8 != 0 for v in seen) / len(seen) == pytest.approx(2 / lines, rel=0.1)
    shown = {0x03: 400, 0x12: 480, 0x13: 400}[mode] / lines * 80 / 100
    assert sum(v & 1 == 0 for v in seen) / len(seen) == pytest.approx(shown, abs=0.01)
    assert all(v & 1 for v in seen if v & 8)  # retrace lies within the blank


def test_start_address_is_taken_at_the_retrace():
    rig = Rig(0x0D)
    frame = rig.vga.frame_ns
    rig.ns = 10 * frame + frame // 4
    rig.cr(0x0C, 0x20)
    rig.cr(0x0D, 0x40)
    assert rig.vga.start_address() == 0
    rig.ns += frame // 4
    assert rig.vga.start_address() == 0
    rig.ns += frame
    assert rig.vga.start_address() == 0x2040
    rig.ns += 1000 * frame
    assert rig.vga.start_address() == 0x2040


def test_dispi_identity_and_capabilities():
    rig = Rig()
    assert rig.dispi(0) == 0xB0C5 and rig.dispi(10) == 256
    assert rig.dispi(6) == 640  # never 0
    rig.dispi(0, 0xB0C2)
    assert rig.dispi(0) == 0xB0C2
    rig.dispi(0, 0x1234)
    assert rig.dispi(0) == 0xB0C2
    rig.dispi(1, 1024)
    rig.dispi(4, 2)
    assert (rig.dispi(1), rig.dispi(2), rig.dispi(3)) == (2560, 1600, 32)
    rig.dispi(4, 0)
    assert rig.dispi(1) == 1024
    assert rig.vga.dispi_read_index(0x1CE) == 1


def test_dispi_mode_set_clears_memory_unless_told():
    rig = Rig()
    rig.vram[:] = b"\xEE" * len(rig.vram)
    rig.set_dispi(1024, 768, 16)
    size = 1024 * 768 * 2
    assert not any(rig.vram[:size]) and rig.vram[size] == 0xEE
    assert all(rig.dirty[:size >> 12])
    rig.vram[0] = 0xEE
    rig.set_dispi(640, 480, 32, 0xC1)
    assert rig.vram[0] == 0xEE


def test_dispi_geometry():
    rig = Rig()
    rig.set_dispi(800, 600, 24)
    assert (rig.dispi(6), rig.dispi(7)) == (800, 0x1000000 // 2400)
    rig.dispi(6, 1024)
    assert (rig.dispi(6), rig.dispi(7), rig.vga.dispi_pitch()) == (1024, 0x1000000 // 3072, 3072)
    rig.dispi(6, 16)
    assert rig.dispi(6) == 800
    rig.dispi(9, 0xFFFF)
    assert rig.dispi(9) == 0x1000000 // 2400 - 600
    rig.dispi(1, 320)  # not while a mode runs
    assert rig.dispi(1) == 800
    rig.dispi(6, 0xFFFF)  # memory would not hold 600 such lines
    assert rig.dispi(6) == 800
    rig.dispi(4, 0)
    rig.dispi(3, 7)
    rig.dispi(1, 5000)
    assert rig.dispi(3) == 24 and rig.dispi(1) == 800


def test_revision_counts_what_the_picture_shows():
    rig = Rig(0x03)
    for change in (lambda: rig.cr(0x0F, 7), lambda: rig.ar(0x10, 0), lambda: rig.dac(1, 1, 1, 1),
                   lambda: rig.sr(3, 5), lambda: rig.gc(6, 5), lambda: rig.out(0x3C6, 0x7F),
                   lambda: rig.dispi(4, 1), lambda: rig.dispi(9, 3)):
        before = rig.vga.revision
        change()
        assert rig.vga.revision != before
    before = rig.vga.revision
    rig.gc(8, 0x55)
    rig.sr(2, 1)
    assert rig.vga.revision == before


def test_random_traffic_fits_the_fields():
    rng = random.Random(1)
    for _ in range(4):
        rig = Rig()
        rig.out(0x3C2, 3)
        for _ in range(6000):
            rig.ns += rng.randrange(1 << 22)
            kind = rng.randrange(10)
            port = rng.randrange(0x3B0, 0x3E0)
            if kind < 5:
                rig.vga.write(port, rng.randrange(256))
            elif kind < 7:
                assert 0 <= rig.vga.read(port) <= 0xFF
            elif kind == 7:
                rig.dispi(rng.randrange(12), rng.choice((0, 1, 3, 8, 640, 800, rng.randrange(0x10000))) | 0x80)
            elif kind == 8:
                rig.vga.mem_write(rng.randrange(0x20000), rng.randrange(256))
            else:
                assert 0 <= rig.vga.mem_read(rng.randrange(0x20000)) <= 0xFF
            rig.vga.start_address()


def test_save_and_restore():
    rig, other = Rig(0x12), Rig()
    rig.peek(0xA0000)
    other.vga.restore(rig.vga.save())
    assert other.vga.save() == rig.vga.save()
