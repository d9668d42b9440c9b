"""Guests on qcow2 disks and on folders: what they write is there after a restart, and QEMU's tools find the images whole."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from linux_shell import ask, files

from emu import Machine
from emu.machine.config import Floppy
from emu.media import convert

sys.path.insert(0, str(Path(__file__).parents[1] / "media"))
import qemu  # noqa: E402

pytestmark = [pytest.mark.boot, pytest.mark.native, pytest.mark.slow]
MIB = 1 << 20


@pytest.fixture(scope="module")
def busybox(image, tmp_path_factory):
    """The files of the busybox CD in a folder."""
    return files(image, tmp_path_factory.mktemp("cd") / "files")


def linux(folder, **settings):
    """Linux of the CD's files, started directly; the folder is its CD."""
    return Machine(kernel=folder / "boot/vmlinuz", initrd=folder / "boot/initrd.gz", append="quiet net.ifnames=0 console=ttyS0,115200",
                   cdrom=folder, memory="128M", nic="none", net="none", engine="native", **settings)


def ready(pc):
    pc.wait_for_text("DEBIAN-BUSYBOX-READY", timeout=300)
    pc.wait_for_text("/ #", timeout=60)


def test_linux_keeps_its_data(busybox, tmp_path):
    """A file system on qcow2, written, flushed, the plug pulled: after a restart the sums are the same.  Its CD and another disk
    are folders of the host."""
    disk, shared = tmp_path / "disk.qcow2", tmp_path / "shared"
    convert.create(str(disk), 128 * MIB, "qcow2")
    (shared / "sub").mkdir(parents=True)
    (shared / "sub/A file of the host.txt").write_text("from the host\n")
    with linux(busybox, disks=[disk, shared]) as pc:
        pc.wait_for_text("CD-SUMS-OK", timeout=300)     # all of the CD that the folder became
        ready(pc)
        assert "from the host" in ask(pc, "mount -o ro -t vfat /dev/sdb1 /mnt; cat '/mnt/sub/A file of the host.txt'; umount /mnt")
        ask(pc, r"printf 'n\np\n1\n\n\nw\n' | fdisk /dev/sda >/dev/null 2>&1; mke2fs -q /dev/sda1; mount -t ext4 /dev/sda1 /mnt")
        for n in range(4):
            ask(pc, f"mkdir /mnt/{n}; dd if=/dev/urandom of=/mnt/{n}/random bs=65536 count={40 * n + 1} 2>/dev/null; cp -r /lib/modules /mnt/{n}")
        sums = ask(pc, "cd /mnt; find . -type f | sort | xargs sha256sum > /mnt/sums; cd /; sync; sha256sum /mnt/sums")
        assert re.search("[0-9a-f]{64}", sums)
        # the plug is pulled: nothing is unmounted
    qemu.whole(disk)
    with linux(busybox, disks=[disk]) as pc:
        ready(pc)
        again = ask(pc, "mount -t ext4 /dev/sda1 /mnt; sha256sum /mnt/sums; cd /mnt; sha256sum -c -s sums && echo ALL-THERE; cd /")
        assert re.search("[0-9a-f]{64}", again)[0] == re.search("[0-9a-f]{64}", sums)[0] and "ALL-THERE" in again
        ask(pc, "umount /mnt")
    qemu.whole(disk)


def test_dos_keeps_its_data(image, tmp_path):
    """FreeDOS copies its floppy to a qcow2 disk; after a restart all is there, and mtools reads it from the image."""
    if shutil.which("mcopy") is None:
        absent("mcopy (Debian: mtools)")
    empty, disk = tmp_path / "EMPTY", tmp_path / "disk.qcow2"
    empty.mkdir()
    convert.convert(str(empty), str(disk), "qcow2")     # a FAT file system
    settings = {"floppy": Floppy(image("floppies/freedos722.img"), keep_writes=False), "disk": disk, "boot": "floppy", "memory": "16M",
                "nic": "none", "net": "none", "engine": "native"}
    with Machine(**settings) as pc:
        pc.wait_for_text("A:\\>", timeout=120)
        pc.type("fdos\\xcopy a:\\*.* c:\\saved\\ /s /e\n")
        pc.wait_for_text("file(s) copied", timeout=200)
        pc.type("echo made by the guest> c:\\saved\\note.txt\n")
        pc.run_for(3)
    qemu.whole(disk)
    with Machine(**settings) as pc:
        pc.wait_for_text("A:\\>", timeout=120)
        pc.type("type c:\\saved\\note.txt\n")
        pc.wait_for_text("made by the guest", timeout=60)
    raw, out = tmp_path / "raw", tmp_path / "out"
    convert.convert(str(disk), str(raw), "raw")
    out.mkdir()
    subprocess.run(["mcopy", "-s", "-n", "-i", f"{raw}@@32256", "::saved", str(out)], check=True, capture_output=True)
    (tmp_path / "floppy").mkdir()
    subprocess.run(["mcopy", "-s", "-n", "-i", image("floppies/freedos722.img"), "::", str(tmp_path / "floppy")], check=True, capture_output=True)
    wanted = {str(p.relative_to(tmp_path / "floppy")).lower(): p.read_bytes() for p in (tmp_path / "floppy").rglob("*") if p.is_file()}
    found = {str(p.relative_to(out / "saved")).lower(): p.read_bytes() for p in (out / "saved").rglob("*") if p.is_file()}
    assert found.pop("note.txt").startswith(b"made by the guest")
    del wanted["kernel.sys"]                            # hidden: XCOPY leaves it out
    assert sorted(found.values()) == sorted(wanted.values()) and len(found) > 30
