"""Multiplication and division.  Intel SDM volume 2: DIV IDIV IMUL MUL.

Products and dividends are twice as wide as the operand: AX, DX:AX or EDX:EAX.
"""

from emu.bus.component import hot, inline
from emu.bus.types import SIGNED, Fault, T, i64, u8, u64

from ..flags import cc_res
from ..registers import reg, set_reg
from ..state import CF, DE, EAX, EDX, OF, Cpu

AH = 4


@inline
def high_half(cpu: Cpu) -> T:
    """AH, DX or EDX."""
    return reg[T](cpu, AH if T.bits == 8 else EDX)


@inline
def set_halves(cpu: Cpu, high: T, low: T) -> None:
    """Set AH:AL, DX:AX or EDX:EAX."""
    set_reg[T](cpu, EAX, low)
    set_reg[T](cpu, AH if T.bits == 8 else EDX, high)


@inline
def cc_product(cpu: Cpu, low: T, overflow: bool) -> None:
    """CF and OF say that the upper half matters; SF, ZF and PF are those of the lower half."""
    cc_res[T](cpu, low, CF | OF if overflow else 0)


@hot
def MUL(cpu: Cpu, src: T) -> None:
    product: u64 = u64(reg[T](cpu, EAX)) * src
    set_halves[T](cpu, T(product >> T.bits), T(product))
    cc_product[T](cpu, T(product), product > T.max)


@hot
def IMUL(cpu: Cpu, src: T) -> None:
    product: i64 = SIGNED[T.bits](reg[T](cpu, EAX)) * SIGNED[T.bits](src)
    set_halves[T](cpu, T(product >> T.bits), T(product))
    cc_product[T](cpu, T(product), product != SIGNED[T.bits](product))


@hot
def IMUL2(cpu: Cpu, a: T, b: T) -> T:
    product: i64 = SIGNED[T.bits](a) * SIGNED[T.bits](b)
    cc_product[T](cpu, T(product), product != SIGNED[T.bits](product))
    return T(product)


@hot
def DIV(cpu: Cpu, src: T) -> None:
    dividend: u64 = (u64(high_half[T](cpu)) << T.bits) | reg[T](cpu, EAX)
    if src == 0:
        raise Fault(DE, 0)
    quotient: u64 = dividend // src
    if quotient > T.max:
        raise Fault(DE, 0)
    set_halves[T](cpu, T(dividend % src), T(quotient))


@hot
def IDIV(cpu: Cpu, src: T) -> None:
    high: T = high_half[T](cpu)
    dividend: u64 = u64((u64(SIGNED[T.bits](high)) << T.bits) | reg[T](cpu, EAX))
    divisor: u64 = u64(SIGNED[T.bits](src))
    negative: bool = dividend >> 63 != 0
    opposite: bool = (dividend ^ divisor) >> 63 != 0
    if negative:
        dividend = u64(0 - dividend)
    if divisor >> 63 != 0:
        divisor = u64(0 - divisor)
    if divisor == 0:
        raise Fault(DE, 0)
    quotient: u64 = dividend // divisor
    remainder: u64 = dividend % divisor
    if quotient > (T.max >> 1) + u8(opposite):
        raise Fault(DE, 0)
    if opposite:
        quotient = u64(0 - quotient)
    if negative:
        remainder = u64(0 - remainder)
    set_halves[T](cpu, T(remainder), T(quotient))
