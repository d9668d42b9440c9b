"""Random code in every mode of the processor, over half-random descriptor and page tables."""

import struct

import fuzz_rig as rig

IDT, GDT, TSS, PAGES, ENTRY, CODE = 0x800, 0x1100, 0x1400, 0x2000, 0x7A00, 0x10000
FAULT_HANDLER, ERROR_HANDLER, IRQ_HANDLER = 0x640, 0x660, 0x680
GDT_ENTRIES = 96
WITH_ERROR = (8, 10, 11, 12, 13, 14, 17)
MODES = ("real", "real", "protected", "paged", "pae", "ring3", "v86", "v86", "code16")
PE, WP, AM, PG = 1, 1 << 16, 1 << 18, 1 << 31
ADDRESSES = (0, 0x400, GDT, IDT, TSS, PAGES, PAGES + 0x1000, CODE, CODE + 0x800, 0x9FFFD, 0xA0000, 0xB8000, 0xBFFFF, 0xC0000, 0xF0000,
             0xFFFFE, 0x100000, rig.MEMORY - 2, rig.MEMORY, 0x7FFFFFFF, 0xE0000000, 0xFFFFFFF0, 0xFFFFFFFE)
# Opcodes that random choice would seldom hit, or that do much
RARE = (0xF6, 0xF7, 0xC8, 0xC9, 0x60, 0x61, 0x9C, 0x9D, 0xCF, 0xCB, 0xCD, 0xCE, 0xA4, 0xA5, 0xA6, 0xA7, 0xAA, 0xAB, 0xAC, 0xAE, 0x6C, 0x6E,
        0x8E, 0x8C, 0x63, 0x62, 0xC4, 0xC5, 0xD4, 0xD5, 0xD7, 0xE2, 0xEA, 0x9A, 0xFF, 0xFF, 0xFE, 0xD8, 0xD9, 0xDA, 0xDB, 0xDC, 0xDD, 0xDE, 0xDF)
SYSTEM = (0x00, 0x01, 0x02, 0x03, 0x06, 0x08, 0x09, 0x20, 0x21, 0x22, 0x23, 0x30, 0x31, 0x32, 0x34, 0x35, 0xA2, 0xA0, 0xA1, 0xA8, 0xA9,
          0xB2, 0xB4, 0xB5, 0xC7, 0xAE, 0xA4, 0xAC, 0xBA, 0xB0, 0xB1, 0xC0, 0xC1, 0x0B)

MSRS = (0x10, 0x1B, 0x79, 0x8B, 0xC1, 0xFE, 0x116, 0x11E, 0x174, 0x175, 0x176, 0x179, 0x17A, 0x186, 0x187, 0x1A0, 0x1D9, 0x1DB, 0x1DE, 0x200,
        0x201, 0x20E, 0x20F, 0x250, 0x258, 0x268, 0x26F, 0x277, 0x2FF, 0x400, 0xC0000080, 0xC0000103)


def near(rng):
    """An address that is likely to matter."""
    return rng.choice(ADDRESSES) + rng.randrange(-16, 64) & 0xFFFFFFFF if rng.randrange(4) else rng.getrandbits(32)


def instruction(rng):
    """Bytes that look like one instruction: prefixes, opcode, ModRM with SIB and displacement, immediate."""
    out = bytearray()
    while rng.randrange(4) == 0 and len(out) < 16:
        out.append(rng.choice((0x66, 0x66, 0x67, 0xF0, 0xF2, 0xF3, 0xF3, 0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65)))
    kind = rng.randrange(10)
    if kind < 5:
        out.append(rng.getrandbits(8))
    elif kind < 7:
        out.append(rng.choice(RARE))
    else:
        out.append(0x0F)
        out.append(rng.choice(SYSTEM) if rng.randrange(2) else rng.getrandbits(8))
    if out[-1] == 0xF4 and rng.randrange(50):
        out[-1] = 0x90
    out.append(rng.getrandbits(8))
    if rng.randrange(2):
        out += struct.pack("<I", near(rng))
    for _ in range(rng.randrange(4)):
        out.append(rng.choice((0, 1, 0xFF, 0x80, rng.getrandbits(8))))
    return bytes(out)


def immediate(rng, register, value, wide):
    """MOV register, value: in code of the operand size ``wide`` says (the other one sometimes)."""
    return (b"" if wide else b"\x66") + bytes((0xB8 + register,)) + struct.pack("<I", value & 0xFFFFFFFF)


