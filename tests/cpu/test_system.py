import random

import pytest

from emu.bus.types import u8, u16, u32
from emu.cpu import msr as m
from emu.cpu.cpuid import F_FPU, F_TR, IMPLEMENTED, MODELS, cpuid
from emu.cpu.msr import read_msr, write_msr
from emu.cpu.paging import lookup_read
from emu.cpu.reset import reset_cpu
from emu.cpu.semantics.io import IN_dx, IN_imm, INS, OUT_dx, OUT_imm, OUTS, io_check
from emu.cpu.semantics.selectors import ARPL, LAR, LLDT, LSL, LTR, SLDT, STR, VERR, VERW
from emu.cpu.semantics.system import (
    CLI, CLTS, CPUID, HLT, INVLPG, LGDT, LIDT, LMSW, MOV_from_cr, MOV_from_dr, MOV_to_cr, MOV_to_dr, RDMSR, RDPMC,
    RDTSC, SGDT, SIDT, SMSW, STI, SYSENTER, SYSEXIT, WRMSR)
from emu.cpu.state import (
    CR0_CD, CR0_NW, CR0_PE, CR0_PG, CR0_TS, CR0_WP, CR4_DE, CR4_PAE, CR4_PCE, CR4_PGE, CR4_PSE, CR4_PVI, CR4_TSD,
    CR4_VME, CS, DB, DF, DR6_BD, DR7_GD, DS, GP, IF, IOPL, LDTR, MODE_DEBUG, MODE_FLAT, NP, REC_MEM, REC_REP, RF,
    SHADOW_STI, SS, TR, UD, VIF, VIP, VM, ZF)

from system_rig import (
    ABSENT3, CODE0, CODE3, CODE3X, CONFORMING0, DATA0, DATA3, DOWN0, FREE, GDT, LDT_SEL, READ3, TSS16_SEL, TSS2_SEL,
    TSS_BASE, TSS_SEL, attempt, gate, peek, poke, protected, put_descriptor, real, record)


def memory(at, **fields):
    return record(disp=at, flags=3 | REC_MEM, **fields)


# -- descriptor tables, selectors --------------------------------------------------------------------------------

def test_descriptor_table_registers():
    cpu = protected()
    poke(cpu, 0x700, 0x12345678_9ABC, 6)
    LGDT[u32](cpu, memory(0x700))
    assert (cpu.gdt_limit, cpu.gdt_base) == (0x9ABC, 0x12345678)
    LIDT[u16](cpu, memory(0x700))
    assert (cpu.idt_limit, cpu.idt_base) == (0x9ABC, 0x345678)
    SGDT(cpu, memory(0x800))
    SIDT(cpu, memory(0x810))
    assert peek(cpu, 0x800, 6) == 0x12345678_9ABC and peek(cpu, 0x810, 6) == 0x00345678_9ABC


def with_register(cpu, function, value, **fields):
    cpu.gpr[0] = value
    return attempt(function, cpu, record(rm=0, **fields))


@pytest.mark.parametrize("sel, wanted", [
    (LDT_SEL, None), (0, None), (3, None), (0x0C, (GP, 0x0C)), (TSS_SEL, (GP, TSS_SEL)), (0x3F8, (GP, 0x3F8)),
    (FREE, (NP, FREE))])
def test_lldt(sel, wanted):
    cpu = protected()
    put_descriptor(cpu, FREE, 0, 0xFF, 0x02)
    assert with_register(cpu, LLDT, sel) == wanted
    assert cpu.seg[LDTR].sel == (0 if wanted else sel)


@pytest.mark.parametrize("sel, wanted", [
    (TSS2_SEL, None), (TSS16_SEL, None), (0, (GP, 0)), (0x0C, (GP, 0x0C)), (TSS_SEL, (GP, TSS_SEL)),
    (LDT_SEL, (GP, LDT_SEL)), (FREE, (NP, FREE))])
