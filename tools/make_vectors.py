"""Grows a corpus of instruction vectors on the host's own x86 processor: `python tools/make_vectors.py FOLDER [--each N] [--seed N]`.

Every form of the table of encodings that user code can run, with every shape of its operands, gets random and corner-case states in
32-bit code; the truth is what the host does (tools/vector_host.c, built with gcc -m32).  Writes files of the format that
`emu cpu-test` reads.  Linux; vm.mmap_min_addr must not be above 8000h (or the user is root).
"""

import argparse
import random
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from emu.cpu.encodings import encodings                                               # noqa: E402
from emu.cpu.state import AF, CF, OF, PF, SF, ZF                                      # noqa: E402
from emu.suites import i6v, i6v_writer, world                                         # noqa: E402

HOST = ROOT / "tools" / "vector_host.c"
CFLAGS = ("-m32", "-O1", "-nostdlib", "-static", "-fno-pie", "-no-pie", "-fno-stack-protector", "-fno-builtin", "-mno-sse", "-mno-mmx",
          "-ffreestanding", "-Wl,-Ttext-segment=0x40000000")
FLAG_BITS = {"CF": CF, "PF": PF, "AF": AF, "ZF": ZF, "SF": SF, "OF": OF}
ARITH = CF | PF | AF | ZF | SF | OF
STATE = struct.Struct("<10I6H4H80sI128s")
CASE_PATCHES = 64
FLAT_DATA, FLAT_CODE = 0x2B, 0x23
DATA_SEGMENTS = (0x0F, 0x17, 0x1F, 0x27, 0x47, 0x57, 0x6F, 0x7F)
SELECTORS = (0, 1, 3, FLAT_DATA, *DATA_SEGMENTS, 0x67, 0x8003, 0xFFFF)
D, S = 0x200000, 0x300000
DF_BIT, IF_BIT = 0x400, 0x200
TRAP_STEP, TRAP_INT3, PAGE_FAULT = 1, 3, 14

# Left out: what depends on the host's system or its make, what transfers control far away, images with undefined fields, and what
# cannot be told by single steps.
LEFT_OUT = {
    "CPUID", "RDTSC", "RDPMC", "SMSW", "SGDT", "SIDT", "SLDT", "STR", "SYSENTER", "SYSEXIT", "INT", "INT1", "INT3", "IRET", "CALLF", "JMPF", "RETF",
    "FXSAVE", "FXRSTOR", "FNSAVE", "FRSTOR", "FLDENV", "FNSTENV", "POPF", "PUSHF", "UD", "UD0", "UD1", "UD2", "LES", "LDS", "LSS", "LFS", "LGS",
    "LAR", "LSL", "VERR", "VERW", "F2XM1", "FYL2X", "FYL2XP1", "FPTAN", "FPATAN", "FSIN", "FCOS", "FSINCOS", "FPREM", "FPREM1", "FBLD",
    "FENI", "FDISI", "FSETPM", "FSTP1", "CLFLUSH"}    # FSTP1: AMD's does not look at the tag
COMPARES = {"FCOM", "FCOM2", "FCOMP", "FCOMP3", "FCOMP5", "FCOMPP", "FUCOM", "FUCOMP", "FUCOMPP", "FTST", "FXAM", "FICOM", "FICOMP", "FNINIT"}
CONTROL = {"FLDCW", "FNSTCW", "FNSTSW", "FNCLEX", "FNOP", "FWAIT", "FFREE", "FFREEP", "FINCSTP", "FDECSTP"}
CORNERS = {8: (0, 1, 0x7F, 0x80, 0xFF), 16: (0, 1, 0x7FFF, 0x8000, 0xFFFF), 32: (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)}
SINGLES = (0, 0x80000000, 0x3F800000, 0xBF800000, 0x7F800000, 0xFF800000, 0x7FC00001, 0x7F800001, 1, 0x007FFFFF, 0x00800000, 0x7F7FFFFF, 0x4B000000)
DOUBLES = (0, 1 << 63, 0x3FF0000000000000, 0x7FF0000000000000, 0xFFF0000000000000, 0x7FF8000000000001, 0x7FF0000000000001, 1,
           0x000FFFFFFFFFFFFF, 0x7FEFFFFFFFFFFFFF, 0x4330000000000000)
EXTENDED = ((0, 0), (0, 0x8000), (1 << 63, 0x3FFF), (1 << 63, 0xBFFF), (1 << 63, 0x7FFF), (3 << 62, 0x7FFF), (1, 0), ((1 << 64) - 1, 0x7FFE),
            (0x8000000000000001, 0x3FFF), (0xC90FDAA22168C235, 0x4000))


