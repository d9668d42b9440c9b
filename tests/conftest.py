"""What all tests share: images and firmware found or skipped, the native engine built, markers.

The tests are of this tree, not of an installed package (pyproject.toml puts the tree first on the path).
"""

import fcntl
import os
import sys

import pytest

from data import DATA, ROOT, absent

os.environ.setdefault("EMU_CPU_VECTORS", str(DATA / "cpu-vectors"))


@pytest.fixture(scope="session")
def image():
    """``image(name)``: the path of an image below EMU_TEST_DATA's images/; skips by name where it is absent."""
    def find(name):
        path = DATA / "images" / name
        if not path.is_file():
            absent(f"image {name}")
        return str(path)
    return find


@pytest.fixture(scope="session")
def data():
    """``data(name)``: the path of another file below EMU_TEST_DATA; skips by name where it is absent."""
    def find(name):
        if not (DATA / name).is_file():
            absent(name)
        return str(DATA / name)
    return find


@pytest.fixture(scope="session")
def firmware():
    """The system and the VGA BIOS that machines take by themselves, as a pair of paths."""
    from emu.machine.config import MachineConfig
    config = MachineConfig()
    return config.bios_path(), config.vga_bios_path()


@pytest.fixture(scope="session")
def native():
    """The native engine of this tree, built if it is missing or older than its sources."""
    reason = build_native(stale_too=True)
    if reason is not None:
        pytest.skip(f"no native engine: {reason}")


def build_native(stale_too):
    """Build the tree's native engine if need be.  Gives None, or why it cannot be built."""
    library = ROOT / "emu" / "_native.abi3.so"
    sys.path.insert(0, str(ROOT))
    from native.build import build, compiler
    if compiler() is None:
        return None if library.exists() else "there is no C compiler"
    (ROOT / "build").mkdir(exist_ok=True)
    with open(ROOT / "build" / "lock", "w") as lock:            # test runs side by side build once
        fcntl.flock(lock, fcntl.LOCK_EX)
        if library.exists() and not (stale_too and older(library)):
            return None
        if "emu._native" in sys.modules:
            pytest.exit("the native engine is older than its sources, and loaded already: python -m native.build", 4)
        build()
    return None


def older(library):
    """Is the library older than what it is built from?"""
    built = library.stat().st_mtime
    sources = list((ROOT / "native").iterdir())
    for name in ("bus", "cpu", "devices", "machine"):
        sources += (ROOT / "emu" / name).rglob("*.py")
    return any(p.stat().st_mtime > built for p in sources if p.suffix in (".py", ".c", ".h"))


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    """The whole suite runs on all processors, a file's tests in one process, where pytest-xdist is there (-n 0: one by one)."""
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS and not config.option.collectonly
    worker = hasattr(config, "workerinput")             # one of those processes
    if whole and not worker and not config.option.usepdb and getattr(config.option, "numprocesses", 0) is None:
        config.option.numprocesses = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        config.option.dist = "loadfile"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Leaves heavy tests out unless they are asked for; builds the native engine before the first test that needs it."""
    if "heavy" not in config.option.markexpr:
        heavy = [i for i in items if i.get_closest_marker("heavy")]
        if heavy:
            config.hook.pytest_deselected(items=heavy)
            items[:] = [i for i in items if not i.get_closest_marker("heavy")]
    for item in items:
        if item.get_closest_marker("native") and "native" not in item.fixturenames:
            item.fixturenames.insert(0, "native")
        if item.get_closest_marker("boot") and "firmware" not in item.fixturenames:
            item.fixturenames.insert(0, "firmware")


def pytest_runtestloop(session):
    """Build a missing native engine up front: machines take it by themselves.  Tests marked native renew an old one."""
    if session.config.option.collectonly or session.testsfailed:
        return
    fresh = any(i.get_closest_marker("native") for i in session.items)
    reason = build_native(stale_too=fresh)
    if reason is not None:
        print(f"\nno native engine: {reason}")
