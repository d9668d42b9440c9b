"""Nothing that a guest or the host's network sends makes a parser raise; what is built is read back the same."""
import random
import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from net_guest import GUEST, GUEST6, GUEST_MAC, LINK_LOCAL, NAME_SERVER, NAME_SERVER6, ROUTER, ROUTER6, solicited

from emu.net import arp, checksum, dhcp, dhcp6, dns, ethernet, icmp, icmp6, ip, ipv4, ipv6, neighbour, segment, tftp, udp
from emu.net.user import MOST_FRAMES, UserNetwork

A, B = bytes((10, 0, 2, 15)), bytes((192, 0, 2, 1))
A6, B6 = GUEST6, b"\x20\x01\x0d\xb8" + bytes(11) + b"\1"
address6 = st.binary(min_size=16, max_size=16).filter(lambda a: a[0] != 0xFF)
address, mac = st.binary(min_size=4, max_size=4), st.binary(min_size=6, max_size=6)
port, u32 = st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF)
blob = st.binary(max_size=300)


def slow_checksum(data):
    """RFC 1071, word by word."""
    data = data + b"\0" * (len(data) & 1)
    total = 0
    for n in range(0, len(data), 2):
        total += data[n] << 8 | data[n + 1]
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF ^ total


@settings(deadline=None)
@given(st.binary(max_size=2000))
def test_checksum(data):
    wanted = slow_checksum(data)
    assert checksum.checksum(data) in (wanted, wanted % 0xFFFF) and checksum.checksum(data) % 0xFFFF == wanted % 0xFFFF
    if len(data) % 2 == 0:
        assert checksum.checksum(data + checksum.checksum(data).to_bytes(2, "big")) == 0


@settings(deadline=None)
@given(st.builds(arp.Arp, port, mac, address, mac, address))
def test_arp(message):
    assert arp.parse(arp.build(message)) == message


@settings(deadline=None)
@given(st.builds(ip.Packet, address, address, st.integers(0, 255), st.binary(max_size=5000), st.integers(0, 255), port,
                 st.just(0), st.just(False), st.just(b"")), st.integers(68, 1500), st.randoms())
def test_ipv4_in_pieces_and_any_order(packet, mtu, rng):
    parts = ipv4.build(packet, mtu)
    assert all(len(part) <= mtu for part in parts)
    rng.shuffle(parts)
    reassembly, whole = ip.Reassembly(), []
    for part in parts:
        whole.append(reassembly.add(ipv4.parse(part), 0))
    assert [w for w in whole[:-1] if w] == [] and whole[-1]._replace(head=b"") == packet and not reassembly.pending


@settings(deadline=None)
@given(st.builds(ip.Packet, address6, address6, st.integers(61, 255), st.binary(max_size=5000), st.integers(0, 255), u32,
                 st.just(0), st.just(False), st.just(b"")), st.integers(96, 1500), st.randoms())
def test_ipv6_in_pieces_and_any_order(packet, mtu, rng):
    parts = ipv6.build(packet, mtu)
    assert all(len(part) <= mtu for part in parts)
    rng.shuffle(parts)
    reassembly, whole = ip.Reassembly(), []
    for part in parts:
        whole.append(reassembly.add(ipv6.parse(part), 0))
    got = whole[-1] if len(parts) == 1 else ipv6.reassembled(whole[-1])._replace(ident=packet.ident)
    assert [w for w in whole[:-1] if w] == [] and not reassembly.pending
    assert got._replace(head=b"", ident=packet.ident) == packet


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 8190), st.booleans(), st.integers(0, 64)), max_size=80))
def test_wild_fragments_are_bounded(pieces):
    reassembly = ip.Reassembly()
    for n, (ident, offset, more, size) in enumerate(pieces):
        reassembly.add(ip.Packet(A, B, 17, bytes(size), ident=ident, offset=offset * 8, more=more), n)
        assert len(reassembly.pending) <= ip.MOST_PENDING
    reassembly.add(ip.Packet(A, B, 17, bytes(8), ident=99, more=True), 1 << 50)
    assert len(reassembly.pending) == 1


@settings(deadline=None)
@given(st.builds(icmp.Message, st.integers(0, 255), st.integers(0, 255), st.binary(min_size=4, max_size=300)))
def test_icmp(message):
    assert icmp.parse(icmp.build(message)) == message
    assert icmp6.parse(ip.Packet(A6, B6, 58, icmp6.build(A6, B6, message))) == message


