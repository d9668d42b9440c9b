"""Bare-metal programs for what no vectors cover: what they print is compared with what the manual says (in the program).

Both engines, and QEMU and Bochs where they are installed, whose departures from the manual peers.py lists.
"""

import shutil
from fnmatch import fnmatchcase

import pytest
from bare_programs import PROGRAMS, assemble, expected, run_bochs, run_emu, run_qemu
from peers import KNOWN, STOPS

from emu.bench.contestants import BOCHS_VGA
from emu.machine import lockstep
from emu.machine.config import MachineConfig


@pytest.fixture(scope="session")
def rom(tmp_path_factory):
    """``rom(name)``: the program as a ROM image."""
    folder, made = tmp_path_factory.mktemp("bare"), {}

    def find(name):
        if name not in made:
            made[name] = assemble(name, folder)
        return made[name]
    return find


def peer_lines(peer, name):
    """What a peer is known to print: the manual's lines with its departures."""
    known, stop = KNOWN.get((peer, name), {}), STOPS.get((peer, name), (None,))[0]
    lines = []
    for line in expected(name):
        if line == stop:
            break
        other = known[line][0] if line in known else without_rf(line) if peer == "qemu" else line
        if other is not None:
            lines += other.split("\n")
    return lines, stop is not None


def without_rf(line):
    """A line without RF among its flags (peers.QEMU_NO_RF)."""
    words = line.split(" ")
    return " ".join("+".join(f for f in w.split("+") if f != "RF") or "-" if "RF" in w.split("+") else w for w in words)


@pytest.mark.native
@pytest.mark.parametrize("name", PROGRAMS)
def test_native(rom, name):
    assert run_emu(rom(name), "native") == expected(name)


@pytest.mark.native
@pytest.mark.parametrize("name", ["ferr", "nmi"])
def test_engines_agree(rom, name):
    """In lock-step, where the processor stands still and is woken."""
    config = MachineConfig.make(bios=rom(name), memory="4M", nic="none", debug_exit=True)
    for stretch in (20_000, 7):
        points = lockstep.boot(config, first=37_100, points=1, every=1, instructions=5_000, stretch=stretch)
        assert points[0].difference is None, str(points[0].difference)
        assert points[0].compared > 1_000


@pytest.mark.slow
@pytest.mark.parametrize("name", PROGRAMS)
def test_python(rom, name):
    assert run_emu(rom(name), "python") == expected(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("peer, run", [("qemu", run_qemu), ("bochs", run_bochs)])
def test_peers(rom, peer, run, name):
    program = {"qemu": "qemu-system-i386"}.get(peer, peer)
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    if peer == "bochs" and not any(path.exists() for path in BOCHS_VGA):
        pytest.skip("Bochs has no VGA BIOS (Debian: package vgabios)")
    want, stops = peer_lines(peer, name)
    said = run(rom(name), timeout=(15 if peer == "bochs" else 5) if stops else 60)
    if stops:
        said = said[:len(want)]
    same = [line if fnmatchcase(line, pattern) else pattern for line, pattern in zip(said, want)] + want[len(said):]
    assert said == same


def test_every_departure_is_of_a_line_that_is_there():
    for (peer, name), known in KNOWN.items():
        missing = set(known) - set(expected(name))
        assert not missing, (peer, name, missing)
    for (peer, name), (line, _why) in STOPS.items():
        assert line in expected(name), (peer, name, line)
