"""What drawing costs: the share of one core that pictures at 60 frames a second take, by mode and by how much changes.

tools/bench_display.py [--seconds N]
"""

import argparse
import random
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/devices")]

from vga_rig import Rig  # noqa: E402

from emu.display.render import Renderer  # noqa: E402

RATE = 60
DISPI = [(1024, 768, 32), (1024, 768, 24), (1024, 768, 16), (1024, 768, 8), (800, 600, 4), (1920, 1080, 32), (2560, 1600, 32)]
SHARES = (0, 0.1, 1)


def shown_bytes(rig):
    """How much of video memory the picture takes."""
    if rig.vga.dispi_on():
        return rig.vga.dispi_pitch() * rig.vga.dispi[2]
    return 0x10000 if rig.vga.sequencer[4] & 8 else 0x40000


def cost(rig, share, seconds):
    """CPU seconds of one update, of which ``share`` of the pages changed, at a random place."""
    renderer = Renderer(rig.vga, memoryview(rig.vram), rig.dirty)
    renderer.update()
    pages = -(-shown_bytes(rig) // 4096)
    touched = round(pages * share)
    rng = random.Random(1)
    spent, count = 0.0, 0
    start = time.perf_counter()
    while count < 5 or time.perf_counter() - start < seconds:
        first = rng.randrange(pages - touched + 1)
        rig.dirty[first:first + touched] = b"\1" * touched
        before = time.process_time()
        renderer.update()
        renderer.take_changes()
        spent += time.process_time() - before
        count += 1
    return spent / count


def rigs():
    """(name, rig with something to show)."""
    for width, height, bits in DISPI:
        rig = Rig(0x12)
        rig.set_dispi(width, height, bits)
        yield f"{width}x{height}x{bits}", rig
    for name, mode in (("text 80x25", 3), ("640x480 planar", 0x12), ("320x200x256", 0x13)):
        yield name, Rig(mode)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=0.5, help="how long each figure is measured")
    seconds = parser.parse_args().seconds
    print(f"CPU of one core at {RATE} frames a second, where this share of the picture changes in each frame")
    print(f"{'mode':16}" + "".join(f"{share:>10.0%}" for share in SHARES))
    for name, rig in rigs():
        rig.vram[:] = random.Random(2).randbytes(4096) * (len(rig.vram) // 4096)
        print(f"{name:16}" + "".join(f"{cost(rig, share, seconds) * RATE:>10.2%}" for share in SHARES), flush=True)


if __name__ == "__main__":
    main()
