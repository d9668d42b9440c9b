"""Shifts and rotates.  Intel SDM volume 2: RCL RCR ROL ROR SAL SAR SHL SHR SHLD SHRD.

Only the low five bits of a count are used, and a count of 0 changes no flag.  OF is defined for a count of 1; for other
counts it follows from the result in the same way.
"""

from emu.bus.component import hot, inline
from emu.bus.types import SIGNED, T, u8, u32, u64

from ..flags import cc_carry, cc_res, get_cf
from ..state import CF, OF, Cpu


@inline
def top(v: T) -> u8:
    """The most significant bit."""
    return u8(v >> (T.bits - 1))


@inline
def top_two_differ(v: T) -> u8:
    """Whether the two most significant bits differ, as 0 or 1."""
    return u8(((v >> (T.bits - 1)) ^ (v >> (T.bits - 2))) & 1)


@inline
def carry_overflow(carry: u8, overflow: u8) -> u32:
    """CF and OF, each given as 0 or 1, as EFLAGS bits."""
    return u32((carry & 1) | ((overflow & 1) << 11))


@hot
def ROL(cpu: Cpu, dst: T, count: u8) -> T:
    if (count & 31) == 0:
        return dst
    n: u8 = count & (T.bits - 1)
    r: T = T((dst << (n & 31)) | (dst >> ((T.bits - n) & 63)))
    cc_carry(cpu, CF | OF, carry_overflow(u8(r & 1), u8(r & 1) ^ top[T](r)))
    return r


@hot
def ROR(cpu: Cpu, dst: T, count: u8) -> T:
    if (count & 31) == 0:
        return dst
    n: u8 = count & (T.bits - 1)
    r: T = T((dst >> (n & 31)) | (u64(dst) << ((T.bits - n) & 63)))
    cc_carry(cpu, CF | OF, carry_overflow(top[T](r), top_two_differ[T](r)))
    return r


@hot
def RCL(cpu: Cpu, dst: T, count: u8) -> T:
    if (count & 31) == 0:
        return dst
    n: u8 = (count & 31) % (T.bits + 1)
    ring: u64 = dst | (u64(get_cf(cpu)) << T.bits)  # the operand with CF above it rotates as T.bits + 1 bits
    turned: u64 = u64((ring << (n & 31)) | (ring >> ((T.bits + 1 - n) & 63)))
    carry: u8 = u8((turned >> T.bits) & 1)
    cc_carry(cpu, CF | OF, carry_overflow(carry, carry ^ top[T](T(turned))))
    return T(turned)


@hot
def RCR(cpu: Cpu, dst: T, count: u8) -> T:
    if (count & 31) == 0:
        return dst
    n: u8 = (count & 31) % (T.bits + 1)
    ring: u64 = dst | (u64(get_cf(cpu)) << T.bits)
    turned: u64 = u64((ring >> (n & 31)) | (ring << ((T.bits + 1 - n) & 63)))
    cc_carry(cpu, CF | OF, carry_overflow(u8((turned >> T.bits) & 1), top_two_differ[T](T(turned))))
    return T(turned)


@hot
def SHL(cpu: Cpu, dst: T, count: u8) -> T:
    if (count & 31) == 0:
        return dst
    wide: u64 = u64(dst) << (count & 31)
    carry: u8 = u8((wide >> T.bits) & 1)
    r: T = T(wide)
    cc_res[T](cpu, r, carry_overflow(carry, carry ^ top[T](r)))
    return r


@hot
def SHR(cpu: Cpu, dst: T, count: u8) -> T:
    if (count & 31) == 0:
        return dst
    r: T = dst >> (count & 31)
    carry: u8 = u8((dst >> ((count - 1) & 31)) & 1)
    cc_res[T](cpu, r, carry_overflow(carry, top_two_differ[T](r)))
    return r


@hot
def SAR(cpu: Cpu, dst: T, count: u8) -> T:
    if (count & 31) == 0:
        return dst
    r: T = T(SIGNED[T.bits](dst) >> (count & 31))
    carry: u8 = u8(T(SIGNED[T.bits](dst) >> ((count - 1) & 31)) & 1)
    cc_res[T](cpu, r, carry)
    return r


@hot
def SHLD(cpu: Cpu, dst: T, src: T, count: u8) -> T:
    """A 16-bit operand shifted by more than 16 goes on with the destination behind the source, as the silicon does."""
    n: u8 = count & 31
    if n == 0:
        return dst
    r: T = 0
    carry: u8 = 0
    if n <= T.bits:
        r = T((dst << (n & 31)) | (src >> ((T.bits - n) & 31)))
        carry = u8((dst >> ((T.bits - n) & 31)) & 1)
    else:
        r = T((src << ((n - T.bits) & 31)) | (dst >> ((2 * T.bits - n) & 31)))
        carry = u8((src >> ((2 * T.bits - n) & 31)) & 1)
    cc_res[T](cpu, r, carry_overflow(carry, top[T](r) ^ top[T](dst)))
    return r


@hot
def SHRD(cpu: Cpu, dst: T, src: T, count: u8) -> T:
    """As SHLD, to the right."""
    n: u8 = count & 31
    if n == 0:
        return dst
    r: T = 0
    carry: u8 = 0
    if n <= T.bits:
        r = T((dst >> (n & 31)) | (src << ((T.bits - n) & 31)))
        carry = u8((dst >> ((n - 1) & 31)) & 1)
    else:
        r = T((src >> ((n - T.bits) & 31)) | (dst << ((2 * T.bits - n) & 31)))
        carry = u8((src >> ((n - T.bits - 1) & 31)) & 1)
    cc_res[T](cpu, r, carry_overflow(carry, top[T](r) ^ top[T](dst)))
    return r
