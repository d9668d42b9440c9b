"""NE2000: what drivers do with it, its ring, filters, loopback, and random traffic."""
import random
import zlib

import pytest

from emu.bus.component import checked
from emu.bus.types import NEVER
from emu.devices.ne2000 import Ne2000, Ne2000Pci, multicast_bit

MAC = bytes.fromhex("525400123456")
PRX, PTX, OVW, CNT, RDC, RST = 1, 2, 0x10, 0x20, 0x40, 0x80
START, STOP = 0x46, 0x80


class Cable:
    """A link that keeps what is sent and gives what is put on it."""

    def __init__(self):
        self.sent, self.coming = [], []

    def send(self, frame):
        self.sent.append(bytes(frame))

    def waiting(self):
        return bool(self.coming)

    def next_frame(self):
        return self.coming.pop(0)


class Rig:
    def __init__(self, isa_line=9):
        self.time = 0
        self.levels = []
        self.nic = checked(Ne2000)()
        self.nic.isa_line = isa_line
        self.nic.address = MAC
        self.nic.now = lambda: self.time
        self.nic.irq = lambda line, level: self.levels.append((line, level))
        self.nic.intx = lambda level: self.levels.append(level)
        self.nic.link = self.cable = Cable()
        self.nic.reset()

    def out(self, register, *values):
        for n, value in enumerate(values):
            self.nic.write(register + n, value)

    def inb(self, register, page=0):
        self.out(0, self.nic.cr & 0x3B | page << 6)
        value = self.nic.read(register)
        self.out(0, self.nic.cr & 0x3B)
        return value

    def settle(self, ns=1_000_000):
        self.time += ns
        if self.time >= self.nic.sent:
            self.nic.frame_sent()
        if self.time >= self.nic.arrival:
            self.nic.arrive()

    def remote(self, address, count, command):
        self.out(8, address & 0xFF, address >> 8, count & 0xFF, count >> 8)
        self.out(0, command)

    def peek_memory(self, address, count):
        """Remote read in words."""
        self.remote(address, count, 0x0A)
        out = b"".join(self.nic.read_data16(0).to_bytes(2, "little") for _ in range(count // 2))
        assert self.inb(7) & RDC
        self.out(7, RDC)
        return out

    def start(self, rcr=4, boundary=START, current=START + 1, dcr=0x49):
        self.out(0, 0x21)
        self.out(0x0E, dcr)
        self.out(0x0C, rcr, 2)
        self.out(1, START, STOP, boundary)
        self.out(7, 0xFF)
        self.out(0xF, 0x7F)
        self.out(0, 0x61)
        self.out(1, *MAC, current, *bytes(8))
        self.out(0, 0x22)
        self.out(0xD, 0)

    def transmit(self, frame, page=0x40):
        self.remote(page << 8, len(frame), 0x12)
        for n in range(0, len(frame), 2):
            self.nic.write_data16(0, int.from_bytes(frame[n:n + 2], "little"))
        self.out(7, RDC)
        self.out(4, page, len(frame) & 0xFF, len(frame) >> 8)
        self.out(0, 0x26)
        assert self.inb(0) & 4
        self.settle()


@pytest.fixture
def rig():
    return Rig()


def frame(size=60, to=MAC, fill=None):
    body = bytes(range(256)) * 6 if fill is None else bytes((fill,)) * 2048
    return (to + bytes(6) + b"\x08\x00" + body)[:size]


def test_probe_as_linux_does(rig):
    """ne.c: reset, PROM in bytes that come twice, both marks; the page bits are kept apart from the counters."""
    saved = rig.nic.read(0)
    rig.out(0, 0x61)
    rig.out(0xD, 0xFF)
    rig.out(0, 0x20)
    rig.nic.read(0xD)
    assert rig.nic.read(0xD) == 0 and saved == 0x21
    rig.nic.write_reset(0, rig.nic.read_reset(0))
    assert rig.nic.read(7) & RST
    rig.out(7, 0xFF)
    rig.out(0, 0x21)
    rig.out(0xE, 0x48)
    rig.out(0xC, 0x20, 2)
    rig.remote(0, 32, 0x0A)
    prom = bytes(rig.nic.read_data8(0) for _ in range(32))
    assert prom[0::2] == prom[1::2] and prom[0::2] == MAC + bytes(8) + b"WW"
    assert rig.nic.read(7) & RDC and [rig.nic.read(n) for n in (8, 9)] == [32, 0]


def test_remote_dma_of_nothing(rig):
    rig.out(0, 0x22)
    rig.out(7, 0xFF)
    rig.remote(0x4000, 0, 0x12)
    assert rig.nic.read(7) == RDC


def test_words_bytes_and_double_words(rig):
    rig.start()
    rig.remote(0x4000, 8, 0x12)
    rig.nic.write_data32(0, 0x44332211)
    rig.nic.write_data16(0, 0x6655)
    assert not rig.nic.isr & RDC
    rig.nic.write_data8(0, 0x77)
    assert rig.nic.isr & RDC and rig.levels == [(9, 1)]
    rig.out(7, RDC)
    assert rig.levels == [(9, 1), (9, 0)]
    assert rig.peek_memory(0x4000, 8) == bytes.fromhex("1122334455667700")
    rig.out(0xE, 0x48)
    rig.remote(0x4001, 5, 0x0A)
    assert rig.nic.read_data8(0) == 0x22 and rig.nic.read_data32(0) == 0x66554433
    assert rig.nic.read(7) & RDC


def test_remote_dma_outside_the_memory(rig):
    rig.start()
    rig.remote(0xC000, 4, 0x12)
    rig.nic.write_data32(0, 0)
    rig.remote(0, 2, 0x12)
    rig.nic.write_data16(0, 0)
    assert rig.peek_memory(0xC000, 2) == b"\xFF\xFF" and rig.peek_memory(0, 2) == MAC[:1] * 2


def test_transmit(rig):
    rig.start()
    rig.transmit(frame(100))
    assert rig.cable.sent == [frame(100)] and rig.inb(7) == PTX and rig.inb(4) == 1 and rig.inb(0) == 0x22
    assert rig.levels == [(9, 1), (9, 0), (9, 1)]


def test_transmit_from_the_ring(rig):
    rig.start()
    rig.nic.ram[0x3F00:0x4000] = b"a" * 256
    rig.nic.ram[0x600:0x700] = b"b" * 256
    rig.out(4, STOP - 1, 300 & 0xFF, 300 >> 8)
    rig.out(0, 0x26)
    rig.settle()
    assert rig.cable.sent == [b"a" * 256 + b"b" * 44]


def test_a_stopped_card_sends_nothing(rig):
    rig.start()
    rig.out(4, 0x40, 60, 0)
    rig.out(0, 0x25)
    assert rig.nic.sent == NEVER and not rig.nic.cr & 4


def test_receive(rig):
    rig.start()
    rig.cable.coming = [frame(250)]
    rig.nic.look_soon()
    rig.settle()
    assert rig.inb(7) == PRX and rig.levels == [(9, 1)]
    assert rig.inb(7, page=1) == START + 3
    stored = rig.peek_memory(START + 1 << 8, 258)
    assert stored[:4] == bytes((1, START + 3, 254, 0)) and stored[4:254] == frame(250)
    assert stored[254:] == zlib.crc32(frame(250)).to_bytes(4, "little")


def test_receives_until_stopped(rig):
    """A started card goes on where CR is written with neither STP nor STA."""
    rig.start()
    rig.out(0, 0x00)
    assert rig.nic.receive(frame())
    rig.out(0, 0x21)
    assert not rig.nic.receive(frame())


def test_ring_wraps_for_both_sides(rig):
    rig.start(boundary=STOP - 2, current=STOP - 1)
    assert rig.nic.receive(frame(600))
    assert rig.inb(7, page=1) == START + 2
    assert rig.peek_memory(STOP - 1 << 8, 604)[4:] == frame(600)


def test_send_packet_command(rig):
    rig.start(boundary=START, current=START)
    rig.nic.receive(frame(60))
    rig.nic.receive(frame(61))
    rig.out(7, 0xFF)
    rig.out(0, 0x1A)
    data = [rig.nic.read_data16(0) for _ in range(32)]
    assert data[0] == 1 | START + 1 << 8 and data[1] == 64
    assert rig.inb(7) & RDC and rig.inb(3) == START + 1


def test_full_ring_holds_frames_back_until_the_guest_reads(rig):
    rig.start()
    rig.cable.coming = [frame(1000, fill=n) for n in range(20)]
    rig.nic.look_soon()
    rig.settle()
    stored = (STOP - START - 2 - 6) // 4 + 1        # one comes while there is room for the longest
    assert len(rig.cable.coming) == 20 - stored and not rig.inb(7) & OVW and rig.nic.arrival == NEVER
    rig.out(3, START + 4)
    rig.settle()
    assert len(rig.cable.coming) == 19 - stored


def test_full_ring_tells_again(rig):
    """A guest that acknowledges frames which it has not read hears of them again while others wait for room."""
    rig.start()
    rig.cable.coming = [frame(1000, fill=n) for n in range(20)]
    rig.nic.look_soon()
    rig.settle()
    rig.out(7, PRX)
    assert not rig.inb(7) & PRX and rig.levels[-1] == (9, 0)
    rig.settle()
    assert rig.inb(7) & PRX and rig.levels[-1] == (9, 1)
    rig.cable.coming.clear()
    rig.out(7, PRX)
    rig.settle()
    assert not rig.inb(7) & PRX


def test_overflow_loses_and_counts(rig):
    rig.start()
    while rig.nic.receive(frame(1000)):
        pass
    assert rig.nic.read(7) & (OVW | RST) == OVW | RST and rig.inb(0xF) == 1 and rig.inb(0xF) == 0
    rig.nic.receive(frame(1000))
    rig.out(3, START + 8)
    assert not rig.nic.read(7) & RST and rig.nic.receive(frame(1000))


def test_missed_frames_are_counted_to_an_end(rig):
    rig.start(rcr=0x24)
    for _ in range(127):
        rig.nic.receive(frame())
    assert not rig.nic.isr & CNT
    for _ in range(100):
        rig.nic.receive(frame())
    assert rig.nic.isr & CNT and not rig.nic.isr & PRX and rig.inb(0xF) == 192


def test_boundary_outside_the_ring(rig):
    rig.start(boundary=0)
    for _ in range(100):
        assert rig.nic.receive(frame(1514))


def test_boundary_before_the_ring(rig):
    rig.start(boundary=START - 1, current=START)
    stored = 0
    while rig.nic.receive(frame(1000)):
        stored += 1
    assert stored == (STOP - START - 1) // 4 and rig.nic.ram[(START - 0x40) * 256 + 4:][:1000] == frame(1000)


@pytest.mark.parametrize("rcr, to, taken", [
    (0, MAC, True), (0, b"\x02" + MAC[1:], False), (0x10, b"\x02" + MAC[1:], True), (0, b"\xFF" * 6, False), (4, b"\xFF" * 6, True),
    (0x0C, bytes.fromhex("01005e000001"), True), (0x0C, bytes.fromhex("01005e000002"), False), (4, bytes.fromhex("01005e000001"), False)])
def test_filters(rig, rcr, to, taken):
    rig.start(rcr=rcr)
    bit = multicast_bit(bytes.fromhex("01005e000001"))
    rig.out(0, 0x62)
    rig.out(8 + bit // 8, 1 << bit % 8)
    rig.out(0, 0x22)
    assert rig.nic.receive(frame(to=to)) == taken
    if taken:
        assert rig.inb(0xC) == (0x21 if to[0] & 1 else 1)


def test_multicast_hash():
    """The bits of zlib's CRC-32, which shifts the other way, turned round."""
    def reference(address):
        crc = zlib.crc32(address) ^ 0xFFFFFFFF
        return int(f"{crc:032b}"[::-1], 2) >> 26
    for address in ("01005e000001", "090007ffffff", "0180c2000000", "333300000001"):
        assert multicast_bit(bytes.fromhex(address)) == reference(bytes.fromhex(address))


def test_runts(rig):
    rig.start()
    assert not rig.nic.receive(frame(40))
    rig.out(0xC, 6)
    assert rig.nic.receive(frame(40)) and not rig.nic.receive(b"short") and not rig.nic.receive(b"")


@pytest.mark.parametrize("tcr, tsr", [(2, 0x53), (4, 0x43), (6, 3)])
def test_loopback(rig, tcr, tsr):
    rig.start()
    rig.out(0xD, tcr)
    rig.transmit(frame(64))
    assert rig.cable.sent == [] and rig.inb(4) == tsr and rig.inb(7) == PTX and rig.inb(0xC) == 2
    fifo = bytes(rig.nic.read(6) for _ in range(8))
    assert fifo == bytes((68, 0, 0)) + frame(64)[-1:] + zlib.crc32(frame(64)).to_bytes(4, "little")
    assert not rig.nic.receive(frame())
    data = frame(64)
    rig.out(0xD, tcr | 1)
    rig.transmit(data + zlib.crc32(data).to_bytes(4, "little"))
    assert rig.inb(0xC) == 1


def test_registers_read_back(rig):
    rig.start()
    rig.out(4, 0x41)
    assert [rig.inb(n, page=2) for n in (1, 2, 4, 0xC, 0xD, 0xE, 0xF)] == [START, STOP, 0x41, 0xC4, 0xE0, 0xC9, 0xFF]
    assert bytes(rig.inb(n, page=1) for n in range(1, 7)) == MAC
    assert [rig.inb(n) for n in (0xA, 0xB)] == [0xFF, 0xFF] and rig.inb(5, page=3) == 0xFF


def test_realtek_registers():
    rig = Rig(isa_line=0)
    assert [rig.inb(n) for n in (0xA, 0xB)] == [0x50, 0x43] and [rig.inb(n, page=3) for n in (0xE, 0xF)] == [0x29, 0x80]
    rig.out(0, 0xE1)
    rig.out(6, 0x02)
    assert rig.nic.read(6) == 0x40
    rig.out(1, 0xC0)
    rig.out(6, 0x02)
    assert rig.nic.read(6) == 0x02
    rig.out(0, 0x21)
    rig.out(0xF, 0x7F)
    rig.remote(0, 0, 0x0A)
    assert rig.levels == [1]


def test_reset_port_keeps_memory_and_addresses(rig):
    rig.start()
    rig.transmit(frame())
    rig.nic.read_reset(0)
    assert rig.nic.cr == 0x21 and rig.nic.isr == RST and rig.nic.imr == 0 and rig.levels[-1] == (9, 0)
    assert rig.nic.ram[:60] == frame() and bytes(rig.nic.physical[:6]) == MAC


def test_pci_function():
    function = Ne2000Pci()
    function.reset()
    assert function.read_config(0, 4) == 0x802910EC and function.read_config(8, 4) >> 8 == 0x020000
    function.write_config(0x10, 4, 0xFFFFFFFF)
    assert function.read_config(0x10, 4) == 0xFFFFFFE1
    function.write_config(0x10, 4, 0xC100)
    function.write_config(4, 2, 1)
    assert function.bars() == [(0, True, 0xC100, 32)] and function.read_config(0x3D, 1) == 1


@pytest.mark.parametrize("seed", range(4))
def test_random_traffic(seed):
    rng = random.Random(seed)
    rig = Rig(isa_line=rng.choice((0, 9)))
    nic = rig.nic
    for _ in range(4000):
        do = rng.randrange(8)
        if do < 3:
            nic.write(rng.randrange(16), rng.choice((0, 0x22, 0x26, 0x0A, 0x12, 0x1A, rng.randrange(256))))
        elif do == 3:
            nic.read(rng.randrange(16))
        elif do == 4:
            getattr(nic, f"read_data{rng.choice((8, 16, 32))}")(0)
        elif do == 5:
            width = rng.choice((8, 16, 32))
            getattr(nic, f"write_data{width}")(0, rng.getrandbits(width))
        elif do == 6:
            rig.cable.coming.append(frame(rng.choice((0, 5, 60, 300, 1514, 4000)), to=rng.choice((MAC, b"\xFF" * 6))))
            nic.look_soon()
        else:
            rig.settle()
        for n in range(32):
            nic.peek(n)
    rig.cable.coming.clear()
    rig.start()
    assert nic.receive(frame())


def test_full_ring_is_told_of_again(rig):
    """A driver acknowledges after ten frames and leaves the rest for the next interrupt, which no more frames can bring."""
    rig.start()
    rig.cable.coming = [frame(60) for _ in range(200)]
    rig.nic.look_soon()
    rig.settle()
    held = len(rig.cable.coming)
    assert 0 < held < 200 and rig.inb(7) & PRX
    rig.out(7, PRX)
    rig.out(3, START + 5)                   # some are taken
    rig.settle()
    rig.out(7, 0xFF)                        # those that came into their place are left where they are, too
    assert rig.inb(7) & PRX == 0
    level = len(rig.levels)
    rig.nic.look_soon()
    rig.settle()
    rig.nic.look_soon()
    rig.settle()
    assert rig.inb(7) & PRX and rig.levels[level:] == [(9, 1)] and rig.nic.pending
