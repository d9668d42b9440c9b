/* The slow memory paths: what load_T and store_T do when the soft TLB has no host address.
 *
 * Compiled for general registers only: these functions save every register that they and their callees change. */
#include "core.h"

static void fill_host(M *m, u32 lin, bool write)
{
    TlbEntry *e = tlb_entry(m, lin);
    u32 page = lin & 0xFFFFF000u;
    if (m->cpu.mode & (MODE_AC | MODE_DEBUG))
        return;
    if (e->read == page) {
        u32 at = memory_read_offset(m, e->phys);
        if (at < 0xFFFFFFFEu) {
            u64 addend = (u64)(uintptr_t)m->memory.backing_data + at - page;
            if (e->host_write == page && e->addend != addend)
                e->host_write = 1;
            e->host_read = page;
            e->addend = addend;
        }
    }
    if (write && e->write == page) {
        u32 at = memory_write_offset(m, e->phys);
        /* Read-modify-write reads by this tag, too: where PAM leads reads elsewhere, neither may take it. */
        if (at < 0xFFFFFFFEu && at == memory_read_offset(m, e->phys) && !(m->memory.watch_data[at >> 12] & 1)) {
            u64 addend = (u64)(uintptr_t)m->memory.backing_data + at - page;
            if (m->memory.watch_data[at >> 12] & 2)
                m->core.dirty[(at - m->memory.vram_offset) >> 12] = 1;
            if (e->host_read == page && e->addend != addend)
                e->host_read = 1;
            e->host_write = page;
            e->addend = addend;
        }
    }
}

static void before_slow(M *m)
{
    if (m->run.cur)
        m->cpu.icount = exact_icount(m, m->run.cur);
}

static void after_slow(M *m)
{
    if (UNLIKELY(m->cpu.attention))
        cut_short(m);
}

#define SLOW_PATHS(T) \
KEEPS_REGISTERS int load_slow_##T(M *m, u32 lin, u32 unused) \
{ \
    (void)unused; \
    m->core.slow_loads++; \
    before_slow(m); \
    if (memory_slow_load_##T(m, lin)) \
        return 1; \
    fill_host(m, lin, false); \
    after_slow(m); \
    return 0; \
} \
KEEPS_REGISTERS int store_slow_##T(M *m, u32 lin, T v) \
{ \
    m->core.slow_stores++; \
    before_slow(m); \
    if (memory_slow_store_##T(m, lin, v)) \
        return 1; \
    fill_host(m, lin, true); \
    after_slow(m); \
    return 0; \
}
SLOW_PATHS(u8)
SLOW_PATHS(u16)
SLOW_PATHS(u32)
SLOW_PATHS(u64)

KEEPS_REGISTERS int check_slow(M *m, u32 lin, u32 size)
{
    switch (size) {
    case 1: return memory_slow_check_write_u8(m, lin);
    case 2: return memory_slow_check_write_u16(m, lin);
    case 4: return memory_slow_check_write_u32(m, lin);
    default: return memory_slow_check_write_u64(m, lin);
    }
}
