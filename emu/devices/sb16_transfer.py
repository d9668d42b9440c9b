"""Sound Blaster 16: samples by DMA, out to the converter or in from an input that is silent.

Creative, "Sound Blaster Series Hardware Programming Guide", chapters 3 and 6.
"""
from emu.bus.component import Struct, hot
from emu.bus.types import NEVER, Array, Const, Derived, Wire, i16, i32, u8, u16, u32, u64

from .sb16_mixer import M_DMA, S_8_BIT, S_16_BIT, Sb16Mixer

SECOND_NS = 1_000_000_000
SLOWEST, FASTEST = 4000, 48_000         # frames a second
AT_ONCE = 1000                          # a part of a second: how often the chip looks after a transfer ...
DELAY_NS = 2_000_000                    # ... and so how late samples are heard: whether somebody listens must not move a DMA cycle
SMOOTH_BELOW = 24_000                   # slower samples are interpolated, as by the card's filter ...
SMOOTH_BITS = 2                         # ... in so many steps
SMOOTH = 1 << SMOOTH_BITS
NO_CHANNEL = 7

EIGHT, SIXTEEN = 0, 1                   # the two transfers, by the commands that start them
MODE_SIGNED, MODE_STEREO = 0x10, 0x20

# ADPCM: by bits a sample (2, 3: "2.6", 4)
ADPCM_STEPS = Const(u8, (0, 1, 2, 4, 8, 16, 0, 0,   0, 1, 2, 4, 5, 0, 0, 0,   0, 1, 2, 4, 0, 0, 0, 0))
ADPCM_LAST = Const(u8, (5, 4, 3, 0))    # the largest step


class Transfer(Struct):
    """One of the two: 8-bit and 16-bit commands."""

    active: u8
    paused: u8
    auto: u8                            # begins anew at the end of a block
    ending: u8                          # ... but not this time
    recording: u8
    signed: u8
    stereo: u8
    adpcm: u8                           # bits of a packed sample, or 0
    reference: u8                       # the next byte is a reference
    block: u32                          # units
    left: u32
    start: u64                          # frame n is due num * (n + 1) / den ns after it
    done: u32
    num: u32
    den: u32