class Host:
    """The helper, compiled and running."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        program = Path(self.folder.name) / "vector_host"
        subprocess.run(["gcc", *CFLAGS, "-o", str(program), str(HOST)], check=True, capture_output=True)
        self.process = subprocess.Popen([str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        setup = struct.pack("<II", world.CODE, world.CODE_SIZE)
        for linear, size, _ in world.WINDOWS:
            setup += struct.pack("<II", linear, size)
        entries = [self._entry(selector >> 3, value) for selector, value in world.USER_LDT.items()]
        setup += struct.pack("<I", len(entries)) + b"".join(entries).ljust(16 * 16, b"\0")
        self.process.stdin.write(setup)

    @staticmethod
    def _entry(number, value):
        """A descriptor as modify_ldt wants it."""
        base = value >> 16 & 0xFFFFFF | value >> 56 << 24
        limit, kind = value & 0xFFFF | (value >> 48 & 15) << 16, value >> 40 & 0xFF
        code = kind >> 3 & 1
        bits = (value >> 54 & 1) | (code << 1 | kind >> 2 & 1) << 1 | (not kind >> 1 & 1) << 3 | (value >> 55 & 1) << 4 \
            | (not kind >> 7) << 5 | (value >> 52 & 1) << 6
        return struct.pack("<4I", number, base, limit, bits)

    def run(self, v):
        """Run a Vector; gives (trap, error, cr2, state, {address: byte that changed}).  Raises RuntimeError if the helper gives up."""
        patches = [(address + n, b) for address, data in v.patches for n, b in enumerate(data)]
        order = [v.fpu.regs[(v.fpu.fsw >> 11) + n & 7] for n in range(8)]
        state = STATE.pack(v.eip, v.eflags, *v.gpr, *v.seg, v.fpu.fcw, v.fpu.fsw, v.fpu.ftw, 0, b"".join(order), v.mxcsr, b"".join(v.xmm))
        case = struct.pack("<II32s", v.flags & i6v.TO_END, len(v.code), v.code) + state + struct.pack("<I", len(patches))
        case += b"".join(struct.pack("<IB", *p) for p in patches).ljust(5 * CASE_PATCHES, b"\0")
        self.process.stdin.write(case)
        self.process.stdin.flush()
        head = self._read(12 + STATE.size + 4)
        trap, error, cr2 = struct.unpack_from("<3I", head)
        count, = struct.unpack_from("<I", head, 12 + STATE.size)
        changed = dict(struct.iter_unpack("<IB", self._read(5 * count)))
        return trap, error, cr2, STATE.unpack_from(head, 12), changed

    def _read(self, size):
        data = self.process.stdout.read(size)
        if len(data) < size:
            raise RuntimeError("the helper ended: " + (self.process.stderr.read().decode().strip() or "no word"))
        return data

    def close(self):
        """End the helper."""
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()
        self.folder.cleanup()


# -- forms -------------------------------------------------------------------------------------------------------

def wanted(e):
    """Can user code run an encoding, and does single-stepping tell the truth of it?"""
    return e.mnemonic not in LEFT_OUT and "cpl0" not in e.attributes and e.function != "POP_mem" and not (e.function == "POP_sreg" and e.reg == 2) \
        and not (e.map == "0F" and 0x18 <= e.opcode <= 0x1E)


def forms():
    """(encoding, operand size, opcode) of every form: conditions and registers in opcodes count once each line."""
    for e in encodings():
        if wanted(e):
            sized = any(o[1:] in ("v", "z", "bs") or o == "eAX" for o in e.operands) or e.mnemonic in ("PUSHA", "POPA", "ENTER", "LEAVE")
            for osize in (16, 32) if sized and e.prefix is None else (32,):
                if "o16" in e.attributes:
                    osize = 16
                if not (e.mnemonic == "BSWAP" and osize == 16):
                    yield e, osize


def group(e):
    """The class of a form in the tables of results."""
    if e.feature in ("sse", "sse2", "mmx"):
        return "sseapx" if e.mnemonic.startswith(("RCP", "RSQRT")) else e.feature
    if e.map == "1" and 0xD8 <= e.opcode <= 0xDF or e.mnemonic == "FWAIT":
        return "x87"
    if "branch" in e.attributes:
        return "flow"
    return "int"


def description(number, e, osize):
    """The header's entry of a form."""
    ext = f"/{e.ext} " if e.ext is not None else ""
    kind = " mem" if e.mem_only else " reg" if e.reg_only else ""
    opcode = ("0f" if e.map == "0F" else "") + f"{e.opcode:02x}" + (f"{e.fixed:02x}" if e.fixed is not None else "")
    name = f"{e.mnemonic.lower()}.{osize} {ext}{' '.join(e.operands)}{kind}".strip()
    approx = 1.5 / 4096 if group(e) == "sseapx" else None
    return {"id": number, "name": name, "opcode": opcode, "cls": group(e), "osz": osize, "ulp": None, "approx": approx}


