"""Neighbour discovery for IPv6 on Ethernet (RFC 4861; name servers: RFC 8106): what follows the checksum of its messages."""
import struct
from typing import NamedTuple

ROUTER_SOLICITATION, ROUTER_ADVERTISEMENT, SOLICITATION, ADVERTISEMENT = range(133, 137)    # ICMPv6 types
HOPS = 255                                                      # a packet that a router sent on has fewer
SOURCE_ADDRESS, TARGET_ADDRESS, PREFIX, MTU, NAME_SERVERS = 1, 2, 3, 5, 25                  # options
ROUTER, SOLICITED, OVERRIDE = 0x80, 0x40, 0x20                  # flags of an advertisement
OTHER = 0x40                                                    # of a router's: there is more to learn by DHCP
ON_LINK, AUTONOMOUS = 0x80, 0x40                                # of a prefix
HOP_LIMIT = 64


class Neighbour(NamedTuple):
    """A solicitation or advertisement; ``mac`` is None where the option is absent."""

    flags: int
    target: bytes
    mac: bytes | None


def options(data):
    """{type: contents} of the options, or None if they are none."""
    found, at = {}, 0
    while at < len(data):
        size = data[at + 1] * 8 if at + 1 < len(data) else 0
        if not size or at + size > len(data):
            return None
        found.setdefault(data[at], data[at + 2:at + size])
        at += size
    return found


def parse(kind, rest):
    """The Neighbour of a solicitation or advertisement, or None if it is none."""
    found = options(rest[20:]) if len(rest) >= 20 else None
    if found is None or rest[4] == 0xFF:
        return None
    mac = found.get(SOURCE_ADDRESS if kind == SOLICITATION else TARGET_ADDRESS)
    return Neighbour(rest[0], rest[4:20], mac[:6] if mac else None)


def _option(kind, data):
    return bytes((kind, (len(data) + 2) // 8)) + data


def build(kind, neighbour):
    """A solicitation or advertisement."""
    option = b"" if neighbour.mac is None else _option(SOURCE_ADDRESS if kind == SOLICITATION else TARGET_ADDRESS, neighbour.mac)
    return bytes((neighbour.flags, 0, 0, 0)) + neighbour.target + option


def router(mac, mtu, prefix, valid, preferred, name_server, lifetime):
    """A router's advertisement of itself, the first 64 bits of addresses that hosts make for themselves, and a name server."""
    return (struct.pack(">BBHII", HOP_LIMIT, OTHER, lifetime, 0, 0) + _option(SOURCE_ADDRESS, mac) + _option(MTU, struct.pack(">HI", 0, mtu))
            + _option(PREFIX, struct.pack(">BBIII", 64, ON_LINK | AUTONOMOUS, valid, preferred, 0) + prefix + bytes(8))
            + _option(NAME_SERVERS, struct.pack(">HI", 0, lifetime) + name_server))
