"""The board: which parts there are and how they are wired.  The topology is fixed; the C of the native engine is built
from it.  What a machine lacks is left out of its port map."""

import inspect

from emu.bus.clock import Clock
from emu.bus.interrupts import IrqLines
from emu.bus.memory import Memory
from emu.cpu.paging import set_a20
from emu.cpu.state import Cpu
from emu.devices.bus_master import BusMaster
from emu.devices.coprocessor_error import CoprocessorError
from emu.devices.debug_ports import DebugConsole, DebugExit
from emu.devices.dma import Dma, DmaPages
from emu.devices.fdc import Fdc
from emu.devices.fw_cfg import FwCfg
from emu.devices.i440fx import I440fx
from emu.devices.ide import IdeChannel
from emu.devices.io_apic import IoApic
from emu.devices.kbc import Kbc
from emu.devices.keyboard import Keyboard
from emu.devices.line_out import LineOut
from emu.devices.local_apic import LocalApic
from emu.devices.local_apic_state import LINT0
from emu.devices.mouse import Mouse
from emu.devices.mpu401 import Mpu401
from emu.devices.ne2000 import Ne2000, Ne2000Pci
from emu.devices.opl3 import Opl3
from emu.devices.parallel import Parallel
from emu.devices.pci import PciHost
from emu.devices.pic import Pic
from emu.devices.piix3 import Piix3
from emu.devices.piix4_pm import Piix4Pm
from emu.devices.pit import Pit
from emu.devices.rtc import Rtc
from emu.devices.sb16 import Sb16
from emu.devices.speaker import PcSpeaker
from emu.devices.system_control import SystemControl
from emu.devices.uart import Uart
from emu.devices.vga import Vga
from emu.devices.vga_pci import VgaPci
from emu.devices.vmware import VmwareBackdoor

NIC_SLOT = 3  # PCI device number; also its number among the PIIX3's interrupt sources

PARTS = {
    "cpu": Cpu, "clock": Clock, "memory": Memory, "irqs": IrqLines, "ferr": CoprocessorError, "pic0": Pic, "pic1": Pic,
    "lapic": LocalApic, "io_apic": IoApic, "pit": Pit, "rtc": Rtc,
    "dma0": Dma, "dma1": Dma, "dma_pages": DmaPages, "system": SystemControl, "kbc": Kbc, "keyboard": Keyboard, "mouse": Mouse,
    "uart0": Uart, "uart1": Uart, "lpt0": Parallel, "fdc": Fdc, "pci": PciHost, "i440fx": I440fx, "piix3": Piix3,
    "bus_master": BusMaster, "ide0": IdeChannel, "ide1": IdeChannel, "pm": Piix4Pm, "vga": Vga, "vga_pci": VgaPci,
    "nic": Ne2000, "nic_pci": Ne2000Pci, "vmware": VmwareBackdoor, "speaker": PcSpeaker, "opl3": Opl3, "sb16": Sb16,
    "mpu401": Mpu401, "line_out": LineOut,
    "fw_cfg": FwCfg, "debug_console": DebugConsole, "firmware_log": DebugConsole, "debug_exit": DebugExit,
}

