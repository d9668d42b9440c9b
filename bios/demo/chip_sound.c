/* Sound Blaster: its signal processor, a tone by DMA with the interrupt at its end; FM and MIDI beside it. */
#include "core.h"

enum { MIXER = 0x224, RESET = 0x226, READ = 0x22A, WRITE = 0x22C, READY = 0x22E };
enum { TIME_CONSTANT = 0x40, OUT_8 = 0x14, SPEAKER_ON = 0xD1, GET_VERSION = 0xE1 };
enum { VOICE_LEVEL = 0x04, MASTER_LEVEL = 0x22, FM_LEVEL = 0x26, IRQ_SETUP = 0x80, DMA_SETUP = 0x81 };
#define LOUD 0xFF
#define RATE 8000
#define TONE_MS 100
#define PERIOD 16               /* samples: 500 Hz */
#define SAMPLES (RATE * TONE_MS / 1000)
#define MPU_DATA 0x330
#define MPU_STATUS 0x331
#define MPU_NOTHING 0x80
#define MPU_RESET 0xFF
#define MPU_ACK 0xFE

static volatile u32 seen;

static void done(void)
{
    inb(READY);
    seen++;
}

static int take(void) { return WAIT(inb(READY) & 0x80, 5) ? inb(READ) : -1; }

static void send(u8 byte)
{
    if (WAIT(!(inb(WRITE) & 0x80), 5))
        outb(WRITE, byte);
}

static u8 mixer(u8 reg)
{
    outb(MIXER, reg);
    return inb(MIXER + 1);
}

static void set_mixer(u8 reg, u8 value)
{
    outb(MIXER, reg);
    outb(MIXER + 1, value);
}

/* A sine of sixteen samples, over and over, where it does not cross 64 KiB. */
static u8 *tone_samples(void)
{
    static const s8 sine[PERIOD] = { 0, 15, 28, 37, 40, 37, 28, 15, 0, -15, -28, -37, -40, -37, -28, -15 };
    u8 *to = buffer_a;
    if (((u32)to & 0xFFFF) > 0x10000 - SAMPLES)
        to += SAMPLES;
    for (u32 i = 0; i < SAMPLES; i++)
        to[i] = 128 + sine[i % PERIOD];
    return to;
}

static void dma(u32 channel, const void *from, u32 bytes)
{
    static const u8 pages[] = { 0x87, 0x83, 0x81, 0x82 };
    outb(0x0A, 4 | channel);
    outb(0x0C, 0);
    outb(0x0B, 0x48 | channel);         /* single, from memory */
    outb(channel * 2, (u32)from);
    outb(channel * 2, (u32)from >> 8);
    outb(pages[channel], (u32)from >> 16);
    outb(channel * 2 + 1, bytes - 1);
    outb(channel * 2 + 1, (bytes - 1) >> 8);
    outb(0x0A, channel);
}

/* How long the tone took until its interrupt, or 0. */
static u32 play(u32 line, u32 channel)
{
    u32 before = seen;
    irq_handle(line, done);
    dma(channel, tone_samples(), SAMPLES);
    send(SPEAKER_ON);
    send(TIME_CONSTANT);
    send(256 - 1000000 / RATE);
    u32 began = stopwatch();
    send(OUT_8);
    send((u8)(SAMPLES - 1));
    send((SAMPLES - 1) >> 8);
    int there = WAIT(seen != before, 50);
    u32 us = stopwatch_us(began);
    irq_mask(line, 1);
    return there ? us : 0;
}

static int midi(void)
{
    if (inb(MPU_STATUS) == 0xFF)
        return 0;
    outb(MPU_STATUS, MPU_RESET);
    return WAIT(!(inb(MPU_STATUS) & MPU_NOTHING), 5) && inb(MPU_DATA) == MPU_ACK;
}

static u32 chosen(u32 bits, const u8 *of, u32 otherwise)
{
    for (u32 i = 0; i < 4; i++)
        if (bits >> i & 1)
            return of[i];
    return otherwise;
}

void check_sound(struct check *c)
{
    static const u8 lines[] = { 9, 5, 7, 10 }, channels[] = { 0, 1, 1, 3 };
    u32 line = 5, channel = 1, fm = fm_find();
    outb(RESET, 1);
    for (u32 i = 0; i < 4; i++)
        inb(0x80);
    outb(RESET, 0);
    if (take() != 0xAA) {               /* nothing there reads as FFh */
        if (fm)
            pass(c, "FM alone, OPL%u", fm);
        else
            absent(c, "none");
        return;
    }
    send(GET_VERSION);
    int major = take(), minor = take();
    if (major < 1) {
        fail(c, "no version");
        return;
    }
    if (major >= 4) {
        line = chosen(mixer(IRQ_SETUP), lines, line);
        channel = chosen(mixer(DMA_SETUP), channels, channel);
    }
    set_mixer(MASTER_LEVEL, LOUD);
    set_mixer(VOICE_LEVEL, LOUD);
    set_mixer(FM_LEVEL, LOUD);
    u32 us = play(line, channel), timer = fm ? fm_timer_us(125) : 0;
    if (us < TONE_MS * 900 || us > TONE_MS * 1500)
        fail(c, us ? "a tone of %u ms took %u us" : "no interrupt %u after a tone", us ? TONE_MS : line, us);
    else if (fm && (timer < 9000 || timer > 20000))
        fail(c, "FM timer: 10 ms took %u us", timer);
    else
        pass(c, "Sound Blaster %u.%02u", major, minor);
    detail(c, "IRQ %u, DMA %u, %s%s", line, channel, fm == 3 ? "OPL3" : fm == 2 ? "OPL2" : "no FM", midi() ? ", MPU-401" : "");
}
