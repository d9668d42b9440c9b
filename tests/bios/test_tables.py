"""The tables that operating systems search for below 1 MiB, as they lie in a running machine's memory."""

import shutil
import struct
import subprocess

import pytest
from bios_machines import boot, media, ours, rig  # noqa: F401
from protected_mode import Protected

from emu.cpu.cpuid import MODELS

pytestmark = pytest.mark.native

DIRECTORY_HEADS = ((b"_32_", 16), (b"$PnP", 33), (b"$PIR", None), (b"_MP_", 16), (b"RSD PTR ", 20), (b"_SM_", 31))


def find(rig, signature):
    """The address of a structure on a paragraph of the F segment."""
    segment = rig.get(0x10000, 0xF0000)
    places = [at for at in range(0, 0x10000, 16) if segment[at:at + len(signature)] == signature]
    assert len(places) <= 1
    return 0xF0000 + places[0] if places else None


def test_heads_have_checksums(rig):
    for signature, size in DIRECTORY_HEADS:
        at = find(rig, signature)
        assert at, signature
        if size is None:
            size = rig.read(at + 6, "H")
        assert sum(rig.get(size, at)) & 0xFF == 0, signature


def test_interrupt_routing(rig):
    at = find(rig, b"$PIR")
    size, bus, device, lines, compatible = rig.read(at + 6, "HBBHI")
    assert (size, bus, device, lines, compatible) == (32 + 32 * 16, 0, 8, 0, 0x122E8086)


def mp_entries(rig):
    """The MP table's entries by kind, and its head."""
    table = rig.read(find(rig, b"_MP_") + 4, "I")
    size = rig.read(table + 4, "H")
    data = rig.get(size, table)
    assert data[:4] == b"PCMP" and sum(data) & 0xFF == 0
    entries, at = {}, 44
    while at < size:
        length = 20 if data[at] == 0 else 8
        entries.setdefault(data[at], []).append(data[at:at + length])
        at += length
    assert sum(map(len, entries.values())) == struct.unpack_from("<H", data, 34)[0]
    return entries


def test_mp(rig):
    """One processor, PCI and ISA buses, an I/O APIC; the timer at its input 2, the power management's interrupt level."""
    entries = mp_entries(rig)
    (processor,), (io_apic,) = entries[0], entries[2]
    cpu = rig.pc._cpu
    assert processor[3] == 3 and struct.unpack_from("<II", processor, 4) == (MODELS[cpu.model].signature, cpu.features)
    assert io_apic[3] == 1 and struct.unpack_from("<I", io_apic, 4)[0] == 0xFEC00000
    assert [e[2:8] for e in entries[1]] == [b"PCI   ", b"ISA   "]
    interrupts = {(e[4], e[5]): e for e in entries[3]}
    assert interrupts[1, 0][7] == 2 and (1, 2) not in interrupts and interrupts[1, 14][7] == 14
    assert interrupts[0, 1 << 2][2:4] == b"\x0d\0" and interrupts[0, 1 << 2][7] == 9
    assert [(e[1], e[7]) for e in entries[4]] == [(3, 0), (1, 1)]


def test_no_mp_without_apics(boot, media):
    rig = boot(floppy=media["floppy"], no_apic=True)
    assert find(rig, b"_MP_") is None and find(rig, b"RSD PTR ") and find(rig, b"$PIR")


def test_no_acpi(boot, media):
    rig = boot(floppy=media["floppy"], no_acpi=True)
    assert find(rig, b"RSD PTR ") is None and find(rig, b"_MP_")


def acpi_tables(rig):
    """The tables by signature, from the pointers that lie in memory."""
    rsdt = rig.read(find(rig, b"RSD PTR ") + 16, "I")
    tables = {}

    def take(at):
        data = rig.get(rig.read(at + 4, "I"), at)
        tables[data[:4].decode()] = data
        return data
    listed = take(rsdt)[36:]
    for (at,) in struct.iter_unpack("<I", listed):
        data = take(at)
        if data[:4] == b"FACP":
            take(struct.unpack_from("<I", data, 36)[0])
            take(struct.unpack_from("<I", data, 40)[0])
    return tables


def test_acpi(rig):
    tables = acpi_tables(rig)
    assert set(tables) == {"RSDT", "FACP", "FACS", "DSDT", "APIC"}
    assert all(sum(data) & 0xFF == 0 for name, data in tables.items() if name != "FACS")
    facs = struct.unpack_from("<I", tables["FACP"], 36)[0]
    assert facs % 64 == 0
    assert struct.unpack_from("<III", tables["FACP"], 56)[0] == 0x600


