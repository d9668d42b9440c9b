"""Memory stays flat: over machines made and closed, resets, media changes, saves and restores, and a guest that floods
every output.  Measured as the resident size of a process of its own, after it has warmed up."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RIG = ROOT / "tests" / "fuzz"

PROGRAM = """
import gc, os, random, sys
sys.path[:0] = [{root!r}, {rig!r}]
import fuzz_rig as rig
from emu.machine import log

engine, count = sys.argv[1], int(sys.argv[2])
media = rig.Media()
log.Log.MOST = 4096             # small, so that it is full before the measurement

def resident():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

def files():
    return len(os.listdir("/proc/self/fd"))

{body}

for _ in range(max(9, count // 10)):
    work()
first, opened = resident(), files()
for _ in range(count):
    work()
print((resident() - first) // 1024, files() - opened)
media.close()
"""

BODIES = {
    "machines": """
def work():
    with rig.machine(media, engine) as pc:
        rig.restart(pc)
        pc.step(50)
        pc.screen_text()
        pc.screenshot()
""",
    "machines that cannot be": """
from emu.media.errors import MediaError
def work():
    for wrong in (dict(cdrom=media.floppy), dict(disks=[media.path / "missing"]), dict(serial="/nonexistent/x")):
        try:
            rig.machine(media, engine, **wrong)
        except MediaError:
            continue
        raise AssertionError(wrong)
""",
    "resets": """
pc = rig.machine(media, engine)
def work():
    for _ in range(5):
        rig.restart(pc)
        pc.step(20)
""",
    "media": """
from emu.media import opening
pc = rig.machine(media, engine)
def work():
    disc, floppy = opening.open_cdrom(media.cdrom), opening.open_floppy(media.floppy, False)
    pc.drives.cdrom.eject(force=True).__class__
    pc.drives.cdrom.insert(disc)
    pc._fdc.eject(0)
    pc._fdc.insert(0, floppy)
    pc.run_for(0.001)
    disc.close()
    floppy.close()
    pc.drives.cdrom.eject(force=True)
    pc._fdc.eject(0)
""",
    "save and restore": """
pc = rig.machine(media, engine)
rig.restart(pc)
def work():
    state = pc.save()
    pc.step(20)
    pc.restore(state)
""",
    "output": """
pc = rig.machine(media, engine)
rig.restart(pc)
rig.set_block(pc)
# a flood of ports E9h, 402h and COM1, and of code that changes itself
pc.memory.write(rig.CODE, bytes.fromhex("b003 bafb03 ee b080 b9ff00 e6e9 ba0204 ee baf803 ee fe06807c ff068a7c e2ee ebe9"))
def work():
    pc.step(3000 if engine == "python" else 100_000)
    pc.screen_text()
    assert len(pc.debug_text()) <= 4096 and len(pc.serial_text()) <= 4096 and len(bytes(pc.firmware_log)) <= 4096
""",
    "fuzzing": """
import fuzz_code, fuzz_ports
pc = rig.machine(media, engine)
seeds = iter(range(10 ** 9))
def work():
    # the same few programs again and again, or each would be decoded, compiled and kept for the first time
    for _ in (fuzz_code if next(seeds) % 2 else fuzz_ports).play(pc, random.Random(next(seeds) % 6), 1):
        pass
""",
}
# KiB that a warmed-up process may grow by: pools of the allocator, not what grows with the count
ALLOWED = 6000


def grown(name, engine, count):
    """(KiB, descriptors) that the process grew by."""
    body = PROGRAM.format(root=str(ROOT), rig=str(RIG), body=BODIES[name])
    done = subprocess.run([sys.executable, "-c", body, engine, str(count)], capture_output=True, text=True, timeout=1500,
                          env=dict(os.environ, MALLOC_ARENA_MAX="1"))
    assert done.returncode == 0, done.stderr[-2000:]
    return tuple(map(int, done.stdout.split()))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.native
@pytest.mark.parametrize("name", BODIES)
def test_native(name):
    size, opened = grown(name, "native", {"fuzzing": 8, "save and restore": 12}.get(name, 40))
    assert size < ALLOWED and opened == 0, (size, opened)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.heavy
@pytest.mark.native
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("engine", ["native", "python"])
@pytest.mark.parametrize("name", BODIES)
def test_long(name, engine):
    """Many more, and no more memory."""
    size, opened = grown(name, engine, 2000 if engine == "native" else 60)
    assert size < ALLOWED * 2 and opened == 0, (size, opened)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_leak_is_seen(monkeypatch):
    monkeypatch.setitem(BODIES, "leak", "kept = []\ndef work():\n    kept.append(bytearray(b'x' * 200_000))\n    os.dup(1)\n")
    size, opened = grown("leak", "python", 40)
    assert size > ALLOWED and opened == 40


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.heavy
@pytest.mark.boot
@pytest.mark.native
@pytest.mark.timeout(1800)
def test_a_long_run(tmp_path, image):
    """A guest that boots and works for ten minutes of guest time: the process does not grow after it has booted."""
    path = image("debian-busybox.iso")
    code = f"""
import os, sys
sys.path.insert(0, {str(ROOT)!r})
from emu import Machine
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 10
with Machine(cdrom={path!r}, memory="128M") as pc:
    pc.wait_for_text("DEBIAN-BUSYBOX-READY", timeout=600)
    pc.memory.write(0, pc.memory.read(0, 128 << 20))        # all of its memory is resident now
    sizes = []
    for _ in range(6):
        pc.type("ls -lR /proc/sys /sys/devices\\n")
        pc.run_for(100)
        pc.screen_text()
        sizes.append(resident())
    print(*sizes)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=1700)
    assert done.returncode == 0, done.stderr[-2000:]
    sizes = list(map(int, done.stdout.split()))
    assert max(sizes[2:]) - sizes[1] < 16 * 1024 + ALLOWED, sizes        # COM1's log may fill