def test_ltr_marks_the_task_busy(sel, wanted):
    cpu = protected()
    put_descriptor(cpu, FREE, 0, 0x67, 0x09)
    before = peek(cpu, GDT + sel + 5, 1)
    assert with_register(cpu, LTR, sel) == wanted
    assert peek(cpu, GDT + sel + 5, 1) == before | (0 if wanted else 2)
    if wanted is None:
        assert cpu.seg[TR].sel == sel and cpu.seg[TR].attr & 2


def test_sldt_str_smsw():
    cpu = protected()
    cpu.gpr[1] = 0xFFFFFFFF
    STR[u16](cpu, record(rm=1))
    assert cpu.gpr[1] == 0xFFFF0000 | TSS_SEL
    STR[u32](cpu, record(rm=1))
    assert cpu.gpr[1] == TSS_SEL
    poke(cpu, 0x700, 0xFFFFFFFF)
    SLDT[u32](cpu, memory(0x700))
    assert peek(cpu, 0x700) == 0xFFFF0000
    cpu.cr0 |= CR0_WP
    SMSW[u32](cpu, record(rm=1))
    assert cpu.gpr[1] == cpu.cr0
    SMSW[u32](cpu, memory(0x700))
    assert peek(cpu, 0x700) == 0xFFFF0011


QUESTIONS = [  # cpl, selector, LAR, LSL, VERR, VERW
    (0, CODE0, 1, 1, 1, 0), (0, DATA0, 1, 1, 1, 1), (3, DATA0, 0, 0, 0, 0), (3, DATA3, 1, 1, 1, 1),
    (0, DATA0 | 3, 0, 0, 0, 0),
    (3, CONFORMING0, 1, 1, 1, 0), (0, READ3, 1, 1, 1, 0), (3, CODE3X, 1, 1, 0, 0), (0, TSS_SEL, 1, 1, 0, 0),
    (0, LDT_SEL, 1, 1, 0, 0),
    (0, FREE, 1, 0, 0, 0), (0, FREE + 8, 0, 0, 0, 0), (0, 0, 0, 0, 0, 0), (0, 3, 0, 0, 0, 0), (0, 0x3FFF, 0, 0, 0, 0),
    (3, ABSENT3, 1, 1, 1, 1), (0, FREE + 16, 1, 0, 0, 0), (0, 0x0C, 0, 0, 0, 0)]


@pytest.mark.parametrize("cpl, sel, lar, lsl, verr, verw", QUESTIONS)
def test_questions_about_selectors(cpl, sel, lar, lsl, verr, verw):
    cpu = protected(cpl)
    poke(cpu, GDT + FREE, gate(CODE0, 0, 0x8C), 8)     # call gate
    poke(cpu, GDT + FREE + 8, gate(CODE0, 0, 0x8E), 8)  # interrupt gate
    poke(cpu, GDT + FREE + 16, gate(TSS_SEL, 0, 0x85), 8)
    cpu.gpr[0] = sel
    for function, ok in ((LAR[u32], lar), (LSL[u32], lsl), (VERR, verr), (VERW, verw)):
        cpu.eflags ^= ZF
        cpu.gpr[1] = 0xDEADBEEF
        function(cpu, record(rm=0, reg=1))
        assert cpu.eflags & ZF == (ZF if ok else 0), function
        if not ok:
            assert cpu.gpr[1] == 0xDEADBEEF


def test_what_lar_and_lsl_give():
    cpu = protected()
    cpu.gpr[0], cpu.gpr[1] = DOWN0, 0xFFFFFFFF
    LAR[u32](cpu, record(rm=0, reg=1))
    assert cpu.gpr[1] == 0x00C09700
    LAR[u16](cpu, record(rm=0, reg=1))
    assert cpu.gpr[1] == 0x00C09700
    LSL[u32](cpu, record(rm=0, reg=1))
    assert cpu.gpr[1] == 0xFFFF
    cpu.gpr[0] = DATA0
    LSL[u32](cpu, record(rm=0, reg=1))
    assert cpu.gpr[1] == 0xFFFFFFFF


