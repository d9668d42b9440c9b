"""The mathematics of the transcendental instructions, to about 120 bits.

A wide number is an exponent as floatx80 biases it and a significand of 128 bits: w / 2**127 * 2**(e - 16383).  If it is
normalised, bit 127 of w is set.  A fraction is a u128 in units of 2**-128.
"""
from emu.bus.component import hot, inline
from emu.bus.types import i32, u8, u16, u32, u64, u128
from emu.cpu.fpu.bits import clz64, div128, join, mul128
from emu.cpu.fpu.rounding import round80
from emu.cpu.fpu.state import PC_64
from emu.cpu.fpu.tables import (
    ATAN_HIGH, ATAN_LOW, EXP2_HIGH, EXP2_LOW, FACTORIAL_HIGH, FACTORIAL_LOW, HALF_LOG2E_HIGH, HALF_LOG2E_LOW, LN2_HIGH,
    LN2_LOW, LOG2_HIGH, LOG2_LOW, ODD_HIGH, ODD_LOW, PI_64)

BIAS = 16383
SIGN = 0x8000


# -- wide numbers ------------------------------------------------------------------------------------------------

@inline
def clz128(x: u128) -> u8:
    """Leading zero bits; 128 for 0."""
    high = u64(x >> 64)
    if high != 0:
        return clz64(high)
    return u8(64 + clz64(u64(x)))


@inline
def widen(e: i32, x: u128) -> (i32, u128):
    """Normalise a wide number other than 0."""
    n = clz128(x)
    return i32(e - i32(n)), u128(x << (n & 127))


@inline
def fraction(e: i32, w: u128) -> u128:
    """A wide number below 1 as a fraction."""
    n = u32(BIAS - 1 - u32(e))
    if n > 127:
        return 0
    return w >> (n & 127)


@inline
def divide(ne: i32, n: u128, de: i32, d: u128) -> (i32, u128):
    """Quotient of two normalised wide numbers."""
    q: u128 = 0
    e: i32 = i32(ne - de + (BIAS - 1))
    if n < d:
        q = div128(n, d)
    else:
        q = div128(n >> 1, d)
        e = i32(e + 1)
    return widen(e, q)


@hot
def round_wide(sign: u16, e: i32, w: u128, cw: u16) -> (u64, u16, u16):
    """An inexact wide number as floatx80; precision control does not apply."""
    exp, x = widen(e, w)
    return round80(sign, exp, u64(x >> 64), u64(x) | 1, cw | PC_64)


# -- series ------------------------------------------------------------------------------------------------------

@inline
def factorial(n: u8) -> u128:
    """1 / n! as a fraction."""
    return join(FACTORIAL_HIGH[n & 31], FACTORIAL_LOW[n & 31])


@inline
def odd(n: u8) -> u128:
    """1 / (2n + 1) as a fraction."""
    return join(ODD_HIGH[n & 15], ODD_LOW[n & 15])


@hot
def sin_series(z: u128) -> u128:
    """sin(r) / r, z = r * r, r up to pi / 4."""
    acc: u128 = factorial(29)
    for n in range(13):
        acc = u128(factorial(u8(27 - 2 * n)) - mul128(z, acc))
    return u128(~mul128(z, acc))


@hot
def cos_series(z: u128) -> u128:
    """cos(r), z = r * r, r up to pi / 4."""
    acc: u128 = factorial(30)
    for n in range(14):
        acc = u128(factorial(u8(28 - 2 * n)) - mul128(z, acc))
    return u128(~mul128(z, acc))


@hot
def atan_series(z: u128) -> u128:
    """atan(s) / s, z = s * s, s up to 1 / 32."""
    acc: u128 = odd(12)
    for n in range(11):
        acc = u128(odd(u8(11 - n)) - mul128(z, acc))
    return u128(~mul128(z, acc))


