/* The hand-written core of the native engine: types, the machine, and the inlined memory paths.
 * Everything about instructions and chips is translated from Python (machine.h and gen_*.c in the build folder). */
#ifndef CORE_H
#define CORE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef unsigned __int128 u128;
typedef int8_t i8;
typedef int16_t i16;
typedef int32_t i32;
typedef int64_t i64;

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define ALWAYS_INLINE inline __attribute__((always_inline, unused))
#define UNUSED (void)0
#define unconnected(...) ((u64)0)

typedef struct M M;
struct Rec;
typedef u32 Handler(M *m, struct Rec *r);

/* How a run of handlers comes back to the loop. */
enum { EXIT_TRACE, EXIT_FAULT, EXIT_FAULT_ENDS, EXIT_ENDS, EXIT_MID };

#define TRACE_MAX 32
#define TRACE_CACHE (1 << 20)
#define TRACE_WAYS 4
#define TRACE_ALIGN 64  /* a trace begins a cache line, which holds its first instruction, too */
#define NO_KEY (~(u64)0)
#define TLB_SHIFT 4

#include "machine.h"

/* A decoded run of instructions in one page.  Traces lie in a pool; their number is their place there in units of TRACE_ALIGN. */
typedef struct Trace {
    u64 key;           /* backing offset of the first byte << 8 | mode; NO_KEY once the bytes were overwritten */
    u32 next_in_page;  /* a trace's number */
    u16 bytes;
    u8 n;              /* instructions; records are more where there are literals (native/literals.c) */
    bool literals;
    /* Where its branch led, taken and not taken.  Inside the page: the trace.  Else its address with all bits inverted, which is
     * no more than a guess. */
    struct Trace *link[2];
    Rec rec[];
#ifdef EMU_PROFILE
#define RUNS(t) (*(u64 *)&(t)->rec[TRACE_MAX + 1])
#endif
} Trace;

#ifdef EMU_PROFILE
#define COUNT_RUN(t) (RUNS(t)++)
#else
#define COUNT_RUN(t) UNUSED
#endif

/* Records that an instruction alone needs. */
#ifdef EMU_PROFILE
#define SINGLE_ROOM (TRACE_MAX + 2)
#else
#define SINGLE_ROOM 2
#endif

/* An instruction that runs over the end of its page.  Writes are not watched for its sake: its bytes are compared each time. */
typedef struct Crossing {
    u64 key;           /* as a trace's; 0: none */
    u8 bytes[16];      /* of MAX_LENGTH at most */
    Trace trace;       /* its own key is NO_KEY: links to it are looked up here again */
    Rec room[SINGLE_ROOM];
} Crossing;
#define CROSSINGS 1024

/* What is known of a page that holds decoded code. */
typedef struct CodeMap {
    u64 bits[64];      /* a bit for each byte: is it code? */
    u32 traces;
    u32 idle;          /* writes since there were no traces any more */
    struct Operands *operands;  /* native/literals.c */
} CodeMap;

/* Where the soft TLB leads to, an entry for each of Cpu.tlb: the linear page where that access may be done here, else 1.  Of code,
 * the page's backing offset. */
typedef struct HostEntry {
    u32 read, write;
    u64 addend;        /* host address minus linear address */
} HostEntry;

/* Added to a page in HostEntry.write: writes are to plain memory there, but some of its bytes are code. */
#define BESIDE_CODE 2u
/* Added to a page in both: the VGA's window; the addend gives offsets from its start. */
#define IN_WINDOW 4u

typedef struct Walked Walked;  /* native/walks.h */

/* ---- what the engine keeps outside declared state ---- */
struct Run {
    Trace *trace;       /* the one that runs */
    HostEntry *tlb;     /* data bank of the current privilege */
    Rec *cur;           /* instruction on whose behalf a slow path runs; NULL outside instructions */
    i64 goal;           /* icount at which cpu.left reaches 0 */
};

