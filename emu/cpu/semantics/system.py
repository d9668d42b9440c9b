"""System instructions: descriptor tables, control and debug registers, IF, HLT, SYSENTER, model-specific registers.

Intel SDM volume 2 under each instruction's name, and volume 3, chapters 2, 4, 11 and 17.
"""

from emu.bus.component import hot
from emu.bus.types import Fault, T, u8, u16, u32, u64
from emu.cpu.cpuid import F_DE, F_FXSR, F_MCE, F_MMX, F_PAE, F_PGE, F_PSE, F_SSE, F_TSC, F_VME, cpuid
from emu.cpu.memory import ea, read_mem, write_mem
from emu.cpu.msr import read_msr, time_stamp, write_msr
from emu.cpu.paging import flush_page, flush_tlb, flush_tlb_all, set_cpl
from emu.cpu.pdpt import load_pdptes
from emu.cpu.segments import set_flat, update_mode
from emu.cpu.state import (
    CR0_AM, CR0_CD, CR0_EM, CR0_ET, CR0_MP, CR0_NE, CR0_NW, CR0_PE, CR0_PG, CR0_TS, CR0_WP, CR4_DE, CR4_MCE,
    CR4_OSFXSR, CR4_OSXMMEXCPT, CR4_PAE, CR4_PCE, CR4_PGE, CR4_PSE, CR4_PVI, CR4_TSD, CR4_VME, CS, DB, DR6_BD, DR7_GD,
    EAX, EBX, ECX, EDX, ESP, GP, IF, RF, SHADOW_STI, SS, UD, VIF, VIP, VM, Cpu, Rec)

from .operands import beyond, rm16, set_rm16
from .selectors import ARPL, LAR, LLDT, LSL, LTR, SLDT, STR, VERR, VERW  # noqa: F401 (same family)

CR0_WRITABLE = CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD | CR0_PG
CR0_LMSW = CR0_MP | CR0_EM | CR0_TS
DR6_WRITABLE, DR6_ONES = 0xE00F, 0xFFFF0FF0
DR7_WRITABLE, DR7_ONES = 0xFFFF23FF, 0x400
TR_FIRST, TR_TLB = 3, 6
TR6_LOOKUP, TR7_HIT = 0x1, 0x10
SYSENTER_CODE, SYSENTER_STACK = 0xC09B, 0xC093  # attributes of the flat segments, level 0 and 3
SYSEXIT_CODE, SYSEXIT_STACK = 0xC0FB, 0xC0F3


# -- descriptor-table registers ----------------------------------------------------------------------------------

@hot
def store_table(cpu: Cpu, r: Rec, limit: u16, base: u32) -> None:
    """SGDT, SIDT: the whole base is stored whatever the operand size, as processors since the 386 do."""
    off: u32 = ea(cpu, r)
    write_mem[u16](cpu, r, r.seg, off, limit)
    write_mem[u32](cpu, r, r.seg, beyond(r, off, 2), base)


@hot
def SGDT(cpu: Cpu, r: Rec) -> None:
    store_table(cpu, r, cpu.gdt_limit, cpu.gdt_base)


@hot
def SIDT(cpu: Cpu, r: Rec) -> None:
    store_table(cpu, r, cpu.idt_limit, cpu.idt_base)


@hot
def load_table(cpu: Cpu, r: Rec) -> (u16, u32):
    """LGDT, LIDT: limit and base; a 16-bit operand size gives a base of 24 bits."""
    off: u32 = ea(cpu, r)
    limit: u16 = read_mem[u16](cpu, r, r.seg, off)
    base: u32 = read_mem[u32](cpu, r, r.seg, beyond(r, off, 2))
    if T.bits == 16:
        base = base & 0xFFFFFF
    return limit, base


@hot
def LGDT(cpu: Cpu, r: Rec) -> None:
    limit, base = load_table[T](cpu, r)
    cpu.gdt_limit = limit
    cpu.gdt_base = base


