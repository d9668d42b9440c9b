"""What IPv4 and IPv6 have in common: packets, fragments, and why a packet does not arrive."""
import socket
from typing import NamedTuple

TCP, UDP = 6, 17
TTL = 64
NO_NET, NO_HOST, NO_PORT, PROHIBITED, EXPIRED = range(5)
MOST_PENDING, MOST_PARTS, PENDING_NS = 16, 128, 30_000_000_000


class Packet(NamedTuple):
    """A packet or a fragment of either version, which the length of its addresses tells; ``offset`` in bytes."""

    src: bytes
    dst: bytes
    protocol: int
    payload: bytes
    ttl: int = TTL
    ident: int = 0
    offset: int = 0
    more: bool = False
    head: bytes = b""           # the start of it as it came, which ICMP errors quote


def text(address):
    """An address as the host's sockets want it."""
    return socket.inet_ntop(socket.AF_INET if len(address) == 4 else socket.AF_INET6, address)


class Reassembly:
    """Puts fragments together; keeps little, and not for long."""

    def __init__(self):
        self.pending = {}       # (src, dst, protocol, ident) -> (since, {offset: packet})

    def add(self, packet, now):
        """The whole packet once all of it is here, else None.  Fragments that overlap are no good (RFC 5722)."""
        if not packet.offset and not packet.more:
            return packet
        for key in [k for k, (since, _) in self.pending.items() if now - since > PENDING_NS]:
            del self.pending[key]
        size = len(packet.payload)
        if not size or packet.more and size % 8:
            return None
        key = packet.src, packet.dst, packet.protocol, packet.ident
        if key not in self.pending and len(self.pending) >= MOST_PENDING:
            del self.pending[min(self.pending, key=lambda k: self.pending[k][0])]
        parts = self.pending.setdefault(key, (now, {}))[1]
        same = parts.get(packet.offset)
        if same is not None and (same.payload, same.more) == (packet.payload, packet.more):
            return None
        end = packet.offset + size
        if len(parts) >= MOST_PARTS or any(p.offset < end and packet.offset < p.offset + len(p.payload) for p in parts.values()):
            del self.pending[key]
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
