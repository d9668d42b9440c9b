"""Bad input gets one clear line that names the file and the fault, and exit code 2; what the user has stays as it is.

Every case runs the command in a process of its own.
"""

import ctypes
import hashlib
import json
import os
import resource
import socket
import stat
import struct
import subprocess

import pytest
from guests import EMU, LOOPS, environment, rom, start, wait_until

from emu.cli.main import main

SECTOR = 2048


def iso(sectors=64, boot=True, **wrong):
    """An ISO image; ``wrong`` says what of its boot catalogue is not as it should be."""
    image = bytearray(sectors * SECTOR)
    for at, kind in ((16, 1), (17, 0 if boot else 255), (18, 255)):
        image[at * SECTOR:at * SECTOR + 7] = bytes((kind,)) + b"CD001\x01"
    image[16 * SECTOR + 80:16 * SECTOR + 84] = struct.pack("<I", sectors)
    image[16 * SECTOR + 128:16 * SECTOR + 130] = struct.pack("<H", SECTOR)
    if boot:
        image[17 * SECTOR + 7:17 * SECTOR + 30] = b"EL TORITO SPECIFICATION"
        image[17 * SECTOR + 0x47:17 * SECTOR + 0x4B] = struct.pack("<I", wrong.get("catalogue", 19))
        validation = bytearray(32)
        validation[0], validation[1] = 1, wrong.get("platform", 0)
        validation[30:32] = b"\x55\xaa"
        validation[28:30] = struct.pack("<H", -sum(struct.unpack("<16H", validation)) & 0xFFFF)
        validation[4] = wrong.get("name", 0)
        entry = struct.pack("<BBHBBHI", wrong.get("bootable", 0x88), wrong.get("media", 0), 0, 0, 0, wrong.get("count", 4), wrong.get("lba", 20))
        image[19 * SECTOR:19 * SECTOR + 44] = bytes(validation) + entry
    return bytes(image)


class Folder:
    """A folder of bad files, and the command run there: in a process of its own, or (quicker) in this one."""

    def __init__(self, path, capsys=None, before=None):
        self.path = path
        self.capsys = capsys
        self.before = before

    def file(self, name, data):
        (self.path / name).write_bytes(data)
        return name

    def state(self):
        """What the files are: nothing of it may change."""
        found = {}
        for path in sorted(self.path.rglob("*")):
            info = path.lstat()
            small = stat.S_ISREG(info.st_mode) and info.st_size < 1 << 26
            found[path.name] = info.st_size, info.st_mode, info.st_mtime_ns, hashlib.sha256(path.read_bytes() if small else b"").hexdigest()
        return found

    def run(self, *options, env=None):
        """`emu run` with options in a process; gives (exit code, stdout, stderr) and checks that no file changed."""
        state = self.state()
        done = subprocess.run([*EMU, "run", *map(str, options)], cwd=self.path, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=60, env=env or environment(), preexec_fn=self.before)
        assert self.state() == state
        return done.returncode, done.stdout, done.stderr

    def _here(self, *options):
        state, cwd = self.state(), os.getcwd()
        os.chdir(self.path)
        try:
            code = main(["run", *map(str, options)])
        finally:
            os.chdir(cwd)
        assert self.state() == state
        return code, *self.capsys.readouterr()

    def refused(self, what, *options):
        """The command line is refused in one line that has ``what`` in it."""
        code, out, err = (self._here if self.capsys else self.run)(*options, "--display", "none", "--timeout", "20")
        assert (code, out) == (2, ""), err
        assert err.startswith("emu run: ") and err.count("\n") == 1 and "Traceback" not in err and "internal" not in err, err
        assert what in err, err


@pytest.fixture(params=["here", pytest.param("process", marks=pytest.mark.slow)])
def folder(tmp_path, request):
    return Folder(tmp_path, request.getfixturevalue("capsys") if request.param == "here" else None)


@pytest.fixture
def place(tmp_path):
    return Folder(tmp_path)


@pytest.fixture
def unprivileged(tmp_path):
    """The command run by somebody to whom permissions mean something."""
    return Folder(tmp_path, before=drop_privilege if os.getuid() == 0 else None)


def drop_privilege():
    """In the child of root: what it runs may not pass over permissions (prctl PR_CAPBSET_DROP)."""
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in (1, 2):                   # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        libc.prctl(24, capability, 0, 0, 0)


