"""Operands of instructions that decode for themselves (``raw``)."""

from emu.bus.component import hot, inline
from emu.bus.types import T, u8, u16, u32
from emu.cpu.memory import ea, read_mem, write_mem
from emu.cpu.registers import set_reg
from emu.cpu.state import REC_ASIZE32, REC_MEM, Cpu, Rec


@hot
def rm16(cpu: Cpu, r: Rec) -> u16:
    """An Ew operand."""
    if r.flags & REC_MEM == 0:
        return u16(cpu.gpr[r.rm & 7])
    off: u32 = ea(cpu, r)
    return read_mem[u16](cpu, r, r.seg, off)


@hot
def set_rm16(cpu: Cpu, r: Rec, value: T) -> None:
    """Store into a register of the operand size, or 16 bits into memory (SLDT, STR, SMSW)."""
    if r.flags & REC_MEM == 0:
        set_reg[T](cpu, r.rm, value)
    else:
        off: u32 = ea(cpu, r)
        write_mem[u16](cpu, r, r.seg, off, u16(value))


@inline
def beyond(r: Rec, off: u32, bytes: u8) -> u32:
    """The address ``bytes`` after off, wrapped at the address size."""
    if r.flags & REC_ASIZE32 == 0:
        return (off + bytes) & 0xFFFF
    return u32(off + bytes)


@hot
def far_pointer(cpu: Cpu, r: Rec) -> (u32, u16):
    """A far pointer in memory: offset (of T's size) and selector."""
    off: u32 = ea(cpu, r)
    offset: T = read_mem[T](cpu, r, r.seg, off)
    sel: u16 = read_mem[u16](cpu, r, r.seg, beyond(r, off, T.bits // 8))
    return offset, sel
