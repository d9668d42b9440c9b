"""`--display web` in a real browser: noVNC's page, its picture, keys, mouse, clipboard and password."""
import time

import pytest

pytest.importorskip("websockets")

from browser import PROGRAM, Browser  # noqa: E402
from emu.display.web import pages  # noqa: E402
from viewed import viewed  # noqa: E402

pytestmark = [pytest.mark.heavy, pytest.mark.native, pytest.mark.timeout(600),
              pytest.mark.skipif(PROGRAM is None, reason="there is no chromium"),
              pytest.mark.skipif(pages.find() is None, reason="there is no noVNC")]

DRAWN = "document.querySelector('canvas')?.width > 0"


@pytest.fixture
def browser(tmp_path):
    made = Browser(tmp_path / "profile")
    yield made
    made.close()


def matches(browser, wanted, seconds=15):
    """Does the page come to show exactly this picture?"""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        picture = browser.picture()
        if picture is not None and picture.shape == wanted.shape and (picture == wanted).all():
            return True
        time.sleep(0.1)
    return False


def test_dos_is_typed_at(browser, image, tmp_path):
    with viewed(floppy=image("floppies/freedos722.img"), snapshot=True, clock="virtual", display="web=:0") as dos:
        browser.open(f"http://127.0.0.1:{dos.port}/")
        browser.wait_for(DRAWN)
        dos.wait_for_text("A:\\>", 120)
        assert matches(browser, dos.still())
        dos.go_on()
        browser.type("ver /r\n")
        dos.wait_for_text("ver /r")
        browser.press("Shift", "ShiftLeft", 8)
        browser.call("Input.dispatchKeyEvent", type="rawKeyDown", key="Shift", code="ShiftLeft", modifiers=8)
        browser.press("A", "KeyA", 8, "A")
        browser.call("Input.dispatchKeyEvent", type="keyUp", key="Shift", code="ShiftLeft")
        dos.wait_for(lambda pc: any(row.rstrip().endswith(">A") for row in pc.screen_text()))
        assert matches(browser, dos.still())
        browser.screenshot(tmp_path / "dos.png")
