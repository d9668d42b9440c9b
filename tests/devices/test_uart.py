"""16550A: registers, FIFOs, timing, interrupts, loopback."""
import random

import pytest

from emu.bus.component import checked
from emu.bus.types import NEVER
from emu.devices.uart import Uart

CHAR = 10 * 16 * 1_000_000_000 // 1_843_200         # 8N1 at 115200


class Line:
    def __init__(self):
        self.time = 0
        self.uart = checked(Uart)()
        self.levels, self.sent = [], []
        self.uart.now = lambda: self.time
        self.uart.irq = self.levels.append
        self.uart.sink = self.sent.append
        self.uart.reset()

    def read(self, register):
        return self.uart.read(register)

    def write(self, register, value):
        self.uart.write(register, value)

    def setup(self, fcr=0, ier=0, mcr=0x0B):
        self.write(3, 0x83)
        self.write(0, 1)
        self.write(1, 0)
        self.write(3, 0x03)
        self.write(2, fcr)
        self.write(4, mcr)
        self.write(1, ier)

    def run(self, ns):
        end = self.time + ns
        while True:
            deadline, method = min((getattr(self.uart, t.deadline), t.expire) for t in self.uart.timers)
            if deadline > end:
                break
            self.time = deadline
            getattr(self.uart, method)()
        self.time = end

    @property
    def irq(self):
        return self.uart.irq_level


@pytest.fixture
def line():
    made = Line()
    made.setup()
    return made


def test_divisor_latch_and_scratch(line):
    line.write(3, 0x83)
    line.write(0, 0x34)
    line.write(1, 0x12)
    assert (line.read(0), line.read(1)) == (0x34, 0x12)
    line.write(3, 0x1F)
    assert line.read(3) == 0x1F and line.read(1) == 0
    line.write(7, 0xA5)
    assert line.read(7) == 0xA5
    line.write(1, 0xFF)
    line.write(4, 0xFF)
    assert line.read(1) == 0x0F and line.read(4) == 0x1F


def test_character_time(line):
    assert line.uart.character() == CHAR == 86805
    for lcr, halves in ((0x00, 14), (0x04, 15), (0x1F, 24), (0x07, 22)):
        line.write(3, lcr)
        assert line.uart.character() == halves * 8_000_000_000 // 1_843_200
    line.write(3, 3)
    line.uart.divisor = 0
    assert line.uart.character() == 20 * 65536 * 8_000_000_000 // 1_843_200


def test_transmit_one(line):
    assert line.read(5) == 0x60
    line.write(0, 0x41)
    assert line.read(5) == 0x20                 # holding register free, shift register busy
    line.write(0, 0x42)
    assert line.read(5) == 0x00
    line.run(CHAR)
    assert line.sent == [0x41] and line.read(5) == 0x20
    line.run(CHAR)
    assert line.sent == [0x41, 0x42] and line.read(5) == 0x60


def test_transmit_fifo(line):
    line.setup(fcr=1)
    for i in range(17):
        line.write(0, i)
    assert line.read(5) & 0x60 == 0
    line.run(16 * CHAR)
    assert line.sent == list(range(16)) and line.read(5) & 0x60 == 0x20
    line.run(CHAR)
    assert line.sent == list(range(17)) and line.read(5) & 0x60 == 0x60


def test_thre_interrupt(line):
    line.write(1, 2)
    assert line.irq == 1 and line.read(2) == 0x02 and line.irq == 0 and line.read(2) == 0x01
    line.write(1, 0)
    line.write(1, 2)
    assert line.read(2) == 0x02                 # enabling it raises it again
    line.write(0, 1)
    line.read(2)
    line.write(0, 2)
    assert line.irq == 0
    line.run(CHAR)
    assert line.irq == 1
    line.write(0, 3)
    assert line.irq == 0


def test_out2_gates_the_line(line):
    line.write(4, 0)
    line.write(1, 2)
    assert line.irq == 0 and line.read(2) == 2
    line.write(1, 0)
    line.write(1, 2)
    line.write(4, 8)
    assert line.irq == 1 and line.levels == [1]


def test_receive(line):
    line.write(1, 1)
    assert line.uart.receive(b"hi") == 2
    line.run(CHAR - 1)
    assert line.read(5) & 1 == 0
    line.run(1)
    assert line.read(5) & 1 and line.irq == 1 and line.read(2) == 4
    line.run(20 * CHAR)                         # the sender waits
    assert line.read(0) == ord("h") and line.irq == 0 and line.read(5) & 3 == 0
    line.run(CHAR)
    assert line.read(0) == ord("i")


