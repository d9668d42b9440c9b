"""Debian's kernel with busybox, started directly and straight into a shell: quicker than the CD's own start."""
import shutil
import subprocess

from data import absent
from emu import Machine

APPEND = "quiet net.ifnames=0 rdinit=/bin/sh"
PREPARE = ("/bin/busybox --install -s; mount -t proc p /proc; mount -t sysfs s /sys; mount -t devtmpfs d /dev; mount -t tmpfs t /tmp; "
           "modprobe ne2k-pci; ip link set lo up; ip link set eth0 up")


def files(image, folder):
    """The files of the busybox CD, put into a folder that is made."""
    if shutil.which("xorriso") is None:
        absent("xorriso")
    subprocess.run(["xorriso", "-osirrox", "on", "-indev", image("debian-busybox.iso"), "-extract", "/", folder], check=True, capture_output=True)
    return folder


def shell(folder, memory="64M", **settings):
    """A machine whose shell will be on COM1."""
    return Machine(kernel=folder / "boot/vmlinuz", initrd=folder / "boot/initrd.gz", append=f"{APPEND} console=tty0 console=ttyS0,115200",
                   memory=memory, engine="native", **settings)


def type_serial(pc, text, pause=0.0005):
    """Type at the shell on COM1, ``pause`` seconds of the guest's time between two characters."""
    for byte in text.encode():
        while not pc.send_serial(bytes((byte,))):
            pc.run_for(0.001)
        pc.run_for(pause)


def send(pc, line, pause=0.0005):
    """Type a line."""
    type_serial(pc, line + "\r", pause)


def ask(pc, command, seconds=240):
    """Type a command at the shell on COM1; gives what it printed."""
    ask.count += 1
    mark = f"#{ask.count}#"
    before = len(pc.serial_text())
    send(pc, f"{command}; echo '#'{ask.count}'#'")
    pc.wait_for_text(mark, timeout=seconds)
    return pc.serial_text()[before:].rpartition(mark)[0].partition("\n")[2]


ask.count = 0
