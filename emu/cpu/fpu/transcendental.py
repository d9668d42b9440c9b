"""x87 transcendental instructions: FSIN FCOS FSINCOS FPTAN FPATAN F2XM1 FYL2X FYL2XP1.

Results are those of the mathematical functions, rounded to 64 bits whatever the precision control; arguments of the
trigonometric ones are reduced with the 66-bit pi.  Intel SDM volume 1, 8.3.7, 8.3.8; special operands: volume 2.
"""
from emu.bus.component import hot, inline
from emu.bus.types import i32, u8, u16, u32, u64, u128
from emu.cpu.fpu.bits import join, mul128
from emu.cpu.fpu.f80 import (
    EXP, SIGN, denormal_flag, is_infinity, is_nan, is_unsupported, mul80, nan80, normalise)
from emu.cpu.fpu.f80int import from_magnitude
from emu.cpu.fpu.numeric import cannot_push, push_second
from emu.cpu.fpu.rounding import INDEFINITE, INDEFINITE_SEXP, INFINITY, round80
from emu.cpu.fpu.stack import empty, note, pop, put, st, underflow
from emu.cpu.fpu.state import C2, IE, PC_64, PE, UE, ZE, Fpu
from emu.cpu.fpu.tables import QUARTER_PI_HIGH, QUARTER_PI_LOW
from emu.cpu.fpu.wide import (
    BIAS, atan_quotient, divide, exp2_minus_1, fraction, log2_wide, reduce_angle, round_wide, sin_cos, small_log1p,
    widen)
from emu.cpu.state import Cpu

OUT_OF_RANGE = BIAS + 63  # 2**63


# -- values ------------------------------------------------------------------------------------------------------

@inline
def is_special(m: u64, se: u16) -> bool:
    """Neither a finite number nor infinity."""
    return is_unsupported(m, se) or is_nan(m, se)


@hot
def special80(am: u64, ase: u16, bm: u64, bse: u16) -> (u64, u16, u16):
    """The result when an operand is unsupported or a NaN."""
    if is_unsupported(am, ase) or is_unsupported(bm, bse):
        return INDEFINITE, INDEFINITE_SEXP, IE
    return nan80(am, ase, bm, bse)


@inline
def trig_special(m: u64, se: u16) -> bool:
    """Whether a trigonometric function's operand is a NaN, unsupported, infinity or zero."""
    return m == 0 or (se & EXP) == EXP or is_unsupported(m, se)


@hot
def trig_of_special(m: u64, se: u16, cosine: bool) -> (u64, u16, u16):
    """Sine or tangent, or cosine, of such an operand."""
    if is_unsupported(m, se) or is_infinity(m, se):
        return INDEFINITE, INDEFINITE_SEXP, IE
    if m != 0:
        return nan80(m, se, 0, 0)
    if cosine:
        return INFINITY, 0x3FFF, 0
    return 0, se & SIGN, 0


@inline
def quadrant(q: u8, negative: bool, mirrored: bool, sin_e: i32, sine: u128, cosine: u128, cw: u16) -> (u64, u16, u16):
    """sin(q pi/2 + r), from sine and cosine of |r|; ``mirrored``: the negative of it."""
    sign: u16 = 0
    if mirrored != ((q & 2) != 0):
        sign = SIGN
    if (q & 1) != 0:
        return round_wide(sign, BIAS - 1, cosine, cw)
    if negative:
        sign = sign ^ SIGN
    return round_wide(sign, sin_e, sine, cw)


@inline
def tiny(e: i32) -> bool:
    """Whether sin(x) is x, and cos(x) is 1, to 64 bits; the chip returns just that in every rounding mode."""
    return e < BIAS - 40


@hot
def same80(m: u64, se: u16, cw: u16) -> (u64, u16, u16):
    """x as the inexact result for a tiny x, underflow included."""
    mant, e = normalise(m, se)
    r, rse, fl = round80(se & SIGN, e, mant, 0, cw | PC_64)
    if e < 1:
        fl = fl | UE
    return r, rse, fl | PE | denormal_flag(m, se)


@hot
def sin80(m: u64, se: u16, cw: u16) -> (u64, u16, u16):
    """Sine of a number below 2**63, infinity or a NaN."""
    if trig_special(m, se):
        return trig_of_special(m, se, False)
    mant, e = normalise(m, se)
    if tiny(e):
        return same80(m, se, cw)
    q, negative, re, r = reduce_angle(e, mant)
    sin_e, sine, cosine = sin_cos(re, r)
    rm, rse, fl = quadrant(q, negative, (se & SIGN) != 0, sin_e, sine, cosine, cw)
    return rm, rse, fl | denormal_flag(m, se)


