"""Makes ISO 9660 images: files in folders, long names by Joliet and, if wanted, Rock Ridge, an El Torito boot entry without or with a floppy's emulation.

ISO 9660 (ECMA-119), Joliet (Microsoft 1995), "El Torito" 1.0.  The same contents give the same bytes.
"""
import re
import struct

from . import rock_ridge
from .eltorito import BOOT_RECORD, EMULATED_SIZE, NO_EMULATION, PRIMARY, SECTOR, TERMINATOR

SYSTEM_AREA = 16                # sectors before the descriptors
SUPPLEMENTARY = 2
DIRECTORY, MULTI_EXTENT = 0x02, 0x80     # flags of a directory record
X86, BOOTABLE = 0, 0x88
BOOT_INFO_AT, BOOT_INFO_SUM_FROM = 8, 64        # boot information table of a boot image
JOLIET_LEVEL_3 = b"%/E"
EPOCH = (2026, 1, 1, 0, 0, 0)
NAME_MOST = 64                  # characters of a Joliet name
DEPTH_MOST = 8
FOLDERS_MOST = 65535            # a path table's numbers have 16 bits
RECORD_MOST = 254
EXTENT_MOST = 0xFFFFF800        # bytes: whole sectors in 32 bits


class IsoError(ValueError):
    """What cannot be put on a CD, in one line."""


class _File:
    def __init__(self, data, date=None, executable=False):
        self.data, self.lba, self.date, self.executable = data, 0, date, executable
        self.size = data.size if hasattr(data, "size") else len(data)


class _Folder:
    def __init__(self):
        self.children = {}      # name -> _File or _Folder
        self.date = None


class _Place:
    """A folder in one of the two hierarchies: its records' identifiers, and where it lies."""

    def __init__(self, folder, identifier, parent):
        self.folder, self.identifier, self.parent = folder, identifier, parent
        self.entries = []       # (identifier, _File or _Place, name)
        self.lba = self.size = self.number = 0
        self.more = b""         # of Rock Ridge, what does not fit into the records; it lies behind them
        self.date = folder.date


def both16(value):
    """A number in both byte orders."""
    return struct.pack("<H", value) + struct.pack(">H", value)


def both32(value):
    """A number in both byte orders."""
    return struct.pack("<I", value) + struct.pack(">I", value)


def padded(data):
    """Filled up to whole sectors."""
    return data + bytes(-len(data) % SECTOR)


def short_name(name, is_folder, taken):
    """An 8.3 name for ``name`` that is not in ``taken``, and put there."""
    base, dot, extension = name.upper().rpartition(".") if not is_folder else (name.upper(), "", "")
    if not dot:
        base, extension = base or extension, "" if base else ""
        base = base or name.upper()
    base = re.sub("[^A-Z0-9_]", "_", base) or "_"
    extension = re.sub("[^A-Z0-9_]", "_", extension)[:3]
    tail, count = base[:8], taken.get((base[:4], extension), 0)
    while True:
        short = tail if is_folder else f"{tail}.{extension}"
        if short not in taken:
            taken[short] = taken[base[:4], extension] = count
            return short.encode() if is_folder else f"{short};1".encode()
        count += 1
        tail = base[:8 - len(str(count)) - 1] + f"_{count}"


def joliet_name(name, taken):
    """``name`` as Joliet can have it, unlike any in ``taken``, and put there."""
    fit = re.sub(r'[\x00-\x1f*/:;?\\\ud800-\udfff]', "_", name)
    short, count = _utf16(fit, NAME_MOST), 0
    while short in taken:
        count += 1
        base, dot, extension = fit.rpartition(".")
        tail = f"~{count}" + (dot + extension if base and len(extension) < 9 else "")
        short = _utf16(base or fit, NAME_MOST - len(tail)) + tail.encode("utf-16-be")
    taken.add(short)
    return short


def _utf16(text, most):
    """UTF-16 of up to ``most`` units, not ending in half a character."""
    return text.encode("utf-16-be")[:2 * most].decode("utf-16-be", "ignore").encode("utf-16-be")


