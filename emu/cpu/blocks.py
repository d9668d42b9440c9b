"""Blocks of decoded instructions as one Python function each, made from the same semantic functions.

A block begins where jumps often lead to and follows near jumps inside its page.  While it runs, the fields of the processor that it
touches are locals ("homes"); flags and registers that are overwritten unseen are never computed.  Whatever is not simple (a TLB miss,
a chip, code that is written to, a fault) leaves the block *before* its instruction, with the state there was then, and the engine runs
that instruction by itself: so faults, and all that is rare, have one implementation.  docs/cpu.md tells more.
"""

from itertools import count

from emu.bus.subset import values
from emu.bus.subset.inline import DEAD, Inliner, NotInlinable, Ref, tree_of
from emu.bus.subset.values import Scope, Value, binary, compare, const, name, temp

from . import flags, memory
from .forms import ENDS, GOTO, JUMP, NEXT
from .fpu.stack import pending_error
from .semantics import io
from .state import CS, IF, NO_REG, REC_OSIZE32, RF, TF, VIF, VIP
from .vector.access import refuse, refuse_sse

SIZES = 64, 16, 4  # most instructions of a block; smaller ones are tried where the text would be longer than MOST_LINES
MOST_LINES, MOST_VERSIONS, DEEPEST = 1500, 4, 24
PENDING = 12  # lines that a way out may take before what they compute is computed where all can use it
MOST_OF_ONE = 150  # lines that one instruction may take
# What a block says: nothing; the next instruction is to be run by itself; segments have changed; poll may have something to do
GO_ON, STEP, STALE, LOOK = range(4)
KIND = "cpu.cc_kind"
FLAG_FIELDS = KIND, "cpu.cc_res", "cpu.cc_a", "cpu.cc_b", "cpu.eflags"
BAKED = "access", "low", "high", "limit"  # of segments: known while a block is made, looked at when it is entered
WRITABLE = "cpu.gpr[", "cpu.cc_", "cpu.eflags", "cpu.fpu."


class Place:
    """A decoded instruction of a block, by its offset in the page."""

    def __init__(self, at, eip, function, r, kind):
        self.at, self.function, self.r, self.kind = at, function, r, kind
        self.next = at + r.len
        self.target = None  # offset in the page, if it is the same wherever the page is seen
        self.narrow = kind == JUMP and not r.flags & REC_OSIZE32  # keeps 16 bits of EIP
        if kind == JUMP and (not self.narrow or eip <= 0xFFFF):
            self.target = at + r.len + ((r.imm ^ 0x80000000) - 0x80000000)


class Block:
    """A compiled block: its function, the instructions it needs, how far its code lies below and above its start, the bytes it
    was made from (page offsets)."""

    def __init__(self, run, need, low, high, spans):
        self.run, self.need, self.low, self.high, self.spans = run, need, low, high, spans
        self.idle = self.since = 0  # runs that led nowhere, and the instruction count when they were last judged


def always_taken(function):
    """Is the result of a branch's function always True?"""
    found = []

    def look(nodes):
        for n in nodes:
            if n.op == "return":
                v = n.parts[0][0]
                found.append(v.parts[0] is True if v.op == "const" else
                             v.op == "call" and v.parts[0][0] == "fn" and always_taken(v.parts[0][1][0]))
            elif n.op == "if":
                look(n.parts[1])
                look(n.parts[2])
    look(tree_of(function).body)
    return bool(found) and all(found)


class TooLong(Exception):
    """The text of a block is longer than it is worth."""


def compile_block(cpu, pages, decoded, entry):
    """The block that starts at a page offset, or None if nothing is gained.  ``decoded(offset in page)`` gives (function,
    record, kind), or None."""
    for most in SIZES:
        try:
            return Compiler(cpu, pages, decoded, most).compile(entry)
        except TooLong:
            pass
    return None


class _Flags:
    """Stands for the processor where only flags are read."""


def _reader(function):
    def read(kind, res, a, b, eflags, *more):
        shown = _Flags()
        shown.cc_kind, shown.cc_res, shown.cc_a, shown.cc_b, shown.eflags = kind, res, a, b, eflags
        return function(shown, *more)
    return read


READERS = {f.__name__: f for f in (flags.get_cf, flags.get_pf, flags.get_af, flags.get_zf, flags.get_sf, flags.get_of, flags.condition,
                                   flags.read_eflags)}
_FUNCTIONS = {f"flag_{n}": _reader(f) for n, f in READERS.items()}


