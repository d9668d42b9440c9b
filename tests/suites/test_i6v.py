"""emu cpu-test: the reader, the harness on both engines, the comparison, and the command line."""

import json
import lzma
import os
import random
import struct
from pathlib import Path
from xml.etree import ElementTree

import pytest

from emu.cli.main import main
from emu.suites import compare, i6v, run_i6v, world
from emu.suites.batch import Batch
from emu.suites.harness import GaveUp, Harness
from emu.suites.suite import Options

CORPUS = Path(os.environ.get("EMU_CPU_VECTORS", Path(__file__).parents[3] / "shared" / "cpu-vectors")) / "i686"
ENGINES = [pytest.param("python"), pytest.param("native", marks=pytest.mark.native)]
USER = (0x2B, 0x23, 0x2B, 0x2B, 0, 0)  # ES CS SS DS FS GS
EIP, FLAGS = 0x00100100, 0x202
GPR = (1, 2, 3, 0x00200010, 0x00300800, 6, 7, 8)


def record(code, gpr_after=None, flags=0, eip=EIP, eip_after=None, eflags_after=FLAGS, exception=255, error=0, cr2=0,
           gpr=GPR, seg=USER, seg_after=None, patches=(), memory=(), ignored=(), eflags_ignore=0, count=1, fpu=None, form=0):
    """The bytes of one vector of a file."""
    def runs(items):
        return bytes([len(items)]) + b"".join(struct.pack("<IH", at, len(data)) + data for at, data in items)

    def changed(code, before, after):
        after = before if after is None else after
        return struct.pack("B", sum(1 << n for n in range(len(before)) if before[n] != after[n])) \
            + b"".join(struct.pack("<" + code, b) for a, b in zip(before, after) if a != b)

    body = struct.pack("<HBBB", form, flags | (1 if fpu else 0), count, len(code)) + code + struct.pack("<10I6H", eip, FLAGS, *gpr, *seg)
    if fpu:
        body += struct.pack("<HHB", *fpu[0][:3]) + b"".join(fpu[0][3])
    body += runs(patches) + bytes([exception])
    if exception != 255:
        body += struct.pack("<II", error, cr2)
    if eip_after is None:
        eip_after = eip + len(code) if exception == 255 else eip
    body += struct.pack("<III", eip_after, eflags_after, eflags_ignore) + changed("I", gpr, gpr_after) + b"\0" \
        + changed("H", seg, seg_after)
    if fpu:
        (*words, registers), (before, after) = fpu[1], (fpu[0][3], fpu[1][3])
        body += struct.pack("<HHHB", words[0], words[1], 0, words[2])
        body += struct.pack("B", sum(1 << n for n in range(8) if before[n] != after[n]))
        body += b"".join(b for a, b in zip(before, registers) if a != b)
    body += runs(memory) + bytes([len(ignored)]) + b"".join(struct.pack("<IH", *run) for run in ignored)
    return struct.pack("<H", len(body) + 2) + body


def suite_bytes(records, forms=("mov.32 Zv Iv",)):
    """The bytes of a file."""
    header = json.dumps({"version": 1, "forms": [
        {"id": n, "name": name, "opcode": "b8", "cls": "int", "osz": 32, "ulp": None, "approx": None, "n": len(records)}
        for n, name in enumerate(forms)]}).encode()
    return lzma.compress(i6v.MAGIC + struct.pack("<II", len(header), len(records)) + header + b"".join(records))


@pytest.fixture
def suite(tmp_path):
    """suite(records…, name="x"): the path of a file of them."""
    def write(*records, name="x", **more):
        path = tmp_path / f"{name}.i6v.xz"
        path.write_bytes(suite_bytes(records, **more))
        return path
    return write


MOV = b"\xb8\x78\x56\x34\x12"  # MOV EAX, 12345678h
MOVED = (0x12345678,) + GPR[1:]


def differences(engine, path, lead=0):
    """The first difference of each vector of a file, None where there is none."""
    s = i6v.Suite(path)
    harness = Harness(engine, lead)
    try:
        return [compare.first_difference(v, s.forms[v.form], harness.run(v), harness.background)
                for v in map(s.vector, s.select())]
    finally:
        harness.close()


