"""Random and corner-case states for tools/make_vectors.py: the code of a form, registers, floating-point state and memory before it."""

import struct

from emu.cpu.state import AC, AF, CF, CS, DS, EBP, EBX, EDI, ES, ESI, ESP, FS, GS, OF, PF, SF, SS, ZF
from emu.suites import i6v, world
from vector_forms import STRINGS, TRANSCENDENTAL, group

ARITH = CF | PF | AF | ZF | SF | OF
DF_BIT, IF_BIT, NT_BIT, ID_BIT = 0x400, 0x200, 0x4000, 0x200000
CORNERS = {8: (0, 1, 0x7F, 0x80, 0xFF), 16: (0, 1, 0x7FFF, 0x8000, 0xFFFF), 32: (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)}
SINGLES = (0, 0x80000000, 0x3F800000, 0xBF800000, 0x7F800000, 0xFF800000, 0x7FC00001, 0x7F800001, 1, 0x007FFFFF, 0x00800000, 0x7F7FFFFF, 0x4B000000)
DOUBLES = (0, 1 << 63, 0x3FF0000000000000, 0x7FF0000000000000, 0xFFF0000000000000, 0x7FF8000000000001, 0x7FF0000000000001, 1,
           0x000FFFFFFFFFFFFF, 0x7FEFFFFFFFFFFFFF, 0x4330000000000000)
EXTENDED = ((0, 0), (0, 0x8000), (1 << 63, 0x3FFF), (1 << 63, 0xBFFF), (1 << 63, 0x7FFF), (3 << 62, 0x7FFF), (1, 0), ((1 << 64) - 1, 0x7FFE),
            (0x8000000000000001, 0x3FFF), (0xC90FDAA22168C235, 0x4000))
# Selectors (world.py)
FLAT_DATA, FLAT_CODE, CODE16, DS16, SS16, ES16, GS16 = 0x2B, 0x23, 0x3F, 0x47, 0x4F, 0x57, 0x5F
DATA_SEGMENTS = (0x0F, 0x17, 0x1F, 0x27, DS16, ES16, 0x6F, 0x7F)
SELECTORS = (0, 1, 3, FLAT_DATA, *DATA_SEGMENTS, 0x67, 0x8003, 0xFFFF)
STACKS = (FLAT_DATA, SS16, 0x77)
CODES = (FLAT_CODE, 0x2F, 0x37, CODE16, 0x87, DS16, 0, 0x8003)
WINDOW_D, WINDOW_S, WINDOW_L = (linear for linear, _, _ in world.WINDOWS)
NOWHERE = 0x00400000
OVERRIDES = {ES: 0x26, CS: 0x2E, SS: 0x36, DS: 0x3E, FS: 0x64, GS: 0x65}
BASE16 = ((EBX, ESI), (EBX, EDI), (EBP, ESI), (EBP, EDI), (ESI, None), (EDI, None), (EBP, None), (EBX, None))
FXSAVE_SIZE, MXCSR_AT = 512, 24


def base_of(selector):
    """The base of a segment."""
    value = world.segment_descriptor(selector) if selector < 0x8000 else None
    return 0 if value is None else value >> 16 & 0xFFFFFF | value >> 56 << 24


def extended(rng):
    """A number of 80 bits."""
    if rng.random() < 0.4:
        return struct.pack("<QH", *rng.choice(EXTENDED))
    return struct.pack("<QH", rng.getrandbits(63) | 1 << 63, rng.choice((0x3FFF, 0x3FFF, rng.randrange(1, 0x7FFF))) + rng.choice((0, 0x8000)))


def small(rng, low, high):
    """A number of 80 bits with an exponent between two."""
    return struct.pack("<QH", rng.getrandbits(63) | 1 << 63, 0x3FFF + rng.randrange(low, high) | rng.choice((0, 0x8000)))


