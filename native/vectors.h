/* Runs many instruction vectors in one call (emu/suites).  Read by cffi as well: plain declarations only. */
#ifndef VECTORS_H
#define VECTORS_H
/* What a vector may say besides "passed": Python then runs it again to find out and to say it in words. */
enum { VECTOR_PASSED, VECTOR_FAILED, VECTOR_BAD };

/* The world that user-mode vectors live in (emu/suites/world.py): places in physical and linear memory. */
typedef struct UserWorld {
    u32 code, code_size, data, data_size, kernel, kernel_linear, handlers, stack_top;
    u32 window_linear[3], window_size[3], window_offset[3];
    u16 kernel_cs, fcw;
    u32 mxcsr, runaway, eflags_compared, fcw_compared;
    u8 *background;
    u32 selectors, forms;
    u16 *selector;      /* selectors of vectors ... */
    Segment *segment;   /* ... and what a segment register holds after one was loaded */
    u32 *ulp;           /* by form: tolerance of x87 results in units of the last place */
    double *approx;     /* by form: relative tolerance of single-precision results */
} UserWorld;

/* A test of real mode: registers in the order of RealRegister before and after, which bits of them count, and memory as
 * runs of 4-byte addresses and bytes: what it holds before, then what it must hold after. */
enum { REAL_REGISTERS = 20 };
typedef struct RealTest {
    u32 before[20], after[20], mask[20];
    u32 flags_at, flags_mask;  /* address of a FLAGS image in memory and its bits that do not count */
    u32 limit;                 /* instructions that may run */
    u32 until_halt;            /* it ends in HLT; else as soon as EIP has moved */
    u32 ram_before, ram_after; /* numbers of bytes */
} RealTest;

/* Both stop behind the first vector that does not pass, since it may have left anything in the processor, and give the
 * number of vectors run. */
u32 emu_run_vectors(M *m, const UserWorld *w, const u8 *data, u64 size, const u32 *offsets, u32 count, u8 *verdicts);
u32 emu_run_real(M *m, const u8 *data, u64 size, const u32 *offsets, u32 count, u8 *verdicts);
#endif
