"""Arithmetic on floatx80: add, subtract, multiply, divide, square root, compare.

A number is its significand (u64) and its sign and exponent word (u16).  Every function gives its result and the
exceptions found, as status-word bits.  An unmasked IE, DE or ZE is the caller's to act on: nothing is stored then.
Special operands: Intel SDM volume 1, 4.8.3, 8.2.2 (unsupported encodings), 8.5.1 (invalid operations); NaNs: table 4-7.
"""
from emu.bus.component import hot, inline
from emu.bus.types import i32, u8, u16, u32, u64, u128
from emu.cpu.fpu.bits import clz64, sqrt128
from emu.cpu.fpu.rounding import HALF, INDEFINITE, INDEFINITE_SEXP, INFINITY, round80
from emu.cpu.fpu.state import DE, IE, RC, RC_DOWN, ZE

QUIET = 1 << 62
SIGN = 0x8000
EXP = 0x7FFF

# Relations that compare80 gives
EQUAL, LESS, GREATER, UNORDERED = range(4)


# -- kinds of operands -------------------------------------------------------------------------------------------

@inline
def is_normal(m: u64, se: u16) -> bool:
    """Neither zero, denormal, infinity, NaN nor an unsupported encoding."""
    return m >> 63 != 0 and u16((se & EXP) - 1) < 0x7FFE


@inline
def is_unsupported(m: u64, se: u16) -> bool:
    """An encoding that the 387 and later take for invalid: integer bit 0 with an exponent that is not."""
    return m >> 63 == 0 and (se & EXP) != 0


@inline
def is_nan(m: u64, se: u16) -> bool:
    """A NaN with its integer bit."""
    return (se & EXP) == EXP and m > INFINITY


@inline
def is_snan(m: u64, se: u16) -> bool:
    """A signalling NaN."""
    return (se & EXP) == EXP and m > INFINITY and (m & QUIET) == 0


@inline
def is_infinity(m: u64, se: u16) -> bool:
    """Infinity of either sign."""
    return (se & EXP) == EXP and m == INFINITY


@inline
def is_denormal(m: u64, se: u16) -> bool:
    """A denormal or pseudo-denormal."""
    return (se & EXP) == 0 and m != 0


@inline
def denormal_flag(m: u64, se: u16) -> u16:
    """DE if the operand is a denormal or pseudo-denormal, else 0."""
    return DE if (se & EXP) == 0 and m != 0 else 0


@inline
def normalise(m: u64, se: u16) -> (u64, i32):
    """Significand with bit 63 set, and exponent, of a finite number other than 0."""
    if (se & EXP) != 0:
        return m, i32(se & EXP)
    n = clz64(m)
    return u64(m << (n & 63)), i32(1 - u32(n))


@hot
def nan80(am: u64, ase: u16, bm: u64, bse: u16) -> (u64, u16, u16):
    """The result of an operation with at least one NaN among its operands (neither one unsupported)."""
    a_nan = is_nan(am, ase)
    b_nan = is_nan(bm, bse)
    a_snan = is_snan(am, ase)
    b_snan = is_snan(bm, bse)
    fl: u16 = 0
    if a_snan or b_snan:
        fl = IE
    first: bool = a_nan
    if a_nan and b_nan:
        if a_snan != b_snan:
            first = b_snan
        elif am != bm:
            first = am > bm
        else:
            first = ase < bse  # the positive one
    if first:
        return am | QUIET, ase, fl
    return bm | QUIET, bse, fl


# -- add, subtract -----------------------------------------------------------------------------------------------

@hot
def add80(am: u64, ase: u16, bm: u64, bse: u16, flip_a: u16, flip_b: u16, cw: u16) -> (u64, u16, u16):
    """a + b; with 8000h for a flip that operand's sign is changed first, unless it is a NaN."""
    if is_unsupported(am, ase) or is_unsupported(bm, bse):
        return INDEFINITE, INDEFINITE_SEXP, IE
    if is_nan(am, ase) or is_nan(bm, bse):
        return nan80(am, ase, bm, bse)
    fl: u16 = denormal_flag(am, ase) | denormal_flag(bm, bse)
    sa = (ase ^ flip_a) & SIGN
    sb = (bse ^ flip_b) & SIGN
    if (ase & EXP) == EXP:
        if (bse & EXP) == EXP and sa != sb:
            return INDEFINITE, INDEFINITE_SEXP, IE
        return am, sa | EXP, fl
    if (bse & EXP) == EXP:
        return bm, sb | EXP, fl
    m: u64 = 0
    se: u16 = 0
    more: u16 = 0
    if am == 0 and bm == 0:
        if sa == sb:
            return 0, sa, 0
        return 0, zero_sign(cw), 0
    if am == 0:
        mb, eb = normalise(bm, bse)
        m, se, more = round80(sb, eb, mb, 0, cw)
    elif bm == 0:
        ma, ea = normalise(am, ase)
        m, se, more = round80(sa, ea, ma, 0, cw)
    else:
        na, xa = normalise(am, ase)
        nb, xb = normalise(bm, bse)
        m, se, more = add_finite(sa, xa, na, sb, xb, nb, cw)
    return m, se, fl | more


