"""The IPv6 side of the user-mode network: neighbour discovery, router advertisements, ICMPv6, DHCPv6 without addresses."""
from . import dhcp6, ethernet, icmp6, ip, ipv6, neighbour, udp
from .addresses import LINK_LOCAL, LOOPBACK6, MAC, NAME_SERVER6, NAME_SERVER_MAC, PREFIX, ROUTER6, ROUTER_MAC
from .icmp import Message
from .ip import UDP, Packet
from .ipv6 import ICMPV6
from .neighbour import ADVERTISEMENT, HOPS, ROUTER_ADVERTISEMENT, ROUTER_SOLICITATION, SOLICITATION, Neighbour
from .tcp import NEVER
from .udp import Datagram

ALL = b"\x33\x33"                       # how the hardware addresses of groups begin
ALL_NODES, ALL_ROUTERS = (b"\xFF\x02" + bytes(13) + bytes((n,)) for n in (1, 2))
DHCP_SERVERS = b"\xFF\x02" + bytes(11) + b"\1\0\2"
UNSPECIFIED = bytes(16)
OURS = {ROUTER6: ROUTER_MAC, LINK_LOCAL: ROUTER_MAC, NAME_SERVER6: NAME_SERVER_MAC}
SECOND = 1_000_000_000
ADVERTISE_NS, LIFETIME = 600 * SECOND, 1800     # between advertisements; seconds for which one makes us a router
VALID, PREFERRED = 86400, 14400                 # seconds, of the guest's address
REPORTS = {ip.NO_NET: (icmp6.UNREACHABLE, icmp6.NET), ip.NO_HOST: (icmp6.UNREACHABLE, icmp6.HOST),
           ip.NO_PORT: (icmp6.UNREACHABLE, icmp6.PORT), ip.PROHIBITED: (icmp6.UNREACHABLE, icmp6.PROHIBITED),
           ip.EXPIRED: (icmp6.TIME_EXCEEDED, 0)}


def link_local(address):
    """Is it one that routers do not pass on?"""
    return address[0] == 0xFE and address[1] & 0xC0 == 0x80


def solicited(address):
    """The group that listens for solicitations for an address."""
    return b"\xFF\x02" + bytes(9) + b"\1\xFF" + address[13:]


def group_mac(address):
    """The hardware address of a group."""
    return ALL + address[12:]


