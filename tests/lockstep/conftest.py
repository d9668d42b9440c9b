"""Two machines of 4 MiB, one on each engine, for the tests of a file."""

import pytest

from emu.machine.config import MachineConfig
from emu.machine.lockstep import Pair, machines


@pytest.fixture(scope="module")
def pair(native):
    made = Pair(*machines(MachineConfig.make(memory="4M", no_reboot=True)))
    yield made
    made.close()
