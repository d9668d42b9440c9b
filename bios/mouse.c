/* PS/2 pointing device: INT 15h AH = C2h and IRQ 12. */
#include "services.h"

#define KBC_DATA 0x60
#define KBC_STATUS 0x64
#define ACK 0xFA

#define MOUSE_OK 0
#define MOUSE_BAD_FUNCTION 1
#define MOUSE_BAD_INPUT 2
#define MOUSE_INTERFACE 3
#define MOUSE_RESEND 4
#define MOUSE_NO_HANDLER 5

void kbc_wait_write(void)
{
    for (u32 i = 0; i < 100000 && inb(KBC_STATUS) & 2; i++)
        ;
}

/* A byte of the mouse within about half a second, or -1. */
static int mouse_byte(void)
{
    u32 turns = 0;
    u8 last = inb(0x61);
    while (turns < 33000) {             /* the refresh bit turns every 15 microseconds */
        u8 status = inb(KBC_STATUS), now = inb(0x61);
        if ((status & 0x21) == 0x21)
            return inb(KBC_DATA);
        if (status & 1)
            inb(KBC_DATA);              /* a key meanwhile is lost */
        if ((now ^ last) & 0x10)
            turns++;
        last = now;
    }
    return -1;
}

static u8 command_byte(void)
{
    kbc_wait_write();
    outb(KBC_STATUS, 0x20);
    for (u32 i = 0; i < 100000 && !(inb(KBC_STATUS) & 1); i++)
        ;
    return inb(KBC_DATA);
}

static void set_command_byte(u8 v)
{
    kbc_wait_write();
    outb(KBC_STATUS, 0x60);
    kbc_wait_write();
    outb(KBC_DATA, v);
}

static int send(u8 v)
{
    kbc_wait_write();
    outb(KBC_STATUS, 0xD4);
    kbc_wait_write();
    outb(KBC_DATA, v);
    return mouse_byte() == ACK ? MOUSE_OK : MOUSE_INTERFACE;
}

/* Send up to two bytes (-1: none) and take up to three, with the interrupt off meanwhile. */
static int exchange(int first, int second, u8 *answer, u8 count)
{
    u8 saved = command_byte();
    set_command_byte((saved & ~0x22) | 0x10);                   /* IRQ 12 off, mouse on, keyboard off */
    int status = send(first);
    if (!status && second >= 0)
        status = send(second);
    for (u8 i = 0; i < count && !status; i++) {
        int v = mouse_byte();
        if (v < 0)
            status = MOUSE_INTERFACE;
        answer[i] = v;
    }
    set_command_byte((saved & ~0x30) | 0x02);
    return status;
}

static void reset_packet(void)
{
    u16 ebda = peek16(BDA, BDA_EBDA);
    poke8(ebda, EBDA_MOUSE_FLAG1, peek8(ebda, EBDA_MOUSE_FLAG1) & 0xF8);
}

void mouse_service(struct regs *r)
{
    static const u8 rates[7] = { 10, 20, 40, 60, 80, 100, 200 };
    u16 ebda = peek16(BDA, BDA_EBDA);
    u8 answer[3];
    int status = MOUSE_OK;
    reset_packet();
    switch (r->al) {
    case 0:                             /* off, on */
        if (r->bh > 1)
            status = MOUSE_BAD_INPUT;
        else if (r->bh && !(peek8(ebda, EBDA_MOUSE_FLAG2) & 0x80))
            status = MOUSE_NO_HANDLER;
        else
            status = exchange(r->bh ? 0xF4 : 0xF5, -1, NULL, 0);
        break;
    case 5:                             /* initialise with a packet size */
        if (r->bh < 1 || r->bh > 8) {
            status = MOUSE_BAD_INPUT;
            break;
        }
        poke8(ebda, EBDA_MOUSE_FLAG2, (peek8(ebda, EBDA_MOUSE_FLAG2) & 0xF8) | (r->bh - 1));
        /* and reset */
        /* fall through */
    case 1:
        status = exchange(0xFF, -1, answer, 2);
        if (!status) {
            r->bl = answer[0];          /* AAh, and the identity 0 */
            r->bh = answer[1];
        }
        break;
    case 2:
        status = r->bh > 6 ? MOUSE_BAD_INPUT : exchange(0xF3, rates[r->bh], NULL, 0);
        break;
    case 3:
        status = r->bh > 3 ? MOUSE_BAD_INPUT : exchange(0xE8, r->bh, NULL, 0);
        break;
    case 4:
        status = exchange(0xF2, -1, answer, 1);
        if (!status)
            r->bh = answer[0];
        break;
    case 6:
        if (r->bh == 0) {
            status = exchange(0xE9, -1, answer, 3);
            if (!status) {
                r->bl = answer[0];
                r->cl = answer[1];
                r->dl = answer[2];
            }
        } else {
            status = r->bh > 2 ? MOUSE_BAD_INPUT : exchange(r->bh == 1 ? 0xE6 : 0xE7, -1, NULL, 0);
        }
        break;
    case 7:
        poke16(ebda, EBDA_MOUSE_CALL, r->bx);
        poke16(ebda, EBDA_MOUSE_CALL + 2, r->es);
        u8 flag2 = peek8(ebda, EBDA_MOUSE_FLAG2);
        poke8(ebda, EBDA_MOUSE_FLAG2, r->es | r->bx ? flag2 | 0x80 : flag2 & 0x7F);
        break;
    default:
        status = MOUSE_BAD_FUNCTION;
    }
    r->ah = status;
    set_cf(r, status);
}

void HANDLER int74(struct regs *r)
{
    (void)r;
    u16 ebda = peek16(BDA, BDA_EBDA);
    u8 flag1 = peek8(ebda, EBDA_MOUSE_FLAG1), flag2 = peek8(ebda, EBDA_MOUSE_FLAG2);
    if ((inb(KBC_STATUS) & 0x21) != 0x21) {
        eoi_slave();
        return;
    }
    u8 v = inb(KBC_DATA), at = flag1 & 7;
    if (!(flag2 & 0x80)) {
        eoi_slave();
        return;
    }
    poke8(ebda, EBDA_MOUSE_DATA + at, v);
    if (at < (flag2 & 7)) {
        poke8(ebda, EBDA_MOUSE_FLAG1, (flag1 & 0xF8) | (at + 1));
        eoi_slave();
        return;
    }
    poke8(ebda, EBDA_MOUSE_FLAG1, flag1 & 0xF8);
    u16 words[4] = { peek8(ebda, EBDA_MOUSE_DATA), peek8(ebda, EBDA_MOUSE_DATA + 1), peek8(ebda, EBDA_MOUSE_DATA + 2),
                     (flag2 & 7) == 3 ? peek8(ebda, EBDA_MOUSE_DATA + 3) : 0 };
    eoi_slave();
    far_call_words(peek16(ebda, EBDA_MOUSE_CALL + 2), peek16(ebda, EBDA_MOUSE_CALL), words);
}
