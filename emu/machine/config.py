"""One machine's configuration: what stands behind the command line, the Python API and machine management."""

import os
import re
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import NamedTuple

from emu.cpu.cpuid import MODELS
from emu.media.floppy import DRIVE_TYPES

from . import option_rom

MIB = 1 << 20
MEMORY_LEAST, MEMORY_MOST = MIB, 3584 * MIB
MAX_IDE = 4                                     # two channels with two devices each
MAX_FLOPPIES = 2

CPUS = ("486", "pentium", "pentium2", "pentium3", "pentium4")
ENGINES = ("auto", "native", "python")
CLOCKS = ("auto", "host", "virtual")
BOOT_DEVICES = ("cdrom", "disk", "floppy", "network")
NICS = ("ne2k_pci", "ne2k_isa", "none")
DISPLAYS = ("window", "none", "vnc", "web")
REMOTE_PORTS = {"vnc": 5900, "web": 6080}       # the displays over the network, and their usual ports
LOOPBACK = "127.0.0.1"
ISA_NIC_PORT, ISA_NIC_IRQ = 0x300, 9
ISA_NIC_PORTS = 0x20
ROM_OPTION = ",romfile="                        # of the PCI card; the rest of the text is the file's name
SOUND_CARDS = ("sb16", "none")
SOUND_CARD_PORTS = (0x220, 0x330, 0x388)
SOUND_CARD_IRQ = 5
ISA_NIC_IRQS = (3, 4, 5, 7, 9, 10, 11, 12, 15)
SWITCH_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}"
NET_OPTIONS, NET_VALUES = ("restrict", "host-access"), ("tftp", "bootfile")

FIRMWARE = Path(__file__).resolve().parent.parent / "firmware"
_BIOS, _VGA_BIOS = FIRMWARE / "bios.bin", FIRMWARE / "vgabios.bin"
_BIOS_SIZES = tuple(64 * 1024 << n for n in range(3))       # 64, 128, 256 KiB
_VGA_BIOS_MOST = 64 * 1024

DEMO_CD = FIRMWARE / "demo.iso"

_UNITS = {"": 1, "K": 1 << 10, "M": MIB, "G": 1 << 30}


class ConfigError(ValueError):
    """A configuration that cannot be: one line that says what is wrong."""


def parse_memory(value):
    """Bytes of guest memory from "256M", "1.5G", "65536K" or a number of bytes.  Raises ConfigError."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ConfigError(f"memory: {value!r} is not a size")
    size = value
    if isinstance(value, str):
        found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([KMG]?)(?:i?B)?", value.strip(), re.IGNORECASE | re.ASCII)
        if found is None:
            raise ConfigError(f"memory: {value!r} is not a size (try 256M)")
        whole, _, part = found[1].partition(".")
        size = int((whole + part).lstrip("0")[:40] or "0") * _UNITS[found[2].upper()] // 10 ** len(part)
    if not MEMORY_LEAST <= size <= MEMORY_MOST:
        hint = f" (did you mean {value}M?)" if str(value).isdigit() and 1 <= int(value) <= 3584 else ""
        raise ConfigError(f"memory: {value} is out of range: 1M to 3.5G{hint}")
    return size & ~0xFFF


@dataclass
class Disk:
    """A hard disk: its image, and whether the guest's writes go there (else they last for the run)."""

    path: str
    keep_writes: bool = True


@dataclass
class Floppy:
    """A floppy disk: its image, whether the guest's writes go there (else they last for the run), and whether the disk is
    write-protected."""

    path: str
    keep_writes: bool = True
    read_only: bool = False


