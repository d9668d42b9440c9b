"""Segment registers: descriptors, the checks of loading them, and what they imply for decoding.

Intel SDM volume 3, chapters 3 and 5.
"""

from emu.bus.component import hot, inline
from emu.bus.types import Fault, u8, u16, u32, u64
from emu.cpu.memory import sys_read64, sys_write8
from emu.cpu.state import (
    AC, CR0_AM, CR0_PE, CS, GP, LDTR, MODE_AC, MODE_CODE32, MODE_DEBUG, MODE_FLAT, MODE_STACK32, NP, SEG_READ,
    SEG_WRITE, SS, SS_VEC, VM, Cpu)

# Segment.attr: a descriptor's bits 40-55 without the limit (SDM volume 3, 3.4.5)
ATTR_A, ATTR_RW, ATTR_CE, ATTR_CODE, ATTR_S = 1, 2, 4, 8, 0x10  # CE: conforming code, expand-down data
ATTR_P, ATTR_DB, ATTR_G = 0x80, 0x4000, 0x8000
ATTR_REAL, ATTR_V86 = 0x93, 0xF3  # writable data, level 0 and 3

# Types of system descriptors (SDM volume 3, table 3-2), compared with attr & 0x1F
TSS16, LDT, BUSY_TSS16, CALL16, TASK_GATE, INT16, TRAP16 = 1, 2, 3, 4, 5, 6, 7
TSS32, BUSY_TSS32, CALL32, INT32, TRAP32 = 9, 11, 12, 14, 15
BUSY = 2

TABLE = 4  # selector bit TI


# -- fields of descriptors ---------------------------------------------------------------------------------------

@inline
def desc_base(lo: u32, hi: u32) -> u32:
    return (lo >> 16) | (hi & 0xFF) << 16 | (hi & 0xFF000000)


@inline
def desc_limit(lo: u32, hi: u32) -> u32:
    """The limit in bytes (last valid offset)."""
    limit: u32 = (lo & 0xFFFF) | (hi & 0xF0000)
    if hi & 0x800000 != 0:
        limit = (limit << 12 | 0xFFF) & 0xFFFFFFFF
    return limit


@inline
def desc_attr(hi: u32) -> u16:
    return u16(hi >> 8 & 0xF0FF)


@inline
def gate_offset(lo: u32, hi: u32) -> u32:
    """Entry point of a call, interrupt or trap gate; gates of type 4 to 7 have 16 bits."""
    if hi & 0x800 != 0:
        return (hi & 0xFFFF0000) | (lo & 0xFFFF)
    return lo & 0xFFFF


@inline
def attr_dpl(attr: u16) -> u8:
    return u8(attr >> 5 & 3)


@inline
def is_code(attr: u16) -> bool:
    return attr & (ATTR_S | ATTR_CODE) == ATTR_S | ATTR_CODE


@inline
def is_readable(attr: u16) -> bool:
    """Data, or code that may be read."""
    return attr & ATTR_S != 0 and attr & (ATTR_CODE | ATTR_RW) != ATTR_CODE


@inline
def is_writable(attr: u16) -> bool:
    return attr & (ATTR_S | ATTR_CODE | ATTR_RW) == ATTR_S | ATTR_RW


@inline
def is_conforming(attr: u16) -> bool:
    return attr & (ATTR_CODE | ATTR_CE) == ATTR_CODE | ATTR_CE


@hot
def bounds(attr: u16, limit: u32) -> (u32, u32):
    """First and last offset inside a segment; (1, 0) if there is none."""
    if attr & (ATTR_CODE | ATTR_CE) != ATTR_CE:
        return 0, limit
    top: u32 = 0xFFFFFFFF if attr & ATTR_DB != 0 else 0xFFFF
    if limit >= top:
        return 1, 0
    return u32(limit + 1), top


# -- descriptor tables -------------------------------------------------------------------------------------------

@inline
def protected(cpu: Cpu) -> bool:
    """Protected mode, and not virtual-8086."""
    return cpu.cr0 & CR0_PE != 0 and cpu.eflags & VM == 0


@inline
def descriptor_at(cpu: Cpu, sel: u16) -> u32:
    """Linear address of a selector's descriptor."""
    base: u32 = cpu.gdt_base
    if sel & TABLE != 0:
        base = cpu.seg[LDTR].base
    return u32(base + (sel & 0xFFF8))


@inline
def in_table(cpu: Cpu, sel: u16) -> bool:
    """Is the selector's descriptor inside its table?"""
    last: u32 = sel | 7
    if sel & TABLE == 0:
        return last <= cpu.gdt_limit
    return cpu.seg[LDTR].attr & ATTR_P != 0 and last <= cpu.seg[LDTR].limit


