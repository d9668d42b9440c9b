/* The loop of the native engine: finding traces, leaving them, faults. */
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include "traces.h"

/* ---- calls back into Python ---- */
u64 cold_call(M *m, u32 number, u64 a, u64 b, u64 c)
{
    m->cpu.attention = true;  /* it may move deadlines */
    return emu_cold(m->core.handle, number, a, b, c);
}

u64 clock_host_time(M *m)
{
    struct timespec t;
    (void)m;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec;
}

/* ---- the table of traces ---- */
static ALWAYS_INLINE Trace *cached(M *m, u64 key)
{
    u32 slot = slot_of(key);
    for (u32 i = 0; i < TRACE_WAYS; i++) {
        Trace *t = trace_at(m, m->core.cache[slot ^ i]);
        if (LIKELY(t->key == key))
            return t;
    }
    return NULL;
}

static u32 free_way(M *m, u32 slot)
{
    u32 i = 0;
    while (i < TRACE_WAYS && m->core.cache[slot ^ i])
        i++;
    return i;
}

static void put_in_cache(M *m, Trace *t)
{
    u32 slot = slot_of(t->key);
    m->core.cache[slot ^ free_way(m, slot) % TRACE_WAYS] = number_of(m, t);
}

void forget_traces(M *m)
{
#ifdef EMU_PROFILE
    write_profile(m);
#endif
    memset(m->core.cache, 0, TRACE_CACHE * sizeof m->core.cache[0]);
    for (u64 p = 0; p < m->core.pages; p++)
        if (m->memory.watch_data[p] & 1) {
            m->memory.watch_data[p] &= (u8)~1;
            m->core.page_traces[p] = 0;
            free(m->core.page_code[p]->operands);
            memset(m->core.page_code[p], 0, sizeof *m->core.page_code[p]);
        }
    for (u32 n = 0; n < CROSSINGS; n++) {  /* they know where they led; one may be running */
        Crossing *c = &m->core.crossings[n];
        c->key = 0;
        memset(c->trace.link, 0, sizeof c->trace.link);
    }
    m->core.video_code = false;
    m->core.pool_used = TRACE_ALIGN;  /* number 0 is none */
    ((Trace *)m->core.pool)->key = NO_KEY;
    m->run.trace = NULL;
    m->core.flushes++;
}

/* Let the running trace end after the current instruction, and the loop look at events. */
void cut_short(M *m)
{
    Rec *r = m->run.cur;
    m->run.goal -= m->cpu.left;
    m->cpu.left = 0;
    m->cpu.beyond = 0;
    if (r && r->rest > 1 && !m->core.patched) {
        m->core.patched = r + 1;
        m->core.patched_h = r[1].h;
        r[1].h = exit_mid;
    }
}

u32 exit_mid(M *m, Rec *r)
{
    m->run.cur = r;
    return EXIT_MID;
}

static void unpatch(M *m)
{
    if (m->core.patched) {
        m->core.patched->h = m->core.patched_h;
        m->core.patched = NULL;
    }
}

/* A trace that others have driven out of the cache, or NULL. */
static Trace *displaced(M *m, u64 key)
{
    if (free_way(m, slot_of(key)) == TRACE_WAYS)
        for (u32 n = m->core.page_traces[key >> 20]; n; n = trace_at(m, n)->next_in_page)
            if (trace_at(m, n)->key == key)
                return trace_at(m, n);
    return NULL;
}

/* The trace at cs:eip, or NULL on a page fault or when only a single step will do (*one says so). */
static ALWAYS_INLINE Trace *find(M *m, u32 *page, bool *one)
{
    u32 lin = m->cpu.seg[1].base + m->cpu.eip;
    *one = false;
    if (UNLIKELY(code_page(m, lin, page)))
        return NULL;
    if (UNLIKELY(*page >= DEVICE)) {  /* a chip, or nothing: no place in the backing that a trace could be kept under */
        *one = true;
        return NULL;
    }
    u32 offset = *page + (lin & 0xFFF);
    u64 key = (u64)offset << 8 | m->cpu.mode;
    Trace *t = cached(m, key);
    if (UNLIKELY(!t)) {
        if (may_cross(key)) {
            if (recall(m, key, lin, &t))
                return NULL;
            if (t)
                goto found;
        }
        if (m->cpu.eip <= m->cpu.seg[1].limit) {
            if ((t = displaced(m, key)) || (t = make(m, key, *page, offset)))
                put_in_cache(m, t);
            else if (may_cross(key))
                t = remember(m, key, *page, lin);
        }
        if (!t) {
            *one = true;
            return NULL;
        }
    }
found:
    if (UNLIKELY((u64)m->cpu.eip + t->bytes - 1 > m->cpu.seg[1].limit)) {
        *one = true;
        return NULL;
    }
    return t;
}

/* The trace at cs:eip if it is there and everything that leads to it is known; NULL says nothing.  Calls nothing.  ``guess`` is a
 * link to a trace that it may be. */
