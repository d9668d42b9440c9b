"""A qcow2 image as a medium that is read and written.

The file is consistent after every single write to it.  A new cluster is counted before it is used (refcounts.py), has its
data before a table leads to it, and a table is written before another leads to it; uses are taken off a cluster
only once nothing on the host's disk leads to it any more.  Where the host's disk could reorder this to the loss of data
that were there before, a barrier comes between: the entries that lead to such clusters are held back until there are many, or
for half a second, and one barrier serves them all.  What dying in between leaves behind is clusters that are counted
and not used; while an image is open they are announced by its dirty bit (version 3), and found again when it is opened.
"""

import struct
import time
from array import array

from emu.buffers import fill, first, skip, total

from ..errors import MediaError, reason
from ..hostfile import HostFile
from ..medium import HELD_SECONDS, Medium
from . import compression
from .header import AUTOCLEAR_AT, CORRUPT, DIRTY, INCOMPATIBLE_AT, read_header
from .refcounts import Refcounts, read_table
from .tables import COPIED, NOTHING, PACKED, PLACE, PLAIN, ZERO, ZEROS, Entry, L2Cache

_UNPACKED_BYTES = 4 << 20
HELD_BYTES = 8 << 20             # of data whose table entries wait for a barrier


class Qcow2Image(Medium):
    """An image; offsets and lengths are bytes.  ``backing`` is the open medium below it, or None.  ``tidy``: look for
    clusters that are counted and not used even if it was closed well.

    Raises MediaError if it cannot be used, OSError while it is used.
    """

    format = "qcow2"

    def __init__(self, path, read_only=True, backing=None, locked=True, file=None, tidy=False):
        self._file = file if file is not None else HostFile(path, writable=not read_only, locked=locked)
        try:
            self._open(read_only, backing, tidy)
        except OSError as error:
            self._file.close()
            raise MediaError(path, reason(error)) from None
        except BaseException:
            self._file.close()
            raise

    def _open(self, read_only, backing, tidy):
        self.header = h = read_header(self._file)
        self.path, self.read_only, self.size = self._file.path, read_only, h.size
        self.accesses = 0
        self.backing = backing
        self._cluster = h.cluster
        self._clusters = -(-self._file.length // self._cluster)         # of the file, for a reader
        self._l1 = read_table(self._file, h.l1_at, h.l1_entries)
        self._check_l1()
        self._l2 = L2Cache(self._file, h)
        self._entry = Entry(h)
        self._unpack = compression.decompressor(h.compression)
        self._unpacked = {}                     # compressed entry -> its data
        self._counts = None
        self._next = self._end = 0              # clusters that are taken and not used yet
        self._held, self._held_since = 0, 0.0   # bytes of clusters that only the cache leads to
        self._drops = []                        # clusters that nothing leads to any more, after the next sync
        self._marked = bool(h.incompatible & DIRTY)
        self._leaky = False
        if not read_only:
            self.require_writable()
            self._open_for_writing(tidy)

    def require_writable(self):
        """Raise MediaError for an image that may only be read."""
        if self.header.incompatible & CORRUPT:
            raise MediaError(self.path, "is marked as corrupt: repair it with qemu-img check -r, or use it with --snapshot")

    def _open_for_writing(self, tidy):
        self._counts = Refcounts(self._file, self.header)
        h = self.header
        self._metadata = {entry // self._cluster for entry in (e & PLACE for e in self._l1) if entry}
        first = h.l1_at // self._cluster
        self._metadata.update(range(first, first + -(-h.l1_entries * 8 // self._cluster)), (0,))
        if tidy or self._marked or h.version == 2:      # version 2 has no bit that tells
            from .check import free_leaks
            if free_leaks(self._file, h, self._counts):
                self._mark(False)
            else:
                self._leaky = True

    def _check_l1(self):
        mask = self._cluster - 1
        for n, entry in enumerate(self._l1):
            if entry and (entry & PLACE & mask or (entry & PLACE) // self._cluster >= self._clusters):
                raise MediaError(self.path, f"is a damaged qcow2 image: entry {n} of its L1 table leads to {entry & PLACE}")

    # -- reading ---------------------------------------------------------------------------------------------------

    def _damaged(self, what):
        return self._file.error(f"the qcow2 image is damaged: {what}")

    def _host(self, entry):
        """The place of a plain cluster."""
        at = entry & PLACE
        if at & (self._cluster - 1) or at // self._cluster >= (self._counts.end if self._counts else self._clusters):
            raise self._damaged(f"an L2 table leads to {at}")
        return at

    def _runs(self, offset, n):
        """(kind, file place or entry, size) for the parts of ``n`` bytes at ``offset``."""
        cluster, entry_of = self._cluster, self._entry
        end = offset + n
        while offset < end:
            number, inside = divmod(offset, cluster)
            l1, index = divmod(number, self._l2.table_entries)
            table = self._l1[l1] & PLACE
            if not table:
                size = min(end - offset, (self._l2.table_entries - index) * cluster - inside)
                yield NOTHING, 0, size
                offset += size
                continue
            entries, at, _ = self._l2.get(table, index)
            while offset < end and at < len(entries):
                entry = entries[at]
                kind = entry_of.kind(entry)
                size = min(end - offset, cluster - inside)
                place = self._host(entry) + inside if kind == PLAIN else entry
                at += 1
                if kind != PACKED:              # as many more of the same as follow
                    while size < end - offset and at < len(entries) and entry_of.kind(entries[at]) == kind \
                            and (kind != PLAIN or self._host(entries[at]) == place + size):
                        size += min(end - offset - size, cluster)
                        at += 1
                yield kind, place, size
                offset += size
                inside = offset % cluster

    def read(self, offset, n):
        """The bytes at ``offset``, as many as lie inside the medium."""
        self.accesses += 1
        return self._read(offset, max(0, min(n, self.size - offset)))

    def _read(self, offset, n):
        parts = []
        for kind, place, size in self._runs(offset, n):
            if kind == PLAIN:
                parts.append(self._file.read(place, size))
            elif kind == PACKED:
                inside = offset % self._cluster
                parts.append(self._packed(place)[inside:inside + size])
            elif kind == NOTHING and self.backing is not None:
                parts.append(self._below(offset, size))
            else:
                parts.append(bytes(size))
            offset += size
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def read_into(self, offset, views):
        """As ``read``, into buffers; what lies outside the medium is zeros."""
        self.accesses += 1
        inside = max(0, min(total(views), self.size - offset))
        for kind, place, size in self._runs(offset, inside):
            here, views = first(views, size), skip(views, size)
            if kind == PLAIN:
                self._file.read_into(place, here)
            elif kind == NOTHING and self.backing is not None:
                self.backing.read_into(offset, here)
            elif kind == PACKED:
                fill(here, self._packed(place)[offset % self._cluster:][:size])
            else:
                fill(here, b"")
            offset += size
        fill(views, b"")

    def _below(self, offset, size):
        return self.backing.read(offset, size).ljust(size, b"\0") if offset < self.backing.size else bytes(size)

    def _packed(self, entry):
        """The data of a compressed cluster."""
        found = self._unpacked.get(entry)
        if found is None:
            at, size = self._entry.packed(entry)
            size = min(size, self._file.length - at)
            if size <= 0:
                raise self._damaged(f"an L2 table leads to compressed data at {at}")
            try:
                found = self._unpack(self._file.read(at, size), self._cluster)
            except compression.CannotDecompress as error:
                raise self._file.error(f"the qcow2 image {error}") from None
            while len(self._unpacked) * self._cluster >= _UNPACKED_BYTES:
                del self._unpacked[next(iter(self._unpacked))]
            self._unpacked[entry] = found
        return found

    def data_runs(self):
        """(offset, size) of the parts that may be other than zeros."""
        offset = 0
        while offset < self.size:
            step = min(self.size - offset, self._l2.table_entries * self._cluster)
            if self.backing is None and not self._l1[offset // (self._l2.table_entries * self._cluster)]:
                offset += step
                continue
            for kind, _, size in self._runs(offset, step):
                if kind in (PLAIN, PACKED) or kind == NOTHING and self.backing is not None:
                    yield offset, size
                offset += size

    # -- writing ---------------------------------------------------------------------------------------------------

    def write(self, offset, data):
        """Write all of ``data``.  Raises OSError; ValueError outside the medium."""
        if self.read_only:
            raise PermissionError(f"{self.path} is read-only")
        if offset < 0 or offset + len(data) > self.size:
            raise ValueError("write outside the medium")
        self.accesses += 1
        view = memoryview(data).cast("B")
        part = self._l2.slice_entries * self._cluster
        while view:
            size = min(len(view), part - offset % part)
            try:
                self._write_part(offset, view[:size])
            except OSError:
                self._leaky = True
                raise
            view, offset = view[size:], offset + size
        self.settle(HELD_BYTES, HELD_SECONDS)

    def settle(self, most=0, seconds=0.0):
        """Write the table entries that are held back, if they lead to ``most`` bytes or one has waited for ``seconds``."""
        if self._held and (most and self._held >= most or time.monotonic() - self._held_since >= seconds):
            try:
                self._file.barrier()
                self._l2.release()
            except OSError:
                self._leaky = True
                raise
            self._held = 0

    def _write_part(self, offset, view):
        """Write what lies within one slice of an L2 table."""
        cluster, end = self._cluster, offset + len(view)
        number, inside = divmod(offset, cluster)
        l1, index = divmod(number, self._l2.table_entries)
        count = -(-(inside + len(view)) // cluster)
        if self.backing is None and not self._l1[l1] and _zeros(view):
            return
        table = self._l2_table(l1)
        entries, at, _ = self._l2.get(table, index)
        before = entries[at:at + count]
        n = 0
        while n < count:
            start = n
            if self._in_place(before[n]):
                place = self._host(before[n])
                self._refuse_metadata(place)
                n += 1
                while n < count and self._in_place(before[n]) and self._host(before[n]) == place + (n - start) * cluster:
                    self._refuse_metadata(place + (n - start) * cluster)
                    n += 1
                low, high = max(offset, (number + start) * cluster), min(end, (number + n) * cluster)
                self._file.write(place + low % cluster, view[low - offset:high - offset])
            else:
                n += 1
                while n < count and not self._in_place(before[n]):
                    n += 1
                self._write_new(table, number + start, index + start, before[start:n], offset, view)

    def _in_place(self, entry):
        return entry & COPIED and self._entry.kind(entry) == PLAIN

    def _refuse_metadata(self, place):
        number = place // self._cluster
        if number in self._metadata or number in self._counts.metadata:
            raise self._damaged(f"a cluster of data is at {place}, where its own tables are")

    def _write_new(self, table, number, index, before, offset, view):
        """Give clusters in a row, whose entries were ``before``, places of their own; ``view`` goes to ``offset``."""
        cluster, done, end = self._cluster, 0, offset + len(view)
        while done < len(before):
            first = number + done
            low, high = max(offset, first * cluster), min(end, (number + len(before)) * cluster)
            if self.backing is None and self._entry.kind(before[done]) == NOTHING:
                high_one = min(high, (first + 1) * cluster)
                if _zeros(view[low - offset:high_one - offset]):        # zeros stay zeros, and the image stays small
                    done += 1
                    continue
            place, count = self._take(len(before) - done)
            high = min(end, (first + count) * cluster)
            head = self._old(before[done], low - low % cluster, low % cluster)
            tail = b""
            if high % cluster and high < self.size:
                tail = self._old(before[done + count - 1], high, min(cluster - high % cluster, self.size - high))
            piece = view[low - offset:high - offset]
            if head or tail:
                piece = b"".join((head, piece, tail))
            self._file.write(place * cluster + (low - len(head)) % cluster, piece)
            entries = array("Q", [(place + n) * cluster | COPIED for n in range(count)])
            if any(self._shows(entry, (first + n) * cluster) for n, entry in enumerate(before[done:done + count])):
                # What was there before must not be lost with what was written just now
                self._l2.hold(table, index + done, entries)
                self._held_since = self._held_since if self._held else time.monotonic()
                self._held += count * cluster
            else:
                self._l2.put(table, index + done, entries)
            for entry in before[done:done + count]:
                self._dropped(entry)
            done += count

    def _old(self, entry, offset, size):
        """``size`` bytes that a cluster with this entry shows at ``offset``; b"" if they are zeros, which a new one has."""
        return self._read(offset, size) if size and self._shows(entry, offset) else b""

    def _shows(self, entry, offset):
        """May a cluster with this entry show other than zeros?"""
        kind = self._entry.kind(entry)
        if kind == NOTHING:
            return self.backing is not None and offset < self.backing.size
        return kind != ZEROS

    def _dropped(self, entry):
        """The clusters that an entry used are used once less."""
        kind = self._entry.kind(entry)
        if kind == PACKED:
            at, size = self._entry.packed(entry)
            self._drops += range(at // self._cluster, (at + size - 1) // self._cluster + 1)
        elif entry & PLACE:
            self._drops.append((entry & PLACE) // self._cluster)

    def _take(self, wanted):
        """(first, number) of new clusters in a row, as many as are at hand."""
        if self._next == self._end:
            self._mark(True)
            batch = self._counts.next_batch(wanted)
            try:
                self._next = self._counts.take(batch)
            except OSError:                     # there may be room for what is needed
                if batch == wanted:
                    raise
                self._next, batch = self._counts.take(wanted), wanted
            self._end = self._next + batch
        first, count = self._next, min(wanted, self._end - self._next)
        self._next += count
        return first, count

    def _l2_table(self, l1):
        """The place of an L2 table that is there and used by nobody else."""
        before = self._l1[l1]
        if before & COPIED and before & PLACE:
            return before & PLACE
        number, _ = self._take(1)
        if before & PLACE:                      # a snapshot has it too
            self._file.write(number * self._cluster, self._file.read(before & PLACE, self._cluster))
        self._file.barrier()
        self._metadata.add(number)
        entry = number * self._cluster | COPIED
        self._file.write(self.header.l1_at + l1 * 8, struct.pack(">Q", entry))
        self._l1[l1] = entry
        if before & PLACE:
            self._drops.append((before & PLACE) // self._cluster)
        return entry & PLACE

    def _mark(self, dirty):
        """Set or clear the dirty bit; what others noted of the image's contents holds no more."""
        h = self.header
        if h.version == 2 or dirty and self._marked:
            return
        h.incompatible = h.incompatible & ~DIRTY | (DIRTY if dirty else 0)
        self._file.barrier()
        self._file.write(INCOMPATIBLE_AT, struct.pack(">Q", h.incompatible))
        if dirty and h.autoclear:
            h.autoclear = 0
            self._file.write(AUTOCLEAR_AT, struct.pack(">Q", 0))
        self._file.barrier()
        self._marked = dirty

    def flush(self):
        """Have the host put what was written on its disk."""
        if self.read_only or self._file.closed:
            return
        self.settle()
        self._file.sync()
        drops, self._drops = self._drops, []
        try:
            for cluster in drops:
                self._counts.drop(cluster)
        except OSError:
            self._leaky = True
            raise

    def close(self):
        """Give back what was taken and not used, and close the file and the one below; a second call does nothing.

        Raises OSError if that cannot be done; the file is closed all the same."""
        try:
            if not self.read_only and not self._file.closed and self._counts is not None:
                self.flush()
                self._counts.give_back(self._next, self._end)
                self._next = self._end
                if self._marked and not self._leaky:
                    self._mark(False)
                self._file.sync()
        finally:                                # what failed is put in order when it is opened again
            self._file.close()
            if self.backing is not None:
                self.backing.close()


def _zeros(view):
    return not any(view[:64]) and bytes(view) == bytes(len(view))
