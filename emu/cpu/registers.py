"""General registers by number and width.  Encodings: Intel SDM volume 2, table 3-1."""

from emu.bus.component import inline
from emu.bus.types import T, u32
from .state import REGISTER, Cpu


@inline
def reg(cpu: Cpu, n: REGISTER) -> T:
    """Register n, 0 to 7, at width T (u8: AL CL DL BL AH CH DH BH)."""
    if T.bits == 8:
        return T(cpu.gpr[n & 3] >> ((n & 4) << 1))
    return T(cpu.gpr[n & 7])


@inline
def set_reg(cpu: Cpu, n: REGISTER, v: T) -> None:
    """Set register n at width T; the rest of the 32 bits stays."""
    if T.bits == 8:
        if n > 3:
            cpu.gpr[n & 3] = (cpu.gpr[n & 3] & 0xFFFF00FF) | u32(v << 8)
        else:
            cpu.gpr[n & 3] = (cpu.gpr[n & 3] & 0xFFFFFF00) | v
    elif T.bits == 16:
        cpu.gpr[n & 7] = (cpu.gpr[n & 7] & 0xFFFF0000) | v
    else:
        cpu.gpr[n & 7] = v
