import pytest

from emu.cpu.exceptions import (
    EXTERNAL, FAULT, INT_N, PRIVILEGED, SOFTWARE, TRAP, check_interrupts, debug_fetch, debug_io, deliver,
    deliver_debug_trap, deliver_fault)
from emu.cpu.segments import load_segment, set_v86, update_mode
from emu.cpu.semantics.returns import IRET
from emu.bus.types import u16, u32
from emu.cpu.state import (
    AC, AC_VEC, BP, CF, CR4_DE, CR4_VME, CS, DB, DE, DF_VEC, DR7_GD, DS, ES, FS, GP, GS, IF, IOPL, NMI, NP, NT,
    PF_VEC, RF, SHADOW_SS, SHADOW_STI, SS, SS_VEC, TF, TS_VEC, UD, VIF, VM)

from system_rig import (
    ABSENT_CODE, CODE0, CODE16, CODE3, CONFORMING0, DATA0, DATA3, FREE, READ3, STACK0, STACK16, STACK3, TSS_BASE,
    TSS_SEL, attempt, peek, poke, protected, put_descriptor, put_gate, real, record, selectors, stack)

INT_GATE, TRAP_GATE, INT_GATE16, TRAP_GATE16, TASK = 0x8E, 0x8F, 0x86, 0x87, 0x85
USER = 0x60


def v86(iopl=3):
    cpu = protected(3)
    cpu.eflags |= VM | IF | iopl << 12
    for seg, sel in ((CS, 0x100), (SS, 0x200), (DS, 0x300), (ES, 0x400), (FS, 0x500), (GS, 0x600)):
        set_v86(cpu, seg, sel)
    cpu.gpr[4] = 0x12340100
    cpu.eip = 0x22
    update_mode(cpu)
    return cpu


# -- real mode ---------------------------------------------------------------------------------------------------

def test_real_mode_vector():
    cpu = real()
    poke(cpu, 0x21 * 4, 0x1234_5678)
    cpu.eip, cpu.eflags = 0x42, 2 | CF | IF | TF | AC
    deliver(cpu, 0x21, 0, INT_N)
    assert (cpu.seg[CS].sel, cpu.seg[CS].base, cpu.eip) == (0x1234, 0x12340, 0x5678)
    assert stack(cpu, 3, 2) == [0x42, 0, (2 | CF | IF | TF)]
    assert cpu.eflags == 2 | CF and cpu.gpr[4] == 0x8000 - 6


def test_real_mode_faults_push_no_error_code():
    cpu = real()
    poke(cpu, GP * 4, 0x1000_0000)
    deliver_fault(cpu, GP, 0x123)
    assert cpu.gpr[4] == 0x8000 - 6 and not cpu.shutdown


def test_real_mode_table_limit_and_stack():
    cpu = real()
    cpu.idt_limit = 0x21 * 4 + 2
    assert attempt(deliver, cpu, 0x21, 0, INT_N) == (GP, 0)
    cpu.idt_limit = 0x21 * 4 + 3
    assert attempt(deliver, cpu, 0x21, 0, INT_N) is None
    cpu.gpr[4] = 1
    assert attempt(deliver, cpu, 0x21, 0, INT_N) == (SS_VEC, 0)
    assert cpu.gpr[4] == 1


def test_real_mode_without_a_table_shuts_down():
    cpu = real()
    cpu.idt_limit = 0
    deliver_fault(cpu, GP, 0)
    assert cpu.shutdown


# -- gates at one level ------------------------------------------------------------------------------------------

@pytest.mark.parametrize("attr, flags_after, size", [
    (INT_GATE, 2 | CF, 4), (TRAP_GATE, 2 | CF | IF, 4), (INT_GATE16, 2 | CF, 2), (TRAP_GATE16, 2 | CF | IF, 2)])
