"""Arithmetic flags, kept lazily.

``Cpu.cc_kind`` says how the six flags follow from ``cc_res``, ``cc_a`` and ``cc_b``, which hold values sign-extended
to 32 bits: then signs are bit 31 for every width, and unsigned comparisons keep their order.  Only functions named
``cc_*`` write flags as the effect of an instruction; ``write_arith`` is for instructions that load EFLAGS.
Flag definitions: Intel SDM volume 1, 3.4.3.1; conditions: volume 2, appendix B.1.4.7.
"""

from emu.bus.component import hot, inline
from emu.bus.types import SIGNED, T, i32, u8, u32
from .state import (
    AF, ARITH, CF, K_ADC1, K_ADD, K_DEC, K_FLAGS, K_INC, K_LOGIC, K_RES, K_SBB1, K_SUB, OF, PF, SF, ZF, Cpu)

PARITY_EVEN = 0x9669  # bit n is set if n, 0 to 15, has an even number of ones


# -- writers -----------------------------------------------------------------------------------------------------

@inline
def cc_add(cpu: Cpu, r: T, a: T, b: T) -> None:
    """Flags of r = a + b."""
    cpu.cc_kind = K_ADD
    cpu.cc_res = u32(SIGNED[T.bits](r))
    cpu.cc_a = u32(SIGNED[T.bits](a))
    cpu.cc_b = u32(SIGNED[T.bits](b))


@inline
def cc_adc(cpu: Cpu, r: T, a: T, b: T, carry: u8) -> None:
    """Flags of r = a + b + carry."""
    cpu.cc_kind = K_ADC1 if carry != 0 else K_ADD
    cpu.cc_res = u32(SIGNED[T.bits](r))
    cpu.cc_a = u32(SIGNED[T.bits](a))
    cpu.cc_b = u32(SIGNED[T.bits](b))


@inline
def cc_sub(cpu: Cpu, r: T, a: T, b: T) -> None:
    """Flags of r = a - b."""
    cpu.cc_kind = K_SUB
    cpu.cc_res = u32(SIGNED[T.bits](r))
    cpu.cc_a = u32(SIGNED[T.bits](a))
    cpu.cc_b = u32(SIGNED[T.bits](b))


@inline
def cc_sbb(cpu: Cpu, r: T, a: T, b: T, borrow: u8) -> None:
    """Flags of r = a - b - borrow."""
    cpu.cc_kind = K_SBB1 if borrow != 0 else K_SUB
    cpu.cc_res = u32(SIGNED[T.bits](r))
    cpu.cc_a = u32(SIGNED[T.bits](a))
    cpu.cc_b = u32(SIGNED[T.bits](b))


@inline
def cc_logic(cpu: Cpu, r: T) -> None:
    """Flags of a bitwise result: CF, OF and AF are 0."""
    cpu.cc_kind = K_LOGIC
    cpu.cc_res = u32(SIGNED[T.bits](r))


@inline
def cc_inc(cpu: Cpu, r: T, a: T) -> None:
    """Flags of r = a + 1; CF stays."""
    carry: u8 = get_cf(cpu)
    cpu.cc_kind = K_INC
    cpu.cc_res = u32(SIGNED[T.bits](r))
    cpu.cc_a = u32(SIGNED[T.bits](a))
    cpu.cc_b = carry


@inline
def cc_dec(cpu: Cpu, r: T, a: T) -> None:
    """Flags of r = a - 1; CF stays."""
    carry: u8 = get_cf(cpu)
    cpu.cc_kind = K_DEC
    cpu.cc_res = u32(SIGNED[T.bits](r))
    cpu.cc_a = u32(SIGNED[T.bits](a))
    cpu.cc_b = carry


@inline
def cc_res(cpu: Cpu, r: T, flags: u32) -> None:
    """ZF, SF and PF of r; CF, OF and AF given as EFLAGS bits."""
    cpu.cc_kind = K_RES
    cpu.cc_res = u32(SIGNED[T.bits](r))
    cpu.cc_b = flags


@inline
def cc_flags(cpu: Cpu, flags: u32) -> None:
    """All six flags given as EFLAGS bits."""
    write_arith(cpu, flags)


@inline
def cc_some(cpu: Cpu, mask: u32, flags: u32) -> None:
    """The flags in mask given as EFLAGS bits; the others stay."""
    cpu.eflags = (read_eflags(cpu) & (mask ^ u32.max)) | (flags & mask)
    cpu.cc_kind = K_FLAGS


@inline
def cc_carry(cpu: Cpu, mask: u32, flags: u32) -> None:
    """Those of CF and OF that are in mask given as EFLAGS bits; the others stay."""
    if cpu.cc_kind == K_FLAGS:
        cpu.eflags = (cpu.eflags & (mask ^ u32.max)) | (flags & mask)
    else:  # ZF, SF and PF follow from cc_res as before
        kept: u32 = u32(get_af(cpu)) << 4
        if mask & CF == 0:
            kept = kept | get_cf(cpu)
        if mask & OF == 0:
            kept = kept | u32(get_of(cpu)) << 11
        cpu.cc_kind = K_RES
        cpu.cc_b = kept | (flags & mask)


@inline
def write_arith(cpu: Cpu, value: u32) -> None:
    """Load the six flags from an EFLAGS image."""
    cpu.cc_kind = K_FLAGS
    cpu.eflags = (cpu.eflags & (u32.max - ARITH)) | (value & ARITH)


@inline
def write_eflags(cpu: Cpu, value: u32, mask: u32) -> None:
    """Load the six flags, and the other bits of EFLAGS that are in mask."""
    cpu.cc_kind = K_FLAGS
    cpu.eflags = (cpu.eflags & ((mask | ARITH) ^ u32.max)) | (value & (mask | ARITH))


