"""What is packed: wheels and source archives, built without the network, and an installation without a compiler."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BACKEND = "from setuptools import build_meta as b; import sys; getattr(b, 'build_' + sys.argv[1])(sys.argv[2])"

setuptools = pytest.importorskip("setuptools")
pytestmark = pytest.mark.skipif(int(setuptools.__version__.partition(".")[0]) < 77, reason="needs setuptools from 77")


def run(*command, cwd, **environment):
    """Run a command; gives its output and error texts."""
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | environment
    done = subprocess.run([str(c) for c in command], cwd=cwd, env=env, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the tree as a checkout has it."""
    to = tmp_path_factory.mktemp("checkout") / "emu"
    leave = shutil.ignore_patterns("__pycache__", "build", "*.so", "*.egg-info", ".git", ".pytest_cache", ".hypothesis", "dist")
    return Path(shutil.copytree(ROOT, to, ignore=leave))


@pytest.fixture(scope="module")
def pure(checkout, tmp_path_factory):
    """(wheel, what building it said) without a compiler: nothing but Python's own folder is on the path."""
    to = tmp_path_factory.mktemp("wheel")
    empty = tmp_path_factory.mktemp("path")
    said = run(sys.executable, "-c", BACKEND, "wheel", to, cwd=checkout, PATH=str(empty), CC="", EMU_NATIVE="auto")
    return next(to.glob("*.whl")), "".join(said)


def package_files():
    """The files that the package consists of."""
    return {p.relative_to(ROOT).as_posix() for p in (ROOT / "emu").rglob("*")
            if p.suffix == ".py" or p.parent.name == "firmware"}


def test_a_wheel_without_compiler_holds_the_package(pure):
    wheel, _said = pure
    assert wheel.name.endswith("-py3-none-any.whl")
    names = {n for n in zipfile.ZipFile(wheel).namelist() if n.startswith("emu/")}
    assert names == package_files()
    others = {n.partition("/")[0] for n in zipfile.ZipFile(wheel).namelist()} - {"emu"}
    assert len(others) == 1 and others.pop().endswith(".dist-info")


def test_building_without_compiler_says_so_once(pure):
    assert pure[1].count("installing without the native engine (there is no C compiler)") == 1


def test_a_module_that_went_is_not_packed(checkout, pure, tmp_path):
    stale = checkout / "build" / "lib" / "emu" / "went.py"
    stale.parent.mkdir(parents=True, exist_ok=True)
    stale.touch()
    run(sys.executable, "-c", BACKEND, "wheel", tmp_path, cwd=checkout, EMU_NATIVE="no")
    assert "emu/went.py" not in zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()


def test_a_missing_compiler_can_be_an_error(checkout, tmp_path):
    with pytest.raises(AssertionError, match="the native engine cannot be built: there is no C compiler"):
        run(sys.executable, "-c", BACKEND, "wheel", tmp_path, cwd=checkout, PATH=str(tmp_path), CC="", EMU_NATIVE="require")


def test_the_source_archive_holds_what_building_and_testing_need(checkout, tmp_path):
    run(sys.executable, "-c", BACKEND, "sdist", tmp_path, cwd=checkout, EMU_NATIVE="no")
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        names = {n.partition("/")[2] for n in archive.getnames()}
    wanted = {p.relative_to(ROOT).as_posix() for folder in ("native", "tests") for p in (ROOT / folder).rglob("*")
              if p.is_file() and p.suffix in (".py", ".c", ".h")}
    wanted |= package_files() | {"setup.py", "pyproject.toml", "LICENSE", "README.md", ".ci/run", "docs/architecture.md"}
    assert wanted <= names
    assert not [n for n in names if re.search(r"\.(so|o|pyc)$", n)]


@pytest.fixture(scope="module")
def installed(pure, tmp_path_factory):
    """The folder of a virtual environment's commands, with the wheel in it and this environment's libraries beside."""
    home = tmp_path_factory.mktemp("venv")
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home)[0].strip())
    libraries = [p for p in sys.path if p.endswith("site-packages")]
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", pure[0], cwd=home)
    (site / "libraries.pth").write_text("\n".join(libraries))
    return home / "bin"


def test_the_command_is_installed(installed, tmp_path):
    import emu
    assert run(installed / "emu", "--version", cwd=tmp_path)[0] == f"emu {emu.__version__}\n"
    assert "commands:" in run(installed / "emu", "--help", cwd=tmp_path)[0]


def test_the_first_run_tells_of_the_python_engine(installed, tmp_path, firmware):
    floppy = tmp_path / "boot.img"
    floppy.write_bytes(b"\xeb\xfe".ljust(510, b"\0") + b"\x55\xaa" + bytes(1474560 - 512))
    command = [installed / "emu", "run", floppy, "--display", "none", "--until", ""]
    first = run(*command, cwd=tmp_path, XDG_CACHE_HOME=str(tmp_path / "cache"))[1]
    assert first.count("Python engine") == 1 and first.count("\n") == 1
    assert run(*command, cwd=tmp_path, XDG_CACHE_HOME=str(tmp_path / "cache"))[1] == ""
