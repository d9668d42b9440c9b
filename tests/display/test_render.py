"""The picture: text, CGA, EGA/VGA planar, 256 colours, DISPI, split screen, panning; what is drawn when."""
import numpy as np
import pytest

from vga_rig import Rig, at, dac_colour

from emu.display.glyphs import find_fonts
from emu.display.render import Renderer
from emu.machine.config import FIRMWARE

EGA = (0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F)  # palette registers of mode 3


def renderer(rig, dirty=False, fonts=()):
    return Renderer(rig.vga, memoryview(rig.vram), rig.dirty if dirty else None, fonts)


def glyph(code):
    """A made-up 8x16 glyph: each line differs, each code differs."""
    return bytes((code * 7 + line * 29 ^ line << 3) & 0xFF for line in range(16))


def text_rig(mode=0x03):
    rig = Rig(mode)
    for code in range(1, 256):
        if code != 32:
            for line, bits in enumerate(glyph(code)):
                rig.vram[at(code * 32 + line) + 2] = bits
    rig.cr(0x0A, 0x20)  # no cursor
    return rig


def say(rig, row, column, text, attribute=0x07, columns=80):
    for i, character in enumerate(text.encode("cp437")):
        rig.poke(0xB8000 + 2 * (row * columns + column + i), character, attribute)


def cell(frame, row, column, width=9, height=16):
    return frame[row * height:(row + 1) * height, column * width:(column + 1) * width]


def glyph_picture(code, fore, back, ninth=False):
    dots = np.unpackbits(np.frombuffer(glyph(code), np.uint8)[:, None], axis=1).astype(bool)
    dots = np.concatenate((dots, dots[:, 7:] if ninth else np.zeros((16, 1), bool)), axis=1)
    return np.where(dots[..., None], dac_colour(EGA[fore]), dac_colour(EGA[back]))


def test_text_cells():
    rig = text_rig()
    say(rig, 0, 0, "A", 0x1E)
    say(rig, 24, 79, "z", 0x72)
    say(rig, 3, 5, "─", 0x0F)
    frame = renderer(rig).frame()
    assert frame.shape == (400, 720, 3) and frame.dtype == np.uint8
    assert (cell(frame, 0, 0) == glyph_picture(0x41, 14, 1)).all()
    assert (cell(frame, 24, 79) == glyph_picture(0x7A, 2, 7)).all()
    assert (cell(frame, 3, 5) == glyph_picture(0xC4, 15, 0, ninth=True)).all()


def test_40_columns_are_twice_as_wide():
    rig = text_rig(0x01)
    say(rig, 1, 2, "B", 0x07, columns=40)
    frame = renderer(rig).frame()
    assert frame.shape == (400, 720, 3)
    assert (cell(frame, 1, 2, 18)[:, ::2] == glyph_picture(0x42, 7, 0)).all()
    assert (cell(frame, 1, 2, 18)[:, 1::2] == glyph_picture(0x42, 7, 0)).all()


def test_second_font_and_8_dots_and_50_lines():
    rig = text_rig()
    for line in range(8):
        rig.vram[at(0x4000 + 0x41 * 32 + line) + 2] = 0xF0
    rig.sr(3, 0x04)  # set A (attribute bit 3 set) is the font at 16K
    rig.sr(1, 0x01)
    rig.cr(9, 0x47)
    say(rig, 49, 0, "AA")
    rig.poke(0xB8000 + 49 * 160 + 3, 0x0F)
    frame = renderer(rig).frame()
    assert frame.shape == (400, 640, 3)
    assert (cell(frame, 49, 0, 8, 8) == glyph_picture(0x41, 7, 0)[:8, :8]).all()
    assert (cell(frame, 49, 1, 8, 8)[:, :4] == dac_colour(EGA[15])).all()
    assert (cell(frame, 49, 1, 8, 8)[:, 4:] == dac_colour(0)).all()
    assert len(renderer(rig).text()) == 50


