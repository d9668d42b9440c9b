"""The IPv4 side of the user-mode network: ARP, DHCP, ICMP."""
from . import arp, dhcp, ethernet, icmp, ip, ipv4, udp
from .addresses import FIRST_GUEST, LOOPBACK, MAC, NAME_SERVER, NAME_SERVER_MAC, NET, ROUTER, ROUTER_MAC
from .arp import Arp
from .icmp import Message
from .ip import UDP, Packet
from .ipv4 import ICMP
from .udp import Datagram

REPORTS = {ip.NO_NET: (icmp.UNREACHABLE, icmp.NET), ip.NO_HOST: (icmp.UNREACHABLE, icmp.HOST), ip.NO_PORT: (icmp.UNREACHABLE, icmp.PORT),
           ip.PROHIBITED: (icmp.UNREACHABLE, icmp.PROHIBITED), ip.EXPIRED: (icmp.TIME_EXCEEDED, 0)}


class Router4:
    """``net`` is the UserNetwork."""

    router, routers, name_server, loopback = ROUTER, (ROUTER,), NAME_SERVER, LOOPBACK
    frame_type, build = ethernet.IPV4, staticmethod(ipv4.build)

    def __init__(self, net, boot_file):
        self.net = net
        self.guest = NET[:3] + bytes((FIRST_GUEST,))    # whom forwards lead to
        self.dhcp = dhcp.Server(NET, ROUTER, ROUTER, NAME_SERVER, FIRST_GUEST, boot_file)

    @staticmethod
    def beyond(address):
        """Is it somewhere in the world?"""
        return address[:3] != NET[:3] and address[0] not in (0, 127) and address[0] < 224

    def ask(self, address):
        """Ask for the hardware address of a guest."""
        self.net.queue(ethernet.BROADCAST, ethernet.ARP, arp.build(Arp(arp.REQUEST, ROUTER_MAC, ROUTER, bytes(6), address)))

    def report(self, packet, reason):
        """An error about a packet, never about one that is an error itself."""
        if packet.protocol == ICMP and packet.payload[:1] != bytes((icmp.ECHO,)):
            return
        self.net.send(Packet(ROUTER, packet.src, ICMP, icmp.error(*REPORTS[reason], packet), ident=self.net.ident()))

    # -- from the guest ------------------------------------------------------------------------------------------------

    def arp(self, frame):
        """A frame with an ARP message."""
        asked = arp.parse(frame.payload)
        if asked is None:
            return
        self._learn(asked.sender, asked.sender_mac)
        if asked.op == arp.REQUEST and asked.target in (ROUTER, NAME_SERVER) and asked.sender != asked.target:
            mac = ROUTER_MAC if asked.target == ROUTER else NAME_SERVER_MAC
            self.net.queue(asked.sender_mac, ethernet.ARP, arp.build(Arp(arp.REPLY, mac, asked.target, asked.sender_mac, asked.sender)))

    def _learn(self, address, mac):
        if address[:3] == NET[:3] and address not in (ROUTER, NAME_SERVER) and address[3] not in (0, 255) and not mac[0] & 1:
            self.guest = address
            self.net.learn(address, mac)

    def frame(self, frame):
        """A frame with an IPv4 packet."""
        packet = ipv4.parse(frame.payload) if frame.dst[:2] in (MAC, ethernet.BROADCAST[:2]) else None
        if packet is None:
            return
        broadcast = packet.dst in (ipv4.BROADCAST, NET[:3] + b"\xFF")
        if packet.src == bytes(4):
            if packet.protocol == UDP and not packet.offset and not packet.more:
                self._dhcp(frame, packet)
            return
        if packet.src[:3] != NET[:3] or packet.src in (ROUTER, NAME_SERVER):
            return
        self._learn(packet.src, frame.src)
        packet = self.net.reassembly.add(packet, self.net.now())
        if packet is None:
            return
        ours = packet.dst in (ROUTER, NAME_SERVER)
        if packet.protocol == UDP and (broadcast or packet.dst == ROUTER) and self._dhcp(frame, packet) or broadcast:
            return
        if not ours and packet.ttl <= 1:
            self.report(packet, ip.EXPIRED)
        elif packet.protocol == ICMP:
            self._icmp(packet, ours)
        else:
            self.net.deliver(packet)

    def _icmp(self, packet, ours):
        message = icmp.parse(packet.payload)
        if message is None or message.type != icmp.ECHO:
            return
        if ours:
            answer = icmp.build(message._replace(type=icmp.ECHO_REPLY))
            self.net.send(Packet(packet.dst, packet.src, ICMP, answer, ident=self.net.ident()))
        else:
            self.net.pings.echo(packet, Message(icmp.ECHO, 0, message.rest))

    def _dhcp(self, frame, packet):
        """Answer it, if it is for DHCP's port.  Was it?"""
        datagram = udp.parse(packet)
        if datagram is None or datagram.target != dhcp.SERVER:
            return False
        answer = self.dhcp.answer(datagram.data)
        if answer is not None:
            data, to_all = answer
            known = packet.src != bytes(4)
            dst = packet.src if known else ipv4.BROADCAST
            reply = udp.build(ROUTER, dst, Datagram(dhcp.SERVER, dhcp.CLIENT, data))
            self.net.send_to(ethernet.BROADCAST if to_all and not known else frame.src, Packet(ROUTER, dst, UDP, reply))
        return True
