/* The loop of the native engine: finding and making traces, leaving them, faults, and the slow memory paths. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include "core.h"
#include "literals.h"

#define IDLE_WRITES 16
#define LITERAL 0xFFFF  /* instead of a handler's number */

static Handler *const handlers[HANDLER_COUNT] = { HANDLER_TABLE };
static Handler *const flat_handlers[HANDLER_COUNT] = { FLAT_TABLE };
#ifndef EMU_PROFILE
/* Instructions that have a handler of their own where they follow each other, by the first.  ``registers``: for each one's r/m, reg,
 * base and index register, a number where the handler wants to know which are the same: equal numbers stand for one register,
 * others for another. */
static const struct Sequence {
    u8 length, gain;
    u16 after[SEQUENCE_MAX - 1];
    u8 registers[SEQUENCE_MAX][4];
    Handler *all, *all_flat;
} sequences[] = { SEQUENCE_TABLE };
static const u16 sequence_start[HANDLER_COUNT + 1] = { SEQUENCE_START };
#endif

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

/* ---- decoded code and writes to it ---- */
static ALWAYS_INLINE Trace *trace_at(M *m, u32 number)
{
    return (Trace *)(m->core.pool + (u64)number * TRACE_ALIGN);
}

static ALWAYS_INLINE u32 number_of(M *m, const Trace *t)
{
    return (u32)(((const u8 *)t - m->core.pool) / TRACE_ALIGN);
}

/* Backing offset of the first byte. */
static ALWAYS_INLINE u32 offset_of(const Trace *t)
{
    return (u32)(t->key >> 8);
}

/* The code of a page lies together, two bytes a slot, so that what runs together shares cache lines.  A trace may be in its slot or
 * in the others of the same eight bytes: where many begin close together (FreeDOS), fewer would drive each other out. */
static ALWAYS_INLINE u32 slot_of(u64 key)
{
    u32 page = (u32)(key >> 20);
    return (page << 11 & (TRACE_CACHE - 1)) | ((u32)key >> 9 & 2047);
}

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

static u32 overwritten(M *m, Rec *r);

static void kill(M *m, Trace *t)
{
    u32 slot = slot_of(t->key), number = number_of(m, t);
    for (u32 i = 0; i < TRACE_WAYS; i++)
        if (m->core.cache[slot ^ i] == number)
            m->core.cache[slot ^ i] = 0;
    t->key = NO_KEY;
    t->rec[0].h = overwritten;
    m->core.traces_killed++;
}

/* Which bytes of a page are decoded code: the bits of word w that stand for bytes at..end-1. */
static ALWAYS_INLINE u64 bits_of(u32 w, u32 at, u32 end)
{
    u64 bits = ~(u64)0;
    if (at > w * 64)
        bits <<= at & 63;
    if (end < w * 64 + 64)
        bits &= ~(u64)0 >> (64 - (end & 63));
    return bits;
}

static ALWAYS_INLINE bool any_code(const CodeMap *map, u32 at, u32 end)
{
    for (u32 w = at >> 6; w <= (end - 1) >> 6; w++)
        if (map->bits[w] & bits_of(w, at, end))
            return true;
    return false;
}

static void note_bytes(CodeMap *map, u32 at, u32 end, bool code)
{
    for (u32 w = at >> 6; w << 6 < end; w++) {
        u64 bits = bits_of(w, at, end);
        map->bits[w] = code ? map->bits[w] | bits : map->bits[w] & ~bits;
    }
}

/* The bytes of a trace are code, but for its literals. */
static void note_code(CodeMap *map, const Trace *t)
{
    u32 at = offset_of(t) & 0xFFF, end = at + t->bytes, records = t->n;
    for (u32 i = 0; t->literals && i < records; i++) {
        const Rec *r = &t->rec[i];
        if (is_literal(r)) {
            u32 value = literal_at(r);
            note_bytes(map, at, value, true);
            at = value + literal_size(r);
            records++;
        }
    }
    note_bytes(map, at, end, true);
}

