"""State, wires and register names of the VGA; what the register, memory and DISPI parts share.

IBM PS/2 Hardware Technical Reference, "Video Subsystem"; Bochs VBE display interface (vbe_dispi, version 5).
"""
from emu.bus.component import Component, hot, inline
from emu.bus.types import Array, Wire, u8, u16, u32, u64

VRAM_SIZE = 16 << 20
PLANE_MASK = 0xFFFF  # a plane of the VGA proper has 64 KiB
NO_WINDOW = 0xFFFFFFFF

# Miscellaneous output (3C2/3CC)
MISC_COLOUR = 0x01  # CRTC and status at 3Dx, else 3Bx
MISC_RAM_ENABLE = 0x02
MISC_CLOCK = 0x0C

# Sequencer (3C4/3C5)
SR_RESET, SR_CLOCKING, SR_MAP_MASK, SR_CHARACTER_MAP, SR_MEMORY_MODE = range(5)
CLOCKING_8_DOT = 0x01
CLOCKING_HALF = 0x08
CLOCKING_SCREEN_OFF = 0x20
MEMORY_ODD_EVEN_OFF = 0x04
MEMORY_CHAIN_4 = 0x08

# Graphics controller (3CE/3CF)
(GC_SET_RESET, GC_ENABLE_SET_RESET, GC_COLOUR_COMPARE, GC_DATA_ROTATE, GC_READ_MAP, GC_MODE, GC_MISC,
 GC_COLOUR_DONT_CARE, GC_BIT_MASK) = range(9)
GC_MODE_WRITE = 0x03
GC_MODE_READ = 0x08
GC_MODE_ODD_EVEN = 0x10
GC_MODE_SHIFT_INTERLEAVE = 0x20
GC_MODE_256 = 0x40
GC_MISC_GRAPHICS = 0x01
GC_MISC_CHAIN_ODD_EVEN = 0x02
GC_MISC_MAP = 0x0C

# CRT controller (3D4/3D5)
(CR_H_TOTAL, CR_H_DISPLAY_END, CR_H_BLANK_START, CR_H_BLANK_END, CR_H_RETRACE_START, CR_H_RETRACE_END, CR_V_TOTAL,
 CR_OVERFLOW, CR_PRESET_ROW, CR_MAX_SCAN_LINE, CR_CURSOR_START, CR_CURSOR_END, CR_START_HIGH, CR_START_LOW,
 CR_CURSOR_HIGH, CR_CURSOR_LOW, CR_V_RETRACE_START, CR_V_RETRACE_END, CR_V_DISPLAY_END, CR_OFFSET, CR_UNDERLINE,
 CR_V_BLANK_START, CR_V_BLANK_END, CR_MODE, CR_LINE_COMPARE) = range(25)
CR_MODE_NO_CGA = 0x01  # 0: address bit 13 comes from the row scan counter
CR_MODE_NO_HERCULES = 0x02  # 0: the same for bit 14
CR_MODE_HALF_V_CLOCK = 0x04
CR_MODE_WRAP_15 = 0x20  # in word mode counter bit 15 becomes address bit 0, else bit 13
CR_MODE_BYTE = 0x40
CR_UNDERLINE_DOUBLEWORD = 0x40
CR_PROTECT = 0x80  # in the vertical retrace end register: registers 0-7 cannot be written

# Attribute controller (3C0/3C1)
AR_MODE, AR_OVERSCAN, AR_PLANE_ENABLE, AR_PANNING, AR_COLOUR_SELECT = range(0x10, 0x15)
AR_MODE_GRAPHICS = 0x01
AR_MODE_MONO = 0x02
AR_MODE_LINE_GRAPHICS = 0x04
AR_MODE_BLINK = 0x08
AR_MODE_PANNING_COMPATIBLE = 0x20
AR_MODE_256 = 0x40
AR_MODE_P54_SELECT = 0x80
AR_INDEX_VIDEO = 0x20  # palette address source: 1 shows the picture

