"""ACPI tables: the firmware's loader carried out here, and Intel's tools where they are installed."""
import re
import shutil
import struct
import subprocess

import pytest

from emu.machine import acpi, aml

BASE, RSDP_BASE = 0x0FFE0000, 0xF5000


def load(files):
    """Do what the loader script says; returns the two files as they then lie in memory."""
    where = {}
    data = {name: bytearray(content) for name, content in files.items()}
    script = files[acpi.LOADER]
    assert len(script) % 128 == 0

    def text(raw):
        return raw.rstrip(b"\0").decode()

    for start in range(0, len(script), 128):
        entry = script[start:start + 128]
        command, = struct.unpack_from("<I", entry)
        name = text(entry[4:60])
        if command == 1:
            align, zone = struct.unpack_from("<IB", entry, 60)
            where[name] = {1: BASE, 2: RSDP_BASE}[zone]
            assert where[name] % align == 0
        elif command == 2:
            source = text(entry[60:116])
            offset, size = struct.unpack_from("<IB", entry, 116)
            value = int.from_bytes(data[name][offset:offset + size], "little") + where[source]
            data[name][offset:offset + size] = value.to_bytes(size, "little")
        else:
            assert command == 3
            offset, first, length = struct.unpack_from("<III", entry, 60)
            data[name][offset] = (data[name][offset] - sum(data[name][first:first + length])) & 0xFF
    return data[acpi.TABLES], data[acpi.RSDP]


def read_table(tables, address):
    at = address - BASE
    length, = struct.unpack_from("<I", tables, at + 4)
    return bytes(tables[at:at + length])


@pytest.mark.parametrize("apic", [False, True])
def test_tables_after_loading(apic):
    tables, rsdp = load(acpi.build(64 << 20, apic=apic))
    assert rsdp[:8] == b"RSD PTR " and len(rsdp) == 20 and sum(rsdp) & 0xFF == 0
    rsdt = read_table(tables, struct.unpack_from("<I", rsdp, 16)[0])
    listed = [read_table(tables, address) for address, in struct.iter_unpack("<I", rsdt[36:])]
    assert [t[:4] for t in listed] == [b"FACP"] + [b"APIC"] * apic
    fadt = listed[0]
    facs, dsdt = struct.unpack_from("<II", fadt, 36)
    for table in (rsdt, *listed, read_table(tables, dsdt)):
        assert sum(table) & 0xFF == 0, table[:4]
    assert facs % 64 == 0 and read_table(tables, facs)[:4] == b"FACS"
    assert read_table(tables, dsdt)[:4] == b"DSDT"


def test_fadt_fields():
    fadt = acpi.fadt()
    assert len(fadt) == 116 and fadt[8] == 1
    assert struct.unpack_from("<HIBB", fadt, 46) == (9, 0xB2, 0xF1, 0xF0)
    assert struct.unpack_from("<IIIIIIII", fadt, 56) == (0x600, 0, 0x604, 0, 0, 0x608, 0xAFE0, 0)
    assert tuple(fadt[88:94]) == (4, 2, 0, 4, 4, 0) and fadt[108] == 0x32
    flags, = struct.unpack_from("<I", fadt, 112)
    assert flags & 1 and not flags & 0x10 and flags & 0x20      # WBINVD; fixed power button; no sleep button
    assert acpi.fadt(apic=True)[44] == 1 and fadt[44] == 0


def test_madt_entries():
    madt, at, kinds = acpi.madt(), 44, []
    while at < len(madt):
        kinds.append((madt[at], madt[at + 1]))
        at += madt[at + 1]
    assert at == len(madt)
    assert kinds == [(0, 8), (1, 12), (2, 10), (2, 10), (2, 10), (2, 10), (2, 10), (4, 6)]


@pytest.mark.parametrize("size, encoded", [(1, "02"), (62, "3f"), (63, "4104"), (0x0FFD, "4fff"), (0x0FFE, "810001")])
def test_package_length(size, encoded):
    assert aml.package_length(bytes(size)).hex() == encoded


def test_names_and_constants():
    assert aml.name("_CRS") == b"_CRS" and aml.name("\\_SB.PCI0") == b"\\\x2e_SB_PCI0"
    assert aml.name("\\_SB.PCI0.ISA.PRQ0") == b"\\\x2f\x04_SB_PCI0ISA_PRQ0" and aml.name("\\") == b"\\\0"
    assert aml.eisa_id("PNP0A03") == b"\x0c\x41\xd0\x0a\x03"
    assert [aml.integer(v).hex() for v in (0, 1, 2, 256, 65536)] == ["00", "01", "0a02", "0b0001", "0c00000100"]


@pytest.fixture
def dsdt(tmp_path):
    path = tmp_path / "dsdt.aml"
    path.write_bytes(acpi.dsdt(256 << 20))
    return path


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.skipif(not shutil.which("iasl"), reason="needs iasl (acpica-tools)")
def test_disassembles_and_compiles_again(dsdt):
    run("iasl", "-d", str(dsdt))
    source = dsdt.with_suffix(".dsl").read_text()
    for word in ("PNP0A03", "PNP0303", "PNP0F13", "PNP0B00", "PNP0700", "PNP0501", "PNP0400", "_PRT", "\\_S5", "_SRS"):
        assert word in source
    again = run("iasl", "-oa", "-p", str(dsdt.with_name("again")), str(dsdt.with_suffix(".dsl")))
    assert "0 Errors" in again.stdout, again.stdout + again.stderr


@pytest.mark.skipif(not shutil.which("acpiexec"), reason="needs acpiexec (acpica-tools)")
def test_links_work(dsdt):
    """Route LNKA to IRQ 11 as an operating system does, then disable it."""
    def bytes_of(text):
        found = re.search(r"Length 0B =\s+0000: ((?:[0-9A-F]{2} ){11})", text)
        assert found, text
        return bytes.fromhex(found[1])

    made = run("acpiexec", "-b", r"execute \_SB.LNKA._SRS (89 06 00 09 01 0B 00 00 00 79 00);execute \_SB.LNKA._CRS;"
               r"execute \_SB.LNKA._STA;execute \_SB.LNKA._DIS;execute \_SB.LNKA._STA", str(dsdt)).stdout
    assert bytes_of(made)[5] == 11
    assert [int(n, 16) for n in re.findall(r"\[Integer\] = ([0-9A-F]+)", made)] == [0x0B, 0x09]


def test_parts_that_are_absent_are_not_described():
    full, bare = acpi.dsdt(1 << 28), acpi.dsdt(1 << 28, floppy=False, serial_ports=0, parallel=False)
    for part in (b"FDC0", b"COM1", b"COM2", b"LPT1"):
        assert part in full and part not in bare
