"""INT 13h on hard disks: by cylinder, head and sector, and by the enhanced disk drive calls."""

import struct

import bios_media
import pytest
from bios_machines import boot, media, ours, rig  # noqa: F401
from bios_rig import BUFFER, IF
from bios_media import DISK_SECTORS, numbered

from emu.machine.config import Disk
from emu.media.qcow2 import create

pytestmark = pytest.mark.native

DATA = 0x10000
BAD, PROTECTED, NOT_FOUND, BAD_DATA, NOT_REMOVABLE, WRITE_FAULT = 0x01, 0x03, 0x04, 0x10, 0xB2, 0xCC


def packet(count=1, lba=0, address=DATA, size=16):
    return struct.pack("<BBHHHQ", size, 0, count, address & 15, address >> 4, lba)


def extended(rig, function, drive=0x80, **fields):
    rig.put(packet(**fields))
    return rig.call(0x13, eax=function << 8, edx=drive, esi=BUFFER)


def chs(rig, function, count, cylinder, head, sector, drive=0x80, address=DATA):
    return rig.call(0x13, eax=function << 8 | count, ecx=(cylinder & 0xFF) << 8 | cylinder >> 2 & 0xC0 | sector,
                    edx=head << 8 | drive, es=address >> 4, ebx=address & 15)


def geometry(rig, drive=0x80):
    """Cylinders, heads, sectors, and the number of drives, as function 08h tells them."""
    r = rig.call(0x13, eax=0x0800, edx=drive)
    assert not r.cf and r.ah == 0
    return (r.ch | (r.cl & 0xC0) << 2) + 1, r.dh + 1, r.cl & 0x3F, r.dl


@pytest.mark.parametrize("sectors, want", [
    (20480, (20, 16, 63)), (1024000, (1015, 16, 63)), (2097152, (520, 64, 63)), (4194304, (520, 128, 63)),
    (8388608, (522, 255, 63)), (41943040, (1024, 255, 63))])
def test_geometry(boot, media, tmp_path, sectors, want):
    """Over 1,024 cylinders the heads are multiplied; the last sectors that the geometry has can be read."""
    path = bios_media.disk(tmp_path / "d.img", sectors)
    rig = boot(floppy=media["floppy"], disk=path, boot="floppy")
    cylinders, heads, spt, drives = geometry(rig)
    assert (cylinders, heads, spt, drives) == (*want, 1)
    assert cylinders * heads * spt <= sectors
    r = rig.call(0x13, eax=0x1500, edx=0x80)
    assert r.ah == 3 and r.cx << 16 | r.dx == cylinders * heads * spt and not r.cf
    assert not chs(rig, 0x02, 1, cylinders - 1, heads - 1, spt).cf
    assert chs(rig, 0x02, 1, 0, heads, 1).ah == BAD
    if sectors > DISK_SECTORS:
        with open(path, "r+b") as file:
            file.seek((sectors - 1) * 512)
            file.write(b"the last")
        assert not extended(rig, 0x42, lba=sectors - 1).cf and rig.get(8, DATA) == b"the last"
    assert extended(rig, 0x42, lba=sectors).ah == NOT_FOUND


