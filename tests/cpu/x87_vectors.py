"""Reads the x87 part of the instruction vectors (*.i6v.xz) and runs it on the semantic functions alone: a small decoder
for D8 to DF and flat memory stand in for the rest of the processor."""
import json
import lzma
import os
import struct
from pathlib import Path

from emu.bus.component import Generic
from emu.bus.types import Fault, u16, u32
from emu.cpu.encodings import parse_table
from emu.cpu.fpu import x87
from emu.cpu.state import Cpu, Rec

FOLDER = Path(os.environ.get("EMU_CPU_VECTORS", Path(__file__).parents[3] / "shared" / "cpu-vectors")) / "i686"
EFLAGS_COMPARED = 0x3F7FD5
MEMORY_FAULTS = (12, 13, 14, 17)
BASES = {0x17: 0x200800, 0x1F: 0x1FF000, 0x0F: 0x200000, 0x27: 0x200000, 0x2F: 0x100000, 0x37: 0x100000,
         0x3F: 0x100000, 0x47: 0x1F8000, 0x4F: 0x2F8000, 0x57: 0x200000, 0x5F: 0x1F1000, 0x6F: 0x300000,
         0x77: 0x2F8000}
PREFIX_SEGMENTS = {0x26: 0, 0x2E: 1, 0x36: 2, 0x3E: 3, 0x64: 4, 0x65: 5}


