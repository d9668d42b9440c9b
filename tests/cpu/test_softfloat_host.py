"""The soft-float bit for bit against the host's x87 and SSE: results, exceptions, C1.

EMU_SOAK=n multiplies the work.
"""
import os
import random

import pytest

import host_float
from emu.bus.types import u32, u64
from emu.cpu.fpu import ieee, stores, x87
from emu.cpu.state import Cpu

COUNT = 150 * int(os.environ.get("EMU_SOAK", "1"))  # a control word
pytestmark = pytest.mark.skipif(host_float.library() is None, reason="needs gcc on x86-64")

PRECISIONS = (0x000, 0x200, 0x300)
ROUNDINGS = (0x000, 0x400, 0x800, 0xC00)
MASKS = (0x3F, 0x3F, 0x3F, 0x3E, 0x3D, 0x3B, 0x37, 0x2F, 0x1F, 0x00)


def mantissa(r):
    """A significand with patterns that rounding notices, bit 63 as it comes."""
    kind = r.randrange(8)
    if kind == 0:
        return r.choice((0, 1 << 63, (1 << 63) + 1, (1 << 64) - 1, 1, (1 << 63) - 1, 3 << 62, 5 << 61, 1 << 62))
    if kind == 1:
        return (r.getrandbits(64) | 1 << 63) & ~((1 << r.randrange(64)) - 1)
    if kind == 2:
        return (r.getrandbits(64) | (1 << r.randrange(64)) - 1) | 1 << 63
    if kind == 3:
        at = r.choice((11, 40))  # a tie, or next to one, at narrower precision
        return (r.getrandbits(64) >> at << at | 1 << at - 1) + r.choice((-1, 0, 0, 1)) | 1 << 63
    if kind == 4:
        return r.getrandbits(64)
    return r.getrandbits(64) | 1 << 63


def operand(r, near=None):
    """A floatx80: mostly normal, near another one's exponent half of the time."""
    kind = r.randrange(16)
    sign = r.getrandbits(1) << 15
    if kind == 0:
        e = 0
    elif kind == 1:
        e = 0x7FFF
    elif kind == 2:
        e = r.choice((1, 2, 64, 0x7FFE, 0x7FFD, 0x7FBF))
    elif kind == 3:
        e = r.randrange(0x8000)
    elif near is not None and kind < 12:
        e = min(max((near & 0x7FFF) + r.randrange(-70, 71), 0), 0x7FFF)
    else:
        e = 0x3FFF + r.randrange(-80, 81)
    m = mantissa(r)
    if e == 0 and r.randrange(4):
        m &= (1 << 63) - 1
    if e == 0x7FFF and r.randrange(2):
        m = r.choice((1 << 63, 3 << 62, (1 << 63) + 1))
    return m, sign | e


def pairs(r, count):
    a = [operand(r) for _ in range(count)]
    return a, [operand(r, x[1]) for x in a]


def words(r):
    """Control words: every precision and rounding masked, some with masks off."""
    for pc in PRECISIONS:
        for rc in ROUNDINGS:
            yield pc | rc | r.choice(MASKS) | 0x40


def prepare(cpu, a, b, cw):
    f = cpu.fpu
    f.fcw, f.fsw, f.top, f.ftw = cw, 0, 6, 0xC0
    f.mant[6], f.sexp[6] = a
    f.mant[7], f.sexp[7] = b


ARITHMETIC = {
    "FADD": lambda c: x87.FADD_st0_sti(c, 1), "FSUB": lambda c: x87.FSUB_st0_sti(c, 1),
    "FSUBR": lambda c: x87.FSUBR_st0_sti(c, 1), "FMUL": lambda c: x87.FMUL_st0_sti(c, 1),
    "FDIV": lambda c: x87.FDIV_st0_sti(c, 1), "FDIVR": lambda c: x87.FDIVR_st0_sti(c, 1),
    "FSQRT": x87.FSQRT, "FRNDINT": x87.FRNDINT, "FSCALE": x87.FSCALE, "FPREM": x87.FPREM, "FPREM1": x87.FPREM1,
    "FCOM": lambda c: x87.FCOM_sti(c, 1), "FUCOM": lambda c: x87.FUCOM_sti(c, 1), "FXAM": x87.FXAM,
}
CONDITIONS = {"FPREM": 0x4700, "FPREM1": 0x4700, "FCOM": 0x4500, "FUCOM": 0x4500, "FXAM": 0x4700}


@pytest.mark.parametrize("name", ARITHMETIC)
def test_x87(name):
    r = random.Random(name)
    cpu = Cpu()
    for cw in words(r):
        a, b = pairs(r, COUNT)
        if name == "FSCALE":
            b = [(x[0], x[1] & 0x8000 | 0x3FFF + r.randrange(-2, 17)) if r.randrange(2) else x for x in b]
        if name.startswith("FPREM"):  # how far a partial reduction goes is the chip's own choice
            apart = [(x[1] & 0x7FFF) - (y[1] & 0x7FFF) for x, y in zip(a, b)]
            good = [d < 0 or d < 64 and y[1] & 0x7FFF for d, y in zip(apart, b)]
            a, b = ([x for x, g in zip(s, good) if g] for s in (a, b))
        results, states = host_float.x87(name, a, b, cw)
        for x, y, result, sw in zip(a, b, results, states):
            prepare(cpu, x, y, cw)
            ARITHMETIC[name](cpu)
            f = cpu.fpu
            compared = 0x02FF | CONDITIONS.get(name, 0)
            got = f.mant[f.top], f.sexp[f.top], f.fsw & compared
            want = (*result, sw & compared)
            assert got == want, f"{name} {x[1]:04x}:{x[0]:016x} {y[1]:04x}:{y[0]:016x} cw={cw:04x}: " \
                f"{got[1]:04x}:{got[0]:016x} {got[2]:04x}, not {want[1]:04x}:{want[0]:016x} {want[2]:04x}"


