"""The short way of SSE arithmetic gives the soft-float's bits, or nothing."""

import random

import pytest

from emu.bus.types import u32, u64
from emu.cpu.fpu.ieee import ADD, DIV, MUL, SUB, float_add, float_div, float_mul, float_sub, sse_mode
from emu.cpu.fpu.state import PE
from emu.cpu.vector.quick import PM, RC, quick

SOFT = {ADD: float_add, SUB: float_sub, MUL: float_mul, DIV: float_div}
NEAREST = PM | PE
ALL_MASKED = 0x1F80 | PE


def numbers(rng, width):
    """Bit patterns: any, near each other, and where results get denormal or infinite."""
    bits = 64 if width is u64 else 32
    fraction = 52 if width is u64 else 23
    top = (1 << bits - 1 - fraction) - 1
    a = rng.getrandbits(bits)
    exponent = rng.choice((0, 1, 2, 3, top // 2 - 1, top // 2, top // 2 + 1, top - 2, top - 1, top))
    b = rng.choice((a, a ^ 1 << bits - 1, a ^ rng.getrandbits(6), rng.getrandbits(bits), exponent << fraction | rng.getrandbits(fraction)))
    return (a, b) if rng.random() < 0.5 else (b, a)


@pytest.mark.parametrize("width", [u32, u64], ids=lambda w: w.name)
@pytest.mark.parametrize("op", SOFT)
def test_same_bits(width, op):
    rng = random.Random(op)
    gone = 0
    for _ in range(4_000):
        a, b = numbers(rng, width)
        done, result = quick[width](op, ALL_MASKED, a, b)
        if done:
            gone += 1
            wanted, flags = SOFT[op][width](a, b, sse_mode(ALL_MASKED))
            assert result == wanted and flags & ~PE == 0, (hex(a), hex(b))
    assert gone > 1_000


@pytest.mark.parametrize("mxcsr", [PM, PE, NEAREST | RC, NEAREST | 0x2000, 0x1F80])
def test_only_where_nothing_is_to_be_reported(mxcsr):
    assert quick[u64](ADD, mxcsr, 0x3FF0000000000000, 0x3FF0000000000001) == (False, 0)
