"""The user-mode network: a router, name server and boot server at the guest's cable, made of ordinary sockets of the host.

What IPv4 and IPv6 do differently is in router4.py and router6.py; the rest is the same for both.  docs/network.md
"""
import selectors
import time
from collections import deque

from . import dns, ethernet, ip, tftp, udp
from .addresses import ROUTER_MAC
from .ip import TCP, UDP, Packet
from .pings import Pings
from .router4 import Router4
from .router6 import Router6
from .tcp_flows import TcpFlows
from .udp import Datagram
from .udp_flows import UdpFlows

MOST_FRAMES, ROOM = 512, 256            # frames that wait for the guest; more than ROOM and sockets are not read
MOST_NEIGHBOURS, MOST_HELD = 32, 32


class UserNetwork:
    """The far end of the cable.

    ``now`` gives guest time in ns.  ``restrict`` lets nothing out, ``host_access`` lets the guest reach the host's loopback as
    the router, each kind of address its own.  ``forwards`` are (protocol, address, port, guest port).  ``tftp_folder`` is served by TFTP, ``boot_file`` told by
    DHCP.  ``resolvers`` are the host's name servers.  Raises OSError for a forward that cannot be made.
    """

    def __init__(self, now, restrict=False, host_access=False, forwards=(), tftp_folder=None, boot_file="", resolvers=None,
                 host_time=time.monotonic):
        self.now, self.host_time = now, host_time
        self.restrict, self.host_access = restrict, host_access
        self.resolvers = dns.nameservers() if resolvers is None else resolvers
        self.v4, self.v6 = Router4(self, boot_file), Router6(self)
        self.selector = selectors.DefaultSelector()
        self.frames = deque()
        self.neighbours = {}            # address -> hardware address
        self.held = deque(maxlen=MOST_HELD)     # packets to guests whose hardware address is asked for
        self._ident = 0
        self.reassembly = ip.Reassembly()
        self.tftp = tftp.Server(tftp_folder)
        self.tcp, self.udp, self.pings = TcpFlows(self), UdpFlows(self), Pings(self)
        self.forwarding = bool(forwards)
        try:
            for protocol, address, port, guest_port in forwards:
                (self.tcp if protocol == "tcp" else self.udp).forward(address, port, guest_port)
        except OSError:
            self.close()
            raise

    # -- what the link wants -------------------------------------------------------------------------------------------

    def frame(self, data):
        """A frame from the guest."""
        frame = ethernet.parse(data)
        if frame is None:
            return
        if frame.type == ethernet.ARP:
            self.v4.arp(frame)
        elif frame.type == ethernet.IPV4:
            self.v4.frame(frame)
        elif frame.type == ethernet.IPV6:
            self.v6.frame(frame)

    def has_frames(self):
        """May next_frame have one?"""
        return bool(self.frames or self.tcp.ready)

    def next_frame(self):
        """The next frame to the guest, or None."""
        while not self.frames:
            packet = self.tcp.next_packet()
            if packet is None:
                return None
            self.send(packet)
        return self.frames.popleft()

    # -- what the parts want -------------------------------------------------------------------------------------------

    def watch(self, sock, before, mask, callback):
        """Call ``callback(mask)`` when a socket is ready; ``before`` is the mask so far, 0 none."""
        if before and mask:
            self.selector.modify(sock, mask, callback)
        elif mask:
            self.selector.register(sock, mask, callback)
        elif before:
            self.selector.unregister(sock)

    def room(self):
        """May more be read for the guest?"""
        return len(self.frames) < ROOM

    def ident(self):
        """A number for a packet that may be fragmented."""
        self._ident = self._ident + 1 & 0xFFFF
        return self._ident

    def side(self, address):
        """The router of an address's kind."""
        return self.v4 if len(address) == 4 else self.v6

    def forward_ends(self, address):
        """(guest, router) for who comes in at an address of the host: of its kind, if the guest is known to have one."""
        side = self.v6 if ":" in address and self.v6.guest is not None else self.v4
        return side.guest, side.router

    def target(self, address, port):
        """The host's way to an address and port that the guest wants, or None if it may not."""
        side = self.side(address)
        if address in side.routers:
            return (side.loopback, port) if self.host_access else None
        if self.restrict:
            return None
        if address == side.name_server:
            return (self.resolvers[0], port) if self.resolvers and port == dns.PORT else None
        return (ip.text(address), port) if side.beyond(address) else None

    def send(self, packet):
        """An IP packet to the guest."""
        mac = self.neighbours.get(packet.dst)
        if mac is None:
            if not any(held.dst == packet.dst for held in self.held):
                self.side(packet.dst).ask(packet.dst)
            self.held.append(packet)
            return
        self.send_to(mac, packet)

    def send_to(self, mac, packet):
        """The same to a hardware address."""
        side = self.side(packet.dst)
        for part in side.build(packet, ethernet.MTU):
            self.queue(mac, side.frame_type, part)

    def report(self, packet, reason):
        """Tell the guest what became of a packet."""
        if not packet.offset:
            self.side(packet.src).report(packet, reason)

    def queue(self, dst, kind, payload):
        """A frame for the guest, if it has not too many."""
        if len(self.frames) < MOST_FRAMES:
            self.frames.append(ethernet.build(dst, ROUTER_MAC, kind, payload))

    def learn(self, address, mac):
        """A guest has this address."""
        if self.neighbours.get(address) == mac:
            return
        if len(self.neighbours) >= MOST_NEIGHBOURS:
            self.neighbours.clear()
        self.neighbours[address] = mac
        held, self.held = self.held, deque(maxlen=MOST_HELD)
        for packet in held:
            self.send(packet)

    # -- packets from the guest ----------------------------------------------------------------------------------------

    def deliver(self, packet):
        """A whole packet to us or to somewhere beyond."""
        if packet.protocol == UDP:
            self._udp(packet)
        elif packet.protocol == TCP:
            self.tcp.packet(packet)

    def _udp(self, packet):
        datagram = udp.parse(packet)
        if datagram is None:
            return
        side = self.side(packet.dst)
        if packet.dst in side.routers and datagram.target == tftp.PORT and self.tftp.folder is not None:
            self._tftp((packet.src, datagram.source, packet.dst), datagram.data)
        elif packet.dst == side.name_server and datagram.target == dns.PORT and self.target(packet.dst, dns.PORT) is None:
            if dns.is_query(datagram.data):
                code = dns.REFUSED if self.restrict else dns.SERVFAIL
                self._answer(packet.dst, packet.src, Datagram(dns.PORT, datagram.source, dns.failure(datagram.data, code)))
        else:
            self.udp.datagram(packet, datagram)

    def _answer(self, src, dst, datagram):
        self.send(Packet(src, dst, UDP, udp.build(src, dst, datagram), ident=self.ident()))

    def _tftp(self, client, data):
        packet = self.tftp.answer(client, data, self.now())
        if packet is not None:
            self._to_client(client, packet)

    def _to_client(self, client, packet):
        address, port, us = client
        self._answer(us, address, Datagram(tftp.PORT, port, packet))

    # -- time ----------------------------------------------------------------------------------------------------------

    def poll(self, timeout=0):
        """Look at the sockets, for ``timeout`` seconds at most if nothing happens.  True if something did."""
        happened = False
        if timeout > 0 and not self.room():
            time.sleep(timeout)         # what is ready cannot be read before the guest takes something
            timeout = 0
        if self.selector.get_map():
            for key, mask in self.selector.select(timeout):
                key.data(mask)
                happened = True
        elif timeout > 0:
            time.sleep(timeout)
        now = self.now()
        self.tcp.tick(now)
        self.udp.tick()
        self.pings.tick()
        for client, packet in self.tftp.resend(now):
            self._to_client(client, packet)
        self.v6.tick(now)
        return happened

    def waiting(self):
        """Does the guest wait for something outside?  Then its halted time may pass no faster than the host's."""
        return self.forwarding or self.tcp.waiting() or self.udp.waiting() or self.pings.waiting()

    def reset(self):
        """The machine was reset: what its guest had open is gone."""
        self.tcp.reset()
        self.udp.reset()
        self.pings.reset()
        self.tftp.close()
        self.v6.reset()
        self.frames.clear()
        self.held.clear()

    def close(self):
        """Give everything back."""
        self.tcp.close()
        self.udp.close()
        self.pings.close()
        self.tftp.close()
        self.selector.close()