/* Drop the traces of a page that contain any of the bytes offset..end-1.  What they share with others is code still. */
static void drop_overwritten(M *m, u32 page, u32 offset, u32 end)
{
    CodeMap *map = m->core.page_code[page];
    const Trace *first_gone = NULL, *last_gone = NULL;
    u32 low = ~(u32)0, high = 0;
    u32 *at = &m->core.page_traces[page];
    while (*at) {
        Trace *t = trace_at(m, *at);
        u32 first = offset_of(t), last = first + t->bytes;
        if (first < end && offset < last) {
            *at = t->next_in_page;
            if (t == m->run.trace && m->run.cur)
                cut_short(m);
            note_bytes(map, first & 0xFFF, (first & 0xFFF) + t->bytes, false);
            note_operand(map, t, offset, end);
            map->traces--;
            first_gone = !first_gone || t < first_gone ? t : first_gone;
            last_gone = t > last_gone ? t : last_gone;
            low = first < low ? first : low;
            high = last > high ? last : high;
            kill(m, t);
        } else
            at = &t->next_in_page;
    }
    for (u32 n = m->core.page_traces[page]; n; n = trace_at(m, n)->next_in_page) {
        Trace *t = trace_at(m, n);
        if (offset_of(t) < high && low < offset_of(t) + t->bytes)
            note_code(map, t);
        for (u32 i = 0; i < 2; i++)
            if (t->link[i] && t->link[i] >= first_gone && t->link[i] <= last_gone && t->link[i]->key == NO_KEY)
                t->link[i] = NULL;
    }
}

/* A page without traces is written to.  Code may come back (and a scan of the soft TLB with it), so it stays watched for a while. */
static void unwatch(M *m, u32 page)
{
    CodeMap *map = m->core.page_code[page];
    if (++map->idle < IDLE_WRITES)
        return;
    m->memory.watch_data[page] &= (u8)~1;
    free(map->operands);
    map->operands = NULL;
}

/* Bytes of a watched page were written: tell the display, drop the traces that contain them. */
void written(M *m, u32 offset, u32 size)
{
    while (size) {
        u32 page = offset >> 12, n = 0x1000 - (offset & 0xFFF);
        if (n > size)
            n = size;
        u8 watch = m->memory.watch_data[page];
        if (watch & 2)
            m->core.dirty[page - (m->memory.vram_offset >> 12)] = 1;
        if (watch & 1) {
            if (!m->core.page_traces[page])
                unwatch(m, page);
            else if (any_code(m->core.page_code[page], offset & 0xFFF, (offset & 0xFFF) + n))
                drop_overwritten(m, page, offset, offset + n);
        }
        offset += n;
        size -= n;
    }
}

/* Bytes of the pool that a trace takes. */
static u64 pool_space(u32 count)
{
#ifdef EMU_PROFILE
    count = TRACE_MAX + 1;  /* and a counter after them */
#endif
    return (sizeof(Trace) + (count + 1) * sizeof(Rec) + TRACE_ALIGN - 1) & ~(u64)(TRACE_ALIGN - 1);
}

#ifdef EMU_PROFILE
/* How often each trace ran, and its handlers, written to the file that the variable EMU_PROFILE names. */
static FILE *profile;
static const char *const handler_names[HANDLER_COUNT] = { HANDLER_NAMES };

static const char *handler_name(const Handler *h)
{
    for (u32 n = 0; n < HANDLER_COUNT; n++)
        if (handlers[n] == h || (h && flat_handlers[n] == h))
            return handler_names[n];
    return "?";
}

static void write_profile(M *m)
{
    const char *name = getenv("EMU_PROFILE");
    if (!name || (!profile && !(profile = fopen(name, "w"))))
        return;
    for (u64 at = TRACE_ALIGN; at < m->core.pool_used; at += pool_space(TRACE_MAX)) {
        Trace *t = (Trace *)(m->core.pool + at);
        if (RUNS(t)) {
            fprintf(profile, "%llu", (unsigned long long)RUNS(t));
            u32 left = t->n;
            for (const Rec *r = t->rec; left; r++) {
                if (is_literal(r))
                    continue;
                left--;
                fprintf(profile, " %s/%u/%u/%u/%u", handler_name(r->h), r->rm, r->reg, r->base, r->idx);
            }
            fputc('\n', profile);
        }
    }
    fflush(profile);
}
#endif

static void forget_traces(M *m)
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

/* ---- traces ---- */
static u32 end_of_trace(M *m, Rec *r)
{
    return follow(m, 1, m->cpu.eip + r->off);
}

/* Where the TLB leads instructions at the present privilege. */
static ALWAYS_INLINE HostEntry *code_entry(M *m, u32 lin)
{
    return tlb_entry(m, lin) + TLB_CODE;
}

