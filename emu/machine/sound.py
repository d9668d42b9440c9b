"""Where a machine's sound goes."""

from emu.devices.line_out import BLOCK, RATE
from emu.media.midi import MidiFile
from emu.media.wav import CHANNELS, SAMPLE_BYTES, WavWriter

BLOCK_BYTES = BLOCK * CHANNELS * SAMPLE_BYTES


class WavSink:
    """Sound into a WAV file, from the beginning of the run in guest time."""

    def __init__(self, path):
        self._writer = WavWriter(path, RATE)

    def write(self, pcm):
        """A block."""
        self._writer.write(pcm)

    def silence(self, blocks):
        """So many silent blocks."""
        self._writer.silence(blocks * BLOCK_BYTES)

    def flush(self):
        """All of it is in the file.  Raises MediaError."""
        self._writer.flush()

    def close(self):
        """Finish the file.  Raises MediaError."""
        self._writer.close()


class Sound:
    """The parts that sound, and what takes it: an object with write(pcm), silence(blocks), flush() and close()."""

    def __init__(self, line_out, sources, sink):
        self.line_out, self.sources, self.sink = line_out, sources, sink
        for source in sources:
            source.start()
        line_out.listen(sink)

    def settle(self):
        """Guest time was set: go on from there."""
        for source in self.sources:
            source.start()
        self.line_out.settle()

    def flush(self):
        """Hand on what was played up to now.  Raises MediaError."""
        self.line_out.finish()
        self.sink.flush()

    def close(self):
        """Play no more, and finish the file.  Raises MediaError."""
        try:
            self.line_out.finish()
        finally:
            self.line_out.mute()
            for source in self.sources:
                source.listening = False
            self.sink.close()


class MidiOut:
    """The cable at the sound card's MIDI port: into a file, at guest times."""

    def __init__(self, path, now):
        self._file, self._now = MidiFile(path), now

    def __call__(self, byte):
        """A byte comes."""
        self._file.byte(byte, self._now())

    def flush(self):
        """All of it is in the file.  Raises MediaError."""
        self._file.flush()

    def close(self):
        """Finish the file.  Raises MediaError."""
        self._file.close()
