"""INT 10h in graphics modes: pixels, characters, scrolling; the picture is what counts."""

import pytest
from vga_bios_rig import calls, video  # noqa: F401

import font_text  # isort: skip

from emu.display.mode import Mode

# Mode, bits of a colour, width, height in pixels
MODES = [(4, 2, 320, 200), (6, 1, 640, 200), (0x0D, 4, 320, 200), (0x0E, 4, 640, 200), (0x10, 4, 640, 350), (0x11, 4, 640, 480),
         (0x12, 4, 640, 480), (0x13, 8, 320, 200)]
VBE = [(0x100, 8, 640, 400), (0x103, 8, 800, 600), (0x102, 4, 800, 600), (0x104, 4, 1024, 768), (0x111, 16, 640, 480),
       (0x112, 24, 640, 480), (0x113, 15, 800, 600), (0x144, 32, 1024, 768)]
ALL = MODES + VBE


def start(video, mode):
    assert mode < 0x100 or video.call(0x4F02, bx=mode)["ax"] == 0x4F
    if mode < 0x100:
        video.call(mode)


def pixels(video, width, height):
    """The picture with one dot a pixel."""
    shot = video.pc.screenshot().array
    return shot[::shot.shape[0] // height, ::shot.shape[1] // width]


def name(row):
    return f"{row[0]:03X}"


@pytest.mark.parametrize("row", ALL, ids=name)
def test_pixels(video, row):
    mode, bits, width, height = row
    start(video, mode)
    corners = [(0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1), (width // 2 + 1, height // 2 + 3), (9, 5)]
    for n, (x, y) in enumerate(corners):
        video.call(0x0C00 | 1, cx=x, dx=y)
    picture = pixels(video, width, height).any(axis=2)
    assert {(x, y) for y, x in zip(*picture.nonzero())} == set(corners)
    for x, y in corners:
        assert video.call(0x0D00, cx=x, dx=y)["al"] != 0
    assert video.call(0x0D00, cx=10, dx=5)["al"] == 0


@pytest.mark.parametrize("row", MODES, ids=name)
def test_colours_and_exclusive_or(video, row):
    mode, bits, width, height = row
    start(video, mode)
    for colour in range(1, min(1 << bits, 16)):
        video.call(0x0C00 | colour, cx=colour, dx=1)
    assert [video.call(0x0D00, cx=n, dx=1)["al"] for n in range(1, min(1 << bits, 16))] == list(range(1, min(1 << bits, 16)))
    if bits == 8:
        video.call(0x0CC8, cx=30, dx=30)
        assert video.call(0x0D00, cx=30, dx=30)["al"] == 0xC8
    else:
        video.call(0x0C81, cx=30, dx=30)
        assert video.call(0x0D00, cx=30, dx=30)["al"] == 1
        video.call(0x0C81, cx=30, dx=30)
        assert video.call(0x0D00, cx=30, dx=30)["al"] == 0


@pytest.mark.parametrize("row", ALL, ids=name)
def test_text(video, row):
    """Teletype, wrap at the right edge, and what function 08h recognises."""
    mode, bits, width, height = row
    start(video, mode)
    columns = video.word(0x44A)
    assert columns == width // 8
    for byte in b"Hello, you!\r\n" + b"#" * columns + b"\xB2e\x08E":
        video.call(0x0E00 | byte, bx=1)
    text = video.pc.screen_text()
    assert text[:3] == ["Hello, you!", "#" * columns, "▓E"]
    video.call(0x0200, dx=0x0001)
    assert video.call(0x0800)["al"] == ord("e")
    video.call(0x0200, dx=0x0200)
    assert video.call(0x0800)["al"] == 0xB2


@pytest.mark.parametrize("row", ALL, ids=name)
def test_scroll(video, row):
    mode, bits, width, height = row
    start(video, mode)
    for n in range(4):
        video.call(0x0200, dx=n << 8 | 2)
        video.call(0x0961 + n, bx=1, cx=3)
    video.call(0x0601, bx=0, cx=0x0002, dx=0x0303)
    assert video.pc.screen_text()[:4] == ["  bba", "  ccb", "  ddc", "    d"]
    video.call(0x0702, bx=0, cx=0x0000, dx=0x0304)
    assert video.pc.screen_text()[:4] == ["", "", "  bba", "  ccb"]
    colour = 1
    video.call(0x0600, bx=colour << 8, cx=0, dx=0xFFFF)
    picture = pixels(video, width, height)
    rows = video.byte(0x484) + 1
    cell = video.word(0x485)
    if bits in (4, 8):
        used = picture[:rows * cell]
        assert (used == used[0, 0]).all() and used[0, 0].any()


@pytest.mark.parametrize("row", [row for row in ALL if row[0] in (0x12, 0x13, 0x103, 0x144)], ids=name)
def test_teletype_scrolls(video, row):
    mode, bits, width, height = row
    start(video, mode)
    rows = video.byte(0x484) + 1
    for byte in b"".join(b"line %d\r\n" % n for n in range(rows)) + b"last":
        video.call(0x0E00 | byte, bx=2)
    text = video.pc.screen_text()[:rows]
    assert text[0] == "line 1" and text[-2] == f"line {rows - 1}" and text[-1] == "last"


def test_characters_with_exclusive_or(video):
    video.call(0x0012)
    video.call(0x0941, bx=0x02, cx=1)
    video.call(0x0941, bx=0x82, cx=1)
    assert not video.pc.screenshot().array.any()


def test_upper_half_of_mode_4_has_a_vector_of_its_own(video):
    video.call(4)
    video.write(0x1F * 4, (0x80).to_bytes(2, "little") + (0x8000 >> 4).to_bytes(2, "little"))
    video.write(0x8080, bytes.fromhex("FF818181818181FF"))
    video.call(0x0980, bx=3, cx=1)
    assert video.read(0xB8000, 2) == b"\xFF\xFF" and video.read(0xBA000, 2) == b"\xC0\x03"


def test_own_characters_in_graphics(video):
    video.call(0x13)
    video.write(0x8000 + 65 * 8, bytes.fromhex("FF00FF00FF00FF00"))
    video.call(0x1121, bx=0, cx=8, dx=25, bp=0x8000)
    assert video.word(0x43 * 4) == 0x8000 and video.byte(0x484) == 24
    video.call(0x0941, bx=0x2A, cx=1)
    assert video.read(0xA0000, 8) == b"\x2A" * 8 and video.read(0xA0000 + 320, 8) == bytes(8)


@pytest.mark.parametrize("function, height", [(0x1122, 14), (0x1123, 8), (0x1124, 16)])
def test_rom_characters_in_graphics(video, function, height):
    video.call(0x12)
    video.call(function, bx=0, dx=480 // height)
    assert video.word(0x485) == height and video.byte(0x484) == 480 // height - 1
    for byte in b"a\r\nb":
        video.call(0x0E00 | byte, bx=7)
    assert video.pc.screen_text()[:2] == ["a", "b"]
    video.call(function, bx=2)  # rows by code: 25
    assert video.byte(0x484) == 24


def test_pages_of_planar_modes(video):
    video.call(0x0D)
    video.call(0x0C05, bx=0x0200, cx=0, dx=0)
    assert video.call(0x0D00, bx=0x0200)["al"] == 5 and video.call(0x0D00)["al"] == 0
    assert not video.pc.screenshot().array.any()
    video.call(0x0502)
    assert (video.vga.crtc[0x0C] << 8 | video.vga.crtc[0x0D]) == 0x4000
    video.pc.run_for(seconds=0.1)
    assert video.pc.screenshot().array.any()
    assert Mode.of(video.vga).kind == "planar"


def test_bank_stays_where_the_program_has_it(video):
    assert video.call(0x4F02, bx=0x105)["ax"] == 0x4F
    video.call(0x4F05, bx=0, dx=7)
    for byte in b"text":
        video.call(0x0E00 | byte, bx=7)
    assert video.call(0x4F05, bx=0x0100)["dx"] == 7
    assert video.pc.screen_text()[0] == "text"


def test_text_in_a_font_that_only_the_guest_has(video):
    """Is read all the same: the font is in the guest's memory."""
    height = 16
    mirrored = bytes(int(f"{row:08b}"[::-1], 2) for glyph in font_text.read_font(height)[0] for row in glyph)
    video.write(0x20001, mirrored)
    start(video, 0x103)
    video.call(0x1121, bx=0, cx=height, dx=37, bp=1, es=0x2000)
    video.pc.run_for(seconds=video.pc.guest_seconds / 3 + 3)  # searches are rare
    for byte in b"Backward letters, as if seen in a mirror":
        video.call(0x0E00 | byte, bx=7)
    assert video.pc.screen_text()[0] == "Backward letters, as if seen in a mirror"
    video.write(0x20001, bytes(len(mirrored)))
