"""Random instructions from the encodings table, with operands that mostly lead somewhere."""

import struct

from emu.cpu.encodings import encodings
from emu.cpu.state import ESP

from .stream_world import ALIAS, CODE, CODE_SIZE, DATA_SIZE, LDT_SEL, READ_ONLY, page_table_entry

RARE = {"HLT": 0.05, "LGDT": 0.0, "LIDT": 0.0, "LMSW": 0.02, "WRMSR": 0.02, "SYSENTER": 0.1, "SYSEXIT": 0.1, "LTR": 0.1, "LLDT": 0.1,
        "CLTS": 0.3, "IRET": 0.3, "RETF": 0.3, "INT": 0.3, "INVD": 0.3, "WBINVD": 0.3, "CLI": 0.2, "CPUID": 0.3, "POPF": 0.5,
        "OUT": 0.1, "OUTS": 0.1, "IN": 0.3, "INS": 0.3, "LSS": 0.3, "ENTER": 0.3, "LEAVE": 0.3}
INTERESTING = 0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x55555555
# Ports that are harmless to a stream: not the timer that keeps it going, nor what resets the machine
PORTS = 0x41, 0x42, 0x60, 0x61, 0x64, 0x70, 0x71, 0x80, 0x1F7, 0x3C5, 0x3DA, 0x3F8, 0x3FD, 0x402, 0xB008