def test_reads_by_chs(rig):
    _, heads, spt, _ = geometry(rig)
    for lba, count in ((1, 1), (spt - 1, 2), (heads * spt * 3 + 5, 127), (1000, 128)):
        cylinder, rest = divmod(lba, heads * spt)
        rig.put(b"\xee" * (count * 512 + 16), DATA)
        r = chs(rig, 0x02, count, cylinder, rest // spt, rest % spt + 1)
        assert not r.cf and (r.ah, r.al) == (0, count) and r.flags & IF
        assert rig.get(count * 512 + 16, DATA) == numbered(lba + count)[lba * 512:] + b"\xee" * 16


def test_wrong_addresses(rig):
    cylinders, heads, spt, _ = geometry(rig)
    for count, cylinder, head, sector in ((1, 0, 0, 0), (1, 0, 0, spt + 1 & 0x3F), (1, 0, heads, 1), (0, 0, 0, 1), (129, 0, 0, 1)):
        r = chs(rig, 0x02, count, cylinder, head, sector)
        assert r.cf and r.ah == BAD
    r = chs(rig, 0x02, 1, 1023, 0, 1)
    assert r.cf and r.ah == NOT_FOUND
    assert rig.call(0x13, eax=0x0100, edx=0x80).ah == NOT_FOUND       # the last status, once
    assert rig.call(0x13, eax=0x0100, edx=0x80).ah == 0


def test_writes_and_verifies(boot, media, tmp_path):
    path = bios_media.disk(tmp_path / "d.img")
    rig = boot(floppy=media["floppy"], disk=Disk(path), boot="floppy")
    rig.put(b"by chs".ljust(512) + b"second".ljust(512), DATA)
    assert not chs(rig, 0x03, 2, 0, 1, 1).cf
    assert not chs(rig, 0x04, 2, 0, 1, 1).cf
    rig.put(b"by edd".ljust(512), DATA)
    assert not extended(rig, 0x43, lba=DISK_SECTORS - 1).cf
    assert not extended(rig, 0x44, lba=0, count=300).cf and not extended(rig, 0x47, lba=100).cf
    assert extended(rig, 0x44, lba=DISK_SECTORS - 1, count=2).ah == NOT_FOUND
    for lba, want in ((63, b"by chs"), (64, b"second"), (DISK_SECTORS - 1, b"by edd")):
        assert not extended(rig, 0x42, lba=lba).cf and rig.get(512, DATA) == want.ljust(512)


def test_extensions_are_there(rig):
    for drive in (0x80, 0xE0):
        r = rig.call(0x13, eax=0x4100, ebx=0x55AA, edx=drive)
        assert r.bx == 0xAA55 and r.ah == 0x30 and r.cl & 5 == 5 and not r.cf
    for drive in (0x00, 0x81, 0xE1):
        r = rig.call(0x13, eax=0x4100, ebx=0x55AA, edx=drive)
        assert r.cf and r.ah == BAD and r.bx == 0x55AA
    assert rig.call(0x13, eax=0x4100, ebx=0x1234, edx=0x80).cf


@pytest.mark.parametrize("lba, count, address", [(5, 1, 0x20002), (5, 127, 0x1FE00), (7, 200, 0x2FFFF), (0, 400, 0x10000)])
def test_extended_reads(rig, lba, count, address):
    """More than 64 KiB, across its boundaries, to odd addresses."""
    rig.put(b"\xee" * (count * 512 + 2), address)
    r = extended(rig, 0x42, lba=lba, count=count, address=address)
    assert not r.cf and r.ah == 0 and rig.read(BUFFER + 2, "H") == count
    want = bios_media.bootable(numbered(DISK_SECTORS))[lba * 512:(lba + count) * 512]
    assert rig.get(count * 512 + 2, address) == want + b"\xee\xee"


def test_extended_errors(rig):
    for fields, code in (({"lba": DISK_SECTORS}, NOT_FOUND), ({"lba": DISK_SECTORS - 1, "count": 2}, NOT_FOUND),
                         ({"lba": 1 << 32}, NOT_FOUND), ({"size": 8}, BAD)):
        r = extended(rig, 0x42, **fields)
        assert r.cf and r.ah == code and rig.read(BUFFER + 2, "H") == 0
    assert not extended(rig, 0x42, count=0).cf


def test_drive_parameters(rig):
    """Function 48h fills as much as the caller has room for."""
    for room, filled in ((26, 26), (30, 30), (50, 30), (66, 66), (74, 66)):
        rig.put(struct.pack("<H", room) + b"\xcc" * 80)
        r = rig.call(0x13, eax=0x4800, edx=0x80, esi=BUFFER)
        assert not r.cf
        size, flags, cylinders, heads, spt, sectors, bytes_a_sector = rig.read(BUFFER, "HHIIIQH")
        assert (size, flags, heads, spt, sectors, bytes_a_sector) == (filled, 2, 16, 63, DISK_SECTORS, 512)
        assert cylinders == DISK_SECTORS // (16 * 63)
        assert rig.get(80 - filled, BUFFER + filled) == b"\xcc" * (80 - filled)
        if filled == 66:
            path = rig.get(36, BUFFER + 30)
            assert path[:3] == b"\xdd\xbe\x24" and path[6:18] == b"PCI ATA     " and path[18:21] == b"\0\1\1" and sum(path) & 0xFF == 0
    rig.put(struct.pack("<H", 25))
    assert rig.call(0x13, eax=0x4800, edx=0x80, esi=BUFFER).ah == BAD


def test_how_to_reach_a_drive(rig):
    """The device parameter table extension of a disk; a CD has none, and its path says ATAPI."""
    rig.put(struct.pack("<H", 66))
    assert not rig.call(0x13, eax=0x4800, edx=0x80, esi=BUFFER).cf
    off, seg = rig.read(BUFFER + 26, "HH")
    table = rig.get(16, seg * 16 + off)
    assert struct.unpack_from("<HHBBB", table) == (0x1F0, 0x3F6, 0xE0, 0xCB, 14) and table[10] & 0x10 and sum(table) & 0xFF == 0
    rig.put(struct.pack("<H", 66))
    assert not rig.call(0x13, eax=0x4800, edx=0xE0, esi=BUFFER).cf
    assert rig.read(BUFFER + 26, "I") == 0xFFFFFFFF and rig.get(12, BUFFER + 36) == b"PCI ATAPI   "


class Faulty:
    """A backend on which sectors, or all flushes, fail."""

    def __init__(self, backend, bad=(), flush=False):
        self.size, self.read_only, self.backend, self.bad, self.bad_flush = backend.size, False, backend, bad, flush

    def _look(self, offset, size):
        if any(offset < (sector + 1) * 512 and sector * 512 < offset + size for sector in self.bad):
            raise OSError("bad sector")

    def read(self, offset, size):
        self._look(offset, size)
        return self.backend.read(offset, size)

    def write(self, offset, data):
        self._look(offset, len(data))
        self.backend.write(offset, data)

    def flush(self):
        if self.bad_flush:
            raise OSError("not flushed")
        self.backend.flush()


def test_what_the_medium_refuses_is_told(rig):
    """A read says how many sectors came before the bad one; a write is done only once it is flushed."""
    disk = rig.pc._ide0.devices[0]
    disk.backend = Faulty(disk.backend, bad=(103,))
    r = extended(rig, 0x42, lba=100, count=8)
    assert r.cf and r.ah == BAD_DATA and rig.read(BUFFER + 2, "H") == 3
    assert extended(rig, 0x44, lba=100, count=8).ah == BAD_DATA
    assert chs(rig, 0x02, 5, 0, 1, 103 - 63 + 1).ah == BAD_DATA
    assert not rig.call(0x13, eax=0, edx=0x80).cf and not extended(rig, 0x42, lba=104).cf
    r = extended(rig, 0x43, lba=103)
    assert r.cf and r.ah == WRITE_FAULT and rig.read(BUFFER + 2, "H") == 0
    disk.backend = Faulty(disk.backend.backend, flush=True)
    r = extended(rig, 0x43, lba=100, count=2)
    assert r.cf and r.ah == WRITE_FAULT and rig.read(BUFFER + 2, "H") == 0
    r = chs(rig, 0x03, 2, 0, 1, 1)
    assert r.cf and (r.ah, r.al) == (WRITE_FAULT, 0)
    disk.backend = disk.backend.backend
    assert not extended(rig, 0x43, lba=100, count=2).cf


def test_more_than_32_bits_of_sectors(boot, media, tmp_path):
    sectors = (1 << 32) + 1000
    create(tmp_path / "big", sectors * 512)
    rig = boot(floppy=media["floppy"], disk=tmp_path / "big", boot="floppy")
    for lba in (1 << 28, (1 << 32) - 1, (1 << 32) + 999):
        rig.put(b"%d" % lba + b"!" * 512, DATA)
        assert not extended(rig, 0x43, lba=lba).cf
        rig.put(bytes(512), DATA)
        assert not extended(rig, 0x42, lba=lba).cf and rig.get(11, DATA) == (b"%d" % lba + b"!!")[:11]
    assert extended(rig, 0x42, lba=sectors - 1, count=2).ah == NOT_FOUND


def test_housekeeping(rig):
    for function in (0x00, 0x09, 0x0C, 0x0D, 0x10, 0x11, 0x14):
        assert not rig.call(0x13, eax=function << 8, ecx=1, edx=0x80).cf, hex(function)
    for function in (0x05, 0x06, 0x0A, 0x22, 0x50):
        r = rig.call(0x13, eax=function << 8, ebx=0x1234, edx=0x80, es=0x5678)
        assert r.cf and r.ah == BAD and (r.ebx, r.es) == (0x1234, 0x5678), hex(function)
    assert rig.call(0x13, eax=0x4500, edx=0x80).ah == 0 and rig.call(0x13, eax=0x4600, edx=0x80).ah == NOT_REMOVABLE


def test_absent_drives(rig):
    for function in (0x02, 0x08, 0x42):
        r = rig.call(0x13, eax=function << 8 | 1, ecx=1, edx=0x81)
        assert r.cf and r.ah == BAD
    r = rig.call(0x13, eax=0x1500, edx=0x81)
    assert r.ah == 0


def test_disk_types_in_the_rtc(rig):
    """Type 47 with the geometry, and the checksum over 10h to 2Dh."""
    cmos = rig.pc._rtc.cmos
    assert (cmos[0x12], cmos[0x19], cmos[0x1A]) == (0xF0, 47, 0)
    assert (cmos[0x1B] | cmos[0x1C] << 8, cmos[0x1D], cmos[0x23]) == (DISK_SECTORS // 1008, 16, 63)
    assert cmos[0x2E] << 8 | cmos[0x2F] == sum(cmos[0x10:0x2E])


def test_four_disks(boot, media, tmp_path):
    """They are numbered from the first channel's first on; vectors 41h and 46h know the first two."""
    paths = [bios_media.disk(tmp_path / f"{n}.img", DISK_SECTORS + 1008 * n) for n in range(4)]
    rig = boot(disks=[Disk(p) for p in paths])
    assert rig.drive == 0x80 and rig.read(0x475, "B") == 4
    for n in range(4):
        rig.put(struct.pack("<H", 26))
        rig.call(0x13, eax=0x4800, edx=0x80 + n, esi=BUFFER)
        assert rig.read(BUFFER + 16, "Q") == DISK_SECTORS + 1008 * n
    for vector, number in ((0x41, 0), (0x46, 1)):
        off, seg = rig.read(vector * 4, "HH")
        cylinders, heads = rig.read(seg * 16 + off, "HB")
        assert (cylinders, heads) == ((DISK_SECTORS + 1008 * number) // 1008, 16) and rig.read(seg * 16 + off + 14, "B") == 63


def test_three_disks_and_a_cd(boot, media, tmp_path):
    """The CD is the second channel's master, where QEMU has it; the third disk is its slave.  All of them are read and written."""
    paths = []
    for n in range(3):
        paths.append(bios_media.disk(tmp_path / f"{n}.img"))
        with open(paths[n], "r+b") as file:
            file.seek(9 * 512)
            file.write(b"disk %d" % n)
    rig = boot(disks=[Disk(p) for p in paths], cdrom=media["cd"], boot="disk", snapshot=False)
    assert rig.read(0x475, "B") == 3
    for n, (base, unit) in enumerate(((0x1F0, 0xE0), (0x1F0, 0xF0), (0x170, 0xF0))):
        assert not extended(rig, 0x42, drive=0x80 + n, lba=9).cf and rig.get(6, DATA) == b"disk %d" % n
        rig.put(b"back %d" % n, DATA)
        assert not extended(rig, 0x43, drive=0x80 + n, lba=10).cf
        rig.put(struct.pack("<H", 30))
        rig.call(0x13, eax=0x4800, edx=0x80 + n, esi=BUFFER)
        off, seg = rig.read(BUFFER + 26, "HH")
        assert rig.read(seg * 16 + off, "HHB")[::2] == (base, unit)
        assert not extended(rig, 0x42, drive=0xE0, lba=16).cf and rig.get(6, DATA) == b"\x01CD001"
    rig.pc.close()
    for n, path in enumerate(paths):
        with open(path, "rb") as file:
            file.seek(10 * 512)
            assert file.read(6) == b"back %d" % n
