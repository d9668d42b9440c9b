"""tools/profile_time.py: a sample belongs to one group, by its function's name."""

import re

import pytest

from data import ROOT
from tools.profile_time import GROUPS, LIBRARY, group


@pytest.mark.parametrize("function, name", [
    ("op_ADD_Ev_Gv_32", "instructions"), ("op_Jcc_5__flat", "instructions"),
    ("op_CMP_Ev_Gv_32__Jcc_5__ab____flat", "instructions: sequences"), ("make", "decoding"),
    ("leave_through", "leaving a trace: links, jumps, the table"), ("lead_write", "TLB: misses and walks"),
    ("ide1_read_data32", "chip: ide1"), ("ide_pci_read", "chip: ide_pci"), ("arith_ADC_u32", "what instructions call")])
def test_groups(function, name):
    assert group(LIBRARY, function, ["ide_pci", "ide1", "ide"]) == name


def test_others():
    assert group("[kernel.kallsyms]", "clear_page", []) == "the host's kernel"
    assert group("libpython3.11.so", "op_like", []) == "Python and libraries"


def test_names_are_the_engine_s():
    """Each group still names a function that there is in the engine's own C, or a module that is translated."""
    text = "".join(p.read_text() for p in (ROOT / "native").glob("*.[ch]"))
    modules = "|".join(p.stem for folder in ("cpu", "bus", "machine") for p in (ROOT / "emu" / folder).rglob("*.py"))
    for title, pattern in GROUPS:
        words = re.findall(r"\b[a-z]+_", pattern)
        assert any(w in text or re.fullmatch(modules, w[:-1]) for w in words), title
