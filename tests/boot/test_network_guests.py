"""Guests on the user-mode network: addresses by DHCP, downloads, forwards, and runs that repeat."""

import hashlib
import http.server
import random
import re
import socket
import struct
import threading
from contextlib import contextmanager

import pytest

from emu import Machine
from emu.machine.config import Floppy

pytestmark = [pytest.mark.boot, pytest.mark.native]


@contextmanager
def web_server(content):
    """A web server on the host's loopback that has one page."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
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
            pc.type("ping -c 2 10.0.2.2\n")
            pc.run_for(4)
            seen.append((pc.instructions, pc.guest_ns, pc.screen_text()))
            assert not pc._network.far.waiting()
    assert seen[0] == seen[1]
    assert any("10.0.2.2" in row for row in seen[0][2])


def debian(image, **settings):
    pc = Machine(cdrom=image("debian-busybox.iso"), memory="64M", engine="native", boot="cdrom", **settings)
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
        assert not [f for f in pc._network.far.tcp.flows.values() if f.sock is not None]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_linux_with_the_isa_card(image):
    with debian(image, nic="ne2k_isa", no_acpi=True) as pc:       # else ACPI has IRQ 9, and the driver does not share
        assert re.search(r"eth0: NE2000 found at 0x300, using IRQ 9", pc.serial_text())
