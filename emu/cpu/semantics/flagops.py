"""Instructions on flags.  Intel SDM volume 2: CLC CLD CMC LAHF SAHF STC STD, and the undocumented SALC (D6)."""

from emu.bus.component import hot
from emu.bus.types import u8, u32

from ..flags import cc_carry, cc_some, get_cf, read_eflags
from ..registers import reg, set_reg
from ..state import AF, CF, DF, PF, SF, ZF, Cpu

AH = 4


@hot
def CLC(cpu: Cpu) -> None:
    cc_carry(cpu, CF, 0)


@hot
def STC(cpu: Cpu) -> None:
    cc_carry(cpu, CF, CF)


@hot
def CMC(cpu: Cpu) -> None:
    cc_carry(cpu, CF, get_cf(cpu) ^ CF)


@hot
def CLD(cpu: Cpu) -> None:
    cpu.eflags = cpu.eflags & (DF ^ u32.max)


@hot
def STD(cpu: Cpu) -> None:
    cpu.eflags = cpu.eflags | DF


@hot
def LAHF(cpu: Cpu) -> None:
    set_reg[u8](cpu, AH, u8(read_eflags(cpu)))


@hot
def SAHF(cpu: Cpu) -> None:
    cc_some(cpu, CF | PF | AF | ZF | SF, reg[u8](cpu, AH))


@hot
def SALC(cpu: Cpu) -> u8:
    return 0xFF if get_cf(cpu) != 0 else 0
