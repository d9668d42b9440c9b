"""ATAPI CD-ROM drive: the packet interface, sense data and the commands of every SCSI device.

ATA/ATAPI-5 (T13/1321D), 9.8 and 9.9 (PACKET); SFF-8020i rev 2.6; SPC-2.  The CD commands are in mmc.py.
"""
from emu.buffers import first, total

from .ata_identify import identify_packet_device
from .ide_state import ABRT, ATAPI, BUFFER, DRDY, ERR, MORE, REPORT, SILENT
from .mmc import MmcCommands, Sense
from . import mmc

PACKET_BYTES = 12

# ATA commands of a packet device
PACKET, IDENTIFY_PACKET_DEVICE, IDENTIFY_DEVICE, SET_FEATURES = 0xA0, 0xA1, 0xEC, 0xEF
IDLE_IMMEDIATE, STANDBY_IMMEDIATE, CHECK_POWER_MODE, SLEEP, FLUSH_CACHE = 0xE1, 0xE0, 0xE5, 0xE6, 0xE7
# Commands that a packet device refuses by showing its signature (ATA/ATAPI-5, 9.12)
SIGNATURE_COMMANDS = (IDENTIFY_DEVICE, 0x20, 0x21)

# Packets that a pending unit attention does not stop
ATTENTION_EXEMPT = (mmc.INQUIRY, mmc.REQUEST_SENSE, mmc.GET_CONFIGURATION, mmc.GET_EVENT_STATUS_NOTIFICATION)


