"""16550A UART.

Data sheet: National Semiconductor PC16550D (SNLS378B).
"""
from emu.bus.component import Component, Port, Timer, cold, hot
from emu.bus.types import NEVER, Array, Const, Wire, u8, u16, u64

CLOCK = 1_843_200               # Hz
FAST = 128                      # still so slow that 16 characters outlast the handler that fills the FIFO (Linux: "too much work for irq4")

# Registers
RBR = THR = DLL = 0
IER = DLM = 1
IIR = FCR = 2
LCR = 3
MCR = 4
LSR = 5
MSR = 6
SCR = 7

# Interrupt enable
IER_ERBFI = 0x01                # received data
IER_ETBEI = 0x02                # transmitter holding register empty
IER_ELSI = 0x04                 # line status
IER_EDSSI = 0x08                # modem status

# Interrupt identification
IIR_MODEM = 0x00
IIR_NONE = 0x01
IIR_THRE = 0x02
IIR_DATA = 0x04
IIR_LINE = 0x06
IIR_TIMEOUT = 0x0C
IIR_FIFOS = 0xC0

FCR_ENABLE = 0x01
FCR_CLEAR_RECEIVER = 0x02
FCR_CLEAR_TRANSMITTER = 0x04

LCR_STOP = 0x04
LCR_PARITY = 0x08
LCR_BREAK = 0x40
LCR_DLAB = 0x80

MCR_DTR = 0x01
MCR_RTS = 0x02
MCR_OUT1 = 0x04
MCR_OUT2 = 0x08                 # on a PC it connects the interrupt line
MCR_LOOP = 0x10

LSR_DR = 0x01
LSR_OE = 0x02
LSR_PE = 0x04
LSR_FE = 0x08
LSR_BI = 0x10
LSR_THRE = 0x20
LSR_TEMT = 0x40
LSR_FIFO_ERROR = 0x80
LSR_ERRORS = 0x1E

MSR_TERI = 0x04                 # trailing edge of RI
MSR_CTS = 0x10
MSR_DSR = 0x20
MSR_RI = 0x40
MSR_DCD = 0x80

TRIGGER = Const(u8, (1, 4, 8, 14))
RING = 4096                     # what waits on the host's side of the cable


