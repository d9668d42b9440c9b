"""Fuzzing: random code, port and memory traffic, corrupt states and hostile media, on either engine or on both compared.

    python tools/fuzz.py --hours 1 --engine native            keeps what it finds in build/fuzz/
    python tools/fuzz.py --sanitize --hours 1                 the native engine under AddressSanitizer and UBSan
    python tools/fuzz.py --replay build/fuzz/FILE.json        runs a finding again

Cases run in a child process, so that a crash or a hang is a finding like any other.  A case is told by kind, seed,
engine and work; the same four give the same case (but for those in host time).  Engines: native, python, "checked"
(Python, every store to a field checked) and "both" (compared after each step).  Exit code: 0 nothing found, 1 findings.
"""

import argparse
import faulthandler
import importlib.util
import json
import os
import random
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KINDS = ("ports", "code", "mmio", "picture", "state", "media")
ENGINES = ("native", "python", "checked", "both")
SAID = 4000             # characters of a dead process's first and last words that are kept
CASE_SECONDS = 180      # of processor time for a case: more is a hang
ASLEEP_SECONDS = 3600   # the same of host time, for one that sleeps
WORK = {"native": 60, "both": 6, "python": 8, "checked": 8}


# -- the child -----------------------------------------------------------------------------------------------------

def run_case(kind, seed, engine, work):
    """Run one case here; gives the instructions that it took.  Raises what it finds."""
    sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "fuzz")]
    import fuzz_rig as rig
    play = importlib.import_module("fuzz_" + kind).play
    name = f"{kind} {seed}"
    media = rig.Media()
    try:
        if kind == "media":
            return play(media, engine, random.Random(name), work)
        if engine != "both":
            clock = "host" if seed % 8 == 7 else "virtual"
            with rig.machine(media, engine, clock=clock) as pc:
                for _ in play(pc, random.Random(name), work):
                    pass
                return pc.instructions
        with rig.machine(media, "native", most=rig.MOST["python"]) as left, rig.machine(media, "python") as right:
            plays = [play(pc, random.Random(name), work) for pc in (left, right)]
            for _ in plays[0]:
                next(plays[1])
                if left.ended != right.ended:
                    raise rig.Finding(f"the engines differ: ended {left.ended!r} and {right.ended!r}")
                rig.same(left.save(), right.save())
            return left.instructions
    finally:
        media.close()


def worker(library=None):
    """The child: cases from stdin, one JSON object a line; an answer each on stdout."""
    sys.path.insert(0, str(ROOT))
    faulthandler.enable()
    faulthandler.register(signal.SIGPROF, chain=True)       # says where it hangs, then ends the process
    if library is not None:                     # another build of the native engine takes the place of the package's
        spec = importlib.util.spec_from_file_location("emu._native", library)
        sys.modules["emu._native"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules["emu._native"])
        import emu
        emu._native = sys.modules["emu._native"]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        case = json.loads(line)
        faulthandler.dump_traceback_later(ASLEEP_SECONDS, exit=True)
        signal.setitimer(signal.ITIMER_PROF, case.pop("limit", CASE_SECONDS))
        answer = {"error": None, "instructions": 0}
        try:
            answer["instructions"] = run_case(**case)
        except BaseException:
            answer["error"] = traceback.format_exc()
        signal.setitimer(signal.ITIMER_PROF, 0)
        faulthandler.cancel_dump_traceback_later()
        print(json.dumps(answer), file=answers, flush=True)


# -- the parent ----------------------------------------------------------------------------------------------------

