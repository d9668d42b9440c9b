"""What the subset does not have is refused, with file, line and reason.  The wrong line is marked with `# !`."""

import importlib.util
import itertools
import textwrap

import pytest

from emu.bus.component import Generic
from emu.bus.subset.tree import SubsetError
from emu.bus.types import u32
from native.program import Program

HEADER = """
from emu.bus.component import Component, Struct, cold, hot, inline
from emu.bus.types import Array, Bounded, Const, Derived, Fault, Native, T, Wire
from emu.bus.types import i8, i16, i32, i64, u8, u16, u32, u64, u128
TABLE = Const(u8, (1, 2, 3, 4))
LIST = [1, 2, 3]
counter = 0
class Part(Struct):
    a: u8
    b: u32
    host: Native("void *")
class Other(Struct):
    a: u8
class Cpu(Component):
    fault_vector: Derived(u8)
    fault_error: Derived(u32)
    a: u8
    few: Bounded(8, 5)
    b: u32
    w: u64
    s: i16
    flag: bool
    part: Part
    array: Array(u8, 16)
    parts: Array(Part, 4)
    out: Wire(u8)
    ask: Wire(u8, ret=u32)
    @cold
    def slow(self, a: u8) -> u8:
        return a
    def python_only(self) -> None:
        pass
    @hot
    def method(self, a: u8) -> u8:
        return a
@hot
def pure(a: u8) -> u8:
    return a
@hot
def two(a: u8) -> (u8, u32):
    return a, 5
@hot
def writes(cpu: Cpu) -> u8:
    cpu.a = 1
    return 2
@hot
def faults(cpu: Cpu, a: u8) -> u8:
    if a == 3:
        raise Fault(6)
    return 2
@hot
def yes(cpu: Cpu) -> bool:
    cpu.a = 1
    return True
@hot
def takes_part(p: Part) -> u8:
    return p.a
@hot
def generic(a: T) -> T:
    return T(a + 1)
def plain(a):
    return a
"""
SIGNATURE = "cpu: Cpu, a: u8, b: u16, c: u32, d: u64, s: i32, t: i64, w: u128, f: bool"


def body(text, ret="None", signature=SIGNATURE):
    """A function f_ with that body."""
    return f"@hot\ndef f_({signature}) -> {ret}:\n" + textwrap.indent(textwrap.dedent(text).strip("\n"), "    ")


