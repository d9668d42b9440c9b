"""Control flow, names, calls, faults, wires: every function named t_ is a test (test_constructs.py)."""

from construct_board import Cpu, bump, total
from emu.bus.component import hot, inline
from emu.bus.types import SIGNED, Fault, T, i8, i32, u8, u16, u32, u64


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
