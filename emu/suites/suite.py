"""What all suites have in common: forms, the tally of a form, how much of a suite is run at a time, and what may be asked for."""

from dataclasses import dataclass, field

from emu.cpu.cpuid import IMPLEMENTED, MODELS
from emu.cpu.disassemble import Disassembler

from .bare import MODEL


@dataclass
class Options:
    """What is asked of a run."""

    engine: str = "python"
    filter: str | None = None
    limit: int | None = None
    lockstep: bool = False
    model: str = MODEL
    seconds: float = 60.0        # a program's time
    seed: int = 0                # of the first random stream

    def features(self):
        """CPUID bits of the model."""
        return next(m.features for m in MODELS if m.name == self.model) & IMPLEMENTED


@dataclass
class Form:
    """A line of the results: an instruction with its operands, or a program."""

    name: str
    opcode: str
    group: str

    @property
    def mnemonic(self):
        """Its instruction's name."""
        return (self.name.split() or [""])[0].split(".")[0]

    def matches(self, wanted):
        """Does a mnemonic, a whole name or an opcode in hex name this form?"""
        wanted = wanted.lower()
        return wanted in (self.mnemonic.lower(), self.name.split()[0].lower() if self.name else "", self.name.lower(), self.opcode.lower())


@dataclass
class Tally:
    """What became of a form's vectors; of those that failed the first one's bytes, text and difference."""

    vectors: int = 0
    failed: int = 0
    code: str = ""
    text: str = ""
    difference: str = ""

    def add(self, other):
        """Count what another part of the suite found."""
        self.vectors += other.vectors
        if other.failed and not self.failed:
            self.code, self.text, self.difference = other.code, other.text, other.difference
        self.failed += other.failed

    def fail(self, code, difference, code32=True):
        """A vector failed."""
        self.failed += 1
        if self.failed == 1:
            self.code, self.difference = code.hex(" "), difference
            self.text = Disassembler(code32).listing(code)


@dataclass
class Outcome:
    """What a part of a suite found: tallies by form number, tests left out by reason, and what could not be read."""

    tallies: dict = field(default_factory=dict)
    left_out: dict = field(default_factory=dict)
    wrong: list = field(default_factory=list)

    def tally(self, form):
        """The tally of a form."""
        return self.tallies.setdefault(form, Tally())

    def leave_out(self, reason, count=1):
        """Tests were not run."""
        self.left_out[reason] = self.left_out.get(reason, 0) + count


_kept = {}      # of this process: the file whose parts it runs, read once


def kept(read, path):
    """``read(path)``, or what it gave the last time if that was the same file."""
    at = path.stat()
    key = read, path, at.st_mtime_ns, at.st_size
    if key not in _kept:
        _kept.clear()
        _kept[key] = read(path)
    return _kept[key]


def lacks(model_features, code, code32):
    """Does a processor with these features lack an instruction of this code that others have?"""
    known, full = Disassembler(code32, model_features), Disassembler(code32)
    at = 0
    while at < len(code):
        found, other = known.decode(code[at:]), full.decode(code[at:])
        if found is None or other is None:
            return False
        if found[1] != other[1]:
            return True
        at += other[0].len
    return False


def share(items, part, parts):
    """One of ``parts`` equal shares of a list, in order."""
    return items[len(items) * part // parts:len(items) * (part + 1) // parts]


def spread(items, limit):
    """At most ``limit`` items, spread evenly."""
    if limit is None or len(items) <= limit:
        return items
    return [items[n * len(items) // limit] for n in range(limit)]
