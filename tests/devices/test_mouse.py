"""The PS/2 mouse on its own."""
import random

import pytest

from emu.bus.component import checked
from emu.bus.types import NEVER
from emu.devices.mouse import Mouse

MS = 1_000_000


class Hand:
    def __init__(self):
        self.time = 0
        self.mouse = checked(Mouse)()
        self.mouse.now = lambda: self.time
        self.mouse.reset()

    def send(self, *values):
        for value in values:
            self.mouse.send(value)
        return self.bytes()

    def bytes(self):
        got = bytearray()
        while (value := self.mouse.take()) != 0x100:
            got.append(value)
        return got.hex(" ")

    def packet(self):
        """Wait for the next sample."""
        if self.mouse.sample_at == NEVER:
            return ""
        self.time = max(self.time, self.mouse.sample_at)
        self.mouse.sample()
        return self.bytes()

    def wheel(self, middle=100):
        self.send(0xF3, 200, 0xF3, middle, 0xF3, 80)


@pytest.fixture
def hand():
    return Hand()


def test_reset_and_id(hand):
    assert hand.send(0xFF) == "fa aa 00"
    assert hand.send(0xF2) == "fa 00"
    hand.wheel()
    assert hand.send(0xF2) == "fa 03"
    hand.wheel(200)
    assert hand.send(0xF2) == "fa 04"
    hand.send(0xFF)
    assert hand.send(0xF2) == "fa 00"


def test_other_rates_do_not_make_a_wheel(hand):
    hand.send(0xF3, 60, 0xF3, 100, 0xF3, 80)
    assert hand.send(0xF2) == "fa 00"


def test_nothing_comes_before_it_is_enabled(hand):
    hand.mouse.move(1, 1, 0)
    hand.mouse.buttons(1)
    assert hand.mouse.sample_at == NEVER and hand.mouse.idle()
    assert hand.send(0xF4) == "fa"
    assert hand.mouse.sample_at == NEVER
    hand.mouse.move(1, 0, 0)
    assert hand.packet() == "09 01 00"


def test_samples_come_at_the_rate(hand):
    hand.time = 1000 * MS
    hand.send(0xF3, 40, 0xF4)
    hand.mouse.move(10, -20, 0)
    assert hand.mouse.sample_at == hand.time and not hand.mouse.idle()
    assert hand.packet() == "08 0a 14"
    hand.mouse.move(-1, 2, 0)
    assert hand.mouse.sample_at == hand.time + 25 * MS
    hand.mouse.move(-1, 2, 0)
    assert hand.packet() == "38 fe fc"
    assert hand.mouse.idle() and hand.mouse.sample_at == NEVER


def test_large_movement_takes_several_packets(hand):
    hand.send(0xF4)
    hand.mouse.move(600, 0, 0)
    assert [hand.packet() for _ in range(4)] == ["08 ff 00", "08 ff 00", "08 5a 00", ""]
    hand.mouse.move(-300, 0, 0)
    assert [hand.packet() for _ in range(2)] == ["18 01 00", "18 d3 00"]


def test_overflow(hand):
    hand.send(0xF4)
    hand.mouse.move(4000, 4000, 0)
    hand.mouse.move(4000, 0, 0)
    assert hand.packet() == "68 ff 01"


def test_fast_click_is_not_lost(hand):
    hand.send(0xF4)
    hand.mouse.buttons(1)
    hand.mouse.buttons(0)
    hand.mouse.buttons(6)
    assert [hand.packet() for _ in range(4)] == ["09 00 00", "08 00 00", "0e 00 00", ""]


def test_wheel_and_buttons(hand):
    hand.wheel()
    hand.send(0xF4)
    hand.mouse.move(0, 0, 1)
    assert hand.packet() == "08 00 00 01"
    hand.mouse.move(0, 0, -2)
    assert hand.packet() == "08 00 00 fe"
    hand.wheel(200)
    hand.mouse.buttons(0x11)
    hand.mouse.move(0, 0, -1)
    assert hand.packet() == "09 00 00 2f"


def test_remote_mode(hand):
    assert hand.send(0xF0) == "fa"
    hand.mouse.move(3, 4, 0)
    assert hand.mouse.sample_at == NEVER
    assert hand.send(0xEB) == "fa 08 03 fc".replace("08", "28")
    assert hand.send(0xEB) == "fa 08 00 00"
    assert hand.send(0xE9) == "fa 40 02 64"


def test_wrap_mode(hand):
    hand.send(0xEE)
    assert hand.send(0xF2, 0x12, 0xEE) == "f2 12 ee"
    assert hand.send(0xEC) == "fa"
    assert hand.send(0xF2) == "fa 00"


def test_status(hand):
    hand.send(0xF4, 0xE8, 3, 0xE7, 0xF3, 20)
    hand.mouse.buttons(1)
    assert hand.send(0xE9) == "fa 34 03 14"
    hand.mouse.buttons(6)
    assert hand.send(0xE9) == "fa 33 03 14"
    hand.send(0xF6)
    assert hand.send(0xE9) == "fa 03 02 64"


def test_scaling(hand):
    hand.send(0xE7, 0xF4)
    for counts, scaled in ((1, 1), (2, 1), (3, 3), (4, 6), (5, 9), (6, 12), (7, 14), (100, 200), (255, 255),
                           (-4, -6 & 255)):
        hand.mouse.move(counts, 0, 0)
        assert hand.packet().split()[1] == f"{scaled:02x}", counts
    hand.send(0xE6)
    hand.mouse.move(4, 0, 0)
    assert hand.packet() == "08 04 00"


def test_invalid_commands(hand):
    assert hand.send(0x05) == "fe"
    assert hand.send(0xE1) == "fc"
    assert hand.send(0xF2) == "fa 00"
    assert hand.send(0xBB) == "fe"
    assert hand.send(0xF3, 210) == "fa fe"
    assert hand.send(0xE8, 4) == "fa fe"


def test_resend(hand):
    hand.send(0xF4)
    hand.mouse.move(1, 0, 0)
    assert hand.packet() == "08 01 00"
    assert hand.send(0xFE) == "08 01 00"


def test_movement_is_conserved(hand):
    rng = random.Random(3)
    hand.send(0xF4)
    x = y = 0
    want_x = want_y = 0
    for _ in range(500):
        dx, dy = rng.randrange(-200, 200), rng.randrange(-200, 200)
        want_x, want_y = want_x + dx, want_y - dy
        hand.mouse.move(dx, dy, 0)
        while rng.random() < 0.7 or not hand.mouse.idle():
            packet = bytes.fromhex(hand.packet())
            if not packet:
                break
            x += packet[1] - (256 if packet[0] & 0x10 else 0)
            y += packet[2] - (256 if packet[0] & 0x20 else 0)
    assert (x, y) == (want_x, want_y)
