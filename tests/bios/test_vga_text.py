"""INT 10h in text modes: cursor, pages, scrolling, characters, teletype, strings."""

import pytest
from vga_bios_rig import BUFFER, calls, video  # noqa: F401

SCREEN = 0xB8000


def teletype(video, text, page=0, colour=7):
    for byte in text:
        video.call(0x0E00 | byte, bx=page << 8 | colour)


def row(video, number, page=0, count=80):
    """Characters of a text row."""
    return video.read(SCREEN + page * 0x1000 + number * 160, 2 * count)[::2]


def cursor(video, page=0):
    return video.word(0x450 + 2 * page)


def cursor_cell(video):
    return video.vga.crtc[0x0E] << 8 | video.vga.crtc[0x0F]


def test_registers_and_stack_are_kept(video):
    """What a service does not return stays, the upper halves and the segments too."""
    after = video.call(0xABCD0E41, bx=0x12340007, cx=0x5678AAAA, dx=0x9ABCBBBB, si=0x11112222, di=0x33334444, bp=0x55556666, es=0x1234)
    assert after["eax"] == 0xABCD0E41 and after["ebx"] == 0x12340007 and after["ecx"] == 0x5678AAAA
    assert (after["edx"], after["esi"], after["edi"], after["ebp"]) == (0x9ABCBBBB, 0x11112222, 0x33334444, 0x55556666)
    assert (after["es"], after["ds"], after["sp"]) == (0x1234, 0, 0x7C00)


def test_unknown_services_change_nothing(video):
    for ax in (0x1400, 0x2200, 0x5500, 0xFF00):
        assert video.call(ax, bx=0x1234)["eax"] == ax


@pytest.mark.parametrize("given, kept, lines", [
    (0x0607, 0x0607, (13, 14)), (0x0007, 0x0007, (0, 15)), (0x0407, 0x0407, (8, 15)), (0x0D0E, 0x0D0E, (13, 14)),
    (0x2000, 0x2000, (0x20, 0)), (0x2607, 0x2607, None)])
def test_cursor_shape(video, given, kept, lines):
    """Shapes for cells of eight lines are fitted to the cell; bit 13 hides."""
    video.call(0x0100, cx=given)
    assert video.call(0x0300)["cx"] == kept == video.word(0x460)
    crtc = video.vga.crtc
    if lines is None:
        assert crtc[0x0A] & 0x20
    else:
        assert (crtc[0x0A], crtc[0x0B]) == lines


def test_cursor_shape_as_it_is(video):
    video.call(0x1201, bx=0x34)
    video.call(0x0100, cx=0x0405)
    assert (video.vga.crtc[0x0A], video.vga.crtc[0x0B]) == (4, 5)


def test_cursor_position_and_pages(video):
    video.call(0x0200, bx=0x0000, dx=0x0A14)
    assert cursor_cell(video) == 0x0A * 80 + 0x14
    video.call(0x0200, bx=0x0300, dx=0x0102)  # not the page that shows
    assert cursor_cell(video) == 0x0A * 80 + 0x14 and cursor(video, 3) == 0x0102
    video.call(0x0503)
    assert video.byte(0x462) == 3 and video.word(0x44E) == 0x3000
    assert (video.vga.crtc[0x0C] << 8 | video.vga.crtc[0x0D]) == 0x1800 and cursor_cell(video) == 0x1800 + 82
    assert video.call(0x0300, bx=0x0300)["dx"] == 0x0102 and video.call(0x0300)["dx"] == 0x0A14
    assert video.call(0x0F00)["bh"] == 3
    video.call(0x0508)  # there is no such page
    assert video.byte(0x462) == 3


def test_teletype(video):
    teletype(video, b"Hello\r\nWorld\x08\x08!")
    assert row(video, 0, count=6) == b"Hello " and row(video, 1, count=6) == b"Wor!d "
    assert cursor(video) == 0x0104 and cursor_cell(video) == 84
    assert video.pc.screen_text()[:2] == ["Hello", "Wor!d"]
    video.call(0x0200, dx=0)
    teletype(video, b"\x08")  # not beyond the left edge
    assert cursor(video) == 0


def test_teletype_keeps_attributes_and_wraps(video):
    video.call(0x0200, dx=0x004F)
    video.write(SCREEN + 158, b" \x4E")
    teletype(video, b"XY", colour=0x12)
    assert video.read(SCREEN + 158, 4) == b"X\x4EY\x07" and cursor(video) == 0x0101


def test_teletype_scrolls_with_the_attribute_of_the_last_line(video):
    video.write(SCREEN + 160, b"2\x07")
    video.write(SCREEN + 24 * 160, b"L\x1F" * 80)
    video.call(0x0200, dx=0x1805)
    teletype(video, b"\n")
    assert row(video, 0, count=1) == b"2" and row(video, 23, count=2) == b"LL"
    assert video.read(SCREEN + 24 * 160, 160) == b" \x1F" * 80 and cursor(video) == 0x1805


