"""The VMware backdoor on its own."""
import random

import pytest

from emu.bus.component import checked
from emu.devices import vmware
from emu.devices.vmware import (ABSOLUTE_COMMAND, ABSOLUTE_DATA, ABSOLUTE_STATUS, EAX, EBX, ECX, EDX, GET_HZ, GET_VERSION, MAGIC,
                                NOTHING, POINTER_ABSOLUTE, POINTER_DISABLE, POINTER_ENABLE, POINTER_OFF, POINTER_RELATIVE,
                                POINTER_VERSION, VmwareBackdoor)


class Guest:
    def __init__(self):
        self.registers = [0] * 8
        self.nudges = 0
        self.chip = chip = checked(VmwareBackdoor)()
        chip.gpr = lambda n: self.registers[n]
        chip.set_gpr = self.registers.__setitem__
        chip.nudge = self.nudged
        chip.reset()

    def nudged(self):
        self.nudges += 1

    def call(self, command, parameter=0, magic=MAGIC):
        """IN EAX, DX; gives EAX."""
        self.registers[EAX], self.registers[ECX], self.registers[EBX] = magic, command, parameter
        self.registers[EAX] = self.chip.read(0)
        return self.registers[EAX]

    def enable(self):
        """What a driver does."""
        self.call(ABSOLUTE_COMMAND, POINTER_ENABLE)
        assert self.call(ABSOLUTE_STATUS) == 1
        assert self.call(ABSOLUTE_DATA, 1) == POINTER_VERSION
        self.call(ABSOLUTE_COMMAND, POINTER_ABSOLUTE)

    def packet(self):
        first = self.call(ABSOLUTE_DATA, 4)
        return first, self.registers[EBX], self.registers[ECX], self.registers[EDX]


@pytest.fixture
def guest():
    return Guest()


def test_version_and_frequencies(guest):
    assert guest.call(GET_VERSION) == 6 and guest.registers[EBX] == MAGIC
    assert guest.call(GET_HZ) == 1_000_000_000
    assert guest.registers[EBX] == 0 and guest.registers[ECX] == 100_000_000
    assert guest.call(0x5000A) == 6                 # the upper half of ECX is something else
    assert guest.call(GET_VERSION, magic=MAGIC + 1) == NOTHING
    assert guest.call(91) == NOTHING == guest.chip.peek(0)


def test_pointer(guest):
    chip = guest.chip
    assert guest.call(ABSOLUTE_STATUS) == POINTER_OFF
    chip.pointer(1, 2, 0, 0)
    assert guest.nudges == 0 and not chip.takes_positions()
    guest.enable()
    assert chip.takes_positions() and guest.call(ABSOLUTE_STATUS) == 0
    chip.pointer(0x1234, 0xFFFF, 1 | 4, 0)
    chip.pointer(0x1234, 0xFFFF, 1 | 4, 0)          # nothing new
    chip.pointer(0x1234, 0xFFFF, 2, -1)
    assert guest.nudges == 2 and guest.call(ABSOLUTE_STATUS) == 8
    assert guest.packet() == (0x28, 0x1234, 0xFFFF, 0)
    assert guest.packet() == (0x10, 0x1234, 0xFFFF, 0xFFFFFFFF)
    chip.press(0)
    assert guest.packet() == (0, 0x1234, 0xFFFF, 0)
    chip.motion(3, -4, 1)
    assert guest.packet() == (0x10000, 3, 4, 1)
    guest.call(ABSOLUTE_COMMAND, POINTER_RELATIVE)
    assert not chip.takes_positions()
    chip.press(1)
    assert guest.packet() == (0x10020, 0, 0, 0)
    guest.call(ABSOLUTE_COMMAND, POINTER_DISABLE)
    assert guest.call(ABSOLUTE_STATUS) == POINTER_OFF


def test_positions_that_nobody_reads_are_replaced_and_clicks_are_kept(guest):
    guest.enable()
    chip = guest.chip
    for n in range(1, 100):
        chip.pointer(n, n, 0, 0)
    chip.pointer(200, 200, 1, 0)
    for n in range(100):
        chip.pointer(n, n + 1, 1, 0)
    chip.pointer(5, 5, 0, 0)
    got = [guest.packet() for _ in range(guest.call(ABSOLUTE_STATUS) // 4)]
    assert got == [(0, 1, 1, 0), (0, 99, 99, 0), (0x20, 200, 200, 0), (0x20, 99, 100, 0), (0, 5, 5, 0)]


def test_full_queue(guest):
    guest.enable()
    for n in range(1, 201):
        guest.chip.pointer(n, n, n & 1, 0)
    assert guest.call(ABSOLUTE_STATUS) == 64
    got = [guest.packet() for _ in range(16)]
    assert [x for _, x, _, _ in got] == [*range(1, 16), 200]


@pytest.mark.parametrize("words", [0, 2, 7, 0xFFFFFFFF])
def test_asking_for_too_much_switches_it_off(guest, words):
    guest.call(ABSOLUTE_COMMAND, POINTER_ENABLE)
    assert guest.call(ABSOLUTE_DATA, words) == POINTER_OFF
    assert guest.call(ABSOLUTE_STATUS) == POINTER_OFF and not guest.chip.takes_positions()


def test_six_words_go_to_six_registers(guest):
    guest.enable()
    guest.chip.pointer(1, 2, 1, 0)
    guest.chip.pointer(3, 4, 0, 0)
    assert guest.call(ABSOLUTE_DATA, 6) == 0x20
    assert guest.registers == [0x20, 2, 0, 1, 0, 0, 0, 3]


def test_nonsense(guest):
    draw = random.Random(5)
    chip = guest.chip
    commands = [getattr(vmware, name) for name in dir(vmware) if name.startswith(("ABSOLUTE", "GET"))]
    values = [0, 1, 4, 6, POINTER_ENABLE, POINTER_ABSOLUTE, POINTER_DISABLE, POINTER_RELATIVE]
    for _ in range(20000):
        what = draw.randrange(5)
        if what == 0:
            chip.pointer(draw.randrange(65536), draw.randrange(65536), draw.randrange(256), draw.randrange(-9, 9))
        elif what == 1:
            chip.motion(draw.randrange(-5000, 5000), draw.randrange(-5000, 5000), draw.randrange(-9, 9))
        elif what == 2:
            chip.press(draw.randrange(256))
        else:
            guest.call(draw.choice(commands), draw.choice(values))
        assert chip.count <= 64