# -- the IMAGE -------------------------------------------------------------------------------------------------------

IMAGES = {
    "empty": (b"", "is empty"),
    "text": (b"Once upon a time\n" * 900, "it is a text file"),
    "gzip": (b"\x1f\x8b\x08" + bytes(1 << 20), "a gzip file"),
    "zip": (b"PK\x03\x04" + bytes(1 << 20), "a zip archive"),
    "program": (b"\x7fELF" + bytes(1 << 20), "an ELF program"),
    "noise": (bytes(n * n % 251 for n in range(70000)), "no image that is known"),
    "zeros": (bytes(5 << 20), "no image that is known"),
    "qcow2": (b"QFI\xfb" + bytes(1 << 20), "a qcow2 image"),
    "cue": (b'FILE "x.bin" BINARY\n  TRACK 01 MODE1/2352\n    INDEX 01 00:00:00\n', "text file"),
    "bin": (b"\x00" + b"\xff" * 10 + b"\x00" + bytes(2340) + bytes(2352 * 600), "a raw CD image"),
    "iso-truncated": (iso()[:40 * SECTOR], "truncated"),
    "iso-cut-in-descriptors": (iso()[:17 * SECTOR], "truncated"),
    "iso-no-boot-record": (iso(boot=False), "without a boot record"),
    "iso-checksum": (iso(name=1), "wrong checksum"),
    "iso-catalogue-outside": (iso(catalogue=70), "outside the image"),
    "iso-catalogue-far-outside": (iso(catalogue=0xFFFFFFFF), "outside the image"),
    "iso-catalogue-in-descriptors": (iso(catalogue=3), "outside the image"),
    "iso-catalogue-empty": (iso(catalogue=30), "no validation entry"),
    "iso-media-type": (iso(media=9), "media type 9"),
    "iso-not-bootable": (iso(bootable=0), "not bootable"),
    "iso-efi": (iso(platform=0xEF), "EFI only"),
    "iso-image-outside": (iso(lba=64), "outside the image"),
    "iso-image-far-outside": (iso(lba=0xFFFFFFFF), "outside the image"),
    "iso-image-at-0": (iso(lba=0), "outside the image"),
    "iso-floppy-outside": (iso(media=2), "outside the image"),
    "iso-no-sectors": (iso(count=0), "sector count 0"),
    "linux": (bytes(510) + b"\x55\xaa" + b"\xeb\x66HdrS" + bytes(100000), "start it with --kernel"),
}


@pytest.mark.parametrize("name", IMAGES)
def test_image(folder, name):
    data, what = IMAGES[name]
    folder.file(name, data)
    folder.refused(what, name)


def test_image_of_another_kind(folder):
    os.mkdir(folder.path / "dir")
    os.mkfifo(folder.path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(folder.path / "socket"))
        for name, what in (("absent", "no such file"), ("dir", "is a directory"), ("pipe", "is a pipe"), ("socket", "is a socket"),
                           ("/dev/zero", "character device"), ("/dev/null", "character device"), ("", "no such file"), ("x" * 300, "name too long"),
                           ("a/b", "no such file")):
            folder.refused(what, name)


def test_a_name_that_is_no_text(place):
    place.refused("no such file", "na\udcffme")


@pytest.mark.parametrize("size", [10 << 40, (1 << 63) - 1])
def test_huge_sparse_file(folder, size):
    with open(folder.path / "huge", "wb") as file:
        try:
            file.truncate(size)
        except OSError:
            pytest.skip("the file system has no files as large")
    for options, what in ((("huge",), "no image that is known"), (("--floppy", "huge"), "no floppy"), (("--bios", "huge"), "a BIOS has"),
                          (("--kernel", "huge"), "is neither"), (("--cdrom", "huge"), "is not an ISO"), (("--vga-bios", "huge"), "a VGA BIOS has")):
        folder.refused(what, *options)
    kernel = bytearray(iso()[:40000])
    kernel[510:518] = b"\x55\xaa\xeb\x66HdrS"
    folder.file("kernel", kernel)
    folder.refused("huge", "--kernel", "kernel", "--initrd", "huge")
    with open(folder.path / "huge", "r+b") as file:
        file.write(kernel)
    folder.refused("huge", "--kernel", "huge")


