"""Intel 82077AA: registers, commands, statuses, both ways of moving data."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emu.bus.component import checked
from emu.bus.types import NEVER
from emu.devices.fdc import Fdc
from emu.media.floppy import BY_SIZE, FORMATS, FloppyMedium

RQM, DIO, NDM, CB = 0x80, 0x40, 0x20, 0x10
FORMAT_144 = BY_SIZE[1474560]


class Ram:
    """An image in memory; every sector starts with its number."""

    path = "ram"

    def __init__(self, size, read_only=False):
        self.size, self.read_only = size, read_only
        self.data = bytearray(b"".join(i.to_bytes(4, "little") + bytes([i & 0xFF]) * 508 for i in range(size // 512)))

    def read(self, offset, n):
        return bytes(self.data[offset:offset + n])

    def write(self, offset, data):
        assert not self.read_only
        self.data[offset:offset + len(data)] = data

    def flush(self):
        pass

    def close(self):
        pass


class Dma:
    """A DMA channel with a count, as the 8237A's: ``room`` bytes until terminal count."""

    def __init__(self):
        self.memory, self.source, self.room, self.at = bytearray(), b"", 0, 0

    def transfer_to_memory(self, channel, data):
        assert channel == 2
        taken = data[:self.room]
        self.memory += taken
        self.room -= len(taken)
        return len(taken)

    def transfer_from_memory(self, channel, n):
        n = min(n, self.room)
        self.room -= n
        self.at += n
        return self.source[self.at - n:self.at]

    def terminal_count(self, channel):
        return self.room == 0


class Rig:
    def __init__(self, size=1474560, read_only=False, drive_type=None, fast=True):
        self.time = 1_000_000_000
        self.fdc = checked(Fdc)()
        self.fdc.now = lambda: self.time
        self.irqs = []
        self.fdc.irq = self.irqs.append
        self.fdc.dma = self.dma = Dma()
        self.fdc.fast = fast
        self.fdc.reset()
        if size:
            self.image = Ram(size, read_only)
            self.disk = FloppyMedium(self.image)
            self.fdc.set_drive(0, drive_type or self.disk.format.drive_type)
            self.fdc.insert(0, self.disk)
        elif drive_type:
            self.fdc.set_drive(0, drive_type)

    def wait(self, most=10_000_000_000):
        """Let time pass up to each deadline in turn, until INT; returns ns taken."""
        start = self.time
        while True:
            due = min(self.fdc.deadline, self.fdc.seek_deadline)
            if due == NEVER or due - start > most:
                raise AssertionError("nothing is going to happen")
            self.time = max(self.time, due)
            count = len(self.irqs)
            if self.fdc.deadline <= self.time:
                self.fdc.expire()
            if self.fdc.seek_deadline <= self.time:
                self.fdc.seek_expire()
            if len(self.irqs) > count and self.irqs[-1] == 1:
                return self.time - start

    def send(self, *values):
        for value in values:
            assert self.fdc.read(4) & (RQM | DIO) == RQM
            self.fdc.write(5, value)

    def result(self):
        got = []
        while self.fdc.read(4) & (RQM | DIO | CB) == RQM | DIO | CB:
            got.append(self.fdc.read(5))
        return got

    def start(self):
        """Out of reset, motors of both drives on, SPECIFY for DMA, heads on cylinder 0."""
        self.fdc.write(2, 0x00)
        self.fdc.write(2, 0x3C)
        self.wait()
        for drive in range(4):
            assert self.sense() == [0xC0 | drive, 0]
        self.fdc.write(7, {250: 2, 500: 0, 1000: 3}[self.disk.format.rate] if self.fdc.disks[0] else 0)
        self.send(0x03, 0xDF, 0x02)
        return self

    def sense(self):
        self.send(0x08)
        return self.result()

    def seek(self, cylinder, head=0):
        self.send(0x0F, head << 2, cylinder)
        self.wait()
        assert self.sense() == [0x20 | head << 2, cylinder]

    def transfer(self, command, c, h, r, eot=18, room=512, n=2, last=0xFF, source=b"", drive=0):
        self.dma.room, self.dma.source, self.dma.at = room, source, 0
        self.dma.memory.clear()
        self.send(command, h << 2 | drive, c, h, r, n, eot, 0x1B, last)
        self.wait()
        return self.result()