class Maker:
    """Makes vectors of forms in code of 16 or 32 bits, without their results.  ``reg`` is the ModRM's register of the last one."""

    def __init__(self, rng, bits=32):
        self.rng, self.bits, self.reg = rng, bits, 0

    def number(self, bits=32):
        """A random or corner-case number."""
        rng = self.rng
        return rng.choice(CORNERS[bits]) if rng.random() < 0.35 else rng.getrandbits(bits) >> rng.choice((0, 0, 0, bits // 2))

    def vector(self, number, e, osize):
        """A vector of a form: its state before."""
        rng = self.rng
        v = i6v.Vector()
        v.form, v.flags, v.count = number, i6v.CODE16 if self.bits == 16 else 0, 1
        v.eip = rng.randrange(0x1000, 0xF000) + (world.CODE if self.bits == 32 else 0)
        v.eflags = IF_BIT | 2 | rng.getrandbits(12) & ARITH | (DF_BIT if rng.random() < 0.2 else 0)
        v.gpr = [self.number() for _ in range(8)]
        if self.bits == 32:
            v.seg = [FLAT_DATA, FLAT_CODE, FLAT_DATA, FLAT_DATA, rng.choice((0, *DATA_SEGMENTS)), rng.choice((0, FLAT_DATA))]
        else:
            v.seg = [ES16, CODE16, SS16, DS16, rng.choice((0, *DATA_SEGMENTS)), rng.choice((0, GS16))]
        v.gpr[ESP] = self.offset(v, SS, WINDOW_S + rng.randrange(0x200, 0xE00), self.bits) | (rng.getrandbits(16) << 16 if self.bits == 16 else 0)
        v.patches = []
        self._float_state(v, e)
        self._code(v, e, osize)
        cls = group(e)
        if cls in ("int", "string", "stack", "flow") and rng.random() < 0.05:
            v.eflags |= AC
        v.gpr = tuple(n & 0xFFFFFFFF for n in v.gpr)
        v.seg = tuple(v.seg)
        if cls in ("x87", "x87tr", "mmx") or "mmx" in e.attributes:
            v.flags |= i6v.HAS_FPU
        if e.feature in ("sse", "sse2") or e.mnemonic in ("FXSAVE", "FXRSTOR"):
            v.flags |= i6v.HAS_XMM
        return v

    # -- floating point ----------------------------------------------------------------------------------------------

    def _float_state(self, v, e):
        rng = self.rng

        def wide():
            if rng.random() < 0.4:
                return b"".join(struct.pack("<I", rng.choice(SINGLES)) for _ in range(4))
            if rng.random() < 0.5:
                return b"".join(struct.pack("<Q", rng.choice(DOUBLES)) for _ in range(2))
            return rng.randbytes(16)

        v.fpu = i6v.Fpu(0x7F | rng.choice((0x300, 0x300, 0x200, 0)) | rng.choice((0, 0, 0x400, 0x800, 0xC00)), rng.randrange(8) << 11,
                        rng.choice((0xFF, 0xFF, rng.getrandbits(8))), [extended(rng) for _ in range(8)])
        if e.mnemonic in TRANSCENDENTAL:
            self._arguments(v, e.mnemonic)
        elif rng.random() < 0.1:
            self._unmask(v)
        v.mxcsr = 0x1F80 | rng.choice((0, 0, 0x2000, 0x4000, 0x6000)) | rng.choice((0, 0, 0, 0x8000))
        if rng.random() < 0.1:
            v.mxcsr &= ~(0x80 << rng.randrange(6))
        v.xmm = [wide() for _ in range(8)]

    def _unmask(self, v):
        """One exception is not masked; sometimes it waits already."""
        bit = 1 << self.rng.randrange(6)
        v.fpu.fcw &= ~bit
        if self.rng.random() < 0.3:
            v.fpu.fsw |= bit | 0x8080

    def _arguments(self, v, mnemonic):
        """Transcendental instructions: where they are defined, at full precision, rounded to nearest."""
        rng, top = self.rng, v.fpu.fsw >> 11
        v.fpu.fcw, v.fpu.ftw = 0x37F, 0xFF
        if mnemonic == "F2XM1":
            st = small(rng, -20, 0)
        elif mnemonic == "FYL2XP1":
            st = small(rng, -20, -2)        # below 1 - sqrt(2)/2
        elif mnemonic in ("FYL2X", "FPATAN"):
            st = small(rng, -20, 20)
            if mnemonic == "FYL2X":
                st = st[:9] + bytes([st[9] & 0x7F])
        else:
            st = small(rng, -20, -1)        # below pi/4: the reduction is each maker's own
        v.fpu.regs[top] = st
        v.fpu.regs[top + 1 & 7] = small(rng, -10, 10)

    def _tag(self, regs, number):
        """The tag word's two bits of a register."""
        mant, sexp = struct.unpack("<QH", regs[number])
        exponent = sexp & 0x7FFF
        return 1 if not mant and not exponent else 2 if exponent == 0x7FFF or not exponent or not mant >> 63 else 0

    def _environment(self, osize):
        """The image that FLDENV loads, and the registers that FRSTOR finds after it."""
        rng = self.rng
        fcw = 0x7F | rng.choice((0x300, 0x200, 0)) | rng.choice((0, 0x400, 0x800, 0xC00))
        if rng.random() < 0.3:
            fcw &= ~(1 << rng.randrange(6))
        fsw = rng.getrandbits(16) & 0x7F7F
        if fsw & ~fcw & 0x3F:
            fsw |= 0x8080
        regs = [extended(rng) for _ in range(8)]
        top = fsw >> 11 & 7
        ftw = sum((3 if rng.random() < 0.4 else self._tag(regs, n - top & 7)) << 2 * n for n in range(8))
        pack = "<7H" if osize == 16 else "<HxxHxxHxxIIII"
        return struct.pack(pack, fcw, fsw, ftw, *[0] * 4), b"".join(regs)

    def _fx_image(self):
        """What FXRSTOR loads."""
        rng, made = self.rng, bytearray(FXSAVE_SIZE)
        fcw = 0x7F | rng.choice((0x300, 0x200, 0)) | rng.choice((0, 0x400, 0x800, 0xC00))
        struct.pack_into("<HHB", made, 0, fcw, rng.getrandbits(16) & 0x7F00, rng.getrandbits(8))
        mxcsr = 0x1F80 | rng.choice((0, 0x2000, 0x6000)) | rng.getrandbits(6)
        struct.pack_into("<I", made, MXCSR_AT, mxcsr | (1 << 16 if rng.random() < 0.1 else 0))     # a reserved bit: #GP
        for n in range(8):
            made[32 + 16 * n:42 + 16 * n] = extended(rng)
        made[160:288] = rng.randbytes(128)
        return bytes(made)

    # -- code --------------------------------------------------------------------------------------------------------

    def _code(self, v, e, osize):
        rng = self.rng
        sized = e.prefix is None and osize != self.bits
        asize = 48 - self.bits if rng.random() < 0.1 else self.bits
        prefixes = (b"\x67" if asize != self.bits else b"") + (b"\x66" if sized else b"") + (bytes([e.prefix]) if e.prefix else b"")
        body = (b"\x0f" if e.map == "0F" else b"") + bytes([rng.choice(e.opcodes)])
        memory = False
        if e.modrm:
            memory = not e.reg_only and (e.fixed is None) and (e.mem_only or rng.random() < 0.5)
            modrm = rng.choice([b for b in e.modrms if (b < 0xC0) == memory] or list(e.modrms))
            memory = modrm < 0xC0
            if e.operands and e.operands[0] == "Sw":
                modrm = modrm & 0xC7 | rng.choice((ES, SS, DS, FS, GS)) << 3
                if not memory:
                    v.gpr[modrm & 7] = self._selector(modrm >> 3 & 7)
            elif e.operands[1:2] == ("Sw",):
                modrm = modrm & 0xC7 | rng.randrange(6) << 3
            elif e.mnemonic in ("LAR", "LSL", "VERR", "VERW") and not memory:
                v.gpr[modrm & 7] = rng.choice(SELECTORS + CODES)
            self.reg = modrm >> 3 & 7
            if memory:
                operand, override = self._operand(v, e, modrm, osize, asize)
                prefixes, body = override + prefixes, body + operand
            else:
                body += bytes([modrm])
        for o in e.operands:
            few = e.mnemonic in ("SHLD", "SHRD") and o == "Ib"    # a longer shift leaves the result undefined
            body += bytes([rng.randrange(17)]) if few else self._immediate(v, o, osize, asize)
        if "lock" in e.attributes and memory and rng.random() < 0.2:
            prefixes = b"\xf0" + prefixes
        self._implied(v, e, osize, asize)
        repeats = e.prefix in (0xF2, 0xF3) and e.map == "1"
        if e.mnemonic in STRINGS and e.mnemonic not in ("INS", "OUTS") and e.prefix is None and rng.random() < 0.4:
            prefixes, repeats = prefixes + bytes([rng.choice((0xF2, 0xF3))]), True
        if repeats:
            v.flags |= i6v.TO_END
            v.gpr[1] = rng.randrange(6) | (rng.getrandbits(16) << 16 if asize == 16 else 0)
        elif e.mnemonic == "PUSHF":
            v.flags |= i6v.TO_END       # single steps would show in the image
        v.code = prefixes + body
        if self.loads_ss(e):
            v.code, v.count = v.code + b"\x90", 2    # the trap comes after the next instruction

    def loads_ss(self, e):
        """Does the last vector's instruction hold off a trap?"""
        return e.operands[:1] == ("Sw",) and self.reg == SS or e.function == "POP_sreg" and e.reg == SS

    def _selector(self, register):
        return self.rng.choice(STACKS + SELECTORS if register == SS else SELECTORS)

    def offset(self, v, segment, linear, size):
        """Offset of a linear address in a segment, of so many bits."""
        return linear - base_of(v.seg[segment]) & (1 << size) - 1

    def _place(self, v, e, segment, asize):
        """A linear address in a window that a segment reaches (mostly)."""
        rng = self.rng
        vector = any(o[1:] in ("dq", "ps", "pd") for o in e.operands) and "unaligned" not in e.attributes or e.mnemonic in ("FXSAVE", "FXRSTOR")
        aligned = 16 if vector and rng.random() < 0.95 else 1
        selector, base = v.seg[segment], base_of(v.seg[segment])
        size = FXSAVE_SIZE if e.mnemonic.startswith("FX") else 128
        start, room = WINDOW_D, 0x2000
        if selector in (SS16, 0x6F, 0x77):
            start, room = WINDOW_S, 0x1000
        elif selector in (FLAT_DATA, FLAT_CODE, 0x7F, 0) and asize == 16:
            start, room = WINDOW_L, 0x1000
        elif selector == 0x17:
            start, room = base, 0x800
        if rng.random() < 0.02:
            return NOWHERE + rng.randrange(0x1000) // aligned * aligned
        return start + rng.randrange(0x40, room - size) // aligned * aligned

    def _operand(self, v, e, modrm, osize, asize):
        """(ModRM, SIB and displacement of a memory operand, override prefix), with registers so that it lies in a window (mostly)."""
        rng = self.rng
        mod, rm = modrm >> 6, modrm & 7
        out, index, scale = bytes([modrm]), None, 0
        if asize == 16:
            base, index = BASE16[rm]
            size = {0: 0, 1: 1, 2: 2}[mod]
            if mod == 0 and rm == 6:
                base, size = None, 2
        else:
            base, size = rm, {0: 0, 1: 1, 2: 4}[mod]
            if rm == 4:
                base, index, scale = rng.randrange(8), rng.randrange(8), rng.randrange(4)
                while index == base:
                    index = rng.randrange(8)
                out += bytes([scale << 6 | index << 3 | base])
                index = None if index == 4 else index
            if mod == 0 and base == 5:
                base, size = None, 4
        segment, override = SS if base in (ESP, EBP) else DS, b""
        if rng.random() < 0.15 or asize == 32 and self.bits == 16 and base == ESP:
            # 16-bit code reaches nothing by CS but the code's window, of which a vector says no more than the instruction.
            segment = rng.choice((ES, SS, SS, DS, FS, FS, GS) if self.bits == 16 else (ES, CS, SS, DS, FS, FS, GS))
            override = bytes([OVERRIDES[segment]])
        address = self._place(v, e, segment, asize)
        self._contents(v, e, osize, address)
        if e.mnemonic.startswith("BT") and e.operands[1:] == ("Gv",) and modrm >> 3 & 7 != ESP:
            v.gpr[modrm >> 3 & 7] = rng.randrange(-256, 256) & 0xFFFFFFFF
        disp = rng.randrange(-128, 128) if size == 1 else rng.getrandbits(8 * size) if size else 0
        rest = self.offset(v, segment, address, 32) - disp - (v.gpr[index] << scale if index is not None else 0)
        if base is None:
            disp += rest
        elif asize == 32:
            v.gpr[base] = rest & 0xFFFFFFFF
        else:
            v.gpr[base] = v.gpr[base] & ~0xFFFF | rest & 0xFFFF
        return out + (disp & (1 << 8 * size) - 1).to_bytes(size, "little"), override

    def _contents(self, v, e, osize, address):
        """Memory that the instruction gives a meaning to."""
        rng, made = self.rng, b""
        if e.operands and e.operands[0] == "Sw":
            made = struct.pack("<H", self._selector(self.reg))
        elif e.mnemonic in ("LAR", "LSL", "VERR", "VERW"):
            made = struct.pack("<H", rng.choice(SELECTORS + CODES))
        elif e.operands[-1:] == ("Mp",):
            far = e.mnemonic in ("CALLF", "JMPF")
            offset = self._target(osize) if far else self.number(osize)
            segment = rng.choice(CODES) if far else self._selector(SS if e.mnemonic == "LSS" else DS)
            made = offset.to_bytes(osize // 8, "little") + struct.pack("<H", segment)
        elif e.mnemonic in ("FLDENV", "FRSTOR"):
            environment, regs = self._environment(osize)
            made = environment + (regs if e.mnemonic == "FRSTOR" else b"")
        elif e.mnemonic == "FXRSTOR":
            made = self._fx_image()
        elif e.mnemonic == "FBLD":
            made = bytes(rng.randrange(10) << 4 | rng.randrange(10) for _ in range(9)) + rng.choice((b"\0", b"\x80"))
        if made and all(world.window_offset(n) is not None for n in (address, address + len(made) - 1)):
            v.patches.append((address, made))

    def _target(self, osize):
        """An offset to go to."""
        return self.rng.choice((self.rng.randrange(0x10000), world.CODE + self.rng.randrange(0x10000))) & (1 << osize) - 1

    def _immediate(self, v, o, osize, asize):
        rng = self.rng
        if o in ("Ib", "Ibs"):
            return bytes([self.number(8)])
        if o == "Iw":
            return struct.pack("<H", rng.randrange(0x40) * 2)
        if o in ("Iz", "Iv"):
            return self.number(osize).to_bytes(osize // 8, "little")
        if o == "Jb":
            return rng.randbytes(1)
        if o == "Jz":
            return rng.randbytes(2) if osize == 16 else struct.pack("<i", rng.randrange(-0x8000, 0x8000))
        if o == "Ap":
            return self._target(osize).to_bytes(osize // 8, "little") + struct.pack("<H", rng.choice(CODES))
        if o[0] == "O":
            base = WINDOW_L if asize == 16 and self.bits == 32 else WINDOW_D
            return self.offset(v, DS, base + rng.randrange(0xF00), asize).to_bytes(asize // 8, "little")
        return b""

    def _implied(self, v, e, osize, asize):
        """Registers and stack that the instruction uses without saying so."""
        rng, gpr = self.rng, v.gpr
        data = WINDOW_L if asize == 16 and self.bits == 32 else WINDOW_D

        def point(register, segment, linear):
            size = 32 if asize == 32 else 16
            gpr[register] = gpr[register] & ~((1 << size) - 1) | self.offset(v, segment, linear, size)

        if e.operands and any(o[0] in "XY" and len(o) == 2 for o in e.operands):
            point(ESI, DS, data + rng.randrange(0x100, 0xE00))
            point(EDI, ES, data + rng.randrange(0x100, 0xE00))
        if e.mnemonic == "XLAT":
            point(EBX, DS, data + rng.randrange(0xE00))
        elif e.mnemonic in ("LEAVE", "ENTER"):
            gpr[EBP] = self.offset(v, SS, WINDOW_S + rng.randrange(0x200, 0xE00), self.bits) | (rng.getrandbits(16) << 16 if self.bits == 16 else 0)
        elif e.mnemonic.startswith("MASKMOV"):
            point(EDI, DS, data + rng.randrange(0xE00))
        if e.mnemonic in ("SHLD", "SHRD"):
            gpr[1] = gpr[1] & ~0xFF | rng.randrange(17)
        word = osize // 8
        stack = b""
        if e.function in ("RET", "RET_imm"):
            stack = self._target(osize).to_bytes(word, "little")
        elif e.function == "POP_sreg":
            stack = struct.pack("<I", self._selector(e.reg))[:word]
        elif e.mnemonic == "POPF":
            stack = struct.pack("<I", self._flags())[:word]
        elif e.mnemonic in ("RETF", "IRET"):
            stack = self._target(osize).to_bytes(word, "little") + rng.choice(CODES).to_bytes(word, "little")
            if e.mnemonic == "IRET":
                stack += struct.pack("<I", self._flags() & ~NT_BIT)[:word]
        if stack:
            at = self.top_of_stack(v, gpr)
            v.patches.append((at, stack))

    def _flags(self):
        return self.rng.getrandbits(32) & (ARITH | DF_BIT | IF_BIT | NT_BIT | AC | ID_BIT | 0x3000) | 2

    def top_of_stack(self, v, gpr, seg=None):
        """Linear address of SS:(E)SP."""
        selector = (seg or v.seg)[SS]
        wide = selector == FLAT_DATA or selector == 0x7F
        return base_of(selector) + (gpr[ESP] & (0xFFFFFFFF if wide else 0xFFFF))
