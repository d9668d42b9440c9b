"""Function 4Fh: VBE 3.0."""

import struct

import pytest
from vga_bios_rig import BUFFER, INT_10, calls, video  # noqa: F401

FAILED, INVALID, DONE = 0x14F, 0x34F, 0x4F
# What VESA's list and the adapters with the Bochs interface have: number, width, height, bits
SOME = [(0x100, 640, 400, 8), (0x101, 640, 480, 8), (0x102, 800, 600, 4), (0x103, 800, 600, 8), (0x104, 1024, 768, 4),
        (0x105, 1024, 768, 8), (0x107, 1280, 1024, 8), (0x10D, 320, 200, 15), (0x10E, 320, 200, 16), (0x10F, 320, 200, 24),
        (0x110, 640, 480, 15), (0x111, 640, 480, 16), (0x112, 640, 480, 24), (0x113, 800, 600, 15), (0x114, 800, 600, 16),
        (0x115, 800, 600, 24), (0x116, 1024, 768, 15), (0x117, 1024, 768, 16), (0x118, 1024, 768, 24), (0x119, 1280, 1024, 15),
        (0x11A, 1280, 1024, 16), (0x11B, 1280, 1024, 24), (0x140, 320, 200, 32), (0x142, 640, 480, 32), (0x143, 800, 600, 32),
        (0x144, 1024, 768, 32), (0x145, 1280, 1024, 32), (0x18F, 1280, 720, 32), (0x190, 1920, 1080, 16), (0x192, 1920, 1080, 32)]
SHAPES = {15: "5 10 5 5 5 0 1 15", 16: "5 11 6 5 5 0 0 0", 24: "8 16 8 8 8 0 0 0", 32: "8 16 8 8 8 0 8 24"}


def mode_list(video):
    offset, segment = video.word(BUFFER + 14), video.word(BUFFER + 16)
    at, modes = segment * 16 + offset, []
    while video.word(at) != 0xFFFF:
        modes.append(video.word(at))
        at += 2
    return modes


def text(video, place):
    at = video.word(BUFFER + place + 2) * 16 + video.word(BUFFER + place)
    return video.read(at, 64).split(b"\0")[0].decode()


def information(video, mode):
    """The mode information block as a dict."""
    assert video.call(0x4F01, cx=mode, di=BUFFER)["ax"] == DONE
    data = video.read(BUFFER, 256)
    names = ("attributes win_a win_b granularity size segment_a segment_b function pitch width height cell_width cell_height planes bits "
             "banks model bank_size images reserved")
    values = struct.unpack_from("<HBBHHHHIHHHBBBBBBBBB", data)
    out = dict(zip(names.split(), values))
    out["masks"], out["linear"], out["linear_pitch"] = data[31:39], int.from_bytes(data[40:44], "little"), data[50] | data[51] << 8
    out["linear_masks"], out["rest"] = data[54:62], data[66:]
    return out


def set_mode(video, mode):
    assert video.call(0x4F02, bx=mode)["ax"] == DONE


def test_information(video):
    video.write(BUFFER, b"VBE2" + b"\xCC" * 600)
    assert video.call(0x4F00, di=BUFFER)["ax"] == DONE
    assert video.read(BUFFER, 6) == b"VESA\x00\x03"
    assert video.word(BUFFER + 18) == 256  # 16 MiB
    assert "VGA BIOS" in text(video, 6) and text(video, 22) and "VGA" in text(video, 26) and text(video, 30)
    for place in (6, 22, 26, 30):
        assert BUFFER + 256 <= video.word(BUFFER + place + 2) * 16 + video.word(BUFFER + place) < BUFFER + 512
    assert video.read(BUFFER + 512, 8) == b"\xCC" * 8
    modes = mode_list(video)
    assert modes == sorted(set(modes)) and {row[0] for row in SOME} <= set(modes)


def test_information_for_callers_of_version_1(video):
    """They have room for 256 bytes."""
    video.write(BUFFER, b"\xCC" * 600)
    video.call(0x4F00, di=BUFFER)
    assert video.read(BUFFER, 4) == b"VESA" and video.read(BUFFER + 256, 8) == b"\xCC" * 8
    assert len(mode_list(video)) > 60 and text(video, 6) and video.word(BUFFER + 8) == 0xC000


