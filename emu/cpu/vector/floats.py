"""Floating-point arithmetic and comparison of SSE and SSE2; T is u32 (PS, SS) or u64 (PD, SD).

All elements are computed, then their exceptions are raised together.  Intel SDM volume 1, 11.5; volume 2.
"""
from emu.bus.component import hot, inline
from emu.bus.types import Const, T, u8, u16, u32, u64
from emu.cpu.flags import cc_flags
from emu.cpu.fpu.compare import EFLAGS
from emu.cpu.fpu.ieee import (
    ADD, DIV, MUL, SUB, float_add, float_compare, float_div, float_max, float_min, float_mul, float_sqrt, float_sub, sse_mode)
from emu.cpu.state import Cpu
from emu.cpu.vector.access import raised
from emu.cpu.vector.quick import quick

MIN, MAX, SQRT = 4, 5, 6  # operations beside those of emu/cpu/fpu/ieee.py

# Relations (bit n: emu/cpu/fpu/f80.py's EQUAL, LESS, GREATER, UNORDERED) where predicate n of CMPPS holds
HOLDS = Const(u8, (1, 2, 3, 8, 14, 13, 12, 7))
# Predicates that let a quiet NaN pass: EQ, UNORD, NEQ, ORD
QUIET = Const(u8, (1, 0, 0, 1, 1, 0, 0, 1))


# -- arithmetic --------------------------------------------------------------------------------------------------

@inline
def operate(op: u8, a: T, b: T, cw: u16) -> (T, u16):
    """An operation on one element; SQRT takes the second operand."""
    if op == ADD:
        return float_add[T](a, b, cw)
    if op == MUL:
        return float_mul[T](a, b, cw)
    if op == SUB:
        return float_sub[T](a, b, cw)
    if op == DIV:
        return float_div[T](a, b, cw)
    if op == MIN:
        return float_min[T](a, b, cw)
    if op == MAX:
        return float_max[T](a, b, cw)
    return float_sqrt[T](b, cw)


@inline
def operate_half(op: u8, a: u64, b: u64, cw: u16) -> (u64, u16):
    """An operation on the elements of 64 bits."""
    if T.bits == 64:
        return operate[T](op, a, b, cw)
    else:
        low, fl = operate[T](op, T(a), T(b), cw)
        high, fh = operate[T](op, T(a >> 32), T(b >> 32), cw)
        return low | u64(high) << 32, fl | fh


@inline
def packed(cpu: Cpu, op: u8, al: u64, ah: u64, bl: u64, bh: u64) -> (u64, u64):
    """An operation on all elements."""
    if T.bits == 64:
        quick_low, low_result = quick[T](op, cpu.fpu.mxcsr, al, bl)
        if quick_low:
            quick_high, high_result = quick[T](op, cpu.fpu.mxcsr, ah, bh)
            if quick_high:
                return low_result, high_result
    cw = sse_mode(cpu.fpu.mxcsr)
    low, fl = operate_half[T](op, al, bl, cw)
    high, fh = operate_half[T](op, ah, bh, cw)
    raised(cpu, fl | fh)
    return low, high


@inline
def scalar(cpu: Cpu, op: u8, a: T, b: T) -> T:
    """An operation on the lowest element."""
    done, result = quick[T](op, cpu.fpu.mxcsr, a, b)
    if done:
        return result
    x, fl = operate[T](op, a, b, sse_mode(cpu.fpu.mxcsr))
    raised(cpu, fl)
    return x


@hot
def ADD_packed(cpu: Cpu, al: u64, ah: u64, bl: u64, bh: u64) -> (u64, u64):
    return packed[T](cpu, ADD, al, ah, bl, bh)


@hot
def ADD_scalar(cpu: Cpu, a: T, b: T) -> T:
    return scalar[T](cpu, ADD, a, b)


@hot
def SUB_packed(cpu: Cpu, al: u64, ah: u64, bl: u64, bh: u64) -> (u64, u64):
    return packed[T](cpu, SUB, al, ah, bl, bh)


