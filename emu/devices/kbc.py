"""8042 keyboard controller with PS/2 auxiliary port.

Sources: Intel 8042/UPI-42 (231318), IBM PS/2 Technical Reference "Keyboard and Auxiliary Device Controller" (1991).
"""
from emu.bus.component import Component, Port, Timer, hot
from emu.bus.types import NEVER, Array, Const, Wire, u8, u16, u64

# Status register (read of port 64h)
STATUS_OBF = 0x01       # output buffer full
STATUS_SYS = 0x04       # system flag: self-test passed
STATUS_A2 = 0x08        # last write went to port 64h
STATUS_INH = 0x10       # keyboard not locked by the key switch
STATUS_AUXB = 0x20      # what is in the output buffer came from the auxiliary device

# Command byte (RAM location 0)
CMD_INT = 0x01          # IRQ 1 when the output buffer is filled by the keyboard
CMD_INT2 = 0x02         # IRQ 12 likewise by the auxiliary device
CMD_SYS = 0x04
CMD_EN = 0x10           # keyboard clock held low
CMD_EN2 = 0x20          # auxiliary clock held low
CMD_XLATE = 0x40        # scan-code set 2 is turned into set 1

# Output port P2
P2_RESET = 0x01         # 0 resets the CPU
P2_A20 = 0x02
P2_AUX_CLOCK = 0x08
P2_IRQ1 = 0x10
P2_IRQ12 = 0x20
P2_KBD_CLOCK = 0x40
P2_KBD_DATA = 0x80

# Input port P1: not locked (7), colour display jumper clear, manufacturing jumper off (5)
P1_IDLE = 0xA0

# Where the next byte written to port 60h goes
TO_KEYBOARD = 0
TO_RAM = 1              # also uses target_ram
TO_OUTPUT_PORT = 2
TO_KEYBOARD_BUFFER = 3
TO_AUX_BUFFER = 4
TO_AUX = 5
TO_PASSWORD = 6

RAM_SECURITY_ON = 0x13      # sent to the system when the password is armed, if not 0
RAM_SECURITY_OFF = 0x14     # likewise when it has been typed
RAM_IGNORE_1 = 0x16         # make codes that do not count while the password is typed (shift keys)
RAM_IGNORE_2 = 0x17

NONE = 0x100            # a device has nothing to send
BYTE_TIME = 500_000     # ns from one byte of a device to the next: 11 bits at the fast end of the PS/2 clock

# Scan-code set 2 to set 1, as the 8042's ROM holds it.  From 85h up a byte stays what it is.
TRANSLATE = Const(u8, bytes.fromhex(
    "ff43413f3d3b3c586444424 03e0f2959"
    "65382a701d10025a66712c1f1e11035b"
    "672e2d201205045c68392f211413065d"
    "69313023221507 5e6a72322416080 95f"
    "6b3325 17180b0a606c34352627190c61"
    "6d7328741a0d626e3a361c1b752b6376"
    "5556777 8797a0e7b7c4f7d4b477e7f6f"
    "5253504c4d48014 5574e514a37494654"
    .replace(" ", "")) + bytes((0x80, 0x81, 0x82, 0x41, 0x54)) + bytes(range(0x85, 0x100)))