@hot
def cos80(m: u64, se: u16, cw: u16) -> (u64, u16, u16):
    """Cosine, likewise."""
    if trig_special(m, se):
        return trig_of_special(m, se, True)
    mant, e = normalise(m, se)
    if tiny(e):
        return INFINITY, 0x3FFF, PE | denormal_flag(m, se)
    q, negative, re, r = reduce_angle(e, mant)
    sin_e, sine, cosine = sin_cos(re, r)
    rm, rse, fl = quadrant(u8(q + 1), negative, False, sin_e, sine, cosine, cw)
    return rm, rse, fl | denormal_flag(m, se)


@hot
def tan80(m: u64, se: u16, cw: u16) -> (u64, u16, u16):
    """Tangent, likewise."""
    if trig_special(m, se):
        return trig_of_special(m, se, False)
    mant, e = normalise(m, se)
    if tiny(e):
        return same80(m, se, cw)
    q, negative, re, r = reduce_angle(e, mant)
    sin_e, sine, cosine = sin_cos(re, r)
    se2, s2 = widen(sin_e, sine)
    ce2, c2 = widen(BIAS - 1, cosine)
    sign: u16 = se & SIGN
    if negative:
        sign = sign ^ SIGN
    te: i32 = 0
    t: u128 = 0
    if (q & 1) != 0:
        sign = sign ^ SIGN
        te, t = divide(ce2, c2, se2, s2)
    else:
        te, t = divide(se2, s2, ce2, c2)
    rm, rse, fl = round_wide(sign, te, t, cw)
    return rm, rse, fl | denormal_flag(m, se)


@hot
def angle80(sign: u16, eighths: u8, cw: u16) -> (u64, u16, u16):
    """A multiple of pi / 4, 1 to 4."""
    quarter = join(QUARTER_PI_HIGH, QUARTER_PI_LOW)
    return round_wide(sign, BIAS + 2, u128((quarter >> 3) * (eighths & 7)), cw)


@hot
def atan80(ym: u64, yse: u16, xm: u64, xse: u16, cw: u16) -> (u64, u16, u16):
    """The angle of the point (x, y), from -pi to pi."""
    if is_special(ym, yse) or is_special(xm, xse):
        return special80(ym, yse, xm, xse)
    fl = denormal_flag(ym, yse) | denormal_flag(xm, xse)
    sign = yse & SIGN
    left = (xse & SIGN) != 0
    m: u64 = 0
    se: u16 = 0
    more: u16 = 0
    y_inf = (yse & EXP) == EXP
    x_inf = (xse & EXP) == EXP
    if y_inf or x_inf or ym == 0 or xm == 0:
        n: u8 = 0
        if y_inf:
            n = 2
            if x_inf:
                n = 3 if left else 1
        elif ym == 0 or x_inf:
            n = 4 if left else 0
        else:
            n = 2
        if n == 0:
            return 0, sign, fl
        m, se, more = angle80(sign, n, cw)
        return m, se, fl | more
    y, ye = normalise(ym, yse)
    x, xe = normalise(xm, xse)
    steep = ye > xe or (ye == xe and y > x)
    e: i32 = 0
    w: u128 = 0
    if steep:
        e, w = atan_quotient(xe, x, ye, y)
    else:
        e, w = atan_quotient(ye, y, xe, x)
    if steep or left:
        # pi/2 +- angle, or pi - angle, in units of 2**-125
        part: u128 = 0
        if e > BIAS - 128:
            part = fraction(e, w) >> 3
        half = join(QUARTER_PI_HIGH, QUARTER_PI_LOW) >> 2
        if not steep:
            w = u128(half + half - part)
        elif left:
            w = u128(half + part)
        else:
            w = u128(half - part)
        e = BIAS + 2
    m, se, more = round_wide(sign, e, w, cw)
    return m, se, fl | more


@hot
def exp80(m: u64, se: u16, cw: u16) -> (u64, u16, u16):
    """2**x - 1 for x from -1 to 1; a finite x outside stays as it is (undefined in the manual)."""
    if is_special(m, se):
        return special80(m, se, 0, 0)
    if m == 0:
        return m, se, 0
    if (se & EXP) >= BIAS:
        if is_infinity(m, se) and se > SIGN:
            return INFINITY, SIGN | BIAS, 0
        if se == (SIGN | BIAS) and m == INFINITY:
            return INFINITY, SIGN | (BIAS - 1), PE
        return m, se, 0 if (se & EXP) == EXP else PE
    mant, e = normalise(m, se)
    we, w = exp2_minus_1((se & SIGN) != 0, e, mant)
    r, rse, more = round_wide(se & SIGN, we, w, cw)
    return r, rse, more | denormal_flag(m, se)