@hot
def LIDT(cpu: Cpu, r: Rec) -> None:
    limit, base = load_table[T](cpu, r)
    cpu.idt_limit = limit
    cpu.idt_base = base


# -- control registers -------------------------------------------------------------------------------------------

@hot
def write_cr0(cpu: Cpu, value: u32) -> None:
    new: u32 = (value & CR0_WRITABLE) | CR0_ET
    if new & (CR0_PG | CR0_PE) == CR0_PG or new & (CR0_CD | CR0_NW) == CR0_NW:
        raise Fault(GP, 0)
    changed: u32 = new ^ cpu.cr0
    if changed & new & CR0_PG != 0 and cpu.cr4 & CR4_PAE != 0:
        reload_pdptes(cpu, cpu.cr3)
    cpu.cr0 = new
    if new & CR0_PE == 0:
        set_cpl(cpu, 0)
    if changed & CR0_PG != 0 or changed & CR0_WP != 0 and new & CR0_PG != 0:
        flush_tlb_all(cpu)  # a change of PE alone flushes too, but shows nothing: paging is off then
    update_mode(cpu)


@hot
def reload_pdptes(cpu: Cpu, cr3: u32) -> None:
    ok: bool = load_pdptes(cpu, cr3)
    if not ok:
        raise Fault(GP, 0)


@hot
def write_cr3(cpu: Cpu, value: u32) -> None:
    if cpu.cr0 & CR0_PG != 0 and cpu.cr4 & CR4_PAE != 0:
        reload_pdptes(cpu, value)
    cpu.cr3 = value
    flush_tlb(cpu)


@hot
def cr4_bits(features: u32) -> u32:
    """The CR4 bits that a processor with these features has."""
    bits: u32 = 0
    if features & F_VME != 0:
        bits = bits | CR4_VME | CR4_PVI
    if features & F_TSC != 0:
        bits = bits | CR4_TSD
    if features & F_DE != 0:
        bits = bits | CR4_DE
    if features & F_PSE != 0:
        bits = bits | CR4_PSE
    if features & F_PAE != 0:
        bits = bits | CR4_PAE
    if features & F_MMX != 0:
        bits = bits | CR4_PCE  # RDPMC came with the Pentium that has MMX
    if features & F_MCE != 0:
        bits = bits | CR4_MCE
    if features & F_PGE != 0:
        bits = bits | CR4_PGE
    if features & F_FXSR != 0:
        bits = bits | CR4_OSFXSR
    if features & F_SSE != 0:
        bits = bits | CR4_OSXMMEXCPT
    return bits


@hot
def write_cr4(cpu: Cpu, value: u32) -> None:
    if value & (0xFFFFFFFF ^ cr4_bits(cpu.features)) != 0:
        raise Fault(GP, 0)
    changed: u32 = value ^ cpu.cr4
    if cpu.cr0 & CR0_PG != 0 and value & CR4_PAE != 0 and changed & (CR4_PAE | CR4_PGE | CR4_PSE) != 0:
        reload_pdptes(cpu, cpu.cr3)
    cpu.cr4 = value
    if changed & (CR4_PAE | CR4_PGE | CR4_PSE) != 0:
        flush_tlb_all(cpu)


@hot
def MOV_from_cr(cpu: Cpu, r: Rec) -> None:
    value: u32 = cpu.cr0
    if r.reg == 2:
        value = cpu.cr2
    elif r.reg == 3:
        value = cpu.cr3
    elif r.reg == 4:
        value = cpu.cr4
    elif r.reg != 0:
        raise Fault(UD, 0)
    cpu.gpr[r.rm & 7] = value


@hot
def MOV_to_cr(cpu: Cpu, r: Rec) -> None:
    value: u32 = cpu.gpr[r.rm & 7]
    if r.reg == 0:
        write_cr0(cpu, value)
    elif r.reg == 2:
        cpu.cr2 = value
    elif r.reg == 3:
        write_cr3(cpu, value)
    elif r.reg == 4:
        write_cr4(cpu, value)
    else:
        raise Fault(UD, 0)