# id: (source, part of the message)
REJECTED = {
    # widths
    "wider into field": (body("cpu.a = c  # !"), "may not fit"),
    "beyond the bound": (body("cpu.few = a & 7  # !"), "may not fit"),
    "wider into array": (body("cpu.array[0] = b  # !"), "may not fit"),
    "wider into local": (body("x: u8 = 0\nx = c  # !"), "may not fit"),
    "wider into parameter": (body("a = c  # !"), "may not fit"),
    "wider argument": (body("x = pure(c)  # !"), "may not fit"),
    "wider result": (body("return c  # !", "u8"), "may not fit"),
    "wider in a tuple": (body("return a, d  # !", "(u8, u32)"), "may not fit"),
    "wider through a tuple": (body("x: u8 = 0\ny: u8 = 0\nx, y = two(a)  # !"), "may not fit"),
    "wider tuple returned": (body("return two(a)  # !", "(u8, u8)"), "may not fit"),
    "wider wire argument": (body("cpu.out(c)  # !"), "may not fit"),
    "wider cold argument": (body("cpu.slow(c)  # !"), "may not fit"),
    "sum that does not fit": (body("cpu.b = c + 1  # !"), "may not fit"),
    "augmented sum": (body("c += 1  # !"), "may not fit"),
    "two types": (body("x: u8 = 1\nx: u16 = 2  # !"), "two types"),
    "no subset type": (body("x: str = 1  # !"), "no type of the subset"),
    "error code": (body("raise Fault(c)  # !"), "may not fit"),
    "signed into unsigned": (body("cpu.b = s  # !"), "wanted"),
    "unsigned into signed": (body("cpu.s = b  # !"), "wanted"),
    "signed too wide": (body("cpu.s = s  # !"), "wanted"),
    "bool into int": (body("cpu.a = f  # !"), "wanted"),
    "int into bool": (body("cpu.flag = a  # !"), "wanted"),
    "negative into unsigned": (body("cpu.a = -1  # !"), "wanted"),
    "wrong struct": (body("x = takes_part(o)  # !", signature="o: Other"), "wanted"),
    # raw values
    "raw stored": (body("cpu.w = d + d  # !"), "raw"),
    "raw local": (body("x = a - b  # !"), "raw"),
    "raw compared": (body("f = a - b > 3  # !"), "raw"),
    "raw shifted": (body("c = u32((a - b) >> 1)  # !"), "raw"),
    "raw divided": (body("c = u32((a - b) // 2)  # !"), "raw"),
    "raw as divisor": (body("c = u32(c % -a)  # !"), "raw"),
    "raw returned": (body("return ~a  # !", "u8"), "raw"),
    "raw as index": (body("return cpu.array[a - 1]  # !", "u8"), "mask it"),
    "raw widened": (body("w = u128(d * d)  # !"), "raw"),
    "raw beside u128": (body("w = u128(w + d * d)  # !"), "raw"),
    "raw chosen beside u128": (body("w = u128(w if f else d * d)  # !"), "raw"),
    "raw argument": (body("a = pure(a - 1)  # !"), "raw"),
    # shifts, division
    "unbounded shift": (body("c = u32(c << a)  # !"), "shift count"),
    "unbounded right shift": (body("c = c >> a  # !"), "shift count"),
    "shift by 64": (body("d = d >> 64  # !"), "shift count"),
    "shift by raw": (body("d = d >> (3 - a)  # !"), "shift count"),
    "shift by signed": (body("d = d >> s  # !"), "shift count"),
    "wide unbounded": (body("w = w >> a  # !"), "shift count"),
    "signed unbounded shift": (body("s = i32(s >> a)  # !"), "shift count"),
    "signed shift left": (body("s = i32(s << (a & 3))  # !"), "signed <<"),
    "division by constant zero": (body("c = c // 0  # !"), "not in the subset|zero"),
    # signed
    "signed division": (body("s = i32(s // 2)  # !"), "no signed //"),
    "signed modulo": (body("s = i32(s % 2)  # !"), "no signed %"),
    "mixed sum": (body("s = i32(s + a)  # !"), "do not mix"),
    "mixed comparison": (body("f = s < a  # !"), "do not mix"),
    "mixed choice": (body("s = i32(s if f else a)  # !"), "do not mix"),
    "signed sum of 64 bits": (body("t = i64(t + t)  # !"), "64 bits"),
    "signed product too wide": (body("t = i64(t * s)  # !"), "64 bits"),
    "signed against a big constant": (body("f = t < 0x8000000000000000  # !"), "do not mix"),
    "negated 64 bits": (body("t = i64(-t)  # !"), "64-bit"),
    "inverted signed": (body("s = i32(~s)  # !"), "not in the subset"),
    # bools
    "int as condition": (body("if a:  # !\n    pass"), "must be a bool"),
    "int as while condition": (body("while a:  # !\n    pass"), "must be a bool"),
    "not of int": (body("f = not a  # !"), "must be a bool"),
    "and of ints": (body("f = a and b  # !"), "must be a bool"),
    "int in choice": (body("a = 1 if a else 2  # !"), "must be a bool"),
    "bool in sum": (body("c = u32(a + f)  # !"), "takes ints"),
    "bool compared with int": (body("f = f == a  # !"), "different kinds"),
    "order of bools": (body("f = f < f  # !"), "different kinds"),
    "choice of kinds": (body("a = 1 if f else f  # !"), "one kind"),
    # calls with effects
    "effect in expression": (body("a = u8(writes(cpu) + 1)  # !"), "stands alone"),
    "effect as argument": (body("a = pure(writes(cpu))  # !"), "stands alone"),
    "effect in index": (body("a = cpu.array[writes(cpu) & 3]  # !"), "stands alone"),
    "effect in comparison": (body("if writes(cpu) == 2:  # !\n    pass"), "stands alone"),
    "effect in and": (body("if f and yes(cpu):  # !\n    pass"), "stands alone"),
    "effect in while": (body("while yes(cpu):  # !\n    pass"), "stands alone"),
    "effect in choice": (body("a = writes(cpu) if f else 1  # !"), "stands alone"),
    "effect in tuple": (body("return writes(cpu), 1  # !", "(u8, u8)"), "stands alone"),
    "effect in augmented": (body("c |= writes(cpu)  # !"), "stands alone"),
    "effect converted": (body("b = u16(writes(cpu))  # !"), "stands alone"),
    "fault in expression": (body("a = faults(cpu, 1) & 3  # !"), "stands alone"),
    "fault in raise": (body("raise Fault(faults(cpu, a))  # !"), "stands alone"),
    "wire in expression": (body("c = u32(cpu.ask(a) + 1)  # !"), "stands alone"),
    "cold in expression": (body("a = cpu.slow(a) ^ 1  # !"), "stands alone"),
    # locals
    "assigned in one branch": (body("if f:\n    x = 1\ncpu.a = x  # !"), "unassigned"),
    "assigned in one elif": (body("if f:\n    x = 1\nelif a == 2:\n    x = 2\ncpu.a = x  # !"), "unassigned"),
    "assigned in while": (body("while a > 3:\n    x = 1\n    a = x\ncpu.a = x  # !"), "unassigned"),
    "assigned after break": (body(
        "for i in range(4):\n    if f:\n        break\n    x = 1\ncpu.a = x  # !"), "unassigned"),
    "assigned after continue": (body(
        "for i in range(4):\n    if f:\n        continue\n    x = 1\ncpu.a = x  # !"), "unassigned"),
    "assigned in try": (body("try:\n    x = faults(cpu, a)\nexcept Fault:\n    pass\ncpu.a = x  # !"), "unassigned"),
    "assigned later": (body("cpu.a = x  # !\nx = 1"), "is not a local"),
    "array in a local": (body("x = cpu.array  # !"), "cannot hold"),
    "none in a local": (body("x = cpu.out(1)  # !"), "cannot hold"),
    "tuple in a local": (body("x = two(a)  # !"), "cannot hold"),
    "reference parameter": (body("p = cpu.part  # !", signature="cpu: Cpu, p: Part"), "reference"),
    "tuple into a field": (body("cpu.a, cpu.b = two(a)  # !"), "locals"),
    "tuple of values": (body("a, b = 1, 2  # !"), "not in the subset|tuple"),
    "wrong tuple length": (body("x, y, z = two(a)  # !"), "as many"),
    "two targets": (body("a = b = 1  # !"), "one target"),
    # indices
    "unbounded index": (body("a = cpu.array[c]  # !"), "mask it"),
    "index too long by one": (body("a = cpu.array[a & 31]  # !"), "mask it"),
    "constant index": (body("a = cpu.array[16]  # !"), "mask it"),
    "negative index": (body("a = cpu.array[-1]  # !"), "mask it"),
    "signed index": (body("a = cpu.array[s]  # !"), "mask it"),
    "bounded index": (body("a = TABLE[cpu.few]  # !"), "mask it"),
    "table index": (body("a = TABLE[a]  # !"), "mask it"),
    "struct index": (body("a = cpu.parts[a & 7].a  # !"), "mask it"),
    "slice": (body("a = cpu.array[1:2]  # !"), "not in the subset"),
    "not an array": (body("a = cpu.part[0]  # !"), "not an array"),
    "loop variable grows": (body("""
        for i in range(16):
            pass
        for i in range(4):
            pass
        while f:
            a = TABLE[i]
            for i in range(16):  # !
                f = a > 3
        """), "another name"),
    # statements and expressions
    "string": (body("x = 'text'  # !"), "not in the subset"),
    "float": (body("a = 1.5  # !"), "not in the subset"),
    "true division": (body("c = c / 2  # !"), "not in the subset"),
    "power": (body("c = u32(c ** 2)  # !"), "not in the subset"),
    "lambda": (body("x = lambda: 1  # !"), "not in the subset"),
    "comprehension": (body("x = [i for i in range(3)]  # !"), "not in the subset"),
    "generator": (body("x = u8(i for i in range(3))  # !"), "not in the subset"),
    "dict": (body("x = {a: b}  # !"), "not in the subset"),
    "list": (body("x = [a, b]  # !"), "not in the subset"),
    "formatted string": (body("x = f'{a}'  # !"), "not in the subset"),
    "chained comparison": (body("f = 1 < a < 5  # !"), "one comparison"),
    "membership": (body("f = a in (1, 2)  # !"), "one comparison"),
    "identity": (body("f = a is b  # !"), "one comparison"),
    "inner function": (body("def g():  # !\n    pass"), "not in the subset"),
    "global": (body("global counter  # !\ncounter = 1"), "not in the subset"),
    "import": (body("import os  # !"), "not in the subset"),
    "del": (body("del a  # !"), "not in the subset"),
    "assert": (body("assert a == 1  # !"), "not in the subset"),
    "with": (body("with cpu:  # !\n    pass"), "not in the subset"),
    "walrus": (body("a = u8((x := 3) + a)  # !"), "not in the subset"),
    "lone expression": (body("a + b  # !"), "must be a call"),
    "lone conversion": (body("u8(b)  # !"), "must be a call"),
    "while else": (body("while f:  # !\n    pass\nelse:\n    a = 1"), "no else"),
    "for over a list": (body("for x in LIST:  # !\n    pass"), "range"),
    "for over a variable": (body("for i in range(a):  # !\n    pass"), "range"),
    "for downwards": (body("for i in range(2, -3, -1):  # !\n    pass"), "negative"),
    "empty for": (body("for i in range(0):  # !\n    pass"), "empty"),
    "for over a parameter": (body("for a in range(3):  # !\n    pass"), "is a parameter"),
    "two statements in try": (body(
        "try:  # !\n    a = faults(cpu, 1)\n    a = 2\nexcept Fault:\n    pass"), "one call"),
    "no call in try": (body("try:  # !\n    a = 2\nexcept Fault:\n    pass"), "one call"),
    "named fault": (body("try:  # !\n    a = faults(cpu, 1)\nexcept Fault as e:\n    pass"), "except Fault"),
    "other exception": (body("try:  # !\n    a = faults(cpu, 1)\nexcept ValueError:\n    pass"), "except Fault"),
    "bare except": (body("try:  # !\n    a = faults(cpu, 1)\nexcept:\n    pass"), "except Fault"),
    "finally": (body(
        "try:  # !\n    a = faults(cpu, 1)\nexcept Fault:\n    pass\nfinally:\n    a = 1"), "except Fault"),
    "other raise": (body("raise ValueError(1)  # !"), "raise Fault"),
    "raise again": (body("raise  # !"), "raise Fault"),
    # calls and names
    "keyword argument": (body("a = pure(a=1)  # !"), "keyword"),
    "too many arguments": (body("a = pure(1, 2)  # !"), "takes 1"),
    "too few arguments": (body("a = pure()  # !"), "takes 1"),
    "starred argument": (body("a = pure(*a)  # !"), "not in the subset"),
    "wire argument count": (body("cpu.out()  # !"), "takes 1"),
    "cold argument count": (body("cpu.slow()  # !"), "arguments"),
    "width argument count": (body("a = u8(1, 2)  # !"), "one argument"),
    "converted struct": (body("a = u8(cpu.part)  # !"), "cannot convert"),
    "not hot": (body("plain(a)  # !"), "not a hot function"),
    "builtin": (body("c = max(a, b)  # !"), "unknown function|not a hot function"),
    "unmarked method": (body("cpu.python_only()  # !"), "neither hot nor cold"),
    "unknown method": (body("cpu.nothing()  # !"), "has no nothing"),
    "method of an int": (body("c = a.bit_length()  # !"), "only components"),
    "unknown name": (body("a = missing  # !"), "missing"),
    "unknown field": (body("a = cpu.missing  # !"), "has no field"),
    "native field": (body("a = cpu.part.host  # !"), "in C only"),
    "field of an int": (body("a = a.b  # !"), "fields"),
    "list of the module": (body("a = LIST[a & 1]  # !"), "LIST"),
    "generic without width": (body("a = generic(a)  # !"), "generic"),
    "generic result too wide": (body("a = generic[u16](b)  # !"), "may not fit"),
    # signatures
    "no parameter annotation": ("@hot\ndef f_(a) -> None:  # !\n    pass", "no annotation"),
    "no return annotation": ("@hot\ndef f_(a: u8):  # !\n    pass", "no return annotation"),
    "string parameter": ("@hot\ndef f_(a: str) -> None:  # !\n    pass", "no type of the subset"),
    "default argument": ("@hot\ndef f_(a: u8 = 3) -> None:  # !\n    pass", "plain parameters"),
    "star arguments": ("@hot\ndef f_(*a) -> None:  # !\n    pass", "plain parameters"),
    "keyword only": ("@hot\ndef f_(*, a: u8) -> None:  # !\n    pass", "plain parameters"),
    "positional only": ("@hot\ndef f_(a: u8, /) -> None:  # !\n    pass", "plain parameters"),
    "no return at the end": ("@hot\ndef f_(a: u8) -> u8:  # !\n    if a > 3:\n        return 1", "without return"),
    "loop that may end": (
        "@hot\ndef f_(a: u8) -> u8:  # !\n    while True:\n        if a > 3:\n            break", "without return"),
    "no value returned": (body("return  # !", "u8"), "returns nothing"),
    "value returned": (body("return a  # !"), "wanted"),
    "wrong number of results": (body("return a, a, a  # !", "(u8, u8)"), "number of results"),
    "tuple for one result": (body("return a, a  # !", "u8"), "not in the subset"),
    "one result for a tuple": (body("return pure(a)  # !", "(u8, u8)"), "as many"),
}
NUMBERS = itertools.count()


