"""What pyproject.toml cannot say: the native engine is generated and compiled by native/build.py.

EMU_NATIVE=no leaves it out, EMU_NATIVE=require makes a missing compiler an error.
"""

import os
import shutil
import sys
import sysconfig
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build import build
from setuptools.command.build_ext import build_ext

sys.path.insert(0, str(Path(__file__).resolve().parent))

from native.build import build as build_native  # noqa: E402
from native.build import compiler  # noqa: E402


class BuildExt(build_ext):
    """Has the native engine built where setuptools wants it."""

    def build_extension(self, ext):
        build_native(Path(self.get_ext_fullpath(ext.name)).parent)


class Build(build):
    """Starts from an empty folder, so that no module that was removed from the tree is packed."""

    def run(self):
        shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()


def missing():
    """What there is not that compiling needs, in words, or None."""
    if compiler() is None:
        return "there is no C compiler"
    if not (Path(sysconfig.get_path("include")) / "Python.h").exists():
        return "Python's C headers are missing"
    return None


def extensions():
    """The native engine, or nothing where it is not wanted or cannot be compiled."""
    wanted = os.environ.get("EMU_NATIVE", "auto")
    lacks = "EMU_NATIVE=no" if wanted == "no" else missing()
    if lacks is None:
        return [Extension("emu._native", [], py_limited_api=True)]
    if wanted == "require":
        raise SystemExit(f"emu: the native engine cannot be built: {lacks}")
    if {"bdist_wheel", "editable_wheel", "build", "build_ext", "install"} & set(sys.argv):
        print(f"emu: installing without the native engine ({lacks}); emu will run on the Python engine", file=sys.stderr)
    return []


parts = extensions()
setup(ext_modules=parts, cmdclass={"build": Build, "build_ext": BuildExt},
      options={"bdist_wheel": {"py_limited_api": "cp311"}} if parts else {})
