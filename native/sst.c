/* Reads tests of the SingleStepTests family into RealTest records: the chunks of a MOO file, or JSON.  The formats are told in
 * emu/suites/sst.py, whose readers do the same without this engine; tests/suites holds them to each other. */
#include "core.h"
#include "vectors.h"

static u32 word(const u8 *p, u32 size)
{
    u32 v = 0;
    for (u32 n = 0; n < size; n++)
        v |= (u32)p[n] << 8 * n;
    return v;
}

/* Prefixes, opcode (0Fxx for two bytes) and ModRM of the code. */
static void shape(const SstRules *rules, const u8 *code, u32 size, SstTest *t)
{
    u32 at = 0;
    t->prefixes = 0;
    for (; at < size && rules->prefix_bit[code[at]]; at++) {
        u32 bit = rules->prefix_bit[code[at]];
        if (bit & SST_REPEATS)      /* of these the last one counts */
            t->prefixes &= ~(u32)SST_LAST_REPEAT;
        t->prefixes |= bit & ~(u32)SST_REPEATS;
    }
    t->opcode = at < size ? code[at] : SST_NONE;
    if (t->opcode == 0x0F && at + 1 < size)
        t->opcode = 0x0F00 | code[++at];
    t->modrm = at + 1 < size ? code[at + 1] : 0;
}

static void begin(const SstRules *rules, SstTest *h, RealTest *t)
{
    memset(h, 0, sizeof *h);
    memset(t, 0, sizeof *t);
    h->exception = SST_NONE;
    h->damaged = 1;
    t->flags_at = SST_NONE;
    t->limit = rules->limit;
    t->until_halt = rules->until_halt;
}

/* What is left to do once all is read. */
static void end(const SstRules *rules, const u8 *data, const u32 *masks, SstTest *h, RealTest *t)
{
    h->cr0 = t->before[0];
    for (int n = 0; n < REAL_REGISTERS; n++) {
        t->before[n] = (t->before[n] & rules->before_and[n]) | rules->before_or[n];
        t->mask[n] = rules->mask[n] & masks[n];
    }
    shape(rules, data + h->code_at, h->code_size, h);
    h->damaged = 0;
}

/* ---- MOO ---- */

/* Registers of a chunk: a bitmap, then a value for each bit. */
static bool registers(const SstRules *rules, const u8 *p, u32 length, bool wide, u32 *to)
{
    u32 size = wide ? 4 : 2, count = wide ? 20 : 14, at = size;
    if (length < size)
        return false;
    for (u32 bits = word(p, size), n = 0; bits; bits >>= 1, n++)
        if (bits & 1) {
            if (n >= count || at + size > length)
                return false;
            to[wide ? n : rules->regs16[n]] = word(p + at, size);
            at += size;
        }
    return true;
}

static bool memory_list(const u8 *data, u32 at, u32 length, u32 *place, u32 *count)
{
    if (length < 4)
        return false;
    *count = word(data + at, 4);
    *place = at + 4;
    return length == 4 + 5 * (u64)*count;
}

typedef struct Chunk {
    u32 at, length;
} Chunk;

static bool read_state(const u8 *data, u32 at, u32 stop, Chunk *regs, Chunk *wide, Chunk *ram, Chunk *mask, Chunk *wide_mask)
{
    while (at + 8 <= stop) {
        u32 length = word(data + at + 4, 4);
        Chunk c = {at + 8, length}, *to = NULL;
        if (length > stop - at - 8)
            return false;
        if (!memcmp(data + at, "REGS", 4))
            to = regs;
        else if (!memcmp(data + at, "RG32", 4))
            to = wide;
        else if (!memcmp(data + at, "RAM ", 4))
            to = ram;
        else if (!memcmp(data + at, "RMSK", 4))
            to = mask;
        else if (!memcmp(data + at, "RM32", 4))
            to = wide_mask;
        if (to)
            *to = c;
        at += 8 + length;
    }
    return true;
}

