"""Arithmetic, comparisons, tables: every function named t_ is a test (test_constructs.py)."""

from construct_board import Cpu
from emu.bus.component import hot
from emu.bus.types import Const, Fault, i8, i16, i32, i64, u8, u16, u32, u64, u128

LIMIT = 0x1234
NEGATIVE = -3
MASKS = Const(u16, (1, 2, 4, 8, 0x100, 0x8000, 0xFFFF, 0))
SIGNS = Const(i32, (-1, 1, -0x80000000, 0x7FFFFFFF))
BIG = Const(u64, (0xFFFFFFFFFFFFFFFF, 1 << 63, (1 << 63) - 1, 0))
WIDE = Const(u128, (1 << 127, (1 << 128) - 1, 1 << 64, 5))


@hot
def wide_pair(x: u64, e: i32) -> (i32, u128, u8):
    return i32(e + 1), u128(u128(x) * x + 3), u8(x)


@hot
def wide_fault(cpu: Cpu, x: u64) -> u128:
    if (x & 1) != 0:
        raise Fault(1, 2)
    return u128(u128(x) << 50)


# -- unsigned arithmetic -----------------------------------------------------------------------------------------

@hot
def t_ring(a: u32, b: u32) -> u32:
    return u32((a + b) * a - (b << 5) ^ ~a | (b & -a))


@hot
def t_ring64(a: u64, b: u64) -> u64:
    return u64((a + b) * a - (b << 5) ^ ~a | (b & -a))


@hot
def t_exact_sum(a: u32, b: u32) -> u64:
    return a + b


@hot
def t_exact_product(a: u32, b: u32) -> u64:
    return a * b


@hot
def t_carry(a: u32, b: u32) -> bool:
    return a + b > 0xFFFFFFFF


@hot
def t_average(a: u32, b: u32) -> u32:
    return u32((a + b) >> 1)


@hot
def t_narrow(a: u64) -> u8:
    return u8(u16(a) + u32(a >> 7) + u8(a >> 50))


@hot
def t_mask_of_raw(a: u16, b: u16) -> u32:
    return (a - b) & 0xFFF


@hot
def t_raw_and_variable(a: u64, b: u8) -> u8:
    return ~a & b


@hot
def t_negative_constant(a: u32) -> u32:
    return a & ~0x55


@hot
def t_negative_sum(a: u32) -> u32:
    return u32(a + -7)


@hot
def t_constants(a: u16) -> u32:
    return (a * LIMIT + LIMIT * 2) ^ LIMIT >> 1


@hot
def t_invert(a: u8) -> u16:
    return u16(~a)


@hot
def t_negate(a: u8) -> u64:
    return u64(-a)


@hot
def t_divide(a: u32, b: u32) -> u32:
    return a // b if b != 0 else 0xFFFFFFFF


@hot
def t_modulo(a: u64, b: u16) -> u16:
    if b == 0:
        return 1
    return a % b


@hot
def t_divide_constant(a: u64) -> u64:
    return a // 10 + a % 7


@hot
def t_shift_left(a: u32, n: u8) -> u64:
    return a << (n & 31)


@hot
def t_shift_left_out(a: u64, n: u8) -> u64:
    return u64(a << (n & 63))


@hot
def t_shift_right(a: u64, n: u8) -> u64:
    return a >> (n & 63)


@hot
def t_shift_sum(a: u32, n: u8) -> u32:
    return u32(a << (n & 31) | a >> ((32 - (n & 31)) & 31))


@hot
def t_constant_left(n: u8) -> u32:
    return 1 << (n & 31)


@hot
def t_constant_left64(n: u8) -> u64:
    return u64(0xFF << (n & 63))


@hot
def t_constant_minus(n: u8) -> u8:
    return u8(8 - n)


@hot
def t_all_ones(n: u8) -> u64:
    return u64((1 << (n & 63)) - 1)


@hot
def t_bits(a: u8, b: u8) -> u8:
    return (a | b) ^ (a & b)


# -- comparisons and bools ---------------------------------------------------------------------------------------

@hot
def t_compare(a: u32, b: u32) -> u8:
    return u8(u8(a == b) | u8(a != b) << 1 | u8(a < b) << 2 | u8(a <= b) << 3 | u8(a > b) << 4 | u8(a >= b) << 5)


@hot
def t_compare_widths(a: u8, b: u64) -> bool:
    return a < b


@hot
def t_compare_bools(a: bool, b: bool) -> u8:
    return u8(u8(a == b) | u8(a != b) << 1)


@hot
def t_logic(a: bool, b: bool, c: u8) -> bool:
    return (a and not b) or (c > 7 and b) or not (c != 3)


