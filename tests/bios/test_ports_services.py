"""INT 14h and INT 17h: serial and parallel ports.  INT 5: the screen on paper."""

import pytest
from bios_machines import media, ours, rig  # noqa: F401

pytestmark = pytest.mark.native


def test_serial(rig):
    sent = []
    rig.pc._uart1.sink = sent.append
    r = rig.call(0x14, eax=0x00E3, edx=1)                       # 9600 8n1
    assert r.ah & 0x60 == 0x60
    assert rig.pc._uart1.divisor == 12
    for c in b"Hi":
        r = rig.call(0x14, eax=0x0100 | c, edx=1)
        assert not r.ah & 0x80 and r.al == c
    rig.pc.run_for(0.05)
    assert bytes(sent) == b"Hi"
    rig.pc._uart1.receive(b"?")
    rig.pc.run_for(0.05)
    assert rig.call(0x14, eax=0x0300, edx=1).ah & 1
    r = rig.call(0x14, eax=0x0200, edx=1)
    assert r.ah == 0 and r.al == ord("?")


def test_serial_times_out(rig):
    rig.put(b"\1", 0x47D)
    r = rig.call(0x14, eax=0x0200, edx=1)
    assert r.ah & 0x80


def test_absent_ports_change_nothing(rig):
    for vector, port in ((0x14, 2), (0x14, 7), (0x17, 1), (0x17, 3)):
        assert rig.call(vector, eax=0x0241, edx=port).ax == 0x0241


@pytest.fixture
def printer(rig):
    """What the printer got."""
    paper = []
    rig.pc._lpt0.sink = paper.append
    rig.pc._lpt0.online = 1
    return paper


def test_printer(rig, printer):
    assert rig.call(0x17, eax=0x0100).ah & 0x29 == 0            # initialised: no error, no paper out, no time-out
    assert rig.call(0x17, eax=0x0200).ah & 0x90 == 0x90         # selected, not busy
    for c in b"ok":
        assert rig.call(0x17, eax=c).ah & 0x29 == 0
    assert bytes(printer) == b"ok"


def test_print_screen(rig, printer):
    rig.put(b"".join(bytes((c, 7)) for c in b"On paper"), 0xB8000)
    rig.call(0x05)
    lines = bytes(printer).decode("latin1").split("\r\n")
    assert lines[1].startswith("On paper") and len(lines) == 27 and all(len(line) == 80 for line in lines[1:26])
    assert rig.read(0x500, "B") == 0
