"""x87 state: environment layouts of real and protected mode, pending errors, faults that must change nothing."""
import pytest

from emu.bus.types import Fault, u16, u32
from emu.cpu.cpuid import MODELS
from emu.cpu.fpu import x87
from emu.cpu.fpu.pointers import fpu_pointers
from emu.cpu.fpu.state import reset_fpu
from emu.cpu.state import CR0_EM, CR0_MP, CR0_NE, CR0_PE, CR0_TS, DS, FREEZE, MF, NM, VM, Cpu, Rec

AT = 0x1000


class Rig:
    """A processor with flat segments and 64 KB of memory, and a record whose memory operand is at AT."""

    def __init__(self):
        self.cpu = cpu = Cpu()
        self.memory = bytearray(0x10000)
        self.levels = []
        cpu.a20_mask = 0xFFFFFFFF
        cpu.ferr = self.levels.append
        for bits in (8, 16, 32):
            setattr(cpu, f"phys_read{bits}", lambda at, n=bits // 8: int.from_bytes(self.memory[at:at + n], "little"))
            setattr(cpu, f"phys_write{bits}", lambda at, v, n=bits // 8: self.memory.__setitem__(
                slice(at, at + n), v.to_bytes(n, "little")))
        for s in cpu.seg:
            s.access, s.low, s.high = 3, 0, 0xFFFFFFFF
        self.r = Rec()
        self.r.base, self.r.idx, self.r.seg, self.r.disp, self.r.flags = 8, 8, DS, AT, 2
        cpu.cr0 = CR0_PE | CR0_NE
        x87.FNINIT(cpu, self.r)

    def words(self, n, size):
        return [int.from_bytes(self.memory[AT + i * size:AT + i * size + size], "little") for i in range(n)]

    def pointers(self):
        f = self.cpu.fpu
        f.fip, f.fcs, f.fop, f.fdp, f.fds = 0x2345, 0xF000, 0x5D9, 0x789A, 0x8000


@pytest.fixture
def rig():
    return Rig()


def test_reset_and_init(rig):
    f = rig.cpu.fpu
    reset_fpu(f)
    assert (f.fcw, f.fsw, f.top, f.ftw, f.mxcsr) == (0x40, 0, 0, 0xFF, 0x1F80)
    x87.FNINIT(rig.cpu, rig.r)
    assert (f.fcw, f.fsw, f.top, f.ftw) == (0x37F, 0, 0, 0)


REAL16 = [0x37F, 0x3800, 0x3FFF, 0x2345, 0xF5D9, 0x789A, 0x8000]
ENVIRONMENTS = {
    (u16, CR0_PE, 0): [0x37F, 0x3800, 0x3FFF, 0x2345, 0xF000, 0x789A, 0x8000],
    (u32, CR0_PE, 0): [0xFFFF037F, 0xFFFF3800, 0xFFFF3FFF, 0x2345, 0x05D9F000, 0x789A, 0xFFFF8000],
    (u16, 0, 0): REAL16,
    (u32, 0, 0): [0xFFFF037F, 0xFFFF3800, 0xFFFF3FFF, 0xFFFF2345, 0xF5D9, 0xFFFF789A, 0x8000],
    (u16, CR0_PE, VM): REAL16,
}


