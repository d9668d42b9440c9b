"""ACPI tables of the 440FX/PIIX machine, and the script by which the firmware places them.

Sources: ACPI Specification 1.0b (FADT revision 1, FACS, RSDT, MADT) and 2.0 (AML); QEMU's description of the
table loader (files etc/table-loader, etc/acpi/tables, etc/acpi/rsdp), which SeaBIOS carries out.
"""
import struct

from emu.cpu.reset import LAPIC_BASE
from emu.devices.io_apic import BASE as IO_APIC_BASE

from . import aml

# Where PIIX4's power management lies; SeaBIOS programs this base
PM_BASE = 0x600
PM1A_EVENT = PM_BASE
PM1A_CONTROL = PM_BASE + 4
PM_TIMER = PM_BASE + 8
GPE0_BASE = 0xAFE0
GPE0_LENGTH = 4
SMI_COMMAND = 0xB2
ACPI_ENABLE = 0xF1
ACPI_DISABLE = 0xF0
SCI_IRQ = 9
RTC_CENTURY = 0x32          # CMOS index

PCI_HOLE_LAST = IO_APIC_BASE - 1

PCI_IRQS = (5, 10, 11)      # what the links may be routed to
LINKS = ("LNKA", "LNKB", "LNKC", "LNKD")
SLEEP_S5 = 0                # SLP_TYP of PIIX4: soft off
SLEEP_S0 = 5                # working

# FADT flags
WBINVD = 1 << 0
PROC_C1 = 1 << 2
SLP_BUTTON = 1 << 5         # no sleep button in the fixed registers; the power button is there (bit 4 clear)

TABLES = "etc/acpi/tables"
RSDP = "etc/acpi/rsdp"
LOADER = "etc/table-loader"

OEM = b"EMUPC "
OEM_TABLE = b"EMU PC  "
CREATOR = b"EMU "


def checksum(data):
    """The byte that makes the sum of the bytes 0."""
    return -sum(data) & 0xFF


def table(signature, revision, body):
    """A system description table; the checksum is right for the contents as given."""
    head = struct.pack("<4sIBB6s8sI4sI", signature, 36 + len(body), revision, 0, OEM, OEM_TABLE, 1, CREATOR, 1)
    made = bytearray(head + body)
    made[9] = checksum(made)
    return bytes(made)


# -- DSDT --------------------------------------------------------------------------------------------------------

def _link(number):
    """An interrupt link: one PIRQ register of the PIIX3 (bits 0-3 the line, bit 7 off)."""
    register = aml.name(f"\\_SB.PCI0.ISA.PRQ{number}")
    current = aml.name("CURR")
    line = aml.name("LINE")
    return aml.device(
        LINKS[number],
        aml.define("_HID", aml.eisa_id("PNP0C0F")),
        aml.define("_UID", aml.integer(number + 1)),
        aml.define("_PRS", aml.resources(aml.interrupts(*PCI_IRQS))),
        aml.define("CURR", aml.resources(aml.interrupts(0))),
        aml.dword_field(current, 5, "LINE"),
        aml.method("_STA", 0,
                   aml.if_(aml.and_(register, aml.integer(0x80)), aml.return_(aml.integer(0x09))),
                   aml.return_(aml.integer(0x0B))),
        aml.method("_DIS", 0, aml.or_(register, aml.integer(0x80), register)),
        aml.method("_CRS", 0,
                   aml.if_(aml.and_(register, aml.integer(0x80)), aml.store(aml.ZERO, line)),
                   aml.else_(aml.and_(register, aml.integer(0x0F), line)),
                   aml.return_(current), serialized=True),
        aml.method("_SRS", 1,
                   aml.dword_field(aml.ARG0, 5, "WANT"),
                   aml.and_(aml.name("WANT"), aml.integer(0x0F), register), serialized=True),
    )


def _sci_link():
    """The power management function's interrupt is wired to the SCI line and cannot be routed."""
    fixed = aml.resources(aml.interrupts(SCI_IRQ))
    return aml.device(
        "LNKS",
        aml.define("_HID", aml.eisa_id("PNP0C0F")),
        aml.define("_UID", aml.integer(5)),
        aml.define("_PRS", fixed),
        aml.define("_CRS", fixed),
        aml.define("_STA", aml.integer(0x0B)),
        aml.method("_DIS", 0),
        aml.method("_SRS", 1),
    )


