/* 8042: self test, interface tests. */
#include "core.h"

#define DATA 0x60
#define STATUS 0x64
#define POLLED 0x44             /* no interrupts; system flag, translation */

void check_kbc(struct check *c)
{
    int self, keyboard, aux;
    kbc_send(0xAD);                     /* both devices quiet */
    kbc_send(0xA7);
    for (u32 i = 0; i < 32 && inb(STATUS) & 1; i++)
        inb(DATA);
    self = kbc_command(0xAA);
    keyboard = kbc_command(0xAB);
    aux = kbc_command(0xA9);
    kbc_send(0x60);                     /* the configuration follows */
    WAIT(!(inb(STATUS) & 2), 10);
    outb(DATA, POLLED);
    kbc_send(0xAE);
    kbc_send(0xA8);
    if (self < 0)
        absent(c, "no answer");
    else if (self != 0x55 || keyboard)
        fail(c, "self test %x, interface %x", self, keyboard);
    else
        pass(c, aux ? "keyboard port" : "both ports good");
}
