"""Packed shifts.  The count is the whole second operand's low 64 bits, or an immediate byte.  Intel SDM volume 2."""
from emu.bus.component import hot, inline
from emu.bus.types import i16, i32, u8, u16, u32, u64
from emu.cpu.state import Cpu
from emu.cpu.vector.lanes import ONE16, ONE32, word, words


# -- 64 bits -----------------------------------------------------------------------------------------------------

@hot
def PSRLW(cpu: Cpu, a: u64, count: u64) -> u64:
    if count > 15:
        return 0
    return (a >> (count & 15)) & u64((0xFFFF >> (count & 15)) * ONE16)


@hot
def PSRLD(cpu: Cpu, a: u64, count: u64) -> u64:
    if count > 31:
        return 0
    return (a >> (count & 31)) & u64((0xFFFFFFFF >> (count & 31)) * ONE32)


@hot
def PSRLQ(cpu: Cpu, a: u64, count: u64) -> u64:
    if count > 63:
        return 0
    return a >> (count & 63)


@hot
def PSLLW(cpu: Cpu, a: u64, count: u64) -> u64:
    if count > 15:
        return 0
    return u64((a & u64((0xFFFF >> (count & 15)) * ONE16)) << (count & 15))


@hot
def PSLLD(cpu: Cpu, a: u64, count: u64) -> u64:
    if count > 31:
        return 0
    return u64((a & u64((0xFFFFFFFF >> (count & 31)) * ONE32)) << (count & 31))


@hot
def PSLLQ(cpu: Cpu, a: u64, count: u64) -> u64:
    if count > 63:
        return 0
    return u64(a << (count & 63))


@inline
def shifted_word(a: u64, lane: u8, n: u8) -> u16:
    """A signed word shifted right."""
    return u16(i16(word(a, lane)) >> (n & 15))


@hot
def PSRAW(cpu: Cpu, a: u64, count: u64) -> u64:
    n = u8(15 if count > 15 else count)
    return words(shifted_word(a, 0, n), shifted_word(a, 1, n), shifted_word(a, 2, n), shifted_word(a, 3, n))


@hot
def PSRAD(cpu: Cpu, a: u64, count: u64) -> u64:
    n = u8(31 if count > 31 else count)
    return u32(i32(a) >> (n & 31)) | u64(u32(i32(a >> 32) >> (n & 31))) << 32


# -- 128 bits ----------------------------------------------------------------------------------------------------

@hot
def PSRLW_x(cpu: Cpu, low: u64, high: u64, count: u64, _unused: u64) -> (u64, u64):
    return PSRLW(cpu, low, count), PSRLW(cpu, high, count)


@hot
def PSRLD_x(cpu: Cpu, low: u64, high: u64, count: u64, _unused: u64) -> (u64, u64):
    return PSRLD(cpu, low, count), PSRLD(cpu, high, count)


@hot
def PSRLQ_x(cpu: Cpu, low: u64, high: u64, count: u64, _unused: u64) -> (u64, u64):
    return PSRLQ(cpu, low, count), PSRLQ(cpu, high, count)


@hot
def PSRAW_x(cpu: Cpu, low: u64, high: u64, count: u64, _unused: u64) -> (u64, u64):
    return PSRAW(cpu, low, count), PSRAW(cpu, high, count)


@hot
def PSRAD_x(cpu: Cpu, low: u64, high: u64, count: u64, _unused: u64) -> (u64, u64):
    return PSRAD(cpu, low, count), PSRAD(cpu, high, count)


@hot
def PSLLW_x(cpu: Cpu, low: u64, high: u64, count: u64, _unused: u64) -> (u64, u64):
    return PSLLW(cpu, low, count), PSLLW(cpu, high, count)


@hot
def PSLLD_x(cpu: Cpu, low: u64, high: u64, count: u64, _unused: u64) -> (u64, u64):
    return PSLLD(cpu, low, count), PSLLD(cpu, high, count)


@hot
def PSLLQ_x(cpu: Cpu, low: u64, high: u64, count: u64, _unused: u64) -> (u64, u64):
    return PSLLQ(cpu, low, count), PSLLQ(cpu, high, count)


@hot
def PSRLDQ(cpu: Cpu, low: u64, high: u64, count: u8) -> (u64, u64):
    """Right by bytes."""
    n = (count & 7) * 8
    if count > 15:
        return 0, 0
    if count > 7:
        return high >> n, 0
    if count == 0:
        return low, high
    return (low >> n) | u64(high << ((64 - n) & 63)), high >> n


@hot
def PSLLDQ(cpu: Cpu, low: u64, high: u64, count: u8) -> (u64, u64):
    """Left by bytes."""
    n = (count & 7) * 8
    if count > 15:
        return 0, 0
    if count > 7:
        return 0, u64(low << n)
    if count == 0:
        return low, high
    return u64(low << n), u64(high << n) | (low >> ((64 - n) & 63))
