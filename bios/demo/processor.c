/* Which processor: CPUID where there is one. */
#include "core.h"

#define EFLAGS_ID (1 << 21)

struct processor processor;

static void cpuid(u32 leaf, u32 *r)
{
    asm volatile("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3]) : "a"(leaf), "c"(0));
}

static int id_flag_moves(void)
{
    u32 before, after;
    asm volatile("pushfl; popl %0; movl %0,%1; xorl %2,%1; pushl %1; popfl; pushfl; popl %1; pushl %0; popfl"
                 : "=&r"(before), "=&r"(after) : "i"(EFLAGS_ID) : "cc");
    return ((before ^ after) & EFLAGS_ID) != 0;
}

/* Without "(R)", "(TM)" and "CPU", which say nothing. */
static void shorten(char *text)
{
    char *to = text;
    for (const char *from = text; *from;) {
        u32 skip = starts(from, "(R)") ? 3 : starts(from, "(TM)") ? 4 : starts(from, "CPU ") ? 4 : 0;
        if (skip)
            from += skip;
        else
            *to++ = *from++;
    }
    *to = 0;
    trim(text);
}

void processor_identify(void)
{
    u32 r[4];
    processor.has_cpuid = id_flag_moves();
    if (!processor.has_cpuid) {
        memcpy(processor.brand, "386 or 486", 11);
        return;
    }
    cpuid(0, r);
    processor.level = r[0];
    memcpy(processor.vendor, &r[1], 4);
    memcpy(processor.vendor + 4, &r[3], 4);
    memcpy(processor.vendor + 8, &r[2], 4);
    cpuid(1, r);
    processor.signature = r[0];
    processor.features = r[3];
    cpuid(0x80000000, r);
    if (r[0] >= 0x80000004 && r[0] < 0x80001000) {
        for (u32 n = 0; n < 3; n++)
            cpuid(0x80000002 + n, (u32 *)processor.brand + n * 4);
        shorten(processor.brand);
    } else {
        u32 family = processor.signature >> 8 & 15, model = processor.signature >> 4 & 15;
        const char *name = family == 4 ? "486" : family == 5 ? "Pentium" : family == 6 && model >= 7 ? "Pentium III"
                           : family == 6 && model >= 3 ? "Pentium II" : family == 6 ? "Pentium Pro" : "unnamed";
        format(processor.brand, sizeof processor.brand, "%s", name);
    }
}
