"""ATA disk: the commands of a hard disk.

ATA/ATAPI-5 (T13/1321D), chapter 8; the 48-bit and flush commands ATA/ATAPI-6 (T13/1410D).
"""
from emu.buffers import first, total

from .ata_identify import BLOCK_LIMIT, identify_disk
from .ata_max_address import READ_NATIVE_MAX, READ_NATIVE_MAX_EXT, SET_MAX, SET_MAX_EXT, MaxAddressCommands
from .ata_smart import SmartCommands
from .ide_state import ABRT, ATA, BUFFER, DF, DRDY, DSC, ERR, IDNF, LBA, MORE, SILENT, UNC, WP

SECTOR = 512

# Commands (ATA/ATAPI-6, table 25)
NOP, CFA_REQUEST_EXTENDED_ERROR = 0x00, 0x03
RECALIBRATE, SEEK = 0x10, 0x70                          # and the 15 after each
READ_SECTORS, READ_SECTORS_EXT, READ_DMA_EXT, READ_MULTIPLE_EXT = 0x20, 0x24, 0x25, 0x29
WRITE_SECTORS, WRITE_SECTORS_EXT, WRITE_DMA_EXT, WRITE_MULTIPLE_EXT, WRITE_VERIFY = 0x30, 0x34, 0x35, 0x39, 0x3C
READ_VERIFY, READ_VERIFY_EXT = 0x40, 0x42
INITIALIZE_DEVICE_PARAMETERS, SMART = 0x91, 0xB0
READ_MULTIPLE, WRITE_MULTIPLE, SET_MULTIPLE_MODE, READ_DMA, WRITE_DMA = 0xC4, 0xC5, 0xC6, 0xC8, 0xCA
STANDBY_IMMEDIATE, IDLE_IMMEDIATE, STANDBY, IDLE, CHECK_POWER_MODE, SLEEP = 0xE0, 0xE1, 0xE2, 0xE3, 0xE5, 0xE6
FLUSH_CACHE, FLUSH_CACHE_EXT, IDENTIFY_DEVICE, SET_FEATURES = 0xE7, 0xEA, 0xEC, 0xEF

# Power modes as CHECK POWER MODE tells them
POWER_ACTIVE, POWER_STANDBY = 0xFF, 0x00

# Data commands: command → (outward, dma, multiple, 48 bit)
DATA = {
    READ_SECTORS: (0, 0, 0, 0), READ_SECTORS + 1: (0, 0, 0, 0), READ_SECTORS_EXT: (0, 0, 0, 1),
    READ_MULTIPLE: (0, 0, 1, 0), READ_MULTIPLE_EXT: (0, 0, 1, 1),
    READ_DMA: (0, 1, 0, 0), READ_DMA + 1: (0, 1, 0, 0), READ_DMA_EXT: (0, 1, 0, 1),
    WRITE_SECTORS: (1, 0, 0, 0), WRITE_SECTORS + 1: (1, 0, 0, 0), WRITE_SECTORS_EXT: (1, 0, 0, 1),
    WRITE_MULTIPLE: (1, 0, 1, 0), WRITE_MULTIPLE_EXT: (1, 0, 1, 1), WRITE_VERIFY: (1, 0, 0, 0),
    WRITE_DMA: (1, 1, 0, 0), WRITE_DMA + 1: (1, 1, 0, 0), WRITE_DMA_EXT: (1, 1, 0, 1),
}