@inline
def read_halves(cpu: Cpu, at: u32) -> (u32, u32):
    """The two halves of a descriptor or gate at a linear address."""
    both: u64 = sys_read64(cpu, at)
    return u32(both), u32(both >> 32)


@inline
def read_descriptor(cpu: Cpu, sel: u16) -> (u32, u32):
    """The two halves of a descriptor that is known to be inside its table."""
    lo, hi = read_halves(cpu, descriptor_at(cpu, sel))
    return lo, hi


@hot
def fetch_descriptor(cpu: Cpu, sel: u16, vector: u8, ext: u32) -> (u32, u32):
    """A selector's descriptor; the fault vector(selector) if its table has none."""
    if not in_table(cpu, sel):
        raise Fault(vector, (sel & 0xFFFC) | ext)
    lo, hi = read_descriptor(cpu, sel)
    return lo, hi


@hot
def set_accessed(cpu: Cpu, sel: u16, hi: u32) -> None:
    sys_write8(cpu, u32(descriptor_at(cpu, sel) + 5), u8(hi >> 8 | ATTR_A))


@inline
def mark_accessed(cpu: Cpu, sel: u16, hi: u32) -> u32:
    """Set the accessed bit of a code or data descriptor in memory; gives its high half as it is then."""
    if hi & 0x100 == 0:
        set_accessed(cpu, sel, hi)
    return hi | 0x100


# -- segment registers -------------------------------------------------------------------------------------------

@hot
def set_bounds(cpu: Cpu, seg: u8) -> None:
    """Derive what accesses check from attributes and limit."""
    s = cpu.seg[seg & 7]
    access: u8 = 0
    if is_readable(s.attr):
        access = SEG_READ
    if is_writable(s.attr):
        access = SEG_READ | SEG_WRITE
    s.access = access
    low, high = bounds(s.attr, s.limit)
    s.low = low
    s.high = high


@hot
def set_segment(cpu: Cpu, seg: u8, sel: u16, lo: u32, hi: u32) -> None:
    """Load a segment register from a descriptor that has been checked.  update_mode is the caller's duty."""
    s = cpu.seg[seg & 7]
    attr: u16 = desc_attr(hi)
    limit: u32 = desc_limit(lo, hi)
    s.sel = sel
    s.base = desc_base(lo, hi)
    if s.attr != attr or s.limit != limit:
        s.attr = attr
        s.limit = limit
        set_bounds(cpu, seg)


@hot
def change_segment(cpu: Cpu, seg: u8, sel: u16, lo: u32, hi: u32) -> None:
    """Load a segment register from a descriptor that has been checked, with nothing left to do; often it is what is there already."""
    s = cpu.seg[seg & 7]
    if s.attr == desc_attr(hi) and s.base == desc_base(lo, hi) and s.limit == desc_limit(lo, hi):
        s.sel = sel
    else:
        set_segment(cpu, seg, sel, lo, hi)
        update_mode(cpu)


@hot
def set_flat(cpu: Cpu, seg: u8, sel: u16, attr: u16) -> None:
    """Load a segment register with base 0 and limit 4 GiB, whatever the tables say (SYSENTER, SYSEXIT)."""
    s = cpu.seg[seg & 7]
    s.sel = sel
    s.attr = attr
    s.base = 0
    s.limit = 0xFFFFFFFF
    set_bounds(cpu, seg)


@hot
def set_null(cpu: Cpu, seg: u8, sel: u16) -> None:
    """A segment register that no access may use.  Base and limit stay, hidden, as the processor leaves them."""
    s = cpu.seg[seg & 7]
    s.sel = sel
    s.attr = 0
    s.access = 0
    s.low = 1
    s.high = 0


@hot
def set_real(cpu: Cpu, seg: u8, sel: u16) -> None:
    """Real mode: the base follows the selector; limit and size stay, so that big real mode works."""
    s = cpu.seg[seg & 7]
    s.sel = sel
    s.base = sel << 4
    attr: u16 = (s.attr & (ATTR_DB | ATTR_G)) | ATTR_REAL
    if s.attr != attr:
        s.attr = attr
        set_bounds(cpu, seg)


@hot
def set_v86(cpu: Cpu, seg: u8, sel: u16) -> None:
    """Virtual-8086 mode: 64 KiB, level 3."""
    s = cpu.seg[seg & 7]
    s.sel = sel
    s.base = sel << 4
    s.limit = 0xFFFF
    s.attr = ATTR_V86
    set_bounds(cpu, seg)


@hot
def change_real_segment(cpu: Cpu, seg: u8, sel: u16) -> None:
    if cpu.eflags & VM != 0 and cpu.cr0 & CR0_PE != 0:
        set_v86(cpu, seg, sel)
    else:
        set_real(cpu, seg, sel)
    update_mode(cpu)