struct Core {
    u32 start_eip;      /* EIP of an instruction that synchronises EIP */
    Rec *patched;       /* record whose handler is replaced so that the trace ends before it */
    Handler *patched_h;
    HostEntry *hosts;   /* as Cpu.tlb; what leads anywhere has its index in one of the processor's lists */
    Walked *walked;     /* as Cpu.tlb */
    const u8 *directory;
    u32 walk_rules;     /* under which the walks were */
    bool walks_kept;    /* there may be some */
    u64 awaited;        /* the deadline that poll has last heard of */
    void *handle;       /* names the Python machine in callbacks */
    u8 *pool;
    u64 pool_size, pool_used;
    u32 *cache;           /* numbers of traces by slot_of(key) */
    u32 *page_traces;     /* per backing page, the first of a list */
    CodeMap **page_code;  /* per backing page: its bytes that are decoded code; NULL if there never were any */
    Crossing *crossings;  /* native/make.c */
    u64 pages;
    u8 *dirty;            /* per page of video memory */
    bool video_code;      /* some of it has been decoded as code */
    u64 flushes, traces_made, traces_killed;
    u16 slot_base[256];
    u8 port8[65536], port16[65536], port32[65536];  /* slot that serves a port at each width; 0: none */
};

/* Core.directory: where the page directory is in the host's memory, or one of these. */
#define NO_DIRECTORY ((const u8 *)0)        /* it cannot be read there, or is not used */
#define UNKNOWN_DIRECTORY ((const u8 *)1)   /* to be looked for */

/* What every handler touches comes first, within the reach of one-byte displacements. */
struct M {
    struct Run run;
    MACHINE_PARTS  /* the processor is the first */
    u64 r[4];  /* results of translated functions that may fault */
    struct Core core;
};

u64 emu_cold(void *handle, u32 number, u64 a, u64 b, u64 c);
u64 cold_call(M *m, u32 number, u64 a, u64 b, u64 c);

/* ---- slow paths: they keep all registers, so that the fast paths need not save any (native/slow.c) ---- */
#if defined(__x86_64__) && defined(__GNUC__) && defined(__ELF__)
#define KEEPS_REGISTERS __attribute__((no_caller_saved_registers, force_align_arg_pointer, noinline, used))
/* Compilers do not count on the attribute at the call: so say it in assembly (no red zone: -mno-red-zone).  What these
 * functions call beyond their own file may use vector registers. */
#ifdef __SSE__
#define XMM_REGISTERS , "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", \
        "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"
