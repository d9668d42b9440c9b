"""Function 00h: every mode leaves the registers that IBM's tables say, and the BIOS data area that programs read."""

import pytest
from vga_bios_rig import calls, video  # noqa: F401

from emu.display.mode import Mode

# IBM PS/2 Hardware Technical Reference, "Video Subsystem", values for each mode: miscellaneous output; sequencer 1-4; CRTC 0-18h;
# attribute 0-13h; graphics 0-8.  The cursor's lines (CRTC 0A, 0B) are function 01h's.
REGISTERS = {
    0x01: ("67", "08 03 00 02", "2D 27 28 90 2B A0 BF 1F 00 4F .. .. 00 00 00 00 9C 8E 8F 14 1F 96 B9 A3 FF",
           "00 01 02 03 04 05 14 07 38 39 3A 3B 3C 3D 3E 3F 0C 00 0F 08", "00 00 00 00 00 10 0E 00 FF"),
    0x03: ("67", "00 03 00 02", "5F 4F 50 82 55 81 BF 1F 00 4F .. .. 00 00 00 00 9C 8E 8F 28 1F 96 B9 A3 FF",
           "00 01 02 03 04 05 14 07 38 39 3A 3B 3C 3D 3E 3F 0C 00 0F 08", "00 00 00 00 00 10 0E 00 FF"),
    0x04: ("63", "09 03 00 02", "2D 27 28 90 2B 80 BF 1F 00 C1 00 00 00 00 00 00 9C 8E 8F 14 00 96 B9 A2 FF",
           "00 13 15 17 02 04 06 07 10 11 12 13 14 15 16 17 01 00 03 00", "00 00 00 00 00 30 0F 00 FF"),
    0x06: ("63", "01 01 00 06", "5F 4F 50 82 54 80 BF 1F 00 C1 00 00 00 00 00 00 9C 8E 8F 28 00 96 B9 C2 FF",
           "00 17 17 17 17 17 17 17 17 17 17 17 17 17 17 17 01 00 01 00", "00 00 00 00 00 00 0D 00 FF"),
    0x07: ("66", "00 03 00 02", "5F 4F 50 82 55 81 BF 1F 00 4F .. .. 00 00 00 00 9C 8E 8F 28 0F 96 B9 A3 FF",
           "00 08 08 08 08 08 08 08 10 18 18 18 18 18 18 18 0E 00 0F 08", "00 00 00 00 00 10 0A 00 FF"),
    0x0D: ("63", "09 0F 00 06", "2D 27 28 90 2B 80 BF 1F 00 C0 00 00 00 00 00 00 9C 8E 8F 14 00 96 B9 E3 FF",
           "00 01 02 03 04 05 06 07 10 11 12 13 14 15 16 17 01 00 0F 00", "00 00 00 00 00 00 05 0F FF"),
    0x0E: ("63", "01 0F 00 06", "5F 4F 50 82 54 80 BF 1F 00 C0 00 00 00 00 00 00 9C 8E 8F 28 00 96 B9 E3 FF",
           "00 01 02 03 04 05 06 07 10 11 12 13 14 15 16 17 01 00 0F 00", "00 00 00 00 00 00 05 0F FF"),
    0x0F: ("A2", "01 0F 00 06", "5F 4F 50 82 54 80 BF 1F 00 40 00 00 00 00 00 00 83 85 5D 28 0F 63 BA E3 FF",
           "00 08 00 00 18 18 00 00 00 08 00 00 00 18 00 00 0B 00 05 00", "00 00 00 00 00 00 05 05 FF"),
    0x10: ("A3", "01 0F 00 06", "5F 4F 50 82 54 80 BF 1F 00 40 00 00 00 00 00 00 83 85 5D 28 0F 63 BA E3 FF",
           "00 01 02 03 04 05 14 07 38 39 3A 3B 3C 3D 3E 3F 01 00 0F 00", "00 00 00 00 00 00 05 0F FF"),
    0x11: ("E3", "01 0F 00 06", "5F 4F 50 82 54 80 0B 3E 00 40 00 00 00 00 00 00 EA 8C DF 28 00 E7 04 C3 FF",
           "00 3F 3F 3F 3F 3F 3F 3F 3F 3F 3F 3F 3F 3F 3F 3F 01 00 0F 00", "00 00 00 00 00 00 05 0F FF"),
    0x12: ("E3", "01 0F 00 06", "5F 4F 50 82 54 80 0B 3E 00 40 00 00 00 00 00 00 EA 8C DF 28 00 E7 04 E3 FF",
           "00 01 02 03 04 05 14 07 38 39 3A 3B 3C 3D 3E 3F 01 00 0F 00", "00 00 00 00 00 00 05 0F FF"),
    0x13: ("63", "01 0F 00 0E", "5F 4F 50 82 54 80 BF 1F 00 41 00 00 00 00 00 00 9C 8E 8F 28 40 96 B9 A3 FF",
           "00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F 41 00 0F 00", "00 00 00 00 00 40 05 0F FF"),
}
SAME = {0x00: 0x01, 0x02: 0x03, 0x05: 0x04}
# Text of fewer scan lines: what differs from 400
LINES = {
    (0, 0x03): {"misc": 0x63, "sequencer": {1: 0x01}, "crtc": {9: 0xC7}, "attribute": {0x10: 0x08, 0x13: 0x00, 6: 6, 8: 0x10, 15: 0x17}},
    (1, 0x03): {"misc": 0xA3, "sequencer": {1: 0x01}, "attribute": {0x10: 0x08, 0x13: 0x00, 6: 0x14, 8: 0x38},
                "crtc": {9: 0x4D, 0x10: 0x83, 0x11: 0x85, 0x12: 0x5D, 0x15: 0x63, 0x16: 0xBA}},
    (1, 0x07): {"misc": 0xA6, "sequencer": {1: 0x00, 4: 0x02}, "attribute": {0x10: 0x0E, 0x13: 0x08},
                "crtc": {9: 0x4D, 0x10: 0x83, 0x11: 0x85, 0x12: 0x5D, 0x14: 0x0D, 0x15: 0x63, 0x16: 0xBA}},
}
# Columns, rows, height of a character, size of a page, dots and scan lines on the screen
LOOKS = {
    0x00: (40, 25, 16, 0x800, (720, 400)), 0x01: (40, 25, 16, 0x800, (720, 400)), 0x02: (80, 25, 16, 0x1000, (720, 400)),
    0x03: (80, 25, 16, 0x1000, (720, 400)), 0x04: (40, 25, 8, 0x4000, (640, 400)), 0x05: (40, 25, 8, 0x4000, (640, 400)),
    0x06: (80, 25, 8, 0x4000, (640, 400)), 0x07: (80, 25, 16, 0x1000, (720, 400)), 0x0D: (40, 25, 8, 0x2000, (640, 400)),
    0x0E: (80, 25, 8, 0x4000, (640, 400)), 0x0F: (80, 25, 14, 0x8000, (640, 350)), 0x10: (80, 25, 14, 0x8000, (640, 350)),
    0x11: (80, 30, 16, 0xA000, (640, 480)), 0x12: (80, 30, 16, 0xA000, (640, 480)), 0x13: (40, 25, 8, 0x2000, (640, 400)),
}


