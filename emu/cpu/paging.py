"""Linear to physical addresses: page walks and the TLBs.

Intel SDM volume 3, chapter 4.  The TLBs are architecturally visible state (stale entries, accessed and dirty bits), so
both engines fill and evict them alike.  Page table entries beyond 4 GiB lead to NOWHERE, where nothing answers.
"""

from emu.bus.component import hot, inline, intrinsic
from emu.bus.types import Fault, u8, u16, u32, u64

from .cpuid import F_PAT, F_PSE36
from .state import (CR0_PG, CR0_WP, CR4_PAE, CR4_PGE, CR4_PSE, PF_VEC, TLB_ALL, TLB_CODE, TLB_GLOBAL, TLB_LOCAL, TLB_SIZE, TLB_USER,
                    TLB_VALID, Cpu)

PTE_P, PTE_W, PTE_U, PTE_A, PTE_D, PTE_PS, PTE_G = 1, 2, 4, 0x20, 0x40, 0x80, 0x100
ERR_P, ERR_RSVD = 1, 8
NOWHERE = 0xFFB00000
PAE_RESERVED = 0xFFFFFFF000000000  # bits 36-63
PAE_LARGE_RESERVED = 0xFFFFFFF0001FE000
# Reserved bits of a 4 MiB entry: 17-21; 13-16 without 36-bit physical addresses; 12 without the page attribute table
PSE_RESERVED, PSE36_BITS, PSE_PAT = 0x003E0000, 0x0001E000, 0x1000


@intrinsic
def host_drop(cpu: Cpu, index: u16) -> None:
    """Forget the host addresses cached for a TLB entry."""
    if cpu.host_pages is not None:
        cpu.host_pages.drop(index)


@intrinsic
def privilege_changed(cpu: Cpu) -> None:
    """CPL chooses the TLB bank: the C side keeps a pointer to it."""


@intrinsic
def tables_changed(cpu: Cpu) -> None:
    """CR3, or what page walks depend on, may have changed: the C side keeps what walks found (native/walks.h)."""


@inline
def set_cpl(cpu: Cpu, level: u8) -> None:
    """Change the current privilege level."""
    cpu.cpl = level
    privilege_changed(cpu)


@hot
def page_fault(cpu: Cpu, lin: u32, write: bool, user: bool, error: u32) -> None:
    cpu.cr2 = lin
    raise Fault(PF_VEC, u32(write) << 1 | u32(user) << 2 | error)


@hot
def read_pte64(cpu: Cpu, addr: u32) -> u64:
    low: u32 = cpu.phys_read32(addr & cpu.a20_mask)
    high: u32 = cpu.phys_read32((addr + 4) & cpu.a20_mask)
    return u64(high) << 32 | low


@inline
def set_pte_bits(cpu: Cpu, addr: u32, low: u32, bits: u32) -> None:
    """Write accessed and dirty bits back if they are not all set yet."""
    if low & bits != bits:
        cpu.phys_write32(addr & cpu.a20_mask, low | bits)


@hot
def pse_reserved(cpu: Cpu) -> u32:
    """The bits of a 4 MiB page's entry that the model reserves."""
    bits: u32 = PSE_RESERVED
    if cpu.features & F_PSE36 == 0:
        bits = bits | PSE36_BITS
    if cpu.features & F_PAT == 0:
        bits = bits | PSE_PAT
    return bits


@inline
def found(cpu: Cpu, page: u32, flags: u32, write: bool, user: bool) -> u32:
    """What a walk gives: the physical page, G, and W where a write needs no walk: the page is dirty, or now becomes so, and allowed."""
    out: u32 = (page & 0xFFFFF000) | (flags & PTE_G)
    if (write or flags & PTE_D != 0) and allowed(cpu, flags, True, user):
        out = out | PTE_W
    return out


@hot
def walk_legacy(cpu: Cpu, lin: u32, write: bool, user: bool) -> u32:
    """Two-level walk (4 KiB and 4 MiB pages)."""
    pde_addr: u32 = (cpu.cr3 & 0xFFFFF000) | (lin >> 22) << 2
    pde: u32 = cpu.phys_read32(pde_addr & cpu.a20_mask)
    if pde & PTE_P == 0:
        page_fault(cpu, lin, write, user, 0)
    if pde & PTE_PS != 0 and cpu.cr4 & CR4_PSE != 0:
        if pde & pse_reserved(cpu) != 0:
            page_fault(cpu, lin, write, user, ERR_P | ERR_RSVD)
        if not allowed(cpu, pde, write, user):
            page_fault(cpu, lin, write, user, ERR_P)
        dirty: u32 = PTE_D if write else 0
        set_pte_bits(cpu, pde_addr, pde, PTE_A | dirty)
        phys: u32 = (pde & 0xFFC00000) | (lin & 0x003FF000)
        if pde & PSE36_BITS != 0:
            phys = NOWHERE
        return found(cpu, phys, pde, write, user)
    pte_addr: u32 = (pde & 0xFFFFF000) | (lin >> 12 & 0x3FF) << 2
    pte: u32 = cpu.phys_read32(pte_addr & cpu.a20_mask)
    if pte & PTE_P == 0:
        page_fault(cpu, lin, write, user, 0)
    both: u32 = pte & (pde | ~(PTE_W | PTE_U) & 0xFFFFFFFF)
    if not allowed(cpu, both, write, user):
        page_fault(cpu, lin, write, user, ERR_P)
    dirty2: u32 = PTE_D if write else 0
    set_pte_bits(cpu, pde_addr, pde, PTE_A)
    set_pte_bits(cpu, pte_addr, pte, PTE_A | dirty2)
    return found(cpu, pte, both, write, user)


