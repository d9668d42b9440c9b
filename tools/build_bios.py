"""Build the system BIOS from bios/: tools/build_bios.py [--check] [--ship] [--output FILE].

Without options the ROM goes to build/bios.bin.  A ROM that ships has a line beside it, FILE.txt, that names the compiler,
the assembler and the linker; with the same ones, --check builds the same bytes or fails.
"""

import tempfile
from pathlib import Path

from shipping import FIRMWARE, ROOT, main, run, tools

SOURCES = ROOT / "bios"
SHIPPED = FIRMWARE / "bios.bin"
E_SEGMENT, SEGMENT = 0xE0000, 0x10000       # bios.ld has the F segment at 0
BOTH = ("pcibios",)
SIXTEEN = ("pic", "time", "system", "ports", "mouse", "keyboard", "int16", "ata", "disk", "edd", "eltorito", "floppy", "pmm")
THIRTYTWO = ("print", "fwcfg", "memory", "pci", "acpi", "smbios", "tables", "oprom", "boot", "post")
FLAGS = ("-std=gnu11 -Os -march=i386 -mregparm=3 -mno-sse -mno-mmx -mpreferred-stack-boundary=2 -ffreestanding -fno-pic -fno-pie "
         "-fno-stack-protector -fno-asynchronous-unwind-tables -fno-jump-tables -fno-strict-aliasing -fomit-frame-pointer "
         "-fno-tree-loop-distribute-patterns -fno-delete-null-pointer-checks --param=min-pagesize=0 -fcf-protection=none -fno-ident "
         "-fno-common -Wall -Wextra -Werror").split()


def build():
    """The ROM, 128 KiB."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        objects = []

        def compile_(name, suffix, *options):
            target = out / f"{Path(name).stem}.{suffix}.o"
            run("gcc", "-c", "-I", SOURCES, *FLAGS, *options, "-o", target, SOURCES / name)
            objects.append(target)

        compile_("entry.S", "16", "-m32")
        compile_("pcientry.S", "32", "-m32")
        for name in SIXTEEN + BOTH:
            compile_(f"{name}.c", "16", "-m16", "-DMODE16")
        for name in THIRTYTWO + BOTH:
            compile_(f"{name}.c", "32", "-m32")
        (ROOT / "build").mkdir(exist_ok=True)
        run("ld", "-m", "elf_i386", "--oformat", "binary", "-T", SOURCES / "bios.ld", "-Map", ROOT / "build" / "bios.map",
            "-o", out / "bios", *objects)
        memory = (out / "bios").read_bytes()
        return memory[E_SEGMENT:].ljust(SEGMENT, b"\0") + memory[:SEGMENT]


if __name__ == "__main__":
    main(__doc__, SHIPPED.name, lambda: (build(), tools()))
