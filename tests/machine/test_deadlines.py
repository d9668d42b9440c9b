"""Which deadlines an access to a chip may move, as the builder of the native engine finds out, against what chips do."""

import random

import pytest

from emu import Machine
from emu.machine import board
from native.generate import Generator


@pytest.mark.slow
def test_accesses_move_no_other_deadlines(monkeypatch):
    """Random accesses to ports, each chip's by itself: a deadline that comes nearer is one that the builder has found, but where a cold
    method was called, which asks for a poll itself."""
    generator = Generator()
    called = []

    def noting(method):
        return lambda *args: (called.append(method), method(*args))[1]

    for cls in set(board.PARTS.values()):
        for name, method in list(vars(cls).items()):
            if getattr(method, "cold", False):
                monkeypatch.setattr(cls, name, noting(method))
    rng = random.Random(1)
    seen = set()
    with Machine(engine="python", memory="4M", display=None, sound_card="sb16", nic="ne2k_pci", net="none", clock="virtual") as pc:
        parts = pc.parts.parts
        timers = [(part, timer.deadline) for part, timer in board.timers()]

        def deadlines():
            return {f"{part}.{name}": getattr(parts[part], name) for part, name in timers}

        slots = [s for s in board.slots() if s.part not in ("debug_exit", "vmware")]
        for _ in range(6_000):
            slot = rng.choice(slots)
            offset = slot.port.first + rng.randrange(slot.port.count)
            name = slot.port.read if rng.random() < 0.3 else slot.port.write
            if name is None:
                continue
            before, called[:] = deadlines(), []
            parts["cpu"].icount += rng.randrange(100)
            value = () if name == slot.port.read else (rng.choice((0, 1, 0x20, rng.getrandbits(slot.port.width))),)
            getattr(parts[slot.part], name)(offset, *value)
            nearer = {d for d, at in deadlines().items() if at < before[d]}
            if nearer and not called:
                seen |= nearer
                assert nearer <= set(generator.moved(slot.part, name)), (slot.part, name, offset)
    assert len(seen) >= 5, seen