@hot
def SMSW(cpu: Cpu, r: Rec) -> None:
    """A 32-bit register gets the whole of CR0."""
    set_rm16[T](cpu, r, T(cpu.cr0))


@hot
def LMSW(cpu: Cpu, r: Rec) -> None:
    """Loads MP, EM and TS; can set PE but not clear it."""
    value: u16 = rm16(cpu, r)
    write_cr0(cpu, (cpu.cr0 & (0xFFFFFFFF - CR0_LMSW)) | (value & (CR0_LMSW | CR0_PE)))


@hot
def CLTS(cpu: Cpu, r: Rec) -> None:
    cpu.cr0 = cpu.cr0 & (0xFFFFFFFF - CR0_TS)


@hot
def INVLPG(cpu: Cpu, r: Rec) -> None:
    """No segment checks apply."""
    off: u32 = ea(cpu, r)
    flush_page(cpu, u32(cpu.seg[r.seg & 7].base + off))


@hot
def INVD(cpu: Cpu, r: Rec) -> None:
    """There are no caches to lose."""


@hot
def WBINVD(cpu: Cpu, r: Rec) -> None:
    """There are no caches to write back."""


# -- debug registers ---------------------------------------------------------------------------------------------

@hot
def debug_number(cpu: Cpu, r: Rec) -> u8:
    """Number of the debug register meant, after the checks of an access."""
    n: u8 = r.reg & 7
    if n == 4 or n == 5:
        if cpu.cr4 & CR4_DE != 0:
            raise Fault(UD, 0)
        n = n | 2
    if cpu.dr[7] & DR7_GD != 0:
        cpu.dr[6] = cpu.dr[6] | DR6_BD
        raise Fault(DB, 0)
    return n


@hot
def MOV_from_dr(cpu: Cpu, r: Rec) -> None:
    n: u8 = debug_number(cpu, r)
    cpu.gpr[r.rm & 7] = cpu.dr[n & 7]


@hot
def MOV_to_dr(cpu: Cpu, r: Rec) -> None:
    n: u8 = debug_number(cpu, r)
    value: u32 = cpu.gpr[r.rm & 7]
    if n == 6:
        value = (value & DR6_WRITABLE) | DR6_ONES
    elif n == 7:
        value = (value & DR7_WRITABLE) | DR7_ONES
    cpu.dr[n & 7] = value
    update_mode(cpu)
    cpu.attention = True


# -- test registers of a 486 ------------------------------------------------------------------------------------

@hot
def MOV_from_tr(cpu: Cpu, r: Rec) -> None:
    if r.reg < TR_FIRST:
        raise Fault(UD, 0)
    cpu.gpr[r.rm & 7] = cpu.tr[r.reg & 7]


@hot
def MOV_to_tr(cpu: Cpu, r: Rec) -> None:
    """TR3 to TR5 test the cache, TR6 and TR7 the TLB: they keep what is written.  A look for an entry of the TLB (TR6 bit 0)
    finds none (TR7 bit 4): there is no 486's TLB here."""
    if r.reg < TR_FIRST:
        raise Fault(UD, 0)
    cpu.tr[r.reg & 7] = cpu.gpr[r.rm & 7]
    if r.reg == TR_TLB and cpu.tr[TR_TLB] & TR6_LOOKUP != 0:
        cpu.tr[TR_TLB + 1] = cpu.tr[TR_TLB + 1] & (0xFFFFFFFF ^ TR7_HIT)


# -- interrupt flag, HLT -----------------------------------------------------------------------------------------

@hot
def if_rights(cpu: Cpu) -> u32:
    """What CLI and STI work on: IF, VIF (VME, PVI), or #GP(0)."""
    if cpu.cr0 & CR0_PE == 0 or cpu.cpl <= cpu.eflags >> 12 & 3:
        return IF
    if cpu.eflags & VM != 0:
        if cpu.cr4 & CR4_VME != 0:
            return VIF
    elif cpu.cpl == 3 and cpu.cr4 & CR4_PVI != 0:
        return VIF
    raise Fault(GP, 0)


