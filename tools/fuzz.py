"""Fuzzing: random code, port and memory traffic and hostile media, on either engine or on both compared.

    python tools/fuzz.py --hours 1 --engine native            keeps what it finds in build/fuzz/
    python tools/fuzz.py --reproduce build/fuzz/FILE.json     runs a finding again
    python tools/fuzz.py --sanitize --hours 1                 the C under AddressSanitizer and UBSan

Cases run in a child process, so that a crash or a hang is a finding like any other.  A case is told by kind, seed,
engine and work; the same four give the same case.  Exit code: 0 nothing found, 1 findings.
"""

import argparse
import faulthandler
import json
import os
import random
import shutil
import subprocess
import sys
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SANITIZE = "-O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -foptimize-sibling-calls"
KINDS = ("ports", "code", "mmio", "media")
ENGINES = ("native", "python", "checked", "both")
CASE_SECONDS = 120      # of host time without a word from the child: a hang
WORK = {"native": 60, "both": 6, "python": 8, "checked": 8}


def run_case(kind, seed, engine, work):
    """Run one case here.  Raises what it finds."""
    sys.path[:0] = [str(ROOT / "tests" / "fuzz")]
    import fuzz_code
    import fuzz_media
    import fuzz_mmio
    import fuzz_ports
    import fuzz_rig as rig
    media = rig.Media()
    name = f"{kind} {seed}"
    try:
        if kind == "media":
            rng = random.Random(name)
            for _ in range(max(1, work // 20)):
                fuzz_media.play_one(media, "native" if engine == "both" else engine, rng, 0.5 if engine in ("native", "both") else 0.01)
            return
        play = {"ports": fuzz_ports, "code": fuzz_code, "mmio": fuzz_mmio}[kind].play
        if engine != "both":
            with rig.machine(media, engine) as pc:
                for _ in play(pc, random.Random(name), work):
                    pass
            return
        with rig.machine(media, "native") as left, rig.machine(media, "python") as right:
            plays = [play(pc, random.Random(name), work) for pc in (left, right)]
            for _ in plays[0]:
                next(plays[1])
                if left.ended != right.ended:
                    raise rig.Finding(f"the engines differ: ended {left.ended!r} and {right.ended!r}")
                rig.same(left.save(), right.save())
    finally:
        media.close()


def worker():
    """The child: cases from stdin, one JSON object a line; an answer each on stdout."""
    faulthandler.enable()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        case = json.loads(line)
        faulthandler.dump_traceback_later(CASE_SECONDS, exit=True)
        error = None
        began = time.monotonic()
        try:
            run_case(**case)
        except BaseException:
            error = traceback.format_exc()
        faulthandler.cancel_dump_traceback_later()
        print(json.dumps({"error": error, "seconds": time.monotonic() - began}), file=answers, flush=True)


class Child:
    """A worker process."""

    def __init__(self, tree, sanitize):
        env = dict(os.environ, PYTHONPATH=str(tree), PYTHONFAULTHANDLER="1")
        if sanitize:
            libasan = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True).stdout.strip()
            env.update(LD_PRELOAD=libasan, ASAN_OPTIONS="detect_leaks=0:abort_on_error=1:allocator_may_return_null=1",
                       UBSAN_OPTIONS="print_stacktrace=1")
        self.log = open(ROOT / "build" / f"fuzz-{os.getpid()}.log", "w+")
        self.process = subprocess.Popen([sys.executable, str(Path(tree) / "tools" / "fuzz.py"), "--worker"], env=env, cwd=tree,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True)

    def run(self, case):
        """None, or what was found."""
        self.log.seek(0)
        self.log.truncate()
        try:
            self.process.stdin.write(json.dumps(case) + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if answer:
            return json.loads(answer)["error"]
        code = self.process.wait()
        self.log.seek(0)
        return f"the process died ({code})\n" + self.log.read()[-8000:]

    @property
    def alive(self):
        return self.process.poll() is None

    def close(self):
        if self.alive:
            self.process.stdin.close()
            self.process.wait(CASE_SECONDS + 10)
        self.log.close()
        Path(self.log.name).unlink(missing_ok=True)


def sanitized_tree(folder):
    """A copy of the tree whose native engine is built with the sanitizers.  Gives its path."""
    tree = Path(folder)
    tree.mkdir(parents=True, exist_ok=True)
    for name in ("emu", "native", "tools", "tests/fuzz"):
        shutil.copytree(ROOT / name, tree / name, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    env = dict(os.environ, EMU_CFLAGS=SANITIZE, CC="gcc")
    subprocess.run([sys.executable, "-m", "native.build"], cwd=tree, env=env, check=True, stdout=subprocess.DEVNULL)
    return tree


def fuzz(cases, deadline, sanitize=None, keep=ROOT / "build" / "fuzz", most=20):
    """Run cases until they end, the time is over or there are ``most`` findings.  Gives (cases run, findings)."""
    child, done, findings = None, 0, []
    (ROOT / "build").mkdir(exist_ok=True)
    try:
        for case in cases:
            if time.monotonic() >= deadline or len(findings) >= most:
                break
            if child is None or not child.alive:
                child = Child(sanitize or ROOT, sanitize is not None)
            error = child.run(case)
            done += 1
            if error is None:
                continue
            keep.mkdir(parents=True, exist_ok=True)
            path = keep / "{kind}-{engine}-{seed}.json".format(**case)
            path.write_text(json.dumps({**case, "sanitize": sanitize is not None, "error": error}, indent=1))
            findings.append(path)
            print(f"{path}: {error.strip().splitlines()[-1]}", flush=True)
    finally:
        if child is not None:
            child.close()
    return done, findings


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--kind", action="append", choices=KINDS, help="what to do (default: all)")
    p.add_argument("--engine", choices=ENGINES, default="native")
    p.add_argument("--seed", type=int, help="the first case's seed (default: from the clock)")
    p.add_argument("--cases", type=int, help="stop after so many")
    p.add_argument("--hours", type=float, default=1.0)
    p.add_argument("--work", type=int, help="programs in a case")
    p.add_argument("--sanitize", nargs="?", const=str(ROOT / "build" / "sanitized"), metavar="FOLDER",
                   help="build the C with sanitizers (in a copy of the tree) and run that")
    p.add_argument("--reproduce", metavar="FILE")
    p.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    args = p.parse_args()
    if args.worker:
        return worker()
    if args.reproduce:
        found = json.loads(Path(args.reproduce).read_text())
        run_case(**{k: found[k] for k in ("kind", "seed", "engine", "work")})
        print("no finding")
        return 0
    seed = int(time.time()) if args.seed is None else args.seed
    kinds = args.kind or KINDS
    work = args.work or WORK[args.engine]

    def cases():
        n = 0
        while args.cases is None or n < args.cases:
            yield {"kind": kinds[n % len(kinds)], "seed": seed + n // len(kinds), "engine": args.engine, "work": work}
            n += 1

    tree = sanitized_tree(args.sanitize) if args.sanitize else None
    began = time.monotonic()
    done, findings = fuzz(cases(), began + args.hours * 3600, tree)
    print(f"{done} cases in {time.monotonic() - began:.0f} s, first seed {seed}: {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
