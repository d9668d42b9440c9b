"""RFB as a client sees it: handshake, updates, input, and what one client cannot do to others."""
import socket
import time

import numpy as np
import pytest
from Crypto.Cipher import DES

from emu.display import link
from emu.display.rfb import auth
from emu.display.rfb.guard import FIRST_WAIT, FREE_TRIES, Guard
from emu.display.rfb.keyboard import ClientKeys
from emu.display.rfb.keysyms import KEY_CODES, USAGES, named, printable
from emu.machine.keys import HID_USAGES
from rfb_client import (CURSOR, DESKTOP_SIZE, EXTENDED_SIZE, HEXTILE, LEDS, POINTER_CHANGE, QEMU_KEYS, RAW, XVP, ZRLE, Client)
from rfb_rig import Served, noise, wait_for


@pytest.fixture
def served():
    made = Served()
    made.draw(noise(100, 150, 3))
    yield made
    made.close()


@pytest.fixture
def locked():
    made = Served(password="secret")
    made.draw(noise(100, 150, 3))
    yield made
    made.close()


def answer(password):
    """What a client answers: by this file's own arithmetic."""
    key = bytes(sum((byte >> n & 1) << 7 - n for n in range(8)) for byte in password.encode()).ljust(8, b"\0")[:8]
    return DES.new(key, DES.MODE_ECB).encrypt


# -- handshake ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("minor", ("003", "005", "007", "008", "889"))
def test_versions(served, locked, minor):
    version = f"RFB 003.{minor}\n".encode()
    with Client(served.port, version) as client:
        assert client.security == [1] and client.name == "a machine" and client.picture.shape == (100, 150)
        assert (client.fetch() == noise(100, 150, 3)).all()
    with Client(locked.port, version, answer("secret")) as client:
        assert client.security == [2] and client.fetch().any()
    with pytest.raises(PermissionError):
        Client(locked.port, version, answer("secreT"))


def test_a_password_that_is_needed_cannot_be_left_out(locked):
    with pytest.raises(PermissionError, match="not offered"):
        Client(locked.port)


def test_known_answers_of_des():
    assert auth.expected("", bytes(16)).hex() == "8ca64de9c1b123a7" * 2     # DES of zeros under a key of zeros
    assert auth.expected("password", bytes(range(16))) == answer("password")(bytes(range(16)))
    for wrong in ("", "ninechars", "žluť"):
        with pytest.raises(ValueError):
            auth.check_password(wrong)
    auth.check_password("müsli")


def test_guessing_is_slowed_down(locked):
    for _ in range(FREE_TRIES):
        with pytest.raises(PermissionError, match="wrong"):
            Client(locked.port, answer=answer("x"))
    for version in (b"RFB 003.003\n", b"RFB 003.008\n"):
        with pytest.raises(PermissionError, match="too many"):
            Client(locked.port, version, answer("secret"))


def test_guessing_on_many_connections_at_once(locked):
    """All have their challenge before the first answer is wrong."""
    plugs = [socket.create_connection(("127.0.0.1", locked.port), 10) for _ in range(FREE_TRIES + 1)]
    challenges = []
    for plug in plugs:
        plug.sendall(b"RFB 003.008\n\2")
        challenges.append(exactly(plug, 12 + 2 + 16)[14:])
    for number, (plug, challenge) in enumerate(zip(plugs, challenges)):
        plug.sendall(answer("secret" if number == FREE_TRIES else "wrong")(challenge))
        assert exactly(plug, 4) == b"\0\0\0\1"
        plug.close()


def exactly(plug, size):
    data = b""
    while len(data) < size:
        data += plug.recv(size - len(data))
    return data


def test_the_wait_grows_and_ends():
    now = [0.0]
    guard = Guard(lambda: now[0])
    for _ in range(FREE_TRIES - 1):
        guard.failed("10.0.0.1")
    assert not guard.refuses("10.0.0.1")
    guard.failed("10.0.0.1")
    assert guard.refuses("10.0.0.1") and not guard.refuses("10.0.0.2")
    now[0] += FIRST_WAIT
    assert not guard.refuses("10.0.0.1")
    guard.failed("10.0.0.1")
    now[0] += FIRST_WAIT
    assert guard.refuses("10.0.0.1")
    guard.failed("2001:db8::1%eth0")
    for n in range(FREE_TRIES):
        guard.failed(f"2001:db8::{n:x}")
    assert guard.refuses("2001:db8::ffff")
    for n in range(5000):
        guard.failed(f"10.1.{n >> 8}.{n & 255}")
    assert len(guard._failures) <= 1000


