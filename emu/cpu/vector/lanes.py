"""Arithmetic on all lanes of 64 bits at once.

``high`` has the top bit of every lane set; T is the lane's width.  Comparisons give ones in the lanes where they hold.
"""
from emu.bus.component import inline
from emu.bus.types import T, u8, u16, u64

ONES = 0xFFFFFFFFFFFFFFFF
H8 = 0x8080808080808080
H16 = 0x8000800080008000
H32 = 0x8000000080000000
ONE16 = 0x0001000100010001
ONE32 = 0x0000000100000001
EVEN8 = 0x00FF00FF00FF00FF


@inline
def fill(bits: u64) -> u64:
    """Lanes of ones where the top bit of the lane is set; no other bits are."""
    return u64((bits >> (T.bits - 1)) * T.max)


@inline
def add(a: u64, b: u64, high: u64) -> u64:
    """Sums, wrapped."""
    low = high ^ ONES
    return u64((a & low) + (b & low)) ^ ((a ^ b) & high)


@inline
def sub(a: u64, b: u64, high: u64) -> u64:
    """Differences, wrapped."""
    return u64((a | high) - (b & (high ^ ONES))) ^ ((a ^ b ^ ONES) & high)


@inline
def select(mask: u64, a: u64, b: u64) -> u64:
    """a where the mask has ones, else b."""
    return b ^ ((a ^ b) & mask)


@inline
def equal(a: u64, b: u64, high: u64) -> u64:
    """a == b."""
    low = high ^ ONES
    x = a ^ b
    return fill[T]((u64((x & low) + low) | x) & high ^ high)


@inline
def below(a: u64, b: u64, high: u64) -> u64:
    """a < b, unsigned: where the difference borrows."""
    n = a ^ ONES
    return fill[T](((n & b) | ((n | b) & sub(a, b, high))) & high)


@inline
def less(a: u64, b: u64, high: u64) -> u64:
    """a < b, signed."""
    return below[T](a ^ high, b ^ high, high)


@inline
def add_unsigned(a: u64, b: u64, high: u64) -> u64:
    """Sums, saturated to the unsigned range."""
    s = add(a, b, high)
    return s | fill[T](((a & b) | ((a | b) & (s ^ ONES))) & high)


@inline
def sub_unsigned(a: u64, b: u64, high: u64) -> u64:
    """Differences, saturated to the unsigned range."""
    return sub(a, b, high) & (below[T](a, b, high) ^ ONES)


@inline
def limit(a: u64, high: u64) -> u64:
    """The signed value that is furthest from zero on a's side."""
    return u64(((a & high) >> (T.bits - 1)) + (high ^ ONES))


@inline
def add_signed(a: u64, b: u64, high: u64) -> u64:
    """Sums, saturated to the signed range."""
    s = add(a, b, high)
    return select(fill[T]((a ^ b ^ ONES) & (a ^ s) & high), limit[T](a, high), s)


@inline
def sub_signed(a: u64, b: u64, high: u64) -> u64:
    """Differences, saturated to the signed range."""
    s = sub(a, b, high)
    return select(fill[T]((a ^ b) & (a ^ s) & high), limit[T](a, high), s)


@inline
def average(a: u64, b: u64, high: u64) -> u64:
    """(a + b + 1) / 2, unsigned."""
    return u64((a | b) - (((a ^ b) >> 1) & (high ^ ONES)))


@inline
def word(x: u64, n: u8) -> u16:
    """Lane n of four."""
    return u16(x >> ((n & 3) * 16))


@inline
def words(a: u16, b: u16, c: u16, d: u16) -> u64:
    """Four lanes, the lowest first."""
    return a | u64(b) << 16 | u64(c) << 32 | u64(d) << 48
