"""What a machine and its window process share: the frame in shared memory, and the records on the pipes."""
import struct
from multiprocessing import resource_tracker, shared_memory

import numpy as np

MAX_PIXELS = 2560 * 1600
HEADER = 64  # bytes before the pixels
# Words of the header
SEQUENCE, WIDTH, HEIGHT, PAUSED = range(4)  # SEQUENCE is odd while the frame is being written

RECORD = struct.Struct("<4i")  # kind and up to three numbers
KEY, MOUSE_MOVE, MOUSE_BUTTONS, CLOSE, PAUSE, RESET, POWER_BUTTON, POWER_OFF, SHOWN = range(9)


class SharedFrame:
    """A frame of up to 2560x1600 pixels (0x00RRGGBB) and the machine's state, in shared memory."""

    def __init__(self, name=None):
        if name is None:
            self.memory = shared_memory.SharedMemory(create=True, size=HEADER + 4 * MAX_PIXELS)
        else:
            self.memory = _attach(name)
        self.owner = name is None
        self.header = np.frombuffer(self.memory.buf, np.uint32, HEADER // 4)
        self._pixels = np.frombuffer(self.memory.buf, np.uint32, MAX_PIXELS, HEADER)

    @property
    def name(self):
        """What the other process attaches to."""
        return self.memory.name

    def pixels(self, height, width):
        """The frame as an array of that size."""
        return self._pixels[:height * width].reshape(height, width)

    def write(self, pixels, first, last):
        """Show ``pixels``, of which the lines first … last - 1 changed; all of them where the size changed."""
        height, width = pixels.shape
        header = self.header
        if (header[WIDTH], header[HEIGHT]) != (width, height):
            first, last = 0, height
        header[SEQUENCE] |= 1
        header[WIDTH], header[HEIGHT] = width, height
        self.pixels(height, width)[first:last] = pixels[first:last]
        header[SEQUENCE] += 1

    def close(self):
        """Let go of the memory; its owner removes it."""
        self.header = self._pixels = None
        self.memory.close()
        if self.owner:
            self.memory.unlink()


def _attach(name):
    """Shared memory of another process, which alone is to remove it (Python before 3.13 would do so here too)."""
    register = resource_tracker.register
    resource_tracker.register = lambda *_: None
    try:
        return shared_memory.SharedMemory(name)
    finally:
        resource_tracker.register = register