@pytest.mark.parametrize("dst, src, result, zero", [
    (0x10, 3, 0x13, ZF), (0x13, 0, 0x13, 0), (0x12, 2, 0x12, 0), (0x11, 0x72, 0x12, ZF)])
def test_arpl(dst, src, result, zero):
    cpu = protected()
    cpu.gpr[0], cpu.gpr[1] = 0xAAAA0000 | dst, src
    ARPL(cpu, record(rm=0, reg=1))
    assert cpu.gpr[0] == 0xAAAA0000 | result and cpu.eflags & ZF == zero
    poke(cpu, 0x700, 0xBBBB0000 | dst)
    ARPL(cpu, memory(0x700, reg=1))
    assert peek(cpu, 0x700) == 0xBBBB0000 | result


def test_arpl_writes_memory_only_if_it_changes():
    cpu = protected()
    cpu.seg[3].access = 1
    poke(cpu, 0x700, 0x13)
    cpu.gpr[1] = 2
    assert attempt(ARPL, cpu, memory(0x700, reg=1)) is None
    poke(cpu, 0x700, 0x10)
    assert attempt(ARPL, cpu, memory(0x700, reg=1)) == (GP, 0) and cpu.eflags & ZF == 0


# -- control registers -------------------------------------------------------------------------------------------

def write_cr(cpu, n, value):
    cpu.gpr[0] = value
    return attempt(MOV_to_cr, cpu, record(rm=0, reg=n))


@pytest.mark.parametrize("value, wanted", [
    (CR0_PG, (GP, 0)), (CR0_NW | CR0_PE, (GP, 0)), (CR0_NW | CR0_CD | CR0_PE, None), (0xFFFFFFFF, None), (0, None)])
def test_cr0(value, wanted):
    cpu = protected()
    before = cpu.cr0
    assert write_cr(cpu, 0, value) == wanted
    assert cpu.cr0 == (before if wanted else value & 0xE005002F | 0x10)


def test_other_control_registers():
    cpu = protected()
    assert write_cr(cpu, 2, 0x12345678) is None and write_cr(cpu, 3, 0x5018) is None
    for n, value in ((2, 0x12345678), (3, 0x5018), (4, 0), (0, 0x11)):
        MOV_from_cr(cpu, record(rm=1, reg=n))
        assert cpu.gpr[1] == value
    for n in (1, 5, 6, 7):
        assert write_cr(cpu, n, 0) == (UD, 0)
        assert attempt(MOV_from_cr, cpu, record(rm=1, reg=n)) == (UD, 0)


@pytest.mark.parametrize("model, allowed", [(0, 0x03), (1, 0x15F), (2, 0x3FF), (3, 0x7FF), (4, 0x7FF)])
def test_cr4_has_the_bits_of_the_model(model, allowed):
    cpu = protected()
    cpu.model = model
    reset_cpu(cpu)
    for n in range(32):
        wanted = None if allowed >> n & 1 else (GP, 0)
        assert write_cr(cpu, 4, 1 << n) == wanted, n


def mapped(cpu):
    """4 KiB pages, the second one marked global."""
    poke(cpu, 0x90000, 0x91007)
    for n in range(256):
        poke(cpu, 0x91000 + 4 * n, n << 12 | 7)
    poke(cpu, 0x91000 + 4, 0x1107)
    cpu.cr3 = 0x90000


def remap(cpu):
    poke(cpu, 0x91000, 0x8007)
    poke(cpu, 0x91004, 0x9107)


