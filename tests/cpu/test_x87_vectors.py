"""x87 instructions against the results of a real processor (the i6v corpus; skipped where it is not there)."""
import pytest

import x87_vectors as vectors

SAMPLES = {"x87_32.i6v.xz": 5, "x87_16.i6v.xz": 3, "x87tr_32.i6v.xz": 1, "undoc_32.i6v.xz": 1}


@pytest.fixture(scope="module")
def machine():
    return vectors.Machine()


@pytest.mark.parametrize("name", SAMPLES)
def test_vectors(machine, name):
    if not (vectors.FOLDER / name).exists():
        pytest.skip("no vectors here")
    forms, records = vectors.read(name)
    ran, wrong = 0, []
    for n, data in enumerate(records):
        if n % SAMPLES[name]:
            continue
        v = vectors.Vector(data)
        if not v.x87:
            continue
        form = forms[v.form]
        machine.ulp = form.get("ulp") or 0
        difference = machine.run(v)
        if difference is not None:
            ran += 1
            if difference:
                wrong.append(f"{n} {form['name']} {v.code.hex()} fcw={v.fcw:04x} fsw={v.fsw:04x}: {difference}")
    assert ran > 500
    assert not wrong, f"{len(wrong)} of {ran}\n" + "\n".join(wrong[:20])
