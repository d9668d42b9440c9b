"""Packing, unpacking, shuffling, insertion and extraction of lanes, sign masks.  Intel SDM volume 2.

Functions in _x are for XMM registers, given as low and high half.
"""
from emu.bus.component import hot, inline
from emu.bus.types import i16, i32, u8, u16, u32, u64
from emu.cpu.state import Cpu
from emu.cpu.vector.lanes import H8, word, words


# -- packing -----------------------------------------------------------------------------------------------------

@inline
def signed_byte(x: u64, n: u8) -> u32:
    """Word n of x saturated to a signed byte."""
    v = i16(word(x, n))
    if v > 127:
        return 0x7F
    if v < -128:
        return 0x80
    return u8(v)


@inline
def unsigned_byte(x: u64, n: u8) -> u32:
    """Word n of x saturated to an unsigned byte."""
    v = i16(word(x, n))
    if v > 255:
        return 0xFF
    if v < 0:
        return 0
    return u8(v)


@inline
def signed_word(x: u32) -> u16:
    """A doubleword saturated to a signed word."""
    v = i32(x)
    if v > 0x7FFF:
        return 0x7FFF
    if v < -0x8000:
        return 0x8000
    return u16(v)


@inline
def signed_bytes(x: u64) -> u32:
    """Four words saturated."""
    return signed_byte(x, 0) | u32(signed_byte(x, 1) << 8) | u32(signed_byte(x, 2) << 16) | u32(signed_byte(x, 3) << 24)


@inline
def unsigned_bytes(x: u64) -> u32:
    """Four words saturated."""
    return unsigned_byte(x, 0) | u32(unsigned_byte(x, 1) << 8) | u32(unsigned_byte(x, 2) << 16) \
        | u32(unsigned_byte(x, 3) << 24)


@hot
def PACKSSWB(cpu: Cpu, a: u64, b: u64) -> u64:
    return signed_bytes(a) | u64(signed_bytes(b)) << 32


@hot
def PACKUSWB(cpu: Cpu, a: u64, b: u64) -> u64:
    return unsigned_bytes(a) | u64(unsigned_bytes(b)) << 32


@hot
def PACKSSDW(cpu: Cpu, a: u64, b: u64) -> u64:
    return words(signed_word(u32(a)), signed_word(u32(a >> 32)), signed_word(u32(b)), signed_word(u32(b >> 32)))


@hot
def PACKSSWB_x(cpu: Cpu, al: u64, ah: u64, bl: u64, bh: u64) -> (u64, u64):
    return PACKSSWB(cpu, al, ah), PACKSSWB(cpu, bl, bh)


@hot
def PACKUSWB_x(cpu: Cpu, al: u64, ah: u64, bl: u64, bh: u64) -> (u64, u64):
    return PACKUSWB(cpu, al, ah), PACKUSWB(cpu, bl, bh)


@hot
def PACKSSDW_x(cpu: Cpu, al: u64, ah: u64, bl: u64, bh: u64) -> (u64, u64):
    return PACKSSDW(cpu, al, ah), PACKSSDW(cpu, bl, bh)


# -- unpacking ---------------------------------------------------------------------------------------------------

@inline
def spread_bytes(x: u64) -> u64:
    """The low four bytes, each in a word."""
    y = ((x & 0xFFFF) | (x << 16)) & 0x0000FFFF0000FFFF
    return (y | (y << 8)) & 0x00FF00FF00FF00FF


@inline
def spread_words(x: u64) -> u64:
    """The low two words, each in a doubleword."""
    return ((x & 0xFFFF) | (x << 16)) & 0x0000FFFF0000FFFF


@hot
def PUNPCKLBW(cpu: Cpu, a: u64, b: u64) -> u64:
    return spread_bytes(a) | u64(spread_bytes(b) << 8)


@hot
def PUNPCKLWD(cpu: Cpu, a: u64, b: u64) -> u64:
    return spread_words(a) | u64(spread_words(b) << 16)


@hot
def PUNPCKLDQ(cpu: Cpu, a: u64, b: u64) -> u64:
    return (a & 0xFFFFFFFF) | u64(b << 32)


@hot
def PUNPCKHBW(cpu: Cpu, a: u64, b: u64) -> u64:
    return PUNPCKLBW(cpu, a >> 32, b >> 32)


@hot
def PUNPCKHWD(cpu: Cpu, a: u64, b: u64) -> u64:
    return PUNPCKLWD(cpu, a >> 32, b >> 32)


@hot
def PUNPCKHDQ(cpu: Cpu, a: u64, b: u64) -> u64:
    return (a >> 32) | (b >> 32 << 32)


@hot
def PUNPCKLBW_x(cpu: Cpu, al: u64, ah: u64, bl: u64, bh: u64) -> (u64, u64):
    return PUNPCKLBW(cpu, al, bl), PUNPCKHBW(cpu, al, bl)


