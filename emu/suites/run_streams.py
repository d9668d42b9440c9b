"""Random instruction streams in every processor mode through both engines: `emu cpu-test --lockstep --suite streams`.

A stream is compared after every instruction at first, then in runs of random length, while interrupt lines go up and down."""

import random
from functools import cache

from emu.machine.config import MachineConfig
from emu.machine.lockstep import Pair, machines

from . import suite
from .stream_code import Stream
from .stream_world import MODES, prepare

NAME = "streams"
STREAMS = 32                            # of each mode: with these lengths 20 million instructions in all
INSTRUCTIONS, STRETCH = 40_000, 2_000   # of a stream in random runs, and one by one before
LONGEST = 2000
IRQS = 1, 3, 4, 5, 10, 11, 12, 14       # what is pulled from outside


class Plan:
    """The streams as they are planned: a form for each mode, a vector and a part for each stream."""

    kind = "streams"

    def __init__(self, path, options):
        self.path, self.name = path, NAME
        self.forms = {n: suite.Form(mode.name, "", "program") for n, mode in enumerate(MODES)}
        self.modes = [n for n, form in self.forms.items() if options.filter is None or form.matches(options.filter)]
        self.vectors = self.parts = len(self.modes) * (options.limit or STREAMS)


def run(path, part, parts, options):
    """Run one stream; gives a suite.Outcome."""
    modes = Plan(path, options).modes
    number, seed = modes[part % len(modes)], options.seed + part // len(modes)
    out = suite.Outcome()
    tally = out.tally(number)
    tally.vectors += 1
    found = compare(pair_of(options.model), MODES[number], seed, INSTRUCTIONS, STRETCH)
    if found is not None:
        tally.failed += 1
        tally.difference = f"seed {seed}: " + "; ".join(line.strip() for line in str(found).splitlines())
    return out


@cache
def pair_of(model):
    """The two machines of this process."""
    return Pair(*machines(MachineConfig.make(memory="4M", no_reboot=True, cpu=model)))


class Pull:
    """Changes of interrupt lines."""

    def __init__(self, changes):
        self.changes = changes

    def __call__(self, machine):
        for line, level in self.changes:
            machine._irqs.set_isa(line, level)


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


def compare(pair, mode, seed, instructions, stretch):
    """Compare one stream; gives the Difference, or None."""
    rng = random.Random(f"{mode}{seed}")
    prepare(pair.wanted, mode, Stream(mode, rng).code(), rng)
    state = pair.wanted.save()
    pair.events = interruptions(rng, range(0, stretch, 50))
    _done, found = pair.compare(state, stretch, stretch)
    if found is None:
        pair.events = {("cut", n): event for n, event in interruptions(rng, range(instructions)).items()}
        _done, found = pair.compare(state, instructions, 0, seed=seed, longest=LONGEST)
    return found
