"""The network between slices: guest time that waits for the host, what a configuration asks for."""

import socket
import threading
import time

import pytest

from emu import Machine
from emu.machine.config import ConfigError
from emu.machine.network import AT_ONCE, Network


class Clock:
    """Virtual time by hand."""

    host, skew = False, 0

    def now(self):
        return self.skew


class Nic:
    looks = 0

    def look_soon(self):
        self.looks += 1


class Far:
    """A far end on which things happen when told."""

    def __init__(self):
        self.outside = False
        self.happens = False

    def poll(self, timeout=0):
        if not self.happens and timeout:
            time.sleep(timeout)
        return self.happens

    def waiting(self):
        return self.outside

    def has_frames(self):
        return False

    def close(self):
        pass


@pytest.fixture
def network():
    return Network(Clock(), Nic(), Far(), None)


def skip(network, ms):
    network.clock.skew += ms * 1_000_000
    network.poll()


def test_idle_time_is_free_while_nothing_is_outside(network):
    skip(network, 3_600_000)
    assert network.in_time() and network.debt == 0


def test_waiting_costs_as_much_on_the_host(network):
    network.far.outside = True
    began = time.monotonic()
    for _ in range(10):
        skip(network, 10)
        while not network.in_time():
            assert time.monotonic() - began < 5
    assert 0.095 <= time.monotonic() - began
    network.far.outside = False
    skip(network, 10_000)
    assert network.in_time()


def test_each_wait_is_short_and_ends_when_something_comes(network):
    network.far.outside = True
    skip(network, 900)
    began = time.monotonic()
    assert not network.in_time() and time.monotonic() - began < AT_ONCE + 0.5
    network.far.happens = True
    began = time.monotonic()
    assert network.in_time() and time.monotonic() - began < 0.5


def test_forwards_are_bound_to_the_loopback_and_given_back():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"forward: tcp:{port}:22"):
            Machine(memory="1M", engine="python", forwards=[f"tcp:{port}:22"])
    before = threading.active_count()
    with Machine(memory="1M", engine="python", forwards=[f"tcp:{port}:22", f"udp:{port}:22"]) as pc:
        assert [s.getsockname() for s in pc._network.far.tcp.listeners] == [("127.0.0.1", port)]
        assert pc._network.far.waiting()
    assert threading.active_count() == before
    with socket.create_server(("127.0.0.1", port)):
        pass


@pytest.mark.parametrize("settings", [{"net": "none", "pcap": "x"}, {"nic": "none", "pcap": "x"}, {"net": "switch=a/b"},
                                      {"net": "switch=a", "forwards": ["tcp:8080:80"]},
                                      {"net": "none", "forwards": ["tcp:8080:80"]}, {"net": "user,tftp="}])
def test_what_makes_no_sense_is_said(settings):
    with pytest.raises(ConfigError, match="pcap|forward|net"):
        Machine(memory="1M", engine="python", **settings)


def test_without_card_or_cable():
    with Machine(memory="1M", engine="python", net="none") as pc:
        assert pc._network is None and pc._nic.link is None
        pc.run_for(0.001)
    with Machine(memory="1M", engine="python", nic="none") as pc:
        assert pc._network is None and 0x18 not in pc._pci.functions