static ALWAYS_INLINE Trace *known(M *m, u32 eip, const Trace *guess)
{
    u32 lin = m->cpu.seg[1].base + eip;
    const HostEntry *e = code_entry(m, lin);
    if (UNLIKELY(e->read != (lin & 0xFFFFF000u)))
        return NULL;
    u64 key = (e->addend + (lin & 0xFFF)) << 8 | m->cpu.mode;
    Trace *t = (intptr_t)guess < 0 ? (Trace *)~(uintptr_t)guess : (Trace *)m->core.pool;
    if (t->key != key)
        t = cached(m, key);
    if (UNLIKELY(!t || (u64)eip + t->bytes - 1 > m->cpu.seg[1].limit || m->cpu.left < t->n))
        return NULL;
    return t;
}

static ALWAYS_INLINE u32 enter(M *m, Trace *t)
{
    COUNT_RUN(t);
    m->cpu.left -= t->n;
    m->run.trace = t;
    return t->rec[0].h(m, t->rec);
}

/* ``near``: both are in one linear page.  If that is so once, it is wherever their page is mapped to. */
static ALWAYS_INLINE void link_traces(Trace *from, u32 which, Trace *to, bool near)
{
    if (near && from->key >> 20 == to->key >> 20 && (u8)from->key == (u8)to->key)
        from->link[which] = to;
    else
        from->link[which] = (Trace *)~(uintptr_t)to;
}

static __attribute__((noinline)) u32 leave_slowly(M *m, u32 which, bool near)
{
    u32 page;
    bool one;
    Trace *from = m->run.trace;
    if (m->cpu.left <= 0)
        return EXIT_TRACE;
    u64 flushes = m->core.flushes;
    Trace *t = find(m, &page, &one);
    if (!t || m->cpu.left < t->n) {
        m->run.cur = NULL;
        return EXIT_TRACE;
    }
    if (which < 2 && flushes == m->core.flushes && t->key != NO_KEY)
        link_traces(from, which, t, near);
    return enter(m, t);
}

/* Cpu.eip is where the trace began. */
u32 leave_through(M *m, u32 which, u32 eip)
{
    Trace *from = m->run.trace;
    Trace *t = known(m, eip, from->link[which]);
    bool near = ((m->cpu.seg[1].base + m->cpu.eip) ^ (m->cpu.seg[1].base + eip)) < 0x1000;
    m->cpu.eip = eip;
    if (UNLIKELY(!t))
        return leave_slowly(m, which, near);
    link_traces(from, which, t, near);
    return enter(m, t);
}

/* What became of the first instruction of a trace whose bytes were overwritten: a link still led to it. */
u32 overwritten(M *m, Rec *r)
{
    (void)r;
    m->cpu.left += m->run.trace->n;
    return leave_slowly(m, 2, false);
}

u32 jump_to(M *m, Rec *r, u32 eip)
{
    if (UNLIKELY(eip > m->cpu.seg[1].limit)) {
        m->cpu.fault_vector = 13;
        m->cpu.fault_error = 0;
        FAULT(m, r);
    }
    Trace *from = m->run.trace;
    Trace *t = known(m, eip, from->link[0]);
    m->cpu.eip = eip;
    if (UNLIKELY(!t))
        return leave_slowly(m, 2, false);
    from->link[0] = (Trace *)~(uintptr_t)t;
    return enter(m, t);
}

/* After an instruction that may have changed anything: go on at once where nothing is to be looked at. */
u32 leave_ended(M *m)
{
    if (!events_settle(m))
        return EXIT_ENDS;
    Trace *from = m->run.trace;
    if (UNLIKELY(!from))  /* all traces were dropped */
        return EXIT_ENDS;
    Trace *t = known(m, m->cpu.eip, from->link[0]);
    if (UNLIKELY(!t))
        return leave_slowly(m, 2, false);
    from->link[0] = (Trace *)~(uintptr_t)t;
    return enter(m, t);
}

/* ---- the loop ---- */
static void sync_count(M *m)
{
    m->cpu.icount = (u64)(m->run.goal - m->cpu.left);
    m->run.cur = NULL;
}

static u8 look(M *m)
{
    sync_count(m);
    u8 code = events_poll(m);
    m->run.goal = (i64)m->cpu.icount + m->cpu.left;
    return code;
}

static void deliver(M *m)
{
    sync_count(m);
    m->cpu.stepping = false;
    m->cpu.attention = true;
    exceptions_deliver_fault(m, m->cpu.fault_vector, m->cpu.fault_error);
}