@pytest.mark.parametrize("action, local, glob", [
    (lambda cpu: None, 0, 0x1000), (lambda cpu: write_cr(cpu, 3, 0x90000), 0x8000, 0x1000),
    (lambda cpu: INVLPG(cpu, memory(0x1234)), 0, 0x9000), (lambda cpu: INVLPG(cpu, memory(0x234)), 0x8000, 0x1000),
    (lambda cpu: write_cr(cpu, 4, CR4_PSE), 0x8000, 0x9000),
    (lambda cpu: write_cr(cpu, 4, CR4_PGE | CR4_TSD), 0, 0x1000),
    (lambda cpu: write_cr(cpu, 0, cpu.cr0 ^ CR0_WP), 0x8000, 0x9000),
    (lambda cpu: write_cr(cpu, 0, cpu.cr0 | CR0_TS), 0, 0x1000)])
def test_which_writes_flush_the_tlb(action, local, glob):
    cpu = protected()
    mapped(cpu)
    cpu.cr4 = CR4_PGE
    assert write_cr(cpu, 0, cpu.cr0 | CR0_PG) is None
    assert lookup_read(cpu, 0, False) == 0 and lookup_read(cpu, 0x1000, False) == 0x1000
    remap(cpu)
    action(cpu)
    assert lookup_read(cpu, 0, False) == local and lookup_read(cpu, 0x1000, False) == glob


def test_pae_loads_and_checks_the_directory_pointers():
    cpu = protected()
    for n in range(4):
        poke(cpu, 0x7020 + 8 * n, 0x91001 + (n << 12), 8)
    cpu.cr3 = 0x7020
    assert write_cr(cpu, 4, CR4_PAE) is None
    assert list(cpu.pdpte) == [0] * 4
    assert write_cr(cpu, 0, cpu.cr0 | CR0_PG) is None
    assert list(cpu.pdpte) == [0x91001 + (n << 12) for n in range(4)]
    poke(cpu, 0x91000, 0x83, 8)                        # 2 MiB pages, identity
    for bit in (1, 2, 5, 6, 7, 8, 36, 63):
        poke(cpu, 0x7060, 1 | 1 << bit, 8)
        assert write_cr(cpu, 3, 0x7060) == (GP, 0)
        assert cpu.cr3 == 0x7020 and cpu.pdpte[0] == 0x91001
    poke(cpu, 0x7060, 0x1FE, 8)                        # not present: nothing is reserved
    assert write_cr(cpu, 3, 0x7060) is None and cpu.pdpte[0] == 0x1FE


def test_lmsw_cannot_clear_pe():
    cpu = protected()
    with_register(cpu, LMSW, 0xFFF8)
    assert cpu.cr0 == 0x19
    with_register(cpu, LMSW, 0xFFF7)
    assert cpu.cr0 == 0x17
    CLTS(cpu, record())
    assert cpu.cr0 & CR0_TS == 0


def test_real_mode_enters_protected_mode_with_lmsw():
    cpu = real()
    with_register(cpu, LMSW, 1)
    assert cpu.cr0 & CR0_PE and cpu.seg[CS].sel == 0


# -- debug registers ---------------------------------------------------------------------------------------------

def test_debug_registers():
    cpu = protected()
    cpu.gpr[0] = 0xFFFFFFFF & ~DR7_GD
    for n in range(8):
        MOV_to_dr(cpu, record(rm=0, reg=n))
    assert list(cpu.dr) == [0xFFFFDFFF] * 4 + [0, 0, 0xFFFFCFFF, 0xFFFF07FF]
    assert cpu.mode & (MODE_DEBUG | MODE_FLAT) == MODE_DEBUG
    MOV_from_dr(cpu, record(rm=1, reg=4))
    assert cpu.gpr[1] == 0xFFFFCFFF
    cpu.cr4 = CR4_DE
    assert attempt(MOV_from_dr, cpu, record(rm=1, reg=5)) == (UD, 0)


def test_general_detect():
    cpu = protected()
    cpu.dr[7] |= DR7_GD
    assert attempt(MOV_to_dr, cpu, record(rm=0, reg=0)) == (DB, 0)
    assert cpu.dr[6] & DR6_BD


