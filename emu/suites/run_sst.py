"""Runs files of the SingleStepTests family."""

import json
import re
import struct
import traceback
from functools import cache, lru_cache
from pathlib import Path

from emu.cpu.disassemble import Disassembler
from emu.cpu.state import CR0_PE

from . import suite
from .errors import BadSuite
from .harness import GaveUp
from .processors import PROCESSORS, by_count, undefined, undefined_by_count
from .real import RealHarness
from .real_tests import AFTER, BEFORE, EFLAGS, ESP, FLAGS_AT, FLAGS_MASK, LIMIT, MASK, NONE, REPEATS, ROW, SS, Rules, View, read as read_tests
from .shape import Shape
from .sst import MOO, PROCESSORS as NAMES, Json, Moo, head_of, unpack

NAME = re.compile(r"(?:.*_)?(?P<opcode>[0-9A-Fa-f]{2,8})(?:\.(?P<ext>\d))?(?:\.|$)")
TESTS_A_PART = 1000
DAMAGED_FILE = ValueError, KeyError, TypeError, IndexError, AttributeError, struct.error
DECODER = Disassembler(False)
PUSHF, PUSHES_FLAGS = 0x9C, {0x62, 0xCC, 0xCD, 0xCE, 0xD4, 0xF6, 0xF7}
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
    except DAMAGED_FILE as error:
        raise BadSuite(path, wrong or str(error)) from None


