"""The Sound Blaster 16 in a machine: samples by DMA with interrupts, FM, what is written to files; both engines."""

import signal
import subprocess
import sys
import time

import numpy
import pytest
from sound_rig import RATE, Ear, loudest, read_wav, settings, sounding, strength

from emu import Machine
from emu.machine import lockstep
from emu.machine.config import ConfigError, MachineConfig
from emu.machine.snapshot import Comparison

ENGINES = ["python", pytest.param("native", marks=pytest.mark.native)]

# A sine of 32 samples at 8 kHz, 8-bit automatic by channel 1; then the processor sleeps, and counts interrupts at 0:600h
PLAY = """
%macro dsp 1
    mov dx, 0x22C
%%busy: in al, dx
    test al, 0x80
    jnz %%busy
    mov al, %1
    out dx, al
%endmacro
%macro mix 2
    o 0x224, %1
    o 0x225, %2
%endmacro
    mov word [0x0D * 4], count
    mov [0x0D * 4 + 2], cs
    o 0x20, 0x11
    o 0x21, 0x08
    o 0x21, 0x04
    o 0x21, 0x01
    o 0x21, 0xDF
    mov cx, 32
    mov si, sine
    mov di, 0x4000
    cld
copy: cs lodsb
    stosb
    loop copy
    o 0x226, 1
    o 0x226, 0
    mix 0x30, 0xF8
    mix 0x31, 0xF8
    mix 0x32, 0xF8
    mix 0x33, 0xF8
    o 0x0A, 5
    o 0x0C, 0
    o 0x0B, 0x59
    o 0x02, 0x00
    o 0x02, 0x40
    o 0x83, 0
    o 0x03, 31
    o 0x03, 0
    o 0x0A, 1
    dsp 0x41
    dsp 0x1F
    dsp 0x40
    dsp 0xC6
    dsp 0x00
    dsp 31
    dsp 0
"""
COUNT = """
count: push ax
    push dx
    inc word [0x600]
    mov dx, 0x22E
    in al, dx
    o 0x20, 0x20
    pop dx
    pop ax
    iret
sine: db """ + ", ".join(str(round(128 + 40 * numpy.sin(2 * numpy.pi * n / 32))) for n in range(32)) + "\n"

FM = "\n".join(f"o {0x220 + bank * 2}, {register}\n o {0x221 + bank * 2}, {value}" for bank, register, value in (
    (1, 5, 1), (0, 0x20, 0x21), (0, 0x23, 0x21), (0, 0x40, 0x3F), (0, 0x43, 0), (0, 0x60, 0xF0), (0, 0x63, 0xF0), (0, 0x83, 0x0F),
    (0, 0xC0, 0x30), (0, 0xA0, 0x44), (0, 0xB0, 0x32)))

MIDI = "o 0x331, 0x3F\n o 0x330, 0x90\n o 0x330, 60\n o 0x330, 100\n"


def test_samples_by_dma(tmp_path):
    ear = Ear()
    with Machine(**settings(tmp_path, PLAY, COUNT)) as pc:
        pc.play_sound(ear)
        pc.run_for(0.5)
        count = int.from_bytes(pc.memory.read(0x600, 2), "little")
    assert count == pytest.approx(0.5 * 8000 / 32, abs=2)
    left = ear.samples()[4800:, 0]
    assert loudest(left) == pytest.approx(250, abs=0.2)
    assert strength(left, 250) == pytest.approx(2 * 40 * 256, rel=0.03)
    assert strength(left, 8000 - 250) < strength(left, 250) / 100       # no image of it above half the rate


def test_fm_tone(tmp_path):
    ear = Ear()
    with Machine(**settings(tmp_path, FM)) as pc:
        pc.play_sound(ear)
        pc.run_for(0.3)
    left = ear.samples()[4800:, 0]
    assert loudest(left) == pytest.approx(0x244 * 14_318_180 / 288 / 2 ** 16, abs=0.5)
    assert sounding(ear.samples(), 100)[1] > len(left)


@pytest.mark.native
def test_the_file_is_the_same_on_both_engines_and_in_any_pieces(tmp_path):
    files = []
    for engine, piece in (("python", 1), ("native", 1), ("native", 0.0031)):
        path = tmp_path / f"{len(files)}.wav"
        with Machine(engine=engine, sound=str(path), **settings(tmp_path, PLAY + FM, COUNT)) as pc:
            while pc.guest_seconds < 0.06:
                pc.run_for(min(piece, 0.06))
        files.append(path.read_bytes())
    assert files[0] == files[1] == files[2]
    assert sounding(read_wav(path)) is not None


