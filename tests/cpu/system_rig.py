"""A processor in protected mode with tables in memory, for tests of the system side: GDT, LDT, IDT, a TSS."""

from emu.bus.component import checked
from emu.bus.types import Fault
from emu.cpu.reset import reset_cpu
from emu.cpu.segments import set_null, set_segment, update_mode
from emu.cpu.state import CS, DS, ES, FS, GS, LDTR, SS, TR, Segment

from rig import machine, peek, poke, record

__all__ = ["Fault", "attempt", "descriptor", "gate", "machine", "peek", "poke", "protected", "put_descriptor",
           "put_gate", "real", "record", "selectors", "stack"]

GDT, LDT_BASE, IDT, TSS_BASE, TSS2_BASE, TSS16_BASE = 0x1000, 0x2000, 0x3000, 0x4000, 0x5000, 0x6000
STACK0, STACK3 = 0x10000, 0x20000

# Selectors of the tables below
CODE0, DATA0, CODE3, DATA3, CONFORMING0, READ3, CODE16, STACK16 = 0x08, 0x10, 0x1B, 0x23, 0x28, 0x33, 0x38, 0x40
LDT_SEL, TSS_SEL, TSS2_SEL, TSS16_SEL = 0x48, 0x50, 0x58, 0x60
ABSENT3, ABSENT_CODE, DOWN0, CODE3X = 0x6B, 0x70, 0x78, 0x83
FREE = 0x100  # from here on unused entries


def descriptor(base, limit, attr):
    """The 64 bits of a descriptor; attr as in Segment.attr (limit in units of G)."""
    return (limit & 0xFFFF | (base & 0xFFFFFF) << 16 | (attr & 0xFF) << 40 | (limit >> 16 & 15) << 48
            | (attr >> 12 & 15) << 52 | (base >> 24) << 56)


def gate(sel, offset, attr, count=0):
    """The 64 bits of a gate."""
    return offset & 0xFFFF | sel << 16 | count << 32 | attr << 40 | (offset >> 16) << 48


def put_descriptor(cpu, sel, base, limit, attr):
    poke(cpu, (LDT_BASE if sel & 4 else GDT) + (sel & 0xFFF8), descriptor(base, limit, attr), 8)


def put_gate(cpu, vector, sel, offset, attr):
    poke(cpu, IDT + 8 * vector, gate(sel, offset, attr), 8)


def _load(cpu, seg, sel):
    at = GDT + (sel & 0xFFF8)
    set_segment(cpu, seg, sel, peek(cpu, at), peek(cpu, at + 4))


def _checked(cpu):
    cpu.seg[:] = [checked(Segment)() for _ in range(8)]


def real():
    """A processor after reset, in real mode with CS at 0 and a stack at 0x8000."""
    cpu = machine()
    _checked(cpu)
    cpu.model = 3
    reset_cpu(cpu)
    cpu.seg[CS].sel, cpu.seg[CS].base = 0, 0
    cpu.gpr[4] = 0x8000
    return cpu


def protected(cpl=0):
    """A processor in protected mode with flat segments of one level."""
    cpu = real()
    cpu.cr0 = 0x11
    for sel, base, limit, attr in (
            (CODE0, 0, 0xFFFFF, 0xC09B), (DATA0, 0, 0xFFFFF, 0xC093), (CODE3, 0, 0xFFFFF, 0xC0FB),
            (DATA3, 0, 0xFFFFF, 0xC0F3), (CONFORMING0, 0, 0xFFFFF, 0xC09F), (READ3, 0, 0xFFFFF, 0xC0F1),
            (CODE16, 0, 0xFFFF, 0x009B), (STACK16, 0, 0xFFFF, 0x0093), (LDT_SEL, LDT_BASE, 0x7F, 0x82),
            (TSS_SEL, TSS_BASE, 0x67, 0x8B), (TSS2_SEL, TSS2_BASE, 0x67, 0x89), (TSS16_SEL, TSS16_BASE, 0x2B, 0x81),
            (ABSENT3, 0, 0xFFFF, 0x4073), (ABSENT_CODE, 0, 0xFFFF, 0x401B), (DOWN0, 0, 0xF, 0xC097),
            (CODE3X, 0, 0xFFFF, 0x40F9)):
        put_descriptor(cpu, sel, base, limit, attr)
    cpu.gdt_base, cpu.gdt_limit = GDT, 0x3FF
    cpu.idt_base, cpu.idt_limit = IDT, 0x7FF
    code, data, top = (CODE3, DATA3, STACK3) if cpl == 3 else (CODE0, DATA0, STACK0)
    _load(cpu, CS, code)
    for seg in (SS, DS, ES):
        _load(cpu, seg, data)
    for seg in (FS, GS, LDTR):
        set_null(cpu, seg, 0)
    _load(cpu, TR, TSS_SEL)
    cpu.cpl = cpl
    cpu.gpr[4] = top
    cpu.eip = 0x100
    poke(cpu, TSS_BASE + 4, STACK0)
    poke(cpu, TSS_BASE + 8, DATA0)
    poke(cpu, TSS_BASE + 0x66, 0x68, 2)
    update_mode(cpu)
    return cpu


def attempt(function, *args):
    """What a call comes to: None, or (vector, error) of the fault."""
    try:
        function(*args)
    except Fault as fault:
        return fault.vector, fault.error
    return None


def selectors(cpu):
    """ES CS SS DS FS GS LDTR TR."""
    return [s.sel for s in cpu.seg]


def stack(cpu, count, size=4):
    """The top words of the stack, the last pushed first."""
    mask = 0xFFFFFFFF if cpu.seg[SS].attr & 0x4000 else 0xFFFF
    top = cpu.seg[SS].base + (cpu.gpr[4] & mask)
    return [peek(cpu, top + n * size, size) for n in range(count)]
