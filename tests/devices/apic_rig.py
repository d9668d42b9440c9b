"""A local APIC with its I/O APIC, joined as on the board, and what the processor would see."""

from emu.bus.component import checked
from emu.devices import local_apic_state as la
from emu.devices.io_apic import IOREDTBL, IOREGSEL, IOWIN, IoApic
from emu.devices.local_apic import BASE_ENABLE, LocalApic

BASE = 0xFEE00000
P5, P6, P4 = 0x00030010, 0x00040011, 0x00050014
EXTINT_VECTOR = 0x77            # what the 8259s of the rig answer


class ApicRig:
    """``step`` passes time in ns; ``run`` serves the timer as the board does."""

    def __init__(self, version=P4, enabled=True, kind=LocalApic):
        self.lapic, self.io = checked(kind)(), checked(IoApic)()
        self.time = 0
        self.intr, self.nmis, self.inits, self.moves, self.eois, self.messages = 0, 0, 0, [], [], []
        lapic, io = self.lapic, self.io
        lapic.version = version
        lapic.now = lambda: self.time
        lapic.intr = self._intr
        lapic.nmi = self._nmi
        lapic.init = self._init
        lapic.pic_acknowledge = lambda: EXTINT_VECTOR
        lapic.end_of_interrupt = self._eoi
        lapic.ready = io.serve_all
        lapic.page_moved = lambda: self.moves.append(lapic.page)
        io.message = self._message
        lapic.reset()
        io.reset()
        lapic.base_changed(BASE | BASE_ENABLE | 0x100)
        if enabled:
            self.write(la.SVR, 0x1FF)

    def _intr(self, level):
        assert level != self.intr
        self.intr = level

    def _nmi(self, level):
        self.nmis += level

    def _init(self):
        self.inits += 1

    def _eoi(self, vector):
        self.eois.append(vector)
        self.io.end_of_interrupt(vector)

    def _message(self, *what):
        self.messages.append(what)
        return self.lapic.message(*what)

    # -- the guest's side ------------------------------------------------------------------------------------------

    def read(self, register):
        """A register, by its offset / 16."""
        return self.lapic.read(register << 4)

    def write(self, register, value):
        self.lapic.write(register << 4, value)

    def lvt(self, n, value=None):
        """Write or read an entry of the local vector table."""
        if value is None:
            return self.read(la.LVT_FIRST + n)
        return self.write(la.LVT_FIRST + n, value)

    def vectors(self, register):
        """The set of vectors in ISR, TMR or IRR."""
        return {n * 32 + b for n in range(8) for b in range(32) if self.read(register + n) >> b & 1}

    def take(self):
        """The processor takes an interrupt; None if none is asked for."""
        return self.lapic.acknowledge() if self.intr else None

    def ipi(self, low, high=0):
        self.write(la.ICR_HIGH, high << 24)
        self.write(la.ICR_LOW, low)

    def errors(self):
        """Write ESR, then read it."""
        self.write(la.ESR, 0)
        return self.read(la.ESR)

    def entry(self, pin, low=None, high=0):
        """Write or read a redirection entry."""
        if low is not None:
            for n, value in ((1, high), (0, low)):
                self.io.write(IOREGSEL, IOREDTBL + 2 * pin + n)
                self.io.write(IOWIN, value)
            return None
        words = []
        for n in (0, 1):
            self.io.write(IOREGSEL, IOREDTBL + 2 * pin + n)
            words.append(self.io.read(IOWIN))
        return tuple(words)

    # -- time ------------------------------------------------------------------------------------------------------

    def run(self, ns, serve=True):
        """Let time pass, timers served when they are due; gives the times at which the timer fired.  With ``serve`` its
        interrupts are taken and ended at once."""
        end, fired = self.time + ns, []
        while self.lapic.deadline <= end:
            self.time = max(self.time, self.lapic.deadline)
            fired.append(self.time)
            self.lapic.expire()
            if serve and self.intr:
                self.take()
                self.write(la.EOI, 0)
        self.time = end
        return fired
