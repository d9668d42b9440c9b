"""The four page-directory-pointer registers of PAE paging.  Intel SDM volume 3, 4.4.1."""

from emu.bus.component import hot
from emu.bus.types import u32, u64
from emu.cpu.paging import read_pte64
from emu.cpu.state import Cpu

PDPTE_RESERVED = 0xFFFFFFF0000001E6  # bits 1, 2, 5 to 8 and 36 to 63


@hot
def load_pdptes(cpu: Cpu, cr3: u32) -> bool:
    """Read the registers from memory; False, and nothing changed, if a present entry has a reserved bit set."""
    at: u32 = cr3 & 0xFFFFFFE0
    first: u64 = read_pte64(cpu, at)
    second: u64 = read_pte64(cpu, u32(at + 8))
    third: u64 = read_pte64(cpu, u32(at + 16))
    fourth: u64 = read_pte64(cpu, u32(at + 24))
    if valid(first) and valid(second) and valid(third) and valid(fourth):
        cpu.pdpte[0] = first
        cpu.pdpte[1] = second
        cpu.pdpte[2] = third
        cpu.pdpte[3] = fourth
        return True
    return False


@hot
def valid(entry: u64) -> bool:
    return entry & 1 == 0 or entry & PDPTE_RESERVED == 0
