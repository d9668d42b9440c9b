"""Functions 0Bh and 10h: palette registers, border, DAC."""

from vga_bios_rig import BUFFER, calls, video  # noqa: F401


def dac(video, index):
    return tuple(level >> 2 for level in video.vga.palette[4 * index:4 * index + 3])


def test_palette_registers(video):
    video.call(0x1000, bx=0x2A03)
    assert video.vga.attribute[3] == 0x2A and video.call(0x1007, bx=3)["bh"] == 0x2A
    assert video.vga.attribute_index & 0x20  # the picture stays
    video.call(0x1001, bx=0x1500)
    assert video.vga.attribute[0x11] == 0x15 and video.call(0x1008)["bh"] == 0x15
    video.write(BUFFER, bytes(range(16, 33)))
    video.call(0x1002, dx=0, es=BUFFER >> 4)
    assert bytes(video.vga.attribute[:16]) == bytes(range(16, 32)) and video.vga.attribute[0x11] == 32
    video.call(0x1009, dx=BUFFER + 64)
    assert video.read(BUFFER + 64, 17) == bytes(range(16, 33))


def test_blink_or_bright_background(video):
    video.call(0x1003, bx=0)
    assert not video.vga.attribute[0x10] & 8 and not video.byte(0x465) & 0x20
    video.call(0x1003, bx=1)
    assert video.vga.attribute[0x10] & 8 and video.byte(0x465) & 0x20


def test_dac_registers(video):
    video.call(0x1010, bx=200, dx=0x3F00, cx=0x1020)
    assert dac(video, 200) == (0x3F, 0x10, 0x20)
    after = video.call(0x1015, bx=200)
    assert (after["dh"], after["ch"], after["cl"]) == (0x3F, 0x10, 0x20)
    video.write(BUFFER, bytes(n & 63 for n in range(30)))
    video.call(0x1012, bx=250, cx=6, dx=BUFFER)
    assert dac(video, 250) == (0, 1, 2) and dac(video, 255) == (15, 16, 17)
    video.call(0x1017, bx=250, cx=6, dx=BUFFER + 100)
    assert video.read(BUFFER + 100, 18) == bytes(range(18))


def test_mask_and_pages(video):
    video.call(0x1018, bx=0x3F)
    assert video.vga.dac_mask == 0x3F and video.call(0x1019, bx=0)["bl"] == 0x3F
    video.call(0x1013, bx=0x0100)  # sixteen pages of 16
    video.call(0x1013, bx=0x0701)
    assert video.vga.attribute[0x10] & 0x80 and video.vga.attribute[0x14] == 7
    assert video.call(0x101A)["bx"] == 0x0701
    video.call(0x1013, bx=0x0000)  # four of 64
    video.call(0x1013, bx=0x0201)
    assert not video.vga.attribute[0x10] & 0x80 and video.vga.attribute[0x14] == 8
    assert video.call(0x101A)["bx"] == 0x0200


def test_grey(video):
    video.call(0x1010, bx=10, dx=0x3F00, cx=0)
    video.call(0x101B, bx=10, cx=1)
    assert dac(video, 10) == (19, 19, 19)  # 30 % of 63
    assert dac(video, 11) != (19, 19, 19)


def test_border_and_cga_palettes(video):
    video.call(0x0B00, bx=0x0001)
    assert video.vga.attribute[0x11] == 1 and video.vga.attribute[0] == 0
    video.call(4)
    video.call(0x0B00, bx=0x0002)
    assert video.vga.attribute[0] == 2 and video.vga.attribute[0x11] == 2
    assert list(video.vga.attribute[1:4]) == [3, 5, 7]  # without intensity
    video.call(0x0B00, bx=0x0100)
    assert list(video.vga.attribute[1:4]) == [2, 4, 6] and not video.byte(0x466) & 0x20
    video.call(0x0B00, bx=0x0101)
    assert list(video.vga.attribute[1:4]) == [3, 5, 7] and video.byte(0x466) & 0x20
    video.call(0x0B00, bx=0x0010)
    assert list(video.vga.attribute[1:4]) == [0x13, 0x15, 0x17]
