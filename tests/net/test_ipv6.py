"""IPv6 on the user-mode network, seen from a guest."""
import os
import socket
import struct
import threading

import pytest
from net_guest import GUEST, GUEST6, GUEST_MAC, LINK_LOCAL, NAME_SERVER6, PREFIX, ROUTER, ROUTER6, Guest, solicited
from net_host import echo_at_end, free_port, nothing_left, receive_all, server

from emu.net import dhcp6, ethernet, icmp, icmp6, ip, ipv6, neighbour, router6, tcp, udp
from emu.net.ip import Packet
from emu.net.neighbour import ADVERTISEMENT, ROUTER_ADVERTISEMENT, ROUTER_SOLICITATION, SOLICITATION, Neighbour
from emu.net.tcp import FIN_WAIT_2
from emu.net.udp import Datagram


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


on_host = pytest.mark.skipif(not has_ipv6(), reason="the host has no IPv6")
GUEST_LOCAL = b"\xFE\x80" + bytes(6) + GUEST6[8:]
ALL_NODES, ALL_ROUTERS = router6.ALL_NODES, router6.ALL_ROUTERS
WORLD = bytes.fromhex("20010db8000000000000000000000001")
ROUTER_MAC, NAME_SERVER_MAC = bytes.fromhex("52550a000202"), bytes.fromhex("52550a000203")


def v6(text):
    return socket.inet_pton(socket.AF_INET6, text)


def answers(guest):
    """[(Ethernet destination, Packet, ICMPv6 Message)] of what came."""
    guest.quiet(3)
    out = [(f.dst, ipv6.parse(f.payload)) for f in guest.arrived if f.type == ethernet.IPV6]
    guest.arrived.clear()
    return [(mac, packet, icmp6.parse(packet)) for mac, packet in out]


def test_router_advertisement():
    with Guest() as guest:
        for src, mac, dst, options in ((GUEST_LOCAL, GUEST_MAC, GUEST_LOCAL, b"\1\1" + GUEST_MAC),
                                       (bytes(16), b"\x33\x33\0\0\0\1", ALL_NODES, b"")):
            guest.icmp6(ALL_ROUTERS, ROUTER_SOLICITATION, bytes(4) + options, src=src)
            (to, packet, message), = [a for a in answers(guest) if a[2].type == ROUTER_ADVERTISEMENT]
            assert (to, packet.src, packet.dst, packet.ttl, message.code) == (mac, LINK_LOCAL, dst, 255, 0)
            assert message.rest[:12] == struct.pack(">BBHII", 64, 0x40, 1800, 0, 0)
            found = neighbour.options(message.rest[12:])
            assert found == {1: ROUTER_MAC, 5: struct.pack(">HI", 0, 1500), 25: struct.pack(">HI", 0, 1800) + NAME_SERVER6,
                             3: struct.pack(">BBIII", 64, 0xC0, 86400, 14400, 0) + PREFIX + bytes(8)}
        for ttl, rest, src in ((254, bytes(4), GUEST_LOCAL), (255, bytes(4) + b"\1\0" + GUEST_MAC, GUEST_LOCAL),
                               (255, bytes(4) + b"\1\1" + GUEST_MAC, bytes(16))):
            guest.icmp6(ALL_ROUTERS, ROUTER_SOLICITATION, rest, src=src, ttl=ttl)
        assert not answers(guest)


def test_advertisements_come_again_to_those_who_asked():
    now = [0]
    with Guest() as guest:
        guest.network.now = lambda: now[0]
        now[0] += 10 * router6.ADVERTISE_NS
        assert not answers(guest)
        guest.icmp6(ALL_ROUTERS, ROUTER_SOLICITATION, bytes(4), src=GUEST_LOCAL)
        guest.icmp6(LINK_LOCAL, ADVERTISEMENT, neighbour.build(ADVERTISEMENT, Neighbour(0, GUEST_LOCAL, GUEST_MAC)), src=GUEST_LOCAL)
        assert len(answers(guest)) == 1
        now[0] += router6.ADVERTISE_NS
        (mac, packet, message), = answers(guest)
        assert message.type == ROUTER_ADVERTISEMENT and packet.dst == ALL_NODES and mac == b"\x33\x33\0\0\0\1"
        guest.network.reset()
        now[0] += 10 * router6.ADVERTISE_NS
        assert not answers(guest)


