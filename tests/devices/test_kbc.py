"""8042, alone and with a keyboard and a mouse behind it."""
import random

import pytest

from emu.bus.component import checked
from emu.bus.types import NEVER
from emu.devices.kbc import BYTE_TIME, TRANSLATE, Kbc
from emu.devices.keyboard import KEY_IDS, KEYS, Keyboard
from emu.devices.mouse import Mouse


class Bench:
    """The three parts on a board with a clock."""

    def __init__(self):
        self.time = 1000
        self.kbc, self.keyboard, self.mouse = checked(Kbc)(), checked(Keyboard)(), checked(Mouse)()
        self.parts = self.kbc, self.keyboard, self.mouse
        self.irqs, self.a20, self.resets = [], [], 0
        for part in self.parts:
            part.now = lambda: self.time
        kbc = self.kbc
        kbc.irq1 = lambda level: self.irqs.append((1, level))
        kbc.irq12 = lambda level: self.irqs.append((12, level))
        kbc.a20 = self.a20.append
        kbc.reset_cpu = self.count_reset
        kbc.keyboard_send, kbc.keyboard_take = self.keyboard.send, self.keyboard.take
        kbc.mouse_send, kbc.mouse_take = self.mouse.send, self.mouse.take
        self.keyboard.ready = self.mouse.ready = kbc.device_ready
        for part in self.parts:
            part.reset()

    def count_reset(self):
        self.resets += 1

    def run(self, ns):
        end = self.time + ns
        while True:
            due = min(((getattr(p, t.deadline), i, t.expire, p) for i, p in enumerate(self.parts) for t in p.timers),
                      key=lambda d: d[:2])
            if due[0] > end:
                break
            self.time = max(self.time, due[0])
            getattr(due[3], due[2])()
        self.time = end

    def status(self):
        return self.kbc.read_status(4)

    def command(self, *values):
        self.kbc.write_command(4, values[0])
        for value in values[1:]:
            self.kbc.write_data(0, value)

    def read(self, ns=20_000_000):
        """What a patient guest reads: (byte, from the mouse) until nothing comes any more."""
        got = []
        end = self.time + ns
        while self.time < end:
            if self.status() & 1:
                aux = bool(self.status() & 0x20)
                got.append((self.kbc.read_data(0), aux))
            self.run(50_000)
        return got

    def keys(self):
        return bytes(b for b, aux in self.read() if not aux)


@pytest.fixture
def bench():
    return Bench()


def test_self_tests(bench):
    assert bench.status() & 4 == 0
    bench.command(0xAA)
    assert bench.status() & 5 == 5 and bench.kbc.read_data(0) == 0x55
    for command in (0xA9, 0xAB):
        bench.command(command)
        assert bench.status() & 1 and bench.kbc.read_data(0) == 0
    assert bench.status() & 1 == 0


def test_a2_tells_the_port_written(bench):
    bench.command(0x20)
    assert bench.status() & 8
    bench.kbc.write_data(0, 0xF4)
    assert not bench.status() & 8


def test_command_byte_and_ram(bench):
    bench.command(0x60, 0x47)
    assert not bench.irqs
    bench.command(0x20)
    assert bench.irqs == [(1, 1)]
    assert bench.kbc.read_data(0) == 0x47 and bench.irqs == [(1, 1), (1, 0)]
    for i in range(1, 32):
        bench.command(0x60 | i, i * 3)
    for i in range(1, 32):
        bench.command(0x20 | i)
        assert bench.kbc.read_data(0) == i * 3
    bench.command(0x60, 0)
    assert bench.status() & 4 == 0


def test_commands_do_not_answer_by_themselves(bench):
    for command in (0x60, 0xA7, 0xA8, 0xAD, 0xAE, 0xD1, 0xD2, 0xD3, 0xD4, 0xFF, 0xF1, 0x00, 0x99, 0xC8):
        bench.command(command)
        assert not bench.status() & 1, hex(command)
    bench.command(0x60, 0x65)
    assert not bench.status() & 1


def test_irq_follows_the_enable_bit(bench):
    bench.command(0x60, 0)
    bench.command(0xD2, 0x12)
    assert bench.irqs == []
    bench.command(0x60, 1)
    assert bench.irqs == [(1, 1)]
    bench.command(0x60, 0)
    assert bench.irqs == [(1, 1), (1, 0)]


def test_aux_buffer_sets_aux_and_irq12(bench):
    bench.command(0xD3, 0x5A)
    assert bench.status() & 0x21 == 0x21 and bench.irqs == [(12, 1)]
    assert bench.kbc.read_data(0) == 0x5A
    assert bench.status() & 0x21 == 0 and bench.irqs == [(12, 1), (12, 0)]


def test_answer_waits_for_an_unread_byte(bench):
    bench.command(0xD2, 0x11)
    bench.command(0x20)
    assert bench.kbc.read_data(0) == 0x11
    assert bench.status() & 1 and bench.kbc.read_data(0) == 3
    assert bench.irqs == [(1, 1), (1, 0), (1, 1), (1, 0)]


def test_a20_and_reset(bench):
    assert bench.a20 == [1]
    bench.command(0xD1, 0xDD)
    bench.command(0xD1, 0xDD)
    assert bench.a20 == [1, 0]
    bench.command(0xD0)
    assert bench.kbc.read_data(0) & 3 == 1
    bench.command(0xDF)
    assert bench.a20 == [1, 0, 1]
    bench.command(0xFF)
    assert bench.resets == 0
    bench.command(0xFE)
    bench.command(0xD1, 0xDE)
    assert bench.resets == 2