# DISPI
(DISPI_ID, DISPI_XRES, DISPI_YRES, DISPI_BPP, DISPI_ENABLE, DISPI_BANK, DISPI_VIRT_WIDTH, DISPI_VIRT_HEIGHT,
 DISPI_X_OFFSET, DISPI_Y_OFFSET, DISPI_MEMORY_64K) = range(11)
DISPI_ENABLED = 0x01
DISPI_GETCAPS = 0x02
DISPI_8BIT_DAC = 0x20
DISPI_LFB_ENABLED = 0x40
DISPI_NOCLEARMEM = 0x80


class VgaState(Component):
    """Registers and wires of the VGA.

    Video memory is 16 MiB.  The four planes' bytes at plane address a lie at (a & FFFCh) + ((a & 3) << 16) + plane: chain-4
    reaches the addresses that are multiples of 4, so that its memory is linear here, as that of the DISPI modes is.
    """

    misc: u8
    feature: u8
    subsystem: u8  # 3C3 bit 0: the VGA answers at all
    sequencer_index: u8
    sequencer: Array(u8, 8)
    graphics_index: u8
    graphics: Array(u8, 16)
    crtc_index: u8
    crtc: Array(u8, 32)
    attribute_index: u8  # with the palette address source bit
    attribute_data: bool  # flip-flop: the next write to 3C0 is data
    attribute: Array(u8, 32)
    dac_mask: u8
    dac_read_index: u8
    dac_write_index: u8
    dac_component: u8
    dac_state: u8  # 3C7: 0 writing, 3 reading
    dac_entry: Array(u8, 4)  # components written so far; the entry changes with the third
    palette: Array(u8, 1024)  # red, green, blue, 0; 8 bits each, 6-bit values in the upper bits

    latch: u32  # the four plane latches, plane p in byte p
    # accesses to memory, computed from the registers (vga_memory.py)
    window: u32  # video memory offset that A0000-AFFFF shows one to one, or NO_WINDOW
    map_base: u32  # offsets from A0000 where planes answer; what follows is about places in this map
    map_size: u32
    read_size: u32  # the same where a read gives a plane's byte, else 0, ...
    write_size: u32  # ... and where writes are those of modes 0 and 1, unrotated
    read_mask: u32  # bits of a place that are its plane address ...
    read_high: u32  # ... and 1 where bit 16 takes the place of bit 0
    read_low: u8  # bits of a place that choose the plane ...
    read_plane: u8  # ... and those that are chosen already
    write_mask: u32
    write_high: u32
    write_planes: Array(u32, 4)  # the planes' bytes that are written, by the low bits of a place
    host_planes: u32  # bytes of the word to write that are the host's ...
    fixed_planes: u32  # ... and what the others are
    from_word: u32  # the bits of memory are those of this word here, ...
    from_latch: u32  # exclusive or those of the latches here, ...
    from_both: u32  # exclusive or those that are in both here

    # raster timing, computed from the registers
    frame_ns: u32
    frame_lines: u32
    line_chars: u32
    shown_lines: u32
    shown_chars: u32
    retrace_start: u32
    retrace_end: u32
    start_frame: u64  # the frame in which the start address was last written
    start_before: u16  # and what this frame still shows

    dispi_index: u16
    dispi: Array(u16, 16)

    revision: u32  # counts register changes that the picture may show

    now: Wire(ret=u64)  # guest time in ns
    vram_read: Wire(u32, ret=u8)
    vram_write: Wire(u32, u8)
    vram_read32: Wire(u32, ret=u32)  # aligned, little endian
    vram_write32: Wire(u32, u32)
    vram_clear: Wire(u32)  # this many bytes from the start
    window_changed: Wire()

    @inline
    def dispi_on(self) -> bool:
        """Whether the DISPI modes have replaced the VGA's."""
        return (self.dispi[DISPI_ENABLE] & DISPI_ENABLED) != 0

    @hot
    def changed(self) -> None:
        """Note that the picture may look different now."""
        self.revision = u32(self.revision + 1)
