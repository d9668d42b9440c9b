import pytest

from emu.bus.types import u32
from emu.cpu.exceptions import FAULT, INT_N, deliver, deliver_fault
from emu.cpu.semantics.far import CALLF_ptr, JMPF_ptr
from emu.cpu.semantics.returns import IRET
from emu.cpu.state import CF, CR0_TS, CR4_PAE, CS, DF_VEC, DR6_BT, DS, GP, GS, IF, NP, NT, RF, SS, SS_VEC, TS_VEC, VM

from system_rig import (
    ABSENT3, ABSENT_CODE, CODE0, CODE16, CODE3, CONFORMING0, DATA0, DATA3, FREE, GDT, LDT_BASE, LDT_SEL, STACK0,
    STACK16, STACK3, TSS16_BASE, TSS16_SEL, TSS2_BASE, TSS2_SEL, TSS_BASE, TSS_SEL, attempt, gate, peek, poke,
    protected, put_descriptor, put_gate, record, selectors, stack)

REGISTERS = [0x11111111 * (n + 1) for n in range(8)]


def fill_tss(cpu, base=TSS2_BASE, eip=0x4321, flags=2 | CF, cs=CODE0, ss=DATA0, data=DATA0, ldt=0, trap=0, esp=0xF000):
    poke(cpu, base + 0x1C, 0)
    poke(cpu, base + 0x20, eip)
    poke(cpu, base + 0x24, flags)
    for n, value in enumerate(REGISTERS):
        poke(cpu, base + 0x28 + 4 * n, esp if n == 4 else value)
    for n, sel in enumerate((data, cs, ss, data, 0, 0)):
        poke(cpu, base + 0x48 + 4 * n, sel)
    poke(cpu, base + 0x60, ldt)
    poke(cpu, base + 0x64, trap, 2)


def fill_tss16(cpu, base=TSS16_BASE, flags=2):
    for at, value in ((0x0E, 0x4321), (0x10, flags), (0x22, DATA0), (0x24, CODE0), (0x26, STACK16), (0x28, DATA0),
            (0x2A, 0)):
        poke(cpu, base + at, value, 2)
    for n in range(8):
        poke(cpu, base + 0x12 + 2 * n, 0xF000 + n, 2)


def far(sel, off=0):
    return record(imm=off, imm2=sel)


def busy(cpu, sel):
    return peek(cpu, GDT + (sel & 0xFFF8) + 5, 1) & 2 != 0


@pytest.fixture
def cpu():
    cpu = protected()
    fill_tss(cpu)
    return cpu


def test_jump_to_a_tss(cpu):
    cpu.gpr[0], cpu.gpr[7], cpu.eflags, cpu.dr[7] = 0xAAAA5555, 7, 2 | IF, 0x7FF
    JMPF_ptr[u32](cpu, far(TSS2_SEL))
    assert (cpu.eip, cpu.eflags, cpu.seg[7].sel) == (0x4321, 2 | CF, TSS2_SEL)
    assert list(cpu.gpr[:8]) == [0xF000 if n == 4 else v for n, v in enumerate(REGISTERS)]
    assert selectors(cpu)[:6] == [DATA0, CODE0, DATA0, DATA0, 0, 0]
    assert cpu.cr0 & CR0_TS and cpu.dr[7] == 0x6AA
    assert not busy(cpu, TSS_SEL) and busy(cpu, TSS2_SEL) and cpu.seg[7].attr & 2
    saved = [peek(cpu, TSS_BASE + at) for at in (0x20, 0x24, 0x28, 0x38, 0x44, 0x48, 0x4C, 0x58)]
    assert saved == [0x100, 2 | IF, 0xAAAA5555, STACK0, 7, DATA0, CODE0, 0]


def test_call_nests_and_iret_returns(cpu):
    CALLF_ptr[u32](cpu, far(TSS2_SEL))
    assert cpu.eflags & NT and busy(cpu, TSS_SEL) and busy(cpu, TSS2_SEL)
    assert peek(cpu, TSS2_BASE, 2) == TSS_SEL
    cpu.eip = 0x4400
    IRET[u32](cpu, record())
    assert (cpu.eip, cpu.gpr[4], cpu.seg[7].sel) == (0x100, STACK0, TSS_SEL)
    assert cpu.eflags & NT == 0 and busy(cpu, TSS_SEL) and not busy(cpu, TSS2_SEL)
    assert peek(cpu, TSS2_BASE + 0x24) & NT == 0 and peek(cpu, TSS2_BASE + 0x20) == 0x4400


def test_16_bit_tss(cpu):
    fill_tss16(cpu)
    CALLF_ptr[u32](cpu, far(TSS16_SEL))
    assert (cpu.eip, cpu.eflags) == (0x4321, 2 | NT)
    assert [cpu.gpr[n] for n in range(8)] == [0xFFFFF000 + n for n in range(8)]
    assert cpu.seg[GS].sel == 0 and peek(cpu, TSS16_BASE, 2) == TSS_SEL
    cpu.eip = 0x777
    IRET[u32](cpu, record())
    assert cpu.eip == 0x100 and peek(cpu, TSS16_BASE + 0x0E, 2) == 0x777


