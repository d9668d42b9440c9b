"""Page walks done again.  CR3 is loaded all the time, or entries are invalidated, on both engines, while the tables stay as they are, are changed, are
others, or mean something else; both TLBs have to hold the same after every access (native/walks.h)."""

import random
import struct

import pytest

from emu.suites.stream_world import (ALIAS, CODE, CODE_SIZE, DATA, DIRECTORY, HANDLERS, MODES, TABLES, page_table_entry,
                                     prepare)

pytestmark = pytest.mark.native
BLOCK = 0x40  # a fault goes on in the next block
OTHER_DIRECTORY, OTHER_TABLE = 0x50000, 0x51000
FAR = 0x1000000  # the same memory a third time: the same entries of the TLB
RELOAD = 0x30  # an interrupt that loads CR3
CR3 = DIRECTORY, DIRECTORY | 0x18, OTHER_DIRECTORY
# MOV to and from a register, ADD, CMP, XCHG, PUSH, POP, FLD and FSTP of 64 bits, with a 32-bit address
ACCESSES = "8915 8b15 8815 8a15 668915 668b15 0115 0315 3915 8715 ff35 8f05 dd05 dd1d".split()
CONTROL = ((0, 16), (0, 16), (4, 7), (4, 4), (0, 31))  # CR0.WP, CR4.PGE, CR4.PSE, CR0.PG


def load_cr3(value):
    """PUSH EAX; MOV EAX,value; MOV CR3,EAX; POP EAX."""
    return b"\x50\xb8" + struct.pack("<I", value) + b"\x0f\x22\xd8\x58"


def toggle(register, bit):
    """Change a bit of a control register: paging off only for a moment."""
    number = 0xC0 | register << 3
    once = bytes((0x0F, 0xBA, 0xF8, bit, 0x0F, 0x22, number))
    return bytes((0x50, 0x0F, 0x20, number)) + once * (2 if bit == 31 else 1) + b"\x58"


def set_word(at, value):
    return b"\xc7\x05" + struct.pack("<II", at, value)


def data_page(rng):
    return DATA + 0x1000 * rng.randrange(6)


def change_tables(mode, rng):
    """A change of an entry: often only of its accessed and dirty bits, or to what it is."""
    if rng.random() < 0.2:
        at = rng.choice((DIRECTORY, OTHER_DIRECTORY)) + 4 * rng.choice((1, 4))
        return set_word(at, rng.choice((TABLES, TABLES, OTHER_TABLE)) | rng.choice((7, 7, 7, 0x27, 0x27, 5, 3, 6, 0x80 | 7)))
    page = data_page(rng)
    at = rng.choice((page_table_entry(mode, page), OTHER_TABLE + (page >> 10)))
    if rng.random() < 0.3:  # AND dword [at], ~(A | D)
        return b"\x83\x25" + struct.pack("<IB", at, 0x9F)
    frame = page if rng.random() < 0.7 else data_page(rng)
    return set_word(at, frame | rng.choice((7, 7, 0x27, 0x67, 0x67, 5, 0x25, 3, 6, 0x167)))


def operation(mode, rng):
    kind = rng.randrange(20)
    if kind < 11:
        address = rng.choice((0, ALIAS, ALIAS, FAR)) + data_page(rng) + rng.choice((0, 0x10, 0x123, 0xFFC, 0xFFE, 0xFFF))
        return bytes.fromhex(rng.choice(ACCESSES)) + struct.pack("<I", address)
    if kind < 16:
        return load_cr3(rng.choice(CR3)) if mode.cpl == 0 and rng.random() < 0.3 else bytes((0xCD, RELOAD))
    if kind < 18:
        return change_tables(mode, rng)
    if mode.cpl == 0:
        return toggle(*rng.choice(CONTROL)) if rng.random() < 0.5 else b"\x0f\x01\x3d" + struct.pack("<I", ALIAS + data_page(rng))
    return b"\x42"  # INC EDX


def program(mode, rng):
    """Blocks of operations, round and round."""
    code = bytearray(b"\x90" * CODE_SIZE)
    for at in range(0, CODE_SIZE, BLOCK):
        block = bytearray()
        while len(block) < BLOCK - 24:
            block += operation(mode, rng)
        code[at:at + len(block)] = block
    code[CODE_SIZE - 5:] = b"\xe9" + struct.pack("<i", -CODE_SIZE)
    return bytes(code)


def put(memory, at, data):
    memory.backing[at:at + len(data)] = data


def compare(pair, mode, seed, instructions):
    rng = random.Random(f"walks {mode} {seed}")
    prepare(pair.wanted, mode, program(mode, rng), rng)
    memory = pair.wanted._memory
    put(memory, OTHER_TABLE, bytes(memory.backing[TABLES:TABLES + 0x1000]))
    put(memory, DIRECTORY + 4 * (FAR >> 22), struct.pack("<I", TABLES | 7))
    put(memory, OTHER_DIRECTORY, bytes(memory.backing[DIRECTORY:DIRECTORY + 0x1000]))
    put(memory, OTHER_DIRECTORY + 4 * (ALIAS >> 22), struct.pack("<I", OTHER_TABLE | 7))
    at = HANDLERS + 0x80 * RELOAD  # PUSH EAX; MOV EAX,CR3; MOV CR3,EAX; POP EAX; IRET
    put(memory, at, b"\x50\x0f\x20\xd8\x0f\x22\xd8\x58\xcf")
    pair.events = {}
    done, found = pair.compare(pair.wanted.save(), instructions, 200, seed=seed, longest=300)
    assert found is None, f"{mode} seed {seed}:\n{found}"
    return done  # fewer where a program shut the machine down


CHOSEN = [mode for mode in MODES if mode.name in ("flat-paged", "flat-paged-wp", "user", "user-io")]


@pytest.mark.parametrize("mode", CHOSEN, ids=str)
def test_walks(pair, mode):
    assert sum(compare(pair, mode, seed, 6_000) for seed in range(3)) > 9_000


@pytest.mark.parametrize("mode", CHOSEN[:1], ids=str)
def test_code_in_between(pair, mode):
    """A page is walked to for writes, then holds code; writes after the next load of CR3 have to find that code."""
    again = load_cr3(DIRECTORY)
    code = (set_word(DATA + 0x100, 1) + again) * 3
    code += b"\xc6\x05" + struct.pack("<IB", DATA + 5, 0xC3)  # MOV EDX,constant; RET
    for n in range(4):
        code += set_word(DATA, 0xBA | n << 8)
        call = b"\xe8" + struct.pack("<i", DATA - CODE - len(code) - 5)
        code += call + b"\x01\xd3" + again  # ADD EBX,EDX
    code += b"\xe9" + struct.pack("<i", -len(code) - 5)
    prepare(pair.wanted, mode, code, random.Random(0))
    pair.events = {}
    done, found = pair.compare(pair.wanted.save(), 2_000, 100, longest=300)
    assert (done, found) == (2_000, None)


@pytest.mark.slow
@pytest.mark.parametrize("mode", CHOSEN, ids=str)
def test_many_walks(pair, mode):
    assert sum(compare(pair, mode, seed, 20_000) for seed in range(3, 20)) > 100_000
