"""A small board whose functions use every construct of docs/subset.md, one each.  Run in Python and as C by
test_constructs.py; every function whose name starts with t_ is a test."""

from emu.bus.component import Component, Struct, cold, hot, inline
from emu.bus.types import (
    SIGNED, Array, Bounded, Const, Derived, Fault, T, Wire, i8, i16, i32, i64, u8, u16, u32, u64, u128)

LIMIT = 0x1234
NEGATIVE = -3
MASKS = Const(u16, (1, 2, 4, 8, 0x100, 0x8000, 0xFFFF, 0))
SIGNS = Const(i32, (-1, 1, -0x80000000, 0x7FFFFFFF))
BIG = Const(u64, (0xFFFFFFFFFFFFFFFF, 1 << 63, (1 << 63) - 1, 0))
WIDE = Const(u128, (1 << 127, (1 << 128) - 1, 1 << 64, 5))


class Inner(Struct):
    lo: u16
    flag: bool


class Item(Struct):
    a: u8
    b: u32
    s: i16
    inner: Inner
    data: Array(u8, 4)


class Cpu(Component):
    which: Bounded(8, 7)
    fault_vector: Derived(u8)
    fault_error: Derived(u32)
    gpr: Array(u32, 8)
    acc: u64
    signed: i32
    hot_item: Item
    out: Wire(u8)
    query: Wire(u16, ret=u32)
    odd: Wire(u8, ret=bool)
    lost: Wire(u8)
    lost_query: Wire(u8, ret=u32)
    kick: Wire(u8)
    far: Wire(u32, ret=u8)


class Chip(Component):
    STEP = 3
    TABLE = Const(u8, (9, 8, 7, 6))

    level: u8
    count: u16
    index: u8
    big: u64
    down: i64
    ready: bool
    small: i8
    fifo: Array(u8, 16)
    words: Array(u32, 4)
    shorts: Array(i16, 8)
    flags: Array(bool, 4)
    items: Array(Item, 4)
    one: Item
    next: Wire(u8, ret=u8)
    chained: Wire(u8)

    def __init__(self):
        super().__init__()
        self.log = []

    # -- methods called by others --------------------------------------------------------------------------------

    @hot
    def push(self, value: u8) -> None:
        self.fifo[self.index & 15] = value
        self.index = u8(self.index + 1)

    @hot
    def take(self) -> u8:
        v = self.fifo[self.index & 15]
        self.index = u8(self.index - 1)
        return v

    @hot
    def line(self, number: u8, level: u8) -> None:
        self.level = u8(number << 4 | (level & 15))
        self.count = u16(self.count + 1)

    @hot
    def look(self, what: u16) -> u32:
        self.count = what
        return self.words[what & 3]

    @hot
    def is_odd(self, value: u8) -> bool:
        self.big = u64(self.big + 1)
        return (value & 1) != 0

    @hot
    def passed(self, value: u8) -> u8:
        self.level = value
        self.chained(value)
        return u8(value ^ self.index)

    @cold
    def far_away(self, value: u32) -> u8:
        self.log.append(("far_away", value))
        return (value >> 3) & 0xFF

    @cold
    def three(self, a: u8, b: u16, c: u64) -> u32:
        self.log.append(("three", a, b, c))
        return (a * 3 + b * 5 + c) & 0xFFFFFFFF

    @cold
    def note(self) -> None:
        self.log.append(("note",))

    @cold
    def truth(self, a: u8) -> bool:
        self.log.append(("truth", a))
        return a > 100

    # -- constructs ----------------------------------------------------------------------------------------------

    @hot
    def t_fields(self, a: u8, b: u16, c: u64) -> u64:
        self.level = a
        self.count = b
        self.big = u64(c + self.big)
        self.ready = a > 3
        self.small = i8(a)
        self.down = i64(c)
        return self.big

    @hot
    def t_arrays(self, i: u8, v: u32) -> u32:
        self.fifo[i & 15] = u8(v)
        self.words[2] = v
        self.words[i & 3] = u32(self.words[(i >> 2) & 3] + v)
        self.shorts[i & 7] = i16(v)
        self.flags[i & 3] = v > 1000
        if self.flags[(i >> 3) & 3]:
            return self.words[0]
        return u32(self.fifo[15] | self.words[i >> 6])

    @hot
    def t_structs(self, i: u8, v: u32) -> u32:
        self.items[i & 3].b = v
        self.items[i & 3].inner.lo = u16(v >> 3)
        self.items[(i >> 2) & 3].data[i >> 6] = u8(v)
        self.one.inner.flag = v > 70000
        self.one.s = i16(v)
        return self.items[1].b ^ self.items[(i >> 4) & 3].inner.lo

    @hot
    def t_struct_local(self, i: u8, v: u8) -> u32:
        it = self.items[i & 3]
        it.a = v
        it.data[v & 3] = u8(it.data[i >> 6] + 1)
        part = it.inner
        part.lo = u16(part.lo + v)
        return it.b

    @hot
    def t_struct_moves(self, i: u8) -> u32:
        it: Item = self.items[0]
        if (i & 1) != 0:
            it = self.items[i & 3]
        else:
            it = self.one
        it.b = u32(it.b + 1)
        return it.b

    @hot
    def t_struct_argument(self, i: u8, v: u32) -> u32:
        bump(self.one, v)
        bump(self.items[i & 3], u32(v + 1))
        it = self.items[i >> 6]
        bump(it, 5)
        return total(self.items[i & 3])

    @hot
    def t_class_constant(self, i: u8) -> u8:
        return u8(self.TABLE[i & 3] + self.STEP)

    @hot
    def t_methods(self, v: u8) -> u8:
        self.push(v)
        self.push(u8(v + 1))
        a = self.take()
        self.level = self.take()
        return u8(a + self.level)

    @hot
    def t_wire(self, v: u8) -> u8:
        back = self.next(v)
        self.chained(back)
        return back

    @hot
    def t_wire_returned(self, v: u8) -> u8:
        return self.next(v)

    @hot
    def t_cold(self, a: u8, b: u16, c: u64) -> u32:
        self.note()
        x = self.three(a, b, c)
        if self.truth(a):
            return u32(x + 1)
        self.words[a & 3] = self.three(1, 2, x)
        return x

    @hot
    def t_place_after_call(self) -> u8:
        """Python works out the place after the value."""
        self.fifo[self.index & 15] = self.take()
        self.items[self.index & 3].data[self.index >> 6] = self.take()
        return self.index

    @hot
    def t_place_after_wire(self, v: u8) -> None:
        self.fifo[self.level & 15] = self.next(v)

    @hot
    def t_augmented(self, i: u8, v: u8) -> u32:
        n: u32 = v
        n |= v << 3
        n |= 1
        n ^= v
        n &= 0xFFF
        n >>= 1
        n //= 3
        n %= 100
        self.level |= v
        self.fifo[i & 15] ^= v
        self.words[i & 3] &= 0xFF
        return n

    @hot
    def t_augmented_wrap(self, v: u32) -> u32:
        self.big &= ~0xFF
        self.words[1] &= ~v
        self.words[2] = u32(self.words[2] - v)
        return self.words[1]


