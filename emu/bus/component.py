"""Components: state, methods, ports, timers and wires of a chip, declared once.

From the declaration come the Python object, the C struct, reset, save and restore.  How to write one:
docs/components.md.
"""

import inspect
from array import array
from types import FunctionType

from .types import Array, Derived, Native, Signed, T, Unsigned, Wire

_TYPECODES = {1: "B", 2: "H", 4: "I", 8: "Q"}


# -- functions of the subset -------------------------------------------------------------------------------------

class Generic:
    """A function of the subset that is written for a width T; ``f[u32]`` is its 32-bit specialisation."""

    def __init__(self, function):
        self.function = function
        self.__name__ = function.__name__
        self.__doc__ = function.__doc__
        self._made = {}

    def __getitem__(self, width):
        made = self._made.get(width)
        if made is None:
            f = self.function
            made = FunctionType(f.__code__, {**f.__globals__, "T": width}, f"{f.__name__}_{width.name}",
                                f.__defaults__, f.__closure__)
            made.__annotations__ = {k: _bind(v, width) for k, v in inspect.get_annotations(f).items()}
            made.subset = True
            made.generic = (self, width)
            self._made[width] = made
        return made

    def __call__(self, *args):
        raise TypeError(f"{self.__name__} is generic: call {self.__name__}[u32](…)")


def _bind(annotation, width):
    if isinstance(annotation, tuple):
        return tuple(_bind(a, width) for a in annotation)
    return width if annotation is T else annotation


def hot(function):
    """Mark a function or method as part of the subset: it runs in Python as it stands, and is translated to C."""
    function.subset = True
    code = function.__code__
    if "T" in code.co_names or any(_bind(a, None) != a for a in inspect.get_annotations(function).values()):
        return Generic(function)
    return function


def cold(function):
    """Mark a method that stays Python but that hot code may call: in C the call goes back to Python."""
    function.cold = True
    return function


def intrinsic(function):
    """Mark the Python twin of a hand-written C function of the same name (native/core.h); each has a lock-step test."""
    function.intrinsic = True
    return hot(function)


def inline(function):
    """Like hot, and asks C to inline it."""
    made = hot(function)
    (made.function if isinstance(made, Generic) else made).inline = True
    return made


def rare(function):
    """Like hot, for what is hardly ever called: in C a call keeps all registers, so that its caller saves none for it.

    One to three parameters beside the component."""
    made = hot(function)
    (made.function if isinstance(made, Generic) else made).rare = True
    return made


# -- declarations ------------------------------------------------------------------------------------------------

class Port:
    """I/O ports of a component: ``count`` ports from offset ``first``, served by named methods of one access width.

    ``read`` is called as read(offset) and ``write`` as write(offset, value), offset being relative to the base that
    the board gives.  ``width`` is in bits; an access wider than a declared one is split, low byte first.
    """

    def __init__(self, first, count, read=None, write=None, width=8, text=""):
        self.first, self.count, self.read, self.write, self.width, self.text = first, count, read, write, width, text


class Timer:
    """A field that holds a deadline in ns (NEVER when off) and the method called when the clock reaches it."""

    def __init__(self, deadline, expire):
        self.deadline, self.expire = deadline, expire


class Field:
    """One declared field: its name, type (width, Struct or Array), and whether it is derived or only in C."""

    __slots__ = ("name", "type", "derived", "native")

    def __init__(self, name, declared):
        self.name = name
        self.derived = isinstance(declared, (Derived, Native))
        self.native = declared.ctype if isinstance(declared, Native) else None
        self.type = declared.type if isinstance(declared, Derived) else None if self.native else declared


def _is_field(declared):
    return isinstance(declared, (Unsigned, Signed, Array, Derived, Native)) or declared is bool or (
        isinstance(declared, type) and issubclass(declared, Struct))


def _declared(cls):
    fields, wires = {}, {}
    for base in reversed(cls.__mro__):
        for name, declared in inspect.get_annotations(base).items() if base is not object else ():
            if isinstance(declared, Wire):
                wires[name] = declared
            elif _is_field(declared):
                fields[name] = Field(name, declared)
    return fields, wires


def _fresh(type):
    """The value of a field after power-on: 0, or an array of them."""
    if isinstance(type, Array):
        if isinstance(type.element, (Unsigned, Signed)):
            if type.element.bits == 8 and isinstance(type.element, Unsigned):
                return bytearray(type.length)
            if type.element.bits == 128:
                return [0] * type.length
            code = _TYPECODES[type.element.bits // 8]
            return array(code if isinstance(type.element, Unsigned) else code.lower(), bytes(type.element.bits // 8 * type.length))
        return [type.element() for _ in range(type.length)]
    if isinstance(type, (Unsigned, Signed)):
        return 0
    return False if type is bool else type()


def _dump(value):
    if isinstance(value, (Struct, Component)):
        return value.save()
    if isinstance(value, (int, bool)):
        return value
    return [_dump(v) for v in value]


def _load(owner, field, value):
    type = field.type
    if isinstance(type, Array):
        target = getattr(owner, field.name)
        for i, v in enumerate(value):
            if isinstance(v, dict):
                target[i].restore(v)
            else:
                target[i] = v
    elif isinstance(value, dict):
        getattr(owner, field.name).restore(value)
    else:
        setattr(owner, field.name, value)


class _Declared:
    """What Struct and Component share: declared fields, their power-on values, save and restore."""

    fields = {}
    wires = {}

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        cls.fields, cls.wires = _declared(cls)

    def _allocate(self):
        """Give every field its power-on value.  The native engine's classes put the state elsewhere here."""
        for f in self.fields.values():
            if f.native is None:
                setattr(self, f.name, _fresh(f.type))

    def save(self):
        """The declared state as plain dicts, lists and ints (derived fields left out)."""
        return {f.name: _dump(getattr(self, f.name)) for f in self.fields.values() if not f.derived}

    def restore(self, state):
        """Take back what save() gave.  Raises KeyError if a field is missing."""
        for f in self.fields.values():
            if not f.derived:
                _load(self, f, state[f.name])


class Struct(_Declared):
    """A declared record, used inside components: ``class Segment(Struct): base: u32 …``."""

    def __init__(self):
        self._allocate()


def _unconnected(*_args):
    return 0


class Component(_Declared):
    """A chip.  Subclasses declare fields and wires as annotations, ``ports`` and ``timers`` as tuples."""

    ports = ()
    timers = ()

    def __init__(self):
        self._allocate()
        for name in self.wires:
            setattr(self, name, _unconnected)

    def reset(self):
        """Put the state where a hardware reset puts it."""


def checked(cls):
    """A subclass of a component or struct that refuses a store that does not fit its field (for tests)."""

    def __setattr__(self, name, value):
        field = self.fields.get(name)
        if field is not None and isinstance(field.type, (Unsigned, Signed)):
            low = getattr(field.type, "min", 0)
            if isinstance(value, bool) or not low <= value <= field.type.max:
                raise OverflowError(f"{cls.__name__}.{name}: {value!r} does not fit {field.type}")
        elif field is not None and field.type is bool and not isinstance(value, bool):
            raise OverflowError(f"{cls.__name__}.{name}: {value!r} is not a bool")
        object.__setattr__(self, name, value)

    return type("Checked" + cls.__name__, (cls,), {"__setattr__": __setattr__})
