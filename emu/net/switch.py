"""An Ethernet switch between machines of one user, with no process in the middle.

Each machine is a port, which knows where the hardware addresses are that it has heard of, and hands its frames to the machines
that they are for.  From each to each there is a connection; it carries the sender's port number, then frames with their length
before them.  What a machine does not fetch fills its connections up, and then it misses frames.  docs/network.md
"""
import selectors
import time
from collections import deque

from . import ethernet
from .switch_folder import PORTS, Port

READ = selectors.EVENT_READ
SIZE = 2                                # bytes of a length, or of the number
MOST_FRAMES, ROOM = 512, 256            # frames that wait for the guest; with more than ROOM the connections are not read
MOST_ADDRESSES, AGE = 1024, 300.0       # seconds for which a hardware address is remembered
CHUNK = 64 << 10
SEARCH = 1.0                            # seconds between looks for others


class AddressTable:
    """Where hardware addresses are; what was not heard of for ``AGE`` seconds is forgotten."""

    def __init__(self):
        self.places = {}                # address -> (place, when heard of), longest ago first

    def learn(self, address, place, now):
        """``address`` sent something from there."""
        if address[0] & 1:
            return
        self.places.pop(address, None)
        if len(self.places) >= MOST_ADDRESSES:
            del self.places[next(iter(self.places))]
        self.places[address] = place, now

    def find(self, address, now):
        """The place, or None if it is not known."""
        place, heard = self.places.get(address, (None, 0))
        return None if place is None or now - heard > AGE else place

    def forget(self, place):
        """Nothing is there any more."""
        self.places = {a: p for a, p in self.places.items() if p[0] != place}


class Outgoing:
    """A connection to another port; it keeps no more than what is left of one frame."""

    def __init__(self, sock, number):
        self.sock, self.rest = sock, number.to_bytes(SIZE, "big")

    def send(self, frame):
        """Hand a frame over, or lose it.  Raises OSError if nobody is there any more."""
        if not self.flush():
            return
        self.rest = len(frame).to_bytes(SIZE, "big") + frame
        if not self.flush() and len(self.rest) == SIZE + len(frame):
            self.rest = b""             # nothing of it went

    def flush(self):
        """Is all of what was begun on its way?"""
        try:
            while self.rest:
                self.rest = self.rest[self.sock.send(self.rest):]
        except (BlockingIOError, InterruptedError):
            return False
        return True


class Incoming:
    """A connection from another port."""

    def __init__(self, sock):
        self.sock, self.number, self.data = sock, None, bytearray()

    def read(self):
        """The frames that have arrived, None at the connection's end.  Raises OSError."""
        data = self.sock.recv(CHUNK)
        if not data:
            return None
        self.data += data
        at, frames = 0, []
        if self.number is None and len(self.data) >= SIZE:
            self.number, at = int.from_bytes(self.data[:SIZE], "big"), SIZE
        while len(self.data) - at >= SIZE:
            size = int.from_bytes(self.data[at:at + SIZE], "big")
            if not ethernet.HEADER <= size <= ethernet.MOST or self.number >= PORTS:
                return None             # no machine of ours
            if len(self.data) - at < SIZE + size:
                break
            frames.append(bytes(self.data[at + SIZE:at + SIZE + size]))
            at += SIZE + size
        del self.data[:at]
        return frames


class Switch:
    """A port of the switch ``name``, as the far end of a machine's cable.  Raises OSError."""

    def __init__(self, name, host_time=time.monotonic):
        self.host_time = host_time
        self.port = Port(name)
        self.number = self.port.number
        self.table = AddressTable()
        self.frames = deque()
        self.outgoing, self.incoming = {}, set()
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.port.listener, READ, self._accept)
        self._search()

    # -- what the link wants -------------------------------------------------------------------------------------------

    def frame(self, data):
        """A frame from the guest: to whom it is for if that is known, else to all."""
        place = None if data[0] & 1 else self.table.find(data[:6], self.host_time())
        there = self.outgoing.get(place)
        for number, link in ((place, there),) if there is not None else tuple(self.outgoing.items()):
            self._try(lambda to=link: to.send(data), number, link)

    def has_frames(self):
        """Is there one for the guest?"""
        return bool(self.frames)

    def next_frame(self):
        """The next one, or None."""
        return self.frames.popleft() if self.frames else None

    # -- the others ----------------------------------------------------------------------------------------------------

    def _search(self):
        """Look for machines that there is no connection to."""
        self._next_search = self.host_time() + SEARCH
        for number in self.port.others():
            if number not in self.outgoing:
                sock = self.port.connect(number)
                if sock is not None:
                    link = self.outgoing[number] = Outgoing(sock, self.number)
                    self.selector.register(sock, READ, lambda n=number, to=link: self._lost(n, to))
                    self._try(link.flush, number, link)

    def _try(self, action, number, link):
        try:
            action()
        except OSError:
            self._lost(number, link)

    def _lost(self, number, link):
        """A connection to another has ended: nothing ever comes over it."""
        if self.outgoing.get(number) is link:
            del self.outgoing[number]
            self.table.forget(number)
            self.selector.unregister(link.sock)
            link.sock.close()

    def _accept(self):
        """Take in those that come, and go to them."""
        while True:
            try:
                sock, _ = self.port.listener.accept()
            except OSError:
                break
            if len(self.incoming) >= 2 * PORTS:
                sock.close()
                continue
            sock.setblocking(False)
            link = Incoming(sock)
            self.incoming.add(link)
            self.selector.register(sock, READ, lambda to=link: self._arrived(to))
        self._search()

    def _arrived(self, link):
        if len(self.frames) >= ROOM:
            return
        try:
            frames = link.read()
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            frames = None
        if frames is None:
            self.incoming.discard(link)
            self.selector.unregister(link.sock)
            link.sock.close()
            return
        now = self.host_time()
        for frame in frames:
            self.table.learn(frame[6:12], link.number, now)
            if len(self.frames) < MOST_FRAMES:
                self.frames.append(frame)

    # -- time ----------------------------------------------------------------------------------------------------------

    def poll(self, timeout=0):
        """Look at the connections, for ``timeout`` seconds at most if nothing happens.  True if something did."""
        if timeout > 0 and len(self.frames) >= ROOM:
            time.sleep(timeout)         # nothing is read before the guest takes something
            timeout = 0
        ready = self.selector.select(timeout)
        for key, _ in ready:
            if key.fileobj.fileno() >= 0:       # not closed by one before it
                key.data()
        for number, link in list(self.outgoing.items()):
            if link.rest:
                self._try(link.flush, number, link)
        if self.host_time() >= self._next_search:
            self._search()
        return bool(ready)

    def waiting(self):
        """Another machine may send at any time: idle time passes no faster than the host's."""
        return True

    def reset(self):
        """The machine was reset: what waited for its guest is gone."""
        self.frames.clear()

    def close(self):
        """Leave the switch."""
        for number, link in list(self.outgoing.items()):
            self._lost(number, link)
        for link in self.incoming:
            link.sock.close()
        self.incoming.clear()
        self.selector.close()
        self.port.close()
