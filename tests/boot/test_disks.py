"""Guests on qcow2 disks and on folders: what they write is there after a restart, and QEMU's tools find the images whole."""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from data import ROOT, absent
from linux_shell import ask, files, send

from emu import Machine
from emu.machine.config import Floppy
from emu.media import convert, disks
from emu.media.qcow2 import create

sys.path[:0] = [str(Path(__file__).parents[1] / "media"), str(ROOT / "tools")]
import build_debian_disk  # noqa: E402
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


# -- OpenBSD -----------------------------------------------------------------------------------------------------------

def openbsd(image, disk):
    """Its installer's floppy with the console on COM1, at the shell; gives the machine."""
    pc = Machine(floppy=Floppy(image("floppies/openbsd-5.1-ramdisk.img"), keep_writes=False), disk=disk, boot="floppy", memory="64M",
                 engine="native")
    pc.wait_for_text("boot>", timeout=100)
    pc.type("set tty com0\n")
    pc.run_for(1)
    send(pc, "", 0.05)
    send(pc, "boot", 0.05)
    pc.wait_for_text("(S)hell?", timeout=300)
    send(pc, "S", 0.01)
    pc.wait_for_text("# ", timeout=60)
    return pc


@pytest.mark.timeout(900)
def test_openbsd_makes_a_file_system(image, tmp_path):
    """Its drivers find disk, CD, floppy and network card; fdisk, disklabel and newfs work; a file outlives a restart."""
    disk = tmp_path / "disk.qcow2"
    convert.create(str(disk), 200 * MIB, "qcow2")
    with openbsd(image, disk) as pc:
        found = pc.serial_text()
        for line in ("wd0 at pciide0 channel 0 drive 0: <EMU HARDDISK>", "wd0: 16-sector PIO, LBA48, 200MB, 409600 sectors",
                     "cd0 at scsibus0 targ 0 lun 0: <EMU, CD-ROM, 1.0> ATAPI", "fd0 at fdc0 drive 0: 1.44MB 80 cyl, 2 head, 18 sec", '"Realtek 8029"'):
            assert line in found, line
        ask(pc, "cd /dev; sh MAKEDEV wd0; cd /; fdisk -iy wd0")
        assert "A6" in ask(pc, "fdisk wd0")
        send(pc, "disklabel -E wd0", 0.01)
        for answer in ("a a", "", "", "", "w", "q"):
            pc.wait_for_text("> " if answer in ("a a", "w", "q") else "]", timeout=60)
            send(pc, answer, 0.01)
        pc.wait_for_text("# ", timeout=60)
        assert "4.2BSD" in ask(pc, "disklabel wd0")
        ask(pc, "newfs -q wd0a; mount /dev/wd0a /mnt; cp /bsd /mnt/bsd || cp /bin/ksh /mnt/bsd; echo kept >/mnt/note; umount /mnt; sync")
        send(pc, "reboot", 0.01)
        pc.wait_for_text("rebooting", timeout=60)
        pc.run_for(1)
    qemu.whole(disk)
    with openbsd(image, disk) as pc:
        assert "clean" in ask(pc, "cd /dev; sh MAKEDEV wd0; cd /; fsck -p /dev/rwd0a")
        assert "kept" in ask(pc, "mount /dev/wd0a /mnt; cat /mnt/note")
        ask(pc, "umount /mnt")
    qemu.whole(disk)


# -- Debian installed on a disk ----------------------------------------------------------------------------------------

@pytest.fixture(scope="session")
def debian(request):
    """The path of a disk with Debian; made once, and kept in pytest's cache."""
    path = Path(request.config.cache.mkdir("disks")) / "debian.img"
    if not path.exists():
        lack = build_debian_disk.missing()
        if lack:
            pytest.skip(f"a Debian disk cannot be made: {', '.join(lack)} absent")
        try:
            build_debian_disk.build(path)
        except subprocess.CalledProcessError as error:
            pytest.skip(f"a Debian disk cannot be made: {error.cmd[0]} failed")
    return path


def installed(disk, **settings):
    """Debian from the disk, at its shell on COM1."""
    pc = Machine(disks=[disk, *settings.pop("more", ())], memory="128M", nic="none", net="none", engine="native", backing_anywhere=True, **settings)
    assert pc.run(until=lambda: pc.serial_find("root@guest") >= 0, timeout=900), pc.serial_text()[-2000:]
    return pc


def off(pc):
    send(pc, "poweroff")
    pc.run(timeout=600)
    assert pc.ended == "poweroff", pc.serial_text()[-1000:]


def file_system_is_clean(disk, folder):
    """e2fsck's word on the second partition."""
    part = folder / "part"
    with disks.open_image(disk, anywhere=True) as image, open(part, "wb") as out:
        image_at, size = build_debian_disk.BOOT_AT + build_debian_disk.BOOT_SIZE, build_debian_disk.ROOT_SIZE
        for at in range(0, size, MIB):
            out.write(image.read(image_at + at, MIB))
    done = subprocess.run(["e2fsck", "-fn", part], capture_output=True, text=True)
    part.unlink()
    assert done.returncode == 0, done.stdout


