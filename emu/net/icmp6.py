"""ICMPv6 (RFC 4443): echo, and the errors that a router reports."""
from .checksum import checksum, pseudo_header
from .icmp import Message
from .ipv6 import ICMPV6

UNREACHABLE, TIME_EXCEEDED = 1, 3
NET, PROHIBITED, HOST, PORT = 0, 1, 3, 4        # codes of UNREACHABLE
FIRST_QUESTION = 128                            # types below it are errors
ECHO, ECHO_REPLY = 128, 129


def parse(packet):
    """The Message in an IP packet, or None if it is none."""
    data = packet.payload
    if len(data) < 8 or checksum(pseudo_header(packet.src, packet.dst, ICMPV6, len(data)), data):
        return None
    return Message(data[0], data[1], data[4:])


def build(src, dst, message):
    """The payload of an IP packet."""
    head = bytes((message.type, message.code))
    value = checksum(pseudo_header(src, dst, ICMPV6, 4 + len(message.rest)), head, message.rest)
    return head + value.to_bytes(2, "big") + message.rest


def error(src, dst, kind, code, packet):
    """A report about a packet, of which the start is quoted."""
    return build(src, dst, Message(kind, code, bytes(4) + packet.head))
