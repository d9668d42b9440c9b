"""Motorola MC146818A real-time clock with 128 bytes of CMOS RAM, as in the PIIX4.

Data sheet: Motorola MC146818A (ADI1040R1); the extra RAM and the century byte: Intel 82371AB PIIX4 (290562-001).
"""
from datetime import datetime, timedelta

from emu.bus.component import Component, Port, Timer, hot
from emu.bus.types import NEVER, Array, Const, Wire, u8, u16, u32, u64

SECONDS, SECONDS_ALARM, MINUTES, MINUTES_ALARM, HOURS, HOURS_ALARM = 0, 1, 2, 3, 4, 5
DAY_OF_WEEK, DAY_OF_MONTH, MONTH, YEAR = 6, 7, 8, 9
REGISTER_A, REGISTER_B, REGISTER_C, REGISTER_D = 10, 11, 12, 13
CENTURY = 0x32
CENTURY_PS2 = 0x37      # another name of the century byte (Windows 2000 looks here; test_century_has_two_names)

# Register A: rate in bits 3-0, divider in bits 6-4
A_UIP = 0x80
A_RS = 0x0F
A_WRITABLE = 0x7F
DV_32768 = 2            # the only divider for the crystal that a PC has: all others stop the clock
# Register B
B_SET = 0x80
B_PIE = 0x40
B_AIE = 0x20
B_UIE = 0x10
B_SQWE = 0x08
B_DM = 0x04             # binary
B_24 = 0x02
# Register C (the enables of register B are in the same places)
C_IRQF = 0x80
C_PF = 0x40
C_AF = 0x20
C_UF = 0x10
# Register D
D_VRT = 0x80

ALARM_DONT_CARE = 0xC0
HOUR_PM = 0x80
INDEX_NMI = 0x80        # port 70h: NMI masked

SECOND = 1_000_000_000
HALF_SECOND = 500_000_000   # from the end of a divider reset to the first update
T_BUC = 244_000             # UIP is up so long before an update
DAY = 86_400

# Periodic rate as a power of two of 32768 Hz periods, for RS 1 to 15
RATE_SHIFT = Const(u8, (0, 7, 8, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14))
MONTH_LENGTH = Const(u8, (31, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31, 31, 31))