def compare(name, registers, text, first=0):
    for index, word in enumerate(text.split(), first):
        if word != "..":
            assert registers[index] == int(word, 16), f"{name} {index:02X}"


@pytest.mark.parametrize("mode", sorted(LOOKS), ids=lambda mode: f"{mode:02X}")
def test_registers(video, mode):
    misc, sequencer, crtc, attribute, graphics = REGISTERS[SAME.get(mode, mode)]
    video.call(mode)
    vga = video.vga
    assert vga.misc == int(misc, 16)
    compare("sequencer", vga.sequencer, sequencer, 1)
    compare("CRTC", vga.crtc, crtc)
    compare("attribute", vga.attribute, attribute)
    compare("graphics", vga.graphics, graphics)
    assert vga.sequencer[0] == 3 and vga.attribute_index & 0x20 and vga.dac_mask == 0xFF and vga.attribute[0x14] == 0


@pytest.mark.parametrize("lines, mode", sorted(LINES))
def test_registers_of_fewer_scan_lines(video, lines, mode):
    video.call(0x1200 | lines, bx=0x30)
    video.call(mode)
    want = LINES[lines, mode]
    assert video.vga.misc == want["misc"]
    for name in ("sequencer", "crtc", "attribute"):
        for index, value in want.get(name, {}).items():
            assert getattr(video.vga, name)[index] == value, f"{name} {index:02X}"
    assert video.word(0x485) == (8, 14)[lines]
    assert Mode.of(video.vga).height == (400, 350)[lines]


@pytest.mark.parametrize("mode", sorted(LOOKS), ids=lambda mode: f"{mode:02X}")
def test_data_area_and_picture(video, mode):
    columns, rows, height, page, size = LOOKS[mode]
    video.call(mode)
    assert video.byte(0x449) == mode
    assert video.word(0x44A) == columns and video.byte(0x484) == rows - 1 and video.word(0x485) == height
    assert video.word(0x44C) == page and video.word(0x44E) == 0 and video.byte(0x462) == 0
    assert video.read(0x450, 16) == bytes(16)
    assert video.word(0x463) == (0x3B4 if mode in (7, 0x0F) else 0x3D4)
    video.call(0x0100, cx=0x2000)
    shot = video.pc.screenshot().array
    assert shot.shape[1::-1] == size and not shot.any()
    after = video.call(0x0F00)
    assert (after["al"], after["ah"], after["bh"]) == (mode, columns, 0)