@hot
def log_of_special(xm: u64, xse: u16, ym: u64, yse: u16, sign: u16, fl: u16) -> (u64, u16, u16):
    """y * log2(x) when the logarithm is infinite (x given as +0 or +infinity), or y is 0 or infinite.

    ``sign`` is that of the product.
    """
    if xm == 0:
        if ym == 0:
            return INDEFINITE, INDEFINITE_SEXP, IE
        if (yse & EXP) == EXP:
            return INFINITY, sign | EXP, 0
        return INFINITY, sign | EXP, ZE
    if (xse & EXP) == EXP and ym == 0:
        return INDEFINITE, INDEFINITE_SEXP, IE
    if ym == 0:
        return 0, sign, fl
    return INFINITY, sign | EXP, fl


@hot
def scaled_log(exponent: i32, t: u128, ym: u64, yse: u16, fl: u16, cw: u16) -> (u64, u16, u16):
    """y * log2(t / 2**120 * 2**exponent) for a finite y other than 0."""
    y, ye = normalise(ym, yse)
    m: u64 = 0
    se: u16 = 0
    more: u16 = 0
    if t == 1 << 120:
        # a power of 2: the logarithm is an integer
        neg: u16 = 0
        size: u32 = u32(exponent)
        if exponent < 0:
            neg = SIGN
            size = u32(0 - size)
        n, nse = from_magnitude(size)
        if size == 0:
            return 0, yse & SIGN, fl
        m, se, more = mul80(n, neg | nse, ym, yse, cw | PC_64)
    else:
        sign, e, w = log2_wide(exponent, t)
        le, l = widen(e, w)
        m, se, more = round_wide(sign ^ (yse & SIGN), i32(le + ye - (BIAS - 1)), mul128(l, u128(u128(y) << 64)), cw)
    return m, se, fl | more | PE


@hot
def log80(xm: u64, xse: u16, ym: u64, yse: u16, cw: u16) -> (u64, u16, u16):
    """y * log2(x)."""
    if is_special(xm, xse) or is_special(ym, yse):
        return special80(xm, xse, ym, yse)
    if (xse & SIGN) != 0 and xm != 0:
        return INDEFINITE, INDEFINITE_SEXP, IE
    fl = denormal_flag(xm, xse) | denormal_flag(ym, yse)
    sign: u16 = yse & SIGN
    if (xse & EXP) < BIAS:
        sign = sign ^ SIGN
    if xm == INFINITY and (xse & EXP) == BIAS:
        if (yse & EXP) == EXP:
            return INDEFINITE, INDEFINITE_SEXP, IE
        return 0, sign, fl
    if xm == 0 or (xse & EXP) == EXP or ym == 0 or (yse & EXP) == EXP:
        return log_of_special(xm, xse, ym, yse, sign, fl)
    x, e = normalise(xm, xse)
    return scaled_log(i32(e - BIAS), u128(u128(x) << 57), ym, yse, fl, cw)


@hot
def log1p80(xm: u64, xse: u16, ym: u64, yse: u16, cw: u16) -> (u64, u16, u16):
    """y * log2(1 + x); the manual defines it for x between sqrt(1/2) - 1 and sqrt(2) - 1."""
    if is_special(xm, xse) or is_special(ym, yse):
        return special80(xm, xse, ym, yse)
    fl = denormal_flag(xm, xse) | denormal_flag(ym, yse)
    sign = (xse ^ yse) & SIGN
    negative = (xse & SIGN) != 0
    if negative and (xse & EXP) >= BIAS:
        if (xse & EXP) == BIAS and xm == INFINITY:
            return log_of_special(0, 0, ym, yse, sign, fl)
        return INDEFINITE, INDEFINITE_SEXP, IE
    if xm == 0:
        if (yse & EXP) == EXP:
            return INDEFINITE, INDEFINITE_SEXP, IE
        return 0, sign, fl
    if (xse & EXP) == EXP or ym == 0 or (yse & EXP) == EXP:
        return log_of_special(xm, xse, ym, yse, sign, fl)
    x, e = normalise(xm, xse)
    if e < BIAS - 5:
        y, ye = normalise(ym, yse)
        we, w = small_log1p(negative, e, x)
        le, l = widen(we, w)
        m, se, more = round_wide(sign, i32(le + ye - (BIAS - 1)), mul128(l, u128(u128(y) << 64)), cw)
        return m, se, fl | more
    one: u128 = 0
    part: u128 = u128(u128(x) << 56)  # of units of 2**-119, or more if x is big
    exp: i32 = 0
    if e >= BIAS:
        exp = i32(e - BIAS)
        if exp < 64:
            one = u128(1 << 119) >> (u32(exp) & 63)
    else:
        one = u128(1 << 119)
        part = part >> (u32(BIAS - u32(e)) & 63)
    total: u128 = u128(one + part)
    if negative:
        total = u128(one - part)
    te, t = widen(BIAS, total)
    return scaled_log(i32(exp + te - (BIAS - 8)), t >> 7, ym, yse, fl, cw)


