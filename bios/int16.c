/* INT 16h: keys from the ring. */
#include "services.h"

static int ring_empty(void) { return peek16(BDA, BDA_KB_HEAD) == peek16(BDA, BDA_KB_TAIL); }

static void drop(void)
{
    u16 head = peek16(BDA, BDA_KB_HEAD) + 2;
    if (head >= peek16(BDA, BDA_KB_END))
        head = peek16(BDA, BDA_KB_START);
    poke16(BDA, BDA_KB_HEAD, head);
}

/* A key as callers of the old functions know it; 0 hides it from them. */
static u16 old_style(u16 key)
{
    u8 scan = key >> 8, c = (u8)key;
    if (scan == 0xE0)
        return c == 0x2F ? 0x352F : 0x1C00 | c;
    if (scan && c == 0xE0)
        key = scan << 8;
    if (scan > 0x84)
        return 0;
    return key;
}

/* Next key, still in the ring; says whether there is one.  Keys that this caller does not know are dropped. */
static int look(u16 *key, int old)
{
    while (!ring_empty()) {
        u16 raw = peek16(BDA, peek16(BDA, BDA_KB_HEAD)), seen = old ? old_style(raw) : raw;
        if (seen || !raw) {
            *key = seen;
            return 1;
        }
        drop();
    }
    return 0;
}

static void take(struct regs *r, int old)
{
    u16 key;
    while (!look(&key, old))
        wait_irq();
    drop();
    r->ax = key;
}

static void check(struct regs *r, int old)
{
    u16 key;
    if (look(&key, old)) {
        r->ax = key;
        set_zf(r, 0);
    } else {
        set_zf(r, 1);
        yield();
    }
}

void HANDLER int16(struct regs *r)
{
    switch (r->ah) {
    case 0x00:
        take(r, 1);
        return;
    case 0x01:
        check(r, 1);
        return;
    case 0x02:
        r->al = peek8(BDA, BDA_KB_FLAGS);
        return;
    case 0x03:                          /* typematic rate */
        if (r->al == 5) {
            kbc_wait_write();
            outb(0x60, 0xF3);
            for (u32 i = 0; i < 20000 && !(inb(0x64) & 1); i++)
                ;
            kbc_wait_write();
            outb(0x60, (r->bh & 3) << 5 | (r->bl & 0x1F));
        }
        return;
    case 0x05:
        r->al = !key_store(r->cx);
        return;
    case 0x09:
        r->al = 0x30;                   /* functions 10h-12h and 0Ah */
        return;
    case 0x0A:
        r->bx = 0x41AB;
        return;
    case 0x10:
        take(r, 0);
        return;
    case 0x11:
        check(r, 0);
        return;
    case 0x12: {
        u8 held = peek8(BDA, BDA_KB_FLAGS + 1), mode = peek8(BDA, BDA_KB_MODE);
        r->al = peek8(BDA, BDA_KB_FLAGS);
        r->ah = (held & 0x73) | (held & 0x04) << 5 | (mode & 0x0C);
        return;
    }
    case 0x92:                          /* which functions there are, the DOS KEYB way */
        r->ah = 0x80;
        return;
    }
}
