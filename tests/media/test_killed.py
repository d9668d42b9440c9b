"""A writer that is killed in the middle loses nothing that was done, and leaves an image without errors."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import qemu
import writer

from emu.media import disks
from emu.media.qcow2 import create

ROOT = Path(__file__).resolve().parents[2]
SIZE = 24 << 20


def kill_one(path, seed, first, seconds):
    """Run the writer for a while and kill it; gives its words."""
    process = subprocess.Popen([sys.executable, writer.__file__, str(path), str(seed), str(first)], stdout=subprocess.PIPE,
                               env={**os.environ, "PYTHONPATH": str(ROOT)})
    lines = [process.stdout.readline()]                 # it is at work
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    lines += process.stdout.read().splitlines(keepends=True)
    process.wait()
    assert process.returncode == -signal.SIGKILL, lines[-3:]
    return [line.split() for line in lines if line.endswith(b"\n")]      # the last may have been cut off


class Model:
    """What every sector may hold: the write that was done last, or ones that were under way (or, where that holds writes back, not
    flushed)."""

    def __init__(self, held=False):
        self.sure, self.maybe, self.next, self.held = {}, {}, 1, held

    def learn(self, words):
        writes, doing, unflushed = {}, None, []
        for word in words:
            if word[0] == b"w" and len(word) == 4:
                doing = number, at, count = tuple(map(int, word[1:]))
                writes[number] = at, count
                self.next = number + 1
            elif word[0] == b"d" and int(word[1]) in writes:
                unflushed.append((int(word[1]), *writes[int(word[1])]))
                doing = None
            if word[0] == b"f" or not self.held:
                for number, at, count in unflushed:
                    for n in range(at, at + count):
                        self.sure[n] = number
                        self.maybe.pop(n, None)
                unflushed = []
        for number, at, count in [*unflushed, *([doing] if doing else [])]:
            for n in range(at, at + count):
                self.maybe.setdefault(n, set()).add(number)
        self.next += 1          # the last line, of a write that never began, may have been cut off

    def compare(self, path):
        with disks.open_image(path) as image:
            for n in {*self.sure, *self.maybe}:
                got = image.read(n * 512, 512)
                wanted = {self.sure.get(n, 0), *self.maybe.get(n, ())}
                number = int.from_bytes(got[:4], "little")
                assert number in wanted and got == (writer.sector(number, n) if number else bytes(512)), (n, number, wanted)
                # What a write under way has brought to this sector stays
                self.sure[n] = number
                self.maybe.pop(n, None)


def make(path, kind):
    if kind == "raw":
        with open(path, "wb") as file:
            file.truncate(SIZE)
    elif kind == "backing":
        (path.parent / "base").write_bytes(bytes(SIZE))
        create(path, SIZE, backing="base", backing_format="raw")
    else:
        create(path, SIZE, *kind)


def kill(folder, kind, times, seed=0):
    """Write, kill and look, ``times`` times, on one image."""
    rnd = random.Random(f"{kind} {seed}")
    path = folder / "x"
    make(path, kind)
    model = Model(kind == "backing")
    done = 0
    for n in range(times):
        words = kill_one(path, f"{seed} {n}", model.next, rnd.random() * 0.25)
        done += sum(w[0] == b"d" for w in words)
        model.learn(words)
        if kind != "raw":
            found = qemu.img("check", "-f", "qcow2", path, code=(0, 3))     # 3: leaks, which the next opening gives back
            assert "No errors" in found or "0 errors" in found or "Leaked" in found or "leaked" in found, found
            assert "ERROR" not in found, found
        model.compare(path)
        if n % 50 == 49:        # start afresh, so that new clusters are taken
            path.unlink()
            make(path, kind)
            model = Model(kind == "backing")
    assert done > times
    if kind != "raw":
        disks.open_image(path, read_only=False).close()
        qemu.whole(path)


@pytest.mark.parametrize("kind", ["raw", (65536, 3)], ids=str)
def test_killed_a_few_times(tmp_path, kind):
    kill(tmp_path, kind, 3)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [(65536, 2), (512, 3), (4096, 2), (2 << 20, 3), "backing"], ids=str)
def test_killed_in_all_kinds(tmp_path, kind):
    kill(tmp_path, kind, 10)


@pytest.mark.heavy
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", ["raw", (65536, 3), (512, 3), (65536, 2), "backing"], ids=str)
def test_killed_hundreds_of_times(tmp_path, kind):
    kill(tmp_path, kind, 150)
