"""Packed integer arithmetic, comparison and logic: one function serves MMX registers and both halves of XMM registers.

Intel SDM volume 2; B W D Q lanes of 8 to 64 bits, S signed and US unsigned saturation.
"""
from emu.bus.component import hot, inline
from emu.bus.types import i16, u8, u16, u32, u64
from emu.cpu.state import Cpu
from emu.cpu.vector.lanes import (
    EVEN8, H8, H16, H32, ONE16, ONES, add, add_signed, add_unsigned, average, below, equal, less, select, sub, sub_signed,
    sub_unsigned, word, words)


# -- sums and differences ----------------------------------------------------------------------------------------

@hot
def PADDB(cpu: Cpu, a: u64, b: u64) -> u64:
    return add(a, b, H8)


@hot
def PADDW(cpu: Cpu, a: u64, b: u64) -> u64:
    return add(a, b, H16)


@hot
def PADDD(cpu: Cpu, a: u64, b: u64) -> u64:
    return add(a, b, H32)


@hot
def PADDQ(cpu: Cpu, a: u64, b: u64) -> u64:
    return u64(a + b)


@hot
def PSUBB(cpu: Cpu, a: u64, b: u64) -> u64:
    return sub(a, b, H8)


@hot
def PSUBW(cpu: Cpu, a: u64, b: u64) -> u64:
    return sub(a, b, H16)


@hot
def PSUBD(cpu: Cpu, a: u64, b: u64) -> u64:
    return sub(a, b, H32)


@hot
def PSUBQ(cpu: Cpu, a: u64, b: u64) -> u64:
    return u64(a - b)


@hot
def PADDUSB(cpu: Cpu, a: u64, b: u64) -> u64:
    return add_unsigned[u8](a, b, H8)


@hot
def PADDUSW(cpu: Cpu, a: u64, b: u64) -> u64:
    return add_unsigned[u16](a, b, H16)


@hot
def PADDSB(cpu: Cpu, a: u64, b: u64) -> u64:
    return add_signed[u8](a, b, H8)


@hot
def PADDSW(cpu: Cpu, a: u64, b: u64) -> u64:
    return add_signed[u16](a, b, H16)


@hot
def PSUBUSB(cpu: Cpu, a: u64, b: u64) -> u64:
    return sub_unsigned[u8](a, b, H8)


@hot
def PSUBUSW(cpu: Cpu, a: u64, b: u64) -> u64:
    return sub_unsigned[u16](a, b, H16)


@hot
def PSUBSB(cpu: Cpu, a: u64, b: u64) -> u64:
    return sub_signed[u8](a, b, H8)


@hot
def PSUBSW(cpu: Cpu, a: u64, b: u64) -> u64:
    return sub_signed[u16](a, b, H16)


@hot
def PAVGB(cpu: Cpu, a: u64, b: u64) -> u64:
    return average(a, b, H8)


@hot
def PAVGW(cpu: Cpu, a: u64, b: u64) -> u64:
    return average(a, b, H16)


# -- comparison -------------------------------------------------------------------------------------------------

@hot
def PCMPEQB(cpu: Cpu, a: u64, b: u64) -> u64:
    return equal[u8](a, b, H8)


@hot
def PCMPEQW(cpu: Cpu, a: u64, b: u64) -> u64:
    return equal[u16](a, b, H16)


@hot
def PCMPEQD(cpu: Cpu, a: u64, b: u64) -> u64:
    return equal[u32](a, b, H32)


@hot
def PCMPGTB(cpu: Cpu, a: u64, b: u64) -> u64:
    return less[u8](b, a, H8)


@hot
def PCMPGTW(cpu: Cpu, a: u64, b: u64) -> u64:
    return less[u16](b, a, H16)


@hot
def PCMPGTD(cpu: Cpu, a: u64, b: u64) -> u64:
    return less[u32](b, a, H32)


@hot
def PMINUB(cpu: Cpu, a: u64, b: u64) -> u64:
    return select(below[u8](a, b, H8), a, b)


@hot
def PMAXUB(cpu: Cpu, a: u64, b: u64) -> u64:
    return select(below[u8](a, b, H8), b, a)


@hot
def PMINSW(cpu: Cpu, a: u64, b: u64) -> u64:
    return select(less[u16](a, b, H16), a, b)


@hot
def PMAXSW(cpu: Cpu, a: u64, b: u64) -> u64:
    return select(less[u16](a, b, H16), b, a)


# -- logic ------------------------------------------------------------------------------------------------------

@hot
def PAND(cpu: Cpu, a: u64, b: u64) -> u64:
    return a & b


@hot
def PANDN(cpu: Cpu, a: u64, b: u64) -> u64:
    return (a ^ ONES) & b


@hot
def POR(cpu: Cpu, a: u64, b: u64) -> u64:
    return a | b


@hot
def PXOR(cpu: Cpu, a: u64, b: u64) -> u64:
    return a ^ b



# -- products ----------------------------------------------------------------------------------------------------

@inline
def signed_product(a: u64, b: u64, n: u8) -> u32:
    """Product of words n."""
    return u32(i16(word(a, n)) * i16(word(b, n)))


@inline
def low_product(a: u64, b: u64, n: u8) -> u16:
    """Its low half (the same for signed and unsigned words)."""
    return u16(word(a, n) * word(b, n))


@inline
def high_product(a: u64, b: u64, n: u8) -> u16:
    """Its high half, unsigned."""
    return u16(u32(word(a, n) * word(b, n)) >> 16)


@hot
def PMULLW(cpu: Cpu, a: u64, b: u64) -> u64:
    return words(low_product(a, b, 0), low_product(a, b, 1), low_product(a, b, 2), low_product(a, b, 3))


@hot
def PMULHUW(cpu: Cpu, a: u64, b: u64) -> u64:
    return words(high_product(a, b, 0), high_product(a, b, 1), high_product(a, b, 2), high_product(a, b, 3))


@hot
def PMULHW(cpu: Cpu, a: u64, b: u64) -> u64:
    return words(u16(signed_product(a, b, 0) >> 16), u16(signed_product(a, b, 1) >> 16),
                 u16(signed_product(a, b, 2) >> 16), u16(signed_product(a, b, 3) >> 16))


@hot
def PMADDWD(cpu: Cpu, a: u64, b: u64) -> u64:
    """Sums of two neighbouring products."""
    return u32(signed_product(a, b, 0) + signed_product(a, b, 1)) \
        | u64(u32(signed_product(a, b, 2) + signed_product(a, b, 3))) << 32


@hot
def PMULUDQ(cpu: Cpu, a: u64, b: u64) -> u64:
    return (a & 0xFFFFFFFF) * (b & 0xFFFFFFFF)


@hot
def PSADBW(cpu: Cpu, a: u64, b: u64) -> u64:
    """Sum of the bytes' absolute differences."""
    d = sub_unsigned[u8](a, b, H8) | sub_unsigned[u8](b, a, H8)
    return u64(((d & EVEN8) + (d >> 8 & EVEN8)) * ONE16) >> 48
