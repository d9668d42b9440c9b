"""Ethernet II frames, without their checksum."""
from typing import NamedTuple

BROADCAST = b"\xFF" * 6
IPV4, ARP, IPV6 = 0x0800, 0x0806, 0x86DD
HEADER, LEAST, MOST = 14, 60, 1514
MTU = MOST - HEADER


class Frame(NamedTuple):
    """An Ethernet II frame."""

    dst: bytes
    src: bytes
    type: int
    payload: bytes


def parse(data):
    """The Frame, or None if it is none."""
    if not HEADER <= len(data) <= MOST:
        return None
    return Frame(data[:6], data[6:12], int.from_bytes(data[12:14], "big"), data[14:])


def build(dst, src, kind, payload):
    """A frame, filled up to the least length."""
    return (dst + src + kind.to_bytes(2, "big") + payload).ljust(LEAST, b"\0")
