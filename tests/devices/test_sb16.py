import random

import pytest
from sound_card import Card

from emu.bus.types import NEVER
from emu.devices.sb16_transfer import DELAY_NS

IRQ = 5


@pytest.fixture
def card():
    return Card()


def rises(card):
    return [at for at, line, level in card.irqs if level]


# -- DSP: reset, identification -----------------------------------------------------------------------------------------

def test_reset_answers_aa(card):
    assert card.inp(0x22E) & 0x80 == 0
    card.out(0x226, 1)
    assert card.inp(0x22E) & 0x80 == 0
    card.out(0x226, 0)
    assert card.inp(0x22E) & 0x80 and card.inp(0x22A) == 0xAA
    assert card.inp(0x22E) & 0x80 == 0 and card.inp(0x22A) == 0xAA     # the port keeps it


def test_identification(card):
    card.command(0xE1)
    assert card.answers() == [4, 5]
    card.command(0xE0, 0x5A)
    assert card.answers() == [0xA5]
    card.command(0xE3)
    assert bytes(card.answers()) == b"COPYRIGHT (C) CREATIVE TECHNOLOGY LTD, 1992.\0"
    card.command(0xE4, 0x99, 0xE8)
    assert card.answers() == [0x99]
    card.command(0xF8)
    assert card.answers() == [0]


def test_identification_by_dma(card):
    """The bytes that drivers know: each is added up with a turning key."""
    card.program(1, 0x4000, 64, mode=0x44)
    card.command(*(value for byte in (0x55, 0xAA, 0, 1, 0xFF) for value in (0xE2, byte)))
    total, key, expected = 0xAA, 0x96, []
    for byte in (0x55, 0xAA, 0, 1, 0xFF):
        total = total + sum((-1 if key >> n & 1 else 1) * (byte & 1 << n) for n in range(8)) + key & 0xFF
        key = {0x96: 0xA5, 0xA5: 0x69, 0x69: 0x5A, 0x5A: 0x96}[key]
        expected.append(total)
    assert list(card.memory[0x4000:0x4005]) == expected


def test_speaker_switch_is_only_remembered(card):
    card.command(0xD8, 0xD1, 0xD8, 0xD3, 0xD8)
    assert card.answers() == [0, 0xFF, 0]


def test_unknown_commands_do_nothing(card):
    for command in (0x00, 0x03, 0x21, 0x60, 0xD7, 0xFF):
        card.command(command)
    card.command(0xE1)
    assert card.answers() == [4, 5]


# -- interrupts and mixer -------------------------------------------------------------------------------------------------

def test_interrupts_on_request(card):
    card.command(0xF2)
    assert card.irqs == [(0, IRQ, 1)] and card.mixer(0x82) & 7 == 1
    card.inp(0x22F)
    assert card.mixer(0x82) & 7 == 1
    card.inp(0x22E)
    assert card.irqs[1:] == [(0, IRQ, 0)] and card.mixer(0x82) & 7 == 0
    card.command(0xF3)
    assert card.mixer(0x82) & 7 == 2
    card.inp(0x22F)
    assert card.mixer(0x82) & 7 == 0 and card.irqs[-1] == (0, IRQ, 0)


@pytest.mark.parametrize("value, line", [(1, 9), (2, 5), (4, 7), (8, 10)])
def test_interrupt_line_is_chosen_by_register_80(card, value, line):
    assert card.mixer(0x80) == 2 and card.mixer(0x81) == 0x22
    card.mixer(0x80, value)
    assert card.mixer(0x80) == value
    card.command(0xF2)
    assert card.irqs == [(0, line, 1)]
    card.mixer(0x80, 0)
    assert card.irqs[1:] == [(0, line, 0)]


def test_reset_withdraws_interrupts(card):
    card.command(0xF2, 0xF3)
    card.reset()
    assert card.irqs == [(0, IRQ, 1), (0, IRQ, 0)] and card.mixer(0x82) & 7 == 0


def test_mixer_defaults_and_bits(card):
    for index, value in ((0x30, 0xC0), (0x33, 0xC0), (0x34, 0xC0), (0x36, 0), (0x3A, 0), (0x3C, 0x1F), (0x3D, 0x15), (0x3E, 0x0B), (0x44, 0x80)):
        assert card.mixer(index) == value
    for index, bits in ((0x30, 0xF8), (0x3B, 0xC0), (0x3C, 0x1F), (0x3D, 0x7F), (0x41, 0xC0), (0x43, 0x01), (0x47, 0xF0)):
        card.mixer(index, 0xFF)
        assert card.mixer(index) == bits
    card.mixer(0x80, 8)
    card.mixer(0, 0)
    assert card.mixer(0x30) == 0xC0 and card.mixer(0x3D) == 0x15 and card.mixer(0x80) == 8
    assert card.mixer(0x99) == 0 and card.mixer(0x50) == 0xFF and card.mixer(0x0C) == 0xFF


