"""Creative Sound Blaster 16 (CT1740 family), DSP 4.05: ports and commands.  Mixer, transfers and FM have files of their own.

Creative, "Sound Blaster Series Hardware Programming Guide".
"""
from emu.bus.component import Port, Timer, hot
from emu.bus.types import NEVER, Array, Const, Wire, i32, u8, u16, u32, u64

from .sb16_mixer import S_8_BIT, S_16_BIT
from .sb16_transfer import DELAY_NS, EIGHT, MODE_SIGNED, MODE_STEREO, SIXTEEN, Sb16Transfer

VERSION_MAJOR, VERSION_MINOR = 4, 5
READY = 0xAA                            # the answer to a reset
# Offsets from the DSP's first port, 226h
P_RESET, P_READ, P_WRITE, P_STATUS, P_ACKNOWLEDGE_16 = 0x0, 0x4, 0x6, 0x8, 0x9
DATA_THERE = 0x80                       # read-buffer status
FREE = 0x7F                             # write-buffer status: bit 7 is clear when it takes a byte
NO_COMMAND = 0
ANSWERS = 64

# Commands
DIRECT_OUT, OUT_8, OUT_8_OLD, ADPCM_2, ADPCM_2_REF, OUT_8_AUTO, ADPCM_2_AUTO = 0x10, 0x14, 0x15, 0x16, 0x17, 0x1C, 0x1F
DIRECT_IN, IN_8, IN_8_AUTO = 0x20, 0x24, 0x2C
MIDI_UART_FIRST, MIDI_UART_LAST, MIDI_WRITE = 0x34, 0x37, 0x38
TIME_CONSTANT, RATE_OUT, RATE_IN, GO_ON_AUTO_8, GO_ON_AUTO_16, BLOCK_SIZE = 0x40, 0x41, 0x42, 0x45, 0x47, 0x48
ADPCM_4, ADPCM_4_REF, ADPCM_3, ADPCM_3_REF, ADPCM_4_AUTO, ADPCM_3_AUTO = 0x74, 0x75, 0x76, 0x77, 0x7D, 0x7F
SILENCE = 0x80
FAST_OUT_AUTO, FAST_OUT, FAST_IN_AUTO, FAST_IN = 0x90, 0x91, 0x98, 0x99
PROGRAM_16, PROGRAM_8 = 0xB, 0xC        # upper halves
PROGRAM_IN, PROGRAM_AUTO = 0x08, 0x04
PAUSE_8, SPEAKER_ON, SPEAKER_OFF, RESUME_8, PAUSE_16, RESUME_16, SPEAKER_STATUS, EXIT_AUTO_16, EXIT_AUTO_8 = (
    0xD0, 0xD1, 0xD3, 0xD4, 0xD5, 0xD6, 0xD8, 0xD9, 0xDA)
IDENTIFY, VERSION, DMA_IDENTIFY, COPYRIGHT, TEST_WRITE, TEST_READ = 0xE0, 0xE1, 0xE2, 0xE3, 0xE4, 0xE8
IRQ_8, IRQ_16, UNKNOWN_0 = 0xF2, 0xF3, 0xF8
RAM_READ, RAM_WRITE, DSP_STATUS, AUXILIARY_STATUS, COMMAND_STATUS = 0xF9, 0xFA, 0xFB, 0xFC, 0xFD
ASP_SET, ASP_GET = 0x0E, 0x0F


def _arguments():
    """How many bytes follow each command."""
    known = dict.fromkeys((OUT_8, OUT_8_OLD, ADPCM_2, ADPCM_2_REF, IN_8, RATE_OUT, RATE_IN, BLOCK_SIZE, ADPCM_4, ADPCM_4_REF,
                           ADPCM_3, ADPCM_3_REF, SILENCE, RAM_WRITE, ASP_SET, 0x05), 2)
    known |= dict.fromkeys((DIRECT_OUT, MIDI_WRITE, TIME_CONSTANT, IDENTIFY, DMA_IDENTIFY, TEST_WRITE, RAM_READ, ASP_GET, 0x04, 0x08), 1)
    return tuple(3 if n >> 4 in (PROGRAM_16, PROGRAM_8) else known.get(n, 0) for n in range(256))