def test_reset_interrupt_and_four_sense_interrupts():
    rig = Rig()
    rig.fdc.write(2, 0)
    assert rig.fdc.read(4) == 0
    rig.fdc.write(2, 0x0C)
    assert rig.fdc.read(4) == RQM
    rig.wait()
    assert rig.irqs == [1]
    assert [rig.sense() for _ in range(4)] == [[0xC0, 0], [0xC1, 0], [0xC2, 0], [0xC3, 0]]
    assert rig.irqs == [1, 0]
    assert rig.sense() == [0x80]                # nothing pending: as an invalid command
    assert rig.fdc.read(4) == RQM


def test_reset_by_dsr():
    rig = Rig().start()
    rig.send(0x0F, 0)                           # half a command is forgotten
    rig.fdc.write(4, 0x80)
    rig.wait()
    assert rig.sense() == [0xC0, 0]


def test_dmagate_holds_the_interrupt_back():
    rig = Rig()
    rig.fdc.write(2, 0x04)
    with pytest.raises(AssertionError, match="nothing"):
        rig.wait()
    assert rig.irqs == []
    rig.fdc.write(2, 0x0C)
    assert rig.irqs == [1]


def test_version_part_id_lock_dumpreg_invalid():
    rig = Rig().start()
    rig.send(0x10)
    assert rig.result() == [0x90]
    for invalid in (0x18, 0x00, 0x1F, 0x28, 0x4F, 0x30, 0xAD):
        rig.send(invalid)
        assert rig.result() == [0x80], hex(invalid)
    rig.send(0x13, 0, 0x57, 0x11)
    rig.send(0x12, 0x84 | 0x01)
    rig.send(0x94)
    assert rig.result() == [0x10]
    rig.send(0x0E)
    assert rig.result() == [0, 0, 0, 0, 0xDF, 0x02, 0, 0x85, 0x57, 0x11]
    rig.fdc.write(4, 0x80)                      # locked: EFIFO, FIFOTHR, PRETRK stay, EIS and POLL go
    rig.wait()
    rig.send(0x0E)
    assert rig.result() == [0, 0, 0, 0, 0xDF, 0x02, 0, 0x84, 0x07, 0x11]
    rig.send(0x14)
    assert rig.result() == [0]
    rig.fdc.write(4, 0x80)
    rig.wait()
    rig.send(0x0E)
    assert rig.result()[7:] == [0x04, 0x20, 0x00]


def test_perpendicular_drive_bits_need_overwrite():
    rig = Rig().start()
    rig.send(0x12, 0x84)
    rig.send(0x12, 0x3B)
    rig.send(0x0E)
    assert rig.result()[7] == 0x07


def test_poll_disabled_means_no_interrupt_status_by_itself():
    rig = Rig().start()
    rig.send(0x13, 0, 0x10, 0)
    rig.fdc.write(4, 0x80)                      # a reset enables polling again
    rig.wait()
    assert rig.sense() == [0xC0, 0]


def test_seek_takes_its_time_and_shows_the_busy_bit():
    rig = Rig(fast=False).start()
    rig.send(0x0F, 0, 40)
    assert rig.fdc.read(4) == RQM | 1
    assert rig.wait() == 40 * 3_000_000         # SRT D: 3 ms at 500 kbit/s
    assert rig.fdc.read(4) == RQM
    assert rig.sense() == [0x20, 40]


def test_two_seeks_at_once():
    rig = Rig().start()
    rig.fdc.set_drive(1, 4)
    rig.send(0x0F, 1, 60)
    rig.send(0x0F, 0, 20)
    assert rig.fdc.read(4) == RQM | 3
    rig.wait()
    assert rig.fdc.read(4) == RQM | 2
    assert rig.sense() == [0x20, 20]
    rig.wait()
    assert rig.sense() == [0x21, 60]


