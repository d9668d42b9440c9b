"""A processor for tests of single semantic functions: 1 MiB of memory, flat 32-bit segments, no paging, CPL 0."""

from emu.bus.component import checked
from emu.cpu.paging import flush_tlb_all
from emu.cpu.segments import update_mode
from emu.cpu.state import NO_REG, REC_ASIZE32, REC_OSIZE32, SEG_READ, SEG_WRITE, Cpu, Rec

SIZE = 1 << 20
CODE, DATA = 0x4093 | 8, 0x4093  # Segment.attr: present, D/B


def machine(**state):
    """A Cpu with memory in ``memory``; keyword arguments set fields."""
    cpu = checked(Cpu)()
    cpu.memory = bytearray(SIZE)
    for bits in (8, 16, 32):
        def read(at, n=bits // 8):
            return int.from_bytes(cpu.memory[at:at + n], "little")

        def write(at, value, n=bits // 8):
            cpu.memory[at:at + n] = value.to_bytes(n, "little")

        setattr(cpu, f"phys_read{bits}", read)
        setattr(cpu, f"phys_write{bits}", write)
    cpu.a20_mask = 0xFFFFFFFF
    cpu.cr0 = 1
    cpu.eflags = 2
    cpu.left = 1 << 40
    for n, s in enumerate(cpu.seg):
        set_segment(cpu, n, 0, 0xFFFFFFFF)
        s.attr = CODE if n == 1 else DATA
    flush_tlb_all(cpu)
    for name, value in state.items():
        setattr(cpu, name, value)
    update_mode(cpu)
    return cpu


def set_segment(cpu, n, base, high, low=0, access=SEG_READ | SEG_WRITE):
    """Give a segment its bounds."""
    s = cpu.seg[n]
    s.base, s.limit, s.low, s.high, s.access = base, high, low, high, access


def record(osize=32, asize=32, **fields):
    """A decoded instruction of one byte without operands; keyword arguments set fields."""
    r = checked(Rec)()
    r.base = r.idx = NO_REG
    r.seg = 3
    r.len = 1
    r.flags = (REC_OSIZE32 if osize == 32 else 0) | (REC_ASIZE32 if asize == 32 else 0)
    for name, value in fields.items():
        setattr(r, name, value)
    return r


def poke(cpu, at, value, size=4):
    """Store a little-endian number."""
    cpu.memory[at:at + size] = value.to_bytes(size, "little")


def peek(cpu, at, size=4):
    """Load a little-endian number."""
    return int.from_bytes(cpu.memory[at:at + size], "little")
