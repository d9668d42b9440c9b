"""The user-mode network: a router, name server and boot server at the guest's cable, made of ordinary sockets of the host.

10.0.2.0/24: the guest is .15 (by DHCP), the router .2, the name server .3.  docs/network.md
"""
import selectors
import time
from collections import deque

from . import arp, dhcp, dns, ethernet, icmp, ipv4, tftp, udp
from .arp import Arp
from .icmp import Message
from .ipv4 import ICMP, TCP, UDP, Packet
from .pings import Pings
from .tcp_flows import TcpFlows
from .udp import Datagram
from .udp_flows import UdpFlows

NET = bytes((10, 0, 2, 0))
ROUTER, NAME_SERVER = NET[:3] + b"\x02", NET[:3] + b"\x03"
FIRST_GUEST = 15
MAC = b"\x52\x55"                       # and the address: those of router and name server
MOST_FRAMES, ROOM = 512, 256            # frames that wait for the guest; more than ROOM and sockets are not read
MOST_NEIGHBOURS, MOST_HELD = 32, 32
LOOPBACK = "127.0.0.1"


class UserNetwork:
    """The far end of the cable.

    ``now`` gives guest time in ns.  ``restrict`` lets nothing out, ``host_access`` lets the guest reach the host's loopback as
    the router.  ``forwards`` are (protocol, address, port, guest port).  ``tftp_folder`` is served by TFTP, ``boot_file`` told by
    DHCP.  ``resolvers`` are the host's name servers.  Raises OSError for a forward that cannot be made.
    """

    def __init__(self, now, restrict=False, host_access=False, forwards=(), tftp_folder=None, boot_file="", resolvers=None,
                 host_time=time.monotonic):
        self.now, self.host_time = now, host_time
        self.restrict, self.host_access = restrict, host_access
        self.resolvers = dns.nameservers() if resolvers is None else resolvers
        self.router = ROUTER
        self.guest = NET[:3] + bytes((FIRST_GUEST,))
        self.selector = selectors.DefaultSelector()
        self.frames = deque()
        self.neighbours = {}            # address -> hardware address
        self.held = deque(maxlen=MOST_HELD)     # packets to guests whose hardware address is asked for
        self._ident = 0
        self.reassembly = ipv4.Reassembly()
        self.dhcp = dhcp.Server(NET, ROUTER, ROUTER, NAME_SERVER, FIRST_GUEST, boot_file)
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
            self._arp(frame)
        elif frame.type == ethernet.IPV4 and frame.dst[:2] in (MAC, b"\xFF\xFF"):
            packet = ipv4.parse(frame.payload)
            if packet is not None:
                self._packet(frame, packet)

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

    def target(self, address, port):
        """The host's way to an address and port that the guest wants, or None if it may not."""
        if address == ROUTER:
            return (LOOPBACK, port) if self.host_access else None
        if self.restrict:
            return None
        if address == NAME_SERVER:
            return (self.resolvers[0], port) if self.resolvers and port == dns.PORT else None
        if address[:3] == NET[:3] or address[0] in (0, 127) or address[0] >= 224:
            return None
        return ".".join(map(str, address)), port

    def send(self, packet):
        """An IP packet to the guest."""
        mac = self.neighbours.get(packet.dst)
        if mac is None:
            if not any(held.dst == packet.dst for held in self.held):
                self._queue(ethernet.BROADCAST, ethernet.ARP, arp.build(Arp(arp.REQUEST, MAC + ROUTER, ROUTER, bytes(6), packet.dst)))
            self.held.append(packet)
            return
        self._send_to(mac, packet)

    def _send_to(self, mac, packet):
        for part in ipv4.build(packet, ethernet.MTU):
            self._queue(mac, ethernet.IPV4, part)

    def report(self, packet, kind, code):
        """An ICMP error about a packet of the guest's, never about one that is an error itself."""
        if packet.offset or packet.protocol == ICMP and packet.payload[:1] != bytes((icmp.ECHO,)):
            return
        self.send(Packet(ROUTER, packet.src, ICMP, icmp.error(kind, code, packet), ident=self.ident()))

    def _queue(self, dst, kind, payload):
        if len(self.frames) < MOST_FRAMES:
            self.frames.append(ethernet.build(dst, MAC + ROUTER, kind, payload))

    # -- frames and packets from the guest -----------------------------------------------------------------------------

    def _arp(self, frame):
        asked = arp.parse(frame.payload)
        if asked is None:
            return
        self._learn(asked.sender, asked.sender_mac)
        if asked.op == arp.REQUEST and asked.target in (ROUTER, NAME_SERVER) and asked.sender != asked.target:
            mac = MAC + asked.target
            self._queue(asked.sender_mac, ethernet.ARP, arp.build(Arp(arp.REPLY, mac, asked.target, asked.sender_mac, asked.sender)))

    def _learn(self, address, mac):
        """A guest has this address."""
        if address[:3] != NET[:3] or address in (ROUTER, NAME_SERVER) or address[3] in (0, 255) or mac[0] & 1:
            return
        self.guest = address
        if self.neighbours.get(address) == mac:
            return
        if len(self.neighbours) >= MOST_NEIGHBOURS:
            self.neighbours.clear()
        self.neighbours[address] = mac
        held, self.held = self.held, deque(maxlen=MOST_HELD)
        for packet in held:
            self.send(packet)

    def _packet(self, frame, packet):
        broadcast = packet.dst in (ipv4.BROADCAST, NET[:3] + b"\xFF")
        if packet.src == bytes(4):
            if packet.protocol == UDP and not packet.offset and not packet.more:
                self._dhcp(frame, packet)
            return
        if packet.src[:3] != NET[:3] or packet.src in (ROUTER, NAME_SERVER):
            return
        self._learn(packet.src, frame.src)
        packet = self.reassembly.add(packet, self.now())
        if packet is None:
            return
        ours = packet.dst in (ROUTER, NAME_SERVER)
        if not ours and not broadcast and packet.ttl <= 1:
            self.report(packet, icmp.TIME_EXCEEDED, 0)
        elif packet.protocol == UDP:
            self._udp(frame, packet, ours, broadcast)
        elif broadcast:
            return
        elif packet.protocol == TCP:
            self.tcp.packet(packet)
        elif packet.protocol == ICMP:
            self._icmp(packet, ours)

    def _icmp(self, packet, ours):
        message = icmp.parse(packet.payload)
        if message is None or message.type != icmp.ECHO:
            return
        if ours:
            self.send(Packet(packet.dst, packet.src, ICMP, icmp.build(message._replace(type=icmp.ECHO_REPLY)), ident=self.ident()))
        else:
            self.pings.echo(packet, Message(icmp.ECHO, 0, message.rest))

    def _udp(self, frame, packet, ours, broadcast):
        datagram = udp.parse(packet)
        if datagram is None:
            return
        if datagram.target == dhcp.SERVER and (broadcast or packet.dst == ROUTER):
            self._dhcp(frame, packet)
        elif broadcast:
            return
        elif packet.dst == ROUTER and datagram.target == tftp.PORT and self.tftp.folder is not None:
            self._tftp((packet.src, datagram.source), datagram.data)
        elif packet.dst == NAME_SERVER and datagram.target == dns.PORT and self.target(packet.dst, dns.PORT) is None:
            if dns.is_query(datagram.data):
                code = dns.REFUSED if self.restrict else dns.SERVFAIL
                self._answer(packet.dst, packet.src, Datagram(dns.PORT, datagram.source, dns.failure(datagram.data, code)))
        else:
            self.udp.datagram(packet, datagram)

    def _answer(self, src, dst, datagram):
        self.send(Packet(src, dst, UDP, udp.build(src, dst, datagram), ident=self.ident()))

    def _dhcp(self, frame, packet):
        datagram = udp.parse(packet)
        if datagram is None or datagram.target != dhcp.SERVER:
            return
        answer = self.dhcp.answer(datagram.data)
        if answer is None:
            return
        data, to_all = answer
        reply = Datagram(dhcp.SERVER, dhcp.CLIENT, data)
        known = packet.src != bytes(4)
        dst = packet.src if known else ipv4.BROADCAST
        self._send_to(ethernet.BROADCAST if to_all and not known else frame.src, Packet(ROUTER, dst, UDP, udp.build(ROUTER, dst, reply)))

    def _tftp(self, client, data):
        packet = self.tftp.answer(client, data, self.now())
        if packet is not None:
            self._answer(ROUTER, client[0], Datagram(tftp.PORT, client[1], packet))

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
            self._answer(ROUTER, client[0], Datagram(tftp.PORT, client[1], packet))
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
        self.frames.clear()
        self.held.clear()

    def close(self):
        """Give everything back."""
        self.tcp.close()
        self.udp.close()
        self.pings.close()
        self.tftp.close()
        self.selector.close()
