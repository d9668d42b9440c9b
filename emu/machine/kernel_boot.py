"""Starting a kernel without a boot disk (--kernel, --initrd, --append): what goes where in memory, for the boot ROM.

Linux/x86 boot protocol (Documentation/x86/boot.rst): versions 2.00 and later.  Multiboot kernels: multiboot.py.
"""

import os

from emu.devices.fw_cfg import FILE_FIRST
from emu.media import detect
from emu.media.errors import MediaError, reason

from . import multiboot
from .boot_rom import BOOT_ORDER, LINUX, ROM_NAME, Piece, build
from .config import ConfigError

# Where the boot protocol has its fields in the first sectors of the file
SETUP_SECTS, VID_MODE, VERSION, LOADER, LOADFLAGS = 0x1F1, 0x1FA, 0x206, 0x210, 0x211
RAMDISK_IMAGE, RAMDISK_SIZE, HEAP_END, CMD_LINE_PTR, INITRD_MAX = 0x218, 0x21C, 0x224, 0x228, 0x22C
CMDLINE_SIZE, PREF_ADDRESS, INIT_SIZE = 0x238, 0x258, 0x260
OLD_CMDLINE_MAGIC, OLD_CMDLINE_OFFSET = 0x20, 0x22
LOADED_HIGH, CAN_USE_HEAP = 0x01, 0x80
LOADER_UNKNOWN = 0xFF
VIDEO_MODES = {"normal": 0xFFFF, "ext": 0xFFFE, "ask": 0xFFFD}

HIGH = 0x100000
PAGE = 0x1000
FIRMWARE_ROOM = 1 << 20  # at the top of memory, for the firmware's tables


def read_file(path, memory):
    """The bytes of a file that is to go into ``memory`` bytes.  Raises MediaError and ConfigError."""
    fd, size = detect.open_regular(path)
    if size > memory:
        os.close(fd)
        raise ConfigError(f"memory: {memory >> 20} MiB are too few for {path}, which is {size} bytes long")
    try:
        with os.fdopen(fd, "rb") as file:
            file.seek(0)
            return file.read()
    except OSError as error:
        raise MediaError(path, reason(error)) from None


def usable(memory):
    """The end of the memory that kernels and modules may be put in."""
    return memory - FIRMWARE_ROOM if memory > 2 * FIRMWARE_ROOM + HIGH else memory - 0x40000


def add(fw_cfg, config):
    """Give the machine the boot ROM and the pieces of its kernel.  Raises MediaError and ConfigError."""
    kind = detect.require_kernel(config.kernel)
    kernel = read_file(config.kernel, config.memory)
    initrd = read_file(config.initrd, config.memory) if config.initrd is not None else None
    plan = linux if kind == detect.LINUX else multiboot.plan
    tail, values, pieces = plan(config, kernel, initrd, usable(config.memory))
    keyed = [(fw_cfg.add_file(f"emu/kernel/{n}", piece.data), piece) for n, piece in enumerate(pieces)]
    assert all(key >= FILE_FIRST for key, _piece in keyed)
    fw_cfg.add_file(ROM_NAME, build(tail, values, keyed))
    fw_cfg.add_file("bootorder", BOOT_ORDER)


def video_mode(command_line):
    """The video mode that ``vga=`` asks the setup code for, or None.  Raises ConfigError."""
    mode = None
    for word in command_line.split():
        if word.startswith("vga="):
            text = word[4:]
            try:
                mode = VIDEO_MODES[text] if text in VIDEO_MODES else int(text, 0) & 0xFFFF
            except ValueError:
                raise ConfigError(f"append: {word} is no video mode") from None
    return mode


def linux(config, kernel, initrd, limit):
    """Where a bzImage's (or zImage's) parts go, and its setup header filled in."""
    def number(at, size):
        return int.from_bytes(setup[at:at + size], "little")

    def put(at, value, size=4):
        setup[at:at + size] = value.to_bytes(size, "little")

    setup_size = ((kernel[SETUP_SECTS] or 4) + 1) * 512
    if len(kernel) <= setup_size:
        raise MediaError(config.kernel, "is a truncated Linux kernel")
    setup, system = bytearray(kernel[:setup_size]), kernel[setup_size:]
    version = number(VERSION, 2)
    if version < 0x200:
        raise MediaError(config.kernel, f"has boot protocol {version >> 8}.{version & 0xFF:02}, older than 2.00")
    high = number(LOADFLAGS, 1) & LOADED_HIGH
    setup_at, system_at, command_at = (0x10000, HIGH, 0x20000) if high else (0x90000, 0x10000, 0x99000)
    most = (number(CMDLINE_SIZE, 4) if version >= 0x206 else 255) if high else 255
    command = config.append.encode("latin-1", "replace") + b"\0"
    if len(command) > most + 1:
        raise ConfigError(f"append: {len(command) - 1} characters are too many: {config.kernel} takes {most}")
    end = system_at + len(system)
    if not high and end > setup_at:
        raise MediaError(config.kernel, f"is too large for a zImage: {len(system)} bytes")
    if version >= 0x20A:
        end = max(end, number(PREF_ADDRESS, 8) + number(INIT_SIZE, 4))
    if end > limit and high:
        raise ConfigError(f"memory: {config.memory >> 20} MiB are too few for the kernel {config.kernel}, which needs "
                          f"{(end + config.memory - limit >> 20) + 1} MiB")
    put(LOADER, LOADER_UNKNOWN, 1)
    stack = command_at - setup_at - 16
    if version >= 0x201:
        put(HEAP_END, command_at - setup_at - 0x400, 2)
        put(LOADFLAGS, number(LOADFLAGS, 1) | CAN_USE_HEAP, 1)
    if version >= 0x202:
        put(CMD_LINE_PTR, command_at)
    else:
        put(OLD_CMDLINE_MAGIC, 0xA33F, 2)
        put(OLD_CMDLINE_OFFSET, command_at - setup_at, 2)
    mode = video_mode(config.append)
    if mode is not None:
        put(VID_MODE, mode, 2)
    pieces = [Piece(setup_at, b""), Piece(command_at, command), Piece(system_at, system)]
    if initrd is not None:
        top = min(limit, (number(INITRD_MAX, 4) if version >= 0x203 else 0x37FFFFFF) + 1)
        at = (top - len(initrd)) & -PAGE
        if at < max(end, HIGH):
            raise ConfigError(f"memory: {config.memory >> 20} MiB are too few for the initrd {config.initrd} beside the kernel")
        put(RAMDISK_IMAGE, at)
        put(RAMDISK_SIZE, len(initrd))
        pieces.append(Piece(at, initrd))
    pieces[0] = Piece(setup_at, bytes(setup))
    values = {"setup_segment": setup_at >> 4, "entry_segment": (setup_at >> 4) + 0x20, "stack": stack}
    return LINUX, values, pieces
