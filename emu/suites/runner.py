"""``emu cpu-test``: finds suites, runs them in several processes and sums up."""

import multiprocessing
import os
import re
import signal
import sys
import time
import zlib
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from emu.media.errors import MediaError

from . import report, run_i6v, run_program, run_sst, run_streams
from .bare import MODEL, native_built
from .errors import BadSuite, Refused
from .suite import Options, Outcome, Tally
from .sst import GZIP, MOO

SUFFIX = run_i6v.SUFFIX
XZ = b"\xfd7zXZ\0"
BESIDES = {"metadata.json"}      # belong to a suite and are none
HEAD = 4096
PASSED, FAILED, WRONG = range(3)      # what main() gives; WRONG: something could not be read


class Result:
    """What became of one form of one suite."""

    def __init__(self, suite, form):
        self.suite, self.form, self.tally = suite, form, Tally()


# -- suites ------------------------------------------------------------------------------------------------------

def data_folder():
    """Where the test data is: $EMU_TEST_DATA (a relative path is one from the project's folder), or ../shared."""
    return Path(__file__).resolve().parents[2] / (os.environ.get("EMU_TEST_DATA") or "../shared")


def files_in(folder):
    """The files below a folder, in order."""
    return sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))


def find_files(names):
    """(path, was it named?) of all suites: a file, a folder, or the name of a suite or of a folder of cpu-vectors/."""
    vectors = data_folder() / "cpu-vectors"
    if not names:
        found = files_in(vectors) if vectors.is_dir() else []
        if not found:
            raise Refused(f"no instruction vectors in {vectors} (EMU_TEST_DATA says where they are)")
        return [(path, False) for path in found]
    out = {}
    for name in names:
        path = Path(name)
        if path.is_file() or name == run_streams.NAME:
            out[path] = True
            continue
        folder = path if path.is_dir() else vectors / name if (vectors / name).is_dir() else None
        if folder is not None:
            found = files_in(folder)
        else:
            one = vectors / "i686" / (name + SUFFIX)
            found = [one] if one.is_file() else [p for p in files_in(vectors / "i686") if re.fullmatch(
                rf"{re.escape(name)}_\d+{re.escape(SUFFIX)}", p.name)]
        if not found and folder is None:
            raise Refused(f"{name}: no such file or folder, and no suite of that name in {vectors}")
        if not found:
            raise Refused(f"{name}: the folder is empty")
        for path in found:
            out.setdefault(path, False)
    return list(out.items())


