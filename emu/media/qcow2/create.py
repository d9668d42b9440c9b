"""Makes empty qcow2 images."""

import os
import struct
from array import array

from ..errors import MediaError, reason
from ..hostfile import HostFile
from .header import BACKING_FORMAT, BACKING_NAME_MOST, CLUSTER_BITS, L1_BYTES_MOST, REFCOUNT_TABLE_BYTES_MOST, SIZE_MOST, Header
from .refcounts import table_bytes
from .tables import COPIED


def create(path, size, cluster=65536, version=3, refcount_bits=16, backing=None, backing_format=None, allocate=False, progress=None):
    """Make an empty image of ``size`` bytes; the file must not exist.  ``backing`` is the name that is noted in it.

    With ``allocate`` every cluster gets its place, and room on the host's disk; ``progress(done, total)`` is told of it.
    Raises MediaError; nothing is left behind then."""
    bits, order = cluster.bit_length() - 1, refcount_bits.bit_length() - 1
    if cluster != 1 << bits or bits not in CLUSTER_BITS:
        raise MediaError(path, f"cannot be made: a cluster has a power of 2 from 512 bytes to 2 MiB, not {cluster}")
    if refcount_bits != 1 << order or order > 6 or version == 2 and order != 4:
        raise MediaError(path, f"cannot be made: reference counts cannot have {refcount_bits} bits" + (" in version 2" if version == 2 else ""))
    if not 0 <= size <= SIZE_MOST or size % 512:
        raise MediaError(path, f"cannot be made: {size} bytes is not a disk's size (a multiple of 512, up to 2^57)")
    h = Header(version=version, cluster_bits=bits, size=size, refcount_order=order, backing=backing)
    if backing and backing_format:
        h.extensions[BACKING_FORMAT] = backing_format.encode()
    h.l1_entries = max(1, h.l1_needed)
    if h.l1_entries * 8 > L1_BYTES_MOST:
        raise MediaError(path, f"cannot be made: clusters of {cluster} bytes are too small for {size} bytes")
    with HostFile.making(path) as file:
        _write(file, h, allocate, progress)


def _write(file, h, allocate, progress):
    """Header, refcount table, its blocks, L1 table, and what allocation adds: L2 tables, data."""
    cluster = h.cluster
    l1 = -(-h.l1_entries * 8 // cluster)
    data = -(-h.size // cluster) if allocate else 0
    l2 = -(-data * 8 // cluster)
    per = cluster * 8 >> h.refcount_order
    table = blocks = 1
    while True:
        total = 1 + table + blocks + l1 + l2 + data
        needed = -(-total // per)
        grown = -(-needed * 8 // cluster)
        if needed <= blocks and grown <= table:
            break
        blocks, table = max(blocks, needed), max(table, grown)
    if table * cluster > REFCOUNT_TABLE_BYTES_MOST:
        raise OSError(None, "its refcount table would be too large; larger clusters need less")
    h.refcount_table_at, h.refcount_table_clusters = cluster, table
    h.l1_at = (1 + table + blocks) * cluster
    packed = h.pack()
    if len(packed) > cluster or h.backing and len(h.backing.encode()) > BACKING_NAME_MOST:
        raise OSError(None, "the name of the backing file is too long")
    file.resize(total * cluster)
    full = _ones(per, h.refcount_order)
    for n in range(blocks):
        used = min(per, max(0, total - n * per))
        file.write((1 + table + n) * cluster, full if used == per else _ones(used, h.refcount_order).ljust(cluster, b"\0"))
    file.write(cluster, b"".join(struct.pack(">Q", (1 + table + n) * cluster) for n in range(blocks)))
    if allocate:
        first_l2 = 1 + table + blocks + l1
        first = first_l2 + l2
        entries = cluster // 8
        for n in range(l2):
            row = range(first + n * entries, first + min(data, (n + 1) * entries))
            file.write((first_l2 + n) * cluster, table_bytes(array("Q", [at * cluster | COPIED for at in row])))
        file.write(h.l1_at, table_bytes(array("Q", [(first_l2 + n) * cluster | COPIED for n in range(l2)])))
        allocate_all(file, first * cluster, data * cluster, progress)
    file.barrier()
    file.write(0, packed)


def _ones(count, order):
    """``count`` reference counts of 1."""
    if order < 3:
        per_byte = 8 >> order
        one = sum(1 << (n << order) for n in range(per_byte))
        rest = sum(1 << (n << order) for n in range(count % per_byte))
        return bytes((one,)) * (count // per_byte) + (bytes((rest,)) if rest else b"")
    return (1).to_bytes(1 << order >> 3, "big") * count


def allocate_all(file, start, size, progress=None, step=64 << 20):
    """Have the host set room aside, a step at a time."""
    for at in range(0, size, step):
        file.allocate(start + at, min(step, size - at))
        if progress is not None:
            progress(min(size, at + step), size)
