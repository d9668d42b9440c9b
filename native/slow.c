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
            if ((e->host_write & ~BESIDE_CODE) == page && e->addend != addend)
                e->host_write = 1;
            e->host_read = page;
            e->addend = addend;
        }
    }
    if (write && e->write == page) {
        u32 at = memory_write_offset(m, e->phys);
        /* Read-modify-write reads by this tag, too: where PAM leads reads elsewhere, neither may take it. */
        u8 watch = at < 0xFFFFFFFEu ? m->memory.watch_data[at >> 12] : 0;
        if (at < 0xFFFFFFFEu && at == memory_read_offset(m, e->phys) && watch != 3) {
            u64 addend = (u64)(uintptr_t)m->memory.backing_data + at - page;
            if (watch & 2)
                m->core.dirty[(at - m->memory.vram_offset) >> 12] = 1;
            if (e->host_read == page && e->addend != addend)
                e->host_read = 1;
            e->host_write = page | (watch & 1 ? BESIDE_CODE : 0);
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

/* Stores into a page that holds code, beside the code, need few registers; all else is done out of line. */
#define SLOW_PATHS(T, SIZE) \
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
KEEPS_REGISTERS int store_general_##T(M *m, u32 lin, T v) \
{ \
    m->core.slow_stores++; \
    before_slow(m); \
    if (memory_slow_store_##T(m, lin, v)) \
        return 1; \
    fill_host(m, lin, true); \
    after_slow(m); \
    return 0; \
} \
KEEPS_REGISTERS int load_rmw_general_##T(M *m, u32 lin, u32 unused) \
{ \
    return memory_slow_check_write_##T(m, lin) || load_slow_##T(m, lin, unused); \
} \
KEEPS_FEW int store_slow_##T(M *m, u32 lin, T v) \
{ \
    const TlbEntry *e = tlb_entry(m, lin); \
    if (LIKELY(e->host_write == (((lin + (SIZE - 1)) & 0xFFFFF000u) | BESIDE_CODE))) { \
        u8 *to = (u8 *)(uintptr_t)(e->addend + lin); \
        const CodeMap *map = code_map(m, to); \
        if (LIKELY(map->traces && !code_among(map, lin & 0xFFF, SIZE))) { \
            memcpy(to, &v, SIZE); \
            return 0; \
        } \
    } \
    return GENERAL(store_general_##T, m, lin, v); \
} \
KEEPS_FEW int load_rmw_slow_##T(M *m, u32 lin, u32 unused) \
{ \
    const TlbEntry *e = tlb_entry(m, lin); \
    if (LIKELY(e->host_write == (((lin + (SIZE - 1)) & 0xFFFFF000u) | BESIDE_CODE))) { \
        T v; \
        memcpy(&v, (u8 *)(uintptr_t)(e->addend + lin), SIZE); \
        m->r[0] = v; \
        return 0; \
    } \
    return GENERAL(load_rmw_general_##T, m, lin, unused); \
}
SLOW_PATHS(u8, 1)
SLOW_PATHS(u16, 2)
SLOW_PATHS(u32, 4)
SLOW_PATHS(u64, 8)