def test_relative_seek_and_recalibrate():
    rig = Rig().start()
    rig.send(0xCF, 0, 30)
    rig.wait()
    assert rig.sense() == [0x20, 30]
    rig.send(0x8F, 0, 10)
    rig.wait()
    assert rig.sense() == [0x20, 20]
    assert rig.fdc.track[0] == 20
    rig.send(0x04, 0)
    assert rig.result() == [0x28]
    rig.send(0x07, 0)
    rig.wait()
    assert rig.sense() == [0x20, 0]
    rig.send(0x04, 4)
    assert rig.result() == [0x28 | 0x10 | 4]


def test_recalibrate_without_a_drive():
    rig = Rig().start()
    rig.send(0x07, 1)
    rig.wait()
    assert rig.sense() == [0x71, 0]
    rig.send(0x04, 1)
    assert rig.result() == [0x29]


def test_read_one_sector():
    rig = Rig().start()
    rig.seek(1)
    assert rig.transfer(0x46, 1, 0, 2) == [0, 0, 0, 1, 0, 3, 2]
    assert rig.dma.memory == rig.image.read(37 * 512, 512)
    assert rig.irqs[-1] == 0                    # taken back by the first result byte


def test_read_multi_track_crosses_to_the_other_side():
    rig = Rig().start()
    rig.seek(1)
    got = rig.transfer(0xC6, 1, 0, 18, room=1024)
    assert got == [4, 0, 0, 1, 1, 2, 2]
    assert rig.dma.memory == rig.image.read(53 * 512, 1024)


@pytest.mark.parametrize("command, h, r, expected", [
    (0x46, 0, 17, [0, 0, 18]), (0x46, 0, 18, [1, 0, 1]), (0x46, 1, 18, [1, 1, 1]),
    (0xC6, 0, 17, [0, 0, 18]), (0xC6, 0, 18, [0, 1, 1]), (0xC6, 1, 17, [0, 1, 18]), (0xC6, 1, 18, [1, 0, 1])])
def test_result_id_after_terminal_count(command, h, r, expected):
    rig = Rig().start()
    got = rig.transfer(command, 0, h, r)
    assert got[:3] == [h << 2, 0, 0]
    assert got[3:6] == expected


def test_end_of_track_without_terminal_count():
    rig = Rig().start()
    got = rig.transfer(0x46, 0, 0, 17, room=4096)
    assert got == [0x40, 0x80, 0, 1, 0, 1, 2]
    assert len(rig.dma.memory) == 1024


@pytest.mark.parametrize("c, h_id, r, n, st1, st2", [
    (5, 0, 1, 2, 0x04, 0x10), (0, 1, 1, 2, 0x04, 0), (0, 0, 19, 2, 0x04, 0), (0, 0, 0, 2, 0x04, 0),
    (0, 0, 1, 3, 0x04, 0)])
def test_sector_not_found(c, h_id, r, n, st1, st2):
    rig = Rig().start()
    rig.dma.room = 512
    rig.send(0x46, 0, c, h_id, r, n, 18, 0x1B, 0xFF)
    rig.wait()
    assert rig.result() == [0x40, st1, st2, c, h_id, r, n]
    assert not rig.dma.memory


def test_no_address_mark_at_the_wrong_rate_in_fm_without_disk_and_motor():
    rig = Rig().start()
    rig.fdc.write(7, 2)
    assert rig.transfer(0x46, 0, 0, 1)[:3] == [0x40, 1, 0]
    rig.fdc.write(7, 0)
    assert rig.transfer(0x06, 0, 0, 1)[:3] == [0x40, 1, 0]
    assert rig.transfer(0x46, 0, 0, 1)[:3] == [0, 0, 0]
    rig.fdc.write(2, 0x0C)
    assert rig.transfer(0x46, 0, 0, 1)[:3] == [0x40, 1, 0]
    rig.fdc.write(2, 0x1C)
    rig.fdc.eject(0)
    assert rig.transfer(0x46, 0, 0, 1)[:3] == [0x40, 1, 0]


def test_overrun_when_the_dma_channel_takes_nothing():
    rig = Rig().start()
    assert rig.transfer(0x46, 0, 0, 1, room=0)[:3] == [0x40, 0x10, 0]


