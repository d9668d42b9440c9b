"""Intel 82371AB (PIIX4) power management function: ACPI registers, PM timer, APM ports, SMBus.

Data sheet: Intel 82371AB (290562-001), chapter 7; ACPI 1.0b, section 4.7.  The GPE0 block of the virtual PC's ACPI
tables stands at AFE0 (fixed), not in the PIIX4's own register block.
"""
from emu.bus.component import Port, Timer, cold, hot
from emu.bus.types import NEVER, Array, Wire, u8, u16, u32, u64, u128

from . import pci

# Configuration registers
PMBA, DEVACTB, PMREGMISC, SMBBA, SMBHSTCFG = 0x40, 0x58, 0x80, 0x90, 0xD2
APMC_EN = 1 << 25               # DEVACTB: a write to APMC raises SMI#
PMIOSE, SMB_HST_EN = 1, 1
PM_INDEX, SMBUS_INDEX = 7, 8    # what bars() calls the two fixed blocks

# I/O registers at PMBA
PMSTS, PMEN, PMCNTRL, PMTMR, PM_BYTES = 0x00, 0x02, 0x04, 0x08, 0x40
TMROF, BM, GBL, PWRBTN, RTC, RSM = 0x0001, 0x0010, 0x0020, 0x0100, 0x0400, 0x8000
PMSTS_MASK = TMROF | BM | GBL | PWRBTN | RTC | RSM
PMEN_MASK = TMROF | GBL | PWRBTN | RTC
SCI_EN, BRLD_EN, SUS_TYP, SUS_EN = 0x0001, 0x0002, 0x1C00, 0x2000
PMCNTRL_MASK = SCI_EN | BRLD_EN | SUS_TYP
SOFT_OFF, SUSPEND_TO_RAM, SUSPEND_TO_DISK = 0, 1, 2     # SUS_TYP as the ACPI tables of the pc board name them

PM_TIMER_HZ = 3579545
SECOND = 1000000000             # ns
TIMER_MASK = 0xFFFFFF
HALF_PERIOD_BITS = 23           # bit 23 toggles every 2^23 ticks, which sets TMROF_STS

# APM control port (APMC) values that the ACPI tables announce
ACPI_ENABLE, ACPI_DISABLE = 0xF1, 0xF0

# SMBus host registers (at SMBBA)
SMBHSTSTS, SMBHSTCNT, SMBHSTADD, SMBBLKDAT, SMBUS_BYTES = 0x00, 0x02, 0x04, 0x07, 0x10
DEV_ERR, SMBHSTSTS_CLEAR = 0x04, 0x1E
INTEREN, START = 0x01, 0x40


