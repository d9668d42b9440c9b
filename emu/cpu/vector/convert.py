"""Conversions between integers, binary32 and binary64.  Intel SDM volume 2; invalid ones: volume 1, table 11-1.

In names: PS PD SS SD as in mnemonics, I a doubleword, T truncation.
"""
from emu.bus.component import hot, inline
from emu.bus.types import T, u8, u16, u32, u64
from emu.cpu.fpu.ieee import float_from_i32, float_narrow, float_to_i32, float_widen, sse_mode
from emu.cpu.state import Cpu
from emu.cpu.vector.access import raised


# -- from integers -----------------------------------------------------------------------------------------------

@hot
def CVTSI2S(cpu: Cpu, src: u32) -> T:
    x, fl = float_from_i32[T](src, sse_mode(cpu.fpu.mxcsr))
    raised(cpu, fl)
    return x


@inline
def singles_from(src: u64, cw: u16) -> (u64, u16):
    """Two doublewords to binary32."""
    low, fl = float_from_i32[u32](u32(src), cw)
    high, fh = float_from_i32[u32](u32(src >> 32), cw)
    return low | u64(high) << 32, fl | fh


@hot
def CVTPI2PS(cpu: Cpu, src: u64) -> u64:
    x, fl = singles_from(src, sse_mode(cpu.fpu.mxcsr))
    raised(cpu, fl)
    return x


@hot
def CVTDQ2PS(cpu: Cpu, low: u64, high: u64) -> (u64, u64):
    cw = sse_mode(cpu.fpu.mxcsr)
    x, fl = singles_from(low, cw)
    y, fh = singles_from(high, cw)
    raised(cpu, fl | fh)
    return x, y


@hot
def CVTPI2PD(cpu: Cpu, src: u64) -> (u64, u64):
    """Exact.  Also CVTDQ2PD."""
    cw = sse_mode(cpu.fpu.mxcsr)
    low, _fl = float_from_i32[u64](u32(src), cw)
    high, _fh = float_from_i32[u64](u32(src >> 32), cw)
    return low, high


# -- to integers -------------------------------------------------------------------------------------------------

@inline
def to_integer(cpu: Cpu, src: T, chop: bool) -> u32:
    """One element to a doubleword."""
    x, fl = float_to_i32[T](src, chop, sse_mode(cpu.fpu.mxcsr))
    raised(cpu, fl)
    return x


@hot
def CVTS2SI(cpu: Cpu, src: T) -> u32:
    return to_integer[T](cpu, src, False)


@hot
def CVTTS2SI(cpu: Cpu, src: T) -> u32:
    return to_integer[T](cpu, src, True)


@inline
def integers_from(src: u64, chop: bool, cw: u16) -> (u64, u16):
    """Two binary32 to doublewords."""
    low, fl = float_to_i32[u32](u32(src), chop, cw)
    high, fh = float_to_i32[u32](u32(src >> 32), chop, cw)
    return low | u64(high) << 32, fl | fh


@inline
def from_singles(cpu: Cpu, src: u64, chop: bool) -> u64:
    """64 bits of binary32 to doublewords."""
    x, fl = integers_from(src, chop, sse_mode(cpu.fpu.mxcsr))
    raised(cpu, fl)
    return x


@inline
def from_all_singles(cpu: Cpu, low: u64, high: u64, chop: bool) -> (u64, u64):
    """Four binary32 to doublewords."""
    cw = sse_mode(cpu.fpu.mxcsr)
    x, fl = integers_from(low, chop, cw)
    y, fh = integers_from(high, chop, cw)
    raised(cpu, fl | fh)
    return x, y


@inline
def from_doubles(cpu: Cpu, low: u64, high: u64, chop: bool) -> u64:
    """Two binary64 to doublewords."""
    cw = sse_mode(cpu.fpu.mxcsr)
    x, fl = float_to_i32[u64](low, chop, cw)
    y, fh = float_to_i32[u64](high, chop, cw)
    raised(cpu, fl | fh)
    return x | u64(y) << 32


@hot
def CVTPS2PI(cpu: Cpu, src: u64) -> u64:
    return from_singles(cpu, src, False)


@hot
def CVTTPS2PI(cpu: Cpu, src: u64) -> u64:
    return from_singles(cpu, src, True)


@hot
def CVTPD2PI(cpu: Cpu, low: u64, high: u64) -> u64:
    return from_doubles(cpu, low, high, False)


@hot
def CVTTPD2PI(cpu: Cpu, low: u64, high: u64) -> u64:
    return from_doubles(cpu, low, high, True)


@hot
def CVTPS2DQ(cpu: Cpu, low: u64, high: u64) -> (u64, u64):
    return from_all_singles(cpu, low, high, False)


@hot
def CVTTPS2DQ(cpu: Cpu, low: u64, high: u64) -> (u64, u64):
    return from_all_singles(cpu, low, high, True)


@hot
def CVTPD2DQ(cpu: Cpu, low: u64, high: u64) -> (u64, u64):
    x: u64 = from_doubles(cpu, low, high, False)
    return x, 0


@hot
def CVTTPD2DQ(cpu: Cpu, low: u64, high: u64) -> (u64, u64):
    x: u64 = from_doubles(cpu, low, high, True)
    return x, 0


# -- between the two formats -------------------------------------------------------------------------------------

@hot
def CVTSS2SD(cpu: Cpu, src: u32) -> u64:
    x, fl = float_widen(src, sse_mode(cpu.fpu.mxcsr))
    raised(cpu, fl)
    return x


@hot
def CVTSD2SS(cpu: Cpu, src: u64) -> u32:
    x, fl = float_narrow(src, sse_mode(cpu.fpu.mxcsr))
    raised(cpu, fl)
    return x


@hot
def CVTPS2PD(cpu: Cpu, src: u64) -> (u64, u64):
    cw = sse_mode(cpu.fpu.mxcsr)
    low, fl = float_widen(u32(src), cw)
    high, fh = float_widen(u32(src >> 32), cw)
    raised(cpu, fl | fh)
    return low, high


@hot
def CVTPD2PS(cpu: Cpu, low: u64, high: u64) -> (u64, u64):
    cw = sse_mode(cpu.fpu.mxcsr)
    x, fl = float_narrow(low, cw)
    y, fh = float_narrow(high, cw)
    raised(cpu, fl | fh)
    return x | u64(y) << 32, 0
