"""The worlds that random instruction streams run in: memory, descriptor tables, handlers, for every processor mode.

Code, data and stack lie at the same physical places in all modes.  A fault goes on with the next 64-byte block of code,
and so does the timer's interrupt: a stream of which much faults, or that loops, still gets on.
"""

import struct

from emu.cpu.paging import flush_tlb_all
from emu.cpu.reset import reset_cpu
from emu.cpu.segments import load_real_segment, set_segment, update_mode
from emu.cpu.state import (
    CR0_AM, CR0_ET, CR0_MP, CR0_NE, CR0_PE, CR0_PG, CR0_WP, CR4_OSFXSR, CR4_PAE, CR4_PGE, CR4_PSE, CR4_VME, CS, DS, ES, ESP,
    FS, GS, IOPL, LDTR, SS, TR, VM)

# Physical memory
IVT, REAL_HANDLERS, SAVED, DIRECTORY, TABLES, GDT, IDT, TSS = 0, 0x1000, 0x1F00, 0x8000, 0x9000, 0xE000, 0xF000, 0x10000
HANDLERS, KERNEL_STACK_TOP = 0x13000, 0x18000
CODE, CODE_SIZE, DATA, DATA_SIZE, STACK, STACK_SIZE = 0x20000, 0x4000, 0x30000, 0x8000, 0x40000, 0x1000
ALIAS = 0x400000  # with paging, the same memory again: another address of the same pages, and the same TLB entries
READ_ONLY, SUPERVISOR, ABSENT = DATA + 0x5000, DATA + 0x4000, DATA + 0x6000
PIC_BASE = 0x20

KCODE, KDATA, UCODE, UDATA, TSS_SEL, SCODE, SDATA, SSTACK, GATE, GONE, LDT_SEL = range(0x08, 0x60, 8)
ERROR_CODES = 8, 10, 11, 12, 13, 14, 17


class Mode:
    """A processor mode: ``bits`` of code, level, and what is on.  ``kind``: real, flat, segmented or v86."""

    def __init__(self, name, kind, bits, cpl=0, paging=False, pae=False, iopl=0, cr0=0, cr4=0):
        self.name, self.kind, self.bits, self.cpl, self.paging, self.pae = name, kind, bits, cpl, paging, pae
        self.iopl, self.cr0, self.cr4 = iopl, cr0, cr4

    def __repr__(self):
        return self.name

    @property
    def code_base(self):
        """Offset of the code in CS."""
        return CODE if self.kind == "flat" else 0

    @property
    def data_base(self):
        """Offset of the data in DS."""
        return DATA if self.kind == "flat" else 0

    @property
    def code_by_fs(self):
        """Offset of the code in FS, through which it is written."""
        return 0 if self.kind in ("real", "v86") else CODE

    @property
    def stack_top(self):
        """ESP to begin with."""
        return (STACK if self.kind == "flat" else 0) + STACK_SIZE - 16


MODES = [
    Mode("real", "real", 16),
    Mode("segmented16", "segmented", 16),
    Mode("segmented32", "segmented", 32),
    Mode("segmented16-user", "segmented", 16, cpl=3, paging=True),
    Mode("segmented32-user", "segmented", 32, cpl=3, paging=True, cr0=CR0_AM),
    Mode("flat", "flat", 32),
    Mode("flat-paged", "flat", 32, paging=True, cr4=CR4_PSE | CR4_PGE),
    Mode("flat-paged-wp", "flat", 32, paging=True, cr0=CR0_WP),
    Mode("flat-pae", "flat", 32, paging=True, pae=True, cr4=CR4_PGE),
    Mode("user", "flat", 32, cpl=3, paging=True),
    Mode("user-io", "flat", 32, cpl=3, paging=True, iopl=3, cr0=CR0_WP),
    Mode("user-pae", "flat", 32, cpl=3, paging=True, pae=True),
    Mode("v86", "v86", 16, cpl=3, paging=True, iopl=3),
    Mode("v86-iopl0", "v86", 16, cpl=3, paging=True),
    Mode("v86-vme", "v86", 16, cpl=3, cr4=CR4_VME),
]


