"""Far jumps and calls, and what loads segment registers.

Intel SDM volume 2 (JMP, CALL, MOV, PUSH, POP, LDS) and volume 3, 5.8 and 7.3.
"""

from emu.bus.component import hot
from emu.bus.types import Fault, T, u8, u16, u32
from emu.cpu.exceptions import finish_switch
from emu.cpu.flags import read_eflags
from emu.cpu.frame import frame_begin, frame_begin_inner, frame_commit, frame_push
from emu.cpu.memory import ea, push, stack_offset, stack_read, write_mem
from emu.cpu.registers import set_reg
from emu.cpu.paging import set_cpl
from emu.cpu.segments import (
    ATTR_P, CALL16, CALL32, TASK_GATE, TSS16, TSS32, attr_dpl, change_segment, desc_attr, desc_limit, fetch_descriptor, gate_offset,
    is_code, is_conforming, load_real_segment, load_segment, mark_accessed, protected, set_segment, update_mode)
from emu.cpu.state import CS, DS, ES, ESP, FS, GP, GS, MODE_STACK32, NP, SHADOW_SS, SS, UD, Cpu, Rec
from emu.cpu.tasks import SWITCH_CALL, SWITCH_JUMP, enter_task

from .operands import far_pointer, rm16
from .returns import INT1, INT3, INTO, IRET, RETF, RETF_imm, INT_n  # noqa: F401 (same family)


# -- pieces ------------------------------------------------------------------------------------------------------

@hot
def direct_code(cpu: Cpu, sel: u16, hi: u32) -> None:
    """Check that a far jump or call may go straight to a code segment at the current privilege."""
    attr: u16 = desc_attr(hi)
    dpl: u8 = attr_dpl(attr)
    if is_conforming(attr):
        if dpl > cpu.cpl:
            raise Fault(GP, sel & 0xFFFC)
    elif sel & 3 > cpu.cpl or dpl != cpu.cpl:
        raise Fault(GP, sel & 0xFFFC)
    if attr & ATTR_P == 0:
        raise Fault(NP, sel & 0xFFFC)


@hot
def gate_code(cpu: Cpu, sel: u16, jump: bool) -> (u32, u32):
    """The code descriptor that a call gate leads to; only calls may change the privilege level."""
    if sel & 0xFFFC == 0:
        raise Fault(GP, 0)
    lo, hi = fetch_descriptor(cpu, sel, GP, 0)
    attr: u16 = desc_attr(hi)
    dpl: u8 = attr_dpl(attr)
    if not is_code(attr) or dpl > cpu.cpl or jump and not is_conforming(attr) and dpl != cpu.cpl:
        raise Fault(GP, sel & 0xFFFC)
    if attr & ATTR_P == 0:
        raise Fault(NP, sel & 0xFFFC)
    return lo, hi


@hot
def check_gate(cpu: Cpu, sel: u16, attr: u16) -> None:
    """What a selector must fulfil to use a gate or TSS: privilege and, for gates, presence."""
    dpl: u8 = attr_dpl(attr)
    if dpl < cpu.cpl or dpl < sel & 3:
        raise Fault(GP, sel & 0xFFFC)
    if attr & ATTR_P == 0:
        raise Fault(NP, sel & 0xFFFC)


@hot
def switch_by(cpu: Cpu, sel: u16, lo: u32, hi: u32, source: u8) -> None:
    """A far jump or call to a TSS or task gate."""
    attr: u16 = desc_attr(hi)
    check_gate(cpu, sel, attr)
    flags: u32 = read_eflags(cpu)
    target: u16 = sel
    if attr & 0x1F == TASK_GATE:
        target = u16(lo >> 16)
    enter_task(cpu, target, source, flags, 0)
    finish_switch(cpu)


@hot
def enter_code(cpu: Cpu, sel: u16, lo: u32, hi: u32, eip: u32) -> None:
    """Go to another code segment at the current privilege."""
    hi2: u32 = mark_accessed(cpu, sel, hi)
    change_segment(cpu, CS, (sel & 0xFFFC) | cpu.cpl, lo, hi2)
    cpu.eip = eip


# -- jumps -------------------------------------------------------------------------------------------------------

