/* Messages to the log port and the screen; calls of 16-bit services. */
#include "post.h"

static u8 screen;

void service(u8 vector, struct regs *r)
{
    r->ip = *(volatile u16 *)(vector * 4);
    r->cs = *(volatile u16 *)(vector * 4 + 2);
    r->flags = 0;
    call16_asm(r);
}

void run_far(u16 segment, u16 offset, struct regs *r)
{
    r->cs = segment;
    r->ip = offset;
    call16_asm(r);
}

/* From here on messages show; text mode, as a boot sector expects it. */
void screen_on(void)
{
    struct regs r;
    memset(&r, 0, sizeof r);
    r.ax = 3;
    service(0x10, &r);
    screen = 1;
}

static void put(char c)
{
    struct regs r;
    outb(0x402, c);
    if (!screen)
        return;
    memset(&r, 0, sizeof r);
    if (c == '\n') {
        r.ax = 0x0E0D;
        service(0x10, &r);
    }
    memset(&r, 0, sizeof r);
    r.ah = 0x0E;
    r.al = c;
    r.bl = 7;
    service(0x10, &r);
}

static void number(u32 v, u32 base)
{
    char digits[11];
    int n = 0;
    do {
        digits[n++] = "0123456789ABCDEF"[v % base];
        v /= base;
    } while (v);
    while (n)
        put(digits[--n]);
}

void print(const char *f, ...)
{
    __builtin_va_list args;
    __builtin_va_start(args, f);
    for (; *f; f++) {
        if (*f != '%') {
            put(*f);
            continue;
        }
        switch (*++f) {
        case 's':
            for (const char *s = __builtin_va_arg(args, const char *); *s; s++)
                put(*s);
            break;
        case 'd': number(__builtin_va_arg(args, u32), 10); break;
        case 'x': number(__builtin_va_arg(args, u32), 16); break;
        case 'c': put(__builtin_va_arg(args, int)); break;
        }
    }
    __builtin_va_end(args);
}
