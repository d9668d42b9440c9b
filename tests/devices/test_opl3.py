import random

import numpy
import pytest

from emu.bus.component import checked
from emu.devices.opl3 import Opl3
from emu.devices.pit import first_ns

RATE = 14_318_180 / 288
TICK = 80_460                   # ns, of timer 1


class Fm:
    """A chip with a clock that is turned by hand; ``played`` are its samples."""

    def __init__(self):
        self.time = 0
        self.chip = checked(Opl3)()
        self.chip.now = lambda: self.time
        self.samples = []
        self.chip.show = lambda at, left, right: self.samples.append((left, right))
        self.chip.reset()

    def put(self, register, value):
        self.chip.write(register >> 7 & 2, register & 0xFF)
        self.chip.write(register >> 7 & 2 | 1, value)

    def status(self):
        return self.chip.read(0)

    def listen(self):
        self.chip.start()

    def play(self, seconds):
        """The left and right channel of the next stretch."""
        self.samples.clear()
        self.time += round(seconds * 1e9)
        self.chip.until(self.time)
        return numpy.array(self.samples).reshape(-1, 2).T

    def operator(self, place, mult=1, level=0, attack=15, decay=0, sustain=0, release=15, wave=0, flags=0x20):
        """Registers of an operator; ``place`` has the bank in bit 8."""
        for base, value in ((0x20, flags | mult), (0x40, level), (0x60, attack << 4 | decay), (0x80, sustain << 4 | release), (0xE0, wave)):
            self.put(place + base, value)

    def note(self, channel, hz, block=4, on=True):
        """The key of a channel; ``channel`` has the bank in bit 8."""
        number = round(hz * 2 ** (20 - block) / RATE)
        assert number < 1024
        self.put(0xA0 + channel, number & 0xFF)
        self.put(0xB0 + channel, (0x20 if on else 0) | block << 2 | number >> 8)
        return number * RATE / 2 ** (20 - block)


@pytest.fixture
def fm():
    return Fm()


@pytest.fixture
def new(fm):
    """An OPL3, to whom somebody listens."""
    fm.put(0x105, 1)
    fm.listen()
    return fm


def spectrum(x):
    size = numpy.abs(numpy.fft.rfft(x * numpy.hanning(len(x)))) * 4 / len(x)
    return numpy.fft.rfftfreq(len(x), 1 / RATE), size


def pitch(x):
    frequencies, size = spectrum(x)
    return frequencies[size.argmax()]


def at(x, hz):
    """The amplitude of a sine, wherever it lies between two frequencies of the transform."""
    frequencies, size = spectrum(x)
    return numpy.sqrt((size[numpy.abs(frequencies - hz) < 25] ** 2).sum() / 1.5)


# -- detection and timers -------------------------------------------------------------------------------------------------

def test_detection_of_an_opl2_and_that_it_is_an_opl3(fm):
    fm.put(4, 0x60)
    fm.put(4, 0x80)
    assert fm.status() == 0                     # the lower bits say OPL3
    fm.put(2, 0xFF)
    fm.put(4, 0x21)
    fm.time += 100_000
    assert fm.status() == 0xC0
    fm.put(4, 0x60)
    fm.put(4, 0x80)
    assert fm.status() == 0 == fm.chip.read(2) and fm.chip.read(1) == 0xFF


def test_timers_count_80_and_320_us(fm):
    for register, start, flag, ns in ((2, 1, 0x40, TICK), (3, 2, 0x20, 4 * TICK)):
        fm.put(4, 0x80)
        fm.put(register, 256 - 10)
        fm.put(4, start)
        began = fm.time
        while not fm.status():
            fm.time += 1000
        assert fm.status() == 0x80 | flag
        assert fm.time - began == pytest.approx(10 * ns, abs=ns)
        fm.put(4, 0x80)
        assert fm.status() == 0
        fm.time += 10 * ns
        assert fm.status() == 0x80 | flag       # it runs on
        fm.put(4, 0)


def test_a_masked_timer_shows_nothing(fm):
    fm.put(2, 0xFF)
    fm.put(4, 0x41)
    fm.time += 10 * TICK
    assert fm.chip.peek(0) == fm.status() == 0


def test_the_second_bank_needs_an_opl3(fm):
    fm.put(0x120, 0x55)
    assert fm.chip.registers[0x120] == 0 and fm.chip.registers[0x20] == 0x55
    fm.put(0x105, 1)
    fm.put(0x120, 0x66)
    assert fm.chip.registers[0x120] == 0x66 and fm.chip.registers[0x20] == 0x55


# -- tones ----------------------------------------------------------------------------------------------------------------

