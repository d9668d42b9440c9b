"""Rock Ridge entries: a file's own name, mode and time, in the system use field of an ISO 9660 directory record.

SUSP (IEEE P1281) and RRIP (IEEE P1282), draft versions 1.12.
"""

import struct

SECTOR = 2048
CONTINUES = 1
NAME_PIECE = 250                # bytes of a name in one entry
FILE, FOLDER, PROGRAM = 0o100444, 0o040555, 0o100555
MODIFIED = 2
SHARING = b"SP" + bytes((7, 1, 0xBE, 0xEF, 0))
_ID = b"RRIP_1991A"
EXTENSION = b"ER" + bytes((8 + len(_ID), 1, len(_ID), 0, 0, 1)) + _ID


def _both32(value):
    return struct.pack("<I", value) + struct.pack(">I", value)


def _mode(mode, links):
    return b"PX" + bytes((36, 1)) + _both32(mode) + _both32(links) + _both32(0) + _both32(0)


def _time(date):
    year, month, day, hour, minute, second = date
    return b"TF" + bytes((12, 1, MODIFIED, year - 1900, month, day, hour, minute, second, 0))


def _name(name):
    """Entries with a name."""
    data = name.encode("utf-8", "surrogateescape")
    pieces = [data[n:n + NAME_PIECE] for n in range(0, len(data), NAME_PIECE)]
    return [b"NM" + bytes((5 + len(piece), 1, CONTINUES if n < len(pieces) - 1 else 0)) + piece for n, piece in enumerate(pieces)]


class Area:
    """The entries of one folder; ``more`` gets what does not fit into a record, to lie from sector ``lba`` on."""

    def __init__(self, lba):
        self.lba, self.more = lba, b""

    def dot(self, date, root):
        """For the folder itself and its parent; the root's tells that all this is Rock Ridge."""
        return (SHARING if root else b"") + _mode(FOLDER, 2) + _time(date) + (EXTENSION if root else b"")

    def entry(self, name, date, is_folder, executable, room):
        """For a file or folder, in up to ``room`` bytes."""
        fixed = _mode(FOLDER if is_folder else PROGRAM if executable else FILE, 2 if is_folder else 1) + _time(date)
        named = _name(name)
        use = fixed + b"".join(named)
        if len(use) <= room:
            return use
        rest = b"".join(named)
        if len(self.more) % SECTOR + len(rest) > SECTOR:        # no continuation crosses a sector
            self.more += bytes(-len(self.more) % SECTOR)
        at = len(self.more)
        self.more += rest
        return fixed + b"CE" + bytes((28, 1)) + _both32(self.lba + at // SECTOR) + _both32(at % SECTOR) + _both32(len(rest))