@pytest.mark.skipif(not shutil.which("iasl"), reason="needs iasl (acpica-tools)")
def test_iasl_reads_them(rig, tmp_path):
    for name, data in acpi_tables(rig).items():
        path = tmp_path / f"{name}.dat"
        path.write_bytes(data)
        done = subprocess.run(["iasl", "-d", str(path)], capture_output=True, text=True, check=False)
        assert done.returncode == 0 and path.with_suffix(".dsl").exists(), done.stdout + done.stderr
        assert "Checksum" not in done.stderr, done.stderr


def test_smbios(rig):
    at = find(rig, b"_SM_")
    length, tables, count = rig.read(at + 0x16, "HIH")
    data = rig.get(length, tables)
    assert sum(rig.get(15, at + 16)) & 0xFF == 0 and data[0] == 0 and data[-6:-2] == b"\x7f\4\0\x7f" and count == 9


@pytest.mark.skipif(not shutil.which("dmidecode"), reason="needs dmidecode")
def test_dmidecode_reads_it(rig, tmp_path):
    at = find(rig, b"_SM_")
    length, tables = rig.read(at + 0x16, "HI")
    anchor = bytearray(rig.get(32, at))
    struct.pack_into("<I", anchor, 0x18, 32)                    # a dump has the tables behind the anchor
    for place, start, end in ((0x15, 0x10, 0x1F), (4, 0, 0x1F)):
        anchor[place] = 0
        anchor[place] = -sum(anchor[start:end]) & 0xFF
    dump = tmp_path / "dump"
    dump.write_bytes(bytes(anchor) + rig.get(length, tables))
    text = subprocess.run(["dmidecode", "--from-dump", str(dump)], capture_output=True, text=True, check=False).stdout
    assert "BIOS Information" in text and "Size: 16 MB" in text and "TRUNCATED" not in text, text


def test_plug_and_play(rig):
    """It does nothing but say that it keeps to the BIOS Boot Specification, from real and from protected mode."""
    at = find(rig, b"$PnP")
    real_off, real_seg, prot_off, prot_base = rig.read(at + 13, "HHHI")
    assert (real_seg, prot_base) == (0xF000, 0xF0000)
    far = Protected(rig, wide=False)
    assert far.call(prot_off, selector=0x28, eax=0)["eax"] & 0xFFFF == 0x82
    rig.put(bytes(2))
    out = far.call(prot_off, selector=0x28, eax=0x9000 << 16 | 0x60, ebx=0x10)
    assert out["eax"] & 0xFFFF == 0 and rig.read(0x9000, "H") == 0x0101
    # push ds; push 9000h; push 60h; call far real entry; add sp, 6; iret
    rig.put(bytes.fromhex("1E 68 00 90 6A 60 9A") + struct.pack("<HH", real_off, real_seg) + bytes.fromhex("83 C4 06 CF"), 0x8000)
    rig.put(bytes.fromhex("00 80 00 00"), 0x60 * 4)
    rig.put(bytes(2))
    assert rig.call(0x60).ax == 0 and rig.read(0x9000, "H") == 0x0101


def test_memory_types(rig):
    """MTRRs: RAM write-back, the hole for PCI and video memory uncached, ROM write-protected."""
    cpu = rig.pc._cpu
    assert cpu.mtrr_def == 0xC06 and list(cpu.mtrr_var[:2]) == [0xC0000000, 0xFC0000800]
    assert list(cpu.mtrr_fixed[:11]) == [0x0606060606060606] * 2 + [0] + [0x0505050505050505] * 8


def test_vectors(rig):
    """Every vector up to 77h leads somewhere; the fixed places hold what programs jump to."""
    for vector in range(0x78):
        off, seg = rig.read(vector * 4, "HH")
        if 0x60 <= vector < 0x68 or vector in (0x1D, 0x1F, 0x41, 0x43, 0x46):
            continue
        assert seg in (0xF000, 0xC000), hex(vector)
    for at, target in ((0xE6F2, 0x19), (0xE3FE, 0x13), (0xE82E, 0x16), (0xF841, 0x12), (0xF84D, 0x11), (0xF859, 0x15), (0xFE6E, 0x1A)):
        assert rig.get(1, 0xF0000 + at) == b"\xe9", hex(at)
        off, = struct.unpack("<h", rig.get(2, 0xF0000 + at + 1))
        assert at + 3 + off & 0xFFFF == rig.read(target * 4, "H")
