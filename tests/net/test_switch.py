"""The switch between machines: who gets which frame, and what comes of those that stop, die or flood."""
import os
import random
import signal
import socket
import subprocess
import sys
import time

import pytest

from emu import Machine
from emu.machine.config import ConfigError
from emu.net import switch, switch_folder
from emu.net.switch import AGE, MOST_ADDRESSES, MOST_FRAMES, AddressTable, Switch

pytestmark = pytest.mark.skipif(not switch_folder.available(), reason="no switch on this system")

ALL = b"\xFF" * 6


def mac(number):
    return bytes((2, 0, 0, 0, 0, number))


def frame(dst, src, text=b"", size=60):
    return (dst + src + b"\x88\xB5" + text).ljust(size, b"\0")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def join(folder):
    made = []

    def enter(name="lan", **options):
        made.append(Switch(name, **options))
        return made[-1]
    yield enter
    for one in made:
        one.close()


def quiet(*ports, seconds=0.05):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for port in ports:
            port.poll(0.002)


def taken(port):
    out = []
    while (one := port.next_frame()) is not None:
        out.append(one)
    return out


def files():
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0


def test_frames_go_where_they_belong(join, folder):
    before = files()
    a, b, c = join(), join(), join()
    other = join("other")
    assert [p.number for p in (a, b, c, other)] == [0, 1, 2, 0]
    quiet(a, b, c)
    a.frame(frame(ALL, mac(1), b"who"))
    quiet(a, b, c, other)
    assert taken(b) == taken(c) == [frame(ALL, mac(1), b"who")] and not taken(a) and not taken(other)
    b.frame(frame(mac(1), mac(2), b"me"))           # known to b and c: a alone gets it
    quiet(a, b, c)
    assert taken(a) == [frame(mac(1), mac(2), b"me")] and not taken(c)
    c.frame(frame(mac(2), mac(3), b"hi"))           # b's address is not known to c: all get it
    quiet(a, b, c)
    assert taken(a) == taken(b) == [frame(mac(2), mac(3), b"hi")]
    c.frame(frame(b"\1\0\x5E\0\0\1", mac(3)))       # multicast
    quiet(a, b, c)
    assert len(taken(a)) == len(taken(b)) == 1 and a.waiting()
    for port in (a, b, c, other):
        port.close()
    assert not os.listdir(folder / "emu") and files() <= before


def test_addresses_move_and_age():
    table = AddressTable()
    table.learn(mac(1), 5, 0)
    table.learn(ALL, 5, 0)
    assert table.find(mac(1), AGE) == 5 and table.find(mac(1), AGE + 1) is None and table.find(ALL, 0) is None
    table.learn(mac(1), 6, AGE + 1)
    assert table.find(mac(1), AGE + 2) == 6
    for n in range(2 * MOST_ADDRESSES):
        table.learn(b"\2" + n.to_bytes(5, "big"), 7, 0)
    assert len(table.places) == MOST_ADDRESSES
    table.forget(7)
    assert not table.places


def test_one_that_does_not_look_misses_frames(join):
    a, b, c = join(), join(), join()
    quiet(a, b, c)
    began = time.monotonic()
    for n in range(20_000):
        a.frame(frame(ALL, mac(1), n.to_bytes(4, "big"), 1514))
    assert time.monotonic() - began < 10 and all(len(link.rest) < 1516 for link in a.outgoing.values())
    quiet(b)
    assert len(b.frames) <= MOST_FRAMES
    got = taken(b)
    quiet(a, b, c)
    got += taken(b)
    assert [int.from_bytes(f[14:18], "big") for f in got] == list(range(len(got))) and len(got) > 40
    a.frame(frame(ALL, mac(1), b"then"))
    quiet(a, b, c)
    assert [f[14:18] for f in taken(b)] == [b"then"]        # whole frames, though one was cut off in between
    for _ in range(10):
        for _ in range(200):
            a.frame(frame(ALL, mac(1), size=1514))
        quiet(a, c, seconds=0.01)
    assert len(c.frames) <= MOST_FRAMES
    c.reset()
    assert not c.has_frames()


PEER = """
import sys, time
from emu.net.switch import Switch
port = Switch("lan")
print(port.number, flush=True)
while True:
    port.poll(0.01)
    while (data := port.next_frame()) is not None:
        port.frame(data[6:12] + bytes((2, 0, 0, 0, 0, 99)) + data[12:])
"""


def peer():
    process = subprocess.Popen([sys.executable, "-c", PEER], stdout=subprocess.PIPE, text=True)
    return process, int(process.stdout.readline())


def end(process):
    process.kill()
    process.wait()
    process.stdout.close()


def answers(port, seconds=5):
    port.frame(frame(ALL, mac(1), b"?"))
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        port.poll(0.01)
        if taken(port):
            return True
    return False


def test_the_others_may_be_killed_at_any_time(join, folder):
    first, number = peer()                          # the first one in, so that nothing hangs on it
    try:
        assert number == 0
        a, b = join(), join()
        quiet(a, b)
        assert answers(a)
        taken(b)
        end(first)
        assert sorted(os.listdir(folder / "emu" / "lan")) == ["0", "0.lock", "1", "1.lock", "2", "2.lock"]
        a.frame(frame(mac(99), mac(1)))             # to the dead one
        b.frame(frame(ALL, mac(2), b"still"))
        quiet(a, b)
        assert [f[14:19] for f in taken(a)] == [b"still"] and set(a.outgoing) == {2} and a.table.find(mac(99), time.monotonic()) is None
        assert not a.incoming or {link.number for link in a.incoming} == {2}
        a._search()
        assert sorted(os.listdir(folder / "emu" / "lan")) == ["1", "1.lock", "2", "2.lock"]
        first, number = peer()                      # its port is free again
        quiet(a, b)
        assert number == 0 and answers(a)
    finally:
        end(first)


