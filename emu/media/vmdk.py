"""VMDK (VMware) images, to be read: monolithic sparse, stream-optimized, and descriptors of flat and sparse extents.

Virtual Disk Format 5.0 (VMware, 2011).  All numbers are little-endian.
"""

import re
import struct
import zlib
from array import array
from sys import byteorder

from .blocks import BlockImage, Recent
from .errors import MediaError
from .hostfile import HostFile
from .medium import Medium
from .places import beside

SECTOR = 512
MAGIC, DESCRIPTOR = b"KDMV", b"# Disk DescriptorFile"
ZEROED_GRAINS, COMPRESSED = 1 << 2, 1 << 16
AT_END = 0xFFFFFFFFFFFFFFFF     # the grain directory's place is told by the footer
DEFLATE = 1
SIZE_MOST = 1 << 57
DIRECTORY_MOST, GRAIN_MOST, DESCRIPTOR_MOST, EXTENTS_MOST = 16 << 20, 8 << 20, 1 << 20, 4096
_HEADER = struct.Struct("<4sIIQQQQIQQQB4sH")
_EXTENT = re.compile(r'(RW|RDONLY|NOACCESS)\s+(\d{1,18})\s+([A-Z]+)(?:\s+"([^"]*)"(?:\s+(\d{1,18}))?)?\s*$')


def _table(file, at, entries):
    table = array("I", file.read(at, entries * 4))
    if byteorder == "big":
        table.byteswap()
    return table


