"""Tests of real mode made ready to run: a row of words each (RealTest of native/vectors.h), and the data that the rows point to.

``read`` has a file's tests taken apart by native/sst.c where the native engine is built, else by the readers of sst.py."""

import struct
from array import array
from functools import cache

from emu.cpu.state import CR0_ET

from .shape import PREFIX_BITS, key_of
from .sst import NUMBER, REGISTERS, REGS, Moo

SEG = tuple(NUMBER[n] for n in ("es", "cs", "ss", "ds", "fs", "gs"))
CR0, CR3, EIP, EFLAGS, DR6, DR7, SS, ESP = (NUMBER[n] for n in ("cr0", "cr3", "eip", "eflags", "dr6", "dr7", "ss", "esp"))
WIDE_MASK = {CR0: 0xF, CR3: 0xFFFFF000, DR6: 0xE00F, DR7: 0xFFFF03FF}
DR6_FIXED, DR7_FIXED, EFLAGS_FIXED, CR0_KEPT = 0xFFFF0FF0, 0x400, 2, 0xE
RUNAWAY, REPEATS = 200_000, 0x20001   # instructions: until HLT, and of a repeated string instruction
NONE = ALL = 0xFFFFFFFF
# a row: registers before, after, their bits that count, then these
BEFORE, AFTER, MASK, FLAGS_AT, FLAGS_MASK, LIMIT, HALTS, RAM_BEFORE_AT, RAM_BEFORE, RAM_AFTER_AT, RAM_AFTER, ROW = (0, 20, 40, *range(60, 69))
HEAD = struct.Struct("=11I")    # SstTest of native/vectors.h
NAME_SIZE = 8
DAMAGED = struct.error, KeyError, IndexError, ValueError, TypeError, AttributeError


class Rules:
    """What all tests of a processor have in common: bits that they begin with, bits that count, and where they end."""

    def __init__(self, processor):
        word = ALL if processor.wide else 0xFFFF
        self.mask, self.before_and, self.before_or = [word] * 20, [ALL] * 20, [0] * 20
        for n in SEG:
            self.mask[n] = 0xFFFF
        for n, bits in WIDE_MASK.items():
            self.mask[n] = bits if processor.wide else 0
        self.mask[EFLAGS] = processor.flags
        for n, kept, fixed in ((CR0, CR0_KEPT, CR0_ET), (EFLAGS, processor.flags, EFLAGS_FIXED), (DR6, WIDE_MASK[DR6], DR6_FIXED),
                               (DR7, WIDE_MASK[DR7], DR7_FIXED)):
            self.before_and[n], self.before_or[n] = kept, fixed
        self.limit, self.halts = RUNAWAY if processor.halts else 1, processor.halts


class Tests:
    """``heads`` are of each test: (place in the file, is it damaged?, place and size of the code, place and size of the hash, exception
    or NONE, prefixes, opcode and ModRM (shape.py), CR0); ``words`` holds the rows."""

    def __init__(self, heads, words, data, binary_hash, native=None):
        self.heads, self.words, self.data, self.binary_hash, self.native = heads, words, data, binary_hash, native

    def row(self, n):
        """The words of a test."""
        return self.words[ROW * n:ROW * n + ROW].tolist()

    def ram(self, row):
        """Memory before and after, 5 bytes a byte."""
        return [self.data[row[at]:row[at] + 5 * row[count]] for at, count in ((RAM_BEFORE_AT, RAM_BEFORE), (RAM_AFTER_AT, RAM_AFTER))]

    def hash(self, at, size):
        """A hash in hex."""
        found = self.data[at:at + size]
        return found.hex() if self.binary_hash else found.decode("latin-1").lower()


class View:
    """A test as sst.Test has it, its parts taken from the row when they are asked for."""

    def __init__(self, tests, n, code, exception):
        self._tests, self._n, self.code, self.exception = tests, n, code, None if exception == NONE else exception

    def __getattr__(self, name):
        row = self._tests.row(self._n)
        self.before, self.after = row[:20], row[20:40]
        self.ram_before, self.ram_after = self._tests.ram(row)
        return self.__dict__[name]


def read(file, select, rules):
    """Tests of a file: those that ``select`` takes of the list of their places."""
    library = _library()
    if library is not None and isinstance(file, Moo):
        return _read_moo(*library, file, select(file.places()), rules)
    found = _read_json(*library, file, select, rules) if library is not None else None
    return found or read_in_python(file, select(file.places()), rules)