def load(folder, text):
    path = folder / f"rejected{next(NUMBERS)}.py"
    path.write_text(HEADER + text + "\n")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return path, module


def translate(module):
    f = module.f_
    program = Program({"cpu": module.Cpu}, {})
    program.add(f[u32] if isinstance(f, Generic) else f)
    program.follow()
    program.analyse()
    return [program.writer(fn).write() for fn in program.functions.values()]


@pytest.mark.parametrize("name", REJECTED)
def test_rejected(tmp_path, name):
    text, reason = REJECTED[name]
    path, module = load(tmp_path, text)
    line = next(n for n, t in enumerate(path.read_text().splitlines(), 1) if "# !" in t)
    with pytest.raises(SubsetError) as error:
        translate(module)
    message = str(error.value)
    assert any(word in message for word in reason.split("|")), message
    assert f"{path}:{line}:" in message or f"{path}:{line - 1}:" in message and text.startswith("@hot\ndef") \
        and "# !" in text.splitlines()[1], message
    assert "f_" in message


def test_the_rest_of_the_board_is_accepted(tmp_path):
    _, module = load(tmp_path, body("a = writes(cpu)\nb = faults(cpu, a)\nx, c = two(a)\ncpu.out(pure(x))"))
    assert translate(module)


def test_wire_to_a_missing_method(tmp_path):
    _, module = load(tmp_path, body("cpu.out(a)"))
    program = Program({"cpu": module.Cpu}, {"cpu.out": ("method", "cpu", "nothing", ())})
    program.add(module.f_)
    with pytest.raises(SubsetError, match="cpu.nothing"):
        program.follow()


@pytest.mark.parametrize("method,constants,reason", [
    ("method", (), ""), ("python_only", (), "argument"), ("method", (3,), "argument"), ("narrow", (), "fit|wanted")])
def test_wire_types(tmp_path, method, constants, reason):
    """What the board joins to a wire takes the wire's arguments and gives its result."""
    extra = "\nclass Chip(Cpu):\n    wide: Wire(u16, ret=u8)\n" \
        "    @hot\n    def narrow(self, a: u8) -> u8:\n        return a\n"
    source = extra + "@hot\ndef f_(chip: Chip, a: u8) -> None:\n    chip.wide(a)"
    if method == "method":
        source = source.replace("wide: Wire(u16", "wide: Wire(u8")
    _, module = load(tmp_path, source)
    program = Program({"chip": module.Chip}, {"chip.wide": ("method", "chip", method, constants)})
    program.add(module.f_)
    if not reason:
        program.follow()
        program.analyse()
        return
    with pytest.raises(SubsetError) as error:
        program.follow()
        program.analyse()
    assert any(word in str(error.value) for word in reason.split("|"))
