"""Linux's own floppy driver: formats told by trying, both directions, other disks, write protection, an empty drive."""

import hashlib
import random

import pytest

from emu import Machine
from emu.machine.config import Floppy

pytestmark = [pytest.mark.native, pytest.mark.slow]

DEVICE = "/dev/fd0"


def shell(pc, command, answer):
    pc.type(command + "\n")
    pc.wait_for_text(answer, timeout=120)


def change(pc, mark):
    """The first access after a change is Linux's to find it out: before jiffies pass 0, five minutes after its start, opening
    the device does not look at the line."""
    shell(pc, f"dd if={DEVICE} of=/dev/null count=1; echo SE''EN{mark}", f"SEEN{mark}")


def test_linux_reads_writes_and_sees_changes(image, tmp_path):
    rnd = random.Random(5)
    data, names = [rnd.randbytes(1474560), rnd.randbytes(737280)], [tmp_path / "a.img", tmp_path / "b.img"]
    for name, content in zip(names, data):
        name.write_bytes(content)
    with Machine(cdrom=image("debian-busybox.iso"), boot="cdrom", floppies=[Floppy(str(names[0]))], memory="128M", net="none",
                 nic="none", engine="native") as pc:
        pc.wait_for_text("DEBIAN-BUSYBOX-READY", timeout=300)
        shell(pc, "dmesg | grep 8207", "FDC 0 is a post-1991 82077")
        shell(pc, f"dd if={DEVICE} bs=18k | md5sum", hashlib.md5(data[0]).hexdigest())
        shell(pc, f"dd if=/dev/zero bs=18k count=40 | tr '\\000' x | dd of={DEVICE} bs=18k seek=40; sync; echo WRIT''TEN", "WRITTEN")
        pc.run_for(1)
        assert names[0].read_bytes() == data[0][:737280] + b"x" * 737280
        pc.insert_floppy(str(names[1]), read_only=True)             # a 720K disk
        change(pc, 1)
        shell(pc, f"dd if={DEVICE} bs=9k | md5sum", hashlib.md5(data[1]).hexdigest())
        shell(pc, f"dd if=/dev/zero of={DEVICE} count=1", "Read-only file system")
        pc.eject_floppy()
        change(pc, 2)
        shell(pc, f"dd if={DEVICE} of=/dev/null count=1", "No such device or address")
        pc.insert_floppy(str(names[0]))
        change(pc, 3)
        shell(pc, f"dd if={DEVICE} bs=18k | md5sum", hashlib.md5(names[0].read_bytes()).hexdigest())
    assert names[1].read_bytes() == data[1]


@pytest.mark.heavy
@pytest.mark.parametrize("options", ["nodma", "nofifo,nodma"])
def test_linux_by_programmed_io(image, tmp_path, options):
    """The driver without DMA: it takes the bytes in its interrupt, a FIFO or a byte at a time."""
    data = random.Random(6).randbytes(1474560)
    path = tmp_path / "a.img"
    path.write_bytes(data)
    with Machine(cdrom=image("debian-busybox.iso"), boot="cdrom", floppies=[Floppy(str(path))], memory="128M", net="none",
                 nic="none", engine="native") as pc:
        pc.wait_for_text("DEBIAN-BUSYBOX-READY", timeout=300)
        shell(pc, f"rmmod floppy; modprobe floppy floppy={options}; echo LOA''DED", "LOADED")
        shell(pc, f"dd if={DEVICE} bs=18k | md5sum", hashlib.md5(data).hexdigest())
        shell(pc, f"dd if=/dev/zero of={DEVICE} bs=18k count=2; sync; echo WRIT''TEN", "WRITTEN")
        pc.run_for(1)
    assert path.read_bytes() == bytes(36864) + data[36864:]
