"""System control ports: 61h (speaker gate, refresh), 92h (fast A20 and reset), 0CF9h (reset control).

Data sheet: Intel 82371SB PIIX3 (290550-002): NMISC, PORT 92, RC registers.
"""
from emu.bus.component import Component, Port, hot
from emu.bus.types import Wire, u8, u16, u64

# Port 61h, NMI status and control
SPKR_GATE = 0x01        # gate of counter 2
SPKR_DATA = 0x02
NMISC_WRITABLE = 0x0F   # with the enables of SERR# (bit 2) and IOCHK# (bit 3)
REFRESH_TOGGLE = 0x10
OUT2_STATUS = 0x20
REFRESH_NS = 15_086     # 18 periods of the 1.193182 MHz clock, the customary count of counter 1

# Port 92h
FAST_INIT = 0x01
FAST_A20 = 0x02

# Port 0CF9h
RC_SRST = 0x02          # kind of reset: 1 hard, all of the machine; 0 soft, the processor's INIT#
RC_RCPU = 0x04          # its rising edge resets


class SystemControl(Component):
    """The glue registers of the south bridge.  Of port 92h and the keyboard controller, whoever moved A20 last decides: a
    DOS extended memory manager (FreeDOS HIMEM) closes by the one what the BIOS opened by the other."""

    nmisc: u8
    port92: u8
    rc: u8
    a20_level: u8

    now: Wire(ret=u64)
    gate2: Wire(u8)
    out2: Wire(ret=u8)
    speaker: Wire(u8)       # SPKR_DATA, which is ANDed with the output of counter 2
    a20: Wire(u8)
    reset_machine: Wire()
    init_cpu: Wire()

    ports61 = (Port(0, 1, "read61", "write61", text="NMI status and control, speaker"),)
    ports92 = (Port(0, 1, "read92", "write92", text="fast A20 and reset"),)
    portsCF9 = (Port(0, 1, "readCF9", "writeCF9", text="reset control"),)

    def reset(self):
        """Hardware reset.  The keyboard controller's A20 output comes up high, so A20 is open."""
        self.nmisc = 0
        self.port92 = 0
        self.rc = 0
        self.a20_level = 1

    @hot
    def read61(self, offset: u16) -> u8:
        """Port 61h: control bits, refresh toggle, output of counter 2."""
        time: u64 = self.now()
        value: u8 = self.nmisc
        if time // REFRESH_NS & 1 != 0:
            value |= REFRESH_TOGGLE
        out: u8 = self.out2()
        if out != 0:
            value |= OUT2_STATUS
        return value

    def peek61(self, offset):
        """What read61 returns."""
        return self.read61(offset)

    @hot
    def write61(self, offset: u16, value: u8) -> None:
        """Port 61h: gate of counter 2, speaker data, NMI enables."""
        changed: u8 = self.nmisc ^ value
        self.nmisc = value & NMISC_WRITABLE
        if changed & SPKR_GATE != 0:
            self.gate2(value & SPKR_GATE)
        if changed & SPKR_DATA != 0:
            self.speaker(value >> 1 & 1)

    @hot
    def read92(self, offset: u16) -> u8:
        """Port 92h: bit 1 is what A20 is now."""
        return (self.port92 & FAST_INIT) | self.a20_level << 1 & FAST_A20

    def peek92(self, offset):
        """What read92 returns."""
        return self.read92(offset)

    @hot
    def write92(self, offset: u16, value: u8) -> None:
        """Port 92h: A20 and, on a rising edge of bit 0, INIT#; the bit stays, to tell the program that starts then."""
        rising: u8 = u8(value & ~self.port92)
        self.port92 = value & (FAST_INIT | FAST_A20)
        self.set_a20(value >> 1 & 1)
        if rising & FAST_INIT != 0:
            self.init_cpu()

    @hot
    def readCF9(self, offset: u16) -> u8:
        """Port 0CF9h as written."""
        return self.rc

    def peekCF9(self, offset):
        """What readCF9 returns."""
        return self.rc

    @hot
    def writeCF9(self, offset: u16, value: u8) -> None:
        """Port 0CF9h: a rising edge of RCPU resets."""
        rising: u8 = u8(value & ~self.rc)
        self.rc = value & (RC_SRST | RC_RCPU)
        if rising & RC_RCPU != 0:
            if value & RC_SRST != 0:
                self.reset_machine()
            else:
                self.init_cpu()

    @hot
    def kbc_a20(self, level: u8) -> None:
        """The A20 output of the keyboard controller changed."""
        self.set_a20(u8(level != 0))

    @hot
    def set_a20(self, level: u8) -> None:
        """Drive the A20 gate."""
        if level != self.a20_level:
            self.a20_level = level
            self.a20(level)
