"""What the VGA's registers say about the picture: its kind, its size and which memory each scan line shows."""
from dataclasses import dataclass

import numpy as np

from emu.devices import vga_state as r

PLANE_WORDS = 0x10000  # addresses of a plane, and values of the CRTC's counter
MAX_PIXELS = 2560 * 1600  # what a viewer makes room for: the largest DISPI mode


@dataclass(frozen=True)
class Mode:
    """A picture's geometry.

    ``kind`` is text, direct (DISPI), or how the shift registers make dots of the planes: planar, interleaved (as CGA's four
    colours), packed (the planes one after the other, a dot from four bits).
    """

    kind: str
    width: int  # of the frame, in pixels
    height: int
    visible: bool = True
    border: bool = False  # the overscan colour everywhere
    columns: int = 0  # character clocks of a line
    cell: int = 8  # dots of one
    stretch: int = 1  # frame pixels per dot (2 at half the dot clock)
    row_height: int = 1  # scan lines of a character row
    double: int = 1  # scan lines per step of the row scan counter
    offset: int = 0  # counts from a row to the next
    unit: int = 0  # left shift from the CRTC's counter to a plane address: 0 byte, 1 word, 2 doubleword
    wrap: int = 15  # counter bit that comes in at address bit 0 in word mode
    paired: bool = False  # two dots make one pixel of 8 bits
    preset: int = 0  # first row scan
    byte_pan: int = 0
    pan: int = 0  # dots
    split_pans: bool = True
    line_compare: int = 0x3FF
    row_scan_bits: tuple = ()  # (address bit, row scan bit) that replaces it
    bpp: int = 0
    pitch: int = 0  # bytes
    x_offset: int = 0
    y_offset: int = 0

    @classmethod
    def of(cls, vga):
        """The mode that the registers of ``vga`` describe."""
        sends = bool(vga.subsystem & 1) and not vga.sequencer[r.SR_CLOCKING] & r.CLOCKING_SCREEN_OFF
        on = sends and bool(vga.attribute_index & r.AR_INDEX_VIDEO)
        if vga.dispi_on():
            d = vga.dispi
            return cls("direct", d[r.DISPI_XRES], d[r.DISPI_YRES], visible=on, bpp=d[r.DISPI_BPP],
                       pitch=vga.dispi_pitch(), x_offset=d[r.DISPI_X_OFFSET], y_offset=d[r.DISPI_Y_OFFSET])
        crtc, attribute = vga.crtc, vga.attribute
        clocking, ar_mode = vga.sequencer[r.SR_CLOCKING], attribute[r.AR_MODE]
        graphics_mode, overflow = vga.graphics[r.GC_MODE], crtc[r.CR_OVERFLOW]
        text = not vga.graphics[r.GC_MISC] & r.GC_MISC_GRAPHICS
        if text:
            kind = "text"
        elif graphics_mode & r.GC_MODE_256:
            kind = "packed"
        elif graphics_mode & r.GC_MODE_SHIFT_INTERLEAVE:
            kind = "interleaved"
        else:
            kind = "planar"
        paired = not text and bool(ar_mode & r.AR_MODE_256)
        cell = 9 if text and not clocking & r.CLOCKING_8_DOT else 8
        stretch = 2 if clocking & r.CLOCKING_HALF else 1
        columns = crtc[r.CR_H_DISPLAY_END] + 1
        max_scan = crtc[r.CR_MAX_SCAN_LINE]
        compare = crtc[r.CR_LINE_COMPARE] | (overflow & 0x10) << 4 | (max_scan & 0x40) << 3
        if crtc[r.CR_MODE] & r.CR_MODE_HALF_V_CLOCK:
            compare = compare * 2 + 1
        pan = attribute[r.AR_PANNING]
        if cell == 9:
            pan = pan + 1 if pan < 8 else 0
        elif paired:
            pan &= 6
        else:
            pan &= 7
        bits = ()
        if not text:
            bits = (((13, 0),) if not crtc[r.CR_MODE] & r.CR_MODE_NO_CGA else ()) + \
                (((14, 1),) if not crtc[r.CR_MODE] & r.CR_MODE_NO_HERCULES else ())
        unit = 2 if crtc[r.CR_UNDERLINE] & r.CR_UNDERLINE_DOUBLEWORD else 0 if crtc[r.CR_MODE] & r.CR_MODE_BYTE else 1
        width = columns * cell * stretch
        return cls(kind, width, min(vga.shown_lines, MAX_PIXELS // width), visible=on, border=sends and not on,
                   columns=columns, cell=cell, stretch=stretch, row_height=(max_scan & 31) + 1, double=2 if max_scan & 0x80 else 1,
                   offset=crtc[r.CR_OFFSET] * 2, unit=unit, wrap=15 if crtc[r.CR_MODE] & r.CR_MODE_WRAP_15 else 13,
                   paired=paired, preset=crtc[r.CR_PRESET_ROW] & 31, byte_pan=crtc[r.CR_PRESET_ROW] >> 5 & 3, pan=pan,
                   split_pans=not ar_mode & r.AR_MODE_PANNING_COMPATIBLE, line_compare=compare, row_scan_bits=bits)

    @property
    def pixel(self):
        """Dots and scan lines of a graphics mode's pixel."""
        across = 2 if self.paired or self.stretch == 2 else 1
        return across, self.double * (1 if self.row_scan_bits else self.row_height)

    def scan_lines(self, start):
        """For each scan line: the CRTC's counter at its first character, the row scan count, whether it is above the split."""
        y = np.arange(self.height)
        above = y <= self.line_compare
        step = np.where(above, y // self.double + self.preset, (y - self.line_compare - 1) // self.double)
        row, row_scan = step // self.row_height, step % self.row_height
        counter = np.where(above, start + self.byte_pan, self.byte_pan if self.split_pans else 0) + row * self.offset
        return counter % PLANE_WORDS, row_scan, above

    def words(self, counter, row_scan=0):
        """Which 32-bit words of video memory the CRTC fetches at values of its counter."""
        if self.unit == 2 and not self.row_scan_bits:
            return counter % PLANE_WORDS  # chain-4's memory
        address = counter << self.unit & PLANE_WORDS - 1
        if self.unit == 1:
            address |= counter >> self.wrap & 1
        elif self.unit == 2:
            address |= counter >> 14 & 3
        for bit, source in self.row_scan_bits:
            address = address & ~(1 << bit) | (row_scan >> source & 1) << bit
        return plane_words(address)


def plane_words(address):
    """Which 32-bit words of video memory hold plane addresses (VgaState says why)."""
    return address >> 2 & 0x3FFF | (address & 3) << 14


def dac_colours(vga):
    """The 256 DAC entries as 0x00RRGGBB, after the PEL mask."""
    entries = np.frombuffer(bytes(vga.palette), np.uint8).reshape(256, 4).astype(np.uint32)
    if not vga.dac_8bit():
        entries |= entries >> 6
    colours = entries[:, 0] << 16 | entries[:, 1] << 8 | entries[:, 2]
    return colours[np.arange(256) & vga.dac_mask]


def blinked(frame):
    """Whether what blinks is in its second phase in a frame."""
    return bool(frame >> 4 & 1)


def graphics_blink(vga):
    """Whether pixels blink: attribute bit 3 is inverted in the second phase."""
    wanted = r.AR_MODE_GRAPHICS | r.AR_MODE_BLINK
    return vga.graphics[r.GC_MISC] & r.GC_MISC_GRAPHICS and vga.attribute[r.AR_MODE] & (wanted | r.AR_MODE_256) == wanted


def attribute_colours(vga, dac):
    """The colours of the 16 attribute values: plane enable, blinking graphics, palette registers, colour select, DAC."""
    attribute = vga.attribute
    mode, select, enable = attribute[r.AR_MODE], attribute[r.AR_COLOUR_SELECT], attribute[r.AR_PLANE_ENABLE] & 15
    blink = 8 if graphics_blink(vga) and blinked(vga.frame_number()) else 0
    colours = []
    for value in range(16):
        index = attribute[value & enable ^ blink]
        if mode & r.AR_MODE_P54_SELECT:
            index = index & 0x0F | (select & 3) << 4
        colours.append(dac[index & 0x3F | (select & 0x0C) << 4])
    return np.array(colours, np.uint32)
