"""Reads one hot function: Python source to typed tree, refusing what the subset does not have."""

import ast
import inspect
import textwrap

from ..component import Component, Generic, Struct
from ..types import Array, Const, Derived, Fault, Signed, T, Unsigned
from .tree import BOOL, NONE, Function, Node, SubsetError, Type, unsigned

U64, U128 = (1 << 64) - 1, (1 << 128) - 1
_BINARY = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^",
           ast.LShift: "<<", ast.RShift: ">>", ast.FloorDiv: "//", ast.Mod: "%"}
_COMPARE = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}


def declared_type(declared):
    """The expression type of a value of a declared type."""
    if isinstance(declared, Derived):
        declared = declared.type
    if isinstance(declared, Unsigned):
        return unsigned(declared.max, declared.bits == 128)
    if isinstance(declared, Signed):
        return Type("i", bits=declared.bits)
    if declared is bool:
        return BOOL
    if declared is None:
        return NONE
    if isinstance(declared, Array):
        return Type("a", cls=declared)
    if isinstance(declared, tuple):
        return Type("t", items=tuple(declared_type(d) for d in declared))
    if isinstance(declared, type) and issubclass(declared, (Struct, Component)):
        return Type("s", cls=declared)
    return None


_sources = {}  # by place: code objects of two files may be equal


def _source(code):
    place = code.co_filename, code.co_firstlineno, code.co_name
    tree = _sources.get(place)
    if tree is None:
        lines, first = inspect.getsourcelines(code)
        tree = _sources[place] = ast.parse(textwrap.dedent("".join(lines))).body[0]
        ast.increment_lineno(tree, first - 1)
    return tree


def source_tree(function):
    """The ast of a function; generated functions carry theirs in ``subset_source``."""
    made = getattr(function, "subset_source", None)
    if made is not None:
        return ast.parse(made).body[0]
    return _source(function.__code__)


