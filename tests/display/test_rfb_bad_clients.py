"""Clients that send nonsense, too much, too little or nothing: they are cut off, and nobody else notices."""
import asyncio
import os
import socket
import struct
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emu.display import link
from emu.display.rfb import server, session
from emu.display.rfb.server import Desktop
from rfb_client import CURSOR, DESKTOP_SIZE, EXTENDED_SIZE, LEDS, POINTER_CHANGE, QEMU_KEYS, RAW, XVP, ZRLE, Client
from rfb_rig import Served, noise, wait_for

PICTURE = noise(100, 150, 3)


@pytest.fixture
def served():
    made = Served()
    made.draw(PICTURE)
    yield made
    made.close()


def well(served):
    """Is another client served as ever?"""
    with Client(served.port) as client:
        return (client.fetch() == PICTURE).all()


def connect(served, *data):
    plug = socket.create_connection(("127.0.0.1", served.port), 10)
    for piece in data:
        plug.sendall(piece)
    return plug


def ends(plug, seconds=10):
    """Does the server close the connection?"""
    plug.settimeout(seconds)
    try:
        while plug.recv(1 << 20):
            pass
    except ConnectionError:
        pass
    except TimeoutError:
        return False
    finally:
        plug.close()
    return True


HELLO = b"RFB 003.008\n\1\1"


@pytest.mark.parametrize("data", (
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"RFB 004.000\n", b"RFB 003.0x8\n", b"\0" * 12, b"RFB 003.008\n\2", b"RFB 003.008\n\0",
    HELLO + b"\x01", HELLO + b"\x09", HELLO + b"\xff\x01" + bytes(10), HELLO + b"\x02\0\xff\xff",
    HELLO + b"\0\0\0\0" + bytes(16), HELLO + b"\0\0\0\0\x20\x18\0\1" + b"\xff" * 9 + bytes(3),
    HELLO + b"\6\0\0\0\xff\xff\xff\xff", HELLO + b"\6\0\0\0\x01\0\0\1",
), ids=lambda data: data[-14:].hex())
def test_nonsense_is_the_end(served, data):
    assert ends(connect(served, data)) and well(served)


def test_who_does_not_say_who_it_is_has_to_go(served, monkeypatch):
    monkeypatch.setattr(session.Session._read, "__defaults__", (0.2,))
    plugs = [connect(served, data) for data in (b"", b"RFB 003", b"RFB 003.008\n", HELLO[:-1])]
    assert well(served) and all(ends(plug) for plug in plugs)


def test_half_a_message_is_not_waited_for(served, monkeypatch):
    monkeypatch.setattr(session, "MESSAGE_SECONDS", 0.2)
    silent = connect(served, HELLO)
    halves = [connect(served, HELLO, data) for data in (b"\3", b"\3\1\0", b"\0" * 19, b"\2\0\0\3" + bytes(11),
                                                        b"\6\0\0\0\0\0\0\5abcd")]
    assert well(served) and all(ends(plug) for plug in halves)
    assert not ends(silent, 0.2)                # who says nothing may stay


def test_a_client_that_takes_nothing_goes_in_the_end(served, monkeypatch):
    monkeypatch.setattr(session, "SEND_SECONDS", 0.3)
    served.draw(noise(1000, 1000))
    with Client(served.port) as client:
        for _ in range(50):
            client.request(False)
        wait_for(lambda: not served.desktop._connections)
    served.draw(PICTURE)
    assert well(served)


def test_too_many_connections(served):
    silent = [connect(served) for _ in range(server.MOST_CONNECTIONS + 20)]
    assert well(served) and len(served.desktop._connections) <= server.MOST_CONNECTIONS
    assert ends(silent[0]) and not ends(silent[-1], 0.1)
    for plug in silent:
        plug.close()
    wait_for(lambda: not served.desktop._connections)
    real = [Client(served.port) for _ in range(server.MOST_CONNECTIONS)]
    assert ends(connect(served))                # those who are in stay in
    assert (real[0].fetch() == PICTURE).all()
    for client in real:
        client.close()
    wait_for(lambda: not served.desktop._connections)


