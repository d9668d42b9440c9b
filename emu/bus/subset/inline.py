"""Executes typed trees on expressions instead of numbers, and writes what is left to do as Python text.

Calls are followed, conditions that are known are decided, fields that were assigned are remembered and written by whoever asked.
What it cannot follow is ``NotInlinable``: then the function is to be called as it stands.
"""

from ..types import Signed
from . import values
from .reader import Reader
from .values import Scope, Value, const, temp

DEEPEST = 16  # calls inside each other
UNROLL = 8  # most iterations of a `for`
FALLS, RETURNS, DEAD = "falls", "returns", "dead"  # how a block of statements ends


class NotInlinable(Exception):
    """Something that is not worth following, or cannot be."""


class Ref:
    """A reference to a struct or component: the Python text that leads there, or a record whose fields are known."""

    def __init__(self, path, record=None):
        self.path, self.record = path, record


_trees = {}


def tree_of(function):
    """A function as the reader gives it; read once."""
    made = _trees.get(function)
    if made is None:
        made = _trees[function] = Reader(function).read()
    return made


def has(op, nodes):
    """Is there a statement of this kind among nodes, or inside them?"""
    for n in nodes:
        if n.op == op:
            return True
        if n.op == "if" and (has(op, n.parts[1]) or has(op, n.parts[2])):
            return True
        if n.op in ("for", "while") and has(op, n.parts[-1]):
            return True
    return False


