"""Where the time of `emu cpu-test` goes: `python tools/bench_vectors.py [--runs N] [SUITE…]`, vectors a second of each step and engine.

Each step is measured N times; the median counts.  The last lines are whole commands with one process, start and reading included."""

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from emu.suites import i6v, real_tests, run_sst                     # noqa: E402
from emu.suites.bare import native_built                            # noqa: E402
from emu.suites.batch import Batch                                  # noqa: E402
from emu.suites.compare import first_difference                     # noqa: E402
from emu.suites.harness import Harness                              # noqa: E402
from emu.suites.real import RealHarness                             # noqa: E402
from emu.suites.runner import find_files, kind_of                   # noqa: E402
from emu.suites.suite import Options, Outcome                       # noqa: E402

DEFAULT = "int_32", "sst-80286-sample"


class Steps:
    """Vectors and seconds of each step, by run."""

    def __init__(self):
        self.found = {}

    def __call__(self, name, count, function):
        started = time.process_time()
        result = function()
        run = self.found.setdefault(name, [])
        run.append((count, time.process_time() - started))
        return result

    def print(self, title):
        """A line a step: the sum over the files, the median over the runs."""
        print(title)
        for name, run in self.found.items():
            count, seconds = run[0][0], statistics.median(s for _, s in run)
            print(f"  {name:<44} {count:>8} vectors {seconds:8.3f} s {count / max(seconds, 1e-9):>12,.0f} a second")


def bench_i6v(paths, step, few):
    suites = [i6v.Suite(path, header_only=True) for path in paths]
    suites = step("unpack", sum(s.count for s in suites), lambda: [i6v.Suite(path) for path in paths])
    total = sum(s.count for s in suites)
    offsets = step("select", total, lambda: [s.select() for s in suites])
    some = [(s, at) for s, found in zip(suites, offsets) for at in found]
    some = some[::max(1, total // few)]
    vectors = step("read in Python", len(some), lambda: [s.vector(at) for s, at in some])
    for engine in ("native", "python") if native_built() else ("python",):
        harness = Harness(engine)
        if engine == "native":
            step("run and compare, batch in C", total, lambda: [Batch(harness, s).verdicts(o) for s, o in zip(suites, offsets)])
        for v in vectors:
            harness.run(v)      # forms are compiled when first needed
        outcomes = step(f"set, run and read one by one, {engine}", len(some), lambda: [harness.run(v) for v in vectors])
        step(f"compare in Python, {engine}", len(some), lambda: [
            first_difference(v, s.forms[v.form], out, harness.background) for (s, _), v, out in zip(some, vectors, outcomes)])
        harness.close()


def bench_sst(paths, step, few):
    total = sum(run_sst.head_of(path).count for path in paths)
    files = step("unpack", total, lambda: [run_sst.read(path) for path in paths])
    processors = [run_sst.processor_of(path, file) for path, file in zip(paths, files)]
    rules = [run_sst.rules_of(p.name) for p in processors]
    every = lambda places: places    # noqa: E731
    if native_built():
        step("read in C", total, lambda: [real_tests.read(file, every, r) for file, r in zip(files, rules)])
    in_python = files[::max(1, total // few)]
    step("read in Python", sum(f.count for f in in_python), lambda: [
        real_tests.read_in_python(f, f.places(), rules[0]) for f in in_python])
    tests = [real_tests.read(file, every, r) for file, r in zip(files, rules)]
    chosen = step("judge", total, lambda: [
        run_sst.Judge(path, p, Options()).chosen(t, Outcome()) for path, p, t in zip(paths, processors, tests)])
    if native_built():
        harness = RealHarness("native", processors[0])
        step("run and compare in C", sum(map(len, chosen)), lambda: [harness.verdicts(t, c) for t, c in zip(tests, chosen)])
        harness.close()
    harness = RealHarness("python", processors[0])
    some = [(t, n) for t, c in zip(tests, chosen) for n in c]
    some = [(t.row(n), *t.ram(t.row(n))) for t, n in some[::max(1, len(some) // few)]]
    for test in some:
        harness.difference(*test)
    step("run and compare one by one, python", len(some), lambda: [harness.difference(*test) for test in some])
    harness.close()


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("suites", nargs="*", metavar="SUITE", help=f"files, folders or names of suites (default: {' '.join(DEFAULT)})")
    p.add_argument("--python", type=int, default=3000, metavar="N", help="vectors on the Python side (default 3000)")
    p.add_argument("--runs", type=int, default=3, metavar="N", help="of each step (default 3)")
    args = p.parse_args()
    for name in args.suites or DEFAULT:
        paths = {}
        for path, _ in find_files([name]):
            paths.setdefault(kind_of(path), []).append(path)
        for kind, bench in (("i6v", bench_i6v), ("sst", bench_sst)):
            if kind in paths:
                steps = Steps()
                for _ in range(args.runs):
                    bench(paths[kind], steps, args.python)
                steps.print(f"{name} ({kind})")
        if native_built():
            command = [sys.executable, "-m", "emu", "cpu-test", "--engine", "native", "--jobs", "1", "--suite", name]
            seconds = []
            for _ in range(args.runs):
                started = time.monotonic()
                subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
                seconds.append(time.monotonic() - started)
            print(f"  the whole command: {statistics.median(seconds):.2f} s")


if __name__ == "__main__":
    main()