STORES = {
    "FSTP_m32": (4, stores.value_f32), "FSTP_m64": (8, stores.value_f64),
    "FISTP_m16": (2, lambda f: stores.value_int(f, 1 << 15, f.fcw)),
    "FISTP_m32": (4, lambda f: stores.value_int(f, 1 << 31, f.fcw)),
    "FISTP_m64": (8, lambda f: stores.value_int(f, 1 << 63, f.fcw)),
    "FBSTP": (10, lambda f: (lambda low, high, fl: (low | high << 64, fl))(*stores.value_bcd(f))),
}


@pytest.mark.parametrize("name", STORES)
def test_x87_stores(name):
    r = random.Random(name)
    cpu = Cpu()
    size, value = STORES[name]
    for cw in words(r):
        a, _ = pairs(r, COUNT)
        if name in ("FSTP_m32", "FSTP_m64"):
            limit = 127 if name == "FSTP_m32" else 1023
            near = [0x3FFF + r.choice((-1, 1)) * (limit + r.randrange(-60, 3)) for _ in a]
            a = [(m, se & 0x8000 | e) if r.randrange(2) else (m, se) for (m, se), e in zip(a, near)]
        results, states = host_float.x87(name, a, a, cw)
        for x, (low, high), sw in zip(a, results, states):
            prepare(cpu, x, (0, 0), cw)
            stored, fl = value(cpu.fpu)
            mask = (1 << 8 * size) - 1
            fill = int.from_bytes(b"\x55" * size, "little")
            kept = stores.kept_back(cpu.fpu, fl)
            stores.stored(cpu.fpu, fl, True)
            got = fill if kept else stored & mask
            want = (low | high << 64) & mask
            assert (got, cpu.fpu.fsw & 0x2FF) == (want, sw & 0x2FF), \
                f"{name} {x[1]:04x}:{x[0]:016x} cw={cw:04x}: {got:x} {cpu.fpu.fsw:04x}, not {want:x} {sw & 0x2FF:04x}"


# -- SSE ---------------------------------------------------------------------------------------------------------

def number(r, bits, near=None):
    """A binary32 or binary64."""
    frac, top = (52, 0x7FF) if bits == 64 else (23, 0xFF)
    kind = r.randrange(16)
    if kind == 0:
        e = 0
    elif kind == 1:
        e = top
    elif kind == 2:
        e = r.choice((1, 2, top - 1))
    elif near is not None and kind < 9:
        e = min(max((near >> frac & top) + r.randrange(-30, 31), 0), top)
    elif kind < 12:
        e = r.randrange(top + 1)
    else:
        e = top // 2 + r.randrange(-40, 41)
    m = r.getrandbits(frac)
    if r.randrange(3) == 0:
        m = m >> r.randrange(frac) << r.randrange(frac) & (1 << frac) - 1
    if r.randrange(10) == 0:
        m = r.choice((0, 1, (1 << frac) - 1, 1 << frac - 1))
    return r.getrandbits(1) << bits - 1 | e << frac | m


def eflags(relation):
    return (0x40, 0x01, 0x00, 0x45)[relation]


def compare(quiet):
    def run(t, a, b, cw):
        relation, fl = ieee.float_compare[t](a, b, quiet, cw)
        return eflags(relation), fl
    return run


SSE = {
    "add": lambda t, a, b, cw: ieee.float_add[t](a, b, cw), "sub": lambda t, a, b, cw: ieee.float_sub[t](a, b, cw),
    "mul": lambda t, a, b, cw: ieee.float_mul[t](a, b, cw), "div": lambda t, a, b, cw: ieee.float_div[t](a, b, cw),
    "min": lambda t, a, b, cw: ieee.float_min[t](a, b, cw), "max": lambda t, a, b, cw: ieee.float_max[t](a, b, cw),
    "sqrt": lambda t, a, b, cw: ieee.float_sqrt[t](a, cw),
    "widen": lambda t, a, b, cw: ieee.float_widen(a, cw), "narrow": lambda t, a, b, cw: ieee.float_narrow(a, cw),
    "round": lambda t, a, b, cw: ieee.float_to_i32[t](a, False, cw),
    "chop": lambda t, a, b, cw: ieee.float_to_i32[t](a, True, cw),
    "from": lambda t, a, b, cw: ieee.float_from_i32[t](a, cw), "comis": compare(False), "ucomis": compare(True),
}
CASES = [(n, b) for n in SSE for b in (32, 64) if (n, b) not in (("widen", 64), ("narrow", 32))]


@pytest.mark.parametrize("name,bits", CASES)
def test_sse(name, bits):
    r = random.Random(name)
    t = u32 if bits == 32 else u64
    kept = {"widen": 64, "narrow": 32, "round": 32, "chop": 32, "comis": 7, "ucomis": 7}.get(name, bits)
    for mode in range(16):  # rounding, FTZ, DAZ
        csr = 0x1F80 | (mode & 3) << 13 | (mode & 4) << 13 | (mode & 8) << 3
        a = [r.getrandbits(32) >> r.randrange(32) if name == "from" else number(r, bits) for _ in range(COUNT)]
        b = [number(r, bits, x) for x in a]
        results, flags = host_float.sse(name, bits, a, b, csr)
        for x, y, result, want in zip(a, b, results, flags):
            got, fl = SSE[name](t, x, y, ieee.sse_mode(csr))
            result &= 0x45 if kept == 7 else (1 << kept) - 1
            assert (got, fl) == (result, want), \
                f"{name}{bits} {x:x} {y:x} csr={csr:x}: {got:x} {fl:x}, not {result:x} {want:x}"
