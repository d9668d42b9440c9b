"""The analogue end of the machine's sound: what the speaker and the sound card play, mixed and sampled at 48 kHz.

A source says when its level changes, to the ns of guest time; each change becomes a band-limited step, so that no edge needs
to fall on a sample.  Nothing here can be observed by the guest.
"""
from math import cos, pi, sin

from emu.bus.component import Component, Timer, cold, hot
from emu.bus.types import NEVER, Array, Const, Derived, Wire, i16, i32, u16, u32, u64

RATE = 48_000
BLOCK = 480                     # samples
BLOCK_NS = 10_000_000
ROOM = 1024                     # for two blocks and the end of a step
GAP_NS = 2_000_000_000          # of host time that passed unseen: silence from then on
TAIL_BLOCKS = 100               # silent blocks that are still played, so that a player need not stop in every pause
AHEAD_NS = 20_000_000           # after the block's start: as late as a step may come

# Band-limited impulses: 32 positions between two samples, 16 samples each
PHASES, TAPS = 32, 16
KERNEL_BITS = 13                # the sum of each is 1 << KERNEL_BITS
CUTOFF = 0.86                   # of half the rate
# High passes, at RATE / (2 pi << n) Hz
LEAK = 10                       # of a coupling capacitor: 7.5 Hz
SPEAKER_LEAK = 6                # of a small loudspeaker: 119 Hz


def _impulse(t):
    """A windowed sine of TAPS - 1 samples (Blackman)."""
    x = t / (TAPS - 1)
    if abs(x) >= 0.5:
        return 0.0
    window = 0.42 + 0.5 * cos(2 * pi * x) + 0.08 * cos(4 * pi * x)
    return (sin(pi * CUTOFF * t) / (pi * t) if t else CUTOFF) * window


