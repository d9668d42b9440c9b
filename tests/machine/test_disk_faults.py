"""A host that cannot write: the guest has an error from its drive, the user one line, and the machine stands still."""

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from data import ROOT, nasm

from emu import Machine
from emu.media.errors import MediaError
from emu.media.qcow2 import Qcow2Image, create

SOURCE = Path(__file__).with_name("disk_writer.asm")
SIZE = 8 << 20
RUN = {"memory": "4M", "nic": "none", "net": "none"}


@pytest.fixture(scope="module")
def sector(tmp_path_factory):
    """The boot sector."""
    return nasm(SOURCE, tmp_path_factory.mktemp("boot") / "sector").read_bytes()


@pytest.fixture
def disk(tmp_path, sector):
    path = tmp_path / "disk.img"
    path.write_bytes(sector + bytes(SIZE - 512))
    return path


def wrote(pc, count):
    """Let the guest write ``count`` times."""
    assert pc.run(until=lambda: pc.debug_text().count(".") >= count, timeout=60), pc.debug_text()
    return pc.debug_text().count(".")


def cut(path):
    os.truncate(path, 4096)


@pytest.mark.parametrize("fault, what", [(os.unlink, "the file was deleted while it was in use"), (cut, "the file has become shorter")])
def test_a_file_that_vanishes(disk, fault, what):
    with Machine(disk=disk, **RUN) as pc:
        done = wrote(pc, 2)
        fault(disk)
        with pytest.raises(MediaError) as error:
            pc.run(timeout=60)
        assert str(error.value) == f"{disk}: {what}"
        assert pc.paused and pc.debug_text().count(".") <= done + 2
        before = pc.guest_ns
        assert pc.step_slice() and pc.guest_ns == before
        pc.resume()
        with pytest.raises(MediaError):         # it tries again, having told of the error
            pc.run(timeout=60)
        assert "!" in pc.debug_text()


@pytest.mark.parametrize("number, method", [(errno.ENOSPC, "write"), (errno.EIO, "write"), (errno.EIO, "flush")])
def test_an_error_that_passes(disk, number, method):
    """Once the host can write again, so can the guest, and nothing is said twice."""
    with Machine(disk=disk, **RUN) as pc:
        wrote(pc, 2)
        medium = next(m for kind, m in pc.drives.open if kind == "disk").medium

        def fail(*_):
            raise OSError(number, os.strerror(number))
        setattr(medium, method, fail)
        with pytest.raises(MediaError, match=os.strerror(number)[1:]):
            pc.run(timeout=60)
        assert pc.paused
        delattr(medium, method)
        pc.resume()
        assert pc.run(until=lambda: "!CC" in pc.debug_text(), timeout=60)
        wrote(pc, pc.debug_text().count(".") + 2)


def test_a_full_disk_under_emu_run(tmp_path, sector):
    """qcow2 on a host disk that is full: exit code 2, one line, an image without errors that holds all that was written."""
    path = tmp_path / "disk.qcow2"
    create(path, SIZE)
    with Qcow2Image(path, read_only=False) as image:
        image.write(0, sector)
    limit = 1 << 20

    def full():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    done = subprocess.run([sys.executable, "-m", "emu", "run", "--disk", path, "--display", "none", "--net", "none", "--memory", "4M",
                           "--debug-console", "--timeout", "100"],
                          cwd=tmp_path, capture_output=True, text=True, preexec_fn=full, timeout=120, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 2, done.stderr
    said = done.stderr.splitlines()[-1].lstrip(".")
    assert said == f"emu run: {path}: file too large" and done.stderr.count(str(path)) == 1
    count = len(done.stderr.splitlines()[-1]) - len(said)
    assert count > 5
    from emu.media import describe
    assert describe.check(str(path))["errors"] == 0
    bios = next((ROOT / "emu" / "firmware").glob("bios.bin")).read_bytes()[-0x10000:]
    with Qcow2Image(path) as image:
        for n in range(count):
            got = image.read((n + 1) * 32768, 32768)
            assert got[:16] == bios[:16] and got.strip(b"\0")
