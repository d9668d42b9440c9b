"""Intel 82371SB (PIIX3) PCI-to-ISA bridge: PIRQ routing.

Data sheet: Intel 82371FB/82371SB (290550-002), section 2.2.  The reset control register (CF9) is another
chip here.
"""
from emu.bus.component import hot
from emu.bus.types import Array, Wire, u8, u16, u32

from . import pci

PIRQRC = 0x60           # PIRQRC[A:D], 60-63
IRQ_ROUTING_OFF = 0x80  # PIRQRC bit 7: the pin goes nowhere
ROUTABLE = 0xDEF8       # ISA lines that PIRQ may drive: 3-7, 9-12, 14, 15


def pirq_pin(slot, intx):
    """The PIRQ pin (0 is A) that INTx (0 is INTA#) of a slot is wired to, as on QEMU's pc board."""
    return (slot - 1 + intx) & 3


class Piix3(pci.PciFunction):
    """The ISA bridge, function 00:01.0.

    Interrupt sources are numbered 0-31 by the board, which tells with connect() the pin that each pulls.
    """

    VENDOR, DEVICE, REVISION, CLASS = 0x8086, 0x7000, 0, 0x060100
    MULTIFUNCTION = True
    COMMAND_RESET = pci.IO_SPACE | pci.MEMORY_SPACE | pci.BUS_MASTER    # fixed: the bridge always decodes
    COMMAND_MASK = pci.SERR
    STATUS_RESET = 0x0280
    REGISTERS = (
        (0x4C, 1, 0x4D, 0xFF),          # IORT ISA I/O recovery timer
        (0x4E, 2, 0x0003, 0x01FF),      # XBCS X-bus chip select
        *((PIRQRC + i, 1, IRQ_ROUTING_OFF, 0x8F) for i in range(4)),
        (0x69, 1, 0x02, 0xFE),          # TOM top of memory
        (0x6A, 2, 0x0000, 0x8064),      # MSTAT
        (0x70, 1, 0x80, 0xEF),          # MBIRQ0
        (0x76, 2, 0x0C0C, 0x8F8F),      # MBDMA[1:0]
        (0x78, 2, 0x0002, 0xFFFF),      # PCSC
        (0x80, 1, 0x00, 0x7F),          # APICBASE
        (0x82, 1, 0x00, 0x0F),          # DLC deterministic latency control
        (0xA0, 1, 0x08, 0x1F),          # SMICNTL
        (0xA2, 2, 0x0000, 0x00FF),      # SMIEN
        (0xA4, 4, 0, 0xFFFFFFFF),       # SEE system event enable
        (0xA8, 1, 0x0F, 0xFF),          # FTMR fast-off timer
        (0xAC, 1, 0x00, 0xFF),          # CTLTMR
        (0xAE, 1, 0x00, 0xFF),          # CTHTMR
    )

    pins: Array(u8, 32)                 # source → pin
    asserted: Array(u32, 4)             # pin → the sources that pull it
    lines: u16                          # ISA lines that we hold high
    irq: Wire(u8, u8)                   # ISA line, level

    def connect(self, source, pin):
        """Board wiring: interrupt source 0-31 pulls PIRQ ``pin`` (0 is A)."""
        self.pins[source] = pin & 3

    def reset(self):
        super().reset()
        for pin in range(4):
            self.asserted[pin] = 0
        self.update()

    def config_written(self, offset, size):
        if offset < PIRQRC + 4 and offset + size > PIRQRC:
            self.update()

    @hot
    def set_pirq(self, source: u8, level: u8) -> None:
        """An interrupt source pulls (1) or releases (0) its pin; a pin is active while any of its sources pulls."""
        pin: u8 = self.pins[source & 31] & 3
        bit: u32 = u32(1 << (source & 31))
        before: u32 = self.asserted[pin & 3]
        after: u32 = before | bit
        if level == 0:
            after = before & u32(~bit)
        if after != before:
            self.asserted[pin & 3] = after
            if (before == 0) != (after == 0):
                self.update()

    @hot
    def update(self) -> None:
        """Bring the ISA lines in step with pins and routing; several pins may share a line."""
        wanted: u16 = 0
        for pin in range(4):
            route: u8 = self.config[PIRQRC + pin]
            if self.asserted[pin] != 0 and (route & IRQ_ROUTING_OFF) == 0:
                wanted = wanted | (u16(1 << (route & 15)) & ROUTABLE)
        changed: u16 = wanted ^ self.lines
        self.lines = wanted
        if changed != 0:
            for line in range(16):
                if (changed >> line) & 1 != 0:
                    self.irq(line, u8((wanted >> line) & 1))