# -- instructions ------------------------------------------------------------------------------------------------

@inline
def out_of_range(f: Fpu) -> bool:
    """What C2 says of the trigonometric functions: ST0 is finite and its size 2**63 or more."""
    e = f.sexp[f.top & 7] & EXP
    if e >= OUT_OF_RANGE and e != EXP and f.mant[f.top & 7] >> 63 != 0:
        note(f, C2)
        return True
    return False


@hot
def FSIN(cpu: Cpu) -> None:
    """D9 FE: sine of ST0."""
    f = cpu.fpu
    r = f.top
    f.fsw = f.fsw & (0xFFFF - C2)
    if empty(f, r):
        underflow(f, r)
    else:
        too_big: bool = out_of_range(f)
        if not too_big:
            m, se, fl = sin80(f.mant[r & 7], f.sexp[r & 7], f.fcw)
            put(f, r, m, se, fl)


@hot
def FCOS(cpu: Cpu) -> None:
    """D9 FF: cosine of ST0."""
    f = cpu.fpu
    r = f.top
    f.fsw = f.fsw & (0xFFFF - C2)
    if empty(f, r):
        underflow(f, r)
    else:
        too_big: bool = out_of_range(f)
        if not too_big:
            m, se, fl = cos80(f.mant[r & 7], f.sexp[r & 7], f.fcw)
            put(f, r, m, se, fl)


@hot
def FSINCOS(cpu: Cpu) -> None:
    """D9 FB: ST0 becomes its sine, then its cosine is pushed."""
    f = cpu.fpu
    f.fsw = f.fsw & (0xFFFF - C2)
    stack_fault: bool = cannot_push(f)
    if not stack_fault:
        too_big: bool = out_of_range(f)
        if not too_big:
            m = f.mant[f.top & 7]
            se = f.sexp[f.top & 7]
            sm, sse, fl = sin80(m, se, f.fcw)
            cm, cse, more = cos80(m, se, f.fcw)
            push_second(f, sm, sse, cm, cse, fl | more)


@hot
def FPTAN(cpu: Cpu) -> None:
    """D9 F2: ST0 becomes its tangent, then 1.0 is pushed (a NaN again for a NaN)."""
    f = cpu.fpu
    f.fsw = f.fsw & (0xFFFF - C2)
    stack_fault: bool = cannot_push(f)
    if not stack_fault:
        too_big: bool = out_of_range(f)
        if not too_big:
            m, se, fl = tan80(f.mant[f.top & 7], f.sexp[f.top & 7], f.fcw)
            if is_nan(m, se):
                push_second(f, m, se, m, se, fl)
            else:
                push_second(f, m, se, INFINITY, 0x3FFF, fl)


@hot
def F2XM1(cpu: Cpu) -> None:
    """D9 F0: ST0 = 2**ST0 - 1."""
    f = cpu.fpu
    r = f.top
    if empty(f, r):
        underflow(f, r)
    else:
        m, se, fl = exp80(f.mant[r & 7], f.sexp[r & 7], f.fcw)
        put(f, r, m, se, fl)


@hot
def FPATAN(cpu: Cpu) -> None:
    """D9 F3: ST1 = angle of (ST0, ST1), and pop."""
    f = cpu.fpu
    x = f.top & 7
    y = st(f, 1) & 7
    if empty(f, x) or empty(f, y):
        done: bool = underflow(f, y)
        if done:
            pop(f)
    else:
        m, se, fl = atan80(f.mant[y], f.sexp[y], f.mant[x], f.sexp[x], f.fcw)
        done: bool = put(f, y, m, se, fl)
        if done:
            pop(f)


@hot
def FYL2X(cpu: Cpu) -> None:
    """D9 F1: ST1 = ST1 * log2(ST0), and pop."""
    f = cpu.fpu
    x = f.top & 7
    y = st(f, 1) & 7
    if empty(f, x) or empty(f, y):
        done: bool = underflow(f, y)
        if done:
            pop(f)
    else:
        m, se, fl = log80(f.mant[x], f.sexp[x], f.mant[y], f.sexp[y], f.fcw)
        done: bool = put(f, y, m, se, fl)
        if done:
            pop(f)


@hot
def FYL2XP1(cpu: Cpu) -> None:
    """D9 F9: ST1 = ST1 * log2(ST0 + 1), and pop."""
    f = cpu.fpu
    x = f.top & 7
    y = st(f, 1) & 7
    if empty(f, x) or empty(f, y):
        done: bool = underflow(f, y)
        if done:
            pop(f)
    else:
        m, se, fl = log1p80(f.mant[x], f.sexp[x], f.mant[y], f.sexp[y], f.fcw)
        done: bool = put(f, y, m, se, fl)
        if done:
            pop(f)