def processor_of(path, file):
    """The Processor that a file was recorded from.  Raises BadSuite for one whose tests cannot be run."""
    name = file.cpu or metadata(path.parent).get("cpu", "")
    known = NAMES.get(name)
    if known is None and not name:
        known = next((cpu for part in reversed(path.parts) for word, cpu in FOLDER_NAMES if word in part), "8086")
    if known is None:
        raise BadSuite(path, f"tests of the processor {name!r} (at offset 16) cannot be run")
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
        try:
            file = head_of(path)
        except DAMAGED_FILE as error:
            raise BadSuite(path, str(error)) from None
        self.processor = processor_of(path, file)
        name = file.mnemonic.split()[0] if file.mnemonic.split() else path.name
        opcode = self.opcode.lower() + (f".{self.ext}" if self.ext else "")
        self.forms = {0: suite.Form(f"{name} ({opcode})", opcode, self.processor.name)}
        wanted = options.filter is None or self.forms[0].matches(options.filter) or self.opcode.lower() == options.filter.lower()
        self.vectors = min(file.count, options.limit or file.count) if wanted else 0
        self.parts = -(-self.vectors // TESTS_A_PART) if options.engine == "python" or options.lockstep else bool(self.vectors)


class Kind:
    """What all tests of one instruction (prefixes, opcode, ModRM) have in common."""

    def __init__(self, key, code, processor, flags_mask):
        self.shape = shape = Shape(key)
        self.encoding = DECODER.identify(code)
        self.reason = processor.no_such(shape, self.encoding)
        self.undefined = undefined(shape, flags_mask, self.encoding)
        self.by_count = by_count(shape)
        self.limit = None if processor.halts else REPEATS if shape.repeats else 1
        self.pushf, self.traps = shape.opcode == PUSHF, shape.opcode in PUSHES_FLAGS


class Judge:
    """Says of the tests of a file which are run, and what of their results counts."""

    def __init__(self, path, processor, options):
        self.processor, self.options, self.path = processor, options, path
        match = NAME.match(path.name)
        self.flags_mask = flags_mask(path, match["opcode"], match["ext"]) if match else None
        self.revoked = revoked(path.parent)
        self.kinds = {}

    def chosen(self, tests, out):
        """The numbers of the tests to run; what counts is written into their rows."""
        found, protected = [], []
        words, data, processor, kinds = tests.words, tests.data, self.processor, self.kinds
        for n, (at, damaged, code_at, code_size, hash_at, hash_size, exception, *key, cr0) in enumerate(tests.heads):
            if damaged:
                out.wrong.append(f"{self.path}: a damaged test at offset {at}")
                continue
            if self.revoked and tests.hash(hash_at, hash_size) in self.revoked:
                out.leave_out("withdrawn by the suite (revocation_list.txt)")
                continue
            code, key = data[code_at:code_at + code_size], tuple(key)
            kind = kinds.get(key)
            if kind is None:
                kind = kinds[key] = Kind((key[0], None if key[1] == NONE else key[1], key[2]), code, processor, self.flags_mask)
            test = View(tests, n, code, exception)
            reason = kind.reason or processor.exclusion(kind.shape, test, kind.encoding)
            if reason is not None:
                reason = f"{processor.name}: {reason}"
            elif processor.wide and cr0 & CR0_PE:
                protected.append(at)
                continue
            elif self.options.model != suite.MODEL and suite.lacks(self.options.features(), code, False):
                reason = f"not in a {self.options.model}"
            if reason is not None:
                out.leave_out(reason)
                continue
            row, ignored = ROW * n, kind.undefined
            if kind.by_count:
                ignored |= undefined_by_count(kind.shape, test)
            if ignored:
                words[row + MASK + EFLAGS] &= ~ignored & 0xFFFFFFFF
            if kind.limit is not None:
                words[row + LIMIT] = kind.limit
            if kind.pushf or kind.traps or exception != NONE:
                self._pushed_flags(kind, exception, words, row, ignored)
            found.append(n)
        if protected:
            out.wrong.append(f"{self.path}: only tests of real mode can be run, and {len(protected)} start in protected mode, the first of "
                             f"them at offset {protected[0]}")
        return found

    def _pushed_flags(self, kind, exception, words, row, ignored):
        """FLAGS that PUSHF, an INT or a fault has put on the stack: their undefined and upper bits differ.  (EXCP says where they
        lie too, but one byte too low where SP is odd.)"""
        sp, ss = words[row + AFTER + ESP], words[row + AFTER + SS]
        used = words[row + BEFORE + ESP] - sp & 0xFFFF
        if kind.pushf:
            words[row + FLAGS_AT] = (ss << 4) + sp & 0xFFFFFFFF
        elif exception != NONE or used == 6:
            words[row + FLAGS_AT] = (ss << 4) + (sp + 4 & 0xFFFF) & 0xFFFFFFFF
        else:
            return
        words[row + FLAGS_MASK] = (ignored | ~self.processor.flags) & 0xFFFF


@cache
def rules_of(name):
    """The rules of a processor's tests."""
    return Rules(PROCESSORS[name])


def run(path, part, parts, options):
    """Run a share of a file; gives a suite.Outcome."""
    out = suite.Outcome()
    file = suite.kept(read, path)
    processor = processor_of(path, file)
    tests = read_tests(file, lambda places: suite.share(suite.spread(places, options.limit), part, parts), rules_of(processor.name))
    if file.wrong and part == 0:
        out.wrong.append(f"{path}: {file.wrong}")
    chosen = Judge(path, processor, options).chosen(tests, out)
    _run(tests, chosen, processor, options, out.tally(0))
    return out


@cache
def harness_of(engine, name, model):
    """The harness of this process for an engine, a processor's tests and a model."""
    return RealHarness(engine, PROCESSORS[name], model)


def _run(tests, chosen, processor, options, tally):
    def harness(engine):
        return harness_of(engine, processor.name, options.model)

    tally.vectors += len(chosen)
    verdicts = b"\1" * len(chosen)
    if options.engine == "native" and not options.lockstep:
        verdicts = harness("native").verdicts(tests, chosen)
        if not any(verdicts) and not harness("native").clean():
            verdicts = b"\2" * len(chosen)    # one of them wrote where it should not: find it
    if not any(verdicts):
        return
    strict = 2 in verdicts
    for n, verdict in zip(chosen, verdicts):
        if verdict:
            row = tests.row(n)
            difference = _difference((row, *tests.ram(row)), options, harness, strict)
            if difference is not None:
                head = tests.heads[n]
                tally.fail(tests.data[head[2]:head[2] + head[3]], difference, False)


def _difference(test, options, harness, strict):
    engines = ("native", "python") if options.lockstep else (options.engine,)
    found = []
    for engine in engines:
        difference = None
        try:
            difference = harness(engine).difference(*test)
            if difference is None and (strict and not harness(engine).clean()):
                difference = "memory was written that the test does not list"
            if options.lockstep:
                found.append(harness(engine).run(*test))
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
