"""The header of a qcow2 image and its extensions.

The qcow2 image file format (QEMU project, docs/interop/qcow2.txt).  All numbers are big-endian.
"""

import struct
from dataclasses import dataclass, field

from ..errors import MediaError

MAGIC = b"QFI\xfb"
_V2 = struct.Struct(">4sIQIIQIIQQIIQ")
_V3 = struct.Struct(">QQQII")
V2_BYTES, V3_BYTES = _V2.size, _V2.size + _V3.size      # 72, 104
COMPRESSION_AT = V3_BYTES
# Where single fields are, for what is changed in place
SIZE_AT, REFCOUNT_TABLE_AT, INCOMPATIBLE_AT, AUTOCLEAR_AT = 24, 48, 72, 88

CLUSTER_BITS = range(9, 22)                             # 512 bytes to 2 MiB
SIZE_MOST = 1 << 57                                     # 2^48 sectors: what a disk can address
L1_BYTES_MOST, REFCOUNT_TABLE_BYTES_MOST = 32 << 20, 8 << 20
SNAPSHOTS_MOST, BACKING_NAME_MOST = 65536, 1023

DIRTY, CORRUPT, EXTERNAL_DATA, COMPRESSION, EXTENDED_L2 = (1 << n for n in range(5))
_KNOWN = DIRTY | CORRUPT | COMPRESSION
_NAMES = {2: "external data file", 4: "extended L2 entries"}
ZLIB, ZSTD = 0, 1

END, BACKING_FORMAT, FEATURE_NAMES, BITMAPS, ENCRYPTION, DATA_FILE = \
    0, 0xE2792ACA, 0x6803F857, 0x23852875, 0x0537BE77, 0x44415441


