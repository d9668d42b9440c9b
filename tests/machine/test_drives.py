"""Changing media while a machine runs, pausing it, pasting."""
import time

import pytest

from emu import Machine
from emu.machine.config import DEMO_CD
from emu.media.errors import MediaError


@pytest.fixture
def floppies(tmp_path):
    """Paths of two blank floppies."""
    paths = [tmp_path / "a.img", tmp_path / "b.img"]
    for path in paths:
        path.write_bytes(bytes(1440 << 10))
    return [str(path) for path in paths]


def test_media_come_and_go(floppies):
    with Machine(net="none") as pc:
        assert pc.media() == {"cdrom": None, "floppy": None}
        assert pc.fitted == {"cdrom", "floppy", "power_button"}
        assert pc.insert(floppies[0]) == "floppy" and pc.insert(str(DEMO_CD)) == "cdrom"
        assert pc.media() == {"cdrom": str(DEMO_CD), "floppy": floppies[0]}
        pc.insert_floppy(floppies[1])
        pc.insert_cdrom(str(DEMO_CD))
        assert pc.media()["floppy"] == floppies[1]
        assert len(pc.drives.open) == 2                 # what was in is closed
        pc.eject_floppy()
        pc.eject_floppy()
        assert pc.eject_cdrom() and pc.eject_cdrom()
        assert pc.media() == {"cdrom": None, "floppy": None} and not pc.drives.open


def test_what_cannot_go_in_stays_out(floppies, tmp_path):
    with Machine(floppy=floppies[0], disk=[floppies[1]], net="none") as pc:
        text = tmp_path / "notes.txt"
        text.write_text("no image\n" * 100)
        for path, words in ((str(text), "is no CD or floppy image"), (str(tmp_path / "none"), "no such file"),
                            (floppies[1], "in use as a disk"), (floppies[0], "in use as a floppy")):
            with pytest.raises(MediaError, match=words):
                pc.insert(path)
        with pytest.raises(MediaError):
            pc.insert_cdrom(floppies[1])
        assert pc.media() == {"cdrom": None, "floppy": floppies[0]}
        assert "disk" in pc.fitted


def test_locked_tray():
    with Machine(cdrom=str(DEMO_CD), net="none") as pc:
        pc.drives.cdrom.state.locked = 1
        assert not pc.eject_cdrom() and pc.media()["cdrom"]
        assert pc.eject_cdrom(force=True) and not pc.media()["cdrom"]


def test_boot_from_a_floppy_that_is_put_in_later(floppies):
    """The BIOS finds no disk, asks, and reads the one that is put in; the light of the drive sees it."""
    code = b"\xB8\x21\x0E\xCD\x10\xEB\xFE".ljust(510, b"\0") + b"\x55\xAA"     # mov ax, 0E21h; int 10h; jmp $
    with open(floppies[0], "r+b") as file:
        file.write(code)
    with Machine(net="none", boot=None) as pc:
        pc.run_for(4)
        assert not pc.activity()
        pc.insert(floppies[0])
        pc.reset()
        pc.wait_for_text("!", timeout=60)
        assert pc.activity()["floppy"] > 0


def test_pause_stops_guest_time():
    with Machine(clock="host", net="none") as pc:
        pc.run_for(0.05)
        pc.pause()
        pc.pause()
        before = pc.guest_ns
        time.sleep(0.3)
        pc.step_slice()
        assert pc.guest_ns == before
        pc.resume()
        assert pc.guest_ns - before < 200_000_000
        time.sleep(0.05)
        assert pc.guest_ns - before > 50_000_000


def test_paste_takes_text_as_it_is():
    with Machine(net="none") as pc:
        assert pc.paste("a{b}\r\nÄ\t€") == 2
        names = [len(chord) for chord in pc._typing]
        assert names == [1, 2, 1, 2, 1, 1] and pc.typing
        pc.stop_typing()
        assert not pc.typing


def test_keys_that_come_too_fast_wait_for_the_guest():
    """A burst of more than the keyboard's buffer: every key is let go, and what the guest reads is all of it, in order."""
    with Machine(net="none") as pc:
        pc.run_for(0.01)
        keyboard = pc._keyboard
        keyboard.send(0xF4)
        for usage in range(4, 30):
            pc.key(usage, True)
            pc.key(usage, False)
        assert pc._keys and not keyboard.overrun
        got = []
        for _ in range(500):
            while (code := keyboard.take()) != 0x100:
                got.append(code)
            pc._feed_keys()
        assert len([code for code in got if code == 0xF0]) == 26 and not any(keyboard.held)
        for n in range(1000):
            pc.key(4 + n % 26, True)
            pc.key(4 + n % 26, False)
        assert len(pc._keys) <= 1300
