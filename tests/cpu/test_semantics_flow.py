"""Near transfers, bit strings and other functions that take a record."""

import pytest
from rig import machine, peek, poke, record, set_segment

from emu.bus.types import Fault, u8, u16, u32
from emu.cpu.flags import get_cf, get_zf
from emu.cpu.semantics import arith, bits, flow, misc, move
from emu.cpu.state import BR, CF, CS, EAX, EBX, ECX, EDX, ESP, GP, SS, SS_VEC, UD, ZF


def test_call_pushes_the_next_address():
    cpu = machine(eip=0x100)
    cpu.gpr[ESP] = 0x1000
    assert flow.CALL_rel[u32](cpu, record(len=5, imm=0x50)) is True
    assert peek(cpu, 0xFFC) == 0x105 and cpu.gpr[ESP] == 0xFFC
    assert flow.CALL_ind[u16](cpu, record(16), 0x1234, 0x5678) == 0x5678
    assert peek(cpu, 0xFFA, 2) == 0x1234 and cpu.gpr[ESP] == 0xFFA


def test_call_and_ret_outside_the_code_segment():
    cpu = machine(eip=0x100)
    set_segment(cpu, CS, 0, 0x1FF)
    cpu.gpr[ESP] = 0x1000
    poke(cpu, 0x1000, 0x200)
    for call in (lambda: flow.CALL_rel[u32](cpu, record(len=5, imm=0x100)),
                 lambda: flow.RET[u32](cpu, record()),
                 lambda: flow.CALL_ind[u32](cpu, record(), 0x105, 0x200),
                 lambda: flow.RET_imm[u32](cpu, record(), 4)):
        with pytest.raises(Fault) as fault:
            call()
        assert (fault.value.vector, cpu.gpr[ESP]) == (GP, 0x1000)


def test_ret():
    cpu = machine()
    cpu.gpr[ESP] = 0x1000
    poke(cpu, 0x1000, 0x12345678)
    assert flow.RET_imm[u32](cpu, record(), 0xFFFF) == 0x12345678 and cpu.gpr[ESP] == 0x1003 + 0x10000
    cpu.gpr[ESP] = 0x1000
    assert flow.RET[u16](cpu, record(16)) == 0x5678 and cpu.gpr[ESP] == 0x1002
    set_segment(cpu, SS, 0, 0xFFF)
    with pytest.raises(Fault) as fault:
        flow.RET[u32](cpu, record())
    assert fault.value.vector == SS_VEC


@pytest.mark.parametrize("f, zf, taken", (
    (flow.LOOP, 0, True), (flow.LOOPE, 0, False), (flow.LOOPE, 1, True), (flow.LOOPNE, 0, True),
    (flow.LOOPNE, 1, False)))
def test_loop(f, zf, taken):
    cpu = machine(eflags=2 | (ZF if zf else 0))
    cpu.gpr[ECX] = 0x20001
    assert f(cpu, record(len=2, imm=4)) is taken and cpu.gpr[ECX] == 0x20000
    cpu.gpr[ECX] = 0x20001
    assert f(cpu, record(asize=16, len=2, imm=4)) is False and cpu.gpr[ECX] == 0x20000
    assert f(cpu, record(asize=16, len=2, imm=4)) is taken and cpu.gpr[ECX] == 0x2FFFF
    assert get_zf(cpu) == zf


def test_loop_counts_only_if_its_target_is_good():
    cpu = machine(eip=0x100)
    set_segment(cpu, CS, 0, 0x1FF)
    cpu.gpr[ECX] = 2
    with pytest.raises(Fault):
        flow.LOOP(cpu, record(len=2, imm=0x200))
    assert cpu.gpr[ECX] == 2
    cpu.gpr[ECX] = 1
    assert flow.LOOP(cpu, record(len=2, imm=0x200)) is False


def test_jcxz_by_address_size():
    cpu = machine()
    cpu.gpr[ECX] = 0x10000
    assert flow.JCXZ(cpu, record()) is False and flow.JCXZ(cpu, record(asize=16)) is True


