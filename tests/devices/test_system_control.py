import random

import pytest

from emu.bus.component import checked
from emu.devices.system_control import SystemControl


@pytest.fixture
def board():
    chip = checked(SystemControl)()
    chip.calls = []
    chip.time, chip.out = 0, 0
    chip.now = lambda: chip.time
    chip.out2 = lambda: chip.out
    for wire in ("gate2", "speaker", "a20"):
        setattr(chip, wire, lambda level, wire=wire: chip.calls.append((wire, level)))
    chip.reset_machine = lambda: chip.calls.append("reset")
    chip.init_cpu = lambda: chip.calls.append("init")
    chip.reset()
    return chip


def test_port_61_bits(board):
    board.write61(0, 0xFF)
    assert board.read61(0) == 0x0F
    assert board.calls == [("gate2", 1), ("speaker", 1)]
    board.write61(0, 0x01)
    board.write61(0, 0x01)
    board.write61(0, 0x00)
    assert board.calls[2:] == [("speaker", 0), ("gate2", 0)]
    board.out = 1
    assert board.read61(0) == 0x20 == board.peek61(0)


def test_refresh_toggle(board):
    seen = []
    for board.time in range(0, 300_000, 100):
        bit = board.read61(0) >> 4 & 1
        if not seen or seen[-1][1] != bit:
            seen.append((board.time, bit))
    gaps = [b[0] - a[0] for a, b in zip(seen, seen[1:])]
    assert len(seen) == 20 and all(15_000 <= gap <= 15_200 for gap in gaps)


def test_port_92(board):
    assert board.read92(0) == 0x02
    board.write92(0, 0xFE)
    assert board.read92(0) == 0x02 and board.calls == []
    board.write92(0, 0x03)
    board.write92(0, 0x03)
    assert board.calls == ["init"] and board.read92(0) == 0x03
    board.write92(0, 0x02)
    board.write92(0, 0x03)
    assert board.calls == ["init", "init"]


def test_the_last_to_move_a20_decides(board):
    board.kbc_a20(0)
    assert board.calls == [("a20", 0)] and board.read92(0) == 0
    board.write92(0, 2)
    board.kbc_a20(1)
    assert board.calls == [("a20", 0), ("a20", 1)]
    board.write92(0, 0)
    assert board.calls[2:] == [("a20", 0)]
    board.kbc_a20(1)
    assert board.calls[3:] == [("a20", 1)] and board.read92(0) == 2


def test_reset_control(board):
    board.writeCF9(0, 0x02)
    assert board.calls == [] and board.readCF9(0) == 0x02
    board.writeCF9(0, 0x06)
    board.writeCF9(0, 0x06)
    assert board.calls == ["reset"] and board.peekCF9(0) == 0x06
    board.writeCF9(0, 0x00)
    board.writeCF9(0, 0x04)
    assert board.calls == ["reset", "init"]


def test_random_traffic(board):
    rng = random.Random(61)
    a20 = 1
    for _ in range(5000):
        level = rng.randrange(2)
        board.time += rng.randrange(100_000)
        board.calls.clear()
        rng.choice((board.write61, board.write92, board.writeCF9))(rng.randrange(65536), rng.randrange(256))
        board.kbc_a20(level)
        for call in board.calls:
            if call[0] == "a20":
                assert call[1] != a20
                a20 = call[1]
        assert a20 == level == board.read92(0) >> 1
        board.read61(0), board.readCF9(0)