@pytest.mark.parametrize("number, width, height, bits", SOME, ids=lambda value: str(value))
def test_mode_information(video, number, width, height, bits):
    info = information(video, number)
    pitch = width // 8 if bits == 4 else width * ((bits + 7) // 8)
    assert (info["width"], info["height"], info["bits"], info["pitch"]) == (width, height, bits, pitch)
    assert info["attributes"] & 0x1B == 0x1B and info["win_a"] == 7 and info["win_b"] == 0 and info["segment_a"] == 0xA000
    assert (info["granularity"], info["size"], info["cell_width"], info["cell_height"]) == (64, 64, 8, 16)
    assert info["planes"] == (4 if bits == 4 else 1) and info["model"] == {4: 3, 8: 4}.get(bits, 6)
    assert bool(info["attributes"] & 0x80) == (bits != 4)
    if bits != 4:
        assert info["linear"] == 0xFD000000 or info["linear"] & 0xFFFFFF == 0 and info["linear"] >= 0x80000000
        assert info["linear_pitch"] == pitch
    if bits > 8:
        assert info["masks"] == info["linear_masks"] == bytes(int(word) for word in SHAPES[bits].split())
    size = pitch * height * (4 if bits == 4 else 1)
    assert (info["images"] + 1) * size <= 16 << 20
    assert not any(info["rest"])


SET_BAR_0 = bytes.fromhex("66B8 10100080 BAF80C 66EF BAFC0C 6689D8 66EF C3")         # of 00:02.0, to EBX


def test_frame_buffer_is_where_pci_has_it(video):
    """Moved by the guest, it is found at its new place."""
    before = information(video, 0x112)["linear"]
    video.code(SET_BAR_0)
    video.call(0, bx=0xE1000000)
    video.code(INT_10)
    try:
        assert information(video, 0x112)["linear"] == 0xE1000000
    finally:
        video.code(SET_BAR_0)
        video.call(0, bx=before)
        video.code(INT_10)


