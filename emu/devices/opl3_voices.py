"""Yamaha YMF262 (OPL3): its 36 operators, sample by sample.

Data sheet: YMF262.  A sample takes 288 periods of 14.31818 MHz, which is 24 of the 8254's clock.
"""
from emu.bus.component import Component, hot
from emu.bus.types import Array, Derived, Wire, i32, u8, u16, u32, u64

from .opl3_tables import ENVELOPE_STEPS, EXPONENT, LOG_SINE, MULTIPLE
from .pit import clocks, first_ns

CLOCKS_A_SAMPLE = 24

# Stages of an envelope
ATTACK, DECAY, SUSTAIN, RELEASE, OFF = range(5)
SILENT = 511                    # attenuation in steps of 0.1875 dB

# How the operators of a channel are joined.  A channel's number is its place in the two banks: 0 to 8 and 9 to 17
FM, BOTH, FOUR_FM, FOUR_FM_PAIRS, FOUR_SINGLE_CHAIN, FOUR_SINGLES, PARTNER, BASS_DRUM, HAT_AND_SNARE, TOM_AND_CYMBAL = range(10)

# Register 20h to 35h
AM, VIBRATO, SUSTAINED, KEY_RATE = 0x80, 0x40, 0x20, 0x10
LEFT, RIGHT = 1, 2


