"""emu cpu-test: MOO and JSON files of the SingleStepTests family, and the tests that are left out."""

import gzip
import json
import os
import struct
from pathlib import Path

import pytest

from emu.cli.main import main
from emu.cpu.disassemble import Disassembler
from emu.suites import real_tests, run_sst, sst
from emu.suites.processors import PROCESSORS
from emu.suites.shape import Shape, key_of

CORPUS = Path(os.environ["EMU_CPU_VECTORS"])
ENGINES = [pytest.param("python"), pytest.param("native", marks=pytest.mark.native)]
CS, IP = 0x1000, 0x100
BASE = (CS << 4) + IP


def chunk(kind, payload):
    return kind + struct.pack("<I", len(payload)) + payload


def ram(pairs):
    return chunk(b"RAM ", struct.pack("<I", len(pairs)) + b"".join(struct.pack("<IB", *p) for p in pairs))


def regs(wide=False, **values):
    order = list(sst.REGISTERS) if wide else "ax bx cx dx cs ss ds es sp bp si di ip flags".split()
    bits = sum(1 << order.index(name) for name in values)
    body = b"".join(struct.pack("<I" if wide else "<H", values[name]) for name in order if name in values)
    return chunk(b"RG32" if wide else b"REGS", struct.pack("<I" if wide else "<H", bits) + body)


def whole(**values):
    """A complete set of 16-bit registers."""
    every = dict.fromkeys("ax bx cx dx cs ss ds es sp bp si di ip flags".split(), 0)
    return every | {"cs": CS, "ip": IP, "sp": 0x200, "flags": 2} | values


def test_chunk(index, code, before, after, ram_before=(), ram_after=(), wide=False, extra=b""):
    code = code + b"\xf4"
    memory = [(BASE + n, b) for n, b in enumerate(code)] + list(ram_before)
    body = struct.pack("<I", index) + chunk(b"NAME", struct.pack("<I", 1) + b"x") + chunk(b"BYTS", struct.pack("<I", len(code)) + code)
    body += chunk(b"INIT", regs(wide, **before) + ram(memory)) + chunk(b"FINA", regs(wide, **after) + ram(list(ram_after))) + extra
    return chunk(b"TEST", body)


test_chunk.__test__ = False


def moo(*tests, cpu=b"C286", minor=0, masks=b""):
    return (chunk(b"MOO ", struct.pack("<BBHI4s", 1, minor, 0, len(tests), cpu))
            + chunk(b"META", b"\1\0\0" + struct.pack("<I", 0) + b"inc     " + bytes(16)) + masks + b"".join(tests))


GOOD = test_chunk(0, b"\x40", whole(ax=5), dict(ax=6, ip=IP + 2, flags=6))
STORE = test_chunk(1, b"\xa2\x10\x00", whole(ax=7), dict(ip=IP + 4), ram_after=[(0x10, 7)])
PUSHF = test_chunk(2, b"\x9c", whole(flags=0x46, ss=0x2000), dict(ip=IP + 2, sp=0x1FE), ram_after=[(0x201FE, 0x46), (0x201FF, 0)])
FAULT = test_chunk(3, b"\x8b\x07", whole(bx=0xFFFF, ss=0x2000), dict(ip=1, cs=0x500, sp=0x1FA, flags=2),
                   ram_before=[(0x34, 0), (0x35, 0), (0x36, 0), (0x37, 5), (0x5000, 0xF4)],
                   ram_after=[(0x201FE, 2), (0x201FF, 0xF0), (0x201FC, 0), (0x201FD, 0x10), (0x201FA, 0), (0x201FB, 1)],
                   extra=chunk(b"EXCP", struct.pack("<BI", 13, 0x201FE)))
LOCKED = test_chunk(4, b"\xf0\x40", whole(), dict(ip=0x999))
WRONG = [
    (test_chunk(0, b"\x40", whole(ax=5), dict(ax=7, ip=IP + 2, flags=6)), "EAX: wanted 0007, got 0006"),
    (test_chunk(0, b"\x40", whole(ax=5), dict(ax=6, ip=IP + 2, flags=7)), "EFLAGS (CF)"),
    (test_chunk(0, b"\x40", whole(ax=5), dict(ax=6, ip=IP + 3, flags=6)), "EIP: wanted 0103, got 0102"),
    (test_chunk(1, b"\xa2\x10\x00", whole(ax=7), dict(ip=IP + 4), ram_after=[(0x10, 8)]), "memory at 000010: wanted 08, got 07"),
    (test_chunk(1, b"\xa2\x10\x00", whole(ax=7), dict(ip=IP + 4), ram_before=[(0x10, 1)]), "memory at 000010: wanted 01, got 07"),
    (test_chunk(1, b"\xeb\xfe", whole(), dict(ip=IP)), "does not come to its HLT"),
]


