"""Plays what comes through a SoundRing, in the window's process, by pygame's mixer.

The delay is bounded: what waits is kept near TARGET by playing up to half a per cent faster or slower, which nobody hears, since
the guest's clock and the sound card's never run alike.
"""

import os
import threading
import time
from contextlib import contextmanager

import numpy as np
import pygame

from .sound_ring import SoundRing

RATE = 48_000
BUFFER = 512                    # frames that the mixer takes at a time
CHUNK = 2 * BUFFER              # a whole multiple, or the mixer would pause between two
TARGET = 3 * CHUNK              # frames that wait (64 ms)
MOST = 4 * TARGET               # more is thrown away
STRETCH = CHUNK // 200
LOOK = 0.004                    # seconds between two looks at the mixer


class Pace:
    """Decides what is played next; ``next_chunk`` is asked whenever the mixer has room."""

    def __init__(self, ring):
        self.ring = ring
        self.position = ring.written
        self.playing = False

    def next_chunk(self):
        """CHUNK frames, or None while there is too little."""
        waiting = self.ring.written - self.position & 0xFFFFFFFF
        if waiting > MOST:
            self.position = self.ring.written - TARGET & 0xFFFFFFFF
            waiting = TARGET
        if not self.playing and waiting < TARGET:
            return None
        count = CHUNK
        if waiting > TARGET + CHUNK:
            count += STRETCH
        elif waiting < TARGET - CHUNK:
            count -= STRETCH
        if waiting < count + 1:
            self.playing = False
            return None
        self.playing = True
        chunk = self.ring.read(self.position, count + 1)
        self.position = self.position + count & 0xFFFFFFFF
        return chunk[:CHUNK] if count == CHUNK else stretched(chunk, count)


def stretched(chunk, count):
    """CHUNK frames made of ``count`` (and the one after them, so that chunks join)."""
    at = np.arange(CHUNK) * (count / CHUNK)
    whole = at.astype(int)
    part = (at - whole)[:, None]
    low = chunk[whole].astype(np.float64)
    return np.rint(low + (chunk[whole + 1] - low) * part).astype(np.int16)


@contextmanager
def without_stderr():
    """What libraries print meanwhile is lost."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def start(frame_name):
    """The Player of the machine whose picture has this name; None where there is no sound to play."""
    try:
        return Player(SoundRing(frame_name, owner=False))
    except FileNotFoundError:
        return None


class Player:
    """Plays a ring on a thread, until stop().  Without a device it does nothing."""

    def __init__(self, ring):
        self._ring = ring
        self._quiet = False
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._play, name="sound", daemon=True)
        self._thread.start()

    def mute(self, on):
        """Be quiet for the time being, or no more."""
        self._quiet = on

    def stop(self):
        """The end."""
        self._ending.set()
        self._thread.join(1)
        self._ring.close()

    def _play(self):
        """Thread: the device is opened here, since that may take its time."""
        pace = Pace(self._ring)
        try:
            with without_stderr():              # where ALSA tells at length that there is no device
                pygame.mixer.init(RATE, -16, 2, BUFFER, allowedchanges=0)
            channel = pygame.mixer.Channel(0)
            while not self._ending.is_set():
                chunk = pace.next_chunk() if channel.get_queue() is None else None
                if chunk is None:
                    time.sleep(LOOK)
                    continue
                sound = pygame.mixer.Sound(buffer=chunk.tobytes())
                if self._quiet:
                    sound.set_volume(0)
                channel.queue(sound)            # plays at once where nothing else does
        except pygame.error:
            pass                                # no device, or the window has closed it