def test_gate_at_the_same_level(attr, flags_after, size):
    cpu = protected()
    put_gate(cpu, 0x30, CODE0, 0x7654_3210, attr)
    cpu.eflags = 2 | CF | IF | TF | NT
    deliver(cpu, 0x30, 0, INT_N)
    assert stack(cpu, 3, size) == [0x100, CODE0, 2 | CF | IF | TF | NT]
    assert cpu.gpr[4] == STACK0 - 3 * size and cpu.eflags == flags_after
    assert cpu.eip == (0x7654_3210 if size == 4 else 0x3210)


@pytest.mark.parametrize("vector, code", [
    (DE, False), (UD, False), (DF_VEC, True), (TS_VEC, True), (NP, True), (SS_VEC, True), (GP, True), (PF_VEC, True),
    (AC_VEC, True), (16, False), (0x2A, False)])
def test_error_code_and_resume_flag(vector, code):
    cpu = protected()
    put_gate(cpu, vector, CODE0, 0x5000, INT_GATE)
    deliver(cpu, vector, 0x77, FAULT)
    pushed = stack(cpu, 4)
    if code:
        assert pushed.pop(0) == 0x77
    assert pushed[:3] == [0x100, CODE0, 2 | RF]
    assert cpu.gpr[4] == STACK0 - (16 if code else 12) and cpu.eflags & RF == 0


@pytest.mark.parametrize("kind", [TRAP, EXTERNAL, INT_N, SOFTWARE, PRIVILEGED])
def test_only_faults_push_rf_and_an_error_code(kind):
    cpu = protected()
    put_gate(cpu, GP, CODE0, 0x5000, INT_GATE)
    deliver(cpu, GP, 0x77, kind)
    assert stack(cpu, 3) == [0x100, CODE0, 2] and cpu.gpr[4] == STACK0 - 12


def test_16_bit_stack_keeps_the_upper_half_of_esp():
    cpu = protected()
    load_segment(cpu, SS, STACK16)
    cpu.gpr[4] = 0xABCD0004
    put_gate(cpu, 0x30, CODE0, 0x5000, INT_GATE)
    deliver(cpu, 0x30, 0, INT_N)
    assert cpu.gpr[4] == 0xABCDFFF8
    assert peek(cpu, 0) == 2 and peek(cpu, 0xFFFC) == CODE0 and peek(cpu, 0xFFF8) == 0x100


# -- gates that lead inwards -------------------------------------------------------------------------------------

@pytest.mark.parametrize("attr, size", [(INT_GATE, 4), (INT_GATE16, 2)])
def test_gate_to_an_inner_level(attr, size):
    cpu = protected(3)
    put_gate(cpu, GP, CODE0, 0x5000, attr)
    load_segment(cpu, GS, DATA3)
    deliver(cpu, GP, 0x18, FAULT)
    assert cpu.cpl == 0 and cpu.seg[CS].sel == CODE0 and cpu.seg[SS].sel == DATA0
    mask = (1 << 8 * size) - 1
    assert stack(cpu, 6, size) == [0x18, 0x100, CODE3, (2 | RF) & mask, STACK3 & mask, DATA3]
    assert cpu.gpr[4] == STACK0 - 6 * size
    assert cpu.seg[GS].sel == DATA3                   # data segments stay


def test_conforming_handler_stays_at_the_level_of_the_program():
    cpu = protected(3)
    put_gate(cpu, 0x30, CONFORMING0, 0x5000, INT_GATE | USER)
    deliver(cpu, 0x30, 0, INT_N)
    assert cpu.cpl == 3 and cpu.seg[CS].sel == CONFORMING0 | 3 and cpu.gpr[4] == STACK3 - 12


def test_inner_stack_of_a_16_bit_tss():
    cpu = protected(3)
    cpu.seg[7].attr = 0x83
    poke(cpu, TSS_BASE + 2, 0x7000, 2)
    poke(cpu, TSS_BASE + 4, DATA0, 2)
    put_gate(cpu, 0x30, CODE0, 0x5000, INT_GATE | USER)
    deliver(cpu, 0x30, 0, INT_N)
    assert cpu.gpr[4] == 0x7000 - 20


