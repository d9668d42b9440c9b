"""The VMware backdoor on the board: a ROM that asks it, on both engines; machines without it."""
from pathlib import Path

import pytest
from data import nasm

from emu import Machine

SOURCE = Path(__file__).with_name("backdoor.asm")
ENGINES = ["python", pytest.param("native", marks=pytest.mark.native)]


@pytest.fixture(scope="module")
def rom(tmp_path_factory):
    """Settings of a machine whose firmware is the ROM."""
    path = nasm(SOURCE, tmp_path_factory.mktemp("rom") / "backdoor.bin")
    return {"bios": str(path), "vga_bios": str(path), "memory": "1M", "net": "none"}


@pytest.mark.parametrize("engine", ENGINES)
def test_pointer_of_a_guest(rom, engine):
    with Machine(engine=engine, **rom) as pc:
        assert not pc.pointer(1, 1) and not pc.pointer_absolute
        assert pc.run(until=lambda: "!" in pc.debug_text(), timeout=20)
        assert pc.pointer_absolute and pc.pointer(320, 0, 1, -1)
        pc.run(timeout=20)
        width = 640                                 # of the blank picture
        words = [0x20, (2 * 320 + 1) * 65536 // (2 * width), 0, 0xFFFFFFFF]
        got = pc.debug_text().replace("!", "").split()
        assert got[:3] == ["00000006", "564D5868", "80000000"] and got[3] == b"ware"[::-1].hex().upper()
        assert got[4] == "3442554A"
        assert [int(word, 16) for word in got[5:]][0::3] == words[0::3]
        assert pc.ended == "halt"
        pc.reset()
        assert not pc.pointer_absolute


def test_machine_without_it(rom):
    with Machine(no_vmware=True, **rom) as pc:
        pc.run_for(0.01)
        assert pc.debug_text().split()[:3] == ["FFFFFFFF", "00000000", "00000000"]
    with Machine(cpu="486", **rom) as pc:           # CPUID tells only of what the processor has: no TSC, no frequencies
        pc.run_for(0.01)
        assert pc.debug_text().split()[2] == "00000000"
