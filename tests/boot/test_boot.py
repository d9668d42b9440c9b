"""First boots on the native engine: FreeDOS, MikeOS, ISOLINUX, and Linux 6.1 from CD."""

import pytest
from boots import Boot, check

pytestmark = [pytest.mark.boot, pytest.mark.native]

QUICK = [
    Boot("floppies/freedos722.img", "A:\\>", memory="16M"),
    Boot("mikeos-4.6.1.iso", "Thanks for trying out MikeOS!", memory="16M"),
    Boot("debian-busybox.iso", "Automatic boot in"),
]
SLOW = [
    Boot("debian-busybox.iso", "DEBIAN-BUSYBOX-READY", script=[("Using 1 I/O APICs", None), ("CD-OK", None), ("CD-SUMS-OK", None)], seconds=600),
]


@pytest.mark.parametrize("row", QUICK, ids=lambda row: row.name)
def test_boots(row, image):
    check(row, image)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("row", SLOW, ids=lambda row: row.name)
def test_boots_to_its_end(row, image):
    check(row, image)


def test_dos_runs_commands(image):
    """Keys reach the guest, its answer comes back, and the floppy's directory is read."""
    def look(pc):
        pc.type("ver\n")
        pc.wait_for_text("FreeDOS", timeout=60)
        pc.type("dir\n")
        pc.wait_for_text("bytes free", timeout=60)
        assert pc.screen_text()[-1].strip() == "" or "A:\\>" in "".join(pc.screen_text())
    check(QUICK[0], image, then=look)
