"""MPU-401 in UART mode: the MIDI port of a Sound Blaster 16.

Roland, "MPU-401 Technical Reference Manual"; Creative, "Sound Blaster Series Hardware Programming Guide", chapter 5.
"""
from emu.bus.component import Component, Port, cold, hot
from emu.bus.types import u8, u16

NOTHING_THERE = 0x80            # status: no data to read
BUSY = 0x40                     # status: not ready to be written to
STATUS_ONES = 0x3F
ACKNOWLEDGE = 0xFE


class Mpu401(Component):
    """Commands are acknowledged; in UART mode data goes to ``sink`` (a callable taking an int).  Nothing is plugged into MIDI IN, and
    an acknowledgement alone raises no interrupt."""

    uart: u8                    # command 3Fh was given
    waiting: u8                 # an acknowledgement can be read

    ports = (Port(0, 2, "read", "write", text="MPU-401: data, status and command"),)

    sink = None

    def reset(self):
        """Not in UART mode."""
        self.uart = self.waiting = 0

    @hot
    def read(self, offset: u16) -> u8:
        """Data, or status."""
        if offset & 1 != 0:
            return STATUS_ONES if self.waiting != 0 else STATUS_ONES | NOTHING_THERE
        if self.waiting != 0:
            self.waiting = 0
            return ACKNOWLEDGE
        return 0xFF

    def peek(self, offset):
        """What read returns."""
        waiting = self.waiting
        value = self.read(offset)
        self.waiting = waiting
        return value

    @hot
    def write(self, offset: u16, value: u8) -> None:
        """Data to MIDI OUT, or a command: FFh resets, 3Fh begins UART mode."""
        if offset & 1 == 0:
            if self.uart != 0:
                self.send(value)
            return
        if value == 0xFF:
            self.uart = 0
        elif value == 0x3F:
            self.uart = 1
        self.waiting = 1

    @hot
    def send(self, value: u8) -> None:
        """A byte to MIDI OUT."""
        self.output(value)

    @cold
    def output(self, value: u8) -> None:
        """A byte leaves."""
        if self.sink is not None:
            self.sink(value)