def test_task_gate_of_a_jump(cpu):
    poke(cpu, GDT + FREE, gate(TSS2_SEL, 0, 0x85), 8)
    JMPF_ptr[u32](cpu, far(FREE))
    assert cpu.seg[7].sel == TSS2_SEL


@pytest.mark.parametrize("sel, wanted", [
    (TSS_SEL, (GP, TSS_SEL)),                          # busy
    (TSS2_SEL | 3, (GP, TSS2_SEL)),                    # RPL above the descriptor's level
    (FREE, (GP, TSS_SEL)), (FREE + 8, (NP, FREE + 8)), (FREE + 16, (GP, DATA0)), (FREE + 24, (NP, FREE + 24)),
    (FREE + 32, (GP, 0x0C)), (FREE + 40, (TS_VEC, FREE + 40)), (FREE | 3, (GP, FREE))])
def test_refused_switches_change_nothing(cpu, sel, wanted):
    poke(cpu, GDT + FREE, gate(TSS_SEL, 0, 0x85), 8)
    poke(cpu, GDT + FREE + 8, gate(TSS2_SEL, 0, 0x05), 8)
    poke(cpu, GDT + FREE + 16, gate(DATA0, 0, 0x85), 8)
    put_descriptor(cpu, FREE + 24, TSS2_BASE, 0x67, 0x09)
    poke(cpu, GDT + FREE + 32, gate(0x0C, 0, 0x85), 8)
    put_descriptor(cpu, FREE + 40, TSS2_BASE, 0x66, 0x89)
    before = bytes(cpu.memory)
    assert attempt(JMPF_ptr[u32], cpu, far(sel)) == wanted
    assert bytes(cpu.memory) == before and cpu.seg[7].sel == TSS_SEL and cpu.eip == 0x100


@pytest.mark.parametrize("link, wanted", [
    (TSS2_SEL, (TS_VEC, TSS2_SEL)), (0, (TS_VEC, 0)), (0x0C, (TS_VEC, 0x0C)), (0x3F8, (TS_VEC, 0x3F8)),
    (DATA0, (TS_VEC, DATA0))])
def test_iret_needs_a_busy_link(cpu, link, wanted):
    cpu.eflags |= NT
    poke(cpu, TSS_BASE, link, 2)
    assert attempt(IRET[u32], cpu, record()) == wanted


@pytest.mark.parametrize("changes, vector, error", [
    (dict(cs=0), TS_VEC, 0), (dict(cs=DATA0), TS_VEC, DATA0), (dict(cs=0x3F8), TS_VEC, 0x3F8),
    (dict(cs=CODE3 & ~3), TS_VEC, CODE3 & ~3), (dict(cs=ABSENT_CODE), NP, ABSENT_CODE),
    (dict(ss=0), TS_VEC, 0), (dict(ss=CODE0), TS_VEC, CODE0), (dict(ss=DATA3), TS_VEC, DATA3 & ~3),
    (dict(data=ABSENT3), NP, ABSENT3 & ~3), (dict(data=LDT_SEL), TS_VEC, LDT_SEL),
    (dict(ldt=DATA0), TS_VEC, DATA0), (dict(ldt=0x0C), TS_VEC, 0x0C), (dict(cs=CODE16, eip=0x10000), GP, 0)])
def test_bad_states_fault_in_the_new_task(cpu, changes, vector, error):
    put_gate(cpu, vector, TSS16_SEL, 0, 0x85)          # a handler with a state of its own; any other shuts down
    fill_tss16(cpu)
    fill_tss(cpu, **changes)
    JMPF_ptr[u32](cpu, far(TSS2_SEL))
    assert cpu.seg[7].sel == TSS16_SEL and not cpu.late
    assert peek(cpu, TSS16_BASE, 2) == TSS2_SEL
    assert peek(cpu, TSS2_BASE + 0x20) == changes.get("eip", 0x4321)   # the new task's EIP
    assert peek(cpu, TSS2_BASE + 0x24) & RF
    assert stack(cpu, 1, 2) == [error] and cpu.gpr[4] == 0xFFFFF002


def test_which_vector_the_new_task_takes(cpu):
    put_gate(cpu, NP, CODE0, 0x5000 + NP, 0x8E)
    fill_tss(cpu, data=ABSENT3)
    JMPF_ptr[u32](cpu, far(TSS2_SEL))
    assert cpu.eip == 0x5000 + NP and stack(cpu, 3) == [ABSENT3 & ~3, 0x4321, CODE0]
    assert cpu.seg[DS].sel == ABSENT3 and cpu.seg[DS].access == 0


