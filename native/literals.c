/* Literals: a program that writes immediates or displacements of its own instructions would have their traces dropped and decoded again
 * each time.  Where it has done so twice, those bytes are data to the trace: they are not marked as code, and a record before the
 * instruction, which counts as none, brings their value into the instruction's record each time it is about to run.
 *
 * No operand's value chooses a handler; what leaves a trace is left out, since links hold where a branch led. */
#include <stdlib.h>
#include "literals.h"

/* Bytes of operands that were written while they were code: once, and again. */
struct Operands {
    u64 once[64], again[64];
};

struct Field {
    u32 at, size;      /* in the instruction */
    Handler *h;
    u32 target;        /* offset in the record */
};

/* The value lies at the host address in imm and disp, and goes to imm2 bytes from here. */
#define LITERAL_HANDLER(NAME, T) \
static u32 literal_##NAME(M *m, Rec *r) \
{ \
    const u8 *from; \
    T v; \
    memcpy(&from, &r->imm, sizeof from); \
    memcpy(&v, from, sizeof v); \
    *(u32 *)((u8 *)r + r->imm2) = (u32)(i32)v; \
    return r[1].h(m, r + 1); \
}
LITERAL_HANDLER(u8, u8)
LITERAL_HANDLER(i8, i8)
LITERAL_HANDLER(u16, u16)
LITERAL_HANDLER(i16, i16)
LITERAL_HANDLER(u32, u32)

/* The displacement and the immediate of a decoded instruction, as far as they may be literals; gives how many. */
static u32 fields_of(const Rec *r, struct Field *out)
{
    static Handler *const displacement[] = { NULL, literal_i8, literal_i16, NULL, literal_u32 };
    u32 size = r->layout & 7, n = 0;
    struct Field imm = { 0, 0, NULL, offsetof(Rec, imm) };
    if (r->flags & REC_ENDS)
        return 0;
    switch (r->layout >> 3) {
    case IMM_NONE:
        break;
    case IMM_B:
        imm.size = 1;
        imm.h = literal_u8;
        break;
    case IMM_BS:
        imm.size = 1;
        imm.h = literal_i8;
        break;
    case IMM_W:
        imm.size = 2;
        imm.h = literal_u16;
        break;
    case IMM_Z:
        imm.size = r->flags & REC_OSIZE32 ? 4 : 2;
        imm.h = r->flags & REC_OSIZE32 ? literal_u32 : literal_i16;
        break;
    case IMM_OFFS:
        imm.size = r->flags & REC_ASIZE32 ? 4 : 2;
        imm.h = r->flags & REC_ASIZE32 ? literal_u32 : literal_u16;
        imm.target = offsetof(Rec, disp);
        break;
    default:
        return 0;
    }
    imm.at = r->len - imm.size;
    if (size)
        out[n++] = (struct Field){ imm.at - size, size, displacement[size], offsetof(Rec, disp) };
    if (imm.size)
        out[n++] = imm;
    return n;
}

static bool any_of(const u64 *bits, u32 at, u32 size)
{
    for (u32 i = at; i < at + size; i++)
        if (bits[i >> 6] >> (i & 63) & 1)
            return true;
    return false;
}

/* Put the literals that a decoded instruction at this backing offset needs before it: gives how many, by which its record has moved. */
u32 literals_of(M *m, Rec *r, u32 offset, const CodeMap *map)
{
    struct Field field[2];
    u32 n = 0;
    if (LIKELY(!map->operands))
        return 0;
    u32 fields = fields_of(r, field);
    for (u32 i = 0; i < fields; i++)
        if (any_of(map->operands->again, (offset & 0xFFF) + field[i].at, field[i].size))
            field[n++] = field[i];
    r[n] = *r;
    for (u32 i = 0; i < n; i++) {
        const u8 *from = m->memory.backing_data + offset + field[i].at;
        r[i] = (Rec){ .h = field[i].h, .off = r[n].off, .layout = (u8)field[i].size,
                      .imm2 = (u16)((n - i) * sizeof(Rec) + field[i].target) };
        memcpy(&r[i].imm, &from, sizeof from);
    }
    return n;
}

/* Backing offsets offset..end-1, which trace t contains, were written: if they are of one operand, remember them. */
void note_operand(CodeMap *map, const Trace *t, u32 offset, u32 end)
{
    struct Field field[2];
    u32 first = (u32)(t->key >> 8);
    for (u32 i = 0, left = t->n; left; i++) {
        const Rec *r = &t->rec[i];
        if (is_literal(r))
            continue;
        left--;
        if (offset < first + r->off || offset >= first + r->off + r->len)
            continue;
        for (u32 n = fields_of(r, field); n--;) {
            u32 at = first + r->off + field[n].at;
            if (offset < at || end > at + field[n].size)
                continue;
            if (!map->operands && !(map->operands = calloc(1, sizeof *map->operands)))
                return;
            for (u32 b = offset & 0xFFF; b <= ((end - 1) & 0xFFF); b++) {
                u64 bit = (u64)1 << (b & 63);
                map->operands->again[b >> 6] |= map->operands->once[b >> 6] & bit;
                map->operands->once[b >> 6] |= bit;
            }
        }
        return;
    }
}
