"""A desktop with a frame that tests draw, served in this process on a port of its own."""
import asyncio
import socket
import threading
import time

import numpy as np

from emu.display import link
from emu.display.rfb.server import Desktop, serve_tcp


class Served:
    """``frame`` is the shared frame, ``records`` what clients had to say; the machine draws at once."""

    def __init__(self, password=None, name="a machine", serve=serve_tcp):
        self.frame = link.SharedFrame()
        self.records, self.watchers = [], 0
        self.loop = asyncio.new_event_loop()
        self.desktop = Desktop(self.frame, self._send, name, password)
        listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        listener.setblocking(False)
        self.port = listener.getsockname()[1]
        self.thread = threading.Thread(target=self._run, args=(serve, listener), daemon=True)
        self.thread.start()

    def _send(self, kind, a=0, b=0, c=0, text=None):
        if kind == link.WATCHERS:
            self.watchers = a
            self.loop.call_soon(self.desktop.drawn)
        else:
            self.records.append((kind, a, b, text if kind in link.TEXTS else c))

    def _run(self, serve, listener):
        asyncio.set_event_loop(self.loop)
        self.server = self.loop.run_until_complete(serve(self.desktop, listener))
        self.looking = self.loop.create_task(self.desktop.run())
        self.loop.run_forever()

    def draw(self, pixels, first=0, last=None):
        self.frame.write(np.ascontiguousarray(pixels, np.uint32), first, len(pixels) if last is None else last)

    def ask(self, function, *args):
        """The result of a function on the server's thread."""
        async def call():
            return function(*args)
        return asyncio.run_coroutine_threadsafe(call(), self.loop).result(10)

    def close(self):
        assert not self.looking.done(), self.looking.exception()

        async def end():
            self.server.close()
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            self.loop.stop()
        asyncio.run_coroutine_threadsafe(end(), self.loop)
        self.thread.join(10)
        self.frame.close()


def wait_for(condition, seconds=10):
    """Wait until a condition comes true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


def noise(height, width, colours=None, seed=0):
    """A picture of random pixels, or of random ones of so many colours in patches."""
    random = np.random.default_rng(seed)
    if colours is None:
        return random.integers(0, 1 << 24, (height, width), np.uint32)
    palette = random.integers(0, 1 << 24, colours, np.uint32)
    return palette[random.integers(0, colours, (height, width))]
