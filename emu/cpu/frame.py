"""Stack frames of interrupts and call gates, pushed before the stack they are on becomes current.

``frame_begin`` or ``frame_begin_inner`` choose the stack, ``frame_push`` writes (and may fault, changing nothing but
memory below the stack), ``frame_commit`` makes it current.  Intel SDM volume 3, 5.8.5 and 6.12.1.
"""

from emu.bus.component import hot, inline, rare
from emu.bus.types import Fault, T, u8, u16, u32
from emu.cpu.memory import bank_write, stack_holds, stack_move, stack_offset, sys_read16, sys_read32, watch
from emu.cpu.segments import (
    ATTR_DB, ATTR_P, attr_dpl, bounds, desc_attr, desc_base, desc_limit, fetch_descriptor, is_writable, mark_accessed)
from emu.cpu.state import CS, ESP, MODE_AC, MODE_DEBUG, MODE_STACK32, SS, SS_VEC, TR, TS_VEC, Cpu


@inline
def frame_begin(cpu: Cpu, ext: u32) -> None:
    """Push onto the current stack; a push outside it is #SS(ext)."""
    s = cpu.seg[SS]
    cpu.frame_base = s.base
    cpu.frame_low = s.low
    cpu.frame_high = s.high
    cpu.frame_mask = 0xFFFFFFFF if cpu.mode & MODE_STACK32 != 0 else 0xFFFF
    cpu.frame_esp = cpu.gpr[ESP]
    cpu.frame_user = cpu.cpl == 3
    cpu.frame_error = ext


@hot
def frame_begin_inner(cpu: Cpu, level: u8, ext: u32) -> (u16, u32, u32):
    """Push onto the stack that the TSS holds for an inner level; gives SS and its descriptor, checked."""
    tss = cpu.seg[TR]
    sel: u16 = 0
    esp: u32 = 0
    if tss.attr & 8 != 0:
        at: u32 = level * 8 + 4
        if at + 5 > tss.limit:
            raise Fault(TS_VEC, (tss.sel & 0xFFFC) | ext)
        esp = sys_read32(cpu, u32(tss.base + at))
        sel = sys_read16(cpu, u32(tss.base + at + 4))
    else:
        at16: u32 = level * 4 + 2
        if at16 + 3 > tss.limit:
            raise Fault(TS_VEC, (tss.sel & 0xFFFC) | ext)
        esp = sys_read16(cpu, u32(tss.base + at16))
        sel = sys_read16(cpu, u32(tss.base + at16 + 2))
    error: u32 = (sel & 0xFFFC) | ext
    if sel & 0xFFFC == 0:
        raise Fault(TS_VEC, ext)
    lo, hi = fetch_descriptor(cpu, sel, TS_VEC, ext)
    attr: u16 = desc_attr(hi)
    if sel & 3 != level or attr_dpl(attr) != level or not is_writable(attr):
        raise Fault(TS_VEC, error)
    if attr & ATTR_P == 0:
        raise Fault(SS_VEC, error)
    hi2: u32 = mark_accessed(cpu, sel, hi)
    low, high = bounds(attr, desc_limit(lo, hi))
    cpu.frame_base = desc_base(lo, hi)
    cpu.frame_low = low
    cpu.frame_high = high
    cpu.frame_mask = 0xFFFFFFFF if attr & ATTR_DB != 0 else 0xFFFF
    cpu.frame_esp = esp
    cpu.frame_user = level == 3
    cpu.frame_error = error
    return sel, lo, hi2


@inline
def frame_word(cpu: Cpu, value: T) -> None:
    """Push a word of T's size."""
    off: u32 = u32(cpu.frame_esp - T.bits // 8) & cpu.frame_mask
    if off < cpu.frame_low or off + (T.bits // 8 - 1) > cpu.frame_high:
        raise Fault(SS_VEC, cpu.frame_error)
    lin: u32 = u32(cpu.frame_base + off)
    if cpu.mode & (MODE_AC | MODE_DEBUG) != 0 and (cpu.frame_user or cpu.mode & MODE_AC == 0):
        watch(cpu, lin, T.bits // 8, True)
    bank_write[T](cpu, lin, value, cpu.frame_user)
    cpu.frame_esp = (cpu.frame_esp & (cpu.frame_mask ^ 0xFFFFFFFF)) | off


@hot
def frame_push(cpu: Cpu, value: u32, wide: bool) -> None:
    """Push 32 bits, or the low 16."""
    if wide:
        frame_word[u32](cpu, value)
    else:
        frame_word[u16](cpu, u16(value))


@inline
def frame_commit(cpu: Cpu) -> None:
    """Make the frame's end the top of the stack (after SS has been loaded, if it changes)."""
    cpu.gpr[ESP] = cpu.frame_esp


@rare
def frame_each(cpu: Cpu, flags: T, ext: u32) -> None:
    """What push_return does, with a look at each word."""
    frame_begin(cpu, ext)
    frame_word[T](cpu, flags)
    frame_word[T](cpu, cpu.seg[CS].sel)
    frame_word[T](cpu, T(cpu.eip))
    frame_commit(cpu)


@inline
def push_return(cpu: Cpu, flags: T, ext: u32) -> None:
    """Push the flags and the return address of an interrupt that stays at its privilege onto the current stack."""
    off: u32 = stack_offset(cpu, u32(0 - T.bits // 8 * 3))
    if stack_holds(cpu, off, T.bits // 8 * 3):
        lin: u32 = u32(cpu.seg[SS].base + off)
        user: bool = cpu.cpl == 3
        bank_write[T](cpu, u32(lin + T.bits // 4), flags, user)
        if T.bits == 16:
            bank_write[u32](cpu, lin, u16(cpu.eip) | cpu.seg[CS].sel << 16, user)
        else:
            bank_write[T](cpu, u32(lin + T.bits // 8), cpu.seg[CS].sel, user)
            bank_write[T](cpu, lin, cpu.eip, user)
        stack_move(cpu, u32(0 - T.bits // 8 * 3))
    else:
        frame_each[T](cpu, flags, ext)