def test_refresh_rates(video):
    for mode, rate in ((3, 70.1), (0x13, 70.1), (0x12, 59.9), (0x10, 70.1)):
        video.call(mode)
        assert abs(1e9 / video.vga.frame_ns - rate) < 0.1


@pytest.mark.parametrize("mode, at", [(3, 0xB8000), (7, 0xB0000), (4, 0xB8000), (0x13, 0xA0000)])
def test_memory_is_kept_on_request(video, mode, at):
    video.call(mode)
    video.write(at, b"\x55\xAA\x55\xAA")
    video.call(0x80 | mode)
    assert video.read(at, 4) == b"\x55\xAA\x55\xAA"
    assert video.byte(0x487) & 0x80 and video.call(0x0F00)["al"] == 0x80 | mode
    video.call(mode)
    assert video.read(at, 4) == (b"\x20\x07\x20\x07" if mode in (3, 7) else bytes(4))
    assert not video.byte(0x487) & 0x80


def test_value_in_al(video):
    assert [video.call(mode)["al"] for mode in (3, 4, 6, 0x12)] == [0x30, 0x30, 0x3F, 0x20]


def test_a_mode_that_there_is_not_changes_nothing(video):
    before = bytes(video.vga.crtc)
    for mode in (0x08, 0x0B, 0x14, 0x5C, 0x7F):
        video.call(mode)
    assert bytes(video.vga.crtc) == before and video.byte(0x449) == 3


def test_parameter_table(video):
    """What the save pointer leads to: 29 entries of 64 bytes, the same that modes are set from."""
    offset, segment = video.word(0x4A8), video.word(0x4AA)
    table = segment * 16 + offset
    offset, segment = video.word(table), video.word(table + 2)
    entries = segment * 16 + offset
    for mode, entry in ((4, 4), (6, 6), (0x0D, 0x0D), (0x0E, 0x0E), (0x10, 0x12), (3, 0x18), (7, 0x19), (0x12, 0x1B), (0x13, 0x1C)):
        data = video.read(entries + 64 * entry, 64)
        columns, rows, height, page, _ = LOOKS[mode]
        assert (data[0], data[1], data[2], data[3] | data[4] << 8) == (columns, rows - 1, height, page)
        misc, sequencer, crtc, attribute, graphics = REGISTERS[mode]
        assert data[9] == int(misc, 16)
        compare("sequencer", data[5:9], sequencer)
        compare("CRTC", data[10:35], crtc)
        compare("attribute", data[35:55], attribute)
        compare("graphics", data[55:64], graphics)


def test_colours(video):
    """Palette and DAC together: the sixteen colours that everybody knows."""
    cga = [(0, 0, 0), (0, 0, 42), (0, 42, 0), (0, 42, 42), (42, 0, 0), (42, 0, 42), (42, 21, 0), (42, 42, 42)]
    cga += [(21 + 42 * (n >> 2 & 1), 21 + 42 * (n >> 1 & 1), 21 + 42 * (n & 1)) for n in range(8)]
    for mode in (3, 0x0D, 0x12, 0x13):
        video.call(mode)
        for n in range(16):
            index = video.vga.attribute[n]
            assert tuple(level >> 2 for level in video.vga.palette[4 * index:4 * index + 3]) == cga[n], f"mode {mode:02X}, {n}"
    palette = [tuple(video.vga.palette[4 * n + part] >> 2 for part in range(3)) for n in range(256)]
    assert palette[16:32] == [(level,) * 3 for level in (0, 5, 8, 11, 14, 17, 20, 24, 28, 32, 36, 40, 45, 50, 56, 63)]
    assert palette[32:36] == [(0, 0, 63), (16, 0, 63), (31, 0, 63), (47, 0, 63)] and palette[40] == (63, 0, 0)
    assert palette[48] == (0, 63, 0) and palette[248:] == [(0, 0, 0)] * 8
    video.call(7)
    assert {video.vga.attribute[n] for n in range(1, 8)} == {8} and video.vga.palette[4 * 8] >> 2 == 42


def test_cga_palette_of_mode_4(video):
    video.call(4)
    shown = [tuple(level >> 2 for level in video.vga.palette[4 * video.vga.attribute[n]:4 * video.vga.attribute[n] + 3])
             for n in range(4)]
    assert shown == [(0, 0, 0), (21, 63, 63), (63, 21, 63), (63, 63, 63)]


def test_palette_stays_where_it_shall(video):
    video.call(0x1010, bx=1, dx=0x3F00, cx=0)
    video.call(0x1201, bx=0x31)
    video.call(3)
    assert video.vga.palette[4] >> 2 == 0x3F
    video.call(0x1200, bx=0x31)
    video.call(3)
    assert video.vga.palette[4] == 0


def test_grey_is_summed_on_request(video):
    video.call(0x1200, bx=0x33)
    video.call(0x13)
    for n in range(256):
        assert len(set(video.vga.palette[4 * n:4 * n + 3])) == 1
