"""The processor's functions in Python and in C: every free hot function of the real tree that needs no more
than scalars, Cpu, Fpu and a decoded instruction runs on corner and random input; result, fault and declared state are equal.
"""

import hashlib
import os
import random
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

import shim
from emu.bus.types import Array, Unsigned, u8
from emu.cpu.fpu.state import Fpu
from emu.cpu.state import Cpu, Rec, Segment
from native.build import ABI, FILE_CFLAGS, ROOT, compiler
from native.cwriter import struct_text
from native.generate import write_to

pytestmark = [pytest.mark.skipif(compiler() is None, reason="no C compiler"), pytest.mark.slow]

CASES = int(os.environ.get("EMU_SEMANTICS_CASES", 60))  # of each function
FLAGS = ["-O1", "-fPIC", "-fno-strict-aliasing", "-w", *ABI]
PARTS = {"cpu": Cpu, "rec": Rec}
PLACES = {Fpu: "&m->cpu.fpu", Rec: "&shim_rec"}
BY_HAND = {"clz64"}  # intrinsics that need no memory
TRAVELS = {"fault_vector", "fault_error"}  # a fault in flight: an exception in Python, these in C
BIG = {"tlb", "tlb_local", "tlb_global"}


class Candidate:
    """A function that can be called on its own, and the Cpu fields that it and what it calls name."""

    def __init__(self, fn, touched):
        self.fn, self.touched = fn, sorted(touched)
        self.takes_rec = any(t.cls is Rec for _, t in fn.params)
        self.name = f"{fn.key[0].__module__}.{fn.name}"


def nodes_of(thing):
    if isinstance(thing, (list, tuple)):
        for t in thing:
            yield from nodes_of(t)
    elif hasattr(thing, "parts"):
        yield thing
        yield from nodes_of(thing.parts)


def own_fields(fn):
    """Cpu fields that a function names; all of the FPU for functions that take it."""
    out = {n.parts[1] for n in nodes_of(fn.body) if n.op == "field" and n.parts[0].type.cls is Cpu}
    return out | {"fpu"} if any(t.cls is Fpu for _, t in fn.params) else out


def candidates(program):
    fields, reached = {}, {}

    def reach(fn):
        """Keys of everything called, or None if some of it needs more than the processor."""
        seen, todo = set(), [fn]
        while todo:
            f = todo.pop()
            if f.key in seen:
                continue
            seen.add(f.key)
            if hasattr(f.key[0], "subset_source"):  # made, or not the same in C
                return None
            if f.key[1] is not None or f.intrinsic and f.name not in BY_HAND or f.key in program.handlers:
                return None
            for call, _, _ in f.calls:
                if call.parts[0][0] != "fn":
                    return None
                todo.append(program.functions[call.parts[0][1]])
        return seen

    for fn in program.functions.values():
        if fn.intrinsic or any(t.kind == "s" and t.cls not in (Cpu, Fpu, Rec) for _, t in fn.params):
            continue
        reached[fn.key] = reach(fn)
        if reached[fn.key] is None:
            continue
        touched = set()
        for key in reached[fn.key]:
            if key not in fields:
                fields[key] = own_fields(program.functions[key])
            touched |= fields[key]
        yield Candidate(fn, touched)


def build(program, functions, folder):
    """The shared library; made anew only if the C or the compiler's options change."""
    wrappers = shim.wrappers(program, functions, PLACES, PARTS)
    (folder / "shim.c").write_text(f'#include "core.h"\nstatic Rec shim_rec;\n{wrappers}')
    sources = [*sorted(folder.glob("gen_functions*.c")), folder / "gen_rare.c", folder / "gen_tables.c", folder / "shim.c"]
    texts = [p.read_bytes() for p in [*sources, *sorted(folder.glob("*.h")), ROOT / "native" / "core.h"]]
    work = ROOT / "build" / "subset_tests"
    work.mkdir(parents=True, exist_ok=True)
    key = hashlib.sha256(b"".join(texts) + " ".join(compiler() + FLAGS).encode()).hexdigest()[:24]
    library = work / f"functions-{key}.so"
    if library.exists():
        return library

    def compile_one(source):
        target = folder / (source.stem + ".o")
        command = [*compiler(), *FLAGS, *FILE_CFLAGS.get(source.stem, []), f"-I{ROOT / 'native'}", f"-I{folder}", "-c", str(source), "-o", str(target)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-4000:]
        return str(target)

    with ThreadPoolExecutor(2) as pool:
        objects = list(pool.map(compile_one, sources))
    made = folder / library.name
    # The memory paths of core.c stay unresolved; what keeps all registers is called without the linker's stubs, which do not.
    link = ["-shared", "-Wl,-z,lazy", "-Wl,-Bsymbolic"]
    subprocess.run(compiler() + link + [*objects, "-o", str(made)], check=True)
    for old in work.glob("functions-*.so"):
        old.unlink()
    library.write_bytes(made.read_bytes())
    return library


