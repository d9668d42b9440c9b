"""The 8254 against a second model that is stepped one clock pulse at a time."""
import random

import pytest

from emu.bus.component import checked
from emu.bus.types import NEVER
from emu.devices.pit import Pit, clocks, first_ns

PULSE = 600_000_000 / 715_909


class Rig:
    """A PIT with a clock that only the test moves, from one clock pulse or deadline to the next."""

    def __init__(self):
        self.pit = checked(Pit)()
        self.ns = 0
        self.edges = []
        self.expired = 0
        self.pit.now = lambda: self.ns
        self.pit.out0 = lambda level: self.edges.append((clocks(self.ns), level))
        self.pit.reset()

    def go(self, pulses):
        """Let so many clock pulses pass, with the timer running."""
        self.go_to(first_ns(clocks(self.ns) + pulses))

    def go_to(self, ns):
        while self.pit.deadline <= ns:
            self.ns = max(self.ns, self.pit.deadline)
            self.expired += 1
            self.pit.expire()
        self.ns = ns

    def program(self, counter, mode, count=None, rw=3, bcd=0):
        self.pit.write(3, counter << 6 | rw << 4 | mode << 1 | bcd)
        if count is not None:
            self.count(counter, count)

    def count(self, counter, count):
        self.pit.write(counter, count & 0xFF)
        self.pit.write(counter, count >> 8)

    def read(self, counter):
        low = self.pit.read(counter)
        return self.pit.read(counter) << 8 | low


@pytest.fixture
def rig():
    return Rig()


class Stepped:
    """One counter as the data sheet tells it, a pulse at a time (binary, full counts)."""

    def __init__(self, mode, gate):
        self.mode, self.gate = mode, gate
        self.out = int(mode != 0)
        self.ce = self.cr = None
        self.load = self.counting = self.armed = False
        self.null = True

    def write(self, count):
        self.cr = count or 0x10000
        self.null = True
        if self.mode == 0:
            self.out, self.load, self.counting = 0, True, False
        elif self.mode == 4:
            self.load = True
        elif self.mode in (2, 3) and self.ce is None:
            self.load = True

    def set_gate(self, level):
        rising, falling = level > self.gate, level < self.gate
        self.gate = level
        if rising and self.mode in (1, 2, 3, 5) and self.cr:
            self.load = True
        if falling and self.mode in (2, 3):
            self.out = 1
            if self.ce is not None:
                self.load = False

    def pulse(self):
        if self.mode == 4 and self.out == 0 or self.mode == 5 and self.out == 0:
            self.out = 1
        if self.load:
            self.load = False
            self.ce, self.counting, self.armed, self.null = self.cr, True, True, False
            if self.mode == 1:
                self.out = 0
            if self.mode in (2, 3):
                self.start_cycle(1)
            return
        if not self.counting or self.ce is None or (not self.gate and self.mode not in (1, 5)):
            return
        if self.mode == 2:
            self.ce -= 1
            if self.ce == 0:
                self.start_cycle(1)
            elif self.ce == 1:
                self.out = 0
        elif self.mode == 3:
            # An odd count is high for one pulse more than it is low
            self.left -= 1
            self.ce -= 2
            if self.left == 0:
                self.start_cycle(1 - self.out)
        else:
            self.ce = (self.ce - 1) & 0xFFFF
            if self.ce == 0 and self.armed:
                self.armed = False
                self.out = 1 if self.mode < 2 else 0

    def start_cycle(self, out):
        self.out = out
        self.ce = self.cr
        self.null = False
        if self.mode == 3:
            self.left = (self.cr + 1) // 2 if out else self.cr // 2
            self.ce = self.cr & ~1


@pytest.mark.parametrize("mode", range(6))
@pytest.mark.parametrize("seed", range(6))
def test_counter_2_against_stepped_model(mode, seed):
    rng = random.Random(mode * 100 + seed)
    rig = Rig()
    rig.ns = rng.randrange(10**15)
    rig.pit.set_gate2(1)
    for _ in range(4):
        model = Stepped(mode, rig.pit.counters[2].gate)
        rig.program(2, mode)
        for _ in range(400):
            action = rng.randrange(40)
            if action == 0 or model.cr is None:
                count = rng.choice((2, 3, 4, 5, 6, 7, 8, 11, 20, 33))
                rig.count(2, count)
                model.write(count)
            elif action == 1:
                model.set_gate(1 - model.gate)
                rig.pit.set_gate2(model.gate)
            rig.go(1)
            model.pulse()
            assert rig.pit.output(2) == model.out
            if model.ce is not None:
                assert rig.read(2) == model.ce & 0xFFFF
            assert rig.pit.counters[2].null_count == model.null


