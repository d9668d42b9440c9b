"""Pure expressions of the subset on their way to Python text: folded while they are made, written when they are needed.

Every leaf stays what it is while a block of text is written (names are assigned once), so an expression may be written late, or never.
"""


class Value:
    """An expression: operation and parts.  ``kind`` is 'u', 'i' or 'b' as in the typed tree; ``max`` the largest value of an unsigned
    one (None: may be negative or too large, needs a mask); ``const`` its value where that is known."""

    __slots__ = ("op", "parts", "kind", "max", "const")

    def __init__(self, op, parts, kind, max=None, const=None):
        self.op, self.parts, self.kind, self.max, self.const = op, parts, kind, max, const

    @property
    def plain(self):
        """Is it a name or a number?"""
        return self.op in ("const", "name")


def const(v):
    if isinstance(v, bool):
        return Value("const", (), "b", None, v)
    return Value("const", (), "u" if v >= 0 else "i", v if v >= 0 else None, v)


def name(text, kind="u", max=None):
    return Value("name", (text,), kind, max)


def temp(v):
    """An expression that is given a name when it is first written."""
    return v if v.plain or v.op == "temp" else Value("temp", (v,), v.kind, v.max)


def _inside(v):
    return v.parts[0] if v.op == "temp" else v


def same(a, b):
    """Are two values known to be equal?"""
    if a is b:
        return True
    if a.const is not None or b.const is not None:
        return a.const is not None and b.const is not None and a.const == b.const and a.kind == b.kind
    return a.op == b.op == "name" and a.parts == b.parts


def mask(v, m):
    """The bits of a value that are in the mask ``m`` (2**n - 1)."""
    if v.const is not None:
        return const(int(v.const) & m)
    if v.kind == "b":
        return Value("if", (v, const(1), const(0)), "u", 1)
    if v.kind == "u" and v.max is not None and v.max <= m:
        return v
    inner = _inside(v)
    if inner.op == "sx":
        low, bits = inner.parts
        return low if m == (1 << bits) - 1 and low.max <= m else Value("sx_mask", (low, bits, m), "u", m)
    if inner.op == "sx_mask" and m == (1 << inner.parts[1]) - 1 and inner.parts[0].max <= m:
        return inner.parts[0]
    if inner.op == "mask" and v.op != "temp":
        return mask(inner.parts[0], inner.parts[1] & m)
    if v.op == "bin" and v.parts[0] in "+-":  # small numbers are faster
        op, a, b = v.parts
        if b.const is not None and b.const > m >> 1:
            n = b.const & m
            if n == 0:
                return mask(a, m)
            if n > m >> 1:
                return Value("mask", (Value("bin", ("-" if op == "+" else "+", a, const(m + 1 - n)), "u"), m), "u", m)
    return Value("mask", (v, m), "u", m)


def sign_extend(v, bits):
    """The low ``bits`` of a value as a signed number."""
    sign = 1 << bits - 1
    if v.const is not None:
        n = ((int(v.const) & 2 * sign - 1) ^ sign) - sign
        return Value("const", (), "i", None, n)
    if v.kind == "i" and v.op == "sx" and v.parts[1] <= bits:
        return v
    inner = _inside(v)
    if inner.op == "sx_mask" and inner.parts[2] == 2 * sign - 1 and inner.parts[1] <= bits:
        return Value("sx", inner.parts[:2], "i")
    low = mask(v, 2 * sign - 1)
    return Value("sx", (low, bits), "i", low.max if low.max < sign else None)


