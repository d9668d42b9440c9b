"""Makes disks with one partition and a FAT16 or FAT32 file system with long names in it.

FAT: General Overview of On-Disk Format, version 1.03 (Microsoft 2000).
"""

import re
import struct
from array import array
from sys import byteorder

SECTOR = 512
HEADS, TRACK = 16, 63                   # the geometry that the drives tell
PARTITION_AT = TRACK                    # sectors: the second track
ALIGN = HEADS * TRACK                   # a disk is whole cylinders
FREE_LEAST, FREE_PART = 128 << 20, 4    # room for the guest: a quarter of what is there, and at least this
FILES_BYTES_MOST = 128 << 30
FILE_MOST = (1 << 32) - 1
FAT16_BYTES_MOST = 1000 << 20           # of the whole disk
FAT16_CLUSTERS, FAT32_CLUSTERS = range(4085, 65525), range(65525, 0x0FFFFFF5)
FAT16_LBA, FAT32_LBA = 0x0E, 0x0C       # types of a partition
MEDIA = 0xF8
VOLUME, FOLDER, ARCHIVE, LONG = 0x08, 0x10, 0x20, 0x0F
ENTRY, LONG_CHARACTERS, NAME_MOST = 32, 13, 255
FOLDER_MOST = 65520 * ENTRY
ROOT16_LEAST = 512                      # entries
BOOT_TEXT = b"This disk is a folder of the host and cannot be booted.\r\n\0"
# print the text at 7C00h + offset by INT 10h, then let the BIOS try the next device
_BOOT = bytes.fromhex("fa31c08ed88ed0bc007cfbfcbe") + b"%s" + bytes.fromhex("ac08c07409b40ebb0700cd10ebf2cd18f4ebfd")


class FatError(ValueError):
    """What cannot be on such a disk, in one line."""


class _Node:
    """A file (with ``data``) or folder."""

    def __init__(self, date, data=None):
        self.data, self.date = data, date
        self.size = 0 if data is None else data.size
        self.children = {}
        self.first = self.clusters = 0
        self.table = b""                # a folder's entries


def short_name(name, taken):
    """An 8.3 name of 11 bytes for ``name``, unlike those in ``taken``, and put there."""
    base, dot, extension = name.rpartition(".")
    if not dot or not base:
        base, extension = name, ""
    base, extension = (re.sub("[^A-Z0-9!#$%&'()@^_`{}~-]", "_", part.upper().replace(" ", "").replace(".", "")) for part in (base, extension))
    plain = (base[:8].ljust(8) + extension[:3].ljust(3)).encode()
    fits = name.isascii() and f"{base}.{extension}".rstrip(".") == name.upper()
    if fits and len(base) <= 8 and len(extension) <= 3 and plain not in taken:
        taken[plain] = 0
        return plain
    count = taken.get(base[:2], 0)
    while True:
        count += 1
        tail = f"~{count}"
        short = ((base[:8 - len(tail)] + tail).ljust(8) + extension[:3].ljust(3)).encode()
        if short not in taken:
            taken[short] = 0
            taken[base[:2]] = count
            return short


def long_name(name, taken):
    """``name`` as a long name can be, unlike those in ``taken`` whatever the case of their letters, and put there."""
    fit = re.sub(r'[\x00-\x1f"*/:<>?\\|\ud800-\udfff]', "_", name).rstrip(". ") or "_"
    fit = _cut(fit, NAME_MOST)
    out, count = fit, 0
    while out.lower() in taken:
        count += 1
        base, dot, extension = fit.rpartition(".")
        tail = f"~{count}" + (dot + extension if base and len(extension) < 9 else "")
        out = _cut(base if base and len(extension) < 9 else fit, NAME_MOST - len(tail)) + tail
    taken.add(out.lower())
    return out


def _cut(text, most):
    return text.encode("utf-16-le")[:2 * most].decode("utf-16-le", "ignore")


