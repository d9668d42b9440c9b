"""INT 13h on floppy drives."""

import bios_media
import pytest
from bios_machines import boot, media, ours, rig  # noqa: F401
from bios_media import numbered
from bios_rig import CF, IF

from emu.machine.config import Floppy
from emu.media import opening

pytestmark = pytest.mark.native

DATA = 0x10000
BAD, PROTECTED, NOT_FOUND, CHANGED, BOUNDARY, TIMEOUT = 0x01, 0x03, 0x04, 0x06, 0x09, 0x80
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


@pytest.mark.parametrize("size, kind, cylinders, spt", [(720, 3, 80, 9), (1200, 2, 80, 15), (1440, 4, 80, 18), (2880, 5, 80, 36), (360, 1, 40, 9)])
def test_formats(boot, tmp_path, size, kind, cylinders, spt):
    path = tmp_path / "f.img"
    path.write_bytes(bios_media.bootable(numbered(size * 2)))
    rig = boot(floppy=Floppy(str(path)))
    r = rig.call(0x13, eax=0x0800, edx=0)
    assert (r.bl, r.ch, r.cl, r.dh) == (kind, cylinders - 1, spt, 1)
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
    rig = boot(floppies=[Floppy(media["floppy"]), Floppy(str(other))])
    assert rig.call(0x11).ax >> 6 & 3 == 1
    for drive, cylinder, want in ((1, 3, 3 * 18), (0, 4, 4 * 36), (1, 5, 5 * 18), (0, 4, 4 * 36)):
        r = access(rig, 0x02, 1, cylinder, 0, 1, drive=drive)
        assert not r.cf and rig.read(DATA, "I") == want
    r = rig.call(0x13, eax=0x0800, edx=1)
    assert (r.bl, r.ch, r.cl, r.dh, r.dl) == (3, 79, 9, 1, 2)
