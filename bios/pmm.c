/* POST Memory Manager 1.01: memory that option ROMs have while the machine starts, until an operating system is booted. */
#include "services.h"

#define ALLOCATE 0
#define FIND 1
#define RELEASE 2
#define NOT_SUPPORTED 0xFFFFFFFF
#define NO_HANDLE 0xFFFFFFFF
#define CONVENTIONAL 1
#define EXTENDED 2
#define ALIGNED 4
#define PERMANENT 8
#define MAX_BLOCKS 16
#define FIRST_CONVENTIONAL 0x2000       /* paragraphs */
#define END_CONVENTIONAL 0x7000
#define FIRST_EXTENDED 0x10000
#define MOST_EXTENDED 0x80000           /* 8 MiB at the end of RAM, at most all from the second MiB on */
#define FIRST_WORD (sizeof(struct regs) + 4)    /* of the caller's stack: the far return address comes before */

extern u32 caller_esp, caller_ss;       /* entry.S */

static struct block { u32 at, size, handle; } blocks[MAX_BLOCKS];
static u32 count;

static u32 argument(u32 at) { return peek32(caller_ss, caller_esp + FIRST_WORD + at); }

/* The lowest place for so many paragraphs in an area; 0: none. */
static u32 place(u32 first, u32 end, u32 size, u32 align)
{
    u32 at = (first + align - 1) & -align;
    for (u32 i = 0; i < count; i++)
        if (at < blocks[i].at + blocks[i].size && blocks[i].at < at + size) {
            at = (blocks[i].at + blocks[i].size + align - 1) & -align;
            i = -1;
        }
    return at < end && size <= end - at ? at : 0;
}

static u32 largest(u32 first, u32 end)
{
    u32 found = 0;
    for (u32 step = 1u << 19; step; step >>= 1)
        if (place(first, end, found + step, 1))
            found += step;
    return found;
}

static u32 end_extended(void) { return shared.ram_end >> 4; }

static u32 first_extended(void)
{
    u32 end = end_extended();
    return end > FIRST_EXTENDED * 2 + MOST_EXTENDED ? end - MOST_EXTENDED : FIRST_EXTENDED * 2;
}

static u32 find(u32 handle)
{
    for (u32 i = 0; i < count; i++)
        if (handle != NO_HANDLE && blocks[i].handle == handle)
            return blocks[i].at << 4;
    return 0;
}

static u32 allocate(u32 size, u32 handle, u16 flags)
{
    u32 at = 0, align = flags & ALIGNED ? size & -size : 1;
    if (!size) {
        u32 low = flags & CONVENTIONAL ? largest(FIRST_CONVENTIONAL, END_CONVENTIONAL) : 0;
        u32 high = flags & EXTENDED ? largest(first_extended(), end_extended()) : 0;
        return low > high ? low : high;
    }
    if (flags & PERMANENT || find(handle) || count == MAX_BLOCKS)
        return 0;
    if (flags & CONVENTIONAL)
        at = place(FIRST_CONVENTIONAL, END_CONVENTIONAL, size, align);
    if (!at && flags & EXTENDED)
        at = place(first_extended(), end_extended(), size, align);
    if (at)
        blocks[count++] = (struct block){ at, size, handle };
    return at << 4;
}

static u32 release(u32 address)
{
    for (u32 i = 0; i < count; i++)
        if (blocks[i].at << 4 == address) {
            blocks[i] = blocks[--count];
            return 0;
        }
    return 1;
}

/* A far call: function, then its arguments, on the caller's stack; the result comes in DX:AX. */
HANDLER void pmm(struct regs *r)
{
    u32 result = NOT_SUPPORTED;
    switch ((u16)argument(0)) {
    case ALLOCATE: result = allocate(argument(2), argument(6), argument(10)); break;
    case FIND: result = find(argument(2)); break;
    case RELEASE: result = release(argument(2)); break;
    }
    r->ax = result;
    r->dx = result >> 16;
}
