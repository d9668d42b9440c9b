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