# -- readers -----------------------------------------------------------------------------------------------------

@inline
def get_cf(cpu: Cpu) -> u8:
    """CF as 0 or 1."""
    kind: u8 = cpu.cc_kind
    if kind == K_SUB:
        return u8(cpu.cc_a < cpu.cc_b)
    if kind == K_LOGIC:
        return 0
    if kind == K_ADD:
        return u8(cpu.cc_res < cpu.cc_a)
    if kind == K_FLAGS:
        return u8(cpu.eflags & CF)
    if kind == K_ADC1:
        return u8(cpu.cc_res <= cpu.cc_a)
    if kind == K_SBB1:
        return u8(cpu.cc_a <= cpu.cc_b)
    return u8(cpu.cc_b & CF)  # K_INC, K_DEC, K_RES: CF is bit 0 of EFLAGS


@inline
def get_pf(cpu: Cpu) -> u8:
    """PF as 0 or 1."""
    if cpu.cc_kind == K_FLAGS:
        return u8((cpu.eflags & PF) != 0)
    return u8((PARITY_EVEN >> ((cpu.cc_res ^ (cpu.cc_res >> 4)) & 15)) & 1)


@inline
def get_af(cpu: Cpu) -> u8:
    """AF as 0 or 1."""
    kind: u8 = cpu.cc_kind
    if kind == K_LOGIC:
        return 0
    if kind == K_FLAGS:
        return u8((cpu.eflags & AF) != 0)
    if kind == K_RES:
        return u8((cpu.cc_b & AF) != 0)
    if kind == K_INC or kind == K_DEC:
        return u8(((cpu.cc_a ^ cpu.cc_res) >> 4) & 1)
    return u8(((cpu.cc_a ^ cpu.cc_b ^ cpu.cc_res) >> 4) & 1)


@inline
def get_zf(cpu: Cpu) -> u8:
    """ZF as 0 or 1."""
    if cpu.cc_kind == K_FLAGS:
        return u8((cpu.eflags & ZF) != 0)
    return u8(cpu.cc_res == 0)


@inline
def get_sf(cpu: Cpu) -> u8:
    """SF as 0 or 1."""
    if cpu.cc_kind == K_FLAGS:
        return u8((cpu.eflags & SF) != 0)
    return u8(cpu.cc_res >> 31)


@inline
def get_of(cpu: Cpu) -> u8:
    """OF as 0 or 1."""
    kind: u8 = cpu.cc_kind
    if kind == K_LOGIC:
        return 0
    if kind == K_SUB or kind == K_SBB1:
        return u8(((cpu.cc_a ^ cpu.cc_b) & (cpu.cc_a ^ cpu.cc_res)) >> 31)
    if kind == K_ADD or kind == K_ADC1:
        return u8(((cpu.cc_a ^ cpu.cc_res) & (cpu.cc_b ^ cpu.cc_res)) >> 31)
    if kind == K_INC:
        return u8(((cpu.cc_a ^ u32.max) & cpu.cc_res) >> 31)
    if kind == K_DEC:
        return u8((cpu.cc_a & (cpu.cc_res ^ u32.max)) >> 31)
    if kind == K_RES:
        return u8((cpu.cc_b & OF) != 0)
    return u8((cpu.eflags & OF) != 0)


@inline
def condition(cpu: Cpu, cc: u8) -> bool:
    """Whether condition code cc, 0 to 15 in encoding order (O NO B AE E NE BE A S NS P NP L GE LE G), holds."""
    test: u8 = (cc >> 1) & 7
    subtracted: bool = cpu.cc_kind == K_SUB  # then comparing the operands is shorter than making CF, SF and OF
    holds: bool = False
    if test == 0:
        holds = get_of(cpu) != 0
    elif test == 1:
        holds = get_cf(cpu) != 0
    elif test == 2:
        holds = get_zf(cpu) != 0
    elif test == 3:
        holds = cpu.cc_a <= cpu.cc_b if subtracted else get_cf(cpu) != 0 or get_zf(cpu) != 0
    elif test == 4:
        holds = get_sf(cpu) != 0
    elif test == 5:
        holds = get_pf(cpu) != 0
    elif test == 6:
        holds = i32(cpu.cc_a) < i32(cpu.cc_b) if subtracted else get_sf(cpu) != get_of(cpu)
    else:
        holds = (i32(cpu.cc_a) <= i32(cpu.cc_b) if subtracted
                 else get_zf(cpu) != 0 or get_sf(cpu) != get_of(cpu))
    return holds if (cc & 1) == 0 else not holds


@inline
def gather_eflags(cpu: Cpu) -> u32:
    arith: u32 = get_cf(cpu) | (get_pf(cpu) << 2) | (get_af(cpu) << 4) | (get_zf(cpu) << 6)
    return (cpu.eflags & (u32.max - ARITH)) | arith | (get_sf(cpu) << 7) | (get_of(cpu) << 11)


@hot
def read_eflags(cpu: Cpu) -> u32:
    """The whole EFLAGS register.  Kinds that are frequent stand apart: the compiler then knows what the readers ask."""
    kind: u8 = cpu.cc_kind
    if kind == K_FLAGS:
        return cpu.eflags
    if kind == K_SUB:
        return gather_eflags(cpu)
    if kind == K_DEC:
        return gather_eflags(cpu)
    if kind == K_INC:
        return gather_eflags(cpu)
    if kind == K_ADD:
        return gather_eflags(cpu)
    if kind == K_LOGIC:
        return gather_eflags(cpu)
    return gather_eflags(cpu)
