"""Lazy flags against flags computed bit by bit."""

import random

import pytest

from emu.bus.component import checked
from emu.bus.types import u8, u16, u32
from emu.cpu import flags as f
from emu.cpu.registers import reg, set_reg
from emu.cpu.state import AF, ARITH, CF, DF, OF, PF, SF, VM, ZF, Cpu

WIDTHS = (u8, u16, u32)


def from_result(width, r):
    parity = PF if bin(r & 0xFF).count("1") % 2 == 0 else 0
    return (ZF if r == 0 else 0) | (SF if r >> (width.bits - 1) else 0) | parity


def signed(width, v):
    return v - (1 << width.bits) if v >> (width.bits - 1) else v


def expected(width, a, b, carry, subtract):
    """Result and flags of a + b + carry or a - b - carry."""
    sign = -1 if subtract else 1
    exact = signed(width, a) + sign * (signed(width, b) + carry)
    plain = a + sign * (b + carry)
    r = width(plain)
    half = (a & 15) + sign * ((b & 15) + carry)
    flags = from_result(width, r) | (CF if not 0 <= plain <= width.max else 0) | (AF if not 0 <= half <= 15 else 0)
    return r, flags | (OF if exact != signed(width, r) else 0)


def operands(width):
    """All bytes with many others; corners and random pairs of the wider ones."""
    if width is u8:
        corners = [(a, b) for a in (0, 127, 128, 255) for b in range(256)]
        return corners + [(a, b) for a in range(256) for b in range(0, 256, 5)]
    rng = random.Random(width.bits)
    corners = [0, 1, 15, 16, width.max, width.max >> 1, (width.max >> 1) + 1]
    return [(a, b) for a in corners for b in corners] + [
        (rng.getrandbits(width.bits), rng.getrandbits(width.bits)) for _ in range(2000)]


def arith(cpu):
    """The flags, read one by one; the whole register must agree."""
    bits = (f.get_cf(cpu) * CF | f.get_pf(cpu) * PF | f.get_af(cpu) * AF | f.get_zf(cpu) * ZF | f.get_sf(cpu) * SF
            | f.get_of(cpu) * OF)
    assert f.read_eflags(cpu) & ARITH == bits
    return bits


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("subtract", (False, True))
@pytest.mark.parametrize("carry", (0, 1))
def test_add_and_subtract(width, subtract, carry):
    cpu = checked(Cpu)()
    for a, b in operands(width):
        r, flags = expected(width, a, b, carry, subtract)
        (f.cc_sbb if subtract else f.cc_adc)[width](cpu, r, a, b, carry)
        assert arith(cpu) == flags, (a, b)
        if carry == 0:
            (f.cc_sub if subtract else f.cc_add)[width](cpu, r, a, b)
            assert arith(cpu) == flags, (a, b)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("subtract", (False, True))
def test_inc_and_dec_keep_carry(width, subtract):
    cpu = checked(Cpu)()
    for a, b in operands(width)[:3000]:
        old = b & CF
        r, flags = expected(width, a, 1, 0, subtract)
        f.cc_flags(cpu, old)
        (f.cc_dec if subtract else f.cc_inc)[width](cpu, r, a)
        assert arith(cpu) == flags & ~CF | old, a


@pytest.mark.parametrize("width", WIDTHS)
def test_logic_and_given_flags(width):
    cpu = checked(Cpu)()
    for a, b in operands(width)[:3000]:
        f.cc_logic[width](cpu, a)
        assert arith(cpu) == from_result(width, a)
        given = b & (CF | AF) | (OF if b & 2 else 0)
        f.cc_res[width](cpu, a, given)
        assert arith(cpu) == from_result(width, a) | given


def test_some_flags_and_other_bits():
    cpu = checked(Cpu)()
    cpu.eflags = 2 | DF | VM
    f.cc_sub[u8](cpu, 0xFF, 0, 1)
    before = f.read_eflags(cpu)
    assert before == 2 | DF | VM | CF | AF | SF | PF
    f.cc_some(cpu, CF | ZF, ZF | OF)
    assert f.read_eflags(cpu) == (before & ~CF) | ZF
    f.cc_add[u8](cpu, 1, 0, 1)
    f.write_arith(cpu, 0xFFFFFFFF)
    assert f.read_eflags(cpu) == 2 | DF | VM | ARITH
    f.cc_add[u8](cpu, 1, 0, 1)
    f.write_eflags(cpu, CF, DF)
    assert f.read_eflags(cpu) == 2 | VM | CF


@pytest.mark.parametrize("cc", range(16))
def test_conditions(cc):
    meaning = (lambda c, z, s, o, p: o, lambda c, z, s, o, p: c, lambda c, z, s, o, p: z, lambda c, z, s, o, p: c or z,
               lambda c, z, s, o, p: s, lambda c, z, s, o, p: p, lambda c, z, s, o, p: s != o,
               lambda c, z, s, o, p: z or s != o)
    cpu = checked(Cpu)()

    def check():
        v = f.read_eflags(cpu)
        want = meaning[cc >> 1](*(v & bit != 0 for bit in (CF, ZF, SF, OF, PF)))
        assert f.condition(cpu, cc) is (want != bool(cc & 1))

    for bits in range(32):
        f.cc_flags(cpu, sum(flag for n, flag in enumerate((CF, ZF, SF, OF, PF)) if bits >> n & 1))
        check()
    for a, b in operands(u32)[:300] + operands(u8)[::40]:
        f.cc_sub[u32](cpu, u32(a - b), a, b)
        check()
        f.cc_add[u16](cpu, u16(a + b), u16(a), u16(b))
        check()
        f.cc_sub[u8](cpu, u8(a - b), u8(a), u8(b))
        check()


def test_registers():
    cpu = checked(Cpu)()
    cpu.gpr[0], cpu.gpr[3] = 0x11223344, 0x55667788
    assert [reg[u8](cpu, n) for n in (0, 4, 3, 7)] == [0x44, 0x33, 0x88, 0x77]
    assert reg[u16](cpu, 3) == 0x7788 and reg[u32](cpu, 0) == 0x11223344
    set_reg[u8](cpu, 7, 0xAB)
    set_reg[u8](cpu, 0, 0xCD)
    assert cpu.gpr[3] == 0x5566AB88 and cpu.gpr[0] == 0x112233CD
    set_reg[u16](cpu, 0, 0xFFFF)
    set_reg[u32](cpu, 3, 1)
    assert cpu.gpr[0] == 0x1122FFFF and cpu.gpr[3] == 1
