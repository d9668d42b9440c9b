/* Memory: the map of the BIOS, a word in every MiB written and read back, the A20 line. */
#include "core.h"

#define MIB 0x100000
#define PATTERN 0xA5C3F00D

void check_memory(struct check *c)
{
    u32 bad = 0, words = 0, kib = memory_kib();
    volatile u32 *low = (u32 *)buffer_a, *high = (u32 *)((u32)buffer_a + MIB);
    for (u32 pass_ = 0; pass_ < 2; pass_++)
        for (u32 i = 0; i < facts.e820_count; i++) {
            if (e820[i].type != 1 || e820[i].base < MIB || e820[i].base >> 32)
                continue;
            u32 from = e820[i].base, n = e820[i].length >> 20;
            for (volatile u32 *at = (u32 *)from; n; n--, at += MIB / 4) {
                if (!pass_)
                    *at = (u32)at ^ PATTERN;
                else
                    bad += *at != ((u32)at ^ PATTERN);
                words++;
            }
        }
    *low = 1;
    *high = 2;
    if (*low != 1)
        fail(c, "A20 is off");
    else if (bad)
        fail(c, "%u words lost", bad);
    else
        pass(c, "%u %s, A20 on", kib < 4096 ? kib : (kib + 1023) >> 10, kib < 4096 ? "KiB" : "MiB");
    detail(c, "%u ranges in the map, %u words written and read", facts.e820_count, words / 2);
}
