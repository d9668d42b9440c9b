"""The sixteen interrupt request lines of the board: who shares a line is or-ed, then it goes to its controller."""

from .component import Component, hot
from .types import Array, Wire, u8

ISA, PCI = 1, 2


class IrqLines(Component):
    """Lines 0-7 lead to the master, 8-15 to the slave."""

    sources: Array(u8, 16)
    master: Wire(u8, u8)
    slave: Wire(u8, u8)

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

    @hot
    def set_isa(self, line: u8, level: u8) -> None:
        """A chip that owns the line."""
        self.change(line, ISA, level)

    @hot
    def set_pci(self, line: u8, level: u8) -> None:
        """The PCI interrupt router."""
        self.change(line, PCI, level)