@hot
def walk_pae(cpu: Cpu, lin: u32, write: bool, user: bool) -> u32:
    """Three-level walk with 64-bit entries (4 KiB and 2 MiB pages)."""
    pdpte: u64 = cpu.pdpte[lin >> 30]
    if pdpte & PTE_P == 0:
        page_fault(cpu, lin, write, user, 0)
    pde_addr: u32 = u32(pdpte & 0xFFFFF000) | (lin >> 21 & 0x1FF) << 3
    pde: u64 = read_pte64(cpu, pde_addr)
    if pde & PTE_P == 0:
        page_fault(cpu, lin, write, user, 0)
    pde_low: u32 = u32(pde)
    if pde & PTE_PS != 0:
        if pde & PAE_LARGE_RESERVED != 0:
            page_fault(cpu, lin, write, user, ERR_P | ERR_RSVD)
        if not allowed(cpu, pde_low, write, user):
            page_fault(cpu, lin, write, user, ERR_P)
        dirty: u32 = PTE_D if write else 0
        set_pte_bits(cpu, pde_addr, pde_low, PTE_A | dirty)
        phys: u32 = (pde_low & 0xFFE00000) | (lin & 0x001FF000)
        if pde >> 32 != 0:
            phys = NOWHERE
        return found(cpu, phys, pde_low, write, user)
    if pde & PAE_RESERVED != 0:
        page_fault(cpu, lin, write, user, ERR_P | ERR_RSVD)
    pte_addr: u32 = (pde_low & 0xFFFFF000) | (lin >> 12 & 0x1FF) << 3
    pte: u64 = read_pte64(cpu, pte_addr)
    if pte & PTE_P == 0:
        page_fault(cpu, lin, write, user, 0)
    if pte & PAE_RESERVED != 0:
        page_fault(cpu, lin, write, user, ERR_P | ERR_RSVD)
    pte_low: u32 = u32(pte)
    both: u32 = pte_low & (pde_low | ~(PTE_W | PTE_U) & 0xFFFFFFFF)
    if not allowed(cpu, both, write, user):
        page_fault(cpu, lin, write, user, ERR_P)
    dirty2: u32 = PTE_D if write else 0
    set_pte_bits(cpu, pde_addr, pde_low, PTE_A)
    set_pte_bits(cpu, pte_addr, pte_low, PTE_A | dirty2)
    phys2: u32 = pte_low
    if pte >> 32 != 0:
        phys2 = NOWHERE
    return found(cpu, phys2, both, write, user)


@inline
def allowed(cpu: Cpu, flags: u32, write: bool, user: bool) -> bool:
    """Do the combined W and U bits allow the access?"""
    if user:
        return flags & PTE_U != 0 and (not write or flags & PTE_W != 0)
    return not write or flags & PTE_W != 0 or cpu.cr0 & CR0_WP == 0


@inline
def walk(cpu: Cpu, lin: u32, write: bool, user: bool) -> u32:
    """Translate an access, or fault."""
    if cpu.cr0 & CR0_PG == 0:
        return (lin & 0xFFFFF000) | PTE_W
    if cpu.cr4 & CR4_PAE != 0:
        return walk_pae(cpu, lin, write, user)
    # The short way: a 4 KiB page, allowed by both entries, accessed and dirty as it has to be
    pde: u32 = cpu.phys_read32(((cpu.cr3 & 0xFFFFF000) | (lin >> 22) << 2) & cpu.a20_mask)
    if pde & (PTE_P | PTE_PS) == PTE_P:
        pte: u32 = cpu.phys_read32(((pde & 0xFFFFF000) | (lin >> 12 & 0x3FF) << 2) & cpu.a20_mask)
        both: u32 = (pde | PTE_D | PTE_G) & pte
        need: u32 = (PTE_P | PTE_A | PTE_D | PTE_W if write else PTE_P | PTE_A) | (PTE_U if user else 0)
        if both & need == need:
            return found(cpu, pte, both, write, user)
    return walk_legacy(cpu, lin, write, user)


