"""Intel 8259A programmable interrupt controller, with the edge/level register (ELCR) of the PIIX3.

Data sheets: Intel 8259A (231468-003); ELCR: Intel 82371SB PIIX3 (290550-002), section 2.5.12.
"""
from emu.bus.component import Component, Port, hot
from emu.bus.types import Wire, u8, u16

# ICW1
ICW1_IC4 = 0x01
ICW1_SNGL = 0x02
ICW1_SELECT = 0x10
# ICW4
ICW4_AEOI = 0x02
ICW4_SFNM = 0x10
# OCW2: R, SL, EOI in bits 7 to 5, the level in bits 2 to 0
OCW2_LEVEL = 0x07
ROTATE_IN_AEOI_CLEAR = 0
NON_SPECIFIC_EOI = 1
SPECIFIC_EOI = 3
ROTATE_IN_AEOI_SET = 4
ROTATE_ON_NON_SPECIFIC_EOI = 5
SET_PRIORITY = 6
ROTATE_ON_SPECIFIC_EOI = 7
# OCW3
OCW3_SELECT = 0x08
OCW3_RIS = 0x01
OCW3_RR = 0x02
OCW3_P = 0x04
OCW3_SMM = 0x20
OCW3_ESMM = 0x40

# The initialisation byte that the odd port expects next (0: none, it is the mask)
EXPECT_OCW1 = 0
EXPECT_ICW2 = 2
EXPECT_ICW3 = 3
EXPECT_ICW4 = 4

NONE = 8        # no line, no rank


