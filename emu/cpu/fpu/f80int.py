"""Integers out of floatx80: rounding to integer, remainder, scaling, extraction of exponent and significand.

Intel SDM volume 2: FRNDINT, FPREM, FPREM1, FSCALE, FXTRACT.
"""
from emu.bus.component import hot, inline
from emu.bus.types import i32, u8, u16, u32, u64, u128
from emu.cpu.fpu.bits import clz64
from emu.cpu.fpu.f80 import EXP, SIGN, denormal_flag, is_infinity, is_nan, is_unsupported, nan80, normalise
from emu.cpu.fpu.rounding import INDEFINITE, INDEFINITE_SEXP, INFINITY, round80, rounds_up
from emu.cpu.fpu.state import C1, IE, PC_64, PE, ZE

# remainder80, instead of a quotient
REM_PARTIAL = 0x80  # reduction incomplete
REM_NONE = 0x40  # there is no quotient: invalid operand or NaN
SCALE_LIMIT = 0x10000


@inline
def magnitude(m: u64, se: u16, cw: u16) -> (u64, u16):
    """|x| of a finite number rounded to an integer, with PE and C1; 2**64 - 1 if it is too big."""
    if m == 0:
        return 0, 0
    e = u32(se & EXP)
    if e > 0x3FFF + 63:
        return u64.max, 0
    whole: u64 = 0
    rest: u64 = 1
    if e >= 0x3FFF:
        n = u32(0x3FFF + 63 - e)
        whole = m >> (n & 63)
        rest = u64(m << ((64 - n) & 63)) if n != 0 else 0
    elif e == 0x3FFE:
        rest = m
    if rest == 0:
        return whole, 0
    if rounds_up(se & SIGN, (whole & 1) != 0, rest, cw):
        return u64(whole + 1), PE | C1
    return whole, PE


@hot
def rint80(m: u64, se: u16, cw: u16) -> (u64, u16, u16):
    """x rounded to an integral value."""
    if is_unsupported(m, se):
        return INDEFINITE, INDEFINITE_SEXP, IE
    if is_nan(m, se):
        return nan80(m, se, 0, 0)
    if (se & EXP) >= 0x3FFF + 63 or m == 0:
        return m, se, 0
    whole, fl = magnitude(m, se, cw)
    r, rse = from_magnitude(whole)
    return r, (se & SIGN) | rse, fl | denormal_flag(m, se)


@inline
def from_magnitude(x: u64) -> (u64, u16):
    """A 64-bit unsigned integer as floatx80."""
    if x == 0:
        return 0, 0
    n = clz64(x)
    return u64(x << (n & 63)), u16(0x3FFF + 63 - n)


@hot
def remainder80(am: u64, ase: u16, bm: u64, bse: u16, nearest: bool, cw: u16) -> (u64, u16, u16, u8):
    """Exact remainder of a / b with the quotient chopped (FPREM) or rounded to nearest (FPREM1).

    The last result has the low three bits of the quotient; or REM_NONE; or REM_PARTIAL when the exponents were too far
    apart and a is reduced by a part of it only.
    """
    if is_unsupported(am, ase) or is_unsupported(bm, bse):
        return INDEFINITE, INDEFINITE_SEXP, IE, REM_NONE
    if is_nan(am, ase) or is_nan(bm, bse):
        m, se, more = nan80(am, ase, bm, bse)
        return m, se, more, REM_NONE
    if (ase & EXP) == EXP or bm == 0:
        return INDEFINITE, INDEFINITE_SEXP, IE, REM_NONE
    fl = denormal_flag(am, ase) | denormal_flag(bm, bse)
    if am == 0:
        return am, ase, fl, 0
    sign: u16 = ase & SIGN
    ma, ea = normalise(am, ase)
    if (bse & EXP) == EXP:
        m2, se2, more2 = round80(sign, ea, ma, 0, cw | PC_64)
        return m2, se2, fl | more2, 0
    mb, eb = normalise(bm, bse)
    r: u64 = ma
    e: i32 = ea
    q: u8 = 0
    if ea < eb:
        if nearest and i32(ea + 1) == eb and ma > mb:  # above b / 2
            r = u64(u128(mb) * 2 - ma)
            sign = sign ^ SIGN
            q = 1
    else:
        d = u32(ea - eb)
        if d < 64:
            n = u128(u128(ma) << (d & 63))
            wide = n // mb
            r = u64(n - wide * mb)
            q = u8(wide)
            e = eb
            other = u64(mb - r)
            if nearest and (r > other or (r == other and (q & 1) != 0)):
                r = other
                sign = sign ^ SIGN
                q = u8(q + 1)
            q = q & 7
        else:
            # the part of the quotient that one step takes has between 32 and 63 bits
            part = u32(32 + (d & 31))
            r = u64(u128(u128(ma) << (part & 63)) % mb)
            e = i32(ea - i32(part))
            q = REM_PARTIAL
    if r == 0:
        return 0, ase & SIGN, fl, q
    lead = clz64(r)
    m3, se3, more3 = round80(sign, i32(e - i32(lead)), u64(r << (lead & 63)), 0, cw | PC_64)
    return m3, se3, fl | more3, q


@hot
def scale80(am: u64, ase: u16, bm: u64, bse: u16, cw: u16) -> (u64, u16, u16):
    """a * 2**trunc(b)."""
    if is_unsupported(am, ase) or is_unsupported(bm, bse):
        return INDEFINITE, INDEFINITE_SEXP, IE
    if is_nan(am, ase) or is_nan(bm, bse):
        return nan80(am, ase, bm, bse)
    sign = ase & SIGN
    fl = denormal_flag(am, ase) | denormal_flag(bm, bse)
    if is_infinity(bm, bse):
        if (bse & SIGN) == 0:
            if am == 0:
                return INDEFINITE, INDEFINITE_SEXP, IE
            return INFINITY, sign | EXP, fl
        if (ase & EXP) == EXP:
            return INDEFINITE, INDEFINITE_SEXP, IE
        return 0, sign, fl
    if am == 0 or (ase & EXP) == EXP:
        return am, ase, fl
    n: u32 = 0
    if (bse & EXP) > 0x3FFF + 15:
        n = SCALE_LIMIT
    elif (bse & EXP) >= 0x3FFF:
        n = u32(bm >> ((0x3FFF + 63 - (bse & EXP)) & 63))
    m, e = normalise(am, ase)
    exp: i32 = i32(e + i32(n))
    if (bse & SIGN) != 0:
        exp = i32(e - i32(n))
    r, rse, more = round80(sign, exp, m, 0, cw | PC_64)
    return r, rse, fl | more


@inline
def extract80(m: u64, se: u16) -> (u64, u16, u64, u16, u16):
    """Exponent (significand and sign word), significand (likewise), and exceptions."""
    if is_unsupported(m, se):
        return INDEFINITE, INDEFINITE_SEXP, INDEFINITE, INDEFINITE_SEXP, IE
    if is_nan(m, se):
        r, rse, fl = nan80(m, se, 0, 0)
        return r, rse, r, rse, fl
    if (se & EXP) == EXP:
        return INFINITY, EXP, m, se, 0
    if m == 0:
        return INFINITY, SIGN | EXP, m, se, ZE
    mant, e = normalise(m, se)
    sign: u16 = 0
    size: u32 = u32(e - 0x3FFF)
    if e < 0x3FFF:
        sign = SIGN
        size = u32(0x3FFF - u32(e))
    x, xse = from_magnitude(size)
    return x, sign | xse, mant, (se & SIGN) | 0x3FFF, denormal_flag(m, se)
