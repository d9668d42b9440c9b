import pytest

from emu.bus.types import u16, u32
from emu.cpu.segments import load_segment
from emu.cpu.semantics.far import (
    CALLF_mem, CALLF_ptr, JMPF_mem, JMPF_ptr, LDS, LES, LSS, MOV_mem_sreg, MOV_reg_sreg, MOV_to_sreg, POP_sreg,
    PUSH_sreg)
from emu.cpu.semantics.returns import INT1, INT3, INT_n, INTO, IRET, RETF, RETF_imm
from emu.cpu.state import (
    CF, CR4_VME, CS, DF, DS, ES, FS, GP, GS, ID, IF, IOPL, NP, NT, OF, REC_MEM, RF, SHADOW_SS, SS, SS_VEC, TF,
    TS_VEC, UD, VIF, VIP, VM, ZF)

from system_rig import (
    ABSENT3, ABSENT_CODE, CODE0, CODE16, CODE3, CODE3X, CONFORMING0, DATA0, DATA3, DOWN0, FREE, GDT, LDT_SEL,
    READ3, STACK0, STACK16, STACK3, TSS_BASE, attempt, gate, peek, poke, protected, put_descriptor, put_gate, real,
    record, stack)

CALL_GATE, CALL_GATE16, USER = 0x8C, 0x84, 0x60


def far(sel, off=0, osize=32):
    return record(osize, imm=off, imm2=sel)


def memory(at, **fields):
    return record(disp=at, flags=3 | REC_MEM, **fields)


def put_stack(cpu, *words, size=4):
    for n, word in enumerate(words):
        poke(cpu, cpu.seg[SS].base + cpu.gpr[4] + n * size, word, size)


# -- direct jumps and calls --------------------------------------------------------------------------------------

DIRECT = [
    (0, CODE0, 0, None), (0, CODE0 | 3, 0, (GP, CODE0)), (0, 0, 0, (GP, 0)), (0, 3, 0, (GP, 0)),
    (0, 0x3F8, 0, (GP, 0x3F8)), (0, DATA0, 0, (GP, DATA0)), (0, CODE3, 0, (GP, CODE3 & ~3)), (3, CODE3, 0, None),
    (3, CODE3 & ~3, 0, None), (3, CODE0, 0, (GP, CODE0)), (3, CONFORMING0, 0, None), (3, CODE3X, 0xFFFF, None),
    (3, CODE3X, 0x10000, (GP, 0)), (0, ABSENT_CODE, 0, (NP, ABSENT_CODE)), (0, LDT_SEL, 0, (GP, LDT_SEL)),
    (0, CODE16, 0x10000, (GP, 0))]


@pytest.mark.parametrize("cpl, sel, off, wanted", DIRECT)
@pytest.mark.parametrize("function", [JMPF_ptr, CALLF_ptr])
def test_direct(function, cpl, sel, off, wanted):
    cpu = protected(cpl)
    top = cpu.gpr[4]
    assert attempt(function[u32], cpu, far(sel, off)) == wanted
    if wanted is None:
        assert cpu.seg[CS].sel == sel & ~3 | cpl and cpu.eip == off and cpu.cpl == cpl
    else:
        assert cpu.eip == 0x100 and cpu.gpr[4] == top


@pytest.mark.parametrize("width, size", [(u16, 2), (u32, 4)])
def test_call_pushes_the_return_address(width, size):
    cpu = protected()
    CALLF_ptr[width](cpu, far(CODE0, 0x1234))
    assert stack(cpu, 2, size) == [0x100, CODE0] and cpu.gpr[4] == STACK0 - 2 * size


def test_far_pointer_in_memory():
    cpu = protected()
    poke(cpu, 0x700, 0x1234, 4)
    poke(cpu, 0x704, CODE0, 2)
    JMPF_mem[u32](cpu, memory(0x700))
    assert cpu.eip == 0x1234
    poke(cpu, 0x702, CODE0, 2)
    cpu.eip = 0x200
    CALLF_mem[u16](cpu, memory(0x700))
    assert cpu.eip == 0x1234 and stack(cpu, 2, 2) == [0x200, CODE0]


