"""What drives say of themselves: IDENTIFY DEVICE and IDENTIFY PACKET DEVICE.

ATA/ATAPI-6 (T13/1410D), 8.15 and 8.16; word numbers as there.
"""

BLOCK_LIMIT = 16        # most sectors a DRQ block of READ/WRITE MULTIPLE
MWDMA_MODES, UDMA_MODES = 3, 6


def _words(words):
    return b"".join((value & 0xFFFF).to_bytes(2, "little") for value in words)


def _string(words, first, last, text):
    """ASCII strings are stored with the first character in the high byte, padded with blanks."""
    raw = text.encode("ascii", "replace").ljust(2 * (last - first + 1))
    for i in range(last - first + 1):
        words[first + i] = raw[2 * i] << 8 | raw[2 * i + 1]


def _modes(words, transfer_mode):
    """Words 53, 62-68, 88: PIO and DMA modes, and which DMA mode SET FEATURES chose."""
    mode, chosen = transfer_mode & 7, transfer_mode >> 3
    words[53] |= 0x0006                                                 # words 64-70 and 88 are valid
    words[63] = (1 << MWDMA_MODES) - 1 | (0x100 << mode if chosen == 4 else 0)
    words[64] = 0x0003                                                  # PIO 3 and 4
    words[65] = words[66] = words[67] = words[68] = 120                 # cycle times in ns
    words[88] = (1 << UDMA_MODES) - 1 | (0x100 << mode if chosen == 8 else 0)


def _sealed(words):
    """Word 255: signature and checksum."""
    words[255] = 0x00A5
    raw = _words(words)
    return raw[:511] + bytes([-sum(raw) & 0xFF])


def identify_disk(disk, drive, index):
    """The 512 bytes of IDENTIFY DEVICE for an AtaDisk, its Drive state and its place on the cable (0 or 1)."""
    words = [0] * 256
    total = drive.accessible
    words[0] = 0x0040                                   # fixed drive; never 0 (Windows CE)
    words[1], words[3], words[6] = disk.cylinders, disk.heads, disk.sectors
    words[4], words[5] = 512 * disk.sectors, 512        # bytes a track and a sector (retired; DOS tools read them)
    _string(words, 10, 19, disk.serial)
    words[20], words[21], words[22] = 3, 512, 4         # buffer type, size in sectors, ECC bytes (retired)
    _string(words, 23, 26, disk.firmware)
    _string(words, 27, 46, disk.model)
    words[47] = 0x8000 | BLOCK_LIMIT
    words[48] = 1                                       # 32-bit data port (retired)
    words[49] = 0x2F00                                  # standby timer as the standard has it, IORDY, LBA, DMA
    words[50] = 0x4000
    words[51] = words[52] = 0x0200                      # PIO and DMA timing (retired)
    words[53] = 0x0001
    cylinders = min(total // (drive.heads * drive.sectors), 65535) if drive.heads * drive.sectors else 0
    words[54], words[55], words[56] = cylinders, drive.heads, drive.sectors
    capacity = cylinders * drive.heads * drive.sectors
    words[57], words[58] = capacity & 0xFFFF, capacity >> 16
    words[59] = 0x0100 | drive.multiple if drive.multiple else 0
    short = min(total, 0x0FFFFFFF)
    words[60], words[61] = short & 0xFFFF, short >> 16
    _modes(words, drive.transfer_mode)
    words[80], words[81] = 0x007E, 0x0019               # ATA-1 to ATA/ATAPI-6
    words[82] = 0x4469                                  # NOP, protected area, read-ahead, write cache, power management, SMART
    words[83] = 0x7400                                  # FLUSH CACHE, FLUSH CACHE EXT, 48-bit
    words[84] = 0x4003                                  # SMART logs errors, and has self-tests
    words[85] = 0x4408 | drive.smart | drive.write_cache << 5 | drive.read_ahead << 6
    words[86] = 0x3400
    words[87] = 0x4003
    words[93] = 0x6B00 if index else 0x600B             # 80-conductor cable; passed; number set by jumper
    for i in range(4):
        words[100 + i] = total >> 16 * i & 0xFFFF
    return _sealed(words)


def identify_packet_device(cdrom, drive):
    """The 512 bytes of IDENTIFY PACKET DEVICE for an AtapiDrive and its Drive state."""
    words = [0] * 256
    words[0] = 0x85C0                                   # packet device, CD-ROM, removable, DRQ in 50 us, 12 bytes
    _string(words, 10, 19, cdrom.serial)
    _string(words, 23, 26, cdrom.firmware)
    _string(words, 27, 46, cdrom.model)
    words[48] = 1                                       # 32-bit data port (retired)
    words[49] = 0x0F00                                  # IORDY, LBA, DMA
    words[50] = 0x4000
    _modes(words, drive.transfer_mode)
    words[71], words[72] = 30, 30                       # ns from PACKET, and SERVICE, to bus release
    words[80], words[81] = 0x001E, 0x0019
    words[82] = 0x4218                                  # NOP, DEVICE RESET, PACKET, power management
    words[83] = words[84] = 0x4000
    words[85], words[87] = 0x4218, 0x4000
    return _sealed(words)
