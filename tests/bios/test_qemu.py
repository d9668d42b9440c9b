"""The ROMs are real firmware: they also boot QEMU's `pc` machine, with QEMU's own option ROMs, tables and boot order."""

import shutil
import struct
import subprocess

import bios_media
import pytest
from bios_media import FLOPPY_144, HARD_DISK

from emu.machine.boot_rom import assemble
from emu.machine.config import FIRMWARE

QEMU = shutil.which("qemu-system-i386")
pytestmark = pytest.mark.skipif(not QEMU, reason="needs qemu-system-i386")

# Says on port 402h "boot", the drive, the IDE function and the first E820h entry, then powers off as ACPI does.
PROGRAM = """
    FA                      ; cli
    31 C0                   ; xor ax, ax
    8E D8                   ; mov ds, ax
    8E C0                   ; mov es, ax
    8E D0                   ; mov ss, ax
    BC 00 7C                ; mov sp, 7C00h
    FB                      ; sti
    88 16 00 80             ; mov [8000h], dl
    66 B8 20 E8 00 00       ; mov eax, 0E820h
    66 31 DB                ; xor ebx, ebx
    66 B9 14 00 00 00       ; mov ecx, 20
    66 BA 50 41 4D 53       ; mov edx, 'SMAP'
    BF 10 80                ; mov di, 8010h
    CD 15                   ; int 15h
    B8 02 B1                ; mov ax, 0B102h            where the IDE controller is
    B9 10 70                ; mov cx, 7010h
    BA 86 80                ; mov dx, 8086h
    31 F6                   ; xor si, si
    CD 1A                   ; int 1Ah
    89 1E 02 80             ; mov [8002h], bx
    BE {w:text}             ; mov si, text
    B9 05 00                ; mov cx, 5
    BA 02 04                ; mov dx, 402h
    F3 6E                   ; rep outsb
    BE 00 80                ; mov si, 8000h
    B9 24 00                ; mov cx, 24h
    F3 6E                   ; rep outsb
    BA 04 06                ; mov dx, 604h
    B8 00 20                ; mov ax, 2000h
    EF                      ; out dx, ax
    F4                      ; hlt
text:
    42 4F 4F 54 3A          ; "BOOT:"
"""


def program(path):
    """Put the program into the boot sector of the image."""
    code = assemble(PROGRAM, 0x7C00, {})
    data = bytearray(path.read_bytes())
    for at in (0, bios_media.BOOT_LBA * bios_media.BLOCK):
        if data[at + 510:at + 512] == b"\x55\xaa":
            data[at:at + len(code)] = code
    path.write_bytes(data)
    return str(path)


def run(tmp_path, *arguments):
    """What came over the log port."""
    log = tmp_path / "log"
    command = [QEMU, "-M", "pc", "-cpu", "pentium3", "-m", "64", "-accel", "tcg", "-bios", str(FIRMWARE / "bios.bin"), "-display", "none",
               "-no-reboot", "-nic", "none", "-monitor", "none", "-debugcon", f"file:{log}", "-global", "isa-debugcon.iobase=0x402",
               "-L", "/usr/share/seabios", *arguments]
    subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=60, check=True)
    return log.read_bytes()


@pytest.mark.parametrize("kind, option, drive", [
    ("floppy", "-drive=if=floppy,format=raw,snapshot=on,file=", 0x00), ("disk", "-drive=format=raw,snapshot=on,file=", 0x80),
    ("cd", "-cdrom=", 0xE0), ("cd_floppy", "-cdrom=", 0x00), ("cd_disk", "-cdrom=", 0x80)])
def test_boots(tmp_path, kind, option, drive):
    path = tmp_path / kind
    make = {"floppy": bios_media.floppy, "disk": bios_media.disk, "cd": bios_media.cd,
            "cd_floppy": lambda p: bios_media.cd(p, FLOPPY_144, 1), "cd_disk": lambda p: bios_media.cd(p, HARD_DISK, 1)}[kind]
    make(path)
    name, _, start = option.partition("=")
    log = run(tmp_path, name, start + program(path), "-boot", {"f": "a", "d": "c", "c": "d"}[kind[0]])
    assert b"emu BIOS" in log
    _, _, told = log.partition(b"BOOT:")
    assert told[0] == drive and struct.unpack_from("<H", told, 2)[0] == 0x09
    assert struct.unpack_from("<QQI", told, 0x10) == (0, 0x9FC00, 1)
