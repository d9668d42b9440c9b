"""A DHCP and BOOTP server (RFC 2131, 2132, 951) for one small network."""
import struct

CLIENT, SERVER = 68, 67
REQUEST, REPLY = 1, 2                   # op
DISCOVER, OFFER, DHCP_REQUEST, DECLINE, DHCPACK, NAK, RELEASE, INFORM = range(1, 9)
MASK, ROUTER, DNS, HOST_NAME, BROADCAST, REQUESTED, LEASE, TYPE, SERVER_ID, RENEWAL, REBINDING, BOOT_SERVER, BOOT_FILE = (
    1, 3, 6, 12, 28, 50, 51, 53, 54, 58, 59, 66, 67)
END, PAD = 255, 0
COOKIE = b"\x63\x82\x53\x63"
_HEADER = struct.Struct(">BBBBIHH4s4s4s4s16s64s128s")
LEAST = 300                             # BOOTP clients want no less
LEASE_SECONDS = 86400
TO_ALL = 0x8000
MOST_CLIENTS = 16


class Message:
    """A client's message."""

    def __init__(self, fields, options):
        self.op, self.hardware, self.size, _, self.xid, _, self.flags, self.ciaddr, _, _, self.giaddr, mac, _, _ = fields
        self.mac = mac[:6]
        self.options = options
        kind = options.get(TYPE, b"")
        self.kind = kind[0] if kind else 0


def parse(data):
    """The Message, or None if it is none."""
    if len(data) < _HEADER.size:
        return None
    options, at = {}, _HEADER.size + 4
    if data[_HEADER.size:at] == COOKIE:
        while at < len(data) and data[at] != END:
            if data[at] == PAD:
                at += 1
                continue
            size = data[at + 1] if at + 1 < len(data) else 0
            value = data[at + 2:at + 2 + size]
            if len(value) < size:
                break
            options[data[at]] = value
            at += 2 + size
    message = Message(_HEADER.unpack_from(data), options)
    return message if (message.op, message.hardware, message.size) == (REQUEST, 1, 6) else None


class Server:
    """Gives each hardware address one of its own, the same again when it comes back.

    ``net`` is the address of the network (its last byte 0); ``first`` the last byte of the first client's."""

    def __init__(self, net, server, router, dns, first, boot_file=""):
        self.net, self.server, self.router, self.dns, self.first = net, server, router, dns, first
        self.boot_file = boot_file.encode("utf-8", "replace")[:127]
        self.clients = []               # hardware addresses, in the order in which they came

    def address(self, mac):
        """The address of a client, or None when there is no more."""
        if mac not in self.clients:
            if len(self.clients) == MOST_CLIENTS:
                return None
            self.clients.append(mac)
        return self.net[:3] + bytes((self.first + self.clients.index(mac),))

    def answer(self, data):
        """(reply, does it go to all?) to a client's message, or None."""
        message = parse(data)
        if message is None or message.options.get(SERVER_ID, self.server) != self.server:
            return None
        if message.kind not in (0, DISCOVER, DHCP_REQUEST, INFORM):
            return None
        address = self.address(message.mac)
        if address is None:
            return None
        kind = {0: 0, DISCOVER: OFFER}.get(message.kind, DHCPACK)
        wanted = message.options.get(REQUESTED, message.ciaddr)
        if message.kind == DHCP_REQUEST and wanted != address:
            kind = NAK
        return self._reply(message, kind, address), kind == NAK or bool(message.flags & TO_ALL)

    def _reply(self, message, kind, address):
        yours = bytes(4) if kind == NAK or message.kind == INFORM else address
        fields = [REPLY, 1, 6, 0, message.xid, 0, message.flags, message.ciaddr if kind == DHCPACK else bytes(4), yours,
                  bytes(4) if kind == NAK else self.server, message.giaddr, message.mac, b"",
                  b"" if kind == NAK else self.boot_file]
        options = []
        if kind:
            options += [(TYPE, bytes((kind,))), (SERVER_ID, self.server)]
        if kind != NAK:
            options += [(MASK, b"\xFF\xFF\xFF\0"), (ROUTER, self.router), (DNS, self.dns), (BROADCAST, self.net[:3] + b"\xFF")]
            if kind and message.kind != INFORM:
                options += [(code, (LEASE_SECONDS * eighths // 8).to_bytes(4, "big")) for code, eighths in
                            ((LEASE, 8), (RENEWAL, 4), (REBINDING, 7))]
            if self.boot_file:
                options += [(BOOT_SERVER, ".".join(map(str, self.server)).encode()), (BOOT_FILE, self.boot_file)]
        body = b"".join(bytes((code, len(value))) + value for code, value in options) + bytes((END,))
        return (_HEADER.pack(*fields) + COOKIE + body).ljust(LEAST, b"\0")