def test_double_fault_task_gets_the_error_code(cpu):
    put_gate(cpu, DF_VEC, TSS2_SEL, 0, 0x85)
    deliver_fault(cpu, GP, 0x1234)
    assert cpu.seg[7].sel == TSS2_SEL and cpu.eip == 0x4321
    assert stack(cpu, 1) == [0] and cpu.gpr[4] == 0xF000 - 4
    assert peek(cpu, TSS_BASE + 0x20) == 0x100 and peek(cpu, TSS_BASE + 0x24) == 2 | RF and cpu.eflags & NT


def test_error_code_that_finds_no_stack(cpu):
    put_descriptor(cpu, FREE, 0, 0xFF, 0x4093)
    fill_tss(cpu, ss=FREE, esp=0x1000)
    put_gate(cpu, GP, TSS2_SEL, 0, 0x85)
    deliver(cpu, GP, 0x10, FAULT)
    assert cpu.late and (cpu.late_vector, cpu.late_error) == (SS_VEC, 1)


def test_software_interrupt_through_a_task_gate(cpu):
    put_gate(cpu, 0x30, TSS2_SEL, 0, 0x85)
    deliver(cpu, 0x30, 0, INT_N)
    assert cpu.seg[7].sel == TSS2_SEL and cpu.gpr[4] == 0xF000


def test_switch_to_another_level(cpu):
    fill_tss(cpu, cs=CODE3, ss=DATA3, data=DATA3, esp=STACK3)
    JMPF_ptr[u32](cpu, far(TSS2_SEL))
    assert cpu.cpl == 3 and cpu.gpr[4] == STACK3


def test_conforming_code_of_an_inner_level(cpu):
    fill_tss(cpu, cs=CONFORMING0 | 3, ss=DATA3, data=DATA3)
    JMPF_ptr[u32](cpu, far(TSS2_SEL))
    assert cpu.cpl == 3 and cpu.eip == 0x4321


def test_switch_into_virtual_8086_mode(cpu):
    fill_tss(cpu, flags=2 | VM, cs=0x1234, ss=0x10, data=0x20, eip=0x50)
    JMPF_ptr[u32](cpu, far(TSS2_SEL))
    assert cpu.cpl == 3 and cpu.seg[CS].base == 0x12340 and cpu.seg[SS].attr == 0xF3 and cpu.mode == 0


def test_ldt_of_the_new_task(cpu):
    put_descriptor(cpu, 0x0C, 0x7000, 0xFFF, 0x4092)
    fill_tss(cpu, ldt=LDT_SEL, data=0x0C)
    JMPF_ptr[u32](cpu, far(TSS2_SEL))
    assert cpu.seg[6].base == LDT_BASE and cpu.seg[DS].base == 0x7000
    assert peek(cpu, LDT_BASE + 13, 1) == 0x93


def test_debug_trap_bit(cpu):
    fill_tss(cpu, trap=1)
    JMPF_ptr[u32](cpu, far(TSS2_SEL))
    assert cpu.trap == DR6_BT


def paged(cpu, directory, absent=()):
    """A page directory with an identity map of 1 MiB."""
    poke(cpu, directory, (directory + 0x1000) | 7)
    for n in range(256):
        poke(cpu, directory + 0x1000 + 4 * n, 0 if n << 12 in absent else n << 12 | 7)


def test_page_directory_of_the_new_task(cpu):
    paged(cpu, 0x90000)
    paged(cpu, 0x92000)
    cpu.cr3, cpu.cr0 = 0x90000, cpu.cr0 | 0x80000000
    poke(cpu, TSS2_BASE + 0x1C, 0x92000)
    JMPF_ptr[u32](cpu, far(TSS2_SEL))
    assert cpu.cr3 == 0x92000 and not cpu.late


def test_absent_tss_page_faults_in_the_old_task(cpu):
    paged(cpu, 0x90000, absent=(TSS2_BASE,))
    cpu.cr3, cpu.cr0 = 0x90000, cpu.cr0 | 0x80000000
    memory = bytes(cpu.memory[:0x90000])
    assert attempt(JMPF_ptr[u32], cpu, far(TSS2_SEL)) == (14, 0)
    assert cpu.seg[7].sel == TSS_SEL and bytes(cpu.memory[:0x90000]) == memory


def test_bad_page_directory_pointers_of_the_new_task(cpu):
    cpu.cr4 = CR4_PAE
    cpu.pdpte[0] = 0x93001
    poke(cpu, 0x93000, 0x87, 8)                        # 2 MiB identity
    cpu.cr0 |= 0x80000000
    poke(cpu, 0x94000, 3, 8)
    poke(cpu, TSS2_BASE + 0x1C, 0x94000)
    put_gate(cpu, TS_VEC, TSS16_SEL, 0, 0x85)
    fill_tss16(cpu)
    JMPF_ptr[u32](cpu, far(TSS2_SEL))
    assert cpu.seg[7].sel == TSS16_SEL and stack(cpu, 1, 2) == [TSS2_SEL]


def test_tables_of_the_rig_are_as_the_tests_think():
    cpu = protected()
    assert busy(cpu, TSS_SEL) and not busy(cpu, TSS2_SEL) and cpu.seg[SS].sel == DATA0
