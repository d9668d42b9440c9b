"""What the fuzzer has found, each as a test of its own."""

import random
import struct
import time

import fuzz_code
import fuzz_rig as rig
import pytest

ENGINES = ["python", pytest.param("native", marks=pytest.mark.native)]
OPEN = 0x20000000       # an address that nothing answers


@pytest.fixture(params=ENGINES)
def pc(request):
    media = rig.Media()
    with rig.machine(media, request.param) as pc:
        rig.restart(pc)
        yield pc
    media.close()


def protected(pc, body, vector6=b"\xf4"):
    """Start 32-bit code at fuzz_code.CODE; #UD goes to ``vector6`` at 980h."""
    pc.memory.write(fuzz_code.GDT, bytes(8) + struct.pack("<HHBBBB", 0xFFFF, 0, 0, 0x9B, 0xCF, 0) + struct.pack("<HHBBBB", 0xFFFF, 0, 0, 0x93, 0xCF, 0))
    pc.memory.write(fuzz_code.IDT, bytes(6 * 8) + struct.pack("<HHBBH", 0x980, 8, 0, 0x8E, 0))
    pc.memory.write(0x980, vector6)
    pc.memory.write(fuzz_code.CODE, bytes.fromhex("66b810008ed88ec08ed0bc00700000") + body)
    rig.set_block(pc, gdt=(fuzz_code.GDT, 0x2FF), idt=(fuzz_code.IDT, 0x7FF), cr0=0x11, entry=(fuzz_code.CODE & 0xFFFF, 8))
    pc.memory.write(rig.BLOCK + 28, struct.pack("<IH", fuzz_code.CODE, 8))


def test_code_where_nothing_answers(pc):
    """A decoded run at 900h was taken for the code at an open address + 901h: both have one offset, modulo 2^32."""
    protected(pc, b"\xe8" + struct.pack("<i", 0x900 - fuzz_code.CODE - 20) + b"\xb8" + struct.pack("<I", OPEN + 0x901) + b"\xff\xd0\xf4",
              b"\xc7\x05" + struct.pack("<II", rig.MARK_AT, rig.MARK) + b"\xf4")
    pc.memory.write(0x900, b"\xc7\x05" + struct.pack("<II", rig.MARK_AT, 0xBAD) + b"\xc3")
    pc.step(40)
    assert pc.ended == "halt"
    assert pc.memory.read(rig.MARK_AT, 4) == struct.pack("<I", rig.MARK)


def test_a_fw_cfg_request_of_4_gib(pc):
    """It took a step for each page of the address space."""
    pc.memory.write(0x3000, struct.pack(">IIQ", 2 | 8 | 5 << 16, 0xFFFFFFFF, 0x10_0000))
    began = time.process_time()
    pc.parts.services["port_write32"](0x518, int.from_bytes(struct.pack(">I", 0x3000), "little"))
    assert pc.memory.read(0x100000, 16) == b"\x01" + bytes(15)
    assert time.process_time() - began < 4


def test_a_halt_that_only_a_masked_timer_interrupts(pc):
    """step() did not come back."""
    rig.set_interrupts(pc)
    rig.set_block(pc)
    pc.memory.write(rig.CODE, b"\xb0\xff\xe6\x21\xe6\xa1\xfb\xf4\xeb\xfd")
    began = pc.guest_seconds
    pc.step(1_000_000)
    assert pc.ended is None and pc.cpu.halted and 0.9 < pc.guest_seconds - began < 2.5


def test_decoded_code_does_not_pile_up(pc):
    """The Python engine kept every instruction that it ever decoded."""
    if pc.engine_name != "python":
        pytest.skip("the native engine's pool has a size")
    from emu.cpu import python_engine
    most, python_engine.MOST_DECODED = python_engine.MOST_DECODED, 500
    try:
        rig.set_block(pc)
        pc.memory.write(rig.CODE, b"\x90" * 2000 + b"\xfa\xf4")
        pc.step(3000)
        assert pc.ended == "halt" and pc.cpu.eip == rig.CODE + 2002
        engine = pc.parts.engine
        assert sum(len(modes) for page in engine.decoded.values() for modes in page.values()) <= 500
    finally:
        python_engine.MOST_DECODED = most


