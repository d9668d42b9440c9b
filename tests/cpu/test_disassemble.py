"""The disassembler, against objdump on every line of the table."""

import random
import re
import shutil
import subprocess

import pytest

from emu.cpu.disassemble import Disassembler
from emu.cpu.encodings import encodings

STRIDE = 32
# objdump does not know these, or reads them as something newer than a P6
UNKNOWN = {"SALC", "FCOM2", "FCOMP3", "FCOMP5", "FSTP1", "FSTP8", "FSTP9", "FXCH4", "FXCH7", "FENI", "FDISI", "FSETPM", "UD0", "UD1", "FWAIT",
           "LFENCE", "MFENCE", "SFENCE", "PREFETCHNTA", "PREFETCHT0", "PREFETCHT1", "PREFETCHT2", "PAUSE", "UD"}


def samples(code32, rng):
    """(encoding, bytes): each line of the table several times, with and without the other operand size."""
    out = []
    for e in encodings():
        if e.mnemonic in UNKNOWN or e.mnemonic == "NOP" and e.modrm:
            continue
        for op in e.opcodes:
            for n in range(3):
                prefix = bytes([e.prefix]) if e.prefix else b"\x66" if n == 2 and e.map == "1" and op != 0x90 else b""
                if e.attributes & {"o16", "o32"}:
                    prefix = b"\x66" if ("o16" in e.attributes) == code32 else b""
                modrm = bytes([rng.choice(e.modrms)]) if e.modrm else b""
                out.append((e, prefix + b"\x0f" * (e.map == "0F") + bytes([op]) + modrm + rng.randbytes(10)))
    return out


def plain(text):
    """A disassembly without what the two write differently."""
    text = re.sub(r"\s+", " ", text.split("#")[0].split("<")[0].strip().lower()).replace(" ptr", "")
    text = re.sub(r"^(data16|data32|addr16|addr32) ", "", text)
    text = re.sub(r"(\[)?\+?\be?iz(\*\d)?", lambda m: m[1] or "", text).replace("[+", "[").replace("+0x0]", "]")
    text = re.sub(r"^(pusha|popa|pushf|popf|iret|fldenv|fnstenv|frstor|fnsave)[wd]\b", r"\1", text)
    text = re.sub(r"^(pinsrw mm\d,|pinsrw xmm\d,)e(\w\w),", r"\1\2,", text)
    text = re.sub(r"^(push|pop|ret|call|jmp|retf|enter|leave|sysexit|lgdt|sgdt|lidt|sidt)[wd]\b", r"\1", text)
    text = re.sub(r"^(cmp[ps][sd].*),0x[0-7]$", r"\1", re.sub(r"^cmp(eq|lt|le|unord|neq|nlt|nle|ord)([ps][sd])\b", r"cmp\2", text))
    text = text.replace("repnz", "repne").replace("repz", "repe").replace("sal ", "shl ").replace("fcom st,", "fcom ")
    text = text.replace("fcomp st,", "fcomp ")
    text = re.sub(r"\[(0x[0-9a-f]+)\]", r"ds:\1", text)
    text = re.sub(r"^(mov e?a[xl],|mov )(?:byte|word|dword) (ds:0x)", r"\1\2", text)
    if re.match(r"(mov [c-g]s,|lar|lsl)", text):
        text = re.sub(r",e(\w\w)$", r",\1", text)
    return text


@pytest.mark.skipif(shutil.which("objdump") is None, reason="there is no objdump")
@pytest.mark.parametrize("code32", [True, False])
def test_all_lines(code32, tmp_path):
    chosen = samples(code32, random.Random(11))
    (tmp_path / "code").write_bytes(b"".join(code.ljust(STRIDE, b"\x90") for _, code in chosen))
    listing = subprocess.run(["objdump", "-D", "-b", "binary", "-m", "i386", "-M", "intel," + ("i386" if code32 else "i8086"), "--insn-width=16",
                              str(tmp_path / "code")], capture_output=True, text=True, check=True).stdout
    theirs = {int(m[1], 16): m[2] for m in re.finditer(r"^\s*([0-9a-f]+):\t[0-9a-f ]+\t(.*)$", listing, re.M)}
    d, wrong, lines = Disassembler(code32), [], set()
    for n, (e, code) in enumerate(chosen):
        ours = d.instruction(code, n * STRIDE)
        lines.add(e.line)
        if "[eiz" not in theirs.get(n * STRIDE, "") and plain(ours) != plain(theirs.get(n * STRIDE, "")):
            wrong.append((code.hex(" "), ours, theirs.get(n * STRIDE), e.line))
    assert not wrong, f"{len(wrong)} of {len(chosen)}: " + "\n".join(map(str, wrong[:25]))
    assert len(lines) > 700


def test_listing():
    d = Disassembler()
    assert d.listing(b"\x40\x90\x0f") == "inc eax; nop; db 0f"
    assert d.instruction(b"\xeb\xfe", 0x100) == "jmp 0x100"
    assert d.instruction(b"\xf0\x01\x44\x8b\xfc") == "lock add dword [ebx+ecx*4-0x4],eax"
    assert d.instruction(b"\x0f\x0c") == "(bad)" and Disassembler(True, 0).instruction(b"\x0f\x40\xc1") == "(bad)"
    assert Disassembler(False).instruction(b"\x26\x8b\x42\x10") == "mov ax,word es:[bp+si+0x10]"
