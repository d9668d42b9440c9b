"""Corrupt saved states: fields of a running machine's state take other values that fit them, and the machine runs on.

No guest can do this, but a saved state is a file that comes from somewhere: the native engine must not leave its memory
for it.  A chip whose state is nonsense may complain by an exception.
"""

import fuzz_code
import fuzz_rig as rig
from fuzz_ports import SEGMENT, Traffic

EDGES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFE, 1 << 63, (1 << 64) - 1)
# What a restored state may do: a value that does not fit its field, or a chip's own code that stumbles over it
EXPECTED = (OverflowError, ValueError, IndexError, KeyError, TypeError, AttributeError, ZeroDivisionError)


def places(state, out):
    """All (container, key) of numbers in a state."""
    for key, value in state.items() if isinstance(state, dict) else enumerate(state):
        if isinstance(value, (dict, list)):
            if isinstance(value, list) and len(value) > 64 and isinstance(value[0], int):
                continue
            places(value, out)
        else:
            out.append((state, key))
    return out


def mutate(rng, state):
    """Change a few numbers of the state."""
    parts = [name for name, part in state["parts"].items() if name != "clock" and places({name: part}, [])]
    numbers = places({name: state["parts"][name] for name in rng.sample(parts, rng.randrange(1, 6))}, [])
    for _ in range(rng.choice((1, 3, 10, 40))):
        where, key = rng.choice(numbers)
        if isinstance(where[key], bool):
            where[key] = not where[key]
        else:
            where[key] = rng.choice((rng.choice(EDGES), where[key] ^ 1 << rng.randrange(8), rng.getrandbits(rng.choice((8, 16, 32)))))


def play(pc, rng, work):
    """Yields after each step of a case."""
    pc.most = min(pc.most, 100_000)
    for _ in range(max(1, work // 6)):
        rig.restart(pc)
        rig.set_interrupts(pc)
        if rng.randrange(2):
            fuzz_code.prepare(pc, rng)
        else:
            rig.real_mode_vectors(pc, skip=rng.randrange(4))
            rig.set_block(pc, entry=(0, SEGMENT >> 4))
            pc.memory.write(SEGMENT, Traffic(rng).program())
        rig.run(pc, instructions=rng.choice((30, 300, 3000)))
        good = pc.save()
        broken = pc.save()
        mutate(rng, broken)
        try:
            pc.restore(broken)
            rig.run(pc, instructions=2000)
            rig.run(pc, seconds=0.01)
            pc.screen_text()
            pc.screenshot()
        except EXPECTED:
            pass
        pc.ended = None
        pc.restore(good)
        yield
    rig.still_works(pc)