def test_neighbours():
    def ask(target, src=GUEST6, ttl=255, mac=GUEST_MAC, dst=None):
        guest.icmp6(dst or solicited(target), SOLICITATION, neighbour.build(SOLICITATION, Neighbour(0, target, mac)), src=src, ttl=ttl)
        return answers(guest)

    with Guest() as guest:
        for target, mac, flags in ((ROUTER6, ROUTER_MAC, 0xE0), (LINK_LOCAL, ROUTER_MAC, 0xE0), (NAME_SERVER6, NAME_SERVER_MAC, 0x60)):
            for dst in (None, target):
                (to, packet, message), = ask(target, dst=dst)
                assert (to, packet.src, packet.dst, packet.ttl) == (GUEST_MAC, target, GUEST6, 255) and message.type == ADVERTISEMENT
                assert neighbour.parse(ADVERTISEMENT, message.rest) == Neighbour(flags, target, mac)
            (to, packet, message), = ask(target, src=bytes(16), mac=None)       # is it free? no
            assert (to, packet.dst, message.rest[0]) == (b"\x33\x33\0\0\0\1", ALL_NODES, flags & 0xA0)
        for target in (GUEST6, PREFIX + bytes(7) + b"\x04", WORLD, v6("::1")):
            assert not ask(target) and not ask(target, src=bytes(16), mac=None)
        assert not ask(ROUTER6, ttl=64) and not ask(ROUTER6, src=bytes(16)) and not ask(ROUTER6, src=bytes(16), mac=None, dst=ROUTER6)
        assert not ask(ROUTER6, src=ROUTER6) and not ask(ROUTER6, src=WORLD)
        assert guest.network.v6.guest == GUEST6


def test_a_guest_is_asked_where_it_is():
    with Guest() as guest:
        guest.icmp6(ROUTER6, icmp6.ECHO, b"\0\1\0\1", src=GUEST6)
        guest.network.neighbours.clear()
        guest.network.send(Packet(WORLD, GUEST6, ip.UDP, udp.build(WORLD, GUEST6, Datagram(1, 2, b"x"))))
        guest.quiet()
        assert guest.network.neighbours[GUEST6] == GUEST_MAC and guest.datagrams[-1] == (WORLD, Datagram(1, 2, b"x"))
        for n in range(100):
            guest.icmp6(ROUTER6, icmp6.ECHO, b"\0\1\0\1", src=PREFIX + n.to_bytes(8, "big"))
        assert len(guest.network.neighbours) <= 32


def test_pings():
    with Guest() as guest:
        for dst in (ROUTER6, NAME_SERVER6, LINK_LOCAL, ALL_NODES, ALL_ROUTERS):
            guest.ping(dst)
        guest.ping(WORLD, ttl=1)
        guest.quiet()
        (a, one), (b, two), (c, three), (d, four), (e, five), (f, last) = guest.datagrams
        assert (a, b, c, d, e, f) == (ROUTER6, NAME_SERVER6, LINK_LOCAL, ROUTER6, ROUTER6, ROUTER6)
        assert one == two == three == four == five == icmp.Message(icmp6.ECHO_REPLY, 0, b"\x12\x34\0\x01hello")
        assert (last.type, last.code) == (icmp6.TIME_EXCEEDED, 0) and ipv6.parse(last.rest[4:]).dst == WORLD
        assert nothing_left(guest.network)
    with Guest(restrict=True) as guest:
        guest.ping(WORLD)
        guest.quiet()
        assert [(m.type, m.code) for _, m in guest.datagrams] == [(icmp6.UNREACHABLE, icmp6.PROHIBITED)]


@on_host
def test_ping_beyond_is_answered_or_prohibited(monkeypatch):
    with Guest() as guest:
        monkeypatch.setattr(guest.network, "target", lambda address, port: ("::1", 0))
        guest.ping(WORLD)
        guest.until(lambda: guest.datagrams)
        src, message = guest.datagrams[0]
        assert message == icmp.Message(icmp6.ECHO_REPLY, 0, b"\x12\x34\0\x01hello") and src == WORLD or (
            (message.type, message.code) == (icmp6.UNREACHABLE, icmp6.PROHIBITED) and src == ROUTER6)