# -- updates --------------------------------------------------------------------------------------------------------


def test_an_update_has_what_changed_since_the_last(served):
    with Client(served.port) as client:
        pixels = noise(100, 150, 3)
        assert (client.fetch() == pixels).all()
        client.request()
        client.socket.settimeout(0.15)
        with pytest.raises(TimeoutError):       # nothing has
            client.update()
        client.socket.settimeout(10)
        pixels[50, 60] ^= 1
        served.draw(pixels)
        assert client.update() == [(48, 48, 16, 16, RAW)]
        client.request(x=0, y=0, width=16, height=16)
        pixels[0, 100] ^= 1
        pixels[5, 5] ^= 1
        served.draw(pixels)
        assert client.update() == [(0, 0, 16, 16, RAW)]
        client.request()
        assert client.update() == [(96, 0, 16, 16, RAW)]
        assert (client.picture == pixels).all()
        client.request(False, 20, 20, 10, 10)
        assert client.update() == [(16, 16, 16, 16, RAW)]


def test_size_changes(served):
    with Client(served.port) as plain, Client(served.port) as told, Client(served.port) as extended:
        told.set_encodings(HEXTILE, DESKTOP_SIZE)
        extended.set_encodings(ZRLE, DESKTOP_SIZE, EXTENDED_SIZE)
        for client in (plain, told, extended):
            assert (client.fetch() == noise(100, 150, 3)).all()
        assert extended.size_answers == [(0, 0)]
        other = noise(70, 333, 5)
        served.draw(other)
        for client in (told, extended):
            client.request()
            assert client.update()[0][2:4] == (333, 70)
            assert (client.fetch() == other).all()
        assert extended.size_answers == [(0, 0)] * 2
        shown = plain.fetch()
        assert (shown[:70] == other[:, :150]).all() and not shown[70:].any()
        extended.send(b"\xfb\0" + bytes((4, 0, 3, 0, 1, 0)) + bytes(16))
        extended.request()
        extended.update()
        assert extended.size_answers[-1] == (1, 1) and extended.picture.shape == (70, 333)


def test_lights_pointer_and_cursor(served):
    header = served.frame.header
    with Client(served.port) as client:
        client.set_encodings(RAW, CURSOR, LEDS, POINTER_CHANGE, QEMU_KEYS)
        client.fetch()
        assert client.extended_keys and client.leds == 0 and client.pointer == 0
        assert not client.cursor[1].any()       # it counts motion: it has no pointer of its own
        client.request()
        header[link.LEDS] = 4
        client.update()
        assert client.leds == 4
        client.request()
        header[link.STATE] = link.ABSOLUTE
        client.update()
        assert client.pointer == 1
    header[link.STATE] = 0
    with Client(served.port) as client:
        client.set_encodings(RAW, CURSOR)
        client.fetch()
        pixels, mask = client.cursor
        assert mask[0, 0] and mask.sum() > 50 and pixels[4, 1] == 0xFFFFFF and pixels[0, 0] == 0
        client.request()
        header[link.STATE] = link.ABSOLUTE
        client.update()
        assert not client.cursor[1].any()


def test_a_slow_client_gets_fewer_updates_and_holds_nobody_up(served):
    sides = 400
    served.draw(noise(sides, sides))
    with Client(served.port) as slow, Client(served.port) as quick:
        for _ in range(2000):
            slow.request(False)                 # and never reads
        quick.set_encodings(RAW)
        began = time.monotonic()
        for n in range(20):
            pixels = noise(sides, sides, seed=n)
            served.draw(pixels)
            assert (quick.fetch() == pixels).all()
        assert time.monotonic() - began < 10

        waiting = served.ask(lambda: [s.stream._writer.transport.get_write_buffer_size() for s in served.desktop._sessions])
        assert max(waiting) <= 4 * sides * sides + 1000
        count = 0
        while not (slow.picture == pixels).all():   # when it reads again, it soon has the picture of now
            slow.update()
            count += 1
        assert count < 10


# -- input ----------------------------------------------------------------------------------------------------------


