"""Runs: many iterations of a repeated string instruction at once, as far as they lie in one page of plain memory.

A run does what its iterations would do one after the other; nothing can be seen between them, since no page of it needs a walk,
belongs to a chip or holds decoded code.  The C twins use the soft TLB's host addresses (native/runs.c) and lead to the VGA's
window as well, whose chip cannot tell the difference; these use the Python engine's (emu/cpu/host_pages.py).  Either may do
fewer iterations than it is allowed, or none.
"""

from emu.bus.component import inline, intrinsic
from emu.bus.types import T, u8, u32, u64

from .state import REC_ASIZE32, SEG_READ, SEG_WRITE, Cpu, Rec


@inline
def room(cpu: Cpu, r: Rec, seg: u8, off: u32) -> u32:
    """Elements from an offset upwards that lie inside a segment and that an index reaches without wrapping round."""
    s = cpu.seg[seg & 7]
    end: u32 = s.high
    if r.flags & REC_ASIZE32 == 0 and end > 0xFFFF:
        end = 0xFFFF
    if off < s.low or off > end:
        return 0
    return u32(u64(u64(end) - off + 1) // (T.bits // 8))


@inline
def room_read(cpu: Cpu, r: Rec, seg: u8, off: u32) -> u32:
    """The same where the segment may be read, else 0."""
    if cpu.seg[seg & 7].access & SEG_READ == 0:
        return 0
    return room[T](cpu, r, seg, off)


@inline
def room_write(cpu: Cpu, r: Rec, seg: u8, off: u32) -> u32:
    """The same where the segment may be written, else 0."""
    if cpu.seg[seg & 7].access & SEG_WRITE == 0:
        return 0
    return room[T](cpu, r, seg, off)


@intrinsic
def copy_run(cpu: Cpu, source: u32, target: u32, n: u32) -> u32:
    """MOVS: copy up to n elements between linear addresses, the first first; gives how many were."""
    return 0 if cpu.host_pages is None else cpu.host_pages.copy_run(source, target, n, T.bits // 8)


@intrinsic
def fill_run(cpu: Cpu, target: u32, n: u32, value: T) -> u32:
    """STOS: store a value up to n times; gives how often it was."""
    return 0 if cpu.host_pages is None else cpu.host_pages.fill_run(target, n, value, T.bits // 8)


@intrinsic
def compare_run(cpu: Cpu, source: u32, target: u32, n: u32, equal: bool) -> u32:
    """CMPS: of the first n elements, how many are equal (or differ) in both places before one is not (or does not)."""
    return 0 if cpu.host_pages is None else cpu.host_pages.compare_run(source, target, n, equal, T.bits // 8)


@intrinsic
def scan_run(cpu: Cpu, target: u32, n: u32, value: T, equal: bool) -> u32:
    """SCAS: of the first n elements, how many equal the value (or do not) before one does not (or does)."""
    return 0 if cpu.host_pages is None else cpu.host_pages.scan_run(target, n, value, equal, T.bits // 8)
