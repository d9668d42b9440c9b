"""Where the time of `emu cpu-test` goes: `python tools/bench_vectors.py [FILE.i6v.xz…]`, vectors a second of each step and engine."""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from emu.suites import i6v                                          # noqa: E402
from emu.suites.bare import native_built                            # noqa: E402
from emu.suites.batch import Batch                                  # noqa: E402
from emu.suites.compare import first_difference                     # noqa: E402
from emu.suites.harness import Harness                              # noqa: E402
from emu.suites.runner import find_files                            # noqa: E402


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("files", nargs="*", help="files of vectors (default: int_32)")
    p.add_argument("--python", type=int, default=3000, help="vectors on the Python side (default 3000)")
    args = p.parse_args()
    for path, _ in find_files(args.files or ["int_32"]):
        steps, clock = {}, time.process_time

        def step(name, count, function):
            started = clock()
            result = function()
            steps[name] = count, clock() - started
            return result

        suite = i6v.Suite(path, header_only=True)
        suite = step("unpack", suite.count, lambda: i6v.Suite(path))
        offsets = step("select", suite.count, suite.select)
        some = offsets[::max(1, len(offsets) // args.python)]
        vectors = step("read in Python", len(some), lambda: [suite.vector(at) for at in some])
        for engine in ("native", "python") if native_built() else ("python",):
            harness = Harness(engine)
            if engine == "native":
                batch = Batch(harness, suite)
                step("run and compare, batch in C", len(offsets), lambda: batch.verdicts(offsets))
            for v in vectors:
                harness.run(v)      # forms are compiled when first needed
            outcomes = step(f"set, run and read one by one, {engine}", len(some), lambda: [harness.run(v) for v in vectors])
            step(f"compare in Python, {engine}", len(some), lambda: [
                first_difference(v, suite.forms[v.form], out, harness.background) for v, out in zip(vectors, outcomes)])
            harness.close()
        print(path.name)
        for name, (count, seconds) in steps.items():
            print(f"  {name:<40} {count:>8} vectors {seconds:8.3f} s {count / max(seconds, 1e-9):>12,.0f} a second")


if __name__ == "__main__":
    main()
