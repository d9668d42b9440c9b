"""Hardware task switching with 16-bit and 32-bit task state segments.

Intel SDM volume 3, chapter 7.  Everything that can fault before the point of no return is tried before anything
changes; a fault after it belongs to the new task and is left in ``Cpu.late_*`` for whoever switched
(exceptions.finish_switch).
"""

import sys

from emu.bus.component import hot
from emu.bus.types import Fault, u8, u16, u32
from emu.cpu.flags import write_arith
from emu.cpu.memory import sys_read8, sys_read16, sys_read32, sys_write8, sys_write16, sys_write32
from emu.cpu.paging import flush_tlb, lookup_write, set_cpl
from emu.cpu.pdpt import load_pdptes
from emu.cpu.segments import (
    ATTR_P, BUSY, BUSY_TSS16, BUSY_TSS32, LDT, TABLE, TSS16, TSS32, attr_dpl, desc_attr, desc_base, desc_limit,
    fetch_descriptor, is_code, is_conforming, is_readable, is_writable, mark_accessed, set_null, set_segment,
    set_v86, update_mode)
from emu.cpu.state import (
    CR0_PG, CR0_TS, CR4_PAE, CS, DR6_BT, GP, LDTR, NP, NT, SS, SS_VEC, TR, TS_VEC, VM, Cpu)

SWITCH_JUMP, SWITCH_CALL, SWITCH_IRET = range(3)  # CALL: interrupts through task gates too

EFLAGS_VALID = 0x3F7FD7
DR7_LOCAL = 0x155  # L0 to L3, LE: off after a task switch

# Offsets in the 32-bit TSS (SDM volume 3, figure 7-2) and the 16-bit TSS (figure 7-10)
TSS_CR3, TSS_EIP, TSS_EFLAGS, TSS_EAX = 0x1C, 0x20, 0x24, 0x28
TSS_ES, TSS_LDT, TSS_TRAP, TSS_IOMAP = 0x48, 0x60, 0x64, 0x66
TSS16_IP, TSS16_FLAGS, TSS16_AX, TSS16_ES, TSS16_LDT = 0x0E, 0x10, 0x12, 0x22, 0x2A
TSS_LIMIT, TSS16_LIMIT = 0x67, 0x2B


@hot
def caught_fault(cpu: Cpu) -> None:
    """Inside ``except Fault:``, put the fault into Cpu.fault_vector and fault_error."""
    fault = sys.exc_info()[1]
    cpu.fault_vector = fault.vector
    cpu.fault_error = fault.error


# In C a fault is in these fields from the start.
caught_fault.subset_source = "def caught_fault(cpu: Cpu) -> None:\n    pass\n"


@hot
def keep_late(cpu: Cpu) -> None:
    """Leave the fault just caught for delivery in the new task."""
    cpu.late = True
    cpu.late_vector = cpu.fault_vector
    cpu.late_error = cpu.fault_error


@hot
def save_task(cpu: Cpu, flags: u32) -> None:
    """Write the processor's state into the TSS that TR holds."""
    base: u32 = cpu.seg[TR].base
    if cpu.seg[TR].attr & 8 != 0:
        sys_write32(cpu, u32(base + TSS_EIP), cpu.eip)
        sys_write32(cpu, u32(base + TSS_EFLAGS), flags)
        for n in range(8):
            sys_write32(cpu, u32(base + (TSS_EAX + 4 * n)), cpu.gpr[n])
        for n in range(6):
            sys_write16(cpu, u32(base + (TSS_ES + 4 * n)), cpu.seg[n].sel)
    else:
        sys_write16(cpu, u32(base + TSS16_IP), u16(cpu.eip))
        sys_write16(cpu, u32(base + TSS16_FLAGS), u16(flags))
        for n in range(8):
            sys_write16(cpu, u32(base + (TSS16_AX + 2 * n)), u16(cpu.gpr[n]))
        for n in range(4):
            sys_write16(cpu, u32(base + (TSS16_ES + 2 * n)), cpu.seg[n].sel)


@hot
def load_task(cpu: Cpu, base: u32, wide: bool) -> u32:
    """Take registers and selectors from a TSS, the hidden parts of the segment registers being invalid as yet; gives
    the new EFLAGS."""
    flags: u32 = 0
    sel: u16 = 0
    if wide:
        cpu.eip = sys_read32(cpu, u32(base + TSS_EIP))
        flags = sys_read32(cpu, u32(base + TSS_EFLAGS))
        for n in range(8):
            cpu.gpr[n] = sys_read32(cpu, u32(base + (TSS_EAX + 4 * n)))
        for n in range(6):
            sel = sys_read16(cpu, u32(base + (TSS_ES + 4 * n)))
            set_null(cpu, n, sel)
        sel = sys_read16(cpu, u32(base + TSS_LDT))
    else:
        cpu.eip = sys_read16(cpu, u32(base + TSS16_IP))
        flags = sys_read16(cpu, u32(base + TSS16_FLAGS))
        for n in range(8):
            low: u16 = sys_read16(cpu, u32(base + (TSS16_AX + 2 * n)))
            cpu.gpr[n] = 0xFFFF0000 | low
        for n in range(4):
            sel = sys_read16(cpu, u32(base + (TSS16_ES + 2 * n)))
            set_null(cpu, n, sel)
        set_null(cpu, 4, 0)
        set_null(cpu, 5, 0)
        sel = sys_read16(cpu, u32(base + TSS16_LDT))
    set_null(cpu, LDTR, sel)
    return flags