class Compiler(Inliner):
    """Makes one block of at most ``most`` instructions."""

    shown = None  # called with the text of each block, if somebody wants to see it

    def __init__(self, cpu, pages, decoded, most):
        self.most = most
        self.names = (f"t{n}" for n in count())
        super().__init__(self.names)
        self.cpu, self.pages, self.decoded = cpu, pages, decoded
        self.homes = {}  # path -> its local
        self.written = set()
        self.guards = {}  # path of a segment's field -> its value
        self.sizes = set()
        self.versions = {}  # (offset, flags kind or None) -> number
        self.kinds = []  # flags kind by number
        self.made = []  # (offset, flags kind, most instructions, scope) by number

    # -- finding the instructions ----------------------------------------------------------------------------------------

    def discover(self, entry):
        """The instructions that near jumps inside the page lead to, and how many ways lead to each."""
        self.places, self.ways = {}, {entry: 2}
        todo = [entry]
        while todo:
            at = todo.pop(0)
            while at not in self.places and len(self.places) < self.most:
                found = self.decoded(at) if at is not None and 0 <= at < 0x1000 else None
                if found is None:
                    break
                place = self.places[at] = Place(at, self.cpu.eip + at - entry, *found)
                if place.kind == GOTO:
                    break
                onward = [place.next]
                if place.kind == JUMP:
                    onward = [place.target] if always_taken(place.function) else [place.next, place.target]
                for to in onward:
                    self.ways[to] = self.ways.get(to, 0) + 1
                todo += onward[1:]
                at = onward[0]

    def compile(self, entry):
        lines = 0
        self.entry = entry
        self.discover(entry)
        self.version(entry, None)
        while len(self.made) < len(self.versions):
            (at, kind), number = list(self.versions.items())[len(self.made)]
            self.scope = Scope(self.names)
            self.fields = {} if kind is None else {KIND: const(kind)}
            self.count = self.longest = self.nesting = 0
            self.walk(at)
            self.made.append((at, kind, self.longest, self.scope))
            lines += len(self.scope.lines)
            if lines > MOST_LINES:
                raise TooLong
        if self.made[0][2] == 0:
            return None
        return self.build()

    # -- one way through the instructions ----------------------------------------------------------------------------------

    def walk(self, at):
        """Write the instructions from ``at`` until all ways have left."""
        first = True
        self.nesting += 1
        while True:
            place = self.places.get(at)
            if place is None or self.nesting > DEEPEST and not first:
                self.leave(at, place is not None)
                break
            if self.ways[at] > 1 and not (first and self.count == 0):
                self.go_to(at)
                break
            first = False
            result = self.instruction(place)
            if result is NotInlinable:
                self.leave(at, True)
                break
            if place.kind == NEXT:
                self.passed()
                at = place.next
            elif place.kind == ENDS:
                self.passed()
                self.look(place)
                at = place.next
            elif place.kind == GOTO:
                self.jump(result)
                break
            elif result.const is not None:
                to = place.target if result.const else place.next
                if result.const and to not in self.places:
                    self.jump(self.target(place))
                    break
                self.passed()
                at = to
            else:
                self.taken(place, result)
                self.passed()
                at = place.next
        self.nesting -= 1

    def passed(self):
        self.count += 1
        self.longest = max(self.longest, self.count)
        if self.count & 7 == 0:
            self.compute(self.fields)

    def compute(self, fields):
        """Compute what fields hold, if a way out from here would have much to compute."""
        out = self.scope.inner()
        self.settle(out, fields)
        if len(out.lines) > PENDING:
            for v in fields.values():
                self.scope.text(v)
            if len(self.scope.lines) > MOST_LINES:
                raise TooLong

    def instruction(self, place):
        """Follow one instruction; gives its function's result, or NotInlinable with nothing changed."""
        self.at, self.before = place.at, dict(self.fields)
        self.synchronised = place.next if place.kind == ENDS else place.at  # what EIP is
        self.loaded = self.stored = self.called = False
        self.half = None
        lines, named, guarded, depth = len(self.scope.lines), dict(self.scope.named), self.guarded, self.depth
        refused = set(self.scope.refused)
        scope = self.scope
        try:
            result = self.call(place.function, [Ref("cpu"), Ref(None, place.r)])
            if result is DEAD:
                raise NotInlinable("always faults")
            if len(self.scope.lines) - lines > MOST_OF_ONE:
                raise NotInlinable("too long")
            return result
        except NotInlinable:
            self.scope, self.fields, self.guarded, self.depth = scope, self.before, guarded, depth
            del scope.lines[lines:]
            scope.named, scope.refused = named, refused
            return NotInlinable

    def taken(self, place, test):
        """Write the way of a jump that may be taken."""
        outer, before, passed, fields = self.scope, self.before, self.count, dict(self.fields)
        text = outer.text(test)
        self.compute(fields)
        self.scope = outer.inner()
        if place.target in self.places:
            self.passed()
            self.walk(place.target)
        else:
            self.jump(self.target(place))
        outer.nest(f"if {text}:", self.scope)
        self.scope, self.before, self.count, self.fields = outer, before, passed, fields

    def look(self, place):
        """After an instruction that may have changed what poll looks at: leave if it has.  Nothing was waiting before it."""
        tests = ["cpu.attention"] if self.called else []
        flags = self.fields.get("cpu.eflags")
        if flags is not None and flags is not self.before.get("cpu.eflags"):
            text = self.scope.text(temp(flags))
            tests += [f"{text} & {TF | RF | VIF | VIP}", f"{text} & {IF} and cpu.intr"]
        if tests:
            self.compute(self.fields)
            inner = self.scope.inner()
            self.out(inner, self.fields, self.count, self.eip(place.next).parts[0], LOOK)
            self.scope.nest(f"if {' or '.join(tests)}:", inner)

    # -- leaving ---------------------------------------------------------------------------------------------------------

    def target(self, place):
        """EIP of a relative jump's target."""
        r = place.r
        return values.mask(binary("+", self.eip(place.at), const(r.len + r.imm), "u"), 0xFFFFFFFF if r.flags & REC_OSIZE32 else 0xFFFF)

    def eip(self, at):
        """EIP of an instruction of the block."""
        off = at - self.entry
        return name("eip" if off == 0 else f"(eip + {off})" if off > 0 else f"(eip - {-off})", "u", 0xFFFFFFFF)

    def jump(self, target):
        """Leave for an EIP that is checked against the code segment's limit."""
        target = temp(target)
        outside = compare(">", target, self.field(f"cpu.seg[{CS}].limit", None))
        if outside.const is not False and not (self.stored and self.loaded):  # such a function has checked it
            inner = self.scope.inner()
            text = self.scope.text(outside)
            self.bail(inner)
            self.scope.nest(f"if {text}:", inner)
        self.passed()
        self.out(self.scope, self.fields, self.count, self.scope.text(target), GO_ON)

    def leave(self, at, step):
        """Leave before the instruction at a page offset."""
        self.out(self.scope, self.fields, self.count, self.eip(at).parts[0], STEP if step else GO_ON)

    def bail(self, scope=None):
        """Write how to leave before the instruction that is being followed."""
        if self.stored and self.loaded:
            raise NotInlinable("may fault after it has read and written memory")
        self.out(scope or self.scope, self.before, self.count, self.eip(self.at).parts[0], STEP)

    def out(self, scope, fields, passed, eip, code):
        self.settle(scope, fields)
        if passed:
            scope.emit(f"n -= {passed}")
        scope.emit(f"x = {eip}")
        if code:
            scope.emit(f"k = {code}")
        scope.emit("break")

    def go_to(self, at):
        """Go on at an instruction that several ways lead to."""
        kind = self.fields[KIND].const if KIND in self.fields else None
        number = self.version(at, kind)
        if self.kinds[number] is None:
            kind = None
        self.settle(self.scope, {p: v for p, v in self.fields.items() if p != KIND or kind is None})
        if self.count:
            self.scope.emit(f"n -= {self.count}")
        self.scope.emit(f"b = {number}")
        self.scope.emit("continue")

    def version(self, at, kind):
        """The number of the text for an instruction that is reached with flags of one kind."""
        if (at, kind) not in self.versions:
            if kind is not None and sum(1 for a, _ in self.versions if a == at) >= MOST_VERSIONS:
                return self.version(at, None)
            self.versions[at, kind] = len(self.versions)
            self.kinds.append(kind)
        return self.versions[at, kind]

    def settle(self, scope, fields):
        """Bring every field to its home."""
        moves = []
        for path, v in fields.items():
            home = self.home(path)
            if not (v.op == "name" and v.parts[0] == home):
                moves.append((home, scope.text(v)))
                self.written.add(path)
        homes = {home for home, _ in moves}
        if any(text in homes for _, text in moves):
            scope.emit(", ".join(home for home, _ in moves) + " = " + ", ".join(text for _, text in moves))
        else:
            for home, text in moves:
                scope.emit(f"{home} = {text}")

    # -- fields ----------------------------------------------------------------------------------------------------------

    def home(self, path):
        made = self.homes.get(path)
        if made is None:
            made = self.homes[path] = f"h{len(self.homes)}"
        return made

    def field(self, path, type):
        if path == "cpu.eip":
            return self.eip(self.synchronised)
        if path == "cpu.mode":
            return const(self.cpu.mode)
        if path == f"cpu.gpr[{NO_REG}]":
            return const(0)
        if path.startswith("cpu.seg[") and path.rpartition(".")[2] in BAKED:
            known = self.guards.get(path)
            if known is None:
                known = self.guards[path] = eval(path, {"cpu": self.cpu})
            return const(known)
        if path in ("cpu.left", "cpu.icount", "cpu.attention") or path.startswith("cpu.code"):
            raise NotInlinable(path)
        return name(self.home(path), type.kind, type.max)

    def may_write(self, path):
        if not path.startswith(WRITABLE):
            raise NotInlinable(path)

    def fault(self, vector, error):
        self.bail()

    def give_up(self, reason):
        self.bail()

    def call(self, function, args):
        reader = READERS.get(function.__name__)
        if reader is function:
            kind = self.fields.get(KIND)
            if kind is None or kind.const is None:
                shown = [self.fields.get(p) or name(self.home(p), "u", 0xFFFFFFFF) for p in FLAG_FIELDS]
                t = tree_of(function).result
                return temp(Value("call", (f"flag_{function.__name__}", (*shown, *args[1:])), t.kind, t.max))
        return super().call(function, args)

    # -- memory ----------------------------------------------------------------------------------------------------------

    def place_of(self, lin, size, table):
        """Text of the index of bytes in the backing's view; the name or number of the address."""
        self.sizes.add(size)
        text = self.scope.text(temp(lin))
        if lin.const is not None:
            page = lin.const >> 12 if lin.const % size == 0 else -1
        else:
            page = f"{text} >> 12" + (f" if not {text} & {size - 1} else -1" if size > 1 else "")
        at = f"{table}[{page}] + {text}"
        return text, at if size == 1 else f"{at} >> {size.bit_length() - 1}"

    def attempt(self, line, *rescue):
        """A line that finds its page, or else lines that may bail out (the last of them asks)."""
        scope = self.scope
        self.compute(self.before)
        scope.emit("try:")
        scope.emit(f"    {line}")
        inner = scope.inner()
        for r in rescue[:-1]:
            inner.emit(r)
        out = inner.inner()
        self.bail(out)
        inner.nest(rescue[-1], out)
        scope.nest("except KeyError:", inner)

    def load(self, function, args):
        width = function.generic[1]
        size = width.bits // 8
        text, at = self.place_of(args[2], size, "R")
        v = next(self.names)
        self.attempt(f"{v} = M{size}[{at}]", f"{v} = L{size}({text})", f"if {v} is None:")
        self.loaded = True
        return name(v, "u", width.max)

    def store(self, function, args):
        size = function.generic[1].bits // 8
        value = self.scope.text(temp(args[3]))
        text, at = self.place_of(args[2], size, "W")
        self.attempt(f"M{size}[{at}] = {value}", f"if S{size}({text}, {value}):")
        self.stored = True

    def load_rmw(self, function, args):
        width = function.generic[1]
        size = width.bits // 8
        text, at = self.place_of(args[2], size, "W")
        v, o = next(self.names), next(self.names)
        self.attempt(f"{o} = {at}; {v} = M{size}[{o}]", f"{o} = -1", f"{v} = X{size}({text})", f"if {v} is None:")
        self.loaded = True
        self.half = text, o
        return name(v, "u", width.max)

    def store_rmw(self, function, args):
        size = function.generic[1].bits // 8
        value = self.scope.text(temp(args[3]))
        if self.half is None:
            raise NotInlinable("a write without its read")
        text, o = self.half
        self.scope.emit(f"if {o} < 0: S{size}({text}, {value})")
        self.scope.emit(f"else: M{size}[{o}] = {value}")
        self.stored = True

    # -- ports -----------------------------------------------------------------------------------------------------------

    def chip(self, call):
        """Write a call of a chip, which sees time and registers as they are before the instruction, and may change registers."""
        if self.guarded:
            raise NotInlinable("a port that may not be accessed")
        scope = self.scope
        scope.forget_refused()
        self.settle(scope, self.fields)
        self.written |= self.fields.keys()
        scope.emit("#spill")
        now = f"n - {self.count}" if self.count else "n"
        scope.emit(f"cpu.icount += cpu.left - {now}" if not self.count else f"cpu.icount += cpu.left - n + {self.count}")
        scope.emit(f"cpu.left = {now} - 1")
        scope.emit(call)
        scope.emit("cpu.left += 1")
        scope.emit("#reload")
        self.fields = {p: v for p, v in self.fields.items() if not p.startswith("cpu.gpr[") and v.const is not None}
        self.loaded = self.stored = self.called = True

    def port_in(self, function, args):
        width = function.generic[1]
        port, v = next(self.names), next(self.names)
        self.scope.emit(f"{port} = {self.scope.text(args[1])}")  # of its own: homes move before the call
        self.chip(f"{v} = cpu.port_read{width.bits}({port})")
        return name(v, "u", width.max)

    def port_out(self, function, args):
        port, value = next(self.names), next(self.names)  # of their own: homes move before the call
        for made, a in ((port, args[1]), (value, args[2])):
            self.scope.emit(f"{made} = {self.scope.text(a)}")
        self.chip(f"cpu.port_write{function.generic[1].bits}({port}, {value})")

    def rare(self, function, args):
        """What nearly always faults is left to the engine."""
        self.bail()
        return DEAD

    special = {refuse: rare, refuse_sse: rare, pending_error: rare, io.port_in: port_in, io.port_out: port_out, memory.load: load,
               memory.store: store, memory.load_rmw: load_rmw, memory.store_rmw: store_rmw}

    # -- the function ----------------------------------------------------------------------------------------------------

    def build(self):
        only = len(self.made) == 1
        spans = sorted((p.at, p.next) for p in self.places.values())
        low = self.entry - spans[0][0]
        high = max(end for _, end in spans) - self.entry
        lines = ["    n = cpu.left"]
        if any(p.narrow and p.target is not None for p in self.places.values()):
            lines.append(f"    if eip > {0xFFFF - high}: return {STALE}")
        for path, value in self.guards.items():
            lines += [f"    if {path} != {value}: return {STALE}"]
        body = []
        for number, (at, kind, longest, scope) in enumerate(self.made):
            short = Scope(self.names)
            self.settle(short, {} if kind is None else {KIND: const(kind)})
            head = [f"if n < {longest}:"] + ["    " + line for line in short.lines + [f"x = {self.eip(at).parts[0]}", "break"]]
            inner = (head if longest else []) + [line for line in scope.lines if not only or line.strip() != "b = 0"]
            if only:
                body += inner
            else:
                body += [f"{'el' if number else ''}if b == {number}:"] + ["    " + line for line in inner]
        lines += [f"    {home} = {self.short(path)}" for path, home in self.homes.items()]
        lines += ["    k = 0" if only else "    k = b = 0", "    while True:"] + ["        " + line for line in body]
        spilled = [f"{self.short(path)} = {home}" for path, home in self.homes.items() if path in self.written]
        reloaded = [f"{home} = {self.short(path)}" for path, home in self.homes.items() if path.startswith("cpu.gpr[")]
        for mark, text in ("#spill", spilled), ("#reload", reloaded):
            lines = [indent + t for line in lines for indent in [line[:len(line) - len(line.lstrip())]]
                     for t in (text if line.lstrip() == mark else [line.lstrip()])]
        lines += ["    " + line for line in spilled]
        lines += ["    cpu.eip = x", "    cpu.icount += cpu.left - n", "    cpu.left = n", "    return k"]
        names = {"cpu": self.cpu, "g": self.cpu.gpr, **_FUNCTIONS}
        given = ["cpu", "g"]
        for size in self.sizes:
            view, load, load_rmw, store = self.pages.access(size)
            names |= {f"M{size}": view, f"L{size}": load, f"X{size}": load_rmw, f"S{size}": store}
            given.append(f"M{size}")
        names |= {text: table for text, table in self.tables.values()}
        head = f"def block(eip, R, W, {', '.join(f'{n}={n}' for n in given)}):"
        text = "\n".join([head] + lines) + "\n"
        if self.shown is not None:
            self.shown(text)
        exec(compile(text, f"<block {self.entry:03x}>", "exec"), names)
        return Block(names["block"], self.made[0][2], low, high, spans)

    @staticmethod
    def short(path):
        return path.replace("cpu.gpr[", "g[")
