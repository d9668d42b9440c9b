"""The host loses its power: what it had not been told to keep may be there or not, in any order.

All that was written to the image's file up to a barrier is there, and any part of what came after it.  Then the image must have no
errors, what was flushed must be there, and of every later write each sector is as before or as written.
"""

import random

import pytest

from emu.media import describe, disks
from emu.media.qcow2 import create

SIZE, SECTOR = 2 << 20, 512


def stamp(number, at):
    return (number.to_bytes(4, "little") + at.to_bytes(4, "little")) * (SECTOR // 8)


class Recorder:
    """What goes to a file, in order; the end of the guest's writes and flushes between."""

    def __init__(self, file):
        self.log, self.start = [], bytes(file.read(0, file.length))
        for name in ("write", "resize", "barrier", "sync"):
            setattr(file, name, self.wrap(name, getattr(file, name)))

    def wrap(self, name, call):
        def recorded(*arguments):
            call(*arguments)
            self.log.append((name, *(bytes(a) if not isinstance(a, int) else a for a in arguments)))
        return recorded

    def cut(self, rnd, end):
        """The file after a power cut when ``end`` entries of the log had been done."""
        kept = max((n for n in range(end) if self.log[n][0] in ("barrier", "sync")), default=0)
        data = bytearray(self.start)
        for n, (name, *arguments) in enumerate(self.log[:end]):
            if n >= kept and rnd.random() < 0.5:
                continue
            if name == "write":
                at, what = arguments
                data.extend(bytes(max(0, at + len(what) - len(data))))
                data[at:at + len(what)] = what
            elif name == "resize":
                data[arguments[0]:] = bytes(max(0, arguments[0] - len(data)))
        return data


def play(path, rnd, count):
    """Write and flush; gives the recorder and [(length of the log, what was done)]."""
    done = []
    with disks.open_image(path, read_only=False) as image:
        recorder = Recorder(image._file)
        for number in range(1, count):
            at, size = rnd.randrange(SIZE // SECTOR - 64), rnd.choice((1, 8, 8, 64))
            done.append((len(recorder.log), "write", number, at, size))
            image.write(at * SECTOR, b"".join(stamp(number, n) for n in range(at, at + size)))
            if rnd.random() < 0.15:
                image.flush()
                done.append((len(recorder.log), "flush"))
            elif rnd.random() < 0.1:
                image.settle()
    return recorder, done


def allowed(done, end):
    """sector -> numbers of the writes that it may show."""
    may = {}
    for at_log, what, *arguments in done:
        if at_log > end:
            break
        if what == "flush":
            may = {n: numbers[-1:] for n, numbers in may.items()}
        else:
            number, at, size = arguments
            for n in range(at, at + size):
                may.setdefault(n, [0]).append(number)
    return may


@pytest.mark.parametrize("backing, cluster", [(True, 4096), *(pytest.param(*other, marks=pytest.mark.slow)
                                                              for other in ((True, 65536), (True, 512), (False, 4096)))])
def test_power_cuts(tmp_path, backing, cluster):
    rnd = random.Random(f"{backing} {cluster}")
    path = tmp_path / "x"
    (tmp_path / "base").write_bytes(b"".join(stamp(0, n) for n in range(SIZE // SECTOR)))
    create(path, SIZE, cluster, **({"backing": "base", "backing_format": "raw"} if backing else {}))
    recorder, done = play(path, rnd, 60)
    for _ in range(25):
        end = rnd.randrange(len(recorder.log) + 1)
        path.write_bytes(recorder.cut(rnd, end))
        assert describe.check(str(path))["errors"] == 0
        may = allowed(done, end)
        with disks.open_image(path) as image:
            data = image.read(0, SIZE)
        for n in range(SIZE // SECTOR):
            got, numbers = data[n * SECTOR:(n + 1) * SECTOR], may.get(n, [0])
            assert got in [stamp(number, n) if number or backing else bytes(SECTOR) for number in numbers], (n, got[:8], numbers, end)