@hot
def task_ldt(cpu: Cpu, ext: u32) -> None:
    """Load LDTR of a new task."""
    sel: u16 = cpu.seg[LDTR].sel
    if sel & 0xFFFC != 0:
        if sel & TABLE != 0:
            raise Fault(TS_VEC, (sel & 0xFFFC) | ext)
        lo, hi = fetch_descriptor(cpu, sel, TS_VEC, ext)
        if desc_attr(hi) & 0x9F != ATTR_P | LDT:
            raise Fault(TS_VEC, (sel & 0xFFFC) | ext)
        set_segment(cpu, LDTR, sel, lo, hi)


@hot
def task_code(cpu: Cpu, ext: u32) -> None:
    """Load CS of a new task; the CPL is its RPL already."""
    sel: u16 = cpu.seg[CS].sel
    error: u32 = (sel & 0xFFFC) | ext
    if sel & 0xFFFC == 0:
        raise Fault(TS_VEC, error)
    lo, hi = fetch_descriptor(cpu, sel, TS_VEC, ext)
    attr: u16 = desc_attr(hi)
    dpl: u8 = attr_dpl(attr)
    if not is_code(attr) or (dpl > cpu.cpl if is_conforming(attr) else dpl != cpu.cpl):
        raise Fault(TS_VEC, error)
    if attr & ATTR_P == 0:
        raise Fault(NP, error)
    hi2: u32 = mark_accessed(cpu, sel, hi)
    set_segment(cpu, CS, sel, lo, hi2)


@hot
def task_stack(cpu: Cpu, ext: u32) -> None:
    """Load SS of a new task."""
    sel: u16 = cpu.seg[SS].sel
    error: u32 = (sel & 0xFFFC) | ext
    if sel & 0xFFFC == 0:
        raise Fault(TS_VEC, error)
    lo, hi = fetch_descriptor(cpu, sel, TS_VEC, ext)
    attr: u16 = desc_attr(hi)
    if not is_writable(attr) or attr_dpl(attr) != cpu.cpl or sel & 3 != cpu.cpl:
        raise Fault(TS_VEC, error)
    if attr & ATTR_P == 0:
        raise Fault(SS_VEC, error)
    hi2: u32 = mark_accessed(cpu, sel, hi)
    set_segment(cpu, SS, sel, lo, hi2)


@hot
def task_data(cpu: Cpu, seg: u8, ext: u32) -> None:
    """Load a data segment register of a new task."""
    sel: u16 = cpu.seg[seg & 7].sel
    error: u32 = (sel & 0xFFFC) | ext
    if sel & 0xFFFC != 0:
        lo, hi = fetch_descriptor(cpu, sel, TS_VEC, ext)
        attr: u16 = desc_attr(hi)
        dpl: u8 = attr_dpl(attr)
        if not is_readable(attr) or not is_conforming(attr) and (cpu.cpl > dpl or sel & 3 > dpl):
            raise Fault(TS_VEC, error)
        if attr & ATTR_P == 0:
            raise Fault(NP, error)
        hi2: u32 = mark_accessed(cpu, sel, hi)
        set_segment(cpu, seg, sel, lo, hi2)


@hot
def task_segments(cpu: Cpu, ext: u32) -> None:
    """The part of a task switch whose faults the new task takes."""
    task_ldt(cpu, ext)
    if cpu.eflags & VM != 0:
        for n in range(6):
            set_v86(cpu, n, cpu.seg[n].sel)
    else:
        task_code(cpu, ext)
        task_stack(cpu, ext)
        for n in range(6):
            if n != CS and n != SS:
                task_data(cpu, n, ext)
    if cpu.eip > cpu.seg[CS].high:
        raise Fault(GP, ext)