class Pair:
    """The processor in both forms."""

    def __init__(self, folder):
        self.program = write_to(folder).program
        self.candidates = list(candidates(self.program))
        library = build(self.program, [c.fn for c in self.candidates], folder)
        cdef = "\n".join(struct_text(c, ffi=True) for c in (Segment, Fpu, Cpu, Rec))
        self.c = shim.Library(library, cdef, PARTS)
        self.c_cpu = self.c.parts["cpu"]
        self.cpu, self.rec = shim.watched(Cpu), shim.watched(Rec)
        self.types = dict(shim.fields(Cpu))
        self.fill(random.Random(1), self.types)

    def fill(self, rng, names):
        for name in names:
            value = cpu_value(rng, name, self.types[name])
            shim.load(self.cpu, name, self.types[name], value)
            shim.load_c(self.c_cpu, name, self.types[name], value)

    def fill_rec(self, rng):
        for name, t in shim.fields(Rec):
            v = rng.randrange(8) if t is u8 and rng.getrandbits(1) else shim.random_value(rng, t)
            shim.load(self.rec, name, t, v)
            shim.load_c(self.c.parts["rec"], name, t, v)

    def differences(self, names):
        out = []
        if shim.dump(self.rec, Rec) != shim.dump_c(self.c.ffi, self.c.parts["rec"], Rec):
            out.append("the instruction record")
        for name in names:
            if name not in TRAVELS:
                a = shim.dump(getattr(self.cpu, name), self.types[name])
                b = shim.dump_c(self.c.ffi, getattr(self.c_cpu, name), self.types[name])
                if a != b:
                    out.append(f"{name}: Python {a} C {b}"[:600])
        return out


def number(rng, bits):
    """Unsigned value that is likely to mean something to a floating-point function."""
    kind = rng.randrange(4)
    if bits == 16 and kind == 0:
        exponent = rng.choice((0, 1, 0x3FFF, 0x7FFE, 0x7FFF, 0x3FFF + rng.randrange(-70, 70), 0x43FF, 0x3C00, 0x3F80))
        return exponent | rng.getrandbits(1) << 15
    if bits in (64, 128) and kind < 2:
        return shim.unsigned_value(rng, bits) | 1 << bits - 1
    return shim.unsigned_value(rng, bits)


def value(rng, t):
    """Value of a declared or expression type."""
    kind = getattr(t, "kind", "u" if isinstance(t, Unsigned) else "")
    if kind == "u":
        return shim.bounded(rng, number(rng, t.max.bit_length()), t.max)
    if isinstance(t, Array) and isinstance(t.element, Unsigned):
        return [number(rng, t.element.bits) for _ in range(t.length)]
    if isinstance(t, type) and t is not bool:
        return {n: value(rng, ft) for n, ft in shim.fields(t)}
    if isinstance(t, Array) and isinstance(t.element, type):
        return [value(rng, t.element) for _ in range(t.length)]
    return shim.random_value(rng, t)


def cpu_value(rng, name, t):
    if name == "cc_kind":
        return rng.randrange(9)
    if name == "cpl":
        return rng.randrange(4)
    if name == "fpu":
        v = value(rng, t)
        v["top"] &= 7
        v["fcw"] = v["fcw"] & 0x1F00 | rng.choice((0x7F, 0x40, 0x3F & rng.getrandbits(6) | 0x40))
        v["fsw"] &= 0xC7FF
        if rng.getrandbits(1):
            v["ftw"] = 0xFF
        return v
    return value(rng, t)


def run(pair, index, candidate):
    """Compare one function.  Gives (what differs or None, cases that count)."""
    fn, function = candidate.fn, candidate.fn.key[0]
    rng = random.Random(candidate.name)
    cases = CASES if not BIG & set(candidate.touched) else 4
    counted = 0
    for _ in range(cases):
        pair.fill(rng, candidate.touched)
        if candidate.takes_rec:
            pair.fill_rec(rng)
        scalars, objects = [], []
        for _, t in fn.params:
            if shim.scalar(t):
                scalars.append(value(rng, t))
                objects.append(scalars[-1])
            else:
                objects.append({Cpu: pair.cpu, Fpu: pair.cpu.fpu, Rec: pair.rec}[t.cls])
        what = f"{candidate.name}{tuple(scalars)}" + (f" {shim.dump(pair.rec, Rec)}" if candidate.takes_rec else "")
        before = {n: shim.dump(getattr(pair.cpu, n), pair.types[n]) for n in candidate.touched if n not in BIG}
        try:
            with shim.limited(2):
                fault, result = shim.python_call(function, objects)
        except (ZeroDivisionError, shim.TooLong):
            continue  # the caller guards against this
        except Exception as error:
            return f"{what}: {error!r} before: {before}", counted
        counted += 1
        c_fault, c_result = pair.c.call(index, fn, scalars)
        if fault:
            c_fault = c_fault and (pair.c_cpu.fault_vector, pair.c_cpu.fault_error)
        if (c_fault or None) != fault or c_result != result or type(c_result) is not type(result):
            return f"{what}: Python {fault} {result} C {c_fault} {c_result} before: {before}"[:2000], counted
        wrong = pair.differences(candidate.touched)
        if wrong:
            return f"{what}: {wrong} before: {before}"[:2000], counted
    pair.fill(rng, candidate.touched)
    wrong = pair.differences(n for n in pair.types if n not in BIG)
    return (f"{candidate.name}: beyond what it names: {wrong}" if wrong else None), counted


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    return Pair(tmp_path_factory.mktemp("semantics"))


def test_there_are_enough_functions(pair):
    names = {c.name for c in pair.candidates}
    assert len(names) > 400
    for name in ("flags.get_cf", "semantics.arith.ADC_u16", "fpu.f80.div80", "semantics.bcd.DAA"):
        assert f"emu.cpu.{name}" in names


def test_same_in_python_and_in_c(pair):
    wrong, idle = [], []
    for index, candidate in enumerate(pair.candidates):
        difference, counted = run(pair, index, candidate)
        if difference:
            wrong.append(difference)
            pair.fill(random.Random(2), pair.types)
        elif not counted:
            idle.append(candidate.name)
    assert not wrong, f"{len(wrong)} functions differ:\n" + "\n".join(wrong)
    assert not idle, f"never compared: {idle}"
    wrong = pair.differences(pair.types)
    assert not wrong