def test_pitch_and_full_level(new):
    new.operator(3)
    new.put(0xC0, 0x30)
    hz = new.note(0, 440)
    left, right = new.play(0.2)
    assert (left == right).all() and abs(left).max() == 4084
    assert pitch(left[1000:]) == pytest.approx(hz, abs=6)
    harmonics = [at(left, hz * n) for n in (2, 3, 4)]
    assert max(harmonics) < at(left, hz) / 1000


@pytest.mark.parametrize("mult, factor", [(0, 0.5), (1, 1), (2, 2), (10, 10), (11, 10), (15, 15)])
def test_multiples(new, mult, factor):
    new.operator(3, mult=mult)
    new.put(0xC0, 0x30)
    hz = new.note(0, 300)
    assert pitch(new.play(0.1)[0]) == pytest.approx(hz * factor, abs=12)


@pytest.mark.slow
@pytest.mark.parametrize("level, gain", [(1, 0.75), (8, 6), (16, 12), (32, 24)])
def test_total_level_is_in_steps_of_0_75_db(new, level, gain):
    new.operator(3, level=level)
    new.put(0xC0, 0x30)
    hz = new.note(0, 440)
    assert 20 * numpy.log10(4084 / at(new.play(0.1)[0], hz)) == pytest.approx(gain, abs=0.3)


@pytest.mark.slow
@pytest.mark.parametrize("scale, per_octave", [(0, 0), (2, 1.5), (1, 3), (3, 6)])
def test_key_scaling_of_levels(new, scale, per_octave):
    new.operator(3, level=scale << 6)
    new.put(0xC0, 0x30)
    sizes = []
    for block in (3, 4):
        hz = new.note(0, 40 * 2 ** block, block)
        sizes.append(at(new.play(0.1)[0], hz))
    assert 20 * numpy.log10(sizes[0] / sizes[1]) == pytest.approx(per_octave, abs=0.4)


WAVES = {0: lambda p: numpy.sin(p), 1: lambda p: numpy.maximum(numpy.sin(p), 0), 2: lambda p: abs(numpy.sin(p)),
         3: lambda p: numpy.where(p % numpy.pi < numpy.pi / 2, abs(numpy.sin(p)), 0),
         4: lambda p: numpy.where(p < numpy.pi, numpy.sin(2 * p), 0), 5: lambda p: numpy.where(p < numpy.pi, abs(numpy.sin(2 * p)), 0),
         6: lambda p: numpy.where(p < numpy.pi, 1, -1),
         7: lambda p: numpy.where(p < numpy.pi, 2.0 ** (-16 * p / numpy.pi), -2.0 ** (-16 * (2 * numpy.pi - p) / numpy.pi))}


@pytest.mark.parametrize("wave", range(8))
def test_waveforms(new, wave):
    new.operator(3, wave=wave)
    new.put(0xC0, 0x30)
    new.note(0, RATE / 1024 / 2, block=1)
    left = new.play(0.1)[0][:2048]
    ideal = 4084 * WAVES[wave]((numpy.arange(2048) % 2048 + 0.5) * numpy.pi / 1024)
    assert numpy.sqrt(numpy.mean((left - ideal) ** 2)) < 100
    if wave == 0:
        assert abs(left - ideal).max() < 30


def test_an_opl2_has_four_waveforms(fm):
    fm.listen()
    fm.operator(3, wave=6)
    fm.note(0, 100)
    assert (fm.play(0.1)[0] >= 0).all()             # 2: the absolute value


def test_panning_and_that_an_opl2_has_none(fm):
    fm.listen()
    fm.operator(3)
    fm.note(0, 440)
    left, right = fm.play(0.05)
    assert abs(left).max() == abs(right).max() == 4084
    fm.put(0x105, 1)
    for value, sides in ((0x10, (True, False)), (0x20, (False, True)), (0, (False, False))):
        fm.put(0xC0, value)
        assert tuple(bool(abs(side).max()) for side in fm.play(0.05)) == sides


# -- modulation -----------------------------------------------------------------------------------------------------------

def test_fm_has_the_sidebands_of_its_index(new):
    """Bessel functions: the modulator's level gives an index of 1.0 (4084 / 1024 periods are 8 pi)."""
    level = round(20 * numpy.log10(4084 / 1024 * 2 * numpy.pi) / 0.75)
    new.operator(0, mult=2, level=level)
    new.operator(3, mult=4)
    new.put(0xC0, 0x30)
    hz = new.note(0, 200)
    left = new.play(0.2)[0]
    index = 4084 / 1024 * 2 * numpy.pi * 10 ** (-0.75 * level / 20)
    terms = [_bessel(n, index) for n in range(3)]
    assert [at(left, hz * (4 + 2 * n)) for n in range(3)] == pytest.approx([4084 * t for t in terms], rel=0.06)


