"""Model-specific registers: those that firmware and operating systems touch on a P6.  Any other is #GP(0).

Intel SDM volume 3, chapters 11 (MTRR, PAT), 15 (machine check), 17 and 18 (debug, counters), and volume 4, P6 family.
"""

from emu.bus.component import hot
from emu.bus.types import Fault, u8, u32, u64
from emu.cpu.cpuid import F_APIC, F_MCA, F_MTRR, F_PAE, F_PAT, F_SEP, F_SSE2, F_TSC, SIGNATURES
from emu.cpu.state import GP, Cpu

P5_MC_ADDR, P5_MC_TYPE, P5_TR1, P5_TR12, CESR, CTR0, CTR1 = 0x00, 0x01, 0x02, 0x0E, 0x11, 0x12, 0x13
TSC, PLATFORM_ID, APIC_BASE, EBL_CR_POWERON = 0x10, 0x17, 0x1B, 0x2A
BIOS_UPDT_TRIG, BBL_CR_D0, BIOS_SIGN_ID, PERFCTR0, PERFCTR1, MTRRCAP = 0x79, 0x88, 0x8B, 0xC1, 0xC2, 0xFE
BBL_CR_ADDR, BBL_CR_CTL3 = 0x116, 0x11E
SYSENTER_CS, SYSENTER_ESP, SYSENTER_EIP = 0x174, 0x175, 0x176
MCG_CAP, MCG_STATUS, EVNTSEL0, EVNTSEL1, MISC_ENABLE = 0x179, 0x17A, 0x186, 0x187, 0x1A0
DEBUGCTL, LAST_BRANCH_FROM, LAST_INT_TO = 0x1D9, 0x1DB, 0x1DE
MTRR_PHYS_BASE0, MTRR_PHYS_LAST, MTRR_FIX64K, MTRR_FIX16K, MTRR_FIX4K = 0x200, 0x20F, 0x250, 0x258, 0x268
PAT, MTRR_DEF_TYPE, MC0_CTL = 0x277, 0x2FF, 0x400

NOT_FIXED = 255
ALL_ONES = 0xFFFFFFFFFFFFFFFF
MC_BANKS = 5
MTRRCAP_VALUE = 0x508  # 8 variable ranges, fixed ranges, write combining
MTRR_TYPES = 0x73  # memory types 0, 1, 4, 5, 6
PAT_TYPES = 0xF3  # these and 7 (UC-)
PHYS_RESERVED = 0xFFFFFFF000000000  # bits 36 to 63
PAT_RESET = 0x0007040600070406
APIC_ENABLE, APIC_BSP = 0x800, 0x100
MISC_ENABLE_RESET = 0x1801  # fast strings; no branch trace store, no precise event sampling
MISC_ENABLE_FIXED = 0x1880  # read-only: the same, and that there is no performance monitoring
# Fast strings, FOP as before, thermal monitors, split locks, caches and prefetching, FERR#, SpeedStep, MONITOR, CPUID's maximum, TPR
# messages, XD: what has no effect here is kept to be read
MISC_ENABLE_WRITABLE = 0x401CD275D
DEBUGCTL_WRITABLE = 0x7F
CESR_WRITABLE = 0x03FF03FF


@hot
def need(cpu: Cpu, features: u32) -> None:
    """#GP(0) unless the model has one of these features."""
    if cpu.features & features == 0:
        raise Fault(GP, 0)


@hot
def fixed_index(msr: u32) -> u8:
    """Which of the 11 fixed-range MTRRs an MSR is, or NOT_FIXED."""
    if msr == MTRR_FIX64K:
        return 0
    if msr >= MTRR_FIX16K and msr <= MTRR_FIX16K + 1:
        return u8(msr - MTRR_FIX16K + 1)
    if msr >= MTRR_FIX4K and msr <= MTRR_FIX4K + 7:
        return u8(msr - MTRR_FIX4K + 3)
    return NOT_FIXED


@hot
def time_stamp(cpu: Cpu) -> u64:
    """The time-stamp counter."""
    ns: u64 = cpu.now()
    return u64(cpu.tsc_base + ns)


# -- reading -----------------------------------------------------------------------------------------------------