@pytest.mark.native
def test_coprocessor_error_in_the_midst_of_decoded_code():
    """FERR# raised interrupt 13 only at the end of the run of decoded instructions on the native engine."""
    from emu.machine.snapshot import Comparison
    media = rig.Media()
    with rig.machine(media, "native") as left, rig.machine(media, "python") as right:
        for pc in (left, right):
            rig.restart(pc)
            rig.set_interrupts(pc)
            fuzz_code.tables(pc, random.Random(1), False)
            # fninit; unmask all; fldz; fld1; fdivr (#Z); sti; then a waiting instruction and many others
            body = bytes.fromhex("dbe3" "6a00" "d92c24" "d9ee" "d9e8" "def1" "fb" "90" "d9e8") + b"\x40" * 40 + b"\xeb\xfe"
            protected(pc, body)
            pc.step(200)
        assert not Comparison(right, left).differences()
    media.close()


def real(pc, handler13, entry):
    """Start 16-bit code at an IP of segment 0; #GP goes to ``handler13``."""
    pc.memory.write(rig.HANDLERS, handler13)
    pc.memory.write(13 * 4, struct.pack("<HH", rig.HANDLERS, 0))
    rig.set_block(pc, entry=(entry, 0))


def test_what_the_limit_cut_off_is_overwritten(pc):
    """#GP for an instruction that ran over the segment's end was remembered, though only for its first byte."""
    pc.memory.write(0xFFFD, b"\x66\xb8\x00")                # mov eax, imm32
    real(pc, b"\xc6\x06\xfe\xff\x90\xc6\x06\xff\xff\xf4\xcf", 0xFFFD)       # makes it xchg ax, ax; hlt, and goes back
    pc.step(60)
    assert pc.ended == "halt" and pc.cpu.eip == 0x10000


def test_a_known_jump_in_another_segment(pc):
    """The same code, whose second segment ends within what follows the jump."""
    pc.memory.write(0x20000, b"\xeb\x00" + b"\x40" * 30 + b"\xea\xf0\xff\x01\x10")     # jmp, 30 inc ax, jmp 1001:FFF0
    real(pc, b"\xf4", 0x7C00)
    pc.memory.write(0x7C00, b"\x31\xc0\xea\x00\x00\x00\x20")                # xor ax, ax; jmp 2000:0
    pc.step(120)
    assert pc.ended == "halt" and pc.cpu.eax & 0xFFFF == 30 + 14


def test_reads_and_writes_that_lead_to_different_places(pc):
    """C0000 with writes to RAM and reads from the bus: ADD took what it would write over for what it reads."""
    out = pc.parts.services["port_write32"]
    out(0xCF8, 0x80000058)
    out(0xCFC, 0x00220000)                                  # PAM2: write enable for C0000-C7FFF
    before = struct.unpack("<I", pc.memory.read(0xC0604, 4))[0]
    protected(pc, b"\xb8\x05\x00\x00\x00\xa3\x00\x06\x0c\x00\x01\x05\x04\x06\x0c\x00\xfa\xf4")
    pc.step(60)
    out(0xCF8, 0x80000058)
    out(0xCFC, 0x00330000)
    assert pc.ended == "halt" and pc.memory.read(0xC0604, 4) == struct.pack("<I", before + 5 & 0xFFFFFFFF)


def test_code_in_video_memory_that_a_mode_set_clears(pc):
    """The native engine went on with what it had decoded."""
    out8, out16 = pc.parts.services["port_write8"], pc.parts.services["port_write16"]
    out8(0x3C2, 3)
    for index, value in ((1, 640), (2, 480), (3, 8), (4, 0x41)):
        out16(0x1CE, index)
        out16(0x1CF, value)
    pc.memory.write(0xAFFF0, bytes.fromhex("b801000000 c3"))                           # mov eax, 1; ret
    mark = b"\xc7\x05" + struct.pack("<II", rig.MARK_AT, rig.MARK) + b"\xf4"
    call = bytes.fromhex("b9f0ff0a00 ffd1")
    clear = bytes.fromhex("66bace01 66b80400 66ef 42 6631c0 66ef 66b84100 66ef")        # DISPI off, and on again
    protected(pc, call + call + clear + b"\xb8" + struct.pack("<I", 0x5000) + call + b"\xf4", mark)
    pc.step(60)
    assert pc.ended == "halt"
    assert pc.memory.read(rig.MARK_AT, 4) == struct.pack("<I", rig.MARK)
