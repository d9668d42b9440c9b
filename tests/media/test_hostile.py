"""Images from strangers: what is damaged, cut off, cyclic or claims too much is refused in one line, or is a read error; neither
time nor memory grows beyond what the file's size explains, and no file outside of its folder is read."""

import os
import random
import resource
import struct
import time
import zlib

import pytest
import qemu
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emu.cli.main import main
from emu.media import describe, disks
from emu.media.errors import MediaError
from emu.media.qcow2 import Qcow2Image, create
from emu.media.qcow2.header import REFCOUNT_TABLE_AT, SIZE_AT

MIB = 1 << 20
FUZZ = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
SECONDS, MEMORY = 5, 256 * MIB          # the most that an example may take


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("hostile")


def small_qcow2(path, **options):
    """An image of each kind of cluster, with a snapshot where qemu-img is."""
    path.unlink(missing_ok=True)
    create(path, 4 * MIB, cluster=4096, **options)
    with Qcow2Image(path, read_only=False) as image:
        rnd = random.Random(1)
        for _ in range(20):
            image.write(rnd.randrange(4 * MIB - 9000) // 512 * 512, rnd.randbytes(8192))
    return path.read_bytes()


def footer(kind, size, header_at=512):
    out = bytearray(b"conectix" + struct.pack(">IIQIIIIQQIII", 2, 0x10000, header_at, 0, 0, 0, 0, size, size, 0, kind, 0)).ljust(512, b"\0")
    struct.pack_into(">I", out, 64, ~sum(out) & 0xFFFFFFFF)
    return bytes(out)


def small_vhd(blocks=4, block=65536):
    """A dynamic VHD, every other block of which is there."""
    header = bytearray(b"cxsparse" + struct.pack(">QQIII", 0xFFFFFFFFFFFFFFFF, 1536, 0x10000, blocks, block)).ljust(1024, b"\0")
    struct.pack_into(">I", header, 36, ~sum(header) & 0xFFFFFFFF)
    table, data, at = b"", b"", 4
    for n in range(blocks):
        if n % 2:
            table += b"\xff" * 4
        else:
            table += struct.pack(">I", at)
            data += b"\xff" * 16 + bytes(496) + bytes((n + 1,)) * block
            at += 1 + block // 512
    end = footer(3, blocks * block)
    return end + header + table.ljust(512, b"\xff") + data + end


def small_vmdk(compressed, grains=32):
    """A sparse VMDK, every other grain of which is there; compressed ones are as in a stream-optimized image."""
    flags, directory_at, table_at, at = 3 | (0x30000 if compressed else 0), 1, 2, 8
    header = struct.pack("<4sIIQQQQIQQQB4sH", b"KDMV", 3 if compressed else 1, flags, grains * 128, 128, 0, 0, 512, 0, directory_at, 8, 0,
                         b"\n \r\n", int(compressed))
    table, data = b"", b""
    for n in range(grains):
        if n % 2:
            table += bytes(4)
            continue
        grain = bytes((n + 1,)) * 65536
        if compressed:
            packed = zlib.compress(grain)
            grain = struct.pack("<QI", n * 128, len(packed)) + packed
            grain += bytes(-len(grain) % 512)
        table += struct.pack("<I", at)
        data += grain
        at += len(grain) // 512
    return header.ljust(512, b"\0") + struct.pack("<I", table_at).ljust(512, b"\0") + table.ljust(2048, b"\0").ljust(3072, b"\0") + data


def use(path, writable):
    """Open, look through and (a copy of) write an image, as a guest would; only MediaError and OSError may come of it."""
    began = time.monotonic()
    try:
        with disks.open_image(path, read_only=not writable) as image:
            for at in {0, 65536, image.size // 2, max(0, image.size - 8192)}:
                try:
                    image.read(at, 8192)
                    if writable:
                        image.write(min(at, max(0, image.size - 4096)) // 512 * 512, b"g" * min(4096, image.size // 512 * 512))
                        image.flush()
                except OSError:
                    pass
    except (MediaError, OSError) as error:
        assert "\n" not in str(error)
    try:
        describe.info(path)
        describe.check(path)
    except MediaError as error:
        assert str(error).startswith(os.path.dirname(path)) and "\n" not in str(error)
    assert time.monotonic() - began < SECONDS


def mutations(size, fields):
    """[(place, bytes)] to put over an image: its header's fields by preference."""
    value = st.one_of(st.sampled_from([b"\0" * 8, b"\xff" * 8, b"\0\0\0\0\0\0\0\1", b"\x7f" + b"\xff" * 7, b"\x80" + bytes(7)]),
                      st.binary(min_size=1, max_size=8), st.integers(0, 64).map(lambda n: (n * 4096).to_bytes(8, "big")))
    place = st.one_of(st.sampled_from(fields), st.integers(0, min(size, 20000) - 1), st.integers(0, size - 1))
    return st.tuples(st.lists(st.tuples(place, value), max_size=6), st.one_of(st.none(), st.integers(0, size)))


def fuzz(folder, name, data, change, writable=False):
    (places, cut), image = change, bytearray(data)
    for at, value in places:
        image[at:at + len(value)] = value
    path = folder / name
    path.write_bytes(image[:cut])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    use(str(path), writable)
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < MEMORY


QCOW2_FIELDS = [4, 8, 16, 20, 24, 32, 36, 40, 48, 56, 60, 64, 72, 80, 88, 96, 100, 104, 112, 4096, 8192, 12288, 16384]


@pytest.mark.slow
@FUZZ
@given(data=st.data())
def test_qcow2(folder, data):
    for version in (2, 3):
        image = IMAGES.setdefault(version, small_qcow2(folder / "made", version=version) if version not in IMAGES else b"")
        fuzz(folder, "x.qcow2", image, data.draw(mutations(len(image), QCOW2_FIELDS)), writable=True)


IMAGES = {}


@pytest.mark.slow
@FUZZ
@given(data=st.data())
def test_vhd(folder, data):
    image = small_vhd()
    change = data.draw(mutations(len(image), [16, 40, 48, 60, 64, 512, 528, 540, 544, 548, 1536, 1540, len(image) - 512, len(image) - 464]))
    fuzz(folder, "x.vhd", image, change)


@pytest.mark.slow
@FUZZ
@given(data=st.data(), compressed=st.booleans())
def test_vmdk(folder, data, compressed):
    image = small_vmdk(compressed)
    fuzz(folder, "x.vmdk", image, data.draw(mutations(len(image), [4, 8, 12, 20, 28, 36, 44, 48, 56, 64, 77, 512, 1024, 1032, 4096, 4104])))


@pytest.mark.slow
@FUZZ
@given(lines=st.lists(st.one_of(
    st.sampled_from(["RW 4 FLAT \"x\" 0", "RW 99999999999 ZERO", "RW 4 SPARSE \"d.vmdk\"", "RW 1 FLAT \"/etc/passwd\" 0", "parentCID=0",
                     "RW 1 FLAT \"../x\" 0", "RW 8 FLAT \"flat\" 0", "RW 4 VMFSSPARSE \"x\""]), st.text(max_size=80)), max_size=8))
def test_vmdk_descriptors(folder, lines):
    (folder / "flat").write_bytes(b"f" * 4096)
    path = folder / "d.vmdk"
    path.write_text("# Disk DescriptorFile\n" + "\n".join(lines), encoding="utf-8", errors="surrogatepass")
    use(str(path), False)


def test_what_is_whole_is_read(folder):
    """The images that are damaged above are good to begin with."""
    for name, data, size in (("a.vhd", small_vhd(), 65536), ("a.vmdk", small_vmdk(False), 65536), ("b.vmdk", small_vmdk(True), 65536)):
        (folder / name).write_bytes(data)
        with disks.open_image(folder / name) as image:
            for n in range(4):
                assert image.read(n * size, size) == (bytes(size) if n % 2 else bytes((n + 1,)) * size), (name, n)
            assert describe.check(folder / name)["errors"] == 0


def patched(path, at, code, *values):
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(struct.pack(code, *values))


@pytest.mark.parametrize("at, code, values, what", [
    (0, ">4s", (b"QFIx",), None), (4, ">I", (1,), "of version 1"), (4, ">I", (9,), "of version 9"), (20, ">I", (8,), "2^8 bytes"), (20, ">I", (63,), "2^63"),
    (SIZE_AT, ">Q", (1 << 62,), "more than a disk can have"), (SIZE_AT, ">Q", (1 << 40,), "too short for"), (32, ">I", (2,), "encrypted qcow2 image (LUKS)"),
    (36, ">I", (0xFFFFFFFF,), "L1 table of 34359738360 bytes is too large"), (40, ">Q", (3,), "no cluster"), (40, ">Q", (1 << 50,), "outside the file"),
    (REFCOUNT_TABLE_AT, ">QI", (65536, 1 << 20), "too large"), (REFCOUNT_TABLE_AT, ">QI", (1 << 40, 1), "outside the file"),
    (60, ">IQ", (1 << 30, 65536), "snapshots"), (72, ">Q", (4,), "external data file"), (72, ">Q", (16,), "extended L2 entries"),
    (72, ">Q", (1 << 40,), "number 40"), (96, ">I", (7,), "2^7 bits"), (100, ">I", (3,), "3 bytes long"), (104, ">B", (9,), "compression of type 9"),
    (8, ">QI", (200, 60000), "backing file"), (3 * 65536, ">Q", (1 << 50,), "L1 table leads to"), (72, ">Q", (2,), "marked as corrupt")])
def test_headers_that_cannot_be(tmp_path, capsys, at, code, values, what):
    path = tmp_path / "x.qcow2"
    create(path, 4 * MIB)
    patched(path, at, code, *values)
    if what is None:
        return
    assert main(["run", "--disk", str(path), "--display", "none", "--until", ""]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"emu run: {path}: ") and what in err and err.count("\n") == 1, err


def test_a_feature_that_the_image_names(tmp_path):
    from emu.media.qcow2.header import FEATURE_NAMES, Header, read_header
    from emu.media.hostfile import HostFile
    path = tmp_path / "x.qcow2"
    create(path, 4 * MIB)
    with HostFile(path) as file:
        h = read_header(file)
    h.incompatible, h.extensions[FEATURE_NAMES] = 1 << 9, bytes((0, 9)) + b"time travel".ljust(46, b"\0")
    with open(path, "r+b") as file:
        file.write(Header.pack(h))
    with pytest.raises(MediaError, match="not supported: time travel"):
        Qcow2Image(path)


@pytest.mark.parametrize("name, what", [
    ("/etc/passwd", "outside its folder: /etc/passwd"), ("../secret", "outside its folder"), ("sub/../../secret", "outside its folder"),
    ("link", "outside its folder"), ("nbd://host/x", "is no file"), ("json:{}", "is no file"), ("gone", "no such file"), (".", "is a directory"),
    ("x.qcow2", "in a circle")])
def test_backing_files_of_strangers(tmp_path, name, what):
    folder = tmp_path / "images"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(b"s" * 4096)
    (folder / "link").symlink_to(tmp_path / "secret")
    path = folder / "x.qcow2"
    create(path, MIB, backing=name, backing_format="raw" if name != "x.qcow2" else "qcow2")
    with pytest.raises(MediaError, match=what) as error:
        disks.open_image(path)
    assert "\n" not in str(error.value) and str(path) in str(error.value)
    if name in ("../secret", "link"):
        with disks.open_image(path, anywhere=True) as image:
            assert image.read(0, 8) == b"s" * 8


def test_backing_files_in_a_circle_and_in_a_long_row(tmp_path):
    for one, two in (("a", "b"), ("b", "c"), ("c", "a")):
        create(tmp_path / one, MIB, backing=two, backing_format="qcow2")
    with pytest.raises(MediaError, match="in a circle"):
        disks.open_image(tmp_path / "a", read_only=False)
    for n in range(40):
        create(tmp_path / str(n), MIB, backing=str(n + 1), backing_format="qcow2")
    with pytest.raises(MediaError, match="more than 32 backing files"):
        disks.open_image(tmp_path / "0")


def test_a_guest_cannot_make_its_raw_disk_name_files(tmp_path):
    path, secret = tmp_path / "disk", tmp_path / "other"
    secret.write_bytes(b"s" * MIB)
    path.write_bytes(bytes(MIB))
    create(tmp_path / "x", MIB, backing="other", backing_format="raw")
    head = (tmp_path / "x").read_bytes()[:4096]
    with disks.open_image(path, read_only=False) as image:
        for data in (head, b"KDMV" + bytes(508), b"# Disk DescriptorFile".ljust(512)):
            with pytest.raises(PermissionError, match="look like"):
                image.write(0, data)
        with pytest.raises(PermissionError, match="look like a VHD"):
            image.write(MIB - 512, footer(2, MIB - 512))
        image.write(512, head[:512])
        assert image.read(0, 512) == bytes(512)


def test_tables_that_lead_to_themselves(tmp_path):
    """An L1 table all of whose entries lead to one L2 table, which leads to itself: looked at once, not 32 Ki times."""
    path = tmp_path / "x.qcow2"
    create(path, 4 << 30, cluster=512)
    with Qcow2Image(path, read_only=False) as image:
        image.write(0, b"x" * 512)
        l1, entries = image.header.l1_at, image.header.l1_entries
        table = image._l1[0]
    patched(path, l1, f">{entries}Q", *[table] * entries)
    patched(path, table & ~(1 << 63), ">64Q", *[table] * 64)
    began = time.monotonic()
    assert describe.check(path)["errors"] > 0
    with pytest.raises(OSError, match="its own tables are"), disks.open_image(path, read_only=False) as image:
        image.write(512, b"y" * 512)
    assert time.monotonic() - began < 10


def test_qemu_finds_the_damage_that_we_find(tmp_path):
    rnd, whole = random.Random(1), small_qcow2(tmp_path / "x")
    same = 0
    for _ in range(12):
        data = bytearray(whole)
        at = rnd.choice((8192, 12288, 16384)) + rnd.randrange(64)       # counts, the L1 table, an L2 table
        data[at] ^= 1 << rnd.randrange(8)
        (tmp_path / "x").write_bytes(data)
        theirs = qemu.img("check", "-f", "qcow2", tmp_path / "x", code=(0, 1, 2, 3))
        try:
            ours = describe.check(tmp_path / "x")
            ours = ours["errors"] + ours["leaks"]
        except MediaError:
            ours = 1
        assert (ours == 0) == ("No errors" in theirs), (at, ours, theirs)
        same += 1
    assert same == 12


def test_a_deleted_folder(tmp_path):
    os.mkdir(tmp_path / "d")
    from emu.media import folder
    os.rmdir(tmp_path / "d")
    with pytest.raises(MediaError, match="no such file"):
        folder.open_cd(tmp_path / "d")
