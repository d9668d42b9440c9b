"""Booting from the network: iPXE's ROM on the PCI card gets its lease and starts Linux by TFTP and HTTP, under both firmwares."""

import re
import shutil
import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from boots import SEABIOS
from data import absent

from emu import Machine
from emu.machine import option_rom

pytestmark = [pytest.mark.boot, pytest.mark.native, pytest.mark.heavy, pytest.mark.timeout(900)]

PXELINUX = Path("/usr/lib/PXELINUX/pxelinux.0")                 # Debian: package pxelinux
LDLINUX = Path("/usr/lib/syslinux/modules/bios/ldlinux.c32")    # syslinux-common
APPEND = "console=ttyS0,115200 console=tty0 net.ifnames=0"
SCRIPT = f"#!ipxe\nkernel vmlinuz {APPEND}\ninitrd initrd.gz\nboot\n"
MENU = f"DEFAULT linux\nLABEL linux\nKERNEL vmlinuz\nINITRD initrd.gz\nAPPEND {APPEND}\n"


@pytest.fixture(scope="module")
def folder(image, tmp_path_factory):
    """A folder with a kernel, and what boots it."""
    if not shutil.which("xorriso"):
        absent("xorriso")
    if option_rom.network_rom() is None:
        absent("iPXE's ROM (package ipxe-qemu)")
    made = tmp_path_factory.mktemp("served")
    subprocess.run(["xorriso", "-osirrox", "on", "-indev", image("debian-busybox.iso"), "-extract", "/boot", made], check=True, capture_output=True)
    (made / "boot.ipxe").write_text(SCRIPT)
    return made


def boots(**settings):
    """Boot from the network to a shell that has its address."""
    with Machine(memory="128M", engine="native", boot="network", **settings) as pc:
        pc.wait_for_text("using rtl8029 on 0000:00:03.0", timeout=120)
        pc.wait_for_text("DEBIAN-BUSYBOX-READY", timeout=600)
        assert re.search(r"DHCP-OK eth0 10\.0\.2\.15 gw 10\.0\.2\.2 dns 10\.0\.2\.3", pc.serial_text())


def seabios():
    """The settings for the other firmware."""
    if not SEABIOS.is_dir():
        absent("SeaBIOS")
    return {"bios": SEABIOS / "bios.bin", "vga_bios": SEABIOS / "vgabios-stdvga.bin"}


@pytest.mark.parametrize("firmware", [dict, seabios])
def test_script_by_tftp(folder, firmware):
    boots(net=f"user,tftp={folder},bootfile=boot.ipxe", **firmware())


def test_script_by_http(folder):
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        boots(net=f"user,host-access,bootfile=http://10.0.2.2:{server.server_port}/boot.ipxe")
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("firmware", [dict, seabios])
def test_pxelinux(folder, firmware):
    for file in (PXELINUX, LDLINUX):
        if not file.is_file():
            absent(f"{file.name} (packages pxelinux, syslinux-common)")
        shutil.copy(file, folder)
    (folder / "pxelinux.cfg").mkdir(exist_ok=True)
    (folder / "pxelinux.cfg" / "default").write_text(MENU)
    boots(net=f"user,tftp={folder},bootfile=pxelinux.0", **firmware())


def test_rom_of_the_machine(folder):
    """As an option ROM of the machine instead of the card's: iPXE looks for its card by itself."""
    boots(option_roms=[option_rom.network_rom()], net=f"user,tftp={folder},bootfile=boot.ipxe")