@inline
def load_real_segment(cpu: Cpu, seg: u8, sel: u16) -> None:
    """Load a segment register in real or virtual-8086 mode; often what is there already."""
    s = cpu.seg[seg & 7]
    if s.sel != sel or s.base != sel << 4 or s.attr & ((ATTR_DB | ATTR_G) ^ u16.max) != ATTR_REAL or cpu.cr0 & CR0_PE != 0:
        change_real_segment(cpu, seg, sel)


@hot
def load_stack_segment(cpu: Cpu, sel: u16) -> None:
    """Load SS in protected mode."""
    rpl: u16 = sel & 3
    if sel & 0xFFFC == 0:
        raise Fault(GP, 0)
    lo, hi = fetch_descriptor(cpu, sel, GP, 0)
    attr: u16 = desc_attr(hi)
    if rpl != cpu.cpl or attr_dpl(attr) != cpu.cpl or not is_writable(attr):
        raise Fault(GP, sel & 0xFFFC)
    if attr & ATTR_P == 0:
        raise Fault(SS_VEC, sel & 0xFFFC)
    hi2: u32 = mark_accessed(cpu, sel, hi)
    change_segment(cpu, SS, sel, lo, hi2)


@hot
def load_data_segment(cpu: Cpu, seg: u8, sel: u16) -> None:
    """Load DS, ES, FS or GS in protected mode."""
    if sel & 0xFFFC == 0:
        set_null(cpu, seg, sel)
        update_mode(cpu)
    else:
        lo, hi = fetch_descriptor(cpu, sel, GP, 0)
        attr: u16 = desc_attr(hi)
        dpl: u8 = attr_dpl(attr)
        if not is_readable(attr) or not is_conforming(attr) and (sel & 3 > dpl or cpu.cpl > dpl):
            raise Fault(GP, sel & 0xFFFC)
        if attr & ATTR_P == 0:
            raise Fault(NP, sel & 0xFFFC)
        hi2: u32 = mark_accessed(cpu, sel, hi)
        change_segment(cpu, seg, sel, lo, hi2)


@hot
def load_segment(cpu: Cpu, seg: u8, sel: u16) -> None:
    """Load a data or stack segment register in any mode, with every check of the mode.  Not for CS."""
    if not protected(cpu):
        s = cpu.seg[seg & 7]
        same: bool = s.attr & (0xFFFF ^ (ATTR_DB | ATTR_G)) == ATTR_REAL
        if cpu.cr0 & CR0_PE != 0:
            same = s.attr == ATTR_V86 and s.limit == 0xFFFF
        if same and cpu.mode & MODE_STACK32 == 0:  # mostly; then nothing that depends on the base is in the mode word
            s.sel = sel
            s.base = sel << 4
        else:
            load_real_segment(cpu, seg, sel)
    elif seg == SS:
        load_stack_segment(cpu, sel)
    else:
        load_data_segment(cpu, seg, sel)


@hot
def drop_outer_segments(cpu: Cpu) -> None:
    """After a return to an outer level: null the data segments that the new CPL may not use."""
    for seg in range(6):
        if seg != CS and seg != SS:
            attr: u16 = cpu.seg[seg].attr
            if attr & ATTR_P != 0 and not is_conforming(attr) and attr_dpl(attr) < cpu.cpl:
                set_null(cpu, seg, 0)


@hot
def update_mode(cpu: Cpu) -> None:
    """Recompute Cpu.mode.  To be called after a change of CR0, EFLAGS.VM or AC, CPL, DR7 or a segment register."""
    mode: u8 = 0
    if cpu.seg[CS].attr & ATTR_DB != 0:
        mode = mode | MODE_CODE32
    if cpu.seg[SS].attr & ATTR_DB != 0:
        mode = mode | MODE_STACK32
    if cpu.cpl == 3 and cpu.cr0 & CR0_AM != 0 and cpu.eflags & AC != 0:
        mode = mode | MODE_AC
    if cpu.dr[7] & 0xFF != 0:
        mode = mode | MODE_DEBUG
    if mode & (MODE_STACK32 | MODE_AC | MODE_DEBUG) == MODE_STACK32:
        odd: u32 = 0  # bits of whatever is not as in a flat segment
        access: u8 = cpu.seg[CS].access | SEG_WRITE
        for seg in range(4):
            s = cpu.seg[seg]
            odd = odd | s.base | s.low | (s.high ^ 0xFFFFFFFF)
            if seg != CS:
                access = access & s.access
        if odd == 0 and access == SEG_READ | SEG_WRITE:
            mode = mode | MODE_FLAT
    cpu.mode = mode
