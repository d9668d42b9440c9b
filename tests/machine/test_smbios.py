"""SMBIOS tables."""
import shutil
import struct
import subprocess

import pytest

from emu.machine import smbios


def structures(data):
    at, found = 0, []
    while at < len(data):
        end = data.index(b"\0\0", at + data[at + 1]) + 2
        strings = data[at + data[at + 1]:end - 1].rstrip(b"\0").split(b"\0")
        found.append((data[at], data[at:at + data[at + 1]], strings))
        at = end
    return found


def test_entry_point_and_structures():
    files = smbios.build(256 << 20)
    anchor, tables = files[smbios.ANCHOR], files[smbios.TABLES]
    assert len(anchor) == anchor[5] == 31 and anchor[:4] == b"_SM_" and anchor[16:21] == b"_DMI_"
    assert sum(anchor) & 0xFF == 0 and sum(anchor[16:]) & 0xFF == 0
    length, address, count = struct.unpack_from("<HIH", anchor, 22)
    found = structures(tables)
    assert (length, address, count) == (len(tables), 0, len(found))
    assert [kind for kind, _, _ in found] == [0, 1, 3, 4, 16, 17, 19, 32, 127]
    assert [len(body) for _, body, _ in found] == [0x18, 0x1B, 0x16, 0x2A, 0x17, 0x28, 0x1F, 0x0B, 4]
    by_kind = {kind: body for kind, body, _ in found}
    assert struct.unpack_from("<H", by_kind[17], 12)[0] == 256
    assert struct.unpack_from("<II", by_kind[19], 4) == (0, 256 * 1024 - 1)
    assert len({struct.unpack_from("<H", body, 2)[0] for _, body, _ in found}) == len(found)


@pytest.mark.skipif(not shutil.which("dmidecode"), reason="needs dmidecode")
def test_dmidecode_reads_it(tmp_path):
    files = smbios.build(512 << 20, cpu_name="Test CPU", uuid=bytes(range(16)))
    anchor = bytearray(files[smbios.ANCHOR])
    struct.pack_into("<I", anchor, 24, 32)
    anchor[21] = (anchor[21] - sum(anchor[16:])) & 0xFF
    anchor[4] = (anchor[4] - sum(anchor)) & 0xFF
    dump = tmp_path / "dump"
    dump.write_bytes(bytes(anchor) + b"\0" + files[smbios.TABLES])
    text = subprocess.run(["dmidecode", "--from-dump", str(dump)], capture_output=True, text=True, check=False).stdout
    for line in ("SMBIOS 2.8 present", "Size: 512 MB", "Version: Test CPU", "Range Size: 512 MB", "Form Factor: DIMM",
                 "Status: No errors detected"):
        assert line in text, text
    assert "OUT OF SPEC" not in text and "BAD" not in text and "TRUNCATED" not in text
