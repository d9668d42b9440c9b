"""Intel 8237A DMA controller (two in a PC) and the page registers beside it.

Data sheet: Intel 8237A (231466-005); page registers: Intel 82371SB PIIX3 (290550-002), DMA section.
"""
from emu.bus.component import Component, Port, hot
from emu.bus.types import Array, Const, Wire, u8, u16, u32

# Register addresses
COMMAND, REQUEST, SINGLE_MASK, MODE = 8, 9, 10, 11
CLEAR_FLIP_FLOP, MASTER_CLEAR, CLEAR_MASK, ALL_MASK = 12, 13, 14, 15
STATUS, TEMPORARY = 8, 13       # when read

# Command register.  Memory-to-memory, priority and timing bits change nothing that a guest of a PC can see.
CMD_DISABLE = 0x04
# Mode register
MODE_CHANNEL = 0x03
MODE_TRANSFER = 0x0C
TRANSFER_VERIFY = 0x00
TRANSFER_WRITE = 0x04           # device to memory
TRANSFER_READ = 0x08            # memory to device
MODE_AUTOINIT = 0x10
MODE_DECREMENT = 0x20
MODE_SELECT = 0xC0
SELECT_CASCADE = 0xC0
# Request and single-mask registers
SET_BIT = 0x04


class Dma(Component):
    """One 8237A.  ``shift`` is the wiring, kept over a reset: 0 for bytes and ports of stride 1, 1 for words and 2.

    Most devices move data in bulk: transfer_to_memory and transfer_from_memory do what the single, demand or block cycles
    of the channel would, up to terminal count.  Those that play or record give and take a unit at a time.  ``memory`` is the physical memory: read(address, n) -> bytes and
    write(address, data).
    """

    shift: u8
    command: u8
    mask: u8
    request: u8             # software requests
    dreq: u8                # lines
    status: u8              # terminal counts since the last read
    ended: u8               # channels whose last transfer came to terminal count
    flip_flop: u8
    mode: Array(u8, 4)
    base_address: Array(u16, 4)
    base_count: Array(u16, 4)
    address: Array(u16, 4)
    count: Array(u16, 4)

    page: Wire(u8, ret=u8)
    memory_read: Wire(u32, ret=u8)
    memory_write: Wire(u32, u8)
    following: Wire()       # somebody looks at an address or count: whoever moves data by the unit catches up

    ports = (Port(0, 16, "read", "write", text="DMA channels, command, status, masks, modes"),)
    wide_ports = (Port(0, 32, "read", "write", text="DMA channels, command, status, masks, modes (stride 2)"),)

    memory = None

    def reset(self):
        """Hardware reset: as a master clear; addresses and counts too, so that runs repeat."""
        self.dreq = 0
        for i in range(4):
            self.mode[i] = 0
            self.base_address[i] = self.base_count[i] = self.address[i] = self.count[i] = 0
        self.master_clear()

    # -- registers -----------------------------------------------------------------------------------------------

    @hot
    def master_clear(self) -> None:
        """All channels masked; command, status, requests and flip-flop 0."""
        self.command = 0
        self.status = 0
        self.request = 0
        self.ended = 0
        self.flip_flop = 0
        self.mask = 0x0F

    @hot
    def set_dreq(self, channel: u8, level: u8) -> None:
        """A request line; it shows in the status register."""
        bit: u8 = u8(1 << (channel & 3))
        self.dreq = self.dreq | bit if level != 0 else u8(self.dreq & ~bit)

    @hot
    def look(self, register: u8) -> u8:
        """A register as read, without side effects."""
        if register < 8:
            i: u8 = register >> 1
            value: u16 = self.address[i & 3]
            if register & 1 != 0:
                value = self.count[i & 3]
            return u8(value >> 8) if self.flip_flop != 0 else u8(value)
        if register == STATUS:
            return self.status | ((self.dreq | self.request) & 0x0F) << 4
        if register == ALL_MASK:
            return self.mask | 0xF0
        return 0

    @hot
    def read(self, offset: u16) -> u8:
        """Current address and count, low byte first; status; masks."""
        register: u8 = u8(offset >> (self.shift & 1)) & 15
        self.following()
        value: u8 = self.look(register)
        if register < 8:
            self.flip_flop ^= 1
        elif register == STATUS:
            self.status = 0
        return value

    def peek(self, offset):
        """What read returns."""
        return self.look(offset >> self.shift & 15)

    @hot
    def write(self, offset: u16, value: u8) -> None:
        """Base and current address and count, low byte first; command, requests, masks, modes."""
        register: u8 = u8(offset >> (self.shift & 1)) & 15
        bit: u8 = u8(1 << (value & 3))
        if register < 8:
            self.write_word(register, value)
        elif register == COMMAND:
            self.command = value
        elif register == REQUEST:
            self.request = self.request | bit if value & SET_BIT != 0 else u8(self.request & ~bit)
        elif register == SINGLE_MASK:
            self.mask = self.mask | bit if value & SET_BIT != 0 else u8(self.mask & ~bit)
        elif register == MODE:
            self.mode[value & 3] = value
        elif register == CLEAR_FLIP_FLOP:
            self.flip_flop = 0
        elif register == MASTER_CLEAR:
            self.master_clear()
        elif register == CLEAR_MASK:
            self.mask = 0
        else:
            self.mask = value & 0x0F

    @hot
    def write_word(self, register: u8, value: u8) -> None:
        """A byte of a base register; the current register follows."""
        i: u8 = register >> 1
        word: u16 = self.base_count[i & 3] if register & 1 != 0 else self.base_address[i & 3]
        if self.flip_flop != 0:
            word = value << 8 | word & 0xFF
        else:
            word = word & 0xFF00 | value
        self.flip_flop ^= 1
        if register & 1 != 0:
            self.base_count[i & 3] = word
            self.count[i & 3] = word
        else:
            self.base_address[i & 3] = word
            self.address[i & 3] = word

    # -- transfers -----------------------------------------------------------------------------------------------

    @hot
    def ready(self, channel: u8) -> bool:
        """Would a request of this channel (0 to 3) be served?"""
        open_: bool = self.command & CMD_DISABLE == 0 and self.mask >> (channel & 3) & 1 == 0
        return open_ and self.mode[channel & 3] & MODE_SELECT != SELECT_CASCADE

    def terminal_count(self, channel):
        """Did the last transfer of this channel end with TC?"""
        return bool(self.ended >> channel & 1)

    def transfer_to_memory(self, channel, data):
        """A device gives bytes; the number taken, up to terminal count.  0 if the channel refuses.

        Only a write transfer changes memory; in the other modes the cycles run all the same, as when verifying.
        """
        taken = 0
        for address, size, backwards in self._cycles(channel, len(data)):
            if self.mode[channel] & MODE_TRANSFER == TRANSFER_WRITE:
                part = bytes(data[taken:taken + size])
                self.memory.write(address, self._units_reversed(part) if backwards else part)
            taken += size
        return taken

    def transfer_from_memory(self, channel, n):
        """A device takes up to n bytes, up to terminal count.  Nothing if the channel refuses.

        Only a read transfer puts memory on the bus; otherwise the device sees an idle bus (FFh).
        """
        parts = []
        for address, size, backwards in self._cycles(channel, n):
            part = b"\xFF" * size
            if self.mode[channel] & MODE_TRANSFER == TRANSFER_READ:
                part = bytes(self.memory.read(address, size))
            parts.append(self._units_reversed(part) if backwards else part)
        return b"".join(parts)

    @hot
    def place(self, channel: u8) -> u32:
        """The physical address that a channel points at."""
        n: u8 = channel & 3
        page: u8 = self.page(n)
        if self.shift != 0:
            return (page & 0xFE) << 16 | self.address[n] << 1
        return page << 16 | self.address[n]

    @hot
    def count_one(self, channel: u8) -> None:
        """A unit has gone through a channel."""
        n: u8 = channel & 3
        self.ended = u8(self.ended & ~(1 << n))
        self.address[n] = u16(self.address[n] - 1) if self.mode[n] & MODE_DECREMENT != 0 else u16(self.address[n] + 1)
        if self.count[n] == 0:
            self._end(n)
        else:
            self.count[n] = u16(self.count[n] - 1)

    @hot
    def take(self, channel: u8) -> u16:
        """A device takes a unit (byte or word) through a channel that is ready; as transfer_from_memory."""
        n: u8 = channel & 3
        value: u16 = 0xFFFF
        if self.mode[n] & MODE_TRANSFER == TRANSFER_READ:
            place: u32 = self.place(n)
            low: u8 = self.memory_read(place)
            value = low
            if self.shift != 0:
                high: u8 = self.memory_read(u32(place + 1))
                value = low | high << 8
        self.count_one(n)
        return value

    @hot
    def give(self, channel: u8, value: u16) -> None:
        """A device gives a unit through a channel that is ready; as transfer_to_memory."""
        n: u8 = channel & 3
        if self.mode[n] & MODE_TRANSFER == TRANSFER_WRITE:
            place: u32 = self.place(n)
            self.memory_write(place, u8(value))
            if self.shift != 0:
                self.memory_write(u32(place + 1), u8(value >> 8))
        self.count_one(n)

    def _cycles(self, channel, n):
        """Count n bytes through the channel: yields (lowest address, size, downwards) of each run.

        A run does not cross the 64 Ki units that the address register counts in: it wraps, the page stays.
        """
        if not self.ready(channel):
            return
        self.ended &= ~(1 << channel)
        units = n >> self.shift
        while units and not self.terminal_count(channel):
            address = self.address[channel]
            down = bool(self.mode[channel] & MODE_DECREMENT)
            room = address + 1 if down else 0x10000 - address
            run = min(units, room, self.count[channel] + 1)
            lowest = address - run + 1 if down else address
            page = self.page(channel)
            if self.shift:
                page &= 0xFE
            # Yielding before the registers move: the caller uses the mode, which auto-initialisation leaves alone
            yield page << 16 | lowest << self.shift, run << self.shift, down
            units -= run
            self.address[channel] = address + (-run if down else run) & 0xFFFF
            if run == self.count[channel] + 1:
                self._end(channel)
            else:
                self.count[channel] -= run

    @hot
    def _end(self, channel: u8) -> None:
        """Terminal count: status bit, then auto-initialisation or the mask."""
        n: u8 = channel & 3
        bit: u8 = u8(1 << n)
        self.status |= bit
        self.ended |= bit
        self.request = u8(self.request & ~bit)
        if self.mode[n] & MODE_AUTOINIT != 0:
            self.address[n] = self.base_address[n]
            self.count[n] = self.base_count[n]
        else:
            self.count[n] = 0xFFFF
            self.mask |= bit

    def _units_reversed(self, part):
        """Bytes or words in opposite order: a channel that counts down."""
        if not self.shift:
            return part[::-1]
        return b"".join(part[i:i + 2] for i in range(len(part) - 2, -1, -2))


# Page register of each channel: 0 to 3 of the first controller, 4 (refresh) to 7 of the second
PAGE_OF_CHANNEL = Const(u8, (0x7, 0x3, 0x1, 0x2, 0xF, 0xB, 0x9, 0xA))


class DmaPages(Component):
    """Page registers (80h to 8Fh): address bits 23 to 16 of each channel; the others just store (80h: POST code)."""

    pages: Array(u8, 16)

    ports = (Port(0, 16, "read", "write", text="DMA page registers, POST code"),)

    def reset(self):
        """Hardware reset."""
        for i in range(16):
            self.pages[i] = 0

    @hot
    def page(self, controller: u8, channel: u8) -> u8:
        """The page of a channel (0 to 3) of the first (0) or second (1) controller."""
        return self.pages[PAGE_OF_CHANNEL[(controller & 1) << 2 | channel & 3] & 15]

    @hot
    def read(self, offset: u16) -> u8:
        """A page register."""
        return self.pages[offset & 15]

    def peek(self, offset):
        """What read returns."""
        return self.pages[offset & 15]

    @hot
    def write(self, offset: u16, value: u8) -> None:
        """A page register."""
        self.pages[offset & 15] = value