class IsoWriter:
    """A CD in the making: add files, then write()."""

    def __init__(self, label="CDROM", date=EPOCH, publisher="", application="EMU", rock_ridge=False):
        self.label, self.date, self.publisher, self.application = label, date, publisher, application
        self.rock_ridge = rock_ridge    # any names and depth: Joliet has them shortened where need be
        self._root = _Folder()
        self._boot = None       # (_File, 512-byte sectors that the BIOS loads, what it pretends to be)

    def add(self, path, data, date=None, executable=False):
        """A file; folders are made as its path, "/"-separated, names them.  ``data`` is bytes, or stands for some that are read
        later: it has a ``size``, and goes into layout() as it is.  Raises IsoError."""
        *folders, name = [part for part in path.split("/") if part]
        if not self.rock_ridge:
            if len(folders) >= DEPTH_MOST:
                raise IsoError(f"{path}: lies too deep (a CD has {DEPTH_MOST} levels)")
            for part in (*folders, name):
                if len(part) > NAME_MOST:
                    raise IsoError(f"{path}: a name is longer than {NAME_MOST} characters")
        at = self._folder(path, folders)
        if name in at.children:
            raise IsoError(f"{path}: is there already")
        at.children[name] = _File(data if hasattr(data, "size") else bytes(data), date, executable)
        return at.children[name]

    def add_folder(self, path, date=None):
        """A folder, perhaps without files."""
        self._folder(path, [part for part in path.split("/") if part]).date = date

    def _folder(self, path, folders):
        at = self._root
        for part in folders:
            at = at.children.setdefault(part, _Folder())
            if isinstance(at, _File):
                raise IsoError(f"{path}: {part} is a file")
        return at

    def add_boot(self, path, data, load_sectors=4):
        """The boot image: a file whose first ``load_sectors`` of 512 bytes the BIOS loads and starts.

        Its boot information table (bytes 8 to 63) is filled in, so that it finds the rest of itself."""
        self._boot = self.add(path, data), load_sectors, NO_EMULATION

    def add_boot_floppy(self, path, data):
        """The boot image: a whole floppy of 1.2, 1.44 or 2.88 MB, which drive A: is while the CD runs.  Raises IsoError."""
        emulation = next((kind for kind, size in EMULATED_SIZE.items() if size == len(data)), None)
        if emulation is None:
            raise IsoError(f"{path}: {len(data)} bytes are no floppy that a CD can emulate")
        self._boot = self.add(path, data), 1, emulation

    # -- layout ---------------------------------------------------------------------------------------------------

    def _places(self, joliet):
        """All folders of a hierarchy, by level and then in the order of their parents and names."""
        root = _Place(self._root, b"\0", None)
        root.parent = root
        order = [root]
        for place in order:                     # grows while it is walked: a level after another
            taken, found = set() if joliet else {}, []
            for name, child in sorted(place.folder.children.items()):
                is_folder = isinstance(child, _Folder)
                identifier = joliet_name(name, taken) if joliet else short_name(name, is_folder, taken)
                found.append((identifier, _Place(child, identifier, place) if is_folder else child, name))
            place.entries = sorted(found, key=lambda entry: entry[0])
            order += [child for _, child, _ in place.entries if isinstance(child, _Place)]
        if len(order) > FOLDERS_MOST:
            raise IsoError(f"there are more than {FOLDERS_MOST} folders")
        for number, place in enumerate(order, 1):
            place.number = number
            place.size = len(padded(self._records(place, joliet)))
        return order

    def _record(self, identifier, lba, size, flags, date=None, system_use=b""):
        year, month, day, hour, minute, second = date or self.date
        body = (both32(lba) + both32(size) + bytes((year - 1900, month, day, hour, minute, second, 0, flags, 0, 0))
                + both16(1) + bytes((len(identifier),)) + identifier)
        body += bytes(len(body) & 1) + system_use       # with the two length bytes before it, an even length
        body += bytes(len(body) & 1)
        return bytes((len(body) + 2, 0)) + body

    def _records(self, place, joliet):
        """A folder's contents; no record crosses a sector."""
        rock = rock_ridge.Area(place.lba + place.size // SECTOR) if self.rock_ridge and not joliet else None
        dots = [(b"\0", place), (b"\1", place.parent)]
        out = bytearray()
        for identifier, child in dots:
            use = b"" if rock is None else rock.dot(child.date or self.date, place.parent is place and child is place and identifier == b"\0")
            out += self._record(identifier, child.lba, child.size, DIRECTORY, child.date, use)
        for identifier, child, name in place.entries:
            is_folder = isinstance(child, _Place)
            use = b""
            if rock is not None:
                use = rock.entry(name, child.date or self.date, is_folder, not is_folder and child.executable, RECORD_MOST - 34 - len(identifier))
            at, left = child.lba, child.size
            while True:                         # a large file is several extents
                size = min(left, EXTENT_MOST)
                left -= size
                flags = DIRECTORY if is_folder else MULTI_EXTENT if left else 0
                record = self._record(identifier, at, size, flags, child.date, use)
                if len(out) % SECTOR + len(record) > SECTOR:
                    out = bytearray(padded(bytes(out)))
                out += record
                at += size // SECTOR
                if not left:
                    break
        place.more = b"" if rock is None else rock.more
        return bytes(out)

    @staticmethod
    def _path_table(places, order):
        out = b""
        for place in places:
            out += struct.pack(order + "BBIH", len(place.identifier), 0, place.lba, place.parent.number) + place.identifier
            out += bytes(len(place.identifier) & 1)
        return out

    def _files(self):
        """Files in the order of their data: the boot image first."""
        found = [] if self._boot is None else [self._boot[0]]

        def walk(folder):
            for _name, child in sorted(folder.children.items()):
                if isinstance(child, _Folder):
                    walk(child)
                elif self._boot is None or child is not self._boot[0]:
                    found.append(child)

        walk(self._root)
        return found

    def _descriptor(self, kind, places, tables, total):
        joliet = kind == SUPPLEMENTARY

        def text(value, size):
            if joliet:
                return (value.encode("utf-16-be") + b"\0 " * size)[:size & ~1] + bytes(size & 1)
            return value.upper().encode("ascii", "replace").ljust(size)[:size]

        year, month, day, hour, minute, second = self.date
        stamp = f"{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}00".encode() + b"\0"
        root = places[0]
        table_size, little, big = tables
        return b"".join((
            bytes((kind,)), b"CD001\1\0", text("", 32), text(self.label, 32), bytes(8), both32(total),
            (JOLIET_LEVEL_3 if joliet else b"").ljust(32, b"\0"), both16(1), both16(1), both16(SECTOR), both32(table_size),
            struct.pack("<II", little, 0), struct.pack(">II", big, 0), self._record(b"\0", root.lba, root.size, DIRECTORY),
            text("", 128), text(self.publisher, 128), text("", 128), text(self.application, 128), text("", 37), text("", 37), text("", 37),
            stamp, stamp, b"0" * 16 + b"\0", b"0" * 16 + b"\0", b"\1\0")).ljust(SECTOR, b"\0")

    def _catalog(self):
        """Validation entry and the initial entry."""
        entry = bytearray(struct.pack("<BBH24sHBB", 1, X86, 0, b"emu", 0, 0x55, 0xAA))
        struct.pack_into("<H", entry, 28, -sum(struct.unpack("<16H", entry)) & 0xFFFF)
        file, count, emulation = self._boot
        return bytes(entry) + struct.pack("<BBHBBHI", BOOTABLE, emulation, 0, 0, 0, count, file.lba).ljust(32, b"\0")

    @staticmethod
    def _with_boot_info(file):
        """The boot image with its table: where the volume descriptor and itself are, its length and its sum."""
        data = bytearray(file.data)
        words = bytes(data[BOOT_INFO_SUM_FROM:]) + bytes(-len(data) % 4)
        total = sum(struct.unpack(f"<{len(words) // 4}I", words)) & 0xFFFFFFFF
        data[BOOT_INFO_AT:BOOT_INFO_SUM_FROM] = struct.pack("<IIII40x", SYSTEM_AREA, file.lba, len(data), total)
        return bytes(data)

    def write(self):
        """The image's bytes."""
        return b"".join(self.layout())

    def layout(self):
        """The image as a list of pieces: bytes of whole sectors, and what stands for a file's data, in the last sector of which
        zeros follow."""
        trees = [(PRIMARY, self._places(joliet=False)), (SUPPLEMENTARY, self._places(joliet=True))]
        at = SYSTEM_AREA + len(trees) + (self._boot is not None) + 1
        catalog_lba = at
        at += self._boot is not None
        tables = []
        for _kind, places in trees:
            size = len(self._path_table(places, "<"))
            count = -(-size // SECTOR)
            tables.append((size, at, at + count))
            at += 2 * count
        for _kind, places in trees:
            for place in places:
                place.lba = at
                at += place.size // SECTOR + len(padded(place.more)) // SECTOR
        files = self._files()
        for file in files:
            file.lba = at
            at += max(1, -(-file.size // SECTOR))

        out = [bytes(SYSTEM_AREA * SECTOR)]
        descriptors = [self._descriptor(kind, places, table, at) for (kind, places), table in zip(trees, tables)]
        if self._boot is not None:              # El Torito wants it in sector 17
            record = bytes((BOOT_RECORD,)) + b"CD001\1" + b"EL TORITO SPECIFICATION".ljust(64, b"\0") + struct.pack("<I", catalog_lba)
            descriptors.insert(1, record.ljust(SECTOR, b"\0"))
        descriptors.append((bytes((TERMINATOR,)) + b"CD001\1").ljust(SECTOR, b"\0"))
        out += descriptors
        if self._boot is not None:
            out.append(padded(self._catalog()))
        for _kind, places in trees:
            out += [padded(self._path_table(places, "<")), padded(self._path_table(places, ">"))]
        for kind, places in trees:
            for place in places:
                out += [padded(self._records(place, kind == SUPPLEMENTARY)), padded(place.more)]
        for file in files:
            loads_itself = self._boot is not None and file is self._boot[0] and self._boot[2] == NO_EMULATION
            data = self._with_boot_info(file) if loads_itself else file.data
            out.append(data if hasattr(data, "size") else padded(data) or bytes(SECTOR))
        return out