# (wire, where it leads, leading constants).  "@name" is served by the board itself (port map, timers), a function by
# calling it with the processor.
WIRES = [
    ("clock.executed", "cpu.executed"),
    ("cpu.now", "clock.now"), ("cpu.skip", "clock.skip"),
    ("cpu.expire_timers", "@expire_timers"), ("cpu.next_deadline", "@next_deadline"),
    ("cpu.acknowledge", "lapic.acknowledge"), ("cpu.apic_base_changed", "lapic.base_changed"), ("cpu.ferr", "ferr.set_ferr"),
    ("cpu.wakers", "lapic.wakers"), ("lapic.more_wakers", "io_apic.wakers"),
    ("lapic.intr", "cpu.set_intr"), ("lapic.nmi", "cpu.set_nmi"), ("lapic.init", "cpu.request_init"),
    ("lapic.pic_acknowledge", "pic0.acknowledge"), ("lapic.page_moved", "@window_changed"),
    ("lapic.end_of_interrupt", "io_apic.end_of_interrupt"), ("lapic.ready", "io_apic.serve_all"),
    ("io_apic.message", "lapic.message"),
    ("ferr.irq13", "irqs.set_isa", 13), ("ferr.ignne", "cpu.set_ignne"),
    *((f"cpu.phys_{op}{n}", f"memory.{op}{n}") for op in ("read", "write") for n in (8, 16, 32)),
    *((f"cpu.port_{op}{n}", f"@port_{op}{n}") for op in ("read", "write") for n in (8, 16, 32)),
    ("memory.vga_read", "vga.mem_read"), ("memory.vga_write", "vga.mem_write"),
    ("memory.device_read", "@device_read"), ("memory.device_write", "@device_write"),
    ("memory.device_read32", "@device_read32"), ("memory.device_write32", "@device_write32"),
    ("irqs.master", "pic0.set_irq"), ("irqs.slave", "pic1.set_irq"), ("irqs.io_apic", "io_apic.set_input"),
    ("irqs.processor", "lapic.set_lint", LINT0), ("pic0.intr", "irqs.set_intr"), ("pic1.intr", "pic0.set_irq", 2), ("pic0.slave_acknowledge", "pic1.acknowledge"),
    ("pit.out0", "irqs.set_isa", 0), ("rtc.irq8", "irqs.set_isa", 8),
    ("kbc.irq1", "irqs.set_isa", 1), ("kbc.irq12", "irqs.set_isa", 12),
    ("kbc.a20", "system.kbc_a20"), ("kbc.reset_cpu", "cpu.request_init"),
    ("kbc.keyboard_send", "keyboard.send"), ("kbc.keyboard_take", "keyboard.take"), ("keyboard.ready", "kbc.device_ready"),
    ("kbc.mouse_send", "mouse.send"), ("kbc.mouse_take", "mouse.take"), ("mouse.ready", "kbc.device_ready"),
    ("vmware.gpr", "cpu.register"), ("vmware.set_gpr", "cpu.set_register"), ("vmware.nudge", "mouse.nudge"),
    ("system.a20", set_a20), ("system.reset_machine", "cpu.request_reset"), ("system.init_cpu", "cpu.request_init"),
    ("system.gate2", "pit.set_gate2"), ("system.out2", "pit.output", 2),
    ("system.speaker", "speaker.set_data"), ("pit.speaker_changing", "speaker.changing"),
    ("speaker.counter", "pit.speaker_out"), ("speaker.edge", "pit.speaker_edge"), ("speaker.load", "pit.load_speaker"),
    ("speaker.sync", "line_out.sync"), ("speaker.step", "line_out.step_speaker"), ("line_out.speaker_until", "speaker.until"),
    ("line_out.fm_until", "opl3.until"), ("opl3.sync", "line_out.sync"),
    ("opl3.show", "sb16.show_fm"), ("sb16.sync", "line_out.sync"), ("sb16.step", "line_out.step"),
    ("sb16.irq", "irqs.set_sound"), ("sb16.midi", "mpu401.send"),
    *((f"sb16.{name}{bits}", f"{dma}.{name}") for bits, dma in ((8, "dma0"), (16, "dma1")) for name in ("ready", "take", "give")),
    ("dma0.following", "sb16.follow"), ("dma1.following", "sb16.follow"),
    *((f"{dma}.memory_{op}", f"memory.{op}8") for dma in ("dma0", "dma1") for op in ("read", "write")),
    ("uart0.irq", "irqs.set_isa", 4), ("uart1.irq", "irqs.set_isa", 3), ("lpt0.irq", "irqs.set_isa", 7),
    ("fdc.irq", "irqs.set_isa", 6), ("pm.sci", "irqs.set_isa", 9),
    ("ide0.irq", "bus_master.set_irq", 0), ("ide1.irq", "bus_master.set_irq", 1),
    ("ide0.dmarq", "bus_master.set_dmarq", 0), ("ide1.dmarq", "bus_master.set_dmarq", 1),
    ("bus_master.over0", "ide0.end_command"), ("bus_master.over1", "ide1.end_command"),
    ("bus_master.irq14", "irqs.set_isa", 14), ("bus_master.irq15", "irqs.set_isa", 15),
    ("dma0.page", "dma_pages.page", 0), ("dma1.page", "dma_pages.page", 1),
    ("piix3.irq", "irqs.set_pci"),
    ("nic.intx", "nic_pci.set_intx"), ("nic_pci.intx", "piix3.set_pirq", NIC_SLOT), ("nic.irq", "irqs.set_card"),
    ("vga.vram_read", "memory.vram_read8"), ("vga.vram_write", "memory.vram_write8"),
    ("vga.vram_read32", "memory.vram_read32"), ("vga.vram_write32", "memory.vram_write32"),
    ("vga.vram_clear", "memory.vram_clear"), ("vga.window_changed", "@window_changed"),
    ("vga_pci.vga_read", "vga.read"), ("vga_pci.vga_write", "vga.write"),
    ("vga_pci.dispi_get", "vga.dispi_get"), ("vga_pci.dispi_set", "vga.dispi_set"),
    *((f"{part}.now", "clock.now") for part in (
        "pit", "rtc", "system", "kbc", "keyboard", "mouse", "uart0", "uart1", "lpt0", "fdc", "bus_master", "ide0", "ide1", "pm",
        "vga", "lapic", "nic", "speaker", "opl3", "sb16", "line_out")),
]