@hot
def PUNPCKHBW_x(cpu: Cpu, al: u64, ah: u64, bl: u64, bh: u64) -> (u64, u64):
    return PUNPCKLBW(cpu, ah, bh), PUNPCKHBW(cpu, ah, bh)


@hot
def PUNPCKLWD_x(cpu: Cpu, al: u64, ah: u64, bl: u64, bh: u64) -> (u64, u64):
    return PUNPCKLWD(cpu, al, bl), PUNPCKHWD(cpu, al, bl)


@hot
def PUNPCKHWD_x(cpu: Cpu, al: u64, ah: u64, bl: u64, bh: u64) -> (u64, u64):
    return PUNPCKLWD(cpu, ah, bh), PUNPCKHWD(cpu, ah, bh)


@hot
def PUNPCKLDQ_x(cpu: Cpu, al: u64, ah: u64, bl: u64, bh: u64) -> (u64, u64):
    return PUNPCKLDQ(cpu, al, bl), PUNPCKHDQ(cpu, al, bl)


@hot
def PUNPCKHDQ_x(cpu: Cpu, al: u64, ah: u64, bl: u64, bh: u64) -> (u64, u64):
    return PUNPCKLDQ(cpu, ah, bh), PUNPCKHDQ(cpu, ah, bh)


@hot
def PUNPCKLQDQ(cpu: Cpu, al: u64, ah: u64, bl: u64, bh: u64) -> (u64, u64):
    return al, bl


@hot
def PUNPCKHQDQ(cpu: Cpu, al: u64, ah: u64, bl: u64, bh: u64) -> (u64, u64):
    return ah, bh


# -- shuffling ---------------------------------------------------------------------------------------------------

@hot
def PSHUFW(cpu: Cpu, src: u64, order: u8) -> u64:
    return words(word(src, order & 3), word(src, order >> 2 & 3), word(src, order >> 4 & 3), word(src, order >> 6))


@hot
def PSHUFLW(cpu: Cpu, low: u64, high: u64, order: u8) -> (u64, u64):
    return PSHUFW(cpu, low, order), high


@hot
def PSHUFHW(cpu: Cpu, low: u64, high: u64, order: u8) -> (u64, u64):
    return low, PSHUFW(cpu, high, order)


@inline
def dword(low: u64, high: u64, n: u8) -> u32:
    """Lane n of four."""
    half = high if n & 2 != 0 else low
    return u32(half >> ((n & 1) * 32))


@hot
def SHUFPS(cpu: Cpu, al: u64, ah: u64, bl: u64, bh: u64, order: u8) -> (u64, u64):
    return dword(al, ah, order & 3) | u64(dword(al, ah, order >> 2 & 3)) << 32, \
        dword(bl, bh, order >> 4 & 3) | u64(dword(bl, bh, order >> 6)) << 32


@hot
def PSHUFD(cpu: Cpu, low: u64, high: u64, order: u8) -> (u64, u64):
    return SHUFPS(cpu, low, high, low, high, order)


@hot
def SHUFPD(cpu: Cpu, al: u64, ah: u64, bl: u64, bh: u64, order: u8) -> (u64, u64):
    return ah if order & 1 != 0 else al, bh if order & 2 != 0 else bl


# -- single words ------------------------------------------------------------------------------------------------

@hot
def PEXTRW(cpu: Cpu, a: u64, lane: u8) -> u32:
    return word(a, lane)


@hot
def PEXTRW_x(cpu: Cpu, low: u64, high: u64, lane: u8) -> u32:
    return word(high if lane & 4 != 0 else low, lane)


@hot
def PINSRW(cpu: Cpu, a: u64, value: u16, lane: u8) -> u64:
    n = (lane & 3) * 16
    return (a & (u64(0xFFFF << n) ^ u64.max)) | u64(u64(value) << n)


@hot
def PINSRW_x(cpu: Cpu, low: u64, high: u64, value: u16, lane: u8) -> (u64, u64):
    if lane & 4 != 0:
        return low, PINSRW(cpu, high, value, lane)
    return PINSRW(cpu, low, value, lane), high


# -- sign masks --------------------------------------------------------------------------------------------------

@hot
def PMOVMSKB(cpu: Cpu, a: u64) -> u32:
    return u32(u64(((a & H8) >> 7) * 0x0102040810204080) >> 56)


@hot
def PMOVMSKB_x(cpu: Cpu, low: u64, high: u64) -> u32:
    return PMOVMSKB(cpu, low) | u32(PMOVMSKB(cpu, high) << 8)


@hot
def MOVMSKPS(cpu: Cpu, low: u64, high: u64) -> u32:
    return u32((low >> 31 & 1) | (low >> 63 << 1) | (high >> 31 & 1) << 2 | (high >> 63 << 3))


@hot
def MOVMSKPD(cpu: Cpu, low: u64, high: u64) -> u32:
    return u32((low >> 63) | (high >> 63 << 1))