@settings(deadline=None)
@given(st.builds(neighbour.Neighbour, st.integers(0, 255), address6, st.none() | mac), st.sampled_from((135, 136)))
def test_neighbour(made, kind):
    assert neighbour.parse(kind, neighbour.build(kind, made)) == made


@settings(deadline=None)
@given(st.builds(udp.Datagram, port, port, blob))
def test_udp(datagram):
    assert udp.parse(ip.Packet(A, B, 17, udp.build(A, B, datagram) + b"pad")) == datagram
    assert udp.parse(ip.Packet(A6, B6, 17, udp.build(A6, B6, datagram))) == datagram
    assert udp.parse(ip.Packet(A6, B6, 17, udp.build(A, B, datagram)[:6] + b"\0\0" + datagram.data)) is None


@settings(deadline=None)
@given(st.builds(segment.Segment, port, port, u32, u32, st.just(segment.SYN | segment.ACK), port, blob, st.none() | port,
                 st.none() | st.integers(0, 14)))
def test_segment(made):
    assert segment.parse(ip.Packet(A, B, 6, segment.build(A, B, made))) == made
    assert segment.parse(ip.Packet(A6, B6, 6, segment.build(A6, B6, made))) == made


@settings(deadline=None)
@given(st.binary(max_size=600))
def test_any_bytes(data):
    packet = ip.Packet(A, B, 6, data)
    for parse in (ethernet.parse, arp.parse, ipv4.parse, ipv6.parse, icmp.parse, neighbour.options, dhcp.parse, dhcp6.parse, dns.is_query):
        parse(data)
    for one in (packet, ip.Packet(A6, B6, 6, data)):
        udp.parse(one)
        segment.parse(one)
    icmp6.parse(ip.Packet(A6, B6, 58, data))
    neighbour.parse(135, data)
    for kind in (0, 43, 44, 60):
        ipv6.parse(ipv6.build(ip.Packet(A6, B6, kind, data))[0])
        ipv6.reassembled(ip.Packet(A6, B6, kind, data))
    dhcp6.answer(b"\x0B" + data, GUEST_MAC, NAME_SERVER6)
    segment._options(data)
    if dns.is_query(data):
        answer = dns.failure(data, dns.SERVFAIL)
        assert answer[:2] == data[:2] and answer[2] & 0x80 and answer[3] & 15 == 2
    server = dhcp.Server(ROUTER[:3] + b"\0", ROUTER, ROUTER, NAME_SERVER, 15)
    server.answer(data)
    server.answer(b"\1\1\6" + data[3:].ljust(233, b"\0") + dhcp.COOKIE + data)
    tftp.Server("/nonexistent").answer("x", data, 0)
    tftp.Server("/").answer("x", b"\0\1" + data, 0)


