from emu.bus.component import checked
from emu.devices.mpu401 import Mpu401


def chip():
    mpu = checked(Mpu401)()
    mpu.reset()
    sent = []
    mpu.sink = sent.append
    return mpu, sent


def test_commands_are_acknowledged():
    mpu, _ = chip()
    for command in (0xFF, 0x3F, 0xFF):
        assert mpu.read(1) == 0xBF              # nothing to read, ready to be written to
        mpu.write(1, command)
        assert mpu.read(1) == 0x3F and mpu.peek(0) == 0xFE
        assert mpu.read(0) == 0xFE and mpu.read(1) == 0xBF and mpu.read(0) == 0xFF


def test_data_goes_out_in_uart_mode():
    mpu, sent = chip()
    mpu.write(0, 0x90)
    mpu.write(1, 0x3F)
    for value in (0x90, 60, 100):
        mpu.write(0, value)
    mpu.write(1, 0xFF)
    mpu.write(0, 1)
    assert sent == [0x90, 60, 100]
