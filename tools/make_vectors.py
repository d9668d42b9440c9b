"""Grows a corpus of instruction vectors on the host's own x86 processor: `python tools/make_vectors.py FOLDER [--each N] [--seed N]`.

Every form of the table of encodings that user code can run, with every shape of its operands, in code of 32 and of 16 bits, gets random
and corner-case states (vector_states.py); the truth is what the host does (vector_host.c, built with gcc -m32).  What is left out stands in
vector_forms.py with its reason.  Writes files of the format that `emu cpu-test` reads.  Linux; vm.mmap_min_addr must not be above
8000h (or the user is root).
"""

import argparse
import random
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from emu.cpu.state import AF, CF, ESP, OF, PF, SF, SS, ZF                             # noqa: E402
from emu.suites import i6v, i6v_writer                                                # noqa: E402
from vector_forms import TRANSCENDENTAL, description, dropped, forms, group           # noqa: E402
from vector_host import PAGE_FAULT, TRAP_INT3, TRAP_STEP, Host                        # noqa: E402
from vector_states import ARITH, CODE16, FXSAVE_SIZE, Maker, base_of                  # noqa: E402

FLAG_BITS = {"CF": CF, "PF": PF, "AF": AF, "ZF": ZF, "SF": SF, "OF": OF}
BITS = 32, 16
C0, C1, C2, C3 = 0x100, 0x200, 0x400, 0x4000
COMPARES = {"FCOM", "FCOM2", "FCOMP", "FCOMP3", "FCOMP5", "FCOMPP", "FUCOM", "FUCOMP", "FUCOMPP", "FTST", "FXAM", "FICOM", "FICOMP", "FNINIT",
            "FLDENV", "FRSTOR", "FNSAVE", "FXSAVE", "FXRSTOR"}
CONTROL = {"FLDCW", "FNSTCW", "FNSTSW", "FNCLEX", "FNOP", "FWAIT", "FFREE", "FFREEP", "FINCSTP", "FDECSTP", "FNSTENV"}
REDUCTIONS = {"FPREM", "FPREM1"}
CIRCULAR = {"FPTAN", "FSIN", "FCOS", "FSINCOS"}
# What an image of the environment says of the last instruction and its operand, by operand size: (offset, bytes); later processors
# keep it for exceptions alone, and no segments
POINTERS = {16: ((6, 8),), 32: ((12, 14),)}
FX_POINTERS = (5, 11), (18, 6), (28, 4), *((42 + 16 * n, 6) for n in range(8)), (288, FXSAVE_SIZE - 288)
KNOWN_EXCEPTIONS = i6v.COMPLETED, 0, 3, 4, 5, 6, 11, 12, 13, 14, 16, 17, 19


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


def memory_ignored(v, e, osize):
    """Runs of memory that do not count."""
    if e.function == "PUSH_sreg" and osize == 32 or e.mnemonic == "CALLF" and osize == 32:
        at = base_of(v.seg_after[SS]) + (v.gpr_after[ESP] & (0xFFFF if v.flags & i6v.CODE16 else 0xFFFFFFFF))
        return [(at + (2 if e.function == "PUSH_sreg" else 6), 2)]      # the upper half of a selector's doubleword
    places = POINTERS[osize] if e.mnemonic in ("FNSTENV", "FNSAVE") else FX_POINTERS if e.mnemonic == "FXSAVE" else ()
    if not places or not v.memory_after:
        return []
    start = min(address for address, _ in v.memory_after)       # FCW comes first, and is never what the background has
    return [(start + at, size) for at, size in places]


def status_ignored(e, fsw):
    """Bits of the status word that do not count."""
    if e.mnemonic in REDUCTIONS:
        return C0 | C1 | C3 if fsw & C2 else 0
    if e.mnemonic in TRANSCENDENTAL:
        return C0 | C1 | C3 | (0 if e.mnemonic in CIRCULAR else C2)
    if e.mnemonic in COMPARES:
        return 0
    return C0 | C1 | C2 | C3 if e.mnemonic in CONTROL or e.mnemonic.startswith("FCMOV") else C0 | C2 | C3


def finish(v, e, osize, found, reg):
    """Put the host's results into a vector; ``reg`` is its ModRM's register.  Gives False for one that is of no use."""
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
    v.fsw_ignore = status_ignored(e, fsw)
    completed = v.exception == i6v.COMPLETED
    v.eflags_ignore = undefined(e, osize, v) if completed or v.exception == 0 else 0
    v.gpr_ignore, v.memory_ignore = None, []
    if e.mnemonic in ("BSF", "BSR") and v.eflags_after & ZF:
        v.gpr_ignore = [0] * 8
        v.gpr_ignore[reg] = 0xFFFFFFFF
    elif e.mnemonic == "LAR" and osize == 32 and v.eflags_after & ZF:
        v.gpr_ignore = [0] * 8
        v.gpr_ignore[reg] = 0xF0000
    v.memory_after = runs(changed)
    if completed:
        v.memory_ignore = memory_ignored(v, e, osize)
    return v.exception in KNOWN_EXCEPTIONS and dropped(e, v) is None and len(v.memory_after) < 256 and len(v.patches) < 256


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
    """{(class, bits of code): (form descriptions, vectors)} of ``each`` vectors of every form."""
    out = {}
    for bits in BITS:
        for e, osize in forms(bits):
            if only and e.mnemonic.lower() != only.lower():
                continue
            descriptions, vectors = out.setdefault((group(e), bits), ([], []))
            number = len(descriptions)
            descriptions.append(description(number, e, osize))
            maker = Maker(random.Random(f"{seed} {e.line} {osize} {bits}"), bits)
            kept = 0
            for _ in range(3 * each):
                if kept == each:
                    break
                v = maker.vector(number, e, osize)
                if finish(v, e, osize, host.run(v), maker.reg):
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
    for (cls, bits), (descriptions, vectors) in grown.items():
        name = f"{cls}_{bits}"
        header = {"file": name, "seed": args.seed, "cpu": host_name(), "generator": "emu tools/make_vectors.py", "forms": descriptions}
        i6v_writer.write(args.folder / f"{name}.i6v.xz", header, vectors)
        print(f"{name}: {len(descriptions)} forms, {len(vectors)} vectors")


if __name__ == "__main__":
    main()
