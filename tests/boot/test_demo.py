"""The demonstration CD: what it finds on COM1, its screen, keyboard, mouse, power; that it is what its sources build."""

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy
import pytest
from boots import SEABIOS
from data import absent

from emu import Machine
from emu.cpu.cpuid import F_APIC, F_MMX, F_TSC, IMPLEMENTED, MODELS
from emu.machine.config import DEMO_CD, FIRMWARE, Floppy

ROOT = Path(__file__).resolve().parents[2]
EVERYWHERE = {"cpu", "fpu", "mmu", "speed", "memory", "pic", "pit", "pmtimer", "rtc", "cmos", "dma", "speaker", "kbc",
              "keyboard", "mouse", "vga", "vbe", "com1", "com2", "lpt", "floppy", "pci", "ide", "cdpio", "cddma", "acpi", "smbios",
              "fwcfg", "nic", "sound"}
BY_FEATURE = {F_MMX: {"simd"}, F_TSC: {"tsc"}, F_APIC: {"apic", "mptable"}}
LINE = re.compile(r"^DEMO (\w+): (pass|absent|fail:)(?: (.*))?$", re.MULTILINE)
FIRST_SCREEN_MOST = 15_000_000          # instructions, firmware included: a minute or two of the Python engine

pytestmark = [pytest.mark.boot, pytest.mark.native]


def demo(**settings):
    return Machine(**{"cdrom": DEMO_CD, "engine": "native", "net": "none", **settings})


def report(pc):
    """{check: (verdict, text)} of what COM1 said."""
    return {name: (verdict.rstrip(":"), text or "") for name, verdict, text in LINE.findall(pc.serial_text().replace("\r", ""))}


def run_checks(pc):
    pc.wait_for_text("DEMO-DONE", timeout=120)
    pc.run_for(0.1)
    return report(pc)


def expected(*more, features=IMPLEMENTED):
    """What a machine has."""
    return EVERYWHERE.union(more, *(parts for bit, parts in BY_FEATURE.items() if features & bit))


def all_well(found, there):
    assert {name: verdict for name, (verdict, _) in found.items() if verdict == "fail"} == {}
    assert {name for name, (verdict, _) in found.items() if verdict == "pass"} == there


def test_every_part_of_the_machine():
    with demo() as pc:
        pc.wait_for_text("DEMO-READY", timeout=120)
        assert pc.instructions < FIRST_SCREEN_MOST
        found = run_checks(pc)
        all_well(found, expected())
        assert f"DEMO-DONE {len(expected())} pass" in pc.serial_text() and "0 fail" in pc.serial_text()
        assert found["pit"][1].startswith("100.0 Hz")
        assert found["memory"][1].startswith("256 MiB")
        assert found["nic"][1].startswith("52:54:00:12:34:56; PCI NE2000")
        assert found["speed"][1].startswith("100.0 MIPS")       # 10 ns an instruction
        shot = pc.screenshot().array
        assert shot.shape == (600, 800, 3) and len(numpy.unique(shot.reshape(-1, 3), axis=0)) > 60


@pytest.mark.slow
def test_in_the_hosts_time():
    """As in a window: chips are ready at other moments of the program."""
    with demo(clock="host") as pc:
        found = run_checks(pc)
        all_well(found, expected())
        assert found["sound"][1].startswith("Sound Blaster 4.05; IRQ 5, DMA 1")


def test_disk_and_floppy(tmp_path):
    disk, floppy = tmp_path / "disk.img", tmp_path / "floppy.img"
    disk.write_bytes(bytes(range(256)) * (20 << 12))
    floppy.write_bytes(bytes(range(255, -1, -1)) * (2880 * 2))
    with demo(disk=str(disk), floppy=Floppy(str(floppy), keep_writes=False), boot="cdrom", memory="8M") as pc:
        found = run_checks(pc)
        all_well(found, expected("disk"))
        assert found["disk"][1].startswith("20 MiB, PIO and DMA") and "sector read" in found["floppy"][1]
        assert found["ide"][1].startswith("1 disk, 1 CD") and found["memory"][1].startswith("8 MiB")


def test_with_seabios():
    """The second firmware; its MP table is there in any case."""
    if not (SEABIOS / "bios-256k.bin").is_file():
        absent("SeaBIOS (Debian: package seabios)")
    with demo(bios=SEABIOS / "bios-256k.bin", vga_bios=SEABIOS / "vgabios-stdvga.bin") as pc:
        pc.wait_for_text("DEMO-READY", timeout=120)
        assert pc.instructions < FIRST_SCREEN_MOST
        all_well(run_checks(pc), expected("mptable"))


