"""Reads the integer part of the instruction vectors (*.i6v.xz) and runs those with register operands on the pure
semantic functions alone: the forms, memory and the rest of the processor are not involved."""

import inspect
import json
import lzma
import os
import struct
from importlib import import_module
from pathlib import Path

from emu.bus.component import Generic
from emu.bus.types import Fault, u8, u16, u32
from emu.cpu.encodings import parse_table
from emu.cpu.flags import read_eflags
from emu.cpu.opcodes import ONE_BYTE, TWO_BYTE
from emu.cpu.registers import reg, set_reg

FOLDER = Path(os.environ.get("EMU_CPU_VECTORS", Path(__file__).parents[3] / "shared" / "cpu-vectors")) / "i686"
EFLAGS_COMPARED = 0x3F7FD5
WIDTHS = {8: u8, 16: u16, 32: u32}
FIXED = {"AL": (u8, 0), "CL": (u8, 1)}


class Vector:
    """What is compared of a vector without x87 and XMM state."""

    def __init__(self, data):
        at = 0

        def take(form):
            nonlocal at
            values = struct.unpack_from("<" + form, data, at)
            at += struct.calcsize("<" + form)
            return values[0] if len(values) == 1 else values

        def masked(form, values):
            present = take("B")
            return [take(form) if present >> n & 1 else v for n, v in enumerate(values)]

        _, self.form, vflags, _, n = take("HHBBB")
        self.code16, self.simple = vflags & 8 != 0, vflags & 7 == 0
        self.code, at = data[at:at + n], at + n
        self.eip, self.eflags = take("II")
        self.gpr = take("8I")
        take("6H")
        if not self.simple:
            return
        patches = take("B")
        for _ in range(patches):
            _, n = take("IH")
            at += n
        self.simple = patches == 0
        self.vector = take("B")
        if self.vector != 255:
            take("II")
        _, self.eflags_after, self.eflags_ignored = take("III")
        self.gpr_after = masked("I", self.gpr)
        self.gpr_ignored = masked("I", [0] * 8)


def vectors(name):
    """The forms' names, and the vectors of a file."""
    data = lzma.open(FOLDER / f"{name}.i6v.xz").read()
    at = 16 + struct.unpack_from("<I", data, 8)[0]
    forms = [f"{f['name'].strip()} {f['opcode']}" for f in json.loads(data[16:at])["forms"]]

    def read():
        nonlocal at
        while at < len(data):
            length = struct.unpack_from("<H", data, at)[0]
            yield Vector(data[at:at + length])
            at += length
    return forms, read()


def _by_opcode():
    found = {}
    for e in parse_table(ONE_BYTE) + parse_table(TWO_BYTE):
        if e.prefix is None and not e.attributes & {"raw", "branch", "ends"}:
            for op in e.opcodes:
                found.setdefault((e.map, op), []).append(e)
    return found


ENCODINGS = _by_opcode()


def _function(name):
    for family in ("arith", "logic", "shift", "bits", "muldiv", "bcd", "move", "flagops", "misc"):
        made = getattr(import_module(f"emu.cpu.semantics.{family}"), name, None)
        if made is not None:
            return made
    return None


def run(cpu, v):
    """Run a vector; gives None if it is not a pure function on registers, else a list of differences."""
    osize = 16 if v.code16 else 32
    at = 0
    if v.code[0] == 0x66:
        osize, at = 48 - osize, 1
    table = "1"
    if v.code[at] == 0x0F:
        table, at = "0F", at + 1
    op, at = v.code[at], at + 1
    modrm = v.code[at] if at < len(v.code) else 0
    size = f"o{osize}"
    rows = [e for e in ENCODINGS.get((table, op), ())
            if (not e.modrm or modrm in e.modrms) and not {"o16", "o32"} & e.attributes - {size}]
    if not rows or rows[0].modrm and modrm < 0xC0 or any(o[0] in "MO" for o in rows[0].operands):
        return None
    e = rows[0]
    made = _function(e.function)
    width = WIDTHS[e.width or osize]
    f = made[width] if isinstance(made, Generic) else made
    parameters = inspect.get_annotations(f)
    names = list(inspect.signature(f).parameters)[1:]
    if made is None or "r" in names:
        return None
    immediate = v.code[at + e.modrm:]

    def place(code):
        if code in FIXED:
            return FIXED[code]
        bits = {"b": u8, "w": u16, "d": u32, "v": WIDTHS[osize], "AX": WIDTHS[osize]}[code[1:]]
        return bits, {"G": modrm >> 3 & 7, "Z": op & 7, "e": 0}.get(code[0], modrm & 7)

    def value(code, wanted):
        if code == "1":
            return 1
        if code[0] == "I":
            n = {"b": 1, "bs": 1, "w": 2}.get(code[1:], osize // 8)
            return wanted(int.from_bytes(immediate[:n], "little", signed=True))
        where, n = place(code)
        return reg[where](cpu, n)

    cpu.gpr[:8] = type(cpu.gpr)(cpu.gpr.typecode, v.gpr)
    cpu.eflags, cpu.cc_kind = v.eflags, 0
    arguments = [op & 15] if names[:1] == ["cc"] else []
    names = names[len(arguments):]
    inputs = e.operands[len(e.operands) - len(names):]
    vector = 255
    try:
        result = f(cpu, *arguments, *(value(o, parameters[n]) for o, n in zip(inputs, names)))
        results = result if isinstance(result, tuple) else () if result is None else (result,)
        for code, v_out in reversed(list(zip(e.operands, results))):  # the first operand is written last
            where, n = place(code)
            set_reg[where](cpu, n, where(v_out))
    except Fault as fault:
        vector = fault.vector
    found = [] if vector == v.vector else [f"vector {vector}, not {v.vector}"]
    flags = read_eflags(cpu)
    if (flags ^ v.eflags_after) & EFLAGS_COMPARED & ~v.eflags_ignored:
        found.append(f"flags {flags:X}, not {v.eflags_after:X}")
    for n in range(8):
        if (cpu.gpr[n] ^ v.gpr_after[n]) & ~v.gpr_ignored[n]:
            found.append(f"register {n}: {cpu.gpr[n]:X}, not {v.gpr_after[n]:X}")
    return found
