/* Time-stamp counter against the stopwatch. */
#include "core.h"

#define SPAN 10                 /* ticks */

void check_tsc(struct check *c)
{
    if (!(processor.features & F_TSC)) {
        absent(c, "none");
        return;
    }
    sleep(1);
    u32 watch = stopwatch();
    u64 began = rdtsc();
    sleep(SPAN);
    u32 passed = rdtsc() - began, us = stopwatch_us(watch), khz = us ? muldiv(passed, 1000, us) : 0;
    if (khz)
        pass(c, "%u.%03u GHz", khz / 1000000, khz / 1000 % 1000);
    else
        fail(c, "it stands");
}