def test_a_file_that_may_not_be_read(unprivileged):
    for name, data in (("secret", iso()), ("bios", bytes(65536))):
        (unprivileged.path / name).write_bytes(data)
        (unprivileged.path / name).chmod(0)
    for options in (("secret",), ("--cdrom", "secret"), ("--disk", "secret"), ("--floppy", "secret"), ("--bios", "bios"), ("--vga-bios", "bios"),
                    ("--kernel", "secret")):
        unprivileged.refused("ermission denied", *options)


# -- disks and floppies ----------------------------------------------------------------------------------------------

def test_what_cannot_be_written(unprivileged):
    disk, floppy = unprivileged.path / "disk", unprivileged.path / "floppy"
    disk.write_bytes(bytes(1 << 20))
    disk.chmod(0o444)
    unprivileged.refused("disk: cannot be opened for writing", "--disk", "disk")
    # With --snapshot nothing is written; a floppy is then write-protected
    floppy.write_bytes(bytes(1474560))
    floppy.chmod(0o444)
    for options in (("--disk", "disk", "--snapshot"), ("--floppy", "floppy"), ("floppy",)):
        code, _out, err = unprivileged.run(*options, "--display", "none", "--until", "")
        assert code == 0, err


@pytest.mark.parametrize("options, data, what", [
    (("--disk", "x"), b"", "is empty"), (("--disk", "x"), bytes(1000), "multiple of 512"), (("--disk", "x"), b"QFI\xfb" + bytes(4096), "qcow2"),
    (("--floppy", "x"), b"", "is empty"), (("--floppy", "x"), bytes(1000), "no floppy disk's size"), (("--floppy", "x"), bytes(4 << 20), "no floppy"),
    (("--cdrom", "x"), bytes(1474560), "is not an ISO image"), (("--cdrom", "x"), b"", "is empty"),
    (("--bios", "x"), bytes(1000), "a BIOS has"), (("--bios", "x"), b"", "a BIOS has"), (("--vga-bios", "x"), bytes(65537), "a VGA BIOS has"),
    (("--vga-bios", "x"), b"", "a VGA BIOS has"), (("--kernel", "x"), b"", "is empty"), (("--kernel", "x"), b"junk" * 5000, "is neither"),
    (("--kernel", "x"), bytes(497) + b"\xff" + bytes(12) + b"\x55\xaa\xeb\x66HdrS" + bytes(3000), "truncated"),
    (("--kernel", "x"), b"\x02\xb0\xad\x1b\x03\x00\x01\x00\xfb\x4f\x51\xe4" + b"\xff" * 60, "x"),
], ids=lambda v: v if isinstance(v, str) else None)
def test_media_and_firmware(folder, options, data, what):
    folder.file("x", data)
    folder.refused(what, *options)


def test_one_file_twice(folder):
    folder.file("disk", bytes(1 << 20))
    folder.file("floppy", bytes(1474560))
    os.link(folder.path / "disk", folder.path / "link")
    os.symlink("floppy", folder.path / "symlink")
    for options in (("--disk", "disk", "--disk", "disk"), ("--disk", "disk", "--disk", "link"), ("--disk", "./disk", "--disk", "disk"),
                    ("--floppy", "floppy", "--floppy", "symlink"), ("--disk", "disk", "--serial", "disk"), ("--floppy", "floppy", "--screenshot", "floppy"),
                    ("floppy", "--serial", "symlink"), ("--floppy", "floppy", "--screenshot", "x.png", "--serial", "x.png")):
        folder.refused("named twice", *options)
    code, _out, err = folder.run("--floppy", "floppy", "--floppy", "symlink", "--snapshot", "--display", "none", "--until", "")
    assert code == 0, err           # only read: that is fine


def test_kernel_and_initrd_that_do_not_fit(folder):
    kernel = bytearray(100_000)
    kernel[497], kernel[510:518] = 4, b"\x55\xaa\xeb\x66HdrS"
    kernel[0x206:0x208], kernel[0x211] = b"\x02\x02", 1
    folder.file("kernel", kernel)
    folder.file("initrd", bytes(9 << 20))
    folder.refused("initrd", "--kernel", "kernel", "--initrd", "initrd", "--memory", "8M")
    folder.refused("absent", "--kernel", "kernel", "--initrd", "absent")
    folder.refused("is a directory", "--kernel", "kernel", "--initrd", ".")
    folder.refused("characters are too many", "--kernel", "kernel", "--append", "x" * 5000)


