"""The user-mode network, seen from a guest: addresses, names, connections, what it lets through and what not."""
import os
import socket
import struct
import threading

import pytest
from net_guest import GUEST, GUEST_MAC, NAME_SERVER, NET, ROUTER, Guest
from net_host import echo_at_end, free_port, nothing_left, receive_all, server

from emu.net import arp, dhcp, dns, ethernet, icmp, ip, ipv4, tcp, tcp_flows, udp, udp_flows
from emu.net.arp import Arp
from emu.net.pcap import Capture
from emu.net.tcp import CLOSE_WAIT, CLOSED, FIN_WAIT_2, INBOX, OUTBOX
from emu.net.udp import Datagram


def dhcp_message(kind, options=(), flags=0, mac=GUEST_MAC, ciaddr=bytes(4)):
    body = b"".join(bytes((c, len(v))) + v for c, v in ([(53, bytes((kind,)))] if kind else []) + list(options)) + b"\xFF"
    return struct.pack(">BBBBIHH4s4s4s4s16s64s128s", 1, 1, 6, 0, 0xABCD, 0, flags, ciaddr, bytes(4), bytes(4), bytes(4), mac, b"",
                       b"") + dhcp.COOKIE + body


def test_arp_for_router_and_name_server_alone():
    with Guest() as guest:
        for last in (2, 3, 4, 15, 1):
            guest.link.send(ethernet.build(b"\xFF" * 6, GUEST_MAC, ethernet.ARP,
                                           arp.build(Arp(1, GUEST_MAC, GUEST, bytes(6), NET[:3] + bytes((last,))))))
        guest.quiet()
        assert guest.macs == {ROUTER: bytes.fromhex("52550a000202"), NAME_SERVER: bytes.fromhex("52550a000203")}


def ask_dhcp(guest, data, src=bytes(4), dst=b"\xFF" * 4):
    guest.arrived.clear()
    guest.link.send(ethernet.build(b"\xFF" * 6, GUEST_MAC, ethernet.IPV4, ipv4.build(
        ip.Packet(src, dst, 17, udp.build(src, dst, Datagram(68, 67, data))))[0]))
    guest.step(0)
    if not guest.arrived:
        return None
    frame = guest.arrived[0]
    datagram = udp.parse(ipv4.parse(frame.payload))
    assert (datagram.source, datagram.target) == (67, 68) and datagram.data[4:8] == b"\0\0\xAB\xCD"
    options, at = {}, 240
    while datagram.data[at] != 255:
        size = datagram.data[at + 1]
        options[datagram.data[at]] = datagram.data[at + 2:at + 2 + size]
        at += 2 + size
    return frame, datagram.data[16:20], options


def test_dhcp_gives_address_router_names_and_lease():
    with Guest() as guest:
        frame, yours, options = ask_dhcp(guest, dhcp_message(dhcp.DISCOVER))
        assert yours == GUEST and options[53] == bytes((dhcp.OFFER,)) and options[54] == ROUTER and frame.dst == GUEST_MAC
        frame, yours, options = ask_dhcp(guest, dhcp_message(dhcp.DHCP_REQUEST, [(50, GUEST), (54, ROUTER)], flags=0x8000))
        assert yours == GUEST and options[53] == bytes((dhcp.DHCPACK,)) and frame.dst == b"\xFF" * 6
        assert (options[1], options[3], options[6]) == (b"\xFF\xFF\xFF\0", ROUTER, NAME_SERVER)
        assert int.from_bytes(options[51], "big") == 86400
        assert ask_dhcp(guest, dhcp_message(dhcp.DHCP_REQUEST, [(50, NET[:3] + b"\x63")]))[2][53] == bytes((dhcp.NAK,))
        assert ask_dhcp(guest, dhcp_message(dhcp.DHCP_REQUEST, [(50, GUEST), (54, b"\1\2\3\4")])) is None
        _, yours, options = ask_dhcp(guest, dhcp_message(dhcp.INFORM, ciaddr=GUEST), src=GUEST, dst=ROUTER)
        assert yours == bytes(4) and options[53] == bytes((dhcp.DHCPACK,)) and 51 not in options
        assert ask_dhcp(guest, dhcp_message(0))[1] == GUEST                         # BOOTP
        assert ask_dhcp(guest, dhcp_message(dhcp.RELEASE)) is None
        assert ask_dhcp(guest, dhcp_message(dhcp.DISCOVER, mac=b"\2" * 6))[1] == NET[:3] + b"\x10"
        for n in range(40):
            ask_dhcp(guest, dhcp_message(dhcp.DISCOVER, mac=b"\2" * 5 + bytes((n,))))
        assert len(guest.network.v4.dhcp.clients) == dhcp.MOST_CLIENTS


