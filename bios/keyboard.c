/* IRQ 1: scan codes (set 1, as the 8042 translates them) to keys in the ring. */
#include "services.h"

#define KBC_DATA 0x60
#define KBC_STATUS 0x64

/* BDA 17h */
#define RIGHT_SHIFT 0x01
#define LEFT_SHIFT 0x02
#define CTRL 0x04
#define ALT 0x08
#define SCROLL 0x10
#define NUM 0x20
#define CAPS 0x40
#define INSERT 0x80
/* BDA 18h */
#define LEFT_CTRL 0x01
#define LEFT_ALT 0x02
#define SYSREQ 0x04
#define PAUSED 0x08
/* BDA 96h */
#define LAST_E1 0x01
#define LAST_E0 0x02
#define RIGHT_CTRL 0x04
#define RIGHT_ALT 0x08
#define ENHANCED 0x10
/* BDA 97h */
#define LED_ACK 0x10
#define LED_BUSY 0x40

#define NO 0

/* Plain, with Shift, with Ctrl, with Alt; high byte scan code, low byte character.  0: no key. */
static const u16 keys[0x59][4] = {
    { NO, NO, NO, NO },
    { 0x011B, 0x011B, 0x011B, 0x0100 },         /* Esc */
    { 0x0231, 0x0221, NO, 0x7800 },
    { 0x0332, 0x0340, 0x0300, 0x7900 },
    { 0x0433, 0x0423, NO, 0x7A00 },
    { 0x0534, 0x0524, NO, 0x7B00 },
    { 0x0635, 0x0625, NO, 0x7C00 },
    { 0x0736, 0x075E, 0x071E, 0x7D00 },
    { 0x0837, 0x0826, NO, 0x7E00 },
    { 0x0938, 0x092A, NO, 0x7F00 },
    { 0x0A39, 0x0A28, NO, 0x8000 },
    { 0x0B30, 0x0B29, NO, 0x8100 },
    { 0x0C2D, 0x0C5F, 0x0C1F, 0x8200 },
    { 0x0D3D, 0x0D2B, NO, 0x8300 },
    { 0x0E08, 0x0E08, 0x0E7F, 0x0E00 },         /* Backspace */
    { 0x0F09, 0x0F00, 0x9400, 0xA500 },         /* Tab */
    { 0x1071, 0x1051, 0x1011, 0x1000 },
    { 0x1177, 0x1157, 0x1117, 0x1100 },
    { 0x1265, 0x1245, 0x1205, 0x1200 },
    { 0x1372, 0x1352, 0x1312, 0x1300 },
    { 0x1474, 0x1454, 0x1414, 0x1400 },
    { 0x1579, 0x1559, 0x1519, 0x1500 },
    { 0x1675, 0x1655, 0x1615, 0x1600 },
    { 0x1769, 0x1749, 0x1709, 0x1700 },
    { 0x186F, 0x184F, 0x180F, 0x1800 },
    { 0x1970, 0x1950, 0x1910, 0x1900 },
    { 0x1A5B, 0x1A7B, 0x1A1B, 0x1A00 },
    { 0x1B5D, 0x1B7D, 0x1B1D, 0x1B00 },
    { 0x1C0D, 0x1C0D, 0x1C0A, 0x1C00 },         /* Enter */
    { NO, NO, NO, NO },
    { 0x1E61, 0x1E41, 0x1E01, 0x1E00 },
    { 0x1F73, 0x1F53, 0x1F13, 0x1F00 },
    { 0x2064, 0x2044, 0x2004, 0x2000 },
    { 0x2166, 0x2146, 0x2106, 0x2100 },
    { 0x2267, 0x2247, 0x2207, 0x2200 },
    { 0x2368, 0x2348, 0x2308, 0x2300 },
    { 0x246A, 0x244A, 0x240A, 0x2400 },
    { 0x256B, 0x254B, 0x250B, 0x2500 },
    { 0x266C, 0x264C, 0x260C, 0x2600 },
    { 0x273B, 0x273A, NO, 0x2700 },
    { 0x2827, 0x2822, NO, 0x2800 },
    { 0x2960, 0x297E, NO, 0x2900 },
    { NO, NO, NO, NO },
    { 0x2B5C, 0x2B7C, 0x2B1C, 0x2B00 },
    { 0x2C7A, 0x2C5A, 0x2C1A, 0x2C00 },
    { 0x2D78, 0x2D58, 0x2D18, 0x2D00 },
    { 0x2E63, 0x2E43, 0x2E03, 0x2E00 },
    { 0x2F76, 0x2F56, 0x2F16, 0x2F00 },
    { 0x3062, 0x3042, 0x3002, 0x3000 },
    { 0x316E, 0x314E, 0x310E, 0x3100 },
    { 0x326D, 0x324D, 0x320D, 0x3200 },
    { 0x332C, 0x333C, NO, 0x3300 },
    { 0x342E, 0x343E, NO, 0x3400 },
    { 0x352F, 0x353F, NO, 0x3500 },
    { NO, NO, NO, NO },
    { 0x372A, 0x372A, 0x9600, 0x3700 },         /* keypad * */
    { NO, NO, NO, NO },
    { 0x3920, 0x3920, 0x3920, 0x3920 },         /* space */
    { NO, NO, NO, NO },
    { 0x3B00, 0x5400, 0x5E00, 0x6800 },         /* F1 */
    { 0x3C00, 0x5500, 0x5F00, 0x6900 },
    { 0x3D00, 0x5600, 0x6000, 0x6A00 },
    { 0x3E00, 0x5700, 0x6100, 0x6B00 },
    { 0x3F00, 0x5800, 0x6200, 0x6C00 },
    { 0x4000, 0x5900, 0x6300, 0x6D00 },
    { 0x4100, 0x5A00, 0x6400, 0x6E00 },
    { 0x4200, 0x5B00, 0x6500, 0x6F00 },
    { 0x4300, 0x5C00, 0x6600, 0x7000 },
    { 0x4400, 0x5D00, 0x6700, 0x7100 },
    { NO, NO, NO, NO },
    { NO, NO, NO, NO },
    { 0x4700, 0x4737, 0x7700, NO },             /* keypad: the digit is in the second column */
    { 0x4800, 0x4838, 0x8D00, NO },
    { 0x4900, 0x4939, 0x8400, NO },
    { 0x4A2D, 0x4A2D, 0x8E00, 0x4A00 },
    { 0x4B00, 0x4B34, 0x7300, NO },
    { 0x4C00, 0x4C35, 0x8F00, NO },
    { 0x4D00, 0x4D36, 0x7400, NO },
    { 0x4E2B, 0x4E2B, 0x9000, 0x4E00 },
    { 0x4F00, 0x4F31, 0x7500, NO },
    { 0x5000, 0x5032, 0x9100, NO },
    { 0x5100, 0x5133, 0x7600, NO },
    { 0x5200, 0x5230, 0x9200, NO },
    { 0x5300, 0x532E, 0x9300, NO },
    { NO, NO, NO, NO },
    { NO, NO, NO, NO },
    { 0x565C, 0x567C, NO, NO },                 /* the 102nd key */
    { 0x8500, 0x8700, 0x8900, 0x8B00 },         /* F11 */
    { 0x8600, 0x8800, 0x8A00, 0x8C00 },
};

