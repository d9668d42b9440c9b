"""Firmware configuration device: how the machine hands its facts to the firmware.

Source: QEMU documentation, docs/specs/fw_cfg (selector, data and DMA registers, file directory).
"""
import struct

from emu.bus.component import Component, Port, cold, hot
from emu.bus.types import u8, u16, u32

# Selector keys
SIGNATURE = 0x00
ID = 0x01
UUID = 0x02
RAM_SIZE = 0x03
NOGRAPHIC = 0x04
NB_CPUS = 0x05
MACHINE_ID = 0x06
KERNEL_ADDR = 0x07
KERNEL_SIZE = 0x08
KERNEL_CMDLINE = 0x09
INITRD_ADDR = 0x0A
INITRD_SIZE = 0x0B
BOOT_DEVICE = 0x0C
NUMA = 0x0D
BOOT_MENU = 0x0E
MAX_CPUS = 0x0F
KERNEL_ENTRY = 0x10
KERNEL_DATA = 0x11
INITRD_DATA = 0x12
CMDLINE_ADDR = 0x13
CMDLINE_SIZE = 0x14
CMDLINE_DATA = 0x15
SETUP_ADDR = 0x16
SETUP_SIZE = 0x17
SETUP_DATA = 0x18
FILE_DIR = 0x19
FILE_FIRST = 0x20

ID_TRADITIONAL = 0x01
ID_DMA = 0x02

# Control word of a DMA request
DMA_ERROR = 0x01
DMA_READ = 0x02
DMA_SKIP = 0x04
DMA_SELECT = 0x08
DMA_WRITE = 0x10


@hot
def swapped(value: u32) -> u32:
    """The same four bytes in the other order."""
    return u32((value >> 24) | ((value >> 8) & 0xFF00) | ((value & 0xFF00) << 8) | ((value & 0xFF) << 24))


class FwCfg(Component):
    """The device.  Base 510h: selector (16 bits) at offset 0, data at 1, DMA address (big-endian) at 4 and 8.

    The contents are a backend: add_item, add_number and add_file before power-on.  ``memory`` has
    read(address, length) -> bytes and write(address, data), both physical.
    """

    selector: u16
    position: u32               # in the selected item
    address_high: u32           # of the next DMA request

    ports = (
        Port(0, 1, write="select", width=16, text="fw_cfg selector"),
        Port(1, 1, "read_data", "write_data", text="fw_cfg data"),
        Port(4, 1, "read_dma", "write_dma_high", width=32, text="fw_cfg DMA address, high"),
        Port(8, 1, "read_dma", "write_dma_low", width=32, text="fw_cfg DMA address, low; starts the request"),
    )

    def __init__(self):
        super().__init__()
        self.memory = None
        self.items = {}
        self.writable = set()
        self.files = {}                         # name -> key, in order of the directory
        self.add_item(SIGNATURE, b"QEMU")
        self.add_number(ID, ID_TRADITIONAL | ID_DMA, 4)
        self._write_directory()

    def reset(self):
        self.selector = self.position = self.address_high = 0

    # -- contents ------------------------------------------------------------------------------------------------

    def add_item(self, key, data):
        """Give an item its bytes."""
        self.items[key] = bytearray(data)

    def add_number(self, key, value, size=2):
        """Give an item a little-endian number of size bytes."""
        self.add_item(key, value.to_bytes(size, "little"))

    def add_file(self, name, data, writable=False):
        """Add a named file or replace its content; returns its key."""
        if len(name.encode()) > 55:
            raise ValueError(f"fw_cfg file name longer than 55 bytes: {name}")
        key = self.files.setdefault(name, FILE_FIRST + len(self.files))
        self.add_item(key, data)
        (self.writable.add if writable else self.writable.discard)(key)
        self._write_directory()
        return key

    def content(self, name):
        """The bytes of a file, as the guest may have written them."""
        return bytes(self.items[self.files[name]])

    def _write_directory(self):
        entries = [struct.pack(">IHH56s", len(self.items[key]), key, 0, name.encode())
                   for name, key in sorted(self.files.items())]
        self.add_item(FILE_DIR, struct.pack(">I", len(entries)) + b"".join(entries))

    # -- byte access ---------------------------------------------------------------------------------------------

    @hot
    def select(self, offset: u16, value: u16) -> None:
        self.selector = value & 0xBFFF          # bit 14 once meant writing
        self.position = 0

    @cold
    def byte_at(self, key: u16, position: u32) -> u8:
        """A byte of an item; 0 beyond its end."""
        data = self.items.get(key, b"")
        return data[position] if position < len(data) else 0

    @hot
    def read_data(self, offset: u16) -> u8:
        value: u8 = self.byte_at(self.selector, self.position)
        self.position = u32(self.position + 1)
        return value

    @hot
    def write_data(self, offset: u16, value: u8) -> None:
        """Writing goes by DMA only; a byte written here is ignored."""

    # -- DMA -----------------------------------------------------------------------------------------------------

    @hot
    def read_dma(self, offset: u16) -> u32:
        """The signature: the bytes "QEMU CFG" in ascending order."""
        return 0x554D4551 if (offset & 8) == 0 else 0x47464320

    @hot
    def write_dma_high(self, offset: u16, value: u32) -> None:
        self.address_high = swapped(value)

    @hot
    def write_dma_low(self, offset: u16, value: u32) -> None:
        high: u32 = self.address_high
        self.address_high = 0
        self.transfer(high, swapped(value))

    @cold
    def transfer(self, high: u32, low: u32) -> None:
        """Serve the request whose descriptor lies at the address; its control word becomes 0, or DMA_ERROR."""
        descriptor = high << 32 | low
        control, length, address = struct.unpack(">IIQ", self.memory.read(descriptor, 16))
        if control & DMA_SELECT:
            self.selector = control >> 16 & 0xBFFF
            self.position = 0
        status = 0
        if control & DMA_READ:
            self._copy_out(address, length)
        elif control & DMA_WRITE:
            status = self._copy_in(address, length)
        elif control & DMA_SKIP:
            self.position = u32(self.position + length)
        self.memory.write(descriptor, struct.pack(">I", status))

    def _copy_out(self, address, length):
        data = self.items.get(self.selector, b"")
        done = bytes(data[self.position:self.position + length])
        self.memory.write(address, done)
        address += len(done)
        zeros = bytes(min(length - len(done), 0x100000))
        for start in range(len(done), length, 0x100000):    # zeros beyond the end, in pieces: a guest may ask for 4 GiB
            self.memory.write(address, zeros[:length - start])
            address += len(zeros)
        self.position = u32(self.position + length)

    def _copy_in(self, address, length):
        data = self.items.get(self.selector)
        if self.selector not in self.writable or self.position + length > len(data):
            return DMA_ERROR
        data[self.position:self.position + length] = self.memory.read(address, length)
        self.position = u32(self.position + length)
        return 0

    def peek(self, offset):
        """What a read would return, without moving on."""
        return self.byte_at(self.selector, self.position) if offset == 1 else 0xFF