def test_real_mode():
    cpu = real()
    cpu.eip = 0x55
    CALLF_ptr[u16](cpu, far(0x1000, 0x20))
    assert (cpu.seg[CS].base, cpu.eip, stack(cpu, 2, 2)) == (0x10000, 0x20, [0x55, 0])
    RETF[u16](cpu, record(osize=16))
    assert (cpu.seg[CS].sel, cpu.eip, cpu.gpr[4]) == (0, 0x55, 0x8000)
    assert attempt(JMPF_ptr[u32], cpu, far(0x1000, 0x10000)) == (GP, 0)
    put_stack(cpu, 0x66, 0x777, size=2)
    RETF_imm[u16](cpu, record(osize=16, imm=6))
    assert (cpu.seg[CS].sel, cpu.eip, cpu.gpr[4]) == (0x777, 0x66, 0x800A)


# -- call gates --------------------------------------------------------------------------------------------------

def put_call_gate(cpu, sel=CODE0, off=0x4444, attr=CALL_GATE | USER, count=0):
    poke(cpu, GDT + FREE, gate(sel, off, attr, count), 8)
    return FREE | 3


@pytest.mark.parametrize("attr, size", [(CALL_GATE | USER, 4), (CALL_GATE16 | USER, 2)])
def test_call_gate_inwards_copies_parameters(attr, size):
    cpu = protected(3)
    sel = put_call_gate(cpu, attr=attr, count=3)
    put_stack(cpu, 0x11, 0x22, 0x33, 0x44, size=size)
    CALLF_ptr[u32](cpu, far(sel, 0x99999999))
    assert (cpu.cpl, cpu.eip, cpu.seg[CS].sel, cpu.seg[SS].sel) == (0, 0x4444, CODE0, DATA0)
    mask = (1 << 8 * size) - 1
    assert stack(cpu, 7, size) == [0x100, CODE3, 0x11, 0x22, 0x33, STACK3 & mask, DATA3]
    width = u32 if size == 4 else u16
    RETF_imm[width](cpu, record(imm=3 * size))
    assert (cpu.cpl, cpu.eip, cpu.seg[CS].sel, cpu.seg[SS].sel) == (3, 0x100, CODE3, DATA3)
    assert cpu.gpr[4] & mask == (STACK3 + 3 * size) & mask


def test_call_gate_at_the_same_level():
    cpu = protected()
    CALLF_ptr[u32](cpu, far(put_call_gate(cpu) & ~3))
    assert cpu.eip == 0x4444 and stack(cpu, 2) == [0x100, CODE0] and cpu.gpr[4] == STACK0 - 8


def test_call_gate_to_conforming_code():
    cpu = protected(3)
    CALLF_ptr[u32](cpu, far(put_call_gate(cpu, sel=CONFORMING0)))
    assert cpu.cpl == 3 and cpu.seg[CS].sel == CONFORMING0 | 3 and cpu.gpr[4] == STACK3 - 8


@pytest.mark.parametrize("gate_fields, wanted", [
    (dict(attr=CALL_GATE), (GP, FREE)), (dict(attr=0x6C), (NP, FREE)), (dict(sel=0), (GP, 0)),
    (dict(sel=0x3F8), (GP, 0x3F8)), (dict(sel=DATA0), (GP, DATA0)), (dict(sel=ABSENT_CODE), (NP, ABSENT_CODE)),
    (dict(sel=CODE16, off=0x10000), (GP, 0))])
@pytest.mark.parametrize("function", [JMPF_ptr, CALLF_ptr])
def test_bad_call_gates(function, gate_fields, wanted):
    cpu = protected(3)
    sel = put_call_gate(cpu, **gate_fields)
    if function is JMPF_ptr and gate_fields.get("sel") in (CODE16, ABSENT_CODE):
        wanted = GP, gate_fields["sel"]                # a jump may not change the level
    assert attempt(function[u32], cpu, far(sel)) == wanted
    assert cpu.cpl == 3 and cpu.gpr[4] == STACK3


def test_jump_through_a_gate_keeps_the_level():
    cpu = protected(3)
    assert attempt(JMPF_ptr[u32], cpu, far(put_call_gate(cpu))) == (GP, CODE0)
    JMPF_ptr[u32](cpu, far(put_call_gate(cpu, sel=CODE3 & ~3)))
    assert cpu.eip == 0x4444 and cpu.seg[CS].sel == CODE3