@pytest.mark.parametrize("ss, esp, wanted", [
    (0, STACK0, (TS_VEC, 0)), (DATA3, STACK0, (TS_VEC, DATA3 & ~3)), (READ3 & ~3, STACK0, (TS_VEC, READ3 & ~3)),
    (0x3F8, STACK0, (TS_VEC, 0x3F8)), (CODE0, STACK0, (TS_VEC, CODE0)), (DATA0 | 1, STACK0, (TS_VEC, DATA0)),
    (FREE, STACK0, (SS_VEC, FREE)), (FREE + 8, 0x1000, (SS_VEC, FREE + 8))])
@pytest.mark.parametrize("kind, ext", [(INT_N, 0), (EXTERNAL, 1)])
def test_bad_inner_stack(ss, esp, wanted, kind, ext):
    cpu = protected(3)
    put_descriptor(cpu, FREE, 0, 0xFFFF, 0x4013)      # absent
    put_descriptor(cpu, FREE + 8, 0, 0xFF, 0x4093)    # too small
    poke(cpu, TSS_BASE + 4, esp)
    poke(cpu, TSS_BASE + 8, ss)
    put_gate(cpu, 0x30, CODE0, 0x5000, INT_GATE | USER)
    before = cpu.save()
    assert attempt(deliver, cpu, 0x30, 0, kind) == (wanted[0], wanted[1] | ext)
    after = cpu.save()
    for tlb in ("tlb", "tlb_local", "tlb_local_count", "tlb_global", "tlb_global_count"):
        del before[tlb], after[tlb]
    assert after == before


def test_tss_too_small_for_the_inner_stack():
    cpu = protected(3)
    cpu.seg[7].limit = 8
    put_gate(cpu, 0x30, CODE0, 0x5000, INT_GATE | USER)
    assert attempt(deliver, cpu, 0x30, 0, INT_N) == (TS_VEC, TSS_SEL)


# -- bad gates ---------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("sel, offset, attr, wanted", [
    (CODE0, 0, 0x0E, (NP, 0x182)), (CODE0, 0, 0x8C, (GP, 0x182)), (CODE0, 0, 0x9A, (GP, 0x182)),
    (0, 0, INT_GATE, (GP, 0)), (0x3F8, 0, INT_GATE, (GP, 0x3F8)), (DATA0, 0, INT_GATE, (GP, DATA0)),
    (ABSENT_CODE, 0, INT_GATE, (NP, ABSENT_CODE)), (CODE16, 0x10000, INT_GATE, (GP, 0)),
    (CODE3 & ~3, 0, INT_GATE, (GP, CODE3 & ~3)),      # outwards
    (0x3F8, 0, TASK, (GP, 0x3F8)), (TSS_SEL | 4, 0, TASK, (GP, TSS_SEL | 4)), (TSS_SEL, 0, TASK, (GP, TSS_SEL))])
@pytest.mark.parametrize("kind, ext", [(INT_N, 0), (SOFTWARE, 0), (PRIVILEGED, 1), (EXTERNAL, 1), (FAULT, 1)])
def test_bad_gates(sel, offset, attr, wanted, kind, ext):
    cpu = protected()
    put_gate(cpu, 0x30, sel, offset, attr)
    assert attempt(deliver, cpu, 0x30, 0, kind) == (wanted[0], wanted[1] | ext)
    assert (cpu.eip, cpu.gpr[4], cpu.seg[CS].sel) == (0x100, STACK0, CODE0)


def test_table_limit():
    cpu = protected()
    cpu.idt_limit = 0x30 * 8 + 6
    assert attempt(deliver, cpu, 0x30, 0, EXTERNAL) == (GP, 0x183)


@pytest.mark.parametrize("kind, wanted", [
    (INT_N, (GP, 0x182)), (SOFTWARE, (GP, 0x182)), (PRIVILEGED, None), (EXTERNAL, None)])
def test_software_needs_the_gates_privilege(kind, wanted):
    cpu = protected(3)
    put_gate(cpu, 0x30, CODE0, 0x5000, INT_GATE)
    assert attempt(deliver, cpu, 0x30, 0, kind) == wanted


