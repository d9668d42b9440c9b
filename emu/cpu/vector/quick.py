"""The short way of SSE arithmetic: the host's own operation where it must give the same bits.

IEEE 754 leaves no choice in the result of ADD, SUB, MUL and DIV to nearest.  If operands and result are normal numbers, away from where
a result would be denormal or infinite, the one exception that there can be is PE; and where MXCSR masks and already reports that,
nothing is left to report.  Everything else is the soft-float's (emu/cpu/fpu/ieee.py).  Intel SDM volume 1, 10.2.3 and 11.5.2.
"""
import struct

from emu.bus.component import inline, intrinsic
from emu.bus.types import T, u8, u32
from emu.cpu.fpu.ieee import ADD, DIV, MUL, SUB
from emu.cpu.fpu.state import PE
from emu.cpu.state import Cpu

PM, RC = 0x1000, 0x6000  # of MXCSR


@inline
def nothing_to_report(mxcsr: u32) -> bool:
    """Rounding to nearest, and PE masked and set already?"""
    return mxcsr & (PM | RC | PE) == PM | PE


@inline
def plain(v: T) -> bool:
    """Is a number far enough from zero, denormals and infinity?"""
    exponent: u32 = 0
    if T.bits == 64:
        exponent = u32((v >> 52) & 0x7FF)
        return exponent >= 2 and exponent <= 0x7FD
    else:
        exponent = u32((v >> 23) & 0xFF)
        return exponent >= 2 and exponent <= 0xFD


@intrinsic
def host_operate(op: u8, a: T, b: T) -> T:
    """ADD, SUB, MUL or DIV of plain numbers by the host, rounded to nearest; what is too large or too small is not plain."""
    form, single = ("<Q", "<d") if T.bits == 64 else ("<I", "<f")
    x, y = (struct.unpack(single, struct.pack(form, v))[0] for v in (a, b))
    # a float32's result from a double: rounding twice does no harm, since the double has more than twice as many digits
    value = x + y if op == ADD else x - y if op == SUB else x * y if op == MUL else x / y
    try:
        return struct.unpack(form, struct.pack(single, value))[0]
    except OverflowError:
        return 0


@inline
def quick(op: u8, mxcsr: u32, a: T, b: T) -> (bool, T):
    """(True, result) if this way could be gone."""
    if op <= DIV and nothing_to_report(mxcsr) and plain[T](a) and plain[T](b):
        x: T = host_operate[T](op, a, b)
        return plain[T](x), x
    return False, T(0)
