"""IPv4 (RFC 791)."""
import struct

from .checksum import checksum
from .ip import Packet

ICMP = 1
HEADER = 20
MORE = 0x2000
BROADCAST = b"\xFF" * 4


def parse(data):
    """The Packet, or None if it is none."""
    if len(data) < HEADER or data[0] >> 4 != 4:
        return None
    size, total = (data[0] & 15) * 4, int.from_bytes(data[2:4], "big")
    if not HEADER <= size <= total <= len(data) or checksum(data[:size]):
        return None
    ident, fragment = struct.unpack_from(">HH", data, 4)
    offset = (fragment & 0x1FFF) * 8
    if offset + total - size > 0xFFFF:
        return None
    return Packet(data[12:16], data[16:20], data[9], data[size:total], data[8], ident, offset, bool(fragment & MORE), data[:size + 8])


def build(packet, mtu=1500):
    """The bytes of a packet, in as many fragments as it needs."""
    step = (mtu - HEADER) // 8 * 8
    payload, out, at = packet.payload, [], 0
    whole = len(payload) <= mtu - HEADER
    while True:
        part = payload if whole else payload[at:at + step]
        more = at + len(part) < len(payload)
        head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, HEADER + len(part), packet.ident, (MORE if more else 0) | at >> 3,
                           packet.ttl, packet.protocol, 0, packet.src, packet.dst)
        out.append(head[:10] + checksum(head).to_bytes(2, "big") + head[12:] + part)
        at += len(part)
        if not more:
            return out
