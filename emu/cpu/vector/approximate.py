"""RCPPS and RSQRTPS: 12-bit approximations that raise no exceptions.

Within 1.5 * 2**-12 of the exact value, as Intel SDM volume 2 asks.  A denormal counts as zero, and so does a result that
would be one.
"""
from math import isqrt

from emu.bus.component import hot, inline
from emu.bus.types import Const, u16, u32, u64
from emu.cpu.state import Cpu

INDEFINITE = 0xFFC00000
INFINITY = 0x7F800000
QUIET = 0x400000

# 1 / 1.f for the middle of each of 2048 intervals of f: the fraction of twice that, rounded to 15 bits
RECIPROCAL = Const(u16, [((1 << 29) // (4097 + 2 * n) + 1 >> 1) - (1 << 15) for n in range(2048)])
# 1 / sqrt(x) likewise: 1024 intervals of x from 1 to 2, then from 2 to 4
ROOT = Const(u16, [(isqrt((1 << 45) // ((2049 + 2 * (n & 1023)) << (n >> 10))) + 1 >> 1) - (1 << 15) for n in range(2048)])


@hot
def reciprocal(x: u32) -> u32:
    """About 1 / x."""
    sign = x & 0x80000000
    exp = x >> 23 & 0xFF
    if exp == 0xFF:
        if x & 0x7FFFFF != 0:
            return x | QUIET
        return sign
    if exp == 0:
        return sign | INFINITY
    if exp > 252:
        return sign
    return sign | u32((253 - exp) << 23) | u32(RECIPROCAL[x >> 12 & 0x7FF]) << 8


@hot
def reciprocal_root(x: u32) -> u32:
    """About 1 / sqrt(x)."""
    exp = x >> 23 & 0xFF
    if exp == 0xFF and x & 0x7FFFFF != 0:
        return x | QUIET
    if exp == 0:
        return (x & 0x80000000) | INFINITY
    if x >> 31 != 0:
        return INDEFINITE
    if exp == 0xFF:
        return 0
    odd = (exp & 1) ^ 1  # 1: the significand is taken as 2 to 4
    return u32(u32(379 + odd - exp) >> 1 << 23) | u32(ROOT[odd << 10 | (x >> 13 & 0x3FF)]) << 8


@hot
def RCPPS(cpu: Cpu, src: u64) -> u64:
    return reciprocal(u32(src)) | u64(reciprocal(u32(src >> 32))) << 32


@hot
def RCPSS(cpu: Cpu, src: u32) -> u32:
    return reciprocal(src)


@hot
def RSQRTPS(cpu: Cpu, src: u64) -> u64:
    return reciprocal_root(u32(src)) | u64(reciprocal_root(u32(src >> 32))) << 32


@hot
def RSQRTSS(cpu: Cpu, src: u32) -> u32:
    return reciprocal_root(src)
