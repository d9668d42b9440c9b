"""Delivery of exceptions and interrupts, and debug conditions.

Intel SDM volume 3, chapters 6, 17 and 20.
"""

from emu.bus.component import hot, inline
from emu.bus.types import Fault, u8, u16, u32
from emu.cpu.flags import read_eflags
from emu.cpu.frame import frame_begin, frame_begin_inner, frame_commit, frame_push, push_return
from emu.cpu.memory import sys_read8, sys_read16, sys_read32
from emu.cpu.paging import set_cpl
from emu.cpu.segments import (
    ATTR_P, INT16, INT32, TASK_GATE, TRAP16, TRAP32, attr_dpl, desc_attr, desc_limit, fetch_descriptor, gate_offset,
    change_segment, is_code, is_conforming, load_real_segment, mark_accessed, read_halves, set_null, set_segment, update_mode)
from emu.cpu.state import (
    AC, CR0_PE, CR4_DE, CR4_PVI, CR4_VME, CS, DB, DF_VEC, DR7_GD, DS, ES, ESP, FREEZE, FS, GP, GS, IF, IOPL, NMI, NP, NT, PF_VEC, RF,
    SHADOW_SS, SS, TF, TR, VIF, VIP, VM, Cpu)
from emu.cpu.tasks import SWITCH_CALL, TSS_IOMAP, TSS_LIMIT, caught_fault, enter_task, keep_late

# What is delivered.  FAULT pushes RF and an error code where the vector has one; TRAP is a debug exception that leaves
# RF alone, unless it comes between iterations of REP (SDM volume 3, 17.3.1.1), as EXTERNAL does; INT_N is INT n, SOFTWARE INT3 and INTO, PRIVILEGED INT1, EXTERNAL an interrupt or NMI.
FAULT, TRAP, EXTERNAL, INT_N, SOFTWARE, PRIVILEGED = range(6)

ERROR_CODES = 0x27D00  # vectors with an error code: 8, 10 to 14, 17
CONTRIBUTORY = 0x3C01  # vectors 0 and 10 to 13 (SDM volume 3, table 6-4)


# -- real and virtual-8086 mode ----------------------------------------------------------------------------------

@inline
def enter_vector(cpu: Cpu, table: u32, vector: u8, flags: u32, clear: u32) -> None:
    """Enter a handler of a table of real-mode vectors, with 16-bit FLAGS, CS and IP on the stack."""
    pointer: u32 = sys_read32(cpu, u32(table + vector * 4))
    eip: u16 = u16(pointer)
    sel: u16 = u16(pointer >> 16)
    if eip > cpu.seg[CS].limit:
        raise Fault(GP, 0)
    push_return[u16](cpu, u16(flags), 0)
    cpu.eflags = cpu.eflags & (0xFFFFFFFF ^ clear)
    cpu.eip = eip
    load_real_segment(cpu, CS, sel)


@inline
def deliver_real(cpu: Cpu, vector: u8, flags: u32) -> None:
    if vector * 4 + 3 > cpu.idt_limit:
        raise Fault(GP, 0)
    enter_vector(cpu, cpu.idt_base, vector, flags, IF | TF | AC | RF)