@hot
def read_msr(cpu: Cpu, msr: u32) -> u64:
    if msr == TSC:
        need(cpu, F_TSC)
        return time_stamp(cpu)
    if msr == P5_MC_ADDR or msr == P5_MC_TYPE:
        return 0
    if cpu.features & F_PAE == 0:
        return read_p5(cpu, msr)
    if msr == PLATFORM_ID or msr == MCG_CAP and cpu.features & F_MCA != 0:
        return 0 if msr == PLATFORM_ID else MC_BANKS
    if msr == APIC_BASE:
        return cpu.apic_base
    if msr == EBL_CR_POWERON:
        return cpu.power_on
    if msr == BIOS_SIGN_ID:
        return cpu.microcode
    if msr >= BBL_CR_D0 and msr < BIOS_SIGN_ID or msr >= BBL_CR_ADDR and msr <= BBL_CR_CTL3:
        return 0
    if msr == PERFCTR0 or msr == PERFCTR1:
        return cpu.perf_count[(msr - PERFCTR0) & 1]
    if msr == EVNTSEL0 or msr == EVNTSEL1:
        return cpu.perf_event[msr & 1]
    if msr >= SYSENTER_CS and msr <= SYSENTER_EIP:
        need(cpu, F_SEP)
        if msr == SYSENTER_CS:
            return cpu.sysenter_cs
        return cpu.sysenter_esp if msr == SYSENTER_ESP else cpu.sysenter_eip
    if msr == MCG_STATUS:
        need(cpu, F_MCA)
        return cpu.mcg_status
    if msr == MISC_ENABLE:
        need(cpu, F_SSE2)
        return cpu.misc_enable
    if msr == DEBUGCTL:
        return cpu.debugctl
    if msr >= LAST_BRANCH_FROM and msr <= LAST_INT_TO:
        return 0
    if msr >= MC0_CTL and msr < MC0_CTL + 4 * MC_BANKS:
        need(cpu, F_MCA)
        return cpu.mc_ctl[msr >> 2 & 7] if msr & 3 == 0 else 0
    if msr == PAT:
        need(cpu, F_PAT)
        return cpu.pat
    return read_mtrr(cpu, msr)


@hot
def p5_test_register(msr: u32) -> bool:
    """TR1 to TR12 of a Pentium: tests of caches and TLBs, of which nothing is here."""
    return msr >= P5_TR1 and msr <= P5_TR12 and msr != 3 and msr != 10


@hot
def read_p5(cpu: Cpu, msr: u32) -> u64:
    """What a Pentium has besides the machine check and the time stamp; the rest came with the P6."""
    if p5_test_register(msr):
        return 0
    if msr == CESR:
        return cpu.perf_event[0]
    if msr != CTR0 and msr != CTR1:
        raise Fault(GP, 0)
    return cpu.perf_count[(msr - CTR0) & 1]


@hot
def write_p5(cpu: Cpu, msr: u32, value: u64) -> None:
    if msr == CESR:
        cpu.perf_event[0] = value & CESR_WRITABLE
    elif msr == CTR0 or msr == CTR1:
        cpu.perf_count[(msr - CTR0) & 1] = value & 0xFFFFFFFFFF
    elif not p5_test_register(msr):
        raise Fault(GP, 0)


@hot
def read_mtrr(cpu: Cpu, msr: u32) -> u64:
    need(cpu, F_MTRR)
    if msr == MTRRCAP:
        return MTRRCAP_VALUE
    if msr == MTRR_DEF_TYPE:
        return cpu.mtrr_def
    if msr >= MTRR_PHYS_BASE0 and msr <= MTRR_PHYS_LAST:
        return cpu.mtrr_var[msr & 15]
    n: u8 = fixed_index(msr)
    if n == NOT_FIXED:
        raise Fault(GP, 0)
    return cpu.mtrr_fixed[n & 15]


# -- writing -----------------------------------------------------------------------------------------------------

@hot
def valid_types(value: u64, types: u32) -> bool:
    """Is each of the eight bytes one of the memory types (a set of bits)?"""
    for n in range(8):
        kind: u64 = value >> (8 * n) & 0xFF
        if kind > 7 or types >> (kind & 7) & 1 == 0:
            return False
    return True


@hot
def reserved(value: u64, bits: u64) -> None:
    """#GP(0) if a reserved bit is set."""
    if value & bits != 0:
        raise Fault(GP, 0)


