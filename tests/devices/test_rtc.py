import calendar
import random
from datetime import datetime, timedelta

import pytest

from emu.bus.component import checked
from emu.bus.types import NEVER
from emu.devices.rtc import Rtc

S = 1_000_000_000
NOON = calendar.timegm((2023, 2, 28, 12, 34, 56))


class Rig:
    def __init__(self, unix=NOON):
        self.ns = 0
        self.edges = []
        self.expired = 0
        self.rtc = checked(Rtc)()
        self.rtc.now = lambda: self.ns
        self.rtc.irq8 = lambda level: self.edges.append((self.ns, level))
        self.rtc.reset()
        self.rtc.set_time(unix)

    def go(self, ns):
        end = self.ns + ns
        while self.rtc.deadline <= end:
            assert self.rtc.deadline >= self.ns
            self.ns = self.rtc.deadline
            self.expired += 1
            self.rtc.expire()
        self.ns = end

    def get(self, index):
        self.rtc.write(0, index)
        return self.rtc.read(1)

    def set(self, index, value):
        self.rtc.write(0, index)
        self.rtc.write(1, value)

    def hms(self):
        return tuple(self.get(i) for i in (4, 2, 0))

    def date(self):
        return tuple(self.get(i) for i in (0x32, 9, 8, 7, 6))


@pytest.fixture
def rig():
    return Rig()


def test_time_of_day(rig):
    assert rig.hms() == (0x12, 0x34, 0x56)
    assert rig.date() == (0x20, 0x23, 0x02, 0x28, 3)     # a Tuesday
    rig.go(S - 1)
    assert rig.get(0) == 0x56
    rig.go(1)
    assert rig.get(0) == 0x57
    rig.go(3 * S)
    assert rig.hms() == (0x12, 0x35, 0x00)
    assert rig.rtc.deadline == NEVER


def test_formats():
    rig = Rig(calendar.timegm((1999, 12, 31, 23, 59, 58)))
    for b, before, hours in ((0x02, (0x23, 0x59, 0x58), 0), (0x06, (23, 59, 58), 0),
                             (0x00, (0x91, 0x59, 0x58), (0x92, 0x12)), (0x04, (0x8B, 59, 58), (0x8C, 12))):
        rig.set(11, b)
        rig.rtc.set_time(calendar.timegm((1999, 12, 31, 23, 59, 58)))
        assert rig.hms() == before
        rig.go(2 * S)
        assert rig.hms() == ((0, 0, 0) if not hours else (0x12 if b == 0 else 12, 0, 0))
        assert rig.date() == (20 if b & 4 else 0x20, 0, 1, 1, 7)
        if hours:
            rig.rtc.set_time(calendar.timegm((2000, 1, 1, 11, 59, 59)))
            rig.go(S)
            assert rig.get(4) == hours[0]
            rig.go(3600 * S)
            assert rig.get(4) == 0x81


