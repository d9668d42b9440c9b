"""ATAPI: packet protocol, sense, media, CD commands."""
import pytest
from ide_rig import MemoryDisk, Rig, pattern

from emu.devices import cd_sector, ide
from emu.devices.atapi import AtapiDrive

SECTORS = 300


def image(sectors=SECTORS):
    return MemoryDisk(pattern(sectors * 2048, 2048))


def packet(*values):
    return bytes(values).ljust(12, b"\0")


def be(value, size):
    return value.to_bytes(size, "big")


@pytest.fixture
def rig():
    rig = Rig(AtapiDrive(image(), model="EMU CD-ROM", serial="CD7"))
    rig.drive = rig.channel.devices[0]
    rig.select(lba=False)
    assert send(rig, packet(0)) == (None, 0x60)         # unit attention of power-on
    rig.irqs.clear()
    return rig


def send(rig, data, limit=0xFFFF, width=16):
    """Send a packet; returns (data, None) or (None, error register)."""
    rig.out(1, 0)
    rig.out(4, limit & 0xFF)
    rig.out(5, limit >> 8)
    assert rig.command(0xA0) == 0x58 and rig.inb(2) == ide.CD
    rig.push(data)
    answer = b""
    rig.blocks = []
    while rig.status() & ide.DRQ:
        assert rig.inb(2) == ide.IO
        size = rig.inb(4) | rig.inb(5) << 8
        rig.blocks.append(size)
        block = b"".join(rig.channel.read_data16(0).to_bytes(2, "little") for _ in range((size + 1) // 2))
        answer += block[:size]
        assert not rig.channel.read_status() & ide.DRQ
    assert rig.inb(2) == ide.IO | ide.CD
    if rig.inb(7) & 1:
        assert rig.inb(7) == 0x41
        return None, rig.inb(1)
    assert rig.inb(7) == 0x50
    return answer, None


def sense(rig):
    data, _ = send(rig, packet(3, 0, 0, 0, 18))
    assert data[0] == 0x70 and data[7] == 10
    return data[2], data[12], data[13]


def read10(lba, count):
    return packet(0x28, 0, *be(lba, 4), 0, *be(count, 2))


def test_identify_packet_device(rig):
    assert rig.command(0xA1) == 0x58
    data = rig.pull(512)
    assert data[0] | data[1] << 8 == 0x85C0 and data[99] & 3 == 3
    assert bytes(data[i ^ 1] for i in range(54, 94)) == b"EMU CD-ROM".ljust(40)
    assert rig.inb(7) == 0x50


def test_identify_device_shows_the_signature(rig):
    assert rig.command(0xEC) == 0x51 and rig.inb(1) == 4
    assert [rig.inb(r) for r in (2, 3, 4, 5)] == [1, 1, 0x14, 0xEB]


def test_interrupts_of_a_packet(rig):
    """None for the packet itself, one for each block, one for the status."""
    rig.out(4, 0)
    rig.out(5, 8)
    rig.out(7, 0xA0)
    rig.settle()
    assert rig.irqs == []
    rig.push(read10(0, 2))
    for _ in range(2):
        assert rig.irqs.pop() == 1 and rig.inb(7) == 0x58 and rig.irqs.pop() == 0
        for _ in range(1024):
            rig.channel.read_data16(0)
        assert rig.irqs == []
        rig.settle()
    assert rig.irqs == [1] and rig.inb(2) == 3 and rig.inb(7) == 0x50


def test_power_on_attention():
    rig = Rig(AtapiDrive(image()))
    rig.select(lba=False)
    assert send(rig, packet(0x12, 0, 0, 0, 36))[0]              # INQUIRY does not care
    assert send(rig, packet(0)) == (None, 0x60)
    assert sense(rig) == (6, 0x29, 0)
    assert sense(rig) == (0, 0, 0)
    assert send(rig, packet(0)) == (b"", None)


def test_inquiry(rig):
    data, _ = send(rig, packet(0x12, 0, 0, 0, 96))
    assert len(data) == 36 and data[:2] == b"\x05\x80" and data[3] == 0x21 and data[4] == 31
    assert data[8:16] == b"EMU     " and data[16:32] == b"CD-ROM".ljust(16)
    assert send(rig, packet(0x12, 0, 0, 0, 5))[0] == data[:5] and rig.blocks == [5]
    assert send(rig, packet(0x12, 0, 0, 0, 0))[0] == b""
    assert send(rig, packet(0x12, 1, 0x80, 0, 96))[0] == b"\x05\x80\0\x03CD7"


@pytest.mark.parametrize("limit, blocks", [
    (0xFFFF, [31 * 2048, 31 * 2048, 2 * 2048, 31 * 2048, 5 * 2048]),
    (0, [31 * 2048, 31 * 2048, 2 * 2048, 31 * 2048, 5 * 2048]),
    (2048, [2048] * 100), (4097, [4096] * 50), (512, [512] * 400), (513, [512] * 400)])
def test_byte_count_limit(rig, limit, blocks):
    data, _ = send(rig, read10(0, 100), limit)
    assert data == rig.drive.image.data[:100 * 2048]
    assert rig.blocks == blocks


def test_odd_limit_of_a_short_answer(rig):
    data, _ = send(rig, packet(0x12, 0, 0, 0, 36), 7)
    assert len(data) == 36 and rig.blocks == [6] * 6


def test_read_12_and_long_reads(rig):
    data, _ = send(rig, packet(0xA8, 0, *be(3, 4), *be(200, 4)))
    assert data == rig.drive.image.data[3 * 2048:203 * 2048]
    assert send(rig, read10(5, 0)) == (b"", None)


def test_read_errors(rig):
    assert send(rig, read10(SECTORS - 1, 2)) == (None, 0x54)
    assert sense(rig) == (5, 0x21, 0)
    rig.drive.image.bad.add(40)
    assert send(rig, read10(10, 1)) == (None, 0x30)
    assert sense(rig) == (3, 0x11, 0)
    assert send(rig, packet(0x2F, 0, *be(0, 4), 0, 0, 20)) == (None, 0x30)
    assert send(rig, packet(0x2F, 0, *be(20, 4), 0, 0, 20)) == (b"", None)


def test_unknown_packet(rig):
    assert send(rig, packet(0xFE)) == (None, 0x54)
    assert sense(rig) == (5, 0x20, 0)


def test_capacity_and_seek(rig):
    assert send(rig, packet(0x25))[0] == be(SECTORS - 1, 4) + be(2048, 4)
    assert send(rig, packet(0x2B, 0, *be(SECTORS - 1, 4)))[1] is None
    assert send(rig, packet(0x2B, 0, *be(SECTORS, 4)))[1] == 0x54


def test_toc(rig):
    data, _ = send(rig, packet(0x43, 0, 0, 0, 0, 0, 0, 3, 0x24))
    assert data == be(18, 2) + b"\1\1" + bytes((0, 0x14, 1, 0, 0, 0, 0, 0, 0, 0x14, 0xAA, 0)) + be(SECTORS, 4)
    data, _ = send(rig, packet(0x43, 2, 0, 0, 0, 0, 0xAA, 0, 100))
    assert data == be(10, 2) + b"\1\1" + bytes((0, 0x14, 0xAA, 0, 0, 0, 6, 0))      # 300 + 150 frames: 00:06:00
    data, _ = send(rig, packet(0x43, 0, 1, 0, 0, 0, 0, 0, 12))
    assert data == be(10, 2) + b"\1\1" + bytes((0, 0x14, 1, 0, 0, 0, 0, 0))
    assert send(rig, packet(0x43, 0, 0, 0, 0, 0, 0, 0, 12, 0x40))[0] == data
    data, _ = send(rig, packet(0x43, 2, 2, 0, 0, 0, 1, 1, 0))
    assert [data[i + 3] for i in range(4, len(data), 11)] == [0xA0, 0xA1, 0xA2, 1] and len(data) == 48
    assert send(rig, packet(0x43, 0, 5, 0, 0, 0, 0, 1, 0))[1] == 0x54
    assert send(rig, packet(0x43, 0, 0, 0, 0, 0, 2, 1, 0))[1] == 0x54


def read_cd(lba, count, flags, kind=0, subchannel=0):
    return packet(0xBE, kind << 2, *be(lba, 4), *be(count, 3), flags, subchannel)


def test_read_cd(rig):
    user = bytes(rig.drive.image.data[7 * 2048:8 * 2048])
    assert send(rig, read_cd(7, 1, 0x10))[0] == user
    raw, _ = send(rig, read_cd(7, 1, 0xF8))
    assert len(raw) == 2352 and raw[:12] == cd_sector.SYNC and raw[16:2064] == user
    assert raw[12:16] == bytes((0, 2, 7, 1))
    both, _ = send(rig, read_cd(7, 60, 0xF8))
    assert len(both) == 60 * 2352 and both[:2352] == raw
    assert len(send(rig, read_cd(7, 1, 0xFA))[0]) == 2646
    assert len(send(rig, read_cd(7, 2, 0x10, subchannel=2))[0]) == 2 * 2064
    assert send(rig, read_cd(7, 1, 0x20))[0] == bytes((0, 2, 7, 1))
    assert send(rig, read_cd(7, 1, 0))[0] == b""
    assert send(rig, read_cd(7, 1, 0x10, kind=1)) == (None, 0x54)
    assert sense(rig) == (5, 0x64, 0)
    assert send(rig, read_cd(7, 1, 0x10, subchannel=1))[1] == 0x54
    data, _ = send(rig, packet(0xB9, 0, 0, 0, 2, 7, 0, 2, 9, 0x10))
    assert data == rig.drive.image.data[7 * 2048:9 * 2048]


def test_edc_and_ecc_hold():
    """Every P and Q vector is a code word: both syndromes are 0."""
    user = pattern(2048, 4)
    raw = cd_sector.compose(1234, user, 0xF8, 0)
    assert len(raw) == 2352
    assert cd_sector.edc(raw[:2068]) == 0

    def syndromes(vector):
        plain = weighted = 0
        for byte in vector:
            plain ^= byte
            weighted = cd_sector.TIMES_X[weighted] ^ byte
        return plain, weighted

    body = raw[12:]
    for column in range(86):
        assert syndromes([body[column + 86 * row] for row in range(26)]) == (0, 0)
    for n in range(52):
        at = [(n >> 1) * 86 + (n & 1) + 88 * i for i in range(43)]
        assert syndromes([body[a % 2236] for a in at] + [body[2236 + n], body[2288 + n]]) == (0, 0)


def test_mode_sense(rig):
    data, _ = send(rig, packet(0x5A, 0, 0x3F, 0, 0, 0, 0, 1, 0))
    assert int.from_bytes(data[:2], "big") == len(data) - 2 and data[2] == 1
    pages, at = [], 8
    while at < len(data):
        pages.append(data[at])
        at += data[at + 1] + 2
    assert pages == [0x01, 0x0D, 0x0E, 0x1A, 0x2A] and at == len(data)
    data, _ = send(rig, packet(0x1A, 0, 0x01, 0, 200))
    assert data == bytes((11, 1, 0, 0, 1, 6, 0, 5, 0, 0, 0, 0))
    assert send(rig, packet(0x1A, 0, 0xC1, 0, 200))[1] == 0x54 and sense(rig) == (5, 0x39, 0)
    assert send(rig, packet(0x1A, 0, 0x05, 0, 200))[1] == 0x54 and sense(rig) == (5, 0x24, 0)


def test_mode_sense_capabilities(rig):
    """Linux takes a drive without audio play for one that cannot report media changes."""
    data, _ = send(rig, packet(0x5A, 0, 0x2A, 0, 0, 0, 0, 0, 128))
    page = data[8:]
    assert page[4] & 1 and page[6] & 0x28 == 0x28 and not page[6] & 2
    send(rig, packet(0x1E, 0, 0, 0, 1))
    assert send(rig, packet(0x5A, 0, 0x2A, 0, 0, 0, 0, 0, 128))[0][14] & 2


def select_parameters(rig, command, data):
    rig.out(4, 0xFE)
    rig.out(5, 0xFF)
    rig.command(0xA0)
    rig.push(command)
    assert rig.status() == 0x58 and rig.inb(2) == 0 and rig.inb(4) == len(data)
    rig.push(data)
    return rig.inb(7)


def test_mode_select(rig):
    page = bytes((1, 6, 0x20, 9, 0, 0, 0, 0))
    assert select_parameters(rig, packet(0x55, 0x10, 0, 0, 0, 0, 0, 0, 16), bytes(8) + page) == 0x50
    assert send(rig, packet(0x5A, 0, 1, 0, 0, 0, 0, 0, 100))[0][8:] == page
    assert select_parameters(rig, packet(0x15, 0x10, 0, 0, 12), bytes(4) + page[:3] + b"\3" + bytes(4)) == 0x50
    assert send(rig, packet(0x5A, 0, 1, 0, 0, 0, 0, 0, 100))[0][11] == 3
    assert select_parameters(rig, packet(0x55, 0x10, 0, 0, 0, 0, 0, 0, 16), bytes(8) + b"\5" + page[1:]) == 0x41
    assert sense(rig) == (5, 0x26, 0)
    assert send(rig, packet(0x55, 0x10))[1] is None


def test_no_medium():
    rig = Rig(AtapiDrive())
    rig.select(lba=False)
    send(rig, packet(0))
    toc, disc = packet(0x43, 0, 0, 0, 0, 0, 0, 0, 12), packet(0x51, 0, 0, 0, 0, 0, 0, 0, 34)
    for command in (packet(0), read10(0, 1), packet(0x25), toc, disc):
        assert send(rig, command) == (None, 0x20)
        assert sense(rig) == (2, 0x3A, 1)
    assert send(rig, packet(0x46, 0, 0, 0, 0, 0, 0, 0, 8))[0][6:] == b"\0\0"


def test_media_change(rig):
    rig.drive.insert(image(10))
    assert send(rig, read10(0, 1)) == (None, 0x60)
    assert sense(rig) == (6, 0x28, 0)
    assert send(rig, packet(0x25))[0][:4] == be(9, 4)           # told once
    data, _ = send(rig, packet(0x4A, 1, 0, 0, 0x10, 0, 0, 0, 8))
    assert data == bytes((0, 6, 4, 0x10, 2, 2, 0, 0))
    data, _ = send(rig, packet(0x4A, 1, 0, 0, 0x10, 0, 0, 0, 8))
    assert data[4:6] == b"\0\2"
    assert rig.drive.eject()
    assert send(rig, packet(0)) == (None, 0x20)
    assert send(rig, packet(0x4A, 1, 0, 0, 0x10, 0, 0, 0, 8))[0][4:6] == b"\3\0"
    assert send(rig, packet(0x4A, 0, 0, 0, 0x10, 0, 0, 0, 8))[1] == 0x54
    assert send(rig, packet(0x4A, 1, 0, 0, 0x02, 0, 0, 0, 8))[0] == bytes((0, 2, 0x80, 0x10))


def test_media_vanishes_during_a_read(rig):
    rig.out(4, 0)
    rig.out(5, 8)
    rig.command(0xA0)
    rig.push(read10(0, 200))
    rig.drive.eject(force=True)
    while rig.status() & ide.DRQ:
        rig.channel.read_data16(0)
    rig.select(lba=False)
    assert send(rig, packet(0)) == (None, 0x20)


def test_tray_lock(rig):
    send(rig, packet(0x1E, 0, 0, 0, 1))
    assert send(rig, packet(0x1B, 0, 0, 0, 2)) == (None, 0x54)
    assert sense(rig) == (5, 0x53, 2)
    assert not rig.drive.eject()
    assert send(rig, packet(0x4A, 1, 0, 0, 0x10, 0, 0, 0, 8))[0][4:6] == b"\1\2"
    send(rig, packet(0x1E))
    opened = []
    rig.drive.on_eject = lambda: opened.append(1)
    assert send(rig, packet(0x1B, 0, 0, 0, 2)) == (b"", None) and opened == [1]
    assert send(rig, packet(0)) == (None, 0x20) and sense(rig) == (2, 0x3A, 2)
    assert send(rig, packet(0x1B, 0, 0, 0, 3)) == (b"", None)
    assert send(rig, packet(0)) == (None, 0x60)
    assert send(rig, packet(0)) == (b"", None)


def test_get_configuration(rig):
    data, _ = send(rig, packet(0x46, 0, 0, 0, 0, 0, 0, 1, 0))
    assert int.from_bytes(data[:4], "big") == len(data) - 4 and data[6:8] == b"\0\x08"
    codes, at = [], 8
    while at < len(data):
        codes.append(data[at] << 8 | data[at + 1])
        at += 4 + data[at + 3]
    assert at == len(data) and codes == sorted(codes) and {0, 1, 2, 3, 0x10, 0x1E} <= set(codes)
    one, _ = send(rig, packet(0x46, 2, 0, 0x1E, 0, 0, 0, 1, 0))
    assert one[8:12] == bytes((0, 0x1E, 1, 4)) and len(one) == 16
    assert len(send(rig, packet(0x46, 2, 0, 0x99, 0, 0, 0, 1, 0))[0]) == 8
    assert send(rig, packet(0x46, 1, 0, 0x20, 0, 0, 0, 1, 0))[0][8:10] == b"\1\0"
    assert len(send(rig, packet(0x46, 0, 0, 0, 0, 0, 0, 0, 8))[0]) == 8


def test_dvd():
    class Large:
        size = 2048 * 2_000_000

        def read(self, offset, size):
            return bytes(size)
    rig = Rig(AtapiDrive(Large()))
    rig.select(lba=False)
    send(rig, packet(0))
    assert send(rig, packet(0x46, 0, 0, 0, 0, 0, 0, 0, 8))[0][6:] == b"\0\x10"
    data, _ = send(rig, packet(0xAD, 0, 0, 0, 0, 0, 0, 0, 8, 4))
    assert len(data) == 2052 and data[8:12] == be(0x30000, 4) and data[12:16] == be(0x30000 + 1_999_999, 4)


def test_information_commands(rig):
    assert send(rig, packet(0xAD, 0, 0, 0, 0, 0, 0, 0, 8, 4)) == (None, 0x54) and sense(rig) == (5, 0x30, 2)
    data, _ = send(rig, packet(0x51, 0, 0, 0, 0, 0, 0, 0, 34))
    assert len(data) == 34 and data[1] == 32 and data[2] == 0x0E
    data, _ = send(rig, packet(0x52, 1, 0, 0, 0, 1, 0, 0, 36))
    assert data[24:28] == be(SECTORS, 4) and data[2] == 1
    assert send(rig, packet(0x52, 1, 0, 0, 0, 2, 0, 0, 36))[1] == 0x54
    assert send(rig, packet(0xBD, 0, 0, 0, 0, 0, 0, 0, 0, 8))[0] == bytes(8)
    assert send(rig, packet(0x44, 2, 0, 0, 0, 75, 0, 0, 8))[0] == bytes((1, 0, 0, 0, 0, 0, 3, 0))
    data, _ = send(rig, packet(0x42, 2, 0x40, 1, 0, 0, 0, 0, 16))
    assert len(data) == 16 and data[:4] == bytes((0, 0x15, 0, 12)) and data[5:8] == bytes((0x14, 1, 1))
    assert len(send(rig, packet(0x42, 2, 0x40, 2, 0, 0, 0, 0, 24))[0]) == 24
    assert send(rig, packet(0xBB, 0, 0x02, 0xC2))[1] is None
    assert send(rig, packet(0x5A, 0, 0x2A, 0, 0, 0, 0, 0, 40))[0][22:24] == b"\x02\xC2"
    assert send(rig, packet(0x35))[1] is None


def test_audio_on_a_data_track(rig):
    assert send(rig, packet(0x45, 0, 0, 0, 0, 0, 0, 0, 5)) == (None, 0x54) and sense(rig) == (5, 0x64, 0)
    assert send(rig, packet(0x45)) == (b"", None)
    assert send(rig, packet(0x47, 0, 0, 0, 2, 0, 0, 3, 0))[1] == 0x54
    assert send(rig, packet(0x4B, 0, 0, 0, 0, 0, 0, 0, 1)) == (None, 0x54) and sense(rig) == (5, 0x2C, 0)
    assert send(rig, packet(0x4E)) == (b"", None)


def test_dma(rig):
    rig.prds(0x1000, [(0x8000, 0x2000), (0x20000, 0x1000)])
    rig.out(1, 1)
    rig.command(0xA0)
    rig.start_dma()
    rig.push(read10(4, 6))
    assert rig.inb(7) == 0x50 and rig.inb(2) == 3
    wanted = rig.drive.image.data[4 * 2048:10 * 2048]
    assert rig.memory.data[0x8000:0xA000] + rig.memory.data[0x20000:0x21000] == wanted
    assert rig.bus_master.read(2) & 5 == 4


def test_long_dma(rig):
    rig.prds(0x1000, [(0x10000 * (i + 1), 0x10000) for i in range(9)] + [(0x1000 + 0xB0000, 0x2800)])
    rig.out(1, 1)
    rig.command(0xA0)
    rig.push(read10(0, 293))
    rig.start_dma()
    rig.settle()
    assert rig.inb(7) == 0x50
    assert rig.memory.data[0x10000:0xA0000] == rig.drive.image.data[:9 * 0x10000]
    assert rig.memory.data[0xB1000:0xB1000 + 0x2800] == rig.drive.image.data[9 * 0x10000:293 * 2048]


def test_dma_error(rig):
    rig.drive.image.bad.add(64 * 4)
    rig.prds(0x1000, [(0x10000, 0), (0x20000, 0), (0x30000, 0)])
    rig.out(1, 1)
    rig.command(0xA0)
    rig.start_dma()
    rig.push(read10(0, 90))
    assert rig.inb(7) == 0x41 and rig.inb(1) == 0x30
    assert rig.bus_master.read(2) & 5 == 5