def test_cursor_and_blink():
    rig = text_rig()
    say(rig, 2, 3, " ", 0x0A)
    say(rig, 2, 4, "X", 0x9F)
    rig.cr(0x0A, 13)
    rig.cr(0x0B, 14)
    rig.cr(0x0F, 163)
    r = renderer(rig, dirty=True)
    frame = r.frame()
    assert (cell(frame, 2, 3)[13:15] == dac_colour(EGA[10])).all() and (cell(frame, 2, 3)[:13] == dac_colour(0)).all()
    assert (cell(frame, 2, 4) == glyph_picture(0x58, 15, 1)).all()
    rig.ns = 9 * rig.vga.frame_ns
    assert (cell(r.frame(), 2, 3) == dac_colour(0)).all()
    rig.ns = 17 * rig.vga.frame_ns
    frame = r.frame()
    assert (cell(frame, 2, 3)[13:15] == dac_colour(EGA[10])).all()
    assert (cell(frame, 2, 4) == dac_colour(EGA[1])).all()
    rig.ar(0x10, 0x04)  # no blinking: 16 background colours
    assert (cell(r.frame(), 2, 4) == glyph_picture(0x58, 15, 9)).all()
    rig.cr(0x0A, 0x2D)
    assert (cell(r.frame(), 2, 3) == dac_colour(0)).all()


def test_text_scrolls_by_start_address_pans_and_splits():
    rig = text_rig()
    for row in range(60):
        say(rig, row, 0, f"{row:02}", 0x07)
    plain = renderer(rig).frame()
    rig.cr(0x0D, 80)
    rig.ns = 5 * rig.vga.frame_ns
    r = renderer(rig, dirty=True)
    assert (r.frame()[:384] == plain[16:]).all()
    assert r.text()[0] == "01"
    rig.cr(8, 5)  # five lines up
    assert (r.frame()[:379] == plain[21:]).all()
    rig.cr(8, 0)
    rig.ar(0x13, 2)  # three dots to the left
    assert (r.frame()[:384, :717] == plain[16:, 3:]).all()
    rig.cr(0x18, 99)
    rig.cr(7, 0x0F)
    rig.cr(9, 0x0F)
    frame = r.frame()
    assert (frame[:100, :717] == plain[16:116, 3:]).all() and (frame[100:, :717] == plain[:300, 3:]).all()
    rig.ar(0x10, 0x2C)  # the split part does not pan
    frame = r.frame()
    assert (frame[:100, :717] == plain[16:116, 3:]).all() and (frame[100:] == plain[:300]).all()


def test_text_strings():
    rig = text_rig()
    say(rig, 0, 0, "Grüße ─┐", 0x07)
    rig.poke(0xB8000 + 160, 1, 7, 0, 7, 0xDB, 7)
    lines = renderer(rig).text()
    assert len(lines) == 25
    assert lines[:3] == ["Grüße ─┐", "☺ █", ""]


def test_only_changed_lines_are_drawn():
    rig = text_rig()
    r = renderer(rig, dirty=True)
    assert r.update() and r.take_changes() == (0, 400)
    assert not r.update() and r.take_changes() == (0, 0)
    say(rig, 4, 0, "x")
    assert r.update() and r.take_changes() == (64, 80)
    rig.set_dispi(1024, 768, 32)
    assert r.update() and r.take_changes() == (0, 768)
    rig.vga.vram_write(4096 * 300 + 17, 1)
    assert r.update() and r.take_changes() == (300, 301)
    rig.vga.vram_write(8 << 20, 1)  # not on the screen
    assert not r.update()
    rig.set_mode(0x12)
    rig.dispi(4, 0)
    r.update()
    r.take_changes()
    rig.poke(0xA0000 + 80 * 256, 0xFF)
    assert r.update()
    first, last = r.take_changes()
    assert first <= 256 < last and last - first < 60


