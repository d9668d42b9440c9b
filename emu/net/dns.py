"""What a DNS relay needs to know of messages (RFC 1035), and of the host's resolver."""
import ipaddress

PORT = 53
SERVFAIL, REFUSED = 2, 5
HEADER = 12


def nameservers(path="/etc/resolv.conf"):
    """The host's name servers, IPv4 first; empty where there is no such file."""
    found = []
    try:
        with open(path, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                words = line.split()
                if len(words) > 1 and words[0] == "nameserver":
                    try:
                        ipaddress.ip_address(words[1].partition("%")[0])
                    except ValueError:
                        continue
                    found.append(words[1])
    except OSError:
        pass
    return sorted(found, key=lambda name: ":" in name)


def is_query(data):
    """Is it a query?"""
    return len(data) >= HEADER and not data[2] & 0x80


def failure(query, code):
    """The answer to a query that says that it cannot be answered."""
    return query[:2] + bytes((query[2] & 0x79 | 0x80, 0x80 | code)) + query[4:6] + bytes(6) + query[HEADER:_question_end(query)]


def _question_end(query):
    """Where the first question ends; the header's end if it has no sane one."""
    at = HEADER
    while at < len(query) and query[at] and query[at] < 64:
        at += query[at] + 1
    return at + 5 if at + 5 <= len(query) and query[at] == 0 and query[4:6] == b"\0\1" else HEADER
