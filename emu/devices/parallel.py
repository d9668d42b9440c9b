"""PC parallel port (bidirectional, IRQ on acknowledge).

Source: IBM PS/2 Technical Reference "Parallel Port Controller"; Centronics handshake of IEEE 1284 (compatibility mode).
"""
from emu.bus.component import Component, Port, Timer, cold, hot
from emu.bus.types import NEVER, Wire, u8, u16, u64

# Status port: error (3) and acknowledge (6) are low when active, select (4), paper end (5); bit 7 is low when busy
STATUS_NO_PRINTER = 0x7F        # pulled up: looks busy and out of paper
STATUS_BUSY = 0x5F
STATUS_READY = 0xDF

# Control port
CONTROL_STROBE = 0x01
CONTROL_INIT = 0x04
CONTROL_SELECT = 0x08
CONTROL_IRQ = 0x10
CONTROL_INPUT = 0x20            # the data lines are inputs
CONTROL_UNUSED = 0xC0           # read as 1

PRINT_TIME = 10_000             # ns from the strobe to the acknowledge


class Parallel(Component):
    """A printer port and the printer on it.  Base 378h, 278h or 3BCh.

    ``sink`` (a callable taking an int) gets each byte; without one no printer is connected.
    """

    data: u8
    control: u8
    busy: u8
    online: u8                  # a printer is connected and switched on
    irq_level: u8
    done_at: u64

    now: Wire(ret=u64)
    irq: Wire(u8)

    ports = (
        Port(0, 1, "read_data", "write_data", text="parallel data"),
        Port(1, 1, "read_status", text="parallel status"),
        Port(2, 1, "read_control", "write_control", text="parallel control"),
    )
    timers = (Timer("done_at", "done"),)

    sink = None

    def reset(self):
        self.data = self.busy = self.irq_level = 0
        self.control = CONTROL_INIT | CONTROL_SELECT
        self.done_at = NEVER
        self.online = 0 if self.sink is None else 1

    @cold
    def output(self, value: u8) -> None:
        """A byte has been strobed into the printer."""
        if self.sink is not None:
            self.sink(value)

    @hot
    def read_data(self, offset: u16) -> u8:
        if (self.control & CONTROL_INPUT) != 0:
            return 0xFF                         # nothing drives the lines
        return self.data

    @hot
    def write_data(self, offset: u16, value: u8) -> None:
        self.data = value

    @hot
    def read_status(self, offset: u16) -> u8:
        if self.online == 0:
            return STATUS_NO_PRINTER
        if self.busy != 0:
            return STATUS_BUSY
        return STATUS_READY

    @hot
    def read_control(self, offset: u16) -> u8:
        return self.control | CONTROL_UNUSED

    @hot
    def write_control(self, offset: u16, value: u8) -> None:
        strobed: bool = (value & ~self.control & CONTROL_STROBE) != 0
        self.control = value & 0x3F
        if strobed or (value & CONTROL_IRQ) == 0:
            self.set_irq(0)
        if strobed and self.online != 0 and self.busy == 0 and (value & CONTROL_INIT) != 0:
            self.busy = 1
            now: u64 = self.now()
            self.done_at = u64(now + PRINT_TIME)
            self.output(self.data)

    @hot
    def set_irq(self, level: u8) -> None:
        if level != self.irq_level:
            self.irq_level = level
            self.irq(level)

    @hot
    def done(self) -> None:
        """The printer has taken the byte: the end of its acknowledge raises the interrupt line, which stays up."""
        self.done_at = NEVER
        self.busy = 0
        if (self.control & CONTROL_IRQ) != 0:
            self.set_irq(1)

    def peek(self, offset):
        """What a read would return."""
        return (self.read_data, self.read_status, self.read_control, lambda _: 0xFF)[offset & 3](offset)
