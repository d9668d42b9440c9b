"""Accuracy of the transcendental instructions: results within 0.51 units of the last place of the true value, computed
here with 70 decimal digits, and the values that must come out exactly."""
import random
from decimal import Decimal, getcontext

import pytest

from emu.cpu.fpu import transcendental as tr
from emu.cpu.fpu.tables import PI_64

CW = 0x37F
getcontext().prec = 70
getcontext().Emax, getcontext().Emin = 10 ** 9, -10 ** 9
LN2 = Decimal(2).ln()
PI66 = Decimal(PI_64 * 4 + 3) / (1 << 64)


def value(m, se):
    """A finite floatx80."""
    x = Decimal(m) * Decimal(2) ** ((se & 0x7FFF or 1) - 0x3FFF - 63)
    return -x if se & 0x8000 else x


def series(x, first, start, alternate=True):
    """first + terms of x**2 over falling factorials from ``start``."""
    total = term = first
    n = start
    while abs(term) > abs(total) * Decimal(10) ** -69:
        term = term * x * x / (n * (n + 1)) * (-1 if alternate else 1)
        total += term
        n += 2
    return total


def sin(x):
    """Sine with the chip's pi."""
    turns = (x / (PI66 / 2)).to_integral_value()
    rest = x - turns * (PI66 / 2)
    quarter = int(turns) % 4
    result = series(rest, rest, 2) if quarter % 2 == 0 else series(rest, Decimal(1), 1)
    return -result if quarter > 1 else result


def cos(x):
    turns = (x / (PI66 / 2)).to_integral_value()
    rest = x - turns * (PI66 / 2)
    quarter = (int(turns) + 1) % 4
    result = series(rest, rest, 2) if quarter % 2 == 0 else series(rest, Decimal(1), 1)
    return -result if quarter > 1 else result


def atan_small(x):
    """atan by halving the angle until it is small."""
    halvings = 0
    while abs(x) > Decimal("0.01"):
        x = x / (1 + (1 + x * x).sqrt())
        halvings += 1
    total, power, n = x, x, 1
    while abs(power) > abs(x) * Decimal(10) ** -70:
        power = -power * x * x
        n += 2
        total += power / n
    return total * 2 ** halvings


PI = 4 * (4 * atan_small(Decimal(1) / 5) - atan_small(Decimal(1) / 239))


def atan2(y, x):
    if abs(y) <= abs(x):
        a = atan_small(y / x)
        return a if x > 0 else a + (PI if y >= 0 else -PI)
    return (PI / 2 if y > 0 else -PI / 2) - atan_small(x / y)


def log2p1(x):
    """log2(1 + x) to full relative precision."""
    s = x / (2 + x)
    if abs(s) > Decimal("0.01"):
        return (1 + x).ln() / LN2
    total, power, n = s, s, 1
    while abs(power) > abs(s) * Decimal(10) ** -70:
        power *= s * s
        n += 2
        total += power / n
    return 2 * total / LN2


def exp2m1(x):
    t = x * LN2
    if abs(t) > Decimal("0.01"):
        return t.exp() - 1
    total = term = t
    n = 2
    while abs(term) > abs(t) * Decimal(10) ** -70:
        term = term * t / n
        n += 1
        total += term
    return total


def number(r, low, high, sign=True):
    """A normal number with an unbiased exponent from low to high."""
    m = r.getrandbits(64) | 1 << 63
    if r.randrange(8) == 0:
        m = r.choice((1 << 63, (1 << 63) + 1, (1 << 64) - 1, 3 << 62, 0xC90FDAA22168C235, 0xB504F333F9DE6484))
    return m, (r.getrandbits(1) << 15 if sign else 0) | 0x3FFF + r.randrange(low, high + 1)


def check(got, want, text):
    m, se, fl = got
    off = (value(m, se) - want) / Decimal(2) ** ((se & 0x7FFF) - 0x3FFF - 63)
    assert abs(off) <= Decimal("0.51"), f"{text}: {se:04x}:{m:016x}, off by {off:.3f}"
    assert fl & 0x3F == 0x20


