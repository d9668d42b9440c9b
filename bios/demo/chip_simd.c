/* MMX, SSE and SSE2: one computation of each that CPUID announces. */
#include "core.h"

typedef u32 four[4] __attribute__((aligned(16)));

static int mmx(void)
{
    u32 a[2] = { 0xF0108020, 0x01FF7F80 }, b[2] = { 0x20101010, 0x01017F80 }, r[2];
    asm volatile("movq %1,%%mm0; paddusb %2,%%mm0; movq %%mm0,%0; emms" : "=m"(r) : "m"(a), "m"(b));
    return r[0] == 0xFF209030 && r[1] == 0x02FFFEFF;
}

static int sse(void)
{
    four a = { 0x3F800000, 0x40000000, 0x40400000, 0x40800000 }, b = { 0x40000000, 0x3F000000, 0x40800000, 0x41200000 }, r;
    asm volatile("movaps %1,%%xmm0; mulps %2,%%xmm0; addps %1,%%xmm0; movaps %%xmm0,%0" : "=m"(r) : "m"(a), "m"(b));
    return r[0] == 0x40400000 && r[1] == 0x40400000 && r[2] == 0x41700000 && r[3] == 0x42300000;       /* 3 3 15 44 */
}

static int sse2(void)
{
    four a = { 0xFFFFFFFF, 0, 3, 0 }, b = { 0xFFFFFFFF, 0, 5, 0 }, r;
    asm volatile("movdqa %1,%%xmm0; pmuludq %2,%%xmm0; paddq %1,%%xmm0; movdqa %%xmm0,%0" : "=m"(r) : "m"(a), "m"(b));
    return r[0] == 0 && r[1] == 0xFFFFFFFF && r[2] == 18 && r[3] == 0;
}

void check_simd(struct check *c)
{
    u32 f = processor.features, good = 1, cr4;
    if (!(f & F_MMX)) {
        absent(c, "none");
        return;
    }
    good = mmx();
    if ((f & F_SSE) && (f & F_FXSR)) {
        asm volatile("movl %%cr4,%0" : "=r"(cr4));
        asm volatile("movl %0,%%cr4" : : "r"(cr4 | 0x600));            /* OSFXSR, OSXMMEXCPT */
        good &= sse();
        if (f & F_SSE2)
            good &= sse2();
    } else {
        f &= ~(F_SSE | F_SSE2);
    }
    (good ? pass : fail)(c, "%s", f & F_SSE2 ? "MMX SSE SSE2" : f & F_SSE ? "MMX SSE" : "MMX");
}
