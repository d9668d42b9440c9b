"""CDs: INT 13h with blocks of 2,048 bytes, and booting as the El Torito specification has it."""

import struct

import bios_media
import pytest
from bios_machines import boot, media, ours, rig  # noqa: F401
from bios_media import BLOCK, BOOT_LBA, boot_image, numbered
from bios_rig import BUFFER

pytestmark = pytest.mark.native

DATA = 0x10000
BAD, PROTECTED, NOT_FOUND, LOCKED = 0x01, 0x03, 0x04, 0xB1


def extended(rig, function, drive=0xE0, count=1, lba=0, address=DATA, al=0):
    rig.put(struct.pack("<BBHHHQ", 16, 0, count, address & 15, address >> 4, lba))
    return rig.call(0x13, eax=function << 8 | al, edx=drive, esi=BUFFER)


@pytest.mark.parametrize("lba, count, address", [(100, 1, DATA), (101, 40, 0x1F800), (150, 33, 0x1FFFE), (200, 200, DATA)])
def test_reads(rig, lba, count, address):
    """More than 64 KiB, across its boundaries, as ISOLINUX and GRUB ask."""
    rig.put(b"\xee" * (count * BLOCK + 2), address)
    r = extended(rig, 0x42, lba=lba, count=count, address=address)
    assert not r.cf and r.ah == 0
    assert rig.get(count * BLOCK + 2, address) == numbered(lba + count, BLOCK)[lba * BLOCK:] + b"\xee\xee"


def test_errors(rig):
    assert extended(rig, 0x42, lba=5000).cf
    assert extended(rig, 0x43, lba=100).ah == PROTECTED
    assert extended(rig, 0x42, drive=0xE1).ah == BAD
    for function in (0x02, 0x03, 0x05, 0x08):
        r = rig.call(0x13, eax=function << 8 | 1, ecx=1, edx=0xE0)
        assert r.cf and r.ah == BAD


def test_parameters(rig):
    rig.put(struct.pack("<H", 30) + bytes(40))
    r = rig.call(0x13, eax=0x4800, edx=0xE0, esi=BUFFER)
    size, flags, cylinders, _, _, sectors, bytes_a_sector = rig.read(BUFFER, "HHIIIQH")
    assert not r.cf and (size, flags & 0x74, sectors, bytes_a_sector) == (30, 0x74, 2000, BLOCK) and cylinders == 0xFFFFFFFF


def test_door(rig):
    assert not rig.call(0x13, eax=0x4500, edx=0xE0).cf
    r = rig.call(0x13, eax=0x4502, edx=0xE0)
    assert not r.cf and r.al == 1
    assert rig.call(0x13, eax=0x4600, edx=0xE0).ah == LOCKED
    r = rig.call(0x13, eax=0x4501, edx=0xE0)
    assert not r.cf and r.al == 0
    assert rig.call(0x13, eax=0x4503, edx=0xE0).cf
    assert not rig.call(0x13, eax=0x4600, edx=0xE0).cf
    assert extended(rig, 0x42, lba=100).cf                     # the tray is out


def specification(rig, drive, al=1):
    """The packet of function 4Bh: the call's result and its fields."""
    rig.put(b"\x13".ljust(32, b"\0"))
    r = rig.call(0x13, eax=0x4B00 | al, edx=drive, esi=BUFFER)
    names = ("size", "media", "drive", "controller", "lba", "device", "user", "load", "count", "cylinders", "sector", "heads")
    return r, dict(zip(names, rig.read(BUFFER, "BBBBIHHHHBBB")))


def test_boots_without_emulation(boot, media):
    """The drive is E0h; BIOS loads as many sectors as the catalog says, and tells about them."""
    rig = boot(cdrom=media["cd"])
    assert rig.drive == 0xE0
    assert rig.get(BLOCK, 0x7C00)[512:] == boot_image(0)[512:BLOCK]
    r, told = specification(rig, 0xE0)
    assert not r.cf
    assert told == {"size": 0x13, "media": 0, "drive": 0xE0, "controller": 1, "lba": BOOT_LBA, "device": 0, "user": 0, "load": 0x7C0,
                    "count": 4, "cylinders": 0, "sector": 0, "heads": 0}
    assert specification(rig, 0x80)[0].cf
    assert not extended(rig, 0x42, lba=19).cf and rig.get(1, DATA) == b"\1"
    rig.put(struct.pack("<BBHHHI", 8, 1, DATA & 15, DATA >> 4, 0, 0))
    assert not rig.call(0x13, eax=0x4D00, esi=BUFFER, edx=0xE0).cf          # the boot catalog itself
    assert rig.get(2, DATA) == b"\1\0" and rig.get(2, DATA + 30) == b"\x55\xaa"


