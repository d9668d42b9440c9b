"""Floppy formats, and an image as a floppy disk."""

from dataclasses import dataclass

from .errors import MediaError

SECTOR = 512


@dataclass(frozen=True)
class Format:
    """How a floppy is laid out: cylinders, heads, sectors a track, data rate in kbit/s at 300 turns a minute, and the
    CMOS type of the drive it belongs in (1: 360K, 2: 1.2M, 3: 720K, 4: 1.44M, 5: 2.88M)."""

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
    Format("640K", 80, 2, 8, 250, 3), Format("720K", 80, 2, 9, 250, 3), Format("800K", 80, 2, 10, 250, 3),
    Format("820K", 82, 2, 10, 250, 3), Format("1.2M", 80, 2, 15, 500, 2), Format("1.44M", 80, 2, 18, 500, 4),
    Format("1.6M", 80, 2, 20, 500, 4), Format("1.68M", 80, 2, 21, 500, 4), Format("1.72M", 82, 2, 21, 500, 4),
    Format("1.74M", 83, 2, 21, 500, 4), Format("2.88M", 80, 2, 36, 1000, 5),
)
BY_SIZE = {f.size: f for f in FORMATS}
LARGEST = max(BY_SIZE)
_COMMON = tuple(f for f in FORMATS if f.name in ("1.44M", "2.88M"))


def format_for(size):
    """The format of an image of ``size`` bytes; a shorter one (a lone boot sector) goes on a 1.44M or 2.88M disk.

    None if it is no floppy's size.
    """
    if size in BY_SIZE:
        return BY_SIZE[size]
    if size == 0 or size % SECTOR:
        return None
    return next((f for f in _COMMON if size <= f.size), None)


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
    return f"is {size} bytes long, which is no floppy disk's size (160K to 2.88M)"
