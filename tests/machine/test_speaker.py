"""What the PC speaker plays: tones, samples by the bit and by pulses, to the WAV file."""

import numpy
import pytest
from sound_rig import RATE, Ear, loudest, read_wav, settings, sounding, spectrum, strength

from emu import Machine
from emu.machine.snapshot import Comparison

ENGINES = ["python", pytest.param("native", marks=pytest.mark.native)]
HZ = 1_193_182


def tone(divisor):
    return f"o 0x43, 0xB6\n o 0x42, {divisor & 255}\n o 0x42, {divisor >> 8}\n o 0x61, 3\n"


def heard(folder, code, more="", seconds=0.3, engine="auto"):
    ear = Ear()
    with Machine(engine=engine, **settings(folder, code, more)) as pc:
        pc.play_sound(ear)
        pc.run_for(seconds)
    return ear.samples()


@pytest.mark.parametrize("divisor", [1193, 2711, 100])
def test_a_tone_has_its_frequency_and_no_others(tmp_path, divisor):
    samples = heard(tmp_path, tone(divisor))
    left = samples[2400:, 0]
    assert (samples[:, 0] == samples[:, 1]).all()
    assert loudest(left) == pytest.approx(HZ / divisor, rel=1e-4)
    first = strength(left, HZ / divisor)
    assert first == pytest.approx(8192 * 2 / numpy.pi, rel=0.03)       # the first harmonic of a square wave
    if divisor == 1193:
        assert strength(left, 3 * HZ / divisor) == pytest.approx(first / 3, rel=0.03)
        frequencies, size = spectrum(left)
        known = numpy.abs((frequencies / (HZ / divisor) + 0.5) % 1 - 0.5) < 0.05
        assert size[~known & (frequencies < 15000)].max() < first / 300         # no mirrored harmonics below


def test_an_ultrasonic_tone_is_a_level(tmp_path):
    samples = heard(tmp_path, tone(20))
    assert abs(samples[4800:, 0]).max() < 300


def test_length_of_a_tone(tmp_path):
    """The gate is closed from an interrupt of the RTC, 125 ms after the first of them."""
    code = tone(1193) + """
    mov cx, 125
next: mov dx, 0x61
flip: in al, dx                ; wait a millisecond: 66 changes of the refresh bit
    mov ah, al
    mov bx, 66
poll: in al, dx
    xor al, ah
    test al, 0x10
    jz poll
    xor ah, 0x10
    dec bx
    jnz poll
    loop next
    o 0x61, 0
"""
    first, last = sounding(heard(tmp_path, code, seconds=0.4), 1000)
    assert (last - first) / RATE == pytest.approx(125 * 66 * 15.086e-6, abs=0.003)


PWM = """
    o 0x61, 3
    o 0x43, 0x90                ; counter 2: one-shot, low byte
    mov bp, 0
again: mov cx, 64
sample: mov si, bp
    and si, 63
    mov al, [cs:sine + si]
    out 0x42, al
    mov bx, 200
    mov dx, 200                 ; about 62 us
pause: dec bx
    jnz pause
idle: dec dx
    jnz idle
    inc bp
    loop sample
    jmp again
"""


def test_pulses_of_the_counter_play_samples(tmp_path):
    """A sine of 64 samples as the lengths of one-shots: its frequency is there, the carrier's is beyond hearing."""
    wave = [round(36 + 30 * numpy.sin(2 * numpy.pi * n / 64)) for n in range(64)]
    samples = heard(tmp_path, PWM.replace("\n    mov dx, 200  ", "\n    mov dx, 2500 "), "sine: db " + ", ".join(map(str, wave)), 0.4)
    left = samples[4800:, 0]
    frequency = loudest(left)
    frequencies, size = spectrum(left)
    assert 250 < frequency * 1 < 1000
    assert strength(left, frequency) > 1500
    below = frequencies < 5000
    others = below & (numpy.abs(frequencies / frequency - 1) > 0.1) & (frequencies > 50)
    assert size[others].max() < strength(left, frequency) / 20


def test_the_bit_alone(tmp_path):
    """Counter 2 does not run (its output is high): port 61h, bit 1, is the waveform."""
    code = """
again: o 0x61, 2
    mov cx, 24990
high: loop high
    o 0x61, 0
    mov cx, 24990
low: loop low
    jmp again
"""
    samples = heard(tmp_path, code)
    period = 2 * (24990 + 4) * 10e-9
    assert loudest(samples[2400:, 0]) == pytest.approx(1 / period, rel=2e-3)
    assert strength(samples[2400:, 0], 1 / period) == pytest.approx(8192 * 2 / numpy.pi, rel=0.05)


@pytest.mark.native
def test_the_file_is_the_same_on_both_engines_and_in_any_pieces(tmp_path):
    files = []
    for engine, piece in (("python", 1), ("native", 1), ("native", 0.0007)):
        path = tmp_path / f"{len(files)}.wav"
        with Machine(engine=engine, sound=str(path), **settings(tmp_path, tone(1000))) as pc:
            while pc.guest_seconds < 0.15:
                pc.run_for(min(piece, 0.15))
        files.append(path.read_bytes())
    assert files[0] == files[1] == files[2]
    assert sounding(read_wav(path)) is not None


@pytest.mark.parametrize("engine", ENGINES)
def test_listening_changes_nothing_in_the_machine(tmp_path, engine):
    config = settings(tmp_path, tone(1193) + "o 0x43, 0xB0\n o 0x42, 9\n in al, 0x42\n o 0x42, 8\n" + tone(700))
    with Machine(engine=engine, **config) as a, Machine(engine=engine, **config) as b:
        b.play_sound(Ear())
        a.run_for(0.05)
        b.run_for(0.05)
        a._pit.sync(2, 1 << 40)
        b._pit.sync(2, 1 << 40)
        assert Comparison(a, b).differences() == []


def test_silence_is_a_hole_and_counts(tmp_path):
    path = tmp_path / "x.wav"
    with Machine(sound=str(path), **settings(tmp_path, "")) as pc:
        pc.run_for(3)
        assert pc._line_out.quiet == 300
    samples = read_wav(path)
    assert len(samples) == 3 * RATE and not samples.any()


def test_restored_state_plays_on(tmp_path):
    ear = Ear()
    with Machine(**settings(tmp_path, tone(1193))) as pc:
        pc.run_for(0.1)
        state = pc.save()
        pc.run_for(1)
        pc.play_sound(ear)
        pc.run_for(0.1)
        pc.restore(state)
        pc.run_for(0.2)
    assert loudest(ear.samples()[6000:, 0]) == pytest.approx(HZ / 1193, rel=1e-4)
    assert len(ear.samples()) == pytest.approx(0.3 * RATE, abs=500)
