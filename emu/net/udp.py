"""UDP (RFC 768)."""
from typing import NamedTuple

from .checksum import checksum, pseudo_header
from .ip import UDP

HEADER = 8
MOST = 0xFFFF - 20 - HEADER


class Datagram(NamedTuple):
    """A datagram: ports and data."""

    source: int
    target: int
    data: bytes


def parse(packet):
    """The Datagram in an IP packet, or None if it is none."""
    data = packet.payload
    if len(data) < HEADER:
        return None
    length = int.from_bytes(data[4:6], "big")
    if not HEADER <= length <= len(data):
        return None
    data = data[:length]
    unchecked = data[6:8] == b"\0\0" and len(packet.src) == 4      # IPv6 wants the checksum
    if not unchecked and checksum(pseudo_header(packet.src, packet.dst, UDP, length), data):
        return None
    return Datagram(int.from_bytes(data[:2], "big"), int.from_bytes(data[2:4], "big"), data[HEADER:])


def build(src, dst, datagram):
    """The payload of an IP packet."""
    length = HEADER + len(datagram.data)
    head = b"".join(n.to_bytes(2, "big") for n in (datagram.source, datagram.target, length))
    value = checksum(pseudo_header(src, dst, UDP, length), head, datagram.data) or 0xFFFF
    return head + value.to_bytes(2, "big") + datagram.data
