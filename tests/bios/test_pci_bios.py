"""PCI BIOS: INT 1Ah AH = B1h, the BIOS32 directory with the same from protected mode, and what POST gave the functions."""

import struct

import pytest
from bios_machines import media, ours, rig  # noqa: F401
from bios_rig import BUFFER
from protected_mode import Protected

pytestmark = pytest.mark.native

NOT_SUPPORTED, BAD_VENDOR, NOT_FOUND, BAD_REGISTER, SET_FAILED, BUFFER_SMALL = 0x81, 0x83, 0x86, 0x87, 0x88, 0x89
IDE, VGA, PM = 0x09, 0x10, 0x0B


def pci(rig, function, **registers):
    return rig.call(0x1A, eax=0xB100 | function, **registers)


def test_is_there(rig):
    r = pci(rig, 0x01)
    assert not r.cf and (r.edx, r.ah, r.al, r.bx, r.cl) == (0x20494350, 0, 1, 0x0210, 0)
    assert 0xE0000 <= r.edi < 0x100000


def test_finds(rig):
    r = pci(rig, 0x02, ecx=0x7010, edx=0x8086)
    assert not r.cf and r.bx == IDE
    assert pci(rig, 0x02, ecx=0x7010, edx=0x8086, esi=1).ah == NOT_FOUND
    r = pci(rig, 0x02, ecx=0x1234, edx=0xFFFF)
    assert r.cf and r.ah == BAD_VENDOR
    assert pci(rig, 0x03, ecx=0x030000).bx == VGA and pci(rig, 0x03, ecx=0x020000).ah == NOT_FOUND


def test_reads_and_writes(rig):
    assert pci(rig, 0x08, ebx=IDE, edi=2).cl == 0x10
    assert pci(rig, 0x09, ebx=IDE, edi=2).cx == 0x7010
    assert pci(rig, 0x0A, ebx=IDE, edi=0).ecx == 0x70108086
    assert pci(rig, 0x0A, ebx=0x5510, edi=0).ecx == 0xFFFFFFFF
    for function, register in ((0x09, 1), (0x0A, 2), (0x0C, 3), (0x0D, 1), (0x08, 0x100)):
        r = pci(rig, function, ebx=IDE, edi=register)
        assert r.cf and r.ah == BAD_REGISTER
    assert not pci(rig, 0x0B, ebx=PM, edi=0x3C, ecx=0x5A).cf and pci(rig, 0x08, ebx=PM, edi=0x3C).cl == 0x5A
    assert not pci(rig, 0x0C, ebx=IDE, edi=0x40, ecx=0x8123).cf and pci(rig, 0x09, ebx=IDE, edi=0x40).cx & 0x80FF == 0x8023
    assert not pci(rig, 0x0D, ebx=VGA, edi=0x10, ecx=0xE0000000).cf and pci(rig, 0x0A, ebx=VGA, edi=0x10).ecx & ~15 == 0xE0000000
    for function in (0x00, 0x06, 0x10, 0x7F):
        assert pci(rig, function, ebx=0).ah == NOT_SUPPORTED


def test_routing_options(rig):
    rig.put(struct.pack("<HHH", 0, 0x100, 0x1000))
    r = pci(rig, 0x0E, edi=BUFFER, ebx=0, ds=0xF000)
    assert r.cf and r.ah == BUFFER_SMALL
    size = rig.read(BUFFER, "H")
    assert size and size % 16 == 0
    r = pci(rig, 0x0E, edi=BUFFER, ebx=0, ds=0xF000)
    assert not r.cf
    slots = [rig.get(16, 0x10100 + at) for at in range(0, size, 16)]
    for bus, device, *pins in (struct.unpack("<BBBHBHBHBHBB", s) for s in slots):
        assert bus == 0 and device & 7 == 0
        for pin in range(4):
            assert pins[pin * 2] == 0x60 + ((device >> 3) + pin - 1 & 3)


def test_routes_a_line(rig):
    assert not pci(rig, 0x0F, ebx=0x18, ecx=0x050A).cf          # pin A of slot 3 is PIRQC
    assert pci(rig, 0x08, ebx=0x08, edi=0x62).cl == 5
    assert pci(rig, 0x0F, ebx=0x18, ecx=0x100A).ah == SET_FAILED


def test_power_on_gave_everything_a_place(rig):
    """Base registers inside the window below the I/O APIC, aligned, without overlaps, decoded; interrupt lines set."""
    vga = rig.pc._vga_pci
    taken = []
    for function in rig.pc._pci.functions.values():
        for _, is_io, base, size in function.bars():
            taken.append((is_io, base, size))
            assert base % size == 0
            if not is_io:
                assert rig.pc.config.memory <= base and base + size <= 0xFEC00000
    for is_io in (True, False):
        regions = sorted((base, size) for io, base, size in taken if io == is_io)
        assert all(a + n <= b for (a, n), (b, _) in zip(regions, regions[1:]))
    assert vga.config[4] & 3 == 3
    assert pci(rig, 0x0A, ebx=PM, edi=0x40).ecx & 0xFFC0 == 0x600 and pci(rig, 0x08, ebx=PM, edi=0x3C).cl == 9
    assert [pci(rig, 0x08, ebx=8, edi=0x60 + n).cl for n in range(4)] == [10, 10, 11, 11]


def directory(rig):
    """The entry point of the BIOS32 service directory."""
    for at in range(0xE0000, 0x100000, 16):
        head = rig.get(16, at)
        if head[:4] == b"_32_" and sum(head) & 0xFF == 0:
            return struct.unpack_from("<I", head, 4)[0]
    raise AssertionError("no BIOS32 directory")


def test_bios32(rig):
    """As Linux uses it: the directory gives the place of $PCI, which answers like INT 1Ah."""
    far = Protected(rig)
    entry = directory(rig)
    r = far.call(entry, eax=0x12345678, ebx=0)
    assert r["eax"] & 0xFF == 0x80
    r = far.call(entry, eax=0x49435024, ebx=0)                  # "$PCI"
    assert r["eax"] & 0xFF == 0 and r["edx"] < r["ecx"]
    service = r["ebx"] + r["edx"]
    assert service == pci(rig, 0x01).edi
    r = far.call(service, eax=0xB101)
    assert r["edx"] == 0x20494350 and r["ebx"] & 0xFFFF == 0x0210 and not r["flags"] & 1 and r["eax"] >> 8 & 0xFF == 0
    r = far.call(service, eax=0xB102, ecx=0x7010, edx=0x8086)
    assert r["ebx"] & 0xFFFF == IDE and not r["flags"] & 1
    r = far.call(service, eax=0xB102, ecx=0x1111, edx=0x8086)
    assert r["eax"] >> 8 & 0xFF == NOT_FOUND and r["flags"] & 1
    r = far.call(service, eax=0xB10A, ebx=IDE, edi=0, esi=0x1234)
    assert r["ecx"] == 0x70108086 and r["esi"] == 0x1234
    r = far.call(service, eax=0xB10D, ebx=IDE, edi=0x40, ecx=0x80008000)
    assert not r["flags"] & 1 and pci(rig, 0x0A, ebx=IDE, edi=0x40).ecx == 0x80008000
