"""A real machine with a viewer's process, run on a thread so that a test can look at it as somebody else."""
import threading
import time
from contextlib import contextmanager

import numpy as np

from emu import Machine
from emu.display import remote


class Viewed:
    """``machine`` runs until ``still()``, and again after ``go_on()``; its viewer is served all the time, on ``port``."""

    def __init__(self, machine):
        self.machine = machine
        kind, listener, host, password = remote.prepare(machine.config)
        self.port = listener.getsockname()[1]
        self.viewer = remote.RemoteViewer(machine, kind, listener, host, password)
        self._running = self._stepping = True
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        while self._running:
            with self._lock:
                self.viewer.poll()
                if self._stepping and not self.viewer.failed:
                    self.machine.step_slice()
            time.sleep(0.001)                   # a lock is not fair by itself

    def do(self, function):
        """Something with the machine, between two slices."""
        with self._lock:
            return function(self.machine)

    def still(self):
        """Stop the guest, and give its picture as (height, width) numbers 0x00RRGGBB."""
        self._stepping = False
        picture = self.do(lambda pc: pc.screenshot().array).astype(np.uint32)
        return picture[..., 0] << 16 | picture[..., 1] << 8 | picture[..., 2]

    def go_on(self):
        self._stepping = True

    def wait_for(self, condition, seconds=60):
        """Wait until ``condition(machine)`` comes true."""
        end = time.monotonic() + seconds
        while not self.do(condition):
            assert time.monotonic() < end, "\n".join(self.do(lambda pc: pc.screen_text()))
            time.sleep(0.05)

    def wait_for_text(self, text, seconds=60):
        self.wait_for(lambda pc: text in "\n".join(["", *(row.rstrip() for row in pc.screen_text())]), seconds)

    def close(self):
        self._running = False
        self._thread.join()
        self.viewer.close()


@contextmanager
def viewed(**fields):
    """A machine that runs under a viewer's eyes."""
    with Machine(**fields) as machine:
        made = Viewed(machine)
        try:
            yield made
        finally:
            made.close()