def descriptor(base, limit, attr):
    """8 bytes; ``attr`` is bits 40 to 55 (limit bits 16 to 19 excepted)."""
    return struct.pack("<Q", limit & 0xFFFF | (base & 0xFFFFFF) << 16 | (attr & 0xFF) << 40 | (limit >> 16 & 15) << 48
                       | (attr >> 12 & 15) << 52 | (base >> 24) << 56)


def _put(memory, at, data):
    memory.backing[at:at + len(data)] = data


def _gdt(mode):
    size = 0x4000 if mode.bits == 32 else 0
    dpl = mode.cpl << 5
    flat_code, flat_data = 0x809B | size, 0x8093 | 0x4000
    table = {
        KCODE: descriptor(0, 0xFFFFF, 0xC09B), KDATA: descriptor(0, 0xFFFFF, 0xC093),
        UCODE: descriptor(0, 0xFFFFF, flat_code | dpl), UDATA: descriptor(0, 0xFFFFF, flat_data | dpl),
        TSS_SEL: descriptor(TSS, 0x2100, 0x8B),
        SCODE: descriptor(CODE, CODE_SIZE + 0x1F, 0x9B | dpl | size), SDATA: descriptor(DATA, DATA_SIZE - 1, 0x93 | dpl | size),
        SSTACK: descriptor(STACK, STACK_SIZE - 1, 0x93 | dpl | size),
        GATE: struct.pack("<HHHH", HANDLERS & 0xFFFF, KCODE, 0xEC00, HANDLERS >> 16),
        GONE: descriptor(0, 0xFFFFF, 0xC013 | 0x60), LDT_SEL: descriptor(GDT, 0xFF, 0x82)}
    return bytes(8) + b"".join(table[n] for n in sorted(table))


def selectors(mode):
    """(CS, data, SS) of the stream."""
    if mode.kind in ("real", "v86"):
        return CODE >> 4, DATA >> 4, STACK >> 4
    if mode.kind == "segmented":
        return SCODE | mode.cpl, SDATA | mode.cpl, SSTACK | mode.cpl
    return UCODE | mode.cpl, UDATA | mode.cpl, UDATA | mode.cpl


def _next_block(mode):
    """EAX holds the EIP of a fault: make it that of the next block."""
    mask = CODE_SIZE - 0x40
    return struct.pack("<BIBBBBIBI", 0x25, mask, 0x83, 0xC0, 0x40, 0x25, mask, 0x0D, mode.code_base)


def _fault_handler(mode, error):
    """32-bit handler of a fault.  At level 0 it begins the stack anew; else the frame has a stack to give."""
    cs, data, ss = selectors(mode)
    code = b"\x0f\xb7\xe4" if mode.cpl == 0 and mode.bits == 16 else b""  # MOVZX ESP,SP
    code += b"\x83\xc4\x04" if error else b""  # ADD ESP,4
    # PUSH EAX; MOV AX,KDATA; MOV DS,AX; MOV EAX,SS:[ESP+4]
    code += b"\x50\x66\xb8" + struct.pack("<H", KDATA) + b"\x8e\xd8\x36\x8b\x44\x24\x04" + _next_block(mode)
    if mode.cpl == 0:
        code += b"\xa3" + struct.pack("<I", SAVED) + b"\x58\xa3" + struct.pack("<I", SAVED + 4)
        # MOV AX,ss; MOV SS,AX; MOV ESP,top
        code += b"\x66\xb8" + struct.pack("<H", ss) + b"\x8e\xd0\xbc" + struct.pack("<I", mode.stack_top)
        for value in (0x202, cs):
            code += b"\x68" + struct.pack("<I", value)
        code += b"\xff\x35" + struct.pack("<I", SAVED) + b"\xa1" + struct.pack("<I", SAVED + 4)
        code += b"\x50\x66\xb8" + struct.pack("<H", data) + b"\x8e\xd8\x8e\xc0\x58\xcf"
        return code
    code += b"\x89\x44\x24\x04"
    for at, value in ((8, cs), (16, mode.stack_top), (20, ss)):
        code += b"\xc7\x44\x24" + struct.pack("<BI", at, value)
    code += b"\x81\x64\x24\x0c" + struct.pack("<I", 0xFFFFBEFF)  # TF and NT off, IF on
    code += b"\x81\x4c\x24\x0c" + struct.pack("<I", 0x200)
    if mode.kind != "v86":
        code += b"\x66\xb8" + struct.pack("<H", data) + b"\x8e\xd8\x8e\xc0"
    return code + b"\x58\xcf"


