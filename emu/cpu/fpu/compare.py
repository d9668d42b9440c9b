"""x87 comparisons: FCOM, FUCOM, FCOMI, FUCOMI, FICOM, FTST in all their forms.

Intel SDM volume 1, 8.3.6 and tables 8-6, 8-7; volume 2.
"""
from emu.bus.component import hot, inline
from emu.bus.types import Const, i16, i32, u8, u16, u32, u64
from emu.cpu.flags import cc_flags
from emu.cpu.fpu.convert import from_f32, from_f64, from_i64
from emu.cpu.fpu.f80 import UNORDERED, compare80
from emu.cpu.fpu.stack import BEFORE, STACK_UNDERFLOW, empty, note, pop, st, unmasked
from emu.cpu.fpu.state import C0, C2, C3, Fpu
from emu.cpu.state import CF, PF, ZF, Cpu

CONDITION = Const(u16, (C3, C0, 0, C0 | C2 | C3))  # by relation, as compare80 gives it
EFLAGS = Const(u32, (ZF, CF, 0, ZF | PF | CF))


@inline
def compared(f: Fpu, relation: u8, fl: u16) -> bool:
    """Set the condition bits after a comparison; false if an unmasked exception forbids to pop."""
    note(f, fl)
    f.fsw = (f.fsw & (0xFFFF - C0 - C2 - C3)) | CONDITION[relation & 3]
    return unmasked(f, fl & BEFORE) == 0


@inline
def compare_memory(f: Fpu, bm: u64, bse: u16, denormal: u16) -> bool:
    """FCOM with a value from memory."""
    r = f.top
    if empty(f, r):
        return compared(f, UNORDERED, STACK_UNDERFLOW)
    relation, fl = compare80(f.mant[r & 7], f.sexp[r & 7], bm, bse, False)
    if relation != UNORDERED:
        fl = fl | denormal
    return compared(f, relation, fl)


@inline
def relation_to(f: Fpu, i: u8, quiet: bool) -> (u8, u16):
    """How ST0 compares with ST(i), and exceptions."""
    a = f.top
    b = st(f, i)
    if empty(f, a) or empty(f, b):
        return UNORDERED, STACK_UNDERFLOW
    return compare80(f.mant[a & 7], f.sexp[a & 7], f.mant[b & 7], f.sexp[b & 7], quiet)


@inline
def compare_register(f: Fpu, i: u8, quiet: bool) -> bool:
    """FCOM or FUCOM with ST(i)."""
    relation, fl = relation_to(f, i, quiet)
    return compared(f, relation, fl)


@inline
def compare_flags(cpu: Cpu, i: u8, quiet: bool) -> bool:
    """FCOMI or FUCOMI."""
    f = cpu.fpu
    relation, fl = relation_to(f, i, quiet)
    note(f, fl)
    cc_flags(cpu, EFLAGS[relation & 3])
    return unmasked(f, fl & BEFORE) == 0


# -- comparisons -------------------------------------------------------------------------------------------------

@hot
def FCOM_m32(cpu: Cpu, src: u32) -> None:
    """D8 /2: compare ST0 with m32fp."""
    m, se, denormal = from_f32(src)
    compare_memory(cpu.fpu, m, se, denormal)


@hot
def FCOM_m64(cpu: Cpu, src: u64) -> None:
    """DC /2: compare ST0 with m64fp."""
    m, se, denormal = from_f64(src)
    compare_memory(cpu.fpu, m, se, denormal)


@hot
def FICOM_m32(cpu: Cpu, src: u32) -> None:
    """DA /2: compare ST0 with m32int."""
    m, se = from_i64(u64(i32(src)))
    compare_memory(cpu.fpu, m, se, 0)


@hot
def FICOM_m16(cpu: Cpu, src: u16) -> None:
    """DE /2: compare ST0 with m16int."""
    m, se = from_i64(u64(i16(src)))
    compare_memory(cpu.fpu, m, se, 0)