def test_teletype_writes_to_the_page_that_shows(video):
    """IBM's teletype does not look at BH, and there are programs that leave anything in it."""
    teletype(video, b"A", page=5)
    assert row(video, 0, count=1) == b"A" and row(video, 0, page=5, count=1) == b" "


def test_bell(video):
    before = video.pc.guest_seconds
    video.call(0x0E07)
    assert 0.04 < video.pc.guest_seconds - before < 0.5
    assert cursor(video) == 0 and row(video, 0, count=1) == b" "


@pytest.mark.parametrize("lines, up", [(1, True), (3, True), (2, False), (0, True), (0, False), (200, True)])
def test_scroll_window(video, lines, up):
    cells = bytes(n // 160 + 65 if n % 2 == 0 else 7 for n in range(25 * 160))
    video.write(SCREEN, cells)
    video.call((0x0600 if up else 0x0700) | lines, bx=0x2E00, cx=0x0405, dx=0x0A14)  # rows 4 to 10, columns 5 to 20
    count = 7 if lines == 0 or lines > 7 else lines
    for y in range(25):
        for x in (0, 4, 5, 12, 20, 21, 79):
            want = bytes((65 + y, 7))
            if 4 <= y <= 10 and 5 <= x <= 20:
                source = y + count if up else y - count
                want = bytes((65 + source, 7)) if 4 <= source <= 10 else b" \x2E"
            assert video.read(SCREEN + y * 160 + x * 2, 2) == want, (y, x)


def test_scroll_window_beyond_the_screen(video):
    video.write(SCREEN, b"Z\x07" * 2000)
    video.call(0x0600, bx=0x0700, cx=0x1700, dx=0xFFFF)
    assert row(video, 22) == b"Z" * 80 and row(video, 23) == row(video, 24) == b" " * 80
    assert video.read(SCREEN + 4000, 2) == b" \x07"
    video.call(0x0600, bx=0x4100, cx=0x0A0A, dx=0x0505)  # upside down: nothing
    assert row(video, 7, count=20) == b"Z" * 20


def test_write_and_read_cells(video):
    video.call(0x0200, dx=0x0210)
    video.call(0x0941, bx=0x5C, cx=3)
    assert video.read(SCREEN + 2 * 160 + 32, 8) == b"A\x5CA\x5CA\x5C \x07"
    video.call(0x0A42, bx=0x11, cx=2)
    assert video.read(SCREEN + 2 * 160 + 32, 6) == b"B\x5CB\x5CA\x5C"
    assert cursor(video) == 0x0210
    assert video.call(0x0800)["ax"] == 0x5C42
    video.call(0x0200, bx=0x0200, dx=0x0001)
    video.call(0x0943, bx=0x0207, cx=1)
    assert row(video, 0, page=2, count=3) == b" C "
    assert video.call(0x0800, bx=0x0200)["ax"] == 0x0743
    video.call(0x0944, bx=7, cx=0)
    assert video.call(0x0800)["al"] == 0x42


@pytest.mark.parametrize("move", [0, 1])
def test_string(video, move):
    video.write(BUFFER, b"one\r\ntwo")
    video.call(0x1300 | move, bx=0x1E, cx=8, dx=0x0508, bp=BUFFER)
    assert video.read(SCREEN + 5 * 160 + 16, 6) == b"o\x1En\x1Ee\x1E" and row(video, 6, count=3) == b"two"
    assert cursor(video) == (0x0603 if move else 0)


def test_string_with_attributes(video):
    video.write(BUFFER, b"x\x12y\x34")
    video.call(0x1302, bx=0, cx=2, dx=0x0000, bp=0, es=BUFFER >> 4)
    assert video.read(SCREEN, 6) == b"x\x12y\x34 \x07" and cursor(video) == 0
    video.call(0x1303, bx=0x0100, cx=2, dx=0x0000, bp=BUFFER)
    assert video.read(SCREEN + 0x1000, 4) == b"x\x12y\x34" and cursor(video, 1) == 2
    video.write(BUFFER, b"end")
    video.call(0x1301, bx=0x07, cx=3, dx=0x184E, bp=BUFFER)  # in the last corner: scrolls
    assert row(video, 23)[78:] == b"en" and row(video, 24, count=2) == b"d " and cursor(video) == 0x1801


def test_mono_text(video):
    video.call(0x0007)
    video.call(0x0941, bx=0x07, cx=2)
    assert video.read(0xB0000, 6) == b"A\x07A\x07 \x07"
    assert video.pc.screen_text()[0] == "AA"


def test_forty_columns(video):
    video.call(0x0001)
    teletype(video, b"x" * 41)
    assert video.pc.screen_text()[:2] == ["x" * 40, "x"] and cursor(video) == 0x0101
    video.call(0x0507)
    assert (video.vga.crtc[0x0C] << 8 | video.vga.crtc[0x0D]) == 0x1C00


def test_light_pen(video):
    assert video.call(0x04FF)["ah"] == 0
