"""A folder as a CD and as a FAT disk: what other programs read from it is what is in the folder."""

import os
import random
import shutil
import subprocess

import pytest
from data import absent

from emu.media import folder, opening
from emu.media.errors import MediaError
from emu.media.iso_writer import IsoWriter
from emu.media.pieces import HostPart, Pieces

PLAIN = {"README.TXT": b"hello", "lower.txt": b"x" * 70000, "empty": b"", "sub/x.bin": b"12345" * 999, ".hidden": b"h", "a.b.tar.gz": b"z",
         "A long name of a file with ünïcode.text": random.Random(1).randbytes(300_000), "n" * 250: b"long", "sub/deep/a b c/d": b"deep"}


@pytest.fixture
def host(tmp_path):
    root = tmp_path / "host"
    for name, data in (PLAIN | {f"sub/many/file number {n}.data": bytes((n % 256,)) * n for n in range(150)}).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (root / "nothing in it").mkdir()
    return root


def tool(*command):
    if shutil.which(command[0]) is None:
        absent(command[0])
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, (done.stdout, done.stderr)
    return done.stdout


def dump(medium, path):
    """Write a medium to a file."""
    with open(path, "wb") as file:
        file.truncate(medium.size)
        source = getattr(medium, "base", medium)
        for at, n in source.data_runs():
            for start in range(at, at + min(n, 4 << 20), 65536):
                file.seek(start)
                file.write(medium.read(start, min(65536, at + n - start)))


def tree(root):
    """What is in a folder."""
    return {str(p.relative_to(root)): p.read_bytes() if p.is_file() else None for p in sorted(root.rglob("*"))}


def test_as_a_cd(host, tmp_path):
    (host / "evil").symlink_to("/etc/passwd")           # leads outside: left out
    (host / "loop").symlink_to(".")
    (host / "same").symlink_to("README.TXT")            # inside: a file like any other
    (host / "sub/case").write_bytes(b"1")
    (host / "sub/CASE").write_bytes(b"2")
    (host / "run").write_bytes(b"#!")
    (host / "run").chmod(0o755)
    os.mkfifo(host / "pipe")
    with opening.open_cdrom(str(host)) as cd:
        dump(cd, tmp_path / "cd.iso")
    out = tmp_path / "out"
    tool("xorriso", "-osirrox", "on", "-indev", tmp_path / "cd.iso", "-extract", "/", out)
    (host / "evil").unlink()
    (host / "loop").unlink()
    (host / "pipe").unlink()
    assert tree(out) == tree(host)
    assert os.access(out / "run", os.X_OK) and abs((out / "run").stat().st_mtime - (host / "run").stat().st_mtime) < 24 * 3600


def test_as_a_fat_disk(host, tmp_path):
    with opening.open_disk(str(host)) as disk:
        before = disk.read(0, 512)
        disk.write(0, b"changed" + bytes(505))
        assert disk.read(0, 7) == b"changed"            # for the run
        disk.write(0, before)
        dump(disk, tmp_path / "disk")
    with open(tmp_path / "disk", "rb") as file:
        file.seek(63 * 512)
        (tmp_path / "part").write_bytes(file.read())
    tool("fsck.fat", "-n", tmp_path / "part")
    out = tmp_path / "out"
    out.mkdir()
    tool("mcopy", "-s", "-n", "-i", tmp_path / "part", "::", out)
    assert tree(out) == tree(host)
    listing = tool("mdir", "-i", tmp_path / "part", "::/")
    assert "LOWER    TXT" in listing and "ALONGN~1 TEX" in listing


@pytest.mark.slow
def test_a_large_folder_is_fat32(host, tmp_path):
    with open(host / "big", "wb") as file:
        file.truncate(3 << 30)
        file.seek((3 << 30) - 4)
        file.write(b"tail")
    with opening.open_disk(str(host)) as disk:
        dump(disk, tmp_path / "disk")
        (start,) = [at for at, piece in zip(disk.base._starts, disk.base._pieces) if isinstance(piece, HostPart) and piece.size == 3 << 30]
        assert disk.read(start + (3 << 30) - 4, 4) == b"tail"
    tool("dd", f"if={tmp_path / 'disk'}", f"of={tmp_path / 'part'}", "bs=32256", "skip=1", "conv=sparse", "status=none")
    assert "FAT32" not in tool("fsck.fat", "-n", tmp_path / "part")
    assert "32 bit entries" in tool("fsck.fat", "-vn", tmp_path / "part")
    assert (tmp_path / "disk").stat().st_blocks * 512 < 256 << 20


