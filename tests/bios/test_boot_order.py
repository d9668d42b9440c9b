"""From power-on to the boot sector: order, menu, what comes when a device does not boot, and what it costs."""

import bios_media
import pytest
from bios_machines import boot, media, ours  # noqa: F401
from bios_rig import MAIL, BiosRig, boot_sector

from emu import Machine
from emu.machine.config import Floppy

pytestmark = pytest.mark.native


def start(ours, **settings):
    return Machine(memory="16M", nic="none", net="none", no_reboot=True, snapshot=True, **settings, **ours)


def booted(pc):
    """Run until the server waits; the drive that it was told."""
    code = boot_sector()[:64]
    assert pc.run(lambda: pc.memory.read(0x7C00, 64) == code and pc.cpu.halted, timeout=60), pc.screen_text()
    return pc.memory.read(MAIL + 1, 1)[0]


@pytest.mark.parametrize("order, drive", [("floppy", 0x00), ("disk", 0x80), ("cdrom", 0xE0), ("cdrom,floppy", 0xE0), (["disk", "cdrom"], 0x80)])
def test_order(boot, media, order, drive):
    rig = boot(floppy=Floppy(media["floppy"]), disk=media["disk"], cdrom=media["cd"], boot=order)
    assert rig.drive == drive


def test_goes_on_to_what_boots(ours, media, tmp_path):
    """A disk without a signature is passed over."""
    blank = tmp_path / "blank.img"
    blank.write_bytes(bytes(8 << 20))
    with start(ours, disks=[str(blank), media["disk"]], boot=["disk", "floppy"]) as pc:
        assert booted(pc) == 0x81
        text = "\n".join(pc.screen_text())
        assert "Hard disk 1 ... no boot signature" in text and "Hard disk 2" in text


def test_nothing_boots(ours, tmp_path):
    with start(ours, disk=bios_media.disk(tmp_path / "d.img")) as pc:
        pc.memory.write(0x472, b"\0\0")
        booted(pc)
    blank = tmp_path / "blank.img"
    blank.write_bytes(bytes(8 << 20))
    with start(ours, disk=str(blank)) as pc:
        pc.wait_for_text("Nothing to boot from.", timeout=60)


def test_damaged_catalog(ours, media, tmp_path):
    path = tmp_path / "bad.iso"
    data = bytearray(tmp_path.joinpath(bios_media.cd(path)).read_bytes())
    data[19 * 2048 + 28] ^= 1
    path.write_bytes(data)
    with start(ours, cdrom=str(path), disk=media["disk"], boot=["cdrom", "disk"]) as pc:
        assert booted(pc) == 0x80 and "bad boot catalog" in "\n".join(pc.screen_text())


def test_menu(ours, media):
    settings = dict(floppy=Floppy(media["floppy"]), disk=media["disk"], cdrom=media["cd"], boot="floppy")
    for key, drive in (("1", 0x00), ("2", 0xE0), ("3", 0x80), ("\x1b", 0x00)):
        with start(ours, **settings) as pc:
            pc.type("{f12}", escapes=True)
            pc.wait_for_text("Esc boots", timeout=60)
            text = "\n".join(pc.screen_text())
            assert "1. Floppy 1" in text and "2. CD 1  EMU CD-ROM" in text and "3. Hard disk 1  EMU HARDDISK" in text
            pc.type(key)
            assert booted(pc) == drive


def test_menu_where_somebody_looks_on(ours, media):
    """With a viewer there is a second for F12; Esc does as well."""
    settings = dict(floppy=Floppy(media["floppy"]), disk=media["disk"], boot="floppy", display="window", clock="virtual")
    with start(ours, **settings) as pc:
        pc.run_for(0.8)
        assert pc.memory.read(0x7C00, 64) != boot_sector()[:64]
        pc.type("\x1b")
        pc.wait_for_text("3. Hard disk 1", timeout=60)
        pc.type("3")
        assert booted(pc) == 0x80
    with start(ours, **settings) as pc:
        assert booted(pc) == 0x00 and 0.9 < pc.guest_seconds < 1.3


def test_other_keys_are_for_the_guest(ours, media):
    """What is typed before the boot sector runs stays in the ring."""
    with start(ours, floppy=Floppy(media["floppy"])) as pc:
        pc.type("dir\n")
        booted(pc)
        assert pc.typing_done
        head, tail = (int.from_bytes(pc.memory.read(at, 2), "little") for at in (0x41A, 0x41C))
        assert pc.memory.read(0x400 + head, tail - head)[::2] == b"dir\r"


def test_boots_again(boot, media):
    """INT 19h begins anew, INT 18h goes on with the next device."""
    rig = boot(floppy=Floppy(media["floppy"]), disk=media["disk"], cdrom=media["cd"], boot=["floppy", "disk", "cdrom"])
    for vector, drive in ((0x18, 0x80), (0x19, 0x00), (0x18, 0x80), (0x18, 0xE0)):
        rig.start(vector)
        rig.pc.run_for(0.2)
        rig.boot()
        assert rig.drive == drive