def test_without_the_graphics_mode(tmp_path):
    """The CD asks for another mode, which there is not: the report comes on the text screen."""
    ask = b"\xB9\x03\x01"             # MOV CX,103h
    image = DEMO_CD.read_bytes()
    assert image.count(ask) == 1
    other = tmp_path / "other.iso"
    other.write_bytes(image.replace(ask, b"\xB9\xF3\x01"))
    with demo(cdrom=other) as pc:
        all_well(run_checks(pc), expected() - {"vbe"})
        assert any(row.startswith("DEMO fwcfg: pass") for row in pc.screen_text())
        pc.type("{f10}", escapes=True)
        pc.run(timeout=30)
        assert pc.ended == "poweroff"


@pytest.mark.parametrize("model", MODELS[:-1], ids=lambda model: model.name)
def test_processor_models(model):
    with demo(cpu=model.name) as pc:
        all_well(run_checks(pc), expected(features=model.features))


def test_what_is_left_out():
    with demo(no_apic=True) as pc:
        all_well(run_checks(pc), expected(features=IMPLEMENTED & ~F_APIC))
    with demo(no_acpi=True, nic="none") as pc:
        all_well(run_checks(pc), expected() - {"acpi", "pmtimer", "nic"})


def test_isa_network_card():
    with demo(nic="ne2k_isa,port=0x280,irq=10") as pc:
        assert run_checks(pc)["nic"][0] == "absent"         # it looks at 300h alone
    with demo(nic="ne2k_isa") as pc:
        found = run_checks(pc)
        all_well(found, expected())
        assert found["nic"][1] == "52:54:00:12:34:56; ISA NE2000 at 300"


@pytest.mark.parametrize("memory", ["1M", "2M", "3584M"])
def test_least_and_most_memory(memory):
    with demo(memory=memory) as pc:
        assert [n for n, (verdict, _) in run_checks(pc).items() if verdict == "fail"] == []


@pytest.fixture
def ready():
    """A machine that has done its checks."""
    with demo(memory="16M") as pc:
        run_checks(pc)
        yield pc


def test_keyboard(ready):
    ready.type("aZ{{{up}{f12}", escapes=True)
    ready.run_for(1)
    keys = re.findall(r"DEMO key: (\S+)", ready.serial_text())
    assert keys == ["a", "Shift", "Z", "Shift", "{", "Up", "F12"]


def test_lights_follow_caps_lock(ready):
    ready.type("{capslock}a", escapes=True)
    ready.run_for(1)
    assert re.findall(r"DEMO key: (\S+)", ready.serial_text()) == ["CapsLock", "A"]


def test_mouse_moves_points_and_turns(ready):
    before = ready.screenshot().array.copy()
    ready.mouse_move(-100, 50)
    ready.run_for(0.5)
    assert "DEMO mouse: 300,350" in ready.serial_text()
    assert (ready.screenshot().array != before).any()
    ready.mouse_buttons(1)
    ready.run_for(0.1)
    ready.mouse_buttons(0)
    ready.run_for(0.1)
    ready.mouse_move(0, 0, 1)
    ready.run_for(0.3)
    assert re.findall(r"DEMO (?:buttons|wheel): (\S+)", ready.serial_text()) == ["1", "0", "1"]


def test_a_click_on_a_tab_shows_its_page(ready):
    ready.mouse_move(5 + 79 + 40 - 400, 580 - 300)
    ready.run_for(0.2)
    ready.mouse_buttons(1)
    ready.run_for(0.5)
    assert "DEMO page: 2" in ready.serial_text()


def test_every_page_is_another_picture(ready):
    pictures = [ready.screenshot().array[76:510].copy()]
    for page in range(2, 9):
        ready.type(f"{{f{page if page < 8 else 9}}}", escapes=True)
        ready.run_for(0.5)
        assert f"DEMO page: {page}" in ready.serial_text()
        pictures.append(ready.screenshot().array[76:510].copy())
    assert all((a != b).any() for i, a in enumerate(pictures) for b in pictures[:i])
    ready.type("{esc}", escapes=True)
    ready.run_for(0.5)
    assert (ready.screenshot().array[76:300] == pictures[0][:224]).all()       # above the mouse's pointer


def test_drawing(ready):
    ready.type("{f6}", escapes=True)
    ready.run_for(0.5)
    ready.mouse_move(-200, -150)
    ready.run_for(0.1)
    ready.mouse_buttons(1)
    ready.run_for(0.05)
    for _ in range(10):
        ready.mouse_move(20, 0)
        ready.run_for(0.05)
    ready.mouse_buttons(0)
    ready.run_for(0.1)
    ready.mouse_move(0, 100)
    ready.run_for(0.1)
    row = ready.screenshot().array[150, 200:400]
    assert len(numpy.unique(row, axis=0)) == 1 and tuple(row[0]) != tuple(ready.screenshot().array[160, 300])
    ready.type("{f1}{f6}", escapes=True)
    ready.run_for(1)
    assert (ready.screenshot().array[150, 200:400] == row).all(), "the sheet is kept while another page is shown"


