/* PS/2 mouse: reset, and the knock of three sample rates that a wheel mouse answers by another id. */
#include "core.h"

#define RESET 0xFF
#define IDENTIFY 0xF2
#define RATE 0xF3

void check_mouse(struct check *c)
{
    static const u8 knock[] = { 200, 100, 80 };
    u8 answer[2];
    if (!mouse_send(RESET, answer, 2)) {
        absent(c, "no answer");
        return;
    }
    if (answer[0] != 0xAA) {
        fail(c, "reset gave %x", answer[0]);
        return;
    }
    for (u32 i = 0; i < 3; i++) {
        mouse_send(RATE, NULL, 0);
        mouse_send(knock[i], NULL, 0);
    }
    mouse_send(IDENTIFY, &mouse.id, 1);
    mouse.there = 1;
    if (mouse.id == 3)
        pass(c, "PS/2 wheel mouse");
    else
        pass(c, "PS/2 mouse, id %x", mouse.id);
}
