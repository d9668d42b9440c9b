"""What tests of older processors say about a P6: registers and bits that count, and tests that cannot hold, with the reason."""

from dataclasses import dataclass

from emu.cpu.state import AF, CF, DF, GP, IF, IOPL, NT, OF, PF, SF, TF, VM, ZF

from .shape import LOCK, REP, REPNE, STRING_OPCODES
from .sst import NUMBER

ARITHMETIC = CF | PF | AF | ZF | SF | OF
FLAG_BITS = {"CF": CF, "PF": PF, "AF": AF, "ZF": ZF, "SF": SF, "OF": OF}
FLAGS_8086 = ARITHMETIC | TF | IF | DF
FLAGS_80386 = FLAGS_8086 | IOPL | NT | VM
OTHER_SEGMENTS = {0x26, 0x2E, 0x3E}
STACK_OPCODES = {0x06, 0x07, 0x0E, 0x16, 0x17, 0x1E, 0x1F, *range(0x50, 0x62), 0x68, 0x6A, 0x8F, 0x9A, 0x9C, 0x9D, 0xC2, 0xC3, 0xC8, 0xC9,
                 0xCA, 0xCB, 0xCC, 0xCD, 0xCE, 0xCF, 0xE8}
MAX_80286 = 10   # bytes of the longest instruction


def _count(shape, test):
    """A shift's or rotate's count."""
    if shape.opcode in (0xD2, 0xD3):
        return test.before[NUMBER["ecx"]] & 0xFF
    return test.code[-2] if shape.opcode in (0xC0, 0xC1) else 1


# Reasons.  Each takes (shape, the instruction's Encoding or None), or the test as well, and says whether the test is left out.

def _lock(shape, encoding):
    return LOCK in shape.prefixes and (encoding is None or "lock" not in encoding.attributes or encoding.modrm and shape.modrm >= 0xC0)


def _loadall(shape, encoding):
    return shape.opcode == 0x0F05


def _too_long_for_a_286(shape, test, encoding):
    return test.exception is not None and len(test.code) - 1 > MAX_80286


def _no_fs_gs(shape, encoding):
    return shape.opcode in (0x8C, 0x8E) and shape.ext > 3


def _string_fault(shape, test, encoding):
    return test.exception == GP and shape.opcode in STRING_OPCODES


def _stack_fault(shape, test, encoding):
    if test.exception != GP:
        return False
    by_bp = shape.modrm < 0xC0 and (shape.modrm & 7 in (2, 3) or shape.modrm & 7 == 6 and shape.modrm >= 0x40)
    operand = encoding is not None and encoding.modrm and shape.modrm < 0xC0 and (
        0x36 in shape.prefixes or by_bp and not shape.prefixes & OTHER_SEGMENTS)
    return operand or shape.opcode in STACK_OPCODES or shape.opcode == 0xFF and shape.ext in (2, 3, 6)


def _not_in_an_8086(shape, encoding):
    return shape.opcode in (0x0F, 0xF1, 0xC0, 0xC1, 0xC8, 0xC9) or shape.opcode is not None and (
        0x60 <= shape.opcode <= 0x6F or 0xD8 <= shape.opcode <= 0xDF or shape.opcode > 0xFF)


def _rep_division(shape, encoding):
    return shape.opcode in (0xF6, 0xF7) and shape.prefixes & {REP, REPNE}


def _undefined_group(shape, encoding):
    return shape.opcode == 0xFE and shape.ext > 1 or shape.opcode == 0xFF and (shape.ext == 7 or shape.ext in (3, 5) and shape.modrm >= 0xC0)


def _push_sp(shape, encoding):
    return shape.opcode == 0x54 or shape.opcode == 0xFF and shape.modrm == 0xF4


def _long_shift(shape, test, encoding):
    return shape.opcode in (0xD2, 0xD3) and _count(shape, test) > 31


def _setmo(shape, encoding):
    return shape.opcode is not None and 0xD0 <= shape.opcode <= 0xD3 and shape.ext == 6