@hot
def bump(item: Item, v: u32) -> None:
    item.b = u32(item.b + v)
    item.inner.flag = not item.inner.flag


@hot
def total(item: Item) -> u32:
    return u32(item.b + item.a)


# -- helpers -----------------------------------------------------------------------------------------------------

@hot
def half(x: u32) -> u32:
    return x >> 1


@inline
def pair(x: u32) -> (u32, bool):
    return u32(x + 1), x == 0xFFFFFFFF


@hot
def pair_called(x: u32, y: u8) -> (u32, u8):
    return u32(x * y), u8(x + y)


@hot
def through_pair(x: u32) -> u32:
    """Pure, but a function with two results works inside."""
    a, b = pair_called(x, 7)
    return u32(a + b)


@hot
def may_fault(cpu: Cpu, x: u32) -> u32:
    if x > 0x80000000:
        raise Fault(13, x & 0xFFFF)
    cpu.acc = x
    return u32(x << 1)


@inline
def may_fault_inline(cpu: Cpu, x: u32) -> (u32, u8):
    if (x & 3) == 0:
        raise Fault(6)
    y = may_fault(cpu, x)
    return y, u8(x)


@hot
def fault_none(cpu: Cpu, x: u32) -> None:
    if (x & 1) != 0:
        raise Fault(u8(x >> 8), x)
    cpu.acc = u64(cpu.acc + 1)


@hot
def effect(cpu: Cpu) -> bool:
    cpu.acc = u64(cpu.acc * 3 + 1)
    return (cpu.acc & 4) != 0


@hot
def wide_pair(x: u64, e: i32) -> (i32, u128, u8):
    return i32(e + 1), u128(u128(x) * x + 3), u8(x)


@hot
def wide_fault(cpu: Cpu, x: u64) -> u128:
    if (x & 1) != 0:
        raise Fault(1, 2)
    return u128(u128(x) << 50)


@hot
def wrap_add(a: T, b: T) -> T:
    return T(a + b)


