"""State of the processor, declared once.  Register layouts: Intel SDM volume 3, chapters 2 to 5 and 19."""

from emu.bus.component import Component, Struct, hot
from emu.bus.types import Array, Bounded, Derived, Native, Wire, i64, u8, u16, u32, u64
from emu.cpu.fpu.state import Fpu

REGISTER = Bounded(8, 7)  # type of a register's number
# General registers, in encoding order; index 8 always holds 0 and stands for "no base" or "no index".
EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI, NO_REG = range(9)
# Segment registers, in encoding order, then the two system ones.
ES, CS, SS, DS, FS, GS, LDTR, TR = range(8)

# EFLAGS
CF, PF, AF, ZF, SF, TF, IF, DF, OF = (1 << n for n in (0, 2, 4, 6, 7, 8, 9, 10, 11))
IOPL, NT, RF, VM, AC, VIF, VIP, ID = 3 << 12, 1 << 14, 1 << 16, 1 << 17, 1 << 18, 1 << 19, 1 << 20, 1 << 21
ARITH = CF | PF | AF | ZF | SF | OF

# CR0, CR4
CR0_PE, CR0_MP, CR0_EM, CR0_TS, CR0_ET, CR0_NE = (1 << n for n in range(6))
CR0_WP, CR0_AM, CR0_NW, CR0_CD, CR0_PG = (1 << n for n in (16, 18, 29, 30, 31))
CR4_VME, CR4_PVI, CR4_TSD, CR4_DE, CR4_PSE, CR4_PAE, CR4_MCE, CR4_PGE, CR4_PCE, CR4_OSFXSR, CR4_OSXMMEXCPT = (
    1 << n for n in range(11))

# DR6 (beside B0 to B3), DR7
DR6_BD, DR6_BS, DR6_BT = 0x2000, 0x4000, 0x8000
DR7_GD = 0x2000

# Exception vectors
DE, DB, NMI, BP, OV, BR, UD, NM, DF_VEC, TS_VEC, NP, SS_VEC, GP, PF_VEC = 0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14
MF, AC_VEC, MC, XM = 16, 17, 18, 19
FREEZE = 0xFF  # raised like a fault: the processor stands still before the instruction (volume 1, appendix D)

# How flags are kept: Cpu.cc_kind (emu/cpu/flags.py)
K_FLAGS, K_RES, K_ADD, K_ADC1, K_SUB, K_SBB1, K_LOGIC, K_INC, K_DEC = range(9)

# Segment.access: what a data access may do
SEG_READ, SEG_WRITE = 1, 2

# Cpu.mode: what decoding depends on besides the bytes
# FLAT: ES CS SS DS are flat and the stack has 32 bits, and neither alignment (AC) nor breakpoints (DEBUG) are watched: its
# forms skip all checks.
MODE_CODE32, MODE_STACK32, MODE_FLAT, MODE_AC, MODE_DEBUG = 1, 2, 4, 8, 16

# Cpu.shadow: what the instruction before holds off
SHADOW_STI, SHADOW_SS = 1, 2

# What Cpu.wakers says
WAKE_NMI, WAKE_INIT = 1, 2

# The TLBs: four banks, of data and of code, each for the supervisor and for the user.  An entry's high word is its tag: the linear
# page and TLB_VALID; its low word the physical page, W and G as in a page table's entry, and on which lists of indices it is.
# W: writes need no walk.  0 holds nothing.
TLB_SIZE = 4096  # entries a bank
TLB_USER, TLB_CODE = TLB_SIZE, 2 * TLB_SIZE
TLB_ALL = 4 * TLB_SIZE
TLB_VALID = 1
TLB_LOCAL, TLB_GLOBAL = 1, 4  # in tlb_local, in tlb_global

# Rec.flags
REC_OSIZE32, REC_ASIZE32, REC_REP, REC_REPNE, REC_LOCK, REC_ENDS, REC_MEM = 1, 2, 4, 8, 16, 32, 64


class Segment(Struct):
    """A segment register: selector and hidden part.  ``attr`` is bits 8-15 and 20-23 of the descriptor's high word, in
    place >> 8 (access byte in bits 0-7, AVL, D/B and G in 12, 14, 15).  Offsets low..high are inside the segment."""

    sel: u16
    attr: u16
    access: u8
    base: u32
    limit: u32
    low: u32
    high: u32


class Rec(Struct):
    """A decoded instruction: what its handler needs.  Register fields are register numbers; ``off`` is its distance in
    bytes from the start of its trace, ``rest`` the number of instructions from it to the trace's end (Python engine: 0, 1)."""

    h: Native("Handler *")
    imm: u32
    disp: u32
    imm2: u16  # without a second immediate: bits 10-0 of the opcode and ModRM, as the x87 remembers them
    rm: REGISTER
    reg: REGISTER
    base: Bounded(8, 8)
    idx: Bounded(8, 8)
    scale: Bounded(8, 3)
    seg: Bounded(8, 7)
    len: Bounded(8, 15)
    flags: u8
    off: u16
    rest: u8
    opcode: u8
    layout: u8  # of the bytes: size of the displacement in bits 0-2, what the immediate is (IMM_) above


