/* Real-time clock: a date that can be, a good battery, an interrupt every second. */
#include "rtc.h"

#define REGISTER_D 0x0D
#define VALID 0x80

void check_rtc(struct check *c)
{
    u32 before = rtc_seconds;
    int came = WAIT(rtc_seconds != before, 3 * TICKS_PER_SECOND);
    int sensible = now.month >= 1 && now.month <= 12 && now.day >= 1 && now.day <= 31 && now.hour < 24 && now.minute < 60 && now.second < 60;
    int valid = cmos_read(REGISTER_D) & VALID;
    (came && sensible && valid ? pass : fail)(c, "%u-%02u-%02u%s", now.year, now.month, now.day,
        !came ? " no interrupt" : !sensible ? " nonsense" : !valid ? " battery" : "");
    detail(c, "%02u:%02u:%02u, interrupts once a second", now.hour, now.minute, now.second);
}
