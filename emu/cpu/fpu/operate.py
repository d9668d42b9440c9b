"""The six x87 operations on registers: ST0 or ST(i) = ST0 op ST(i), ST0 = ST0 op value from memory.

Each has a short path for the common case and a general one.  Intel SDM volume 1, 8.3.5.
"""
from emu.bus.component import hot, inline
from emu.bus.types import i32, u8, u16, u32, u64
from emu.cpu.fpu.f80 import EXP, SIGN, add80, add_exact, div80, div_exact, is_nan, mul80, mul_exact
from emu.cpu.fpu.rounding import HALF
from emu.cpu.fpu.stack import empty, put, st, underflow
from emu.cpu.fpu.state import C1, DE, IE, PC, PC_64, PE, RC, ZE, Fpu

ADD, MUL, _COM, _COMP, SUB, SUBR, DIV, DIVR = range(8)  # as the opcodes number them


# -- the common case: normal operands and result, rounding to nearest with all 64 bits, PE masked ----------------

@inline
def common_operands(am: u64, ase: u32, bm: u64, bse: u32) -> bool:
    """Whether both are normal numbers."""
    return (am & bm) >> 63 != 0 and u32((ase & EXP) - 1) < 0x7FFE and u32((bse & EXP) - 1) < 0x7FFE


@inline
def common_result(f: Fpu, to: u8, sign: u32, exp: u32, hi: u64, lo: u64) -> bool:
    """Round an exact result and write it to physical register ``to``; false, and nothing done, if it is not common."""
    # no branches that depend on the fraction: they would be mispredicted
    up = u64(u64(lo + (HALF - 1) + (hi & 1)) < lo)
    m = u64(hi + up)
    if (f.fcw & (PC | RC | PE)) != (PC_64 | PE) or m == 0 or u32(exp - 1) >= 0x7FFD:
        return False  # m is 0 if the result is 0 or rounding reached the next power of 2
    f.fsw = (f.fsw & (0xFFFF - C1)) | (u32(lo != 0) << 5) | u32(up << 9)
    f.mant[to & 7] = m
    f.sexp[to & 7] = u16(sign | exp)
    return True


@inline
def add_common(f: Fpu, to: u8, am: u64, ase: u32, bm: u64, bse: u32) -> bool:
    """Register ``to`` = a + b, if that is a common case."""
    if not common_operands(am, ase, bm, bse):
        return False
    sign, exp, hi, lo = add_exact(u16(ase & SIGN), i32(ase & EXP), am, u16(bse & SIGN), i32(bse & EXP), bm)
    return common_result(f, to, sign, u32(exp), hi, lo)


@inline
def mul_common(f: Fpu, to: u8, am: u64, ase: u32, bm: u64, bse: u32) -> bool:
    """Register ``to`` = a * b, if that is a common case."""
    if not common_operands(am, ase, bm, bse):
        return False
    exp, hi, lo = mul_exact(i32(ase & EXP), am, i32(bse & EXP), bm)
    return common_result(f, to, (ase ^ bse) & SIGN, u32(exp), hi, lo)


@inline
def div_common(f: Fpu, to: u8, am: u64, ase: u32, bm: u64, bse: u32) -> bool:
    """Register ``to`` = a / b, if that is a common case."""
    if not common_operands(am, ase, bm, bse):
        return False
    exp, hi, lo = div_exact(i32(ase & EXP), am, i32(bse & EXP), bm)
    return common_result(f, to, (ase ^ bse) & SIGN, u32(exp), hi, lo)


# -- the general case --------------------------------------------------------------------------------------------

@inline
def finish(f: Fpu, to: u8, m: u64, se: u16, fl: u16, denormal: u16) -> bool:
    """Write a result to physical register ``to``; false if an unmasked exception forbids it.

    ``denormal`` is DE if the operand from memory was a denormal of a narrower format.
    """
    if denormal != 0 and (fl & (IE | ZE)) == 0 and not is_nan(m, se):
        return put(f, to, m, se, fl | denormal)
    return put(f, to, m, se, fl)


@hot
def add_any(f: Fpu, to: u8, a: u8, bm: u64, bse: u16, flip_a: u16, flip_b: u16, denormal: u16) -> bool:
    """Register ``to`` = register a + value, signs flipped as for add80."""
    m, se, fl = add80(f.mant[a & 7], f.sexp[a & 7], bm, bse, flip_a, flip_b, f.fcw)
    return finish(f, to, m, se, fl, denormal)


@hot
def mul_any(f: Fpu, to: u8, a: u8, bm: u64, bse: u16, denormal: u16) -> bool:
    """Register ``to`` = register a * value."""
    m, se, fl = mul80(f.mant[a & 7], f.sexp[a & 7], bm, bse, f.fcw)
    return finish(f, to, m, se, fl, denormal)


@hot
def div_any(f: Fpu, to: u8, am: u64, ase: u16, bm: u64, bse: u16, denormal: u16) -> bool:
    """Register ``to`` = a / b."""
    m, se, fl = div80(am, ase, bm, bse, f.fcw)
    return finish(f, to, m, se, fl, denormal)


# How add_registers and add_value flip signs, in one argument: more would not be in registers of the host
NEGATE_A, NEGATE_B = SIGN, SIGN << 16


# -- ST0 or ST(i) = ST0 op ST(i) ---------------------------------------------------------------------------------
# Small arguments and a tail call for the general case: in C the common case is then a function without a frame.

