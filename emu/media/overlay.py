"""Copy-on-write: what a guest writes is kept for the run, and the image below stays as it is."""

import os
import tempfile

from .errors import reason
from .medium import Medium

BLOCK = 64 * 1024


class Overlay(Medium):
    """A writable medium over another one that is only read.

    Written 64 KiB blocks are kept in memory, and once there are more than ``memory`` bytes of them in an unnamed
    temporary file.  Closing drops them and closes the image below.
    """

    read_only = False

    def __init__(self, base, memory=64 << 20):
        self.base = base
        self.size = base.size
        self.path = getattr(base, "path", "")
        self._own = 0                          # accesses that did not reach the image below
        self._slots = {}                       # block number -> place: in _blocks, then in the file
        self._blocks = []
        self._in_memory = max(0, memory // BLOCK)
        self._spill = None

    @property
    def accesses(self):
        """Reads and writes so far."""
        return self._own + self.base.accesses

    @property
    def written(self):
        """How many bytes of blocks differ, or may differ, from the image below."""
        return len(self._slots) * BLOCK

    def read(self, offset, n):
        """The bytes at ``offset``, as many as lie inside the medium."""
        n = max(0, min(n, self.size - offset))
        if not self._slots or n == 0:
            return self.base.read(offset, n)
        self._own += 1
        parts, end = [], offset + n
        while offset < end:
            block, start = divmod(offset, BLOCK)
            slot = self._slots.get(block)
            if slot is None:                   # one read for all untouched blocks in a row
                stop = block + 1
                while stop * BLOCK < end and stop not in self._slots:
                    stop += 1
                take = min(end, stop * BLOCK) - offset
                parts.append(self.base.read(offset, take))
            else:
                take = min(end - offset, BLOCK - start)
                parts.append(self._get(slot, start, take))
            offset += take
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def write(self, offset, data):
        """Keep ``data`` in front of the image below.  Raises ValueError outside the medium."""
        if offset < 0 or offset + len(data) > self.size:
            raise ValueError("write outside the medium")
        self._own += 1
        view = memoryview(data)
        while view:
            block, start = divmod(offset, BLOCK)
            take = min(len(view), BLOCK - start)
            slot = self._slots.get(block)
            if slot is None:
                slot = self._add(block, b"" if take == BLOCK else self.base.read(block * BLOCK, BLOCK))
            self._put(slot, start, view[:take])
            view, offset = view[take:], offset + take

    def flush(self):
        """Nothing to do: what is kept here ends with the run."""

    def close(self):
        """Drop all writes and close the image below."""
        self._slots.clear()
        self._blocks.clear()
        if self._spill is not None:
            self._spill.close()
            self._spill = None
        self.base.close()

    def _add(self, block, data):
        slot = len(self._slots)
        data = bytes(data).ljust(BLOCK, b"\0")
        if slot < self._in_memory:
            self._blocks.append(bytearray(data))
        else:
            if self._spill is None:
                self._spill = tempfile.TemporaryFile(prefix="emu-overlay-", buffering=0)
            self._put(slot, 0, memoryview(data))
        self._slots[block] = slot
        return slot

    def _get(self, slot, start, n):
        if slot < self._in_memory:
            return bytes(self._blocks[slot][start:start + n])
        return os.pread(self._spill.fileno(), n, (slot - self._in_memory) * BLOCK + start)

    def _put(self, slot, start, view):
        if slot < self._in_memory:
            self._blocks[slot][start:start + len(view)] = view
            return
        place = (slot - self._in_memory) * BLOCK + start
        try:
            while view:
                done = os.pwrite(self._spill.fileno(), view, place)
                view, place = view[done:], place + done
        except OSError as error:
            raise OSError(error.errno, f"what the guest writes cannot be kept: {reason(error)}", tempfile.gettempdir()) from None
