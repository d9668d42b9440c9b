"""Whether a qcow2 image's reference counts agree with what is used, and giving back what is counted and not used."""

from dataclasses import dataclass, field

import numpy as np

from ..errors import MediaError
from .header import BITMAPS, ENCRYPTION
from .refcounts import Refcounts
from .snapshots import read_snapshots
from .tables import COMPRESSED, COPIED, PLACE, ZERO

CLUSTERS_MOST = 1 << 29
TEXTS_MOST = 20
_U64 = np.uint64


@dataclass
class Findings:
    """``errors`` endanger data, ``leaks`` only waste room; ``texts`` tell of the first errors."""

    clusters: int = 0           # of the file
    used: int = 0               # of the guest's clusters
    errors: int = 0
    leaks: int = 0
    complete: bool = True       # False: there is something in the image that is not understood, so nothing may be given back
    texts: list = field(default_factory=list)

    def error(self, text, count=1):
        self.errors += count
        if len(self.texts) < TEXTS_MOST:
            self.texts.append(text)


class _Walk:
    """Counts how often each cluster is used."""

    def __init__(self, file, header, findings):
        self.file, self.h, self.found = file, header, findings
        self.cluster = header.cluster
        self.end = -(-file.length // self.cluster)
        if self.end > CLUSTERS_MOST:
            raise MediaError(file.path, f"is too large to be checked: it has {self.end} clusters")
        findings.clusters = self.end
        self.uses = np.zeros(self.end, np.uint32)
        self.active = []                # tables that the guest sees

    def use(self, at, size, times=1, what="a table"):
        """Count the clusters of ``size`` bytes at ``at``."""
        first, last = at // self.cluster, -(-(at + size) // self.cluster)
        if last > self.end:
            self.found.error(f"{what} at {at} lies outside the file")
            last = min(last, self.end)
        if first < last:
            self.uses[first:last] += np.uint32(times)

    def numbers(self, at, count):
        return np.frombuffer(self.file.read(at, count * 8), ">u8").astype(_U64)

    def l1_tables(self):
        """(offset, entries) of the active L1 table and of those of the snapshots."""
        h = self.h
        tables = [(h.l1_at, h.l1_entries)]
        if h.snapshots:
            try:
                snapshots, end = read_snapshots(self.file, h)
            except MediaError as error:
                self.found.error(error.what)
                self.found.complete = False
                return tables
            self.use(h.snapshots_at, end - h.snapshots_at, what="the table of snapshots")
            tables += [(s.l1_at, s.l1_entries) for s in snapshots]
        return tables

    def walk(self, counts):
        h = self.h
        self.use(0, 1, what="the header")
        self.use(h.refcount_table_at, h.refcount_table_clusters * self.cluster, what="the refcount table")
        for n, at in enumerate(counts.table):
            if at & (self.cluster - 1) or at // self.cluster >= self.end:
                self.found.error(f"block {n} of the reference counts is at {at}")
            elif at:
                self.use(at, self.cluster)
        tables = {}                     # place of an L2 table -> (uses, seen by the guest)
        for n, (at, entries) in enumerate(self.l1_tables()):
            self.use(at, entries * 8, what="an L1 table")
            places, times = np.unique(self.numbers(at, entries) & _U64(PLACE), return_counts=True)
            for place, count in zip(places.tolist(), times.tolist()):
                if place % self.cluster or place // self.cluster >= self.end:
                    self.found.error(f"an L1 table leads to {place}", count)
                elif place:
                    before = tables.get(place, (0, False))
                    tables[place] = before[0] + count, before[1] or n == 0
        self.l2_tables(tables)
        if h.extensions.keys() & {BITMAPS, ENCRYPTION}:
            self.found.complete = False

    def l2_tables(self, tables):
        size_at = _U64(62 - (self.h.cluster_bits - 8))
        mask = _U64(self.cluster - 1)
        bits = _U64(self.h.cluster_bits)
        for at, (times, guest) in tables.items():
            self.use(at, self.cluster, times)
            entries = self.numbers(at, self.cluster // 8)
            packed = (entries & _U64(COMPRESSED)) != 0
            plain = entries[~packed]
            places = plain & _U64(PLACE)
            bad = (places & mask != 0) | (places >> bits >= self.end)
            if bad.any():
                self.found.error(f"the L2 table at {at} leads to {int(places[bad][0])}", int(bad.sum()))
            good = places[~bad & (places != 0)] >> bits
            np.add.at(self.uses, good.astype(np.int64), np.uint32(times))
            packed = entries[packed]
            if len(packed):
                first = packed & ((_U64(1) << size_at) - _U64(1))
                size = (((packed & _U64(COMPRESSED - 1)) >> size_at) + _U64(1)) * _U64(512) - (first & _U64(511))
                bad = first >= self.file.length
                if bad.any():
                    self.found.error(f"the L2 table at {at} leads to compressed data at {int(first[bad][0])}", int(bad.sum()))
                low, high = first[~bad] >> bits, (first[~bad] + size[~bad] - _U64(1)) >> bits
                for a, b in zip(low.tolist(), high.tolist()):
                    self.uses[a:min(b + 1, self.end)] += np.uint32(times)
            if guest:
                self.found.used += len(good) + len(packed)
                self.active.append(at)

    def flags(self, counts):
        """The COPIED bits that the guest's tables have must say which clusters are used once."""
        bits = _U64(self.h.cluster_bits)
        l1 = self.numbers(self.h.l1_at, self.h.l1_entries)
        for entries, what in ((l1, "the L1 table"), *((self.numbers(at, self.cluster // 8), f"the L2 table at {at}") for at in self.active)):
            if what != "the L1 table":
                entries = entries[(entries & _U64(COMPRESSED | ZERO)) == 0]
            number = (entries & _U64(PLACE)) >> bits
            there = (number > 0) & (number < self.end)
            once = counts[number[there].astype(np.int64)] == 1
            wrong = int((once != ((entries[there] & _U64(COPIED)) != 0)).sum())
            if wrong:
                self.found.error(f"{what} is wrong about what is used once", wrong)


def all_counts(counts, end):
    """The counts of all clusters of a file as an array."""
    out = np.zeros(end, np.uint64)
    per, order = counts.block_entries, counts.order
    for index, at in enumerate(counts.table):
        if index * per >= end:
            break
        if not at or at & (counts.cluster - 1) or at // counts.cluster >= end:
            continue
        raw = np.frombuffer(counts.file.read(at, counts.cluster), np.uint8)
        if order >= 3:
            values = raw.view(f">u{1 << order >> 3}")
        else:
            ones = np.unpackbits(raw, bitorder="little").reshape(-1, 1 << order)
            values = ones @ (1 << np.arange(1 << order))
        out[index * per:min(end, (index + 1) * per)] = values[:end - index * per]
    return out


def check(file, header):
    """Findings on an open image's file."""
    return _compare(file, header, Refcounts(file, header))[0]


def _compare(file, header, counts):
    found = Findings()
    walk = _Walk(file, header, found)
    walk.walk(counts)
    told = all_counts(counts, walk.end)
    low = told < walk.uses
    if low.any():
        n = int(np.argmax(low))
        found.error(f"cluster {n} is used {walk.uses[n]} times, its count says {told[n]}", int(low.sum()))
    found.leaks = int((told > walk.uses).sum())
    walk.flags(told)
    return found, walk.uses, told


def free_leaks(file, header, counts):
    """Set counts that are too high to what is used.  False if the image has errors: then nothing is changed."""
    found, uses, told = _compare(file, header, counts)
    if found.errors or not found.complete:
        return False
    if found.leaks:
        wrong = np.flatnonzero(told > uses)
        starts = np.flatnonzero(np.diff(wrong, prepend=-2) != 1)
        for run in np.split(wrong, starts[1:]):
            values = uses[run]
            if (values == values[0]).all():
                counts.set_range(int(run[0]), len(run), int(values[0]))
            else:
                for n in run.tolist():
                    counts.set_range(n, 1, int(uses[n]))
        last = int(np.flatnonzero(uses)[-1]) + 1
        if last < counts.end and not told[last:].astype(bool)[~(told[last:] > uses[last:])].any():
            file.barrier()
            file.resize(last * header.cluster)
            counts.end = last
    return True
