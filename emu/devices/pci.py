"""PCI: configuration mechanism #1 of the host bridge, and the base class of PCI functions.

PCI Local Bus Specification 2.1 (chapters 3.7.4.1 and 6); Intel 82441FX data sheet (290549), section 3.1.
"""
from emu.bus.component import Component, Port, cold, hot
from emu.bus.types import Array, Wire, u8, u16, u32

# Offsets in the configuration header (PCI 2.1, figure 6-1)
VENDOR_ID, DEVICE_ID, COMMAND, STATUS, REVISION_ID, CLASS_CODE = 0x00, 0x02, 0x04, 0x06, 0x08, 0x09
LATENCY_TIMER, HEADER_TYPE, BAR0, SUBSYSTEM_VENDOR_ID, SUBSYSTEM_ID = 0x0D, 0x0E, 0x10, 0x2C, 0x2E
ROM_BAR, INTERRUPT_LINE, INTERRUPT_PIN = 0x30, 0x3C, 0x3D

# Command register
IO_SPACE, MEMORY_SPACE, BUS_MASTER, PARITY, SERR, INTX_DISABLE = 0x001, 0x002, 0x004, 0x040, 0x100, 0x400
# Status register
INTX_STATUS, DEVSEL_MEDIUM = 0x0008, 0x0200

ROM_INDEX = 6           # what bars() calls the expansion ROM
ROM_ENABLE = 1

CONFIG_ENABLE = 0x80000000      # CONFADD bit 31
CONFADD_MASK = 0x80FFFFFC


class Bar:
    """A base address register: ``size`` in bytes (a power of two), in I/O or memory space."""

    def __init__(self, size, io=False, prefetch=False):
        self.size, self.io, self.prefetch = size, io, prefetch

    @property
    def kind(self):
        """The read-only low bits that tell the type."""
        return 1 if self.io else 8 if self.prefetch else 0

    @property
    def mask(self):
        """The writable address bits; the others read as 0, so that software finds the size."""
        return -self.size & 0xFFFFFFFF


class PciFunction(Component):
    """A PCI function: configuration space with write masks, BARs, command register, INTx.

    A subclass sets the class attributes below.  The machine may replace ``remap``, which is called whenever what
    ``bars()`` lists may have changed.
    """

    VENDOR = DEVICE = 0xFFFF
    REVISION = 0
    CLASS = 0                   # base class, sub-class, interface: 24 bits
    MULTIFUNCTION = False
    SUBSYSTEM = (0, 0)          # vendor, device
    PIN = 0                     # 1 is INTA#
    COMMAND_RESET = 0
    COMMAND_MASK = IO_SPACE | MEMORY_SPACE | BUS_MASTER
    STATUS_RESET = DEVSEL_MEDIUM
    STATUS_CLEAR = 0xF900       # write 1 to clear
    BARS: dict = {}             # index 0-5 → Bar
    ROM = 0                     # size of the expansion ROM in bytes, where all boards have one
    REGISTERS: tuple = ()       # (offset, bytes, reset value, writable bits) of device-specific registers
    CLEAR_BITS: tuple = ()      # (offset, bytes, bits that a written 1 clears)

    config: Array(u8, 256)
    intx_request: u8            # what the device asks for
    intx_level: u8              # what the pin shows
    intx: Wire(u8)

    def __init__(self):
        super().__init__()
        reset, write, clear = bytearray(256), bytearray(256), bytearray(256)

        def register(offset, size, value, mask=0):
            reset[offset:offset + size] = value.to_bytes(size, "little")
            write[offset:offset + size] = mask.to_bytes(size, "little")

        register(VENDOR_ID, 2, self.VENDOR)
        register(DEVICE_ID, 2, self.DEVICE)
        register(COMMAND, 2, self.COMMAND_RESET, self.COMMAND_MASK)
        register(STATUS, 2, self.STATUS_RESET)
        register(REVISION_ID, 1, self.REVISION)
        register(CLASS_CODE, 3, self.CLASS)
        register(LATENCY_TIMER, 1, 0, 0xF8)
        register(HEADER_TYPE, 1, 0x80 if self.MULTIFUNCTION else 0)
        register(SUBSYSTEM_VENDOR_ID, 2, self.SUBSYSTEM[0])
        register(SUBSYSTEM_ID, 2, self.SUBSYSTEM[1])
        register(INTERRUPT_PIN, 1, self.PIN)
        if self.PIN:
            register(INTERRUPT_LINE, 1, 0, 0xFF)
        for index, bar in self.BARS.items():
            register(BAR0 + 4 * index, 4, bar.kind, bar.mask)
        for entry in self.REGISTERS:
            register(*entry)
        for offset, size, mask in ((STATUS, 2, self.STATUS_CLEAR), *self.CLEAR_BITS):
            clear[offset:offset + size] = mask.to_bytes(size, "little")
        self._reset, self._write, self._clear = bytes(reset), bytes(write), bytes(clear)
        self.config[:] = self._reset
        self.fit_rom(self.ROM)

    def fit_rom(self, size):
        """Put an expansion ROM of so many bytes on the board (0: an empty socket)."""
        self.rom_size = 1 << max(size - 1, 0xFFF).bit_length() if size else 0
        mask = (-self.rom_size & 0xFFFFF800) | ROM_ENABLE if size else 0
        self._write = self._write[:ROM_BAR] + mask.to_bytes(4, "little") + self._write[ROM_BAR + 4:]

    def reset(self):
        """PCI RST#: the registers take their default values, decoding and interrupts are off."""
        self.config[:] = self._reset
        self.set_intx(0)
        self.remap()

    def remap(self):
        """Called when ports or memory of the function moved; the machine puts its own callback here."""

    def config_written(self, offset, size):
        """Called after the guest wrote ``size`` bytes at ``offset``; for subclasses."""

    def get(self, offset, size):
        """The register of ``size`` bytes at ``offset``."""
        return int.from_bytes(self.config[offset:offset + size], "little")

    def put(self, offset, size, value):
        """Set a register from the device's side, whatever its write mask."""
        self.config[offset:offset + size] = value.to_bytes(size, "little")

    def read_config(self, offset, size):
        """What a configuration read of 1, 2 or 4 bytes returns."""
        return self.get(offset, size)

    def write_config(self, offset, size, value):
        """A configuration write of 1, 2 or 4 bytes."""
        before = bytes(self.config)
        for i in range(size):
            at, new = offset + i, value >> 8 * i & 0xFF
            mask = self._write[at]
            self.config[at] = ((self.config[at] & ~mask) | (new & mask)) & ~(new & self._clear[at])
        after = bytes(self.config)
        self.config_written(offset, size)
        if after[COMMAND:COMMAND + 2] != before[COMMAND:COMMAND + 2]:
            self.set_intx(self.intx_request)
            self.remap()
        elif any(after[at:at + size] != before[at:at + size] for at, size in ((BAR0, 24), (ROM_BAR, 4))):
            self.remap()

    def bars(self):
        """The ranges that the function decodes now: a list of (index, is_io, base, size), index 6 being the ROM.

        A BAR that is 0 or reaches past the end of its space is not set up yet (or is being sized) and is left out.
        """
        command = self.get(COMMAND, 2)
        found = []
        for index, bar in self.BARS.items():
            if not command & (IO_SPACE if bar.io else MEMORY_SPACE):
                continue
            base = self.get(BAR0 + 4 * index, 4) & bar.mask
            if base and base + bar.size < (0x10000 if bar.io else 1 << 32):
                found.append((index, bar.io, base, bar.size))
        if self.rom_size and command & MEMORY_SPACE:
            rom = self.get(ROM_BAR, 4)
            base = rom & -self.rom_size & 0xFFFFF800
            if rom & ROM_ENABLE and base and base + self.rom_size < 1 << 32:
                found.append((ROM_INDEX, False, base, self.rom_size))
        return found

    @hot
    def set_intx(self, level: u8) -> None:
        """Drive the interrupt pin (1 asserted), unless the command register disables it."""
        self.intx_request = level
        pin: u8 = level
        if level != 0:
            self.config[6] = self.config[6] | 0x08      # STATUS: interrupt status
        else:
            self.config[6] = self.config[6] & 0xF7
        if (self.config[5] & 0x04) != 0:                # COMMAND: interrupt disable
            pin = 0
        if pin != self.intx_level:
            self.intx_level = pin
            self.intx(pin)