def test_read_id_gives_what_passes():
    rig = Rig().start()
    rig.seek(7, head=1)
    seen = set()
    for _ in range(40):
        rig.send(0x4A, 4)
        rig.wait()
        got = rig.result()
        assert got[:5] == [4, 0, 0, 7, 1] and got[6] == 2
        seen.add(got[5])
        rig.time += 123_457
    assert seen <= set(range(1, 19)) and len(seen) > 5


def test_write_and_short_write_pads():
    rig = Rig().start()
    assert rig.transfer(0x45, 0, 0, 3, source=b"\x5a" * 512)[:3] == [0, 0, 0]
    assert rig.image.read(1024, 512) == b"\x5a" * 512
    assert rig.transfer(0x45, 0, 0, 3, source=b"\xa5" * 100, room=100)[:3] == [0, 0, 0]
    assert rig.image.read(1024, 512) == b"\xa5" * 100 + bytes(412)
    assert rig.image.read(1536, 4) == b"\x03\0\0\0"


def test_write_protect():
    rig = Rig(read_only=True).start()
    assert rig.transfer(0x45, 0, 0, 3, source=bytes(512)) == [0x40, 2, 0, 0, 0, 3, 2]
    rig.send(0x04, 0)
    assert rig.result() == [0x78]
    rig.dma.room = 72
    rig.send(0x4D, 0, 2, 18, 0x50, 0xF6)
    rig.wait()
    assert rig.result()[:2] == [0x40, 2]


def test_host_error_is_a_bad_sector():
    rig = Rig().start()

    def broken(offset, n):
        raise OSError("gone")
    rig.image.read = broken
    assert rig.transfer(0x46, 0, 0, 1)[:3] == [0x40, 0x20, 0]


def test_deleted_data():
    rig = Rig().start()
    assert rig.transfer(0x49, 0, 0, 2, source=b"d" * 512)[:3] == [0, 0, 0]
    # reading across it: CM, and the command ends there
    assert rig.transfer(0x46, 0, 0, 1, room=2048) == [0, 0, 0x40, 0, 0, 3, 2]
    assert len(rig.dma.memory) == 1024
    # SK leaves it out
    assert rig.transfer(0x66, 0, 0, 1, room=1024)[:3] == [0, 0, 0]
    assert rig.dma.memory == rig.image.read(0, 512) + rig.image.read(1024, 512)
    # READ DELETED the other way round
    assert rig.transfer(0x4C, 0, 0, 2)[:3] == [0, 0, 0]
    assert rig.transfer(0x4C, 0, 0, 3)[:3] == [0, 0, 0x40]
    # written again it is an ordinary sector
    rig.transfer(0x45, 0, 0, 2, source=b"e" * 512)
    assert rig.transfer(0x46, 0, 0, 2)[:3] == [0, 0, 0]


def test_format_track():
    rig = Rig().start()
    rig.seek(3)
    rig.dma.room, rig.dma.source = 72, b"".join(bytes([3, 0, r, 2]) for r in range(1, 19))
    rig.send(0x4D, 0, 2, 18, 0x50, 0xF6)
    rig.wait()
    assert rig.result()[:3] == [0, 0, 0]
    assert rig.image.read(3 * 36 * 512, 18 * 512) == b"\xf6" * (18 * 512)
    assert rig.image.read((3 * 36 - 1) * 512, 4) == (3 * 36 - 1).to_bytes(4, "little")
    assert rig.image.read((3 * 36 + 18) * 512, 4) == (3 * 36 + 18).to_bytes(4, "little")


def test_read_track():
    rig = Rig().start()
    got = rig.transfer(0x42, 0, 0, 1, eot=18, room=18 * 512)
    assert got[:3] == [0, 0, 0]
    assert rig.dma.memory == rig.image.read(0, 18 * 512)
    assert rig.transfer(0x42, 9, 0, 1, eot=2, room=1024)[:3] == [0, 4, 0]       # IDs differ: ND, data all the same
    assert rig.dma.memory == rig.image.read(0, 1024)


