"""Guests on the user-mode network: addresses by DHCP, downloads, forwards, and runs that repeat."""

import hashlib
import http.server
import os
import random
import re
import socket
import struct
import threading
from contextlib import contextmanager

import pytest
from linux_shell import PREPARE, ask, files, shell, type_serial

from emu import Machine
from emu.machine.config import Floppy

pytestmark = [pytest.mark.boot, pytest.mark.native]

MUCH = 100_000_000


@contextmanager
def web_server(content, address="127.0.0.1", before=lambda: None):
    """A web server on the host's loopback that has one page; ``before()`` is called before each answer."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            before()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_args):
            pass

    class Server(http.server.ThreadingHTTPServer):
        address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        request_queue_size = 256

    server = Server((address, 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def sanos(image, **settings):
    return Machine(floppy=Floppy(image("floppies/sanos.img"), keep_writes=False), memory="32M", **{"engine": "native", **settings})


def test_sanos_gets_its_address(image, tmp_path):
    """Its own driver for the PCI card, its own TCP/IP."""
    with sanos(image, pcap=tmp_path / "net.pcap") as pc:
        pc.wait_for_text("/$", timeout=120)
        pc.run_for(1)
        pc.type("ifconfig\n")
        pc.wait_for_text("Default Gateway .... : 10.0.2.2", timeout=30)
        screen = "\n".join(pc.screen_text())
        assert "IP Address ......... : 10.0.2.15" in screen and "Primary DNS Server ...... : 10.0.2.3" in screen
    captured = (tmp_path / "net.pcap").read_bytes()
    assert struct.unpack_from("<I", captured) == (0xA1B2C3D4,) and captured.count(bytes((10, 0, 2, 15))) >= 2


def test_runs_repeat_with_a_network(image):
    """What needs no socket (DHCP, ARP, pings of the router) is the same in every run."""
    seen = []
    for _ in range(2):
        with sanos(image) as pc:
            pc.run_for(8)
            pc.type("ping 10.0.2.2\n")
            pc.run_for(4)
            seen.append((pc.instructions, pc.guest_ns, pc.screen_text()))
            assert not pc._network.far.waiting()
    assert seen[0] == seen[1]
    assert sum("bytes from 10.0.2.2" in row for row in seen[0][2]) > 1


def debian(image, **settings):
    pc = Machine(cdrom=image("debian-busybox.iso"), engine="native", boot="cdrom", **{"memory": "64M", **settings})
    pc.wait_for_text("DEBIAN-BUSYBOX-READY", timeout=240)
    assert re.search(r"DHCP-OK eth0 10\.0\.2\.15 gw 10\.0\.2\.2 dns 10\.0\.2\.3", pc.serial_text())
    pc.run_for(1)
    return pc


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_linux_downloads_and_serves(image):
    content = random.Random(5).randbytes(3_000_000)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with web_server(content) as web, debian(image, net="user,host-access", forwards=[f"tcp:{port}:80"]) as pc:
        began = pc.guest_seconds
        pc.type(f"wget -q -O /tmp/f http://10.0.2.2:{web}/f; md5sum /tmp/f\n")
        pc.wait_for_text(hashlib.md5(content).hexdigest(), timeout=120)
        assert pc.guest_seconds - began < 10, "frames are lost"
        pc.type("ping -c 2 10.0.2.2; httpd -p 80 -h /tmp; echo UP''$?\n")
        pc.wait_for_text("2 packets received, 0% packet loss", timeout=60)
        pc.wait_for_text("UP0", timeout=60)
        got = []

        def client():
            with socket.create_connection(("127.0.0.1", port)) as sock:
                sock.sendall(b"GET /f HTTP/1.0\r\n\r\n")
                got.append(b"".join(iter(lambda: sock.recv(65536), b"")))

        thread = threading.Thread(target=client)
        thread.start()
        assert pc.run(until=lambda: got, timeout=60)
        thread.join()
        assert got[0].endswith(content)
        assert pc.run(until=lambda: all(f.sock is None for f in pc._network.far.tcp.flows.values()), timeout=10)


def say(pc, text):
    """Type on COM1, as fast as the guest takes it."""
    for byte in text.encode():
        while not pc.send_serial(bytes((byte,))):
            pc.run_for(0.001)


def does(pc, command, timeout=300):
    """Run a command in the shell on COM1; it succeeds."""
    say(pc, f"{command}; echo '<'$?'>'\n")
    pc.wait_for_text("<0>", timeout=timeout)


@contextmanager
def sink():
    """A server on the host's loopback that takes what comes: its port, and a list of the digests of what each client sent."""
    digests, listener = [], socket.create_server(("127.0.0.1", 0), backlog=256)

    def client(sock):
        digest = hashlib.md5()
        with sock:
            for data in iter(lambda: sock.recv(1 << 16), b""):
                digest.update(data)
        digests.append(digest.hexdigest())

    def accept():
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=client, args=(sock,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1], digests
    finally:
        listener.close()