@pytest.mark.parametrize("function,true", [(tr.sin80, sin), (tr.cos80, cos), (tr.tan80, lambda x: sin(x) / cos(x))])
def test_trigonometric(function, true):
    r = random.Random(1)
    for n in range(300):
        x = number(r, *((-30, 3) if n % 3 else (3, 62)))
        check(function(*x, CW), true(value(*x)), f"{x[1]:04x}:{x[0]:016x}")


def test_sine_near_multiples_of_pi():
    """The arguments nearest to multiples of the chip's pi keep all 64 bits."""
    r = random.Random(2)
    for _ in range(200):
        n = r.randrange(1, 1 << r.randrange(1, 50))
        exact = int(n * PI66 * Decimal(2) ** 80)
        shift = exact.bit_length() - 64
        x = exact >> shift, 0x3FFF + 63 + shift - 80
        check(tr.sin80(*x, CW), sin(value(*x)), f"{n} pi")


def test_arctangent():
    r = random.Random(3)
    for n in range(400):
        y, x = number(r, -40, 40), number(r, -40, 40)
        if n % 2:
            x = x[0], x[1] & 0x8000 | (y[1] & 0x7FFF) + r.randrange(-7, 8)
        check(tr.atan80(*y, *x, CW), atan2(value(*y), value(*x)), f"{y} {x}")


def test_exponential():
    r = random.Random(4)
    for n in range(400):
        x = number(r, -1 if n % 2 else -70, -1)
        check(tr.exp80(*x, CW), exp2m1(value(*x)), f"{x[1]:04x}:{x[0]:016x}")


def test_logarithm():
    r = random.Random(5)
    for n in range(400):
        x, y = number(r, *((-1, 0), (-50, 50), (-16000, 16000))[n % 3], sign=False), number(r, -20, 20)
        if x[0] == 1 << 63:
            continue
        if n % 5 == 0:  # next to 1
            d = r.getrandbits(r.randrange(1, 63)) + 1
            x = ((1 << 63) + d, 0x3FFF) if n % 2 else ((1 << 64) - d, 0x3FFE)
        near = abs(value(*x) - 1) < Decimal("0.1")
        true = log2p1(value(*x) - 1) if near else value(*x).ln() / LN2
        check(tr.log80(*x, *y, CW), true * value(*y), f"{x[1]:04x}:{x[0]:016x}")


def test_logarithm_plus_one():
    r = random.Random(6)
    for n in range(400):
        x, y = number(r, *((-3, -2), (-6, -4), (-80, -2))[n % 3]), number(r, -20, 20)
        check(tr.log1p80(*x, *y, CW), log2p1(value(*x)) * value(*y), f"{x[1]:04x}:{x[0]:016x}")
    for n in range(100):  # outside the range of the manual
        x, y = number(r, 0, 90, sign=False), number(r, -20, 20)
        check(tr.log1p80(*x, *y, CW), log2p1(value(*x)) * value(*y), f"{x[1]:04x}:{x[0]:016x}")


ONE = 1 << 63


def test_exact_values():
    assert tr.sin80(0, 0x8000, CW) == (0, 0x8000, 0)
    assert tr.cos80(0, 0, CW) == (ONE, 0x3FFF, 0)
    assert tr.sin80(ONE, 0x7FFF, CW)[:2] == (3 << 62, 0xFFFF)
    assert tr.exp80(ONE, 0x3FFF, CW)[:2] == (ONE, 0x3FFF)
    assert tr.exp80(ONE, 0xBFFF, CW)[:2] == (ONE, 0xBFFE)
    assert tr.exp80(ONE, 0xFFFF, CW) == (ONE, 0xBFFF, 0)
    assert tr.log80(ONE, 0x4001, ONE, 0x3FFF, CW)[:2] == (ONE, 0x4000)   # log2(4)
    assert tr.log80(ONE, 0x3FFF, ONE, 0xBFFF, CW) == (0, 0x8000, 0)
    assert tr.log80(0, 0, ONE, 0x3FFF, CW) == (ONE, 0xFFFF, 4)
    assert tr.log80(ONE, 0xBFFF, ONE, 0x3FFF, CW)[2] == 1
    assert tr.atan80(0, 0x8000, ONE, 0xBFFF, CW)[:2] == (0xC90FDAA22168C235, 0xC000)
    assert tr.atan80(ONE, 0x3FFF, ONE, 0x3FFF, CW)[:2] == (0xC90FDAA22168C235, 0x3FFE)
