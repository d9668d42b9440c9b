"""The stack.  Intel SDM volume 2: ENTER LEAVE POP POPA POPF PUSH PUSHA PUSHF.

Each instruction changes ESP after everything that may fault.
"""

from emu.bus.component import hot
from emu.bus.types import Fault, T, u8, u16, u32

from ..flags import read_eflags, write_eflags
from ..memory import (
    ea, linear_read, linear_write, load, pop, push, read_mem, slow_check_write, stack_move, stack_offset, stack_read,
    stack_write, write_mem)
from ..registers import reg, set_reg
from ..segments import update_mode
from ..state import (
    AC, CR4_VME, DF, EBP, ESP, GP, ID, IF, IOPL, MODE_STACK32, NT, RF, SS, TF, VIF, VIP, VM, Cpu, Rec)


@hot
def PUSH(cpu: Cpu, r: Rec, src: T) -> None:
    push[T](cpu, r, src)


@hot
def PUSH_sreg(cpu: Cpu, r: Rec) -> None:
    push[T](cpu, r, cpu.seg[r.reg & 7].sel)


@hot
def POP(cpu: Cpu, r: Rec) -> T:
    return pop[T](cpu, r)


@hot
def POP_mem(cpu: Cpu, r: Rec) -> None:
    """The address is computed with ESP after the pop."""
    value: T = stack_read[T](cpu, r, 0)
    before: u32 = cpu.gpr[ESP]
    stack_move(cpu, T.bits >> 3)
    after: u32 = cpu.gpr[ESP]
    off: u32 = ea(cpu, r)
    cpu.gpr[ESP] = before
    write_mem[T](cpu, r, r.seg, off, value)
    cpu.gpr[ESP] = after


@hot
def PUSHA(cpu: Cpu, r: Rec) -> None:
    for n in range(8):
        stack_write[T](cpu, r, u32(0 - (n + 1) * (T.bits >> 3)), reg[T](cpu, n))
    stack_move(cpu, u32(0 - T.bits))  # eight words


@hot
def POPA(cpu: Cpu, r: Rec) -> None:
    """EDI first; the word for ESP is skipped.  What was popped before a fault stays, as on the silicon."""
    for n in range(8):
        if n != 3:
            value: T = stack_read[T](cpu, r, n * (T.bits >> 3))
            set_reg[T](cpu, u8(7 - n) & 7, value)
    stack_move(cpu, T.bits)


@hot
def PUSHF(cpu: Cpu, r: Rec) -> None:
    """In virtual-8086 mode with IOPL below 3, VME gives a 16-bit image with VIF for IF; else #GP(0)."""
    image: u32 = read_eflags(cpu) & ((VM | RF) ^ u32.max)
    if cpu.eflags & VM != 0 and cpu.eflags & IOPL != IOPL:
        if T.bits != 16 or cpu.cr4 & CR4_VME == 0:
            raise Fault(GP, 0)
        image = (image & (IF ^ u32.max)) | IOPL | (IF if image & VIF != 0 else 0)
    push[T](cpu, r, T(image))


@hot
def POPF(cpu: Cpu, r: Rec) -> None:
    """IOPL changes only at CPL 0, IF only if CPL <= IOPL; VIF, VIP and VM never (but see VME: IF goes to VIF)."""
    image: u32 = stack_read[T](cpu, r, 0)
    mask: u32 = TF | DF | NT
    if T.bits == 32:
        mask = mask | RF | AC | ID
    privilege: u32 = (cpu.eflags & IOPL) >> 12
    if cpu.eflags & VM != 0 and privilege < 3:
        if T.bits != 16 or cpu.cr4 & CR4_VME == 0:
            raise Fault(GP, 0)
        if image & TF != 0 or image & IF != 0 and cpu.eflags & VIP != 0:
            raise Fault(GP, 0)
        mask = mask | VIF
        if image & IF != 0:
            image = image | VIF
    elif cpu.cpl == 0:
        mask = mask | IOPL | IF
    elif cpu.cpl <= privilege:
        mask = mask | IF
    stack_move(cpu, T.bits >> 3)
    changed: u32 = (cpu.eflags ^ image) & mask
    write_eflags(cpu, image & (RF ^ u32.max), mask)
    if changed & AC != 0:
        update_mode(cpu)


@hot
def ENTER(cpu: Cpu, r: Rec) -> None:
    """Rec.imm bytes of local storage, Rec.imm2 nesting levels."""
    size: u32 = T.bits >> 3
    level: u32 = r.imm2 & 31
    stack_write[T](cpu, r, u32(0 - size), reg[T](cpu, EBP))
    frame: u32 = stack_offset(cpu, u32(0 - size))
    if cpu.mode & MODE_STACK32 == 0:
        frame = frame | (cpu.gpr[ESP] & 0xFFFF0000)
    delta: u32 = size
    n: u32 = 1
    while n < level:
        off: u32 = u32(cpu.gpr[EBP] - n * size)
        if cpu.mode & MODE_STACK32 == 0:
            off = off & 0xFFFF
        lin: u32 = linear_read[T](cpu, SS, off)
        display: T = load[T](cpu, r, lin)
        delta = u32(delta + size)
        stack_write[T](cpu, r, u32(0 - delta), display)
        n = u32(n + 1)
    if level > 0:
        delta = u32(delta + size)
        stack_write[T](cpu, r, u32(0 - delta), T(frame))
    delta = u32(delta + u16(r.imm))
    lin_end: u32 = linear_write[T](cpu, SS, stack_offset(cpu, u32(0 - delta)))
    slow_check_write[T](cpu, lin_end)  # the new top of the stack must be writable
    stack_move(cpu, u32(0 - delta))
    set_reg[T](cpu, EBP, T(frame))


@hot
def LEAVE(cpu: Cpu, r: Rec) -> None:
    ebp: u32 = cpu.gpr[EBP]
    if cpu.mode & MODE_STACK32 == 0:
        ebp = ebp & 0xFFFF
    value: T = read_mem[T](cpu, r, SS, ebp)
    if cpu.mode & MODE_STACK32 == 0:
        cpu.gpr[ESP] = (cpu.gpr[ESP] & 0xFFFF0000) | u16(ebp + (T.bits >> 3))
    else:
        cpu.gpr[ESP] = u32(ebp + (T.bits >> 3))
    set_reg[T](cpu, EBP, value)