@on_host
@pytest.mark.parametrize("router", [ROUTER6, LINK_LOCAL])
def test_tcp_both_ways(router, monkeypatch):
    monkeypatch.setattr(tcp, "TIME_WAIT_NS", 1000)
    data = os.urandom(100_000)
    with server(echo_at_end, address="::1") as port, Guest(host_access=True) as guest:
        connection = guest.connect(router, port)
        guest.until(lambda: connection.open)
        assert connection.mss == 1440
        connection.write(data)
        connection.finish()
        got = bytearray()

        def over():
            got.extend(connection.inbox)
            connection.take(len(connection.inbox))
            return connection.peer_finished

        guest.until(over)
        assert got == data
        guest.until(lambda: nothing_left(guest.network))
        gone = guest.connect(ROUTER6, free_port())
        guest.until(lambda: gone.closed)
        assert gone.was_reset and nothing_left(guest.network)


@pytest.mark.parametrize("options", [{}, {"restrict": True}, {"host_access": True}])
@pytest.mark.parametrize("address", ["::1", "::", "::ffff:127.0.0.1", "::127.0.0.1", "fe80::1", "fd65:6d75:2::63", "router", "ff02::1"])
def test_the_host_is_out_of_reach(address, options, monkeypatch):
    """Its loopback, in whatever guise."""
    if address == "router":
        if "host_access" in options:
            return
        address = "fd65:6d75:2::2"

    def none(*_args, **_kwargs):
        raise AssertionError("a socket")

    with Guest(**options) as guest:
        monkeypatch.setattr(socket, "socket", none)
        connection = guest.connect(v6(address), 80)
        guest.udp(v6(address), 80, b"x")
        guest.quiet()
        if address != "ff02::1":
            assert connection.closed and [(m.type, m.code) for _, m in guest.datagrams] == [(icmp6.UNREACHABLE, icmp6.PORT)]
        assert nothing_left(guest.network)


def test_restrict_lets_nothing_out(monkeypatch):
    def none(*_args, **_kwargs):
        raise AssertionError("a socket")
    with Guest(restrict=True, resolvers=["192.0.2.53"]) as guest:
        monkeypatch.setattr(socket, "socket", none)
        connection = guest.connect(WORLD, 80)
        guest.until(lambda: connection.closed)
        guest.udp(WORLD, 53, b"x")
        guest.udp(NAME_SERVER6, 53, b"\1\2\1\0\0\1" + bytes(6) + b"\1a\0\0\x1C\0\1")
        guest.quiet()
        assert [type(m) for _, m in guest.datagrams] == [icmp.Message, Datagram]
        assert guest.datagrams[1][1].data[:4] == b"\1\2\x81\x85"


def test_what_goes_out():
    with Guest(resolvers=["2001:db8::53"]) as guest:
        target = guest.network.target
        assert target(WORLD, 80) == ("2001:db8::1", 80) and target(v6("64:ff9b::7f00:1"), 1) == ("64:ff9b::7f00:1", 1)
        assert target(NAME_SERVER6, 53) == ("2001:db8::53", 53) and target(NAME_SERVER6, 80) is None and target(ROUTER6, 80) is None
    with Guest(host_access=True, restrict=True) as guest:
        assert guest.network.target(ROUTER6, 80) == guest.network.target(LINK_LOCAL, 80) == ("::1", 80)
        assert guest.network.target(ROUTER, 80) == ("127.0.0.1", 80) and guest.network.target(WORLD, 80) is None


@on_host
def test_udp_out_in_and_in_pieces():
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as host, Guest(host_access=True) as guest:
        host.bind(("::1", 0))
        host.settimeout(10)
        port, big = host.getsockname()[1], os.urandom(9000)
        guest.udp(ROUTER6, port, big)
        data, client = host.recvfrom(65536)
        assert data == big
        host.sendto(big[::-1], client)
        guest.until(lambda: guest.datagrams)
        assert guest.datagrams.pop() == (ROUTER6, Datagram(port, 1234, big[::-1]))
        made = udp.build(GUEST6, ROUTER6, Datagram(1234, port, b"unchecked"))
        guest.send(Packet(GUEST6, ROUTER6, ip.UDP, made[:6] + b"\0\0" + made[8:]))
        guest.udp(ROUTER6, port, b"checked")
        assert host.recvfrom(100)[0] == b"checked"
        guest.udp(ROUTER6, free_port(), b"x")
        guest.until(lambda: guest.datagrams)
        assert guest.datagrams.pop()[1].code == icmp6.PORT


