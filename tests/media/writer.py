"""A process that writes to an image and tells what it has done, to be killed at any moment.

Every sector carries the number of the write that made it.  A line on stdout is "w NUMBER SECTOR COUNT" before a write, "d NUMBER"
once it is done, "f NUMBER" once a flush after it is done.
"""

import random
import sys

from emu.media import disks

SECTOR = 512


def sector(number, at):
    """What write ``number`` puts into the sector ``at``."""
    return (number.to_bytes(4, "little") + at.to_bytes(4, "little")) * (SECTOR // 8)


def main(path, seed, first):
    """Write for ever, from write ``first`` on."""
    rnd = random.Random(seed)
    with disks.open_image(path, read_only=False) as image:
        sectors = image.size // SECTOR
        number = first
        while True:
            count = rnd.choice((1, 1, 8, 8, 64, 256, 700))
            at = rnd.randrange(sectors - count)
            if rnd.random() < 0.5:
                at &= ~127
            print("w", number, at, count, flush=True)
            image.write(at * SECTOR, b"".join(sector(number, n) for n in range(at, at + count)))
            print("d", number, flush=True)
            if rnd.random() < 0.2:
                image.flush()
                print("f", number, flush=True)
            number += 1


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
