"""The local APIC against chapter 10 of the SDM's volume 3."""

import random

import pytest
from apic_rig import BASE, EXTINT_VECTOR, P4, P5, P6, ApicRig

from emu.devices import local_apic_state as la
from emu.devices.local_apic import BASE_ENABLE, LocalApic
from emu.bus.types import NEVER

TO_SELF, TO_ALL, TO_OTHERS = 1 << 18, 2 << 18, 3 << 18
LOGICAL, ASSERT, LEVEL = 1 << 11, 1 << 14, 1 << 15


@pytest.fixture
def rig():
    return ApicRig()


# -- registers -------------------------------------------------------------------------------------------------------

def test_state_after_reset():
    rig = ApicRig(enabled=False)
    assert [rig.read(r) for r in (la.ID, la.VERSION, la.TPR, la.PPR, la.LDR, la.DFR, la.SVR, la.ICR_LOW, la.ICR_HIGH)] == [
        0, 0x00050014, 0, 0, 0, 0xFFFFFFFF, 0xFF, 0, 0]
    assert [rig.read(r) for r in (la.INITIAL_COUNT, la.CURRENT_COUNT, la.DIVIDE, la.ESR)] == [0] * 4
    for register in (la.ISR, la.TMR, la.IRR):
        assert rig.vectors(register) == set()
    # virtual wires: the 8259s on LINT0, NMI on LINT1
    assert [rig.lvt(n) for n in range(6)] == [0x10000, 0x10000, 0x10000, 0x700, 0x400, 0x10000]


@pytest.mark.parametrize("register, kept", [
    (la.ID, 0xFF000000), (la.TPR, 0xFF), (la.LDR, 0xFF000000), (la.ICR_HIGH, 0xFF000000), (la.SVR, 0x3FF),
    (la.DIVIDE, 0x0B), (la.INITIAL_COUNT, 0xFFFFFFFF), (la.LVT_FIRST, 0x300FF), (la.LVT_FIRST + 1, 0x107FF),
    (la.LVT_FIRST + 2, 0x107FF), (la.LVT_FIRST + 3, 0x1A7FF), (la.LVT_FIRST + 4, 0x1A7FF), (la.LVT_FIRST + 5, 0x100FF)])
def test_writable_bits(rig, register, kept):
    rig.write(register, 0xFFFFFFFF)
    assert rig.read(register) == kept
    rig.write(register, 0)
    assert rig.read(register) == (0x10000 if register >= la.LVT_FIRST and register <= la.LVT_LAST
                                  and not rig.lapic.svr & 0x100 else 0)


def test_destination_format_has_four_bits(rig):
    rig.write(la.DFR, 0)
    assert rig.read(la.DFR) == 0x0FFFFFFF


def test_command_register_reads_back_without_delivery_status(rig):
    rig.ipi(0xFFFFFFFF & ~0x0700, 0x12)
    assert rig.read(la.ICR_LOW) == 0xCCFFF & ~0x0700 and rig.read(la.ICR_HIGH) == 0x12000000


@pytest.mark.parametrize("register", [la.VERSION, la.PPR, la.RRD, la.CURRENT_COUNT, *range(la.ISR, la.VECTORS_LAST + 1)])
def test_read_only_registers(rig, register):
    before = rig.read(register)
    rig.write(register, 0xFFFFFFFF)
    assert rig.read(register) == before and rig.errors() == 0


def test_eoi_is_write_only(rig):
    assert rig.read(la.EOI) == 0 and rig.errors() == 0


def test_words_only(rig):
    """Reads of a part give the part; narrower writes and the twelve bytes after a register do nothing."""
    rig.write(la.TPR, 0x35)
    assert rig.lapic.read8(0x80) == 0x35 and rig.lapic.read8(0x32) == 5 and rig.lapic.read(0x84) == 0
    rig.lapic.write8(0x80, 0x12)
    rig.lapic.write(0x84, 0x12)
    assert rig.read(la.TPR) == 0x35


