"""One client: the handshake, and the messages that it sends (RFC 6143, 7.1 to 7.5)."""
import asyncio
import re
import time

from . import auth, protocol
from .keyboard import ClientKeys
from .pixels import PixelFormat
from .protocol import ProtocolError
from .updates import Updates

VERSION = b"RFB 003.008\n"
GREETING_SECONDS = 10           # for each step of the handshake that needs no person
PASSWORD_SECONDS = 120          # for the one that does
MESSAGE_SECONDS = 30            # from a message's first byte to its last
SEND_SECONDS = 60               # for a client to take what it asked for
BREATH = 64                     # messages after which the other clients have a turn
MOST_ENCODINGS = 1024
WHEEL_UP, WHEEL_DOWN = 8, 16    # bits of a pointer event's buttons
SIZES = {protocol.SET_PIXEL_FORMAT: 19, protocol.SET_ENCODINGS: 3, protocol.UPDATE_REQUEST: 9, protocol.KEY_EVENT: 7,
         protocol.POINTER_EVENT: 5, protocol.CLIENT_CUT_TEXT: 7, protocol.XVP: 3, protocol.SET_DESKTOP_SIZE: 7,
         protocol.QEMU: 11}     # what follows the type of each message, as far as it is of one length


class Pace:
    """Holds a client back that does more than anybody can: EVENTS at once, then a regular trickle; not for ever."""

    EVENTS, SECONDS, PATIENCE = 200, 1 / 1000, 20

    def __init__(self, clock=time.monotonic):
        self._clock = clock
        self._due = self._began = clock()   # when what it did is worked off; since when there has been some

    async def take(self):
        """Wait for an event's turn."""
        now = self._clock()
        if self._due <= now:
            self._due = self._began = now
        self._due += self.SECONDS
        if now - self._began > self.PATIENCE:
            raise ProtocolError("too much input")
        wait = self._due - now - self.EVENTS * self.SECONDS
        if wait > 0:
            await asyncio.sleep(wait)


