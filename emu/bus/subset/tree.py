"""The typed tree that the reader makes of a hot function, and the types in it."""


class SubsetError(Exception):
    """Something that the subset does not have; the message names file and line."""


class Type:
    """Type of an expression.  kind: 'u' unsigned with maximum ``max`` (None: raw), 'i' signed of ``bits``, 'b' bool,
    's' reference to struct or component ``cls``, 'a' declared array ``cls``, 't' tuple ``items``, 'n' none."""

    __slots__ = ("kind", "max", "wide", "bits", "cls", "items")

    def __init__(self, kind, max=None, wide=False, bits=0, cls=None, items=()):
        self.kind, self.max, self.wide, self.bits, self.cls, self.items = kind, max, wide, bits, cls, items

    def __repr__(self):
        return {"u": f"unsigned≤{self.max:#x}" if self.max is not None else "raw", "i": f"i{self.bits}", "b": "bool",
                "s": getattr(self.cls, "__name__", None), "a": "array", "t": str(self.items), "n": "None"}[self.kind]


def fits(value, t):
    """May every value of one type be stored as the other, as it stands?"""
    if value.kind != t.kind:
        return False
    if t.kind == "u":
        return value.max is not None and value.max <= t.max
    return value.bits <= t.bits


BOOL, NONE = Type("b"), Type("n")


def unsigned(max, wide=False):
    return Type("u", max=max, wide=wide)


class Node:
    """An expression or statement: an operation name, its type (expressions) and its parts."""

    __slots__ = ("op", "type", "parts", "line")

    def __init__(self, op, type, *parts, line=0):
        self.op, self.type, self.parts, self.line = op, type, parts, line

    def __repr__(self):
        return f"{self.op}{self.parts}"


class Function:
    """A hot function as read: typed parameters, results, locals and body, and the calls it makes.

    ``key`` is (Python function, owner) where owner is the component instance's name for methods, else None.
    ``faults`` and ``effects`` are filled in once all functions are known."""

    def __init__(self, key, name, params, result, inline, file):
        self.key, self.name, self.params, self.result, self.inline, self.file = key, name, params, result, inline, file
        self.locals = {}
        self.body = []
        self.calls = []
        self.faults = False
        self.effects = False
        self.raises = False
        self.writes = False
        self.intrinsic = False
        self.rare = False