# -- IF ----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("cpl, flags, cr4, wanted, flag", [
    (0, 0, 0, None, IF), (3, 0, 0, (GP, 0), 0), (3, IOPL, 0, None, IF), (3, 0, CR4_PVI, None, VIF),
    (3, IOPL, CR4_PVI, None, IF), (3, VM, 0, (GP, 0), 0), (3, VM | IOPL, 0, None, IF), (3, VM, CR4_VME, None, VIF),
    (3, VM, CR4_PVI, (GP, 0), 0), (3, VIP, CR4_PVI, (GP, 0), VIF)])
def test_sti_and_cli(cpl, flags, cr4, wanted, flag):
    cpu = protected(cpl)
    cpu.cr4 = cr4
    cpu.eflags = 2 | flags
    assert attempt(STI, cpu, record()) == wanted
    assert cpu.eflags == 2 | flags | (0 if wanted else flag)
    assert cpu.shadow == (SHADOW_STI if flag == IF and not wanted else 0)
    cpu.eflags = 2 | flags | IF | VIF
    assert attempt(CLI, cpu, record()) == (None if flag else (GP, 0))
    assert cpu.eflags == (2 | flags | IF | VIF) & ~flag


def test_sti_holds_interrupts_off_only_if_they_were_off():
    cpu = protected()
    cpu.eflags |= IF
    STI(cpu, record())
    assert cpu.shadow == 0


def test_hlt():
    cpu = protected()
    HLT(cpu, record())
    assert cpu.halted


# -- SYSENTER, counters, MSRs, CPUID -----------------------------------------------------------------------------

def test_sysenter_and_sysexit():
    cpu = protected(3)
    assert attempt(SYSENTER, cpu, record()) == (GP, 0)
    cpu.sysenter_cs, cpu.sysenter_esp, cpu.sysenter_eip = 0x63, 0x7000, 0x1234
    cpu.eflags |= IF | VM | RF
    SYSENTER(cpu, record())
    assert (cpu.cpl, cpu.eip, cpu.gpr[4], cpu.eflags) == (0, 0x1234, 0x7000, 2)
    assert (cpu.seg[CS].sel, cpu.seg[SS].sel, cpu.seg[CS].attr, cpu.seg[SS].attr) == (0x60, 0x68, 0xC09B, 0xC093)
    cpu.gpr[1], cpu.gpr[2] = 0x2000, 0x5678
    SYSEXIT(cpu, record())
    assert (cpu.cpl, cpu.eip, cpu.gpr[4]) == (3, 0x5678, 0x2000)
    assert (cpu.seg[CS].sel, cpu.seg[SS].sel, cpu.seg[CS].attr, cpu.seg[SS].attr) == (0x73, 0x7B, 0xC0FB, 0xC0F3)
    cpu = real()
    cpu.sysenter_cs = 0x60
    assert attempt(SYSENTER, cpu, record()) == (GP, 0)


def test_time_stamp():
    cpu = protected(3)
    cpu.now = lambda: 0x1_2345_6789
    RDTSC(cpu, record())
    assert (cpu.gpr[0], cpu.gpr[2]) == (0x23456789, 1)
    write_msr(cpu, m.TSC, 0x5_0000_0010)
    RDTSC(cpu, record())
    assert (cpu.gpr[0], cpu.gpr[2]) == (0x10, 0)       # the P6 clears the upper half
    cpu.cr4 = CR4_TSD
    assert attempt(RDTSC, cpu, record()) == (GP, 0)
    cpu.cpl = 0
    assert attempt(RDTSC, cpu, record()) is None


def test_performance_counters():
    cpu = protected(3)
    assert attempt(RDPMC, cpu, record()) == (GP, 0)
    cpu.cr4 = CR4_PCE
    write_msr(cpu, m.PERFCTR1, 0x87654321)
    cpu.gpr[1] = 1
    RDPMC(cpu, record())
    assert (cpu.gpr[0], cpu.gpr[2]) == (0x87654321, 0xFF)
    cpu.gpr[1] = 2
    assert attempt(RDPMC, cpu, record()) == (GP, 0)


