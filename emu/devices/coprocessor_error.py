"""Coprocessor error: FERR# of the processor to IRQ 13, and port F0h that ends it.

Data sheet: Intel 82371SB PIIX3 (290550-002), 4.3.2 (coprocessor error register).
"""

from emu.bus.component import Component, Port, hot
from emu.bus.types import Wire, u8, u16


class CoprocessorError(Component):
    """The latch that holds IRQ 13 from a rising FERR# until port F0h is written."""

    ferr: u8
    latched: u8

    irq13: Wire(u8)

    ports = (Port(0, 1, write="write", text="coprocessor error"),)

    def reset(self):
        self.ferr = self.latched = 0

    @hot
    def set_ferr(self, level: u8) -> None:
        """The processor's FERR# (1: error pending)."""
        if level != 0 and self.ferr == 0:
            self.latched = 1
            self.irq13(1)
        self.ferr = level

    @hot
    def write(self, offset: u16, value: u8) -> None:
        """Any write ends the interrupt."""
        if self.latched != 0:
            self.latched = 0
            self.irq13(0)
