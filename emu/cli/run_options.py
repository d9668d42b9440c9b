"""The options of ``emu run``, and the machine's configuration that they make."""

import os
import stat
import sys

from ..devices.ne2000 import Ne2000Pci
from ..machine import config as cfg
from ..machine import option_rom
from ..machine.keys import chords
from ..media import detect
from ..media.errors import MediaError
from ..media.opening import check_disk
from .parsing import InOrder, Parser, UsageError, positive_seconds

MOST_PASSWORD_LINE = 1024
DEFAULT_NET, DEFAULT_NIC = "user", "ne2k_pci"


def parser():
    """The options of ``emu run``."""
    p = Parser(prog="emu run", description="Boot an image in a machine.",
               epilog="Exit codes: 0 --until was seen, the guest powered off, or the window was closed; 1 the emulator "
                      "failed; 2 the command line or a file is wrong; 3 timeout; 4 the guest ended otherwise.")
    p.add_argument("image", nargs="?", metavar="IMAGE", help="an ISO, floppy or disk image; never written to")
    media = p.add_argument_group("media")
    media.add_argument("--cdrom", metavar="FILE|FOLDER", help="CD-ROM image, or a folder to show as one")
    media.add_argument("--floppy", metavar="FILE", action="append", help="floppy image; written")
    media.add_argument("--floppy-drive", metavar="360K|720K|1.2M|1.44M|2.88M|none", action="append",
                       help="what drive A is, a second time B (default: as the floppies need)")
    media.add_argument("--disk", metavar="FILE|FOLDER", action="append", help="hard-disk image; written; up to 4 times; a folder is a FAT "
                       "disk, and never written")
    media.add_argument("--boot", choices=cfg.BOOT_DEVICES, help="what to boot first (default: IMAGE)")
    media.add_argument("--snapshot", action="store_true", help="throw writes to disks away at the end")
    media.add_argument("--backing-anywhere", action="store_true", help="disk images may name files outside their folder")
    media.add_argument("--kernel", metavar="FILE", help="start this Linux bzImage or multiboot kernel directly")
    media.add_argument("--initrd", metavar="FILE", help="its initial RAM disk")
    media.add_argument("--append", metavar="TEXT", help="its command line")
    pc = p.add_argument_group("machine")
    pc.add_argument("--memory", metavar="SIZE", default="256M", help="guest RAM, such as 256M (the default)")
    pc.add_argument("--cpu", choices=cfg.CPUS, help="CPU model (default pentium4)")
    pc.add_argument("--engine", choices=cfg.ENGINES, default="auto", help="what executes instructions (default auto)")
    pc.add_argument("--clock", choices=("host", "virtual"), help="guest time follows the host or the instructions")
    pc.add_argument("--bios", metavar="FILE", help="system BIOS")
    pc.add_argument("--vga-bios", metavar="FILE", help="VGA BIOS")
    pc.add_argument("--option-rom", metavar="FILE", action="append", help="an option ROM that the BIOS runs; repeatable")
    pc.add_argument("--no-apic", action="store_true", help="a machine without APICs")
    pc.add_argument("--no-acpi", action="store_true", help="a machine without ACPI")
    pc.add_argument("--no-vmware", action="store_true", help="a machine without the VMware backdoor, the absolute pointer")
    pc.add_argument("--no-reboot", action="store_true", help="a reset ends the run")
    pc.add_argument("--debug-console", action="store_true", help="port E9h goes to stderr")
    pc.add_argument("--debug-exit", action="store_true", help="a write of N to port F4h ends with code 64 + (N & 63)")
    ends = p.add_argument_group("screen, sound, lines")
    ends.add_argument("--display", metavar="window|none|vnc[=ADDR:PORT]|web[=ADDR:PORT]",
                      help="default: window where there is a display")
    ends.add_argument("--display-password", metavar="TEXT", help="what a vnc or web viewer has to know, up to 8 characters")
    ends.add_argument("--display-password-file", metavar="FILE", help="a file whose first line it is")
    ends.add_argument("--serial", metavar="stdio|null|FILE", default="null", help="where COM1 goes (default null)")
    ends.add_argument("--sound", metavar="none|window|FILE.wav", help="where sound goes (default: window where there is one)")
    ends.add_argument("--sound-card", choices=cfg.SOUND_CARDS, default="sb16", help="default sb16, a Sound Blaster 16")
    ends.add_argument("--midi", metavar="FILE.mid", help="a file for what goes to the sound card's MIDI port")
    ends.add_argument("--net", metavar="none|user[,restrict][,host-access][,tftp=FOLDER][,bootfile=NAME]|switch=NAME",
                      help="what the card is plugged into (default user)")
    ends.add_argument("--nic", metavar="ne2k_pci[,romfile=FILE]|ne2k_isa[,port=0x300][,irq=9]|none",
                      help="the network card (default ne2k_pci); [,mac=52:54:00:AB:CD:EF] is its address; romfile, the last: its boot ROM "
                      "(default with --boot network: the host's iPXE)")
    ends.add_argument("--forward", metavar="tcp:ADDR:PORT:GUESTPORT", action="append",
                      help="a host port into the guest; an IPv6 ADDR is in brackets")
    ends.add_argument("--pcap", metavar="FILE", help="capture the guest's frames")
    steps = p.add_argument_group("script")
    steps.add_argument("--wait", metavar="TEXT", action=InOrder, dest="steps", default=(), help="go on once TEXT shows")
    steps.add_argument("--type", metavar="TEXT", action=InOrder, dest="steps", default=(), help="type TEXT")
    steps.add_argument("--wait-seconds", metavar="N", action=InOrder, dest="steps", default=(), type=positive_seconds,
                       help="go on after N guest seconds")
    steps.add_argument("--until", metavar="TEXT", help="stop with success once TEXT shows")
    steps.add_argument("--timeout", metavar="SECONDS", type=positive_seconds, help="host seconds; then exit code 3")
    steps.add_argument("--screenshot", metavar="FILE.png", help="written at the end")
    steps.add_argument("--dump-text", action="store_true", help="print the text screen at the end")
    steps.add_argument("--stats", action="store_true", help="a JSON object on stderr's last line")
    return p


