"""Every encoding in every kind of pixel format, decoded by the tests' own client."""
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emu.display.rfb.pixels import PixelFormat
from emu.display.rfb.protocol import ProtocolError
from emu.display.rfb.screen import TILE, rectangles, tile_count, tiles
from rfb_client import HEXTILE, NATIVE, RAW, ZLIB, ZRLE, Client
from rfb_rig import Served, noise

FORMATS = {
    "native": NATIVE,
    "32 big-endian": (32, 24, 1, 1, 255, 255, 255, 16, 8, 0),
    "32 high bytes": (32, 24, 0, 1, 255, 255, 255, 24, 16, 8),
    "32 high bytes, big-endian": (32, 24, 1, 1, 255, 255, 255, 8, 16, 24),
    "32 bgr": (32, 24, 0, 1, 255, 255, 255, 0, 8, 16),
    "32 of depth 32": (32, 32, 0, 1, 255, 255, 255, 16, 8, 0),
    "30 bits": (32, 30, 0, 1, 1023, 1023, 1023, 20, 10, 0),
    "16": (16, 16, 0, 1, 31, 63, 31, 11, 5, 0),
    "16 big-endian": (16, 16, 1, 1, 31, 63, 31, 11, 5, 0),
    "15": (16, 15, 0, 1, 31, 31, 31, 10, 5, 0),
    "8": (8, 8, 0, 1, 7, 7, 3, 0, 3, 6),
    "6": (8, 6, 0, 1, 3, 3, 3, 4, 2, 0),
    "3": (8, 3, 0, 1, 1, 1, 1, 2, 1, 0),
    "uneven": (16, 16, 0, 1, 9, 21, 6, 0, 4, 9),
    "map": (8, 8, 0, 0, 0, 0, 0, 0, 0, 0),
    "wide map": (16, 8, 1, 0, 0, 0, 0, 0, 0, 0),
}


def wanted(pixels, fields):
    """What a client should get, computed pixel by pixel channel."""
    maxima, shifts = (fields[4:7], fields[7:10]) if fields[3] else ((7, 7, 3), (5, 2, 0))
    out = np.zeros(pixels.shape, np.uint64)
    for place, maximum, shift in zip((16, 8, 0), maxima, shifts):
        level = pixels.astype(np.uint64) >> np.uint64(place) & np.uint64(255)
        out |= np.floor(level * maximum / 255 + 0.5).astype(np.uint64) << np.uint64(shift)
    return out


@pytest.fixture(scope="module")
def served():
    made = Served()
    yield made
    made.close()


def picture():
    """Something for each way to write a tile: plain, two colours, few, many, noise, odd sizes."""
    pixels = np.full((203, 311), 0x102030, np.uint32)
    pixels[:70, :64] = noise(70, 64, 2, 1)
    pixels[64:128, 64:128] = noise(64, 64, 4, 2)
    pixels[:64, 128:192] = noise(64, 64, 13, 3)
    pixels[128:, 128:] = noise(75, 183, None, 4)
    pixels[10:30, 200:300] = 0xFFFFFF
    pixels[15, 210:260] = 0
    return pixels


QUICK = ("native", "32 high bytes, big-endian", "16", "map")


@pytest.mark.parametrize("encoding", (RAW, HEXTILE, ZLIB, ZRLE))
@pytest.mark.parametrize("name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in FORMATS])
def test_every_encoding_in_every_format(served, encoding, name):
    pixels = picture()
    served.draw(pixels)
    with Client(served.port) as client:
        client.set_format(*FORMATS[name])
        client.set_encodings(encoding)
        assert (client.fetch() == wanted(pixels, client.format)).all()
        if not client.format[3]:
            assert client.colours.shape == (256, 3)
            assert client.colours[0xE3].tolist() == [0xFFFF, 0, 0xFFFF] and client.colours[0x1C].tolist() == [0, 0xFFFF, 0]
        pixels[100:110, 5:9] ^= 0x808080  # a second update, on the same zlib stream
        pixels[40, 300] ^= 0xFF
        served.draw(pixels)
        client.request()
        assert 2 <= len(client.update()) <= 3
        assert (client.picture == wanted(pixels, client.format)).all()


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_format_and_picture(served, data):
    bits = data.draw(st.sampled_from((8, 16, 32)))
    left, fields = bits, []
    for _ in range(3):
        size = data.draw(st.integers(0, min(left, 16)))
        left -= size
        fields.append((data.draw(st.integers(0, (1 << size) - 1)), bits - left - size))
    colours = data.draw(st.sampled_from((1, 2, 3, 5, 16, 17, 300)))
    height, width = data.draw(st.integers(1, 140)), data.draw(st.integers(1, 140))
    pixels = noise(height, width, colours, data.draw(st.integers(0, 99)))
    served.draw(pixels)
    depth = data.draw(st.integers(1, 32))
    big = data.draw(st.integers(0, 1))
    encoding = data.draw(st.sampled_from((RAW, HEXTILE, ZLIB, ZRLE)))
    with Client(served.port) as client:
        client.set_format(bits, depth, big, 1, *(m for m, _ in fields), *(s for _, s in fields))
        client.set_encodings(encoding)
        assert (client.fetch() == wanted(pixels, client.format)).all()


def test_formats_that_cannot_be():
    for fields in ((24, 24, 0, 1, 255, 255, 255, 16, 8, 0), (16, 16, 0, 1, 255, 255, 255, 16, 8, 0),
                   (32, 24, 0, 1, 65535, 255, 255, 255, 8, 0), (0, 0, 0, 0, 0, 0, 0, 0, 0, 0)):
        with pytest.raises(ProtocolError):
            PixelFormat(fields[0], fields[1], bool(fields[2]), bool(fields[3]), fields[4:7], fields[7:])


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 700), st.integers(1, 700), st.lists(st.tuples(st.integers(0, 699), st.integers(0, 699)), max_size=40))
def test_rectangles_cover_what_changed_and_no_more(height, width, points):
    changed = np.zeros((height, width), bool)
    for y, x in points:
        changed[y % height, x % width] = True
    mask = tiles(changed)
    assert mask.shape == tile_count(height, width)
    covered = np.zeros((height, width), int)
    for x, y, w, h in rectangles(mask, height, width):
        assert w > 0 and h > 0 and x + w <= width and y + h <= height
        covered[y:y + h, x:x + w] += 1
    assert covered.max() <= 1
    spread = np.zeros((height, width), bool)
    for y, x in points:
        y, x = y % height // TILE * TILE, x % width // TILE * TILE
        spread[y:y + TILE, x:x + TILE] = True
    assert ((covered == 1) == spread).all()
