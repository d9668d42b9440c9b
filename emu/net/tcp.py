"""One end of a TCP connection (RFC 9293): a state machine that knows no sockets, frames nor clocks.

Segments go in by arrived(), come out by next_segment(); time is handed in, in ns.  The cable loses nothing and reorders nothing by
itself, so there is no congestion window; what a guest drops is sent again after a timeout (RFC 6298) or three equal acknowledgements.
"""
from .segment import ACK, FIN, PSH, RST, SYN, Segment

(SYN_SENT, SYN_RECEIVED, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSING, TIME_WAIT, CLOSE_WAIT, LAST_ACK, CLOSED) = range(10)
_SENDING = frozenset((ESTABLISHED, FIN_WAIT_1, CLOSING, CLOSE_WAIT, LAST_ACK))

OUR_MSS, LEAST_MSS, DEFAULT_MSS = 1460, 64, 536
OUR_SCALE = 2
INBOX = OUTBOX = 128 << 10              # bytes kept in each direction
OUT_OF_ORDER = 64                       # segments kept that came too early
SECOND = 1_000_000_000
RTO_FIRST, RTO_LEAST, RTO_MOST = SECOND, SECOND // 5, 60 * SECOND
RETRIES, SYN_RETRIES = 10, 5
TIME_WAIT_NS = 2 * SECOND
ACK_DELAY = SECOND // 100               # an acknowledgement waits for more to acknowledge: so long, or until there are so many
ACK_EVERY, ACK_STEADY, STEADY = 2, 8, 64 << 10      # full segments; that many where so many bytes have come without a loss
NEVER = 1 << 64


def ahead(a, b):
    """How far sequence number ``a`` is after ``b``; negative if before."""
    return ((a - b + 0x80000000) & 0xFFFFFFFF) - 0x80000000


