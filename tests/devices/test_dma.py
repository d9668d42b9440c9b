import random

import pytest

from emu.bus.component import checked
from emu.devices.dma import Dma, DmaPages


class Memory:
    def __init__(self, size=1 << 24):
        self.bytes = bytearray(size)

    def read(self, address, n):
        assert address + n <= len(self.bytes)
        return bytes(self.bytes[address:address + n])

    def write(self, address, data):
        assert address + len(data) <= len(self.bytes)
        self.bytes[address:address + len(data)] = data


class Rig:
    def __init__(self, controller):
        self.pages = checked(DmaPages)()
        self.dma = checked(Dma)()
        self.dma.shift = controller
        self.dma.memory = self.memory = Memory()
        self.dma.page = lambda channel: self.pages.page(controller, channel)
        self.pages.reset()
        self.dma.reset()

    def out(self, register, value):
        self.dma.write(register << self.dma.shift, value)

    def inp(self, register):
        return self.dma.read(register << self.dma.shift)

    def word(self, register):
        low = self.inp(register)
        return self.inp(register) << 8 | low

    def program(self, channel, mode, page, address, count):
        """Set a channel up as drivers do; ``count`` is the register's value."""
        self.out(12, 0)
        self.out(11, mode | channel)
        for register, value in ((channel * 2, address), (channel * 2 + 1, count)):
            self.out(register, value & 0xFF)
            self.out(register, value >> 8)
        port = (0x7, 0x3, 0x1, 0x2, 0xF, 0xB, 0x9, 0xA)[self.dma.shift * 4 + channel]
        self.pages.write(port, page)
        self.out(10, channel)


@pytest.fixture
def rig():
    return Rig(0)


@pytest.fixture
def wide():
    return Rig(1)


def test_floppy_read(rig):
    rig.program(2, 0x44, 0x12, 0x3400, 511)
    data = bytes(range(256)) * 2
    assert rig.dma.transfer_to_memory(2, data[:200]) == 200
    assert not rig.dma.terminal_count(2)
    assert rig.word(4) == 0x34C8 and rig.word(5) == 311
    assert rig.dma.transfer_to_memory(2, data[200:] + b"more") == 312
    assert rig.dma.terminal_count(2)
    assert rig.memory.read(0x123400, 513) == data + b"\0"
    assert rig.inp(8) == 0x04 and rig.inp(8) == 0
    assert rig.dma.terminal_count(2)        # known to the device, whatever the guest reads
    assert rig.word(5) == 0xFFFF


def test_masked_after_terminal_count(rig):
    rig.program(1, 0x44, 0, 0x1000, 0)
    assert rig.dma.transfer_to_memory(1, b"ab") == 1
    assert rig.dma.transfer_to_memory(1, b"c") == 0
    assert not rig.dma.ready(1) and rig.inp(15) == 0xFF


def test_floppy_write(rig):
    rig.memory.write(0x20010, b"0123456789")
    rig.program(2, 0x48, 2, 0x0010, 7)
    assert rig.dma.transfer_from_memory(2, 3) == b"012"
    assert rig.dma.transfer_from_memory(2, 100) == b"34567"
    assert rig.dma.terminal_count(2)
    assert rig.dma.transfer_from_memory(2, 100) == b""


def test_verify_counts_but_writes_nothing(rig):
    rig.program(2, 0x40, 0, 0x500, 9)
    assert rig.dma.transfer_to_memory(2, b"x" * 20) == 10
    assert rig.dma.terminal_count(2) and rig.memory.read(0x500, 10) == bytes(10)


@pytest.mark.parametrize("mode", (0x04, 0x44, 0x84))
def test_demand_single_and_block_move_the_same(rig, mode):
    rig.program(3, mode, 0, 0x800, 4)
    assert rig.dma.transfer_to_memory(3, b"hello world") == 5
    assert rig.memory.read(0x800, 6) == b"hello\0"


def test_refusals(rig):
    rig.program(2, 0x44, 0, 0, 99)
    rig.out(10, 0x06)
    assert rig.dma.transfer_to_memory(2, b"x") == 0
    rig.out(14, 0)
    assert rig.dma.ready(2)
    rig.out(8, 0x04)
    assert rig.dma.transfer_to_memory(2, b"x") == 0
    rig.out(8, 0)
    rig.out(11, 0xC2)
    assert rig.dma.transfer_to_memory(2, b"x") == 0
    rig.out(11, 0x46)
    assert rig.dma.transfer_to_memory(2, b"x") == 1


def test_auto_initialise(rig):
    rig.program(1, 0x54, 1, 0x2000, 3)
    assert rig.dma.transfer_to_memory(1, b"abcdef") == 4
    assert rig.dma.terminal_count(1) and rig.dma.ready(1)
    assert rig.word(2) == 0x2000 and rig.word(3) == 3
    assert rig.dma.transfer_to_memory(1, b"ef") == 2
    assert not rig.dma.terminal_count(1)
    assert rig.memory.read(0x12000, 4) == b"efcd"


def test_decrement(rig):
    rig.program(1, 0x64, 0, 0x1003, 3)
    assert rig.dma.transfer_to_memory(1, b"abc") == 3
    assert rig.word(2) == 0x1000
    assert rig.dma.transfer_to_memory(1, b"d") == 1
    assert rig.memory.read(0x1000, 4) == b"dcba"
    rig.program(1, 0x68, 0, 0x1003, 3)
    assert rig.dma.transfer_from_memory(1, 4) == b"abcd"


