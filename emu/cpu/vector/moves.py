"""Vector moves, the masked stores, EMMS and MXCSR.  Intel SDM volume 2; MXCSR: volume 1, 10.2.3."""
from emu.bus.component import hot
from emu.bus.types import Fault, u8, u32, u64
from emu.cpu.memory import linear_write, load_rmw, store
from emu.cpu.semantics.fxsave import mxcsr_mask
from emu.cpu.state import EDI, GP, REC_ASIZE32, Cpu, Rec
from emu.cpu.vector.access import mmx_check


@hot
def MOVQ(cpu: Cpu, src: u64) -> u64:
    """Also both halves of MOVAPS and kin."""
    return src


@hot
def MOVD(cpu: Cpu, src: u32) -> u32:
    return src


@hot
def MOVD_zero(cpu: Cpu, src: u32) -> (u64, u64):
    """MOVD and MOVSS to a whole XMM register."""
    return src, 0


@hot
def MOVD_mm(cpu: Cpu, src: u32) -> u64:
    """MOVD to an MMX register."""
    return src


@hot
def MOVQ_zero(cpu: Cpu, src: u64) -> (u64, u64):
    """MOVQ and MOVSD to a whole XMM register."""
    return src, 0


@hot
def EMMS(cpu: Cpu, r: Rec) -> None:
    """All x87 registers are empty again."""
    mmx_check(cpu, r)
    cpu.fpu.top = 0
    cpu.fpu.ftw = 0


@hot
def masked_bytes(cpu: Cpu, r: Rec, lin: u32, value: u64, mask: u64) -> None:
    """Store the bytes of value whose mask bytes have the top bit set; the pages have been checked."""
    n: u8 = 0
    while n < 8:
        if mask >> ((n & 7) * 8 + 7) & 1 != 0:
            store[u8](cpu, r, u32(lin + n), u8(value >> ((n & 7) * 8)))
        n = u8(n + 1)


SELECT = 0x8080808080808080


@hot
def MASKMOVQ(cpu: Cpu, r: Rec) -> None:
    """To DS:EDI."""
    off: u32 = cpu.gpr[EDI] if r.flags & REC_ASIZE32 != 0 else cpu.gpr[EDI] & 0xFFFF
    lin: u32 = linear_write[u64](cpu, r.seg, off)
    load_rmw[u64](cpu, r, lin)
    masked_bytes(cpu, r, lin, cpu.fpu.mant[r.reg], cpu.fpu.mant[r.rm])


@hot
def MASKMOVDQU(cpu: Cpu, r: Rec) -> None:
    """To DS:EDI, at any address."""
    off: u32 = cpu.gpr[EDI] if r.flags & REC_ASIZE32 != 0 else cpu.gpr[EDI] & 0xFFFF
    lin: u32 = linear_write[u8](cpu, r.seg, off)
    linear_write[u8](cpu, r.seg, u32(off + 15))
    if lin & 0xFFF > 0xFF0 and cpu.fpu.xmm[r.rm * 2 + 1] & SELECT != 0:
        load_rmw[u64](cpu, r, u32(lin + 8))  # over a page's end, the silicon meets the upper half's fault first
    load_rmw[u64](cpu, r, lin)
    load_rmw[u64](cpu, r, u32(lin + 8))
    masked_bytes(cpu, r, lin, cpu.fpu.xmm[r.reg * 2], cpu.fpu.xmm[r.rm * 2])
    masked_bytes(cpu, r, u32(lin + 8), cpu.fpu.xmm[r.reg * 2 + 1], cpu.fpu.xmm[r.rm * 2 + 1])


@hot
def LDMXCSR(cpu: Cpu, src: u32) -> None:
    if src & (mxcsr_mask(cpu) ^ u32.max) != 0:
        raise Fault(GP, 0)
    cpu.fpu.mxcsr = src


@hot
def STMXCSR(cpu: Cpu) -> u32:
    return cpu.fpu.mxcsr
