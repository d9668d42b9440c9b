/* 8254: interrupts of channel 0 counted against the real-time clock's second, and its status read back. */
#include "rtc.h"

#define PIT 0x40
#define PIT_CONTROL 0x43
#define READ_BACK_STATUS_0 0xE2
#define MODE_AND_ACCESS 0x3F
#define RATE_LOW_HIGH 0x34
#define SLACK 3                 /* ticks */

void check_pit(struct check *c)
{
    u32 first = rtc_seconds, good = 0;
    u8 status;
    for (u32 tries = 0; tries < 4 && !good; tries++) {
        u32 before = rtc_seconds;
        if (!WAIT(rtc_seconds != before, 3 * TICKS_PER_SECOND))
            break;
        good = rtc_seconds > 1 && rtc_span + SLACK >= TICKS_PER_SECOND && rtc_span <= TICKS_PER_SECOND + SLACK;
    }
    CLI();
    outb(PIT_CONTROL, READ_BACK_STATUS_0);
    status = inb(PIT);
    STI();
    if (first == rtc_seconds)
        fail(c, "no second to count against");
    else if ((status & MODE_AND_ACCESS) != RATE_LOW_HIGH)
        fail(c, "status %x", status);
    else
        (good ? pass : fail)(c, "%u.0 Hz against RTC", rtc_span);
}