# PUSH (E)AX; MOV AL,20h; OUT 20h,AL; OUT A0h,AL; POP (E)AX: the same bytes in 16 and 32 bits
END_OF_INTERRUPT = bytes.fromhex("50 b0 20 e6 20 e6 a0 58")
IRET = b"\xcf"


def _real_handler():
    """The same for real mode: CS is 0 here."""
    mask = CODE_SIZE - 0x40
    saved = struct.pack("<H", SAVED)
    code = b"\x2e\xa3" + saved + b"\x58\x25" + struct.pack("<H", mask) + b"\x05\x40\x00\x25" + struct.pack("<H", mask)
    code += b"\x2e\xa3" + struct.pack("<H", SAVED + 4)
    code += b"\xb8" + struct.pack("<H", STACK >> 4) + b"\x8e\xd0\x66\xbc" + struct.pack("<I", STACK_SIZE - 16)
    for segment, load in ((DATA >> 4, b"\x8e\xd8"), (DATA >> 4, b"\x8e\xc0")):
        code += b"\xb8" + struct.pack("<H", segment) + load
    code += b"\x68\x02\x02\x68" + struct.pack("<H", CODE >> 4) + b"\x2e\xff\x36" + struct.pack("<H", SAVED + 4)
    return code + b"\x2e\xa1" + saved + b"\xcf"


def _tables(memory, mode):
    """IVT and real-mode handlers, GDT, IDT, TSS, handlers."""
    for vector in range(256):
        at = 0x200 if vector == PIC_BASE else 0x100 if PIC_BASE < vector < PIC_BASE + 16 else 0
        _put(memory, IVT + 4 * vector, struct.pack("<HH", REAL_HANDLERS + at, 0))
    _put(memory, REAL_HANDLERS, _real_handler())
    _put(memory, REAL_HANDLERS + 0x100, END_OF_INTERRUPT + IRET)
    _put(memory, REAL_HANDLERS + 0x200, END_OF_INTERRUPT + _real_handler())
    _put(memory, GDT, _gdt(mode))
    for vector in range(64):
        at = HANDLERS + 0x80 * vector
        code = _fault_handler(mode, vector in ERROR_CODES)
        if PIC_BASE <= vector < PIC_BASE + 16:
            code = END_OF_INTERRUPT + (code if vector == PIC_BASE else IRET)
        _put(memory, at, code)
        _put(memory, IDT + 8 * vector, struct.pack("<HHHH", at & 0xFFFF, KCODE, 0xEE00 if vector % 2 else 0xEF00, at >> 16))
    tss = bytearray(0x2101)
    struct.pack_into("<II", tss, 4, KERNEL_STACK_TOP, KDATA)
    struct.pack_into("<HH", tss, 0x64, 0, 0x88)
    tss[0x68:0x88] = bytes((n * 0x35) & 0xFF for n in range(32))  # interrupts that virtual-8086 mode handles itself
    tss[0x88:0x2100] = bytes(0xFF if n % 3 else 0 for n in range(0x2100 - 0x88))
    tss[0x2100] = 0xFF
    _put(memory, TSS, tss)


def _paging(memory, mode):
    """4 MiB twice, by 4 KiB pages; a few data pages are read-only, the supervisor's, or absent."""
    size, per_table = (8, 512) if mode.pae else (4, 1024)
    pack = "<Q" if mode.pae else "<I"
    top = DIRECTORY
    if mode.pae:
        _put(memory, DIRECTORY, struct.pack("<Q", TABLES + 0x4000 | 1))
        top = TABLES + 0x4000
    tables = 0x400 // per_table
    for copy in range(2):
        for table in range(tables):
            at = TABLES + 0x1000 * table
            _put(memory, top + size * (copy * tables + table), struct.pack(pack, at | 7))
            if copy == 0:
                for n in range(per_table):
                    page = (table * per_table + n) << 12
                    flags = {READ_ONLY: 5, SUPERVISOR: 3, ABSENT: 6}.get(page, 7)
                    if page < 0x1000 and mode.kind != "v86":
                        flags = 3
                    if n % 5 == 0:
                        flags |= 0x100
                    _put(memory, at + size * n, struct.pack(pack, page | flags))


