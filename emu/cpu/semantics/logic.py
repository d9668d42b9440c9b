"""Bitwise operations.  Intel SDM volume 2: AND NOT OR TEST XOR."""

from emu.bus.component import hot
from emu.bus.types import T

from ..flags import cc_logic
from ..state import Cpu


@hot
def AND(cpu: Cpu, dst: T, src: T) -> T:
    r: T = dst & src
    cc_logic[T](cpu, r)
    return r


@hot
def OR(cpu: Cpu, dst: T, src: T) -> T:
    r: T = dst | src
    cc_logic[T](cpu, r)
    return r


@hot
def XOR(cpu: Cpu, dst: T, src: T) -> T:
    r: T = dst ^ src
    cc_logic[T](cpu, r)
    return r


@hot
def TEST(cpu: Cpu, dst: T, src: T) -> None:
    cc_logic[T](cpu, dst & src)


@hot
def NOT(cpu: Cpu, dst: T) -> T:
    return dst ^ T.max
