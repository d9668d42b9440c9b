"""qcow2 images: what we write is what QEMU's tools read and find whole, and the other way round."""

import random
import shutil
import time

import pytest
import qemu

from emu.media import disks
from emu.media.errors import MediaError
from emu.media.hostfile import HostFile
from emu.media.qcow2 import Qcow2Image, create, read_snapshots
from emu.media.qcow2 import check as checking
from emu.media.qcow2.header import DIRTY

MIB = 1 << 20


def mine(path):
    """Findings of our own check."""
    with Qcow2Image(path) as image:
        return checking.check(HostFile(path, locked=False), image.header)


def play(image, model, rnd, times, sizes=(512, 4096, 65536, 200192)):
    """Random reads and writes, some of them zeros, against a model."""
    for _ in range(times):
        n = min(rnd.choice(sizes), len(model))
        at = rnd.randrange(len(model) - n + 1) // 512 * 512
        if rnd.random() < 0.6:
            data = rnd.randbytes(n) if rnd.random() < 0.8 else bytes(n)
            image.write(at, data)
            model[at:at + n] = data
        else:
            assert image.read(at, n) == model[at:at + n]


def agree(folder, cluster, version, bits=16, times=60, rounds=2):
    """An image that is opened and written several times: QEMU and we see the same, and nothing is lost or leaked."""
    rnd = random.Random(f"{cluster} {version} {bits}")
    path = folder / "x.qcow2"
    path.unlink(missing_ok=True)
    size = rnd.choice((3 * MIB, 8 * MIB + 1536, 700 * 512))
    create(path, size, cluster, version, bits)
    model = bytearray(size)
    for _ in range(rounds):
        with Qcow2Image(path, read_only=False) as image:
            play(image, model, rnd, times)
        with Qcow2Image(path) as image:
            assert image.read(0, size) == model
        found = mine(path)
        assert (found.errors, found.leaks) == (0, 0), found
    qemu.whole(path)
    qemu.holds(path, model, folder)


@pytest.mark.parametrize("cluster, version", [(512, 2), (65536, 3)])
def test_random_writes(tmp_path, cluster, version):
    agree(tmp_path, cluster, version, times=20)


@pytest.mark.slow
def test_random_writes_of_all_kinds(tmp_path):
    for bits in range(9, 22):
        for version in (2, 3):
            agree(tmp_path, 1 << bits, version)
    for width in (1, 2, 4, 8, 32, 64):
        agree(tmp_path, 512, 3, width)
        agree(tmp_path, 4096, 3, width)


@pytest.mark.slow
@pytest.mark.parametrize("options", ["", "compat=0.10", "cluster_size=512,refcount_bits=64", "cluster_size=2M,refcount_bits=1",
                                     "preallocation=metadata,cluster_size=4k", "preallocation=falloc"])
def test_images_that_qemu_made(tmp_path, options):
    path, rnd = tmp_path / "x.qcow2", random.Random(options)
    qemu.img("create", "-q", "-f", "qcow2", *(("-o", options) if options else ()), path, "3M")
    model = bytearray(3 * MIB)
    with Qcow2Image(path, read_only=False) as image:
        play(image, model, rnd, 25)
    qemu.whole(path)
    qemu.io(path, "write -P 7 1M 200k", "write -z 100k 500k")
    model[MIB:MIB + 200 * 1024] = b"\7" * 200 * 1024
    model[100 * 1024:600 * 1024] = bytes(500 * 1024)
    with Qcow2Image(path, read_only=False) as image:
        assert image.read(0, len(model)) == model
        play(image, model, rnd, 25)
    qemu.whole(path)
    qemu.holds(path, model, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["zlib", "zstd"])
