/* 8237A, both: address and count of a channel, its page register. */
#include "core.h"

#define MASK_0 0x0A
#define MASK_1 0xD4
#define PAGE_1 0x83

static int holds(u16 clear, u16 address, u16 count)
{
    outb(clear, 0);
    outb(address, 0x34);
    outb(address, 0x12);
    outb(count, 0x78);
    outb(count, 0x56);
    outb(clear, 0);
    u32 a = inb(address), n;
    a |= inb(address) << 8;
    n = inb(count);
    n |= inb(count) << 8;
    return a == 0x1234 && n == 0x5678;
}

void check_dma(struct check *c)
{
    int first, second, page;
    outb(MASK_0, 5);                    /* channel 1 masked */
    outb(MASK_1, 5);                    /* channel 5 */
    first = holds(0x0C, 0x02, 0x03);
    second = holds(0xD8, 0xC4, 0xC6);
    outb(PAGE_1, 0x5A);
    page = inb(PAGE_1) == 0x5A;
    if (first && second && page)
        pass(c, "two, 7 channels");
    else
        fail(c, "%s", !first ? "channel 1" : !second ? "channel 5" : "page register");
}