def test_peek_changes_nothing(rig):
    rig.write(la.LDR, 0x5A000000)
    state = rig.lapic.save()
    assert rig.lapic.peek(la.LDR << 4) == 0x5A000000 and rig.lapic.peek(0x370) == 0x10000
    assert [rig.lapic.peek(r << 4) for r in range(256)] == [rig.lapic.peek(r << 4) for r in range(256)]
    assert rig.lapic.save() == state


@pytest.mark.parametrize("version, absent", [(P5, {1, 2}), (P6, {1}), (P4, set())])
def test_entries_by_processor(version, absent):
    rig = ApicRig(version)
    for n in range(6):
        rig.read(la.LVT_FIRST + n)
        assert (rig.errors() == la.ERR_REGISTER) == (n in absent)


def test_old_processors_have_four_ones_in_the_spurious_vector():
    rig = ApicRig(P6)
    rig.write(la.SVR, 0x120)
    assert rig.read(la.SVR) == 0x12F
    rig.write(la.ID, 0xFF000000)
    assert rig.read(la.ID) == 0x0F000000


# -- priorities ------------------------------------------------------------------------------------------------------

def test_self_ipi_is_taken_and_ended(rig):
    rig.ipi(TO_SELF | 0x41)
    assert rig.intr == 1 and rig.vectors(la.IRR) == {0x41}
    assert rig.take() == 0x41 and rig.intr == 0
    assert rig.vectors(la.IRR) == set() and rig.vectors(la.ISR) == {0x41} and rig.read(la.PPR) == 0x40
    rig.write(la.EOI, 0)
    assert rig.vectors(la.ISR) == set() and rig.read(la.PPR) == 0


def test_classes_of_sixteen(rig):
    """The same class waits, a higher one interrupts, and EOI ends the highest in service."""
    rig.ipi(TO_SELF | 0x48)
    assert rig.take() == 0x48
    rig.ipi(TO_SELF | 0x4F)
    assert rig.intr == 0
    rig.ipi(TO_SELF | 0x50)
    assert rig.take() == 0x50 and rig.vectors(la.ISR) == {0x48, 0x50}
    rig.write(la.EOI, 0)
    assert rig.vectors(la.ISR) == {0x48} and rig.intr == 0
    rig.write(la.EOI, 0)
    assert rig.take() == 0x4F


def test_highest_first(rig):
    for vector in (0x31, 0xFE, 0x80, 0xFF, 0x10):
        rig.ipi(TO_SELF | vector)
    taken = []
    while rig.intr:
        taken.append(rig.take())
        rig.write(la.EOI, 0)
    assert taken == [0xFF, 0xFE, 0x80, 0x31, 0x10]


def test_task_priority(rig):
    rig.write(la.TPR, 0x45)
    assert rig.read(la.PPR) == 0x45
    rig.ipi(TO_SELF | 0x4F)
    assert rig.intr == 0 and rig.vectors(la.IRR) == {0x4F}
    rig.write(la.TPR, 0x3F)
    assert rig.intr == 1
    rig.write(la.TPR, 0x40)
    assert rig.intr == 0
    rig.write(la.TPR, 0)
    assert rig.take() == 0x4F
    rig.write(la.TPR, 0x42)
    assert rig.read(la.PPR) == 0x42           # equal classes: TPR with its sub-class
    rig.write(la.TPR, 0x32)
    assert rig.read(la.PPR) == 0x40


def test_one_more_of_the_same_vector_waits_in_irr(rig):
    rig.ipi(TO_SELF | 0x61)
    assert rig.take() == 0x61
    rig.ipi(TO_SELF | 0x61)
    rig.ipi(TO_SELF | 0x61)
    assert rig.vectors(la.IRR) == {0x61} and rig.intr == 0
    rig.write(la.EOI, 0)
    assert rig.take() == 0x61
    rig.write(la.EOI, 0)
    assert rig.intr == 0


def test_eoi_with_nothing_in_service(rig):
    rig.write(la.EOI, 0)
    assert rig.vectors(la.ISR) == set() and rig.eois == []


def test_spurious_vector(rig):
    """An acknowledge whose request has gone: the vector of SVR, nothing in service."""
    rig.write(la.SVR, 0x1E3)
    rig.ipi(TO_SELF | 0x41)
    rig.write(la.TPR, 0xF0)
    assert rig.lapic.acknowledge() == 0xE3
    assert rig.vectors(la.ISR) == set() and rig.vectors(la.IRR) == {0x41}