@dataclass
class Header:
    """What a header says; offsets in bytes."""

    version: int = 3
    backing_name_at: int = 0
    backing_name_size: int = 0
    cluster_bits: int = 16
    size: int = 0
    crypt: int = 0
    l1_entries: int = 0
    l1_at: int = 0
    refcount_table_at: int = 0
    refcount_table_clusters: int = 0
    snapshots: int = 0
    snapshots_at: int = 0
    incompatible: int = 0
    compatible: int = 0
    autoclear: int = 0
    refcount_order: int = 4
    length: int = V3_BYTES
    compression: int = ZLIB
    backing: str | None = None
    extensions: dict = field(default_factory=dict)      # type -> bytes

    @property
    def cluster(self):
        """Bytes of a cluster."""
        return 1 << self.cluster_bits

    @property
    def backing_format(self):
        """The format of the backing file, or "" where the image does not tell."""
        return self.extensions.get(BACKING_FORMAT, b"").decode("ascii", "replace")

    @property
    def l1_needed(self):
        """Entries of an L1 table for this size: each covers what the entries of one L2 table cover."""
        covered = self.cluster * (self.cluster // 8)
        return -(-self.size // covered)

    def pack(self):
        """The header's bytes, its extensions and the name of the backing file after it."""
        name = (self.backing or "").encode()
        length = V2_BYTES if self.version == 2 else 112
        rest = b"".join(struct.pack(">II", kind, len(data)) + data + bytes(-len(data) % 8) for kind, data in self.extensions.items())
        rest += struct.pack(">II", END, 0)
        at = length + len(rest) if name else 0
        out = _V2.pack(MAGIC, self.version, at, len(name), self.cluster_bits, self.size, self.crypt, self.l1_entries, self.l1_at,
                       self.refcount_table_at, self.refcount_table_clusters, self.snapshots, self.snapshots_at)
        if self.version > 2:
            out += _V3.pack(self.incompatible, self.compatible, self.autoclear, self.refcount_order, length)
            out += bytes((self.compression,)) + bytes(7)
        return out + rest + name


def read_header(file):
    """The header of an open HostFile.  Raises MediaError for what is wrong with it, or not supported."""
    path = file.path

    def wrong(what):
        return MediaError(path, f"is a damaged qcow2 image: {what}")

    try:
        return _parse(file.read(0, 4096), file, wrong)
    except OSError as error:
        raise MediaError(path, error.strerror) from None


def _parse(head, file, wrong):
    values = _V2.unpack_from(head)
    if file.length < V2_BYTES or values[0] != MAGIC:
        raise wrong("its header is cut off")
    h = Header(*values[1:])
    if h.version not in (2, 3):
        raise MediaError(file.path, f"is a qcow2 image of version {h.version}, which is not supported")
    if h.cluster_bits not in CLUSTER_BITS:
        raise wrong(f"its clusters have 2^{h.cluster_bits} bytes (possible is 512 bytes to 2 MiB)")
    h.length = V2_BYTES
    if h.version == 3:
        if file.length < V3_BYTES:
            raise wrong("its header is cut off")
        h.incompatible, h.compatible, h.autoclear, h.refcount_order, h.length = _V3.unpack_from(head, V2_BYTES)
        if not V3_BYTES <= h.length <= h.cluster or h.length % 8:
            raise wrong(f"its header is {h.length} bytes long")
        if h.length > COMPRESSION_AT:
            h.compression = head[COMPRESSION_AT]
    room = file.read(0, min(h.cluster, file.length))
    _parse_extensions(h, room, wrong)
    _refuse_features(h, file.path)
    if h.crypt:
        how = {1: "AES", 2: "LUKS"}.get(h.crypt, f"method {h.crypt}")
        raise MediaError(file.path, f"is an encrypted qcow2 image ({how}), which is not supported")
    if h.refcount_order > 6:
        raise wrong(f"its reference counts have 2^{h.refcount_order} bits")
    if h.compression not in (ZLIB, ZSTD):
        raise MediaError(file.path, f"is a qcow2 image with compression of type {h.compression}, which is not supported")
    _check_places(h, file, room, wrong)
    return h


def _check_places(h, file, room, wrong):
    if h.size > SIZE_MOST:
        raise wrong(f"it claims to hold {h.size} bytes, more than a disk can have")
    tables = (("L1 table", h.l1_at, h.l1_entries * 8, L1_BYTES_MOST),
              ("refcount table", h.refcount_table_at, h.refcount_table_clusters << h.cluster_bits, REFCOUNT_TABLE_BYTES_MOST))
    for name, at, size, most in tables:
        if size > most:
            raise wrong(f"its {name} of {size} bytes is too large")
        if at % h.cluster or size and at == 0:
            raise wrong(f"its {name} is at {at}, which is no cluster")
        if at + size > -(-file.length // h.cluster) * h.cluster:
            raise wrong(f"its {name} lies outside the file")
    if h.l1_entries < h.l1_needed:
        raise wrong(f"its L1 table of {h.l1_entries} entries is too short for {h.size} bytes")
    if h.refcount_table_clusters == 0:
        raise wrong("it has no refcount table")
    if h.snapshots > SNAPSHOTS_MOST or h.snapshots and (h.snapshots_at % h.cluster or not 0 < h.snapshots_at < file.length):
        raise wrong("its table of snapshots lies outside the file")
    if h.backing_name_at:
        if h.backing_name_size > BACKING_NAME_MOST or h.backing_name_at + h.backing_name_size > len(room):
            raise wrong("the name of its backing file lies outside the header")
        name = room[h.backing_name_at:h.backing_name_at + h.backing_name_size]
        try:
            h.backing = name.decode() or None
        except UnicodeDecodeError:
            raise wrong("the name of its backing file is no text") from None
        if "\0" in (h.backing or ""):
            raise wrong("the name of its backing file is no text")


def _parse_extensions(h, room, wrong):
    at, end = h.length, h.backing_name_at or len(room)
    while at + 8 <= min(end, len(room)):
        kind, size = struct.unpack_from(">II", room, at)
        if kind == END:
            return
        if at + 8 + size > len(room):
            raise wrong("a header extension is longer than the header")
        h.extensions[kind] = room[at + 8:at + 8 + size]
        at += 8 + size + -size % 8


def _refuse_features(h, path):
    unknown = h.incompatible & ~_KNOWN
    if not unknown:
        return
    named = {}
    table = h.extensions.get(FEATURE_NAMES, b"")
    for at in range(0, len(table) - 47, 48):
        if table[at] == 0:                              # an incompatible feature
            text = table[at + 2:at + 48].split(b"\0")[0].decode("ascii", "replace")
            named[table[at + 1]] = "".join(c for c in text if c.isprintable())
    bit = (unknown & -unknown).bit_length() - 1
    name = _NAMES.get(bit) or named.get(bit) or f"number {bit}"
    raise MediaError(path, f"is a qcow2 image that needs a feature which is not supported: {name}")
