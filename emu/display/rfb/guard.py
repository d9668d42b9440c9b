"""Who may try a password: an address that got it wrong several times has to wait, longer each time."""
import ipaddress
import time
from collections import OrderedDict

FREE_TRIES = 5
FIRST_WAIT, MOST_WAIT = 5, 300  # seconds
MOST_ADDRESSES = 1000           # that are remembered


class Guard:
    """Wrong passwords by address (of IPv6 by network)."""

    def __init__(self, clock=time.monotonic):
        self._clock = clock
        self._failures = OrderedDict()  # address -> number, when it may try again

    def refuses(self, address):
        """Why the address may not try now, or None."""
        until = self._failures.get(_network(address), (0, 0))[1]
        return "too many wrong passwords: try again later" if self._clock() < until else None

    def failed(self, address):
        """The address gave a wrong password."""
        address = _network(address)
        count = self._failures.pop(address, (0, 0))[0] + 1
        wait = 0 if count < FREE_TRIES else min(FIRST_WAIT << min(count - FREE_TRIES, 16), MOST_WAIT)
        self._failures[address] = count, self._clock() + wait
        while len(self._failures) > MOST_ADDRESSES:
            self._failures.popitem(last=False)

    def passed(self, address):
        """The address knows the password."""
        self._failures.pop(_network(address), None)


def _network(address):
    try:
        packed = ipaddress.ip_address(address.partition("%")[0]).packed
    except ValueError:
        return address
    return packed[:8] if len(packed) == 16 else packed
