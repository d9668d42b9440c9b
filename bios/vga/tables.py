"""The VGA BIOS's constant tables, computed: mode parameters, colours, EDID, and what functions 00h, 1Bh and 4Fh point to.

IBM PS/2 Hardware Technical Reference, "Video Subsystem".  ``assembly()`` gives all as text for the assembler;
tools/build_vgabios.py puts the fonts beside them.
"""

from emu.devices.edid import edid

ROM_SEGMENT = 0xC000  # where a video BIOS lies in every PC

# -- mode parameters ---------------------------------------------------------------------------------------------------

# CRTC 0-5: total, display end, blank start and end, retrace start and end, in characters
H_TEXT_40 = (0x2D, 0x27, 0x28, 0x90, 0x2B, 0xA0)
H_PIXELS_40 = (0x2D, 0x27, 0x28, 0x90, 0x2B, 0x80)
H_TEXT_80 = (0x5F, 0x4F, 0x50, 0x82, 0x55, 0x81)
H_PIXELS_80 = (0x5F, 0x4F, 0x50, 0x82, 0x54, 0x80)

# Vertical: total, overflow, retrace start and end, display end, blank start and end
V_350 = (0xBF, 0x1F, 0x83, 0x85, 0x5D, 0x63, 0xBA)
V_400 = (0xBF, 0x1F, 0x9C, 0x8E, 0x8F, 0x96, 0xB9)
V_480 = (0x0B, 0x3E, 0xEA, 0x8C, 0xDF, 0xE7, 0x04)

# Miscellaneous output: bit 0 CRTC at 3Dx, 1 memory on, 2-3 clock 25 or 28 MHz, 5 page, 6-7 signs of the sync (the height)
MISC_350, MISC_400, MISC_480 = 0xA3, 0x63, 0xE3
CLOCK_28, MONO = 0x04, 0x01

CGA_16 = (0, 1, 2, 3, 4, 5, 6, 7, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17)
EGA_16 = (0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F)
CGA_4 = (0, 0x13, 0x15, 0x17, 2, 4, 6, 7, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17)
CGA_2 = (0,) + (0x17,) * 15
MONO_TEXT = (0,) + (0x08,) * 7 + (0x10,) + (0x18,) * 7
MONO_PIXELS = (0, 8, 0, 0, 0x18, 0x18, 0, 0, 0, 8, 0, 0, 0, 0x18, 0, 0)
WHITE_ONLY = (0,) + (0x3F,) * 15


def entry(columns, rows, height, page, sequencer, misc, horizontal, vertical, scan, offset, underline, mode, palette,
          attribute, graphics, cursor=(0, 0)):
    """64 bytes as ``struct params`` has them."""
    total, overflow, retrace, retrace_end, shown, blank, blank_end = vertical
    crtc = (*horizontal, total, overflow, 0, scan, *cursor, 0, 0, 0, 0, retrace, retrace_end, shown, offset, underline,
            blank, blank_end, mode, 0xFF)
    return bytes((columns, rows - 1, height, page & 0xFF, page >> 8, *sequencer, misc, *crtc, *palette, *attribute,
                  *graphics))


def text(columns, lines, mono=False):
    """A text mode of 200 (doubled), 350 or 400 lines."""
    wide, height = columns == 80, {200: 8, 350: 14, 400: 16}[lines]
    nine = lines == 400 or mono
    clocking = (0 if wide else 8) | (0 if nine else 1)
    misc = (MISC_350 if lines == 350 else MISC_400) | (CLOCK_28 if nine else 0)
    cursor = {8: (6, 7), 14: (11, 12), 16: (13, 14)}[height]
    attribute = ((0x0E if mono else 0x0C) if nine else 0x08, 0, 0x0F, 0x08 if nine else 0)
    scan = (0xC0 if lines == 200 else 0x40) | height - 1
    palette = MONO_TEXT if mono else CGA_16 if lines == 200 else EGA_16
    underline = 0x1F if not mono else 0x0D if lines == 350 else 0x0F
    return entry(columns, 25, height, 0x1000 if wide else 0x800, (clocking, 3, 0, 2),
                 misc & ~MONO if mono else misc, H_TEXT_80 if wide else H_TEXT_40, V_350 if lines == 350 else V_400, scan,
                 columns // 2, underline, 0xA3, palette, attribute, (0, 0, 0, 0, 0, 0x10, 0x0A if mono else 0x0E, 0, 0xFF),
                 cursor)


