/* CMOS memory: what the firmware keeps there, and that a byte holds (an alarm register, put back afterwards). */
#include "core.h"

#define ALARM_HOURS 5
#define FLOPPIES 0x10
#define EQUIPMENT 0x14
#define BASE_MEMORY 0x15

void check_cmos(struct check *c)
{
    u8 before = cmos_read(ALARM_HOURS), good;
    u32 base = cmos_read(BASE_MEMORY) | cmos_read(BASE_MEMORY + 1) << 8;
    cmos_write(ALARM_HOURS, 0x15);
    good = cmos_read(ALARM_HOURS) == 0x15;
    cmos_write(ALARM_HOURS, 0x08);
    good &= cmos_read(ALARM_HOURS) == 0x08;
    cmos_write(ALARM_HOURS, before);
    (good ? pass : fail)(c, good ? "%u KiB base memory" : "a byte is lost", base);
    detail(c, "equipment %02x, floppy drives %02x", cmos_read(EQUIPMENT), cmos_read(FLOPPIES));
}