int emu_run(M *m)
{
    m->cpu.left = 0;
    m->run.goal = (i64)m->cpu.icount;
    m->cpu.attention = true;
    privilege_changed(m);
    for (;;) {
        if (m->cpu.attention || m->cpu.left <= 0) {
            u8 code = look(m);
            if (code != 0)
                return code;
        }
        u32 page;
        bool one;
        Trace *t = find(m, &page, &one);
        if (UNLIKELY(!t && !one)) {
            m->cpu.left--;
            deliver(m);
            continue;
        }
        if (UNLIKELY(!t || m->cpu.left < t->n)) {
            t = single(m, page);
            if (!t) {
                m->cpu.left--;
                deliver(m);
                continue;
            }
        }
        m->cpu.left -= t->n;
        m->run.trace = t;
        COUNT_RUN(t);
        u32 how = t->rec[0].h(m, t->rec);
        Rec *r = m->run.cur;
        switch (how) {
        case EXIT_TRACE:
            break;
        case EXIT_FAULT:
            m->cpu.eip += r->off;
            m->cpu.left += r->rest - 1;
            deliver(m);
            break;
        case EXIT_FAULT_ENDS:
            m->cpu.eip = m->core.start_eip;
            deliver(m);
            break;
        case EXIT_ENDS:
            m->cpu.attention = true;
            break;
        case EXIT_MID:
            m->cpu.eip += r->off;
            m->cpu.left += r->rest;
            m->cpu.attention = true;
            break;
        }
        unpatch(m);
        m->run.cur = NULL;
    }
}

/* ---- life of a machine ---- */
/* Zeros, in large pages where the host has them.  NULL if there is no room. */
static u8 *reserve(u64 size)
{
    u8 *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED)
        return NULL;
#ifdef MADV_HUGEPAGE
    madvise(at, size, MADV_HUGEPAGE);
#endif
    return at;
}

#define CACHE_BYTES (TRACE_CACHE * sizeof(u32))
#define CROSSINGS_BYTES (CROSSINGS * sizeof(Crossing))
#define HOSTS_BYTES (TLB_ALL * sizeof(HostEntry))
#define WALKS_BYTES (TLB_ALL * sizeof(Walked))

void emu_map_changed(M *m);

M *emu_new(u64 backing_size, void *handle)
{
    M *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    u64 pages = (backing_size + 0xFFF) >> 12;
    m->core.handle = handle;
    m->core.pages = pages;
    m->core.pool_size = 24u << 20;
    m->memory.backing_size = backing_size;
    m->memory.backing_data = reserve(pages << 12);
    m->core.cache = (u32 *)reserve(CACHE_BYTES + HOSTS_BYTES + WALKS_BYTES + m->core.pool_size);
    m->core.crossings = (Crossing *)reserve(CROSSINGS_BYTES);
    m->memory.watch_data = calloc(pages, 1);
    m->core.page_traces = calloc(pages, sizeof(u32));
    m->core.page_code = calloc(pages, sizeof(CodeMap *));
    m->core.dirty = calloc(65536, 1);
    if (!m->memory.backing_data || !m->core.cache || !m->core.crossings || !m->memory.watch_data || !m->core.page_traces || !m->core.page_code || !m->core.dirty)
        return NULL;
    m->core.hosts = (HostEntry *)((u8 *)m->core.cache + CACHE_BYTES);
    m->core.walked = (Walked *)((u8 *)m->core.hosts + HOSTS_BYTES);
    m->core.pool = (u8 *)m->core.walked + WALKS_BYTES;
    forget_traces(m);
    emu_map_changed(m);
    privilege_changed(m);
    return m;
}

void emu_free(M *m)
{
#ifdef EMU_PROFILE
    write_profile(m);
#endif
    munmap(m->memory.backing_data, m->core.pages << 12);
    munmap(m->core.crossings, CROSSINGS_BYTES);
    munmap(m->core.cache, CACHE_BYTES + HOSTS_BYTES + WALKS_BYTES + m->core.pool_size);
    free(m->memory.watch_data);
    free(m->core.page_traces);
    for (u64 p = 0; p < m->core.pages; p++) {
        if (m->core.page_code[p])
            free(m->core.page_code[p]->operands);
        free(m->core.page_code[p]);
    }
    free(m->core.page_code);
    free(m->core.dirty);
    free(m);
}

/* The memory map, A20 or restored state changed: no host address and no code page is known any more. */
void emu_map_changed(M *m)
{
    m->cpu.attention = true;
    for (u32 i = 0; i < TLB_ALL; i++)
        host_drop(m, (u16)i);
    forget_walks(m);
}

/* Writes to video memory must mark its pages again (the display may have cleared the marks). */
void emu_rearm_video(M *m)
{
    check_writes(m, (u64)(uintptr_t)m->memory.backing_data + m->memory.vram_offset, 16u << 20, 0);
}

void emu_written(M *m, u32 offset, u32 size)
{
    written(m, offset, size);
}

void emu_forget_code(M *m)
{
    forget_traces(m);
}

u32 emu_part_offset(const char *name)
{
    PART_OFFSETS
    return 0xFFFFFFFFu;
}

u8 *emu_port_map(M *m, int width)
{
    return width == 8 ? m->core.port8 : width == 16 ? m->core.port16 : m->core.port32;
}

u16 *emu_slot_bases(M *m)
{
    return m->core.slot_base;
}

u8 *emu_dirty(M *m)
{
    return m->core.dirty;
}