class Opl3Voices(Component):
    """Operators and channels; the registers are in opl3.py, which prepares what is needed here."""

    registers: Array(u8, 512)
    phase: Array(u32, 64)       # operators: 19 bits
    increment: Array(u32, 64)
    envelope: Array(u16, 64)
    stage: Array(u8, 64)
    level: Array(u16, 64)       # total level and key scaling
    attack: Array(u8, 64)       # rates, 0 to 63, with key scaling
    decay: Array(u8, 64)
    release: Array(u8, 64)
    sustain: Array(u16, 64)
    modes: Array(u8, 64)        # AM, VIBRATO, SUSTAINED
    waveform: Array(u8, 64)
    output: Array(i32, 64)      # the last two samples, for feedback
    before: Array(i32, 64)
    frequency: Array(u16, 64)   # F-number and block of each operator, for vibrato
    octave: Array(u8, 64)
    multiple: Array(u8, 64)
    joined: Array(u8, 32)       # channels
    first: Array(u8, 32)        # operator
    feedback: Array(u8, 32)
    sides: Array(u8, 32)
    tremolo: u16
    vibrato: u8
    deep_vibrato: u8
    deep_tremolo: u8
    noise: u32
    active: u8                  # a channel may be heard
    listening: Derived(bool)
    heard: Derived(u64)         # samples since power-on that are done
    sum_left: Derived(i32)
    sum_right: Derived(i32)

    now: Wire(ret=u64)
    sync: Wire()
    show: Wire(u64, i32, i32)   # the level from a time on

    # -- an operator ---------------------------------------------------------------------------------------------

    @hot
    def wave(self, n: u8, place: u32) -> i32:
        """An operator's sample at a place in its period (10 bits), 13 bits signed."""
        i: u8 = n & 63
        faint: u16 = (self.envelope[i] & 511) + (self.level[i] & 511)
        if self.modes[i] & AM != 0:
            faint = u16(faint + self.tremolo)
        if faint >= 384:
            return 0
        p: u32 = place & 1023
        form: u8 = self.waveform[i]
        upper: bool = p & 512 != 0
        negative: bool = upper
        loss: u16 = 0
        if form < 3:
            if form == 1 and upper:
                return 0
            if form == 2:
                negative = False
            loss = LOG_SINE[(p ^ 255) & 255 if p & 256 != 0 else p & 255]
        elif form == 3:
            if p & 256 != 0:
                return 0
            negative = False
            loss = LOG_SINE[p & 255]
        elif form < 6:
            if upper:
                return 0
            negative = form == 4 and p & 256 != 0
            loss = LOG_SINE[((p ^ 255) << 1) & 255 if p & 128 != 0 else (p << 1) & 255]
        elif form == 7:
            ramp: u32 = (p ^ 511) & 511 if upper else p & 511
            loss = u16(ramp << 3)
        total: u16 = u16(loss + (faint << 3))
        size: i32 = i32((EXPONENT[total & 255] << 1) >> (total >> 8 & 31))
        return i32(-size) if negative else size

    @hot
    def advance(self, n: u8) -> None:
        """The next sample's phase and envelope."""
        i: u8 = n & 63
        if self.modes[i] & VIBRATO != 0:
            self.phase[i] = u32(self.phase[i] + self.swaying(i)) & 0x7FFFF
        else:
            self.phase[i] = u32(self.phase[i] + self.increment[i]) & 0x7FFFF
        stage: u8 = self.stage[i]
        if stage == OFF:
            return
        rate: u8 = self.release[i]
        if stage == ATTACK:
            rate = self.attack[i]
        elif stage == DECAY:
            rate = self.decay[i]
        elif stage == SUSTAIN and self.modes[i] & SUSTAINED != 0:
            return
        step: u8 = self.envelope_step(rate)
        if step == 0:
            return
        now: u16 = self.envelope[i]
        if stage == ATTACK:
            less: u32 = ((now + 1) * step + 7) >> 3
            if less >= now:
                self.envelope[i] = 0
                self.stage[i] = DECAY
            else:
                self.envelope[i] = u16(now - less)
            return
        now = u16(now + step)
        if stage == DECAY and now >= self.sustain[i]:
            self.stage[i] = SUSTAIN
        if now >= SILENT:
            now = SILENT
            self.stage[i] = OFF
        self.envelope[i] = now

    @hot
    def envelope_step(self, rate: u8) -> u8:
        """What the envelope moves by at this sample."""
        if rate < 4:
            return 0
        turn: u64 = self.heard
        row: u8 = rate & 3
        high: u8 = rate >> 2 & 15
        if high < 12:
            shift: u8 = u8(12 - high) & 15
            if turn & ((1 << shift) - 1) & 0xFFFF != 0:
                return 0
            turn = turn >> shift
        else:
            row = u8(row + 4 * (high - 12)) & 15
        return ENVELOPE_STEPS[(row & 15) << 3 | turn & 7]

    @hot
    def swaying(self, n: u8) -> u32:
        """The phase increment with vibrato."""
        i: u8 = n & 63
        number: u16 = self.frequency[i] & 1023
        range_: u16 = number >> 7
        turn: u8 = self.vibrato
        if turn & 3 == 0:
            range_ = 0
        elif turn & 1 != 0:
            range_ = range_ >> 1
        if self.deep_vibrato == 0:
            range_ = range_ >> 1
        swayed: u32 = u32(number - range_) if turn & 4 != 0 else number + range_
        return u32(((swayed & 2047) << (self.octave[i] & 7) >> 1) * MULTIPLE[self.multiple[i] & 15] >> 1)

    @hot
    def operate(self, n: u8, modulation: i32) -> i32:
        """An operator's sample, and on to the next."""
        i: u8 = n & 63
        value: i32 = self.wave(i, u32(i32(self.phase[i] >> 9) + modulation))
        self.advance(i)
        return value

    @hot
    def operate_first(self, c: u8) -> i32:
        """The first operator of a channel, which modulates itself."""
        i: u8 = self.first[c & 31] & 63
        back: i32 = 0
        amount: u8 = self.feedback[c & 31] & 7
        if amount != 0:
            back = i32((self.output[i] + self.before[i]) >> (u8(9 - amount) & 15))
        value: i32 = self.operate(i, back)
        self.before[i] = self.output[i]
        self.output[i] = value
        return value

    # -- channels ------------------------------------------------------------------------------------------------

    @hot
    def heard_of(self, n: u8) -> bool:
        """May an operator be heard, now or later, if its output is?"""
        i: u8 = n & 63
        waits: bool = self.stage[i] == ATTACK and self.envelope[i] == SILENT and self.attack[i] < 4
        return self.stage[i] != OFF and not waits

    @hot
    def audible(self, c: u8) -> bool:
        """May a channel be heard?  Operators that only modulate do not count."""
        i: u8 = self.first[c & 31] & 63
        how: u8 = self.joined[c & 31]
        if how == PARTNER:
            return False
        if how == FM or how == BASS_DRUM:
            return self.heard_of(i + 3 & 63)
        if how == HAT_AND_SNARE or how == TOM_AND_CYMBAL or how == BOTH:
            return self.heard_of(i) or self.heard_of(i + 3 & 63)
        if self.heard_of(i + 9 & 63):
            return True
        if how == FOUR_FM_PAIRS:
            return self.heard_of(i + 3 & 63)
        if how == FOUR_SINGLES and self.heard_of(i + 6 & 63):
            return True
        return how != FOUR_FM and self.heard_of(i)

    @hot
    def channel(self, c: u8) -> i32:
        """A sample of a channel of two operators."""
        i: u8 = self.first[c & 31] & 63
        one: i32 = self.operate_first(c)
        if self.joined[c & 31] == BOTH:
            two: i32 = self.operate((i + 3) & 63, 0)
            return i32(one + two)
        three: i32 = self.operate((i + 3) & 63, one)
        return three

    @hot
    def channel_of_four(self, c: u8) -> i32:
        """A sample of a channel of four operators."""
        i: u8 = self.first[c & 31] & 63
        how: u8 = self.joined[c & 31]
        one: i32 = self.operate_first(c)
        single: bool = how == FOUR_SINGLE_CHAIN or how == FOUR_SINGLES
        two: i32 = self.operate((i + 3) & 63, 0 if single else one)
        three: i32 = self.operate((i + 6) & 63, 0 if how == FOUR_FM_PAIRS else two)
        four: i32 = self.operate((i + 9) & 63, 0 if how == FOUR_SINGLES else three)
        if how == FOUR_FM_PAIRS:
            return i32(two + four)
        if how == FOUR_SINGLE_CHAIN:
            return i32(one + four)
        if how == FOUR_SINGLES:
            return i32(one + three + four)
        return four

    @hot
    def bass_drum(self, c: u8) -> i32:
        """Channel 6 in rhythm mode: where it is not FM, the second operator alone."""
        i: u8 = self.first[c & 31] & 63
        one: i32 = self.operate_first(c)
        alone: bool = self.registers[0xC6] & 1 != 0
        two: i32 = self.operate((i + 3) & 63, 0 if alone else one)
        return i32(two << 1)

    @hot
    def metal(self) -> u32:
        """What hi-hat and cymbal make of the phases of operators 13 and 17."""
        hat: u32 = self.phase[13] >> 9
        cymbal: u32 = self.phase[17] >> 9
        return ((hat >> 2 ^ hat >> 7) | (hat >> 3 ^ cymbal >> 5) | (cymbal >> 3 ^ cymbal >> 5)) & 1

    @hot
    def hat_and_snare(self) -> i32:
        """Channel 7 in rhythm mode."""
        metal: u32 = self.metal()
        noise: u32 = self.noise & 1
        place: u32 = (metal & 1) << 9 | (0xD0 if metal != noise else 0x34)
        hat: i32 = self.wave(13, place)
        bit: u32 = self.phase[13] >> 17 & 1
        snare: i32 = self.wave(16, (bit & 1) << 9 | (bit ^ noise & 1) << 8 & 0x100)
        self.advance(13)
        self.advance(16)
        return i32((hat + snare) << 1)

    @hot
    def tom_and_cymbal(self) -> i32:
        """Channel 8 in rhythm mode."""
        tom: i32 = self.wave(14, self.phase[14] >> 9)
        metal: u32 = self.metal()
        cymbal: i32 = self.wave(17, (metal & 1) << 9 | 0x80)
        self.advance(14)
        self.advance(17)
        return i32((tom + cymbal) << 1)

    @hot
    def add(self, c: u8) -> None:
        """A channel's sample into the sums."""
        how: u8 = self.joined[c & 31]
        there: bool = self.audible(c)
        if not there:
            return
        value: i32 = 0
        if how == FM or how == BOTH:
            value = self.channel(c)
        elif how < PARTNER:
            value = self.channel_of_four(c)
        elif how == BASS_DRUM:
            value = self.bass_drum(c)
        elif how == HAT_AND_SNARE:
            value = self.hat_and_snare()
        else:
            value = self.tom_and_cymbal()
        if self.sides[c & 31] & LEFT != 0:
            self.sum_left = i32(self.sum_left + value)
        if self.sides[c & 31] & RIGHT != 0:
            self.sum_right = i32(self.sum_right + value)

    @hot
    def oscillate(self) -> None:
        """Tremolo (3.7 Hz, a triangle of 210 steps), vibrato (6.1 Hz, 8 steps) and noise."""
        turn: u64 = self.heard >> 6
        place: u16 = u16(turn % 210)
        if place >= 105:
            place = u16(210 - place)
        self.tremolo = place >> (2 if self.deep_tremolo != 0 else 4)
        self.vibrato = u8(self.heard >> 10) & 7
        self.noise = self.noise >> 1 | ((self.noise ^ self.noise >> 14) & 1) << 22

    @hot
    def sample(self, at: u64) -> None:
        """One sample of the whole chip."""
        self.oscillate()
        self.sum_left = 0
        self.sum_right = 0
        for c in range(18):
            self.add(c)
        self.show(at, self.sum_left, self.sum_right)

    @hot
    def look(self) -> None:
        """Is there a channel that may be heard?"""
        self.active = 0
        for c in range(18):
            there: bool = self.audible(c)
            if there:
                self.active = 1

    @hot
    def until(self, ns: u64) -> None:
        """Play up to a time."""
        if not self.listening:
            return
        end: u64 = clocks(ns) // CLOCKS_A_SAMPLE
        while self.heard < end:
            if self.heard & 63 == 0 and self.active != 0:
                self.look()
                if self.active == 0:
                    self.show(first_ns(u64(self.heard * CLOCKS_A_SAMPLE)), 0, 0)
            if self.active == 0:
                self.heard = end
                return
            self.sample(first_ns(u64(self.heard * CLOCKS_A_SAMPLE)))
            self.heard = u64(self.heard + 1)

    def start(self):
        """Begin, or go on after guest time was set."""
        self.heard = clocks(self.now()) // CLOCKS_A_SAMPLE
        self.listening = True