/* Keypad digits by scan code 47h-52h; FFh: none (Alt and digits make a character). */
static const u8 digits[12] = { 7, 8, 9, 0xFF, 4, 5, 6, 0xFF, 1, 2, 3, 0 };

int key_store(u16 key)
{
    u16 tail = peek16(BDA, BDA_KB_TAIL), next = tail + 2;
    if (next >= peek16(BDA, BDA_KB_END))
        next = peek16(BDA, BDA_KB_START);
    if (next == peek16(BDA, BDA_KB_HEAD))
        return 0;
    poke16(BDA, tail, key);
    poke16(BDA, BDA_KB_TAIL, next);
    return 1;
}

/* Lights follow the lock states; the acknowledges come by IRQ 1, so nothing waits here. */
static void update_leds(void)
{
    u8 want = peek8(BDA, BDA_KB_FLAGS) >> 4 & 7, leds = peek8(BDA, BDA_KB_LEDS);
    if (want == (leds & 7) || leds & LED_BUSY || inb(KBC_STATUS) & 2)
        return;
    poke8(BDA, BDA_KB_LEDS, (leds & 0xE8) | LED_BUSY | want);
    outb(KBC_DATA, 0xED);
}

static void acknowledged(void)
{
    u8 leds = peek8(BDA, BDA_KB_LEDS);
    if (!(leds & LED_BUSY))
        return;
    if (!(leds & LED_ACK)) {
        poke8(BDA, BDA_KB_LEDS, leds | LED_ACK);
        kbc_wait_write();
        outb(KBC_DATA, leds & 7);
    } else {
        poke8(BDA, BDA_KB_LEDS, leds & ~(LED_ACK | LED_BUSY));
    }
}