def test_ping_of_the_router_and_time_to_live():
    with Guest() as guest:
        guest.ping(ROUTER)
        guest.ping(NAME_SERVER)
        guest.ping(bytes((192, 0, 2, 1)), ttl=1)
        guest.quiet()
        (a, first), (b, second), (c, third) = guest.datagrams
        assert (a, b, c) == (ROUTER, NAME_SERVER, ROUTER) and first == second == icmp.Message(0, 0, b"\x12\x34\0\x01hello")
        assert third.type == icmp.TIME_EXCEEDED and third.rest[4 + 16:4 + 20] == bytes((192, 0, 2, 1))


def test_ping_beyond_is_answered_or_refused():
    with Guest(restrict=True) as guest:
        guest.ping(bytes((192, 0, 2, 1)))
        guest.quiet()
        assert [m.type for _, m in guest.datagrams] == [icmp.UNREACHABLE] and nothing_left(guest.network)


@pytest.mark.parametrize("size", [0, 1, 1000, 700_000])
def test_data_both_ways(size, monkeypatch):
    monkeypatch.setattr(tcp, "TIME_WAIT_NS", 1000)
    data = os.urandom(size)
    with server(echo_at_end) as port, Guest(host_access=True) as guest:
        connection = guest.connect(ROUTER, port)
        got, left = bytearray(), bytearray(data)

        def over():
            if connection.open:
                count = connection.room()
                connection.write(left[:count])
                del left[:count]
                if not left:
                    connection.finish()
            got.extend(connection.inbox)
            connection.take(len(connection.inbox))
            return connection.peer_finished

        guest.until(over)
        assert bytes(got) == data
        guest.until(lambda: nothing_left(guest.network) or not connection.closed)
        guest.until(lambda: nothing_left(guest.network))


def test_server_closes_first():
    with server(lambda sock: sock.sendall(b"bye")) as port, Guest(host_access=True) as guest:
        connection = guest.connect(ROUTER, port)
        guest.until(lambda: connection.peer_finished)
        assert connection.inbox == b"bye" and connection.state == CLOSE_WAIT
        connection.finish()
        guest.until(lambda: connection.closed)
        guest.until(lambda: nothing_left(guest.network))        # after TIME_WAIT


def test_what_the_host_reads_late_is_not_lost(monkeypatch):
    """The server closes its side at once and reads only after the guest has closed too, and TIME_WAIT is over."""
    monkeypatch.setattr(tcp, "TIME_WAIT_NS", 1000)
    go, got = threading.Event(), []

    def late(sock):
        sock.shutdown(socket.SHUT_WR)
        go.wait(30)
        got.append(receive_all(sock))

    with server(late) as port, Guest(host_access=True) as guest:
        connection = guest.connect(ROUTER, port)
        guest.until(lambda: connection.peer_finished)
        sent = 0
        for _ in range(300):
            part = connection.room() // 2
            connection.write(bytes(part))
            sent += part
            guest.quiet(1)
        connection.finish()
        guest.quiet(50)
        flow, = guest.network.tcp.flows.values()
        assert flow.connection.inbox
        go.set()
        guest.until(lambda: got)
        assert len(got[0]) == sent and set(got[0]) == {0}
        guest.until(lambda: nothing_left(guest.network))


def test_refused():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with Guest(host_access=True) as guest:
        connection = guest.connect(ROUTER, port)
        guest.until(lambda: connection.closed)
        assert connection.was_reset and nothing_left(guest.network)