def test_verify():
    rig = Rig().start()
    assert rig.transfer(0x56, 0, 0, 1, room=0) == [0, 0, 0, 1, 0, 1, 2]
    rig.send(0x56, 0x80, 0, 0, 1, 2, 18, 0x1B, 5)                               # EC: five sectors
    rig.wait()
    assert rig.result() == [0, 0, 0, 0, 0, 6, 2]
    assert rig.transfer(0x56, 0, 0, 1, eot=20, room=0) == [0x40, 4, 0, 0, 0, 19, 2]


def test_scan():
    rig = Rig().start()
    third = rig.image.read(1024, 512)
    assert rig.transfer(0x51, 0, 0, 1, last=1, room=1 << 20, source=third * 18) == [0, 0, 8, 0, 0, 3, 2]
    assert rig.transfer(0x51, 0, 0, 4, last=1, room=1 << 20, source=third * 18)[:3] == [0, 0, 4]
    assert rig.transfer(0x51, 0, 0, 9, last=1, room=1 << 20, source=b"\xff" * 512)[:3] == [0, 0, 8]
    high = b"\xfe" * 512
    assert rig.transfer(0x59, 0, 0, 1, last=1, room=1 << 20, source=high * 18) == [0, 0, 0, 0, 0, 1, 2]
    assert rig.transfer(0x5D, 0, 0, 1, last=2, room=1 << 20, source=high * 18)[:3] == [0, 0, 4]
    assert rig.dma.at == 9 * 512                # every second sector


def test_implied_seek():
    rig = Rig().start()
    rig.send(0x13, 0, 0x57, 0)
    assert rig.transfer(0x46, 10, 1, 4) == [0x24, 0, 0, 10, 1, 5, 2]
    assert rig.dma.memory == rig.image.read((21 * 18 + 3) * 512, 512)
    assert rig.fdc.pcn[0] == 10


def served_reads(rig, size):
    """Read by programmed I/O as an interrupt handler does; the sizes of the service requests, and the data."""
    requests, data = [], bytearray()
    while len(data) < size:
        assert rig.fdc.read(4) == CB | NDM
        rig.wait()
        before = len(data)
        while rig.fdc.read(4) == RQM | DIO | NDM | CB and len(data) < size:
            assert rig.irqs[-1] == 1                # INT stays until the FIFO is empty
            data.append(rig.fdc.read(5))
        assert 0 in rig.irqs[-2:]               # at the end of the command it comes at once for the result
        requests.append(len(data) - before)
    return requests, data


@pytest.mark.parametrize("configure, reads, first, writes", [
    (None, 1, 1, 1), (0x00, 15, 16, 15), (0x07, 8, 16, 8), (0x0F, 1, 16, 1), (0x2F, 1, 1, 1)])
def test_programmed_io_asks_as_the_fifo_says(configure, reads, first, writes):
    rig = Rig().start()
    if configure is not None:
        rig.send(0x13, 0, configure, 0)
    rig.send(0x03, 0xDF, 0x03)                  # ND
    rig.send(0x46, 0, 0, 0, 17, 2, 18, 0x1B, 0xFF)
    for sector in (16, 17):
        requests, data = served_reads(rig, 512)
        assert data == rig.image.read(sector * 512, 512)
        assert set(requests[:-1]) == {reads} and requests[-1] in (reads, 512 % reads)
    assert rig.result() == [0x40, 0x80, 0, 1, 0, 1, 2]     # no TC: the end of the cylinder ends it
    rig.send(0x45, 0, 0, 0, 18, 2, 18, 0x1B, 0xFF)
    requests = []
    while sum(requests) < 512:
        if requests:
            rig.wait()
        assert rig.fdc.read(4) == RQM | NDM | CB and rig.irqs[-1] == 1
        requests.append(0)
        while rig.fdc.read(4) & RQM:
            rig.fdc.write(5, 0x77)
            requests[-1] += 1
        assert rig.irqs[-1] == 0
    assert requests[0] == first and set(requests[1:-1]) == {writes}
    rig.wait()
    assert rig.result()[:2] == [0x40, 0x80]
    assert rig.image.read(17 * 512, 512) == b"\x77" * 512