@hot
def jump_far(cpu: Cpu, sel: u16, off: u32) -> None:
    if not protected(cpu):
        if off > cpu.seg[CS].limit:
            raise Fault(GP, 0)
        cpu.eip = off
        load_real_segment(cpu, CS, sel)
        return
    if sel & 0xFFFC == 0:
        raise Fault(GP, 0)
    lo, hi = fetch_descriptor(cpu, sel, GP, 0)
    attr: u16 = desc_attr(hi)
    kind: u16 = attr & 0x1F
    if is_code(attr):
        direct_code(cpu, sel, hi)
        if off > desc_limit(lo, hi):
            raise Fault(GP, 0)
        enter_code(cpu, sel, lo, hi, off)
    elif kind == CALL16 or kind == CALL32:
        check_gate(cpu, sel, attr)
        target: u16 = u16(lo >> 16)
        cs_lo, cs_hi = gate_code(cpu, target, True)
        eip: u32 = gate_offset(lo, hi)
        if eip > desc_limit(cs_lo, cs_hi):
            raise Fault(GP, 0)
        enter_code(cpu, target, cs_lo, cs_hi, eip)
    elif kind == TASK_GATE or kind == TSS16 or kind == TSS32:
        switch_by(cpu, sel, lo, hi, SWITCH_JUMP)
    else:
        raise Fault(GP, sel & 0xFFFC)


@hot
def JMPF_ptr(cpu: Cpu, r: Rec) -> None:
    jump_far(cpu, r.imm2, T(r.imm))


@hot
def JMPF_mem(cpu: Cpu, r: Rec) -> None:
    off, sel = far_pointer[T](cpu, r)
    jump_far(cpu, sel, off)


# -- calls -------------------------------------------------------------------------------------------------------

@hot
def call_gate(cpu: Cpu, r: Rec, sel: u16, lo: u32, hi: u32) -> None:
    """A far call through a call gate of 16 or 32 bits, with a change of stack if it leads inwards."""
    check_gate(cpu, sel, desc_attr(hi))
    wide: bool = hi & 0x800 != 0
    target: u16 = u16(lo >> 16)
    cs_lo, cs_hi = gate_code(cpu, target, False)
    cs_attr: u16 = desc_attr(cs_hi)
    level: u8 = attr_dpl(cs_attr)
    eip: u32 = gate_offset(lo, hi)
    if is_conforming(cs_attr) or level == cpu.cpl:
        frame_begin(cpu, 0)
        frame_push(cpu, cpu.seg[CS].sel, wide)
        frame_push(cpu, cpu.eip, wide)
        if eip > desc_limit(cs_lo, cs_hi):
            raise Fault(GP, 0)
        cs_hi2: u32 = mark_accessed(cpu, target, cs_hi)
        frame_commit(cpu)
        set_segment(cpu, CS, (target & 0xFFFC) | cpu.cpl, cs_lo, cs_hi2)
    else:
        ss_sel, ss_lo, ss_hi = frame_begin_inner(cpu, level, 0)
        if eip > desc_limit(cs_lo, cs_hi):
            raise Fault(GP, 0)
        cs_hi3: u32 = mark_accessed(cpu, target, cs_hi)
        frame_push(cpu, cpu.seg[SS].sel, wide)
        frame_push(cpu, cpu.gpr[ESP], wide)
        left: u8 = hi & 0x1F  # parameters, the one pushed first at the highest address
        while left > 0:
            left = u8(left - 1)
            value: u32 = 0
            if wide:
                value = stack_read[u32](cpu, r, left * 4)
            else:
                value = stack_read[u16](cpu, r, left * 2)
            frame_push(cpu, value, wide)
        frame_push(cpu, cpu.seg[CS].sel, wide)
        frame_push(cpu, cpu.eip, wide)
        set_segment(cpu, SS, ss_sel, ss_lo, ss_hi)
        frame_commit(cpu)
        set_cpl(cpu, level)
        set_segment(cpu, CS, (target & 0xFFFC) | level, cs_lo, cs_hi3)
    cpu.eip = eip
    update_mode(cpu)