def _bessel(n, x):
    t = numpy.linspace(0, numpy.pi, 2001)
    return numpy.trapezoid(numpy.cos(n * t - x * numpy.sin(t)), t) / numpy.pi if hasattr(numpy, "trapezoid") \
        else numpy.trapz(numpy.cos(n * t - x * numpy.sin(t)), t) / numpy.pi


def test_additive_channels(new):
    new.operator(0, mult=1, level=8)
    new.operator(3, mult=3)
    new.put(0xC0, 0x31)
    hz = new.note(0, 300)
    left = new.play(0.1)[0]
    assert at(left, hz) == pytest.approx(4084 / 2, rel=0.05) and at(left, 3 * hz) == pytest.approx(4084, rel=0.03)


@pytest.mark.slow
def test_feedback_adds_harmonics(new):
    sizes = []
    for feedback in (0, 3, 6):
        new.operator(0)
        new.operator(3, level=63)
        new.put(0xC0, 0x31 | feedback << 1)
        hz = new.note(0, 300)
        left = new.play(0.1)[0]
        sizes.append(at(left, 2 * hz) / at(left, hz))
        new.note(0, 300, on=False)
    assert sizes[0] < 0.01 < 0.05 < sizes[1] < sizes[2]


@pytest.mark.parametrize("first, second, heard", [(0, 0, {4}), (0, 1, {2, 4}), (1, 0, {1, 4}), (1, 1, {1, 3, 4})])
def test_four_operators(new, first, second, heard):
    """Which operators are heard for themselves: each has its own multiple, and modulators are turned down."""
    new.put(0x104, 1)
    for n, place in enumerate((0, 3, 8, 0xB), 1):
        new.operator(place, mult=(1, 4, 6, 9)[n - 1], level=0 if n in heard else 63)
    new.put(0xC0, 0x30 | first)
    new.put(0xC3, 0x30 | second)
    hz = new.note(0, 200)
    left = new.play(0.1)[0]
    for n in (1, 2, 3, 4):
        size = at(left, hz * (1, 4, 6, 9)[n - 1])
        assert size > 3000 if n in heard else size < 300, n
    assert not new.chip.held[1]


# -- envelopes ------------------------------------------------------------------------------------------------------------

def level_of(x):
    """The envelope in dB below full, every 5 ms."""
    step = int(RATE / 200)
    return numpy.array([20 * numpy.log10(max(abs(x[n:n + step]).max(), 1) / 4084) for n in range(0, len(x) - step, step)])


@pytest.mark.slow
@pytest.mark.parametrize("rate, seconds", [(6, 0.4), (9, 0.06)])
def test_decay_takes_its_time(new, rate, seconds):
    """The data sheet's times from 0 to 96 dB: 39.28 s for rate 1, halved with each."""
    new.operator(3, mult=15, decay=rate, sustain=15)
    new.put(0xC0, 0x30)
    new.note(0, 60, block=1)
    there = numpy.flatnonzero(level_of(new.play(seconds)[0]) < -24)[0] / 200
    assert there == pytest.approx(39.28 / 2 ** (rate - 1) / 4, rel=0.1, abs=0.007)


@pytest.mark.slow
def test_attack_sustain_release(new):
    new.operator(3, mult=15, attack=6, decay=9, sustain=4, release=8)
    new.put(0xC0, 0x30)
    new.note(0, 60, block=1)
    curve = level_of(new.play(0.25)[0])
    assert curve[0] < -12 and curve.max() > -0.5
    assert curve[-10:] == pytest.approx(-12, abs=0.5)
    new.note(0, 60, block=1, on=False)
    curve = level_of(new.play(0.2)[0])
    assert curve[0] > -16 and curve[-1] < -50


@pytest.mark.slow
def test_percussive_envelopes_go_on_to_fall(new):
    new.operator(3, mult=15, attack=15, decay=11, sustain=2, release=9, flags=0)
    new.put(0xC0, 0x30)
    new.note(0, 60, block=1)
    assert level_of(new.play(0.15)[0])[-1] < -40


@pytest.mark.slow
def test_key_scaling_of_rates(new):
    lengths = []
    for block in (0, 7):
        new.operator(3, decay=7, sustain=15, flags=0x30)
        new.put(0xC0, 0x30)
        new.note(0, 45 * 2 ** block, block=block)
        lengths.append(numpy.flatnonzero(level_of(new.play(0.4 if not block else 0.1)[0]) < -24)[0])
        new.note(0, 45, block=0, on=False)
        new.play(0.02)
    assert lengths[0] / lengths[1] == pytest.approx(2 ** ((14 - 0) / 4), rel=0.3)