@dataclass
class MachineConfig:
    """A machine.

    ``memory`` takes bytes or "256M"; ``disks`` and ``floppies`` take paths, Disk and Floppy; ``boot`` is one of cdrom,
    disk, floppy, network or a list of them in order (None: floppy, CD-ROM, disk, of those present).  ``floppy_drives``: what
    drives A and B are, by names of DRIVE_TYPES or none (None: as the floppies need them, and a 1.44M drive A at least).  ``net``,
    ``nic``, ``forwards`` are as on the command line.  ``option_roms`` are files that the firmware runs.  ``display``: None is
    none; ``display_password``: what
    those who look over the network have to know.  ``serial``: stdio, null or a file's name.
    ``sound``: none, window (whoever shows the machine plays it) or a WAV file's name; ``midi``: a file for what the
    sound card sends to its MIDI port.
    ``clock``: auto is host with something that people look at, virtual otherwise.  Nothing is opened here; validate()
    says whether the values make sense together.
    """

    name: str = ""
    os_type: str = ""
    memory: int | str = 256 * MIB
    cpus: int = 1
    cpu: str = "pentium4"
    cdrom: str | None = None
    floppies: list = field(default_factory=list)
    floppy_drives: list | None = None
    disks: list = field(default_factory=list)
    boot: str | list | None = None
    kernel: str | None = None
    initrd: str | None = None
    append: str = ""
    bios: str | None = None
    vga_bios: str | None = None
    option_roms: list = field(default_factory=list)
    nic: str = "ne2k_pci"
    net: str = "user"
    forwards: list = field(default_factory=list)
    pcap: str | None = None
    snapshot: bool = False
    backing_anywhere: bool = False
    sound: str | None = None
    sound_card: str = "sb16"
    midi: str | None = None
    clock: str = "auto"
    display: str | None = None
    display_password: str | None = None
    serial: str = "null"
    engine: str = "auto"
    no_apic: bool = False
    no_acpi: bool = False
    no_vmware: bool = False
    debug_console: bool = False
    debug_exit: bool = False
    no_reboot: bool = False

    def __post_init__(self):
        self.memory = parse_memory(self.memory)
        self.disks = [_medium(Disk, d) for d in _listed(self.disks)]
        self.floppies = [_medium(Floppy, f) for f in _listed(self.floppies)]
        self.floppy_drives = _listed(self.floppy_drives) if self.floppy_drives is not None else None
        self.forwards = _listed(self.forwards)
        self.option_roms = [str(path) for path in _listed(self.option_roms)]
        for name in ("cdrom", "kernel", "initrd", "bios", "vga_bios", "pcap", "midi"):
            value = getattr(self, name)
            setattr(self, name, str(value) if value is not None else None)
        self.display = self.display or "none"
        self.sound = str(self.sound or "none")
        self.boot_order = self._boot_order()

    @classmethod
    def make(cls, **values):
        """A validated configuration from keyword arguments; ``floppy`` and ``disk`` name a single medium.

        Raises ConfigError, also for a name that there is not.
        """
        for one, many in (("floppy", "floppies"), ("disk", "disks")):
            if values.get(one) is not None:
                values[many] = _listed(values.pop(one)) + _listed(values.get(many))
            values.pop(one, None)
        unknown = sorted(set(values) - {f.name for f in fields(cls)})
        if unknown:
            raise ConfigError(f"{unknown[0]}: a machine has no such setting")
        config = cls(**values)
        config.validate()
        return config

    def validate(self):
        """Raise ConfigError for the first thing that is wrong."""
        for name, value, known in (("cpu", self.cpu, CPUS), ("engine", self.engine, ENGINES),
                                   ("clock", self.clock, CLOCKS), ("sound-card", self.sound_card, SOUND_CARDS)):
            if value not in known:
                raise ConfigError(f"{name}: there is no {value!r} (there is {', '.join(known)})")
        display, _ = parse_display(self.display)
        if self.display_password is not None and display not in REMOTE_PORTS:
            raise ConfigError("display_password: only a vnc or web display asks for one")
        if self.cpus != 1:
            raise ConfigError(f"cpus: {self.cpus} is not possible: a machine has one processor")
        ide = len(self.disks) + (self.cdrom is not None)
        if ide > MAX_IDE:
            raise ConfigError(f"disks: {ide} IDE devices are too many (up to {MAX_IDE} disks less the CD-ROM)")
        if len(self.floppies) > MAX_FLOPPIES:
            raise ConfigError(f"floppies: {len(self.floppies)} are too many (up to {MAX_FLOPPIES})")
        for drive, name in enumerate(self.floppy_drives or ()):
            if drive >= MAX_FLOPPIES:
                raise ConfigError(f"floppy_drives: {len(self.floppy_drives)} are too many (up to {MAX_FLOPPIES})")
            if name not in (*DRIVE_TYPES, "none"):
                raise ConfigError(f"floppy_drives: there is no {name!r} (there is {', '.join(DRIVE_TYPES)}, none)")
        if self.floppy_drives is not None and not all(self.floppy_kinds([0] * len(self.floppies))[:len(self.floppies)]):
            raise ConfigError("floppies: there is no drive for one of them (floppy_drives)")
        if self.kernel is None and (self.initrd is not None or self.append):
            raise ConfigError(f"{'initrd' if self.initrd is not None else 'append'}: needs a kernel")
        if self.boot is not None and not self._present(self.boot_order[0]):
            hint = " (it wants a ROM: --nic ne2k_pci,romfile=FILE)" if self.boot_order[0] == "network" else ""
            raise ConfigError(f"boot: there is no {self.boot_order[0]} to boot from{hint}")
        if self.sound == "window" and display != "window":
            raise ConfigError("sound: window needs a window (display)")
        if self.sound_file is not None and not self.sound.lower().endswith(".wav"):
            raise ConfigError(f"sound: {self.sound!r} is not none, window or a file's name that ends in .wav")
        if self.midi is not None and self.sound_card == "none":
            raise ConfigError("midi: there is no sound card")
        nic = parse_nic(self.nic)
        if nic.port is not None and self.sound_card != "none":
            taken = [f"port {p:#x}" for p in SOUND_CARD_PORTS if nic.port <= p < nic.port + ISA_NIC_PORTS]
            taken += [f"IRQ {nic.line}"] if nic.line == SOUND_CARD_IRQ else []
            if taken:
                raise ConfigError(f"nic: {taken[0]} is the sound card's (--sound-card none leaves that out)")
        net, _ = parse_net(self.net)
        for name, value in (("forward", self.forwards), ("pcap", self.pcap)):
            if value and (net == "none" or self.nic == "none"):
                raise ConfigError(f"{name}: there is no network{' card' if self.nic == 'none' else ''} (see --n{'ic' if self.nic == 'none' else 'et'})")
        if net == "switch" and self.forwards:
            raise ConfigError("forward: a switch has no way to the host (see --net user)")
        for forward in self.forwards:
            parse_forward(forward)

    def _boot_order(self):
        if self.boot is None:
            return [device for device in ("floppy", "cdrom", "disk", "network") if self._present(device)]
        order = self.boot.split(",") if isinstance(self.boot, str) else list(self.boot)
        for device in order:
            if device not in BOOT_DEVICES:
                raise ConfigError(f"boot: there is no {device!r} (there is {', '.join(BOOT_DEVICES)})")
        if not order:
            raise ConfigError("boot: names no device")
        rest = [device for device in BOOT_DEVICES if device not in order and (device != "network" or self._present(device))]
        if "network" in rest:               # firmware takes three: those that are there go first
            rest.sort(key=lambda device: not self._present(device))
        return order + rest

    def _present(self, device):
        """Is there anything of this kind to boot from?"""
        return bool({"cdrom": self.cdrom, "disk": self.disks, "floppy": self.floppies,
                     "network": self.nic_rom or self.option_roms}[device])

    @property
    def nic_rom(self):
        """The file with the network card's boot ROM, or None: the one named, or the host's where the network is booted from."""
        card, named, path = self.nic.partition(ROM_OPTION)
        asked = self.boot is not None and "network" in (self.boot.split(",") if isinstance(self.boot, str) else self.boot)
        return path if named else option_rom.network_rom() if asked and card.split(",")[0] == "ne2k_pci" and not self.option_roms else None

    def floppy_kinds(self, wanted):
        """The CMOS types of drives A and B; ``wanted`` are those that the floppies belong in."""
        if self.floppy_drives is None:
            return (list(wanted) + [DRIVE_TYPES["1.44M"], 0][len(wanted):])[:MAX_FLOPPIES]
        return ([DRIVE_TYPES.get(name, 0) for name in self.floppy_drives] + [0] * MAX_FLOPPIES)[:MAX_FLOPPIES]

    @property
    def sound_file(self):
        """The WAV file that is written, or None."""
        return None if self.sound in ("none", "window") else self.sound

    @property
    def has_apic(self):
        """Are there a local and an I/O APIC?"""
        return not self.no_apic and any(m.name == self.cpu and m.apic_version for m in MODELS)

    def wanted_clock(self):
        """The clock to use, ``host`` or ``virtual``, with ``auto`` resolved."""
        if self.clock != "auto":
            return self.clock
        return "host" if self.display != "none" else "virtual"

    def disk_keeps_writes(self, disk):
        """Do the guest's writes to ``disk`` (or a floppy) go to its file?"""
        return disk.keep_writes and not self.snapshot

    def bios_path(self):
        """The system BIOS: the one named, or the project's own.  Raises ConfigError."""
        path = _firmware(self.bios or _BIOS)
        size = path.stat().st_size
        if size not in _BIOS_SIZES:
            raise ConfigError(f"{path}: is {size} bytes long; a BIOS has 64, 128 or 256 KiB")
        return path

    def vga_bios_path(self):
        """The VGA BIOS: the one named, or the project's own.  Raises ConfigError."""
        path = _firmware(self.vga_bios or _VGA_BIOS)
        size = path.stat().st_size
        if not 0 < size <= _VGA_BIOS_MOST:
            raise ConfigError(f"{path}: is {size} bytes long; a VGA BIOS has up to 64 KiB")
        return path