def planar(columns, lines, page, palette, plane_enable=0x0F, dont_care=0x0F, mode=0xE3, mono=False, height=None):
    """A mode of 16 colours (or fewer, by its palette)."""
    wide = columns == 80
    misc, vertical = {200: (MISC_400, V_400), 350: (MISC_350, V_350), 480: (MISC_480, V_480)}[lines]
    height = height or {200: 8, 350: 14, 480: 16}[lines]
    underline = 0x0F if lines == 350 else 0
    return entry(columns, lines // height, height, page, (1 if wide else 9, 0x0F, 0, 6), misc & ~MONO if mono else misc,
                 H_PIXELS_80 if wide else H_PIXELS_40, vertical, 0xC0 if lines == 200 else 0x40, columns // 2, underline,
                 mode, palette, (0x0B if mono else 0x01, 0, plane_enable, 0), (0, 0, 0, 0, 0, 0, 5, dont_care, 0xFF))


def cga(four):
    """Modes 4 and 5, or 6."""
    return entry(40 if four else 80, 25, 8, 0x4000, (9, 3, 0, 2) if four else (1, 1, 0, 6), MISC_400,
                 H_PIXELS_40 if four else H_PIXELS_80, V_400, 0xC1, 20 if four else 40, 0, 0xA2 if four else 0xC2,
                 CGA_4 if four else CGA_2, (1, 0, 3 if four else 1, 0),
                 (0, 0, 0, 0, 0, 0x30, 0x0F, 0, 0xFF) if four else (0, 0, 0, 0, 0, 0, 0x0D, 0, 0xFF))


MODE_13 = entry(40, 25, 8, 0x2000, (1, 0x0F, 0, 0x0E), MISC_400, H_PIXELS_80, V_400, 0x41, 40, 0x40, 0xA3, range(16),
                (0x41, 0, 0x0F, 0), (0, 0, 0, 0, 0, 0x40, 5, 0x0F, 0xFF))
MODE_0F = planar(80, 350, 0x8000, MONO_PIXELS, plane_enable=5, dont_care=5, mono=True)
MODE_10 = planar(80, 350, 0x8000, EGA_16)
UNUSED = bytes(64)

# In the order that the table has had since the EGA; modes.c, params_index, knows it.  An EGA with 64 KiB would use entries
# 0Fh and 10h; here they are the same as the next two.
PARAMETERS = [
    text(40, 200), text(40, 200), text(80, 200), text(80, 200), cga(True), cga(True), cga(False), text(80, 350, mono=True),
    UNUSED, UNUSED, UNUSED, UNUSED, UNUSED, planar(40, 200, 0x2000, CGA_16), planar(80, 200, 0x4000, CGA_16),
    MODE_0F, MODE_10, MODE_0F, MODE_10, text(40, 350), text(40, 350), text(80, 350), text(80, 350), text(40, 400),
    text(80, 400), text(80, 400, mono=True), planar(80, 480, 0xA000, WHITE_ONLY, mode=0xC3), planar(80, 480, 0xA000, EGA_16),
    MODE_13]

# -- colours -----------------------------------------------------------------------------------------------------------


def ega_colours():
    """64: bits 0-2 are two thirds, bits 3-5 one third of blue, green, red."""
    return [tuple((0x2A if n >> bit & 1 else 0) + (0x15 if n >> bit + 3 & 1 else 0) for bit in (2, 1, 0)) for n in range(64)]


def cga_colours():
    """64: bits 0-2 blue, green, red, bit 4 intensity; dark yellow is brown."""
    colours = []
    for n in range(64):
        light = 0x15 if n & 0x10 else 0
        red, green, blue = ((0x2A if n >> bit & 1 else 0) + light for bit in (2, 1, 0))
        colours.append((red, 0x15 if n & 0x17 == 6 else green, blue))
    return colours


def mono_colours():
    """64: bit 3 is the video signal, bit 4 intensity; intensity alone shows as well."""
    return [(level,) * 3 for n in range(64) for level in ((0, 0x2A, 0x2A, 0x3F)[n >> 3 & 3],)]


GREYS = (0, 5, 8, 11, 14, 17, 20, 24, 28, 32, 36, 40, 45, 50, 56, 63)
# Of each brightness and paleness: five steps from the lowest to the highest part of a colour
RAMPS = ((0, 16, 31, 47, 63), (31, 39, 47, 55, 63), (45, 49, 54, 58, 63), (0, 7, 14, 21, 28), (14, 17, 21, 24, 28),
         (20, 22, 24, 26, 28), (0, 4, 8, 12, 16), (8, 10, 12, 14, 16), (11, 12, 13, 15, 16))


