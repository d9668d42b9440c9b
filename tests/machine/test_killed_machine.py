"""The emulator killed in the middle of its guest's writes: what the guest was told is done, is there; the image is without errors."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from data import ROOT, nasm

from emu.media import convert, describe, disks

SOURCE = Path(__file__).with_name("disk_writer.asm")
SIZE, PIECE = 256 << 20, 64 * 512
BIOS = (ROOT / "emu" / "firmware" / "bios.bin").read_bytes()[-0x10000:][:PIECE]


@pytest.fixture(scope="module")
def boot(tmp_path_factory):
    """The boot sector: it writes pieces of the BIOS after another, and tells of each that INT 13h called done."""
    return nasm(SOURCE, tmp_path_factory.mktemp("boot") / "sector").read_bytes()


def run_and_kill(disk, seconds):
    """How many writes the guest of a machine was told are done, until the machine was killed."""
    process = subprocess.Popen([sys.executable, "-m", "emu", "run", "--disk", str(disk), "--display", "none", "--net", "none", "--nic", "none",
                                "--memory", "4M", "--debug-console"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)})
    said = process.stderr.read(1)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    said += process.stderr.read()
    assert process.wait() == -signal.SIGKILL and said.strip(b".") == b"", said
    return len(said)


def kill(folder, boot, format, times):
    rnd = random.Random(format)
    made, disk = folder / "made", folder / "disk"
    convert.create(str(made), SIZE, format)
    with disks.open_image(made, read_only=False) as image:
        image.write(0, boot)
    fresh, total = made.read_bytes() if format == "qcow2" else boot, 0
    for _ in range(times):
        disk.write_bytes(fresh)
        if format == "raw":
            os.truncate(disk, SIZE)
        done = run_and_kill(disk, rnd.random() * 0.15)
        assert describe.check(str(disk))["errors"] == 0
        with disks.open_image(disk) as image:
            for n in range(1, done + 1):
                assert image.read(n * PIECE, PIECE)[:16] == BIOS[:16], (n, done)
            # The data segment of the BIOS may change; its code does not
            last = image.read(done * PIECE, PIECE)
            assert sum(a == b for a, b in zip(last, BIOS)) > PIECE * 0.9
        total += done
    assert total > times
    disks.open_image(disk, read_only=False).close()
    found = describe.check(str(disk))
    assert (found["errors"], found["leaks"]) == (0, 0)


@pytest.mark.slow
@pytest.mark.parametrize("format", ["raw", "qcow2"])
def test_killed_a_few_times(tmp_path, boot, format):
    kill(tmp_path, boot, format, 6)


@pytest.mark.heavy
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("format", ["raw", "qcow2"])
def test_killed_150_times(tmp_path, boot, format):
    kill(tmp_path, boot, format, 150)
