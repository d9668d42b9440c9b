/* Runs single instructions on the host's processor, for tools/make_vectors.py: 32-bit Linux user mode, no library.
 * Reads cases from standard input, sets the processor's whole state through the frame of a signal, runs instructions by TF or up to
 * an INT3, and writes what the next signal's frame says.  Layouts: struct Case and struct Result here, make_vectors.py beside. */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;

enum { SYS_exit = 1, SYS_read = 3, SYS_write = 4, SYS_modify_ldt = 123, SYS_mprotect = 125, SYS_rt_sigaction = 174, SYS_sigaltstack = 186,
       SYS_mmap2 = 192 };
enum { SIGILL = 4, SIGTRAP = 5, SIGBUS = 7, SIGFPE = 8, SIGSEGV = 11, SA_SIGINFO = 4, SA_ONSTACK = 0x08000000, SA_NODEFER = 0x40000000,
       SA_RESTORER = 0x04000000 };
enum { PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4, MAP_PRIVATE = 2, MAP_FIXED = 0x10, MAP_ANONYMOUS = 0x20 };
enum { TF = 0x100, PATCHES = 600, CHANGES = 1024 };

struct Window { u32 address, size; };
struct Setup { u32 code, code_size; struct Window data[3]; u32 ldt_entries; u32 ldt[16][4]; };  /* user_desc each */
struct State { u32 eip, eflags, gpr[8]; u16 seg[6]; u16 fcw, fsw, ftw, pad; u8 st[80]; u32 mxcsr; u8 xmm[128]; };
struct Case { u32 to_end, code_at, code_size; u8 code[32]; struct State s; u32 patches; struct { u32 address; u8 value; } __attribute__((packed)) patch[PATCHES]; };
struct Result { u32 trap, error, cr2; struct State s; u32 changes; struct { u32 address; u8 value; } __attribute__((packed)) change[CHANGES]; };

/* what the kernel puts on the stack */
struct FpState { u32 cw, sw, tag, ip, cs, dp, ds; u8 st[80]; u16 status, magic; u32 env[6]; u32 mxcsr, mask; u8 st_fx[128]; u8 xmm[128]; };
struct Context { u16 gs, gsh, fs, fsh, es, esh, ds, dsh; u32 di, si, bp, sp, bx, dx, cx, ax, trapno, err, ip; u16 cs, csh; u32 flags, sp_at_signal;
                 u16 ss, ssh; struct FpState *fp; u32 oldmask, cr2; };
struct Frame { u32 flags, link, stack[3]; struct Context c; };

static struct Setup setup;
static struct Case one;
static struct Result result;
static struct Context home;
static struct FpState home_fp;
static volatile u32 stage;
static u8 stack[0x10000] __attribute__((aligned(16)));
static u8 before[0x10000];

static int call(int n, u32 a, u32 b, u32 c, u32 d, u32 e, u32 f)
{
    int r;
    u32 args[2] = {(u32)n, f};
    __asm__ volatile("push %%ebp; mov 4(%1), %%ebp; mov (%1), %%eax; int $0x80; pop %%ebp" : "=a"(r) : "a"(args), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e) : "memory");
    return r;
}

void *memcpy(void *to, const void *from, unsigned n)
{
    u8 *t = to;
    const u8 *f = from;
    while (n--)
        *t++ = *f++;
    return to;
}

static void leave(const char *why)
{
    unsigned n = 0;
    while (why[n])
        n++;
    call(SYS_write, 2, (u32)why, n, 0, 0, 0);
    call(SYS_exit, why[0] != 0, 0, 0, 0, 0, 0);
}

static void get(void *to, u32 size)
{
    u8 *p = to;
    while (size) {
        int n = call(SYS_read, 0, (u32)p, size, 0, 0, 0);
        if (n <= 0)
            leave("");
        p += n;
        size -= (u32)n;
    }
}

static void put(const void *from, u32 size)
{
    const u8 *p = from;
    while (size) {
        int n = call(SYS_write, 1, (u32)p, size, 0, 0, 0);
        if (n <= 0)
            leave("cannot write\n");
        p += n;
        size -= (u32)n;
    }
}

static void load(struct Context *c)
{
    const struct State *s = &one.s;
    c->ax = s->gpr[0]; c->cx = s->gpr[1]; c->dx = s->gpr[2]; c->bx = s->gpr[3];
    c->sp = c->sp_at_signal = s->gpr[4]; c->bp = s->gpr[5]; c->si = s->gpr[6]; c->di = s->gpr[7];
    c->es = s->seg[0]; c->cs = s->seg[1]; c->ss = s->seg[2]; c->ds = s->seg[3]; c->fs = s->seg[4]; c->gs = s->seg[5];
    c->ip = s->eip;
    c->flags = s->eflags | (one.to_end ? 0 : TF);
    struct FpState *f = c->fp;
    f->cw = 0xFFFF0000u | s->fcw;
    f->sw = 0xFFFF0000u | s->fsw;
    f->tag = 0xFFFF0000u;
    for (int n = 0; n < 8; n++)
        if (!(s->ftw >> n & 1))
            f->tag |= 3u << 2 * n;
    memcpy(f->st, s->st, 80);
    f->mxcsr = s->mxcsr;
    memcpy(f->xmm, s->xmm, 128);
}