@pytest.mark.slow
def test_thousands_of_connections_leave_nothing_behind(served):
    def round(count):
        for n in range(count):
            data = (b"", b"RFB 003.008\n", b"GET / HTTP/1.0\r\n\r\n", HELLO)[n % 4]
            connect(served, data).close()
        wait_for(lambda: not served.desktop._connections and served.watchers == 0)
        assert well(served)
        wait_for(lambda: not served.desktop._connections and served.watchers == 0)
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096, len(os.listdir("/proc/self/fd"))
    round(300)
    memory, files = round(100)
    more_memory, more_files = round(1200)
    assert more_files <= files + 5 and more_memory < memory + (8 << 20)


@pytest.mark.slow
def test_floods_of_input(served, monkeypatch):
    monkeypatch.setattr(session.Pace, "PATIENCE", 1)
    stroke = struct.pack(">BBxxI", 4, 1, 0x61) + struct.pack(">BBxxI", 4, 0, 0x61)
    with Client(served.port) as flooding:
        flooding.socket.settimeout(0.5)
        began = time.monotonic()
        try:
            for _ in range(200):
                flooding.send(stroke * 1000)
        except (TimeoutError, ConnectionError):  # it is held back, and in the end cut off
            pass
        assert well(served)
        most = 2 * session.Pace.EVENTS + (time.monotonic() - began) / session.Pace.SECONDS
        assert len(served.records) <= most + 2
    wait_for(lambda: served.watchers == 0)      # what it has sent before is not worked off
    served.records.clear()
    with Client(served.port) as flooding:
        began = time.monotonic()
        for n in range(100):
            flooding.send(b"".join(struct.pack(">BBHH", 5, 0, i % 150, n) for i in range(500)))
        assert well(served)
        wait_for(lambda: served.records and served.records[-1][:3] == (link.POINTER, 499 % 150, 99))
        assert len(served.records) < 10 + (time.monotonic() - began) / server.MOTION_SECONDS


def test_a_long_text_is_kept_in_part(served):
    with Client(served.port) as client:
        client.socket.sendall(struct.pack(">B3xI", 6, 12 << 20))
        for _ in range(12):
            client.socket.sendall(b"x" * (1 << 20))
        for sym in (0xFFE3, 0xFFE9, 0x76):
            client.key(sym, True)
        wait_for(lambda: served.records and served.records[-1][0] == link.PASTE)
        assert len(served.records[-1][3]) == 64 << 10


# -- fuzz: sessions on a stream that is no more than bytes ------------------------------------------------------------


class Bytes:
    """A client that has sent all that it will ever send."""

    peer = "127.0.0.1"

    def __init__(self, data):
        self.data, self.at = data, 0

    async def read(self, size):
        if self.at % 3 == 0:
            await asyncio.sleep(0)
        piece = self.data[self.at:self.at + size]
        self.at += size
        if len(piece) < size:
            raise EOFError
        return piece

    async def write(self, data):
        await asyncio.sleep(0)


u8, u16, u32 = (st.integers(0, (1 << bits) - 1) for bits in (8, 16, 32))
encodings = st.one_of(st.sampled_from((RAW, 5, 6, ZRLE, CURSOR, DESKTOP_SIZE, EXTENDED_SIZE, LEDS, POINTER_CHANGE, QEMU_KEYS, XVP)),
                      st.integers(-(1 << 31), (1 << 31) - 1))
pixel_formats = st.one_of(
    st.binary(min_size=16, max_size=16),
    st.builds(struct.Struct(">BBBBHHHBBB3x").pack, st.sampled_from((8, 16, 32)), u8, st.integers(0, 1), st.integers(0, 1),
              st.integers(0, 255), st.integers(0, 255), st.integers(0, 255), st.integers(0, 24), st.integers(0, 24), st.integers(0, 24)))