def test_registers_at_the_boot_sector(ours, media):
    """CS:IP 0:7C00, DL the drive, interrupts on, segment limits of real mode, A20 on."""
    with start(ours, floppy=Floppy(media["floppy"])) as pc:
        code = boot_sector()[:64]
        while pc.memory.read(0x7C00, 64) != code:
            pc.step(100)
        while (pc.cpu.cs, pc.cpu.eip) != (0, 0x7C00):
            pc.step()
            assert pc.instructions < 2_000_000
        assert pc.cpu.edx & 0xFF == 0 and pc.cpu.eflags & 0x200 and not pc.cpu.cr0 & 1
        assert all(segment.limit == 0xFFFF for segment in pc._cpu.seg)


@pytest.mark.parametrize("engine", ["native", "python"])
def test_cost(ours, media, engine):
    """Few instructions (the Python engine does them too), under a third of a second, most of it the wait for F12."""
    with start(ours, floppy=Floppy(media["floppy"]), engine=engine) as pc:
        booted(pc)
        assert pc.instructions < 1_000_000 and pc.guest_seconds < 1 / 3


def test_warm_reset(ours, media):
    """A reset by the keyboard controller powers on anew, and finds the same."""
    with BiosRig(floppy=Floppy(media["floppy"], keep_writes=False), no_reboot=False, **ours) as rig:
        rig.put(bytes.fromhex("B0 FE E6 64 F4"), 0x8000)            # mov al, 0FEh; out 64h, al; hlt
        rig.put(bytes.fromhex("00 80 00 00"), 0x60 * 4)
        rig.start(0x60)
        rig.pc.run_for(0.1)
        rig.pc.memory.write(0x7C00, bytes(64))
        rig.boot()
        assert rig.call(0x12).ax == 639
        assert bytes(rig.pc.firmware_log).count(b"KiB of RAM") == 2


def test_option_rom_runs_once_a_start(ours, media):
    """Also after a reset, when the RAM holds its copy of the start before."""
    rom = bytearray(bytes.fromhex("55 AA 01 1E 31 C0 8E D8 FF 06 00 90 1F CB").ljust(512, b"\0"))     # inc word [9000h]; retf
    rom[-1] = -sum(rom) & 0xFF
    with Machine(memory="16M", nic="none", net="none", floppy=Floppy(media["floppy"], keep_writes=False), **ours) as pc:
        pc._fw_cfg.add_file("genroms/count.bin", bytes(rom))
        for starts in (1, 2, 3):
            booted(pc)
            assert int.from_bytes(pc.memory.read(0x9000, 2), "little") == starts
            pc.memory.write(0x7C00, bytes(64))
            pc.reset()


@pytest.mark.parametrize("code", [0x05, 0x0A])
def test_return_from_protected_mode_by_reset(boot, media, code):
    """Programs for the 286: CMOS 0Fh says to go on at 40:67.  Only the processor is reset."""
    rig = boot(floppy=Floppy(media["floppy"]), no_reboot=False)
    rig.put(bytes.fromhex("31 C0 8E D8 C7 06 00 90 34 12 F4 EB FD"), 0x8100)    # mov word [9000h], 1234h, then sleep
    rig.put(bytes.fromhex("00 81 00 00"), 0x467)
    rig.put(bytes.fromhex("FA B0 A5 E6 A1 B0 8F E6 70 B0") + bytes((code,)) + bytes.fromhex("E6 71 B0 FE E6 64 F4"), 0x8000)
    rig.put(bytes.fromhex("00 80 00 00"), 0x60 * 4)
    rig.put(bytes(2))
    rig.start(0x60)
    rig.pc.run_for(0.2)
    assert rig.read(0x9000, "H") == 0x1234 and bytes(rig.pc.firmware_log).count(b"KiB of RAM") == 1
    assert rig.pc.parts.services["port_read8"](0xA1) == 0xA5


def test_a_reset_of_the_processor_alone_becomes_one_of_the_board(boot, media):
    """Without a word in CMOS 0Fh the firmware starts anew, with chips as they are after power-on."""
    rig = boot(floppy=Floppy(media["floppy"]), no_reboot=False)
    rig.put(bytes.fromhex("FA B0 A5 E6 A1 B0 FE E6 64 F4"), 0x8000)         # mask the slave 8259A, pulse the reset line
    rig.put(bytes.fromhex("00 80 00 00"), 0x60 * 4)
    rig.put(bytes(2))
    rig.pc.parts.parts["dma0"].command = 4
    rig.start(0x60)
    rig.pc.run_for(0.5)
    assert bytes(rig.pc.firmware_log).count(b"KiB of RAM") == 2
    assert rig.pc.parts.services["port_read8"](0xA1) != 0xA5 and rig.pc.parts.parts["dma0"].command == 0
