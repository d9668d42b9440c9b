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
 * runs of 4-byte addresses and bytes, places in the data that go with it: what it holds before, and what it must hold after. */
enum { REAL_REGISTERS = 20 };
typedef struct RealTest {
    u32 before[20], after[20], mask[20];
    u32 flags_at, flags_mask;  /* address of a FLAGS image in memory and its bits that do not count */
    u32 limit;                 /* instructions that may run */
    u32 until_halt;            /* it ends in HLT; else as soon as EIP has moved */
    u32 ram_before_at, ram_before, ram_after_at, ram_after; /* places and numbers of bytes */
} RealTest;

/* What a reader finds besides: places in the data, and the instruction taken apart. */
enum { SST_NONE = 0xFFFFFFFF, SST_NAME = 8, SST_REPEATS = 0x10000, SST_LAST_REPEAT = 0x20000 };
typedef struct SstTest {
    u32 at;                         /* in its file */
    u32 damaged;
    u32 code_at, code_size, hash_at, hash_size;
    u32 exception;                  /* or SST_NONE */
    u32 prefixes, opcode, modrm;    /* bits as in prefix_bit; SST_NONE: no opcode */
    u32 cr0;
} SstTest;

/* How tests of a processor are read. */
typedef struct SstRules {
    u32 before_and[20], before_or[20], mask[20], file_mask[20];
    u32 limit, until_halt;
    u32 prefix_bit[256];            /* 0: no prefix; SST_REPEATS with SST_LAST_REPEAT or without: the last one counts */
    u8 regs16[14];                  /* register of each bit of REGS */
    u32 name_count;
    u8 *names;                      /* SST_NAME bytes each: register, then its name in JSON */
} SstRules;

/* Both stop behind the first vector that does not pass, since it may have left anything in the processor, and give the
 * number of vectors run. */
u32 emu_run_vectors(M *m, const UserWorld *w, const u8 *data, u64 size, const u32 *offsets, u32 count, u8 *verdicts);
u32 emu_run_real(M *m, const RealTest *tests, const u8 *data, u64 size, const u32 *chosen, u32 count, u8 *verdicts);
/* Is all memory 0? */
bool emu_memory_clear(M *m);

/* Readers (sst.c).  ``places`` are the first byte and the end of each TEST chunk's payload, inside the data; JSON is unpacked to
 * ``out``, as large as the text.  emu_read_json gives the number of tests, or SST_NONE for a text that it does not understand. */
void emu_read_moo(const SstRules *rules, const u8 *data, const u32 *places, u32 count, SstTest *heads, RealTest *tests);
u32 emu_read_json(const SstRules *rules, const u8 *text, u64 size, u32 room, u8 *out, SstTest *heads, RealTest *tests);
#endif
