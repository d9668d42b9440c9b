"""Creative CT1745 mixer of the Sound Blaster 16: levels, and the card's interrupt and DMA lines.

Creative, "Sound Blaster Series Hardware Programming Guide", chapter 4.
"""
from emu.bus.component import Component, hot
from emu.bus.types import Array, Const, Derived, Wire, i32, i64, u8, u16, u32, u64

# Registers
M_RESET = 0x00
M_MASTER, M_VOICE, M_FM, M_CD, M_LINE, M_MIC, M_SPEAKER = 0x30, 0x32, 0x34, 0x36, 0x38, 0x3A, 0x3B
M_OUTPUT, M_INPUT_LEFT, M_INPUT_RIGHT, M_GAIN_IN, M_GAIN_OUT, M_AGC, M_TREBLE, M_BASS = 0x3C, 0x3D, 0x3E, 0x3F, 0x41, 0x43, 0x44, 0x46
M_IRQ, M_DMA, M_STATUS, M_MPU = 0x80, 0x81, 0x82, 0x84
# Those of the Sound Blaster Pro, which show four bits of two of the others
P_VOICE, P_MIC, P_MASTER, P_FM, P_CD, P_LINE = 0x04, 0x0A, 0x22, 0x26, 0x28, 0x2E
PRO_PLACE = Const(u8, tuple({P_VOICE: M_VOICE, P_MASTER: M_MASTER, P_FM: M_FM, P_CD: M_CD, P_LINE: M_LINE}.get(n, 0)
                            for n in range(64)))

# The bits that each register from 30h to 47h has, and its value after a reset
BITS = Const(u8, (0xF8,) * 11 + (0xC0, 0x1F, 0x7F, 0x7F, 0xC0, 0xC0, 0xC0, 0xC0, 0x01, 0xF0, 0xF0, 0xF0, 0xF0) + (0,) * 8)
AFTER_RESET = Const(u8, (0xC0,) * 6 + (0,) * 6 + (0x1F, 0x15, 0x0B) + (0,) * 5 + (0x80,) * 4)
FIRST_LEVEL, LAST_LEVEL = 0x30, 0x47

# M_STATUS
S_8_BIT, S_16_BIT, S_MPU = 0x01, 0x02, 0x04
REVISION = 0x20                 # of a card with DSP 4.05
# M_IRQ: lines of its bits
LINE = Const(u8, (0, 9, 5, 0, 7, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0))
NO_LINE = 0
IRQ_5, DMA_1_AND_5 = 0x02, 0x22

GAIN_BITS = 15
GAIN = Const(u16, tuple(round((1 << GAIN_BITS) * 10 ** ((n - 31) / 10)) for n in range(32)))       # 2 dB a step
FM_GAIN = 1                     # the synthesiser is once more doubled before the mixer


