"""Arithmetic on binary32 and binary64 as SSE does it, on the same core as the x87.

T is u32 or u64.  ``cw`` is what `sse_mode` makes of MXCSR.  Results come with their exceptions (bits 0 to 5 of MXCSR);
for an unmasked one the result means nothing, and of IE, DE, ZE on one side and OE, UE, PE on the other only the first
group counts then.  Intel SDM volume 1, 11.5.2 (exceptions), 10.2.3 (flush-to-zero, denormals-are-zeros), table 4-7.
"""
from emu.bus.component import hot, inline
from emu.bus.types import T, i32, u8, u16, u32, u64
from emu.cpu.fpu.bits import clz64
from emu.cpu.fpu.convert import from_f32, from_f64, to_int
from emu.cpu.fpu.f80 import (
    EQUAL, EXP, GREATER, LESS, SIGN, UNORDERED, add_exact, div_exact, is_nan, is_snan, mul_exact, sqrt_exact, zero_sign)
from emu.cpu.fpu.rounding import INFINITY, round32, round64
from emu.cpu.fpu.state import DAZ, EXCEPTIONS, IE, PC_64, RC, RC_ZERO, ZE

ADD, SUB, MUL, DIV = range(4)


@inline
def sse_mode(mxcsr: u32) -> u16:
    """MXCSR's masks, rounding, DAZ and FTZ in the places where the soft-float looks for them."""
    return (u16((mxcsr >> 7) & EXCEPTIONS) | u16((mxcsr >> 3) & RC) | u16((mxcsr << 8) & DAZ) | u16(mxcsr & 0x8000)
            | PC_64)


@inline
def unpack(x: T, cw: u16) -> (u64, u16, u16):
    """A number as floatx80, and DE for a denormal; with DAZ that is a zero."""
    m: u64 = 0
    se: u16 = 0
    fl: u16 = 0
    if T.bits == 64:
        m, se, fl = from_f64(x)
    else:
        m, se, fl = from_f32(x)
    if fl != 0 and (cw & DAZ) != 0:
        return 0, se & SIGN, 0
    return m, se, fl


@inline
def pack(sign: u16, exp: i32, hi: u64, lo: u64, cw: u16) -> (T, u16):
    """An exact result, rounded."""
    if T.bits == 64:
        m, fl = round64(sign, exp, hi, lo, cw)
        return m, fl & EXCEPTIONS
    else:
        m32, fl32 = round32(sign, exp, hi, lo, cw)
        return m32, fl32 & EXCEPTIONS


@inline
def special(sign: u16, value: u64) -> T:
    """A zero (value 0) or infinity (1) of a sign."""
    if T.bits == 64:
        return (u64(sign) << 48) | (0x7FF0000000000000 if value != 0 else 0)
    else:
        return (u32(sign) << 16) | (0x7F800000 if value != 0 else 0)


@inline
def indefinite() -> T:
    """The NaN of an invalid operation."""
    if T.bits == 64:
        return 0xFFF8000000000000
    else:
        return 0xFFC00000


@inline
def quieted(x: T) -> T:
    """A NaN made quiet."""
    if T.bits == 64:
        return x | 0x8000000000000
    else:
        return x | 0x400000


@hot
def float_nan(a: T, b: T, cw: u16) -> (T, u16):
    """The result of an operation with at least one NaN: the first operand if it is one, else the second."""
    am, ase, _da = unpack[T](a, cw)
    bm, bse, _db = unpack[T](b, cw)
    fl: u16 = 0
    if is_snan(am, ase) or is_snan(bm, bse):
        fl = IE
    if is_nan(am, ase):
        return quieted[T](a), fl
    return quieted[T](b), fl


