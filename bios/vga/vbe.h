/* What the parts of VBE share.  VESA BIOS Extension Core Functions Standard 3.0. */
#ifndef VBE_H
#define VBE_H

#include "vga.h"

#define VBE_DONE 0x004F
#define VBE_FAILED 0x014F
#define VBE_INVALID 0x034F    /* not in the mode in force */
#define VBE_UNKNOWN 0x0100    /* no such function */

#define MODE_LINEAR 0x4000
#define MODE_NOT_CLEARED 0x8000
#define MODE_NUMBER 0x01FF

/* A mode's geometry.  x is 0 in a mode that there is not. */
struct vbe_mode {
    u16 number, x, y;
    u8 bits;
};

/* vbemodes.c */
struct vbe_mode find_mode(u16 number);
u16 list_modes(u16 segment, u16 offset);
u16 mode_pitch(const struct vbe_mode *mode);
u16 mode_information(u16 number, u16 segment, u16 offset);
u16 set_vbe_mode(u16 wanted);
u16 current_mode(void);

/* vbescroll.c */
u16 window_service(struct regs *r);
u16 line_length(struct regs *r);
u16 display_start(struct regs *r);

#endif