messages = st.one_of(
    st.builds(lambda f: bytes(4) + f, pixel_formats),
    st.builds(lambda e: struct.pack(f">BxH{len(e)}i", 2, len(e), *e), st.lists(encodings, max_size=12)),
    st.builds(lambda *a: struct.pack(">BB4H", 3, *a), st.integers(0, 2), *(st.one_of(st.integers(0, 200), u16) for _ in range(4))),
    st.builds(lambda d, k: struct.pack(">BBxxI", 4, d, k), u8, st.one_of(u32, st.integers(0xFF00, 0xFFFF), st.integers(32, 126))),
    st.builds(lambda b, x, y: struct.pack(">BBHH", 5, b, x, y), u8, u16, u16),
    st.builds(lambda t: struct.pack(">B3xI", 6, len(t)) + t, st.binary(max_size=100)),
    st.builds(lambda a, b: bytes((250, 0, a, b)), st.integers(0, 2), st.integers(0, 5)),
    st.builds(lambda w, h, n: struct.pack(">BxHHBx", 251, w, h, n) + bytes(16 * n), u16, u16, st.integers(0, 3)),
    st.builds(lambda d, k, c: struct.pack(">BBHII", 255, 0, d, k, c), u16, u32, st.one_of(u8, u32)),
    st.binary(max_size=20))
greetings = st.one_of(st.just(HELLO), st.just(b"RFB 003.003\n\0"), st.just(b"RFB 003.007\n\1\0"), st.binary(max_size=14))


def fuzz(greeting, sent, sizes, password):
    """A desktop that shows pictures of changing sizes while a client says what it says; what it told the machine."""
    frame, records = link.SharedFrame(), []

    async def run():
        def send(kind, *rest, text=None):
            records.append((kind, *rest))
            if kind == link.WATCHERS:
                asyncio.get_running_loop().call_soon(desktop.drawn)
        desktop = Desktop(frame, send, "x", password)
        looking = asyncio.create_task(desktop.run())
        client = asyncio.create_task(desktop.serve(Bytes(greeting + b"".join(sent))))
        for n, (height, width) in enumerate(sizes):
            frame.write(noise(height, width, 5, n), 0, height)
            frame.header[link.STATE] = link.ABSOLUTE * (n & 1)
            desktop.look()
            await asyncio.sleep(0)
        await asyncio.wait_for(client, 20)
        assert not looking.done() and not desktop._connections and not desktop._sessions
        looking.cancel()
        await asyncio.sleep(0)
    asyncio.run(run())
    frame.close()
    return records


def check(records):
    """Whoever leaves has let go of all keys and buttons, and looks no more."""
    held, buttons, watchers = set(), 0, 0
    for kind, *numbers in records:
        if kind == link.KEY:
            (held.add if numbers[1] else held.discard)(numbers[0])
        elif kind == link.MOUSE_BUTTONS:
            buttons = numbers[0]
        elif kind == link.POINTER:
            buttons = numbers[2] & 0xFF
        elif kind == link.WATCHERS:
            watchers = numbers[0]
    assert not held and not buttons and not watchers


sessions = given(greetings, st.lists(messages, max_size=25),
                 st.lists(st.tuples(st.integers(1, 120), st.integers(1, 120)), min_size=1, max_size=4),
                 st.sampled_from((None, None, "x")))


@settings(max_examples=40, deadline=None)
@sessions
def test_sessions_of_nonsense(greeting, sent, sizes, password):
    check(fuzz(greeting, sent, sizes, password))


@pytest.mark.slow
@settings(max_examples=2000, deadline=None)
@sessions
def test_many_sessions_of_nonsense(greeting, sent, sizes, password):
    check(fuzz(greeting, sent, sizes, password))


def test_the_fuzz_reaches_the_machine():
    """Or it could not fail: an ordinary session leaves its traces."""
    sent = [struct.pack(">BBxxI", 4, 1, 0x61), struct.pack(">BBHH", 5, 1, 3, 4), struct.pack(">BB4H", 3, 0, 0, 0, 9, 9)]
    records = fuzz(HELLO, sent, [(50, 60)], None)
    check(records)
    kinds = [kind for kind, *_ in records]
    assert kinds == [link.WATCHERS, link.KEY, link.POINTER, link.KEY, link.MOUSE_BUTTONS, link.WATCHERS]
