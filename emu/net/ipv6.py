"""IPv6 (RFC 8200) and its extension headers."""
import struct

from .ip import Packet

ICMPV6 = 58
HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION = 0, 43, 44, 60      # extension headers
PAD1, PADN, ROUTER_ALERT = 0, 1, 5                              # options in them
HEADER, FRAGMENT_HEADER, LEAST_MTU = 40, 8, 1280
QUOTED = LEAST_MTU - HEADER - 8                                 # how much of a packet an ICMP error has room for
MOST_HEADERS = 8
_HEADER = struct.Struct(">IHBB16s16s")


def parse(data):
    """The Packet, without its extension headers, or None if it is none or not to be taken."""
    if len(data) < HEADER or data[0] >> 4 != 6:
        return None
    _, length, protocol, ttl, src, dst = _HEADER.unpack_from(data)
    end = HEADER + length
    if end > len(data) or src[0] == 0xFF:
        return None
    return _unwrap(Packet(src, dst, protocol, data[HEADER:end], ttl, head=data[:min(end, QUOTED)]), True)


def reassembled(packet):
    """The same of what Reassembly gave, which may have more extension headers."""
    packet = _unwrap(packet, False)
    return None if packet is None or packet.offset or packet.more else packet


def _unwrap(packet, at_start):
    kind, data = packet.protocol, packet.payload
    for number in range(MOST_HEADERS):
        if kind not in (HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION):
            return packet._replace(protocol=kind, payload=data)
        size = 8 if len(data) < 2 or kind == FRAGMENT else 8 + data[1] * 8
        if size > len(data) or kind == HOP_BY_HOP and (number or not at_start):
            return None
        if kind == FRAGMENT:
            place, ident = struct.unpack_from(">HI", data, 2)
            offset, more = place & 0xFFF8, bool(place & 1)
            if offset or more:
                if offset + len(data) - size > 0xFFFF:
                    return None
                return packet._replace(protocol=data[0], payload=data[size:], ident=ident, offset=offset, more=more)
        elif kind == ROUTING and data[3] or kind != ROUTING and not _acceptable(data[2:size]):
            return None                                         # to be sent on by us; with an option that we should know
        kind, data = data[0], data[size:]
    return None


def _acceptable(options):
    """Are all of them known, or such that who does not know them skips them?"""
    at = 0
    while at < len(options):
        kind = options[at]
        if kind == PAD1:
            at += 1
            continue
        if at + 2 > len(options) or kind not in (PADN, ROUTER_ALERT) and kind >> 6:
            return False
        at += 2 + options[at + 1]
    return at == len(options)


def build(packet, mtu=1500):
    """The bytes of a packet, in as many fragments as it needs."""
    payload = packet.payload
    if len(payload) <= mtu - HEADER:
        return [_HEADER.pack(6 << 28, len(payload), packet.protocol, packet.ttl, packet.src, packet.dst) + payload]
    step, out = (mtu - HEADER - FRAGMENT_HEADER) // 8 * 8, []
    for at in range(0, len(payload), step):
        part = payload[at:at + step]
        out.append(_HEADER.pack(6 << 28, FRAGMENT_HEADER + len(part), FRAGMENT, packet.ttl, packet.src, packet.dst)
                   + struct.pack(">BBHI", packet.protocol, 0, at | (at + len(part) < len(payload)), packet.ident) + part)
    return out
