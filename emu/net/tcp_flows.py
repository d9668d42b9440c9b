"""The guest's TCP connections, each a Connection towards the guest and a socket of the host."""
import errno
import random
import selectors
import socket
import struct
from collections import deque

from . import ethernet, host, ip, ipv4, ipv6, segment
from .ip import TCP, Packet
from .segment import ACK, RST, SYN, Segment, build, parse
from .tcp import INBOX, OUTBOX, TIME_WAIT, Connection

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
MOST_FLOWS, MOST_TIME_WAIT = 512, 64            # with those of UDP they leave a process of 1024 files some
BUDGET, LEAST_BUFFER = 32 << 20, 8 << 10        # bytes for all connections in each direction; what one has at least
CHUNK = 64 << 10
FIRST_PORT = 32768                              # of connections that forwards open to the guest
UNREACHABLE = {errno.EHOSTUNREACH: ip.NO_HOST, errno.ETIMEDOUT: ip.NO_HOST, errno.ENETUNREACH: ip.NO_NET,
               errno.EAFNOSUPPORT: ip.NO_NET, errno.EADDRNOTAVAIL: ip.NO_NET}
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
        syn, self.syn = parse(self.syn), None
        self.start(syn)

    def start(self, syn=None):
        """Give the flow its connection to the guest."""
        _, guest_port, far, far_port = self.key
        room = ethernet.MTU - (ipv4 if len(far) == 4 else ipv6).HEADER - segment.HEADER
        self.connection = Connection(far_port, guest_port, random.getrandbits(32), syn, room)
        self.connection.inbox_most = self.table.buffer
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
        part = parse(packet)
        if part is None:
            return
        key = packet.src, part.source, packet.dst, part.target
        flow = self.flows.get(key)
        opening = part.flags & (SYN | ACK | RST) == SYN
        if flow is not None and opening and flow.connection is not None and flow.connection.state == TIME_WAIT:
            flow.remove()
            flow = None
        if flow is None:
            if opening:
                self._open(key, packet, part)
            elif not part.flags & RST:
                self._reset(packet, part)
            return
        if flow.connection is None:
            if part.flags & RST:
                flow.remove()
            return
        flow.connection.arrived(part, self.net.now())
        if flow.sock is not None and (flow.connection.inbox or flow.connection.peer_finished):
            flow.flush()
        if flow.more and flow.sock is not None and flow.connection.open and flow._room() >= self.buffer // 2:
            flow._read()                # a fast download does not wait until the sockets are looked at
        flow.settle()

    def _open(self, key, packet, syn):
        target = self.net.target(packet.dst, syn.target)
        if target is None or not self._make_room():
            self._reset(packet, syn)
            return
        sock = None
        try:
            sock, error = host.connecting(*target, socket.SOCK_STREAM)
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
        reason = UNREACHABLE.get(error)
        if reason is None:
            self._reset(packet, parse(packet))
        else:
            self.net.report(packet, reason)

    def _reset(self, packet, part):
        """Answer a segment that belongs to no connection (RFC 9293, 3.10.7.1)."""
        if part.flags & ACK:
            answer = Segment(part.target, part.source, part.ack, 0, RST, 0)
        else:
            answer = Segment(part.target, part.source, 0, part.seq + part.length & 0xFFFFFFFF, RST | ACK, 0)
        self.net.send(Packet(packet.dst, packet.src, TCP, build(packet.dst, packet.src, answer)))

    # -- to the guest --------------------------------------------------------------------------------------------------

    def next_packet(self):
        """The next IP packet to the guest, or None."""
        while self.ready:
            flow = self.ready.popleft()
            flow.ready = False
            if self.flows.get(flow.key) is not flow:
                continue
            part = flow.connection.next_segment(self.net.now())
            if part is None:
                flow.watch()
                continue
            flow.settle()
            guest, _, far, _ = flow.key
            return Packet(far, guest, TCP, build(far, guest, part))
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
        sock = host.bound(address, port, socket.SOCK_STREAM)
        sock.listen(16)
        self.net.watch(sock, 0, READ, lambda mask: self._accept(sock, address, guest_port))
        self.listeners.append(sock)

    def _accept(self, listener, address, guest_port):
        try:
            sock, _ = listener.accept()
        except OSError:
            return
        key = self._free_key(address, guest_port)
        if key is None:
            sock.close()
            return
        sock.setblocking(False)
        flow = self.flows[key] = Flow(self, key, sock)
        flow.start()

    def _free_key(self, address, guest_port):
        if not self._make_room():
            return None
        guest, router = self.net.forward_ends(address)
        while True:
            port = self.next_port
            self.next_port = port + 1 if port < 0xFFFF else FIRST_PORT
            key = guest, guest_port, router, port
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
