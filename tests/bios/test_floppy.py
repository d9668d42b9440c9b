"""INT 13h on floppy drives."""

import bios_media
import pytest
from bios_machines import boot, media, ours, rig  # noqa: F401
from bios_media import numbered
from bios_rig import CF, IF

from emu.machine.config import Floppy
from emu.media import opening
from emu.media.errors import MediaError

pytestmark = pytest.mark.native

DATA = 0x10000
BAD, PROTECTED, NOT_FOUND, CHANGED, BOUNDARY, MEDIA_TYPE, TIMEOUT = 0x01, 0x03, 0x04, 0x06, 0x09, 0x0C, 0x80
PARAMETERS = 0xFEFC7


def access(rig, function, count, cylinder, head, sector, drive=0, address=DATA):
    return rig.call(0x13, eax=function << 8 | count, ecx=cylinder << 8 | sector, edx=head << 8 | drive, es=address >> 4, ebx=address & 15)


def test_reads(rig):
    for cylinder, head, sector, count in ((0, 0, 2, 1), (0, 1, 1, 18), (79, 1, 18, 1), (40, 0, 1, 36)):
        first = (cylinder * 2 + head) * 18 + sector - 1
        rig.put(b"\xee" * (count * 512 + 16), DATA)
        r = access(rig, 0x02, count, cylinder, head, sector)
        assert not r.cf and (r.ah, r.al) == (0, count) and r.flags & IF
        assert rig.get(count * 512 + 16, DATA) == numbered(first + count)[first * 512:] + b"\xee" * 16
        assert rig.read(0x441, "B") == 0 and rig.read(0x494, "B") == cylinder


def test_the_motor_stops_after_two_seconds(rig):
    access(rig, 0x02, 1, 0, 0, 2)
    assert rig.read(0x43F, "B") & 1 and rig.read(0x440, "B") in range(30, 38)
    rig.pc.run_for(2.2)
    assert not rig.read(0x43F, "B") & 1


def test_errors(rig):
    r = access(rig, 0x02, 1, 0, 0, 19)
    assert r.cf and r.ah == NOT_FOUND and r.al == 0
    assert rig.call(0x13, eax=0x0100).ah == NOT_FOUND
    assert access(rig, 0x02, 1, 0, 2, 1).ah == BAD and access(rig, 0x02, 0, 0, 0, 1).ah == BAD
    assert access(rig, 0x02, 2, 0, 0, 1, address=0x1FFE0).ah == BOUNDARY       # the DMA controller's 64 KiB
    assert access(rig, 0x02, 1, 0, 0, 1, drive=1).ah == TIMEOUT
    assert access(rig, 0x02, 1, 0, 0, 1, drive=2).ah == BAD
    assert not access(rig, 0x02, 1, 0, 0, 1).cf
    for function in (0x0A, 0x41, 0x42, 0x48, 0x60):
        r = rig.call(0x13, eax=function << 8, ebx=0x55AA, es=0x1234)
        assert r.cf and r.ah == BAD and (r.bx, r.es) == (0x55AA, 0x1234)


def test_writes_and_formats(boot, tmp_path):
    path = bios_media.floppy(tmp_path / "f.img")
    rig = boot(floppy=Floppy(path), snapshot=False)
    rig.put(b"written".ljust(512) + b"and more".ljust(512), DATA)
    assert not access(rig, 0x03, 2, 7, 1, 3).cf and not access(rig, 0x04, 2, 7, 1, 3).cf
    assert not access(rig, 0x02, 1, 7, 1, 4).cf and rig.get(8, DATA) == b"and more"
    r = rig.call(0x13, eax=0x1800, ecx=0x4F12)
    assert not r.cf and r.es * 16 + r.di == PARAMETERS
    rig.put(b"".join(bytes((8, 0, n, 2)) for n in range(1, 19)), DATA)
    assert not access(rig, 0x05, 18, 8, 0, 1).cf
    assert not access(rig, 0x02, 18, 8, 0, 1).cf and rig.get(18 * 512, DATA) == b"\xf6" * (18 * 512)
    rig.pc.close()
    data = tmp_path.joinpath("f.img").read_bytes()
    at = ((7 * 2 + 1) * 18 + 2) * 512
    assert data[at:at + 7] == b"written" and data[8 * 2 * 18 * 512:][:9216] == b"\xf6" * 9216


def test_write_protected(boot, tmp_path):
    path = tmp_path / "f.img"
    bios_media.floppy(path)
    rig = boot(floppy=str(path))
    rig.pc._fdc.disk_protected = 1
    r = access(rig, 0x03, 1, 0, 0, 2)
    assert r.cf and r.ah == PROTECTED


