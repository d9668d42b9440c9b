"""FXSAVE and FXRSTOR: x87, MMX and SSE state as one 512-byte image.  Intel SDM volume 2, table 3-43 (FXSAVE).

XMM registers and MXCSR take part only if the model has them and CR4.OSFXSR is set; the manual leaves that to the processor.
"""

from emu.bus.component import hot, inline
from emu.bus.types import Fault, u8, u16, u32, u64

from ..cpuid import F_SSE, F_SSE2
from ..fpu.control import check_block
from ..fpu.stack import fpu_nowait, set_status, st, status, update_error
from ..fpu.state import FCW_ALWAYS, FCW_WRITABLE
from ..memory import ea, read_mem, write_mem
from ..state import CR4_OSFXSR, GP, Cpu, Rec

LAST = 511  # offset of the image's last byte
ST_AT, XMM_AT = 32, 160


@inline
def mxcsr_mask(cpu: Cpu) -> u32:
    """Bits of MXCSR that exist: the denormals-are-zeros bit came with SSE2."""
    return 0xFFFF if cpu.features & F_SSE2 != 0 else 0xFFBF


@inline
def saves_xmm(cpu: Cpu) -> bool:
    """Does the image have XMM registers and MXCSR?"""
    return cpu.cr4 & CR4_OSFXSR != 0 and cpu.features & F_SSE != 0


@hot
def image_offset(cpu: Cpu, r: Rec) -> u32:
    """Offset of the image, or #NM, or #GP(0) if it is not 16-byte aligned."""
    fpu_nowait(cpu)
    off: u32 = ea(cpu, r)
    if u32(cpu.seg[r.seg & 7].base + off) & 15 != 0:
        raise Fault(GP, 0)
    return off


@hot
def FXSAVE(cpu: Cpu, r: Rec) -> None:
    off: u32 = image_offset(cpu, r)
    check_block(cpu, r.seg, off, LAST)
    f = cpu.fpu
    write_mem[u16](cpu, r, r.seg, off, f.fcw)
    write_mem[u16](cpu, r, r.seg, u32(off + 2), status(f))
    write_mem[u16](cpu, r, r.seg, u32(off + 4), f.ftw)
    write_mem[u16](cpu, r, r.seg, u32(off + 6), f.fop)
    write_mem[u32](cpu, r, r.seg, u32(off + 8), f.fip)
    write_mem[u32](cpu, r, r.seg, u32(off + 12), f.fcs)
    write_mem[u32](cpu, r, r.seg, u32(off + 16), f.fdp)
    write_mem[u32](cpu, r, r.seg, u32(off + 20), f.fds)
    for n in range(8):
        a: u8 = st(f, n)
        write_mem[u64](cpu, r, r.seg, u32(off + (ST_AT + 16 * n)), f.mant[a & 7])
        write_mem[u64](cpu, r, r.seg, u32(off + (ST_AT + 16 * n + 8)), f.sexp[a & 7])
    if saves_xmm(cpu):
        write_mem[u32](cpu, r, r.seg, u32(off + 24), f.mxcsr)
        write_mem[u32](cpu, r, r.seg, u32(off + 28), mxcsr_mask(cpu))
        for n in range(16):
            write_mem[u64](cpu, r, r.seg, u32(off + (XMM_AT + 8 * n)), f.xmm[n])


@hot
def FXRSTOR(cpu: Cpu, r: Rec) -> None:
    off: u32 = image_offset(cpu, r)
    fcw: u16 = read_mem[u16](cpu, r, r.seg, off)
    read_mem[u8](cpu, r, r.seg, u32(off + LAST))  # the far end, so that its page fault comes before anything changes
    f = cpu.fpu
    if saves_xmm(cpu):
        mxcsr: u32 = read_mem[u32](cpu, r, r.seg, u32(off + 24))
        if mxcsr & (mxcsr_mask(cpu) ^ u32.max) != 0:
            raise Fault(GP, 0)
        f.mxcsr = mxcsr
        for n in range(16):
            half: u64 = read_mem[u64](cpu, r, r.seg, u32(off + (XMM_AT + 8 * n)))
            f.xmm[n] = half
    fsw: u16 = read_mem[u16](cpu, r, r.seg, u32(off + 2))
    f.ftw = read_mem[u8](cpu, r, r.seg, u32(off + 4))
    fop: u16 = read_mem[u16](cpu, r, r.seg, u32(off + 6))
    f.fip = read_mem[u32](cpu, r, r.seg, u32(off + 8))
    f.fcs = read_mem[u16](cpu, r, r.seg, u32(off + 12))
    f.fdp = read_mem[u32](cpu, r, r.seg, u32(off + 16))
    f.fds = read_mem[u16](cpu, r, r.seg, u32(off + 20))
    f.fop = fop & 0x7FF
    f.fcw = (fcw & FCW_WRITABLE) | FCW_ALWAYS
    set_status(f, fsw)
    for k in range(8):
        a: u8 = st(f, k)
        f.mant[a & 7] = read_mem[u64](cpu, r, r.seg, u32(off + (ST_AT + 16 * k)))
        f.sexp[a & 7] = read_mem[u16](cpu, r, r.seg, u32(off + (ST_AT + 16 * k + 8)))
    update_error(cpu, r)