def test_boots_large_image(boot, tmp_path):
    """Loaders of 2,000 sectors and more go to their segment whole."""
    rig = boot(cdrom=bios_media.cd(tmp_path / "big.iso", sectors=300))
    assert rig.get(300 * 512, 0x7C00)[512:] == bios_media.boot_image(0)[512:300 * 512]


def test_boots_floppy_emulation(boot, media):
    rig = boot(cdrom=media["cd_floppy"])
    assert rig.drive == 0
    image = boot_image(bios_media.FLOPPY_144)
    for cylinder, head, sector, count in ((0, 0, 1, 1), (0, 0, 3, 2), (5, 1, 18, 1), (79, 0, 1, 36)):
        first = (cylinder * 2 + head) * 18 + sector - 1
        r = rig.call(0x13, eax=0x0200 | count, ecx=cylinder << 8 | sector, edx=head << 8, es=DATA >> 4)
        assert not r.cf and r.al == count and rig.get(count * 512, DATA) == image[first * 512:(first + count) * 512]
    r = rig.call(0x13, eax=0x0800, edx=0)
    assert (r.bl, r.ch, r.cl, r.dh, r.dl) == (4, 79, 18, 1, 2)              # the real drive is B: now
    assert rig.call(0x11).ax >> 6 & 3 == 1
    assert rig.call(0x13, eax=0x0301, ecx=1, edx=0).ah == PROTECTED
    assert rig.call(0x13, eax=0x0201, ecx=0x5001, edx=0).ah == NOT_FOUND
    assert rig.call(0x13, eax=0x1500, edx=0).ah == 1
    assert not extended(rig, 0x42, lba=100).cf                              # the CD is there as well
    r, told = specification(rig, 0)
    assert not r.cf and (told["media"], told["drive"], told["lba"], told["count"]) == (2, 0, BOOT_LBA, 1)
    assert (told["cylinders"], told["sector"], told["heads"]) == (79, 18, 1)
    r, _ = specification(rig, 0, al=0)                                      # end of the emulation
    assert not r.cf and rig.call(0x11).ax >> 6 & 3 == 0
    assert rig.call(0x13, eax=0x0201, ecx=1, edx=0, es=DATA >> 4).cf        # the real drive, which is empty


def test_real_floppy_moves_up(boot, media):
    """Beside a floppy emulation the real drive is number 1."""
    rig = boot(cdrom=media["cd_floppy"], floppy=media["floppy"], boot="cdrom")
    r = rig.call(0x13, eax=0x0201, ecx=0x0105, edx=1, es=DATA >> 4)
    assert not r.cf and r.dl == 1 and rig.read(DATA, "I") == 36 + 4


def test_boots_disk_emulation(boot, media):
    rig = boot(cdrom=media["cd_disk"], disk=media["disk"], boot="cdrom")
    assert rig.drive == 0x80
    r = rig.call(0x13, eax=0x0800, edx=0x80)
    assert (r.ch, r.cl, r.dh, r.dl) == (19, 17, 3, 2) and not r.cf
    image = boot_image(bios_media.HARD_DISK)
    r = rig.call(0x13, eax=0x0203, ecx=0x0311, edx=0x0280, es=DATA >> 4)
    first = (3 * 4 + 2) * 17 + 16
    assert not r.cf and rig.get(3 * 512, DATA) == image[first * 512:(first + 3) * 512]
    r = rig.call(0x13, eax=0x0201, ecx=3, edx=0x81, es=DATA >> 4)           # the real disk is the second
    assert not r.cf and rig.read(DATA, "I") == 2
    r, told = specification(rig, 0x7F, al=0)
    assert not r.cf and told["media"] & 15 == 4
    r = rig.call(0x13, eax=0x0800, edx=0x80)
    assert r.dl == 1 and r.cl & 0x3F == 63


def test_emulation_begins_on_request(boot, media):
    """4Ah takes a packet as 4Bh gives it."""
    rig = boot(cdrom=media["cd_floppy"])
    specification(rig, 0, al=0)
    assert not rig.call(0x13, eax=0x4A00, esi=BUFFER).cf
    r = rig.call(0x13, eax=0x0201, ecx=2, edx=0, es=DATA >> 4)
    assert not r.cf and rig.get(512, DATA) == boot_image(2)[512:1024]
    assert rig.call(0x13, eax=0x4A00, esi=BUFFER).cf                        # one at a time


def test_ejected_cd(boot, media):
    """A disk that is booted with an empty CD drive beside it."""
    rig = boot(disk=media["disk"])
    assert rig.drive == 0x80
    r = extended(rig, 0x42, lba=16)
    assert r.cf
    rig.put(struct.pack("<H", 26))
    assert not rig.call(0x13, eax=0x4800, edx=0xE0, esi=BUFFER).cf and rig.read(BUFFER + 16, "Q") == 0xFFFFFFFFFFFFFFFF
