/* Instruction vectors, many in one call: sets the state, runs, compares.  The format is told in emu/suites/i6v.py, whose
 * reader and comparison say in words what is wrong where this one says VECTOR_FAILED.  tests/suites holds them to each other. */
#include <math.h>
#include "core.h"
#include "vectors.h"

enum { HAS_FPU = 1, HAS_XMM = 2, TO_END = 4, CODE16 = 8, KNOWN_FLAGS = HAS_FPU | HAS_XMM | TO_END | CODE16 };
enum { COMPLETED = 255, BREAKPOINT = 3, PAGE_FAULT = 14 };
enum { INT3 = 0xCC, RF_TF = 0x10100, AC_FLAG = 1 << 18, TOP_SHIFT = 11, FSW_WITHOUT_TOP = 0xC7FF };

/* ---- reading ---- */
typedef struct In {
    const u8 *p, *end;
    bool bad;
} In;

static const u8 *span(In *in, u64 size)
{
    static const u8 none[0x20000];
    if ((u64)(in->end - in->p) < size) {
        in->bad = true;
        return none;
    }
    in->p += size;
    return in->p - size;
}

static u32 take(In *in, u32 size)
{
    const u8 *p = span(in, size);
    u32 v = 0;
    for (u32 i = 0; i < size; i++)
        v |= (u32)p[i] << 8 * i;
    return v;
}

/* ---- user-mode vectors ---- */
typedef struct Registers {
    u32 eip, eflags, gpr[8];
    u16 seg[6];
} Registers;

static u8 *window(M *m, const UserWorld *w, u32 address, u32 size)
{
    for (int n = 0; n < 3; n++) {
        u32 in = address - w->window_linear[n];
        if (in < w->window_size[n] && size <= w->window_size[n] - in)
            return m->memory.backing_data + w->data + w->window_offset[n] + in;
    }
    return NULL;
}

/* Registers that changed: a byte with a bit each, then their values. */
static void changed32(In *in, u32 *to)
{
    u32 mask = take(in, 1);
    for (int n = 0; n < 8; n++)
        if (mask >> n & 1)
            to[n] = take(in, 4);
}

static bool set_segments(M *m, const UserWorld *w, const u16 *seg)
{
    for (int n = 0; n < 6; n++) {
        u32 k = 0;
        while (k < w->selectors && w->selector[k] != seg[n])
            k++;
        if (k == w->selectors)
            return false;
        m->cpu.seg[n] = w->segment[k];
        m->cpu.seg[n].sel = seg[n];
    }
    return true;
}

static u64 distance(u64 mant_a, u16 sexp_a, u64 mant_b, u16 sexp_b)
{
    const u64 low = ~(u64)0 >> 1;
    __int128 a = ((__int128)(sexp_a & 0x7FFF) << 63) | (mant_a & low), b = ((__int128)(sexp_b & 0x7FFF) << 63) | (mant_b & low);
    if (sexp_a & 0x8000)
        a = -a;
    if (sexp_b & 0x8000)
        b = -b;
    __int128 d = a < b ? b - a : a - b;
    return d >> 64 ? ~(u64)0 : (u64)d;
}

static bool near_singles(const u8 *a, const u8 *b, double bound)
{
    for (int n = 0; n < 16; n += 4)
        if (memcmp(a + n, b + n, 4)) {
            float x, y;
            memcpy(&x, a + n, 4);
            memcpy(&y, b + n, 4);
            double larger = fabs((double)x) > fabs((double)y) ? fabs((double)x) : fabs((double)y);
            if (!(fabs((double)x - (double)y) <= 2 * bound * larger))
                return false;
        }
    return true;
}

