"""Page boundaries in code.  Instructions that run over the end of their page, again and again, on both engines: while either part is overwritten, by the program
and from outside, while their second page moves to other memory, and while it is gone."""

import random
import struct

import pytest

from emu.suites.stream_world import CODE, CODE_SIZE, MODES, page_table_entry, prepare

pytestmark = pytest.mark.native
PAGE, BLOCK = 0x1000, 0x40  # a fault goes on in the next block
EDGES = range(PAGE, CODE_SIZE, PAGE)
OTHER = 0x50000  # where the second page may be instead
LEAD = 0x30  # bytes before the edge where a round begins
RELOAD_CR3 = b"\x0f\x20\xd8\x0f\x22\xd8"


def crossing(mode, rng):
    """An instruction of two bytes or more, of which the last may be anything, and how many those are; 0: they stay as they are."""
    word = mode.bits // 8
    register = rng.choice((0, 2, 3, 6))
    kind = rng.randrange(9)
    if kind < 3:  # MOV, ADD to EAX, PUSH of a constant; what is pushed stays
        return bytes((rng.choice((0xB8 | register, 0x05, 0x05)),)) + rng.randbytes(word), word
    if kind < 5:  # the first group
        return bytes((0x81, 0xC0 | rng.randrange(8) << 3 | register)) + rng.randbytes(word), word
    if kind < 6:  # the other operand size, which is another length
        return b"\x66" + bytes((0xB8 | register,)) + rng.randbytes(6 - word), 6 - word
    if kind < 7:  # without an operand: IMUL, BSWAP, ADC
        return rng.choice((b"\x0f\xaf\xc2", b"\x0f\xca", b"\x66\x11\xd0", b"\xf3\x90")), 0
    if kind < 8:  # JZ over nothing
        return b"\x0f\x84" + bytes(word), 0
    return b"\x69\xc2" + rng.randbytes(word), 0


def patch(mode, rng, at):
    """MOV FS:[at], DL, but only where some bits of CL are 0."""
    prefix = b"\x64" if mode.bits == 32 else b"\x64\x67"
    move = prefix + b"\x88\x15" + struct.pack("<I", mode.code_by_fs + at)
    return b"\xf6\xc1" + bytes((rng.choice((1, 3, 7)), 0x75, len(move))) + move


def jump(mode, at, to):
    size = mode.bits // 8
    return b"\xe9" + struct.pack("<i" if size == 4 else "<h", to - at - 1 - size)


def program(mode, rng):
    """A loop over the edges; gives the code and where the bytes are that may be anything."""
    code = bytearray(b"\x90" * CODE_SIZE)
    for at in range(0, CODE_SIZE, BLOCK):  # faults go on at the first edge
        code[at:at + 5] = jump(mode, at, PAGE - LEAD).ljust(5, b"\x90")
    fields = []
    for n, edge in enumerate(EDGES):
        target, free = crossing(mode, rng)
        start = edge - rng.randrange(1, len(target))
        code[edge - LEAD:start] = b"\x90" * (start - edge + LEAD)
        code[edge - LEAD:edge - LEAD + 3] = b"\x83\xc2\x07"  # ADD EDX,7
        code[start:start + len(target)] = target
        fields += [start + len(target) - 1 - i for i in range(free)]
        after = b"\x41" * rng.randrange(2)  # INC ECX
        if fields:
            after += patch(mode, rng, rng.choice(fields))
        if mode.paging and mode.cpl == 0 and rng.random() < 0.5:
            after += b"\x50" + RELOAD_CR3 + b"\x58"
        at = start + len(target)
        after += jump(mode, at + len(after), EDGES[(n + 1) % len(EDGES)] - LEAD)
        code[at:at + len(after)] = after
    return bytes(code), fields


class Outside:
    """A write to an operand, or to the entry of a second page, from outside of the processor."""

    def __init__(self, mode, rng, fields):
        self.at, self.data = CODE + rng.choice(fields or [0]), rng.randbytes(1)
        self.edge = CODE + rng.choice(EDGES) if mode.paging and rng.random() < 0.5 else 0
        self.entry, self.page = page_table_entry(mode, self.edge), rng.choice((self.edge, OTHER, 0))

    def __call__(self, machine):
        memory = machine._memory
        if self.edge:
            memory.write(OTHER, bytes(memory.backing[self.edge:self.edge + PAGE]))
            memory.write(OTHER + 1, self.data)
            memory.write(self.entry, struct.pack("<I", self.page | 7 if self.page else 6))
        else:
            memory.write(self.at, self.data)


def compare(pair, mode, seed, instructions):
    rng = random.Random(f"crossing {mode} {seed}")
    code, fields = program(mode, rng)
    prepare(pair.wanted, mode, code, rng)
    state = pair.wanted.save()
    pair.events = {("cut", n): Outside(mode, rng, fields) for n in range(0, instructions, 2)}
    done, found = pair.compare(state, instructions, 100, seed=seed, longest=300)
    assert found is None, f"{mode} seed {seed}:\n{found}"
    return done  # fewer where a program shut the machine down


@pytest.mark.parametrize("mode", [m for m in MODES if m.name in ("real", "segmented32", "flat", "flat-paged", "user-pae")], ids=str)
def test_crossing(pair, mode):
    assert sum(compare(pair, mode, seed, 4_000) for seed in range(3)) > 6_000


def test_page_twice(pair):
    """A jump from one linear page to the next, which are the same memory, and from there to another."""
    mode = next(m for m in MODES if m.name == "flat-paged")
    code = bytearray(b"\x90" * CODE_SIZE)
    code[:5] = jump(mode, 0, PAGE + 0x10)
    code[3 * PAGE + 0x10:3 * PAGE + 0x15] = jump(mode, 3 * PAGE + 0x10, PAGE + 0x10)
    prepare(pair.wanted, mode, bytes(code), random.Random(0))
    memory = pair.wanted._memory
    memory.write(OTHER + 0x10, b"\x42" + jump(mode, 0x11, PAGE + 0x10))  # INC EDX; JMP
    for page in (PAGE, 2 * PAGE):
        memory.write(page_table_entry(mode, CODE + page), struct.pack("<I", OTHER | 7))
    pair.events = {}
    done, found = pair.compare(pair.wanted.save(), 3_000, 100, longest=300)
    assert (done, found) == (3_000, None)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES, ids=str)
def test_much_crossing(pair, mode):
    assert sum(compare(pair, mode, seed, 10_000) for seed in range(3, 20)) > 50_000
