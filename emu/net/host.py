"""Sockets of the host for an address of either kind."""
import socket


def family(address):
    """The address family of an address that is written out."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def connecting(address, port, kind):
    """(socket, error number) of one on its way to an address.  Raises OSError."""
    sock = socket.socket(family(address), kind)
    try:
        sock.setblocking(False)
        if kind == socket.SOCK_STREAM:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock, sock.connect_ex((address, port))
    except OSError:
        sock.close()
        raise


def bound(address, port, kind):
    """A socket that takes what comes to an address.  Raises OSError."""
    sock = socket.socket(family(address), kind)
    try:
        sock.setblocking(False)
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if kind == socket.SOCK_STREAM and hasattr(socket, "SO_REUSEPORT"):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
    except OSError:
        sock.close()
        raise
    return sock
