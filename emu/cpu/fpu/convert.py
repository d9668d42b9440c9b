"""Conversions between floatx80 and the memory formats: binary32, binary64, integers, packed BCD.

Intel SDM volume 1, 4.2, 4.7 and table 4-10; indefinite values: tables 4-3 and 4-4.
"""
from emu.bus.component import hot, inline
from emu.bus.types import i32, u8, u16, u32, u64
from emu.cpu.fpu.bits import clz64
from emu.cpu.fpu.f80 import EXP, QUIET, SIGN, is_normal, is_unsupported, normalise
from emu.cpu.fpu.f80int import from_magnitude, magnitude
from emu.cpu.fpu.rounding import INFINITY, round32, round64
from emu.cpu.fpu.state import DE, IE

BCD_MAX = 10 ** 18 - 1
BCD_INDEFINITE = 0xC000000000000000
BCD_INDEFINITE_HIGH = 0xFFFF


# -- to floatx80: exact.  A signalling NaN stays one; a denormal is flagged --------------------------------------

@inline
def from_f32(x: u32) -> (u64, u16, u16):
    """binary32 to floatx80; the flag is DE or 0."""
    e = (x >> 23) & 0xFF
    sign = u16((x >> 16) & SIGN)
    if u8(e - 1) < 0xFE:
        return (u64(x & 0x7FFFFF) << 40) | INFINITY, sign | u16(e + (0x3FFF - 0x7F)), 0
    return from_f32_special(x)


@hot
def from_f32_special(x: u32) -> (u64, u16, u16):
    """from_f32 of zeros, denormals, infinities and NaNs."""
    sign = u16((x >> 16) & SIGN)
    frac = u64(x & 0x7FFFFF) << 40
    if (x & 0x7F800000) != 0:
        return frac | INFINITY, sign | EXP, 0
    if frac == 0:
        return 0, sign, 0
    n = clz64(frac)
    return u64(frac << (n & 63)), sign | u16(0x3FFF - 0x7F + 1 - n), DE


@inline
def from_f64(x: u64) -> (u64, u16, u16):
    """binary64 to floatx80; the flag is DE or 0."""
    e = u16(x >> 52) & 0x7FF
    sign = u16(x >> 48) & SIGN
    if u16(e - 1) < 0x7FE:
        return ((x & 0xFFFFFFFFFFFFF) << 11) | INFINITY, sign | u16(e + (0x3FFF - 0x3FF)), 0
    return from_f64_special(x)


@hot
def from_f64_special(x: u64) -> (u64, u16, u16):
    """from_f64 of zeros, denormals, infinities and NaNs."""
    sign = u16(x >> 48) & SIGN
    frac = (x & 0xFFFFFFFFFFFFF) << 11
    if (x >> 52) & 0x7FF != 0:
        return frac | INFINITY, sign | EXP, 0
    if frac == 0:
        return 0, sign, 0
    n = clz64(frac)
    return u64(frac << (n & 63)), sign | u16(0x3FFF - 0x3FF + 1 - n), DE


@inline
def from_i64(x: u64) -> (u64, u16):
    """A two's-complement integer of 64 bits to floatx80."""
    if x >> 63 != 0:
        m, se = from_magnitude(u64(0 - x))
        return m, se | SIGN
    return from_magnitude(x)


@hot
def from_bcd(low: u64, high: u16) -> (u64, u16):
    """Packed BCD (bytes 0 to 7, bytes 8 and 9) to floatx80."""
    value: u64 = u64((u64((high >> 4) & 0xF)) * 10 + (high & 0xF))
    for i in range(16):
        value = u64(value * 10 + ((low >> ((60 - 4 * i) & 63)) & 0xF))
    m, se = from_magnitude(value)
    return m, se | (high & SIGN)


# -- from floatx80 -----------------------------------------------------------------------------------------------

@inline
def to_f32(m: u64, se: u16, cw: u16) -> (u32, u16):
    """floatx80 to binary32."""
    if is_normal(m, se):
        return round32(se & SIGN, i32(se & EXP), m, 0, cw)
    return to_f32_special(m, se, cw)


@hot
def to_f32_special(m: u64, se: u16, cw: u16) -> (u32, u16):
    """to_f32 of zeros, denormals, infinities, NaNs and what is unsupported."""
    top = u32(se & SIGN) << 16
    if is_unsupported(m, se):
        return 0xFFC00000, IE
    if (se & EXP) == EXP:
        if m == INFINITY:
            return top | 0x7F800000, 0
        return top | 0x7FC00000 | (u32(m >> 40) & 0x3FFFFF), IE if (m & QUIET) == 0 else 0
    if m == 0:
        return top, 0
    mant, e = normalise(m, se)
    return round32(se & SIGN, e, mant, 0, cw)


@inline
def to_f64(m: u64, se: u16, cw: u16) -> (u64, u16):
    """floatx80 to binary64."""
    if is_normal(m, se):
        return round64(se & SIGN, i32(se & EXP), m, 0, cw)
    return to_f64_special(m, se, cw)


@hot
def to_f64_special(m: u64, se: u16, cw: u16) -> (u64, u16):
    """to_f64 of zeros, denormals, infinities, NaNs and what is unsupported."""
    top = u64(se & SIGN) << 48
    if is_unsupported(m, se):
        return 0xFFF8000000000000, IE
    if (se & EXP) == EXP:
        if m == INFINITY:
            return top | 0x7FF0000000000000, 0
        return top | 0x7FF8000000000000 | ((m >> 11) & 0x7FFFFFFFFFFFF), IE if (m & QUIET) == 0 else 0
    if m == 0:
        return top, 0
    mant, e = normalise(m, se)
    return round64(se & SIGN, e, mant, 0, cw)


@hot
def to_int(m: u64, se: u16, limit: u64, cw: u16) -> (u64, u16):
    """floatx80 to a two's-complement integer; ``limit`` is its most negative value's magnitude (8000h for 16 bits).

    What does not fit gives IE and the indefinite integer, which is that value.
    """
    if (se & EXP) == EXP or is_unsupported(m, se):
        return u64(0 - limit), IE
    whole, fl = magnitude(m, se, cw)
    if (se & SIGN) != 0:
        if whole > limit:
            return u64(0 - limit), IE
        return u64(0 - whole), fl
    if whole >= limit:
        return u64(0 - limit), IE
    return whole, fl


@hot
def to_bcd(m: u64, se: u16, cw: u16) -> (u64, u16, u16):
    """floatx80 to packed BCD: bytes 0 to 7, bytes 8 and 9, exceptions."""
    if (se & EXP) == EXP or is_unsupported(m, se):
        return BCD_INDEFINITE, BCD_INDEFINITE_HIGH, IE
    whole, fl = magnitude(m, se, cw)
    if whole > BCD_MAX:
        return BCD_INDEFINITE, BCD_INDEFINITE_HIGH, IE
    rest: u64 = whole
    low: u64 = 0
    for i in range(16):
        low = low | u64((rest % 10) << (4 * i))
        rest = rest // 10
    return low, (se & SIGN) | u16((rest // 10) << 4) | u16(rest % 10), fl
