"""VMware backdoor: version, frequencies and the absolute pointer, at I/O port 5658h.

There is no data sheet: the interface is that of VMware's open-vm-tools (lib/include/backdoor_def.h, vmmouse_defs.h), which guests'
drivers follow.  A guest reads the port with EAX = 564D5868h and a command in CX; registers take the parameters and the answers.
"""
from emu.bus.clock import BUS_NS, TSC_HZ
from emu.bus.component import Component, Port, hot
from emu.bus.types import Array, Const, Wire, i32, u8, u16, u32

MAGIC = 0x564D5868          # "VMXh"
NOTHING = 0xFFFFFFFF        # what a command that does not exist answers
EAX, ECX, EDX, EBX, ESI, EDI = 0, 1, 2, 3, 6, 7
DATA_REGISTERS = Const(u8, (EAX, EBX, ECX, EDX, ESI, EDI, 0, 0))

# Commands (CX)
GET_VERSION = 10
ABSOLUTE_DATA = 39          # EBX words of the queue, to DATA_REGISTERS
ABSOLUTE_STATUS = 40        # FFFFh in the upper half: off; words in the queue
ABSOLUTE_COMMAND = 41       # EBX: one of those below
GET_HZ = 45
ABSOLUTE_RESTRICT = 86      # who may read the pointer: here whoever may read the port

# Subcommands of ABSOLUTE_COMMAND
POINTER_ENABLE = 0x45414552
POINTER_DISABLE = 0x000000F5
POINTER_RELATIVE = 0x4C455252
POINTER_ABSOLUTE = 0x53424152

VERSION = 6
BUS_HZ = 1_000_000_000 // BUS_NS
PRODUCT = 2                 # ECX of GET_VERSION
POINTER_VERSION = 0x3442554A    # the first word after POINTER_ENABLE
POINTER_OFF = 0xFFFF0000

# First word of a packet; x, y and the wheel follow
PACKET_LEFT, PACKET_RIGHT, PACKET_MIDDLE = 0x20, 0x10, 0x08
PACKET_RELATIVE = 0x00010000
PACKET = 4                  # words
QUEUE = 64
ROOM = QUEUE - PACKET


