/* VGA: registers of the CRTC and the DAC hold, the beam moves. */
#include "core.h"
#include "screen.h"

#define CRTC 0x3D4
#define CURSOR_LOW 0x0F
#define STATUS_1 0x3DA
#define BLANKED 1
#define MOST_LOOKS 100000       /* longer than a vertical blanking, also for a fast processor */
#define DAC_READ 0x3C7
#define DAC_WRITE 0x3C8
#define DAC_DATA 0x3C9

void check_vga(struct check *c)
{
    u8 crtc, dac, beam = 0;
    outb(CRTC, CURSOR_LOW);
    outb(CRTC + 1, 0x5A);
    crtc = inb(CRTC + 1) == 0x5A;
    outb(DAC_WRITE, C_UNUSED);
    outb(DAC_DATA, 0x2A);
    outb(DAC_DATA, 0x15);
    outb(DAC_DATA, 0x3F);
    outb(DAC_READ, C_UNUSED);
    dac = inb(DAC_DATA) == 0x2A;
    dac &= inb(DAC_DATA) == 0x15;
    dac &= inb(DAC_DATA) == 0x3F;
    for (u32 i = 0; i < MOST_LOOKS && beam != 3; i++)
        beam |= inb(STATUS_1) & BLANKED ? 1 : 2;
    if (crtc && dac && beam == 3)
        pass(c, "CRTC, DAC, beam");
    else
        fail(c, "%s", !crtc ? "CRTC" : !dac ? "DAC" : "the beam stands");
    if (screen.base)
        detail(c, "palette of %u bits a colour", facts.dac_bits);
}
