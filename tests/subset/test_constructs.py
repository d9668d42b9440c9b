"""Every construct of the subset, in Python and as C: results, faults, calls of cold methods and all state are equal."""

import inspect
import random
import subprocess

import pytest

import construct_board
import construct_flow
import construct_values
import shim
from construct_board import PARTS, WIRES
from emu.bus.component import Generic
from emu.bus.types import u8, u16, u32, u64
from native.build import ROOT, compiler
from native.cwriter import struct_text
from native.program import Program

pytestmark = pytest.mark.skipif(compiler() is None, reason="no C compiler")


def cases():
    """(name, function, owner) of every test function."""
    for name, f in {**vars(construct_values), **vars(construct_flow)}.items():
        if name.startswith("t_"):
            for width in (u8, u16, u32, u64) if isinstance(f, Generic) else (None,):
                yield (f"{name}_{width}", f[width], None) if width else (name, f, None)
    for owner in ("chip0", "chip1"):
        for name in vars(construct_board.Chip):
            if name.startswith("t_"):
                yield f"{owner}.{name}", inspect.getattr_static(construct_board.Chip, name), owner


CASES = list(cases())
STRUCTS = (construct_board.Inner, construct_board.Item, construct_board.Cpu, construct_board.Chip)


def prelude():
    """The types and macros of native/core.h, without the machine."""
    return (ROOT / "native" / "core.h").read_text().split("typedef struct M M;")[0] + "#endif\n"


class Board:
    """The board in both forms."""

    def __init__(self, folder):
        self.program = p = Program(PARTS, WIRES)
        self.keys = [p.add(f, owner) for _, f, owner in CASES]
        p.follow()
        p.analyse()
        functions = [p.functions[k] for k in self.keys]
        everything = list(p.functions.values())
        texts = [p.writer(f).write() for f in sorted(everything, key=lambda f: not f.inline)]
        structs = [struct_text(c) for c in STRUCTS]
        members = " ".join(f"{cls.__name__} {name};" for name, cls in PARTS.items())
        text = "\n\n".join([
            prelude(), "typedef struct M M;", *structs, f"struct M {{ u64 r[4]; {members} }};",
            "u64 (*cold_hook)(u32, u64, u64, u64);",
            "static u64 cold_call(M *m, u32 n, u64 a, u64 b, u64 c) { return cold_hook(n, a, b, c); }",
            "void set_hook(void *f) { cold_hook = (u64 (*)(u32, u64, u64, u64))f; }",
            *(p.writer(f).signature() + ";" for f in everything), p.table_text(), p.cold_text(), *texts,
            shim.wrappers(p, functions, {}, PARTS)])
        source, library = folder / "constructs.c", folder / "constructs.so"
        source.write_text(text)
        flags = ["-O2", "-shared", "-fPIC", "-fno-strict-aliasing", "-w"]
        done = subprocess.run(compiler() + flags + [str(source), "-o", str(library)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        cdef = "\n".join(struct_text(c, ffi=True) for c in STRUCTS)
        self.c = shim.Library(library, cdef + "void set_hook(void *f);", PARTS)
        self.python = {name: shim.watched(cls) for name, cls in PARTS.items()}
        for wire, joined in WIRES.items():
            part, name = wire.split(".")
            setattr(self.python[part], name, self.join(joined))
        self.cold_log = []
        self.cold_parts = {name: cls() for name, cls in PARTS.items()}  # backends of the C side
        self.hook = self.c.ffi.callback("u64(u32, u64, u64, u64)", self.cold)
        self.c.lib.set_hook(self.hook)

    def join(self, joined):
        if joined[0] == "function":
            return lambda *a: joined[1](self.python["cpu"], *joined[2], *a)
        method = getattr(self.python[joined[1]], joined[2])
        return lambda *a: method(*joined[3], *a)

    def cold(self, number, *args):
        owner, name = list(self.program.cold)[number]
        method = getattr(self.cold_parts[owner], name)
        return int(method(*args[:len(inspect.signature(method).parameters)]) or 0)

    def fill(self, state):
        for part, thing in self.python.items():
            thing.log = []
            self.cold_parts[part].log = []
            for name, t in shim.fields(PARTS[part]):
                shim.load(thing, name, t, state[part][name])
                shim.load_c(self.c.parts[part], name, t, state[part][name])

    def states(self):
        a = {part: shim.dump(thing, PARTS[part]) for part, thing in self.python.items()}
        b = {part: shim.dump_c(self.c.ffi, thing, PARTS[part]) for part, thing in self.c.parts.items()}
        for part in PARTS:
            a[part]["cold calls"], b[part]["cold calls"] = self.python[part].log, self.cold_parts[part].log
        return a, b


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    return Board(tmp_path_factory.mktemp("constructs"))


@pytest.mark.parametrize("number", range(len(CASES)), ids=[c[0] for c in CASES])
def test_construct(board, number):
    name, function, owner = CASES[number]
    fn = board.program.functions[board.keys[number]]
    rng = random.Random(name)
    scalars = [t for _, t in fn.params if shim.scalar(t)]
    references = [board.python[owner]] if owner else [board.python["cpu"] for _, t in fn.params if t.kind == "s"]
    for _ in range(120 if references else 400):
        if references:
            board.fill({part: shim.random_value(rng, cls) for part, cls in PARTS.items()})
        args = [shim.random_value(rng, t) for t in scalars]
        fault, result = shim.python_call(function, references + args)
        c_fault, c_result = board.c.call(number, fn, args)
        assert c_fault == (fault is not None), (args, fault)
        if fault:
            cpu = board.c.parts["cpu"]
            assert (cpu.fault_vector, cpu.fault_error) == fault, args
        assert c_result == result and type(c_result) is type(result), args
        if references:
            a, b = board.states()
            for state in (a, b):  # how a fault travels differs
                del state["cpu"]["fault_vector"], state["cpu"]["fault_error"]
            assert a == b, args
