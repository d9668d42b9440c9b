"""Serves a machine's screen to RFB clients: many at once, and none can hold up another."""
import asyncio
import socket
import time

from .. import link
from .guard import Guard
from .keysyms import USAGES
from .protocol import ProtocolError
from .screen import Screen
from .session import Session

FRAME_SECONDS = 1 / 60
MOTION_SECONDS = 1 / 100        # between two positions of the pointer that are passed on
DRAW_SECONDS = 2                # for the machine to draw the picture when somebody comes
TEXT_SECONDS = 1                # between two texts, either way
MOST_CONNECTIONS = 64
READ_AHEAD = 16 << 10           # bytes of a client's that wait here and in the kernel each, before it has to wait itself
SEND_AHEAD = 64 << 10
KERNEL_SENDS = 256 << 10
LAST_SECONDS = 2                # for the last words to a client
CHORD = [USAGES[name] for name in ("leftctrl", "leftalt", "delete")]


class Desktop:
    """What all clients share.  ``send(kind, a, b, c, text)`` tells the machine, in records of link.py."""

    def __init__(self, frame, send, name, password=None):
        self.name, self.password = name, password
        self.guard = Guard()
        self._frame, self._send = frame, send
        self.screen = Screen(frame)
        self._connections = {}          # task of each connection -> has it joined?
        self._sessions = set()
        self._watchers = 0              # clients that have been admitted
        self._undrawn = []              # futures of those who wait for the machine to draw
        self._someone = asyncio.Event()
        self._state = None
        self._motion = None             # a position that waits for its turn
        self._motion_timer = None
        self._motion_due = 0.0
        self._copied = self._pasted = -float(TEXT_SECONDS)

    # -- connections ---------------------------------------------------------------------------------------------

    async def serve(self, stream):
        """Serve a client to its end."""
        task = asyncio.current_task()
        if len(self._connections) >= MOST_CONNECTIONS:
            oldest = next((t for t, joined in self._connections.items() if not joined), None)
            if oldest is None:
                return
            oldest.cancel()             # it has had longest to say who it is
            del self._connections[oldest]
        self._connections[task] = False
        session = Session(stream, self)
        try:
            await session.run()
        except (ProtocolError, OSError, EOFError, TimeoutError, asyncio.CancelledError):
            pass                        # the client is gone, or has to go
        finally:
            self._connections.pop(task, None)

    async def admit(self):
        """A client has shown that it may look: see to it that the picture is of now."""
        self._connections[asyncio.current_task()] = True
        self._watchers += 1
        drawn = asyncio.get_running_loop().create_future()
        self._undrawn.append(drawn)
        self._send(link.WATCHERS, self._watchers)
        try:
            async with asyncio.timeout(DRAW_SECONDS):
                await drawn
        except TimeoutError:            # the machine is busy; what there is will do
            pass
        self.look()

    def drawn(self):
        """The machine has drawn the picture, for those who have come."""
        for future in self._undrawn:
            if not future.done():
                future.set_result(None)
        self._undrawn.clear()

    def joined(self, session):
        """A client is to be told what changes."""
        self._sessions.add(session)
        self._someone.set()

    def left(self, session):
        """An admitted client is gone."""
        self._flush_motion()
        self._watchers -= 1
        self._send(link.WATCHERS, self._watchers)
        self._sessions.discard(session)
        if not self._sessions:
            self._someone.clear()

    def look(self):
        """Take note of what is new in the picture."""
        change = self.screen.refresh()
        if change is not None:
            for session in self._sessions:
                session.updates.screen_changed(change)

    async def run(self):
        """Look at the frame at its rate while somebody waits for it."""
        while True:
            await self._someone.wait()
            state = self.lights(), self.absolute
            if state != self._state:
                self._state = state
                for session in self._sessions:
                    session.updates.state_changed()
            if any(session.updates.waiting for session in self._sessions):
                self.look()
            await asyncio.sleep(FRAME_SECONDS)

    # -- the machine's state -------------------------------------------------------------------------------------

    def lights(self):
        """The keyboard's lock lights: bit 0 Scroll Lock, 1 Num Lock, 2 Caps Lock."""
        return int(self._frame.header[link.LEDS])

    @property
    def absolute(self):
        """Does the guest take positions of the pointer?"""
        return bool(self._frame.state & link.ABSOLUTE)

    # -- what clients do -----------------------------------------------------------------------------------------

    def key(self, usage, pressed):
        self._flush_motion()
        self._send(link.KEY, usage, int(pressed))

    def ctrl_alt_delete(self):
        for usage in CHORD:
            self.key(usage, True)
        for usage in reversed(CHORD):
            self.key(usage, False)

    def pointer_at(self, x, y, buttons, wheel):
        """The pointer of a client; positions that follow fast upon each other become one."""
        height, width = self.screen.pixels.shape
        news = min(x, width - 1), min(y, height - 1), buttons
        if wheel or self._motion is not None and self._motion[2] != buttons:
            self._flush_motion()
        if wheel:
            self._send(link.POINTER, *news[:2], buttons | wheel << 8)
            return
        self._motion = news
        now = time.monotonic()
        if now >= self._motion_due:
            self._flush_motion()
        elif self._motion_timer is None:
            self._motion_timer = asyncio.get_running_loop().call_later(self._motion_due - now, self._flush_motion)

    def _flush_motion(self):
        if self._motion_timer is not None:
            self._motion_timer.cancel()
            self._motion_timer = None
        if self._motion is not None:
            self._send(link.POINTER, *self._motion)
            self._motion = None
            self._motion_due = time.monotonic() + MOTION_SECONDS

    def pointer_moved(self, dx, dy, buttons, wheel):
        """Motion of a client that counts it."""
        if dx or dy or wheel:
            self._send(link.MOUSE_MOVE, dx, dy, wheel)
        self._send(link.MOUSE_BUTTONS, buttons)

    def release_buttons(self):
        """A client left with buttons down."""
        self._flush_motion()
        self._send(link.MOUSE_BUTTONS, 0)

    def power_button(self):
        self._send(link.POWER_BUTTON)

    def reset(self):
        self._send(link.RESET)

    # -- texts ---------------------------------------------------------------------------------------------------

    def paste(self, text):
        """Have a text typed; stop that, if one is."""
        now = time.monotonic()
        if self._frame.state & link.TYPING:
            self._send(link.STOP_TYPING)
        elif text and now - self._pasted >= TEXT_SECONDS:
            self._pasted = now
            self._send(link.PASTE, text=text)

    def copy(self):
        """Ask for the text on the screen."""
        now = time.monotonic()
        if now - self._copied >= TEXT_SECONDS:
            self._copied = now
            self._send(link.COPY)

    def copied(self, text):
        """It came: all clients get it."""
        for session in self._sessions:
            session.updates.cut_text(text)


class TcpStream:
    """A TCP connection as Session wants it."""

    def __init__(self, reader, writer):
        self._reader, self._writer = reader, writer
        self.peer = (writer.get_extra_info("peername") or ("",))[0]
        writer.transport.set_write_buffer_limits(SEND_AHEAD)
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, READ_AHEAD)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_SENDS)    # more would only be older

    async def read(self, size):
        """So many bytes.  Raises EOFError at the end."""
        return await self._reader.readexactly(size)

    async def write(self, data):
        """Send, and wait until the client has taken nearly all of it."""
        self._writer.write(data)
        await self._writer.drain()


async def _close(writer):
    """Close a connection, though its client may not take what is left to send."""
    writer.close()
    try:
        async with asyncio.timeout(LAST_SECONDS):
            await writer.wait_closed()
    except (OSError, TimeoutError):
        pass
    finally:
        writer.transport.abort()


async def serve_tcp(desktop, listener):
    """A server for the desktop on a listening socket."""
    async def connected(reader, writer):
        try:
            await desktop.serve(TcpStream(reader, writer))
        except OSError:                 # it went before it was looked at
            pass
        finally:
            await _close(writer)
    return await asyncio.start_server(connected, sock=listener, limit=READ_AHEAD)
