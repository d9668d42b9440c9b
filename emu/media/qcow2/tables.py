"""The L2 tables of a qcow2 image: their entries, and a bounded cache of slices of them, written through
or held back."""

from collections import OrderedDict

from .refcounts import read_table, table_bytes

COPIED, COMPRESSED, ZERO = 1 << 63, 1 << 62, 1
PLACE = ((1 << 56) - 1) & ~511          # of an L1 entry, and of a plain L2 entry
_SLICE_ENTRIES, _CACHE_BYTES = 4096, 8 << 20

# What a cluster is: nothing of its own (the backing file shows), zeros, plain, compressed
NOTHING, ZEROS, PLAIN, PACKED = range(4)


class L2Cache:
    """Slices of L2 tables."""

    def __init__(self, file, header):
        self.file = file
        self.table_entries = header.cluster // 8
        self.slice_entries = min(self.table_entries, _SLICE_ENTRIES)
        self._most = max(8, _CACHE_BYTES // (self.slice_entries * 8))
        self._slices = OrderedDict()    # file offset -> array
        self._held = {}                 # file offset -> {index of an entry that is not in the file yet}

    def get(self, table_at, index):
        """(slice, index in it, its file offset) of an entry of the table at ``table_at``."""
        inside = index % self.slice_entries
        at = table_at + (index - inside) * 8
        found = self._slices.get(at)
        if found is None:
            found = self._slices[at] = read_table(self.file, at, self.slice_entries)
            if len(self._slices) > self._most:
                old = next((at for at in self._slices if at not in self._held), None)
                if old is not None:
                    del self._slices[old]
        else:
            self._slices.move_to_end(at)
        return found, inside, at

    def put(self, table_at, index, entries):
        """Write entries in a row, which lie in one slice."""
        found, inside, at = self.get(table_at, index)
        before = found[inside:inside + len(entries)]
        found[inside:inside + len(entries)] = entries
        try:
            self.file.write(at + inside * 8, table_bytes(entries))
        except OSError:
            if at in self._held:
                found[inside:inside + len(entries)] = before
            else:
                self._slices.pop(at, None)      # what is in the file is what counts
            raise


    def hold(self, table_at, index, entries):
        """Take entries in a row, which lie in one slice, into the cache; release() writes them."""
        found, inside, at = self.get(table_at, index)
        found[inside:inside + len(entries)] = entries
        self._held.setdefault(at, set()).update(range(inside, inside + len(entries)))

    def release(self):
        """Write what was held back.  Raises OSError; what is not written is held back further."""
        while self._held:
            at, held = next(iter(self._held.items()))
            found, held = self._slices[at], sorted(held)
            while held:
                n = next((n for n in range(1, len(held)) if held[n] != held[0] + n), len(held))
                self.file.write(at + held[0] * 8, table_bytes(found[held[0]:held[0] + n]))
                del held[:n]
            del self._held[at]


class Entry:
    """How entries of a version are read."""

    def __init__(self, header):
        self.has_zeros = header.version > 2
        self._size_at = 62 - (header.cluster_bits - 8)

    def kind(self, entry):
        """NOTHING, ZEROS, PLAIN or PACKED."""
        if entry & COMPRESSED:
            return PACKED
        if entry & ZERO and self.has_zeros:
            return ZEROS
        return PLAIN if entry & PLACE else NOTHING

    def packed(self, entry):
        """(offset, bytes) of compressed data; the bytes are up to the end of a sector of 512."""
        at = entry & ((1 << self._size_at) - 1)
        sectors = (entry & (COMPRESSED - 1)) >> self._size_at
        return at, (sectors + 1) * 512 - (at & 511)
