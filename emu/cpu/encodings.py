"""Reads the encodings tables (notation: docs/cpu.md) and checks that no two lines match the same bytes."""

from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module

from .opcodes import ONE_BYTE, TWO_BYTE

ATTRIBUTES = {"lock", "raw", "ends", "branch", "cpl0", "rep", "o16", "o32", "fpu", "pm", "mod3", "mmx", "sse", "unaligned", "np"}


@dataclass(frozen=True)
class Encoding:
    """One line of the table."""

    line: str
    prefix: int | None      # mandatory 66, F2 or F3
    map: str                # "1" or "0F"
    opcode: int             # first opcode of the line
    count: int              # consecutive opcodes: 8 with +r, 16 with +cc
    plus: str               # what the opcode's low bits are: "r", "cc" or ""
    ext: int | None         # /0 to /7
    modrm: bool
    mem_only: bool
    reg_only: bool
    fixed: int | None       # whole ModRM byte
    fixed_count: int        # consecutive ModRM bytes: 8 with +i
    mnemonic: str
    function: str           # name of the semantic function
    operands: tuple[str, ...]
    attributes: frozenset[str]
    feature: str | None     # cpu=
    reg: int | None         # reg=
    undef: tuple[str, ...]  # flags that may be undefined afterwards

    @property
    def opcodes(self):
        """All opcode bytes of the line."""
        return range(self.opcode, self.opcode + self.count)

    @property
    def width(self):
        """What T is bound to: 8 or 32 bits, or 0 for the operand size."""
        sized = [o for o in self.operands if o[0] in "EGZRMXYO"]
        letters = {o[1:] for o in sized} | {"v" for o in self.operands if o == "eAX"}
        if "v" in letters:
            return 0
        if "b" in letters or "AL" in self.operands:
            return 8
        return 32 if letters == {"d"} else 0

    @property
    def bare(self):
        """Does a prefix 66, F2 or F3 that is not its own make it undefined ("NP" in the manual)?"""
        return not self.attributes.isdisjoint({"np", "mmx", "sse"})

    @cached_property
    def modrms(self):
        """All ModRM bytes of the line, an empty range without ModRM."""
        if not self.modrm:
            return range(0)
        if self.fixed is not None:
            return range(self.fixed, self.fixed + self.fixed_count)
        return [b for b in range(256)
                if (self.ext is None or b >> 3 & 7 == self.ext)
                and not (self.mem_only and b >= 0xC0) and not (self.reg_only and b < 0xC0)]

    @cached_property
    def modrm_mask(self):
        """The same as a set of bits."""
        return sum(1 << b for b in self.modrms)


def parse(line):
    """The Encoding of one line."""
    words = line.split()
    at = 0
    prefix = None
    if words[0] in ("66", "F2", "F3") and _is_opcode(words[1]):
        prefix, at = int(words[0], 16), 1
    table = "1"
    if words[at] == "0F":
        table, at = "0F", at + 1
    word, at = words[at], at + 1
    opcode, count, plus = int(word[:2], 16), 1, ""
    if word.endswith("+r"):
        count, plus = 8, "r"
    elif word.endswith("+cc"):
        count, plus = 16, "cc"
    elif ".." in word:
        count, plus = int(word[4:], 16) - opcode + 1, "r"
    modrm, ext, fixed, fixed_count = False, None, None, 1
    if words[at].startswith("/"):
        modrm, ext = True, None if words[at] == "/r" else int(words[at][1:])
        plus = "" if ".." in word else plus
        at += 1
    elif 0xD8 <= opcode <= 0xDF and table == "1" and _is_opcode(words[at]):
        modrm, fixed, fixed_count = True, int(words[at][:2], 16), 8 if words[at].endswith("+i") else 1
        at += 1
    mem_only, reg_only = words[at] == "m", words[at] == "r"
    at += mem_only or reg_only
    mnemonic, _, function = words[at].partition(":")
    operands, undef, feature, reg, attributes = (), (), None, None, set()
    for word in words[at + 1:]:
        name, _, value = word.partition("=")
        if name == "undef":
            undef = tuple(value.split(","))
        elif name == "cpu":
            feature = value
        elif name == "reg":
            reg = int(value)
        elif name in ATTRIBUTES:
            attributes.add(name)
        elif not operands and not attributes and not value:
            operands = tuple(name.split(","))
        else:
            raise ValueError(f"unknown attribute {word!r} in {line!r}")
    return Encoding(line, prefix, table, opcode, count, plus, ext, modrm, mem_only, reg_only, fixed, fixed_count,
                    mnemonic, function or mnemonic, operands, frozenset(attributes), feature, reg, undef)


def _is_opcode(word):
    return len(word.partition("+")[0]) == 2 and all(c in "0123456789ABCDEF" for c in word[:2])


def parse_table(text):
    """The encodings of a table, in order; empty lines and lines that begin with # are skipped."""
    return [parse(line) for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def check_overlaps(encodings):
    """Raise ValueError if two encodings match the same bytes under the same mandatory prefix and operand size."""
    places = {}
    for e in encodings:
        for size in [s for s in ("o16", "o32") if s in e.attributes] or ["o16", "o32"]:
            for opcode in e.opcodes:
                places.setdefault((e.prefix, e.map, opcode, size), []).append(e)
    for rows in places.values():
        for n, e in enumerate(rows):
            for other in rows[:n]:
                if e.modrm != other.modrm:
                    raise ValueError(f"ModRM in one line only: {e.line!r} and {other.line!r}")
                if not e.modrm or e.modrm_mask & other.modrm_mask:
                    raise ValueError(f"overlap: {e.line!r} and {other.line!r}")


@cache
def encodings():
    """Every encoding of the processor: the tables here and those of the floating-point and vector units."""
    texts = ONE_BYTE, TWO_BYTE, import_module("emu.cpu.fpu.x87").X87, import_module("emu.cpu.vector.table").VECTOR
    found = [e for text in texts for e in parse_table(text)]
    check_overlaps(found)
    return tuple(found)
