"""VGA memory path: the window at A0000-BFFFF, planes, latches, write and read modes.

IBM PS/2 Hardware Technical Reference, "Graphics Controller" and "Sequencer, Memory Mode Register".

What an access does depends on a dozen fields of registers.  They are put together when one of them is written
(update_memory, update_writes), so that the access itself is a few operations on a word of the four planes' bytes.
"""
from emu.bus.component import hot, inline, rare
from emu.bus.types import Const, u8, u32

from .vga_state import (DISPI_BANK, DISPI_BPP, GC_BIT_MASK, GC_COLOUR_COMPARE, GC_COLOUR_DONT_CARE, GC_DATA_ROTATE,
                        GC_ENABLE_SET_RESET, GC_MISC, GC_MISC_CHAIN_ODD_EVEN, GC_MISC_MAP, GC_MODE, GC_MODE_ODD_EVEN,
                        GC_MODE_READ, GC_MODE_WRITE, GC_READ_MAP, GC_SET_RESET, MEMORY_CHAIN_4, MEMORY_ODD_EVEN_OFF,
                        MISC_RAM_ENABLE, NO_WINDOW, PLANE_MASK, SR_MAP_MASK, SR_MEMORY_MODE, VRAM_SIZE, VgaState)

WINDOW_SIZE = 0x10000
WORD_MASK = VRAM_SIZE - 4

# Four bits, one for each plane, to the bytes of these planes
PLANES = Const(u32, tuple(sum(0xFF << 8 * p for p in range(4) if n >> p & 1) for n in range(16)))
EACH = 0x01010101  # times a byte: that byte in each plane

# Memory map select: offset from A0000, and size
MAP_BASE = Const(u32, (0, 0, 0x10000, 0x18000))
MAP_SIZE = Const(u32, (0x20000, 0x10000, 0x8000, 0x8000))

ALL = 0xFFFFFFFF

WRITE_LATCHES, WRITE_COLOUR, WRITE_MASKED = 1, 2, 3  # write modes; in mode 0 the host's byte goes to all planes
AND, OR, XOR = 1, 2, 3  # what is made of it and of the latches; 0: the latches do not matter