class Frames:
    """Frames that are right down to some layer, and rubbish from there on, to what exists and what does not."""

    def __init__(self, seed):
        self.rng = random.Random(seed)

    def ipv4(self):
        rng = self.rng
        data = rng.randbytes(rng.randrange(200))
        dst = rng.choice((ROUTER, NAME_SERVER, B, b"\xFF" * 4, GUEST, bytes(4), bytes((224, 0, 0, 1))))
        src = rng.choice((GUEST, GUEST, bytes(4), ROUTER, B, ROUTER[:3] + rng.randbytes(1)))
        protocol, data = self.inside(src, dst, data)
        return dst, ipv4.build(ip.Packet(src, dst, protocol, data, rng.choice((0, 1, 64))))[0]

    def ipv6(self):
        rng = self.rng
        data = rng.randbytes(rng.randrange(200))
        dst = rng.choice((ROUTER6, NAME_SERVER6, LINK_LOCAL, B6, GUEST6, bytes(16), solicited(ROUTER6), b"\xFF\x02" + bytes(13) + b"\1",
                          b"\xFF\x02" + bytes(11) + b"\1\0\2", rng.randbytes(16)))
        src = rng.choice((GUEST6, LINK_LOCAL[:8] + GUEST6[8:], bytes(16), ROUTER6, B6, GUEST6[:15] + rng.randbytes(1)))
        protocol, data = self.inside(src, dst, data)
        if rng.randrange(3) == 0:
            for kind in rng.choices((0, 43, 44, 60), k=rng.randrange(4)):
                head = rng.choice((bytes((protocol, 0)) + b"\1\4" + bytes(4), bytes((protocol,)) + rng.randbytes(7),
                                   bytes((protocol, 0, 0, rng.choice((0, 1, 9)))) + rng.randbytes(4)))
                protocol, data = kind, head + data
        return dst, ipv6.build(ip.Packet(src, dst, protocol, data[:1400], rng.choice((0, 1, 64, 255, 255))))[0]

    def inside(self, src, dst, data):
        """(protocol, payload) of a packet."""
        rng, kind = self.rng, self.rng.randrange(5)
        if kind == 0:
            port = rng.choice((53, 67, 68, 69, 546, 547, 1000))
            data = rng.choice((b"", bytes((rng.randrange(13),)), b"\1\1\6\0" + bytes(232) + dhcp.COOKIE + b"\x35\1\1")) + data
            return 17, udp.build(src, dst, udp.Datagram(rng.getrandbits(16), port, data))
        if kind == 1:
            return 6, segment.build(src, dst, segment.Segment(rng.randrange(9), rng.randrange(9), rng.getrandbits(32),
                                                              rng.getrandbits(32), rng.getrandbits(5), 1000, data))
        if kind == 2 and len(src) == 4:
            return 1, icmp.build(icmp.Message(rng.choice((0, 3, 8, 11)), 0, data.ljust(4, b"\0")))
        if kind in (2, 3) and len(src) == 16:
            if rng.randrange(2):
                option = rng.choice((b"\1\1" + rng.randbytes(6), b"\2\1" + rng.randbytes(6), b"", b"\1\0", b"\1\2" + bytes(6), b"\x63\xFF"))
                data = rng.choice((b"", bytes(4) + rng.choice((ROUTER6, LINK_LOCAL, dst, src, rng.randbytes(16))), bytes(4))) + option
            return 58, icmp6.build(src, dst, icmp.Message(rng.choice((1, 128, 129, 133, 134, 135, 135, 136, 137, 143)),
                                                          rng.choice((0, 0, 0, 1)), data.ljust(4, b"\0")))
        return rng.choice((1, 6, 17, 58, rng.randrange(256))), data

    def next(self):
        rng = self.rng
        kind = rng.choice((ethernet.ARP, ethernet.IPV4, ethernet.IPV4, ethernet.IPV6, ethernet.IPV6, 5))
        if kind in (ethernet.ARP, 5):
            dst, whole = ROUTER, rng.choice((rng.randbytes(28), arp.build(arp.Arp(rng.randrange(4), rng.randbytes(6), GUEST[:3] + rng.randbytes(1),
                                                                                    bytes(6), rng.choice((ROUTER, GUEST, B))))))
        else:
            dst, whole = self.ipv4() if kind == ethernet.IPV4 else self.ipv6()
        if rng.randrange(6) == 0:
            whole = bytearray(whole)
            whole[rng.randrange(len(whole))] = rng.randrange(256)
        mac = rng.choice((b"\xFF" * 6, b"\x52\x55" + ROUTER, rng.randbytes(6), b"\x33\x33" + dst[-4:]))
        return ethernet.build(mac, GUEST_MAC, kind, bytes(whole))


def pending(network):
    """How much the network keeps for a guest."""
    return (len(network.held), len(network.neighbours), len(network.frames), len(network.tcp.flows), len(network.udp.flows),
            len(network.pings.flows), len(network.v4.dhcp.clients), len(network.tftp.transfers), len(network.reassembly.pending),
            sum(len(parts) for _, parts in network.reassembly.pending.values()))


@pytest.mark.parametrize("seed", range(3))
def test_any_frames(seed):
    frames = Frames(seed)
    network = UserNetwork(time.monotonic_ns, restrict=True)
    answered = set()
    for _ in range(3000):
        network.frame(frames.next())
        network.frame(frames.rng.randbytes(frames.rng.randrange(30)))
        while (frame := network.next_frame()) is not None:
            answered.add(ethernet.parse(frame).type)
        assert all(n <= most for n, most in zip(pending(network), (32, 32, 0, 0, 0, 0, 16, 0, 16, 16 * ip.MOST_PARTS), strict=True))
    network.poll()
    network.close()
    assert answered == {ethernet.ARP, ethernet.IPV4, ethernet.IPV6}


def test_a_flood_that_nobody_takes_answers_of():
    """Malformed and other DHCP, neighbour discovery and pings without end, and the guest reads nothing: memory has its bounds."""
    frames = Frames(9)
    flood = [frames.next() for _ in range(2000)]
    network = UserNetwork(time.monotonic_ns, restrict=True)
    for _ in range(2):
        for frame in flood:
            network.frame(frame)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(5):
        for frame in flood:
            network.frame(frame)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert pending(network)[2] == MOST_FRAMES and grown < 500_000
    network.close()