def _kernels():
    """What the step's samples differ by: the impulse, a sample's length of it at a time.  All have exactly the same sum, or levels
    would drift."""
    fine = 4 * PHASES
    places = range(-TAPS * fine, TAPS * fine + 1)
    total, sums = 0.0, {}
    for n in places:
        sums[n] = total
        total += _impulse((n + 0.5) / fine)
    out = []
    for phase in range(PHASES):
        starts = [(tap - (TAPS // 2 - 1)) * fine - 4 * phase - fine // 2 for tap in range(TAPS)]
        row = [sums[n + fine] - sums[n] for n in starts]
        scaled = [round(v * (1 << KERNEL_BITS) / sum(row)) for v in row]
        scaled[TAPS // 2 - 1 + (phase >= PHASES // 2)] += (1 << KERNEL_BITS) - sum(scaled)
        out += scaled
    return tuple(out)


KERNEL = Const(i16, _kernels())


class LineOut(Component):
    """Mixes what its sources step, in blocks at fixed guest times.

    ``sink`` has write(pcm), 16-bit stereo, and silence(blocks), which may come late; while there is none nothing is computed.
    """

    listening: Derived(bool)
    mix_at: Derived(u64)
    start: Derived(u64)                     # guest time of the block's first sample
    left: Derived(Array(i32, ROOM))         # impulses from there on
    right: Derived(Array(i32, ROOM))
    centre: Derived(Array(i32, ROOM))       # those of the speaker
    level_left: Derived(i32)
    level_right: Derived(i32)
    level_centre: Derived(i32)
    touched: Derived(u16)                   # samples after the start that a step has reached
    mixing: Derived(bool)
    quiet: Derived(u64)                     # silent blocks since the last one that was not
    pcm: Derived(Array(i16, 1024))

    now: Wire(ret=u64)
    speaker_until: Wire(u64)                # bring a source's steps up to a time
    fm_until: Wire(u64)

    timers = (Timer("mix_at", "mix"),)

    sink = None

    def reset(self):
        """The machine's reset does not reach the host's end."""
        if not self.listening:
            self.mix_at = NEVER

    def listen(self, sink):
        """Start to play, from the present guest time on."""
        self.sink = sink
        self.listening = True
        self.settle()

    def settle(self):
        """Go on from the present guest time (after it was set)."""
        if self.listening:
            self.begin(self.now())

    def finish(self):
        """Play what has happened up to now."""
        if self.listening:
            self.mix()
            if self.quiet > TAIL_BLOCKS:
                self.sink.silence(self.quiet - TAIL_BLOCKS)
                self.quiet = TAIL_BLOCKS

    def mute(self):
        """Nobody listens any more."""
        self.listening = False
        self.sink = None

    @hot
    def begin(self, now: u64) -> None:
        """An empty block that contains a time."""
        self.start = u64(now - now % BLOCK_NS)
        self.mix_at = u64(self.start + BLOCK_NS)
        for i in range(ROOM):
            self.left[i] = 0
            self.right[i] = 0
            self.centre[i] = 0
        self.touched = 0

    # -- what sources call ---------------------------------------------------------------------------------------

    @hot
    def sync(self) -> None:
        """Before a source steps at the present time: blocks that are over are done (guest time may have leapt)."""
        now: u64 = self.now()
        if now >= self.mix_at and not self.mixing:
            self.mix()

    @hot
    def place(self, at: u64) -> u16:
        """Where a time falls in the block, in 32nds of a sample."""
        ahead: u64 = 0
        if at > self.start:
            ahead = u64(at - self.start)
            if ahead > AHEAD_NS:
                ahead = AHEAD_NS
        place: u16 = u16(u32(ahead) * 192 // 125_000)
        if (place >> 5) + TAPS > self.touched:
            self.touched = (place >> 5) + TAPS
        return place

    @hot
    def step(self, at: u64, left: i32, right: i32) -> None:
        """The level of the card changes by so much, 17 bits at most, at a time."""
        place: u16 = self.place(at)
        row: u16 = (place & (PHASES - 1)) << 4
        first: u16 = place >> 5
        for i in range(TAPS):
            self.left[(first + i) & 1023] = i32(self.left[(first + i) & 1023] + left * KERNEL[row | i])
            self.right[(first + i) & 1023] = i32(self.right[(first + i) & 1023] + right * KERNEL[row | i])

    @hot
    def step_speaker(self, at: u64, change: i32) -> None:
        """The same for the PC speaker."""
        place: u16 = self.place(at)
        row: u16 = (place & (PHASES - 1)) << 4
        first: u16 = place >> 5
        for i in range(TAPS):
            self.centre[(first + i) & 1023] = i32(self.centre[(first + i) & 1023] + change * KERNEL[row | i])

    # -- blocks --------------------------------------------------------------------------------------------------

    @hot
    def mix(self) -> None:
        """Do all blocks that are over."""
        if not self.listening:
            self.mix_at = NEVER
            return
        now: u64 = self.now()
        if now > self.mix_at and u64(now - self.mix_at) > GAP_NS:
            lost: u64 = u64(now - self.start) // BLOCK_NS
            self.begin(now)
            self.quiet = u64(self.quiet + lost)
        self.mixing = True
        while now >= self.mix_at:
            until: u64 = self.mix_at
            self.speaker_until(until)
            self.fm_until(until)
            self.block()
            self.start = until
            self.mix_at = u64(until + BLOCK_NS)
        self.mixing = False

    @hot
    def block(self) -> None:
        """One block: add the impulses up, leak, and hand it on."""
        loud: i32 = (self.level_left >> KERNEL_BITS) | (self.level_right >> KERNEL_BITS) | (self.level_centre >> KERNEL_BITS)
        if self.touched == 0 and loud == 0:
            self.level_left = 0
            self.level_right = 0
            self.level_centre = 0
            self.quiet = u64(self.quiet + 1)
            if self.quiet <= TAIL_BLOCKS:
                for i in range(2 * BLOCK):
                    self.pcm[i] = 0
                self.output()
            return
        if self.quiet > TAIL_BLOCKS:
            self.silence(u64(self.quiet - TAIL_BLOCKS))
        self.quiet = 0
        for i in range(BLOCK):
            self.level_left = i32(self.level_left - (self.level_left >> LEAK) + self.left[i])
            self.level_right = i32(self.level_right - (self.level_right >> LEAK) + self.right[i])
            self.level_centre = i32(self.level_centre - (self.level_centre >> SPEAKER_LEAK) + self.centre[i])
            centre: i32 = self.level_centre >> KERNEL_BITS
            self.pcm[2 * i] = clipped(i32((self.level_left >> KERNEL_BITS) + centre))
            self.pcm[2 * i + 1] = clipped(i32((self.level_right >> KERNEL_BITS) + centre))
        for i in range(ROOM - BLOCK):
            self.left[i] = self.left[i + BLOCK]
            self.right[i] = self.right[i + BLOCK]
            self.centre[i] = self.centre[i + BLOCK]
        for i in range(ROOM - BLOCK, ROOM):
            self.left[i] = 0
            self.right[i] = 0
            self.centre[i] = 0
        self.touched = u16(self.touched - BLOCK) if self.touched > BLOCK else 0
        self.output()

    @cold
    def output(self) -> None:
        """A block is complete."""
        if self.sink is not None:
            self.sink.write(memoryview(self.pcm)[:2 * BLOCK].tobytes())

    @cold
    def silence(self, blocks: u64) -> None:
        """Nothing was to be heard for so long."""
        if self.sink is not None:
            self.sink.silence(blocks)


@hot
def clipped(level: i32) -> i16:
    """A level within 16 bits."""
    if level > 32767:
        return 32767
    if level < -32768:
        return i16(-32768)
    return i16(level)