@pytest.mark.heavy
@pytest.mark.timeout(3000)
def test_debian_from_its_disk(debian, tmp_path):
    """SYSLINUX on FAT, Linux on ext4, over a backing file: shut down it is clean, killed it recovers; a whole disk written is read."""
    disk, other = tmp_path / "disk.qcow2", tmp_path / "other.qcow2"
    create(disk, debian.stat().st_size, backing=str(debian), backing_format="raw")
    create(other, 48 * MIB)
    with installed(disk, more=[other]) as pc:
        told = ask(pc, "dd if=/dev/urandom bs=1M count=48 2>/dev/null | tee /dev/sdb | sha256sum; sync; echo kept >/root/note")
        again = ask(pc, "echo 3 >/proc/sys/vm/drop_caches; sha256sum </dev/sdb")
        off(pc)
    qemu.whole(disk)
    qemu.whole(other)
    with disks.open_image(other) as image:
        data = image.read(0, 48 * MIB)
    assert hashlib.sha256(data).hexdigest() in told and hashlib.sha256(data).hexdigest() in again and data.strip(b"\0")
    file_system_is_clean(disk, tmp_path)
    with installed(disk) as pc:
        assert "/dev/sda2: clean" in pc.serial_text() and "kept" in ask(pc, "cat /root/note")
        off(pc)
    for n in range(3):
        killed_while_it_writes(disk, 20 + 5 * n)
        assert "ERROR" not in qemu.img("check", "-f", "qcow2", disk, code=(0, 3))
        with installed(disk) as pc:
            assert "recovery complete" in ask(pc, "dmesg | grep EXT4")          # by the kernel: its journal was not empty
            assert "kept" in ask(pc, "cat /root/note; rm -rf /root/x")
            off(pc)
        qemu.whole(disk)
        file_system_is_clean(disk, tmp_path)


def killed_while_it_writes(disk, seconds):
    """Boot under emu run, have files written and flushed without end, and kill the emulator."""
    with open(disk.parent / "said", "w+b") as said:
        process = subprocess.Popen([sys.executable, "-m", "emu", "run", "--disk", disk, "--backing-anywhere", "--display", "none", "--net", "none",
                                    "--nic", "none", "--memory", "128M", "--serial", "stdio"], stdin=subprocess.PIPE, stdout=said,
                                   stderr=subprocess.STDOUT, env={**os.environ, "PYTHONPATH": str(ROOT)})
        try:
            end = time.monotonic() + 900
            while b"root@guest" not in Path(said.name).read_bytes():
                assert process.poll() is None and time.monotonic() < end, Path(said.name).read_bytes()[-2000:]
                time.sleep(0.2)
            process.stdin.write(b"while :; do cp -r /usr/share /root/x; sync; rm -rf /root/x; sync; done\r")
            process.stdin.flush()
            time.sleep(seconds)
        finally:
            process.send_signal(signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL


# -- the live CD copies itself ------------------------------------------------------------------------------------------

@pytest.mark.heavy
@pytest.mark.timeout(3000)
def test_live_cd_copies_itself(image, tmp_path):
    """Its system goes to ext4 on an empty qcow2 disk, and runs from there with the kernel and initial RAM disk of the CD."""
    if shutil.which("xorriso") is None:
        absent("xorriso")
    disk, raw = tmp_path / "disk.qcow2", tmp_path / "raw"
    subprocess.run(["xorriso", "-osirrox", "on", "-indev", image("debian-live-desktop.iso"), "-extract", "/boot", tmp_path / "boot"],
                   check=True, capture_output=True)
    create(disk, 900 * MIB)
    settings = {"memory": "256M", "nic": "none", "net": "none", "engine": "native", "disk": disk, "kernel": tmp_path / "boot/vmlinuz",
                "initrd": tmp_path / "boot/initrd.gz"}
    line = "net.ifnames=0 textonly console=ttyS0,115200"
    with Machine(append=f"boot=live components nopersistence {line}", cdrom=image("debian-live-desktop.iso"),
                 **settings) as pc:
        login(pc)
        ask(pc, "mkfs.ext4 -q /dev/sda; mount /dev/sda /mnt; cp -a /bin /boot /etc /home /lib* /opt /root /sbin /srv /usr /var /mnt; echo '/dev/sda / ext4 defaults 0 1' >/mnt/etc/fstab", 1200)
        assert "/dev/sda on /mnt type ext4" in ask(pc, "mount")
        ask(pc, "mkdir -p /mnt/dev /mnt/proc /mnt/sys /mnt/run /mnt/tmp; cd /usr; find bin lib sbin -type f | sort | xargs sha256sum >/mnt/sums", 1200)
        assert "SAME" in ask(pc, "cd /mnt/usr; sha256sum --status -c /mnt/sums && echo SA''ME; cd /; sync; umount /mnt; sync", 1200)
    qemu.whole(disk)
    convert.convert(str(disk), str(raw), "raw")
    assert subprocess.run(["e2fsck", "-fn", raw], capture_output=True).returncode == 0
    raw.unlink()
    with Machine(append=f"root=/dev/sda ro {line}", **settings) as pc:
        login(pc)
        assert "/dev/sda on / type ext4" in ask(pc, "mount")
        assert "SAME" in ask(pc, "cd /usr; sha256sum --status -c /sums && echo SA''ME", 1200)
        off(pc)
    qemu.whole(disk)


def login(pc):
    """As root on COM1 (the screen has a login of its own)."""
    for text, answer in (("login: ", "root"), ("Password: ", "root"), ("root@", "")):
        assert pc.run(until=lambda text=text: pc.serial_find(text) >= 0, timeout=600), pc.serial_text()[-1000:]
        pc.run_for(0.5)
        send(pc, answer, 0.01)
