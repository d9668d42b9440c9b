"""The VGA's window in both engines: accesses of every width, across pages and ends of its maps, in random states of the registers.
The Python engine makes blocks from the third jump to a place on, and each step is jumped to."""

import random
import struct

import pytest

from emu.suites.stream_world import MODES, prepare

pytestmark = pytest.mark.native
SLOT, BLOCKS = 0x40, 50  # a fault goes on in the next one
EAX, ECX, EDX, ESI, EDI = 0, 1, 2, 6, 7
OTHER_SIZE, NOP, REP, JUMP_NEXT = 0x66, 0x90, 0xF3, b"\xeb\x00"
SEGMENTS = 0xA000, 0xA800, 0xB000, 0xB800, 0x9FFF, 0xBFF0
GRAPHICS, SEQUENCER = 0x3CE, 0x3C4
# (index port, register): values that are likely
REGISTERS = {(GRAPHICS, 0): (0, 5, 15), (GRAPHICS, 1): (0, 15, 6), (GRAPHICS, 3): (0, 3, 8, 0x10, 0x18),
             (GRAPHICS, 4): (0, 1, 2, 3), (GRAPHICS, 5): (0, 0, 1, 2, 3, 8, 0x10, 0x40), (GRAPHICS, 6): (1, 5, 5, 9, 13, 14, 2),
             (GRAPHICS, 7): (15, 9), (GRAPHICS, 8): (0xFF, 0x55), (SEQUENCER, 2): (15, 15, 3, 4), (SEQUENCER, 4): (2, 6, 6, 14, 14)}
# With [DI] or [EDI], to be read and written: MOV, ADD, XOR, XCHG, INC, CMP, FLD and FSTP m64, PUSH and POP, MOV and OR of a constant
OPERATIONS = (b"\x88\x05", b"\x88\x25", b"\x89\x05", b"\x8a\x05", b"\x8a\x2d", b"\x8b\x0d", b"\x01\x05", b"\x30\x05", b"\x87\x05",
              b"\xfe\x05", b"\xff\x05", b"\x39\x05", b"\xdd\x05", b"\xdd\x1d", b"\xff\x35", b"\x8f\x05", b"\xc6\x05", b"\x80\x0d")
IMMEDIATE = (0xC6, 0x80)
STRINGS = b"\xaa\xab\xa4\xa5\xac\xad\xa6\xae"


@pytest.fixture(scope="module")
def pair(pair):
    pair.wanted.parts.engine.hot = 3
    return pair


def load(mode, register, value):
    """MOV of 32 bits."""
    return (b"" if mode.bits == 32 else bytes((OTHER_SIZE,))) + struct.pack("<BI", 0xB8 + register, value)


def segments(rng):
    """MOV AX and MOV DS or ES."""
    return struct.pack("<BHBB", 0xB8, rng.choice(SEGMENTS), 0x8E, 0xC0 | rng.choice((0, 3)) << 3)


def place(mode, rng):
    near = rng.choice((0, 0x1000, 0x8000, 0x10000, 0x18000, 0x20000, rng.randrange(0x20000))) + rng.randrange(-9, 9)
    return 0xA0000 + near if mode.kind == "flat" else near & 0xFFFF


def step(mode, rng):
    """A register's change, or an access with what it needs."""
    if rng.randrange(4) == 0:
        (port, index), values = rng.choice(list(REGISTERS.items()))
        out = b"\xef" if mode.bits == 16 else b"\x66\xef"
        return load(mode, EDX, port) + load(mode, EAX, index | rng.choice(values) << 8) + out
    code = segments(rng) if mode.kind == "real" else b""
    code += load(mode, EAX, rng.getrandbits(32)) + load(mode, EDI, place(mode, rng))
    if rng.randrange(4) == 0:
        code += load(mode, ESI, place(mode, rng)) + load(mode, ECX, rng.choice((1, 3, 3, 40)))
        code += bytes((rng.choice((0xFC, 0xFC, 0xFD)), REP, rng.choice(STRINGS)))
    else:
        for operation in rng.sample(OPERATIONS, 3):
            if rng.randrange(3) == 0 and operation[0] < 0xD0:
                code += bytes((OTHER_SIZE,))
            modrm = operation[1] if mode.bits == 16 else operation[1] & 0x38 | 7  # [DI] or [EDI]
            code += bytes((operation[0], modrm)) + rng.randbytes(operation[0] in IMMEDIATE)
    return code


def block(mode, rng):
    code = step(mode, rng) + JUMP_NEXT
    assert len(code) <= SLOT
    return code[:-2].ljust(SLOT - 2, bytes((NOP,))) + JUMP_NEXT


@pytest.mark.parametrize("mode", [m for m in MODES if m.name in ("real", "flat")], ids=str)
def test_window(pair, mode, monkeypatch):
    pages, stored = pair.wanted.parts.engine.pages, []
    window_store = pages.window_store
    monkeypatch.setattr(pages, "window_store", lambda *arguments: stored.append(window_store(*arguments)) or stored[-1])
    rng = random.Random(f"window {mode}")
    size = 5 if mode.bits == 32 else 3
    code = b"".join(block(mode, rng) for _ in range(BLOCKS))
    prepare(pair.wanted, mode, code + b"\xe9" + struct.pack("<i" if size == 5 else "<h", -len(code) - size), rng)
    for port, value in [(0x3C2, 3)] + [write for (port, index), values in REGISTERS.items() for write in ((port, index), (port + 1, values[0]))]:
        pair.wanted._vga.write(port, value)
    video = memoryview(pair.wanted._memory.backing)[pair.wanted._vram_at:][:0x40000]
    video[:] = before = rng.randbytes(len(video))
    state = pair.wanted.save()
    pair.events = {}
    done, found = pair.compare(state, 14_000, 200, longest=3000)
    assert found is None, str(found)
    assert done == 14_000
    assert stored.count(False) > 20  # by blocks
    assert sum(map(int.__ne__, before, video)) > 100