@hot
def FCOMP_m32(cpu: Cpu, src: u32) -> None:
    """D8 /3: compare ST0 with m32fp, and pop."""
    m, se, denormal = from_f32(src)
    done: bool = compare_memory(cpu.fpu, m, se, denormal)
    if done:
        pop(cpu.fpu)


@hot
def FCOMP_m64(cpu: Cpu, src: u64) -> None:
    """DC /3: compare ST0 with m64fp, and pop."""
    m, se, denormal = from_f64(src)
    done: bool = compare_memory(cpu.fpu, m, se, denormal)
    if done:
        pop(cpu.fpu)


@hot
def FICOMP_m32(cpu: Cpu, src: u32) -> None:
    """DA /3: compare ST0 with m32int, and pop."""
    m, se = from_i64(u64(i32(src)))
    done: bool = compare_memory(cpu.fpu, m, se, 0)
    if done:
        pop(cpu.fpu)


@hot
def FICOMP_m16(cpu: Cpu, src: u16) -> None:
    """DE /3: compare ST0 with m16int, and pop."""
    m, se = from_i64(u64(i16(src)))
    done: bool = compare_memory(cpu.fpu, m, se, 0)
    if done:
        pop(cpu.fpu)


@hot
def FCOM_sti(cpu: Cpu, i: u8) -> None:
    """D8 D0+i: compare ST0 with ST(i)."""
    compare_register(cpu.fpu, i, False)


@hot
def FCOMP_sti(cpu: Cpu, i: u8) -> None:
    """D8 D8+i: compare ST0 with ST(i), and pop."""
    done: bool = compare_register(cpu.fpu, i, False)
    if done:
        pop(cpu.fpu)


@hot
def FUCOM_sti(cpu: Cpu, i: u8) -> None:
    """DD E0+i: compare ST0 with ST(i), quiet NaNs allowed."""
    compare_register(cpu.fpu, i, True)


@hot
def FUCOMP_sti(cpu: Cpu, i: u8) -> None:
    """DD E8+i: compare ST0 with ST(i), quiet NaNs allowed, and pop."""
    done: bool = compare_register(cpu.fpu, i, True)
    if done:
        pop(cpu.fpu)


@hot
def FCOMPP(cpu: Cpu) -> None:
    """DE D9: compare ST0 with ST1, and pop both."""
    done: bool = compare_register(cpu.fpu, 1, False)
    if done:
        pop(cpu.fpu)
        pop(cpu.fpu)


@hot
def FUCOMPP(cpu: Cpu) -> None:
    """DA E9: compare ST0 with ST1, quiet NaNs allowed, and pop both."""
    done: bool = compare_register(cpu.fpu, 1, True)
    if done:
        pop(cpu.fpu)
        pop(cpu.fpu)


@hot
def FCOMI(cpu: Cpu, i: u8) -> None:
    """DB F0+i: compare ST0 with ST(i) into ZF, PF and CF."""
    compare_flags(cpu, i, False)


@hot
def FUCOMI(cpu: Cpu, i: u8) -> None:
    """DB E8+i: compare ST0 with ST(i) into ZF, PF and CF, quiet NaNs allowed."""
    compare_flags(cpu, i, True)


@hot
def FCOMIP(cpu: Cpu, i: u8) -> None:
    """DF F0+i: compare ST0 with ST(i) into ZF, PF and CF, and pop."""
    done: bool = compare_flags(cpu, i, False)
    if done:
        pop(cpu.fpu)


@hot
def FUCOMIP(cpu: Cpu, i: u8) -> None:
    """DF E8+i: compare ST0 with ST(i) into ZF, PF and CF, quiet NaNs allowed, and pop."""
    done: bool = compare_flags(cpu, i, True)
    if done:
        pop(cpu.fpu)


@hot
def FTST(cpu: Cpu) -> None:
    """D9 E4: compare ST0 with +0.0."""
    compare_memory(cpu.fpu, 0, 0, 0)