@hot
def atanh_series(z: u128) -> u128:
    """atanh(s) / s - 1, z = s * s, s up to 1 / 64."""
    acc: u128 = odd(10)
    for n in range(9):
        acc = u128(odd(u8(9 - n)) + mul128(z, acc))
    return mul128(z, acc)


@hot
def exp_series(t: u128, negative: bool) -> u128:
    """(exp(t) - 1 - t) / t**2, or (exp(-t) - 1 + t) / t**2; t up to 1 / 16."""
    acc: u128 = factorial(19)
    for n in range(17):
        term = mul128(t, acc)
        if negative:
            acc = u128(factorial(u8(18 - n)) - term)
        else:
            acc = u128(factorial(u8(18 - n)) + term)
    return acc


# -- functions ---------------------------------------------------------------------------------------------------

@inline
def reduce_angle(e: i32, m: u64) -> (u8, bool, i32, u128):
    """x - q * pi/2 for an x below 2**63, with the 66-bit pi: q, whether the rest is negative, its size up to pi/4."""
    if e < BIAS - 2:
        return 0, False, e, u128(u128(m) << 64)
    half = u128(u128(PI_64) * 4 + 3)  # pi / 2 in units of 2**-65
    x = u128(u128(m) << (u32(e - (BIAS - 2)) & 127))
    turns = x // half
    q: u8 = u8(turns)
    r: u128 = u128(x - turns * half)
    negative: bool = False
    if r > u128(half - r):
        r = u128(half - r)
        q = u8(q + 1)
        negative = True
    we, w = widen(BIAS + 62, r)
    return q & 3, negative, we, w


@inline
def sin_cos(e: i32, w: u128) -> (i32, u128, u128):
    """Sine and cosine of a wide number up to pi / 4: exponent and significand of the sine, the cosine as a fraction."""
    r = fraction(e, w)
    z = mul128(r, r)
    return e, mul128(w, sin_series(z)), cos_series(z)