@inline
def top_bit(a: T) -> bool:
    if T.bits == 8:
        return a > 0x7F
    return (a >> (T.bits - 1)) != 0


@hot
def double_add(a: T, b: T) -> T:
    return wrap_add[T](wrap_add[T](a, b), b)


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


# -- control flow ------------------------------------------------------------------------------------------------

@hot
def t_nested_ifs(a: u8, b: u8) -> u32:
    r: u32 = 0
    if a > 10:
        if b > 10:
            r = 1
        elif b > 5:
            r = 2
        else:
            if a == 200 or b == 1:
                return 99
            r = 3
    elif a == 3:
        r = 4
    else:
        if b == 7:
            r = 5
    return r


@hot
def t_assigned_in_both(a: u8) -> u16:
    if a > 7:
        x: u16 = a
        y = a & 1
    elif a == 3:
        return 0
    else:
        x = 5
        y = 1
    return x + y & 0xFFFF


@hot
def t_while(a: u32) -> u32:
    n: u32 = 0
    while a != 0:
        a &= u32(a - 1)
        n = u32(n + 1)
    return n


@hot
def t_while_break(a: u32, b: u8) -> u32:
    n: u32 = 0
    while True:
        n = u32(n + b + 1)
        if n > a & 0xFFF:
            last = n & 0xFF
            break
        if (n & 1) != 0:
            continue
        a >>= 1
    return u32(n << 8 | last)


@hot
def t_while_return(a: u32) -> u32:
    while True:
        if a < 5:
            return a
        a >>= 1


@hot
def t_nested_loops(a: u8, b: u8) -> u32:
    s: u32 = 0
    for i in range(8):
        if i == a & 15:
            continue
        for j in range(7, 0, -2):
            if j == b & 7:
                break
            s = u32(s * 3 + (i << j))
    return s


@hot
def t_for_after(a: u8) -> u32:
    for i in range(3, 30, 4):
        if i > a:
            break
    return i


@hot
def t_for_assigned(cpu: Cpu, a: u8) -> u32:
    for i in range(8):
        x = cpu.gpr[i]
        cpu.gpr[i] = u32(x + a)
    return x


@hot
def t_choice(a: u8, b: u16) -> u16:
    return a if b > 99 else b if a != 0 else 7


@hot
def t_choice_of_bools(a: u8, b: u16) -> bool:
    return a > 3 if b > 99 else b == 5


@hot
def t_choice_signed(a: i8, b: u8) -> i32:
    return a if b > 9 else -1


@hot
def t_choice_raw(a: u8, b: u8) -> u8:
    return u8(a - b if a > 100 else ~b)


@hot
def t_pass(a: u8) -> u8:
    if a > 5:
        pass
    else:
        a = u8(a + 1)
    return a


# -- names -------------------------------------------------------------------------------------------------------

@hot
def t_names_of_c(int: u8, long: u16, register: u32, m: u32) -> u32:
    short: u32 = u32(int + long)
    char = u32(short + register)
    return u32(char + m)


@hot
def t_names_like_temporaries(cpu: Cpu, c1: u32, i1: u32) -> u32:
    t1_0: u32 = c1
    o0 = i1
    if effect(cpu):
        t1_0 = u32(t1_0 + c1)
    for i in range(3):
        t1_0 = u32(t1_0 + i1 + i)
    r1, flag = pair(t1_0)
    if flag:
        return o0
    return u32(r1 + c1)


# -- calls -------------------------------------------------------------------------------------------------------

@hot
def t_pure_nested(a: u32) -> u32:
    return u32(half(half(a) ^ 1) * half(a))


@hot
def t_tuple(a: u32) -> u32:
    r, carry = pair(a)
    if carry:
        return 77
    return r


@hot
def t_tuple_into_existing(a: u32, b: u8) -> u32:
    x: u32 = 0
    y: u8 = 0
    x, y = pair_called(a, b)
    x, y = pair_called(x, y)
    return u32(x + y)


@hot
def t_tuple_returned(a: u32, b: u8) -> (u32, u8):
    return pair_called(a, b)


@hot
def t_tuple_returned_wider(a: u32, b: u8) -> (u64, u16):
    return pair_called(a, b)


@hot
def t_tuple_inline_returned(a: u32) -> (u32, bool):
    return pair(a)


@hot
def t_tuple_with_calls(a: u32, b: u32) -> (u32, u32, u32):
    return half(a), through_pair(b), through_pair(a)


@hot
def t_generic(a: u32, b: u32) -> u32:
    return wrap_add[u8](u8(a), u8(b)) + wrap_add[u16](u16(a), u16(b))


