"""Reference counts of a qcow2 image: how often each of its clusters is used, and where new ones come from.

New clusters are taken at the end of the file, where all is zeros, and counted in batches: a batch is on the host's disk
before the first of its clusters is used.  A count is thus never too low, whatever moment the host or we die at.
"""

import struct
from array import array
from collections import OrderedDict
from sys import byteorder

from .header import REFCOUNT_TABLE_AT, REFCOUNT_TABLE_BYTES_MOST

OFFSET_BITS = ((1 << 64) - 1) & ~511
_CACHE_BYTES = 4 << 20
_CODES = {3: ">B", 4: ">H", 5: ">I", 6: ">Q"}
FIRST_BATCH, BATCH_BYTES, BATCH_MOST = 16, 64 << 20, 4096


def read_table(file, at, entries):
    """A table of 64-bit numbers."""
    table = array("Q", file.read(at, entries * 8))
    if byteorder == "little":
        table.byteswap()
    return table


def table_bytes(table):
    """The bytes of a table, or a part of one, of 64-bit numbers."""
    if byteorder == "little":
        table = array("Q", table)
        table.byteswap()
    return table.tobytes()


class Refcounts:
    """The counts of the clusters of an image's file.  ``end`` is the first cluster behind all that is in use."""

    def __init__(self, file, header):
        self.file, self.header = file, header
        self.order, self.cluster = header.refcount_order, header.cluster
        self.block_entries = self.cluster * 8 >> self.order
        self.most = (1 << (1 << self.order)) - 1
        self.table = read_table(file, header.refcount_table_at, header.refcount_table_clusters * self.cluster // 8)
        self.end = -(-file.length // self.cluster)
        self._blocks = OrderedDict()            # file offset -> bytearray
        self._cached_most = max(4, _CACHE_BYTES // self.cluster)
        self._batch = FIRST_BATCH
        self.metadata = {entry // self.cluster for entry in self.table if entry}
        self.metadata.update(range(header.refcount_table_at // self.cluster,
                                   header.refcount_table_at // self.cluster + header.refcount_table_clusters))

    def _block_at(self, index):
        """The offset of a block of counts, 0 if there is none."""
        at = self.table[index] if index < len(self.table) else 0
        if at & (self.cluster - 1) or at // self.cluster >= self.end:
            raise self.file.error(f"the qcow2 image is damaged: block {index} of its reference counts is at {at}")
        return at

    def _block(self, index):
        at = self._block_at(index)
        if not at:
            return None
        block = self._blocks.get(at)
        if block is None:
            block = self._blocks[at] = bytearray(self.file.read(at, self.cluster))
            if len(self._blocks) > self._cached_most:
                self._blocks.popitem(last=False)
        else:
            self._blocks.move_to_end(at)
        return block

    def _get(self, block, entry):
        if self.order < 3:
            bit = entry << self.order
            return block[bit >> 3] >> (bit & 7) & self.most
        return struct.unpack_from(_CODES[self.order], block, entry << self.order >> 3)[0]

    def _put(self, block, entry, value):
        if self.order < 3:
            bit = entry << self.order
            block[bit >> 3] = block[bit >> 3] & ~(self.most << (bit & 7)) | value << (bit & 7)
        else:
            struct.pack_into(_CODES[self.order], block, entry << self.order >> 3, value)

    def get(self, cluster):
        """The count of a cluster."""
        block = self._block(cluster // self.block_entries)
        return 0 if block is None else self._get(block, cluster % self.block_entries)

    def set_range(self, first, count, value):
        """Set the counts of clusters in a row, whose blocks there are."""
        while count:
            index, entry = divmod(first, self.block_entries)
            n = min(count, self.block_entries - entry)
            block, at = self._block(index), self._block_at(index)
            if block is None:
                raise self.file.error("the qcow2 image is damaged: a cluster in use has no reference count")
            for e in range(entry, entry + n):
                self._put(block, e, value)
            low, high = entry << self.order >> 3, ((entry + n) << self.order) + 7 >> 3
            try:
                self.file.write(at + low, block[low:high])
            except OSError:
                self._blocks.pop(at, None)
                raise
            first, count = first + n, count - n

    def drop(self, cluster):
        """One use of a cluster less.  A count that says it had none is left alone."""
        count = self.get(cluster)
        if count:
            self.set_range(cluster, 1, count - 1)
        return count - 1

    # -- new clusters ----------------------------------------------------------------------------------------------

    def next_batch(self, wanted):
        """How many clusters to take at a time; grows with use."""
        self._batch = min(self._batch * 2, BATCH_MOST, max(FIRST_BATCH, BATCH_BYTES // self.cluster))
        return max(wanted, self._batch)

    def _first_free(self, start):
        """Where, from ``start`` on, no cluster of the same block of counts is in use (to the byte of counts)."""
        block = self._block(start // self.block_entries)
        if block is None:
            return start
        used = len(block[(start % self.block_entries << self.order) >> 3:].rstrip(b"\0"))
        if not used:
            return start
        behind = ((start % self.block_entries << self.order >> 3) + used) * 8 >> self.order
        return max(start, start - start % self.block_entries + behind)

    def _plan(self, start, wanted):
        """(clusters of a new table or 0, indexes of missing blocks) so that clusters from ``start`` on can be counted."""
        table, blocks = 0, []
        while True:
            total = table + len(blocks) + wanted
            last = (start + total - 1) // self.block_entries
            missing = [n for n in range(start // self.block_entries, last + 1) if n >= len(self.table) or self.table[n] == 0]
            grown = -(-(last + 1) * 12 // self.cluster) if last >= len(self.table) else 0     # with room for half as many again
            if len(missing) == len(blocks) and grown == table:
                return table, missing
            table, blocks = max(table, grown), missing

    def take(self, wanted):
        """Count ``wanted`` new clusters in a row as used once, for good; gives the first.  They read as zeros."""
        start = self.end
        while (free := self._first_free(start)) != start:
            start = free
        table, blocks = self._plan(start, wanted)
        if table * self.cluster > REFCOUNT_TABLE_BYTES_MOST:
            raise self.file.error("the qcow2 image cannot grow further: its refcount table is full")
        total = table + len(blocks) + wanted
        self.file.resize((start + total) * self.cluster)
        self.end = start + total
        try:
            new = self._count(start, total, start + table, blocks)
        except OSError:
            self._undo(start)
            raise
        if table:
            self._replace_table(start, table, new)
        else:
            for index, at in new.items():
                self.file.write(self.header.refcount_table_at + index * 8, struct.pack(">Q", at))
                self.table[index] = at
        if new:
            self.file.barrier()
        self.metadata.update(at // self.cluster for at in new.values())
        return start + table + len(blocks)

    def _undo(self, start):
        """Give up clusters that could not be counted; nothing leads to their new blocks yet."""
        try:
            known = start
            while known < self.end and self._block(known // self.block_entries) is not None:
                known = min(self.end, (known // self.block_entries + 1) * self.block_entries)
            self.set_range(start, known - start, 0)
            self.file.resize(start * self.cluster)
            self.end = start
        except OSError:
            pass

    def _count(self, start, total, blocks_at, blocks):
        """Count clusters from ``start`` on once, some of them in new blocks; gives these as index -> offset."""
        per, new = self.block_entries, {}
        at = blocks_at * self.cluster
        for index in blocks:
            new[index] = at
            at += self.cluster
        for index in range(start // per, (start + total - 1) // per + 1):
            low, high = max(start, index * per), min(start + total, (index + 1) * per)
            if index in new:
                block = bytearray(self.cluster)
                for cluster in range(low, high):
                    self._put(block, cluster % per, 1)
                self.file.write(new[index], block)
            else:
                self.set_range(low, high - low, 1)
        self.file.barrier()
        return new

    def _replace_table(self, start, clusters, new):
        """Move the refcount table to ``clusters`` clusters from ``start``, with new blocks in it."""
        grown = array("Q", self.table)
        grown.extend([0] * (clusters * self.cluster // 8 - len(grown)))
        for index, at in new.items():
            grown[index] = at
        self.file.write(start * self.cluster, table_bytes(grown))
        self.file.barrier()
        header, old = self.header, (self.header.refcount_table_at // self.cluster, self.header.refcount_table_clusters)
        self.file.write(REFCOUNT_TABLE_AT, struct.pack(">QI", start * self.cluster, clusters))
        self.file.barrier()
        header.refcount_table_at, header.refcount_table_clusters, self.table = start * self.cluster, clusters, grown
        self.metadata.update(range(start, start + clusters))
        self.set_range(*old, 0)

    def give_back(self, first, end):
        """Clusters taken and not used; the file gets shorter if they are its last ones."""
        if first < end:
            self.set_range(first, end - first, 0)
            if end == self.end:
                self.file.resize(first * self.cluster)
                self.end = first
