"""Rounding of exact results to the three binary formats, with the exceptions that rounding finds.

An exact result is a sign (0 or 8000h), an exponent as floatx80 biases it (value 1.f * 2**(exp - 16383), any size),
``hi``, the significand with bit 63 set, and ``lo``, the 64 bits below it, where bit 0 also stands for everything lower.
``cw`` is an x87 control word: masks, precision control, rounding control; SSE makes one from MXCSR.
Results come with their exceptions as status-word bits, C1 included when the rounding was upwards in magnitude.

Intel SDM volume 1, 4.9.1 (exceptions, tininess after rounding), 8.5.4 and 8.5.5 (unmasked responses).
"""
from emu.bus.component import hot, inline
from emu.bus.types import i32, u8, u16, u32, u64, u128
from emu.cpu.fpu.bits import shift_jam128
from emu.cpu.fpu.state import C1, FTZ, OE, PC, PC_24, PC_53, PC_64, PE, RC, RC_DOWN, RC_NEAREST, RC_UP, UE

HALF = 1 << 63
INFINITY = 1 << 63
INDEFINITE = 3 << 62
INDEFINITE_SEXP = 0xFFFF
BIAS_ADJUST = 24576


@inline
def rounds_up(sign: u16, odd: bool, rest: u64, cw: u16) -> bool:
    """Whether a magnitude with ``rest`` / 2**64 of a unit behind its last place goes up."""
    rc = cw & RC
    if rc == RC_NEAREST:
        return rest > HALF or (rest == HALF and odd)
    if rc == RC_DOWN:
        return sign != 0 and rest != 0
    if rc == RC_UP:
        return sign == 0 and rest != 0
    return False


