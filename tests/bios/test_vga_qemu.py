"""The VGA BIOS in another machine: QEMU's VGA, with SeaBIOS and with the system BIOS of the project."""

import shutil
import subprocess

import pytest
from vga_bios_rig import ROOT, VGA_BIOS

from emu.machine.boot_rom import assemble

# Each call's AX goes to the console, port E9h; then BX of 4F03h, the frame buffer's address, a pixel read back, the end
SECTOR = """
    31 C0               ; xor ax, ax
    8E D8               ; mov ds, ax
    8E C0               ; mov es, ax
    8E D0               ; mov ss, ax
    BC 00 7C            ; mov sp, 7C00h
    BD {w:word}         ; mov bp, word
    B8 01 4F            ; mov ax, 4F01h
    B9 18 01            ; mov cx, 118h
    BF 00 80            ; mov di, 8000h
    CD 10               ; int 10h
    FF D5               ; call bp
    A1 2A 80            ; mov ax, [802Ah]       upper half of the linear frame buffer
    FF D5               ; call bp
    B8 02 4F            ; mov ax, 4F02h
    BB 18 41            ; mov bx, 4118h
    CD 10               ; int 10h
    FF D5               ; call bp
    B8 03 4F            ; mov ax, 4F03h
    CD 10               ; int 10h
    89 D8               ; mov ax, bx
    FF D5               ; call bp
    B8 12 00            ; mov ax, 12h
    CD 10               ; int 10h
    B8 0B 0C            ; mov ax, 0C0Bh
    B9 7B 02            ; mov cx, 635
    BA D7 01            ; mov dx, 471
    CD 10               ; int 10h
    B4 0D               ; mov ah, 0Dh
    CD 10               ; int 10h
    B4 00               ; mov ah, 0
    FF D5               ; call bp
    B8 03 00            ; mov ax, 3
    CD 10               ; int 10h
    B8 41 0E            ; mov ax, 0E41h
    CD 10               ; int 10h
    68 00 B8            ; push 0B800h
    1F                  ; pop ds
    A1 00 00            ; mov ax, [0]
    FF D5               ; call bp
    B8 06 00            ; mov ax, 6
    E7 F4               ; out 0F4h, ax
    F4                  ; hlt
word:
    E6 E9               ; out 0E9h, al
    88 E0               ; mov al, ah
    E6 E9               ; out 0E9h, al
    C3                  ; ret
"""


@pytest.mark.parametrize("bios", ["seabios", "ours"])
def test_calls_in_qemu(bios, tmp_path):
    if shutil.which("qemu-system-i386") is None:
        pytest.skip("qemu-system-i386 is absent")
    image, out = tmp_path / "floppy.img", tmp_path / "console"
    sector = assemble(SECTOR, 0x7C00, {}).ljust(512, b"\0")[:510] + b"\x55\xAA"
    image.write_bytes(sector.ljust(1440 << 10, b"\0"))
    options = ["-bios", str(ROOT / "emu" / "firmware" / "bios.bin")] if bios == "ours" else []
    command = ["qemu-system-i386", "-M", "pc", "-m", "32", "-display", "none", "-nic", "none", "-vga", "none", "-boot", "a",
               "-device", f"VGA,romfile={VGA_BIOS}", "-drive", f"file={image},if=floppy,format=raw", "-no-reboot",
               "-debugcon", f"file:{out}", "-device", "isa-debug-exit,iobase=0xf4,iosize=4", *options]
    with subprocess.Popen(command) as process:
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            pass
        finally:
            process.kill()
    data = out.read_bytes()[-12:]
    words = [data[n] | data[n + 1] << 8 for n in range(0, len(data), 2)]
    assert len(words) == 6 and words[0] == 0x4F and words[1] >= 0x8000
    assert words[2:] == [0x4F, 0x4118, 11, 0x0741]
