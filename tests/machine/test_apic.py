"""The APICs on the board: a ROM of checks under both engines, and what a machine without them has."""

from pathlib import Path

import pytest
from data import nasm

from emu import Machine
from emu.machine import lockstep
from emu.machine.config import MachineConfig

SOURCE = Path(__file__).with_name("apic_checks.asm")
CHECKS = SOURCE.read_text().count('    check "')
FRAME = 37_000      # instructions until the checks begin, about (tests/bare/frame.inc)
ENGINES = ["python", pytest.param("native", marks=pytest.mark.native)]


@pytest.fixture(scope="module")
def rom(tmp_path_factory):
    """Settings of a machine whose firmware is the ROM of checks."""
    path = nasm(SOURCE, tmp_path_factory.mktemp("rom") / "apic.bin", "-I", f"{SOURCE.parents[1] / 'bare'}/")
    return {"bios": str(path), "vga_bios": str(path), "memory": "8M", "no_reboot": True}


@pytest.mark.parametrize("engine", ENGINES)
def test_checks(rom, engine):
    with Machine(engine=engine, **rom) as pc:
        pc.run(timeout=120)
        lines = pc.debug_text().splitlines()
        assert [line for line in lines if not line.startswith("ok ")] == ["DONE"]
        assert len(lines) == CHECKS + 1 and CHECKS > 30
        assert pc.ended == "reset"                  # by the INIT message to itself


@pytest.mark.native
def test_engines_agree(rom):
    """In lock-step through all of the checks."""
    points = lockstep.boot(MachineConfig.make(**rom), first=FRAME, points=1, every=1, instructions=20_000, stretch=20_000)
    assert points[0].difference is None, str(points[0].difference)
    assert points[0].compared > 7000
    points = lockstep.boot(MachineConfig.make(**rom), first=FRAME, points=1, every=1, instructions=20_000, stretch=10, seed=5)
    assert points[0].difference is None, str(points[0].difference)


@pytest.mark.parametrize("engine", ENGINES)
def test_without_apics(rom, engine):
    with Machine(engine=engine, no_apic=True, **rom) as pc:
        pc.run(until=lambda: "virtual wire" in pc.debug_text(), timeout=60)
        lines = pc.debug_text().splitlines()
        assert lines[:4] == ["FAIL cpuid announces the APIC", "FAIL base register after reset", "FAIL version",
                             "ok 8259 through virtual wire"]
        for page in (0xFEE00000, 0xFEC00000):       # nobody is there
            assert pc.memory.read(page, 64) == b"\xff" * 64


@pytest.mark.parametrize("engine", ENGINES)
def test_state_is_saved(rom, engine):
    """A machine that goes on from a saved state does what the first one does."""
    with Machine(engine=engine, **rom) as first, Machine(engine=engine, **rom) as second:
        while "fired once" not in first.debug_text():
            first.step(200)
        second.restore(first.save())
        first.run(timeout=60)
        second.run(timeout=60)
        assert second.debug_text() and first.debug_text().endswith(second.debug_text())
        assert second.save()["parts"] == first.save()["parts"]


def test_command_line_knows_them():
    assert MachineConfig.make().has_apic and not MachineConfig.make(no_apic=True).has_apic
    assert not MachineConfig.make(cpu="486").has_apic


def test_without_acpi(rom):
    """No power management function, none of its ports, no tables."""
    with Machine(no_acpi=True, **rom) as bare, Machine(**rom) as full:
        for pc, there in ((bare, False), (full, True)):
            assert (1 << 3 | 3 in pc._pci.functions) == there
            assert (pc.parts.services["port_read8"](0xB2) != 0xFF) == there
            assert any("acpi" in name for name in pc._fw_cfg.files) == there


@pytest.mark.parametrize("engine", ENGINES)
def test_step_of_a_processor_that_nothing_wakes(rom, engine):
    """Halted with interrupts on and all of them masked, while a timer runs: step() comes back."""
    with Machine(engine=engine, **rom) as pc:
        pc.memory.write(0x7000, b"\xfb\xf4\xeb\xfd")          # STI; HLT; JMP to the HLT
        pc.step(1)
        pc._cpu.eip, pc._cpu.seg[1].base = 0x7000, 0
        for port, value in ((0x43, 0x34), (0x40, 0), (0x40, 0)):
            pc.parts.services["port_write8"](port, value)
        pc._lapic.write(0x350, 0x10000)
        before = pc.guest_ns
        pc.step(1000)
        assert pc.guest_ns - before >= 1_000_000_000 and pc._cpu.halted