@pytest.mark.parametrize("old, new", [(0x04, 0x32), (0x22, 0x30), (0x26, 0x34), (0x28, 0x36), (0x2E, 0x38)])
def test_registers_of_the_sound_blaster_pro(card, old, new):
    card.mixer(old, 0xA3)
    assert (card.mixer(new), card.mixer(new + 1), card.mixer(old)) == (0xA8, 0x38, 0xA3)
    card.mixer(new, 0xF8)
    assert card.mixer(old) == 0xF3
    card.mixer(0x0A, 5)
    assert card.mixer(0x3A) == 0xA0 and card.mixer(0x0A) == 5


# -- output ---------------------------------------------------------------------------------------------------------------

def test_direct_samples(card):
    card.loud()
    card.command(0x10, 0x80)
    assert card.steps == []
    card.command(0x10, 0xC0)
    card.time = 125_000
    card.command(0x10, 0x40)
    assert card.levels() == [(DELAY_NS, 0x7FFF, 0x7FFF), (DELAY_NS + 125_000, -0x8000, -0x8000)]     # doubled, and clipped


def test_volume_is_in_steps_of_2_db(card):
    card.sb.start()
    for index in (0x30, 0x31, 0x32):
        card.mixer(index, 0xF8)
    card.mixer(0x33, 0xA8)                  # ten steps down
    card.command(0x10, 0x90)
    left, right = card.levels()[-1][1:]
    assert left == 2 * 0x1000 and right == pytest.approx(left / 10, rel=0.01)
    card.mixer(0x41, 0xC0)                  # 18 dB more
    card.command(0x10, 0x84)
    assert card.levels()[-1][1] == 2 * 0x400 * 8


def test_single_cycle_8_bit(card):
    """Command 14h: as long as the samples take, then the interrupt, and nothing more."""
    card.loud()
    card.memory[0x4000:0x4064] = bytes(range(0x80, 0x80 + 100))
    card.program(1, 0x4000, 100)
    card.command(0x40, 256 - 100, 0x14, 99, 0)
    card.run(9_999_999)
    assert rises(card) == []
    card.run(1)
    assert rises(card) == [10_000_000] and card.sb.at8 == NEVER
    assert card.dma[0].status & 2 and card.dma[0].mask & 2
    assert card.levels()[-1][1] == min(2 * (99 << 8), 0x7FFF)
    card.inp(0x22E)
    card.run(50_000_000)
    assert rises(card) == [10_000_000]


def test_automatic_16_bit_stereo(card):
    """Command B6h: an interrupt a block of its own, the DMA's buffer being two; D9h ends it with the block."""
    card.loud()
    card.memory[0x4000:0x4000 + 1600] = b"\x00\x10\x00\xF0" * 400
    card.program(5, 0x4000, 1600, mode=0x58)
    card.command(0x41, 40000 >> 8, 40000 & 255, 0xB6, 0x30, 399 & 255, 399 >> 8)
    for block in range(1, 5):
        card.run(5_000_000)
        assert rises(card) == [5_000_000 * n for n in range(1, block + 1)]
        card.inp(0x22F)
    assert {level[1:] for level in card.levels()} == {(0x2000, -0x2000)}
    card.run(2_000_000)
    card.command(0xD9)
    card.run(50_000_000)
    assert len(rises(card)) == 5


