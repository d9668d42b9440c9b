"""Who runs the image: our engines, and other emulators where they are installed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from emu.machine.native_parts import available

PACKAGE = Path(__file__).resolve().parents[2]
QEMU, BOCHS = "qemu-system-i386", "bochs"
BOCHS_BIOS = Path("/usr/share/bochs/BIOS-bochs-latest")
BOCHS_VGA = [Path("/usr/share/vgabios/vgabios.bin"), Path("/usr/share/bochs/VGABIOS-lgpl-latest"), Path("/usr/share/seabios/vgabios-stdvga.bin")]
BOCHSRC = """config_interface: textconfig
display_library: {screen}
cpu: model=p4_willamette, ips=100000000
memory: guest={memory}, host={memory}
romimage: file={bios}
vgaromimage: file={vga}
com1: enabled=1, mode=file, dev={pipe}
clock: sync=none, time0=utc
pci: enabled=1, chipset=i440fx
sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
speaker: enabled=0
error: action=ignore
info: action=ignore
log: {folder}/log
boot: {kind}
{medium}
"""
BOCHS_MEDIA = {
    "cdrom": "ata1: enabled=1, ioaddr1=0x170, ioaddr2=0x370, irq=15\nata1-master: type=cdrom, path={path}, status=inserted",
    "floppy": "floppya: image={path}, status=inserted, write_protected=1",
    "disk": "ata0-master: type=disk, path={path}, mode=volatile",
}


class Engine:
    """One of our engines."""

    counts = True               # says how many instructions were executed

    def __init__(self, engine):
        self.name = self.title = engine
        self.share = {"native": 1, "python": 1 / 128}[engine]     # of the rounds of our own set

    def command(self, image, _folder):
        """(the command, the pipe that COM1 comes out of, or None for standard output)."""
        return [sys.executable, "-m", "emu.bench.worker", image.kind, image.path, self.name, str(image.memory)], None

    def environment(self):
        """This package's, wherever the command was called."""
        return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(PACKAGE), os.environ.get("PYTHONPATH"))))}


class Qemu:
    """QEMU's translator, all in one thread, so that its CPU time is that of the guest."""

    name, counts, share = "qemu", False, 1

    def __init__(self):
        self.title = _first_line([QEMU, "--version"])

    def command(self, image, _folder):
        """As for Engine."""
        drive = {"cdrom": "if=ide,media=cdrom", "floppy": "if=floppy,format=raw", "disk": "if=ide"}[image.kind]
        return [QEMU, "-accel", "tcg,thread=single", "-m", str(image.memory), "-display", "none", "-monitor", "none", "-serial", "stdio",
                "-nic", "none", "-no-reboot", "-snapshot", "-boot", {"cdrom": "d", "floppy": "a", "disk": "c"}[image.kind],
                "-drive", f"{drive},file={image.path.replace(',', ',,')}"], None

    def environment(self):
        """Nothing special."""
        return None


class Bochs:
    """Bochs; without a display its only screen is VNC, which gets a network of its own where that is possible."""

    name, counts, share = "bochs", False, 1 / 16

    def __init__(self):
        self.title = next((line for line in _said([BOCHS, "--help"]) if "Bochs x86" in line), "Bochs").strip(" =*")

    def command(self, image, folder):
        """As for Engine."""
        pipe = os.path.join(folder, "com1")
        os.mkfifo(pipe)
        config, go = Path(folder, "bochsrc"), Path(folder, "go")
        vga = next((path for path in BOCHS_VGA if path.exists()), BOCHS_VGA[0])
        config.write_text(BOCHSRC.format(screen='rfb, options="timeout=0"', memory=image.memory, bios=BOCHS_BIOS, vga=vga, pipe=pipe,
                                         folder=folder, kind=image.kind, medium=BOCHS_MEDIA[image.kind].format(path=image.path)))
        go.write_text("c\n" * 8)                # Debian's has the debugger built in, which starts by this
        alone = ["unshare", "-n"] if shutil.which("unshare") and os.geteuid() == 0 else []
        return [*alone, BOCHS, "-q", "-f", str(config), "-rc", str(go)], pipe

    def environment(self):
        """Nothing special."""
        return None


def _said(command):
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return (done.stdout + done.stderr).decode("utf-8", "replace").splitlines()


def _first_line(command):
    return next(iter(_said(command)), command[0])


def engines():
    """The names of the engines that are there, the fastest first."""
    return ["native", "python"] if available() else ["python"]


def peers():
    """The other emulators that are installed."""
    return [peer() for program, peer in ((QEMU, Qemu), (BOCHS, Bochs)) if shutil.which(program)]
