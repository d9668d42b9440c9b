"""Two guests on a switch: they reach each other with addresses of their own choice, in one process and in two."""

import subprocess
import sys
from pathlib import Path

import pytest
from linux_shell import APPEND, PREPARE, ask, files, shell, type_serial

from emu import Machine

pytestmark = [pytest.mark.boot, pytest.mark.native, pytest.mark.slow, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 300
SERVE = "ip addr add 10.9.0.1/24 dev eth0; httpd -p 80 -h /bin"
FETCH = ("ip addr add 10.9.0.2/24 dev eth0; ping -c 3 10.9.0.1; until wget -q -O /tmp/f http://10.9.0.1/busybox; do sleep 1; done; "
         "cmp /bin/busybox /tmp/f && echo SAME''$?; cat /sys/class/net/eth0/address")


@pytest.fixture(scope="module")
def busybox(image, tmp_path_factory):
    return files(image, tmp_path_factory.mktemp("cd") / "files")


@pytest.fixture(autouse=True)
def runtime_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


def fetched(text):
    return "3 packets received, 0% packet loss" in text and "SAME0" in text and "52:54:00:12:34:57" in text


@pytest.mark.heavy
def test_two_machines_in_one_process(busybox):
    with shell(busybox, net="switch=lan") as server, shell(busybox, net="switch=lan") as client:
        def both(condition):
            assert client.run(until=lambda: server.step_slice() and condition(), timeout=LIMIT)

        both(lambda: all("/ #" in pc.serial_text() for pc in (server, client)))
        assert "eth0" in ask(server, f"{PREPARE}; {SERVE}; ip link")
        ask(client, PREPARE)
        type_serial(client, FETCH + "; echo AT''END\n")
        both(lambda: "ATEND" in client.serial_text())
        assert fetched(client.serial_text()), client.serial_text()
        type_serial(client, "ping -c 2 -I eth0 fe80::5054:ff:fe12:3456; echo AT''LAST\n")       # IPv6 finds its way by multicast
        both(lambda: "ATLAST" in client.serial_text())
        assert "2 packets received, 0% packet loss" in client.serial_text().rpartition("ATEND")[2]
        for pc in (server, client):
            assert not [line for line in ask(pc, "dmesg").splitlines() if "eth0" in line and ("timed out" in line or "error" in line)]


def test_two_processes_and_one_is_killed(busybox, tmp_path):
    """The server is the first on the switch; in the end it is killed, and its port is free again."""
    def start(*script):
        return subprocess.Popen([sys.executable, "-m", "emu", "run", "--kernel", busybox / "boot/vmlinuz", "--initrd", busybox / "boot/initrd.gz",
                                 "--append", f"{APPEND} console=tty0", "--memory", "64M", "--display", "none", "--net", "switch=lan",
                                 "--timeout", str(LIMIT), "--wait", "/ #", "--type", rf"{PREPARE}\n", *script],
                                cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    server = start("--type", rf"{SERVE}\n", "--until", "never")
    folder = tmp_path / "emu" / "lan"
    try:
        while not (folder / "0").exists():
            assert server.poll() is None
        client = start("--wait-seconds", "10", "--type", rf"{FETCH}; poweroff -f\n", "--dump-text")
        out, _ = client.communicate(timeout=LIMIT + 30)
        assert client.returncode == 0 and fetched(out), out
    finally:
        server.kill()
        server.communicate()
    assert sorted(p.name for p in folder.iterdir()) == ["0", "0.lock"]
    with Machine(memory="1M", engine="python", net="switch=lan") as pc:      # what was left there is taken over
        assert pc._network.far.number == 0
    assert not folder.exists()