@inline
def zero_sign(cw: u16) -> u16:
    """The sign of x - x."""
    return SIGN if (cw & RC) == RC_DOWN else 0


@inline
def add_finite(sa: u16, ea: i32, am: u64, sb: u16, eb: i32, bm: u64, cw: u16) -> (u64, u16, u16):
    """Sum of two normalised numbers."""
    sign, exp, hi, lo = add_exact(sa, ea, am, sb, eb, bm)
    if hi == 0:
        return 0, zero_sign(cw), 0
    return round80(sign, exp, hi, lo, cw)


@inline
def add_exact(sa: u16, ea: i32, am: u64, sb: u16, eb: i32, bm: u64) -> (u16, i32, u64, u64):
    """Exact sum of two normalised numbers: sign, exponent and 128 bits with a sticky end; ``hi`` is 0 if it is 0."""
    sign: u16 = sa
    exp: i32 = ea
    x: u64 = am
    y: u64 = bm
    d: u32 = u32(ea - eb)
    if ea < eb or (ea == eb and am < bm):
        sign = sb
        exp = eb
        x = bm
        y = am
        d = u32(eb - ea)
    w: u128 = 1
    if d < 65:
        w = u128(u128(y) << 64) >> (d & 127)
    elif d == 65:
        w = u128((y >> 1) | (y & 1))
    if sa == sb:
        high = u64(x + (w >> 64))
        low = u64(w)
        if high < x:
            return sign, i32(exp + 1), (high >> 1) | HALF, (low >> 1) | u64((high & 1) << 63) | (low & 1)
        return sign, exp, high, low
    diff = u128((u128(x) << 64) - w)
    hi: u64 = u64(diff >> 64)
    lo: u64 = u64(diff)
    if hi == 0:
        if lo == 0:
            return 0, 0, 0, 0
        hi = lo
        lo = 0
        exp = i32(exp - 64)
    n = clz64(hi)
    return sign, i32(exp - i32(n)), u64(hi << (n & 63)) | (lo >> 1 >> ((63 - n) & 63)), u64(lo << (n & 63))


# -- multiply, divide, square root -------------------------------------------------------------------------------

@inline
def mul_exact(ea: i32, am: u64, eb: i32, bm: u64) -> (i32, u64, u64):
    """Exact product of two normalised numbers."""
    p = u128(am) * bm
    hi = u64(p >> 64)
    lo = u64(p)
    n = (hi >> 63) ^ 1
    return i32(u32(ea + eb - 16382) - n), u64(hi << (n & 1)) | ((lo >> 63) & n), u64(lo << (n & 1))


@hot
def mul80(am: u64, ase: u16, bm: u64, bse: u16, cw: u16) -> (u64, u16, u16):
    """a * b."""
    if is_unsupported(am, ase) or is_unsupported(bm, bse):
        return INDEFINITE, INDEFINITE_SEXP, IE
    if is_nan(am, ase) or is_nan(bm, bse):
        return nan80(am, ase, bm, bse)
    sign = (ase ^ bse) & SIGN
    fl: u16 = denormal_flag(am, ase) | denormal_flag(bm, bse)
    if (ase & EXP) == EXP or (bse & EXP) == EXP:
        if am == 0 or bm == 0:
            return INDEFINITE, INDEFINITE_SEXP, IE
        return INFINITY, sign | EXP, fl
    if am == 0 or bm == 0:
        return 0, sign, fl
    ma, ea = normalise(am, ase)
    mb, eb = normalise(bm, bse)
    exp, hi, lo = mul_exact(ea, ma, eb, mb)
    m, se, more = round80(sign, exp, hi, lo, cw)
    return m, se, fl | more


