"""What files are, from their content; broken ones are named with what is wrong with them."""

import os

import pytest

from emu.media import detect as d
from emu.media.errors import MediaError

SECTOR = 2048


def make_iso(boot=True, sectors=40, volume=None, checksum=None, entry=0x88, media=0, platform=0, image=20, catalogue=19,
             signature=b"\x55\xaa", mbr=False, terminator=True):
    """An ISO image as small as it gets."""
    iso = bytearray(sectors * SECTOR)
    primary = bytearray(SECTOR)
    primary[0:7] = b"\x01CD001\x01"
    primary[80:84] = (volume or sectors).to_bytes(4, "little")
    primary[128:130] = SECTOR.to_bytes(2, "little")
    iso[16 * SECTOR:17 * SECTOR] = primary
    at = 17
    if boot:
        record = bytearray(SECTOR)
        record[0:7] = b"\x00CD001\x01"
        record[7:30] = b"EL TORITO SPECIFICATION"
        record[0x47:0x4B] = catalogue.to_bytes(4, "little")
        iso[at * SECTOR:(at + 1) * SECTOR] = record
        at += 1
        validation = bytearray(32)
        validation[0], validation[1], validation[30:32] = 1, platform, signature
        total = sum(int.from_bytes(validation[i:i + 2], "little") for i in range(0, 32, 2))
        validation[28:30] = (-total & 0xFFFF if checksum is None else checksum).to_bytes(2, "little")
        initial = bytearray(32)
        initial[0], initial[1], initial[6] = entry, media, 4
        initial[8:12] = image.to_bytes(4, "little")
        if catalogue < sectors:
            iso[catalogue * SECTOR:catalogue * SECTOR + 64] = validation + initial
    if terminator:
        iso[at * SECTOR:at * SECTOR + 7] = b"\xffCD001\x01"
    if mbr:
        iso[510:512] = b"\x55\xaa"
    return bytes(iso)


def mbr_disk(size=4 << 20):
    disk = bytearray(size)
    disk[0x1BE:0x1CE] = bytes([0x80, 1, 1, 0, 6, 0, 0, 0]) + (63).to_bytes(4, "little") + (2000).to_bytes(4, "little")
    disk[510:512] = b"\x55\xaa"
    return bytes(disk)


def kernel():
    image = bytearray(100_000)
    image[0x1FE:0x200], image[0x202:0x206] = b"\x55\xaa", b"HdrS"
    return bytes(image)


def multiboot(at=4096, flags=3):
    image = bytearray(10_000)
    image[0:4] = b"\x7fELF"
    magic = 0x1BADB002
    for i, word in enumerate((magic, flags, -(magic + flags) & 0xFFFFFFFF)):
        image[at + 4 * i:at + 4 * i + 4] = word.to_bytes(4, "little")
    return bytes(image)


def boot_sector(size=512):
    return bytes(510) + b"\x55\xaa" + bytes(size - 512)


@pytest.fixture
def put(tmp_path):
    def put(content):
        path = tmp_path / "misleading.txt"
        path.write_bytes(content)
        return path
    return put


@pytest.mark.parametrize("content, kind", [
    (make_iso(), d.ISO), (make_iso(mbr=True), d.ISO), (make_iso(boot=False), d.ISO),
    (mbr_disk(), d.DISK), (mbr_disk(2 << 20), d.DISK), (boot_sector(8 << 20), d.DISK),
    (boot_sector(), d.FLOPPY), (boot_sector(5120), d.FLOPPY), (bytes(1474560), d.FLOPPY), (bytes(163840), d.FLOPPY),
    (kernel().ljust(1474560, b"\0"), d.FLOPPY),         # an old kernel on a floppy
    (kernel(), d.LINUX), (multiboot(), d.MULTIBOOT), (multiboot(at=4098), d.OTHER), (multiboot(at=8190), d.OTHER),
    (b"Hello, world\n" * 99, d.OTHER), (bytes(1000), d.OTHER), (b"QFI\xfb" + bytes(1474556), d.DISK),
    (bytes(1 << 20) + b"conectix" + bytes(504), d.DISK), (b"vhdxfile" + bytes(1 << 20), d.OTHER)])
def test_kind(put, content, kind):
    assert d.detect(put(content)).kind == kind


@pytest.mark.parametrize("content, text", [
    (b"some words\n", "a text file"), (b"\x1f\x8b\x08" + bytes(50), "gzip"), (b"QFI\xfb" + bytes(600), "qcow2"),
    (b"PK\x03\x04" + bytes(50), "zip"), (bytes(3), "no image")])
