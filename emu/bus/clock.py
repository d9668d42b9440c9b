"""The machine's one clock.  All chips read guest time, in ns since power-on, from here.

In virtual time an instruction takes NS_PER_INSTRUCTION and idle time is skipped; in host time guest time follows the
host's monotonic clock.
"""

import time

from .component import Component, hot, intrinsic
from .types import Derived, Wire, u64

NS_PER_INSTRUCTION = 10
TSC_HZ = 1_000_000_000  # the time-stamp counter counts nanoseconds
BUS_NS = 10  # period of the bus clock, which the local APIC's timer counts: 100 MHz


class Clock(Component):
    """Guest time.  ``skew`` is what was added to executed time: idle time in virtual time, the offset to the host's
    clock in host time."""

    skew: u64
    host: Derived(bool)
    executed: Wire(ret=u64)

    @hot
    def now(self) -> u64:
        """Guest time in ns."""
        if self.host:
            return u64(self.host_time() + self.skew)
        count: u64 = self.executed()
        return u64(count * NS_PER_INSTRUCTION + self.skew)

    @intrinsic
    def host_time(self) -> u64:
        """The host's monotonic clock in ns."""
        return u64(time.monotonic_ns())

    @hot
    def skip(self, ns: u64) -> None:
        """Let idle time pass (virtual time only)."""
        self.skew = u64(self.skew + ns)

    def use_host(self, host):
        """Switch between host and virtual time without a jump in guest time."""
        now = self.now()
        self.host = host
        self.skew = 0
        self.skew = u64(now - self.now())
