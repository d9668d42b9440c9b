/* Types, port access and access to memory by segment and offset, for 16-bit (-m16) and 32-bit code alike. */
#ifndef TYPES_H
#define TYPES_H

typedef unsigned char u8;
typedef signed char s8;
typedef unsigned short u16;
typedef short s16;
typedef unsigned int u32;
typedef int s32;
typedef unsigned long long u64;
typedef u32 size_t;

#define PACKED __attribute__((packed))
#define NULL ((void *)0)
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* What a handler sees of its caller; entry.S has the same order.  Written back when the handler returns. */
struct regs {
    union { u32 edi; u16 di; };
    union { u32 esi; u16 si; };
    union { u32 ebp; u16 bp; };
    u32 esp;
    union { u32 ebx; u16 bx; struct { u8 bl, bh; }; };
    union { u32 edx; u16 dx; struct { u8 dl, dh; }; };
    union { u32 ecx; u16 cx; struct { u8 cl, ch; }; };
    union { u32 eax; u16 ax; struct { u8 al, ah; }; };
    u16 ds, es, fs, gs;
    u16 handler;
    u16 ip, cs, flags;
} PACKED;

#define F_CF 0x0001
#define F_ZF 0x0040
#define F_IF 0x0200

static inline void set_cf(struct regs *r, int on) { r->flags = on ? r->flags | F_CF : r->flags & ~F_CF; }
static inline void set_zf(struct regs *r, int on) { r->flags = on ? r->flags | F_ZF : r->flags & ~F_ZF; }

static inline void outb(u16 port, u8 v) { asm volatile("outb %0,%1" : : "a"(v), "Nd"(port)); }
static inline void outw(u16 port, u16 v) { asm volatile("outw %0,%1" : : "a"(v), "Nd"(port)); }
static inline void outl(u16 port, u32 v) { asm volatile("outl %0,%1" : : "a"(v), "Nd"(port)); }
static inline u8 inb(u16 port) { u8 v; asm volatile("inb %1,%0" : "=a"(v) : "Nd"(port)); return v; }
static inline u16 inw(u16 port) { u16 v; asm volatile("inw %1,%0" : "=a"(v) : "Nd"(port)); return v; }
static inline u32 inl(u16 port) { u32 v; asm volatile("inl %1,%0" : "=a"(v) : "Nd"(port)); return v; }

#ifdef MODE16
#define AT_FS(type, off) (*(volatile type __seg_fs *)(u32)(u16)(off))
static inline void set_fs(u16 seg) { asm volatile("movw %w0,%%fs" : : "r"(seg) : "memory"); }
static inline u8 peek8(u16 seg, u16 off) { set_fs(seg); return AT_FS(u8, off); }
static inline u16 peek16(u16 seg, u16 off) { set_fs(seg); return AT_FS(u16, off); }
static inline u32 peek32(u16 seg, u16 off) { set_fs(seg); return AT_FS(u32, off); }
static inline void poke8(u16 seg, u16 off, u8 v) { set_fs(seg); AT_FS(u8, off) = v; }
static inline void poke16(u16 seg, u16 off, u16 v) { set_fs(seg); AT_FS(u16, off) = v; }
static inline void poke32(u16 seg, u16 off, u32 v) { set_fs(seg); AT_FS(u32, off) = v; }
#else
#define LINEAR(type, seg, off) (*(volatile type *)((u32)(u16)(seg) * 16 + (u16)(off)))
static inline u8 peek8(u16 seg, u16 off) { return LINEAR(u8, seg, off); }
static inline u16 peek16(u16 seg, u16 off) { return LINEAR(u16, seg, off); }
static inline u32 peek32(u16 seg, u16 off) { return LINEAR(u32, seg, off); }
static inline void poke8(u16 seg, u16 off, u8 v) { LINEAR(u8, seg, off) = v; }
static inline void poke16(u16 seg, u16 off, u16 v) { LINEAR(u16, seg, off) = v; }
static inline void poke32(u16 seg, u16 off, u32 v) { LINEAR(u32, seg, off) = v; }
#endif

/* The RTC's memory; bit 7 of the index keeps NMI off, as the firmware found it. */
static inline u8 cmos_read(u8 index) { outb(0x70, index | 0x80); return inb(0x71); }
static inline void cmos_write(u8 index, u8 v) { outb(0x70, index | 0x80); outb(0x71, v); }

static inline void *memset(void *to, int v, size_t n)
{
    void *p = to;
    asm volatile("rep stosb" : "+D"(p), "+c"(n) : "a"(v) : "memory");
    return to;
}
static inline void *memcpy(void *to, const void *from, size_t n)
{
    void *p = to;
    asm volatile("rep movsb" : "+D"(p), "+S"(from), "+c"(n) : : "memory");
    return to;
}
static inline int memcmp(const void *a, const void *b, size_t n)
{
    const u8 *p = a, *q = b;
    for (; n; n--, p++, q++)
        if (*p != *q)
            return *p - *q;
    return 0;
}
static inline u32 strlen(const char *s) { u32 n = 0; while (s[n]) n++; return n; }

#endif
