/* Traces as the files of the engine share them: native/core.c finds and leaves them, native/make.c makes them, native/code_map.c drops
 * them when their bytes are overwritten. */
#ifndef TRACES_H
#define TRACES_H
#include "core.h"
#include "walks.h"

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

/* Bytes of the pool that a trace takes. */
static ALWAYS_INLINE u64 pool_space(u32 count)
{
#ifdef EMU_PROFILE
    count = TRACE_MAX + 1;  /* and a counter after them */
#endif
    return (sizeof(Trace) + (count + 1) * sizeof(Rec) + TRACE_ALIGN - 1) & ~(u64)(TRACE_ALIGN - 1);
}

/* Where the TLB leads instructions at the present privilege. */
static ALWAYS_INLINE HostEntry *code_entry(M *m, u32 lin)
{
    return tlb_entry(m, lin) + TLB_CODE;
}

/* Backing offset of the code page at linear address lin, DEVICE or OPEN if it is not plain memory.  1: fault. */
static ALWAYS_INLINE int code_page(M *m, u32 lin, u32 *out)
{
    HostEntry *e = code_entry(m, lin);
    u32 page = lin & 0xFFFFF000u, bank = paging_code_bank(m);
    if (UNLIKELY(e->read != page) && !walked_before(m, lin, bank, false)) {
        u32 index = tlb_index(lin, bank);
        u64 before = m->cpu.tlb[index];
        if (paging_lookup_exec(m, lin))
            return 1;
        u32 at = memory_read_offset(m, (u32)m->r[0] & 0xFFFFF000u);
        *out = at;
        if (UNLIKELY(at >= DEVICE))
            return 0;
        e->read = page;
        e->addend = at;
        note_walk(m, lin, index, before, false);
    }
    *out = (u32)e->addend;
    return 0;
}

/* May an instruction there run over the end of its page? */
static ALWAYS_INLINE bool may_cross(u64 key)
{
    return (key >> 8 & 0xFFF) > 0x1000 - MAX_LENGTH;
}

/* native/core.c */
u32 overwritten(M *m, Rec *r);
void forget_traces(M *m);

/* native/make.c */
Trace *make(M *m, u64 key, u32 page, u32 offset);
Trace *single(M *m, u32 page);
int recall(M *m, u64 key, u32 lin, Trace **out);
Trace *remember(M *m, u64 key, u32 page, u32 lin);

/* native/code_map.c */
void note_code(CodeMap *map, const Trace *t);
void check_writes(M *m, u64 start, u64 size, u32 mark);

#ifdef EMU_PROFILE
void write_profile(M *m);  /* native/profile.c */
#endif
#endif
