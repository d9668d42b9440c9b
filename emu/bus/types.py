"""Fixed-width types of the subset: masking functions on plain ints, and the declarations made of them.

A width is an object that is both an annotation (``x: u8``) and a function (``u8(x)`` keeps the low 8 bits).
Values are always plain Python ints.  The rules are in docs/subset.md.
"""


class Unsigned:
    """An unsigned width.  Calling it wraps any int or bool to that width."""

    __slots__ = ("bits", "max", "name")

    def __init__(self, bits):
        self.bits = bits
        self.max = (1 << bits) - 1
        self.name = f"u{bits}"

    def __call__(self, value):
        return value & self.max

    def __repr__(self):
        return self.name


class Bounded(Unsigned):
    """An unsigned field whose values are known to stay at or below ``max``, so that an index needs no mask."""

    __slots__ = ()

    def __init__(self, bits, max):
        super().__init__(bits)
        self.max = max


class Signed:
    """A signed width.  Calling it wraps any int to that width in two's complement."""

    __slots__ = ("bits", "max", "min", "name", "_mask", "_sign")

    def __init__(self, bits):
        self.bits = bits
        self._mask = (1 << bits) - 1
        self._sign = 1 << (bits - 1)
        self.max = self._sign - 1
        self.min = -self._sign
        self.name = f"i{bits}"

    def __call__(self, value):
        return ((value & self._mask) ^ self._sign) - self._sign

    def __repr__(self):
        return self.name


u8, u16, u32, u64, u128 = (Unsigned(n) for n in (8, 16, 32, 64, 128))
i8, i16, i32, i64 = (Signed(n) for n in (8, 16, 32, 64))
SIGNED = {8: i8, 16: i16, 32: i32, 64: i64}
UNSIGNED = {8: u8, 16: u16, 32: u32, 64: u64, 128: u128}

NEVER = u64.max  # a deadline that does not come


class TypeVar:
    """The width a generic function is specialised for; bound to u8 … u64 in each specialisation."""

    bits = max = None
    name = "T"

    def __repr__(self):
        return "T"

    def __call__(self, value):
        raise TypeError("T is unbound: call the specialisation, f[u32](…)")


T = TypeVar()


class Array:
    """A declared array: ``fifo: Array(u8, 16)``.  Elements are a width or a Struct class."""

    __slots__ = ("element", "length")

    def __init__(self, element, length):
        self.element = element
        self.length = length

    def __repr__(self):
        return f"Array({self.element!r}, {self.length})"


class Derived:
    """A field that can be recomputed: neither saved nor compared by lock-step (caches, countdowns)."""

    __slots__ = ("type",)

    def __init__(self, type):
        self.type = type


class Native:
    """A field that only the C struct has (host pointers).  ``ctype`` is C text."""

    __slots__ = ("ctype",)

    def __init__(self, ctype):
        self.ctype = ctype


class Wire:
    """An outgoing connection, joined by the board: ``irq: Wire(u8)``, ``now: Wire(ret=u64)``."""

    __slots__ = ("args", "ret")

    def __init__(self, *args, ret=None):
        self.args = args
        self.ret = ret


class Const:
    """A table of constants: ``PARITY = Const(u8, (...))``; in C a static const array."""

    __slots__ = ("element", "values")

    def __init__(self, element, values):
        self.element = element
        self.values = tuple(values)

    def __getitem__(self, index):
        return self.values[index]

    def __len__(self):
        return len(self.values)


class Fault(Exception):
    """A guest fault on its way to delivery: exception vector and error code (0 if the vector has none)."""

    def __init__(self, vector, error=0):
        super().__init__(vector, error)
        self.vector = vector
        self.error = error
