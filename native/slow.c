/* The slow memory paths: what load_T and store_T do when the soft TLB has no host address.
 *
 * Compiled for general registers only: these functions save every register that they and their callees change. */
#include "core.h"

/* Translate an access inside a page, and have the soft TLB lead there where it is plain memory.  1: fault. */
static ALWAYS_INLINE int translate(M *m, u32 lin, bool write)
{
    bool user = m->cpu.cpl == 3;
    if (UNLIKELY(write ? paging_lookup_write(m, lin, user) : paging_lookup_read(m, lin, user)))
        return 1;
    HostEntry *e = tlb_entry(m, lin);
    u32 page = lin & 0xFFFFF000u, phys = (u32)m->r[0] & 0xFFFFF000u;
    u32 at = memory_read_offset(m, phys);
    if (at >= 0xFFFFFFFEu)
        return 0;
    e->read = page;
    e->addend = (u64)(uintptr_t)m->memory.backing_data + at - page;
    /* Read-modify-write reads by this tag, too: where PAM leads reads elsewhere, neither may take it. */
    if (write && memory_write_offset(m, phys) == at && !(m->memory.watch_data[at >> 12] & 1)) {
        if (UNLIKELY(m->memory.watch_data[at >> 12] & 2))
            m->core.dirty[(at - m->memory.vram_offset) >> 12] = 1;
        e->write = page;
    }
    return 0;
}

/* Is an access inside a page, and nobody watches its address? */
static ALWAYS_INLINE bool simple(M *m, u32 lin, u32 size)
{
    return LIKELY((lin & 0xFFF) <= 0x1000 - size && !(m->cpu.mode & (MODE_AC | MODE_DEBUG)));
}

static ALWAYS_INLINE void before_slow(M *m)
{
    if (m->run.cur)
        m->cpu.icount = exact_icount(m, m->run.cur);
}

static ALWAYS_INLINE void after_slow(M *m)
{
    if (UNLIKELY(m->cpu.attention))
        cut_short(m);
}

#define PLACE(m, lin) ((u8 *)(uintptr_t)(tlb_entry(m, lin)->addend + (lin)))

#define SLOW_PATHS(T) \
static __attribute__((noinline)) int other_load_##T(M *m, u32 lin) \
{ \
    if (memory_slow_load_##T(m, lin)) \
        return 1; \
    after_slow(m); \
    return 0; \
} \
KEEPS_REGISTERS int load_slow_##T(M *m, u32 lin, u32 unused) \
{ \
    T v; \
    u32 at; \
    (void)unused; \
    if (in_window(m, lin, sizeof v, false, &at)) { \
        m->r[0] = window_load(m, at, sizeof v); \
        return 0; \
    } \
    before_slow(m); \
    if (simple(m, lin, sizeof v)) { \
        if (translate(m, lin, false)) \
            return 1; \
        if (LIKELY(tlb_entry(m, lin)->read == (lin & 0xFFFFF000u))) { \
            memcpy(&v, PLACE(m, lin), sizeof v); \
            m->r[0] = v; \
            after_slow(m); \
            return 0; \
        } \
    } \
    return other_load_##T(m, lin); \
} \
KEEPS_REGISTERS int store_slow_##T(M *m, u32 lin, T v) \
{ \
    u32 at; \
    if (in_window(m, lin, sizeof v, true, &at)) { \
        window_store(m, at, sizeof v, v); \
        return 0; \
    } \
    before_slow(m); \
    if (simple(m, lin, sizeof v)) { \
        if (translate(m, lin, true)) \
            return 1; \
        if (LIKELY(tlb_entry(m, lin)->write == (lin & 0xFFFFF000u))) { \
            memcpy(PLACE(m, lin), &v, sizeof v); \
            after_slow(m); \
            return 0; \
        } \
    } \
    if (memory_slow_store_##T(m, lin, v)) \
        return 1; \
    after_slow(m); \
    return 0; \
} \
/* What will be written is read: faults like a write. */ \
KEEPS_REGISTERS int rmw_slow_##T(M *m, u32 lin, u32 unused) \
{ \
    T v; \
    u32 at; \
    (void)unused; \
    if (in_window(m, lin, sizeof v, true, &at) && in_window(m, lin, sizeof v, false, &at)) { \
        m->r[0] = window_load(m, at, sizeof v); \
        return 0; \
    } \
    before_slow(m); \
    if (simple(m, lin, sizeof v)) { \
        if (translate(m, lin, true)) \
            return 1; \
        if (LIKELY(tlb_entry(m, lin)->write == (lin & 0xFFFFF000u))) { \
            memcpy(&v, PLACE(m, lin), sizeof v); \
            m->r[0] = v; \
            after_slow(m); \
            return 0; \
        } \
    } else if (memory_slow_check_write_##T(m, lin)) \
        return 1; \
    return other_load_##T(m, lin); \
}
SLOW_PATHS(u8)
SLOW_PATHS(u16)
SLOW_PATHS(u32)
SLOW_PATHS(u64)
