"""The processor models: what each lacks raises #UD or #GP, or does not change, on both engines."""

import struct

import pytest

from emu.cpu import cpuid
from emu.cpu.cpuid import MODELS
from emu.cpu.encodings import encodings
from emu.cpu.forms import FEATURES, UD_FORM, tables
from emu.cpu.decode import decode
from emu.cpu.disassemble import Disassembler
from emu.cpu.fpu.state import reset_fpu
from emu.cpu.msr import read_msr, write_msr
from emu.cpu.paging import walk_legacy
from emu.cpu.reset import reset_cpu
from emu.cpu.semantics.fxsave import FXSAVE
from emu.cpu.semantics.system import MOV_from_tr, MOV_to_tr
from emu.cpu.state import CR0_PE, CR0_PG, CS, GP, ID, PF_VEC, Rec

from emu.suites.bare import BareBoard

from system_rig import attempt, peek, poke, protected, record

NAMES = [m.name for m in MODELS]
UD = tables().form_handlers[UD_FORM][0]


def processor(name):
    cpu = protected()
    cpu.model = NAMES.index(name)
    reset_cpu(cpu)
    return cpu


def first_with(feature):
    """The first model that has what ``cpu=`` names."""
    return next(n for n, m in enumerate(MODELS) if m.features & FEATURES[feature])


@pytest.mark.parametrize("index, name", list(enumerate(NAMES)))
def test_an_instruction_that_the_model_lacks_is_undefined(index, name):
    """Every line of the table that names a feature, decoded by every model."""
    cpu = processor(name)
    seen = set()
    for e in encodings():
        if e.feature is None:
            continue
        body = b"\x0f" * (e.map == "0F") + bytes([e.opcode])
        modrm = bytes([e.modrms[0]]) if e.modrm else b""
        code = (bytes([e.prefix]) if e.prefix else b"") + body + modrm + bytes(8)
        cpu.code[0:len(code)], cpu.code_len = code, 15
        has = bool(MODELS[index].features & FEATURES[e.feature])
        assert (decode(cpu, Rec()) == UD) == (not has), f"{name}: {e.line}"
        seen.add((e.feature, has))
    assert {f for f, _ in seen} == {e.feature for e in encodings() if e.feature}


def test_generations():
    """What came with which part."""
    assert {f: NAMES[first_with(f)] for f in FEATURES} == {
        "fpu": "486", "tr": "486", "tsc": "pentium", "msr": "pentium", "cx8": "pentium", "mmx": "pentium", "p6": "pentium2",
        "cmov": "pentium2", "sep": "pentium2", "fxsr": "pentium2", "sse": "pentium3", "sse2": "pentium4", "clfsh": "pentium4"}
    for m in MODELS:
        assert m.name == "486" or m.features & cpuid.F_TSC
    families = [m.signature >> 8 & 15 for m in MODELS]
    assert families == [4, 5, 6, 6, 15]


def test_hypervisor_leaves():
    """Between the first and the last there are none; without a hypervisor all of them answer like the highest basic leaf."""
    cpu = processor("pentium4")
    for there in (True, False):
        cpu.hypervisor = there
        basic = cpuid.cpuid(cpu, 2)
        assert (cpuid.cpuid(cpu, 0x40000000)[0] == 0x40000010) == there == (cpuid.cpuid(cpu, 0x40000010) != basic)
        assert cpuid.cpuid(cpu, 0x40000001) == cpuid.cpuid(cpu, 0x4000000F) == ((0, 0, 0, 0) if there else basic)
        assert bool(cpuid.cpuid(cpu, 1)[2] >> 31) == there and cpuid.cpuid(cpu, 0x40000011) == basic


