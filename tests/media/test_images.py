"""Raw images, the copy-on-write overlay, floppy formats."""

import os
import random
from contextlib import closing

import pytest

from emu.media.detect import FLOPPY, detect
from emu.media.errors import MediaError
from emu.media.floppy import BY_SIZE, FORMATS, FloppyMedium, format_for
from emu.media.image import RawImage
from emu.media.opening import check_disk, open_disk, open_floppy
from emu.media.overlay import BLOCK, Overlay

root = pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything")


def test_raw_image_reads_and_writes(tmp_path):
    path = tmp_path / "disk"
    path.write_bytes(bytes(range(256)) * 8)
    with RawImage(path) as image:
        assert (image.size, image.read_only) == (2048, True)
        assert image.read(2040, 100) == bytes(range(248, 256))
        assert image.read(4096, 4) == b""
        with pytest.raises(PermissionError):
            image.write(0, b"x")
    with RawImage(path, read_only=False) as image:
        image.write(510, b"\x55\xaa")
        image.flush()
        with pytest.raises(ValueError):
            image.write(2047, b"ab")
    assert path.read_bytes()[508:514] == b"\xfc\xfd\x55\xaa\x00\x01"


def test_create_is_sparse_and_never_overwrites(tmp_path):
    path = tmp_path / "new"
    with RawImage.create(path, 1 << 32) as image:
        assert image.size == 1 << 32
        image.write((1 << 32) - 3, b"end")
        assert image.read((1 << 32) - 4, 4) == b"\0end"
    assert path.stat().st_blocks * 512 < 1 << 20
    with pytest.raises(MediaError, match="exists already"):
        RawImage.create(path, 512)
    with pytest.raises(MediaError, match="cannot be created"):
        RawImage.create(tmp_path / "no" / "such", 512)


def test_a_short_file_reads_as_zeros_and_grows(tmp_path):
    path = tmp_path / "boot"
    path.write_bytes(b"b" * 512)
    with RawImage(path, read_only=False, size=2048) as image:
        assert image.read(0, 1024) == b"b" * 512 + bytes(512)
        image.write(1024, b"x" * 512)
    assert path.read_bytes() == b"b" * 512 + bytes(512) + b"x" * 512


@pytest.mark.parametrize("memory", [64 << 20, BLOCK, 0])
def test_overlay_is_a_disk_and_leaves_the_file_alone(tmp_path, memory):
    rnd = random.Random(memory)
    path = tmp_path / "base"
    size = 5 * BLOCK + 1234
    model = bytearray(rnd.randbytes(size))
    path.write_bytes(model)
    original = bytes(model)
    overlay = Overlay(RawImage(path), memory)
    assert overlay.size == size and not overlay.read_only
    for _ in range(300):
        at = rnd.randrange(size)
        n = min(rnd.choice((1, 512, 4096, BLOCK, 3 * BLOCK)), size - at)
        if rnd.random() < 0.3:
            data = rnd.randbytes(n)
            overlay.write(at, data)
            model[at:at + n] = data
        else:
            assert overlay.read(at, n) == model[at:at + n]
    assert overlay.read(0, size + 5) == model
    with pytest.raises(ValueError):
        overlay.write(size, b"x")
    overlay.close()
    assert path.read_bytes() == original


def test_overlay_counts_what_was_written(tmp_path):
    path = tmp_path / "base"
    path.write_bytes(bytes(4 * BLOCK))
    with Overlay(RawImage(path)) as overlay:
        assert overlay.written == 0
        overlay.write(BLOCK - 1, b"ab")
        assert overlay.written == 2 * BLOCK


def test_formats_are_distinct_and_known_by_size():
    assert len(BY_SIZE) == len(FORMATS)
    sizes = {"160K": 163840, "360K": 368640, "720K": 737280, "1.2M": 1228800, "1.44M": 1474560, "2.88M": 2949120}
    for name, size in sizes.items():
        assert format_for(size).name == name
    assert format_for(512).name == "1.44M"
    assert format_for(1474560 + 512).name == "2.88M"
    for wrong in (0, 100, 513, 2949120 + 512, 1 << 30):
        assert format_for(wrong) is None