class Reader:
    """Takes little-endian fields off a byte string."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        values = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return values[0] if len(values) == 1 else values

    def bytes(self, n):
        self.at += n
        return self.data[self.at - n:self.at]

    def runs(self):
        found = []
        for _ in range(self.take("B")):
            address, n = self.take("IH")
            found.append((address, self.bytes(n)))
        return found


class Vector:
    """One vector with x87 state."""

    def __init__(self, data):
        r = Reader(data)
        _, self.form, vflags, _, n = r.take("HHBBB")
        self.code16 = vflags & 8 != 0
        self.code = r.bytes(n)
        self.eip, self.eflags = r.take("II")
        self.gpr = list(r.take("8I"))
        self.seg = r.take("6H")
        self.x87 = vflags & 1 != 0
        if self.x87:
            self.fcw, self.fsw, self.ftw = r.take("HHB")
            self.regs = [r.take("QH") for _ in range(8)]
        if vflags & 2:
            r.bytes(4 + 128)
        self.patches = r.runs()
        self.exc = r.take("B")
        if self.exc != 255:
            r.bytes(8)
        _, self.eflags2, self.eflags_ign = r.take("III")
        self.gpr2 = list(self.gpr)
        changed = r.take("B")
        for n in range(8):
            if changed >> n & 1:
                self.gpr2[n] = r.take("I")
        ignored = r.take("B")
        self.gpr_ign = [r.take("I") if ignored >> n & 1 else 0 for n in range(8)]
        changed = r.take("B")
        r.bytes(2 * changed.bit_count())
        if self.x87:
            self.fcw2, self.fsw2, self.fsw_ign, self.ftw2, changed = r.take("HHHBB")
            self.regs2 = [r.take("QH") if changed >> n & 1 else self.regs[n] for n in range(8)]
        if vflags & 2:
            r.bytes(4)
            r.bytes(16 * r.take("B").bit_count())
        self.memory2 = r.runs()
        self.memory_ign = set()
        for _ in range(r.take("B")):
            address, n = r.take("IH")
            self.memory_ign.update(range(address, address + n))


def read(name):
    """The forms of a file, and its vectors one by one."""
    data = lzma.open(FOLDER / name).read()
    count, = struct.unpack_from("<I", data, 12)
    size, = struct.unpack_from("<I", data, 8)
    forms = json.loads(data[16:16 + size])["forms"]

    def vectors():
        at = 16 + size
        for _ in range(count):
            length, = struct.unpack_from("<H", data, at)
            yield data[at:at + length]
            at += length
    return forms, vectors()


def table():
    """Encoding by opcode and ModRM byte."""
    found = {}
    for e in parse_table(x87.X87):
        for modrm in e.modrms:
            assert (e.opcode, modrm) not in found, e.line
            found[e.opcode, modrm] = e
    return found


class Machine:
    """Memory with the vectors' background pattern, and a processor with paging off on it."""

    def __init__(self):
        self.cpu = cpu = Cpu()
        self.memory = {}
        self.table = table()
        cpu.a20_mask = 0xFFFFFFFF
        for bits in (8, 16, 32):
            setattr(cpu, f"phys_read{bits}", lambda at, n=bits // 8: self.peek(at, n))
            setattr(cpu, f"phys_write{bits}", lambda at, v, n=bits // 8: self.poke(at, v.to_bytes(n, "little")))
        for s in cpu.seg:
            s.access, s.low, s.high = 3, 0, 0xFFFFFFFF

    def byte(self, at):
        value = self.memory.get(at)
        return at * 0x9E3779B1 >> 24 & 0xFF if value is None else value

    def peek(self, at, n):
        return int.from_bytes(bytes(self.byte(at + i) for i in range(n)), "little")

    def poke(self, at, data):
        for i, b in enumerate(data):
            self.memory[at + i] = b

    def decode(self, v):
        """Encoding, record and operand size of a vector's instruction; the encoding is None for FWAIT."""
        r, at, seg, o32, a32 = Rec(), 0, None, not v.code16, not v.code16
        code = v.code
        while code[at] in (0x66, 0x67, 0xF0, 0xF2, 0xF3, *PREFIX_SEGMENTS):
            if code[at] == 0x66:
                o32 = v.code16
            elif code[at] == 0x67:
                a32 = v.code16
            else:
                seg = PREFIX_SEGMENTS.get(code[at], seg)
            at += 1
        if code[at] == 0x9B:
            return None, r, o32
        opcode, modrm = code[at], code[at + 1]
        at += 2
        mod, rm = modrm >> 6, modrm & 7
        r.rm, r.base, r.idx, r.seg = rm, 8, 8, 3
        size = 0
        if mod != 3 and a32:
            r.flags = 2
            if rm == 4:
                sib = code[at]
                at += 1
                r.scale, r.base, r.idx = sib >> 6, sib & 7, sib >> 3 & 7
                r.idx = 8 if r.idx == 4 else r.idx
                rm = r.base
            else:
                r.base = rm
            r.seg = 2 if r.base in (4, 5) else 3
            size = (0, 1, 4)[mod]
            if mod == 0 and rm == 5:
                r.base, r.seg, size = 8, 3, 4
        elif mod != 3:
            r.base = (3, 3, 5, 5, 6, 7, 5, 3)[rm]
            r.idx = (6, 7, 6, 7, 8, 8, 8, 8)[rm]
            r.seg = 2 if r.base == 5 else 3
            size = mod
            if mod == 0 and rm == 6:
                r.base, r.seg, size = 8, 3, 2
        r.disp = int.from_bytes(code[at:at + size], "little", signed=True) & 0xFFFFFFFF
        if seg is not None:
            r.seg = seg
        return self.table[opcode, modrm], r, o32

    def run(self, v):
        """Execute one vector; gives what differs, as text, or None if it was left out (memory faults)."""
        if v.exc in MEMORY_FAULTS:
            return None
        cpu, f = self.cpu, self.cpu.fpu
        cpu.gpr[:8] = type(cpu.gpr)("I", v.gpr)
        cpu.eflags, cpu.cc_kind, cpu.cr0 = v.eflags, 0, 0x33
        f.fcw, f.fsw, f.top, f.ftw = v.fcw, v.fsw & 0xC7FF, v.fsw >> 11 & 7, v.ftw
        for n, (m, se) in enumerate(v.regs):
            f.mant[n], f.sexp[n] = m, se
        for n, sel in enumerate(v.seg):
            cpu.seg[n].base = BASES.get(sel, 0)
        self.memory.clear()
        for at, data in v.patches:
            self.poke(at, data)
        expected = dict(self.memory)
        for at, data in v.memory2:
            for i, b in enumerate(data):
                expected[at + i] = b
        encoding, r, o32 = self.decode(v)
        exc = 255
        try:
            self.execute(encoding, r, o32)
        except Fault as fault:
            exc = fault.vector
        wrong = []
        if exc != v.exc:
            wrong.append(f"exception {exc}, not {v.exc}")
        fsw = f.fsw | f.top << 11
        if (fsw ^ v.fsw2) & ~v.fsw_ign & 0xFFFF:
            wrong.append(f"fsw {fsw:04x}, not {v.fsw2:04x}")
        if (f.fcw ^ v.fcw2) & 0xFFBF:
            wrong.append(f"fcw {f.fcw:04x}, not {v.fcw2:04x}")
        if f.ftw != v.ftw2:
            wrong.append(f"tags {f.ftw:02x}, not {v.ftw2:02x}")
        self.compare_registers(v, wrong)
        if (cpu.eflags ^ v.eflags2) & EFLAGS_COMPARED & ~v.eflags_ign:
            wrong.append(f"eflags {cpu.eflags:08x}, not {v.eflags2:08x}")
        for n in range(8):
            if (cpu.gpr[n] ^ v.gpr2[n]) & ~v.gpr_ign[n] & 0xFFFFFFFF:
                wrong.append(f"gpr{n} {cpu.gpr[n]:08x}, not {v.gpr2[n]:08x}")
        for at in expected.keys() | self.memory.keys():
            want = expected.get(at, at * 0x9E3779B1 >> 24 & 0xFF)
            if self.byte(at) != want and at not in v.memory_ign:
                wrong.append(f"[{at:x}] {self.byte(at):02x}, not {want:02x}")
        return "; ".join(wrong)

    ulp = 0

    def compare_registers(self, v, wrong):
        f = self.cpu.fpu
        for n in range(8):
            m, se = v.regs2[n]
            if (f.mant[n], f.sexp[n]) == (m, se):
                continue
            whole, want = (f.sexp[n] & 0x7FFF) << 63 | f.mant[n] & ~(1 << 63), (se & 0x7FFF) << 63 | m & ~(1 << 63)
            if (f.sexp[n] ^ se) & 0x8000 or abs(whole - want) > self.ulp or (se & 0x7FFF) == 0x7FFF:
                wrong.append(f"R{n} {f.sexp[n]:04x}:{f.mant[n]:016x}, not {se:04x}:{m:016x}")

    def execute(self, encoding, r, o32):
        cpu = self.cpu
        if encoding is None:
            x87.FWAIT(cpu, r)
            return
        function = getattr(x87, encoding.function)
        if isinstance(function, Generic):
            function = function[u32 if o32 else u16]
        if "fpu" in encoding.attributes:
            x87.fpu_wait(cpu, r)
        if "raw" in encoding.attributes:
            function(cpu, r)
        elif encoding.operands and encoding.operands[0][0] == "E":
            at = cpu.gpr[r.base] + (cpu.gpr[r.idx] << r.scale) + r.disp & (0xFFFFFFFF if r.flags & 2 else 0xFFFF)
            at = at + cpu.seg[r.seg].base & 0xFFFFFFFF
            function(cpu, self.peek(at, {"w": 2, "d": 4, "q": 8}[encoding.operands[0][1]]))
        elif any(o == "STi" for o in encoding.operands):
            function(cpu, r.rm)
        else:
            function(cpu)
