"""Memory as instructions see it: effective addresses, segment checks, loads, stores and the stack.

Intel SDM volume 3, sections 3.4, 5.3 and 6.15 (alignment check).  `load` and its kin are intrinsics: their C twins try
the soft TLB's host addresses first and fall back to the functions here.
"""

from emu.bus.component import hot, inline, intrinsic, rare
from emu.bus.types import T, Fault, u8, u16, u32, u64

from .paging import lookup_read, lookup_write
from .state import AC_VEC, ESP, GP, MODE_AC, MODE_DEBUG, MODE_STACK32, REC_ASIZE32, SEG_READ, SEG_WRITE, SS, SS_VEC, Cpu, Rec


@inline
def ea(cpu: Cpu, r: Rec) -> u32:
    """Effective address of a ModRM memory operand."""
    off: u32 = u32(cpu.gpr[r.base & 15] + (cpu.gpr[r.idx & 15] << (r.scale & 3)) + r.disp)
    if r.flags & REC_ASIZE32 == 0:
        off = off & 0xFFFF
    return off


@inline
def ea_flat(cpu: Cpu, r: Rec) -> u32:
    """The same where addresses are known to have 32 bits."""
    return u32(cpu.gpr[r.base & 15] + (cpu.gpr[r.idx & 15] << (r.scale & 3)) + r.disp)


@inline
def ea_base(cpu: Cpu, r: Rec) -> u32:
    """The same without an index."""
    return u32(cpu.gpr[r.base & 15] + r.disp)


# -- segment checks ----------------------------------------------------------------------------------------------

@rare
def segment_fault(cpu: Cpu, seg: u8) -> None:
    if seg == SS:
        raise Fault(SS_VEC, 0)
    raise Fault(GP, 0)


@rare
def watch(cpu: Cpu, lin: u32, size: u8, write: bool) -> None:
    """Alignment check and data breakpoints, while either is switched on."""
    if cpu.mode & MODE_AC != 0 and lin & (u8(size - 1)) != 0:
        raise Fault(AC_VEC, 0)
    if cpu.mode & MODE_DEBUG != 0:
        for n in range(4):
            enabled: bool = cpu.dr[7] >> (2 * n) & 3 != 0
            kind: u32 = cpu.dr[7] >> (16 + 4 * n) & 3
            length: u32 = cpu.dr[7] >> (18 + 4 * n) & 3
            at: u32 = cpu.dr[n] & ~length & 0xFFFFFFFF
            if enabled and (kind == 3 or kind == 1 and write) and lin <= at + length and at < lin + size:
                cpu.trap = cpu.trap | 1 << n