def keys(served, count):
    """The next key records as (name, pressed)."""
    wait_for(lambda: len(served.records) >= count)
    time.sleep(0.02)
    found, served.records[:] = list(served.records), []
    assert all(kind == link.KEY for kind, *_ in found)
    return [(HID_USAGES[usage], pressed) for _, usage, pressed, _ in found]


def stroke(*names):
    return [(name, 1) for name in names] + [(name, 0) for name in reversed(names)]


def test_keys_by_code(served):
    with Client(served.port) as client:
        for code, name in ((0x1E, "a"), (0xC8, "up"), (0x48, "kp8"), (0x9C, "kpenter"), (0xC6, "pause"), (0x45, "numlock"),
                           (0x54, "printscreen"), (0xB7, "printscreen"), (0x56, "less"), (0xDB, "leftwin"), (0xB8, "rightalt")):
            client.key_code(code, True, 0x61)
            client.key_code(code, True, 0x61)   # the client repeats it
            client.key_code(code, False, 0x61)
            assert keys(served, 2) == stroke(name)
        client.key_code(0xFFFF, True, 0x62)     # unknown: then the keysym counts
        client.key_code(0xFFFF, False, 0x62)
        assert keys(served, 2) == stroke("b")


def test_every_key_has_a_code_and_a_keysym():
    pc = {"power"} ^ set(USAGES)
    assert set(KEY_CODES.values()) >= {USAGES[name] for name in pc}
    reached = {named(sym, num) for sym in range(0xFE00, 0x10000) for num in (0, 1)} | \
        {named(sym, 0) for sym in range(0x1008FF00, 0x1008FFFF)} | {printable(sym)[0] for sym in range(0x20, 0x7F)}
    assert {name for name in pc if USAGES[name] not in reached} <= {"less", "ro", "yen"}    # they have no keysym of their own


def test_keysyms_mean_characters(served):
    with Client(served.port) as client:
        for sym, wanted in ((0x61, stroke("a")), (0x41, [("leftshift", 1), ("a", 1), ("leftshift", 0), ("a", 0)]),
                            (0x7B, [("leftshift", 1), ("leftbracket", 1), ("leftshift", 0), ("leftbracket", 0)]),
                            (0x01000040, [("leftshift", 1), ("2", 1), ("leftshift", 0), ("2", 0)]),
                            (0xFF0D, stroke("enter")), (0xFF8D, stroke("kpenter")), (0xFFE4, stroke("rightctrl")),
                            (0xFFD5, stroke("f24")), (0xFFFF, stroke("delete")), (0xFFB7, stroke("7")), (0xFF95, stroke("kp7"))):
            client.key(sym, True)
            client.key(sym, False)
            assert keys(served, len(wanted)) == wanted, hex(sym)
        client.key(0xE4, True)                  # no key of the US keyboard
        client.key(0xFFE1, True)                # Shift, and a character that does not want it
        client.key(0x31, True)
        client.key(0x31, False)
        client.key(0xFFE1, False)
        assert keys(served, 6) == [("leftshift", 1), ("leftshift", 0), ("1", 1), ("leftshift", 1), ("1", 0), ("leftshift", 0)]


def test_lock_lights_are_looked_at():
    log, lights = [], [0]
    client = ClientKeys(lambda usage, pressed: log.append((HID_USAGES[usage], int(pressed))), lambda: lights[0], None, None)

    def press(*syms):
        log.clear()
        for sym in syms:
            client.event(sym, True)
        for sym in reversed(syms):
            client.event(sym, False)
        return list(log)
    lights[0] = 4
    assert press(0x41) == stroke("a")
    assert press(0x61) == [("leftshift", 1), ("a", 1), ("leftshift", 0), ("a", 0)]
    assert press(0x31) == stroke("1")
    lights[0] = 2
    assert press(0xFFB7) == stroke("kp7") and press(0xFFAE) == stroke("kpperiod")
    assert press(0xFF95) == stroke("home")
    lights[0] = 0
    assert press(0xFE03, 0x40) == [("rightalt", 1), ("rightalt", 0), ("leftshift", 1), ("2", 1), ("leftshift", 0), ("rightalt", 1),
                                   ("2", 0), ("rightalt", 0)]
    log.clear()
    client.event(0x41, True)                    # released under its other name
    client.event(0x61, False)
    assert log[-1] == ("a", 0) and not client.held


