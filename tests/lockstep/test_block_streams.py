"""Random instruction streams with the Python engine's blocks made from the third jump to a place on, against the native engine."""

import pytest

from emu.cpu.blocks import Block
from emu.suites import run_streams
from emu.suites.stream_world import MODES

pytestmark = pytest.mark.native


@pytest.fixture(scope="module")
def pair(pair):
    pair.wanted.parts.engine.hot = 3
    return pair


def stream(pair, mode, seed, instructions):
    """Compare one stream; gives the number of blocks there are then."""
    found = run_streams.compare(pair, mode, seed, instructions, 50)
    assert found is None, f"{mode} seed {seed}:\n{found}"
    heads = pair.wanted.parts.engine.heads.values()
    return sum(isinstance(b, Block) for page in heads for b in page.values())


@pytest.mark.parametrize("mode", MODES[::3], ids=str)
def test_blocks(pair, mode):
    assert stream(pair, mode, 0, 3_000)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES, ids=str)
def test_many_blocks(pair, mode):
    for seed in range(1, 6):
        stream(pair, mode, seed, 20_000)
