"""Random instruction streams with the Python engine's blocks made from the third jump to a place on, against the native engine."""

import os
import random

import pytest

from emu.cpu.blocks import Block
from emu.machine.config import MachineConfig
from emu.machine.lockstep import Pair, machines

from stream_code import Stream
from stream_world import MODES, prepare

pytestmark = pytest.mark.native

SEEDS = int(os.environ.get("EMU_STREAMS", "20"))  # streams a mode in the long test


@pytest.fixture(scope="module")
def pair(native):
    made = Pair(*machines(MachineConfig.make(memory="4M", no_reboot=True)))
    made.wanted.parts.engine.hot = 3
    yield made
    made.close()


def stream(pair, mode, seed, instructions):
    """Compare one stream in runs of random length; gives the number of blocks that were made."""
    rng = random.Random(f"blocks {mode}{seed}")
    prepare(pair.wanted, mode, Stream(mode, rng).code(), rng)
    _done, found = pair.compare(pair.wanted.save(), instructions, 0, seed=seed, longest=2000)
    assert found is None, f"{mode} seed {seed}:\n{found}"
    heads = pair.wanted.parts.engine.heads.values()
    return sum(isinstance(b, Block) for page in heads for b in page.values())


@pytest.mark.parametrize("mode", MODES[::3], ids=str)
def test_blocks(pair, mode):
    assert stream(pair, mode, 0, 3_000)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES, ids=str)
def test_many_blocks(pair, mode):
    for seed in range(1, SEEDS + 1):
        stream(pair, mode, seed, 20_000)
