"""The processor after RESET and after INIT.  Intel SDM volume 3, table 9-1."""

from emu.bus.component import hot
from emu.cpu.cpuid import F_APIC, FEATURES, SIGNATURES
from emu.cpu.msr import APIC_BSP, APIC_ENABLE, MISC_ENABLE_RESET, PAT_RESET
from emu.cpu.paging import flush_tlb_all, set_cpl
from emu.cpu.segments import ATTR_P, BUSY_TSS16, LDT, set_bounds, update_mode
from emu.cpu.state import CR0_CD, CR0_ET, CR0_NW, CS, EDX, K_FLAGS, LDTR, TR, Cpu

RESET_BASE, RESET_EIP = 0xFFFF0000, 0xFFF0
ATTR_RESET = 0x93
LAPIC_BASE = 0xFEE00000


@hot
def init_cpu(cpu: Cpu) -> None:
    """INIT: a reset that leaves caches, the x87 and the XMM registers, the model-specific ones and the time-stamp counter alone."""
    for n in range(16):
        cpu.gpr[n] = 0
    cpu.gpr[EDX] = SIGNATURES[cpu.model & 7]
    cpu.eip = RESET_EIP
    cpu.eflags = 2
    cpu.cc_kind = K_FLAGS
    for n in range(8):
        s = cpu.seg[n]
        s.sel = 0
        s.base = 0
        s.limit = 0xFFFF
        s.attr = ATTR_RESET
        set_bounds(cpu, n)
    cpu.seg[CS].sel = 0xF000
    cpu.seg[CS].base = RESET_BASE
    cpu.seg[LDTR].attr = ATTR_P | LDT
    cpu.seg[TR].attr = ATTR_P | BUSY_TSS16
    cpu.gdt_base = 0
    cpu.gdt_limit = 0xFFFF
    cpu.idt_base = 0
    cpu.idt_limit = 0xFFFF
    cpu.cr0 = (cpu.cr0 & (CR0_NW | CR0_CD)) | CR0_ET
    cpu.cr2 = 0
    cpu.cr3 = 0
    cpu.cr4 = 0
    for n in range(8):
        cpu.dr[n] = 0
    cpu.dr[6] = 0xFFFF0FF0
    cpu.dr[7] = 0x400
    set_cpl(cpu, 0)
    cpu.shadow = 0
    cpu.halted = False
    cpu.frozen = False
    cpu.shutdown = False
    cpu.nmi = 0
    cpu.nmi_masked = False
    cpu.trap = 0
    cpu.stepping = False
    cpu.repeating = False
    cpu.resuming = False
    cpu.late = False
    cpu.init_request = False
    for n in range(4):
        cpu.pdpte[n] = 0
    flush_tlb_all(cpu)
    update_mode(cpu)


@hot
def reset_cpu(cpu: Cpu) -> None:
    """Put everything but the time-stamp counter, Cpu.model, hypervisor and no_apic, and the counts of the engine where RESET
    puts it."""
    cpu.features = FEATURES[cpu.model & 7]
    if cpu.no_apic:
        cpu.features = cpu.features & (0xFFFFFFFF ^ F_APIC)
    cpu.a20_mask = 0xFFFFFFFF
    cpu.cr0 = CR0_NW | CR0_CD
    for n in range(8):
        cpu.tr[n] = 0
    reset_msrs(cpu)
    init_cpu(cpu)


@hot
def reset_msrs(cpu: Cpu) -> None:
    """Model-specific registers; the machine-check banks and variable MTRRs are kept by a warm reset on silicon, but
    start from 0 here, as after power-on."""
    cpu.sysenter_cs = 0
    cpu.sysenter_esp = 0
    cpu.sysenter_eip = 0
    cpu.apic_base = LAPIC_BASE | APIC_BSP
    if cpu.features & F_APIC != 0:
        cpu.apic_base = LAPIC_BASE | APIC_BSP | APIC_ENABLE
    cpu.apic_base_changed(cpu.apic_base)
    cpu.pat = PAT_RESET
    cpu.mtrr_def = 0
    for n in range(16):
        cpu.mtrr_fixed[n] = 0
        cpu.mtrr_var[n] = 0
    cpu.misc_enable = MISC_ENABLE_RESET
    cpu.microcode = 0
    cpu.mcg_status = 0
    for n in range(8):
        cpu.mc_ctl[n] = 0
    cpu.debugctl = 0
    for n in range(2):
        cpu.perf_event[n] = 0
        cpu.perf_count[n] = 0
    cpu.power_on = 0