def gadget(rng, wide):
    """A few instructions that belong together: what random bytes would hardly ever do with sense."""
    kind = rng.randrange(12)
    if kind == 0:       # a model-specific register
        out = immediate(rng, 1, rng.choice(MSRS), wide) + immediate(rng, 2, rng.choice((0, 0, 0xF, rng.getrandbits(32))), wide)
        return out + immediate(rng, 0, near(rng), wide) + rng.choice((b"\x0f\x30", b"\x0f\x30", b"\x0f\x32"))
    if kind == 1:       # a control register, and back
        register = rng.choice((0, 3, 4))
        value = {0: rng.choice((0x10, 0x11, 0x80000011, 0x80010011, 0x80050011, 0x60000011, near(rng))),
                 3: rng.choice((PAGES, PAGES + 8, near(rng))), 4: rng.choice((0, 1, 2, 3, 4, 8, 0x10, 0x20, 0x80, 0x1FF, 0x200, near(rng)))}[register]
        return immediate(rng, 0, value, wide) + bytes((0x0F, 0x22, 0xC0 | register << 3)) + bytes((0x0F, 0x20, 0xC1 | register << 3))
    if kind == 2:       # a debug register
        register = rng.choice((0, 1, 2, 3, 6, 7))
        value = near(rng) if register < 4 else rng.getrandbits(32) & 0xFFFF03FF
        return immediate(rng, 0, value, wide) + bytes((0x0F, 0x23, 0xC0 | register << 3))
    if kind == 3:       # a segment register, LDTR or TR
        out = immediate(rng, 0, selector(rng), wide)
        return out + rng.choice((b"\x8e\xd0", b"\x8e\xd8", b"\x8e\xc0", b"\x8e\xe0", b"\x8e\xe8", b"\x0f\x00\xd0", b"\x0f\x00\xd8",
                                 b"\x0f\x00\xe0", b"\x0f\x00\xe8", b"\x0f\x02\xc8", b"\x0f\x03\xc8", b"\x63\xc1"))
    if kind == 4:       # far jumps and calls: code, gates, tasks
        target = rng.choice((CODE, CODE + 0x40, 0, near(rng)))
        if wide:
            return rng.choice((b"\x9a", b"\xea")) + struct.pack("<IH", target, selector(rng))
        return rng.choice((b"\x9a", b"\xea")) + struct.pack("<HH", target & 0xFFFF, selector(rng))
    if kind == 5:       # an interrupt, or a return to somewhere
        if rng.randrange(2):
            return bytes((0xCD, rng.choice((0, 1, 3, 8, 0x20, 0x80, rng.getrandbits(8)))))
        flags = rng.choice((2, 0x202, 0x102, 0x4002, 0x20002, 0x23202, 0x180002, rng.getrandbits(22)))
        out = immediate(rng, 0, flags, wide) + b"\x50" + immediate(rng, 0, selector(rng), wide) + b"\x50"
        return out + immediate(rng, 0, rng.choice((CODE, CODE + 0x20, near(rng))), wide) + b"\x50" + rng.choice((b"\xcf", b"\x66\xcf", b"\xcb"))
    if kind == 6:       # code that changes itself, near by
        return b"\xe8" + (bytes(4) if wide else bytes(2)) + b"\x5f" + bytes((0x80 | rng.getrandbits(6) & 0x38, 0x47 if wide else 0x45,
                          rng.getrandbits(5), rng.getrandbits(8)))
    if kind == 7:       # a page-table entry, then INVLPG or not
        at = PAGES + rng.choice((0, 0x1000, 0x2000)) + 4 * rng.randrange(1024)
        value = rng.choice((0, rng.randrange(256) << 12 | 7, rng.randrange(256) << 12 | rng.getrandbits(12), near(rng)))
        out = immediate(rng, 7, at, wide) + immediate(rng, 0, value, wide) + (b"\x89\x07" if wide else b"\x67\x66\x89\x07")
        return out + rng.choice((b"", b"\x0f\x01\x3f", b"\x0f\x20\xd8\x0f\x22\xd8"))
    if kind == 8:       # descriptor tables from memory
        at = rng.choice((0x500, 0x508, GDT, TSS, near(rng)))
        return (b"\x0f\x01" + bytes((0x05 | rng.randrange(8) << 3,)) + struct.pack("<I", at)) if wide else \
            b"\x0f\x01" + bytes((0x06 | rng.randrange(8) << 3,)) + struct.pack("<H", at & 0xFFFF)
    if kind == 9:       # strings with a long count
        out = immediate(rng, 1, rng.choice((1, 16, 4096, 0xFFFFFFFF)), wide) + immediate(rng, 6, near(rng), wide) + immediate(rng, 7, near(rng), wide)
        return out + rng.choice((b"\xfc", b"\xfd")) + rng.choice((b"\xf3", b"\xf2")) + bytes((rng.choice((0xA4, 0xA5, 0xA6, 0xA7, 0xAA, 0xAB,
                                                                                                     0xAC, 0xAD, 0xAE, 0xAF, 0x6C, 0x6F)),))
    if kind == 10:      # floating point and vector state
        modrm = bytes((rng.choice((0x06, 0x07)) | rng.randrange(8) << 3,))
        return immediate(rng, 7, near(rng) & ~0xF, wide) + (b"" if wide else b"\x67") + rng.choice((b"\x0f\xae", b"\xdd", b"\xd9", b"\xdb", b"\xdf")) + modrm
    return rng.choice((b"\x0f\x34", b"\x0f\x35", b"\x0f\xa2", b"\x0f\x08", b"\x0f\x09", b"\x0f\x06", b"\x9b", b"\xfb", b"\xfa",
                       b"\x0f\xaa", b"\x17", b"\x8e\xd0", b"\xf0\x0f\xc7\xc8", b"\xc8\x00\x10\x1f", b"\xe4\x60", b"\xe6\x92", b"\xee", b"\x6f"))