@pytest.mark.parametrize("options", [{}, {"restrict": True}])
@pytest.mark.parametrize("address", [ROUTER, bytes((127, 0, 0, 1)), bytes(4), NET[:3] + b"\x63"])
def test_the_host_is_out_of_reach(address, options):
    with server(echo_at_end) as port, Guest(**options) as guest:
        connection = guest.connect(address, port)
        guest.until(lambda: connection.closed)
        guest.udp(address, port, b"x")
        guest.quiet()
        assert [(m.type, m.code) for _, m in guest.datagrams] == [(icmp.UNREACHABLE, icmp.PORT)]
        assert nothing_left(guest.network)


def test_restrict_lets_nothing_out(monkeypatch):
    def none(*_args, **_kwargs):
        raise AssertionError("a socket")
    with Guest(restrict=True, resolvers=["192.0.2.53"]) as guest:
        monkeypatch.setattr(socket, "socket", none)
        connection = guest.connect(bytes((192, 0, 2, 1)), 80)
        guest.until(lambda: connection.closed)
        guest.udp(bytes((192, 0, 2, 1)), 53, b"x")
        guest.udp(NAME_SERVER, 53, b"\1\2\1\0\0\1" + bytes(6) + b"\1a\0\0\1\0\1")
        guest.ping(bytes((192, 0, 2, 1)))
        guest.quiet()
        assert [type(m) for _, m in guest.datagrams] == [icmp.Message, Datagram, icmp.Message]
        assert guest.datagrams[1][1].data[:4] == b"\1\2\x81\x85"
        assert ask_dhcp(guest, dhcp_message(dhcp.DISCOVER)) is not None


def test_guest_resets_and_host_resets():
    seen = []

    def wait(sock):
        try:
            seen.append(receive_all(sock))
        except ConnectionResetError:
            seen.append("reset")

    def reset(sock):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with server(wait) as waits, server(reset) as resets, Guest(host_access=True) as guest:
        connection = guest.connect(ROUTER, waits)
        guest.until(lambda: connection.open)
        connection.abort()
        guest.until(lambda: seen)
        assert seen == ["reset"]
        connection = guest.connect(ROUTER, resets)
        guest.until(lambda: connection.closed)
        assert connection.was_reset and nothing_left(guest.network)


def test_a_slow_guest_and_a_slow_host_cost_little_memory():
    release = threading.Event()

    def flood(sock):
        while not release.is_set():
            sock.sendall(bytes(65536))

    def never_read(sock):
        release.wait(30)

    with server(flood) as floods, server(never_read) as deaf, Guest(host_access=True) as guest:
        down, up = guest.connect(ROUTER, floods), guest.connect(ROUTER, deaf)
        guest.until(lambda: down.open and up.open)
        for _ in range(300):
            up.write(bytes(up.room()))
            guest.step(0.001)
            for flow in guest.network.tcp.flows.values():
                assert len(flow.connection.outbox) <= OUTBOX and len(flow.connection.inbox) <= INBOX
            assert len(guest.network.frames) < 8
        assert len(down.inbox) >= INBOX - 3000 and len(up.outbox) > OUTBOX // 2
        guest.reading = False
        for _ in range(300):
            guest.step(0)
        assert len(guest.network.frames) < 64
        release.set()