def test_arbitration_priority():
    rig = ApicRig(P6)
    rig.write(la.TPR, 0x53)
    assert rig.read(la.APR) == 0x53
    rig.ipi(TO_SELF | 0x91)
    assert rig.read(la.APR) == 0x90
    assert ApicRig(P4).read(la.APR) == 0


# -- messages --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("dfr, ldr, destination, wanted", [
    (0xF, 0x01, 0x01, True), (0xF, 0x01, 0x03, True), (0xF, 0x01, 0x02, False), (0xF, 0x00, 0xFF, False),
    (0xF, 0x80, 0xFF, True), (0x0, 0x21, 0x21, True), (0x0, 0x21, 0x23, True), (0x0, 0x21, 0x22, False),
    (0x0, 0x21, 0x31, False), (0x0, 0x21, 0xF1, True), (0x0, 0x24, 0xFF, True), (0x7, 0x21, 0x21, False)])
def test_logical_destinations(rig, dfr, ldr, destination, wanted):
    rig.write(la.DFR, dfr << 28)
    rig.write(la.LDR, ldr << 24)
    rig.ipi(LOGICAL | 0x33, destination)
    assert rig.vectors(la.IRR) == ({0x33} if wanted else set())


@pytest.mark.parametrize("version, own, destination, wanted", [
    (P4, 0, 0, True), (P4, 3, 3, True), (P4, 3, 2, False), (P4, 3, 0xFF, True), (P4, 3, 0x0F, False),
    (P6, 3, 3, True), (P6, 3, 0x0F, True), (P6, 3, 2, False)])
def test_physical_destinations(version, own, destination, wanted):
    rig = ApicRig(version)
    rig.write(la.ID, own << 24)
    rig.ipi(0x33, destination)
    assert rig.vectors(la.IRR) == ({0x33} if wanted else set())
    assert rig.errors() == (la.ERR_SEND_ACCEPT if version == P6 and not wanted else 0)


def test_shorthands(rig):
    for where, wanted in ((TO_SELF, True), (TO_ALL, True), (TO_OTHERS, False)):
        rig.ipi(where | 0x33, 0x55)
        assert (rig.vectors(la.IRR) == {0x33}) == wanted
        if wanted:
            assert rig.take() == 0x33
            rig.write(la.EOI, 0)


def test_lowest_priority_goes_to_the_only_processor(rig):
    rig.write(la.SVR, 0x3FF)                        # focus checking off
    rig.write(la.LDR, 0x01000000)
    rig.ipi(LOGICAL | la.LOWEST_PRIORITY << 8 | 0x33, 0xFF)
    assert rig.take() == 0x33


def test_an_ipi_is_an_edge_whatever_its_trigger_mode(rig):
    rig.ipi(TO_SELF | LEVEL | ASSERT | 0x33)
    assert rig.vectors(la.TMR) == set()


def test_nmi_and_init_to_oneself(rig):
    rig.ipi(la.NMI << 8 | ASSERT, 0)
    assert rig.nmis == 1 and rig.inits == 0
    rig.ipi(la.INIT << 8 | LEVEL, 0)                # level de-assert: only synchronises
    assert rig.inits == 0
    rig.ipi(la.INIT << 8 | LEVEL | ASSERT, 0)
    assert rig.inits == 1
    rig.ipi(la.START_UP << 8 | ASSERT | 0x9A, 0)    # a processor that runs ignores it
    rig.ipi(la.SMI << 8 | ASSERT, 0)
    for where in (TO_SELF, TO_ALL, TO_OTHERS):      # shorthands send fixed interrupts to oneself, nothing else
        rig.ipi(where | la.NMI << 8 | ASSERT)
        rig.ipi(where | la.INIT << 8 | ASSERT)
    assert (rig.nmis, rig.inits, rig.intr) == (1, 1, 0)


def test_illegal_vectors(rig):
    for vector in range(16):
        rig.ipi(TO_SELF | vector)
        assert rig.errors() == la.ERR_SEND_ILLEGAL
        assert rig.lapic.message(0, 0, vector, la.FIXED, 0) == 1
        assert rig.errors() == la.ERR_RECEIVE_ILLEGAL
    assert rig.vectors(la.IRR) == set()