class PciHost(Component):
    """Configuration mechanism #1: CONFADD (CF8, 32 bits only) and CONFDATA (CFC-CFF, any width).

    Byte accesses to CF8-CFB are not for this chip (CF9 is the reset control of the PIIX3).
    ``functions`` maps devfn (device << 3 | function) on bus 0 to a PciFunction; the machine fills it.
    """

    address: u32

    ports = (
        Port(0, 1, "read_address", "write_address", 32, text="CONFADD configuration address"),
        Port(4, 4, "read_data8", "write_data8", 8, text="CONFDATA configuration data"),
        Port(4, 3, "read_data16", "write_data16", 16, text="CONFDATA configuration data"),
        Port(4, 1, "read_data32", "write_data32", 32, text="CONFDATA configuration data"),
    )

    def __init__(self):
        super().__init__()
        self.functions = {}

    def reset(self):
        """CONFADD is 0 after a reset."""
        self.address = 0

    @hot
    def read_address(self, offset: u16) -> u32:
        return self.address

    @hot
    def write_address(self, offset: u16, value: u32) -> None:
        self.address = value & CONFADD_MASK

    def _target(self):
        """The addressed function, or None."""
        address = self.address
        if not address & CONFIG_ENABLE or address & 0x00FF0000:
            return None
        return self.functions.get(address >> 8 & 0xFF)

    def _read(self, offset, size):
        function = self._target()
        if function is None:
            return (1 << 8 * size) - 1          # master abort
        return function.read_config((self.address & 0xFC) | (offset & 3), size)

    def _write(self, offset, size, value):
        function = self._target()
        if function is not None:
            function.write_config((self.address & 0xFC) | (offset & 3), size, value)

    @cold
    def read_data8(self, offset: u16) -> u8:
        return self._read(offset, 1)

    @cold
    def read_data16(self, offset: u16) -> u16:
        return self._read(offset, 2)

    @cold
    def read_data32(self, offset: u16) -> u32:
        return self._read(offset, 4)

    @cold
    def write_data8(self, offset: u16, value: u8) -> None:
        self._write(offset, 1, value)

    @cold
    def write_data16(self, offset: u16, value: u16) -> None:
        self._write(offset, 2, value)

    @cold
    def write_data32(self, offset: u16, value: u32) -> None:
        self._write(offset, 4, value)

    def peek(self, offset):
        """CONFADD byte by byte, then CONFDATA (configuration reads have no side effects)."""
        if offset < 4:
            return self.address >> 8 * offset & 0xFF
        return self._read(offset, 1)
