/* Literals: operands of instructions that are read from memory when they run, because they are written to (native/literals.c). */
#ifndef LITERALS_H
#define LITERALS_H
#include "core.h"

/* A literal is a record without a length before the instruction that it belongs to. */
static ALWAYS_INLINE bool is_literal(const Rec *r)
{
    return r->len == 0;
}

/* Its place in the page; memory begins with a page. */
static ALWAYS_INLINE u32 literal_at(const Rec *r)
{
    return r->imm & 0xFFF;
}

static ALWAYS_INLINE u32 literal_size(const Rec *r)
{
    return r->layout;
}

u32 literals_of(M *m, Rec *r, u32 offset, const CodeMap *map);
void note_operand(CodeMap *map, const Trace *t, u32 offset, u32 end);
#endif
