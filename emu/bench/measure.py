"""Runs an image in an emulator's process, and takes the CPU time that it has used whenever a line comes from COM1."""

import os
import select
import subprocess
import tempfile
import time
from dataclasses import dataclass

BEGIN, ROW, DONE = "BEGIN", "BENCH", "BENCH-DONE"
PATIENCE = 0.2                                  # seconds between two looks at a process that says nothing
KILL_AFTER = 3


class Failed(Exception):
    """A run that did not come to its end: one line.  ``late``: it took too long."""

    def __init__(self, why, late=False):
        super().__init__(why)
        self.late = late


@dataclass
class Measured:
    """A row as it was measured once.  ``instructions`` is None where the emulator does not count them."""

    name: str
    rounds: int
    cpu: float
    instructions: int | None
    checksum: str


def cpu_seconds(pid):
    """The CPU time of a process with all its threads, by the clock that Linux keeps for each."""
    try:
        return time.clock_gettime(~pid << 3 | 2)
    except OSError:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Rows:
    """Makes rows of lines: ``BEGIN name`` and ``BENCH name rounds seconds checksum``."""

    def __init__(self, progress):
        self.rows, self.done = [], False
        self._begun, self._progress = {}, progress

    def line(self, text, cpu, instructions):
        """A line came."""
        words = text.split()
        if text.startswith(DONE):
            self.done = True
        elif len(words) == 2 and words[0] == BEGIN:
            self._begun[words[1]] = cpu, instructions
            self._progress(words[1])
        elif len(words) == 5 and words[0] == ROW and words[1] in self._begun and words[2].isdigit():
            began, before = self._begun.pop(words[1])
            count = None if instructions is None else instructions - before
            self.rows.append(Measured(words[1], int(words[2]), cpu - began, count, words[4]))


def run(contestant, image, timeout, progress=lambda name: None):
    """Run an image to its end; gives a list of Measured.  Raises Failed."""
    with tempfile.TemporaryDirectory(prefix="emu-mips-") as folder:
        argv, pipe = contestant.command(image, folder)
        source = None if pipe is None else os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
        with open(os.path.join(folder, "said"), "w+b") as said:
            try:
                process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE if source is None else said, stderr=said,
                                           env=contestant.environment())
                try:
                    rows = _listen(contestant, process, process.stdout.fileno() if source is None else source, timeout, progress)
                finally:
                    _end(process)
            finally:
                if source is not None:
                    os.close(source)
            if not rows.done:
                said.seek(0)
                last = said.read().decode("utf-8", "replace").strip().splitlines()
                raise Failed("it ended before the image said BENCH-DONE on COM1" + (f": {last[-1][:200]}" if last else ""))
    return rows.rows


def _listen(contestant, process, source, timeout, progress):
    rows, rest, end = Rows(progress), b"", time.monotonic() + timeout
    poll = select.poll()
    poll.register(source, select.POLLIN)
    while not rows.done:
        if time.monotonic() > end:
            raise Failed(f"it was not done after {timeout:g} seconds", late=True)
        if not poll.poll(PATIENCE * 1000):
            if process.poll() is not None:
                break
            continue
        data = os.read(source, 65536)
        if not data:
            break
        used = 0.0 if contestant.counts else cpu_seconds(process.pid)
        *lines, rest = (rest + data).split(b"\n")
        for raw in lines:
            text = raw.decode("latin-1").rstrip("\r")
            if contestant.counts:
                cpu, instructions, text = text.split(" ", 2)
                rows.line(text, float(cpu), int(instructions))
            else:
                rows.line(text, used, None)
            if rows.done:
                break
    return rows


def _end(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(KILL_AFTER)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
