"""The TCP state machine: against itself over a bad cable, and segment by segment."""
import random

import pytest

from emu.net import tcp
from emu.net.segment import ACK, FIN, RST, SYN, Segment
from emu.net.tcp import CLOSED, ESTABLISHED, NEVER, TIME_WAIT, Connection, ahead

MS = 1_000_000


class Wire:
    """Two connections and a cable that loses, doubles and reorders."""

    def __init__(self, seed=0, loss=0.0, double=0.0, late=0.0):
        self.rng = random.Random(seed)
        self.loss, self.double, self.late = loss, double, late
        self.now = 0
        self.client = Connection(1000, 80, self.rng.getrandbits(32))
        self.server = None
        self.flying = []        # (time, number, to the server?, segment)
        self.count = 0

    def send(self, to_server, segment):
        if self.rng.random() < self.loss:
            return
        for _ in range(2 if self.rng.random() < self.double else 1):
            delay = MS + (self.rng.randrange(20 * MS) if self.rng.random() < self.late else 0)
            self.count += 1
            self.flying.append((self.now + delay, self.count, to_server, segment))

    def step(self):
        """One millisecond."""
        for connection, to_server in ((self.client, True), (self.server, False)):
            while connection is not None and connection.has_output():
                segment = connection.next_segment(self.now)
                if segment is None:
                    break
                assert len(segment.data) <= connection.mss and len(connection.early) <= tcp.OUT_OF_ORDER
                self.send(to_server, segment)
        self.now += MS
        due = sorted(f for f in self.flying if f[0] <= self.now)
        self.flying = [f for f in self.flying if f[0] > self.now]
        for _, _, to_server, segment in due:
            if to_server and self.server is None:
                if segment.flags & SYN:
                    self.server = Connection(80, 1000, self.rng.getrandbits(32), segment)
            elif to_server:
                self.server.arrived(segment, self.now)
            else:
                self.client.arrived(segment, self.now)
        for connection in (self.client, self.server):
            if connection is not None and connection.deadline <= self.now:
                connection.tick(self.now)

    def until(self, condition, seconds=600):
        end = self.now + seconds * 1000 * MS
        while not condition():
            assert self.now < end
            self.step()


def exchange(wire, sizes, slow=False):
    """Both sides send so much, then close; gives what arrived."""
    data = [wire.rng.randbytes(size) for size in sizes]
    left = [bytearray(d) for d in data]
    got = [bytearray(), bytearray()]
    finished = [False, False]

    def pump():
        for n, (sender, receiver) in enumerate(((wire.client, wire.server), (wire.server, wire.client))):
            if sender is not None and sender.open and not finished[n]:
                size = min(sender.room(), wire.rng.randrange(1, 30000))
                sender.write(left[n][:size])
                del left[n][:size]
                if not left[n]:
                    sender.finish()
                    finished[n] = True
            if receiver is not None and receiver.inbox:
                size = min(len(receiver.inbox), wire.rng.randrange(700)) if slow else len(receiver.inbox)
                got[n] += receiver.inbox[:size]
                receiver.take(size)
                assert len(receiver.inbox) <= tcp.INBOX

    def over():
        pump()
        return (wire.server is not None and wire.client.peer_finished and wire.server.peer_finished and not wire.client.inbox
                and not wire.server.inbox and wire.client.state in (TIME_WAIT, CLOSED) and wire.server.state in (TIME_WAIT, CLOSED))

    wire.until(over)
    assert [bytes(g) for g in got] == data
    wire.until(lambda: wire.client.closed and wire.server.closed)
    assert not wire.client.was_reset and not wire.server.was_reset
    assert wire.client.deadline == wire.server.deadline == NEVER


def test_clean_cable():
    wire = Wire()
    exchange(wire, (400_000, 300_000))
    assert wire.now < 5000 * MS


@pytest.mark.parametrize("seed", range(6))
def test_bad_cable(seed):
    exchange(Wire(seed, loss=0.08, double=0.05, late=0.2), (60_000, 40_000))


def test_slow_reader_closes_the_window():
    wire = Wire(7)
    exchange(wire, (300_000, 10), slow=True)


