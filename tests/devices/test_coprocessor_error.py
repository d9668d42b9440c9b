from emu.bus.component import checked
from emu.devices.coprocessor_error import CoprocessorError


def test_latched_from_ferr_to_port_f0():
    chip = checked(CoprocessorError)()
    levels = []
    chip.irq13 = levels.append
    chip.reset()
    chip.write(0, 0)
    assert levels == []
    chip.set_ferr(1)
    chip.set_ferr(1)
    assert levels == [1]
    chip.set_ferr(0)
    assert levels == [1]
    chip.write(0, 0)
    assert levels == [1, 0]
    chip.set_ferr(1)
    assert levels == [1, 0, 1]


def test_ignne_from_port_f0_to_falling_ferr():
    chip = checked(CoprocessorError)()
    levels = []
    chip.ignne = levels.append
    chip.reset()
    chip.write(0, 0)
    assert levels == []
    chip.set_ferr(1)
    chip.write(0, 0)
    chip.write(0, 0)
    assert levels == [1]
    chip.set_ferr(0)
    assert levels == [1, 0]
    chip.set_ferr(1)
    chip.write(0, 0)
    chip.reset()
    assert levels == [1, 0, 1, 0]
