"""Targets of near branches."""

from emu.bus.component import inline
from emu.bus.types import Fault, u32

from .state import CS, GP, REC_OSIZE32, Cpu, Rec


@inline
def next_eip(cpu: Cpu, r: Rec) -> u32:
    """EIP of the instruction after a branch (before EIP is synchronised)."""
    eip: u32 = u32(cpu.eip + r.off + r.len)
    if r.flags & REC_OSIZE32 == 0:
        eip = eip & 0xFFFF
    return eip


@inline
def target(cpu: Cpu, r: Rec) -> u32:
    """Where a relative branch goes."""
    eip: u32 = u32(cpu.eip + r.off + r.len + r.imm)
    if r.flags & REC_OSIZE32 == 0:
        eip = eip & 0xFFFF
    return eip


@inline
def check_target(cpu: Cpu, r: Rec) -> None:
    """#GP(0) if a relative branch leaves the code segment."""
    if target(cpu, r) > cpu.seg[CS].limit:
        raise Fault(GP, 0)


@inline
def check_eip(cpu: Cpu, eip: u32) -> None:
    """#GP(0) if a new EIP is outside the code segment."""
    if eip > cpu.seg[CS].limit:
        raise Fault(GP, 0)