def binary(op, a, b, kind):
    """An operation on two values; the result of + - * << is exact."""
    if a.const is not None and b.const is not None:
        x, y = a.const, b.const
        n = {"+": lambda: x + y, "-": lambda: x - y, "*": lambda: x * y, "&": lambda: x & y, "|": lambda: x | y, "^": lambda: x ^ y,
             "<<": lambda: x << y, ">>": lambda: x >> y, "//": lambda: x // y, "%": lambda: x % y}[op]()
        return Value("const", (), kind, n if kind == "u" and n >= 0 else None, n)
    if a.const is not None and op in "+*&|^":
        a, b = b, a
    if b.const == 0:
        if op in ("+", "-", "|", "^", "<<", ">>"):
            return a
        if op in ("*", "&"):
            return const(0)
    if same(a, b):
        if op in ("&", "|"):
            return a
        if op in ("^", "-"):
            return const(0)
    if kind == "i":
        return Value("bin", (op, a, b), "i")
    x, y = a.max, b.max
    if op == "&" and b.const is not None and b.const >= 0 and b.const & b.const + 1 == 0:
        return mask(a, b.const)
    if op == ">>" and b.const is not None and a.max is not None and a.max >> b.const == 0:
        return const(0)
    top = None
    if op == "&":
        top = min((m for m in (x, y) if m is not None), default=None)
    elif x is not None and y is not None:
        top = {"+": lambda: x + y, "*": lambda: x * y, "<<": lambda: x << y, "-": lambda: None, "//": lambda: x, "%": lambda: max(y - 1, 0),
               ">>": lambda: x >> b.const if b.const is not None else x,
               "|": lambda: (1 << max(x.bit_length(), y.bit_length())) - 1,
               "^": lambda: (1 << max(x.bit_length(), y.bit_length())) - 1}[op]()
    return Value("bin", (op, a, b), "u", top)


_INVERSE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_TURNED = {"==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}


def _low(v):
    """(value before sign extension, its bits) of one that was sign-extended to a wider unsigned number."""
    inner = _inside(v)
    return inner.parts[:2] if inner.op == "sx_mask" else (None, None)


def compare(op, a, b):
    if a.const is not None and b.const is not None:
        x, y = a.const, b.const
        return const({"==": x == y, "!=": x != y, "<": x < y, "<=": x <= y, ">": x > y, ">=": x >= y}[op])
    if a.const is not None:
        return compare(_TURNED[op], b, a)
    if same(a, b):
        return const(op in ("==", "<=", ">="))
    inner = _inside(a)
    if inner.op == "if" and b.const is not None and inner.parts[1].const is not None and inner.parts[2].const is not None:
        yes, no = compare(op, inner.parts[1], b).const, compare(op, inner.parts[2], b).const
        if yes == no:
            return const(yes)
        return inner.parts[0] if yes else invert(inner.parts[0])
    if a.kind == "i" and inner.op == "sx":  # signed order is unsigned order with the sign bit turned
        low, bits = inner.parts
        sign = 1 << bits - 1
        if b.const is not None and -sign <= b.const < sign:
            return compare(op, binary("^", low, const(sign), "u"), const(b.const + sign))
        other = _inside(b)
        if other.op == "sx" and other.parts[1] == bits:
            return compare(op, binary("^", low, const(sign), "u"), binary("^", other.parts[0], const(sign), "u"))
    if a.kind == "u" and b.kind == "u":
        low, bits = _low(a)
        if low is not None:  # sign extension keeps the order
            if b.const is not None and b.const < 1 << bits - 1:
                return compare(op, low, b)
            other, width = _low(b)
            if other is not None and width == bits:
                return compare(op, low, other)
        if b.const is not None and a.max is not None:
            top, c = a.max, b.const
            if op == "<" and top < c or op == "<=" and top <= c or op == "!=" and top < c:
                return const(True)
            if op == ">" and top <= c or op == ">=" and top < c or op == "==" and top < c or op == "<" and c == 0:
                return const(False)
            if c == 0 and op == ">":
                op = "!="
            if c == 0 and op in ("==", "!=") and inner.op == "mask":
                difference, m = _inside(inner.parts[0]), inner.parts[1]
                if difference.op == "bin" and difference.parts[0] == "-":
                    _, x, y = difference.parts
                    if x.max is not None and y.max is not None and max(x.max, y.max) <= m:
                        return compare(op, x, y)
    return Value("compare", (op, a, b), "b")


def invert(v):
    if v.const is not None:
        return const(not v.const)
    if v.op == "compare":
        op, a, b = v.parts
        return Value("compare", (_INVERSE[op], a, b), "b")
    if v.op == "not":
        return v.parts[0]
    return Value("not", (v,), "b")


def both(op, values):
    """``and`` or ``or`` of values."""
    stop = op == "or"
    kept = []
    for v in values:
        if v.const is stop:
            if not kept:
                return v
            kept.append(v)
            break
        if v.const is None:
            kept.append(v)
    if not kept:
        return const(not stop)
    return kept[0] if len(kept) == 1 else Value(op, (tuple(kept),), "b")


def choose(test, a, b):
    """a if test else b."""
    if test.const is not None:
        return a if test.const else b
    if same(a, b):
        return a
    if a.const is True and b.const is False:
        return test
    if a.const is False and b.const is True:
        return invert(test)
    top = None if a.max is None or b.max is None else max(a.max, b.max)
    kind = "i" if "i" in (a.kind, b.kind) else a.kind
    return Value("if", (test, a, b), kind, top if kind == "u" else None)


class Scope:
    """Lines of text at one depth of nesting, and the names of the expressions that were written in them."""

    def __init__(self, names, parent=None):
        self.names = names  # gives new names
        self.parent = parent
        self.lines = []
        self.named = {}  # id of a temp -> (its name, the temp)
        self.refused = set()  # keys of conditions that do not hold here

    def emit(self, line):
        self.lines.append(line)

    def nest(self, head, inner):
        """Put another scope's lines under a line of this one."""
        self.lines.append(head)
        self.lines += ["    " + line for line in inner.lines] or ["    pass"]

    def inner(self):
        return Scope(self.names, self)

    def find(self, v):
        scope = self
        while scope is not None:
            found = scope.named.get(id(v))
            if found:
                return found[0]
            scope = scope.parent
        return None

    def key(self, v):
        """What two values have in common that are the same here; None for what is not simple."""
        if v.op == "const":
            return v.const
        if v.op == "name":
            return v.parts[0]
        if v.op == "temp":
            return self.find(v) or self.key(v.parts[0])
        if v.op in ("bin", "compare", "mask", "not"):
            parts = [self.key(p) if isinstance(p, Value) else p for p in v.parts]
            return None if None in parts else (v.op, *parts)
        return None

    def refuses(self, v):
        """Is a condition known not to hold, since what would follow has left?"""
        key = self.key(v)
        scope = self if key is not None else None
        while scope is not None:
            if key in scope.refused:
                return True
            scope = scope.parent
        return False

    def forget_refused(self):
        """Names are about to mean something else."""
        scope = self
        while scope is not None:
            scope.refused.clear()
            scope = scope.parent

    def text(self, v):
        """Python text of a value; what has to be written before it is written."""
        return getattr(self, "t_" + v.op)(v)

    def t_const(self, v):
        if isinstance(v.const, bool):
            return str(v.const)
        return str(v.const) if -10 < v.const < 10 else f"({v.const})" if v.const < 0 else hex(v.const)

    def t_name(self, v):
        return v.parts[0]

    def t_temp(self, v):
        made = self.find(v)
        if made is None:
            text = self.text(v.parts[0])
            made = next(self.names)
            self.emit(f"{made} = {text}")
            self.named[id(v)] = made, v
        return made

    def t_bin(self, v):
        op, a, b = v.parts
        return f"({self.text(a)} {op} {self.text(b)})"

    def t_mask(self, v):
        return f"({self.text(v.parts[0])} & {hex(v.parts[1])})"

    def t_sx(self, v):
        low, bits = v.parts
        if v.max is not None:
            return self.text(low)
        return f"(({self.text(low)} ^ {hex(1 << bits - 1)}) - {hex(1 << bits - 1)})"

    def t_sx_mask(self, v):
        low, bits, m = v.parts
        if low.max < 1 << bits - 1:
            return self.text(low)
        return f"((({self.text(low)} ^ {hex(1 << bits - 1)}) - {hex(1 << bits - 1)}) & {hex(m)})"

    def t_compare(self, v):
        op, a, b = v.parts
        return f"({self.text(a)} {op} {self.text(b)})"

    def t_not(self, v):
        return f"(not {self.text(v.parts[0])})"

    def t_and(self, v):
        return "(" + " and ".join(self.text(x) for x in v.parts[0]) + ")"

    def t_or(self, v):
        return "(" + " or ".join(self.text(x) for x in v.parts[0]) + ")"

    def t_if(self, v):
        test, a, b = v.parts
        return f"({self.text(a)} if {self.text(test)} else {self.text(b)})"

    def t_inv(self, v):
        return f"(~{self.text(v.parts[0])})"

    def t_neg(self, v):
        return f"(-{self.text(v.parts[0])})"

    def t_table(self, v):
        table, index = v.parts
        return f"{table}[{self.text(index)}]"

    def t_call(self, v):
        function, args = v.parts
        return f"{function}({', '.join(self.text(a) for a in args)})"
