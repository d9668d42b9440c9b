/* INT 05h, 11h, 12h, the answer where no video BIOS is, and INT 15h. */
#include "services.h"

#define KBC_STATUS 0x64

void event_wait(struct regs *r);
void delay(struct regs *r);
extern u8 configuration_table[];

void HANDLER int11(struct regs *r) { r->ax = peek16(BDA, BDA_EQUIPMENT); }
void HANDLER int12(struct regs *r) { r->ax = peek16(BDA, BDA_MEMORY); }
void HANDLER int10_absent(struct regs *r) { (void)r; }

static u16 video(u8 ah, u16 bx, u16 dx, u16 *ax_out)
{
    struct regs r;
    memset(&r, 0, sizeof r);
    r.ah = ah;
    r.bx = bx;
    r.dx = dx;
    call_int(0x10, &r);
    if (ax_out)
        *ax_out = r.ax;
    return ah == 0x0F ? r.bx : r.dx;
}

static int print_byte(u8 c)
{
    struct regs r;
    memset(&r, 0, sizeof r);
    r.al = c;
    call_int(0x17, &r);
    return !(r.ah & 0x29);
}

/* INT 05h: the text screen to the first printer; 50:0 tells how it went. */
void HANDLER int05(struct regs *r)
{
    u16 mode, page, old;
    (void)r;
    if (peek8(0x50, 0) == 1)
        return;
    poke8(0x50, 0, 1);
    page = video(0x0F, 0, 0, &mode) & 0xFF00;
    old = video(0x03, page, 0, NULL);
    u8 columns = mode >> 8, rows = peek8(BDA, 0x84) + 1;
    if (rows < 2)
        rows = 25;
    int good = print_byte(13) && print_byte(10);
    for (u8 row = 0; row < rows && good; row++) {
        for (u8 column = 0; column < columns && good; column++) {
            u16 cell;
            video(0x02, page, row << 8 | column, NULL);
            video(0x08, page, 0, &cell);
            good = print_byte((u8)cell ? (u8)cell : ' ');
        }
        good = good && print_byte(13) && print_byte(10);
    }
    video(0x02, page, old, NULL);
    poke8(0x50, 0, good ? 0 : 0xFF);
}

static void a20(struct regs *r)
{
    u8 port = inb(0x92);
    set_cf(r, 0);
    switch (r->al) {
    case 0:
    case 1:
        outb(0x92, (port & 0xFC) | r->al << 1);
        r->ah = 0;
        return;
    case 2:
        r->al = port >> 1 & 1;
        r->ah = 0;
        r->cx = 0;
        return;
    case 3:
        r->ah = 0;
        r->bx = 3;                      /* by the 8042 and by port 92h */
        return;
    }
    r->ah = 0x86;
    set_cf(r, 1);
}

/* AH = 87h: the caller's table has six descriptors; BIOS fills in its own four and moves. */
static void block_move(struct regs *r)
{
    u16 es = r->es, si = r->si;
    if (r->cx > 0x8000) {
        r->ah = 2;
        set_cf(r, 1);
        return;
    }
    u32 table = (u32)es * 16 + si;
    poke32(es, si + 8, (table & 0xFFFF) << 16 | 47);            /* 08h: the table itself */
    poke32(es, si + 12, 0x9300 | (table >> 16 & 0xFF) | (table & 0xFF000000));
    /* 20h: this code.  28h, the caller's stack by the book, is here 64 KiB of data for the way back. */
    poke32(es, si + 32, 0x0000FFFF);
    poke32(es, si + 36, 0x00009B0F);
    poke32(es, si + 40, 0x0000FFFF);
    poke32(es, si + 44, 0x0000930F);
    u8 port = inb(0x92);
    outb(0x92, (port | 2) & 0xFE);
    move_block(table, r->cx);
    outb(0x92, port & 0xFE);
    r->ah = 0;
    set_cf(r, 0);
}

static void memory_map(struct regs *r)
{
    u32 i = r->ebx;
    if (r->edx != 0x534D4150 || i >= shared.map_count || r->ecx < 20) {
        r->ah = 0x86;
        set_cf(r, 1);
        return;
    }
    const u32 *entry = (const u32 *)&shared.map[i];
    for (u8 n = 0; n < 5; n++)
        poke32(r->es, r->di + n * 4, entry[n]);
    r->ebx = i + 1 < shared.map_count ? i + 1 : 0;
    r->eax = 0x534D4150;
    r->ecx = 20;
    set_cf(r, 0);
}

/* E801h and E881h: KiB from 1 to 16 MiB, 64-KiB units beyond. */
static void memory_sizes(struct regs *r, int wide)
{
    u32 low = shared.ram_end > 0x1000000 ? 0x3C00 : (shared.ram_end - 0x100000) >> 10;
    u32 high = shared.ram_end > 0x1000000 ? (shared.ram_end - 0x1000000) >> 16 : 0;
    if (wide) {
        r->eax = r->ecx = low;
        r->ebx = r->edx = high;
    } else {
        r->ax = r->cx = low;
        r->bx = r->dx = high;
    }
    set_cf(r, 0);
}

void HANDLER int15(struct regs *r)
{
    switch (r->ah) {
    case 0x24:
        a20(r);
        return;
    case 0x4F:                          /* keyboard intercept: take the code as it is */
        set_cf(r, 1);
        return;
    case 0x52:                          /* media eject: nobody minds */
    case 0x80:
    case 0x81:
    case 0x82:
    case 0x85:
    case 0x90:
    case 0x91:
        r->ah = 0;
        set_cf(r, 0);
        return;
    case 0x83:
        event_wait(r);
        return;
    case 0x86:
        delay(r);
        return;
    case 0x87:
        block_move(r);
        return;
    case 0x88: {
        u32 kib = (shared.ram_end - 0x100000) >> 10;
        r->ax = kib > 0xFFFF ? 0xFFFF : kib;
        if (shared.ram_end > 0x4000000)
            r->ax = 0xFC00;             /* 63 MiB: old callers add 1 MiB and want it to fit */
        set_cf(r, 0);
        return;
    }
    case 0xC0:
        r->es = 0xF000;
        r->bx = (u16)(u32)configuration_table;
        r->ah = 0;
        set_cf(r, 0);
        return;
    case 0xC1:
        r->es = peek16(BDA, BDA_EBDA);
        set_cf(r, 0);
        return;
    case 0xC2:
        mouse_service(r);
        return;
    case 0xE8:
        if (r->al == 0x20)
            return memory_map(r);
        if (r->al == 0x01 || r->al == 0x81)
            return memory_sizes(r, r->al == 0x81);
        break;
    }
    r->ah = 0x86;
    set_cf(r, 1);
}
