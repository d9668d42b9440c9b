"""WAV and MIDI files: their form at any time, holes, pipes, disks that are full."""

import os
import struct
import threading
import wave

import pytest

from emu.media.errors import MediaError
from emu.media.midi import MidiFile, variable
from emu.media.wav import HEADER, WavWriter


def read(path):
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (48000, 2, 2)
        return file.readframes(file.getnframes())


def test_wav_with_silence_between(tmp_path):
    path = tmp_path / "x.wav"
    writer = WavWriter(path, 48000)
    writer.write(b"abcd" * 10)
    writer.silence(4000)
    writer.write(b"efgh")
    writer.silence(400)
    writer.close()
    assert read(path) == b"abcd" * 10 + bytes(4000) + b"efgh" + bytes(400)
    writer.write(b"late")
    writer.close()
    assert path.stat().st_size == HEADER + 4444


def test_wav_is_right_before_its_end(tmp_path):
    """As after a process that was killed."""
    path = tmp_path / "x.wav"
    writer = WavWriter(path, 48000)
    writer.silence(1 << 21)
    assert len(read(path)) == 1 << 21
    writer.write(b"abcd")
    writer.flush()
    assert read(path)[-4:] == b"abcd"
    writer.write(b"efgh")
    writer.close()
    assert read(path)[-8:] == b"abcdefgh"


def test_wav_stops_where_its_sizes_end(tmp_path):
    path = tmp_path / "x.wav"
    writer = WavWriter(path, 48000)
    writer.silence(1 << 33)
    writer.write(b"abcd")
    writer.close()
    assert path.stat().st_size <= 1 << 32
    riff, data = struct.unpack("<I32xI", path.open("rb").read(HEADER)[4:])
    assert riff == path.stat().st_size - 8 and data == path.stat().st_size - HEADER


def test_wav_into_a_pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    got = []
    reader = threading.Thread(target=lambda: got.append(path.read_bytes()))
    reader.start()
    writer = WavWriter(path, 48000)
    writer.write(b"abcd")
    writer.silence(100000)
    writer.close()
    reader.join()
    assert got[0][:4] == b"RIFF" and got[0][HEADER:] == b"abcd" + bytes(100000)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
@pytest.mark.parametrize("make", [lambda: WavWriter("/dev/full", 48000), lambda: midi_to_full()])
def test_a_full_disk_is_said_once(make):
    with pytest.raises(MediaError, match="/dev/full"):
        writer = make()
        for _ in range(100_000):
            writer.write(b"abcd")
    

def midi_to_full():
    file = MidiFile("/dev/full")
    file.write = lambda data: [file.byte(b, 0) for b in (0x90, 1, 2)]
    return file


def test_midi_messages_and_their_times(tmp_path):
    path = tmp_path / "x.mid"
    file = MidiFile(path)
    for ns, data in ((0, [0xC0, 5]), (10**9, [0x90, 60, 100, 64, 100]), (2 * 10**9, [0xF8, 0xF0, 0x7E, 1]), (2 * 10**9, [2, 0xF7]),
                     (2 * 10**9, [0xF3, 1, 9, 0xF1, 7]), (3 * 10**9, [0x80, 60, 0xFE, 0])):
        for value in data:
            file.byte(value, ns)
    file.flush()
    first = path.read_bytes()
    file.close()
    assert path.read_bytes() == first
    track = (b"\x00\xC0\x05" + variable(1920) + b"\x90\x3C\x64" + b"\x00\x90\x40\x64" + variable(1920) + b"\xF0\x04\x7E\x01\x02\xF7"
             + variable(1920) + b"\x80\x3C\x00" + b"\x00\xFF\x2F\x00")
    assert first == b"MThd\0\0\0\6\0\0\0\1\3\xC0" + b"MTrk" + struct.pack(">I", len(track)) + track


def test_midi_numbers():
    assert [variable(n) for n in (0, 127, 128, 0x3FFF, 0x4000)] == [b"\0", b"\x7F", b"\x81\0", b"\xFF\x7F", b"\x81\x80\0"]


def test_nonsense_and_floods_stay_small(tmp_path):
    path = tmp_path / "x.mid"
    file = MidiFile(path)
    for value in (1, 2, 3, 0xF7, 0xF0, *([5] * 100_000), 0xF7):
        file.byte(value, 1 << 62)
    file.close()
    assert path.stat().st_size < 70_000
