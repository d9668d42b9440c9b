"""What the VGA's registers say about the picture: its kind, its size and which memory each scan line shows."""
from dataclasses import dataclass

import numpy as np

from emu.devices import vga_state as r

PLANE_WORDS = 0x10000  # the CRTC's addresses wrap here; an address is a 32-bit word of video memory


@dataclass(frozen=True)
class Mode:
    """A picture's geometry.

    ``kind`` is text, planar (16 colours), interleaved (CGA), packed (256 colours) or direct (DISPI).
    """

    kind: str
    width: int  # of the frame, in pixels
    height: int
    visible: bool = True
    columns: int = 0  # character clocks of a line
    cell: int = 8  # dots of one
    stretch: int = 1  # frame pixels per dot (2 at half the dot clock)
    row_height: int = 1  # scan lines of a character row
    double: int = 1  # scan lines per step of the row scan counter
    offset: int = 0  # words from a row to the next
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
        on = bool(vga.attribute_index & r.AR_INDEX_VIDEO) and bool(vga.subsystem & 1) \
            and not vga.sequencer[r.SR_CLOCKING] & r.CLOCKING_SCREEN_OFF
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
        elif kind == "packed":
            pan &= 6  # a pixel is two dots
        else:
            pan &= 7
        bits = ()
        if not text:
            shift = 2 if crtc[r.CR_UNDERLINE] & r.CR_UNDERLINE_DOUBLEWORD else 0 if crtc[r.CR_MODE] & r.CR_MODE_BYTE \
                else 1
            bits = (((13 - shift, 0),) if not crtc[r.CR_MODE] & r.CR_MODE_NO_CGA else ()) + \
                (((14 - shift, 1),) if not crtc[r.CR_MODE] & r.CR_MODE_NO_HERCULES else ())
        return cls(kind, columns * cell * stretch, vga.shown_lines, visible=on, columns=columns, cell=cell,
                   stretch=stretch, row_height=(max_scan & 31) + 1, double=2 if max_scan & 0x80 else 1,
                   offset=crtc[r.CR_OFFSET] * 2, preset=crtc[r.CR_PRESET_ROW] & 31,
                   byte_pan=crtc[r.CR_PRESET_ROW] >> 5 & 3, pan=pan,
                   split_pans=not ar_mode & r.AR_MODE_PANNING_COMPATIBLE, line_compare=compare, row_scan_bits=bits)

    @property
    def pixel(self):
        """Dots and scan lines of a graphics mode's pixel."""
        across = 2 if self.kind == "packed" or self.stretch == 2 else 1
        return across, self.double * (1 if self.row_scan_bits else self.row_height)

    def scan_lines(self, start):
        """For each scan line: the word address of its first character, the row scan count, whether it is above the
        split."""
        y = np.arange(self.height)
        above = y <= self.line_compare
        step = np.where(above, y // self.double + self.preset, (y - self.line_compare - 1) // self.double)
        row, row_scan = step // self.row_height, step % self.row_height
        address = np.where(above, start + self.byte_pan, self.byte_pan if self.split_pans else 0)
        address = address + row * self.offset
        for bit, source in self.row_scan_bits:
            address = address & ~(1 << bit) | (row_scan >> source & 1) << bit
        return address, row_scan, above


def dac_colours(vga):
    """The 256 DAC entries as 0x00RRGGBB, after the PEL mask."""
    entries = np.frombuffer(bytes(vga.palette), np.uint8).reshape(256, 4).astype(np.uint32)
    if not vga.dac_8bit():
        entries |= entries >> 6
    colours = entries[:, 0] << 16 | entries[:, 1] << 8 | entries[:, 2]
    return colours[np.arange(256) & vga.dac_mask]


def attribute_colours(vga, dac):
    """The colours of the 16 attribute values: plane enable, palette registers, colour select, DAC."""
    attribute = vga.attribute
    mode, select, enable = attribute[r.AR_MODE], attribute[r.AR_COLOUR_SELECT], attribute[r.AR_PLANE_ENABLE] & 15
    colours = []
    for value in range(16):
        index = attribute[value & enable]
        if mode & r.AR_MODE_P54_SELECT:
            index = index & 0x0F | (select & 3) << 4
        colours.append(dac[index & 0x3F | (select & 0x0C) << 4])
    return np.array(colours, np.uint32)