class Stream:
    """Makes the code of one stream."""

    def __init__(self, mode, rng):
        self.mode, self.rng = mode, rng
        self.table = [e for e in encodings() if self._weight(e)]
        self.weights = [self._weight(e) for e in self.table]

    @staticmethod
    def _weight(e):
        if 0xD8 <= e.opcode <= 0xDF and e.map == "1":
            return 0.4 if e.fixed is None else 0.15
        if e.operands and e.operands[0] in ("Cd", "Dd"):
            return 0.05
        if e.operands and e.operands[-1] == "Sw" or e.operands and e.operands[0] == "Sw":
            return 0.4
        weight = RARE.get(e.mnemonic, 1.0)
        return weight * (0.5 if e.map == "0F" else 1.0)

    def code(self):
        """CODE_SIZE bytes, then a jump to the first."""
        out = b""
        while len(out) < CODE_SIZE:
            out += self._next(len(out))
        out = out[:CODE_SIZE]
        size = 5 if self.mode.bits == 32 else 3
        return out + b"\xe9" + struct.pack("<i" if size == 5 else "<h", -CODE_SIZE - size) + bytes(16)

    def _next(self, at):
        rng = self.rng
        kind = rng.random()
        if kind < 0.10:
            return self.pointer()
        if kind < 0.115:
            return self.small_count()
        if kind < 0.15:
            return self.write_code(at)
        if kind < 0.165 and self.mode.paging and self.mode.cpl == 0:
            return self.paging()
        if kind < 0.175:
            return b"\xfb"  # STI
        return self.instruction()

    # -- set pieces --------------------------------------------------------------------------------------------------

    def data_offset(self):
        """Where a memory operand may lie: anywhere in the data, often near the end of a page, with paging also there
        where the same memory is seen again."""
        rng = self.rng
        off = rng.randrange(DATA_SIZE - 16)
        if rng.random() < 0.2:
            off = (off & 0x7000) + 0x1000 - rng.randrange(10)
        off = self.mode.data_base + off
        if self.mode.paging and self.mode.kind == "flat" and rng.random() < 0.3:
            off += ALIAS
        return off

    def immediate(self, register, value):
        """MOV r32,imm32."""
        return (b"" if self.mode.bits == 32 else b"\x66") + bytes([0xB8 + register]) + struct.pack("<I", value)

    def pointer(self):
        """Let a register point into the data."""
        register = self.rng.choice((0, 1, 2, 3, 3, 5, 6, 6, 7, 7))
        return self.immediate(register, self.data_offset())

    def small_count(self):
        """A repeat count, then a repeated string instruction."""
        rng = self.rng
        out = self.immediate(1, rng.randrange(60)) + self.immediate(6, self.data_offset()) + self.immediate(7, self.data_offset())
        return out + bytes([rng.choice((0xF2, 0xF3)), rng.choice((0xA4, 0xA5, 0xA6, 0xA7, 0xAA, 0xAB, 0xAC, 0xAD, 0xAE, 0xAF))])

    def write_code(self, at):
        """Write into the code, mostly close by, by its own address (through FS) or another of the same pages."""
        rng = self.rng
        near = rng.random() < 0.7
        to = (at + rng.randrange(-20, 60) if near else rng.randrange(CODE_SIZE)) % (CODE_SIZE - 4)
        to += self.mode.code_by_fs
        if self.mode.paging and self.mode.kind == "flat" and rng.random() < 0.4:
            to += ALIAS
        byte = rng.choice((0x90, 0x40, 0x4B, 0xF8, 0xF5, 0x9F, rng.randrange(256)))
        prefix = b"\x64" if self.mode.bits == 32 else b"\x64\x67"
        if rng.random() < 0.3:
            return prefix + b"\x81\x35" + struct.pack("<I", to) + rng.randbytes(self.mode.bits // 8)  # XOR
        return prefix + b"\xc6\x05" + struct.pack("<IB", to, byte)  # MOV

    def paging(self):
        """Change a data page's entry, with or without telling the TLB; reload CR3."""
        rng = self.rng
        page = READ_ONLY - 0x5000 + 0x1000 * rng.randrange(8)
        kind = rng.random()
        if kind < 0.5:
            bits = rng.choice((1, 2, 4, 0x20, 0x40, 0x60, 0x100))
            out = b"\x81\x35" + struct.pack("<II", page_table_entry(self.mode, page), bits)
            return out + (b"\x0f\x01\x3d" + struct.pack("<I", page) if rng.random() < 0.5 else b"")
        if kind < 0.8:
            return b"\x0f\x01\x3d" + struct.pack("<I", page + ALIAS * rng.randrange(2))  # INVLPG
        return b"\x0f\x20\xd8\x0f\x22\xd8"  # MOV EAX,CR3; MOV CR3,EAX

    # -- any instruction ---------------------------------------------------------------------------------------------

    def instruction(self):
        """One instruction of the table."""
        rng, mode = self.rng, self.mode
        e = rng.choices(self.table, self.weights)[0]
        out = b""
        osize = asize = mode.bits
        if rng.random() < 0.15:
            out += b"\x66"
            osize = 48 - osize
        if rng.random() < 0.05:
            out += b"\x67"
            asize = 48 - asize
        if rng.random() < 0.06:
            out += bytes([rng.choice((0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65))])
        if rng.random() < (0.3 if "lock" in e.attributes else 0.004):
            out += b"\xf0"
        if "rep" in e.attributes and rng.random() < 0.3:
            out += bytes([rng.choice((0xF2, 0xF3))])
            out = self.immediate(1, rng.randrange(40)) + out
        if e.operands and "DX" in e.operands and rng.random() < 0.9:
            out = self.immediate(2, rng.choice(PORTS)) + out
        if e.prefix is not None:
            out += bytes([e.prefix])
        if e.map == "0F":
            out += b"\x0f"
        out += bytes([rng.choice(e.opcodes)])
        if e.modrm:
            out += self._modrm(e, asize)
        return out + self._immediates(e, osize, asize)

    def _modrm(self, e, asize):
        rng = self.rng
        modrm = rng.choice(e.modrms)
        for _ in range(3):
            register = modrm & 7 if modrm >= 0xC0 and e.operands and e.operands[0][0] in "ERO" else modrm >> 3 & 7
            if register != ESP or e.fixed is not None or e.ext is not None and modrm < 0xC0:
                break
            modrm = rng.choice(e.modrms)
        if modrm >= 0xC0:
            return bytes([modrm])
        if rng.random() < 0.5:
            modrm = modrm & 0x38 | (5 if asize == 32 else 6)
            return bytes([modrm]) + struct.pack("<I" if asize == 32 else "<H", self.data_offset() & (1 << asize) - 1)
        mod = modrm >> 6
        small = rng.randrange(-64, 64)
        disp = {0: b"", 1: struct.pack("b", small), 2: struct.pack("<i" if asize == 32 else "<h", small * 8)}[mod]
        if asize == 32:
            out = bytes([modrm])
            if modrm & 7 == 4:
                sib = rng.randrange(256)
                if rng.random() < 0.7:
                    sib = sib & 7 | 0x20  # no index
                out += bytes([sib])
                if sib & 7 == 5 and mod == 0:
                    disp = struct.pack("<I", self.data_offset())
            elif modrm & 7 == 5 and mod == 0:
                disp = struct.pack("<I", self.data_offset())
            return out + disp
        if modrm & 7 == 6 and mod == 0:
            disp = struct.pack("<H", self.data_offset() & 0xFFFF)
        return bytes([modrm]) + disp

    def _immediates(self, e, osize, asize):
        rng = self.rng
        out = b""
        for o in e.operands:
            value = rng.choice((rng.getrandbits(32), rng.choice(INTERESTING)))
            word = struct.pack("<I", value)
            if o == "Ib" and e.mnemonic in ("IN", "OUT"):
                out += bytes([rng.choice([p for p in PORTS if p < 256])])
            elif o == "Ib" and e.mnemonic == "INT":
                out += bytes([rng.choice((3, 4, 0x20, 0x30, 0x35, rng.randrange(256)))])
            elif o in ("Ib", "Ibs"):
                out += word[:1]
            elif o == "Iw":
                out += struct.pack("<H", rng.choice((0, 4, 8, rng.randrange(64))))
            elif o in ("Iz", "Iv"):
                out += word[:osize // 8]
            elif o == "Jb":
                out += struct.pack("b", rng.choice((rng.randrange(0, 30), rng.randrange(0, 60), rng.randrange(-20, 60))))
            elif o == "Jz":
                out += struct.pack("<i" if osize == 32 else "<h", rng.choice((rng.randrange(0, 100), rng.randrange(-300, 300))))
            elif o == "Ap":
                out += struct.pack("<I" if osize == 32 else "<H", (self.mode.code_base + rng.randrange(CODE_SIZE)) & (1 << osize) - 1)
                out += struct.pack("<H", rng.choice((CODE >> 4, rng.randrange(0, LDT_SEL + 8))))
            elif o[0] == "O":
                out += struct.pack("<I" if asize == 32 else "<H", self.data_offset() & (1 << asize) - 1)
        return out