# -- errors ----------------------------------------------------------------------------------------------------------

def test_error_status_shows_what_came_since_the_last_write(rig):
    rig.read(0x05)
    assert rig.read(la.ESR) == 0
    rig.write(la.ESR, 0)
    assert rig.read(la.ESR) == la.ERR_REGISTER
    rig.ipi(TO_SELF | 3)
    assert rig.errors() == la.ERR_SEND_ILLEGAL
    assert rig.errors() == 0


def test_error_interrupt(rig):
    rig.lvt(la.LVT_ERROR, 0xFE)
    rig.write(0x3F, 1)
    assert rig.take() == 0xFE and rig.errors() == la.ERR_REGISTER
    rig.write(la.EOI, 0)
    rig.lvt(la.LVT_ERROR, 0x05)                     # an illegal vector of the entry itself
    rig.write(0x3F, 1)
    assert rig.intr == 0 and rig.errors() == la.ERR_REGISTER | la.ERR_RECEIVE_ILLEGAL


# -- enabling --------------------------------------------------------------------------------------------------------

def test_software_disable_masks_the_local_vectors(rig):
    rig.lvt(la.LVT_LINT0, 0x700)
    rig.ipi(TO_SELF | 0x41)
    rig.write(la.SVR, 0xFF)
    assert all(rig.lvt(n) & la.LVT_MASKED for n in range(6))
    rig.lvt(la.LVT_TIMER, 0x55)
    assert rig.lvt(la.LVT_TIMER) == 0x10055         # and they cannot be unmasked
    rig.ipi(TO_SELF | 0x61)                         # not accepted
    assert rig.vectors(la.IRR) == {0x41} and rig.take() == 0x41
    rig.ipi(la.NMI << 8 | ASSERT, 0)                # but this is
    assert rig.nmis == 1
    rig.write(la.SVR, 0x1FF)
    assert rig.lvt(la.LVT_TIMER) == 0x10055


def test_switched_off_it_passes_the_pins_through(rig):
    rig.lvt(la.LVT_LINT0, la.LVT_MASKED)
    rig.lapic.set_lint(la.LINT0, 1)
    assert rig.intr == 0
    rig.lapic.base_changed(BASE | 0x100)
    assert rig.intr == 1 and rig.lapic.page == la.NOWHERE and rig.take() == EXTINT_VECTOR
    rig.lapic.set_lint(la.LINT1, 1)
    rig.lapic.set_lint(la.LINT1, 1)
    assert rig.nmis == 1
    assert rig.lapic.message(0xFF, 0, 0x55, la.FIXED, 0) == 0
    rig.lapic.set_lint(la.LINT0, 0)
    assert rig.intr == 0
    rig.lapic.base_changed(BASE | BASE_ENABLE | 0x100)      # as after a reset
    assert rig.read(la.SVR) == 0xFF and rig.lvt(la.LVT_LINT0) == 0x700 and rig.moves == [BASE, la.NOWHERE, BASE]


def test_page_moves(rig):
    rig.lapic.base_changed(0x12345000 | BASE_ENABLE)
    assert rig.lapic.page == 0x12345000 and rig.read(la.SVR) == 0x1FF       # with its state
    rig.lapic.base_changed(0xF00000000 | BASE_ENABLE)
    assert rig.lapic.page == la.NOWHERE


# -- pins ------------------------------------------------------------------------------------------------------------

def test_virtual_wire(rig):
    rig.lvt(la.LVT_LINT0, 0x700)
    rig.lapic.set_lint(la.LINT0, 1)
    rig.write(la.TPR, 0xFF)                         # no matter for the 8259s
    assert rig.take() == EXTINT_VECTOR and rig.vectors(la.ISR) == set()
    rig.lapic.set_lint(la.LINT0, 0)
    assert rig.intr == 0
    rig.lvt(la.LVT_LINT0, 0x10700)
    rig.lapic.set_lint(la.LINT0, 1)
    assert rig.intr == 0


