"""A processor that stands still: halted with interrupts off, or frozen by an x87 error that FERR# reports."""

import pytest

from emu import Machine

ENGINES = ["python", pytest.param("native", marks=pytest.mark.native)]
AT, HANDLER = 0x1000, 0x1800

# FNINIT; MOV word [200h], 33Bh; FLDCW [200h]; FLD1; FLDZ; FDIVP; WAIT; HLT: division by zero is unmasked
DIVIDE = bytes.fromhex("dbe3 c70600023b03 d92e0002 d9e8 d9ee def9 9b f4")


def start(pc, code):
    """Have the processor run code in real mode, with interrupts off."""
    pc.step(1)
    pc.memory.write(AT, code)
    cpu = pc._cpu
    cpu.seg[1].base, cpu.seg[1].sel, cpu.eip = 0, 0, AT
    cpu.eflags = 2


@pytest.mark.parametrize("engine", ENGINES)
def test_halted_for_good(engine):
    """With IF clear nothing ends HLT but NMI or INIT, and nobody is to send one."""
    with Machine(engine=engine, memory="8M") as pc:
        start(pc, b"\xf4")
        assert not pc.run(until=lambda: False, timeout=20) and pc.ended == "halt"


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("blocked", [False, True])
def test_nmi_wakes(engine, blocked):
    """The timer is an NMI by the I/O APIC: it ends the HLT, unless an NMI is being handled."""
    with Machine(engine=engine, memory="8M") as pc:
        start(pc, b"\xf4\x40\xf4")                              # HLT; INC AX; HLT
        pc.memory.write(8, HANDLER.to_bytes(4, "little"))       # vector 2
        pc.memory.write(HANDLER, b"\x43\xcf")                   # INC BX; IRET
        pc._io_apic.write(0, 0x15)
        pc._io_apic.write(0x10, 0)
        pc._io_apic.write(0, 0x14)
        pc._io_apic.write(0x10, 0x400)
        for port, value in ((0x43, 0x30), (0x40, 0), (0x40, 1)):
            pc.parts.services["port_write8"](port, value)
        pc._cpu.gpr[0] = pc._cpu.gpr[3] = 0
        pc._cpu.nmi_masked = blocked
        pc.run(until=lambda: pc._cpu.gpr[3], timeout=20)
        assert pc.ended == ("halt" if blocked else None) and pc._cpu.gpr[0] == pc._cpu.gpr[3] == (not blocked)


@pytest.mark.parametrize("engine", ENGINES)
def test_frozen_state_is_saved(engine):
    """Frozen with interrupts off is halted for good; another machine that takes the state over is woken by IGNNE#."""
    with Machine(engine=engine, memory="8M") as first, Machine(memory="8M") as second:
        start(first, DIVIDE)
        assert not first.run(until=lambda: False, timeout=20) and first.ended == "halt"
        assert first._cpu.frozen and first._cpu.eip == AT + len(DIVIDE) - 2
        second.restore(first.save())
        assert second._cpu.frozen and second._ferr.ferr == second._ferr.latched == 1
        second.parts.services["port_write8"](0xF0, 0)
        assert second._cpu.ignne == 1 and second._ferr.latched == 0
        second.run(until=lambda: False, timeout=20)
        assert second._cpu.halted and second._cpu.eip == AT + len(DIVIDE)
