"""Option ROMs: files that are none, the card's expansion ROM, and what a ROM finds of the firmware."""

from pathlib import Path

import bios_media
import pytest
from data import nasm

from emu import Machine
from emu.machine import option_rom
from emu.machine.config import ConfigError, MachineConfig
from emu.media.errors import MediaError

CARD = 0x10EC, 0x8029
PCI_ROM = 0x802910EC


@pytest.fixture(scope="session")
def make(tmp_path_factory):
    """``make(ids)``: a ROM's file for a PCI device."""
    def made(ids=0):
        path = tmp_path_factory.mktemp("rom") / f"{ids:08x}.rom"
        nasm(Path(__file__).with_name("option_rom.asm"), path, f"-DIDS={ids}")
        data = bytearray(path.read_bytes())
        data[option_rom.CHECKSUM] = -sum(data) & 0xFF
        path.write_bytes(data)
        return path
    return made


def test_for_the_card(make):
    assert option_rom.for_card(make(PCI_ROM), *CARD) == make(PCI_ROM).read_bytes()
    told = option_rom.for_card(make(), *CARD)
    assert told[0x20:0x24] == PCI_ROM.to_bytes(4, "little") and sum(told) % 256 == 0
    with pytest.raises(MediaError, match="is the ROM of another card \\(8086:100e; this one is 10ec:8029\\)"):
        option_rom.for_card(make(0x100E8086), *CARD)


def wrong(change):
    """A function that spoils a ROM."""
    def spoil(data):
        data = bytearray(data)
        change(data)
        return bytes(data)
    return spoil


@pytest.mark.parametrize("spoil, what", [
    (lambda data: b"", "does not begin with 55 AA"), (lambda data: b"MZ" + data[2:], "does not begin with 55 AA"),
    (lambda data: data[:-1], "is 511 bytes long, and its header says 512"), (wrong(lambda d: d.__setitem__(2, 0)), "header says 0"),
    (lambda data: data + bytes(256 << 10), "too large"), (wrong(lambda d: d.__setitem__(300, d[300] ^ 1)), "damaged")])
def test_wrong_files(make, tmp_path, spoil, what):
    path = tmp_path / "wrong.rom"
    path.write_bytes(spoil(make().read_bytes()))
    with pytest.raises(MediaError, match=what) as error:
        option_rom.for_card(path, *CARD)
    assert "\n" not in str(error.value)


def test_settings(tmp_path):
    config = MachineConfig.make(nic="ne2k_pci,romfile=a,b.rom", boot="network")
    assert config.nic_rom == "a,b.rom" and config.boot_order[0] == "network"
    assert MachineConfig.make(nic="ne2k_pci,romfile=a", cdrom="b").boot_order == ["cdrom", "network"]
    assert MachineConfig.make(nic="ne2k_isa", option_roms="a", boot="network").nic_rom is None
    for settings in ({"nic": "none"}, {"nic": "ne2k_isa"}):
        with pytest.raises(ConfigError, match="no network to boot from"):
            MachineConfig.make(boot="network", **settings)
    for nic in ("ne2k_isa,romfile=a", "ne2k_pci,romfile="):
        with pytest.raises(ConfigError, match="the ROM is a file for ne2k_pci"):
            MachineConfig.make(nic=nic)


@pytest.mark.native
@pytest.mark.parametrize("settings", [{"nic": "ne2k_pci,romfile={}"}, {"nic": "none", "option_roms": ["{}"]}])
def test_runs(make, tmp_path, settings):
    """From the card and from the machine; it boots first, and what comes next follows."""
    path = str(make())
    settings = {name: [v.format(path) for v in value] if isinstance(value, list) else value.format(path) for name, value in settings.items()}
    disk = bios_media.disk(tmp_path / "d.img")
    with Machine(memory="16M", net="none", disk=disk, boot=["network", "disk"], **settings) as pc:
        code = Path(disk).read_bytes()[:64]
        assert pc.run(lambda: pc.memory.read(0x7C00, 64) == code, timeout=60), pc.screen_text()
        told = pc.memory.read(0x9A000, 0x2C)
        words = [int.from_bytes(told[n:n + 4], "little") for n in range(0, 0x2C, 4)]
        assert words[0] & 0xFFFF == (3 << 3 if "romfile" in settings["nic"] else 0)
        assert told[4:8] == told[0x20:0x24] == b"$PnP" and told[0x28:] == b"BOOT"
        extended, conventional, found, released, unknown = words[2:7]
        assert 0x100000 <= extended < 16 << 20 and extended % 0x10000 == 0 and 0x10000 <= conventional < 0x80000
        assert found == extended and released & 0xFFFF == 0 and unknown == 0xFFFFFFFF and told[0x24] == 1
        assert any("test ROM" in row or "ROM 1" in row for row in pc.screen_text())


@pytest.mark.native
def test_menu(make):
    """The boot menu has it, by the name in its header."""
    with Machine(memory="16M", nic=f"ne2k_pci,romfile={make()}", net="none") as pc:
        pc.wait_for_text("F12", timeout=30)
        pc.type("{f12}", escapes=True)
        pc.wait_for_text("1. ROM 1  test ROM", timeout=30)