static void raise(u8 vector, u16 ax)
{
    struct regs r;
    memset(&r, 0, sizeof r);
    r.ax = ax;
    r.flags = F_IF;
    call_int(vector, &r);
}

/* A shift, control or lock key; says whether it was one. */
static int modifier(u8 code, int release, int e0)
{
    u8 flags = peek8(BDA, BDA_KB_FLAGS), held = peek8(BDA, BDA_KB_FLAGS + 1), mode = peek8(BDA, BDA_KB_MODE);
    u8 flag = 0, hold = 0, right = 0, lock = 0;
    switch (code) {
    case 0x2A: flag = LEFT_SHIFT; break;
    case 0x36: flag = RIGHT_SHIFT; break;
    case 0x1D: flag = CTRL; if (e0) right = RIGHT_CTRL; else hold = LEFT_CTRL; break;
    case 0x38: flag = ALT; if (e0) right = RIGHT_ALT; else hold = LEFT_ALT; break;
    case 0x3A: lock = CAPS; break;
    case 0x45: lock = NUM; break;
    case 0x46: lock = SCROLL; break;
    default: return 0;
    }
    if (e0 && flag & (LEFT_SHIFT | RIGHT_SHIFT))
        return 1;                       /* the keyboard's own shifts around the grey keys */
    if (lock) {
        if (!release && !(held & lock))
            flags ^= lock;
        held = release ? held & ~lock : held | lock;
    } else if (release) {
        held &= ~hold;
        mode &= ~right;
        if (flag == CTRL && (held & LEFT_CTRL || mode & RIGHT_CTRL))
            flag = 0;
        if (flag == ALT && (held & LEFT_ALT || mode & RIGHT_ALT))
            flag = 0;
        flags &= ~flag;
        if (flag == ALT && peek8(BDA, BDA_KB_ALT)) {
            key_store(peek8(BDA, BDA_KB_ALT));
            poke8(BDA, BDA_KB_ALT, 0);
        }
    } else {
        held |= hold;
        mode |= right;
        flags |= flag;
    }
    poke8(BDA, BDA_KB_FLAGS, flags);
    poke8(BDA, BDA_KB_FLAGS + 1, held);
    poke8(BDA, BDA_KB_MODE, mode);
    return 1;
}

static void press(u8 code, int e0)
{
    u8 flags = peek8(BDA, BDA_KB_FLAGS), column;
    u16 key;
    if (code == 0x52 && !(flags & (ALT | CTRL)) && (e0 || !(flags & NUM) == !(flags & (LEFT_SHIFT | RIGHT_SHIFT)))) {
        u8 held = peek8(BDA, BDA_KB_FLAGS + 1);
        if (!(held & INSERT)) {
            flags ^= INSERT;
            poke8(BDA, BDA_KB_FLAGS, flags);
        }
        poke8(BDA, BDA_KB_FLAGS + 1, held | INSERT);
    }
    if (flags & ALT && !e0 && code >= 0x47 && code <= 0x52 && digits[code - 0x47] != 0xFF) {
        poke8(BDA, BDA_KB_ALT, peek8(BDA, BDA_KB_ALT) * 10 + digits[code - 0x47]);
        return;
    }
    if (flags & ALT)
        column = 3;
    else if (flags & CTRL)
        column = 2;
    else
        column = (flags & (LEFT_SHIFT | RIGHT_SHIFT)) != 0;
    if (e0) {
        if (code == 0x1C) {             /* keypad Enter */
            key_store(column == 3 ? 0xA600 : column == 2 ? 0xE00A : 0xE00D);
        } else if (code == 0x35) {      /* keypad / */
            key_store(column == 3 ? 0xA400 : column == 2 ? 0x9500 : 0xE02F);
        } else if (code >= 0x47 && code <= 0x53) {
            if (column == 3)
                key = (code + 0x50) << 8;
            else
                key = keys[code][column == 2 ? 2 : 0] | 0xE0;
            key_store(key);
        }
        return;
    }
    if (code >= ARRAY_SIZE(keys))
        return;
    if (column < 2) {
        if (code >= 0x47 && code <= 0x53) {
            column ^= (flags & NUM) != 0;
        } else if (flags & CAPS) {
            u8 c = (u8)keys[code][0];
            if (c >= 'a' && c <= 'z')
                column ^= 1;
        }
    }
    key = keys[code][column];
    if (key)
        key_store(key);
}

