"""The SCSI commands of a CD/DVD-ROM drive.

MMC-3 (T10/1363-D) and SPC-2 (T10/1236-D); SFF-8020i rev 2.6 for the old forms.  The disc is one session with one data
track (mode 1).
"""
from . import cd_sector
from .cd_sector import CONTROL_ADR, LEAD_IN_FRAMES, WANT_USER, msf

SECTOR = 2048
MAX_SPEED = 8467                # kB/s: 48 times 176.4
DEFAULT_RETRIES = 5
LARGEST_CD = 100 * 60 * 75      # sectors; a longer image is a DVD

# Operation codes
TEST_UNIT_READY, REQUEST_SENSE, INQUIRY, MODE_SELECT_6, MODE_SENSE_6, START_STOP_UNIT, PREVENT_ALLOW = \
    0x00, 0x03, 0x12, 0x15, 0x1A, 0x1B, 0x1E
READ_CAPACITY, READ_10, SEEK, VERIFY, SYNCHRONIZE_CACHE = 0x25, 0x28, 0x2B, 0x2F, 0x35
READ_SUB_CHANNEL, READ_TOC, READ_HEADER, PLAY_AUDIO_10, GET_CONFIGURATION, PLAY_AUDIO_MSF, PLAY_AUDIO_TRACK = \
    0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48
GET_EVENT_STATUS_NOTIFICATION, PAUSE_RESUME, STOP_PLAY, READ_DISC_INFORMATION, READ_TRACK_INFORMATION = \
    0x4A, 0x4B, 0x4E, 0x51, 0x52
MODE_SELECT_10, MODE_SENSE_10, PLAY_AUDIO_12, READ_12, READ_DVD_STRUCTURE = 0x55, 0x5A, 0xA5, 0xA8, 0xAD
READ_CD_MSF, SCAN, SET_CD_SPEED, MECHANISM_STATUS, READ_CD = 0xB9, 0xBA, 0xBB, 0xBD, 0xBE

# Sense keys
NOT_READY, MEDIUM_ERROR, ILLEGAL_REQUEST, UNIT_ATTENTION, ABORTED_COMMAND = 2, 3, 5, 6, 11

# Profiles
PROFILE_NONE, PROFILE_CD_ROM, PROFILE_DVD_ROM = 0x0000, 0x0008, 0x0010

# Drive.attention: unit attention conditions to report
ATTENTION_RESET, ATTENTION_MEDIUM = 1, 2
# Drive.event, as GET EVENT STATUS NOTIFICATION reports them
EVENT_NONE, EVENT_EJECT_REQUEST, EVENT_NEW_MEDIA, EVENT_REMOVAL = range(4)


class Sense(Exception):
    """A command ends with CHECK CONDITION: sense key, additional sense code and qualifier."""

    def __init__(self, key, asc, ascq=0):
        super().__init__(key, asc, ascq)
        self.key, self.asc, self.ascq = key, asc, ascq


def _be(packet, at, size):
    return int.from_bytes(packet[at:at + size], "big")


def _out_of_range():
    return Sense(ILLEGAL_REQUEST, 0x21, 0x00)


def _bad_field():
    return Sense(ILLEGAL_REQUEST, 0x24, 0x00)