# -- virtual-8086 mode -------------------------------------------------------------------------------------------

@pytest.mark.parametrize("attr, size", [(INT_GATE, 4), (INT_GATE16, 2)])
def test_from_virtual_8086_mode_and_back(attr, size):
    cpu = v86()
    put_gate(cpu, GP, CODE0, 0x5000, attr)
    flags = cpu.eflags
    deliver(cpu, GP, 0, FAULT)
    mask = (1 << 8 * size) - 1
    assert stack(cpu, 10, size) == [
        0, 0x22, 0x100, (flags | RF) & mask, 0x12340100 & mask, 0x200, 0x400, 0x300, 0x500, 0x600]
    assert cpu.eflags & (VM | IF) == 0 and cpu.cpl == 0
    assert selectors(cpu)[:6] == [0, CODE0, DATA0, 0, 0, 0]
    if size == 4:
        cpu.gpr[4] += 4
        IRET[u32](cpu, record())
        assert selectors(cpu)[:6] == [0x400, 0x100, 0x200, 0x300, 0x500, 0x600]
        assert (cpu.eip, cpu.gpr[4], cpu.eflags, cpu.cpl) == (0x22, 0x12340100, flags | RF, 3)
        assert cpu.seg[DS].base == 0x3000 and cpu.mode == 0


def test_handler_of_virtual_8086_mode_must_be_level_0():
    cpu = v86()
    put_gate(cpu, 0x30, CODE3, 0x5000, INT_GATE | USER)
    assert attempt(deliver, cpu, 0x30, 0, INT_N) == (GP, CODE3 & ~3)
    put_gate(cpu, 0x30, CONFORMING0, 0x5000, INT_GATE | USER)
    assert attempt(deliver, cpu, 0x30, 0, INT_N) == (GP, CONFORMING0)


@pytest.mark.parametrize("iopl, kind, wanted", [
    (3, INT_N, None), (0, INT_N, (GP, 0)), (0, SOFTWARE, None), (0, EXTERNAL, None)])
def test_int_n_depends_on_iopl(iopl, kind, wanted):
    cpu = v86(iopl)
    put_gate(cpu, 0x30, CODE0, 0x5000, INT_GATE | USER)
    assert attempt(deliver, cpu, 0x30, 0, kind) == wanted


def vme(iopl, redirected=True):
    cpu = v86(iopl)
    cpu.cr4 = CR4_VME
    cpu.seg[7].limit = 0xFFF
    poke(cpu, TSS_BASE + 0x66, 0x88, 2)
    if not redirected:
        poke(cpu, TSS_BASE + 0x68 + 4, 1 << 1, 1)     # vector 21h
    poke(cpu, 0x21 * 4, 0x0777_0010)
    return cpu


def test_redirection_at_iopl_3_works_on_if():
    cpu = vme(3)
    flags = cpu.eflags
    deliver(cpu, 0x21, 0, INT_N)
    assert (cpu.seg[CS].sel, cpu.eip, cpu.cpl) == (0x777, 0x10, 3)
    assert stack(cpu, 3, 2) == [0x22, 0x100, flags & 0xFFFF] and cpu.eflags & (IF | VM) == VM


@pytest.mark.parametrize("vif", [0, VIF])
def test_redirection_below_iopl_3_works_on_vif(vif):
    cpu = vme(0)
    cpu.eflags = cpu.eflags & ~IF | vif
    deliver(cpu, 0x21, 0, INT_N)
    assert stack(cpu, 3, 2)[2] == 2 | IOPL | (IF if vif else 0)
    assert cpu.eflags & (VIF | IF | IOPL) == 0
    cpu.eflags |= VIF
    IRET[u16](cpu, record(osize=16))
    assert cpu.eip == 0x22 and cpu.eflags & VIF == vif and cpu.eflags & (IOPL | IF) == 0


