"""VGA memory path: the window at A0000-BFFFF, planes, latches, write and read modes.

IBM PS/2 Hardware Technical Reference, "Graphics Controller" and "Sequencer, Memory Mode Register".
"""
from emu.bus.component import hot
from emu.bus.types import Const, u8, u32

from .vga_state import (DISPI_BANK, DISPI_BPP, GC_BIT_MASK, GC_COLOUR_COMPARE, GC_COLOUR_DONT_CARE, GC_DATA_ROTATE,
                        GC_ENABLE_SET_RESET, GC_MISC, GC_MISC_CHAIN_ODD_EVEN, GC_MISC_MAP, GC_MODE, GC_MODE_ODD_EVEN,
                        GC_MODE_READ, GC_READ_MAP, GC_SET_RESET, MEMORY_CHAIN_4, MEMORY_ODD_EVEN_OFF, MISC_RAM_ENABLE,
                        NO_WINDOW, PLANE_MASK, SR_MAP_MASK, SR_MEMORY_MODE, VRAM_SIZE, VgaState)

OUTSIDE = 0xFFFFFFFF
WINDOW_SIZE = 0x10000
WORD_MASK = VRAM_SIZE - 4

# Four bits, one for each plane, to the bytes of these planes
PLANES = Const(u32, tuple(sum(0xFF << 8 * p for p in range(4) if n >> p & 1) for n in range(16)))


