"""Near transfers of control.  Intel SDM volume 2: CALL Jcc JMP LOOP LOOPcc RET.

Where a function changes something besides EIP it checks its target first, unless the form has: CALL's is known before.
"""

from emu.bus.component import hot, inline
from emu.bus.types import Fault, T, u8, u16, u32

from ..flags import condition, get_zf
from ..memory import push, stack_move, stack_read
from ..state import CS, ECX, GP, REC_ASIZE32, REC_OSIZE32, Cpu, Rec


@inline
def check_target(cpu: Cpu, target: u32) -> None:
    """#GP(0) if target is outside the code segment."""
    if target > cpu.seg[CS].limit:
        raise Fault(GP, 0)


@hot
def Jcc(cpu: Cpu, cc: u8) -> bool:
    return condition(cpu, cc)


@hot
def JMP(cpu: Cpu) -> bool:
    return True


@hot
def JMP_ind(cpu: Cpu, target: T) -> u32:
    return target


@hot
def CALL_rel(cpu: Cpu, r: Rec, next: u32) -> bool:
    push[T](cpu, r, T(next))
    return True


@hot
def CALL_ind(cpu: Cpu, r: Rec, next: u32, target: T) -> u32:
    check_target(cpu, target)
    push[T](cpu, r, T(next))
    return target


@hot
def RET(cpu: Cpu, r: Rec) -> u32:
    target: T = stack_read[T](cpu, r, 0)
    check_target(cpu, target)
    stack_move(cpu, T.bits >> 3)
    return target


@hot
def RET_imm(cpu: Cpu, r: Rec, count: u16) -> u32:
    target: T = stack_read[T](cpu, r, 0)
    check_target(cpu, target)
    stack_move(cpu, (T.bits >> 3) + count)
    return target


@inline
def loop(cpu: Cpu, r: Rec, next: u32, wanted: bool) -> bool:
    """Count (E)CX down; taken if it is not 0 yet and the condition holds."""
    mask: u32 = 0xFFFFFFFF if r.flags & REC_ASIZE32 != 0 else 0xFFFF
    count: u32 = u32(cpu.gpr[ECX] - 1) & mask
    taken: bool = count != 0 and wanted
    if taken:
        target: u32 = u32(next + r.imm)
        check_target(cpu, target if r.flags & REC_OSIZE32 != 0 else target & 0xFFFF)
    cpu.gpr[ECX] = (cpu.gpr[ECX] & (mask ^ u32.max)) | count
    return taken


@hot
def LOOP(cpu: Cpu, r: Rec, next: u32) -> bool:
    return loop(cpu, r, next, True)


@hot
def LOOPE(cpu: Cpu, r: Rec, next: u32) -> bool:
    return loop(cpu, r, next, get_zf(cpu) != 0)


@hot
def LOOPNE(cpu: Cpu, r: Rec, next: u32) -> bool:
    return loop(cpu, r, next, get_zf(cpu) == 0)


@hot
def JCXZ(cpu: Cpu, r: Rec) -> bool:
    return (cpu.gpr[ECX] if r.flags & REC_ASIZE32 != 0 else cpu.gpr[ECX] & 0xFFFF) == 0