def _routing():
    """_PRT: pin p of slot s is wired to PIRQ (s + p - 1) mod 4, as on the 440FX boards."""
    entries = []
    for slot in range(32):
        for pin in range(4):
            link = "LNKS" if slot == 1 and pin == 0 else LINKS[(slot + pin - 1) & 3]
            entries.append(aml.package(aml.integer(slot << 16 | 0xFFFF), aml.integer(pin),
                                       aml.name(f"\\_SB.{link}"), aml.ZERO))
    return aml.package(*entries)


def _isa_device(path, hid, *descriptors, uid=None):
    terms = [aml.define("_HID", aml.eisa_id(hid))]
    if uid is not None:
        terms.append(aml.define("_UID", aml.integer(uid)))
    return aml.device(path, *terms, aml.define("_STA", aml.integer(0x0F)),
                      aml.define("_CRS", aml.resources(*descriptors)))


def _isa_devices(floppy, serial_ports, parallel):
    devices = [
        _isa_device("PIC", "PNP0000", aml.io(0x20, 2), aml.io(0xA0, 2), aml.io(0x4D0, 2), aml.irq(2)),
        _isa_device("DMAC", "PNP0200", aml.io(0x00, 16), aml.io(0x81, 15), aml.io(0xC0, 32), aml.dma(4)),
        _isa_device("TMR", "PNP0100", aml.io(0x40, 4), aml.irq(0)),
        _isa_device("RTC", "PNP0B00", aml.io(0x70, 2), aml.irq(8)),
        _isa_device("SPKR", "PNP0800", aml.io(0x61, 1)),
        _isa_device("FPU", "PNP0C04", aml.io(0xF0, 1), aml.irq(13)),
        _isa_device("KBD", "PNP0303", aml.io(0x60, 1), aml.io(0x64, 1), aml.irq(1)),
        _isa_device("MOU", "PNP0F13", aml.irq(12)),
        _isa_device("SYSR", "PNP0C02", aml.io(0xB2, 2), aml.io(PM_BASE, 64), aml.io(0x700, 16),
                    aml.io(GPE0_BASE, GPE0_LENGTH)),
    ]
    if floppy:
        devices.append(_isa_device("FDC0", "PNP0700", aml.io(0x3F2, 4), aml.io(0x3F7, 1), aml.irq(6), aml.dma(2)))
    for number, (base, line) in enumerate(((0x3F8, 4), (0x2F8, 3), (0x3E8, 4), (0x2E8, 3))[:serial_ports], 1):
        devices.append(_isa_device(f"COM{number}", "PNP0501", aml.io(base, 8), aml.irq(line), uid=number))
    if parallel:
        devices.append(_isa_device("LPT1", "PNP0400", aml.io(0x378, 8), aml.irq(7), uid=1))
    return devices


def dsdt(memory_top, floppy=True, serial_ports=2, parallel=True):
    """The differentiated system description: the PCI root, its interrupt links, and the ISA devices.

    memory_top is the end of RAM below 4 GiB; the PCI memory window begins there.
    """
    root = aml.device(
        "PCI0",
        aml.define("_HID", aml.eisa_id("PNP0A03")),
        aml.define("_ADR", aml.ZERO),
        aml.define("_UID", aml.ZERO),
        aml.define("_PRT", _routing()),
        aml.define("_CRS", aml.resources(
            aml.bus_numbers(0, 0xFF),
            aml.io(0xCF8, 8),
            aml.io_window(0x0000, 0x0CF7),
            aml.io_window(0x0D00, 0xFFFF),
            aml.memory_window(0xA0000, 0xBFFFF, cacheable=True),
            aml.memory_window(memory_top, PCI_HOLE_LAST))),
        aml.device(
            "ISA",
            aml.define("_ADR", aml.integer(0x00010000)),
            aml.region("PIRQ", aml.PCI_CONFIG, 0x60, 4),
            aml.byte_field("PIRQ", "PRQ0", "PRQ1", "PRQ2", "PRQ3"),
            *_isa_devices(floppy, serial_ports, parallel)),
    )
    return table(b"DSDT", 1, b"".join((
        aml.scope("\\_PR", aml.processor("CPU0", 0)),
        aml.scope("\\_SB", root, *(_link(n) for n in range(4)), _sci_link()),
        aml.define("\\_S0", aml.package(*(aml.integer(v) for v in (SLEEP_S0, SLEEP_S0, 0, 0)))),
        aml.define("\\_S5", aml.package(*(aml.integer(v) for v in (SLEEP_S5, SLEEP_S5, 0, 0)))),
    )))


# -- the other tables --------------------------------------------------------------------------------------------

def facs():
    """Firmware control structure; aligned to 64 bytes, without a checksum."""
    return struct.pack("<4sIIIII40x", b"FACS", 64, 0, 0, 0, 0)