@pytest.mark.parametrize("width,cr0,eflags", ENVIRONMENTS)
def test_environment(rig, width, cr0, eflags):
    cpu, f = rig.cpu, rig.cpu.fpu
    x87.FLD1(cpu)
    rig.pointers()
    cpu.cr0, cpu.eflags = cr0, eflags
    x87.FNSTENV[width](cpu, rig.r)
    assert rig.words(7, width.bits // 8) == ENVIRONMENTS[width, cr0, eflags]
    assert f.fcw == 0x37F
    x87.FNINIT(cpu, rig.r)
    x87.FLDENV[width](cpu, rig.r)
    assert (f.fcw, f.fsw, f.top, f.ftw) == (0x37F, 0, 7, 0x80)
    if cr0 == CR0_PE and not eflags:
        assert (f.fip, f.fcs, f.fdp, f.fds) == (0x2345, 0xF000, 0x789A, 0x8000)
    else:
        assert (f.fip, f.fcs, f.fdp, f.fds) == (0xF2345, 0, 0x8789A, 0)
    assert f.fop == (0 if width is u16 and cr0 == CR0_PE and not eflags else 0x5D9)
    x87.FNINIT(cpu, rig.r)
    x87.FNSTENV[width](cpu, rig.r)
    assert rig.words(3, width.bits // 8)[2] & 0xFFFF == 0xFFFF


@pytest.mark.parametrize("width", [u16, u32])
def test_save_and_restore(rig, width):
    cpu, f = rig.cpu, rig.cpu.fpu
    x87.FLDPI(cpu)
    x87.FLDZ(cpu)
    f.fcw = 0x27B
    before = f.save()
    x87.FNSAVE[width](cpu, rig.r)
    assert (f.fcw, f.ftw, f.top) == (0x37F, 0, 0)
    assert rig.words(3, width.bits // 8)[2] & 0xF000 == 0x1000  # R7 valid (pi), R6 zero
    for n in range(8):
        f.mant[n] = 1
    x87.FRSTOR[width](cpu, rig.r)
    assert f.save() == before


def unmask_and_divide(cpu):
    cpu.fpu.fcw = 0x37B
    x87.FLD1(cpu)
    x87.FLDZ(cpu)
    x87.FDIVR_st0_sti(cpu, 1)


def test_pending_error_faults(rig):
    cpu = rig.cpu
    unmask_and_divide(cpu)
    assert cpu.fpu.fsw & 0x8084 == 0x8084
    assert (cpu.fpu.mant[6], cpu.fpu.sexp[6]) == (0, 0)  # an unmasked ZE keeps the operand
    for wait in (lambda c: x87.fpu_wait(c, rig.r), lambda c: x87.FWAIT(c, rig.r)):
        with pytest.raises(Fault) as fault:
            wait(cpu)
        assert fault.value.vector == MF
    x87.FNCLEX(cpu, rig.r)
    x87.fpu_wait(cpu, rig.r)


def test_ferr(rig):
    """With CR0.NE clear the next waiting instruction stands still while FERR# is asserted, unless IGNNE# is."""
    cpu = rig.cpu
    cpu.cr0 = CR0_PE
    unmask_and_divide(cpu)
    assert rig.levels == []
    for _ in range(2):
        with pytest.raises(Fault) as fault:
            x87.fpu_wait(cpu, rig.r)
        assert fault.value.vector == FREEZE and rig.levels == [1]
    x87.FNSTSW_AX(cpu, rig.r)
    cpu.ignne = 1
    x87.fpu_wait(cpu, rig.r)
    x87.FNCLEX(cpu, rig.r)
    assert rig.levels == [1, 0]


def test_when_ferr_rises(rig):
    """A P6 tells at the end of the instruction, earlier processors before the next waiting one."""
    cpu = rig.cpu
    cpu.cr0 = CR0_PE
    for name in ("pentium", "pentium2"):
        cpu.features = next(m.features for m in MODELS if m.name == name)
        x87.FNINIT(cpu, rig.r)
        unmask_and_divide(cpu)
        fpu_pointers(cpu, rig.r)
        assert rig.levels == ([1] if name == "pentium2" else [])


def test_control_word_makes_and_unmakes_errors(rig):
    cpu = rig.cpu
    x87.FLD1(cpu)
    x87.FLDZ(cpu)
    x87.FDIVR_st0_sti(cpu, 1)
    assert cpu.fpu.fsw & 0x8084 == 0x0004
    rig.memory[AT:AT + 2] = (0x37B).to_bytes(2, "little")
    x87.FLDCW(cpu, rig.r)
    assert cpu.fpu.fsw & 0x8084 == 0x8084
    x87.FNSTENV[u32](cpu, rig.r)  # masks everything again
    assert cpu.fpu.fsw & 0x8084 == 0x0004


@pytest.mark.parametrize("cr0,instruction,wait", [
    (CR0_EM, True, False), (CR0_TS, True, False), (CR0_TS | CR0_MP, True, True), (CR0_MP, False, False),
    (CR0_EM | CR0_MP, True, False)])
def test_not_available(rig, cr0, instruction, wait):
    cpu = rig.cpu
    cpu.cr0 = CR0_PE | CR0_NE | cr0
    for function, faults in ((lambda c: x87.fpu_wait(c, rig.r), instruction), (x87.fpu_nowait, instruction),
                             (lambda c: x87.FWAIT(c, rig.r), wait)):
        if faults:
            with pytest.raises(Fault) as fault:
                function(cpu)
            assert fault.value.vector == NM
        else:
            function(cpu)


@pytest.mark.parametrize("name", ["FSTP_m32", "FSTP_m64", "FSTP_m80", "FISTP_m16", "FISTP_m32", "FISTP_m64", "FBSTP",
                                  "FNSTENV", "FNSAVE", "FLDENV", "FRSTOR", "FLD_m80", "FBLD"])
def test_fault_changes_nothing(rig, name):
    cpu = rig.cpu
    x87.FLDPI(cpu)
    before, memory = cpu.fpu.save(), bytes(rig.memory)
    function = getattr(x87, name)
    function = function[u32] if hasattr(function, "function") else function
    cpu.seg[DS].high = AT if name == "FISTP_m16" else AT + 2 if name.endswith("32") else AT + 6
    with pytest.raises(Fault):
        function(cpu, rig.r)
    assert cpu.fpu.save() == before
    assert rig.memory == memory