static void store(const struct Context *c)
{
    struct State *s = &result.s;
    s->gpr[0] = c->ax; s->gpr[1] = c->cx; s->gpr[2] = c->dx; s->gpr[3] = c->bx;
    s->gpr[4] = c->sp_at_signal; s->gpr[5] = c->bp; s->gpr[6] = c->si; s->gpr[7] = c->di;
    s->seg[0] = c->es; s->seg[1] = c->cs; s->seg[2] = c->ss; s->seg[3] = c->ds; s->seg[4] = c->fs; s->seg[5] = c->gs;
    s->eip = c->ip;
    s->eflags = c->flags;
    const struct FpState *f = c->fp;
    s->fcw = (u16)f->cw;
    s->fsw = (u16)f->sw;
    s->ftw = 0;
    for (int n = 0; n < 8; n++)
        if ((f->tag >> 2 * n & 3) != 3)
            s->ftw |= (u16)(1u << n);
    memcpy(s->st, f->st, 80);
    s->mxcsr = f->mxcsr;
    memcpy(s->xmm, f->xmm, 128);
    result.trap = c->trapno;
    result.error = c->err;
    result.cr2 = c->cr2;
}

__attribute__((used, force_align_arg_pointer)) static void handler(int sig, void *info, struct Frame *frame)
{
    struct Context *c = &frame->c;
    (void)sig;
    (void)info;
    if (stage == 1) {
        stage = 2;
        home = *c;
        home_fp = *c->fp;
        load(c);
    } else if (stage == 2) {
        stage = 0;
        store(c);
        struct FpState *fp = c->fp;
        *fp = home_fp;
        *c = home;
        c->fp = fp;
    } else
        leave("a signal out of turn\n");
}

__asm__(".text\nrestorer: mov $173, %eax\n int $0x80\n"
        "run_it: pushl $2\n popfl\n int3\n ret\n"       /* a signal frame does not set NT and ID */
        ".globl _start\n_start: and $-16, %esp\n call main\n");
extern void restorer(void), run_it(void);

__attribute__((used)) int main(void)
{
    get(&setup, sizeof setup);
    for (u32 n = 0; n < 4; n++) {
        u32 at = n < 3 ? setup.data[n].address : setup.code, size = n < 3 ? setup.data[n].size : setup.code_size;
        if ((u32)call(SYS_mmap2, at, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, (u32)-1, 0) != at)
            leave("a window cannot be mapped (vm.mmap_min_addr)\n");
    }
    for (u32 n = 0; n < setup.ldt_entries; n++)
        if (call(SYS_modify_ldt, 0x11, (u32)setup.ldt[n], 16, 0, 0, 0))     /* 1 would clear AVL */
            leave("the kernel refuses LDT entries\n");
    u32 alt[3] = {(u32)stack, 0, sizeof stack};
    call(SYS_sigaltstack, (u32)alt, 0, 0, 0, 0, 0);
    struct { void *handler; u32 flags; void *restorer; u32 mask[2]; } action = {
        (void *)handler, SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTORER, (void *)restorer, {0, 0}};
    static const int signals[] = {SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV};
    for (u32 n = 0; n < sizeof signals / sizeof *signals; n++)
        call(SYS_rt_sigaction, (u32)signals[n], (u32)&action, 0, 8, 0, 0);
    for (;;) {
        get(&one, sizeof one);
        u8 *copy = before;
        for (u32 w = 0; w < 3; w++)
            for (u32 n = 0; n < setup.data[w].size; n++)
                ((u8 *)setup.data[w].address)[n] = (u8)((setup.data[w].address + n) * 0x9E3779B1u >> 24);
        for (u32 n = 0; n < one.patches; n++)
            *(u8 *)one.patch[n].address = one.patch[n].value;
        for (u32 w = 0; w < 3; w++, copy += 0x4000)
            memcpy(copy, (void *)setup.data[w].address, setup.data[w].size);
        call(SYS_mprotect, setup.code, setup.code_size, PROT_READ | PROT_WRITE, 0, 0, 0);
        memcpy((void *)one.code_at, one.code, one.code_size);
        if (one.to_end)
            ((u8 *)one.code_at)[one.code_size] = 0xCC;
        call(SYS_mprotect, setup.code, setup.code_size, PROT_READ | PROT_EXEC, 0, 0, 0);
        stage = 1;
        run_it();
        result.changes = 0;
        copy = before;
        for (u32 w = 0; w < 3; w++, copy += 0x4000)
            for (u32 n = 0; n < setup.data[w].size; n++) {
                u8 value = ((u8 *)setup.data[w].address)[n];
                if (value != copy[n] && result.changes < CHANGES) {
                    result.change[result.changes].address = setup.data[w].address + n;
                    result.change[result.changes++].value = value;
                }
            }
        put(&result, __builtin_offsetof(struct Result, change) + 5 * result.changes);
    }
}
