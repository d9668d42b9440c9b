/* PS/2 keyboard: identification, lights. */
#include "core.h"

#define IDENTIFY 0xF2
#define LIGHTS 0xED
#define SCAN 0xF4

void check_keyboard(struct check *c)
{
    u8 id[2];
    if (!keyboard_send(IDENTIFY, id, 2)) {
        absent(c, "no answer");
        return;
    }
    int lights = keyboard_send(LIGHTS, NULL, 0) && keyboard_send(7, NULL, 0);
    lights &= keyboard_send(LIGHTS, NULL, 0) && keyboard_send(0, NULL, 0);
    int scans = keyboard_send(SCAN, NULL, 0);
    if (id[0] != 0xAB || !lights || !scans)
        fail(c, "id %02x %02x%s", id[0], id[1], lights ? "" : ", lights");
    else
        pass(c, "PS/2, id %02x %02x", id[0], id[1]);
}
