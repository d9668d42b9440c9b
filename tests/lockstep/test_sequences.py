"""What native/sequences.txt makes one step, on both engines: each sequence with registers as it wants them, and with others."""

import random
import struct
from collections import defaultdict
from itertools import product

import pytest

from emu.cpu.disassemble import Disassembler
from emu.cpu.forms import GOTO, tables
from emu.cpu.state import MODE_FLAT
from emu.suites.stream_world import CODE_SIZE, DATA, DATA_SIZE, MODES, prepare
from native.sequences import FIELDS, FILE

pytestmark = pytest.mark.native
SLOT = 0x80
REGISTERS = 0, 1, 2, 3, 5, 6, 7             # not ESP
JUMP_ON = b"\xeb\x00"                       # begins a trace
FLAT = next(m for m in MODES if m.name == "flat")
OPCODES = [bytes((*prefix, *op)) for prefix in (b"", b"\x66") for op in [(n,) for n in range(256)] + [(0x0F, n) for n in range(256)]]
INDEXES = 0x04, 0x0C, 0x41, 0x8E, 0xD3, 0x1D, 0x6F, 0xBA, 0xF0, 0x37, 0xDF, 0x55, 0x9B  # SIB bytes, of bases and indexes in turn


def lines():
    """[(handler, letters), …] of all that do not jump to just anywhere."""
    away = {f"op_{h.name}" for h in tables().handlers if h.kind == GOTO}
    all_ = [[word.partition(":")[::2] for word in line.split()] for line in FILE.read_text().splitlines() if line[0] != "#"]
    return [line for line in all_ if line[-1][0] not in away]


@pytest.fixture(scope="module")
def encodings():
    """{handler: {its four registers: instructions}}, of those that the sequences name."""
    wanted = {name for line in lines() for name, _ in line}
    names = [f"op_{h.name}" for h in tables().handlers]
    decoder, found = Disassembler(), defaultdict(lambda: defaultdict(list))
    decoder.mode |= MODE_FLAT
    place = struct.pack("<I", DATA + 0x40)
    for opcode, modrm in product(OPCODES, range(256)):
        indexes = INDEXES if modrm & 0xC7 == 0x84 else (0,)
        if modrm < 0xC0 and modrm & 0xC7 != 5 and modrm >> 6 != 2:
            continue                        # memory is where a displacement of 32 bits says
        for index in indexes:
            code = opcode + bytes((modrm,)) + (bytes((index,)) if len(indexes) > 1 else b"") + place + bytes(8)
            r, handler = decoder.decode(code)
            if names[handler] in wanted:
                code = code[:r.len]
                if code not in (short := found[names[handler]][r.rm, r.reg, r.base, r.idx]):
                    short.append(code)
    return found


def example(line, fields, encodings, rng, few):
    """Instructions that a line stands for, or None.  ``few``: that it would stand for if letters were not different registers."""
    for _ in range(60):
        some = rng.choices(rng.sample(REGISTERS, 2), k=7) if few else rng.sample(REGISTERS, 7)
        letters = dict(zip("abcdefg", some))
        code = b""
        for name, own in line:
            wanted = {FIELDS.index(f): letters.get(c, 8) for f, c in zip(fields[name], own)}
            fit = [c for registers, codes in encodings[name].items() if all(registers[n] == v for n, v in wanted.items()) for c in codes]
            if not fit:
                break
            code += rng.choice(fit)
        else:
            return code
    return None


def slot(code, rng):
    """Registers and flags, then the instructions, in a trace of their own."""
    begin = bytes((0xB4, rng.getrandbits(8), 0x9E))  # MOV AH; SAHF
    for register in REGISTERS:
        begin += struct.pack("<BI", 0xB8 + register, rng.choice((rng.randrange(DATA_SIZE // 32), 0, 1, 31, 0x80)))
    return (begin + JUMP_ON + code + JUMP_ON).ljust(SLOT, b"\x90")


@pytest.mark.slow
def test_sequences(pair, encodings):
    from native.generate import Generator
    generator = Generator()
    fields = {name: generator.sequences.fields(key) for name, key in generator.by_name.items()}
    rng = random.Random("sequences")
    codes = [(example(line, fields, encodings, rng, few), line) for line in lines() for few in (False, True)]
    made = [(code, line) for code, line in codes if code and len(code) < SLOT - 45]
    assert len(made) > 0.9 * len(codes), [line for code, line in codes if not code][:20]
    per_page = CODE_SIZE // SLOT
    for start in range(0, len(made), per_page):
        some = made[start:start + per_page]
        code = b"".join(slot(c, rng) for c, _ in some).ljust(CODE_SIZE, b"\x90")
        prepare(pair.wanted, FLAT, code + b"\xe9" + struct.pack("<i", -CODE_SIZE - 5), rng)
        pair.events = {}
        done, found = pair.compare(pair.wanted.save(), 12_000, 97, longest=400)
        assert found is None, str(found)
        assert done > 1_000         # what goes astray may end it