def fadt(apic=False):
    """Fixed description; the addresses of FACS (offset 36) and DSDT (offset 40) are the loader's."""
    body = struct.pack(
        "<IIBBHIBBBBIIIIIIIIBBBBBBBBHHHHBBBBBBBBI",
        0, 0,                                   # FIRMWARE_CTRL, DSDT
        1 if apic else 0, 0,                    # INT_MODEL
        SCI_IRQ, SMI_COMMAND, ACPI_ENABLE, ACPI_DISABLE,
        0, 0,                                   # S4BIOS_REQ
        PM1A_EVENT, 0, PM1A_CONTROL, 0, 0, PM_TIMER, GPE0_BASE, 0,
        4, 2, 0, 4, GPE0_LENGTH, 0, 0, 0,
        0xFFF, 0xFFF,                           # no C2, no C3
        0, 0,                                   # FLUSH_SIZE: WBINVD does it
        0, 0,                                   # no throttling
        0, 0, RTC_CENTURY,                      # no RTC alarm from sleep
        0, 0, 0,
        WBINVD | PROC_C1 | SLP_BUTTON)
    return table(b"FACP", 1, body)


def madt():
    """One local APIC and one I/O APIC; IRQ 0 goes to input 2, PCI interrupts and the SCI are level, active high."""
    body = struct.pack("<II", LAPIC_BASE, 1)                        # PCAT_COMPAT: 8259s are there as well
    body += struct.pack("<BBBBI", 0, 8, 0, 0, 1)
    body += struct.pack("<BBBBII", 1, 12, 0, 0, IO_APIC_BASE, 0)
    body += struct.pack("<BBBBIH", 2, 10, 0, 0, 2, 0)
    for line in sorted((*PCI_IRQS, SCI_IRQ)):
        body += struct.pack("<BBBBIH", 2, 10, 0, line, line, 0x0D)
    body += struct.pack("<BBBHB", 4, 6, 0xFF, 0, 1)                 # NMI on LINT1 of every processor
    return table(b"APIC", 1, body)


# -- the loader's script -----------------------------------------------------------------------------------------

HIGH_MEMORY, F_SEGMENT = 1, 2


def _allocate(file, align, zone):
    return struct.pack("<I56sIB63x", 1, file.encode(), align, zone)


def _add_pointer(file, source, offset, size=4):
    return struct.pack("<I56s56sIB7x", 2, file.encode(), source.encode(), offset, size)


def _add_checksum(file, offset, start, length):
    return struct.pack("<I56sIII56x", 3, file.encode(), offset, start, length)


def build(memory_top, apic=False, floppy=True, serial_ports=2, parallel=True):
    """The fw_cfg files of the tables: name -> bytes."""
    blob = bytearray(facs())                    # first, for its alignment
    at = {}

    def add(key, data):
        at[key] = len(blob)
        blob.extend(data)
        blob.extend(bytes(-len(blob) % 16))

    add("DSDT", dsdt(memory_top, floppy, serial_ports, parallel))
    add("FACP", fadt(apic))
    listed = ["FACP"]
    if apic:
        add("APIC", madt())
        listed.append("APIC")
    add("RSDT", table(b"RSDT", 1, struct.pack(f"<{len(listed)}I", *(at[key] for key in listed))))

    script = [_allocate(TABLES, 64, HIGH_MEMORY), _allocate(RSDP, 16, F_SEGMENT)]

    def point(offset, target):
        """A pointer into the tables holds an offset; the loader adds where they came to lie."""
        struct.pack_into("<I", blob, offset, target)
        script.append(_add_pointer(TABLES, TABLES, offset))

    def close(key):
        """The loader computes the checksum once the pointers are right."""
        length, = struct.unpack_from("<I", blob, at[key] + 4)
        blob[at[key] + 9] = 0
        script.append(_add_checksum(TABLES, at[key] + 9, at[key], length))

    point(at["FACP"] + 36, 0)
    point(at["FACP"] + 40, at["DSDT"])
    close("FACP")
    for i, key in enumerate(listed):
        point(at["RSDT"] + 36 + 4 * i, at[key])
    close("RSDT")
    rsdp = struct.pack("<8sB6sBI", b"RSD PTR ", 0, OEM, 0, at["RSDT"])
    script.append(_add_pointer(RSDP, TABLES, 16))
    script.append(_add_checksum(RSDP, 8, 0, len(rsdp)))
    return {TABLES: bytes(blob), RSDP: rsdp, LOADER: b"".join(script)}