def test_programmed_io_overruns():
    """A host that does not come for its bytes at all: OR, and the controller is ready again."""
    rig = Rig().start()
    rig.send(0x03, 0xDF, 0x03)
    rig.send(0x46, 0, 0, 0, 17, 2, 18, 0x1B, 0xFF)
    rig.wait()
    for _ in range(100):
        rig.fdc.read(5)
        if not rig.fdc.read(4) & RQM:
            rig.wait()
    late = rig.time
    while rig.fdc.deadline != NEVER:
        rig.time = rig.fdc.deadline
        rig.fdc.expire()
    assert rig.time - late < 100_000_000
    assert rig.irqs[-2:] == [0, 1]
    assert rig.result()[:3] == [0x40, 0x10, 0] and rig.fdc.read(4) == RQM


def test_format_by_programmed_io():
    rig = Rig().start()
    rig.send(0x03, 0xDF, 0x03)
    rig.send(0x13, 0, 0x08, 0)
    rig.send(0x4D, 0, 2, 18, 0x50, 0xE5)
    for r in range(1, 19):
        if r > 1:
            rig.wait()
        for value in (0, 0, r, 2):
            assert rig.fdc.read(4) & RQM
            rig.fdc.write(5, value)
    rig.wait()
    assert rig.result()[:3] == [0, 0, 0]
    assert rig.image.read(0, 18 * 512) == b"\xe5" * (18 * 512)


def test_power_down_until_a_reset():
    rig = Rig().start()
    assert rig.fdc.read(7) == 0x80
    rig.fdc.write(4, 0x40)
    assert rig.fdc.read(4) == 0 and rig.fdc.read(7) == 0
    rig.fdc.write(5, 0x10)
    assert rig.fdc.read(5) == 0 and rig.fdc.read(4) == 0
    rig.fdc.write(4, 0x80)
    rig.wait()
    assert rig.sense() == [0xC0, 0] and rig.fdc.read(7) == 0x80
    rig.send(0x10)
    assert rig.result() == [0x90]


def id_time(rig):
    """From the command to the next ID mark that is on a multiple of the time between two."""
    rig.time += -rig.time % 11_111_111 + 1_000
    start = rig.time
    rig.send(0x4A, 0)
    rig.wait()
    assert rig.result()[:3] == [0, 0, 0]
    return rig.time - start


def test_head_load_and_unload_times():
    """HLT passes before a command if the head is not loaded; it stays loaded for HUT."""
    rig = Rig(fast=False).start()
    rig.send(0x03, 0xD2, 30 << 1)               # HUT 32 ms, HLT 60 ms
    assert 60_000_000 < id_time(rig) < 72_000_000
    assert id_time(rig) < 12_000_000
    rig.time += 40_000_000
    assert 60_000_000 < id_time(rig) < 72_000_000
    rig.send(0x03, 0xD2, 0)                     # 0: 128 units
    rig.time += 40_000_000
    assert 256_000_000 < id_time(rig) < 268_000_000


def test_disk_change_line():
    rig = Rig().start()
    assert rig.fdc.read(7) == 0x80
    rig.seek(1)
    assert rig.fdc.read(7) == 0
    rig.fdc.eject(0)
    assert rig.fdc.read(7) == 0x80
    rig.seek(2)
    assert rig.fdc.read(7) == 0x80              # no disk: it stays
    rig.fdc.insert(0, rig.disk)
    assert rig.fdc.read(7) == 0x80
    rig.seek(3)
    assert rig.fdc.read(7) == 0
    rig.fdc.insert(0, rig.disk)
    rig.fdc.write(2, 0x0C)                      # motor off: the drive does not answer
    assert rig.fdc.read(7) == 0
    rig.fdc.write(2, 0x3D)                      # a drive that is not there
    assert rig.fdc.read(7) == 0


@pytest.mark.parametrize("form", FORMATS, ids=lambda f: f.name)
def test_every_format_reads_its_last_sector(form):
    rig = Rig(size=form.size).start()
    rig.seek(form.cylinders - 1)
    got = rig.transfer(0x46, form.cylinders - 1, form.heads - 1, form.sectors, eot=form.sectors)
    assert got[:3] == [(form.heads - 1) << 2, 0, 0]
    assert rig.dma.memory == rig.image.data[-512:]


