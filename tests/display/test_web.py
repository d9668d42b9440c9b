"""`--display web` without a browser: pages, whose pages may open the socket, and RFB on it."""
import base64
import socket
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("websockets")

from emu.display.web import pages  # noqa: E402
from emu.display.web import server as web  # noqa: E402
from rfb_rig import Served, noise, wait_for  # noqa: E402

PICTURE = noise(20, 30, 3)


async def serve(desktop, listener):
    return await web.WebServer(desktop, "127.0.0.1").start(listener)


@pytest.fixture(scope="module")
def novnc(tmp_path_factory):
    """A stand-in for noVNC's files."""
    folder = tmp_path_factory.mktemp("novnc")
    (folder / "vnc.html").write_text("<p>the page")
    (folder / "app").mkdir()
    (folder / "app" / "ui.js").write_text("script")
    (folder / "app" / "secret").write_text("not served")
    (folder.parent / "above.html").write_text("above")
    return folder


@pytest.fixture
def served(novnc, monkeypatch):
    monkeypatch.setattr(pages, "find", lambda: novnc)
    made = Served(serve=serve)
    made.draw(PICTURE)
    yield made
    made.close()


def ask(served, text, size=1 << 20):
    """What comes back for a request, to its end or the size."""
    with socket.create_connection(("127.0.0.1", served.port), 10) as plug:
        plug.sendall(text.replace("\n", "\r\n").encode("latin-1"))
        answer = b""
        while len(answer) < size and (piece := plug.recv(65536)):
            answer += piece
        return answer.decode("latin-1")


def get(served, path, host="127.0.0.1", *lines):
    return ask(served, "\n".join((f"GET {path} HTTP/1.1", f"Host: {host}", *lines, "", "")))


UPGRADE = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
           "Sec-WebSocket-Key: " + base64.b64encode(bytes(16)).decode())


def opens(served, host, *origin):
    """Is the socket opened to a page of this origin?"""
    text = "\n".join(("GET /socket HTTP/1.1", f"Host: {host}", *UPGRADE, *(f"Origin: {o}" for o in origin), "", ""))
    status = ask(served, text, 12)[9:12]
    assert status in ("101", "403")
    return status == "101"


def test_pages(served):
    page = get(served, "/vnc.html?x=y")
    assert page.startswith("HTTP/1.1 200 ") and page.endswith("<p>the page") and "text/html" in page
    assert "X-Frame-Options: DENY" in page and "frame-ancestors 'none'" in page
    assert "text/javascript" in get(served, "/app/ui.js")
    first = get(served, "/")
    assert first.startswith("HTTP/1.1 302 ") and "Location: /vnc.html?autoconnect=true" in first and "path=socket" in first
    for path in ("/app/secret", "/app", "/app/", "/../above.html", "/%2e%2e/above.html", "/app/../../above.html", "/..%2fabove.html",
                 "//vnc.html", "/./vnc.html", "/vnc.html%00.js", "/C:/vnc.html", "/app%5c..%5cvnc.html", "/nothing.js"):
        assert get(served, path).startswith("HTTP/1.1 404 "), path
    assert "200" not in ask(served, "POST / HTTP/1.1\nHost: 127.0.0.1\nContent-Length: 3\n\nabc")[:12]
    assert get(served, "/socket").startswith("HTTP/1.1 426 ")


def test_whose_pages_may_open_the_socket(served):
    here = f"127.0.0.1:{served.port}"
    assert opens(served, here, f"http://{here}") and opens(served, here)    # our page; a program that is no browser
    assert opens(served, "localhost:80", "http://localhost:80") and opens(served, "[::1]:80", "http://[::1]:80")
    assert opens(served, "LocalHost", "https://localhost")                  # behind a proxy that speaks TLS
    assert opens(served, socket.gethostname(), f"http://{socket.gethostname()}")
    for origin in ("http://evil.example", "http://127.0.0.1", "http://127.0.0.1:1", "null", f"http://localhost:{served.port}", "",
                   f"http://{here}.evil.example", f"http://evil.example/?http://{here}"):
        assert not opens(served, here, origin), origin
    assert not opens(served, here, f"http://{here}", "http://evil.example")
    for host in ("evil.example", f"evil.example:{served.port}", "127.0.0.1.evil.example", "localhost.evil.example"):
        assert not opens(served, host, f"http://{host}"), host              # its name was made to lead here
        assert get(served, "/vnc.html", host).startswith("HTTP/1.1 403 ")


def test_with_a_password_the_host_may_have_any_name(novnc, monkeypatch):
    monkeypatch.setattr(pages, "find", lambda: novnc)
    locked = Served(password="x", serve=serve)
    try:
        assert opens(locked, "pc.example:8080", "https://pc.example:8080")
        assert not opens(locked, "pc.example:8080", "https://evil.example")
    finally:
        locked.close()