static bool read_moo(const SstRules *rules, const u8 *data, u32 at, u32 stop, SstTest *h, RealTest *t)
{
    Chunk bytes = {0, 0}, before = {0, 0}, before_wide = {0, 0}, after = {0, 0}, after_wide = {0, 0}, ram_before = {0, 0}, ram_after = {0, 0};
    Chunk mask = {0, 0}, wide_mask = {0, 0}, none;
    u32 masks[REAL_REGISTERS];
    at += 4;
    while (at + 8 <= stop) {
        u32 length = word(data + at + 4, 4), body = at + 8;
        if (length > stop - body)
            return false;
        if (!memcmp(data + at, "BYTS", 4))
            bytes = (Chunk){body, length};
        else if (!memcmp(data + at, "HASH", 4)) {
            h->hash_at = body;
            h->hash_size = length;
        } else if (!memcmp(data + at, "EXCP", 4)) {
            if (length < 5)
                return false;
            h->exception = data[body];
        } else if (!memcmp(data + at, "INIT", 4)) {
            if (!read_state(data, body, body + length, &before, &before_wide, &ram_before, &none, &none))
                return false;
        } else if (!memcmp(data + at, "FINA", 4)) {
            if (!read_state(data, body, body + length, &after, &after_wide, &ram_after, &mask, &wide_mask))
                return false;
        } else if (!memcmp(data + at, "RMSK", 4))
            mask = (Chunk){body, length};
        else if (!memcmp(data + at, "RM32", 4))
            wide_mask = (Chunk){body, length};
        at = body + length;
    }
    bool wide = before_wide.at != 0;
    if (wide) {
        before = before_wide;
        after = after_wide;
    }
    if (bytes.length < 4 || !before.at || !registers(rules, data + before.at, before.length, wide, t->before))
        return false;
    h->code_at = bytes.at + 4;
    h->code_size = bytes.length - 4;
    memcpy(t->after, t->before, sizeof t->after);
    if (after.at && !registers(rules, data + after.at, after.length, wide, t->after))
        return false;
    memcpy(masks, rules->file_mask, sizeof masks);
    if (mask.at && !registers(rules, data + mask.at, mask.length, false, masks))
        return false;
    if (wide_mask.at && !registers(rules, data + wide_mask.at, wide_mask.length, true, masks))
        return false;
    if (ram_before.at && !memory_list(data, ram_before.at, ram_before.length, &t->ram_before_at, &t->ram_before))
        return false;
    if (ram_after.at && !memory_list(data, ram_after.at, ram_after.length, &t->ram_after_at, &t->ram_after))
        return false;
    end(rules, data, masks, h, t);
    return true;
}

void emu_read_moo(const SstRules *rules, const u8 *data, const u32 *places, u32 count, SstTest *heads, RealTest *tests)
{
    for (u32 n = 0; n < count; n++) {
        begin(rules, &heads[n], &tests[n]);
        heads[n].at = places[2 * n];
        read_moo(rules, data, places[2 * n], places[2 * n + 1], &heads[n], &tests[n]);
    }
}

/* ---- JSON ---- */
typedef struct Text {
    const u8 *p, *end;
    bool bad;
} Text;

static u8 peek(Text *t)
{
    while (t->p < t->end && (*t->p == ' ' || *t->p == '\n' || *t->p == '\r' || *t->p == '\t'))
        t->p++;
    if (t->p == t->end) {
        t->bad = true;
        return 0;
    }
    return *t->p;
}

static bool is_next(Text *t, u8 c)
{
    if (peek(t) != c)
        return false;
    t->p++;
    return true;
}

static void want(Text *t, u8 c)
{
    t->bad |= !is_next(t, c);
}

/* The characters between quotes, escapes as they stand. */
static u32 string(Text *t, const u8 **from)
{
    want(t, '"');
    *from = t->p;
    while (t->p < t->end && *t->p != '"')
        t->p += *t->p == '\\' && t->p + 1 < t->end ? 2 : 1;
    u32 size = (u32)(t->p - *from);
    want(t, '"');
    return size;
}

static u32 number(Text *t)
{
    u64 v = 0;
    u8 c = peek(t);
    if (c < '0' || c > '9')
        t->bad = true;
    while (t->p < t->end && *t->p >= '0' && *t->p <= '9' && v <= 0xFFFFFFFF)
        v = 10 * v + (u64)(*t->p++ - '0');
    if (v > 0xFFFFFFFF || (t->p < t->end && (*t->p == '.' || *t->p == 'e' || *t->p == 'E')))
        t->bad = true;
    return (u32)v;
}

/* Any value: brackets are counted. */
static void skip(Text *t)
{
    u32 depth = 0;
    do {
        u8 c = peek(t);
        const u8 *from;
        if (c == '"')
            string(t, &from);
        else if (c == '{' || c == '[') {
            depth++;
            t->p++;
        } else if (c == '}' || c == ']') {
            if (!depth)
                t->bad = true;
            depth--;
            t->p++;
        } else if (c == ',' || c == ':') {
            if (!depth)
                t->bad = true;
            t->p++;
        } else
            while (t->p < t->end && *t->p != ',' && *t->p != ']' && *t->p != '}' && *t->p != ' ' && *t->p != '\n' && *t->p != '\r'
                   && *t->p != '\t' && *t->p != ':' && *t->p != '"')
                t->p++;
    } while (depth && !t->bad);
}

static bool is_name(const u8 *name, u32 size, const char *text)
{
    return size == strlen(text) && !memcmp(name, text, size);
}