class Router6:
    """``net`` is the UserNetwork."""

    router, routers, name_server, loopback = ROUTER6, (ROUTER6, LINK_LOCAL), NAME_SERVER6, LOOPBACK6
    frame_type, build = ethernet.IPV6, staticmethod(ipv6.build)

    def __init__(self, net):
        self.net = net
        self.guest = None               # whom forwards lead to: not known before it makes itself an address
        self.next_advertisement = NEVER     # guests that do not ask are left alone

    @staticmethod
    def beyond(address):
        """Is it somewhere in the world?  What begins with 64 zeros is the host itself, or an IPv4 address in disguise."""
        return address[:8] != PREFIX and any(address[:8]) and address[0] != 0xFF and not link_local(address)

    def ask(self, address):
        """Ask for the hardware address of a guest."""
        us = LINK_LOCAL if link_local(address) else ROUTER6
        self._icmp_to(group_mac(solicited(address)), us, solicited(address), SOLICITATION,
                      neighbour.build(SOLICITATION, Neighbour(0, address, ROUTER_MAC)))

    def _icmp_to(self, mac, src, dst, kind, rest):
        self.net.send_to(mac, Packet(src, dst, ICMPV6, icmp6.build(src, dst, Message(kind, 0, rest)), HOPS))

    def report(self, packet, reason):
        """An error about a packet, never about one that is an error itself."""
        if packet.protocol == ICMPV6 and (not packet.payload or packet.payload[0] < icmp6.FIRST_QUESTION):
            return
        src = LINK_LOCAL if link_local(packet.src) else ROUTER6
        error = icmp6.error(src, packet.src, *REPORTS[reason], packet)
        self.net.send(Packet(src, packet.src, ICMPV6, error, ident=self.net.ident()))

    # -- from the guest ------------------------------------------------------------------------------------------------

    def frame(self, frame):
        """A frame with an IPv6 packet."""
        packet = ipv6.parse(frame.payload) if frame.dst[:2] in (MAC, ALL) else None
        if packet is None:
            return
        if packet.src == UNSPECIFIED:
            if packet.protocol == ICMPV6 and not packet.offset and not packet.more:
                self._icmp(frame, packet)
            return
        if packet.src[:8] != PREFIX and not link_local(packet.src) or packet.src in OURS:
            return
        self._learn(packet.src, frame.src)
        whole = self.net.reassembly.add(packet, self.net.now())
        if whole is not None and whole is not packet:
            whole = ipv6.reassembled(whole)
        if whole is None:
            return
        packet, group = whole, whole.dst[0] == 0xFF
        if packet.dst not in OURS and not group and (packet.ttl <= 1 or link_local(packet.src)):
            if packet.ttl <= 1:
                self.report(packet, ip.EXPIRED)
        elif packet.protocol == ICMPV6:
            self._icmp(frame, packet)
        elif packet.protocol == UDP and packet.dst in (DHCP_SERVERS, *self.routers) and self._dhcp(packet) or group:
            return
        else:
            self.net.deliver(packet)

    def _learn(self, address, mac):
        if not mac[0] & 1 and address not in OURS:
            if address[:8] == PREFIX:
                self.guest = address
            self.net.learn(address, mac)

    def _icmp(self, frame, packet):
        message = icmp6.parse(packet)
        if message is None:
            return
        local = packet.ttl == HOPS and message.code == 0
        if message.type == SOLICITATION and local:
            self._solicited(frame, packet, message.rest)
        elif message.type == ADVERTISEMENT and local and packet.src != UNSPECIFIED:
            self._advertised(message.rest)
        elif message.type == ROUTER_SOLICITATION and local and packet.dst in (ALL_ROUTERS, LINK_LOCAL):
            found = neighbour.options(message.rest[4:])
            if found is not None and (packet.src != UNSPECIFIED or neighbour.SOURCE_ADDRESS not in found):
                self.next_advertisement = self.net.now() + ADVERTISE_NS
                self._advertise(*((group_mac(ALL_NODES), ALL_NODES) if packet.src == UNSPECIFIED else (frame.src, packet.src)))
        elif message.type == icmp6.ECHO and packet.src != UNSPECIFIED:
            self._echo(packet, message)

    def _echo(self, packet, message):
        group = packet.dst in (ALL_NODES, ALL_ROUTERS)
        if group or packet.dst in OURS:
            us = packet.dst if not group else LINK_LOCAL if link_local(packet.src) else ROUTER6
            answer = icmp6.build(us, packet.src, message._replace(type=icmp6.ECHO_REPLY))
            self.net.send(Packet(us, packet.src, ICMPV6, answer, ident=self.net.ident()))
        elif packet.dst[0] != 0xFF:
            self.net.pings.echo(packet, Message(icmp6.ECHO, 0, message.rest))

    def _solicited(self, frame, packet, rest):
        """Who has an address?  Asked from no address: may I have it?"""
        asked = neighbour.parse(SOLICITATION, rest)
        if asked is None:
            return
        claimed = packet.src == UNSPECIFIED
        if claimed and (asked.mac is not None or packet.dst != solicited(asked.target)):
            return
        if asked.target in OURS:
            flags = neighbour.OVERRIDE | (neighbour.ROUTER if asked.target in self.routers else 0) | (0 if claimed else neighbour.SOLICITED)
            answer = neighbour.build(ADVERTISEMENT, Neighbour(flags, asked.target, OURS[asked.target]))
            mac, dst = (group_mac(ALL_NODES), ALL_NODES) if claimed else (frame.src, packet.src)
            self._icmp_to(mac, asked.target, dst, ADVERTISEMENT, answer)
        elif claimed and asked.target[:8] == PREFIX:
            self.guest = asked.target

    def _advertised(self, rest):
        """A guest says where an address of its own is."""
        told = neighbour.parse(ADVERTISEMENT, rest)
        if told is not None and told.mac is not None and (told.target[:8] == PREFIX or link_local(told.target)):
            self._learn(told.target, told.mac)

    def _advertise(self, mac, dst):
        rest = neighbour.router(ROUTER_MAC, ethernet.MTU, PREFIX, VALID, PREFERRED, NAME_SERVER6, LIFETIME)
        self._icmp_to(mac, LINK_LOCAL, dst, ROUTER_ADVERTISEMENT, rest)

    def _dhcp(self, packet):
        """Answer it, if it is for DHCP's port.  Was it?"""
        datagram = udp.parse(packet)
        if datagram is None or datagram.target != dhcp6.SERVER:
            return False
        answer = dhcp6.answer(datagram.data, ROUTER_MAC, NAME_SERVER6)
        if answer is not None:
            src = LINK_LOCAL if link_local(packet.src) else ROUTER6
            self.net.send(Packet(src, packet.src, UDP, udp.build(src, packet.src, Datagram(dhcp6.SERVER, dhcp6.CLIENT, answer))))
        return True

    # -- time ----------------------------------------------------------------------------------------------------------

    def tick(self, now):
        """Tell the guests from time to time that their router is there."""
        if now >= self.next_advertisement:
            self.next_advertisement = now + ADVERTISE_NS
            self._advertise(group_mac(ALL_NODES), ALL_NODES)

    def reset(self):
        """The guest is gone."""
        self.guest, self.next_advertisement = None, NEVER