def test_test_registers():
    """A 486 keeps what is written to TR3 to TR7; CPUID does not show that they are there."""
    cpu, r = processor("486"), Rec()
    assert cpuid.cpuid(cpu, 1)[3] == cpuid.F_FPU | cpuid.F_VME
    for r.reg in range(8):
        cpu.gpr[0] = 0x1234_5671 * (r.reg + 1) & 0xFFFFFFFF
        if r.reg < 3:
            assert attempt(MOV_to_tr, cpu, r) == attempt(MOV_from_tr, cpu, r) == (6, 0)
        else:
            MOV_to_tr(cpu, r)
    for r.reg in range(7, 2, -1):
        MOV_from_tr(cpu, r)
        assert cpu.gpr[0] == 0x1234_5671 * (r.reg + 1) & 0xFFFFFFFF
    cpu.gpr[0], r.reg = 1, 6                    # look for page 0: TR7 says that there was no hit
    MOV_to_tr(cpu, r)
    assert cpu.tr[7] == 0x1234_5671 * 8 & 0xFFFFFFEF
    show = Disassembler().instruction
    assert show(b"\x0f\x24\xf8") == "mov eax,tr7" and show(b"\x0f\x26\xd9") == "mov tr3,ecx"


@pytest.mark.parametrize("name", NAMES)
def test_model_specific_registers(name):
    """A Pentium has its own few; the P6's are not there."""
    cpu = processor(name)
    if name == "pentium":
        write_msr(cpu, 0x11, 0xFFFFFFFFFFFFFFFF)
        write_msr(cpu, 0x13, 1 << 45 | 5)
        assert read_msr(cpu, 0x11) == 0x03FF03FF and read_msr(cpu, 0x13) == 5 and read_msr(cpu, 0x0E) == 0
    if name != "486":
        p6 = name != "pentium"
        for msr, known in ((0x10, True), (0x11, not p6), (0x0E, not p6), (0x1B, p6), (0x174, p6), (0x277, p6), (0xFE, p6), (3, False)):
            assert attempt(read_msr, cpu, msr) == (None if known else (GP, 0)), hex(msr)


@pytest.mark.parametrize("name, bit, wanted", [
    ("pentium", 12, True), ("pentium", 13, True), ("pentium", 16, True), ("pentium", 17, True),
    ("pentium2", 12, False), ("pentium2", 13, False), ("pentium2", 17, True), ("pentium4", 16, False)])
def test_reserved_bits_of_large_pages(name, bit, wanted):
    cpu = processor(name)
    cpu.cr0 |= CR0_PE | CR0_PG
    cpu.cr4, cpu.cr3 = 0x10, 0x8000
    poke(cpu, 0x8000, 0x00400083 | 1 << bit)
    fault = attempt(walk_legacy, cpu, 0x1000, False, False)
    assert fault == ((PF_VEC, 9) if wanted else None)


@pytest.mark.parametrize("name, saves", [("pentium2", False), ("pentium3", True)])
def test_fxsave_without_sse_leaves_the_xmm_area(name, saves):
    cpu = processor(name)
    reset_fpu(cpu.fpu)
    cpu.cr0 |= CR0_PE
    cpu.cr4 = 0x200
    for s in cpu.seg:
        s.limit = s.high = 0xFFFFFFFF
    cpu.fpu.xmm[0] = 0x1122334455667788
    poke(cpu, 0x700 + 160, 0xAAAAAAAAAAAAAAAA, 8)
    FXSAVE(cpu, record(disp=0x700))
    assert peek(cpu, 0x700 + 160, 8) == (0x1122334455667788 if saves else 0xAAAAAAAAAAAAAAAA)


# -- on both engines ---------------------------------------------------------------------------------------------

# Real-mode code: each case puts 1 where it did not fault.  Vectors 6 and 13 lead to a handler that skips the case.
CASES = {"rdtsc": b"\x0f\x31", "cmpxchg8b": b"\x0f\xc7\x0e\x00\x06", "cmovz": b"\x0f\x44\xc9", "emms": b"\x0f\x77",
         "fcomi": b"\xdb\xf0", "nop ev": b"\x0f\x1f\xc0",
         "bswap": b"\x66\x0f\xc8", "cpuid": b"\x0f\xa2", "rdmsr": b"\x66\xb9\x10\x00\x00\x00\x0f\x32", "mov cr4,pse": b"\x66\xb8\x10\x00\x00\x00\x0f\x22\xe0",
         "mov cr4,osfxsr": b"\x66\xb8\x00\x02\x00\x00\x0f\x22\xe0",
         "xorps": b"\x0f\x57\xc0", "movdqa": b"\x66\x0f\x6f\xc0"}
