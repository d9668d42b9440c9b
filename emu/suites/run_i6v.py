"""Runs files of the vector corpus: in batches where the native engine is, one by one otherwise and where words are needed."""

import struct
import traceback
from functools import cache
from pathlib import Path

from . import suite
from .batch import Batch
from .compare import first_difference
from .harness import GaveUp, Harness
from .i6v import CODE16, Suite

SUFFIX = ".i6v.xz"
VECTORS_A_PART = {"native": 60_000, "python": 2_000}
PARTS = ("exception", "error", "cr2", "eip", "eflags", "gpr", "seg", "fcw", "fsw", "ftw", "fpu", "mxcsr", "xmm", "memory")


class Plan:
    """A file as it is planned: its forms, and how many vectors of each are to be run."""

    kind = "i6v"

    def __init__(self, path, options):
        self.path, self.name = path, path.name.removesuffix(SUFFIX)
        whole = Suite(path, header_only=True)
        self.forms = dict(enumerate(whole.forms))
        counts = {n: f.count for n, f in self.forms.items() if options.filter is None or f.matches(options.filter)}
        self.vectors = sum(min(n, options.limit or n) for n in counts.values())
        engine = "python" if options.lockstep else options.engine
        self.parts = -(-self.vectors // VECTORS_A_PART[engine])


def run(path, part, parts, options):
    """Run a share of a file; gives a suite.Outcome."""
    out, file = suite.Outcome(), suite.kept(Suite, path)
    chosen = [(form, at) for form, offsets in file.by_form(options.filter, options.limit).items() for at in offsets]
    if file.wrong and part == 0:
        out.wrong.append(f"{path}: {file.wrong}")
    Runner(file, options).run(suite.share(chosen, part, parts), out)
    return out


@cache
def harness_of(engine, model):
    """The harness of this process for an engine and a model."""
    return Harness(engine, model=model)


class Runner:
    """Runs vectors of one file as the options say."""

    def __init__(self, file, options):
        self.file, self.options = file, options
        self.features = options.features()

    def harness(self, engine):
        """The harness of an engine."""
        return harness_of(engine, self.options.model)

    def run(self, chosen, out):
        """Run (form, offset) pairs."""
        todo = self._possible(chosen, out)
        if self.options.engine == "native" and not self.options.lockstep:
            batch = Batch(self.harness("native"), self.file)
            verdicts = batch.verdicts([at for _, at in todo])
        else:
            verdicts = b"\1" * len(todo)
        for (form, at), verdict in zip(todo, verdicts):
            tally = out.tally(form)
            tally.vectors += 1
            if verdict:
                self._one(form, at, tally, out)

    def _possible(self, chosen, out):
        """Without the forms that the model lacks."""
        if self.options.model == suite.MODEL:
            return chosen
        lacking, todo = {}, []
        for form, at in chosen:
            if form not in lacking:
                v = self.file.vector(at)
                lacking[form] = suite.lacks(self.features, v.code, not v.flags & CODE16)
            if lacking[form]:
                out.leave_out(f"not in a {self.options.model}")
            else:
                todo.append((form, at))
        return todo

    def _one(self, form, at, tally, out):
        """Run one vector, and say in words what is wrong."""
        try:
            v = self.file.vector(at)
        except (struct.error, IndexError) as error:
            tally.fail(b"", "the vector is damaged")
            out.wrong.append(f"{self.file.path}: a damaged vector at offset {at} of its contents ({error})")
            return
        difference = self._difference(v, self.file.forms[form])
        if difference is not None:
            if self.options.model != suite.MODEL and suite.lacks(self.features, v.code, not v.flags & CODE16):
                tally.vectors -= 1
                out.leave_out(f"not in a {self.options.model}")
            else:
                tally.fail(v.code, difference, not v.flags & CODE16)

    def _difference(self, v, form):
        engines = ("native", "python") if self.options.lockstep else (self.options.engine,)
        found = []
        for engine in engines:
            try:
                result = self.harness(engine).run(v)
                difference = first_difference(v, form, result, self.harness(engine).background)
            except GaveUp as error:
                difference = str(error)
                self.harness(engine).prepare()
            except Exception as error:  # the engine's own failure is the vector's failure, and spoils no other
                where = traceback.extract_tb(error.__traceback__)[-1]
                difference = f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"
                self.harness(engine).prepare()
            if difference is not None:
                return difference if len(engines) == 1 else f"{engine}: {difference}"
            found.append(result)
        if len(found) == 2:
            for name in PARTS:
                a, b = (getattr(result, name, None) for result in found)
                if a != b:
                    return f"the engines differ in {name}: native {_shown(a)}, python {_shown(b)}"
        return None


def _shown(value):
    return f"{value:X}" if isinstance(value, int) else value.hex()[:64] if isinstance(value, bytes) else str(value)[:200]
