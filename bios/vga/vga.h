/* What all parts of the VGA BIOS share: types, memory and port access, names of the BIOS data area and registers.
 *
 * Segments while C code runs: DS = SS (the caller's stack), FS = CS (the ROM, read only), GS = 0 (vectors and BIOS data
 * area), ES is free.  So a constant table must be declared ROM, or it would be looked for in the caller's stack segment.
 */
#ifndef VGA_H
#define VGA_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef signed short s16;

#define ROM const __seg_fs
#define LOW8(address) (*(u8 __seg_gs *)(address))
#define LOW16(address) (*(u16 __seg_gs *)(address))
#define LOW32(address) (*(u32 __seg_gs *)(address))

/* The caller's registers, as entry.S leaves them on the stack; services change them here. */
struct regs {
    u16 gs, fs, es, ds;
    union { u32 edi; u16 di; };
    union { u32 esi; u16 si; };
    union { u32 ebp; u16 bp; };
    u32 unused;
    union { u32 ebx; u16 bx; struct { u8 bl, bh; }; };
    union { u32 edx; u16 dx; struct { u8 dl, dh; }; };
    union { u32 ecx; u16 cx; struct { u8 cl, ch; }; };
    union { u32 eax; u16 ax; struct { u8 al, ah; }; };
} __attribute__((packed));

/* Vectors */
#define VECTOR(n) LOW32((n) * 4)
#define INT_FONT_HIGH 0x1F   /* 8x8 characters 80h-FFh of the CGA modes */
#define INT_FONT 0x43        /* characters of the graphics modes */

/* BIOS data area */
#define BDA_MODE LOW8(0x449)
#define BDA_COLUMNS LOW16(0x44A)
#define BDA_PAGE_SIZE LOW16(0x44C)
#define BDA_PAGE_START LOW16(0x44E)
#define BDA_CURSOR(page) LOW16(0x450 + ((page) & 7) * 2)
#define BDA_CURSOR_SHAPE LOW16(0x460)
#define BDA_PAGE LOW8(0x462)
#define BDA_CRTC LOW16(0x463)
#define BDA_CGA_MODE LOW8(0x465)
#define BDA_CGA_PALETTE LOW8(0x466)
#define BDA_LAST_ROW LOW8(0x484)
#define BDA_CHAR_HEIGHT LOW16(0x485)
#define BDA_CONTROL LOW8(0x487)
#define BDA_SWITCHES LOW8(0x488)
#define BDA_FLAGS LOW8(0x489)
#define BDA_COMBINATION LOW8(0x48A)
#define BDA_SAVE_POINTER LOW32(0x4A8)
/* Ours, in the area reserved for the video BIOS: the VBE mode in force with its flags, or 0 */
#define BDA_VBE_MODE LOW16(0x4BA)
#define BDA_POWER LOW8(0x4BC)  /* the state that function 4F10h chose */

#define CONTROL_NO_EMULATION 0x01  /* cursor shapes are taken as they are */
#define CONTROL_MEMORY_256K 0x60
#define CONTROL_NOT_CLEARED 0x80
#define FLAG_VGA 0x01
#define FLAG_GREY 0x02
#define FLAG_MONO 0x04
#define FLAG_NO_PALETTE 0x08
#define FLAG_400_LINES 0x10
#define FLAG_200_LINES 0x80

/* Registers */
#define P_ATTRIBUTE 0x3C0
#define P_ATTRIBUTE_READ 0x3C1
#define P_MISC_WRITE 0x3C2
#define P_ENABLE 0x3C3
#define P_SEQUENCER 0x3C4
#define P_DAC_MASK 0x3C6
#define P_DAC_READ 0x3C7
#define P_DAC_WRITE 0x3C8
#define P_DAC_DATA 0x3C9
#define P_FEATURE_READ 0x3CA
#define P_MISC_READ 0x3CC
#define P_GRAPHICS 0x3CE

/* DISPI */
#define P_DISPI_INDEX 0x1CE
#define P_DISPI_DATA 0x1CF
enum { DISPI_ID, DISPI_XRES, DISPI_YRES, DISPI_BPP, DISPI_ENABLE, DISPI_BANK, DISPI_VIRT_WIDTH, DISPI_VIRT_HEIGHT,
       DISPI_X_OFFSET, DISPI_Y_OFFSET, DISPI_MEMORY_64K };
