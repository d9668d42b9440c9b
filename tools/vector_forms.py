"""Which forms tools/make_vectors.py makes vectors of, and which it leaves out, each with its reason."""

from emu.cpu.encodings import encodings

HOST, ENTERS, ALONE = (
    "tells of the host's system and make", "enters the host's system", "a single step cannot tell it from the trap itself")
# By mnemonic
LEFT_OUT = {
    "CPUID": HOST, "RDTSC": HOST, "RDPMC": HOST, "SMSW": HOST, "SGDT": HOST, "SIDT": HOST, "SLDT": HOST, "STR": HOST,
    "SYSENTER": ENTERS, "SYSEXIT": ENTERS, "INT": ENTERS, "INT1": ALONE,
    "UD0": "later processors read a ModRM byte and its operand first", "UD1": "the same",
    "FSTP1": "AMD's does not look at the tag", "FENI": "an instruction of the 8087 alone", "FDISI": "the same",
    "FSETPM": "an instruction of the 287 alone",
}
# By mnemonic and exception: vectors that are dropped
PARTS = "which part of a large operand is touched first is each processor's own"
DROPPED = {
    **{(name, 14): PARTS for name in ("FNSTENV", "FLDENV", "FNSAVE", "FRSTOR", "FXSAVE", "FXRSTOR")},
    ("CALL", 13): "where the target is beyond the limit Intel's has written the return address, AMD's has not",
}
HINTS = range(0x18, 0x1F)       # 0F 18 to 0F 1E: hints that later processors (MPX, CET) have made instructions of
TRANSCENDENTAL = {"F2XM1", "FYL2X", "FYL2XP1", "FPTAN", "FPATAN", "FSIN", "FCOS", "FSINCOS"}
ULP = 2                         # two results within 1 ulp of the truth
ENVIRONMENTS = {"FNSTENV", "FLDENV", "FNSAVE", "FRSTOR"}
FAR = {"CALLF", "JMPF", "RETF", "IRET"}
STRINGS = {"MOVS", "CMPS", "STOS", "LODS", "SCAS", "INS", "OUTS"}
STACK = {"PUSH", "POP", "PUSHA", "POPA", "PUSHF", "POPF", "ENTER", "LEAVE"}
SEGMENTS = {"LES", "LDS", "LSS", "LFS", "LGS", "LAR", "LSL", "VERR", "VERW", "ARPL"}
SIZED = STACK | FAR | ENVIRONMENTS - {"PUSH", "POP"}


STORES, MEMORY_FAULTS, MASKS = {"FST", "FSTP", "FIST", "FISTP", "FBSTP"}, (12, 13, 14), 0x3F


def dropped(e, v):
    """Why a vector is of no use for all processors, or None."""
    if e.mnemonic in STORES and v.exception in MEMORY_FAULTS and v.fpu.fcw & MASKS != MASKS:
        return "whether the address of a store that an unmasked exception holds back is checked is each processor's own"
    return DROPPED.get((e.mnemonic, v.exception))


def wanted(e):
    """Can user code run an encoding, and does the host tell the truth of it?"""
    return e.mnemonic not in LEFT_OUT and "cpl0" not in e.attributes and not (e.map == "0F" and e.opcode in HINTS)


def forms(bits):
    """(encoding, operand size) of every form in code of 16 or 32 bits: conditions and registers in opcodes count once each line."""
    for e in encodings():
        if wanted(e):
            sized = any(o[1:] in ("v", "z", "bs", "p", "a") or o == "eAX" for o in e.operands) or e.mnemonic in SIZED \
                or e.function in ("PUSH_sreg", "POP_sreg", "RET", "RET_imm")
            for osize in (16, 32) if sized and e.prefix is None else (bits,):
                osize = 16 if "o16" in e.attributes else 32 if "o32" in e.attributes else osize
                if not (e.mnemonic == "BSWAP" and osize == 16):
                    yield e, osize


def group(e):
    """The class of a form in the tables of results."""
    if e.feature in ("sse", "sse2", "mmx"):
        return "sseapx" if e.mnemonic.startswith(("RCP", "RSQRT")) else e.feature
    if e.mnemonic in TRANSCENDENTAL:
        return "x87tr"
    if e.map == "1" and 0xD8 <= e.opcode <= 0xDF or e.mnemonic in ("FWAIT", "FXSAVE", "FXRSTOR"):
        return "x87"
    if e.mnemonic in SEGMENTS | FAR or "Sw" in e.operands or e.function in ("PUSH_sreg", "POP_sreg"):
        return "seg"
    if e.mnemonic in STRINGS:
        return "string"
    if e.mnemonic in STACK:
        return "stack"
    return "flow" if "branch" in e.attributes else "int"


def description(number, e, osize):
    """The header's entry of a form."""
    ext = f"/{e.ext} " if e.ext is not None else ""
    kind = " mem" if e.mem_only else " reg" if e.reg_only else ""
    opcode = ("0f" if e.map == "0F" else "") + f"{e.opcode:02x}" + (f"{e.fixed:02x}" if e.fixed is not None else "")
    name = f"{e.mnemonic.lower()}.{osize} {ext}{' '.join(e.operands)}{kind}".strip()
    return {"id": number, "name": name, "opcode": opcode, "cls": group(e), "osz": osize, "ulp": ULP if e.mnemonic in TRANSCENDENTAL else None,
            "approx": 1.5 / 4096 if group(e) == "sseapx" else None}
