/* Formatted text and other small helpers. */
#include "core.h"

struct out { char *at; u32 room; };

static void put(struct out *o, char c)
{
    if (o->room > 1) {
        *o->at++ = c;
        o->room--;
    }
}

void vformat(char *text, u32 size, const char *f, __builtin_va_list args)
{
    struct out o = { text, size };
    for (; *f; f++) {
        char digits[12], pad = ' ';
        const char *s;
        u32 width = 0, left = 0, n, v, base = 10;
        int minus = 0;
        if (*f != '%') {
            put(&o, *f);
            continue;
        }
        for (f++; *f == '-' || *f == '0'; f++) {
            if (*f == '-')
                left = 1;
            else
                pad = '0';
        }
        for (; *f >= '0' && *f <= '9'; f++)
            width = width * 10 + *f - '0';
        switch (*f) {
        case 's':
            s = __builtin_va_arg(args, const char *);
            break;
        case 'c':
            digits[0] = __builtin_va_arg(args, int);
            digits[1] = 0;
            s = digits;
            break;
        case 'd': case 'u': case 'x':
            v = __builtin_va_arg(args, u32);
            if (*f == 'd' && (s32)v < 0) {
                minus = 1;
                v = -v;
            }
            if (*f == 'x')
                base = 16;
            n = sizeof digits - 1;
            digits[n] = 0;
            do {
                digits[--n] = "0123456789ABCDEF"[v % base];
                v /= base;
            } while (v);
            if (minus)
                digits[--n] = '-';
            s = digits + n;
            break;
        default:
            s = "%";
        }
        n = strlen(s);
        for (v = n; !left && v < width; v++)
            put(&o, pad);
        while (*s)
            put(&o, *s++);
        for (; left && n < width; n++)
            put(&o, ' ');
    }
    *o.at = 0;
}

void format(char *out, u32 size, const char *f, ...)
{
    __builtin_va_list args;
    __builtin_va_start(args, f);
    vformat(out, size, f, args);
    __builtin_va_end(args);
}

int same(const char *a, const char *b)
{
    for (; *a == *b; a++, b++)
        if (!*a)
            return 1;
    return 0;
}

int starts(const char *text, const char *with)
{
    for (; *with; text++, with++)
        if (*text != *with)
            return 0;
    return 1;
}

/* Without spaces at both ends. */
void trim(char *text)
{
    u32 from = 0, n;
    while (text[from] == ' ')
        from++;
    for (n = 0; text[from + n]; n++)
        text[n] = text[from + n];
    while (n && text[n - 1] == ' ')
        n--;
    text[n] = 0;
}

void fill32(void *to, u32 value, u32 count) { asm volatile("rep stosl" : "+D"(to), "+c"(count) : "a"(value) : "memory"); }
void copy32(void *to, const void *from, u32 count) { asm volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(count) : : "memory"); }
