"""Random instruction streams in every processor mode through both engines."""

import os
import random

import pytest

from emu.machine.config import MachineConfig
from emu.machine.lockstep import Pair, machines

from stream_code import Stream
from stream_world import MODES, prepare

pytestmark = pytest.mark.native

SEEDS = int(os.environ.get("EMU_STREAMS", "20"))  # streams a mode in the long test
IRQS = 1, 3, 4, 5, 10, 11, 12, 14  # what is pulled from outside


@pytest.fixture(scope="module")
def pair(native):
    made = Pair(*machines(MachineConfig.make(memory="4M", no_reboot=True)))
    yield made
    made.close()


def interruptions(rng, places):
    """Interrupt lines that go up, and down again soon, at some of the places."""
    events = {}
    places = sorted(places)
    for n, place in enumerate(places[:-1]):
        if rng.random() < 0.1:
            line = rng.choice(IRQS)
            events.setdefault(place, []).append((line, 1))
            events.setdefault(places[min(n + rng.randrange(1, 4), len(places) - 1)], []).append((line, 0))
    return {place: Pull(changes) for place, changes in events.items()}


class Pull:
    """Changes of interrupt lines."""

    def __init__(self, changes):
        self.changes = changes

    def __call__(self, machine):
        for line, level in self.changes:
            machine._irqs.set_isa(line, level)


def stream(pair, mode, seed, instructions, stretch):
    """Compare one stream; fails the test where the engines differ."""
    rng = random.Random(f"{mode}{seed}")
    prepare(pair.wanted, mode, Stream(mode, rng).code(), rng)
    state = pair.wanted.save()
    pair.events = interruptions(rng, range(0, stretch, 50))
    _done, found = pair.compare(state, stretch, stretch)
    assert found is None, f"{mode} seed {seed}:\n{found}"
    pair.events = {("cut", n): event for n, event in interruptions(rng, range(instructions)).items()}
    _done, found = pair.compare(state, instructions, 0, seed=seed, longest=2000)
    assert found is None, f"{mode} seed {seed}:\n{found}"


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_streams(pair, mode):
    stream(pair, mode, 0, 6_000, 600)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES, ids=str)
def test_many_streams(pair, mode):
    for seed in range(1, SEEDS + 1):
        stream(pair, mode, seed, 40_000, 2_000)
