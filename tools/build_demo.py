"""Build the demonstration CD from bios/demo/: tools/build_demo.py [--check] [--ship] [--output FILE].

Without options the CD goes to build/demo.iso.  The one that ships has a line beside it, FILE.txt, that names the compiler,
the assembler and the linker; with the same ones, --check builds the same bytes or fails.
"""

import sys
import tempfile
from pathlib import Path

from build_bios import FLAGS
from shipping import FIRMWARE, ROOT, main, run, tools

sys.path.insert(0, str(ROOT))
from emu.media.iso_writer import IsoWriter  # noqa: E402

SOURCES = ROOT / "bios" / "demo"
SHIPPED = FIRMWARE / "demo.iso"
SECTOR = 2048
MORE_FLAGS = ("-m32",)
NOTE = """This CD starts the demonstration of emu, a PC in Python: it finds and exercises
every part of a PC, and shows what it found.  It boots on other 32-bit PCs too.
"""


def program():
    """The boot image: the boot sector's 2048 bytes, then the program."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        objects = []
        for source in sorted([*SOURCES.glob("*.S"), *SOURCES.glob("*.c")]):
            objects.append(out / f"{source.stem}.o")
            run("gcc", "-c", *FLAGS, *MORE_FLAGS, "-o", objects[-1], source)
        run("ld", "-m", "elf_i386", "--build-id=none", "-z", "noexecstack", "--no-warn-rwx-segments", "-T", SOURCES / "demo.ld",
            "-Map", out / "map", "-o", out / "demo.elf", *objects)
        parts = []
        for section in (".boot", ".main"):
            run("objcopy", "-O", "binary", "-j", section, out / "demo.elf", out / "part")
            parts.append((out / "part").read_bytes())
        (ROOT / "build").mkdir(exist_ok=True)
        (ROOT / "build" / "demo.map").write_bytes((out / "map").read_bytes())
    assert len(parts[0]) == SECTOR
    return b"".join(parts)


def build():
    """The CD's bytes."""
    cd = IsoWriter("EMU DEMONSTRATION", publisher="the emu authors")
    cd.add_boot("boot/demo.bin", program())
    cd.add("readme.txt", NOTE.encode())
    return cd.write()


if __name__ == "__main__":
    main(__doc__, SHIPPED.name, lambda: (build(), tools()))
