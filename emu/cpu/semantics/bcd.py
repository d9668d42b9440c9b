"""Decimal adjustment.  Intel SDM volume 2: AAA AAD AAM AAS DAA DAS."""

from emu.bus.component import hot, inline
from emu.bus.types import Fault, u8, u16, u32

from ..flags import cc_res, get_af, get_cf
from ..registers import reg, set_reg
from ..state import AF, CF, DE, EAX, Cpu


@hot
def AAA(cpu: Cpu) -> None:
    ax: u16 = reg[u16](cpu, EAX)
    adjust: bool = ax & 15 > 9 or get_af(cpu) != 0
    if adjust:
        ax = u16(ax + 0x106)
    set_reg[u16](cpu, EAX, ax & 0xFF0F)
    cc_res[u8](cpu, u8(ax & 15), AF | CF if adjust else 0)


@hot
def AAS(cpu: Cpu) -> None:
    ax: u16 = reg[u16](cpu, EAX)
    adjust: bool = ax & 15 > 9 or get_af(cpu) != 0
    if adjust:
        ax = u16(ax - 0x106)
    set_reg[u16](cpu, EAX, ax & 0xFF0F)
    cc_res[u8](cpu, u8(ax & 15), AF | CF if adjust else 0)


@inline
def decimal_adjustment(al: u8, carry: u8, half_carry: u8) -> u8:
    """What DAA adds to AL and DAS subtracts: 6 for the lower digit, 60h for the upper one."""
    low: u8 = 6 if al & 15 > 9 or half_carry != 0 else 0
    high: u8 = 0x60 if al > 0x99 or carry != 0 else 0
    return low | high


@hot
def DAA(cpu: Cpu) -> None:
    al: u8 = reg[u8](cpu, EAX)
    adjustment: u8 = decimal_adjustment(al, get_cf(cpu), get_af(cpu))
    r: u8 = u8(al + adjustment)
    flags: u32 = (AF if adjustment & 6 != 0 else 0) | (CF if adjustment >= 0x60 else 0)
    set_reg[u8](cpu, EAX, r)
    cc_res[u8](cpu, r, flags)


@hot
def DAS(cpu: Cpu) -> None:
    al: u8 = reg[u8](cpu, EAX)
    adjustment: u8 = decimal_adjustment(al, get_cf(cpu), get_af(cpu))
    r: u8 = u8(al - adjustment)
    # Unlike DAA's, the lower digit's adjustment can borrow by itself.
    flags: u32 = (AF if adjustment & 6 != 0 else 0) | (CF if adjustment >= 0x60 or al < adjustment else 0)
    set_reg[u8](cpu, EAX, r)
    cc_res[u8](cpu, r, flags)


@hot
def AAM(cpu: Cpu, base: u8) -> None:
    if base == 0:
        raise Fault(DE, 0)
    al: u8 = reg[u8](cpu, EAX)
    set_reg[u16](cpu, EAX, ((al // base) << 8) | (al % base))
    cc_res[u8](cpu, al % base, 0)


@hot
def AAD(cpu: Cpu, base: u8) -> None:
    ax: u16 = reg[u16](cpu, EAX)
    al: u8 = u8(ax + (ax >> 8) * base)
    set_reg[u16](cpu, EAX, al)
    cc_res[u8](cpu, al, 0)
