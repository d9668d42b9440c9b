"""NE2000 network card: the DP8390 with its buffer memory, address PROM, data and reset ports; on ISA, or in an RTL8029 on PCI.

Data sheets: National Semiconductor DP8390D/NS32490D (TL/F/8582); Realtek RTL8029AS (registers of pages 0 and 3 that it adds).
"""
import zlib

from emu.bus.component import Component, Port, Timer, cold, hot
from emu.bus.types import NEVER, Array, Wire, u8, u16, u32, u64

from .pci import IO_SPACE, MEMORY_SPACE, Bar, PciFunction

# Registers (offset; page 0 if not said otherwise)
CR, BNRY, ISR = 0x00, 0x03, 0x07
CLDA0, CLDA1, TSR, NCR, FIFO, CRDA0, CRDA1, ID0, ID1, RSR, CNTR0, CNTR2 = (
    0x01, 0x02, 0x04, 0x05, 0x06, 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x0F)                         # read
PSTART, PSTOP, TPSR, TBCR0, TBCR1, RSAR0, RSAR1, RBCR0, RBCR1, RCR, TCR, DCR, IMR = (
    0x01, 0x02, 0x04, 0x05, 0x06, 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F)                   # written
PAR0, CURR, MAR0 = 0x01, 0x07, 0x08                                                                 # page 1
REMOTE_NEXT, LOCAL_NEXT, COUNTER_HIGH, COUNTER_LOW = 0x03, 0x05, 0x06, 0x07                         # page 2
CR9346, CONFIG0, CONFIG2, CONFIG3, ASID0, ASID1 = 0x01, 0x03, 0x05, 0x06, 0x0E, 0x0F                # page 3, RTL8029 only
DATA, RESET = 0x10, 0x18

STP, STA, TXP, ABORT = 0x01, 0x02, 0x04, 0x20                       # CR
REMOTE_READ, REMOTE_WRITE, SEND_PACKET = 1, 2, 3                    # CR, bits 3-5
PRX, PTX, OVW, CNT, RDC, RST = 0x01, 0x02, 0x10, 0x20, 0x40, 0x80   # ISR
WTS, LAS = 0x01, 0x04                                               # DCR: word transfers, long addresses
CRC_INHIBIT, LOOPBACK = 0x01, 0x06                                  # TCR
AR, AB, AM, PRO, MON = (2 << n for n in range(5))                   # RCR
RSR_PRX, RSR_CRC, RSR_MPA, RSR_PHY, RSR_DIS = 0x01, 0x02, 0x10, 0x20, 0x40
TSR_LOOPBACK = (0x01, 0x53, 0x43, 0x03)                             # by LB: the data sheet's table of loopback results
EEM = 0xC0                                                          # CR9346: both set, CONFIG registers are writable
TALLY_MOST, TALLY_ALARM = 0xC0, 0x80

RAM_AT, RAM_END, RAM_SIZE = 0x4000, 0xC000, 0x8000
PROM_MARK = 0x57                                                    # of a card of 16 bits
HEADER, FCS, LEAST, MOST = 4, 4, 60, 1514
BYTE_NS, FRAME_NS = 80, 2000                                        # a frame on the cable, at 100 Mbit/s
ARRIVAL_NS = 20_000                                                 # from a reason to look at the cable until it is looked at


def multicast_bit(address):
    """The bit of MAR0-7 for a multicast address: the top six of its CRC, shifted with the highest bit first."""
    crc = 0xFFFFFFFF
    for byte in address:
        for n in range(8):
            carry = crc >> 31 ^ byte >> n & 1
            crc = (crc << 1 ^ (0x04C11DB7 if carry else 0)) & 0xFFFFFFFF
    return crc >> 26


