"""The disassembler: text of an instruction in Intel's syntax, from the table of encodings and the decoder.

``Disassembler(code32).instruction(bytes, eip)``; ``identify`` gives the line of the table instead.
"""

from .decode import MODRM, MORE, SLOTS, UD_HANDLER, decode
from .forms import MODRM_TABLE, VECTOR_WIDTHS, tables
from .state import MODE_CODE32, MODE_STACK32, NO_REG, REC_ASIZE32, REC_LOCK, REC_MEM, REC_OSIZE32, REC_REP, REC_REPNE, Rec

R32 = ("eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi")
R16 = tuple(name[1:] for name in R32)
R8 = ("al", "cl", "dl", "bl", "ah", "ch", "dh", "bh")
SEGMENTS = ("es", "cs", "ss", "ds", "fs", "gs", "?", "?")
CONDITIONS = ("o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g")
WORDS = {8: "byte", 16: "word", 32: "dword", 48: "fword", 64: "qword", 80: "tbyte", 128: "xmmword"}
SIZES = {"b": 8, "bs": 8, "w": 16, "d": 32, "q": 64, "h": 64, "dq": 128, "ps": 128, "pd": 128, "ss": 32, "sd": 64}
PREFIXES = {0x66: 1, 0xF3: 2, 0xF2: 3}
OTHER_PREFIXES = {0x67, 0xF0, 0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65}
STRINGS = {"MOVS", "CMPS", "STOS", "LODS", "SCAS", "INS", "OUTS"}
# Mnemonics of the table that assemblers write otherwise
WRITTEN = {"CALLF": "call", "JMPF": "jmp", "RETF": "retf", "INT1": "int1", "FENI": "fneni(8087 only)", "FDISI": "fndisi(8087 only)",
           "FSETPM": "fnsetpm(287 only)"}
BY_SIZE = {(name, 32): name.lower() + "d" for name in ("PUSHA", "POPA", "PUSHF", "POPF", "IRET")}


