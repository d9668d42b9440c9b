/* INT 14h serial and INT 17h parallel ports. */
#include "services.h"

/* Divisors of 115,200 for 110, 150, 300, 600, 1200, 2400, 4800 and 9600 baud */
static const u16 divisors[8] = { 1047, 768, 384, 192, 96, 48, 24, 12 };

static int serial_wait(u16 base, u8 reg, u8 bits, u8 timeout)
{
    u32 start = clock_now();
    while ((inb(base + reg) & bits) != bits) {
        if (clock_now() - start > (u32)timeout * 18 + 1)
            return 0;
        yield();
    }
    return 1;
}

void HANDLER int14(struct regs *r)
{
    u16 base = r->dx < 4 ? peek16(BDA, BDA_COM + r->dx * 2) : 0;
    u8 timeout = r->dx < 4 ? peek8(BDA, BDA_COM_TIMEOUT + r->dx) : 0;
    if (!base)
        return;
    switch (r->ah) {
    case 0: {
        u16 divisor = divisors[r->al >> 5];
        outb(base + 3, 0x80);
        outb(base, (u8)divisor);
        outb(base + 1, divisor >> 8);
        outb(base + 3, r->al & 0x1F);
        outb(base + 1, 0);
        break;
    }
    case 1:
        outb(base + 4, inb(base + 4) | 3);
        if (!serial_wait(base, 5, 0x20, timeout)) {
            r->ah = inb(base + 5) | 0x80;
            return;
        }
        outb(base, r->al);
        r->ah = inb(base + 5);
        return;
    case 2:
        outb(base + 4, (inb(base + 4) & 0xFD) | 1);
        if (!serial_wait(base, 5, 0x01, timeout)) {
            r->ah = inb(base + 5) | 0x80;
            return;
        }
        r->ah = inb(base + 5) & 0x1E;
        r->al = inb(base);
        return;
    case 3:
        break;
    default:
        return;
    }
    r->ah = inb(base + 5);
    r->al = inb(base + 6);
}

void HANDLER int17(struct regs *r)
{
    u16 base = r->dx < 3 ? peek16(BDA, BDA_LPT + r->dx * 2) : 0;
    u8 late = 0;
    if (!base || r->ah > 2)
        return;
    if (r->ah == 0) {
        u32 start = clock_now();
        outb(base, r->al);
        while (!(inb(base + 1) & 0x80) && !late) {              /* BUSY is inverted */
            late = clock_now() - start > (u32)peek8(BDA, BDA_LPT_TIMEOUT + r->dx) * 18 + 1;
            yield();
        }
        if (!late) {
            u8 control = inb(base + 2);
            outb(base + 2, control | 1);
            outb(base + 2, control & 0xFE);
        }
    } else if (r->ah == 1) {
        outb(base + 2, 0x08);
        outb(base + 2, 0x0C);
    }
    r->ah = ((inb(base + 1) ^ 0x48) & 0xF8) | late;
}
