"""Address resolution (RFC 826) for IPv4 on Ethernet."""
from typing import NamedTuple

REQUEST, REPLY = 1, 2
_START = bytes.fromhex("0001080006" "04")


class Arp(NamedTuple):
    """A request or reply: hardware and protocol addresses of sender and target."""

    op: int
    sender_mac: bytes
    sender: bytes
    target_mac: bytes
    target: bytes


def parse(data):
    """The Arp, or None if it is none."""
    if len(data) < 28 or data[:6] != _START:
        return None
    return Arp(int.from_bytes(data[6:8], "big"), data[8:14], data[14:18], data[18:24], data[24:28])


def build(arp):
    """Its bytes."""
    return _START + arp.op.to_bytes(2, "big") + arp.sender_mac + arp.sender + arp.target_mac + arp.target
