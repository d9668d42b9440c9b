"""`emu bench`: a short run of our own set, an image of one's own, and what is wrong."""

import json

import pytest

from emu.bench.contestants import engines
from emu.cli.main import main

NO_PEERS = ("--peer", "none")
SAYS = bytes.fromhex("fa 31c0 8ed8 fc be277c b003 bafb03 ee ac 84c0 7410 88c4 b2fd ec a820 74fb b2f8 88e0 ee ebeb f4 ebfd")      # COM1: 8N1, what follows up to a 0; HLT


def floppy(path, text):
    """A boot sector that sends a text."""
    text += b"\n\n\0"          # HLT ends the machine with what has not left the port
    path.write_bytes((SAYS + text).ljust(510, b"\0") + b"\x55\xaa" + bytes(1440 * 1024 - 512))
    return str(path)


def run(capsys, *argv):
    code = main(["bench", *argv])
    return code, *capsys.readouterr()


@pytest.mark.parametrize("engine", ["native", pytest.param("python", marks=pytest.mark.slow)])
def test_own_set(engine, capsys, tmp_path):
    if engine not in engines():
        pytest.skip("no native engine")
    chart = tmp_path / "chart.svg"
    code, out, err = run(capsys, "--engine", engine, "--quick", "--row", "alu", "--row", "planar", "--json", "--chart", str(chart), *NO_PEERS)
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert list(found["contestants"]) == [engine]
    assert [row["row"] for row in found["rows"]] == ["alu", "planar"] and found["notes"] == []
    rows = [row["figures"][engine] for row in found["rows"]]
    assert all(figure["mips"] > 0 and figure["cpu_seconds"] > 0 and figure["rounds"] > 0 for figure in rows)
    assert chart.read_text().startswith("<svg")


def test_an_image(capsys, tmp_path):
    path = floppy(tmp_path / "own.img", b"BEGIN one\nBENCH one 5 0 ABC\nBENCH-DONE\n")
    code, out, err = run(capsys, path, "--json", *NO_PEERS)
    assert (code, err) == (0, "")
    row, = json.loads(out)["rows"]
    assert (row["row"], row["group"]) == ("one", "other") and list(row["figures"].values())[0]["checksum"] == "ABC"
    code, out, err = run(capsys, path, *NO_PEERS)
    assert code == 0 and out.splitlines()[2].startswith("one ") and "\x1b" not in out


def test_an_image_that_is_none(capsys, tmp_path):
    path = floppy(tmp_path / "none.img", b"hello\n")
    code, out, err = run(capsys, path, *NO_PEERS)
    assert (code, out, err.count("\n")) == (2, "", 1) and path in err and "BENCH-DONE" in err


@pytest.mark.parametrize("argv", [("/nonexistent",), ("--row", "nothing"), ("--engine", "fast"), ("--runs", "0"), ("--chart", "/nonexistent/c.svg"),
                                  ("--peer", "nobody"), ("IMAGE", "--quick"), ("IMAGE", "--row", "alu"), ("--limit", "3")])
def test_what_is_wrong(argv, capsys, tmp_path):
    path = floppy(tmp_path / "own.img", b"")
    code, out, err = run(capsys, *(path if word == "IMAGE" else word for word in argv))
    assert (code, out, err.count("\n")) == (2, "", 1), err
