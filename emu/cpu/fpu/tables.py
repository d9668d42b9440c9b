"""Constants of the transcendental functions as fractions of 2**128, computed here with exact integers."""
from math import factorial, isqrt

from emu.bus.types import Const, u64

_BITS = 192
_ONE = 1 << _BITS


def _atan(n, d):
    """atan(n / d), n <= d, times 2**192."""
    if 2 * n > d:  # atan(1) - atan((1 - x) / (1 + x))
        return _atan(1, 2) + _atan(1, 3) - (_atan(d - n, d + n) if n != d else 0)
    total, power, k = 0, _ONE * n // d, 1
    while power:
        total += power // k if k & 2 == 0 else -(power // k)
        power = power * n * n // (d * d)
        k += 2
    return total


def _ln(n, d):
    """ln(n / d), d <= n <= 2d, times 2**192."""
    total, power, k = 0, _ONE * (n - d) // (n + d), 1
    while power:
        total += power // k
        power = power * (n - d) ** 2 // (n + d) ** 2
        k += 2
    return 2 * total


def _exp2(n):
    """2**(n / 16), times 2**192."""
    value = _ONE << n  # 2**n; four square roots of it
    for _ in range(4):
        value = isqrt(value << _BITS)
    return value


def _table(values):
    """High and low halves of fractions given in units of 2**-192; 1 becomes the largest fraction."""
    whole = [min(v >> (_BITS - 128), (1 << 128) - 1) for v in values]
    return Const(u64, [v >> 64 for v in whole]), Const(u64, [v & u64.max for v in whole])


_PI = 4 * _atan(1, 1)
_LN2 = _ln(2, 1)

# pi as trigonometric instructions know it: 66 bits, the rest 0 (SDM volume 1, 8.3.8).  This is its upper 64 bits; two
# ones follow.
PI_64 = _PI >> (_BITS - 62)
# pi / 4, ln(2), log2(e) / 2
QUARTER_PI_HIGH, QUARTER_PI_LOW = (_PI >> 2) >> 128, (_PI >> 66) & u64.max
LN2_HIGH, LN2_LOW = _LN2 >> 128, (_LN2 >> 64) & u64.max
HALF_LOG2E_HIGH, HALF_LOG2E_LOW = (_ONE * _ONE // _LN2 >> 1) >> 128, (_ONE * _ONE // _LN2 >> 65) & u64.max

# 1 / n!
FACTORIAL_HIGH, FACTORIAL_LOW = _table([_ONE // factorial(n) for n in range(32)])
# 1 / (2n + 1)
ODD_HIGH, ODD_LOW = _table([_ONE // (2 * n + 1) for n in range(16)])
# atan(n / 32), 0 to 32 (and room for a 6-bit index)
ATAN_HIGH, ATAN_LOW = _table([_atan(n, 32) for n in range(33)] + [0] * 31)
# log2(1 + n / 32)
LOG2_HIGH, LOG2_LOW = _table([_ln(32 + n, 32) * _ONE // _LN2 for n in range(33)] + [0] * 31)
# 2**(n / 16 - 1)
EXP2_HIGH, EXP2_LOW = _table([_exp2(n) >> 1 for n in range(17)] + [0] * 15)
