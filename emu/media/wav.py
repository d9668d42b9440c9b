"""WAV files: RIFF with 16-bit PCM (Microsoft/IBM "Multimedia Programming Interface and Data Specifications 1.0")."""

import os
import struct

from .errors import MediaError, reason

CHANNELS, SAMPLE_BYTES = 2, 2
HEADER = 44
MOST_DATA = 0xFFFFFFFF - HEADER & ~3   # what the sizes in the header can say
PATCH_EVERY = 1 << 19                   # bytes of sound after which the sizes are brought up to date


class WavWriter:
    """Stereo sound of 16 bits to a file.  The header is right from time to time and at the end; where the file cannot be
    sought in (a pipe) its sizes stay at their largest.  Raises MediaError, once: then it stays as it is."""

    def __init__(self, path, rate):
        self.path, self.rate = path, rate
        self.data = self.patched = 0
        self.broken = False
        try:
            self.file = open(path, "wb", buffering=1 << 16)
            self.seekable = self.file.seekable()
            self.file.write(self._header(0 if self.seekable else MOST_DATA))
            self.file.flush()
        except OSError as error:
            raise MediaError(path, f"cannot be written: {reason(error)}") from None

    def _header(self, data):
        frame = CHANNELS * SAMPLE_BYTES
        return struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", data + HEADER - 8, b"WAVE", b"fmt ", 16, 1, CHANNELS, self.rate,
                           self.rate * frame, frame, SAMPLE_BYTES * 8, b"data", data)

    def write(self, pcm):
        """More sound."""
        self._put(len(pcm), lambda n: self.file.write(pcm[:n]))

    def silence(self, size):
        """So many bytes of silence; a hole in the file where there can be one."""
        self._put(size, self._skip)

    def _skip(self, size):
        if self.seekable:
            self.file.seek(size, os.SEEK_CUR)
        else:
            while size:
                size -= self.file.write(bytes(min(size, 1 << 16)))

    def _put(self, size, put):
        size = min(size, MOST_DATA - self.data)
        if size <= 0 or self.file is None or self.broken:
            return
        try:
            put(size)
            self.data += size
            if self.data - self.patched >= PATCH_EVERY:
                self.flush()
        except OSError as error:
            self._fail(error)

    def _fail(self, error):
        self.broken = True
        raise MediaError(self.path, f"cannot be written: {reason(error)}") from None

    def flush(self):
        """All that was written is in the file, and its header says so."""
        if self.broken or self.file is None:
            return
        try:
            self.file.flush()
            if self.seekable and self.data != self.patched:
                if self.file.seek(0, os.SEEK_END) < HEADER + self.data:
                    self.file.truncate(HEADER + self.data)      # it ends in silence
                self.file.seek(0)
                self.file.write(self._header(self.data))
                self.file.seek(HEADER + self.data)
                self.file.flush()
                self.patched = self.data
        except OSError as error:
            self._fail(error)

    def close(self):
        """Finish the file."""
        if self.file is None:
            return
        try:
            self.flush()
        finally:
            file, self.file = self.file, None
            try:
                file.close()
            except OSError:
                pass                    # flush() has said so