class Pic(Component):
    """One 8259A with eight lines; a PC has two, the second on line 2 of the first.

    ``slaves`` and ``elcr_writable`` describe the wiring and outlive a reset: which lines have another 8259A behind
    them, and which may be made level-triggered.  On a PC: 0x04 and 0xF8 on the master, 0 and 0xDE on the slave.

    An edge stays latched in IRR when its line falls again, so that devices may pulse.  LTIM in ICW1 is ignored, as in
    the PIIX3: ELCR decides line by line.  The 8080 mode of ICW4 is ignored too.
    """

    slaves: u8
    elcr_writable: u8
    lines: u8               # levels at the inputs
    latched: u8             # edges seen and not yet acknowledged
    imr: u8
    isr: u8
    elcr: u8
    icw1: u8
    icw2: u8
    icw3: u8
    icw4: u8
    expect: u8
    lowest: u8              # the line that has the lowest priority
    special_mask: u8
    rotate_in_aeoi: u8
    poll: u8
    read_isr: u8
    intr_level: u8

    intr: Wire(u8)
    slave_acknowledge: Wire(ret=u8)

    ports = (Port(0, 2, "read", "write", text="ICW1/OCW2/OCW3, ICW2-4/OCW1"),)
    elcr_ports = (Port(0, 1, "read_elcr", "write_elcr", text="edge/level control"),)

    def reset(self):
        """Hardware reset: all state but the wiring, with all inputs low."""
        self.lines = self.latched = self.imr = self.isr = self.elcr = 0
        self.icw1 = self.icw2 = self.icw3 = self.icw4 = 0
        self.expect = EXPECT_OCW1
        self.lowest = 7
        self.special_mask = self.rotate_in_aeoi = self.poll = self.read_isr = 0
        self.intr_level = 0

    # -- requests and priorities ---------------------------------------------------------------------------------

    @hot
    def set_irq(self, line: u8, level: u8) -> None:
        """The level of an input, 0 or 1."""
        bit: u8 = u8(1 << (line & 7))
        if level != 0:
            if self.lines & bit == 0:
                self.lines |= bit
                self.latched |= bit
                self.update()
        elif self.lines & bit != 0:
            # A request that falls before it is acknowledged is none: KolibriOS reads the mouse's last answer by polling,
            # and would take the interrupt left behind for a byte of a packet (test_pic.py).
            self.lines = u8(self.lines & ~bit)
            self.latched = u8(self.latched & ~bit)
            self.update()

    @hot
    def irr(self) -> u8:
        """The interrupt request register: latched edges, and the levels of level-triggered lines."""
        return u8((self.latched & ~self.elcr) | (self.lines & self.elcr))

    @hot
    def rank(self, mask: u8) -> u8:
        """The priority (0 highest) of the most urgent line in a mask, or NONE."""
        rotated: u8 = u8((mask | mask << 8) >> ((self.lowest + 1) & 7))
        for i in range(8):
            if rotated >> i & 1 != 0:
                return u8(i)
        return NONE

    @hot
    def line_of(self, rank: u8) -> u8:
        """The line that has a priority."""
        return (rank + self.lowest + 1) & 7

    @hot
    def pending(self) -> u8:
        """The line that is to be acknowledged next, or NONE."""
        request: u8 = self.rank(u8(self.irr() & ~self.imr))
        if request == NONE:
            return NONE
        serving: u8 = self.isr
        if self.special_mask != 0:
            serving = u8(serving & ~self.imr)
        served: u8 = self.rank(serving)
        line: u8 = self.line_of(request)
        if request < served:
            return line
        # Special fully nested: a slave in service may ask again for one of its more urgent lines
        if request == served and self.icw4 & ICW4_SFNM != 0 and self.slaves >> (line & 7) & 1 != 0:
            return line
        return NONE

    @hot
    def update(self) -> None:
        """Bring INT in line with the registers.  During initialisation it is low."""
        level: u8 = 0
        if self.expect == EXPECT_OCW1 and self.pending() != NONE:
            level = 1
        if level != self.intr_level:
            self.intr_level = level
            self.intr(level)

    @hot
    def take(self, line: u8) -> None:
        """What the first INTA pulse does to a line: into service, its edge forgotten, INT low."""
        bit: u8 = u8(1 << (line & 7))
        self.latched = u8(self.latched & ~bit)
        self.isr |= bit
        if self.intr_level != 0:
            # INT falls with every INTA: the master behind it must see a new edge for the next request
            self.intr_level = 0
            self.intr(0)

    @hot
    def end_of_acknowledge(self, line: u8) -> None:
        """What the last INTA pulse does: automatic end of interrupt."""
        if self.icw4 & ICW4_AEOI != 0:
            self.isr = u8(self.isr & ~(1 << (line & 7)))
            if self.rotate_in_aeoi != 0:
                self.lowest = line & 7
        self.update()

    @hot
    def acknowledge(self) -> u8:
        """The INTA cycles: the vector of the most urgent request.

        If the request has gone, the vector of line 7 and nothing in service (a spurious interrupt).
        """
        line: u8 = self.pending()
        if line == NONE:
            self.update()
            return self.icw2 | 7
        self.take(line)
        vector: u8 = self.icw2 | line
        if self.slaves >> (line & 7) & 1 != 0:
            vector = self.slave_acknowledge()
        self.end_of_acknowledge(line)
        return vector

    @hot
    def poll_read(self) -> u8:
        """A read after a poll command: an acknowledge through the data bus, bit 7 set if there was a request."""
        line: u8 = self.pending()
        if line == NONE:
            return 0
        self.take(line)
        self.end_of_acknowledge(line)
        return 0x80 | line

    # -- registers -----------------------------------------------------------------------------------------------

    @hot
    def read(self, offset: u16) -> u8:
        """IRR, ISR or the poll answer at the even port, IMR at the odd one."""
        if self.poll != 0:
            self.poll = 0
            answer: u8 = self.poll_read()
            return answer
        if offset & 1 != 0:
            return self.imr
        return self.isr if self.read_isr != 0 else self.irr()

    def peek(self, offset):
        """What read returns, without the acknowledge of a poll."""
        if self.poll:
            line = self.pending()
            return 0 if line == NONE else 0x80 | line
        if offset & 1:
            return self.imr
        return self.isr if self.read_isr else self.irr()

    @hot
    def write(self, offset: u16, value: u8) -> None:
        """ICW1, OCW2 and OCW3 at the even port; ICW2 to ICW4 and OCW1 at the odd one."""
        if offset & 1 != 0:
            self.write_odd(value)
        elif value & ICW1_SELECT != 0:
            self.initialise(value)
        elif value & OCW3_SELECT != 0:
            self.write_ocw3(value)
        else:
            self.write_ocw2(value)
        self.update()

    @hot
    def initialise(self, value: u8) -> None:
        """ICW1: back to fixed priorities, nothing masked or served, edges forgotten."""
        self.icw1 = value
        self.latched = 0
        self.imr = 0
        self.isr = 0
        self.lowest = 7
        self.icw3 = 7
        self.special_mask = 0
        self.read_isr = 0
        self.poll = 0
        self.rotate_in_aeoi = 0
        self.icw4 = 0
        self.expect = EXPECT_ICW2

    @hot
    def write_odd(self, value: u8) -> None:
        """The next initialisation byte, or the mask."""
        if self.expect == EXPECT_OCW1:
            self.imr = value
        elif self.expect == EXPECT_ICW2:
            self.icw2 = value & 0xF8
            if self.icw1 & ICW1_SNGL == 0:
                self.expect = EXPECT_ICW3
            elif self.icw1 & ICW1_IC4 != 0:
                self.expect = EXPECT_ICW4
            else:
                self.expect = EXPECT_OCW1
        elif self.expect == EXPECT_ICW3:
            self.icw3 = value
            self.expect = EXPECT_ICW4 if self.icw1 & ICW1_IC4 != 0 else EXPECT_OCW1
        else:
            self.icw4 = value & 0x1F
            self.expect = EXPECT_OCW1

    @hot
    def write_ocw2(self, value: u8) -> None:
        """Ends of interrupts and rotation of priorities."""
        command: u8 = value >> 5
        level: u8 = value & OCW2_LEVEL
        if command == NON_SPECIFIC_EOI or command == ROTATE_ON_NON_SPECIFIC_EOI:
            serving: u8 = self.isr
            if self.special_mask != 0:
                serving = u8(serving & ~self.imr)
            served: u8 = self.rank(serving)
            if served != NONE:
                level = self.line_of(served)
                self.isr = u8(self.isr & ~(1 << (level & 7)))
                if command == ROTATE_ON_NON_SPECIFIC_EOI:
                    self.lowest = level
        elif command == SPECIFIC_EOI or command == ROTATE_ON_SPECIFIC_EOI:
            self.isr = u8(self.isr & ~(1 << (level & 7)))
            if command == ROTATE_ON_SPECIFIC_EOI:
                self.lowest = level
        elif command == SET_PRIORITY:
            self.lowest = level
        elif command == ROTATE_IN_AEOI_SET:
            self.rotate_in_aeoi = 1
        elif command == ROTATE_IN_AEOI_CLEAR:
            self.rotate_in_aeoi = 0

    @hot
    def write_ocw3(self, value: u8) -> None:
        """Special mask mode, poll command, choice of the register to read."""
        if value & OCW3_ESMM != 0:
            self.special_mask = u8(value & OCW3_SMM != 0)
        if value & OCW3_P != 0:
            self.poll = 1
        elif value & OCW3_RR != 0:
            self.read_isr = value & OCW3_RIS

    @hot
    def read_elcr(self, offset: u16) -> u8:
        """The edge/level register: 1 for level."""
        return self.elcr

    def peek_elcr(self, offset):
        """What read_elcr returns."""
        return self.elcr

    @hot
    def write_elcr(self, offset: u16, value: u8) -> None:
        """Set the edge/level register; the lines of the system board stay edge-triggered."""
        self.elcr = value & self.elcr_writable
        self.update()
