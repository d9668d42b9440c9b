"""Build the bare-metal benchmark from bios/bench/: tools/build_bench.py [--check] [--ship] [--output FILE].

Without options the boot image goes to build/bench.bin.  The one that ships has a line beside it, FILE.txt, that names the
compiler, the assembler and the linker; with the same ones, --check builds the same bytes or fails.
"""

import tempfile
from pathlib import Path

from shipping import FIRMWARE, ROOT, main, run, tools

SOURCES = ROOT / "bios" / "bench"
SHIPPED = FIRMWARE / "bench.bin"


def build():
    """The boot image's bytes."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        objects = []
        for source in sorted(SOURCES.glob("*.S")):
            objects.append(out / f"{source.stem}.o")
            run("gcc", "-c", "-m32", "-o", objects[-1], source)
        run("ld", "-m", "elf_i386", "--build-id=none", "-z", "noexecstack", "--no-warn-rwx-segments", "--oformat", "binary",
            "-T", SOURCES / "bench.ld", "-o", out / "bench.bin", *objects)
        return (out / "bench.bin").read_bytes()


if __name__ == "__main__":
    main(__doc__, SHIPPED.name, lambda: (build(), tools()))