def test_64k_page_wrap(rig):
    rig.program(2, 0x44, 0x03, 0xFFFE, 3)
    assert rig.dma.transfer_to_memory(2, b"abcd") == 4
    assert rig.memory.read(0x3FFFE, 2) == b"ab"
    assert rig.memory.read(0x30000, 2) == b"cd"
    assert rig.memory.read(0x40000, 2) == bytes(2)
    rig.program(2, 0x64, 0x03, 0x0001, 3)
    assert rig.dma.transfer_to_memory(2, b"wxyz") == 4
    assert rig.memory.read(0x30000, 2) == b"xw" and rig.memory.read(0x3FFFE, 2) == b"zy"


def test_count_of_65536(rig):
    rig.program(2, 0x44, 0x05, 0x8000, 0xFFFF)
    data = random.Random(1).randbytes(70000)
    assert rig.dma.transfer_to_memory(2, data) == 65536
    assert rig.memory.read(0x58000, 0x8000) == data[:0x8000]
    assert rig.memory.read(0x50000, 0x8000) == data[0x8000:0x10000]


def test_word_channels(wide):
    wide.program(1, 0x44, 0x13, 0x8001, 3)          # the lowest page bit is not used
    assert wide.dma.transfer_to_memory(1, b"abcdefghij") == 8
    assert wide.memory.read(0x130002, 10) == b"abcdefgh\0\0"
    assert wide.dma.terminal_count(1)
    wide.program(1, 0x64, 0x12, 0x0001, 3)
    assert wide.dma.transfer_to_memory(1, b"abcdefgh") == 8
    assert wide.memory.read(0x120000, 4) == b"cdab" and wide.memory.read(0x13FFFC, 4) == b"ghef"
    wide.program(1, 0x48, 0x12, 0x0000, 9)
    assert wide.dma.transfer_from_memory(1, 5) == b"cdab"      # whole words only


def test_flip_flop_and_registers(rig):
    rig.out(0, 0x34)
    assert rig.dma.flip_flop == 1
    rig.out(12, 0)
    rig.out(0, 0x78)
    rig.out(0, 0x56)
    assert rig.dma.peek(0) == 0x78 and rig.word(0) == 0x5678
    rig.out(0, 0x11)                                 # half a write shows at once
    rig.out(12, 0)
    assert rig.word(0) == 0x5611
    for channel in range(4):
        rig.program(channel, 0x40 + channel * 4 % 12, 0, 0x1111 * channel, 0x2222 * channel)
    for channel in range(4):
        assert rig.word(channel * 2) == 0x1111 * channel
        assert rig.word(channel * 2 + 1) == 0x2222 * channel


def test_masks(rig):
    assert rig.inp(15) == 0xFF
    rig.out(15, 0x05)
    assert rig.inp(15) == 0xF5
    rig.out(10, 0x01)
    rig.out(10, 0x00)
    assert rig.inp(15) == 0xF4
    rig.out(10, 0x07)
    assert rig.inp(15) == 0xFC
    rig.out(14, 0)
    assert rig.inp(15) == 0xF0


def test_requests_and_status(rig):
    rig.out(9, 0x06)
    rig.dma.set_dreq(0, 1)
    assert rig.inp(8) == 0x50
    rig.out(9, 0x02)
    rig.dma.set_dreq(0, 0)
    assert rig.inp(8) == 0
    rig.out(9, 0x05)
    rig.program(1, 0x44, 0, 0, 0)
    rig.dma.transfer_to_memory(1, b"x")
    assert rig.dma.peek(8) == 0x02 and rig.inp(8) == 0x02     # TC ends the software request


def test_master_clear(rig):
    rig.program(1, 0x44, 0, 0, 0)
    rig.dma.transfer_to_memory(1, b"x")
    rig.out(8, 0xFF)
    rig.out(0, 1)
    rig.out(13, 0)
    assert (rig.dma.command, rig.dma.flip_flop, rig.inp(8), rig.inp(15)) == (0, 0, 0, 0xFF)
    assert rig.inp(13) == 0


def test_page_registers(rig):
    for i in range(16):
        rig.pages.write(i, 0xA0 + i)
    assert [rig.pages.read(i) for i in range(16)] == [0xA0 + i for i in range(16)]
    assert [rig.pages.page(0, c) for c in range(4)] == [0xA7, 0xA3, 0xA1, 0xA2]
    assert [rig.pages.page(1, c) for c in range(4)] == [0xAF, 0xAB, 0xA9, 0xAA]
    assert rig.pages.peek(0) == 0xA0


@pytest.mark.parametrize("controller", (0, 1))
def test_random_traffic(controller):
    rng = random.Random(8237 + controller)
    rig = Rig(controller)
    for _ in range(4000):
        action = rng.randrange(8)
        channel = rng.randrange(4)
        if action < 4:
            rig.dma.write(rng.randrange(65536), rng.randrange(256))
        elif action == 4:
            rig.pages.write(rng.randrange(65536), rng.randrange(256))
        elif action == 5:
            offset = rng.randrange(32)
            assert rig.dma.peek(offset) == rig.dma.read(offset)
        elif action == 6:
            ready = rig.dma.ready(channel)
            size = rng.randrange(3000) & ~1
            taken = rig.dma.transfer_to_memory(channel, bytes(size))
            assert taken <= size and (ready or taken == 0)
            assert taken == size or not ready or rig.dma.terminal_count(channel)
        else:
            assert len(rig.dma.transfer_from_memory(channel, 500)) <= 500
    state = rig.dma.save()
    other = Dma()
    other.restore(state)
    assert other.save() == state
