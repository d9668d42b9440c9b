"""What a machine and a viewer's process share: frame and state in shared memory, records on the pipes both ways."""
import struct
from multiprocessing import resource_tracker, shared_memory

import numpy as np

MAX_PIXELS = 2560 * 1600
HEADER = 256  # bytes before the pixels
# Words of the header.  SEQUENCE is odd while the frame is being written; STATE has the bits below, LEDS the keyboard's
# (bit 0 Scroll Lock, 1 Num Lock, 2 Caps Lock); MIPS is in tenths, PERCENT guest time to host time; the last four count
# accesses and frames, for lights that blink.
SEQUENCE, WIDTH, HEIGHT, STATE, LEDS, MIPS, PERCENT, CD_USE, FLOPPY_USE, DISK_USE, NETWORK_USE = range(11)
CHANGES, CHANGES_KEPT = 16, 32  # of each of the latest writes the lines it changed: the first, and the end in the upper half
# Bits of STATE: the machine is paused; the guest takes absolute pointer positions; text is being typed; what there is
PAUSED, ABSOLUTE, TYPING, HAS_CD, HAS_FLOPPY, HAS_DISK, HAS_NETWORK, HAS_SOUND, HAS_POWER_BUTTON = (1 << n for n in range(9))

# A record: kind and three numbers; those of TEXTS are followed by c bytes of UTF-8.
RECORD = struct.Struct("<4i")
(KEY,               # HID usage, pressed
 MOUSE_MOVE,        # dx, dy (down), wheel (towards the user)
 MOUSE_BUTTONS,     # mask: bit 0 left, 1 right, 2 middle
 POINTER,           # x and y in pixels of the frame, mask | wheel << 8
 CLOSE, PAUSE,      # PAUSE: or go on
 RESET, POWER_BUTTON, POWER_OFF, SHOWN,
 COPY,              # the text screen is wanted, as CLIPBOARD
 STOP_TYPING,
 PASTE,             # text to type
 INSERT,            # drive, 0, file's name
 EJECT,             # drive, even if the guest has locked it
 WATCHERS,          # how many people look: nothing need be drawn for nobody; the answer is SHOWN, once all is drawn
 # from the machine
 NOTE,              # is it a warning, 0, words for the user
 MEDIUM,            # drive, is there one in, its file's name
 CLIPBOARD,         # 0, 0, text
 ) = range(19)
TEXTS = {PASTE, INSERT, NOTE, MEDIUM, CLIPBOARD}
MOST_TEXT = 1 << 20  # bytes
# Drives of INSERT, EJECT and MEDIUM; BY_CONTENT asks the machine to choose
BY_CONTENT, CD, FLOPPY = -1, 0, 1


def pack(kind, a=0, b=0, c=0, text=None):
    """A record's bytes."""
    if kind in TEXTS:
        data = (text or "").encode("utf-8", "replace")[:MOST_TEXT]
        return RECORD.pack(kind, a, b, len(data)) + data
    return RECORD.pack(kind, a, b, c)


def read(pipe):
    """The next record of a binary file as (kind, a, b, c), with text for c where the kind has one; None at the end."""
    head = pipe.read(RECORD.size)
    if len(head) < RECORD.size:
        return None
    kind, a, b, c = RECORD.unpack(head)
    if kind not in TEXTS:
        return kind, a, b, c
    if not 0 <= c <= MOST_TEXT:
        return None
    return kind, a, b, pipe.read(c).decode("utf-8", "replace")


class SharedFrame:
    """A frame of up to 2560x1600 pixels (0x00RRGGBB) and the machine's state, in shared memory."""

    def __init__(self, name=None):
        if name is None:
            self.memory = shared_memory.SharedMemory(create=True, size=HEADER + 4 * MAX_PIXELS)
        else:
            self.memory = attach(name)
        self.owner = name is None
        self.header = np.frombuffer(self.memory.buf, np.uint32, HEADER // 4)
        self._pixels = np.frombuffer(self.memory.buf, np.uint32, MAX_PIXELS, HEADER)

    @property
    def name(self):
        """What the other process attaches to."""
        return self.memory.name

    @property
    def state(self):
        """The bits of STATE."""
        return int(self.header[STATE])

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
        header[CHANGES + (int(header[SEQUENCE]) // 2 + 1) % CHANGES_KEPT] = first | last << 16
        self.pixels(height, width)[first:last] = pixels[first:last]
        header[SEQUENCE] += 1

    def changed(self, since, now):
        """The lines (first, end) that changed between two even values of SEQUENCE; (0, all) if that is too long ago."""
        header = self.header
        if not 0 < (now - since) // 2 <= CHANGES_KEPT // 2:
            return 0, int(header[HEIGHT])
        lines = [int(header[CHANGES + n % CHANGES_KEPT]) for n in range(since // 2 + 1, now // 2 + 1)]
        return min(line & 0xFFFF for line in lines), max(line >> 16 for line in lines)

    def close(self):
        """Let go of the memory; its owner removes it."""
        self.header = self._pixels = None
        self.memory.close()
        if self.owner:
            self.memory.unlink()


def attach(name):
    """Shared memory of another process, which alone is to remove it (Python before 3.13 would do so here too)."""
    register = resource_tracker.register
    resource_tracker.register = lambda *_: None
    try:
        return shared_memory.SharedMemory(name)
    finally:
        resource_tracker.register = register
