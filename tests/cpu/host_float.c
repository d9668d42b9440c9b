/* Runs x87 and SSE instructions of the host over arrays, for tests/cpu/host_float.py. */
#include <stdint.h>
#include <string.h>

typedef struct { uint64_t mant; uint16_t sexp; uint8_t pad[6]; } F80;

#define UNMASKED_SAFE "fnstsw %[sw]\n fnclex\n fldcw %[def]\n"

#define BINARY(NAME, INSN) \
void NAME(int n, const F80 *a, const F80 *b, uint16_t cw, F80 *out, uint16_t *sw) \
{ \
    uint16_t def = 0x37f; \
    for (int i = 0; i < n; i++) { \
        uint16_t s; \
        __asm__ volatile("fninit\n fldt %[b]\n fldt %[a]\n fldcw %[cw]\n" INSN "\n" UNMASKED_SAFE \
                         "fstpt %[out]\n fninit" \
                         : [out] "=m"(out[i]), [sw] "=m"(s) \
                         : [a] "m"(a[i]), [b] "m"(b[i]), [cw] "m"(cw), [def] "m"(def)); \
        sw[i] = s; \
    } \
}
BINARY(x87_FADD, "fadd %%st(1), %%st")
BINARY(x87_FSUB, "fsub %%st(1), %%st")
BINARY(x87_FSUBR, "fsubr %%st(1), %%st")
BINARY(x87_FMUL, "fmul %%st(1), %%st")
BINARY(x87_FDIV, "fdiv %%st(1), %%st")
BINARY(x87_FDIVR, "fdivr %%st(1), %%st")
BINARY(x87_FSQRT, "fsqrt")
BINARY(x87_FRNDINT, "frndint")
BINARY(x87_FSCALE, "fscale")
BINARY(x87_FPREM, "fprem")
BINARY(x87_FPREM1, "fprem1")
BINARY(x87_FCOM, "fcom %%st(1)")
BINARY(x87_FUCOM, "fucom %%st(1)")
BINARY(x87_FXAM, "fxam")

/* Stores: the value lands in the first bytes of out; nothing stored leaves the fill. */
#define STORE(NAME, INSN) \
void NAME(int n, const F80 *a, const F80 *b, uint16_t cw, F80 *out, uint16_t *sw) \
{ \
    uint16_t def = 0x37f; \
    (void)b; \
    for (int i = 0; i < n; i++) { \
        uint16_t s; \
        memset(&out[i], 0x55, sizeof out[i]); \
        __asm__ volatile("fninit\n fldt %[a]\n fldcw %[cw]\n" INSN " %[out]\n" UNMASKED_SAFE "fninit" \
                         : [out] "+m"(out[i]), [sw] "=m"(s) : [a] "m"(a[i]), [cw] "m"(cw), [def] "m"(def)); \
        sw[i] = s; \
    } \
}
STORE(x87_FSTP_m32, "fstps")
STORE(x87_FSTP_m64, "fstpl")
STORE(x87_FISTP_m16, "fistps")
STORE(x87_FISTP_m32, "fistpl")
STORE(x87_FISTP_m64, "fistpll")
STORE(x87_FBSTP, "fbstp")

#define SSE2(NAME, T, INSN) \
void NAME(int n, const T *a, const T *b, uint32_t csr, uint64_t *out, uint32_t *flags) \
{ \
    uint32_t def = 0x1f80; \
    for (int i = 0; i < n; i++) { \
        uint64_t x = a[i], y = b[i]; \
        uint32_t f; \
        __asm__ volatile("movq %[x], %%xmm0\n movq %[y], %%xmm1\n ldmxcsr %[csr]\n" INSN "\n" \
                         "stmxcsr %[f]\n ldmxcsr %[def]\n movq %%xmm0, %[x]" \
                         : [x] "+r"(x), [f] "=m"(f) \
                         : [y] "r"(y), [csr] "m"(csr), [def] "m"(def) : "xmm0", "xmm1", "rax", "cc"); \
        out[i] = x; \
        flags[i] = f & 0x3f; \
    } \
}
#define BOTH(NAME, INSN) SSE2(NAME##_f32, uint32_t, INSN "ss %%xmm1, %%xmm0") \
    SSE2(NAME##_f64, uint64_t, INSN "sd %%xmm1, %%xmm0")
BOTH(sse_add, "add")
BOTH(sse_sub, "sub")
BOTH(sse_mul, "mul")
BOTH(sse_div, "div")
BOTH(sse_min, "min")
BOTH(sse_max, "max")
SSE2(sse_sqrt_f32, uint32_t, "sqrtss %%xmm0, %%xmm0")
SSE2(sse_sqrt_f64, uint64_t, "sqrtsd %%xmm0, %%xmm0")
SSE2(sse_widen_f32, uint32_t, "cvtss2sd %%xmm0, %%xmm0")
SSE2(sse_narrow_f64, uint64_t, "cvtsd2ss %%xmm0, %%xmm0")
#define TO_INT(NAME, T, INSN) SSE2(NAME, T, INSN " %%xmm0, %%eax\n movd %%eax, %%xmm0")
TO_INT(sse_round_f32, uint32_t, "cvtss2si")
TO_INT(sse_round_f64, uint64_t, "cvtsd2si")
TO_INT(sse_chop_f32, uint32_t, "cvttss2si")
TO_INT(sse_chop_f64, uint64_t, "cvttsd2si")
SSE2(sse_from_f32, uint32_t, "movd %%xmm0, %%eax\n cvtsi2ss %%eax, %%xmm0")
SSE2(sse_from_f64, uint32_t, "movd %%xmm0, %%eax\n cvtsi2sd %%eax, %%xmm0")
/* EFLAGS of the comparison: ZF, PF, CF */
#define COMPARE(NAME, T, INSN) SSE2(NAME, T, INSN " %%xmm1, %%xmm0\n pushfq\n popq %%rax\n movq %%rax, %%xmm0")
COMPARE(sse_comis_f32, uint32_t, "comiss")
COMPARE(sse_comis_f64, uint64_t, "comisd")
COMPARE(sse_ucomis_f32, uint32_t, "ucomiss")
COMPARE(sse_ucomis_f64, uint64_t, "ucomisd")
