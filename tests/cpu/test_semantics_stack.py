"""Stack instructions: stack and operand sizes, order of effects, flag images."""

import pytest
from rig import machine, peek, poke, record, set_segment

from emu.bus.types import Fault, u16, u32
from emu.cpu.flags import read_eflags
from emu.cpu.segments import update_mode
from emu.cpu.semantics import stack as s
from emu.cpu.state import (
    AC, CF, CR4_VME, DF, EAX, EBP, ECX, ESP, GP, ID, IF, IOPL, NT, OF, REC_ASIZE32, RF, SS, SS_VEC, TF, VIF, VIP, VM,
    ZF)


def stack16(cpu):
    """Give the machine a 16-bit stack."""
    cpu.seg[SS].attr &= ~0x4000
    update_mode(cpu)
    return cpu


def test_push_pop_sizes():
    cpu = machine()
    cpu.gpr[ESP] = 0x1000
    s.PUSH[u32](cpu, record(), 0x11223344)
    assert cpu.gpr[ESP] == 0xFFC and peek(cpu, 0xFFC) == 0x11223344
    s.PUSH[u16](cpu, record(), 0x5566)
    assert cpu.gpr[ESP] == 0xFFA and s.POP[u16](cpu, record()) == 0x5566 and cpu.gpr[ESP] == 0xFFC
    stack16(cpu).gpr[ESP] = 0x12340000
    s.PUSH[u32](cpu, record(), 0x99)
    assert cpu.gpr[ESP] == 0x1234FFFC and peek(cpu, 0xFFFC) == 0x99


def test_push_fault_leaves_esp():
    cpu = machine()
    set_segment(cpu, SS, 0, 0xFFF)
    cpu.gpr[ESP] = 0x2000
    with pytest.raises(Fault) as fault:
        s.PUSH[u32](cpu, record(), 1)
    assert (fault.value.vector, fault.value.error, cpu.gpr[ESP]) == (SS_VEC, 0, 0x2000)


def test_push_segment_register_clears_the_upper_half():
    cpu = machine()
    cpu.gpr[ESP] = 0x1000
    cpu.seg[4].sel = 0xABCD
    poke(cpu, 0xFFC, 0xFFFFFFFF)
    s.PUSH_sreg[u32](cpu, record(reg=4))
    assert peek(cpu, 0xFFC) == 0xABCD


def test_pop_to_memory_addresses_with_the_new_esp():
    cpu = machine()
    cpu.gpr[ESP] = 0x1000
    poke(cpu, 0x1000, 0x77)
    s.POP_mem[u32](cpu, record(base=ESP, disp=8, seg=SS))
    assert peek(cpu, 0x100C) == 0x77 and cpu.gpr[ESP] == 0x1004
    set_segment(cpu, SS, 0, 0x100F)
    with pytest.raises(Fault):
        s.POP_mem[u32](cpu, record(base=ESP, disp=8, seg=SS))
    assert cpu.gpr[ESP] == 0x1004


def test_pusha_popa():
    cpu = machine()
    values = [0x11110000 + n for n in range(8)]
    for n, v in enumerate(values):
        cpu.gpr[n] = v
    cpu.gpr[ESP] = 0x1000
    s.PUSHA[u32](cpu, record())
    assert cpu.gpr[ESP] == 0xFE0
    assert [peek(cpu, 0xFFC - 4 * n) for n in range(8)] == values[:4] + [0x1000] + values[5:]
    for n in (0, 1, 2, 3, 5, 6, 7):
        cpu.gpr[n] = 0
    s.POPA[u32](cpu, record())
    assert list(cpu.gpr[:8]) == values[:4] + [0x1000] + values[5:]
    s.PUSHA[u16](cpu, record())
    assert cpu.gpr[ESP] == 0xFF0 and peek(cpu, 0xFFE, 2) == values[0] & 0xFFFF


def test_pusha_fault_leaves_esp():
    cpu = machine()
    set_segment(cpu, SS, 0, 0xFFFF, low=0xFF0)
    cpu.gpr[ESP] = 0x1000
    with pytest.raises(Fault):
        s.PUSHA[u32](cpu, record())
    assert cpu.gpr[ESP] == 0x1000


def test_pushf_masks_rf_and_vm():
    cpu = machine(eflags=2 | CF | RF | ID | AC)
    cpu.gpr[ESP] = 0x1000
    s.PUSHF[u32](cpu, record())
    assert peek(cpu, 0xFFC) == 2 | CF | ID | AC


def virtual(iopl, vme, flags=0):
    cpu = machine(eflags=2 | VM | iopl << 12 | flags, cpl=3, cr4=CR4_VME if vme else 0)
    cpu.gpr[ESP] = 0x1000
    return cpu


