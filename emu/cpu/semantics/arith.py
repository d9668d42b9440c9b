"""Addition, subtraction and comparison.  Intel SDM volume 2: ADC ADD CMP CMPXCHG CMPXCHG8B DEC INC NEG SBB SUB XADD."""

from emu.bus.component import hot
from emu.bus.types import T, u8, u32, u64

from ..flags import cc_adc, cc_add, cc_dec, cc_inc, cc_sbb, cc_some, cc_sub, get_cf
from ..memory import ea, linear_write, load_rmw, store_rmw
from ..registers import reg, set_reg
from ..state import EAX, EBX, ECX, EDX, ZF, Cpu, Rec


@hot
def ADD(cpu: Cpu, dst: T, src: T) -> T:
    r: T = T(dst + src)
    cc_add[T](cpu, r, dst, src)
    return r


@hot
def ADC(cpu: Cpu, dst: T, src: T) -> T:
    carry: u8 = get_cf(cpu)
    r: T = T(dst + src + carry)
    cc_adc[T](cpu, r, dst, src, carry)
    return r


@hot
def SUB(cpu: Cpu, dst: T, src: T) -> T:
    r: T = T(dst - src)
    cc_sub[T](cpu, r, dst, src)
    return r


@hot
def SBB(cpu: Cpu, dst: T, src: T) -> T:
    borrow: u8 = get_cf(cpu)
    r: T = T(dst - src - borrow)
    cc_sbb[T](cpu, r, dst, src, borrow)
    return r


@hot
def CMP(cpu: Cpu, dst: T, src: T) -> None:
    cc_sub[T](cpu, T(dst - src), dst, src)


@hot
def INC(cpu: Cpu, dst: T) -> T:
    r: T = T(dst + 1)
    cc_inc[T](cpu, r, dst)
    return r


@hot
def DEC(cpu: Cpu, dst: T) -> T:
    r: T = T(dst - 1)
    cc_dec[T](cpu, r, dst)
    return r


@hot
def NEG(cpu: Cpu, dst: T) -> T:
    r: T = T(0 - dst)
    cc_sub[T](cpu, r, 0, dst)
    return r


@hot
def XADD(cpu: Cpu, dst: T, src: T) -> (T, T):
    """The destination gets the sum and must be written last: XADD EAX,EAX doubles EAX."""
    r: T = T(dst + src)
    cc_add[T](cpu, r, dst, src)
    return r, dst


@hot
def CMPXCHG(cpu: Cpu, dst: T, src: T) -> T:
    """The destination is written in both cases, as on the bus."""
    acc: T = reg[T](cpu, EAX)
    cc_sub[T](cpu, T(acc - dst), acc, dst)
    if acc == dst:
        return src
    set_reg[T](cpu, EAX, dst)
    return dst


@hot
def CMPXCHG8B(cpu: Cpu, r: Rec) -> None:
    lin: u32 = linear_write[u64](cpu, r.seg, ea(cpu, r))
    value: u64 = load_rmw[u64](cpu, r, lin)
    if value == (cpu.gpr[EDX] << 32) | cpu.gpr[EAX]:
        store_rmw[u64](cpu, r, lin, (cpu.gpr[ECX] << 32) | cpu.gpr[EBX])
        cc_some(cpu, ZF, ZF)
    else:
        store_rmw[u64](cpu, r, lin, value)
        cpu.gpr[EAX] = u32(value)
        cpu.gpr[EDX] = u32(value >> 32)
        cc_some(cpu, ZF, 0)