@hot
def SUB_scalar(cpu: Cpu, a: T, b: T) -> T:
    return scalar[T](cpu, SUB, a, b)


@hot
def MUL_packed(cpu: Cpu, al: u64, ah: u64, bl: u64, bh: u64) -> (u64, u64):
    return packed[T](cpu, MUL, al, ah, bl, bh)


@hot
def MUL_scalar(cpu: Cpu, a: T, b: T) -> T:
    return scalar[T](cpu, MUL, a, b)


@hot
def DIV_packed(cpu: Cpu, al: u64, ah: u64, bl: u64, bh: u64) -> (u64, u64):
    return packed[T](cpu, DIV, al, ah, bl, bh)


@hot
def DIV_scalar(cpu: Cpu, a: T, b: T) -> T:
    return scalar[T](cpu, DIV, a, b)


@hot
def MIN_packed(cpu: Cpu, al: u64, ah: u64, bl: u64, bh: u64) -> (u64, u64):
    return packed[T](cpu, MIN, al, ah, bl, bh)


@hot
def MIN_scalar(cpu: Cpu, a: T, b: T) -> T:
    return scalar[T](cpu, MIN, a, b)


@hot
def MAX_packed(cpu: Cpu, al: u64, ah: u64, bl: u64, bh: u64) -> (u64, u64):
    return packed[T](cpu, MAX, al, ah, bl, bh)


@hot
def MAX_scalar(cpu: Cpu, a: T, b: T) -> T:
    return scalar[T](cpu, MAX, a, b)


@hot
def SQRT_packed(cpu: Cpu, low: u64, high: u64) -> (u64, u64):
    return packed[T](cpu, SQRT, low, high, low, high)


@hot
def SQRT_scalar(cpu: Cpu, src: T) -> T:
    return scalar[T](cpu, SQRT, src, src)


# -- comparison --------------------------------------------------------------------------------------------------

@inline
def holds(a: T, b: T, predicate: u8, cw: u16) -> (T, u16):
    """Ones if a predicate of CMPPS holds, else 0."""
    relation, fl = float_compare[T](a, b, QUIET[predicate & 7] != 0, cw)
    return T.max if HOLDS[predicate & 7] >> (relation & 3) & 1 != 0 else 0, fl


@inline
def holds_half(a: u64, b: u64, predicate: u8, cw: u16) -> (u64, u16):
    """The same for the elements of 64 bits."""
    if T.bits == 64:
        return holds[T](a, b, predicate, cw)
    else:
        low, fl = holds[T](T(a), T(b), predicate, cw)
        high, fh = holds[T](T(a >> 32), T(b >> 32), predicate, cw)
        return low | u64(high) << 32, fl | fh


@hot
def CMP_packed(cpu: Cpu, al: u64, ah: u64, bl: u64, bh: u64, predicate: u8) -> (u64, u64):
    cw = sse_mode(cpu.fpu.mxcsr)
    low, fl = holds_half[T](al, bl, predicate, cw)
    high, fh = holds_half[T](ah, bh, predicate, cw)
    raised(cpu, fl | fh)
    return low, high


@hot
def CMP_scalar(cpu: Cpu, a: T, b: T, predicate: u8) -> T:
    x, fl = holds[T](a, b, predicate, sse_mode(cpu.fpu.mxcsr))
    raised(cpu, fl)
    return x


@inline
def compare_flags(cpu: Cpu, a: T, b: T, quiet: bool) -> None:
    """ZF, PF and CF from a comparison; the other flags are cleared."""
    relation, fl = float_compare[T](a, b, quiet, sse_mode(cpu.fpu.mxcsr))
    raised(cpu, fl)
    cc_flags(cpu, EFLAGS[relation & 3])


@hot
def COMIS(cpu: Cpu, a: T, b: T) -> None:
    compare_flags[T](cpu, a, b, False)


@hot
def UCOMIS(cpu: Cpu, a: T, b: T) -> None:
    """Quiet NaNs are no offence."""
    compare_flags[T](cpu, a, b, True)
