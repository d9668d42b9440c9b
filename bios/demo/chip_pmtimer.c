/* ACPI PM timer against the PIT. */
#include "core.h"

#define SPAN 10                 /* ticks */
#define WANTED (PM_TIMER_HZ / TICKS_PER_SECOND * SPAN)

void check_pmtimer(struct check *c)
{
    u32 passed = 0;
    if (!tables.pm_timer) {
        absent(c, "none");
        return;
    }
    for (u32 tries = 0; tries < 4; tries++) {
        sleep(1);
        u32 began = inl(tables.pm_timer);
        sleep(SPAN);
        passed = (inl(tables.pm_timer) - began) & 0xFFFFFF;
        if (passed > WANTED - WANTED / 50 && passed < WANTED + WANTED / 50)
            break;
    }
    u32 khz = muldiv(passed, TICKS_PER_SECOND, SPAN * 1000);
    if (passed > WANTED - WANTED / 50 && passed < WANTED + WANTED / 50)
        pass(c, "%u.%03u MHz", khz / 1000, khz % 1000);
    else
        fail(c, "%u.%03u MHz", khz / 1000, khz % 1000);
    detail(c, "against the PIT; port %x", tables.pm_timer);
}
