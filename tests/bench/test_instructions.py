"""The native engine executes no more host instructions for our benchmark's loops than when they were counted last.

After a change that is meant to cost or that saves: tools/count_instructions.py --store.
"""

import json
import shutil
import sys

import pytest
from data import ROOT, absent

sys.path.insert(0, str(ROOT / "tools"))
import count_instructions  # noqa: E402


def test_growth_is_noticed():
    before = {"a": 1000, "b": 1000, "c": 1000}
    assert count_instructions.grown(before, {"a": 1050, "b": 1051, "d": 9}) == ["b: 1,051 host instructions instead of 1,000 (+5.1%)"]


@pytest.mark.slow
@pytest.mark.native
def test_no_more_than_before():
    if not shutil.which("valgrind"):
        absent("valgrind")
    key = count_instructions.environment_key()
    stored = json.loads(count_instructions.STORED.read_text())
    if key not in stored:
        pytest.skip(f"nothing was counted with {key}")
    before = stored[key]
    assert sorted(before) == sorted(count_instructions.rows()), "run tools/count_instructions.py --store"
    found = count_instructions.count(list(before))
    assert not count_instructions.grown(before, found)