ARGUMENTS = Const(u8, _arguments())
COPYRIGHT_TEXT = Const(u8, tuple(b"COPYRIGHT (C) CREATIVE TECHNOLOGY LTD, 1992.\0"))
COPYRIGHT_LENGTH = len(COPYRIGHT_TEXT)


class Sb16(Sb16Transfer):
    """The card's DSP.  A command is done when its last byte comes."""

    reset_line: u8
    command: u8
    missing: u8                         # bytes of it that are still to come
    given: u8
    arguments: Array(u8, 4)
    answers: Array(u8, 64)
    answer_head: u8
    answer_count: u8
    answered: u8                        # the latest, which stays on the port
    uart: u8                            # everything written is MIDI
    speaker: u8
    block_size: u32                     # command 48h
    test: u8
    identity: u8                        # what command E2h adds up, and with what
    identity_key: u8
    ram: Array(u8, 256)
    asp: Array(u8, 256)
    silence_at: u64

    midi: Wire(u8)

    mixer_ports = (Port(0, 1, "read_mixer_index", "write_mixer_index", text="mixer index"),
                   Port(1, 1, "read_mixer", "write_mixer", text="mixer data"))
    dsp_ports = (Port(0, 2, "read_dsp", "write_dsp", text="DSP reset"),
                 Port(4, 6, "read_dsp", "write_dsp", text="DSP data, commands, status, acknowledgement"))
    timers = (Timer("at8", "expire"), Timer("at16", "expire"), Timer("silence_at", "end_silence"))

    def reset(self):
        """Hardware reset."""
        self.reset_line = self.uart = self.pending = self.line = 0
        self.reset_mixer()
        self.rate = self.rate_in = 0
        self.time_constant = 0
        self.reset_dsp()
        self.answer_count = 0

    @hot
    def reset_dsp(self) -> None:
        """What the DSP's reset line does: everything stops."""
        self.transfers[EIGHT].active = 0
        self.transfers[SIXTEEN].active = 0
        self.at8 = NEVER
        self.at16 = NEVER
        self.silence_at = NEVER
        self.missing = 0
        self.command = NO_COMMAND
        self.speaker = 0
        self.uart = 0
        self.block_size = 0x800
        self.identity = 0xAA
        self.identity_key = 0x96
        self.adpcm_samples = 0
        self.answer_head = 0
        self.answer_count = 0
        self.clear_irq(S_8_BIT | S_16_BIT)
        self.answer(READY)

    # -- ports ---------------------------------------------------------------------------------------------------

    @hot
    def answer(self, value: u8) -> None:
        """A byte for the guest to read."""
        if self.answer_count < ANSWERS:
            self.answers[(self.answer_head + self.answer_count) & 63] = value
            self.answer_count = u8(self.answer_count + 1)

    @hot
    def read_dsp(self, offset: u16) -> u8:
        """Answers, whether there is one (which acknowledges the 8-bit interrupt), whether a command may be written."""
        if offset == P_READ:
            if self.answer_count != 0:
                self.answered = self.answers[self.answer_head & 63]
                self.answer_head = (self.answer_head + 1) & 63
                self.answer_count = u8(self.answer_count - 1)
            return self.answered
        if offset == P_WRITE:
            return FREE
        if offset == P_STATUS:
            self.clear_irq(S_8_BIT)
            return 0x7F | DATA_THERE if self.answer_count != 0 else 0x7F
        if offset == P_ACKNOWLEDGE_16:
            self.clear_irq(S_16_BIT)
        return 0xFF

    def peek_dsp(self, offset):
        """What read_dsp returns, without its effects."""
        if offset == P_READ:
            return self.answers[self.answer_head] if self.answer_count else self.answered
        return {P_WRITE: FREE, P_STATUS: 0x7F | (DATA_THERE if self.answer_count else 0)}.get(offset, 0xFF)

    @hot
    def write_dsp(self, offset: u16, value: u8) -> None:
        """The reset line (bit 0: it works when it falls), commands and what follows them."""
        if offset == P_RESET:
            if value & 1 == 0 and self.reset_line != 0:
                self.reset_dsp()
            self.reset_line = value & 1
        elif offset == P_WRITE:
            if self.listening:
                self.sync()
            now: u64 = self.now()
            self.catch_up(now)
            self.take_byte(value)

    @hot
    def take_byte(self, value: u8) -> None:
        """A byte of a command."""
        if self.uart != 0:
            self.midi(value)
            return
        if self.missing == 0:
            self.command = value
            self.given = 0
            self.missing = ARGUMENTS[value]
        else:
            self.arguments[self.given & 3] = value
            self.given = u8(self.given + 1)
            self.missing = u8(self.missing - 1)
        if self.missing == 0:
            self.execute(self.command)

    # -- commands ------------------------------------------------------------------------------------------------

    @hot
    def execute(self, command: u8) -> None:
        """Do a command."""
        family: u8 = command >> 4
        if family == PROGRAM_16 or family == PROGRAM_8:
            self.program(command)
        elif family < 4 or family >= 7 and family <= 9:
            self.transfer(command)
        elif family == 0xD:
            self.control(command)
        elif family == 4:
            self.set_up(command)
        elif family >= 0xE:
            self.examine(command)

    @hot
    def length(self, at: u8) -> u32:
        """A length that follows a command, which is given less one."""
        return (self.arguments[at & 3] | self.arguments[(at + 1) & 3] << 8) + 1

    @hot
    def program(self, command: u8) -> None:
        """Bxh and Cxh: 16 or 8 bits, in or out, once or automatic, signed or not, mono or stereo."""
        mode: u8 = self.arguments[0] & (MODE_SIGNED | MODE_STEREO)
        units: u32 = self.length(1)
        which: u8 = SIXTEEN if command >> 4 == PROGRAM_16 else EIGHT
        self.begin(which, mode, command & PROGRAM_IN, command & PROGRAM_AUTO, units)

    @hot
    def transfer(self, command: u8) -> None:
        """The older commands: 8 bits, mono, unsigned; ADPCM; direct samples, MIDI and silence."""
        units: u32 = self.length(0)
        if command == DIRECT_OUT:
            self.direct(self.arguments[0])
        elif command == OUT_8 or command == OUT_8_OLD:
            self.begin(EIGHT, 0, 0, 0, units)
        elif command == FAST_OUT:
            self.begin(EIGHT, 0, 0, 0, self.block_size)
        elif command == OUT_8_AUTO or command == FAST_OUT_AUTO:
            self.begin(EIGHT, 0, 0, 1, self.block_size)
        elif command == DIRECT_IN:
            self.answer(0x80)
        elif command == IN_8:
            self.begin(EIGHT, 0, 1, 0, units)
        elif command == FAST_IN:
            self.begin(EIGHT, 0, 1, 0, self.block_size)
        elif command == IN_8_AUTO or command == FAST_IN_AUTO:
            self.begin(EIGHT, 0, 1, 1, self.block_size)
        elif command == ADPCM_2 or command == ADPCM_2_REF:
            self.begin_packed(2, command & 1, 0, units)
        elif command == ADPCM_3 or command == ADPCM_3_REF:
            self.begin_packed(3, command & 1, 0, units)
        elif command == ADPCM_4 or command == ADPCM_4_REF:
            self.begin_packed(4, command & 1, 0, units)
        elif command == ADPCM_2_AUTO:
            self.begin_packed(2, 1, 1, self.block_size)
        elif command == ADPCM_3_AUTO:
            self.begin_packed(3, 1, 1, self.block_size)
        elif command == ADPCM_4_AUTO:
            self.begin_packed(4, 1, 1, self.block_size)
        elif command == SILENCE:
            self.begin_silence(units)
        elif command == MIDI_WRITE:
            self.midi(self.arguments[0])
        elif command >= MIDI_UART_FIRST and command <= MIDI_UART_LAST:
            self.uart = 1
        elif command == ASP_SET:
            self.asp[self.arguments[0]] = self.arguments[1]
        elif command == ASP_GET:
            self.answer(self.asp[self.arguments[0]])

    @hot
    def direct(self, value: u8) -> None:
        """A sample straight to the converter."""
        if self.listening:
            now: u64 = self.now()
            level: i32 = i32((i32(value) - 128) << 8)
            self.show_voice(u64(now + DELAY_NS), level, level)
            self.dac_left = level
            self.dac_right = level

    @hot
    def begin_silence(self, units: u32) -> None:
        """Nothing for so many samples, then the interrupt."""
        self.transfers[EIGHT].active = 0
        self.at8 = NEVER
        self.transfers[EIGHT].stereo = 0
        self.set_pace(EIGHT, self.rate)
        now: u64 = self.now()
        if self.transfers[EIGHT].den != 0:
            self.silence_at = u64(now + (units & 0x1FFFF) * self.transfers[EIGHT].num // self.transfers[EIGHT].den)
        if self.listening:
            self.show_voice(u64(now + DELAY_NS), 0, 0)
            self.dac_left = 0
            self.dac_right = 0

    @hot
    def end_silence(self) -> None:
        """The silence is over."""
        self.silence_at = NEVER
        self.raise_irq(S_8_BIT)

    @hot
    def set_up(self, command: u8) -> None:
        """4xh: rates, block size, automatic transfers that go on."""
        first: u8 = self.arguments[0]
        second: u8 = self.arguments[1]
        if command == TIME_CONSTANT:
            self.time_constant = first
            self.rate = 0
            self.rate_in = 0
            self.repace()
        elif command == RATE_OUT or command == RATE_IN:
            rate: u32 = first << 8 | second
            if rate == 0:
                rate = 1
            if command == RATE_OUT:
                self.rate = rate
            self.rate_in = rate
            self.repace()
        elif command == BLOCK_SIZE:
            self.block_size = self.length(0)
        elif command == GO_ON_AUTO_8:
            self.go_on_automatic(EIGHT)
        elif command == GO_ON_AUTO_16:
            self.go_on_automatic(SIXTEEN)

    @hot
    def repace(self) -> None:
        """Transfers that go on take the new rate."""
        for e in range(2):
            if self.transfers[e].active != 0:
                self.set_pace(e, self.rate_in if self.transfers[e].recording != 0 else self.rate)
                if self.transfers[e].paused == 0:
                    self.resume(e)

    @hot
    def control(self, command: u8) -> None:
        """Dxh: pause, go on, end; the speaker switch, which has no effect on this card."""
        if command == PAUSE_8:
            self.pause(EIGHT)
        elif command == PAUSE_16:
            self.pause(SIXTEEN)
        elif command == RESUME_8:
            self.unpause(EIGHT)
        elif command == RESUME_16:
            self.unpause(SIXTEEN)
        elif command == EXIT_AUTO_8:
            self.end_automatic(EIGHT)
        elif command == EXIT_AUTO_16:
            self.end_automatic(SIXTEEN)
        elif command == SPEAKER_ON:
            self.speaker = 0xFF
        elif command == SPEAKER_OFF:
            self.speaker = 0
        elif command == SPEAKER_STATUS:
            self.answer(self.speaker)

    @hot
    def examine(self, command: u8) -> None:
        """Exh and Fxh: identification, test, interrupts on request."""
        first: u8 = self.arguments[0]
        if command == IDENTIFY:
            self.answer(first ^ 0xFF)
        elif command == VERSION:
            self.answer(VERSION_MAJOR)
            self.answer(VERSION_MINOR)
        elif command == DMA_IDENTIFY:
            self.identity = u8(self.identity + (first ^ self.identity_key))
            self.identity_key = self.identity_key >> 2 | (self.identity_key & 3) << 6
            moved: bool = self.byte(True, self.identity)
        elif command == COPYRIGHT:
            for n in range(COPYRIGHT_LENGTH):
                self.answer(COPYRIGHT_TEXT[n])
        elif command == TEST_WRITE:
            self.test = first
        elif command == TEST_READ:
            self.answer(self.test)
        elif command == IRQ_8:
            self.raise_irq(S_8_BIT)
        elif command == IRQ_16:
            self.raise_irq(S_16_BIT)
        elif command == RAM_READ:
            self.answer(self.ram[first])
        elif command == RAM_WRITE:
            self.ram[first] = self.arguments[1]
        elif command == UNKNOWN_0 or command == AUXILIARY_STATUS:
            self.answer(0)
        elif command == DSP_STATUS:
            busy: u8 = u8(self.transfers[EIGHT].active != 0) | u8(self.transfers[SIXTEEN].active != 0) << 2
            self.answer(busy)
        elif command == COMMAND_STATUS:
            self.answer(self.test)
