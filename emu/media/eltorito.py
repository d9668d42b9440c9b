"""El Torito boot records of CD-ROM images.

Specification: "El Torito" Bootable CD-ROM Format Specification, version 1.0 (Phoenix, IBM 1995).
"""

from dataclasses import dataclass

SECTOR = 2048
FIRST_DESCRIPTOR = 16
LAST_DESCRIPTOR = 128                          # descriptors end with a terminator; this bounds a search in nonsense
BOOT_RECORD, PRIMARY, TERMINATOR = 0, 1, 255
PLATFORMS = {0: "x86", 1: "PowerPC", 2: "Mac", 0xEF: "EFI"}
NO_EMULATION = 0
EMULATIONS = {NO_EMULATION: "none", 1: "1.2M floppy", 2: "1.44M floppy", 3: "2.88M floppy", 4: "hard disk"}
EMULATED_SIZE = {1: 1228800, 2: 1474560, 3: 2949120}


class BootRecordError(ValueError):
    """The boot catalogue is broken; the text says how."""


@dataclass(frozen=True)
class BootEntry:
    """The initial (default) entry: what the BIOS loads.  ``sectors`` are 512 bytes, ``lba`` is in 2048-byte sectors."""

    platform: int
    emulation: int
    load_segment: int
    sectors: int
    lba: int

    @property
    def emulation_name(self):
        """What the boot image pretends to be."""
        return EMULATIONS[self.emulation]


def descriptors(read):
    """The volume descriptors of a CD as (type, bytes); ``read(offset, n)`` reads the image."""
    for sector in range(FIRST_DESCRIPTOR, LAST_DESCRIPTOR):
        block = read(sector * SECTOR, SECTOR)
        if len(block) < SECTOR or block[1:6] != b"CD001":
            return
        yield block[0], block
        if block[0] == TERMINATOR:
            return


def boot_entry(read, size):
    """The CD's boot entry, or None if it has no El Torito boot record.

    ``size`` is the image's size in bytes.  Raises BootRecordError if there is a record but it cannot be booted from.
    """
    for kind, block in descriptors(read):
        if kind == BOOT_RECORD and block[7:30] == b"EL TORITO SPECIFICATION":
            return _catalogue(read, size, int.from_bytes(block[0x47:0x4B], "little"))
    return None


def _catalogue(read, size, lba):
    if lba < FIRST_DESCRIPTOR or (lba + 1) * SECTOR > size:
        raise BootRecordError(f"the boot catalogue is at sector {lba}, which is outside the image")
    catalogue = read(lba * SECTOR, 64)
    validation, entry = catalogue[:32], catalogue[32:]
    if validation[0] != 1 or validation[30:32] != b"\x55\xaa":
        raise BootRecordError("the boot catalogue is corrupt (no validation entry)")
    if sum(int.from_bytes(validation[i:i + 2], "little") for i in range(0, 32, 2)) & 0xFFFF:
        raise BootRecordError("the boot catalogue is corrupt (wrong checksum)")
    platform = validation[1]
    if platform != 0:
        name = PLATFORMS.get(platform, f"platform {platform:02X}h")
        raise BootRecordError(f"the CD boots on {name} only, not by a PC's BIOS")
    if entry[0] != 0x88:
        raise BootRecordError("the boot catalogue's default entry is not bootable")
    emulation = entry[1] & 0x0F
    if emulation not in EMULATIONS:
        raise BootRecordError(f"the boot catalogue is corrupt (media type {emulation})")
    boot = BootEntry(platform, emulation, int.from_bytes(entry[2:4], "little") or 0x7C0,
                     int.from_bytes(entry[6:8], "little"), int.from_bytes(entry[8:12], "little"))
    if emulation == 0 and boot.sectors == 0:
        raise BootRecordError("the boot catalogue is corrupt (sector count 0: nothing would be loaded)")
    # The whole emulated floppy must be there; without emulation, what is loaded (some CDs claim more than they hold).
    needed = EMULATED_SIZE.get(emulation, 512)
    if boot.lba < FIRST_DESCRIPTOR or boot.lba * SECTOR + needed > size:
        raise BootRecordError(f"the boot image is at sector {boot.lba}, which is outside the image")
    return boot
