"""SMBIOS tables for the firmware.

Source: DMTF DSP0134, System Management BIOS Reference Specification 2.8.
"""
import struct

TABLES = "etc/smbios/smbios-tables"
ANCHOR = "etc/smbios/smbios-anchor"

MAKER = "emu"
MEGABYTE = 1 << 20
OTHER, UNKNOWN, NONE = 1, 2, 3


class _Writer:
    """Collects structures; a structure's strings follow it and are numbered from 1."""

    def __init__(self):
        self.data = bytearray()
        self.count = 0
        self.longest = 0

    def add(self, kind, handle, layout, *values):
        """A structure of the struct layout; each str among the values becomes the number of that string."""
        strings, fields = [], []
        for value in values:
            if isinstance(value, str):
                if value and value not in strings:
                    strings.append(value)
                value = strings.index(value) + 1 if value else 0
            fields.append(value)
        body = struct.pack("<" + layout, *fields)
        text = b"".join(s.encode("ascii", "replace") + b"\0" for s in strings) or b"\0"
        made = struct.pack("<BBH", kind, 4 + len(body), handle) + body + text + b"\0"
        self.data += made
        self.count += 1
        self.longest = max(self.longest, len(made))


def build(memory, cpu_name="i686", family=0xB2, cpuid=(0, 0), mhz=1000, uuid=bytes(16), version="1"):
    """The fw_cfg files: name -> bytes.

    memory is the RAM below 4 GiB in bytes, family the processor family of type 4 (B2h: Pentium 4), cpuid EAX and EDX of
    leaf 1, uuid its 16 bytes as SMBIOS stores them.
    """
    megabytes = memory // MEGABYTE
    out = _Writer()
    # BIOS: segment E800h, 64 KiB; PCI, plug and play, upgradeable, shadowing, boot from CD, selectable boot, EDD;
    # ACPI; targeted content distribution and "this is a virtual machine"
    out.add(0, 0x000, "BBHBBQBBBBBB", MAKER, version, 0xE800, "01/01/2025", 0,
            1 << 7 | 1 << 9 | 1 << 11 | 1 << 12 | 1 << 15 | 1 << 16 | 1 << 19, 0x01, 0x14, 0, 0, 0xFF, 0xFF)
    out.add(1, 0x100, "BBBB16sBBB", MAKER, "PC (i440FX, PIIX)", version, "", uuid, 6, "", "")    # power switch
    out.add(3, 0x300, "BBBBBBBBBIBBBBB", MAKER, 0x01, version, "", "", 3, 3, 3, NONE, 0, 0, 0, 0, 0, "")
    out.add(4, 0x400, "BBBBIIBBHHHBBHHHBBBBBBHH", "CPU 0", 3, family, MAKER, *cpuid, cpu_name, 0, 0,
            min(mhz, 0xFFFF), min(mhz, 0xFFFF), 0x41, OTHER, 0xFFFF, 0xFFFF, 0xFFFF, "", "", "", 1, 1, 1, 0, family)
    out.add(16, 0x1000, "BBBIHHQ", OTHER, 3, NONE, memory // 1024, 0xFFFE, 1, 0)    # system memory, no ECC
    out.add(17, 0x1100, "HHHHHBBBBBHHBBBBBIHHHH", 0x1000, 0xFFFE, 0xFFFF, 0xFFFF, min(megabytes, 0x7FFF), 9, 0,
            "DIMM 0", "", 7, 2, 0, MAKER, "", "", "", 0, 0, 0, 0, 0, 0)             # DIMM, RAM
    out.add(19, 0x1300, "IIHBQQ", 0, memory // 1024 - 1, 0x1000, 1, 0, 0)
    out.add(32, 0x2000, "6sB", bytes(6), 0)                                         # no boot errors
    out.add(127, 0x7F00, "")
    return {TABLES: bytes(out.data), ANCHOR: _anchor(out)}


def _anchor(tables):
    """The 2.1 entry point; the firmware fills in where the tables lie, and the checksums."""
    middle = bytearray(struct.pack("<5sBHIHB", b"_DMI_", 0, len(tables.data), 0, tables.count, 0x28))
    middle[5] = -sum(middle) & 0xFF
    whole = bytearray(struct.pack("<4sBBBBHB5s", b"_SM_", 0, 31, 2, 8, tables.longest, 0, bytes(5)) + middle)
    whole[4] = -sum(whole) & 0xFF
    return bytes(whole)