class Uart(Component):
    """One serial port.  Base 3F8h, 2F8h, 3E8h or 2E8h.

    ``sink`` (a callable taking an int) gets each character when its stop bit has left.  The sender at the far end waits
    while the receiver is full, as with hardware flow control, so that nothing typed or piped in is lost.
    """

    ier: u8
    fcr: u8
    lcr: u8
    mcr: u8
    msr: u8
    scr: u8
    divisor: u16
    errors: u8                  # LSR bits 1-4, until LSR is read
    lines: u8                   # modem inputs as the cable has them, MSR bits 4-7
    rx: Array(u8, 16)
    rx_errors: Array(u8, 16)    # break, framing and parity error of each character
    rx_head: u8
    rx_count: u8
    tx: Array(u8, 16)
    tx_head: u8
    tx_count: u8
    shift: u8                   # transmitter shift register
    shifting: u8
    thre_pending: u8
    timed_out: u8               # characters have waited in the FIFO for four character times
    irq_level: u8
    fast: bool                  # characters take a FAST-th of their time: polled consoles (Linux) then lose no timer ticks
    ring: Array(u8, 4096)
    ring_head: u16
    ring_count: u16
    tx_at: u64
    rx_at: u64
    timeout_at: u64

    now: Wire(ret=u64)
    irq: Wire(u8)

    ports = (Port(0, 8, "read", "write", text="16550A"),)
    timers = (Timer("tx_at", "transmitted"), Timer("rx_at", "received"), Timer("timeout_at", "time_out"))

    sink = None

    def reset(self):
        self.ier = self.fcr = self.lcr = self.mcr = self.scr = self.errors = 0
        self.lines = self.msr = MSR_DCD | MSR_DSR | MSR_CTS     # a cable with a partner that is on
        self.divisor = 12                       # 9600 baud; the chip leaves it undefined
        self.rx_head = self.rx_count = self.tx_head = self.tx_count = 0
        self.shift = self.shifting = self.thre_pending = self.timed_out = 0
        self.tx_at = self.rx_at = self.timeout_at = NEVER
        self.update_irq()
        self.listen()

    # -- host side -----------------------------------------------------------------------------------------------

    def room(self):
        """How many bytes receive() would take now."""
        return RING - self.ring_count

    def receive(self, data):
        """Bytes that arrive on the line, at the guest's baud rate; returns how many were taken (see room())."""
        taken = min(len(data), self.room())
        for i in range(taken):
            self.ring[(self.ring_head + self.ring_count) % RING] = data[i]
            self.ring_count += 1
        self.listen()
        return taken

    def receive_break(self):
        """A break condition on the line."""
        if not self.mcr & MCR_LOOP:
            self.accept(0, LSR_BI | LSR_FE)

    def set_lines(self, lines):
        """The modem inputs CTS, DSR, RI, DCD as bits 4-7."""
        self.lines = lines & 0xF0
        self.update_modem()

    @cold
    def output(self, value: u8) -> None:
        """A character has left."""
        if self.sink is not None:
            self.sink(value)

    # -- time ----------------------------------------------------------------------------------------------------

    @hot
    def character(self) -> u64:
        """The time of one character in ns, from the divisor and the frame."""
        halves: u8 = 2 + 2 * (5 + (self.lcr & 3)) + 2
        if (self.lcr & LCR_PARITY) != 0:
            halves = u8(halves + 2)
        if (self.lcr & LCR_STOP) != 0:
            halves = u8(halves + (1 if (self.lcr & 3) == 0 else 2))
        divisor: u64 = self.divisor if self.divisor != 0 else 65536
        whole: u64 = (halves & 31) * (divisor & 0x1FFFF) * 8_000_000_000 // CLOCK
        return whole // FAST if self.fast else whole

    @hot
    def listen(self) -> None:
        """Start the next character of the line, if there is one and room for it."""
        capacity: u8 = 16 if (self.fcr & FCR_ENABLE) != 0 else 1
        if self.rx_at == NEVER and self.ring_count != 0 and self.rx_count < capacity and (self.mcr & MCR_LOOP) == 0:
            now: u64 = self.now()
            self.rx_at = u64(now + self.character())

    @hot
    def received(self) -> None:
        """A character of the line is complete."""
        self.rx_at = NEVER
        if self.ring_count == 0 or (self.mcr & MCR_LOOP) != 0:
            return
        value: u8 = self.ring[self.ring_head & 4095]
        self.ring_head = (self.ring_head + 1) & 4095
        self.ring_count = u16(self.ring_count - 1)
        self.accept(value, 0)
        self.listen()

    @hot
    def transmitted(self) -> None:
        """The stop bit has left the shift register."""
        value: u8 = self.shift
        start: u64 = self.tx_at
        self.tx_at = NEVER
        self.shifting = 0
        if self.tx_count != 0:
            self.load()
            self.tx_at = u64(start + self.character())
        if (self.mcr & MCR_LOOP) != 0:
            self.accept(value & (0xFF >> ((self.lcr & 3) ^ 3)), 0)
        else:
            self.output(value & (0xFF >> ((self.lcr & 3) ^ 3)))

    @hot
    def time_out(self) -> None:
        self.timeout_at = NEVER
        if self.rx_count != 0:
            self.timed_out = 1
            self.update_irq()

    @hot
    def restart_timeout(self) -> None:
        self.timed_out = 0
        self.timeout_at = NEVER
        if (self.fcr & FCR_ENABLE) != 0 and self.rx_count != 0:
            now: u64 = self.now()
            self.timeout_at = u64(now + 4 * self.character())

    # -- receiver and transmitter --------------------------------------------------------------------------------

    @hot
    def accept(self, value: u8, bad: u8) -> None:
        """A character for the receiver; bad are its LSR bits."""
        capacity: u8 = 16 if (self.fcr & FCR_ENABLE) != 0 else 1
        if self.rx_count >= capacity:
            self.errors = self.errors | LSR_OE
            if capacity == 1:                   # without a FIFO the new character takes the place of the old
                self.rx[self.rx_head & 15] = value
                self.errors = self.errors | bad
        else:
            place: u8 = (self.rx_head + self.rx_count) & 15
            self.rx[place & 15] = value
            self.rx_errors[place & 15] = bad
            if self.rx_count == 0:
                self.errors = self.errors | bad
            self.rx_count = u8(self.rx_count + 1)
            self.restart_timeout()
        self.update_irq()

    @hot
    def load(self) -> None:
        """The next character goes to the shift register."""
        self.shift = self.tx[self.tx_head & 15]
        self.tx_head = (self.tx_head + 1) & 15
        self.tx_count = u8(self.tx_count - 1)
        self.shifting = 1
        if self.tx_count == 0:
            self.thre_pending = 1
            self.update_irq()

    @hot
    def clear_receiver(self) -> None:
        self.rx_head = 0
        self.rx_count = 0
        self.restart_timeout()

    @hot
    def clear_transmitter(self) -> None:
        if self.tx_count != 0:
            self.thre_pending = 1
        self.tx_head = 0
        self.tx_count = 0

    # -- interrupts ----------------------------------------------------------------------------------------------

    @hot
    def cause(self) -> u8:
        """The pending interrupt of the highest priority, as IIR bits 0-3."""
        if (self.ier & IER_ELSI) != 0 and self.errors != 0:
            return IIR_LINE
        if (self.ier & IER_ERBFI) != 0 and self.rx_count != 0:
            level: u8 = TRIGGER[self.fcr >> 6] if (self.fcr & FCR_ENABLE) != 0 else 1
            if self.rx_count >= level:
                return IIR_DATA
            if self.timed_out != 0:
                return IIR_TIMEOUT
        if (self.ier & IER_ETBEI) != 0 and self.thre_pending != 0:
            return IIR_THRE
        if (self.ier & IER_EDSSI) != 0 and (self.msr & 0x0F) != 0:
            return IIR_MODEM
        return IIR_NONE

    @hot
    def update_irq(self) -> None:
        level: u8 = 0
        if (self.mcr & MCR_OUT2) != 0 and self.cause() != IIR_NONE:
            level = 1
        if level != self.irq_level:
            self.irq_level = level
            self.irq(level)

    @hot
    def update_modem(self) -> None:
        """Compare the modem inputs with what MSR holds; in loopback they are the modem outputs."""
        lines: u8 = self.lines
        if (self.mcr & MCR_LOOP) != 0:
            lines = ((self.mcr & MCR_RTS) << 3) | ((self.mcr & MCR_DTR) << 5) | ((self.mcr & 0x0C) << 4)
        changed: u8 = (self.msr ^ lines) & 0xF0
        if (lines & MSR_RI) != 0:
            changed = changed & 0xBF            # only the end of a ring counts
        self.msr = lines | (self.msr & 0x0F) | (changed >> 4)
        self.update_irq()

    # -- registers -----------------------------------------------------------------------------------------------

    @hot
    def line_status(self) -> u8:
        value: u8 = self.errors
        if self.rx_count != 0:
            value = value | LSR_DR
        if self.tx_count == 0:
            value = value | LSR_THRE
            if self.shifting == 0:
                value = value | LSR_TEMT
        if (self.fcr & FCR_ENABLE) != 0:
            i: u8 = 0
            while i < self.rx_count:
                if self.rx_errors[(self.rx_head + i) & 15] != 0:
                    value = value | LSR_FIFO_ERROR
                i = u8(i + 1)
        return value

    @hot
    def read(self, offset: u16) -> u8:
        register: u8 = offset & 7
        value: u8 = 0
        if register <= 1 and (self.lcr & LCR_DLAB) != 0:
            value = self.divisor & 0xFF if register == DLL else self.divisor >> 8
        elif register == RBR:
            value = self.rx[self.rx_head & 15]
            self.pop()
        elif register == IER:
            value = self.ier
        elif register == IIR:
            value = self.cause()
            if value == IIR_THRE:
                self.thre_pending = 0
                self.update_irq()
            if (self.fcr & FCR_ENABLE) != 0:
                value = value | IIR_FIFOS
        elif register == LCR:
            value = self.lcr
        elif register == MCR:
            value = self.mcr
        elif register == LSR:
            value = self.line_status()
            if self.rx_count != 0:
                self.rx_errors[self.rx_head & 15] = 0
            self.errors = 0
            self.update_irq()
        elif register == MSR:
            value = self.msr
            self.msr = self.msr & 0xF0
            self.update_irq()
        else:
            value = self.scr
        return value

    @hot
    def pop(self) -> None:
        """RBR was read."""
        if self.rx_count == 0:
            return
        self.rx_count = u8(self.rx_count - 1)
        if self.rx_count != 0:
            self.rx_head = (self.rx_head + 1) & 15
            self.errors = self.errors | self.rx_errors[self.rx_head & 15]
        self.restart_timeout()
        self.update_irq()
        self.listen()

    @hot
    def write(self, offset: u16, value: u8) -> None:
        register: u8 = offset & 7
        if register <= 1 and (self.lcr & LCR_DLAB) != 0:
            if register == DLL:
                self.divisor = (self.divisor & 0xFF00) | value
            else:
                self.divisor = (self.divisor & 0x00FF) | (value << 8)
        elif register == THR:
            self.write_thr(value)
        elif register == IER:
            if (value & ~self.ier & IER_ETBEI) != 0 and self.tx_count == 0:
                self.thre_pending = 1           # enabling the interrupt of an empty transmitter raises it
            self.ier = value & 0x0F
            self.update_irq()
        elif register == FCR:
            self.write_fcr(value)
        elif register == LCR:
            if (value & ~self.lcr & LCR_BREAK) != 0 and (self.mcr & MCR_LOOP) != 0:
                self.accept(0, LSR_BI | LSR_FE)
            self.lcr = value
        elif register == MCR:
            self.mcr = value & 0x1F
            self.update_modem()
            self.listen()
        elif register == SCR:
            self.scr = value

    @hot
    def write_thr(self, value: u8) -> None:
        capacity: u8 = 16 if (self.fcr & FCR_ENABLE) != 0 else 1
        if self.tx_count < capacity:
            self.tx[(self.tx_head + self.tx_count) & 15] = value
            self.tx_count = u8(self.tx_count + 1)
        else:                                   # the last one is overwritten
            self.tx[(self.tx_head + self.tx_count + 15) & 15] = value
        self.thre_pending = 0
        if self.shifting == 0:
            self.load()
            now: u64 = self.now()
            self.tx_at = u64(now + self.character())
        self.update_irq()

    @hot
    def write_fcr(self, value: u8) -> None:
        if ((value ^ self.fcr) & FCR_ENABLE) != 0:      # a change of mode empties both
            self.clear_receiver()
            self.clear_transmitter()
        if (value & FCR_ENABLE) == 0:
            self.fcr = 0                                # the other bits count only with bit 0
        else:
            self.fcr = value & 0xC9
            if (value & FCR_CLEAR_RECEIVER) != 0:
                self.clear_receiver()
            if (value & FCR_CLEAR_TRANSMITTER) != 0:
                self.clear_transmitter()
        self.update_irq()
        self.listen()

    def peek(self, offset):
        """What a read would return, without its effects."""
        register = offset & 7
        if register <= 1 and self.lcr & LCR_DLAB:
            return self.divisor >> 8 * register & 0xFF
        if register == IIR:
            return self.cause() | (IIR_FIFOS if self.fcr & FCR_ENABLE else 0)
        return (self.rx[self.rx_head & 15], self.ier, 0, self.lcr, self.mcr, self.line_status(), self.msr,
                self.scr)[register]