@pytest.mark.parametrize("pin", [la.LINT0, la.LINT1])
def test_pin_as_edge(rig, pin):
    rig.lvt(la.LVT_LINT0 + pin, 0x66)
    rig.lapic.set_lint(pin, 1)
    assert rig.take() == 0x66 and rig.vectors(la.TMR) == set()
    rig.write(la.EOI, 0)
    assert rig.intr == 0
    rig.lapic.set_lint(pin, 0)
    rig.lapic.set_lint(pin, 1)
    assert rig.take() == 0x66


def test_lint0_as_level(rig):
    rig.lvt(la.LVT_LINT0, LEVEL | 0x66)
    rig.lapic.set_lint(la.LINT0, 1)
    assert rig.lvt(la.LVT_LINT0) == LEVEL | la.LVT_REMOTE_IRR | 0x66 and rig.vectors(la.TMR) == {0x66}
    assert rig.take() == 0x66
    rig.write(la.EOI, 0)                            # still high: once more
    assert rig.take() == 0x66 and rig.eois == [0x66]
    rig.lapic.set_lint(la.LINT0, 0)
    rig.write(la.EOI, 0)
    assert rig.intr == 0 and rig.lvt(la.LVT_LINT0) == LEVEL | 0x66


def test_lint1_is_never_level(rig):
    rig.lvt(la.LVT_LINT1, LEVEL | 0x66)
    rig.lapic.set_lint(la.LINT1, 1)
    assert rig.take() == 0x66 and rig.vectors(la.TMR) == set()


def test_pins_as_nmi_and_init(rig):
    rig.lvt(la.LVT_LINT0, 0x400)                    # how Linux makes a watchdog of the timer
    for level in (1, 1, 0, 1):
        rig.lapic.set_lint(la.LINT0, level)
    assert rig.nmis == 2
    rig.lvt(la.LVT_LINT1, 0x500)
    rig.lapic.set_lint(la.LINT1, 1)
    assert rig.inits == 1


# -- timer -----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("code, divisor", [(0, 2), (1, 4), (2, 8), (3, 16), (8, 32), (9, 64), (10, 128), (11, 1)])
def test_divide_values(rig, code, divisor):
    rig.write(la.DIVIDE, code)
    rig.lvt(la.LVT_TIMER, 0x40)
    rig.write(la.INITIAL_COUNT, 1000)
    rig.time += 10 * divisor * 400 + 10 * divisor - 1
    assert rig.read(la.CURRENT_COUNT) == 600
    rig.time += 1
    assert rig.read(la.CURRENT_COUNT) == 599


def test_one_shot(rig):
    rig.write(la.DIVIDE, 11)
    rig.lvt(la.LVT_TIMER, 0x40)
    rig.write(la.INITIAL_COUNT, 100)
    assert rig.read(la.CURRENT_COUNT) == 100
    assert rig.run(999) == [] and rig.read(la.CURRENT_COUNT) == 1
    assert rig.run(5000, serve=False) == [1000] and rig.read(la.CURRENT_COUNT) == 0 and rig.read(la.INITIAL_COUNT) == 100
    assert rig.take() == 0x40 and rig.lapic.deadline == NEVER


def test_periodic_does_not_drift(rig):
    rig.write(la.DIVIDE, 3)
    rig.lvt(la.LVT_TIMER, la.LVT_PERIODIC | 0x40)
    rig.time = 7
    rig.write(la.INITIAL_COUNT, 25)
    assert rig.run(40_000_003)[-1] == 7 + 10_000 * 4000
    rig.time += 3 * 4000 + 77                       # served late: one interrupt, and the phase stays
    rig.lapic.expire()
    rig.take()
    assert (rig.lapic.deadline - 7) % 4000 == 0 and rig.time < rig.lapic.deadline <= rig.time + 4000
    rig.time = rig.lapic.deadline - 1
    assert rig.read(la.CURRENT_COUNT) == 1


def test_initial_count_of_0_stops(rig):
    rig.lvt(la.LVT_TIMER, la.LVT_PERIODIC | 0x40)
    rig.write(la.INITIAL_COUNT, 50)
    rig.time += 100
    rig.write(la.INITIAL_COUNT, 0)
    assert rig.read(la.CURRENT_COUNT) == 0 and rig.run(100_000) == []


