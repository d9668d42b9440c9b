"""The Internet checksum (RFC 1071)."""
import numpy

SHORT = 128


def total(data):
    """The one's complement sum of 16-bit words, an odd last byte filled up with 0; congruent to it modulo FFFFh."""
    if len(data) & 1:
        data = bytes(data) + b"\0"
    if len(data) <= SHORT:
        return int.from_bytes(data, "big")
    words = int(numpy.frombuffer(data, "<u2").sum(dtype=numpy.uint64))
    while words >> 16:
        words = (words & 0xFFFF) + (words >> 16)
    return (words & 0xFF) << 8 | words >> 8


def checksum(*parts):
    """What goes into a header's checksum field; over a whole that has a right one it is 0.  All but the last part are even long."""
    value = 0xFFFF - sum(total(part) for part in parts) % 0xFFFF
    return 0 if value == 0xFFFF else value


def pseudo_header(src, dst, protocol, length):
    """What TCP, UDP and ICMPv6 include in their checksum of the IP header."""
    if len(src) == 4:
        return src + dst + bytes((0, protocol)) + length.to_bytes(2, "big")
    return src + dst + length.to_bytes(4, "big") + bytes((0, 0, 0, protocol))