class Nic(NamedTuple):
    """A network card: its kind, I/O base or None, ISA line or 0, hardware address or None for one that suits."""

    kind: str
    port: int | None = None
    line: int = 0
    mac: bytes | None = None


def parse_nic(text):
    """The Nic from "none", "ne2k_pci[,mac=…][,romfile=FILE]" or "ne2k_isa[,port=0x300][,irq=9][,mac=…]".  Raises ConfigError."""
    card, named, path = text.partition(ROM_OPTION)
    kind, *options = card.split(",")
    if named and (kind != "ne2k_pci" or not path):
        raise ConfigError(f"nic: {text!r}: the ROM is a file for ne2k_pci (others: --option-rom)")
    isa = kind == "ne2k_isa"
    made = Nic(kind, ISA_NIC_PORT, ISA_NIC_IRQ) if isa else Nic(kind)
    right = kind in NICS
    for option in options:
        name, _, value = option.partition("=")
        try:
            number = int(value, 0)
        except ValueError:
            number = -1
        if isa and name == "port" and number in range(0x200, 0x3E1, ISA_NIC_PORTS):
            made = made._replace(port=number)
        elif isa and name == "irq" and number in ISA_NIC_IRQS:
            made = made._replace(line=number)
        elif name == "mac" and kind != "none":
            made = made._replace(mac=_parse_mac(value))
        else:
            right = False
    if not right:
        raise ConfigError(f"nic: {text!r} is not {', '.join(NICS)} (or ne2k_isa,port=0x300,irq=9 or ne2k_pci,romfile=FILE; each "
                          "with mac=52:54:00:AB:CD:EF)")
    return made


