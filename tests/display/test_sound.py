"""Sound on its way to the window: the ring, the player's decisions, and what pygame's mixer makes of them."""

import os
import subprocess
import sys
import time
import uuid
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pygame")

from emu.display import sound_player  # noqa: E402
from emu.display.sound_player import BUFFER, CHUNK, MOST, RATE, TARGET, Pace, stretched  # noqa: E402
from emu.display.sound_ring import FRAMES, SoundRing  # noqa: E402

BLOCK = 480


@pytest.fixture
def ring():
    ring = SoundRing(f"emu-test-{uuid.uuid4().hex[:12]}", owner=True)
    yield ring
    ring.close()


def block(start, count=BLOCK):
    """A sawtooth whose value says where it is."""
    wave = (np.arange(start, start + count) % 1000).astype(np.int16)
    return np.column_stack((wave, -wave)).tobytes()


def test_ring_goes_round(ring):
    for n in range(0, 3 * FRAMES, BLOCK):
        ring.write(block(n))
    end = ring.written
    got = ring.read(end - 5000, 5000)
    assert end == 3 * FRAMES // BLOCK * BLOCK + BLOCK
    assert (got[:, 0] == (np.arange(end - 5000, end) % 1000)).all() and (got[:, 1] == -got[:, 0]).all()


def test_player_waits_then_takes_all(ring):
    player = Pace(ring)
    out, at = [], 0
    while at < TARGET - BLOCK:
        ring.write(block(at))
        at += BLOCK
        assert player.next_chunk() is None
    for _ in range(200):
        while ring.written - player.position < TARGET:
            ring.write(block(at))
            at += BLOCK
        out.append(player.next_chunk())
    assert all(len(chunk) == CHUNK for chunk in out)
    whole = np.concatenate(out)[:, 0].astype(int)
    assert (np.diff(whole) % 1000 == 1).all()           # nothing lost, nothing twice


@pytest.mark.parametrize("pace", [0.997, 1.003])
def test_delay_stays_bounded_when_the_clocks_differ(ring, pace):
    """A guest that runs a little faster or slower than the sound card: no gap, and the delay stays."""
    player, made, played = Pace(ring), 0.0, 0
    ring.write(bytes(TARGET * 4))
    waiting = []
    for _ in range(3000):
        chunk = player.next_chunk()
        assert chunk is not None and len(chunk) == CHUNK
        made += CHUNK * pace
        while made >= BLOCK:
            ring.write(bytes(BLOCK * 4))
            made -= BLOCK
        waiting.append(ring.written - player.position)
    assert CHUNK < min(waiting[10:]) and max(waiting) < TARGET + 2 * CHUNK + BLOCK


def test_too_much_is_thrown_away(ring):
    player = Pace(ring)
    ring.write(bytes((MOST + 5000) * 4))
    assert player.next_chunk() is not None
    assert ring.written - player.position <= TARGET
    ring.write(bytes(FRAMES * 4 - 4))                   # more than a whole turn
    assert player.next_chunk() is not None


def test_stretching_joins():
    t = np.arange(3 * CHUNK)
    wave = np.rint(8000 * np.sin(t / 20)).astype(np.int16)
    frames = np.column_stack((wave, wave))
    for count in (CHUNK + 5, CHUNK - 5):
        first = stretched(frames[:count + 1], count)
        second = stretched(frames[count:2 * count + 1], count)
        joined = np.concatenate((first, second))[:, 0].astype(int)
        ideal = 8000 * np.sin(np.arange(2 * CHUNK) * count / CHUNK / 20)
        assert abs(joined - ideal).max() < 15


PROGRAM = """
import os, sys, time
import numpy as np
from emu.display import sound_player
from emu.display.sound_ring import SoundRing
ring = SoundRing(sys.argv[1], owner=True)
player = sound_player.start(sys.argv[1])
began, at = time.monotonic(), 0
while time.monotonic() - began < 2.5:
    played = os.path.getsize(sys.argv[2]) // 4 if os.path.exists(sys.argv[2]) else 0
    while at < played + 8000:           # a guest whose clock is that of the device, which is not very exact
        t = np.arange(at, at + 480)
        wave = np.rint(9000 * np.sin(t * 2 * np.pi / 96)).astype(np.int16)
        ring.write(np.column_stack((wave, wave)).tobytes())
        at += 480
    time.sleep(0.005)
player.stop()
ring.close()
"""


