"""``emu cpu-test``: finds suites, runs their vectors in several processes and sums up."""

import os
import traceback
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from pathlib import Path

from emu.cli.parsing import EXIT_FAILED, EXIT_OK, UsageError

from . import report
from .compare import first_difference
from .harness import GaveUp, Harness
from .i6v import BadSuite, Suite

SUFFIX = ".i6v.xz"
UNIT = 3000  # vectors a process takes at a time


class Result:
    """What became of one form: vectors run, vectors that failed, and the first failure's code and difference."""

    def __init__(self, suite, form):
        self.suite, self.form = suite, form
        self.vectors = self.failed = 0
        self.code = self.difference = None

    def add(self, vectors, failed, code, difference):
        """Count what a process found."""
        self.vectors += vectors
        if failed and not self.failed:
            self.code, self.difference = code, difference
        self.failed += failed


# -- suites ------------------------------------------------------------------------------------------------------

def data_folder():
    """Where the test data is: $EMU_TEST_DATA (a relative path is one from the project's folder), or ../shared."""
    return Path(__file__).resolve().parents[3] / (os.environ.get("EMU_TEST_DATA") or "../shared")


def find_suites(names):
    """The files of the suites named: a file, a folder of files, a suite's name (int_32), or a class of suites (int)."""
    corpus = data_folder() / "cpu-vectors" / "i686"
    if not names:
        found = sorted(corpus.glob("*" + SUFFIX))
        if not found:
            raise UsageError(f"no instruction vectors in {corpus} (EMU_TEST_DATA says where they are)")
        return found
    out = []
    for name in names:
        path = Path(name)
        if path.is_dir():
            found = sorted(path.rglob("*" + SUFFIX))
        elif path.is_file():
            found = [path]
        else:
            one = corpus / (name + SUFFIX)
            found = [one] if one.is_file() else sorted(corpus.glob(f"{name}_[0-9]*{SUFFIX}"))
        if not found:
            raise UsageError(f"no suite {name!r}")
        out += [path for path in found if path not in out]
    return out


# -- in the processes --------------------------------------------------------------------------------------------

@lru_cache(maxsize=1)
def _suite(path):
    return Suite(path)


_harness = {}


def run_unit(engine, path, offsets):
    """Run vectors of a file; gives {form: (vectors, failed, code of the first failure, its difference)}."""
    suite = _suite(path)
    out = {}
    for at in offsets:
        v = suite.vector(at)
        difference = run_vector(engine, v, suite.forms[v.form])
        vectors, failed, code, first = out.get(v.form, (0, 0, None, None))
        if difference is not None and not failed:
            code, first = v.code.hex(" "), difference
        out[v.form] = vectors + 1, failed + (difference is not None), code, first
    return out


def run_vector(engine, v, form):
    """Run one vector of a form; gives the first difference as a line, or None."""
    harness = _harness.get(engine)
    if harness is None:
        harness = _harness[engine] = Harness(engine)
    try:
        return first_difference(v, form, harness.run(v), harness.background)
    except GaveUp as error:
        difference = str(error)
    except Exception as error:  # the engine's own failure is the vector's failure, and spoils no other
        where = traceback.extract_tb(error.__traceback__)[-1]
        difference = f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"
    harness.close()
    del _harness[engine]
    return difference


# -- the command -------------------------------------------------------------------------------------------------

def _native_built():
    from emu.machine.native_parts import available
    return available()


def _choose_engine(wanted):
    if wanted == "native" and not _native_built():
        raise UsageError("the native engine is not built")
    if wanted in ("native", "python"):
        return wanted
    return "native" if _native_built() else "python"


def _plan(paths, wanted, limit):
    """Results to be filled in, and units of work as (path, offsets)."""
    results, units = {}, []
    for path in paths:
        try:
            suite = Suite(path)
            offsets = suite.select(wanted, limit)
        except BadSuite as error:
            raise UsageError(error) from None
        name = path.name.removesuffix(SUFFIX)
        for form in suite.forms:
            if wanted is None or form.matches(wanted):
                results[path, form.id] = Result(name, form)
        units += [(path, offsets[n:n + UNIT]) for n in range(0, len(offsets), UNIT)]
    if not units:
        raise UsageError(f"no vectors of {wanted!r}")
    return results, units


def _completed(engine, units, jobs):
    """Run the units; gives (unit, its outcome) as they are done."""
    if jobs == 1 or len(units) == 1:
        for unit in units:
            yield unit, run_unit(engine, *unit)
        return
    with ProcessPoolExecutor(jobs) as pool:
        pending = {pool.submit(run_unit, engine, *unit): unit for unit in units}
        try:
            for done in as_completed(pending):
                yield pending[done], done.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def main(args):
    """Run what the command line asks for."""
    engine = _choose_engine(args.engine)
    results, units = _plan(find_suites(args.suite), args.filter, args.limit)
    total = sum(len(offsets) for _, offsets in units)
    try:
        with report.Progress(total) as progress:
            for (path, offsets), outcome in _completed(engine, units, args.jobs or os.cpu_count() or 1):
                for form, found in outcome.items():
                    results[path, form].add(*found)
                progress.advance(len(offsets))
    except BadSuite as error:
        raise UsageError(error) from None
    except BrokenProcessPool:
        raise RuntimeError("a process that ran vectors died (--jobs 1 runs them in this one)") from None
    done = [r for r in results.values() if r.vectors]
    if args.json:
        report.print_json(engine, done)
    else:
        report.print_failures(done)
        report.print_table(engine, done)
    return EXIT_FAILED if any(r.failed for r in done) else EXIT_OK
