"""Reading and comparing the declared state of two machines, fast enough to do it after every instruction.

The state is taken apart once into records (the plain fields of a component or struct), arrays and tables (arrays of
structs); what is compared is then a list of tuples and bytes.
"""

import struct
from operator import attrgetter

from emu.bus.component import Struct
from emu.bus.types import Array, Signed, Unsigned

SMALL = 64  # bytes; longer arrays are compared less often
FEW = 16  # elements of a table
_CODES = {8: "B", 16: "H", 32: "I", 64: "Q"}


class Piece:
    """A part of the state: its path, the names of what read() gives, and whether it is bulky."""

    def __init__(self, path, names, read, bulky=False):
        self.path, self.names, self.read, self.bulky = path, names, read, bulky

    def explain(self, wanted, got, limit=8):
        """[(path, wanted, got)] of what differs between two results of read()."""
        out = []
        for n, (a, b) in enumerate(zip(wanted, got)):
            if a != b:
                name = f"{self.path}[{n}]" if self.names is None else f"{self.path}.{self.names[n % len(self.names)]}"
                if self.names is not None and len(wanted) > len(self.names):
                    name = f"{self.path}[{n // len(self.names)}].{self.names[n % len(self.names)]}"
                out.append((name, a, b))
        if len(wanted) != len(got):
            out.append((f"{self.path}: length", len(wanted), len(got)))
        return out[:limit] + ([(f"{self.path}: more", len(out) - limit, 0)] if len(out) > limit else [])


def _is_struct(declared):
    return isinstance(declared, type) and issubclass(declared, Struct)


def _plain_names(cls):
    return [f.name for f in cls.fields.values()
            if not f.derived and (f.type is bool or isinstance(f.type, (Unsigned, Signed)))]


def _record_format(owner, names):
    """struct format of the plain fields of an object over C memory, or None if they lie in another order."""
    kind = owner._ffi.typeof(owner._c)
    kind = kind.item if kind.kind == "pointer" else kind
    places = dict(kind.fields)
    text, at = "=", 0
    for name in names:
        declared = owner.fields[name].type
        place = places.get(name)
        if place is None or place.offset < at:
            return None
        code = "?" if declared is bool else _CODES[declared.bits]
        if isinstance(declared, Signed):
            code = code.lower()
        text += f"{place.offset - at}x{code}"
        at = place.offset + struct.calcsize("=" + code)
    return text


def _buffer(owner):
    return owner._ffi.buffer(owner._c if owner._ffi.typeof(owner._c).kind == "pointer" else owner._ffi.addressof(owner._c))


def _record(owner, names):
    """A function that reads the plain fields of an object as a tuple."""
    if "_c" in owner.__dict__:
        text = _record_format(owner, names)
        if text is not None:
            unpack, buffer = struct.Struct(text).unpack_from, _buffer(owner)
            return lambda: unpack(buffer)
    if len(names) == 1:
        get = attrgetter(names[0])
        return lambda: (get(owner),)
    get = attrgetter(*names)
    return lambda: get(owner)


def _table(elements, names):
    """A function that reads the plain fields of all structs of an array as one tuple."""
    if len(elements) > 1 and "_c" in elements[0].__dict__:
        text = _record_format(elements[0], names)
        if text is not None:
            first, second = elements[0], elements[1]
            ffi = first._ffi
            size = ffi.sizeof(ffi.typeof(first._c))
            text += f"{size - struct.calcsize(text)}x"
            start = ffi.addressof(first._c)
            assert ffi.addressof(second._c) == start + 1
            iterate, buffer = struct.Struct(text).iter_unpack, ffi.buffer(start, size * len(elements))
            return lambda: [value for row in iterate(buffer) for value in row]
    get = attrgetter(*names)
    return lambda: [value for element in elements for value in get(element)]


def pieces(owner, path):
    """Everything declared in a component or struct, in the order of declaration; derived fields left out."""
    out = []
    names = _plain_names(type(owner))
    if names:
        out.append(Piece(path, names, _record(owner, names)))
    for f in owner.fields.values():
        if f.derived:
            continue
        value = getattr(owner, f.name)
        where = f"{path}.{f.name}"
        if _is_struct(f.type):
            out += pieces(value, where)
        elif isinstance(f.type, Array):
            element = f.type.element
            if not _is_struct(element):
                bulky = f.type.length * element.bits // 8 > SMALL
                out.append(Piece(where, None, _array(value), bulky))
            elif f.type.length > FEW:
                inner = _plain_names(element)
                if len(inner) != sum(not g.derived for g in element.fields.values()):
                    raise TypeError(f"{where}: a table of more than plain fields")
                out.append(Piece(where, inner, _table(value, inner), True))
            else:
                for n, element in enumerate(value):
                    out += pieces(element, f"{where}[{n}]")
    return out


def _array(value):
    if isinstance(value, list):
        return lambda: list(value)
    view = memoryview(value)
    return view.tolist if view.format != "B" else view.tobytes


class Comparison:
    """Compares the parts of two machines, of which the first is the one to follow."""

    def __init__(self, wanted, got):
        self.wanted, self.got = wanted, got
        self._pairs = []
        for name, part in wanted.parts.parts.items():
            self._pairs += zip(pieces(part, name), pieces(got.parts.parts[name], name), strict=True)
        for a, b in self._pairs:
            assert a.path == b.path
        self._small = [a.read for a, _ in self._pairs if not a.bulky], [b.read for a, b in self._pairs if not a.bulky]

    def same_small(self):
        """Is everything but long arrays and tables equal?"""
        wanted, got = self._small
        return [read() for read in wanted] == [read() for read in got]

    def same_state(self):
        """Is all declared state equal?"""
        return all(a.read() == b.read() for a, b in self._pairs)

    def same_memory(self):
        """Is all memory (RAM, video memory, ROMs) equal?"""
        return _bytes_equal(self.wanted._memory.backing, self.got._memory.backing)

    def same(self):
        """Is everything equal?"""
        return self.same_state() and self.same_memory()

    def differences(self):
        """[(what, wanted, got)] of everything that differs."""
        out = []
        for a, b in self._pairs:
            wanted, got = a.read(), b.read()
            if wanted != got:
                out += a.explain(wanted, got)
        return out + self._memory_differences()

    def _memory_differences(self, limit=8):
        out = []
        a, b = memoryview(self.wanted._memory.backing), memoryview(self.got._memory.backing)
        step = 1 << 20
        for start in range(0, len(a), step):
            if a[start:start + step].tobytes() == b[start:start + step].tobytes():
                continue
            for page in range(start, min(start + step, len(a)), 0x1000):
                x, y = a[page:page + 0x1000].tobytes(), b[page:page + 0x1000].tobytes()
                if x != y:
                    out += [(f"memory[{page + n:#x}]", x[n], y[n]) for n in range(len(x)) if x[n] != y[n]]
                    if len(out) > limit:
                        return out[:limit] + [("memory: more", 0, 0)]
        return out


def _bytes_equal(a, b):
    """Equality of two buffers at the speed of memory: only bytearray compares any buffer as bytes."""
    if isinstance(a, bytearray) or isinstance(b, bytearray):
        return a == b if isinstance(a, bytearray) else b == a
    step = 1 << 20
    return all(bytearray(a[n:n + step]) == b[n:n + step] for n in range(0, len(a), step))