def test_a_thousand_connections_leave_nothing_behind(monkeypatch):
    monkeypatch.setattr(tcp, "TIME_WAIT_NS", tcp.SECOND // 10)
    with server(lambda sock: sock.sendall(b"x"), backlog=1024) as port, Guest(host_access=True) as guest:
        before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else None
        for batch in range(20):
            made = [guest.connect(ROUTER, port) for _ in range(50)]
            guest.until(lambda: all(c.inbox or c.closed for c in made))
            for n, connection in enumerate(made):
                if n % 2:
                    connection.abort()
                else:
                    connection.finish()
            guest.until(lambda: all(c.closed for c in made))
            guest.connections.clear()
            assert len(guest.network.tcp.flows) <= 50 + tcp_flows.MOST_TIME_WAIT + 50
        guest.until(lambda: nothing_left(guest.network))
        assert before is None or len(os.listdir("/proc/self/fd")) <= before + 60        # those of the server's threads end by themselves


def test_too_many_connections_are_refused(monkeypatch):
    monkeypatch.setattr(tcp_flows, "MOST_FLOWS", 3)
    with server(receive_all) as port, Guest(host_access=True) as guest:
        made = [guest.connect(ROUTER, port) for _ in range(5)]
        guest.until(lambda: sum(c.open for c in made) == 3 and sum(c.closed for c in made) == 2)
        guest.network.reset()
        assert nothing_left(guest.network)


def test_forward_into_the_guest():
    port = free_port()
    with Guest(forwards=[("tcp", "127.0.0.1", port, 22)], restrict=True) as guest:
        guest.listening.add(22)
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"hello")
            guest.until(lambda: any(c.inbox == b"hello" for c in guest.connections.values()))
            (far, _, _), connection = next(iter(guest.connections.items()))
            assert far == ROUTER
            connection.write(b"welcome")
            connection.finish()
            guest.until(lambda: connection.state == FIN_WAIT_2)
            client.settimeout(10)
            assert receive_all(client) == b"welcome"
        guest.until(lambda: connection.closed)
        guest.until(lambda: not guest.network.tcp.flows)
        guest.listening.clear()
        with socket.create_connection(("127.0.0.1", port)) as client:       # nobody listens: the guest's reset comes through
            guest.quiet(30)
            client.settimeout(10)
            with pytest.raises(ConnectionResetError):
                client.recv(1)
    with pytest.raises(OSError), Guest(forwards=[("tcp", "192.0.2.1", 1, 1)]):
        pass


def test_udp_out_in_and_in_pieces():
    port = free_port(socket.SOCK_DGRAM)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as host, Guest(host_access=True, forwards=[("udp", "127.0.0.1", port, 53)]) as guest:
        host.bind(("127.0.0.1", 0))
        host.settimeout(10)
        big = os.urandom(9000)
        guest.udp(ROUTER, host.getsockname()[1], big)
        data, client = host.recvfrom(65536)
        assert data == big and guest.network.waiting()
        host.sendto(big[::-1], client)
        guest.until(lambda: guest.datagrams)
        assert guest.datagrams == [(ROUTER, Datagram(host.getsockname()[1], 1234, big[::-1]))]
        guest.datagrams.clear()
        host.sendto(b"query", ("127.0.0.1", port))
        guest.until(lambda: guest.datagrams)
        far, datagram = guest.datagrams[0]
        assert datagram.target == 53 and datagram.data == b"query"
        guest.udp(far, datagram.source, b"answer", source=53)
        assert host.recvfrom(100) == (b"answer", ("127.0.0.1", port))
        closed = free_port(socket.SOCK_DGRAM)
        guest.datagrams.clear()
        guest.udp(ROUTER, closed, b"x")
        guest.until(lambda: guest.datagrams)
        assert guest.datagrams[0][1].code == icmp.PORT
        for n in range(300):
            guest.udp(ROUTER, host.getsockname()[1], b"x", source=3000 + n)
        assert len(guest.network.udp.flows) == udp_flows.MOST_FLOWS
        guest.network.host_time = lambda: 1e12
        guest.step()
        assert not guest.network.udp.flows


def test_names_are_asked_of_the_hosts_resolver(monkeypatch):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as resolver:
        resolver.bind(("127.0.0.1", 0))
        resolver.settimeout(10)
        with Guest(resolvers=["127.0.0.1"]) as guest:
            monkeypatch.setattr(guest.network, "target", lambda a, p: resolver.getsockname() if (a, p) == (NAME_SERVER, 53) else None)
            guest.udp(NAME_SERVER, 53, b"query")
            data, client = resolver.recvfrom(100)
            resolver.sendto(data + b"!", client)
            guest.until(lambda: guest.datagrams)
            assert guest.datagrams == [(NAME_SERVER, Datagram(53, 1234, b"query!"))]
    with Guest(resolvers=["192.0.2.53"]) as guest:
        assert guest.network.target(NAME_SERVER, 53) == ("192.0.2.53", 53) and guest.network.target(NAME_SERVER, 80) is None
    with Guest(resolvers=[]) as guest:
        guest.udp(NAME_SERVER, 53, b"\1\2\1\0\0\1" + bytes(6) + b"\1a\0\0\1\0\1")
        guest.quiet()
        assert guest.datagrams[0][1].data == b"\1\2\x81\x82\0\1" + bytes(6) + b"\1a\0\0\1\0\1"