def test_redirection_bitmap_can_say_no():
    assert attempt(deliver, vme(0, False), 0x21, 0, INT_N) == (GP, 0)
    cpu = vme(3, False)
    put_gate(cpu, 0x21, CODE0, 0x5000, INT_GATE | USER)
    deliver(cpu, 0x21, 0, INT_N)
    assert cpu.cpl == 0 and cpu.eip == 0x5000


# -- faults during delivery --------------------------------------------------------------------------------------

def handlers(cpu, *vectors):
    cpu.idt_limit = 0x1FF
    for v in vectors:
        put_gate(cpu, v, CODE0, 0x5000 + v, INT_GATE)


def test_contributory_faults_make_a_double_fault():
    cpu = protected()
    handlers(cpu, DF_VEC)
    deliver_fault(cpu, GP, 0x10)
    assert cpu.eip == 0x5000 + DF_VEC and stack(cpu, 2) == [0, 0x100]


@pytest.mark.parametrize("first", [UD, DB, 0x30])
def test_benign_first_is_served_in_turn(first):
    cpu = protected()
    handlers(cpu, GP, DF_VEC)
    deliver_fault(cpu, first, 0)
    assert cpu.eip == 0x5000 + GP and stack(cpu, 1) == [first * 8 + 3]


def test_page_fault_then_contributory_makes_a_double_fault():
    cpu = protected()
    handlers(cpu, GP, DF_VEC)
    deliver_fault(cpu, PF_VEC, 2)
    assert cpu.eip == 0x5000 + DF_VEC


def test_contributory_fault_of_a_task_gate_doubles():
    cpu = protected()
    handlers(cpu, GP, DF_VEC)
    put_gate(cpu, NP, DATA0, 0, TASK)
    deliver_fault(cpu, NP, 0)
    assert cpu.eip == 0x5000 + DF_VEC


def fail_page(cpu, page):
    """Switch paging on with an identity map of 4 MiB in which one page is absent."""
    poke(cpu, 0x90000, 0x91007)
    for n in range(256):
        poke(cpu, 0x91000 + 4 * n, n << 12 | 7)
    poke(cpu, 0x91000 + (page >> 12) * 4, 0)
    cpu.cr3 = 0x90000
    cpu.cr0 |= 0x80000000


def test_page_fault_while_a_general_protection_fault_is_delivered_is_served_in_turn():
    cpu = protected()
    handlers(cpu, GP, PF_VEC, DF_VEC)
    cpu.gdt_limit = 0xFFFF
    put_gate(cpu, GP, 0x7000, 0, INT_GATE)            # its descriptor is at 0x8000
    fail_page(cpu, 0x8000)
    deliver_fault(cpu, GP, 0)
    assert cpu.eip == 0x5000 + PF_VEC and cpu.cr2 == 0x8000
    cpu = protected()
    handlers(cpu, DF_VEC)
    cpu.gdt_limit = 0xFFFF
    put_gate(cpu, PF_VEC, 0x7000, 0, INT_GATE)
    fail_page(cpu, 0x8000)
    deliver_fault(cpu, PF_VEC, 0)
    assert cpu.eip == 0x5000 + DF_VEC


def test_fault_in_a_double_fault_shuts_down():
    cpu = protected()
    cpu.idt_limit = 0
    deliver_fault(cpu, GP, 0)
    assert cpu.shutdown


def test_external_interrupts_are_benign():
    cpu = protected()
    handlers(cpu, GP, DF_VEC)
    cpu.intr, cpu.eflags, cpu.acknowledge = 1, 2 | IF, lambda: 0x30
    assert check_interrupts(cpu)
    assert cpu.eip == 0x5000 + GP and stack(cpu, 1) == [0x183]


# -- interrupts --------------------------------------------------------------------------------------------------

def test_maskable_interrupt():
    cpu = protected()
    handlers(cpu, 0x30)
    cpu.acknowledge = lambda: 0x30
    cpu.halted = True
    cpu.intr = 1
    assert not check_interrupts(cpu) and cpu.halted
    cpu.eflags |= IF
    for shadow in (SHADOW_STI, SHADOW_SS):
        cpu.shadow = shadow
        assert not check_interrupts(cpu)
    cpu.shadow = 0
    assert check_interrupts(cpu)
    assert cpu.eip == 0x5030 and not cpu.halted and cpu.eflags & IF == 0 and stack(cpu, 1) == [0x100]