# -- what the world holds ----------------------------------------------------------------------------------------

def test_background_and_windows():
    data = world.background()
    assert data[0x10] == (0x200010 * 0x9E3779B1 & 0xFFFFFFFF) >> 24
    assert data[0x3000 + 5] == (0x8005 * 0x9E3779B1 & 0xFFFFFFFF) >> 24
    assert world.window_offset(0x202000) is None and world.window_offset(0x301000) is None
    assert world.window_offset(0x300000) == 0x2000 and world.window_offset(0x8FFF) == 0x3FFF


def test_descriptors():
    assert world.descriptor(0x2F8000, 0xFFFF, 0x00F3) == 0x0000F32F8000FFFF
    assert world.descriptor(0, 0xFFFFF, 0xC0FB) == 0x00CFFB000000FFFF
    assert world.segment_descriptor(3) is None
    assert world.segment_descriptor(0x2B) == 0x00CFF3000000FFFF
    assert world.segment_descriptor(0x0C) == world.segment_descriptor(0x0F)


# -- vectors that pass, and the same with one thing wrong --------------------------------------------------------

PUSH = b"\x53"  # PUSH EBX
PUSHED = GPR[:4] + (0x003007FC,) + GPR[5:]
LOAD = b"\x8b\x03"  # MOV EAX, [EBX]
STORE = b"\x89\x03"  # MOV [EBX], EAX
BACK = world.background()[0x10:0x14]
PASSING = [
    record(MOV, MOVED),
    record(PUSH, PUSHED, memory=[(0x003007FC, struct.pack("<I", GPR[3]))]),
    record(LOAD, (int.from_bytes(BACK, "little"),) + GPR[1:]),
    record(LOAD, (0x0A0B0C0D,) + GPR[1:], patches=[(0x200010, b"\x0d\x0c\x0b\x0a")]),
    record(STORE, memory=[(0x200010, b"\x01\x00\x00\x00")]),
    record(STORE, ignored=[(0x200010, 4)]),
    record(LOAD, gpr=GPR[:3] + (0x00202000,) + GPR[4:], exception=14, error=4, cr2=0x00202000),
    record(b"\xf4", exception=13),
    record(b"\xcc", exception=3, eip_after=EIP + 1),
    record(b"\xcd\x10", exception=13, error=0x82),
    record(b"\x90" * 3 + MOV, MOVED, flags=i6v.TO_END),
    record(b"\xf3\xaa", (1, 0, 3, 4, 0x300800, 6, 7, 0x200003), gpr=(1, 2, 3, 4, 0x300800, 6, 7, 0x200001), flags=i6v.TO_END,
           memory=[(0x200001, b"\x01\x01")]),
    record(b"\xeb\x20", eip_after=EIP + 0x22),
    record(b"\x8e\xd2\x90", gpr=(1, 2, 0x2B) + GPR[3:], count=2),
    record(b"\x8e\xc2", gpr=(1, 2, 0x0F) + GPR[3:], seg_after=(0x0F,) + USER[1:]),
]
WRONG = [
    (record(MOV, (0x12345679,) + GPR[1:]), "EAX: wanted 12345679, got 12345678"),
    (record(MOV, MOVED[:7] + (9,)), "EDI: wanted 00000009, got 00000008"),
    (record(MOV, MOVED, eflags_after=FLAGS | 1), "EFLAGS (CF): wanted 00000203, got 00000202"),
    (record(MOV, MOVED, eip_after=EIP + 1), "EIP: wanted 00100101, got 00100105"),
    (record(STORE), "memory at 00200010: wanted"),
    (record(MOV, MOVED, memory=[(0x8000, b"\x99")]), "memory at 00008000: wanted"),
    (record(STORE, memory=[(0x200010, b"\x01\x00\x00\x00")], patches=[(0x8001, b"\x98")], gpr=(2,) + GPR[1:]),
     "memory at 00200010: wanted 01"),
    (record(MOV, MOVED, exception=13), "wanted exception 13, got no exception"),
    (record(b"\xf4"), "wanted no exception, got exception 13"),
    (record(b"\xcd\x10", exception=13, error=0x8A), "error code of exception 13: wanted 008A, got 0082"),
    (record(LOAD, gpr=GPR[:3] + (0x00202000,) + GPR[4:], exception=14, error=4, cr2=0x00202004), "CR2"),
    (record(b"\x8e\xc2", gpr=(1, 2, 0x0F) + GPR[3:]), "ES: wanted 002B, got 000F"),
]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("lead", [0, 3])
def test_vectors_that_pass(engine, lead, suite):
    assert differences(engine, suite(*PASSING), lead) == [None] * len(PASSING)