def hot_wire(target):
    """Does a wire lead to a method of the subset?  Then chips use it as C under the native engine, whoever calls."""
    if callable(target) or target.startswith("@"):
        return False
    part, method = target.split(".")
    return getattr(inspect.getattr_static(PARTS[part], method), "subset", False)


MOVABLE = None  # base of ports that the machine places (PCI base registers)

# (part, its attribute that declares the ports, base).  A slot is a line of this table, split by declared Port.
PORTS = [
    ("dma0", "ports", 0x00), ("pic0", "ports", 0x20), ("pit", "ports", 0x40), ("kbc", "ports", 0x60),
    ("system", "ports61", 0x61), ("rtc", "ports", 0x70), ("dma_pages", "ports", 0x80), ("system", "ports92", 0x92),
    ("pic1", "ports", 0xA0), ("pm", "apm_ports", 0xB2), ("dma1", "wide_ports", 0xC0), ("debug_console", "ports", 0xE9),
    ("ferr", "ports", 0xF0),
    ("debug_exit", "ports", 0xF4), ("ide1", "ports", 0x170), ("ide0", "ports", 0x1F0), ("uart1", "ports", 0x2F8),
    ("ide1", "control_ports", 0x376), ("lpt0", "ports", 0x378), ("vga", "ports", 0), ("fdc", "ports", 0x3F0),
    ("ide0", "control_ports", 0x3F6), ("uart0", "ports", 0x3F8), ("firmware_log", "ports", 0x402),
    ("pic0", "elcr_ports", 0x4D0), ("pic1", "elcr_ports", 0x4D1), ("fw_cfg", "ports", 0x510), ("pci", "ports", 0xCF8),
    ("system", "portsCF9", 0xCF9), ("vmware", "ports", 0x5658), ("pm", "gpe_ports", 0xAFE0),
    ("pm", "pm_ports", MOVABLE), ("pm", "smbus_ports", MOVABLE), ("bus_master", "bus_master_ports", MOVABLE),
    ("nic", "ports", MOVABLE),
    ("opl3", "ports", 0x220), ("sb16", "mixer_ports", 0x224), ("sb16", "dsp_ports", 0x226), ("opl3", "old_ports", 0x228),
    ("mpu401", "ports", 0x330), ("opl3", "ports", 0x388),
]

# Device slots of the memory map: (part, read and write of a byte, read and write of an aligned word of 32 bits or None for
# byte by byte), called with the offset in the region.
DEVICES = [
    ("lapic", "read8", "write8", "read", "write"),
    ("vga_pci", "mmio_read8", "mmio_write8", None, None), ("io_apic", "read8", "write8", "read", "write"),
]
VGA_MMIO, IO_APIC = 1, 2  # the one before them is known to emu/bus/memory.py

# PCI functions by device and function number.
PCI_FUNCTIONS = {(0, 0): "i440fx", (1, 0): "piix3", (1, 1): "bus_master", (1, 3): "pm", (2, 0): "vga_pci", (NIC_SLOT, 0): "nic_pci"}


class Slot:
    """One declared group of ports at its place on the board."""

    def __init__(self, number, part, attribute, base, port):
        self.number, self.part, self.attribute, self.base, self.port = number, part, attribute, base, port


def slots():
    """Every group of ports, numbered from 1."""
    out = []
    for part, attribute, base in PORTS:
        for port in getattr(PARTS[part], attribute):
            out.append(Slot(len(out) + 1, part, attribute, base, port))
    return out


def timers():
    """(part, Timer) in the order in which timers due at one time expire."""
    return [(name, timer) for name, cls in PARTS.items() for timer in cls.timers]


def port_maps(bases, absent=()):
    """For 8, 16 and 32 bits: a bytearray that says which slot serves each port (0: none).  ``bases`` gives the bases of
    movable groups by (part, attribute); parts in ``absent`` are left out."""
    maps = {width: bytearray(65536) for width in (8, 16, 32)}
    for slot in slots():
        base = slot.base if slot.base is not MOVABLE else bases.get((slot.part, slot.attribute))
        if base is None or slot.part in absent:
            continue
        for port in range(base + slot.port.first, base + slot.port.first + slot.port.count):
            maps[slot.port.width][port & 0xFFFF] = slot.number
    return maps