@pytest.mark.parametrize("mode", (0, 2, 3, 4))
@pytest.mark.parametrize("seed", range(4))
def test_out0_edges_against_stepped_model(mode, seed):
    """Edges by the timer alone: the wire is never looked at, and the timer never comes for nothing."""
    rng = random.Random(mode * 10 + seed)
    rig = Rig()
    rig.ns = rng.randrange(10**12)
    model = Stepped(mode, 1)
    rig.program(0, mode)
    expected = []
    level = rig.edges[-1][1] if rig.edges else 1
    assert level == model.out
    for _ in range(600):
        if rng.randrange(50) == 0 or model.cr is None:
            count = rng.choice((2, 3, 4, 5, 7, 8, 11, 20, 33))
            before = len(rig.edges)
            rig.count(0, count)
            model.write(count)
            assert (len(rig.edges) > before) == (model.out != level)
            level = model.out
            del rig.edges[:]
            rig.expired = 0
            expected.clear()
        rig.go(1)
        model.pulse()
        if model.out != level:
            level = model.out
            expected.append((clocks(rig.ns), level))
        assert rig.edges == expected
        assert rig.expired == len(expected)


def test_clock_is_exact():
    assert clocks(600_000_000) == 715_909
    assert clocks(3600 * 10**9) == 715_909 * 6000
    rng = random.Random(1)
    for _ in range(2000):
        n = rng.randrange(10**16)
        ns = first_ns(n)
        assert clocks(ns) == n and (n == 0 or clocks(ns - 1) == n - 1)
        assert ns == -(-n * 600_000_000 // 715_909)


def test_rate_generator_does_not_drift(rig):
    rig.program(0, 2, 11932)
    rig.edges.clear()
    rig.go_to(20 * 10**9)
    rising = [at for at, level in rig.edges if level]
    assert len(rising) == clocks(20 * 10**9) // 11932 - (clocks(20 * 10**9) % 11932 == 0)
    assert {b - a for a, b in zip(rising, rising[1:])} == {11932}
    assert rig.expired == len(rig.edges)


def test_edge_comes_at_the_first_ns(rig):
    rig.program(0, 0, 1000)
    assert rig.pit.deadline == first_ns(1001)
    rig.ns = rig.pit.deadline - 1
    rig.pit.expire()
    assert rig.edges == [(0, 0)]
    rig.ns += 1
    rig.pit.expire()
    assert rig.edges == [(0, 0), (1001, 1)] and rig.pit.deadline == NEVER


def test_count_zero_is_65536(rig):
    rig.program(0, 0, 0)
    rig.go(1)
    assert rig.read(0) == 0
    rig.go(1)
    assert rig.read(0) == 0xFFFF
    rig.go(65534)
    assert rig.pit.output(0) == 0
    rig.go(1)
    assert rig.pit.output(0) == 1


def test_mode_0_counts_on_below_zero(rig):
    rig.program(0, 0, 5)
    rig.go(6)
    assert rig.read(0) == 0 and rig.pit.output(0) == 1
    rig.go(3)
    assert rig.read(0) == 0xFFFD and rig.pit.output(0) == 1


def test_first_byte_stops_mode_0(rig):
    rig.program(0, 0, 100)
    rig.go(50)
    rig.pit.write(0, 10)
    rig.go(500)
    assert rig.read(0) == 51 and rig.pit.output(0) == 0 and rig.pit.deadline == NEVER
    rig.pit.write(0, 0)
    rig.go(11)
    assert rig.pit.output(0) == 1


def test_bcd(rig):
    rig.program(2, 0, 0x1000, bcd=1)
    rig.pit.set_gate2(1)
    rig.go(2)
    assert rig.read(2) == 0x0999
    rig.go(999)
    assert rig.read(2) == 0 and rig.pit.output(2) == 1
    rig.go(1)
    assert rig.read(2) == 0x9999
    rig.program(2, 2, 0, bcd=1)
    rig.go(1)
    assert rig.read(2) == 0
    rig.go(9999)
    assert rig.read(2) == 1 and rig.pit.output(2) == 0
    rig.go(1)
    assert rig.pit.output(2) == 1


def test_modes_6_and_7_are_2_and_3(rig):
    for mode, alias in ((2, 6), (3, 7)):
        seen = []
        for m in (mode, alias):
            rig.program(0, m, 9)
            levels = []
            for _ in range(30):
                rig.go(1)
                levels.append((rig.pit.output(0), rig.read(0)))
            seen.append(levels)
        assert seen[0] == seen[1]
        rig.pit.write(3, 0xE2)
        assert rig.pit.read(0) & 0x3F == 0x30 | alias << 1     # the status has it as written


def test_byte_orders(rig):
    rig.program(0, 4, rw=1)
    rig.pit.write(0, 0x34)
    rig.go(1)
    assert [rig.pit.read(0) for _ in range(2)] == [0x34, 0x34]
    rig.program(0, 4, rw=2)
    rig.pit.write(0, 0x12)
    rig.go(1)
    assert [rig.pit.read(0) for _ in range(2)] == [0x12, 0x12]
    rig.go(1)
    assert rig.pit.read(0) == 0x11
    rig.program(0, 4, 0x1234)
    rig.go(1)
    assert [rig.pit.read(0) for _ in range(3)] == [0x34, 0x12, 0x34]
    rig.pit.write(3, 0x38)              # a control word puts both orders back
    rig.pit.write(0, 0x78)
    rig.pit.write(0, 0x56)
    rig.go(1)
    assert rig.read(0) == 0x5678


@pytest.mark.parametrize("rw", (1, 2))
def test_one_byte_releases_the_latch(rig, rw):
    rig.program(0, 4, rw=rw)
    rig.pit.write(0, 0xF0)
    rig.go(1)
    rig.pit.write(3, 0x00)
    rig.go(0x313)
    assert rig.pit.read(0) == 0xF0
    assert rig.pit.read(0) == (0xDD if rw == 1 else 0xEC)


def test_latch_holds_until_read(rig):
    rig.program(0, 2, 1000)
    rig.go(11)
    rig.pit.write(3, 0x00)
    rig.go(100)
    rig.pit.write(3, 0x00)
    assert rig.pit.peek(0) == 990 & 0xFF
    assert rig.read(0) == 990
    assert rig.read(0) == 890
    rig.pit.write(3, 0x00)
    rig.program(0, 2, 500)
    rig.go(1)
    assert rig.read(0) == 500           # reprogramming drops the latch


@pytest.mark.parametrize("mode", (0, 2, 3, 4))
def test_a_count_is_there_when_the_bus_comes_back(rig, mode):
    """Linux's fast TSC calibration reads the new count within a pulse of having written it."""
    rig.pit.set_gate2(1)
    rig.program(2, mode, 0xFFFF)
    assert rig.read(2) >= 0xFFFE
    assert rig.read(2) >= 0xFFFE
    rig.go(3)
    assert rig.read(2) == (0xFFFE - 4 if mode == 3 else 0xFFFF - 2)


def test_read_back(rig):
    rig.program(0, 3)
    rig.pit.write(3, 0xE2)              # status of 0
    assert rig.pit.read(0) == 0x80 | 0x40 | 0x36
    rig.count(0, 1000)
    rig.pit.write(3, 0xE2)
    assert rig.pit.read(0) == 0xF6      # the load takes a pulse
    rig.go(1)
    rig.pit.write(3, 0xE2)
    assert rig.pit.read(0) == 0xB6
    rig.go(501)
    rig.pit.write(3, 0xC2)              # status and count
    rig.go(7)
    assert rig.pit.peek(0) == 0x36
    assert rig.pit.read(0) == 0x36
    assert rig.read(0) == 998
    rig.program(2, 0, 77)
    rig.go(1)
    rig.pit.write(3, 0xDE)              # counts of all three, then look at two
    rig.go(9)
    assert rig.read(2) == 77
    rig.pit.write(3, 0xE8)
    assert rig.pit.read(2) == 0x30


def test_new_count_comes_at_the_end_of_the_cycle(rig):
    rig.program(0, 2, 10)
    rig.go(4)
    rig.count(0, 6)
    rig.edges.clear()
    rig.go(30)
    assert rig.edges == [(10, 0), (11, 1), (16, 0), (17, 1), (22, 0), (23, 1), (28, 0), (29, 1), (34, 0)]


def test_illegal_count_of_one_has_no_edges(rig):
    for mode in (2, 3):
        rig.program(0, mode, 1)
        rig.edges.clear()
        rig.go(1000)
        assert rig.edges == [] and rig.pit.deadline == NEVER
        rig.count(0, 4)
        rig.go(20)
        assert rig.edges


def test_late_timer_shows_an_edge(rig):
    rig.program(0, 2, 1000)
    rig.edges.clear()
    rig.ns = first_ns(5500)             # five periods slept through
    rig.pit.expire()
    assert [level for _, level in rig.edges] == [0, 1]
    assert rig.pit.deadline == first_ns(6000)


def test_port_access_after_a_missed_deadline(rig):
    rig.program(0, 0, 10)
    rig.ns = first_ns(11) + 5
    rig.edges.clear()
    rig.program(0, 0, 10)               # the edge was due just before
    assert [level for _, level in rig.edges] == [1, 0]


def test_channel_2_needs_no_timer(rig):
    rig.pit.set_gate2(1)
    rig.program(2, 3, 100)
    assert rig.pit.deadline == NEVER


def test_hardware_one_shot(rig):
    rig.program(2, 1, 50)
    rig.go(200)
    assert rig.pit.output(2) == 1
    rig.pit.set_gate2(1)
    assert rig.pit.output(2) == 1
    rig.go(1)
    assert rig.pit.output(2) == 0
    rig.go(40)
    rig.pit.set_gate2(0)
    rig.pit.set_gate2(1)
    rig.go(50)
    assert rig.pit.output(2) == 0       # triggered again
    rig.go(1)
    assert rig.pit.output(2) == 1


def test_calibration_with_channel_2(rig):
    """Mode 0 at the gate, as Linux calibrates its TSC."""
    rig.pit.set_gate2(1)
    rig.pit.write(3, 0xB0)
    latch = 1193182 // 20
    rig.count(2, latch)
    start = rig.ns
    while not rig.pit.output(2):
        rig.ns += 500
    assert abs(rig.ns - start - 50_000_000) < 3000


def test_control_port_reads_nothing(rig):
    assert rig.pit.read(3) == rig.pit.peek(3) == 0


def test_random_traffic(rig):
    rng = random.Random(8254)
    level = 1
    for _ in range(20000):
        action = rng.randrange(10)
        if action < 4:
            rig.pit.write(rng.randrange(65536), rng.randrange(256))
        elif action < 7:
            offset = rng.randrange(65536)
            state = rig.pit.save()
            peeked = rig.pit.peek(offset)
            assert rig.pit.save() == state
            assert rig.pit.read(offset) == peeked
        elif action == 7:
            rig.pit.set_gate2(rng.randrange(2))
        elif action == 8:
            rig.ns += rng.randrange(10**7)
        else:
            rig.go(rng.randrange(3000))
        for _, new in rig.edges:
            assert new != level
            level = new
        rig.edges.clear()
        rig.pit.output(rng.randrange(3))
        if rig.pit.deadline > rig.ns:
            assert rig.pit.output(0) == level


def test_save_and_restore(rig):
    rig.program(0, 2, 1000)
    rig.go(123)
    other = Rig()
    other.ns = rig.ns
    other.pit.restore(rig.pit.save())
    rig.edges.clear()
    rig.go(5000)
    other.go(5000)
    assert rig.edges == other.edges and rig.read(0) == other.read(0)


def test_gate_stops_a_counter_nobody_has_looked_at(rig):
    rig.pit.set_gate2(1)
    rig.program(2, 0, 100)
    rig.go(11)
    rig.pit.set_gate2(0)
    rig.go(1000)
    assert rig.read(2) == 90 and rig.pit.output(2) == 0
    rig.pit.set_gate2(1)
    rig.go(90)
    assert rig.read(2) == 0 and rig.pit.output(2) == 1
