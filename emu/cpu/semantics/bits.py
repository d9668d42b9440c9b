"""Single bits.  Intel SDM volume 2: BSF BSR BT BTC BTR BTS SETcc.

The forms with a memory operand and a register index reach the whole bit string around the operand: the index is signed.
"""

from emu.bus.component import hot, inline
from emu.bus.types import SIGNED, T, i32, u8, u32

from ..flags import cc_carry, cc_some, condition
from ..memory import ea, linear_write, load_rmw, read_mem, store_rmw
from ..registers import reg
from ..state import CF, REC_ASIZE32, ZF, Cpu, Rec


@inline
def cc_bit(cpu: Cpu, v: T, n: T) -> None:
    """CF gets bit n of v; the other flags stay."""
    cc_carry(cpu, CF, u32((v >> (n & (T.bits - 1))) & 1))


@inline
def one(n: T) -> T:
    """Only bit n, modulo the width."""
    return T(1 << (n & (T.bits - 1)))


@hot
def BT(cpu: Cpu, dst: T, n: T) -> None:
    cc_bit[T](cpu, dst, n)


@hot
def BTS(cpu: Cpu, dst: T, n: T) -> T:
    cc_bit[T](cpu, dst, n)
    return dst | one[T](n)


@hot
def BTR(cpu: Cpu, dst: T, n: T) -> T:
    cc_bit[T](cpu, dst, n)
    return dst & (one[T](n) ^ T.max)


@hot
def BTC(cpu: Cpu, dst: T, n: T) -> T:
    cc_bit[T](cpu, dst, n)
    return dst ^ one[T](n)


@inline
def bit_offset(cpu: Cpu, r: Rec) -> u32:
    """Offset of the word of the bit string that holds the bit numbered by the register operand."""
    n: u32 = u32(SIGNED[T.bits](reg[T](cpu, r.reg)))
    word: u32 = u32(i32(n) >> (5 if T.bits == 32 else 4))
    off: u32 = u32(ea(cpu, r) + word * (T.bits >> 3))
    return off if r.flags & REC_ASIZE32 != 0 else off & 0xFFFF


@hot
def BT_mem(cpu: Cpu, r: Rec) -> None:
    v: T = read_mem[T](cpu, r, r.seg, bit_offset[T](cpu, r))
    BT[T](cpu, v, reg[T](cpu, r.reg))


@hot
def BTS_mem(cpu: Cpu, r: Rec) -> None:
    lin: u32 = linear_write[T](cpu, r.seg, bit_offset[T](cpu, r))
    v: T = load_rmw[T](cpu, r, lin)
    changed: T = BTS[T](cpu, v, reg[T](cpu, r.reg))
    store_rmw[T](cpu, r, lin, changed)


@hot
def BTR_mem(cpu: Cpu, r: Rec) -> None:
    lin: u32 = linear_write[T](cpu, r.seg, bit_offset[T](cpu, r))
    v: T = load_rmw[T](cpu, r, lin)
    changed: T = BTR[T](cpu, v, reg[T](cpu, r.reg))
    store_rmw[T](cpu, r, lin, changed)


@hot
def BTC_mem(cpu: Cpu, r: Rec) -> None:
    lin: u32 = linear_write[T](cpu, r.seg, bit_offset[T](cpu, r))
    v: T = load_rmw[T](cpu, r, lin)
    changed: T = BTC[T](cpu, v, reg[T](cpu, r.reg))
    store_rmw[T](cpu, r, lin, changed)


@hot
def BSF(cpu: Cpu, dst: T, src: T) -> T:
    """A source of 0 leaves the destination as it was."""
    if src == 0:
        cc_some(cpu, ZF, ZF)
        return dst
    cc_some(cpu, ZF, 0)
    v: u32 = src
    n: u8 = 0
    if v & 0xFFFF == 0:
        v = v >> 16
        n = 16
    if v & 0xFF == 0:
        v = v >> 8
        n = n | 8
    if v & 0xF == 0:
        v = v >> 4
        n = n | 4
    if v & 3 == 0:
        v = v >> 2
        n = n | 2
    if v & 1 == 0:
        n = n | 1
    return n


@hot
def BSR(cpu: Cpu, dst: T, src: T) -> T:
    """A source of 0 leaves the destination as it was."""
    if src == 0:
        cc_some(cpu, ZF, ZF)
        return dst
    cc_some(cpu, ZF, 0)
    v: u32 = src
    n: u8 = 0
    if v > 0xFFFF:
        v = v >> 16
        n = 16
    if v > 0xFF:
        v = v >> 8
        n = n | 8
    if v > 0xF:
        v = v >> 4
        n = n | 4
    if v > 3:
        v = v >> 2
        n = n | 2
    if v > 1:
        n = n | 1
    return n


@hot
def SETcc(cpu: Cpu, cc: u8) -> u8:
    return u8(condition(cpu, cc))
