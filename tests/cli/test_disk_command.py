"""``emu disk``: images are made, described, converted and checked; nothing is overwritten."""

import json
import random

import pytest

from emu.cli import disk
from emu.cli.main import main

MIB = 1 << 20


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """``run(*arguments)`` in an empty folder: what it printed, and its exit code must be ``code``."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments, code=0):
        assert main(["disk", *map(str, arguments)]) == code, capsys.readouterr()
        out, err = capsys.readouterr()
        if code == 2:
            assert err.count("\n") == 1 and out == "", (out, err)
            return err
        return out
    return run


@pytest.mark.parametrize("text, number", [("512", 512), ("1", 512), ("1K", 1024), ("1.5G", 3 << 29), ("20GiB", 20 << 30), ("2t", 2 << 40), ("1000", 1024)])
def test_sizes(text, number):
    assert disk.size(text) == number


def test_create_and_info(run, tmp_path):
    run("create", "a", "1G")
    found = json.loads(run("info", "a", "--json"))
    assert (found["format"], found["size"], found["version"], found["cluster_size"]) == ("qcow2", 1 << 30, 3, 65536)
    assert found["allocated"] < MIB and not found["in_use"] and not found["dirty"]
    run("create", "b", "3M", "--format", "raw")
    assert (tmp_path / "b").stat().st_size == 3 * MIB and (tmp_path / "b").stat().st_blocks == 0
    assert json.loads(run("info", "b", "--json"))["format"] == "raw"
    for format in ("raw", "qcow2"):
        name = f"full.{format}"
        run("create", name, "3M", "--format", format, "--allocate-now")
        assert (tmp_path / name).stat().st_blocks * 512 >= 3 * MIB
        assert "nothing is wrong" in run("check", name)
    run("create", "c", "--backing", "a", "--cluster-size", "4K", "--compat", "2")
    assert "backing     " in run("info", "c")
    found = json.loads(run("info", "c", "--json"))
    assert found["backing"][0]["file"].endswith("/a") and found["size"] == 1 << 30 and found["version"] == 2


def test_convert_and_check(run, tmp_path):
    data = random.Random(1).randbytes(300_000) + bytes(2 * MIB) + b"end"
    data += bytes(-len(data) % 512)
    (tmp_path / "raw").write_bytes(data)
    run("convert", "raw", "x.qcow2", "--cluster-size", "512")
    found = json.loads(run("check", "x.qcow2", "--json"))
    assert (found["errors"], found["leaks"]) == (0, 0) and 500 < found["used"] < 700
    run("convert", "x.qcow2", "back", "--format", "raw")
    assert (tmp_path / "back").read_bytes() == data
    assert (tmp_path / "back").stat().st_blocks * 512 < MIB


def test_nothing_is_overwritten_or_left_behind(run, tmp_path):
    (tmp_path / "there").write_bytes(b"precious")
    (tmp_path / "raw").write_bytes(bytes(MIB))
    for arguments in (("create", "there", "1M"), ("create", "there", "1M", "--format", "raw"), ("convert", "raw", "there"), ("convert", "raw", "raw")):
        assert "exists already" in run(*arguments, code=2)
    assert (tmp_path / "there").read_bytes() == b"precious"
    assert "no such file" in run("convert", "gone", "new", code=2)
    assert "cannot be created" in run("create", "no/such", "1M", code=2)
    assert "too small" in run("create", "new", "1P".replace("P", "024T"), "--cluster-size", "512", code=2)
    assert not (tmp_path / "new").exists()


def test_a_damaged_image_is_found(run, tmp_path):
    (tmp_path / "raw").write_bytes(random.Random(1).randbytes(MIB))
    run("convert", "raw", "x")
    data = bytearray((tmp_path / "x").read_bytes())
    data[2 * 65536 + 9] = 0                             # the reference count of the fifth cluster
    (tmp_path / "x").write_bytes(data)
    assert "cluster 4 is used 1 times, its count says 0" in run("check", "x", code=1)


@pytest.mark.parametrize("arguments, what", [
    (("create", "x"), "SIZE"), (("create", "x", "3x"), "'3x' is not a size"), (("create", "x", "0"), "out of range"),
    (("create", "x", "1M", "--format", "vdi"), "invalid choice"), (("create", "x", "1M", "--cluster-size", "3K"), "power of 2"),
    (("create", "x", "1M", "--format", "raw", "--compat", "2"), "qcow2"), (("create", "x", "--format", "raw", "--backing", "y"), "qcow2"),
    (("create", "x", "1M", "--backing", "y"), "no such file"), (("info",), "required"), ((), "required"), (("info", "."), "is a directory"),
    (("resize", "x"), "invalid choice")])
def test_wrong_command_lines(run, arguments, what):
    assert what in run(*arguments, code=2)
