import random

import pytest

from emu.bus.component import checked
from emu.devices.pic import Pic


class Pair:
    """Two controllers joined as in a PC, and the INT line that the processor sees."""

    def __init__(self):
        self.master, self.slave = checked(Pic)(), checked(Pic)()
        self.levels = []
        self.master.slaves, self.master.elcr_writable = 0x04, 0xF8
        self.slave.elcr_writable = 0xDE
        self.master.intr = self.levels.append
        self.slave.intr = lambda level: self.master.set_irq(2, level)
        self.master.slave_acknowledge = self.slave.acknowledge
        self.master.reset()
        self.slave.reset()

    def initialise(self, icw4=1):
        for chip, base, icw3 in ((self.master, 0x08, 4), (self.slave, 0x70, 2)):
            chip.write(0, 0x11)
            chip.write(1, base)
            chip.write(1, icw3)
            chip.write(1, icw4)
        return self

    def irq(self, n, level):
        (self.slave if n >= 8 else self.master).set_irq(n & 7, level)

    def edge(self, n):
        self.irq(n, 0)
        self.irq(n, 1)

    @property
    def intr(self):
        return self.levels[-1] if self.levels else 0

    def isr(self, chip):
        chip.write(0, 0x0B)
        return chip.read(0)

    def irr(self, chip):
        chip.write(0, 0x0A)
        return chip.read(0)


@pytest.fixture
def pair():
    return Pair().initialise()


def test_interrupt_acknowledge_and_eoi(pair):
    pair.irq(3, 1)
    assert pair.intr == 1 and pair.irr(pair.master) == 0x08
    assert pair.master.acknowledge() == 0x0B
    assert pair.intr == 0 and pair.isr(pair.master) == 0x08 and pair.irr(pair.master) == 0
    pair.master.write(0, 0x20)
    assert pair.isr(pair.master) == 0
    assert pair.intr == 0       # the line is still up, but there was no new edge


def test_int_changes_only(pair):
    pair.irq(1, 1)
    pair.irq(4, 1)
    pair.irq(1, 1)
    assert pair.levels == [1]


def test_initialisation_sequences():
    pic = checked(Pic)()
    pic.reset()
    pic.write(0, 0x13)                  # single, with ICW4
    pic.write(1, 0x27)
    pic.write(1, 0x02)                  # AEOI
    pic.write(1, 0xA5)
    assert (pic.icw2, pic.icw4, pic.imr) == (0x20, 0x02, 0xA5)
    pic.write(0, 0x12)                  # single, no ICW4: its functions are off
    assert pic.read(1) == 0
    pic.write(1, 0x40)
    pic.write(1, 0x5A)
    assert (pic.icw2, pic.icw4, pic.read(1)) == (0x40, 0, 0x5A)
    pic.write(0, 0x10)                  # cascaded, no ICW4
    pic.write(1, 0x48)
    pic.write(1, 0x07)
    pic.write(1, 0x11)
    assert (pic.icw2, pic.icw3, pic.imr) == (0x48, 7, 0x11)


def test_no_interrupt_until_initialised():
    pair = Pair()
    pair.master.write(0, 0x11)
    pair.irq(1, 1)
    for value in (8, 4):
        pair.master.write(1, value)
        assert pair.intr == 0
    pair.master.write(1, 1)
    assert pair.intr == 1


def test_icw1_forgets_edges(pair):
    pair.irq(5, 1)
    pair.initialise()
    assert pair.intr == 0 and pair.irr(pair.master) == 0
    pair.irq(5, 0)
    pair.irq(5, 1)
    assert pair.intr == 1


def test_fully_nested_priorities(pair):
    pair.irq(4, 1)
    assert pair.master.acknowledge() == 0x0C
    pair.irq(6, 1)
    assert pair.intr == 0
    pair.irq(1, 1)
    assert pair.intr == 1
    assert pair.master.acknowledge() == 0x09
    assert pair.isr(pair.master) == 0x12
    pair.master.write(0, 0x20)
    assert pair.isr(pair.master) == 0x10 and pair.intr == 0
    pair.master.write(0, 0x64)          # specific EOI of 4
    assert pair.intr == 1
    assert pair.master.acknowledge() == 0x0E