def run(path, capsys, engine, *more):
    code = main(["cpu-test", "--engine", engine, "--jobs", "1", "--suite", str(path), "--json", *more])
    out, err = capsys.readouterr()
    return code, json.loads(out) if out else None, err.splitlines()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("packed", [False, True])
def test_moo(engine, packed, tmp_path, capsys):
    data = moo(GOOD, STORE, PUSHF, FAULT, LOCKED)
    path = tmp_path / ("40.MOO.gz" if packed else "40.MOO")
    path.write_bytes(gzip.compress(data) if packed else data)
    code, found, _ = run(path, capsys, engine)
    assert (code, found["vectors"], found["failed"]) == (0, 4, 0), found["failures"]
    assert found["left_out"] == {"80286: LOCK on a form that cannot take it is #UD since the 386": 1}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("wrong, line", WRONG, ids=range(len(WRONG)))
def test_moo_that_fails(engine, wrong, line, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("emu.suites.run_sst.rules_of", lambda name: real_tests.Rules(PROCESSORS[name]))
    monkeypatch.setattr("emu.suites.real_tests.RUNAWAY", 2000)
    (tmp_path / "40.MOO").write_bytes(moo(GOOD, wrong, GOOD))
    code, found, _ = run(tmp_path, capsys, engine)
    assert (code, found["vectors"], found["failed"]) == (1, 3, 1) and line in found["failures"][0]["difference"]


@pytest.mark.parametrize("engine", ENGINES)
def test_memory_that_is_not_listed(engine, tmp_path, capsys):
    """A store that the test says nothing of is noticed by the native engine's check of all memory."""
    quiet = test_chunk(1, b"\xa2\x10\x00", whole(ax=7), dict(ip=IP + 4))
    (tmp_path / "A2.MOO").write_bytes(moo(GOOD, quiet, GOOD))
    code, found, _ = run(tmp_path, capsys, engine)
    if engine == "native":
        assert code == 1 and found["failures"][0]["difference"] == "memory was written that the test does not list"


@pytest.mark.parametrize("engine", ENGINES)
def test_32_bit_registers_and_masks(engine, tmp_path, capsys):
    before = dict.fromkeys(sst.REGISTERS, 0) | {"cs": CS, "eip": IP, "eflags": 0xFFFC0002, "eax": 0xFFFF, "cr0": 0x7FFEFFF0,
                                                "dr6": 0xFFFF0FF0}
    test = test_chunk(0, b"\x66\x40", before, dict(eax=0x10000, eip=IP + 3, eflags=0xFFFC0017), wide=True)
    (tmp_path / "40.MOO").write_bytes(moo(test, cpu=b"386E", minor=1))
    assert run(tmp_path, capsys, engine)[0] == 1                       # CF is wrong
    (tmp_path / "40.MOO").write_bytes(moo(test, cpu=b"386E", minor=1, masks=chunk(b"RM32", struct.pack("<II", 1 << 17, 0xFFFFFFFE))))
    assert run(tmp_path, capsys, engine)[0] == 0


def json_test(code, before, after, ram_before=(), ram_after=()):
    memory = [[BASE + n, b] for n, b in enumerate(code)] + [list(p) for p in ram_before]
    return {"name": "x", "bytes": list(code), "initial": {"regs": before, "ram": memory, "queue": []},
            "final": {"regs": after, "ram": [list(p) for p in ram_after], "queue": []}, "cycles": [], "hash": "ab"}


@pytest.mark.parametrize("engine", ENGINES)
def test_json_of_an_8088(engine, tmp_path, capsys):
    """One instruction a test, no HLT; REP runs to its end; addresses wrap at 1 MiB; FLAGS have ones above on the stack."""
    folder = tmp_path / "8088"
    folder.mkdir()
    tests = [json_test(b"\x40", whole(ax=5), whole(ax=6, ip=IP + 1, flags=0xF006)),
             json_test(b"\x9c", whole(flags=0xF002, ss=0x2000), dict(ip=IP + 1, sp=0x1FE), ram_after=[(0x201FE, 2), (0x201FF, 0xF0)]),
             json_test(b"\xf3\xaa", whole(cx=3, ax=9, es=0x3000), dict(cx=0, di=3, ip=IP + 2), ram_after=[(0x30000 + n, 9) for n in range(3)]),
             json_test(b"\xa0\x20\x00", whole(ds=0xFFFF), dict(ax=0x55, ip=IP + 3), ram_before=[(0x10, 0x55)]),
             json_test(b"\xeb\xfe", whole(), {}),
             json_test(b"\x54", whole(), dict(sp=1)), json_test(b"\x60", whole(), dict(sp=1))]
    (folder / "40.json.gz").write_bytes(gzip.compress(json.dumps(tests).encode()))
    code, found, _ = run(folder, capsys, engine)
    assert (code, found["vectors"], found["failed"]) == (0, 5, 0), found["failures"]
    assert len(found["left_out"]) == 2
    (folder / "revocation_list.txt").write_text("# bad\nAB\n")
    run_sst.revoked.cache_clear()
    code, found, _ = run(folder, capsys, engine)
    assert found["left_out"] == {"withdrawn by the suite (revocation_list.txt)": 7}


def test_metadata_says_which_flags_count(tmp_path, capsys):
    test = test_chunk(0, b"\x40", whole(ax=5), dict(ax=6, ip=IP + 2, flags=7))
    (tmp_path / "40.MOO").write_bytes(moo(test))
    assert run(tmp_path, capsys, "python")[0] == 1
    (tmp_path / "metadata.json").write_text(json.dumps({"cpu": "286", "opcodes": {"40": {"status": "normal", "flags-mask": 0xFFFE}}}))
    run_sst.metadata.cache_clear()
    assert run(tmp_path, capsys, "python")[0] == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_tests_of_protected_mode(engine, tmp_path, capsys):
    """They cannot be run: one line with the first one's offset; the others are run."""
    before = dict.fromkeys(sst.REGISTERS, 0) | {"cs": CS, "eip": IP, "eflags": 2, "eax": 5}
    tests = [test_chunk(n, b"\x40", before | {"cr0": n & 1}, dict(eax=6, eip=IP + 2, eflags=6), wide=True) for n in range(4)]
    (tmp_path / "40.MOO").write_bytes(moo(*tests, cpu=b"386E", minor=1))
    code, found, err = run(tmp_path, capsys, engine)
    at = len(moo(cpu=b"386E")) + len(tests[0]) + 8
    assert (code, found["vectors"], found["failed"]) == (2, 2, 0) and len(err) == 1
    assert f"2 start in protected mode, the first of them at offset {at}" in err[0]


def test_broken_files(tmp_path, capsys):
    data = moo(GOOD, STORE, PUSHF)
    text = json.dumps([json_test(b"\x40", whole(ax=5), whole(ax=6, ip=IP + 1, flags=6))] * 3).encode()
    files = {"40.MOO": (data[:-30], "cut short or damaged at offset"), "41.MOO": (moo(GOOD, STORE)[:-9], "offset"),
             "42.MOO.gz": (gzip.compress(data * 50)[:-30], "gzip file is cut short at offset"),
             "43.MOO": (b"nonsense", "wrong magic at offset 0"), "44.MOO": (moo(GOOD, cpu=b"V20 "), "'V20'"),
             "45.json": (text[:-40], "cut short or damaged at offset"), "46.MOO": (data[:8], "header"),
             "47.MOO": (chunk(b"MOO ", struct.pack("<BBHI4s", 2, 0, 0, 0, b"C286")), "version 2.0"),
             "48.MOO": (moo(GOOD, chunk(b"TEST", b"\0" * 40)), "a damaged test at offset")}
    for name, (content, _) in files.items():
        (tmp_path / name).write_bytes(content)
    code, found, err = run(tmp_path, capsys, "python")
    assert code == 2 and len(err) == len(files)
    for name, (_, what) in files.items():
        line = next(line for line in err if name in line)
        assert what in line
    assert found["vectors"] >= 6 and found["failed"] == 0


@pytest.mark.parametrize("cpu, code, changes, left_out", [
    ("8086", b"\x0f", {}, True), ("8086", b"\xf1", {}, True), ("8086", b"\xf3\xf7\xf0", {}, True), ("8086", b"\xf7\xf0", {}, False),
    ("8086", b"\xfe\xd0", {}, True), ("8086", b"\xfe\xc0", {}, False), ("8086", b"\xd2\xe0", {"ecx": 32}, True),
    ("8086", b"\xd2\xe0", {"ecx": 31}, False), ("8086", b"\xd0\xf0", {}, True), ("8086", b"\x54", {}, True),
    ("80286", b"\x0f\x05", {}, True), ("80286", b"\x8c\xe8", {}, True), ("80286", b"\x8c\xd8", {}, False),
    ("80386", b"\xf0\x01\x07", {}, False), ("80386", b"\xf0\x01\xc0", {}, True), ("80386", b"\xf0\x8b\x07", {}, True)])
def test_exclusions(cpu, code, changes, left_out):
    test = sst.Test()
    test.code, test.before, test.after, test.ram_before, test.ram_after, test.exception = code + b"\xf4", [0] * 20, [1] * 20, b"", b"", None
    for name, value in changes.items():
        test.before[sst.NUMBER[name]] = value
    processor, shape, encoding = PROCESSORS[cpu], Shape(key_of(test.code)), Disassembler(False).identify(test.code)
    reason = processor.no_such(shape, encoding) or processor.exclusion(shape, test, encoding)
    assert (reason is not None) == left_out


# -- the C reader reads what the Python readers do ------------------------------------------------------------------

def the_same(path, cpu):
    """How many tests both readers give, all the same."""
    rules, every = real_tests.Rules(PROCESSORS[cpu]), lambda places: places
    in_c = real_tests.read(run_sst.read(path), every, rules)
    file = run_sst.read(path)
    in_python = real_tests.read_in_python(file, file.places(), rules)
    assert in_c.native is not None and in_python.native is None
    assert len(in_c.heads) == len(in_python.heads)
    for n, (a, b) in enumerate(zip(in_c.heads, in_python.heads)):
        assert a[1] == b[1] and (a[0] == b[0] or path.name.endswith(".json.gz"))
        if a[1]:
            continue
        found = []
        for tests, (_, _, code_at, code_size, hash_at, hash_size, *rest) in ((in_c, a), (in_python, b)):
            row = tests.row(n)
            found.append((tests.data[code_at:code_at + code_size], tests.hash(hash_at, hash_size), rest, row[:real_tests.RAM_BEFORE_AT],
                          tests.ram(row)))
        assert found[0] == found[1], n
    return len(in_c.heads)


@pytest.mark.native
def test_readers_of_moo(tmp_path):
    before = dict.fromkeys(sst.REGISTERS, 0) | {"cs": CS, "eip": IP, "cr0": 0x7FFEFFF1, "eflags": 0xFFFFFFFF, "dr6": 0xFFFFFFFF}
    wide = test_chunk(0, b"\x66\xf3\x0f\x40", before, dict(eax=0x10000, eip=IP + 3), wide=True, extra=chunk(b"RM32", struct.pack("<II", 4, 0xF)))
    path = tmp_path / "x.MOO"
    path.write_bytes(moo(GOOD, STORE, PUSHF, FAULT, LOCKED, wide, test_chunk(1, b"\xf2\xf3\xf2\x66", whole(), {}),
                         chunk(b"TEST", b"\0" * 40), chunk(b"TEST", b""), chunk(b"TEST", GOOD[8:80]),
                         masks=chunk(b"RMSK", struct.pack("<HHH", 1 << 13 | 1, 0xFFF, 0xFFEF))))
    assert the_same(path, "80386") == 10 and the_same(path, "80286") == 10


@pytest.mark.native
def test_readers_of_json(tmp_path):
    tests = [json_test(b"\x40", whole(ax=5), whole(ax=6, ip=IP + 1)), json_test(b"\xf3\xa4", whole(), {}, [(0xFFFFF, 255)], [(1, 2), (3, 4)]),
             json_test(b"", whole(), {}) | {"idx": 7, "exception": {"number": 13, "flag_address": 5}, "name": "a \"b\" [c] \\",
                                           "cycles": [[1, None, "x", True, -1.5e3, {"a": []}]]}]
    tests[1] = dict(reversed(tests[1].items()))     # final before initial
    path = tmp_path / "x.json.gz"
    path.write_bytes(gzip.compress(json.dumps(tests, indent=1).encode()))
    assert the_same(path, "8086") == 3


@pytest.mark.native
def test_json_that_only_python_reads(tmp_path, capsys):
    """What the C reader does not understand is left to the other one."""
    tests = [json_test(b"\x40", whole(ax=5), whole(ax=6, ip=IP + 1, flags=6)) | {"bytes": [0x40, True]}]
    (tmp_path / "x.json").write_text(json.dumps(tests))
    file = run_sst.read(tmp_path / "x.json")
    assert real_tests.read(file, lambda places: places, real_tests.Rules(PROCESSORS["8086"])).native is None


@pytest.mark.native
@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"{CORPUS} is absent")
@pytest.mark.parametrize("name, cpu", [("sst-80386-sample/386EX_00.MOO", "80386"), ("sst-80286-sample/D3.2.MOO.gz", "80286"),
                                       ("sst-80286-sample/CD.MOO.gz", "80286")])
def test_readers_of_recordings(name, cpu):
    assert the_same(CORPUS / name, cpu) > 100