def long_entries(name, short):
    """The entries that carry a long name, in the order in which they stand before the short one's."""
    check = 0
    for byte in short:
        check = ((check & 1) << 7 | check >> 1) + byte & 0xFF
    units = name.encode("utf-16-le")
    if len(units) % (2 * LONG_CHARACTERS):
        units += b"\0\0"
    units = units.ljust(-(-len(units) // (2 * LONG_CHARACTERS)) * 2 * LONG_CHARACTERS, b"\xff")
    count, out = len(units) // (2 * LONG_CHARACTERS), b""
    for n in range(count, 0, -1):
        part = units[(n - 1) * 26:n * 26]
        out += bytes((n | (0x40 if n == count else 0),)) + part[:10] + bytes((LONG, 0, check)) + part[10:22] + b"\0\0" + part[22:]
    return out


def entry(short, attributes, date, first, size):
    """A short entry."""
    year, month, day, hour, minute, second = date
    day, time = (year - 1980) << 9 | month << 5 | day, hour << 11 | minute << 5 | second // 2
    return short + struct.pack("<BBBHHHHHHHI", attributes, 0, 0, time, day, day, first >> 16, time, day, first & 0xFFFF, size)


class FatWriter:
    """A disk in the making: add files, then layout()."""

    def __init__(self, label="FOLDER", date=(2026, 1, 1, 0, 0, 0)):
        self.label = re.sub("[^A-Z0-9 _-]", "_", label.upper())[:11].ljust(11).encode()
        self.date = date
        self._root = _Node(date)

    def add(self, path, data, date):
        """A file whose data stand for themselves: they have a ``size``.  Raises FatError."""
        if data.size > FILE_MOST:
            raise FatError(f"{path} is larger than a file on it can be (4 GiB)")
        folder, _, name = path.rpartition("/")
        self._folder(folder).children[name] = _Node(date, data)

    def add_folder(self, path, date):
        """A folder, perhaps without files."""
        self._folder(path).date = date

    def _folder(self, path):
        at = self._root
        for part in filter(None, path.split("/")):
            at = at.children.setdefault(part, _Node(self.date))
        return at

    def _nodes(self):
        """All nodes, folders before what is in them."""
        order = [self._root]
        for node in order:
            order += node.children.values()
        return order

    @staticmethod
    def _table_size(node, root):
        """Bytes of a folder's entries."""
        count = 1 if root else 2
        for name in node.children:
            count += 2 + len(name.encode("utf-16-le", "surrogatepass")) // (2 * LONG_CHARACTERS)
        if count * ENTRY > FOLDER_MOST:
            raise FatError("a folder has more files than one on it can have")
        return count * ENTRY

    def layout(self):
        """(pieces, size): the pieces are (offset, bytes or a file's data), in order; the rest of the disk is zeros."""
        nodes = self._nodes()
        data = sum(node.size for node in nodes)
        if data > FILES_BYTES_MOST:
            raise FatError(f"{data >> 30} GiB of files are too many (up to {FILES_BYTES_MOST >> 30})")
        tables = {node: self._table_size(node, node is self._root) for node in nodes if node.data is None}
        wanted = data + max(FREE_LEAST, data // FREE_PART)
        # A cluster for each file's end is what most gets lost
        fat32 = wanted + len(nodes) * 16384 + sum(tables.values()) > FAT16_BYTES_MOST
        cluster = self._cluster(wanted, fat32)
        if fat32:
            cluster = max(cluster, 4096)
        clusters = -(-wanted // cluster)
        next_free = 2
        for node in nodes:
            if node is self._root and not fat32:
                continue
            node.clusters = -(-tables.get(node, node.size) // cluster)
            if node.clusters:
                node.first = next_free
                next_free += node.clusters
        clusters += len(nodes) + -(-sum(tables.values()) // cluster)
        allowed = FAT32_CLUSTERS if fat32 else FAT16_CLUSTERS
        clusters = max(clusters, allowed.start + 16, next_free + FREE_LEAST // cluster)
        if clusters >= allowed.stop:
            raise FatError("its files do not fit")
        return self._write(nodes, tables, cluster, clusters, next_free, fat32)

    @staticmethod
    def _cluster(wanted, fat32):
        if fat32:
            return 4096 if wanted < 8 << 30 else 8192 if wanted < 16 << 30 else 32768
        return next(size for size in (4096, 8192, 16384, 32768) if wanted // size < 40000)

    def _write(self, nodes, tables, cluster, clusters, next_free, fat32):
        reserved = 32 if fat32 else 1
        root_entries = 0 if fat32 else max(ROOT16_LEAST, -(-tables[self._root] // SECTOR) * SECTOR // ENTRY)
        fat_sectors = -(-(clusters + 2) * (4 if fat32 else 2) // SECTOR)
        data_at = reserved + 2 * fat_sectors + root_entries * ENTRY // SECTOR
        total = data_at + clusters * (cluster // SECTOR)
        disk = -(-(PARTITION_AT + total) // ALIGN) * ALIGN
        boot = self._boot_sector(cluster, reserved, root_entries, total, fat_sectors, fat32)
        base = PARTITION_AT * SECTOR
        pieces = [(0, self._partition_table(total, fat32)), (base, boot)]
        if fat32:
            info = struct.pack("<I480xIII12xI", 0x41615252, 0x61417272, clusters - (next_free - 2), next_free, 0xAA550000)
            pieces += [(base + SECTOR, info), (base + 6 * SECTOR, boot), (base + 7 * SECTOR, info)]
        fat = self._fat(nodes, next_free, fat32)
        for n in range(2):
            pieces.append((base + (reserved + n * fat_sectors) * SECTOR, fat))
        self._fill_tables()
        if not fat32:
            pieces.append((base + (reserved + 2 * fat_sectors) * SECTOR, self._root.table))
        for node in nodes:
            if node.clusters:
                pieces.append((base + data_at * SECTOR + (node.first - 2) * cluster, node.table if node.data is None else node.data))
        return pieces, disk * SECTOR

    @staticmethod
    def _fat(nodes, next_free, fat32):
        """The table of clusters: every file lies in one piece."""
        kind, end = ("I", 0x0FFFFFFF) if fat32 else ("H", 0xFFFF)
        fat = array(kind, range(1, next_free + 1))
        fat[0], fat[1] = end & ~0xFF | MEDIA, end
        for node in nodes:
            if node.clusters:
                fat[node.first + node.clusters - 1] = end
        if byteorder == "big":
            fat.byteswap()
        return fat.tobytes()

    def _fill_tables(self):
        """The entries of all folders."""
        folders = [(self._root, None)]
        for node, parent in folders:
            out = [entry(self.label, VOLUME, self.date, 0, 0)]
            if parent is not None:
                above = 0 if parent is self._root else parent.first
                out = [entry(b".".ljust(11), FOLDER, node.date, node.first, 0), entry(b"..".ljust(11), FOLDER, parent.date, above, 0)]
            shorts, longs = {}, set()
            for name, child in sorted(node.children.items()):
                full = long_name(name, longs)
                short = short_name(full, shorts)
                base, extension = short[:8].rstrip().decode(), short[8:].rstrip().decode()
                if f"{base}.{extension}".rstrip(".") != full:
                    out.append(long_entries(full, short))
                is_folder = child.data is None
                out.append(entry(short, FOLDER if is_folder else ARCHIVE, child.date, child.first, child.size))
                if is_folder:
                    folders.append((child, node))
            node.table = b"".join(out)

    def _partition_table(self, total, fat32):
        last = PARTITION_AT + total - 1
        first_chs, last_chs = self._chs(PARTITION_AT), self._chs(last)
        table = bytes((0x80,)) + first_chs + bytes((FAT32_LBA if fat32 else FAT16_LBA,)) + last_chs + struct.pack("<II", PARTITION_AT, total)
        code = _BOOT % struct.pack("<H", 0x7C00 + len(_BOOT))
        return (code + BOOT_TEXT).ljust(0x1B8, b"\0") + b"emuF\0\0" + table.ljust(64, b"\0") + b"\x55\xaa"

    @staticmethod
    def _chs(sector):
        cylinder, rest = divmod(sector, HEADS * TRACK)
        head, at = divmod(rest, TRACK)
        if cylinder > 1023:
            return b"\xfe\xff\xff"
        return bytes((head, at + 1 | cylinder >> 2 & 0xC0, cylinder & 0xFF))

    def _boot_sector(self, cluster, reserved, root_entries, total, fat_sectors, fat32):
        short = total if total < 65536 and not fat32 else 0
        out = struct.pack("<8sHBHBHHBHHHII", b"EMU     ", SECTOR, cluster // SECTOR, reserved, 2, root_entries, short, MEDIA,
                          0 if fat32 else fat_sectors, TRACK, HEADS, PARTITION_AT, 0 if short else total)
        if fat32:
            out += struct.pack("<IHHIHH12x", fat_sectors, 0, 0, 2, 1, 6)
        out += bytes((0x80, 0, 0x29)) + b"emuF" + self.label + (b"FAT32   " if fat32 else b"FAT16   ")
        code_at = 3 + len(out)
        code = _BOOT % struct.pack("<H", 0x7C00 + code_at + len(_BOOT))
        return (bytes((0xEB, code_at - 2, 0x90)) + out + code + BOOT_TEXT).ljust(510, b"\0") + b"\x55\xaa"
