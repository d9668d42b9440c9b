"""Parallel port and the handshake with the printer."""
from emu.bus.component import checked
from emu.devices.parallel import PRINT_TIME, Parallel


def make(connected=True):
    port, printed, irqs = checked(Parallel)(), [], []
    port.now = lambda: 5000
    port.irq = irqs.append
    port.sink = printed.append if connected else None
    port.reset()
    return port, printed, irqs


def test_registers_read_back():
    port, _, _ = make()
    port.write_data(0, 0xAA)
    assert port.read_data(0) == 0xAA
    port.write_control(2, 0xFE)
    assert port.read_control(2) == 0xFE
    assert port.read_data(0) == 0xFF            # bit 5: the lines are inputs
    port.write_control(2, 0x0C)
    assert port.read_control(2) == 0xCC and port.read_data(0) == 0xAA
    assert [port.peek(i) for i in range(3)] == [0xAA, 0xDF, 0xCC]


def test_printing_by_irq():
    port, printed, irqs = make()
    port.write_control(2, 0x1C)
    for value in b"ok":
        port.write_data(0, value)
        assert port.read_status(1) & 0x80
        port.write_control(2, 0x1D)
        port.write_control(2, 0x1C)
        assert not port.read_status(1) & 0x80
        assert port.done_at == 5000 + PRINT_TIME
        port.done()
    assert bytes(printed) == b"ok" and irqs == [1, 0, 1]


def test_strobe_counts_by_its_edge_and_only_when_ready():
    port, printed, irqs = make()
    port.write_control(2, 0x0D)
    port.write_control(2, 0x0D)
    port.write_control(2, 0x0C)
    port.write_control(2, 0x0D)                 # still busy
    port.done()
    assert len(printed) == 1 and irqs == []


def test_no_printer():
    port, printed, _ = make(False)
    port.write_control(2, 0x0D)
    assert port.read_status(1) & 0x80 == 0 and printed == [] and port.busy == 0
