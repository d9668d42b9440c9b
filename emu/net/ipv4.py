"""IPv4 (RFC 791): packets, fragments."""
import struct
from typing import NamedTuple

from .checksum import checksum

ICMP, TCP, UDP = 1, 6, 17
HEADER, TTL = 20, 64
MORE = 0x2000
BROADCAST = b"\xFF" * 4
MOST_PENDING, PENDING_NS = 16, 30_000_000_000


class Packet(NamedTuple):
    """A packet or a fragment; ``offset`` in bytes."""

    src: bytes
    dst: bytes
    protocol: int
    payload: bytes
    ttl: int = TTL
    ident: int = 0
    offset: int = 0
    more: bool = False
    head: bytes = b""           # the header and 8 bytes, which ICMP errors quote


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


class Reassembly:
    """Puts fragments together; keeps little, and not for long."""

    def __init__(self):
        self.pending = {}       # (src, dst, protocol, ident) -> [since, {offset: (bytes, more)}]

    def add(self, packet, now):
        """The whole packet once all of it is here, else None."""
        if not packet.offset and not packet.more:
            return packet
        for key in [k for k, (since, _) in self.pending.items() if now - since > PENDING_NS]:
            del self.pending[key]
        key = packet.src, packet.dst, packet.protocol, packet.ident
        if key not in self.pending and len(self.pending) >= MOST_PENDING:
            del self.pending[min(self.pending, key=lambda k: self.pending[k][0])]
        parts = self.pending.setdefault(key, [now, {}])[1]
        if packet.more and (len(packet.payload) % 8 or not packet.payload):
            return None
        parts[packet.offset] = packet
        at, out = 0, []
        while at in parts:
            part = parts[at]
            out.append(part.payload)
            at += len(part.payload)
            if not part.more:
                del self.pending[key]
                return parts[0]._replace(payload=b"".join(out), more=False)
        return None
