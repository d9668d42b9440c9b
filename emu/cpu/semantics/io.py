"""Port input and output.  Intel SDM volume 1, chapter 19, and volume 2 (IN, OUT, INS, OUTS)."""

from emu.bus.component import hot
from emu.bus.types import Fault, T, u8, u16, u32
from emu.cpu.exceptions import debug_io
from emu.cpu.memory import linear_write, read_mem, slow_check_write, store, sys_read16
from emu.cpu.registers import reg, set_reg
from emu.cpu.segments import ATTR_P, BUSY_TSS32, TSS32
from emu.cpu.state import CR0_PE, EAX, EDI, EDX, ES, ESI, GP, MODE_DEBUG, REC_REP, REC_REPNE, TR, VM, Cpu, Rec
from emu.cpu.tasks import TSS_IOMAP, TSS_LIMIT

from .string import index, rep_count, rep_next, step


@hot
def io_check(cpu: Cpu, port: u16, size: u8) -> None:
    """May ``size`` bytes from a port on be accessed?  By IOPL, else by the I/O permission bitmap of the TSS."""
    if cpu.cr0 & CR0_PE != 0 and (cpu.eflags & VM != 0 or cpu.cpl > cpu.eflags >> 12 & 3):
        tss = cpu.seg[TR]
        kind: u16 = tss.attr & 0x1F
        if tss.attr & ATTR_P == 0 or kind != TSS32 and kind != BUSY_TSS32 or tss.limit < TSS_LIMIT:
            raise Fault(GP, 0)
        iomap: u16 = sys_read16(cpu, u32(tss.base + TSS_IOMAP))
        at: u32 = iomap + port // 8
        if at + 1 > tss.limit:
            raise Fault(GP, 0)
        bits: u16 = sys_read16(cpu, u32(tss.base + at))
        wanted: u32 = u32((1 << (size & 7)) - 1)
        if bits >> (port & 7) & wanted != 0:
            raise Fault(GP, 0)
    if cpu.mode & MODE_DEBUG != 0:
        debug_io(cpu, port, size)


@hot
def port_in(cpu: Cpu, port: u16) -> T:
    if T.bits == 8:
        b: u8 = cpu.port_read8(port)
        return b
    elif T.bits == 16:
        w: u16 = cpu.port_read16(port)
        return w
    else:
        d: u32 = cpu.port_read32(port)
        return d


@hot
def port_out(cpu: Cpu, port: u16, value: T) -> None:
    if T.bits == 8:
        cpu.port_write8(port, value)
    elif T.bits == 16:
        cpu.port_write16(port, value)
    else:
        cpu.port_write32(port, value)


@hot
def input(cpu: Cpu, port: u16) -> None:
    io_check(cpu, port, T.bits // 8)
    value: T = port_in[T](cpu, port)
    set_reg[T](cpu, EAX, value)


@hot
def output(cpu: Cpu, port: u16) -> None:
    io_check(cpu, port, T.bits // 8)
    port_out[T](cpu, port, reg[T](cpu, EAX))


@hot
def IN_imm(cpu: Cpu, r: Rec) -> None:
    input[T](cpu, u16(r.imm & 0xFF))


@hot
def IN_dx(cpu: Cpu, r: Rec) -> None:
    input[T](cpu, u16(cpu.gpr[EDX]))


@hot
def OUT_imm(cpu: Cpu, r: Rec) -> None:
    output[T](cpu, u16(r.imm & 0xFF))


@hot
def OUT_dx(cpu: Cpu, r: Rec) -> None:
    output[T](cpu, u16(cpu.gpr[EDX]))


# -- strings -----------------------------------------------------------------------------------------------------

@hot
def ins(cpu: Cpu, r: Rec) -> None:
    """One element from the port to ES:(E)DI; the write is checked before the port is read."""
    port: u16 = u16(cpu.gpr[EDX])
    io_check(cpu, port, T.bits // 8)
    lin: u32 = linear_write[T](cpu, ES, index(cpu, r, EDI))
    slow_check_write[T](cpu, lin)
    value: T = port_in[T](cpu, port)
    store[T](cpu, r, lin, value)
    step[T](cpu, r, EDI)


@hot
def outs(cpu: Cpu, r: Rec) -> None:
    """One element from the source segment to the port."""
    port: u16 = u16(cpu.gpr[EDX])
    io_check(cpu, port, T.bits // 8)
    value: T = read_mem[T](cpu, r, r.seg, index(cpu, r, ESI))
    port_out[T](cpu, port, value)
    step[T](cpu, r, ESI)


@hot
def INS_rep(cpu: Cpu, r: Rec) -> None:
    more: bool = rep_count(cpu, r) != 0
    while more:
        ins[T](cpu, r)
        more = rep_next(cpu, r)


@hot
def OUTS_rep(cpu: Cpu, r: Rec) -> None:
    more: bool = rep_count(cpu, r) != 0
    while more:
        outs[T](cpu, r)
        more = rep_next(cpu, r)


@hot
def INS(cpu: Cpu, r: Rec) -> None:
    if r.flags & (REC_REP | REC_REPNE) != 0:
        INS_rep[T](cpu, r)
    else:
        ins[T](cpu, r)


@hot
def OUTS(cpu: Cpu, r: Rec) -> None:
    if r.flags & (REC_REP | REC_REPNE) != 0:
        OUTS_rep[T](cpu, r)
    else:
        outs[T](cpu, r)
