"""Intel 82093AA I/O APIC: 24 interrupt inputs, each with an entry that says what message it sends.

Data sheet: Intel 82093AA (290566-001).
"""
from emu.bus.component import Component, hot
from emu.bus.types import Array, Wire, u8, u16, u32, u64

BASE = 0xFEC00000

# The two registers of the page, and what the first one selects (3.1, 3.2)
IOREGSEL, IOWIN = 0x00, 0x10
IOAPICID, IOAPICVER, IOAPICARB, IOREDTBL = 0x00, 0x01, 0x02, 0x10
INPUTS = 24
VERSION = 0x11 | INPUTS - 1 << 16

# Redirection entry (3.2.4)
LOGICAL = 1 << 11
REMOTE_IRR = 1 << 14
LEVEL = 1 << 15
MASKED = 1 << 16
LOW_WRITABLE = 0x1AFFF          # all but delivery status (messages are sent at once) and remote IRR
LOWEST_PRIORITY = 1             # the last of the delivery modes that may be level-triggered
NMI, INIT = 4, 5


class IoApic(Component):
    """An 82093AA.

    Inputs are told as asserted or not.  The polarity bit is kept for the guest to read and means nothing: a line of the
    board is asserted or not whichever electrical level that is.
    """

    id: u8
    select: u8
    lines: u32                  # inputs that are asserted
    entries: Array(u64, 32)     # those of the inputs are in use

    # destination, logical, vector, delivery mode, level-triggered; 1 if a processor accepts the message
    message: Wire(u8, u8, u8, u8, u8, ret=u8)

    def reset(self):
        """Hardware reset with all inputs idle: all entries masked."""
        self.id = self.select = self.lines = 0
        for n in range(32):
            self.entries[n] = MASKED

    # -- inputs ----------------------------------------------------------------------------------------------------

    @hot
    def set_input(self, pin: u8, level: u8) -> None:
        """An input is asserted (1) or not.  An edge at a masked input is lost."""
        if pin < INPUTS:
            bit: u32 = u32(1 << (pin & 31))
            if level == 0:
                self.lines = self.lines & u32(~bit)
            elif self.lines & bit == 0:
                self.lines = self.lines | bit
                entry: u64 = self.entries[pin & 31]
                if entry & MASKED == 0:
                    if self.is_level(entry):
                        self.serve(pin)
                    else:
                        accepted: u8 = self.send(entry)

    @hot
    def is_level(self, entry: u64) -> bool:
        """Only fixed and lowest-priority interrupts can be triggered by a level."""
        return entry & LEVEL != 0 and entry >> 8 & 7 <= LOWEST_PRIORITY

    @hot
    def send(self, entry: u64) -> u8:
        """Send an entry's message; 1 if it is accepted."""
        level: u8 = u8(self.is_level(entry))
        accepted: u8 = self.message(u8(entry >> 56), u8(entry >> 11 & 1), u8(entry), u8(entry >> 8 & 7), level)
        return accepted

    @hot
    def serve(self, pin: u8) -> None:
        """A level-triggered input asks while it is asserted and not being served."""
        if pin < INPUTS:
            entry: u64 = self.entries[pin & 31]
            if entry & (MASKED | REMOTE_IRR) == 0 and self.lines >> (pin & 31) & 1 != 0 and self.is_level(entry):
                accepted: u8 = self.send(entry)
                if accepted != 0:
                    self.entries[pin & 31] = entry | REMOTE_IRR

    @hot
    def serve_all(self) -> None:
        """A processor may accept now what it did not before."""
        for n in range(INPUTS):
            self.serve(n)

    @hot
    def end_of_interrupt(self, vector: u8) -> None:
        """The EOI message of a processor: what is still asserted asks again."""
        for n in range(INPUTS):
            entry: u64 = self.entries[n]
            if entry & REMOTE_IRR != 0 and entry & 0xFF == vector:
                self.entries[n] = entry & (0xFFFFFFFFFFFFFFFF ^ REMOTE_IRR)
                self.serve(n)

    @hot
    def wakers(self) -> u8:
        """Which of NMI (1) and INIT (2) an input may send."""
        found: u8 = 0
        for n in range(INPUTS):
            entry: u64 = self.entries[n]
            if entry & MASKED == 0:
                if entry >> 8 & 7 == NMI:
                    found |= 1
                elif entry >> 8 & 7 == INIT:
                    found |= 2
        return found

    # -- registers -------------------------------------------------------------------------------------------------

    @hot
    def read(self, offset: u32) -> u32:
        if offset & 0xFFF == IOREGSEL:
            return self.select
        if offset & 0xFFF != IOWIN:
            return 0
        if self.select == IOAPICVER:
            return VERSION
        if self.select == IOAPICID or self.select == IOAPICARB:
            return self.id << 24
        pin: u8 = u8(self.select - IOREDTBL) >> 1
        if self.select >= IOREDTBL and pin < INPUTS:
            return u32(self.entries[pin & 31] >> 32) if self.select & 1 != 0 else u32(self.entries[pin & 31])
        return 0

    @hot
    def write(self, offset: u32, value: u32) -> None:
        if offset & 0xFFF == IOREGSEL:
            self.select = u8(value)
        elif offset & 0xFFF == IOWIN:
            pin: u8 = u8(self.select - IOREDTBL) >> 1
            if self.select == IOAPICID:
                self.id = u8(value >> 24 & 0xF)
            elif self.select >= IOREDTBL and pin < INPUTS:
                self.write_entry(pin, value)

    @hot
    def write_entry(self, pin: u8, value: u32) -> None:
        """Half of an entry, by the lowest bit of the selected register.  An entry that becomes edge-triggered forgets that
        it was being served, which is how software ends an interrupt here without the local APIC (Linux does)."""
        if pin < INPUTS:
            entry: u64 = self.entries[pin & 31]
            if self.select & 1 != 0:
                entry = entry & 0xFFFFFFFF | u64(value & 0xFF000000) << 32
            else:
                entry = entry & (0xFFFFFFFFFFFFFFFF ^ LOW_WRITABLE) | value & LOW_WRITABLE
                if not self.is_level(entry):
                    entry = entry & (0xFFFFFFFFFFFFFFFF ^ REMOTE_IRR)
            self.entries[pin & 31] = entry
            self.serve(pin)

    @hot
    def read8(self, offset: u32) -> u8:
        """A byte of a register."""
        value: u32 = self.read(offset & 0xFFC)
        return u8(value >> ((offset & 3) * 8))

    @hot
    def write8(self, offset: u32, value: u8) -> None:
        """IOREGSEL is a byte; IOWIN takes whole words only (3.1.2)."""
        if offset & 0xFFF == IOREGSEL:
            self.select = value

    def peek(self, offset):
        """What read returns: reads have no side effects."""
        return self.read(offset)
