"""The Python example of README.md runs as it stands, on a boot sector that asks for what the example waits for."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Prints "boot:" with INT 10h, then echoes what INT 16h gives.
BOOT_SECTOR = bytes.fromhex(
    "31c08ed8be1c7cac84c07406b40ecd10ebf5"      # xor ax,ax; mov ds,ax; mov si,text; next: lodsb; test; jz echo; print it
    "31c0cd16b40ecd10ebf6") + b"boot: \0"         # echo: wait for a key, print it


def example():
    """The text of the example under "From Python"."""
    readme = (ROOT / "README.md").read_text()
    return re.search(r"## From Python\n+```python\n(.*?)```", readme, re.DOTALL)[1]


@pytest.fixture
def floppy_cd(tmp_path):
    """A CD image with the boot sector, El Torito floppy emulation."""
    def sector(text=b"", size=2048):
        return text.ljust(size, b"\0")
    validation = bytearray(sector(b"\x01", 32))
    validation[30:32] = b"\x55\xaa"
    validation[28:30] = (-sum(int.from_bytes(validation[i:i + 2], "little") for i in range(0, 32, 2)) & 0xFFFF).to_bytes(2, "little")
    catalog = bytes(validation) + bytes((0x88, 2, 0, 0, 0, 0, 1, 0)) + (20).to_bytes(4, "little")
    floppy = BOOT_SECTOR.ljust(510, b"\0") + b"\x55\xaa"
    primary = bytearray(sector(b"\x01CD001\x01"))
    primary[80:88] = (740).to_bytes(4, "little") + (740).to_bytes(4, "big")
    primary[128:132] = (2048).to_bytes(2, "little") + (2048).to_bytes(2, "big")
    record = sector(b"\0CD001\x01EL TORITO SPECIFICATION", 71) + (19).to_bytes(4, "little")
    image = bytes(16 * 2048) + bytes(primary) + sector(record) + sector(b"\xffCD001\x01") + sector(catalog) + floppy
    path = tmp_path / "some.iso"
    path.write_bytes(image.ljust(740 * 2048, b"\0"))
    return path


def test_the_readme_example_runs(floppy_cd, firmware, native, monkeypatch, capsys):
    monkeypatch.chdir(floppy_cd.parent)
    exec(compile(example(), "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "boot: linux text" in printed
    assert repr(BOOT_SECTOR)[2:40] in printed
    assert (floppy_cd.parent / "boot.png").read_bytes().startswith(b"\x89PNG")