@cache
def _library():
    """(ffi, lib) of the native engine, or None."""
    try:
        from emu import _native
    except ImportError:
        return None
    return _native.ffi, _native.lib


# -- in C --------------------------------------------------------------------------------------------------------

def _c_rules(ffi, rules, file):
    c = ffi.new("SstRules *")
    c.before_and, c.before_or, c.mask = rules.before_and, rules.before_or, rules.mask
    c.file_mask = [file.masks.get(n, ALL) for n in range(len(REGISTERS))]
    c.limit, c.until_halt = rules.limit, rules.halts
    for prefix, bit in PREFIX_BITS.items():
        c.prefix_bit[prefix] = bit
    c.regs16 = list(REGS)
    names = ffi.new("u8[]", b"".join(bytes([n]) + name.encode().ljust(NAME_SIZE - 1, b"\0") for name, n in NUMBER.items()))
    c.name_count, c.names = len(NUMBER), names
    return c, names


def _arrays(ffi, count):
    heads, rows = ffi.new("SstTest[]", max(count, 1)), ffi.new("RealTest[]", max(count, 1))
    assert ffi.sizeof("SstTest") == HEAD.size and ffi.sizeof("RealTest") == 4 * ROW
    return heads, rows


def _tests(ffi, heads, rows, data, count, binary_hash):
    return Tests(list(HEAD.iter_unpack(ffi.buffer(heads, HEAD.size * count))), memoryview(ffi.buffer(rows, 4 * ROW * count)).cast("B").cast("I"),
                 data, binary_hash, rows)


def _read_moo(ffi, lib, file, places, rules):
    c, _keep = _c_rules(ffi, rules, file)
    heads, rows = _arrays(ffi, len(places))
    lib.emu_read_moo(c, ffi.from_buffer("u8[]", file.data), ffi.new("u32[]", [n for place in places for n in place]), len(places), heads, rows)
    return _tests(ffi, heads, rows, file.data, len(places), True)


def _read_json(ffi, lib, file, select, rules):
    """None where the C reader does not understand the file."""
    c, _keep = _c_rules(ffi, rules, file)
    room = file.data.count(b'"initial"')
    heads, rows = _arrays(ffi, room)
    out = bytearray(len(file.data))
    count = lib.emu_read_json(c, ffi.from_buffer("u8[]", file.data), len(file.data), room, ffi.from_buffer("u8[]", out), heads, rows)
    if count == NONE:
        return None
    found = _tests(ffi, heads, rows, bytes(out), count, False)
    chosen = [start for start, _ in select([(n, n + 1) for n in range(count)])]
    if len(chosen) != count:
        few = ffi.new("RealTest[]", max(len(chosen), 1))
        words = memoryview(ffi.buffer(few)).cast("B").cast("I")
        for to, n in enumerate(chosen):
            words[ROW * to:ROW * to + ROW] = found.words[ROW * n:ROW * n + ROW]
        found = Tests([found.heads[n] for n in chosen], words, found.data, False, few)
    return found


# -- in Python ---------------------------------------------------------------------------------------------------

def read_in_python(file, places, rules):
    """The same by the readers of sst.py."""
    heads, words, data = [], array("I"), bytearray()

    def keep(piece):
        data.extend(piece)
        return len(data) - len(piece), len(piece)

    for place in places:
        row = [0] * ROW
        try:
            test = file.test(*place)
            mask = [test.mask.get(n, ALL) & rules.mask[n] for n in range(20)]
            before = [test.before[n] & rules.before_and[n] | rules.before_or[n] for n in range(20)]
            ram = [n for list_ in (test.ram_before, test.ram_after) for at, size in (keep(list_),) for n in (at, size // 5)]
            row = [*before, *test.after, *mask, NONE, 0, rules.limit, int(rules.halts), *ram]
            exception = NONE if test.exception is None else test.exception
            bits, opcode, modrm = key_of(test.code)
            heads.append((place[0], 0, *keep(test.code), *keep(test.hash.encode()), exception, bits, NONE if opcode is None else opcode, modrm,
                          test.before[CR0]))
            words.extend(row)
        except (*DAMAGED, OverflowError):
            del heads[len(words) // ROW:]
            heads.append((place[0], 1, *[0] * 9))
            words.extend([0] * ROW)
    return Tests(heads, words, bytes(data), False)
