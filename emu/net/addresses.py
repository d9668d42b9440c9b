"""Who is who on the user-mode network."""

NET = bytes((10, 0, 2, 0))                              # /24
ROUTER, NAME_SERVER = NET[:3] + b"\x02", NET[:3] + b"\x03"
FIRST_GUEST = 15
LOOPBACK = "127.0.0.1"

PREFIX = bytes.fromhex("fd656d7500020000")              # /64, of those for local use (RFC 4193)
ROUTER6, NAME_SERVER6 = PREFIX + bytes(7) + b"\x02", PREFIX + bytes(7) + b"\x03"
LINK_LOCAL = b"\xFE\x80" + bytes(13) + b"\x02"          # the router's
LOOPBACK6 = "::1"

MAC = b"\x52\x55"                                       # how both hardware addresses begin
ROUTER_MAC, NAME_SERVER_MAC = MAC + ROUTER, MAC + NAME_SERVER
