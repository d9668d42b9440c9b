"""Hostile media: random El Torito catalogues, boot sectors, floppies of odd sizes, ISO images that lie about themselves.

What the detection refuses must be refused by MediaError; what it takes is booted by the real firmware.
"""

import struct

import fuzz_code
import fuzz_rig as rig
from emu.machine.config import ConfigError
from emu.media import detect
from emu.media.errors import MediaError

SIZES = (0, 1, 511, 512, 513, 2047, 2048, 32767, 32768, 34816, 163840, 184320, 327680, 368640, 737280, 1228800, 1474560, 1474561, 1720320,
         2949120, 4194304)


def catalogue(rng):
    """A boot catalogue: right, then with nonsense in it."""
    entry = bytearray(32)
    entry[0] = rng.choice((0x88, 0x88, 0x88, 0, rng.getrandbits(8)))
    entry[1] = rng.choice((0, 1, 2, 3, 4, rng.getrandbits(8)))
    entry[2:4] = struct.pack("<H", rng.choice((0, 0x7C0, 0xFFFF, rng.getrandbits(16))))
    entry[6:8] = struct.pack("<H", rng.choice((0, 1, 4, 0xFFFF, rng.getrandbits(16))))
    entry[8:12] = struct.pack("<I", rng.choice((20, 20, 20, 0, 16, 63, 64, 0xFFFFFFFF, rng.getrandbits(32))))
    validation = bytearray(32)
    validation[0], validation[1] = 1, rng.choice((0, 0, 0, 0, 0xEF))
    validation[30:32] = b"\x55\xaa"
    total = sum(int.from_bytes(validation[i:i + 2], "little") for i in range(0, 32, 2))
    validation[28:30] = struct.pack("<H", -total & 0xFFFF)
    out = bytearray(validation + entry + rng.randbytes(rng.choice((0, 32, 1984))))
    for _ in range(rng.choice((0, 0, 0, 1, 4))):
        out[rng.randrange(len(out))] = rng.getrandbits(8)
    return bytes(out)


def image(rng):
    """(option, bytes) of a medium."""
    kind = rng.randrange(6)
    boot = bytearray(fuzz_code.code(rng, rng.choice((512, 2048, 2048))))
    boot[510:512] = b"\x55\xaa"
    if kind < 3:
        data = bytearray(rig.iso(rng.choice((24, 64, 800, 1600)), bytes(boot[:2048]), catalogue(rng)))
        for _ in range(rng.choice((0, 0, 1, 3))):       # lies in the descriptors
            at = 16 * 2048 + rng.choice((0, 1, 6, 80, 81, 83, 128, 129, 156, 2048, 2048 + 0x47, 2048 + 0x48, 4096, rng.randrange(4096)))
            data[at] = rng.getrandbits(8)
        if rng.randrange(4) == 0:
            del data[rng.randrange(len(data)):]
        return "cdrom", bytes(data)
    size = rng.choice(SIZES)
    data = bytearray(size)
    data[:len(boot)] = boot[:size]
    if rng.randrange(2) and size >= 512:        # a BPB or a partition table with nonsense
        for at in range(11, 36):
            data[at] = rng.choice((0, 1, 2, 0xFF, rng.getrandbits(8)))
        if rng.randrange(2):
            data[446:510] = bytes(rng.choice((0, 0x80, 1, 0xFF, rng.getrandbits(8))) for _ in range(64))
    return ("floppies", "disks")[kind & 1], bytes(data)


def play(media, engine, rng, work):
    """A few media; gives the instructions that were executed."""
    engine = "native" if engine == "both" else engine
    return sum(boot(media, engine, rng) for _ in range(max(1, work // 20)))


def boot(media, engine, rng):
    """One medium: detected, and booted by the firmware that there is if it is taken."""
    option, data = image(rng)
    path = media.file("hostile.img", data)
    try:
        detect.detect(path)
    except MediaError:
        pass
    fields = dict(cdrom=None, floppies=[], disks=[], bios=None, vga_bios=None, memory=16 << 20)
    fields[option] = path if option == "cdrom" else [path]
    try:
        pc = rig.machine(media, engine, **fields)
    except (MediaError, ConfigError):
        return 0
    with pc:
        pc.type("\n x")
        for _ in range(8):
            rig.run(pc, seconds=0.06)
            if pc.ended is not None:
                break
        pc.screen_text()
        pc.reset()
        pc.ended = None
        rig.run(pc, seconds=0.01)
        return pc.instructions
