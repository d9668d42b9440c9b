"""The VGA BIOS that ships: what bios/vga/ gives, to the byte; code that simple interpreters can run."""

import re
import shutil
import subprocess

import pytest
import vga_bios_rig  # noqa: F401

import asm16  # isort: skip
import build_vgabios  # isort: skip


@pytest.fixture(scope="module")
def rom():
    return build_vgabios.SHIPPED.read_bytes()


def need(*programs):
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"no {program}")


def test_rebuilds_to_the_byte(rom):
    need("gcc", "as", "ld", "objcopy", "objdump", "nm")
    recorded = build_vgabios.SHIPPED.with_suffix(".txt").read_text()
    if build_vgabios.tools() not in recorded:
        pytest.skip(f"other tools than those recorded: {recorded.splitlines()}")
    built, symbols, _ = build_vgabios.build()
    assert built == rom and build_vgabios.record(symbols) == recorded, "run tools/build_vgabios.py --ship"


def test_header(rom):
    assert rom[:2] == b"\x55\xAA" and rom[2] * 512 == len(rom) and sum(rom) & 0xFF == 0
    assert len(rom) <= 40 << 10 and rom[0x1E:0x21] == b"IBM"
    pci = rom[0x18] | rom[0x19] << 8
    assert rom[pci:pci + 8] == b"PCIR\x34\x12\x11\x11" and rom[pci + 13:pci + 16] == b"\x00\x00\x03"
    assert rom[pci + 16] | rom[pci + 17] << 8 == rom[2] and rom[pci + 21] == 0x80


def test_all_code_is_for_simple_interpreters(rom):
    """Reads the image that ships, not what a compiler gives today."""
    need("objdump")
    places = re.findall(r"16-bit code (\w+)-(\w+)", build_vgabios.SHIPPED.with_suffix(".txt").read_text())
    assert sum(int(end, 16) - int(start, 16) for start, end in places) > 10_000
    for start, end in places:
        text = build_vgabios.disassemble(rom, int(start, 16), int(end, 16))
        assert text.count("\n") > 30 and asm16.scan(text) == []


@pytest.mark.parametrize("code, wrong", [
    ("66E800000000", True), ("66C3", True), ("66C9", True), ("C8100000", True), ("66678D442404", True), ("8D4704", True),
    ("660FC8", True), ("0FC101", True), ("0FB101", True), ("0F44C1", True), ("0FA2", True), ("666A05", True), ("661E", True),
    ("66F3A5", True), ("D9C0", True), ("A10050", True), ("67668B0500500000", True),
    ("E80000", False), ("C20200", False), ("66688000FF00", False), ("F366A5", False), ("6766658B0549040000", False),
    ("660FB6C0", False), ("EF", False), ("66EF", False), ("668B4404", False), ("B80050", False), ("7405", False), ("0F840500", False),
    ("66C1E004", False), ("F6F1", False), ("66F7F1", False), ("0F94C0", False), ("660FAFC1", False), ("F3AA", False), ("6650", False)])
def test_scan(code, wrong, tmp_path):
    """The scan finds what interpreters lack, and nothing else."""
    need("objdump")
    data = bytes.fromhex(code)
    assert bool(asm16.scan(build_vgabios.disassemble(data, 0, len(data)))) == wrong


# -- the rewriting -------------------------------------------------------------------------------------------------------


def run(lines, registers):
    """What the few instructions that replace LEA do."""
    registers = dict(registers)
    for line in lines:
        name, _, operands = line.strip().partition("\t")
        words = [word.strip() for word in operands.split(",")]
        value = [registers[word] if word.startswith("%") else int(word[1:], 0) if word.startswith("$") else None for word in words if word]
        if name == "movl":
            registers[words[1]] = value[0]
        elif name == "addl":
            registers[words[1]] = registers[words[1]] + value[0] & 0xFFFFFFFF
        elif name == "shll":
            registers[words[1]] = registers[words[1]] << value[0] & 0xFFFFFFFF
        elif name == "imull":
            registers[words[2]] = value[0] * value[1] & 0xFFFFFFFF
        else:
            assert name in ("pushfw", "popfw"), line
    return registers


FORMS = [(base, index, scale) for base in (None, "%eax", "%ebx") for index in ("%eax", "%ebx") for scale in (1, 2, 4, 8)]


@pytest.mark.parametrize("base, index, scale", [("%eax", None, 1), ("%ebx", None, 1), *FORMS])
@pytest.mark.parametrize("to, disp", [("%eax", 0), ("%ebx", 5), ("%ecx", -3), ("%eax", -3), ("%ecx", 0)])
def test_without_lea(to, base, index, scale, disp):
    operand = f"{disp or ''}({base or ''}" + (f",{index},{scale}" if index else "") + ")"
    before = {"%eax": 0x12345, "%ebx": 0x777, "%ecx": 9}
    want = {**before, to: (before.get(base, 0) + before.get(index, 0) * (scale if index else 0) + disp) & 0xFFFFFFFF}
    for keep in (False, True):
        lines = asm16.without_lea(f"\tleal\t{operand}, {to}", keep)
        assert run(lines, before) == want
        steps = [line for line in lines if not line.startswith("\tmovl")]
        if steps:
            assert (steps[0] == "\tpushfw" and steps[-1] == "\tpopfw") == keep


def test_flags_that_live():
    code = ["\tcmpl\t$1, %eax", "\tleal\t4(%ebx), %ecx", "\tje\t.L2", ".L2:", "\tleal\t1(%ebx), %ecx", "\tmovl\t%ecx, %edx",
            "\taddl\t%eax, %ebx", "\tjc\t.L2", "\tleal\t1(%ecx), %eax", "\tjmp\t.L9", "\tret", ".L9:", "\tincl\t%ecx", "\tjc\t.L2"]
    assert [asm16.flags_live(code, n + 1) for n, line in enumerate(code) if "leal" in line] == [True, False, True]


def test_calls_and_returns():
    text = asm16.rewrite("f:\n\tpushl\t$5\n\tcall\tg\n\taddl\t$4, %esp\n\tleave\n\tret\n")
    assert text.split("\n") == ["f:", "\t.byte\t0x66, 0x68", "\t.long\t5", "\tpushw\t%ax", "\tcallw\tg", "\taddl\t$4, %esp",
                                "\tmovl\t%ebp, %esp", "\tpopl\t%ebp", "\tretw\t$2", ""]
