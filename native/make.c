/* Making traces: fetching and decoding instructions, joining those that have a handler of their own together. */
#include <stdlib.h>
#include "traces.h"
#include "literals.h"

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

static u32 end_of_trace(M *m, Rec *r)
{
    return follow(m, 1, m->cpu.eip + r->off);
}

static void fetch_bytes(M *m, u32 page, u32 lin, u32 at, u32 n)
{
    u32 off = lin & 0xFFF;
    if (page < DEVICE)
        memcpy(m->cpu.code + at, m->memory.backing_data + page + off, n);
    else {
        u32 phys = (u32)m->cpu.tlb[code_entry(m, lin) - m->core.hosts] & 0xFFFFF000u;
        for (u32 i = 0; i < n; i++)
            m->cpu.code[at + i] = memory_read8(m, phys + off + i);
    }
}

/* Decode one instruction at eip: from one page (crossing false) or with the next one translated too.
 * Gives the handler number, or MORE if it runs over the page's end; -1 for a page fault. */
static i32 decode_at(M *m, Rec *r, u32 eip, u32 page, bool crossing)
{
    const Segment *cs = &m->cpu.seg[1];
    u32 lin = cs->base + eip;
    u32 in_page = 0x1000 - (lin & 0xFFF);
    u64 in_segment = eip > cs->limit ? 0 : (u64)cs->limit - eip + 1;
    u32 n = MAX_LENGTH;
    if (n > in_segment)
        n = (u32)in_segment;
    if (n == 0)
        goto limit;
    memset(m->cpu.code, 0, sizeof m->cpu.code);
    u32 first = n < in_page ? n : in_page;
    fetch_bytes(m, page, lin, 0, first);
    m->cpu.code_len = (u8)first;
    u32 h = decode_decode(m, r);
    if (h != MORE)
        return (i32)h;
    if (n <= in_page) {
        if (n < MAX_LENGTH)
            goto limit;
        return MORE;
    }
    if (!crossing)
        return MORE;
    u32 second;
    if (code_page(m, lin + in_page, &second))
        return -1;
    fetch_bytes(m, second, lin + in_page, first, n - first);
    m->cpu.code_len = (u8)n;
    h = decode_decode(m, r);
    if (h != MORE)
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
Trace *single(M *m, u32 page)
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
    return &m->core.crossings[((offset >> 12) * MAX_LENGTH + (offset & 15)) % CROSSINGS];
}

/* The one at cs:eip if it is remembered and its bytes are the same as then.  1: the page that it ends in faults. */
int recall(M *m, u64 key, u32 lin, Trace **out)
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
Trace *remember(M *m, u64 key, u32 page, u32 lin)
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

Trace *make(M *m, u64 key, u32 page, u32 offset)
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
        if (h == MORE)
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