#define DISPI_ENABLED 0x01
#define DISPI_GETCAPS 0x02
#define DISPI_8BIT_DAC 0x20
#define DISPI_LFB 0x40
#define DISPI_NO_CLEAR 0x80

/* How a mode keeps its picture */
enum { TEXT, CGA_4, CGA_2, PLANAR, PACKED, NO_MODE };

/* A standard parameter table entry: 64 bytes each, 29 of them (computed by tables.py) */
struct params {
    u8 columns, last_row, char_height;
    u16 page_size;
    u8 sequencer[4], misc, crtc[25], attribute[20], graphics[9];
} __attribute__((packed));

static inline void outb(u16 port, u8 value) { asm volatile("outb %0, %w1" : : "a"(value), "Nd"(port)); }
static inline void outw(u16 port, u16 value) { asm volatile("outw %0, %w1" : : "a"(value), "Nd"(port)); }
static inline void outl(u16 port, u32 value) { asm volatile("outl %0, %w1" : : "a"(value), "Nd"(port)); }
static inline u8 inb(u16 port) { u8 v; asm volatile("inb %w1, %0" : "=a"(v) : "Nd"(port)); return v; }
static inline u16 inw(u16 port) { u16 v; asm volatile("inw %w1, %0" : "=a"(v) : "Nd"(port)); return v; }
static inline u32 inl(u16 port) { u32 v; asm volatile("inl %w1, %0" : "=a"(v) : "Nd"(port)); return v; }

static inline u8 peek8(u16 segment, u16 offset)
{
    u8 value;
    asm volatile("movw %w1, %%es\n\tmovb %%es:(%2), %0" : "=q"(value) : "r"(segment), "r"((u32)offset) : "memory");
    return value;
}

static inline u16 peek16(u16 segment, u16 offset)
{
    u16 value;
    asm volatile("movw %w1, %%es\n\tmovw %%es:(%2), %0" : "=r"(value) : "r"(segment), "r"((u32)offset) : "memory");
    return value;
}

static inline void poke8(u16 segment, u16 offset, u8 value)
{
    asm volatile("movw %w0, %%es\n\tmovb %2, %%es:(%1)" : : "r"(segment), "r"((u32)offset), "q"(value) : "memory");
}

static inline void poke16(u16 segment, u16 offset, u16 value)
{
    asm volatile("movw %w0, %%es\n\tmovw %2, %%es:(%1)" : : "r"(segment), "r"((u32)offset), "r"(value) : "memory");
}

static inline void poke32(u16 segment, u16 offset, u32 value)
{
    poke16(segment, offset, value);
    poke16(segment, offset + 2, value >> 16);
}

static inline void fill8(u16 segment, u16 offset, u8 value, u16 count)
{
    u32 di = offset, cx = count;
    asm volatile("movw %w3, %%es\n\trep stosb" : "+D"(di), "+c"(cx) : "a"(value), "r"(segment) : "memory");
}

static inline void fill16(u16 segment, u16 offset, u16 value, u16 count)
{
    u32 di = offset, cx = count;
    asm volatile("movw %w3, %%es\n\trep stosw" : "+D"(di), "+c"(cx) : "a"(value), "r"(segment) : "memory");
}

static inline void copy8(u16 to_segment, u16 to, u16 from_segment, u16 from, u16 count)
{
    u32 di = to, si = from, cx = count;
    asm volatile("pushw %%ds\n\tmovw %w3, %%es\n\tmovw %w4, %%ds\n\trep movsb\n\tpopw %%ds"
                 : "+D"(di), "+S"(si), "+c"(cx) : "a"(to_segment), "d"(from_segment) : "memory");
}

static inline void copy16(u16 to_segment, u16 to, u16 from_segment, u16 from, u16 count)
{
    u32 di = to, si = from, cx = count;
    asm volatile("pushw %%ds\n\tmovw %w3, %%es\n\tmovw %w4, %%ds\n\trep movsw\n\tpopw %%ds"
                 : "+D"(di), "+S"(si), "+c"(cx) : "a"(to_segment), "d"(from_segment) : "memory");
}

