"""The picture as the viewers of one process see it: what changed since it was last looked at, in tiles."""
import numpy as np

from .. import link

TILE = 16
MOST_RECTANGLES = 200           # of one update; a picture that changes in more places is sent as one
BAND_PIXELS = 1 << 17           # of one rectangle at most, so that no client's share of memory is great
BAND_LINES = 64


class Screen:
    """A copy of the shared frame.  ``pixels`` is replaced, never written to, so that who reads it may take his time."""

    def __init__(self, frame):
        self._frame = frame
        self._sequence = None
        self.pixels = np.zeros((400, 720), np.uint32)

    def refresh(self):
        """Look at the frame.  Gives None for nothing new, True for a new size, or a mask of the tiles that changed."""
        header = self._frame.header
        sequence = int(header[link.SEQUENCE])
        if sequence == self._sequence or sequence & 1 or not sequence:
            return None
        width, height = int(header[link.WIDTH]), int(header[link.HEIGHT])
        if not 0 < width * height <= link.MAX_PIXELS:
            return None
        before, self.pixels = self.pixels, self._frame.pixels(height, width).copy()
        if int(header[link.SEQUENCE]) == sequence:  # else it was written meanwhile: compare again next time
            self._sequence = sequence
        if before.shape != self.pixels.shape:
            return True
        mask = tiles(before != self.pixels)
        return mask if mask.any() else None


def tiles(changed):
    """A mask of pixels as one of tiles."""
    height, width = changed.shape
    by_columns = np.logical_or.reduceat(changed, np.arange(0, width, TILE), 1)
    return np.logical_or.reduceat(by_columns, np.arange(0, height, TILE), 0)


def tile_count(height, width):
    """The shape of the mask for a picture."""
    return -(-height // TILE), -(-width // TILE)


def rectangles(mask, height, width):
    """The marked tiles as (x, y, width, height) within a picture: few, and none of them large."""
    found, growing = [], {}  # [left, right, top, bottom] in tiles; those that reached the row before, by (left, right)
    for row, line in enumerate(mask):
        edges = np.flatnonzero(np.diff(line.astype(np.int8), prepend=0, append=0)).tolist()
        reached = {}
        for run in zip(edges[::2], edges[1::2]):
            rectangle = growing.get(run)
            if rectangle is None:
                rectangle = [*run, row, row]
                found.append(rectangle)
            rectangle[3] = row + 1
            reached[run] = rectangle
        growing = reached
    if len(found) > MOST_RECTANGLES:
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        found = [[int(columns[0]), int(columns[-1]) + 1, int(rows[0]), int(rows[-1]) + 1]]
    out = []
    for left, right, top, bottom in found:
        x, x_end = left * TILE, min(right * TILE, width)
        y, y_end = top * TILE, min(bottom * TILE, height)
        lines = max(BAND_LINES, BAND_PIXELS // max(1, x_end - x) // BAND_LINES * BAND_LINES)
        for at in range(y, y_end, lines):
            out.append((x, at, x_end - x, min(lines, y_end - at)))
    return [r for r in out if r[2] > 0 and r[3] > 0]
