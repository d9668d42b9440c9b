"""Instructions on selectors: LDTR and TR, and questions about what a selector allows.

Intel SDM volume 2 (LLDT, LTR, SLDT, STR, LAR, LSL, VERR, VERW, ARPL).  The encodings table makes them #UD outside
protected mode.
"""

from emu.bus.component import hot
from emu.bus.types import Fault, T, u16, u32
from emu.cpu.flags import cc_some
from emu.cpu.memory import ea, sys_write8, write_mem
from emu.cpu.registers import reg, set_reg
from emu.cpu.segments import (
    ATTR_P, ATTR_S, BUSY, BUSY_TSS16, BUSY_TSS32, CALL16, CALL32, LDT, TABLE, TASK_GATE, TSS16, TSS32, attr_dpl,
    desc_attr, desc_limit, descriptor_at, fetch_descriptor, in_table, is_conforming, is_readable, is_writable,
    read_descriptor, set_null, set_segment)
from emu.cpu.state import GP, LDTR, NP, REC_MEM, TR, ZF, Cpu, Rec

from .operands import rm16, set_rm16


@hot
def SLDT(cpu: Cpu, r: Rec) -> None:
    set_rm16[T](cpu, r, cpu.seg[LDTR].sel)


@hot
def STR(cpu: Cpu, r: Rec) -> None:
    set_rm16[T](cpu, r, cpu.seg[TR].sel)


@hot
def LLDT(cpu: Cpu, r: Rec) -> None:
    sel: u16 = rm16(cpu, r)
    if sel & 0xFFFC == 0:
        set_null(cpu, LDTR, sel)
    else:
        error: u32 = sel & 0xFFFC
        if sel & TABLE != 0:
            raise Fault(GP, error)
        lo, hi = fetch_descriptor(cpu, sel, GP, 0)
        attr: u16 = desc_attr(hi)
        if attr & 0x1F != LDT:
            raise Fault(GP, error)
        if attr & ATTR_P == 0:
            raise Fault(NP, error)
        set_segment(cpu, LDTR, sel, lo, hi)


@hot
def LTR(cpu: Cpu, r: Rec) -> None:
    """Marks the task busy in its descriptor."""
    sel: u16 = rm16(cpu, r)
    error: u32 = sel & 0xFFFC
    if error == 0 or sel & TABLE != 0:
        raise Fault(GP, error)
    lo, hi = fetch_descriptor(cpu, sel, GP, 0)
    attr: u16 = desc_attr(hi)
    if attr & 0x1F != TSS16 and attr & 0x1F != TSS32:
        raise Fault(GP, error)
    if attr & ATTR_P == 0:
        raise Fault(NP, error)
    sys_write8(cpu, u32(descriptor_at(cpu, sel) + 5), (attr | BUSY) & 0xFF)
    set_segment(cpu, TR, sel, lo, hi | BUSY << 8)


@hot
def visible(cpu: Cpu, sel: u16, attr: u16) -> bool:
    """May the current privilege and the selector's RPL see a descriptor?"""
    return is_conforming(attr) and attr & ATTR_S != 0 or attr_dpl(attr) >= cpu.cpl and attr_dpl(attr) >= sel & 3


@hot
def LAR(cpu: Cpu, r: Rec) -> None:
    sel: u16 = rm16(cpu, r)
    ok: bool = False
    hi: u32 = 0
    if sel & 0xFFFC != 0 and in_table(cpu, sel):
        lo: u32 = 0
        lo, hi = read_descriptor(cpu, sel)
        attr: u16 = desc_attr(hi)
        kind: u16 = attr & 0x1F
        ok = visible(cpu, sel, attr) and (
            attr & ATTR_S != 0 or kind == TSS16 or kind == LDT or kind == BUSY_TSS16 or kind == CALL16
            or kind == TASK_GATE or kind == TSS32 or kind == BUSY_TSS32 or kind == CALL32)
    if ok:
        set_reg[T](cpu, r.reg, T(hi & 0x00F0FF00))
    cc_some(cpu, ZF, ZF if ok else 0)


@hot
def LSL(cpu: Cpu, r: Rec) -> None:
    sel: u16 = rm16(cpu, r)
    ok: bool = False
    lo: u32 = 0
    hi: u32 = 0
    if sel & 0xFFFC != 0 and in_table(cpu, sel):
        lo, hi = read_descriptor(cpu, sel)
        attr: u16 = desc_attr(hi)
        kind: u16 = attr & 0x1F
        ok = visible(cpu, sel, attr) and (
            attr & ATTR_S != 0 or kind == TSS16 or kind == LDT or kind == BUSY_TSS16 or kind == TSS32
            or kind == BUSY_TSS32)
    if ok:
        set_reg[T](cpu, r.reg, T(desc_limit(lo, hi)))
    cc_some(cpu, ZF, ZF if ok else 0)


@hot
def VERR(cpu: Cpu, r: Rec) -> None:
    sel: u16 = rm16(cpu, r)
    ok: bool = False
    if sel & 0xFFFC != 0 and in_table(cpu, sel):
        lo, hi = read_descriptor(cpu, sel)
        attr: u16 = desc_attr(hi)
        ok = is_readable(attr) and visible(cpu, sel, attr)
    cc_some(cpu, ZF, ZF if ok else 0)


@hot
def VERW(cpu: Cpu, r: Rec) -> None:
    sel: u16 = rm16(cpu, r)
    ok: bool = False
    if sel & 0xFFFC != 0 and in_table(cpu, sel):
        lo, hi = read_descriptor(cpu, sel)
        attr: u16 = desc_attr(hi)
        ok = is_writable(attr) and visible(cpu, sel, attr)
    cc_some(cpu, ZF, ZF if ok else 0)


@hot
def ARPL(cpu: Cpu, r: Rec) -> None:
    """Raise the RPL of the first operand to that of the second; memory is written only if it changes."""
    src: u16 = reg[u16](cpu, r.reg)
    dst: u16 = rm16(cpu, r)
    less: bool = dst & 3 < src & 3
    if less:
        dst = (dst & 0xFFFC) | (src & 3)
        if r.flags & REC_MEM != 0:
            off: u32 = ea(cpu, r)
            write_mem[u16](cpu, r, r.seg, off, dst)
        else:
            set_reg[u16](cpu, r.rm, dst)
    cc_some(cpu, ZF, ZF if less else 0)
