"""The host's side of tests of the user-mode network: servers, and what is left when all is over."""
import socket
import threading
from contextlib import contextmanager


@contextmanager
def server(handle, backlog=64, address="127.0.0.1"):
    """A TCP server on the loopback; ``handle(socket)`` on a thread for each connection."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), backlog=backlog, family=family) as listener:
        def accept():
            while True:
                try:
                    sock, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=run, args=(sock,), daemon=True).start()

        def run(sock):
            with sock:
                try:
                    handle(sock)
                except OSError:
                    pass

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)


def receive_all(sock):
    out = bytearray()
    while data := sock.recv(65536):
        out += data
    return bytes(out)


def echo_at_end(sock):
    """Gives everything back once the other side has finished."""
    sock.sendall(receive_all(sock))


def nothing_left(network):
    return not (network.tcp.flows or network.tcp.ready or network.udp.flows or network.pings.flows or network.frames
                or network.selector.get_map())


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


__all__ = ["echo_at_end", "free_port", "nothing_left", "receive_all", "server"]