def test_mask_and_unmask(pair):
    pair.master.write(1, 0x20)
    pair.edge(5)
    assert pair.intr == 0 and pair.irr(pair.master) == 0x20
    pair.master.write(1, 0x00)          # unmasking looks at waiting requests again (Windows 95's IDE driver)
    assert pair.intr == 1
    pair.master.write(1, 0x20)
    assert pair.intr == 0


def test_spurious_interrupt(pair):
    pair.edge(5)
    pair.master.write(1, 0x20)
    assert pair.master.acknowledge() == 0x0F
    assert pair.isr(pair.master) == 0


def test_a_request_that_falls_before_its_acknowledge_is_none(pair):
    """Data sheet, "Edge and level triggered modes": a default IR7 then."""
    pair.edge(12)
    pair.irq(12, 0)
    assert pair.irr(pair.slave) == 0 and pair.intr == 0
    pair.irq(3, 1)
    pair.irq(3, 0)
    assert pair.intr == 0 and pair.master.acknowledge() == 0x0F
    assert pair.isr(pair.master) == 0


def test_spurious_slave_interrupt(pair):
    pair.edge(10)
    pair.slave.imr = 0x04               # gone between INT and INTA, with no time to lower the line
    assert pair.master.acknowledge() == 0x77
    assert pair.isr(pair.slave) == 0 and pair.isr(pair.master) == 0x04


def test_cascade(pair):
    pair.edge(14)
    assert pair.intr == 1 and pair.irr(pair.master) == 0x04
    assert pair.master.acknowledge() == 0x76
    assert pair.isr(pair.slave) == 0x40 and pair.isr(pair.master) == 0x04
    pair.edge(8)                       # more urgent, but the master still serves its line 2
    assert pair.intr == 0
    pair.slave.write(0, 0x20)
    pair.master.write(0, 0x20)
    assert pair.intr == 1
    assert pair.master.acknowledge() == 0x70


def test_two_slave_interrupts_in_a_row(pair):
    pair.edge(9)
    pair.edge(12)
    vectors = []
    while pair.intr:
        vectors.append(pair.master.acknowledge())
        pair.slave.write(0, 0x20)
        pair.master.write(0, 0x20)
    assert vectors == [0x71, 0x74]


def test_special_fully_nested_mode():
    pair = Pair().initialise(icw4=0x11)
    pair.edge(12)
    assert pair.master.acknowledge() == 0x74
    pair.edge(15)
    assert pair.intr == 0
    pair.edge(9)
    assert pair.intr == 1
    assert pair.master.acknowledge() == 0x71
    pair.edge(3)                       # less urgent than line 2 of the master
    assert pair.intr == 0


def test_automatic_eoi_and_rotation():
    pair = Pair().initialise(icw4=3)
    pair.edge(3)
    assert pair.master.acknowledge() == 0x0B
    assert pair.isr(pair.master) == 0
    pair.master.write(0, 0x80)          # rotate in AEOI mode
    pair.edge(3)
    pair.edge(3)
    assert pair.master.acknowledge() == 0x0B
    pair.edge(3)
    pair.edge(4)
    assert pair.master.acknowledge() == 0x0C    # 3 is last now
    pair.master.write(0, 0x00)
    pair.edge(4)
    assert pair.master.acknowledge() == 0x0B    # order 5 6 7 0 1 2 3 4, as left by the last rotation
    assert pair.master.lowest == 4
    assert pair.master.acknowledge() == 0x0C


def test_automatic_eoi_of_a_slave():
    pair = Pair().initialise(icw4=3)
    pair.edge(9)
    pair.edge(10)
    assert pair.master.acknowledge() == 0x71
    assert pair.intr == 1
    assert pair.master.acknowledge() == 0x72
    assert pair.intr == 0