@pytest.mark.parametrize("width", (u16, u32))
@pytest.mark.parametrize("index", (0, 5, 31, 32, 70, -1, -33, -64))
def test_bit_strings(width, index):
    cpu = machine()
    cpu.gpr[EAX] = u32(index)
    bit = 0x1000 * 8 + index
    r = record(width.bits, reg=EAX, disp=0x1000)
    bits.BTS_mem[width](cpu, r)
    assert get_cf(cpu) == 0 and cpu.memory[bit // 8] == 1 << bit % 8
    bits.BT_mem[width](cpu, r)
    assert get_cf(cpu) == 1
    bits.BTC_mem[width](cpu, r)
    assert get_cf(cpu) == 1 and not any(cpu.memory)
    bits.BTC_mem[width](cpu, r)
    bits.BTR_mem[width](cpu, r)
    assert get_cf(cpu) == 1 and not any(cpu.memory)


def test_bit_string_address_wraps_at_16_bits():
    cpu = machine()
    cpu.gpr[EAX] = 0xFFFFFFFF
    bits.BTS_mem[u32](cpu, record(asize=16, reg=EAX))
    assert peek(cpu, 0xFFFC) == 0x80000000


def test_cmpxchg8b():
    cpu = machine(eflags=2 | CF)
    poke(cpu, 0x1000, 0x1122334455667788, 8)
    cpu.gpr[ECX], cpu.gpr[EBX] = 0xAAAAAAAA, 0xBBBBBBBB
    r = record(disp=0x1000)
    arith.CMPXCHG8B(cpu, r)
    assert (cpu.gpr[EDX], cpu.gpr[EAX], get_zf(cpu), get_cf(cpu)) == (0x11223344, 0x55667788, 0, 1)
    arith.CMPXCHG8B(cpu, r)
    assert peek(cpu, 0x1000, 8) == 0xAAAAAAAABBBBBBBB and (get_zf(cpu), get_cf(cpu)) == (1, 1)


def test_bound():
    cpu = machine()
    poke(cpu, 0x1000, u32(-5))
    poke(cpu, 0x1004, 5)
    r = record(reg=EAX, disp=0x1000)
    for good in (-5, 0, 5):
        cpu.gpr[EAX] = u32(good)
        misc.BOUND[u32](cpu, r)
    for bad in (-6, 6):
        cpu.gpr[EAX] = u32(bad)
        with pytest.raises(Fault) as fault:
            misc.BOUND[u32](cpu, r)
        assert fault.value.vector == BR


@pytest.mark.parametrize("f", (misc.UD0, misc.UD1, misc.UD2))
def test_undefined(f):
    with pytest.raises(Fault) as fault:
        f(machine(), record())
    assert fault.value.vector == UD


def test_xlat():
    cpu = machine()
    cpu.gpr[EBX], cpu.gpr[EAX] = 0x1FFF0, 0x12345620
    cpu.memory[0x20010], cpu.memory[0x10] = 0xAB, 0xCD
    move.XLAT(cpu, record())
    assert cpu.gpr[EAX] == 0x123456AB
    cpu.gpr[EAX] = 0x20
    move.XLAT(cpu, record(asize=16))
    assert cpu.gpr[EAX] == 0xCD


def test_mov_from_segment_register():
    cpu = machine()
    cpu.seg[2].sel = 0x1234
    cpu.gpr[EAX] = 0xFFFFFFFF
    move.MOV_reg_sreg[u16](cpu, record(16, reg=2, rm=EAX))
    assert cpu.gpr[EAX] == 0xFFFF1234
    move.MOV_reg_sreg[u32](cpu, record(reg=2, rm=EAX))
    assert cpu.gpr[EAX] == 0x1234
    poke(cpu, 0x1000, 0xFFFFFFFF)
    move.MOV_mem_sreg(cpu, record(reg=2, disp=0x1000))
    assert peek(cpu, 0x1000) == 0xFFFF1234
    for f in (move.MOV_reg_sreg[u32], move.MOV_mem_sreg):
        with pytest.raises(Fault) as fault:
            f(cpu, record(reg=6, disp=0x1000))
        assert fault.value.vector == UD


def test_bswap_of_16_bits_clears():
    assert move.BSWAP[u16](machine(), 0x1234) == 0 and move.BSWAP[u32](machine(), 0x12345678) == 0x78563412


def test_xadd_gives_both():
    assert arith.XADD[u8](machine(), 0xF0, 0x20) == (0x10, 0xF0)
