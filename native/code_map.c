/* Which bytes are decoded code, and what becomes of traces when such bytes are written. */
#include <stdlib.h>
#include "traces.h"
#include "literals.h"

#define IDLE_WRITES 16

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
void note_code(CodeMap *map, const Trace *t)
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

/* Writes to some host memory go the slow way from now on; ``mark``: BESIDE_CODE, or 0. */
void check_writes(M *m, u64 start, u64 size, u32 mark)
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