def test_inner_stack_without_room_names_it():
    cpu = protected(3)
    poke(cpu, TSS_BASE + 4, 0x10)
    poke(cpu, TSS_BASE + 8, DOWN0)
    assert attempt(CALLF_ptr[u32], cpu, far(put_call_gate(cpu))) == (SS_VEC, DOWN0)
    poke(cpu, TSS_BASE + 8, 0)
    assert attempt(CALLF_ptr[u32], cpu, far(put_call_gate(cpu))) == (TS_VEC, 0)


# -- returns -----------------------------------------------------------------------------------------------------

def test_return_outwards_drops_inner_data_segments():
    cpu = protected()
    load_segment(cpu, ES, DATA3)
    load_segment(cpu, FS, CONFORMING0)
    load_segment(cpu, GS, CODE0)
    put_stack(cpu, 0x1234, CODE3, STACK3, DATA3)
    RETF[u32](cpu, record())
    assert (cpu.cpl, cpu.eip, cpu.gpr[4]) == (3, 0x1234, STACK3)
    assert [cpu.seg[n].sel for n in (ES, DS, FS, GS)] == [DATA3, 0, CONFORMING0, 0]
    assert cpu.seg[DS].access == 0


@pytest.mark.parametrize("words, wanted", [
    ((0, 0, 0, 0), (GP, 0)), ((0, 0x3F8), (GP, 0x3F8)), ((0, DATA0), (GP, DATA0)),
    ((0, ABSENT_CODE), (NP, ABSENT_CODE)), ((0, CODE0 | 1), (GP, CODE0)), ((0, CODE3 & ~3), (GP, CODE3 & ~3)),
    ((0x10000, CODE16), (GP, 0)), ((0, CODE3, 0, 0), (GP, 0)), ((0, CODE3, 0, DATA3 & ~3), (GP, DATA3 & ~3)),
    ((0, CODE3, 0, READ3), (GP, READ3 & ~3)), ((0, CODE3, 0, ABSENT3), (SS_VEC, ABSENT3 & ~3)),
    ((0, CODE3, 0, 0x3FB), (GP, 0x3F8)), ((0x10000, CODE3X, 0, DATA3), (GP, 0))])
@pytest.mark.parametrize("function", [RETF, IRET])
def test_bad_returns(function, words, wanted):
    cpu = protected()
    words = list(words)
    if function is IRET:
        words.insert(2, 2)
    put_stack(cpu, *words)
    assert attempt(function[u32], cpu, record()) == wanted
    assert (cpu.cpl, cpu.eip, cpu.gpr[4], cpu.eflags) == (0, 0x100, STACK0, 2)


@pytest.mark.parametrize("function, at", [(RETF, 4), (IRET, 8)])
def test_frames_are_read_from_the_top(function, at):
    cpu = protected()
    poke(cpu, 0x90000, 0x91007)
    for n in range(16):
        poke(cpu, 0x91000 + 4 * n, n << 12 | 7)
    cpu.cr3, cpu.cr0 = 0x90000, cpu.cr0 | 0x80000000   # nothing at the stack
    assert attempt(function[u32], cpu, record()) == (14, 0)
    assert cpu.cr2 == STACK0 + at


def test_return_inwards_is_refused():
    cpu = protected(3)
    put_stack(cpu, 0, CODE0, 2)
    assert attempt(RETF[u32], cpu, record()) == (GP, CODE0)
    assert attempt(IRET[u32], cpu, record()) == (GP, CODE0)


def test_return_to_a_16_bit_stack_leaves_the_upper_half_of_esp():
    cpu = protected()
    put_descriptor(cpu, FREE, 0, 0xFFFF, 0x00F3)
    put_stack(cpu, 0x1234, CODE3, 0xAAAA8000, FREE | 3)
    cpu.gpr[4] = STACK0
    RETF[u32](cpu, record())
    assert cpu.gpr[4] == STACK0 & 0xFFFF0000 | 0x8000


