"""EDID: how the monitor at the VGA describes itself.  VESA E-EDID Standard A.1."""

# Of the preferred mode, VESA DMT 1024x768 at 60 Hz: active, blank, front porch, sync; both signs negative
PREFERRED_CLOCK = 65_000_000
PREFERRED_H, PREFERRED_V = (1024, 320, 24, 136), (768, 38, 3, 6)
SIZE_MM = (271, 203)  # at 96 dots an inch
PRIMARIES = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), (0.3127, 0.3290))  # sRGB


def descriptor(tag, data):
    """A monitor descriptor of 18 bytes."""
    return bytes((0, 0, 0, tag, 0)) + data


def descriptor_text(tag, words):
    return descriptor(tag, (words + "\n").ljust(13).encode())


def preferred_timing():
    """The first detailed timing descriptor."""
    (h, h_blank, h_front, h_sync), (v, v_blank, v_front, v_sync) = PREFERRED_H, PREFERRED_V
    width, height = SIZE_MM
    return (PREFERRED_CLOCK // 10_000).to_bytes(2, "little") + bytes((
        h & 0xFF, h_blank & 0xFF, h >> 8 << 4 | h_blank >> 8, v & 0xFF, v_blank & 0xFF, v >> 8 << 4 | v_blank >> 8,
        h_front & 0xFF, h_sync & 0xFF, (v_front & 15) << 4 | v_sync & 15,
        h_front >> 8 << 6 | h_sync >> 8 << 4 | v_front >> 4 << 2 | v_sync >> 4,
        width & 0xFF, height & 0xFF, width >> 8 << 4 | height >> 8, 0, 0, 0x18))


def edid():
    """128 bytes: an analogue colour monitor of 1024x768.

    X servers take the largest size that is named here, whatever is preferred; so larger ones, which the monitor shows all the
    same, are not.
    """
    maker = sum(ord(letter) - 64 << shift for letter, shift in zip("EMU", (10, 5, 0)))
    head = b"\0" + b"\xff" * 6 + b"\0" + maker.to_bytes(2, "big") + bytes((1, 0, 1, 0, 0, 0, 1, 34, 1, 3))
    look = bytes((0x08, SIZE_MM[0] // 10, SIZE_MM[1] // 10, 120, 0x0E))  # gamma 2.2; RGB colour, sRGB, preferred timing
    points = [round(value * 1024) for primary in PRIMARIES for value in primary]
    low = sum((value & 3) << 14 - 2 * n for n, value in enumerate(points))
    colour = low.to_bytes(2, "big") + bytes(value >> 2 for value in points)
    established = bytes((0x21, 0x08, 0))  # 640x480, 800x600, 1024x768 at 60 Hz
    standard = bytes((1, 1)) * 8  # none
    ranges = descriptor(0xFD, bytes((50, 75, 30, 90, 20, 0)) + b"\n" + b" " * 6)
    data = head + look + colour + established + standard + preferred_timing() + ranges \
        + descriptor_text(0xFC, "emu display") + descriptor_text(0xFF, "1") + b"\0"
    return data + bytes((-sum(data) & 0xFF,))