@hot
def CLI(cpu: Cpu, r: Rec) -> None:
    flag: u32 = if_rights(cpu)
    cpu.eflags = cpu.eflags & (0xFFFFFFFF ^ flag)


@hot
def STI(cpu: Cpu, r: Rec) -> None:
    """Holds interrupts off for one more instruction if it changes IF."""
    flag: u32 = if_rights(cpu)
    if flag == VIF and cpu.eflags & VIP != 0:
        raise Fault(GP, 0)
    if flag == IF and cpu.eflags & IF == 0:
        cpu.shadow = SHADOW_STI
    cpu.eflags = cpu.eflags | flag


@hot
def HLT(cpu: Cpu, r: Rec) -> None:
    cpu.halted = True
    cpu.attention = True


# -- fast system calls -------------------------------------------------------------------------------------------

@hot
def SYSENTER(cpu: Cpu, r: Rec) -> None:
    sel: u16 = u16(cpu.sysenter_cs & 0xFFFC)
    if cpu.cr0 & CR0_PE == 0 or sel == 0:
        raise Fault(GP, 0)
    cpu.eflags = cpu.eflags & (0xFFFFFFFF - (VM | IF | RF))
    set_cpl(cpu, 0)
    set_flat(cpu, CS, sel, SYSENTER_CODE)
    set_flat(cpu, SS, u16(sel + 8), SYSENTER_STACK)
    cpu.gpr[ESP] = cpu.sysenter_esp
    cpu.eip = cpu.sysenter_eip
    update_mode(cpu)


@hot
def SYSEXIT(cpu: Cpu, r: Rec) -> None:
    sel: u16 = u16(cpu.sysenter_cs & 0xFFFC)
    if cpu.cr0 & CR0_PE == 0 or sel == 0:
        raise Fault(GP, 0)
    set_cpl(cpu, 3)
    set_flat(cpu, CS, u16(sel + 16) | 3, SYSEXIT_CODE)
    set_flat(cpu, SS, u16(sel + 24) | 3, SYSEXIT_STACK)
    cpu.gpr[ESP] = cpu.gpr[ECX]
    cpu.eip = cpu.gpr[EDX]
    update_mode(cpu)


# -- counters, model-specific registers, CPUID -------------------------------------------------------------------

@hot
def RDTSC(cpu: Cpu, r: Rec) -> None:
    if cpu.cr4 & CR4_TSD != 0 and cpu.cpl != 0:
        raise Fault(GP, 0)
    value: u64 = time_stamp(cpu)
    cpu.gpr[EAX] = u32(value)
    cpu.gpr[EDX] = u32(value >> 32)


@hot
def RDPMC(cpu: Cpu, r: Rec) -> None:
    n: u32 = cpu.gpr[ECX]
    if cpu.cr4 & CR4_PCE == 0 and cpu.cpl != 0 or n > 1:
        raise Fault(GP, 0)
    value: u64 = cpu.perf_count[n & 1]
    cpu.gpr[EAX] = u32(value)
    cpu.gpr[EDX] = u32(value >> 32) & 0xFF


@hot
def RDMSR(cpu: Cpu, r: Rec) -> None:
    value: u64 = read_msr(cpu, cpu.gpr[ECX])
    cpu.gpr[EAX] = u32(value)
    cpu.gpr[EDX] = u32(value >> 32)


@hot
def WRMSR(cpu: Cpu, r: Rec) -> None:
    write_msr(cpu, cpu.gpr[ECX], u64(cpu.gpr[EDX]) << 32 | cpu.gpr[EAX])


@hot
def CPUID(cpu: Cpu, r: Rec) -> None:
    a, b, c, d = cpuid(cpu, cpu.gpr[EAX])
    cpu.gpr[EAX] = a
    cpu.gpr[EBX] = b
    cpu.gpr[ECX] = c
    cpu.gpr[EDX] = d