@pytest.mark.parametrize("msr, good, bad", [
    (m.PAT, 0x0706050401000706, [2, 0x0300000000000000, 8]), (m.MTRR_DEF_TYPE, 0xC06, [2, 0x100, 0x1000, 1 << 32]),
    (0x200, 0xF_FFFF_F006, [7, 0x106, 1 << 36]), (0x201, 0xF_FFFF_F800, [1, 0x400, 1 << 36]),
    (0x250, 0x0606060606060606, [2]), (0x26F, 0, [0x0700000000000000]), (m.SYSENTER_CS, 0x60, []),
    (m.SYSENTER_ESP, 0xFFFFFFFF, []), (m.MCG_STATUS, 7, [8]), (m.MC0_CTL, 0xFFFFFFFFFFFFFFFF, []), (0x401, 0, [1]),
    (0x410, 0xFFFFFFFFFFFFFFFF, [5]), (m.APIC_BASE, 0xFEE00900, [1, 0x200, 1 << 36]), (m.MTRRCAP, None, [0, 0x508]),
    (m.MCG_CAP, None, [0, 5]), (m.PLATFORM_ID, None, [0]), (0x27, None, [0]), (0x20F, 0, [0x7FF]), (0x414, None, [0]),
    (0xC0000080, None, [0])])
def test_model_specific_registers(msr, good, bad):
    cpu = protected()
    cpu.gpr[1] = msr
    if good is not None:
        cpu.gpr[0], cpu.gpr[2] = good & 0xFFFFFFFF, good >> 32
        WRMSR(cpu, record())
        cpu.gpr[0] = cpu.gpr[2] = 0
        RDMSR(cpu, record())
        assert cpu.gpr[0] | cpu.gpr[2] << 32 == good
    for value in bad:
        assert attempt(write_msr, cpu, msr, value) == (GP, 0), hex(value)


@pytest.mark.parametrize("msr, value", [
    (m.MTRRCAP, 0x508), (m.MCG_CAP, 5), (m.PLATFORM_ID, 0), (m.BIOS_SIGN_ID, 0), (m.PAT, 0x0007040600070406),
    (m.APIC_BASE, 0xFEE00900), (m.P5_MC_TYPE, 0), (m.EBL_CR_POWERON, 0)])
def test_registers_after_reset(msr, value):
    assert read_msr(protected(), msr) == value


def test_misc_enable_keeps_its_read_only_bits():
    cpu = protected()
    cpu.model = 4
    reset_cpu(cpu)
    assert read_msr(cpu, m.MISC_ENABLE) == 0x1801
    write_msr(cpu, m.MISC_ENABLE, 0xFFFFFFFFFFFFFFFF)
    assert read_msr(cpu, m.MISC_ENABLE) == m.MISC_ENABLE_WRITABLE | 0x1800
    write_msr(cpu, m.MISC_ENABLE, 0)
    assert read_msr(cpu, m.MISC_ENABLE) == 0x1800


def test_what_a_p6_has_less():
    cpu = protected()
    assert attempt(read_msr, cpu, m.MISC_ENABLE) == attempt(write_msr, cpu, m.MISC_ENABLE, 1) == (GP, 0)
    for value, taken in ((0, True), (0xFFFFFFFFFFFFFFFF, True), (1, False)):
        assert attempt(write_msr, cpu, m.MC0_CTL, value) == (None if taken else (GP, 0))


def test_unknown_registers_fault():
    cpu = protected()
    known = [n for n in range(0x1000) if attempt(read_msr, cpu, n) is None]
    assert len(known) == 83
    assert attempt(read_msr, cpu, 0xC0000080) == (GP, 0)