def test_silence_costs_nothing(new):
    new.operator(0, release=0)
    new.operator(3, decay=15, sustain=15, release=15, flags=0)
    new.put(0xC0, 0x30)
    new.note(0, 440)
    new.play(0.2)
    assert not new.chip.active
    assert new.play(100).size == 0
    assert new.chip.heard == pytest.approx(100.2 * RATE, abs=2)


# -- low-frequency oscillators ----------------------------------------------------------------------------------------------

@pytest.mark.slow
@pytest.mark.parametrize("deep, depth", [(0, 1.0), (0x80, 4.8)])
def test_tremolo(new, deep, depth):
    new.operator(3, flags=0xA0)
    new.put(0xC0, 0x30)
    new.put(0xBD, deep)
    new.note(0, 2000, block=6)
    curve = level_of(new.play(0.4)[0])
    assert curve.max() - curve.min() == pytest.approx(depth, abs=0.3)
    turns = numpy.abs(numpy.fft.rfft(curve - curve.mean()))
    assert turns.argmax() * 200 / len(curve) == pytest.approx(3.7, abs=1.5)


@pytest.mark.slow
@pytest.mark.parametrize("deep, cents", [(0, 7), (0x40, 14)])
def test_vibrato(new, deep, cents):
    new.operator(3, flags=0x60)
    new.put(0xC0, 0x30)
    new.put(0xBD, deep)
    hz = new.note(0, 700 * RATE / 2 ** 16, block=4)
    left = new.play(0.3)[0]
    rises = numpy.flatnonzero((left[:-1] < 0) & (left[1:] >= 0))
    exact = rises - left[rises] / (left[rises + 1] - left[rises])
    own = RATE / numpy.diff(exact)
    swing = 1200 * numpy.log2(numpy.array([own.max(), own.min()]) / hz)
    assert swing == pytest.approx([cents, -cents], abs=5)


# -- rhythm -----------------------------------------------------------------------------------------------------------------

DRUMS = {0x10: (0x10, 0x13), 0x08: (0x14,), 0x04: (0x12,), 0x02: (0x15,), 0x01: (0x11,)}


@pytest.mark.slow
@pytest.mark.parametrize("bit", DRUMS)
def test_drums_sound_alone(new, bit):
    for places in DRUMS.values():
        for place in places:
            new.operator(place, level=50 if place == 0x10 else 0, decay=9, sustain=15, release=9, flags=0)
    for channel in (6, 7, 8):
        new.put(0xC0 + channel, 0x30)
        new.note(channel, 200, on=False)
    new.put(0xBD, 0x20)
    assert new.play(0.05).size == 0 or abs(new.play(0.05)).max() == 0
    new.put(0xBD, 0x20 | bit)
    left = new.play(0.1)[0]
    assert abs(left).max() > 3000
    frequencies, size = spectrum(left)
    share = size[frequencies > 1500].sum() / size.sum()
    if bit in (0x10, 0x04):
        assert share < 0.3                      # bass drum and tom have a pitch
    else:
        assert share > 0.4                      # the others are noise or metal
    new.put(0xBD, 0x20)
    new.play(0.25)
    assert not new.chip.active


# -- everything ---------------------------------------------------------------------------------------------------------------

def test_random_registers(fm):
    rng = random.Random(3)
    fm.listen()
    for _ in range(600):
        fm.put(rng.choice((rng.randrange(0x200), 0xB0 + rng.randrange(9), 0x105, 0xBD, 0x104)), rng.randrange(256))
        if rng.randrange(10) == 0:
            out = fm.play(rng.choice((0.00002, 0.0005)))
            assert out.size == 0 or abs(out).max() < 1 << 18
        fm.status()


def test_pieces_make_no_difference(fm):
    """Played at once or sample by sample, and with a state that is saved in between."""
    def song(chip):
        chip.put(0x105, 1)
        chip.listen()
        chip.operator(0, mult=3, level=20, decay=4, sustain=3, flags=0xE0)
        chip.operator(3, attack=9, decay=5, sustain=2, flags=0xE0)
        chip.put(0xC0, 0x3A)
        chip.note(0, 440)

    other = Fm()
    song(fm)
    song(other)
    whole = fm.play(0.03)
    parts = [other.play(0.0003) for _ in range(50)]
    third = Fm()
    third.chip.restore(other.chip.save())
    third.time = other.time
    third.listen()
    parts += [third.play(0.0003) for _ in range(50)]
    assert (numpy.concatenate([p for p in parts if p.size], axis=1) == whole).all()


def test_sample_times():
    assert first_ns(24 * 49716) == pytest.approx(1e9, rel=1e-5)
