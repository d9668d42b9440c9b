"""Standard MIDI files of one track, written as the bytes come down a MIDI cable.

MIDI Manufacturers Association, "Standard MIDI Files 1.0".
"""

import struct

from .errors import MediaError, reason

TICKS_A_QUARTER = 960           # at the 120 quarters a minute that a file without a tempo has
TICKS_A_SECOND = 2 * TICKS_A_QUARTER
END_OF_TRACK = b"\x00\xFF\x2F\x00"
MOST_EXCLUSIVE = 1 << 16        # bytes of a system exclusive message
EXCLUSIVE, EXCLUSIVE_END, FIRST_REAL_TIME = 0xF0, 0xF7, 0xF8
# Data bytes of each status, by its upper half, and of those from F0h on
DATA = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}
COMMON_DATA = {0xF1: 1, 0xF2: 2, 0xF3: 1}


def variable(number):
    """A number in groups of seven bits."""
    out = [number & 0x7F]
    while number := number >> 7:
        out.insert(0, number & 0x7F | 0x80)
    return bytes(out)


class MidiFile:
    """Channel and system exclusive messages with the times of their last bytes; clocks and the like have no place in a file.
    Raises MediaError, once."""

    def __init__(self, path):
        self.path = path
        self._broken = False
        self._status = 0
        self._message = bytearray()
        self._exclusive = False
        self._ticks = self._length = 0
        try:
            self._file = open(path, "wb")
            self._file.write(b"MThd" + struct.pack(">IHHH", 6, 0, 1, TICKS_A_QUARTER) + b"MTrk" + bytes(4))
        except OSError as error:
            raise MediaError(path, f"cannot be written: {reason(error)}") from None

    def byte(self, value, ns):
        """The next byte, at a time."""
        if value >= FIRST_REAL_TIME or self._file is None or self._broken:
            return
        if value & 0x80:
            if self._exclusive and value == EXCLUSIVE_END:
                self._event(bytes([EXCLUSIVE]) + variable(len(self._message) + 1) + self._message + b"\xF7", ns)
            self._exclusive = value == EXCLUSIVE
            self._status = value
            self._message.clear()
        elif self._exclusive:
            if len(self._message) < MOST_EXCLUSIVE:
                self._message.append(value)
        else:
            self._message.append(value)
            if len(self._message) >= DATA.get(self._status >> 4, COMMON_DATA.get(self._status, 0)):
                if self._status >> 4 in DATA:
                    self._event(bytes([self._status]) + self._message, ns)
                self._message.clear()

    def _event(self, data, ns):
        ticks = max(ns * TICKS_A_SECOND // 1_000_000_000, self._ticks)
        self._put(variable(ticks - self._ticks) + data)
        self._ticks = ticks

    def _put(self, data):
        try:
            self._file.write(data)
            self._length += len(data)
        except OSError as error:
            self._fail(error)

    def _fail(self, error):
        self._broken = True
        raise MediaError(self.path, f"cannot be written: {reason(error)}") from None

    def flush(self):
        """What there is, is a complete file."""
        if self._file is None or self._broken:
            return
        try:
            self._file.write(END_OF_TRACK)
            if self._file.seekable():
                end = self._file.tell()
                self._file.seek(18)
                self._file.write(struct.pack(">I", self._length + len(END_OF_TRACK)))
                self._file.seek(end - len(END_OF_TRACK))
            self._file.flush()
        except OSError as error:
            self._fail(error)

    def close(self):
        """Finish the file."""
        if self._file is None:
            return
        try:
            self.flush()
        finally:
            file, self._file = self._file, None
            try:
                file.close()
            except OSError:
                pass                    # flush() has said so