class Cpu(Component):
    """An i686 processor.  The busiest fields come first: the C reaches them with short displacements."""

    host_pages = None  # the Python engine's HostPages

    gpr: Array(u32, 16)
    eip: u32
    eflags: u32
    cc_kind: u8
    cc_res: u32
    cc_a: u32
    cc_b: u32
    left: Derived(i64)  # instructions that may run before the engine looks at events
    beyond: Derived(i64)  # and iterations of REP after that
    cpl: u8
    mode: u8
    attention: Derived(bool)  # a chip was accessed: look at events after this instruction
    seg: Array(Segment, 8)
    gdt_base: u32
    gdt_limit: u16
    idt_base: u32
    idt_limit: u16
    cr0: u32
    cr2: u32
    cr3: u32
    cr4: u32
    dr: Array(u32, 8)
    tr: Array(u32, 8)  # test registers of a 486
    shadow: u8
    halted: bool
    frozen: bool  # before an x87 instruction, while an error is reported by FERR#
    ignne: u8  # IGNNE#: 1 while asserted
    shutdown: bool
    intr: u8
    nmi: u8
    nmi_masked: bool
    a20_mask: u32
    trap: u32  # debug conditions (DR6 bits) met by the instruction that has just completed
    pdpte: Array(u64, 4)
    tsc_base: u64
    sysenter_cs: u32
    sysenter_esp: u32
    sysenter_eip: u32
    apic_base: u64
    pat: u64
    mtrr_def: u64
    mtrr_fixed: Array(u64, 16)  # 11 in use
    mtrr_var: Array(u64, 16)
    misc_enable: u64
    microcode: u64
    mcg_status: u64
    mc_ctl: Array(u64, 8)
    debugctl: u64
    perf_event: Array(u64, 2)
    perf_count: Array(u64, 2)
    power_on: u64  # EBL_CR_POWERON
    model: u8  # index into emu/cpu/cpuid.py MODELS
    hypervisor: bool  # CPUID tells of the VMware backdoor (emu/devices/vmware.py); kept by a reset
    no_apic: bool  # a processor whose local APIC is absent; like the model kept by a reset
    features: u32  # CPUID.1 EDX
    fpu: Fpu
    tlb: Array(u64, TLB_ALL)
    tlb_local: Array(u16, TLB_ALL)  # indices of the entries that a CR3 load may have to drop
    tlb_local_count: u16
    tlb_global: Array(u16, TLB_ALL)  # and of the others
    tlb_global_count: u16
    icount: u64  # instructions executed since power-on; REP iterations count one each
    resuming: bool  # EFLAGS.RF is cleared after the instruction that runs now
    stepping: bool  # the instruction that runs now ends in a single-step trap
    repeating: bool  # the last thing that ran was an iteration of REP, not the last one
    reset_request: bool
    init_request: bool
    stop_request: Derived(bool)
    stop_time: Derived(u64)  # the run ends at this guest time
    stop_count: Derived(u64)  # or at this icount
    slice: Derived(u32)  # longest run between two looks at events, in instructions
    may_skip: Derived(bool)  # virtual time: HLT skips to the next timer
    code: Derived(Array(u8, 32))  # the bytes being decoded
    code_len: Derived(u8)
    fault_vector: Derived(u8)
    fault_error: Derived(u32)
    late: Derived(bool)  # a task switch has left a fault to be delivered in the new task
    late_vector: Derived(u8)
    late_error: Derived(u32)
    frame_base: Derived(u32)  # emu/cpu/frame.py: the stack that a frame is being pushed onto
    frame_low: Derived(u32)
    frame_high: Derived(u32)
    frame_mask: Derived(u32)
    frame_esp: Derived(u32)
    frame_error: Derived(u32)
    frame_user: Derived(bool)

    # wires out
    now: Wire(ret=u64)
    expire_timers: Wire()
    next_deadline: Wire(ret=u64)
    skip: Wire(u64)
    acknowledge: Wire(ret=u8)  # interrupt acknowledge cycle: gives the vector
    apic_base_changed: Wire(u64)  # IA32_APIC_BASE, after reset and writes
    ferr: Wire(u8)
    wakers: Wire(ret=u8)  # WAKE_NMI and WAKE_INIT, where such a message may come still
    phys_read8: Wire(u32, ret=u8)
    phys_read16: Wire(u32, ret=u16)
    phys_read32: Wire(u32, ret=u32)
    phys_write8: Wire(u32, u8)
    phys_write16: Wire(u32, u16)
    phys_write32: Wire(u32, u32)
    port_read8: Wire(u16, ret=u8)
    port_read16: Wire(u16, ret=u16)
    port_read32: Wire(u16, ret=u32)
    port_write8: Wire(u16, u8)
    port_write16: Wire(u16, u16)
    port_write32: Wire(u16, u32)

    @hot
    def executed(self) -> u64:
        return self.icount

    @hot
    def register(self, n: u8) -> u32:
        """A general register by number."""
        return self.gpr[n & 7]

    @hot
    def set_register(self, n: u8, value: u32) -> None:
        self.gpr[n & 7] = value

    @hot
    def set_intr(self, level: u8) -> None:
        self.intr = level
        self.attention = True

    @hot
    def set_nmi(self, level: u8) -> None:
        """The NMI input: its rising edge is remembered."""
        if level != 0:
            self.nmi = 1
            self.attention = True

    @hot
    def set_ignne(self, level: u8) -> None:
        """The IGNNE# input (1: asserted)."""
        self.ignne = level
        self.attention = True

    @hot
    def request_init(self) -> None:
        """The INIT# pin or message: the run stops, and the processor alone starts anew."""
        self.init_request = True
        self.attention = True

    @hot
    def request_reset(self) -> None:
        """The RESET# pin, pulled by a chip: the run stops and the machine resets."""
        self.reset_request = True
        self.attention = True