# -- states ------------------------------------------------------------------------------------------------------

class Maker:
    """Makes vectors of forms, without their results."""

    def __init__(self, rng):
        self.rng = rng

    def number(self, bits=32):
        """A random or corner-case number."""
        rng = self.rng
        return rng.choice(CORNERS[bits]) if rng.random() < 0.35 else rng.getrandbits(bits) >> rng.choice((0, 0, 0, bits // 2))

    def vector(self, number, e, osize):
        """A vector of a form: its state before."""
        rng = self.rng
        v = i6v.Vector()
        v.form, v.flags, v.count = number, 0, 1
        v.eip = world.CODE + rng.randrange(0x1000, 0xF000)
        v.eflags = IF_BIT | 2 | rng.getrandbits(12) & ARITH | (DF_BIT if rng.random() < 0.2 else 0)
        v.gpr = [self.number() for _ in range(8)]
        v.gpr[4] = S + rng.randrange(0x200, 0xE00)
        v.seg = [FLAT_DATA, FLAT_CODE, FLAT_DATA, FLAT_DATA, rng.choice((0, *DATA_SEGMENTS)), rng.choice((0, FLAT_DATA))]
        v.patches = []
        self._float_state(v)
        self._code(v, e, osize)
        v.gpr = tuple(n & 0xFFFFFFFF for n in v.gpr)
        v.seg = tuple(v.seg)
        cls = group(e)
        if cls == "x87" or "mmx" in e.attributes:
            v.flags |= i6v.HAS_FPU
        if e.feature in ("sse", "sse2"):
            v.flags |= i6v.HAS_XMM
        return v

    def _float_state(self, v):
        rng = self.rng

        def extended():
            if rng.random() < 0.4:
                return struct.pack("<QH", *rng.choice(EXTENDED))
            return struct.pack("<QH", rng.getrandbits(63) | 1 << 63, rng.choice((0x3FFF, 0x3FFF, rng.randrange(1, 0x7FFF))) + rng.choice((0, 0x8000)))

        def wide():
            if rng.random() < 0.4:
                return b"".join(struct.pack("<I", rng.choice(SINGLES)) for _ in range(4))
            if rng.random() < 0.5:
                return b"".join(struct.pack("<Q", rng.choice(DOUBLES)) for _ in range(2))
            return rng.randbytes(16)

        v.fpu = i6v.Fpu(0x7F | rng.choice((0x300, 0x300, 0x200, 0)) | rng.choice((0, 0, 0x400, 0x800, 0xC00)), rng.randrange(8) << 11,
                        rng.choice((0xFF, 0xFF, rng.getrandbits(8))), [extended() for _ in range(8)])
        v.mxcsr = 0x1F80 | rng.choice((0, 0, 0x2000, 0x4000, 0x6000)) | rng.choice((0, 0, 0, 0x8000))
        v.xmm = [wide() for _ in range(8)]

    def _code(self, v, e, osize):
        rng = self.rng
        body = (b"\x66" if osize == 16 and e.prefix is None else b"") + (bytes([e.prefix]) if e.prefix else b"")
        opcode = rng.choice(e.opcodes)
        body += (b"\x0f" if e.map == "0F" else b"") + bytes([opcode])
        memory = False
        if e.modrm:
            memory = not e.reg_only and (e.fixed is None) and (e.mem_only or rng.random() < 0.5)
            modrm = rng.choice([b for b in e.modrms if (b < 0xC0) == memory] or list(e.modrms))
            memory = modrm < 0xC0
            if e.operands and e.operands[0] == "Sw":      # not SS (it holds the trap off), CS or what does not exist
                modrm = modrm & 0xC7 | rng.choice((0, 3, 4, 5)) << 3
                if not memory:
                    v.gpr[modrm & 7] = rng.choice(SELECTORS)
            if e.operands[1:2] == ("Sw",):
                modrm = modrm & 0xC7 | rng.randrange(6) << 3
            body += self._operand(v, e, modrm, osize) if memory else bytes([modrm])
        for o in e.operands:
            short = e.mnemonic in ("SHLD", "SHRD") and o == "Ib"    # a longer shift leaves the result undefined
            body += bytes([rng.randrange(17)]) if short else self._immediate(v, o, osize)
        if "lock" in e.attributes and memory and rng.random() < 0.2:
            body = b"\xf0" + body
        self._implied(v, e, osize)
        if body.startswith((b"\xf2", b"\xf3")) and e.mnemonic in ("MOVS", "CMPS", "STOS", "LODS", "SCAS"):
            v.flags |= i6v.TO_END
            v.gpr[1] = rng.randrange(6)
        v.code = body

    def _operand(self, v, e, modrm, osize):
        """ModRM, SIB and displacement of a memory operand, with registers so that it lies in a window (mostly)."""
        rng = self.rng
        aligned = 16 if any(o[1:] in ("dq", "ps", "pd") for o in e.operands) and "unaligned" not in e.attributes and rng.random() < 0.95 else 1
        address = D + rng.randrange(0x40, 0x1F00) // aligned * aligned
        if rng.random() < 0.02:
            address = 0x00400000 + rng.randrange(0x1000)
        elif e.operands and e.operands[0] == "Sw":
            v.patches.append((address, struct.pack("<H", rng.choice(SELECTORS))))
        if e.mnemonic.startswith("BT") and e.operands[1:] == ("Gv",):
            v.gpr[modrm >> 3 & 7] = rng.randrange(-512, 512) & 0xFFFFFFFF if modrm >> 3 & 7 != 4 else v.gpr[4]
        mod, rm = modrm >> 6, modrm & 7
        out = bytes([modrm])
        size = {0: 0, 1: 1, 2: 4}[mod]
        base, index, scale = rm, None, 0
        if rm == 4:
            base, index, scale = rng.randrange(8), rng.randrange(8), rng.randrange(4)
            while index == base:
                index = rng.randrange(8)
            out += bytes([scale << 6 | index << 3 | base])
            index = None if index == 4 else index
        if mod == 0 and base == 5:
            base, size = None, 4
        disp = rng.randrange(-128, 128) if size == 1 else rng.getrandbits(32) if size == 4 else 0
        rest = address - disp - (v.gpr[index] << scale if index is not None else 0)
        if base is None:
            disp = disp + rest
        else:
            v.gpr[base] = rest & 0xFFFFFFFF
        return out + (struct.pack("<I", disp & 0xFFFFFFFF) if size == 4 else bytes([disp & 0xFF]) if size else b"")

    def _immediate(self, v, o, osize):
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
            return rng.randbytes(osize // 8) if osize == 16 else struct.pack("<i", rng.randrange(-0x8000, 0x8000))
        if o[0] == "O":
            return struct.pack("<I", D + rng.randrange(0x1F00))
        return b""

    def _implied(self, v, e, osize):
        """Registers that the instruction uses without saying so."""
        rng, gpr = self.rng, v.gpr
        if e.operands and any(o[0] in "XY" and len(o) == 2 for o in e.operands):
            gpr[6], gpr[7] = D + rng.randrange(0x100, 0x1E00), D + rng.randrange(0x100, 0x1E00)
        if e.mnemonic == "XLAT":
            gpr[3] = D + rng.randrange(0x1E00)
        elif e.mnemonic in ("LEAVE", "ENTER"):
            gpr[5] = S + rng.randrange(0x200, 0xE00)
        elif e.mnemonic.startswith("MASKMOV"):
            gpr[7] = D + rng.randrange(0x1E00)
        elif e.function in ("RET", "RET_imm", "POP_sreg") and None not in map(world.window_offset, (gpr[4], gpr[4] + 3)):
            v.patches.append((gpr[4], struct.pack("<I", rng.choice(SELECTORS) if e.function == "POP_sreg" else self.number())))
        if e.mnemonic in ("SHLD", "SHRD"):
            gpr[1] = gpr[1] & ~0xFF | rng.randrange(17)


# -- what does not count -----------------------------------------------------------------------------------------

def undefined(e, osize, v):
    """Bits of EFLAGS that a completed instruction leaves undefined (README of the corpus, section 6)."""
    bits = osize if e.width == 0 else e.width
    if e.mnemonic in ("SHL", "SAL", "SHR", "SAR", "ROL", "ROR", "RCL", "RCR", "SHLD", "SHRD"):
        count = (1 if e.operands[-1] == "1" else v.code[-1] if e.operands[-1] == "Ib" else v.gpr[1]) & 31
        if count == 0:
            return 0
        rotates = e.mnemonic[0] == "R"
        ignored = 0 if rotates else AF
        if count > 1:
            ignored |= OF
        if count >= bits and not rotates and e.mnemonic != "SAR":
            ignored |= CF
        return ARITH if count > bits and e.mnemonic in ("SHLD", "SHRD") else ignored
    ignored = sum(FLAG_BITS[name] for name in e.undef)
    return ignored | (SF | AF if e.mnemonic in ("FCOMI", "FUCOMI", "FCOMIP", "FUCOMIP") else 0)


def finish(v, e, osize, found):
    """Put the host's results into a vector.  Gives False for one that is of no use."""
    trap, error, cr2, state, changed = found
    end = v.eip + len(v.code)
    v.eip_after, v.eflags_after = state[0], state[1] & ~0x10100
    v.gpr_after, v.seg_after = tuple(state[2:10]), tuple(state[10:16])
    v.exception, v.error, v.cr2 = trap, error, 0
    if v.flags & i6v.TO_END:
        if trap == TRAP_INT3 and v.eip_after == end + 1:
            v.exception, v.error, v.eip_after = i6v.COMPLETED, 0, end
    elif trap == TRAP_STEP:
        v.exception, v.error = i6v.COMPLETED, 0
    if v.exception == PAGE_FAULT:
        v.cr2 = cr2
    fcw, fsw, ftw, _, st, v.mxcsr_after, xmm = state[16:23]
    top = fsw >> 11 & 7
    v.fpu_after = i6v.Fpu(fcw, fsw, ftw, [st[10 * (n - top & 7):10 * (n - top & 7) + 10] for n in range(8)])
    v.xmm_after = [xmm[16 * n:16 * n + 16] for n in range(8)]
    v.fsw_ignore = 0 if e.mnemonic in COMPARES else 0x4700 if e.mnemonic in CONTROL or e.mnemonic.startswith("FCMOV") else 0x4500
    completed = v.exception == i6v.COMPLETED
    v.eflags_ignore = undefined(e, osize, v) if completed or v.exception == 0 else 0
    v.gpr_ignore, v.memory_ignore = None, []
    if e.mnemonic in ("BSF", "BSR") and v.eflags_after & ZF:
        v.gpr_ignore = [0] * 8
        at = 1 + (v.code[0] == 0x66) + 1
        v.gpr_ignore[v.code[at] >> 3 & 7] = 0xFFFFFFFF
    v.memory_after = runs(changed)
    if e.function == "PUSH_sreg" and osize == 32 and completed:
        v.memory_ignore = [(v.gpr_after[4] + 2, 2)]
    in_world = v.exception in (i6v.COMPLETED, 0, 4, 5, 6, 11, 12, 13, 14, 16, 17, 19)
    return in_world and len(v.memory_after) < 256 and len(v.patches) < 256


def runs(changed):
    """[(address, bytes)] of {address: byte}."""
    out = []
    for address in sorted(changed):
        if out and out[-1][0] + len(out[-1][1]) == address:
            out[-1][1].append(changed[address])
        else:
            out.append((address, bytearray([changed[address]])))
    return [(address, bytes(data)) for address, data in out]


def grow(host, seed, each, only=None):
    """{class: (form descriptions, vectors)} of ``each`` vectors of every form."""
    out = {}
    for e, osize in forms():
        if only and e.mnemonic.lower() != only.lower():
            continue
        descriptions, vectors = out.setdefault(group(e), ([], []))
        number = len(descriptions)
        descriptions.append(description(number, e, osize))
        maker = Maker(random.Random(f"{seed} {e.line} {osize}"))
        kept = 0
        for _ in range(3 * each):
            if kept == each:
                break
            v = maker.vector(number, e, osize)
            if finish(v, e, osize, host.run(v)):
                vectors.append(v)
                kept += 1
    return out


def host_name():
    """What the host's processor calls itself."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return "unknown"
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("folder", type=Path)
    p.add_argument("--each", type=int, default=40, help="vectors of each form (default 40)")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--only", help="one mnemonic")
    args = p.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    host = Host()
    try:
        grown = grow(host, args.seed, args.each, args.only)
    finally:
        host.close()
    for cls, (descriptions, vectors) in grown.items():
        name = f"{cls}_32"
        header = {"file": name, "seed": args.seed, "cpu": host_name(), "generator": "emu tools/make_vectors.py", "forms": descriptions}
        i6v_writer.write(args.folder / f"{name}.i6v.xz", header, vectors)
        print(f"{name}: {len(descriptions)} forms, {len(vectors)} vectors")


if __name__ == "__main__":
    main()
