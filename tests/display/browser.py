"""A headless Chromium, driven by its DevTools protocol."""
import base64
import itertools
import json
import re
import shutil
import subprocess
import time
from contextlib import ExitStack

import numpy as np
from websockets.sync.client import connect

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

# Of the canvas that noVNC draws on: its size, and its pixels as base64
CANVAS = """(() => {
    const canvas = document.querySelector('canvas');
    if (!canvas || !canvas.width) return null;
    const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    let text = '';
    for (let at = 0; at < data.length; at += 32768) text += String.fromCharCode(...data.subarray(at, at + 32768));
    return [canvas.width, canvas.height, btoa(text)];
})()"""


class Browser:
    """The browser with one page."""

    def __init__(self, folder):
        self._process = subprocess.Popen(
            [PROGRAM, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage",
             "--window-size=1280,900", "--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank"],
            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        for line in self._process.stderr:
            if found := re.search(r"DevTools listening on (ws://\S+)", line):
                break
        self._stack = ExitStack()
        self._socket = self._stack.enter_context(connect(found[1], max_size=None, compression=None))
        self._ids = itertools.count(1)
        self._session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Runtime.enable")
        self.logged = []

    def call(self, method, **parameters):
        """A command of the protocol, and its result."""
        number = next(self._ids)
        message = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(self._socket.recv(60))
            if answer.get("method") in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
                self.logged.append(answer["params"])
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def evaluate(self, text):
        """The value of an expression in the page, promises waited for."""
        result = self.call("Runtime.evaluate", expression=text, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"])
        return result["result"].get("value")

    def open(self, url):
        self.call("Page.navigate", url=url)

    def wait_for(self, text, seconds=30):
        """Wait until an expression is true in the page."""
        end = time.monotonic() + seconds
        while True:
            try:
                if value := self.evaluate(text):
                    return value
            except RuntimeError:                # the page is not there yet
                pass
            assert time.monotonic() < end, (text, self.logged[-5:])
            time.sleep(0.1)

    def picture(self):
        """What noVNC has drawn, as (height, width) numbers 0x00RRGGBB; None without a picture."""
        found = self.evaluate(CANVAS)
        if found is None:
            return None
        width, height, data = found
        pixels = np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width, 4).astype(np.uint32)
        return pixels[..., 0] << 16 | pixels[..., 1] << 8 | pixels[..., 2]

    def press(self, key, code, modifiers=0, text=None):
        """A stroke of a key: its value, and its place on the keyboard as browsers call it."""
        for kind in ("rawKeyDown" if text is None else "keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=code, modifiers=modifiers, **(
                {"text": text} if text and kind == "keyDown" else {}))

    def type(self, text):
        """Small letters, digits and a few others, as a person types them on a US keyboard."""
        codes = {" ": "Space", "\n": "Enter", ".": "Period", "/": "Slash", "-": "Minus", "\\": "Backslash"}
        for character in text:
            code = codes.get(character) or (f"Digit{character}" if character.isdigit() else f"Key{character.upper()}")
            self.press("Enter" if character == "\n" else character, code, text="\r" if character == "\n" else character)
            time.sleep(0.03)

    def mouse(self, kind, x, y, **more):
        """A mouse event at a pixel of the guest's picture."""
        left, top, scale = self.evaluate("""(() => {
            const canvas = document.querySelector('canvas'), box = canvas.getBoundingClientRect();
            return [box.left, box.top, box.width / canvas.width];
        })()""")
        self.call("Input.dispatchMouseEvent", type=kind, x=left + (x + 0.5) * scale, y=top + (y + 0.5) * scale, **more)

    def click(self, x, y):
        self.mouse("mouseMoved", x, y)
        for kind in ("mousePressed", "mouseReleased"):
            self.mouse(kind, x, y, button="left", clickCount=1)

    def screenshot(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def close(self):
        self._stack.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stderr.close()