def has_display():
    """Is there a screen that a window could be on?"""
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def configure(args):
    """The MachineConfig of parsed options, with every file looked at.  Raises UsageError, MediaError, ConfigError."""
    memory = cfg.parse_memory(args.memory)
    for kind, value in args.steps:
        if kind == "type":
            try:
                chords(value)
            except ValueError as error:
                raise UsageError(f"--type: {error}") from None
    floppies = [cfg.Floppy(f) for f in args.floppy or ()]
    disks = [cfg.Disk(d) for d in args.disk or ()]
    cdrom, boot = args.cdrom, args.boot
    image = args.image
    if image is None and not (cdrom or disks or floppies or args.kernel or args.boot == "network"):
        if not cfg.DEMO_CD.exists():
            raise UsageError(f"no image given, and the demonstration CD is missing ({cfg.DEMO_CD})")
        image = str(cfg.DEMO_CD)
    if image is not None:
        content = detect.detect(image)
        if content.kind == detect.ISO:
            if cdrom is not None:
                raise UsageError(f"{image}: is an ISO image, and --cdrom names another: a machine has one CD-ROM")
            cdrom, what = image, "cdrom"
        elif content.kind == detect.FLOPPY:
            floppies.insert(0, cfg.Floppy(image, keep_writes=False))
            what = "floppy"
        elif content.kind == detect.DISK:
            disks.insert(0, cfg.Disk(image, keep_writes=False))
            what = "disk"
        elif content.kind in (detect.LINUX, detect.MULTIBOOT):
            raise MediaError(image, f"is {content.text}: start it with --kernel")
        else:
            raise MediaError(image, f"is not an ISO, floppy or disk image: it is {content.text}")
        if args.kernel is None:
            boot = boot or what
    display = args.display or ("window" if has_display() else "none")
    on_terminal = args.serial == "stdio" and sys.stdin is not None and sys.stdin.isatty()
    config = cfg.MachineConfig.make(
        memory=memory, cpu=args.cpu or "pentium4", cdrom=cdrom, floppies=floppies, floppy_drives=args.floppy_drive,
        disks=disks, boot=boot,
        kernel=args.kernel, initrd=args.initrd, append=args.append or "", bios=args.bios, vga_bios=args.vga_bios,
        option_roms=args.option_rom,
        nic=args.nic or DEFAULT_NIC, net=args.net or DEFAULT_NET, forwards=args.forward, pcap=args.pcap,
        snapshot=args.snapshot, backing_anywhere=args.backing_anywhere, display=display, display_password=_password(args),
        sound=args.sound or ("window" if display == "window" else "none"), sound_card=args.sound_card, midi=args.midi,
        serial=args.serial, engine=args.engine,
        clock=args.clock or ("host" if on_terminal else "auto"), no_apic=args.no_apic, no_acpi=args.no_acpi,
        no_vmware=args.no_vmware,
        debug_console=args.debug_console, debug_exit=args.debug_exit, no_reboot=args.no_reboot)
    check_files(config)
    outputs = [args.screenshot, args.pcap, config.sound_file, config.midi, None if args.serial in ("stdio", "null") else args.serial]
    outputs = [path for path in outputs if path is not None]
    for path in outputs:
        check_output(path)
    check_twice(config, outputs)
    return config