def test_resolv_conf(tmp_path):
    path = tmp_path / "resolv.conf"
    path.write_text("# x\nnameserver fe80::1%eth0\nnameserver 192.0.2.1\nnameserver\nnameserver nonsense\nsearch a\n")
    assert dns.nameservers(path) == ["192.0.2.1", "fe80::1%eth0"] and dns.nameservers(tmp_path / "none") == []


def test_tftp(tmp_path):
    (tmp_path / "boot").mkdir()
    content = os.urandom(3000)
    (tmp_path / "boot" / "file").write_bytes(content)
    (tmp_path / "out").symlink_to("/etc")
    with Guest(tftp_folder=str(tmp_path), boot_file="boot/file") as guest:
        def ask(data):
            guest.datagrams.clear()
            guest.udp(ROUTER, 69, data)
            guest.quiet(2)
            return guest.datagrams[0][1].data if guest.datagrams else None

        for wrong in (b"../x", b"/etc/passwd", b"out/passwd", b"boot", b"", b"none", b"\xFF"):
            assert ask(b"\0\1" + wrong + b"\0octet\0")[:4] == b"\0\5\0\1"
        assert ask(b"\0\2x\0octet\0")[:4] == b"\0\5\0\2"
        got, number = ask(b"\0\1boot\\file\0OCTET\0"), 1
        whole = got[4:]
        while len(got) == 516:
            got, number = ask(b"\0\4" + number.to_bytes(2, "big")), number + 1
            assert got[:4] == b"\0\3" + number.to_bytes(2, "big")
            whole += got[4:]
        assert whole == content and ask(b"\0\4" + number.to_bytes(2, "big")) is None and not guest.network.tftp.transfers
        assert ask(b"\0\1/boot/file\0octet\0blksize\x001024\0tsize\x000\0") == b"\0\6blksize\x001024\0tsize\x003000\0"
        assert len(ask(b"\0\4\0\0")) == 1028
        guest.datagrams.clear()
        guest.network.now = lambda: 1 << 62
        guest.step()
        guest.step()
        assert len(guest.datagrams) == 1
        for n in range(100):
            guest.udp(ROUTER, 69, b"\0\1boot/file\0octet\0", source=4000 + n)
        assert len(guest.network.tftp.transfers) <= 16
        guest.quiet(2)
        assert ask_dhcp(guest, dhcp_message(dhcp.DISCOVER))[2][67] == b"boot/file"


def test_capture(tmp_path):
    capture = Capture(tmp_path / "x.pcap", epoch=1000)
    with Guest(capture=capture) as guest:
        guest.ping(ROUTER)
        guest.quiet()
        capture.close()
    data = (tmp_path / "x.pcap").read_bytes()
    assert struct.unpack_from("<IHH", data) == (0xA1B2C3D4, 2, 4) and struct.unpack_from("<I", data, 20) == (1,)
    at, frames = 24, []
    while at < len(data):
        _, _, size, whole = struct.unpack_from("<IIII", data, at)
        frames.append(data[at + 16:at + 16 + size])
        at += 16 + size
    assert len(frames) == 2 and frames[0][6:12] == GUEST_MAC and frames[1][:6] == GUEST_MAC


def test_end_of_data_waits_for_room_at_the_guest():
    with server(lambda sock: sock.sendall(bytes(200_000))) as port, Guest(host_access=True) as guest:
        connection = guest.connect(ROUTER, port)
        guest.until(lambda: len(connection.inbox) >= INBOX - 3000)
        guest.quiet(20)
        assert not connection.peer_finished
        connection.take(len(connection.inbox))
        guest.until(lambda: connection.peer_finished)
        assert connection.state == CLOSE_WAIT
        connection.finish()
        guest.until(lambda: connection.state == CLOSED)
