"""PS/2 mouse with a wheel and five buttons (IntelliMouse Explorer).

Sources: IBM PS/2 Technical Reference "Mouse" (1991); Microsoft "Wheel support in PS/2 mice" (packets, ids 3 and 4).
"""
from emu.bus.component import Component, Timer, hot
from emu.bus.types import NEVER, Array, Const, Wire, i32, u8, u16, u32, u64

# Commands
SCALE_1_1 = 0xE6
SCALE_2_1 = 0xE7
SET_RESOLUTION = 0xE8
STATUS_REQUEST = 0xE9
SET_STREAM = 0xEA
READ_DATA = 0xEB
RESET_WRAP = 0xEC
SET_WRAP = 0xEE
SET_REMOTE = 0xF0
READ_ID = 0xF2
SET_RATE = 0xF3
ENABLE = 0xF4
DISABLE = 0xF5
SET_DEFAULT = 0xF6
RESEND = 0xFE
RESET = 0xFF

# Replies
ACK = 0xFA
BAT_OK = 0xAA
RESEND_REQUEST = 0xFE
ERROR = 0xFC            # the second invalid byte in a row

# Device ids
ID_PLAIN = 0
ID_WHEEL = 3            # after the sample rates 200, 100, 80
ID_EXPLORER = 4         # after 200, 200, 80

# First byte of a packet
PACKET_ALWAYS = 0x08
PACKET_X_SIGN = 0x10
PACKET_Y_SIGN = 0x20
PACKET_X_OVERFLOW = 0x40
PACKET_Y_OVERFLOW = 0x80

NONE = 0x100
LIMIT = 255             # a packet's greatest movement
COUNTER = 4095          # where the counters stop, and the packet says overflow

SCALE = Const(u8, (0, 1, 1, 3, 6, 9, 12, 14))       # 2:1 scaling of small movements; larger ones are doubled


@hot
def clamp(value: i32, limit: i32) -> i32:
    low: i32 = i32(-limit)
    if value > limit:
        return limit
    if value < low:
        return low
    return value