def test_one_that_is_stopped_holds_nobody_up(join):
    process, _ = peer()
    try:
        a, b = join(), join()
        quiet(a, b)
        assert answers(a)
        taken(b)
        process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        for _ in range(5000):
            a.frame(frame(ALL, mac(1), b"x", 1514))
        c = join()                                  # even to come in
        assert time.monotonic() - began < 5
        quiet(a, b, c)
        taken(b)
        quiet(a, b, c)
        taken(b)
        c.frame(frame(ALL, mac(3), b"new"))
        quiet(a, b, c)
        assert [f[14:17] for f in taken(b)][-1] == b"new"
        process.send_signal(signal.SIGCONT)
        assert answers(a)
    finally:
        end(process)


def test_rubbish_on_a_connection_ends_it(join, folder):
    a, b = join(), join()
    quiet(a, b)
    rng = random.Random(1)
    for rubbish in (b"\0\5\0\3abc", b"\0\5\xFF\xFF", b"\x03\x00\0\x3c" + bytes(60), b"\0", *(rng.randbytes(300) for _ in range(20))):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(folder / "emu" / "lan" / "0"))
            sock.sendall(rubbish)
            quiet(a, seconds=0.01)
    many = []
    for _ in range(200):
        sock = socket.socket(socket.AF_UNIX)
        sock.setblocking(False)
        try:
            sock.connect(str(folder / "emu" / "lan" / "0"))
        except BlockingIOError:
            pass
        many.append(sock)
        a.poll()
    assert len(a.incoming) <= 2 * switch_folder.PORTS
    for sock in many:
        sock.close()
    quiet(a, b, seconds=0.2)
    assert len(a.incoming) == 1
    b.frame(frame(ALL, mac(2), b"fine"))
    quiet(a, b)
    assert taken(a)[-1][14:18] == b"fine"


def test_wrong_folders_and_a_full_switch(folder, join, monkeypatch):
    monkeypatch.setattr(switch_folder, "PORTS", 3)
    for _ in range(3):
        join()
    with pytest.raises(OSError, match="has 3 machines already"):
        join()
    with pytest.raises(ConfigError, match="^net: switch=lan: has 3 machines already$"):
        Machine(memory="1M", engine="python", net="switch=lan")
    os.chmod(folder / "emu", 0o755)
    with pytest.raises(ConfigError, match="switch=b: .*emu: is not a folder of this user's alone$"):
        Machine(memory="1M", engine="python", net="switch=b")
    os.chmod(folder / "emu", 0o700)
    (folder / "emu" / "link").symlink_to(folder)
    with pytest.raises(OSError, match="alone"):
        join("link")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/nonexistent")
    monkeypatch.setattr(switch_folder.tempfile, "gettempdir", lambda: str(folder))
    assert join().number == 0 and (folder / f"emu-{os.getuid()}" / "lan" / "0").exists()
    monkeypatch.setattr(switch_folder.tempfile, "gettempdir", lambda: str(folder / ("x" * 120)))
    (folder / ("x" * 120)).mkdir()
    with pytest.raises(ConfigError, match="switch=lan: AF_UNIX path too long"):
        Machine(memory="1M", engine="python", net="switch=lan")


def test_machines_on_one_switch_have_their_own_addresses(folder):
    def wanted(number):
        return bytes.fromhex("5254001234") + bytes((0x56 + number,))

    with Machine(memory="1M", engine="python", net="switch=lan") as a, Machine(memory="1M", engine="python", net="switch=lan") as b:
        assert [bytes(pc._nic.prom[:12:2]) for pc in (a, b)] == [wanted(0), wanted(1)]
        b.reset()
        assert bytes(b._nic.prom[:12:2]) == wanted(1)
        with Machine(memory="1M", engine="python", net="switch=lan", nic="ne2k_pci,mac=02:00:00:00:00:07") as c:
            assert bytes(c._nic.prom[:12:2]) == mac(7)
            for pc in (a, b, c, a, b, c):
                pc._network.poll()
            a._nic.link.send(frame(ALL, wanted(0)))
            for pc in (b, c):
                pc._network.poll()
                pc._nic.fetch()
            assert b._nic.link.frames == c._nic.link.frames == 1
    with Machine(memory="1M", engine="python") as pc:
        assert bytes(pc._nic.prom[:12:2]) == wanted(0)
    assert not os.listdir(folder / "emu")


def test_a_name_is_checked_at_every_entrance():
    for name in ("../lan", "a/b", ".", "", "a b", "x" * 33):
        with pytest.raises(ConfigError, match="net"):
            Machine(memory="1M", engine="python", net=f"switch={name}")


def test_searching_costs_nothing_while_all_are_there(join, monkeypatch):
    now = [0.0]
    a = join(host_time=lambda: now[0])
    b = join(host_time=lambda: now[0])
    quiet(a, b)
    looks = []
    monkeypatch.setattr(a.port, "others", lambda: looks.append(1) or [b.number])
    quiet(a)
    assert not looks
    now[0] += switch.SEARCH
    quiet(a)
    assert len(looks) == 1 and set(a.outgoing) == {b.number}