def test_the_dma_counter_moves_between_the_looks(card):
    card.program(1, 0x4000, 1000, mode=0x58)
    card.command(0x41, 10000 >> 8, 10000 & 255, 0xC6, 0, 999 & 255, 999 >> 8)
    seen = []
    for _ in range(20):
        card.run(50_000)
        card.dma[0].write(12, 0)
        low = card.dma[0].read(3)
        seen.append(card.dma[0].read(3) << 8 | low)
    assert seen == [999 - n // 2 for n in range(1, 21)]


def test_pause_and_go_on(card):
    card.program(1, 0x4000, 1000)
    card.command(0x40, 256 - 100, 0x14, 999 & 255, 999 >> 8)
    card.run(50_000_000)
    card.command(0xD0)
    card.run(1_000_000_000)
    assert rises(card) == [] and card.dma[0].count[1] == 499
    card.command(0xD4)
    card.run(50_000_000)
    assert rises(card) == [1_100_000_000]


def test_automatic_goes_on_after_exit_was_taken_back(card):
    card.program(1, 0x4000, 100, mode=0x58)
    card.command(0x40, 256 - 100, 0x48, 49, 0, 0x1C)
    card.run(5_000_000)
    card.command(0xDA, 0x45)
    card.run(20_000_000)
    assert len(rises(card)) == 1 and card.sb.transfers[0].active        # the interrupt was not acknowledged
    card.command(0xDA)
    card.run(20_000_000)
    assert not card.sb.transfers[0].active


@pytest.mark.parametrize("command, auto", [(0x1C, 1), (0x90, 1), (0x91, 0)])
def test_commands_with_a_block_size(card, command, auto):
    card.program(1, 0x4000, 200, mode=0x58)
    card.command(0x40, 256 - 100, 0x48, 99, 0, command)
    for _ in range(3):
        card.run(10_000_000)
        card.inp(0x22E)
    assert len(rises(card)) == (3 if auto else 1)


def test_slow_samples_are_interpolated(card):
    card.loud()
    card.memory[0x4000:0x4003] = b"\x90\xA0\x90"
    card.program(1, 0x4000, 3)
    card.command(0x40, 256 - 100, 0x14, 2, 0)
    card.run(1_000_000)
    ramp = [at - DELAY_NS for at, left, _ in card.levels()]
    assert ramp == [100_000 * (1 + n // 4) + 25_000 * (n % 4) for n in range(12)]
    assert [left for _, left, _ in card.levels()] == [2048, 4096, 6144, 8192, 10240, 12288, 14336, 16384, 14336, 12288, 10240, 8192]


def test_a_masked_channel_waits(card):
    card.command(0x40, 256 - 100, 0x14, 9, 0)
    card.run(100_000_000)
    assert rises(card) == []
    card.program(1, 0x4000, 10)
    card.run(5_000_000)
    assert len(rises(card)) == 1


def test_16_bit_by_a_channel_of_bytes(card):
    card.loud()
    card.memory[0x4000:0x4008] = b"\x00\x10" * 4
    card.mixer(0x81, 0x02)
    card.program(1, 0x4000, 8)
    card.command(0x41, 48000 >> 8, 48000 & 255, 0xB0, 0x10, 3, 0)
    card.run(1_000_000)
    assert card.levels()[-1][1] == 0x2000 and card.dma[0].mask & 2 and card.mixer(0x82) & 2


@pytest.mark.parametrize("dma, channel", [(0x01, 0), (0x02, 1), (0x08, 3)])
def test_8_bit_channels(card, dma, channel):
    card.mixer(0x81, dma | 0x20)
    card.program(channel, 0x4000, 10)
    card.command(0x40, 256 - 100, 0x14, 9, 0)
    card.run(1_000_000)
    assert card.dma[0].status == 1 << channel


@pytest.mark.parametrize("dma, channel", [(0x20, 5), (0x40, 6), (0x80, 7)])
def test_16_bit_channels(card, dma, channel):
    card.mixer(0x81, dma | 2)
    card.program(channel, 0x4000, 20)
    card.command(0x41, 20000 >> 8, 20000 & 255, 0xB0, 0x10, 9, 0)
    card.run(1_000_000)
    assert card.dma[1].status == 1 << (channel & 3)


def test_silence(card):
    card.command(0x40, 256 - 100, 0x80, 99, 0)
    card.run(20_000_000)
    assert rises(card) == [10_000_000]


# -- ADPCM ----------------------------------------------------------------------------------------------------------------

def played(card, command, data):
    card.loud()
    card.memory[0x4000:0x4000 + len(data)] = bytes(data)
    card.program(1, 0x4000, len(data))
    card.command(0x40, 256 - 30, command, len(data) - 1, 0)
    out = []
    card.sb.show_voice = lambda at, left, right: out.append(left // 256 + 128)
    card.run(10_000_000)
    return out


def packed(codes, bits):
    """What the samples should be, by the description of the steps."""
    top = {2: 1, 3: 3, 4: 5}[bits]
    steps = {2: (1, 2, 4, 8, 16), 3: (1, 2, 4, 5), 4: (1, 2, 4)}[bits]
    value, step, out = 0x80, 0, []
    for code in codes:
        sign, size = code >> bits - 1, code & (1 << bits - 1) - 1
        delta = size if step == 0 else (2 * size + 1) * steps[step - 1]
        value = min(max(value - delta if sign else value + delta, 0), 255)
        step = min(step + 1, len(steps)) if size >= top else max(step - 1, 0) if size == 0 else step
        out.append(value)
    return out


@pytest.mark.parametrize("command, bits", [(0x75, 4), (0x77, 3), (0x17, 2)])
def test_adpcm(card, command, bits):
    rng = random.Random(bits)
    codes = [rng.choice((rng.randrange(1 << bits), (1 << bits - 1) - 1)) for _ in range(36)]
    data = bytearray([0x80])
    if bits == 3:
        codes = [code & 6 if n % 3 == 2 else code for n, code in enumerate(codes)]
        data += bytes(codes[n] << 5 | codes[n + 1] << 2 | codes[n + 2] >> 1 for n in range(0, 36, 3))
    else:
        each = 8 // bits
        data += bytes(sum(codes[n + k] << 8 - bits * (k + 1) for k in range(each)) for n in range(0, 36, each))
    last = {2: 3, 3: 2, 4: 1}[bits]             # samples of the last byte, with which the transfer ends, that are not played
    assert played(card, command, data) == [0x80] + packed(codes, bits)[:-last]
    assert rises(card) == [len(data[1:]) * 30_000 * (last + 1) - last * 30_000 + 30_000]


# -- input, MIDI ----------------------------------------------------------------------------------------------------------

def test_recording_is_silent(card):
    card.program(1, 0x4000, 10, mode=0x44)
    card.memory[0x4000:0x4020] = b"\x55" * 32
    card.command(0x20)
    assert card.answers() == [0x80]
    card.command(0x40, 256 - 100, 0x24, 9, 0)
    card.run(1_000_000)
    assert card.memory[0x4000:0x400B] == b"\x80" * 10 + b"\x55" and rises(card) == [1_000_000]
    card.program(5, 0x4000, 20, mode=0x44)
    card.command(0x42, 20000 >> 8, 20000 & 255, 0xB8, 0x10, 9, 0)
    card.run(1_000_000)
    assert card.memory[0x4000:0x4014] == bytes(20)


def test_midi_commands(card):
    card.command(0x38, 0x90, 0x34)
    for value in (0x3C, 0x40, 0xE1, 0xFF):
        card.out(0x22C, value)
    assert card.midi == [0x90, 0x3C, 0x40, 0xE1, 0xFF]
    card.reset()
    assert card.answers() == [0xAA]


# -- everything -----------------------------------------------------------------------------------------------------------

def test_random_traffic(card):
    """Nothing that is written ever raises, and answers, interrupts and deadlines stay sane."""
    rng = random.Random(16)
    card.sb.start()
    for _ in range(6000):
        choice = rng.randrange(8)
        if choice == 0:
            card.mixer(rng.randrange(256), rng.randrange(256))
        elif choice == 1:
            card.program(rng.choice((0, 1, 3, 5, 6, 7)), rng.randrange(0, 0xF0000, 2), rng.randrange(4, 600), rng.choice((0x48, 0x44, 0x58, 0x68, 0x00)))
        elif choice == 2:
            card.run(rng.choice((1000, 100_000, 2_000_000)))
        elif choice == 3:
            card.inp(0x226 + rng.randrange(10))
        elif choice == 4 and rng.randrange(20) == 0:
            card.reset()
        else:
            card.out(0x22C, rng.choice((0x10, 0x14, 0x1C, 0x40, 0x41, 0x48, 0x75, 0x77, 0x17, 0x80, 0x90, 0xB6, 0xC6, 0xBE, 0xCE, 0xD0, 0xD4,
                                        0xD9, 0xE2, 0xF2, rng.randrange(256), 0, 1, 255)))
        assert card.sb.answer_count <= 64
    card.reset()
    assert card.answers()[-1:] == [0xAA]


def test_state_is_saved_in_the_middle_of_a_block(card):
    other = Card()
    for one in (card, other):
        one.loud()
        one.memory[0x4000:0x4064] = bytes(range(100))
        one.program(1, 0x4000, 100)
        one.command(0x40, 256 - 100, 0x14, 99, 0)
    card.run(4_030_000)
    other.sb.restore(card.sb.save())
    other.dma[0].restore(card.dma[0].save())
    other.time = card.time
    card.steps.clear()
    for one in (card, other):
        one.run(10_000_000)
    assert rises(card) == rises(other) == [10_000_000]


def test_peeks_change_nothing(card):
    card.command(0xE1, 0xF2, 0xF3)
    before = card.sb.save()
    for offset in range(10):
        card.sb.peek_dsp(offset)
    assert card.sb.peek_dsp(4) == 4 and card.sb.save() == before
