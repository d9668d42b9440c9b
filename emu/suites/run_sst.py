"""Runs files of the SingleStepTests family."""

import json
import re
import struct
import traceback
from functools import cache, lru_cache
from pathlib import Path

from emu.cpu.disassemble import Disassembler

from . import suite
from .errors import BadSuite
from .harness import GaveUp
from .processors import PROCESSORS, Shape
from .real import RealHarness, job
from .sst import MOO, PROCESSORS as NAMES, Json, Moo, unpack

NAME = re.compile(r"(?:.*_)?(?P<opcode>[0-9A-Fa-f]{2,8})(?:\.(?P<ext>\d))?(?:\.|$)")
TESTS_A_PART = 1000
FOLDER_NAMES = (("8088", "8086"), ("8086", "8086"), ("80286", "80286"), ("286", "80286"), ("80386", "80386"), ("386", "80386"))


@lru_cache(maxsize=4)
def metadata(folder):
    """The contents of a suite's metadata.json, or an empty dict."""
    try:
        found = json.loads((folder / "metadata.json").read_text())
        return found if isinstance(found, dict) else {}
    except (OSError, ValueError):
        return {}


@lru_cache(maxsize=4)
def revoked(folder):
    """Hashes of tests that the suite has withdrawn."""
    try:
        lines = (folder / "revocation_list.txt").read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return frozenset()
    return frozenset(line.strip().lower() for line in lines if line.strip() and not line.startswith("#"))


def read(path):
    """A file's reader.  Raises BadSuite."""
    data, wrong = unpack(path)
    try:
        return Moo(data, wrong) if data[:4] == MOO else Json(data, wrong)
    except (ValueError, KeyError, TypeError, struct.error) as error:
        raise BadSuite(path, wrong or str(error)) from None


def processor_of(path, file):
    """The Processor that a file was recorded from.  Raises BadSuite for one whose tests cannot be run."""
    name = file.cpu or metadata(path.parent).get("cpu", "")
    known = NAMES.get(name)
    if known is None and not name:
        known = next((cpu for part in reversed(path.parts) for word, cpu in FOLDER_NAMES if word in part), "8086")
    if known is None:
        raise BadSuite(path, f"tests of the processor {name!r} cannot be run")
    return PROCESSORS[known]


def flags_mask(path, opcode, ext):
    """The bits of FLAGS that the suite says are defined, or None if it does not say."""
    opcodes = metadata(path.parent).get("opcodes", {})
    entry = opcodes.get(opcode.upper(), {})
    if "reg" in entry and ext is not None:
        entry = entry["reg"].get(ext, {})
    return entry.get("flags-mask", 0xFFFF if entry else None)


class Plan:
    """A file as it is planned: one form."""

    kind = "sst"

    def __init__(self, path, options):
        self.path, self.name = path, path.parent.name
        match = NAME.match(path.name)
        self.opcode, self.ext = (match["opcode"], match["ext"]) if match else ("", None)
        file = read(path)
        self.processor = processor_of(path, file)
        name = file.mnemonic
        if not name:
            places = file.places()
            name = file.test(*places[0]).name if places else ""
        name = name.split()[0] if name.split() else path.name
        opcode = self.opcode.lower() + (f".{self.ext}" if self.ext else "")
        self.forms = {0: suite.Form(f"{name} ({opcode})", opcode, self.processor.name)}
        wanted = options.filter is None or self.forms[0].matches(options.filter) or self.opcode.lower() == options.filter.lower()
        self.vectors = min(file.count, options.limit or file.count) if wanted else 0
        self.parts = -(-self.vectors // TESTS_A_PART) if options.engine == "python" or options.lockstep else bool(self.vectors)


def run(path, part, parts, options):
    """Run a share of a file; gives a suite.Outcome."""
    out, file = suite.Outcome(), read(path)
    processor = processor_of(path, file)
    places = file.places()
    if file.wrong and part == 0:
        out.wrong.append(f"{path}: {file.wrong}")
    match = NAME.match(path.name)
    mask = flags_mask(path, match["opcode"], match["ext"]) if match else None
    decoder, away = Disassembler(False), revoked(path.parent)
    tests, jobs = [], []
    for place in suite.share(suite.spread(places, options.limit), part, parts):
        try:
            test = file.test(*place)
            if test.hash and test.hash.lower() in away:
                out.leave_out("withdrawn by the suite (revocation_list.txt)")
                continue
            shape, encoding = Shape(test.code), decoder.identify(test.code)
            reason = processor.exclusion(shape, test, encoding)
            if reason is None and options.model != suite.MODEL and suite.lacks(options.features(), test.code, False):
                reason = f"not in a {options.model}"
            if reason is not None:
                out.leave_out(f"{processor.name}: {reason}")
                continue
            jobs.append(job(test, shape, processor, mask, encoding))
            tests.append(test)
        except GaveUp as error:
            out.leave_out(str(error))
        except (struct.error, KeyError, IndexError, ValueError, TypeError, AttributeError):
            out.wrong.append(f"{path}: a damaged test at offset {place[0]}")
    _run(tests, jobs, processor, options, out.tally(0))
    return out


@cache
def harness_of(engine, name, model):
    """The harness of this process for an engine, a processor's tests and a model."""
    return RealHarness(engine, PROCESSORS[name], model)


def _run(tests, jobs, processor, options, tally):
    def harness(engine):
        return harness_of(engine, processor.name, options.model)

    tally.vectors += len(jobs)
    verdicts = b"\1" * len(jobs)
    if options.engine == "native" and not options.lockstep:
        verdicts = harness("native").verdicts(jobs)
        if not any(verdicts) and not harness("native").clean():
            verdicts = b"\2" * len(jobs)    # one of them wrote where it should not: find it
    strict = 2 in verdicts
    for test, packed, verdict in zip(tests, jobs, verdicts):
        if verdict:
            difference = _difference(packed, options, harness, strict)
            if difference is not None:
                tally.fail(test.code, difference, False)


def _difference(packed, options, harness, strict):
    engines = ("native", "python") if options.lockstep else (options.engine,)
    found = []
    for engine in engines:
        difference = None
        try:
            difference = harness(engine).difference(packed)
            if difference is None and (strict and not harness(engine).clean()):
                difference = "memory was written that the test does not list"
            if options.lockstep:
                found.append(harness(engine).run(packed))
        except GaveUp as error:
            difference = str(error)
        except Exception as error:  # the engine's own failure is the test's failure
            where = traceback.extract_tb(error.__traceback__)[-1]
            difference = f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"
        if difference is not None:
            harness(engine).prepare()
            return difference if len(engines) == 1 else f"{engine}: {difference}"
    if len(found) == 2 and found[0] != found[1]:
        return f"the engines differ: native {found[0]}, python {found[1]}"
    return None
