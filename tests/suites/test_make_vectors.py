"""tools/make_vectors.py: a small corpus grown on this host passes on our engines; the writer writes what the reader reads."""

import importlib.util
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from emu.cli.main import main
from emu.cpu.encodings import encodings
from emu.suites import i6v, i6v_writer, world

TOOL = Path(__file__).resolve().parents[2] / "tools" / "make_vectors.py"


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("make_vectors", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def host(tool):
    """The helper, where this host can run it."""
    if platform.machine() not in ("x86_64", "i686") or sys.platform != "linux":
        pytest.skip("not an x86 Linux")
    try:
        made = tool.Host()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("gcc -m32 does not work")
    yield made
    made.close()


def one(tool, host, mnemonic, count=5):
    try:
        return tool.grow(host, 1, count, only=mnemonic)
    except RuntimeError as error:
        if "window cannot be mapped" not in str(error) and "refuses LDT" not in str(error):
            raise
        pytest.skip(f"the host does not run vectors: {error}")


def test_the_writer_writes_what_the_reader_reads(tool, host, tmp_path):
    descriptions, vectors = one(tool, host, "paddb")["sse2", 32]
    i6v_writer.write(tmp_path / "x.i6v.xz", {"forms": descriptions, "seed": 1}, vectors)
    suite = i6v.Suite(tmp_path / "x.i6v.xz")
    offsets = suite.select()
    assert suite.count == len(vectors) == len(offsets) == 5 and suite.wrong is None
    for at, v in zip(offsets, vectors):
        assert i6v_writer.record(suite.vector(at)) == i6v_writer.record(v)
        end = at + int.from_bytes(suite.data[at:at + 2], "little")
        assert suite.data[at:end] == i6v_writer.record(v)


def test_the_background_is_the_corpus_s(tool, host):
    """A load takes what world.background says that the window holds."""
    v = tool.Maker(tool.random.Random(1)).vector(0, next(e for e in encodings() if e.line.startswith("8B /r")), 32)
    v.code, v.gpr, v.seg, v.patches = b"\x8b\x03", (0, 0, 0, 0x200123, 0x300800, 0, 0, 0), (0x2B, 0x23, 0x2B, 0x2B, 0, 0), []
    trap, _, _, state, changed = host.run(v)
    at = world.window_offset(0x200123)
    assert trap == tool.TRAP_STEP and changed == {} and state[2] == int.from_bytes(world.background()[at:at + 4], "little")


def test_the_same_seed_grows_the_same(tool, host):
    first, again = (one(tool, host, "adc") for _ in range(2))
    records = [[i6v_writer.record(v) for _, vectors in grown.values() for v in vectors] for grown in (first, again)]
    assert records[0] == records[1] and len(records[0]) > 30


@pytest.mark.parametrize("bits", [16, 32])
def test_every_form_of_user_code_is_there(bits, tool):
    import vector_forms
    forms = list(tool.forms(bits))
    assert len(forms) > 900
    lines = {e.line for e, _ in forms}
    missing = {e.mnemonic for e in encodings() if e.line not in lines and "cpl0" not in e.attributes}
    assert missing <= set(vector_forms.LEFT_OUT) | {"NOP", "PREFETCHNTA", "PREFETCHT0", "PREFETCHT1", "PREFETCHT2"}
    known = {e.mnemonic for e in encodings()}
    assert set(vector_forms.LEFT_OUT) <= known and {name for name, _ in vector_forms.DROPPED} <= known


@pytest.mark.parametrize("mnemonic, exception, flag", [("int3", 3, 0), ("into", 4, 0), ("bound", 5, 0), ("ud2", 6, 0), ("div", 0, 0), ("callf", 11, 0),
                                                       ("fadd", 16, 0), ("divps", 19, 0), ("mov", 17, 0x40000), ("popf", 255, 0x4000)])
def test_exceptions_and_flags_are_there(mnemonic, exception, flag, tool, host):
    """Each comes with code of both sizes."""
    for bits in tool.BITS:
        assert any(v.exception == exception and (v.eflags | v.eflags_after) & flag == flag
                   for (_, size), (_, vectors) in one(tool, host, mnemonic, 60).items() if size == bits for v in vectors)


def test_far_transfers_change_the_size_of_code(tool, host):
    vectors = [v for name in ("jmpf", "callf", "retf", "iret") for _, found in one(tool, host, name, 40).values() for v in found]
    went = {(v.seg[1], v.seg_after[1]) for v in vectors if v.exception == i6v.COMPLETED}
    assert {(0x23, 0x3F), (0x3F, 0x23), (0x23, 0x2F), (0x3F, 0x37)} <= went


@pytest.mark.slow
@pytest.mark.parametrize("engine, each", [("python", 4), pytest.param("native", 40, marks=pytest.mark.native)])
def test_a_corpus_grown_here_passes(engine, each, tool, host, tmp_path, capsys):
    for (cls, bits), (descriptions, vectors) in one(tool, host, None, each).items():
        i6v_writer.write(tmp_path / f"{cls}_{bits}.i6v.xz", {"forms": descriptions, "seed": 1}, vectors)
    status = main(["cpu-test", "--engine", engine, "--suite", str(tmp_path)])
    out = capsys.readouterr().out
    assert status == 0, "\n".join(line for line in out.splitlines() if " fail;" in line)
