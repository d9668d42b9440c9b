"""Machine facts handed to the firmware: CMOS and fw_cfg.  Register and key numbers as QEMU's `pc` has them."""

import os
import struct

from emu.cpu.cpuid import MODELS

from . import acpi, kernel_boot, option_rom, smbios

BOOT_CODE = {"floppy": 1, "disk": 2, "cdrom": 3, "network": 4}
KEY_RAM_SIZE, KEY_CPUS, KEY_BOOT_MENU, KEY_MAX_CPUS, KEY_IRQ0_OVERRIDE = 0x03, 0x05, 0x0E, 0x0F, 0x8002
E820_RAM = 1
BOOT_MENU_MS = 1000
MOST_NAME = 40                  # characters of an option ROM's name for fw_cfg


def set_cmos(rtc, config, floppy_kinds):
    """Memory sizes, floppy types and the boot order."""
    memory = config.memory
    base = min(memory >> 10, 640)
    extended = min(max((memory >> 10) - 1024, 0), 0xFFFF)
    above16 = min(max((memory - (16 << 20)) >> 16, 0), 0xFFFF)
    rtc.set_cmos(0x10, floppy_kinds[0] << 4 | floppy_kinds[1])
    drives = sum(1 for k in floppy_kinds if k)
    rtc.set_cmos(0x14, (((drives - 1) << 6 | 1) if drives else 0) | 0x06)  # mouse, coprocessor
    for index, value in ((0x15, base), (0x17, extended), (0x30, extended), (0x34, above16)):
        rtc.set_cmos(index, value & 0xFF)
        rtc.set_cmos(index + 1, value >> 8)
    order = [BOOT_CODE[d] for d in config.boot_order][:3] + [0, 0, 0]
    rtc.set_cmos(0x3D, order[1] << 4 | order[0])
    rtc.set_cmos(0x38, order[2] << 4 | 1)  # bit 0: no check of a floppy's boot signature
    rtc.set_cmos(0x5F, config.cpus - 1)


def fill_fw_cfg(fw_cfg, config, cpu):
    """RAM, processors, the ACPI and SMBIOS tables, and the kernel to start.  Raises MediaError and ConfigError."""
    memory = config.memory
    fw_cfg.add_number(KEY_RAM_SIZE, memory, 8)
    fw_cfg.add_number(KEY_CPUS, config.cpus)
    fw_cfg.add_number(KEY_MAX_CPUS, config.cpus)
    menu = config.display != "none" and config.kernel is None     # people want time to press F12
    fw_cfg.add_number(KEY_BOOT_MENU, int(menu))
    if menu:
        fw_cfg.add_file("etc/boot-menu-wait", BOOT_MENU_MS.to_bytes(2, "little"))
    fw_cfg.add_number(KEY_IRQ0_OVERRIDE, 1, 1)  # IRQ 0 is at input 2 of the I/O APIC, as the MADT says too
    fw_cfg.add_file("etc/e820", struct.pack("<QQI", 0, memory, E820_RAM))
    files = {}
    if not config.no_acpi:
        files.update(acpi.build(memory, apic=config.has_apic))
    model = MODELS[cpu.model]
    files.update(smbios.build(memory, cpu_name=model.name, cpuid=(model.signature, cpu.features)))
    for name, data in files.items():
        fw_cfg.add_file(name, data)
    for n, path in enumerate(config.option_roms):
        if (name := f"genroms/{n}-{os.path.basename(path)[:MOST_NAME]}") not in fw_cfg.files:
            fw_cfg.add_file(name, option_rom.read(path))
    if config.kernel is not None and kernel_boot.ROM_NAME not in fw_cfg.files:
        kernel_boot.add(fw_cfg, config)
