"""Software interrupts, and returns from far calls and interrupts.

The words of a return frame are read from the highest address down, as processors do: a page fault shows it.
Intel SDM volume 2 (INT n, IRET, RET) and volume 3, chapter 6 and 20.
"""

from emu.bus.component import hot, inline, rare
from emu.bus.types import Fault, T, u8, u16, u32
from emu.cpu.exceptions import INT_N, PRIVILEGED, SOFTWARE, deliver, deliver_real, finish_switch
from emu.cpu.flags import get_of, read_eflags, write_arith
from emu.cpu.memory import load, stack_holds, stack_move, stack_offset, stack_read
from emu.cpu.paging import set_cpl
from emu.cpu.segments import (
    ATTR_DB, ATTR_P, attr_dpl, change_segment, desc_attr, desc_limit, drop_outer_segments, fetch_descriptor, is_code, is_conforming,
    is_writable, load_real_segment, mark_accessed, protected, set_segment, set_v86, update_mode)
from emu.cpu.state import (
    AC, BP, CR0_PE, CR4_VME, CS, DB, DF, DS, ES, ESP, FS, GP, GS, ID, IF, IOPL, NP, NT, OV, RF, SS, SS_VEC, TF, VIF, VIP,
    VM, Cpu, Rec)
from emu.cpu.tasks import return_task

# EFLAGS bits besides the arithmetic ones that any IRET loads, and those that need 32 bits
IRET_FLAGS = TF | DF | NT
IRET_FLAGS32 = RF | AC | ID


# -- interrupts --------------------------------------------------------------------------------------------------

@hot
def interrupt(cpu: Cpu, vector: u8, kind: u8) -> None:
    deliver(cpu, vector, 0, kind)
    finish_switch(cpu)


@hot
def INT_n(cpu: Cpu, r: Rec) -> None:
    if cpu.cr0 & CR0_PE == 0:  # all of deliver that an INT n in real mode needs
        deliver_real(cpu, u8(r.imm), read_eflags(cpu))
        cpu.stepping = False
    else:
        interrupt(cpu, u8(r.imm), INT_N)


@hot
def INT3(cpu: Cpu, r: Rec) -> None:
    interrupt(cpu, BP, SOFTWARE)


@hot
def INTO(cpu: Cpu, r: Rec) -> None:
    if get_of(cpu) != 0:
        interrupt(cpu, OV, SOFTWARE)


@hot
def INT1(cpu: Cpu, r: Rec) -> None:
    """#DB without a cause of its own in DR6 (ICEBP).  A data breakpoint that MOV SS has held off is part of it."""
    held: u32 = cpu.trap
    interrupt(cpu, DB, PRIVILEGED)
    cpu.dr[6] = cpu.dr[6] | held
    cpu.trap = cpu.trap & (0xFFFFFFFF ^ held)


# -- returns in protected mode -----------------------------------------------------------------------------------

@hot
def return_code(cpu: Cpu, sel: u16) -> (u32, u32):
    """The code descriptor that a far return or IRET goes back to, checked."""
    error: u32 = sel & 0xFFFC
    if error == 0:
        raise Fault(GP, 0)
    lo, hi = fetch_descriptor(cpu, sel, GP, 0)
    attr: u16 = desc_attr(hi)
    dpl: u8 = attr_dpl(attr)
    rpl: u8 = u8(sel & 3)
    if rpl < cpu.cpl or not is_code(attr) or (dpl > rpl if is_conforming(attr) else dpl != rpl):
        raise Fault(GP, error)
    if attr & ATTR_P == 0:
        raise Fault(NP, error)
    return lo, hi


@hot
def return_stack(cpu: Cpu, sel: u16, rpl: u8) -> (u32, u32):
    """The descriptor of the stack that a return to an outer level goes back to, checked."""
    error: u32 = sel & 0xFFFC
    if error == 0:
        raise Fault(GP, 0)
    lo, hi = fetch_descriptor(cpu, sel, GP, 0)
    attr: u16 = desc_attr(hi)
    if sel & 3 != rpl or attr_dpl(attr) != rpl or not is_writable(attr):
        raise Fault(GP, error)
    if attr & ATTR_P == 0:
        raise Fault(SS_VEC, error)
    hi2: u32 = mark_accessed(cpu, sel, hi)
    return lo, hi2


