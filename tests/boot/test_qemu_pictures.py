"""The picture of guests that show the same each time, beside QEMU's with our VGA BIOS."""

import time
from dataclasses import dataclass

import numpy as np
import pytest
from boots import Boot
from qemu_screen import Qemu

from emu import Machine

pytestmark = [pytest.mark.boot, pytest.mark.native, pytest.mark.slow]

LEVELS = 3                      # a DAC of 6 bits is widened in slightly different ways
SECONDS = 60


@dataclass
class Scene:
    """``keys`` are typed after ``wait`` guest seconds; ``share`` of the picture's dots has to agree: cursors, pointers and clocks
    move by themselves."""

    image: str
    share: float = 1.0
    wait: float = 3
    keys: str = ""
    memory: str = "64M"


SCENES = [
    Scene("floppies/bootlogo.img", keys="fd 40\nrt 90\nfd 20\n"),
    Scene("floppies/floppybird.img", share=0.97),                   # the bird flaps
    Scene("floppies/freedos722.img", share=0.999, wait=8, keys="cls\ndir games\n"),
    Scene("mikeos-4.6.1.iso", share=0.97, wait=6),
    Scene("floppies/kolibrios-2014.img", share=0.99, wait=20),
]


def agreement(ours, theirs):
    if ours.shape != theirs.shape:
        return 0.0
    return (abs(ours.astype(int) - theirs) <= LEVELS).all(2).mean()


@pytest.mark.timeout(400)
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.image.rpartition("/")[2])
def test_picture(scene, image, tmp_path):
    path = image(scene.image)
    medium = Boot(scene.image, "").medium(path)
    with Machine(memory=scene.memory, engine="native", nic="none", net="none", **medium) as pc:
        pc.run_for(scene.wait)
        if scene.keys:
            pc.type(scene.keys)
            pc.run_for(2)
        ours = pc.screenshot().array
    assert len(np.unique(ours.reshape(-1, 3), axis=0)) > 1
    attach = ["-cdrom", str(path)] if "cdrom" in medium else ["-drive", f"file={path},format=raw,if=floppy,readonly=on"]
    with Qemu(tmp_path, "-m", scene.memory, "-snapshot", *attach) as qemu:
        end, best = time.monotonic() + SECONDS, 0.0
        typed = not scene.keys
        while best < scene.share and time.monotonic() < end:
            time.sleep(1)
            if not typed and time.monotonic() > end - SECONDS + 15:
                qemu.type(scene.keys)
                typed = True
            best = max(best, agreement(ours, qemu.picture()))
        assert best >= scene.share, best
