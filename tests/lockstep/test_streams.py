"""Random instruction streams in every processor mode through both engines."""

import json

import pytest

from emu.cli.main import main
from emu.suites import run_streams
from emu.suites.stream_world import MODES

pytestmark = pytest.mark.native


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_streams(pair, mode):
    found = run_streams.compare(pair, mode, 0, 6_000, 600)
    assert found is None, str(found)


def test_a_difference_is_told(native, monkeypatch, capsys):
    monkeypatch.setattr(run_streams, "INSTRUCTIONS", 300)
    monkeypatch.setattr(run_streams, "STRETCH", 60)
    prepare = run_streams.prepare

    def other(machine, mode, code, rng):
        prepare(machine, mode, code, rng)
        restore = run_streams.pair_of("pentium4").got.restore

        def wrong(state):
            restore(state)
            run_streams.pair_of("pentium4").got._cpu.gpr[7] ^= 4

        monkeypatch.setattr(run_streams.pair_of("pentium4").got, "restore", wrong, raising=False)
        monkeypatch.setattr(run_streams, "prepare", prepare)

    command = ["cpu-test", "--lockstep", "--suite", "streams", "--filter", "flat", "--limit", "1", "--seed", "7", "--jobs", "1", "--json"]
    assert main(command) == 0 and json.loads(capsys.readouterr().out)["vectors"] == 1
    monkeypatch.setattr(run_streams, "prepare", other)
    assert main(command) == 1
    failure, = json.loads(capsys.readouterr().out)["failures"]
    assert failure["form"] == "flat" and "seed 7: " in failure["difference"] and "gpr[7]" in failure["difference"]


def test_streams_are_for_both_engines(capsys):
    assert main(["cpu-test", "--suite", "streams"]) == 2
    assert "--lockstep" in capsys.readouterr().err


@pytest.mark.heavy
@pytest.mark.timeout(7200)
def test_twenty_million_instructions(native, capsys):
    assert main(["cpu-test", "--lockstep", "--suite", "streams", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["vectors"] * (run_streams.INSTRUCTIONS + run_streams.STRETCH) >= 20_000_000 and result["failed"] == 0
    assert len(result["suites"]) == 1 and result["suites"][0]["forms"] == len(MODES)
