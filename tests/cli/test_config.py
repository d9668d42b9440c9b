"""MachineConfig: values, limits, what is said of wrong ones."""

import pytest

from emu.machine import config as cfg
from emu.machine.config import ConfigError, Disk, MachineConfig, parse_forward, parse_memory, parse_net, parse_nic


@pytest.mark.parametrize("text, size", [
    ("256M", 256 << 20), ("256m", 256 << 20), ("1G", 1 << 30), ("3.5G", 3584 << 20),
    ("1.5G", 1536 << 20), ("1M", 1 << 20),
    ("65536K", 64 << 20), ("16MiB", 16 << 20), ("64MB", 64 << 20), (1 << 24, 1 << 24), ("16777216", 1 << 24)])
def test_memory(text, size):
    assert parse_memory(text) == size


@pytest.mark.parametrize("text", [
    "", "M", "x", "256X", "-1M", "0", "1023K", "3585M", "4G", "1e9", "١M", "9" * 99, True, 1.5, None, "1.M", ".5G",
    "256 M M"])
def test_wrong_memory(text):
    with pytest.raises(ConfigError, match="^memory: ") as error:
        parse_memory(text)
    assert "\n" not in str(error.value)


def test_a_bare_number_gets_a_hint():
    with pytest.raises(ConfigError, match="did you mean 256M"):
        parse_memory("256")


def test_make():
    config = MachineConfig.make(cdrom="a.iso", disk="b.img", disks=["c.img"], floppy="f.img", memory="32M",
                                display=None)
    assert [d.path for d in config.disks] == ["b.img", "c.img"]
    assert config.floppies[0].keep_writes and config.display == "none"
    assert config.boot_order == ["floppy", "cdrom", "disk"]
    assert MachineConfig.make(disks=[Disk("x", keep_writes=False)], boot="disk").boot_order[0] == "disk"
    assert MachineConfig().memory == 256 << 20


@pytest.mark.parametrize("values, what", [
    ({"disks": list("abcde")}, "5 IDE devices are too many"), ({"cdrom": "x", "disks": list("abcd")}, "5 IDE devices"),
    ({"floppies": list("abc")}, "3 are too many"), ({"cpus": 2}, "one processor"), ({"cpu": "z80"}, "no 'z80'"),
    ({"engine": "x"}, "engine"), ({"clock": "x"}, "clock"), ({"display": "x"}, "display"), ({"nic": "x"}, "nic"),
    ({"boot": "cdrom"}, "no cdrom to boot from"), ({"boot": "net"}, "no 'net'"), ({"boot": []}, "names no device"),
    ({"initrd": "x"}, "needs a kernel"), ({"append": "x"}, "needs a kernel"), ({"net": "tap"}, "net: 'tap'"),
    ({"forwards": ["tcp:80"]}, "forward: 'tcp:80'"), ({"bogus": 1}, "no such setting"),
    ({"memory": "1"}, "out of range")])
def test_wrong_values(values, what):
    with pytest.raises(ConfigError, match=what) as error:
        MachineConfig.make(**values)
    assert "\n" not in str(error.value)


def test_nic():
    assert parse_nic("ne2k_pci") == ("ne2k_pci", None, 0, None) and parse_nic("none") == ("none", None, 0, None)
    assert parse_nic("ne2k_isa") == ("ne2k_isa", 0x300, 9, None)
    assert parse_nic("ne2k_isa,irq=5,port=0x280,mac=02-00-00-00-00-Fe") == ("ne2k_isa", 0x280, 5, b"\2\0\0\0\0\xFE")
    assert parse_nic("ne2k_pci,mac=52:54:00:12:34:99").mac == bytes.fromhex("525400123499")
    for wrong in ("", "ne2k", "ne2k_pci,irq=5", "ne2k_isa,irq=8", "ne2k_isa,port=0x310", "ne2k_isa,irq", "none,",
                  "none,mac=52:54:00:12:34:99", "ne2k_pci,mac=", "ne2k_pci,mac=52:54:00:12:34", "ne2k_pci,mac=53:54:00:12:34:99",
                  "ne2k_pci,mac=00:00:00:00:00:00"):
        with pytest.raises(ConfigError):
            parse_nic(wrong)


def test_net_and_forward():
    assert parse_net("none") == ("none", ())
    assert parse_net("user,restrict,host-access") == ("user", ("restrict", "host-access"))
    assert parse_net("switch=lan") == ("switch", ("lan",)) and parse_net("switch=a-1_b.c")[1] == ("a-1_b.c",)
    assert parse_forward("tcp:[::1]:2222:22") == ("tcp", "::1", 2222, 22)
    assert parse_forward("tcp:0.0.0.0:8080:80") == ("tcp", "0.0.0.0", 8080, 80)
    assert parse_forward("udp::53:53") == parse_forward("udp:53:53") == ("udp", "127.0.0.1", 53, 53)
    for wrong in ("user,none", "none,restrict", "switch=", "", "user,", "switch=a,b", "switch=.", "switch=..", "switch=a/b", "switch=/a",
                  "switch=.a", "switch=a\n", "switch=ä", "switch=" + "a" * 33):
        with pytest.raises(ConfigError):
            parse_net(wrong)
    for wrong in ("tcp", "sctp::1:1", "tcp::0:1", "tcp::1:65536", "tcp:a:b:c:d", "tcp::1:-1", "tcp:::1:80:80", "tcp:[::1:80:80", "tcp:[]:80:80",
                  "tcp:[a]b:80:80", "tcp:80:80\n"):
        with pytest.raises(ConfigError):
            parse_forward(wrong)


def test_firmware(tmp_path):
    assert MachineConfig().bios_path() == cfg.FIRMWARE / "bios.bin"
    assert MachineConfig().vga_bios_path() == cfg.FIRMWARE / "vgabios.bin"
    (tmp_path / "odd").write_bytes(bytes(1000))
    with pytest.raises(ConfigError, match="is 1000 bytes long; a BIOS has"):
        MachineConfig(bios=tmp_path / "odd").bios_path()
    with pytest.raises(ConfigError, match="not a regular file"):
        MachineConfig(bios=tmp_path).bios_path()


@pytest.mark.parametrize("drives, wanted, kinds", [
    (None, [], [4, 0]), (None, [2], [2, 0]), (None, [4, 1], [4, 1]), ([], [], [0, 0]), ("2.88M", [4], [5, 0]),
    (["none", "360K"], [], [0, 1]), (["1.2M", "720K"], [1], [2, 3])])
def test_floppy_drives(drives, wanted, kinds):
    assert MachineConfig(floppy_drives=drives).floppy_kinds(wanted) == kinds


@pytest.mark.parametrize("values, says", [
    ({"floppy_drives": ["8-inch"]}, "there is no '8-inch'"), ({"floppy_drives": ["720K"] * 3}, "too many"),
    ({"floppy_drives": ["none", "1.44M"], "floppies": ["a"]}, "no drive for one"), ({"floppy_drives": [], "floppies": ["a"]}, "no drive for one")])
def test_floppy_drives_that_cannot_be(values, says):
    with pytest.raises(ConfigError, match=says):
        MachineConfig.make(**values)