def glitches(tmp_path):
    """Play a sine for a moment through SDL's disk driver, which writes down what a sound card would get; how often it is none."""
    raw = tmp_path / "played.raw"
    name = f"emu-test-{uuid.uuid4().hex[:12]}"
    environment = dict(os.environ, SDL_AUDIODRIVER="disk", SDL_DISKAUDIOFILE=str(raw), SDL_DISKAUDIODELAY=str(1000 * BUFFER // RATE),
                       PYTHONPATH=os.pathsep.join(sys.path))
    subprocess.run([sys.executable, "-c", PROGRAM, name, raw], env=environment, check=True, timeout=60)
    left = np.fromfile(raw, np.int16)[::2].astype(float)
    loud = np.flatnonzero(abs(left) > 500)
    assert len(loud), "nothing was played"
    heard = left[loud[0]:loud[-1]]
    assert len(heard) > RATE
    # A sine of 96 samples follows x[n] = 2 cos(w) x[n-1] - x[n-2]; a gap or a click does not
    error = heard[2:] - 2 * np.cos(2 * np.pi / 96) * heard[1:-1] + heard[:-2]
    return np.count_nonzero(abs(error) > 60)


@pytest.mark.slow
def test_the_mixer_plays_without_gaps(tmp_path):
    """In one of a few tries: a host that is busy with something else may leave it without sound for a moment."""
    assert any(glitches(tmp_path) == 0 for _ in range(5))


@pytest.mark.slow
def test_a_machine_is_heard_in_its_window(tmp_path, monkeypatch):
    """All the way: a guest's tone on the speaker, the viewer, its process, the mixer."""
    sys.path.append(str(Path(__file__).resolve().parents[1] / "machine"))
    from sound_rig import loudest, settings

    from emu import Machine
    from emu.display.window import Viewer
    raw = tmp_path / "played.raw"
    for name, value in (("SDL_VIDEODRIVER", "dummy"), ("SDL_AUDIODRIVER", "disk"), ("SDL_DISKAUDIOFILE", str(raw)),
                        ("SDL_DISKAUDIODELAY", str(1000 * BUFFER // RATE))):
        monkeypatch.setenv(name, value)
    code = "o 0x43, 0xB6\n o 0x42, 1193 & 255\n o 0x42, 1193 >> 8\n o 0x61, 3\n"
    with Machine(display="window", sound="window", **settings(tmp_path, code)) as pc, Viewer(pc) as viewer:
        assert "sound" in pc.fitted
        end = time.monotonic() + 30
        while time.monotonic() < end and not (raw.exists() and raw.stat().st_size > 3 * RATE * 4):
            pc.step_slice()
            viewer.poll()
    assert "sound" not in pc.fitted
    left = np.fromfile(raw, np.int16)[::2]
    loud = np.flatnonzero(abs(left.astype(int)) > 1000)
    assert len(loud) > RATE // 2
    assert loudest(left[loud[0]:loud[-1]]) == pytest.approx(1_193_182 / 1193, rel=0.01)


def test_no_device_is_no_trouble_and_no_noise(ring):
    program = "import sys, time\nfrom emu.display import sound_player\np = sound_player.start(sys.argv[1])\np.mute(True)\ntime.sleep(0.5)\np.stop()"
    for driver in ("there-is-no-such-driver", "alsa"):
        done = subprocess.run([sys.executable, "-c", program, ring.memory.name.removesuffix("-sound")], capture_output=True, text=True, timeout=60,
                              env=dict(os.environ, SDL_AUDIODRIVER=driver, PYGAME_HIDE_SUPPORT_PROMPT="1", PYTHONPATH=os.pathsep.join(sys.path)))
        assert (done.returncode, done.stderr) == (0, "")
    assert sound_player.start("emu-test-nothing") is None