@inline
def split(hi: u64, lo: u64, unit: u64) -> (u64, u64):
    """hi:lo at a multiple of unit (a power of 2, in hi), and the fraction of unit behind it in 64 bits."""
    if unit == 1:
        return hi, lo
    tail = hi & u64(unit - 1)
    rest = u64((u128(tail) << 64) // unit) | u64(lo != 0)
    return hi ^ tail, rest


@inline
def round80(sign: u16, exp: i32, hi: u64, lo: u64, cw: u16) -> (u64, u16, u16):
    """An exact result as floatx80, rounded as precision and rounding control say."""
    if (cw & (PC | RC)) == PC_64 and u32(exp - 1) < 0x7FFD:
        # no branches that depend on the fraction: they would be mispredicted
        up = u64(u64(lo + (HALF - 1) + (hi & 1)) < lo)
        m = u64(hi + up)
        if m != 0:
            return m, sign | u16(exp), (u16(lo != 0) << 5) | (u16(up) << 9)
    return round80_any(sign, exp, hi, lo, cw)


@hot
def round80_any(sign: u16, exp: i32, hi: u64, lo: u64, cw: u16) -> (u64, u16, u16):
    """round80 in the general case."""
    unit: u64 = 1
    if (cw & PC) == PC_24:
        unit = 1 << 40
    elif (cw & PC) == PC_53:
        unit = 1 << 11
    m: u64 = hi
    rest: u64 = lo
    e: i32 = exp
    fl: u16 = 0
    # as if the exponent had no limits: decides tininess
    m, rest = split(hi, lo, unit)
    up: bool = rounds_up(sign, (m & unit) != 0, rest, cw)
    if up:
        m = u64(m + unit)
        if m == 0:
            m = HALF
            e = i32(e + 1)
    if e < 1:
        if (cw & UE) == 0:
            fl = UE
            e = i32(e + BIAS_ADJUST)
            if e < 1:  # FSCALE can fall below even that: zero, as far as the format goes
                return 0, sign, UE | PE
        else:
            w = shift_jam128(u128(u128(hi) << 64) | lo, u32(1 - exp))
            m, rest = split(u64(w >> 64), u64(w), unit)
            up = rounds_up(sign, (m & unit) != 0, rest, cw)
            if up:
                m = u64(m + unit)
            if rest != 0:
                fl = UE | PE
            if up:
                fl = fl | C1
            return m, sign | u16(m >> 63), fl
    elif e > 0x7FFE:
        if (cw & OE) == 0:
            fl = OE
            e = i32(e - BIAS_ADJUST)
            if e > 0x7FFE:  # FSCALE again
                return INFINITY, sign | 0x7FFF, OE | PE | C1
        else:
            rc = cw & RC
            if rc == RC_NEAREST or (rc == RC_DOWN and sign != 0) or (rc == RC_UP and sign == 0):
                return INFINITY, sign | 0x7FFF, OE | PE | C1
            return u64(0 - unit), sign | 0x7FFE, OE | PE
    if rest != 0:
        fl = fl | PE
    if up:
        fl = fl | C1
    return m, sign | u16(e), fl


@inline
def round64(sign: u16, exp: i32, hi: u64, lo: u64, cw: u16) -> (u64, u16):
    """An exact result as binary64.  An unmasked overflow or underflow gives its flags and no meaningful value."""
    top = u64(sign) << 48
    e = i32(exp - 15360)
    if u32(e - 1) < 0x7FD and (cw & RC) == RC_NEAREST:
        tail = u64(hi << 53) | u64(lo != 0)
        m = u64((hi >> 11) + (u64(u32(e - 1)) << 52))
        up = u64(u64(tail + (HALF - 1) + (m & 1)) < tail)
        return top | u64(m + up), (u16(tail != 0) << 5) | (u16(up) << 9)
    return round_narrow(sign, e, hi, lo, cw, 11, 0x7FF)


@inline
def round32(sign: u16, exp: i32, hi: u64, lo: u64, cw: u16) -> (u32, u16):
    """An exact result as binary32, like round64."""
    top = u32(sign) << 16
    e = i32(exp - 16256)
    if u32(e - 1) < 0xFD and (cw & RC) == RC_NEAREST:
        tail = u64(hi << 24) | u64(lo != 0)
        m = u32((hi >> 40) + (u32(e - 1) << 23))
        up = u32(u64(tail + (HALF - 1) + (m & 1)) < tail)
        return top | u32(m + up), (u16(tail != 0) << 5) | (u16(up) << 9)
    wide, fl = round_narrow(sign, e, hi, lo, cw, 40, 0xFF)
    return u32(wide), fl


@hot
def round_narrow(sign: u16, exp: i32, hi: u64, lo: u64, cw: u16, drop: u8, top: u32) -> (u64, u16):
    """The general case of binary64 and binary32: ``exp`` biased for the format, ``drop`` bits fewer than 64, exponent
    field ``top`` for infinity.  With the FTZ bit in cw a masked underflow gives zero."""
    bits = u8(63 - (drop & 63))  # of the fraction
    neg: u64 = 0
    if sign != 0:
        neg = u64((u64(top) + 1) << (bits & 63))
    m: u64 = hi >> (drop & 63)
    rest: u64 = u64(hi << ((64 - drop) & 63)) | u64(lo != 0)
    up: bool = rounds_up(sign, (m & 1) != 0, rest, cw)
    fl: u16 = 0
    if rest != 0:
        fl = PE
    carry: u64 = 0
    if up:
        carry = 1
        fl = PE | C1
    over = u64(m + carry) >> ((bits + 1) & 63)  # 1 if rounding reached the next power of 2
    e = i32(exp + i32(over))
    if e < 1:
        if (cw & UE) == 0:
            return 0, UE | fl
        if (cw & FTZ) != 0:
            return neg, UE | PE
        w = shift_jam128(u128(u128(hi) << 64) | lo, u32(1 - exp))
        hi2 = u64(w >> 64)
        m = hi2 >> (drop & 63)
        rest = u64(hi2 << ((64 - drop) & 63)) | u64(u64(w) != 0)
        if rest == 0:
            return neg | m, 0
        if rounds_up(sign, (m & 1) != 0, rest, cw):
            return neg | u64(m + 1), UE | PE | C1
        return neg | m, UE | PE
    if e >= i32(top):
        if (cw & OE) == 0:
            return 0, OE | fl
        rc = cw & RC
        if rc == RC_NEAREST or (rc == RC_DOWN and sign != 0) or (rc == RC_UP and sign == 0):
            return neg | u64(u64(top) << (bits & 63)), OE | PE | C1
        return neg | u64((u64(top) << (bits & 63)) - 1), OE | PE
    # the significand's leading 1 adds one to the exponent field
    return neg | u64((u64(u32(exp - 1)) << (bits & 63)) + m + carry), fl
