"""Assembles the bare-metal programs, reads what they have to print, and runs them on emu, QEMU and Bochs."""

import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from data import nasm

from emu import Machine

HERE = Path(__file__).parent
PROGRAMS = sorted(path.stem for path in HERE.glob("*.asm"))
EXPECTED = re.compile(r"\s*;= (.*?)(?:\s+\|.*)?$")
END = "END"
MEDIA = {"dma"}     # programs that find their own image on a floppy and on a disk
QEMU_COUNTS = {"v86irq"}    # what wants a timer later than a few instructions: QEMU goes by their count, not by the host's time
FLOPPY_SIZE = 1474560
DISK_SIZE = 16 * 63 * 512 * 8       # 8 cylinders
BOCHS_SHARE = Path("/usr/share/bochs")
BOCHSRC = """
config_interface: textconfig
display_library: rfb, options="timeout=0"
cpu: model=p4_willamette, count=1, ips=50000000, reset_on_triple_fault=1
memory: guest=4, host=4
romimage: file={rom}
port_e9_hack: enabled=1
clock: sync=none, time0=utc
pci: enabled=1, chipset=i440fx
sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
speaker: enabled=0
panic: action=report
error: action=report
info: action=ignore
debug: action=ignore
log: {log}
{media}
"""
BOCHS_MEDIA = """floppya: 1_44={floppy}, status=inserted
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=disk, path={disk}, mode=flat, cylinders=8, heads=16, spt=63
"""


def expected(name):
    """The lines that a program has to print."""
    lines = (HERE / f"{name}.asm").read_text().splitlines()
    return [found[1] for found in map(EXPECTED.match, lines) if found] + [END]


def assemble(name, folder):
    """The program as a ROM image."""
    return nasm(HERE / f"{name}.asm", Path(folder) / f"{name}.rom", "-w+error", "-I", f"{HERE}/")


def media(rom):
    """(floppy, disk) with the program on them, or None."""
    if rom.stem not in MEDIA:
        return None
    made = []
    for size, suffix in ((FLOPPY_SIZE, ".flp"), (DISK_SIZE, ".dsk")):
        path = rom.with_suffix(suffix)
        path.write_bytes(rom.read_bytes().ljust(size, b"\0"))
        made.append(path)
    return made


def run_emu(rom, engine, timeout=60):
    """The lines that a ROM prints."""
    more = dict(zip(("floppy", "disk"), media(rom) or ()))
    with Machine(bios=rom, memory="4M", engine=engine, display=None, debug_console=True, debug_exit=True, nic="none",
                 net="none", **more) as pc:
        pc.run(timeout=timeout)
        return pc.debug_text().splitlines()


def run_qemu(rom, timeout=60):
    command = ["qemu-system-i386", "-M", "pc", "-cpu", "pentium3", "-m", "4", "-accel", "tcg", "-bios", rom, "-display", "none",
               "-monitor", "none", "-nic", "none", "-debugcon", "stdio", "-global", "isa-debugcon.iobase=0xe9",
               "-device", "isa-debug-exit,iobase=0xf4,iosize=1"]
    if rom.stem in QEMU_COUNTS:
        command += ["-icount", "shift=0,sleep=off"]
    for path, kind in zip(media(rom) or (), ("floppy", "ide")):
        command += ["-drive", f"if={kind},format=raw,index=0,file={path}"]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout)
        return done.stdout.decode("latin-1").splitlines()
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b"").decode("latin-1").splitlines()


def run_bochs(rom, timeout=60):
    """Bochs's debugger starts the program by `c`, after each reset too; its only screen without a display is VNC, in a network of its own."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        more = BOCHS_MEDIA.format(**dict(zip(("floppy", "disk"), media(rom)))) if media(rom) else ""
        (folder / "bochsrc").write_text(BOCHSRC.format(rom=rom, log=folder / "log", media=more))
        (folder / "go").write_text("c\n" * 8)
        command = ["bochs", "-q", "-f", folder / "bochsrc", "-rc", folder / "go"]
        if shutil.which("unshare") and os.geteuid() == 0:
            command = ["unshare", "-n", *command]
        with open(folder / "out", "wb") as out:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, cwd=folder)
            try:
                end = time.monotonic() + timeout
                while process.poll() is None and time.monotonic() < end:
                    time.sleep(0.05)
                    if b"\nEND\n" in (folder / "out").read_bytes():
                        break
            finally:
                process.kill()
                process.wait()
        said = (folder / "out").read_bytes().decode("latin-1").splitlines()
    start = next((n for n, line in enumerate(said) if line.startswith("(0) [0x")), 0)
    return [line for line in said[start + 1:] if not re.match(r"\d{11}[a-z]\[|Next at t=|\(0\)|<bochs|debugger interrupt", line)]
