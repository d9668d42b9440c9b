"""A small guest at the cable of a UserNetwork: it speaks ARP, neighbour discovery, IP and UDP, and TCP with the project's own
state machine."""
import time

from emu.net import arp, ethernet, icmp, icmp6, ipv4, ipv6, neighbour, segment, udp
from emu.net.addresses import LINK_LOCAL, NAME_SERVER, NAME_SERVER6, NET, PREFIX, ROUTER, ROUTER6
from emu.net.arp import Arp
from emu.net.ip import TCP, UDP, Packet
from emu.net.ipv4 import ICMP
from emu.net.ipv6 import ICMPV6
from emu.net.link import Link
from emu.net.neighbour import Neighbour
from emu.net.router6 import solicited
from emu.net.segment import ACK, RST, SYN
from emu.net.tcp import Connection
from emu.net.udp import Datagram
from emu.net.user import UserNetwork

GUEST = NET[:3] + b"\x0f"
GUEST_MAC = bytes.fromhex("525400123456")
GUEST6 = PREFIX + bytes.fromhex("505400fffe123456")


class Guest:
    """``network`` takes UserNetwork's options."""

    def __init__(self, capture=None, **network):
        self.network = UserNetwork(time.monotonic_ns, **network)
        self.link = Link(self.network, time.monotonic_ns, capture)
        self.macs, self.arrived, self.datagrams, self.connections = {}, [], [], {}
        self.listening, self.reading = set(), True
        self.port = 2000

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        self.network.close()

    def send(self, packet):
        mac = self.macs.get(packet.dst, bytes.fromhex("52550a000202"))
        if packet.dst[0] == 0xFF and len(packet.dst) == 16:
            mac = b"\x33\x33" + packet.dst[12:]
        version, kind = (ipv4, ethernet.IPV4) if len(packet.dst) == 4 else (ipv6, ethernet.IPV6)
        for part in version.build(packet):
            self.link.send(ethernet.build(mac, GUEST_MAC, kind, part))

    @staticmethod
    def own(dst):
        """Our address for one of that kind."""
        return GUEST if len(dst) == 4 else GUEST6

    def udp(self, dst, port, data, source=1234):
        own = self.own(dst)
        self.send(Packet(own, dst, UDP, udp.build(own, dst, Datagram(source, port, data)), ident=7))

    def ping(self, dst, ttl=64):
        rest = b"\x12\x34\0\x01hello"
        if len(dst) == 4:
            self.send(Packet(GUEST, dst, ICMP, icmp.build(icmp.Message(icmp.ECHO, 0, rest)), ttl=ttl))
        else:
            self.icmp6(dst, icmp6.ECHO, rest, ttl=ttl)

    def icmp6(self, dst, kind, rest, src=GUEST6, ttl=255):
        self.send(Packet(src, dst, ICMPV6, icmp6.build(src, dst, icmp.Message(kind, 0, rest)), ttl))

    def connect(self, dst, port):
        self.port += 1
        made = self.connections[dst, port, self.port] = Connection(self.port, port, 1000)
        return made

    def step(self, timeout=0.002):
        """Everything that is due, both ways."""
        now = time.monotonic_ns()
        for (far, _, _), connection in self.connections.items():
            while connection.has_output():
                out = connection.next_segment(now)
                if out is None:
                    break
                own = self.own(far)
                self.send(Packet(own, far, TCP, segment.build(own, far, out)))
            if connection.deadline <= now:
                connection.tick(now)
        while self.reading and self.link.waiting():
            frame = self.link.next_frame()
            if frame is None:
                break
            assert 60 <= len(frame) <= 1514
            self.take(ethernet.parse(frame))
        self.network.poll(timeout)

    def take(self, frame):
        self.arrived.append(frame)
        if frame.type == ethernet.ARP:
            asked = arp.parse(frame.payload)
            self.macs[asked.sender] = asked.sender_mac
            if asked.op == arp.REQUEST and asked.target == GUEST:
                self.link.send(ethernet.build(frame.src, GUEST_MAC, ethernet.ARP,
                                              arp.build(Arp(arp.REPLY, GUEST_MAC, GUEST, asked.sender_mac, asked.sender))))
            return
        packet = (ipv4 if frame.type == ethernet.IPV4 else ipv6).parse(frame.payload)
        assert packet is not None, "a wrong header"
        packet = self.network.reassembly.add(packet, time.monotonic_ns())
        if packet is None:
            return
        own = self.own(packet.src)
        if packet.protocol == UDP:
            datagram = udp.parse(packet)
            assert datagram is not None, "a wrong checksum"
            self.datagrams.append((packet.src, datagram))
        elif packet.protocol == ICMP:
            self.datagrams.append((packet.src, icmp.parse(packet.payload)))
        elif packet.protocol == ICMPV6:
            message = icmp6.parse(packet)
            assert message is not None, "a wrong checksum"
            if message.type == neighbour.SOLICITATION:
                if neighbour.parse(message.type, message.rest).target == GUEST6:
                    self.icmp6(packet.src, neighbour.ADVERTISEMENT,
                               neighbour.build(neighbour.ADVERTISEMENT, Neighbour(neighbour.SOLICITED, GUEST6, GUEST_MAC)))
            else:
                self.datagrams.append((packet.src, message))
        elif packet.protocol == TCP:
            part = segment.parse(packet)
            assert part is not None, "a wrong checksum"
            key = packet.src, part.source, part.target
            if key not in self.connections and part.flags & (SYN | ACK) == SYN:
                if part.target in self.listening:
                    self.connections[key] = Connection(part.target, part.source, 5000, part)
                else:
                    answer = segment.Segment(part.target, part.source, 0, part.seq + 1 & 0xFFFFFFFF, RST | ACK, 0)
                    self.send(Packet(own, packet.src, TCP, segment.build(own, packet.src, answer)))
            elif key in self.connections:
                self.connections[key].arrived(part, time.monotonic_ns())

    def until(self, condition, seconds=20):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end
            self.step()

    def quiet(self, steps=10):
        """Let pass what is on its way."""
        for _ in range(steps):
            self.step()


__all__ = ["GUEST", "GUEST6", "GUEST_MAC", "LINK_LOCAL", "NAME_SERVER", "NAME_SERVER6", "NET", "PREFIX", "ROUTER", "ROUTER6", "Guest",
           "solicited"]