@pytest.mark.parametrize("engine", ENGINES)
def test_vectors_that_fail(engine, suite):
    found = differences(engine, suite(*(r for r, _ in WRONG)))
    for difference, (_, wanted) in zip(found, WRONG):
        assert difference and wanted in difference


@pytest.mark.parametrize("engine", ENGINES)
def test_ignored_flags(engine, suite):
    assert differences(engine, suite(record(MOV, MOVED, eflags_after=FLAGS | 1, eflags_ignore=1))) == [None]


ONE, ZERO = struct.pack("<QH", 1 << 63, 0x3FFF), bytes(10)
EMPTY = 0x37F, 0, 0, [ZERO] * 8
LOADED = [ZERO] * 7 + [ONE]


@pytest.mark.parametrize("engine", ENGINES)
def test_x87(engine, suite):
    fld1 = b"\xd9\xe8"
    good = record(fld1, fpu=(EMPTY, (0x37F, 7 << 11, 0x80, LOADED)))
    bad = [record(fld1, fpu=(EMPTY, after)) for after in (
        (0x37E, 7 << 11, 0x80, LOADED), (0x37F, 6 << 11, 0x80, LOADED), (0x37F, 7 << 11, 0xC0, LOADED), (0x37F, 7 << 11, 0x80, [ZERO] * 8))]
    found = differences(engine, suite(good, *bad))
    assert found[0] is None
    assert [f.split(":")[0] for f in found[1:]] == ["FCW", "FSW", "FTW", "R7"]


def test_tolerances():
    pi, next_pi = struct.pack("<QH", 0xC90FDAA22168C235, 0x4000), struct.pack("<QH", 0xC90FDAA22168C237, 0x4000)
    assert compare._distance(pi, next_pi) == 2
    assert compare._distance(struct.pack("<QH", 1 << 63, 0x4000), struct.pack("<QH", (1 << 64) - 1, 0x3FFF)) == 1
    assert compare._distance(pi, struct.pack("<QH", 0xC90FDAA22168C235, 0xC000)) > 1 << 70
    assert compare._near(struct.pack("<4f", 1, 2, 3, 4), struct.pack("<4f", 1, 2, 3, 4.001), 0.0004)
    assert not compare._near(struct.pack("<4f", 1, 2, 3, 4), struct.pack("<4f", 1, 2, 3, 4.01), 0.0004)
    assert not compare._near(struct.pack("<4f", 1, 2, 3, float("nan")), struct.pack("<4f", 1, 2, 3, 4.01), 0.0004)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_vector_that_never_ends(engine, suite):
    s = i6v.Suite(suite(record(b"\xeb\xfe", flags=i6v.TO_END), record(MOV, MOVED)))
    harness = Harness(engine)
    harness_limit = pytest.MonkeyPatch()
    harness_limit.setattr("emu.suites.harness.RUNAWAY", 1000)
    with pytest.raises(GaveUp):
        harness.run(s.vector(s.select()[0]))
    harness_limit.undo()
    harness.close()
    out = run_i6v.run(s.path, 1, 2, Options(engine))
    assert [(tally.vectors, tally.failed) for tally in out.tallies.values()] == [(1, 0)]


# -- files -------------------------------------------------------------------------------------------------------

def test_bad_files(tmp_path, suite):
    path = tmp_path / "bad.i6v.xz"
    whole = lzma.decompress(suite_bytes(PASSING))
    for data in (b"", b"no archive", lzma.compress(b"something else"), lzma.compress(whole[:20]),
                 lzma.compress(whole.replace(b'"version": 1', b'"version": 2'))):
        path.write_bytes(data)
        with pytest.raises(i6v.BadSuite):
            i6v.Suite(path)
    path.write_bytes(lzma.compress(whole[:-100]))
    s = i6v.Suite(path)
    assert 0 < len(s.select()) < len(PASSING) and "offset" in s.wrong