class Sb16Mixer(Component):
    """Levels are applied to what the digital-to-analogue converter and the synthesiser give; all other inputs have no plug.  The tone
    controls are kept and do nothing."""

    mixer_index: u8
    mixer: Array(u8, 256)
    pending: u8                     # interrupts, as in M_STATUS
    line: u8                        # the interrupt line that is up, or NO_LINE
    voice_left: Derived(i32)        # present levels behind the mixer, while somebody listens
    voice_right: Derived(i32)
    fm_left: Derived(i32)
    fm_right: Derived(i32)

    irq: Wire(u8, u8)
    step: Wire(u64, i32, i32)

    def reset_mixer(self):
        """Power-on."""
        for n in range(256):
            self.mixer[n] = 0
        self.mixer_index = 0
        self.mixer[M_IRQ], self.mixer[M_DMA] = IRQ_5, DMA_1_AND_5
        self.default_levels()

    @hot
    def default_levels(self) -> None:
        """What a write to register 0 does."""
        for n in range(24):
            self.mixer[FIRST_LEVEL + n] = AFTER_RESET[n]

    # -- ports ---------------------------------------------------------------------------------------------------

    @hot
    def read_mixer_index(self, offset: u16) -> u8:
        """The index."""
        return self.mixer_index

    @hot
    def write_mixer_index(self, offset: u16, value: u8) -> None:
        """The index."""
        self.mixer_index = value

    @hot
    def read_mixer(self, offset: u16) -> u8:
        """The register at the index."""
        n: u8 = self.mixer_index
        if n == M_STATUS:
            return self.pending | REVISION
        if n == P_MIC:
            return self.mixer[M_MIC] >> 5
        if n < FIRST_LEVEL:
            place: u8 = PRO_PLACE[n & 63]
            if place == 0:
                return 0xFF
            return self.mixer[place] & 0xF0 | self.mixer[(place + 1) & 255] >> 4
        if n > LAST_LEVEL and n < M_IRQ:
            return 0xFF
        return self.mixer[n]

    def peek_mixer(self, offset):
        """What read_mixer returns."""
        return self.read_mixer(offset)

    @hot
    def write_mixer(self, offset: u16, value: u8) -> None:
        """The register at the index."""
        n: u8 = self.mixer_index
        if n == M_RESET:
            self.default_levels()
        elif n == P_MIC:
            self.mixer[M_MIC] = (value & 7) << 5
        elif n < FIRST_LEVEL:
            place: u8 = PRO_PLACE[n & 63]
            if place != 0:
                self.mixer[place] = value & 0xF0 | 8
                self.mixer[(place + 1) & 255] = (value & 0x0F) << 4 | 8
        elif n <= LAST_LEVEL:
            self.mixer[n] = value & BITS[n - FIRST_LEVEL & 31]
        elif n == M_IRQ:
            self.mixer[n] = value & 0x0F
            self.update_irq()
        elif n == M_DMA:
            self.mixer[n] = value & 0xEB
        elif n != M_STATUS and n >= M_IRQ:
            self.mixer[n] = value

    # -- interrupts ----------------------------------------------------------------------------------------------

    @hot
    def update_irq(self) -> None:
        """Drive the line that is chosen."""
        wanted: u8 = NO_LINE
        if self.pending != 0:
            wanted = LINE[self.mixer[M_IRQ] & 15]
        if wanted == self.line:
            return
        before: u8 = self.line
        self.line = wanted
        if before != NO_LINE:
            self.irq(before, 0)
        if wanted != NO_LINE:
            self.irq(wanted, 1)

    @hot
    def raise_irq(self, what: u8) -> None:
        """An interrupt, as in M_STATUS."""
        self.pending |= what
        self.update_irq()

    @hot
    def clear_irq(self, what: u8) -> None:
        """It was acknowledged."""
        self.pending = u8(self.pending & ~what)
        self.update_irq()

    # -- levels --------------------------------------------------------------------------------------------------

    @hot
    def amplified(self, sample: i32, source: u8, side: u8) -> i32:
        """A sample of a source (M_VOICE, M_FM) behind the mixer, 16 bits."""
        n: u8 = side & 1
        own: u16 = GAIN[self.mixer[(source + n) & 255] >> 3]
        master: u16 = GAIN[self.mixer[M_MASTER + n] >> 3]
        gain: u32 = u32((own * master >> GAIN_BITS) << (self.mixer[M_GAIN_OUT + n] >> 6 & 3))
        loud: i64 = sample * i32(gain) >> GAIN_BITS - 1         # the card's amplifier doubles
        if loud > 32767:
            return 32767
        if loud < -32768:
            return i32(-32768)
        return i32(loud)

    @hot
    def show_voice(self, at: u64, left: i32, right: i32) -> None:
        """The converter's level from a time on."""
        new_left: i32 = self.amplified(left, M_VOICE, 0)
        new_right: i32 = self.amplified(right, M_VOICE, 1)
        if new_left != self.voice_left or new_right != self.voice_right:
            self.step(at, i32(new_left - self.voice_left), i32(new_right - self.voice_right))
            self.voice_left = new_left
            self.voice_right = new_right

    @hot
    def show_fm(self, at: u64, left: i32, right: i32) -> None:
        """The synthesiser's level from a time on."""
        new_left: i32 = self.amplified(i32(left << FM_GAIN), M_FM, 0)
        new_right: i32 = self.amplified(i32(right << FM_GAIN), M_FM, 1)
        if new_left != self.fm_left or new_right != self.fm_right:
            self.step(at, i32(new_left - self.fm_left), i32(new_right - self.fm_right))
            self.fm_left = new_left
            self.fm_right = new_right
