"""Local APIC of a P6 or Pentium 4 processor: interrupt messages, LINT pins, timer, and the register page.

Intel SDM volume 3, chapter 10.  One processor: it is always the focus, and the lowest priority.
"""
from emu.bus.component import Timer, hot
from emu.bus.types import Const, u8, u32, u64

from .local_apic_state import (
    APR, CURRENT_COUNT, DFR, DIVIDE, EOI, ERR_REGISTER, ERR_RECEIVE_ILLEGAL, ERR_SEND_ACCEPT, ERR_SEND_ILLEGAL, ESR, EXTINT,
    FIXED, ICR_HIGH, ICR_LOW, ID, INIT, INITIAL_COUNT, ISR, LDR, LINT0, LOWEST_PRIORITY, LOWEST_VECTOR, LVT_ENTRIES,
    LVT_FIRST, LVT_LAST, LVT_LEVEL, LVT_LINT0, LVT_MASKED, LVT_PERFORMANCE, LVT_REMOTE_IRR, LVT_THERMAL, LVT_TIMER, NMI,
    NOWHERE, PPR, RRD, SVR, SVR_ENABLED, SVR_WRITABLE, TMR, TPR, VECTORS_LAST, VERSION, XAPIC)
from .local_apic_timer import LocalApicTimer

# Bits of the local vector table that can be written (figure 10-8)
LVT_WRITABLE = Const(u32, (0x300FF, 0x107FF, 0x107FF, 0x1A7FF, 0x1A7FF, 0x100FF, 0, 0))

ICR_WRITABLE = 0xCCFFF      # all but delivery status (bit 12) and reserved bits
ICR_LOGICAL = 1 << 11
ICR_ASSERT = 1 << 14
ICR_LEVEL = 1 << 15
TO_NAMED, TO_SELF, TO_ALL, TO_OTHERS = range(4)
BASE_ENABLE = 0x800         # in IA32_APIC_BASE


