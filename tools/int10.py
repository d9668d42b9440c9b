"""Call a VGA BIOS on a whole machine: a boot sector waits for registers in memory, makes the call, and writes them back."""

import struct
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from emu import Machine  # noqa: E402
from emu.machine.boot_rom import assemble  # noqa: E402
from emu.machine.config import Floppy  # noqa: E402

BLOCK = 0x600  # flag, then eax ebx ecx edx esi edi ebp, es, ds, sp, and what to call
CODE = 0x700  # what is called; INT 10h; RET unless a test says otherwise
BUFFER = 0x8000  # room for what calls read and write
NAMES = ("eax", "ebx", "ecx", "edx", "esi", "edi", "ebp")
INT_10 = bytes.fromhex("CD10 C3")

BOOT_SECTOR = """
    FA                      ; cli
    31 C0                   ; xor ax, ax
    8E D8                   ; mov ds, ax
    8E D0                   ; mov ss, ax
    BC 00 7C                ; mov sp, 7C00h
    EA {w:low} 00 00        ; jmp 0:low
low:
    FB                      ; sti
wait:
    F4                      ; hlt
    80 3E 00 06 00          ; cmp byte [600h], 0
    74 {wait}               ; je wait
    66 8B 1E 08 06          ; mov ebx, [608h]
    66 8B 0E 0C 06          ; mov ecx, [60Ch]
    66 8B 16 10 06          ; mov edx, [610h]
    66 8B 36 14 06          ; mov esi, [614h]
    66 8B 3E 18 06          ; mov edi, [618h]
    66 8B 2E 1C 06          ; mov ebp, [61Ch]
    8E 06 20 06             ; mov es, [620h]
    66 A1 04 06             ; mov eax, [604h]
    FF 16 26 06             ; call word [626h]
    2E 66 A3 04 06          ; mov cs:[604h], eax        by CS, since DS is to be looked at, too
    2E 66 89 1E 08 06       ; mov cs:[608h], ebx
    2E 66 89 0E 0C 06       ; mov cs:[60Ch], ecx
    2E 66 89 16 10 06       ; mov cs:[610h], edx
    2E 66 89 36 14 06       ; mov cs:[614h], esi
    2E 66 89 3E 18 06       ; mov cs:[618h], edi
    2E 66 89 2E 1C 06       ; mov cs:[61Ch], ebp
    2E 8C 06 20 06          ; mov cs:[620h], es
    2E 8C 1E 22 06          ; mov cs:[622h], ds
    2E 89 26 24 06          ; mov cs:[624h], sp
    0E                      ; push cs
    1F                      ; pop ds
    C6 06 00 06 00          ; mov byte [600h], 0
    EB {wait}               ; jmp wait
"""


def _sector():
    return assemble(BOOT_SECTOR, 0x7C00, {}).ljust(510, b"\0")[:510] + b"\x55\xAA"


class Int10:
    """A machine that waits for calls.  ``vga_bios`` names the ROM (None: the default)."""

    def __init__(self, vga_bios=None, **settings):
        self.file = tempfile.NamedTemporaryFile(suffix=".img")
        self.file.write(_sector().ljust(1440 << 10, b"\0"))
        self.file.flush()
        self.pc = Machine(floppy=Floppy(self.file.name, keep_writes=False), vga_bios=vga_bios, memory="16M", nic="none",
                          net="none", **settings)
        try:
            self._wait_for_sector()
            self.write(BLOCK, bytes(0x26) + CODE.to_bytes(2, "little"))
            self.code(INT_10)
            self.vga = self.pc.vga
        except BaseException:
            self.close()
            raise

    def _wait_for_sector(self):
        for _ in range(600):
            self.pc.run_for(seconds=0.05)
            if self.pc.cpu.cs == 0 and 0x7C00 <= self.pc.cpu.eip < 0x7E00 and self.pc.cpu.halted:
                return
        raise TimeoutError("the firmware did not start the boot sector:\n" + "\n".join(self.pc.screen_text()))

    def close(self):
        self.pc.close()
        self.file.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def code(self, code):
        """What ``call`` runs from now on; ends with RET."""
        self.write(CODE, code)

    def read(self, address, size):
        return bytes(self.pc.memory.read(address, size))

    def write(self, address, data):
        self.pc.memory.write(address, data)

    def byte(self, address):
        return self.read(address, 1)[0]

    def word(self, address):
        return int.from_bytes(self.read(address, 2), "little")

    def call(self, ax, bx=0, cx=0, dx=0, si=0, di=0, bp=0, es=0):
        """Make the call.  Gives the registers after it as a dict; 32 bits may be given and are given."""
        self.write(BLOCK + 4, struct.pack("<7I2H", ax, bx, cx, dx, si, di, bp, es, 0))
        self.write(BLOCK, b"\1")
        for _ in range(400):
            self.pc.run_for(seconds=0.06)
            if not self.byte(BLOCK):
                break
        else:
            raise TimeoutError(f"call {ax:04X} did not come back (CS:EIP {self.pc.cpu.cs:04X}:{self.pc.cpu.eip:04X})")
        values = struct.unpack("<7I3H", self.read(BLOCK + 4, 34))
        after = dict(zip((*NAMES, "es", "ds", "sp"), values))
        after.update({name[1:]: after[name] & 0xFFFF for name in NAMES})
        for letter in "abcd":
            after[letter + "l"], after[letter + "h"] = after[letter + "x"] & 0xFF, after[letter + "x"] >> 8
        return after