def page_table_entry(mode, page):
    """Physical (and linear) address of the entry of a page below 4 MiB."""
    return TABLES + (page >> 12) * (8 if mode.pae else 4)


def _out(machine, port, value):
    machine.parts.services["port_write8"](port, value)


def chips(machine):
    """Interrupt controllers and the timer: IRQ 0 comes often."""
    for base, vector, cascade in ((0x20, PIC_BASE, 4), (0xA0, PIC_BASE + 8, 2)):
        for port, value in ((base, 0x11), (base + 1, vector), (base + 1, cascade), (base + 1, 1), (base + 1, 0)):
            _out(machine, port, value)
    for port, value in ((0x43, 0x34), (0x40, 20), (0x40, 0)):
        _out(machine, port, value)


def prepare(machine, mode, code, rng):
    """Put a machine at the start of a stream."""
    cpu, memory = machine._cpu, machine._memory
    machine.reset()
    machine.ended = None
    reset_cpu(cpu)
    memory.backing[0:0x60000] = bytes(0x60000)
    _tables(memory, mode)
    if mode.paging:
        _paging(memory, mode)
    _put(memory, CODE, code)
    _put(memory, DATA, rng.randbytes(DATA_SIZE))
    chips(machine)
    cpu.cr0 = CR0_ET | CR0_MP | CR0_NE | mode.cr0
    cpu.cr4 = CR4_OSFXSR | mode.cr4
    fpu = cpu.fpu
    fpu.fcw, fpu.fsw, fpu.top, fpu.ftw = rng.choice((0x37F, 0x27F, 0x340, 0xF7F)), 0, 0, 0
    cs, data, ss = selectors(mode)
    if mode.kind == "real":
        cpu.idt_base, cpu.idt_limit = IVT, 0x3FF
    else:
        cpu.cr0 |= CR0_PE
        cpu.idt_base, cpu.idt_limit = IDT, 64 * 8 - 1
        cpu.gdt_base, cpu.gdt_limit = GDT, LDT_SEL + 7
        for register, selector in ((TR, TSS_SEL), (LDTR, LDT_SEL)):
            _load(memory, cpu, register, selector)
    if mode.paging:
        cpu.cr0 |= CR0_PG
        cpu.cr3 = DIRECTORY
        if mode.pae:
            cpu.cr4 |= CR4_PAE
            cpu.pdpte[0] = TABLES + 0x4000 | 1
    cpu.cpl = mode.cpl
    cpu.eflags = 0x202 | mode.iopl * (IOPL // 3)
    if mode.kind in ("real", "v86"):
        if mode.kind == "v86":
            cpu.eflags |= VM
        for register, selector in ((CS, cs), (SS, ss), (DS, data), (ES, data), (FS, CODE >> 4), (GS, 0)):
            load_real_segment(cpu, register, selector)
    else:
        for register, selector in ((CS, cs), (SS, ss), (DS, data), (ES, data), (FS, UDATA | mode.cpl), (GS, SDATA | mode.cpl)):
            _load(memory, cpu, register, selector)
    for n in range(8):
        cpu.gpr[n] = rng.choice((rng.getrandbits(32), mode.data_base + rng.randrange(DATA_SIZE), rng.randrange(64)))
    cpu.gpr[ESP] = mode.stack_top
    cpu.eip = mode.code_base
    flush_tlb_all(cpu)
    update_mode(cpu)
    machine.parts.forget()


def _load(memory, cpu, register, selector):
    lo, hi = struct.unpack_from("<II", bytes(memory.backing[GDT + (selector & ~7):GDT + (selector & ~7) + 8]))
    set_segment(cpu, register, selector, lo, hi)