def _password(args):
    """The password for viewers, from the command line or a file; None without."""
    path = args.display_password_file
    if path is None:
        return args.display_password
    if args.display_password is not None:
        raise UsageError("--display-password and --display-password-file: give one of them")
    try:
        with open(path, encoding="utf-8") as file:
            return file.readline(MOST_PASSWORD_LINE).rstrip("\r\n")
    except (OSError, UnicodeError) as error:
        raise MediaError(path, f"cannot be read: {getattr(error, 'strerror', None) or 'is not text'}") from None


def is_demonstration(args, config):
    """Does this boot the demonstration CD because nothing else was named?"""
    return args.image is None and args.cdrom is None and config.cdrom is not None


def check_files(config):
    """Look at every file that a configuration names.  Raises MediaError or ConfigError."""
    if config.cdrom is not None:
        content = detect.require_cd(config.cdrom)
        alone = not (config.disks or config.floppies)
        if config.kernel is None and ((config.boot and config.boot_order[0] == "cdrom") or alone):
            detect.require_bootable_cd(config.cdrom, content)
    for disk in config.disks:
        check_disk(disk.path, config.disk_keeps_writes(disk), config.backing_anywhere)
    for floppy in config.floppies:
        detect.require_floppy_size(floppy.path)
    if config.kernel is not None:
        detect.require_kernel(config.kernel)
    if config.initrd is not None:
        fd, _size = detect.open_regular(config.initrd)
        os.close(fd)
    config.bios_path()
    config.vga_bios_path()
    for path in config.option_roms:
        option_rom.read(path)
    if config.nic_rom is not None:
        option_rom.for_card(config.nic_rom, Ne2000Pci.VENDOR, Ne2000Pci.DEVICE)


def check_twice(config, outputs):
    """Raise MediaError if a file that would be written is named for something else as well."""
    media = [(m.path, config.disk_keeps_writes(m) and not os.path.isdir(m.path)) for m in (*config.disks, *config.floppies)]
    read = (config.cdrom, config.kernel, config.initrd, config.bios, config.vga_bios, config.nic_rom, *config.option_roms)
    seen = {}
    for path, written in (*media, *((p, False) for p in read if p is not None), *((p, True) for p in outputs)):
        try:
            info = os.stat(path)
            if stat.S_ISCHR(info.st_mode) or stat.S_ISFIFO(info.st_mode):
                continue
            key = info.st_dev, info.st_ino
        except OSError:                         # an output that is to be made
            key = os.path.realpath(path)
        if key not in seen:
            seen[key] = path, written
        elif written or seen[key][1]:
            also = "" if seen[key][0] == path else f" (also as {seen[key][0]})"
            raise MediaError(path, f"is named twice, and would be written{also}")


def check_output(path):
    """Raise MediaError if a file could not be written at ``path``; nothing is created."""
    folder = os.path.dirname(path) or "."
    if os.path.isdir(path):
        raise MediaError(path, "is a directory")
    if not path:
        raise MediaError(repr(path), "is not a file name")
    if not os.path.isdir(folder):
        raise MediaError(path, f"cannot be written: there is no directory {folder}")
    if not os.access(path if os.path.exists(path) else folder, os.W_OK):
        raise MediaError(path, "cannot be written: permission denied")
