/* Speed: loops of known instruction counts against the stopwatch. */
#include "speed.h"
#include "screen.h"

#define LEAST_US 4000           /* a measurement lasts at least this long */

static u32 scratch[1024] __attribute__((used));       /* named by the loops */

/* Each gives how many of its units it did: instructions, operations or bytes. */
static u32 registers(u32 n)
{
    u32 a = 1, b = 2, d = n;
    asm volatile("1: addl %1,%0; xorl %0,%1; roll $3,%0; subl %1,%0; leal 7(%0,%1,2),%1; andl $0x7FFFFFFF,%0; orl $1,%1; notl %0;"
                 "decl %2; jnz 1b" : "+r"(a), "+r"(b), "+r"(d) : : "cc");
    return n * 10;
}

static u32 loads(u32 n)
{
    u32 a, i, d = n;
    asm volatile("xorl %1,%1; 1: movl scratch(,%1,4),%0; addl scratch+64(,%1,4),%0; movl %0,scratch+128(,%1,4); addl $1,scratch;"
                 "incl %1; andl $511,%1; decl %2; jnz 1b" : "=&r"(a), "=&r"(i), "+r"(d) : : "cc", "memory");
    return n * 8;
}

static u32 calls(u32 n)
{
    u32 d = n, a = 0;
    asm volatile("jmp 2f; 1: pushl %1; testl $1,%0; jz 3f; incl %1; 3: popl %1; ret; 2: call 1b; decl %0; jnz 2b"
                 : "+r"(d), "+r"(a) : : "cc", "memory");
    return n * 8 + n / 2;               /* half of the jumps are taken */
}

static u32 floats(u32 n)
{
    u32 d = n;
    asm volatile("fldpi; fld1; 1: fmul %%st(1),%%st; fadd %%st(1),%%st; fsub %%st(1),%%st; fdiv %%st(1),%%st; decl %0; jnz 1b;"
                 "fstp %%st(0); fstp %%st(0)" : "+r"(d) : : "cc");
    return n * 4;
}

static u32 copies(u32 n)
{
    for (u32 i = 0; i < n; i++)
        copy32(buffer_b, buffer_a, 1024);
    return n * 4096;
}

static u32 pixels(u32 n)
{
    u8 *hidden = screen.base + screen.pitch * screen.height;
    if (!screen.base)
        return 0;
    for (u32 i = 0; i < n; i++)
        fill32(hidden, i, 1024);
    return n * 4096;
}

static u32 (*const loops[])(u32) = { registers, loads, calls, floats, copies, pixels };
struct speed speeds[] = {
    { "register arithmetic", "MIPS", 0 }, { "loads and stores", "MIPS", 0 }, { "calls and branches", "MIPS", 0 },
    { "x87 add mul sub div", "MFLOPS", 0 }, { "memory, REP MOVSD", "MB/s", 0 }, { "video memory, REP STOSD", "MB/s", 0 },
};
const u32 speed_count = ARRAY_SIZE(speeds);

/* Tenths of a million units a second, from a run that is long enough; the better of two. */
static u32 run(u32 (*loop)(u32))
{
    u32 best = 0;
    for (u32 n = 256, good = 0; good < 2;) {
        u32 began = stopwatch(), done = loop(n), us = stopwatch_us(began);
        if (!done)
            return 0;
        if (us < LEAST_US && n < 1 << 27) {
            n *= us < LEAST_US / 16 ? 8 : 2;
            continue;
        }
        good++;
        u32 tenths = us ? muldiv(done, 10, us) : 0;
        if (tenths > best)
            best = tenths;
    }
    return best;
}

void measure(void (*after_each)(void))
{
    for (u32 i = 0; i < speed_count; i++) {
        speeds[i].tenths = run(loops[i]);
        if (after_each)
            after_each();
    }
}

void check_speed(struct check *c)
{
    measure(NULL);
    u32 t = speeds[0].tenths;
    if (!t)
        fail(c, "no time passed");
    else
        pass(c, "%u.%u MIPS", t / 10, t % 10);
    detail(c, "memory %u.%u MIPS, calls %u.%u MIPS, x87 %u.%u MFLOPS", speeds[1].tenths / 10, speeds[1].tenths % 10, speeds[2].tenths / 10,
           speeds[2].tenths % 10, speeds[3].tenths / 10, speeds[3].tenths % 10);
}
