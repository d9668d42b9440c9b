"""Guests on the VGA BIOS's VESA modes: Linux's frame buffer console, and an X server that interprets the ROM."""

import numpy
import pytest
from boots import Boot

from emu import Machine

pytestmark = [pytest.mark.boot, pytest.mark.native]


def machine(name, image):
    return Machine(memory="256M", nic="none", net="none", **Boot(name, "").medium(image(name)))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_frame_buffer_console(image):
    """1024x768 by the kernel's setup code, panned and coloured by the protected-mode interface; text in the kernel's own font."""
    with machine("debian-busybox.iso", image) as pc:
        pc.wait_for_text("Automatic boot in", timeout=60)
        pc.type("\\e", escapes=True)
        pc.wait_for_text("boot:", timeout=60)
        pc.type("fb\n")
        pc.wait_for_text("Console: switching to colour frame buffer device 128x48", timeout=300)
        assert pc.screenshot().array.shape == (768, 1024, 3)
        assert any("vesafb: pmi: ports" in row for row in pc.screen_text())
        pc.wait_for_text("DEBIAN-BUSYBOX-READY", timeout=280)
        pc.run_for(2)
        assert any("DEBIAN-BUSYBOX-READY" in row for row in pc.screen_text())


@pytest.mark.heavy
@pytest.mark.timeout(1800)
def test_x_server_interprets_the_rom(image):
    """X's vesa driver: modes, EDID, saving and setting by its x86 interpreter; then a desktop of 1024x768."""
    with machine("debian-live-desktop.iso", image) as pc:
        pc.wait_for_text("Automatic boot in", timeout=60)
        pc.type("\\e", escapes=True)
        pc.wait_for_text("boot:", timeout=60)
        pc.type("vesa\n")
        assert pc.run(until=lambda: pc.screenshot().array.shape == (768, 1024, 3), timeout=1200)
        # The desktop's own colour fills most of the screen, and a terminal (white, black letters) stands on it
        pc.run_for(60)
        picture = pc.screenshot().array
        shown, counts = numpy.unique(picture.reshape(-1, 3), axis=0, return_counts=True)
        assert counts.max() > picture[..., 0].size // 3 and shown[counts.argmax()].any() and len(shown) >= 3
