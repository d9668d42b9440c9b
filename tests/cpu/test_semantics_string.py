"""String instructions: direction, address size, repetition in pieces, faults."""

import pytest
from rig import machine, peek, record, set_segment

from emu.bus.types import Fault, u8, u16, u32
from emu.cpu.flags import get_cf, get_zf, read_eflags
from emu.cpu.semantics import string as s
from emu.cpu.state import CF, DF, EAX, ECX, EDI, ES, ESI, FS, GP, REC_REP, TF, ZF

ALL = (u8, u16, u32)


def repeated(**fields):
    r = record(len=2, **fields)
    r.flags |= REC_REP
    return r


@pytest.mark.parametrize("width", ALL)
@pytest.mark.parametrize("down", (False, True))
def test_movs(width, down):
    cpu = machine(eflags=2 | (DF if down else 0))
    cpu.memory[0x1000:0x1004] = b"abcd"
    cpu.gpr[ESI], cpu.gpr[EDI] = 0x1000, 0x2000
    s.MOVS[width](cpu, record())
    n = width.bits // 8
    assert cpu.memory[0x2000:0x2004] == b"abcd"[:n] + bytes(4 - n)
    step = -n if down else n
    assert cpu.gpr[ESI] == 0x1000 + step and cpu.gpr[EDI] == 0x2000 + step


def test_16_bit_indices_wrap_and_keep_the_upper_halves():
    cpu = machine()
    cpu.gpr[ESI], cpu.gpr[EDI], cpu.gpr[ECX] = 0x7777FFFF, 0x8888FFFF, 0x99990002
    cpu.memory[0xFFFF], cpu.memory[0] = 1, 2
    s.MOVS_rep[u8](cpu, repeated(asize=16))
    assert (cpu.gpr[ESI], cpu.gpr[EDI], cpu.gpr[ECX]) == (0x77770001, 0x88880001, 0x99990000)


def test_segment_override_is_for_the_source():
    cpu = machine()
    set_segment(cpu, FS, 0x4000, 0xFFFF)
    set_segment(cpu, ES, 0x8000, 0xFFFF)
    cpu.memory[0x4000] = 7
    s.MOVS[u8](cpu, record(seg=FS))
    assert cpu.memory[0x8000] == 7


def test_rep_stops_when_the_budget_is_used_up_and_goes_on():
    cpu = machine(left=2, eip=0x102)
    cpu.gpr[ECX], cpu.gpr[EDI], cpu.gpr[EAX] = 5, 0x1000, 0x11223344
    r = repeated()
    s.STOS_rep[u32](cpu, r)  # the first iteration is the instruction itself
    assert (cpu.gpr[ECX], cpu.eip, cpu.left, cpu.icount) == (2, 0x100, 0, 2)
    cpu.left, cpu.eip = 10, 0x102
    s.STOS_rep[u32](cpu, r)
    assert (cpu.gpr[ECX], cpu.eip, cpu.left, cpu.icount) == (0, 0x102, 9, 3)
    assert cpu.memory[0x1000:0x1018] == bytes.fromhex("44332211") * 5 + bytes(4)


@pytest.mark.parametrize("state", ({"eflags": 2 | TF}, {"trap": 1}, {"attention": True}))
def test_rep_lets_traps_and_events_in(state):
    cpu = machine(eip=0x102, **state)
    cpu.gpr[ECX] = 3
    s.LODS_rep[u8](cpu, repeated())
    assert (cpu.gpr[ECX], cpu.gpr[ESI], cpu.eip) == (2, 1, 0x100)


@pytest.mark.parametrize("f", (
    s.MOVS_rep, s.STOS_rep, s.LODS_rep, s.CMPS_repe, s.CMPS_repne, s.SCAS_repe, s.SCAS_repne))
def test_count_of_0_does_nothing(f):
    cpu = machine(eip=0x102, eflags=2 | CF | ZF)
    set_segment(cpu, ES, 0, 0)
    before = list(cpu.gpr)
    f[u32](cpu, repeated())
    assert list(cpu.gpr) == before and cpu.eip == 0x102 and read_eflags(cpu) == 2 | CF | ZF


def test_rep_fault_keeps_what_was_done():
    cpu = machine(eip=0x102)
    set_segment(cpu, ES, 0, 0x1007)
    cpu.gpr[ECX], cpu.gpr[ESI], cpu.gpr[EDI] = 5, 0x3000, 0x1000
    with pytest.raises(Fault) as fault:
        s.MOVS_rep[u32](cpu, repeated())
    assert (fault.value.vector, fault.value.error) == (GP, 0)
    assert (cpu.gpr[ECX], cpu.gpr[ESI], cpu.gpr[EDI]) == (3, 0x3008, 0x1008)


@pytest.mark.parametrize("f, text, count, zf", (
    (s.SCAS_repne, b"xyzax", 4, 1), (s.SCAS_repne, b"xyzzx", 5, 0), (s.SCAS_repe, b"aabaa", 3, 0),
    (s.SCAS_repe, b"aaaaa", 5, 1)))
def test_scas(f, text, count, zf):
    cpu = machine()
    cpu.memory[0x1000:0x1005] = text
    cpu.gpr[EAX], cpu.gpr[ECX], cpu.gpr[EDI] = ord("a"), 5, 0x1000
    f[u8](cpu, repeated())
    assert (cpu.gpr[EDI], cpu.gpr[ECX], get_zf(cpu)) == (0x1000 + count, 5 - count, zf)


def test_cmps_subtracts_destination_from_source():
    cpu = machine()
    cpu.memory[0x1000:0x1003], cpu.memory[0x2000:0x2003] = b"aab", b"aac"
    cpu.gpr[ECX], cpu.gpr[ESI], cpu.gpr[EDI] = 9, 0x1000, 0x2000
    s.CMPS_repe[u8](cpu, repeated())
    assert (cpu.gpr[ECX], cpu.gpr[ESI], get_zf(cpu), get_cf(cpu)) == (6, 0x1003, 0, 1)
    cpu.gpr[ESI], cpu.gpr[EDI] = 0x1000, 0x2000
    s.CMPS[u8](cpu, record())
    assert get_zf(cpu) == 1


def test_flags_of_rep_cmps_change_only_at_its_end():
    cpu = machine(eflags=2 | CF, eip=2)
    set_segment(cpu, ES, 0, 1)
    cpu.gpr[ECX] = 4
    with pytest.raises(Fault):
        s.CMPS_repe[u8](cpu, repeated())
    assert read_eflags(cpu) == 2 | CF and cpu.gpr[ECX] == 2


def test_lods_and_stos():
    cpu = machine()
    cpu.memory[0x1000:0x1004] = b"\x01\x02\x03\x04"
    cpu.gpr[EAX], cpu.gpr[ESI], cpu.gpr[EDI] = 0xAABBCCDD, 0x1000, 0x2000
    s.LODS[u16](cpu, record())
    assert cpu.gpr[EAX] == 0xAABB0201
    s.STOS[u8](cpu, record())
    assert peek(cpu, 0x2000) == 1 and cpu.gpr[EDI] == 0x2001