class Sb16Transfer(Sb16Mixer):
    """The transfers; commands are in sb16.py."""

    transfers: Array(Transfer, 2)
    at8: u64                            # when each is looked after again
    at16: u64
    rate: u32                           # of output by command 41h, or 0: by the time constant
    rate_in: u32
    time_constant: u8
    adpcm_byte: u8
    adpcm_samples: u8                   # in it that are still to come
    adpcm_value: u8
    adpcm_step: u8
    unit: u16                           # the latest
    listening: Derived(bool)
    dac_left: Derived(i32)              # before interpolation
    dac_right: Derived(i32)

    now: Wire(ret=u64)
    sync: Wire()
    ready8: Wire(u8, ret=bool)
    take8: Wire(u8, ret=u16)
    give8: Wire(u8, u16)
    ready16: Wire(u8, ret=bool)
    take16: Wire(u8, ret=u16)
    give16: Wire(u8, u16)

    def start(self):
        """Somebody listens, or guest time was set."""
        self.listening = True

    # -- DMA -----------------------------------------------------------------------------------------------------

    @hot
    def channel8(self) -> u8:
        """The channel of bytes that register 81h chooses."""
        chosen: u8 = self.mixer[M_DMA]
        for n in range(4):
            if chosen >> n & 1 != 0:
                return n
        return NO_CHANNEL

    @hot
    def channel16(self) -> u8:
        """The channel of words, counted from that of the cascade; words may go by the channel of bytes instead."""
        chosen: u8 = self.mixer[M_DMA] >> 4
        for n in range(1, 4):
            if chosen >> n & 1 != 0:
                return n
        return NO_CHANNEL

    @hot
    def byte(self, recording: bool, value: u8) -> bool:
        """Move a byte, out into ``unit``.  False if the channel does not serve."""
        n: u8 = self.channel8()
        if n == NO_CHANNEL:
            return False
        ready: bool = self.ready8(n)
        if not ready:
            return False
        if recording:
            self.give8(n, value)
            return True
        self.unit = self.take8(n)
        return True

    @hot
    def word(self, recording: bool, value: u16) -> bool:
        """Move a word; by two bytes where no channel of words is chosen."""
        n: u8 = self.channel16()
        if n == NO_CHANNEL:
            moved: bool = self.byte(recording, u8(value))
            if not moved:
                return False
            low: u16 = self.unit & 0xFF
            more: bool = self.byte(recording, u8(value >> 8))
            self.unit = low | (self.unit & 0xFF) << 8
            return True
        ready: bool = self.ready16(n)
        if not ready:
            return False
        if recording:
            self.give16(n, value)
            return True
        self.unit = self.take16(n)
        return True

    @hot
    def move(self, which: u8) -> bool:
        """Move one unit of a transfer; at the end of a block, the interrupt."""
        e: u8 = which & 1
        recording: bool = self.transfers[e].recording != 0
        signed: bool = self.transfers[e].signed != 0
        if e == SIXTEEN:
            good: bool = self.word(recording, 0 if signed else 0x8000)
            if not good:
                return False
        else:
            fine: bool = self.byte(recording, 0 if signed else 0x80)
            if not fine:
                return False
        if self.transfers[e].left > 1:
            self.transfers[e].left = u32(self.transfers[e].left - 1)
            return True
        self.transfers[e].left = self.transfers[e].block
        if self.transfers[e].auto == 0 or self.transfers[e].ending != 0:
            self.transfers[e].active = 0
        self.raise_irq(S_16_BIT if e == SIXTEEN else S_8_BIT)
        return True

    @hot
    def sample(self, which: u8) -> i32:
        """The latest unit as a signed sample of 16 bits."""
        e: u8 = which & 1
        value: u16 = self.unit if e == SIXTEEN else (self.unit & 0xFF) << 8
        if self.transfers[e].signed == 0:
            value = value ^ 0x8000
        return i16(value)

    # -- ADPCM ---------------------------------------------------------------------------------------------------

    @hot
    def unpacked(self, bits: u8) -> None:
        """The next sample of the packed byte, into adpcm_value."""
        self.adpcm_samples = u8(self.adpcm_samples - 1)
        code: u8 = self.adpcm_byte >> 4
        if bits == 2:
            code = self.adpcm_byte >> 6
            self.adpcm_byte = u8(self.adpcm_byte << 2)
        elif bits == 3:
            code = self.adpcm_byte >> 5
            self.adpcm_byte = u8(self.adpcm_byte << 3)
        else:
            self.adpcm_byte = u8(self.adpcm_byte << 4)
        kind: u8 = u8(bits - 2) & 3
        size: u8 = code & (((1 << (bits - 1 & 3)) - 1) & 7)
        step: u8 = self.adpcm_step & 7
        delta: u16 = size
        if step != 0:
            delta = (2 * size + 1) * ADPCM_STEPS[(kind << 3 | step) % 24]
        value: u16 = self.adpcm_value
        if code >> (bits - 1 & 3) & 1 != 0:
            value = u16(value - delta) if value > delta else 0
        else:
            value = u16(value + delta)
            if value > 255:
                value = 255
        self.adpcm_value = u8(value)
        top: u8 = 5
        if bits == 2:
            top = 1
        elif bits == 3:
            top = 3
        if size >= top and step < ADPCM_LAST[kind]:
            self.adpcm_step = step + 1
        elif size == 0 and step > 0:
            self.adpcm_step = u8(step - 1)

    @hot
    def packed_frame(self, which: u8) -> bool:
        """The next sample of a packed transfer.  False if the channel does not serve."""
        e: u8 = which & 1
        bits: u8 = self.transfers[e].adpcm
        if self.transfers[e].reference != 0:
            moved: bool = self.move(e)
            if not moved:
                return False
            self.transfers[e].reference = 0
            self.adpcm_value = u8(self.unit)
            self.adpcm_step = 0
            return True
        if self.adpcm_samples == 0:
            got: bool = self.move(e)
            if not got:
                return False
            self.adpcm_byte = u8(self.unit)
            self.adpcm_samples = 2
            if bits == 2:
                self.adpcm_samples = 4
            elif bits == 3:
                self.adpcm_samples = 3
        self.unpacked(bits)
        return True

    # -- time ----------------------------------------------------------------------------------------------------

    @hot
    def due(self, which: u8, more: u32) -> u64:
        """When a frame is due, counted from the next one."""
        e: u8 = which & 1
        frames: u64 = u64(self.transfers[e].done) + more + 1
        den: u32 = self.transfers[e].den
        if den == 0:
            return NEVER
        return u64(self.transfers[e].start + (frames & 0xFFFFFFFF) * self.transfers[e].num // den)

    @hot
    def frame(self, which: u8, at: u64) -> bool:
        """Play or record one frame.  False if the channel does not serve."""
        e: u8 = which & 1
        left: i32 = 0
        right: i32 = 0
        if self.transfers[e].adpcm != 0:
            got: bool = self.packed_frame(e)
            if not got:
                return False
            left = i32((i32(self.adpcm_value) - 128) << 8)
            right = left
        else:
            first: bool = self.move(e)
            if not first:
                return False
            left = self.sample(e)
            right = left
            if self.transfers[e].stereo != 0 and self.transfers[e].active != 0:
                second: bool = self.move(e)
                right = self.sample(e)
        if self.listening and self.transfers[e].recording == 0:
            self.play(e, at, left, right)
        return True

    @hot
    def play(self, which: u8, at: u64, left: i32, right: i32) -> None:
        """A frame for the converter."""
        e: u8 = which & 1
        heard: u64 = u64(at + DELAY_NS)
        period: u64 = self.transfers[e].num
        if self.transfers[e].den > 1:
            period = period // self.transfers[e].den
        if period < SECOND_NS // SMOOTH_BELOW:
            self.show_voice(heard, left, right)
        else:
            left_step: i32 = i32(left - self.dac_left)
            right_step: i32 = i32(right - self.dac_right)
            for n in range(1, SMOOTH + 1):
                between_left: i32 = i32(self.dac_left + (left_step * i32(n) >> SMOOTH_BITS))
                between_right: i32 = i32(self.dac_right + (right_step * i32(n) >> SMOOTH_BITS))
                later: u64 = u32(period) * u32(n - 1) >> SMOOTH_BITS
                self.show_voice(u64(heard + later), between_left, between_right)
        self.dac_left = left
        self.dac_right = right

    @hot
    def run(self, which: u8, until: u64) -> None:
        """Do the frames that are due."""
        e: u8 = which & 1
        while self.transfers[e].active != 0 and self.transfers[e].paused == 0:
            at: u64 = self.due(e, 0)
            if at > until:
                break
            moved: bool = self.frame(e, at)
            if not moved:                       # its DMA request waits
                self.transfers[e].start = until
                self.transfers[e].done = 0
                break
            self.transfers[e].done = u32(self.transfers[e].done + 1)
            if self.transfers[e].done >= self.transfers[e].den:
                self.transfers[e].start = u64(self.transfers[e].start + self.transfers[e].num)
                self.transfers[e].done = 0
        self.schedule(e)

    @hot
    def schedule(self, which: u8) -> None:
        """When to look again: at the end of the block, or after a millisecond."""
        e: u8 = which & 1
        at: u64 = NEVER
        if self.transfers[e].active != 0 and self.transfers[e].paused == 0 and self.transfers[e].num != 0:
            frames: u32 = self.transfers[e].left
            if self.transfers[e].adpcm != 0:
                frames = 1
            elif self.transfers[e].stereo != 0:
                frames = u32((frames + 1) >> 1)
            most: u64 = SECOND_NS // AT_ONCE * self.transfers[e].den // self.transfers[e].num
            if frames > most:
                frames = u32(most)
            at = self.due(e, u32(frames - 1) if frames > 1 else 0)
        if e == SIXTEEN:
            self.at16 = at
        else:
            self.at8 = at

    @hot
    def expire(self) -> None:
        """A transfer goes on."""
        if self.listening:
            self.sync()
        now: u64 = self.now()
        self.catch_up(now)

    @hot
    def catch_up(self, now: u64) -> None:
        """Bring both transfers to a time."""
        if self.transfers[EIGHT].active != 0 and self.transfers[EIGHT].paused == 0:
            self.run(EIGHT, now)
        else:
            self.at8 = NEVER
        if self.transfers[SIXTEEN].active != 0 and self.transfers[SIXTEEN].paused == 0:
            self.run(SIXTEEN, now)
        else:
            self.at16 = NEVER

    @hot
    def follow(self) -> None:
        """A DMA controller's counters are looked at."""
        if self.transfers[EIGHT].active != 0 or self.transfers[SIXTEEN].active != 0:
            self.expire()

    # -- starting and stopping -----------------------------------------------------------------------------------

    @hot
    def set_pace(self, which: u8, rate: u32) -> None:
        """The time of a frame, by a rate or (0) by the time constant, which counts all channels' samples."""
        e: u8 = which & 1
        if rate != 0:
            den: u32 = rate
            if den < SLOWEST:
                den = SLOWEST
            if den > FASTEST:
                den = FASTEST
            self.transfers[e].num = SECOND_NS
            self.transfers[e].den = den
            return
        ns: u32 = (256 - self.time_constant & 0x1FF) * 1000
        if self.transfers[e].stereo != 0:
            ns = u32(ns * 2)
        if ns < SECOND_NS // FASTEST:
            ns = SECOND_NS // FASTEST
        self.transfers[e].num = ns
        self.transfers[e].den = 1

    @hot
    def begin(self, which: u8, mode: u8, recording: u8, auto: u8, units: u32) -> None:
        """Start a transfer, in place of the one that goes on."""
        e: u8 = which & 1
        self.transfers[e].signed = mode & MODE_SIGNED
        self.transfers[e].stereo = mode & MODE_STEREO
        self.transfers[e].recording = recording
        self.transfers[e].auto = auto
        self.transfers[e].ending = 0
        self.transfers[e].adpcm = 0
        self.transfers[e].reference = 0
        self.transfers[e].block = units
        self.transfers[e].left = units
        self.set_pace(e, self.rate_in if recording != 0 else self.rate)
        self.transfers[e].active = 1
        self.resume(e)

    @hot
    def begin_packed(self, bits: u8, reference: u8, auto: u8, units: u32) -> None:
        """Start a transfer of ADPCM."""
        self.begin(EIGHT, 0, 0, auto, units)
        self.transfers[EIGHT].adpcm = bits
        self.transfers[EIGHT].reference = reference
        self.adpcm_samples = 0
        self.schedule(EIGHT)

    @hot
    def resume(self, which: u8) -> None:
        """Go on from now."""
        e: u8 = which & 1
        self.transfers[e].paused = 0
        self.transfers[e].start = self.now()
        self.transfers[e].done = 0
        self.schedule(e)

    @hot
    def unpause(self, which: u8) -> None:
        """Go on after a pause."""
        if self.transfers[which & 1].paused != 0:
            self.resume(which)

    @hot
    def pause(self, which: u8) -> None:
        """Stop for the time being."""
        e: u8 = which & 1
        self.transfers[e].paused = 1
        self.schedule(e)

    @hot
    def end_automatic(self, which: u8) -> None:
        """The present block is the last one."""
        self.transfers[which & 1].ending = 1

    @hot
    def go_on_automatic(self, which: u8) -> None:
        """Blocks follow again."""
        e: u8 = which & 1
        self.transfers[e].auto = 1
        self.transfers[e].ending = 0
        self.unpause(e)
