"""Call a VGA BIOS on a whole machine, by the server that the tests of the BIOS have."""

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
for folder in (ROOT, ROOT / "tests" / "bios"):
    sys.path.insert(0, str(folder))
from bios_rig import BiosRig, boot_sector  # noqa: E402

from emu.machine.config import Floppy  # noqa: E402

BUFFER = 0x8000  # room for what calls read and write
NAMES = ("eax", "ebx", "ecx", "edx", "esi", "edi", "ebp")
INT_10 = bytes.fromhex("CD10 C3")


class Int10:
    """A machine that waits for calls.  ``vga_bios`` names the ROM (None: the default)."""

    def __init__(self, vga_bios=None, **settings):
        self.file = tempfile.NamedTemporaryFile(suffix=".img")
        self.file.write(boot_sector())
        self.file.flush()
        try:
            self._rig = BiosRig(floppy=Floppy(self.file.name, keep_writes=False), vga_bios=vga_bios, **settings)
        except BaseException:
            self.file.close()
            raise
        self.pc = self._rig.pc
        self.vga = self.pc.vga
        self.code(INT_10)

    def close(self):
        self.pc.close()
        self.file.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def code(self, code):
        """What ``call`` runs from now on, at bios_rig's CODE; ends with RET."""
        self._code = code

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
        values = self._rig.call(0x10, self._code, eax=ax, ebx=bx, ecx=cx, edx=dx, esi=si, edi=di, ebp=bp, es=es)
        after = {name: getattr(values, name) for name in (*NAMES, "es", "ds", "sp")}
        after.update({name[1:]: after[name] & 0xFFFF for name in NAMES})
        for letter in "abcd":
            after[letter + "l"], after[letter + "h"] = after[letter + "x"] & 0xFF, after[letter + "x"] >> 8
        return after
