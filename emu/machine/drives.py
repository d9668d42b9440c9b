"""Removable media while the machine runs: what is in the CD-ROM and floppy drives, and changing it."""

import os

from emu.media import detect, opening
from emu.media.errors import MediaError
from emu.media.medium import HELD_SECONDS
from emu.media.watched import Watched


class Drives:
    """The CD-ROM drive (None where a disk has its place) and floppy drives of a machine, and every medium that is open."""

    def __init__(self, fdc, snapshot, failed):
        self.fdc, self.snapshot, self._failed = fdc, snapshot, failed
        self.cdrom = None
        self.open = []          # (kind, medium) of all media; kind is cdrom, floppy or disk
        self._disks = []        # media of hard disks
        self._gone = {}         # kind -> accesses to media that were taken out

    def add(self, kind, medium):
        """Note a medium, to be closed at the end; what the host cannot read or write of it is told to ``failed``."""
        if kind == "floppy":
            medium.image = Watched(medium.image, self._failed)
        else:
            medium = Watched(medium, self._failed)
        if kind == "disk":
            self._disks.append(medium)
        self.open.append((kind, medium))
        return medium

    def _drop(self, kind, medium):
        if medium is not None:
            self.open = [entry for entry in self.open if entry[1] is not medium]
            self._gone[kind] = self._gone.get(kind, 0) + medium.accesses
            medium.close()

    def _refuse_twice(self, path, kind):
        """Two drives must not write one file, nor may one read what another writes."""
        for other, medium in self.open:
            if (other, kind) != ("cdrom", "cdrom") and os.path.exists(medium.path) and os.path.samefile(path, medium.path):
                raise MediaError(path, f"is in use as a {'CD' if other == 'cdrom' else other} already")

    def insert(self, path):
        """Put an image into the drive that its content asks for.  Returns "cdrom" or "floppy"; raises MediaError."""
        if os.path.isdir(path):
            return self.insert_cdrom(path)
        content = detect.detect(path)
        if content.kind == detect.ISO:
            return self.insert_cdrom(path)
        if content.kind == detect.FLOPPY:
            return self.insert_floppy(path)
        raise MediaError(path, f"is no CD or floppy image: it is {content.text}")

    def insert_cdrom(self, path):
        """Put a CD into the drive, whatever was in it."""
        if self.cdrom is None:
            raise MediaError(path, "finds no CD-ROM drive in this machine")
        detect.require_cd(path)
        self._refuse_twice(path, "cdrom")
        image = self.add("cdrom", opening.open_cdrom(path))
        before = self.cdrom.image
        self.cdrom.insert(image)
        self._drop("cdrom", before)
        return "cdrom"

    def eject_cdrom(self, force=False):
        """Take the CD out.  False if the guest has locked the tray; it was asked to eject then."""
        if self.cdrom is None or self.cdrom.image is None:
            return True
        before = self.cdrom.image
        if not self.cdrom.eject(force):
            return False
        self._drop("cdrom", before)
        return True

    def insert_floppy(self, path, drive=0, read_only=False):
        """Put a floppy into the drive; the guest's writes go to its file, or it is write-protected."""
        if drive not in (0, 1) or not self.fdc.drive_type[drive]:
            raise MediaError(path, f"finds no floppy drive {'AB'[drive] if drive in (0, 1) else drive} in this machine")
        detect.require_floppy_size(path)
        self._refuse_twice(path, "floppy")
        medium = self.add("floppy", opening.open_floppy(path, not self.snapshot, read_only))
        self._drop("floppy", self.fdc.insert(drive, medium))
        return "floppy"

    def eject_floppy(self, drive=0):
        """Take the floppy out; there may be none."""
        if drive in (0, 1):
            self._drop("floppy", self.fdc.eject(drive))

    def media(self):
        """{"cdrom": path or None, "floppy": path or None}: what is in; a drive that is not there is left out."""
        out = {}
        if self.cdrom is not None:
            image = self.cdrom.medium()
            out["cdrom"] = image and image.path
        if self.fdc.drive_type[0]:
            disk = self.fdc.disks[0]
            out["floppy"] = disk and disk.path
        return out

    def activity(self):
        """{kind: accesses so far}."""
        out = dict(self._gone)
        for kind, medium in self.open:
            out[kind] = out.get(kind, 0) + medium.accesses
        return out

    def settle(self):
        """Nothing that a guest wrote is held back for long, even if the guest does not flush it."""
        for disk in self._disks:
            disk.settle(seconds=HELD_SECONDS)

    def close(self):
        """Close all media.  Raises MediaError if what was written to one could not be finished."""
        failed = None
        for _, medium in self.open:
            try:
                medium.close()
            except MediaError as error:
                failed = failed or error
        if failed is not None:
            raise failed
