"""Guests that make sound by their own drivers: a game on the PC speaker, Linux's Sound Blaster driver with its OSS layer."""

import sys
from pathlib import Path

import numpy
import pytest
from boots import Boot

from emu import Machine

sys.path.append(str(Path(__file__).resolve().parents[1] / "machine"))
from sound_rig import RATE, Ear, loudest, read_wav, sounding  # noqa: E402

pytestmark = [pytest.mark.boot, pytest.mark.native]
PIT_HZ = 1_193_182


@pytest.mark.slow
def test_a_game_on_the_speaker(image):
    """Floppy Bird: each sound has the pitch of the count that the game programs, and lasts as long as it leaves the speaker on."""
    ear = Ear()
    with Machine(nic="none", net="none", **Boot("floppies/floppybird.img", "").medium(image("floppies/floppybird.img"))) as pc:
        pc.run_for(3)
        pc.play_sound(ear)
        began, spans = pc.guest_ns, []
        pc.type(" ")
        while pc.guest_ns < began + 2_000_000_000:
            pc.run_for(0.001)
            now = pc.guest_ns - began
            if pc._speaker.data and (not spans or len(spans[-1]) == 3):
                spans.append([now, pc._pit.counters[2].reload])
            elif not pc._speaker.data and spans and len(spans[-1]) == 2:
                spans[-1].append(now)
        pc.run_for(0.1)
        samples = ear.samples()
    spans = [span for span in spans if len(span) == 3]
    assert spans and len({count for _, count, _ in spans}) > 1           # a flap, and what follows it
    for start, count, end in spans:
        first, last = (round(ns * RATE / 1e9) for ns in (start, end))
        near = samples[max(first - 480, 0):last + 480]
        there = sounding(near, 1000)
        assert there is not None and (there[1] - there[0]) / RATE == pytest.approx((end - start) / 1e9, abs=0.004)
        if end - start > 30_000_000:
            assert loudest(near[there[0]:there[1], 0]) == pytest.approx(PIT_HZ / count, rel=0.02)


def shell(pc, command, timeout=300):
    """A command for the shell on COM1; gives what it prints."""
    before = len(pc.serial_text())
    pc.send_serial(f"{command}; echo DO''NE $?\n".encode())
    assert pc.run(until=lambda: "DONE " in pc.serial_text()[before:], timeout=timeout), pc.serial_text()[before:]
    pc.run_for(0.2)
    out = pc.serial_text()[before:]
    assert "DONE 0" in out, out
    return out


PLAY_8 = """perl -e 'print map { chr(int(128 + 60 * sin($_ * 6.283185307 * 440 / 8000))) } 0..15999' > /dev/dsp"""
PLAY_16 = ("""perl -e 'open D, ">/dev/dsp" or die; for ([0xC0045005, 16], [0xC0045003, 1], [0xC0045002, 44100]) """
           """{ $v = pack("L", $_->[1]); ioctl(D, $_->[0], $v) or die } for (0..66149) """
           """{ $s .= pack("s2", 12000 * sin($_ * 6.283185307 * 1000 / 44100), 6000 * sin($_ * 6.283185307 * 1500 / 44100)) } print D $s; close D'""")
LOUD = """perl -e 'open M, "+</dev/mixer" or die; for (0, 4) { $v = pack("L", 25700); ioctl(M, 0xC0044D00 | $_, $v) or die }'"""


@pytest.mark.heavy
@pytest.mark.timeout(3000)
def test_linux_plays_through_its_oss_layer(image, tmp_path):
    """The live CD's snd-sb16: 8 bits at 8 kHz, 16 bits stereo at 44.1 kHz, and recorded silence."""
    path = tmp_path / "linux.wav"
    with Machine(memory="256M", nic="none", net="none", sound=str(path),
                 **Boot("debian-live-desktop.iso", "").medium(image("debian-live-desktop.iso"))) as pc:
        pc.wait_for_text("Automatic boot in", timeout=200)
        pc.type("\\e", escapes=True)
        pc.wait_for_text("boot:", timeout=60)
        pc.type("text\n")
        pc.wait_for_text("livebox login:", timeout=1500)
        pc.run_for(5)
        for prompt, answer in (("Password:", b"root\n"), ("# ", b"root\n")):
            pc.send_serial(answer)
            pc.wait_for_text(prompt, timeout=200)
        shell(pc, "modprobe snd-sb16 isapnp=0 port=0x220 irq=5 dma8=1 dma16=5 && modprobe snd-pcm-oss && modprobe snd-mixer-oss")
        assert "Sound Blaster 16" in shell(pc, "cat /proc/asound/cards")
        shell(pc, LOUD)
        marks = [pc.guest_seconds]
        for play in (PLAY_8, PLAY_16):
            shell(pc, play, 600)
            pc.run_for(1)
            marks.append(pc.guest_seconds)
        assert "8000 128" in shell(pc, """perl -e 'open D, "</dev/dsp"; read D, $b, 8000; print length($b), " ", ord(substr $b, 4000, 1), "\\n"'""")
    samples = read_wav(path)
    heard = [samples[round(a * RATE):round(b * RATE)] for a, b in zip(marks, marks[1:])]
    for part, seconds, tones in zip(heard, (2, 1.5), ((440, 440), (1000, 1500))):
        first, last = sounding(part, 300)
        assert (last - first) / RATE == pytest.approx(seconds, abs=0.15)
        for side, hz in enumerate(tones):
            middle = part[first + 4800:first + round((seconds - 0.2) * RATE), side]
            assert loudest(middle) == pytest.approx(hz, abs=0.3)
            assert numpy.abs(middle.astype(int)).max() > 8000
