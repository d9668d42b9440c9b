"""What a client shows for its own pointer: an arrow, or nothing where the guest draws its pointer at the same place."""
import numpy as np

# X: the outline, o: inside
_ARROW = """
X
XX
XoX
XooX
XoooX
XooooX
XoooooX
XooooooX
XoooooooX
XooooXXXXX
XooXooX
XoX XooX
XX  XooX
X    XX
"""


def arrow():
    """(pixels 0x00RRGGBB, mask) of the arrow; its hot spot is at its upper left corner."""
    rows = _ARROW.strip("\n").split("\n")
    width = max(len(row) for row in rows)
    grid = np.array([list(row.ljust(width)) for row in rows])
    return np.where(grid == "o", 0xFFFFFF, 0).astype(np.uint32), grid != " "


def hidden():
    """A cursor of one transparent pixel: clients draw a mark of their own for one of no size."""
    return np.zeros((1, 1), np.uint32), np.zeros((1, 1), bool)


def cursor_data(pixel_format, pixels, mask):
    """The data of the Cursor pseudo-encoding: pixels, then the mask, a bit each."""
    return pixel_format.data(pixel_format.values(pixels)) + np.packbits(mask, axis=1).tobytes()
