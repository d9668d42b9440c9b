"""Everything else.  Intel SDM volume 2: BOUND CLFLUSH NOP UD."""

from emu.bus.component import hot
from emu.bus.types import SIGNED, Fault, T, u8, u32

from ..memory import ea, read_mem
from ..registers import reg
from ..state import BR, UD, Cpu, Rec
from .fxsave import FXRSTOR, FXSAVE  # noqa: F401


@hot
def NOP(cpu: Cpu) -> None:
    pass


@hot
def UD0(cpu: Cpu, r: Rec) -> None:
    raise Fault(UD, 0)


@hot
def UD1(cpu: Cpu, r: Rec) -> None:
    raise Fault(UD, 0)


@hot
def UD2(cpu: Cpu, r: Rec) -> None:
    raise Fault(UD, 0)


@hot
def BOUND(cpu: Cpu, r: Rec) -> None:
    """#BR if the signed index is below the first or above the second of the two bounds in memory."""
    off: u32 = ea(cpu, r)
    n: T = reg[T](cpu, r.reg)
    low: T = read_mem[T](cpu, r, r.seg, off)
    if SIGNED[T.bits](n) < SIGNED[T.bits](low):
        raise Fault(BR, 0)
    high: T = read_mem[T](cpu, r, r.seg, u32(off + (T.bits >> 3)))
    if SIGNED[T.bits](n) > SIGNED[T.bits](high):
        raise Fault(BR, 0)


@hot
def CLFLUSH(cpu: Cpu, r: Rec) -> None:
    """Faults like a load of one byte; there is no cache to flush."""
    read_mem[u8](cpu, r, r.seg, ea(cpu, r))