#else
#define XMM_REGISTERS  /* who calls into such a file says it */
#endif
/* A call of such a function: its arguments in brackets, and those after the machine again with their registers. */
#define KEPT(function, arguments, ...) __extension__ ({ u64 value_; \
        __asm__ volatile("call " #function : "=a"(value_) : "D"(m), __VA_ARGS__ : "memory", "cc" XMM_REGISTERS); value_; })
#define KEEPS_FEW __attribute__((no_caller_saved_registers, noinline, used))
#else
#define KEEPS_REGISTERS __attribute__((noinline, cold))
#define KEEPS_FEW __attribute__((noinline))
#define KEPT(function, arguments, ...) function arguments
#endif
#define KEPT_CALL(function, m, a, b) ((int)KEPT(function, (m, a, b), "S"(a), "d"(b)))
KEEPS_FEW int load_slow_u8(M *m, u32 lin, u32 unused);
KEEPS_FEW int load_slow_u16(M *m, u32 lin, u32 unused);
KEEPS_FEW int load_slow_u32(M *m, u32 lin, u32 unused);
KEEPS_FEW int load_slow_u64(M *m, u32 lin, u32 unused);
KEEPS_FEW int store_slow_u8(M *m, u32 lin, u8 v);
KEEPS_FEW int store_slow_u16(M *m, u32 lin, u16 v);
KEEPS_FEW int store_slow_u32(M *m, u32 lin, u32 v);
KEEPS_FEW int store_slow_u64(M *m, u32 lin, u64 v);
KEEPS_FEW int rmw_slow_u8(M *m, u32 lin, u32 unused);
KEEPS_FEW int rmw_slow_u16(M *m, u32 lin, u32 unused);
KEEPS_FEW int rmw_slow_u32(M *m, u32 lin, u32 unused);
KEEPS_FEW int rmw_slow_u64(M *m, u32 lin, u32 unused);
void written(M *m, u32 offset, u32 size);
KEEPS_REGISTERS void backing_written__rare(M *m, u32 offset, u32 size);
void cut_short(M *m);
u32 exit_mid(M *m, Rec *r);

#include "prototypes.h"

/* Memory was written that may hold decoded code: traces of it are dropped. */
static ALWAYS_INLINE void backing_written(M *m, u32 offset, u32 size)
{
    KEPT(backing_written__rare, (m, offset, size), "S"(offset), "d"(size));
}

static ALWAYS_INLINE u64 exact_icount(M *m, const Rec *r)
{
    return (u64)(m->run.goal - m->cpu.left - r->rest);
}

/* Is any of a few bytes of a page code? */
static ALWAYS_INLINE bool code_among(const CodeMap *map, u32 at, u32 size)
{
    u16 bits;
    memcpy(&bits, (const u8 *)map->bits + (at >> 3), sizeof bits);  /* the last is in what follows the bits, and masked */
    return bits >> (at & 7) & ((1u << size) - 1);
}

/* The map of the page that a host address lies in; the page has one. */
static ALWAYS_INLINE const CodeMap *code_map(M *m, const u8 *host)
{
    return m->core.page_code[(u64)(host - m->memory.backing_data) >> 12];
}

/* ---- intrinsics: each has a Python twin of the same name ---- */
static ALWAYS_INLINE HostEntry *tlb_entry(M *m, u32 lin)
{
    _Static_assert(sizeof(HostEntry) == 1 << TLB_SHIFT, "one shift finds an entry");
    return (HostEntry *)((u8 *)m->run.tlb + (lin >> (12 - TLB_SHIFT) & (TLB_SIZE - 1) << TLB_SHIFT));
}

static ALWAYS_INLINE u32 data_bank(bool user)
{
    return user ? TLB_USER : 0;
}

static ALWAYS_INLINE u32 tlb_index(u32 lin, u32 bank)
{
    return bank | (lin >> 12 & (TLB_SIZE - 1));
}

static ALWAYS_INLINE HostEntry *bank_entry(M *m, u32 lin, bool user)
{
    return m->core.hosts + tlb_index(lin, data_bank(user));
}

static ALWAYS_INLINE void privilege_changed(M *m)
{
    m->run.tlb = m->core.hosts + data_bank(m->cpu.cpl == 3);
}

static ALWAYS_INLINE void host_drop(M *m, u16 index)
{
    static const u32 none[2] = { 1, 1 };
    memcpy(&m->core.hosts[index], none, sizeof none);
}

static ALWAYS_INLINE void tables_changed(M *m)
{
    m->core.directory = UNKNOWN_DIRECTORY;
}

/* Where the soft TLB has no host address; in sequences (QUICK) an instruction's own handler sees to it. */
#ifdef QUICK
#define MISSED(call) return 1
#else
#define MISSED(call) do { m->run.cur = r; if (call) return 1; } while (0)
#endif

#define MEMORY_INTRINSICS(T, SIZE) \
static ALWAYS_INLINE int load_##T(M *m, Rec *r, u32 lin, T *out) \
{ \
    const HostEntry *e = tlb_entry(m, lin); \
    if (LIKELY(e->read == ((lin + (SIZE - 1)) & 0xFFFFF000u))) { \
        memcpy(out, (u8 *)(uintptr_t)(e->addend + lin), SIZE); \
        return 0; \
    } \
    MISSED(KEPT_CALL(load_slow_##T, m, lin, 0)); \
    *out = (T)m->r[0]; \
    return 0; \
} \
static ALWAYS_INLINE int store_##T(M *m, Rec *r, u32 lin, T v) \
{ \
    const HostEntry *e = tlb_entry(m, lin); \
    if (LIKELY(e->write == ((lin + (SIZE - 1)) & 0xFFFFF000u))) { \
        memcpy((u8 *)(uintptr_t)(e->addend + lin), &v, SIZE); \
        return 0; \
    } \
    MISSED(KEPT_CALL(store_slow_##T, m, lin, v)); \
    return 0; \
} \
static ALWAYS_INLINE int load_rmw_##T(M *m, Rec *r, u32 lin, T *out) \
{ \
    const HostEntry *e = tlb_entry(m, lin); \
    if (LIKELY(e->write == ((lin + (SIZE - 1)) & 0xFFFFF000u))) { \
        memcpy(out, (u8 *)(uintptr_t)(e->addend + lin), SIZE); \
        return 0; \
    } \
    MISSED(KEPT_CALL(rmw_slow_##T, m, lin, 0)); \
    *out = (T)m->r[0]; \
    return 0; \
} \
static ALWAYS_INLINE int store_rmw_##T(M *m, Rec *r, u32 lin, T v) \
{ \
    return store_##T(m, r, lin, v); \
}
MEMORY_INTRINSICS(u8, 1)
MEMORY_INTRINSICS(u16, 2)
MEMORY_INTRINSICS(u32, 4)
MEMORY_INTRINSICS(u64, 8)

#define BACKING_INTRINSICS(BITS) \
static ALWAYS_INLINE u##BITS memory_peek##BITS(M *m, u32 offset) \
{ \
    u##BITS v; \
    memcpy(&v, m->memory.backing_data + offset, BITS / 8); \
    return v; \
} \
static ALWAYS_INLINE void memory_poke##BITS(M *m, u32 offset, u##BITS v) \
{ \
    memcpy(m->memory.backing_data + offset, &v, BITS / 8); \
    if (UNLIKELY(m->memory.watch_data[offset >> 12])) \
        backing_written(m, offset, BITS / 8); \
}
BACKING_INTRINSICS(8)
BACKING_INTRINSICS(16)
BACKING_INTRINSICS(32)

static ALWAYS_INLINE void memory_draw32(M *m, u32 offset, u32 v)
{
    u32 at = m->memory.vram_offset + offset;
    memcpy(m->memory.backing_data + at, &v, sizeof v);
    m->core.dirty[offset >> 12] = 1;
    if (UNLIKELY(m->memory.watch_data[at >> 12] & 1))
        backing_written(m, at, sizeof v);
}

u64 clock_host_time(M *m);

static ALWAYS_INLINE void notice(M *m, Rec *r)
{
    m->cpu.attention = true;
    m->run.cur = r;
    cut_short(m);
}

/* Twins of emu/cpu/vector/quick.py. */
#define HOST_FLOAT(T, F) \
static ALWAYS_INLINE T host_operate_##T(M *m, u8 op, T a, T b) \
{ \
    F x, y; \
    (void)m; \
    memcpy(&x, &a, sizeof x); \
    memcpy(&y, &b, sizeof y); \
    x = op == FLOAT_ADD ? x + y : op == FLOAT_SUB ? x - y : op == FLOAT_MUL ? x * y : x / y; \
    memcpy(&a, &x, sizeof x); \
    return a; \
}
HOST_FLOAT(u32, float)
HOST_FLOAT(u64, double)

static ALWAYS_INLINE u8 clz64(M *m, u64 x)
{
    (void)m;
    return x ? (u8)__builtin_clzll(x) : 64;
}

/* Accesses at a privilege that need not be the current one. */
#define BANK_INTRINSICS(T, SIZE) \
int bank_read_slow_##T(M *m, u32 lin, bool user, T *out); \
int bank_write_slow_##T(M *m, u32 lin, T v, bool user); \
static ALWAYS_INLINE int bank_read_##T(M *m, u32 lin, bool user, T *out) \
{ \
    const HostEntry *e = bank_entry(m, lin, user); \
    if (UNLIKELY(e->read != ((lin + (SIZE - 1)) & 0xFFFFF000u))) \
        return bank_read_slow_##T(m, lin, user, out); \
    memcpy(out, (u8 *)(uintptr_t)(e->addend + lin), SIZE); \
    return 0; \
} \
static ALWAYS_INLINE int bank_write_##T(M *m, u32 lin, T v, bool user) \
{ \
    const HostEntry *e = bank_entry(m, lin, user); \
    if (UNLIKELY(e->write != ((lin + (SIZE - 1)) & 0xFFFFF000u))) \
        return bank_write_slow_##T(m, lin, v, user); \
    memcpy((u8 *)(uintptr_t)(e->addend + lin), &v, SIZE); \
    return 0; \
}
BANK_INTRINSICS(u8, 1)
BANK_INTRINSICS(u16, 2)
BANK_INTRINSICS(u32, 4)
BANK_INTRINSICS(u64, 8)

/* native/runs.c */
#define RUN_PROTOTYPES(T) \
u32 copy_run_##T(M *m, u32 source, u32 target, u32 n); \
u32 fill_run_##T(M *m, u32 target, u32 n, T value); \
u32 compare_run_##T(M *m, u32 source, u32 target, u32 n, bool equal); \
u32 scan_run_##T(M *m, u32 target, u32 n, T value, bool equal);
RUN_PROTOTYPES(u8)
RUN_PROTOTYPES(u16)
RUN_PROTOTYPES(u32)

#include "inlines.h"

/* ---- the VGA's window: byte by byte to the chip.  Nothing comes of it that a trace would have to end for ---- */
static ALWAYS_INLINE bool in_window(M *m, u32 lin, u32 size, bool write, u32 *at)
{
    const HostEntry *e = tlb_entry(m, lin);
    *at = (u32)e->addend + lin;
    return (write ? e->write : e->read) == (((lin + (size - 1)) & 0xFFFFF000u) | IN_WINDOW);
}

static ALWAYS_INLINE u64 window_load(M *m, u32 at, u32 size)
{
    u64 v = 0;
    for (u32 n = 0; n < size; n++)
        v |= (u64)memory_vga_read(m, at + n) << 8 * n;
    return v;
}

static ALWAYS_INLINE void window_store(M *m, u32 at, u32 size, u64 v)
{
    for (u32 n = 0; n < size; n++)
        memory_vga_write(m, at + n, (u8)(v >> 8 * n));
}

/* ---- how handlers leave ---- */
#define NEXT(m, r) return (r)[1].h(m, (r) + 1)
#define FAULT(m, r) do { (m)->run.cur = (r); return EXIT_FAULT; } while (0)
#define FAULT_ENDS(m, r) do { (m)->run.cur = (r); return EXIT_FAULT_ENDS; } while (0)
#define ENTER(m, r) do { \
        (m)->run.cur = (r); \
        (m)->core.start_eip = (m)->cpu.eip + (r)->off; \
        (m)->cpu.icount = exact_icount(m, r); \
        (m)->cpu.eip = (m)->core.start_eip + (r)->len; \
    } while (0)
#define LEAVE(m, r) return leave_ended(m)

u32 leave_ended(M *m);

u32 leave_through(M *m, u32 which, u32 eip);

/* Go to the trace that link ``which`` remembers.  Links stay inside a page, so they hold for any mapping, but not for any
 * segment: its end may lie within the trace, or 16 bits of EIP wrap.  A trace that was overwritten begins with a handler that says so. */
static ALWAYS_INLINE u32 follow(M *m, u32 which, u32 eip)
{
    Trace *t = m->run.trace->link[which];
    if (LIKELY((intptr_t)t > 0 && m->cpu.left >= t->n && (u64)eip + t->bytes - 1 <= m->cpu.seg[1].limit
               && eip - m->cpu.eip + 0xFFF <= 2 * 0xFFF)) {
        m->cpu.eip = eip;
        m->cpu.left -= t->n;
        m->run.trace = t;
        COUNT_RUN(t);
        return t->rec[0].h(m, t->rec);
    }
    return leave_through(m, which, eip);
}

static ALWAYS_INLINE u32 jump_taken(M *m, Rec *r)
{
    u32 eip = flow_target_target(m, r);
    if (UNLIKELY(eip > m->cpu.seg[1].limit)) {
        m->cpu.fault_vector = 13;
        m->cpu.fault_error = 0;
        FAULT(m, r);
    }
    return follow(m, 0, eip);
}

static ALWAYS_INLINE u32 jump_not_taken(M *m, Rec *r)
{
    return follow(m, 1, m->cpu.eip + r->off + r->len);
}

/* The same where code is flat and EIP has 32 bits: no limit to be looked at, and the target's distance from the start of the trace is
 * ready in r->disp. */
static ALWAYS_INLINE u32 follow_flat(M *m, u32 which, u32 eip)
{
    Trace *t = m->run.trace->link[which];
    if (LIKELY((intptr_t)t > 0 && m->cpu.left >= t->n)) {
        m->cpu.eip = eip;
        m->cpu.left -= t->n;
        m->run.trace = t;
        COUNT_RUN(t);
        return t->rec[0].h(m, t->rec);
    }
    return leave_through(m, which, eip);
}

static ALWAYS_INLINE u32 jump_taken__flat(M *m, Rec *r)
{
    return follow_flat(m, 0, m->cpu.eip + r->disp);
}

static ALWAYS_INLINE u32 jump_not_taken__flat(M *m, Rec *r)
{
    return follow_flat(m, 1, m->cpu.eip + m->run.trace->bytes);
}

u32 jump_to(M *m, Rec *r, u32 eip);
#endif