class MmcCommands:
    """The commands, as a part of AtapiDrive.

    A handler returns the data to send, or a number of bytes to receive, or None when there is neither; sectors to be
    read are left in ``drive.lba`` and ``drive.left``.  Sense is raised for CHECK CONDITION.
    """

    # -- medium ----------------------------------------------------------------------------------------------------

    def _loaded(self, drive):
        """The number of sectors of the disc; raises if there is none."""
        image = self.medium()
        if image is None:
            raise Sense(NOT_READY, 0x3A, 0x02 if drive.tray_open else 0x01)
        return -(-image.size // SECTOR)

    def _is_dvd(self, sectors):
        return sectors > LARGEST_CD

    def sector_bytes(self, drive):
        """Bytes that the current read returns for a sector."""
        return cd_sector.wanted_bytes(drive.layout, drive.subchannel) or SECTOR

    def plain(self, drive):
        """Does the current read want nothing but user data?"""
        return drive.layout == WANT_USER and not drive.subchannel

    def read_sectors(self, drive, lba, count):
        """Sectors in the layout of the current read."""
        self._loaded(drive)
        size = count * SECTOR
        try:
            data = self.medium().read(lba * SECTOR, size)
        except OSError:
            raise Sense(MEDIUM_ERROR, 0x11, 0x00) from None     # unrecovered read error
        if len(data) < size:
            data = bytes(data) + bytes(size - len(data))
        if self.plain(drive):
            return data
        raw = []
        for i in range(count):
            user = bytes(data[i * SECTOR:(i + 1) * SECTOR])
            raw.append(cd_sector.compose(lba + i, user, drive.layout, drive.subchannel))
        return b"".join(raw)

    def _start_read(self, drive, lba, count, layout=WANT_USER, subchannel=0):
        if lba + count > self._loaded(drive):
            raise _out_of_range()
        drive.layout, drive.subchannel = layout, subchannel
        drive.lba, drive.left = lba, count

    def _address(self, frame, as_msf):
        """An address field of four bytes: LBA, or 0 and MSF."""
        return bytes((0, *msf(frame + LEAD_IN_FRAMES))) if as_msf else frame.to_bytes(4, "big")

    def attention(self, drive):
        """Take the first pending unit attention condition."""
        if drive.attention & ATTENTION_RESET:
            drive.attention &= ~ATTENTION_RESET
            return Sense(UNIT_ATTENTION, 0x29, 0x00)    # power on or reset occurred
        drive.attention &= ~ATTENTION_MEDIUM
        return Sense(UNIT_ATTENTION, 0x28, 0x00)        # medium may have changed

    # -- every device ----------------------------------------------------------------------------------------------

    def _test_unit_ready(self, drive, packet):
        self._loaded(drive)

    def _request_sense(self, drive, packet):
        if drive.sense_key == 0 and drive.attention:
            sense = self.attention(drive)
            drive.sense_key, drive.asc, drive.ascq = sense.key, sense.asc, sense.ascq
        data = bytearray(18)
        data[0], data[2], data[7], data[12], data[13] = 0x70, drive.sense_key, 10, drive.asc, drive.ascq
        drive.sense_key = drive.asc = drive.ascq = 0
        return bytes(data[:packet[4]])

    def _inquiry(self, drive, packet):
        allocation = _be(packet, 3, 2)
        if packet[1] & 1:                               # vital product data
            pages = {0x00: b"\x00\x80", 0x80: self.serial.encode("ascii", "replace")}
            if packet[2] not in pages:
                raise _bad_field()
            page = pages[packet[2]]
            return (bytes((0x05, packet[2], 0, len(page))) + page)[:allocation]
        if packet[2]:
            raise _bad_field()
        # CD-ROM, removable, ATAPI version 2, response format 1
        texts = ((self.model.split(" ", 1)[0], 8), (self.model.split(" ", 1)[-1], 16), (self.firmware, 4))
        data = bytes((0x05, 0x80, 0x00, 0x21, 31, 0, 0, 0))
        return (data + b"".join(t.encode("ascii", "replace")[:n].ljust(n) for t, n in texts))[:allocation]

    def _start_stop_unit(self, drive, packet):
        if packet[4] & 2:                               # LoEj
            if packet[4] & 1:
                if drive.tray_open:
                    drive.tray_open = 0
                    if self.image is not None:
                        drive.attention |= ATTENTION_MEDIUM
                        drive.event = EVENT_NEW_MEDIA
            elif drive.locked:
                raise Sense(ILLEGAL_REQUEST if self.image else NOT_READY, 0x53, 0x02)      # removal prevented
            elif not drive.tray_open:
                drive.tray_open = 1
                drive.event = EVENT_REMOVAL
                self.on_eject()

    def _prevent_allow(self, drive, packet):
        drive.locked = packet[4] & 1

    # -- mode pages ------------------------------------------------------------------------------------------------

    def _mode_pages(self, drive, control):
        """Mode pages by number, with current (control 0), changeable (1) or default (2) values."""
        if control == 0:
            recovery, retries, volume0, volume1 = drive.recovery, drive.retries, drive.volume0, drive.volume1
        else:
            recovery, retries, volume0, volume1 = (0xFF,) * 4 if control == 1 else (0, DEFAULT_RETRIES, 0xFF, 0xFF)
        pages = {
            # read error recovery
            0x01: bytes((0x01, 6, recovery, retries, 0, 0, 0, 0)),
            # CD device parameters: inactivity timer, 60 seconds a minute, 75 frames a second
            0x0D: bytes((0x0D, 6, 0, 0, 0, 60, 0, 75)),
            # CD audio control: immediate; output 0 and 1 take channel 0 and 1
            0x0E: bytes((0x0E, 14, 4, 0, 0, 0, 0, 75, 1, volume0, 2, volume1, 0, 0, 0, 0)),
            # power condition
            0x1A: bytes((0x1A, 10)) + bytes(10),
            # capabilities: reads CD-R/RW, method 2, DVD-ROM; audio play, mode 2, multisession; UPC and ISRC;
            # lock, eject, tray; volume and mute by channel.  Linux wants audio play (test_mode_sense_capabilities).
            0x2A: bytes((0x2A, 18, 0x0F, 0, 0x71, 0x60, 0x29 | drive.locked << 1, 0x03)) + MAX_SPEED.to_bytes(2, "big")
            + bytes((1, 0, 2, 0)) + drive.speed.to_bytes(2, "big") + bytes(4),
        }
        if control == 1:        # what no MODE SELECT changes reads 0 in the mask
            pages[0x0E] = bytes((0x0E, 14)) + bytes(7) + bytes((volume0, 0, volume1)) + bytes(4)
            pages[0x0D] = bytes((0x0D, 6)) + bytes(6)
            pages[0x2A] = bytes((0x2A, 18)) + bytes(18)
        return pages

    def _mode_data(self, drive, packet):
        control, number = packet[2] >> 6, packet[2] & 0x3F
        if control == 3:
            raise Sense(ILLEGAL_REQUEST, 0x39, 0x00)    # saving parameters not supported
        pages = self._mode_pages(drive, control)
        if number != 0x3F and number not in pages:
            raise _bad_field()
        return b"".join(pages.values()) if number == 0x3F else pages[number]

    def _medium_type(self, drive):
        if drive.tray_open:
            return 0x71
        return 0x70 if self.image is None else 0x01

    def _mode_sense_6(self, drive, packet):
        data = self._mode_data(drive, packet)
        return (bytes((3 + len(data), self._medium_type(drive), 0, 0)) + data)[:packet[4]]

    def _mode_sense_10(self, drive, packet):
        data = self._mode_data(drive, packet)
        header = (6 + len(data)).to_bytes(2, "big") + bytes((self._medium_type(drive), 0, 0, 0, 0, 0))
        return (header + data)[:_be(packet, 7, 2)]

    def _mode_select_6(self, drive, packet):
        return packet[4]

    def _mode_select_10(self, drive, packet):
        return _be(packet, 7, 2)

    def mode_parameters(self, drive, data):
        """The parameter list of MODE SELECT: header, block descriptors, pages."""
        if drive.opcode == MODE_SELECT_6:
            at = 4 + (data[3] if len(data) > 3 else 0)
        else:
            at = 8 + (_be(data, 6, 2) if len(data) > 7 else 0)
        known = self._mode_pages(drive, 0)
        while at + 2 <= len(data):
            number, size = data[at] & 0x3F, data[at + 1] + 2
            if number not in known:
                raise Sense(ILLEGAL_REQUEST, 0x26, 0x00)    # invalid field in parameter list
            if at + size > len(data) or size != len(known[number]):
                raise Sense(ILLEGAL_REQUEST, 0x1A, 0x00)    # parameter list length error
            if number == 0x01:
                drive.recovery, drive.retries = data[at + 2], data[at + 3]
            elif number == 0x0E:
                drive.volume0, drive.volume1 = data[at + 9], data[at + 11]
            at += size

    # -- reading -----------------------------------------------------------------------------------------------------

    def _read_capacity(self, drive, packet):
        return (self._loaded(drive) - 1).to_bytes(4, "big") + SECTOR.to_bytes(4, "big")

    def _read_10(self, drive, packet):
        self._start_read(drive, _be(packet, 2, 4), _be(packet, 7, 2))

    def _read_12(self, drive, packet):
        self._start_read(drive, _be(packet, 2, 4), _be(packet, 6, 4))

    def _read_raw(self, drive, packet, lba, count):
        """READ CD: any kind of sector or mode 1 may be asked for; P-W subchannels are not there."""
        self._loaded(drive)
        if packet[1] >> 2 & 7 not in (0, 2):
            raise Sense(ILLEGAL_REQUEST, 0x64, 0x00)    # illegal mode for this track
        subchannel = packet[10] & 7
        if subchannel not in (cd_sector.NO_SUBCHANNEL, cd_sector.Q_SUBCHANNEL) or packet[9] & 6 == 6:
            raise _bad_field()
        layout = packet[9] & 0xFE
        if cd_sector.wanted_bytes(layout, subchannel) == 0:
            count = 0                                   # nothing is wanted: only a seek
        self._start_read(drive, lba, count, layout, subchannel)

    def _read_cd(self, drive, packet):
        self._read_raw(drive, packet, _be(packet, 2, 4), _be(packet, 6, 3))

    def _read_cd_msf(self, drive, packet):
        first, last = ((packet[i] * 60 + packet[i + 1]) * 75 + packet[i + 2] - LEAD_IN_FRAMES for i in (3, 6))
        if first < 0 or last < first:
            raise _bad_field()
        self._read_raw(drive, packet, first, last - first)

    def _seek(self, drive, packet):
        if _be(packet, 2, 4) >= self._loaded(drive):
            raise _out_of_range()

    def _verify(self, drive, packet):
        lba, count = _be(packet, 2, 4), _be(packet, 7, 2)
        if lba + count > self._loaded(drive):
            raise _out_of_range()
        drive.layout, drive.subchannel = WANT_USER, 0
        for first in range(lba, lba + count, 64):
            self.read_sectors(drive, first, min(64, lba + count - first))

    def _nothing(self, drive, packet):
        """Commands that need no action."""

    def _read_header(self, drive, packet):
        lba = _be(packet, 2, 4)
        if lba >= self._loaded(drive):
            raise _out_of_range()
        return (b"\x01\0\0\0" + self._address(lba, packet[1] & 2))[:_be(packet, 7, 2)]

    # -- the disc ----------------------------------------------------------------------------------------------------

    def _read_toc(self, drive, packet):
        sectors = self._loaded(drive)
        as_msf, first = packet[1] & 2, packet[6]
        form = packet[2] & 15 or packet[9] >> 6         # SFF-8020i has the format in the control byte
        if form == 0:
            if first > 1 and first != 0xAA:
                raise _bad_field()
            data = b"" if first == 0xAA else bytes((0, CONTROL_ADR, 1, 0)) + self._address(0, as_msf)
            data += bytes((0, CONTROL_ADR, 0xAA, 0)) + self._address(sectors, as_msf)
        elif form == 1:
            data = bytes((0, CONTROL_ADR, 1, 0)) + self._address(0, as_msf)
        elif form == 2:
            end = bytes(msf(sectors + LEAD_IN_FRAMES))
            data = b"".join(bytes((1, CONTROL_ADR, 0, point, 0, 0, 0, 0)) + position for point, position in (
                (0xA0, b"\x01\0\0"), (0xA1, b"\x01\0\0"), (0xA2, end), (0x01, bytes(msf(LEAD_IN_FRAMES)))))
        else:
            raise _bad_field()
        return ((2 + len(data)).to_bytes(2, "big") + b"\x01\x01" + data)[:_be(packet, 7, 2)]

    def _read_sub_channel(self, drive, packet):
        self._loaded(drive)
        as_msf, form = packet[1] & 2, packet[3]
        data = b""
        if packet[2] & 0x40:                            # SubQ
            if form == 1:
                data = bytes((1, CONTROL_ADR, 1, 1)) + self._address(0, as_msf) * 2
            elif form in (2, 3):                        # catalogue number, ISRC: none
                data = bytes((form, CONTROL_ADR if form == 3 else 0, form == 3, 0)) + bytes(16)
            else:
                raise _bad_field()
        return (bytes((0, 0x15)) + len(data).to_bytes(2, "big") + data)[:_be(packet, 7, 2)]     # 15h: no audio status

    def _read_disc_information(self, drive, packet):
        self._loaded(drive)
        data = bytearray(34)
        data[1:7] = bytes((32, 0x0E, 1, 1, 1, 1))       # complete; one session, one track
        data[7] = 0x20                                  # unrestricted use
        data[16:24] = b"\xFF" * 8                       # no lead-in or lead-out to be written
        return bytes(data[:_be(packet, 7, 2)])

    def _read_track_information(self, drive, packet):
        sectors = self._loaded(drive)
        kind, number = packet[1] & 3, _be(packet, 2, 4)
        known = (number < sectors, number in (1, 0xFF), number == 1, False)     # by LBA, track, session
        if not known[kind]:
            raise _bad_field()
        data = bytearray(36)
        data[1], data[2], data[3], data[5], data[6] = 34, 1, 1, 0x04, 0x01      # data track, mode 1
        data[24:28] = sectors.to_bytes(4, "big")
        return bytes(data[:_be(packet, 7, 2)])

    def _get_configuration(self, drive, packet):
        """Features of an MMC-3 drive; the profile follows the disc."""
        image = self.medium()
        dvd = image is not None and self._is_dvd(-(-image.size // SECTOR))
        profile = PROFILE_NONE if image is None else PROFILE_DVD_ROM if dvd else PROFILE_CD_ROM
        features = (            # code, version << 2 | persistent << 1 | current, data
            (0x0000, 0x03, PROFILE_DVD_ROM.to_bytes(2, "big") + bytes((dvd, 0)) + PROFILE_CD_ROM.to_bytes(2, "big")
             + bytes((profile == PROFILE_CD_ROM, 0))),
            (0x0001, 0x0B, b"\0\0\0\x02\x01\0\0\0"),                             # core: ATAPI
            (0x0002, 0x07, b"\x02\0\0\0"),                                         # morphing: operational changes
            (0x0003, 0x03, b"\x29\0\0\0"),                                         # removable: tray, eject, lock
            (0x0010, image is not None, SECTOR.to_bytes(4, "big") + b"\0\x01\0\0"),   # random readable
            (0x001D, image is not None, b""),                                       # multi-read
            (0x001E, profile == PROFILE_CD_ROM, b"\0\0\0\0"),                       # CD read
            (0x001F, dvd, b"\0\0\0\0"),                                            # DVD read
            (0x0100, 0x03, b""),                                                    # power management
            (0x0105, 0x03, b"\0\0\0\0"),                                           # timeout
        )
        which, start = packet[1] & 3, _be(packet, 2, 2)
        if which == 3:
            raise _bad_field()
        data = b"".join(code.to_bytes(2, "big") + bytes((flags, len(more))) + more for code, flags, more in features
                        if (code == start if which == 2 else code >= start and (which == 0 or flags & 1)))
        return ((4 + len(data)).to_bytes(4, "big") + b"\0\0" + profile.to_bytes(2, "big") + data)[:_be(packet, 7, 2)]

    def _get_event_status(self, drive, packet):
        if not packet[1] & 1:                           # only polled
            raise _bad_field()
        if packet[4] & 0x10:                            # media class
            data = bytes((0, 6, 4, 0x10, drive.event, bool(self.medium()) << 1 | drive.tray_open, 0, 0))
            data = data[:_be(packet, 7, 2)]
            if len(data) > 4:
                drive.event = EVENT_NONE                # an event is told once
            return data
        return bytes((0, 2, 0x80, 0x10))[:_be(packet, 7, 2)]        # no such class

    def _mechanism_status(self, drive, packet):
        return bytes((0, drive.tray_open << 4, 0, 0, 0, 0, 0, 0))[:_be(packet, 8, 2)]

    def _read_dvd_structure(self, drive, packet):
        sectors = self._loaded(drive)
        if not self._is_dvd(sectors):
            raise Sense(ILLEGAL_REQUEST, 0x30, 0x02)    # cannot read medium: incompatible format
        if packet[6]:
            raise _bad_field()                          # a single layer
        form = packet[7]
        if form == 0x00:                                # physical format: DVD-ROM, 120 mm, one layer from 30000h on
            first = 0x30000
            data = bytes((0x01, 0x02, 0x01, 0x00)) + first.to_bytes(4, "big") + (first + sectors - 1).to_bytes(4, "big")
            data += bytes(2048 - len(data))
        elif form == 0x01:                              # copyright: no protection
            data = bytes(4)
        elif form == 0x04:                              # manufacturer
            data = bytes(2048)
        elif form == 0xFF:                              # what can be read
            sizes = ((0, 2052), (1, 8), (4, 2052))
            data = b"".join(bytes((code, 0x40)) + size.to_bytes(2, "big") for code, size in sizes)
        else:
            raise _bad_field()
        return ((2 + len(data)).to_bytes(2, "big") + b"\0\0" + data)[:_be(packet, 8, 2)]

    def _set_cd_speed(self, drive, packet):
        drive.speed = max(176, min(_be(packet, 2, 2), MAX_SPEED))

    # -- audio -------------------------------------------------------------------------------------------------------

    def _play(self, drive, packet):
        """The only track holds data, which does not play; a play of no length does nothing."""
        self._loaded(drive)
        if packet[0] == PLAY_AUDIO_MSF and packet[3:6] == packet[6:9]:
            return
        if packet[0] == PLAY_AUDIO_10 and not any(packet[7:9]) or packet[0] == PLAY_AUDIO_12 and not any(packet[6:10]):
            return
        raise Sense(ILLEGAL_REQUEST, 0x64, 0x00)

    def _pause_resume(self, drive, packet):
        self._loaded(drive)
        raise Sense(ILLEGAL_REQUEST, 0x2C, 0x00)        # command sequence error: nothing plays

    COMMANDS = {
        TEST_UNIT_READY: _test_unit_ready, REQUEST_SENSE: _request_sense, INQUIRY: _inquiry,
        MODE_SELECT_6: _mode_select_6, MODE_SENSE_6: _mode_sense_6, MODE_SELECT_10: _mode_select_10,
        MODE_SENSE_10: _mode_sense_10, START_STOP_UNIT: _start_stop_unit, PREVENT_ALLOW: _prevent_allow,
        READ_CAPACITY: _read_capacity, READ_10: _read_10, READ_12: _read_12, READ_CD: _read_cd,
        READ_CD_MSF: _read_cd_msf, SEEK: _seek, VERIFY: _verify, SYNCHRONIZE_CACHE: _nothing,
        READ_SUB_CHANNEL: _read_sub_channel, READ_TOC: _read_toc, READ_HEADER: _read_header,
        GET_CONFIGURATION: _get_configuration, GET_EVENT_STATUS_NOTIFICATION: _get_event_status,
        READ_DISC_INFORMATION: _read_disc_information, READ_TRACK_INFORMATION: _read_track_information,
        READ_DVD_STRUCTURE: _read_dvd_structure, MECHANISM_STATUS: _mechanism_status, SET_CD_SPEED: _set_cd_speed,
        PLAY_AUDIO_10: _play, PLAY_AUDIO_12: _play, PLAY_AUDIO_MSF: _play, PLAY_AUDIO_TRACK: _play, SCAN: _play,
        PAUSE_RESUME: _pause_resume, STOP_PLAY: _nothing,
    }