@hot
def add_registers(f: Fpu, to: u8, a: u8, b: u8, flips: u32) -> bool:
    """Register ``to`` = register a + register b, with signs flipped: NEGATE_A, NEGATE_B."""
    done: bool = add_common(f, to, f.mant[a & 7], f.sexp[a & 7] ^ u16(flips), f.mant[b & 7], f.sexp[b & 7] ^ u16(flips >> 16))
    if done:
        return True
    return add_any(f, to, a, f.mant[b & 7], f.sexp[b & 7], u16(flips), u16(flips >> 16), 0)


@hot
def mul_registers(f: Fpu, to: u8, a: u8, b: u8) -> bool:
    """Register ``to`` = register a * register b."""
    done: bool = mul_common(f, to, f.mant[a & 7], f.sexp[a & 7], f.mant[b & 7], f.sexp[b & 7])
    if done:
        return True
    return mul_any(f, to, a, f.mant[b & 7], f.sexp[b & 7], 0)


@hot
def div_registers(f: Fpu, to: u8, a: u8, b: u8) -> bool:
    """Register ``to`` = register a / register b."""
    done: bool = div_common(f, to, f.mant[a & 7], f.sexp[a & 7], f.mant[b & 7], f.sexp[b & 7])
    if done:
        return True
    return div_any(f, to, f.mant[a & 7], f.sexp[a & 7], f.mant[b & 7], f.sexp[b & 7], 0)


@inline
def with_register(f: Fpu, op: u8, to: u8, i: u8) -> bool:
    """Register ``to``, which is ST0's or ST(i)'s, = ST0 op ST(i); false if an unmasked exception forbids it."""
    a = f.top
    b = st(f, i)
    if empty(f, a) or empty(f, b):
        return underflow(f, to)
    if op == ADD:
        return add_registers(f, to, a, b, 0)
    if op == MUL:
        return mul_registers(f, to, a, b)
    if op == SUB:
        return add_registers(f, to, a, b, NEGATE_B)
    if op == SUBR:
        return add_registers(f, to, a, b, NEGATE_A)
    if op == DIV:
        return div_registers(f, to, a, b)
    return div_registers(f, to, b, a)


# -- ST0 = ST0 op value ------------------------------------------------------------------------------------------

@hot
def add_value(f: Fpu, a: u8, bm: u64, bse: u16, flips: u32) -> None:
    """Register a = register a + value, with signs flipped."""
    done: bool = add_common(f, a, f.mant[a & 7], f.sexp[a & 7] ^ u16(flips), bm, bse ^ u16(flips >> 16))
    if not done:
        add_any(f, a, a, bm, bse, u16(flips), u16(flips >> 16), 0)


@hot
def mul_value(f: Fpu, a: u8, bm: u64, bse: u16) -> None:
    """Register a = register a * value."""
    done: bool = mul_common(f, a, f.mant[a & 7], f.sexp[a & 7], bm, bse)
    if not done:
        mul_any(f, a, a, bm, bse, 0)


@hot
def div_value(f: Fpu, a: u8, bm: u64, bse: u16) -> None:
    """Register a = register a / value."""
    done: bool = div_common(f, a, f.mant[a & 7], f.sexp[a & 7], bm, bse)
    if not done:
        div_any(f, a, f.mant[a & 7], f.sexp[a & 7], bm, bse, 0)


@hot
def divr_value(f: Fpu, a: u8, bm: u64, bse: u16) -> None:
    """Register a = value / register a."""
    done: bool = div_common(f, a, bm, bse, f.mant[a & 7], f.sexp[a & 7])
    if not done:
        div_any(f, a, bm, bse, f.mant[a & 7], f.sexp[a & 7], 0)


@hot
def with_denormal(f: Fpu, op: u8, a: u8, bm: u64, bse: u16) -> None:
    """Register a = register a op value, which came from a denormal of a narrower format."""
    if op == ADD:
        add_any(f, a, a, bm, bse, 0, 0, DE)
    elif op == MUL:
        mul_any(f, a, a, bm, bse, DE)
    elif op == SUB:
        add_any(f, a, a, bm, bse, 0, SIGN, DE)
    elif op == SUBR:
        add_any(f, a, a, bm, bse, SIGN, 0, DE)
    elif op == DIV:
        div_any(f, a, f.mant[a & 7], f.sexp[a & 7], bm, bse, DE)
    else:
        div_any(f, a, bm, bse, f.mant[a & 7], f.sexp[a & 7], DE)


@inline
def with_memory(f: Fpu, op: u8, bm: u64, bse: u16, denormal: u16) -> None:
    """ST0 = ST0 op value; ``denormal`` is DE if the value came from a denormal of a narrower format."""
    a = f.top
    if empty(f, a):
        underflow(f, a)
    elif denormal != 0:
        with_denormal(f, op, a, bm, bse)
    elif op == ADD:
        add_value(f, a, bm, bse, 0)
    elif op == MUL:
        mul_value(f, a, bm, bse)
    elif op == SUB:
        add_value(f, a, bm, bse, NEGATE_B)
    elif op == SUBR:
        add_value(f, a, bm, bse, NEGATE_A)
    elif op == DIV:
        div_value(f, a, bm, bse)
    else:
        divr_value(f, a, bm, bse)