@hot
def float_special(op: u8, a: T, b: T, cw: u16) -> (T, u16):
    """An operation of which an operand is not normal."""
    am, ase, da = unpack[T](a, cw)
    bm, bse, db = unpack[T](b, cw)
    if is_nan(am, ase) or is_nan(bm, bse):
        return float_nan[T](a, b, cw)
    fl: u16 = da | db
    sa = ase & SIGN
    sb: u16 = bse & SIGN
    a_inf = (ase & EXP) == EXP
    b_inf = (bse & EXP) == EXP
    sign: u16 = sa ^ sb
    exp: i32 = 0
    hi: u64 = 0
    lo: u64 = 0
    if op == ADD or op == SUB:
        if op == SUB:
            sb = sb ^ SIGN
        if a_inf and b_inf and sa != sb:
            return indefinite[T](), IE
        if a_inf:
            return special[T](sa, 1), fl
        if b_inf:
            return special[T](sb, 1), fl
        sign = sa
        if am == 0 and bm == 0:
            return special[T](sa if sa == sb else zero_sign(cw), 0), fl
        if am == 0:
            sign = sb
            exp = i32(bse & EXP)
            hi = bm
        elif bm == 0:
            exp = i32(ase & EXP)
            hi = am
        else:
            sign, exp, hi, lo = add_exact(sa, i32(ase & EXP), am, sb, i32(bse & EXP), bm)
            if hi == 0:
                return special[T](zero_sign(cw), 0), fl
    elif op == MUL:
        if a_inf or b_inf:
            if am == 0 or bm == 0:
                return indefinite[T](), IE
            return special[T](sign, 1), fl
        if am == 0 or bm == 0:
            return special[T](sign, 0), fl
        exp, hi, lo = mul_exact(i32(ase & EXP), am, i32(bse & EXP), bm)
    else:
        if a_inf:
            if b_inf:
                return indefinite[T](), IE
            return special[T](sign, 1), fl
        if b_inf:
            return special[T](sign, 0), fl
        if bm == 0:
            if am == 0:
                return indefinite[T](), IE
            return special[T](sign, 1), ZE
        if am == 0:
            return special[T](sign, 0), fl
        exp, hi, lo = div_exact(i32(ase & EXP), am, i32(bse & EXP), bm)
    r, more = pack[T](sign, exp, hi, lo, cw)
    return r, fl | more


@inline
def both_normal(a: T, b: T) -> bool:
    """Whether neither is zero, denormal, infinite or a NaN."""
    if T.bits == 64:
        return u64((a & 0x7FF0000000000000) - (1 << 52)) < 0x7FE0000000000000 and \
            u64((b & 0x7FF0000000000000) - (1 << 52)) < 0x7FE0000000000000
    else:
        return u32((a & 0x7F800000) - (1 << 23)) < 0x7F000000 and u32((b & 0x7F800000) - (1 << 23)) < 0x7F000000


@hot
def float_add(a: T, b: T, cw: u16) -> (T, u16):
    """a + b."""
    if not both_normal[T](a, b):
        return float_special[T](ADD, a, b, cw)
    am, ase, _da = unpack[T](a, cw)
    bm, bse, _db = unpack[T](b, cw)
    sign, exp, hi, lo = add_exact(ase & SIGN, i32(ase & EXP), am, bse & SIGN, i32(bse & EXP), bm)
    if hi == 0:
        return special[T](zero_sign(cw), 0), 0
    return pack[T](sign, exp, hi, lo, cw)


@hot
def float_sub(a: T, b: T, cw: u16) -> (T, u16):
    """a - b."""
    if not both_normal[T](a, b):
        return float_special[T](SUB, a, b, cw)
    am, ase, _da = unpack[T](a, cw)
    bm, bse, _db = unpack[T](b, cw)
    sign, exp, hi, lo = add_exact(ase & SIGN, i32(ase & EXP), am, (bse & SIGN) ^ SIGN, i32(bse & EXP), bm)
    if hi == 0:
        return special[T](zero_sign(cw), 0), 0
    return pack[T](sign, exp, hi, lo, cw)


@hot
def float_mul(a: T, b: T, cw: u16) -> (T, u16):
    """a * b."""
    if not both_normal[T](a, b):
        return float_special[T](MUL, a, b, cw)
    am, ase, _da = unpack[T](a, cw)
    bm, bse, _db = unpack[T](b, cw)
    exp, hi, lo = mul_exact(i32(ase & EXP), am, i32(bse & EXP), bm)
    return pack[T]((ase ^ bse) & SIGN, exp, hi, lo, cw)


@hot
def float_div(a: T, b: T, cw: u16) -> (T, u16):
    """a / b."""
    if not both_normal[T](a, b):
        return float_special[T](DIV, a, b, cw)
    am, ase, _da = unpack[T](a, cw)
    bm, bse, _db = unpack[T](b, cw)
    exp, hi, lo = div_exact(i32(ase & EXP), am, i32(bse & EXP), bm)
    return pack[T]((ase ^ bse) & SIGN, exp, hi, lo, cw)


@hot
def float_sqrt(a: T, cw: u16) -> (T, u16):
    """Square root."""
    m, se, fl = unpack[T](a, cw)
    if is_nan(m, se):
        return float_nan[T](a, a, cw)
    if m == 0:
        return special[T](se & SIGN, 0), 0
    if (se & SIGN) != 0:
        return indefinite[T](), IE
    if (se & EXP) == EXP:
        return a, 0
    exp, hi, lo = sqrt_exact(i32(se & EXP), m)
    r, more = pack[T](0, exp, hi, lo, cw)
    return r, fl | more


