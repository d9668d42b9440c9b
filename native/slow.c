/* The slow memory paths: what load_T and store_T do when the soft TLB has no host address.
 *
 * Compiled for general registers only: these functions save every register that they and their callees change. */
#include "walks.h"

#include "lookups.h"

KEEPS_REGISTERS void backing_written__rare(M *m, u32 offset, u32 size)
{
    written(m, offset, size);
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

/* What `lead` says.  CODE: plain memory too, but a write is to be told of.  CHIP: not plain memory; the
 * physical address is in m->r[0]. */
enum { LEADS, FAULTS, CODE, CHIP, OTHERWISE };

/* Translate an access, and have the soft TLB lead there where it is plain memory; what crosses a page or is watched goes another way. */
static ALWAYS_INLINE int lead(M *m, u32 lin, u32 size, bool write, bool user)
{
    if (UNLIKELY((lin & 0xFFF) > 0x1000 - size || m->cpu.mode & (MODE_AC | MODE_DEBUG)))
        return OTHERWISE;
    u32 index = tlb_index(lin, data_bank(user));
    u64 before = m->cpu.tlb[index];
    if (UNLIKELY(write ? paging_lookup_write(m, lin, user) : paging_lookup_read(m, lin, user)))
        return FAULTS;
    u32 page = lin & 0xFFFFF000u, phys = (u32)m->r[0] & 0xFFFFF000u;
    u32 at = memory_read_offset(m, phys), to = write ? memory_write_offset(m, phys) : at;
    HostEntry *e = bank_entry(m, lin, user);
    if (UNLIKELY(at >= DEVICE)) {
        if (at == DEVICE && to == DEVICE && memory_in_window(m, phys)) {
            e->read = page | IN_WINDOW;
            e->addend = (u64)(phys - VGA_WINDOW) - page;
            if (write)
                e->write = e->read;
        }
        return CHIP;
    }
    e->read = page;
    e->addend = (u64)(uintptr_t)m->memory.backing_data + at - page;
    if (write) {
        u8 watch = m->memory.watch_data[at >> 12];
        /* Read-modify-write reads by this tag, too: where PAM leads reads elsewhere, neither may take it. */
        if (UNLIKELY(to != at))
            return CHIP;
        if (UNLIKELY(watch & 1)) {
            e->write = watch & 2 ? 1 : page | BESIDE_CODE;
            return CODE;
        }
        if (UNLIKELY(watch & 2))
            m->core.dirty[(at - m->memory.vram_offset) >> 12] = 1;
        e->write = page;
    }
    note_walk(m, lin, index, before, write);
    return LEADS;
}

static ALWAYS_INLINE int lead_read(M *m, u32 lin, u32 size)
{
    before_slow(m);
    int how = lead(m, lin, size, false, m->cpu.cpl == 3);
    if (LIKELY(how == LEADS))
        after_slow(m);
    return how;
}

static ALWAYS_INLINE int lead_write(M *m, u32 lin, u32 size)
{
    before_slow(m);
    int how = lead(m, lin, size, true, m->cpu.cpl == 3);
    if (LIKELY(how == LEADS || how == CODE))
        after_slow(m);
    return how;
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

/* Is a whole access where a walk is known to lead to plain memory? */
static ALWAYS_INLINE bool walked(M *m, u32 lin, u32 size, bool write, bool user)
{
    return (lin & 0xFFF) <= 0x1000 - size && !(m->cpu.mode & (MODE_AC | MODE_DEBUG)) && walked_before(m, lin, data_bank(user), write);
}

/* What misses the soft TLB is the hottest here: all of the way to plain memory in one function, which saves registers once. */
#define FLAT_OUT __attribute__((flatten))

#define READ_WALKED(KIND, T, WRITE) \
static KEEPS_FEW int KIND##_walked_##T(M *m, u32 lin, u32 unused) \
{ \
    T v; \
    if (!walked(m, lin, sizeof v, WRITE, m->cpu.cpl == 3)) \
        return KEPT_CALL(KIND##_general_##T, m, lin, unused); \
    memcpy(&v, PLACE(m, lin), sizeof v); \
    m->r[0] = v; \
    return 0; \
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
static KEEPS_FEW int load_window_##T(M *m, u32 at, u32 unused) \
{ \
    (void)unused; \
    m->r[0] = window_load(m, at, sizeof(T)); \
    return 0; \
} \
static KEEPS_FEW int store_window_##T(M *m, u32 at, T v) \
{ \
    window_store(m, at, sizeof v, v); \
    return 0; \
} \
static KEEPS_REGISTERS FLAT_OUT int load_general_##T(M *m, u32 lin, u32 unused) \
{ \
    T v; \
    (void)unused; \
    int how = lead_read(m, lin, sizeof v); \
    if (UNLIKELY(how != LEADS)) \
        return how == FAULTS ? 1 : KEPT_CALL(other_load_##T, m, lin, how); \
    memcpy(&v, PLACE(m, lin), sizeof v); \
    m->r[0] = v; \
    return 0; \
} \
static KEEPS_REGISTERS FLAT_OUT int store_general_##T(M *m, u32 lin, T v) \
{ \
    int how = lead_write(m, lin, sizeof v); \
    if (UNLIKELY(how != LEADS)) \
        return how == FAULTS ? 1 : how == CODE ? KEPT_CALL(code_store_##T, m, lin, v) \
            : how == CHIP ? KEPT_CALL(store_there_##T, m, lin, v) : KEPT_CALL(other_store_##T, m, lin, v); \
    memcpy(PLACE(m, lin), &v, sizeof v); \
    return 0; \
} \
static KEEPS_REGISTERS FLAT_OUT int rmw_general_##T(M *m, u32 lin, u32 unused) \
{ \
    T v; \
    (void)unused; \
    int how = lead_write(m, lin, sizeof v); \
    if (UNLIKELY(how != LEADS && how != CODE)) \
        return how == FAULTS ? 1 : KEPT_CALL(other_rmw_##T, m, lin, how); \
    memcpy(&v, PLACE(m, lin), sizeof v); \
    m->r[0] = v; \
    return 0; \
} \
/* Few registers are enough for a walk whose result is known, */ \
READ_WALKED(load, T, false) \
READ_WALKED(rmw, T, true) \
static KEEPS_FEW int store_walked_##T(M *m, u32 lin, T v) \
{ \
    if (!walked(m, lin, sizeof v, true, m->cpu.cpl == 3)) \
        return KEPT_CALL(store_general_##T, m, lin, v); \
    memcpy(PLACE(m, lin), &v, sizeof v); \
    return 0; \
} \
/* and fewer still for the VGA's window, and for stores into a page that holds code, beside the code. */ \
KEEPS_FEW int load_slow_##T(M *m, u32 lin, u32 unused) \
{ \
    u32 at; \
    if (in_window(m, lin, sizeof(T), false, &at)) \
        return KEPT_CALL(load_window_##T, m, at, 0); \
    return KEPT_CALL(load_walked_##T, m, lin, unused); \
} \
KEEPS_FEW int store_slow_##T(M *m, u32 lin, T v) \
{ \
    u32 at; \
    if (LIKELY(tlb_entry(m, lin)->write == (((lin + (sizeof v - 1)) & 0xFFFFF000u) | BESIDE_CODE))) { \
        u8 *to = PLACE(m, lin); \
        const CodeMap *map = code_map(m, to); \
        if (!map->traces || code_among(map, lin & 0xFFF, sizeof v)) \
            return KEPT_CALL(store_general_##T, m, lin, v); \
        memcpy(to, &v, sizeof v); \
        return 0; \
    } \
    if (in_window(m, lin, sizeof v, true, &at)) \
        return KEPT_CALL(store_window_##T, m, at, v); \
    return KEPT_CALL(store_walked_##T, m, lin, v); \
} \
/* What will be written is read: faults like a write. */ \
KEEPS_FEW int rmw_slow_##T(M *m, u32 lin, u32 unused) \
{ \
    T v; \
    u32 at; \
    if (LIKELY(tlb_entry(m, lin)->write == (((lin + (sizeof v - 1)) & 0xFFFFF000u) | BESIDE_CODE))) { \
        memcpy(&v, PLACE(m, lin), sizeof v); \
        m->r[0] = v; \
        return 0; \
    } \
    if (in_window(m, lin, sizeof v, true, &at) && in_window(m, lin, sizeof v, false, &at)) \
        return KEPT_CALL(load_window_##T, m, at, 0); \
    return KEPT_CALL(rmw_walked_##T, m, lin, unused); \
}
SLOW_PATHS(u8)
SLOW_PATHS(u16)
SLOW_PATHS(u32)
SLOW_PATHS(u64)

/* Accesses at a privilege of their own: called like any function. */
#define BANK_PLACE(m, lin, user) ((u8 *)(uintptr_t)(bank_entry(m, lin, user)->addend + (lin)))
#define BANK_SLOW_READ(BITS) \
int bank_read_slow_u##BITS(M *m, u32 lin, bool user, u##BITS *out) \
{ \
    int how = walked(m, lin, BITS / 8, false, user) ? LEADS : lead(m, lin, BITS / 8, false, user); \
    if (LIKELY(how == LEADS)) { \
        memcpy(out, BANK_PLACE(m, lin, user), BITS / 8); \
        return 0; \
    } \
    if (how == FAULTS) \
        return 1; \
    if (memory_lin_read##BITS(m, lin, user)) \
        return 1; \
    *out = (u##BITS)m->r[0]; \
    return 0; \
}
#define BANK_SLOW_WRITE(BITS) \
int bank_write_slow_u##BITS(M *m, u32 lin, u##BITS v, bool user) \
{ \
    int how = walked(m, lin, BITS / 8, true, user) ? LEADS : lead(m, lin, BITS / 8, true, user); \
    if (LIKELY(how == LEADS)) { \
        memcpy(BANK_PLACE(m, lin, user), &v, BITS / 8); \
        return 0; \
    } \
    if (how == FAULTS) \
        return 1; \
    return memory_lin_write##BITS(m, lin, v, user); \
}
BANK_SLOW_READ(8)
BANK_SLOW_READ(16)
BANK_SLOW_READ(32)
BANK_SLOW_READ(64)
BANK_SLOW_WRITE(8)
BANK_SLOW_WRITE(16)
BANK_SLOW_WRITE(32)
