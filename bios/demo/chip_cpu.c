/* Processor: its name by CPUID, and that a few instructions compute what they should. */
#include "core.h"

static int arithmetic(void)
{
    u32 low, high, quotient, rest, sum, digits, same = 0, left = 8;
    const char *a = "emulator", *b = "emulator";
    asm volatile("mull %3" : "=a"(low), "=d"(high) : "0"(0x89ABCDEF), "r"(0xFEDCBA98) : "cc");
    asm volatile("divl %4" : "=a"(quotient), "=d"(rest) : "0"(low), "1"(high), "r"(0xFEDCBA99) : "cc");
    asm volatile("addl %2,%0; adcl $1,%0" : "=r"(sum) : "0"(0xFFFFFFFF), "r"(2) : "cc");
    asm volatile("addb $0x27,%b0; daa" : "=a"(digits) : "0"(0x58) : "cc");
    asm volatile("repe cmpsb; sete %b0" : "+a"(same), "+S"(a), "+D"(b), "+c"(left) : : "cc");
    return high == 0x890F2A50 && low == 0xAD05EBE8 && quotient == 0x89ABCDEE && rest == 0x7530ECAA && sum == 3 && (u8)digits == 0x85
        && same == 1 && !left;
}

void check_cpu(struct check *c)
{
    if (!arithmetic())
        fail(c, "wrong results");
    else if (processor.has_cpuid)
        pass(c, "%s", processor.brand);
    else
        pass(c, "without CPUID");
    if (processor.has_cpuid)
        detail(c, "%s, signature %x, features %x", processor.vendor, processor.signature, processor.features);
}