def test_incremental_and_full_drawing_agree():
    rng = np.random.default_rng(3)
    for mode in (0x03, 0x04, 0x0D, 0x12, 0x13):
        rig = text_rig(mode)
        r = renderer(rig, dirty=True)
        for _ in range(12):
            base = 0xB8000 if mode < 6 else 0xA0000
            for _ in range(40):
                rig.poke(base + int(rng.integers(0x8000)), int(rng.integers(256)))
            if rng.random() < 0.3:
                rig.cr(0x0D, int(rng.integers(256)))
            if rng.random() < 0.3:
                rig.ar(0x13, int(rng.integers(9)))
            if rng.random() < 0.2:
                rig.cr(0x18, int(rng.integers(200)))
                rig.cr(7, 0x0F if mode != 0x12 else 0x2E)
            rig.ns += 3 * rig.vga.frame_ns
            assert (r.frame() == renderer(rig).frame()).all(), hex(mode)


def test_mode_13h():
    rig = Rig(0x13)
    picture = np.random.default_rng(1).integers(0, 256, (200, 320), np.uint8)
    rig.vram[:64000] = picture.tobytes()
    frame = renderer(rig).frame()
    assert frame.shape == (400, 640, 3)
    colours = np.array([dac_colour(n) for n in range(256)], np.uint8)
    assert (frame == colours[picture].repeat(2, 0).repeat(2, 1)).all()
    rig.out(0x3C6, 0x0F)
    assert (renderer(rig).frame() == colours[picture & 15].repeat(2, 0).repeat(2, 1)).all()


def test_mode_x_with_panning_and_start():
    rig = Rig(0x13)
    rig.sr(4, 6)
    rig.cr(0x14, 0)
    rig.cr(0x17, 0xE3)
    for x, plane in ((0, 1), (79, 8)):
        rig.sr(2, plane)
        rig.poke(0xA0000 + 80 * 10 + x, 0x21)
    rig.poke(0xA0000 + 80 * 11, 0x22)  # plane 3: x = 3
    frame = renderer(rig).frame()
    assert tuple(frame[20, 0]) == tuple(frame[21, 1]) == dac_colour(0x21) and tuple(frame[20, 2]) == dac_colour(0)
    assert tuple(frame[20, 639]) == dac_colour(0x21)
    assert tuple(frame[22, 6]) == dac_colour(0x22)
    rig.cr(0x0D, 80 * 10)
    rig.cr(0x0C, 80 * 10 >> 8)
    rig.ar(0x13, 6)
    rig.ns = 5 * rig.vga.frame_ns
    frame = renderer(rig).frame()
    assert tuple(frame[2, 0]) == dac_colour(0x22) and tuple(frame[0, 633]) == dac_colour(0x21)


@pytest.mark.parametrize("mode, width, height, line, stretch, repeat", [(0x12, 640, 480, 80, 1, 1),
                                                                       (0x0D, 320, 200, 40, 2, 2)])
def test_planar_16_colours(mode, width, height, line, stretch, repeat):
    rig = Rig(mode)
    rng = np.random.default_rng(2)
    picture = rng.integers(0, 16, (height, width), np.uint8)
    for plane in range(4):
        rig.sr(2, 1 << plane)
        bits = np.packbits(picture >> plane & 1, axis=1)
        assert bits.shape[1] == line
        rig.poke(0xA0000, *bits.ravel().tolist())
    palette = [rig.vga.attribute[i] for i in range(16)]
    colours = np.array([dac_colour(n) for n in palette], np.uint8)
    frame = renderer(rig).frame()
    assert (frame == colours[picture].repeat(repeat, 0).repeat(stretch, 1)).all()
    rig.ar(0x12, 0x05)
    assert (renderer(rig).frame() == colours[picture & 5].repeat(repeat, 0).repeat(stretch, 1)).all()
    rig.ar(0x10, 0x81)  # palette bits 4-5 and 6-7 from colour select
    rig.ar(0x14, 0x0E)
    selected = np.array([dac_colour(n & 15 | 0xE0) for n in palette], np.uint8)
    assert (renderer(rig).frame() == selected[picture & 5].repeat(repeat, 0).repeat(stretch, 1)).all()


