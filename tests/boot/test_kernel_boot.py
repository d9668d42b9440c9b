"""--kernel: a Linux kernel taken from a CD, and small multiboot kernels made here."""

import re
import struct
import subprocess

import pytest

from emu import Machine
from emu.machine.boot_rom import MULTIBOOT, Piece, build
from emu.machine.config import ConfigError
from emu.media.errors import MediaError

pytestmark = pytest.mark.boot
NETLESS = {"nic": "none", "net": "none"}

# Prints its registers and the information structure to port E9h, then ends through port F4h.
MULTIBOOT_CODE = bytes.fromhex(
    "fa"                # cli
    "3d02b0ad2b"        # cmp eax, 2BADB002h
    "7555"              # jne bad
    "89de"              # mov esi, ebx
    "b930000000"        # mov ecx, 48                   flags .. mmap_length
    "66bae900"          # mov dx, 0E9h
    "f36e"              # rep outsb
    "8b7310"            # mov esi, [ebx + 16]           the command line, with its 0
    "ac" "ee"           # 1: lodsb; out dx, al
    "84c0" "75fa"       # test al, al; jnz 1b
    "8b732c" "89f1"     # mov esi, [ebx + 44]; mov ecx, esi
    "8b7330"            # mov esi, [ebx + 48]
    "f36e"              # rep outsb                     the memory map
    "8b7318"            # mov esi, [ebx + 24]
    "8b4e04" "8b36"     # mov ecx, [esi + 4]; mov esi, [esi]
    "29f1"              # sub ecx, esi
    "f36e"              # rep outsb                     the module
    "0f20c0" "ee"       # mov eax, cr0; out dx, al
    "a130001000" "ee"   # mov eax, [bss]; out dx, al    the last word of the bss: 0
    "b007" "e6f4"       # mov al, 7; out 0F4h, al
    "f4" "ebfd"         # hlt; jmp
)
LOAD = 0x100000


def multiboot_header(flags, *fields):
    return struct.pack("<3I", 0x1BADB002, flags, -(0x1BADB002 + flags) & 0xFFFFFFFF) + struct.pack(f"<{len(fields)}I", *fields)


def code_at(size):
    """The code, with the distance to its end and the address of the bss filled in."""
    code = bytearray(MULTIBOOT_CODE)
    code[7] = len(code) - 3 - 8                 # bad: the hlt
    at = code.index(b"\xa1\x30\x00\x10\x00")
    code[at + 1:at + 5] = (LOAD + size + 4096 - 4).to_bytes(4, "little")
    return bytes(code)


def by_addresses():
    size = 32 + len(MULTIBOOT_CODE)
    header = multiboot_header(1 << 16 | 3, LOAD, LOAD, LOAD + size, LOAD + size + 4096, LOAD + 32)
    return header + code_at(size)


