"""The cable between a network card and the far end.

Frames for the guest wait at the far end until the card has room, and the far end keeps little: that is how a slow guest slows its
senders down.
"""
from . import ethernet


class Link:
    """What a card has for a link.  ``far`` has frame(data), has_frames() and next_frame()."""

    def __init__(self, far, now, capture=None):
        self.far, self.now, self.capture = far, now, capture
        self.frames = 0     # so far, both ways

    def send(self, frame):
        """A frame from the card."""
        if not ethernet.HEADER <= len(frame) <= ethernet.MOST:
            return
        self.frames += 1
        frame = frame.ljust(ethernet.LEAST, b"\0")
        if self.capture is not None:
            self.capture.frame(frame, self.now())
        self.far.frame(frame)

    def waiting(self):
        """May there be a frame for the card?"""
        return self.far.has_frames()

    def next_frame(self):
        """The next one, or None."""
        frame = self.far.next_frame()
        if frame is not None:
            self.frames += 1
            if self.capture is not None:
                self.capture.frame(frame, self.now())
        return frame