def test_pushf_in_virtual_8086_mode():
    cpu = virtual(3, False, IF)
    s.PUSHF[u16](cpu, record(16))
    assert peek(cpu, 0xFFE, 2) == 2 | IF | IOPL
    for cpu, width in ((virtual(0, False), u16), (virtual(0, True), u32)):
        with pytest.raises(Fault) as fault:
            s.PUSHF[width](cpu, record())
        assert fault.value.vector == GP and cpu.gpr[ESP] == 0x1000
    cpu = virtual(0, True, VIF)
    s.PUSHF[u16](cpu, record(16))
    assert peek(cpu, 0xFFE, 2) == 2 | IF | IOPL
    cpu = virtual(0, True, IF)
    s.PUSHF[u16](cpu, record(16))
    assert peek(cpu, 0xFFE, 2) == 2 | IOPL


@pytest.mark.parametrize("cpl, iopl, changed", (
    (0, 0, IF | IOPL), (3, 0, 0), (3, 3, IF), (1, 2, IF), (2, 1, 0)))
def test_popf_privilege(cpl, iopl, changed):
    cpu = machine(eflags=2 | iopl << 12 | RF | VIP, cpl=cpl)
    cpu.gpr[ESP] = 0x1000
    poke(cpu, 0x1000, 0xFFFFFFFF & ~IOPL | (iopl ^ 3) << 12)
    s.POPF[u32](cpu, record())
    want = 2 | iopl << 12 | 0xFD5 & ~IF | NT | ID | AC | VIP | changed & IF
    if changed & IOPL:
        want = want & ~IOPL | (iopl ^ 3) << 12
    assert read_eflags(cpu) == want and cpu.gpr[ESP] == 0x1004


def test_popf_16_keeps_the_upper_half():
    cpu = machine(eflags=2 | ID | OF)
    cpu.gpr[ESP] = 0x1000
    poke(cpu, 0x1000, TF | DF | ZF)
    s.POPF[u16](cpu, record(16))
    assert read_eflags(cpu) == 2 | ID | TF | DF | ZF and cpu.gpr[ESP] == 0x1002


def test_popf_vme():
    for image, flags, vif in ((IF, 0, True), (0, VIF, False), (IF, VIF, True), (0, VIP, False)):
        cpu = virtual(0, True, flags | IF)
        poke(cpu, 0x1000, image | CF)
        s.POPF[u16](cpu, record(16))
        assert read_eflags(cpu) == 2 | VM | CF | IF | (VIF if vif else 0) | flags & VIP
    for cpu, image in ((virtual(0, True, VIP), IF), (virtual(0, True), TF), (virtual(0, False), 0)):
        poke(cpu, 0x1000, image)
        with pytest.raises(Fault) as fault:
            s.POPF[u16](cpu, record(16))
        assert fault.value.vector == GP and cpu.gpr[ESP] == 0x1000


def test_enter_and_leave():
    cpu = machine()
    cpu.gpr[ESP], cpu.gpr[EBP] = 0x1000, 0x2000
    s.ENTER[u32](cpu, record(imm=0x20, imm2=0))
    assert (cpu.gpr[EBP], cpu.gpr[ESP], peek(cpu, 0xFFC)) == (0xFFC, 0xFDC, 0x2000)
    s.LEAVE[u32](cpu, record())
    assert (cpu.gpr[EBP], cpu.gpr[ESP]) == (0x2000, 0x1000)


def test_enter_copies_the_display():
    cpu = machine()
    cpu.gpr[ESP], cpu.gpr[EBP] = 0x1000, 0x2000
    poke(cpu, 0x1FFC, 0xAAAA)
    poke(cpu, 0x1FF8, 0xBBBB)
    s.ENTER[u32](cpu, record(imm=0x10, imm2=3 | 32))  # levels are modulo 32
    assert [peek(cpu, at) for at in (0xFFC, 0xFF8, 0xFF4, 0xFF0)] == [0x2000, 0xAAAA, 0xBBBB, 0xFFC]
    assert (cpu.gpr[EBP], cpu.gpr[ESP]) == (0xFFC, 0xFE0)


def test_enter_checks_the_new_top_of_the_stack():
    cpu = machine()
    set_segment(cpu, SS, 0, 0xFFFF, low=0x800)
    cpu.gpr[ESP], cpu.gpr[EBP] = 0x1000, 0x2000
    with pytest.raises(Fault) as fault:
        s.ENTER[u32](cpu, record(imm=0x900, imm2=0))
    assert fault.value.vector == SS_VEC and (cpu.gpr[ESP], cpu.gpr[EBP]) == (0x1000, 0x2000)


def test_leave_with_16_bit_stack():
    cpu = stack16(machine())
    cpu.gpr[ESP], cpu.gpr[EBP] = 0x12340000, 0x56780100
    poke(cpu, 0x100, 0x9ABCDEF0)
    s.LEAVE[u16](cpu, record(16))
    assert (cpu.gpr[ESP], cpu.gpr[EBP]) == (0x12340102, 0x5678DEF0)


def test_rest_of_registers_is_left_alone():
    cpu = machine()
    cpu.gpr[ESP], cpu.gpr[EAX], cpu.gpr[ECX] = 0x1000, 1, 2
    r = record()
    r.flags &= ~REC_ASIZE32
    s.PUSH[u32](cpu, r, 5)
    assert (cpu.gpr[EAX], cpu.gpr[ECX], cpu.gpr[ESP]) == (1, 2, 0xFFC)
