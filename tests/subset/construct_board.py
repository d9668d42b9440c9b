"""A small board, made up to use what docs/subset.md describes; its methods named t_ are tests."""

from emu.bus.component import Component, Struct, cold, hot
from emu.bus.types import Array, Bounded, Const, Derived, Wire, i8, i16, i32, i64, u8, u16, u32, u64


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