def _divide_error(shape, test, encoding):
    at = test.after[NUMBER["eip"]] | test.after[NUMBER["cs"]] << 16
    ram = test.ram_before
    memory = {int.from_bytes(ram[n:n + 4], "little"): ram[n + 4] for n in range(0, len(ram), 5)}
    vector = sum(memory.get(n, 0x100) << 8 * n for n in range(4))
    return (shape.opcode in (0xF6, 0xF7) and shape.ext in (6, 7) or shape.opcode == 0xD4) and vector == at


def _wraps(shape, test, encoding):
    """Does a word at offset FFFFh take part?  Both halves show: the byte at FFFFh and the one at 0 of a segment that is used."""
    addresses = {int.from_bytes(ram[n:n + 4], "little") for ram in (test.ram_before, test.ram_after) for n in range(0, len(ram), 5)}
    for name in ("cs", "ds", "es", "ss"):
        base = test.before[NUMBER[name]] << 4
        if {base & 0xFFFFF, base + 0xFFFF & 0xFFFFF} <= addresses:
            return True
    return False


@dataclass(frozen=True)
class Processor:
    """How tests of a processor are run.  ``flags`` are the bits of FLAGS that count, ``gate`` whether address bit 20 works, ``halts``
    whether a test ends in HLT (else after one instruction); ``never`` and ``excluded`` are (reason, function) of tests that are
    left out for their instruction alone, and for what they do."""

    name: str
    flags: int
    gate: bool
    halts: bool
    never: tuple
    excluded: tuple

    @property
    def wide(self):
        """Has it 32-bit registers?"""
        return self.name == "80386"

    def no_such(self, shape, encoding):
        """Why no test of an instruction can hold on a P6, or None."""
        return next((reason for reason, applies in self.never if applies(shape, encoding)), None)

    def exclusion(self, shape, test, encoding):
        """Why a test of an instruction that does hold cannot, or None."""
        for reason, applies in self.excluded:
            if applies(shape, test, encoding):
                return reason
        return None


def undefined(shape, flags_mask, encoding):
    """Bits of FLAGS that an instruction leaves undefined; a suite's own mask says it better."""
    if flags_mask is not None:
        return ~flags_mask & 0xFFFF
    return sum(FLAG_BITS[name] for name in encoding.undef) if encoding is not None else 0


def by_count(shape):
    """RCL and RCR: do they define OF only with a count of 1?"""
    return shape.opcode in (0xC0, 0xC1, 0xD2, 0xD3) and shape.ext in (2, 3)


def undefined_by_count(shape, test):
    """What such an instruction leaves undefined besides."""
    return OF if _count(shape, test) & 31 > 1 else 0


NO_LOCK = "LOCK on a form that cannot take it is #UD since the 386", _lock
PROCESSORS = {p.name: p for p in (
    Processor("8086", FLAGS_8086, False, False, (
        ("not an 8086's instruction any more", _not_in_an_8086),
        ("REP changes the sign of a division on an 8086", _rep_division),
        ("an undefined form of FE or FF", _undefined_group),
        ("PUSH SP pushes the new SP on an 8086", _push_sp),
        ("D0 to D3 /6 set all bits on an 8086", _setmo),
        NO_LOCK), (
        ("an 8086 shifts by more than 31", _long_shift),
        ("an 8086 returns from a divide error behind the instruction", _divide_error),
        ("a word at offset FFFFh wraps on an 8086", _wraps))),
    Processor("80286", FLAGS_8086, True, True, (
        NO_LOCK, ("LOADALL", _loadall), ("a 286 has no FS and GS", _no_fs_gs)), (
        ("an instruction of more than 10 bytes is #GP on a 286", _too_long_for_a_286),
        ("a 286 has moved SI, DI and CX when a string instruction faults", _string_fault),
        ("a fault of the stack segment is #GP on a 286, #SS since the 386", _stack_fault))),
    Processor("80386", FLAGS_80386, True, True, (NO_LOCK,), ()),
)}