class Mouse(Component):
    """The mouse.  Movement is in counts; what does not fit into one packet follows in the next.

    ``move`` and ``buttons`` are the user's hand; ``send`` takes a byte from the controller, ``take`` gives it one.
    The resolution is what the guest set and reads back: the counts of move() are already those of the guest.
    """

    reply: Array(u8, 8)
    reply_head: u8
    reply_count: u8
    packet: Array(u8, 4)
    packet_length: u8
    packet_sent: u8             # bytes of it that the controller has taken
    x: i32                      # movement since the last packet, right
    y: i32                      # up
    z: i32                      # wheel, towards the user
    overflow: u8                # PACKET_X_OVERFLOW, PACKET_Y_OVERFLOW
    pressed: u8                 # buttons of the last packet: left 1, right 2, middle 4, fourth 8, fifth 16
    clicks: Array(u8, 16)       # button states to be reported, so that no click is lost between two samples
    click_head: u8
    click_count: u8
    held: u8                    # buttons now
    reporting: u8               # F4h
    remote: u8
    wrap: u8
    scaled: u8                  # 2:1
    resolution: u8              # 0-3: 1, 2, 4, 8 counts per mm
    rate: u8                    # samples a second
    rates: Array(u8, 3)         # the last three rates, newest last
    id: u8
    parameter_of: u8
    invalid: u8                 # the last command was invalid
    sampled: u64                # when the last packet was made
    sample_at: u64
    nudged: u8                  # a packet is due even if nothing moved

    now: Wire(ret=u64)
    ready: Wire()

    timers = (Timer("sample_at", "sample"),)

    def reset(self):
        self.reply_head = self.reply_count = self.parameter_of = self.invalid = self.held = self.sampled = 0
        self.power_on()

    def idle(self):
        """True when the guest's controller has taken every movement and click, or does not want them."""
        return self.reply_count == 0 and (
            self.reporting == 0 or self.remote != 0 or (self.packet_sent == self.packet_length and not self.moved()))

    # -- the user's hand -----------------------------------------------------------------------------------------

    @hot
    def move(self, dx: i32, dy: i32, wheel: i32) -> None:
        """Move by counts: dx to the right, dy down the screen (towards the user), wheel in notches towards the user."""
        if self.reporting == 0 and self.remote == 0:
            return
        x: i32 = i32(self.x + clamp(dx, i32(COUNTER)))
        y: i32 = i32(self.y - clamp(dy, i32(COUNTER)))
        self.x = clamp(x, i32(COUNTER))
        self.y = clamp(y, i32(COUNTER))
        if self.x != x:
            self.overflow = self.overflow | PACKET_X_OVERFLOW
        if self.y != y:
            self.overflow = self.overflow | PACKET_Y_OVERFLOW
        if self.id != ID_PLAIN:
            self.z = clamp(i32(self.z + clamp(wheel, i32(COUNTER))), i32(COUNTER))
        self.schedule()

    @hot
    def buttons(self, mask: u8) -> None:
        """The buttons that are down: left 1, right 2, middle 4, fourth 8, fifth 16."""
        if (mask & 31) == self.held:
            return
        self.held = mask & 31
        if self.reporting == 0 and self.remote == 0:
            return
        if self.click_count < 16:
            self.clicks[(self.click_head + self.click_count) & 15] = self.held
            self.click_count = u8(self.click_count + 1)
        else:
            self.clicks[(self.click_head + 15) & 15] = self.held
        self.schedule()

    @hot
    def nudge(self) -> None:
        """Send a packet though the mouse may rest: an absolute pointer beside it has news for the driver of both."""
        if self.reporting != 0:
            self.nudged = 1
            self.schedule()

    # -- packets -------------------------------------------------------------------------------------------------

    @hot
    def moved(self) -> bool:
        return self.x != 0 or self.y != 0 or self.z != 0 or self.click_count != 0 or self.overflow != 0 or self.nudged != 0

    @hot
    def schedule(self) -> None:
        """In stream mode: the next packet, at the next sample."""
        if self.reporting == 0 or self.remote != 0 or self.wrap != 0 or self.sample_at != NEVER:
            return
        if self.packet_sent != self.packet_length or not self.moved():
            return
        now: u64 = self.now()
        due: u64 = now
        if self.rate != 0:
            due = u64(self.sampled + 1_000_000_000 // self.rate)
        self.sample_at = due if due > now else now

    @hot
    def sample(self) -> None:
        self.sample_at = NEVER
        if self.reporting == 0 or self.remote != 0 or self.wrap != 0 or self.packet_sent != self.packet_length:
            return
        self.sampled = self.now()
        self.build(self.scaled)
        self.ready()

    @hot
    def scale(self, value: i32) -> i32:
        size: u32 = u32(value) if value >= 0 else u32(-value)
        if size < 8:
            size = SCALE[size & 7]
        else:
            size = u32(size * 2) if size < 128 else LIMIT
        return i32(size) if value >= 0 else i32(-size)

    @hot
    def build(self, scaled: u8) -> None:
        """Make a packet of what has happened, as far as it fits."""
        self.nudged = 0
        if self.click_count != 0:
            self.pressed = self.clicks[self.click_head & 15]
            self.click_head = (self.click_head + 1) & 15
            self.click_count = u8(self.click_count - 1)
        x: i32 = clamp(self.x, i32(LIMIT))
        y: i32 = clamp(self.y, i32(LIMIT))
        z: i32 = clamp(self.z, i32(7))
        self.x = i32(self.x - x)
        self.y = i32(self.y - y)
        self.z = i32(self.z - z)
        if scaled != 0:
            x = self.scale(x)
            y = self.scale(y)
        first: u8 = PACKET_ALWAYS | (self.pressed & 7) | self.overflow
        if x < 0:
            first = first | PACKET_X_SIGN
        if y < 0:
            first = first | PACKET_Y_SIGN
        self.overflow = 0
        self.packet[0] = first
        self.packet[1] = u8(x)
        self.packet[2] = u8(y)
        self.packet[3] = u8(z)
        if self.id == ID_EXPLORER:
            self.packet[3] = u8((u8(z) & 0x0F) | ((self.pressed & 0x18) << 1))
        self.packet_length = 3 if self.id == ID_PLAIN else 4
        self.packet_sent = 0

    @hot
    def take(self) -> u16:
        """The next byte for the controller, or 100h."""
        if self.reply_count != 0:
            value: u8 = self.reply[self.reply_head & 7]
            self.reply_head = (self.reply_head + 1) & 7
            self.reply_count = u8(self.reply_count - 1)
            return value
        if self.packet_sent != self.packet_length:
            byte: u8 = self.packet[self.packet_sent & 3]
            self.packet_sent = u8(self.packet_sent + 1)
            self.schedule()
            return byte
        return NONE

    # -- commands ------------------------------------------------------------------------------------------------

    @hot
    def answer(self, value: u8) -> None:
        if self.reply_count < 8:
            self.reply[(self.reply_head + self.reply_count) & 7] = value
            self.reply_count = u8(self.reply_count + 1)
        self.ready()

    @hot
    def clear(self) -> None:
        """Forget movement; a command ends whatever packet was under way."""
        self.x = 0
        self.y = 0
        self.z = 0
        self.overflow = 0
        self.nudged = 0
        self.packet_length = 0
        self.packet_sent = 0
        self.sample_at = NEVER

    @hot
    def defaults(self) -> None:
        """F6h: stream mode, 100 samples a second, 4 counts per mm, 1:1, reporting off."""
        self.clear()
        self.reporting = 0
        self.remote = 0
        self.wrap = 0
        self.scaled = 0
        self.resolution = 2
        self.rate = 100

    @hot
    def power_on(self) -> None:
        self.defaults()
        self.id = ID_PLAIN
        self.click_count = 0
        self.click_head = 0
        self.pressed = self.held
        self.rates[0] = 0
        self.rates[1] = 0
        self.rates[2] = 0

    @hot
    def send(self, value: u8) -> None:
        """A byte from the controller."""
        if self.wrap != 0 and value != RESET and value != RESET_WRAP:
            self.answer(value)
            return
        command: u8 = self.parameter_of
        self.parameter_of = 0
        if command == SET_RATE and value <= 200 and value != 0:
            self.set_rate(value)
            self.answer(ACK)
        elif command == SET_RESOLUTION and value <= 3:
            self.resolution = value
            self.answer(ACK)
        elif command != 0 and value < SCALE_1_1:
            self.refuse()
        else:
            self.command(value)
            return
        self.schedule()

    @hot
    def refuse(self) -> None:
        self.answer(RESEND_REQUEST if self.invalid == 0 else ERROR)
        self.invalid = self.invalid ^ 1

    @hot
    def set_rate(self, value: u8) -> None:
        self.rate = value
        self.rates[0] = self.rates[1]
        self.rates[1] = self.rates[2]
        self.rates[2] = value
        if self.rates[0] == 200 and self.rates[2] == 80:
            if self.rates[1] == 100:
                self.id = ID_WHEEL
            elif self.rates[1] == 200:
                self.id = ID_EXPLORER

    @hot
    def command(self, value: u8) -> None:
        if (value < SCALE_1_1 or value == 0xED or value == 0xEF or value == 0xF1
                or (value > SET_DEFAULT and value < RESEND)):
            self.refuse()
            return
        self.invalid = 0
        if value == RESEND:
            self.resend()
            return
        self.packet_length = 0
        self.packet_sent = 0
        if value == RESET:
            self.reply_count = 0
            self.power_on()
        self.answer(ACK)
        if value == RESET:
            self.answer(BAT_OK)
            self.answer(ID_PLAIN)
        elif value == SET_DEFAULT:
            self.defaults()
        elif value == DISABLE:
            self.clear()
            self.reporting = 0
        elif value == ENABLE:
            self.clear()
            self.click_count = 0
            self.pressed = self.held
            self.reporting = 1
        elif value == SET_RATE or value == SET_RESOLUTION:
            self.parameter_of = value
        elif value == READ_ID:
            self.answer(self.id)
        elif value == SET_REMOTE or value == SET_STREAM:
            self.clear()
            self.remote = 1 if value == SET_REMOTE else 0
        elif value == SET_WRAP:
            self.clear()
            self.wrap = 1
        elif value == RESET_WRAP:
            self.wrap = 0
        elif value == READ_DATA:
            self.sample_at = NEVER
            self.sampled = self.now()
            self.build(0)
            self.ready()
        elif value == STATUS_REQUEST:
            self.status()
        else:
            self.scaled = 1 if value == SCALE_2_1 else 0
        self.schedule()

    @hot
    def resend(self) -> None:
        """The last packet, or if there is none, nothing but a refusal."""
        if self.packet_length != 0:
            self.packet_sent = 0
            self.ready()
        else:
            self.answer(RESEND_REQUEST)

    @hot
    def status(self) -> None:
        first: u8 = (self.remote << 6) & 0x40 | (self.reporting << 5) & 0x20 | (self.scaled << 4) & 0x10
        buttons: u8 = (self.held & 1) << 2 | (self.held & 4) >> 1 | (self.held & 2) >> 1
        self.answer(first | buttons)
        self.answer(self.resolution)
        self.answer(self.rate)