@hot
def redirect_v86(cpu: Cpu, vector: u8, flags: u32) -> bool:
    """INT n in virtual-8086 mode: True if the program's own handler took it (SDM volume 3, table 20-2)."""
    own: bool = False
    if cpu.cr4 & CR4_VME != 0:
        tss = cpu.seg[TR]
        if tss.limit < TSS_LIMIT:
            raise Fault(GP, 0)
        iomap: u16 = sys_read16(cpu, u32(tss.base + TSS_IOMAP))
        at: u32 = u32(iomap - 32 + vector // 8)
        if at > tss.limit:
            raise Fault(GP, 0)
        bits: u8 = sys_read8(cpu, u32(tss.base + at))
        own = bits >> (vector & 7) & 1 == 0
    if own:
        if flags & IOPL == IOPL:
            enter_vector(cpu, 0, vector, flags, IF | TF | RF)
        else:
            # The program sees its virtual IF, and IOPL 3.
            virtual: u32 = IF if flags & VIF != 0 else 0
            enter_vector(cpu, 0, vector, (flags & (0xFFFFFFFF - IF)) | virtual | IOPL, VIF | TF | RF)
    elif flags & IOPL != IOPL:
        raise Fault(GP, 0)
    return own


# -- protected mode ----------------------------------------------------------------------------------------------

@hot
def deliver_to_task(cpu: Cpu, sel: u16, flags: u32, error: u32, has_error: bool, ext: u32) -> None:
    """Through a task gate."""
    enter_task(cpu, sel, SWITCH_CALL, flags, ext)
    if has_error and not cpu.late:
        try:
            push_task_error(cpu, error, ext)
        except Fault:
            caught_fault(cpu)
            keep_late(cpu)


@hot
def push_task_error(cpu: Cpu, error: u32, ext: u32) -> None:
    """Push an exception's error code in the task that handles it."""
    frame_begin(cpu, ext)
    frame_push(cpu, error, cpu.seg[TR].attr & 8 != 0)
    frame_commit(cpu)


@hot
def enter_framed(cpu: Cpu, eip: u32, sel: u16, level: u8, cs_lo: u32, cs_hi: u32, flags: u32, wide: bool, error: u32,
                 has_error: bool, ext: u32) -> None:
    """Enter a code segment that has been checked with a frame of any kind: on an inner stack, with an error code."""
    inner: bool = level != cpu.cpl
    v86: bool = flags & VM != 0
    ss_sel: u16 = 0
    ss_lo: u32 = 0
    ss_hi: u32 = 0
    if inner:
        ss_sel, ss_lo, ss_hi = frame_begin_inner(cpu, level, ext)
    else:
        frame_begin(cpu, ext)
    if eip > desc_limit(cs_lo, cs_hi):
        raise Fault(GP, ext)
    cs_hi2: u32 = mark_accessed(cpu, sel, cs_hi)
    if inner and v86:
        frame_push(cpu, cpu.seg[GS].sel, wide)
        frame_push(cpu, cpu.seg[FS].sel, wide)
        frame_push(cpu, cpu.seg[DS].sel, wide)
        frame_push(cpu, cpu.seg[ES].sel, wide)
    if inner:
        frame_push(cpu, cpu.seg[SS].sel, wide)
        frame_push(cpu, cpu.gpr[ESP], wide)
    frame_push(cpu, flags, wide)
    frame_push(cpu, cpu.seg[CS].sel, wide)
    frame_push(cpu, cpu.eip, wide)
    if has_error:
        frame_push(cpu, error, wide)

    if inner:
        set_segment(cpu, SS, ss_sel, ss_lo, ss_hi)
        if v86:
            set_null(cpu, ES, 0)
            set_null(cpu, DS, 0)
            set_null(cpu, FS, 0)
            set_null(cpu, GS, 0)
    frame_commit(cpu)
    set_cpl(cpu, level)
    set_segment(cpu, CS, (sel & 0xFFFC) | level, cs_lo, cs_hi2)
    update_mode(cpu)


@inline
def deliver_to_code(cpu: Cpu, lo: u32, hi: u32, flags: u32, error: u32, has_error: bool, ext: u32) -> None:
    """Through an interrupt or trap gate, given by its two halves."""
    wide: bool = hi & 0x800 != 0
    sel: u16 = u16(lo >> 16)
    where: u32 = (sel & 0xFFFC) | ext
    if sel & 0xFFFC == 0:
        raise Fault(GP, ext)
    cs_lo, cs_hi = fetch_descriptor(cpu, sel, GP, ext)
    attr: u16 = desc_attr(cs_hi)
    level: u8 = attr_dpl(attr)
    if not is_code(attr) or level > cpu.cpl:
        raise Fault(GP, where)
    if attr & ATTR_P == 0:
        raise Fault(NP, where)
    if is_conforming(attr):
        level = cpu.cpl
    if flags & VM != 0 and level != 0:
        raise Fault(GP, where)
    eip: u32 = gate_offset(lo, hi)
    if level != cpu.cpl or has_error:
        enter_framed(cpu, eip, sel, level, cs_lo, cs_hi, flags, wide, error, has_error, ext)
    else:
        if eip > desc_limit(cs_lo, cs_hi):
            raise Fault(GP, ext)
        cs_hi2: u32 = mark_accessed(cpu, sel, cs_hi)
        if wide:
            push_return[u32](cpu, flags, ext)
        else:
            push_return[u16](cpu, u16(flags), ext)
        change_segment(cpu, CS, (sel & 0xFFFC) | level, cs_lo, cs_hi2)
    cpu.eip = eip
    clear: u32 = TF | NT | RF | VM
    if hi & 0x100 == 0:
        clear = clear | IF
    cpu.eflags = cpu.eflags & (0xFFFFFFFF ^ clear)


@inline
def deliver_gate(cpu: Cpu, vector: u8, error: u32, kind: u8, flags: u32) -> None:
    """Through the interrupt descriptor table."""
    ext: u32 = 0 if kind == INT_N or kind == SOFTWARE else 1
    where: u32 = (vector * 8 + 2) | ext
    if vector * 8 + 7 > cpu.idt_limit:
        raise Fault(GP, where)
    lo, hi = read_halves(cpu, u32(cpu.idt_base + vector * 8))
    attr: u16 = desc_attr(hi)
    gate: u16 = attr & 0x1F
    if gate != TASK_GATE and gate != INT16 and gate != TRAP16 and gate != INT32 and gate != TRAP32:
        raise Fault(GP, where)
    if ext == 0 and attr_dpl(attr) < cpu.cpl:
        raise Fault(GP, where)
    if attr & ATTR_P == 0:
        raise Fault(NP, where)
    has_error: bool = kind == FAULT and vector < 32 and ERROR_CODES >> (vector & 31) & 1 != 0
    if gate == TASK_GATE:
        deliver_to_task(cpu, u16(lo >> 16), flags, error, has_error, ext)
    else:
        deliver_to_code(cpu, lo, hi, flags, error, has_error, ext)


# -- any mode ----------------------------------------------------------------------------------------------------

@hot
def deliver(cpu: Cpu, vector: u8, error: u32, kind: u8) -> None:
    """Deliver an event; Cpu.eip is the EIP to push.  A fault on the way leaves the state as it was.  After a task
    switch ``Cpu.late`` says that the new task has a fault to take: see finish_switch."""
    flags: u32 = read_eflags(cpu)
    if kind == FAULT or cpu.repeating and (kind == TRAP or kind == EXTERNAL):
        flags = flags | RF
    cpu.late = False
    done: bool = False
    if cpu.cr0 & CR0_PE == 0:
        deliver_real(cpu, vector, flags)
        done = True
    elif flags & VM != 0 and kind == INT_N:
        done = redirect_v86(cpu, vector, flags)
    if not done:
        deliver_gate(cpu, vector, error, kind, flags)
    if vector == DB and (kind == FAULT or kind == TRAP):
        cpu.dr[7] = cpu.dr[7] & (0xFFFFFFFF - DR7_GD)
    cpu.stepping = False  # the handler was entered with TF clear
    cpu.repeating = False
    cpu.shadow = 0
    cpu.halted = False
    cpu.frozen = False


@hot
def deliver_event(cpu: Cpu, vector: u8, error: u32, kind: u8) -> None:
    """Deliver an event and whatever faults its delivery meets: in turn, as a double fault, or by shutting down (SDM
    volume 3, table 6-5)."""
    first: u8 = vector
    code: u32 = error
    how: u8 = kind
    pending: bool = True
    while pending:
        pending = False
        try:
            deliver(cpu, first, code, how)
        except Fault:
            caught_fault(cpu)
            keep_late(cpu)
        if cpu.late:
            pending = True
            cpu.late = False
            second: u8 = cpu.late_vector
            worse: bool = second < 32 and CONTRIBUTORY >> (second & 31) & 1 != 0
            if how != FAULT:
                worse = False
            elif first == PF_VEC:
                worse = worse or second == PF_VEC
            elif first == DF_VEC:
                cpu.shutdown = True
                return
            elif first >= 32 or CONTRIBUTORY >> (first & 31) & 1 == 0:
                worse = False
            first = DF_VEC if worse else second
            code = 0 if worse else cpu.late_error
            how = FAULT


@hot
def deliver_fault(cpu: Cpu, vector: u8, error: u32) -> None:
    """Deliver a fault that an instruction raised; Cpu.eip is the start of the instruction."""
    cpu.trap = 0
    if vector == FREEZE:
        cpu.frozen = True
        cpu.resuming = False
        return
    deliver_event(cpu, vector, error, FAULT)


@hot
def finish_switch(cpu: Cpu) -> None:
    """Deliver what a task switch has left for the new task.  For instructions that switch tasks."""
    if cpu.late:
        cpu.late = False
        deliver_event(cpu, cpu.late_vector, cpu.late_error, FAULT)


@hot
def virtual_interrupt(cpu: Cpu) -> bool:
    """VIF and VIP both set before an instruction, which IRET and task switches bring about: #GP(0) (SDM volume 3,
    20.3.2 and 20.4); True if it has been delivered."""
    if cpu.eflags & (VIF | VIP) != VIF | VIP or cpu.cpl != 3:
        return False
    extension: u32 = CR4_VME if cpu.eflags & VM != 0 else CR4_PVI
    if cpu.cr4 & extension == 0 or cpu.eflags & IOPL == IOPL:
        return False
    deliver_fault(cpu, GP, 0)
    return True


@hot
def check_interrupts(cpu: Cpu) -> bool:
    """At an instruction boundary: recognise an NMI or a maskable interrupt; True if one has been delivered."""
    if cpu.shadow & SHADOW_SS != 0:
        return False
    if cpu.nmi != 0 and not cpu.nmi_masked:
        cpu.nmi = 0
        cpu.nmi_masked = True
        cpu.halted = False
        deliver_event(cpu, NMI, 0, EXTERNAL)
        return True
    if cpu.intr != 0 and cpu.eflags & IF != 0 and cpu.shadow == 0:
        vector: u8 = cpu.acknowledge()
        cpu.halted = False
        deliver_event(cpu, vector, 0, EXTERNAL)
        return True
    return False


# -- debug conditions --------------------------------------------------------------------------------------------

@hot
def deliver_debug_trap(cpu: Cpu) -> None:
    """#DB for the conditions in Cpu.trap, which the last instruction met; Cpu.eip is the next instruction."""
    cpu.dr[6] = cpu.dr[6] | cpu.trap
    cpu.trap = 0
    deliver_event(cpu, DB, 0, TRAP)


@hot
def debug_fetch(cpu: Cpu) -> bool:
    """Instruction breakpoints at CS:EIP; True if #DB has been delivered.  To be asked while MODE_DEBUG is set, before
    an instruction that no MOV SS precedes."""
    if cpu.eflags & RF != 0:
        return False
    lin: u32 = u32(cpu.seg[CS].base + cpu.eip)
    hits: u32 = 0
    for n in range(4):
        if cpu.dr[7] >> (2 * n) & 3 != 0 and cpu.dr[7] >> (16 + 4 * n) & 3 == 0 and cpu.dr[n] == lin:
            hits = hits | 1 << n
    if hits == 0:
        return False
    cpu.dr[6] = cpu.dr[6] | hits
    deliver_event(cpu, DB, 0, TRAP)
    return True


@hot
def debug_io(cpu: Cpu, port: u16, size: u8) -> None:
    """I/O breakpoints: note the conditions that an access of ``size`` bytes meets."""
    if cpu.cr4 & CR4_DE != 0:
        for n in range(4):
            length: u32 = cpu.dr[7] >> (18 + 4 * n) & 3
            at: u32 = cpu.dr[n] & (0xFFFFFFFF ^ length)
            if cpu.dr[7] >> (2 * n) & 3 != 0 and cpu.dr[7] >> (16 + 4 * n) & 3 == 2 and port <= at + length \
                    and at < port + size:
                cpu.trap = cpu.trap | 1 << n
