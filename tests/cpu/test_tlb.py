"""The TLBs against a model without lists: what loads of CR3, INVLPG and flushes of everything leave behind."""

import random

import pytest
from rig import machine, poke

from emu.bus.types import Fault
from emu.cpu.paging import (PTE_A, PTE_D, PTE_G, PTE_P, PTE_U, PTE_W, flush_page, flush_tlb, flush_tlb_all, lookup_exec, lookup_read,
                            lookup_write)
from emu.cpu.state import CR0_PG, CR0_WP, CR4_PGE, TLB_SIZE

DIRECTORY, TABLES = 0x90000, (0x91000, 0x92000)
PAGES = [n + far * TLB_SIZE for n in range(3) for far in range(2)]  # two of them for each entry


def pte_at(page):
    return TABLES[page // TLB_SIZE] + page % 1024 * 4


class Model:
    """What the TLB holds: (code, user, page modulo its size) -> (page, physical page, global, writes need no walk)."""

    def __init__(self, cpu):
        self.cpu, self.held = cpu, {}

    def look(self, kind, user, page):
        place = kind == "exec", user, page % TLB_SIZE
        held = self.held.get(place)
        write = kind == "write"
        if held is None or held[0] != page or write and not held[3]:
            pte = int.from_bytes(self.cpu.memory[pte_at(page):pte_at(page) + 4], "little")
            allowed = pte & PTE_W or not user and not self.cpu.cr0 & CR0_WP
            if write and not allowed or user and not pte & PTE_U:
                return None
            held = self.held[place] = (page, pte >> 12, bool(pte & PTE_G and self.cpu.cr4 & CR4_PGE),
                                       bool(allowed and (write or pte & PTE_D)))
        return held[1] << 12

    def drop(self, keep):
        self.held = {place: held for place, held in self.held.items() if keep(held)}


def look(cpu, kind, user, page):
    cpu.cpl = 3 if user else 0
    try:
        return lookup_exec(cpu, page << 12) if kind == "exec" else (lookup_write if kind == "write" else lookup_read)(cpu, page << 12, user)
    except Fault:
        return None


@pytest.mark.parametrize("pge, wp", [(CR4_PGE, CR0_WP), (CR4_PGE, 0), (0, CR0_WP)])
def test_against_the_model(pge, wp):
    rng = random.Random(pge | wp)
    cpu = machine(cr0=1 | CR0_PG | wp, cr3=DIRECTORY, cr4=pge)
    for n, table in enumerate(TABLES):
        poke(cpu, DIRECTORY + n * TLB_SIZE // 1024 * 4, table | PTE_P | PTE_W | PTE_U)
    model = Model(cpu)
    answers = set()
    for page in PAGES:
        poke(cpu, pte_at(page), PTE_P)
    for _ in range(10_000):
        action = rng.randrange(40)
        page = rng.choice(PAGES)
        if action == 0:
            flush_tlb_all(cpu)
            model.drop(lambda held: False)
        elif action < 4:
            flush_tlb(cpu)
            model.drop(lambda held: held[2])
        elif action < 8:
            flush_page(cpu, page << 12 | rng.randrange(4096))
            model.drop(lambda held: held[0] != page)
        elif action < 16:
            flags = sum(bit for bit in (PTE_W, PTE_U, PTE_A, PTE_D, PTE_G) if rng.randrange(3))
            poke(cpu, pte_at(page), rng.randrange(128) << 12 | PTE_P | flags)
        else:
            kind, user = rng.choice(("read", "write", "exec")), bool(rng.randrange(2))
            wanted = model.look(kind, user, page)
            assert look(cpu, kind, user, page) == wanted
            answers.add(wanted)
    assert None in answers and len(answers) > 50
