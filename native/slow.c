/* The slow memory paths: what load_T and store_T do when the soft TLB has no host address.
 *
 * Compiled for general registers only: these functions save every register that they and their callees change. */
#include "core.h"

#include "lookups.h"

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

/* What `lead` says.  CODE: plain memory too, but a write is to be told of.  CHIP: not plain memory; the
 * physical address is in m->r[0]. */
enum { LEADS, FAULTS, CODE, CHIP, OTHERWISE };

/* Translate an access, and have the soft TLB lead there where it is plain memory; what crosses a page or is watched goes another way. */
static ALWAYS_INLINE int lead(M *m, u32 lin, u32 size, bool write)
{
    before_slow(m);
    if (UNLIKELY((lin & 0xFFF) > 0x1000 - size || m->cpu.mode & (MODE_AC | MODE_DEBUG)))
        return OTHERWISE;
    bool user = m->cpu.cpl == 3;
    if (UNLIKELY(write ? paging_lookup_write(m, lin, user) : paging_lookup_read(m, lin, user)))
        return FAULTS;
    u32 page = lin & 0xFFFFF000u, phys = (u32)m->r[0] & 0xFFFFF000u;
    u32 at = memory_read_offset(m, phys), to = write ? memory_write_offset(m, phys) : at;
    if (UNLIKELY(at >= 0xFFFFFFFEu))
        return CHIP;
    HostEntry *e = tlb_entry(m, lin);
    e->read = page;
    e->addend = (u64)(uintptr_t)m->memory.backing_data + at - page;
    if (write) {
        u8 watch = m->memory.watch_data[at >> 12];
        /* Read-modify-write reads by this tag, too: where PAM leads reads elsewhere, neither may take it. */
        if (UNLIKELY(to != at))
            return CHIP;
        if (UNLIKELY(watch & 1)) {
            after_slow(m);
            return CODE;
        }
        if (UNLIKELY(watch & 2))
            m->core.dirty[(at - m->memory.vram_offset) >> 12] = 1;
        e->write = page;
    }
    after_slow(m);
    return LEADS;
}

#define FLAT_OUT __attribute__((flatten))
static KEEPS_REGISTERS FLAT_OUT int lead_read(M *m, u32 lin, u32 size)
{
    return lead(m, lin, size, false);
}

static KEEPS_REGISTERS FLAT_OUT int lead_write(M *m, u32 lin, u32 size)
{
    return lead(m, lin, size, true);
}

#define PLACE(m, lin) ((u8 *)(uintptr_t)(tlb_entry(m, lin)->addend + (lin)))

#define CHIP_ACCESS(T, BITS) \
static bool chip_load_##T(M *m) \
{ \
    m->r[0] = memory_read##BITS(m, (u32)m->r[0]); \
    return true; \
} \
static bool chip_store_##T(M *m, T v) \
{ \
    memory_write##BITS(m, (u32)m->r[0], v); \
    return true; \
}
CHIP_ACCESS(u8, 8)
CHIP_ACCESS(u16, 16)
CHIP_ACCESS(u32, 32)

static bool chip_load_u64(M *m)
{
    return false;
}

static bool chip_store_u64(M *m, u64 v)
{
    return false;
}

#define SLOW_PATHS(T) \
static KEEPS_REGISTERS int other_load_##T(M *m, u32 lin, u32 how) \
{ \
    if (!(how == CHIP && chip_load_##T(m)) && memory_slow_load_##T(m, lin)) \
        return 1; \
    after_slow(m); \
    return 0; \
} \
static KEEPS_REGISTERS int code_store_##T(M *m, u32 lin, T v) \
{ \
    u8 *at = PLACE(m, lin); \
    memcpy(at, &v, sizeof v); \
    backing_written(m, (u32)(at - m->memory.backing_data), sizeof v); \
    after_slow(m); \
    return 0; \
} \
static KEEPS_REGISTERS int other_store_##T(M *m, u32 lin, T v) \
{ \
    if (memory_slow_store_##T(m, lin, v)) \
        return 1; \
    after_slow(m); \
    return 0; \
} \
static KEEPS_REGISTERS int store_there_##T(M *m, u32 lin, T v) \
{ \
    if (!chip_store_##T(m, v) && memory_slow_store_##T(m, lin, v)) \
        return 1; \
    after_slow(m); \
    return 0; \
} \
static KEEPS_REGISTERS int other_rmw_##T(M *m, u32 lin, u32 how) \
{ \
    if (!(how == CHIP && chip_load_##T(m)) && (memory_slow_check_write_##T(m, lin) || memory_slow_load_##T(m, lin))) \
        return 1; \
    after_slow(m); \
    return 0; \
} \
KEEPS_REGISTERS int load_slow_##T(M *m, u32 lin, u32 unused) \
{ \
    T v; \
    int how = KEPT_CALL(lead_read, m, lin, sizeof v); \
    (void)unused; \
    if (UNLIKELY(how != LEADS)) \
        return how == FAULTS ? 1 : KEPT_CALL(other_load_##T, m, lin, how); \
    memcpy(&v, PLACE(m, lin), sizeof v); \
    m->r[0] = v; \
    return 0; \
} \
KEEPS_REGISTERS int store_slow_##T(M *m, u32 lin, T v) \
{ \
    int how = KEPT_CALL(lead_write, m, lin, sizeof v); \
    if (UNLIKELY(how != LEADS)) \
        return how == FAULTS ? 1 : how == CODE ? KEPT_CALL(code_store_##T, m, lin, v) \
            : how == CHIP ? KEPT_CALL(store_there_##T, m, lin, v) : KEPT_CALL(other_store_##T, m, lin, v); \
    memcpy(PLACE(m, lin), &v, sizeof v); \
    return 0; \
} \
/* What will be written is read: faults like a write. */ \
KEEPS_REGISTERS int rmw_slow_##T(M *m, u32 lin, u32 unused) \
{ \
    T v; \
    int how = KEPT_CALL(lead_write, m, lin, sizeof v); \
    (void)unused; \
    if (UNLIKELY(how != LEADS && how != CODE)) \
        return how == FAULTS ? 1 : KEPT_CALL(other_rmw_##T, m, lin, how); \
    memcpy(&v, PLACE(m, lin), sizeof v); \
    m->r[0] = v; \
    return 0; \
}
SLOW_PATHS(u8)
SLOW_PATHS(u16)
SLOW_PATHS(u32)
SLOW_PATHS(u64)
