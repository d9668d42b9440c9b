"""fw_cfg as firmware uses it."""
import struct

import pytest

from emu.bus.component import checked
from emu.devices.fw_cfg import FwCfg


class Memory:
    def __init__(self):
        self.data = bytearray(0x4000)

    def read(self, address, length):
        return bytes(self.data[address:address + length])

    def write(self, address, data):
        self.data[address:address + len(data)] = data


@pytest.fixture
def cfg():
    made = checked(FwCfg)()
    made.memory = Memory()
    made.reset()
    return made


def read(cfg, key, length):
    cfg.select(0, key)
    return bytes(cfg.read_data(1) for _ in range(length))


def dma(cfg, control, length, address, descriptor=0x100):
    cfg.memory.write(descriptor, struct.pack(">IIQ", control, length, address))
    cfg.write_dma_high(4, 0)
    cfg.write_dma_low(8, int.from_bytes(struct.pack(">I", descriptor), "little"))
    return struct.unpack(">I", cfg.memory.read(descriptor, 4))[0]


def test_signature_and_id(cfg):
    assert read(cfg, 0, 6) == b"QEMU\0\0"
    assert read(cfg, 1, 4) == b"\3\0\0\0"
    assert struct.pack("<II", cfg.read_dma(4), cfg.read_dma(8)) == b"QEMU CFG"
    assert read(cfg, 0x7777, 2) == b"\0\0"


def test_numbers(cfg):
    cfg.add_number(5, 1)
    cfg.add_number(3, 0x12345678, 8)
    assert read(cfg, 5, 2) == b"\1\0" and read(cfg, 3, 8) == b"\x78\x56\x34\x12\0\0\0\0"


def test_directory(cfg):
    assert read(cfg, 0x19, 4) == bytes(4)
    cfg.add_file("etc/b", b"two")
    cfg.add_file("etc/a", b"one!")
    cfg.add_file("etc/b", b"twice")
    assert struct.unpack(">I", read(cfg, 0x19, 4))[0] == 2
    found = {}
    for _ in range(2):
        size, key, _, name = struct.unpack(">IHH56s", bytes(cfg.read_data(1) for _ in range(64)))
        found[name.rstrip(b"\0")] = (size, key)
    assert list(found) == [b"etc/a", b"etc/b"]
    size, key = found[b"etc/b"]
    assert read(cfg, key, size) == b"twice"
    with pytest.raises(ValueError):
        cfg.add_file("x" * 56, b"")


def test_dma_read_goes_on_where_it_stopped(cfg):
    key = cfg.add_file("etc/x", bytes(range(20)))
    assert dma(cfg, key << 16 | 8 | 2, 8, 0x1000) == 0
    assert dma(cfg, 4, 2, 0) == 0               # skip
    cfg.memory.write(0x2000, b"\xee" * 16)
    assert dma(cfg, 2, 14, 0x2000) == 0
    assert cfg.memory.read(0x1000, 8) == bytes(range(8))
    assert cfg.memory.read(0x2000, 16) == bytes(range(10, 20)) + bytes(4) + b"\xee\xee"
    assert cfg.peek(1) == 0


def test_dma_write(cfg):
    fixed, free = cfg.add_file("etc/fixed", b"abcd"), cfg.add_file("etc/free", b"abcd", writable=True)
    cfg.memory.write(0x1000, b"WXYZ")
    assert dma(cfg, fixed << 16 | 0x18, 4, 0x1000) == 1
    assert dma(cfg, free << 16 | 0x18, 2, 0x1000) == 0
    assert dma(cfg, 0x10, 3, 0x1000) == 1       # beyond the end
    assert cfg.content("etc/fixed") == b"abcd" and cfg.content("etc/free") == b"WXcd"
