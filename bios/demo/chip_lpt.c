/* Parallel port: data and control hold. */
#include "core.h"

#define LPT1 0x378

void check_lpt(struct check *c)
{
    outb(LPT1, 0xAA);
    int first = inb(LPT1);
    outb(LPT1, 0x55);
    if (first != 0xAA || inb(LPT1) != 0x55)
        absent(c, "none");
    else
        pass(c, "LPT1 at %x", LPT1);
}