@hot
def t_generic_nested(a: u32, b: u32) -> u32:
    return u32(double_add[u8](u8(a), u8(b)) + double_add[u32](a, b))


@hot
def t_generic_width(a: u32) -> u8:
    return u8(u8(top_bit[u8](u8(a))) | u8(top_bit[u16](u16(a))) << 1 | u8(top_bit[u32](a)) << 2)


@hot
def t_generic_self(a: T, b: T) -> T:
    if T.bits > 16:
        return T(a * b)
    x = SIGNED[T.bits](a)
    if x < 0:
        return T.max
    return T(x >> 1) ^ b


@hot
def t_call_condition(cpu: Cpu, a: u8) -> u8:
    if effect(cpu):
        return 1
    if not effect(cpu):
        if a > 3:
            return 2
    elif effect(cpu):
        return 3
    return 4


@hot
def t_fault(cpu: Cpu, a: u32) -> u32:
    x = may_fault(cpu, a)
    cpu.gpr[0] = x
    return may_fault(cpu, x)


@hot
def t_fault_statement(cpu: Cpu, a: u32) -> None:
    fault_none(cpu, a)
    cpu.gpr[1] = a


@hot
def t_fault_inline(cpu: Cpu, a: u32) -> u32:
    x, low = may_fault_inline(cpu, a)
    cpu.gpr[2] = low
    return x


@hot
def t_fault_inline_returned(cpu: Cpu, a: u32) -> (u32, u8):
    return may_fault_inline(cpu, a)


@hot
def t_raise_plain(a: u8) -> u8:
    if a > 100:
        raise Fault(14)
    return a


@hot
def t_try(cpu: Cpu, a: u32) -> u32:
    r: u32 = 5
    try:
        r = may_fault(cpu, a)
    except Fault:
        cpu.gpr[3] = a
        r = u32(r + 1)
    cpu.gpr[4] = r
    return r


@hot
def t_try_statement(cpu: Cpu, a: u32) -> u8:
    try:
        fault_none(cpu, a)
    except Fault:
        return 1
    return 2


@hot
def t_try_tuple(cpu: Cpu, a: u32) -> u32:
    try:
        x, y = may_fault_inline(cpu, a)
    except Fault:
        return 7
    return u32(x + y)


@hot
def t_try_raises_again(cpu: Cpu, a: u32) -> u32:
    try:
        fault_none(cpu, a)
    except Fault:
        cpu.acc = 9
        raise Fault(8, 3)
    return a


@hot
def t_try_nested(cpu: Cpu, a: u32) -> u32:
    n: u32 = 0
    for i in range(4):
        try:
            fault_none(cpu, a >> i)
        except Fault:
            try:
                n = may_fault(cpu, u32(a << i))
            except Fault:
                continue
            if n > 1000:
                break
    return n


@hot
def t_try_pure(a: u32) -> u32:
    x: u32 = 0
    try:
        x = half(a)
    except Fault:
        x = 3
    return x


# -- the processor's wires and component parameters --------------------------------------------------------------

@hot
def t_wires(cpu: Cpu, a: u8) -> u32:
    cpu.out(a)
    cpu.kick(a)
    cpu.lost(a)
    x = cpu.query(u16(a * 7))
    y = cpu.lost_query(a)
    if cpu.odd(a):
        x = u32(x + 1)
    return u32(x + y)


@hot
def t_wire_to_cold(cpu: Cpu, a: u32) -> u8:
    return cpu.far(a)


@hot
def t_component_struct(cpu: Cpu, a: u32) -> u32:
    bump(cpu.hot_item, a)
    cpu.hot_item.data[a & 3] = u8(a)
    cpu.signed = i32(a)
    return total(cpu.hot_item)


@hot
def t_bounded(cpu: Cpu, a: u8) -> u32:
    """A bounded field is in range as it stands."""
    cpu.gpr[cpu.which] = a
    cpu.which = (cpu.which + a) & 7
    return cpu.gpr[cpu.which]


@hot
def kicked(cpu: Cpu, line: u8, level: u8) -> None:
    cpu.gpr[line & 7] = level


PARTS = {"cpu": Cpu, "chip0": Chip, "chip1": Chip}
WIRES = {
    "cpu.out": ("method", "chip0", "line", (5,)), "cpu.query": ("method", "chip1", "look", ()),
    "cpu.odd": ("method", "chip0", "is_odd", ()), "cpu.kick": ("function", kicked, (3,)),
    "cpu.far": ("method", "chip0", "far_away", ()),
    "chip0.next": ("method", "chip1", "passed", ()), "chip1.next": ("method", "chip0", "passed", ()),
    "chip0.chained": ("method", "chip1", "push", ()),
}