static u8 run_vector(M *m, const UserWorld *w, In *in)
{
    u32 form = take(in, 2), flags = take(in, 1), ninsn = take(in, 1), size = take(in, 1);
    const u8 *code = span(in, size);
    Registers r;
    r.eip = take(in, 4);
    r.eflags = take(in, 4);
    for (int n = 0; n < 8; n++)
        r.gpr[n] = take(in, 4);
    for (int n = 0; n < 6; n++)
        r.seg[n] = (u16)take(in, 2);
    u32 fcw = w->fcw, fsw = 0, ftw = 0, mxcsr = w->mxcsr;
    const u8 *st = NULL, *xmm = NULL;
    if (flags & HAS_FPU) {
        fcw = take(in, 2);
        fsw = take(in, 2);
        ftw = take(in, 1);
        st = span(in, 80);
    }
    if (flags & HAS_XMM) {
        mxcsr = take(in, 4);
        xmm = span(in, 128);
    }
    if (in->bad || form >= w->forms || flags & ~(u32)KNOWN_FLAGS)
        return VECTOR_BAD;

    /* memory: background, patches, code */
    u8 *data = m->memory.backing_data + w->data;
    static _Thread_local u8 want[0x10000];
    memcpy(data, w->background, w->data_size);
    for (u32 n = take(in, 1); n--;) {
        u32 address = take(in, 4), length = take(in, 2);
        const u8 *bytes = span(in, length);
        u8 *to = window(m, w, address, length);
        if (!to)
            return in->bad ? VECTOR_BAD : VECTOR_FAILED;
        memcpy(to, bytes, length);
    }
    memcpy(want, data, w->data_size);
    for (u32 p = w->data >> 12; p < (w->data + w->data_size) >> 12; p++)
        if (m->memory.watch_data[p])
            backing_written(m, p << 12, 0x1000);
    if (!set_segments(m, w, r.seg))
        return VECTOR_FAILED;
    const Segment *cs = &m->cpu.seg[1];
    u32 linear = cs->base + r.eip, end = r.eip + size;
    bool to_end = flags & TO_END && end > r.eip && end <= cs->limit && cs->base + end < w->code + w->code_size;
    if (linear - w->code >= w->code_size)
        return VECTOR_FAILED;
    u32 room = w->code + w->code_size - linear, length = size < room ? size : room;
    memcpy(m->memory.backing_data + linear, code, length);
    if (to_end && length < room)
        m->memory.backing_data[linear + length++] = INT3;
    for (u32 p = linear >> 12; p <= (linear + length) >> 12 && p < (w->code + w->code_size) >> 12; p++)
        if (m->memory.watch_data[p])
            backing_written(m, p << 12, 0x1000);

    /* registers */
    m->cpu.eip = r.eip;
    m->cpu.eflags = r.eflags;
    m->cpu.cc_kind = 0;
    m->cpu.cpl = 3;
    memcpy(m->cpu.gpr, r.gpr, sizeof r.gpr);
    segments_update_mode(m);
    Fpu *f = &m->cpu.fpu;
    f->fcw = (u16)fcw;
    f->fsw = fsw & FSW_WITHOUT_TOP;
    f->top = fsw >> TOP_SHIFT & 7;
    f->ftw = (u8)ftw;
    f->mxcsr = mxcsr;
    if (st)
        for (int n = 0; n < 8; n++) {
            memcpy(&f->mant[n], st + 10 * n, 8);
            memcpy(&f->sexp[n], st + 10 * n + 8, 2);
        }
    if (xmm)
        memcpy(f->xmm, xmm, 128);
    m->cpu.cr2 = 0;
    m->cpu.shadow = 0;
    m->cpu.trap = 0;
    m->cpu.halted = m->cpu.shutdown = m->cpu.stepping = m->cpu.repeating = m->cpu.resuming = m->cpu.reset_request = false;
    m->cpu.stop_count = m->cpu.icount + (to_end ? w->runaway : ninsn);
    emu_run(m);
    if (m->cpu.shutdown || m->cpu.reset_request)
        return VECTOR_FAILED;

    /* what came out: of the frame on the supervisor's stack if an exception was delivered */
    Registers o;
    u32 exception = COMPLETED, error = 0;
    memcpy(o.gpr, m->cpu.gpr, sizeof o.gpr);
    for (int n = 0; n < 6; n++)
        o.seg[n] = m->cpu.seg[n].sel;
    if (m->cpu.cpl == 0) {
        u32 number = m->cpu.eip - w->handlers - m->cpu.halted, depth = w->stack_top - o.gpr[4];
        if (number & 15 || number >= 256 * 16 || o.seg[1] != w->kernel_cs || (depth != 20 && depth != 24))
            return VECTOR_FAILED;
        exception = number >> 4;
        u32 frame[6];
        memcpy(frame, m->memory.backing_data + w->kernel + (o.gpr[4] - w->kernel_linear), depth);
        const u32 *at = frame;
        if (depth == 24)
            error = *at++;
        o.eip = at[0];
        o.seg[1] = (u16)at[1];
        o.eflags = at[2];
        o.gpr[4] = at[3];
        o.seg[2] = (u16)at[4];
    } else {
        o.eip = m->cpu.eip;
        o.eflags = flags_read_eflags(m);
    }
    if (to_end) {
        if (exception == COMPLETED)
            return VECTOR_FAILED;
        if (exception == BREAKPOINT && o.eip == end + 1 && o.seg[1] == r.seg[1]) {
            exception = COMPLETED;
            o.eip = end;
        }
    }
    o.eflags &= ~(u32)RF_TF;

    /* what should have come out */
    if (take(in, 1) != exception)
        return in->bad ? VECTOR_BAD : VECTOR_FAILED;
    bool good = true;
    if (exception != COMPLETED) {
        u32 wanted_error = take(in, 4), cr2 = take(in, 4);
        good &= wanted_error == error && (exception != PAGE_FAULT || cr2 == m->cpu.cr2);
    }
    good &= take(in, 4) == o.eip;
    u32 eflags = take(in, 4), ignored = take(in, 4);
    good &= !((eflags ^ o.eflags) & w->eflags_compared & ~ignored);
    changed32(in, r.gpr);
    u32 gpr_ignored[8] = {0};
    changed32(in, gpr_ignored);
    for (int n = 0; n < 8; n++)
        good &= !((r.gpr[n] ^ o.gpr[n]) & ~gpr_ignored[n]);
    u32 mask = take(in, 1);
    for (int n = 0; n < 8; n++)
        if (mask >> n & 1) {
            u32 sel = take(in, 2);
            if (n < 6)
                r.seg[n] = (u16)sel;
        }
    good &= !memcmp(r.seg, o.seg, sizeof r.seg);
    if (st) {
        u32 fcw_after = take(in, 2), fsw_after = take(in, 2), fsw_ignored = take(in, 2), ftw_after = take(in, 1);
        good &= !((fcw_after ^ f->fcw) & w->fcw_compared);
        good &= !((fsw_after ^ (f->fsw | (u32)f->top << TOP_SHIFT)) & ~fsw_ignored & 0xFFFF);
        good &= ftw_after == f->ftw;
        mask = take(in, 1);
        for (int n = 0; n < 8; n++) {
            const u8 *reg = mask >> n & 1 ? span(in, 10) : st + 10 * n;
            u64 mant;
            u16 sexp;
            memcpy(&mant, reg, 8);
            memcpy(&sexp, reg + 8, 2);
            if (mant != f->mant[n] || sexp != f->sexp[n])
                good &= w->ulp[form] && distance(mant, sexp, f->mant[n], f->sexp[n]) <= w->ulp[form];
        }
    }
    if (xmm) {
        good &= take(in, 4) == f->mxcsr;
        mask = take(in, 1);
        for (int n = 0; n < 8; n++) {
            const u8 *reg = mask >> n & 1 ? span(in, 16) : xmm + 16 * n, *got = (const u8 *)&f->xmm[2 * n];
            if (memcmp(reg, got, 16))
                good &= w->approx[form] > 0 && near_singles(got, reg, w->approx[form]);
        }
    }
    for (u32 n = take(in, 1); n--;) {
        u32 address = take(in, 4), bytes = take(in, 2);
        const u8 *p = span(in, bytes);
        u8 *to = window(m, w, address, bytes);
        if (!to)
            return in->bad ? VECTOR_BAD : VECTOR_FAILED;
        memcpy(want + (to - data), p, bytes);
    }
    for (u32 n = take(in, 1); n--;) {
        u32 address = take(in, 4), bytes = take(in, 2);
        u8 *to = window(m, w, address, bytes);
        if (!to)
            return in->bad ? VECTOR_BAD : VECTOR_FAILED;
        memcpy(want + (to - data), to, bytes);
    }
    good &= !memcmp(want, data, w->data_size);
    if (in->bad || in->p != in->end)
        return VECTOR_BAD;
    return good ? VECTOR_PASSED : VECTOR_FAILED;
}

