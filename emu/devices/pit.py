"""Intel 8254 programmable interval timer.

Data sheet: Intel 8254 (231164-005).
"""
from emu.bus.component import Component, Port, Struct, Timer, hot
from emu.bus.types import NEVER, Array, Wire, u8, u16, u32, u64

# The clock is 14.31818 MHz / 12: 715909 periods in 600 ms, exactly.
CLOCKS = 715_909
CLOCKS_NS = 600_000_000

# Control word
CW_BCD = 0x01
CW_READ_BACK = 3            # in SC1, SC0
RW_LATCH = 0
RW_LSB = 1
RW_MSB = 2
RW_BOTH = 3
# Read-back command: bits that are low to latch
RB_STATUS = 0x10
RB_COUNT = 0x20
# Status byte
ST_OUT = 0x80
ST_NULL_COUNT = 0x40

CONTROL = 3                 # port of the control word

SPEAKER = 2                 # counter
OUT_HIGH = 1 << 10          # its output where it is high; between 0 and this is the mean of what is too fast to hear
TOO_FAST = 48               # periods up to as many pulses


@hot
def clocks(ns: u64) -> u64:
    """How many clock pulses have come by a time."""
    return u64(ns // CLOCKS_NS * CLOCKS + ns % CLOCKS_NS * CLOCKS // CLOCKS_NS)


@hot
def first_ns(clock: u64) -> u64:
    """The first ns at which clocks() has a value."""
    return u64(clock // CLOCKS * CLOCKS_NS + (clock % CLOCKS * CLOCKS_NS + (CLOCKS - 1)) // CLOCKS)


class Counter(Struct):
    """One counter.  Times are numbers of clock pulses since time 0.

    The counting element is not stepped: while it runs its value follows from ``start``, the pulse that loaded it.
    """

    control: u8         # RW, mode and BCD as written
    mode: u8            # 0 to 5
    gate: u8
    write_msb: u8       # the next byte written is the second of two
    read_msb: u8
    low_byte: u8        # first byte of two
    reload: u32         # the count register, decoded: 1 to 65536 (10000 in BCD)
    written: u8         # a count has come since the control word
    null_count: u8      # ... and has not reached the counting element
    load_at: u64        # pulse that moves it there, or NEVER
    loaded: u8          # the counting element has been loaded since the control word
    initial: u32        # what it was loaded with
    start: u64
    frozen: u8          # the gate stops it ...
    elapsed: u64        # ... so many pulses after start
    strobe_end: u64     # when the strobe of mode 4 ends though the gate holds the counter at 0
    held: u16           # value of the counting element while nothing is loaded
    count_latched: u8
    count_latch: u16
    status_latched: u8
    status_latch: u8


class Pit(Component):
    """The three counters: 0 is the system tick (IRQ 0), 1 was refresh, 2 the speaker (gate at port 61h)."""

    counters: Array(Counter, 4)     # three, and one so that a two-bit index is always good
    out0_level: u8
    deadline: u64                   # of the next edge of out0

    now: Wire(ret=u64)
    out0: Wire(u8)
    speaker_changing: Wire(u64)     # counter 2 is about to change, at a pulse

    ports = (Port(0, 4, "read", "write", text="counters 0 to 2, control word"),)
    timers = (Timer("deadline", "expire"),)

    def reset(self):
        """Power-on: the chip is undefined until programmed; here in mode 3, without counts, outputs high."""
        for counter in self.counters:
            counter.control = RW_BOTH << 4 | 3 << 1
            counter.mode = 3
            counter.gate = 1
            counter.write_msb = counter.read_msb = counter.low_byte = 0
            counter.reload = counter.initial = 0
            counter.written = counter.loaded = counter.frozen = 0
            counter.null_count = 1
            counter.load_at = counter.strobe_end = NEVER
            counter.start = counter.elapsed = counter.held = 0
            counter.count_latched = counter.count_latch = counter.status_latched = counter.status_latch = 0
        self.counters[2].gate = 0
        self.out0_level = 1
        self.deadline = NEVER

    # -- a counter at a time -------------------------------------------------------------------------------------

    @hot
    def sync(self, n: u8, time: u64) -> None:
        """Do the load that has become due by a pulse."""
        load_at: u64 = self.counters[n & 3].load_at
        if load_at == NEVER or time < load_at:
            return
        if n == SPEAKER:
            self.speaker_changing(load_at)
        mode: u8 = self.counters[n & 3].mode
        reload: u32 = self.counters[n & 3].reload
        start: u64 = load_at
        if mode == 3 and self.counters[n & 3].loaded != 0 and self.counters[n & 3].frozen == 0:
            # A new count comes in at the end of either half: keep OUT's phase
            old: u32 = self.counters[n & 3].initial
            if old != 0:
                phase: u64 = self.age(n, load_at) % old
                if phase >= (old + 1) // 2:
                    start = u64(load_at - (reload + 1) // 2)
        self.counters[n & 3].start = start
        self.counters[n & 3].initial = reload
        self.counters[n & 3].loaded = 1
        self.counters[n & 3].null_count = 0
        self.counters[n & 3].elapsed = 0
        self.counters[n & 3].strobe_end = NEVER
        self.counters[n & 3].load_at = NEVER
        # In modes 1 and 5 the level of the gate does not matter
        self.counters[n & 3].frozen = u8(self.counters[n & 3].gate == 0 and mode != 1 and mode != 5)

    @hot
    def age(self, n: u8, time: u64) -> u64:
        """Pulses counted since the load."""
        if self.counters[n & 3].frozen != 0:
            return self.counters[n & 3].elapsed
        start: u64 = self.counters[n & 3].start
        return u64(time - start) if time > start else 0

    @hot
    def settle(self, n: u8, time: u64) -> None:
        """An access on the ISA bus takes longer than the pulse that loads a count written before it.

        Linux's fast TSC calibration reads the counter right after it has written it (tests/devices/test_pit.py).
        """
        load_at: u64 = self.counters[n & 3].load_at
        if load_at == u64(time + 1) and self.counters[n & 3].loaded == 0:
            self.sync(n, load_at)
        else:
            self.sync(n, time)

    @hot
    def out_at(self, n: u8, time: u64) -> u8:
        """OUT at a pulse that the counter is synced to."""
        mode: u8 = self.counters[n & 3].mode
        initial: u32 = self.counters[n & 3].initial
        if self.counters[n & 3].loaded == 0 or initial == 0:
            return u8(mode != 0)
        age: u64 = self.age(n, time)
        if mode < 2:
            return u8(age >= initial)
        if mode < 4:
            if self.counters[n & 3].frozen != 0 or initial == 1:
                return 1
            phase: u32 = u32(age % initial)
            if mode == 2:
                return u8(phase + 1 != initial)
            return u8(phase < (initial + 1) // 2)
        return u8(age != initial or time >= self.counters[n & 3].strobe_end)

    @hot
    def count_at(self, n: u8, time: u64) -> u16:
        """The counting element at a pulse that the counter is synced to, as read (binary or BCD)."""
        mode: u8 = self.counters[n & 3].mode
        initial: u32 = self.counters[n & 3].initial
        if self.counters[n & 3].loaded == 0 or initial == 0:
            return self.counters[n & 3].held
        age: u64 = self.age(n, time)
        bcd: bool = self.counters[n & 3].control & CW_BCD != 0
        value: u32 = 0
        if mode == 2:
            value = u32(initial - age % initial)
        elif mode == 3:
            # Counts down by two from an even number, once in each half; odd counts take an extra pulse while high
            phase: u32 = u32(age % initial)
            half: u32 = (initial + 1) // 2
            if phase >= half:
                phase = u32(phase - half)
            value = u32(initial - initial % 2 - 2 * phase)
        elif bcd:
            value = u32(initial + 20000 - age % 10000)
        else:
            value = u32(initial - age)
        if bcd:
            return u16(value % 10 | value // 10 % 10 << 4 | value // 100 % 10 << 8 | value // 1000 % 10 << 12)
        return u16(value)

    @hot
    def next_boundary(self, n: u8, time: u64) -> u64:
        """The pulse that ends the present cycle (mode 2) or half cycle (mode 3) of a counter that runs."""
        initial: u32 = self.counters[n & 3].initial
        if initial == 0:
            return u64(time + 1)
        phase: u32 = u32(self.age(n, time) % initial)
        half: u32 = (initial + 1) // 2
        if self.counters[n & 3].mode == 3 and phase < half:
            return u64(time + half - phase)
        return u64(time + initial - phase)

    @hot
    def first_edge(self, mode: u8, count: u32) -> u64:
        """Pulses from a load to the first edge of OUT after it; 0 if there is none."""
        if mode == 2:
            return u64(count - 1) if count > 1 else 0
        if mode == 3:
            return (count + 1) // 2 if count > 1 else 0
        return count

    @hot
    def next_edge(self, n: u8, time: u64) -> u64:
        """The first pulse after a time (to which the counter is synced) at which OUT changes, or NEVER."""
        mode: u8 = self.counters[n & 3].mode
        load_at: u64 = self.counters[n & 3].load_at
        initial: u32 = self.counters[n & 3].initial
        if load_at != NEVER and (self.counters[n & 3].loaded == 0 or mode < 2 or mode > 3 or initial < 2):
            # A load at the next pulse replaces what goes on
            if mode == 1 or self.out_at(n, time) != u8(mode != 0):
                return load_at
            first: u64 = self.first_edge(mode, self.counters[n & 3].reload)
            return u64(load_at + first) if first != 0 else NEVER
        if self.counters[n & 3].loaded == 0 or self.counters[n & 3].frozen != 0 or initial == 0:
            return NEVER
        age: u64 = self.age(n, time)
        if mode == 2 or mode == 3:
            if initial == 1:
                return NEVER
            boundary: u64 = self.next_boundary(n, time)
            if mode == 2 and boundary != u64(time + 1):
                return u64(boundary - 1)
            return boundary
        if age < initial:
            return u64(self.counters[n & 3].start + initial)
        if mode >= 4 and age == initial:
            return u64(time + 1)
        return NEVER

    # -- OUT of counter 0 ----------------------------------------------------------------------------------------

    @hot
    def drive_out0(self, time: u64) -> None:
        """Bring out0 to its level at a pulse."""
        self.sync(0, time)
        level: u8 = self.out_at(0, time)
        if level != self.out0_level:
            self.out0_level = level
            self.out0(level)

    @hot
    def follow_out0(self, time: u64) -> None:
        """Bring out0 up to date and set the timer for its next edge."""
        self.drive_out0(time)
        edge: u64 = self.next_edge(0, time)
        self.deadline = first_ns(edge) if edge != NEVER else NEVER

    @hot
    def expire(self) -> None:
        """An edge of out0.  If time has gone past more of them, at least this one is shown."""
        ns: u64 = self.now()
        if ns < self.deadline:
            return
        self.drive_out0(clocks(self.deadline))
        self.follow_out0(clocks(ns))

    @hot
    def output(self, channel: u8) -> u8:
        """OUT of a counter, now."""
        ns: u64 = self.now()
        time: u64 = clocks(ns)
        self.sync(channel, time)
        return self.out_at(channel, time)

    @hot
    def set_gate2(self, level: u8) -> None:
        """The gate of counter 2 (port 61h bit 0)."""
        ns: u64 = self.now()
        self.set_gate(2, level, clocks(ns))

    @hot
    def set_gate(self, n: u8, level: u8, time: u64) -> None:
        """A gate input: stops counting in modes 0, 2, 3 and 4; its rising edge starts modes 1, 2, 3 and 5."""
        self.sync(n, time)
        gate: u8 = u8(level != 0)
        if gate == self.counters[n & 3].gate:
            return
        if n == SPEAKER:
            self.speaker_changing(time)
        mode: u8 = self.counters[n & 3].mode
        age: u64 = self.age(n, time)
        self.counters[n & 3].gate = gate
        if mode == 1 or mode == 5:
            if gate != 0 and self.counters[n & 3].written != 0:
                self.counters[n & 3].load_at = u64(time + 1)
        elif gate == 0:
            if self.counters[n & 3].loaded != 0:
                self.counters[n & 3].frozen = 1
                self.counters[n & 3].elapsed = age
                if age == self.counters[n & 3].initial:
                    self.counters[n & 3].strobe_end = u64(time + 1)
                if mode == 2 or mode == 3:
                    self.counters[n & 3].load_at = NEVER
        elif mode == 2 or mode == 3:
            if self.counters[n & 3].written != 0:
                self.counters[n & 3].load_at = u64(time + 1)
        elif self.counters[n & 3].frozen != 0:
            self.counters[n & 3].frozen = 0
            self.counters[n & 3].start = u64(time - age)

    # -- counter 2, as the speaker hears it ------------------------------------------------------------------------

    @hot
    def load_speaker(self, time: u64) -> None:
        """Do what is due in counter 2."""
        self.sync(SPEAKER, time)

    @hot
    def too_fast(self) -> bool:
        """Is what counter 2 puts out above all hearing?"""
        counter_mode: u8 = self.counters[SPEAKER].mode
        running: bool = self.counters[SPEAKER].loaded != 0 and self.counters[SPEAKER].frozen == 0
        periodic: bool = counter_mode == 2 or counter_mode == 3
        return running and periodic and self.counters[SPEAKER].initial <= TOO_FAST and self.counters[SPEAKER].initial > 1

    @hot
    def speaker_out(self, time: u64) -> u16:
        """OUT of counter 2 at a pulse, 0 to OUT_HIGH."""
        fast: bool = self.too_fast()
        if fast:
            period: u32 = self.counters[SPEAKER].initial
            if period == 0:
                return 0
            high: u32 = (period + 1) // 2
            if self.counters[SPEAKER].mode == 2:
                high = u32(period - 1)
            return u16(high * OUT_HIGH // period)
        out: u8 = self.out_at(SPEAKER, time)
        return OUT_HIGH if out != 0 else 0

    @hot
    def speaker_edge(self, time: u64) -> u64:
        """The next pulse at which that changes, or NEVER."""
        fast: bool = self.too_fast()
        if fast:
            return NEVER
        return self.next_edge(SPEAKER, time)

    # -- registers -----------------------------------------------------------------------------------------------

    @hot
    def read(self, offset: u16) -> u8:
        """A byte of a counter: latched status, latched count or the present count, in the programmed order."""
        n: u8 = offset & 3
        if n == CONTROL:
            return 0
        if self.counters[n & 3].status_latched != 0:
            self.counters[n & 3].status_latched = 0
            return self.counters[n & 3].status_latch
        ns: u64 = self.now()
        time: u64 = clocks(ns)
        self.settle(n, time)
        value: u16 = self.counters[n & 3].count_latch
        if self.counters[n & 3].count_latched == 0:
            value = self.count_at(n, time)
        order: u8 = self.counters[n & 3].control >> 4 & 3
        msb: bool = order == RW_MSB or self.counters[n & 3].read_msb != 0
        if order == RW_BOTH:
            self.counters[n & 3].read_msb = u8(not msb)
        if order != RW_BOTH or msb:
            self.counters[n & 3].count_latched = 0
        return u8(value >> 8) if msb else u8(value)

    def peek(self, offset):
        """What read returns, leaving latches and byte order alone."""
        n = offset & 3
        if n == CONTROL:
            return 0
        before = self.counters[n].save()
        value = self.read(offset)
        self.counters[n].restore(before)
        return value

    @hot
    def write(self, offset: u16, value: u8) -> None:
        """A byte of a count, or a control word."""
        ns: u64 = self.now()
        if ns >= self.deadline:
            self.expire()
        time: u64 = clocks(ns)
        n: u8 = offset & 3
        if n != CONTROL:
            self.write_count(n, value, time)
        elif value >> 6 == CW_READ_BACK:
            for i in range(3):
                if value >> (i + 1) & 1 != 0:
                    if value & RB_COUNT == 0:
                        self.latch_count(i, time)
                    if value & RB_STATUS == 0:
                        self.latch_status(i, time)
        elif value >> 4 & 3 == RW_LATCH:
            self.latch_count(value >> 6, time)
        else:
            self.write_control(value >> 6, value & 0x3F, time)
        self.follow_out0(time)

    @hot
    def latch_count(self, n: u8, time: u64) -> None:
        """Counter latch command: a second one before the count is read changes nothing."""
        self.settle(n, time)
        if self.counters[n & 3].count_latched == 0:
            self.counters[n & 3].count_latch = self.count_at(n, time)
            self.counters[n & 3].count_latched = 1

    @hot
    def latch_status(self, n: u8, time: u64) -> None:
        """Read-back of the status; likewise."""
        self.sync(n, time)
        if self.counters[n & 3].status_latched == 0:
            status: u8 = self.counters[n & 3].control & 0x3F
            if self.out_at(n, time) != 0:
                status |= ST_OUT
            if self.counters[n & 3].null_count != 0:
                status |= ST_NULL_COUNT
            self.counters[n & 3].status_latch = status
            self.counters[n & 3].status_latched = 1

    @hot
    def unload(self, n: u8, time: u64) -> None:
        """Stop the counting element at its present value, until the next load."""
        self.counters[n & 3].held = self.count_at(n, time)
        self.counters[n & 3].loaded = 0
        self.counters[n & 3].frozen = 0
        self.counters[n & 3].load_at = NEVER

    @hot
    def write_control(self, n: u8, control: u8, time: u64) -> None:
        """A control word: the counter waits for its count.  Modes 6 and 7 are 2 and 3."""
        self.sync(n, time)
        if n == SPEAKER:
            self.speaker_changing(time)
        self.unload(n, time)
        mode: u8 = control >> 1 & 7
        if mode > 5:
            mode &= 3
        self.counters[n & 3].control = control
        self.counters[n & 3].mode = mode
        self.counters[n & 3].write_msb = 0
        self.counters[n & 3].read_msb = 0
        self.counters[n & 3].written = 0
        self.counters[n & 3].null_count = 1
        self.counters[n & 3].count_latched = 0
        self.counters[n & 3].status_latched = 0

    @hot
    def write_count(self, n: u8, value: u8, time: u64) -> None:
        """A byte of a count, in the programmed order."""
        self.sync(n, time)
        if n == SPEAKER:
            self.speaker_changing(time)
        order: u8 = self.counters[n & 3].control >> 4 & 3
        raw: u16 = value
        if order == RW_MSB:
            raw = value << 8
        elif order == RW_BOTH:
            if self.counters[n & 3].write_msb == 0:
                self.counters[n & 3].low_byte = value
                self.counters[n & 3].write_msb = 1
                if self.counters[n & 3].mode == 0:
                    self.unload(n, time)        # OUT falls and counting stops at the first byte
                return
            self.counters[n & 3].write_msb = 0
            raw = value << 8 | self.counters[n & 3].low_byte
        count: u32 = raw
        modulus: u32 = 0x10000
        if self.counters[n & 3].control & CW_BCD != 0:
            count = (raw >> 12) * 1000 + (raw >> 8 & 15) * 100 + (raw >> 4 & 15) * 10 + (raw & 15)
            modulus = 10000
        self.counters[n & 3].reload = count if count != 0 else modulus
        self.counters[n & 3].written = 1
        self.counters[n & 3].null_count = 1
        self.schedule_load(n, time)

    @hot
    def schedule_load(self, n: u8, time: u64) -> None:
        """When the count just written reaches the counting element."""
        mode: u8 = self.counters[n & 3].mode
        if mode == 0:
            self.unload(n, time)
            self.counters[n & 3].load_at = u64(time + 1)
        elif mode == 4 or (mode != 1 and mode != 5 and self.counters[n & 3].loaded == 0):
            self.counters[n & 3].load_at = u64(time + 1)
        elif (mode == 2 or mode == 3) and self.counters[n & 3].frozen == 0:
            self.counters[n & 3].load_at = self.next_boundary(n, time)
