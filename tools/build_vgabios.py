"""Build the VGA BIOS from bios/vga/: tools/build_vgabios.py [--check] [--ship] [--output FILE].

Without options the ROM goes to build/vgabios.bin, a map beside it.  --ship writes emu/firmware/vgabios.bin, and beside it a
text that names the compiler, the assembler and the linker; with the same ones, --check builds the same bytes or fails.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import asm16
from shipping import FIRMWARE, ROOT, main, run, tools

SOURCES = ROOT / "bios" / "vga"
SHIPPED = FIRMWARE / "vgabios.bin"
sys.path.insert(0, str(SOURCES))
sys.path.insert(0, str(ROOT))
import font_text  # noqa: E402
import tables  # noqa: E402

BLOCK = 512
FLAGS = ("-std=gnu11 -Os -m16 -march=i386 -mregparm=3 -mno-sse -mno-mmx -mpreferred-stack-boundary=2 -ffreestanding -fno-pic "
         "-fno-pie -fno-stack-protector -fno-asynchronous-unwind-tables -fno-jump-tables -fno-tree-switch-conversion "
         "-fno-strict-aliasing -fomit-frame-pointer -fno-tree-loop-distribute-patterns -fcf-protection=none -fno-ident "
         "-fno-common -fno-delete-null-pointer-checks --param=min-pagesize=0 -fno-toplevel-reorder -Wall -Wextra -Werror").split()


def font_tables():
    """The fonts, and what differs where a cell has nine dots, as assembler text."""
    out = '    .section .rodata, "a"\n'
    for height in font_text.HEIGHTS:
        glyphs, ninth = font_text.read_font(height)
        out += tables.label(f"font{height}") + tables.line(b"".join(glyphs))
        if height > 8:  # cells of eight lines never have nine dots
            changes = b"".join(bytes((code,)) + glyph for code, glyph in sorted(ninth.items()))
            out += tables.label(f"ninth{height}") + tables.line(changes + b"\0")
    return out


def link(folder, blocks):
    """Assemble the entries with the ROM's size, link all; gives (bytes, {symbol: offset})."""
    run("gcc", "-c", "-m32", f"-DROM_BLOCKS={blocks}", "-o", folder / "entry.o", SOURCES / "entry.S")
    objects = [folder / "entry.o", *sorted(p for p in folder.glob("*.o") if p.name != "entry.o")]
    run("ld", "-m", "elf_i386", "--build-id=none", "-z", "noexecstack", "-T", SOURCES / "vga.ld", "-Map", folder / "map",
        "-o", folder / "vga.elf", *objects)
    run("objcopy", "-O", "binary", "-j", ".rom", folder / "vga.elf", folder / "rom")
    names = subprocess.run(["nm", str(folder / "vga.elf")], capture_output=True, text=True, check=True).stdout
    symbols = {name: int(value, 16) for value, _, name in (line.split() for line in names.splitlines())}
    return (folder / "rom").read_bytes(), symbols


def disassemble(image, start, end):
    """objdump's text of 16-bit code between two offsets."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(image)
        file.flush()
        return subprocess.run(["objdump", "-D", "-b", "binary", "-m", "i8086", "--insn-width=16", f"--start-address={start}",
                               f"--stop-address={end}", file.name], capture_output=True, text=True, check=True).stdout


def build():
    """(the ROM, its symbols, the linker's map).  Fails where the code has instructions that interpreters lack."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for source in sorted(SOURCES.glob("*.c")):
            text = folder / f"{source.stem}.s"
            run("gcc", "-S", *FLAGS, "-o", text, source)
            text.write_text(asm16.rewrite(text.read_text()))
            run("as", "--32", "-o", text.with_suffix(".o"), text)
        data = folder / "zz_data.s"  # behind the code
        data.write_text(tables.assembly() + font_tables())
        run("as", "--32", "-o", data.with_suffix(".o"), data)
        size = len(link(folder, 0)[0]) + 1
        blocks = -(-size // BLOCK)
        rom, symbols = link(folder, blocks)
        rom = rom.ljust(blocks * BLOCK - 1, b"\0")
        wrong = asm16.scan(disassemble(rom, symbols["post_entry"], symbols["pm_interface"])
                           + disassemble(rom, symbols["pm_interface_end"], symbols["text_end"]))
        if wrong:
            sys.exit("not for interpreters:\n" + "\n".join(wrong))
        return rom + bytes((-sum(rom) & 0xFF,)), symbols, (folder / "map").read_text()


def record(symbols):
    """What stands beside the ROM: the tools, and where its code is."""
    parts = ((symbols["post_entry"], symbols["pm_interface"]), (symbols["pm_interface_end"], symbols["text_end"]))
    return tools() + "".join(f"16-bit code {start:04X}-{end:04X}\n" for start, end in parts)


def image_and_record():
    """What ships, and the text beside it; the map goes to build/."""
    rom, symbols, text = build()
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build" / "vgabios.map").write_text(text)
    return rom, record(symbols)


if __name__ == "__main__":
    main(__doc__, SHIPPED.name, image_and_record)