/* Backing offset of the code page at linear address lin, 0xFFFFFFFE or more if it is not plain memory.  1: fault. */
static ALWAYS_INLINE int code_page(M *m, u32 lin, u32 *out)
{
    HostEntry *e = code_entry(m, lin);
    u32 page = lin & 0xFFFFF000u;
    if (UNLIKELY(e->read != page)) {
        if (paging_lookup_exec(m, lin))
            return 1;
        u32 at = memory_read_offset(m, (u32)m->r[0] & 0xFFFFF000u);
        *out = at;
        if (UNLIKELY(at >= 0xFFFFFFFEu))
            return 0;
        e->read = page;
        e->addend = at;
    }
    *out = (u32)e->addend;
    return 0;
}

static void fetch_bytes(M *m, u32 page, u32 lin, u32 at, u32 n)
{
    u32 off = lin & 0xFFF;
    if (page < 0xFFFFFFFEu)
        memcpy(m->cpu.code + at, m->memory.backing_data + page + off, n);
    else {
        u32 phys = (u32)m->cpu.tlb[code_entry(m, lin) - m->core.hosts] & 0xFFFFF000u;
        for (u32 i = 0; i < n; i++)
            m->cpu.code[at + i] = memory_read8(m, phys + off + i);
    }
}

/* Decode one instruction at eip: from one page (crossing false) or with the next one translated too.
 * Gives the handler number, or MORE (0xFFFF) if it runs over the page's end; -1 for a page fault. */
static i32 decode_at(M *m, Rec *r, u32 eip, u32 page, bool crossing)
{
    const Segment *cs = &m->cpu.seg[1];
    u32 lin = cs->base + eip;
    u32 in_page = 0x1000 - (lin & 0xFFF);
    u64 in_segment = eip > cs->limit ? 0 : (u64)cs->limit - eip + 1;
    u32 n = 15;
    if (n > in_segment)
        n = (u32)in_segment;
    if (n == 0)
        goto limit;
    memset(m->cpu.code, 0, sizeof m->cpu.code);
    u32 first = n < in_page ? n : in_page;
    fetch_bytes(m, page, lin, 0, first);
    m->cpu.code_len = (u8)first;
    u32 h = decode_decode(m, r);
    if (h != 0xFFFF)
        return (i32)h;
    if (n <= in_page) {
        if (n < 15)
            goto limit;
        return 0xFFFF;
    }
    if (!crossing)
        return 0xFFFF;
    u32 second;
    if (code_page(m, lin + in_page, &second))
        return -1;
    fetch_bytes(m, second, lin + in_page, first, n - first);
    m->cpu.code_len = (u8)n;
    h = decode_decode(m, r);
    if (h != 0xFFFF)
        return (i32)h;
limit:
    r->len = 1;
    r->flags = REC_ENDS;
    return LONG_HANDLER;
}

static void place(M *m, Rec *r, i32 handler, u32 off)
{
    r->h = handlers[handler];
    r->off = (u16)off;
    if (flat_handlers[handler] && m->cpu.mode & MODE_FLAT && r->flags & REC_OSIZE32) {
        r->h = flat_handlers[handler];
        r->disp = off + r->len + r->imm;
    }
}

/* ``count``: records. */
static void finish(M *m, Trace *t, u32 count, bool ended)
{
    u32 n = 0;
    for (u32 i = count; i--;) {
        n += !is_literal(&t->rec[i]);
        t->rec[i].rest = (u8)n;  /* a literal's: as its instruction's */
    }
    t->n = (u8)n;
    if (!ended) {
        Rec *end = &t->rec[count];
        memset(end, 0, sizeof *end);
        end->h = end_of_trace;
        end->off = t->bytes;
        end->rest = 0;
    }
    (void)m;
}

static void finish_single(M *m, Trace *t, i32 handler)
{
    place(m, &t->rec[0], handler, 0);
    t->key = NO_KEY;
    t->bytes = t->rec[0].len;
    finish(m, t, 1, t->rec[0].flags & REC_ENDS);
}

/* One instruction, not remembered: outside plain memory, or when the budget is short. */
static Trace *single(M *m, u32 page)
{
    static _Thread_local u64 room[(sizeof(Trace) + SINGLE_ROOM * sizeof(Rec)) / 8 + 1];
    Trace *t = (Trace *)room;
    memset(room, 0, sizeof room);
    i32 h = decode_at(m, &t->rec[0], m->cpu.eip, page, true);
    if (h < 0)
        return NULL;
    finish_single(m, t, h);
    return t;
}