class Piix4Pm(pci.PciFunction):
    """Power management, function 00:01.3.

    ``on_power_off`` (plain attribute, called without arguments) switches the machine off; set by the machine.
    """

    VENDOR, DEVICE, REVISION, CLASS = 0x8086, 0x7113, 3, 0x068000
    SUBSYSTEM = (0x1AF4, 0x1100)
    PIN = 1
    COMMAND_MASK = pci.IO_SPACE         # decodes the SMBus block only; PMREGMISC does so for the PM block
    STATUS_RESET = 0x0280
    REGISTERS = (
        (PMBA, 4, 1, 0xFFC0),
        (0x44, 4, 0, 0xFFFFFFFF),       # CNTA
        (0x48, 4, 0, 0xFFFFFFFF),       # CNTB
        (0x4C, 4, 0, 0xFFFFFFFF),       # GPICTL
        (0x50, 3, 0, 0xFFFFFF),         # DEVRESD
        (0x54, 4, 0, 0xFFFFFFFF),       # DEVACTA
        # The board's SMM is set up before the firmware starts, so that SeaBIOS leaves SMRAM alone
        # (test_apmc_is_enabled_after_reset).
        (DEVACTB, 4, APMC_EN, 0xFFFFFFFF),
        *((0x5C + 4 * i, 4, 0, 0xFFFFFFFF) for i in range(9)),      # DEVRES*
        (PMREGMISC, 1, 0, PMIOSE),
        (SMBBA, 4, 1, 0xFFF0),
        (SMBHSTCFG, 1, 0, 0x0F),
        (0xD3, 3, 0, 0xFFFFFF),         # SMBSLVC, SMBSHDW1, SMBSHDW2
    )

    pmsts: u16
    pmen: u16
    pmcntrl: u16
    overflow: u64               # PM timer tick (since time 0) that sets TMROF_STS next
    deadline: u64
    pm_regs: Array(u8, 64)      # registers of the PM block that only remember
    gpsts: u16
    gpen: u16
    apmc: u8
    apms: u8
    smbus: Array(u8, 16)
    sci_level: u8
    sci: Wire(u8)
    now: Wire(ret=u64)          # guest time in ns

    pm_ports = (
        Port(0, 64, "read_pm", "write_pm", text="PM registers"),
        Port(PMTMR, 1, "read_timer", "write_timer", 32, text="PM timer"),
    )
    gpe_ports = (Port(0, 4, "read_gpe", "write_gpe", text="GPE0 status, enable"),)
    apm_ports = (Port(0, 2, "read_apm", "write_apm", text="APM control, status"),)
    smbus_ports = (Port(0, 16, "read_smbus", "write_smbus", text="SMBus host"),)
    bar_ports = {PM_INDEX: pm_ports, SMBUS_INDEX: smbus_ports}
    timers = (Timer("deadline", "expire"),)

    def on_power_off(self):
        """The guest switched the machine off; the machine puts its own callback here."""

    def reset(self):
        super().reset()
        self.pmsts = self.pmen = self.pmcntrl = self.gpsts = self.gpen = 0
        self.apmc = self.apms = 0
        self.pm_regs[:] = bytes(64)
        self.smbus[:] = bytes(16)
        self.overflow = ((self.ticks() >> HALF_PERIOD_BITS) + 1) << HALF_PERIOD_BITS
        self.deadline = NEVER
        self.update()

    def config_written(self, offset, size):
        if offset < PMBA + 4 and offset + size > PMBA or offset <= PMREGMISC < offset + size \
                or offset < SMBBA + 4 and offset + size > SMBBA or offset <= SMBHSTCFG < offset + size:
            self.remap()

    def bars(self):
        found = super().bars()
        base = self.get(PMBA, 2) & 0xFFC0
        if self.config[PMREGMISC] & PMIOSE and base:
            found.append((PM_INDEX, True, base, PM_BYTES))
        base = self.get(SMBBA, 2) & 0xFFF0
        if self.get(pci.COMMAND, 2) & pci.IO_SPACE and self.config[SMBHSTCFG] & SMB_HST_EN and base:
            found.append((SMBUS_INDEX, True, base, SMBUS_BYTES))
        return found

    # -- PM timer and status ---------------------------------------------------------------------------------

    @hot
    def ticks(self) -> u64:
        """PM timer ticks since time 0."""
        now: u64 = self.now()
        return u64(u128(now) * PM_TIMER_HZ // SECOND)

    @hot
    def status(self) -> u16:
        """PMSTS as of now: the overflow is found when somebody looks, so that an idle timer costs nothing."""
        ticks: u64 = self.ticks()
        if ticks >= self.overflow:
            self.pmsts = self.pmsts | TMROF
            self.overflow = u64(u64((ticks >> HALF_PERIOD_BITS) + 1) << HALF_PERIOD_BITS)
        return self.pmsts

    @hot
    def update(self) -> None:
        """Set the SCI line, and the deadline if the timer's overflow is to interrupt."""
        status: u16 = self.status()
        level: u8 = 0
        if (self.pmcntrl & SCI_EN) != 0 and ((status & self.pmen) != 0 or (self.gpsts & self.gpen) != 0):
            level = 1
        if (self.smbus[SMBHSTCNT] & INTEREN) != 0 and (self.smbus[SMBHSTSTS] & SMBHSTSTS_CLEAR) != 0:
            level = 1
        deadline: u64 = NEVER
        if (self.pmen & TMROF) != 0 and (self.pmcntrl & SCI_EN) != 0 and (status & TMROF) == 0:
            deadline = u64((u128(self.overflow) * SECOND + (PM_TIMER_HZ - 1)) // PM_TIMER_HZ)
        self.deadline = deadline
        if level != self.sci_level:
            self.sci_level = level
            self.sci(level)

    @hot
    def expire(self) -> None:
        self.update()

    def press_power_button(self):
        """What a short press does: sets PWRBTN_STS, and the SCI tells the guest if it listens."""
        self.pmsts |= PWRBTN
        self.update()

    # -- the PM block ----------------------------------------------------------------------------------------

    @hot
    def read_timer(self, offset: u16) -> u32:
        ticks: u64 = self.ticks()
        return u32(ticks & TIMER_MASK)

    @hot
    def write_timer(self, offset: u16, value: u32) -> None:
        pass                    # PMTMR is read-only

    @hot
    def read_pm(self, offset: u16) -> u8:
        shift: u8 = u8((offset & 1) * 8)
        register: u16 = offset & 0x3E
        if register == PMSTS:
            status: u16 = self.status()
            return u8(status >> (shift & 8))
        if register == PMEN:
            return u8(self.pmen >> (shift & 8))
        if register == PMCNTRL:
            return u8(self.pmcntrl >> (shift & 8))
        if (offset & 0x3C) == PMTMR:
            ticks: u64 = self.ticks()
            return u8((ticks & TIMER_MASK) >> ((offset & 3) * 8))
        return self.pm_regs[offset & 63]

    @hot
    def write_pm(self, offset: u16, value: u8) -> None:
        shift: u8 = u8((offset & 1) * 8)
        bits: u16 = u16(value << (shift & 8))
        keep: u16 = u16(0xFF00 >> (shift & 8))
        register: u16 = offset & 0x3E
        if register == PMSTS:
            status: u16 = self.status()
            self.pmsts = status & u16(~bits)
            self.update()
        elif register == PMEN:
            self.pmen = (self.pmen & keep) | (bits & PMEN_MASK)
            self.update()
        elif register == PMCNTRL:
            self.pmcntrl = (self.pmcntrl & keep) | (bits & PMCNTRL_MASK)
            self.update()
            if (bits & SUS_EN) != 0:
                self.suspend()
        elif (offset & 0x3C) != PMTMR:
            self.pm_regs[offset & 63] = value

    @cold
    def suspend(self) -> None:
        """SUS_EN was written: off, or (suspend to RAM is not built) awake again at once."""
        kind = (self.pmcntrl & SUS_TYP) >> 10
        if kind in (SOFT_OFF, SUSPEND_TO_DISK):
            self.on_power_off()
        else:
            self.pmsts |= RSM
            self.update()

    # -- GPE0, APM, SMBus ------------------------------------------------------------------------------------

    @hot
    def set_gpe(self, number: u8, level: u8) -> None:
        """Event input 0-15 of the GPE0 block; the status bit stays until the guest clears it."""
        if level != 0:
            self.gpsts = self.gpsts | u16(1 << (number & 15))
        self.update()

    @hot
    def read_gpe(self, offset: u16) -> u8:
        shift: u8 = u8((offset & 1) * 8)
        if (offset & 2) == 0:
            return u8(self.gpsts >> (shift & 8))
        return u8(self.gpen >> (shift & 8))

    @hot
    def write_gpe(self, offset: u16, value: u8) -> None:
        shift: u8 = u8((offset & 1) * 8)
        bits: u16 = u16(value << (shift & 8))
        if (offset & 2) == 0:
            self.gpsts = self.gpsts & u16(~bits)
        else:
            self.gpen = (self.gpen & u16(0xFF00 >> (shift & 8))) | bits
        self.update()

    @hot
    def read_apm(self, offset: u16) -> u8:
        if (offset & 1) == 0:
            return self.apmc
        return self.apms

    @hot
    def write_apm(self, offset: u16, value: u8) -> None:
        """APMC and APMS; what the SMI handler would do for the two ACPI commands happens at once."""
        if (offset & 1) != 0:
            self.apms = value
        else:
            self.apmc = value
            if value == ACPI_ENABLE:
                self.pmcntrl = self.pmcntrl | SCI_EN
                self.update()
            elif value == ACPI_DISABLE:
                self.pmcntrl = self.pmcntrl & (0xFFFF ^ SCI_EN)
                self.update()

    @hot
    def read_smbus(self, offset: u16) -> u8:
        return self.smbus[offset & 15]

    @hot
    def write_smbus(self, offset: u16, value: u8) -> None:
        """The bus has no devices: every transaction ends at once with DEV_ERR."""
        if (offset & 15) == SMBHSTSTS:
            self.smbus[SMBHSTSTS] = self.smbus[SMBHSTSTS] & u8(~(value & SMBHSTSTS_CLEAR))
        elif (offset & 15) == SMBHSTCNT:
            self.smbus[SMBHSTCNT] = value & (0xFF ^ START)
            if (value & START) != 0:
                self.smbus[SMBHSTSTS] = self.smbus[SMBHSTSTS] | DEV_ERR
        else:
            self.smbus[offset & 15] = value
        self.update()

    def peek(self, offset):
        """A byte of the PM block (reads there have no side effects on what the guest sees)."""
        return self.read_pm(offset)
