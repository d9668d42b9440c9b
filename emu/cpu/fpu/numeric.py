"""x87 operations on ST0 and ST1 that are exact or correctly rounded: FSQRT FRNDINT FPREM FPREM1 FSCALE FXTRACT.

Intel SDM volume 2; volume 1, 8.3.5.
"""
from emu.bus.component import hot, inline
from emu.bus.types import u8, u16, u64
from emu.cpu.fpu.f80 import sqrt80
from emu.cpu.fpu.f80int import REM_NONE, REM_PARTIAL, extract80, remainder80, rint80, scale80
from emu.cpu.fpu.rounding import INDEFINITE, INDEFINITE_SEXP
from emu.cpu.fpu.stack import STACK_OVERFLOW, STACK_UNDERFLOW, empty, put, st, underflow
from emu.cpu.fpu.state import C0, C1, C2, C3, Fpu
from emu.cpu.state import Cpu


@hot
def FSQRT(cpu: Cpu) -> None:
    """D9 FA: square root of ST0."""
    f = cpu.fpu
    r = f.top
    if empty(f, r):
        underflow(f, r)
    else:
        m, se, fl = sqrt80(f.mant[r & 7], f.sexp[r & 7], f.fcw)
        put(f, r, m, se, fl)


@hot
def FRNDINT(cpu: Cpu) -> None:
    """D9 FC: ST0 rounded to an integral value."""
    f = cpu.fpu
    r = f.top
    if empty(f, r):
        underflow(f, r)
    else:
        m, se, fl = rint80(f.mant[r & 7], f.sexp[r & 7], f.fcw)
        put(f, r, m, se, fl)


@hot
def FSCALE(cpu: Cpu) -> None:
    """D9 FD: ST0 * 2**ST1, ST1 chopped."""
    f = cpu.fpu
    a = f.top
    b = st(f, 1)
    if empty(f, a) or empty(f, b):
        underflow(f, a)
    else:
        m, se, fl = scale80(f.mant[a & 7], f.sexp[a & 7], f.mant[b & 7], f.sexp[b & 7], f.fcw)
        put(f, a, m, se, fl)


@inline
def remainder(f: Fpu, nearest: bool) -> None:
    """FPREM or FPREM1: C0, C3, C1 are bits 2, 1, 0 of the quotient; C2 says that the reduction is incomplete."""
    a = f.top
    b = st(f, 1)
    f.fsw = f.fsw & (0xFFFF - C2)
    if empty(f, a) or empty(f, b):
        underflow(f, a)
    else:
        m, se, fl, q = remainder80(f.mant[a & 7], f.sexp[a & 7], f.mant[b & 7], f.sexp[b & 7], nearest, f.fcw)
        done: bool = put(f, a, m, se, fl)
        if done and q != REM_NONE:
            bits: u16 = 0
            if (q & 4) != 0:
                bits = C0
            if (q & 2) != 0:
                bits = bits | C3
            if (q & 1) != 0:
                bits = bits | C1
            if q == REM_PARTIAL:
                bits = C2
            f.fsw = (f.fsw & (0xFFFF - C0 - C1 - C3)) | bits


@hot
def FPREM(cpu: Cpu) -> None:
    """D9 F8: remainder of ST0 / ST1, quotient chopped."""
    remainder(cpu.fpu, False)


@hot
def FPREM1(cpu: Cpu) -> None:
    """D9 F5: remainder of ST0 / ST1, quotient rounded to nearest."""
    remainder(cpu.fpu, True)


@inline
def push_second(f: Fpu, m: u64, se: u16, m2: u64, se2: u16, fl: u16) -> None:
    """Replace ST0 by m and push m2 (the caller knows that ST7 is empty)."""
    done: bool = put(f, f.top, m, se, fl)
    if done:
        r = u8(f.top + 7) & 7
        f.mant[r] = m2
        f.sexp[r] = se2
        f.ftw = f.ftw | u8(1 << r)
        f.top = r


@inline
def cannot_push(f: Fpu) -> bool:
    """Stack faults of the instructions with two results: ST0 empty, or no room.  Masked, both results are NaNs."""
    if empty(f, f.top):
        push_second(f, INDEFINITE, INDEFINITE_SEXP, INDEFINITE, INDEFINITE_SEXP, STACK_UNDERFLOW)
        return True
    if not empty(f, st(f, 7)):
        push_second(f, INDEFINITE, INDEFINITE_SEXP, INDEFINITE, INDEFINITE_SEXP, STACK_OVERFLOW)
        return True
    return False


@hot
def FXTRACT(cpu: Cpu) -> None:
    """D9 F4: ST0 becomes its unbiased exponent, then its significand is pushed."""
    f = cpu.fpu
    stack_fault: bool = cannot_push(f)
    if not stack_fault:
        xm, xse, m, se, fl = extract80(f.mant[f.top & 7], f.sexp[f.top & 7])
        push_second(f, xm, xse, m, se, fl)
