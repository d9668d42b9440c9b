/* What page walks found: native/walks.h says why.  Compiled for general registers only, as it is called from native/slow.c. */
#include "walks.h"

/* What the meaning of a table's entry depends on, besides the tables and the bank. */
static u32 rules(M *m)
{
    return (m->cpu.cr0 & (CR0_PG | CR0_WP)) | (m->cpu.cr4 & (CR4_PAE | CR4_PGE)) | (m->cpu.a20_mask != ~(u32)0);
}

void forget_walks(M *m)
{
    m->core.directory = UNKNOWN_DIRECTORY;
    if (m->core.walks_kept)
        memset(m->core.walked, 0, TLB_ALL * sizeof(Walked));
    m->core.walks_kept = false;
}

/* Core.directory, after a change of what walks depend on; 1: none. */
KEEPS_REGISTERS int find_directory(M *m, u32 unused, u32 unused_too)
{
    (void)unused, (void)unused_too;
    if (m->core.directory == UNKNOWN_DIRECTORY) {
        u32 now = rules(m);
        if (now != m->core.walk_rules)
            forget_walks(m);
        m->core.walk_rules = now;
        u32 at = memory_read_offset(m, m->cpu.cr3 & 0xFFFFF000u);
        m->core.directory = (now & ~(CR0_WP | CR4_PGE)) == CR0_PG && at < DEVICE ? m->memory.backing_data + at : NO_DIRECTORY;
    }
    return m->core.directory == NO_DIRECTORY;
}

KEEPS_REGISTERS int keep_walk(M *m, u32 lin, u32 index_and_write)
{
    u32 page = lin & 0xFFFFF000u, index = index_and_write >> 1, pde;
    Walked *w = &m->core.walked[index];
    w->page = page;
    if (find_directory(m, 0, 0))
        return 0;
    m->core.walks_kept = true;
    memcpy(&pde, m->core.directory + (lin >> 20 & 0xFFC), sizeof pde);
    u32 low = (u32)m->cpu.tlb[index];
    if ((pde & (PTE_P | PTE_PS)) != PTE_P || low & PTE_G)
        return 0;
    u32 at = memory_read_offset(m, (pde & 0xFFFFF000u) | (lin >> 10 & 0xFFC));
    if (at >= DEVICE)
        return 0;
    w->page = page | WALKED | (index_and_write & 1 ? WALKED_WRITE : 0);
    w->low = low & ~(u32)(TLB_LOCAL | TLB_GLOBAL);
    w->pde = pde;
    w->pte = memory_peek32(m, at);
    w->pte_at = at;
    w->addend = m->core.hosts[index].addend;
    return 0;
}
