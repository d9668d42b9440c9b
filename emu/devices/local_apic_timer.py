"""The timer of the local APIC: a 32-bit down counter of the bus clock, one-shot or periodic.

Intel SDM volume 3, section 10.5.4.  The third mode, TSC-deadline, belongs to processors that announce it in CPUID.1:ECX
bit 24; no model here does, so bit 18 of the timer's entry is reserved and reads 0, as on a Pentium 4.
"""
from emu.bus.clock import BUS_NS
from emu.bus.component import hot
from emu.bus.types import NEVER, Const, u8, u16, u32, u64

from .local_apic_state import (
    ERR_RECEIVE_ILLEGAL, LOWEST_VECTOR, LVT_ERROR, LVT_MASKED, LVT_PERIODIC, LVT_TIMER, LocalApicState)

DIVIDE_BITS = 0x0B                              # of the divide configuration register: 3, 1, 0
DIVIDERS = Const(u8, (2, 4, 8, 16, 32, 64, 128, 1))     # by these three bits (figure 10-10)


class LocalApicTimer(LocalApicState):
    """The timer.  It counts while its entry is masked too, but then needs no deadline; nor while the interrupt of an earlier
    period still waits, which the next one would not change: however short the period is, nobody has to stop for it."""

    @hot
    def tick(self) -> u16:
        """The time that a count lasts, in ns."""
        return BUS_NS * DIVIDERS[(self.divide & 3) | (self.divide >> 1 & 4)]

    @hot
    def current(self, time: u64) -> u32:
        """The counter at a time that is not before ``start``.  At 0 it stands until it is loaded, whatever the mode becomes."""
        if self.count == 0:
            return 0
        elapsed: u64 = u64(time - self.start) // self.tick()
        if elapsed < self.count:
            return u32(self.count - elapsed)
        if self.initial == 0 or self.lvt[LVT_TIMER] & LVT_PERIODIC == 0:
            return 0
        over: u64 = u64(elapsed - self.count) % self.initial
        return u32(self.initial - over)

    @hot
    def rebase(self) -> None:
        """Note what the counter stands at, before something changes how it goes on.  What has passed of the current
        count begins anew with another divider only."""
        time: u64 = self.now()
        value: u32 = self.current(time)
        into: u64 = u64(time - self.start) % self.tick()
        self.count = value
        self.start = u64(time - into)

    @hot
    def retime(self) -> None:
        """Set the deadline: when the counter reaches 0."""
        self.deadline = NEVER
        if self.count != 0 and self.lvt[LVT_TIMER] & LVT_MASKED == 0 and not self.repeats():
            self.deadline = u64(self.start + self.count * self.tick())

    @hot
    def repeats(self) -> bool:
        """Would the timer's interrupt change nothing now?"""
        vector: u8 = u8(self.lvt[LVT_TIMER] & 0xFF)
        if vector < LOWEST_VECTOR:
            if self.errors & ERR_RECEIVE_ILLEGAL == 0:
                return False
            vector = u8(self.lvt[LVT_ERROR] & 0xFF)
            if self.lvt[LVT_ERROR] & LVT_MASKED != 0 or vector < LOWEST_VECTOR:
                return True
        return self.waits(vector)

    @hot
    def rearm(self) -> None:
        """Something has changed that repeats() depends on: the timer may need its deadline again."""
        if self.count != 0 and self.deadline == NEVER and self.lvt[LVT_TIMER] & LVT_MASKED == 0:
            self.rebase()
            self.retime()

    @hot
    def set_initial(self, value: u32) -> None:
        """A write to the initial count starts the timer; 0 stops it."""
        self.initial = value
        self.count = value
        self.start = self.now()
        self.retime()

    @hot
    def set_divide(self, value: u8) -> None:
        self.rebase()
        self.divide = value & DIVIDE_BITS
        self.start = self.now()
        self.retime()

    @hot
    def expire(self) -> None:
        """The counter has reached 0.  Periods that a late call has missed are one interrupt, and the phase is kept."""
        self.start = self.deadline
        self.count = 0
        if self.lvt[LVT_TIMER] & LVT_PERIODIC != 0:
            self.count = self.initial
            time: u64 = self.now()
            period: u64 = self.initial * self.tick()
            if period != 0:
                missed: u64 = u64(time - self.start) // period
                self.start = u64(self.start + missed * period)
        accepted: bool = self.local(u8(self.lvt[LVT_TIMER] & 0xFF), 0)
        self.retime()