class Child:
    """A worker process, with the package's native engine or the library given (built with sanitizers)."""

    def __init__(self, library=None):
        command = [sys.executable, str(Path(__file__).resolve()), "--worker"]
        env = dict(os.environ)
        if library is not None:
            command += ["--library", str(library)]
            libasan = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True).stdout.strip()
            env.update(LD_PRELOAD=libasan, UBSAN_OPTIONS="print_stacktrace=1",
                       ASAN_OPTIONS="detect_leaks=0:abort_on_error=1:allocator_may_return_null=1:detect_stack_use_after_return=0")
        self.log = open(ROOT / "build" / f"fuzz-{os.getpid()}.log", "w+")
        self.process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True)

    def run(self, case):
        """(None or what was found, instructions)."""
        self.log.seek(0)
        self.log.truncate()
        try:
            self.process.stdin.write(json.dumps(case) + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if answer:
            answer = json.loads(answer)
            return answer["error"], answer["instructions"]
        code = self.process.wait()
        self.log.seek(0)
        said = self.log.read()
        if len(said) > 2 * SAID:                # a stack that ran over says itself hundreds of times
            said = said[:SAID] + "\n[...]\n" + said[-SAID:]
        return f"the process died ({code})\n{said}", 0

    @property
    def alive(self):
        return self.process.poll() is None

    def close(self):
        if self.alive:
            self.process.stdin.close()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        Path(self.log.name).unlink(missing_ok=True)


def sanitized():
    """The library of the native engine with the sanitizers, built if need be."""
    sys.path.insert(0, str(ROOT))
    from native.build import build
    stdout = sys.stdout
    sys.stdout = sys.stderr                     # cffi talks
    try:
        return build(sanitize=True)
    finally:
        sys.stdout = stdout


class Tally:
    """What a run of the fuzzer did: cases, instructions and the files that hold its findings."""

    def __init__(self):
        self.cases = self.instructions = 0
        self.findings = []


def fuzz(cases, deadline, library=None, keep=None, most=20):
    """Run cases until they end, the time is over or there are ``most`` findings.  Gives a Tally."""
    keep = keep or ROOT / "build" / "fuzz"
    child, tally = None, Tally()
    (ROOT / "build").mkdir(exist_ok=True)
    try:
        for case in cases:
            if time.monotonic() >= deadline or len(tally.findings) >= most:
                break
            if child is None or not child.alive:
                child = Child(library)
            error, instructions = child.run(case)
            tally.cases += 1
            tally.instructions += instructions
            if error is None:
                continue
            keep.mkdir(parents=True, exist_ok=True)
            path = keep / "{kind}-{engine}-{seed}.json".format(**case)
            path.write_text(json.dumps({**case, "sanitize": library is not None, "error": error}, indent=1))
            tally.findings.append(path)
            print(f"{path}: {summary(error)}", flush=True)
    finally:
        if child is not None:
            child.close()
    return tally


def summary(error):
    """The line of a finding that tells most."""
    lines = error.strip().splitlines()
    return next((line.strip() for line in lines if "ERROR: AddressSanitizer" in line or "runtime error:" in line
                 or line.startswith(("Timeout", "Fatal"))), lines[-1])


def replay(path):
    """Run a finding again, as it was found.  Gives the exit code."""
    found = json.loads(Path(path).read_text())
    case = {key: found[key] for key in ("kind", "seed", "engine", "work")}
    child = Child(sanitized() if found["sanitize"] else None)
    try:
        error, _instructions = child.run(case)
    finally:
        child.close()
    print(error or "no finding")
    return 1 if error else 0


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--kind", action="append", choices=KINDS, help="what to do (default: all)")
    p.add_argument("--engine", choices=ENGINES, default="native")
    p.add_argument("--seed", type=int, help="the first case's seed (default: from the clock)")
    p.add_argument("--cases", type=int, help="stop after so many")
    p.add_argument("--hours", type=float, default=1.0)
    p.add_argument("--work", type=int, help="programs in a case")
    p.add_argument("--sanitize", action="store_true", help="the native engine built with AddressSanitizer and UBSan")
    p.add_argument("--replay", metavar="FILE", help="run a finding again")
    p.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    p.add_argument("--library", help=argparse.SUPPRESS)
    args = p.parse_args()
    if args.worker:
        return worker(args.library)
    if args.replay:
        return replay(args.replay)
    seed = int(time.time()) if args.seed is None else args.seed
    kinds = args.kind or KINDS
    work = args.work or WORK[args.engine]

    def cases():
        n = 0
        while args.cases is None or n < args.cases:
            yield {"kind": kinds[n % len(kinds)], "seed": seed + n // len(kinds), "engine": args.engine, "work": work}
            n += 1

    library = sanitized() if args.sanitize else None
    began = time.monotonic()
    tally = fuzz(cases(), began + args.hours * 3600, library)
    print(f"{tally.cases} cases, {tally.instructions:,} instructions in {time.monotonic() - began:.0f} s, first seed {seed}: "
          f"{len(tally.findings)} findings")
    return 1 if tally.findings else 0


if __name__ == "__main__":
    sys.exit(main())