u32 emu_run_vectors(M *m, const UserWorld *w, const u8 *data, u64 size, const u32 *offsets, u32 count, u8 *verdicts)
{
    for (u32 n = 0; n < count; n++) {
        In in = {data + offsets[n], data + size, false};
        u32 length = take(&in, 2);
        if (length < 2 || (u64)(in.end - in.p) < length - 2)
            verdicts[n] = VECTOR_BAD;
        else {
            in.end = in.p + (length - 2);
            verdicts[n] = run_vector(m, w, &in);
        }
        if (verdicts[n] != VECTOR_PASSED)
            return n + 1;
    }
    return count;
}

/* ---- tests of real mode ---- */
enum { CR0, CR3, REG_EAX, REG_EBX, REG_ECX, REG_EDX, REG_ESI, REG_EDI, REG_EBP, REG_ESP, REG_CS, REG_DS, REG_ES, REG_FS, REG_GS,
       REG_SS, REG_EIP, REG_EFLAGS, REG_DR6, REG_DR7 };
static const u8 gpr_of[8] = {REG_EAX, REG_ECX, REG_EDX, REG_EBX, REG_ESP, REG_EBP, REG_ESI, REG_EDI};
static const u8 seg_of[6] = {REG_ES, REG_CS, REG_SS, REG_DS, REG_FS, REG_GS};

static void put_byte(M *m, u32 address, u8 value)
{
    m->memory.backing_data[address] = value;
    if (m->memory.watch_data[address >> 12])
        backing_written(m, address, 1);
}

enum { PUT, CLEAR, COMPARE };

