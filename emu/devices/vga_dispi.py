"""Bochs VBE display interface (DISPI) of the VGA: 16-bit index 1CE, data 1CF (1D0 the same).

Bochs vbe_display_api.txt, version 5 of the interface (ID B0C5).
"""
from emu.bus.component import hot
from emu.bus.types import u8, u16, u32

from .vga_state import (DISPI_8BIT_DAC, DISPI_BANK, DISPI_BPP, DISPI_ENABLE, DISPI_ENABLED, DISPI_GETCAPS, DISPI_ID,
                        DISPI_MEMORY_64K, DISPI_NOCLEARMEM, DISPI_VIRT_HEIGHT, DISPI_VIRT_WIDTH, DISPI_X_OFFSET,
                        DISPI_XRES, DISPI_Y_OFFSET, DISPI_YRES, VRAM_SIZE)
from .vga_timing import VgaTiming

ID_FIRST, ID_LAST = 0xB0C0, 0xB0C5
MAX_XRES, MAX_YRES, MAX_BPP = 2560, 1600, 32


class VgaDispi(VgaTiming):
    """The DISPI registers."""

    @hot
    def dispi_read_index(self, offset: u16) -> u16:
        return self.dispi_index

    @hot
    def dispi_write_index(self, offset: u16, value: u16) -> None:
        self.dispi_index = value

    @hot
    def dispi_read_data(self, offset: u16) -> u16:
        return self.dispi_get(self.dispi_index)

    @hot
    def dispi_write_data(self, offset: u16, value: u16) -> None:
        self.dispi_set(self.dispi_index, value)

    @hot
    def dispi_get(self, index: u16) -> u16:
        """A DISPI register; with GETCAPS set, resolution and depth read as the largest possible."""
        if (self.dispi[DISPI_ENABLE] & DISPI_GETCAPS) != 0:
            if index == DISPI_XRES:
                return MAX_XRES
            if index == DISPI_YRES:
                return MAX_YRES
            if index == DISPI_BPP:
                return MAX_BPP
        if index > DISPI_MEMORY_64K:
            return 0
        return self.dispi[index & 15]

    @hot
    def dispi_set(self, index: u16, value: u16) -> None:
        """Write a DISPI register."""
        if index == DISPI_ID:
            if value >= ID_FIRST and value <= ID_LAST:
                self.dispi[DISPI_ID] = value
        elif index == DISPI_XRES or index == DISPI_YRES or index == DISPI_BPP:
            if not self.dispi_on():  # the resolution of a running mode cannot change
                self.dispi_set_mode(index, value)
        elif index == DISPI_ENABLE:
            self.dispi_set_enable(value)
        elif index == DISPI_BANK:
            self.dispi[DISPI_BANK] = value & 0xFF
            if self.dispi[DISPI_BPP] == 4:  # a bank is 64 KiB of each plane
                self.dispi[DISPI_BANK] = value & 0x3F
            self.update_window()
        elif index == DISPI_VIRT_WIDTH:
            if self.dispi_on():
                self.dispi_set_virtual(value)
                self.changed()
        elif index == DISPI_X_OFFSET or index == DISPI_Y_OFFSET:
            if self.dispi_on():
                self.dispi[index & 15] = value
                self.dispi_limit_offsets()
                self.changed()

    @hot
    def dispi_set_mode(self, index: u16, value: u16) -> None:
        """Width, height or depth of the next mode; a value that no mode has is ignored."""
        good: bool = False
        if index == DISPI_XRES:
            good = value > 0 and value <= MAX_XRES
        elif index == DISPI_YRES:
            good = value > 0 and value <= MAX_YRES
        else:
            good = value == 4 or value == 8 or value == 15 or value == 16 or value == 24 or value == 32
            if value == 0:  # the first version of the interface knew 8 bits only
                self.dispi[DISPI_BPP] = 8
        if good:
            self.dispi[index & 15] = value

    @hot
    def dispi_set_enable(self, value: u16) -> None:
        """Write ENABLE: start or leave a mode, width of the DAC."""
        before: u16 = self.dispi[DISPI_ENABLE]
        self.dispi[DISPI_ENABLE] = value & 0xE3
        if (value & DISPI_ENABLED) != 0:
            if (before & DISPI_ENABLED) == 0:
                self.dispi[DISPI_BANK] = 0
                self.dispi[DISPI_X_OFFSET] = 0
                self.dispi[DISPI_Y_OFFSET] = 0
                self.dispi_set_virtual(self.dispi[DISPI_XRES])
                if (value & DISPI_NOCLEARMEM) == 0:
                    self.vram_clear(u32(self.dispi_pitch() * self.dispi[DISPI_YRES]))
        else:
            self.dispi[DISPI_BANK] = 0
        self.update_memory()
        self.update_timing()
        self.changed()

    @hot
    def dispi_pitch(self) -> u32:
        """Bytes of video memory from a line to the next; in 4-bit modes the four planes together."""
        bits: u32 = self.dispi[DISPI_BPP]
        if bits == 15:
            bits = 16
        if bits == 4:  # whole words of four planes
            return u32((self.dispi[DISPI_VIRT_WIDTH] >> 3) * 4)
        return u32(self.dispi[DISPI_VIRT_WIDTH] * (bits >> 3))

    @hot
    def dispi_set_virtual(self, value: u16) -> None:
        """Set the virtual width as far as memory allows, never below the visible one; the height follows."""
        width: u16 = value
        if width < self.dispi[DISPI_XRES]:
            width = self.dispi[DISPI_XRES]
        before: u16 = self.dispi[DISPI_VIRT_WIDTH]
        self.dispi[DISPI_VIRT_WIDTH] = width
        pitch: u32 = self.dispi_pitch()
        if u32(pitch * self.dispi[DISPI_YRES]) > VRAM_SIZE:
            if before >= self.dispi[DISPI_XRES]:
                self.dispi[DISPI_VIRT_WIDTH] = before
            else:
                self.dispi[DISPI_VIRT_WIDTH] = self.dispi[DISPI_XRES]
            pitch = self.dispi_pitch()
        lines: u32 = self.dispi[DISPI_YRES]
        if pitch != 0:
            lines = u32(VRAM_SIZE // pitch)
        if lines > 0xFFFF:
            lines = 0xFFFF
        self.dispi[DISPI_VIRT_HEIGHT] = u16(lines)
        self.dispi_limit_offsets()

    @hot
    def dispi_limit_offsets(self) -> None:
        """Keep the visible part inside video memory."""
        most: u32 = u32(self.dispi[DISPI_VIRT_WIDTH] - self.dispi[DISPI_XRES]) & 0xFFFF
        if self.dispi[DISPI_X_OFFSET] > most:
            self.dispi[DISPI_X_OFFSET] = u16(most)
        most = u32(self.dispi[DISPI_VIRT_HEIGHT] - self.dispi[DISPI_YRES]) & 0xFFFF
        if self.dispi[DISPI_Y_OFFSET] > most:
            self.dispi[DISPI_Y_OFFSET] = u16(most)

    @hot
    def dac_8bit(self) -> bool:
        """Whether DAC values have 8 bits instead of 6."""
        return (self.dispi[DISPI_ENABLE] & DISPI_8BIT_DAC) != 0
