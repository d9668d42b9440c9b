"""An instruction taken apart as far as telling the tests of older processors apart needs it: prefixes, opcode, ModRM."""

from emu.cpu.disassemble import OTHER_PREFIXES, PREFIXES

LOCK, REP, REPNE = 0xF0, 0xF3, 0xF2
# what REP repeats
STRING_OPCODES = {0x6C, 0x6D, 0x6E, 0x6F, 0xA4, 0xA5, 0xA6, 0xA7, 0xAA, 0xAB, 0xAC, 0xAD, 0xAE, 0xAF}
REPEATS, LAST_REPEAT = 0x10000, 0x20000     # of the two REP prefixes the last one counts: LAST_REPEAT says that it was REPNE
PREFIX_BITS = {prefix: 1 << n for n, prefix in enumerate(sorted({*PREFIXES, *OTHER_PREFIXES}))}
PREFIX_BITS[REP] |= REPEATS
PREFIX_BITS[REPNE] |= REPEATS | LAST_REPEAT


def key_of(code):
    """(prefixes as bits, opcode or None, ModRM): what native/sst.c finds of a code."""
    at = bits = 0
    while at < len(code) and code[at] in PREFIX_BITS:
        bit = PREFIX_BITS[code[at]]
        if bit & REPEATS:
            bits &= ~LAST_REPEAT
        bits |= bit & ~REPEATS
        at += 1
    opcode = code[at] if at < len(code) else None
    if opcode == 0x0F and at + 1 < len(code):
        at += 1
        opcode = 0x0F00 | code[at]
    return bits, opcode, code[at + 1] if at + 1 < len(code) else 0


class Shape:
    """Prefixes, opcode (0Fxx for two bytes), ModRM if there is one."""

    def __init__(self, key):
        bits, self.opcode, self.modrm = key
        self.prefixes = {prefix for prefix, bit in PREFIX_BITS.items() if bits & bit & REPEATS - 1}
        self.ext = self.modrm >> 3 & 7
        self.repeats = bool(self.prefixes & {REP, REPNE}) and self.opcode in STRING_OPCODES