class Reader:
    """Reads one function.  ``owner`` names the component instance of a method and ``cls`` its class; ``resolve(owner,
    wire name)`` gives what the board joined to a wire: (function, owner, leading constants) or None."""

    def __init__(self, function, owner=None, cls=None, resolve=None, name=None):
        self.function, self.owner, self.cls, self.resolve = function, owner, cls, resolve
        self.globals = function.__globals__
        self.file = function.__code__.co_filename
        self.tree = source_tree(function)
        annotations = inspect.get_annotations(function)
        params = []
        for a in self.tree.args.args:
            if a.arg == "self":
                params.append(("self", Type("s", cls=cls)))
                continue
            if a.arg not in annotations:
                self.fail(a, f"parameter {a.arg} has no annotation")
            t = declared_type(annotations[a.arg])
            if t is None:
                self.fail(a, f"parameter {a.arg}: no type of the subset")
            params.append((a.arg, t))
        if "return" not in annotations:
            self.fail(self.tree, "no return annotation")
        result = declared_type(annotations["return"])
        if self.tree.args.defaults or self.tree.args.posonlyargs or self.tree.args.vararg or self.tree.args.kwonlyargs or self.tree.args.kwarg:
            self.fail(self.tree, "only plain parameters")
        plain = function.generic[0].function if hasattr(function, "generic") else function
        self.fn = Function((function, owner), name or function.__name__, params, result, getattr(plain, "inline", False), self.file)
        self.fn.intrinsic = getattr(plain, "intrinsic", False)
        self.fn.rare = getattr(plain, "rare", False)
        self.vars = dict(params)
        self.assigned = set(self.vars)
        self.counts = {}
        self.annotated = {}
        for node in ast.walk(self.tree):
            if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.For)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for t in targets:
                    for n in t.elts if isinstance(t, ast.Tuple) else [t]:
                        if isinstance(n, ast.Name):
                            self.counts[n.id] = self.counts.get(n.id, 0) + 1
        self.breaks, self.continues = [], []
        self.outer_loops = []  # the variables at the start of each loop around

    def fail(self, node, text):
        raise SubsetError(f"{self.file}:{getattr(node, 'lineno', 0)}: {self.function.__name__}: {text}")

    def read(self):
        if self.fn.intrinsic:
            return self.read_intrinsic()
        self.fn.body = self.block(self.tree.body)
        if self.fn.result.kind != "n" and not self.ends(self.tree.body):
            self.fail(self.tree, "may end without return")
        return self.fn

    def read_intrinsic(self):
        """The twin of a hand-written C function: what it calls says whether it faults; plain Python is allowed, and then
        it has effects unless it gives a value."""
        try:
            self.block(self.tree.body)
        except SubsetError:
            self.fn.calls, self.fn.locals = [], {}
            self.fn.writes, self.fn.raises = self.fn.result.kind == "n", False
        return self.fn

    # -- statements ----------------------------------------------------------------------------------------------

    def block(self, statements):
        out = []
        for s in statements:
            made = getattr(self, "s_" + type(s).__name__, None)
            if made is None:
                self.fail(s, f"{type(s).__name__} is not in the subset")
            for node in made(s) or ():
                node.line = s.lineno
                out.append(node)
        return out

    def ends(self, statements):
        """Does control never run off the end of these statements?"""
        for s in statements:
            if isinstance(s, (ast.Return, ast.Raise, ast.Break, ast.Continue)):
                return True
            if isinstance(s, ast.If):
                known = self.constant(s.test)
                if known is True and self.ends(s.body) or known is False and self.ends(s.orelse):
                    return True
                if s.orelse and self.ends(s.body) and self.ends(s.orelse):
                    return True
            if isinstance(s, ast.While) and isinstance(s.test, ast.Constant) and not any(isinstance(n, ast.Break) for n in ast.walk(s)):
                return True
        return False

    def s_Expr(self, s):
        if isinstance(s.value, ast.Constant) and isinstance(s.value.value, str):
            return
        if not isinstance(s.value, ast.Call):
            self.fail(s, "an expression on its own must be a call")
        value = self.expr(s.value, effects=True)
        if value.op != "call":
            self.fail(s, "an expression on its own must be a call")
        yield Node("expr", None, value)

    def s_Pass(self, s):
        return ()

    def s_Return(self, s):
        if s.value is None or isinstance(s.value, ast.Constant) and s.value.value is None:
            if self.fn.result.kind != "n":
                self.fail(s, "returns nothing")
            yield Node("return", None, [])
            return
        if self.fn.result.kind == "t":
            if isinstance(s.value, ast.Tuple):
                values = [self.expr(v) for v in s.value.elts]
                if len(values) != len(self.fn.result.items):
                    self.fail(s, "wrong number of results")
                yield Node("return", None, [self.fit(s, v, t) for v, t in zip(values, self.fn.result.items)])
                return
            value = self.expr(s.value, effects=True)
            if value.op != "call" or value.type.kind != "t" or len(value.type.items) != len(self.fn.result.items):
                self.fail(s, "a tuple comes from a call with as many results")
            for given, wanted in zip(value.type.items, self.fn.result.items):
                self.fit(s, Node("x", given), wanted)
            yield Node("return_call", None, value)
            return
        value = self.expr(s.value, effects=True)
        if value.type.kind == "n" and self.fn.result.kind == "n":
            yield Node("expr", None, value)
            yield Node("return", None, [])
            return
        yield Node("return", None, [self.fit(s, value, self.fn.result)])

    def s_Assign(self, s):
        if len(s.targets) != 1:
            self.fail(s, "one target only")
        yield from self.assign(s, s.targets[0], None, s.value)

    def s_AnnAssign(self, s):
        declared = self.evaluate(s.annotation)
        t = declared_type(declared)
        if t is None or s.value is None:
            self.fail(s, "no type of the subset, or no value")
        yield from self.assign(s, s.target, t, s.value)

    def s_AugAssign(self, s):
        op = type(s.op)
        read = ast.copy_location(ast.BinOp(_load(s.target), s.op, s.value), s)
        if op not in _BINARY:
            self.fail(s, "operator is not in the subset")
        yield from self.assign(s, s.target, None, read)

    def assign(self, s, target, declared, value_node):
        value = self.expr(value_node, effects=True)
        if isinstance(target, ast.Tuple):
            if value.type.kind != "t" or len(value.type.items) != len(target.elts) or value.op != "call":
                self.fail(s, "a tuple comes from a call with as many results")
            names = []
            for n, t in zip(target.elts, value.type.items):
                if not isinstance(n, ast.Name):
                    self.fail(s, "tuple targets are locals")
                if n.id in self.vars:
                    self.fit(s, Node("x", t), self.vars[n.id])
                self.local(s, n.id, self.vars.get(n.id, t), fresh=n.id not in self.vars)
                names.append(n.id)
            yield Node("assign_tuple", None, names, value)
            return
        if isinstance(target, ast.Name):
            name = target.id
            if name not in self.vars:
                t = declared or value.type
                if declared is None and t.kind == "u" and self.counts.get(name, 0) > 1:
                    if t.max is None:
                        self.fail(s, "a raw value needs a width function")
                    t = unsigned(next((m for m in (0xFF, 0xFFFF, 0xFFFFFFFF, U64) if t.max == m), U64), t.wide)
                if t.kind == value.type.kind == "u" and self.counts.get(name) == 1 and value.type.max is not None \
                        and value.type.max < t.max:
                    t = unsigned(value.type.max, t.wide)
                if t.kind in "nta":
                    self.fail(s, f"a local cannot hold {t}")
                if t.kind == "u" and t.max is None:
                    self.fail(s, "a raw value needs a width function")
                self.local(s, name, t, fresh=True)
            elif declared is not None and (declared.kind, declared.max, declared.bits) != (
                    self.vars[name].kind, self.vars[name].max, self.vars[name].bits):
                self.fail(s, f"{name} has two types")
            if name in dict(self.fn.params) and self.vars[name].kind == "s":
                self.fail(s, "a reference parameter cannot be assigned")
            value = self.fit(s, value, self.vars[name])
            self.assigned.add(name)
            yield Node("assign", None, Node("local", self.vars[name], name), value)
            return
        place = self.expr(target)
        if place.op not in ("field", "index"):
            self.fail(s, "cannot assign to this")
        self.fn.writes = True
        yield Node("assign", None, place, self.fit(s, value, place.type))

    def local(self, s, name, t, fresh):
        if fresh:
            self.vars[name] = t
            self.fn.locals[name] = t
        self.assigned.add(name)

    def s_If(self, s):
        known = self.constant(s.test)
        if known is True or known is False:
            yield from self.block(s.body if known else s.orelse)
            return
        test = self.boolean(s.test, effects=True)
        before = set(self.assigned)
        body = self.block(s.body)
        after_body = self.assigned
        self.assigned = set(before)
        orelse = self.block(s.orelse)
        after_else = self.assigned
        if self.ends(s.body):
            self.assigned = after_else
        elif self.ends(s.orelse):
            self.assigned = after_body
        else:
            self.assigned = after_body & after_else
        yield Node("if", None, test, body, orelse)

    def s_While(self, s):
        if s.orelse:
            self.fail(s, "while has no else")
        test = self.boolean(s.test)
        before = set(self.assigned)
        outer, self.breaks, self.continues = (self.breaks, self.continues), [], []
        self.outer_loops.append(dict(self.vars))
        body = self.block(s.body)
        self.outer_loops.pop()
        forever = test.op == "const" and test.parts[0] is True
        self.assigned = set.intersection(*self.breaks) if forever and self.breaks else before
        self.breaks, self.continues = outer
        yield Node("while", None, test, body)

    def s_For(self, s):
        it = s.iter
        if not (isinstance(it, ast.Call) and isinstance(it.func, ast.Name) and it.func.id == "range" and not s.orelse
                and isinstance(s.target, ast.Name)):
            self.fail(s, "for runs over range(constants)")
        bounds = [self.constant(a) for a in it.args]
        if not all(isinstance(b, int) for b in bounds) or not 1 <= len(bounds) <= 3:
            self.fail(s, "for runs over range(constants)")
        span = range(*bounds)
        if len(span) == 0 or min(span) < 0:
            self.fail(s, "range is empty or negative")
        name = s.target.id
        if name in self.vars and self.fn.locals.get(name) is None:
            self.fail(s, f"{name} is a parameter")
        for outside in self.outer_loops:
            if name in outside and outside[name].max < max(span):
                self.fail(s, f"{name} is a smaller number where the loop around starts: use another name")
        self.vars[name] = unsigned(max(span))
        old = self.fn.locals.get(name)
        self.fn.locals[name] = unsigned(max(max(span) + 1, old.max if old else 0, 0xFFFF))
        self.assigned.add(name)
        outer, self.breaks, self.continues = (self.breaks, self.continues), [], []
        self.outer_loops.append(dict(self.vars))
        body = self.block(s.body)
        self.outer_loops.pop()
        self.assigned = set.intersection(self.assigned, *self.breaks, *self.continues)
        self.breaks, self.continues = outer
        yield Node("for", None, name, span, body)

    def s_Break(self, s):
        self.breaks.append(set(self.assigned))
        yield Node("break", None)

    def s_Continue(self, s):
        self.continues.append(set(self.assigned))
        yield Node("continue", None)

    def s_Raise(self, s):
        call = s.exc
        if not (isinstance(call, ast.Call) and self.constant(call.func) is Fault and 1 <= len(call.args) <= 2):
            self.fail(s, "raise Fault(vector, error)")
        args = [self.expr(a) for a in call.args] + ([] if len(call.args) == 2 else [Node("const", unsigned(0), 0)])
        self.fn.raises = True
        yield Node("raise", None, self.fit(s, args[0], unsigned(0xFF)), self.fit(s, args[1], unsigned(0xFFFFFFFF)))

    def s_Try(self, s):
        if len(s.body) != 1 or len(s.handlers) != 1 or s.orelse or s.finalbody or self.constant(s.handlers[0].type) is not Fault \
                or s.handlers[0].name:
            self.fail(s, "try: one call; except Fault:")
        value = s.body[0].value if isinstance(s.body[0], (ast.Expr, ast.Assign, ast.AnnAssign)) else None
        if not isinstance(value, ast.Call):
            self.fail(s, "the body of try is one call")
        before = set(self.assigned)
        body = self.block(s.body)
        after = self.assigned
        self.assigned = set(before)
        handler = self.block(s.handlers[0].body)
        self.assigned = after if self.ends(s.handlers[0].body) else after & self.assigned
        yield Node("try", None, body, handler)

    # -- expressions ---------------------------------------------------------------------------------------------

    def evaluate(self, node):
        return eval(compile(ast.Expression(node), self.file, "eval"), self.globals)

    def constant(self, node):
        """The value of an expression made of module-level names and literals, else None."""
        if node is None:
            return None
        for n in ast.walk(node):
            if isinstance(n, ast.Name) and (n.id in self.vars or n.id in self.counts):
                return None
            if isinstance(n, ast.NamedExpr) or isinstance(n, ast.Call) and not isinstance(n.func, ast.Name):
                return None
            if isinstance(n, ast.Call):
                f = self.globals.get(n.func.id)
                if not isinstance(f, (Unsigned, Signed)):
                    return None
        try:
            return self.evaluate(node)
        except Exception:
            return None

    def boolean(self, node, effects=False):
        if effects and isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not) and self.constant(node) is None:
            return Node("not", BOOL, self.boolean(node.operand, True))
        e = self.expr(node, effects)
        if e.type.kind != "b":
            self.fail(node, "a condition must be a bool")
        return e

    def expr(self, node, effects=False):
        known = self.constant(node)
        if isinstance(known, bool):
            return Node("const", BOOL, known)
        if isinstance(known, int):
            return Node("const", unsigned(known, known > U64) if known >= 0 else Type("i", bits=_bits(known)), known)
        made = getattr(self, "e_" + type(node).__name__, None)
        if made is None:
            self.fail(node, f"{type(node).__name__} is not in the subset")
        e = made(node)
        if e.op == "call":
            self.fn.calls.append((e, effects, node.lineno))
        e.line = node.lineno
        return e

    def e_Name(self, node):
        if node.id not in self.vars:
            self.fail(node, f"{node.id} is not a local, parameter or int constant")
        if node.id not in self.assigned:
            self.fail(node, f"{node.id} may be unassigned here")
        return Node("local", self.vars[node.id], node.id)

    def e_Attribute(self, node):
        base = self.expr(node.value)
        if base.type.kind != "s":
            self.fail(node, "only components and structs have fields")
        cls = base.type.cls
        field = cls.fields.get(node.attr)
        if field is None:
            value = getattr(cls, node.attr, None)
            if isinstance(value, int):
                return Node("const", unsigned(value), value)
            self.fail(node, f"{cls.__name__} has no field {node.attr}")
        if field.native:
            self.fail(node, f"{node.attr} exists in C only")
        return Node("field", declared_type(field.type), base, node.attr)

    def e_Subscript(self, node):
        table = self.constant(node.value)
        index = self.expr(node.slice)
        if table is None and isinstance(node.value, ast.Attribute) and isinstance(node.value.value, ast.Name):
            owner = self.vars.get(node.value.value.id)
            value = getattr(owner.cls, node.value.attr, None) if owner is not None and owner.kind == "s" else None
            table = value if isinstance(value, Const) else None
        if isinstance(table, Const):
            self.in_range(node, index, len(table))
            t = declared_type(table.element)
            if t.kind == "u":
                t = unsigned(max(table.values), t.wide)
            return Node("table", t, table, index)
        base = self.expr(node.value)
        if base.type.kind != "a":
            self.fail(node, "not an array")
        self.in_range(node, index, base.type.cls.length)
        return Node("index", declared_type(base.type.cls.element), base, index)

    def in_range(self, node, index, length):
        if index.type.kind != "u" or index.type.max is None or index.type.max >= length:
            self.fail(node, f"index ({index.type}) may exceed the length {length}: mask it")

    def e_BoolOp(self, node):
        return Node("and" if isinstance(node.op, ast.And) else "or", BOOL, [self.boolean(v) for v in node.values])

    def e_UnaryOp(self, node):
        if isinstance(node.op, ast.Not):
            return Node("not", BOOL, self.boolean(node.operand))
        e = self.expr(node.operand)
        if isinstance(node.op, ast.USub) and e.type.kind == "i":
            if e.type.bits >= 64:
                self.fail(node, "- of a 64-bit signed value")
            return Node("neg", Type("i", bits=e.type.bits + 1), e)
        if e.type.kind != "u" or not isinstance(node.op, (ast.USub, ast.Invert)):
            self.fail(node, "operator is not in the subset")
        return Node("inv" if isinstance(node.op, ast.Invert) else "neg", unsigned(None, e.type.wide), e)

    def e_IfExp(self, node):
        test = self.boolean(node.test)
        a, b = self.expr(node.body), self.expr(node.orelse)
        if "i" in (a.type.kind, b.type.kind):
            a, b = self.signed(node, a), self.signed(node, b)
            t = Type("i", bits=max(a.type.bits, b.type.bits))
        elif a.type.kind == b.type.kind == "u":
            raw = a.type.max is None or b.type.max is None
            t = unsigned(None if raw else max(a.type.max, b.type.max), a.type.wide or b.type.wide)
            if t.wide and any(e.type.max is None and not e.type.wide for e in (a, b)):
                self.fail(node, "a raw 64-bit value beside a u128: widen what it is made of with u128()")
        elif a.type.kind == b.type.kind == "b":
            t = BOOL
        else:
            self.fail(node, "both sides must be of one kind")
        return Node("ifexp", t, test, a, b)

    def signed(self, node, e):
        if e.type.kind == "i":
            return e
        if e.op == "const" and e.type.kind == "u" and e.type.max is not None and e.type.max < 1 << 63:
            return Node("const", Type("i", bits=_bits(e.parts[0])), e.parts[0])
        self.fail(node, "signed and unsigned do not mix")

    def e_Compare(self, node):
        if len(node.ops) != 1 or type(node.ops[0]) not in _COMPARE:
            self.fail(node, "one comparison at a time")
        a, b = self.expr(node.left), self.expr(node.comparators[0])
        op = _COMPARE[type(node.ops[0])]
        if "i" in (a.type.kind, b.type.kind):
            a, b = self.signed(node, a), self.signed(node, b)
        elif a.type.kind == b.type.kind == "b" and op in ("==", "!="):
            pass
        elif not (a.type.kind == b.type.kind == "u"):
            self.fail(node, "comparison of different kinds")
        elif a.type.max is None or b.type.max is None:
            self.fail(node, "a raw value cannot be compared: use a width function")
        return Node("compare", BOOL, op, a, b)

    def e_BinOp(self, node):
        op = _BINARY.get(type(node.op))
        if op is None:
            self.fail(node, "operator is not in the subset")
        a, b = self.expr(node.left), self.expr(node.right)
        if op in ("&", "+", "-", "*"):
            a, b = self.ring_constant(a, b), self.ring_constant(b, a)
        if "i" in (a.type.kind, b.type.kind):
            return self.signed_op(node, op, a, b)
        if a.type.kind != "u" or b.type.kind != "u":
            self.fail(node, f"{op} takes ints")
        wide = a.type.wide or (b.type.wide and op not in ("<<", ">>"))
        limit = U128 if wide else U64
        x, y = a.type.max, b.type.max
        raw = x is None or y is None
        if wide and (x is None and not a.type.wide or y is None and not b.type.wide):
            self.fail(node, "a raw 64-bit value beside a u128: widen what it is made of with u128()")
        if op in ("<<", ">>"):
            if y is None or y >= (128 if wide else 64):
                self.fail(node, f"shift count ({b.type}) may reach {128 if wide else 64}")
            if op == ">>":
                if x is None:
                    self.fail(node, "a raw value cannot be shifted right: use a width function")
                top = x >> b.parts[0] if b.op == "const" else x
            else:
                top = None if x is None else x << y
        elif op in ("//", "%"):
            if raw:
                self.fail(node, "a raw value cannot be divided")
            if b.op == "const" and b.parts[0] == 0:
                self.fail(node, "division by zero")
            if op == "//":
                top = x // b.parts[0] if b.op == "const" else x
            else:
                top = min(x, max(y - 1, 0))
        elif op == "&" and b.op == "const" and x is not None and y is not None and x <= y and y & (y + 1) == 0:
            return a  # the mask is there for Python's readers: the value is known to fit
        elif op == "&":
            top = min(v for v in (x, y) if v is not None) if not (x is None and y is None) else None
        elif raw or op == "-":
            top = None
        elif op == "+":
            top = x + y
        elif op == "*":
            top = x * y
        else:
            top = (1 << max(x.bit_length(), y.bit_length())) - 1
        if top is not None and top > limit:
            top = None
        return Node("bin", unsigned(top, wide), op, a, b)

    @staticmethod
    def ring_constant(e, other):
        """A negative constant beside an unsigned operand (`flags & ~IF`) is a raw value."""
        if e.op == "const" and e.type.kind == "i" and other.type.kind == "u":
            return Node("const", unsigned(None, other.type.wide), e.parts[0] & (U128 if other.type.wide else U64))
        return e

    def signed_op(self, node, op, a, b):
        if op == ">>":
            if a.type.kind != "i" or b.type.kind != "u" or b.type.max is None or b.type.max > 63:
                self.fail(node, "shift count may exceed 63")
            return Node("bin", a.type, op, a, b)
        if op == "<<":
            if a.type.kind != "i" or b.op != "const" or a.type.bits + b.parts[0] > 64:
                self.fail(node, "signed << takes a constant count that fits")
            return Node("bin", Type("i", bits=a.type.bits + b.parts[0]), op, a, b)
        a, b = self.signed(node, a), self.signed(node, b)
        x, y = a.type.bits, b.type.bits
        bits = {"+": max(x, y) + 1, "-": max(x, y) + 1, "*": x + y, "&": max(x, y), "|": max(x, y), "^": max(x, y)}.get(op)
        if bits is None:
            self.fail(node, f"no signed {op}")
        if bits > 64:
            self.fail(node, f"signed {op} may exceed 64 bits")
        return Node("bin", Type("i", bits=bits), op, a, b)

    def fit(self, node, value, t):
        """Check that a value may be stored as type t."""
        v = value.type
        if t.kind == "u" and v.kind == "u":
            if v.max is None:
                self.fail(node, "a raw value needs a width function before it is stored")
            if v.max > t.max:
                self.fail(node, f"value ({v}) may not fit {t}: use a width function")
            return value
        if t.kind == "i" and (v.kind == "i" and v.bits <= t.bits or value.op == "const" and _bits(value.parts[0]) <= t.bits):
            return self.signed(node, value)
        if t.kind == v.kind and t.kind == "b":
            return value
        if t.kind == v.kind == "s" and issubclass(v.cls, t.cls):
            return value
        self.fail(node, f"{v} where {t} is wanted")

    # -- calls ---------------------------------------------------------------------------------------------------

    def e_Call(self, node):
        if node.keywords:
            self.fail(node, "no keyword arguments")
        f = self.constant(node.func)
        args = [self.expr(a) for a in node.args]
        if isinstance(f, (Unsigned, Signed)):
            return self.convert(node, f, args)
        if f is not None:
            if isinstance(f, Generic):
                self.fail(node, f"{f.__name__} is generic: give it a width")
            if not getattr(f, "subset", False):
                self.fail(node, f"{getattr(f, '__name__', f)} is not a hot function")
            return self.call(node, (f, None), args, f)
        if not isinstance(node.func, ast.Attribute):
            self.fail(node, "unknown function")
        base = self.expr(node.func.value)
        if base.type.kind != "s" or not issubclass(base.type.cls, Component):
            self.fail(node, "only components have methods")
        name, cls = node.func.attr, base.type.cls
        owner = self.owner if node.func.value.__class__ is ast.Name and node.func.value.id == "self" else cls.__name__.lower()
        if name in cls.wires:
            wire = cls.wires[name]
            params = [declared_type(a) for a in wire.args]
            result = declared_type(wire.ret)
            if len(args) != len(params):
                self.fail(node, f"wire {name} takes {len(params)} arguments")
            args = [self.fit(node, a, p) for a, p in zip(args, params)]
            return Node("call", result, ("wire", owner, name), args)
        method = getattr(cls, name, None)
        if method is None:
            self.fail(node, f"{cls.__name__} has no {name}")
        if getattr(method, "cold", False):
            annotations = inspect.get_annotations(method)
            params = [declared_type(v) for k, v in annotations.items() if k != "return"]
            if len(params) != len(args):
                self.fail(node, "wrong number of arguments")
            args = [self.fit(node, a, p) for a, p in zip(args, params)]
            return Node("call", declared_type(annotations.get("return")), ("cold", owner, name), args)
        if not getattr(method, "subset", False):
            self.fail(node, f"{name} is neither hot nor cold")
        return self.call(node, (method, owner), args, method, skip_self=True)

    def call(self, node, key, args, f, skip_self=False):
        annotations = inspect.get_annotations(f)
        names = list(f.__code__.co_varnames[:f.__code__.co_argcount])[1 if skip_self else 0:]
        if len(names) != len(args):
            self.fail(node, f"{f.__name__} takes {len(names)} arguments")
        fitted = [self.fit(node, a, declared_type(annotations[n])) for n, a in zip(names, args)]
        return Node("call", declared_type(annotations["return"]), ("fn", key), fitted)

    def convert(self, node, width, args):
        if len(args) != 1:
            self.fail(node, "one argument")
        e = args[0]
        if e.type.kind not in "uib":
            self.fail(node, f"cannot convert {e.type}")
        if isinstance(width, Signed):
            bits = width.bits
            if e.type.kind == "u" and e.type.max is not None and e.type.max <= width.max:
                bits = max(e.type.max.bit_length() + 1, 1)
            return Node("convert", Type("i", bits=bits), width, e)
        top = width.max
        if width.bits == 128 and e.type.kind == "u" and e.type.max is None and not e.type.wide:
            self.fail(node, "a raw 64-bit value cannot be widened: widen what it is made of with u128()")
        if e.type.kind == "u" and e.type.max is not None:
            top = min(top, e.type.max)
        if e.type.kind == "b":
            top = 1
        return Node("convert", unsigned(top, width.bits == 128), width, e)


def _bits(value):
    return value.bit_length() + 1 if value >= 0 else (~value).bit_length() + 1


def _load(target):
    copy = ast.parse(ast.unparse(target), mode="eval").body
    for n in ast.walk(copy):
        ast.copy_location(n, target)
    return copy
