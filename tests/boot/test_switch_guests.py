"""Two guests on a switch: they reach each other with addresses of their own choice, in one process and in two."""

import subprocess
import sys
from pathlib import Path

import pytest

from emu import Machine

pytestmark = [pytest.mark.boot, pytest.mark.native, pytest.mark.slow, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[2]
READY, LIMIT = "DEBIAN-BUSYBOX-READY", 300
SERVE = "ip addr add 10.9.0.1/24 dev eth0; mkdir /tmp/w; head -c 2000000 /mnt/cd/random8m.bin >/tmp/w/f; httpd -p 80 -h /tmp/w; echo UP''$?\n"
FETCH = ("ip addr add 10.9.0.2/24 dev eth0; ping -c 3 10.9.0.1; wget -q -O /tmp/f http://10.9.0.1/f; "
         "head -c 2000000 /mnt/cd/random8m.bin | cmp - /tmp/f && echo SAME''$?; cat /sys/class/net/eth0/address; poweroff -f\n")


@pytest.fixture(autouse=True)
def runtime_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


def debian(image):
    return Machine(cdrom=image("debian-busybox.iso"), memory="64M", engine="native", boot="cdrom", net="switch=lan")


def alternate(machines, condition, seconds=LIMIT):
    """Run both by turns."""
    others = machines[1:]
    assert machines[0].run(until=lambda: [m.step_slice() for m in others] and condition(), timeout=seconds)


def shown(pc):
    return "\n".join(pc.screen_text())


def fetched(text):
    return "3 packets received, 0% packet loss" in text and "SAME0" in text and "52:54:00:12:34:57" in text


def test_two_machines_in_one_process(image):
    with debian(image) as server, debian(image) as client:
        both = [server, client]
        alternate(both, lambda: all(READY in pc.serial_text() for pc in both))
        server.type(SERVE)
        alternate(both, lambda: "UP0" in shown(server))
        client.type(FETCH)
        alternate(both, lambda: client.ended is not None)
        assert fetched(shown(client)), shown(client)


def test_two_processes_and_one_is_killed(image, tmp_path):
    """The server is the first on the switch; in the end it is killed, and its port is free again."""
    def start(*script, **options):
        return subprocess.Popen([sys.executable, "-m", "emu", "run", image("debian-busybox.iso"), "--memory", "64M", "--display", "none",
                                 "--clock", "host", "--net", "switch=lan", "--timeout", str(LIMIT), "--wait", READY, *script],
                                cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)

    first = start("--type", SERVE.replace("\n", r"\n"), "--until", "never")
    folder = tmp_path / "emu" / "lan"
    try:
        while not (folder / "0").exists():
            assert first.poll() is None
        client = start("--wait-seconds", "20", "--type", FETCH.replace("\n", r"\n"), "--dump-text")
        out, _ = client.communicate(timeout=LIMIT)
        assert client.returncode == 0 and fetched(out), out
    finally:
        first.kill()
        first.communicate()
    assert sorted(p.name for p in folder.iterdir()) == ["0", "0.lock"]
    with Machine(memory="1M", engine="python", net="switch=lan") as pc:      # what was left there is taken over
        assert pc._network.far.number == 0
    assert not folder.exists()