def test_limit_is_for_each_form(suite):
    s = i6v.Suite(suite(*(record(MOV, MOVED, form=n // 10) for n in range(20)), forms=("mov.32 Zv", "add Eb Gb")))
    assert [s.vector(at).form for at in s.select(limit=3)] == [0] * 3 + [1] * 3
    assert len(s.select("add")) == len(s.select("mov")) == len(s.select("mov.32")) == 10
    assert len(s.select("B8")) == 20 and s.select("sub") == []


# -- the command -------------------------------------------------------------------------------------------------

def run(capsys, *arguments, engine="python"):
    """(exit code, lines of the report, lines on stderr)."""
    code = main(["cpu-test", "--engine", engine, "--jobs", "1", *map(str, arguments)])
    out, err = capsys.readouterr()
    return code, out.splitlines(), err.splitlines()


def test_exit_codes_and_lines(suite, capsys):
    good = suite(record(MOV, MOVED), record(MOV, MOVED), name="good")
    bad = suite(record(MOV, MOVED), WRONG[0][0], name="bad", forms=("mov.32 exotic",))
    code, lines, _ = run(capsys, "--suite", good)
    assert code == 0 and [line.split()[-2:] for line in lines if line] == [
        ["vectors", "failed"], ["2", "0"], ["vectors", "failed"], ["2", "0"], ["2", "0"], ["a", "second)"]]
    assert lines[-1].startswith("2 vectors in ")
    code, lines, _ = run(capsys, "--suite", good, "--suite", bad)
    assert code == 1
    assert lines[0] == ("bad: mov.32 exotic (b8): 1 of 2 fail; mov eax,0x12345678 (b8 78 56 34 12): "
                        "EAX: wanted 12345679, got 12345678")
    assert any(line.split() == ["mov", "4", "1"] for line in lines)
    assert any(line.split() == ["bad", "int", "exotic", "1", "1", "2", "1"] for line in lines)
    assert any(line.split() == ["apart", "1", "1", "2", "1"] for line in lines)
    code, lines, _ = run(capsys, "--suite", good.parent, "--json")
    result = json.loads("\n".join(lines))
    assert code == 1 and (result["engine"], result["vectors"], result["failed"]) == ("python", 4, 1)
    assert result["failures"][0]["difference"] == WRONG[0][1]


def test_junit(suite, capsys, tmp_path):
    bad = suite(record(MOV, MOVED), WRONG[0][0], name="bad")
    assert run(capsys, "--suite", bad, "--junit", tmp_path / "out.xml")[0] == 1
    top = ElementTree.parse(tmp_path / "out.xml").getroot()
    assert [s.attrib["failures"] for s in top] == ["1"] and top[0][0][0].attrib["message"] == WRONG[0][1]


def test_usage(suite, capsys, tmp_path, monkeypatch):
    good = suite(record(MOV, MOVED))
    (tmp_path / "bad.i6v.xz").write_bytes(b"nothing")
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").write_text("words")
    for arguments in (["--suite", "no_such_suite"], ["--suite", "/no/such/file"], ["--suite", "no*such[suite"], ["--suite", str(tmp_path / "bad.i6v.xz")], ["--suite", str(tmp_path / "empty")],
                      ["--suite", str(tmp_path / "text")], ["--suite", str(good), "--filter", "nothing"]):
        code, out, err = run(capsys, *arguments)
        assert code == 2 and out == [] and len(err) == 1, arguments
    monkeypatch.setenv("EMU_TEST_DATA", str(tmp_path / "absent"))
    assert main(["cpu-test"]) == 2


def test_what_can_be_read_is_run(suite, capsys, tmp_path):
    good = suite(*[record(MOV, MOVED)] * 4, name="good")
    (tmp_path / "bad.i6v.xz").write_bytes(b"nothing")
    whole = lzma.decompress(good.read_bytes())
    (tmp_path / "short.i6v.xz").write_bytes(lzma.compress(whole[:-10]))
    (tmp_path / "half.i6v.xz").write_bytes(suite_bytes([record(MOV, MOVED)] * 30000)[:-40])
    code, out, err = run(capsys, "--suite", tmp_path)
    assert code == 2 and len(err) == 3
    assert any("bad.i6v.xz" in line and "magic at offset 0" in line for line in err)
    assert any("short.i6v.xz" in line and "3 of 4" in line for line in err)
    assert any("half.i6v.xz" in line and "XZ file is cut short at offset" in line for line in err)
    total = next(line.split() for line in out if line.startswith("total"))
    assert int(total[4]) >= 7 and total[5] == "0"


def test_a_damaged_archive(suite, capsys, tmp_path):
    """What is before the damage is run."""
    path = suite(*[record(MOV, (n,) + GPR[1:], gpr=GPR) for n in range(40000)], name="x")
    data = bytearray(path.read_bytes())
    data[len(data) * 2 // 3] ^= 0x55
    path.write_bytes(data)
    code, out, err = run(capsys, "--suite", tmp_path, "--limit", "1", engine="python")
    assert code == 2 and len(err) == 1 and "damaged after offset" in err[0] and "of 40000 vectors can be read" in err[0]
    assert int(err[0].split(" of 40000")[0].split()[-1]) > 5000


@pytest.mark.parametrize("engine", ENGINES)
def test_a_mode_that_is_not_known(engine, suite, capsys):
    code, out, err = run(capsys, "--suite", suite(record(MOV, MOVED), record(MOV, MOVED, flags=0x20)), engine=engine)
    assert code == 2 and len(err) == 1 and "damaged vector at offset" in err[0] and "flags 20h" in err[0]
    assert any(line.split() == ["x", "int", "1", "1", "2", "1"] for line in out)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_damaged_vector(engine, tmp_path, capsys):
    """A record whose parts do not fit its length is named, and the others are run."""
    whole = bytearray(lzma.decompress(suite_bytes([record(MOV, MOVED)] * 3)))
    size = len(record(MOV, MOVED))
    whole[len(whole) - size - 1] = 9       # the second one's last byte: more to ignore than there is
    (tmp_path / "x.i6v.xz").write_bytes(lzma.compress(whole))
    code, out, err = run(capsys, "--suite", tmp_path, engine=engine)
    assert code == 2 and len(err) == 1 and f"a damaged vector at offset {len(whole) - 2 * size}" in err[0]
    assert any(line.split() == ["x", "int", "1", "1", "3", "1"] for line in out)


@pytest.mark.native
def test_lockstep_and_models(suite, capsys):
    path = suite(record(MOV, MOVED), record(b"\x0f\x44\xc1", form=1), forms=("mov.32 Zv", "cmovz Gv Ev"))
    code, out, _ = run(capsys, "--suite", path, "--lockstep")
    assert code == 0 and any(line.split()[:2] == ["total", "(lockstep)"] for line in out)
    for engine in ("native", "python"):
        code, out, _ = run(capsys, "--suite", path, "--cpu", "pentium", engine=engine)
        assert code == 0 and "left out: 1 (not in a pentium)" in out


@pytest.mark.native
def test_engines_that_differ_are_told(suite, monkeypatch, capsys):
    run_one = Harness.run

    def wrong(self, v):
        out = run_one(self, v)
        if self.board.parts.engine_name == "python":
            out.gpr[7] ^= 4
        return out

    monkeypatch.setattr(Harness, "run", wrong)
    monkeypatch.setattr(run_i6v, "first_difference", lambda *_: None)
    code, out, _ = run(capsys, "--suite", suite(record(MOV, MOVED)), "--lockstep")
    assert code == 1 and "the engines differ in gpr" in out[0]


# -- the C side says the same as the Python side ------------------------------------------------------------------

@pytest.mark.native
def test_batches(suite):
    s = i6v.Suite(suite(*PASSING, *(r for r, _ in WRONG), *PASSING))
    harness = Harness("native")
    verdicts = Batch(harness, s).verdicts(s.select())
    harness.close()
    assert [bool(v) for v in verdicts] == [False] * len(PASSING) + [True] * len(WRONG) + [False] * len(PASSING)


@pytest.mark.native
@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"{CORPUS} is absent")
@pytest.mark.parametrize("name", ["int_32", "fault_32", "x87_32", "sse2_32", "seg_16", "string_32"])
def test_batches_see_every_change(name):
    """Single bits of expected results are flipped: both comparisons notice, or both ignore that bit."""
    s = i6v.Suite(CORPUS / f"{name}.i6v.xz")
    rng, chosen = random.Random(7), []
    data = bytearray(s.data)
    for at in random.Random(3).sample(s.select(), 250):
        length = int.from_bytes(data[at:at + 2], "little")
        data[rng.randrange(at + length * 3 // 5, at + length)] ^= 1 << rng.randrange(8)
        chosen.append(at)
    s.data = bytes(data)
    harness, noticed = Harness("native"), 0
    try:
        verdicts = Batch(harness, s).verdicts(chosen)
        for at, verdict in zip(chosen, verdicts):
            try:
                v = s.vector(at)
                told = compare.first_difference(v, s.forms[v.form], harness.run(v), harness.background)
            except (GaveUp, struct.error, LookupError, TypeError) as error:
                told = repr(error)
                harness.prepare()
            assert bool(verdict) == (told is not None), (s.forms[int.from_bytes(data[at + 2:at + 4], "little")].name, told)
            noticed += verdict != 0
    finally:
        harness.close()
    assert noticed > 80


def test_several_processes(suite, capsys, monkeypatch):
    monkeypatch.setitem(run_i6v.VECTORS_A_PART, "python", 2)
    path = suite(*[record(MOV, MOVED)] * 3, WRONG[0][0], record(MOV, MOVED), WRONG[1][0])
    assert main(["cpu-test", "--engine", "python", "--suite", str(path), "--jobs", "2", "--json"]) == 1
    result = json.loads(capsys.readouterr().out)
    assert (result["vectors"], result["failed"]) == (6, 2)


# -- the corpus --------------------------------------------------------------------------------------------------

SUITES = ("fault_16", "fault_32", "flow_16", "flow_32", "int_16", "int_32", "seg_16", "seg_32", "seq_16", "seq_32", "stack_16", "stack_32",
          "string_16", "string_32", "undoc_32", "x87_16", "x87_32", "x87tr_32")


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"{CORPUS} is absent")
@pytest.mark.parametrize("name", SUITES)
@pytest.mark.parametrize("engine, lead, limit", [
    pytest.param("python", 0, 3), pytest.param("native", 0, 40, marks=pytest.mark.native),
    pytest.param("native", 5, 10, marks=pytest.mark.native)])
def test_corpus(engine, lead, limit, name):
    s = i6v.Suite(CORPUS / f"{name}.i6v.xz")
    harness = Harness(engine, lead)
    try:
        for at in s.select(limit=limit):
            v = s.vector(at)
            difference = compare.first_difference(v, s.forms[v.form], harness.run(v), harness.background)
            assert difference is None, f"{s.forms[v.form].name} {v.code.hex(' ')}: {difference}"
    finally:
        harness.close()


@pytest.mark.native
@pytest.mark.slow
@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"{CORPUS} is absent")
def test_everything_on_the_native_engine(capsys):
    """All vectors that there are; what is left out is what emu/suites/processors.py names."""
    assert main(["cpu-test", "--engine", "native", "--suite", str(CORPUS.parent), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["failed"] == 0 and result["vectors"] >= 573_000
    assert sum(row["forms"] for row in result["suites"] if "80" not in row["class"]) == 2161
    assert all(reason.startswith("80") for reason in result["left_out"])


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"{CORPUS} is absent")
def test_a_sample_of_every_form_on_the_python_engine(capsys):
    assert main(["cpu-test", "--engine", "python", "--suite", str(CORPUS), "--limit", "30", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["failed"] == 0 and result["vectors"] >= 60_000
    assert sum(row["forms"] for row in result["suites"]) == 2161


@pytest.mark.heavy
@pytest.mark.timeout(7200)
@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"{CORPUS} is absent")
def test_everything_on_the_python_engine(capsys):
    assert main(["cpu-test", "--engine", "python", "--suite", str(CORPUS.parent), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["failed"] == 0 and result["vectors"] >= 573_000