@inline
def atan_quotient(ne: i32, n: u64, de: i32, d: u64) -> (i32, u128):
    """atan(n / d), n at most d, both normalised; not normalised itself."""
    gap = u32(de - ne)
    if gap > 5:
        e, s = divide(ne, u128(u128(n) << 64), de, u128(u128(d) << 64))
        return e, small_atan(e, s)
    # atan(q) = atan(k/32) + atan((q - k/32) / (1 + q k/32)), k/32 just below q
    x = u128(u128(n) << ((56 - gap) & 63))
    y = u128(u128(d) << 56)
    k = u8(u128(x << 5) // y)
    top = u128((x << 5) - k * y)
    bottom = u128((y << 5) + k * x)
    whole = join(ATAN_HIGH[k & 63], ATAN_LOW[k & 63])
    if top == 0:
        return BIAS - 1, whole
    te, t = widen(BIAS, top)
    be, b = widen(BIAS, bottom)
    e2, s2 = divide(te, t, be, b)
    rest = small_atan(e2, s2)
    if k == 0:
        return e2, rest
    return BIAS - 1, u128(whole + fraction(e2, rest))


@inline
def small_atan(e: i32, s: u128) -> u128:
    """Significand of atan(s) for s up to 1 / 32; the exponent is that of s."""
    f = fraction(e, s)
    return mul128(s, atan_series(mul128(f, f)))


@inline
def log_ratio(exponent: i32, top: u128, bottom: u128) -> (i32, u128):
    """2 * atanh(r) * log2(e), r = top / bottom * 2**(exponent - BIAS), up to 1 / 64."""
    te, t = widen(exponent, top)
    be, b = widen(BIAS, bottom)
    e, s = divide(te, t, be, b)
    f = fraction(e, s)
    x = u128((s >> 1) + mul128(s >> 1, atanh_series(mul128(f, f))))  # half of the significand
    # times log2(e) / 2, of which the table has a fraction: 8 is for both halves and the 2 in front
    return i32(e + 3), mul128(x, join(HALF_LOG2E_HIGH, HALF_LOG2E_LOW))


@inline
def log2_wide(exponent: i32, m: u128) -> (u16, i32, u128):
    """log2(m / 2**120 * 2**exponent), m from 2**120 to 2**121: sign, wide magnitude; 0 for an argument of 1.

    The result is exact if m is 2**120.
    """
    k: u8 = u8((m >> 115) & 31)
    base: u128 = u128(u128(32 + k) << 115)
    e: i32 = exponent
    part: u128 = join(LOG2_HIGH[k & 63], LOG2_LOW[k & 63])  # fraction to add to, or subtract from, e
    top: u128 = u128(m - base)
    minus: bool = False
    if k > 12:
        # above about sqrt(2): come from the next power of 2 down
        e = i32(e + 1)
        minus = True
        if top != 0:
            k = u8(k + 1)
            base = u128(u128(32 + k) << 115)
            top = u128(base - m)
        part = u128(0 - join(LOG2_HIGH[k & 63], LOG2_LOW[k & 63]))
        if k == 32:
            part = 0
    re: i32 = 0
    rest: u128 = 0
    if top != 0:
        re, rest = log_ratio(BIAS, top, u128(base + m))
        if e == 0 and part == 0:
            return SIGN if minus else 0, re, rest
        part = u128(part + fraction(re, rest))
    # e +- part, as a fraction of 2**16
    sign: u16 = 0
    size: u128 = u128(u128(u32(e)) << 112)
    if e < 0:
        sign = SIGN
        size = u128(u128(u32(0 - u32(e))) << 112)
    if (minus and e > 0) or (not minus and e < 0):
        size = u128(size - (part >> 16))
    else:
        size = u128(size + (part >> 16))
        if minus:
            sign = SIGN
    return sign, BIAS + 15, size


@inline
def small_log1p(negative: bool, e: i32, m: u64) -> (i32, u128):
    """|log2(1 + x)| for an x of the given sign and a size below 1 / 32."""
    # 2 atanh(x / (2 + x)); x as a significand over 2**126, so that 2 is 2**127
    x = u128(m) << 63
    shift = u32(BIAS - u32(e))
    small: u128 = 0
    if shift < 128:
        small = x >> (shift & 127)
    bottom: u128 = u128((u128(1) << 127) + small)
    if negative:
        bottom = u128((u128(1) << 127) - small)
    return log_ratio(e, x, bottom)


@inline
def exp2_minus_1(negative: bool, e: i32, m: u64) -> (i32, u128):
    """|2**x - 1| for an x of the given sign and a size below 1."""
    w = u128(u128(m) << 64)
    if e > BIAS - 5:
        # 2**x = 2**(k/16) * 2**rest
        whole = fraction(e, w)
        k = u8(whole >> 124)
        rest = u128(whole << 4) >> 4
        base: u128 = join(EXP2_HIGH[k & 31], EXP2_LOW[k & 31])
        if negative:
            base = join(EXP2_HIGH[(16 - k) & 31], EXP2_LOW[(16 - k) & 31])
        part: u128 = 0
        if rest != 0:
            re, r = widen(BIAS - 1, rest)
            xe, x = small_exp(negative, re, r)
            part = mul128(base, fraction(xe, x))
        if negative:
            return BIAS - 1, u128(part - base)
        return BIAS, u128(u128(base + part) << 1) >> 1  # bit 127 stands for 1
    return small_exp(negative, e, w)


@inline
def small_exp(negative: bool, e: i32, w: u128) -> (i32, u128):
    """|2**x - 1| for x up to 1 / 16."""
    te, t = widen(e, mul128(w, join(LN2_HIGH, LN2_LOW)))
    f = fraction(te, t)
    more = mul128(t, mul128(f, exp_series(f, negative)))
    if negative:
        return te, u128(t - more)
    return i32(te + 1), u128((t >> 1) + (more >> 1))
