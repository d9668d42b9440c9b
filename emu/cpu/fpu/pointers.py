"""The x87's record of its last instruction and operand.  Intel SDM volume 1, 8.1.8."""

from emu.bus.component import inline
from emu.bus.types import u16, u32

from ..memory import ea
from .stack import report_error
from .state import ES
from ..state import CS, REC_MEM, Cpu, Rec


@inline
def fpu_pointers(cpu: Cpu, r: Rec) -> None:
    """The end of a non-control x87 instruction: remember where it and its memory operand are; report its errors."""
    f = cpu.fpu
    f.fip = u32(cpu.eip + r.off)
    f.fcs = cpu.seg[CS].sel
    f.fop = r.imm2
    if r.flags & REC_MEM != 0:
        f.fdp = ea(cpu, r)
        f.fds = cpu.seg[r.seg & 7].sel
    if f.fsw & ES != 0:
        report_error(cpu, r)
