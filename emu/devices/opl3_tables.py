"""Yamaha YMF262: its tables, computed from what they mean.

Data sheet: YMF262 (OPL3); the ROMs' contents are those of its die, which these formulas give.
"""
from math import log2, pi, sin

from emu.bus.types import Const, u8, u16

# A quarter sine as attenuation in 256ths of an octave (6.02 dB), and the way back
LOG_SINE = Const(u16, tuple(round(-log2(sin((n + 0.5) * pi / 512)) * 256) for n in range(256)))
EXPONENT = Const(u16, tuple(round((2 ** ((255 - n) / 256) - 1) * 1024) + 1024 for n in range(256)))

# Register MULT, doubled: 0 stands for a half
MULTIPLE = Const(u8, (1, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 20, 24, 24, 30, 30))

# Key scale level: attenuation at the top octave by the upper four bits of F-number, in steps of 0.1875 dB, 6 dB an octave
KEY_SCALE = Const(u8, (0, 32, 40, 45, 48, 51, 53, 55, 56, 58, 59, 60, 61, 62, 63, 64))
KEY_SCALE_SHIFT = Const(u8, (8, 1, 2, 0))       # by register KSL: none, 3, 1.5, 6 dB an octave

# The envelope generator's step in each of eight turns: four patterns for the lower rates, then those of rates 52 to 63
ENVELOPE_STEPS = Const(u8, (
    0, 1, 0, 1, 0, 1, 0, 1,   0, 1, 0, 1, 1, 1, 0, 1,   0, 1, 1, 1, 0, 1, 1, 1,   0, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1,   1, 1, 1, 2, 1, 1, 1, 2,   1, 2, 1, 2, 1, 2, 1, 2,   1, 2, 2, 2, 1, 2, 2, 2,
    2, 2, 2, 2, 2, 2, 2, 2,   2, 2, 2, 4, 2, 2, 2, 4,   2, 4, 2, 4, 2, 4, 2, 4,   2, 4, 4, 4, 2, 4, 4, 4,
    4, 4, 4, 4, 4, 4, 4, 4,   4, 4, 4, 4, 4, 4, 4, 4,   4, 4, 4, 4, 4, 4, 4, 4,   4, 4, 4, 4, 4, 4, 4, 4))

# Operator (0 to 17) of a register's low five bits, or NO_OPERATOR
NO_OPERATOR = 63
OPERATOR = Const(u8, tuple(group * 6 + n if n < 6 and group < 3 else NO_OPERATOR for group in range(4) for n in range(8)))
# First operator of a channel (0 to 8); the second is three further
FIRST_OPERATOR = Const(u8, (0, 1, 2, 6, 7, 8, 12, 13, 14, 0, 0, 0, 0, 0, 0, 0))
# Channel of an operator
CHANNEL = Const(u8, tuple(n // 6 * 3 + n % 3 for n in range(18)) + (0,) * 14)
