"""Collects every hot function that a board reaches, works out effects and faults, and names things in C."""

import inspect

from emu.bus.component import Component
from emu.bus.subset.reader import Reader, declared_type
from emu.bus.subset.tree import Node, SubsetError, fits, unsigned
from emu.bus.types import Const

from .cwriter import FLAT, FunctionWriter, c_type, c_width


class Target:
    """What a call comes to in C: function name, leading constants, and how results and faults come back."""

    def __init__(self, name, constants=(), faults=False, inline=False, effects=True, u64_result=False):
        self.name, self.constants, self.faults, self.inline, self.effects = name, constants, faults, inline, effects
        self.u64_result = u64_result


class Program:
    """``parts`` maps instance names to component classes, ``wires`` maps "part.wire" to ("method", part, method,
    constants), ("function", hot function, constants), ("c", C function name) or ("board_cold", name)."""

    def __init__(self, parts, wires):
        self.parts, self.wires = parts, wires
        self.functions = {}
        self.names = {}
        self.taken = {}
        self.tables = {}
        self.cold = {}
        self.handlers = {}
        self._queue = []

    # -- collecting ----------------------------------------------------------------------------------------------

    def instance(self, fn, local):
        """The instance behind a component-typed local or parameter."""
        if local.parts[0] == "self":
            return fn.key[1]
        return local.type.cls.__name__.lower()

    def add(self, function, owner=None):
        key = (function, owner)
        if key not in self.functions:
            cls = self.parts[owner] if owner else None
            fn = Reader(function, owner, cls).read()
            self.functions[key] = fn
            self._queue.append(fn)
        return key

    def add_method(self, owner, name):
        method = inspect.getattr_static(self.parts[owner], name)
        if not getattr(method, "subset", False):
            raise SubsetError(f"{owner}.{name} is not a hot method")
        return self.add(method, owner)

    def add_handler(self, function, kind):
        key = self.add(function)
        self.handlers[key] = kind
        return key

    def follow(self):
        """Read everything that is called from what was added."""
        while self._queue:
            fn = self._queue.pop()
            for call, _, _ in fn.calls:
                what = call.parts[0]
                if what[0] == "fn":
                    self.add(*what[1])
                elif what[0] == "wire":
                    joined = self.wires.get(f"{what[1]}.{what[2]}")
                    if joined and joined[0] == "function":
                        self.check_wire(what, joined[1], joined[2])
                        self.add(joined[1])
                    elif joined and joined[0] == "method":
                        method = getattr(self.parts[joined[1]], joined[2], None)
                        if method is None:
                            raise SubsetError(f"{what[1]}.{what[2]} leads to {joined[1]}.{joined[2]}, which is not there")
                        self.check_wire(what, method, joined[3])
                        if getattr(method, "cold", False):
                            continue
                        self.add_method(joined[1], joined[2])

    def check_wire(self, what, method, constants):
        """Does what a wire is joined to take the wire's arguments (after the board's constants) and give its result?"""
        wire = self.parts[what[1]].wires[what[2]]
        annotations = dict(inspect.get_annotations(method))
        result = declared_type(annotations.pop("return", None))
        params = [t for t in map(declared_type, annotations.values()) if t.kind != "s"]
        given = [Node("const", unsigned(c), c) for c in constants] + [Node("x", declared_type(a)) for a in wire.args]
        where = f"{what[1]}.{what[2]} is joined to {method.__qualname__}"
        if len(params) != len(given):
            raise SubsetError(f"{where}: {len(given)} arguments for {len(params)}")
        for value, t in zip(given, params):
            if not fits(value.type, t):
                raise SubsetError(f"{where}: {value.type} does not fit {t}")
        if wire.ret is not None and not fits(result, declared_type(wire.ret)):
            raise SubsetError(f"{where}: its result {result} does not fit {declared_type(wire.ret)}")

    # -- analysis ------------------------------------------------------------------------------------------------

    def analyse(self):
        """Which functions fault, which have effects: a fixed point over the calls; then rule 5."""
        for fn in self.functions.values():
            fn.faults = fn.raises
            fn.effects = fn.raises or fn.writes or fn.key in self.handlers
        changed = True
        while changed:
            changed = False
            for fn in self.functions.values():
                for call, _, _ in fn.calls:
                    t = self.target(call)
                    if t.faults and not fn.faults and not self._caught(fn, call):
                        fn.faults = fn.effects = changed = True
                    if t.effects and not fn.effects:
                        fn.effects = changed = True
        for fn in self.functions.values():  # the compiler may leave out a call of which nothing is used
            fn.pure = not fn.effects and not fn.faults and fn.result.kind not in "nt"
        wrong = [f"{fn.file}:{line}: {fn.name}: {self.target(call).name} has effects or may fault: it stands alone"
                 for fn in self.functions.values() for call, alone, line in fn.calls
                 if not alone and (self.target(call).faults or self.target(call).effects)]
        if wrong:
            raise SubsetError("\n".join(wrong))

    def _caught(self, fn, call):
        return any(call in _calls(n.parts[0]) for n in _tries(fn.body))

    def written(self, key, fields):
        """Which of these fields of parts ("part.field") a translated function may write, by itself or through others."""
        todo, seen, found = [key], {key}, set()
        while todo:
            fn = self.functions[todo.pop()]
            found |= {f"{self.instance(fn, base)}.{name}" for base, name in _places(fn.body)}
            called = {self.callee(call) for call, _, _ in fn.calls} & self.functions.keys() - seen
            seen |= called
            todo += called
        return [f for f in fields if f in found]

    def callee(self, call):
        """The key of the function that a call comes to, if it is a translated one."""
        what = call.parts[0]
        if what[0] == "fn":
            return what[1]
        joined = self.wires.get(f"{what[1]}.{what[2]}") or ("nothing",)
        if joined[0] == "function":
            return joined[1], None
        return (inspect.getattr_static(self.parts[joined[1]], joined[2]), joined[1]) if joined[0] == "method" else None

    # -- names and targets ---------------------------------------------------------------------------------------

    def c_name(self, key):
        name = self.names.get(key)
        if name is None:
            function, owner = key
            plain = function.generic[0].function if hasattr(function, "generic") else function
            if getattr(plain, "intrinsic", False):
                name = f"{owner}_{function.__name__}" if owner else function.__name__
            elif owner:
                name = f"{owner}_{function.__name__}"
            else:
                name = f"{function.__module__.rsplit('.', 1)[-1]}_{function.__name__}" if function.__module__ != "op" \
                    else function.__name__
            while self.taken.setdefault(name, key) != key:
                name += "_"
            self.names[key] = name
        return name

    def target(self, call):
        what = call.parts[0]
        if what[0] == "cold":
            return self.cold_target(what[1], what[2])
        if what[0] == "wire":
            joined = self.wires.get(f"{what[1]}.{what[2]}")
            if joined is None:
                return Target("unconnected", u64_result=True)
            if joined[0] == "c":
                return Target(joined[1])
            if joined[0] == "function":
                return self.function_target((joined[1], None), joined[2])
            if joined[0] == "board_cold":
                return self.cold_target("board", joined[1])
            _, part, method, constants = joined
            if getattr(getattr(self.parts[part], method), "cold", False):
                t = self.cold_target(part, method)
                return Target(t.name, constants, u64_result=True)
            key = (inspect.getattr_static(self.parts[part], method), part)
            return self.function_target(key, constants)
        return self.function_target(what[1], ())

    def function_target(self, key, constants):
        fn = self.functions[key]
        return Target(self.c_name(key), constants, fn.faults, fn.inline or fn.intrinsic, fn.effects)

    def cold_target(self, owner, method):
        name = f"cold_{owner}_{method}"
        self.cold.setdefault((owner, method), len(self.cold))
        return Target(name, effects=True)

    def table(self, const):
        name = self.tables.get(id(const))
        if name is None:
            name = f"table{len(self.tables)}"
            self.tables[id(const)] = name
            self.tables[name] = const
        return name

    # -- writing -------------------------------------------------------------------------------------------------

    def cold_text(self):
        """C stubs of the cold methods: they call back into Python."""
        out = []
        for (owner, method), number in self.cold.items():
            annotations = inspect.get_annotations(getattr(self.parts[owner], method)) if owner != "board" else {"return": None}
            params = [(n, declared_type(a)) for n, a in annotations.items() if n != "return"]
            if len(params) > 3:
                raise SubsetError(f"{owner}.{method}: a cold method takes at most 3 arguments")
            result = declared_type(annotations.get("return"))
            decl = "".join(f", {c_type(t)} a{i}" for i, (_, t) in enumerate(params))
            args = "".join(f", (u64)a{i}" if i < len(params) else ", 0" for i in range(3))
            ret = "" if result.kind == "n" else f"return ({c_type(result)})"
            out.append(f"static inline {c_type(result)} cold_{owner}_{method}(M *m{decl})\n{{\n"
                       f"    {ret}cold_call(m, {number}{args});\n}}")
        return "\n".join(out)

    def table_text(self):
        out = []
        for name, const in self.tables.items():
            if isinstance(const, Const):
                values = ",".join(_number(int(v)) for v in const.values)
                out.append(f"static const {c_width(const.element)} {name}[{len(const)}] = {{{values}}};")
        return "\n".join(out)

    def writer(self, fn, flat=False):
        return FunctionWriter(self, fn, self.handlers.get(fn.key), flat=flat)

    def body(self, key, n, then, flat):
        """The C lines of an instruction that is part ``n`` of a sequence, going on at the label ``then`` if there is one."""
        writer = FunctionWriter(self, self.functions[key], "next" if then else self.handlers[key], then=then, flat=bool(flat), quick=True)
        writer.labels = n * 100  # labels are those of the whole C function
        return writer.write(head=False).splitlines()

    def may_cut(self, fn):
        """May a handler's text, with what is inlined into it, come to where a trace is cut short?"""
        for call, _, _ in fn.calls:
            what = call.parts[0]
            if what[0] != "fn":
                return True
            called = self.functions[what[1]]
            if called.intrinsic:
                if called.effects and not called.faults:
                    return True
            elif called.inline and self.may_cut(called) or not called.inline and called.effects:
                return True
        return False


def _number(v):
    """C text of a constant in a table."""
    if v >> 64 > 0:
        return f"(u128){v >> 64:#x}ull << 64 | {v & (1 << 64) - 1:#x}ull"
    return f"{v}{'' if v < 1 << 31 else 'u' if v < 1 << 63 else 'ull'}"


def _tries(nodes):
    for n in nodes:
        if not isinstance(n, Node):
            continue
        if n.op == "try":
            yield n
        for p in n.parts:
            if isinstance(p, list):
                yield from _tries(p)


def _calls(nodes):
    out = []
    for n in nodes:
        if not isinstance(n, Node):
            continue
        for p in n.parts:
            if isinstance(p, list):
                out += _calls(p)
            elif getattr(p, "op", None) == "call":
                out.append(p)
    return out


def _places(nodes):
    """(the local, the field) of each field of a component that is assigned to."""
    for n in nodes:
        if n.op == "assign" and n.parts[0].op == "field":
            base, name = n.parts[0].parts
            if base.op == "local" and issubclass(base.type.cls, Component):
                yield base, name
        for p in n.parts:
            if isinstance(p, list):
                yield from _places(q for q in p if isinstance(q, Node))
