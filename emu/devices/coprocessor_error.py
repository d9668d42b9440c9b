"""Coprocessor error: FERR# of the processor to IRQ 13, and port F0h that ends the interrupt and asserts IGNNE#.

Data sheet: Intel 82371SB PIIX3 (290550-002), 4.3.2 (coprocessor error register); Intel SDM volume 1, figures D-1 and D-2.
"""

from emu.bus.component import Component, Port, hot
from emu.bus.types import Wire, u8, u16


class CoprocessorError(Component):
    """The latch that holds IRQ 13 from a rising FERR# until port F0h is written, and the one that from there on holds IGNNE#
    until FERR# falls."""

    ferr: u8
    latched: u8
    ignoring: u8

    irq13: Wire(u8)
    ignne: Wire(u8)         # to the processor (1: asserted)

    ports = (Port(0, 1, write="write", text="coprocessor error"),)

    def reset(self):
        self.ferr = self.latched = 0
        if self.ignoring != 0:
            self.ignoring = 0
            self.ignne(0)

    @hot
    def set_ferr(self, level: u8) -> None:
        """The processor's FERR# (1: error pending)."""
        if level != 0 and self.ferr == 0:
            self.latched = 1
            self.irq13(1)
        self.ferr = level
        if level == 0:
            self.ignore(0)

    @hot
    def write(self, offset: u16, value: u8) -> None:
        """Any write ends the interrupt, and lets the processor ignore the error that it was about."""
        if self.latched != 0:
            self.latched = 0
            self.irq13(0)
        if self.ferr != 0:
            self.ignore(1)

    @hot
    def ignore(self, level: u8) -> None:
        """Drive IGNNE#."""
        if level != self.ignoring:
            self.ignoring = level
            self.ignne(level)