def test_rfb_on_the_socket(served):
    from websockets.sync.client import connect
    with connect(f"ws://127.0.0.1:{served.port}/socket", subprotocols=["binary"], compression=None) as plug:
        waiting = bytearray()

        def read(size):
            while len(waiting) < size:
                waiting.extend(plug.recv(10))
            data = bytes(waiting[:size])
            del waiting[:size]
            return data
        assert plug.subprotocol == "binary" and read(12) == b"RFB 003.008\n"
        for byte in b"RFB 003.008\n\1\1":                                  # messages end where they like
            plug.send(bytes((byte,)))
        assert read(2) == b"\1\1" and read(4) == bytes(4)
        width, height = int.from_bytes(read(2), "big"), int.from_bytes(read(2), "big")
        assert (width, height) == (30, 20) and read(16) and read(4 + len("a machine"))[4:] == b"a machine"
        plug.send(b"\3\0\0\0\0\0\0\x1e\0\x14" + b"\4\1\0\0\0\0\0\x61")
        assert read(16)[:4] == b"\0\0\0\1" and read(4 * 600) == PICTURE.astype("<u4").tobytes()
        wait_for(lambda: served.records)
    wait_for(lambda: len(served.records) == 2 and served.watchers == 0)
    with connect(f"ws://127.0.0.1:{served.port}/socket") as plug:
        plug.send("text")
        wait_for(lambda: not served.desktop._connections)


@pytest.mark.slow
def test_too_many_and_too_slow(served, monkeypatch):
    silent = [socket.create_connection(("127.0.0.1", served.port), 10) for _ in range(web.MOST_CONNECTIONS + 5)]
    silent[-1].settimeout(10)
    try:
        assert silent[-1].recv(1) == b""
    except ConnectionError:
        pass
    for plug in silent:
        plug.close()
    end = "HTTP/1.1 200 "
    wait_for(lambda: try_get(served).startswith(end))


def try_get(served):
    try:
        return get(served, "/vnc.html")
    except ConnectionError:
        return ""


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.builds(
    lambda path, host, lines: f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{lines}\r\n\r\n".encode("utf-8", "replace"),
    st.sampled_from(("/", "/socket", "/vnc.html", "*", "/%", "/%zz.js", "/\0")), st.text(max_size=20),
    st.sampled_from(("", "Upgrade: websocket\r\nConnection: Upgrade", "\r\n".join(UPGRADE), "X: " + "y" * 9000, "X:\r\n" * 500)))))
def test_nonsense(shared, data):
    with socket.create_connection(("127.0.0.1", shared.port), 10) as plug:
        plug.sendall(data)
        plug.shutdown(socket.SHUT_WR)
        try:
            while plug.recv(65536):
                pass
        except ConnectionError:
            pass


@pytest.fixture(scope="module")
def shared(novnc):
    patch = pytest.MonkeyPatch()
    patch.setattr(pages, "find", lambda: novnc)
    made = Served(serve=serve)
    made.draw(PICTURE)
    get(made, "/")
    patch.undo()
    yield made
    assert get(made, "/vnc.html").startswith("HTTP/1.1 200 ") and not made.desktop._connections
    made.close()


def test_where_novnc_is_found(novnc, tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "SYSTEM_FOLDERS", (str(tmp_path / "none"), str(novnc)))
    monkeypatch.setattr(pages.importlib.util, "find_spec", lambda name: None)
    assert pages.find() == novnc
    package = tmp_path / "novnc"
    (package / "resources").mkdir(parents=True)
    with zipfile.ZipFile(package / "resources" / "files.zip", "w") as archive:
        for name in ("vnc.html", "app/ui.js"):
            archive.writestr(name, (novnc / name).read_text())
    spec = type("Spec", (), {"submodule_search_locations": [str(package)]})
    monkeypatch.setattr(pages.importlib.util, "find_spec", lambda name: spec)
    root = pages.find()
    assert pages.read(root, "/app/ui.js") == ("text/javascript; charset=utf-8", b"script")
    assert pages.read(root, "/app/../vnc.html") is None and pages.read(root, "/none.js") is None
    monkeypatch.setattr(pages, "SYSTEM_FOLDERS", ())
    monkeypatch.setattr(pages.importlib.util, "find_spec", lambda name: None)
    assert pages.find() is None


def test_what_is_missing_is_said(monkeypatch):
    from emu.display import remote
    from emu.machine.config import ConfigError, MachineConfig
    monkeypatch.setattr(pages, "find", lambda: None)
    with pytest.raises(ConfigError, match=r"--display web: noVNC not installed: pip install 'emu\[web\]'"):
        remote.prepare(MachineConfig.make(display="web"))