def test_floppy_pads_a_lone_boot_sector(tmp_path):
    path = tmp_path / "boot"
    path.write_bytes(b"b" * 512)
    disk = open_floppy(path, keep_writes=False)
    assert disk.size == 1474560 and not disk.read_only
    assert disk.read(0, 1024) == b"b" * 512 + bytes(512)
    disk.write(1474048, b"x" * 512)
    assert disk.read(1474048, 512) == b"x" * 512
    disk.close()
    assert path.read_bytes() == b"b" * 512
    with pytest.raises(MediaError, match="no floppy disk's size"):
        FloppyMedium(_Sized(1000))


class _Sized:
    def __init__(self, size):
        self.size, self.path = size, "floppy"


def test_floppy_of_the_wrong_size(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(bytes(1000))
    with pytest.raises(MediaError, match="is 1000 bytes long, which is no floppy disk's size"):
        open_floppy(path)
    path.write_bytes(b"")
    with pytest.raises(MediaError, match="is empty"):
        open_floppy(path)


def boot_sector(cylinders, heads, sectors):
    """A FAT boot sector that describes a disk."""
    block = bytearray(512)
    block[:3] = b"\xeb\x3c\x90"
    for at, value in ((0x0B, 512), (0x13, cylinders * heads * sectors), (0x18, sectors), (0x1A, heads)):
        block[at:at + 2] = value.to_bytes(2, "little")
    block[510:] = b"\x55\xaa"
    return bytes(block)


@pytest.mark.parametrize("told, size, form", [
    ((80, 1, 9), None, (80, 1, 9, 250)), ((40, 2, 9), None, (40, 2, 9, 250)), ((80, 1, 8), None, (80, 1, 8, 250)),
    ((80, 2, 17), None, (80, 2, 17, 500)), ((81, 2, 18), None, (81, 2, 18, 500)), ((80, 2, 38), None, (80, 2, 38, 1000)),
    ((80, 2, 22), None, (80, 2, 22, 500)),
    ((40, 2, 36), None, (80, 2, 18, 500)),              # the size alone says 1.44M: no drive has made such a disk
    ((80, 2, 9), 100 * 512, (80, 2, 9, 250)),           # the end was left out
    ((100, 2, 9), None, (80, 2, 18, 500)),
])
def test_floppy_formats_that_the_boot_sector_tells(tmp_path, told, size, form):
    path = tmp_path / "f"
    path.write_bytes(boot_sector(*told).ljust(size or told[0] * told[1] * told[2] * 512, b"\0"))
    assert detect(path).kind == FLOPPY
    with closing(open_floppy(path)) as disk:
        assert (disk.format.cylinders, disk.format.heads, disk.format.sectors, disk.format.rate) == form


def test_a_write_protected_floppy(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(bytes(737280))
    with closing(open_floppy(path, read_only=True)) as disk:
        assert disk.read_only and disk.format.name == "720K"


def test_disk_writes_or_keeps(tmp_path):
    path = tmp_path / "d"
    path.write_bytes(bytes(4096))
    disk = open_disk(path, keep_writes=False)
    disk.write(0, b"gone")
    disk.close()
    assert path.read_bytes() == bytes(4096)
    disk = open_disk(path)
    disk.write(0, b"kept")
    disk.close()
    assert path.read_bytes()[:4] == b"kept"


@pytest.mark.parametrize("content, what", [
    (b"", "is empty"), (b"x" * 1000, "not a multiple of 512"), (b"QFI\xfb" + bytes(508), "qcow2 image")])
def test_what_is_no_disk(tmp_path, content, what):
    path = tmp_path / "d"
    path.write_bytes(content)
    with pytest.raises(MediaError, match=what) as error:
        check_disk(path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


@root
def test_permissions(tmp_path):
    path = tmp_path / "d"
    path.write_bytes(bytes(737280))
    path.chmod(0o444)
    with pytest.raises(MediaError, match="cannot be opened for writing: permission denied"):
        open_disk(path)
    open_disk(path, keep_writes=False).close()
    floppy = open_floppy(path)
    assert floppy.read_only
    floppy.close()
    path.chmod(0)
    with pytest.raises(MediaError, match="permission denied"):
        RawImage(path)