class SparseExtent(BlockImage):
    """A file of grains: a whole image, or an extent of one."""

    format, name = "vmdk", "VMDK"

    def _open(self):
        file = self._file
        header = self._header(0)
        _, version, flags, capacity, grain, text_at, text_size, per, _, directory, *_, compression = header
        if directory == AT_END:
            if file.length < 1536:
                raise self.damaged("it is too short")
            header = self._header(file.length - 1024)
            directory = header[9]
        if version not in (1, 2, 3):
            raise MediaError(self.path, f"is a VMDK image of version {version}, which is not supported")
        self.size, self.block = capacity * SECTOR, grain * SECTOR
        if not 0 < self.size <= SIZE_MOST:
            raise self.damaged(f"it claims to hold {capacity} sectors")
        if not 0 < self.block <= GRAIN_MOST or grain & (grain - 1):
            raise self.damaged(f"its grains have {grain} sectors")
        if not 0 < per <= 65536:
            raise self.damaged(f"its grain tables have {per} entries")
        self.compressed = bool(flags & COMPRESSED)
        if self.compressed and compression != DEFLATE:
            raise MediaError(self.path, f"is a VMDK image with compression of type {compression}, which is not supported")
        self._zeroed = bool(flags & ZEROED_GRAINS)
        self._per = per
        entries = -(-self.size // (self.block * per))
        if entries * 4 > DIRECTORY_MOST or directory * SECTOR + entries * 4 > file.length:
            raise self.damaged("its grain directory lies outside the file")
        self._directory = _table(file, directory * SECTOR, entries)
        for n, sector in enumerate(self._directory):
            if sector and sector * SECTOR + per * 4 > file.length:
                raise self.damaged(f"grain table {n} lies outside the file")
        self._grains = Recent(lambda sector: _table(file, sector * SECTOR, per), 256)
        self._unpacked = Recent(self._unpack, max(2, (4 << 20) // self.block))
        if text_at:
            if text_size * SECTOR > DESCRIPTOR_MOST or (text_at + text_size) * SECTOR > file.length:
                raise self.damaged("its descriptor lies outside the file")
            refuse_parent(self.path, file.read(text_at * SECTOR, text_size * SECTOR).decode("latin-1"))

    def _header(self, at):
        header = _HEADER.unpack_from(self._file.read(at, SECTOR))
        if self._file.length < SECTOR or header[0] != MAGIC:
            raise self.damaged("its header is missing")
        return header

    def _place(self, number):
        """The first sector of a grain; 0 for none."""
        table = self._directory[number // self._per]
        sector = self._grains(table)[number % self._per] if table else 0
        return 0 if sector == 1 and self._zeroed else sector

    def _there(self, number):
        return self._place(number) != 0

    def _piece(self, number, inside, n):
        sector = self._place(number)
        if sector * SECTOR >= self._file.length:
            raise self._file.error("the VMDK image is damaged: a grain lies outside the file")
        if self.compressed:
            return self._unpacked(sector)[inside:inside + n]
        return self._file.read(sector * SECTOR + inside, n)

    def _unpack(self, sector):
        at = sector * SECTOR
        size = int.from_bytes(self._file.read(at + 8, 4), "little")
        if not 0 < size <= min(2 * self.block + 4096, self._file.length - at - 12):
            raise self._file.error("the VMDK image is damaged: a compressed grain is cut off")
        try:
            data = zlib.decompressobj().decompress(self._file.read(at + 12, size), self.block)
        except zlib.error as error:
            raise self._file.error(f"the VMDK image is damaged: a compressed grain ({error})") from None
        return data.ljust(self.block, b"\0")


class FlatExtent:
    """A part of a file as it stands."""

    def __init__(self, path, size, at, owner):
        self._file = HostFile(path)
        self.size, self._at = size, at
        if at + size > self._file.length:
            self.close()
            raise MediaError(path, f"is cut off: {owner} says that it holds {size} bytes from {at}")

    def read(self, offset, n):
        """The bytes at ``offset``."""
        return self._file.read(self._at + offset, n)

    def data_runs(self):
        """(offset, size) of the parts that may be other than zeros."""
        return ((at - self._at, n) for at, n in self._file.data_runs(self._at, self._at + self.size))

    def close(self):
        """Close the file."""
        self._file.close()


class Nothing:
    """An extent of zeros."""

    def __init__(self, size):
        self.size = size

    def read(self, offset, n):
        """Zeros."""
        return bytes(n)

    def data_runs(self):
        """None."""
        return ()

    def close(self):
        """Nothing to do."""


class DescribedImage(Medium):
    """An image whose descriptor is a text file that names its extents.  ``anywhere``: also outside its folder."""

    format, name = "vmdk", "VMDK"

    def __init__(self, path, file, anywhere=False):
        self.path, self.accesses, self._extents = file.path, 0, []
        with_size = min(file.length, DESCRIPTOR_MOST)
        try:
            text = file.read(0, with_size).decode("latin-1")
        finally:
            file.close()
        refuse_parent(path, text)
        try:
            for line in text.splitlines():
                if line.startswith(("RW ", "RDONLY ", "NOACCESS ")):
                    self._extents.append(self._extent(line.strip(), anywhere))
                    if len(self._extents) > EXTENTS_MOST:
                        raise MediaError(path, f"is a damaged VMDK descriptor: it has more than {EXTENTS_MOST} extents")
        except BaseException:
            self.close()
            raise
        self.size = sum(e.size for e in self._extents)
        if not 0 < self.size <= SIZE_MOST:
            self.close()
            raise MediaError(path, f"is a damaged VMDK descriptor: its extents hold {self.size} bytes")

    def _extent(self, line, anywhere):
        found = _EXTENT.match(line)
        if found is None:
            raise MediaError(self.path, f"is a damaged VMDK descriptor: it has an extent {line[:60]!r}")
        size, kind, name, at = int(found[2]) * SECTOR, found[3], found[4], int(found[5] or 0) * SECTOR
        if kind == "ZERO":
            return Nothing(size)
        if kind not in ("FLAT", "VMFS", "SPARSE") or not name:
            raise MediaError(self.path, f"is a VMDK descriptor with an extent of type {kind}, which is not supported")
        where = beside(self.path, name, "extent", anywhere)
        if kind != "SPARSE":
            return FlatExtent(where, size, at, self.path)
        extent = SparseExtent(where)
        if extent.size != size:
            extent.close()
            raise MediaError(where, f"holds {extent.size} bytes, where {self.path} says {size}")
        return extent

    def read(self, offset, n):
        """The bytes at ``offset``, as many as lie inside the medium."""
        self.accesses += 1
        end, start, parts = offset + max(0, min(n, self.size - offset)), 0, []
        for extent in self._extents:
            if start <= offset < min(end, start + extent.size):
                size = min(end, start + extent.size) - offset
                parts.append(extent.read(offset - start, size))
                offset += size
            start += extent.size
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def data_runs(self):
        """(offset, size) of the parts that may be other than zeros."""
        start = 0
        for extent in self._extents:
            for offset, size in extent.data_runs():
                yield start + offset, size
            start += extent.size

    def close(self):
        """Close all files."""
        for extent in self._extents:
            extent.close()


def refuse_parent(path, text):
    """Raise MediaError for a descriptor of an image that only has what differs from another."""
    found = re.search(r"^\s*parentCID\s*=\s*([0-9a-fA-F]{1,16})", text, re.MULTILINE)
    if found and int(found[1], 16) & 0xFFFFFFFF != 0xFFFFFFFF:
        raise MediaError(path, "is a VMDK image on top of another one, which is not supported: merge them first")