def test_parameters(rig):
    r = rig.call(0x13, eax=0x0800, edx=0)
    assert not r.cf and (r.ax, r.bl, r.ch, r.cl, r.dh, r.dl) == (0, 4, 79, 18, 1, 1) and r.es * 16 + r.di == PARAMETERS
    assert rig.read(0x1E * 4, "HH") == (PARAMETERS & 0xFFFF, 0xF000)
    assert rig.get(11, PARAMETERS)[3:5] == bytes((2, 18))
    r = rig.call(0x13, eax=0x0800, edx=1)
    assert (r.ax, r.bx, r.cx, r.dh, r.dl) == (0, 0, 0, 0, 1)
    assert rig.call(0x13, eax=0x0800, edx=2, flags=IF).flags & CF
    assert rig.call(0x13, eax=0x1500, edx=0).ah == 2 and rig.call(0x13, eax=0x1500, edx=1).ah == 0


@pytest.mark.parametrize("size, kind, cylinders, spt", [(720, 4, 80, 9), (1200, 2, 80, 15), (1440, 4, 80, 18), (2880, 5, 80, 36), (360, 1, 40, 9)])
def test_formats(boot, tmp_path, size, kind, cylinders, spt):
    path = tmp_path / "f.img"
    path.write_bytes(bios_media.bootable(numbered(size * 2)))
    rig = boot(floppy=Floppy(str(path)))
    r = rig.call(0x13, eax=0x0800, edx=0)
    drive = (cylinders - 1, {4: 18}.get(kind, spt))     # a 1.44M drive reads 720K, too
    assert (r.bl, r.ch, r.cl, r.dh) == (kind, *drive, 1)
    assert rig.read(r.es * 16 + r.di + 4, "B") == drive[1]
    assert not access(rig, 0x02, spt, cylinders - 1, 1, 1).cf
    assert rig.get(spt * 512, DATA) == numbered(size * 2)[-spt * 512:]


def test_disk_change(boot, media, tmp_path):
    """The first call after a change says so and does nothing else; the next one sees the new disk, of another size."""
    rig = boot(floppy=Floppy(media["floppy"], keep_writes=False))
    assert rig.call(0x13, eax=0x1600).ah == 0
    path = tmp_path / "other.img"
    path.write_bytes(numbered(1440))
    rig.pc._fdc.insert(0, opening.open_floppy(str(path), False))
    r = rig.call(0x13, eax=0x1600)
    assert r.cf and r.ah == CHANGED
    assert not rig.call(0x13, eax=0x1600).cf
    assert not access(rig, 0x02, 1, 1, 0, 1).cf and rig.read(DATA, "I") == 18
    rig.pc._fdc.eject(0)
    r = access(rig, 0x02, 1, 0, 0, 1)
    assert r.cf and r.ah in (CHANGED, TIMEOUT)
    assert access(rig, 0x02, 1, 0, 0, 1).ah == TIMEOUT


def test_reset_and_interrupt_40(rig):
    assert not rig.call(0x13, eax=0).cf
    r = rig.call(0x40, eax=0x0201, ecx=0x0003, es=DATA >> 4)
    assert not r.cf and rig.read(DATA, "I") == 2


def test_two_drives(boot, media, tmp_path):
    """Both work, one after the other, and the second may be of another kind."""
    other = tmp_path / "other.img"
    other.write_bytes(numbered(1440))
    rig = boot(floppies=[Floppy(media["floppy"]), Floppy(str(other))], floppy_drives=["1.44M", "720K"])
    assert rig.call(0x11).ax >> 6 & 3 == 1
    for drive, cylinder, want in ((1, 3, 3 * 18), (0, 4, 4 * 36), (1, 5, 5 * 18), (0, 4, 4 * 36)):
        r = access(rig, 0x02, 1, cylinder, 0, 1, drive=drive)
        assert not r.cf and rig.read(DATA, "I") == want
    r = rig.call(0x13, eax=0x0800, edx=1)
    assert (r.bl, r.ch, r.cl, r.dh, r.dl) == (3, 79, 9, 1, 2)


def test_a_machine_without_floppy_drives(boot, media):
    rig = boot(disk=media["disk"], floppy_drives=[])
    assert rig.call(0x11).ax & 0xC1 == 0
    assert access(rig, 0x02, 1, 0, 0, 1).ah == TIMEOUT
    r = rig.call(0x13, eax=0x0800, edx=0)
    assert (r.ax, r.bx, r.cx, r.dx) == (0, 0, 0, 0)
    assert rig.call(0x13, eax=0x1500, edx=0).ah == 0


def test_how_much_was_moved(rig):
    """An error in the middle: AL says how many sectors are there."""
    rig.put(b"\xee" * 0x3000, DATA)
    rig.put(rig.get(11, PARAMETERS)[:4] + b"\x13" + rig.get(11, PARAMETERS)[5:], 0x8000)
    rig.put((0x8000).to_bytes(4, "little"), 0x1E * 4)               # a program's parameters: 19 sectors
    r = access(rig, 0x02, 5, 3, 1, 16)
    assert r.cf and (r.ah, r.al) == (NOT_FOUND, 3)
    first = (3 * 2 + 1) * 18 + 15
    assert rig.get(4 * 512, DATA) == numbered(first + 3)[first * 512:] + b"\xee" * 512
    r = access(rig, 0x04, 3, 3, 1, 16, address=0xFFFF0)             # VERIFY needs no room
    assert not r.cf and (r.ah, r.al) == (0, 3)


