"""The part of DHCPv6 (RFC 8415) that gives no addresses: it tells hosts that have one of the name server."""
import struct

CLIENT, SERVER = 546, 547
REPLY, INFORMATION_REQUEST = 7, 11
CLIENT_ID, SERVER_ID, REQUESTED, NAME_SERVERS, REFRESH = 1, 2, 6, 23, 32
HEADER = 4
REFRESH_SECONDS = 86400


def parse(data):
    """(type, transaction, {option: value}) of a client's message, or None if it is none."""
    if len(data) < HEADER:
        return None
    options, at = {}, HEADER
    while at < len(data):
        if at + 4 > len(data):
            return None
        code, size = struct.unpack_from(">HH", data, at)
        value = data[at + 4:at + 4 + size]
        if len(value) < size:
            return None
        options.setdefault(code, value)
        at += 4 + size
    return data[0], data[1:HEADER], options


def _option(code, value):
    return struct.pack(">HH", code, len(value)) + value


def answer(data, mac, name_server):
    """The reply of the server with that hardware address to a client's message, or None."""
    message = parse(data)
    if message is None or message[0] != INFORMATION_REQUEST:
        return None
    _, transaction, options = message
    us = b"\0\3\0\1" + mac              # a DUID made of a hardware address
    if options.get(SERVER_ID, us) != us:
        return None
    client = _option(CLIENT_ID, options[CLIENT_ID]) if CLIENT_ID in options else b""
    return (bytes((REPLY,)) + transaction + client + _option(SERVER_ID, us) + _option(NAME_SERVERS, name_server)
            + _option(REFRESH, REFRESH_SECONDS.to_bytes(4, "big")))
