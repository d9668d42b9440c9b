"""State of the local APIC: registers, and the interrupts that wait or are served.

Intel SDM volume 3, chapter 10 (figures and tables are named as there).
"""
from emu.bus.component import Component, hot
from emu.bus.types import NEVER, Array, Wire, u8, u32, u64

# Registers, by their offset / 16 (table 10-1)
ID, VERSION, TPR, APR, PPR, EOI, RRD, LDR, DFR, SVR = 0x02, 0x03, 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F
ISR, TMR, IRR, VECTORS_LAST = 0x10, 0x18, 0x20, 0x27
ESR, ICR_LOW, ICR_HIGH = 0x28, 0x30, 0x31
LVT_FIRST, LVT_LAST = 0x32, 0x37
INITIAL_COUNT, CURRENT_COUNT, DIVIDE = 0x38, 0x39, 0x3E

# The local vector table: index of an entry is its register - LVT_FIRST
LVT_TIMER, LVT_THERMAL, LVT_PERFORMANCE, LVT_LINT0, LVT_LINT1, LVT_ERROR = range(6)
LVT_ENTRIES = 6
LVT_REMOTE_IRR = 1 << 14
LVT_LEVEL = 1 << 15
LVT_MASKED = 1 << 16
LVT_PERIODIC = 1 << 17

# Delivery modes
FIXED, LOWEST_PRIORITY, SMI, NMI, INIT, START_UP, EXTINT = 0, 1, 2, 4, 5, 6, 7

SVR_ENABLED = 0x100
SVR_WRITABLE = 0x3FF        # vector, enable, focus processor checking

# Error status
ERR_SEND_ACCEPT = 0x04      # Pentium and P6: nobody took a message
ERR_SEND_ILLEGAL = 0x20
ERR_RECEIVE_ILLEGAL = 0x40
ERR_REGISTER = 0x80
LOWEST_VECTOR = 16          # those below are illegal

XAPIC = 0x14                # least version number of those on the system bus, with 8-bit ids
NOWHERE = 0xFFFFFFFF        # instead of the address of the register page
LINT0, LINT1 = 0, 1


