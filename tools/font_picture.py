"""Draw a font of the VGA BIOS: tools/font_picture.py [--height 16] [--nine] [--scale 2] OUTPUT.png.

All 256 characters, 32 a line, each in a cell of its own; with --nine in cells of nine dots, as a text mode of 400 lines shows them.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bios" / "vga")]
import font_text  # noqa: E402

from emu.display.screenshot import Screenshot  # noqa: E402

COLUMNS, GAP = 32, 3
PAPER, CELL, INK = (58, 62, 74), (16, 18, 24), (232, 230, 220)
REPEATED = range(0xC0, 0xE0)  # of these the ninth dot is the eighth once more


def picture(height, nine=False, scale=2):
    """A (height, width, 3) array."""
    glyphs, ninth = font_text.read_font(height)
    width = 9 if nine else 8
    rows = 256 // COLUMNS
    image = np.empty((rows * (height + GAP) + GAP, COLUMNS * (width + GAP) + GAP, 3), np.uint8)
    image[:] = PAPER
    for code, glyph in enumerate(glyphs):
        if nine:
            glyph = ninth.get(code, glyph)
        dots = np.unpackbits(np.frombuffer(glyph, np.uint8)[:, None], axis=1)
        if nine:
            dots = np.hstack([dots, dots[:, 7:] * (code in REPEATED)])
        y, x = GAP + code // COLUMNS * (height + GAP), GAP + code % COLUMNS * (width + GAP)
        image[y:y + height, x:x + width] = np.where(dots[..., None], np.uint8(INK), np.uint8(CELL))
    return image.repeat(scale, axis=0).repeat(scale, axis=1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output")
    parser.add_argument("--height", type=int, choices=font_text.HEIGHTS, default=16)
    parser.add_argument("--nine", action="store_true", help="cells of nine dots")
    parser.add_argument("--scale", type=int, default=2)
    options = parser.parse_args()
    Screenshot(picture(options.height, options.nine, options.scale)).save(options.output)


if __name__ == "__main__":
    main()
