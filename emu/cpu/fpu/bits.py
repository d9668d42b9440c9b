"""Integer helpers of the soft-float: leading zeros, square root, wide products and quotients."""
from math import isqrt

from emu.bus.component import hot, inline, intrinsic
from emu.bus.types import Const, u8, u32, u64, u128


LEADING = Const(u8, [8 - n.bit_length() for n in range(256)])


@intrinsic
def clz64(x: u64) -> u8:
    """Leading zero bits of a 64-bit value; 64 for 0."""
    if x == 0:
        return 64
    n: u8 = 0
    y: u64 = x
    if y >> 32 == 0:
        n = 32
        y = u64(y << 32)
    if y >> 48 == 0:
        n = u8(n + 16)
        y = u64(y << 16)
    if y >> 56 == 0:
        n = u8(n + 8)
        y = u64(y << 8)
    return u8(n + LEADING[y >> 56])


@inline
def join(high: u64, low: u64) -> u128:
    """128 bits from two halves."""
    return u128(u128(high) << 64) | low


@inline
def shift_jam128(x: u128, n: u32) -> u128:
    """x >> n for any n but 0, with bit 0 set if a 1 was shifted out."""
    if n > 127:
        return u128(x != 0)
    return (x >> (n & 127)) | u64(u128(x << ((128 - n) & 127)) != 0)


@inline
def mul128(a: u128, b: u128) -> u128:
    """High half of the 256-bit product, at most 3 too small."""
    ah = u64(a >> 64)
    al = u64(a)
    bh = u64(b >> 64)
    bl = u64(b)
    return u128(u128(ah) * bh + u64((u128(ah) * bl) >> 64) + u64((u128(al) * bh) >> 64))


@hot
def div128(n: u128, d: u128) -> u128:
    """n / d as a fraction of 128 bits, within 2**6 units; d has bit 127 set and n < d."""
    # Two digits of 64 bits, each estimated low.  The remainder between them may be a few times d: it loses two bits.
    dh = u64(d >> 64)
    dl = u64(d)
    q = u64(n // (u128(dh) + 1))
    rest = u128(((n - u128(q) * dh) << 62) - ((u128(q) * dl) >> 2))
    return u128((u128(q) << 64) + rest // ((dh >> 2) + 1))


ROOT8 = Const(u8, [isqrt(i << 8) for i in range(256)])


@hot
def sqrt128(n: u128) -> u64:
    """Integer square root; n is at least 2**126."""
    # Zimmermann's recursion: from the root of the upper half one division gives the whole root, or one more than it.
    top = u64(n >> 64)
    word = u32(top >> 32)
    half = u32(word >> 16)
    r8: u32 = u32(ROOT8[half >> 8])
    if u32((r8 + 1) * (r8 + 1)) <= half:
        r8 = u32(r8 + 1)
    q: u64 = u64((u32(half - r8 * r8) << 8) | ((word >> 8) & 0xFF)) // u64(r8 << 1)
    if q > 0xFF:
        q = 0xFF
    r16: u64 = u64((r8 << 8) + q)
    if u64(r16 * r16) > word:
        r16 = u64(r16 - 1)
    q = u64((u64(word - r16 * r16) << 16) | ((top >> 16) & 0xFFFF)) // u64(r16 << 1)
    if q > 0xFFFF:
        q = 0xFFFF
    r32: u64 = u64((r16 << 16) + q)
    if u64(r32 * r32) > top:
        r32 = u64(r32 - 1)
    q = u64(u128((u128(u64(top - r32 * r32)) << 32) | u32(n >> 32)) // u64(r32 << 1))
    if q > 0xFFFFFFFF:
        q = 0xFFFFFFFF
    root: u64 = u64((r32 << 32) + q)
    if u128(u128(root) * root) > n:
        root = u64(root - 1)
    return root