@pytest.mark.heavy
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("settings", [{}, {"nic": "ne2k_isa", "no_acpi": True}, {"clock": "host"}])
def test_much_both_ways(image, settings):
    """100 MB down and up, the same bytes; then 200 connections at once."""
    content = random.Random(7).randbytes(MUCH)
    want = hashlib.md5(content).hexdigest()
    with web_server(content) as web, sink() as (port, digests), debian(image, net="user,host-access", memory="256M", **settings) as pc:
        does(pc, f"wget -q -O - http://10.0.2.2:{web}/f | md5sum", timeout=600)
        assert want in pc.serial_text()
        does(pc, f"wget -q -O - http://10.0.2.2:{web}/f | nc 10.0.2.2 {port}", timeout=900)
        assert pc.run(until=lambda: digests, timeout=30) and digests == [want]
        does(pc, f"for n in $(seq 200); do (sleep 5; echo $n) | nc 10.0.2.2 {port} & done; wait", timeout=300)
        assert pc.run(until=lambda: len(digests) == 201, timeout=30)
        assert sorted(digests[1:]) == sorted(hashlib.md5(b"%d\n" % n).hexdigest() for n in range(1, 201))
        does(pc, "ping -c 3 10.0.2.2")


@pytest.mark.heavy
@pytest.mark.timeout(1800)
def test_live_desktop_shows_a_page(image, tmp_path):
    """The browser of the live CD shows what a program on the host serves: yellow ground over most of its window."""
    page = b"<html><body bgcolor='#ffff40'><h1>Hello from the host</h1></body></html>"
    with web_server(page) as web, Machine(cdrom=image("debian-live-desktop.iso"), memory="512M", engine="native", boot="cdrom",
                                          net="user,host-access") as pc:
        pc.wait_for_text("Automatic boot in", timeout=100)
        pc.type("\\e", escapes=True)
        pc.wait_for_text("boot:", timeout=100)
        pc.type("auto\n")
        for prompt, keys in (("livebox login:", "live\n"), ("Password:", "live\n")):
            pc.wait_for_text(prompt, timeout=900)
            pc.run_for(1)
            say(pc, keys)
        pc.wait_for_text("permitted by applicable law", timeout=200)
        pc.run_for(5)
        does(pc, "ip -4 a show | grep 10.0.2.15/24 && ip r | grep 'default via 10.0.2.2' && grep 'nameserver 10.0.2.3' /etc/resolv.conf")
        say(pc, f"DISPLAY=:0 dillo http://10.0.2.2:{web}/ >/dev/null 2>&1 &\n")
        end = pc.guest_seconds + 200
        while (abs(pc.screenshot().array.astype(int) - (0xFF, 0xFF, 0x40)) < 9).all(2).mean() < 0.1:      # 16 bits a pixel
            assert pc.guest_seconds < end, "the page is not seen"
            pc.run_for(2)
        pc.screenshot().save(tmp_path / "page.png")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_linux_with_the_isa_card(image):
    with debian(image, nic="ne2k_isa", no_acpi=True) as pc:       # else ACPI has IRQ 9, and the driver does not share
        assert re.search(r"eth0: NE2000 found at 0x300, using IRQ 9", pc.serial_text())


