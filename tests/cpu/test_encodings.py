"""The encodings tables and their parser."""

import pytest

from emu.cpu.encodings import check_overlaps, encodings, parse, parse_table
from emu.cpu.forms import functions
from emu.cpu.opcodes import ONE_BYTE, TWO_BYTE

PREFIXES = {0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF0, 0xF2, 0xF3}


def test_parse():
    e = parse("0F C7 /1 m CMPXCHG8B Mq  lock raw cpu=cx8")
    assert (e.map, e.opcode, e.ext, e.mem_only, e.reg_only) == ("0F", 0xC7, 1, True, False)
    assert e.operands == ("Mq",) and e.attributes == {"lock", "raw"} and e.feature == "cx8"
    assert set(e.modrms) == {b for b in range(0xC0) if b >> 3 & 7 == 1}
    e = parse("0F 40+cc /r CMOVcc Gv,Ev cpu=cmov")
    assert e.plus == "cc" and list(e.opcodes) == list(range(0x40, 0x50)) and len(e.modrms) == 256
    e = parse("66 0F 6F /r MOVDQA Vdq,Wdq cpu=sse2")
    assert (e.prefix, e.map, e.opcode) == (0x66, "0F", 0x6F)
    e = parse("F3 A4 MOVS:MOVS_rep Yb,Xb raw ends")
    assert (e.prefix, e.mnemonic, e.function, e.width) == (0xF3, "MOVS", "MOVS_rep", 8)
    e = parse("D8 C0+i FADD ST0,STi fpu")
    assert list(e.modrms) == list(range(0xC0, 0xC8))
    e = parse("D9 F0 F2XM1 fpu")
    assert list(e.modrms) == [0xF0] and not e.operands
    e = parse("91..97 XCHG Zv,eAX undef=AF,OF")
    assert list(e.opcodes) == list(range(0x91, 0x98)) and e.undef == ("AF", "OF")
    assert parse("1E PUSH:PUSH_sreg raw reg=3").reg == 3
    with pytest.raises(ValueError, match="unknown attribute"):
        parse("90 NOP lokc=1")


@pytest.mark.parametrize("text, width", (
    ("00 /r ADD Eb,Gb", 8), ("01 /r ADD Ev,Gv", 0), ("E6 OUT:OUT_imm Ib,AL", 8), ("E7 OUT:OUT_imm Ib,eAX", 0),
    ("0F B6 /r MOVZX Gv,Eb", 0), ("C1 /4 SHL Ev,Ib", 0), ("0F C3 /r m MOVNTI:MOV Ed,Gd", 32), ("6A PUSH Ibs", 0)))
def test_width(text, width):
    assert parse(text).width == width


@pytest.mark.parametrize("first, second", (
    ("50+r PUSH Zv", "57 NOP"), ("FF /6 PUSH Ev", "FF /r m NOP"), ("90 NOP", "90 /r NOP"), ("98 CBW", "98 CWDE o32"),
    ("D9 E0 FCHS fpu", "D9 /4 FLDENV")))
def test_overlaps_are_found(first, second):
    with pytest.raises(ValueError):
        check_overlaps([parse(first), parse(second)])
    with pytest.raises(ValueError):
        check_overlaps([parse(second), parse(first)])


def test_no_overlap():
    check_overlaps([parse(line) for line in (
        "98 CBW o16", "98 CWDE o32", "90 NOP", "F3 90 PAUSE", "8F /0 r POP Rv", "8F /0 m POP Mv")])


def test_every_one_byte_opcode_is_known():
    known = {op for e in parse_table(ONE_BYTE) for op in e.opcodes}
    assert set(range(256)) - known == PREFIXES | {0x0F} | set(range(0xD8, 0xE0))


def test_undefined_two_byte_opcodes():
    known = {op for e in parse_table(TWO_BYTE) for op in e.opcodes}
    for op in (0x04, 0x05, 0x07, 0x0A, 0x0C, 0x25, 0x27, 0x36, 0xA6, 0xA7, 0xAA, 0xB8):
        assert op not in known
    for ext in (1, 2, 3, 4, 5, 6, 7):
        assert not any(e.ext == ext for e in parse_table(ONE_BYTE) if e.opcode in (0x8F, 0xC6, 0xC7))
    assert {e.ext for e in parse_table(ONE_BYTE) if e.opcode == 0xFF} == set(range(7))


def test_every_line_has_its_function():
    missing = sorted({e.function for e in encodings()} - set(functions()))
    assert missing == []


def test_lock_only_where_memory_is_the_destination():
    for e in encodings():
        if "lock" in e.attributes:
            assert e.modrm and e.operands[0][0] in "EM" and not e.reg_only, e.line
