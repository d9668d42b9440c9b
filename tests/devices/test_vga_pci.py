"""PCI function of the VGA: identity, BARs, the register page."""
import pytest

from vga_rig import Rig

from emu.bus.component import checked
from emu.devices.vga_pci import VgaPci


@pytest.fixture
def joined():
    rig = Rig(0x03)
    function = checked(VgaPci)()
    function.vga_read, function.vga_write = rig.vga.read, rig.vga.write
    function.dispi_get, function.dispi_set = rig.vga.dispi_get, rig.vga.dispi_set
    function.reset()
    return rig, function


def test_identity_and_bars(joined):
    _, function = joined
    assert function.read_config(0, 4) == 0x11111234
    assert function.read_config(10, 2) == 0x0300
    for register, wanted in ((0x10, 0xFF000008), (0x18, 0xFFFFF000), (0x30, 0xFFFF0001), (0x14, 0)):
        function.write_config(register, 4, 0xFFFFFFFF)
        assert function.read_config(register, 4) == wanted
    function.write_config(0x10, 4, 0xFD000000)
    function.write_config(0x18, 4, 0xFEBF0000)
    function.write_config(0x30, 4, 0)
    function.write_config(4, 2, 3)
    assert function.bars() == [(0, False, 0xFD000000, 16 << 20), (2, False, 0xFEBF0000, 4096)]


def test_dispi_registers_in_the_page(joined):
    rig, function = joined
    assert function.mmio_read16(0x500) == 0xB0C5
    assert function.mmio_read32(0x512) & 0xFFFF0000 == 256 << 16
    for index, value in ((4, 0), (1, 1024), (2, 768), (3, 32), (4, 0x41)):
        function.mmio_write16(0x500 + 2 * index, value)
    assert rig.vga.dispi_on() and rig.vga.dispi_pitch() == 4096
    function.mmio_write8(0x502 + 10, 0x10)  # low byte of the virtual width, 0400 → 0410
    assert rig.dispi(6) == 0x410


def test_vga_ports_in_the_page(joined):
    rig, function = joined
    function.mmio_write16(0x414, 0x550F)  # 3D4: index 0F, data 55
    assert rig.vga.crtc[0x0F] == 0x55
    assert function.mmio_read8(0x415) == 0x55
    function.mmio_write8(0x400, 0x20)
    assert rig.vga.attribute_index & 0x20


def test_extended_registers(joined):
    _, function = joined
    assert function.mmio_read32(0x600) == 8
    assert function.mmio_read32(0x604) == 0x1E1E1E1E
    assert function.mmio_read8(0) == 0  # no EDID


def test_the_monitor_describes_itself(joined):
    _, function = joined
    block = b"".join(function.mmio_read32(n).to_bytes(4, "little") for n in range(0, 128, 4))
    assert block[:8] == b"\0" + b"\xff" * 6 + b"\0" and sum(block) & 0xFF == 0
    width, height = (block[54 + n] | (block[56 + n] & 0xF0) << 4 for n in (2, 5))
    assert (width, height) == (1024, 768) and block[126] == 0
    assert function.mmio_read32(0x80) == 0
