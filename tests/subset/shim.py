"""Calls translated functions one by one: C wrappers by number, and state between Python objects and C structs."""

import contextlib
import signal

import cffi

from emu.bus.component import Component, Struct, checked
from emu.bus.names import c_name
from emu.bus.types import Array, Derived, Fault, Signed, Unsigned
from native.cwriter import c_type

API = """
typedef uint8_t u8; typedef uint16_t u16; typedef uint32_t u32; typedef uint64_t u64;
typedef int8_t i8; typedef int16_t i16; typedef int32_t i32; typedef int64_t i64;
void *shim_new(void);
void *shim_part(void *m, u32 number);
int shim_call(void *m, u32 number, const u64 *in, u64 *out);
"""


def scalar(t):
    return t.kind in "uib"


def wrapper(program, fn, number, places):
    """C text of a wrapper: arguments and results are pairs of u64, low half first.  ``places`` gives the C text of the
    object for each struct class that a parameter refers to."""
    writer = program.writer(fn)
    args, at = ["m"], 0
    for _, t in fn.params:
        if scalar(t):
            args.append(f"({c_type(t)})((u128)in[{at + 1}] << 64 | in[{at}])")
            at += 2
        elif not issubclass(t.cls, Component):
            args.append(places[t.cls])
    lines = [f"static int shim{number}(M *m, const u64 *in, u64 *out)", "{", "    int fault = 0;"]
    outs = writer.outs
    name = program.c_name(fn.key)
    if writer.by_pointer:
        lines += [f"    {c_type(t)} v{i} = 0;" for i, t in enumerate(outs)]
        args += [f"&v{i}" for i in range(len(outs))]
    call = f"{name}({', '.join(args)})"
    if fn.faults:
        lines.append(f"    fault = {call};")
    elif outs and not writer.by_pointer and not writer.by_store:
        lines.append(f"    {c_type(outs[0])} v0 = {call};")
    else:
        lines.append(f"    {call};")
    slot = 0
    for i, t in enumerate(outs):
        if writer.by_store:
            high = f"m->r[{slot + 1}]" if c_type(t) == "u128" else "0"
            lines += [f"    out[{2 * i}] = m->r[{slot}];", f"    out[{2 * i + 1}] = {high};"]
            slot += 2 if c_type(t) == "u128" else 1
        else:
            lines += [f"    out[{2 * i}] = (u64)v{i};", f"    out[{2 * i + 1}] = (u64)((u128)v{i} >> 64);"]
    return "\n".join(lines + ["    return fault;", "}"])


def wrappers(program, functions, places, parts):
    """C text of all wrappers and the entry points of API.  ``parts``: classes by name."""
    out = [wrapper(program, f, n, places) for n, f in enumerate(functions)]
    cases = "".join(f"    case {n}: return shim{n}(m, in, out);\n" for n in range(len(functions)))
    where = "".join(f"    case {n}: return {places.get(cls, '&m->' + c_name(p))};\n"
                    for n, (p, cls) in enumerate(parts.items()))
    out.append(f"""#include <stdlib.h>
#define OPEN __attribute__((visibility("default")))
OPEN void *shim_new(void) {{ return calloc(1, sizeof(M)); }}
OPEN void *shim_part(M *m, u32 number)
{{
    switch (number) {{
{where}    }}
    return 0;
}}
OPEN int shim_call(M *m, u32 number, const u64 *in, u64 *out)
{{
    switch (number) {{
{cases}    }}
    return -1;
}}""")
    return "\n\n".join(out)


class Library:
    """The shared library, its machine, and its parts as C structs."""

    def __init__(self, path, cdef, parts):
        self.ffi = cffi.FFI()
        self.ffi.cdef(API + cdef)
        self.lib = self.ffi.dlopen(str(path), self.ffi.RTLD_LAZY)
        self.m = self.lib.shim_new()
        self.parts = {name: self.ffi.cast(f"{cls.__name__} *", self.lib.shim_part(self.m, n))
                      for n, (name, cls) in enumerate(parts.items())}
        self.input, self.output = self.ffi.new("u64[32]"), self.ffi.new("u64[32]")

    def call(self, number, fn, args):
        """Call a function with its scalar arguments.  Gives (faulted, result)."""
        for i, a in enumerate(args):
            self.input[2 * i], self.input[2 * i + 1] = a & (1 << 64) - 1, a >> 64 & (1 << 64) - 1
        fault = self.lib.shim_call(self.m, number, self.input, self.output)
        types = {"n": (), "t": fn.result.items}.get(fn.result.kind, (fn.result,))
        values = tuple(value_of(t, self.output[2 * i] | self.output[2 * i + 1] << 64) for i, t in enumerate(types))
        return bool(fault), None if fault or not values else values if fn.result.kind == "t" else values[0]