def test_a_360k_disk_in_a_1200k_drive_needs_double_steps_and_300_kbits():
    rig = Rig(size=368640, drive_type=2).start()
    rig.fdc.write(7, 1)
    rig.seek(20)
    assert rig.transfer(0x46, 10, 1, 9, eot=9)[:3] == [4, 0, 0]
    assert rig.dma.memory == rig.image.read((21 * 9 + 8) * 512, 512)


def test_single_sided_disk_has_no_second_side():
    rig = Rig(size=163840).start()
    assert rig.transfer(0x46, 0, 1, 1, eot=8)[:3] == [0x44, 1, 0]


def test_real_rate_of_a_track():
    rig = Rig(fast=False).start()
    rig.dma.room = 18 * 512
    rig.send(0x46, 0, 0, 0, 1, 2, 18, 0x1B, 0xFF)
    took = rig.wait()
    assert 195_000_000 <= took <= 400_000_000   # a turn, and up to one more to get there


def test_a_sector_just_missed_comes_again_a_turn_later():
    rig = Rig(fast=False).start()
    rig.transfer(0x46, 0, 0, 5)
    done = rig.time
    rig.transfer(0x46, 0, 0, 6)                 # the next one is caught
    assert rig.time - done < 12_000_000
    done = rig.time
    rig.time += 5_000_000                       # too late for sector 7
    rig.transfer(0x46, 0, 0, 7)
    assert 199_000_000 < rig.time - done - 11_111_111 < 201_000_000


def test_fast_is_32_times_as_fast():
    rig = Rig().start()
    rig.dma.room = 18 * 512
    rig.send(0x46, 0, 0, 0, 1, 2, 18, 0x1B, 0xFF)
    assert 6_000_000 <= rig.wait() <= 6_500_000


def test_reset_in_the_middle_of_a_read():
    rig = Rig().start()
    rig.dma.room = 9216
    rig.send(0x46, 0, 0, 0, 1, 2, 18, 0x1B, 0xFF)
    rig.fdc.write(2, 0x00)
    assert rig.fdc.deadline == NEVER
    rig.start()
    assert rig.transfer(0x46, 0, 0, 1)[:3] == [0, 0, 0]


def test_peek_has_no_effect():
    rig = Rig().start()
    rig.send(0x0E)
    before = rig.fdc.save()
    for offset in range(8):
        rig.fdc.peek(offset)
    assert rig.fdc.save() == before
    assert rig.fdc.peek(5) == rig.fdc.read(5)


def test_save_and_restore_in_the_middle_of_a_read():
    rig = Rig().start()
    rig.dma.room = 1024
    rig.send(0x46, 0, 0, 0, 1, 2, 18, 0x1B, 0xFF)
    other = Rig()
    other.fdc.restore(rig.fdc.save())
    other.time, other.dma.room = rig.time, 1024
    assert rig.wait() == other.wait()
    assert rig.result() == other.result() and rig.dma.memory == other.dma.memory


@pytest.mark.parametrize("command", [0x4D, 0x0D])
def test_format_that_the_image_cannot_hold(command):
    """Sectors of another size, too many of them, FM: an error at the end, and what is in the image stays."""
    rig = Rig().start()
    before = bytes(rig.image.data)
    for ids, n, count, rate in (([(0, 0, 1, 3)], 3, 1, 0), ([(0, 0, r, 2) for r in range(19, 22)], 2, 3, 0),
                                ([(0, 0, r, 2) for r in range(1, 10)], 2, 9, 2), ([(1, 0, 1, 2)], 2, 1, 0)):
        rig.fdc.write(7, rate)
        rig.dma.room, rig.dma.source, rig.dma.at = 4 * count, b"".join(map(bytes, ids)), 0
        rig.send(command, 0, n, count, 0x50, 0xF6)
        rig.wait()
        assert rig.result()[:3] == [0x40, 4, 0]
    assert rig.image.data == before