@inline
def linear_read(cpu: Cpu, seg: u8, off: u32) -> u32:
    """Linear address for a read of T's size, or #GP(0)/#SS(0)."""
    s = cpu.seg[seg & 7]
    if s.access & SEG_READ == 0 or off < s.low or (
            off + (T.bits // 8 - 1) > s.high and (s.low != 0 or s.high != 0xFFFFFFFF)):  # 4 GiB segments wrap
        segment_fault(cpu, seg)
    lin: u32 = u32(s.base + off)
    if cpu.mode & (MODE_AC | MODE_DEBUG) != 0:
        watch(cpu, lin, T.bits // 8, False)
    return lin


@inline
def linear_write(cpu: Cpu, seg: u8, off: u32) -> u32:
    """Linear address for a write of T's size, or #GP(0)/#SS(0)."""
    s = cpu.seg[seg & 7]
    if s.access & SEG_WRITE == 0 or off < s.low or (
            off + (T.bits // 8 - 1) > s.high and (s.low != 0 or s.high != 0xFFFFFFFF)):  # 4 GiB segments wrap
        segment_fault(cpu, seg)
    lin: u32 = u32(s.base + off)
    if cpu.mode & (MODE_AC | MODE_DEBUG) != 0:
        watch(cpu, lin, T.bits // 8, True)
    return lin


# -- accesses by linear address and privilege --------------------------------------------------------------------

@hot
def lin_read8(cpu: Cpu, lin: u32, user: bool) -> u8:
    phys: u32 = lookup_read(cpu, lin, user)
    return cpu.phys_read8(phys)


@hot
def lin_read16(cpu: Cpu, lin: u32, user: bool) -> u16:
    if lin & 0xFFF == 0xFFF:
        first: u32 = lookup_read(cpu, lin, user)
        second: u32 = lookup_read(cpu, u32(lin + 1), user)
        low: u8 = cpu.phys_read8(first)
        high: u8 = cpu.phys_read8(second)
        return low | high << 8
    phys: u32 = lookup_read(cpu, lin, user)
    return cpu.phys_read16(phys)


@hot
def lin_read32(cpu: Cpu, lin: u32, user: bool) -> u32:
    if lin & 0xFFF > 0xFFC:
        first: u32 = lookup_read(cpu, lin, user)
        second: u32 = lookup_read(cpu, u32(lin + 3) & 0xFFFFF000, user)
        value: u32 = 0
        n: u8 = 0
        while n < 4:
            at: u32 = u32(lin + n)
            b: u8 = 0
            if at & 0xFFF >= 0xFFC:
                b = cpu.phys_read8((first & 0xFFFFF000) | (at & 0xFFF))
            else:
                b = cpu.phys_read8(second | (at & 0xFFF))
            value = value | b << ((n & 3) * 8)
            n = u8(n + 1)
        return value
    phys: u32 = lookup_read(cpu, lin, user)
    return cpu.phys_read32(phys)


@hot
def lin_read64(cpu: Cpu, lin: u32, user: bool) -> u64:
    low: u32 = lin_read32(cpu, lin, user)
    high: u32 = lin_read32(cpu, u32(lin + 4), user)
    return u64(high) << 32 | low


@hot
def lin_write8(cpu: Cpu, lin: u32, value: u8, user: bool) -> None:
    phys: u32 = lookup_write(cpu, lin, user)
    cpu.phys_write8(phys, value)


@hot
def lin_write16(cpu: Cpu, lin: u32, value: u16, user: bool) -> None:
    if lin & 0xFFF == 0xFFF:
        first: u32 = lookup_write(cpu, lin, user)
        second: u32 = lookup_write(cpu, u32(lin + 1), user)
        cpu.phys_write8(first, u8(value))
        cpu.phys_write8(second, u8(value >> 8))
    else:
        phys: u32 = lookup_write(cpu, lin, user)
        cpu.phys_write16(phys, value)


@hot
def lin_write32(cpu: Cpu, lin: u32, value: u32, user: bool) -> None:
    if lin & 0xFFF > 0xFFC:
        first: u32 = lookup_write(cpu, lin, user)
        second: u32 = lookup_write(cpu, u32(lin + 3) & 0xFFFFF000, user)
        n: u8 = 0
        while n < 4:
            at: u32 = u32(lin + n)
            b: u8 = u8(value >> ((n & 3) * 8))
            if at & 0xFFF >= 0xFFC:
                cpu.phys_write8((first & 0xFFFFF000) | (at & 0xFFF), b)
            else:
                cpu.phys_write8(second | (at & 0xFFF), b)
            n = u8(n + 1)
    else:
        phys: u32 = lookup_write(cpu, lin, user)
        cpu.phys_write32(phys, value)


@inline
def lin_read(cpu: Cpu, lin: u32, user: bool) -> T:
    if T.bits == 8:
        return lin_read8(cpu, lin, user)
    elif T.bits == 16:
        return lin_read16(cpu, lin, user)
    elif T.bits == 32:
        return lin_read32(cpu, lin, user)
    else:
        return lin_read64(cpu, lin, user)


@inline
def lin_write(cpu: Cpu, lin: u32, value: T, user: bool) -> None:
    if T.bits == 8:
        lin_write8(cpu, lin, value, user)
    elif T.bits == 16:
        lin_write16(cpu, lin, value, user)
    else:
        lin_write32(cpu, lin, value, user)


@intrinsic
def bank_read(cpu: Cpu, lin: u32, user: bool) -> T:
    """A read at a given privilege, which need not be the current one."""
    return lin_read[T](cpu, lin, user)


@intrinsic
def bank_write(cpu: Cpu, lin: u32, value: T, user: bool) -> None:
    """A write of up to 32 bits at a given privilege."""
    lin_write[T](cpu, lin, value, user)


@inline
def sys_read8(cpu: Cpu, lin: u32) -> u8:
    return bank_read[u8](cpu, lin, False)


@inline
def sys_read16(cpu: Cpu, lin: u32) -> u16:
    return bank_read[u16](cpu, lin, False)


@inline
def sys_read32(cpu: Cpu, lin: u32) -> u32:
    return bank_read[u32](cpu, lin, False)


@inline
def sys_read64(cpu: Cpu, lin: u32) -> u64:
    return bank_read[u64](cpu, lin, False)


@inline
def sys_write8(cpu: Cpu, lin: u32, value: u8) -> None:
    bank_write[u8](cpu, lin, value, False)


@inline
def sys_write16(cpu: Cpu, lin: u32, value: u16) -> None:
    bank_write[u16](cpu, lin, value, False)


@inline
def sys_write32(cpu: Cpu, lin: u32, value: u32) -> None:
    bank_write[u32](cpu, lin, value, False)


# -- accesses by instructions ------------------------------------------------------------------------------------

@hot
def slow_load(cpu: Cpu, lin: u32) -> T:
    """A read at the current privilege through the TLB, page crossings included."""
    return lin_read[T](cpu, lin, cpu.cpl == 3)


@hot
def slow_check_write(cpu: Cpu, lin: u32) -> None:
    """Raise what a write of T's size would raise."""
    user: bool = cpu.cpl == 3
    phys: u32 = lookup_write(cpu, lin, user)
    if (lin & 0xFFF) + (T.bits // 8 - 1) > 0xFFF:
        phys = lookup_write(cpu, u32(lin + (T.bits // 8 - 1)) & 0xFFFFF000, user)


@hot
def slow_store(cpu: Cpu, lin: u32, value: T) -> None:
    """A write at the current privilege through the TLB, page crossings included."""
    user: bool = cpu.cpl == 3
    if T.bits == 64:
        slow_check_write[T](cpu, lin)
        lin_write32(cpu, lin, u32(value), user)
        lin_write32(cpu, u32(lin + 4), u32(value >> (T.bits - 32)), user)
    else:
        lin_write[T](cpu, lin, value, user)


@intrinsic
def load(cpu: Cpu, r: Rec, lin: u32) -> T:
    return slow_load[T](cpu, lin)


@intrinsic
def store(cpu: Cpu, r: Rec, lin: u32, value: T) -> None:
    slow_store[T](cpu, lin, value)


@intrinsic
def load_rmw(cpu: Cpu, r: Rec, lin: u32) -> T:
    """Read what will be written back: faults like a write, before anything is computed."""
    slow_check_write[T](cpu, lin)
    return slow_load[T](cpu, lin)


@intrinsic
def store_rmw(cpu: Cpu, r: Rec, lin: u32, value: T) -> None:
    """The write that follows load_rmw; cannot fault."""
    slow_store[T](cpu, lin, value)


@inline
def read_mem(cpu: Cpu, r: Rec, seg: u8, off: u32) -> T:
    lin: u32 = linear_read[T](cpu, seg, off)
    return load[T](cpu, r, lin)


@inline
def write_mem(cpu: Cpu, r: Rec, seg: u8, off: u32, value: T) -> None:
    lin: u32 = linear_write[T](cpu, seg, off)
    store[T](cpu, r, lin, value)


# -- the stack ---------------------------------------------------------------------------------------------------

@inline
def stack_offset(cpu: Cpu, delta: u32) -> u32:
    """SS offset of the stack pointer plus delta, wrapped at the stack's size."""
    off: u32 = u32(cpu.gpr[ESP] + delta)
    if cpu.mode & MODE_STACK32 == 0:
        off = off & 0xFFFF
    return off


@inline
def stack_move(cpu: Cpu, delta: u32) -> None:
    """Add delta to ESP, or to SP if the stack is 16 bits wide."""
    off: u32 = u32(cpu.gpr[ESP] + delta)
    if cpu.mode & MODE_STACK32 == 0:
        off = (cpu.gpr[ESP] & 0xFFFF0000) | (off & 0xFFFF)
    cpu.gpr[ESP] = off


@inline
def stack_read(cpu: Cpu, r: Rec, delta: u32) -> T:
    """The word at SS:(E)SP + delta."""
    off: u32 = stack_offset(cpu, delta)
    lin: u32 = linear_read[T](cpu, SS, off)
    return load[T](cpu, r, lin)


@inline
def stack_write(cpu: Cpu, r: Rec, delta: u32, value: T) -> None:
    """Write the word at SS:(E)SP + delta."""
    off: u32 = stack_offset(cpu, delta)
    lin: u32 = linear_write[T](cpu, SS, off)
    store[T](cpu, r, lin, value)


@inline
def stack_holds(cpu: Cpu, off: u32, size: u32) -> bool:
    """Are so many bytes of the stack at an offset all in reach, without a look at each word?  It may say no though they are."""
    s = cpu.seg[SS]
    last: u32 = s.high if cpu.mode & MODE_STACK32 != 0 else s.high & 0xFFFF
    return cpu.mode & (MODE_AC | MODE_DEBUG) == 0 and s.access & SEG_READ != 0 and off >= s.low and off + size <= last + 1


@inline
def push(cpu: Cpu, r: Rec, value: T) -> None:
    stack_write[T](cpu, r, u32(0 - T.bits // 8), value)
    stack_move(cpu, u32(0 - T.bits // 8))


@inline
def pop(cpu: Cpu, r: Rec) -> T:
    value: T = stack_read[T](cpu, r, 0)
    stack_move(cpu, T.bits // 8)
    return value
