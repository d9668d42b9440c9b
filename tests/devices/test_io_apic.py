"""The I/O APIC against the data sheet of the 82093AA, with a local APIC at the other end of its bus."""

import random

import pytest
from apic_rig import EXTINT_VECTOR, P6, ApicRig

from emu.devices import local_apic_state as la
from emu.devices.io_apic import IOREDTBL, IOREGSEL, IOWIN, LEVEL, MASKED, REMOTE_IRR, IoApic

LOGICAL, LOW_POLARITY = 1 << 11, 1 << 13


@pytest.fixture
def rig():
    return ApicRig()


def pulse(rig, pin):
    rig.io.set_input(pin, 1)
    rig.io.set_input(pin, 0)


def register(rig, index, value=None):
    """Write or read an indirect register."""
    rig.io.write(IOREGSEL, index)
    if value is not None:
        rig.io.write(IOWIN, value)
        return None
    return rig.io.read(IOWIN)


# -- registers -------------------------------------------------------------------------------------------------------

def test_identification(rig):
    assert register(rig, 1) == 0x00170011           # 24 entries, version 11h
    register(rig, 1, 0xFFFFFFFF)
    assert register(rig, 1) == 0x00170011
    register(rig, 0, 0xFFFFFFFF)
    assert register(rig, 0) == register(rig, 2) == 0x0F000000
    register(rig, 2, 0)
    assert register(rig, 2) == 0x0F000000           # the arbitration id follows the id


def test_entries_after_reset(rig):
    assert [rig.entry(n) for n in range(24)] == [(MASKED, 0)] * 24
    assert register(rig, 0x40) == register(rig, 0xFF) == register(rig, 0x0F) == 0


def test_writable_bits_of_an_entry(rig):
    rig.entry(7, 0xFFFFFFFF, 0xFFFFFFFF)
    assert rig.entry(7) == (0x1AFFF, 0xFF000000)
    rig.entry(7, 0, 0)
    assert rig.entry(7) == (0, 0)


def test_select_register(rig):
    rig.io.write8(IOREGSEL, 0x13)
    assert rig.io.read(IOREGSEL) == 0x13 == rig.io.read8(IOREGSEL)
    rig.io.write(IOREGSEL, 0xABCDEF01)
    assert rig.io.read(IOREGSEL) == 1 and rig.io.read8(IOWIN) == 0x11 and rig.io.read8(IOWIN + 2) == 0x17
    rig.io.write8(IOWIN, 0xFF)                      # words only
    rig.io.write(0x20, 0x55)                        # nothing there
    assert rig.io.read(0x20) == 0 and rig.io.read(IOREGSEL) == 1
    assert rig.io.peek(IOWIN) == 0x00170011


# -- edges -----------------------------------------------------------------------------------------------------------

def test_edge(rig):
    rig.entry(4, 0x54)
    pulse(rig, 4)
    assert rig.vectors(la.IRR) == {0x54} and rig.vectors(la.TMR) == set() and rig.entry(4) == (0x54, 0)
    assert rig.take() == 0x54
    rig.write(la.EOI, 0)
    assert rig.eois == [] and rig.intr == 0
    rig.io.set_input(4, 1)
    rig.io.set_input(4, 1)
    assert len(rig.messages) == 2


def test_edge_at_a_masked_input_is_lost(rig):
    rig.entry(4, MASKED | 0x54)
    rig.io.set_input(4, 1)
    rig.entry(4, 0x54)
    assert rig.intr == 0 and rig.messages == []


def test_polarity_means_nothing(rig):
    rig.entry(4, LOW_POLARITY | 0x54)
    rig.entry(5, LOW_POLARITY | LEVEL | 0x55)
    assert rig.messages == []
    pulse(rig, 4)
    rig.io.set_input(5, 1)
    assert rig.vectors(la.IRR) == {0x54, 0x55}


# -- levels ----------------------------------------------------------------------------------------------------------

def test_level_until_it_falls(rig):
    rig.entry(10, LEVEL | 0x5A)
    rig.io.set_input(10, 1)
    assert rig.entry(10) == (LEVEL | REMOTE_IRR | 0x5A, 0) and rig.vectors(la.TMR) == {0x5A}
    assert rig.take() == 0x5A
    rig.io.set_input(10, 0)
    rig.io.set_input(10, 1)                         # remote IRR holds it back
    assert len(rig.messages) == 1
    rig.write(la.EOI, 0)
    assert rig.eois == [0x5A] and rig.take() == 0x5A and len(rig.messages) == 2
    rig.io.set_input(10, 0)
    rig.write(la.EOI, 0)
    assert rig.intr == 0 and rig.entry(10) == (LEVEL | 0x5A, 0)


def test_masked_level_waits(rig):
    rig.entry(10, MASKED | LEVEL | 0x5A)
    rig.io.set_input(10, 1)
    assert rig.intr == 0
    rig.entry(10, LEVEL | 0x5A)
    assert rig.take() == 0x5A
    rig.entry(10, MASKED | LEVEL | 0x5A)            # masked while served, ended, unmasked
    rig.write(la.EOI, 0)
    assert rig.intr == 0 and rig.entry(10) == (MASKED | LEVEL | 0x5A, 0)
    rig.entry(10, LEVEL | 0x5A)
    assert rig.take() == 0x5A


