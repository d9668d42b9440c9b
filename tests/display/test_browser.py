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


def shift(browser, kind):
    browser.call("Input.dispatchKeyEvent", type=kind, key="Shift", code="ShiftLeft", modifiers=8 if kind == "rawKeyDown" else 0)


def test_dos_is_typed_at(browser, image, tmp_path):
    with viewed(floppy=image("floppies/freedos722.img"), snapshot=True, clock="virtual", display="web=:0") as dos:
        browser.open(f"http://127.0.0.1:{dos.port}/")
        browser.wait_for(DRAWN)
        dos.wait_for_text("A:\\>", 120)
        assert matches(browser, dos.still())
        dos.go_on()
        browser.type("ver /r\n")
        dos.wait_for_text("\nDOS version")
        shift(browser, "rawKeyDown")
        browser.press("A", "KeyA", 8, "A")
        shift(browser, "keyUp")
        dos.wait_for_text(">A")
        browser.press("Backspace", "Backspace")
        dos.wait_for(lambda pc: pc.screen_text()[-1].rstrip().endswith(">") or not any(">A" in row for row in pc.screen_text()))

        # noVNC's side panel has the text for the guest; Ctrl+Alt+V types it
        browser.evaluate("""(() => { const box = document.getElementById('noVNC_clipboard_text');
            box.value = 'echo Pasted: {a}'; box.dispatchEvent(new Event('change')); })()""")
        for kind, down in (("rawKeyDown", True), ("keyUp", False)):
            for key, code in (("Control", "ControlLeft"), ("Alt", "AltLeft"), ("v", "KeyV"))[::1 if down else -1]:
                browser.call("Input.dispatchKeyEvent", type=kind, key=key, code=code, modifiers=3)
        dos.wait_for_text("echo Pasted: {a}")
        assert matches(browser, dos.still())
        browser.screenshot(tmp_path / "dos.png")


def test_the_password_is_asked_for(browser, image):
    with viewed(floppy=image("floppies/freedos722.img"), snapshot=True, clock="virtual", display="web=:0",
                display_password="secret") as dos:
        open_dialog = "document.getElementById('noVNC_credentials_dlg').classList.contains('noVNC_open')"
        for password in ("wrong", "secret"):
            browser.open(f"http://127.0.0.1:{dos.port}/")
            browser.wait_for(open_dialog)
            assert dos.viewer.watchers == 0
            browser.evaluate(f"document.getElementById('noVNC_password_input').value = '{password}'")
            browser.evaluate("document.getElementById('noVNC_credentials_button').click()")
            if password == "wrong":
                browser.wait_for("document.getElementById('noVNC_status').innerText.includes('password is wrong')")
        browser.wait_for(DRAWN)
        dos.wait_for_text("A:\\>", 120)
        assert matches(browser, dos.still())


def test_pages_of_others_may_not_look(browser, image, tmp_path):
    """A page from elsewhere, in the same browser: neither the socket nor the page in a frame."""
    from functools import partial
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
    from threading import Thread

    with viewed(floppy=image("floppies/freedos722.img"), snapshot=True, clock="virtual", display="web=:0") as dos:
        folder = tmp_path / "elsewhere"
        folder.mkdir()
        (folder / "index.html").write_text(f"""<iframe src="http://127.0.0.1:{dos.port}/"></iframe><script>
            const opened = new Promise(done => {{ const socket = new WebSocket("ws://127.0.0.1:{dos.port}/socket");
                socket.onmessage = () => done("message"); socket.onerror = () => done("error"); }});</script>""")
        with ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=folder)) as elsewhere:
            Thread(target=elsewhere.serve_forever, daemon=True).start()
            browser.open(f"http://127.0.0.1:{elsewhere.server_port}/index.html")
            browser.wait_for("typeof opened !== 'undefined'")
            assert browser.evaluate("opened") == "error"
            time.sleep(2)
            assert dos.viewer.watchers == 0
            browser.open(f"http://127.0.0.1:{dos.port}/")       # our own page may
            browser.wait_for(DRAWN)
            assert dos.viewer.watchers == 1
            elsewhere.shutdown()


def test_the_mouse_of_a_desktop(browser, image, tmp_path):
    with viewed(floppy=image("floppies/kolibrios-2014.img"), snapshot=True, memory="256M", clock="virtual", display="web=:0") as kolibri:
        browser.open(f"http://127.0.0.1:{kolibri.port}/")
        browser.wait_for(DRAWN)
        kolibri.wait_for(lambda pc: pc.mouse_heard, 120)
        time.sleep(15)                          # the desktop starts its programs
        seen = {}
        for place in ((600, 300), (300, 250), (450, 420), (300, 250)):
            browser.mouse("mouseMoved", *place)
            time.sleep(1)
            kolibri.wait_for(lambda pc: not kolibri.viewer._pointer._waiting, 60)
            time.sleep(1)
            if place in seen:
                continue
            seen[place] = kolibri.do(lambda pc: pc.screenshot().array.astype(int))
        one, other = seen[300, 250], seen[450, 420]
        for x, y in ((300, 250), (450, 420)):   # there it was in one of the pictures, and is not in the other
            rows, columns = (one != other).any(2)[y - 10:y + 30, x - 10:x + 30].nonzero()
            assert len(rows) > 50 and abs(rows.min() - 10) <= 3 and abs(columns.min() - 10) <= 3
        browser.click(33, 588)                  # the menu
        kolibri.wait_for(lambda pc: not kolibri.viewer._pointer._waiting, 60)
        time.sleep(3)
        assert matches(browser, kolibri.still())
        menu = kolibri.do(lambda pc: pc.screenshot().array.astype(int))
        assert (menu != one).any(2)[400:570, :150].mean() > 0.2
        browser.screenshot(tmp_path / "menu.png")