class VmwareBackdoor(Component):
    """The port, and the pointer behind it.

    ``pointer`` and ``motion`` are the user's hand; ``nudge`` has the PS/2 mouse send a packet, the sign for the guest to look here.
    """

    queue: Array(u32, 64)
    head: u8
    count: u8
    enabled: u8
    absolute: u8            # the guest wants positions
    x: u16
    y: u16
    buttons: u8             # left 1, right 2, middle 4

    gpr: Wire(u8, ret=u32)          # the processor's registers by number
    set_gpr: Wire(u8, u32)
    nudge: Wire()

    ports = (Port(0, 1, "read", width=32, text="VMware backdoor"),)

    def reset(self):
        """The pointer is off until the guest's driver asks for it."""
        self.off()
        self.x = self.y = self.buttons = 0

    def takes_positions(self):
        """Has the guest's driver asked for absolute positions?"""
        return bool(self.enabled and self.absolute)

    @hot
    def off(self) -> None:
        self.head = 0
        self.count = 0
        self.enabled = 0
        self.absolute = 0

    # -- the port ------------------------------------------------------------------------------------------------

    @hot
    def read(self, offset: u16) -> u32:
        """A command; the answer is what the guest reads to EAX."""
        magic: u32 = self.gpr(EAX)
        if magic != MAGIC:
            return NOTHING
        command: u32 = self.gpr(ECX)
        parameter: u32 = self.gpr(EBX)
        command = command & 0xFFFF
        if command == GET_VERSION:
            self.set_gpr(EBX, MAGIC)
            self.set_gpr(ECX, PRODUCT)
            return VERSION
        if command == GET_HZ:
            self.set_gpr(EBX, 0)
            self.set_gpr(ECX, BUS_HZ)
            return TSC_HZ
        if command == ABSOLUTE_STATUS:
            return u32(self.count) if self.enabled != 0 else POINTER_OFF
        if command == ABSOLUTE_DATA:
            return self.data(parameter)
        if command == ABSOLUTE_COMMAND:
            self.pointer_command(parameter)
            return 0
        if command == ABSOLUTE_RESTRICT:
            return 0
        return NOTHING

    def peek(self, offset):
        """What a read without the magic number gives."""
        return NOTHING

    @hot
    def pointer_command(self, command: u32) -> None:
        if command == POINTER_ENABLE:
            self.off()
            self.enabled = 1
            self.put(POINTER_VERSION)
        elif command == POINTER_DISABLE:
            self.off()
        elif command == POINTER_ABSOLUTE:
            self.absolute = 1
        elif command == POINTER_RELATIVE:
            self.absolute = 0

    @hot
    def data(self, words: u32) -> u32:
        """Up to six words of the queue; asking for what is not there switches the pointer off."""
        if words == 0 or words > 6 or words > self.count:
            self.off()
            return POINTER_OFF
        first: u32 = self.get()
        n: u8 = 1
        while n < words:
            word: u32 = self.get()
            self.set_gpr(DATA_REGISTERS[n & 7], word)
            n = u8(n + 1)
        return first

    # -- the queue -----------------------------------------------------------------------------------------------

    @hot
    def get(self) -> u32:
        value: u32 = self.queue[self.head & 63]
        self.head = (self.head + 1) & 63
        self.count = u8(self.count - 1)
        return value

    @hot
    def put(self, value: u32) -> None:
        self.queue[(self.head + self.count) & 63] = value
        self.count = u8(self.count + 1)

    @hot
    def packet(self, flags: u32, x: u32, y: u32, wheel: i32) -> None:
        """Queue a packet.  A position that the guest has not read yet gives way to the next, unless a button changed there; so does
        anything in a full queue."""
        first: u32 = flags
        if (self.buttons & 1) != 0:
            first = first | PACKET_LEFT
        if (self.buttons & 2) != 0:
            first = first | PACKET_RIGHT
        if (self.buttons & 4) != 0:
            first = first | PACKET_MIDDLE
        end: u32 = u32(self.head) + self.count
        same: bool = self.count >= 2 * PACKET and (self.count & 3) == 0 and flags == 0 and wheel == 0 \
            and self.queue[(end + 60) & 63] == first and self.queue[(end + 56) & 63] == first and self.queue[(end + 63) & 63] == 0
        if same or self.count > ROOM:
            self.count = u8(self.count - PACKET)
        self.put(first)
        self.put(x)
        self.put(y)
        self.put(u32(wheel))
        self.nudge()

    # -- the user's hand -----------------------------------------------------------------------------------------

    @hot
    def pointer(self, x: u16, y: u16, buttons: u8, wheel: i32) -> None:
        """The pointer is at a point of the picture (0 to FFFFh both ways)."""
        if self.enabled == 0:
            return
        if x == self.x and y == self.y and buttons == self.buttons and wheel == 0:
            return
        self.x = x
        self.y = y
        self.buttons = buttons & 7
        self.packet(0, u32(x), u32(y), wheel)

    @hot
    def press(self, mask: u8) -> None:
        """Buttons alone, where the pointer is."""
        if self.absolute != 0:
            self.pointer(self.x, self.y, mask, i32(0))
        elif self.enabled != 0 and self.buttons != (mask & 7):
            self.buttons = mask & 7
            self.packet(PACKET_RELATIVE, u32(0), u32(0), i32(0))

    @hot
    def motion(self, dx: i32, dy: i32, wheel: i32) -> None:
        """Relative motion, dy down."""
        if self.enabled != 0:
            self.packet(PACKET_RELATIVE, u32(dx), u32(-dy), wheel)