def test_names(monkeypatch):
    """The relay passes on what it is asked, AAAA as well, to whichever resolver the host has."""
    query = b"\1\2\1\0\0\1" + bytes(6) + b"\1a\0\0\x1C\0\1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as resolver:
        resolver.bind(("127.0.0.1", 0))
        resolver.settimeout(10)
        with Guest(resolvers=["127.0.0.1"]) as guest:
            monkeypatch.setattr(guest.network, "target", lambda a, p: resolver.getsockname() if (a, p) == (NAME_SERVER6, 53) else None)
            guest.udp(NAME_SERVER6, 53, query)
            data, client = resolver.recvfrom(100)
            resolver.sendto(data + WORLD, client)
            guest.until(lambda: guest.datagrams)
            assert guest.datagrams == [(NAME_SERVER6, Datagram(53, 1234, query + WORLD))]


def test_dhcp_information():
    def ask(kind, options=b"", src=GUEST_LOCAL, dst=router6.DHCP_SERVERS):
        data = bytes((kind,)) + b"\x0A\x0B\x0C" + options
        guest.send(Packet(src, dst, ip.UDP, udp.build(src, dst, Datagram(546, 547, data))))
        guest.quiet(3)
        out = [ipv6.parse(f.payload) for f in guest.arrived if f.type == ethernet.IPV6]
        guest.arrived.clear()
        return [(p.src, p.dst, udp.parse(p)) for p in out if p.protocol == ip.UDP]

    identity = b"\0\1\0\x0A\0\3\0\1" + GUEST_MAC
    with Guest() as guest:
        guest.icmp6(LINK_LOCAL, ADVERTISEMENT, neighbour.build(ADVERTISEMENT, Neighbour(0, GUEST_LOCAL, GUEST_MAC)), src=GUEST_LOCAL)
        for options in (identity, b"", b"\0\6\0\2\0\x17" + identity):
            (src, dst, datagram), = ask(dhcp6.INFORMATION_REQUEST, options)
            assert (src, dst, datagram.source, datagram.target) == (LINK_LOCAL, GUEST_LOCAL, 547, 546)
            kind, transaction, found = dhcp6.parse(datagram.data)
            assert (kind, transaction, found[23], found[2]) == (dhcp6.REPLY, b"\x0A\x0B\x0C", NAME_SERVER6, b"\0\3\0\1" + ROUTER_MAC)
            assert (1 in found) == (identity in options)
        for kind in (1, 3, 5, 7, 0, 255):
            assert not ask(kind, identity)
        assert not ask(dhcp6.INFORMATION_REQUEST, b"\0\2\0\1x") and not ask(dhcp6.INFORMATION_REQUEST, b"\0\1\xFF\xFF")
        assert not ask(dhcp6.INFORMATION_REQUEST, dst=ALL_NODES)


@on_host
@pytest.mark.parametrize("known", [True, False])
def test_forward_into_the_guest(known):
    """From ::1 to the guest's address of that kind; a guest that has none is reached as ever."""
    with socket.socket(socket.AF_INET6) as free:
        free.bind(("::1", 0))
        port = free.getsockname()[1]
    with Guest(forwards=[("tcp", "::1", port, 22), ("udp", "::1", port, 53), ("tcp", "127.0.0.1", port, 22)], restrict=True) as guest:
        guest.listening.add(22)
        if known:                       # it has asked whether its address is free
            guest.icmp6(solicited(GUEST6), SOLICITATION, neighbour.build(SOLICITATION, Neighbour(0, GUEST6, None)), src=bytes(16))
        with socket.create_connection(("::1", port)) as client:
            client.sendall(b"hello")
            guest.until(lambda: any(c.inbox == b"hello" for c in guest.connections.values()))
            (far, _, _), connection = next(iter(guest.connections.items()))
            assert far == (ROUTER6 if known else ROUTER)
            connection.write(b"welcome")
            connection.finish()
            guest.until(lambda: connection.state == FIN_WAIT_2)
            client.settimeout(10)
            assert receive_all(client) == b"welcome"
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as host:
            host.bind(("::1", 0))
            host.settimeout(10)
            host.sendto(b"query", ("::1", port))
            guest.until(lambda: guest.datagrams)
            far, datagram = guest.datagrams[0]
            assert far == (ROUTER6 if known else ROUTER) and (datagram.target, datagram.data) == (53, b"query")
            guest.udp(far, datagram.source, b"answer", source=53)
            assert host.recvfrom(100)[0] == b"answer"