class LocalApicState(Component):
    """Registers and wires of the local APIC.

    ``version`` is the version register of the processor model, set by the machine.  ``enabled`` follows the enable bit of
    IA32_APIC_BASE; while it is off LINT0 and LINT1 are the processor's INTR and NMI pins.
    """

    version: u32
    page: u32                   # physical address of the registers, or NOWHERE
    enabled: bool
    lint: u8                    # levels at LINT0 and LINT1
    extint: u8                  # an ExtINT message waits for its INTA cycle
    intr_level: u8
    id: u8
    tpr: u8
    ldr: u8
    dfr: u8                     # the model in bits 31-28
    svr: u32
    esr: u8
    errors: u8                  # found since ESR was written
    icr_low: u32
    icr_high: u8
    vectors: Array(u32, 32)     # ISR, TMR and IRR in the order of the registers, eight words each
    lvt: Array(u32, 8)
    divide: u8
    initial: u32
    count: u32                  # what the timer stood at ...
    start: u64                  # ... at this time
    deadline: u64

    intr: Wire(u8)
    nmi: Wire(u8)
    init: Wire()                            # the INIT reset of the processor
    pic_acknowledge: Wire(ret=u8)           # INTA cycle of the 8259s
    end_of_interrupt: Wire(u8)              # EOI message to the I/O APIC, with the vector of a level-triggered interrupt
    ready: Wire()                           # messages that were not accepted may be sent again
    page_moved: Wire()
    more_wakers: Wire(ret=u8)               # what the I/O APIC may send (see wakers)
    now: Wire(ret=u64)                      # guest time in ns

    def reset(self):
        """RESET.  The enable bit and the page come with the processor's own reset (base_changed)."""
        self.lint = self.intr_level = 0
        self.clear()

    @hot
    def clear(self) -> None:
        """The state after RESET or after IA32_APIC_BASE has enabled the APIC again (10.4.7.1), but LINT0 and LINT1 are
        set up as virtual wires already, as a PC's firmware does first of all: what knows no APIC meets a plain PC."""
        self.extint = 0
        self.id = 0
        self.tpr = 0
        self.ldr = 0
        self.dfr = 0xF
        self.svr = 0xFF
        self.esr = 0
        self.errors = 0
        self.icr_low = 0
        self.icr_high = 0
        for n in range(32):
            self.vectors[n] = 0
        for n in range(8):
            self.lvt[n] = LVT_MASKED
        self.lvt[LVT_LINT0] = EXTINT << 8
        self.lvt[LVT_LINT1] = NMI << 8
        self.divide = 0
        self.initial = 0
        self.count = 0
        self.start = 0
        self.deadline = NEVER

    # -- which interrupt is next -----------------------------------------------------------------------------------

    @hot
    def highest(self, register: u8) -> u8:
        """The highest vector of ISR, TMR or IRR (its first register), or 0."""
        for i in range(8):
            word: u32 = self.vectors[(register - ISR + 7 - i) & 31]
            if word != 0:
                bit: u8 = 31
                while word >> (bit & 31) == 0:
                    bit = u8(bit - 1)
                return u8((7 - i) * 32 + bit)
        return 0

    @hot
    def ppr(self) -> u8:
        """Processor priority (10.8.3.1)."""
        serving: u8 = self.highest(ISR)
        return self.tpr if self.tpr >> 4 >= serving >> 4 else serving & 0xF0

    @hot
    def apr(self) -> u8:
        """Arbitration priority (10.6.2.4); the xAPIC has none."""
        if self.version & 0xFF >= XAPIC:
            return 0
        waiting: u8 = self.highest(IRR) >> 4
        serving: u8 = self.highest(ISR) >> 4
        if self.tpr >> 4 >= waiting and self.tpr >> 4 > serving:
            return self.tpr
        return u8((waiting if waiting > serving else serving) << 4)

    @hot
    def pending(self) -> u8:
        """The vector that the processor may take next, or 0."""
        vector: u8 = self.highest(IRR)
        return vector if vector >> 4 > self.ppr() >> 4 else 0

    @hot
    def external(self) -> bool:
        """Does an interrupt of the 8259s wait?"""
        if not self.enabled:
            return self.lint & 1 != 0
        if self.extint != 0:
            return True
        for n in range(2):
            entry: u32 = self.lvt[LVT_LINT0 + n]
            if entry & LVT_MASKED == 0 and entry >> 8 & 7 == EXTINT and self.lint >> n & 1 != 0:
                return True
        return False

    @hot
    def update(self) -> None:
        """Bring the processor's interrupt request in line with the registers."""
        level: u8 = 0
        if self.external():
            level = 1
        elif self.enabled and self.pending() != 0:
            level = 1
        if level != self.intr_level:
            self.intr_level = level
            self.intr(level)

    # -- requests --------------------------------------------------------------------------------------------------

    @hot
    def request(self, vector: u8, level: u8) -> None:
        """A fixed interrupt is accepted; ``level``: it was triggered by a level."""
        word: u8 = vector >> 5
        bit: u32 = u32(1 << (vector & 31))
        self.vectors[(IRR - ISR + word) & 31] = self.vectors[(IRR - ISR + word) & 31] | bit
        kept: u32 = self.vectors[(TMR - ISR + word) & 31] & u32(~bit)
        self.vectors[(TMR - ISR + word) & 31] = kept | bit if level != 0 else kept
        self.update()

    @hot
    def waits(self, vector: u8) -> bool:
        """Does an edge-triggered interrupt of this vector wait already?"""
        word: u8 = vector >> 5
        bit: u32 = u32(1 << (vector & 31))
        return self.vectors[(IRR - ISR + word) & 31] & bit != 0 and self.vectors[(TMR - ISR + word) & 31] & bit == 0

    @hot
    def error(self, kind: u8) -> None:
        """An error is found: noted for ESR, and signalled if the error entry says so (10.5.3)."""
        self.errors = self.errors | kind
        entry: u32 = self.lvt[LVT_ERROR]
        if entry & LVT_MASKED == 0:
            if entry & 0xFF >= LOWEST_VECTOR:
                self.request(u8(entry), 0)
            else:
                self.errors = self.errors | ERR_RECEIVE_ILLEGAL

    @hot
    def local(self, vector: u8, level: u8) -> bool:
        """A fixed interrupt of the local vector table; is it accepted?"""
        if vector < LOWEST_VECTOR:
            self.error(ERR_RECEIVE_ILLEGAL)
            return False
        self.request(vector, level)
        return True
