"""The text screen as scripts see it."""

import pytest

from emu import Machine


@pytest.mark.boot
@pytest.mark.native
def test_scrolling_by_the_start_address():
    """A new start address shows at the next vertical retrace, though nothing is written then (OpenBSD's console)."""
    with Machine(memory="16M", engine="native") as pc:
        pc.run_for(1)
        write = pc.parts.services["port_write8"]
        text = "FURTHER DOWN"
        pc.memory.write(0xB9000, bytes(b for c in text for b in (ord(c), 7)))
        for index, value in ((0x0C, 0x08), (0x0D, 0x00)):
            write(0x3D4, index)
            write(0x3D5, value)
        assert not any(text in row for row in pc.screen_text())
        pc._clock.skip(20_000_000)
        assert pc.screen_text()[0].startswith(text)
