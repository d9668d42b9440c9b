"""Data movement.  Intel SDM volume 2: BSWAP CBW CDQ CMOVcc CWD CWDE LEA MOV MOVSX MOVZX XCHG XLAT."""

from emu.bus.component import hot
from emu.bus.types import Fault, T, i8, i16, u8, u16, u32

from ..flags import condition
from ..memory import ea, read_mem, write_mem
from ..registers import reg, set_reg
from ..state import EAX, EBX, EDX, GS, REC_ASIZE32, UD, Cpu, Rec


@hot
def MOV(cpu: Cpu, src: T) -> T:
    return src


@hot
def MOVZX(cpu: Cpu, src: u8) -> T:
    return src


@hot
def MOVZXW(cpu: Cpu, src: u16) -> T:
    return src


@hot
def MOVSX(cpu: Cpu, src: u8) -> T:
    return T(i8(src))


@hot
def MOVSXW(cpu: Cpu, src: u16) -> T:
    return T(i16(src))


@hot
def CMOVcc(cpu: Cpu, cc: u8, dst: T, src: T) -> T:
    return src if condition(cpu, cc) else dst


@hot
def LEA(cpu: Cpu, off: u32) -> T:
    return T(off)


@hot
def XCHG(cpu: Cpu, a: T, b: T) -> (T, T):
    return b, a


@hot
def BSWAP(cpu: Cpu, dst: T) -> T:
    """With a 16-bit operand the manual gives no result; processors clear the register."""
    if T.bits == 16:
        return 0
    return T((dst >> 24) | ((dst >> 8) & 0xFF00) | ((dst & 0xFF00) << 8) | (dst << 24))


@hot
def XLAT(cpu: Cpu, r: Rec) -> None:
    off: u32 = u32(cpu.gpr[EBX] + reg[u8](cpu, EAX))
    if r.flags & REC_ASIZE32 == 0:
        off = off & 0xFFFF
    value: u8 = read_mem[u8](cpu, r, r.seg, off)
    set_reg[u8](cpu, EAX, value)


@hot
def CBW(cpu: Cpu) -> None:
    set_reg[u16](cpu, EAX, u16(i8(cpu.gpr[EAX])))


@hot
def CWDE(cpu: Cpu) -> None:
    cpu.gpr[EAX] = u32(i16(cpu.gpr[EAX]))


@hot
def CWD(cpu: Cpu) -> None:
    set_reg[u16](cpu, EDX, 0xFFFF if cpu.gpr[EAX] & 0x8000 != 0 else 0)


@hot
def CDQ(cpu: Cpu) -> None:
    cpu.gpr[EDX] = 0xFFFFFFFF if cpu.gpr[EAX] >> 31 != 0 else 0


@hot
def MOV_reg_sreg(cpu: Cpu, r: Rec) -> None:
    """MOV r16/r32,Sreg: a 32-bit register gets the selector with zeros above it."""
    if r.reg > GS:
        raise Fault(UD, 0)
    set_reg[T](cpu, r.rm, cpu.seg[r.reg & 7].sel)


@hot
def MOV_mem_sreg(cpu: Cpu, r: Rec) -> None:
    """MOV m16,Sreg: 16 bits whatever the operand size."""
    if r.reg > GS:
        raise Fault(UD, 0)
    write_mem[u16](cpu, r, r.seg, ea(cpu, r), cpu.seg[r.reg & 7].sel)
