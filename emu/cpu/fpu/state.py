"""State of the x87 FPU and of the XMM registers, and the names of the bits in its control and status words.

Intel SDM volume 1, chapter 8 (x87), section 10.2 (MXCSR, XMM).
"""
from emu.bus.component import Struct
from emu.bus.types import Array, u8, u16, u32, u64

# Exceptions: status word bits, and mask bits of the control word (figures 8-4 and 8-6)
IE = 0x01
DE = 0x02
ZE = 0x04
OE = 0x08
UE = 0x10
PE = 0x20
EXCEPTIONS = 0x3F
# Status word
SF = 0x40
ES = 0x80
C0 = 0x0100
C1 = 0x0200
C2 = 0x0400
TOP = 0x3800
C3 = 0x4000
BUSY = 0x8000
# Control word: precision control, rounding control
PC = 0x0300
PC_24 = 0x0000
PC_53 = 0x0200
PC_64 = 0x0300
RC = 0x0C00
RC_NEAREST = 0x0000
RC_DOWN = 0x0400
RC_UP = 0x0800
RC_ZERO = 0x0C00
# Bits 14 and 15 of the word that the soft-float takes: MXCSR.DAZ and FTZ.  A guest's control word never has them.
DAZ = 0x4000
FTZ = 0x8000

FCW_WRITABLE = 0x1F3F
FCW_ALWAYS = 0x0040
FCW_INIT = 0x037F
MXCSR_INIT = 0x1F80


class Fpu(Struct):
    """x87 and SSE registers.  ``mant`` and ``sexp`` are the physical registers R0 to R7; ST(i) is R[(top + i) & 7].

    ``fsw`` is kept without its TOP field, which is ``top``.  ``ftw`` has a bit per physical register, set when it is
    not empty (the form that FXSAVE stores).  ``xmm`` holds XMMn in elements 2n (low half) and 2n+1.
    """

    fcw: u16
    fsw: u32  # 16 bits in use
    top: u8
    ftw: u8
    mant: Array(u64, 8)
    sexp: Array(u16, 8)
    fop: u16
    fip: u32
    fcs: u16
    fdp: u32
    fds: u16
    ferr: u8  # level of FERR#
    mxcsr: u32
    xmm: Array(u64, 16)


def reset_fpu(f):
    """RESET (SDM volume 3, table 9-1): control word 0040h, all registers +0.0 and tagged zero."""
    f.fcw, f.fsw, f.top, f.ftw = 0x0040, 0, 0, 0xFF
    f.fop = f.fip = f.fcs = f.fdp = f.fds = f.ferr = 0
    f.mxcsr = MXCSR_INIT
    for i in range(8):
        f.mant[i] = f.sexp[i] = 0
    for i in range(16):
        f.xmm[i] = 0
