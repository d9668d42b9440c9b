/* The two 8259As, and interrupts that the services raise themselves. */
#include "services.h"

void eoi_master(void) { outb(0x20, 0x20); }
void eoi_slave(void) { outb(0xA0, 0x20); outb(0x20, 0x20); }

/* Will this line wake us from HLT? */
int irq_open(u8 line)
{
    if (line >= 8)
        return !(inb(0xA1) >> (line - 8) & 1) && !(inb(0x21) & 4);
    return !(inb(0x21) >> line & 1);
}

/* An interrupt through the table, with the registers in *r. */
void call_int(u8 vector, struct regs *r)
{
    r->ip = peek16(0, vector * 4);
    r->cs = peek16(0, vector * 4 + 2);
    far_call(r);
}

static void simple_int(u8 vector)
{
    struct regs r;
    memset(&r, 0, sizeof r);
    call_int(vector, &r);
}

/* Lines that nobody serves: mask them, or a level line would never end. */
void HANDLER irq_unused(struct regs *r)
{
    (void)r;
    outb(0x20, 0x0B);
    u8 master = inb(0x20);
    if (!master)
        return;
    outb(0xA0, 0x0B);
    u8 slave = inb(0xA0);
    if (slave) {
        outb(0xA1, inb(0xA1) | slave);
        outb(0xA0, 0x20);
    } else {
        outb(0x21, inb(0x21) | (master & 0xFB));
    }
    outb(0x20, 0x20);
    poke8(BDA, 0x6B, slave ? slave : master);
}

/* IRQ 9 stands for IRQ 2 of the PC. */
void HANDLER int71(struct regs *r)
{
    (void)r;
    outb(0xA0, 0x20);
    simple_int(0x0A);
}

/* IRQ 13: a coprocessor error is NMI's business on the PC. */
void HANDLER int75(struct regs *r)
{
    (void)r;
    outb(0xF0, 0);
    eoi_slave();
    simple_int(0x02);
}

/* IRQ 14 and 15 */
void HANDLER int76(struct regs *r)
{
    (void)r;
    poke8(BDA, BDA_HD_FLAG, 0xFF);
    eoi_slave();
}

void HANDLER int77(struct regs *r)
{
    (void)r;
    eoi_slave();
}
