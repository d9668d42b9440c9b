"""Programs that write operands of their own instructions, over and over, on both engines: every form with an immediate or a displacement,
from the trace itself and from others, through another address of the page, by strings and pushes and from outside, whole operands and
parts of them and what lies beside."""

import random
import struct

import pytest

from emu.cpu.state import EBX, ECX, EDI, ESI, ESP
from emu.suites.stream_code import Stream
from emu.suites.stream_world import ALIAS, CODE, CODE_SIZE, MODES, prepare

pytestmark = pytest.mark.native
ROUND, ROUNDS = 0x100, 12  # bytes of a loop, and how often it is run before the next
REGISTERS = 0, 1, 2, 5, 6, 7  # those that instructions change: EBX points into the data


class Patches(Stream):
    """A stream in which most instructions are written to by others."""

    def __init__(self, mode, rng):
        super().__init__(mode, rng)
        self.fields = []  # of the instructions so far: place and size

    def _next(self, at):
        rng = self.rng
        before = b"\xeb\x00" if rng.random() < 0.2 else b""  # a trace of its own
        target, fields = self.target()
        field, size = rng.choice(fields)
        state = rng.getstate()
        patch = len(self.patch(0, size))
        rng.setstate(state)
        start = at + patch + len(before)
        if rng.random() < 0.7 or not self.fields:
            rng.setstate(state)
            out = self.patch(start + field, size) + before + target
        else:
            out = self.patch(*rng.choice(self.fields[-9:])) + before
            start = at + len(out)
            out += target
        self.fields += [(start + place, n) for place, n in fields]
        return out

    def target(self):
        """An instruction, and place and size of its operands."""
        rng = self.rng
        osize = asize = self.mode.bits
        prefix = b""
        if rng.random() < 0.2:
            prefix, osize = b"\x66", 48 - osize
        if rng.random() < 0.1:
            prefix, asize = prefix + b"\x67", 48 - asize
        out, immediate, after = prefix, rng.choice((1, osize // 8)), b""
        register, extension = rng.choice(REGISTERS), rng.randrange(8)
        direct = 0xC0 | extension << 3 | register
        displacement = 0
        kind = rng.randrange(14)
        if kind < 3:    # with memory: operations of the first group, or MOV
            opcode = rng.choice((0x83 if immediate == 1 else 0x81, 0x80 if immediate == 1 else 0xC7))
            extension = extension if opcode != 0xC7 else 0
            out += bytes((opcode,))
        elif kind < 5:  # without an immediate: ADD and MOV from memory, FADD
            out += rng.choice((b"\x03", b"\x8b", b"\xd8"))
            extension, immediate = (extension if out[-1] == 0xD8 else register), 0
        elif kind < 6:
            out += bytes((rng.choice((0xA0, 0xA1, 0xA3)),))
            displacement, immediate = asize // 8, 0
        elif kind < 8:  # MOV
            out += bytes(((0xB0 if immediate == 1 else 0xB8) | register,))
        elif kind < 10:
            out += bytes((0x83 if immediate == 1 else 0x81, direct))
        elif kind < 11:
            out += bytes((0x6B if immediate == 1 else 0x69, 0xC0 | register << 3 | extension))
        elif kind < 12:
            out += bytes((0x6A if immediate == 1 else 0x68,))
            after = prefix[:osize != self.mode.bits] + bytes((0x58 | register,))
        elif kind < 13:
            immediate = 1
            out += rng.choice((bytes((0xC0 | rng.randrange(2), direct)), b"\xd5", bytes((0x0F, rng.choice((0xA4, 0xAC)), 0xC0 | register)),
                               bytes((0x0F, 0xBA, 0xE0 | direct & 0x1F)), b"\xc8\x04\x00"))
            after = b"\xc9" if out[-3:] == b"\xc8\x04\x00" else b""
        else:
            out = rng.choice((b"\x0f\x70\xc1", b"\x66\x0f\x73\xf2", b"\x0f\xc6\xc1", b"\x0f\x71\xe1", b"\x66\x0f\xc4\xc0"))
            immediate = 1
        if kind < 5:
            displacement = rng.choice((1, asize // 8, 0))
            if displacement:
                out += bytes(((1 if displacement == 1 else 2) << 6 | extension << 3 | (3 if asize == 32 else 7),))
                small = rng.randrange(100)
                out += small.to_bytes(displacement, "little")
            else:
                displacement = asize // 8
                out += bytes((extension << 3 | (5 if asize == 32 else 6),))
                out += (self.data_offset() & (1 << asize) - 1).to_bytes(displacement, "little")
        elif displacement:
            out += (self.data_offset() & (1 << asize) - 1).to_bytes(displacement, "little")
        fields = [(len(out) - displacement, 1)] if displacement else []
        if immediate:
            fields += [(len(out), immediate)] * 2
        return out + rng.randbytes(immediate) + after, fields

    def patch(self, field, size):
        """Write to an operand, or near it."""
        rng = self.rng
        width = rng.choice([n for n in (1, 2, 4) if n <= size])
        jitter = rng.choice((-2, -1, 1, 2)) if rng.random() < 0.05 else rng.randrange(size - width + 1)
        to = (field + jitter) % CODE_SIZE
        far = ALIAS if self.mode.paging and self.mode.kind == "flat" and rng.random() < 0.3 else 0
        kind = rng.randrange(12)
        if kind < 2 and self.mode.kind == "flat":
            return self.through_es(CODE + to + far, width, kind)
        return self.through_fs(self.mode.code_by_fs + to + far, width, kind if width == 4 else min(kind, 9))

    def through_es(self, to, width, kind):
        """By a string instruction, or by a push."""
        rng = self.rng
        if kind == 0 or width < 4:
            count = self.immediate(ECX, rng.randrange(1, width + 1)) if width < 4 or rng.random() < 0.5 else b""
            out = self.immediate(EDI, to) + count + self.immediate(ESI, self.data_offset())
            return out + (rng.choice((b"\xf3\xa4", b"\xf3\xaa")) if count else rng.choice((b"\xa5", b"\xab")))
        return self.immediate(ESP, to + 4) + b"\x50" + self.immediate(ESP, self.mode.stack_top)  # PUSH EAX between

    def through_fs(self, to, width, kind):
        rng = self.rng
        out = b"\x64" if self.mode.bits == 32 else b"\x64\x67"
        at = struct.pack("<I", to)
        register = rng.choice(REGISTERS[:3]) << 3
        word = b"\x66" if (width == 2) == (self.mode.bits == 32) and width > 1 else b""
        wide = bytes((width > 1,))
        if kind < 5:    # MOV from a register, or ADD, or XOR
            opcode = rng.choice((0x88, 0x88, 0x00, 0x30)) | wide[0]
            return word + out + bytes((opcode, 5 | register)) + at
        if kind < 7:    # MOV of a constant
            return word + out + bytes((0xC6 | wide[0], 5)) + at + rng.randbytes(width)
        if kind < 8:    # INC
            return word + out + bytes((0xFE | wide[0], 5)) + at
        if kind < 9:    # XCHG
            return word + out + bytes((0x86 | wide[0], 5 | register)) + at
        if kind < 10:   # ADD of a small constant
            return word + out + bytes((0x83 if width > 1 else 0x80, 5)) + at + bytes((rng.randrange(1, 9),))
        if kind < 11:   # FST of 32 bits
            return out + b"\xd9\x15" + at
        return out + b"\x0f\x7f\x05" + at  # MOVQ

    def code(self):
        out = b""
        while len(out) < CODE_SIZE:
            if len(out) % ROUND == 0:
                out += b"\xfc" + self.immediate(EBX, self.data_offset())
            if len(out) % ROUND > ROUND - 80:  # back to the round's start for a while: DEC DWORD FS:[counter]; JNZ
                start, counter = len(out) // ROUND * ROUND, self.mode.code_by_fs + CODE_SIZE + 4 * (len(out) // ROUND)
                prefix = b"\x64" if self.mode.bits == 32 else b"\x64\x66\x67"
                out += prefix + b"\xff\x0d" + struct.pack("<I", counter) + b"\x0f\x85"
                size = self.mode.bits // 8
                out += struct.pack("<i" if size == 4 else "<h", start - len(out) - size)
                out = out.ljust(start + ROUND, b"\x90")
            else:
                out += self._next(len(out))
        size = self.mode.bits // 8
        out = out[:CODE_SIZE - size - 1]
        return out + b"\xe9" + struct.pack("<i" if size == 4 else "<h", -CODE_SIZE) + bytes((ROUNDS, 0, 0, 0)) * (CODE_SIZE // ROUND)


class Outside:
    """A write to code from outside of the processor."""

    def __init__(self, at, data):
        self.at, self.data = at, data

    def __call__(self, machine):
        machine._memory.write(self.at, self.data)


def compare(pair, mode, seed, instructions, stretch):
    rng = random.Random(f"operands {mode} {seed}")
    stream = Patches(mode, rng)
    prepare(pair.wanted, mode, stream.code(), rng)
    state = pair.wanted.save()
    pair.events = {("cut", n): Outside(CODE + field % CODE_SIZE, rng.randbytes(size))
                   for n, (field, size) in zip(range(0, instructions, 3), rng.choices(stream.fields, k=instructions))}
    _done, found = pair.compare(state, instructions, stretch, seed=seed, longest=3000)
    assert found is None, f"{mode} seed {seed}:\n{found}"


@pytest.mark.parametrize("mode", [m for m in MODES if m.name in ("real", "segmented32", "flat", "flat-paged-wp")], ids=str)
def test_operands(pair, mode):
    compare(pair, mode, 0, 6_000, 100)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES, ids=str)
def test_many_operands(pair, mode):
    for seed in range(1, 6):
        compare(pair, mode, seed, 30_000, 100)