def test_eoi_reaches_all_inputs_of_the_vector(rig):
    for pin in (10, 11):
        rig.entry(pin, LEVEL | 0x5A)
        rig.io.set_input(pin, 1)
    assert rig.take() == 0x5A
    rig.io.set_input(10, 0)
    rig.write(la.EOI, 0)
    assert rig.entry(10)[0] & REMOTE_IRR == 0 and rig.entry(11)[0] & REMOTE_IRR and rig.take() == 0x5A


def test_becoming_edge_forgets_remote_irr(rig):
    """How an interrupt of a chip without an EOI register is ended by hand (Linux, for versions below 20h)."""
    rig.entry(10, LEVEL | 0x5A)
    rig.io.set_input(10, 1)
    rig.entry(10, MASKED | 0x5A)
    rig.entry(10, LEVEL | 0x5A)
    assert len(rig.messages) == 2


def test_not_accepted_level_is_sent_again(rig):
    rig.write(la.SVR, 0xFF)                         # the local APIC accepts nothing
    rig.entry(10, LEVEL | 0x5A)
    rig.io.set_input(10, 1)
    assert rig.entry(10) == (LEVEL | 0x5A, 0)
    rig.write(la.SVR, 0x1FF)
    assert rig.take() == 0x5A and rig.entry(10)[0] & REMOTE_IRR


# -- destinations and modes ------------------------------------------------------------------------------------------

def test_destinations(rig):
    rig.write(la.ID, 0x02000000)
    rig.write(la.LDR, 0x08000000)
    for low, high, wanted in ((0, 2, True), (0, 3, False), (0, 0xFF, True), (LOGICAL, 0x0C, True), (LOGICAL, 0x04, False)):
        rig.entry(4, low | 0x54, high << 24)
        pulse(rig, 4)
        assert (rig.take() == 0x54) == wanted
        rig.write(la.EOI, 0)


def test_four_bits_of_id_on_the_apic_bus():
    rig = ApicRig(P6)
    rig.entry(4, 0x54, 0x0F000000)
    pulse(rig, 4)
    assert rig.take() == 0x54


@pytest.mark.parametrize("mode, level", [(la.SMI, 0), (3, 0), (la.NMI, LEVEL), (la.INIT, LEVEL), (6, 0), (la.EXTINT, LEVEL)])
def test_modes_that_are_always_edges(rig, mode, level):
    rig.entry(4, level | mode << 8 | 0x54)
    rig.io.set_input(4, 1)
    assert (rig.nmis, rig.inits, rig.intr) == (mode == la.NMI, mode == la.INIT, mode == la.EXTINT)
    assert rig.entry(4)[0] & REMOTE_IRR == 0


def test_8259s_through_an_entry(rig):
    """Virtual wire by the I/O APIC: input 0 as ExtINT, LINT0 masked."""
    rig.lvt(la.LVT_LINT0, 0x10700)
    rig.entry(0, la.EXTINT << 8)
    rig.io.set_input(0, 1)
    assert rig.take() == EXTINT_VECTOR and rig.intr == 0 and rig.vectors(la.ISR) == set()


def test_inputs_that_are_not_there(rig):
    for pin in (24, 31, 255):
        rig.io.set_input(pin, 1)
    assert rig.io.lines == 0


# -- the rest --------------------------------------------------------------------------------------------------------

def test_save_and_restore(rig):
    rig.entry(10, LEVEL | 0x5A, 0x01000000)
    rig.io.set_input(10, 1)
    other = IoApic()
    other.restore(rig.io.save())
    assert other.save() == rig.io.save() and other.lines == 1 << 10


def test_random_traffic():
    """No traffic raises, and no asserted level is forgotten."""
    rng = random.Random(82093)
    rig = ApicRig()
    for _ in range(30000):
        action = rng.randrange(6)
        if action == 0:
            rig.io.write(rng.choice((IOREGSEL, IOWIN, rng.randrange(1 << 12))), rng.getrandbits(32))
        elif action == 1:
            rig.entry(rng.randrange(24), rng.choice((0, LEVEL)) | rng.choice((0, LOGICAL)) | rng.randrange(16, 256),
                      rng.choice((0, 0xFF000000, rng.getrandbits(32))))
        elif action == 2:
            offset = rng.randrange(1 << 12)
            assert rig.io.peek(offset) == rig.io.read(offset)
            rig.io.write8(offset, rng.randrange(256))
        elif action == 3:
            rig.take()
            if rng.randrange(2):
                rig.write(la.EOI, 0)
        elif action == 4 and rng.random() < 0.1:
            rig.write(la.SVR, rng.choice((0x1FF, 0xFF)))
            rig.write(la.SVR, 0x1FF)
        else:
            rig.io.set_input(rng.randrange(24), rng.randrange(2))
        for pin in range(24):
            entry = rig.io.entries[pin]
            if entry & (LEVEL | MASKED | REMOTE_IRR | 0x600) == LEVEL and rig.io.lines >> pin & 1:
                assert not rig.lapic.addressed(entry >> 56, entry >> 11 & 1)
            assert entry & REMOTE_IRR == 0 or entry & LEVEL
    assert IOREDTBL == 0x10
