"""The guest's TCP connections, each a Connection towards the guest and a socket of the host."""
import errno
import random
import selectors
import socket
import struct
from collections import deque

from . import icmp
from .ipv4 import TCP, Packet
from .segment import ACK, RST, SYN, Segment, build, parse
from .tcp import INBOX, OUTBOX, TIME_WAIT, Connection

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
MOST_FLOWS, MOST_TIME_WAIT = 512, 64            # with those of UDP they leave a process of 1024 files some
BUDGET, LEAST_BUFFER = 32 << 20, 8 << 10        # bytes for all connections in each direction; what one has at least
CHUNK = 64 << 10
FIRST_PORT = 32768                              # of connections that forwards open to the guest
UNREACHABLE = {errno.EHOSTUNREACH: icmp.HOST, errno.ENETUNREACH: icmp.NET, errno.ETIMEDOUT: icmp.HOST}
IN_PROGRESS = (0, errno.EINPROGRESS, errno.EWOULDBLOCK, getattr(errno, "WSAEWOULDBLOCK", errno.EWOULDBLOCK))
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Flow:
    """One connection: ``key`` is (guest address, guest port, far address, far port)."""

    def __init__(self, table, key, sock):
        self.table, self.key, self.sock = table, key, sock
        self.connection = None          # not before the host's socket is connected
        self.syn = None                 # the packet with the guest's SYN, which waits for that
        self.mask = 0
        self.ready = self.ended = self.shut = False
        self.more = False               # was there as much to read as could be taken?

    def watch(self):
        """Tell the selector what the flow waits for."""
        mask = 0
        if self.sock is None:
            return
        if self.connection is None:
            mask = WRITE
        else:
            if self.connection.open and not self.ended and self._room() > 0:
                mask = READ
            if self.connection.inbox:
                mask |= WRITE
        if mask != self.mask:
            self.table.net.watch(self.sock, self.mask, mask, self.event)
            self.mask = mask

    def _room(self):
        return min(self.connection.room(), self.table.buffer - len(self.connection.outbox))

    def event(self, mask):
        """The socket can be read or written."""
        if self.sock is None:
            return
        if self.connection is None:
            self._connected()
            return
        if mask & WRITE:
            self.flush()
        if mask & READ:
            self._read()
        self.settle()

    def _connected(self):
        error = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            self.table.refuse(self.syn, error)
            self.remove()
            return
        segment = parse(self.syn)
        self.start(Connection(self.key[3], self.key[1], random.getrandbits(32), segment))

    def start(self, connection):
        """Give the flow its connection to the guest."""
        self.connection, self.syn = connection, None
        connection.inbox_most = self.table.buffer
        self.settle()

    def _read(self):
        room = min(self._room(), CHUNK)
        if self.ended or room <= 0:
            return
        try:
            data = self.sock.recv(room)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self.connection.abort()
            return
        self.more = len(data) == room
        if data:
            self.connection.write(data)
        else:
            self.ended = True
            self.connection.finish()

    def flush(self):
        """Pass on what came from the guest."""
        connection = self.connection
        try:
            while connection.inbox:
                connection.take(self.sock.send(bytes(connection.inbox[:CHUNK])))
            if connection.peer_finished and not self.shut:
                self.shut = True
                self.sock.shutdown(socket.SHUT_WR)
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:
            connection.abort()

    def settle(self):
        """After anything happened: who is to be served next, and is it over?"""
        connection = self.connection
        if connection is None:
            return
        if connection.was_reset and self.sock is not None:
            try:
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            except OSError:
                pass
            self.close_socket()
        elif connection.state == TIME_WAIT or connection.closed:
            if self.sock is not None and (connection.inbox or connection.peer_finished and not self.shut):
                self.flush()
            if not connection.inbox:
                self.close_socket()
        if connection.closed and self.sock is None:
            self.remove()
            return
        if not self.ready and connection.has_output():
            self.ready = True
            self.table.ready.append(self)
        self.watch()

    def close_socket(self):
        """Give the host's socket back."""
        if self.sock is not None:
            self.table.net.watch(self.sock, self.mask, 0, None)
            self.mask = 0
            self.sock.close()
            self.sock = None

    def remove(self):
        """Forget the flow."""
        self.close_socket()
        self.table.flows.pop(self.key, None)


