"""IA32_APIC_BASE and what CPUID says of the local APIC (SDM volume 3, 10.4.3 and 10.4.4)."""

import pytest
from system_rig import attempt, protected

from emu.cpu.cpuid import F_APIC, MODELS, cpuid
from emu.cpu.msr import APIC_BASE, read_msr, write_msr
from emu.cpu.reset import reset_cpu
from emu.cpu.state import GP


def processor(model=4, no_apic=False):
    """A processor after reset, and what it has told its local APIC."""
    cpu, told = protected(), []
    cpu.apic_base_changed = told.append
    cpu.model, cpu.no_apic = model, no_apic
    reset_cpu(cpu)
    return cpu, told


def announced(cpu):
    return cpuid(cpu, 1)[3] & F_APIC != 0


@pytest.mark.parametrize("model, name", list(enumerate(m.name for m in MODELS)))
def test_models(model, name):
    """All but the 486 have an APIC; it is on after reset, at FEE00000, and the first APIC id is 0."""
    cpu, told = processor(model)
    assert announced(cpu) == (name != "486") == (MODELS[model].apic_version != 0)
    assert told == [0xFEE00900 if name != "486" else 0xFEE00100]
    assert cpuid(cpu, 1)[1] >> 16 == 0


def test_enable_bit_shows_in_cpuid():
    cpu, told = processor()
    write_msr(cpu, APIC_BASE, 0xFEE00000)
    assert not announced(cpu) and read_msr(cpu, APIC_BASE) == 0xFEE00100      # BSP cannot be written
    write_msr(cpu, APIC_BASE, 0xFEC80900)
    assert announced(cpu) and read_msr(cpu, APIC_BASE) == 0xFEC80900
    assert told == [0xFEE00900, 0xFEE00100, 0xFEC80900]
    reset_cpu(cpu)
    assert announced(cpu) and told[-1] == 0xFEE00900


def test_without_apic():
    cpu, told = processor(no_apic=True)
    assert not announced(cpu) and read_msr(cpu, APIC_BASE) == 0xFEE00100
    write_msr(cpu, APIC_BASE, 0xFEE00900)           # "lapic" on Linux's command line tries
    assert not announced(cpu) and read_msr(cpu, APIC_BASE) == 0xFEE00100 and set(told) == {0xFEE00100}


@pytest.mark.parametrize("value", [0xFEE00901, 0xFEE00D00, 0x10FEE00900])
def test_reserved_bits(value):
    cpu, told = processor()
    assert attempt(write_msr, cpu, APIC_BASE, value) == (GP, 0) and len(told) == 1


def test_no_tsc_deadline_mode():
    """CPUID.1:ECX bit 24 is 0, and its register is not there."""
    cpu, _ = processor()
    assert not cpuid(cpu, 1)[2] >> 24 & 1 and attempt(read_msr, cpu, 0x6E0) == (GP, 0)