@pytest.mark.parametrize("seed", range(8))
def test_calendar_against_datetime(seed):
    rng = random.Random(seed)
    start = rng.randrange(0, calendar.timegm((2199, 1, 1, 0, 0, 0)))
    rig = Rig(start)
    rig.set(11, 0x06)
    rig.rtc.set_time(start)
    when = datetime(1970, 1, 1) + timedelta(seconds=start)
    for _ in range(20):
        step = rng.choice((1, 59, 3600, 86400, 86400 * 31, 86400 * 365))
        rig.go(step * S)
        when += timedelta(seconds=step)
        assert rig.hms() == (when.hour, when.minute, when.second)
        assert rig.date() == (when.year // 100, when.year % 100, when.month, when.day, when.isoweekday() % 7 + 1)


@pytest.mark.parametrize("year, leap", ((2000, True), (2024, True), (2023, False), (2100, False)))
def test_leap_years(year, leap):
    rig = Rig(calendar.timegm((year, 2, 28, 23, 59, 59)))
    rig.go(S)
    assert rig.date()[2:4] == ((2, 0x29) if leap else (3, 1))


def test_update_in_progress(rig):
    rig.go(S - 244_001)
    assert rig.get(10) == 0x26
    rig.go(1)
    assert rig.get(10) == 0xA6
    rig.go(243_999)
    assert rig.get(10) == 0xA6 and rig.get(0) == 0x56
    rig.go(1)
    assert rig.get(10) == 0x26 and rig.get(0) == 0x57
    rig.set(11, 0x82)
    rig.go(S - 1000)
    assert rig.get(10) == 0x26          # no updates, no UIP


def test_setting_the_clock(rig):
    rig.set(11, 0x82)
    rig.go(5 * S)
    assert rig.hms() == (0x12, 0x34, 0x56)
    for index, value in ((4, 0x23), (2, 0x59), (0, 0x59), (7, 0x31), (8, 0x12), (9, 0x99), (6, 7), (0x32, 0x19)):
        rig.set(index, value)
    rig.go(S // 2)
    rig.set(11, 0x02)
    assert rig.hms() == (0x23, 0x59, 0x59)
    rig.go(S // 2)
    assert rig.hms() == (0, 0, 0) and rig.date() == (0x20, 0, 1, 1, 1)


def test_nonsense_in_the_time_registers_counts_on(rig):
    for index in range(10):
        rig.set(index, 0xFF)
    rig.go(200_000 * S)
    assert rig.get(0) < 0x60
    rig.set(11, 0x00)
    rig.go(200_000 * S)
    assert 1 <= (rig.get(4) & 0x7F) <= 0x12


def test_divider(rig):
    rig.set(10, 0x70)
    rig.go(10 * S)
    assert rig.get(0) == 0x56 and rig.get(10) == 0x70
    rig.set(10, 0x26)
    rig.go(S // 2 - 1)
    assert rig.get(0) == 0x56
    rig.go(1)
    assert rig.get(0) == 0x57
    rig.go(S)
    assert rig.get(0) == 0x58


@pytest.mark.parametrize("rate", range(1, 16))
def test_periodic_rates(rig, rate):
    hertz = {1: 256, 2: 128}.get(rate, 65536 >> rate)
    rig.set(10, 0x20 | rate)
    rig.set(11, 0x42)
    ticks = []
    for _ in range(200):
        rig.go(max(0, rig.rtc.deadline - rig.ns))
        assert rig.edges[-1][1] == 1
        ticks.append(rig.edges[-1][0])
        assert rig.get(12) & ~0x10 == 0xC0
        assert rig.edges[-1][1] == 0
    first = round(ticks[0] * hertz / S)
    assert ticks == [-(-(first + i) * S // hertz) for i in range(200)]      # to the ns, without drift
    assert rig.expired == 200


def test_no_timers_while_the_line_is_up(rig):
    rig.set(11, 0x42)
    rig.go(10 * S)
    assert rig.expired == 1 and rig.edges[-1][1] == 1
    assert rig.get(12) == 0xD0          # the update-ended flag came in meanwhile
    assert rig.get(12) == 0


def test_periodic_off(rig):
    rig.set(11, 0x42)
    rig.set(10, 0x20)
    rig.get(12)
    rig.go(5 * S)
    assert rig.expired == 0 and rig.get(12) == 0x10
    rig.set(10, 0x26)
    rig.go(S // 512)
    assert rig.expired and rig.get(12) & 0x40


def test_periodic_flag_without_interrupt(rig):
    rig.go(S // 1024 + 1)
    assert rig.rtc.deadline == NEVER and rig.get(12) == 0x40
    assert rig.get(12) == 0


def test_enabling_with_the_flag_up_interrupts_at_once(rig):
    rig.go(2 * S)
    rig.set(11, 0x12)
    assert rig.edges == [(2 * S, 1)]
    rig.set(11, 0x02)
    assert rig.edges[-1] == (2 * S, 0)


def test_update_ended_interrupt(rig):
    rig.set(11, 0x12)
    rig.go(S // 4)
    assert rig.edges == []
    for second in range(1, 4):
        rig.go(S)
        assert rig.edges == [(second * S, 1)]
        assert rig.get(12) & 0xBF == 0x90
        rig.edges.clear()
    rig.set(11, 0x92)
    assert rig.get(11) == 0x82          # SET takes UIE away
    rig.go(5 * S)
    assert rig.edges == []


def test_alarm(rig):
    for index, value in ((1, 0x05), (3, 0x36), (5, 0x12)):
        rig.set(index, value)
    rig.set(11, 0x22)
    rig.go(3600 * S)
    assert rig.edges == [(69 * S, 1)]
    assert rig.get(12) & 0xA0 == 0xA0
    rig.edges.clear()
    rig.go(86400 * S)
    assert [ns // S for ns, level in rig.edges if level] == [86400 + 69]


@pytest.mark.parametrize("alarm, times", (((0xC0, 0xFF, 0xD5), [1, 2, 3, 4]), ((0x10, 0xC0, 0xC0), [14, 74, 134, 194]),
                                         ((0x00, 0x35, 0xFF), [4, 3604, 7204, 10804])))
def test_alarm_dont_care(rig, alarm, times):
    for index, value in zip((1, 3, 5), alarm):
        rig.set(index, value)
    rig.set(11, 0x22)
    seen = []
    for _ in range(4):
        while not rig.edges or not rig.edges[-1][1]:
            rig.go(S)
        seen.append(rig.edges[-1][0] // S)
        rig.get(12)
    assert seen == times


def test_alarm_flag_over_a_long_sleep(rig):
    for index, value in ((1, 0x05), (3, 0x36), (5, 0x11)):
        rig.set(index, value)
    rig.go(3600 * S)
    assert rig.get(12) & 0x20 == 0
    rig.go(86400 * 40 * S)
    assert rig.get(12) & 0x20
    rig.set(5, 0x25)                    # an hour that never comes
    rig.go(86400 * 40 * S)
    assert rig.get(12) & 0x20 == 0


def test_registers_c_and_d_are_read_only(rig):
    rig.set(12, 0xFF)
    rig.set(13, 0x00)
    assert rig.get(12) == 0 and rig.get(13) == 0x80
    rig.set(10, 0xA6)
    assert rig.get(10) == 0x26


def test_century_has_two_names(rig):
    assert rig.get(0x37) == 0x20
    rig.set(0x37, 0x19)
    assert rig.get(0x32) == 0x19


def test_ram_and_index(rig):
    for i in range(14, 128):
        rig.set(i, i ^ 0x5A)
    rig.go(S)
    assert [rig.get(i) for i in range(14, 128) if i not in (0x32, 0x37)] == [
        i ^ 0x5A for i in range(14, 128) if i not in (0x32, 0x37)]
    rig.rtc.write(0, 0x8E)
    assert rig.rtc.nmi_masked == 1 and rig.rtc.read(1) == 0x0E ^ 0x5A
    rig.rtc.write(0, 0x0E)
    assert rig.rtc.nmi_masked == 0 and rig.rtc.read(0) == 0xFF
    rig.rtc.set_cmos(0x10, 0x40)
    assert rig.get(0x10) == 0x40


def test_reset_keeps_time_and_ram(rig):
    rig.set(0x20, 0x77)
    rig.set(11, 0x7A)
    rig.go(5 * S + 5)
    rig.rtc.reset()
    assert rig.get(11) == 0x02 and rig.get(12) == 0 and rig.get(0x20) == 0x77
    assert rig.hms() == (0x12, 0x35, 0x01)


def test_peek_changes_nothing(rig):
    rig.set(11, 0x12)
    rig.rtc.write(0, 12)
    rig.ns += 2 * S                     # the timer has not come yet
    state = rig.rtc.save()
    assert rig.rtc.peek(1) == 0xD0 and rig.rtc.peek(0) == 0xFF
    assert rig.rtc.save() == state and rig.edges == []
    assert rig.rtc.read(1) == 0xD0


def test_random_traffic(rig):
    rng = random.Random(146818)
    level = 0
    for _ in range(8000):
        action = rng.randrange(6)
        if action < 3:
            rig.set(rng.choice((rng.randrange(256), rng.randrange(14))), rng.randrange(256))
        elif action == 3:
            rig.rtc.write(0, rng.randrange(14))
            peeked = rig.rtc.peek(1)
            assert rig.rtc.read(1) == peeked
        else:
            rig.go(rng.choice((1000, 10**6, 10**8, 3 * 10**9)))
        for _, new in rig.edges:
            assert new != level
            level = new
        rig.edges.clear()
        assert level == rig.rtc.irq_level
        assert rig.rtc.deadline > rig.ns