@inline
def div_exact(ea: i32, am: u64, eb: i32, bm: u64) -> (i32, u64, u64):
    """Quotient of two normalised numbers; lo says how the remainder compares with half of the divisor."""
    less = u32(am < bm)
    n = u128(u128(u64(am)) << (63 + (less & 1)))
    q = u64(n // bm)
    rest = u64(n - u128(q) * bm)
    other = u64(bm - rest)
    lo: u64 = (u64(rest >= other) << 63) | u64(rest != 0 and rest != other)
    return i32(u32(ea - eb + 16383) - less), q, lo


@hot
def div80(am: u64, ase: u16, bm: u64, bse: u16, cw: u16) -> (u64, u16, u16):
    """a / b."""
    if is_unsupported(am, ase) or is_unsupported(bm, bse):
        return INDEFINITE, INDEFINITE_SEXP, IE
    if is_nan(am, ase) or is_nan(bm, bse):
        return nan80(am, ase, bm, bse)
    sign = (ase ^ bse) & SIGN
    fl: u16 = denormal_flag(am, ase) | denormal_flag(bm, bse)
    if (ase & EXP) == EXP:
        if (bse & EXP) == EXP:
            return INDEFINITE, INDEFINITE_SEXP, IE
        return INFINITY, sign | EXP, fl
    if (bse & EXP) == EXP:
        return 0, sign, fl
    if bm == 0:
        if am == 0:
            return INDEFINITE, INDEFINITE_SEXP, IE
        return INFINITY, sign | EXP, ZE
    if am == 0:
        return 0, sign, fl
    ma, ea = normalise(am, ase)
    mb, eb = normalise(bm, bse)
    exp, hi, lo = div_exact(ea, ma, eb, mb)
    m, se, more = round80(sign, exp, hi, lo, cw)
    return m, se, fl | more


@hot
def sqrt80(m: u64, se: u16, cw: u16) -> (u64, u16, u16):
    """Square root."""
    if is_unsupported(m, se):
        return INDEFINITE, INDEFINITE_SEXP, IE
    if is_nan(m, se):
        return nan80(m, se, 0, 0)
    if m == 0:
        return m, se, 0
    if (se & SIGN) != 0:
        return INDEFINITE, INDEFINITE_SEXP, IE
    if (se & EXP) == EXP:
        return m, se, 0
    fl = denormal_flag(m, se)
    mant, e = normalise(m, se)
    exp, hi, lo = sqrt_exact(e, mant)
    r, rse, more = round80(0, exp, hi, lo, cw)
    return r, rse, fl | more


@inline
def sqrt_exact(e: i32, m: u64) -> (i32, u64, u64):
    """Square root of a normalised number; lo says whether the rest is above half a unit."""
    n: u128 = u128(u128(m) << 63)
    if (u32(e) & 1) == 0:  # the bias is odd
        n = u128(n << 1)
    root = sqrt128(n)
    rest = u128(n - u128(root) * root)
    lo: u64 = 0
    if rest > root:
        lo = 3 << 62
    elif rest != 0:
        lo = 1
    return i32(u32(e + 16383) >> 1), root, lo


# -- compare -----------------------------------------------------------------------------------------------------

@hot
def compare80(am: u64, ase: u16, bm: u64, bse: u16, quiet: bool) -> (u8, u16):
    """Relation of a to b, and exceptions; ``quiet`` compares take no offence at a quiet NaN."""
    if is_unsupported(am, ase) or is_unsupported(bm, bse):
        return UNORDERED, IE
    if is_nan(am, ase) or is_nan(bm, bse):
        if quiet and not is_snan(am, ase) and not is_snan(bm, bse):
            return UNORDERED, 0
        return UNORDERED, IE
    fl = denormal_flag(am, ase) | denormal_flag(bm, bse)
    if (am | bm) == 0:
        return EQUAL, fl
    if ((ase ^ bse) & SIGN) != 0:
        if (ase & SIGN) != 0:
            return LESS, fl
        return GREATER, fl
    # a pseudo-denormal has the exponent of the smallest normal number
    ea = (ase & EXP) + u16((ase & EXP) == 0 and am >> 63 != 0)
    eb = (bse & EXP) + u16((bse & EXP) == 0 and bm >> 63 != 0)
    if ea == eb and am == bm:
        return EQUAL, fl
    if (ea < eb or (ea == eb and am < bm)) == ((ase & SIGN) == 0):
        return LESS, fl
    return GREATER, fl
