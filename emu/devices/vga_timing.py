"""VGA raster timing: how long a frame lasts, where the beam is, which start address is shown.

IBM PS/2 Hardware Technical Reference, "CRT Controller" and "Input Status Register 1".
"""
from emu.bus.component import hot
from emu.bus.types import u8, u16, u32, u64

from .vga_memory import VgaMemory
from .vga_state import (AR_OVERSCAN, AR_PLANE_ENABLE, CLOCKING_8_DOT, CLOCKING_HALF, CR_H_DISPLAY_END, CR_H_TOTAL,
                        CR_MODE, CR_MODE_HALF_V_CLOCK, CR_OVERFLOW, CR_START_HIGH, CR_START_LOW, CR_V_DISPLAY_END,
                        CR_V_RETRACE_END, CR_V_RETRACE_START, CR_V_TOTAL, DISPI_YRES, MISC_CLOCK, SR_CLOCKING)

DOT_CLOCK_25 = 25_175_000  # Hz
DOT_CLOCK_28 = 28_322_000
SECOND = 1_000_000_000  # ns

# Input status 1 (3BA/3DA)
STATUS_DISPLAY_OFF = 0x01  # horizontal or vertical blank
STATUS_RETRACE = 0x08

DISPI_FRAME_NS = 16_666_667
DISPI_LINE_CHARS = 100  # a line in DISPI modes: 80 parts shown, 20 blank
DISPI_SHOWN_CHARS = 80
DISPI_BLANK_LINES = 45


class VgaTiming(VgaMemory):
    """The beam, in guest time."""

    @hot
    def update_timing(self) -> None:
        """Work out the raster from the registers."""
        if self.dispi_on():
            self.frame_ns = DISPI_FRAME_NS
            self.line_chars = DISPI_LINE_CHARS
            self.shown_chars = DISPI_SHOWN_CHARS
            self.shown_lines = self.dispi[DISPI_YRES]
            self.frame_lines = u32(self.shown_lines + DISPI_BLANK_LINES)
            self.retrace_start = u32(self.shown_lines + 10)
            self.retrace_end = u32(self.shown_lines + 12)
            return
        overflow: u32 = self.crtc[CR_OVERFLOW]
        clocking: u32 = self.sequencer[SR_CLOCKING]
        self.line_chars = u32(self.crtc[CR_H_TOTAL] + 5)
        self.shown_chars = u32(self.crtc[CR_H_DISPLAY_END] + 1)
        total: u32 = u32((self.crtc[CR_V_TOTAL] | (overflow & 0x01) << 8 | (overflow & 0x20) << 4) + 2)
        shown: u32 = u32((self.crtc[CR_V_DISPLAY_END] | (overflow & 0x02) << 7 | (overflow & 0x40) << 3) + 1)
        start: u32 = u32(self.crtc[CR_V_RETRACE_START] | (overflow & 0x04) << 6 | (overflow & 0x80) << 2)
        length: u32 = u32(self.crtc[CR_V_RETRACE_END] - start) & 15
        if length == 0:
            length = 16
        if start >= total:  # no retrace at all: nothing sensible is programmed yet
            start = u32(total - 1) & 0xFFF
        end: u32 = u32(start + length)
        if (self.crtc[CR_MODE] & CR_MODE_HALF_V_CLOCK) != 0:
            total = u32(total * 2)
            shown = u32(shown * 2)
            start = u32(start * 2)
            end = u32(end * 2)
        self.frame_lines = total
        self.shown_lines = shown
        self.retrace_start = start
        self.retrace_end = end
        char: u32 = 9
        if (clocking & CLOCKING_8_DOT) != 0:
            char = 8
        if (clocking & CLOCKING_HALF) != 0:
            char = u32(char * 2)
        dots: u64 = u64(u32(char * self.line_chars) * total)
        clock: u64 = DOT_CLOCK_25
        if (self.misc & MISC_CLOCK) == 0x04:
            clock = DOT_CLOCK_28
        self.frame_ns = u32(u64(dots * SECOND) // clock)

    @hot
    def status1(self) -> u8:
        """Input status 1: where the beam is now.  Bits 4-5 feed back the overscan colour in the blank (AR12)."""
        time: u64 = self.now()
        if self.frame_ns == 0:
            return STATUS_DISPLAY_OFF
        since: u32 = u32(time % self.frame_ns)
        place: u64 = since * self.frame_lines
        line: u64 = place // self.frame_ns
        part: u32 = u32(place % self.frame_ns)
        status: u8 = 0
        if line >= self.shown_lines or part * self.line_chars >= self.shown_chars * self.frame_ns:
            status = STATUS_DISPLAY_OFF
            select: u8 = u8(self.attribute[AR_PLANE_ENABLE] >> 4) & 3
            border: u8 = self.attribute[AR_OVERSCAN]
            if select == 0:  # bits 2 and 0
                status = u8(status | (border & 1) << 4 | (border & 4) << 3)
            elif select == 1:
                status = u8(status | (border & 0x30))
            elif select == 2:  # bits 3 and 1
                status = u8(status | (border & 2) << 3 | (border & 8) << 2)
            else:
                status = u8(status | (border & 0xC0) >> 2)
        if line >= self.retrace_start and line < self.retrace_end:
            status = u8(status | STATUS_RETRACE)
        return status

    @hot
    def frame_number(self) -> u64:
        """Vertical retraces since time 0: the picture of a frame keeps the start address that the retrace took."""
        time: u64 = self.now()
        if self.frame_ns == 0:
            return 0
        lines: u32 = self.frame_lines
        if lines == 0:
            return 0
        after: u64 = self.frame_ns * self.retrace_start // lines
        return u64(time + self.frame_ns - after) // self.frame_ns

    @hot
    def start_written(self) -> None:
        """Called before the start address changes: remember what the frame under way shows."""
        frame: u64 = self.frame_number()
        if frame != self.start_frame:
            self.start_frame = frame
            self.start_before = u16(self.crtc[CR_START_HIGH] << 8 | self.crtc[CR_START_LOW])

    @hot
    def start_address(self) -> u16:
        """The start address that the present frame shows (the CRTC takes a new one at the vertical retrace)."""
        frame: u64 = self.frame_number()
        if frame == self.start_frame:
            return self.start_before
        return u16(self.crtc[CR_START_HIGH] << 8 | self.crtc[CR_START_LOW])
