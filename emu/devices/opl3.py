"""Yamaha YMF262 (OPL3) frequency modulation synthesiser: ports, registers, timers.  The sound is made in opl3_voices.py.

Data sheet: YMF262; what it is as an OPL2: YM3812.
"""
from emu.bus.component import Port, hot
from emu.bus.types import NEVER, Array, u8, u16, u64

from .opl3_tables import CHANNEL, FIRST_OPERATOR, KEY_SCALE, KEY_SCALE_SHIFT, MULTIPLE, NO_OPERATOR, OPERATOR
from .opl3_voices import (ATTACK, BASS_DRUM, DECAY, FOUR_FM, HAT_AND_SNARE, KEY_RATE, LEFT, OFF, PARTNER, RELEASE,
                          RIGHT, SILENT, TOM_AND_CYMBAL, Opl3Voices)
from .pit import clocks

# Registers
R_TIMER1, R_TIMER2, R_TIMERS, R_NOTE_SELECT, R_RHYTHM, R_FOUR, R_NEW = 0x02, 0x03, 0x04, 0x08, 0xBD, 0x104, 0x105
TIMERS_RESET = 0x80
MASK_1, MASK_2 = 0x40, 0x20             # in R_TIMERS, and the flags in the status
START_1, START_2 = 0x01, 0x02
STATUS_IRQ = 0x80
NOTE_SELECT = 0x40
DEEP_TREMOLO, DEEP_VIBRATO, RHYTHM = 0x80, 0x40, 0x20
KEY_ON = 0x20
CLOCKS_A_TICK = 96                      # of timer 1: 80.5 us; timer 2 is four times as slow
ALL_KEYS, DRUM_KEY = 1, 2               # what holds an operator's key