def kind_of(path):
    """What kind of suite a file is, told from its content: i6v, sst, rom, kernel, or None.  Raises BadSuite."""
    if path.name in BESIDES:
        return None
    try:
        with open(path, "rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        raise BadSuite(path, error.strerror or str(error)) from None
    if head[:6] == XZ:
        return "i6v"
    if head[:4] == MOO:
        return "sst"
    if head[:2] == GZIP:
        try:
            head = zlib.decompressobj(31).decompress(head, HEAD)
        except zlib.error:
            raise BadSuite(path, "the gzip file is damaged at offset 0") from None
        return "sst" if head[:4] == MOO or head.lstrip()[:1] == b"[" else None
    if path.name.endswith(SUFFIX):
        raise BadSuite(path, "is not an XZ file (wrong magic at offset 0)")
    if path.suffix.upper() == ".MOO":
        raise BadSuite(path, "is not a MOO file (wrong magic at offset 0)")
    if head.lstrip()[:1] == b"[" and path.suffix == ".json":
        return "sst"
    try:
        return run_program.rom_or_kernel(path, head)
    except MediaError:
        return None


def plan(files, options):
    """(plans, what is wrong): a plan for each file that is a suite."""
    plans, wrong = [], []
    for path, named in files:
        if str(path) == run_streams.NAME:
            if not options.lockstep:
                raise Refused(f"{run_streams.NAME}: compares the engines: needs --lockstep")
            plans.append(run_streams.Plan(path, options))
            continue
        try:
            kind = kind_of(path)
            if kind is None:
                if named:
                    raise BadSuite(path, "is no suite of instruction tests")
                continue
            if kind == "i6v":
                plans.append(run_i6v.Plan(path, options))
            elif kind == "sst":
                plans.append(run_sst.Plan(path, options))
            else:
                plans.append(run_program.Plan(path, options, kind))
        except BadSuite as error:
            wrong.append(str(error))
    if not plans and not wrong:
        raise Refused("no suite of instruction tests in " + ", ".join(sorted({str(path.parent) for path, _ in files})))
    return plans, wrong


# -- in the processes --------------------------------------------------------------------------------------------

def size_of(path):
    """Size of a file, 0 for what is none."""
    return path.stat().st_size if path.is_file() else 0


def run_part(kind, path, part, parts, options):
    """Run a share of a file; gives a suite.Outcome."""
    try:
        if kind == "i6v":
            return run_i6v.run(path, part, parts, options)
        if kind == "sst":
            return run_sst.run(path, part, parts, options)
        if kind == "streams":
            return run_streams.run(path, part, parts, options)
        return run_program.run(path, part, parts, options, kind)
    except BadSuite as error:
        return Outcome(wrong=[str(error)] if part == 0 else [])


def completed(tasks, options, jobs):
    """Run the tasks; gives (task, its outcome) as they are done."""
    if jobs == 1 or len(tasks) == 1:
        for task in tasks:
            yield task, run_part(*task, options)
        return
    with ProcessPoolExecutor(min(jobs, len(tasks)), initializer=_leave_signals) as pool:
        pending = {pool.submit(run_part, *task, options): task for task in tasks}
        try:
            for done in as_completed(pending):
                yield pending[done], done.result()
        except BaseException:
            for process in multiprocessing.active_children():       # the parts that they are at can take long
                process.terminate()
            pool.shutdown(cancel_futures=True)
            raise


def _leave_signals():
    """In a worker: Ctrl+C is the parent's, which ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


# -- the command -------------------------------------------------------------------------------------------------

def choose_options(args):
    """The Options of the command line.  Raises Refused."""
    if (args.engine == "native" or args.lockstep) and not native_built():
        raise Refused("the native engine is not built")
    engine = args.engine if args.engine in ("native", "python") else "native" if native_built() else "python"
    return Options(engine, args.filter, args.limit, args.lockstep, args.cpu or MODEL, args.timeout or Options.seconds,
                   args.seed or 0)


def main(args):
    """Run what the parsed options ask for; gives PASSED, FAILED or WRONG.  Raises Refused."""
    options = choose_options(args)
    plans, wrong = plan(find_files(args.suite), options)
    tasks = [(p.kind, p.path, n, p.parts) for p in plans for n in range(p.parts)]
    tasks.sort(key=lambda task: -size_of(task[1]) / task[3])    # long ones first
    if not tasks and not wrong:
        raise Refused(f"no vectors of {options.filter!r}")
    results = {(p.path, n): Result(p.name, form) for p in plans for n, form in p.forms.items()}
    left_out, started = {}, time.monotonic()
    sizes = {p.path: p.vectors / max(p.parts, 1) for p in plans}
    try:
        with report.Progress(sum(p.vectors for p in plans)) as progress:
            for task, outcome in completed(tasks, options, args.jobs or os.cpu_count() or 1):
                for form, tally in outcome.tallies.items():
                    results[task[1], form].tally.add(tally)
                for reason, count in outcome.left_out.items():
                    left_out[reason] = left_out.get(reason, 0) + count
                wrong += outcome.wrong
                progress.advance(sizes[task[1]])
    except BrokenProcessPool:
        raise RuntimeError("a process that ran vectors died (--jobs 1 runs them in this one)") from None
    done = [r for r in results.values() if r.tally.vectors]
    found = report.Report(options, done, left_out, wrong, time.monotonic() - started)
    if args.junit:
        try:
            found.write_junit(args.junit)
        except OSError as error:
            raise Refused(f"{args.junit}: {error.strerror}") from None
    if args.json:
        found.print_json()
    elif done or left_out:
        found.print()
    for line in wrong:
        print(f"emu cpu-test: {line}", file=sys.stderr)
    if wrong:
        return WRONG
    return FAILED if any(r.tally.failed for r in done) else PASSED
