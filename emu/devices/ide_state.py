"""What an IDE channel and its drives share: register bits, phases of a command, the state of a drive.

ATA/ATAPI-5 (T13/1321D), chapter 7.
"""
from emu.bus.component import Struct
from emu.bus.types import u8, u16, u32, u64

# Command block registers (offsets)
DATA, ERROR, SECTOR_COUNT, LBA_LOW, LBA_MID, LBA_HIGH, DEVICE, STATUS = range(8)
FEATURES, COMMAND = ERROR, STATUS
# Status register
BSY, DRDY, DF, DSC, DRQ, ERR = 0x80, 0x40, 0x20, 0x10, 0x08, 0x01
# Error register
UNC, WP, IDNF, ABRT = 0x40, 0x40, 0x10, 0x04
# Device register
LBA, DEVICE_FIXED = 0x40, 0xA0      # and bit 4 selects the drive
# Device control register
HOB, SRST, NIEN = 0x80, 0x04, 0x02
# Interrupt reason (ATAPI, in the sector count register)
CD, IO = 1, 2
# Commands that the channel itself must know
DEVICE_RESET, EXECUTE_DIAGNOSTIC = 0x08, 0x90

# Drive.kind
NO_DRIVE, ATA, ATAPI = 0, 1, 2
NO_SIGNATURE = (0xFF, 0xFF)     # LBA mid and high that belong to no kind of drive

# IdeChannel.phase: what the active drive is doing
IDLE = 0                # waits for a command
COMMAND_BUSY = 1        # BSY until the deadline, then carries the command out
BLOCK_BUSY = 2          # BSY until the deadline, then asks for the next block of a PIO transfer
TRANSFER_BUSY = 3       # BSY until the deadline, then empties or refills the buffer
STATUS_BUSY = 4         # BSY until the deadline, then ends the command
RESET_BUSY = 5          # BSY until the deadline after SRST went low
RESET_HELD = 6          # BSY while SRST is high
PIO_IN = 7              # DRQ: the host reads a block
PIO_OUT = 8             # DRQ: the host writes a block
DMA_IN = 9              # the bus master fetches data
DMA_OUT = 10            # the bus master delivers data

# IdeChannel.finish: what follows when the buffer is exhausted
MORE = 0                # the drive refills or empties it
SILENT = 1              # nothing: reading the last block ends the command (ATA)
REPORT = 2              # status with an interrupt (ATAPI)

BUFFER = 131072         # bytes: 256 sectors, what a command without EXT can move
BUFFER_MASK = BUFFER - 1

# Guest time in ns that a drive is busy.  Short, but never 0: drivers count on BSY before the interrupt.
COMMAND_NS, BLOCK_NS, RESET_NS = 4000, 1000, 100000


class Drive(Struct):
    """The state of a drive: its task file, and what the commands remember."""

    kind: u8
    status: u8
    error: u8
    features: u8
    count: u8
    lba_low: u8
    lba_mid: u8
    lba_high: u8
    hob_features: u8
    hob_count: u8
    hob_low: u8
    hob_mid: u8
    hob_high: u8
    intrq: u8           # the drive wants an interrupt
    command: u8
    # a transfer in progress
    lba: u64            # next sector
    left: u32           # sectors still to come
    dma: u8             # it goes by DMA
    opcode: u8          # of the packet
    limit: u16          # byte count limit of PACKET
    layout: u8          # what of a sector READ CD returns: byte 9 of its packet
    subchannel: u8      # byte 10
    # ATA settings
    heads: u8           # current translation
    sectors: u8
    multiple: u8        # sectors a DRQ block of READ/WRITE MULTIPLE
    transfer_mode: u8   # as SET FEATURES 03 gave it
    write_cache: u8
    read_ahead: u8
    smart: u8
    self_test: u8       # the last one, as it was asked for
    accessible: u64     # sectors, as SET MAX ADDRESS left them
    accessible_kept: u64        # after a hardware reset
    native_read: u8     # READ NATIVE MAX ADDRESS was the command before
    power: u8           # what CHECK POWER MODE says
    asleep: u8
    # ATAPI settings
    awaits_packet: u8
    sense_key: u8
    asc: u8
    ascq: u8
    attention: u8       # unit attention conditions to report: bits of atapi.py
    tray_open: u8
    locked: u8          # PREVENT MEDIUM REMOVAL
    event: u8           # media event for GET EVENT STATUS NOTIFICATION
    speed: u16          # kB/s
    recovery: u8        # mode page 01h
    retries: u8
    volume0: u8         # mode page 0Eh
    volume1: u8
