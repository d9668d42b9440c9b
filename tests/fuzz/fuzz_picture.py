"""The display: a mode's registers of the VGA and of its DISPI with some changed at random, and the picture of each state, as a
viewer that follows the changes has it and as a fresh look has it."""

import fuzz_rig as rig

INDEXED = ((0x3C4, 5), (0x3CE, 9), (0x3D4, 25))
# A picture of sorts, from which changes start: sequencer, graphics controller, CRTC, attribute controller
BASE = {0x3C4: "03 01 0f 00 06", 0x3CE: "00 00 00 00 00 00 05 0f ff",
        0x3D4: "5f 4f 50 82 54 80 bf 1f 00 41 20 00 00 00 00 00 9c 0e 8f 28 1f 96 b9 e3 ff"}
ATTRIBUTE = "00 01 02 03 04 05 14 07 38 39 3a 3b 3c 3d 3e 3f 01 00 0f 00 00"
SIZES = (1, 2, 7, 8, 320, 640, 799, 1024, 2560, 0, 16384, 65535)
MOST_PIXELS = 2560 * 1600
SECONDS = 5                     # of processor time for one picture


def base(out):
    out(0x3C2, 0x63)
    out(0x3D4, 0x11)
    out(0x3D5, 0)
    for port, values in BASE.items():
        for index, value in enumerate(bytes.fromhex(values)):
            out(port, index)
            out(port + 1, value)
    for index, value in enumerate(bytes.fromhex(ATTRIBUTE)):
        out(0x3C0, index)
        out(0x3C0, value)


def change(pc, rng):
    """A few registers."""
    out, inp, out16 = (pc.parts.services[name] for name in ("port_write8", "port_read8", "port_write16"))
    for _ in range(rng.choice((1, 3, 30))):
        what = rng.randrange(8)
        if what < 4:
            port, count = rng.choice(INDEXED)
            out(port, rng.randrange(count))
            out(port + 1, rng.choice((0, 0xFF, rng.getrandbits(8), 1 << rng.randrange(8))))
        elif what == 4:
            inp(0x3DA)
            out(0x3C0, rng.randrange(0x15))
            out(0x3C0, rng.getrandbits(8))
        elif what == 5:
            out(rng.choice((0x3C2, 0x3C6, 0x3C8, 0x3C9, 0x3C9)), rng.getrandbits(8) | 1)
        else:
            index = rng.randrange(1, 10)
            out16(0x1CE, index)
            out16(0x1CF, rng.choice((0x41, 0, 0x61)) if index == 4 else rng.choice((4, 8, 15, 16, 24, 32)) if index == 3 else
                  rng.choice(SIZES) if rng.randrange(4) else rng.getrandbits(16))
    inp(0x3DA)
    out(0x3C0, 0x20)


def play(pc, rng, work):
    """Yields after each step of a case."""
    from emu.display.render import Renderer
    rig.restart(pc)
    marks = bytearray(len(pc.vram) >> 12)
    viewer = Renderer(pc.vga, pc.vram, marks, ())
    out = pc.parts.services["port_write8"]
    for _ in range(max(1, work // 6)):
        out(0x3C3, 1)
        pc.parts.services["port_write16"](0x1CE, 4)
        pc.parts.services["port_write16"](0x1CF, 0)
        base(out)
        for _ in range(3):
            change(pc, rng)
            for _ in range(rng.randrange(4)):
                pc.memory.write(0xA0000 + rng.randrange(0x20000), rng.randbytes(rng.choice((1, 50, 3000))))
            if rng.randrange(2):
                rig.run(pc, seconds=0.01)
            if rng.randrange(2):
                marks[:] = b"\1" * len(marks)
            _look(pc, viewer, all(marks))
            yield
    rig.still_works(pc)


def _look(pc, viewer, whole):
    """The viewer's picture and a fresh one, in bounded time and space; where the viewer was told of all changes, they are the same."""
    def draw():
        viewer.update()
        pc.screen_text()
        return pc.screenshot().array
    shown = rig.timed(draw, "a picture", SECONDS)
    first, last = viewer.take_changes()
    if viewer.pixels.size > MOST_PIXELS or not 0 <= first <= last <= len(viewer.pixels):
        raise rig.Finding(f"a picture of {viewer.pixels.shape}, lines {first} to {last} changed")
    if whole and (shown.shape[:2] != viewer.pixels.shape or (shown != viewer.frame()).any()):
        raise rig.Finding(f"the viewer has another picture ({viewer.pixels.shape}) than a fresh look ({shown.shape})")