@pytest.mark.parametrize("number, width, height, bits", SOME, ids=lambda value: str(value))
def test_set_mode(video, number, width, height, bits):
    set_mode(video, number)
    assert video.call(0x4F03)["bx"] == number
    assert video.pc.screenshot().array.shape == (height, width, 3) and not video.pc.screenshot().array.any()
    assert (video.word(0x44A), video.byte(0x484), video.word(0x485)) == (width // 8, height // 16 - 1, 16)
    if bits != 4:
        set_mode(video, number | 0x4000)
        assert video.call(0x4F03)["bx"] == number | 0x4000
        linear = information(video, number)["linear"]
        size = (bits + 7) // 8
        white = {8: b"\x0F", 15: b"\xFF\x7F"}.get(bits, b"\xFF" * size)
        video.write(linear + (width * (height - 1) + 5) * size, white)
        picture = video.pc.screenshot().array.any(axis=2)
        assert list(zip(*picture.nonzero())) == [(height - 1, 5)]
    video.call(3)
    assert video.call(0x4F03)["bx"] == 3 and video.pc.screenshot().array.shape == (400, 720, 3)


def test_modes_that_cannot_be(video):
    for mode in (0x150, 0x1FF, 0x4102, 0x4003, 0x14, 0x7F, 0x108):
        assert video.call(0x4F02, bx=mode)["ax"] == FAILED, hex(mode)
        assert video.call(0x4F03)["bx"] == 3
    assert video.call(0x4F01, cx=0x150, di=BUFFER)["ax"] == FAILED


def test_vga_modes_by_vbe(video):
    set_mode(video, 0x13)
    assert video.byte(0x449) == 0x13 and video.call(0x4F03)["bx"] == 0x13
    video.write(0xA0000, b"\x05")
    set_mode(video, 0x8013)
    assert video.read(0xA0000, 1) == b"\x05"


def test_memory_is_kept_on_request(video):
    set_mode(video, 0x103)
    video.write(0xA0000, b"\x12\x34")
    set_mode(video, 0x8103)
    assert video.read(0xA0000, 2) == b"\x12\x34" and video.call(0x4F03)["bx"] == 0x8103
    set_mode(video, 0x103)
    assert video.read(0xA0000, 2) == bytes(2)


def test_timing_by_the_caller_is_accepted(video):
    set_mode(video, 0x4000 | 0x800 | 0x118)
    assert video.pc.screenshot().array.shape == (768, 1024, 3)
    assert video.call(0x4F0B, bx=0, cx=65_000_000, dx=0x118)["ecx"] == 65_000_000


def test_window(video):
    assert video.call(0x4F05, bx=0, dx=1)["ax"] == INVALID
    set_mode(video, 0x105)
    for bank in (0, 5, 255):
        assert video.call(0x4F05, bx=0, dx=bank)["ax"] == DONE and video.call(0x4F05, bx=0x100)["dx"] == bank
        video.write(0xA0000, bytes((bank ^ 0x5A,)))
    assert [video.pc.vram[bank << 16] for bank in (0, 5, 255)] == [0x5A, 0x5F, 0xA5]
    assert video.call(0x4F05, bx=0, dx=256)["ax"] == FAILED and video.call(0x4F05, bx=1, dx=0)["ax"] == FAILED
    set_mode(video, 0x4105)
    assert video.call(0x4F05, bx=0, dx=1)["ax"] == INVALID


def test_window_by_far_call(video):
    set_mode(video, 0x101)
    address = information(video, 0x101)["function"]
    video.code(b"\x9A" + address.to_bytes(4, "little") + b"\xC3")
    after = video.call(0x1234, bx=0, cx=0x5678, dx=3)
    assert (after["ax"], after["cx"], after["dx"]) == (DONE, 0x5678, 3)
    assert video.vga.dispi[5] == 3 and video.call(0, bx=0x100)["dx"] == 3
    assert video.call(0, bx=1)["ax"] == FAILED


@pytest.mark.parametrize("mode, unit", [(0x101, 1), (0x111, 2), (0x112, 3), (0x142, 4)])
def test_line_length(video, mode, unit):
    assert video.call(0x4F06, bx=1)["ax"] == INVALID
    set_mode(video, mode)
    after = video.call(0x4F06, bx=1)
    assert (after["ax"], after["bx"], after["cx"], after["dx"]) == (DONE, 640 * unit, 640, min(0xFFFF, (16 << 20) // (640 * unit)))
    after = video.call(0x4F06, bx=0, cx=1000)
    assert (after["bx"], after["cx"], after["dx"]) == (1000 * unit, 1000, min(0xFFFF, (16 << 20) // (1000 * unit)))
    after = video.call(0x4F06, bx=2, cx=801 * unit - (unit > 1))
    assert (after["ax"], after["cx"]) == (DONE, 801)
    after = video.call(0x4F06, bx=0, cx=0)  # narrower than the picture: the picture's width
    assert (after["ax"], after["cx"]) == (DONE, 640)
    after = video.call(0x4F06, bx=3)
    assert after["ax"] == DONE and after["cx"] >= 2000 and after["bx"] == after["cx"] * unit
    assert video.call(0x4F06, bx=0, cx=after["cx"])["cx"] == after["cx"]
    assert video.call(0x4F06, bx=0, cx=0xFFFF)["ax"] == FAILED
    assert video.call(0x4F06, bx=7)["ax"] == FAILED


def test_line_length_of_planes(video):
    set_mode(video, 0x102)
    after = video.call(0x4F06, bx=0, cx=1001)
    assert (after["ax"], after["bx"], after["cx"]) == (DONE, 126, 1008)


def test_display_start(video):
    assert video.call(0x4F07, bx=0)["ax"] == INVALID
    set_mode(video, 0x112)
    video.call(0x4F06, bx=0, cx=800)
    assert video.call(0x4F07, bx=0, cx=100, dx=50)["ax"] == DONE
    after = video.call(0x4F07, bx=1)
    assert (after["ax"], after["bh"], after["cx"], after["dx"]) == (DONE, 0, 100, 50)
    video.pc.vram[(50 * 800 + 100) * 3 + 2] = 0xFF
    assert list(video.pc.screenshot().array[0, 0]) == [255, 0, 0]
    assert video.call(0x4F07, bx=0, cx=161, dx=0)["ax"] == FAILED  # beyond the line
    assert video.call(0x4F07, bx=0, cx=0, dx=0xFF00)["ax"] == FAILED
    assert video.call(0x4F07, bx=0x80, cx=8, dx=2)["ax"] == DONE
    assert video.call(0x4F07, bx=2, cx=(20 * 800 + 40) * 3)["ax"] == DONE
    after = video.call(0x4F07, bx=1)
    assert (after["cx"], after["dx"]) == (40, 20)
    assert video.call(0x4F07, bx=4)["cx"] != 0
    assert video.call(0x4F07, bx=5)["ax"] == FAILED


def test_dac_width_and_palette_data(video):
    assert video.call(0x4F08, bx=0x0800)["ax"] == INVALID
    set_mode(video, 0x111)
    assert video.call(0x4F08, bx=1)["ax"] == INVALID
    set_mode(video, 0x101)
    assert video.call(0x4F08, bx=1)["bh"] == 6
    after = video.call(0x4F08, bx=0x0800)
    assert after["ax"] == DONE and after["bh"] == 8 and video.call(0x4F08, bx=1)["bh"] == 8
    video.write(BUFFER, bytes((0x81, 0x82, 0x83, 0, 1, 2, 3, 0)))
    assert video.call(0x4F09, bx=0, cx=2, dx=254, di=BUFFER)["ax"] == DONE
    assert bytes(video.vga.palette[254 * 4:254 * 4 + 3]) == b"\x83\x82\x81"
    assert video.call(0x4F09, bx=1, cx=2, dx=254, di=BUFFER + 64)["ax"] == DONE
    assert video.read(BUFFER + 64, 8) == video.read(BUFFER, 8)
    assert video.call(0x4F09, bx=0x80, cx=1, dx=0, di=BUFFER)["ax"] == DONE
    assert video.call(0x4F09, bx=0, cx=2, dx=255, di=BUFFER)["ax"] == FAILED
    assert video.call(0x4F09, bx=2, cx=1, dx=0, di=BUFFER)["ax"] == FAILED
    assert video.pc.screenshot().array.shape == (480, 640, 3)
    video.call(0x4F08, bx=0x0600)
    assert video.call(0x4F08, bx=1)["bh"] == 6
    video.call(3)
    assert video.vga.palette[4 * 63] >> 2 == 63  # and the text mode's colours have six bits again


def test_power(video):
    after = video.call(0x4F10, bx=0)
    assert after["ax"] == DONE and after["bl"] == 0x10 and after["bh"] == 7
    video.call(0x0E41)
    for state in (1, 2, 4):
        assert video.call(0x4F10, bx=state << 8 | 1)["ax"] == DONE and video.call(0x4F10, bx=2)["bh"] == state
        assert not video.pc.screenshot().array.any()
    assert video.call(0x4F10, bx=0x0801)["ax"] == FAILED
    video.call(0x4F10, bx=1)
    assert video.call(0x4F10, bx=2)["bh"] == 0 and video.pc.screenshot().array.any()


def test_edid(video):
    after = video.call(0x4F15, bx=0)
    assert (after["ax"], after["bx"]) == (DONE, 0x0102)
    assert video.call(0x4F15, bx=1, di=BUFFER)["ax"] == DONE
    edid = video.read(BUFFER, 128)
    assert edid[:8] == b"\0\xff\xff\xff\xff\xff\xff\0" and sum(edid) & 0xFF == 0 and edid[18:20] == b"\1\3"
    maker = edid[8] << 8 | edid[9]
    assert "".join(chr(64 + (maker >> shift & 31)) for shift in (10, 5, 0)) == "EMU"
    timing = edid[54:72]
    width, height = timing[2] | (timing[4] & 0xF0) << 4, timing[5] | (timing[7] & 0xF0) << 4
    total = (width + (timing[3] | (timing[4] & 15) << 8)) * (height + (timing[6] | (timing[7] & 15) << 8))
    assert (width, height) == (1024, 768) and abs((timing[0] | timing[1] << 8) * 10_000 / total - 60) < 0.1
    assert edid[90:95] == b"\0\0\0\xfc\0" and edid[95:108].split(b"\n")[0] == b"emu display"
    assert video.call(0x4F15, bx=1, dx=1, di=BUFFER)["ax"] == FAILED and video.call(0x4F15, bx=2)["ax"] == FAILED


def test_functions_that_are_not(video):
    for al in (0x0C, 0x11, 0x12, 0x13, 0x14, 0x20, 0xFF):
        assert video.call(0x4F00 | al)["al"] != 0x4F


# -- protected mode ------------------------------------------------------------------------------------------------------

# From real mode to flat 32-bit code that calls EDI, and back; BX, CX, DX, ESI are the caller's
CALL_32 = """
    FA                      ; cli
    66 55                   ; push ebp
    1E                      ; push ds
    06                      ; push es
    0F 01 16 {w:gdtr}       ; lgdt [gdtr]
    66 50                   ; push eax
    0F 20 C0                ; mov eax, cr0
    0C 01                   ; or al, 1
    0F 22 C0                ; mov cr0, eax
    66 58                   ; pop eax
    EA {w:flat} 08 00       ; jmp 8:flat
flat:
    50                      ; push eax                  32-bit code
    B8 10 00 00 00          ; mov eax, 10h
    8E D8                   ; mov ds, ax
    8E C0                   ; mov es, ax
    8E D0                   ; mov ss, ax
    58                      ; pop eax
    FF D5                   ; call ebp
    EA {d:narrow} 18 00     ; jmp 18h:narrow
narrow:
    66 50                   ; push eax                  16-bit code
    B8 20 00                ; mov ax, 20h
    8E D0                   ; mov ss, ax
    0F 20 C0                ; mov eax, cr0
    24 FE                   ; and al, 0FEh
    0F 22 C0                ; mov cr0, eax
    EA {w:real} 00 00       ; jmp 0:real
real:
    31 C0                   ; xor ax, ax
    8E D0                   ; mov ss, ax
    66 58                   ; pop eax
    07                      ; pop es
    1F                      ; pop ds
    66 5D                   ; pop ebp
    FB                      ; sti
    C3                      ; ret
gdtr:
    27 00 {d:gdt}
gdt:
    00 00 00 00 00 00 00 00
    FF FF 00 00 00 9A CF 00
    FF FF 00 00 00 92 CF 00
    FF FF 00 00 00 9A 00 00
    FF FF 00 00 00 92 00 00
"""


@pytest.fixture
def protected(video):
    """Copies the interface to memory and gives (machine, entries): call with bp = an entry."""
    from emu.machine.boot_rom import assemble
    after = video.call(0x4F0A, bx=0)
    assert after["ax"] == DONE
    table = video.read(after["es"] * 16 + after["di"], after["cx"])
    video.write(0x9000, table)
    video.code(assemble(CALL_32, 0x700, {}))
    return video, [0x9000 + offset for offset in struct.unpack_from("<4H", table)]


def test_protected_mode_interface(protected):
    video, (window, start, palette, resources) = protected
    video.code(INT_10)
    set_mode(video, 0x112)
    video.call(0x4F06, bx=0, cx=800)
    from emu.machine.boot_rom import assemble
    video.code(assemble(CALL_32, 0x700, {}))
    assert video.call(0, bx=0, dx=9, bp=window)["ax"] == DONE and video.vga.dispi[5] == 9
    assert video.call(0, bx=0x100, bp=window)["dx"] == 9
    place = (30 * 800 + 20) * 3 // 4
    after = video.call(0, bx=0, cx=place & 0xFFFF, dx=place >> 16, bp=start)
    assert after["ax"] == DONE and (video.vga.dispi[8], video.vga.dispi[9]) == (20, 30)
    assert after["cx"] == place & 0xFFFF and after["dx"] == place >> 16
    assert video.call(0, bx=0x80, cx=0, dx=0, bp=start)["ax"] == DONE and video.vga.dispi[9] == 0
    video.write(BUFFER, bytes((4, 8, 12, 0, 16, 20, 24, 0)))
    assert video.call(0, bx=0, cx=2, dx=30, di=BUFFER, bp=palette)["ax"] == DONE
    assert [level >> 2 for level in video.vga.palette[120:127]] == [12, 8, 4, 0, 24, 20, 16]
    ports = set()
    while video.word(resources) != 0xFFFF:
        ports.add(video.word(resources))
        resources += 2
    assert {0x1CE, 0x1CF, 0x3C8, 0x3C9} <= ports and video.word(resources + 2) == 0xFFFF