class Rtc(Component):
    """The clock and its RAM.

    The time registers hold the time of the last look; a look brings them up to now() in whole seconds, so that what
    a guest writes there, sense or nonsense, counts on as in the chip.  Timers run for enabled interrupts only.
    ``nmi_masked`` is bit 7 of port 70h.
    """

    index: u8
    nmi_masked: u8
    battery: u8             # the RAM has been initialised
    cmos: Array(u8, 128)
    flags: u8               # PF, AF, UF of register C
    next_update: u64        # ns of the next update, NEVER while the divider is held
    next_periodic: u64      # ns of the next periodic event, likewise
    irq_level: u8
    deadline: u64

    now: Wire(ret=u64)
    irq8: Wire(u8)

    ports = (Port(0, 2, "read", "write", text="CMOS index and NMI mask, CMOS data"),)
    timers = (Timer("deadline", "expire"),)

    def reset(self):
        """The RESET pin: interrupts off; time and RAM stay.  At the first power-on: 2000-01-01, BCD, 24 hours."""
        if not self.battery:
            self.battery = 1
            self.cmos[REGISTER_A] = DV_32768 << 4 | 6
            self.cmos[REGISTER_B] = B_24
            self.next_update = self.now() + SECOND
            self.set_time(946_684_800)
        self.sync(self.now())
        self.index = REGISTER_D
        self.nmi_masked = 0
        self.cmos[REGISTER_B] = self.cmos[REGISTER_B] & ~(B_PIE | B_AIE | B_UIE | B_SQWE)
        self.flags = 0
        self.irq_level = 0
        self.next_periodic = self.periodic_after(self.now())
        self.deadline = NEVER

    # -- for the machine -----------------------------------------------------------------------------------------

    def set_time(self, unix_seconds):
        """Set the clock: seconds since 1970-01-01 00:00 of the time that the guest shall see (UTC or local)."""
        ns = self.now()
        self.sync(ns)
        date = datetime(1970, 1, 1) + timedelta(seconds=int(unix_seconds))
        hour = date.hour
        if not self.cmos[REGISTER_B] & B_24:
            hour = self.encode((hour + 11) % 12 + 1) | (HOUR_PM if hour >= 12 else 0)
        else:
            hour = self.encode(hour)
        self.cmos[HOURS] = hour
        for register, value in ((SECONDS, date.second), (MINUTES, date.minute), (DAY_OF_MONTH, date.day),
                                (DAY_OF_WEEK, date.isoweekday() % 7 + 1), (MONTH, date.month),
                                (YEAR, date.year % 100), (CENTURY, date.year // 100)):
            self.cmos[register] = self.encode(value)
        if self.next_update != NEVER:
            self.next_update = ns + SECOND
            self.next_periodic = self.periodic_after(ns)
        self.schedule()

    def set_cmos(self, index, value):
        """Set a byte of the RAM (0 to 127), as the machine's setup would."""
        self.write_register(index & 0x7F, value & 0xFF)

    # -- time ----------------------------------------------------------------------------------------------------

    @hot
    def decode(self, value: u8) -> u8:
        """A time register as a number, BCD or binary as register B says."""
        if self.cmos[REGISTER_B] & B_DM != 0:
            return value
        return u8((value >> 4) * 10 + (value & 15))

    @hot
    def encode(self, value: u8) -> u8:
        """A number as a time register."""
        if self.cmos[REGISTER_B] & B_DM != 0:
            return value
        return u8(value // 10 << 4 | value % 10)

    @hot
    def sync(self, ns: u64) -> None:
        """Bring registers and flags up to a time."""
        periodic: bool = ns >= self.next_periodic
        if ns >= self.next_update:
            seconds: u64 = u64(ns - self.next_update) // SECOND + 1
            self.next_update = u64(self.next_update + seconds * SECOND)
            if self.cmos[REGISTER_B] & B_SET == 0:
                self.flags |= C_UF
                self.advance(seconds)
        if periodic:
            self.flags |= C_PF
            self.next_periodic = self.periodic_after(ns)

    @hot
    def periodic_after(self, ns: u64) -> u64:
        """The next periodic event after a time: a division of the second, counted from its start."""
        rate: u8 = self.cmos[REGISTER_A] & A_RS
        if rate == 0 or self.next_update == NEVER:
            return NEVER
        shift: u8 = RATE_SHIFT[rate & 15]
        # Fractions of 1/32768 s: 1953125/64 ns each
        into: u64 = u64(ns + SECOND - self.next_update)
        tick: u64 = u64(into * 64) // 1953125
        tick = u64((tick >> (shift & 15)) + 1 << (shift & 15))
        return u64(self.next_update - SECOND + u64(u64(tick * 1953125) + 63) // 64)

    @hot
    def advance(self, seconds: u64) -> None:
        """Count seconds.  Of whole days only the last is walked through, which meets every alarm."""
        left: u64 = seconds
        while left >= 2 * DAY:
            self.step_day()
            left = u64(left - DAY)
        while left != 0:
            self.step_second()
            left = u64(left - 1)

    @hot
    def step_second(self) -> None:
        """One update cycle: count, carry, compare with the alarm."""
        second: u8 = self.decode(self.cmos[SECONDS])
        if second < 59:
            self.cmos[SECONDS] = self.encode(u8(second + 1))
        else:
            self.cmos[SECONDS] = 0
            minute: u8 = self.decode(self.cmos[MINUTES])
            if minute < 59:
                self.cmos[MINUTES] = self.encode(u8(minute + 1))
            else:
                self.cmos[MINUTES] = 0
                self.step_hour()
        if self.alarm_matches(SECONDS) and self.alarm_matches(MINUTES) and self.alarm_matches(HOURS):
            self.flags |= C_AF

    @hot
    def alarm_matches(self, register: u8) -> bool:
        """Does a time register equal its alarm register (the next one), or is that "don't care"?"""
        alarm: u8 = self.cmos[(register + 1) & 7]
        return alarm >= ALARM_DONT_CARE or alarm == self.cmos[register & 7]

    @hot
    def step_hour(self) -> None:
        """Carry into the hours: 0 to 23, or 12 1 2 … 11 twice with bit 7 for p.m."""
        if self.cmos[REGISTER_B] & B_24 != 0:
            hour: u8 = self.decode(self.cmos[HOURS])
            if hour < 23:
                self.cmos[HOURS] = self.encode(u8(hour + 1))
            else:
                self.cmos[HOURS] = 0
                self.step_day()
            return
        pm: u8 = self.cmos[HOURS] & HOUR_PM
        hour12: u8 = self.decode(self.cmos[HOURS] & 0x7F)
        if hour12 == 11:
            self.cmos[HOURS] = self.encode(12) | (pm ^ HOUR_PM)
            if pm != 0:
                self.step_day()
        elif hour12 >= 12:
            self.cmos[HOURS] = self.encode(1) | pm
        else:
            self.cmos[HOURS] = self.encode(u8(hour12 + 1)) | pm

    @hot
    def month_length(self) -> u8:
        """Days of the present month."""
        month: u8 = self.decode(self.cmos[MONTH])
        if month != 2:
            return MONTH_LENGTH[month & 15]
        year: u8 = self.decode(self.cmos[YEAR])
        if year % 4 != 0:
            return 28
        if year == 0 and self.decode(self.cmos[CENTURY]) % 4 != 0:
            return 28
        return 29

    @hot
    def step_day(self) -> None:
        """Carry into the date."""
        weekday: u8 = self.decode(self.cmos[DAY_OF_WEEK])
        self.cmos[DAY_OF_WEEK] = self.encode(u8(weekday + 1) if weekday < 7 else 1)
        day: u8 = self.decode(self.cmos[DAY_OF_MONTH])
        length: u8 = self.month_length()
        if day < length:
            self.cmos[DAY_OF_MONTH] = self.encode(u8(day + 1))
            return
        self.cmos[DAY_OF_MONTH] = 1
        month: u8 = self.decode(self.cmos[MONTH])
        if month < 12:
            self.cmos[MONTH] = self.encode(u8(month + 1))
            return
        self.cmos[MONTH] = 1
        year: u8 = self.decode(self.cmos[YEAR])
        if year < 99:
            self.cmos[YEAR] = self.encode(u8(year + 1))
            return
        self.cmos[YEAR] = 0
        century: u8 = self.decode(self.cmos[CENTURY])
        self.cmos[CENTURY] = self.encode(u8(century + 1) if century < 99 else 0)

    # -- interrupts ----------------------------------------------------------------------------------------------

    @hot
    def schedule(self) -> None:
        """Drive IRQ 8, and set the timer for the next enabled event.

        While the line is up there is nothing to wait for: flags that come in meanwhile are found by the next look.
        """
        enables: u8 = self.cmos[REGISTER_B] & (B_PIE | B_AIE | B_UIE)
        level: u8 = u8(self.flags & enables != 0)
        if level != self.irq_level:
            self.irq_level = level
            self.irq8(level)
        deadline: u64 = NEVER
        if level == 0:
            if enables & B_PIE != 0:
                deadline = self.next_periodic
            if enables & (B_AIE | B_UIE) != 0 and self.cmos[REGISTER_B] & B_SET == 0:
                if self.next_update < deadline:
                    deadline = self.next_update
        self.deadline = deadline

    @hot
    def expire(self) -> None:
        """An enabled event is due."""
        ns: u64 = self.now()
        self.sync(ns)
        self.schedule()

    # -- registers -----------------------------------------------------------------------------------------------

    @hot
    def register_of(self, index: u8) -> u8:
        """The place of a byte: the century has two names."""
        return CENTURY if index & 0x7F == CENTURY_PS2 else index & 0x7F

    @hot
    def look(self, index: u8, ns: u64) -> u8:
        """A register at a time to which the chip is synced."""
        register: u8 = self.register_of(index)
        value: u8 = self.cmos[register & 0x7F]
        if register == REGISTER_A and self.cmos[REGISTER_B] & B_SET == 0 and self.next_update != NEVER:
            if u64(self.next_update - ns) <= T_BUC:
                value |= A_UIP
        elif register == REGISTER_C:
            value = self.flags | C_IRQF if self.irq_level != 0 else self.flags
        elif register == REGISTER_D:
            value = D_VRT
        return value

    @hot
    def read(self, offset: u16) -> u8:
        """Port 71h: the indexed register; reading C clears it.  Port 70h cannot be read."""
        if offset & 1 == 0:
            return 0xFF
        ns: u64 = self.now()
        self.sync(ns)
        self.schedule()
        value: u8 = self.look(self.index, ns)
        if self.index == REGISTER_C:
            self.flags = 0
            self.schedule()
        return value

    def peek(self, offset):
        """What read returns, without clearing anything."""
        if not offset & 1:
            return 0xFF
        before = self.save()
        ns = self.now()
        self.sync(ns)
        self.irq_level = u8(self.flags & self.cmos[REGISTER_B] & (B_PIE | B_AIE | B_UIE) != 0)
        value = self.look(self.index, ns)
        self.restore(before)
        return value

    @hot
    def write(self, offset: u16, value: u8) -> None:
        """Port 70h: index and NMI mask; port 71h: the indexed register."""
        if offset & 1 == 0:
            self.index = value & 0x7F
            self.nmi_masked = value >> 7
        else:
            self.write_register(self.index, value)

    @hot
    def write_register(self, index: u8, value: u8) -> None:
        """Write a register.  C and D are read-only."""
        ns: u64 = self.now()
        self.sync(ns)
        register: u8 = self.register_of(index)
        if register == REGISTER_A:
            self.write_a(value & A_WRITABLE, ns)
        elif register == REGISTER_B:
            # Going into SET mode disables the update interrupt
            self.cmos[REGISTER_B] = value & (0xFF ^ B_UIE) if value & B_SET != 0 else value
        elif register != REGISTER_C and register != REGISTER_D:
            self.cmos[register & 0x7F] = value
        self.schedule()

    @hot
    def write_a(self, value: u8, ns: u64) -> None:
        """Divider and rate.  A divider that is let go makes its first update half a second later."""
        self.cmos[REGISTER_A] = value
        if value >> 4 != DV_32768:
            self.next_update = NEVER
        elif self.next_update == NEVER:
            self.next_update = u64(ns + HALF_SECOND)
        self.next_periodic = self.periodic_after(ns)
