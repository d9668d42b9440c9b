/* Sound Blaster: reset of its signal processor, and its version. */
#include "core.h"

enum { RESET = 0x226, READ = 0x22A, WRITE = 0x22C, READY = 0x22E };
#define GET_VERSION 0xE1

static int take(void) { return WAIT(inb(READY) & 0x80, 5) ? inb(READ) : -1; }

void check_sound(struct check *c)
{
    outb(RESET, 1);
    for (u32 i = 0; i < 4; i++)
        inb(0x80);
    outb(RESET, 0);
    if (inb(READY) == 0xFF || take() != 0xAA) {
        absent(c, "none");
        return;
    }
    outb(WRITE, GET_VERSION);
    int major = take(), minor = take();
    if (major < 1)
        fail(c, "no version");
    else
        pass(c, "Sound Blaster %u.%02u", major, minor);
}
