"""VMDK and VHD images that qemu-img made: read, converted, booted from read-only, and refused where they need another image."""

import random

import pytest
import qemu

from emu.cli.main import main
from emu.media import convert, describe, disks, opening
from emu.media.errors import MediaError

MIB = 1 << 20
KINDS = {"vmdk": ["monolithicSparse", "monolithicFlat", "twoGbMaxExtentSparse", "twoGbMaxExtentFlat", "streamOptimized"], "vpc": ["dynamic", "fixed"]}


@pytest.fixture(scope="module")
def model():
    rnd = random.Random(1)
    return b"".join(rnd.choice((bytes(8192), rnd.randbytes(8192), b"text" * 2048)) for _ in range(3 * MIB // 8192))


@pytest.mark.parametrize("format, kind", [(f, k) for f, kinds in KINDS.items() for k in kinds])
def test_read(tmp_path, model, format, kind):
    (tmp_path / "raw").write_bytes(model)
    path = tmp_path / "x.image"
    qemu.img("convert", "-f", "raw", "-O", format, "-o", f"subformat={kind}", tmp_path / "raw", path)
    with disks.open_image(path) as image:
        assert image.size >= len(model) and image.format == {"vpc": "vhd"}.get(format, format)
        assert image.read(0, len(model)) == model and not image.read(len(model), MIB).strip(b"\0")
        for _ in range(50):
            at = random.randrange(len(model))
            assert image.read(at, 20000) == model[at:at + 20000].ljust(min(20000, image.size - at), b"\0")
    assert describe.check(path)["errors"] == 0
    convert.convert(path, tmp_path / "out.qcow2", "qcow2")
    qemu.whole(tmp_path / "out.qcow2")
    qemu.holds(tmp_path / "out.qcow2", model, tmp_path)
    with opening.open_disk(path, keep_writes=False) as disk:
        disk.write(0, b"for the run")
        assert disk.read(0, 11) == b"for the run"
    with pytest.raises(MediaError, match="can only be read: use --snapshot, or convert it"):
        opening.open_disk(path)


def test_images_that_need_another_are_refused(tmp_path, capsys):
    qemu.img("create", "-q", "-f", "vmdk", tmp_path / "base.vmdk", "3M")
    qemu.img("create", "-q", "-f", "vmdk", "-b", "base.vmdk", "-F", "vmdk", tmp_path / "x.vmdk")
    with pytest.raises(MediaError, match="on top of another one"):
        disks.open_image(tmp_path / "x.vmdk")
    assert main(["run", "--disk", str(tmp_path / "base.vmdk"), "--display", "none", "--until", ""]) == 2
    assert "is a VMDK image, which can only be read" in capsys.readouterr().err


def test_extents_of_strangers(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(b"s" * 4096)
    (folder / "part").write_bytes(b"p" * 4096)
    path = folder / "x.vmdk"

    def opened(*lines):
        path.write_text("\n".join(("# Disk DescriptorFile", "version=1", "parentCID=ffffffff", *lines)) + "\n")
        return disks.open_image(path)
    with opened('RW 4 FLAT "part" 2', "RW 3 ZERO", 'RW 1 FLAT "part" 0') as image:
        assert image.read(0, 1 << 20) == b"p" * 2048 + bytes(1536) + b"p" * 512
    for name in (str(tmp_path / "secret"), "../secret"):
        with pytest.raises(MediaError, match="extent outside its folder"):
            opened(f'RW 8 FLAT "{name}" 0')
    for lines, what in ((['RW 80 FLAT "part" 0'], "cut off"), (['RW 8 VMFSSPARSE "part"'], "of type VMFSSPARSE"), (["RW x"], "extent 'RW x'"), ([], "hold 0 bytes")):
        with pytest.raises(MediaError, match=what):
            opened(*lines)
