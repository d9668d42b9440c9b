"""Functions 12h, 1Ah, 1Bh, 1Ch: what the adapter is, and saving it whole."""

import pytest
from vga_bios_rig import BUFFER, calls, video  # noqa: F401


def registers(video):
    vga = video.vga
    return [bytes(part) for part in (vga.sequencer[:5], vga.crtc[:25], vga.graphics[:9], vga.attribute[:21])] + [
        vga.misc, vga.attribute_index & 0x3F, vga.crtc_index, vga.sequencer_index, vga.graphics_index]


def test_alternate_select(video):
    after = video.call(0x1200, bx=0xFF10, cx=0xFFFF)
    assert (after["bh"], after["bl"], after["cl"]) == (0, 3, 9)
    video.call(0x0007)
    assert video.call(0x1200, bx=0xFF10)["bh"] == 1
    video.call(0x0003)
    for bl in (0x30, 0x31, 0x32, 0x33, 0x34, 0x36):
        assert video.call(0x1200, bx=bl)["al"] == 0x12
    assert video.call(0x1203, bx=0x30)["al"] == 3  # no such number of lines
    assert video.call(0x1200, bx=0x77)["al"] == 0


def test_memory_and_display_off_and_on(video):
    video.call(0x1201, bx=0x32)
    assert not video.vga.misc & 2
    video.call(0x1200, bx=0x32)
    assert video.vga.misc & 2
    video.call(0x0E41)
    video.call(0x1201, bx=0x36)
    assert not video.pc.screenshot().array.any()
    video.call(0x1200, bx=0x36)
    assert video.pc.screenshot().array.any()


@pytest.mark.parametrize("lines, mode, rows", [(0, 3, 25), (1, 3, 25), (2, 3, 25)])
def test_scan_lines(video, lines, mode, rows):
    video.call(0x1200 | lines, bx=0x30)
    video.call(mode)
    assert video.pc.screenshot().array.shape[0] == (400, 350, 400)[lines] and video.byte(0x484) == rows - 1
    video.call(0x1B00, di=BUFFER)
    assert video.byte(BUFFER + 0x2A) == lines


def test_combination(video):
    after = video.call(0x1A00, bx=0xFFFF)
    assert after["al"] == 0x1A and after["bx"] == 0x0008  # VGA with a colour display, nothing else
    assert video.call(0x1A01, bx=0x0007)["al"] == 0x1A
    assert video.call(0x1A00)["bx"] == 0x0007
    video.call(0x1A01, bx=0x0108)
    assert video.call(0x1A00)["bx"] == 0x0108
    video.call(0x1A01, bx=0x0008)
    assert video.call(0x1A02)["al"] == 2


@pytest.mark.parametrize("mode, colours, pages, lines", [(3, 16, 8, 2), (7, 0, 8, 2), (4, 4, 1, 0), (0x0D, 16, 8, 0),
                                                         (0x12, 16, 1, 3), (0x13, 256, 1, 0), (0x10, 16, 2, 1)])
def test_functionality(video, mode, colours, pages, lines):
    video.call(mode)
    assert video.call(0x1B00, bx=0, di=BUFFER)["al"] == 0x1B
    table = video.read(BUFFER, 64)
    assert table[4] == mode and table[5] | table[6] << 8 == video.word(0x44A)
    assert table[4:0x22] == video.read(0x449, 0x1E)
    assert table[0x22] == video.byte(0x484) + 1 and table[0x23] | table[0x24] << 8 == video.word(0x485)
    assert table[0x25:0x27] == b"\x08\x00"
    assert (table[0x27] | table[0x28] << 8, table[0x29], table[0x2A], table[0x31]) == (colours, pages, lines, 3)
    offset, segment = table[0] | table[1] << 8, table[2] | table[3] << 8
    static = video.read(segment * 16 + offset, 16)
    modes = {n for n in range(24) if static[n >> 3] >> (n & 7) & 1}
    assert modes == set(range(8)) | set(range(0x0D, 0x14)) and static[7] == 7
    assert video.call(0x1B00, bx=1)["al"] == 0


def test_state_sizes(video):
    assert [video.call(0x1C00, cx=parts)["bx"] for parts in (1, 2, 4, 7)] == [2, 1, 13, 16]
    assert video.call(0x1C00, cx=7)["al"] == 0x1C


@pytest.mark.parametrize("before, between", [(3, 0x12), (0x13, 3), (0x0D, 0x13), (7, 4), (4, 0x0F)])
def test_state_comes_back(video, before, between):
    video.call(before)
    video.call(0x1010, bx=7, dx=0x1100, cx=0x2233)
    video.call(0x0200, dx=0x0507)
    old, colours = registers(video), bytes(video.vga.palette)
    data = video.read(0x449, 0x1E) + video.read(0x484, 7)
    assert video.call(0x1C01, cx=7, bx=BUFFER)["al"] == 0x1C
    assert registers(video) == old and bytes(video.vga.palette) == colours  # looking changes nothing
    video.call(between)
    assert registers(video) != old
    video.call(0x1C02, cx=7, bx=BUFFER)
    assert registers(video) == old and bytes(video.vga.palette) == colours
    assert video.read(0x449, 0x1E) + video.read(0x484, 7) == data


@pytest.mark.parametrize("mode", [0x103, 0x118, 0x102])
def test_vbe_state_comes_back(video, mode):
    assert video.call(0x4F02, bx=mode | (0x4000 if mode == 0x118 else 0))["ax"] == 0x4F
    video.call(0x4F06, bx=0, cx=1600)
    video.call(0x4F07, bx=0, cx=16, dx=8)
    if mode != 0x118:
        video.call(0x4F05, bx=0, dx=2)
    dispi, old = bytes(video.vga.dispi), registers(video)
    assert video.call(0x4F04, dx=0, cx=15)["bx"] == 17
    assert video.call(0x4F04, dx=1, cx=15, bx=BUFFER)["ax"] == 0x4F
    video.call(3)
    assert video.pc.screenshot().array.shape == (400, 720, 3)
    assert video.call(0x4F04, dx=2, cx=15, bx=BUFFER)["ax"] == 0x4F
    assert [a for a, b in zip(dispi, bytes(video.vga.dispi)) if a != b] in ([], [dispi[8]])  # ENABLE may note that nothing was cleared
    assert registers(video) == old and video.call(0x4F03)["bx"] & 0x1FF == mode
    video.call(3)
    video.call(0x4F04, dx=1, cx=15, bx=BUFFER)
    video.call(0x4F02, bx=mode)
    video.call(0x4F04, dx=2, cx=15, bx=BUFFER)
    assert video.pc.screenshot().array.shape == (400, 720, 3) and video.call(0x4F03)["bx"] == 3
    assert video.call(0x4F04, dx=3, cx=15)["ax"] == 0x14F
