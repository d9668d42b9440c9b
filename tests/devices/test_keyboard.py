"""The PS/2 keyboard on its own."""
import pytest

from emu.bus.component import checked
from emu.bus.types import NEVER
from emu.devices.keyboard import KEY_IDS, KEYS, Keyboard

MS = 1_000_000


class Hand:
    def __init__(self):
        self.time = 0
        self.leds = []
        self.keyboard = checked(Keyboard)()
        self.keyboard.now = lambda: self.time
        self.keyboard.leds_changed = self.leds.append
        self.keyboard.reset()

    def down(self, *names):
        for name in names:
            self.keyboard.key(KEY_IDS[name], 1)

    def up(self, *names):
        for name in names:
            self.keyboard.key(KEY_IDS[name], 0)

    def send(self, *values):
        for value in values:
            self.keyboard.send(value)
        return self.bytes()

    def bytes(self):
        got = bytearray()
        while (value := self.keyboard.take()) != 0x100:
            got.append(value)
        return got.hex(" ")


@pytest.fixture
def hand():
    return Hand()


def stroke(hand, name):
    hand.down(name)
    hand.up(name)
    return hand.bytes()


@pytest.mark.parametrize("code_set, name, codes", [
    (1, "a", "1e 9e"), (2, "a", "1c f0 1c"), (3, "leftctrl", "11 f0 11"), (3, "a", "1c"), (3, "f1", "07"),
    (1, "up", "e0 48 e0 c8"), (2, "up", "e0 75 e0 f0 75"), (3, "up", "63"),
    (1, "pause", "e1 1d 45 e1 9d c5"), (2, "pause", "e1 14 77 e1 f0 14 f0 77"), (3, "pause", "62"),
    (1, "printscreen", "e0 2a e0 37 e0 b7 e0 aa"), (2, "printscreen", "e0 12 e0 7c e0 f0 7c e0 f0 12"),
    (3, "printscreen", "57"), (2, "f7", "83 f0 83"), (2, "rightctrl", "e0 14 e0 f0 14"), (3, "f13", ""),
])
def test_codes(hand, code_set, name, codes):
    assert hand.send(0xF0, code_set) == "fa fa"
    assert stroke(hand, name) == codes


def test_chords_of_pause_and_print(hand):
    hand.down("leftctrl")
    hand.bytes()
    assert stroke(hand, "pause") == "e0 7e e0 f0 7e"
    assert stroke(hand, "printscreen") == "e0 7c e0 f0 7c"
    hand.up("leftctrl")
    hand.down("rightalt")
    hand.bytes()
    assert stroke(hand, "printscreen") == "84 f0 84"
    hand.send(0xF0, 1)
    assert stroke(hand, "printscreen") == "54 d4"


def test_simple_commands(hand):
    assert hand.send(0xEE) == "ee"
    assert hand.send(0xF2) == "fa ab 83"
    assert hand.send(0xFE) == "83"
    assert hand.send(0xFF) == "fa aa"
    assert hand.send(0x12) == "fe"
    assert hand.send(0xF0, 0) == "fa fa 02"
    assert hand.send(0xF0, 4) == "fa fe"
    assert hand.send(0xED, 0xF4) == "fa fa"     # a command in place of the parameter
    assert hand.leds == []


def test_leds(hand):
    assert hand.send(0xED, 7) == "fa fa"
    assert hand.send(0xED, 7) == "fa fa"
    assert hand.leds == [7]
    hand.send(0xFF)
    assert hand.leds == [7, 0]


def test_disabled_keyboard_is_silent(hand):
    hand.down("a")
    assert hand.send(0xF5) == "fa"              # and the buffer is cleared
    hand.down("b")
    assert hand.bytes() == ""
    assert hand.send(0xF4) == "fa"
    hand.up("b")
    assert hand.bytes() == "f0 32"


def test_overrun(hand):
    for name in "abcdefghijklmnopqr":
        hand.down(name)
    got = hand.bytes()
    assert len(got.split()) == 17 and got.endswith("00")
    hand.down("s")
    assert hand.bytes() == "1b"
    assert hand.keyboard.idle()


def test_overrun_never_splits_a_sequence(hand):
    for name in "abcdefghijklmno":              # 15 bytes
        hand.down(name)
    hand.down("up")
    hand.down("p")
    assert hand.bytes().split()[15:] == ["00"]      # nothing follows the overrun code


def test_typematic(hand):
    hand.down("a")
    assert hand.bytes() == "1c" and hand.keyboard.repeat_at == 500 * MS
    hand.time = 500 * MS
    hand.keyboard.repeat()
    assert hand.bytes() == "1c"
    assert hand.keyboard.repeat_at == 500 * MS + (8 + 3) * 2 * 1_000_000_000 // 240
    hand.down("a")
    assert hand.bytes() == ""                   # the host's repetition does not count
    hand.up("a")
    assert hand.keyboard.repeat_at == NEVER
    hand.send(0xF3, 0x00)                       # 250 ms, 30 a second
    hand.down("b")
    assert hand.keyboard.repeat_at == hand.time + 250 * MS
    hand.keyboard.repeat()
    assert hand.keyboard.repeat_at == hand.time + 250 * MS + 8 * 1_000_000_000 // 240
    hand.down("leftshift")
    hand.up("b")
    assert hand.keyboard.repeat_key == KEY_IDS["leftshift"] and hand.keyboard.repeat_at != NEVER


def test_set_3_key_types(hand):
    hand.send(0xF0, 3)
    assert hand.send(0xF8) == "fa"
    assert stroke(hand, "a") == "1c f0 1c" and hand.keyboard.repeat_at == NEVER
    assert hand.send(0xFD, 0x1C, 0x32) == "fa fa fa"
    assert stroke(hand, "a") == "1c" and stroke(hand, "c") == "21 f0 21"
    assert hand.send(0xF4) == "fa" and hand.keyboard.parameter_of == 0
    hand.send(0xF7)
    hand.down("leftctrl")
    assert hand.keyboard.repeat_at != NEVER
    hand.send(0xF6)
    assert hand.keyboard.code_set == 2


def test_every_key_is_told_apart():
    for code_set in ("set1", "set2"):
        codes = [(getattr(key, code_set), key.extended) for key in KEYS if key.name != "pause"]
        assert len(codes) == len(set(codes))
    codes = [key.set3 for key in KEYS if key.set3]
    assert len(codes) == len(set(codes))