def test_pentium_has_few_registers():
    cpu = protected()
    cpu.model = 1
    reset_cpu(cpu)
    assert [n for n in range(0x1000) if attempt(read_msr, cpu, n) is None] == [
        0, 1, 2, *range(4, 10), *range(11, 15), 0x10, 0x11, 0x12, 0x13]


def test_random_msr_traffic_never_breaks_the_state():
    cpu = protected()
    rng = random.Random(1)
    for _ in range(3000):
        msr = rng.choice([rng.randrange(0x500), rng.randrange(0x200, 0x270), rng.randrange(0x3F0, 0x420)])
        fault = attempt(write_msr, cpu, msr, rng.choice([0, 6, rng.getrandbits(64), rng.getrandbits(36)]))
        assert fault in (None, (GP, 0))
        assert attempt(read_msr, cpu, msr) in (None, (GP, 0))


@pytest.mark.parametrize("index, model", list(enumerate(MODELS)))
def test_cpuid(index, model):
    cpu = protected()
    cpu.model = index
    reset_cpu(cpu)
    level, b, c, d = cpuid(cpu, 0)
    assert level == model.level and b"".join(x.to_bytes(4, "little") for x in (b, d, c)) == b"GenuineIntel"
    signature, _, _, features = cpuid(cpu, 1)
    assert signature == model.signature == cpu.gpr[2] and features == model.features & IMPLEMENTED & ~F_TR
    assert features & F_FPU and cpuid(cpu, 0x12345) == cpuid(cpu, level)
    assert cpuid(cpu, 2) == (model.caches if level >= 2 else cpuid(cpu, 1))


def test_cpuid_of_the_pentium_4():
    cpu = protected()
    cpu.model = 4
    reset_cpu(cpu)
    assert cpuid(cpu, 0x80000000)[0] == 0x80000004
    text = b"".join(x.to_bytes(4, "little") for n in (2, 3, 4) for x in cpuid(cpu, 0x80000000 + n))
    assert text.endswith(b"Intel(R) Pentium(R) 4 CPU 1.00GHz\0") and len(text) == 48
    cpu.gpr[0] = 1
    CPUID(cpu, record())
    assert cpu.gpr[0] == 0xF29


def test_reset():
    cpu = protected(3)
    cpu.model, cpu.gpr[8], cpu.halted, cpu.nmi_masked, cpu.tsc_base = 4, 0, True, True, 77
    for n in range(8):
        cpu.gpr[n] = 0xFFFFFFFF
    reset_cpu(cpu)
    assert list(cpu.gpr) == [0, 0, 0xF29] + [0] * 13
    assert (cpu.eip, cpu.eflags, cpu.cr0, cpu.cpl, cpu.mode) == (0xFFF0, 2, 0x60000010, 0, 0)
    assert (cpu.seg[CS].sel, cpu.seg[CS].base, cpu.seg[CS].limit) == (0xF000, 0xFFFF0000, 0xFFFF)
    assert all(s.sel == 0 and s.base == 0 and s.limit == 0xFFFF for s in cpu.seg[2:])
    assert cpu.dr[6] == 0xFFFF0FF0 and cpu.dr[7] == 0x400 and cpu.idt_limit == 0xFFFF and not cpu.halted
    assert cpu.tsc_base == 77


# -- ports -------------------------------------------------------------------------------------------------------

def ported(cpl=0):
    cpu = protected(cpl)
    cpu.log = []
    for bits in (8, 16, 32):
        setattr(cpu, f"port_read{bits}", lambda port, b=bits: cpu.log.append((b, port)) or (0x89ABCDEF & (1 << b) - 1))
        setattr(cpu, f"port_write{bits}", lambda port, value, b=bits: cpu.log.append((b, port, value)))
    return cpu