@inline
def tlb_put(cpu: Cpu, lin: u32, index: u16, low: u32) -> u64:
    """Put the low word of an entry of the TLB there, for a linear address, and note it for flushes; gives the entry."""
    host_drop(cpu, index)
    low = low | (cpu.tlb[index & (TLB_ALL - 1)] & (TLB_LOCAL | TLB_GLOBAL))
    if low & (PTE_G | TLB_LOCAL) == 0:
        low = low | TLB_LOCAL
        cpu.tlb_local[cpu.tlb_local_count & (TLB_ALL - 1)] = index
        cpu.tlb_local_count = u16(cpu.tlb_local_count + 1)
    elif low & (PTE_G | TLB_GLOBAL) == PTE_G:
        low = low | TLB_GLOBAL
        cpu.tlb_global[cpu.tlb_global_count & (TLB_ALL - 1)] = index
        cpu.tlb_global_count = u16(cpu.tlb_global_count + 1)
    entry: u64 = u64((lin & 0xFFFFF000) | TLB_VALID) << 32 | low
    cpu.tlb[index & (TLB_ALL - 1)] = entry
    return entry


@hot
def tlb_fill(cpu: Cpu, lin: u32, index: u16, write: bool, user: bool) -> u64:
    """Walk the page tables for an access and put the result into an entry of the TLB; gives it."""
    low: u32 = walk(cpu, lin, write, user)
    low = low & cpu.a20_mask
    if low & PTE_G != 0 and cpu.cr4 & CR4_PGE == 0:
        low = low ^ PTE_G
    return tlb_put(cpu, lin, index, low)


@hot
def lookup_read(cpu: Cpu, lin: u32, user: bool) -> u32:
    """Physical address for a data read."""
    index: u16 = (lin >> 12 & (TLB_SIZE - 1)) | (TLB_USER if user else 0)
    entry: u64 = cpu.tlb[index & (TLB_ALL - 1)]
    if entry >> 32 != (lin & 0xFFFFF000) | TLB_VALID:
        entry = tlb_fill(cpu, lin, index, False, user)
    return (entry & 0xFFFFF000) | (lin & 0xFFF)


@hot
def lookup_write(cpu: Cpu, lin: u32, user: bool) -> u32:
    """Physical address for a data write."""
    index: u16 = (lin >> 12 & (TLB_SIZE - 1)) | (TLB_USER if user else 0)
    entry: u64 = cpu.tlb[index & (TLB_ALL - 1)]
    if entry >> 32 != (lin & 0xFFFFF000) | TLB_VALID or entry & PTE_W == 0:
        entry = tlb_fill(cpu, lin, index, True, user)
    return (entry & 0xFFFFF000) | (lin & 0xFFF)


@inline
def code_bank(cpu: Cpu) -> u16:
    """Where instructions are looked up at the current privilege."""
    return TLB_CODE | TLB_USER if cpu.cpl == 3 else TLB_CODE


@hot
def lookup_exec(cpu: Cpu, lin: u32) -> u32:
    """Physical address for an instruction fetch at the current privilege."""
    bank: u16 = code_bank(cpu)
    index: u16 = bank | (lin >> 12 & (TLB_SIZE - 1))
    entry: u64 = cpu.tlb[index & (TLB_ALL - 1)]
    if entry >> 32 != (lin & 0xFFFFF000) | TLB_VALID:
        entry = tlb_fill(cpu, lin, index, False, cpu.cpl == 3)
    return (entry & 0xFFFFF000) | (lin & 0xFFF)


@hot
def flush_tlb(cpu: Cpu) -> None:
    """Drop every entry that is not global (CR3 load)."""
    n: u16 = 0
    count: u16 = cpu.tlb_local_count
    while n < count:
        index: u16 = cpu.tlb_local[n & (TLB_ALL - 1)] & (TLB_ALL - 1)
        entry: u64 = cpu.tlb[index]
        if entry & PTE_G != 0:
            cpu.tlb[index] = entry ^ (entry & TLB_LOCAL)
        else:
            host_drop(cpu, index)
            cpu.tlb[index] = entry & TLB_GLOBAL
        n = u16(n + 1)
    cpu.tlb_local_count = 0
    tables_changed(cpu)


@hot
def flush_tlb_all(cpu: Cpu) -> None:
    """Drop every entry, global ones too (CR0.PG, CR4, A20 changes)."""
    flush_tlb(cpu)
    n: u16 = 0
    while n < cpu.tlb_global_count:
        index: u16 = cpu.tlb_global[n & (TLB_ALL - 1)] & (TLB_ALL - 1)
        host_drop(cpu, index)
        cpu.tlb[index] = 0
        n = u16(n + 1)
    cpu.tlb_global_count = 0


@hot
def flush_page(cpu: Cpu, lin: u32) -> None:
    """Drop the entries of one page, global or not (INVLPG)."""
    for bank in range(4):
        index: u16 = bank * TLB_SIZE | (lin >> 12 & (TLB_SIZE - 1))
        entry: u64 = cpu.tlb[index]
        if entry >> 32 == (lin & 0xFFFFF000) | TLB_VALID:
            host_drop(cpu, index)
            cpu.tlb[index] = entry & (TLB_LOCAL | TLB_GLOBAL)


@hot
def set_a20(cpu: Cpu, level: u8) -> None:
    """The A20 gate's output: masks bit 20 of every physical address while low."""
    cpu.a20_mask = 0xFFFFFFFF if level != 0 else 0xFFEFFFFF
    cpu.attention = True  # code may lie elsewhere
    flush_tlb_all(cpu)