@hot
def t_short_circuit(a: u8, b: u8) -> bool:
    return b != 0 and a // b > 2


@hot
def t_bool_to_int(a: bool) -> u32:
    return u32(a) + u8(a)


@hot
def t_bool_local(a: u8) -> bool:
    big = a > 100
    other: bool = False
    if big:
        other = a > 200
    return big and not other


# -- signed arithmetic -------------------------------------------------------------------------------------------

@hot
def t_signed_sum(a: u32, b: u32) -> u32:
    return u32(i32(a) + i32(b) - i8(a))


@hot
def t_signed_product(a: i32, b: i32) -> i64:
    return a * b


@hot
def t_signed_shift(a: u32, n: u8) -> u32:
    return u32(i32(a) >> (n & 31))


@hot
def t_signed_shift_left(a: i16) -> i32:
    return a << 9


@hot
def t_signed_compare(a: i32, b: i16) -> u8:
    return u8(u8(a == b) | u8(a != b) << 1 | u8(a < b) << 2 | u8(a <= b) << 3 | u8(a > b) << 4 | u8(a >= b) << 5)


@hot
def t_signed_constant(a: i32) -> u8:
    return u8(u8(a < 0) | u8(a == -5) << 1 | u8(a > 100) << 2 | u8(a >= NEGATIVE) << 3)


@hot
def t_signed_negate(a: i32) -> i64:
    return -a


@hot
def t_signed_bits(a: i32, b: i32) -> i32:
    return (a & b) ^ (a | 0x55) & b


@hot
def t_sign_extend(a: u64) -> u64:
    return u64(i8(a) + i16(a >> 8) + i32(a >> 16))


@hot
def t_signed_narrow(a: i64) -> i8:
    return i8(a)


@hot
def t_signed_wrap(a: i64, b: i64) -> i64:
    return i64(u64(a) + u64(b))


@hot
def t_signed_to_small(a: i32) -> u8:
    return u8(a)


@hot
def t_signed_local(a: i16, b: u8) -> i32:
    x: i32 = a
    if b > 9:
        x = i32(x * 5)
    x = i32(x - i8(1 if x > 0 else 2))
    return x


@hot
def t_signed_lowest() -> i64:
    return i64(1 << 63)


# -- 128 bits ----------------------------------------------------------------------------------------------------

@hot
def t_wide_product(a: u64, b: u64) -> u64:
    return u64((u128(a) * b) >> 64)


@hot
def t_wide_result(a: u64, b: u64) -> u128:
    return u128(u128(a) * b + (u128(b) << 60))


@hot
def t_wide_divide(a: u128, b: u64) -> u128:
    return a // (b | 1)


@hot
def t_wide_modulo(a: u128, b: u64) -> u64:
    return u64(a % (u128(b) + 1))


@hot
def t_wide_shift(a: u128, n: u8) -> u128:
    return u128(a << (n & 127)) ^ a >> (n & 127)


@hot
def t_wide_compare(a: u128, b: u64) -> bool:
    return a > b


@hot
def t_wide_local(a: u64, n: u8) -> u64:
    x: u128 = a
    while x < 1 << 100:
        x = u128(x << 3) | 1
    x = u128(x - a)
    x = u128(~x)
    return u64(x >> (n & 63))


@hot
def t_wide_tuple(a: u64, e: i32) -> u128:
    n, w, low = wide_pair(a, e)
    return u128(w + low + u32(n))


@hot
def t_wide_tuple_returned(a: u64, e: i32) -> (i32, u128, u8):
    return wide_pair(a, e)


@hot
def t_wide_fault(cpu: Cpu, a: u64) -> u128:
    w = wide_fault(cpu, a)
    return u128(w + 1)


@hot
def t_wide_fault_returned(cpu: Cpu, a: u64) -> u128:
    return wide_fault(cpu, a)


@hot
def t_wide_constant(a: u64) -> u128:
    return u128(0x123456789ABCDEF0123456789ABCDEF + a)


@hot
def t_wide_choice(a: u128, b: u64) -> u128:
    return a if b > 5 else b


@hot
def t_scale_time(a: u64) -> u64:
    return u64(u128(a) * 1193182 // 1000000000)


# -- tables ------------------------------------------------------------------------------------------------------

@hot
def t_table(i: u8) -> u16:
    return MASKS[i & 7]


@hot
def t_table_signed(i: u8) -> i32:
    return SIGNS[i & 3]


@hot
def t_table_big(i: u8) -> u64:
    return BIG[i & 3]


@hot
def t_table_wide(i: u8) -> u128:
    return WIDE[i & 3]


@hot
def t_table_constant_index(i: u8) -> u16:
    return i & MASKS[6]