class Session:
    """A client at ``stream`` (read(n), write(data), close(), peer), served by ``desktop`` (server.py)."""

    def __init__(self, stream, desktop):
        self.stream, self.desktop = stream, desktop
        self.updates = None
        self.keys = ClientKeys(desktop.key, desktop.lights, desktop.copy, self._paste)
        self.buttons = 0
        self._cut_text = ""
        self._pace = Pace()
        self._admitted = False

    async def run(self):
        """Serve the client until it leaves or breaks the protocol."""
        tasks = []
        try:
            await self._handshake()
            self.desktop.joined(self)
            tasks = [asyncio.create_task(work) for work in (self.updates.run(), self._read_messages())]
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            if self._admitted:
                self.keys.release_all()
                if self.buttons:
                    self.desktop.release_buttons()
                self.desktop.left(self)
            await asyncio.gather(*tasks, return_exceptions=True)

    # -- handshake -----------------------------------------------------------------------------------------------

    async def _read(self, size, seconds=GREETING_SECONDS):
        async with asyncio.timeout(seconds):
            return await self.stream.read(size)

    async def _handshake(self):
        stream, desktop = self.stream, self.desktop
        await stream.write(VERSION)
        found = re.fullmatch(rb"RFB 003\.(\d{3})\n", await self._read(len(VERSION)))
        if not found:
            raise ProtocolError("this is not an RFB client")
        minor = int(found[1])
        minor = 8 if minor >= 8 else 7 if minor == 7 else 3
        await self._security(minor, protocol.VNC_AUTHENTICATION if desktop.password else protocol.NONE)
        await self._read(1)  # ClientInit: all clients share the machine
        self._admitted = True
        await desktop.admit()
        self.updates = Updates(stream, desktop, SEND_SECONDS)
        name = desktop.name.encode("utf-8")
        await stream.write(protocol.U16.pack(self.updates.width) + protocol.U16.pack(self.updates.height)
                           + PixelFormat().pack() + protocol.U32.pack(len(name)) + name)

    async def _security(self, minor, kind):
        stream, desktop = self.stream, self.desktop
        refusal = desktop.guard.refuses(stream.peer) if kind != protocol.NONE else None
        if refusal:
            await stream.write((bytes(1) if minor > 3 else protocol.U32.pack(0)) + _reason(refusal))
            raise ProtocolError(refusal)
        if minor == 3:
            await stream.write(protocol.U32.pack(kind))
        else:
            await stream.write(bytes((1, kind)))
            chosen = (await self._read(1))[0]
            if chosen != kind:
                await self._fail(minor, "this security type was not offered")
        if kind == protocol.VNC_AUTHENTICATION:
            challenge = auth.challenge()
            await stream.write(challenge)
            answer = await self._read(auth.CHALLENGE, PASSWORD_SECONDS)
            # Its address may have had its last try meanwhile, on another connection.
            if desktop.guard.refuses(stream.peer) or not auth.matches(desktop.password, challenge, answer):
                desktop.guard.failed(stream.peer)
                await self._fail(minor, "the password is wrong")
            desktop.guard.passed(stream.peer)
        if kind != protocol.NONE or minor == 8:
            await stream.write(protocol.U32.pack(protocol.OK))

    async def _fail(self, minor, why):
        await self.stream.write(protocol.U32.pack(protocol.FAILED) + (_reason(why) if minor == 8 else b""))
        raise ProtocolError(why)

    # -- messages ------------------------------------------------------------------------------------------------

    async def _read_messages(self):
        for count in range(1, 1 << 62):
            kind = (await self.stream.read(1))[0]
            if kind not in SIZES:
                raise ProtocolError(f"message {kind}")
            async with asyncio.timeout(MESSAGE_SECONDS):
                await self._message(kind, await self.stream.read(SIZES[kind]))
            if count % BREATH == 0:
                await asyncio.sleep(0)

    async def _message(self, kind, body):
        if kind == protocol.UPDATE_REQUEST:
            self.updates.request(*protocol.REQUEST.unpack(body))
        elif kind == protocol.POINTER_EVENT:
            await self._pointer(*protocol.POINTER.unpack(body))
        elif kind == protocol.KEY_EVENT:
            down, keysym = protocol.KEY.unpack(body)
            await self._key(keysym, down)
        elif kind == protocol.QEMU:
            if body[0] != protocol.QEMU_KEY:
                raise ProtocolError(f"QEMU's message {body[0]}")
            down, keysym, code = protocol.QEMU_KEY_BODY.unpack(body[1:])
            await self._key(keysym, bool(down), code)
        elif kind == protocol.SET_PIXEL_FORMAT:
            self.updates.set_format(PixelFormat.unpack(body[3:]))
        elif kind == protocol.SET_ENCODINGS:
            count = protocol.U16.unpack(body[1:])[0]
            if count > MOST_ENCODINGS:
                raise ProtocolError(f"{count} encodings")
            listed = await self.stream.read(4 * count)
            self.updates.set_encodings([number for number, in protocol.I32.iter_unpack(listed)])
        elif kind == protocol.CLIENT_CUT_TEXT:
            await self._take_cut_text(protocol.U32.unpack(body[3:])[0])
        elif kind == protocol.SET_DESKTOP_SIZE:
            screens = protocol.SIZE_REQUEST.unpack(body)[2]
            await self.stream.read(16 * screens)
            self.updates.refuse_size()
        else:
            await self._pace.take()
            self._xvp(*body[1:])

    async def _key(self, keysym, down, code=0):
        await self._pace.take()
        self.keys.event(keysym, down, code)

    async def _pointer(self, mask, x, y):
        before, self.buttons = self.buttons, mask
        if mask != before:
            await self._pace.take()
        buttons = mask & 1 | (mask & 4) >> 1 | (mask & 2) << 1  # RFB: left, middle, right
        wheel = sum(turn for bit, turn in ((WHEEL_UP, -1), (WHEEL_DOWN, 1)) if mask & bit and not before & bit)
        if self.updates.relative:
            self.desktop.pointer_moved(x - protocol.RELATIVE_ORIGIN, y - protocol.RELATIVE_ORIGIN, buttons, wheel)
        else:
            self.desktop.pointer_at(x, y, buttons, wheel)

    async def _take_cut_text(self, size):
        if size > protocol.MOST_CUT_TEXT:
            raise ProtocolError(f"a text of {size} bytes")
        kept = await self.stream.read(min(size, protocol.KEPT_CUT_TEXT))
        left = size - len(kept)
        while left:
            left -= len(await self.stream.read(min(left, protocol.KEPT_CUT_TEXT)))
        self._cut_text = kept.decode("latin-1")

    def _paste(self):
        self.desktop.paste(self._cut_text)

    def _xvp(self, version, code):
        if version == protocol.XVP_VERSION and code == protocol.XVP_SHUTDOWN:
            self.desktop.power_button()
        elif version == protocol.XVP_VERSION and code == protocol.XVP_RESET:
            self.desktop.reset()
        elif version == protocol.XVP_VERSION and code == protocol.XVP_REBOOT:
            self.desktop.ctrl_alt_delete()
        else:
            self.updates.xvp_failed()


def _reason(text):
    data = text.encode("latin-1")
    return protocol.U32.pack(len(data)) + data