class Kbc(Component):
    """The controller.  Base 60h; data at offset 0, status and command at offset 4.

    Devices queue bytes and call ``device_ready``; the controller takes one through ``keyboard_take``/``mouse_take``
    a byte time after the output buffer was read, so a guest never loses a byte.
    """

    status: u8
    output: u8                  # the output buffer
    ram: Array(u8, 32)          # [0] is the command byte
    target: u8                  # TO_*
    target_ram: u8
    output_port: u8             # P2 as last written
    breaking: u8                # 80h after F0h in translated mode
    turn: u8                    # 0: the keyboard is asked first; the two take turns
    reply: u8                   # an answer of the controller that waits for the output buffer
    reply_status: u8            # its status bits; 0 when there is none
    irq1_level: u8
    irq12_level: u8
    password: Array(u8, 8)
    password_length: u8
    password_typed: u8
    locked: u8
    deadline: u64               # when the next byte of a device is in

    now: Wire(ret=u64)
    irq1: Wire(u8)
    irq12: Wire(u8)
    a20: Wire(u8)
    reset_cpu: Wire()
    keyboard_send: Wire(u8)
    keyboard_take: Wire(ret=u16)
    mouse_send: Wire(u8)
    mouse_take: Wire(ret=u16)

    ports = (
        Port(0, 1, "read_data", "write_data", text="8042 data"),
        Port(4, 1, "read_status", "write_command", text="8042 status and command"),
    )
    timers = (Timer("deadline", "pull"),)

    def reset(self):
        self.status = STATUS_INH
        self.output = 0
        for i in range(32):
            self.ram[i] = 0
        self.ram[0] = CMD_INT | CMD_INT2
        for i in range(8):
            self.password[i] = 0
        self.target = TO_KEYBOARD
        self.target_ram = self.breaking = self.turn = self.reply = self.reply_status = 0
        self.password_length = self.password_typed = self.locked = 0
        self.output_port = 0xCF
        self.deadline = NEVER
        self.update_irqs()
        self.a20(1)

    def idle(self):
        """True when the guest has read everything that reached the controller."""
        return not self.status & STATUS_OBF and not self.reply_status and not self.breaking

    # -- output buffer -------------------------------------------------------------------------------------------

    @hot
    def update_irqs(self) -> None:
        keyboard: u8 = 0
        aux: u8 = 0
        if (self.status & STATUS_OBF) != 0:
            if (self.status & STATUS_AUXB) != 0:
                aux = (self.ram[0] >> 1) & 1
            else:
                keyboard = self.ram[0] & 1
        if keyboard != self.irq1_level:
            self.irq1_level = keyboard
            self.irq1(keyboard)
        if aux != self.irq12_level:
            self.irq12_level = aux
            self.irq12(aux)

    @hot
    def fill(self, value: u8, bits: u8) -> None:
        """Put a byte into the output buffer; bits are its status bits (OBF, AUXB)."""
        self.output = value
        self.status = u8((self.status & 0xDE) | bits)
        self.update_irqs()

    @hot
    def answer(self, value: u8, bits: u8) -> None:
        """An answer of the controller itself: at once, or next after an unread byte."""
        if (self.status & STATUS_OBF) != 0:
            self.reply = value
            self.reply_status = bits
        else:
            self.fill(value, bits)

    @hot
    def schedule(self) -> None:
        if self.deadline == NEVER and (self.status & STATUS_OBF) == 0:
            now: u64 = self.now()
            self.deadline = u64(now + BYTE_TIME)

    @hot
    def device_ready(self) -> None:
        """A device has queued bytes."""
        self.schedule()

    @hot
    def take(self, source: u8) -> u16:
        """A byte of the keyboard (0) or the auxiliary device (1), unless its clock is held low."""
        value: u16 = NONE
        if source == 0:
            if (self.ram[0] & CMD_EN) == 0:
                value = self.keyboard_take()
        elif (self.ram[0] & CMD_EN2) == 0:
            value = self.mouse_take()
        return value

    @hot
    def pull(self) -> None:
        """A byte time is over: the next byte of a device goes to the output buffer."""
        self.deadline = NEVER
        if (self.status & STATUS_OBF) != 0:
            return                              # its read starts the next byte
        source: u8 = self.turn
        value: u16 = self.take(source)
        if value >= NONE:
            source = source ^ 1
            value = self.take(source)
        if value >= NONE:
            return
        self.turn = source ^ 1
        if source == 0:
            self.from_keyboard(u8(value))
        elif self.locked == 0:
            self.fill(u8(value), STATUS_OBF | STATUS_AUXB)
        self.schedule()                         # does nothing unless the byte was swallowed

    @hot
    def from_keyboard(self, value: u8) -> None:
        code: u8 = value
        if (self.ram[0] & CMD_XLATE) != 0:
            if value == 0xF0:
                self.breaking = 0x80
                return
            code = TRANSLATE[value]
            if value < 0x85:                    # an acknowledgement may come between F0h and its code
                code = code | self.breaking
                self.breaking = 0
        if self.locked != 0:
            self.try_password(code)
        else:
            self.fill(code, STATUS_OBF)

    @hot
    def try_password(self, code: u8) -> None:
        if code >= 0x80 or code == self.ram[RAM_IGNORE_1] or code == self.ram[RAM_IGNORE_2]:
            return
        if code != self.password[self.password_typed & 7]:
            self.password_typed = 0
            return
        self.password_typed = u8(self.password_typed + 1)
        if self.password_typed >= self.password_length:
            self.password_typed = 0
            self.locked = 0
            if self.ram[RAM_SECURITY_OFF] != 0:
                self.fill(self.ram[RAM_SECURITY_OFF], STATUS_OBF)

    # -- port 60h ------------------------------------------------------------------------------------------------

    @hot
    def read_data(self, offset: u16) -> u8:
        value: u8 = self.output
        if (self.status & STATUS_OBF) != 0:
            self.status = self.status & 0xDE
            self.update_irqs()                  # low before the next byte, so that the PIC sees an edge
            if self.reply_status != 0:
                bits: u8 = self.reply_status
                self.reply_status = 0
                self.fill(self.reply, bits)
            else:
                self.schedule()
        return value

    @hot
    def write_data(self, offset: u16, value: u8) -> None:
        self.status = self.status & 0xF7
        target: u8 = self.target
        self.target = TO_KEYBOARD
        if target == TO_KEYBOARD:
            self.ram[0] = self.ram[0] & 0xEF    # sending needs the clock, so the interface is enabled again
            self.keyboard_send(value)
            self.schedule()
        elif target == TO_AUX:
            self.ram[0] = self.ram[0] & 0xDF
            self.mouse_send(value)
            self.schedule()
        elif target == TO_RAM:
            self.ram[self.target_ram & 31] = value
            if (self.target_ram & 31) == 0:
                self.command_byte_written()
        elif target == TO_OUTPUT_PORT:
            self.write_output_port(value)
        elif target == TO_KEYBOARD_BUFFER:
            self.answer(value, STATUS_OBF)
        elif target == TO_AUX_BUFFER:
            self.answer(value, STATUS_OBF | STATUS_AUXB)
        else:
            self.write_password(value)

    @hot
    def command_byte_written(self) -> None:
        self.status = u8((self.status & 0xFB) | (self.ram[0] & CMD_SYS))
        if (self.ram[0] & CMD_XLATE) == 0:
            self.breaking = 0
        self.update_irqs()
        self.schedule()

    @hot
    def set_a20(self, level: u8) -> None:
        if ((self.output_port >> 1) & 1) != level:
            self.output_port = self.output_port ^ P2_A20
            self.a20(level)

    @hot
    def write_output_port(self, value: u8) -> None:
        self.set_a20((value >> 1) & 1)
        self.output_port = value | P2_RESET
        if (value & P2_RESET) == 0:
            self.reset_cpu()

    @hot
    def write_password(self, value: u8) -> None:
        """Scan codes of set 1, ended by 0."""
        if value != 0 and self.password_length < 8:
            self.password[self.password_length & 7] = value
            self.password_length = u8(self.password_length + 1)
        if value != 0:
            self.target = TO_PASSWORD

    # -- port 64h ------------------------------------------------------------------------------------------------

    @hot
    def read_status(self, offset: u16) -> u8:
        return self.status

    @hot
    def write_command(self, offset: u16, value: u8) -> None:
        self.status = self.status | STATUS_A2
        self.target = TO_KEYBOARD
        if value < 0x40:
            if value >= 0x20:
                self.answer(self.ram[value & 31], STATUS_OBF)
        elif value < 0x80:
            if value >= 0x60:
                self.target = TO_RAM
                self.target_ram = value & 31
        elif value >= 0xF0:
            # A pulse of 6 us on the low outputs whose bit is 0.  Only the reset line notices so short a pulse.
            if (value & P2_RESET) == 0:
                self.reset_cpu()
        elif value < 0xC0:
            self.interface_command(value)
        else:
            self.port_command(value)

    @hot
    def interface_command(self, value: u8) -> None:
        """Commands 80-BFh: password, interfaces, tests."""
        if value == 0xA4:                       # is a password loaded?
            installed: u8 = 0xFA if self.password_length != 0 else 0xF1
            self.answer(installed, STATUS_OBF)
        elif value == 0xA5:                     # load it
            self.password_length = 0
            self.target = TO_PASSWORD
        elif value == 0xA6:                     # ask for it
            if self.password_length != 0:
                self.locked = 1
                self.password_typed = 0
                if self.ram[RAM_SECURITY_ON] != 0:
                    self.answer(self.ram[RAM_SECURITY_ON], STATUS_OBF)
        elif value == 0xA7:
            self.ram[0] = self.ram[0] | CMD_EN2
        elif value == 0xA8:
            self.ram[0] = self.ram[0] & 0xDF
            self.schedule()
        elif value == 0xA9:                     # auxiliary interface test: no fault
            self.answer(0x00, STATUS_OBF)
        elif value == 0xAA:                     # self-test
            self.status = self.status | STATUS_SYS
            self.ram[0] = self.ram[0] | CMD_SYS
            self.answer(0x55, STATUS_OBF)
        elif value == 0xAB:                     # keyboard interface test: no fault
            self.answer(0x00, STATUS_OBF)
        elif value == 0xAD:
            self.ram[0] = self.ram[0] | CMD_EN
        elif value == 0xAE:
            self.ram[0] = self.ram[0] & 0xEF
            self.schedule()

    @hot
    def port_command(self, value: u8) -> None:
        """Commands C0-EFh: ports, buffers, test inputs."""
        if value == 0xC0:
            self.answer(P1_IDLE, STATUS_OBF)
        elif value == 0xD0:
            self.answer(self.port_p2(), STATUS_OBF)
        elif value == 0xD1:
            self.target = TO_OUTPUT_PORT
        elif value == 0xD2:
            self.target = TO_KEYBOARD_BUFFER
        elif value == 0xD3:
            self.target = TO_AUX_BUFFER
        elif value == 0xD4:
            self.target = TO_AUX
        elif value == 0xDD:                     # A20 off and on in one command, on many AT clones
            self.set_a20(0)
        elif value == 0xDF:
            self.set_a20(1)
        elif value == 0xE0:                     # T0: keyboard clock, T1: auxiliary clock
            clocks: u8 = 0
            if (self.ram[0] & CMD_EN) == 0:
                clocks = 1
            if (self.ram[0] & CMD_EN2) == 0:
                clocks = clocks | 2
            self.answer(clocks, STATUS_OBF)

    @hot
    def port_p2(self) -> u8:
        """The output port as it reads: written bits, interrupt lines and clocks as they are."""
        value: u8 = (self.output_port & P2_A20) | P2_RESET | P2_KBD_DATA
        if (self.ram[0] & CMD_EN) == 0:
            value = value | P2_KBD_CLOCK
        if (self.ram[0] & CMD_EN2) == 0:
            value = value | P2_AUX_CLOCK
        if self.irq1_level != 0:
            value = value | P2_IRQ1
        if self.irq12_level != 0:
            value = value | P2_IRQ12
        return value

    def peek(self, offset):
        """What a read of the port would return."""
        return self.output if offset & 4 == 0 else self.status
