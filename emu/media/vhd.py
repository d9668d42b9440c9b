"""VHD (Virtual PC) images, to be read: fixed and dynamic ones.

Virtual Hard Disk Image Format Specification, version 1.0 (Microsoft 2006).  All numbers are big-endian.
"""

from array import array
from sys import byteorder

from .blocks import BlockImage, Recent
from .errors import MediaError

SECTOR = 512
COOKIE, DYNAMIC_COOKIE = b"conectix", b"cxsparse"
FIXED, DYNAMIC, DIFFERENCING = 2, 3, 4
UNUSED = 0xFFFFFFFF
SIZE_MOST = 2040 << 30          # what the format can hold
BLOCK_MOST = 256 << 20


def _number(data, at, size):
    return int.from_bytes(data[at:at + size], "big")


def _sum_is_right(data, at):
    """A checksum is the complement of the sum of all bytes but its own."""
    return _number(data, at, 4) == ~(sum(data) - sum(data[at:at + 4])) & 0xFFFFFFFF


class VhdImage(BlockImage):
    """A VHD image."""

    format, name = "vhd", "VHD"

    def _open(self):
        file = self._file
        if file.length < SECTOR:
            raise self.damaged("it is too short")
        footer = file.read(file.length - SECTOR, SECTOR)
        if footer[:8] != COOKIE or not _sum_is_right(footer, 64):
            footer = file.read(0, SECTOR)               # the copy that all but fixed ones have
            if footer[:8] != COOKIE or not _sum_is_right(footer, 64):
                raise self.damaged("its footer is missing or has a wrong checksum")
        self.kind = _number(footer, 60, 4)
        self.size = _number(footer, 48, 8)
        if self.kind == DIFFERENCING:
            raise MediaError(self.path, "is a differencing VHD image, which is not supported: merge it with its parent first")
        if self.kind not in (FIXED, DYNAMIC):
            raise self.damaged(f"its type is {self.kind}")
        if not 0 < self.size <= SIZE_MOST or self.size % SECTOR:
            raise self.damaged(f"it claims to hold {self.size} bytes")
        if self.kind == FIXED:
            if self.size > file.length - SECTOR:
                raise self.damaged(f"it claims to hold {self.size} bytes and is cut off after {file.length}")
            self.block = self.size
        else:
            self._open_dynamic(_number(footer, 16, 8))

    def _open_dynamic(self, at):
        file = self._file
        if at % SECTOR or at + 1024 > file.length:
            raise self.damaged(f"its dynamic header is at {at}")
        header = file.read(at, 1024)
        if header[:8] != DYNAMIC_COOKIE or not _sum_is_right(header, 36):
            raise self.damaged("its dynamic header is missing or has a wrong checksum")
        table_at, entries, self.block = _number(header, 16, 8), _number(header, 28, 4), _number(header, 32, 4)
        if self.block < SECTOR or self.block & (self.block - 1) or self.block > BLOCK_MOST:
            raise self.damaged(f"its blocks have {self.block} bytes")
        if entries < -(-self.size // self.block):
            raise self.damaged(f"its table of {entries} blocks is too short for {self.size} bytes")
        entries = -(-self.size // self.block)
        if table_at % SECTOR or table_at + entries * 4 > file.length:
            raise self.damaged("its table of blocks lies outside the file")
        self._table = array("I", file.read(table_at, entries * 4))
        if byteorder == "little":
            self._table.byteswap()
        self._bitmap_bytes = -(-self.block // SECTOR // 8 // SECTOR) * SECTOR or SECTOR
        for n, sector in enumerate(self._table):
            if sector != UNUSED and sector * SECTOR + self._bitmap_bytes >= file.length:
                raise self.damaged(f"block {n} lies outside the file")
        self._bitmap = Recent(lambda n: file.read(self._table[n] * SECTOR, self._bitmap_bytes), 64)

    def _there(self, number):
        return self.kind == FIXED or self._table[number] != UNUSED

    def _piece(self, number, inside, n):
        if self.kind == FIXED:
            return self._file.read(inside, n)
        data = self._file.read(self._table[number] * SECTOR + self._bitmap_bytes + inside, n)
        bitmap = self._bitmap(number)
        first, last = inside // SECTOR, (inside + n - 1) // SECTOR
        if bitmap[first // 8:last // 8 + 1].count(0xFF) == last // 8 - first // 8 + 1:
            return data
        data = bytearray(data)                          # a sector whose bit is off was never written
        for sector in range(first, last + 1):
            if not bitmap[sector // 8] >> (7 - sector % 8) & 1:
                low, high = max(0, sector * SECTOR - inside), min(n, (sector + 1) * SECTOR - inside)
                data[low:high] = bytes(high - low)
        return bytes(data)