class AtapiDrive(MmcCommands):
    """A CD/DVD-ROM drive.  ``image`` (or None): ``size`` in bytes, read(offset, n), in sectors of 2,048 bytes.

    ``on_eject`` (plain attribute, called without arguments) tells that the guest opened the tray.
    """

    kind = ATAPI
    signature = (0x14, 0xEB)
    reset_status = 0x00         # DRDY stays off until the first command

    def __init__(self, image=None, model="EMU CD-ROM", serial="EM00101", firmware="1.0"):
        self.image = image
        self.model, self.serial, self.firmware = model, serial, firmware
        self.channel, self.index = None, 0

    def on_eject(self):
        """The guest opened the tray; the machine may put its own callback here."""

    @property
    def state(self):
        """The Drive record of this drive in its channel."""
        return self.channel.drives[self.index]

    def power_on(self, drive):
        """Settings after power-on or a hardware reset: unlocked, and a unit attention tells of the reset."""
        drive.transfer_mode = 0
        drive.attention = mmc.ATTENTION_RESET
        drive.tray_open = drive.event = 0
        drive.speed = mmc.MAX_SPEED
        drive.recovery, drive.retries = 0, mmc.DEFAULT_RETRIES
        drive.volume0 = drive.volume1 = 0xFF
        self.soft_reset(drive)

    def soft_reset(self, drive):
        """SRST or DEVICE RESET."""
        drive.locked = drive.awaits_packet = 0
        drive.left = 0
        drive.sense_key = drive.asc = drive.ascq = 0
        drive.power, drive.asleep = 0xFF, 0

    # -- media -----------------------------------------------------------------------------------------------------

    def medium(self):
        """The image in the closed drive, or None."""
        return None if self.state.tray_open else self.image

    def insert(self, image):
        """Put another disc in (and close the tray); the guest hears of it by UNIT ATTENTION and media event."""
        self.image = image
        drive = self.state
        drive.tray_open = 0
        drive.left = 0
        drive.attention |= mmc.ATTENTION_MEDIUM
        drive.event = mmc.EVENT_NEW_MEDIA

    def eject(self, force=False):
        """Take the disc out.  If the guest locked the tray it is asked to eject instead (False), unless ``force``."""
        drive = self.state
        if drive.locked and not force:
            drive.event = mmc.EVENT_EJECT_REQUEST
            return False
        self.image = None
        drive.left = 0
        drive.locked = drive.tray_open = 0
        drive.event = mmc.EVENT_REMOVAL
        return True

    # -- ATA commands ----------------------------------------------------------------------------------------------

    def execute(self, channel, drive, command):
        """Carry out an ATA command."""
        if command == PACKET:
            drive.dma = drive.features & 1
            drive.limit = drive.lba_mid | drive.lba_high << 8
            if drive.features & 2:          # overlap is not supported
                channel.fail(ABRT)
                return
            drive.awaits_packet = 1
            channel.begin(PACKET_BYTES, PACKET_BYTES, outward=True, quiet=True)
        elif command == IDENTIFY_PACKET_DEVICE:
            channel.buffer[:512] = identify_packet_device(self, drive)
            channel.begin(512, 512, finish=SILENT)
        elif command in SIGNATURE_COMMANDS:
            channel.fail(ABRT)
            drive.count = drive.lba_low = 1
            drive.lba_mid, drive.lba_high = self.signature
        elif command == SET_FEATURES and drive.features == 0x03:
            if drive.count >> 3 in (0, 1, 4, 8):
                drive.transfer_mode = drive.count
                channel.done()
            else:
                channel.fail(ABRT)
        elif command == SET_FEATURES and drive.features in (0x66, 0xCC, 0x5D, 0xDD, 0x95, 0x31):
            channel.done()
        elif command == CHECK_POWER_MODE:
            channel.done()
            drive.count = drive.power
        elif command in (IDLE_IMMEDIATE, STANDBY_IMMEDIATE, SLEEP, FLUSH_CACHE):
            channel.done()
        else:
            channel.fail(ABRT)

    def proceed(self, channel, drive):
        """The packet has come, or the buffer is exhausted."""
        try:
            if drive.awaits_packet:
                drive.awaits_packet = 0
                self._packet(channel, drive, bytes(channel.buffer[:PACKET_BYTES]))
            elif channel.outward:
                self.mode_parameters(drive, bytes(channel.buffer[:channel.filled]))
                channel.done()
            else:
                size = self._fill(channel, drive)
                channel.more(size, MORE if drive.left else REPORT)
        except Sense as sense:
            self._check(channel, drive, sense)

    def read_direct(self, channel, drive, views):
        """Read whole sectors into the bus master's buffers; returns the bytes, 0 if they have to come by the channel's buffer."""
        count = min(total(views) // mmc.SECTOR, drive.left) if self.plain(drive) and self.medium() is not None else 0
        try:
            if count:
                self.medium().read_into(drive.lba * mmc.SECTOR, first(views, count * mmc.SECTOR))
        except OSError:
            return 0
        drive.lba += count
        drive.left -= count
        if count and drive.left == 0:
            channel.done()
        return count * mmc.SECTOR

    def write_direct(self, channel, drive, views):
        """What a CD-ROM drive takes are short lists of parameters."""
        return 0

    def pending(self, channel, drive):
        """Bytes of the transfer beyond those in the buffer."""
        return drive.left * self.sector_bytes(drive)

    def _check(self, channel, drive, sense):
        """CHECK CONDITION."""
        drive.left = 0
        drive.sense_key, drive.asc, drive.ascq = sense.key, sense.asc, sense.ascq
        abort = ABRT if sense.key in (mmc.ILLEGAL_REQUEST, mmc.ABORTED_COMMAND) else 0
        channel.fail(sense.key << 4 | abort, DRDY | ERR)

    # -- packets ---------------------------------------------------------------------------------------------------

    def _packet(self, channel, drive, packet):
        opcode = packet[0]
        drive.opcode = opcode
        drive.left = 0
        if drive.attention and opcode not in ATTENTION_EXEMPT:
            raise self.attention(drive)
        if opcode != mmc.REQUEST_SENSE:
            drive.sense_key = drive.asc = drive.ascq = 0
        handler = self.COMMANDS.get(opcode)
        if handler is None:
            raise Sense(mmc.ILLEGAL_REQUEST, 0x20, 0x00)        # invalid command operation code
        answer = handler(self, drive, packet)
        if isinstance(answer, int) and answer:
            self._receive(channel, drive, answer)
        elif answer:
            self._send(channel, drive, answer)
        elif drive.left and drive.dma:
            channel.begin(0, 0, dma=True)           # read when it is known where it goes
        elif drive.left:
            size = self._fill(channel, drive)
            channel.begin(size, self._block(drive, self.sector_bytes(drive), drive.left + 1),
                          finish=MORE if drive.left else REPORT)
        else:
            channel.done()

    def _block(self, drive, unit, count=1):
        """Bytes a DRQ block, from the byte count limit: whole units (sectors) if one fits, else an even number.

        A limit of FFFF means FFFE (ATA/ATAPI-5, 8.23.3), and so does 0, which drivers leave there for short answers.
        """
        limit = min(drive.limit or 0xFFFE, 0xFFFE)
        if limit >= unit:
            return limit - limit % unit if count > 1 else unit
        return limit & 0xFFFE or 2

    def _send(self, channel, drive, data):
        size = len(data)
        channel.buffer[:size + 1] = data + b"\x00"              # the pad byte of an odd length
        channel.begin(size, self._block(drive, size), dma=bool(drive.dma), finish=REPORT)

    def _receive(self, channel, drive, size):
        channel.begin(size, self._block(drive, size), outward=True, dma=bool(drive.dma))

    def _fill(self, channel, drive):
        """Read the next sectors into the buffer; returns their bytes."""
        unit = self.sector_bytes(drive)
        count = min(drive.left, BUFFER // unit)
        data = self.read_sectors(drive, drive.lba, count)
        channel.buffer[:len(data)] = data
        drive.lba += count
        drive.left -= count
        return len(data)
