"""ICMP (RFC 792): echo, and the errors that a router reports."""
from typing import NamedTuple

from .checksum import checksum

ECHO_REPLY, UNREACHABLE, ECHO, TIME_EXCEEDED = 0, 3, 8, 11
NET, HOST, PORT, PROHIBITED = 0, 1, 3, 13      # codes of UNREACHABLE


class Message(NamedTuple):
    """A message; ``rest`` is what follows the checksum."""

    type: int
    code: int
    rest: bytes


def parse(data):
    """The Message, or None if it is none."""
    if len(data) < 8 or checksum(data):
        return None
    return Message(data[0], data[1], data[4:])


def build(message):
    """Its bytes."""
    head = bytes((message.type, message.code))
    return head + checksum(head, message.rest).to_bytes(2, "big") + message.rest


def error(kind, code, packet):
    """A report about a packet, of which the start is quoted."""
    return build(Message(kind, code, bytes(4) + packet.head))
