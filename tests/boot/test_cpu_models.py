"""--cpu: guests under each model that they support."""

import pytest
from boots import Boot, check

from emu import Machine

pytestmark = [pytest.mark.boot, pytest.mark.native, pytest.mark.slow, pytest.mark.timeout(900)]
MODELS = ("486", "pentium", "pentium2", "pentium3", "pentium4")

FLAGS = {
    "486": "fpu vme", "pentium": "fpu vme de pse tsc msr mce cx8 mmx",
    "pentium2": "fpu vme de pse tsc msr pae mce cx8 sep mtrr pge mca cmov pse36 mmx fxsr",       # Linux leaves PAT out on both, for its errata
    "pentium3": "fpu vme de pse tsc msr pae mce cx8 sep mtrr pge mca cmov pse36 mmx fxsr sse",
    "pentium4": "fpu vme de pse tsc msr pae mce cx8 sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2"}
FAMILIES = {"486": "4", "pentium": "5", "pentium2": "6", "pentium3": "6", "pentium4": "15"}


def no_complaint(text):
    """No guest met an instruction or register that it should not have used."""
    for word in ("invalid opcode", "illegal instruction", "general protection", "Kernel panic", "unchecked MSR"):
        assert word.lower() not in text.lower(), word


@pytest.mark.parametrize("cpu", MODELS)
def test_floppinux(cpu, image):
    """Linux 6.9 for a 486 says what /proc/cpuinfo should say."""
    def look(pc):
        pc.type("cat /proc/cpuinfo\n")
        pc.run_for(3)
        text = "\n".join(pc.screen_text())
        no_complaint(text)
        fields = dict((k.strip(), v.strip()) for k, _, v in (line.partition(":") for line in text.splitlines()) if v)
        assert fields.get("cpu family", FAMILIES[cpu]) == FAMILIES[cpu]        # it may have left the screen
        assert fields["fpu"] == "yes"
        rows = "".join(line.ljust(80) for line in pc.screen_text())
        flags = rows.partition("flags")[2].partition("bugs")[0].split()
        for flag in FLAGS[cpu].split():
            assert flag in flags, flag
        for flag in set(FLAGS["pentium4"].split()) - set(FLAGS[cpu].split()) - {"pat"}:
            assert flag not in flags, flag
    check(Boot("floppies/floppinux-steve-0.2.4.img", "/root #", seconds=400, settings={"cpu": cpu}), image, then=look)


@pytest.mark.parametrize("cpu", MODELS)
def test_linux_2_4(cpu, image):
    check(Boot("floppies/boote-linux-2.4.20.img", "Please press Enter to activate this console.", seconds=400,
               settings={"cpu": cpu}), image, then=lambda pc: no_complaint("\n".join(pc.screen_text())))


@pytest.mark.parametrize("cpu", MODELS)
def test_freedos(cpu, image):
    check(Boot("floppies/freedos722.img", "A:\\>", memory="16M", settings={"cpu": cpu}), image,
          then=lambda pc: no_complaint("\n".join(pc.screen_text())))


@pytest.mark.parametrize("cpu", MODELS[2:])
def test_debian(cpu, image):
    """Debian's 686 kernel needs CMOV."""
    check(Boot("debian-busybox.iso", "DEBIAN-BUSYBOX-READY", seconds=800, settings={"cpu": cpu, "serial": "null"}), image,
          then=lambda pc: no_complaint("\n".join(pc.screen_text())))


@pytest.mark.parametrize("cpu", MODELS[1:])
def test_kolibrios(cpu, image):
    """KolibriOS reads the time-stamp counter."""
    from emu.machine.config import Floppy
    floppy = Floppy(image("floppies/kolibrios-2014.img"), keep_writes=False)
    with Machine(floppy=floppy, memory="64M", engine="native", cpu=cpu, nic="none", net="none") as pc:
        assert pc.run(until=lambda: pc.guest_seconds > 18, timeout=400)
        shot = pc.screenshot().array
        assert shot.shape == (600, 800, 3) and len(set(map(bytes, shot[::8, ::8].reshape(-1, 3)))) > 50