def test_cga_modes():
    rig = Rig(0x04)
    rig.poke(0xB8000, 0b00011011)
    rig.poke(0xB8000 + 0x2000 + 1, 0b11100100)  # odd line, second byte
    frame = renderer(rig).frame()
    assert frame.shape == (400, 640, 3)
    wanted = [dac_colour(rig.vga.attribute[i]) for i in range(4)]
    assert [tuple(frame[0, 2 * i]) for i in range(4)] == wanted == [tuple(frame[1, 2 * i + 1]) for i in range(4)]
    assert [tuple(frame[2, 8 + 2 * i]) for i in range(4)] == wanted[::-1]
    rig = Rig(0x06)
    rig.poke(0xB8000, 0b10100000)
    rig.poke(0xB8000 + 0x2000 + 79, 0x01)
    frame = renderer(rig).frame()
    assert [tuple(frame[0, i]) == dac_colour(0x17) for i in range(5)] == [True, False, True, False, False]
    assert tuple(frame[2, 639]) == dac_colour(0x17) and tuple(frame[0, 639]) == dac_colour(0)


@pytest.mark.parametrize("bpp", [4, 8, 15, 16, 24, 32])
def test_dispi_depths_and_offsets(bpp):
    rig = Rig(0x12)
    rig.ar(0x11, 0)
    rig.set_dispi(640, 480, bpp)
    rig.dispi(6, 800)
    rig.dispi(8, 16)
    rig.dispi(9, 3)
    rng = np.random.default_rng(bpp)
    x, y = 16 + 100, 3 + 7
    pitch = rig.vga.dispi_pitch()
    red, green, blue = (int(v) for v in rng.integers(0, 256, 3))
    if bpp == 4:
        at = pitch * y + x // 8 * 4
        for plane in range(4):
            rig.vram[at + plane] = (0x80 >> x % 8) * (0b1010 >> plane & 1)
        wanted = dac_colour(rig.vga.attribute[10])
    elif bpp == 8:
        rig.vram[pitch * y + x] = 77
        wanted = dac_colour(77)
    elif bpp in (15, 16):
        g = bpp - 10
        value = red >> 3 << 5 + g | green >> 8 - g << 5 | blue >> 3
        rig.vram[pitch * y + 2 * x:pitch * y + 2 * x + 2] = value.to_bytes(2, "little")
        wanted = [round((v >> 8 - bits) * 255 / ((1 << bits) - 1)) for v, bits in ((red, 5), (green, g), (blue, 5))]
    else:
        rig.vram[pitch * y + bpp // 8 * x:pitch * y + bpp // 8 * x + 3] = bytes((blue, green, red))
        wanted = (red, green, blue)
    frame = renderer(rig).frame()
    assert frame.shape == (480, 640, 3)
    assert np.abs(frame[7, 100].astype(int) - wanted).max() <= 1
    frame[7, 100] = frame[0, 0]
    assert (frame == frame[0, 0]).all()


def test_dispi_8_bit_dac():
    rig = Rig(0x03)
    rig.set_dispi(320, 200, 8, 0x61)
    rig.dac(7, 0x12, 0x83, 0xFE)
    rig.vram[0] = 7
    assert tuple(renderer(rig).frame()[0, 0]) == (0x12, 0x83, 0xFE)


def test_blank():
    rig = text_rig()
    say(rig, 0, 0, "AAAA", 0x77)
    r = renderer(rig, dirty=True)
    assert r.frame().any()
    rig.sr(1, 0x20)
    assert not r.frame().any()
    rig.sr(1, 0)
    assert r.frame().any()
    rig.vga.read(0x3DA)
    rig.out(0x3C0, 0)  # palette address source off: the overscan colour
    assert (r.frame() == dac_colour(0)).all()
    rig.vga.read(0x3DA)
    rig.out(0x3C0, 0x11)
    rig.out(0x3C0, 0x21)
    assert (r.frame() == dac_colour(0x21)).all()
    assert not Renderer(Rig().vga, bytearray(16 << 20)).frame().any()  # after power-on


def test_text_on_graphics_screens():
    font = bytes(32 * 16) + b"".join(b"\0" * 16 if c == 32 else glyph(c) for c in range(32, 256))
    rig = Rig(0x12)
    rig.set_dispi(800, 600, 32)
    screen = np.frombuffer(rig.vram, np.uint32)[:800 * 600].reshape(600, 800)

    def draw(row, text, fore, back=None):
        for i, character in enumerate(text.encode("cp437")):
            dots = np.unpackbits(np.frombuffer(font, np.uint8)[character * 16:character * 16 + 16, None], axis=1)
            part = screen[row * 16:row * 16 + 16, i * 8:i * 8 + 8]
            part[:] = np.where(dots, np.uint32(fore), part if back is None else np.uint32(back))

    draw(0, "Boot menu", 0xFFFFFF, 0x0000AA)
    draw(3, "dark on light", 0x000000, 0xAAAAAA)
    assert renderer(rig, fonts=[(16, font)]).text()[:4] == ["Boot menu", "", "", "dark on light"]
    screen[:] = np.random.default_rng(1).integers(0, 0x808080, (600, 800))
    draw(5, "over a picture", 0xFFFFFF)
    lines = renderer(rig, fonts=[(16, font)]).text()
    assert lines[5] == "over a picture" and not any(lines[:5])
    assert renderer(rig).text() == []


def test_text_that_lets_a_picture_through():
    """Half of each dot's colour is the picture's; a shadow lies below and to the right; pictures without text have none."""
    rom = (FIRMWARE / "vgabios.bin").read_bytes()
    fonts = find_fonts(rom)
    font = next(data for height, data in fonts if height == 16)
    rig = Rig(0x12)
    rig.set_dispi(640, 480, 32)
    screen = np.frombuffer(rig.vram, np.uint32)[:640 * 480].reshape(480, 640)
    y, x = np.mgrid[0:480, 0:640]
    picture = np.stack((90 - y // 8, x // 8 + 40, y // 6 + 20), axis=2)

    def draw(row, text, fore):
        for i, character in enumerate(text.encode("cp437")):
            dots = np.unpackbits(np.frombuffer(font, np.uint8)[character * 16:character * 16 + 16, None], axis=1).astype(bool)
            at = slice(row * 16, row * 16 + 17), slice(i * 8, i * 8 + 9)
            shadow, glyph = np.zeros((17, 9), bool), np.zeros((17, 9), bool)
            shadow[1:, 1:] = glyph[:-1, :-1] = dots
            picture[at][shadow] //= 3
            picture[at][glyph] = (picture[at][glyph] + fore) // 2

    for row, (text, fore) in enumerate([("First entry, no more", (255, 255, 255)), ("Second", (40, 220, 255))]):
        draw(2 * row + 1, text, fore)
    screen[:] = picture[..., 0] << 16 | picture[..., 1] << 8 | picture[..., 2]
    lines = renderer(rig, fonts=fonts).text()
    assert lines[1] == "First entry, no more" and lines[3] == "Second" and not any(lines[4:])
    screen[:] = np.random.default_rng(1).integers(0, 0xFFFFFF, (480, 640))
    assert not any(map(str.isalnum, "".join(renderer(rig, fonts=fonts).text())))


@pytest.mark.parametrize("height", [8, 14, 16])
def test_fonts_are_found_in_a_rom(height):
    half = height // 2
    shapes = {0x20: b"\0" * height, 0xFF: b"\0" * height, 0xDB: b"\xff" * height,
              0xDC: b"\0" * half + b"\xff" * (height - half), 0xDF: b"\xff" * half + b"\0" * (height - half)}
    font = b"".join(shapes.get(code, bytes((code, code ^ 0x55)) * half) for code in range(256))
    rom = bytes(range(256)) * 5 + b"\xff" * 100 + font + b"\xff" * 300
    assert (height, font) in find_fonts(rom)
    assert find_fonts(bytes(50000)) == []