class Ne2000(Component):
    """The card.  ``isa_line`` is its ISA interrupt, or 0 for the PCI card; ``address`` its own, in the PROM.

    Backend: ``link``, with send(frame), waiting() and next_frame(); None is a card without a cable.
    """

    isa_line: u8
    cr: u8
    isr: u8
    imr: u8
    dcr: u8
    tcr: u8
    rcr: u8
    tsr: u8
    rsr: u8
    ncr: u8
    start: u8               # PSTART
    stop: u8                # PSTOP
    boundary: u8            # BNRY
    current: u8             # CURR
    transmit_page: u8       # TPSR
    transmit_count: u16     # TBCR
    remote_address: u16     # RSAR, counting up: CRDA
    remote_count: u16       # RBCR, counting down
    local_address: u16      # CLDA
    remote_next: u8
    local_next: u8
    counter: u16            # page 2, "address counter"
    physical: Array(u8, 8)  # PAR
    multicast: Array(u8, 8)  # MAR
    tally: Array(u8, 4)     # CNTR
    fifo: Array(u8, 8)
    fifo_at: u8
    cr9346: u8
    config2: u8
    config3: u8
    prom: Array(u8, 32)
    ram: Array(u8, RAM_SIZE)
    irq_level: u8
    pending: u8             # frames wait for room in the ring
    sent: u64               # when the frame that is being sent is through
    arrival: u64            # when to look for frames

    intx: Wire(u8)
    irq: Wire(u8, u8)       # ISA line, level
    now: Wire(ret=u64)

    ports = (
        Port(0x00, 0x10, "read", "write", text="DP8390 registers"),
        Port(DATA, 8, "read_data8", "write_data8", text="remote DMA data"),
        Port(DATA, 7, "read_data16", "write_data16", 16, text="remote DMA data"),
        Port(DATA, 5, "read_data32", "write_data32", 32, text="remote DMA data"),
        Port(RESET, 8, "read_reset", "write_reset", text="reset"),
    )
    timers = (Timer("sent", "frame_sent"), Timer("arrival", "arrive"))

    def __init__(self):
        super().__init__()
        self.link = None
        self.address = bytes(6)

    def reset(self):
        """RESET: all registers; the buffer memory is empty, the PROM has the address."""
        for name, field in self.fields.items():
            if field.type in (u8, u16) and name not in ("isa_line", "irq_level"):
                setattr(self, name, 0)
        for array in (self.physical, self.multicast, self.tally, self.fifo, self.ram):
            array[:] = bytes(len(array))
        whole = bytes(self.address) + bytes(8) + bytes((PROM_MARK, PROM_MARK))
        self.prom[:] = bytes(byte for byte in whole for _ in range(2))
        self.config2 = self.config3 = 0x40
        self.arrival = NEVER
        self.chip_reset()

    @hot
    def chip_reset(self) -> None:
        """What RESET does to the DP8390; its other registers and the memory keep what they have."""
        self.cr = ABORT | STP
        self.isr = RST
        self.imr = 0
        self.dcr = LAS
        self.tcr = 0
        self.remote_count = 0
        self.sent = NEVER
        self.update_irq()

    @hot
    def update_irq(self) -> None:
        level: u8 = u8((self.isr & self.imr & 0x7F) != 0)
        if level != self.irq_level:
            self.irq_level = level
            if self.isa_line != 0:
                self.irq(self.isa_line, level)
            else:
                self.intx(level)

    # -- registers -------------------------------------------------------------------------------------------------

    @hot
    def read(self, offset: u16) -> u8:
        register: u16 = offset & 15
        page: u8 = self.cr >> 6
        if page == 0:
            if register >= CNTR0:
                count: u8 = self.tally[(register - CNTR0) & 3]
                self.tally[(register - CNTR0) & 3] = 0
                return count
            if register == FIFO:
                byte: u8 = self.fifo[self.fifo_at & 7]
                self.fifo_at = (self.fifo_at + 1) & 7
                return byte
        return self.register(register)

    @hot
    def register(self, register: u16) -> u8:
        """A register without the effects of reading it."""
        page: u8 = self.cr >> 6
        if register == CR:
            return self.cr
        if page == 0:
            if register == CLDA0:
                return u8(self.local_address)
            if register == CLDA1:
                return u8(self.local_address >> 8)
            if register == BNRY:
                return self.boundary
            if register == TSR:
                return self.tsr
            if register == NCR:
                return self.ncr
            if register == FIFO:
                return self.fifo[self.fifo_at & 7]
            if register == ISR:
                return self.isr
            if register == CRDA0:
                return u8(self.remote_address)
            if register == CRDA1:
                return u8(self.remote_address >> 8)
            if register == RSR:
                return self.rsr
            if register >= CNTR0:
                return self.tally[(register - CNTR0) & 3]
            if self.isa_line == 0:
                return 0x50 if register == ID0 else 0x43
            return 0xFF
        if page == 1:
            if register == CURR:
                return self.current
            if register >= MAR0:
                return self.multicast[register & 7]
            return self.physical[(register - PAR0) & 7]
        if page == 2:
            if register == PSTART:
                return self.start
            if register == PSTOP:
                return self.stop
            if register == REMOTE_NEXT:
                return self.remote_next
            if register == TPSR:
                return self.transmit_page
            if register == LOCAL_NEXT:
                return self.local_next
            if register == COUNTER_HIGH:
                return u8(self.counter >> 8)
            if register == COUNTER_LOW:
                return u8(self.counter)
            if register == RCR:
                return self.rcr | 0xC0
            if register == TCR:
                return self.tcr | 0xE0
            if register == DCR:
                return self.dcr | 0x80
            if register == IMR:
                return self.imr | 0x80
            return 0xFF
        if self.isa_line == 0:
            if register == CR9346:
                return self.cr9346
            if register == CONFIG2:
                return self.config2
            if register == CONFIG3:
                return self.config3
            if register == ASID0:
                return 0x29
            if register == ASID1:
                return 0x80
            if register == CONFIG0:
                return 0
        return 0xFF

    @hot
    def write(self, offset: u16, value: u8) -> None:
        register: u16 = offset & 15
        page: u8 = self.cr >> 6
        if register == CR:
            self.command(value)
        elif page == 0:
            self.write_page0(register, value)
        elif page == 1:
            if register == CURR:
                self.current = value
            elif register >= MAR0:
                self.multicast[register & 7] = value
            else:
                self.physical[(register - PAR0) & 7] = value
        elif page == 2:
            if register == CLDA0:
                self.local_address = (self.local_address & 0xFF00) | value
            elif register == CLDA1:
                self.local_address = (self.local_address & 0xFF) | value << 8
            elif register == REMOTE_NEXT:
                self.remote_next = value
            elif register == LOCAL_NEXT:
                self.local_next = value
            elif register == COUNTER_HIGH:
                self.counter = (self.counter & 0xFF) | value << 8
            elif register == COUNTER_LOW:
                self.counter = (self.counter & 0xFF00) | value
        elif self.isa_line == 0:
            if register == CR9346:
                self.cr9346 = value & 0xCE
            elif (self.cr9346 & EEM) == EEM:
                if register == CONFIG2:
                    self.config2 = (self.config2 & 0x1F) | (value & 0xE0)
                elif register == CONFIG3:
                    self.config3 = (self.config3 & 0xB9) | (value & 0x46)

    @hot
    def write_page0(self, register: u16, value: u8) -> None:
        if register == PSTART:
            self.start = value
        elif register == PSTOP:
            self.stop = value
        elif register == BNRY:
            self.set_boundary(value)
        elif register == TPSR:
            self.transmit_page = value
        elif register == TBCR0:
            self.transmit_count = (self.transmit_count & 0xFF00) | value
        elif register == TBCR1:
            self.transmit_count = (self.transmit_count & 0xFF) | value << 8
        elif register == ISR:
            self.isr = self.isr & u8(~(value & 0x7F))
            self.update_irq()
        elif register == RSAR0:
            self.remote_address = (self.remote_address & 0xFF00) | value
        elif register == RSAR1:
            self.remote_address = (self.remote_address & 0xFF) | value << 8
        elif register == RBCR0:
            self.remote_count = (self.remote_count & 0xFF00) | value
        elif register == RBCR1:
            self.remote_count = (self.remote_count & 0xFF) | value << 8
        elif register == RCR:
            self.rcr = value & 0x3F
        elif register == TCR:
            self.tcr = value & 0x1F
        elif register == DCR:
            self.dcr = value & 0x7F
        else:
            self.imr = value & 0x7F
            self.update_irq()

    @hot
    def set_boundary(self, value: u8) -> None:
        """The guest has taken frames from the ring."""
        self.boundary = value
        if (self.cr & STP) == 0:
            self.isr = self.isr & (0xFF ^ RST)
        if self.pending != 0:
            self.pending = 0
            self.arrival = u64(self.now() + ARRIVAL_NS)

    @hot
    def command(self, value: u8) -> None:
        sending: u8 = self.cr & TXP
        self.cr = (value & (0xFF ^ TXP)) | sending
        if (value & STP) != 0:
            self.isr = self.isr | RST
        elif (value & STA) != 0:
            self.isr = self.isr & (0xFF ^ RST)
        if (value & ABORT) == 0:
            remote: u8 = (value >> 3) & 3
            if remote == SEND_PACKET:
                self.remote_address = self.boundary << 8
                self.remote_next = self.memory(u16((self.boundary << 8) + 1))
                self.remote_count = u16(self.memory(u16((self.boundary << 8) + 2)) | self.memory(u16((self.boundary << 8) + 3)) << 8)
            if remote != 0 and self.remote_count == 0:
                # Drivers wait for this even when there is nothing to move (Linux, test_remote_dma_of_nothing).
                self.isr = self.isr | RDC
                self.update_irq()
        if (value & (TXP | STP)) == TXP and sending == 0:
            self.cr = self.cr | TXP
            self.tsr = 0
            self.sent = u64(self.now() + FRAME_NS + self.transmit_count * BYTE_NS)

    # -- remote DMA ------------------------------------------------------------------------------------------------

    @hot
    def memory(self, address: u16) -> u8:
        """A byte of what the DP8390 sees: PROM, buffer memory."""
        if address < RAM_AT:
            return self.prom[address & 31]
        if address < RAM_END:
            return self.ram[(address - RAM_AT) & 0x7FFF]
        return 0xFF

    @hot
    def store(self, address: u16, value: u8) -> None:
        if address >= RAM_AT and address < RAM_END:
            self.ram[(address - RAM_AT) & 0x7FFF] = value

    @hot
    def advance(self, size: u8) -> None:
        """Remote DMA has moved ``size`` bytes; its address wraps at the end of the ring."""
        address: u16 = u16(self.remote_address + size)
        if address == self.stop << 8:
            address = self.start << 8
        self.remote_address = address
        if self.remote_count > size:
            self.remote_count = u16(self.remote_count - size)
        elif self.remote_count != 0:
            self.remote_count = 0
            self.isr = self.isr | RDC
            if ((self.cr >> 3) & 7) == SEND_PACKET:
                self.set_boundary(self.remote_next)
            self.update_irq()

    @hot
    def read_data8(self, offset: u16) -> u8:
        """In word mode even an access of 8 bits takes a word."""
        if (self.dcr & WTS) != 0:
            word: u16 = self.read_data16(0)
            return u8(word)
        value: u8 = self.memory(self.remote_address)
        self.advance(1)
        return value

    @hot
    def read_data16(self, offset: u16) -> u16:
        """In byte mode the bus splits the access."""
        if (self.dcr & WTS) == 0:
            low: u8 = self.memory(self.remote_address)
            self.advance(1)
            high: u8 = self.memory(self.remote_address)
            self.advance(1)
            return u16(low | high << 8)
        at: u16 = self.remote_address & 0xFFFE
        value: u16 = u16(self.memory(at) | self.memory(u16(at + 1)) << 8)
        self.advance(2)
        return value

    @hot
    def read_data32(self, offset: u16) -> u32:
        low: u16 = self.read_data16(0)
        high: u16 = self.read_data16(0)
        return u32(low | high << 16)

    @hot
    def write_data8(self, offset: u16, value: u8) -> None:
        if (self.dcr & WTS) != 0:
            self.write_data16(0, value)
        else:
            self.store(self.remote_address, value)
            self.advance(1)

    @hot
    def write_data16(self, offset: u16, value: u16) -> None:
        if (self.dcr & WTS) == 0:
            self.store(self.remote_address, u8(value))
            self.advance(1)
            self.store(self.remote_address, u8(value >> 8))
            self.advance(1)
        else:
            at: u16 = self.remote_address & 0xFFFE
            self.store(at, u8(value))
            self.store(u16(at + 1), u8(value >> 8))
            self.advance(2)

    @hot
    def write_data32(self, offset: u16, value: u32) -> None:
        self.write_data16(0, u16(value))
        self.write_data16(0, u16(value >> 16))

    @hot
    def read_reset(self, offset: u16) -> u8:
        self.chip_reset()
        return 0

    @hot
    def write_reset(self, offset: u16, value: u8) -> None:
        self.chip_reset()

    # -- the cable -------------------------------------------------------------------------------------------------

    @hot
    def frame_sent(self) -> None:
        """The frame is on the cable."""
        self.sent = NEVER
        self.cr = self.cr & (0xFF ^ TXP)
        self.ncr = 0
        self.transmit()
        self.isr = self.isr | PTX
        self.update_irq()

    @cold
    def transmit(self) -> None:
        """Hand the frame at TPSR to the link, or back to the FIFO in loopback.  A frame that lies in the ring wraps with it
        (NetWare sends from there, test_transmit_from_the_ring)."""
        at, left, parts = self.transmit_page << 8, self.transmit_count, []
        while left > 0 and len(parts) < 4:
            end = self.stop << 8 if at < self.stop << 8 else RAM_END
            size = max(0, min(left, end - at))
            parts.append(self._span(at, size))
            left -= size
            at = self.start << 8
        frame = b"".join(parts)
        loop = (self.tcr & LOOPBACK) >> 1
        self.tsr = TSR_LOOPBACK[loop]
        if loop:
            self._loop_back(frame)
        elif self.link is not None and frame:
            self.link.send(frame)
            self.look_soon()

    def _span(self, at, size):
        """Bytes of the memory."""
        if RAM_AT <= at and at + size <= RAM_END:
            return bytes(self.ram[at - RAM_AT:at - RAM_AT + size])
        return bytes(self.memory(at + n & 0xFFFF) for n in range(size))

    def _loop_back(self, frame):
        """Loopback: nothing goes into the ring; FIFO and RSR tell the result (data sheet, "Loopback Diagnostics")."""
        data = frame
        if not self.tcr & CRC_INHIBIT:
            data += zlib.crc32(frame).to_bytes(4, "little")
        size = len(data) & 0xFFFF
        self.fifo[:] = (bytes((size & 0xFF, size >> 8, size >> 8)) + bytes(5) + data)[-5:].rjust(8, b"\0")
        self.fifo[0:3] = bytes((size & 0xFF, size >> 8, size >> 8))
        self.fifo_at = 0
        good = self.tcr & CRC_INHIBIT and zlib.crc32(data[:-4]).to_bytes(4, "little") == data[-4:]
        matches = len(frame) >= 6 and self.accepts(frame)
        self.rsr = (RSR_PRX if good else RSR_CRC) | (RSR_PHY if frame[:1] and frame[0] & 1 else 0) if matches else 0

    def look_soon(self):
        """There may be frames on the cable."""
        if self.link is not None and self.link.waiting():
            self.arrival = min(self.arrival, self.now() + ARRIVAL_NS)

    @hot
    def arrive(self) -> None:
        self.arrival = NEVER
        self.fetch()

    @cold
    def fetch(self) -> None:
        """Take frames from the link: while there is room if the receiver runs, all (they are lost) if not.

        Where nothing was taken out of a full ring since the last look, the guest is told of it again: drivers leave frames for
        later, and count on the next one's interrupt (Linux takes ten at a time, test_full_ring_is_told_of_again)."""
        link = self.link
        if link is None:
            return
        waited, self.pending = self.pending, 0
        while link.waiting():
            if self.receiving() and not self.rcr & MON and self.stop - self.start > self._pages(MOST) and not self.has_room(MOST):
                if waited:
                    self.isr |= PRX
                    self.update_irq()
                self.pending = 1
                return
            frame = link.next_frame()
            if frame is None:
                return
            self.receive(frame)

    def receiving(self):
        """Does the receiver listen to the cable?"""
        return self.cr & (STP | STA) == STA and not self.tcr & LOOPBACK

    def accepts(self, frame):
        """Is the frame for this card?"""
        if self.rcr & PRO:
            return True
        if frame[:6] == b"\xFF" * 6:
            return bool(self.rcr & AB)
        if frame[0] & 1:
            bit = multicast_bit(frame[:6])
            return bool(self.rcr & AM and self.multicast[bit >> 3] >> (bit & 7) & 1)
        return frame[:6] == bytes(self.physical[:6])

    def has_room(self, size):
        """Does the ring have room for a frame, and a page more, so that full and empty differ?

        Linux keeps the boundary a page behind, so that it is before the ring after a wrap (test_boundary_before_the_ring); one
        elsewhere outside is never reached (ReactOS, test_boundary_outside_the_ring)."""
        if not self.start - 1 <= self.boundary < self.stop:
            return True
        free = self.boundary - self.current
        if free <= 0:
            free += self.stop - self.start
        return free > self._pages(size)

    @staticmethod
    def _pages(size):
        return HEADER + size + FCS + 0xFF >> 8

    def receive(self, frame):
        """A frame from the cable, without its checksum.  True if it is in the ring."""
        if not self.receiving() or len(frame) < 14 or len(frame) > MOST + 4 or not self.accepts(frame):
            return False
        if len(frame) < LEAST and not self.rcr & AR:
            return False
        status = RSR_PHY if frame[0] & 1 else 0
        pages = self._pages(len(frame))
        ring = self.stop - self.start
        if self.rcr & MON:
            self.rsr = status | RSR_DIS | RSR_MPA
            self._missed()
        elif pages >= ring or not self.start <= self.current < self.stop or not self.has_room(len(frame)):
            self.isr |= OVW | RST
            self.rsr = status | RSR_MPA
            self._missed()
        else:
            self.rsr = status | RSR_PRX
            after = self.current + pages
            if after >= self.stop:
                after -= ring
            count = len(frame) + FCS
            header = bytes((self.rsr, after, count & 0xFF, count >> 8))
            self._put(header + frame + zlib.crc32(frame).to_bytes(4, "little"))
            self.current = self.local_next = after
            self.local_address = after << 8
            self.isr |= PRX
        self.update_irq()
        return bool(self.rsr & RSR_PRX)

    def _put(self, data):
        """Into the ring, from CURR on."""
        at = self.current << 8
        first = min(len(data), (self.stop << 8) - at)
        for address, part in ((at, data[:first]), (self.start << 8, data[first:])):
            if RAM_AT <= address and address + len(part) <= RAM_END:
                self.ram[address - RAM_AT:address - RAM_AT + len(part)] = part
            else:
                for n, byte in enumerate(part):
                    self.store(address + n & 0xFFFF, byte)

    def _missed(self):
        """Count a frame that was not stored."""
        self.tally[CNTR2 - CNTR0] = min(self.tally[CNTR2 - CNTR0] + 1, TALLY_MOST)
        if self.tally[CNTR2 - CNTR0] & TALLY_ALARM:
            self.isr |= CNT

    def peek(self, offset):
        """A register without side effects; the data port shows the byte that comes next."""
        offset &= 31
        if offset < DATA:
            return self.register(offset)
        return self.memory(self.remote_address) if offset < RESET else 0


class Ne2000Pci(PciFunction):
    """The PCI function of the RTL8029; BAR 0 leads to the card's ports."""

    VENDOR, DEVICE, CLASS = 0x10EC, 0x8029, 0x020000
    SUBSYSTEM = (0x10EC, 0x8029)
    PIN = 1
    COMMAND_MASK = IO_SPACE | MEMORY_SPACE
    BARS = {0: Bar(0x20, io=True)}
