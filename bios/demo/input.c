/* The 8042 with PS/2 keyboard and mouse: polled while they are set up, then by interrupts. */
#include "core.h"

#define DATA 0x60
#define STATUS 0x64             /* and commands */
#define OUTPUT_FULL 0x01
#define INPUT_FULL 0x02
#define FROM_MOUSE 0x20
#define READ_CONFIG 0x20
#define WRITE_CONFIG 0x60
#define TO_MOUSE 0xD4
#define ACK 0xFA
#define SET_LEDS 0xED
#define CONFIG 0x47             /* both interrupts, system flag, translation to set 1 */
#define SHORT 10                /* ticks */
#define RESET_TIME 200          /* a mouse's reset takes up to this long */

u8 leds;
struct mouse mouse;

static volatile u8 ring[64];
static volatile u32 head, tail;
static int pending_leds = -1, e0;
static u8 packet[4];
static u32 packet_at;

static int input_free(void) { return WAIT(!(inb(STATUS) & INPUT_FULL), SHORT); }

void kbc_send(u8 command)
{
    input_free();
    outb(STATUS, command);
}

/* A byte from either device, or -1. */
static int take(u32 wait)
{
    return WAIT(inb(STATUS) & OUTPUT_FULL, wait) ? inb(DATA) : -1;
}

int kbc_command(u8 command)
{
    kbc_send(command);
    return take(SHORT);
}

static int exchange(u8 byte, u8 *answer, u32 answers, u32 wait)
{
    input_free();
    outb(DATA, byte);
    if (take(SHORT) != ACK)
        return 0;
    for (u32 i = 0; i < answers; i++) {
        int got = take(wait);
        if (got < 0)
            return 0;
        answer[i] = got;
    }
    return 1;
}

int keyboard_send(u8 byte, u8 *answer, u32 answers) { return exchange(byte, answer, answers, SHORT); }

int mouse_send(u8 byte, u8 *answer, u32 answers)
{
    kbc_send(TO_MOUSE);
    return exchange(byte, answer, answers, RESET_TIME);
}

static void interrupt_1(void)
{
    if (!(inb(STATUS) & OUTPUT_FULL))
        return;
    u8 byte = inb(DATA);
    if (byte == ACK) {
        if (pending_leds >= 0) {
            outb(DATA, pending_leds);
            pending_leds = -1;
        }
    } else if (head - tail < sizeof ring) {
        ring[head % sizeof ring] = byte;
        head++;
    }
}

static void interrupt_12(void)
{
    if (!(inb(STATUS) & OUTPUT_FULL))
        return;
    u8 byte = inb(DATA);
    if (!packet_at && !(byte & 8))
        return;                         /* out of step: a first byte has bit 3 set */
    packet[packet_at++] = byte;
    if (packet_at < (mouse.id == 3 ? 4 : 3))
        return;
    packet_at = 0;
    mouse.dx += packet[1] - (packet[0] << 4 & 0x100);
    mouse.dy -= packet[2] - (packet[0] << 3 & 0x100);
    mouse.buttons = packet[0] & 7;
    if (mouse.id == 3)
        mouse.wheel += (s8)packet[3];
}

/* After the checks: interrupts and translation on. */
void input_start(void)
{
    while (inb(STATUS) & OUTPUT_FULL)
        inb(DATA);
    kbc_send(WRITE_CONFIG);
    input_free();
    outb(DATA, CONFIG);
    if (mouse.there)
        mouse_send(0xF4, NULL, 0);      /* report motion */
    irq_handle(1, interrupt_1);
    irq_handle(12, interrupt_12);
}

int key_read(void)
{
    while (tail != head) {
        u8 byte = ring[tail++ % sizeof ring];
        if (byte == 0xE0) {
            e0 = 1;
        } else if (byte != 0xE1) {
            int code = byte | e0 << 8;
            e0 = 0;
            return code;
        }
    }
    return -1;
}

void keyboard_leds(u8 value)
{
    leds = value;
    pending_leds = value;
    input_free();
    outb(DATA, SET_LEDS);
}