/* ---- instructions that run over the end of their page ---- */
static Crossing *crossing_of(M *m, u64 key)
{
    u32 offset = (u32)(key >> 8);
    return &m->core.crossings[((offset >> 12) * 15 + (offset & 15)) % CROSSINGS];
}

static ALWAYS_INLINE bool may_cross(u64 key)
{
    return (key >> 8 & 0xFFF) > 0x1000 - 15;
}

/* The one at cs:eip if it is remembered and its bytes are the same as then.  1: the page that it ends in faults. */
static int recall(M *m, u64 key, u32 lin, Trace **out)
{
    Crossing *c = crossing_of(m, key);
    u32 in_page = 0x1000 - (lin & 0xFFF), second;
    *out = NULL;
    if (c->key != key || memcmp(c->bytes, m->memory.backing_data + (key >> 8), in_page))
        return 0;
    if (code_page(m, lin + in_page, &second))
        return 1;
    if (second < DEVICE && !memcmp(c->bytes + in_page, m->memory.backing_data + second, c->trace.bytes - in_page))
        *out = &c->trace;
    return 0;
}

/* Decode and remember it; NULL where that cannot be. */
static Trace *remember(M *m, u64 key, u32 page, u32 lin)
{
    Crossing *c = crossing_of(m, key);
    u32 in_page = 0x1000 - (lin & 0xFFF), second;
    memset(c, 0, sizeof *c);
    i32 h = decode_at(m, &c->trace.rec[0], m->cpu.eip, page, true);
    if (h < 0 || h == LONG_HANDLER || c->trace.rec[0].len <= in_page || code_page(m, lin + in_page, &second) || second >= DEVICE)
        return NULL;
    c->key = key;
    memcpy(c->bytes, m->cpu.code, c->trace.rec[0].len);
    finish_single(m, &c->trace, h);
    return &c->trace;
}

#ifndef EMU_PROFILE
static bool follows(const struct Sequence *s, const Rec *r, const u16 *number)
{
    for (u32 i = 1; i < s->length; i++)
        if (s->after[i - 1] != number[i])
            return false;
    u8 is[SEQUENCE_MAX * 4], known = 0;
    for (u32 i = 0; i < s->length; i++) {
        const u8 registers[] = { r[i].rm, r[i].reg, r[i].base, r[i].idx };
        for (u32 f = 0; f < 4; f++) {
            u8 n = s->registers[i][f];
            if (n == NO_REGISTER)
                continue;
            if (n < known) {
                if (is[n] != registers[f])
                    return false;
                continue;
            }
            for (u32 k = 0; k < known; k++)
                if (is[k] == registers[f])
                    return false;
            is[known++] = registers[f];
        }
    }
    return true;
}

/* Instructions whose sequence has a handler of its own become one step, where it gains most.  All but the first keep their handlers,
 * for whoever enters or leaves between them. */
static void fuse(Rec *r, const u16 *number, u32 count)
{
    const struct Sequence *best[TRACE_MAX];
    u32 gain[TRACE_MAX + 1], i;
    gain[count] = 0;
    for (i = count; i-- > 0;) {
        best[i] = NULL;
        gain[i] = gain[i + 1];
        if (number[i] == LITERAL)
            continue;
        for (u32 n = sequence_start[number[i]]; n < sequence_start[number[i] + 1]; n++) {
            const struct Sequence *s = &sequences[n];
            if (s->length <= count - i && gain[i + s->length] + s->gain > gain[i] && follows(s, r + i, number + i)) {
                best[i] = s;
                gain[i] = gain[i + s->length] + s->gain;
            }
        }
    }
    for (i = 0; i < count; i += best[i] ? best[i]->length : 1)
        if (best[i]) {
            const Rec *last = &r[i + best[i]->length - 1];
            r[i].h = best[i]->all_flat && last->h == flat_handlers[number[i + best[i]->length - 1]] ? best[i]->all_flat : best[i]->all;
        }
}
#endif