def established(**syn):
    """A connection that a guest opened; what follows is said by hand."""
    connection = Connection(80, 1000, 5000, Segment(1000, 80, 100, 0, SYN, **{"window": 2000, **syn}))
    answer = connection.next_segment(0)
    assert answer.flags == SYN | ACK and answer.seq == 5000 and answer.ack == 101
    connection.arrived(Segment(1000, 80, 101, 5001, ACK, syn.get("window", 2000)), 0)
    assert connection.state == ESTABLISHED and not connection.has_output()
    return connection


def said(connection, now=0):
    out = []
    while connection.has_output():
        segment = connection.next_segment(now)
        if segment is None:
            break
        out.append(segment)
    return out


def test_window_mss_and_scale_are_respected():
    connection = established(mss=500)
    connection.write(bytes(10000))
    assert [len(s.data) for s in said(connection)] == [500] * 4
    connection.arrived(Segment(1000, 80, 101, 5501, ACK, 2000), 0)
    assert [len(s.data) for s in said(connection)] == [500]
    scaled = established(mss=1460, scale=3, window=1000)
    scaled.write(bytes(20000))
    assert sum(len(s.data) for s in said(scaled)) == 5 * 1460      # 700 more would be a silly piece


def test_zero_window_is_probed_with_backoff_for_ever():
    connection = established(window=0)
    connection.write(b"abc")
    now, sent = 0, []
    for _ in range(3000):
        connection.tick(now)
        sent += [now // MS for _ in said(connection, now)]
        now += 100 * MS
    assert len(sent) > 6 and not connection.was_reset
    gaps = [b - a for a, b in zip(sent, sent[1:])]
    assert gaps[1] >= 2 * gaps[0] - 200 and max(gaps) <= 60_100
    connection.arrived(Segment(1000, 80, 101, 5001, ACK, 1000), now)
    assert [s.data for s in said(connection, now)] == [b"abc"]


def test_a_byte_taken_by_a_probe_counts():
    connection = established(window=0)
    connection.write(b"abc")
    said(connection)
    connection.tick(10_000 * MS)
    assert [s.data for s in said(connection, 10_000 * MS)] == [b"a"]
    connection.arrived(Segment(1000, 80, 101, 5002, ACK, 1000), 10_001 * MS)
    assert [(s.seq, s.data) for s in said(connection)] == [(5002, b"bc")]


def test_retransmission_backs_off_and_gives_up():
    connection = established()
    connection.write(b"x")
    times, now = [], 0
    while not connection.closed and now < 10_000_000 * MS:
        for segment in said(connection, now):
            times.append((now, segment.flags))
        now = min(connection.deadline, now + 10**15)
        connection.tick(now)
        if connection.reset_due:
            assert said(connection, now)[0].flags & RST
    gaps = [b[0] - a[0] for a, b in zip(times, times[1:])]
    assert len(times) == tcp.RETRIES + 1 and all(b == min(2 * a, tcp.RTO_MOST) for a, b in zip(gaps, gaps[1:]))
    assert connection.was_reset


def test_three_equal_acknowledgements_resend_one_segment():
    connection = established(mss=500)
    connection.write(bytes(1500))
    said(connection)
    for _ in range(3):
        connection.arrived(Segment(1000, 80, 101, 5001, ACK, 2000), 0)
    assert [(s.seq, len(s.data)) for s in said(connection)] == [(5001, 500)]
    connection.arrived(Segment(1000, 80, 101, 5501, ACK, 2000), 0)
    assert [(s.seq, len(s.data)) for s in said(connection)] == [(5501, 500)]
    connection.arrived(Segment(1000, 80, 101, 6501, ACK, 2000), 0)
    assert not said(connection) and connection.recover is None


def test_out_of_order_data_is_put_together():
    connection = established()
    connection.arrived(Segment(1000, 80, 104, 5001, ACK | FIN, 2000, b"def"), 0)
    assert not connection.inbox and [s.ack for s in said(connection)] == [101]
    connection.arrived(Segment(1000, 80, 101, 5001, ACK, 2000, b"abcd"), 0)
    assert connection.inbox == b"abcdef"
    connection.arrived(Segment(1000, 80, 107, 5001, ACK | FIN, 2000), 0)
    assert connection.peer_finished and [s.ack for s in said(connection)] == [108]


def test_resets_count_only_where_they_should():
    connection = established()
    connection.arrived(Segment(1000, 80, 150, 5001, RST, 0), 0)
    assert connection.state == ESTABLISHED and [s.ack for s in said(connection)] == [101]
    connection.arrived(Segment(1000, 80, 99, 5001, RST, 0), 0)
    assert connection.state == ESTABLISHED and not said(connection)
    connection.arrived(Segment(1000, 80, 101, 5001, RST, 0), 0)
    assert connection.was_reset and connection.closed


def test_a_refused_connection():
    connection = Connection(40000, 22, 77)
    assert said(connection)[0].flags == SYN
    connection.arrived(Segment(22, 40000, 0, 9, RST | ACK, 0), 0)
    assert not connection.closed
    connection.arrived(Segment(22, 40000, 0, 78, RST | ACK, 0), 0)
    assert connection.closed and connection.was_reset


def test_half_close():
    connection = established()
    connection.arrived(Segment(1000, 80, 101, 5001, ACK | FIN, 2000), 0)
    connection.write(b"still")
    assert connection.peer_finished and [s.data for s in said(connection)] == [b"still"]
    connection.finish()
    last = said(connection)
    assert [s.flags & FIN for s in last] == [FIN]
    connection.arrived(Segment(1000, 80, 102, 5007, ACK, 2000), 0)
    assert connection.closed and not connection.was_reset


def test_acknowledgements_wait_for_more():
    """A second segment is acknowledged at once, a single one after a moment, a gap always; a steady stream in larger steps."""
    connection = established(mss=1000)

    def data(size, gap=0):
        connection.arrived(Segment(1000, 80, connection.rcv + gap & 0xFFFFFFFF, connection.una, ACK, 2000, bytes(size)), 0)
        return bool(said(connection))

    assert [data(1000) for _ in range(4)] == [False, True, False, True]
    assert not data(10) and connection.deadline == tcp.ACK_DELAY
    connection.tick(tcp.ACK_DELAY)
    assert [s.flags for s in said(connection)] == [ACK] and connection.deadline == NEVER
    assert data(10, gap=10)
    connection.early.clear()
    for _ in range(tcp.STEADY // 1000 + 1):
        data(1000)
        connection.take(1000)
    connection.tick(tcp.ACK_DELAY)
    said(connection)
    assert [data(1000) for _ in range(16)] == ([False] * 7 + [True]) * 2


@pytest.mark.parametrize("seed", range(30))
def test_random_segments_never_raise(seed):
    rng = random.Random(seed)
    connection = established(mss=rng.choice((None, 0, 1, 536, 65535)), scale=rng.choice((None, 0, 14)))
    now = 0
    for _ in range(400):
        now += rng.randrange(10**10)
        do = rng.randrange(8)
        if do < 5:
            connection.arrived(Segment(1000, 80, connection.rcv + rng.choice((0, 0, 0, -1, 1, 1000, rng.getrandbits(32))) & 0xFFFFFFFF,
                                       connection.una + rng.choice((0, 0, 1, 5, -1, rng.getrandbits(32))) & 0xFFFFFFFF,
                                       rng.choice((ACK, ACK, ACK | FIN, ACK | RST, SYN, 0, 31)) if rng.random() < 0.2 else ACK,
                                       rng.choice((0, 1, 1000, 65535)), bytes(rng.choice((0, 0, 1, 100, 1460)))), now)
        elif do == 5:
            connection.write(bytes(min(connection.room(), rng.randrange(5000))))
        elif do == 6:
            connection.take(rng.randrange(len(connection.inbox) + 1))
        else:
            connection.tick(now)
            if rng.random() < 0.05:
                connection.finish()
        said(connection, now)
        assert len(connection.inbox) <= tcp.INBOX and len(connection.outbox) <= tcp.OUTBOX and len(connection.early) <= 64
        assert 0 <= ahead(connection.nxt, connection.una) <= ahead(connection.top, connection.una)
