"""A blocking RFB client of the tests' own: handshake, messages, and decoders that check what they read."""
import socket
import struct
import zlib

import numpy as np

RAW, HEXTILE, ZLIB, ZRLE = 0, 5, 6, 16
DESKTOP_SIZE, CURSOR, POINTER_CHANGE, QEMU_KEYS, LEDS, EXTENDED_SIZE, XVP = -223, -239, -257, -258, -261, -308, -309
PIXEL_FORMAT = struct.Struct(">BBBBHHHBBB3x")
NATIVE = (32, 24, 0, 1, 255, 255, 255, 16, 8, 0)


class Client:
    """Connects; ``picture`` is (height, width) of numbers in the client's format."""

    def __init__(self, port, version=b"RFB 003.008\n", answer=None, shared=1, timeout=10):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.read_greeting(version)
        self.authenticate(version, answer)
        self.send(bytes((shared,)))
        width, height, *pixel_format, length = struct.unpack(">HHBBBBHHHBBB3xI", self.read(24))
        self.format = tuple(pixel_format)
        self.name = self.read(length).decode()
        self.picture = np.zeros((height, width), np.uint64)
        self.streams = {}
        self.colours = self.cursor = self.leds = self.pointer = self.text = None
        self.size_answers = []
        self.extended_keys = self.xvp = False

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        self.socket.sendall(data)

    def read(self, size):
        data = bytearray()
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            if not piece:
                raise EOFError(f"{len(data)} of {size} bytes")
            data += piece
        return bytes(data)

    def number(self, size, signed=False):
        return int.from_bytes(self.read(size), "big", signed=signed)

    # -- handshake -----------------------------------------------------------------------------------------------

    def read_greeting(self, version):
        assert self.read(12) == b"RFB 003.008\n"
        self.send(version)

    def authenticate(self, version, answer):
        minor = int(version[8:11])
        if minor < 7:
            self.security = [self.number(4)]
        else:
            self.security = list(self.read(self.number(1)))
            if self.security:
                self.send(bytes((2 if answer else 1,)))
        if not self.security or self.security == [0]:
            raise PermissionError(self.read(self.number(4)).decode())
        if answer:
            self.send(answer(self.read(16)))
        if (answer or minor >= 8) and self.number(4):
            raise PermissionError(self.read(self.number(4)).decode() if minor >= 8 else "")

    # -- messages ------------------------------------------------------------------------------------------------

    def set_format(self, *fields):
        self.format = fields
        self.send(struct.pack(">B3x", 0) + PIXEL_FORMAT.pack(*fields))

    def set_encodings(self, *encodings):
        self.send(struct.pack(f">BxH{len(encodings)}i", 2, len(encodings), *encodings))

    def request(self, incremental=True, x=0, y=0, width=None, height=None):
        full = self.picture.shape
        self.send(struct.pack(">BB4H", 3, incremental, x, y, full[1] if width is None else width,
                              full[0] if height is None else height))

    def key(self, keysym, pressed):
        self.send(struct.pack(">BBxxI", 4, pressed, keysym))

    def key_code(self, code, pressed, keysym=0):
        self.send(struct.pack(">BBHII", 255, 0, pressed, keysym, code))

    def point(self, x, y, buttons=0):
        self.send(struct.pack(">BBHH", 5, buttons, x, y))

    def cut(self, text):
        self.send(struct.pack(">B3xI", 6, len(text)) + text)

    def update(self):
        """Read messages up to and with the next update.  Gives its rectangles as (x, y, width, height, encoding)."""
        while (kind := self.number(1)) != 0:
            self.message(kind)
        self.read(1)
        found = []
        for _ in range(self.number(2)):
            x, y, width, height, encoding = struct.unpack(">4Hi", self.read(12))
            found.append((x, y, width, height, encoding))
            self.rectangle(x, y, width, height, encoding)
        return found

    def fetch(self):
        """Ask for the whole picture and read until it is here: the picture."""
        shape = None
        while shape != self.picture.shape:
            shape = self.picture.shape
            self.request(False)
            while not any(encoding >= 0 for *_, encoding in self.update()) and shape == self.picture.shape:
                self.request(False)
        return self.picture

    def message(self, kind):
        if kind == 1:
            self.read(1)
            first, count = struct.unpack(">HH", self.read(4))
            assert first == 0
            self.colours = np.frombuffer(self.read(6 * count), ">u2").reshape(count, 3)
        elif kind == 3:
            self.read(3)
            self.text = self.read(self.number(4)).decode("latin-1")
        elif kind == 250:
            assert self.read(3)[1:] == b"\1\1"
            self.xvp = True
        else:
            raise AssertionError(f"message {kind}")

    # -- decoders ------------------------------------------------------------------------------------------------

    def pixels(self, data):
        kind = {8: "u1", 16: "u2", 32: "u4"}[self.format[0]]
        return np.frombuffer(data, (">" if self.format[2] else "<") + kind).astype(np.uint64)

    @property
    def pixel_size(self):
        return self.format[0] // 8

    def rectangle(self, x, y, width, height, encoding):
        decode = {RAW: self.raw, HEXTILE: self.hextile, ZLIB: self.zlib, ZRLE: self.zrle}.get(encoding)
        if decode:
            rows, columns = self.picture.shape
            assert width and height and x + width <= columns and y + height <= rows
            self.picture[y:y + height, x:x + width] = decode(width, height)
        elif encoding == DESKTOP_SIZE:
            self.picture = np.zeros((height, width), np.uint64)
        elif encoding == EXTENDED_SIZE:
            assert self.number(1) == 1
            self.read(3)
            assert struct.unpack(">I4HI", self.read(16)) == (0, 0, 0, width, height, 0)
            self.size_answers.append((x, y))
            if x == 0:
                self.picture = np.zeros((height, width), np.uint64)
        elif encoding == CURSOR:
            pixels = self.pixels(self.read(width * height * self.pixel_size)).reshape(height, width)
            mask = np.frombuffer(self.read((width + 7) // 8 * height), np.uint8).reshape(height, -1)
            self.cursor = pixels, np.unpackbits(mask, axis=1)[:, :width]
        elif encoding == LEDS:
            self.leds = self.number(1)
        elif encoding == POINTER_CHANGE:
            self.pointer = x
        elif encoding == QEMU_KEYS:
            self.extended_keys = True
        else:
            raise AssertionError(f"encoding {encoding}")

    def raw(self, width, height):
        return self.pixels(self.read(width * height * self.pixel_size)).reshape(height, width)

    def inflate(self, encoding):
        stream = self.streams.setdefault(encoding, zlib.decompressobj())
        return stream.decompress(self.read(self.number(4)))

    def zlib(self, width, height):
        data = self.inflate(ZLIB)
        assert len(data) == width * height * self.pixel_size
        return self.pixels(data).reshape(height, width)

    def hextile(self, width, height):
        out = np.zeros((height, width), np.uint64)
        background = foreground = None
        for y in range(0, height, 16):
            for x in range(0, width, 16):
                tile = out[y:y + 16, x:x + 16]
                mask = self.number(1)
                if mask & 1:
                    tile[:] = self.pixels(self.read(tile.size * self.pixel_size)).reshape(tile.shape)
                    background = foreground = None
                    continue
                if mask & 2:
                    background = self.pixels(self.read(self.pixel_size))[0]
                if mask & 4:
                    foreground = self.pixels(self.read(self.pixel_size))[0]
                tile[:] = background
                for _ in range(self.number(1) if mask & 8 else 0):
                    colour = self.pixels(self.read(self.pixel_size))[0] if mask & 16 else foreground
                    place, size = self.read(2)
                    left, top, right, bottom = place >> 4, place & 15, (place >> 4) + (size >> 4) + 1, (place & 15) + (size & 15) + 1
                    assert bottom <= tile.shape[0] and right <= tile.shape[1]
                    tile[top:bottom, left:right] = colour
        return out

    def zrle(self, width, height):
        data = self.inflate(ZRLE)
        bits, depth, big, true, *colour = self.format
        used = sum(maximum << shift for maximum, shift in zip(colour[:3], colour[3:]))
        size = self.pixel_size
        if true and bits == 32 and depth <= 24 and (used < 1 << 24 or not used & 0xFF):
            size, low = 3, used < 1 << 24
        at = 0

        def colours(count):
            nonlocal at
            piece = data[at:at + count * size]
            assert len(piece) == count * size
            at += count * size
            if size != 3:
                return self.pixels(piece)
            three = np.frombuffer(piece, np.uint8).reshape(-1, 3).astype(np.uint64)
            if big:
                three = three[:, ::-1]
            return (three[:, 0] | three[:, 1] << np.uint64(8) | three[:, 2] << np.uint64(16)) << np.uint64(0 if low else 8)

        out = np.zeros((height, width), np.uint64)
        for y in range(0, height, 64):
            for x in range(0, width, 64):
                tile = out[y:y + 64, x:x + 64]
                kind = data[at]
                at += 1
                if kind == 0:
                    tile[:] = colours(tile.size).reshape(tile.shape)
                elif kind == 1:
                    tile[:] = colours(1)[0]
                else:
                    assert 2 <= kind <= 16
                    palette = colours(kind)
                    bits_each = 1 if kind == 2 else 2 if kind <= 4 else 4
                    line = (tile.shape[1] * bits_each + 7) // 8
                    packed = np.frombuffer(data[at:at + line * tile.shape[0]], np.uint8).reshape(tile.shape[0], line)
                    at += packed.size
                    spread = np.unpackbits(packed, axis=1)[:, :tile.shape[1] * bits_each].reshape(*tile.shape, bits_each)
                    tile[:] = palette[spread @ (1 << np.arange(bits_each)[::-1])]
        assert at == len(data)
        return out