def test_interleaved_format():
    rig = Rig(size=1720320).start()             # 21 sectors, as distribution disks were formatted
    order = [(i * 11) % 21 + 1 for i in range(21)]
    rig.dma.room, rig.dma.source = 84, b"".join(bytes([0, 1, r, 2]) for r in order)
    rig.send(0x4D, 4, 2, 21, 0x0C, 0xF6)
    rig.wait()
    assert rig.result()[:3] == [4, 0, 0]
    assert rig.image.read(21 * 512, 21 * 512) == b"\xf6" * (21 * 512)


def test_two_drives_with_different_disks():
    rig = Rig().start()
    other = FloppyMedium(Ram(737280, read_only=True))
    rig.fdc.set_drive(1, 4)
    rig.fdc.insert(1, other)
    for drive, rate, eot, lba in ((1, 2, 9, 8), (0, 0, 18, 17), (1, 2, 9, 8)):
        rig.fdc.write(7, rate)
        assert rig.transfer(0x46, 0, 0, eot, eot=eot, drive=drive)[:3] == [drive, 0, 0]
        assert rig.dma.memory == (rig.image, other.image)[drive].read(lba * 512, 512)
    rig.send(0x04, 1)
    assert rig.result() == [0x28 | 0x40 | 0x10 | 1]
    rig.fdc.write(2, 0x3D)
    assert rig.fdc.read(7) == 0x80
    rig.fdc.write(2, 0x2D)                      # B's motor alone
    assert rig.fdc.read(7) == 0x80
    rig.fdc.write(2, 0x1D)                      # A's alone: B does not answer
    assert rig.fdc.read(7) == 0


STEPS = st.lists(st.one_of(
    st.tuples(st.just("command"), st.integers(0, 255), st.binary(min_size=8, max_size=8)),
    st.tuples(st.just("likely"), st.sampled_from([0x46, 0xC6, 0x45, 0xC5, 0x66, 0x4C, 0x49, 0x42, 0x4A, 0x4D, 0x56, 0x51, 0x59,
                                                  0x5D, 7, 8, 0xF, 0x8F, 3, 0x13]),
              st.lists(st.sampled_from([0, 1, 2, 4, 9, 18, 255]), min_size=8, max_size=8)),
    st.tuples(st.just("write"), st.integers(0, 7), st.integers(0, 255)),
    st.tuples(st.just("read"), st.integers(0, 7), st.integers(1, 40)),
    st.tuples(st.just("time"), st.sampled_from([100, 10_000, 5_000_000, 500_000_000])),
    st.tuples(st.just("disk"), st.booleans()),
    st.tuples(st.just("dma"), st.sampled_from([0, 4, 512, 4096]))), max_size=30)


@given(size=st.sampled_from([163840, 368640, 1474560]), steps=STEPS)
@settings(max_examples=60, deadline=None)
def test_nothing_raises_and_a_reset_brings_it_back(size, steps):
    rig = Rig(size=size).start()
    rig.dma.source = bytes(4096)
    for what, *args in steps:
        if what in ("command", "likely"):
            for value in (args[0], *args[1]):
                rig.fdc.write(5, value)
        elif what == "write":
            rig.fdc.write(*args)
        elif what == "read":
            for _ in range(args[1]):
                rig.fdc.peek(args[0])
                rig.fdc.read(args[0])
        elif what == "time":
            rig.time += args[0]
        elif what == "disk":
            rig.fdc.insert(0, rig.disk) if args[0] else rig.fdc.eject(0)
        else:
            rig.dma.room, rig.dma.at = args[0], 0
        while rig.fdc.deadline <= rig.time:
            rig.fdc.expire()
        if rig.fdc.seek_deadline <= rig.time:
            rig.fdc.seek_expire()
    rig.fdc.insert(0, rig.disk)
    rig.start()
    rig.send(0x07, 0)
    rig.wait()
    assert rig.sense() in ([0x20, 0], [0x70, 0])            # 79 steps may not be enough
    rig.send(0x07, 0)
    rig.wait()
    assert rig.sense() == [0x20, 0]
    assert rig.transfer(0x46, 0, 0, 1)[:3] == [0, 0, 0]