def test_nmi_is_masked_until_iret():
    cpu = protected()
    handlers(cpu, NMI)
    cpu.nmi = 1
    assert check_interrupts(cpu) and cpu.eip == 0x5000 + NMI
    cpu.nmi = 1
    assert not check_interrupts(cpu)
    IRET[u32](cpu, record())
    assert check_interrupts(cpu)


def test_nmi_waits_for_the_instruction_after_mov_ss():
    cpu = protected()
    handlers(cpu, NMI)
    cpu.nmi, cpu.shadow = 1, SHADOW_SS
    assert not check_interrupts(cpu)


# -- debug -------------------------------------------------------------------------------------------------------

def test_debug_trap_updates_dr6_and_clears_gd():
    cpu = protected()
    handlers(cpu, DB)
    cpu.trap, cpu.dr[7] = 0x4001, 0x400 | DR7_GD
    cpu.eflags |= TF
    deliver_debug_trap(cpu)
    assert cpu.dr[6] == 0xFFFF4FF1 and cpu.dr[7] == 0x400 and cpu.trap == 0
    assert stack(cpu, 3)[2] & (RF | TF) == TF and cpu.eflags & TF == 0


def test_instruction_breakpoint():
    cpu = protected()
    handlers(cpu, DB)
    cpu.dr[0], cpu.dr[7] = 0x100, 0x401
    cpu.eflags |= RF
    assert not debug_fetch(cpu)
    cpu.eflags &= ~RF
    cpu.eip = 0x101
    assert not debug_fetch(cpu)
    cpu.eip = 0x100
    assert debug_fetch(cpu)
    assert cpu.dr[6] == 0xFFFF0FF1 and stack(cpu, 3) == [0x100, CODE0, 2]


@pytest.mark.parametrize("de, port, size, hit", [
    (True, 0x60, 1, True), (True, 0x5F, 1, False), (True, 0x5F, 2, True), (True, 0x61, 1, True), (True, 0x62, 1, False),
    (False, 0x60, 1, False)])
def test_io_breakpoint(de, port, size, hit):
    cpu = protected()
    cpu.cr4 = CR4_DE if de else 0
    cpu.dr[1], cpu.dr[7] = 0x60, 0x400 | 1 << 3 | 2 << 20 | 1 << 22
    debug_io(cpu, port, size)
    assert cpu.trap == (2 if hit else 0)


def test_breakpoint_instruction_is_a_trap():
    cpu = protected(3)
    put_gate(cpu, BP, CODE0, 0x5000, TRAP_GATE | USER)
    deliver(cpu, BP, 0, SOFTWARE)
    assert stack(cpu, 1) == [0x100] and stack(cpu, 3)[2] & RF == 0


def test_frames_meet_data_breakpoints():
    cpu = protected()
    put_gate(cpu, 0x30, CODE0, 0x5000, INT_GATE)
    cpu.dr[2], cpu.dr[7] = STACK0 - 4, 0x400 | 1 << 4 | 1 << 24 | 3 << 26
    update_mode(cpu)
    deliver(cpu, 0x30, 0, INT_N)
    assert cpu.trap == 4


def test_alignment_of_frames_counts_at_level_3_only():
    cpu = protected(3)
    cpu.cr0 |= 1 << 18
    cpu.eflags |= AC
    update_mode(cpu)
    put_gate(cpu, 0x30, CONFORMING0, 0x5000, INT_GATE | USER)
    put_gate(cpu, 0x31, CODE0, 0x5000, INT_GATE | USER)
    cpu.gpr[4] -= 1
    poke(cpu, TSS_BASE + 4, STACK0 - 1)
    assert attempt(deliver, cpu, 0x30, 0, INT_N) == (AC_VEC, 0)
    assert attempt(deliver, cpu, 0x31, 0, INT_N) is None