def selector(rng):
    """One of the table's selectors, of any privilege, of the LDT sometimes; or anything."""
    if rng.randrange(10) == 0:
        return rng.getrandbits(16)
    known = rng.choice((0, 8, 0x10, 0x18, 0x20, 0x28, 0x30, 0x38, 0x40, 0x48)) if rng.randrange(2) else rng.randrange(GDT_ENTRIES) * 8
    return known | rng.choice((0, 0, 3, rng.getrandbits(3)))


def code(rng, size, wide=False):
    """A run of code: instructions (sense is made where the code segment is ``wide`` or not), or bytes of any kind."""
    if rng.randrange(4) == 0:
        return rng.randbytes(size)
    out = bytearray()
    while len(out) < size:
        out += gadget(rng, wide) if rng.randrange(5) == 0 else instruction(rng)
    return bytes(out[:size])


def descriptor(rng):
    """A descriptor of any type, mostly present, with a base and limit that make sense or not."""
    base = near(rng) if rng.randrange(2) else 0
    limit = rng.choice((0, 0x67, 0xFFF, 0xFFFF, 0xFFFFF, rng.getrandbits(20)))
    access = rng.getrandbits(8) | (0x80 if rng.randrange(8) else 0)
    if rng.randrange(3) == 0:       # a gate: offset and selector
        base, limit = near(rng), 0
        selector = rng.choice((8, 0x1B, 0x28, 0x30, 0x38, rng.getrandbits(16)))
        kind = rng.choice((0x4, 0x5, 0x6, 0x7, 0xC, 0xE, 0xF))
        return struct.pack("<HHBBH", base & 0xFFFF, selector, rng.getrandbits(5), 0x80 | rng.choice((0, 0x60)) | kind, base >> 16)
    return struct.pack("<HHBBBB", limit & 0xFFFF, base & 0xFFFF, base >> 16 & 255, access, rng.choice((0, 0x40, 0x80, 0xC0)) | limit >> 16,
                       base >> 24)


