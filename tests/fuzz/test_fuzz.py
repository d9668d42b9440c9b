"""Fuzzing in the tests: a few cases of every kind on both engines; longer ones by -m slow and heavy; a planted fault is found."""

import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(Path(__file__).parent)]

import fuzz
import fuzz_rig as rig

QUICK = {"native": 12, "python": 1, "checked": 1, "both": 1}


def cases(engine, first, count, work=None):
    return [{"kind": kind, "seed": seed, "engine": engine, "work": work or fuzz.WORK[engine]}
            for seed in range(first, first + count) for kind in fuzz.KINDS]


@pytest.mark.native
@pytest.mark.parametrize("kind", fuzz.KINDS)
@pytest.mark.parametrize("engine", ["native", "checked", "both"])
def test_short(kind, engine, firmware):
    if kind == "media" and engine != "native":
        pytest.skip("a firmware is too much for a short run on the Python engine")
    fuzz.run_case(kind, 100, engine, QUICK[engine])


@pytest.mark.slow
@pytest.mark.native
@pytest.mark.parametrize("engine", ["native", "checked", "both"])
def test_long(engine, firmware, tmp_path):
    tally = fuzz.fuzz(cases(engine, 200, 8), time.monotonic() + 200, keep=tmp_path)
    assert tally.cases >= len(fuzz.KINDS) and tally.findings == []


def calls_through_pointers(o):
    """The functions of an object file that call a pointer rather than jump to it: handlers that would use up the stack."""
    name, found = "", set()
    for line in subprocess.run(["objdump", "-d", "--no-show-raw-insn", o], capture_output=True, text=True, check=True).stdout.splitlines():
        if line.endswith(">:"):
            name = line.split("<")[1][:-2]
        elif re.search(r"\tcall +\*", line):
            found.add(name)
    return found


@pytest.mark.heavy
@pytest.mark.native
@pytest.mark.timeout(1800)
def test_under_the_sanitizers(firmware, tmp_path):
    if shutil.which("gcc") is None:
        pytest.skip("no gcc")
    library = fuzz.sanitized()
    assert not [name for o in (library.parent / "work").glob("gen_[hp]*.o") for name in calls_through_pointers(o)]
    tally = fuzz.fuzz(cases("native", 300, 20), time.monotonic() + 600, library, keep=tmp_path)
    assert tally.cases >= len(fuzz.KINDS) and tally.findings == []


# What a worker does before it starts: (engine, the fault, what the finding says)
PLANTS = {
    "a crash": ("native", "import ctypes; from emu.devices.atapi import AtapiDrive; AtapiDrive.execute = lambda *_: ctypes.string_at(8)",
                "Fatal Python error"),
    "a hang": ("native", "from emu.devices.atapi import AtapiDrive\ndef hang(*_):\n while True: pass\nAtapiDrive.execute = hang", "in hang"),
    "an exception": ("native", "from emu.devices.atapi import AtapiDrive; AtapiDrive.execute = lambda *_: [][1]", "IndexError"),
    "a difference": ("both", "from emu.machine.python_parts import PythonParts; read = PythonParts.port_read; "
                             "PythonParts.port_read = lambda *a: read(*a) ^ 1", "the engines differ"),
}


@pytest.mark.native
@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_fault_is_found_and_kept(name, tmp_path, monkeypatch):
    engine, fault, says = PLANTS[name]
    (tmp_path / "sitecustomize.py").write_text(fault)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(tmp_path), str(ROOT))))
    case = dict(cases(engine, 100, 1, work=QUICK[engine])[0], **({"limit": 4} if name == "a hang" else {}))
    tally = fuzz.fuzz([case], time.monotonic() + 120, keep=tmp_path / "kept")
    assert len(tally.findings) == 1
    found = json.loads(tally.findings[0].read_text())
    assert (found["kind"], found["engine"], found["seed"]) == ("ports", engine, 100) and says in found["error"]
    if engine == "native" and name != "a hang":
        assert fuzz.replay(tally.findings[0]) == 1
        monkeypatch.delenv("PYTHONPATH")
        assert fuzz.replay(tally.findings[0]) == 0      # mended


def test_seeds_are_cases():
    """The same seed is the same case."""
    import fuzz_ports
    assert fuzz_ports.Traffic(random.Random("ports 1")).program() == fuzz_ports.Traffic(random.Random("ports 1")).program()
    assert fuzz_ports.Traffic(random.Random("ports 1")).program() != fuzz_ports.Traffic(random.Random("ports 2")).program()


def test_a_machine_that_does_not_come_back_is_a_finding():
    media = rig.Media()
    try:
        with rig.machine(media, "python") as pc:
            pc._reset_cpu = lambda: None        # a reset that leaves the processor as it was
            pc.step(20)
            with pytest.raises(rig.Finding, match="does not run"):
                rig.still_works(pc)
    finally:
        media.close()