def test_who_leaves_lets_go(served):
    with Client(served.port) as client:
        client.key(0xFFE3, True)
        client.key(0x61, True)
        client.point(10, 20, 1)
        wait_for(lambda: len(served.records) == 3)
    wait_for(lambda: len(served.records) == 6)
    assert served.records[3:] == [(link.KEY, 4, 0, 0), (link.KEY, 0xE0, 0, 0), (link.MOUSE_BUTTONS, 0, 0, 0)]
    assert served.watchers == 0


def test_pointer(served):
    with Client(served.port) as client:
        client.fetch()
        client.point(10, 20, 1)
        client.point(10, 20, 1 | 4)
        client.point(10, 20, 2)
        client.point(10, 20, 8)
        client.point(10, 20, 0)
        client.point(10, 20, 16)
        client.point(9999, 9999, 0)
        wait_for(lambda: len(served.records) >= 7)
        assert served.records == [(link.POINTER, 10, 20, 1), (link.POINTER, 10, 20, 3), (link.POINTER, 10, 20, 4),
                                  (link.POINTER, 10, 20, -256), (link.POINTER, 10, 20, 0), (link.POINTER, 10, 20, 256),
                                  (link.POINTER, 149, 99, 0)]
        served.records.clear()
        for x in range(150):
            client.point(x, 5)
        wait_for(lambda: served.records and served.records[-1] == (link.POINTER, 149, 5, 0))
        assert len(served.records) < 100        # those between were not all worth telling
        served.records.clear()
        client.set_encodings(RAW, POINTER_CHANGE)
        client.fetch()
        client.point(0x7FFF - 3, 0x7FFF + 4, 4)
        wait_for(lambda: len(served.records) == 2)
        assert served.records == [(link.MOUSE_MOVE, -3, 4, 0), (link.MOUSE_BUTTONS, 2, 0, 0)]


def chord(client, letter):
    for sym in (0xFFE3, 0xFFE9, letter):
        client.key(sym, True)
    for sym in (letter, 0xFFE9, 0xFFE3):
        client.key(sym, False)


def test_a_cut_text_is_typed_when_asked(served):
    with Client(served.port) as client:
        client.cut("dir /w\näö".encode("latin-1"))
        chord(client, 0x76)
        wait_for(lambda: len(served.records) == 5)
        assert served.records[-1] == (link.PASTE, 0, 0, "dir /w\näö")
        assert [r[2] for r in served.records[:4]] == [1, 1, 0, 0]  # nothing is held while it is typed
        served.records.clear()
        chord(client, 0x76)                     # again at once: no
        client.cut(b"x" * (200 << 10))
        client.key(0x71, True)
        wait_for(lambda: (link.KEY, USAGES["q"], 1, 0) in served.records)
        assert all(kind == link.KEY for kind, *_ in served.records)
        served.frame.header[link.STATE] = link.TYPING
        chord(client, 0x76)
        wait_for(lambda: (link.STOP_TYPING, 0, 0, 0) in served.records)


def test_the_text_on_the_screen_can_be_had(served):
    with Client(served.port) as client, Client(served.port) as other:
        other.fetch()
        chord(client, 0x63)
        wait_for(lambda: any(kind == link.COPY for kind, *_ in served.records))
        served.ask(served.desktop.copied, "A:\\>dir ☺")
        for each in (client, other):
            each.message(each.number(1))
            assert each.text == "A:\\>dir ?"


def test_power_menu(served):
    with Client(served.port) as client:
        client.set_encodings(RAW, XVP)
        client.fetch()
        assert client.xvp
        client.send(b"\xfa\0\1\2" + b"\xfa\0\1\4" + b"\xfa\0\1\3")
        wait_for(lambda: len(served.records) >= 8)
        assert served.records[:2] == [(link.POWER_BUTTON, 0, 0, 0), (link.RESET, 0, 0, 0)]
        assert keys_of(served.records[2:]) == stroke("leftctrl", "leftalt", "delete")


def keys_of(records):
    return [(HID_USAGES[usage], pressed) for _, usage, pressed, _ in records]


def test_nothing_is_asked_of_the_machine_for_nobody(served):
    for _ in range(3):
        with Client(served.port) as first, Client(served.port) as second:
            first.fetch(), second.fetch()
            assert served.watchers == 2
        wait_for(lambda: served.watchers == 0)
    assert not served.desktop._sessions and not served.desktop._connections
    assert not np.any(served.ask(lambda: served.desktop._someone.is_set()))
