"""Boots of images: a row says what to attach and what must be seen, `check` runs it."""

from dataclasses import dataclass, field
from pathlib import Path

from emu import Machine

SEABIOS = Path("/usr/share/seabios")        # Debian: package seabios


@dataclass
class Boot:
    """One guest.

    ``script`` is a list of (text to wait for, what to type then); ``until`` must show at the end, on the text screen or
    COM1.  ``seconds`` is the limit of each wait in host seconds on a slow machine.
    """

    image: str
    until: str
    script: list = field(default_factory=list)
    memory: str = "64M"
    seconds: int = 120
    settings: dict = field(default_factory=dict)

    @property
    def name(self):
        """For test ids."""
        return self.image.rpartition("/")[2].rpartition(".")[0]

    def medium(self, path):
        """The setting that attaches the image; its file is never written."""
        from emu.machine.config import Disk, Floppy
        from emu.media import detect
        kind = detect.detect(path).kind
        if kind == detect.ISO:
            return {"cdrom": path}
        if kind == detect.FLOPPY:
            return {"floppy": Floppy(path, keep_writes=False)}
        return {"disk": Disk(path, keep_writes=False)}


def check(row, image, engine="native", then=None):
    """Boot a row's image (``image`` is the fixture) and see that its texts come.

    ``then(machine)`` may look further.  Raises TimeoutError with the screen in its message."""
    settings = {"memory": row.memory, "engine": engine, "nic": "none", "net": "none", **row.medium(image(row.image)), **row.settings}
    with Machine(**settings) as pc:
        for text, keys in row.script:
            pc.wait_for_text(text, timeout=row.seconds)
            if keys:
                pc.type(keys, escapes=True)
        pc.wait_for_text(row.until, timeout=row.seconds)
        if then is not None:
            then(pc)