# -- options ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("size", ["0", "1", "-5", "4G", "99T", "lots", "", "1e9", "0x100M", "9" * 500 + "M", "512K", "3.6G", "\uff11M"])
def test_memory(folder, size):
    folder.file("floppy", bytes(1474560))
    folder.refused("memory", "floppy", "--memory=" + size)


@pytest.mark.parametrize("options", [("--bogus",), ("--timeout", "soon"), ("--boot", "net"), ("--engine", "warp"), ("--cpu", "z80"),
                                     ("--type", "{nokey}"), ("--wait-seconds", "-1"), ("a", "b"), ("--disk",)], ids=" ".join)
def test_options(folder, options):
    folder.refused(options[0].lstrip("-") if options[0] != "a" else "", *options)


@pytest.mark.parametrize("option", ["--screenshot", "--serial"])
def test_outputs(unprivileged, option):
    unprivileged.file("floppy", bytes(1474560))
    os.mkdir(unprivileged.path / "closed")
    (unprivileged.path / "closed").chmod(0o555)
    (unprivileged.path / "mine").write_bytes(b"precious")
    (unprivileged.path / "mine").chmod(0o444)
    for name, what in (("absent/x", "there is no directory"), ("closed/x", "permission denied"), (".", "is a directory"), ("mine", "permission denied"),
                       ("", "is not a file name"), ("floppy/x", "there is no directory")):
        unprivileged.refused(what, "floppy", option, name)


def test_a_serial_pipe_that_nobody_reads(folder):
    folder.file("floppy", bytes(1474560))
    os.mkfifo(folder.path / "pipe")
    folder.refused("a pipe that nobody reads", "floppy", "--serial", "pipe")


# -- while it runs ---------------------------------------------------------------------------------------------------

@pytest.fixture
def flood(place):
    """A firmware whose guest floods COM1."""
    place.file("bios", rom(b"\xba\xf8\x03\xee\xeb\xfd"))
    place.file("vga", b"\x55\xaa\x01\xcb" + bytes(508))
    place.file("floppy", bytes(1474560))
    return ["floppy", "--bios", "bios", "--vga-bios", "vga", "--display", "none", "--memory", "4M", "--timeout", "60"]


def test_a_full_disk(place, flood):
    """The file system takes no more (here: no larger files): one line, and the end."""
    process = start("run", *flood, "--serial", "com1", cwd=place.path, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000)))
    _out, err = process.communicate(timeout=90)
    assert process.returncode == 2
    assert err.decode() == "emu run: com1: cannot be written: file too large\n"
    assert (place.path / "com1").stat().st_size == 5000


def test_dev_full(place, flood):
    code, _out, err = place.run(*flood, "--serial", "/dev/full")
    assert (code, err) == (2, "emu run: /dev/full: cannot be written: no space left on device\n")
    code, _out, err = place.run(*flood, "--until", "", "--screenshot", "/dev/full")
    assert code == 2 and err.count("\n") == 1 and err.startswith("emu run: /dev/full: cannot be written"), err


def test_no_place_to_write(place, flood):
    """No home and no place for temporary files: a run needs neither."""
    env = environment(HOME="/nonexistent", XDG_CACHE_HOME="/nonexistent", TMPDIR="/nonexistent", TMP="/nonexistent", TEMP="/nonexistent")
    code, out, err = place.run(*flood, "--until", "R", "--dump-text", env=env)
    assert (code, err) == (0, "")


@pytest.mark.native
def test_a_disc_that_shrinks(place, firmware):
    """The guest gets a read error; the machine stands until it is told to go on."""
    from emu import Machine
    from emu.media.errors import MediaError
    path = place.path / "cd.iso"
    path.write_bytes(iso(2000))
    bios, vga = place.path / "bios", place.path / "vga"
    bios.write_bytes(rom(LOOPS["a tight loop"]))
    vga.write_bytes(b"\x55\xaa\x01\xcb" + bytes(508))
    with Machine(cdrom=str(path), bios=str(bios), vga_bios=str(vga), memory="4M") as pc:
        assert pc.drives.cdrom.image.read(1000 * SECTOR, SECTOR) == bytes(SECTOR)
        os.truncate(path, 100 * SECTOR)
        out, inp = pc.parts.services, pc.parts.services["port_read8"]

        def packet(*body):
            for port, value in ((0x176, 0xA0), (0x171, 0), (0x174, 0), (0x175, 8), (0x177, 0xA0)):
                out["port_write8"](port, value)
            pc.run_for(0.01)
            for n in range(0, 12, 2):
                out["port_write16"](0x170, body[n] | body[n + 1] << 8)
            pc.run_for(0.5)
            return inp(0x177)
        packet(0, *bytes(11))                                               # unit attention goes
        packet(0, *bytes(11))
        assert packet(0x28, 0, 0, 0, 0, 50, 0, 0, 1, 0, 0, 0) & 9 == 8        # data
        for _ in range(1024):
            out["port_read16"](0x170)
        pc.run_for(0.01)
        with pytest.raises(MediaError, match="has become shorter"):         # the host is told once, the machine stands
            packet(0x28, 0, 0, 0, 3, 0xE8, 0, 0, 1, 0, 0, 0)
        pc.resume()
        pc.run_for(0.5)
        assert inp(0x177) & 1                                                # an error
        assert inp(0x171) >> 4 == 3                                          # MEDIUM ERROR