class Connection:
    """``port`` and ``peer_port`` are ours and the guest's.  Made with ``syn`` it answers a guest's SYN, else it sends one.
    ``our_mss`` is what there is room for in a packet."""

    def __init__(self, port, peer_port, iss, syn=None, our_mss=OUR_MSS):
        self.port, self.peer_port, self.our_mss = port, peer_port, our_mss
        self.inbox_most = INBOX
        self.una = self.nxt = self.top = self.iss = iss & 0xFFFFFFFF     # first unacknowledged, next to send, after the highest sent
        self.outbox, self.inbox = bytearray(), bytearray()
        self.early = {}                 # sequence number -> data that came out of order
        self.window = self.most_window = 0
        self.window_seq = self.window_ack = 0
        self.mss, self.scale, self.our_scale = DEFAULT_MSS, 0, 0
        self.rcv = self.edge = 0        # next expected; end of the window that the guest was told of
        self.told = 0                   # what the guest was acknowledged last
        self.ack_at, self.steady = NEVER, 0
        self.fin_seq = None             # where the guest's FIN is
        self.finishing = self.peer_finished = self.was_reset = False
        self.ack_due = self.reset_due = self.resend = self.probe = False
        self.repeats = self.tries = 0
        self.recover = None             # what had been sent when equal acknowledgements told of a loss
        self.rto, self.smoothed, self.varied, self.timed = RTO_FIRST, None, 0, None
        self.timer, self.persist, self.persist_step = NEVER, NEVER, RTO_FIRST
        self.state = SYN_SENT
        if syn is not None:
            self.state = SYN_RECEIVED
            self._take_syn(syn)

    # -- what the owner does -----------------------------------------------------------------------------------------

    @property
    def closed(self):
        """Over, with nothing left to send."""
        return self.state == CLOSED and not self.reset_due

    @property
    def open(self):
        """Was the handshake done?"""
        return self.state not in (SYN_SENT, SYN_RECEIVED, CLOSED)

    def room(self):
        """How many bytes write() takes."""
        return 0 if self.finishing or self.state == CLOSED else max(0, OUTBOX - len(self.outbox))

    def write(self, data):
        """Bytes to the guest."""
        self.outbox += data

    def finish(self):
        """No more will be written: FIN after what is there."""
        if not self.finishing:
            self.finishing = True
            self.state = {ESTABLISHED: FIN_WAIT_1, CLOSE_WAIT: LAST_ACK}.get(self.state, self.state)

    def abort(self):
        """Break the connection off."""
        self.reset_due = self.state not in (CLOSED, TIME_WAIT)
        self.inbox.clear()
        self._end()

    def take(self, count):
        """Drop bytes of the inbox that the owner has passed on; tell the guest of the room once it is worth it."""
        del self.inbox[:count]
        opened = ahead(self.rcv + self._inbox_room(), self.edge)
        if opened >= 2 * OUR_MSS and (opened >= self.inbox_most // 2 or ahead(self.edge, self.rcv) < 2 * OUR_MSS) and self.open:
            self.ack_due = True

    def _inbox_room(self):
        return max(0, min(self.inbox_most - len(self.inbox), 0xFFFF << self.our_scale))

    def _end(self):
        self.state = CLOSED
        self.timer = self.persist = self.ack_at = NEVER
        self.outbox.clear()
        self.early.clear()
        self.ack_due = self.resend = self.probe = False

    # -- time --------------------------------------------------------------------------------------------------------

    @property
    def deadline(self):
        """When tick() has something to do."""
        return min(self.timer, self.persist, self.ack_at)

    def tick(self, now):
        """Let timers expire."""
        if now >= self.ack_at:
            self.ack_due, self.ack_at = True, NEVER
        if now >= self.persist:
            self.probe = True
            self.persist_step = min(self.persist_step * 2, RTO_MOST)
            self.persist = now + self.persist_step
        if now >= self.timer:
            if self.state == TIME_WAIT:
                self._end()
                return
            self.tries += 1
            if self.tries > (RETRIES if self.open else SYN_RETRIES):
                self.was_reset = True
                self.abort()
                return
            self.nxt, self.timed, self.recover = self.una, None, None
            self.rto = min(self.rto * 2, RTO_MOST)
            self.timer = NEVER          # set again when the segment goes

    def _measured(self, ns):
        """A round trip took so long (RFC 6298)."""
        if self.smoothed is None:
            self.smoothed, self.varied = ns, ns // 2
        else:
            self.varied += (abs(self.smoothed - ns) - self.varied) // 4
            self.smoothed += (ns - self.smoothed) // 8
        self.rto = min(max(self.smoothed + 4 * self.varied, RTO_LEAST), RTO_MOST)

    # -- what comes --------------------------------------------------------------------------------------------------

    def _take_syn(self, segment):
        self.rcv = self.edge = self.told = (segment.seq + 1) & 0xFFFFFFFF
        self.mss = max(LEAST_MSS, min(segment.mss or DEFAULT_MSS, self.our_mss))
        self.window = self.most_window = segment.window
        self.window_seq, self.window_ack = segment.seq, segment.ack
        if segment.scale is not None:
            self.scale, self.our_scale = segment.scale, OUR_SCALE

    def arrived(self, segment, now):
        """A segment from the guest."""
        if self.state == CLOSED:
            return
        if self.state == SYN_SENT:
            self._answer_to_syn(segment, now)
            return
        flags = segment.flags
        if self.state == SYN_RECEIVED and flags & SYN and not flags & ACK and segment.seq + 1 & 0xFFFFFFFF == self.rcv:
            self.nxt = self.iss         # our answer was lost
            return
        window = max(0, ahead(self.edge, self.rcv))
        start = ahead(segment.seq, self.rcv)
        end = start + segment.length
        if not (0 <= start < window or 0 < end <= window or start == 0 or start <= 0 < end):
            if not flags & RST:
                self.ack_due = True
            return
        if flags & RST:
            if start == 0:
                self.was_reset = True
                self._end()
            else:
                self.ack_due = True
            return
        if flags & SYN:
            self.ack_due = True
            return
        if not flags & ACK or not self._acknowledged(segment, now):
            return
        data = segment.data
        if flags & FIN:
            self.fin_seq = segment.seq + len(data) & 0xFFFFFFFF
        if data and self.fin_seq is not None and ahead(segment.seq, self.fin_seq) >= 0:
            return
        before = self.rcv
        if data and not self.peer_finished and self.state not in (TIME_WAIT, CLOSED):
            self._data(segment.seq, data, start, window)
        if self.fin_seq == self.rcv and not self.peer_finished:
            self._finished(now)
        if segment.length:
            self._acknowledge(segment, before, now)

    def _acknowledge(self, segment, before, now):
        """What came is to be acknowledged: at once where the guest may have to send again, or waits for it (RFC 9293, 3.8.6.3)."""
        count = ahead(self.rcv, before)
        if self.early or count != len(segment.data) or self.fin_seq is not None:
            self.ack_due, self.steady = True, 0
            return
        self.steady += count
        every = ACK_EVERY if self.steady < STEADY else ACK_STEADY
        if ahead(self.rcv, self.told) >= every * self.mss:
            self.ack_due = True
        elif self.ack_at == NEVER:
            self.ack_at = now + ACK_DELAY

    def _answer_to_syn(self, segment, now):
        flags = segment.flags
        right = flags & ACK and segment.ack == (self.iss + 1) & 0xFFFFFFFF
        if flags & RST:
            if right:
                self.was_reset = True
                self._end()
        elif flags & SYN and right:
            self._take_syn(segment)
            self.window = self.most_window = segment.window     # a SYN's window is never scaled
            self.una = self.nxt = segment.ack
            self._handshake_done(now)
            self.state = FIN_WAIT_1 if self.finishing else ESTABLISHED
            self.ack_due = True

    def _handshake_done(self, now):
        self.timer, self.tries = NEVER, 0
        if self.timed is not None:
            self._measured(now - self.timed[1])
            self.timed = None

    def _acknowledged(self, segment, now):
        """The acknowledgement and window of a segment.  False if the rest of it is not to be looked at."""
        fresh, beyond = ahead(segment.ack, self.una), ahead(segment.ack, self.top)
        if beyond > 0:
            if self.state == SYN_RECEIVED:
                self.abort()
            else:
                self.ack_due = True
            return False
        if self.state == SYN_RECEIVED:
            if fresh <= 0:
                return False
            self.state = FIN_WAIT_1 if self.finishing else ESTABLISHED
            self.una = (self.una + 1) & 0xFFFFFFFF
            fresh -= 1
            self._handshake_done(now)
            if ahead(self.nxt, self.una) < 0:
                self.nxt = self.una
        if ahead(segment.seq, self.window_seq) > 0 or segment.seq == self.window_seq and ahead(segment.ack, self.window_ack) >= 0:
            window = segment.window << self.scale
            changed = window != self.window
            self.window, self.window_seq, self.window_ack = window, segment.seq, segment.ack
            self.most_window = max(self.most_window, window)
            if window:
                self.persist, self.persist_step = NEVER, RTO_FIRST
        else:
            changed = False
        if fresh > 0:
            self._release(fresh, segment.ack, now)
        elif fresh == 0 and not changed and not segment.length and ahead(self.top, self.una) > 0:
            self.repeats += 1
            if self.repeats == 3 and self.recover is None:
                self.resend, self.recover = True, self.top
        return self.state != CLOSED

    def _release(self, count, ack, now):
        """``count`` sequence numbers are acknowledged."""
        fin_acked = count > len(self.outbox)
        del self.outbox[:count]
        self.una = ack
        if ahead(self.nxt, ack) < 0:
            self.nxt = ack
        self.repeats = self.tries = 0
        self.resend = False
        if self.recover is not None:    # the next hole, until all that had been sent is acknowledged (RFC 6582)
            if ahead(ack, self.recover) < 0:
                self.resend = True
            else:
                self.recover = None
        if self.timed is not None and ahead(ack, self.timed[0]) >= 0:
            self._measured(now - self.timed[1])
            self.timed = None
        self.timer = now + self.rto if ahead(self.top, ack) > 0 else NEVER
        if fin_acked:
            if self.state == FIN_WAIT_1:
                self.state = FIN_WAIT_2
            elif self.state == CLOSING:
                self._linger(now)
            elif self.state == LAST_ACK:
                self._end()

    def _linger(self, now):
        self.state, self.timer = TIME_WAIT, now + TIME_WAIT_NS

    def _data(self, seq, data, start, window):
        if start < 0:
            data, start = data[-start:], 0
        data = data[:max(0, window - start)]
        if start > 0:
            if data and len(self.early) < OUT_OF_ORDER and len(data) > len(self.early.get(seq, b"")):
                self.early[seq] = bytes(data)
            return
        self.inbox += data
        self.rcv = self.rcv + len(data) & 0xFFFFFFFF
        more = bool(self.early)
        while more:
            more = False
            for at in list(self.early):
                offset = ahead(self.rcv, at)
                if offset >= 0:
                    part = self.early.pop(at)[offset:]
                    self.inbox += part
                    self.rcv = self.rcv + len(part) & 0xFFFFFFFF
                    more = more or bool(part)

    def _finished(self, now):
        """All of the guest's data is here, and its FIN."""
        self.peer_finished = True
        self.rcv = self.rcv + 1 & 0xFFFFFFFF
        self.early.clear()
        if self.state == FIN_WAIT_1:
            self.state = CLOSING
        elif self.state == FIN_WAIT_2:
            self._linger(now)
        else:
            self.state = LAST_ACK if self.finishing else CLOSE_WAIT

    # -- what goes ---------------------------------------------------------------------------------------------------

    def has_output(self):
        """May next_segment have one?"""
        if self.reset_due or self.ack_due or self.resend or self.probe or self.state in (SYN_SENT, SYN_RECEIVED) and self.nxt == self.iss:
            return True
        if self.state not in _SENDING:
            return False
        offset = ahead(self.nxt, self.una)
        left = len(self.outbox) - offset
        return self._sendable(offset, left) > 0 or self._fin_next(offset, left) or self._stuck(offset) and self.persist == NEVER

    def _sendable(self, offset, left):
        usable = self.window - offset
        size = min(left, usable, self.mss)
        if size <= 0 or size < self.mss and size < left and offset and usable * 2 < self.most_window:
            return 0                    # a small piece of a small window: wait (RFC 9293, 3.8.6.2.1)
        return size

    def _fin_next(self, offset, left):
        return self.finishing and left == 0 and self.window > offset

    def _stuck(self, offset):
        """Is there something to send, nothing on its way, and no window?"""
        return offset == 0 and self.window == 0 and (len(self.outbox) > 0 or self.state in (FIN_WAIT_1, CLOSING, LAST_ACK))

    def _make(self, seq, flags, data=b"", **options):
        scale = self.our_scale if not flags & SYN else 0
        told = min(self._inbox_room() >> scale, 0xFFFF)
        edge = self.rcv + (told << scale) & 0xFFFFFFFF
        if ahead(edge, self.edge) < 0:  # never take back what was offered
            told = min(max(0, ahead(self.edge, self.rcv)) >> scale, 0xFFFF)
        else:
            self.edge = edge
        self.ack_due, self.ack_at, self.told = False, NEVER, self.rcv
        return Segment(self.port, self.peer_port, seq, self.rcv if flags & ACK else 0, flags, told if flags & ACK else 0xFFFF,
                       bytes(data), **options)

    def _sent(self, end, now):
        """Sequence numbers up to ``end`` are on their way."""
        if ahead(end, self.top) > 0:
            self.top = end
            if self.timed is None and not self.tries:
                self.timed = (end, now)
        self.nxt = end
        if self.timer == NEVER:
            self.timer = now + self.rto

    def next_segment(self, now):
        """The next Segment to the guest, or None."""
        if self.reset_due:
            self.reset_due = False
            return Segment(self.port, self.peer_port, self.nxt, self.rcv, RST | ACK, 0)
        if self.state in (SYN_SENT, SYN_RECEIVED):
            self.ack_due = False
            if self.nxt != self.iss:
                return None
            answer = self.state == SYN_RECEIVED
            segment = self._make(self.iss, SYN | ACK if answer else SYN, mss=self.our_mss,
                                 scale=OUR_SCALE if not answer or self.our_scale else None)
            self._sent(self.iss + 1 & 0xFFFFFFFF, now)
            return segment
        if self.state in _SENDING:
            segment = self._next_data(now)
            if segment is not None:
                return segment
        if self.ack_due:
            return self._make(self.nxt, ACK)
        return None

    def _next_data(self, now):
        if self.resend:
            self.resend = False
            data = self.outbox[:self.mss]
            last = self.finishing and len(data) == len(self.outbox) and ahead(self.top, self.una) > len(data)
            self.timed = None
            return self._make(self.una, ACK | (FIN if last else 0), data)
        offset = ahead(self.nxt, self.una)
        left = len(self.outbox) - offset
        size = self._sendable(offset, left)
        if not size and self._stuck(offset):
            if self.probe:
                self.probe = False
                data = self.outbox[:1]
                end = self.una + 1 & 0xFFFFFFFF
                if ahead(end, self.top) > 0:
                    self.top = end
                return self._make(self.una, ACK if data else ACK | FIN, data)
            if self.persist == NEVER:
                self.persist = now + self.persist_step
            return None
        self.probe = False
        last = self.finishing and size == left and self.window > offset + size
        if not size and not (last and left == 0):
            return None
        data = self.outbox[offset:offset + size]
        seq, flags = self.nxt, ACK | (PSH if size and size == left else 0) | (FIN if last else 0)
        self._sent(seq + size + last & 0xFFFFFFFF, now)
        return self._make(seq, flags, data)