def test_masked_timer_counts_on(rig):
    rig.write(la.DIVIDE, 11)
    rig.lvt(la.LVT_TIMER, la.LVT_MASKED | la.LVT_PERIODIC | 0x40)
    rig.write(la.INITIAL_COUNT, 100)
    assert rig.run(12_340) == [] and rig.read(la.CURRENT_COUNT) == 66
    rig.lvt(la.LVT_TIMER, la.LVT_PERIODIC | 0x40)
    assert rig.run(2000) == [13_000, 14_000]
    rig.lvt(la.LVT_TIMER, 0x40)                     # from here on one-shot: the period is brought to its end
    assert rig.run(5000) == [15_000] and rig.read(la.CURRENT_COUNT) == 0


def test_mode_changes(rig):
    """The count goes on where it is; one that has run out does not start again."""
    rig.write(la.DIVIDE, 11)
    rig.lvt(la.LVT_TIMER, 0x40)
    rig.write(la.INITIAL_COUNT, 100)
    rig.run(600)
    rig.lvt(la.LVT_TIMER, la.LVT_PERIODIC | 0x40)
    assert rig.read(la.CURRENT_COUNT) == 40 and rig.run(1500) == [1000, 2000]
    rig.lvt(la.LVT_TIMER, 0x40)
    assert rig.read(la.CURRENT_COUNT) == 90 and rig.run(5000) == [3000]
    rig.lvt(la.LVT_TIMER, la.LVT_PERIODIC | 0x40)
    assert rig.run(5000) == [] and rig.read(la.CURRENT_COUNT) == 0 and rig.read(la.INITIAL_COUNT) == 100


def test_divisor_changes_while_it_counts(rig):
    rig.write(la.DIVIDE, 11)
    rig.lvt(la.LVT_TIMER, 0x40)
    rig.write(la.INITIAL_COUNT, 100)
    rig.time = 400
    rig.write(la.DIVIDE, 3)
    assert rig.read(la.CURRENT_COUNT) == 60
    assert rig.run(100_000) == [400 + 60 * 160]


def test_there_is_no_third_mode(rig):
    """CPUID announces no TSC-deadline mode: bit 18 is reserved."""
    rig.lvt(la.LVT_TIMER, 0x40040)
    assert rig.lvt(la.LVT_TIMER) == 0x40
    rig.write(la.INITIAL_COUNT, 10)
    assert rig.lapic.deadline != NEVER


def test_timer_with_an_illegal_vector(rig):
    rig.lvt(la.LVT_TIMER, 0x0F)
    rig.write(la.INITIAL_COUNT, 10)
    rig.run(1000)
    assert rig.intr == 0 and rig.errors() == la.ERR_RECEIVE_ILLEGAL


def test_longest_count(rig):
    rig.write(la.DIVIDE, 10)
    rig.lvt(la.LVT_TIMER, la.LVT_PERIODIC | 0x40)
    rig.write(la.INITIAL_COUNT, 0xFFFFFFFF)
    assert rig.run(0xFFFFFFFF * 1280 * 3) == [0xFFFFFFFF * 1280 * n for n in (1, 2, 3)]


def test_no_deadline_while_the_interrupt_waits(rig):
    """However short the period is: the next interrupt would change nothing."""
    rig.write(la.DIVIDE, 11)
    rig.lvt(la.LVT_TIMER, la.LVT_PERIODIC | 0x40)
    rig.write(la.TPR, 0x80)
    rig.write(la.INITIAL_COUNT, 3)
    assert rig.run(1_000_000) == [30] and rig.read(la.CURRENT_COUNT) == 2
    rig.write(la.TPR, 0)
    assert rig.take() == 0x40 and rig.lapic.deadline == 1_000_020
    rig.lvt(la.LVT_TIMER, la.LVT_PERIODIC | 5)      # an illegal vector: the error is noted once
    assert rig.run(1_000_000) == [1_000_020] and rig.errors() == la.ERR_RECEIVE_ILLEGAL
    assert rig.lapic.deadline == 2_000_010 and rig.run(100) == [2_000_010]


class Eager(LocalApic):
    """One that stops for every period."""

    def repeats(self):
        return False


