import pytest

from emu.bus.types import u16, u32
from emu.cpu.memory import linear_read, linear_write
from emu.cpu.segments import bounds, load_segment, update_mode
from emu.cpu.state import (
    AC, CR0_AM, CS, DS, ES, GP, GS, LDTR, MODE_AC, MODE_CODE32, MODE_DEBUG, MODE_FLAT, MODE_STACK32, NP, SS, SS_VEC, VM)
from emu.cpu.semantics.selectors import LLDT

from system_rig import (
    ABSENT3, ABSENT_CODE, CODE0, CODE3, CODE3X, CONFORMING0, DATA0, DATA3, DOWN0, FREE, GDT, LDT_SEL, READ3, STACK16,
    TSS_SEL, attempt, peek, protected, put_descriptor, real, record)


@pytest.mark.parametrize("cpl, sel, wanted", [
    (0, DATA0, None), (0, DATA3, None), (0, DATA3 & ~3, None), (3, DATA3, None), (3, DATA0, (GP, DATA0)),
    (0, DATA0 | 3, (GP, DATA0)),                     # RPL 3 on a level 0 segment
    (3, CONFORMING0, None), (0, CODE3, None), (0, CODE3X, (GP, CODE3X & ~3)), (0, TSS_SEL, (GP, TSS_SEL)),
    (3, ABSENT3, (NP, ABSENT3 & ~3)), (0, 0x3F8, (GP, 0x3F8)), (0, 0x400, (GP, 0x400)), (0, 4, (GP, 4)),
    (0, READ3, None)])
def test_data_segments(cpl, sel, wanted):
    cpu = protected(cpl)
    assert attempt(load_segment, cpu, ES, sel) == wanted
    assert cpu.seg[ES].sel == (sel if wanted is None else DATA3 if cpl else DATA0)


@pytest.mark.parametrize("cpl, sel, wanted", [
    (0, DATA0, None), (3, DATA3, None), (0, 0, (GP, 0)), (3, 3, (GP, 0)), (0, DATA3, (GP, DATA3 & ~3)),
    (3, READ3, (GP, READ3 & ~3)), (3, DATA3 & ~3, (GP, DATA3 & ~3)), (3, ABSENT3, (SS_VEC, ABSENT3 & ~3)),
    (0, CODE0, (GP, CODE0))])
def test_stack_segment(cpl, sel, wanted):
    assert attempt(load_segment, protected(cpl), SS, sel) == wanted


def test_null_segment_faults_on_use_only():
    cpu = protected()
    load_segment(cpu, DS, 3)
    assert cpu.seg[DS].sel == 3
    assert attempt(linear_read[u32], cpu, DS, 0) == (GP, 0)
    assert cpu.mode & MODE_FLAT == 0


def test_accessed_bit_is_written_once_and_not_on_a_fault():
    cpu = protected()
    put_descriptor(cpu, FREE, 0x1234, 0xFF, 0x4092)
    put_descriptor(cpu, FREE + 8, 0x1234, 0xFF, 0x4012)
    assert attempt(load_segment, cpu, ES, FREE + 8) == (NP, FREE + 8)
    assert peek(cpu, GDT + FREE + 13, 1) == 0x12
    load_segment(cpu, ES, FREE)
    assert peek(cpu, GDT + FREE + 5, 1) == 0x93 and cpu.seg[ES].attr == 0x4093
    assert (cpu.seg[ES].base, cpu.seg[ES].limit) == (0x1234, 0xFF)


def test_bounds_of_expand_down_segments():
    assert bounds(0x93, 0xFFF) == (0, 0xFFF)
    assert bounds(0x9F, 0xFFF) == (0, 0xFFF)         # conforming code is not expand-down
    assert bounds(0x97, 0xFFF) == (0x1000, 0xFFFF)
    assert bounds(0x4097, 0xFFF) == (0x1000, 0xFFFFFFFF)
    assert bounds(0x97, 0xFFFF) == (1, 0) and bounds(0x4097, 0xFFFFFFFF) == (1, 0)


def test_expand_down_limits_accesses():
    cpu = protected()
    load_segment(cpu, ES, DOWN0)
    assert attempt(linear_write[u16], cpu, ES, 0xFFFF) == (GP, 0)
    assert attempt(linear_write[u16], cpu, ES, 0x10000) is None


def test_readable_code_and_read_only_data_refuse_writes():
    cpu = protected()
    for sel in (READ3, CODE3):
        load_segment(cpu, ES, sel)
        assert attempt(linear_read[u32], cpu, ES, 0) is None
        assert attempt(linear_write[u32], cpu, ES, 0) == (GP, 0)


def test_local_descriptors():
    cpu = protected()
    put_descriptor(cpu, 0x0C, 0x5000, 0xFFF, 0x4093)
    assert attempt(load_segment, cpu, ES, 0x0C) == (GP, 0x0C)
    cpu.gpr[0] = LDT_SEL
    LLDT(cpu, record())
    assert cpu.seg[LDTR].sel == LDT_SEL
    load_segment(cpu, ES, 0x0C)
    assert cpu.seg[ES].base == 0x5000
    assert attempt(load_segment, cpu, ES, 0x84) == (GP, 0x84)  # beyond its limit


def test_big_real_mode_keeps_limit_and_size():
    cpu = protected()
    cpu.cr0 = 0x10
    load_segment(cpu, DS, 0x1234)
    assert (cpu.seg[DS].base, cpu.seg[DS].limit, cpu.seg[DS].high) == (0x12340, 0xFFFFFFFF, 0xFFFFFFFF)
    assert attempt(linear_write[u32], cpu, DS, 0x80000000) is None


def test_real_mode_limit():
    cpu = real()
    load_segment(cpu, GS, 0xFFFF)
    assert cpu.seg[GS].base == 0xFFFF0
    assert attempt(linear_read[u16], cpu, GS, 0xFFFF) == (GP, 0)
    assert attempt(linear_read[u16], cpu, SS, 0xFFFF) == (SS_VEC, 0)


def test_virtual_8086_segments_have_64_kib_and_level_3():
    cpu = protected(3)
    cpu.eflags |= VM
    load_segment(cpu, DS, 0x10)
    assert (cpu.seg[DS].base, cpu.seg[DS].limit, cpu.seg[DS].attr) == (0x100, 0xFFFF, 0xF3)


def test_mode_follows_the_segments():
    cpu = protected()
    assert cpu.mode == MODE_CODE32 | MODE_STACK32 | MODE_FLAT
    load_segment(cpu, SS, STACK16)
    assert cpu.mode == MODE_CODE32
    load_segment(cpu, SS, DATA0)
    load_segment(cpu, DS, READ3)
    assert cpu.mode & MODE_FLAT == 0
    load_segment(cpu, DS, DATA0)
    assert cpu.mode & MODE_FLAT != 0


def test_alignment_check_and_breakpoints_are_modes():
    cpu = protected(3)
    cpu.cr0 |= CR0_AM
    cpu.eflags |= AC
    update_mode(cpu)
    assert cpu.mode & (MODE_AC | MODE_FLAT) == MODE_AC
    cpu.eflags &= ~AC
    cpu.dr[7] = 0x401
    update_mode(cpu)
    assert cpu.mode & (MODE_AC | MODE_FLAT | MODE_DEBUG) == MODE_DEBUG


def test_code_segments_do_not_load_into_ss_when_absent():
    cpu = protected()
    assert attempt(load_segment, cpu, SS, ABSENT_CODE) == (GP, ABSENT_CODE)
    assert cpu.seg[SS].sel == DATA0 and cpu.seg[CS].sel == CODE0
