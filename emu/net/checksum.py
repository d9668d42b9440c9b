"""The Internet checksum (RFC 1071)."""


def total(data):
    """The one's complement sum of 16-bit words, an odd last byte filled up with 0; congruent to it modulo FFFFh.

    A number in base 10000h is congruent to the sum of its digits modulo FFFFh: the whole is one number.
    """
    return int.from_bytes(data, "big") << (8 if len(data) & 1 else 0)


def checksum(*parts):
    """What goes into a header's checksum field; over a whole that has a right one it is 0.  All but the last part are even long."""
    value = 0xFFFF - sum(total(part) for part in parts) % 0xFFFF
    return 0 if value == 0xFFFF else value


def pseudo_header(src, dst, protocol, length):
    """What TCP, UDP and ICMPv6 include in their checksum of the IP header."""
    if len(src) == 4:
        return src + dst + bytes((0, protocol)) + length.to_bytes(2, "big")
    return src + dst + length.to_bytes(4, "big") + bytes((0, 0, 0, protocol))
