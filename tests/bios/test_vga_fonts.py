"""The fonts, as drawn and as loaded: function 11h."""

import numpy as np
import pytest
from vga_bios_rig import BUFFER, calls, video  # noqa: F401

import font_text  # isort: skip

from emu.display.glyphs import find_fonts
from emu.display.mode import plane_words
from emu.display.text import CP437

FONTS = {height: font_text.read_font(height) for height in font_text.HEIGHTS}
UP, RIGHT, DOWN, LEFT = range(4)


def plane(video, block=0):
    """Plane 2 of a character block: 256 glyphs of 32 lines."""
    base = ((block & 3) * 0x4000 + (block & 4) * 0x800)
    return bytes(video.pc.vram[4 * word + 2] for word in plane_words(np.arange(base, base + 0x2000)).tolist())


def loaded(video, height, block=0):
    """The glyphs in a block."""
    data = plane(video, block)
    return [data[32 * n:32 * n + height] for n in range(256)]


# -- the drawings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("height", font_text.HEIGHTS)
def test_glyphs_are_told_apart(height):
    """No two look the same but the blanks; nor do those that replace them in cells of nine dots."""
    glyphs, ninth = FONTS[height]
    seen = {}
    for code, glyph in enumerate(glyphs):
        seen.setdefault(glyph, []).append(code)
    assert [codes for codes in seen.values() if len(codes) > 1] == [[0, 32, 255]]
    for code, glyph in ninth.items():
        assert glyph != glyphs[code] and glyph not in seen


@pytest.mark.parametrize("height", font_text.HEIGHTS)
def test_lines_of_boxes_meet(height):
    """A line that leaves a cell is where the line of every neighbour enters: single, double or none."""
    glyphs = FONTS[height][0]
    ends = {}
    for code in range(0xB3, 0xDB):
        glyph = glyphs[code]
        sides = (glyph[0], bytes(row & 1 for row in glyph), glyph[-1], bytes(row >> 7 for row in glyph))
        for side, end in enumerate(sides):
            ends.setdefault(side, set()).add(end)
    assert all(len(found) == 3 for found in ends.values())
    assert ends[UP] == ends[DOWN] and ends[LEFT] == ends[RIGHT]


def test_lines_of_boxes_go_where_their_names_say():
    """From Unicode's names of the characters: which of the four sides a line leaves by, and how many strokes it has."""
    import unicodedata
    sides = {"UP": (UP,), "DOWN": (DOWN,), "LEFT": (LEFT,), "RIGHT": (RIGHT,), "VERTICAL": (UP, DOWN), "HORIZONTAL": (LEFT, RIGHT)}
    for height, (glyphs, _) in FONTS.items():
        for code in range(0xB3, 0xDB):
            words = unicodedata.name(CP437[code]).replace("BOX DRAWINGS ", "").replace(" AND ", " ").split()
            want, weight, waiting = [0, 0, 0, 0], 0, []
            if words[0] in ("LIGHT", "DOUBLE"):
                for word in words[1:]:
                    for side in sides[word]:
                        want[side] = 1 + (words[0] == "DOUBLE")
            else:
                for word in words:  # DOWN SINGLE LEFT DOUBLE
                    if word in sides:
                        waiting.append(word)
                    else:
                        weight = {"SINGLE": 1, "DOUBLE": 2}[word]
                        for side in sides[waiting.pop()]:
                            want[side] = weight
            glyph = glyphs[code]
            edges = (f"{glyph[0]:08b}", "".join(str(row & 1) for row in glyph), f"{glyph[-1]:08b}",
                     "".join(str(row >> 7) for row in glyph))
            have = [len([part for part in edge.split("0") if part]) for edge in edges]
            assert have == want, f"{CP437[code]} of {height} lines"


@pytest.mark.parametrize("height", font_text.HEIGHTS)
def test_blocks_fill(height):
    glyphs = FONTS[height][0]
    half = height // 2
    assert glyphs[0xDB] == b"\xFF" * height
    assert glyphs[0xDC] == bytes(half) + b"\xFF" * (height - half) and glyphs[0xDF] == b"\xFF" * half + bytes(height - half)
    assert glyphs[0xDD] == b"\xF0" * height and glyphs[0xDE] == b"\x0F" * height
    dots = [sum(row.bit_count() for row in glyphs[code]) for code in (0xB0, 0xB1, 0xB2)]
    assert dots == [height * 2, height * 4, height * 6]


def test_letters_stand_on_one_line():
    for height, (glyphs, _) in FONTS.items():
        baseline = max(y for y, row in enumerate(glyphs[ord("H")]) if row)
        for letter in "ABCDEFGHIKLMNOPRSTUVWXYZabcdefhiklmnorstuvwxz0123456789":
            assert max(y for y, row in enumerate(glyphs[ord(letter)]) if row) == baseline, f"{letter} of {height} lines"
        top = min(y for y, row in enumerate(glyphs[ord("x")]) if row)
        for letter in "acegmnopqrsuvwxyz":
            assert min(y for y, row in enumerate(glyphs[ord(letter)]) if row) == top, f"{letter} of {height} lines"


def test_accents_stand_above_their_letters():
    """The letter is there beneath the accent, dot for dot, in the two tall fonts."""
    import unicodedata
    for height in (14, 16):
        glyphs = FONTS[height][0]
        top = min(y for y, row in enumerate(glyphs[ord("x")]) if row)
        for code in range(128, 168):
            base = unicodedata.decomposition(CP437[code]).split()
            if len(base) == 2 and base[0] != "<super>" and chr(int(base[0], 16)) in "aeouny":
                letter = glyphs[int(base[0], 16)]
                assert glyphs[code][top:] == letter[top:], CP437[code]
                assert any(glyphs[code][:top]), CP437[code]