def test_the_parameters_of_int_1e_count(rig):
    """Sectors a track, sector size, fill byte and the motor's time are the program's."""
    mine = bytearray(rig.get(11, PARAMETERS))
    mine[2], mine[4], mine[8] = 91, 9, 0xE5
    rig.put(bytes(mine), 0x8000)
    rig.put((0x8000).to_bytes(4, "little"), 0x1E * 4)
    assert not access(rig, 0x02, 10, 2, 0, 1).cf                    # from the ninth sector to the other side
    assert rig.read(DATA + 9 * 512, "I") == (2 * 2 + 1) * 18
    assert rig.read(0x440, "B") in range(85, 92)
    mine[3] = 3
    rig.put(bytes(mine), 0x8000)
    assert access(rig, 0x02, 1, 2, 0, 1).ah == NOT_FOUND            # no sectors of 1,024 bytes
    mine[3] = 2
    rig.put(bytes(mine), 0x8000)
    rig.put(b"".join(bytes((5, 0, n, 2)) for n in range(1, 10)), DATA)
    assert not access(rig, 0x05, 18, 5, 0, 1).cf
    assert not access(rig, 0x02, 9, 5, 0, 1).cf and rig.get(9 * 512, DATA) == b"\xe5" * (9 * 512)
    assert not access(rig, 0x02, 1, 5, 0, 10).cf and rig.read(DATA, "I") == 5 * 36 + 9


@pytest.mark.parametrize("drive, size, spt, last", [("1.2M", 360, 9, 39), ("1.2M", 1200, 15, 79), ("2.88M", 720, 9, 79),
                                                    ("2.88M", 1440, 18, 79), ("2.88M", 2880, 36, 79), ("720K", 720, 9, 79)])
def test_every_drive_reads_and_formats_what_it_takes(boot, tmp_path, drive, size, spt, last):
    path = tmp_path / "f.img"
    path.write_bytes(bios_media.bootable(numbered(size * 2)))
    rig = boot(floppy=Floppy(str(path), keep_writes=False), floppy_drives=[drive])
    for cylinder in (3, last):                                      # a 1.2M drive steps twice for a 360K disk
        assert not access(rig, 0x02, spt * 2, cylinder, 0, 1).cf
        assert rig.get(spt * 1024, DATA) == numbered((cylinder + 1) * 2 * spt)[cylinder * 1024 * spt:]
    r = rig.call(0x13, eax=0x1800, ecx=last << 8 | spt)
    assert not r.cf and rig.read(r.es * 16 + r.di + 4, "B") == spt
    rig.put((r.es << 16 | r.di).to_bytes(4, "little"), 0x1E * 4)
    rig.put(b"".join(bytes((last, 1, n, 2)) for n in range(1, spt + 1)), DATA)
    assert not access(rig, 0x05, spt, last, 1, 1).cf
    assert not access(rig, 0x02, spt, last, 1, 1).cf and rig.get(spt * 512, DATA) == b"\xf6" * (spt * 512)
    r = rig.call(0x13, eax=0x1800, ecx=42 << 8 | 11)
    assert r.cf and r.ah == MEDIA_TYPE
    for kind, there in ((1, False), (2, drive == "1.2M"), (3, drive == "1.2M"), (4, drive != "1.2M"), (5, False), (0, False)):
        assert rig.call(0x13, eax=0x1700 | kind).ah == (0 if there else BAD)


def test_formatting_what_the_image_cannot_hold(boot, media):
    """A 1.44M image as 720K: an error, and the data stay."""
    rig = boot(floppy=Floppy(media["floppy"], keep_writes=False))
    assert not rig.call(0x13, eax=0x1800, ecx=79 << 8 | 9).cf
    rig.put(b"".join(bytes((1, 0, n, 2)) for n in range(1, 10)), DATA)
    r = access(rig, 0x05, 9, 1, 0, 1)
    assert r.cf and r.ah == NOT_FOUND
    assert not access(rig, 0x02, 1, 1, 0, 1).cf and rig.read(DATA, "I") == 36


def test_write_protected_media_come_and_go(boot, media, tmp_path):
    rig = boot(floppy=Floppy(media["floppy"], keep_writes=False))
    path = tmp_path / "other.img"
    path.write_bytes(numbered(1440))
    rig.pc.insert_floppy(str(path), read_only=True)
    assert access(rig, 0x03, 1, 0, 0, 2).ah == CHANGED
    assert access(rig, 0x03, 1, 0, 0, 2).ah == PROTECTED
    assert access(rig, 0x05, 9, 0, 0, 1).ah == PROTECTED
    assert not access(rig, 0x02, 1, 79, 1, 9).cf and rig.read(DATA, "I") == 1439
    with pytest.raises(MediaError, match="no floppy drive B"):
        rig.pc.insert_floppy(str(path), 1)
    assert path.read_bytes() == numbered(1440)