class LocalApic(LocalApicTimer):
    """The processor's local APIC.  Registers are 32 bits wide; a narrower read gives a part of one, a narrower write
    (undefined in the manual) does nothing."""

    timers = (Timer("deadline", "expire"),)

    # -- the processor's side --------------------------------------------------------------------------------------

    @hot
    def base_changed(self, value: u64) -> None:
        """IA32_APIC_BASE was written or reset (10.4.4).  An APIC that is switched off loses its state."""
        on: bool = value & BASE_ENABLE != 0
        page: u32 = NOWHERE
        if on and value >> 32 == 0:
            page = u32(value & 0xFFFFF000)
        if on != self.enabled:
            self.clear()
            self.enabled = on
            self.update()
        if page != self.page:
            self.page = page
            self.page_moved()

    def initialise(self):
        """The processor takes an INIT: as after RESET, but for the id (10.4.7.3)."""
        kept = self.id
        self.clear()
        self.id = kept
        self.update()

    @hot
    def acknowledge(self) -> u8:
        """The processor takes an interrupt: its vector.  If the request has gone, the spurious vector, without a bit in
        ISR (10.9)."""
        if self.external():
            self.extint = 0
            vector: u8 = self.pic_acknowledge()
            self.update()
            return vector
        taken: u8 = self.pending()
        if taken == 0:
            return u8(self.svr)
        word: u8 = taken >> 5
        bit: u32 = u32(1 << (taken & 31))
        self.vectors[16 + word & 31] = self.vectors[16 + word & 31] & u32(~bit)
        self.vectors[word & 31] = self.vectors[word & 31] | bit
        self.rearm()
        self.update()
        return taken

    @hot
    def finish(self) -> None:
        """EOI: the highest interrupt in service is done (10.8.5)."""
        vector: u8 = self.highest(ISR)
        if vector != 0:
            word: u8 = vector >> 5
            bit: u32 = u32(1 << (vector & 31))
            self.vectors[word & 31] = self.vectors[word & 31] & u32(~bit)
            if self.vectors[(TMR - ISR + word) & 31] & bit != 0:
                self.lint_done(vector)
                self.end_of_interrupt(vector)
            self.update()

    # -- messages --------------------------------------------------------------------------------------------------

    @hot
    def addressed(self, destination: u8, logical: u8) -> bool:
        """Is a message for this processor (10.6.2)?"""
        if logical != 0:
            if self.dfr == 0xF:
                return destination & self.ldr != 0
            if self.dfr == 0:
                cluster: u8 = destination >> 4
                return (cluster == 0xF or cluster == self.ldr >> 4) and destination & self.ldr & 0xF != 0
            return False
        if self.version & 0xFF >= XAPIC:
            return destination == 0xFF or destination == self.id
        return destination & 0xF == 0xF or destination & 0xF == self.id

    @hot
    def message(self, destination: u8, logical: u8, vector: u8, mode: u8, level: u8) -> u8:
        """An interrupt message of the bus; 1 if it is accepted."""
        if not self.enabled or not self.addressed(destination, logical):
            return 0
        accepted: u8 = self.accept(vector, mode, level)
        return accepted

    @hot
    def accept(self, vector: u8, mode: u8, level: u8) -> u8:
        """A message for this processor.  SMI has no effect (there is no system management mode), nor a start-up
        message: only processors that wait for one take it."""
        if mode == FIXED or mode == LOWEST_PRIORITY:
            if self.svr & SVR_ENABLED == 0:
                return 0
            if vector < LOWEST_VECTOR:
                self.error(ERR_RECEIVE_ILLEGAL)
            else:
                self.request(vector, level)
                self.rearm()
        elif mode == NMI:
            self.nmi(1)
        elif mode == INIT:
            self.init()
        elif mode == EXTINT:
            self.extint = 1
            self.update()
        return 1

    @hot
    def send(self) -> None:
        """The interrupt command (10.6.1).  Its interrupts are edges whatever the trigger mode says, which only tells the
        level de-assert of INIT, a mere synchronisation.  To all with or without self goes to nobody else here; what is
        not fixed may not be sent to oneself by a shorthand (table 10-3)."""
        command: u32 = self.icr_low
        vector: u8 = u8(command)
        mode: u8 = u8(command >> 8 & 7)
        where: u8 = u8(command >> 18 & 3)
        if (mode == FIXED or mode == LOWEST_PRIORITY) and vector < LOWEST_VECTOR:
            self.error(ERR_SEND_ILLEGAL)
        elif mode == INIT and command & (ICR_LEVEL | ICR_ASSERT) == ICR_LEVEL or mode == EXTINT:
            pass
        elif where == TO_SELF or where == TO_ALL:
            if mode == FIXED:
                taken: u8 = self.accept(vector, FIXED, 0)
        else:
            accepted: u8 = 0
            if where == TO_NAMED:
                accepted = self.message(self.icr_high, u8(command >> 11 & 1), vector, mode, 0)
            if accepted == 0 and self.version & 0xFF < XAPIC:
                self.error(ERR_SEND_ACCEPT)

    # -- LINT0 and LINT1 -------------------------------------------------------------------------------------------

    @hot
    def set_lint(self, pin: u8, level: u8) -> None:
        """The level at LINT0 (INTR of the 8259s) or LINT1 (NMI)."""
        n: u8 = pin & 1
        rising: bool = level != 0 and self.lint >> n & 1 == 0
        self.lint = u8(self.lint & ~(1 << n) | u8(level != 0) << n)
        if self.enabled:
            entry: u32 = self.lvt[LVT_LINT0 + n]
            mode: u8 = u8(entry >> 8 & 7)
            if rising and entry & LVT_MASKED == 0:
                if mode == FIXED:
                    self.lint_fixed(n)
                elif mode == NMI:
                    self.nmi(1)
                elif mode == INIT:
                    self.init()
        elif n != LINT0 and rising:
            self.nmi(1)
        self.update()

    @hot
    def wakers(self) -> u8:
        """Which of NMI (1) and INIT (2) may reach the processor while it does nothing itself.  Nothing pulls LINT1 here."""
        if not self.enabled:
            return 0
        found: u8 = self.more_wakers()
        entry: u32 = self.lvt[LVT_LINT0]
        if entry & LVT_MASKED == 0:
            if entry >> 8 & 7 == NMI:
                found |= 1
            elif entry >> 8 & 7 == INIT:
                found |= 2
        return found

    @hot
    def lint_fixed(self, pin: u8) -> None:
        """A fixed interrupt of a pin; LINT1 is never level-triggered (10.5.1)."""
        n: u8 = pin & 1
        entry: u32 = self.lvt[LVT_LINT0 + n]
        accepted: bool = False
        if n != LINT0 or entry & LVT_LEVEL == 0:
            accepted = self.local(u8(entry), 0)
        elif entry & LVT_REMOTE_IRR == 0:
            accepted = self.local(u8(entry), 1)
            self.rearm()
            if accepted:
                self.lvt[LVT_LINT0] = self.lvt[LVT_LINT0] | LVT_REMOTE_IRR

    @hot
    def lint_level(self) -> None:
        """LINT0 as a level-triggered fixed interrupt asks (again) while it is high."""
        if self.lvt[LVT_LINT0] & (LVT_LEVEL | LVT_MASKED | 0x700) == LVT_LEVEL and self.lint & 1 != 0:
            self.lint_fixed(LINT0)

    @hot
    def lint_done(self, vector: u8) -> None:
        """EOI of a level-triggered interrupt, perhaps that of LINT0."""
        entry: u32 = self.lvt[LVT_LINT0]
        if entry & LVT_REMOTE_IRR != 0 and entry & 0xFF == vector:
            self.lvt[LVT_LINT0] = entry & (0xFFFFFFFF ^ LVT_REMOTE_IRR)
            self.lint_level()

    # -- registers -------------------------------------------------------------------------------------------------

    @hot
    def has_lvt(self, register: u8) -> bool:
        """Pentiums have four of the entries, the P6 five, the Pentium 4 six: version bits 16-23 count from 0."""
        last: u32 = self.version >> 16 & 0xFF
        n: u8 = u8(register - LVT_FIRST)
        return n < LVT_ENTRIES and (n != LVT_THERMAL or last >= 5) and (n != LVT_PERFORMANCE or last >= 4)

    @hot
    def read(self, offset: u32) -> u32:
        """A register at its offset in the page.  One that is not there is an error (10.5.3) and reads 0."""
        register: u8 = u8(offset >> 4 & 0xFF)
        if offset & 15 != 0:
            return 0
        if register >= ISR and register <= VECTORS_LAST:
            return self.vectors[register - ISR & 31]
        if register == CURRENT_COUNT:
            time: u64 = self.now()
            return self.current(time)
        if register >= LVT_FIRST and register <= LVT_LAST and self.has_lvt(register):
            return self.lvt[register - LVT_FIRST & 7]
        if register == ID:
            return self.id << 24
        if register == VERSION:
            return self.version
        if register == TPR:
            return self.tpr
        if register == APR:
            return self.apr()
        if register == PPR:
            return self.ppr()
        if register == EOI or register == RRD:
            return 0
        if register == LDR:
            return self.ldr << 24
        if register == DFR:
            return self.dfr << 28 & 0xF0000000 | 0x0FFFFFFF
        if register == SVR:
            return self.svr
        if register == ESR:
            return self.esr
        if register == ICR_LOW:
            return self.icr_low
        if register == ICR_HIGH:
            return self.icr_high << 24
        if register == INITIAL_COUNT:
            return self.initial
        if register == DIVIDE:
            return self.divide
        self.error(ERR_REGISTER)
        return 0

    @hot
    def read8(self, offset: u32) -> u8:
        """A byte of a register."""
        value: u32 = self.read(offset & 0xFFC)
        return u8(value >> ((offset & 3) * 8))

    def peek(self, offset):
        """What read returns, without the error of an absent register."""
        before, masked = self.errors, self.lvt[LVT_LAST - LVT_FIRST]
        self.lvt[LVT_LAST - LVT_FIRST] = masked | LVT_MASKED
        value = self.read(offset & 0xFF0) if offset >> 4 != LVT_LAST else masked
        self.errors, self.lvt[LVT_LAST - LVT_FIRST] = before, masked
        return value

    @hot
    def write(self, offset: u32, value: u32) -> None:
        """A register at its offset in the page; a write to a read-only one does nothing."""
        register: u8 = u8(offset >> 4 & 0xFF)
        if offset & 15 != 0:
            return
        if register == EOI:
            self.finish()
        elif register == TPR:
            self.tpr = u8(value)
            self.update()
        elif register == ICR_LOW:
            self.icr_low = value & ICR_WRITABLE
            self.send()
        elif register == ICR_HIGH:
            self.icr_high = u8(value >> 24)
        elif register == INITIAL_COUNT:
            self.set_initial(value)
        elif register >= LVT_FIRST and register <= LVT_LAST and self.has_lvt(register):
            self.write_lvt(u8(register - LVT_FIRST), value)
        elif register == DIVIDE:
            self.set_divide(u8(value))
        elif register == ESR:
            self.esr = self.errors
            self.errors = 0
            self.rearm()
        elif register == SVR:
            self.write_svr(value)
        elif register == ID:
            self.id = u8(value >> 24) if self.version & 0xFF >= XAPIC else u8(value >> 24 & 0xF)
            self.ready()
        elif register == LDR:
            self.ldr = u8(value >> 24)
            self.ready()
        elif register == DFR:
            self.dfr = u8(value >> 28)
            self.ready()
        elif not (register == VERSION or register >= APR and register <= RRD or register >= ISR and register <= VECTORS_LAST
                  or register == CURRENT_COUNT):
            self.error(ERR_REGISTER)

    @hot
    def write8(self, offset: u32, value: u8) -> None:
        """Registers take whole words only."""

    @hot
    def write_svr(self, value: u32) -> None:
        """Spurious vector, and the software enable: without it the local vector table is masked (10.4.7.2).  Up to the
        P6 the low four bits of the vector are ones."""
        was: u32 = self.svr & SVR_ENABLED
        self.svr = value & SVR_WRITABLE
        if self.version & 0xFF < XAPIC:
            self.svr = self.svr | 0xF
        if self.svr & SVR_ENABLED == 0:
            self.rebase()
            for n in range(LVT_ENTRIES):
                self.lvt[n] = self.lvt[n] | LVT_MASKED
            self.retime()
            self.update()
        elif was == 0:
            self.ready()

    @hot
    def write_lvt(self, index: u8, value: u32) -> None:
        """An entry of the local vector table."""
        n: u8 = index & 7
        entry: u32 = value & LVT_WRITABLE[n] | self.lvt[n] & LVT_REMOTE_IRR
        if self.svr & SVR_ENABLED == 0:
            entry = entry | LVT_MASKED
        if entry & (LVT_LEVEL | 0x700) != LVT_LEVEL:
            entry = entry & (0xFFFFFFFF ^ LVT_REMOTE_IRR)
        if n == LVT_TIMER:
            self.rebase()
        self.lvt[n] = entry
        if n == LVT_TIMER:
            self.retime()
        elif n == LVT_LINT0:
            self.lint_level()
        else:
            self.rearm()
        self.update()
