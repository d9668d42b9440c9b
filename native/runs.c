/* Runs: the C twins of emu/cpu/runs.py.  Many iterations of a repeated string instruction in one page of plain memory, or none.
 * What copies or fills may also lead to or from the VGA's window: to the chip in the order of the iterations, which are the same one
 * after the other, unless they could overwrite code that is video memory. */
#include "core.h"

static ALWAYS_INLINE u32 least(u32 a, u32 b)
{
    return a < b ? a : b;
}

/* Elements of a size from a linear address to the end of its page. */
static ALWAYS_INLINE u32 in_page(u32 lin, u32 size)
{
    return (0x1000 - (lin & 0xFFF)) / size;
}

static ALWAYS_INLINE bool may_read(const HostEntry *e, u32 lin)
{
    return e->read == (lin & 0xFFFFF000u);
}

/* How many of n elements lie before the first byte of code in their page. */
static __attribute__((noinline)) u32 beside_code(M *m, const HostEntry *e, u32 lin, u32 n, u32 size)
{
    u32 at = lin & 0xFFF, end = at + n * size;
    const CodeMap *map = code_map(m, (u8 *)(uintptr_t)(e->addend + lin));
    if (!map->traces)
        return 0;
    for (u32 w = at >> 6; w << 6 < end; w++) {
        u64 bits = map->bits[w];
        if (w == at >> 6)
            bits &= ~(u64)0 << (at & 63);
        if (bits) {
            u32 first = (w << 6) + (u32)__builtin_ctzll(bits);
            return first < end ? (first - at) / size : n;
        }
    }
    return n;
}

/* How many of n elements, which lie in one page, may be written there. */
static ALWAYS_INLINE u32 may_write(M *m, const HostEntry *e, u32 lin, u32 n, u32 size)
{
    u32 page = lin & 0xFFFFF000u;
    if (LIKELY(e->write == page))
        return n;
    return e->write == (page | BESIDE_CODE) ? beside_code(m, e, lin, n, size) : 0;
}

static ALWAYS_INLINE u8 *host(const HostEntry *e, u32 lin)
{
    return (u8 *)(uintptr_t)(e->addend + lin);
}

#define RUNS(T, SIZE) \
static __attribute__((noinline)) u32 copy_window_##T(M *m, u32 source, u32 target, u32 n) \
{ \
    const HostEntry *s = tlb_entry(m, source), *t = tlb_entry(m, target); \
    u32 at, to; \
    bool reads = in_window(m, source, SIZE, false, &at), writes = in_window(m, target, SIZE, true, &to); \
    if ((!reads && !may_read(s, source)) || (!writes && t->write != (target & 0xFFFFF000u)) || m->core.video_code) \
        return 0; \
    n = least(n, least(in_page(source, SIZE), in_page(target, SIZE))); \
    for (u32 i = 0; i < n; i++) { \
        T v; \
        if (reads) \
            v = (T)window_load(m, at + i * SIZE, SIZE); \
        else \
            memcpy(&v, host(s, source + i * SIZE), SIZE); \
        if (writes) \
            window_store(m, to + i * SIZE, SIZE, v); \
        else \
            memcpy(host(t, target + i * SIZE), &v, SIZE); \
    } \
    return n; \
} \
static __attribute__((noinline)) u32 fill_window_##T(M *m, u32 target, u32 n, T value) \
{ \
    u32 to; \
    if (!in_window(m, target, SIZE, true, &to) || m->core.video_code) \
        return 0; \
    n = least(n, in_page(target, SIZE)); \
    for (u32 i = 0; i < n; i++) \
        window_store(m, to + i * SIZE, SIZE, value); \
    return n; \
} \
u32 copy_run_##T(M *m, u32 source, u32 target, u32 n) \
{ \
    const HostEntry *s = tlb_entry(m, source), *t = tlb_entry(m, target); \
    u32 some = may_read(s, source) ? least(n, least(in_page(source, SIZE), in_page(target, SIZE))) : 0; \
    some = some ? may_write(m, t, target, some, SIZE) : 0; \
    if (!some) \
        return copy_window_##T(m, source, target, n); \
    n = some; \
    const u8 *from = host(s, source); \
    u8 *to = host(t, target); \
    if (to <= from || to >= from + n * SIZE) \
        memmove(to, from, n * SIZE); \
    else  /* what is written is read again */ \
        for (u32 i = 0; i < n; i++) { \
            T v; \
            memcpy(&v, from + i * SIZE, SIZE); \
            memcpy(to + i * SIZE, &v, SIZE); \
        } \
    return n; \
} \
u32 fill_run_##T(M *m, u32 target, u32 n, T value) \
{ \
    const HostEntry *t = tlb_entry(m, target); \
    u32 some = may_write(m, t, target, least(n, in_page(target, SIZE)), SIZE); \
    if (!some) \
        return fill_window_##T(m, target, n, value); \
    n = some; \
    u8 *to = host(t, target); \
    if (value == (T)((u8)value * 0x0101010101010101ull)) \
        memset(to, (u8)value, n * SIZE); \
    else \
        for (u32 i = 0; i < n; i++) \
            memcpy(to + i * SIZE, &value, SIZE); \
    return n; \
} \
u32 compare_run_##T(M *m, u32 source, u32 target, u32 n, bool equal) \
{ \
    const HostEntry *s = tlb_entry(m, source), *t = tlb_entry(m, target); \
    if (!may_read(s, source) || !may_read(t, target)) \
        return 0; \
    const u8 *a = host(s, source), *b = host(t, target); \
    n = least(n, least(in_page(source, SIZE), in_page(target, SIZE))); \
    u32 i = 0; \
    while (i < n && (memcmp(a + i * SIZE, b + i * SIZE, SIZE) == 0) == equal) \
        i++; \
    return i; \
} \
u32 scan_run_##T(M *m, u32 target, u32 n, T value, bool equal) \
{ \
    const HostEntry *t = tlb_entry(m, target); \
    if (!may_read(t, target)) \
        return 0; \
    const u8 *b = host(t, target); \
    n = least(n, in_page(target, SIZE)); \
    u32 i = 0; \
    while (i < n && (memcmp(b + i * SIZE, &value, SIZE) == 0) == equal) \
        i++; \
    return i; \
}
RUNS(u8, 1)
RUNS(u16, 2)
RUNS(u32, 4)