@pytest.mark.parametrize("cpl, before, image, after", [
    (0, 2, 0xFFFFFFFF & ~(VM | NT), 0x3F7FD7 & ~(VM | NT)),
    (3, 2, 0xFFFFFFFF & ~VM, 0x3F7FD7 & ~(VM | IOPL | IF | VIF | VIP)),
    (3, 2 | IOPL, 0xFFFFFFFF & ~(VM | IOPL), 0x3F7FD7 & ~(VM | VIF | VIP)),
    (3, 2 | IF | VIF | VIP, 2, 2 | IF | VIF | VIP)])
def test_flags_that_iret_loads(cpl, before, image, after):
    cpu = protected(cpl)
    cpu.eflags = before
    put_stack(cpu, 0x1234, cpu.seg[CS].sel, image)
    IRET[u32](cpu, record())
    assert cpu.eflags == after and cpu.eip == 0x1234


def test_16_bit_iret_leaves_the_upper_flags():
    cpu = protected()
    cpu.eflags = 2 | ID | VIF
    put_stack(cpu, 0x1234, CODE0, 0xFFFF & ~NT, size=2)
    IRET[u16](cpu, record(osize=16))
    assert cpu.eflags == 0x7FD7 & ~NT | ID | VIF and cpu.gpr[4] == STACK0 + 6


def test_iret_outwards():
    cpu = protected()
    put_stack(cpu, 0x1234, CODE3, 2 | IF, STACK3, DATA3)
    IRET[u32](cpu, record())
    assert (cpu.cpl, cpu.eip, cpu.gpr[4], cpu.eflags, cpu.seg[DS].sel) == (3, 0x1234, STACK3, 2 | IF, 0)


def test_real_mode_iret():
    cpu = real()
    cpu.eflags = 2 | VIF
    put_stack(cpu, 0x1234, 0x300, 0xFFFFFFFF)
    IRET[u32](cpu, record())
    assert cpu.eflags == 0x257FD7 | VIF and cpu.seg[CS].sel == 0x300 and cpu.gpr[4] == 0x800C


def v86(iopl):
    cpu = protected(3)
    cpu.eflags |= VM | iopl << 12
    for seg in range(6):
        load_segment(cpu, seg, 0x800)
    cpu.gpr[4] = 0x100
    return cpu


def test_iret_in_virtual_8086_mode():
    cpu = v86(0)
    assert attempt(IRET[u16], cpu, record(osize=16)) == (GP, 0)
    cpu = v86(3)
    put_stack(cpu, 0x10, 0x20, 0x0FD7, size=2)
    IRET[u16](cpu, record(osize=16))
    assert (cpu.eip, cpu.seg[CS].base, cpu.eflags & 0xFFFF) == (0x10, 0x200, 0x3FD7) and cpu.eflags & VM


@pytest.mark.parametrize("flags, pending, wanted", [
    (IF, 0, None), (IF, VIP, (GP, 0)), (TF, 0, (GP, 0)), (0, VIP, None)])
def test_virtual_interrupt_flag_of_iret(flags, pending, wanted):
    cpu = v86(0)
    cpu.cr4 = CR4_VME
    cpu.eflags |= pending
    put_stack(cpu, 0x10, 0x20, 2 | flags, size=2)
    assert attempt(IRET[u16], cpu, record(osize=16)) == wanted
    assert attempt(IRET[u32], cpu, record()) == (GP, 0)
    if wanted is None:
        assert cpu.eflags & VIF == (VIF if flags else 0) and cpu.eflags & IF == 0


def test_iret_to_virtual_8086_mode_needs_a_16_bit_eip():
    cpu = protected()
    put_stack(cpu, 0x10000, 0x20, 2 | VM, 0, 0, 0, 0, 0, 0)
    assert attempt(IRET[u32], cpu, record()) == (GP, 0)
    cpu = protected(3)
    put_stack(cpu, 0x1000, CODE3, 2 | VM)
    IRET[u32](cpu, record())                           # only level 0 can
    assert cpu.eflags & VM == 0


# -- software interrupts -----------------------------------------------------------------------------------------