def tables(pc, rng, big):
    """GDT, IDT, TSS and handlers."""
    flat = [bytes(8)] + [struct.pack("<HHBBBB", 0xFFFF, 0, 0, access, flags | 0xF, 0)
                         for access, flags in ((0x9B, 0xC0), (0x93, 0xC0), (0xFB, 0xC0), (0xF3, 0xC0))]
    tss = struct.pack("<HHBBBB", 0x2067, TSS, 0, 0x89, 0, 0)
    ldt = struct.pack("<HHBBBB", 0xFF, GDT + 0x100, 0, 0x82, 0, 0)
    other = struct.pack("<HHBBBB", 0x67, TSS + 0x100, 0, rng.choice((0x81, 0x89)), 0, 0)
    code16 = struct.pack("<HHBBBB", 0xFFFF, CODE & 0xFFFF, CODE >> 16, 0x9B, 0, 0)
    data16 = struct.pack("<HHBBBB", 0xFFFF, 0, 0, 0x93, 0, 0)
    table = flat + [tss, ldt, other, code16, data16]
    table += [descriptor(rng) for _ in range(GDT_ENTRIES - len(table))]
    pc.memory.write(GDT, b"".join(table))
    state = bytearray(rng.randbytes(0x68))
    state[4:12] = struct.pack("<II", 0x6F00, 0x10)
    state[0x1C:0x20] = struct.pack("<I", PAGES if rng.randrange(4) else near(rng))
    for n, selector in enumerate((0x10, 0x08, 0x10, 0x10, 0x10, 0x10, 0x30 if rng.randrange(2) else 0)):
        state[0x48 + 4 * n:0x4C + 4 * n] = struct.pack("<I", selector)
    state[0x20:0x28] = struct.pack("<II", CODE, rng.choice((2, 0x202, rng.getrandbits(22))))
    state[0x64:0x68] = struct.pack("<I", rng.choice((0x680000, 0x680001, 0x880000)))
    other_state = bytearray(state)
    other_state[0:4] = struct.pack("<I", 0x28)
    pc.memory.write(TSS, bytes(state) + rng.choice((b"\0", b"\xff", b"\xaa")) * 0x98 + bytes(other_state))
    skip, tick = rng.randrange(1, 8), rng.randrange(8)
    pc.memory.write(FAULT_HANDLER, bytes((0x83, 0x04, 0x24, skip, 0xCF)))
    pc.memory.write(ERROR_HANDLER, bytes((0x83, 0xC4, 0x04, 0x83, 0x04, 0x24, skip, 0xCF)))
    pc.memory.write(IRQ_HANDLER, bytes((0x83, 0x04, 0x24, tick, 0x50, 0xB0, 0x20, 0xE6, 0x20, 0xE6, 0xA0, 0x58, 0xCF)))
    gates = []
    for vector in range(256):
        at = IRQ_HANDLER if 0x20 <= vector < 0x30 else ERROR_HANDLER if vector in WITH_ERROR else FAULT_HANDLER
        gate = struct.pack("<HHBBH", at, 8, 0, rng.choice((0x8E, 0x8E, 0xEE, 0xEF)), 0)
        if big and rng.randrange(40) == 0:
            gate = rng.choice((descriptor(rng), struct.pack("<HHBBH", 0, 0x38, 0, 0xE5, 0), bytes(8)))
        gates.append(gate)
    pc.memory.write(IDT, b"".join(gates))


def page_tables(pc, rng, pae):
    """Identity maps with nonsense in them; the first 64 KiB and the ROM mostly stay mapped.  Gives CR3 and CR4 bits."""
    wide = 8 if pae else 4
    limit = (1 << 52 if rng.randrange(10) == 0 else 1 << 32) - 1

    def entry(frame, kept=False):
        value = frame | 7
        if not kept and rng.randrange(6) == 0:
            value = rng.choice((0, near(rng) & ~0xFFF | rng.getrandbits(12), frame | rng.getrandbits(9), near(rng) & ~0xFFF | 7, frame | 5, frame | 0x107))
        return (value & limit).to_bytes(wide, "little") if pae else (value & 0xFFFFFFFF).to_bytes(4, "little")

    count = 0x1000 // wide
    table = b"".join(entry(n << 12, kept=n < 8 or 0x10 <= n < 0x14 or 0xF0 <= n < 0x100) for n in range(count))
    pc.memory.write(PAGES + 0x1000, table)
    directory = entry(PAGES + 0x1000, kept=True)
    for n in range(1, count):
        kind = rng.randrange(4)
        directory += entry(PAGES + 0x1000 if kind else PAGES) if kind < 3 else ((n << 22 | 0x87) & 0xFFFFFFFF).to_bytes(wide, "little")
    if not pae:
        pc.memory.write(PAGES, directory)
        return PAGES, rng.choice((0, 0x10, 0x80, 0x90))
    pc.memory.write(PAGES + 0x2000, directory)
    pointers = b"".join((PAGES + 0x2000 | 1 if n == 0 or rng.randrange(2) else rng.choice((0, near(rng) & ~0x1E6))).to_bytes(8, "little")
                        for n in range(4))
    pc.memory.write(PAGES, pointers)
    return PAGES, 0x20 | rng.choice((0, 0x10, 0x80, 0x90))