static void special_or_key(u8 code, int release, int e0)
{
    u8 flags = peek8(BDA, BDA_KB_FLAGS), held = peek8(BDA, BDA_KB_FLAGS + 1);
    if (e0 && code == 0x46 && flags & CTRL) {                   /* Break */
        if (release)
            return;
        u16 start = peek16(BDA, BDA_KB_START);
        poke16(BDA, BDA_KB_HEAD, start);
        poke16(BDA, BDA_KB_TAIL, start);
        poke8(BDA, BDA_BREAK, 0x80);
        raise(0x1B, 0);
        key_store(0);
        return;
    }
    if (e0 && code == 0x37) {                                   /* Print Screen */
        if (!release && flags & CTRL)
            key_store(0x7200);
        else if (!release && !(flags & ALT))
            raise(0x05, 0);
        return;
    }
    if (code == 0x54 || (code == 0x37 && e0 && flags & ALT)) {  /* System Request */
        held = release ? held & ~SYSREQ : held | SYSREQ;
        poke8(BDA, BDA_KB_FLAGS + 1, held);
        raise(0x15, 0x8500 | (release != 0));
        return;
    }
    if (code == 0x45 && !e0 && flags & CTRL && !release) {      /* Pause of an 83-key keyboard */
        poke8(BDA, BDA_KB_FLAGS + 1, held | PAUSED);
        return;
    }
    if (modifier(code, release, e0))
        return;
    if (release) {
        if (code == 0x52)
            poke8(BDA, BDA_KB_FLAGS + 1, held & ~INSERT);
        return;
    }
    if (held & PAUSED) {
        poke8(BDA, BDA_KB_FLAGS + 1, held & ~PAUSED);
        return;
    }
    if (code == 0x53 && (flags & (CTRL | ALT)) == (CTRL | ALT)) {
        poke16(BDA, BDA_WARM, 0x1234);
        outb(0xCF9, 0x02);
        outb(0xCF9, 0x06);
        outb(KBC_STATUS, 0xFE);
    }
    press(code, e0);
}

/* E1 1D 45: Pause */
static u8 pause_at;

static void scan_code(u8 code)
{
    u8 mode = peek8(BDA, BDA_KB_MODE);
    if (code == 0xFA)
        return acknowledged();
    if (code == 0xFE || code == 0xFF || code == 0x00 || code == 0xEE)
        return;
    if (code == 0xE0 || code == 0xE1) {
        poke8(BDA, BDA_KB_MODE, mode | (code == 0xE0 ? LAST_E0 : LAST_E1));
        pause_at = 0;
        return;
    }
    if (mode & LAST_E1) {
        if (++pause_at == 2) {
            poke8(BDA, BDA_KB_MODE, mode & ~LAST_E1);
            if (!(code & 0x80))
                poke8(BDA, BDA_KB_FLAGS + 1, peek8(BDA, BDA_KB_FLAGS + 1) | PAUSED);
        }
        return;
    }
    poke8(BDA, BDA_KB_MODE, mode & ~LAST_E0);
    special_or_key(code & 0x7F, code & 0x80, mode & LAST_E0);
}

void HANDLER int09(struct regs *r)
{
    struct regs hook;
    (void)r;
    u8 status = inb(KBC_STATUS);
    if ((status & 0x21) != 0x01) {
        eoi_master();
        return;
    }
    u8 code = inb(KBC_DATA);
    memset(&hook, 0, sizeof hook);
    hook.ax = 0x4F00 | code;
    hook.flags = F_CF;
    call_int(0x15, &hook);
    if (hook.flags & F_CF)
        scan_code(hook.al);
    eoi_master();
    update_leds();
    /* While paused, everything but interrupts stands still. */
    if (peek8(BDA, BDA_KB_FLAGS + 1) & PAUSED && !(code & 0x80))
        while (peek8(BDA, BDA_KB_FLAGS + 1) & PAUSED)
            wait_irq();
}