def _parse_mac(text):
    """Six bytes from "52:54:00:AB:CD:EF"."""
    if not re.fullmatch(r"[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}", text):
        raise ConfigError(f"nic: mac: {text!r} is not an address such as 52:54:00:AB:CD:EF")
    mac = bytes.fromhex(text.replace(":", "").replace("-", ""))
    if mac[0] & 1 or not any(mac):
        raise ConfigError(f"nic: mac: {text} is no card's own (its first byte is even, and it is not all 0)")
    return mac


def parse_display(text):
    """("window", None), ("vnc", (host, port)) … from the --display text.  Raises ConfigError."""
    kind, named, address = text.partition("=")
    if kind not in DISPLAYS or named and kind not in REMOTE_PORTS:
        raise ConfigError(f"display: there is no {text!r} (there is {', '.join(DISPLAYS)})")
    if kind not in REMOTE_PORTS:
        return kind, None
    if not named:
        return kind, (LOOPBACK, REMOTE_PORTS[kind])
    found = re.fullmatch(r"([0-9]+)|(\[[^\[\]]+\]|[^:\[\]]+)?(?::([0-9]+))?", address, re.ASCII) if address else None
    port = int((found[1] or found[3] or "")[:6] or REMOTE_PORTS[kind]) if found else 65536
    if port > 65535:
        raise ConfigError(f"display: {address!r} is not ADDR:PORT")
    return kind, ((found[2] or "").strip("[]") or LOOPBACK, port)


def parse_net(text):
    """("none", ()), ("user", (options)) or ("switch", (name,)) from the --net text.  Raises ConfigError."""
    kind, *options = text.split(",")
    if kind == "none" and not options:
        return "none", ()
    if kind == "user" and all(o in NET_OPTIONS or o.partition("=")[0] in NET_VALUES and o.partition("=")[2] for o in options):
        return "user", tuple(options)
    if kind.startswith("switch=") and not options:
        if not re.fullmatch(SWITCH_NAME, kind[7:]):
            raise ConfigError(f"net: {text!r}: a switch's name is of 1 to 32 letters, digits, '-', '_' and '.', the first a letter or digit")
        return "switch", (kind[7:],)
    raise ConfigError(f"net: {text!r} is not none, user[,restrict][,host-access][,tftp=FOLDER][,bootfile=NAME] or switch=NAME")


def parse_forward(text):
    """(protocol, host address, host port, guest port) from "tcp:ADDR:PORT:GUESTPORT"; ADDR may be left out, IPv6 is in brackets."""
    found = re.fullmatch(r"(tcp|udp)(?::(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]]*)))?:([0-9]{1,5}):([0-9]{1,5})", text, re.ASCII)
    ports = [int(p) for p in found.groups()[3:]] if found else [0]
    if not all(0 < p < 65536 for p in ports):
        raise ConfigError(f"forward: {text!r} is not tcp:ADDR:PORT:GUESTPORT or udp:ADDR:PORT:GUESTPORT (an IPv6 ADDR in brackets)")
    return found[1], found[2] or found[3] or LOOPBACK, *ports


def _listed(value):
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _medium(kind, value):
    return value if isinstance(value, kind) else kind(str(value))


def _firmware(named):
    path = Path(named)
    if not path.exists():
        raise ConfigError(f"{path}: no such file")
    if not path.is_file():
        raise ConfigError(f"{path}: is not a regular file")
    if not os.access(path, os.R_OK):
        raise ConfigError(f"{path}: permission denied")
    return path
