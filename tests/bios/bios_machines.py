"""Fixtures: machines that have booted the server of services, on the BIOS of this tree.  Tests import what they use."""

import bios_media
import pytest
from bios_rig import BiosRig

from emu.machine.config import FIRMWARE, Floppy


@pytest.fixture(scope="session")
def ours(firmware):
    """The setting that takes the project's BIOS, whatever else is installed."""
    return {"bios": FIRMWARE / "bios.bin"}


@pytest.fixture(scope="session")
def media(tmp_path_factory):
    """Paths of a floppy, a disk and CDs that boot the server."""
    folder = tmp_path_factory.mktemp("media")
    return {
        "floppy": bios_media.floppy(folder / "floppy.img"),
        "disk": bios_media.disk(folder / "disk.img"),
        "cd": bios_media.cd(folder / "cd.iso"),
        "cd_floppy": bios_media.cd(folder / "cd_floppy.iso", bios_media.FLOPPY_144, sectors=1),
        "cd_disk": bios_media.cd(folder / "cd_disk.iso", bios_media.HARD_DISK, sectors=1),
    }


@pytest.fixture
def rig(ours, media):
    """Booted from the floppy, with a disk and a CD."""
    with BiosRig(floppy=Floppy(media["floppy"], keep_writes=False), disk=media["disk"], cdrom=media["cd"], boot="floppy",
                 snapshot=True, **ours) as made:
        yield made


@pytest.fixture
def boot(ours):
    """``boot(**settings)``: a machine that has booted the server; it is closed at the end of the test."""
    made = []

    def start(**settings):
        made.append(BiosRig(**{"snapshot": True, **ours, **settings}))
        return made[-1]
    yield start
    for one in made:
        one.pc.close()
