"""The network card's cable, looked at between slices of guest time."""

import time

from emu.net.link import Link
from emu.net.pcap import Capture
from emu.net.switch import Switch
from emu.net.switch_folder import available
from emu.net.user import UserNetwork

from .config import ConfigError, parse_forward, parse_net, parse_nic

FIRST_MAC = bytes.fromhex("525400123456")       # on a switch, that of its first port; the others' follow
AT_ONCE = 0.02                  # host seconds that a wait takes at most
ALLOWED = 1_000_000             # ns that halted guest time may be ahead of the host
MOST_DEBT = 1_000_000_000


class Network:
    """A card, its link and the far end.

    In virtual time a halted processor skips to the next timer.  While the guest waits for something outside, what it has
    skipped is a debt of host time, or all its timeouts would expire at once; in_time() pays it.
    """

    def __init__(self, clock, nic, far, capture):
        self.clock, self.nic, self.far, self.capture = clock, nic, far, capture
        self.skew = clock.skew
        self.debt = 0
        self.paid_at = None
        nic.link = Link(far, clock.now, capture)

    def poll(self):
        """Look at the sockets without waiting, and at what the guest skipped since the last time."""
        self._happened(self.far.poll())
        if self.clock.host:
            return
        skipped, self.skew = self.clock.skew - self.skew, self.clock.skew
        now = time.monotonic_ns()
        if self.far.waiting():
            if self.paid_at is not None:
                self.debt -= now - self.paid_at
            self.debt = min(max(self.debt + skipped, 0), MOST_DEBT)
            self.paid_at = now
        else:
            self.debt, self.paid_at = 0, None

    def _happened(self, anything):
        self.nic.look_soon()
        return anything

    def in_time(self):
        """May the guest go on?  Waits a moment if it is ahead of the host; what arrives meanwhile lets it go on."""
        if self.debt <= ALLOWED:
            return True
        arrived = self._happened(self.far.poll(min(self.debt / 1e9, AT_ONCE)))
        now = time.monotonic_ns()
        self.debt = max(self.debt - (now - self.paid_at), 0)
        self.paid_at = now
        if not self.far.waiting():
            self.debt, self.paid_at = 0, None
        return arrived or self.debt <= ALLOWED

    def sleep(self, seconds):
        """Wait for the sockets instead of sleeping."""
        self._happened(self.far.poll(seconds))

    def reset(self):
        """The machine was reset."""
        self.far.reset()

    def close(self):
        """Give sockets and files back."""
        self.far.close()
        if self.capture is not None:
            self.capture.close()


def plug_in(config, clock, nic, epoch):
    """The Network that a configuration wants, or None; the card gets its address.  Raises ConfigError, or OSError for the
    capture's file."""
    kind, options = parse_net(config.net)
    nic.address = parse_nic(config.nic).mac or FIRST_MAC
    if kind == "none":
        return None
    capture = None if config.pcap is None else Capture(config.pcap, epoch or int(time.time() - clock.now() / 1e9))
    try:
        far = _enter_switch(*options) if kind == "switch" else _user_network(config, options, clock)
    except ConfigError:
        if capture is not None:
            capture.close()
        raise
    if kind == "switch" and parse_nic(config.nic).mac is None:
        nic.address = (int.from_bytes(FIRST_MAC, "big") + far.number).to_bytes(6, "big")
    return Network(clock, nic, far, capture)


def _user_network(config, options, clock):
    named = dict(o.partition("=")[::2] for o in options)
    try:
        return UserNetwork(clock.now, restrict="restrict" in named, host_access="host-access" in named,
                           forwards=[parse_forward(f) for f in config.forwards], tftp_folder=named.get("tftp"),
                           boot_file=named.get("bootfile", ""))
    except OSError as error:
        raise ConfigError(f"forward: {', '.join(map(str, config.forwards))}: {error.strerror or error}") from None


def _enter_switch(name):
    if not available():
        raise ConfigError("net: there is no switch on this system")
    try:
        return Switch(name)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise ConfigError(f"net: switch={name}: {where}{error.strerror or error}") from None