class AtaDisk(SmartCommands, MaxAddressCommands):
    """A hard disk over a backend: ``size`` in bytes, ``read_only``, read(offset, n), read_into(offset, buffers),
    write(offset, data), flush().

    The geometry is the translation that IDENTIFY DEVICE announces; by default 16 heads of 63 sectors.
    """

    kind = ATA
    signature = (0x00, 0x00)
    reset_status = DRDY | DSC

    def __init__(self, backend, model="EMU HARDDISK", serial="EM00001", firmware="1.0", heads=16, sectors=63):
        self.backend = backend
        self.model, self.serial, self.firmware = model, serial, firmware
        self.heads, self.sectors = heads, sectors
        self.total = backend.size // SECTOR
        self.cylinders = max(1, min(self.total // (heads * sectors), 16383))

    def power_on(self, drive):
        """Settings after power-on or a hardware reset."""
        drive.heads, drive.sectors = self.heads, self.sectors
        drive.multiple = BLOCK_LIMIT
        drive.transfer_mode = 0
        drive.write_cache = drive.read_ahead = drive.smart = 1
        drive.left = 0
        self.power_on_max_address(drive)
        self.soft_reset(drive)

    def soft_reset(self, drive):
        """SRST: settings stay, the drive wakes."""
        drive.power, drive.asleep = POWER_ACTIVE, 0

    # -- addresses -------------------------------------------------------------------------------------------------

    def _address(self, channel, drive, extended):
        """(first sector, number of sectors) of the task file; the sector is None if there is no such place."""
        if extended:
            lba = drive.lba_low | drive.lba_mid << 8 | drive.lba_high << 16 \
                | drive.hob_low << 24 | drive.hob_mid << 32 | drive.hob_high << 40
            count = drive.count | drive.hob_count << 8 or 65536
            return (lba if channel.device & LBA else None), count
        return self._short_address(channel, drive), drive.count or 256

    def _short_address(self, channel, drive):
        if channel.device & LBA:
            return drive.lba_low | drive.lba_mid << 8 | drive.lba_high << 16 | (channel.device & 15) << 24
        head, sector, cylinder = channel.device & 15, drive.lba_low, drive.lba_mid | drive.lba_high << 8
        if not 1 <= sector <= drive.sectors or head >= drive.heads:
            return None
        return (cylinder * drive.heads + head) * drive.sectors + sector - 1

    def _place(self, channel, drive, lba, extended):
        """Leave a sector's address in the task file, in the form in which the command gave one."""
        if extended:
            drive.hob_low, drive.hob_mid, drive.hob_high = lba >> 24 & 0xFF, lba >> 32 & 0xFF, lba >> 40 & 0xFF
        elif channel.device & LBA:
            channel.device = (channel.device & 0xF0) | (lba >> 24 & 15)
        else:
            track, sector = divmod(lba, drive.sectors)
            cylinder, head = divmod(track, drive.heads)
            channel.device = (channel.device & 0xF0) | head
            lba = sector + 1 | (cylinder & 0xFFFF) << 8
        drive.lba_low, drive.lba_mid, drive.lba_high = lba & 0xFF, lba >> 8 & 0xFF, lba >> 16 & 0xFF

    def _readable(self, offset, size):
        try:
            data = self.backend.read(offset, size)
        except OSError:
            return None
        return data if len(data) == size else bytes(data) + bytes(size - len(data))

    # -- data transfer ---------------------------------------------------------------------------------------------

    def _start(self, channel, drive, command):
        outward, dma, multiple, extended = DATA[command]
        lba, count = self._address(channel, drive, extended)
        if multiple and drive.multiple == 0:
            channel.fail(ABRT)
        elif outward and self.backend.read_only:
            channel.fail(ABRT | WP)
        elif lba is None or lba + count > drive.accessible:
            channel.fail(IDNF)
        else:
            drive.lba, drive.left, drive.dma = lba, count, dma
            block = SECTOR * (drive.multiple if multiple else 1)
            if outward:
                channel.begin(min(count * SECTOR, BUFFER), block, outward=True, dma=bool(dma), quiet=True)
            elif dma:
                channel.begin(0, block, dma=True)       # read when it is known where it goes
            else:
                size = self._fill(channel, drive)
                if size:
                    channel.begin(size, block, finish=MORE if drive.left else SILENT)

    def _fill(self, channel, drive):
        """Read the next sectors into the buffer; returns their bytes, 0 if the command failed."""
        count = min(drive.left, BUFFER // SECTOR)
        data = self._readable(drive.lba * SECTOR, count * SECTOR)
        if data is None and count > 1:
            count = 1           # find the bad sector: all before it are delivered
            data = self._readable(drive.lba * SECTOR, SECTOR)
        extended = DATA[drive.command][3]
        if data is None:
            self._place(channel, drive, drive.lba, extended)
            channel.fail(UNC)
            return 0
        channel.buffer[:len(data)] = data
        self._advance(channel, drive, count)
        return len(data)

    def _advance(self, channel, drive, count):
        """That many more sectors are through; after the last the task file says where it is."""
        drive.lba += count
        drive.left -= count
        if drive.left == 0:
            self._place(channel, drive, drive.lba - 1, DATA[drive.command][3])
            drive.count = drive.hob_count = 0

    def _drain(self, channel, drive, data):
        """Write whole sectors to the disk; False if the command failed."""
        count = len(data) // SECTOR
        try:
            self.backend.write(drive.lba * SECTOR, data)
            if not drive.write_cache and drive.left == count:
                self.backend.flush()
        except OSError:
            self._place(channel, drive, drive.lba, DATA[drive.command][3])
            channel.fail(ABRT, DRDY | DF | DSC | ERR)
            return False
        self._advance(channel, drive, count)
        return True

    def read_direct(self, channel, drive, views):
        """Read whole sectors into the bus master's buffers; returns the bytes, 0 if they have to come by the channel's buffer."""
        count = min(total(views) // SECTOR, drive.left)
        try:
            if count:
                self.backend.read_into(drive.lba * SECTOR, first(views, count * SECTOR))
        except OSError:
            return 0                            # sector by sector up to the bad one
        self._advance(channel, drive, count)
        if drive.left == 0:
            channel.done()
        return count * SECTOR

    def write_direct(self, channel, drive, views):
        """Write whole sectors from the bus master's buffers; returns the bytes, 0 if they have to come by the channel's buffer."""
        size = min(total(views) // SECTOR, drive.left) * SECTOR
        if not size or not self._drain(channel, drive, views[0][:size] if len(views[0]) >= size else b"".join(first(views, size))):
            return 0
        self._written(channel, drive)
        return size

    def proceed(self, channel, drive):
        """The channel's buffer is full (writing) or empty (reading)."""
        if channel.outward:
            if self._drain(channel, drive, bytes(channel.buffer[:channel.filled])):
                self._written(channel, drive)
        else:
            size = self._fill(channel, drive)
            if size:
                channel.more(size, MORE if drive.left else SILENT)

    def _written(self, channel, drive):
        if drive.left:
            channel.more(min(drive.left * SECTOR, BUFFER))
        else:
            channel.done()

    def pending(self, channel, drive):
        """Bytes of the command beyond those in the buffer."""
        return drive.left * SECTOR - (channel.filled if channel.outward else 0)

    # -- commands --------------------------------------------------------------------------------------------------

    def execute(self, channel, drive, command):
        """Carry out a command; the channel's registers hold its parameters."""
        if command not in (SET_MAX, SET_MAX_EXT):
            drive.native_read = 0
        if drive.asleep:
            channel.fail(ABRT)          # only a reset wakes a sleeping drive
        elif command in DATA:
            drive.power = POWER_ACTIVE
            self._start(channel, drive, command)
        elif command & 0xF0 == RECALIBRATE:
            drive.lba_mid = drive.lba_high = 0
            channel.done()
        elif command & 0xF0 == SEEK:
            self._verify(channel, drive, False, seek=True)
        else:
            handler = self.COMMANDS.get(command)
            if handler is None:
                channel.fail(ABRT)
            else:
                handler(self, channel, drive)

    def _done(self, channel, drive):
        channel.done()

    def _verify(self, channel, drive, extended, seek=False):
        lba, count = self._address(channel, drive, extended)
        count = 1 if seek else count
        if lba is None or lba + count > drive.accessible:
            channel.fail(IDNF)
            return
        if not seek:
            for first in range(lba, lba + count, 256):
                if self._readable(first * SECTOR, min(256, lba + count - first) * SECTOR) is None:
                    while first < lba + count - 1 and self._readable(first * SECTOR, SECTOR) is not None:
                        first += 1
                    self._place(channel, drive, first, extended)
                    channel.fail(UNC)
                    return
            self._place(channel, drive, lba + count - 1, extended)
            drive.count = 0
        channel.done()

    def _verify28(self, channel, drive):
        self._verify(channel, drive, False)

    def _verify48(self, channel, drive):
        self._verify(channel, drive, True)

    def _identify(self, channel, drive):
        channel.buffer[:SECTOR] = identify_disk(self, drive, channel.active)
        channel.begin(SECTOR, SECTOR, finish=SILENT)

    def _set_multiple(self, channel, drive):
        count = drive.count
        if count > BLOCK_LIMIT or count & (count - 1):
            drive.multiple = 0
            channel.fail(ABRT)
        else:
            drive.multiple = count
            channel.done()

    def _initialize_parameters(self, channel, drive):
        """The new translation: sectors in the count register, the last head in the device register.

        One head is a valid translation (Linux 2.6 asks for it; test_initialize_device_parameters).
        """
        if drive.count == 0:
            channel.fail(ABRT)
        else:
            drive.heads, drive.sectors = (channel.device & 15) + 1, drive.count
            channel.done()

    def _flush(self, channel, drive):
        try:
            self.backend.flush()
        except OSError:
            channel.fail(ABRT, DRDY | DF | DSC | ERR)
        else:
            channel.done()

    def _set_features(self, channel, drive):
        feature, count = drive.features, drive.count
        if feature == 0x02:
            drive.write_cache = 1
        elif feature == 0x82:
            drive.write_cache = 0
            self._flush(channel, drive)
            return
        elif feature == 0x03:           # transfer mode: PIO default, PIO 0-4, multiword DMA 0-2, Ultra DMA 0-5
            if count >> 3 == 0 and count < 2 or count >> 3 == 1 and count & 7 < 5 \
                    or count >> 3 == 4 and count & 7 < 3 or count >> 3 == 8 and count & 7 < 6:
                drive.transfer_mode = count
            else:
                channel.fail(ABRT)
                return
        elif feature == 0xAA:
            drive.read_ahead = 1
        elif feature == 0x55:
            drive.read_ahead = 0
        elif feature not in (0x66, 0xCC, 0x05, 0x85, 0x42, 0xC2, 0x5D, 0xDD, 0x95, 0x31, 0x33, 0x69, 0x96, 0x9A):
            channel.fail(ABRT)          # the others set nothing that this drive has
            return
        channel.done()

    def _read_native_max(self, channel, drive):
        self.read_native_max(channel, drive, False)

    def _read_native_max_ext(self, channel, drive):
        self.read_native_max(channel, drive, True)

    def _set_max(self, channel, drive):
        self.set_max(channel, drive, False)

    def _set_max_ext(self, channel, drive):
        self.set_max(channel, drive, True)

    def _standby(self, channel, drive):
        drive.power = POWER_STANDBY
        self._flush(channel, drive)

    def _idle(self, channel, drive):
        drive.power = POWER_ACTIVE
        channel.done()

    def _check_power(self, channel, drive):
        drive.count = drive.power
        channel.done()

    def _sleep(self, channel, drive):
        drive.asleep = 1
        self._standby(channel, drive)

    COMMANDS = {
        READ_VERIFY: _verify28, READ_VERIFY + 1: _verify28, READ_VERIFY_EXT: _verify48,
        INITIALIZE_DEVICE_PARAMETERS: _initialize_parameters, SMART: SmartCommands.smart, SET_MULTIPLE_MODE: _set_multiple,
        STANDBY_IMMEDIATE: _standby, STANDBY: _standby, 0x94: _standby, 0x96: _standby,
        IDLE_IMMEDIATE: _idle, IDLE: _idle, 0x95: _idle, 0x97: _idle,
        CHECK_POWER_MODE: _check_power, 0x98: _check_power, SLEEP: _sleep, 0x99: _sleep,
        FLUSH_CACHE: _flush, FLUSH_CACHE_EXT: _flush, IDENTIFY_DEVICE: _identify, SET_FEATURES: _set_features,
        READ_NATIVE_MAX: _read_native_max, READ_NATIVE_MAX_EXT: _read_native_max_ext, SET_MAX: _set_max, SET_MAX_EXT: _set_max_ext,
    }