class Inliner:
    """Follows functions.  ``fields`` maps the text of a field to its value now; subclasses say what a field was at first
    (``field``), how a fault leaves (``fault``), and may replace functions (``special``: function or Generic -> method)."""

    special = {}

    def __init__(self, names):
        self.scope = Scope(names)
        self.fields = {}
        self.types = {}  # of the fields that were read or assigned
        self.depth = 0
        self.guarded = 0  # inside an expression that may not be evaluated
        self.tables = {}  # id -> (name, table)

    # -- what the user of it decides -----------------------------------------------------------------------------------

    def field(self, path, type):
        """The value of a field that was not assigned yet."""
        raise NotImplementedError

    def may_write(self, path):
        """Refuse an assignment to a field by raising NotInlinable."""

    def fault(self, vector, error):
        """Write how a fault leaves."""
        raise NotImplementedError

    def give_up(self, reason):
        """Write how a side of a condition leaves that cannot be followed, or raise the reason."""
        raise reason

    # -- functions -------------------------------------------------------------------------------------------------------

    def call(self, function, args):
        """Follow a call; gives a value, a list of values, or None where it returns nothing."""
        special = self.special.get(function) or self.special.get(getattr(function, "generic", (None,))[0])
        if special is not None:
            return special(self, function, args)
        fn = tree_of(function)
        if fn.intrinsic or self.depth > DEEPEST:
            raise NotInlinable(fn.name)
        env = {}
        for (name, _t), value in zip(fn.params, args):
            env[name] = temp(value) if isinstance(value, Value) else value
        self.depth += 1
        end, result = self.run(fn.body, env)
        self.depth -= 1
        return DEAD if end == DEAD else result

    def run(self, nodes, env):
        """Follow statements; gives (how they end, result)."""
        for n, node in enumerate(nodes):
            if node.op == "if":
                rest = nodes[n + 1:]
                test = self.condition(node.parts[0], env)
                if test.const is not None:
                    chosen = node.parts[1] if test.const else node.parts[2]
                    if has("return", chosen):
                        return self.run(chosen + rest, env)
                    end, result = self.run(chosen, env)
                elif has("return", node.parts[1]) or has("return", node.parts[2]):
                    return self.branch(test, node.parts[1] + rest, node.parts[2] + rest, env)
                else:
                    end, result = self.branch(test, node.parts[1], node.parts[2], env)
                if end != FALLS:
                    return end, result
            elif node.op == "return":
                found = [self.value(v, env) for v in node.parts[0]]
                found = [temp(v) if isinstance(v, Value) else v for v in found]
                return RETURNS, (found[0] if len(found) == 1 else found) if found else None
            elif node.op == "return_call":
                return RETURNS, self.value(node.parts[0], env)
            elif node.op == "raise":
                self.fault(self.value(node.parts[0], env), self.value(node.parts[1], env))
                return DEAD, None
            else:
                made = getattr(self, "s_" + node.op, None)
                if made is None:
                    raise NotInlinable(node.op)
                if made(node, env) == DEAD:
                    return DEAD, None
        return FALLS, None

    def branch(self, test, yes, no, env):
        """Follow both sides of a condition that is not known, and join what they leave behind."""
        outer, fields = self.scope, self.fields
        if outer.refuses(test):
            return self.run(no, env)
        sides = []
        for nodes in (yes, no):
            self.scope, self.fields = outer.inner(), dict(fields)
            own = dict(env)
            state = self.depth, self.guarded
            try:
                end, result = self.run(nodes, own)
            except NotInlinable as reason:
                self.depth, self.guarded = state
                self.scope = outer.inner()
                self.give_up(reason)
                end, result = DEAD, None
            sides.append((self.scope, self.fields, own, end, result))
            if end == DEAD and len(sides) == 1:  # the other side is simply what follows
                outer.nest(f"if {outer.text(test)}:", self.scope)
                outer.refused.add(outer.key(test))
                self.scope, self.fields = outer, fields
                return self.run(no, env)
        self.scope = outer
        (scope_a, fields_a, env_a, end_a, result_a), (scope_b, fields_b, env_b, end_b, result_b) = sides
        if end_b == DEAD:
            outer.nest(f"if {outer.text(test)}:", scope_a)
            outer.nest("else:", scope_b)
            self.fields = fields_a
            env.update(env_a)
            return end_a, result_a
        if end_a != end_b and not (result_a is None and result_b is None):
            raise NotInlinable("one side returns a value")
        quiet = not scope_a.lines and not scope_b.lines

        def join(a, b):
            if a is b or isinstance(a, Value) and values.same(a, b):
                return a
            if not isinstance(a, Value) or not isinstance(b, Value):
                raise NotInlinable("references differ")
            if quiet:
                return temp(values.choose(test, a, b))
            home = next(outer.names)
            for scope, v in ((scope_a, a), (scope_b, b)):
                scope.emit(f"{home} = {scope.text(v)}")
            kind = "i" if "i" in (a.kind, b.kind) else a.kind
            return values.name(home, kind, None if a.max is None or b.max is None else max(a.max, b.max))

        self.fields = {}
        for path in dict.fromkeys((*fields_a, *fields_b)):
            a, b = (side.get(path) or self.field(path, self.types[path]) for side in (fields_a, fields_b))
            self.fields[path] = join(a, b)
        for local in env_a.keys() & env_b.keys():
            env[local] = join(env_a[local], env_b[local])
        if isinstance(result_a, list):
            result = [join(a, b) for a, b in zip(result_a, result_b)]
        else:
            result = None if result_a is None else join(result_a, result_b)
        if scope_a.lines:
            outer.nest(f"if {outer.text(test)}:", scope_a)
            if scope_b.lines:
                outer.nest("else:", scope_b)
        elif scope_b.lines:
            outer.nest(f"if not {outer.text(test)}:", scope_b)
        return RETURNS if RETURNS in (end_a, end_b) else FALLS, result

    # -- statements ------------------------------------------------------------------------------------------------------

    def s_expr(self, node, env):
        return self.call_node(node.parts[0], env)

    def s_assign(self, node, env):
        place, source = node.parts
        value = self.value(source, env)
        if place.op == "local":
            env[place.parts[0]] = temp(value) if isinstance(value, Value) else value
            return
        path = self.path(place, env)
        self.may_write(path)
        self.types[path] = place.type
        self.fields[path] = temp(value)

    def s_assign_tuple(self, node, env):
        found = self.value(node.parts[1], env)
        for local, value in zip(node.parts[0], found):
            env[local] = temp(value)

    def s_for(self, node, env):
        local, span, body = node.parts
        if len(span) > UNROLL or any(has(op, body) for op in ("return", "break", "continue")):
            raise NotInlinable("for")
        for n in span:
            env[local] = const(n)
            end, _ = self.run(body, env)
            if end == DEAD:
                return DEAD

    # -- expressions -----------------------------------------------------------------------------------------------------

    def condition(self, node, env):
        if node.op == "not":
            return values.invert(self.condition(node.parts[0], env))
        return self.value(node, env)

    def value(self, node, env):
        made = getattr(self, "e_" + node.op, None)
        if made is None:
            raise NotInlinable(node.op)
        return made(node, env)

    def path(self, node, env):
        """The text of a field or element."""
        if node.op == "local":
            ref = env[node.parts[0]]
            if not isinstance(ref, Ref) or ref.path is None:
                raise NotInlinable("a record's field")
            return ref.path
        if node.op == "field":
            return f"{self.path(node.parts[0], env)}.{node.parts[1]}"
        if node.op == "index":
            index = self.value(node.parts[1], env)
            if index.const is None:
                raise NotInlinable("an element that is not known")
            return f"{self.path(node.parts[0], env)}[{index.const}]"
        raise NotInlinable(node.op)

    def e_const(self, node, env):
        return const(node.parts[0])

    def e_local(self, node, env):
        return env[node.parts[0]]

    def e_field(self, node, env):
        base = node.parts[0]
        if base.op == "local" and isinstance(env[base.parts[0]], Ref) and env[base.parts[0]].record is not None:
            return const(getattr(env[base.parts[0]].record, node.parts[1]))
        return self.read(node, env)

    e_index = lambda self, node, env: self.read(node, env)  # noqa: E731

    def read(self, node, env):
        path = self.path(node, env)
        if node.type.kind == "s":
            return Ref(path)
        self.types[path] = node.type
        return self.fields.get(path) or self.field(path, node.type)

    def e_table(self, node, env):
        table, index = node.parts[0], self.value(node.parts[1], env)
        if index.const is not None:
            return const(table[index.const])
        name, _ = self.tables.setdefault(id(table), (f"T{len(self.tables)}", table))
        return Value("table", (name, index), node.type.kind, node.type.max)

    def e_and(self, node, env):
        return self.both("and", node, env)

    def e_or(self, node, env):
        return self.both("or", node, env)

    def both(self, op, node, env):
        found = []
        for n, part in enumerate(node.parts[0]):
            self.guarded += n > 0
            v = self.value(part, env)
            self.guarded -= n > 0
            found.append(v)
            if v.const is (op == "or"):
                break
        return values.both(op, found)

    def e_not(self, node, env):
        return values.invert(self.value(node.parts[0], env))

    def e_neg(self, node, env):
        a = self.value(node.parts[0], env)
        return const(-a.const) if a.const is not None else Value("neg", (a,), node.type.kind)

    def e_inv(self, node, env):
        a = self.value(node.parts[0], env)
        return Value("const", (), "u", None, ~a.const) if a.const is not None else Value("inv", (a,), "u")

    def e_ifexp(self, node, env):
        test = self.condition(node.parts[0], env)
        if test.const is not None:
            return self.value(node.parts[1] if test.const else node.parts[2], env)
        self.guarded += 1
        a, b = self.value(node.parts[1], env), self.value(node.parts[2], env)
        self.guarded -= 1
        return values.choose(test, a, b)

    def e_compare(self, node, env):
        op, a, b = node.parts
        return values.compare(op, self.value(a, env), self.value(b, env))

    def e_bin(self, node, env):
        op, a, b = node.parts
        x, y = self.value(a, env), self.value(b, env)
        found = values.binary(op, x, y, node.type.kind)
        if op in ("//", "%") and found.const is None and y.const is None:
            if self.guarded:
                raise NotInlinable("division that may not be made")
            found = temp(found)
            self.scope.text(found)
        return found

    def e_convert(self, node, env):
        width, a = node.parts
        v = self.value(a, env)
        if isinstance(width, Signed):
            return values.sign_extend(v, width.bits)
        return values.mask(v, width.max)

    def e_call(self, node, env):
        found = self.call_node(node, env)
        if found is DEAD:
            raise NotInlinable("always faults")
        return found

    def call_node(self, node, env):
        what, args = node.parts
        if what[0] != "fn" or what[1][1] is not None:
            raise NotInlinable(str(what[1]))
        found = [self.value(a, env) for a in args]
        return self.call(what[1][0], found)