class TcpFlows:
    """All of them.  ``net`` is the UserNetwork."""

    def __init__(self, net):
        self.net = net
        self.flows = {}
        self.ready = deque()
        self.listeners = []
        self.next_port = FIRST_PORT

    @property
    def buffer(self):
        """How much a connection may keep in each direction."""
        return max(LEAST_BUFFER, min(INBOX, OUTBOX, BUDGET // (len(self.flows) or 1)))

    # -- from the guest ------------------------------------------------------------------------------------------------

    def packet(self, packet):
        """An IP packet with a TCP segment."""
        segment = parse(packet)
        if segment is None:
            return
        key = packet.src, segment.source, packet.dst, segment.target
        flow = self.flows.get(key)
        opening = segment.flags & (SYN | ACK | RST) == SYN
        if flow is not None and opening and flow.connection is not None and flow.connection.state == TIME_WAIT:
            flow.remove()
            flow = None
        if flow is None:
            if opening:
                self._open(key, packet, segment)
            elif not segment.flags & RST:
                self._reset(packet, segment)
            return
        if flow.connection is None:
            if segment.flags & RST:
                flow.remove()
            return
        flow.connection.arrived(segment, self.net.now())
        if flow.sock is not None and (flow.connection.inbox or flow.connection.peer_finished):
            flow.flush()
        if flow.more and flow.sock is not None and flow.connection.open and flow._room() >= self.buffer // 2:
            flow._read()                # a fast download does not wait until the sockets are looked at
        flow.settle()

    def _open(self, key, packet, segment):
        target = self.net.target(packet.dst, segment.target)
        if target is None or not self._make_room():
            self._reset(packet, segment)
            return
        family = socket.AF_INET6 if ":" in target[0] else socket.AF_INET
        sock = None
        try:
            sock = socket.socket(family, socket.SOCK_STREAM)
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            error = sock.connect_ex(target)
        except OSError as problem:
            error = problem.errno or errno.EHOSTUNREACH
        if error not in IN_PROGRESS:
            if sock is not None:
                sock.close()
            self.refuse(packet, error)
            return
        flow = self.flows[key] = Flow(self, key, sock)
        flow.syn = packet
        flow.watch()

    def _make_room(self):
        """Is there room for one more?  What only lingers goes first."""
        lingering = [f for f in self.flows.values() if f.connection is not None and f.connection.state == TIME_WAIT]
        if len(lingering) > MOST_TIME_WAIT or lingering and len(self.flows) >= MOST_FLOWS:
            lingering[0].remove()
        return len(self.flows) < MOST_FLOWS

    def refuse(self, packet, error):
        """Tell the guest that its connection cannot be made."""
        code = UNREACHABLE.get(error)
        if code is None:
            self._reset(packet, parse(packet))
        else:
            self.net.report(packet, icmp.UNREACHABLE, code)

    def _reset(self, packet, segment):
        """Answer a segment that belongs to no connection (RFC 9293, 3.10.7.1)."""
        if segment.flags & ACK:
            answer = Segment(segment.target, segment.source, segment.ack, 0, RST, 0)
        else:
            answer = Segment(segment.target, segment.source, 0, segment.seq + segment.length & 0xFFFFFFFF, RST | ACK, 0)
        self.net.send(Packet(packet.dst, packet.src, TCP, build(packet.dst, packet.src, answer)))

    # -- to the guest --------------------------------------------------------------------------------------------------

    def next_packet(self):
        """The next IP packet to the guest, or None."""
        while self.ready:
            flow = self.ready.popleft()
            flow.ready = False
            if self.flows.get(flow.key) is not flow:
                continue
            segment = flow.connection.next_segment(self.net.now())
            if segment is None:
                flow.watch()
                continue
            flow.settle()
            guest, _, far, _ = flow.key
            return Packet(far, guest, TCP, build(far, guest, segment))
        return None

    def tick(self, now):
        """Let timers expire."""
        for flow in list(self.flows.values()):
            if flow.connection is not None and flow.connection.deadline <= now:
                flow.connection.tick(now)
                flow.settle()

    def waiting(self):
        """Does the guest wait for a socket?"""
        return any(flow.sock is not None for flow in self.flows.values())

    # -- forwards ------------------------------------------------------------------------------------------------------

    def forward(self, address, port, guest_port):
        """Listen on the host for the guest.  Raises OSError."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            if hasattr(socket, "SO_REUSEPORT"):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((address, port))
            sock.listen(16)
        except OSError:
            sock.close()
            raise
        self.net.watch(sock, 0, READ, lambda mask: self._accept(sock, guest_port))
        self.listeners.append(sock)

    def _accept(self, listener, guest_port):
        try:
            sock, _ = listener.accept()
        except OSError:
            return
        key = self._free_key(guest_port)
        if key is None:
            sock.close()
            return
        sock.setblocking(False)
        flow = self.flows[key] = Flow(self, key, sock)
        flow.start(Connection(key[3], key[1], random.getrandbits(32)))

    def _free_key(self, guest_port):
        if not self._make_room():
            return None
        while True:
            port = self.next_port
            self.next_port = port + 1 if port < 0xFFFF else FIRST_PORT
            key = self.net.guest, guest_port, self.net.router, port
            if key not in self.flows:
                return key

    def reset(self):
        """The guest is gone: drop its connections."""
        for flow in list(self.flows.values()):
            flow.remove()
        self.ready.clear()

    def close(self):
        """Give all sockets back."""
        self.reset()
        for sock in self.listeners:
            self.net.watch(sock, READ, 0, None)
            sock.close()
        self.listeners.clear()