def colours_256():
    """Mode 13h: 16 of CGA, 16 greys, nine circles of 24 hues, black."""
    colours = [cga_colours()[n] for n in CGA_16] + [(level,) * 3 for level in GREYS]
    for ramp in RAMPS:
        low, high = ramp[0], ramp[-1]
        up, down = ramp[:-1], ramp[:0:-1]
        colours += [(level, low, high) for level in up] + [(high, low, level) for level in down]
        colours += [(high, level, low) for level in up] + [(level, high, low) for level in down]
        colours += [(low, high, level) for level in up] + [(low, level, high) for level in down]
    return colours + [(0, 0, 0)] * 8


# -- what is pointed to ------------------------------------------------------------------------------------------------

# INT 1Dh: 6845 parameters for 40 and 80 columns, graphics, mono; buffer lengths, columns, CGA mode bytes
CRTC_6845 = bytes((
    0x38, 0x28, 0x2D, 0x0A, 0x1F, 6, 0x19, 0x1C, 2, 7, 6, 7, 0, 0, 0, 0,
    0x71, 0x50, 0x5A, 0x0A, 0x1F, 6, 0x19, 0x1C, 2, 7, 6, 7, 0, 0, 0, 0,
    0x38, 0x28, 0x2D, 0x0A, 0x7F, 6, 0x64, 0x70, 2, 1, 6, 7, 0, 0, 0, 0,
    0x61, 0x50, 0x52, 0x0F, 0x19, 6, 0x19, 0x19, 2, 0x0D, 0x0B, 0x0C, 0, 0, 0, 0,
    0x00, 0x08, 0x00, 0x10, 0x00, 0x40, 0x00, 0x40, 40, 40, 80, 80, 40, 40, 80, 80,
    0x2C, 0x28, 0x2D, 0x29, 0x2A, 0x2E, 0x1E, 0x29))

# Function 1Bh: modes 0-7, 0D-13; scan lines 200, 350, 400; 8 character blocks, 2 at a time; all services but the light pen;
# save pointers: what the adapter keeps of them
STATIC_FUNCTIONALITY = bytes((0xFF, 0xE0, 0x0F, 0, 0, 0, 0, 0x07, 2, 8, 0xFF, 0x0E, 0, 0, 0, 0))

# Function 1Ah: pairs of displays (1 MDA, 2 CGA, 4 and 5 EGA colour and mono, 6 PGA, 7 and 8 VGA mono and colour), the VGA or
# the newer one last; the BIOS data area holds the index of the one that is there
COMBINATIONS = bytes((16, 1, 8, 0)) + bytes((
    0, 0, 0, 1, 0, 2, 2, 1, 0, 4, 4, 1, 0, 5, 2, 5, 0, 6, 1, 6, 5, 6, 0, 8, 1, 8, 0, 7, 2, 7, 6, 7))

TEXTS = {"oem_text": "emu VGA BIOS", "vendor_text": "The emu project", "product_text": "emu VGA with Bochs display interface",
         "revision_text": "1.0"}


def line(data):
    return "\n".join("    .byte " + ", ".join(f"0x{b:02X}" for b in data[n:n + 16]) for n in range(0, len(data), 16)) + "\n"


def label(name):
    return f"    .globl {name}\n{name}:\n"


def far(name):
    """A far pointer to ``name``."""
    return f"    .word {name}, 0x{ROM_SEGMENT:04X}\n"


def colours(table):
    return line(bytes(part for colour in table for part in colour))


def assembly():
    """All tables as assembler text."""
    out = '    .section .rodata, "a"\n    .balign 4\n'
    out += label("parameter_table") + "".join(line(p) for p in PARAMETERS)
    out += label("dac_ega") + colours(ega_colours())
    out += label("dac_cga") + colours(cga_colours())
    out += label("dac_mono") + colours(mono_colours())
    out += label("dac_256") + colours(colours_256())
    out += label("edid") + line(edid())
    out += label("crtc_6845_table") + line(CRTC_6845)
    out += label("static_functionality") + line(STATIC_FUNCTIONALITY)
    for name, words in TEXTS.items():
        out += label(name) + f'    .asciz "{words}"\n'
    out += "    .balign 4\n"
    out += label("save_pointer_table") + far("parameter_table") + "    .word 0, 0, 0, 0, 0, 0\n" + far("secondary_pointer") \
        + "    .word 0, 0, 0, 0\n"
    out += label("secondary_pointer") + "    .word 26\n" + far("combinations") + "    .word 0, 0, 0, 0, 0, 0, 0, 0, 0, 0\n"
    out += label("combinations") + line(COMBINATIONS)
    return out