def test_compressed_clusters(tmp_path, kind):
    rnd = random.Random(kind)
    model = bytearray(rnd.randbytes(64) * (3 * MIB // 64))
    model[MIB:2 * MIB] = rnd.randbytes(MIB)
    (tmp_path / "raw").write_bytes(model)
    path = tmp_path / "x.qcow2"
    qemu.img("convert", "-c", "-O", "qcow2", "-o", f"compression_type={kind}", tmp_path / "raw", path)
    with Qcow2Image(path) as image:
        assert image.read(0, len(model)) == model
    with Qcow2Image(path, read_only=False) as image:
        play(image, model, rnd, 40)
        image.flush()
        play(image, model, rnd, 10)
    qemu.whole(path)
    qemu.holds(path, model, tmp_path)


def test_without_a_zstd_library_the_error_says_so(tmp_path, monkeypatch):
    (tmp_path / "raw").write_bytes(b"x" * MIB)
    path = tmp_path / "x.qcow2"
    qemu.img("convert", "-c", "-O", "qcow2", "-o", "compression_type=zstd", tmp_path / "raw", path)
    from emu.media.qcow2 import compression
    monkeypatch.setattr(compression, "zstd_library", lambda: None)
    with Qcow2Image(path) as image, pytest.raises(OSError, match="zstandard"):
        image.read(0, 512)


@pytest.mark.slow
@pytest.mark.parametrize("cluster", [512, 65536])
def test_snapshots_stay_as_they_are(tmp_path, cluster):
    rnd = random.Random(cluster)
    path = tmp_path / "x.qcow2"
    create(path, 3 * MIB, cluster)
    model, kept = bytearray(3 * MIB), {}
    for name in ("one", "two"):
        with Qcow2Image(path, read_only=False) as image:
            play(image, model, rnd, 25)
        qemu.whole(path)
        qemu.img("snapshot", "-c", name, path)
        kept[name] = bytes(model)
    with Qcow2Image(path, read_only=False) as image:
        assert [s.name for s in read_snapshots(image._file, image.header)[0]] == ["one", "two"]
        play(image, model, rnd, 25)
    qemu.whole(path)
    qemu.holds(path, model, tmp_path)
    for name, data in kept.items():
        qemu.img("snapshot", "-a", name, path)
        qemu.whole(path)
        qemu.holds(path, data, tmp_path)
        with Qcow2Image(path) as image:
            assert image.read(0, len(data)) == data


@pytest.mark.slow
@pytest.mark.parametrize("below", ["raw", "qcow2"])
def test_backing_files(tmp_path, below):
    rnd = random.Random(below)
    base, path = tmp_path / "base", tmp_path / "x.qcow2"
    model = bytearray(rnd.randbytes(MIB + 512))
    (tmp_path / "raw").write_bytes(model)
    qemu.img("convert", "-O", below, tmp_path / "raw", base)
    before = base.read_bytes()
    create(path, 2 * MIB, 4096, backing="base", backing_format=below)
    model += bytes(2 * MIB - len(model))
    for _ in range(2):
        with disks.open_image(path, read_only=False) as image:
            play(image, model, rnd, 40, (512, 4096, 30000 // 512 * 512))
    qemu.whole(path)
    qemu.holds(path, model, tmp_path)
    assert base.read_bytes() == before


def test_what_is_held_back_does_not_wait_long(tmp_path, monkeypatch):
    """Over a backing file the tables may wait for a barrier; a machine that stands by, a pause and a flush all end that."""
    from emu import Machine
    from emu.machine import drives
    monkeypatch.setattr(drives, "HELD_SECONDS", 0.05)
    path = tmp_path / "x"
    (tmp_path / "base").write_bytes(b"b" * MIB)
    create(path, MIB, backing="base", backing_format="raw")

    def in_file(at):
        with disks.open_image(path, locked=False) as image:
            return image.read(at, 1)

    with Machine(disk=path, nic="none", net="none", memory="4M") as pc:
        image = pc.drives.open[0][1].medium
        for n, paused in enumerate((False, True)):
            if paused:
                pc.pause()
            image.write(n * 65536, b"new" * 1000)
            assert image.read(n * 65536, 3) == b"new" and in_file(n * 65536) == b"b"
            end = time.monotonic() + 0.15
            while time.monotonic() < end:
                pc.step_slice()
            assert in_file(n * 65536) == b"n"
        image.write(3 * 65536, b"new")
        image.flush()
        assert in_file(3 * 65536) == b"n"
    assert (tmp_path / "base").read_bytes() == b"b" * MIB


def test_zeros_take_up_no_room(tmp_path):
    path = tmp_path / "x.qcow2"
    create(path, 64 * MIB)
    before = path.stat().st_size
    with Qcow2Image(path, read_only=False) as image:
        image.write(0, bytes(16 * MIB))
    assert path.stat().st_size == before


def test_what_was_not_closed_is_put_in_order(tmp_path):
    """Clusters that were taken and not used are given back when the image is opened to be written."""
    path = tmp_path / "x.qcow2"
    for version in (2, 3):
        path.unlink(missing_ok=True)
        create(path, 64 * MIB, version=version)
        size = path.stat().st_size
        image = Qcow2Image(path, read_only=False)
        image.write(0, b"a" * 512)
        image.flush()
        shutil.copy(path, tmp_path / "killed")
        image.close()
        clean = path.stat().st_size
        assert clean == size + 2 * 65536                # an L2 table, a cluster of data
        qemu.whole(path)
        found = mine(tmp_path / "killed")
        assert found.errors == 0 and found.leaks > 0
        with Qcow2Image(tmp_path / "killed") as image:
            assert bool(image.header.incompatible & DIRTY) == (version == 3)
        Qcow2Image(tmp_path / "killed", read_only=False).close()
        assert (tmp_path / "killed").stat().st_size == clean
        qemu.whole(tmp_path / "killed")


def test_one_writer_or_many_readers(tmp_path):
    path = tmp_path / "x.qcow2"
    create(path, MIB)
    with Qcow2Image(path, read_only=False):
        for read_only in (True, False):
            with pytest.raises(MediaError, match="x.qcow2: is (in use|being written) by another machine"):
                Qcow2Image(path, read_only)
        qemu.img("info", path, code=1)                  # QEMU keeps off, too
    with Qcow2Image(path), Qcow2Image(path):
        with pytest.raises(MediaError, match="in use by another machine"):
            Qcow2Image(path, read_only=False)
