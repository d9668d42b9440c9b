"""FXSAVE and FXRSTOR."""

import pytest
from rig import machine, peek, poke, record, set_segment

from emu.bus.types import Fault
from emu.cpu.cpuid import F_SSE, F_SSE2
from emu.cpu.semantics.fxsave import FXRSTOR, FXSAVE
from emu.cpu.state import CR0_PE, CR0_TS, CR4_OSFXSR, GP, NM, Cpu

AT = 0x1000


def loaded(**state):
    """A machine with something different in every field of the FPU."""
    cpu = machine(**state)
    cpu.features = F_SSE
    f = cpu.fpu
    f.fcw, f.fsw, f.top, f.ftw, f.fop = 0x037F, 0x4100, 3, 0xA5, 0x7AB
    f.fip, f.fcs, f.fdp, f.fds, f.mxcsr = 0x11111111, 0x2222, 0x33333333, 0x4444, 0x1FA0
    for n in range(8):
        f.mant[n], f.sexp[n] = 0x8000000000000000 | n, 0x3FFF + n
    for n in range(16):
        f.xmm[n] = 0xABCD000000000000 + n
    return cpu


def test_layout():
    cpu = loaded(cr4=CR4_OSFXSR)
    FXSAVE(cpu, record(disp=AT))
    assert [peek(cpu, AT + n, 2) for n in (0, 2, 4, 6)] == [0x037F, 0x5900, 0xA5, 0x7AB]
    assert [peek(cpu, AT + n) for n in (8, 12, 16, 20)] == [0x11111111, 0x2222, 0x33333333, 0x4444]
    assert [peek(cpu, AT + n) for n in (24, 28)] == [0x1FA0, 0xFFBF]
    assert peek(cpu, AT + 32, 10) == (0x3FFF + 3) << 64 | 0x8000000000000003  # ST0 is R3
    assert peek(cpu, AT + 160 + 16, 16) == 0xABCD000000000003 << 64 | 0xABCD000000000002


@pytest.mark.parametrize("cr4", (0, CR4_OSFXSR))
def test_round_trip(cr4):
    cpu = loaded(cr4=cr4)
    before = cpu.fpu.save()
    FXSAVE(cpu, record(disp=AT))
    blank = Cpu().fpu.save()
    cpu.fpu.restore(blank)
    FXRSTOR(cpu, record(disp=AT))
    if not cr4:
        before["mxcsr"], before["xmm"] = blank["mxcsr"], blank["xmm"]
    assert cpu.fpu.save() == before


@pytest.mark.parametrize("f", (FXSAVE, FXRSTOR))
def test_faults_change_nothing(f):
    cpu = loaded(cr4=CR4_OSFXSR)
    before = cpu.fpu.save()

    def fault(disp=AT):
        with pytest.raises(Fault) as found:
            f(cpu, record(disp=disp))
        assert cpu.fpu.save() == before and not any(cpu.memory[AT:AT + 512])
        return found.value.vector

    assert fault(AT + 8) == GP
    set_segment(cpu, 3, 0, AT + 510)
    assert fault() == GP
    cpu.cr0 = CR0_PE | CR0_TS
    assert fault() == NM


def test_reserved_mxcsr_bits():
    cpu = loaded(cr4=CR4_OSFXSR)
    FXSAVE(cpu, record(disp=AT))
    poke(cpu, AT + 24, 0x40)
    cpu.fpu.fcw = 0x0340
    with pytest.raises(Fault) as found:
        FXRSTOR(cpu, record(disp=AT))
    assert found.value.vector == GP and cpu.fpu.fcw == 0x0340 and cpu.fpu.mxcsr == 0x1FA0
    cpu.features = F_SSE | F_SSE2
    FXRSTOR(cpu, record(disp=AT))
    assert cpu.fpu.mxcsr == 0x40
