/* Coprocessor: constants, a square root, a division and a rounding, to the last of 80 bits. */
#include "core.h"

struct extended { u32 low, high; u16 top; } PACKED;

static int is(const struct extended *e, u16 top, u32 high, u32 low) { return e->top == top && e->high == high && e->low == low; }

void check_fpu(struct check *c)
{
    u16 status = 0x5A5A, control = 0x5A5A;
    u32 cr0, three = 3, two = 2, rounded, unit;
    struct extended pi, root, third;
    asm volatile("movl %%cr0,%0" : "=r"(cr0));
    asm volatile("movl %0,%%cr0" : : "r"((cr0 & ~0x0C) | 0x22));       /* no emulation, no task switched; own errors, monitor */
    asm volatile("fninit; fnstsw %0; fnstcw %1" : "=m"(status), "=m"(control));
    if ((status & 0xFF) || (control & 0x103F) != 0x3F) {
        absent(c, "none");
        return;
    }
    asm volatile("fldpi; fstpt %0" : "=m"(pi));
    asm volatile("fildl %1; fsqrt; fstpt %0" : "=m"(root) : "m"(two));
    asm volatile("fld1; fidivl %1; fstpt %0" : "=m"(third) : "m"(three));
    asm volatile("fldpi; fistpl %0" : "=m"(rounded));
    asm volatile("fldpi; fsincos; fmul %%st(0),%%st; fxch; fmul %%st(0),%%st; faddp; fistpl %0" : "=m"(unit));
    if (is(&pi, 0x4000, 0xC90FDAA2, 0x2168C235) && is(&root, 0x3FFF, 0xB504F333, 0xF9DE6484) && is(&third, 0x3FFD, 0xAAAAAAAA, 0xAAAAAAAB)
        && rounded == 3 && unit == 1)
        pass(c, "x87, exact to 80 bits");
    else
        fail(c, "wrong results");
    detail(c, "sqrt(2) is %04x.%08x%08x", root.top, root.high, root.low);
}
