"""The x87's record of its last instruction and operand.  Intel SDM volume 1, 8.1.8."""

from emu.bus.component import inline
from emu.bus.types import u16, u32

from ..memory import ea
from ..state import CS, REC_MEM, Cpu, Rec


@inline
def fpu_pointers(cpu: Cpu, r: Rec) -> None:
    """Remember where a non-control x87 instruction and its memory operand are."""
    f = cpu.fpu
    f.fip = u32(cpu.eip + r.off)
    f.fcs = cpu.seg[CS].sel
    f.fop = u16(r.opcode & 7) << 8 | r.reg << 3 | r.rm | (0 if r.flags & REC_MEM != 0 else 0xC0)
    if r.flags & REC_MEM != 0:
        f.fdp = ea(cpu, r)
        f.fds = cpu.seg[r.seg & 7].sel