@pytest.mark.parametrize("seed", range(8))
def test_what_is_left_out_shows_nowhere(seed):
    """Random traffic with short periods: all registers and the processor's request are those of one that stops for every period."""
    rng = random.Random(seed)
    rigs = [ApicRig(), ApicRig(kind=Eager)]
    fired = [0, 0]
    for _ in range(400):
        kind, a, b = rng.randrange(12), rng.randrange(256), rng.random()
        vector = rng.choice((0x31, 0x42, 0x42, 0x42, 5))
        passes = rng.choice((0, 10, 20, 70, 330))
        for n, rig in enumerate(rigs):
            fired[n] += len(rig.run(passes, serve=False))
            if kind < 3:
                rig.take()
            elif kind < 5:
                rig.write(la.EOI, 0)
            elif kind == 5:
                rig.write(la.TPR, a)
            elif kind == 6:
                rig.write(la.INITIAL_COUNT, a & 7)
            elif kind == 7:
                rig.lvt(la.LVT_TIMER, vector | (la.LVT_PERIODIC if b < 0.8 else 0) | (la.LVT_MASKED if b > 0.9 else 0))
            elif kind == 8:
                rig.lvt(la.LVT_ERROR, vector | (la.LVT_MASKED if b < 0.5 else 0))
            elif kind == 9:
                rig.errors()
            elif kind == 10:
                rig.write(la.DIVIDE, a & 11)
            elif b < 0.9:
                rig.lapic.message(0xFF, 0, 0x42, 0, a & 1)
            else:
                rig.write(la.SVR, 0x0FF | (0x100 if b < 0.97 else 0))
        seen = [[rig.lapic.peek(r << 4) for r in range(0x40)] + [rig.intr, rig.lapic.errors] for rig in rigs]
        assert seen[0] == seen[1]
    assert fired[0] < fired[1]


# -- the rest --------------------------------------------------------------------------------------------------------

def test_save_and_restore(rig):
    rig.lvt(la.LVT_TIMER, la.LVT_PERIODIC | 0x40)
    rig.write(la.INITIAL_COUNT, 1000)
    rig.ipi(TO_SELF | 0x81)
    rig.take()
    rig.ipi(TO_SELF | 0x92)
    other = LocalApic()
    other.restore(rig.lapic.save())
    assert other.save() == rig.lapic.save()
    assert other.deadline == rig.lapic.deadline and other.acknowledge() == 0x92 and other.read(la.ISR + 4 << 4) == 1 << 1 | 1 << 18


def test_random_traffic():
    """Nothing that a guest writes raises or stores what does not fit, and the request always follows the registers."""
    rng = random.Random(10)
    rig = ApicRig(rng.choice((P4, P6, P5)))
    for _ in range(30000):
        action = rng.randrange(10)
        if action < 4:
            register = rng.choice((rng.randrange(256), rng.randrange(la.LVT_FIRST, la.LVT_LAST + 1), la.SVR, la.ICR_LOW))
            value = rng.choice((rng.getrandbits(32), rng.randrange(256), 0x1FF, rng.getrandbits(32) & ~la.LVT_MASKED))
            rig.write(register, value)
        elif action == 4:
            rig.lapic.read(rng.randrange(1 << 12))
            rig.lapic.read8(rng.randrange(1 << 12))
            rig.lapic.write8(rng.randrange(1 << 12), rng.randrange(256))
        elif action == 5:
            rig.lapic.set_lint(rng.randrange(2), rng.randrange(2))
        elif action == 6:
            rig.lapic.message(rng.randrange(256), rng.randrange(2), rng.randrange(256), rng.randrange(8), rng.randrange(2))
        elif action == 7:
            rig.take()
            rig.write(la.EOI, 0)
        elif action == 8 and rng.random() < 0.02:
            rig.lapic.base_changed(rng.getrandbits(36) & ~0x6FF)
        else:
            assert len(rig.run(rng.randrange(100))) < 20
        waits = rig.lapic.external() or rig.lapic.enabled and rig.lapic.pending() != 0
        assert rig.intr == rig.lapic.intr_level == waits
        assert rig.lapic.deadline > rig.time
