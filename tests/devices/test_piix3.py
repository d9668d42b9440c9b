"""PIIX3: PIRQ routing."""
import random

import pytest

from emu.bus.component import checked
from emu.devices.piix3 import PIRQRC, Piix3, pirq_pin


@pytest.fixture
def bridge():
    bridge = checked(Piix3)()
    bridge.lines_seen = []
    bridge.irq = lambda line, level: bridge.lines_seen.append((line, level))
    for source in range(32):
        bridge.connect(source, source)
    bridge.reset()
    for pin, line in enumerate((10, 10, 11, 11)):
        bridge.write_config(PIRQRC + pin, 1, line)
    return bridge


def test_ids(bridge):
    assert bridge.read_config(0, 4) == 0x70008086
    assert bridge.read_config(8, 4) >> 8 == 0x060100
    assert bridge.read_config(0x0E, 1) == 0x80


def test_pins_are_off_after_reset(bridge):
    bridge.reset()
    bridge.set_pirq(0, 1)
    assert bridge.lines_seen == [] and bridge.read_config(PIRQRC, 4) == 0x80808080


def test_sources_share_a_pin(bridge):
    bridge.set_pirq(0, 1)
    bridge.set_pirq(4, 1)
    assert bridge.lines_seen == [(10, 1)]
    bridge.set_pirq(0, 0)
    bridge.set_pirq(0, 0)
    assert bridge.lines_seen == [(10, 1)]
    bridge.set_pirq(4, 0)
    assert bridge.lines_seen == [(10, 1), (10, 0)]


def test_pins_share_a_line(bridge):
    bridge.set_pirq(0, 1)
    bridge.set_pirq(1, 1)
    bridge.set_pirq(0, 0)
    assert bridge.lines_seen == [(10, 1)]
    bridge.set_pirq(1, 0)
    assert bridge.lines_seen[-1] == (10, 0)


def test_rerouting_moves_a_level(bridge):
    bridge.set_pirq(2, 1)
    bridge.write_config(PIRQRC + 2, 1, 5)
    assert sorted(bridge.lines_seen) == [(5, 1), (11, 0), (11, 1)]
    bridge.write_config(PIRQRC + 2, 1, 0x85)
    assert bridge.lines_seen[-1] == (5, 0)


def test_reserved_lines_are_not_driven(bridge):
    for line in (0, 1, 2, 8, 13):
        bridge.write_config(PIRQRC, 1, line)
        bridge.set_pirq(0, 1)
        bridge.set_pirq(0, 0)
    assert bridge.lines_seen == []


def test_swizzle():
    assert [pirq_pin(slot, 0) for slot in (1, 2, 3, 4, 5)] == [0, 1, 2, 3, 0]


def test_random_traffic(bridge):
    rng = random.Random(3)
    level, seen, held = {}, [], set()

    def irq(line, up):
        assert level.get(line, 0) != up
        level[line] = up
        seen.append(line)
    bridge.irq = irq
    for _ in range(3000):
        if rng.random() < 0.3:
            bridge.write_config(PIRQRC + rng.randrange(4), 1, rng.getrandbits(8))
        else:
            source, up = rng.randrange(32), rng.getrandbits(1)
            bridge.set_pirq(source, up)
            (held.add if up else held.discard)(source)
        expected = {bridge.config[PIRQRC + (s & 3)] & 15 for s in held if not bridge.config[PIRQRC + (s & 3)] & 0x80}
        assert {line for line, up in level.items() if up} == expected - {0, 1, 2, 8, 13}
    assert len(seen) > 100