def test_a_file_that_goes_away(place, flood):
    """An image is open: its name may go."""
    process = start("run", *flood, "--serial", "com1", "--until", "", "--wait-seconds", "0.3", cwd=place.path)
    wait_until(lambda: (place.path / "com1").exists() or process.poll() is not None)
    os.unlink(place.path / "floppy")
    _out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")


@pytest.mark.native
def test_the_image_is_never_written(place):
    """A guest that writes all over its floppy and its disk changes neither, if they are the IMAGE."""
    write = bytes.fromhex("31c08ed88ec0bb007cb80103b90200ba0000cd13"          # floppy: AX=0301, C0 H0 S2
                          "b80103b90200ba8000cd13"                            # disk
                          "b003bafb03eeb052baf803eeebfe")
    for size, options in ((1474560, ()), (4 << 20, ())):
        image = bytearray(size)
        image[:len(write)], image[510:512] = write, b"\x55\xaa"
        name = place.file(f"image{size}", image)
        code, out, err = place.run(name, "--display", "none", "--serial", "stdio", "--wait", "R", "--until", "", "--timeout", "50", *options)
        assert code == 0, err


def test_what_is_kept_is_what_was_asked_for(place):
    """The same guest with --floppy and --disk: these are written."""
    write = bytes.fromhex("31c08ed88ec0bb007cb80103b90200ba0000cd13b80103b90200ba8000cd13b003bafb03eeb052baf803eeebfe")
    floppy = bytearray(1474560)
    floppy[:len(write)], floppy[510:512] = write, b"\x55\xaa"
    (place.path / "floppy").write_bytes(floppy)
    (place.path / "disk").write_bytes(bytes(4 << 20))
    process = start("run", "--floppy", "floppy", "--disk", "disk", "--display", "none", "--serial", "stdio", "--wait", "R", "--until", "", "--timeout", "50",
                    cwd=place.path)
    _out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert (place.path / "floppy").read_bytes()[512:1024] == bytes(floppy[:512]) == (place.path / "disk").read_bytes()[512:1024]


def test_the_debug_console(place, flood):
    """Port E9h goes to stderr, before the last line of --stats; without the option nowhere."""
    place.file("bios", rom(b"\xb0\x48\xe6\xe9\xb0\x0a\xe6\xe9\xeb\xfe"))
    code, _out, err = place.run(*flood, "--wait-seconds", "0.1", "--until", "", "--debug-console", "--stats")
    assert code == 0 and err.splitlines()[0] == "H" and json.loads(err.splitlines()[1])["exit"] == 0
    assert place.run(*flood, "--wait-seconds", "0.1", "--until", "")[2] == ""


def test_the_last_line_of_stats(place, flood):
    code, _out, err = place.run(*flood, "--until", "R", "--stats")
    assert code == 0 and json.loads(err.splitlines()[-1])["exit"] == 0


def test_more_sectors_than_there_are(place):
    """Some CDs claim more than they hold: that is no reason to refuse them."""
    place.file("cd", iso(count=0xFFFF))
    code, _out, err = place.run("cd", "--display", "none", "--wait-seconds", "3", "--until", "")
    assert code in (0, 4) and "internal" not in err, err


def test_a_display_that_there_is_not(folder):
    folder.file("floppy", bytes(1474560))
    state = folder.state()
    assert main(["run", str(folder.path / "floppy"), "--display", "tv"]) == 2
    assert folder.state() == state