def test_names_that_fat_cannot_have(host, tmp_path):
    for name in ("a:b", "a?b", "A", "a", "dot.", "con\x01"):
        (host / name).write_bytes(name.encode())
    with opening.open_disk(str(host)) as disk:
        dump(disk, tmp_path / "disk")
    names = tool("mdir", "-b", "-i", f"{tmp_path / 'disk'}@@32256", "::/").split("\n")
    assert len({n.lower() for n in names}) == len(names) and {"::/a_b", "::/a_b~1", "::/A", "::/a~1", "::/dot", "::/con_"} <= set(names)


def test_what_happens_to_files_meanwhile(host):
    with folder.open_cd(str(host)) as cd:
        at = {piece.path: start for start, piece in zip(cd._starts, cd._pieces) if isinstance(piece, HostPart)}
        start = at[str(host / "lower.txt")]
        assert cd.read(start, 4) == b"xxxx"
        (host / "lower.txt").write_bytes(b"new")
        assert cd.read(start, 5) == b"new\0\0"
        start = at[str(host / "README.TXT")]
        (host / "README.TXT").unlink()
        with pytest.raises(OSError):
            cd.read(start, 5)
        (host / "sub/x.bin").unlink()
        (host / "sub/x.bin").symlink_to("/etc/passwd")
        with pytest.raises(OSError):
            cd.read(at[str(host / "sub/x.bin")], 5)


def test_many_files_of_the_same_name_and_folders_that_are_too_much(tmp_path):
    for n in range(1500):
        (tmp_path / f"the same beginning {n}").touch()
    folder.open_cd(str(tmp_path)).close()
    folder.open_disk(str(tmp_path)).close()
    deep = tmp_path / "x"
    for _ in range(70):
        deep = deep / "d"
    deep.mkdir(parents=True)
    for opener in (folder.open_cd, folder.open_disk):
        with pytest.raises(MediaError, match="deep"):
            opener(str(tmp_path))


def test_a_file_of_several_extents():
    """More than 4 GiB: as many records as it takes, whose extents follow each other (ECMA-119, 6.5.1)."""
    cd = IsoWriter("BIG", rock_ridge=True)
    cd.add("big", HostPart("/dev/null", (9 << 30) + 5))
    layout = cd.layout()
    records = [r for r in _records(b"".join(p for p in layout[:-1] if isinstance(p, bytes))) if r[33:36] == b"BIG"]
    assert [r[25] & 0x80 for r in records] == [0x80, 0x80, 0]
    sizes = [int.from_bytes(r[10:14], "little") for r in records]
    places = [int.from_bytes(r[2:6], "little") for r in records]
    assert sum(sizes) == (9 << 30) + 5 and all(size % 2048 == 0 for size in sizes[:-1])
    assert [b - a for a, b in zip(places, places[1:])] == [size // 2048 for size in sizes[:-1]]


def _records(image):
    root = image[16 * 2048 + 156:16 * 2048 + 190]
    at = int.from_bytes(root[2:6], "little") * 2048
    while image[at]:
        yield image[at:at + image[at]]
        at += image[at]


def test_pieces():
    rnd = random.Random(1)
    model, pieces, at = bytearray(5000), [], 7
    while at < 4500:
        data = rnd.randbytes(rnd.randrange(200))
        pieces.append((at, data))
        model[at:at + len(data)] = data
        at += len(data) + rnd.randrange(100)
    medium = Pieces("x", pieces, 5000)
    for _ in range(300):
        start, n = rnd.randrange(5000), rnd.randrange(900)
        assert medium.read(start, n) == model[start:start + n]