@pytest.mark.parametrize("width, bits, value", [(u8, 8, 0xEF), (u16, 16, 0xCDEF), (u32, 32, 0x89ABCDEF)])
def test_in_and_out(width, bits, value):
    cpu = ported()
    cpu.gpr[0], cpu.gpr[2] = 0x11111111, 0xFFFF0CF8
    IN_dx[width](cpu, record())
    assert cpu.gpr[0] == 0x11111111 & ~(width.max) | value
    OUT_dx[width](cpu, record())
    IN_imm[width](cpu, record(imm=0x60))
    OUT_imm[width](cpu, record(imm=0x61))
    assert cpu.log == [(bits, 0xCF8), (bits, 0xCF8, value), (bits, 0x60), (bits, 0x61, value)]


@pytest.mark.parametrize("cpl, flags, port, size, limit, wanted", [
    (0, 0, 0x60, 1, 0, None), (3, IOPL, 0x60, 1, 0, None), (3, 0, 0x60, 1, 0x67, (GP, 0)),
    (3, VM | IOPL, 0x60, 1, 0x67, (GP, 0)), (3, 0, 0x40, 1, 0x1FF, None), (3, 0, 0x60, 1, 0x1FF, (GP, 0)),
    (3, 0, 0x5F, 1, 0x1FF, None), (3, 0, 0x5F, 2, 0x1FF, (GP, 0)), (3, 0, 0x5D, 4, 0x1FF, (GP, 0)),
    (3, 0, 0x5C, 4, 0x1FF, None), (3, 0, 0x61, 1, 0x1FF, None), (3, VM, 0x40, 1, 0x1FF, None),
    (3, 0, 0x40, 1, 0x88 + 8, (GP, 0)), (3, 0, 0x40, 1, 0x88 + 9, None)])
def test_io_permission_bitmap(cpl, flags, port, size, limit, wanted):
    cpu = ported(cpl)
    cpu.eflags |= flags
    cpu.seg[TR].limit = limit
    poke(cpu, TSS_BASE + 0x66, 0x88, 2)
    poke(cpu, TSS_BASE + 0x88 + 0x60 // 8, 1, 1)
    assert attempt(io_check, cpu, port, size) == wanted


def test_16_bit_tss_has_no_bitmap():
    cpu = ported(3)
    cpu.seg[TR].limit, cpu.seg[TR].attr = 0xFFF, 0x83
    assert attempt(io_check, cpu, 0x40, 1) == (GP, 0)


def test_string_input_and_output():
    cpu = ported()
    cpu.gpr[1], cpu.gpr[2], cpu.gpr[6], cpu.gpr[7] = 3, 0x1F0, 0x800, 0x700
    INS[u16](cpu, record(flags=3 | REC_REP, len=3))
    assert peek(cpu, 0x700, 6) == 0xCDEF_CDEF_CDEF and (cpu.gpr[1], cpu.gpr[7], cpu.eip) == (0, 0x706, 0x100)
    cpu.eflags |= DF
    poke(cpu, 0x800, 0x12345678)
    OUTS[u32](cpu, record(seg=DS))
    assert cpu.log[3:] == [(32, 0x1F0, 0x12345678)] and cpu.gpr[6] == 0x7FC


def test_string_input_stops_when_its_time_is_up():
    cpu = ported()
    cpu.gpr[1], cpu.gpr[2], cpu.gpr[7] = 5, 0x1F0, 0x700
    cpu.left = 1
    cpu.eip = 0x103
    INS[u8](cpu, record(flags=3 | REC_REP, len=3))
    assert (cpu.gpr[1], cpu.gpr[7], cpu.eip, cpu.left) == (3, 0x702, 0x100, 0)


def test_string_input_does_not_touch_the_port_if_memory_refuses():
    cpu = ported()
    cpu.seg[0].access = 0
    cpu.gpr[7] = 0x700
    assert attempt(INS[u8], cpu, record()) == (GP, 0)
    assert cpu.log == []


def test_selectors_of_user_code_are_what_the_tests_think():
    assert protected(3).seg[CS].sel == CODE3 and protected(3).seg[DS].sel == DATA3