def test_bricks_break(ready):
    ready.type("{f7}", escapes=True)
    ready.run_for(0.5)
    before = ready.screenshot().array[120:216, 112:688].copy()
    ready.type(" ")
    ready.run_for(2)
    assert (ready.screenshot().array[120:216, 112:688] != before).any()


@pytest.mark.parametrize("how", ["key", "serial"])
def test_power_off(ready, how):
    if how == "key":
        ready.type("{f10}", escapes=True)
    else:
        ready.send_serial(b"off\n")
    ready.run(timeout=30)
    assert ready.ended == "poweroff"


def test_reset(ready):
    ready.send_serial(b"reset\n")
    ready.wait_for_text("DEMO power: reset", timeout=30)
    ready.wait_for_text("DEMO-DONE", timeout=60)
    assert ready.serial_text().count("DEMO start") == 2


def test_emu_run_alone():
    """No image: the demonstration, one line about it, and power-off ends with 0."""
    done = subprocess.run([sys.executable, "-m", "emu", "run", "--display", "none", "--serial", "stdio", "--wait", "DEMO-DONE", "--type", "{f10}",
                           "--timeout", "100"], capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "DEMO-READY" in done.stdout and "demonstration CD" in done.stderr and len(done.stderr.splitlines()) == 1


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_python_engine_comes_to_the_same_first_screen():
    seen = []
    for engine in ("native", "python"):
        with demo(engine=engine, memory="16M") as pc:
            pc.wait_for_text("DEMO-READY", timeout=380)
            seen.append((pc.instructions, pc.guest_ns, pc.serial_text(), pc.screenshot().array.tobytes()))
    assert seen[0] == seen[1]


def in_qemu(tmp_path, *options, seconds=60):
    """What the CD reports in QEMU, by check."""
    if shutil.which("qemu-system-i386") is None:
        pytest.skip("qemu-system-i386 is absent")
    out = tmp_path / "serial"
    with subprocess.Popen(["qemu-system-i386", "-M", "pc", "-m", "128", "-display", "none", "-serial", f"file:{out}", "-nic", "none",
                           "-cdrom", str(DEMO_CD), *options]) as process:
        try:
            end = time.monotonic() + seconds
            while time.monotonic() < end and not (out.exists() and b"DEMO-DONE" in out.read_bytes()):
                assert process.poll() is None, "QEMU ended"
                time.sleep(0.5)
        finally:
            process.kill()
    text = out.read_text()
    assert "DEMO-DONE" in text, text
    return {name: (verdict.rstrip(":"), line) for name, verdict, line in LINE.findall(text)}


@pytest.mark.heavy
def test_in_qemu_with_seabios(tmp_path):
    """Without a sound card: QEMU's takes its samples ahead of time, and a tone of 100 ms ends after 86."""
    all_well(in_qemu(tmp_path), expected() - {"com2", "nic", "sound"})


@pytest.mark.heavy
def test_in_qemu_with_our_firmware(tmp_path):
    bios, vga = FIRMWARE / "bios.bin", FIRMWARE / "vgabios.bin"
    if not (bios.exists() and vga.exists()):
        pytest.skip("our firmware is not built yet")
    found = in_qemu(tmp_path, "-bios", str(bios), "-vga", "none", "-device", f"VGA,romfile={vga}")
    assert {name for name, (verdict, _) in found.items() if verdict == "fail"} == set()
    assert {"vbe", "cdpio", "cddma", "keyboard", "mouse"} <= {name for name, (verdict, _) in found.items() if verdict == "pass"}


def test_the_cd_is_what_its_sources_build(tmp_path):
    """To the byte where the compiler, assembler and linker are the same ones."""
    made = tmp_path / "demo.iso"
    done = subprocess.run([sys.executable, ROOT / "tools" / "build_demo.py", "--output", made], capture_output=True, text=True)
    if done.returncode and shutil.which("gcc") is None:
        pytest.skip("gcc is absent")
    assert done.returncode == 0, done.stderr
    if made.with_suffix(".txt").read_text() != DEMO_CD.with_suffix(".txt").read_text():
        pytest.skip("other versions of compiler, assembler or linker than the CD was built with")
    assert made.read_bytes() == DEMO_CD.read_bytes()
    assert made.stat().st_size < 1 << 20