class VgaMemory(VgaState):
    """The host's side of video memory."""

    @hot
    def direct_window(self) -> u32:
        """Video memory offset that A0000-AFFFF may be mapped on one to one, or 0xFFFFFFFF.

        Reads through the mapping leave the latches alone; nothing in chain-4 mode uses them.
        """
        return self.window

    # -- after a change of registers -----------------------------------------------------------------------------

    @hot
    def update_memory(self) -> None:
        """Work out anew what accesses do."""
        self.update_map()
        self.update_read_places()
        self.update_write_places()
        self.update_writes()
        self.update_window()

    @hot
    def memory_on(self) -> bool:
        """Whether video memory answers at all."""
        return (self.misc & MISC_RAM_ENABLE) != 0 and (self.subsystem & 1) != 0

    @hot
    def update_map(self) -> None:
        """Where in the window planes answer: nowhere in DISPI modes without any."""
        select: u8 = u8((self.graphics[GC_MISC] & GC_MISC_MAP) >> 2)
        self.map_base = MAP_BASE[select & 3]
        self.map_size = 0
        if self.memory_on() and not (self.dispi_on() and self.dispi[DISPI_BPP] > 4):
            self.map_size = MAP_SIZE[select & 3]
        self.read_size = self.map_size
        if self.dispi_on() or (self.graphics[GC_MODE] & GC_MODE_READ) != 0:
            self.read_size = 0

    @hot
    def odd_even_high(self) -> u32:
        """1 where A0 chooses between even and odd planes and A16 of a map of 128 KiB takes its place, else 0."""
        if (self.graphics[GC_MISC] & (GC_MISC_CHAIN_ODD_EVEN | GC_MISC_MAP)) == GC_MISC_CHAIN_ODD_EVEN:
            return 1
        return 0

    @hot
    def update_read_places(self) -> None:
        """Plane address and plane of the places in the map, for reads."""
        self.read_mask = PLANE_MASK
        self.read_high = 0
        self.read_low = 0
        self.read_plane = self.graphics[GC_READ_MAP] & 3
        if (self.sequencer[SR_MEMORY_MODE] & MEMORY_CHAIN_4) != 0:
            self.read_mask = PLANE_MASK - 3
            self.read_high = 1
            self.read_low = 3
            self.read_plane = 0
        elif (self.graphics[GC_MODE] & GC_MODE_ODD_EVEN) != 0:
            self.read_mask = PLANE_MASK - 1
            self.read_high = self.odd_even_high()
            self.read_low = 1
            self.read_plane = self.graphics[GC_READ_MAP] & 2

    @hot
    def update_write_places(self) -> None:
        """Plane address and planes of the places in the map, for writes."""
        chain_4: bool = (self.sequencer[SR_MEMORY_MODE] & MEMORY_CHAIN_4) != 0
        odd_even: bool = (self.sequencer[SR_MEMORY_MODE] & MEMORY_ODD_EVEN_OFF) == 0
        self.write_mask = PLANE_MASK
        self.write_high = 0
        if chain_4:
            self.write_mask = PLANE_MASK - 3
            self.write_high = 1
        elif odd_even:
            self.write_mask = PLANE_MASK - 1
            self.write_high = self.odd_even_high()
        for low in range(4):
            planes: u8 = self.sequencer[SR_MAP_MASK]
            if chain_4:
                planes = planes & 1 << low
            elif odd_even:
                planes = planes & 5 << (low & 1)
            self.write_planes[low] = PLANES[planes & 15]

    @hot
    def update_writes(self) -> None:
        """How the graphics controller makes a word of a byte from the host and of the latches."""
        mode: u8 = self.graphics[GC_MODE] & GC_MODE_WRITE
        enabled: u32 = PLANES[self.graphics[GC_ENABLE_SET_RESET] & 15]
        if mode == WRITE_MASKED:
            enabled = ALL
        self.host_planes = u32(~enabled)
        self.fixed_planes = PLANES[self.graphics[GC_SET_RESET] & 15] & enabled
        function: u8 = u8((self.graphics[GC_DATA_ROTATE] >> 3) & 3)
        bits: u32 = u32(self.graphics[GC_BIT_MASK] * EACH)
        if mode == WRITE_LATCHES:
            bits = 0
        self.from_word = bits if function != AND else 0
        self.from_both = bits if function == AND or function == OR else 0
        self.from_latch = u32(~bits)
        if function == OR or function == XOR:
            self.from_latch = ALL
        self.write_size = self.map_size
        if self.dispi_on() or mode == WRITE_COLOUR or mode == WRITE_MASKED or (self.graphics[GC_DATA_ROTATE] & 7) != 0:
            self.write_size = 0

    @hot
    def update_window(self) -> None:
        """Work out direct_window() anew and tell the memory map of a change."""
        window: u32 = NO_WINDOW
        if self.memory_on():
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

    # -- accesses ------------------------------------------------------------------------------------------------

    @inline
    def word_offset(self, address: u32) -> u32:
        """Video memory offset of the four planes' bytes at a plane address."""
        if self.dispi_on():  # 4 bits a pixel: planes reach beyond 64 KiB through the bank
            return u32((self.dispi[DISPI_BANK] * (WINDOW_SIZE * 4) + (address & PLANE_MASK) * 4) & WORD_MASK)
        return self.plane_offset(address)

    @inline
    def plane_offset(self, address: u32) -> u32:
        """The same where no DISPI mode is on: a place in chain-4 mode is its own offset."""
        return u32((address & 0xFFFC) | (address & 3) << 16)

    @inline
    def read_address(self, place: u32) -> u32:
        """The plane address of a place, for reads."""
        return (place & self.read_mask) | (place >> 16 & self.read_high)

    @inline
    def write_address(self, place: u32) -> u32:
        return (place & self.write_mask) | (place >> 16 & self.write_high)

    @inline
    def plane_byte(self, word: u32, place: u32) -> u8:
        """The byte of the plane that a read mode 0 at a place is about."""
        return u8(word >> 8 * (((place & self.read_low) | self.read_plane) & 3))

    @inline
    def mem_read(self, offset: u32) -> u8:
        """Read a byte at an offset from A0000; fills the latches."""
        place: u32 = u32(offset - self.map_base)
        if place >= self.read_size:
            return self.other_read(offset)
        word: u32 = self.vram_read32(self.plane_offset(self.read_address(place)))
        self.latch = word
        return self.plane_byte(word, place)

    @rare
    def other_read(self, offset: u32) -> u8:
        """A read of mode 1, or in a DISPI mode, or where no plane answers."""
        place: u32 = u32(offset - self.map_base)
        if place >= self.map_size:
            return self.linear_read(offset)
        word: u32 = self.vram_read32(self.word_offset(self.read_address(place)))
        self.latch = word
        if (self.graphics[GC_MODE] & GC_MODE_READ) != 0:
            return self.compare(word)
        return self.plane_byte(word, place)

    @hot
    def compare(self, word: u32) -> u8:
        """Read mode 1: which bits have the colour that is looked for."""
        differ: u32 = u32((word ^ PLANES[self.graphics[GC_COLOUR_COMPARE] & 15])
                          & PLANES[self.graphics[GC_COLOUR_DONT_CARE] & 15])
        differ = u32(differ | (differ >> 16))
        return u8(~(differ | (differ >> 8)))

    @inline
    def write_planes_at(self, where: u32, word: u32, planes: u32) -> None:
        """Write the bytes of some planes at an offset of video memory."""
        old: u32 = self.vram_read32(where)
        self.vram_write32(where, old ^ (old ^ word) & planes)

    @inline
    def with_latches(self, word: u32) -> u32:
        """What the bit mask and the function make of a word and of the latches."""
        return (word & self.from_word) ^ (self.latch & (self.from_latch ^ (word & self.from_both)))

    @inline
    def mem_write(self, offset: u32, value: u8) -> None:
        """Write a byte at an offset from A0000 through the graphics controller."""
        place: u32 = u32(offset - self.map_base)
        if place >= self.write_size:
            self.other_write(offset, value)
            return
        word: u32 = u32(value * EACH) & self.host_planes | self.fixed_planes
        self.write_planes_at(self.plane_offset(self.write_address(place)), self.with_latches(word), self.write_planes[place & 3])

    @rare
    def other_write(self, offset: u32, value: u8) -> None:
        """A write of mode 2 or 3, or rotated, or in a DISPI mode, or where no plane answers."""
        place: u32 = u32(offset - self.map_base)
        if place >= self.map_size:
            self.linear_write(offset, value)
            return
        rotated: u32 = u8(value * 0x101 >> (self.graphics[GC_DATA_ROTATE] & 7))
        word: u32 = u32(rotated * EACH) & self.host_planes | self.fixed_planes
        if (self.graphics[GC_MODE] & GC_MODE_WRITE) == WRITE_COLOUR:
            word = PLANES[value & 15]
        word = self.with_latches(word)
        if (self.graphics[GC_MODE] & GC_MODE_WRITE) == WRITE_MASKED:
            word = self.latch ^ (word ^ self.latch) & u32(rotated * EACH)
        self.write_planes_at(self.word_offset(self.write_address(place)), word, self.write_planes[place & 3])

    @hot
    def linear_read(self, offset: u32) -> u8:
        """Where no plane answers: the bank of a DISPI mode, or nothing."""
        if self.window != NO_WINDOW and offset < WINDOW_SIZE:
            return self.vram_read(u32(self.window + offset))
        return 0xFF

    @hot
    def linear_write(self, offset: u32, value: u8) -> None:
        if self.window != NO_WINDOW and offset < WINDOW_SIZE:
            self.vram_write(u32(self.window + offset), value)

    def mem_peek(self, offset):
        """What mem_read would return, without touching the latches."""
        latch = self.latch
        value = self.mem_read(offset)
        self.latch = latch
        return value
