"""One port with noVNC's page and the WebSocket on which it speaks RFB."""
import ipaddress
import logging
import socket
from http import HTTPStatus

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Response

from ..rfb.protocol import ProtocolError
from ..rfb.server import SEND_AHEAD
from . import pages

SOCKET = "/socket"
FIRST_PAGE = f"/{pages.START}?autoconnect=true&reconnect=true&reconnect_delay=3000&resize=scale&path={SOCKET[1:]}"
MOST_CONNECTIONS = 128          # a browser loads several files at once
SECONDS = 10                    # for a request
MOST_MESSAGE = 64 << 10         # bytes of a WebSocket's message
SAFETY = {"X-Frame-Options": "DENY", "Content-Security-Policy": "frame-ancestors 'none'", "Cache-Control": "no-cache",
          "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Connection": "close",
          "Cross-Origin-Resource-Policy": "same-origin"}


class WebSocketStream:
    """A WebSocket as rfb's Session wants it."""

    def __init__(self, connection):
        self._connection = connection
        self._waiting = bytearray()
        self.peer = (connection.remote_address or ("",))[0]

    async def read(self, size):
        """So many bytes.  Raises EOFError at the end."""
        while len(self._waiting) < size:
            try:
                message = await self._connection.recv()
            except ConnectionClosed:
                raise EOFError from None
            if isinstance(message, str):
                raise ProtocolError("a text message")
            self._waiting += message
        data = bytes(self._waiting[:size])
        del self._waiting[:size]
        return data

    async def write(self, data):
        """Send, and wait until the browser has taken nearly all of it."""
        try:
            await self._connection.send(data)
        except ConnectionClosed:
            raise EOFError from None


class WebServer:
    """Serves the page and the socket.  ``host``: the name that the user gave the listening address."""

    def __init__(self, desktop, host):
        self._desktop, self._root = desktop, pages.find()
        self._names = {"localhost", host.lower(), socket.gethostname().lower()}
        self._open = set()

    def start(self, listener):
        """Something to await, or to enter: the server on a listening socket."""
        quiet = logging.getLogger("emu.web")
        quiet.disabled = True           # what strangers send is no news
        return serve(self._serve, sock=listener, process_request=self._answer, create_connection=self._connection,
                     select_subprotocol=lambda _, offered: "binary" if "binary" in offered else None, compression=None,
                     max_size=MOST_MESSAGE, max_queue=2, write_limit=SEND_AHEAD, open_timeout=SECONDS, close_timeout=2,
                     server_header=None, logger=quiet)

    def _connection(self, *args, **kwargs):
        return _Counted(self._open, *args, **kwargs)

    async def _serve(self, connection):
        await self._desktop.serve(WebSocketStream(connection))

    def _answer(self, _connection, request):
        """The answer to a request, or None to let it become a WebSocket."""
        host = request.headers.get("Host", "")
        if not self._is_ours(host):
            return _response(HTTPStatus.FORBIDDEN, b"This machine is not called that; use its address.\n")
        path = request.path.partition("?")[0]
        if path == SOCKET:
            # A browser tells whose page it is that opens a socket: only our own may.
            origins = request.headers.get_all("Origin")
            if all(origin.partition("://")[2].lower() == host.lower() for origin in origins):
                return None
            return _response(HTTPStatus.FORBIDDEN, b"This page may not look at the machine.\n")
        if path == "/":
            return _response(HTTPStatus.FOUND, b"", Location=FIRST_PAGE)
        found = pages.read(self._root, path)
        if found is None:
            return _response(HTTPStatus.NOT_FOUND, b"There is no such page.\n")
        return _response(HTTPStatus.OK, found[1], **{"Content-Type": found[0]})

    def _is_ours(self, host):
        """Is the request's Host a name that cannot be somebody else's, who has it lead here (DNS rebinding)?  With a password
        that would be no use."""
        if self._desktop.password is not None:
            return True
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        name = name.lower().rstrip(".")
        try:
            ipaddress.ip_address(name.strip("[]").partition("%")[0])
        except ValueError:
            return name in self._names
        return True


class _Counted(ServerConnection):
    """A connection that is dropped at once when there are too many."""

    def __init__(self, others, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._others = others

    def connection_made(self, transport):
        super().connection_made(transport)
        if len(self._others) >= MOST_CONNECTIONS:
            transport.abort()
        else:
            self._others.add(self)

    def connection_lost(self, exc):
        self._others.discard(self)
        super().connection_lost(exc)


def _response(status, body, **headers):
    fields = {"Content-Type": "text/plain; charset=utf-8", **SAFETY, **headers, "Content-Length": str(len(body))}
    return Response(status.value, status.phrase, Headers(fields), body)