static inline u16 rom_segment(void) { u16 v; asm("movw %%cs, %w0" : "=r"(v)); return v; }
static inline u16 stack_segment(void) { u16 v; asm("movw %%ss, %w0" : "=r"(v)); return v; }
#define ROM_POINTER(name) ((u32)rom_segment() << 16 | (u16)(u32)(name))

static inline void index_write(u16 port, u8 index, u8 value) { outw(port, (u16)(value << 8 | index)); }
static inline u8 index_read(u16 port, u8 index) { outb(port, index); return inb(port + 1); }
static inline void sequencer(u8 index, u8 value) { index_write(P_SEQUENCER, index, value); }
static inline void graphics(u8 index, u8 value) { index_write(P_GRAPHICS, index, value); }
static inline void crtc(u8 index, u8 value) { index_write(BDA_CRTC, index, value); }
static inline u8 crtc_read(u8 index) { return index_read(BDA_CRTC, index); }
static inline u16 status_port(void) { return BDA_CRTC + 6; }

static inline u16 dispi_get(u16 index) { outw(P_DISPI_INDEX, index); return inw(P_DISPI_DATA); }
static inline void dispi_set(u16 index, u16 value) { outw(P_DISPI_INDEX, index); outw(P_DISPI_DATA, value); }

static inline u8 dispi_present(void) { return (dispi_get(DISPI_ID) & 0xFFF0) == 0xB0C0; }

/* tables.py, the fonts, entry.S */
extern ROM u8 font8[], font14[], font16[], ninth14[], ninth16[];
extern ROM struct params parameter_table[];
extern ROM u8 dac_ega[], dac_cga[], dac_mono[], dac_256[];
extern ROM u8 crtc_6845_table[], save_pointer_table[], static_functionality[], edid[];
extern ROM u8 oem_text[], vendor_text[], product_text[], revision_text[];
extern ROM u8 pm_interface[], pm_interface_end[], window_function[], int10_entry[], bare_iret[];
extern ROM u8 combinations[], pci_balance;
extern ROM u16 pci_address;

/* modes.c */
u8 model(void);
u8 model_of(u8 mode);
u8 params_index(u8 mode);
void set_mode(u8 mode);
void program_vga(u8 mode, u8 clear);
void start_data_area(u8 mode, u8 columns, u8 last_row, u8 char_height, u16 page_size);
void dispi_off(void);

/* palette.c */
void load_dac(u8 mode);
void write_dac(u8 index, u8 red, u8 green, u8 blue);
void read_dac(u8 index, u8 *colour);
u8 attribute_read(u8 index);
void attribute_write(u8 index, u8 value);
void set_border(struct regs *r);
void palette_service(struct regs *r);
void grey_sum(u16 first, u16 count);

/* text.c */
void set_cursor_shape(u16 shape);
void set_cursor(u8 page, u16 position);
void set_page(u8 page);
void scroll(u8 lines, u8 attribute, u16 top_left, u16 bottom_right, u8 down);
u16 read_cell(u8 page);
void write_cells(u8 page, u8 character, u8 attribute, u16 count, u8 with_attribute);
void teletype(u8 page, u8 character, u8 colour, u8 with_attribute);
void write_string(struct regs *r);
u16 text_segment(void);

/* graphics.c */
void scroll_graphics(u8 lines, u8 attribute, u8 top, u8 left, u8 bottom, u8 right, u8 down);
void draw_character(u8 page, u8 character, u8 attribute, u8 row, u8 column);
u8 read_character(u8 page, u8 row, u8 column);
void write_pixel(u8 page, u16 x, u16 y, u8 colour);
u8 read_pixel(u8 page, u16 x, u16 y);

/* fonts.c */
void load_font(u16 segment, u16 offset, u16 first, u16 count, u8 block, u8 height);
void load_rom_font(u8 height, u8 block);
void set_graphics_font(u8 height);
void font_service(struct regs *r);

/* state.c */
void alternate_select(struct regs *r);
void display_combination(struct regs *r);
void functionality(struct regs *r);
void save_restore(struct regs *r);
u16 state_size(u16 parts);
void state_save(u16 parts, u16 segment, u16 offset);
void state_restore(u16 parts, u16 segment, u16 offset);

/* vbe.c, vbescroll.c */
void vbe_service(struct regs *r);
u32 frame_buffer(void);
u16 pitch(void);
void wait_retrace(void);

#endif