def test_fonts_are_found_in_the_rom(calls):
    with open(calls.pc.config.vga_bios, "rb") as file:
        found = dict(find_fonts(file.read()))
    assert found == {height: b"".join(glyphs) for height, (glyphs, _) in FONTS.items()}


# -- function 11h ------------------------------------------------------------------------------------------------------


def with_nine(height):
    glyphs, ninth = FONTS[height]
    return [ninth.get(code, glyph) for code, glyph in enumerate(glyphs)]


@pytest.mark.parametrize("lines, height", [(0, 8), (1, 14), (2, 16)])
def test_font_of_text_modes(video, lines, height):
    video.call(0x1200 | lines, bx=0x30)
    video.call(3)
    assert loaded(video, height) == (with_nine(16) if height == 16 else FONTS[height][0])


@pytest.mark.parametrize("function, height, rows", [(0x1111, 14, 28), (0x1112, 8, 50), (0x1114, 16, 25)])
def test_rows_fit_the_font(video, function, height, rows):
    video.call(function, bx=0)
    assert video.word(0x485) == height and video.byte(0x484) == rows - 1
    assert video.vga.crtc[9] & 0x1F == height - 1
    assert video.vga.shown_lines == rows * height
    assert loaded(video, height) == (FONTS[8][0] if height == 8 else with_nine(height))
    for byte in b"\n" * (rows - 1) + b"end":
        video.call(0x0E00 | byte, bx=7)
    text = video.pc.screen_text()
    assert len(text) == rows and text[-1] == "end"
    video.call(0x0E0D)
    video.call(0x0E0A)
    assert video.pc.screen_text()[-2:] == ["end", ""]
    assert video.word(0x44C) >= rows * 160
    video.call(0x0E41)
    assert video.vga.crtc[0x0A] < height and video.vga.crtc[0x0B] < height  # the cursor is inside a cell


def test_fifty_rows_do_not_outlive_a_mode_set(video):
    video.call(0x1112, bx=0)
    video.call(3)
    assert video.byte(0x484) == 24 and len(video.pc.screen_text()) == 25


def test_own_characters(video):
    glyphs = bytes(range(1, 33))
    video.write(BUFFER, glyphs)
    video.call(0x1100, bx=0x1000, cx=2, dx=0x41, bp=BUFFER)
    assert loaded(video, 16)[0x41:0x43] == [glyphs[:16], glyphs[16:]]
    assert loaded(video, 16)[0x43] == with_nine(16)[0x43]
    assert video.word(0x485) == 16 and (video.vga.sequencer[2], video.vga.sequencer[4]) == (3, 2)
    assert (video.vga.graphics[4], video.vga.graphics[5], video.vga.graphics[6]) == (0, 0x10, 0x0E)
    video.call(0x1110, bx=0x0A00, cx=1, dx=0, bp=BUFFER)
    assert video.byte(0x484) == 39


@pytest.mark.parametrize("block", range(8))
def test_blocks(video, block):
    video.call(0x1102, bx=block)
    assert loaded(video, 8, block) == FONTS[8][0]
    video.call(0x1103, bx=block & 3 | (block & 4) << 2)
    assert video.vga.sequencer[3] == (block & 3 | (block & 4) << 2)


def test_information(video):
    for number, want in ((2, FONTS[14][0]), (3, FONTS[8][0]), (4, FONTS[8][0][128:]), (6, FONTS[16][0]), (0, FONTS[8][0][128:]),
                         (1, FONTS[16][0])):
        after = video.call(0x1130, bx=number << 8)
        data = b"".join(want)
        assert video.read(after["es"] * 16 + after["bp"], len(data)) == data
        assert after["cx"] == 16 and after["dl"] == 24
    for number, height in ((5, 14), (7, 16)):
        after = video.call(0x1130, bx=number << 8)
        at = after["es"] * 16 + after["bp"]
        found = {}
        while video.byte(at):
            found[video.byte(at)] = video.read(at + 1, height)
            at += height + 1
        assert found == FONTS[height][1]


def test_vectors_of_graphics_fonts(video):
    video.call(0x1120, bp=0x1234, es=0x5678)
    assert video.read(0x1F * 4, 4) == bytes.fromhex("34127856")
    video.call(0x12)
    after = video.call(0x1130, bx=0x0100)
    assert video.read(after["es"] * 16 + after["bp"], 4096) == b"".join(FONTS[16][0]) and after["dl"] == 29


def test_text_is_drawn_with_the_font(video):
    """On the screen, dot for dot; box lines run on into the ninth."""
    video.call(0x0100, cx=0x2000)
    for byte in b"W\xC4":
        video.call(0x0E00 | byte, bx=7)
    picture = video.pc.screenshot().array[:16, :18].any(axis=2)
    glyph = with_nine(16)[ord("W")]
    assert [sum(int(dot) << 8 - x for x, dot in enumerate(row)) for row in picture[:, :9]] == [row << 1 for row in glyph]
    line = FONTS[16][0][0xC4]
    assert [sum(int(dot) << 8 - x for x, dot in enumerate(row)) for row in picture[:, 9:]] == [row << 1 | row & 1 for row in line]
