"""CPUID: the processor models and what they say of themselves.

Intel SDM volume 2, CPUID; signatures, cache descriptors and brand strings as in Intel's application note 485.
"""

from dataclasses import dataclass

from emu.bus.clock import BUS_NS, TSC_HZ
from emu.bus.component import hot
from emu.bus.types import Const, u32
from emu.cpu.state import Cpu

# Feature bits (CPUID.1 EDX)
F_FPU, F_VME, F_DE, F_PSE, F_TSC, F_MSR, F_PAE, F_MCE, F_CX8, F_APIC = (1 << n for n in range(10))
F_SEP, F_MTRR, F_PGE, F_MCA, F_CMOV, F_PAT, F_PSE36 = (1 << n for n in range(11, 18))
F_CLFSH, F_MMX, F_FXSR, F_SSE, F_SSE2, F_SS = (1 << n for n in (19, 23, 24, 25, 26, 27))
F_TR = 1 << 10  # the 486's test registers: a feature that CPUID does not show

# What the emulator has; no model announces more.
IMPLEMENTED = (F_FPU | F_VME | F_DE | F_PSE | F_TSC | F_MSR | F_PAE | F_MCE | F_CX8 | F_APIC | F_SEP | F_MTRR | F_PGE | F_MCA
               | F_CMOV | F_PAT | F_PSE36 | F_CLFSH | F_MMX | F_FXSR | F_SSE | F_SSE2 | F_TR)

# Leaves of a hypervisor: the bit that announces them (CPUID.1 ECX); the highest and a signature; frequencies in kHz
F_HYPERVISOR = 1 << 31
HYPERVISOR, HYPERVISOR_TIMING = 0x40000000, 0x40000010
TSC_KHZ, BUS_KHZ = TSC_HZ // 1000, 1_000_000 // BUS_NS

P5 = F_FPU | F_VME | F_DE | F_PSE | F_TSC | F_MSR | F_MCE | F_CX8 | F_APIC | F_MMX
P6 = P5 | F_PAE | F_SEP | F_MTRR | F_PGE | F_MCA | F_CMOV | F_PAT | F_PSE36 | F_FXSR


@dataclass(frozen=True)
class Model:
    """A processor model; leaf contents are (EAX, EBX, ECX, EDX)."""

    name: str
    signature: int               # family, model, stepping: CPUID.1 EAX and EDX after reset
    level: int                   # highest basic leaf
    features: int
    brand_id: int = 0
    caches: tuple = (0, 0, 0, 0)  # leaf 2
    brand: str = ""
    apic_version: int = 0         # version register of the local APIC


# 486DX4, Pentium MMX (P55C), Pentium II (Deschutes), Pentium III (Coppermine), Pentium 4 (Northwood)
MODELS = (
    Model("486", 0x0480, 1, F_FPU | F_VME | F_TR),
    Model("pentium", 0x0543, 1, P5, apic_version=0x00030010),
    Model("pentium2", 0x0652, 2, P6, caches=(0x03020101, 0, 0, 0x0C040843), apic_version=0x00040011),
    Model("pentium3", 0x0686, 2, P6 | F_SSE, brand_id=2, caches=(0x03020101, 0, 0, 0x0C040882),
          apic_version=0x00040011),
    Model("pentium4", 0x0F29, 2, P6 | F_CLFSH | F_SSE | F_SSE2 | F_SS, brand_id=9, caches=(0x665B5001, 0, 0, 0x007B7040),
          brand="Intel(R) Pentium(R) 4 CPU 1.00GHz", apic_version=0x00050014),
)

# The leaves of a model in its table: basic ones at their number, the others here
SLOTS = 16
SLOT_EXTENDED = 8
EXTENDED = 0x80000000


def _word(text):
    return int.from_bytes(text.encode(), "little")


SIGNATURE_B, SIGNATURE_C, SIGNATURE_D = _word("VMwa"), _word("reVM"), _word("ware")


def _leaves(model):
    """A model's table: SLOTS times four registers."""
    zero = (0, 0, 0, 0)
    slots = [zero] * SLOTS
    slots[0] = model.level, _word("Genu"), _word("ntel"), _word("ineI")
    clflush = 8 << 8 if model.features & IMPLEMENTED & F_CLFSH else 0
    slots[1] = model.signature, model.brand_id | clflush, 0, 0
    slots[2] = model.caches
    if model.brand:
        slots[SLOT_EXTENDED] = EXTENDED | 4, 0, 0, 0
        text = model.brand.rjust(47) + "\0"
        for n in range(3):
            part = text[16 * n:16 * n + 16]
            slots[SLOT_EXTENDED + 2 + n] = tuple(_word(part[k:k + 4]) for k in range(0, 16, 4))
    return [value for slot in slots for value in slot]


def _padded(values, size):
    return list(values) + [0] * (size - len(values))


LEAVES = Const(u32, _padded([v for m in MODELS for v in _leaves(m)], 512))
SIGNATURES = Const(u32, _padded([m.signature for m in MODELS], 8))
FEATURES = Const(u32, _padded([m.features & IMPLEMENTED for m in MODELS], 8))
LEVELS = Const(u32, _padded([m.level for m in MODELS], 8))
EXTENDED_LEVELS = Const(u32, _padded([EXTENDED | 4 if m.brand else 0 for m in MODELS], 8))


@hot
def cpuid(cpu: Cpu, leaf: u32) -> (u32, u32, u32, u32):
    """The four registers of a leaf.  A leaf that the model lacks answers like its highest basic one, one that the hypervisor lacks
    with zeros: 40000001h would tell of another hypervisor's features."""
    if cpu.hypervisor and leaf == HYPERVISOR:
        return HYPERVISOR_TIMING, SIGNATURE_B, SIGNATURE_C, SIGNATURE_D
    if cpu.hypervisor and leaf == HYPERVISOR_TIMING:
        return TSC_KHZ, BUS_KHZ, 0, 0
    if cpu.hypervisor and leaf > HYPERVISOR and leaf < HYPERVISOR_TIMING:
        return 0, 0, 0, 0
    slot: u32 = LEVELS[cpu.model & 7]
    if leaf <= slot:
        slot = leaf
    elif leaf >= EXTENDED and leaf <= EXTENDED_LEVELS[cpu.model & 7]:
        slot = SLOT_EXTENDED + (leaf & 7)
    at: u32 = ((cpu.model & 7) * SLOTS + (slot & 15)) * 4
    a: u32 = LEAVES[at & 511]
    b: u32 = LEAVES[(at + 1) & 511]
    c: u32 = LEAVES[(at + 2) & 511]
    d: u32 = LEAVES[(at + 3) & 511]
    if slot == 1:
        d = cpu.features & (0xFFFFFFFF ^ F_TR)
        if cpu.hypervisor:
            c = c | F_HYPERVISOR
    return a, b, c, d
