/* What page walks found, kept after the TLB has dropped it: where the tables still say the same, the walk need not be done again, nor
 * the way from the physical page to the host.  A guest cannot tell: the tables are read, and the TLB filled, as a walk would. */
#ifndef WALKS_H
#define WALKS_H
#include "core.h"

/* An entry for each of the TLB.  Only what is usual: two levels of tables, all of them and the page plain memory, the page not global. */
struct Walked {
    u32 page;       /* linear, with WALKED once the rest is known, and WALKED_WRITE where the walk was for a write */
    u32 low;        /* of the TLB's entry */
    u32 pde, pte;   /* what the tables said, accessed and dirty bits as the walk left them */
    u32 pte_at;     /* backing offset */
    u64 addend;     /* as in its HostEntry */
};
#define WALKED 1u
#define WALKED_WRITE 2u

KEEPS_REGISTERS int find_directory(M *m, u32 unused, u32 unused_too);
KEEPS_REGISTERS int keep_walk(M *m, u32 lin, u32 index_and_write);
void forget_walks(M *m);

/* If a walk is known to find what it found before, fill the TLB with that, and have the soft TLB lead there. */
static ALWAYS_INLINE bool walked_before(M *m, u32 lin, u32 bank, bool write)
{
    u32 page = lin & 0xFFFFF000u, index = tlb_index(lin, bank), pde;
    const Walked *w = &m->core.walked[index];
    if (UNLIKELY(m->core.directory <= UNKNOWN_DIRECTORY) && KEPT_CALL(find_directory, m, 0, 0))
        return false;
    if ((write ? w->page : w->page & ~WALKED_WRITE) != (page | WALKED | (write ? WALKED_WRITE : 0)))
        return false;
    memcpy(&pde, m->core.directory + (lin >> 20 & 0xFFC), sizeof pde);
    if (pde != w->pde || memory_peek32(m, w->pte_at) != w->pte)
        return false;
    if (m->cpu.tlb[index] >> 32 == (page | TLB_VALID))  /* it may know other than the tables */
        return false;
    if (write && m->memory.watch_data[(w->addend + page - (u64)(uintptr_t)m->memory.backing_data) >> 12])
        return false;
    paging_tlb_put(m, lin, (u16)index, w->low);
    HostEntry *e = &m->core.hosts[index];
    e->read = page;
    e->write = write ? page : 1;
    e->addend = w->addend;
    return true;
}

/* An access to plain memory has been looked up, and the soft TLB leads there: was it a walk, which changes the TLB's entry?  Only what
 * comes again is kept: the first time no more than the page. */
static ALWAYS_INLINE void note_walk(M *m, u32 lin, u32 index, u64 before, bool write)
{
    u32 page = lin & 0xFFFFF000u;
    Walked *w = &m->core.walked[index];
    if (m->cpu.tlb[index] == before || m->core.directory == NO_DIRECTORY)
        return;
    if ((w->page & 0xFFFFF000u) == page)
        KEPT_CALL(keep_walk, m, lin, index << 1 | write);
    else {
        w->page = page;
        m->core.walks_kept = true;
    }
}
#endif