def test_boot_files(tmp_path):
    (tmp_path / "f").write_bytes(b"content")
    with Guest(tftp_folder=str(tmp_path)) as guest:
        guest.udp(ROUTER6, 69, b"\0\1f\0octet\0")
        guest.quiet()
        assert guest.datagrams == [(ROUTER6, Datagram(69, 1234, b"\0\3\0\1content"))]


def raw(kind, rest, dst=ROUTER6, src=GUEST6):
    return ipv6.build(Packet(src, dst, kind, rest))[0]


def test_extension_headers():
    echo = icmp6.build(GUEST6, ROUTER6, icmp.Message(icmp6.ECHO, 0, b"\0\1\0\1"))
    option = {"pad": b"\1\4\0\0\0\0", "alert": b"\5\2\0\0\0\0", "skipped": b"\x1E\4\0\0\0\0", "unknown": b"\xC2\4\0\0\0\0",
              "cut": b"\1\5\0\0\0\0", "cut short": b"\0\0\0\0\0\1"}
    good = [(58, echo), (60, b"\x3A\0" + option["pad"] + echo), (0, b"\x3A\0" + option["alert"] + echo),
            (0, b"\x3C\0" + option["skipped"] + b"\x3A\0" + option["pad"] + echo), (43, b"\x3A\0\4\0" + bytes(4) + echo),
            (44, b"\x3A\0\0\0\0\0\0\7" + echo), (60, b"\x3A\1" + b"\1\x0C" + bytes(12) + echo)]
    bad = [(60, b"\x3A\0" + option["unknown"] + echo), (60, b"\x3A\0" + option["cut"] + echo), (60, b"\x3A\0" + option["cut short"] + echo),
           (60, b"\x3C\0" + option["pad"] + b"\0\0" + option["pad"] + echo), (43, b"\x3A\0\0\1" + bytes(4) + echo), (60, b"\x3A\xFF" + echo),
           (59, echo), (44, b"\x3A\0"), (0, b""), (60, (b"\x3C\0" + option["pad"]) * 20 + echo),
           (44, b"\x3A\0\xFF\xF9\0\0\0\7" + echo.ljust(16)), (58, echo[:-1])]
    for kind, rest in good + bad:
        with Guest() as guest:
            guest.link.send(ethernet.build(ROUTER_MAC, GUEST_MAC, ethernet.IPV6, raw(kind, rest)))
            guest.quiet(2)
            assert [m.type for _, m in guest.datagrams] == ([icmp6.ECHO_REPLY] if (kind, rest) in good else []), (kind, rest)


def test_fragments_that_never_complete_cost_little():
    """Of either kind; those that overlap, or are too many, are thrown away as a whole."""
    with Guest() as guest:
        most = 0
        for ident in range(200):
            for offset in range(0, 0xFFF0, 512):
                for packet in (Packet(GUEST6, ROUTER6, ip.UDP, bytes(8), ident=ident, offset=offset + 8, more=True),
                               Packet(GUEST, ROUTER, ip.UDP, bytes(8), ident=ident, offset=offset + 8, more=True)):
                    guest.network.reassembly.add(packet, ident)
            pending = guest.network.reassembly.pending
            most = max(most, sum(len(parts) for _, parts in pending.values()))
            assert len(pending) <= ip.MOST_PENDING
        assert most <= ip.MOST_PENDING * ip.MOST_PARTS
    reassembly = ip.Reassembly()
    first = Packet(GUEST6, ROUTER6, ip.UDP, bytes(16), ident=1, more=True)
    assert reassembly.add(first, 0) is None and reassembly.add(first, 0) is None and len(reassembly.pending) == 1      # twice the same
    reassembly.add(first._replace(offset=8, more=False), 0)
    assert not reassembly.pending


def test_the_end_of_it(monkeypatch):
    """What a guest had open is gone after a reset, for both kinds of address."""
    release = threading.Event()
    with server(lambda sock: release.wait(20)) as port, Guest(host_access=True) as guest:
        monkeypatch.setattr(guest.network, "target", lambda a, p: ("127.0.0.1", port))
        for dst in (ROUTER, ROUTER6, WORLD):
            guest.connect(dst, port)
            guest.udp(dst, port, b"x")
        guest.until(lambda: sum(c.open for c in guest.connections.values()) == 3)
        guest.network.reset()
        release.set()
        assert nothing_left(guest.network)