class Disassembler:
    """For code of one size; ``features`` are the CPUID bits of the processor (default: all)."""

    def __init__(self, code32=True, features=0xFFFFFFFF):
        self.code32 = code32
        self.mode = MODE_CODE32 | MODE_STACK32 if code32 else 0
        self.features = features
        self.code, self.code_len = [0] * 32, 0

    def decode(self, code):
        """The record of the instruction at the start of ``code``, and its handler; None if it is cut short."""
        code = bytes(code[:15])
        self.code[:] = code + bytes(32 - len(code))
        self.code_len = len(code)
        r = Rec()
        handler = decode(self, r)
        return None if handler == MORE else (r, handler)

    def entry(self, code):
        """Index of the entry of the decoding tables, and the place of its ModRM byte."""
        osize32, prefix, at = self.code32, 0, 0
        while at < len(code) - 1 and (code[at] in PREFIXES or code[at] in OTHER_PREFIXES):
            if code[at] == 0x66:
                osize32 = not self.code32
                prefix = prefix or 1
            else:
                prefix = PREFIXES.get(code[at], prefix)
            at += 1
        table, op = 0, code[at]
        at += 1
        if op == 0x0F and at < len(code):
            table, op = 2048, code[at]
            at += 1
        entry = SLOTS[table + prefix * 512 + osize32 * 256 + op]
        if entry & MODRM_TABLE:
            entry = MODRM[(entry & 0x7FFF) * 256 + (code[at] if at < len(code) else 0)]
        return entry, at

    def identify(self, code):
        """The encoding (emu/cpu/encodings.py) of the instruction at the start of ``code``, or None: undefined."""
        return tables().entry_line[self.entry(code)[0]] if code else None

    def split(self, code):
        """(text of the instruction at the start of ``code``, its length)."""
        found = self.decode(code)
        if found is None:
            return "(cut short)", len(code)
        return self._text(bytes(code), *found, 0), found[0].len

    def instruction(self, code, eip=0):
        """The text of the instruction at the start of ``code``, which lies at ``eip``."""
        found = self.decode(code)
        return "(cut short)" if found is None else self._text(bytes(code), *found, eip)

    def listing(self, code, eip=0):
        """The texts of all instructions in ``code``, joined."""
        out, at = [], 0
        while at < len(code):
            found = self.decode(code[at:])
            if found is None:
                return "; ".join(out + ["db " + code[at:].hex(" ")])
            out.append(self._text(code[at:], *found, eip + at))
            at += found[0].len
        return "; ".join(out)

    # -- operands --------------------------------------------------------------------------------------------------

    def _text(self, code, r, handler, eip):
        e = self.identify(code)
        if e is None or handler == UD_HANDLER or e.mnemonic == "UD":
            return "(bad)"
        bits = 32 if r.flags & REC_OSIZE32 else 16
        operands = [self._operand(o, e, r, bits, eip) for o in e.operands if o]
        if not e.operands and r.flags & REC_MEM:
            operands = [self._memory(r, self._x87_size(e))]
        if e.mnemonic == "XLAT":
            operands = [self._at(r, 8, SEGMENTS[r.seg], ("ebx", "bx"))]
        if e.function in ("PUSH_sreg", "POP_sreg"):
            operands = [SEGMENTS[e.reg]]
        elif e.mnemonic.startswith("MASKMOV"):
            kind = "xmm" if e.mnemonic == "MASKMOVDQU" else "mm"
            operands = [f"{kind}{r.reg}", f"{kind}{r.rm}"]
        elif e.mnemonic == "SALC":
            operands = []
        elif e.function == "FNSTSW_AX":
            operands = ["ax"]
        text = self._mnemonic(e, r, bits)
        return text + (" " + ",".join(operands) if operands else "")

    @staticmethod
    def _mnemonic(e, r, bits):
        name = e.mnemonic
        if name.endswith("cc"):
            text = name[:-2].lower() + CONDITIONS[r.opcode & 15]
        elif name == "JCXZ":
            text = "jecxz" if r.flags & REC_ASIZE32 else "jcxz"
        else:
            text = BY_SIZE.get((name, bits)) or WRITTEN.get(name, name.lower())
        if name in STRINGS and "raw" in e.attributes:
            compares = name in ("CMPS", "SCAS")
            if r.flags & REC_REP:
                text = ("repe " if compares else "rep ") + text
            elif r.flags & REC_REPNE:
                text = "repne " + text
        return ("lock " if r.flags & REC_LOCK else "") + text

    def _operand(self, o, e, r, bits, eip):
        letter, size = o[0], o[1:]
        width = SIZES.get(size, bits)
        if o in ("AL", "CL", "AX", "DX", "1"):
            return o.lower()
        if o == "eAX":
            return R32[0] if bits == 32 else R16[0]
        if o == "ST0":
            return "st"
        if o == "STi":
            return f"st({r.rm})"
        if o == "Ap":
            return f"0x{r.imm2:x}:0x{r.imm & (1 << bits) - 1:x}"
        if letter == "I":
            if o == "Ib" and e.operands == ("Iw", "Ib"):
                return f"0x{r.imm2:x}"
            if size == "bs":
                return f"0x{r.imm & (1 << (bits if e.width != 8 else 8)) - 1:x}"
            return f"0x{r.imm & (1 << min(width, 32)) - 1:x}"
        if letter == "J":
            return f"0x{eip + r.len + r.imm & (1 << bits) - 1:x}"
        if letter == "O":
            return self._memory(r, width)
        if letter == "X":
            return self._at(r, width, SEGMENTS[r.seg], ("esi", "si"))
        if letter == "Y":
            return self._at(r, width, "es", ("edi", "di"))
        if letter in "EMQW" and r.flags & REC_MEM:
            if e.mnemonic in ("SLDT", "STR", "SMSW"):
                width = 16
            if letter == "M":
                width = {"": 0, "s": 0, "p": bits + 16, "a": 2 * bits}.get(size, width)
            return self._memory(r, width)
        n = r.reg if letter in "GSCDTPV" else r.rm
        if letter == "S":
            return SEGMENTS[n]
        if letter in "CDT" and size == "d":
            return f"{letter.lower()}r{n}"
        if letter in "PQN":
            return f"mm{n}"
        if letter in "VWU":
            return f"xmm{n}"
        return (R8 if width == 8 else R16 if width == 16 else R32)[n]

    @staticmethod
    def _x87_size(e):
        tail = e.function.rpartition("_m")[2]
        if tail.isdigit():
            return int(tail)
        return {"FBLD": 80, "FBSTP": 80, "FLDCW": 16, "FNSTCW": 16, "LDMXCSR": 32, "STMXCSR": 32}.get(e.mnemonic, 0)

    @staticmethod
    def _at(r, width, segment, registers):
        return f"{WORDS[width]} {segment}:[{registers[0 if r.flags & REC_ASIZE32 else 1]}]"

    @staticmethod
    def _memory(r, width):
        """A memory operand; ``width`` 0 if only its address counts."""
        word = WORDS[width] + " " if width else ""
        wide = r.flags & REC_ASIZE32
        names = R32 if wide else R16
        parts = [] if r.base == NO_REG else [names[r.base]]
        if r.idx != NO_REG:
            parts.append(names[r.idx] + (f"*{1 << r.scale}" if wide else ""))
        default = "ss" if r.base in (4, 5) else "ds"
        if not parts:
            return f"{word}{SEGMENTS[r.seg]}:0x{r.disp & (0xFFFFFFFF if wide else 0xFFFF):x}"
        segment = "" if SEGMENTS[r.seg] == default else SEGMENTS[r.seg] + ":"
        disp = r.disp - (r.disp >> 31 << 32)
        text = "+".join(parts) + (f"{'-' if disp < 0 else '+'}0x{abs(disp):x}" if disp else "")
        return f"{word}{segment}[{text}]"


assert set(VECTOR_WIDTHS) <= set(SIZES)
