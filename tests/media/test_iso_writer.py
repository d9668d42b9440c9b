"""The ISO writer: read back by a reader that knows only the standard, and by xorriso where it is."""

import shutil
import struct
import subprocess

import pytest

from emu.media import eltorito
from emu.media.iso_writer import SECTOR, IsoError, IsoWriter


def read_tree(image, joliet=False):
    """{path: bytes} of an image, from its descriptor (ECMA-119, 8.4 and 9.1) on."""
    for at in range(16, 32):
        block = image[at * SECTOR:(at + 1) * SECTOR]
        assert block[1:6] == b"CD001"
        if block[0] == (2 if joliet else 1):
            break
    assert struct.unpack_from("<I", block, 80)[0] * SECTOR == len(image)
    found = {}

    def walk(record, path):
        lba, size = (struct.unpack_from("<I", record, n)[0] for n in (2, 10))
        assert [struct.unpack_from(">I", record, n)[0] for n in (6, 14)] == [lba, size]
        data = image[lba * SECTOR:lba * SECTOR + size]
        at, before = 0, []
        while at < size:
            length = data[at]
            if length == 0:
                at += SECTOR - at % SECTOR
                continue
            assert at // SECTOR == (at + length - 1) // SECTOR, "a record crosses a sector"
            child, name = data[at:at + length], data[at + 33:at + 33 + data[at + 32]]
            at += length
            if name in (b"\0", b"\1"):
                continue
            before.append(name)
            text = name.decode("utf-16-be" if joliet else "ascii")
            if child[25] & 2:
                walk(child, f"{path}{text}/")
            else:
                child_lba, child_size = (struct.unpack_from("<I", child, n)[0] for n in (2, 10))
                found[path + text] = image[child_lba * SECTOR:child_lba * SECTOR + child_size]
        assert before == sorted(before), "records are in the order of their names"

    walk(block[156:190], "")
    return found


def many():
    """An image with folders, names that shorten to the same, a folder of more than a sector, an empty file."""
    cd = IsoWriter("MANY FILES")
    files = {f"data/{n:03}-a long name of a file.text": bytes([n]) * (n * 50) for n in range(60)}
    files |= {"Empty": b"", "one/two/three/deep.bin": b"deep", "READ.ME": b"hello", "noext": b"1", ".hidden": b"2"}
    for path, data in files.items():
        cd.add(path, data)
    return files, cd


def test_joliet_has_the_names_as_given():
    files, cd = many()
    assert read_tree(cd.write(), joliet=True) == files


def test_short_names_are_unique_and_hold_the_same_files():
    files, cd = many()
    found = read_tree(cd.write())
    assert sorted(found.values()) == sorted(files.values()) and len(found) == len(files)
    assert found["ONE/TWO/THREE/DEEP.BIN;1"] == b"deep" and found["READ.ME;1"] == b"hello"
    for path in found:
        base, _, extension = path.rpartition("/")[2].removesuffix(";1").partition(".")
        assert 0 < len(base) <= 8 and len(extension) <= 3


def test_boot_entry_and_boot_information():
    cd = IsoWriter("BOOT")
    boot = bytes(range(256)) * 20
    cd.add("aaa.txt", b"first by name")
    cd.add_boot("boot/loader.bin", boot)
    image = cd.write()
    entry = eltorito.boot_entry(lambda at, n: image[at:at + n], len(image))
    assert (entry.platform, entry.emulation, entry.sectors) == (0, 0, 4)
    data = image[entry.lba * SECTOR:entry.lba * SECTOR + len(boot)]
    assert data[:8] == boot[:8] and data[64:] == boot[64:]
    volume, lba, length, total = struct.unpack_from("<4I", data, 8)
    assert (volume, lba, length) == (16, entry.lba, len(boot))
    assert total == sum(struct.unpack(f"<{(len(boot) - 64) // 4}I", boot[64:])) & 0xFFFFFFFF
    assert read_tree(image, joliet=True)["boot/loader.bin"] == data


def test_the_same_contents_give_the_same_bytes():
    assert many()[1].write() == many()[1].write()


@pytest.mark.parametrize("path, more", [("a/b", "a"), ("a", "a/b"), ("a", "a"), ("x" * 65, None), ("/".join("abcdefghi"), None)])
def test_what_cannot_be_is_said(path, more):
    cd = IsoWriter()
    with pytest.raises(IsoError):
        cd.add(path, b"")
        if more is not None:
            cd.add(more, b"")


@pytest.mark.skipif(shutil.which("xorriso") is None, reason="xorriso is absent")
def test_xorriso_reads_it(tmp_path):
    files, cd = many()
    cd.add_boot("boot.bin", b"\xEB\xFE" + bytes(3000))
    (tmp_path / "many.iso").write_bytes(cd.write())
    out = tmp_path / "out"
    done = subprocess.run(["xorriso", "-osirrox", "on", "-indev", str(tmp_path / "many.iso"), "-extract", "/", str(out)],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    read = {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file()}
    assert {path: data for path, data in read.items() if path != "boot.bin"} == files
    report = subprocess.run(["xorriso", "-indev", str(tmp_path / "many.iso"), "-report_el_torito", "plain"], capture_output=True, text=True).stdout
    assert "boot-info-table" in report
