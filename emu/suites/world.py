"""The small protected-mode world that vectors of user-mode instructions live in: tables, descriptors and memory.

Descriptors that the vectors use (GDT 20h and up, the whole LDT) and the user windows are those of the recordings; the
rest is ours, at linear addresses that no vector touches.
"""

import struct

from emu.cpu.paging import PTE_A, PTE_D, PTE_P, PTE_U, PTE_W

# Physical memory: code, then the data windows in a row, then what is the supervisor's
CODE, DATA, KERNEL, SIZE = 0x100000, 0x200000, 0x300000, 0x310000
CODE_SIZE, DATA_SIZE = 0x10000, 0x4000
# Data windows: linear address, size, offset from DATA
WINDOWS = ((0x00200000, 0x2000, 0), (0x00300000, 0x1000, 0x2000), (0x00008000, 0x1000, 0x3000))

# Linear addresses of the supervisor's pages, and their offsets from KERNEL
KERNEL_LINEAR = 0xB0000000
DIRECTORY, LOW_TABLE, KERNEL_TABLE, GDT, LDT, IDT, TSS, CODE0, STACK = (0x1000 * n for n in range(9))
KERNEL_SIZE = STACK + 0x1000
STACK_TOP = KERNEL_LINEAR + KERNEL_SIZE
HANDLERS = KERNEL_LINEAR + CODE0  # the handler of vector n, a HLT, is at HANDLERS + 16 n
HLT = 0xF4
KERNEL_CS, KERNEL_SS, TSS_SEL, LDT_SEL = 0x08, 0x10, 0x30, 0x38
LDT_LIMIT, TSS_LIMIT = 0x87, 0x67
TSS_IOMAP = 0x66

USER_GDT = {0x20: 0x00CFFB000000FFFF, 0x28: 0x00CFF3000000FFFF}
USER_LDT = {
    0x0F: 0x0050F32000001FFF, 0x17: 0x0050F320080007FF, 0x1F: 0x0050F71FF0000FFF, 0x27: 0x0050F1200000FFFF,
    0x2F: 0x0050FB100000FFFF, 0x37: 0x0050F9100000FFFF, 0x3F: 0x0010FB100000FFFF, 0x47: 0x0010F31F8000FFFF,
    0x4F: 0x0010F32F8000FFFF, 0x57: 0x0010F3200000FFFF, 0x5F: 0x0010F31F1000FFFF, 0x67: 0x005073200000FFFF,
    0x6F: 0x0050F33000000FFF, 0x77: 0x0010F72F80007FFF, 0x7F: 0x00DFF3000000FFFF, 0x87: 0x00507B100000FFFF,
}


def background():
    """What the data windows hold where a vector says nothing else."""
    out = bytearray(DATA_SIZE)
    for linear, size, offset in WINDOWS:
        for n in range(size):
            out[offset + n] = ((linear + n) * 0x9E3779B1 & 0xFFFFFFFF) >> 24
    return bytes(out)


def window_offset(address):
    """Offset from DATA of a linear address, or None outside the windows."""
    for linear, size, offset in WINDOWS:
        if linear <= address < linear + size:
            return offset + address - linear
    return None


def selectors():
    """Every selector that a vector may start with, the usual ones first."""
    used = [0x2B, 0x23, 0]
    for n in (*range(4), *(s | rpl for s in USER_GDT for rpl in range(4)), *(s & 0xFFFC | rpl for s in USER_LDT for rpl in range(4))):
        if n not in used:
            used.append(n)
    return used


def descriptor(base, limit, attr):
    """An 8-byte descriptor as an int; ``attr`` is its bits 40-55 as in Segment.attr."""
    return limit & 0xFFFF | (base & 0xFFFFFF) << 16 | (attr & 0xFF) << 40 | (limit >> 16 & 15) << 48 \
        | (attr >> 12 & 15) << 52 | (base >> 24) << 56


def segment_descriptor(selector):
    """The descriptor of one of the vectors' selectors; None for a null selector."""
    if selector < 4:
        return None
    return USER_LDT[selector | 3] if selector & 4 else USER_GDT[selector & 0xFFF8]


def _table(entries):
    size = max(entries) + 8
    out = bytearray(size)
    for at, value in entries.items():
        struct.pack_into("<Q", out, at, value)
    return bytes(out)


def gdt():
    """The GDT's bytes."""
    return _table(USER_GDT | {
        KERNEL_CS: descriptor(0, 0xFFFFF, 0xC09B), KERNEL_SS: descriptor(0, 0xFFFFF, 0xC093),
        TSS_SEL: descriptor(KERNEL_LINEAR + TSS, TSS_LIMIT, 0x8B), LDT_SEL: descriptor(KERNEL_LINEAR + LDT, LDT_LIMIT, 0x82)})


def kernel_area():
    """What the supervisor's pages hold."""
    out = bytearray(KERNEL_SIZE)

    def put(at, data):
        out[at:at + len(data)] = data

    accessed = PTE_P | PTE_A | PTE_D
    for linear, table in ((0, LOW_TABLE), (KERNEL_LINEAR, KERNEL_TABLE)):
        put(DIRECTORY + (linear >> 22) * 4, struct.pack("<I", KERNEL + table | accessed | PTE_W | PTE_U))
    for n in range(CODE_SIZE >> 12):
        put(LOW_TABLE + (CODE >> 12) * 4 + 4 * n, struct.pack("<I", CODE + 0x1000 * n | accessed | PTE_U))
    for linear, size, offset in WINDOWS:
        for n in range(size >> 12):
            entry = DATA + offset + 0x1000 * n | accessed | PTE_U | PTE_W
            put(LOW_TABLE + (linear >> 12) * 4 + 4 * n, struct.pack("<I", entry))
    for n in range(KERNEL_SIZE >> 12):
        put(KERNEL_TABLE + 4 * n, struct.pack("<I", KERNEL + 0x1000 * n | accessed | PTE_W))
    put(GDT, gdt())
    put(LDT, _table({selector & 0xFFF8: value for selector, value in USER_LDT.items()}))
    for vector in range(256):
        offset = HANDLERS + 16 * vector
        out[CODE0 + 16 * vector] = HLT
        dpl = 3 if vector in (3, 4) else 0
        put(IDT + 8 * vector, struct.pack("<HHHH", offset & 0xFFFF, KERNEL_CS, 0x8E00 | dpl << 13, offset >> 16))
    put(TSS + 4, struct.pack("<II", STACK_TOP, KERNEL_SS))
    put(TSS + TSS_IOMAP, struct.pack("<H", TSS_LIMIT + 1))  # no bitmap: no port at CPL 3
    return bytes(out)