def test_rotation_commands(pair):
    pair.master.write(0, 0xC3)          # set priority: 3 is last
    pair.edge(0)
    pair.edge(4)
    assert pair.master.acknowledge() == 0x0C
    pair.master.write(0, 0xA0)          # rotate on non-specific EOI: 4 is last
    assert pair.master.lowest == 4
    assert pair.master.acknowledge() == 0x08
    pair.master.write(0, 0xE0)          # rotate on specific EOI of 0
    assert pair.master.lowest == 0 and pair.isr(pair.master) == 0


def test_special_mask_mode(pair):
    pair.edge(2 + 1)
    pair.master.acknowledge()
    pair.master.write(1, 0x08)
    pair.edge(6)
    assert pair.intr == 0
    pair.master.write(0, 0x68)          # special mask: the masked line in service does not block
    assert pair.intr == 1
    assert pair.master.acknowledge() == 0x0E
    pair.master.write(0, 0x20)          # non-specific EOI passes over the masked line
    assert pair.isr(pair.master) == 0x08
    assert pair.master.special_mask == 1    # OCW3 without ESMM leaves it
    pair.master.write(0, 0x48)
    pair.edge(7)
    assert pair.intr == 0
    assert pair.master.special_mask == 0


def test_poll(pair):
    pair.master.write(0, 0x0C)
    assert pair.master.read(0) == 0
    pair.edge(5)
    pair.master.write(0, 0x0C)
    assert pair.master.peek(0) == 0x85 and pair.master.peek(0) == 0x85
    assert pair.master.read(1) == 0x85
    assert pair.intr == 0 and pair.isr(pair.master) == 0x20
    assert pair.master.read(1) == 0


def test_elcr(pair):
    pair.master.write_elcr(0, 0xFF)
    pair.slave.write_elcr(0, 0xFF)
    assert (pair.master.read_elcr(0), pair.slave.read_elcr(0)) == (0xF8, 0xDE)


def test_level_triggered(pair):
    pair.slave.write_elcr(0, 0x08)
    pair.irq(11, 1)
    assert pair.master.acknowledge() == 0x73
    pair.slave.write(0, 0x20)
    pair.master.write(0, 0x20)
    assert pair.intr == 1               # still asked for
    assert pair.master.acknowledge() == 0x73
    pair.irq(11, 0)
    pair.slave.write(0, 0x20)
    pair.master.write(0, 0x20)
    assert pair.intr == 0
    pair.irq(11, 1)
    pair.irq(11, 0)                     # a level that goes away leaves nothing
    assert pair.irr(pair.slave) == 0
    assert pair.master.acknowledge() in (0x0F, 0x77)


def test_read_register_choice_survives_other_commands(pair):
    pair.edge(1)
    pair.master.acknowledge()
    pair.master.write(0, 0x0B)
    pair.master.write(0, 0x08)          # OCW3 with RR = 0
    assert pair.master.read(0) == 0x02
    assert pair.master.peek(0) == 0x02 and pair.master.peek(1) == 0


def test_save_and_restore(pair):
    pair.edge(4)
    pair.master.acknowledge()
    pair.edge(1)
    state = pair.master.save()
    other = Pic()
    other.restore(state)
    assert other.acknowledge() == 0x09 and other.isr == 0x12


def test_random_traffic():
    rng = random.Random(8259)
    pair = Pair()
    for _ in range(20000):
        chip = rng.choice((pair.master, pair.slave))
        action = rng.randrange(6)
        if action == 0:
            chip.write(rng.randrange(0x10000), rng.randrange(256))
        elif action == 1:
            offset = rng.randrange(2)
            assert chip.peek(offset) == chip.read(offset)
        elif action == 2 and chip is pair.master:
            chip.acknowledge()
        elif action == 3:
            chip.write_elcr(0, rng.randrange(256))
        else:
            n = rng.randrange(16)
            if n != 2:
                pair.irq(n, rng.randrange(2))
        assert pair.intr == pair.master.intr_level
        assert pair.slave.intr_level == pair.master.lines >> 2 & 1
        for each in (pair.master, pair.slave):
            assert each.intr_level == (each.expect == 0 and each.pending() != 8)
    assert all(a != b for a, b in zip(pair.levels, pair.levels[1:]))
