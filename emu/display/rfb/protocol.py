"""Numbers and layouts of RFB.

Sources: RFC 6143; "The RFB Protocol" of the rfbproto project for the pseudo-encodings and QEMU's messages.
"""
import struct

# From the client
SET_PIXEL_FORMAT, SET_ENCODINGS, UPDATE_REQUEST, KEY_EVENT, POINTER_EVENT, CLIENT_CUT_TEXT = 0, 2, 3, 4, 5, 6
XVP, SET_DESKTOP_SIZE, QEMU = 250, 251, 255
QEMU_KEY = 0

# From the server
UPDATE, SET_COLOUR_MAP, SERVER_CUT_TEXT = 0, 1, 3

# Security types and results
NONE, VNC_AUTHENTICATION = 1, 2
OK, FAILED = 0, 1

# Encodings
RAW, HEXTILE, ZLIB, ZRLE = 0, 5, 6, 16
DESKTOP_SIZE, CURSOR = -223, -239
POINTER_CHANGE, QEMU_KEYS, QEMU_LEDS = -257, -258, -261
EXTENDED_DESKTOP_SIZE, XVP_PSEUDO = -308, -309

XVP_VERSION, XVP_INIT, XVP_FAIL, XVP_SHUTDOWN, XVP_REBOOT, XVP_RESET = 1, 1, 0, 2, 3, 4

# Of ExtendedDesktopSize
REASON_SERVER, REASON_CLIENT, STATUS_OK, STATUS_PROHIBITED = 0, 1, 0, 1

U8, U16, U32, I32 = (struct.Struct(">" + c) for c in "BHIi")
RECTANGLE = struct.Struct(">4Hi")
REQUEST = struct.Struct(">?4H")         # incremental, x, y, width, height
KEY = struct.Struct(">?xxI")            # down, keysym
QEMU_KEY_BODY = struct.Struct(">HII")   # down, keysym, key code
POINTER = struct.Struct(">BHH")         # buttons, x, y
SIZE_REQUEST = struct.Struct(">xHHBx")  # width, height, number of screens (16 bytes each)
SCREEN = struct.Struct(">I4HI")         # id, x, y, width, height, flags

MOST_CUT_TEXT = 16 << 20                # bytes: a client that announces more is cut off
KEPT_CUT_TEXT = 64 << 10                # bytes of it that are kept
RELATIVE_ORIGIN = 0x7FFF                # where a relative pointer's events count from


class ProtocolError(Exception):
    """A client does not keep to the protocol: it is cut off."""