@pytest.mark.parametrize("engine", ENGINES)
def test_listening_changes_nothing_for_the_guest(tmp_path, engine):
    config = settings(tmp_path, PLAY + FM, COUNT)
    with Machine(engine=engine, **config) as a, Machine(engine=engine, **config) as b:
        b.play_sound(Ear())
        a.run_for(0.03)
        b.run_for(0.03)
        different = [name for name, _, _ in Comparison(a, b).differences()]
    assert all(name.startswith("opl3.") for name in different), different       # envelopes move while somebody listens


@pytest.mark.native
def test_engines_agree(tmp_path):
    """In lock-step through the set-up and some interrupts."""
    config = MachineConfig.make(**settings(tmp_path, f"{PLAY}{FM}\n{MIDI}", COUNT))
    points = lockstep.boot(config, first=1, points=1, every=1, instructions=1200, stretch=300)
    assert points[0].difference is None, str(points[0].difference)
    assert points[0].compared == 1200


def test_saved_while_it_plays(tmp_path):
    config = settings(tmp_path, PLAY, COUNT)
    ears = [Ear(), Ear()]
    with Machine(**config) as a, Machine(**config) as b:
        a.run_for(0.1234567)
        b.restore(a.save())
        for pc, ear in zip((a, b), ears):
            pc.play_sound(ear)
            pc.run_for(0.3)
        assert Comparison(a, b).differences() == []
    assert (ears[0].samples()[9600:] == ears[1].samples()[9600:]).all()
    assert loudest(ears[1].samples()[4800:, 0]) == pytest.approx(250, abs=0.3)


def test_midi_goes_to_its_file(tmp_path):
    path = tmp_path / "x.mid"
    with Machine(midi=str(path), **settings(tmp_path, MIDI)) as pc:
        pc.run_for(0.1)
    assert path.read_bytes().endswith(b"\x90\x3C\x64\x00\xFF\x2F\x00")


def test_left_out(tmp_path):
    code = " mov dx, 0x388\n in al, dx\n mov [0x600], al\n mov dx, 0x22E\n in al, dx\n mov [0x601], al\n mov dx, 0x331\n in al, dx\n mov [0x602], al\n mov dx, 0x201\n in al, dx\n mov [0x603], al\n"
    for card, expected in (("sb16", b"\x00\x7F\xBF\xFF"), ("none", b"\xFF" * 4)):
        with Machine(sound_card=card, **settings(tmp_path, code)) as pc:
            pc.run_for(0.01)
            assert pc.memory.read(0x600, 4) == expected


def test_configurations_that_cannot_be():
    for wrong in ({"sound": "x.mp3"}, {"sound_card": "gus"}, {"midi": "x.mid", "sound_card": "none"}, {"nic": "ne2k_isa,port=0x220"},
                  {"nic": "ne2k_isa,port=0x320"}, {"nic": "ne2k_isa,port=0x380"}, {"nic": "ne2k_isa,irq=5"}):
        with pytest.raises(ConfigError):
            MachineConfig.make(**wrong)
    MachineConfig.make(nic="ne2k_isa,port=0x220,irq=5", sound_card="none")
    MachineConfig.make(nic="ne2k_isa")


def test_command_line_writes_the_file_at_any_end(tmp_path):
    """At a time, and by Ctrl+C."""
    config = settings(tmp_path, PLAY, COUNT)
    floppy = tmp_path / "floppy.img"
    floppy.write_bytes(bytes(1440 << 10))
    wav = tmp_path / "x.wav"
    command = [sys.executable, "-m", "emu", "run", str(floppy), "--display", "none", "--bios", config["bios"], "--vga-bios", config["bios"],
               "--memory", "2M", "--net", "none", "--sound", str(wav)]
    done = subprocess.run([*command, "--wait-seconds", "1", "--until", "", "--timeout", "60"], capture_output=True)
    assert done.returncode == 0, done.stderr
    samples = read_wav(wav)
    assert len(samples) == RATE and loudest(samples[RATE // 2:, 0]) == pytest.approx(250, abs=0.2)
    with subprocess.Popen(command) as process:
        end = time.monotonic() + 60
        while time.monotonic() < end and (not wav.exists() or wav.stat().st_size < 8 * RATE):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    samples = read_wav(wav)
    assert 44 + 4 * len(samples) == wav.stat().st_size > 8 * RATE
    assert loudest(samples[RATE:2 * RATE, 0]) == pytest.approx(250, abs=0.2)
