"""Plays what comes through a SoundRing, in the window's process, by pygame's mixer.

The delay is bounded: what waits is kept near TARGET by playing up to half a per cent faster or slower, which nobody hears, since
the guest's clock and the sound card's never run alike.
"""

import threading
import time

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


class Player:
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


def start(frame_name):
    """Play the sound of the machine whose picture has this name, on a thread; nothing where there is no sound, or no device.
    Gives what ends it."""
    try:
        ring = SoundRing(frame_name, owner=False)
    except FileNotFoundError:
        return lambda: None
    ending = threading.Event()
    thread = threading.Thread(target=_play, args=(Player(ring), ending), name="sound", daemon=True)
    thread.start()

    def stop():
        ending.set()
        thread.join(1)
        ring.close()

    return stop


def _play(player, ending):
    """Thread: the device is opened here, since that may take its time."""
    try:
        pygame.mixer.init(RATE, -16, 2, BUFFER, allowedchanges=0)
        channel = pygame.mixer.Channel(0)
        while not ending.is_set():
            chunk = player.next_chunk() if channel.get_queue() is None else None
            if chunk is not None:
                channel.queue(pygame.mixer.Sound(buffer=chunk.tobytes()))   # plays at once where nothing else does
            else:
                time.sleep(LOOK)
    except pygame.error:
        pass                            # no device, or the window has closed it
