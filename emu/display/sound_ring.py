"""Sound from a machine to its window's process: a ring in shared memory that the machine never waits for."""

from multiprocessing import shared_memory

import numpy as np

from .link import attach

FRAMES = 1 << 16                # 1.37 s at 48 kHz
FRAME_BYTES = 4                 # 16-bit stereo
HEADER = 64                     # bytes; the first word counts the frames ever written, modulo 1 << 32
SUFFIX = "-sound"               # of the shared memory's name, behind that of the picture


class SoundRing:
    """The latest second or so of what a machine played.  As a sink (Machine.play_sound) it belongs to the machine; its reader
    keeps its own place."""

    def __init__(self, frame_name, owner):
        name = frame_name + SUFFIX
        size = HEADER + FRAMES * FRAME_BYTES
        self.memory = shared_memory.SharedMemory(name, create=True, size=size) if owner else attach(name)
        self.owner = owner
        self._header = np.frombuffer(self.memory.buf, np.uint32, HEADER // 4)
        self._samples = np.frombuffer(self.memory.buf, np.int16, FRAMES * 2, HEADER).reshape(FRAMES, 2)

    @property
    def written(self):
        """Frames ever written, modulo 1 << 32."""
        return int(self._header[0])

    def write(self, pcm):
        """The machine's next block."""
        if self._header is None:
            return
        block = np.frombuffer(pcm, np.int16).reshape(-1, 2)
        at = self.written % FRAMES
        first = min(len(block), FRAMES - at)
        self._samples[at:at + first] = block[:first]
        self._samples[:len(block) - first] = block[first:]
        self._header[0] = self.written + len(block) & 0xFFFFFFFF

    def silence(self, blocks):
        """Nothing was to be heard; the reader has noticed."""

    def flush(self):
        """Nothing waits here."""

    def read(self, position, count):
        """``count`` frames from a place that is still in the ring."""
        at = position % FRAMES
        first = min(count, FRAMES - at)
        return np.concatenate((self._samples[at:at + first], self._samples[:count - first]))

    def close(self):
        """Let go of the memory; its owner removes it."""
        if self._header is None:
            return
        self._header = self._samples = None
        self.memory.close()
        if self.owner:
            self.memory.unlink()
