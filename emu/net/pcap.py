"""Packet captures in the classic pcap format, with guest time."""
import struct

MAGIC, ETHERNET, SNAP = 0xA1B2C3D4, 1, 65535


class Capture:
    """Writes frames to a file.  When it cannot be written any more, ``failed`` says why, and nothing else happens."""

    def __init__(self, path, epoch=0):
        self.epoch, self.failed = epoch, None
        self.file = open(path, "wb")
        self._write(struct.pack("<IHHiIII", MAGIC, 2, 4, 0, 0, SNAP, ETHERNET))

    def frame(self, data, now):
        """A frame that was on the cable at ``now`` (ns)."""
        seconds, ns = divmod(now, 1_000_000_000)
        self._write(struct.pack("<IIII", self.epoch + seconds & 0xFFFFFFFF, ns // 1000, len(data), len(data)) + data)

    def _write(self, data):
        if self.failed is None:
            try:
                self.file.write(data)
            except OSError as error:
                self.failed = error

    def close(self):
        """Finish the file."""
        try:
            self.file.close()
        except OSError as error:
            self.failed = self.failed or error
