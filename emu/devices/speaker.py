"""The PC speaker: the output of the 8254's counter 2, ANDed with bit 1 of port 61h, on a small loudspeaker.

IBM Personal Computer AT Technical Reference, "Speaker".  Tones come from the counter; samples from pulses of the counter
(modes 0 and 1) or from the bit alone.
"""
from emu.bus.component import Component, hot
from emu.bus.types import Derived, Wire, i32, u8, u16, u64

from .pit import OUT_HIGH, clocks, first_ns

AMPLITUDE_BITS = 13                     # of the swing, in 16-bit samples


class PcSpeaker(Component):
    """What the speaker plays depends on the 8254's state up to a pulse: ``until`` brings it there before that changes."""

    data: u8                            # port 61h, bit 1
    listening: Derived(bool)
    heard: Derived(u64)                 # the pulse of the 8254 up to which all is played
    level: Derived(i32)

    now: Wire(ret=u64)
    counter: Wire(u64, ret=u16)         # OUT of counter 2 at a pulse, 0 to OUT_HIGH
    edge: Wire(u64, ret=u64)            # the next pulse at which that changes
    load: Wire(u64)                     # does what is due in the counter up to a pulse
    sync: Wire()
    step: Wire(u64, i32)

    def reset(self):
        """Bit 1 is clear."""
        self.data = 0

    @hot
    def show(self, at: u64, pulse: u64) -> None:
        """Bring the level to what counter and bit make it."""
        level: i32 = 0
        if self.data != 0:
            out: u16 = self.counter(pulse)
            level = i32((out << AMPLITUDE_BITS) // OUT_HIGH)
        change: i32 = i32(level - self.level)
        if change != 0:
            self.level = level
            self.step(at, change)

    @hot
    def follow(self, until: u64) -> None:
        """Play up to a pulse before which nothing is programmed."""
        if not self.listening or until <= self.heard:
            return
        if self.data != 0:
            pulse: u64 = self.heard
            while pulse < until:
                self.show(first_ns(pulse), pulse)
                following: u64 = self.edge(pulse)
                if following <= pulse:
                    break
                pulse = following
        self.heard = until

    @hot
    def until(self, ns: u64) -> None:
        """Play up to a time."""
        if self.listening:
            pulse: u64 = clocks(ns)
            if pulse > self.heard and self.data == 0:
                self.show(first_ns(self.heard), self.heard)
            self.load(pulse)
            self.follow(pulse)

    @hot
    def changing(self, pulse: u64) -> None:
        """Counter 2 is about to change."""
        if self.listening:
            self.sync()
            self.follow(pulse)

    @hot
    def set_data(self, level: u8) -> None:
        """Port 61h, bit 1."""
        if self.listening:
            self.sync()
            now: u64 = self.now()
            self.until(now)
            self.data = level
            self.show(now, self.heard)
        self.data = level

    def start(self):
        """Begin, or go on after guest time was set."""
        self.heard = clocks(self.now())
        self.listening = True