@hot
def call_far(cpu: Cpu, r: Rec, sel: u16, off: u32, wide: bool) -> None:
    """A far call; ``wide`` says that return addresses have 32 bits."""
    if not protected(cpu):
        if off > cpu.seg[CS].limit:
            raise Fault(GP, 0)
        frame_begin(cpu, 0)
        frame_push(cpu, cpu.seg[CS].sel, wide)
        frame_push(cpu, cpu.eip, wide)
        frame_commit(cpu)
        cpu.eip = off
        load_real_segment(cpu, CS, sel)
        return
    if sel & 0xFFFC == 0:
        raise Fault(GP, 0)
    lo, hi = fetch_descriptor(cpu, sel, GP, 0)
    attr: u16 = desc_attr(hi)
    kind: u16 = attr & 0x1F
    if is_code(attr):
        direct_code(cpu, sel, hi)
        frame_begin(cpu, 0)
        frame_push(cpu, cpu.seg[CS].sel, wide)
        frame_push(cpu, cpu.eip, wide)
        if off > desc_limit(lo, hi):
            raise Fault(GP, 0)
        hi2: u32 = mark_accessed(cpu, sel, hi)
        frame_commit(cpu)
        enter_code(cpu, sel, lo, hi2, off)
    elif kind == CALL16 or kind == CALL32:
        call_gate(cpu, r, sel, lo, hi)
    elif kind == TASK_GATE or kind == TSS16 or kind == TSS32:
        switch_by(cpu, sel, lo, hi, SWITCH_CALL)
    else:
        raise Fault(GP, sel & 0xFFFC)


@hot
def CALLF_ptr(cpu: Cpu, r: Rec) -> None:
    call_far(cpu, r, r.imm2, T(r.imm), T.bits == 32)


@hot
def CALLF_mem(cpu: Cpu, r: Rec) -> None:
    off, sel = far_pointer[T](cpu, r)
    call_far(cpu, r, sel, off, T.bits == 32)


# -- segment registers -------------------------------------------------------------------------------------------

@hot
def MOV_to_sreg(cpu: Cpu, r: Rec) -> None:
    seg: u8 = r.reg
    if seg == CS or seg > GS:
        raise Fault(UD, 0)
    sel: u16 = rm16(cpu, r)
    load_segment(cpu, seg, sel)
    if seg == SS:
        cpu.shadow = SHADOW_SS


@hot
def MOV_reg_sreg(cpu: Cpu, r: Rec) -> None:
    """Zero-extends into a 32-bit register."""
    if r.reg > GS:
        raise Fault(UD, 0)
    set_reg[T](cpu, r.rm, cpu.seg[r.reg & 7].sel)


@hot
def MOV_mem_sreg(cpu: Cpu, r: Rec) -> None:
    """Memory takes 16 bits whatever the operand size."""
    if r.reg > GS:
        raise Fault(UD, 0)
    off: u32 = ea(cpu, r)
    write_mem[u16](cpu, r, r.seg, off, cpu.seg[r.reg & 7].sel)


@hot
def PUSH_sreg(cpu: Cpu, r: Rec) -> None:
    push[T](cpu, r, cpu.seg[r.reg & 7].sel)


@hot
def POP_sreg(cpu: Cpu, r: Rec) -> None:
    """Reads 16 bits, moves the stack by the operand size."""
    seg: u8 = r.reg
    sel: u16 = stack_read[u16](cpu, r, 0)
    esp: u32 = stack_offset(cpu, T.bits // 8)  # as wide as the stack is before POP SS
    if cpu.mode & MODE_STACK32 == 0:
        esp = (cpu.gpr[ESP] & 0xFFFF0000) | esp
    load_segment(cpu, seg, sel)
    cpu.gpr[ESP] = esp
    if seg == SS:
        cpu.shadow = SHADOW_SS


@hot
def load_far(cpu: Cpu, r: Rec, seg: u8) -> None:
    """Load a segment register and a general register from a far pointer in memory."""
    off, sel = far_pointer[T](cpu, r)
    load_segment(cpu, seg, sel)
    set_reg[T](cpu, r.reg, T(off))


@hot
def LES(cpu: Cpu, r: Rec) -> None:
    load_far[T](cpu, r, ES)


@hot
def LDS(cpu: Cpu, r: Rec) -> None:
    load_far[T](cpu, r, DS)


@hot
def LSS(cpu: Cpu, r: Rec) -> None:
    load_far[T](cpu, r, SS)


@hot
def LFS(cpu: Cpu, r: Rec) -> None:
    load_far[T](cpu, r, FS)


@hot
def LGS(cpu: Cpu, r: Rec) -> None:
    load_far[T](cpu, r, GS)