def by_elf():
    """An ELF file whose segment has another virtual address than its physical one, entered by the virtual one."""
    header = multiboot_header(3) + bytes(20)
    body = header + code_at(32 + len(MULTIBOOT_CODE))
    at, virtual = 84, 0xC0100000
    elf = b"\x7fELF\x01\x01\x01" + bytes(9) + struct.pack("<2H5I6H", 2, 3, 1, virtual + 32, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    segment = struct.pack("<8I", 1, at, virtual, LOAD, len(body), len(body) + 4096, 7, 4096)
    return elf + segment + body


def run(tmp_path, kernel, module=b"the module", **settings):
    """Everything that the kernel wrote to port E9h."""
    path, initrd = tmp_path / "kernel", tmp_path / "module"
    path.write_bytes(kernel)
    initrd.write_bytes(module)
    with Machine(kernel=path, initrd=initrd, append="one two", memory="16M", engine="native", debug_console=True,
                 debug_exit=True, **NETLESS, **settings) as pc:
        pc.run(timeout=60)
        assert (pc.ended, pc.exit_value) == ("debug-exit", 7)
        return pc.debug_text().encode("latin-1")


@pytest.mark.native
@pytest.mark.parametrize("kernel", [by_addresses(), by_elf()], ids=["addresses", "elf"])
def test_multiboot(tmp_path, kernel):
    said = run(tmp_path, kernel)
    flags, lower, upper, _device, _command, modules = struct.unpack_from("<6I", said)
    map_length = struct.unpack_from("<I", said, 44)[0]
    assert flags & 0x4D == 0x4D and modules == 1
    assert 600 <= lower <= 640 and 14 * 1024 <= upper <= 15 * 1024
    command, _, rest = said[48:].partition(b"\0")
    assert command == str(tmp_path / "kernel").encode() + b" one two"
    entries = [struct.unpack_from("<I2QI", rest, at) for at in range(0, map_length, 24)]
    assert all(size == 20 for size, *_ in entries)
    assert (0x100000, upper << 10, 1) in [entry[1:] for entry in entries]
    assert any(kind == 2 for *_, kind in entries)
    rest = rest[map_length:]
    assert rest[:10] == b"the module"
    assert rest[10] & 1 == 1                    # protected mode
    assert rest[11] == 0                        # the bss is cleared


@pytest.mark.native
def test_a_kernel_starts_again_after_a_reset(tmp_path):
    path = tmp_path / "kernel"
    path.write_bytes(by_addresses())
    with Machine(kernel=path, memory="16M", engine="native", debug_console=True, debug_exit=True, **NETLESS) as pc:
        pc.run_for(0.01)
        pc.reset()
        pc.run(timeout=60)
        assert pc.ended == "debug-exit"


@pytest.mark.parametrize("kernel, error, says", [
    (b"nothing", MediaError, "neither a Linux bzImage nor a multiboot kernel"),
    (multiboot_header(0x8) + bytes(100), MediaError, "unknown feature"),
    (multiboot_header(0) + bytes(100), MediaError, "neither load addresses nor an ELF header"),
    (multiboot_header(1 << 16, LOAD, LOAD, LOAD + 9999, 0, LOAD) + bytes(100), MediaError, "do not fit the file"),
    (multiboot_header(1 << 16, 0xB8000, 0xB8000, 0, 0, 0xB8000) + bytes(100), MediaError, "no room"),
    (multiboot_header(1 << 16, LOAD, LOAD, 0, 0x2000000, LOAD) + bytes(100), ConfigError, "too few"),
    (bytes(0x1FE) + b"\x55\xaa\xeb\x40HdrS\x0a\x02" + bytes(100), MediaError, "truncated"),
])
def test_what_cannot_be_started(tmp_path, kernel, error, says):
    path = tmp_path / "kernel"
    path.write_bytes(kernel)
    with pytest.raises(error, match=says):
        Machine(kernel=path, memory="16M", engine="python", **NETLESS)


def test_the_rom_is_one():
    values = {"info": 0, "info_segment": 0, "map": 4, "map_end": 8, "entry": 0}
    rom = build(MULTIBOOT, values, [(0x20, Piece(0x1000, b"x"))])
    assert rom[:2] == b"\x55\xaa" and rom[2] * 512 == len(rom) and sum(rom) & 0xFF == 0
    header = rom[rom[0x1A]:][:32]
    assert header[:4] == b"$PnP" and sum(header) & 0xFF == 0


def from_cd(iso, name, path):
    subprocess.run(["xorriso", "-osirrox", "on", "-indev", iso, "-extract", name, path], check=True, capture_output=True)
    return path


@pytest.mark.native
@pytest.mark.slow
def test_linux(image, tmp_path):
    """Debian's kernel with its initrd starts, with the command line that was given."""
    try:
        kernel = from_cd(image("debian-busybox.iso"), "/boot/vmlinuz", tmp_path / "vmlinuz")
    except FileNotFoundError:
        pytest.skip("xorriso is not installed")
    initrd = tmp_path / "initrd"
    initrd.write_bytes(bytes(5000))
    with Machine(kernel=kernel, initrd=initrd, append="console=ttyS0 who=me", memory="128M", engine="native", **NETLESS) as pc:
        pc.wait_for_text("RAMDISK: [mem ", timeout=120)
        pc.wait_for_text("Kernel command line: console=ttyS0 who=me", timeout=60)
        start, end = re.search(r"RAMDISK: \[mem 0x([0-9a-f]+)-0x([0-9a-f]+)\]", pc.serial_text()).groups()
        assert int(end, 16) >= int(start, 16) + 5000 - 1
