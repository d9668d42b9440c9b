"""Machines whose firmware is a few lines of assembly that make sound, and what they play."""

import wave

import numpy
from data import nasm

RATE = 48_000

FRAME = """
bits 16
org 0
%macro o 2                      ; a byte to a port
    mov dx, %1
    mov al, %2
    out dx, al
%endmacro
start:
    cli
    xor ax, ax
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov sp, 0x7000
    o 0x21, 0xFF
    o 0xA1, 0xFF
{code}
    sti
rest: hlt
    jmp rest
{more}
times 0xFFF0 - ($ - $$) db 0xF4
    jmp 0xF000:start
times 0x10000 - ($ - $$) db 0
"""


def settings(folder, code, more=""):
    """Settings of a machine that runs the code and then halts for good."""
    source, rom = folder / "rom.asm", folder / "rom.bin"
    source.write_text(FRAME.format(code=code, more=more))
    nasm(source, rom)
    return {"bios": str(rom), "vga_bios": str(rom), "memory": "2M", "net": "none"}


class Ear:
    """A sink that keeps what it hears."""

    def __init__(self):
        self.pcm = bytearray()

    def write(self, pcm):
        self.pcm += pcm

    def silence(self, blocks):
        self.pcm += bytes(blocks * 480 * 4)

    def flush(self):
        pass

    def close(self):
        pass

    def samples(self):
        """(n, 2) samples."""
        return numpy.frombuffer(bytes(self.pcm), numpy.int16).reshape(-1, 2)


def read_wav(path):
    """(n, 2) samples of a WAV file, whose form is looked at."""
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, RATE)
        return numpy.frombuffer(file.readframes(file.getnframes()), numpy.int16).reshape(-1, 2)


def sounding(samples, least=64):
    """(first, last) sample of what is to be heard, or None."""
    loud = numpy.flatnonzero(numpy.abs(samples.astype(int)).max(axis=1) > least)
    return (loud[0], loud[-1]) if len(loud) else None


def spectrum(channel):
    """(frequencies, magnitudes) of one channel, windowed."""
    x = channel.astype(float)
    x = (x - x.mean()) * numpy.hanning(len(x))
    return numpy.fft.rfftfreq(len(x), 1 / RATE), numpy.abs(numpy.fft.rfft(x)) * 4 / len(x)


def loudest(channel):
    """The frequency of the strongest tone, to a part of a bin."""
    frequencies, size = spectrum(channel)
    n = int(size[1:-1].argmax()) + 1
    a, b, c = numpy.log(size[n - 1:n + 2] + 1e-9)
    return frequencies[n] + (a - c) / (a - 2 * b + c) / 2 * frequencies[1]


def strength(channel, frequency, width=30):
    """The amplitude of a sine near a frequency."""
    frequencies, size = spectrum(channel)
    return size[numpy.abs(frequencies - frequency) <= width].max()