@hot
def task_switch(cpu: Cpu, sel: u16, lo: u32, hi: u32, source: u8, flags: u32, ext: u32) -> None:
    """Switch to the task of a TSS descriptor whose type and presence have been checked; ``flags`` is the EFLAGS image
    that the old task leaves, Cpu.eip its next instruction."""
    wide: bool = hi & 0x800 != 0
    base: u32 = desc_base(lo, hi)
    limit: u32 = desc_limit(lo, hi)
    old_sel: u16 = cpu.seg[TR].sel
    old_base: u32 = cpu.seg[TR].base
    old_last: u32 = TSS_LIMIT if cpu.seg[TR].attr & 8 != 0 else TSS16_LIMIT
    last: u32 = TSS_LIMIT if wide else TSS16_LIMIT
    if limit < last:
        raise Fault(TS_VEC, (sel & 0xFFFC) | ext)
    if cpu.seg[TR].limit < old_last:
        raise Fault(TS_VEC, (old_sel & 0xFFFC) | ext)

    # Try every access: a page fault must come while the old task is whole.
    probe: u8 = sys_read8(cpu, base)
    probe = sys_read8(cpu, u32(base + last))
    at: u32 = lookup_write(cpu, old_base, False)
    at = lookup_write(cpu, u32(old_base + old_last), False)
    old_busy: u32 = u32(cpu.gdt_base + (old_sel & 0xFFF8) + 5)
    new_busy: u32 = u32(cpu.gdt_base + (sel & 0xFFF8) + 5)
    old_type: u8 = 0
    if source != SWITCH_CALL:
        at = lookup_write(cpu, old_busy, False)
        old_type = sys_read8(cpu, old_busy)
    else:
        at = lookup_write(cpu, base, False)
        at = lookup_write(cpu, u32(base + 1), False)
    if source != SWITCH_IRET:
        at = lookup_write(cpu, new_busy, False)

    image: u32 = flags
    if source == SWITCH_IRET:
        image = flags & (0xFFFFFFFF - NT)
    save_task(cpu, image)
    if source != SWITCH_CALL:
        sys_write8(cpu, old_busy, old_type & (0xFF - BUSY))
    else:
        sys_write16(cpu, base, old_sel)
    if source != SWITCH_IRET:
        sys_write8(cpu, new_busy, u8(hi >> 8) | BUSY)

    new_flags: u32 = load_task(cpu, base, wide)
    cr3: u32 = cpu.cr3
    trap: u16 = 0
    if wide:
        cr3 = sys_read32(cpu, u32(base + TSS_CR3))
        trap = sys_read16(cpu, u32(base + TSS_TRAP))
    if source == SWITCH_CALL:
        new_flags = new_flags | NT
    cpu.cr0 = cpu.cr0 | CR0_TS
    set_segment(cpu, TR, sel, lo, hi | BUSY << 8)
    cpu.dr[7] = cpu.dr[7] & (0xFFFFFFFF - DR7_LOCAL)
    cpu.eflags = (new_flags & EFLAGS_VALID) | 2
    write_arith(cpu, new_flags)
    set_cpl(cpu, 3 if cpu.eflags & VM != 0 else u8(cpu.seg[CS].sel & 3))
    cpu.late = False
    ok: bool = True
    if wide and cpu.cr0 & CR0_PG != 0:
        if cpu.cr4 & CR4_PAE != 0:
            ok = load_pdptes(cpu, cr3)
        if ok:
            cpu.cr3 = cr3
            flush_tlb(cpu)
    if not ok:
        cpu.late = True
        cpu.late_vector = TS_VEC
        cpu.late_error = (sel & 0xFFFC) | ext
    else:
        try:
            task_segments(cpu, ext)
        except Fault:
            caught_fault(cpu)
            keep_late(cpu)
    if trap & 1 != 0:
        cpu.trap = cpu.trap | DR6_BT
    cpu.attention = True  # the new EFLAGS and the trap
    update_mode(cpu)


@hot
def enter_task(cpu: Cpu, sel: u16, source: u8, flags: u32, ext: u32) -> None:
    """Switch to the TSS that a task gate or a far jump or call names, after the checks on its descriptor."""
    error: u32 = (sel & 0xFFFC) | ext
    if sel & TABLE != 0 or sel & 0xFFFC == 0:
        raise Fault(GP, error)
    lo, hi = fetch_descriptor(cpu, sel, GP, ext)
    attr: u16 = desc_attr(hi)
    if attr & 0x1F != TSS16 and attr & 0x1F != TSS32:
        raise Fault(GP, error)
    if attr & ATTR_P == 0:
        raise Fault(NP, error)
    task_switch(cpu, sel, lo, hi, source, flags, ext)


@hot
def return_task(cpu: Cpu, flags: u32) -> None:
    """IRET with NT set: switch back to the task that the current TSS links to."""
    sel: u16 = sys_read16(cpu, cpu.seg[TR].base)
    error: u32 = sel & 0xFFFC
    if sel & TABLE != 0 or sel & 0xFFFC == 0:
        raise Fault(TS_VEC, error)
    lo, hi = fetch_descriptor(cpu, sel, TS_VEC, 0)
    attr: u16 = desc_attr(hi)
    if attr & 0x1F != BUSY_TSS16 and attr & 0x1F != BUSY_TSS32:
        raise Fault(TS_VEC, error)
    if attr & ATTR_P == 0:
        raise Fault(NP, error)
    task_switch(cpu, sel, lo, hi, SWITCH_IRET, flags, 0)
