"""Runs of repeated string instructions (emu/cpu/runs.py, native/runs.c) in both engines: counts, overlaps, page ends, faults, both
directions, cut by budgets anywhere."""

import random
import struct

import pytest

from emu.suites.stream_world import CODE_SIZE, DATA_SIZE, MODES, prepare

pytestmark = pytest.mark.native
SLOT = 0x40  # a fault goes on in the next one
EAX, ECX, ESI, EDI = 0, 1, 6, 7
REP, REPNE, CLD, STD, OTHER_SIZE, NOP = 0xF3, 0xF2, 0xFC, 0xFD, 0x66, 0x90
MOVS, STOS, LODS, SCAS, CMPS = 0xA4, 0xAA, 0xAC, 0xAE, 0xA6


def load(mode, register, value):
    """MOV of 32 bits."""
    return (b"" if mode.bits == 32 else bytes((OTHER_SIZE,))) + struct.pack("<BI", 0xB8 + register, value)


def step(mode, rng):
    """One repeated instruction with what it needs."""
    source = rng.randrange(DATA_SIZE)
    target = source + rng.randint(-9, 40) if rng.random() < 0.4 else rng.randrange(DATA_SIZE)
    count = rng.choice((0, 1, 2, 3, 7, 60, 500, 3000))
    code = bytes((STD if rng.random() < 0.15 else CLD,))
    for register, value in ((EAX, rng.choice((0, 0x01010101, rng.getrandbits(32)))), (ECX, count), (ESI, mode.data_base + source),
                            (EDI, mode.data_base + max(target, 0))):
        code += load(mode, register, value)
    if rng.random() < 0.5:
        code += bytes((OTHER_SIZE,))
    operation = rng.choice((MOVS, MOVS, STOS, STOS, SCAS, CMPS, LODS)) | rng.getrandbits(1)
    code += bytes((rng.choice((REP, REPNE)), operation))
    return code.ljust(SLOT, bytes((NOP,)))


@pytest.mark.parametrize("mode", [m for m in MODES if m.name in ("real", "segmented32", "flat", "flat-paged-wp", "user", "v86")], ids=str)
def test_runs(pair, mode):
    rng = random.Random(f"runs {mode}")
    size = 5 if mode.bits == 32 else 3
    code = b"".join(step(mode, rng) for _ in range(CODE_SIZE // SLOT))
    prepare(pair.wanted, mode, code + b"\xe9" + struct.pack("<i" if size == 5 else "<h", -CODE_SIZE - size), rng)
    state = pair.wanted.save()
    pair.events = {}
    done, found = pair.compare(state, 60_000, 500, longest=5000)
    assert found is None, str(found)
    assert done == 60_000


@pytest.mark.parametrize("name", ["copy_run", "fill_run", "compare_run", "scan_run"])
def test_runs_are_used(pair, monkeypatch, name):
    """The Python engine does many elements at once in what the other test compares."""
    pages, done = pair.wanted.parts.engine.pages, []
    function = getattr(pages, name)
    monkeypatch.setattr(pages, name, lambda *arguments: done.append(function(*arguments)) or done[-1])
    mode = next(m for m in MODES if m.name == "flat")
    test_runs(pair, mode)
    assert max(done) > 20
