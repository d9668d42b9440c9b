"""The pure semantic functions against what a real processor did (the corpus of instruction vectors)."""

import pytest
from int_vectors import FOLDER, run, vectors

from emu.bus.component import checked
from emu.cpu.state import Cpu

PER_FORM = 60
LEAST_FORMS = {"int_32": 340, "int_16": 320}


@pytest.mark.parametrize("name", LEAST_FORMS)
def test_registers_forms(name):
    if not (FOLDER / f"{name}.i6v.xz").exists():
        pytest.skip("no vectors: set EMU_CPU_VECTORS")
    forms, found = vectors(name)
    cpu = checked(Cpu)()
    done = dict.fromkeys(range(len(forms)), 0)
    failures = {}
    for v in found:
        if not v.simple or done[v.form] >= PER_FORM:
            continue
        differences = run(cpu, v)
        if differences is None:
            continue
        done[v.form] += 1
        if differences:
            failures.setdefault(forms[v.form], f"{v.code.hex()}: {', '.join(differences)}")
    assert failures == {}
    assert sum(n > 0 for n in done.values()) >= LEAST_FORMS[name]
