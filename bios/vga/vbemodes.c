/* VBE modes: which there are, what they look like, setting one. */
#include "vbe.h"

/* Sizes; their modes of 4 to 32 bits a pixel have the numbers that VESA gave them or that adapters with the Bochs interface
 * have used since.  0: no such mode. */
static ROM struct {
    u16 x, y;
    u16 bits4, bits8, bits15, bits16, bits24, bits32;
} sizes[] = {
    {320, 200, 0, 0x146, 0x10D, 0x10E, 0x10F, 0x140},
    {640, 400, 0, 0x100, 0, 0, 0, 0x141},
    {640, 480, 0, 0x101, 0x110, 0x111, 0x112, 0x142},
    {800, 600, 0x102, 0x103, 0x113, 0x114, 0x115, 0x143},
    {1024, 768, 0x104, 0x105, 0x116, 0x117, 0x118, 0x144},
    {1152, 864, 0, 0x148, 0x149, 0x14A, 0x14B, 0x14C},
    {1280, 720, 0, 0, 0, 0x18D, 0x18E, 0x18F},
    {1280, 768, 0, 0, 0, 0x175, 0x176, 0x177},
    {1280, 800, 0, 0, 0, 0x178, 0x179, 0x17A},
    {1280, 960, 0, 0, 0, 0x17B, 0x17C, 0x17D},
    {1280, 1024, 0x106, 0x107, 0x119, 0x11A, 0x11B, 0x145},
    {1400, 1050, 0, 0, 0, 0x181, 0x182, 0x183},
    {1440, 900, 0, 0, 0, 0x17E, 0x17F, 0x180},
    {1600, 1200, 0, 0x11C, 0x11D, 0x11E, 0x11F, 0x147},
    {1680, 1050, 0, 0, 0, 0x184, 0x185, 0x186},
    {1920, 1080, 0, 0, 0, 0x190, 0x191, 0x192},
    {1920, 1200, 0, 0, 0, 0x187, 0x188, 0x189},
};
#define SIZES (sizeof sizes / sizeof sizes[0])
#define DEPTHS 6

static ROM u8 depths[DEPTHS] = {4, 8, 15, 16, 24, 32};

static u16 number_of(u16 size, u8 depth)
{
    return ((ROM u16 *)&sizes[size].bits4)[depth];
}

u16 mode_pitch(const struct vbe_mode *mode)
{
    return mode->bits == 4 ? mode->x >> 3 : mode->x * ((mode->bits + 7) >> 3);
}

/* 64 KiB blocks that a picture takes */
static u16 blocks(const struct vbe_mode *mode)
{
    u32 bytes = (u32)mode_pitch(mode) * mode->y;
    if (mode->bits == 4)
        bytes *= 4;
    return (bytes + 0xFFFF) >> 16;
}

/* A mode that the adapter's memory has room for */
struct vbe_mode find_mode(u16 number)
{
    struct vbe_mode mode = {0, 0, 0, 0};
    u16 size;
    u8 depth;
    for (size = 0; size < SIZES && number; size++) {
        for (depth = 0; depth < DEPTHS; depth++) {
            if (number_of(size, depth) != number)
                continue;
            mode.number = number;
            mode.x = sizes[size].x;
            mode.y = sizes[size].y;
            mode.bits = depths[depth];
            if (blocks(&mode) > dispi_get(DISPI_MEMORY_64K))
                mode.x = 0;
            return mode;
        }
    }
    return mode;
}

/* The numbers in order, then FFFF; gives the offset behind them */
u16 list_modes(u16 segment, u16 offset)
{
    u16 number;
    for (number = 0x100; number < 0x200; number++) {
        if (find_mode(number).x) {
            poke16(segment, offset, number);
            offset += 2;
        }
    }
    poke16(segment, offset, 0xFFFF);
    return offset + 2;
}

/* -- information ------------------------------------------------------------------------------------------------------- */

/* Width and place of red, green, blue and what is left over */
static void put_masks(u16 segment, u16 offset, u8 bits)
{
    static ROM u8 masks[4][8] = {
        {5, 10, 5, 5, 5, 0, 1, 15},
        {5, 11, 6, 5, 5, 0, 0, 0},
        {8, 16, 8, 8, 8, 0, 0, 0},
        {8, 16, 8, 8, 8, 0, 8, 24},
    };
    ROM u8 *mask = masks[bits == 15 ? 0 : bits == 16 ? 1 : bits == 24 ? 2 : 3];
    u8 i;
    for (i = 0; i < 8; i++)
        poke8(segment, offset + i, mask[i]);
}