class VgaMemory(VgaState):
    """The host's side of video memory."""

    @hot
    def direct_window(self) -> u32:
        """Video memory offset that A0000-AFFFF may be mapped on one to one, or 0xFFFFFFFF.

        Reads through the mapping leave the latches alone; nothing in chain-4 mode uses them.
        """
        return self.window

    @hot
    def update_window(self) -> None:
        """Work out direct_window() anew and tell the memory map of a change."""
        window: u32 = NO_WINDOW
        if (self.misc & MISC_RAM_ENABLE) != 0 and (self.subsystem & 1) != 0:
            if self.dispi_on():
                if self.dispi[DISPI_BPP] > 4:
                    window = u32((self.dispi[DISPI_BANK] & 0xFF) * WINDOW_SIZE)
            elif ((self.sequencer[SR_MEMORY_MODE] & MEMORY_CHAIN_4) != 0
                  and (self.sequencer[SR_MAP_MASK] & 15) == 15
                  and (self.graphics[GC_ENABLE_SET_RESET] & 15) == 0
                  and (self.graphics[GC_DATA_ROTATE] & 0x1F) == 0
                  and (self.graphics[GC_MODE] & 0x0B) == 0  # write mode 0, read mode 0
                  and self.graphics[GC_BIT_MASK] == 0xFF
                  and (self.graphics[GC_MISC] & 0x08) == 0):  # the map includes A0000
                window = 0
        if window != self.window:
            self.window = window
            self.window_changed()

    @hot
    def map_offset(self, offset: u32) -> u32:
        """Offset from A0000 to offset in the range chosen by memory map select, or OUTSIDE."""
        select: u8 = u8((self.graphics[GC_MISC] >> 2) & 3)
        if (self.misc & MISC_RAM_ENABLE) == 0 or (self.subsystem & 1) == 0:
            return OUTSIDE
        if select == 0:
            return offset & 0x1FFFF
        if select == 1:
            if offset < 0x10000:
                return offset
        elif select == 2:
            if offset >= 0x10000 and offset < 0x18000:
                return offset & 0x7FFF
        elif offset >= 0x18000 and offset < 0x20000:
            return offset & 0x7FFF
        return OUTSIDE

    @hot
    def word_offset(self, address: u32) -> u32:
        """Video memory offset of the four planes' bytes at a plane address."""
        if self.dispi_on():  # 4 bits a pixel: planes reach beyond 64 KiB through the bank
            return u32((self.dispi[DISPI_BANK] * (WINDOW_SIZE * 4) + (address & PLANE_MASK) * 4) & WORD_MASK)
        return u32((address & 0xFFFC) | (address & 3) << 16)

    @hot
    def odd_even_address(self, place: u32) -> u32:
        """Plane address where A0 chooses between even and odd planes: its place takes 0, or A16 of a map of 128 KiB."""
        if (self.graphics[GC_MISC] & (GC_MISC_CHAIN_ODD_EVEN | GC_MISC_MAP)) == GC_MISC_CHAIN_ODD_EVEN:
            return u32((place & 0xFFFE) | place >> 16)
        return place & 0xFFFE

    @hot
    def mem_read(self, offset: u32) -> u8:
        """Read a byte at an offset from A0000; fills the latches."""
        if self.window != NO_WINDOW:
            if offset < WINDOW_SIZE:
                return self.vram_read(u32(self.window + offset))
            if self.dispi_on():
                return 0xFF
        place: u32 = self.map_offset(offset)
        if place == OUTSIDE:
            return 0xFF
        plane: u8 = u8(self.graphics[GC_READ_MAP] & 3)
        address: u32 = place
        if (self.sequencer[SR_MEMORY_MODE] & MEMORY_CHAIN_4) != 0:
            plane = u8(place & 3)
            address = u32((place & 0xFFFC) | place >> 16)
        elif (self.graphics[GC_MODE] & GC_MODE_ODD_EVEN) != 0:
            plane = u8((plane & 2) | (place & 1))
            address = self.odd_even_address(place)
        word: u32 = self.vram_read32(self.word_offset(address))
        self.latch = word
        if (self.graphics[GC_MODE] & GC_MODE_READ) == 0:
            return u8(word >> (8 * (plane & 3)))
        differ: u32 = u32((word ^ PLANES[self.graphics[GC_COLOUR_COMPARE] & 15])
                          & PLANES[self.graphics[GC_COLOUR_DONT_CARE] & 15])
        differ = u32(differ | (differ >> 16))
        return u8(~(differ | (differ >> 8)))

    @hot
    def mem_write(self, offset: u32, value: u8) -> None:
        """Write a byte at an offset from A0000 through the graphics controller."""
        if self.window != NO_WINDOW:
            if offset < WINDOW_SIZE:
                self.vram_write(u32(self.window + offset), value)
                return
            if self.dispi_on():
                return
        place: u32 = self.map_offset(offset)
        if place == OUTSIDE:
            return
        mask: u8 = u8(self.sequencer[SR_MAP_MASK] & 15)
        address: u32 = place
        if (self.sequencer[SR_MEMORY_MODE] & MEMORY_CHAIN_4) != 0:
            mask = u8(mask & (1 << (place & 3)))
            address = u32((place & 0xFFFC) | place >> 16)
        elif (self.sequencer[SR_MEMORY_MODE] & MEMORY_ODD_EVEN_OFF) == 0:
            mask = u8(mask & (5 << (place & 1)))
            address = self.odd_even_address(place)
        if mask == 0:
            return
        where: u32 = self.word_offset(address)
        planes: u32 = PLANES[mask & 15]
        word: u32 = self.combine(value)
        if planes != 0xFFFFFFFF:
            old: u32 = self.vram_read32(where)
            word = u32((word & planes) | (old & ~planes))
        self.vram_write32(where, word)

    @hot
    def combine(self, value: u8) -> u32:
        """What the graphics controller makes of a host byte and the latches, for all four planes."""
        mode: u8 = u8(self.graphics[GC_MODE] & 3)
        if mode == 1:
            return self.latch
        bits: u32 = self.graphics[GC_BIT_MASK]
        rotate: u8 = u8(self.graphics[GC_DATA_ROTATE] & 7)
        rotated: u32 = u8(value * 0x101 >> (rotate & 7))
        word: u32 = 0
        if mode == 0:
            enabled: u32 = PLANES[self.graphics[GC_ENABLE_SET_RESET] & 15]
            word = u32(rotated * 0x01010101)
            word = u32((word & ~enabled) | (PLANES[self.graphics[GC_SET_RESET] & 15] & enabled))
        elif mode == 2:
            word = PLANES[value & 15]
        else:
            word = PLANES[self.graphics[GC_SET_RESET] & 15]
            bits = bits & rotated
        function: u8 = u8((self.graphics[GC_DATA_ROTATE] >> 3) & 3)
        if function == 1:
            word = word & self.latch
        elif function == 2:
            word = word | self.latch
        elif function == 3:
            word = word ^ self.latch
        bits = u32(bits * 0x01010101)
        return u32((word & bits) | (self.latch & ~bits))

    def mem_peek(self, offset):
        """What mem_read would return, without touching the latches."""
        latch = self.latch
        value = self.mem_read(offset)
        self.latch = latch
        return value