def test_other_files_are_named(put, content, text):
    assert text in d.detect(put(content)).text


def test_udf(put):
    """A UDF file system alone is a CD; beside ISO 9660 (a bridge disc) it changes nothing."""
    image = bytearray(make_iso(boot=False))
    for n, name in enumerate((b"BEA01", b"NSR02", b"TEA01")):
        image[(16 + n) * 2048 + 1:(16 + n) * 2048 + 6] = name
    assert (d.detect(put(bytes(image))).kind, d.detect(put(bytes(image))).text) == (d.ISO, "a UDF image")
    image[17 * 2048 + 1:17 * 2048 + 6] = b"OTHER"
    assert d.detect(put(bytes(image))).kind == d.OTHER
    bridge = bytearray(make_iso(catalogue=30, image=31))
    bridge[19 * 2048 + 1:19 * 2048 + 6], bridge[20 * 2048 + 1:20 * 2048 + 6] = b"BEA01", b"NSR02"
    found = d.detect(put(bytes(bridge)))
    assert found.text == "an ISO image" and found.boot.lba == 31


def test_boot_entry(put):
    content = d.detect(put(make_iso(sectors=2000, media=2, mbr=True)))
    assert content.hybrid and content.boot_error == ""
    boot = content.boot
    assert (boot.emulation_name, boot.lba, boot.sectors, boot.load_segment) == ("1.44M floppy", 20, 4, 0x7C0)
    assert not d.detect(put(make_iso())).hybrid


@pytest.mark.parametrize("changes, what", [
    ({"checksum": 1}, "wrong checksum"), ({"signature": b"\0\0"}, "no validation entry"),
    ({"entry": 0}, "not bootable"),
    ({"platform": 0xEF}, "EFI only"), ({"media": 9}, "media type 9"), ({"image": 40}, "outside the image"),
    ({"image": 0}, "outside the image"), ({"media": 2}, "outside the image"), ({"catalogue": 40}, "outside the image"),
    ({"catalogue": 0xFFFFFFFF}, "outside the image")])
def test_broken_boot_catalogues(put, changes, what):
    path = put(make_iso(**changes))
    content = d.detect(path)
    assert content.kind == d.ISO and content.boot is None and what in content.boot_error
    with pytest.raises(MediaError, match=what) as error:
        d.require_bootable_cd(path, content)
    assert str(error.value).startswith(f"{path}: ") and "\n" not in str(error.value)


def test_iso_without_boot_record(put):
    path = put(make_iso(boot=False))
    assert d.detect(path).boot_error == ""
    with pytest.raises(MediaError, match="without a boot record"):
        d.require_bootable_cd(path, d.detect(path))


def test_truncated_iso(put):
    with pytest.raises(MediaError, match="truncated ISO image: 81920 bytes long, 83968 by its volume descriptor"):
        d.detect(put(make_iso(volume=41)))
    with pytest.raises(MediaError, match="no primary volume descriptor"):
        d.detect(put(bytes(16 * SECTOR) + b"\xffCD001\x01" + bytes(2 * SECTOR)))
    assert d.detect(put(make_iso(volume=39))).kind == d.ISO


def test_endless_descriptors_end(put):
    block = b"\x02CD001\x01".ljust(SECTOR, b"\0")
    with pytest.raises(MediaError, match="no primary"):
        d.detect(put(bytes(16 * SECTOR) + block * 400))


def test_files_that_cannot_be_images(tmp_path, put):
    cases = {tmp_path / "absent": "no such file", tmp_path: "is a directory", put(b""): "is empty",
             "/dev/null": "is a character device", "a\0b": "is not a file name"}
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    cases[pipe] = "is a pipe"
    for path, what in cases.items():
        with pytest.raises(MediaError, match=what) as error:
            d.detect(path)
        assert error.value.path == str(path)


def test_require_cd_and_kernel(put):
    with pytest.raises(MediaError, match="not an ISO image: it is a text file"):
        d.require_cd(put(b"text"))
    assert d.require_cd(put(make_iso())).kind == d.ISO
    assert d.require_kernel(put(kernel())) == d.LINUX
    assert d.require_kernel(put(multiboot())) == d.MULTIBOOT
    with pytest.raises(MediaError, match="neither a Linux bzImage nor a multiboot kernel"):
        d.require_kernel(put(b"text"))
    with pytest.raises(MediaError, match="is empty"):
        d.require_kernel(put(b""))