# -- comparisons -------------------------------------------------------------------------------------------------

@hot
def float_compare(a: T, b: T, quiet: bool, cw: u16) -> (u8, u16):
    """Relation of a to b (EQUAL, LESS, GREATER, UNORDERED); ``quiet`` takes no offence at a quiet NaN."""
    am, ase, da = unpack[T](a, cw)
    bm, bse, db = unpack[T](b, cw)
    if is_nan(am, ase) or is_nan(bm, bse):
        if quiet and not is_snan(am, ase) and not is_snan(bm, bse):
            return UNORDERED, 0
        return UNORDERED, IE
    fl = da | db
    if (am | bm) == 0:
        return EQUAL, fl
    if ((ase ^ bse) & SIGN) != 0:
        if (ase & SIGN) != 0:
            return LESS, fl
        return GREATER, fl
    if ase == bse and am == bm:
        return EQUAL, fl
    below = am == 0 or (bm != 0 and (ase < bse or (ase == bse and am < bm)))
    if below == ((ase & SIGN) == 0):
        return LESS, fl
    return GREATER, fl


@inline
def zeroed(x: T, cw: u16) -> T:
    """x, or with DAZ a zero in place of a denormal."""
    if (cw & DAZ) != 0:
        if T.bits == 64:
            if (x & 0x7FF0000000000000) == 0:
                return x & (1 << 63)
        else:
            if (x & 0x7F800000) == 0:
                return x & (1 << 31)
    return x


@hot
def float_min(a: T, b: T, cw: u16) -> (T, u16):
    """MINSS and kin: the second operand if either is a NaN or both are zeros."""
    relation, fl = float_compare[T](a, b, False, cw)
    if relation == LESS:
        return zeroed[T](a, cw), fl
    return zeroed[T](b, cw), fl


@hot
def float_max(a: T, b: T, cw: u16) -> (T, u16):
    """MAXSS and kin: the second operand if either is a NaN or both are zeros."""
    relation, fl = float_compare[T](a, b, False, cw)
    if relation == GREATER:
        return zeroed[T](a, cw), fl
    return zeroed[T](b, cw), fl


# -- conversions -------------------------------------------------------------------------------------------------

@hot
def float_widen(x: u32, cw: u16) -> (u64, u16):
    """binary32 to binary64."""
    m, se, fl = unpack[u32](x, cw)
    sign = u64(se & SIGN) << 48
    if (se & EXP) == EXP:
        if m == INFINITY:
            return special[u64](se & SIGN, 1), 0
        return sign | 0x7FF8000000000000 | ((m >> 11) & 0x7FFFFFFFFFFFF), IE if is_snan(m, se) else 0
    if m == 0:
        return sign, 0
    r, more = pack[u64](se & SIGN, i32(se & EXP), m, 0, cw)
    return r, fl | more


@hot
def float_narrow(x: u64, cw: u16) -> (u32, u16):
    """binary64 to binary32."""
    m, se, fl = unpack[u64](x, cw)
    if (se & EXP) == EXP:
        if m == INFINITY:
            return special[u32](se & SIGN, 1), 0
        return (u32(se & SIGN) << 16) | 0x7FC00000 | (u32(m >> 40) & 0x3FFFFF), IE if is_snan(m, se) else 0
    if m == 0:
        return special[u32](se & SIGN, 0), 0
    r, more = pack[u32](se & SIGN, i32(se & EXP), m, 0, cw)
    return r, fl | more


@hot
def float_to_i32(x: T, chop: bool, cw: u16) -> (u32, u16):
    """To a 32-bit integer, 80000000h if it does not fit; ``chop`` rounds towards zero whatever MXCSR says."""
    m, se, _d = unpack[T](x, cw)
    r, fl = to_int(m, se, 1 << 31, cw | RC_ZERO if chop else cw)
    return u32(r), fl & EXCEPTIONS


@hot
def float_from_i32(x: u32, cw: u16) -> (T, u16):
    """From a 32-bit integer."""
    if x == 0:
        return 0, 0
    negative = x >> 31 != 0
    size = u64(u32(0 - x)) if negative else u64(x)
    n = clz64(size)
    return pack[T](SIGN if negative else 0, i32(0x3FFF + 63 - n), u64(size << (n & 63)), 0, cw)