/* Function 01h */
u16 mode_information(u16 number, u16 segment, u16 to)
{
    struct vbe_mode mode = find_mode(number & MODE_NUMBER);
    u16 pitch, images;
    u8 direct;
    fill8(segment, to, 0, 256);
    if (!mode.x)
        return VBE_FAILED;
    pitch = mode_pitch(&mode);
    direct = mode.bits > 8;
    images = dispi_get(DISPI_MEMORY_64K) / blocks(&mode) - 1;
    if (images > 255)
        images = 255;
    /* supported, extended information, text output by this BIOS, colour, graphics; linear but with four planes */
    poke16(segment, to, mode.bits == 4 ? 0x001F : 0x009F);
    poke8(segment, to + 2, 7);  /* window A: movable, readable, writable; no window B */
    poke16(segment, to + 4, 64);
    poke16(segment, to + 6, 64);
    poke16(segment, to + 8, 0xA000);
    poke32(segment, to + 12, ROM_POINTER(window_function));
    poke16(segment, to + 16, pitch);
    poke16(segment, to + 18, mode.x);
    poke16(segment, to + 20, mode.y);
    poke8(segment, to + 22, 8);  /* character cell */
    poke8(segment, to + 23, 16);
    poke8(segment, to + 24, mode.bits == 4 ? 4 : 1);  /* planes */
    poke8(segment, to + 25, mode.bits);
    poke8(segment, to + 26, 1);  /* memory banks, as of CGA */
    poke8(segment, to + 27, mode.bits == 4 ? 3 : direct ? 6 : 4);  /* planar, direct colour, packed */
    poke8(segment, to + 29, images);
    poke8(segment, to + 30, 1);
    if (direct) {
        put_masks(segment, to + 31, mode.bits);
        put_masks(segment, to + 54, mode.bits);  /* of the linear mode */
        poke8(segment, to + 39, mode.bits == 32 ? 2 : 0);  /* the eight bits left over are the program's */
    }
    if (mode.bits != 4)
        poke32(segment, to + 40, frame_buffer());
    poke16(segment, to + 50, pitch);
    poke8(segment, to + 52, images);
    poke8(segment, to + 53, images);
    poke32(segment, to + 62, 0x0FFFFFFF);  /* pixel clock: timings are not ours to make, so any will do */
    return VBE_DONE;
}

/* -- setting ----------------------------------------------------------------------------------------------------------- */

/* Function 02h */
u16 set_vbe_mode(u16 wanted)
{
    u16 number = wanted & MODE_NUMBER;
    struct vbe_mode mode;
    if (number < 0x100) {
        if (wanted & MODE_LINEAR || number >= 0x80 || model_of(number) == NO_MODE)
            return VBE_FAILED;
        set_mode(number | (wanted & MODE_NOT_CLEARED) >> 8);
        return VBE_DONE;
    }
    mode = find_mode(number);
    if (!mode.x || (mode.bits == 4 && wanted & MODE_LINEAR))
        return VBE_FAILED;
    dispi_off();
    BDA_FLAGS &= ~FLAG_MONO;
    program_vga(mode.bits == 4 ? 0x12 : 0x13, 0);
    dispi_set(DISPI_XRES, mode.x);
    dispi_set(DISPI_YRES, mode.y);
    dispi_set(DISPI_BPP, mode.bits);
    dispi_set(DISPI_ENABLE, DISPI_ENABLED | (wanted & MODE_LINEAR ? DISPI_LFB : 0)
              | (wanted & MODE_NOT_CLEARED ? DISPI_NO_CLEAR : 0));
    start_data_area(0xFF, mode.x >> 3, (mode.y >> 4) - 1, 16, 0);
    BDA_VBE_MODE = wanted & (MODE_NUMBER | MODE_LINEAR | MODE_NOT_CLEARED);
    BDA_CONTROL = (BDA_CONTROL & 0x7F) | (wanted & MODE_NOT_CLEARED) >> 8;
    set_graphics_font(16);
    return VBE_DONE;
}

u16 current_mode(void)
{
    return BDA_VBE_MODE ? BDA_VBE_MODE : (u16)(BDA_MODE | (BDA_CONTROL & CONTROL_NOT_CLEARED) << 8);
}
