"""Floppies as CDs that emulate a floppy ("El Torito"), started by our BIOS."""

from pathlib import Path

import pytest
from boots import Boot, check

from emu import Machine
from emu.media.iso_writer import IsoWriter

pytestmark = [pytest.mark.boot, pytest.mark.native]


@pytest.fixture
def as_cd(image, tmp_path):
    """Gives the fixture ``image`` for a CD made of the floppy."""
    def make(name):
        data = Path(image(name)).read_bytes()
        cd = IsoWriter(label="FLOPPY")
        cd.add_boot_floppy("boot.img", data.ljust(1474560, b"\0") if len(data) < 1000 else data)
        path = tmp_path / "floppy.iso"
        path.write_bytes(cd.write())
        return path
    return make


ROWS = [
    Boot("floppies/bootrogue.img", "╔══", memory="4M", seconds=60),
    # Its kernel looks for the floppy in the real drive and says so.
    Boot("floppies/sanos.img", "panic", memory="32M", seconds=60),
    pytest.param(Boot("floppies/floppinux-steve-0.2.4.img", "/root #", seconds=240), marks=pytest.mark.slow),
    # The kernel's own driver asks the real drive for the ramdisk.
    pytest.param(Boot("floppies/boote-linux-2.4.20.img", "VFS: Insert root floppy", seconds=240), marks=pytest.mark.slow),
    pytest.param(Boot("floppies/openbsd-5.1-ramdisk.img", "(S)hell?", seconds=1000),
                 marks=[pytest.mark.heavy, pytest.mark.timeout(1100)]),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_floppy_as_cd(row, as_cd):
    check(row, as_cd)


@pytest.mark.slow
def test_kolibrios_as_cd(as_cd):
    with Machine(cdrom=as_cd("floppies/kolibrios-2014.img"), memory="64M", engine="native", nic="none", net="none") as pc:
        assert pc.run(until=lambda: pc.guest_seconds > 18, timeout=280)
        assert pc.screenshot().array.shape == (600, 800, 3)