def test_keyboard_bytes_are_paced(bench):
    bench.keyboard.key(KEY_IDS["a"], 1)
    bench.run(BYTE_TIME - 1)
    assert not bench.status() & 1
    bench.run(1)
    assert bench.status() & 0x21 == 1 and bench.irqs == [(1, 1)]
    bench.keyboard.key(KEY_IDS["a"], 0)
    bench.run(10 * BYTE_TIME)
    assert bench.kbc.read_data(0) == 0x1C and not bench.kbc.deadline == NEVER
    assert not bench.status() & 1
    assert bench.keys() == b"\xf0\x1c"


def test_translation(bench):
    bench.command(0x60, 0x41)
    for name, codes in (("a", "1e 9e"), ("up", "e0 48 e0 c8"), ("f7", "41 c1"), ("pause", "e1 1d 45 e1 9d c5"),
                        ("printscreen", "e0 2a e0 37 e0 b7 e0 aa")):
        bench.keyboard.key(KEY_IDS[name], 1)
        bench.keyboard.key(KEY_IDS[name], 0)
        assert bench.keys() == bytes.fromhex(codes), name


def test_the_two_tables_agree():
    """The controller's ROM and the keyboard's sets are two sources of one fact."""
    for key in KEYS:
        assert TRANSLATE[key.set2] == key.set1, key.name
    assert len(TRANSLATE) == 256 and TRANSLATE[0xFA] == 0xFA


def test_acknowledge_between_break_prefix_and_code(bench):
    bench.command(0x60, 0x41)
    bench.keyboard.key(KEY_IDS["a"], 1)
    assert bench.keys() == b"\x1e"
    bench.keyboard.key(KEY_IDS["a"], 0)
    bench.run(BYTE_TIME)                    # F0 has been swallowed
    bench.kbc.write_data(0, 0xF3)
    assert bench.keys() == b"\xfa\x9e"


def test_keyboard_identifies_itself(bench):
    bench.command(0x60, 0x41)
    bench.kbc.write_data(0, 0xF2)
    assert bench.keys() == b"\xfa\xab\x41"
    bench.command(0x60, 0x01)
    bench.kbc.write_data(0, 0xF2)
    assert bench.keys() == b"\xfa\xab\x83"


def test_inhibited_keyboard_keeps_its_codes(bench):
    bench.command(0xAD)
    bench.keyboard.key(KEY_IDS["b"], 1)
    assert bench.keys() == b"" and not bench.keyboard.idle()
    bench.command(0xAE)
    assert bench.keys() == b"\x32" and bench.keyboard.idle() and bench.kbc.idle()


def test_sending_to_the_keyboard_enables_it(bench):
    bench.command(0xAD)
    bench.kbc.write_data(0, 0xEE)
    assert bench.keys() == b"\xee"


def test_mouse_through_the_controller(bench):
    bench.command(0xD4, 0xFF)
    assert bench.read() == [(0xFA, True), (0xAA, True), (0x00, True)]
    bench.command(0xD4, 0xF4)
    assert bench.read() == [(0xFA, True)]
    bench.mouse.move(5, 3, 0)
    assert bench.read(50_000_000) == [(0x28, True), (5, True), (0xFD, True)]
    bench.command(0xA7)
    bench.mouse.move(1, 0, 0)
    assert bench.read(50_000_000) == []
    bench.command(0xA8)
    assert len(bench.read(50_000_000)) == 3


def test_both_devices_take_turns(bench):
    bench.command(0xD4, 0xF4)
    bench.read()
    for name in "abc":
        bench.keyboard.key(KEY_IDS[name], 1)
    bench.mouse.move(1, 1, 0)
    got = bench.read(100_000_000)
    assert [b for b, aux in got if not aux] == [0x1C, 0x32, 0x21]
    assert [b for b, aux in got if aux] == [0x28, 1, 0xFF]
    assert got[0][1] != got[1][1]


def test_password(bench):
    bench.command(0x60, 0x41)
    bench.command(0xA4)
    assert bench.kbc.read_data(0) == 0xF1
    bench.command(0xA5, 0x1E, 0x30, 0)
    bench.command(0xA4)
    assert bench.kbc.read_data(0) == 0xFA
    bench.command(0xA6)
    for name in "bab":
        bench.keyboard.key(KEY_IDS[name], 1)
        bench.keyboard.key(KEY_IDS[name], 0)
    assert bench.keys() == b"\xb0"          # the last key's release, after it unlocked the keyboard
    assert not bench.kbc.locked


def test_save_and_restore(bench):
    bench.command(0x60, 0x41)
    bench.keyboard.key(KEY_IDS["up"], 1)
    bench.run(BYTE_TIME)
    saved = [part.save() for part in bench.parts]
    first = bench.keys()
    other = Bench()
    other.time = bench.time
    for part, state in zip(other.parts, saved):
        part.restore(state)
    other.time -= 20_000_000
    assert other.keys() == first == b"\xe0\x48"


def test_random_traffic(bench):
    rng = random.Random(1)
    for _ in range(20000):
        what = rng.randrange(8)
        if what == 0:
            bench.kbc.write_command(4, rng.randrange(256))
        elif what == 1:
            bench.kbc.write_data(0, rng.randrange(256))
        elif what == 2:
            bench.kbc.read_data(0)
        elif what == 3:
            bench.keyboard.key(rng.randrange(256), rng.randrange(2))
        elif what == 4:
            bench.mouse.move(rng.randrange(-5000, 5000), rng.randrange(-300, 300), rng.randrange(-20, 20))
        elif what == 5:
            bench.mouse.buttons(rng.randrange(256))
        else:
            bench.run(rng.randrange(2_000_000))
        assert bench.kbc.peek(0) == bench.kbc.output and bench.kbc.peek(4) == bench.status()
