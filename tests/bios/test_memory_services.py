"""Memory: INT 12h and INT 15h; address line 20; block move; the areas below 1 MiB."""

import struct

import pytest
from bios_machines import boot, media, ours, rig  # noqa: F401
from bios_rig import BUFFER, CF

pytestmark = pytest.mark.native

KIB, MIB = 1 << 10, 1 << 20
SMAP = 0x534D4150
RAM, RESERVED = 1, 2


def e820(rig):
    """The whole map as (base, size, type)."""
    entries, follow = [], 0
    while True:
        r = rig.call(0x15, eax=0xE820, ebx=follow, ecx=24, edx=SMAP, edi=BUFFER)
        assert not r.cf and r.eax == SMAP and r.ecx == 20
        entries.append(rig.read(BUFFER, "QQI"))
        follow = r.ebx
        if not follow:
            return entries


@pytest.mark.parametrize("memory", ["1M", "4M", "15M", "16M", "17M", "64M", "65M", "1G", "3584M"])
def test_sizes_agree(boot, media, memory):
    """E820h has all RAM without overlaps, and the older calls tell the same as far as they can."""
    size = int(memory[:-1]) * (MIB if memory[-1] == "M" else 1 << 30)
    rig = boot(floppy=media["floppy"], memory=memory)
    entries = sorted(e820(rig))
    for (base, length, _), (following, _, _) in zip(entries, entries[1:]):
        assert base + length <= following
    assert entries[0] == (0, 0x9FC00, RAM) and (0x9FC00, 0x400, RESERVED) in entries
    assert (0xE0000, 0x20000, RESERVED) in entries
    below4g = [e for e in entries if MIB <= e[0] < 0xE0000000]
    assert sum(length for _, length, _ in below4g) == size - MIB
    upper = sum(length for base, length, kind in below4g if kind == RAM)
    assert upper > size - MIB - 0x20000 and upper % 4096 == 0
    assert entries[-1] == (0xFFFC0000, 0x40000, RESERVED)
    assert rig.call(0x12).ax == 639
    r = rig.call(0x15, eax=0xE801)
    assert (r.ax, r.bx) == (r.cx, r.dx) and not r.cf
    assert r.ax == min(upper // KIB, 15 * 1024) and r.bx == max(upper - 15 * MIB, 0) >> 16
    wide = rig.call(0x15, eax=0xE881)
    assert (wide.eax, wide.ebx, wide.ecx, wide.edx) == (r.ax, r.bx, r.cx, r.dx)
    r = rig.call(0x15, eax=0x8800)
    assert r.ax == min(upper // KIB, 0xFC00) and not r.cf


def test_e820_refuses(rig):
    for wrong in ({"edx": 0}, {"ecx": 19}, {"ebx": 100}):
        r = rig.call(0x15, **{"eax": 0xE820, "ecx": 24, "edx": SMAP, "edi": BUFFER, **wrong})
        assert r.cf and r.ah == 0x86


def test_address_line_20(rig):
    assert rig.call(0x15, eax=0x2403).bx == 3
    for on in (0, 1):
        assert not rig.call(0x15, eax=0x2400 | on).cf
        r = rig.call(0x15, eax=0x2402)
        assert (r.ax, r.cf) == (on, False)
        assert rig.pc._system.a20_level == on
    r = rig.call(0x15, eax=0x24FF)
    assert r.cf and r.ah == 0x86


def descriptors(source, target, limit=0xFFFF):
    """The table of INT 15h 87h: source and target are the caller's, the others BIOS's."""
    def one(base):
        return struct.pack("<HHBBBB", limit, base & 0xFFFF, base >> 16 & 0xFF, 0x93, 0, base >> 24)
    return bytes(16) + one(source) + one(target) + bytes(16)


@pytest.mark.parametrize("source, target, words", [
    (0x200000, 0x300000, 0x100), (0x200001, 0x10000, 0x8000), (0x10000, 0x4FFFFE, 3), (0x200000, 0x300000, 1)])
def test_block_move(rig, source, target, words):
    data = bytes(range(256)) * (words * 2 // 256 + 1)
    rig.put(data[:words * 2], source)
    rig.put(bytes(words * 2 + 2), target)
    rig.put(descriptors(source, target))
    r = rig.call(0x15, eax=0x8700, ecx=words, esi=BUFFER)
    assert not r.cf and r.ah == 0
    assert rig.get(words * 2 + 2, target) == data[:words * 2] + bytes(2)


def test_block_move_with_stale_high_halves(rig):
    """The upper halves of the registers are the caller's and do not count."""
    rig.put(b"moved!", 0x200000)
    rig.put(descriptors(0x200000, 0x300000))
    r = rig.call(0x15, eax=0x12348700, ecx=0x56780003, esi=0x9ABC0000 | BUFFER, edi=0xDEF00000, ebp=0x13579BDF)
    assert rig.get(6, 0x300000) == b"moved!"
    assert (r.ecx, r.esi, r.edi, r.ebp) == (0x56780003, 0x9ABC0000 | BUFFER, 0xDEF00000, 0x13579BDF)


def test_block_move_too_long(rig):
    r = rig.call(0x15, eax=0x8700, ecx=0x8001, esi=BUFFER)
    assert r.cf and r.ah == 2


def test_configuration_and_ebda(rig):
    r = rig.call(0x15, eax=0xC000)
    size, model, submodel, _, features = rig.read(r.es * 16 + r.bx, "HBBBB")
    assert (size, model, r.ah, r.cf) == (8, 0xFC, 0, False) and features & 0x74 == 0x74
    r = rig.call(0x15, eax=0xC100)
    assert r.es == 0x9FC0 == rig.read(0x40E, "H") and rig.read(0x9FC00, "B") == 1


@pytest.mark.parametrize("function", [0x0000, 0x4000, 0x8400, 0xBF00, 0xD800, 0xE802, 0xFF00])
def test_unknown_functions(rig, function):
    r = rig.call(0x15, eax=function, ebx=0x11112222, ecx=0x33334444, edx=0x55556666)
    assert r.cf and r.ah == 0x86 and (r.ebx, r.ecx, r.edx) == (0x11112222, 0x33334444, 0x55556666)


@pytest.mark.parametrize("function", [0x8000, 0x8100, 0x8200, 0x8500, 0x9000, 0x9100])
def test_hooks_do_nothing(rig, function):
    r = rig.call(0x15, eax=function, flags=0x200 | CF)
    assert not r.cf and r.ah == 0


def test_keyboard_intercept_keeps_the_code(rig):
    r = rig.call(0x15, eax=0x4F1E)
    assert r.cf and r.ax == 0x4F1E


def test_equipment(rig):
    """A floppy drive, a coprocessor, 80-column colour, a pointing device, two serial ports, a parallel one."""
    r = rig.call(0x11)
    assert r.ax == 0x4427 and rig.read(0x410, "H") == r.ax
    assert rig.read(0x400, "HHHH") == (0x3F8, 0x2F8, 0, 0) and rig.read(0x408, "HHH") == (0x378, 0, 0)


def test_waits(rig):
    before = rig.pc.guest_ns
    r = rig.call(0x15, eax=0x8600, ecx=0x0001, edx=0x86A0)             # 100 ms
    took = rig.pc.guest_ns - before
    assert not r.cf and 100e6 < took < 100e6 + 65e6
    rig.put(b"\0", BUFFER)
    r = rig.call(0x15, eax=0x8300, ecx=0x0003, edx=0x0D40, ebx=BUFFER)  # 200 ms, then bit 7
    assert not r.cf and rig.get(1) == b"\0"
    r = rig.call(0x15, eax=0x8300, edx=1, ebx=BUFFER)
    assert r.cf and r.ah == 0x83
    rig.pc.run_for(0.3)
    assert rig.get(1) == b"\x80"
    assert not rig.call(0x15, eax=0x8300, ecx=100, ebx=BUFFER).cf and not rig.call(0x15, eax=0x8301).cf
    assert not rig.call(0x15, eax=0x8600, edx=1000).cf