def test_receive_trigger_and_timeout(line):
    line.setup(fcr=0x81, ier=1)                 # trigger at 8
    line.uart.receive(bytes(range(11)))
    line.run(7 * CHAR)
    assert line.irq == 0
    line.run(CHAR)
    assert line.irq == 1 and line.read(2) == 0xC4
    line.run(3 * CHAR)
    for i in range(4):
        assert line.read(0) == i
    assert line.irq == 0                        # 7 left
    line.run(4 * CHAR - 1)
    assert line.irq == 0
    line.run(1)
    assert line.irq == 1 and line.read(2) == 0xCC
    assert line.read(0) == 4 and line.irq == 0
    assert [line.read(0) for _ in range(6)] == [5, 6, 7, 8, 9, 10]
    assert line.uart.timeout_at == NEVER


def test_nothing_is_lost(line):
    line.setup(fcr=0xC1)
    data = bytes(i * 7 & 255 for i in range(10000))
    fed, got = 0, bytearray()
    rng = random.Random(2)
    while len(got) < len(data):
        fed += line.uart.receive(data[fed:fed + 5000])
        assert line.uart.room() <= 4096
        line.run(rng.randrange(40) * CHAR)
        while line.read(5) & 1:
            got.append(line.read(0))
        assert not line.read(5) & 2
    assert got == data


def test_loopback(line):
    line.setup(fcr=1, mcr=0x1B)
    line.read(6)
    line.write(0, 0x5A)
    line.uart.receive(b"x")
    line.run(2 * CHAR)
    assert line.sent == [] and line.read(5) & 1 and line.read(0) == 0x5A and line.read(5) & 1 == 0
    for mcr, msr in ((0x11, 0x20), (0x12, 0x10), (0x14, 0x40), (0x18, 0x80), (0x1F, 0xF0)):
        line.write(4, mcr)
        assert line.read(6) & 0xF0 == msr
    line.write(4, 0x0B)
    line.run(CHAR)
    assert line.read(0) == ord("x")


def test_loopback_overrun_and_break(line):
    line.setup(mcr=0x1B, ier=4)
    for value in (1, 2):
        line.write(0, value)
        line.run(CHAR)
    assert line.irq == 1 and line.read(2) == 6
    assert line.read(5) & 0x1F == 0x03 and line.irq == 0 and line.read(5) & 2 == 0
    assert line.read(0) == 2
    line.write(3, 0x43)
    assert line.read(5) & 0x19 == 0x19 and line.read(0) == 0


def test_errors_belong_to_their_character(line):
    line.setup(fcr=1)
    line.uart.receive(b"a")
    line.run(CHAR)
    line.uart.receive_break()
    assert line.read(5) == 0xE1
    assert line.read(0) == ord("a")
    assert line.read(5) == 0xF9
    assert line.read(5) == 0x61


def test_modem_lines(line):
    line.read(6)
    line.write(1, 8)
    line.uart.set_lines(0xA0)
    assert line.irq == 1 and line.read(2) == 0 and line.read(6) == 0xA1 and line.irq == 0
    line.uart.set_lines(0xE0)
    assert line.read(6) == 0xE0                 # only the end of a ring counts
    line.uart.set_lines(0xA0)
    assert line.read(6) == 0xA4


def test_fifo_control(line):
    line.setup(fcr=1)
    line.uart.receive(b"abc")
    line.run(4 * CHAR)
    line.write(2, 0x03)
    assert line.read(5) & 1 == 0 and line.read(2) & 0xC0 == 0xC0
    line.write(2, 0xC0)                         # without bit 0 it turns the FIFOs off
    assert line.read(2) & 0xC0 == 0


def test_random_traffic(line):
    rng = random.Random(5)
    for _ in range(20000):
        what = rng.randrange(5)
        if what == 0:
            line.write(rng.randrange(8), rng.randrange(256))
        elif what == 1:
            line.read(rng.randrange(8))
        elif what == 2:
            line.uart.receive(bytes(rng.randrange(30)))
        elif what == 3:
            line.uart.set_lines(rng.randrange(256))
        else:
            line.run(rng.randrange(4 * CHAR))
        peeked = [line.uart.peek(i) for i in range(8)]
        assert peeked == [line.uart.peek(i) for i in range(8)]