def value_of(t, bits):
    if t.kind == "b":
        return bool(bits & 1)
    if t.kind == "u":
        return bits & ((1 << (128 if t.max >> 64 else 64)) - 1)
    bits &= (1 << 64) - 1
    return bits - (bits >> 63 << 64)


# -- state -------------------------------------------------------------------------------------------------------

def plain(declared):
    return declared.type if isinstance(declared, Derived) else declared


def fields(cls):
    return [(f.name, plain(f.type)) for f in cls.fields.values() if f.native is None]


def watched(cls, made={}):
    """An object of a component or struct class whose every store is checked, also in the structs inside it."""
    if cls not in made:
        made[cls] = checked(cls)
    thing = made[cls]()
    for name, t in fields(cls):
        if isinstance(t, Array) and isinstance(t.element, type) and issubclass(t.element, Struct):
            setattr(thing, name, [watched(t.element) for _ in range(t.length)])
        elif isinstance(t, type) and issubclass(t, Struct):
            setattr(thing, name, watched(t))
    return thing


def dump(thing, t):
    """A value of Python as plain data."""
    if isinstance(t, Array):
        if isinstance(t.element, type) and issubclass(t.element, Struct):
            return [dump(v, t.element) for v in thing]
        return list(thing)
    if isinstance(t, type) and issubclass(t, (Struct, Component)):
        return {n: dump(getattr(thing, n), ft) for n, ft in fields(t)}
    return thing


def load(thing, name, t, value):
    """Set a field of a Python object from plain data."""
    if isinstance(t, Array):
        target = getattr(thing, name)
        for i, v in enumerate(value):
            if isinstance(v, dict):
                for n, ft in fields(t.element):
                    load(target[i], n, ft, v[n])
            else:
                target[i] = v
    elif isinstance(value, dict):
        for n, ft in fields(t):
            load(getattr(thing, name), n, ft, value[n])
    else:
        setattr(thing, name, value)


def dump_c(ffi, c, t):
    """A field of C as plain data."""
    if isinstance(t, Array):
        if isinstance(t.element, type) and issubclass(t.element, Struct):
            return [dump_c(ffi, c[i], t.element) for i in range(t.length)]
        return list(ffi.unpack(c, t.length))
    if isinstance(t, type) and issubclass(t, (Struct, Component)):
        return {n: dump_c(ffi, getattr(c, c_name(n)), ft) for n, ft in fields(t)}
    return c


def load_c(c, name, t, value):
    """Set a field of a C struct from plain data."""
    if isinstance(value, dict):
        inner = getattr(c, c_name(name))
        for n, ft in fields(t):
            load_c(inner, n, ft, value[n])
    elif isinstance(value, list) and isinstance(value[0], dict):
        inner = getattr(c, c_name(name))
        for i, v in enumerate(value):
            for n, ft in fields(t.element):
                load_c(inner[i], n, ft, v[n])
    else:
        setattr(c, c_name(name), value)


# -- random values -----------------------------------------------------------------------------------------------

def unsigned_value(random, bits):
    kind = random.randrange(8)
    top = (1 << bits) - 1
    if kind == 0:
        return random.choice((0, 1, 2, 3, 7, 8, 15, 16, 31, 32, 63, 64)) & top
    if kind == 1:
        return random.choice((top, top - 1, top >> 1, (top >> 1) + 1, top >> 1 ^ 1, 0xFF & top, 0x80, 0x7F))
    if kind == 2:
        return 1 << random.randrange(bits)
    if kind == 3:
        return random.getrandbits(random.randrange(1, bits + 1))
    return random.getrandbits(bits)


def random_value(random, t):
    """A value of a declared type (or of a parameter's expression type): corners and random bits."""
    if t is bool or getattr(t, "kind", "") == "b":
        return bool(random.getrandbits(1))
    if isinstance(t, Array):
        return [random_value(random, t.element) for _ in range(t.length)]
    if isinstance(t, type):
        return {n: random_value(random, ft) for n, ft in fields(t)}
    if isinstance(t, Signed) or getattr(t, "kind", "") == "i":
        v = unsigned_value(random, t.bits)
        return v - (v >> t.bits - 1 << t.bits)
    return bounded(random, unsigned_value(random, t.max.bit_length()), t.max)


def bounded(random, value, top):
    """The value if it may be that big, else another."""
    return value if value <= top else random.randrange(top + 1)


class TooLong(Exception):
    """A function did not come back: random arguments broke what it expects."""


@contextlib.contextmanager
def limited(seconds):
    def stop(*_):
        raise TooLong
    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def python_call(function, args):
    """Call a hot function in Python.  Gives (fault's (vector, error) or None, result)."""
    try:
        return None, function(*args)
    except Fault as fault:
        return (fault.vector, fault.error), None
