"""SMART of a disk that is well: attributes and thresholds, logs, self-tests.

ATA/ATAPI-6 (T13/1410D), 8.41; the attributes are those that tools look for.
"""
from .ide_state import ABRT, SILENT

SECTOR = 512
KEY = (0x4F, 0xC2)              # LBA mid and high of every SMART command

# Subcommands, in the features register
READ_DATA, READ_THRESHOLDS, AUTOSAVE, SAVE_ATTRIBUTES, EXECUTE_OFFLINE, READ_LOG = range(0xD0, 0xD6)
ENABLE, DISABLE, RETURN_STATUS, AUTOMATIC_OFFLINE = 0xD8, 0xD9, 0xDA, 0xDB

# EXECUTE OFF-LINE IMMEDIATE, in LBA low: off-line routine, short and extended self-test; with 80h they hold the command up
OFFLINE, SHORT, EXTENDED, ABORT_TEST, CAPTIVE = 0, 1, 2, 0x7F, 0x80

LOG_DIRECTORY, ERROR_LOG, SELF_TEST_LOG = 0, 1, 6

# Attribute: number, flags, threshold, raw value.  Their values are all 100.
ATTRIBUTES = (
    (1, 0x000B, 16, 0),         # read errors
    (3, 0x0007, 24, 0),         # spin-up time
    (5, 0x0033, 5, 0),          # reallocated sectors
    (9, 0x0012, 0, 0),          # hours under power
    (12, 0x0032, 0, 1),         # times it was powered on
    (197, 0x0022, 0, 0),        # sectors that wait to be reallocated
    (198, 0x0008, 0, 0),        # sectors that could not be read off-line
    (199, 0x000A, 0, 0),        # CRC errors of the cable
)


def _sealed(data):
    """With the checksum in the last byte."""
    data[SECTOR - 1] = -sum(data) & 0xFF
    return data


def _data():
    data = bytearray(SECTOR)
    data[0] = 0x10                                      # structure revision
    for n, (number, flags, _, raw) in enumerate(ATTRIBUTES):
        at = 2 + 12 * n
        data[at:at + 11] = bytes((number, *flags.to_bytes(2, "little"), 100, 100)) + raw.to_bytes(6, "little")
    data[367] = 0x11                                    # off-line routine at once, self-tests
    data[368] = 0x03                                    # saves by itself
    data[370] = 0x01                                    # logs errors
    data[372] = data[373] = 1                           # minutes of the self-tests
    return _sealed(data)


def _thresholds():
    data = bytearray(SECTOR)
    data[0] = 0x10
    for n, (number, _, threshold, _) in enumerate(ATTRIBUTES):
        data[2 + 12 * n:4 + 12 * n] = bytes((number, threshold))
    return _sealed(data)


def _log(drive, number):
    data = bytearray(SECTOR)
    data[0] = 1                                         # version
    if number == LOG_DIRECTORY:
        data[2 * ERROR_LOG] = data[2 * SELF_TEST_LOG] = 1       # sectors of each
        return data
    if number == SELF_TEST_LOG and drive.self_test:
        data[2] = drive.self_test                       # passed, at hour 0
        data[508] = 1                                   # the latest entry
    return _sealed(data)


class SmartCommands:
    """The SMART command, as a part of AtaDisk."""

    def smart(self, channel, drive):
        """Carry out the subcommand that the features register names."""
        what = drive.features
        if (drive.lba_mid, drive.lba_high) != KEY or what != ENABLE and not drive.smart:
            channel.fail(ABRT)
        elif what in (ENABLE, DISABLE):
            drive.smart = int(what == ENABLE)
            channel.done()
        elif what == READ_DATA:
            self._send_sector(channel, _data())
        elif what == READ_THRESHOLDS:
            self._send_sector(channel, _thresholds())
        elif what == READ_LOG and drive.lba_low in (LOG_DIRECTORY, ERROR_LOG, SELF_TEST_LOG) and drive.count == 1:
            self._send_sector(channel, _log(drive, drive.lba_low))
        elif what == EXECUTE_OFFLINE and drive.lba_low in (OFFLINE, SHORT, EXTENDED, ABORT_TEST, CAPTIVE | SHORT, CAPTIVE | EXTENDED):
            if drive.lba_low & ~CAPTIVE in (SHORT, EXTENDED):
                drive.self_test = drive.lba_low         # over at once
            drive.lba_mid, drive.lba_high = KEY
            channel.done()
        elif what in (AUTOSAVE, SAVE_ATTRIBUTES, AUTOMATIC_OFFLINE, RETURN_STATUS):
            channel.done()                              # the key that is left in the registers says that all is well
        else:
            channel.fail(ABRT)

    def _send_sector(self, channel, data):
        channel.buffer[:SECTOR] = data
        channel.begin(SECTOR, SECTOR, finish=SILENT)