def test_software_interrupts():
    cpu = protected(3)
    for vector in (1, 3, 4, 0x80):
        put_gate(cpu, vector, CODE0, 0x5000 + vector, 0xEE)
    for function, r, vector in ((INT_n, record(imm=0x80), 0x80), (INT3, record(), 3), (INT1, record(), 1)):
        function(cpu, r)
        assert cpu.eip == 0x5000 + vector and stack(cpu, 2) == [0x100, CODE3]
        IRET[u32](cpu, record())
    INTO(cpu, record())
    assert cpu.eip == 0x100
    cpu.eflags |= OF
    INTO(cpu, record())
    assert cpu.eip == 0x5004 and stack(cpu, 3)[2] & RF == 0


# -- segment registers -------------------------------------------------------------------------------------------

def test_mov_to_segment_registers():
    cpu = protected()
    cpu.gpr[0] = DATA3
    MOV_to_sreg(cpu, record(reg=FS, rm=0))
    assert cpu.seg[FS].sel == DATA3 and cpu.shadow == 0
    poke(cpu, 0x700, DATA0)
    MOV_to_sreg(cpu, memory(0x700, reg=SS))
    assert cpu.shadow == SHADOW_SS
    for seg in (CS, 6, 7):
        assert attempt(MOV_to_sreg, cpu, record(reg=seg, rm=0)) == (UD, 0)


def test_mov_from_segment_registers():
    cpu = protected()
    cpu.gpr[3] = 0xFFFFFFFF
    MOV_reg_sreg[u16](cpu, record(reg=CS, rm=3))
    assert cpu.gpr[3] == 0xFFFF0000 | CODE0
    MOV_reg_sreg[u32](cpu, record(reg=CS, rm=3))
    assert cpu.gpr[3] == CODE0
    poke(cpu, 0x700, 0xFFFFFFFF)
    MOV_mem_sreg(cpu, memory(0x700, reg=SS))
    assert peek(cpu, 0x700) == 0xFFFF0000 | DATA0
    assert attempt(MOV_mem_sreg, cpu, memory(0x700, reg=6)) == (UD, 0)


def test_push_and_pop():
    cpu = protected()
    PUSH_sreg[u32](cpu, record(reg=CS))
    assert stack(cpu, 1) == [CODE0] and cpu.gpr[4] == STACK0 - 4
    poke(cpu, cpu.gpr[4], DATA3)
    POP_sreg[u32](cpu, record(reg=GS))
    assert cpu.seg[GS].sel == DATA3 and cpu.gpr[4] == STACK0
    put_stack(cpu, STACK16)
    POP_sreg[u32](cpu, record(reg=SS))
    assert cpu.shadow == SHADOW_SS and cpu.gpr[4] == STACK0 + 4


def test_pop_that_faults_leaves_the_stack():
    cpu = protected()
    put_stack(cpu, 0x3F8)
    assert attempt(POP_sreg[u32], cpu, record(reg=DS)) == (GP, 0x3F8)
    assert cpu.gpr[4] == STACK0 and cpu.seg[DS].sel == DATA0


@pytest.mark.parametrize("function, seg", [(LES, ES), (LDS, DS), (LSS, SS)])
def test_load_far_pointer(function, seg):
    cpu = protected()
    poke(cpu, 0x700, 0x12345678)
    poke(cpu, 0x704, DATA0, 2)
    function[u32](cpu, memory(0x700, reg=4))
    assert cpu.gpr[4] == 0x12345678 and cpu.seg[seg].sel == DATA0 and cpu.shadow == 0
    poke(cpu, 0x704, 0x3F8, 2)
    assert attempt(function[u32], cpu, memory(0x700, reg=1)) == (GP, 0x3F8) and cpu.gpr[1] == 0


def test_16_bit_addresses_wrap_inside_a_far_pointer():
    cpu = protected()
    poke(cpu, 0xFFFE, 0x4321, 2)
    poke(cpu, 0, DATA0, 2)
    LES[u16](cpu, record(osize=16, asize=16, disp=0xFFFE, reg=1))
    assert cpu.gpr[1] == 0x4321


def test_flags_survive_far_transfers():
    cpu = protected()
    cpu.eflags = 2 | CF | ZF | DF
    CALLF_ptr[u32](cpu, far(CODE0, 0x1234))
    RETF[u32](cpu, record())
    assert cpu.eflags == 2 | CF | ZF | DF
