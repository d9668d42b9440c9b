"""ATA disk commands."""
import pytest
from ide_rig import MemoryDisk, Rig, pattern

from emu.devices import ide
from emu.devices.ata import AtaDisk

SIZE = 8 << 20


@pytest.fixture
def rig():
    rig = Rig(AtaDisk(MemoryDisk(pattern(SIZE)), model="Test Disk", serial="SN1"))
    rig.disk = rig.channel.devices[0].backend
    rig.select()
    return rig


def word(data, n):
    return data[2 * n] | data[2 * n + 1] << 8


def identify(rig):
    assert rig.command(0xEC) == 0x58
    return rig.pull(512)


def test_identify(rig):
    data = identify(rig)
    total = SIZE // 512
    assert word(data, 0) == 0x0040
    assert (word(data, 1), word(data, 3), word(data, 6)) == (total // 1008, 16, 63)
    assert word(data, 60) | word(data, 61) << 16 == total
    assert word(data, 100) | word(data, 101) << 16 == total
    assert word(data, 57) | word(data, 58) << 16 == total // 1008 * 1008
    text = bytes(data[i ^ 1] for i in range(54, 94))
    assert text == b"Test Disk".ljust(40)
    assert sum(data) & 0xFF == 0 and data[510] == 0xA5
    assert word(data, 49) & 0x300 == 0x300 and word(data, 53) & 7 == 7
    assert word(data, 83) & 0x400 and word(data, 83) >> 14 == 1 and word(data, 84) >> 14 == 1
    assert rig.inb(7) == 0x50
    assert rig.irqs == [1, 0]                   # none after the last block


def test_read_sectors(rig):
    rig.task(100, 3)
    assert rig.command(0x20) == 0x58
    assert rig.pull(3 * 512) == rig.disk.data[100 * 512:103 * 512]
    assert rig.inb(7) == 0x50
    assert [rig.inb(r) for r in (2, 3, 4, 5)] == [0, 102, 0, 0]


def test_every_block_interrupts(rig):
    rig.task(0, 4)
    rig.out(7, 0x20)
    for _ in range(4):
        rig.settle()
        assert rig.irqs[-1] == 1
        assert rig.inb(7) == 0x58
        for _ in range(128):
            rig.channel.read_data32(0)
    rig.settle()
    assert rig.irqs == [1, 0] * 4 and rig.inb(7) == 0x50


def test_256_sectors(rig):
    rig.task(5, 0)
    rig.command(0x20)
    assert rig.pull(256 * 512, 32) == rig.disk.data[5 * 512:261 * 512]
    assert rig.status() == 0x50


def test_more_than_the_buffer(rig):
    rig.task48(1, 600)
    rig.command(0x24)
    assert rig.pull(600 * 512, 32) == rig.disk.data[512:601 * 512]
    assert rig.status() == 0x50
    assert rig.inb(3) | rig.inb(4) << 8 == 600


def test_chs(rig):
    rig.select(lba=False, head=3)
    rig.out(2, 1)
    rig.out(3, 5)
    rig.out(4, 2)
    rig.out(5, 0)
    assert rig.command(0x20) == 0x58
    lba = (2 * 16 + 3) * 63 + 4
    assert rig.pull(512) == rig.disk.data[lba * 512:lba * 512 + 512]
    assert [rig.inb(r) for r in (3, 4, 5)] == [5, 2, 0] and rig.inb(6) & 15 == 3
    rig.out(2, 1)
    rig.out(3, 0)
    assert rig.command(0x20) == 0x51 and rig.inb(1) == 0x10


def test_initialize_device_parameters(rig):
    rig.select(lba=False, head=0)
    rig.out(2, 17)
    assert rig.command(0x91) == 0x50            # one head
    data = identify(rig)
    assert (word(data, 55), word(data, 56)) == (1, 17) and word(data, 3) == 16
    rig.out(2, 1)
    rig.out(3, 2)
    rig.out(4, 3)
    rig.out(5, 0)
    rig.command(0x20)
    lba = 3 * 17 + 1
    assert rig.pull(512) == rig.disk.data[lba * 512:lba * 512 + 512]


def test_read_multiple(rig):
    rig.out(2, 8)
    assert rig.command(0xC6) == 0x50
    rig.task(0, 20)
    rig.irqs.clear()
    rig.out(7, 0xC4)
    sizes = []
    while rig.status() & 8:
        size = 0
        while rig.channel.phase == ide.PIO_IN:
            rig.channel.read_data16(0)
            size += 2
        sizes.append(size)
    assert sizes == [4096, 4096, 2048]
    assert rig.irqs.count(1) == 3


def test_set_multiple_refuses(rig):
    for count in (3, 32, 255):
        rig.out(2, count)
        assert rig.command(0xC6) == 0x51 and rig.inb(1) == 4
    rig.task(0, 1)
    assert rig.command(0xC4) == 0x51


def test_write_sectors(rig):
    data = pattern(3 * 512)[::-1]
    rig.task(7, 3)
    rig.out(7, 0x30)
    rig.settle()
    assert rig.irqs == [] and rig.inb(7) == 0x58          # no interrupt before the first block
    rig.push(data)
    assert rig.irqs[-1] == 1 and rig.inb(7) == 0x50
    assert rig.disk.data[7 * 512:10 * 512] == data


def test_long_write(rig):
    data = pattern(300 * 512)[::-1]
    rig.task48(9, 300)
    rig.command(0x39)
    for i in range(0, len(data), 4):
        rig.settle()
        rig.channel.write_data32(0, int.from_bytes(data[i:i + 4], "little"))
    assert rig.status() == 0x50 and rig.disk.data[9 * 512:309 * 512] == data


def test_write_to_read_only_disk_aborts(rig):
    rig.disk.read_only = True
    rig.task(0, 1)
    assert rig.command(0x30) == 0x51 and rig.inb(1) & 4


def test_out_of_range(rig):
    rig.task(SIZE // 512 - 1, 2)
    assert rig.command(0x20) == 0x51 and rig.inb(1) == 0x10
    rig.task(SIZE // 512 - 1, 1)
    assert rig.command(0x20) == 0x58


def test_bad_sector(rig):
    rig.disk.bad.add(102)
    rig.task(100, 5)
    rig.command(0x20)
    assert rig.pull(1024) == rig.disk.data[100 * 512:102 * 512]
    assert rig.status() == 0x51 and rig.inb(1) == 0x40
    assert rig.inb(3) == 102
    rig.task(100, 5)
    assert rig.command(0x40) == 0x51 and rig.inb(3) == 102
    rig.task(100, 5)
    rig.command(0x30)
    rig.push(bytes(5 * 512))
    assert rig.inb(7) & 0x21 == 0x21


def test_verify(rig):
    rig.task(0, 0)
    assert rig.command(0x40) == 0x50 and rig.inb(3) == 255
    rig.task(SIZE // 512, 1)
    assert rig.command(0x42) == 0x51


def test_set_features(rig):
    for feature, count, good in ((0x03, 0x22, True), (0x03, 0x45, True), (0x03, 0x23, False), (0x03, 0x0C, True),
                                 (0x02, 0, True), (0x82, 0, True), (0x66, 0, True), (0xAA, 0, True), (0x95, 0, True),
                                 (0x77, 0, False)):
        rig.out(1, feature)
        rig.out(2, count)
        assert (rig.command(0xEF) == 0x50) == good, hex(feature)
    rig.out(1, 3)
    rig.out(2, 0x22)
    rig.command(0xEF)
    data = identify(rig)
    assert word(data, 63) == 0x0407 and word(data, 88) == 0x003F
    assert not word(data, 85) & 0x20            # write cache off


def test_write_cache_off_flushes(rig):
    rig.out(1, 0x82)
    rig.command(0xEF)
    rig.disk.flushes = 0
    rig.task(0, 1)
    rig.command(0x30)
    rig.push(bytes(512))
    assert rig.disk.flushes == 1
    rig.command(0xE7)
    rig.command(0xEA)
    assert rig.disk.flushes == 3


def test_power(rig):
    rig.command(0xE5)
    assert rig.inb(2) == 0xFF
    rig.command(0xE0)
    rig.command(0xE5)
    assert rig.inb(2) == 0
    assert rig.command(0xE6) == 0x50
    assert rig.command(0xEC) == 0x51
    rig.channel.write_control(0, 4)
    rig.channel.write_control(0, 0)
    rig.settle()
    assert rig.command(0xEC) == 0x58


def test_native_max(rig):
    rig.select()
    assert rig.command(0xF8) == 0x50
    assert rig.inb(3) | rig.inb(4) << 8 | rig.inb(5) << 16 | (rig.inb(6) & 15) << 24 == SIZE // 512 - 1
    assert rig.command(0x27) == 0x50
    assert rig.inb(3) | rig.inb(4) << 8 | rig.inb(5) << 16 == SIZE // 512 - 1


def smart(rig, feature, low=0):
    """A sector that SMART sends."""
    rig.out(1, feature)
    rig.out(2, 1)
    rig.out(3, low)
    assert rig.command(0xB0) == 0x58
    return rig.pull(512)


@pytest.mark.parametrize("native, set_max, put", [(0xF8, 0xF9, Rig.task), (0x27, 0x37, Rig.task48)])
def test_set_max_address(rig, native, set_max, put):
    """Sectors behind the new end are not there, until a hardware reset or for good; only right after READ NATIVE MAX ADDRESS."""
    total = SIZE // 512

    def limit(last, keep):
        rig.select()
        rig.command(native)
        put(rig, last, keep)
        return rig.command(set_max)

    def size():
        data = identify(rig)
        assert word(data, 60) | word(data, 61) << 16 == word(data, 100) | word(data, 101) << 16
        return word(data, 60) | word(data, 61) << 16

    put(rig, 999, 0)
    assert rig.command(set_max) == 0x51 and rig.inb(1) == 4
    assert limit(999, 0) == 0x50 and size() == 1000
    rig.task(999, 2)
    assert rig.command(0x20) == 0x51 and rig.inb(1) == 0x10
    rig.command(native)
    assert rig.inb(3) | rig.inb(4) << 8 == total - 1
    rig.channel.reset()
    rig.settle()
    assert size() == total
    assert limit(total, 0) == 0x51 and rig.inb(1) == 0x10 and size() == total
    assert limit(1999, 1) == 0x50
    rig.channel.reset()
    rig.settle()
    assert size() == 2000
    assert limit(total - 1, 1) == 0x50 and size() == total


def test_smart(rig):
    rig.out(1, 0xDA)
    rig.out(4, 0x4F)
    rig.out(5, 0xC2)
    assert rig.command(0xB0) == 0x50 and (rig.inb(4), rig.inb(5)) == (0x4F, 0xC2)
    rig.out(1, 0xD0)
    assert rig.command(0xB0) == 0x58
    assert sum(rig.pull(512)) & 0xFF == 0
    thresholds = smart(rig, 0xD1)
    assert sum(thresholds) & 0xFF == 0 and thresholds[2:14:12] and thresholds[3] == 16
    assert smart(rig, 0xD5, 0)[2] == smart(rig, 0xD5, 0)[12] == 1               # directory: one sector each of logs 1 and 6
    assert sum(smart(rig, 0xD5, 1)) & 0xFF == 0 and smart(rig, 0xD5, 6)[508] == 0
    rig.out(1, 0xD4)
    rig.out(3, 1)
    assert rig.command(0xB0) == 0x50
    assert smart(rig, 0xD5, 6)[2:4] == b"\1\0" and smart(rig, 0xD5, 6)[508] == 1
    for feature, low in ((0xD4, 5), (0xD5, 9), (0xD6, 0x80), (0xDF, 0)):
        rig.out(1, feature)
        rig.out(3, low)
        assert rig.command(0xB0) == 0x51 and rig.inb(1) == 4
    rig.out(1, 0xD9)
    assert rig.command(0xB0) == 0x50
    rig.out(1, 0xDA)
    assert rig.command(0xB0) == 0x51
    rig.out(4, 0)
    assert rig.command(0xB0) == 0x51


@pytest.mark.parametrize("code", [0x00, 0x08, 0xA0, 0xA1, 0xF5, 0xDA, 0xDE, 0xB1, 0xF1, 0xF6, 0xF9, 0xFF, 0x80])
def test_unknown_commands_abort(rig, code):
    assert rig.command(code) == 0x51 and rig.inb(1) == 4 and rig.irqs[0] == 1
    assert rig.command(0xE7) == 0x50 and rig.inb(1) == 0


def test_recalibrate_and_seek(rig):
    assert rig.command(0x10) == 0x50 and rig.command(0x1F) == 0x50
    rig.task(3, 1)
    assert rig.command(0x70) == 0x50
    rig.task(SIZE // 512, 1)
    assert rig.command(0x70) == 0x51