@rare
def return_each(cpu: Cpu, r: Rec) -> (T, u16, T):
    """What return_frame does, with a look at each word."""
    flags: T = stack_read[T](cpu, r, T.bits // 4)
    sel: u16 = stack_read[u16](cpu, r, T.bits // 8)
    eip: T = stack_read[T](cpu, r, 0)
    return eip, sel, flags


@inline
def return_frame(cpu: Cpu, r: Rec) -> (T, u16, T):
    """EIP, CS and EFLAGS on the stack."""
    flags: T = 0
    sel: u16 = 0
    eip: T = 0
    off: u32 = stack_offset(cpu, 0)
    if stack_holds(cpu, off, T.bits // 8 * 3):
        lin: u32 = u32(cpu.seg[SS].base + off)
        flags = load[T](cpu, r, u32(lin + T.bits // 4))
        if T.bits == 16:
            both: u32 = load[u32](cpu, r, lin)
            sel = u16(both >> 16)
            eip = u16(both)
        else:
            sel = load[u16](cpu, r, u32(lin + T.bits // 8))
            eip = load[T](cpu, r, lin)
    else:
        eip, sel, flags = return_each[T](cpu, r)
    return eip, sel, flags


@hot
def return_far(cpu: Cpu, r: Rec, sel: u16, eip: u32, used: u32, release: u32) -> None:
    """Go back to sel:eip.  ``used`` is what the return address (and EFLAGS) takes on the stack, ``release`` the
    bytes of parameters above it on either stack.  An outer stack pointer of T's size follows."""
    rpl: u8 = u8(sel & 3)
    lo, hi = return_code(cpu, sel)
    if rpl == cpu.cpl:
        if eip > desc_limit(lo, hi):
            raise Fault(GP, 0)
        hi2: u32 = mark_accessed(cpu, sel, hi)
        stack_move(cpu, u32(used + release))
        change_segment(cpu, CS, sel, lo, hi2)
    else:
        esp: T = stack_read[T](cpu, r, u32(used + release))
        ss_sel: u16 = stack_read[u16](cpu, r, u32(used + release + T.bits // 8))
        ss_lo, ss_hi = return_stack(cpu, ss_sel, rpl)
        if eip > desc_limit(lo, hi):
            raise Fault(GP, 0)
        hi3: u32 = mark_accessed(cpu, sel, hi)
        set_cpl(cpu, rpl)
        set_segment(cpu, CS, sel, lo, hi3)
        set_segment(cpu, SS, ss_sel, ss_lo, ss_hi)
        if cpu.seg[SS].attr & ATTR_DB != 0:
            cpu.gpr[ESP] = u32(esp + release)
        else:
            cpu.gpr[ESP] = (cpu.gpr[ESP] & 0xFFFF0000) | u16(esp + release)
        drop_outer_segments(cpu)
        update_mode(cpu)
    cpu.eip = eip


# -- RETF --------------------------------------------------------------------------------------------------------

@hot
def retf(cpu: Cpu, r: Rec, release: u32) -> None:
    sel: u16 = stack_read[u16](cpu, r, T.bits // 8)
    eip: T = stack_read[T](cpu, r, 0)
    if protected(cpu):
        return_far[T](cpu, r, sel, eip, T.bits // 4, release)
    else:
        if eip > cpu.seg[CS].limit:
            raise Fault(GP, 0)
        stack_move(cpu, u32(T.bits // 4 + release))
        cpu.eip = eip
        load_real_segment(cpu, CS, sel)


@hot
def RETF(cpu: Cpu, r: Rec) -> None:
    retf[T](cpu, r, 0)


@hot
def RETF_imm(cpu: Cpu, r: Rec) -> None:
    retf[T](cpu, r, r.imm & 0xFFFF)


# -- IRET --------------------------------------------------------------------------------------------------------

@inline
def set_flags(cpu: Cpu, flags: u32, mask: u32) -> None:
    """Load the arithmetic flags and those in mask from an image."""
    cpu.eflags = (cpu.eflags & (0xFFFFFFFF ^ mask)) | (flags & mask)
    write_arith(cpu, flags)


@inline
def iret_real(cpu: Cpu, r: Rec) -> None:
    """IRET in real mode."""
    eip, sel, flags = return_frame[T](cpu, r)
    if eip > cpu.seg[CS].limit:
        raise Fault(GP, 0)
    stack_move(cpu, T.bits // 8 * 3)
    cpu.eip = eip
    if T.bits == 32:
        set_flags(cpu, flags, IRET_FLAGS | IRET_FLAGS32 | IF | IOPL)
    else:
        set_flags(cpu, flags, IRET_FLAGS | IF | IOPL)
    load_real_segment(cpu, CS, sel)


@hot
def iret_virtual(cpu: Cpu, r: Rec) -> None:
    """IRET in virtual-8086 mode (SDM volume 3, 20.2.7 and 20.3)."""
    virtual: bool = cpu.eflags & IOPL != IOPL
    if virtual and (cpu.cr4 & CR4_VME == 0 or T.bits == 32):
        raise Fault(GP, 0)
    eip, sel, flags = return_frame[T](cpu, r)
    mask: u32 = IRET_FLAGS | IF
    if T.bits == 32:
        mask = mask | IRET_FLAGS32
    if virtual:
        mask = IRET_FLAGS
        if flags & TF != 0 or flags & IF != 0 and cpu.eflags & VIP != 0:
            raise Fault(GP, 0)
    if eip > cpu.seg[CS].limit:
        raise Fault(GP, 0)
    stack_move(cpu, T.bits // 8 * 3)
    cpu.eip = eip
    set_flags(cpu, flags, mask)
    if virtual:
        cpu.eflags = (cpu.eflags & (0xFFFFFFFF - VIF)) | (VIF if flags & IF != 0 else 0)
    load_real_segment(cpu, CS, sel)


@hot
def iret_v86(cpu: Cpu, r: Rec, eip: u32, sel: u16, flags: u32) -> None:
    """From level 0 to virtual-8086 mode: the frame holds ESP, SS, ES, DS, FS and GS as well."""
    esp: u32 = stack_read[u32](cpu, r, 12)
    ss: u16 = stack_read[u16](cpu, r, 16)
    es: u16 = stack_read[u16](cpu, r, 20)
    ds: u16 = stack_read[u16](cpu, r, 24)
    fs: u16 = stack_read[u16](cpu, r, 28)
    gs: u16 = stack_read[u16](cpu, r, 32)
    if eip > 0xFFFF:
        raise Fault(GP, 0)
    set_flags(cpu, flags, IRET_FLAGS | IRET_FLAGS32 | IF | IOPL | VM | VIF | VIP)
    cpu.attention = True  # VIF and VIP
    set_cpl(cpu, 3)
    cpu.eip = eip
    cpu.gpr[ESP] = esp
    set_v86(cpu, CS, sel)
    set_v86(cpu, SS, ss)
    set_v86(cpu, ES, es)
    set_v86(cpu, DS, ds)
    set_v86(cpu, FS, fs)
    set_v86(cpu, GS, gs)
    update_mode(cpu)


@hot
def iret_protected(cpu: Cpu, r: Rec) -> None:
    eip, sel, flags = return_frame[T](cpu, r)
    if T.bits == 32 and flags & VM != 0 and cpu.cpl == 0:
        iret_v86(cpu, r, eip, sel, flags)
    else:
        mask: u32 = IRET_FLAGS
        if T.bits == 32:
            mask = mask | IRET_FLAGS32
        if cpu.cpl <= cpu.eflags >> 12 & 3:
            mask = mask | IF
        if cpu.cpl == 0:
            mask = mask | IOPL
            if T.bits == 32:
                mask = mask | VIF | VIP
        return_far[T](cpu, r, sel, eip, T.bits // 8 * 3, 0)
        before: u32 = cpu.eflags
        set_flags(cpu, flags, mask)
        if cpu.eflags & VIP != 0:
            cpu.attention = True
        if (before ^ cpu.eflags) & AC != 0:
            update_mode(cpu)


@hot
def IRET(cpu: Cpu, r: Rec) -> None:
    """Interrupt return.  It lets NMIs in again even if it faults (SDM volume 3, 6.7.1)."""
    cpu.nmi_masked = False
    if cpu.cr0 & CR0_PE == 0:
        iret_real[T](cpu, r)
    elif cpu.eflags & VM != 0:
        iret_virtual[T](cpu, r)
    elif cpu.eflags & NT != 0:
        flags: u32 = read_eflags(cpu)
        return_task(cpu, flags)
        finish_switch(cpu)
    else:
        iret_protected[T](cpu, r)
