"""The guest's UDP: a connected socket of the host for each pair of ports that talk, and forwards."""
import selectors
import socket

from . import host, ip, udp
from .ip import UDP, Packet
from .udp import Datagram

READ = selectors.EVENT_READ
MOST_FLOWS, MOST_CLIENTS = 256, 256
IDLE, ANSWER = 60.0, 5.0                # host seconds: until a flow is forgotten; for which a guest waits for an answer
AT_ONCE = 32                            # datagrams of a socket at one look
OTHER_PORTS = 40000


class Flow:
    """What one guest port says to one far port."""

    def __init__(self, key, sock, packet):
        self.key, self.sock = key, sock
        self.head = packet              # of the last datagram, which an ICMP error would quote
        self.used = 0.0
        self.unanswered = False


class Forward:
    """A port of the host that leads to one of the guest."""

    def __init__(self, sock, address, guest_port):
        self.sock, self.address, self.guest_port = sock, address, guest_port
        self.clients = {}               # far port that the guest sees -> the client's address


class UdpFlows:
    """All of them.  ``net`` is the UserNetwork."""

    def __init__(self, net):
        self.net = net
        self.flows = {}
        self.forwards = []

    # -- from the guest ------------------------------------------------------------------------------------------------

    def datagram(self, packet, datagram):
        """A datagram to somewhere beyond the router."""
        for forward in self.forwards:
            client = forward.clients.get(datagram.target)
            if client is not None and datagram.source == forward.guest_port and packet.dst == self.net.side(packet.dst).router:
                try:
                    forward.sock.sendto(datagram.data, client)
                except OSError:
                    pass
                return
        key = packet.src, datagram.source, packet.dst, datagram.target
        flow = self.flows.get(key) or self._open(key, packet)
        if flow is None:
            return
        flow.used, flow.head, flow.unanswered = self.net.host_time(), packet, True
        self._use(flow)
        try:
            flow.sock.send(datagram.data)
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:
            self._refused(flow)

    def _use(self, flow):
        """Put it behind the others: the first is the one that was used least recently."""
        del self.flows[flow.key]
        self.flows[flow.key] = flow

    def _open(self, key, packet):
        target = self.net.target(key[2], key[3])
        if target is None:
            self.net.report(packet, ip.NO_PORT)
            return None
        while len(self.flows) >= MOST_FLOWS:
            self._remove(next(iter(self.flows.values())))
        try:
            sock, error = host.connecting(*target, socket.SOCK_DGRAM)
        except OSError as problem:
            sock, error = None, problem.errno or -1
        if error:
            if sock is not None:
                sock.close()
            self.net.report(packet, ip.NO_NET)
            return None
        flow = self.flows[key] = Flow(key, sock, packet)
        self.net.watch(sock, 0, READ, lambda mask: self._readable(flow))
        return flow

    def _refused(self, flow):
        """The far host has nobody on that port."""
        self.net.report(flow.head, ip.NO_PORT)
        self._remove(flow)

    def _remove(self, flow):
        if self.flows.pop(flow.key, None) is not None:
            self.net.watch(flow.sock, READ, 0, None)
            flow.sock.close()

    # -- to the guest --------------------------------------------------------------------------------------------------

    def _readable(self, flow):
        guest, guest_port, far, far_port = flow.key
        for _ in range(AT_ONCE):
            if self.flows.get(flow.key) is not flow or not self.net.room():
                return                  # the host's own queue keeps the rest, or drops it
            try:
                data = flow.sock.recv(0x10000)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                self._refused(flow)
                return
            flow.used, flow.unanswered = self.net.host_time(), False
            self._to_guest(far, guest, Datagram(far_port, guest_port, data))

    def _to_guest(self, src, dst, datagram):
        if len(datagram.data) <= udp.MOST:
            self.net.send(Packet(src, dst, UDP, udp.build(src, dst, datagram), ident=self.net.ident()))

    def forward(self, address, port, guest_port):
        """Take datagrams on the host for the guest.  Raises OSError."""
        forward = Forward(host.bound(address, port, socket.SOCK_DGRAM), address, guest_port)
        self.forwards.append(forward)
        self.net.watch(forward.sock, 0, READ, lambda mask: self._forwarded(forward))

    def _forwarded(self, forward):
        for _ in range(AT_ONCE):
            if not self.net.room():
                return
            try:
                data, client = forward.sock.recvfrom(0x10000)
            except OSError:
                return
            port = next((p for p, c in forward.clients.items() if c == client), None)
            if port is None:
                port = client[1]
                while port in forward.clients:
                    port = port + 1 if OTHER_PORTS <= port < 0xFFFF else OTHER_PORTS
                if len(forward.clients) >= MOST_CLIENTS:
                    del forward.clients[next(iter(forward.clients))]
            else:
                del forward.clients[port]
            forward.clients[port] = client
            guest, router = self.net.forward_ends(forward.address)
            self._to_guest(router, guest, Datagram(port, forward.guest_port, data))

    # -- time ----------------------------------------------------------------------------------------------------------

    def tick(self):
        """Forget what is idle."""
        while self.flows:
            flow = next(iter(self.flows.values()))
            if self.net.host_time() - flow.used < IDLE:
                return
            self._remove(flow)

    def waiting(self):
        """Does the guest wait for an answer?"""
        now = self.net.host_time()
        return any(flow.unanswered and now - flow.used < ANSWER for flow in self.flows.values())

    def reset(self):
        """The guest is gone."""
        for flow in list(self.flows.values()):
            self._remove(flow)

    def close(self):
        """Give all sockets back."""
        self.reset()
        for forward in self.forwards:
            self.net.watch(forward.sock, READ, 0, None)
            forward.sock.close()
        self.forwards.clear()