static bool listed(const u8 *p, u32 count, u32 address)
{
    for (; count--; p += 5)
        if (!memcmp(p, &address, 4))
            return true;
    return false;
}

/* The bytes of a list: put them, put 0 in their place, or compare those that the list ``but`` leaves. */
static bool each_byte(M *m, const RealTest *t, const u8 *p, u32 count, int what, const u8 *but, u32 but_count)
{
    bool same = true;
    for (; count--; p += 5) {
        u32 address, physical;
        memcpy(&address, p, 4);
        physical = address & m->cpu.a20_mask;
        if (physical >= m->memory.ram_size)
            return false;
        if (what == COMPARE) {
            u32 in = address - t->flags_at;
            u8 ignored = in < 4 ? (u8)(t->flags_mask >> 8 * in) : 0;
            if ((m->memory.backing_data[physical] ^ p[4]) & ~ignored && !listed(but, but_count, address))
                same = false;
        } else
            put_byte(m, physical, what == PUT ? p[4] : 0);
    }
    return same;
}

static u8 run_real(M *m, const RealTest *t, const u8 *data)
{
    const u8 *ram = data + t->ram_before_at, *after = data + t->ram_after_at;
    bool good = each_byte(m, t, ram, t->ram_before, PUT, NULL, 0);
    for (int n = 0; n < 8; n++)
        m->cpu.gpr[n] = t->before[gpr_of[n]];
    for (int n = 0; n < 6; n++) {
        m->cpu.seg[n].sel = (u16)t->before[seg_of[n]];
        m->cpu.seg[n].base = (t->before[seg_of[n]] & 0xFFFF) << 4;
    }
    m->cpu.cr0 = t->before[CR0];
    m->cpu.cr3 = t->before[CR3];
    m->cpu.dr[6] = t->before[REG_DR6];
    m->cpu.dr[7] = t->before[REG_DR7];
    m->cpu.eip = t->before[REG_EIP];
    m->cpu.eflags = t->before[REG_EFLAGS];
    m->cpu.cc_kind = 0;
    m->cpu.shadow = 0;
    m->cpu.trap = 0;
    m->cpu.halted = m->cpu.shutdown = m->cpu.stepping = m->cpu.repeating = m->cpu.resuming = m->cpu.reset_request = false;
    if (t->until_halt) {
        m->cpu.stop_count = m->cpu.icount + t->limit;
        emu_run(m);
        good &= m->cpu.halted;
    } else
        for (u32 n = 0; n < t->limit && m->cpu.eip == t->before[REG_EIP] && !m->cpu.halted; n++) {
            m->cpu.stop_count = m->cpu.icount + 1;
            emu_run(m);
        }
    good &= !m->cpu.shutdown && !m->cpu.reset_request;
    u32 got[REAL_REGISTERS] = {[CR0] = m->cpu.cr0, [CR3] = m->cpu.cr3, [REG_EIP] = m->cpu.eip, [REG_EFLAGS] = flags_read_eflags(m),
                               [REG_DR6] = m->cpu.dr[6], [REG_DR7] = m->cpu.dr[7]};
    for (int n = 0; n < 8; n++)
        got[gpr_of[n]] = m->cpu.gpr[n];
    for (int n = 0; n < 6; n++)
        got[seg_of[n]] = m->cpu.seg[n].sel;
    for (int n = 0; n < REAL_REGISTERS; n++)
        good &= !((got[n] ^ t->after[n]) & t->mask[n]);
    good &= each_byte(m, t, ram, t->ram_before, COMPARE, after, t->ram_after);
    good &= each_byte(m, t, after, t->ram_after, COMPARE, NULL, 0);
    each_byte(m, t, ram, t->ram_before, CLEAR, NULL, 0);
    each_byte(m, t, after, t->ram_after, CLEAR, NULL, 0);
    return good ? VECTOR_PASSED : VECTOR_FAILED;
}

static bool inside(u64 size, u32 at, u32 count)
{
    return at <= size && 5 * (u64)count <= size - at;
}

u32 emu_run_real(M *m, const RealTest *tests, const u8 *data, u64 size, const u32 *chosen, u32 count, u8 *verdicts)
{
    for (u32 n = 0; n < count; n++) {
        const RealTest *t = &tests[chosen[n]];
        verdicts[n] = inside(size, t->ram_before_at, t->ram_before) && inside(size, t->ram_after_at, t->ram_after) ? run_real(m, t, data)
                                                                                                              : VECTOR_BAD;
        if (verdicts[n] != VECTOR_PASSED)
            return n + 1;
    }
    return count;
}

bool emu_memory_clear(M *m)
{
    const u8 *p = m->memory.backing_data;
    u64 size = m->memory.ram_size;
    return !size || (!p[0] && !memcmp(p, p + 1, size - 1));
}
