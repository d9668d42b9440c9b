"""Media for the tests of the BIOS: each boots the server of bios_rig, and its sectors say where they are."""

import struct

from bios_rig import boot_sector

SECTOR, BLOCK = 512, 2048
FLOPPY_SECTORS, DISK_SECTORS = 2880, 20000
NO_EMULATION, FLOPPY_144, HARD_DISK = 0, 2, 4
BOOT_LBA = 1000


def numbered(count, size=SECTOR):
    """Sectors that hold their own number all over."""
    return b"".join(struct.pack("<I", n) * (size // 4) for n in range(count))


def bootable(data):
    return boot_sector() + data[SECTOR:]


def floppy(path):
    path.write_bytes(bootable(numbered(FLOPPY_SECTORS)))
    return str(path)


def disk(path, sectors=DISK_SECTORS):
    """A disk; with more sectors than numbered ones, the rest is a hole."""
    path.write_bytes(bootable(numbered(DISK_SECTORS)))
    with path.open("r+b") as file:
        file.truncate(sectors * SECTOR)
    return str(path)


def boot_image(media):
    """What the CD boots: for a hard disk with a partition that tells its geometry, 20 cylinders, 4 heads, 17 sectors."""
    data = bytearray(bootable(numbered(FLOPPY_SECTORS if media == FLOPPY_144 else 20 * 4 * 17)))
    if media == HARD_DISK:
        data[446:462] = bytes((0x80, 1, 1, 0, 6, 3, 17, 19)) + struct.pack("<II", 17, 20 * 4 * 17 - 17)
    return bytes(data)


def cd(path, media=NO_EMULATION, sectors=4, segment=0):
    """An ISO 9660 image that boots as "El Torito" says; blocks from 100 on are numbered."""
    volume = bytearray(BLOCK)
    volume[:7] = b"\1CD001\1"
    record = bytearray(BLOCK)
    record[:7] = b"\0CD001\1"
    record[7:30] = b"EL TORITO SPECIFICATION"
    record[0x47:0x4B] = struct.pack("<I", 19)
    catalog = bytearray(BLOCK)
    catalog[0] = 1
    catalog[30:32] = b"\x55\xaa"
    catalog[28:30] = struct.pack("<H", -sum(struct.unpack("<16H", catalog[:32])) & 0xFFFF)
    catalog[32:48] = struct.pack("<BBHBBHI4x", 0x88, media, segment, 6 if media == HARD_DISK else 0, 0, sectors, BOOT_LBA)
    image = boot_image(media)
    data = bytearray(max(2000, BOOT_LBA + (len(image) + BLOCK - 1) // BLOCK) * BLOCK)
    numbers = numbered(2000, BLOCK)
    data[:] = (numbers + bytes(len(data)))[:len(data)]
    data[:16 * BLOCK] = bytes(16 * BLOCK)
    for block, content in ((16, volume), (17, record), (18, b"\xffCD001\1"), (19, catalog), (BOOT_LBA, image)):
        data[block * BLOCK:block * BLOCK + len(content)] = content
    path.write_bytes(data)
    return str(path)
