"""PCI function 1234:1111 of the VGA: linear frame buffer, register page, expansion ROM.

The layout of BAR 2 is that of QEMU's standard VGA (docs/specs/standard-vga.txt): the monitor's EDID, VGA and DISPI registers.
"""
from emu.bus.component import hot
from emu.bus.types import Const, Wire, u8, u16, u32

from .edid import edid
from .pci import IO_SPACE, MEMORY_SPACE, Bar, PciFunction
from .vga_state import VRAM_SIZE

MMIO_SIZE = 0x1000
MMIO_EDID_END = 0x80
MMIO_PORTS, MMIO_PORTS_END = 0x400, 0x420  # ports 3C0-3DF
MMIO_DISPI, MMIO_DISPI_END = 0x500, 0x516  # DISPI registers, 16 bits each
MMIO_EXTENDED, MMIO_BYTE_ORDER, MMIO_EXTENDED_END = 0x600, 0x604, 0x608
FIRST_PORT = 0x3C0
EXTENDED_SIZE = 8
LITTLE_ENDIAN = 0x1E1E1E1E
EDID = Const(u8, tuple(edid()))


class VgaPci(PciFunction):
    """BAR 0 is video memory, BAR 2 the registers (mmio_read8 … mmio_write32 with the offset in the BAR)."""

    VENDOR, DEVICE, REVISION, CLASS = 0x1234, 0x1111, 2, 0x030000
    SUBSYSTEM = (0x1AF4, 0x1100)
    COMMAND_MASK = IO_SPACE | MEMORY_SPACE
    BARS = {0: Bar(VRAM_SIZE, prefetch=True), 2: Bar(MMIO_SIZE)}
    ROM = 0x10000

    vga_read: Wire(u16, ret=u8)  # by port number
    vga_write: Wire(u16, u8)
    dispi_get: Wire(u16, ret=u16)  # by DISPI index
    dispi_set: Wire(u16, u16)

    @hot
    def mmio_read8(self, offset: u32) -> u8:
        """Read a byte of BAR 2."""
        place: u32 = offset & 0xFFF
        if place < MMIO_EDID_END:
            return EDID[place & 0x7F]
        if place >= MMIO_PORTS and place < MMIO_PORTS_END:
            return self.vga_read(u16(place - MMIO_PORTS + FIRST_PORT))
        if place >= MMIO_DISPI and place < MMIO_DISPI_END:
            value: u16 = self.dispi_get(u16((place - MMIO_DISPI & 0xFF) >> 1))
            return u8(value >> ((place & 1) * 8))
        if place == MMIO_EXTENDED:
            return EXTENDED_SIZE
        if place >= MMIO_BYTE_ORDER and place < MMIO_EXTENDED_END:
            return u8(LITTLE_ENDIAN)
        return 0

    @hot
    def mmio_read16(self, offset: u32) -> u16:
        """Read 16 bits of BAR 2."""
        low: u8 = self.mmio_read8(offset)
        high: u8 = self.mmio_read8(u32(offset + 1))
        return u16(low | high << 8)

    @hot
    def mmio_read32(self, offset: u32) -> u32:
        """Read 32 bits of BAR 2."""
        low: u16 = self.mmio_read16(offset)
        high: u16 = self.mmio_read16(u32(offset + 2))
        return u32(low | high << 16)

    @hot
    def mmio_write8(self, offset: u32, value: u8) -> None:
        """Write a byte of BAR 2; in a DISPI register the other byte stays."""
        place: u32 = offset & 0xFFF
        if place >= MMIO_PORTS and place < MMIO_PORTS_END:
            self.vga_write(u16(place - MMIO_PORTS + FIRST_PORT), value)
        elif place >= MMIO_DISPI and place < MMIO_DISPI_END:
            index: u16 = u16((place - MMIO_DISPI & 0xFF) >> 1)
            old: u16 = self.dispi_get(index)
            if (place & 1) != 0:
                self.dispi_set(index, u16((old & 0xFF) | value << 8))
            else:
                self.dispi_set(index, u16((old & 0xFF00) | value))

    @hot
    def mmio_write16(self, offset: u32, value: u16) -> None:
        """Write 16 bits of BAR 2: a DISPI register at once, else byte by byte."""
        place: u32 = offset & 0xFFF
        if place >= MMIO_DISPI and place < MMIO_DISPI_END and (place & 1) == 0:
            self.dispi_set(u16((place - MMIO_DISPI & 0xFF) >> 1), value)
            return
        self.mmio_write8(offset, u8(value))
        self.mmio_write8(u32(offset + 1), u8(value >> 8))

    @hot
    def mmio_write32(self, offset: u32, value: u32) -> None:
        """Write 32 bits of BAR 2."""
        self.mmio_write16(offset, u16(value))
        self.mmio_write16(u32(offset + 2), u16(value >> 16))