@hot
def write_msr(cpu: Cpu, msr: u32, value: u64) -> None:
    if msr == TSC:
        need(cpu, F_TSC)
        ns: u64 = cpu.now()
        wanted: u64 = value
        if SIGNATURES[cpu.model & 7] >> 8 & 15 == 6:
            wanted = value & 0xFFFFFFFF  # family 6 clears the upper half
        cpu.tsc_base = u64(wanted - ns)
    elif msr == P5_MC_ADDR or msr == P5_MC_TYPE:
        pass
    elif cpu.features & F_PAE == 0:
        write_p5(cpu, msr, value)
    else:
        if msr == APIC_BASE:
            reserved(value, PHYS_RESERVED | 0x6FF)
            write_apic_base(cpu, value)
        elif msr == EBL_CR_POWERON:
            cpu.power_on = value
        elif msr == BIOS_UPDT_TRIG or msr == BIOS_SIGN_ID:
            pass  # microcode updates are taken and ignored
        elif msr >= BBL_CR_D0 and msr < BIOS_SIGN_ID or msr >= BBL_CR_ADDR and msr <= BBL_CR_CTL3:
            pass
        elif msr == PERFCTR0 or msr == PERFCTR1:
            # The low half is written and its sign extended into the other 8 bits.
            cpu.perf_count[(msr - PERFCTR0) & 1] = u64(sign32(value)) & 0xFFFFFFFFFF
        elif msr == EVNTSEL0 or msr == EVNTSEL1:
            cpu.perf_event[msr & 1] = value & 0xFFFFFFFF
        elif msr >= SYSENTER_CS and msr <= SYSENTER_EIP:
            need(cpu, F_SEP)
            if msr == SYSENTER_CS:
                cpu.sysenter_cs = u32(value)
            elif msr == SYSENTER_ESP:
                cpu.sysenter_esp = u32(value)
            else:
                cpu.sysenter_eip = u32(value)
        elif msr == MCG_STATUS:
            need(cpu, F_MCA)
            reserved(value, 0xFFFFFFFFFFFFFFF8)
            cpu.mcg_status = value
        elif msr == MISC_ENABLE:
            need(cpu, F_SSE2)
            kept: u64 = cpu.misc_enable & MISC_ENABLE_FIXED
            cpu.misc_enable = (value & MISC_ENABLE_WRITABLE) | kept
        elif msr == DEBUGCTL:
            cpu.debugctl = value & DEBUGCTL_WRITABLE
        elif msr >= MC0_CTL and msr < MC0_CTL + 4 * MC_BANKS:
            need(cpu, F_MCA)
            if msr & 3 == 0:
                if cpu.features & F_SSE2 == 0 and value != 0 and value != ALL_ONES:
                    raise Fault(GP, 0)  # a P6 takes these two only (SDM volume 3, 15.3.2.1)
                cpu.mc_ctl[msr >> 2 & 7] = value
            else:
                reserved(value, ALL_ONES)  # status, address and the rest can only be cleared
        elif msr == PAT:
            need(cpu, F_PAT)
            if not valid_types(value, PAT_TYPES):
                raise Fault(GP, 0)
            cpu.pat = value
        else:
            write_mtrr(cpu, msr, value)


@hot
def write_apic_base(cpu: Cpu, value: u64) -> None:
    """The enable bit shows in CPUID.1.EDX bit 9; where there is no APIC it stays 0."""
    base: u64 = value & 0xFFFFFF800
    cpu.features = cpu.features & (0xFFFFFFFF ^ F_APIC)
    if cpu.no_apic:
        base = base & 0xFFFFFF000
    elif base & APIC_ENABLE != 0:
        cpu.features = cpu.features | F_APIC
    cpu.apic_base = base | (cpu.apic_base & APIC_BSP)
    cpu.apic_base_changed(cpu.apic_base)


@hot
def sign32(value: u64) -> u64:
    """The low half of a value, sign-extended."""
    if value & 0x80000000 != 0:
        return (value & 0xFFFFFFFF) | 0xFFFFFFFF00000000
    return value & 0xFFFFFFFF


@hot
def write_mtrr(cpu: Cpu, msr: u32, value: u64) -> None:
    need(cpu, F_MTRR)
    kind: u8 = u8(value & 0xFF)
    known: bool = kind < 8 and MTRR_TYPES >> (kind & 7) & 1 != 0
    n: u8 = fixed_index(msr)
    if msr == MTRR_DEF_TYPE:
        reserved(value, 0xFFFFFFFFFFFFF300)
        if not known:
            raise Fault(GP, 0)
        cpu.mtrr_def = value
    elif msr >= MTRR_PHYS_BASE0 and msr <= MTRR_PHYS_LAST:
        if msr & 1 == 0:
            reserved(value, PHYS_RESERVED | 0xF00)
            if not known:
                raise Fault(GP, 0)
        else:
            reserved(value, PHYS_RESERVED | 0x7FF)
        cpu.mtrr_var[msr & 15] = value
    elif n != NOT_FIXED:
        if not valid_types(value, MTRR_TYPES):
            raise Fault(GP, 0)
        cpu.mtrr_fixed[n & 15] = value
    else:
        raise Fault(GP, 0)  # MTRRCAP is read-only; nothing else is left