static void json_registers(Text *t, const SstRules *rules, u32 *to)
{
    want(t, '{');
    if (is_next(t, '}'))
        return;
    do {
        const u8 *name, *names = rules->names;
        u32 size = string(t, &name), n = SST_NONE;
        for (u32 left = rules->name_count; left--; names += SST_NAME)
            if (size < SST_NAME - 1 && !memcmp(names + 1, name, size) && !names[1 + size])
                n = names[0];
        want(t, ':');
        u32 value = number(t);
        if (n == SST_NONE)
            t->bad = true;
        else
            to[n] = value;
    } while (!t->bad && is_next(t, ','));
    want(t, '}');
}

/* [[address, byte, ...], ...] as 5 bytes each. */
static u32 json_memory(Text *t, u8 *out, u32 *at)
{
    u32 count = 0;
    want(t, '[');
    if (is_next(t, ']'))
        return 0;
    do {
        want(t, '[');
        u32 address = number(t);
        want(t, ',');
        u32 value = number(t);
        if (value > 0xFF)
            t->bad = true;
        for (int n = 0; n < 4; n++)
            out[*at + (u32)n] = (u8)(address >> 8 * n);
        out[*at + 4] = (u8)value;
        *at += 5;
        count++;
        while (!t->bad && is_next(t, ','))
            skip(t);
        want(t, ']');
    } while (!t->bad && is_next(t, ','));
    want(t, ']');
    return count;
}

static void json_state(Text *t, const SstRules *rules, u32 *regs, u8 *out, u32 *at, u32 *place, u32 *count, bool *found)
{
    want(t, '{');
    do {
        const u8 *name;
        u32 size = string(t, &name);
        want(t, ':');
        if (is_name(name, size, "regs"))
            json_registers(t, rules, regs);
        else if (is_name(name, size, "ram")) {
            *place = *at;
            *count = json_memory(t, out, at);
            *found = true;
        } else
            skip(t);
    } while (!t->bad && is_next(t, ','));
    want(t, '}');
}

/* Final registers may be named before the initial ones: they are kept apart, with a mark for those that are there. */
static void json_test(Text *t, const SstRules *rules, u8 *out, u32 *at, SstTest *h, RealTest *r)
{
    bool before = false, after = false, bytes = false;
    const u8 *final = NULL;
    want(t, '{');
    do {
        const u8 *name;
        u32 size = string(t, &name);
        want(t, ':');
        if (is_name(name, size, "bytes")) {
            h->code_at = *at;
            want(t, '[');
            if (!is_next(t, ']')) {
                do {
                    u32 value = number(t);
                    if (value > 0xFF)
                        t->bad = true;
                    out[(*at)++] = (u8)value;
                } while (!t->bad && is_next(t, ','));
                want(t, ']');
            }
            h->code_size = *at - h->code_at;
            bytes = true;
        } else if (is_name(name, size, "initial")) {
            peek(t);
            json_state(t, rules, r->before, out, at, &r->ram_before_at, &r->ram_before, &before);
        } else if (is_name(name, size, "final")) {
            peek(t);
            final = t->p;
            skip(t);
        } else if (is_name(name, size, "hash") || is_name(name, size, "test_hash")) {
            u32 length = string(t, &name);
            h->hash_at = *at;
            h->hash_size = length;
            memcpy(out + *at, name, length);
            *at += length;
        } else if (is_name(name, size, "exception")) {
            want(t, '{');
            do {
                size = string(t, &name);
                want(t, ':');
                if (is_name(name, size, "number"))
                    h->exception = number(t);
                else
                    skip(t);
            } while (!t->bad && is_next(t, ','));
            want(t, '}');
        } else
            skip(t);
    } while (!t->bad && is_next(t, ','));
    want(t, '}');
    if (t->bad || !final || !before || !bytes) {
        t->bad = true;
        return;
    }
    Text again = {final, t->p, false};
    memcpy(r->after, r->before, sizeof r->after);
    json_state(&again, rules, r->after, out, at, &r->ram_after_at, &r->ram_after, &after);
    if (again.bad || !after)
        t->bad = true;
    else
        end(rules, out, rules->file_mask, h, r);
}

u32 emu_read_json(const SstRules *rules, const u8 *text, u64 size, u32 room, u8 *out, SstTest *heads, RealTest *tests)
{
    Text t = {text, text + size, false};
    u32 count = 0, at = 0;
    want(&t, '[');
    if (t.bad || is_next(&t, ']'))
        return t.bad ? SST_NONE : 0;
    do {
        if (count == room)
            return SST_NONE;
        begin(rules, &heads[count], &tests[count]);
        peek(&t);
        heads[count].at = (u32)(t.p - text);
        json_test(&t, rules, out, &at, &heads[count], &tests[count]);
        count++;
    } while (!t.bad && is_next(&t, ','));
    want(&t, ']');
    while (!t.bad && t.p < t.end && (*t.p == ' ' || *t.p == '\n' || *t.p == '\r' || *t.p == '\t'))
        t.p++;
    return t.bad || t.p != t.end ? SST_NONE : count;
}
