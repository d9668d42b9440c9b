"""A machine in a process of its own that says, for each line on COM1, what it has used and executed until then.

python -m emu.bench.worker KIND IMAGE ENGINE MEMORY: "CPU-SECONDS INSTRUCTIONS TEXT" on standard output, a line for each.
"""

import sys
import time

from emu import Machine

from .measure import DONE


class Lines:
    """What COM1 is joined to."""

    def __init__(self, machine):
        self.machine, self.line, self.done = machine, bytearray(), False

    def write(self, byte):
        """A byte came."""
        if byte != 10:
            self.line.append(byte)
            return
        text = self.line.decode("latin-1").rstrip("\r")
        self.line.clear()
        print(f"{time.process_time():.6f} {self.machine.instructions} {text}", flush=True)
        self.done = self.done or text.startswith(DONE)

    def flush(self):
        """Nothing waits."""

    close = flush


def main(kind, path, engine, memory):
    """Run until the image says that it is done, or ends."""
    with Machine(**{kind: path}, boot=kind, memory=f"{memory}M", engine=engine, display=None, nic="none", net="none", snapshot=True,
                 clock="virtual") as pc:
        lines = Lines(pc)
        pc.join_serial(lines)
        pc.run(until=lambda: lines.done)


if __name__ == "__main__":
    main(*sys.argv[1:])