@pytest.fixture(scope="module")
def busybox(image, tmp_path_factory):
    return files(image, tmp_path_factory.mktemp("cd") / "files")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_linux_with_ipv6(busybox):
    """It makes itself an address, finds the router and the host's ::1 behind it, is reached from there, and has nothing to complain of."""
    content = random.Random(6).randbytes(1_000_000)
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as free:
        port = free.getsockname()[1]
    with web_server(content, "::1") as web, shell(busybox, net="user,host-access", forwards=[f"tcp:[::1]:{port}:80"]) as pc:
        pc.wait_for_text("/ #", timeout=240)
        ask(pc, f"{PREPARE}; sleep 4")
        address = "fd65:6d75:2:0:5054:ff:fe12:3456"
        assert f"inet6 {address}/64 scope global dynamic" in (shown := ask(pc, "ip -6 addr")), shown
        assert re.search(r"^default via fe80::2 dev eth0", shown := ask(pc, "ip -6 route"), re.MULTILINE), shown
        for target in ("fd65:6d75:2::2", "fd65:6d75:2::3", "-I eth0 fe80::2", "-I eth0 ff02::2"):
            assert "2 packets received, 0% packet loss" in (shown := ask(pc, f"ping6 -c 2 {target}")), shown
        digest = hashlib.md5(content).hexdigest()
        assert digest in (shown := ask(pc, f"wget -q -O /tmp/f http://[fd65:6d75:2::2]:{web}/f; md5sum /tmp/f")), shown
        assert "lladdr 52:55:0a:00:02:02 router" in (shown := ask(pc, "ip -6 neigh")), shown
        ask(pc, "httpd -p 80 -h /tmp")
        got = []

        def client():
            with socket.create_connection(("::1", port)) as sock:
                sock.sendall(b"GET /f HTTP/1.0\r\n\r\n")
                got.append(b"".join(iter(lambda: sock.recv(65536), b"")))

        thread = threading.Thread(target=client)
        thread.start()
        ends = set()
        assert pc.run(until=lambda: ends.update(key[0] for key in pc._network.far.tcp.flows) or got, timeout=60)
        thread.join()
        assert got[0].endswith(content) and ends == {socket.inet_pton(socket.AF_INET6, address)}
        assert not re.search(r"eth0|IPv6", ask(pc, "dmesg | grep -iE 'error|fail|timed out|duplicate|invalid'"))


@pytest.mark.slow
@pytest.mark.heavy
@pytest.mark.timeout(600)
def test_many_connections_of_a_guest(busybox):
    """200 at once, none of which is answered before all are there, then a thousand one after the other; nothing is left behind."""
    content, all_there = b"x" * 5000, threading.Barrier(200)
    waits = [lambda: all_there.wait(120)]
    request = "/bin/busybox nc 10.0.2.2 {} </tmp/q"
    with web_server(content, before=lambda: [wait() for wait in waits]) as web, shell(busybox, "128M", net="user,host-access") as pc:
        pc.wait_for_text("/ #", timeout=240)
        ask(pc, f"{PREPARE}; ip addr add 10.0.2.15/24 dev eth0; mkdir /tmp/r; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >/tmp/q")
        before = len(os.listdir("/proc/self/fd"))
        ask(pc, f"i=0; while [ $i -lt 200 ]; do {request.format(web)} >/tmp/r/$i & i=$((i+1)); done; wait", 300)
        assert ask(pc, "ls /tmp/r | wc -l; cat /tmp/r/* | grep -c xxxxx; cat /tmp/r/* | tr -dc x | wc -c").split()[-3:] == ["200", "200", "1000000"]
        waits.clear()
        ask(pc, f"i=0; while [ $i -lt 1000 ]; do {request.format(web)} | grep -c xxxxx; i=$((i+1)); done >/tmp/n", 300)
        assert ask(pc, "sort /tmp/n | uniq -c").split()[-2:] == ["1000", "1"]
        pc.run_for(3)
        assert not pc._network.far.tcp.flows and len(os.listdir("/proc/self/fd")) <= before
        assert "eth0" not in ask(pc, "dmesg | grep -iE 'error|fail|timed out'")


@pytest.mark.slow
@pytest.mark.heavy
@pytest.mark.timeout(600)
def test_linux_with_the_isa_card_beside_acpi(image):
    """IRQ 9 is ACPI's; the image's own script tries it, and another has to be said by hand."""
    with Machine(cdrom=image("debian-busybox.iso"), memory="64M", engine="native", boot="cdrom", nic="ne2k_isa,irq=10") as pc:
        pc.wait_for_text("DEBIAN-BUSYBOX-READY", timeout=240)
        pc.run_for(2)
        does(pc, "modprobe -r ne; modprobe ne io=0x300 irq=10; ifconfig eth0 up; udhcpc -n -q -i eth0")
        assert "lease of 10.0.2.15 obtained" in pc.serial_text()
        does(pc, "grep '^ *10:.*NE2000' /proc/interrupts")
