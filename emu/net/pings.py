"""The guest's pings beyond the router, where the host lets its users ping (ICMP sockets of the datagram kind)."""
import selectors
import socket

from . import host, icmp, icmp6, ip
from .icmp import Message
from .ip import Packet
from .ipv4 import ICMP
from .ipv6 import ICMPV6

READ = selectors.EVENT_READ
MOST_FLOWS, ANSWER, IDLE = 32, 5.0, 30.0


class Flow:
    """One pinger: guest address, far address, identifier."""

    def __init__(self, key, sock):
        self.key, self.sock = key, sock
        self.used, self.unanswered = 0.0, False


class Pings:
    """All of them.  ``net`` is the UserNetwork."""

    def __init__(self, net):
        self.net = net
        self.flows = {}

    def echo(self, packet, message):
        """An echo request to somewhere beyond the router."""
        key = packet.src, packet.dst, message.rest[:2]
        flow = self.flows.get(key) or self._open(key, packet)
        if flow is None:
            return
        flow.used, flow.unanswered = self.net.host_time(), True
        try:
            flow.sock.send(icmp.build(message))         # of ICMPv6 the host makes the checksum
        except OSError:
            self.net.report(packet, ip.NO_HOST)
            self._remove(flow)

    def _open(self, key, packet):
        target = self.net.target(packet.dst, 0)
        sock = None
        try:
            if target is None:
                raise PermissionError
            sock = socket.socket(host.family(target[0]), socket.SOCK_DGRAM, packet.protocol)
            sock.setblocking(False)
            sock.connect(target)
        except OSError:
            if sock is not None:
                sock.close()
            self.net.report(packet, ip.PROHIBITED)
            return None
        while len(self.flows) >= MOST_FLOWS:
            self._remove(next(iter(self.flows.values())))
        flow = self.flows[key] = Flow(key, sock)
        self.net.watch(sock, 0, READ, lambda mask: self._readable(flow))
        return flow

    def _readable(self, flow):
        try:
            data = flow.sock.recv(0x10000)
        except OSError:
            return
        guest, far, ident = flow.key            # the host's kernel has put its own identifier in
        if len(far) == 4 and data[:1] and data[0] >> 4 == 4:    # some systems leave the IP header on
            data = data[(data[0] & 15) * 4:]
        if len(data) < 8 or data[0] != (icmp.ECHO_REPLY if len(far) == 4 else icmp6.ECHO_REPLY):
            return
        flow.unanswered = False
        answer = Message(data[0], 0, ident + data[6:])
        if len(far) == 4:
            protocol, payload = ICMP, icmp.build(answer)
        else:
            protocol, payload = ICMPV6, icmp6.build(far, guest, answer)
        self.net.send(Packet(far, guest, protocol, payload, ident=self.net.ident()))

    def _remove(self, flow):
        if self.flows.pop(flow.key, None) is not None:
            self.net.watch(flow.sock, READ, 0, None)
            flow.sock.close()

    def tick(self):
        """Forget what is idle."""
        now = self.net.host_time()
        for flow in [f for f in self.flows.values() if now - f.used > IDLE]:
            self._remove(flow)

    def waiting(self):
        """Does the guest wait for an answer?"""
        now = self.net.host_time()
        return any(flow.unanswered and now - flow.used < ANSWER for flow in self.flows.values())

    def close(self):
        """Give all sockets back."""
        for flow in list(self.flows.values()):
            self._remove(flow)

    reset = close