def prologue(rng, mode):
    """Ring 0 code at ENTRY: segments, task register, random registers, then on to CODE in the mode asked for."""
    out = bytearray.fromhex("66b810008ed88ec08ed08ee08ee8bc006f000066b828000f00d866b830000f00d0")
    if rng.randrange(4) == 0:
        for n in (0, 1, 2, 3, 7):       # debug registers
            out += b"\xb8" + struct.pack("<I", near(rng) if n < 7 else rng.getrandbits(32) & 0xFFFF03FF) + bytes((0x0F, 0x23, 0xC0 | n << 3))
    for register in (0, 1, 2, 3, 5, 6, 7):
        out += bytes((0xB8 + register,)) + struct.pack("<I", near(rng))
    flags = 0x202 | rng.getrandbits(12) & 0xCD5 | (0x100 if rng.randrange(12) == 0 else 0) | rng.choice((0, 0, 0x1000, 0x3000, 0x40000))
    if mode == "v86":
        words = [rng.choice((0, 0x1000, 0xA000, 0xFFFF)) for _ in range(4)] + [0x2000, 0xF000, flags | 0x20000 | rng.choice((0, 0x80000, 0x100000)),
                                                                           CODE >> 4, 0]
    elif mode == "ring3":
        words = [0x23, 0x20000, flags, 0x1B, CODE]
    elif mode == "code16":
        words = [flags & ~0x4000, 0x40, 0]
    else:
        words = [flags & ~0x4000, 8, CODE]
    for word in words:
        out += b"\x68" + struct.pack("<I", word)
    if mode == "ring3":
        out += bytes.fromhex("50b8230000008ed88ec058")        # DS and ES for ring 3
    return bytes(out + b"\xcf")


def prepare(pc, rng):
    """One random program, ready to be started by the ROM.  Gives the mode."""
    mode = rng.choice(MODES)
    pc.memory.write(0x7000, bytes(0x1000))
    body = code(rng, rng.choice((64, 600, 3000)), wide=mode in ("protected", "paged", "pae", "ring3"))
    if rng.randrange(3):
        body += b"\xeb" + bytes((rng.choice((0x80, 0xC0, 0xF0)),))      # go round again
    if mode == "real":
        rig.real_mode_vectors(pc, skip=rng.randrange(1, 8), irq_skip=rng.randrange(8))
        rig.set_block(pc, entry=(0, CODE >> 4), gdt=(GDT, 0x2FF))
        start = b"".join(bytes((0x66, 0xB8 + r)) + struct.pack("<I", near(rng)) for r in (0, 1, 2, 3, 5, 6, 7)) + b"\xfb"
        pc.memory.write(CODE, start + body)
        tables(pc, rng, True)
        return mode
    tables(pc, rng, rng.randrange(2))
    pc.memory.write(CODE, body)
    cr0, cr3, cr4 = PE | 0x10, 0, rng.choice((0, 0, 1, 2, 3, 8, 0x200))
    if mode in ("paged", "pae") or mode in ("ring3", "v86") and rng.randrange(2):
        cr3, more = page_tables(pc, rng, mode == "pae")
        cr0, cr4 = cr0 | PG | rng.choice((0, WP)), cr4 | more
    cr0 |= rng.choice((0, 0, AM, 2, 4, 8, 0x20))
    pc.memory.write(ENTRY, prologue(rng, mode))
    rig.set_block(pc, gdt=(GDT, GDT_ENTRIES * 8 - 1), idt=(IDT, 0x7FF), cr3=cr3, cr4=cr4, cr0=cr0, entry=(ENTRY, 8))
    return mode


def play(pc, rng, work):
    """Yields after each step of a case: ``work`` programs, each of some thousand instructions."""
    for _ in range(work):
        rig.restart(pc)
        rig.set_interrupts(pc)
        prepare(pc, rng)
        for count in (400, 3000, rng.choice((1, 20000))):
            rig.run(pc, instructions=count)
            yield
            if pc.ended is not None:
                break
    rig.still_works(pc)
