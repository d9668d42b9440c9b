"""Near transfers of control.  Intel SDM volume 2: CALL Jcc JMP LOOP LOOPcc RET.

A function that changes something besides EIP checks its target itself.
"""

from emu.bus.component import hot, inline
from emu.bus.types import T, u8, u16, u32

from ..flags import condition, get_zf
from ..flow_target import check_eip, check_target, next_eip
from ..memory import stack_move, stack_read, stack_write
from ..state import ECX, REC_ASIZE32, Cpu, Rec


@inline
def Jcc(cpu: Cpu, cc: u8) -> bool:
    return condition(cpu, cc)


@hot
def JMP(cpu: Cpu) -> bool:
    return True


@hot
def JMP_ind(cpu: Cpu, target: T) -> u32:
    return target


@hot
def CALL_rel(cpu: Cpu, r: Rec) -> bool:
    """The return address is written before the target is checked, and stays written if that faults."""
    stack_write[T](cpu, r, u32(0 - (T.bits >> 3)), T(next_eip(cpu, r)))
    check_target(cpu, r)
    stack_move(cpu, u32(0 - (T.bits >> 3)))
    return True


@hot
def CALL_ind(cpu: Cpu, r: Rec, next: u32, target: T) -> u32:
    stack_write[T](cpu, r, u32(0 - (T.bits >> 3)), T(next))
    check_eip(cpu, target)
    stack_move(cpu, u32(0 - (T.bits >> 3)))
    return target


@hot
def RET(cpu: Cpu, r: Rec) -> u32:
    target: T = stack_read[T](cpu, r, 0)
    check_eip(cpu, target)
    stack_move(cpu, T.bits >> 3)
    return target


@hot
def RET_imm(cpu: Cpu, r: Rec, count: u16) -> u32:
    target: T = stack_read[T](cpu, r, 0)
    check_eip(cpu, target)
    stack_move(cpu, (T.bits >> 3) + count)
    return target


@inline
def loop(cpu: Cpu, r: Rec, wanted: bool) -> bool:
    """Count (E)CX down; taken if it is not 0 then and the condition holds."""
    mask: u32 = 0xFFFFFFFF if r.flags & REC_ASIZE32 != 0 else 0xFFFF
    count: u32 = u32(cpu.gpr[ECX] - 1) & mask
    taken: bool = count != 0 and wanted
    if taken:
        check_target(cpu, r)
    cpu.gpr[ECX] = (cpu.gpr[ECX] & (mask ^ u32.max)) | count
    return taken


@hot
def LOOP(cpu: Cpu, r: Rec) -> bool:
    return loop(cpu, r, True)


@hot
def LOOPE(cpu: Cpu, r: Rec) -> bool:
    return loop(cpu, r, get_zf(cpu) != 0)


@hot
def LOOPNE(cpu: Cpu, r: Rec) -> bool:
    return loop(cpu, r, get_zf(cpu) == 0)


@hot
def JCXZ(cpu: Cpu, r: Rec) -> bool:
    return (cpu.gpr[ECX] if r.flags & REC_ASIZE32 != 0 else cpu.gpr[ECX] & 0xFFFF) == 0
