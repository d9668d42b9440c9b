"""What a guest sends to people: all of it, up to a bound, or it could fill the host's memory."""


class Log:
    """The latest bytes that were sent.  Positions count from the very first byte."""

    MOST = 16 << 20

    def __init__(self):
        self._bytes = bytearray()
        self._gone = 0

    def append(self, byte):
        """One more byte; of too many the older half goes."""
        self._bytes.append(byte)
        if len(self._bytes) > self.MOST:
            del self._bytes[:self.MOST // 2]
            self._gone += self.MOST // 2

    def find(self, text, start=0):
        """The position of a text at ``start`` or later, or -1."""
        at = self._bytes.find(text.encode("latin-1", "replace"), max(0, start - self._gone))
        return at + self._gone if at >= 0 else -1

    def text(self):
        """What is kept."""
        return self._bytes.decode("latin-1")

    def __bytes__(self):
        return bytes(self._bytes)

    def __len__(self):
        return self._gone + len(self._bytes)
