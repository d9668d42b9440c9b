"""FreeDOS makes bootable media with the BIOS's disk services, and starts from them."""

import shutil
import subprocess
from pathlib import Path

import pytest
from data import absent, nasm

from emu import Machine
from emu.machine.config import Disk, Floppy

pytestmark = [pytest.mark.native, pytest.mark.slow]

HERE = Path(__file__).parent
SETTINGS = {"memory": "16M", "nic": "none", "net": "none", "engine": "native"}


@pytest.fixture
def dos(image, tmp_path):
    """FreeDOS's floppy with the program dos_setup.com instead of its games."""
    if shutil.which("mcopy") is None:
        absent("mcopy (Debian: mtools)")
    mbr = nasm(HERE / "dos_mbr.asm", tmp_path / "mbr.bin")
    program = nasm(HERE / "dos_setup.asm", tmp_path / "setup.com", f'-DMBR="{mbr}"')
    path = tmp_path / "dos.img"
    shutil.copyfile(image("floppies/freedos722.img"), path)
    path.chmod(0o600)
    for command in (["mdeltree", "-i", path, "::GAMES"], ["mcopy", "-i", path, program, "::SETUP.COM"],
                    ["mattrib", "-i", path, "-h", "-s", "-r", "::KERNEL.SYS"]):
        subprocess.run(command, check=True, capture_output=True)
    return Floppy(str(path), keep_writes=False)


def say(pc, command, answer):
    pc.type(command + "\n")
    pc.wait_for_text(answer, timeout=120)


def copy_dos(pc, letter):
    """Makes the drive that has been set up a system's."""
    for name in ("kernel.sys", "command.com"):
        say(pc, f"copy {name} {letter}:", f"{name} => {letter}:")
    say(pc, f"dir {letter}:", "bytes free")


def starts(pc, letter):
    """DOS without an AUTOEXEC.BAT asks for the date and the time."""
    pc.wait_for_text("Enter new date", timeout=120)
    say(pc, "", "Enter new time")
    say(pc, "", f"{letter}:\\>")
    say(pc, "dir", "bytes free")
    return "\n".join(pc.screen_text())


@pytest.mark.parametrize("start", [0, 0xFF])
def test_a_floppy_is_formatted_and_starts(dos, tmp_path, start):
    path = tmp_path / "new.img"
    path.write_bytes(bytes([start]) * 1474560)
    with Machine(floppies=[dos, Floppy(str(path))], **SETTINGS) as pc:
        pc.wait_for_text("A:\\>", timeout=120)
        say(pc, "setup f", "All is set up.")
        copy_dos(pc, "b")
    data = path.read_bytes()
    assert data[512:515] == data[10 * 512:10 * 512 + 3] == b"\xf0\xff\xff"
    assert data[-512:] == b"\xf6" * 512                         # what FORMAT fills with
    with Machine(floppy=Floppy(str(path), keep_writes=False), **SETTINGS) as pc:
        assert "1,345,536 bytes free" in starts(pc, "A")


def test_a_hard_disk_is_set_up_and_starts(dos, tmp_path):
    path = tmp_path / "disk.img"
    with path.open("wb") as file:
        file.truncate(20 << 20)
    with Machine(floppy=dos, disk=Disk(str(path)), boot="floppy", **SETTINGS) as pc:
        pc.wait_for_text("A:\\>", timeout=120)
        say(pc, "setup h", "All is set up.")
    with Machine(floppy=dos, disk=Disk(str(path)), boot="floppy", **SETTINGS) as pc:
        pc.wait_for_text("A:\\>", timeout=120)
        copy_dos(pc, "c")
    with Machine(disk=Disk(str(path), keep_writes=False), boot="disk", **SETTINGS) as pc:
        assert "SET UP" not in starts(pc, "C")                  # the label is the boot sector's alone