SINCE = {"rdtsc": 1, "cmpxchg8b": 1, "cmovz": 2, "emms": 1, "xorps": 3, "movdqa": 4, "fcomi": 2, "nop ev": 2, "bswap": 0, "cpuid": 0,
         "rdmsr": 1, "mov cr4,pse": 1, "mov cr4,osfxsr": 2}
LOAD, HANDLER, RESULTS = 0x7C00, 0x600, 0x500


def program():
    """The code and the handler's.  BP holds where a case that faults goes on."""
    code = bytearray(b"\xfa\x31\xc0\x8e\xd8\x8e\xd0\xbc\x00\x7c")
    for vector in (6, 13):                                   # mov word [vector*4], HANDLER; mov word [vector*4+2], 0
        code += b"\xc7\x06" + struct.pack("<HH", vector * 4, HANDLER) + b"\xc7\x06" + struct.pack("<HH", vector * 4 + 2, 0)
    for n, body in enumerate(CASES.values()):
        size = len(body) + 5
        code += b"\xbd" + struct.pack("<H", LOAD + len(code) + 3 + size) + body + b"\xc6\x06" + struct.pack("<H", RESULTS + n) + b"\x01"
    code += b"\x66\x9c\x66\x58\x66\x35\x00\x00\x20\x00\x66\x50\x66\x9d\x66\x9c\x66\x5b\x66\x89\xd8\x66\xa3\xf0\x05"  # the ID flag
    return bytes(code + b"\xf4")


@pytest.mark.parametrize("engine", ["python", pytest.param("native", marks=pytest.mark.native)])
@pytest.mark.parametrize("index, name", list(enumerate(NAMES)))
def test_guest_code(engine, index, name):
    """Real instructions on either engine: what faults and what does not."""
    board = BareBoard(engine, 1 << 20, name)
    cpu, memory = board.cpu, board.memory
    memory.write(LOAD, program())
    memory.write(HANDLER, b"\x89\xe7\x89\x2d\xcf")            # mov di, sp; mov [di], bp; iret
    cpu.seg[CS].base, cpu.seg[CS].sel, cpu.eip = 0, 0, LOAD
    board.run(1000)
    try:
        assert cpu.halted
        order = {n: bool(memory.read(RESULTS + k, 1)[0]) for k, n in enumerate(CASES)}
        wanted = {n: index >= since for n, since in SINCE.items()}
        assert order == wanted
        assert int.from_bytes(memory.read(0x5F0, 4), "little") & ID
    finally:
        board.close()


def test_a_prefix_that_is_not_its_own_makes_a_vector_instruction_undefined():
    """Each MMX and SSE line, the cache control and the fences, with 66, F2 and F3 (so a processor of today does, too)."""
    cpu = processor("pentium4")
    named = {}
    for e in encodings():
        named.setdefault((e.prefix, e.map, e.opcode), []).append(e)

    def decoded(code):
        cpu.code[0:len(code)], cpu.code_len = code, 15
        return decode(cpu, Rec())

    tried = 0
    for e in encodings():
        if e.prefix is None and e.bare:
            for modrm in e.modrms or [0]:
                for prefix in (0x66, 0xF2, 0xF3):
                    own = any(modrm in (o.modrms or [0]) for o in named.get((prefix, e.map, e.opcode), ()))
                    assert (decoded(bytes([prefix, 0x0F, e.opcode, modrm]) + bytes(8)) == UD) == (not own), e.line
                    tried += not own
    assert tried > 10_000
    for code in ("660faef0", "f30faee8", "f20fd4c1", "f30f28c1", "660fc308", "f30f77", "660f12c1"):
        assert decoded(bytes.fromhex(code).ljust(15, b"\0")) == UD, code
    for code in ("0faef0", "f30f6fc1", "660fd4c1", "f2f30f90c0", "660fb6c1", "f30fafc1"):
        assert decoded(bytes.fromhex(code).ljust(15, b"\0")) != UD, code
