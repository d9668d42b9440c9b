"""Debug ports: byte consoles (0E9h, 402h) and debug exit (0F4h).

No data sheet: the conventions of Bochs (port E9 hack), SeaBIOS (debug port 402h) and QEMU (isa-debug-exit).
"""
from emu.bus.component import Component, Port, cold, hot
from emu.bus.types import u8, u16

PRESENT = 0xE9      # what a console port reads as, so that guests can find it


class DebugConsole(Component):
    """A port whose bytes go to the host: ``sink``, a callable that takes one byte as an int, or None."""

    value: u8       # last byte written

    ports = (Port(0, 1, "read", "write", text="debug console"),)

    sink = None

    def reset(self):
        """Forget the last byte."""
        self.value = 0

    @hot
    def read(self, offset: u16) -> u8:
        """The sign that the port exists."""
        return PRESENT

    def peek(self, offset):
        """What read returns."""
        return PRESENT

    @hot
    def write(self, offset: u16, value: u8) -> None:
        """Send a byte to the host."""
        self.value = value
        self.emit(value)

    @cold
    def emit(self, value: u8) -> None:
        """Hand a byte to the sink."""
        if self.sink is not None:
            self.sink(value)


class DebugExit(Component):
    """A port that ends the run: ``on_exit``, a callable that takes the byte written, or None."""

    value: u8       # last byte written

    ports = (Port(0, 1, "read", "write", text="debug exit"),)

    on_exit = None

    def reset(self):
        """Forget the last byte."""
        self.value = 0

    @hot
    def read(self, offset: u16) -> u8:
        """Nothing to read."""
        return 0

    def peek(self, offset):
        """What read returns."""
        return 0

    @hot
    def write(self, offset: u16, value: u8) -> None:
        """Ask the host to end the run."""
        self.value = value
        self.leave(value)

    @cold
    def leave(self, value: u8) -> None:
        """Hand the byte to the host."""
        if self.on_exit is not None:
            self.on_exit(value)