/* Writes to some host memory go the slow way from now on; ``mark``: BESIDE_CODE, or 0. */
static void check_writes(M *m, u64 start, u64 size, u32 mark)
{
    for (u32 kind = 0; kind < 2; kind++) {
        const u16 *list = kind ? m->cpu.tlb_global : m->cpu.tlb_local;
        for (u32 n = kind ? m->cpu.tlb_global_count : m->cpu.tlb_local_count; n; n--) {
            HostEntry *e = &m->core.hosts[list[n - 1]];
            if (e->write != 1 && e->addend + e->write - start < size)
                e->write = mark ? e->write | mark : 1;
        }
    }
}

static Trace *make(M *m, u64 key, u32 page, u32 offset)
{
    if (m->core.pool_used + pool_space(TRACE_MAX + 2) > m->core.pool_size)  /* two literals may be too many at last */
        forget_traces(m);
    Trace *t = (Trace *)(m->core.pool + m->core.pool_used);
    memset(t, 0, sizeof *t);
    CodeMap **code = &m->core.page_code[offset >> 12];
    if (!*code && !(*code = calloc(1, sizeof **code)))
        return NULL;
    const Segment *cs = &m->cpu.seg[1];
    u32 eip = m->cpu.eip, off = 0, count = 0;
    u16 number[TRACE_MAX];
    bool ended = false;
    while (count < TRACE_MAX) {
        Rec *r = &t->rec[count];
        memset(r, 0, sizeof *r);
        if (((cs->base + eip + off) ^ (cs->base + eip)) & 0xFFFFF000u)
            break;
        if (count && eip + off > cs->limit)
            break;
        i32 h = decode_at(m, r, eip + off, page, false);
        if (h == 0xFFFF)
            break;
        if (h == LONG_HANDLER)  /* not kept: what the segment's limit cut off may be overwritten without a trace of it */
            break;
        place(m, r, h, off);
        u32 literals = literals_of(m, r, offset + off, *code);
        if (UNLIKELY(literals)) {
            if (count + literals >= TRACE_MAX)
                break;
            t->literals = true;
            for (u32 i = 0; i < literals; i++)
                number[count++] = LITERAL;
            r += literals;
        }
        number[count++] = (u16)h;
        off += r->len;
        if (r->flags & REC_ENDS) {
            ended = true;
            break;
        }
    }
    if (!count)
        return NULL;
    t->key = key;
    t->bytes = (u16)off;
    finish(m, t, count, ended);
#ifdef EMU_PROFILE
    RUNS(t) = 0;
#else
    fuse(t->rec, number, count);
#endif
    m->core.pool_used += pool_space(count);
    u32 p = offset >> 12;
    if (!(m->memory.watch_data[p] & 1)) {
        m->core.video_code |= (m->memory.watch_data[p] & 2) != 0;
        m->memory.watch_data[p] |= 1;
        u64 host = (u64)(uintptr_t)m->memory.backing_data + (offset & 0xFFFFF000u);
        check_writes(m, host, 0x1000, m->memory.watch_data[p] & 2 ? 0 : BESIDE_CODE);
    }
    t->next_in_page = m->core.page_traces[p];
    m->core.page_traces[p] = number_of(m, t);
    note_code(*code, t);
    (*code)->traces++;
    (*code)->idle = 0;
    m->core.traces_made++;
    return t;
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
    if (UNLIKELY(*page >= 0xFFFFFFFEu)) {  /* a chip, or nothing: no place in the backing that a trace could be kept under */
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
static u32 overwritten(M *m, Rec *r)
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
    m->core.cache = (u32 *)reserve(CACHE_BYTES + HOSTS_BYTES + m->core.pool_size);
    m->core.crossings = (Crossing *)reserve(CROSSINGS_BYTES);
    m->memory.watch_data = calloc(pages, 1);
    m->core.page_traces = calloc(pages, sizeof(u32));
    m->core.page_code = calloc(pages, sizeof(CodeMap *));
    m->core.dirty = calloc(65536, 1);
    if (!m->memory.backing_data || !m->core.cache || !m->core.crossings || !m->memory.watch_data || !m->core.page_traces || !m->core.page_code || !m->core.dirty)
        return NULL;
    m->core.hosts = (HostEntry *)((u8 *)m->core.cache + CACHE_BYTES);
    m->core.pool = (u8 *)m->core.hosts + HOSTS_BYTES;
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
    munmap(m->core.cache, CACHE_BYTES + HOSTS_BYTES + m->core.pool_size);
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
