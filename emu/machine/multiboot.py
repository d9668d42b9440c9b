"""Multiboot kernels: ELF32, or with the header's own load addresses (the a.out kludge).

Multiboot specification 0.6.96: header (3.1), information structure (3.3).
"""

import struct

from emu.media.errors import MediaError

from .boot_rom import MULTIBOOT, Piece
from .config import ConfigError

MAGIC = b"\x02\xb0\xad\x1b"
SEARCHED = 8192
ADDRESSES = 1 << 16          # header flag: the address fields are valid
KNOWN_DEMANDS = 0x7          # flags a loader must understand: page-aligned modules, memory, video mode
# Flags of the information structure
I_MEMORY, I_CMDLINE, I_MODS, I_MMAP, I_LOADER = 0x1, 0x4, 0x8, 0x40, 0x200

LOW, LOW_END, HIGH = 0x8000, 0x90000, 0x100000
PAGE = 0x1000
INFO_SIZE = 128
MAP_ENTRIES = 32
PT_LOAD = 1


def plan(config, kernel, initrd, limit):
    """Where the kernel's parts, the module and the information structure go."""
    path = config.kernel
    at, flags = header(path, kernel)
    if flags & ADDRESSES:
        pieces, entry = by_addresses(path, kernel, at)
    else:
        pieces, entry = by_elf(path, kernel)
    for piece in pieces:
        if not (LOW <= piece.address and piece.end <= LOW_END or HIGH <= piece.address and piece.end <= limit):
            if HIGH <= piece.address and piece.end > limit:
                raise ConfigError(f"memory: {config.memory >> 20} MiB are too few for the kernel {path}, which reaches to "
                                  f"{piece.end:X}h")
            raise MediaError(path, f"wants to be loaded to {piece.address:X}h, where a PC has no room for it")
    module = None
    if initrd is not None:
        start = max([HIGH, *(p.end for p in pieces)]) + PAGE - 1 & -PAGE
        module = Piece(start, initrd)
        if module.end > limit:
            raise ConfigError(f"memory: {config.memory >> 20} MiB are too few for the initrd {config.initrd} beside the kernel")
    info, values = information(config, pieces, module)
    values["entry"] = entry
    return MULTIBOOT, values, [info, *pieces, *([module] if module else [])]


def header(path, kernel):
    """(offset, flags) of the multiboot header."""
    at = kernel.find(MAGIC, 0, SEARCHED)
    while at >= 0:
        flags = int.from_bytes(kernel[at + 4:at + 8], "little")
        if at % 4 == 0 and sum(struct.unpack("<3I", kernel[at:at + 12].ljust(12, b"\0"))) & 0xFFFFFFFF == 0:
            if flags & 0xFFFF & ~KNOWN_DEMANDS:
                raise MediaError(path, f"demands an unknown feature of its boot loader (flags {flags:X}h)")
            return at, flags
        at = kernel.find(MAGIC, at + 1, SEARCHED)
    raise MediaError(path, "is no multiboot kernel")


def by_addresses(path, kernel, at):
    """Pieces and entry from the address fields of the header."""
    fields = kernel[at + 12:at + 32]
    if len(fields) < 20:
        raise MediaError(path, "is a truncated multiboot kernel")
    header_address, load, load_end, bss_end, entry = struct.unpack("<5I", fields)
    offset = at - (header_address - load)
    size = load_end - load if load_end else len(kernel) - offset
    if header_address < load or offset < 0 or size <= 0 or offset + size > len(kernel):
        raise MediaError(path, "has a multiboot header whose addresses do not fit the file")
    return [Piece(load, kernel[offset:offset + size], max(size, bss_end - load))], entry


def by_elf(path, kernel):
    """Pieces and entry from the program headers of an ELF32 file."""
    if kernel[:4] != b"\x7fELF":
        raise MediaError(path, "is a multiboot kernel with neither load addresses nor an ELF header")
    if kernel[4:6] != b"\x01\x01" or kernel[18:20] != b"\x03\x00":
        raise MediaError(path, "is a multiboot kernel, but no ELF file for a 32-bit x86")
    entry, table = struct.unpack_from("<2I", kernel, 24)
    entry_size, count = struct.unpack_from("<2H", kernel, 42)
    if entry_size < 32 or table + entry_size * count > len(kernel):
        raise MediaError(path, "is a damaged ELF file: its program headers lie outside")
    pieces, start = [], entry
    for n in range(count):
        kind, offset, virtual, address, size, memory_size = struct.unpack_from("<6I", kernel, table + n * entry_size)
        if kind != PT_LOAD or memory_size == 0:
            continue
        if offset + size > len(kernel) or size > memory_size:
            raise MediaError(path, "is a damaged ELF file: a segment lies outside")
        pieces.append(Piece(address, kernel[offset:offset + size], memory_size))
        if virtual <= entry < virtual + memory_size:
            start = entry - virtual + address   # the entry is a virtual address
    if not pieces:
        raise MediaError(path, "is an ELF file with nothing to load")
    return pieces, start


def information(config, pieces, module):
    """The information structure as a piece (the ROM fills the memory map in), and what the ROM must know of it."""
    map_at = INFO_SIZE
    strings_at = map_at + MAP_ENTRIES * 24
    command = f"{config.kernel} {config.append}".rstrip().encode("latin-1", "replace") + b"\0"
    loader = b"emu\0"
    name = (config.initrd or "").encode("latin-1", "replace") + b"\0"
    mods_at = strings_at + (len(command) + len(loader) + len(name) + 3 & ~3)
    size = mods_at + 16
    base = next((b for b in range(LOW, LOW_END - size, PAGE) if all(b + size <= p.address or p.end <= b for p in pieces)), None)
    if base is None:
        raise MediaError(config.kernel, "leaves no room below 640 KiB for the multiboot information")
    flags = I_MEMORY | I_CMDLINE | I_MODS | I_MMAP | I_LOADER
    data = bytearray(size)
    struct.pack_into("<7I", data, 0, flags, 0, 0, 0, base + strings_at, 1 if module else 0, base + mods_at)
    struct.pack_into("<2I", data, 44, 0, base + map_at)
    struct.pack_into("<I", data, 64, base + strings_at + len(command))
    data[strings_at:strings_at + len(command + loader + name)] = command + loader + name
    if module:
        struct.pack_into("<4I", data, mods_at, module.address, module.address + len(module.data),
                         base + strings_at + len(command + loader), 0)
    values = {"info": base, "info_segment": base >> 4, "map": map_at + 4, "map_end": strings_at}
    return Piece(base, bytes(data)), values
