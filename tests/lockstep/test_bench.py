"""Lock-step through the benchmark CD's Linux, and its x87 and SSE programs: from 50 points of each, 200,000 instructions."""

import json
import shutil
import subprocess

import pytest

from emu import Machine
from emu.cli.main import main

ISO = "bench/bench.iso"
PROGRAMS = "matmul,mandel,nbody,matmul-sse2,mandel-sse2,nbody-sse2,sha256-sse2"
APPEND = f"console=ttyS0,115200 mitigations=off norandmaps random.trust_cpu=on bscale=10 bonly={PROGRAMS}"
POINTS = 50


@pytest.fixture(scope="module")
def kernel(data, tmp_path_factory):
    """What starts the CD's Linux by itself."""
    iso = data(ISO)
    if not shutil.which("xorriso"):
        pytest.skip("needs xorriso")
    folder = tmp_path_factory.mktemp("bench")
    subprocess.run(["xorriso", "-osirrox", "on", "-indev", iso, "-extract", "/isolinux", folder / "cd"], check=True, capture_output=True)
    return {"kernel": str(folder / "cd" / "vmlinuz"), "initrd": str(folder / "cd" / "initrd.gz"), "append": APPEND, "memory": "64M"}


@pytest.fixture(scope="module")
def marks(kernel):
    """Instructions executed at power-on, when the programs begin, and when they are done."""
    found = [0]
    with Machine(engine="native", display=None, clock="virtual", net="none", **kernel) as pc:
        for text in ("BENCH-INIT", "BENCH-DONE"):
            pc.wait_for_text(text, timeout=1200)
            found.append(pc._cpu.icount)
    return found


@pytest.mark.heavy
@pytest.mark.native
@pytest.mark.boot
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("part", [0, 1], ids=["boot", "programs"])
def test_points(part, kernel, marks, capsys):
    start, end = marks[part:part + 2]
    every = (end - start) // POINTS
    options = [word for name, value in kernel.items() for word in (f"--{name}", value)]
    status = main(["lockstep", *options, "--points", str(POINTS), "--first", str(start or every), "--every", str(every),
                   "--instructions", "200000", "--each", "4000", "--json"])
    result = json.loads(capsys.readouterr().out)
    assert status == 0 and len(result["points"]) == POINTS, result["points"][-1]["difference"]
    assert sum(point["compared"] == 200_000 for point in result["points"]) > POINTS * 9 // 10     # (at some it may halt)
    assert part == 0 or sum("CPL 3" in point["where"] for point in result["points"]) > POINTS // 2
