"""What one client is sent: the updates that it asked for, no sooner than it has taken those before (RFC 6143, 7.6)."""
import asyncio

import numpy as np

from . import cursors, protocol
from .encodings import Encoder
from .pixels import PixelFormat
from .protocol import (CURSOR, DESKTOP_SIZE, EXTENDED_DESKTOP_SIZE, HEXTILE, POINTER_CHANGE, QEMU_KEYS, QEMU_LEDS, RAW, ZLIB,
                       ZRLE)
from .screen import TILE, rectangles, tile_count

ENCODINGS = (ZRLE, ZLIB, HEXTILE, RAW)  # those that we have
MOST_TEXTS = 4  # cut texts that wait for a slow client


class Updates:
    """Keeps what a client wants and which tiles it has not seen; ``run`` sends.

    Memory: a mask of tiles, and one rectangle at a time.
    """

    def __init__(self, stream, desktop, seconds):
        self.stream, self.desktop = stream, desktop
        self._seconds = seconds
        self._wake = asyncio.Event()
        self._format = PixelFormat()    # what the next update is in
        self._encoder = Encoder(self._format)
        self._encoding = RAW
        self._known = set()             # pseudo-encodings that the client has named
        self._wanted = None             # left, top, right, bottom of what it waits for, in pixels
        self._map_sent = True
        self._shown = {}                # what the client was told last, by pseudo-encoding
        self._news = []                 # messages beside updates
        self._refused_size = False
        self.relative = False           # the client counts motion from RELATIVE_ORIGIN
        self.height, self.width = desktop.screen.pixels.shape  # as the client knows them
        self.changed = np.ones(tile_count(self.height, self.width), bool)

    # -- what the client asks ------------------------------------------------------------------------------------

    def set_format(self, pixel_format):
        """SetPixelFormat, from the next update on."""
        self._format = pixel_format
        self._map_sent = pixel_format.true_colour
        self._wake.set()

    def set_encodings(self, numbers):
        """The client's list, best first."""
        self._encoding = next((n for n in numbers if n in ENCODINGS), RAW)
        self._known = set(numbers)
        if POINTER_CHANGE not in self._known:
            self.relative = False
        if protocol.XVP_PSEUDO in self._known:
            self._once(protocol.XVP_PSEUDO, bytes((protocol.XVP, 0, protocol.XVP_VERSION, protocol.XVP_INIT)))
        self._wake.set()

    def _once(self, name, message):
        if name not in self._shown:
            self._shown[name] = True
            self._news.append(message)

    def request(self, incremental, x, y, width, height):
        """FramebufferUpdateRequest."""
        box = x, y, x + width, y + height
        if self._wanted is not None:
            box = (*map(min, self._wanted[:2], box[:2]), *map(max, self._wanted[2:], box[2:]))
        self._wanted = box
        if not incremental:
            self.changed[y // TILE:-(-(y + height) // TILE), x // TILE:-(-(x + width) // TILE)] = True
        self._wake.set()

    def refuse_size(self):
        """SetDesktopSize: the guest alone sets modes."""
        self._refused_size = True
        self._wake.set()

    def xvp_failed(self):
        if not self._news:
            self._news.append(bytes((protocol.XVP, 0, protocol.XVP_VERSION, protocol.XVP_FAIL)))
            self._wake.set()

    @property
    def waiting(self):
        """Would the client like to see something new?"""
        return self._wanted is not None

    # -- what the desktop says -----------------------------------------------------------------------------------

    def screen_changed(self, change):
        """As Screen.refresh() gives it."""
        if change is True:
            self.changed[:] = True
        else:
            rows, columns = (min(a, b) for a, b in zip(change.shape, self.changed.shape))
            self.changed[:rows, :columns] |= change[:rows, :columns]
        self._wake.set()

    def state_changed(self):
        """Lights or the kind of pointer."""
        self._wake.set()

    def cut_text(self, text):
        """Give the client a text for its clipboard."""
        data = text.encode("latin-1", "replace")
        del self._news[MOST_TEXTS:]
        self._news.append(bytes((protocol.SERVER_CUT_TEXT, 0, 0, 0)) + protocol.U32.pack(len(data)) + data)
        self._wake.set()

    # -- sending -------------------------------------------------------------------------------------------------

    async def run(self):
        """Send what is due, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            news, self._news = self._news, []
            for message in news:
                await self._write(message)
            if self._wanted is not None:
                await self._update()

    async def _write(self, data):
        async with asyncio.timeout(self._seconds):
            await self.stream.write(data)

    async def _update(self):
        self.desktop.look()
        pixels = self.desktop.screen.pixels
        sized = self._size(pixels)
        if sized:
            self._wanted = None
            await self._write(_head(1) + sized)
            return
        self._encoder.format = self._format
        extras = self._extras()
        height, width = self.height, self.width
        if pixels.shape != (height, width):  # of a client that cannot be told: what fits, and black
            shown = np.zeros((height, width), np.uint32)
            part = pixels[:height, :width]
            shown[:part.shape[0], :part.shape[1]] = part
            pixels = shown
        left, top, right, bottom = self._wanted
        inside = slice(top // TILE, -(-bottom // TILE)), slice(left // TILE, -(-right // TILE))
        mask = np.zeros_like(self.changed)
        mask[inside] = self.changed[inside]
        self.changed[inside] = False
        found = rectangles(mask, height, width)
        if not found and not extras:
            return
        self._wanted = None
        if not self._map_sent:
            self._map_sent = True
            await self._write(bytes((protocol.SET_COLOUR_MAP, 0)) + protocol.U16.pack(0) + protocol.U16.pack(256)
                              + self._encoder.format.colour_map())
        encoding = self._encoding
        await self._write(_head(len(extras) + len(found)) + b"".join(extras))
        for x, y, w, h in found:
            data = self._encoder.encode(encoding, pixels[y:y + h, x:x + w])
            await self._write(protocol.RECTANGLE.pack(x, y, w, h, encoding) + data)

    def _size(self, pixels):
        """A rectangle that tells the client the picture's size, if that has to be; empty if not."""
        size = pixels.shape
        extended = EXTENDED_DESKTOP_SIZE in self._known
        if self._refused_size and extended:
            self._refused_size = False
            return self._extended_size(protocol.REASON_CLIENT, protocol.STATUS_PROHIBITED)
        self._refused_size = False
        if extended and (EXTENDED_DESKTOP_SIZE not in self._shown or size != (self.height, self.width)):
            self._shown[EXTENDED_DESKTOP_SIZE] = True
            self._resize(size)
            return self._extended_size(protocol.REASON_SERVER, protocol.STATUS_OK)
        if size != (self.height, self.width) and DESKTOP_SIZE in self._known:
            self._resize(size)
            return protocol.RECTANGLE.pack(0, 0, self.width, self.height, DESKTOP_SIZE)
        return b""

    def _resize(self, size):
        if size != (self.height, self.width):
            self.height, self.width = size
            self.changed = np.ones(tile_count(*size), bool)

    def _extended_size(self, reason, status):
        return (protocol.RECTANGLE.pack(reason, status, self.width, self.height, EXTENDED_DESKTOP_SIZE) + bytes((1, 0, 0, 0))
                + protocol.SCREEN.pack(0, 0, 0, self.width, self.height, 0))

    def _extras(self):
        """Rectangles of the pseudo-encodings that have something new to say."""
        desktop, out = self.desktop, []
        if QEMU_KEYS in self._known and self._news_of(QEMU_KEYS, True):
            out.append(protocol.RECTANGLE.pack(0, 0, self.width, self.height, QEMU_KEYS))
        if QEMU_LEDS in self._known and self._news_of(QEMU_LEDS, desktop.lights()):
            out.append(protocol.RECTANGLE.pack(0, 0, 1, 1, QEMU_LEDS) + protocol.U8.pack(desktop.lights()))
        absolute = desktop.absolute
        if POINTER_CHANGE in self._known and self._news_of(POINTER_CHANGE, absolute):
            self.relative = not absolute
            out.append(protocol.RECTANGLE.pack(int(absolute), 0, self.width, self.height, POINTER_CHANGE))
        if CURSOR in self._known and self._news_of(CURSOR, absolute):
            shape = cursors.hidden() if absolute or self.relative else cursors.arrow()
            height, width = shape[0].shape
            out.append(protocol.RECTANGLE.pack(0, 0, width, height, CURSOR)
                       + cursors.cursor_data(self._encoder.format, *shape))
        return out

    def _news_of(self, what, value):
        if self._shown.get(what) == value:
            return False
        self._shown[what] = value
        return True


def _head(count):
    return bytes((protocol.UPDATE, 0)) + protocol.U16.pack(count)
