"""Configuration mechanism #1 and the behaviour that all PCI functions share."""
import random

import pytest

from emu.bus.component import checked
from emu.devices import pci
from emu.devices.pci import Bar, PciFunction, PciHost


class Card(PciFunction):
    VENDOR, DEVICE, REVISION, CLASS = 0x1234, 0x5678, 9, 0x020000
    SUBSYSTEM = (0xAAAA, 0xBBBB)
    PIN = 1
    COMMAND_MASK = 0x0407
    BARS = {0: Bar(0x20, io=True), 1: Bar(0x1000), 2: Bar(0x1000000, prefetch=True)}
    ROM = 0x10000
    REGISTERS = ((0x40, 2, 0x1234, 0x00F0),)
    CLEAR_BITS = ((0x44, 1, 0x03),)


@pytest.fixture
def host():
    host = checked(PciHost)()
    card = checked(Card)()
    card.maps = []
    card.remap = lambda: card.maps.append(card.bars())
    card.pins = []
    card.intx = card.pins.append
    card.reset()
    card.maps.clear()
    host.reset()
    host.functions[3 << 3] = card
    return host


def put(host, register, value, size=4, devfn=3 << 3):
    host.write_address(0, 0x80000000 | devfn << 8 | register)
    getattr(host, f"write_data{8 * size}")(4 + (register & 3), value)


def get(host, register, size=4, devfn=3 << 3):
    host.write_address(0, 0x80000000 | devfn << 8 | register)
    return getattr(host, f"read_data{8 * size}")(4 + (register & 3))


def test_ports_leave_bytes_of_confadd_to_others():
    wide = [p for p in PciHost.ports if p.first < 4]
    assert [(p.first, p.count, p.width) for p in wide] == [(0, 1, 32)]


def test_header(host):
    assert get(host, 0) == 0x56781234
    assert get(host, 8) == 0x02000009
    assert get(host, 0x2C) == 0xBBBBAAAA
    assert get(host, 2, 2) == 0x5678 and get(host, 0xB, 1) == 0x02
    assert get(host, 0x3D, 1) == 1


def test_absent_functions_read_ones(host):
    assert get(host, 0, devfn=0x20) == 0xFFFFFFFF
    assert get(host, 0, 2, devfn=3 << 3 | 1) == 0xFFFF
    put(host, 4, 7, devfn=0x20)
    host.write_address(0, 0x80010000 | 3 << 11)
    assert host.read_data32(4) == 0xFFFFFFFF
    host.write_address(0, 3 << 11)
    assert host.read_data32(4) == 0xFFFFFFFF


def test_confadd_reads_back(host):
    host.write_address(0, 0xFFFFFFFF)
    assert host.read_address(0) == 0x80FFFFFC


def test_bar_sizing(host):
    for register, mask in ((0x10, 0xFFFFFFE1), (0x14, 0xFFFFF000), (0x18, 0xFF000008), (0x1C, 0), (0x30, 0xFFFF0001)):
        put(host, register, 0xFFFFFFFF)
        assert get(host, register) == mask


def test_bars_follow_command_register(host):
    card = host.functions[24]
    put(host, 0x10, 0xC001)
    put(host, 0x14, 0xFEB00000)
    put(host, 0x18, 0xFD000000)
    put(host, 0x30, 0xFEA00001)
    assert card.bars() == [] and len(card.maps) == 4
    put(host, 4, 1, 2)
    assert card.maps[-1] == [(0, True, 0xC000, 0x20)]
    put(host, 4, 3, 2)
    assert card.maps[-1] == [(0, True, 0xC000, 0x20), (1, False, 0xFEB00000, 0x1000), (2, False, 0xFD000000, 0x1000000),
                             (6, False, 0xFEA00000, 0x10000)]
    put(host, 0x31, 0x00, 1)
    put(host, 0x30, 0xFEA00000)
    assert len(card.maps[-1]) == 3
    calls = len(card.maps)
    put(host, 0x40, 0xFF, 1)
    assert len(card.maps) == calls


def test_bars_that_are_not_set_up_decode_nothing(host):
    card = host.functions[24]
    put(host, 4, 3, 2)
    assert card.bars() == []
    put(host, 0x10, 0xFFFFFFFF)
    put(host, 0x14, 0xFFFFFFFF)
    assert card.bars() == []


def test_masks(host):
    put(host, 0, 0)
    assert get(host, 0) == 0x56781234
    put(host, 0x40, 0xFFFF, 2)
    assert get(host, 0x40, 2) == 0x12F4
    put(host, 4, 0xFFFF, 2)
    assert get(host, 4, 2) == 0x0407
    host.functions[24].put(0x44, 1, 0x03)
    put(host, 0x44, 0x01, 1)
    assert get(host, 0x44, 1) == 0x02


def test_undefined_space_reads_zero(host):
    put(host, 0x80, 0xFFFFFFFF)
    assert get(host, 0x80) == 0


def test_intx(host):
    card = host.functions[24]
    card.set_intx(1)
    card.set_intx(1)
    assert card.pins == [1] and get(host, 6, 2) & pci.INTX_STATUS
    put(host, 4, pci.INTX_DISABLE, 2)
    assert card.pins == [1, 0] and get(host, 6, 2) & pci.INTX_STATUS
    put(host, 4, 0, 2)
    assert card.pins == [1, 0, 1]
    card.set_intx(0)
    assert card.pins == [1, 0, 1, 0] and not get(host, 6, 2) & pci.INTX_STATUS


def test_config_written_hook(host):
    seen = []
    host.functions[24].config_written = lambda offset, size: seen.append((offset, size))
    put(host, 0x41, 5, 1)
    put(host, 0x44, 5, 4)
    assert seen == [(0x41, 1), (0x44, 4)]


def test_random_traffic(host):
    rng = random.Random(1)
    for _ in range(3000):
        size = rng.choice((1, 2, 4))
        register = rng.randrange(0, 256, size)
        put(host, register, rng.getrandbits(8 * size), size)
        assert get(host, register, size) >> 8 * size == 0
        host.functions[24].set_intx(rng.getrandbits(1))
    assert get(host, 0) == 0x56781234
    state = host.functions[24].save()
    fresh = Card()
    fresh.restore(state)
    assert fresh.save() == state
