"""The x87's record of its last instruction and operand.  Intel SDM volume 1, 8.1.8."""

from emu.bus.component import inline
from emu.bus.types import u32

from .stack import report_error
from .state import ES
from ..state import CS, Cpu, Rec


@inline
def fpu_operand(cpu: Cpu, r: Rec, off: u32) -> None:
    """Remember where the memory operand is."""
    cpu.fpu.fdp = off
    cpu.fpu.fds = cpu.seg[r.seg & 7].sel


@inline
def fpu_pointers(cpu: Cpu, r: Rec) -> None:
    """The end of a non-control x87 instruction: remember where it is; report its errors."""
    f = cpu.fpu
    f.fip = u32(cpu.eip + r.off)
    f.fcs = cpu.seg[CS].sel
    f.fop = r.imm2
    if f.fsw & ES != 0:
        report_error(cpu, r)
