/* 8259A: the mask registers hold, and a line that rises shows in the request register. */
#include "core.h"

#define PIT 0x40
#define PIT_CONTROL 0x43
#define ONE_SHOT_0 0x30         /* channel 0, mode 0 */

void check_pic(struct check *c)
{
    int masks, quiet, raised = 0;
    CLI();
    u8 before0 = inb(0x21), before1 = inb(0xA1);
    outb(0x21, 0xA5);
    outb(0xA1, 0x5A);
    masks = inb(0x21) == 0xA5 && inb(0xA1) == 0x5A;
    outb(0x21, before0);
    outb(0xA1, before1);
    STI();
    sleep(1);                           /* nothing waits now */
    CLI();
    outb(PIT_CONTROL, ONE_SHOT_0);
    quiet = !(pic_irr() & 1);           /* the output is low until the count ends */
    outb(PIT, 4);
    outb(PIT, 0);
    for (u32 i = 0; i < 1000000 && !raised; i++)
        raised = pic_irr() & 1;
    STI();
    pit_start();
    if (masks && quiet && raised)
        pass(c, "two, 15 lines");
    else
        fail(c, "%s", !masks ? "masks" : !quiet ? "IRQ 0 stands" : "IRQ 0 does not come");
    detail(c, "vectors 20-2F, masks %02x %02x", before0, before1);
}
