"""Nothing that a guest or the host's network sends makes a parser raise; what is built is read back the same."""
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from net_guest import GUEST, GUEST_MAC, NAME_SERVER, ROUTER

from emu.net import arp, checksum, dhcp, dns, ethernet, icmp, ip, ipv4, segment, tftp, udp
from emu.net.user import UserNetwork

A, B = bytes((10, 0, 2, 15)), bytes((192, 0, 2, 1))
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


@settings(deadline=None)
@given(st.builds(udp.Datagram, port, port, blob))
def test_udp(datagram):
    assert udp.parse(ip.Packet(A, B, 17, udp.build(A, B, datagram) + b"pad")) == datagram


@settings(deadline=None)
@given(st.builds(segment.Segment, port, port, u32, u32, st.just(segment.SYN | segment.ACK), port, blob, st.none() | port,
                 st.none() | st.integers(0, 14)))
def test_segment(made):
    assert segment.parse(ip.Packet(A, B, 6, segment.build(A, B, made))) == made


@settings(deadline=None)
@given(st.binary(max_size=600))
def test_any_bytes(data):
    packet = ip.Packet(A, B, 6, data)
    for parse in (ethernet.parse, arp.parse, ipv4.parse, icmp.parse, dhcp.parse, dns.is_query):
        parse(data)
    udp.parse(packet)
    segment.parse(packet)
    segment._options(data)
    if dns.is_query(data):
        answer = dns.failure(data, dns.SERVFAIL)
        assert answer[:2] == data[:2] and answer[2] & 0x80 and answer[3] & 15 == 2
    server = dhcp.Server(ROUTER[:3] + b"\0", ROUTER, ROUTER, NAME_SERVER, 15)
    server.answer(data)
    server.answer(b"\1\1\6" + data[3:].ljust(233, b"\0") + dhcp.COOKIE + data)
    tftp.Server("/nonexistent").answer("x", data, 0)
    tftp.Server("/").answer("x", b"\0\1" + data, 0)


@pytest.mark.parametrize("seed", range(3))
def test_any_frames(seed):
    """Frames that are right down to some layer, and rubbish from there on, to what exists and what does not."""
    rng = random.Random(seed)
    network = UserNetwork(time.monotonic_ns, restrict=True)
    for _ in range(3000):
        data = rng.randbytes(rng.randrange(200))
        dst = rng.choice((ROUTER, NAME_SERVER, B, b"\xFF" * 4, GUEST, bytes(4), bytes((224, 0, 0, 1))))
        src = rng.choice((GUEST, GUEST, bytes(4), ROUTER, B, ROUTER[:3] + rng.randbytes(1)))
        do = rng.randrange(7)
        protocol = rng.choice((1, 6, 17, rng.randrange(256)))
        if do == 1:
            protocol, data = 17, udp.build(src, dst, udp.Datagram(rng.getrandbits(16), rng.choice((53, 67, 68, 69, 1000)), data))
        elif do == 2:
            protocol, data = 6, segment.build(src, dst, segment.Segment(rng.randrange(9), rng.randrange(9), rng.getrandbits(32),
                                                                        rng.getrandbits(32), rng.getrandbits(5), 1000, data))
        elif do == 3:
            protocol, data = 1, icmp.build(icmp.Message(rng.choice((0, 3, 8, 11)), 0, data.ljust(4, b"\0")))
        whole = ipv4.build(ip.Packet(src, dst, protocol, data, rng.choice((0, 1, 64))))[0]
        if do == 4:
            whole = bytearray(whole)
            whole[rng.randrange(len(whole))] = rng.randrange(256)
        kind = ethernet.ARP if do == 5 else rng.choice((0x86DD, 5)) if do == 6 else ethernet.IPV4
        network.frame(ethernet.build(rng.choice((b"\xFF" * 6, b"\x52\x55" + ROUTER, rng.randbytes(6))), GUEST_MAC, kind,
                                     rng.randbytes(28) if do == 5 else bytes(whole)))
        network.frame(rng.randbytes(rng.randrange(30)))
        while (frame := network.next_frame()) is not None:
            assert ethernet.parse(frame) is not None
        assert len(network.held) <= 32 and len(network.neighbours) <= 32 and not network.tcp.flows
    network.poll()
    network.close()
