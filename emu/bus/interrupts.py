"""The interrupt request lines of the board: who shares a line is or-ed, then it goes to its 8259A and to the I/O APIC."""

from .component import Component, hot
from .types import Array, Wire, u8

ISA, PCI, CARD, SOUND = 1, 2, 4, 8


class IrqLines(Component):
    """Lines 0-7 lead to the master, 8-15 to the slave, and each to the input of the same number of the I/O APIC; but line 0
    leads to input 2, since input 0 has INTR of the master."""

    sources: Array(u8, 16)
    master: Wire(u8, u8)
    slave: Wire(u8, u8)
    processor: Wire(u8)
    io_apic: Wire(u8, u8)

    @hot
    def change(self, line: u8, source: u8, level: u8) -> None:
        n: u8 = line & 15
        before: u8 = self.sources[n]
        after: u8 = before | source if level != 0 else before & ~source & 0xFF
        self.sources[n] = after
        if (before != 0) != (after != 0):
            out: u8 = u8(after != 0)
            if n < 8:
                self.master(n, out)
            else:
                self.slave(n - 8 & 7, out)
            self.io_apic(n if n != 0 else 2, out)

    @hot
    def set_isa(self, line: u8, level: u8) -> None:
        """A chip that owns the line."""
        self.change(line, ISA, level)

    @hot
    def set_pci(self, line: u8, level: u8) -> None:
        """The PCI interrupt router."""
        self.change(line, PCI, level)

    @hot
    def set_card(self, line: u8, level: u8) -> None:
        """A card in an ISA slot, whose line may be one that a chip of the board pulls as well."""
        self.change(line, CARD, level)

    @hot
    def set_sound(self, line: u8, level: u8) -> None:
        """The sound card, in another slot."""
        self.change(line, SOUND, level)

    @hot
    def set_intr(self, level: u8) -> None:
        """INTR of the master 8259A."""
        self.processor(level)
        self.io_apic(0, level)