class Opl3(Opl3Voices):
    """The chip.  Its timers raise flags alone: their interrupt leads nowhere on a sound card.  Nothing runs while it is silent or
    nobody listens; an envelope then waits where it is."""

    held: Array(u8, 64)                 # by operator
    address: u16
    flags: u8
    due1: u64                           # ticks
    due2: u64

    ports = (Port(0, 4, "read", "write", text="FM synthesiser: status, address and data of both banks"),)
    old_ports = (Port(0, 2, "read", "write", text="FM synthesiser, as a card with an OPL2"),)

    def reset(self):
        """All registers 0: silence, an OPL2."""
        for n in range(512):
            self.registers[n] = 0
        for i in range(64):
            self.phase[i] = self.output[i] = self.before[i] = 0
            self.envelope[i], self.stage[i] = SILENT, OFF
            self.held[i] = 0
        for c in range(18):
            self.first[c] = c // 9 * 18 + FIRST_OPERATOR[c % 9]
        self.address = self.flags = self.active = 0
        self.noise = 1
        self.due1 = self.due2 = NEVER
        self.refresh_all()

    # -- ports ---------------------------------------------------------------------------------------------------

    @hot
    def read(self, offset: u16) -> u8:
        """Status, at the address ports."""
        if offset & 1 != 0:
            return 0xFF
        self.tick()
        return self.flags | STATUS_IRQ if self.flags != 0 else 0

    def peek(self, offset):
        """What read returns."""
        before = self.flags, self.due1, self.due2
        value = self.read(offset)
        self.flags, self.due1, self.due2 = before
        return value

    @hot
    def write(self, offset: u16, value: u8) -> None:
        """An address, or a register's value.  Before register 105h makes it an OPL3 there is
        only the first bank."""
        if offset & 1 == 0:
            self.address = value
            if offset & 2 != 0 and (value == R_NEW & 0xFF or self.registers[R_NEW] & 1 != 0):
                self.address = 0x100 | value
            return
        if self.listening:
            self.sync()
            now: u64 = self.now()
            self.until(now)
        self.put(self.address & 511, value)

    # -- timers --------------------------------------------------------------------------------------------------

    @hot
    def period1(self) -> u64:
        """Of timer 1, in ticks."""
        return u64(256 - self.registers[R_TIMER1]) & 0x1FF

    @hot
    def period2(self) -> u64:
        """Of timer 2."""
        return (u64(256 - self.registers[R_TIMER2]) & 0x1FF) << 2

    @hot
    def tick(self) -> None:
        """Raise the flags that are due."""
        now: u64 = self.now()
        ticks: u64 = clocks(now) // CLOCKS_A_TICK
        masked: u8 = self.registers[R_TIMERS]
        if ticks >= self.due1 and self.due1 != NEVER:
            if masked & MASK_1 == 0:
                self.flags |= MASK_1
            period: u64 = self.period1()
            if period != 0:
                self.due1 = u64(self.due1 + (u64(ticks - self.due1) // period + 1) * period)
        if ticks >= self.due2 and self.due2 != NEVER:
            if masked & MASK_2 == 0:
                self.flags |= MASK_2
            other: u64 = self.period2()
            if other != 0:
                self.due2 = u64(self.due2 + (u64(ticks - self.due2) // other + 1) * other)

    @hot
    def control_timers(self, value: u8) -> None:
        """Register 4: clear the flags, or start, stop and mask."""
        self.tick()
        if value & TIMERS_RESET != 0:
            self.flags = 0
            return
        before: u8 = self.registers[R_TIMERS]
        self.registers[R_TIMERS] = value
        now: u64 = self.now()
        ticks: u64 = clocks(now) // CLOCKS_A_TICK
        if value & START_1 == 0:
            self.due1 = NEVER
        elif before & START_1 == 0 or self.due1 == NEVER:
            self.due1 = u64(ticks + self.period1())
        if value & START_2 == 0:
            self.due2 = NEVER
        elif before & START_2 == 0 or self.due2 == NEVER:
            self.due2 = u64(ticks + self.period2())

    # -- registers -----------------------------------------------------------------------------------------------

    @hot
    def put(self, register: u16, value: u8) -> None:
        """A register is written."""
        r: u16 = register & 511
        if r == R_TIMERS:
            self.control_timers(value)
            return
        self.registers[r] = value
        bank: u8 = u8(r >> 8) & 1
        low: u8 = u8(r)
        group: u8 = low >> 4
        if r == R_RHYTHM:
            self.drums(value)
        elif r == R_NOTE_SELECT or r == R_FOUR or r == R_NEW:
            self.refresh_all()
        elif group >= 2 and group < 0xA or group >= 0xE:
            place: u8 = OPERATOR[low & 31]
            if place != NO_OPERATOR:
                self.refresh((place + bank * 18) & 63)
        elif group >= 0xA and low & 15 < 9:
            c: u8 = ((low & 15) + bank * 9) & 31
            if group == 0xB:
                self.key_channel(c, value & KEY_ON)
            self.refresh_channel(c)

    @hot
    def four(self, c: u8) -> bool:
        """Is this channel joined with the one three further?"""
        place: u8 = c % 9
        if self.registers[R_NEW] & 1 == 0 or place > 2:
            return False
        return self.registers[R_FOUR] >> (place + (3 if c > 8 else 0) & 7) & 1 != 0

    @hot
    def is_partner(self, c: u8) -> bool:
        """Is it the other of the two?"""
        place: u8 = c % 9
        if place < 3 or place > 5:
            return False
        return self.four(u8(c - 3))

    @hot
    def refresh_all(self) -> None:
        """What all channels depend on has changed."""
        self.deep_tremolo = self.registers[R_RHYTHM] & DEEP_TREMOLO
        self.deep_vibrato = self.registers[R_RHYTHM] & DEEP_VIBRATO
        for c in range(18):
            self.refresh_channel(c)

    @hot
    def refresh_channel(self, number: u8) -> None:
        """Work out how a channel is joined, and its operators."""
        c: u8 = number & 31
        bank: u16 = 0x100 if c > 8 else 0
        value: u8 = self.registers[(bank | 0xC0 + c % 9) & 511]
        self.feedback[c] = value >> 1 & 7
        self.sides[c] = LEFT | RIGHT
        if self.registers[R_NEW] & 1 != 0:
            self.sides[c] = value >> 4 & 3
        how: u8 = value & 1
        if self.is_partner(c):
            how = PARTNER
        elif self.four(c):
            other: u8 = self.registers[(bank | 0xC3 + c % 9) & 511]
            how = FOUR_FM + ((value & 1) << 1 | other & 1)
        elif self.registers[R_RHYTHM] & RHYTHM != 0:
            if c == 6:
                how = BASS_DRUM
            elif c == 7:
                how = HAT_AND_SNARE
            elif c == 8:
                how = TOM_AND_CYMBAL
        self.joined[c] = how
        i: u8 = self.first[c] & 63
        self.refresh(i)
        self.refresh((i + 3) & 63)
        if how >= FOUR_FM and how < PARTNER:        # the other channel's operators follow this one's pitch
            self.refresh((i + 6) & 63)
            self.refresh((i + 9) & 63)

    @hot
    def refresh(self, number: u8) -> None:
        """Work out what an operator's registers mean."""
        i: u8 = number & 63
        within: u8 = i % 18
        bank: u16 = 0x100 if i > 17 else 0
        place: u16 = bank | (within // 6 << 3 | within % 6)
        c: u8 = CHANNEL[within & 31] + (9 if i > 17 else 0)
        if self.is_partner(c):
            c = u8(c - 3)
        low: u8 = self.registers[(bank | 0xA0 + c % 9) & 511]
        high: u8 = self.registers[(bank | 0xB0 + c % 9) & 511]
        number_: u16 = low | (high & 3) << 8
        block: u8 = high >> 2 & 7
        modes: u8 = self.registers[(0x20 + place) & 511]
        self.modes[i] = modes
        self.multiple[i] = modes & 15
        self.frequency[i] = number_
        self.octave[i] = block
        self.increment[i] = ((number_ << block >> 1) * MULTIPLE[modes & 15]) >> 1 & 0x7FFFF
        bit: u8 = 8 if self.registers[R_NOTE_SELECT] & NOTE_SELECT != 0 else 9
        scale: u8 = block << 1 | u8(number_ >> (bit & 15)) & 1
        if modes & KEY_RATE == 0:
            scale = scale >> 2
        levels: u8 = self.registers[(0x40 + place) & 511]
        drop: u16 = KEY_SCALE[number_ >> 6 & 15] << 2
        rise: u16 = (8 - block & 15) << 5
        less: u16 = u16(drop - rise) if drop > rise else 0
        self.level[i] = ((levels & 63) << 2) + ((less & 0xFF) >> KEY_SCALE_SHIFT[levels >> 6])
        rates: u8 = self.registers[(0x60 + place) & 511]
        self.attack[i] = scaled(rates >> 4, scale)
        self.decay[i] = scaled(rates & 15, scale)
        ends: u8 = self.registers[(0x80 + place) & 511]
        self.release[i] = scaled(ends & 15, scale)
        self.sustain[i] = (ends >> 4) << 4 if ends < 0xF0 else 0x1F0
        form: u8 = self.registers[(0xE0 + place) & 511] & 7
        self.waveform[i] = form if self.registers[R_NEW] & 1 != 0 else form & 3

    # -- keys ----------------------------------------------------------------------------------------------------

    @hot
    def key_channel(self, c: u8, on: u8) -> None:
        """The key of a channel; the first of two joined has both's."""
        if self.is_partner(c):
            return
        self.refresh_channel(c)
        i: u8 = self.first[c & 31] & 63
        self.key(i, ALL_KEYS, on)
        self.key((i + 3) & 63, ALL_KEYS, on)
        if self.four(c):
            self.key((i + 6) & 63, ALL_KEYS, on)
            self.key((i + 9) & 63, ALL_KEYS, on)

    @hot
    def drums(self, value: u8) -> None:
        """Register BDh: depths, rhythm mode and the keys of the drums."""
        self.refresh_all()
        keys: u8 = value & 0x1F if value & RHYTHM != 0 else 0
        self.key(12, DRUM_KEY, keys & 0x10)
        self.key(15, DRUM_KEY, keys & 0x10)
        self.key(16, DRUM_KEY, keys & 0x08)
        self.key(14, DRUM_KEY, keys & 0x04)
        self.key(17, DRUM_KEY, keys & 0x02)
        self.key(13, DRUM_KEY, keys & 0x01)

    @hot
    def key(self, number: u8, holder: u8, on: u8) -> None:
        """Press or let go an operator's key."""
        i: u8 = number & 63
        before: u8 = self.held[i]
        after: u8 = before | holder if on != 0 else u8(before & ~holder)
        self.held[i] = after
        if before == 0 and after != 0:
            self.phase[i] = 0
            self.active = 1
            self.stage[i] = ATTACK
            if self.attack[i] >= 60:
                self.envelope[i] = 0
                self.stage[i] = DECAY
        elif before != 0 and after == 0 and self.stage[i] != OFF:
            self.stage[i] = RELEASE


@hot
def scaled(rate: u8, scale: u8) -> u8:
    """A rate of a register with key scaling, 0 to 63."""
    if rate == 0:
        return 0
    total: u16 = rate * 4 + scale
    return u8(total) if total < 63 else 63
