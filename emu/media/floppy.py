"""Floppy formats, and an image as a floppy disk."""

from dataclasses import dataclass

from .errors import MediaError

SECTOR = 512


@dataclass(frozen=True)
class Format:
    """How a floppy is laid out: cylinders, heads, sectors a track, data rate in kbit/s at 300 turns a minute, and the
    CMOS type of the drive it is put in (DRIVE_TYPES; a 1.44M drive reads 720K disks)."""

    name: str
    cylinders: int
    heads: int
    sectors: int
    rate: int
    drive_type: int

    @property
    def size(self):
        """Bytes."""
        return self.cylinders * self.heads * self.sectors * SECTOR


FORMATS = (
    Format("160K", 40, 1, 8, 250, 1), Format("180K", 40, 1, 9, 250, 1),
    Format("320K", 40, 2, 8, 250, 1), Format("360K", 40, 2, 9, 250, 1),
    Format("410K", 41, 2, 10, 250, 1), Format("420K", 42, 2, 10, 250, 1),
    Format("640K", 80, 2, 8, 250, 4), Format("720K", 80, 2, 9, 250, 4), Format("800K", 80, 2, 10, 250, 4),
    Format("820K", 82, 2, 10, 250, 4), Format("830K", 83, 2, 10, 250, 4),
    Format("1.2M", 80, 2, 15, 500, 2), Format("1.44M", 80, 2, 18, 500, 4),
    Format("1.48M", 82, 2, 18, 500, 4), Format("1.49M", 83, 2, 18, 500, 4),
    Format("1.6M", 80, 2, 20, 500, 4), Format("1.68M", 80, 2, 21, 500, 4), Format("1.72M", 82, 2, 21, 500, 4),
    Format("1.74M", 83, 2, 21, 500, 4), Format("1.76M", 80, 2, 22, 500, 4), Format("1.84M", 80, 2, 23, 500, 4),
    Format("1.92M", 80, 2, 24, 500, 4),
    Format("2.88M", 80, 2, 36, 1000, 5), Format("3.12M", 80, 2, 39, 1000, 5), Format("3.2M", 80, 2, 40, 1000, 5),
    Format("3.52M", 80, 2, 44, 1000, 5), Format("3.84M", 80, 2, 48, 1000, 5),
)
BY_SIZE = {f.size: f for f in FORMATS}
LARGEST = max(BY_SIZE)
# As large as others, and told from them by what the boot sector says: one side of a 3.5-inch disk.
ALTERNATES = (Format("320K", 80, 1, 8, 250, 4), Format("360K", 80, 1, 9, 250, 4))
DRIVE_TYPES = {"360K": 1, "1.2M": 2, "720K": 3, "1.44M": 4, "2.88M": 5}        # as CMOS names them
_COMMON = tuple(f for f in FORMATS if f.name in ("1.44M", "2.88M"))
_MOST_CYLINDERS, _MOST_SECTORS = 84, 48                                        # that drives reach, and that a track holds


def format_for(size, boot=b""):
    """The format of an image of ``size`` bytes that starts with the sector ``boot``; None if it is no floppy's.

    A whole disk's size tells it, or the boot sector where it agrees with the size; a shorter image (a lone boot sector,
    or one whose end was left out) goes on the disk that its boot sector describes, or else on a 1.44M or 2.88M one.
    """
    told = _told_by(boot)
    if told is not None and told.size == size and (size not in BY_SIZE or told in ALTERNATES):
        return told
    if size in BY_SIZE:
        return BY_SIZE[size]
    if size == 0 or size % SECTOR:
        return None
    if told is not None and size < told.size and told in FORMATS:
        return told
    return next((f for f in _COMMON if size <= f.size), None)


def _told_by(boot):
    """The format that the parameter block in a FAT boot sector describes, or None."""
    if len(boot) < SECTOR or boot[0] not in (0xEB, 0xE9):
        return None
    sector, total, sectors, heads = (int.from_bytes(boot[n:n + 2], "little") for n in (0x0B, 0x13, 0x18, 0x1A))
    if sector != SECTOR or not 8 <= sectors <= _MOST_SECTORS or heads not in (1, 2) or total % (sectors * heads):
        return None
    cylinders = total // (sectors * heads)
    known = [f for f in FORMATS + ALTERNATES if (f.cylinders, f.heads, f.sectors) == (cylinders, heads, sectors)]
    if known:
        return known[0]
    if not 38 <= cylinders <= _MOST_CYLINDERS:
        return None
    rate = 250 if sectors <= 11 else 500 if sectors <= 24 else 1000
    drive = 5 if rate == 1000 else 2 if 15 <= sectors <= 17 else 4
    return Format(f"{total // 2}K", cylinders, heads, sectors, rate, drive)


class FloppyMedium:
    """A floppy disk: an image with a format.  ``deleted`` holds the sectors with a deleted-data mark, which raw images
    cannot keep; it lasts as long as the disk is open."""

    def __init__(self, image, format=None):
        self.image = image
        self.format = format or format_for(image.size)
        if self.format is None:
            raise MediaError(getattr(image, "path", "floppy"), wrong_size(image.size))
        self.deleted = set()

    @property
    def read_only(self):
        """Is the disk write-protected?"""
        return self.image.read_only

    @property
    def path(self):
        """The file's name."""
        return self.image.path

    @property
    def accesses(self):
        """Reads and writes so far."""
        return self.image.accesses

    @property
    def size(self):
        """Bytes of the whole disk."""
        return self.format.size

    def read(self, offset, n):
        """``n`` bytes at ``offset``; zeros past the end of a short image."""
        return self.image.read(offset, n).ljust(n, b"\0")

    def write(self, offset, data):
        """Write ``data`` at ``offset``."""
        self.image.write(offset, data)

    def flush(self):
        """Have it all on the host's disk."""
        self.image.flush()

    def close(self):
        """Close the image."""
        self.image.close()


def wrong_size(size):
    """What to say of an image that has no floppy's size."""
    if size == 0:
        return "is empty"
    return f"is {size} bytes long, which is no floppy disk's size (160K to 3.84M)"
